/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Kubernetes source against recorded answers of a real API server, and against its errors. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/tree.h"
#include "hulltop/base/mem.h"
#include "driver.h"
#include "peer-client.h"

#define AFTER_PASS (61 * HT_NS_PER_S)

static struct peer_client peer;
static char folder[64], config[128], answers[512], watched[160];

static void write_file(const char *path, const char *text)
{
    ht_test_write_file(path, text);
}

static void tell(const char *format, const char *argument)
{
    char command[700];

    /* Both come from this file. */
    snprintf(command, sizeof(command), "%s%s", format, argument);
    peer_tell(&peer, command, NULL, 0);
}

/* From now on the target is answered by a recorded answer. */
static void map(const char *target, const char *file)
{
    char command[700];

    snprintf(command, sizeof(command), "map %s %s/%s", target, answers, file);
    peer_tell(&peer, command, NULL, 0);
}

/* From now on the target is answered by what write_answer has written. */
static void map_written(const char *target)
{
    char command[700];

    snprintf(command, sizeof(command), "map %s %s", target, watched);
    peer_tell(&peer, command, NULL, 0);
}

static void write_config(const char *user)
{
    char text[1000];

    snprintf(text, sizeof(text),
             "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
             "clusters: [{name: c, cluster: {server: \"http://127.0.0.1:%u\"}}]\n"
             "users: [{name: u, user: {%s}}]\n",
             peer.port, user);
    write_file(config, text);
}

static int set_up(void **state)
{
    const char *tmp = getenv("TMPDIR"), *srcdir = getenv("HT_SRCDIR");

    (void)state;
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    snprintf(folder, sizeof(folder), "%s/kube.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    snprintf(config, sizeof(config), "%s/config", folder);
    snprintf(watched, sizeof(watched), "%s/watch.http", folder);
    char *here = realpath(srcdir ? srcdir : ".", NULL);
    assert_non_null(here);
    snprintf(answers, sizeof(answers), "%s/tests/fixtures/kubernetes", here);
    free(here);

    const char *arguments[] = {"--answers", answers, NULL};
    peer_start(&peer, 1, arguments);
    write_config("token: made-up");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    peer_stop(&peer);
    static const char *const files[] = {"program", "ran", "began", "token"};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[128];

        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        unlink(path);
    }
    unlink(config);
    unlink(watched);
    return rmdir(folder);
}

/* ---- what is waited for ---- */

struct wanted {
    enum ht_source_state state;
    const char *detail; /* somewhere in it; NULL: anything */
    size_t pods;
};

static bool is_told(struct driver *driver, void *context)
{
    const struct wanted *wanted = context;
    const struct ht_source *source = driver_source(driver, "kubernetes");

    return source && source->state == wanted->state &&
           (!wanted->detail || ht_str_find(source->detail, ht_str_from(wanted->detail), 0) >= 0) &&
           ht_node_set(driver->sample, HT_TABLE_POD)->len == wanted->pods;
}

static void expect(struct driver *driver, enum ht_source_state state, const char *detail,
                   size_t pods)
{
    struct wanted wanted = {.state = state, .detail = detail, .pods = pods};

    if (!driver_wait(driver, is_told, &wanted)) {
        const struct ht_source *source = driver_source(driver, "kubernetes");

        fail_msg("wanted %s \"%s\" and %zu pods; it said %s \"%.*s\" and %zu",
                 ht_enum_name(&ht_source_state_enum, state), detail ? detail : "", pods,
                 source ? ht_enum_name(&ht_source_state_enum, source->state) : "nothing",
                 source ? (int)source->detail.len : 0, source ? source->detail.data : "",
                 driver->sample ? ht_node_set(driver->sample, HT_TABLE_POD)->len : 0);
    }
}

static void start(struct driver *driver)
{
    driver_start(driver, ht_kube_driver(&(struct ht_kube_options){
                             .kubeconfig = config, .node = "worker-01", .ingresses = true}));
}

/* ---- tests ---- */

