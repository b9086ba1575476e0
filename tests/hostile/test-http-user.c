/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose process answers at a unix socket. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/http.h"
#include "peer-client.h"
#include "tests/unit/skip.h"

static struct peer_client peer;

static int start(void **state)
{
    (void)state;
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    peer_start(&peer, 0, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    peer_stop(&peer);
    return 0;
}

static struct ht_http *client(void)
{
    struct ht_error err = {0};
    const struct ht_http_options options = {
        .socket_path = peer.socket, .connect_ms = 60000, .total_ms = 60000, .stall_ms = 60000};
    struct ht_http *http = ht_http_new(&options, &err);

    if (!http)
        fail_msg("%s", err.text);
    return http;
}

static void ask(struct ht_http *http)
{
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    struct ht_error err = {0};

    if (ht_http_get(http, "/info", &answer, &err) < 0)
        fail_msg("%s", err.text);
}

static void the_kernel_tells_who_answers(void **state)
{
    struct ht_http *http = client();

    (void)state;
    assert_false(ht_http_peer(http).known);
    ask(http);
    assert_true(ht_http_peer(http).known);
    assert_int_equal(ht_http_peer(http).uid, geteuid());
    assert_int_equal(ht_http_peer(http).pid, peer.pid);
    ht_http_free(http);
}

/* Answers one connection with one line. */
static void *answer_once(void *context)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{\"n\":9}\n";
    char request[4096];
    int fd = accept(*(int *)context, NULL, NULL);

    if (fd >= 0) {
        if (read(fd, request, sizeof(request)) > 0)
            (void)!write(fd, answer, sizeof(answer) - 1);
        close(fd);
    }
    return NULL;
}

static int count_line(void *context, struct ht_str line)
{
    (void)line;
    ++*(int *)context;
    return 0;
}

static void listen_as(uid_t uid, int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(seteuid(uid), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(seteuid(0), 0);
}

/* The path leads to root's daemon first and to a user's process then. */
static void another_user_at_the_same_path_is_refused(void **state)
{
    const struct ht_http_request request = {.path = "/v1.41/events"};
    char path[128], kept[128];
    struct ht_error err = {0};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), lines = 0, r = 1;
    pthread_t thread;

    (void)state;
    if (geteuid() != 0)
        skip_without_root("not root");
    struct ht_http *http = client();
    ask(http);
    snprintf(path, sizeof(path), "%s.other", peer.socket);
    snprintf(kept, sizeof(kept), "%s.kept", peer.socket);
    listen_as(65534, fd, path);
    assert_int_equal(rename(peer.socket, kept), 0);
    assert_int_equal(rename(path, peer.socket), 0);
    assert_int_equal(pthread_create(&thread, NULL, answer_once, &fd), 0);
    struct ht_http_stream *stream = ht_http_stream_open(http, &request, count_line, &lines, &err);
    while (r == 1)
        r = ht_http_stream_wait(stream, -1, -1, &err);
    assert_int_equal(r, -ECONNRESET);
    assert_non_null(strstr(err.text, "another user"));
    assert_int_equal(lines, 0);
    ht_http_stream_close(stream);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(fd);
    assert_int_equal(rename(kept, peer.socket), 0);
    ht_http_free(http);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernel_tells_who_answers),
        cmocka_unit_test(another_user_at_the_same_path_is_refused),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
