/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who the API server is and what its arguments say: command lines with a known truth, then rules
 * and files one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "src/source/apiserver.h"

enum { PATH_BYTES = 4096, FILES_LEAST = 8 };

static struct ht_arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = ht_arena_new(HT_LIMIT_FILE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = ht_arena_free(arena);
    return 0;
}

static struct ht_str read_file(const char *name)
{
    const char *source = getenv("HT_SRCDIR");
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_FILE);
    char path[PATH_BYTES];
    struct ht_error err = {0};

    snprintf(path, sizeof(path), "%s/tests/fixtures/apiserver-cmdline/%s", source ? source : ".",
             name);
    if (ht_read_at(AT_FDCWD, path, &out, HT_LIMIT_FILE, &err) < 0)
        fail_msg("%s", err.text);
    return ht_arena_str(arena, ht_buf_str(&out));
}

/* Words written with blanks between them. */
static struct ht_text_list split(const char *line)
{
    size_t len = strlen(line);
    char *copy = ht_arena_alloc(arena, len + 1, 1);

    for (size_t i = 0; i < len; i++)
        copy[i] = line[i] == ' ' ? '\0' : line[i];
    return ht_apiserver_words((struct ht_str){.data = copy, .len = len + 1}, arena);
}

static struct ht_apiserver decode(struct ht_str exe, struct ht_text_list words, bool *ret_is)
{
    struct ht_apiserver apiserver = {0};
    size_t from = 0;
    enum ht_apiserver_program program = ht_apiserver_program(exe, words, &from);

    *ret_is = program != HT_APISERVER_NONE;
    ht_apiserver_decode(program,
                        (struct ht_text_list){.items = words.items + from, .len = words.len - from},
                        arena, &apiserver);
    return apiserver;
}

static struct ht_apiserver decode_line(const char *line)
{
    bool is_apiserver = false;
    struct ht_apiserver apiserver = decode((struct ht_str){0}, split(line), &is_apiserver);

    assert_true(is_apiserver);
    return apiserver;
}

static void assert_text(const char *name, const struct ht_json *expected, struct ht_str value)
{
    struct ht_str text = {0};

    ht_json_string(expected, &text); /* null: empty */
    if (!ht_str_equal(text, value))
        fail_msg("%s: \"%.*s\"", name, HT_STR_ARG(value));
}

static void assert_truth(const char *name, const struct ht_json *truth,
                         const struct ht_apiserver *apiserver)
{
    const struct ht_json *servers = ht_json_get(truth, "etcd");
    uint64_t port = 0;
    bool flag = false;

    assert_text(name, ht_json_get(truth, "config"), apiserver->encryption_config);
    assert_text(name, ht_json_get(truth, "prefix"), apiserver->etcd_prefix);
    assert_text(name, ht_json_get(truth, "anonymous"), apiserver->anonymous);
    assert_true(ht_json_bool(ht_json_get(truth, "reload"), &flag));
    assert_int_equal(apiserver->reload, flag);
    assert_int_equal(ht_json_uint(ht_json_get(truth, "insecure_port"), &port),
                     ht_apiserver_has_insecure_port(apiserver));
    assert_int_equal(apiserver->insecure_port, port);
    assert_int_equal(ht_json_is_array(servers), ht_apiserver_has_etcd_servers(apiserver));
    assert_int_equal(ht_json_bool(ht_json_get(truth, "etcd_tls"), &flag),
                     ht_apiserver_has_etcd_tls(apiserver));
    if (!ht_json_is_array(servers))
        return;
    assert_int_equal(apiserver->etcd_tls, flag);
    assert_int_equal(apiserver->etcd_servers.len, servers->len);
    for (size_t i = 0; i < servers->len; i++)
        assert_text(name, &servers->items[i], apiserver->etcd_servers.items[i]);
}

