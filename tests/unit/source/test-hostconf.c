/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host configuration source below a root of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hostconf-place.h"
#include "src/source/hostconf-private.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/model/document.h"

#define KEY32 "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define ENCRYPTION                                                                                 \
    "kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1\nresources:\n"          \
    "- resources: [secrets]\n  providers:\n  - aescbc: {keys: [{name: k1, secret: " KEY32 "}]}\n"
#define POD                                                                                        \
    "kind: Pod\nspec:\n  containers:\n  - command: [kube-apiserver, '--etcd-servers=https://e:1'," \
    " --encryption-provider-config=/enc/enc.yaml]\n"                                               \
    "    volumeMounts: [{name: e, mountPath: /enc}]\n"                                             \
    "  volumes: [{name: e, hostPath: {path: /srv/enc}}]\n"

static const struct ht_encryption *encryption_of(const struct ht_node *node, const char *id)
{
    const struct ht_row *row = ht_node_find(node, HT_TABLE_ENCRYPTION, ht_str_from(id));

    assert_non_null(row);
    return ht_encryption_of(row);
}

static void an_empty_root_has_no_api_server(void **state)
{
    const struct ht_node *node = look(*state);
    const struct ht_row *source = ht_node_find(node, HT_TABLE_SOURCE, HT_S("hostconf"));

    assert_int_equal(only_server(node)->found, HT_APISERVER_FOUND_NONE);
    assert_non_null(source);
    assert_int_equal(ht_source_of(source)->state, HT_SOURCE_STATE_OK);
}

static void a_manifest_and_its_configuration_are_found(void **state)
{
    struct place *place = *state;

    put(place, "etc/kubernetes/manifests/kube-apiserver.yaml", HT_S(POD));
    put(place, "etc/kubernetes/manifests/.kube-apiserver.yaml.swp", HT_S("kind: Pod"));
    put(place, "srv/enc/enc.yaml", HT_S(ENCRYPTION));

    const struct ht_node *node = look(place);
    const struct ht_apiserver *server = only_server(node);
    assert_int_equal(server->found, HT_APISERVER_FOUND_MANIFEST);
    assert_true(ht_str_is(server->encryption_config, "/enc/enc.yaml"));
    assert_true(ht_str_is(server->encryption, "/srv/enc/enc.yaml"));
    assert_true(ht_str_is(server->manifest, "/etc/kubernetes/manifests/kube-apiserver.yaml"));

    const struct ht_encryption *encryption = encryption_of(node, "/srv/enc/enc.yaml");
    assert_true(encryption->valid);
    assert_int_equal(encryption->mode, 0600);
    assert_int_equal(encryption->sha256.len, 64);
    assert_true(ht_str_is(encryption->rules.items[1].resource, "secrets"));
    assert_true(ht_str_is(encryption->rules.items[1].writes, "aescbc"));
}

static void a_process_comes_before_its_manifest(void **state)
{
    struct place *place = *state;

    put(place, "etc/kubernetes/manifests/kube-apiserver.yaml", HT_S(POD));
    put(place, "srv/enc/enc.yaml", HT_S(ENCRYPTION));
    put(place, "proc/77/cmdline", HT_S("kube-apiserver\0--etcd-servers=http://e:1\0"));
    put_link(place, "proc/77/exe", "/usr/local/bin/kube-apiserver");
    put(place, "proc/78/cmdline", HT_S("kube-apiserver\0--etcd-servers=http://decoy\0"));
    put_link(place, "proc/78/exe", "/bin/sleep");
    put(place, "proc/79/cmdline", HT_S("vi\0kube-apiserver\0"));

    const struct ht_apiserver *server = only_server(look(place));
    assert_int_equal(server->found, HT_APISERVER_FOUND_PROCESS);
    assert_int_equal(server->pid, 77);
    assert_false(server->by_name);
    assert_true(ht_apiserver_has_encryption_config(server));
    assert_int_equal(server->encryption_config.len, 0);
    assert_false(server->etcd_tls);
    assert_int_equal(server->differs.len, 2);
}

static void an_executable_may_be_hidden(void **state)
{
    struct place *place = *state;

    put(place, "proc/5/cmdline", HT_S("/usr/bin/kube-apiserver\0--etcd-prefix=/x\0"));

    const struct ht_apiserver *server = only_server(look(place));
    assert_int_equal(server->found, HT_APISERVER_FOUND_PROCESS);
    assert_true(server->by_name);
    assert_true(ht_str_is(server->etcd_prefix, "/x"));
}