static void pods_of_the_node_are_listed(void **state)
{
    struct driver driver = {0};

    (void)state;
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_OK, "v1.36.2, node worker-01: 20 pods, 16 namespaces", 20);
    pthread_mutex_lock(&driver.lock);
    const struct ht_node *sample = driver.sample;
    assert_int_equal(ht_node_set(sample, HT_TABLE_NAMESPACE)->len, 16);
    const struct ht_row *row = ht_node_set(sample, HT_TABLE_CLUSTER)->rows[0];
    assert_string_equal(ht_cluster_of(row)->node.data, "worker-01");
    assert_false(ht_cluster_of(row)->insecure);
    assert_false(ht_cluster_of(row)->one_node);
    size_t privileged = 0;
    for (size_t i = 0; i < 20; i++) {
        const struct ht_pod *pod = ht_pod_of(ht_node_set(sample, HT_TABLE_POD)->rows[i]);

        assert_string_equal(pod->node.data, "worker-01");
        assert_true(ht_pod_has_containers(pod));
        for (size_t j = 0; j < pod->containers.len; j++)
            privileged += pod->containers.items[j].privileged;
    }
    assert_true(privileged >= 6);
    pthread_mutex_unlock(&driver.lock);
    driver_stop(&driver);
}

static void the_watch_adds_and_takes_away(void **state)
{
    struct driver driver = {0};
    static const char line[] =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
        "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Pod\",\"metadata\":{\"name\":\"n\","
        "\"namespace\":\"x\",\"uid\":\"u1\",\"resourceVersion\":\"900\"},\"spec\":{\"hostPID\":"
        "true,\"containers\":[{\"name\":\"a\"}]}}}\n"
        "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Pod\",\"metadata\":{\"name\":\"m\","
        "\"namespace\":\"x\",\"uid\":\"u2\",\"resourceVersion\":\"901\"},\"spec\":{\"containers\":"
        "[]}}}\n"
        "{\"type\":\"DELETED\",\"object\":{\"kind\":\"Pod\",\"metadata\":{\"uid\":\"u2\","
        "\"resourceVersion\":\"902\"}}}\n"
        "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\",\"metadata\":{\"resourceVersion\":"
        "\"903\"},\"spec\":{\"containers\":null}}}\n";
    char command[400];

    (void)state;
    write_file(watched, line);
    snprintf(command, sizeof(command), "map /api/v1/pods?watch=1* %s", watched);
    peer_tell(&peer, command, NULL, 0);
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_OK, "21 pods", 21);
    driver_stop(&driver);
}

static bool was_told_again(struct driver *driver, void *context)
{
    (void)context;
    return driver->published >= 2;
}

static void an_expired_watch_lists_again(void **state)
{
    struct driver driver = {0};

    (void)state;
    map("/api/v1/pods?watch=1*", "watch_pods_410.http");
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_OK, "20 pods", 20);
    /* The list comes a second time although no pass is due. */
    assert_true(driver_wait(&driver, was_told_again, NULL));
    driver_stop(&driver);
}

static void a_right_that_is_missing_makes_it_partial(void **state)
{
    struct driver driver = {0};

    (void)state;
    map("/api/v1/namespaces*", "403_metrics_sa.http");
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_PART, "namespaces: ", 20);
    driver_stop(&driver);
    map("/api/v1/namespaces*", "namespaces.http");
}

static bool has_counter(struct driver *driver, void *context)
{
    const struct ht_rowset *counters =
        driver->sample ? ht_node_set(driver->sample, HT_TABLE_API_COUNTER) : NULL;
    const struct ht_api_counter *counter =
        counters && counters->len ? ht_api_counter_of(counters->rows[0]) : NULL;
    const bool *counts = context;

    return counter && ht_api_counter_has_counts(counter) == *counts &&
           ht_api_counter_has_detail(counter) != *counts;
}