static void every_command_line_has_its_truth(void **state)
{
    const struct ht_json *truth = ht_json_parse(arena, "truth.json", read_file("truth.json"), NULL);

    (void)state;
    assert_true(ht_json_is_object(truth) && truth->len >= FILES_LEAST);
    for (size_t i = 0; i < truth->len; i++) {
        const struct ht_json *facts = &truth->members[i].value;
        bool is_apiserver = false;
        bool expected = true;
        char name[PATH_BYTES];

        snprintf(name, sizeof(name), "%.*s", HT_STR_ARG(truth->members[i].key));
        struct ht_apiserver apiserver =
            decode((struct ht_str){0}, ht_apiserver_words(read_file(name), arena), &is_apiserver);
        if (ht_json_bool(ht_json_get(facts, "is_apiserver"), &expected)) {
            assert_int_equal(is_apiserver, expected);
            continue;
        }
        if (is_apiserver)
            assert_truth(name, facts, &apiserver);
        else if (!strstr(name, "agent"))
            fail_msg("%s: no API server", name);
    }
}

static void the_executable_decides_who_it_is(void **state)
{
    static const struct {
        const char *exe;
        const char *line;
        enum ht_apiserver_program program;
    } cases[] = {
        {"/usr/local/bin/kube-apiserver", "anything at all", HT_APISERVER_KUBE},
        {"/usr/local/bin/kube-apiserver (deleted)", "kube-apiserver", HT_APISERVER_KUBE},
        {"/bin/sleep", "kube-apiserver --etcd-prefix=/x", HT_APISERVER_NONE},
        {"/bin/dash", "sh -c kube-apiserver", HT_APISERVER_NONE},
        {"/usr/bin/vim", "vim /etc/kubernetes/manifests/kube-apiserver.yaml", HT_APISERVER_NONE},
        {"/opt/kube-apiserver/helper", "helper", HT_APISERVER_NONE},
        {"/kube-apiserver-healthcheck", "/kube-apiserver-healthcheck --ca-cert=/ca",
         HT_APISERVER_NONE},
        {"", "kube-apiserver-proxy --etcd-servers=https://a:1", HT_APISERVER_NONE},
        {"/opt/kube-apiserver-v1.34.2-linux-amd64", "kube-apiserver", HT_APISERVER_KUBE},
        {"/opt/kube-apiserver-1.34", "kube-apiserver", HT_APISERVER_KUBE},
        {"/opt/kube-apiserver-1.30-eks-abc123", "kube-apiserver", HT_APISERVER_KUBE},
        {"/usr/libexec/kube-apiserver-real", "kube-apiserver", HT_APISERVER_KUBE},
        {"/usr/libexec/kube-apiserver-custom (deleted)", "kube-apiserver", HT_APISERVER_KUBE},
        {"/usr/bin/kube-apiserver.distrib", "kube-apiserver", HT_APISERVER_KUBE},
        {"/kube-apiserver-network-proxy-v1", "kube-apiserver", HT_APISERVER_NONE},
        {"/kube-apiserver-operator", "kube-apiserver", HT_APISERVER_NONE},
        {"/kube-apiserverless", "kube-apiserver", HT_APISERVER_NONE},
        {"", "/var/log/kube-apiserver-real.log", HT_APISERVER_NONE},
        {"/hyperkube", "/hyperkube apiserver --v=2", HT_APISERVER_KUBE},
        {"/hyperkube", "/hyperkube kubelet", HT_APISERVER_NONE},
        {"/usr/bin/hyperkube", "kube-apiserver --openshift-config=/x", HT_APISERVER_KUBE},
        {"/var/lib/rancher/k3s/data/1/bin/k3s", "/usr/local/bin/k3s server", HT_APISERVER_K3S},
        {"/usr/local/bin/k3s", "k3s --debug server", HT_APISERVER_K3S},
        {"/usr/local/bin/k3s", "k3s agent --node-label server", HT_APISERVER_NONE},
        {"/usr/local/bin/rke2", "rke2 server", HT_APISERVER_RKE2},
        {"/usr/local/bin/rke2", "rke2 agent", HT_APISERVER_NONE},
        {"/snap/microk8s/1/kubelite", "/snap/microk8s/1/kubelite --x", HT_APISERVER_KUBELITE},
        {"", "kube-apiserver", HT_APISERVER_KUBE},
        {"", "", HT_APISERVER_NONE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (ht_apiserver_program(ht_str_from(cases[i].exe), split(cases[i].line), NULL) !=
            cases[i].program)
            fail_msg("%s: %s", cases[i].exe, cases[i].line);
    }
}

static void flags_are_read_as_the_server_reads_them(void **state)
{
    (void)state;
    struct ht_apiserver one =
        decode_line("kube-apiserver --etcd-servers=http://a:1,https://b:2 --etcd_servers unix://c "
                    "--encryption-provider-config /e.yaml --etcd-prefix --odd "
                    "--encryption-provider-config-automatic-reload --anonymous-auth=F "
                    "--insecure-port=0 -v 2 --etcd-cafile=/ca");
    assert_int_equal(one.etcd_servers.len, 3);
    assert_true(ht_str_is(one.etcd_servers.items[2], "unix://c"));
    assert_false(one.etcd_tls);
    assert_true(ht_str_is(one.encryption_config, "/e.yaml"));
    assert_true(ht_str_is(one.etcd_prefix, "--odd"));
    assert_true(one.reload);
    assert_true(ht_str_is(one.anonymous, "false"));
    assert_true(ht_apiserver_has_insecure_port(&one) && one.insecure_port == 0);

    struct ht_apiserver unix_tls = decode_line("kube-apiserver --etcd-servers=unixs://k.sock");
    assert_true(ht_apiserver_has_etcd_tls(&unix_tls) && unix_tls.etcd_tls);

    struct ht_apiserver two =
        decode_line("kube-apiserver --encryption-provider-config=/e --encryption-provider-config= "
                    "--encryption-provider-config-automatic-reload "
                    "--encryption-provider-config-automatic-reload=false --anonymous-auth "
                    "-- --etcd-prefix=/x");
    assert_int_equal(two.encryption_config.len, 0);
    assert_false(two.reload);
    assert_true(ht_str_is(two.anonymous, "true"));
    assert_true(ht_str_is(two.etcd_prefix, "/registry"));
    assert_false(ht_apiserver_has_etcd_servers(&two));
}

static void k3s_and_rke2_hold_one_inside(void **state)
{
    (void)state;
    struct ht_apiserver plain = decode_line("k3s server");
    assert_int_equal(plain.encryption_config.len, 0);

    struct ht_apiserver moved = decode_line("k3s server -d /data --secrets-encryption=true "
                                            "--kube-apiserver-arg=etcd-prefix=/x "
                                            "--kube-apiserver-arg anonymous-auth=true");
    assert_true(ht_str_is(moved.encryption_config, "/data/server/cred/encryption-config.json"));
    assert_true(ht_str_is(moved.etcd_prefix, "/x"));
    assert_true(ht_str_is(moved.anonymous, "true"));

    struct ht_apiserver own = decode_line(
        "k3s server --secrets-encryption --kube-apiserver-arg=encryption-provider-config=/own");
    assert_true(ht_str_is(own.encryption_config, "/own"));

    struct ht_apiserver dashes = decode_line("k3s server --kube-apiserver-arg=--etcd-prefix=/z");
    assert_true(ht_str_is(dashes.etcd_prefix, "/z"));

    struct ht_apiserver rke2 = decode_line("rke2 server");
    assert_true(ht_str_is(rke2.encryption_config,
                          "/var/lib/rancher/rke2/server/cred/encryption-config.json"));

    struct ht_text_list words =
        ht_apiserver_decode_rancher(HT_S("secrets-encryption: true\ndata-dir: /d\ntoken: x\n"
                                         "kube-apiserver-arg:\n- etcd-prefix=/y\n"),
                                    arena);
    struct ht_apiserver file = {0};
    ht_apiserver_decode(HT_APISERVER_K3S, words, arena, &file);
    assert_true(ht_str_is(file.encryption_config, "/d/server/cred/encryption-config.json"));
    assert_true(ht_str_is(file.etcd_prefix, "/y"));
}

static void a_static_pod_tells_flags_and_paths(void **state)
{
    static const char pod[] =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: kube-apiserver}\nspec:\n  containers:\n"
        "  - {name: side, command: [sleep, '1']}\n"
        "  - name: kube-apiserver\n    command:\n    - kube-apiserver\n"
        "    - --encryption-provider-config=/etc/kubernetes/enc/enc.yaml\n"
        "    args: ['--etcd-servers=http://127.0.0.1:2379']\n    volumeMounts:\n"
        "    - {name: conf, mountPath: /etc/kubernetes/}\n"
        "    - {name: enc, mountPath: /etc/kubernetes/enc, readOnly: true}\n"
        "    - {name: token, mountPath: /run/token}\n"
        "  volumes:\n  - {name: conf, hostPath: {path: /etc/kubernetes}}\n"
        "  - {name: enc, hostPath: {path: /srv/keys/, type: Directory}}\n"
        "  - {name: token, emptyDir: {}}\n";
    struct ht_apiserver_manifest manifest = {0};
    struct ht_apiserver apiserver = {0};

    (void)state;
    assert_true(ht_apiserver_decode_pod(ht_str_from(pod), arena, &manifest));
    ht_apiserver_decode(manifest.program, manifest.words, arena, &apiserver);
    assert_true(ht_str_is(apiserver.encryption_config, "/etc/kubernetes/enc/enc.yaml"));
    assert_false(apiserver.etcd_tls);
    assert_true(ht_str_is(ht_apiserver_host_path(&manifest, apiserver.encryption_config, arena),
                          "/srv/keys/enc.yaml"));
    assert_true(ht_str_is(ht_apiserver_host_path(&manifest, HT_S("/etc/kubernetes/pki/ca"), arena),
                          "/etc/kubernetes/pki/ca"));
    assert_true(ht_str_is(ht_apiserver_host_path(&manifest, HT_S("/etc/kubernetes/encoded"), arena),
                          "/etc/kubernetes/encoded"));
    assert_true(
        ht_str_is(ht_apiserver_host_path(&manifest, HT_S("/run/token"), arena), "/run/token"));
}