static void a_hidden_command_line_is_unknown(void **state)
{
    struct place *place = *state;

    put(place, "proc/5/cmdline", HT_S(""));
    put_link(place, "proc/5/exe", "/usr/bin/kube-apiserver");

    const struct ht_apiserver *server = only_server(look(place));
    assert_int_equal(server->pid, 5);
    assert_false(ht_apiserver_has_encryption_config(server));
}

static void k3s_tells_by_files_what_its_command_line_lacks(void **state)
{
    struct place *place = *state;

    put(place, "proc/9/cmdline", HT_S("/usr/local/bin/k3s\0server\0"));
    put_link(place, "proc/9/exe", "/usr/local/bin/k3s");
    put(place, "etc/rancher/k3s/config.yaml", HT_S("secrets-encryption: true\n"));
    put(place, "var/lib/rancher/k3s/server/cred/encryption-config.json",
        HT_S("{\"kind\":\"EncryptionConfiguration\",\"apiVersion\":\"apiserver.config.k8s.io/v1\","
             "\"resources\":[{\"resources\":[\"secrets\"],\"providers\":[{\"aescbc\":{\"keys\":["
             "{\"name\":\"aescbckey\",\"secret\":\"" KEY32 "\"}]}},{\"identity\":{}}]}]}"));

    const struct ht_node *node = look(place);
    assert_true(ht_str_is(only_server(node)->flavour, "k3s"));
    assert_true(
        encryption_of(node, "/var/lib/rancher/k3s/server/cred/encryption-config.json")->valid);
}

static void k3s_is_found_without_a_process(void **state)
{
    struct place *place = *state;

    put(place, "var/lib/rancher/k3s/server/cred/encryption-config.json", HT_S("{}"));

    const struct ht_node *node = look(place);
    const struct ht_apiserver *server = only_server(node);
    assert_int_equal(server->found, HT_APISERVER_FOUND_MANIFEST);
    assert_true(ht_str_is(server->flavour, "k3s"));
    assert_false(
        encryption_of(node, "/var/lib/rancher/k3s/server/cred/encryption-config.json")->valid);
}

static void microk8s_has_its_flags_in_a_file(void **state)
{
    struct place *place = *state;

    put(place, "var/snap/microk8s/current/args/kube-apiserver",
        HT_S("--etcd-servers=unix:///var/k.sock\n--encryption-provider-config=/e.yaml\n"));

    const struct ht_node *node = look(place);
    assert_true(ht_str_is(only_server(node)->flavour, "microk8s"));
    /* The file is not there: what it says is unknown, and why. */
    assert_false(ht_encryption_has_valid(encryption_of(node, "/e.yaml")));
    assert_true(ht_encryption_has_error(encryption_of(node, "/e.yaml")));
}

static void a_configuration_that_nobody_names_is_told(void **state)
{
    struct place *place = *state;

    put(place, "etc/kubernetes/enc/enc.yaml", HT_S(ENCRYPTION));
    put(place, "etc/kubernetes/enc/other.yaml", HT_S("kind: Pod\n"));

    const struct ht_node *node = look(place);
    assert_int_equal(only_server(node)->found, HT_APISERVER_FOUND_NONE);
    assert_int_equal(ht_node_set(node, HT_TABLE_ENCRYPTION)->len, 1);
}

static const struct ht_listener *listener_of(const struct ht_node *node, const char *id)
{
    const struct ht_row *row = ht_node_find(node, HT_TABLE_LISTENER, ht_str_from(id));

    if (!row)
        fail_msg("no listener %s", id);
    return ht_listener_of(row);
}

static void etcd_is_told_by_flags_and_variables(void **state)
{
    struct place *place = *state;

    put(place, "proc/20/cmdline",
        HT_S("/usr/bin/etcd\0-listen-client-urls=http://0.0.0.0:2379,https://10.0.0.1:2378\0"
             "--trusted-ca-file\0/ca.crt\0"));
    put_link(place, "proc/20/exe", "/usr/bin/etcd");
    put(place, "proc/20/environ", HT_S("A=b\0ETCD_LISTEN_PEER_URLS=https://127.0.0.1:2380\0"));

    const struct ht_node *node = look(place);
    const struct ht_listener *plain = listener_of(node, "etcd-client http://0.0.0.0:2379");
    const struct ht_listener *safe = listener_of(node, "etcd-client https://10.0.0.1:2378");
    const struct ht_listener *peer = listener_of(node, "etcd-peer https://127.0.0.1:2380");
    assert_true(!plain->tls && !plain->client_auth && ht_str_is(plain->reach, "all"));
    assert_true(safe->tls && safe->client_auth && ht_str_is(safe->reach, "address"));
    assert_true(peer->tls && !peer->client_auth && ht_str_is(peer->reach, "loopback"));
    assert_true(peer->running && peer->pid == 20);
}

