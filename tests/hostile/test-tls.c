/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The HTTP client against a TLS server that wants a client certificate (openssl s_server). */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/http.h"
#include "hulltop/base/mem.h"

static char folder[128];
static char url[64];
static pid_t server;

static const char *at(const char *name)
{
    static char paths[8][256];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

/* Starts a program with these arguments; its output goes to a file. */
static pid_t run(const char *const *arguments)
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
        execvp(arguments[0], (char *const *)(const void *)arguments);
        _exit(127);
    }
    return pid;
}

/* A self-signed certificate that names 127.0.0.1; each has a name of its own, by which a folder's
 * are found. */
static int make_certificate(const char *key, const char *certificate)
{
    char name[64];
    const char *const arguments[] = {"openssl",
                                     "req",
                                     "-x509",
                                     "-newkey",
                                     "ec",
                                     "-pkeyopt",
                                     "ec_paramgen_curve:P-256",
                                     "-nodes",
                                     "-keyout",
                                     at(key),
                                     "-out",
                                     at(certificate),
                                     "-subj",
                                     name,
                                     "-days",
                                     "2",
                                     "-addext",
                                     "subjectAltName=IP:127.0.0.1",
                                     NULL};
    int status = 1;

    snprintf(name, sizeof(name), "/CN=%s", certificate);
    waitpid(run(arguments), &status, 0);
    return status;
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

static int get(const char *ca, const char *certificate, const char *key, struct ht_error *err)
{
    struct ht_http_options options = {.url = url,
                                      .ca_file = ca ? at(ca) : NULL,
                                      .cert_file = certificate ? at(certificate) : NULL,
                                      .key_file = key ? at(key) : NULL,
                                      .connect_ms = 60000,
                                      .total_ms = 60000};
    struct ht_http *http = ht_http_new(&options, err);
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    int r = http ? ht_http_get(http, "/", &answer, err) : -err->code;

    ht_http_free(http);
    return r == 0 ? answer.status : r;
}

static int start(void **state)
{
    const char *tmp = getenv("TMPDIR");
    char accept[32];
    struct ht_error err = {.code = 0};
    int r = -ECONNREFUSED;

    (void)state;
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    snprintf(folder, sizeof(folder), "%s/tls.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder) || make_certificate("key", "cert") || make_certificate("key2", "cert2"))
        return -1;
    snprintf(accept, sizeof(accept), "127.0.0.1:%u", free_port());
    snprintf(url, sizeof(url), "https://%s", accept);

    const char *const arguments[] = {
        "openssl", "s_server", "-accept", accept, "-cert",   at("cert"),  "-key",
        at("key"), "-www",     "-Verify", "1",    "-CAfile", at("cert2"), "-verify_return_error",
        "-quiet",  NULL};
    server = run(arguments);
    while (r == -ECONNREFUSED && waitpid(server, NULL, WNOHANG) == 0)
        r = get("cert", "cert2", "key2", &err);
    return r == -ECONNREFUSED ? -1 : 0;
}

static int stop(void **state)
{
    static const char *const names[] = {"key", "cert", "key2", "cert2", "log"};
    const char *const remove[] = {"rm", "-rf", at("store"), NULL};

    (void)state;
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    waitpid(run(remove), NULL, 0);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        unlink(at(names[i]));
    return rmdir(folder);
}

static void the_right_certificates_are_let_in(void **state)
{
    struct ht_error err = {.code = 0};
    int r = get("cert", "cert2", "key2", &err);

    (void)state;
    if (r != 200)
        fail_msg("%d %s", r, err.text);
}

static void assert_rejected(const char *ca, const char *certificate, const char *key)
{
    struct ht_error err = {.code = 0};

    assert_int_equal(get(ca, certificate, key, &err), -EKEYREJECTED);
    assert_non_null(strstr(err.text, "TLS failed: "));
}

static void wrong_certificates_are_refused_by_either_side(void **state)
{
    (void)state;
    assert_rejected(NULL, "cert2", "key2");
    assert_rejected("cert2", "cert2", "key2");
    assert_rejected("none", "cert2", "key2");
    assert_rejected("cert", "cert2", "key");
    assert_rejected("cert", "cert", "key");
    assert_rejected("cert", NULL, NULL);
}

/* The system's certificates, as this process sees them: the file has the client's, the folder the
 * server's. */
static bool take_system_store(void)
{
    int spaces = CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER);

    return unshare(spaces) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount(at("store"), "/etc/ssl/certs", NULL, MS_BIND, NULL) == 0;
}

static void make_system_store(void)
{
    const char *const file[] = {
        "openssl", "x509", "-in", at("cert2"), "-out", at("store/ca-certificates.crt"), NULL};
    const char *const member[] = {
        "openssl", "x509", "-in", at("cert"), "-out", at("store/server.pem"), NULL};
    const char *const hash[] = {"openssl", "rehash", at("store"), NULL};
    int status = 1;

    assert_int_equal(mkdir(at("store"), 0755), 0);
    waitpid(run(file), &status, 0);
    assert_int_equal(status, 0);
    waitpid(run(member), &status, 0);
    assert_int_equal(status, 0);
    waitpid(run(hash), &status, 0);
    assert_int_equal(status, 0);
}

enum { TRUSTED_GIVEN_ONLY, TRUSTED_BOTH, NO_MOUNT, NO_FOLDER };

static void a_named_certificate_is_the_only_one_that_is_trusted(void **state)
{
    struct ht_error err = {.code = 0};
    int status = 1;

    (void)state;
    make_system_store();
    pid_t pid = fork();
    if (pid == 0) {
        if (!take_system_store())
            _exit(NO_MOUNT);
        if (get(NULL, "cert2", "key2", &err) != 200)
            _exit(NO_FOLDER);
        _exit(get("cert2", "cert2", "key2", &err) == -EKEYREJECTED ? TRUSTED_GIVEN_ONLY
                                                                   : TRUSTED_BOTH);
    }
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_MOUNT || WEXITSTATUS(status) == NO_FOLDER) {
        printf("SKIP hostile/test-tls: the system's folder: %s\n",
               WEXITSTATUS(status) == NO_MOUNT ? "no mounts here" : "libcurl looks elsewhere");
        return;
    }
    assert_int_equal(WEXITSTATUS(status), TRUSTED_GIVEN_ONLY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_certificates_are_let_in),
        cmocka_unit_test(wrong_certificates_are_refused_by_either_side),
        cmocka_unit_test(a_named_certificate_is_the_only_one_that_is_trusted),
    };
    const char *const version[] = {"openssl", "version", NULL};
    int status = 1;

    memcpy(folder, "/nonexistent", sizeof("/nonexistent"));
    waitpid(run(version), &status, 0);
    if (status != 0) {
        printf("SKIP hostile/test-tls: openssl: the program is not installed\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, start, stop);
}
