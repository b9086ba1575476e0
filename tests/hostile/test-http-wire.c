/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How answers over a unix socket are framed, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/http.h"
#include "hulltop/base/mem.h"

/* Answers each connection with the same bytes, and closes it at once or when asked again. */
struct server {
    char folder[64], path[96];
    int fd;
    pthread_t thread;
    struct ht_str answer;
    bool stays; /* open, until the other side has read enough */
};

static void serve_one(const struct server *server, int fd)
{
    char request[4096];

    if (read(fd, request, sizeof(request)) <= 0)
        return;
    (void)!write(fd, server->answer.data, server->answer.len);
    if (server->stays)
        (void)!read(fd, request, sizeof(request));
}

static void *serve(void *context)
{
    const struct server *server = context;
    int fd;

    while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
        serve_one(server, fd);
        close(fd);
    }
    return NULL;
}

static void start(struct server *server, struct ht_str answer, bool stays)
{
    const char *tmp = getenv("TMPDIR");
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *server = (struct server){.answer = answer, .stays = stays};
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    snprintf(server->folder, sizeof(server->folder), "%s/wire.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(server->folder));
    snprintf(server->path, sizeof(server->path), "%s/socket", server->folder);
    memcpy(address.sun_path, server->path, strlen(server->path) + 1);
    server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(server->fd, 8), 0);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
    shutdown(server->fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->fd);
    unlink(server->path);
    assert_int_equal(rmdir(server->folder), 0);
}

static struct ht_http *client(const struct server *server)
{
    struct ht_error err = {0};
    const struct ht_http_options options = {
        .socket_path = server->path, .connect_ms = 60000, .total_ms = 60000, .stall_ms = 60000};
    struct ht_http *http = ht_http_new(&options, &err);

    if (!http)
        fail_msg("%s", err.text);
    return http;
}

#define OK "HTTP/1.1 200 OK\r\n"

static void good_framings_are_understood(void **state)
{
    static const struct {
        const char *answer, *body;
        int status;
    } cases[] = {
        {OK "Content-Length: 2\r\n\r\nok", "ok", 200},
        {OK "content-length:2\r\nContent-Length: 2\r\n\r\nok", "ok", 200},
        {OK "Content-Length: 2\n\nok", "ok", 200},
        {OK "Content-Length: 2\r\n\r\nok and more", "ok", 200},
        {OK "Content-Length: 0\r\n\r\n", "", 200},
        {"HTTP/1.1 200\r\n\r\nto the end", "to the end", 200},
        {"HTTP/1.0 404 None\r\n\r\nto the end", "to the end", 404},
        {"HTTP/1.1 204 Nothing\r\n\r\n", "", 204},
        {"HTTP/1.1 100 Go on\r\nA: b\r\n\r\n" OK "Content-Length: 2\r\n\r\nok", "ok", 200},
        {OK "Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n01;x=y\r\nk\r\n0\r\nSum: 7\r\n\r\n", "ok",
         200},
        {OK "Transfer-Encoding: Chunked\r\nContent-Length: 9\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
         "0123456789", 200},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
        struct ht_error err = {0};
        struct server server;

        start(&server, ht_str_from(cases[i].answer), false);
        struct ht_http *http = client(&server);
        if (ht_http_get(http, "/info", &answer, &err) < 0)
            fail_msg("%s: %s", cases[i].answer, err.text);
        assert_int_equal(answer.status, cases[i].status);
        assert_string_equal(ht_buf_str(&answer.body).data, cases[i].body);
        assert_int_equal(ht_http_header(&answer, "A").len, 0);
        if (strstr(cases[i].answer, "Sum"))
            assert_true(ht_str_is(ht_http_header(&answer, "Sum"), "7"));
        ht_http_free(http);
        stop(&server);
    }
}

static void what_is_no_answer_is_refused(void **state)
{
    static const struct {
        const char *answer;
        int code;
    } cases[] = {
        {"HTTP/2 200\r\n\r\n", EPROTO},
        {"http/1.1 200 OK\r\n\r\n", EPROTO},
        {"HTTP/1.1 99 Odd\r\n\r\n", EPROTO},
        {"HTTP/1.1 2000 OK\r\n\r\n", EPROTO},
        {"HTTP/1.1 20\r\n\r\n", EPROTO},
        {"HTTP/1.1 101 Other\r\n\r\nbytes", EPROTO},
        {OK "Content-Length: -1\r\n\r\n", EPROTO},
        {OK "Content-Length: 0x2\r\n\r\nok", EPROTO},
        {OK "Content-Length: 99999999999999999999\r\n\r\nok", EPROTO},
        {OK "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok", EPROTO},
        {OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", EPROTO},
        {OK "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok", EPROTO},
        {OK "Transfer-Encoding: chunked\r\n\r\n11111111111111111\r\nx", EPROTO},
        {OK "Transfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n0\r\n\r\n", EPROTO},
        {OK "Transfer-Encoding: chunked\r\n\r\n\r\n", EPROTO},
        {OK "Content-Length: 9223372036854775807\r\n\r\n", EFBIG},
        {OK "Content-Length: 5\r\n\r\nok", ECONNRESET},
        {OK "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n", ECONNRESET},
        {OK "Transfer-Encoding: chunked\r\n\r\n2\r\nok", ECONNRESET},
        {OK "Content-Le", ECONNRESET},
        {"", ECONNRESET},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
        struct ht_error err = {0};
        struct server server;

        start(&server, ht_str_from(cases[i].answer), false);
        struct ht_http *http = client(&server);
        if (ht_http_get(http, "/info", &answer, &err) != -cases[i].code)
            fail_msg("%s: %s", cases[i].answer, err.text);
        assert_int_equal(err.code, cases[i].code);
        ht_http_free(http);
        stop(&server);
    }
}

static void an_endless_line_is_cut_off(void **state)
{
    static char text[200000];
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    struct ht_error err = {0};
    struct server server;

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, OK "A: ", strlen(OK "A: "));
    start(&server, (struct ht_str){.data = text, .len = sizeof(text)}, true);
    struct ht_http *http = client(&server);
    assert_int_equal(ht_http_get(http, "/info", &answer, &err), -EFBIG);
    assert_non_null(strstr(err.text, "bytes of headers"));
    ht_http_free(http);
    stop(&server);
}

/* What comes behind an answer is the answer to nothing: not to the next request either. */
static void an_answer_that_nobody_asked_for_is_not_taken(void **state)
{
    static const char two[] = OK "Content-Length: 2\r\n\r\nok" OK "Content-Length: 5\r\n\r\nwrong";
    struct ht_error err = {0};
    struct server server;

    (void)state;
    start(&server, ht_str_from(two), true);
    struct ht_http *http = client(&server);
    for (int i = 0; i < 3; i++) {
        ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;

        assert_int_equal(ht_http_get(http, "/info", &answer, &err), 0);
        assert_string_equal(answer.body.data, "ok");
        assert_false(answer.reused);
    }
    ht_http_free(http);
    stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_framings_are_understood),
        cmocka_unit_test(what_is_no_answer_is_refused),
        cmocka_unit_test(an_endless_line_is_cut_off),
        cmocka_unit_test(an_answer_that_nobody_asked_for_is_not_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
