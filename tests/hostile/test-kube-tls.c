/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Kubernetes source over TLS: certificates that stand in the kubeconfig itself, against openssl
 * s_server, which answers with recorded files. */
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/mem.h"
#include "driver.h"

static char folder[64], config[128], answers[512];
static pid_t server;
static unsigned port;

static const char *at(const char *name)
{
    static char paths[8][256];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

/* Starts openssl with these arguments in the folder of answers. */
static pid_t openssl(const char *const *arguments)
{
    pid_t pid = fork();

    if (pid == 0) {
        int log = open(at("log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        /* s_server ends with its input. */
        int input = open("/dev/zero", O_RDONLY | O_CLOEXEC);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(input, STDIN_FILENO);
        dup2(log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        /* Before there is a folder only its version is asked. */
        if (strcmp(folder, "/nonexistent") == 0 || chdir(folder) == 0)
            execvp("openssl", (char *const *)(const void *)arguments);
        _exit(127);
    }
    return pid;
}

static int make_certificate(const char *name)
{
    char key[32], certificate[32];
    const char *arguments[] = {"openssl",
                               "req",
                               "-x509",
                               "-newkey",
                               "ec",
                               "-pkeyopt",
                               "ec_paramgen_curve:P-256",
                               "-nodes",
                               "-keyout",
                               key,
                               "-out",
                               certificate,
                               "-subj",
                               "/CN=test",
                               "-days",
                               "2",
                               "-addext",
                               "subjectAltName=IP:127.0.0.1",
                               NULL};
    int status = 1;

    snprintf(key, sizeof(key), "%s.key", name);
    snprintf(certificate, sizeof(certificate), "%s.pem", name);
    waitpid(openssl(arguments), &status, 0);
    return status;
}

static int run(const char *const *arguments)
{
    int status = 1;

    waitpid(openssl(arguments), &status, 0);
    return status;
}

/* NAME.pem, which ended yesterday, with its key; issuer NULL: its own. */
static int make_expired(const char *name, const char *issuer)
{
    char key[32], request[32], certificate[32], ca[32], ca_key[32];
    FILE *file = fopen(at("extensions"), "we");

    assert_non_null(file);
    assert_true(fputs("subjectAltName=IP:127.0.0.1\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    snprintf(key, sizeof(key), "%s.key", name);
    snprintf(request, sizeof(request), "%s.csr", name);
    snprintf(certificate, sizeof(certificate), "%s.pem", name);
    snprintf(ca, sizeof(ca), "%s.pem", issuer ? issuer : "");
    snprintf(ca_key, sizeof(ca_key), "%s.key", issuer ? issuer : "");
    const char *ask[] = {
        "openssl", "req",     "-new", "-newkey", "ec",    "-pkeyopt", "ec_paramgen_curve:P-256",
        "-nodes",  "-keyout", key,    "-out",    request, "-subj",    "/CN=test",
        NULL};
    const char *sign[24] = {"openssl", "x509",      "-req",     "-in",       request,
                            "-out",    certificate, "-extfile", "extensions"};
    size_t len = 9;

    sign[len++] = issuer ? "-CA" : "-signkey";
    sign[len++] = issuer ? ca : key;
    if (issuer) {
        sign[len++] = "-CAkey";
        sign[len++] = ca_key;
        sign[len++] = "-CAcreateserial";
    }
    /* openssl 3.4 and later refuse an end before the beginning, and take both as dates. */
    static const char *const times[][4] = {
        {"-days", "-1"}, {"-not_before", "20200101000000Z", "-not_after", "20210101000000Z"}};
    int failed = run(ask);

    for (size_t i = 0; i < ARRAY_LEN(times) && !failed; i++) {
        memcpy(sign + len, times[i], sizeof(times[i]));
        if (run(sign) == 0)
            return 0;
    }
    print_message("SKIP kube-tls: openssl makes no certificate that has ended\n");
    return -1;
}

/* A port that nobody has a moment later; good enough for a loopback server of a test. */
static unsigned free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* The answer to a request is the file of its whole path. */
static void answer(const char *target, const char *file)
{
    char from[700];

    snprintf(from, sizeof(from), "%s/%s", answers, file);
    assert_int_equal(symlink(from, at(target)), 0);
}

static void add_base64(struct ht_buf *out, const char *path)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char bytes[8192] = {0};
    FILE *in = fopen(path, "re");

    assert_non_null(in);
    size_t len = fread(bytes, 1, sizeof(bytes) - 3, in);
    fclose(in);
    for (size_t i = 0; i < len; i += 3) {
        unsigned three = (unsigned)bytes[i] << 16 | (unsigned)bytes[i + 1] << 8 | bytes[i + 2];

        ht_buf_add_c(out, digits[three >> 18]);
        ht_buf_add_c(out, digits[three >> 12 & 63]);
        ht_buf_add_c(out, i + 1 < len ? digits[three >> 6 & 63] : '=');
        ht_buf_add_c(out, i + 2 < len ? digits[three & 63] : '=');
    }
}

/* ca NULL: the server is not verified; client NULL: no certificate is shown. */
static void write_config(const char *ca, const char *client)
{
    struct ht_buf text = HT_BUF(65536);
    char name[32];

    ht_buf_addf(&text,
                "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
                "clusters:\n- name: c\n  cluster:\n    server: https://127.0.0.1:%u\n",
                port);
    if (ca) {
        ht_buf_add_text(&text, "    certificate-authority-data: ");
        add_base64(&text, at(ca));
    } else {
        ht_buf_add_text(&text, "    insecure-skip-tls-verify: true");
    }
    ht_buf_add_text(&text, "\nusers:\n- name: u\n  user:\n    token: made-up\n");
    if (client) {
        snprintf(name, sizeof(name), "%s.pem", client);
        ht_buf_add_text(&text, "    client-certificate-data: ");
        add_base64(&text, at(name));
        snprintf(name, sizeof(name), "%s.key", client);
        ht_buf_add_text(&text, "\n    client-key-data: ");
        add_base64(&text, at(name));
        ht_buf_add_c(&text, '\n');
    }
    FILE *file = fopen(config, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
    ht_buf_fini(&text);
}

static void serve(const char *name);

static int set_up(void **state)
{
    const char *tmp = getenv("TMPDIR"), *srcdir = getenv("HT_SRCDIR");

    (void)state;
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    snprintf(folder, sizeof(folder), "%s/kubetls.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    snprintf(config, sizeof(config), "%s/config", folder);
    char *here = realpath(srcdir ? srcdir : ".", NULL);
    assert_non_null(here);
    snprintf(answers, sizeof(answers), "%s/tests/fixtures/kubernetes", here);
    free(here);
    mkdir(at("api"), 0700);
    mkdir(at("api/v1"), 0700);
    mkdir(at("apis"), 0700);
    mkdir(at("apis/node.k8s.io"), 0700);
    mkdir(at("apis/node.k8s.io/v1"), 0700);
    answer("version", "version.http");
    answer("api/v1/nodes?&limit=250", "nodes.http");
    answer("api/v1/namespaces?&limit=250", "namespaces.http");
    answer("apis/node.k8s.io/v1/runtimeclasses?&limit=250", "runtimeclasses.http");
    mkdir(at("apis/rbac.authorization.k8s.io"), 0700);
    mkdir(at("apis/rbac.authorization.k8s.io/v1"), 0700);
    answer("apis/rbac.authorization.k8s.io/v1/clusterroles?&limit=250", "clusterroles.http");
    answer("apis/rbac.authorization.k8s.io/v1/roles?&limit=250", "roles.http");
    answer("apis/rbac.authorization.k8s.io/v1/clusterrolebindings?&limit=250",
           "clusterrolebindings.http");
    answer("apis/rbac.authorization.k8s.io/v1/rolebindings?&limit=250", "rolebindings.http");
    answer("api/v1/pods?fieldSelector=spec.nodeName%3Dworker-01&limit=250",
           "pods_node_worker-01.http");
    if (make_certificate("server") || make_certificate("client") || make_certificate("other"))
        return -1;
    port = free_port();
    serve("server");
    return server > 0 ? 0 : -1;
}

/* Starts the server, which shows NAME.pem. */
static void serve(const char *name)
{
    char number[16], certificate[32], key[32];

    snprintf(number, sizeof(number), "%u", port);
    snprintf(certificate, sizeof(certificate), "%s.pem", name);
    snprintf(key, sizeof(key), "%s.key", name);
    const char *arguments[] = {"openssl",
                               "s_server",
                               "-accept",
                               number,
                               "-cert",
                               certificate,
                               "-key",
                               key,
                               "-Verify",
                               "2",
                               "-CAfile",
                               "client.pem",
                               "-verify_return_error",
                               "-HTTP",
                               NULL};
    server = openssl(arguments);
}

static void end_server(void)
{
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
}

static int tear_down(void **state)
{
    (void)state;
    end_server();
    pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", "--", folder, (char *)NULL);
        _exit(127);
    }
    return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

/* ---- tests ---- */

struct wanted {
    enum ht_source_state state;
    size_t pods;
    const char *detail; /* somewhere in it; NULL: anything */
};

static bool is_told(struct driver *driver, void *context)
{
    const struct wanted *wanted = context;
    const struct ht_row *row =
        driver->sample ? ht_node_find(driver->sample, HT_TABLE_SOURCE, HT_S("kubernetes")) : NULL;

    return row && ht_source_of(row)->state == wanted->state &&
           (!wanted->detail ||
            ht_str_find(ht_source_of(row)->detail, ht_str_from(wanted->detail), 0) >= 0) &&
           ht_node_set(driver->sample, HT_TABLE_POD)->len == wanted->pods;
}

/* The server may not listen yet: then it is tried again, on the driver's clock. */
static bool is_refused(struct driver *driver, void *context)
{
    const struct ht_row *row =
        driver->sample ? ht_node_find(driver->sample, HT_TABLE_SOURCE, HT_S("kubernetes")) : NULL;

    (void)context;
    return row && ht_source_of(row)->state == HT_SOURCE_STATE_BROKEN &&
           ht_str_find(ht_source_of(row)->detail, HT_S("refused"), 0) >= 0;
}

static bool is_anything(struct driver *driver, void *context)
{
    (void)context;
    return driver->sample != NULL;
}

static void expect_saying(enum ht_source_state state, size_t pods, const char *detail,
                          int64_t ahead_ns)
{
    struct driver driver = {.wall_ahead_ns = ahead_ns};
    struct wanted wanted = {.state = state, .pods = pods, .detail = detail};

    driver_start(&driver, ht_kube_driver(&(struct ht_kube_options){.kubeconfig = config,
                                                                   .node = "worker-01"}));
    assert_true(driver_wait(&driver, is_anything, NULL));
    for (unsigned tries = 0; tries < 200; tries++) {
        pthread_mutex_lock(&driver.lock);
        bool refused = is_refused(&driver, NULL);
        pthread_mutex_unlock(&driver.lock);

        if (!refused)
            break;
        driver_advance(&driver, 100 * HT_NS_PER_S);
    }
    if (!driver_wait(&driver, is_told, &wanted)) {
        const struct ht_row *row =
            driver.sample ? ht_node_find(driver.sample, HT_TABLE_SOURCE, HT_S("kubernetes")) : NULL;

        fail_msg("%.*s", row ? (int)ht_source_of(row)->detail.len : 0,
                 row ? ht_source_of(row)->detail.data : "");
    }
    driver_stop(&driver);
}

static void expect(enum ht_source_state state, size_t pods)
{
    expect_saying(state, pods, NULL, 0);
}

static void certificates_of_the_kubeconfig_are_used(void **state)
{
    (void)state;
    write_config("server.pem", "client");
    expect(HT_SOURCE_STATE_OK, 20);
}

static void another_authority_is_not_believed(void **state)
{
    (void)state;
    write_config("other.pem", "client");
    expect(HT_SOURCE_STATE_BROKEN, 0);
}

static void a_server_that_is_not_to_be_verified_is(void **state)
{
    (void)state;
    write_config(NULL, "client");
    expect(HT_SOURCE_STATE_OK, 20);
}

static void a_client_without_its_certificate_is_refused(void **state)
{
    (void)state;
    write_config("server.pem", NULL);
    expect(HT_SOURCE_STATE_BROKEN, 0);
}

static void an_authority_that_has_ended_is_told(void **state)
{
    (void)state;
    if (make_expired("expired", NULL))
        skip();
    end_server();
    serve("expired");
    write_config("expired.pem", "client");
    expect_saying(HT_SOURCE_STATE_BROKEN, 0, "the authority's certificate (/CN=test) ended 20", 0);
    end_server();
    serve("server");
}

static void a_servers_certificate_that_has_ended_is_told(void **state)
{
    (void)state;
    if (make_expired("late", "server"))
        skip();
    end_server();
    serve("late");
    write_config("server.pem", "client");
    expect_saying(HT_SOURCE_STATE_BROKEN, 0, "the API server's certificate (/CN=test) ended 20", 0);
    end_server();
    serve("server");
}

static void a_clients_certificate_that_has_ended_is_told(void **state)
{
    (void)state;
    if (make_expired("old", "client"))
        skip();
    write_config("server.pem", "old");
    expect_saying(HT_SOURCE_STATE_BROKEN, 0, "the client certificate (/CN=test) ended 20", 0);
}

static void a_clock_that_is_behind_is_told(void **state)
{
    (void)state;
    write_config("other.pem", "client");
    expect_saying(HT_SOURCE_STATE_BROKEN, 0,
                  "the client certificate (/CN=test) is not valid before 20",
                  -240 * 3600 * HT_NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_of_the_kubeconfig_are_used),
        cmocka_unit_test(another_authority_is_not_believed),
        cmocka_unit_test(a_server_that_is_not_to_be_verified_is),
        cmocka_unit_test(a_client_without_its_certificate_is_refused),
        cmocka_unit_test(an_authority_that_has_ended_is_told),
        cmocka_unit_test(a_servers_certificate_that_has_ended_is_told),
        cmocka_unit_test(a_clients_certificate_that_has_ended_is_told),
        cmocka_unit_test(a_clock_that_is_behind_is_told),
    };
    int status = 1;

    memcpy(folder, "/nonexistent", sizeof("/nonexistent"));
    waitpid(openssl((const char *const[]){"openssl", "version", NULL}), &status, 0);
    if (status) {
        printf("SKIP hostile/test-kube-tls: openssl: the program is not installed\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
