/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The HTTP client against the misbehaving peer, mode by mode. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/tree.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/http.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "peer-client.h"

static struct peer_client peer;
static char answers[64];

static void write_answer(const char *name, const char *text)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", answers, name);
    ht_test_write_file(path, text);
}

static int start(void **state)
{
    const char *tmp = getenv("TMPDIR");
    const char *const arguments[] = {"--answers", answers, "--events", NULL, "--api", "1.41", NULL};
    const char *copy[ARRAY_LEN(arguments)];
    static char events[128];

    (void)state;
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    snprintf(answers, sizeof(answers), "%s/answers.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(answers));
    write_answer("map", "/info info.json\n/containers/* one.json\n/moved moved.http\n"
                        "/containers/json list.json\n/odd odd.json 418\n");
    write_answer("info.json", "{\"Name\":\"node-1\"}");
    write_answer("one.json", "{\"Id\":\"1\"}");
    write_answer("list.json", "[{\"Id\":\"1\"}]");
    write_answer("odd.json", "{}");
    write_answer("moved.http", "HTTP/1.1 302 Found\r\nLocation: http://localhost/info\r\n"
                               "Content-Length: 0\r\n\r\n");
    write_answer("events", "{\"n\":1}\n{\"n\":2}\n");
    snprintf(events, sizeof(events), "%s/events", answers);
    memcpy(copy, arguments, sizeof(copy));
    copy[3] = events;
    peer_start(&peer, 0, copy);
    return 0;
}

static int stop(void **state)
{
    static const char *const names[] = {"map",      "info.json",  "one.json", "list.json",
                                        "odd.json", "moved.http", "events"};
    char path[128];

    (void)state;
    peer_stop(&peer);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", answers, names[i]);
        unlink(path);
    }
    return rmdir(answers);
}

/* Long where an answer must come, whatever the load; short where one may not; between where its
 * first byte must come and its last may not, or where others must be answered meanwhile. */
enum patience { PATIENT, BRIEF_TOTAL, BRIEF_STALL, SOME_TOTAL, SOME_STALL };
enum { QUEUE_MAX = 64 };

static struct ht_http *client(enum patience patience)
{
    struct ht_error err = {.code = 0};
    struct ht_http_options options = {
        .socket_path = peer.socket,
        .connect_ms = 60000,
        .total_ms = patience == BRIEF_TOTAL  ? 600
                    : patience == SOME_TOTAL ? 3000
                                             : 60000,
        .stall_ms = patience == BRIEF_STALL  ? 150
                    : patience == SOME_STALL ? 3000
                                             : 60000,
    };
    struct ht_http *http = ht_http_new(&options, &err);

    if (!http)
        fail_msg("%s", err.text);
    return http;
}

