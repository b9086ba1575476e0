/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What etcd, the kubelet, BuildKit, Docker and the API server were told to listen on. A flag is
 * told by a process; where none runs, by the file that would start it.
 */
#include <string.h>

#include "apiserver.h"
#include "hostconf-private.h"
#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/yaml.h"

/* Where the options of one daemon are looked for, in this order. */
struct options {
    struct ht_hostconf_pass *pass;
    const struct ht_hostconf_process *process; /* NULL: declared only */
    struct ht_text_list words;
    const struct ht_yaml *file;
    struct ht_str environment; /* entries end in NUL */
    bool has_environment;
    const char *prefix; /* of its variables; NULL: it has none */
    const char *told_by;
};

static bool is_name(struct ht_str word, const char *name, struct ht_str *ret_value, bool *ret_own)
{
    size_t dashes = ht_str_has_prefix(word, "--") ? 2 : ht_str_has_prefix(word, "-") ? 1 : 0;
    ptrdiff_t sep = ht_str_find_byte(word, '=');
    size_t end = sep < 0 ? word.len : (size_t)sep;

    if (dashes == 0 || !ht_str_is(ht_str_sub(word, dashes, end - dashes), name))
        return false;
    *ret_own = sep >= 0;
    *ret_value = sep < 0 ? (struct ht_str){0} : ht_str_sub(word, end + 1, word.len);
    return true;
}

/* The last value of a flag; a flag without one is "true". False: it is not there. */
static bool find_flag(struct ht_text_list words, const char *name, struct ht_str *ret_value)
{
    bool is_found = false;

    for (size_t i = 0; i < words.len; i++) {
        struct ht_str value;
        bool has_own;

        if (!is_name(words.items[i], name, &value, &has_own))
            continue;
        if (!has_own && i + 1 < words.len && !ht_str_has_prefix(words.items[i + 1], "-"))
            value = words.items[i + 1];
        else if (!has_own)
            value = (struct ht_str)HT_STR("true");
        *ret_value = value;
        is_found = true;
    }
    return is_found;
}

static bool find_variable(const struct options *options, const char *name, struct ht_str *ret_value)
{
    ht_autobuf struct ht_buf wanted = HT_BUF(256);
    struct ht_str value;

    if (!options->prefix)
        return false;
    ht_buf_add_text(&wanted, options->prefix);
    for (; *name; name++)
        ht_buf_add_c(&wanted, (char)(*name == '-'   ? '_'
                                     : *name >= 'a' ? *name - 'a' + 'A'
                                                    : *name));
    value = ht_environ_find(options->environment, wanted.data);
    if (!value.data)
        return false;
    *ret_value = value;
    return true;
}

static bool find_option(const struct options *options, const char *name, struct ht_str *ret_value)
{
    if (options->file && ht_yaml_get(options->file, name)) {
        *ret_value = ht_yaml_text(options->file, name);
        return true;
    }
    return find_flag(options->words, name, ret_value) || find_variable(options, name, ret_value);
}

static bool is_on(const struct options *options, const char *name)
{
    struct ht_str value = {0};
    bool flag = false;

    return find_option(options, name, &value) && ht_parse_bool(value, &flag) == 0 && flag;
}

static bool is_set(const struct options *options, const char *name)
{
    struct ht_str value = {0};

    return find_option(options, name, &value) && value.len > 0;
}

/* ---- rows ---- */

static const char *reach_of(struct ht_str url)
{
    static const char *const loopback[] = {"127.", "localhost", "[::1]", "::1"};
    ptrdiff_t at = ht_str_find(url, HT_S("://"), 0);
    struct ht_str host = at < 0 ? url : ht_str_sub(url, (size_t)at + 3, url.len);

    if (ht_str_has_prefix(url, "unix"))
        return "loopback";
    for (size_t i = 0; i < ARRAY_LEN(loopback); i++) {
        if (ht_str_has_prefix(host, loopback[i]))
            return "loopback";
    }
    return host.len == 0 || host.data[0] == ':' || ht_str_has_prefix(host, "0.0.0.0") ||
                   ht_str_has_prefix(host, "[::]")
               ? "all"
               : "address";
}