static void etcd_of_a_file_and_of_a_pod(void **state)
{
    struct place *place = *state;

    put(place, "etc/kubernetes/manifests/etcd.yaml",
        HT_S("kind: Pod\nspec:\n  containers:\n  - command: [etcd, --config-file=/etc/etcd.yml, "
             "'--listen-client-urls=http://1.1.1.1:1']\n"));
    put(place, "etc/etcd.yml",
        HT_S("listen-client-urls: https://127.0.0.1:2379\n"
             "client-transport-security: {client-cert-auth: true}\n"));

    const struct ht_node *node = look(place);
    assert_true(listener_of(node, "etcd-client https://127.0.0.1:2379")->client_auth);
    assert_false(listener_of(node, "etcd-peer http://localhost:2380")->running);
    assert_int_equal(ht_node_set(node, HT_TABLE_LISTENER)->len, 2);
}

static void etcd_with_a_hidden_environment_is_not_guessed(void **state)
{
    struct place *place = *state;
    const struct ht_listener *listener;

    put(place, "proc/20/cmdline", HT_S("etcd\0--name\0a\0"));
    put_link(place, "proc/20/exe", "/usr/bin/etcd");
    listener = listener_of(look(place), "etcd-client of 20");
    assert_false(ht_listener_has_url(listener));
    assert_false(ht_listener_has_tls(listener));
}

static void what_was_told_is_compared_with_sockets(void **state)
{
    struct place *place = *state;
    /* 2379 on all addresses and 2380 of somebody else, then 2381 on the loopback address. */
    static const char table[] = "  sl  local_address rem_address   st tx_queue rx_queue tr "
                                "tm->when retrnsmt   uid  timeout\n"
                                "   0: 00000000:094B 00000000:0000 0A 00000000:00000000 "
                                "00:00000000 00000000     0        0 "
                                "101 1\n"
                                "   1: 00000000:094C 00000000:0000 0A 00000000:00000000 "
                                "00:00000000 00000000     0        0 "
                                "102 1\n"
                                "   2: 0100007F:094D 00000000:0000 0A 00000000:00000000 "
                                "00:00000000 00000000     0        0 "
                                "103 1\n";

    put(place, "proc/77/exe", HT_S("/usr/bin/etcd"));
    put(place, "proc/77/cmdline",
        HT_S("etcd\0--listen-client-urls=https://0.0.0.0:2379\0--listen-peer-urls=https://0.0.0.0:"
             "2380\0--client-cert-auth\0--peer-client-cert-auth\0"));
    put(place, "proc/77/environ", HT_S("A=b\0"));
    put(place, "proc/1/net/tcp", ht_str_from(table));
    put_link(place, "proc/77/fd/7", "socket:[101]");
    put_link(place, "proc/77/fd/8", "socket:[103]");
    put_link(place, "proc/77/fd/9", "/dev/null");

    const struct ht_node *node = look(place);
    assert_true(listener_of(node, "etcd-client https://0.0.0.0:2379")->listening);
    assert_true(ht_listener_has_listening(listener_of(node, "etcd-peer https://0.0.0.0:2380")));
    assert_false(listener_of(node, "etcd-peer https://0.0.0.0:2380")->listening);

    const struct ht_listener *other = listener_of(node, "other tcp://127.0.0.1:2381");
    assert_true(ht_str_is(other->reach, "loopback"));
    assert_int_equal(other->pid, 77);
    assert_false(ht_listener_has_tls(other));
}

static void a_kubelet_has_other_defaults_with_a_file(void **state)
{
    struct place *place = *state;

    put(place, "proc/30/cmdline", HT_S("kubelet\0--config=/var/lib/kubelet/config.yaml\0"));
    put_link(place, "proc/30/exe", "/usr/bin/kubelet");
    put(place, "proc/31/cmdline", HT_S("/usr/bin/kubelet\0--address=127.0.0.1\0"));
    put_link(place, "proc/31/exe", "/usr/bin/kubelet");
    put(place, "var/lib/kubelet/config.yaml", HT_S("kind: KubeletConfiguration\n"));

    const struct ht_node *node = look(place);
    assert_false(listener_of(node, "kubelet https://0.0.0.0:10250")->anonymous);
    assert_true(listener_of(node, "kubelet https://127.0.0.1:10250")->anonymous);
    assert_true(listener_of(node, "kubelet-read-only http://127.0.0.1:10255")->anonymous);
    assert_int_equal(ht_node_set(node, HT_TABLE_LISTENER)->len, 3);
    assert_true(only_server(node)->member);
}