static void an_api_server_behind_a_shell_is_found(void **state)
{
    static const char pod[] =
        "{\"kind\":\"Pod\",\"spec\":{\"containers\":[{\"command\":[\"/bin/bash\",\"-ec\"],"
        "\"args\":[\"exec watch-termination --x=1 -- hyperkube kube-apiserver "
        "--openshift-config=/etc/config.yaml \\\"--etcd-prefix=kubernetes.io\\\"\\n\"]}]}}";
    struct ht_apiserver_manifest manifest = {0};

    (void)state;
    assert_true(ht_apiserver_decode_pod(ht_str_from(pod), arena, &manifest));
    assert_true(
        ht_str_is(ht_apiserver_flag(manifest.words, "openshift-config"), "/etc/config.yaml"));
    assert_true(ht_str_is(ht_apiserver_flag(manifest.words, "etcd-prefix"), "kubernetes.io"));

    struct ht_text_list words = ht_apiserver_decode_openshift(
        HT_S("{\"apiServerArguments\":{\"etcd-servers\":[\"https://a:2379\",\"https://b:2379\"],"
             "\"encryption-provider-config\":[\"/x\"]}}"),
        arena);
    struct ht_apiserver apiserver = {0};
    ht_apiserver_decode(HT_APISERVER_KUBE, words, arena, &apiserver);
    assert_int_equal(apiserver.etcd_servers.len, 2);
    assert_true(ht_str_is(apiserver.encryption_config, "/x"));

    assert_false(ht_apiserver_decode_pod(HT_S("kind: Pod\nspec: {containers: [{command: [etcd]}]}"),
                                         arena, &manifest));
    assert_false(ht_apiserver_decode_pod(
        HT_S("kind: Pod\nspec: {containers: [{command: [tail, --file=/kube-apiserver-log]}]}"),
        arena, &manifest));
    assert_false(ht_apiserver_decode_pod(HT_S("kind: Deployment"), arena, &manifest));
    assert_false(ht_apiserver_decode_pod(HT_S("{"), arena, &manifest));
}