static bool has_keepers(struct driver *driver, void *context)
{
    const struct ht_row *driver_row =
        driver->sample
            ? ht_node_find(driver->sample, HT_TABLE_KEEPER, HT_S("kubernetes:secrets-store-csi"))
            : NULL;

    (void)context;
    /* Its classes copy nothing. */
    return driver_row && ht_keeper_of(driver_row)->keeping == HT_KEEPING_OUTSIDE &&
           ht_node_find(driver->sample, HT_TABLE_KEEPER, HT_S("kubernetes:external-secrets"));
}

static void tools_that_keep_secrets_are_told(void **state)
{
    struct driver driver = {0};

    (void)state;
    start(&driver);
    assert_true(driver_wait(&driver, has_keepers, NULL));
    driver_stop(&driver);
}

/* Pods are told all the same, and nothing is called missing: nobody who asks for them needs it. */
static void metrics_are_read_where_that_is_allowed(void **state)
{
    struct driver driver = {0};
    bool counts = true;

    (void)state;
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_OK, "20 pods", 20);
    assert_true(driver_wait(&driver, has_counter, &counts));
    driver_stop(&driver);
    map("/metrics", "403_metrics_sa.http");
    driver = (struct driver){0};
    counts = false;
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_OK, "20 pods", 20);
    assert_true(driver_wait(&driver, has_counter, &counts));
    driver_stop(&driver);
    map("/metrics", "metrics.http");
}

static const struct ht_cluster *cluster_of(const struct driver *driver)
{
    return ht_cluster_of(ht_node_set(driver->sample, HT_TABLE_CLUSTER)->rows[0]);
}

static void ingresses_tell_what_they_serve_without_tls(void **state)
{
    struct driver driver = {0};
    const struct ht_row *row;

    (void)state;
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_OK, "20 pods", 20);
    pthread_mutex_lock(&driver.lock);
    assert_int_equal(cluster_of(&driver)->ingresses, 3);
    row = ht_node_find(driver.sample, HT_TABLE_INGRESS, HT_S("legacy/billing"));
    assert_int_equal(ht_ingress_of(row)->plain.len, 1);
    assert_true(ht_str_is(ht_ingress_of(row)->plain.items[0], "billing.example.com"));
    row = ht_node_find(driver.sample, HT_TABLE_INGRESS, HT_S("shop/frontend"));
    assert_true(ht_ingress_has_plain(ht_ingress_of(row)));
    assert_int_equal(ht_ingress_of(row)->plain.len, 0);
    pthread_mutex_unlock(&driver.lock);
    driver_stop(&driver);
}

static void no_right_to_ingresses_leaves_them_unknown_and_names_the_verb(void **state)
{
    struct driver driver = {0};

    (void)state;
    map("/apis/networking.k8s.io/v1/ingresses*", "403_metrics_sa.http");
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_PART, "list ingresses.networking.k8s.io: ", 20);
    pthread_mutex_lock(&driver.lock);
    assert_false(ht_cluster_has_ingresses(cluster_of(&driver)));
    pthread_mutex_unlock(&driver.lock);
    driver_stop(&driver);
    map("/apis/networking.k8s.io/v1/ingresses*", "ingresses.http");
}

static void no_right_to_pods_is_denied(void **state)
{
    struct driver driver = {0};

    (void)state;
    map("/api/v1/pods?field*", "403_metrics_sa.http");
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_DENIED, "403", 0);
    map("/api/v1/pods?field*", "pods_node_worker-01.http");
    driver_advance(&driver, AFTER_PASS);
    expect(&driver, HT_SOURCE_STATE_OK, "20 pods", 20);
    driver_stop(&driver);
}

static void a_bad_token_is_told(void **state)
{
    struct driver driver = {0};

    (void)state;
    map("/version", "401_badtoken.http");
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_DENIED, "401: Unauthorized", 0);
    driver_stop(&driver);
    map("/version", "version.http");
}

static void too_many_requests_are_waited_for(void **state)
{
    struct driver driver = {0};

    (void)state;
    map("/api/v1/pods?field*", "429_apf.http");
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_BUSY, "429: Too many requests", 0);
    map("/api/v1/pods?field*", "pods_node_worker-01.http");
    driver_advance(&driver, AFTER_PASS);
    expect(&driver, HT_SOURCE_STATE_OK, "20 pods", 20);
    driver_stop(&driver);
}