static const struct ht_exposure *exposure_of(const struct ht_node *node, const char *id)
{
    const struct ht_row *row = ht_node_find(node, HT_TABLE_EXPOSURE, ht_str_from(id));

    if (!row)
        fail_msg("no exposure %s", id);
    return ht_exposure_of(row);
}

#define OTHER     "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"
#define CONTAINER "4f0c1e9a77b24f0c1e9a77b24f0c1e9a77b24f0c1e9a77b24f0c1e9a77b24f0c"

static void secrets_of_processes_are_told_without_their_value(void **state)
{
    struct place *place = *state;
    static const char *const words[] = {"hunter2hunter2", "Kd83hsKd83"};

    put(place, "proc/40/comm", HT_S("java\n"));
    put(place, "proc/40/cmdline", HT_S("java\0-jar\0a.jar\0--db-password\0hunter2hunter2\0"));
    put(place, "proc/40/cgroup", HT_S("0::/system.slice/docker-" CONTAINER ".scope\n"));
    put(place, "proc/40/environ",
        HT_S("PATH=/bin\0DB_PASSWORD=hunter2hunter2\0TOKEN_FILE=/x\0U=amqp://a:Kd83hsKd83@b\0"));
    put(place, "proc/41/comm", HT_S("bash\n"));
    put(place, "proc/41/cmdline", HT_S("bash\0"));
    put(place, "proc/41/cgroup", HT_S("0::/user.slice\n"));
    put(place, "proc/41/environ", HT_S("DB_PASSWORD=of a shell of the host\0"));
    /* A user called a group of his own like that container, and put a shell there. */
    put(place, "proc/42/comm", HT_S("sh\n"));
    put(place, "proc/42/cmdline", HT_S("sh\0"));
    put(place, "proc/42/cgroup",
        HT_S("0::/user.slice/user-1000.slice/user@1000.service/docker-" CONTAINER ".scope\n"));
    put(place, "proc/42/environ", HT_S("API_PASSWORD=of a shell of a user\0"));

    const struct ht_node *node = look(place);
    const struct ht_exposure *env = exposure_of(node, "environment " CONTAINER " java DB_PASSWORD");
    const struct ht_exposure *arg = exposure_of(node, "argument " CONTAINER " java --db-password");
    assert_int_equal(ht_node_set(node, HT_TABLE_EXPOSURE)->len, 3);
    assert_int_equal(env->secret.len, 8);
    assert_true(ht_str_equal(env->secret, arg->secret));
    assert_true(ht_str_is(env->length, "medium"));

    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    ht_node_write(&text, node, HT_JSON_COMPACT);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        assert_true(ht_str_find(ht_buf_str(&text), ht_str_from(words[i]), 0) < 0);
}

/* Whoever made what lies below --root may have made more of it than there is memory. */
static void more_files_than_fit_are_told(void **state)
{
    enum { FILES = 256 };
    struct place *place = *state;
    char path[PATH_BYTES];

    for (unsigned i = 0; i <= FILES; i++) {
        char name[40];

        snprintf(name, sizeof(name), "etc/kubernetes/%u.yaml", i);
        put(place, name, HT_S(""));
        path_in(place, name, path);
        assert_int_equal(truncate(path, HT_LIMIT_YAML), 0);
    }

    const struct ht_row *row = ht_node_find(look(place), HT_TABLE_SOURCE, HT_S("hostconf"));
    assert_int_equal(ht_source_of(row)->state, HT_SOURCE_STATE_PART);
    if (!ht_str_has_suffix(ht_source_of(row)->detail, " more than hulltop reads"))
        fail_msg("%.*s", HT_STR_ARG(ht_source_of(row)->detail));
}

#define CGROUP "0::/system.slice/docker-" CONTAINER ".scope\n"