static const struct ht_unit_host nothing_known;

static void units_and_files_of_flags_are_read(void **state)
{
    struct ht_apiserver_manifest manifest = {0};

    (void)state;
    assert_true(ht_apiserver_decode_unit(
        HT_S("[Service]\nExecStart=-/usr/local/bin/kube-apiserver \\\n  --etcd-prefix=/a \\\n"
             "  --etcd-servers=https://127.0.0.1:2379\nRestart=always\n"),
        HT_S(""), &nothing_known, arena, &manifest));
    assert_int_equal(manifest.words.len, 3);
    assert_true(ht_str_is(ht_apiserver_flag(manifest.words, "etcd-prefix"), "/a"));
    assert_int_equal(manifest.unclear.len, 0);
    assert_false(ht_apiserver_decode_unit(HT_S("[Service]\nExecStart=/bin/true\n"), HT_S(""),
                                          &nothing_known, arena, &manifest));
    assert_true(ht_str_is(manifest.unclear,
                          "its unit starts /bin/true, and what that starts is not known"));
    assert_false(ht_apiserver_decode_unit(HT_S("[Service]\nType=oneshot\n"), HT_S(""),
                                          &nothing_known, arena, &manifest));
    assert_int_equal(manifest.unclear.len, 0);

    struct ht_text_list words = ht_apiserver_decode_args_file(
        HT_S("# a comment\n--etcd-servers=unix:///k.sock\n--etcd-prefix \"/b c\"\n\n"), arena);
    assert_int_equal(words.len, 3);
    assert_true(ht_str_is(ht_apiserver_flag(words, "etcd-prefix"), "/b c"));
}