static void what_was_seen_stays_when_the_server_fails(void **state)
{
    struct driver driver = {0};

    (void)state;
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_OK, "20 pods", 20);
    tell("mode ", "drop");
    driver_advance(&driver, AFTER_PASS);
    expect(&driver, HT_SOURCE_STATE_BROKEN, NULL, 20);
    tell("mode ", "ok");
    driver_advance(&driver, AFTER_PASS);
    expect(&driver, HT_SOURCE_STATE_OK, "20 pods", 20);
    driver_stop(&driver);
}

static void a_continuation_that_expired_starts_over(void **state)
{
    struct driver driver = {0};

    (void)state;
    map("/api/v1/pods?field*", "410_continue_expired.http");
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_BROKEN, "410", 0);
    driver_stop(&driver);
    map("/api/v1/pods?field*", "pods_node_worker-01.http");
}

/* Each failure has a state, a cause and a help of its own; what was seen stays; and it comes back.
 */
static void failures_are_told_apart_and_take_nothing_away(void **state)
{
    static const struct {
        const char *file, *answer; /* recorded, or as it is written here */
        enum ht_source_state state;
        const char *detail, *help;
    } cases[] = {
        {"429_apf.http", NULL, HT_SOURCE_STATE_BUSY, "429: Too many", "asked too much"},
        {"410_list_oldrv.http", NULL, HT_SOURCE_STATE_BROKEN, "410", "read again"},
        {"504_future_rv.http", NULL, HT_SOURCE_STATE_BROKEN, "504", "/readyz"},
        {"404_path.http", NULL, HT_SOURCE_STATE_BROKEN, "404", "server's address"},
        {"401_badtoken.http", NULL, HT_SOURCE_STATE_DENIED, "401", "clock"},
        {"403_metrics_sa.http", NULL, HT_SOURCE_STATE_DENIED, "403", "doctor --role"},
        {NULL, "500 Internal Server Error\r\n", HT_SOURCE_STATE_BROKEN, "500", "/readyz"},
        {NULL, "503 Service Unavailable\r\nRetry-After: 2\r\n", HT_SOURCE_STATE_BROKEN, "503",
         "/readyz"},
        {NULL, "302 Found\r\nLocation: http://127.0.0.1:1/\r\n", HT_SOURCE_STATE_BROKEN, "302",
         "redirects are not followed"},
        {NULL, "200 OK\r\n", HT_SOURCE_STATE_BROKEN, "kubernetes", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct driver driver = {0};

        start(&driver);
        expect(&driver, HT_SOURCE_STATE_OK, "20 pods", 20);
        if (cases[i].file) {
            map("/api/v1/pods?field*", cases[i].file);
        } else {
            char text[300];

            snprintf(text, sizeof(text), "HTTP/1.1 %sContent-Length: 0\r\n\r\n", cases[i].answer);
            write_file(watched, text);
            map_written("/api/v1/pods?field*");
        }
        driver_advance(&driver, AFTER_PASS);
        expect(&driver, cases[i].state, cases[i].detail, 20);
        pthread_mutex_lock(&driver.lock);
        struct ht_str help = driver_source(&driver, "kubernetes")->help;
        if (ht_str_find(help, ht_str_from(cases[i].help), 0) < 0)
            fail_msg("%s: the help is \"%.*s\"", cases[i].detail, HT_STR_ARG(help));
        pthread_mutex_unlock(&driver.lock);
        map("/api/v1/pods?field*", "pods_node_worker-01.http");
        driver_advance(&driver, AFTER_PASS);
        expect(&driver, HT_SOURCE_STATE_OK, "20 pods", 20);
        driver_stop(&driver);
    }
}

static void what_comes_compressed_is_read(void **state)
{
    struct driver driver = {0};

    (void)state;
    map("/api/v1/pods?field*", "pods_gzip.http");
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_OK, "51 pods", 51);
    driver_stop(&driver);
    map("/api/v1/pods?field*", "pods_node_worker-01.http");
}