/* A file of the host's is not even opened: it may be a device that does something then. */
static void what_leads_out_of_the_root_is_not_read(void **state)
{
    struct place *place = *state;
    struct place outside = *place;
    char path[PATH_BYTES];

    assert_true(snprintf(outside.root, sizeof(outside.root), "%.900s.out", place->root) > 0);
    assert_int_equal(mkdir(outside.root, 0700), 0);
    put(&outside, "cgroup", HT_S(CGROUP));
    path_in(&outside, "cgroup", path);
    put(place, "proc/40/comm", HT_S("java\n"));
    put(place, "proc/40/cmdline", HT_S("java\0"));
    put(place, "proc/40/environ", HT_S("DB_PASSWORD=hunter2hunter2\0"));
    put_link(place, "proc/40/cgroup", path);

    size_t found = ht_node_set(look(place), HT_TABLE_EXPOSURE)->len;
    ht_test_remove_tree(outside.root);
    assert_int_equal(found, 0);
}

static void put_layers(const struct place *place, const char *lowers)
{
    ht_autobuf struct ht_buf text = HT_BUF(PATH_BYTES);

    ht_buf_addf(&text, "1 0 0:9 / / rw - overlay overlay rw,lowerdir=%s,upperdir=/u,workdir=/w\n",
                lowers);
    put(place, "proc/40/comm", HT_S("web\n"));
    put(place, "proc/40/cgroup", HT_S(CGROUP));
    put(place, "proc/40/mountinfo", ht_buf_str(&text));
}

static void put_big(const struct place *place, const char *name, const char *end)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);

    ht_buf_add_n(&text, 'x', 200 * 1024);
    ht_buf_add_text(&text, end);
    put(place, name, ht_buf_str(&text));
}

static void layers_are_judged_and_not_kept(void **state)
{
    struct place *place = *state;
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_rowset exposures = {0};
    struct ht_hostconf_layers layers;
    struct ht_hostconf_pass pass = {.root = &root, .proc = &root, .exposures = &exposures};

    ht_hostconf_layers_init(&layers);
    put_layers(place, "/l/a:/l/b:/l/c");
    put_big(place, "l/a/home/x/.ssh/id_rsa", "");
    put_big(place, "l/b/app/.env", "");
    put_big(place, "l/b/home/x/.docker/config.json", "{\"auths\":{}}");
    put_big(place, "l/c/etc/ssh/ssh_host_rsa_key", "\nPRIVATE KEY\n");
    assert_int_equal(ht_root_open(&root, place->root, NULL), 0);
    pass.arena = ht_arena_new(1 << 20);
    pass.scratch = ht_arena_new(1 << 20);
    ht_hostconf_layers_begin(&layers, &pass, 1);
    ht_hostconf_layers_meet(&layers, 40, HT_S(CONTAINER));
    ht_hostconf_layers_end(&layers);
    assert_int_equal(exposures.len, 2);
    assert_int_equal(pass.cut, 0);
    assert_int_equal(ht_arena_used(pass.scratch), 0);
    assert_true(ht_arena_used(pass.arena) < 8192);

    /* What the budget has no room for is counted. */
    ht_hostconf_layers_begin(&layers, &pass, 1);
    layers.bytes = SIZE_MAX / 2;
    put_layers(place, "/l/a:/l/b:/l/d");
    put(place, "proc/40/cgroup", HT_S("0::/system.slice/docker-" OTHER ".scope\n"));
    ht_hostconf_layers_meet(&layers, 40, HT_S(CONTAINER));
    ht_hostconf_layers_meet(&layers, 40, HT_S(OTHER));
    ht_hostconf_layers_end(&layers);
    assert_int_equal(pass.cut, 1);
    ht_hostconf_layers_fini(&layers);
    ht_rowset_fini(&exposures);
    ht_arena_free(pass.arena);
    ht_arena_free(pass.scratch);
}

static void assert_source(struct place *place, enum ht_source_state state)
{
    const struct ht_node *node = look(place);
    const struct ht_row *source = ht_node_find(node, HT_TABLE_SOURCE, HT_S("hostconf"));

    assert_non_null(source);
    assert_int_equal(ht_source_of(source)->state, state);
}