/* expected: paths, each with "-" in front if it need not be there and "|" behind it. */
static void assert_files(const char *unit, const char *expected, const char *expected_unclear)
{
    const struct ht_unit_host host = {.hostname = HT_S("n1.example.org")};
    struct ht_str text = {0}, unclear;
    size_t len;
    const struct ht_unit_file *files =
        ht_apiserver_unit_files(ht_str_from(unit), &host, arena, &len, &unclear);

    for (size_t i = 0; i < len; i++)
        text = ht_arena_strf(arena, "%.*s%s%.*s|", HT_STR_ARG(text),
                             files[i].is_optional ? "-" : "", HT_STR_ARG(files[i].path));
    assert_string_equal(ht_arena_str(arena, text).data, expected);
    assert_string_equal(ht_arena_str(arena, unclear).data, expected_unclear);
}

static void variables_of_units_are_followed(void **state)
{
    static const char unit[] =
        "[Service]\nEnvironment=PREFIX=/p 'X=a "
        "b'\nEnvironmentFile=-/etc/one\nEnvironmentFile=/etc/two\n"
        "ExecStart=/usr/bin/kube-apiserver --etcd-prefix=${PREFIX} $ARGS $MORE\n";
    struct ht_apiserver_manifest manifest = {0};

    (void)state;
    assert_files(unit, "-/etc/one|/etc/two|", "");

    assert_true(ht_apiserver_decode_unit(
        ht_str_from(unit),
        HT_S("# a comment\nARGS=\"--encryption-provider-config=/e --v=2\"\nMORE=--x --y\n"),
        &nothing_known, arena, &manifest));
    assert_int_equal(manifest.unclear.len, 0);
    assert_int_equal(manifest.words.len, 6);
    assert_true(ht_str_is(ht_apiserver_flag(manifest.words, "etcd-prefix"), "/p"));
    assert_true(ht_str_is(ht_apiserver_flag(manifest.words, "encryption-provider-config"), "/e"));

    /* What nothing sets may be anything. */
    struct ht_apiserver_manifest unknown = {0};
    assert_true(ht_apiserver_decode_unit(ht_str_from(unit), HT_S("MORE=--x\n"), &nothing_known,
                                         arena, &unknown));
    assert_true(unknown.unclear.len > 0);
}

/* Lines of a unit and of its file of variables, and what they say of the one flag. */
struct unit_case {
    const char *lines;
    const char *environment;
    const char *config; /* value of the flag; NULL: the words may be others */
};

static void assert_unit(const struct unit_case *expected, const char *start)
{
    const struct ht_unit_host host = {.hostname = HT_S("n1.example.org")};
    struct ht_apiserver_manifest manifest = {0};
    struct ht_str text =
        ht_arena_strf(arena, "[Service]\n%s\nExecStart=%s\n", expected->lines, start);

    assert_true(ht_apiserver_decode_unit(text, ht_str_from(expected->environment), &host, arena,
                                         &manifest));
    assert_int_equal(manifest.unclear.len > 0, !expected->config);
    if (expected->config)
        assert_string_equal(
            ht_arena_str(arena, ht_apiserver_flag(manifest.words, "encryption-provider-config"))
                .data,
            expected->config);
}