static void assert_answer(struct ht_http *http, const char *path, int status, const char *body)
{
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    struct ht_error err = {.code = 0};

    if (ht_http_get(http, path, &answer, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(answer.status, status);
    if (body)
        assert_string_equal(ht_buf_str(&answer.body).data, body);
}

/* One request in a mode must fail so, with these words; afterwards the same client works again. */
static void assert_fails(enum patience patience, const char *mode, int code, const char *words)
{
    struct ht_http *http = client(patience);
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    struct ht_error err = {.code = 0};

    peer_tell(&peer, mode, NULL, 0);
    assert_int_equal(ht_http_get(http, "/v1.41/info", &answer, &err), -code);
    assert_int_equal(err.code, code);
    if (!strstr(err.text, words) || !strstr(err.text, peer.socket))
        fail_msg("\"%s\" does not say \"%s\"", err.text, words);
    peer_tell(&peer, "mode ok", NULL, 0);
    ht_http_free(http);
    http = client(PATIENT);
    assert_answer(http, "/v1.41/info", 200, "{\"Name\":\"node-1\"}");
    ht_http_free(http);
}

static void an_answer_has_status_headers_and_body(void **state)
{
    struct ht_http *http = client(PATIENT);
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;

    (void)state;
    assert_int_equal(ht_http_get(http, "/v1.41/info", &answer, NULL), 0);
    assert_int_equal(answer.status, 200);
    assert_false(answer.reused);
    assert_true(answer.duration_ns > 0);
    assert_true(ht_str_is(ht_http_header(&answer, "api-VERSION"), "1.41"));
    assert_true(ht_str_is(ht_http_header(&answer, "Content-Type"), "application/json"));
    assert_int_equal(ht_http_header(&answer, "Content").len, 0);
    assert_string_equal(answer.body.data, "{\"Name\":\"node-1\"}");
    assert_int_equal(ht_http_get(http, "/v1.41/containers/json?all=1", &answer, NULL), 0);
    assert_true(answer.reused);
    assert_string_equal(answer.body.data, "[{\"Id\":\"1\"}]");
    assert_answer(http, "/v1.41/containers/abc/json", 200, "{\"Id\":\"1\"}");
    assert_answer(http, "/odd", 418, "{}");
    assert_answer(http, "/nothing", 404, NULL);
    assert_answer(http, "/v1.99/info", 400, NULL);
    assert_answer(http, "/v1.11/info", 400, NULL);
    assert_answer(http, "/_ping", 200, "OK");
    ht_http_free(http);
}

static void a_request_can_have_method_headers_and_body(void **state)
{
    static const char *const headers[] = {"Content-Type: application/json", "X-One: 1", NULL};
    struct ht_http *http = client(PATIENT);
    struct ht_http_request request = {.path = "/info", .headers = headers, .body = HT_STR("{}")};
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    char seen[4096];

    (void)state;
    peer_tell(&peer, "requests", seen, sizeof(seen));
    assert_int_equal(ht_http_send(http, &request, &answer, NULL), 0);
    request.body = (struct ht_str)HT_STR("");
    request.method = "DELETE";
    assert_int_equal(ht_http_send(http, &request, &answer, NULL), 0);
    /* The body of the first did not become a request of its own, nor the second's. */
    assert_true(answer.reused);
    peer_tell(&peer, "requests", seen, sizeof(seen));
    assert_string_equal(seen, "POST /info HTTP/1.1\nDELETE /info HTTP/1.1\n");
    ht_http_free(http);
}

static void framings_give_the_same_body(void **state)
{
    static const char *const modes[] = {"mode chunked", "mode bare", "mode close", "mode gone",
                                        "mode drip 1"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        struct ht_http *http = client(PATIENT);

        peer_tell(&peer, modes[i], NULL, 0);
        /* Twice: the second finds the kept connection closed, if it was. */
        assert_answer(http, "/v1.41/info", 200, "{\"Name\":\"node-1\"}");
        assert_answer(http, "/v1.41/info", 200, "{\"Name\":\"node-1\"}");
        ht_http_free(http);
    }
    peer_tell(&peer, "mode ok", NULL, 0);
}

static void a_redirect_is_not_followed(void **state)
{
    struct ht_http *http = client(PATIENT);

    (void)state;
    assert_answer(http, "/moved", 302, "");
    ht_http_free(http);
}

static void a_web_page_is_an_answer_of_another_type(void **state)
{
    struct ht_http *http = client(PATIENT);
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;

    (void)state;
    peer_tell(&peer, "mode html", NULL, 0);
    assert_int_equal(ht_http_get(http, "/info", &answer, NULL), 0);
    assert_true(ht_str_is(ht_http_header(&answer, "Content-Type"), "text/html"));
    peer_tell(&peer, "mode status 503", NULL, 0);
    assert_answer(http, "/info", 503, "{\"message\":\"no luck\"}");
    peer_tell(&peer, "mode ok", NULL, 0);
    ht_http_free(http);
}

static void a_daemon_that_never_answers_is_named_so(void **state)
{
    (void)state;
    assert_fails(BRIEF_TOTAL, "mode mute", ETIMEDOUT,
                 "accepts connections; no answer within 600 ms");
}

static void a_daemon_that_stops_midway_is_named_so(void **state)
{
    (void)state;
    assert_fails(BRIEF_STALL, "mode stall", ETIMEDOUT,
                 "in the middle of its answer; no byte within 150");
    assert_fails(BRIEF_STALL, "mode long", ETIMEDOUT,
                 "in the middle of its answer; no byte within 150");
}

static void a_daemon_that_drips_is_cut_off(void **state)
{
    (void)state;
    assert_fails(SOME_TOTAL, "mode drip 60", ETIMEDOUT, "too slowly; not complete within 3 s");
    assert_fails(SOME_TOTAL, "mode drip 400", ETIMEDOUT, "no answer within 3 s");
}

static void a_closed_connection_is_named_so(void **state)
{
    (void)state;
    assert_fails(PATIENT, "mode cut", ECONNRESET, "in the middle of an answer");
    assert_fails(PATIENT, "mode drop", ECONNRESET, "without an answer");
}

static void what_is_not_http_is_named_so(void **state)
{
    (void)state;
    assert_fails(PATIENT, "mode nonsense", EPROTO, "does not speak HTTP");
    assert_fails(PATIENT, "mode badchunk", EPROTO, "does not speak HTTP");
}

static void too_much_is_cut_off(void **state)
{
    (void)state;
    assert_fails(PATIENT, "mode oversize", EFBIG, "more than 67108864 bytes");
    assert_fails(PATIENT, "mode headers", EFBIG, "bytes of headers");
}

static void an_endless_body_takes_no_more_than_its_limit(void **state)
{
    struct ht_http *http = client(PATIENT);
    struct ht_http_request request = {.path = "/info", .body_max = 100000};
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    struct ht_error err;

    (void)state;
    peer_tell(&peer, "mode endless", NULL, 0);
    assert_int_equal(ht_http_send(http, &request, &answer, &err), -EFBIG);
    assert_int_equal(answer.body.len, 100000);
    assert_true(answer.body.cap <= 200000);
    peer_tell(&peer, "mode ok", NULL, 0);
    assert_answer(http, "/info", 200, NULL);
    ht_http_free(http);
}

static void a_body_shorter_than_sent_does_not_spoil_the_next(void **state)
{
    struct ht_http *http = client(PATIENT);
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;

    (void)state;
    peer_tell(&peer, "mode short", NULL, 0);
    assert_answer(http, "/info", 200, "{\"Name\":\"node-1\"");
    peer_tell(&peer, "mode ok", NULL, 0);
    /* The byte that was left over may cost one request, with an error. */
    int r = ht_http_get(http, "/info", &answer, NULL);
    assert_true(r == -EPROTO || (r == 0 && answer.body.len == 17));
    assert_answer(http, "/info", 200, "{\"Name\":\"node-1\"}");
    ht_http_free(http);
}

static int get_from(const char *socket_path, const char *url, struct ht_error *err)
{
    struct ht_http_options options = {.socket_path = socket_path,
                                      .url = url,
                                      .connect_ms = 60000,
                                      .total_ms = 60000,
                                      .stall_ms = 60000};
    struct ht_http *http = ht_http_new(&options, err);
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    int r = http ? ht_http_get(http, "/info", &answer, err) : -err->code;

    ht_http_free(http);
    return r;
}

static void bind_only(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(strlen(path) < sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
}

static void missing_and_dead_sockets_are_told_apart(void **state)
{
    char path[128];
    char plain[128];
    struct ht_error err;

    (void)state;
    snprintf(path, sizeof(path), "%s/none", answers);
    assert_int_equal(get_from(path, NULL, &err), -ENOENT);
    assert_non_null(strstr(err.text, "no such socket"));
    bind_only(path);
    assert_int_equal(get_from(path, NULL, &err), -ECONNREFUSED);
    assert_non_null(strstr(err.text, "nobody listens"));
    snprintf(plain, sizeof(plain), "%s/info.json", answers);
    assert_int_equal(get_from(plain, NULL, &err), -ENOTSOCK);
    assert_non_null(strstr(err.text, "is a file and no socket"));
    assert_int_equal(get_from(answers, NULL, &err), -ENOTSOCK);
    assert_non_null(strstr(err.text, "is a directory and no socket"));
    unlink(path);
}

/* Also where libcurl itself cannot be opened for want of them: it would count as missing. */
static void too_few_files_are_named_so(void **state)
{
    const struct ht_http_options options = {.socket_path = peer.socket};
    struct rlimit limit, none;
    struct ht_error err = {0};

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){.rlim_cur = 3, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct ht_http *http = ht_http_new(&options, &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_null(http);
    assert_int_equal(err.code, EMFILE);
    assert_non_null(strstr(err.text, "hulltop may open 3 files, no more"));
}

static void a_socket_without_permission_says_what_helps(void **state)
{
    int status = 0;

    (void)state;
    assert_int_equal(chmod(peer.socket, 0), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct ht_error err = {.code = 0};
        int bad = geteuid() == 0 && (chmod(peer.directory, 0711) || setgid(65534) || setuid(65534));

        bad = bad || get_from(peer.socket, NULL, &err) != -EACCES || !strstr(err.text, "its group");
        if (bad)
            fprintf(stderr, "%s\n", err.text);
        _exit(bad);
    }
    waitpid(pid, &status, 0);
    assert_int_equal(chmod(peer.socket, 0600), 0);
    assert_int_equal(status, 0);
}

/* Connects until the queue is full; how many descriptors there are then. */
static size_t fill_queue(int *fds, size_t n)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", peer.socket);
    for (; n < QUEUE_MAX; n++) {
        fds[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (connect(fds[n], (const struct sockaddr *)&address, sizeof(address)) < 0)
            return n + 1;
    }
    fail_msg("the queue takes more than %d", QUEUE_MAX);
    return n;
}

static void a_full_queue_is_a_timeout(void **state)
{
    int fds[QUEUE_MAX];
    size_t n = 0;
    struct ht_error err = {.code = 0};
    int r = 0;

    (void)state;
    peer_tell(&peer, "mode deaf", NULL, 0);
    /* The accept that was under way when it was told may still make room, once. */
    for (int tries = 0; tries < 3 && (r != -ETIMEDOUT || !strstr(err.text, "queue is full"));
         tries++) {
        n = fill_queue(fds, n);
        r = get_from(peer.socket, NULL, &err);
    }
    if (r != -ETIMEDOUT || !strstr(err.text, "queue is full"))
        fail_msg("%d %s", r, err.text);
    for (size_t i = 0; i < n; i++)
        close(fds[i]);
    peer_tell(&peer, "mode ok", NULL, 0);
}

static void tcp_works_and_tls_failures_are_named(void **state)
{
    struct peer_client other;
    const char *const arguments[] = {"--answers", answers, NULL};
    char url[64];
    struct ht_error err = {.code = 0};

    (void)state;
    peer_start(&other, 1, arguments);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", other.port);
    assert_int_equal(get_from(NULL, url, &err), 0);
    snprintf(url, sizeof(url), "https://127.0.0.1:%u", other.port);
    assert_int_equal(get_from(NULL, url, &err), -EKEYREJECTED);
    assert_non_null(strstr(err.text, "TLS failed: "));
    peer_stop(&other);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", other.port);
    assert_int_equal(get_from(NULL, url, &err), -ECONNREFUSED);
}

static void unusable_endpoints_and_paths_are_refused(void **state)
{
    static const char *const urls[] = {"",
                                       "ftp://x",
                                       "http://",
                                       "http://a/b",
                                       "http://a b",
                                       "https://u@h",
                                       "file:///etc/passwd",
                                       "http://a?b"};
    static const char *const paths[] = {"", "info", "/a b", "/a\r\nX: y", "/a#b", "/\x7f"};
    struct ht_http_options options = {.socket_path = "relative"};
    struct ht_error err;
    char longer[200];

    (void)state;
    assert_null(ht_http_new(&options, &err));
    assert_int_equal(err.code, EINVAL);
    memset(longer, 'a', sizeof(longer) - 1);
    longer[0] = '/';
    longer[sizeof(longer) - 1] = '\0';
    options.socket_path = longer;
    assert_null(ht_http_new(&options, &err));
    options.socket_path = NULL;
    assert_null(ht_http_new(&options, &err));
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        options.url = urls[i];
        assert_null(ht_http_new(&options, &err));
        assert_int_equal(err.code, EINVAL);
    }
    options = (struct ht_http_options){.url = "https://h", .cert_file = "/c"};
    assert_null(ht_http_new(&options, &err));

    struct ht_http *http = client(PATIENT);
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        assert_int_equal(ht_http_get(http, paths[i], &answer, &err), -EINVAL);
    ht_http_free(http);
}

static void *cancel_later(void *context)
{
    uint64_t one = 1;
    const int *fd = context;
    char seen[4096] = "";

    /* The request has arrived and is not answered: now. */
    while (!strstr(seen, "GET"))
        peer_tell(&peer, "requests", seen, sizeof(seen));
    if (write(*fd, &one, sizeof(one)) != sizeof(one))
        abort();
    return NULL;
}

static void cancelling_ends_a_request_at_once(void **state)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct ht_http_options options = {
        .socket_path = peer.socket, .total_ms = 3600 * 1000, .cancel_fd = fd};
    struct ht_error err;
    struct ht_http *http = ht_http_new(&options, &err);
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    char seen[4096];
    pthread_t thread;

    (void)state;
    peer_tell(&peer, "requests", seen, sizeof(seen));
    peer_tell(&peer, "mode mute", NULL, 0);
    assert_int_equal(pthread_create(&thread, NULL, cancel_later, &fd), 0);
    assert_int_equal(ht_http_get(http, "/info", &answer, &err), -EINTR);
    pthread_join(thread, NULL);
    /* It stays cancelled. */
    assert_int_equal(ht_http_get(http, "/info", &answer, &err), -EINTR);
    assert_int_equal(ht_http_stream(http, "/events", NULL, NULL, &err), -EINTR);
    ht_http_free(http);
    close(fd);
    peer_tell(&peer, "mode ok", NULL, 0);
}

/* --- together ----------------------------------------------------------------------------------
 */

struct together {
    const char *const *paths;
    size_t count, begun, ended;
    int results[8]; /* 1: no answer yet */
    int status[8];
    int says; /* what the first failure returns */
};

static bool next_path(void *context, size_t index, struct ht_http_request *request)
{
    struct together *together = context;

    if (index >= together->count)
        return false;
    assert_int_equal(index, together->begun++);
    request->path = together->paths[index];
    return true;
}

static int note_end(void *context, size_t index, int result, const struct ht_http_answer *answer,
                    const struct ht_error *err)
{
    struct together *together = context;

    assert_int_equal(together->results[index], 1);
    assert_int_equal(result, -err->code);
    together->results[index] = result;
    together->status[index] = answer->status;
    together->ended++;
    return result < 0 ? together->says : 0;
}

static int get_all(struct ht_http *http, struct together *together, struct ht_error *err)
{
    const struct ht_http_batch batch = {.next = next_path, .done = note_end, .context = together};

    for (size_t i = 0; i < ARRAY_LEN(together->results); i++)
        together->results[i] = 1;
    return ht_http_get_all(http, &batch, err);
}

static void requests_that_go_out_together_are_all_answered(void **state)
{
    static const char *const paths[] = {"/info", "/odd",  "/containers/1", "/none",
                                        "/info", "/info", "no path"};
    static const int status[] = {200, 418, 200, 404, 200, 200};
    struct together together = {.paths = paths, .count = ARRAY_LEN(paths)};
    struct ht_http *http = client(PATIENT);
    struct ht_error err = {0};
    char before[64], after[64];

    (void)state;
    assert_int_equal(get_all(http, &together, &err), 0);
    assert_int_equal(together.ended, ARRAY_LEN(paths));
    for (size_t i = 0; i < ARRAY_LEN(status); i++) {
        assert_int_equal(together.results[i], 0);
        assert_int_equal(together.status[i], status[i]);
    }
    assert_int_equal(together.results[6], -EINVAL);
    /* The connections are kept, also for single requests. */
    peer_tell(&peer, "connections", before, sizeof(before));
    together = (struct together){.paths = paths, .count = 2};
    assert_int_equal(get_all(http, &together, &err), 0);
    assert_answer(http, "/info", 200, "{\"Name\":\"node-1\"}");
    peer_tell(&peer, "connections", after, sizeof(after));
    assert_string_equal(before, after);
    ht_http_free(http);
}

static void one_that_stalls_holds_up_no_other(void **state)
{
    static const char *const paths[] = {
        "/containers/lone", "/info", "/info", "/info", "/info", "/info"};
    static const char *const dropped[] = {"/containers/lone", "/containers/lone",
                                          "/containers/lone", "/containers/lone",
                                          "/containers/lone"};
    struct together together = {.paths = paths, .count = ARRAY_LEN(paths)};
    struct ht_http *http = client(SOME_STALL);
    struct ht_error err = {0};

    (void)state;
    peer_tell(&peer, "fault /containers/lone stall", NULL, 0);
    assert_int_equal(get_all(http, &together, &err), 0);
    assert_int_equal(together.results[0], -ETIMEDOUT);
    for (size_t i = 1; i < ARRAY_LEN(paths); i++)
        assert_int_equal(together.results[i], 0);
    /* Whoever has enough gets what was under way, and no more. */
    together = (struct together){.paths = dropped, .count = ARRAY_LEN(dropped), .says = 1};
    peer_tell(&peer, "fault /containers/lone drop", NULL, 0);
    assert_int_equal(get_all(http, &together, &err), 0);
    assert_int_equal(together.begun, HT_HTTP_LANES);
    assert_int_equal(together.ended, HT_HTTP_LANES);
    assert_int_equal(together.results[1], -ECONNRESET);
    /* Or nothing any more. */
    together = (struct together){.paths = dropped, .count = ARRAY_LEN(dropped), .says = -EPROTO};
    assert_int_equal(get_all(http, &together, &err), -EPROTO);
    assert_int_equal(together.ended, 1);
    peer_tell(&peer, "fault /containers/lone ok", NULL, 0);
    assert_answer(http, "/info", 200, "{\"Name\":\"node-1\"}");
    ht_http_free(http);
}

static void cancelling_ends_all_of_them(void **state)
{
    static const char *const paths[] = {"/info", "/info"};
    struct together together = {.paths = paths, .count = ARRAY_LEN(paths)};
    int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    struct ht_http_options options = {
        .socket_path = peer.socket, .total_ms = 3600 * 1000, .cancel_fd = fd};
    struct ht_error err = {0};
    struct ht_http *http = ht_http_new(&options, &err);

    (void)state;
    peer_tell(&peer, "mode mute", NULL, 0);
    assert_int_equal(get_all(http, &together, &err), -EINTR);
    assert_int_equal(together.ended, 0);
    peer_tell(&peer, "mode ok", NULL, 0);
    ht_http_free(http);
    close(fd);
}

/* --- streams -----------------------------------------------------------------------------------
 */

struct collected {
    struct ht_buf lines;
    unsigned count;
    int result;
    struct ht_http *other; /* a client that is used in the middle of the stream */
};

static int collect(void *context, struct ht_str line)
{
    struct collected *c = context;

    ht_buf_add_str(&c->lines, line);
    ht_buf_add_c(&c->lines, '|');
    c->count++;
    if (c->other)
        assert_answer(c->other, "/info", 200, NULL);
    return c->result;
}

static int wait_for(struct ht_http_stream *stream, const struct collected *c, unsigned count,
                    struct ht_error *err)
{
    int r = 1;

    while (r == 1 && c->count < count)
        r = ht_http_stream_wait(stream, -1, -1, err);
    return r;
}

static void a_stream_delivers_lines_as_they_come(void **state)
{
    struct ht_http *http = client(BRIEF_STALL);
    struct collected c = {.lines = HT_BUF(1000), .other = client(PATIENT)};
    struct ht_http_request request = {.path = "/v1.41/events?filters=x"};
    struct ht_error err = {.code = 0};
    struct ht_http_stream *stream = ht_http_stream_open(http, &request, collect, &c, &err);
    uint64_t one = 1;
    int wake = eventfd(0, EFD_CLOEXEC);

    (void)state;
    assert_int_equal(ht_http_stream_status(stream), 0);
    assert_int_equal(wait_for(stream, &c, 2, &err), 1);
    assert_int_equal(ht_http_stream_status(stream), 200);
    assert_string_equal(c.lines.data, "{\"n\":1}|{\"n\":2}|");
    peer_tell(&peer, "event {\"n\":3}", NULL, 0);
    assert_int_equal(wait_for(stream, &c, 3, &err), 1);
    assert_string_equal(c.lines.data, "{\"n\":1}|{\"n\":2}|{\"n\":3}|");
    /* Silence is no failure, however long: a time and a descriptor end the waiting. */
    assert_int_equal(ht_http_stream_wait(stream, -1, 400, &err), 1);
    assert_int_equal(write(wake, &one, sizeof(one)), sizeof(one));
    assert_int_equal(ht_http_stream_wait(stream, wake, -1, &err), 1);
    /* The same endpoint answers requests meanwhile. */
    assert_answer(c.other, "/info", 200, NULL);
    peer_tell(&peer, "cut-events", NULL, 0);
    while (ht_http_stream_wait(stream, -1, -1, &err) == 1)
        continue;
    assert_int_equal(ht_http_stream_wait(stream, -1, -1, &err), -ECONNRESET);
    assert_non_null(strstr(err.text, "in the middle"));
    ht_http_stream_close(stream);
    ht_http_free(http);
    ht_http_free(c.other);
    ht_buf_fini(&c.lines);
    close(wake);
}

static void assert_stream_ends(const char *mode, const char *path, int code, const char *words)
{
    struct ht_http *http = client(code == ETIMEDOUT ? BRIEF_TOTAL : PATIENT);
    struct collected c = {.lines = HT_BUF(1000)};
    struct ht_error err = {.code = 0};

    peer_tell(&peer, mode, NULL, 0);
    assert_int_equal(ht_http_stream(http, path, collect, &c, &err), -code);
    if (!strstr(err.text, words))
        fail_msg("\"%s\" does not say \"%s\"", err.text, words);
    peer_tell(&peer, "mode ok", NULL, 0);
    ht_http_free(http);
    ht_buf_fini(&c.lines);
}

static void a_stream_that_fails_says_how(void **state)
{
    (void)state;
    assert_stream_ends("mode mute", "/events", ETIMEDOUT, "no answer within 600 ms");
    assert_stream_ends("mode status 403", "/events", EPROTO, "status 403: {\"message\"");
    assert_stream_ends("mode nonsense", "/events", EPROTO, "does not speak HTTP");
    assert_stream_ends("mode headers", "/events", EFBIG, "bytes of headers");
    assert_stream_ends("mode longline", "/events", EFBIG, "a line of more than 4194304 bytes");
    assert_stream_ends("mode cut", "/info", ECONNRESET, "in the middle of an answer");
}

static void a_stream_with_an_end_ends_well(void **state)
{
    struct ht_http *http = client(PATIENT);
    struct collected c = {.lines = HT_BUF(1000)};
    struct ht_error err = {.code = 0};

    (void)state;
    assert_int_equal(ht_http_stream(http, "/info", collect, &c, &err), 0);
    assert_string_equal(c.lines.data, "{\"Name\":\"node-1\"}|");
    /* What the callback says is what comes back. */
    c.result = -ECANCELED;
    assert_int_equal(ht_http_stream(http, "/events", collect, &c, &err), -ECANCELED);
    assert_int_equal(c.count, 2);
    ht_http_free(http);
    ht_buf_fini(&c.lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_has_status_headers_and_body),
        cmocka_unit_test(a_request_can_have_method_headers_and_body),
        cmocka_unit_test(framings_give_the_same_body),
        cmocka_unit_test(a_redirect_is_not_followed),
        cmocka_unit_test(a_web_page_is_an_answer_of_another_type),
        cmocka_unit_test(a_daemon_that_never_answers_is_named_so),
        cmocka_unit_test(a_daemon_that_stops_midway_is_named_so),
        cmocka_unit_test(a_daemon_that_drips_is_cut_off),
        cmocka_unit_test(a_closed_connection_is_named_so),
        cmocka_unit_test(what_is_not_http_is_named_so),
        cmocka_unit_test(too_much_is_cut_off),
        cmocka_unit_test(an_endless_body_takes_no_more_than_its_limit),
        cmocka_unit_test(a_body_shorter_than_sent_does_not_spoil_the_next),
        cmocka_unit_test(missing_and_dead_sockets_are_told_apart),
        cmocka_unit_test(too_few_files_are_named_so),
        cmocka_unit_test(a_socket_without_permission_says_what_helps),
        cmocka_unit_test(a_full_queue_is_a_timeout),
        cmocka_unit_test(tcp_works_and_tls_failures_are_named),
        cmocka_unit_test(unusable_endpoints_and_paths_are_refused),
        cmocka_unit_test(cancelling_ends_a_request_at_once),
        cmocka_unit_test(requests_that_go_out_together_are_all_answered),
        cmocka_unit_test(one_that_stalls_holds_up_no_other),
        cmocka_unit_test(cancelling_ends_all_of_them),
        cmocka_unit_test(a_stream_delivers_lines_as_they_come),
        cmocka_unit_test(a_stream_that_fails_says_how),
        cmocka_unit_test(a_stream_with_an_end_ends_well),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