static struct ht_listener begin(const struct options *options, const char *kind, struct ht_str url)
{
    struct ht_listener listener = {0};
    struct ht_arena *arena = options->pass->arena;

    ht_listener_set_id(&listener, ht_arena_strf(arena, "%s %.*s", kind, HT_STR_ARG(url)));
    ht_listener_set_kind(&listener, ht_str_from(kind));
    ht_listener_set_url(&listener, ht_arena_str(arena, url));
    ht_listener_set_reach(&listener, ht_str_from(reach_of(url)));
    ht_listener_set_running(&listener, options->process != NULL);
    if (options->told_by)
        ht_listener_set_told_by(&listener, ht_str_from(options->told_by));
    if (options->process) {
        bool is_listening;

        ht_listener_set_program(&listener, options->process->name);
        ht_listener_set_pid(&listener, options->process->pid);
        if (ht_hostconf_is_listening(options->pass, options->process, url, &is_listening))
            ht_listener_set_listening(&listener, is_listening);
    }
    return listener;
}

static void add(const struct options *options, const struct ht_listener *listener)
{
    ht_node_add(options->pass->sample, ht_row_new(&ht_listener_table, listener));
}

/* It listens, and on what could not be found out: neither address nor protection is known. */
static void add_unknown(const struct options *options, const char *kind)
{
    struct ht_listener listener = {0};
    struct ht_arena *arena = options->pass->arena;

    ht_listener_set_id(
        &listener,
        ht_arena_strf(arena, "%s of %llu", kind,
                      (unsigned long long)(options->process ? options->process->pid : 0)));
    ht_listener_set_kind(&listener, ht_str_from(kind));
    ht_listener_set_running(&listener, options->process != NULL);
    if (options->told_by)
        ht_listener_set_told_by(&listener, ht_str_from(options->told_by));
    if (options->process) {
        ht_listener_set_program(&listener, options->process->name);
        ht_listener_set_pid(&listener, options->process->pid);
    }
    add(options, &listener);
}

/* A file as the process sees it, which may be in a container; else one of the host. */
static bool read_seen(const struct options *options, struct ht_str path, struct ht_str *ret_text)
{
    struct ht_hostconf_pass *pass = options->pass;
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_YAML);
    ht_autobuf struct ht_buf name = HT_BUF(HT_LIMIT_ARG);
    bool is_read = false;

    if (options->process) {
        ht_buf_addf(&name, "proc/%llu/%s%.*s", (unsigned long long)options->process->pid,
                    path.len && path.data[0] == '/' ? "root" : "cwd/", HT_STR_ARG(path));
        is_read = !ht_buf_is_full(&name) &&
                  ht_root_read(pass->proc, name.data, &text, HT_LIMIT_YAML, NULL) == 0;
    }
    if (is_read)
        *ret_text = ht_arena_str(pass->scratch, ht_buf_str(&text));
    if (text.len)
        ht_wipe(text.data, text.len);
    return is_read || ht_hostconf_read(pass, path, ret_text, NULL);
}

/* ---- etcd ---- */

static void add_etcd(const struct options *options, const char *kind, struct ht_str urls,
                     bool client_auth)
{
    struct ht_str url;

    while (ht_str_next(&urls, ',', &url)) {
        struct ht_listener listener = begin(options, kind, ht_str_trim(url));
        bool tls = ht_str_has_prefix(listener.url, "https://") ||
                   ht_str_has_prefix(listener.url, "unixs://");

        ht_listener_set_tls(&listener, tls);
        ht_listener_set_client_auth(&listener, tls && client_auth);
        add(options, &listener);
    }
}

/* etcd asks for certificates when it has a CA to check them by, whatever else it was told. */
static bool asks_certificate(const struct options *options, const char *section,
                             const char *flag_auth, const char *flag_ca)
{
    const struct ht_yaml *map = ht_yaml_get(options->file, section);
    bool flag = false;

    if (options->file)
        return (ht_parse_bool(ht_yaml_text(map, "client-cert-auth"), &flag) == 0 && flag) ||
               ht_yaml_text(map, "trusted-ca-file").len > 0;
    return is_on(options, flag_auth) || is_set(options, flag_ca);
}