static void what_is_not_seen_of_layers_is_told(void **state)
{
    struct place *place = *state;
    char path[PATH_BYTES];

    put_layers(place, "/l/a");
    put(place, "l/a/home/x/.netrc", HT_S("machine"));
    put(place, "proc/39/comm", HT_S("ended\n"));
    put(place, "proc/39/cgroup", HT_S(CGROUP));
    assert_source(place, HT_SOURCE_STATE_OK);
    put_layers(place, "/l/a:l/relative");
    assert_source(place, HT_SOURCE_STATE_PART);
    put_layers(place, "/l/a:/l/nowhere");
    assert_source(place, HT_SOURCE_STATE_PART);
    put_layers(place, "/l/a");
    assert_source(place, HT_SOURCE_STATE_OK);

    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    ht_buf_add_n(&text, '#', 256 * 1024 + 1);
    put(place, "l/a/app/.env", ht_buf_str(&text));
    assert_source(place, HT_SOURCE_STATE_PART);
    /* What its beginning shows is enough. */
    memcpy(text.data, "DB_PASSWORD=Zx9-quite-Unguessable\n", 34);
    put(place, "l/a/app/.env", ht_buf_str(&text));
    const struct ht_node *node = look(place);
    exposure_of(node, "image /l/a /app/.env");
    assert_source(place, HT_SOURCE_STATE_OK);

    for (unsigned i = 0; i < 20; i++) {
        snprintf(path, sizeof(path), "l/a/home/u%u/.netrc", i);
        put(place, path, HT_S("machine"));
    }
    assert_source(place, HT_SOURCE_STATE_PART);
    put_layers(place, "/l/b");
    put(place, "l/b/app/.env", HT_S(""));
    assert_source(place, HT_SOURCE_STATE_OK);
    path_in(place, "proc/40/mountinfo", path);
    assert_int_equal(unlink(path), 0);
    put_link(place, "proc/40/mountinfo", "mountinfo");
    assert_source(place, HT_SOURCE_STATE_PART);
}

#define SECRETS "var/lib/kubelet/pods/u/volumes/kubernetes.io~secret/db"

static void copies_are_found_within_one_budget(void **state)
{
    struct place *place = *state;
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_rowset exposures = {0};
    struct ht_hostconf_pass pass = {.root = &root, .proc = &root, .exposures = &exposures};
    const struct ht_str mounts = HT_STR("1 0 0:9 / / rw - overlay overlay rw,lowerdir=/l,upperdir="
                                        "/up,workdir=/w\n2 1 0:50 / /etc/db ro - tmpfs tmpfs rw\n");

    put(place, "proc/1/mountinfo",
        HT_S("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:50 / /" SECRETS " rw - tmpfs t rw\n"));
    put(place, SECRETS "/a", HT_S("first-Secret-0123"));
    put(place, SECRETS "/b", HT_S("other-Secret-0123"));
    put(place, SECRETS "/c", HT_S("third-Secret-0123"));
    put(place, "up/x/y/first", HT_S("first-Secret-0123"));
    put(place, "up/x/other", HT_S("other-Secret-0123"));
    put(place, "up/x/y/z/third", HT_S("third-Secret-0123"));
    put(place, "up/none", HT_S("wrong-Secret-0123"));
    assert_int_equal(ht_root_open(&root, place->root, NULL), 0);
    pass.salt = HT_S("salt");
    pass.arena = ht_arena_new(1 << 20);
    ht_hostconf_look_copies(&pass, mounts, HT_S("c"));
    ht_rowset_sort(&exposures);
    assert_int_equal(exposures.len, 3);
    assert_true(ht_str_is(ht_row_id(exposures.rows[0]), "copy c /x/other"));
    assert_true(ht_str_is(ht_row_id(exposures.rows[1]), "copy c /x/y/first"));
    assert_true(ht_str_is(ht_row_id(exposures.rows[2]), "copy c /x/y/z/third"));
    assert_true(ht_str_is(ht_exposure_of(exposures.rows[2])->name, "/etc/db/c"));
    assert_int_equal(pass.cut, 0);
    assert_int_equal(ht_arena_used(pass.arena), 0);

    /* The next container has what this one left over. */
    assert_int_equal(pass.inside_entries, 11);
    assert_int_equal(pass.inside_bytes, 7 * 17);
    pass.inside_bytes = SIZE_MAX / 2;
    ht_hostconf_look_copies(&pass, mounts, HT_S("d"));
    assert_int_equal(exposures.len, 3);
    assert_true(pass.cut > 0);
    ht_rowset_fini(&exposures);
    ht_arena_free(pass.arena);
}