static void units_are_read_as_systemd_reads_them(void **state)
{
#define FLAG "--encryption-provider-config="
    static const struct unit_case cases[] = {
        {"Environment=ARGS=" FLAG "/e", "", "/e"},
        {"Environment = ARGS=" FLAG "/e", "", "/e"},
        {"Environment=ARGS=" FLAG "/e\nEnvironment=", "", NULL},
        {"Environment=ARGS=" FLAG "/e\nEnvironment=\nEnvironment=ARGS=--v=2", "", ""},
        {"Environment=ARGS=" FLAG "/e\n[Install]\nEnvironment=\n[Service]", "", "/e"},
        {"[Other]\nEnvironment=ARGS=" FLAG "/e\n[Service]", "", NULL},
        {"Environment=ARGS=" FLAG "/e\nUnsetEnvironment=X ARGS", "", NULL},
        {"Environment=ARGS=" FLAG "/e\nUnsetEnvironment=ARGS=--v=2", "", NULL},
        {"UnsetEnvironment=ARGS", "ARGS=" FLAG "/e\n", NULL},
        {"UnsetEnvironment=ARGS\nUnsetEnvironment=", "ARGS=" FLAG "/e\n", "/e"},
        {"Environment=A=b \\\n# between\n  ARGS=" FLAG "/e", "", "/e"},
        {"Environment=\\\nARGS=--v=2", "", ""},
        {"# what is no \\\nEnvironment=ARGS=" FLAG "/e", "", "/e"},
        {"Environment=ARGS=--v=2 \\ \nX=y", "", NULL},
        {"Environment='ARGS=" FLAG "/e", "", NULL},
        {"", "ARGS=--v=2 \\\n" FLAG "/e\n", "/e"},
        {"", "ARGS=\"--v=2\n" FLAG "/e\"\n", "/e"},
        {"", "ARGS=\"--v=2\n" FLAG "/e\n", NULL},
        {"", "ARGS=--v=2 --vmodule=\"a b\" " FLAG "/e\n", "/e"},
        {"", "ARGS=--v=2 'x\nARGS=" FLAG "/e\n", "/e"},
        {"", " ARGS =  \"--v=2 \" '" FLAG "/e'  \r\n", "/e"},
        {"", "ARGS=" FLAG "/a\\\\ b\\\\\\\\c\n", "/a b\\c"},
        {"", "ARGS=\"" FLAG "/\\$A\\x \\\n--v=2\"", "/$Ax"},
        {"", "ARGS=--v=2\n# comment \\\nARGS=" FLAG "/e\n", NULL},
        {"", "ARGS\nexport ARGS=--v=2\n=\nARGS=" FLAG "/e", "/e"},
        {"ExecStart=/bin/kube-apiserver " FLAG "/other", "ARGS=--v=2\n", NULL},
        {"ExecStart=/bin/kube-apiserver " FLAG "/other\nExecStart=", "ARGS=--v=2\n", ""},
        {"Environment=ARGS=" FLAG "/%N/%p%i/%%h%", "", "/kube-apiserver/kube-apiserver/%h%"},
        {"Environment=ARGS=" FLAG "%E/%j.%l", "", "/etc/apiserver.n1"},
        {"Environment=ARGS=" FLAG "/%H-1%,", "", "/n1.example.org-1%,"},
        {"Environment=ARGS=" FLAG "/%m", "", NULL},
        {"Environment=ARGS=" FLAG "/e%q", "", NULL},
        {"", "ARGS=" FLAG "/%n\n", "/%n"},
        {"Environment=ARGS=" FLAG "/a\\x41\\101\\q", "", "/aAAq"},
        {"Environment='ARGS=" FLAG "/a\\x2fb'", "", "/a/b"},
        {"Environment=ARGS=" FLAG "/\\u0041", "", NULL},
        {"Environment=X\nEnvironmentFile=/a\nEnvironmentFile=", "ARGS=" FLAG "/e\n", "/e"},
    };
    static const struct unit_case dollars = {"Environment=E=/e", "", "$E"};
    static const struct unit_case literal = {"Environment=E=/e", "", "${E}"};
    static const struct unit_case bare = {"Environment=E=/e", "", "/x$E"};
    static const struct unit_case several = {"Environment=E=/e F=/f", "", "/e/f$"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_unit(&cases[i], "/bin/kube-apiserver $ARGS");
    assert_unit(&dollars, "/bin/kube-apiserver " FLAG "$$E");
    assert_unit(&literal, "/bin/kube-apiserver " FLAG "$${E}");
    assert_unit(&literal, ":/bin/kube-apiserver " FLAG "${E}");
    assert_unit(&bare, "/bin/kube-apiserver " FLAG "/x$E");
    assert_unit(&several, "/bin/kube-apiserver " FLAG "${E}${F}$$");
    assert_unit(&(struct unit_case){"", "", "/etc/kube-apiserver$x"},
                ":%h/bin/kube-apiserver " FLAG "%E/%N$x");
    assert_unit(&(struct unit_case){"", "", NULL}, "/bin/kube-apiserver " FLAG "/%v");
    assert_unit(&(struct unit_case){"", "", NULL}, "/bin/kube-apiserver --v=2 ; /bin/true");
    assert_unit(&(struct unit_case){"", "", NULL}, "/bin/kube-apiserver --v=2\t;\t/bin/true");
    assert_unit(&(struct unit_case){"", "", ""}, "/bin/kube-apiserver --v=2 \"a ; b\"");
#undef FLAG
}

/* A line has one path, and it ends where the line does. */
static void a_unit_names_one_file_of_variables_a_line(void **state)
{
    (void)state;
    assert_files("[Service]\nEnvironmentFile=/a\nEnvironmentFile=\nEnvironmentFile=-/b\n", "-/b|",
                 "");
    assert_files("[Service]\nEnvironmentFile=-/etc/a b/c.env \n", "-/etc/a b/c.env|", "");
    assert_files("[Service]\nEnvironmentFile=\"/etc/a\"\nEnvironmentFile=- /b\nEnvironmentFile=c\n",
                 "", "");
    assert_files("[Service]\nEnvironmentFile=%E/%p/%l/%%[ab]*.env\n",
                 "/etc/kube-apiserver/n1/%[ab]*.env|", "");
    assert_files("[Service]\nEnvironmentFile=/etc/%m\nEnvironmentFile=/b\n", "/b|",
                 "what %m stands for is not known");
}

static void a_later_file_of_k3s_replaces_lists(void **state)
{
    struct ht_text_list first = ht_apiserver_decode_rancher(
        HT_S("secrets-encryption: true\nkube-apiserver-arg:\n- etcd-prefix=/a\n- v=2\n"), arena);
    struct ht_text_list other =
        ht_apiserver_decode_rancher(HT_S("kube-apiserver-arg: [anonymous-auth=true]\n"), arena);
    struct ht_text_list more =
        ht_apiserver_decode_rancher(HT_S("kube-apiserver-arg+: [anonymous-auth=true]\n"), arena);
    struct ht_apiserver apiserver = {0};

    (void)state;
    ht_apiserver_decode(HT_APISERVER_K3S, ht_apiserver_join_rancher(first, other, arena), arena,
                        &apiserver);
    assert_true(ht_str_is(apiserver.etcd_prefix, "/registry"));
    assert_true(ht_str_is(apiserver.anonymous, "true"));
    assert_true(apiserver.encryption_config.len > 0);

    ht_apiserver_decode(HT_APISERVER_K3S, ht_apiserver_join_rancher(first, more, arena), arena,
                        &apiserver);
    assert_true(ht_str_is(apiserver.etcd_prefix, "/a"));
    assert_true(ht_str_is(apiserver.anonymous, "true"));
}

static void a_manifest_that_differs_is_noticed(void **state)
{
    (void)state;
    struct ht_apiserver a = decode_line("kube-apiserver --etcd-servers=https://a");
    struct ht_apiserver b =
        decode_line("kube-apiserver --etcd-servers=https://a --encryption-provider-config=/e");
    struct ht_text_list names = ht_apiserver_differences(&a, &b, arena);

    assert_int_equal(names.len, 1);
    assert_true(ht_str_is(names.items[0], "--encryption-provider-config"));
    assert_int_equal(ht_apiserver_differences(&a, &a, arena).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_command_line_has_its_truth, setup, teardown),
        cmocka_unit_test_setup_teardown(the_executable_decides_who_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(flags_are_read_as_the_server_reads_them, setup, teardown),
        cmocka_unit_test_setup_teardown(k3s_and_rke2_hold_one_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(a_static_pod_tells_flags_and_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(an_api_server_behind_a_shell_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(units_and_files_of_flags_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(variables_of_units_are_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(units_are_read_as_systemd_reads_them, setup, teardown),
        cmocka_unit_test_setup_teardown(a_unit_names_one_file_of_variables_a_line, setup, teardown),
        cmocka_unit_test_setup_teardown(a_later_file_of_k3s_replaces_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(a_manifest_that_differs_is_noticed, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