static void no_right_to_watch_makes_it_partial(void **state)
{
    struct driver driver = {0};

    (void)state;
    map("/api/v1/pods?watch=1*", "403_metrics_sa.http");
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_PART, "no right to watch", 20);
    driver_stop(&driver);
    map("/api/v1/pods?watch=1*", "watch_pods_node.http");
}

static void write_answer(const char *format, ...)
{
    enum { BODY_MAX = 8192, HEAD_MAX = 200 };
    char *body = malloc(BODY_MAX), *text = malloc(BODY_MAX + HEAD_MAX);
    va_list arguments;

    assert_non_null(body);
    assert_non_null(text);
    va_start(arguments, format);
    int len = vsnprintf(body, BODY_MAX, format, arguments);
    va_end(arguments);
    assert_in_range(len, 1, BODY_MAX - 1);
    snprintf(text, BODY_MAX + HEAD_MAX,
             "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
             len, body);
    write_file(watched, text);
    free(text);
    free(body);
}

static void a_continuation_without_measure_is_no_end(void **state)
{
    struct driver driver = {0};
    static char token[4300];

    (void)state;
    memset(token, 'A', sizeof(token) - 1);
    write_answer(
        "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"1\",\"continue\":\"%s\"},"
        "\"items\":[]}",
        token);
    map_written("/api/v1/pods?field*");
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_BROKEN, "a continuation of more than", 0);
    driver_stop(&driver);
    map("/api/v1/pods?field*", "pods_node_worker-01.http");
}

/* Two nodes of the boot id of this host, the second of that name. */
static void write_nodes(const char *second)
{
    char boot[64] = "";
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    assert_non_null(file);
    assert_non_null(fgets(boot, sizeof(boot), file));
    assert_int_equal(fclose(file), 0);
    boot[strcspn(boot, "\n")] = '\0';
    write_answer("{\"kind\":\"NodeList\",\"metadata\":{},\"items\":["
                 "{\"metadata\":{\"name\":\"%s\"},\"status\":{\"nodeInfo\":{\"bootID\":\"%s\"}}},"
                 "{\"metadata\":{\"name\":\"zz\"},\"status\":{\"nodeInfo\":{\"bootID\":\"%s\"}}}]}",
                 second, boot, boot);
    map_written("/api/v1/nodes*");
}

static void nodes_of_one_machine_are_told_by_name(void **state)
{
    struct driver driver = {0};
    char host[65] = "", detail[100];

    (void)state;
    assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
    write_nodes(host);
    snprintf(detail, sizeof(detail), "node %s: 20 pods", host);
    driver_start(&driver, ht_kube_driver(&(struct ht_kube_options){.kubeconfig = config}));
    expect(&driver, HT_SOURCE_STATE_OK, detail, 20);
    driver_stop(&driver);
    driver = (struct driver){0};
    write_nodes("another-node");
    driver_start(&driver, ht_kube_driver(&(struct ht_kube_options){.kubeconfig = config}));
    expect(&driver, HT_SOURCE_STATE_PART, "several nodes have the boot id", 0);
    driver_stop(&driver);
    map("/api/v1/nodes*", "nodes.http");
}

static void a_web_page_is_no_list(void **state)
{
    struct driver driver = {0};

    (void)state;
    tell("fault /api/v1/nodes ", "html");
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_BROKEN, "kubernetes", 0);
    driver_stop(&driver);
    tell("fault /api/v1/nodes ", "ok");
}

static void programs_for_credentials_are_not_run(void **state)
{
    struct driver driver = {0};

    (void)state;
    write_config("exec: {command: /bin/touch, args: [x]}");
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_DENIED, "/bin/touch to make credentials; it was not run", 0);
    driver_stop(&driver);
    write_config("token: made-up");
}

static void start_with_plugin(struct driver *driver)
{
    driver_start(driver, ht_kube_driver(&(struct ht_kube_options){
                             .kubeconfig = config, .node = "worker-01", .exec_credentials = true}));
}