static void decode_etcd(struct options *options)
{
    struct ht_str path = {0};
    struct ht_str text;
    struct ht_str clients = HT_STR("http://localhost:2379");
    struct ht_str peers = HT_STR("http://localhost:2380");
    struct ht_str http = {0};

    options->prefix = "ETCD_";
    if (find_option(options, "config-file", &path) && path.len) {
        /* A configuration file takes the place of flags and variables. */
        options->told_by = "--config-file";
        if (read_seen(options, path, &text))
            options->file = ht_yaml_parse_foreign(options->pass->scratch, "etcd", text, NULL);
        if (!options->file) {
            add_unknown(options, "etcd-client");
            add_unknown(options, "etcd-peer");
            return;
        }
    }
    /* Without a right to its environment the defaults would be a guess. */
    if (!find_option(options, "listen-client-urls", &clients) && options->process &&
        !options->has_environment && !options->file) {
        add_unknown(options, "etcd-client");
        add_unknown(options, "etcd-peer");
        return;
    }
    find_option(options, "listen-peer-urls", &peers);
    find_option(options, "listen-client-http-urls", &http);
    add_etcd(options, "etcd-client", clients,
             asks_certificate(options, "client-transport-security", "client-cert-auth",
                              "trusted-ca-file"));
    add_etcd(options, "etcd-client", http,
             asks_certificate(options, "client-transport-security", "client-cert-auth",
                              "trusted-ca-file"));
    add_etcd(options, "etcd-peer", peers,
             asks_certificate(options, "peer-transport-security", "peer-client-cert-auth",
                              "peer-trusted-ca-file"));
}

/* ---- the kubelet ---- */

/* A value of the configuration file below a, or a.b; empty if it is not there. */
static struct ht_str file_value(const struct ht_yaml *file, const char *a, const char *b,
                                const char *c)
{
    const struct ht_yaml *map = a ? ht_yaml_get(file, a) : file;

    return ht_yaml_text(b ? ht_yaml_get(map, b) : map, c);
}

static void add_kubelet(const struct options *options, struct ht_str address, struct ht_str port,
                        bool is_read_only, bool anonymous)
{
    struct ht_str url =
        ht_arena_strf(options->pass->arena, "%s://%.*s:%.*s", is_read_only ? "http" : "https",
                      HT_STR_ARG(address), HT_STR_ARG(port));
    struct ht_listener listener =
        begin(options, is_read_only ? "kubelet-read-only" : "kubelet", url);

    ht_listener_set_tls(&listener, !is_read_only);
    ht_listener_set_client_auth(&listener, !anonymous);
    ht_listener_set_anonymous(&listener, anonymous);
    add(options, &listener);
}

/* What the kubelet is told, so far. */
struct kubelet {
    struct ht_str read_only, address;
    bool anonymous;
    struct ht_hostconf_kubelet own;
};

/* A file says some of it; what it does not say stays. False: it is no such file. */
static bool take_kubelet_file(const struct options *options, struct ht_str text,
                              struct kubelet *kubelet)
{
    const struct ht_yaml *file =
        ht_yaml_parse_foreign(options->pass->scratch, "kubelet", text, NULL);
    struct ht_str read_only, address;

    if (!file)
        return false;
    ht_parse_bool(file_value(file, "authentication", "anonymous", "enabled"), &kubelet->anonymous);
    read_only = file_value(file, NULL, NULL, "readOnlyPort");
    address = file_value(file, NULL, NULL, "address");
    ht_parse_bool(file_value(file, NULL, NULL, "rotateCertificates"), &kubelet->own.rotates);
    ht_parse_bool(file_value(file, NULL, NULL, "serverTLSBootstrap"),
                  &kubelet->own.serving_rotates);
    if (file_value(file, NULL, NULL, "tlsCertFile").len)
        kubelet->own.has_certificate = true;
    kubelet->read_only = read_only.len ? read_only : kubelet->read_only;
    kubelet->address = address.len ? address : kubelet->address;
    return true;
}