static void credential_files_have_a_mode(void **state)
{
    struct place *place = *state;

    put(place, "root/.docker/config.json", HT_S("{\"auths\":{\"r\":{\"auth\":\"YTpi\"}}}"));
    put(place, "home/bob/.docker/config.json", HT_S("{\"credHelpers\":{\"r\":\"x\"}}"));
    put(place, "home/bob/.kube/config",
        HT_S("users: []\nclusters:\n- name: dev\n  cluster: {insecure-skip-tls-verify: true}\n"));
    put(place, "etc/kubernetes/pki/sa.key", HT_S("x"));
    put(place, "etc/docker/daemon.json", HT_S("{\"insecure-registries\": [\"r:5000\"]}"));
    put(place, "etc/containerd/certs.d/x/hosts.toml", HT_S("[host.\"x\"]\n  skip_verify = true\n"));

    const struct ht_node *node = look(place);
    assert_int_equal(exposure_of(node, "file /root/.docker/config.json")->mode, 0600);
    assert_true(
        ht_str_is(exposure_of(node, "file /etc/kubernetes/pki/sa.key")->rule, "private key"));
    exposure_of(node, "file /home/bob/.kube/config");
    exposure_of(node, "unverified /home/bob/.kube/config dev");
    exposure_of(node, "unverified /etc/docker/daemon.json r:5000");
    exposure_of(node, "unverified /etc/containerd/certs.d/x/hosts.toml x");
    assert_int_equal(ht_node_set(node, HT_TABLE_EXPOSURE)->len, 6);
}

static void a_helper_keeps_logins_elsewhere(void **state)
{
    struct place *place = *state;

    put(place, "root/.docker/config.json", HT_S("{\"auths\":{\"r\":{}},\"credsStore\":\"pass\"}"));
    put(place, "home/bob/.docker/config.json",
        HT_S("{\"auths\":{\"r\":{\"identitytoken\":\"x\"}}}"));

    const struct ht_node *node = look(place);
    exposure_of(node, "file /home/bob/.docker/config.json");
    assert_int_equal(ht_node_set(node, HT_TABLE_EXPOSURE)->len, 1);
}

static void registries_that_nobody_checks_are_told(void **state)
{
    struct place *place = *state;

    put(place, "proc/77/cmdline",
        HT_S("dockerd\0--insecure-registry\0a:1\0--insecure-registry=b:2\0--insecure-registry\0"));
    put(place, "proc/77/exe", HT_S("/usr/bin/dockerd"));
    put(place, "etc/containerd/certs.d/c/hosts.toml",
        HT_S("server = \"https://c\"\n[host.\"http://mirror:5000\"]\n"));
    put(place, "etc/containerd/certs.d/safe/hosts.toml",
        HT_S("server = \"https://d\"\n# skip_verify = true\n[host.\"https://m\"]\n"));
    put(place, "etc/containerd/config.toml",
        HT_S("[plugins.x.mirrors.\"e\"]\n  endpoint = [\"http://e:5000\"]\n"));
    put(place, "etc/containers/registries.conf",
        HT_S("[[registry]]\ninsecure = true\nlocation = \"f:5\"\n[[registry]]\n"
             "location = \"safe\"\n"));
    put(place, "etc/containers/registries.conf.d/x.conf",
        HT_S("[[registry]]\nprefix = \"g\"\ninsecure=true"));
    put(place, "etc/rancher/k3s/registries.yaml",
        HT_S("mirrors: {h: {endpoint: ['http://h1', 'http://h2']}, s: {endpoint: ['https://s']}}\n"
             "configs: {i: {tls: {insecure_skip_verify: true}}, s: {tls: {}}}\n"));
    put(place, "etc/buildkit/buildkitd.toml",
        HT_S("[registry.\"j\"]\n  http = true\n[registry.\"safe\"]\n  http = false\n"));

    const struct ht_node *node = look(place);
    exposure_of(node, "unverified dockerd a:1");
    exposure_of(node, "unverified dockerd b:2");
    exposure_of(node, "unverified /etc/containerd/certs.d/c/hosts.toml c");
    exposure_of(node, "unverified /etc/containerd/config.toml registry");
    exposure_of(node, "unverified /etc/containers/registries.conf f:5");
    exposure_of(node, "unverified /etc/containers/registries.conf.d/x.conf g");
    exposure_of(node, "unverified /etc/rancher/k3s/registries.yaml h");
    exposure_of(node, "unverified /etc/rancher/k3s/registries.yaml i");
    exposure_of(node, "unverified /etc/buildkit/buildkitd.toml j");
    assert_int_equal(ht_node_set(node, HT_TABLE_EXPOSURE)->len, 9);
}