/* A program that makes credentials, beside the kubeconfig. */
static void write_program(const char *text)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/program", folder);
    write_file(path, text);
    assert_int_equal(chmod(path, 0700), 0);
}

static void programs_for_credentials_are_run_when_asked_for(void **state)
{
    struct driver driver = {0};

    (void)state;
    map("/unauthorized", "401_badtoken.http");
    tell("token ", "made-by-it");
    /* Its arguments are words, never a shell's; its environment is what the file says. */
    write_program("#!/bin/sh\n"
                  "[ \"$1\" = 'a b;c' ] && [ \"$WHO\" = me ] && [ -z \"$(cat)\" ] || exit 3\n"
                  "case $KUBERNETES_EXEC_INFO in *'\"v9\"'*) ;; *) exit 4;; esac\n"
                  "echo noise >&2\n"
                  "echo '{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"made-by-it\"}}'\n");
    write_config("exec: {command: ./program, apiVersion: v9, args: ['a b;c'], "
                 "env: [{name: WHO, value: me}]}");
    start_with_plugin(&driver);
    expect(&driver, HT_SOURCE_STATE_OK, "20 pods", 20);
    driver_stop(&driver);
    tell("token", "");
}

static void a_program_is_run_again_when_its_token_is_refused(void **state)
{
    struct driver driver = {0};

    (void)state;
    tell("token ", "first");
    write_program("#!/bin/sh\n"
                  "cd \"${0%/*}\" || exit 3\n"
                  "[ -e ran ] && t=second || t=first\n"
                  ": >ran\n"
                  "echo \"{\\\"status\\\":{\\\"token\\\":\\\"$t\\\"}}\"\n");
    write_config("exec: {command: ./program}");
    start_with_plugin(&driver);
    expect(&driver, HT_SOURCE_STATE_OK, "20 pods", 20);
    tell("token ", "second");
    unsigned before = driver_published(&driver);
    driver_advance(&driver, AFTER_PASS);
    assert_true(driver_wait_published(&driver, before));
    expect(&driver, HT_SOURCE_STATE_OK, "20 pods", 20);
    driver_stop(&driver);
    tell("token", "");
}

static void what_a_program_fails_with_is_told(void **state)
{
    static const struct {
        const char *program, *told;
    } cases[] = {
        {"#!/bin/sh\necho hush >&2\nexit 7\n", "ended with status 7"},
        {"#!/bin/sh\nkill -9 $$\n", "ended with status 137"},
        {"#!/bin/sh\necho hello\n", "no ExecCredential"},
        {"#!/bin/sh\necho '{\"status\":{}}'\n", "neither a token nor"},
        {"#!/nonexistent/shell\n", "program"},
    };

    (void)state;
    write_config("exec: {command: ./program}");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct driver driver = {0};

        write_program(cases[i].program);
        start_with_plugin(&driver);
        expect(&driver, HT_SOURCE_STATE_BROKEN, cases[i].told, 0);
        driver_stop(&driver);
    }
}

/* The end does not wait for it, nor does it outlive us. */
static void a_program_that_hangs_ends_with_us(void **state)
{
    struct driver driver = {0};
    char path[160], text[400];
    struct stat st;

    (void)state;
    snprintf(path, sizeof(path), "%s/began", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(text, sizeof(text), "#!/bin/sh\necho x >%s\nexec tail -f /dev/null\n", path);
    write_program(text);
    write_config("exec: {command: ./program}");
    start_with_plugin(&driver);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, text, 1), 1);
    close(fd);
    driver_stop(&driver);
    assert_int_equal(stat(path, &st), 0);
}

/* ---- tokens ---- */

static void a_token_file_is_read_again_when_its_token_is_refused(void **state)
{
    struct driver driver = {0};
    char path[128], user[200];

    (void)state;
    map("/unauthorized", "401_badtoken.http");
    snprintf(path, sizeof(path), "%s/token", folder);
    snprintf(user, sizeof(user), "tokenFile: %s", path);
    write_file(path, "old\n");
    write_config(user);
    tell("token ", "old");
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_OK, "20 pods", 20);
    write_file(path, "new\n");
    tell("token ", "new");
    unsigned before = driver_published(&driver);
    driver_advance(&driver, AFTER_PASS);
    assert_true(driver_wait_published(&driver, before));
    expect(&driver, HT_SOURCE_STATE_OK, "20 pods", 20);
    driver_stop(&driver);
    tell("token", "");
}