/* Files of --config-dir in the order of their names; each takes the place of what came before.
 * False: one of them is not known. */
static bool take_kubelet_folder(const struct options *options, struct ht_str folder,
                                struct kubelet *kubelet)
{
    struct ht_hostconf_pass *pass = options->pass;
    struct ht_str path = ht_arena_str(pass->arena, folder);
    size_t denied = pass->denied;
    struct ht_text_list names = ht_hostconf_list(pass, path.data);
    bool is_known = pass->denied == denied;

    for (size_t i = 0; i < names.len; i++) {
        struct ht_str text;

        if (!ht_str_has_suffix(names.items[i], ".conf"))
            continue;
        path =
            ht_arena_strf(pass->arena, "%.*s/%.*s", HT_STR_ARG(folder), HT_STR_ARG(names.items[i]));
        is_known = ht_hostconf_read(pass, path, &text, NULL) &&
                   take_kubelet_file(options, text, kubelet) && is_known;
    }
    return is_known;
}

/* How it renews its certificates: flags come before the files here too. */
static void add_own(const struct options *options, bool is_known, struct kubelet *kubelet)
{
    struct ht_hostconf_kubelet *own = &kubelet->own;
    struct ht_str value;

    own->process = options->process;
    own->is_known = is_known;
    if (find_flag(options->words, "rotate-certificates", &value))
        ht_parse_bool(value, &own->rotates);
    if (find_flag(options->words, "rotate-server-certificates", &value))
        ht_parse_bool(value, &own->serving_rotates);
    if (find_flag(options->words, "tls-cert-file", &value))
        own->has_certificate = value.len > 0;
    find_flag(options->words, "cert-dir", &own->folder);
    find_flag(options->words, "bootstrap-kubeconfig", &own->bootstrap);
    ht_hostconf_add_kubelet(options->pass, own);
}

/* Flags come before the files; what neither says has a default that depends on whether there is a
 * file: without one, the port is open and everybody is let in. */
static void decode_kubelet(struct options *options)
{
    struct kubelet kubelet = {
        .read_only = HT_STR("10255"), .address = HT_STR("0.0.0.0"), .anonymous = true};
    struct ht_str path = {0}, folder = {0}, value = {0}, text;
    bool is_known = true;

    if (!options->process)
        path = (struct ht_str)HT_STR("/var/lib/kubelet/config.yaml");
    else
        find_flag(options->words, "config", &path);
    find_flag(options->words, "config-dir", &folder);
    if (path.len || folder.len) {
        kubelet.read_only = (struct ht_str){0};
        kubelet.anonymous = false;
        options->told_by = "kubelet configuration file";
    }
    if (path.len)
        is_known = read_seen(options, path, &text) && take_kubelet_file(options, text, &kubelet);
    if (folder.len)
        is_known = take_kubelet_folder(options, folder, &kubelet) && is_known;
    add_own(options, is_known, &kubelet);
    if (!is_known) {
        add_unknown(options, "kubelet");
        return;
    }
    if (find_flag(options->words, "anonymous-auth", &value))
        ht_parse_bool(value, &kubelet.anonymous);
    find_flag(options->words, "read-only-port", &kubelet.read_only);
    find_flag(options->words, "address", &kubelet.address);
    add_kubelet(options, kubelet.address, HT_S("10250"), false, kubelet.anonymous);
    if (kubelet.read_only.len && !ht_str_is(kubelet.read_only, "0"))
        add_kubelet(options, kubelet.address, kubelet.read_only, true, true);
}

/* ---- BuildKit, Docker, the API server's old port ---- */

static void add_tcp(const struct options *options, const char *kind, struct ht_str url, bool tls,
                    bool client_auth)
{
    if (!ht_str_has_prefix(url, "tcp://"))
        return;

    struct ht_listener listener = begin(options, kind, url);
    ht_listener_set_tls(&listener, tls);
    ht_listener_set_client_auth(&listener, tls && client_auth);
    add(options, &listener);
}