static void buildkit_is_told_by_flags_or_by_its_file(void **state)
{
    struct place *place = *state;
    const struct ht_listener *listener;

    put(place, "proc/77/cmdline", HT_S("buildkitd\0"));
    put(place, "proc/77/exe", HT_S("/usr/bin/buildkitd"));
    put(place, "proc/78/cmdline",
        HT_S("buildkitd\0--addr\0tcp://0.0.0.0:99\0--addr=unix:///run/b.sock\0--tlscert=/c\0"));
    put(place, "proc/78/exe", HT_S("/usr/bin/buildkitd"));
    put(place, "etc/buildkit/buildkitd.toml",
        HT_S("debug = true\n[grpc]\n  address = [ \"tcp://10.0.0.1:1234\",\n"
             "    \"unix:///run/b.sock\" ]\n  uid = 0\n[grpc.tls]\n  cert = \"/c\"\n"
             "  ca = \"/ca\"\n[worker.oci]\n  enabled = true\n"));

    const struct ht_node *node = look(place);
    listener = listener_of(node, "buildkit tcp://10.0.0.1:1234");
    assert_true(listener->tls && listener->client_auth);
    assert_true(ht_str_is(listener->told_by, "buildkitd.toml"));
    listener = listener_of(node, "buildkit tcp://0.0.0.0:99");
    assert_true(listener->tls);
    assert_true(ht_str_is(listener->reach, "all"));
    assert_int_equal(ht_node_set(node, HT_TABLE_LISTENER)->len, 2);
}

static void docker_is_told_by_flags_and_its_file(void **state)
{
    struct place *place = *state;
    const struct ht_listener *listener;

    put(place, "proc/77/cmdline", HT_S("dockerd\0-H\0tcp://0.0.0.0:2375\0-H=fd://\0--tls\0"));
    put(place, "proc/77/exe", HT_S("/usr/bin/dockerd"));
    put(place, "etc/docker/daemon.json",
        HT_S("{\"hosts\":[\"tcp://127.0.0.1:2376\",\"unix://\"]}"));

    const struct ht_node *node = look(place);
    listener = listener_of(node, "docker tcp://0.0.0.0:2375");
    assert_true(listener->tls);
    assert_false(listener->client_auth);
    listener = listener_of(node, "docker tcp://127.0.0.1:2376");
    assert_true(ht_str_is(listener->reach, "loopback"));
    assert_int_equal(ht_node_set(node, HT_TABLE_LISTENER)->len, 2);

    put(place, "etc/docker/daemon.json", HT_S("{\"tlsverify\":true}"));
    assert_true(listener_of(look(place), "docker tcp://0.0.0.0:2375")->client_auth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_root_has_no_api_server, setup, teardown),
        cmocka_unit_test_setup_teardown(a_manifest_and_its_configuration_are_found, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_process_comes_before_its_manifest, setup, teardown),
        cmocka_unit_test_setup_teardown(an_executable_may_be_hidden, setup, teardown),
        cmocka_unit_test_setup_teardown(a_hidden_command_line_is_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(k3s_tells_by_files_what_its_command_line_lacks, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(k3s_is_found_without_a_process, setup, teardown),
        cmocka_unit_test_setup_teardown(microk8s_has_its_flags_in_a_file, setup, teardown),
        cmocka_unit_test_setup_teardown(a_configuration_that_nobody_names_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(etcd_is_told_by_flags_and_variables, setup, teardown),
        cmocka_unit_test_setup_teardown(etcd_of_a_file_and_of_a_pod, setup, teardown),
        cmocka_unit_test_setup_teardown(etcd_with_a_hidden_environment_is_not_guessed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_was_told_is_compared_with_sockets, setup, teardown),
        cmocka_unit_test_setup_teardown(a_kubelet_has_other_defaults_with_a_file, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets_of_processes_are_told_without_their_value, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(more_files_than_fit_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(what_leads_out_of_the_root_is_not_read, setup, teardown),
        cmocka_unit_test_setup_teardown(layers_are_judged_and_not_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_seen_of_layers_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(copies_are_found_within_one_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(credential_files_have_a_mode, setup, teardown),
        cmocka_unit_test_setup_teardown(a_helper_keeps_logins_elsewhere, setup, teardown),
        cmocka_unit_test_setup_teardown(registries_that_nobody_checks_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(buildkit_is_told_by_flags_or_by_its_file, setup, teardown),
        cmocka_unit_test_setup_teardown(docker_is_told_by_flags_and_its_file, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