/* The watch is refused; the list that follows gets the new token, and so does the next watch. */
static void a_watch_that_is_refused_gets_a_new_token(void **state)
{
    struct driver driver = {0};
    char path[128], user[200];

    (void)state;
    snprintf(path, sizeof(path), "%s/token", folder);
    snprintf(user, sizeof(user), "tokenFile: %s", path);
    write_file(path, "new\n");
    write_config(user);
    tell("token ", "new");
    map("/api/v1/pods?watch=1*", "401_badtoken.http");
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_OK, "20 pods", 20);
    unsigned before = driver_published(&driver);
    assert_true(driver_wait_published(&driver, before));
    expect(&driver, HT_SOURCE_STATE_OK, "20 pods", 20);
    map("/api/v1/pods?watch=1*", "watch_pods_node.http");
    driver_stop(&driver);
    tell("token", "");
    write_config("token: made-up");
}

/* The recorded refusal is of another day than the driver's clock. */
static void a_clock_that_is_wrong_is_told_with_a_refusal(void **state)
{
    struct driver driver = {0};

    (void)state;
    map("/version", "401_badtoken.http");
    start(&driver);
    expect(&driver, HT_SOURCE_STATE_DENIED, "the clock here is ", 0);
    driver_stop(&driver);
    map("/version", "version.http");
}

static void a_missing_kubeconfig_is_told(void **state)
{
    struct driver driver = {0};

    (void)state;
    driver_start(&driver,
                 ht_kube_driver(&(struct ht_kube_options){.kubeconfig = "/nonexistent/config"}));
    expect(&driver, HT_SOURCE_STATE_BROKEN, "/nonexistent/config", 0);
    driver_stop(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pods_of_the_node_are_listed),
        cmocka_unit_test(the_watch_adds_and_takes_away),
        cmocka_unit_test(an_expired_watch_lists_again),
        cmocka_unit_test(a_right_that_is_missing_makes_it_partial),
        cmocka_unit_test(metrics_are_read_where_that_is_allowed),
        cmocka_unit_test(tools_that_keep_secrets_are_told),
        cmocka_unit_test(ingresses_tell_what_they_serve_without_tls),
        cmocka_unit_test(no_right_to_ingresses_leaves_them_unknown_and_names_the_verb),
        cmocka_unit_test(no_right_to_pods_is_denied),
        cmocka_unit_test(a_bad_token_is_told),
        cmocka_unit_test(too_many_requests_are_waited_for),
        cmocka_unit_test(what_was_seen_stays_when_the_server_fails),
        cmocka_unit_test(a_continuation_that_expired_starts_over),
        cmocka_unit_test(failures_are_told_apart_and_take_nothing_away),
        cmocka_unit_test(what_comes_compressed_is_read),
        cmocka_unit_test(no_right_to_watch_makes_it_partial),
        cmocka_unit_test(a_continuation_without_measure_is_no_end),
        cmocka_unit_test(nodes_of_one_machine_are_told_by_name),
        cmocka_unit_test(a_web_page_is_no_list),
        cmocka_unit_test(programs_for_credentials_are_not_run),
        cmocka_unit_test(programs_for_credentials_are_run_when_asked_for),
        cmocka_unit_test(a_program_is_run_again_when_its_token_is_refused),
        cmocka_unit_test(what_a_program_fails_with_is_told),
        cmocka_unit_test(a_program_that_hangs_ends_with_us),
        cmocka_unit_test(a_token_file_is_read_again_when_its_token_is_refused),
        cmocka_unit_test(a_watch_that_is_refused_gets_a_new_token),
        cmocka_unit_test(a_clock_that_is_wrong_is_told_with_a_refusal),
        cmocka_unit_test(a_missing_kubeconfig_is_told),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