static void add_tcp_flags(const struct options *options, const char *kind, const char *flag,
                          bool tls, bool client_auth)
{
    for (size_t i = 0; i < options->words.len; i++) {
        struct ht_str value;
        bool has_own;

        if (!is_name(options->words.items[i], flag, &value, &has_own))
            continue;
        if (!has_own && i + 1 < options->words.len)
            value = options->words.items[i + 1];
        add_tcp(options, kind, value, tls, client_auth);
    }
}

/* What buildkitd.toml says of its listeners. */
struct buildkit {
    struct ht_str addresses[16];
    size_t len;
    bool tls, client_auth;
};

/* The texts in quotes on a line. */
static void take_addresses(struct ht_str line, struct buildkit *buildkit)
{
    struct ht_str part;

    for (bool inside = false; ht_str_next(&line, '"', &part); inside = !inside) {
        if (inside && buildkit->len < ARRAY_LEN(buildkit->addresses))
            buildkit->addresses[buildkit->len++] = part;
    }
}

/* Only "[grpc]" with its addresses, and "[grpc.tls]" with cert and ca, matter here. */
static void read_buildkit(struct ht_str text, struct buildkit *buildkit)
{
    struct ht_str section = {0}, line;
    bool in_list = false;

    while (ht_str_next(&text, '\n', &line)) {
        line = ht_str_trim(line);
        if (line.len == 0 || line.data[0] == '#')
            continue;
        if (!in_list && line.data[0] == '[') {
            section = ht_str_trim(line);
            continue;
        }
        ptrdiff_t sep = ht_str_find_byte(line, '=');
        struct ht_str key = sep < 0 ? line : ht_str_trim(ht_str_sub(line, 0, (size_t)sep));

        if (ht_str_is(section, "[grpc]") && (in_list || ht_str_is(key, "address"))) {
            take_addresses(line, buildkit);
            in_list = ht_str_find_byte(line, ']') < 0;
        } else if (ht_str_is(section, "[grpc.tls]")) {
            buildkit->tls = buildkit->tls || ht_str_is(key, "cert");
            buildkit->client_auth = buildkit->client_auth || ht_str_is(key, "ca");
        }
    }
}

static void decode_buildkit(struct options *options)
{
    struct buildkit buildkit = {.tls = is_set(options, "tlscert"),
                                .client_auth = is_set(options, "tlscacert")};
    struct ht_str path = HT_STR("/etc/buildkit/buildkitd.toml"), text;
    bool is_named = find_flag(options->words, "config", &path);

    if (read_seen(options, path, &text))
        read_buildkit(text, &buildkit);
    else if (is_named)
        add_unknown(options, "buildkit");
    add_tcp_flags(options, "buildkit", "addr", buildkit.tls, buildkit.client_auth);
    /* Flags take the place of the file's addresses. */
    if (is_set(options, "addr"))
        return;
    options->told_by = "buildkitd.toml";
    for (size_t i = 0; i < buildkit.len; i++)
        add_tcp(options, "buildkit", buildkit.addresses[i], buildkit.tls, buildkit.client_auth);
}

static void decode_docker(struct options *options)
{
    struct ht_str text;
    bool verify = is_on(options, "tlsverify");
    bool tls = verify || is_on(options, "tls");
    bool flag = false;

    if (ht_hostconf_read(options->pass, HT_S("/etc/docker/daemon.json"), &text, NULL)) {
        const struct ht_json *root =
            ht_json_parse(options->pass->scratch, "daemon.json", text, NULL);
        const struct ht_json *hosts = ht_json_get(root, "hosts");
        struct ht_str url;

        if (ht_json_bool(ht_json_get(root, "tlsverify"), &flag) && flag)
            verify = tls = true;
        if (ht_json_bool(ht_json_get(root, "tls"), &flag) && flag)
            tls = true;
        for (size_t i = 0; ht_json_is_array(hosts) && i < hosts->len; i++) {
            if (ht_json_string(&hosts->items[i], &url))
                add_tcp(options, "docker", url, tls, verify);
        }
    }
    add_tcp_flags(options, "docker", "H", tls, verify);
    add_tcp_flags(options, "docker", "host", tls, verify);
}

static void add_insecure_ports(struct ht_hostconf_pass *pass)
{
    const struct ht_rowset *servers = ht_node_set(pass->sample, HT_TABLE_APISERVER);

    for (size_t i = 0; i < servers->len; i++) {
        const struct ht_apiserver *server = ht_apiserver_of(servers->rows[i]);
        struct options options = {.pass = pass, .told_by = "--insecure-port"};
        struct ht_str address = HT_STR("127.0.0.1");

        if (server->insecure_port == 0)
            continue;
        if (server->insecure_address.len)
            address = server->insecure_address;

        struct ht_listener listener =
            begin(&options, "apiserver-insecure",
                  ht_arena_strf(pass->arena, "http://%.*s:%llu", HT_STR_ARG(address),
                                (unsigned long long)server->insecure_port));
        ht_listener_set_tls(&listener, false);
        ht_listener_set_client_auth(&listener, false);
        ht_listener_set_running(&listener, server->found == HT_APISERVER_FOUND_PROCESS);
        add(&options, &listener);
    }
}

/* ---- all of them ---- */

typedef void (*decoder)(struct options *options);

#define KINDS(...)                                                                                 \
    (struct ht_text_list)                                                                          \
    {                                                                                              \
        .items = (struct ht_str[]){__VA_ARGS__},                                                   \
        .len = sizeof((struct ht_str[]){__VA_ARGS__}) / sizeof(struct ht_str)                      \
    }

/* kinds: those of a process whose command line cannot be read. */
static bool decode_processes(struct ht_hostconf_pass *pass, const char *name,
                             struct ht_text_list kinds, decoder decode)
{
    bool is_found = false;

    for (size_t i = 0; i < pass->processes_len; i++) {
        const struct ht_hostconf_process *process = &pass->processes[i];
        struct options options = {.pass = pass, .process = process, .words = process->words};
        ht_autobuf struct ht_buf environment = HT_BUF(HT_LIMIT_PROC_FILE);

        if (!ht_str_is(process->name, name) || process->has_own_net)
            continue;
        is_found = true;
        if (!process->has_words) {
            for (size_t j = 0; j < kinds.len; j++)
                add_unknown(&options, kinds.items[j].data);
            continue;
        }
        options.has_environment =
            ht_hostconf_read_proc(pass, process->pid, "environ", &environment);
        if (options.has_environment)
            options.environment = ht_arena_str(pass->scratch, ht_buf_str(&environment));
        if (environment.len)
            ht_wipe(environment.data, environment.len);
        decode(&options);
    }
    return is_found;
}

static void decode_etcd_pod(struct ht_hostconf_pass *pass)
{
    static const char path[] = "/etc/kubernetes/manifests/etcd.yaml";
    struct options options = {.pass = pass, .told_by = path};
    struct ht_str text;

    if (ht_hostconf_read(pass, ht_str_from(path), &text, NULL) &&
        ht_pod_decode_program(text, "etcd", pass->scratch, &options.words))
        decode_etcd(&options);
}

void ht_hostconf_find_listeners(struct ht_hostconf_pass *pass)
{
    struct stat st;

    ht_hostconf_find_sockets(pass);
    if (!decode_processes(pass, "etcd", KINDS(HT_S("etcd-client"), HT_S("etcd-peer")), decode_etcd))
        decode_etcd_pod(pass);
    if (!decode_processes(pass, "kubelet", KINDS(HT_S("kubelet")), decode_kubelet) &&
        ht_root_stat(pass->root, "/var/lib/kubelet/config.yaml", &st, NULL) == 0)
        decode_kubelet(&(struct options){.pass = pass});
    decode_processes(pass, "buildkitd", KINDS(HT_S("buildkit")), decode_buildkit);
    decode_processes(pass, "dockerd", KINDS(HT_S("docker")), decode_docker);
    add_insecure_ports(pass);
    ht_hostconf_add_other_sockets(pass);
}
