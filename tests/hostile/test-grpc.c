/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gRPC calls and streams against a peer that misbehaves, mode by mode. */
#include <errno.h>
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
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/grpc.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "grpc-peer.h"

#define SAY   "/test.Service/Say"
#define WATCH "/test.Service/Watch"

static struct grpc_peer *peer;

static int start(void **state)
{
    (void)state;
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    peer = grpc_peer_start();
    grpc_peer_answer(peer, SAY, NULL, (struct ht_str)HT_STR("\0\0\0\0\5hello"));
    grpc_peer_answer(peer, SAY, "whom", (struct ht_str)HT_STR("\0\0\0\0\2me"));
    grpc_peer_answer(peer, SAY, "tenant: blue", (struct ht_str)HT_STR("\0\0\0\0\0"));
    grpc_peer_stream(peer, WATCH);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    grpc_peer_stop(peer);
    return 0;
}

static int settle(void **state)
{
    (void)state;
    grpc_peer_mode(peer, GRPC_OK);
    return 0;
}

/* Long where an answer must come, whatever the load; short where one may not. */
enum patience { PATIENT, BRIEF_TOTAL, BRIEF_STALL };

static struct ht_http *client(enum patience patience, int cancel_fd)
{
    struct ht_error err = {.code = 0};
    struct ht_http_options options = {
        .socket_path = grpc_peer_socket(peer),
        .http2 = true,
        .connect_ms = 60000,
        .total_ms = patience == BRIEF_TOTAL ? 600 : 60000,
        .stall_ms = patience == BRIEF_STALL ? 150 : 60000,
        .cancel_fd = cancel_fd,
    };
    struct ht_http *http = ht_http_new(&options, &err);

    if (!http)
        fail_msg("%s", err.text);
    return http;
}

static void assert_says(struct ht_http *http, struct ht_grpc_request request, const char *answer)
{
    ht_autobuf struct ht_buf message = HT_BUF(0);
    struct ht_error err = {.code = 0};

    if (ht_grpc_call(http, &request, &message, &err) < 0)
        fail_msg("%s", err.text);
    assert_true(ht_str_is(ht_buf_str(&message), answer));
}

/* libcurl does not always tell a broken answer from none: 0 stands for either. */
static bool is_code(int r, int code)
{
    return code ? r == -code : r == -EPROTO || r == -ECONNRESET;
}

/* One call in a mode fails so, with these words, and the same client works afterwards. */
static void assert_fails(enum patience patience, enum grpc_mode mode, int code, const char *words)
{
    struct ht_http *http = client(patience, 0);
    struct ht_grpc_request request = {.path = SAY, .message_max = 1000};
    ht_autobuf struct ht_buf message = HT_BUF(0);
    struct ht_error err = {.code = 0};

    grpc_peer_mode(peer, mode);
    int r = ht_grpc_call(http, &request, &message, &err);
    if (!is_code(r, code) || err.code != -r || !strstr(err.text, words) ||
        !strstr(err.text, grpc_peer_socket(peer)))
        fail_msg("mode %d: %d \"%s\" does not say \"%s\"", (int)mode, r, err.text, words);
    assert_int_equal(message.len, 0);
    grpc_peer_mode(peer, GRPC_OK);
    request.total_ms = 60000;
    if (patience != BRIEF_STALL)
        assert_says(http, request, "hello");
    ht_http_free(http);
}

static void a_call_carries_message_and_metadata(void **state)
{
    static const char *const metadata[] = {"tenant: blue", NULL};
    struct ht_http *http = client(PATIENT, 0);
    unsigned before = grpc_peer_connections(peer);

    (void)state;
    assert_says(http, (struct ht_grpc_request){.path = SAY}, "hello");
    assert_says(http, (struct ht_grpc_request){.path = SAY, .message = HT_STR("to whom")}, "me");
    assert_says(http, (struct ht_grpc_request){.path = SAY, .metadata = metadata}, "");
    for (unsigned i = 0; i < 20; i++)
        assert_says(http, (struct ht_grpc_request){.path = SAY}, "hello");
    /* All of it on one connection. */
    assert_int_equal(grpc_peer_connections(peer), before + 1);
    ht_http_free(http);
}

static void a_closed_connection_is_opened_anew(void **state)
{
    struct ht_http *http = client(PATIENT, 0);

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        assert_says(http, (struct ht_grpc_request){.path = SAY}, "hello");
        assert_says(http, (struct ht_grpc_request){.path = SAY}, "hello");
        grpc_peer_disconnect(peer);
    }
    ht_http_free(http);
}

static void an_unknown_method_or_service_is_told_apart(void **state)
{
    struct ht_http *http = client(PATIENT, 0);
    ht_autobuf struct ht_buf message = HT_BUF(0);
    struct ht_grpc_request request = {.path = "/test.Service/Unheard"};
    struct ht_error err;

    (void)state;
    assert_int_equal(ht_grpc_call(http, &request, &message, &err), -ENOSYS);
    assert_non_null(strstr(err.text, "UNIMPLEMENTED: unknown method"));
    /* The connection is of use still. */
    assert_says(http, (struct ht_grpc_request){.path = SAY}, "hello");
    ht_http_free(http);
    assert_fails(PATIENT, GRPC_EARLY, ENOSYS, "UNIMPLEMENTED");
    assert_fails(PATIENT, GRPC_EARLY, ENOSYS, "UNIMPLEMENTED");
}

static void the_status_decides_not_http(void **state)
{
    static const struct {
        const char *status, *message;
        int code;
        const char *words;
    } cases[] = {
        {"16", "who are you", EACCES, "UNAUTHENTICATED: who are you"},
        {"7", "not%20you%0A", EACCES, "PERMISSION_DENIED: not you\n"},
        {"5", "", ENODATA, "NOT_FOUND"},
        {"4", "late", ETIMEDOUT, "DEADLINE_EXCEEDED: late"},
        {"8", "big", EFBIG, "RESOURCE_EXHAUSTED: big"},
        {"9", "namespace is required", EREMOTEIO, "FAILED_PRECONDITION: namespace is required"},
        {"13", "100%", EREMOTEIO, "INTERNAL: 100%"},
        {"14", "", EAGAIN, "UNAVAILABLE"},
        {"12", "", ENOSYS, "UNIMPLEMENTED"},
        {"99", "", EREMOTEIO, "UNKNOWN"},
        {"18446744073709551615", "", EREMOTEIO, "UNKNOWN"},
        {"banana", "", EPROTO, "status is no number"},
        {"-1", "", EPROTO, "status is no number"},
        {"", "", EPROTO, "no status"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        grpc_peer_status(peer, cases[i].status, cases[i].message);
        assert_fails(PATIENT, GRPC_STATUS, cases[i].code, cases[i].words);
        assert_fails(PATIENT, GRPC_TRAILERS, cases[i].code, cases[i].words);
    }
}

static void what_never_ends_is_cut_off(void **state)
{
    (void)state;
    assert_fails(BRIEF_TOTAL, GRPC_MUTE, ETIMEDOUT, "no answer within 600 ms");
    assert_fails(BRIEF_STALL, GRPC_STALL, ETIMEDOUT, "no byte within 150 ms");
    assert_fails(PATIENT, GRPC_ENDLESS, EFBIG, "more than 1005 bytes");
    assert_fails(PATIENT, GRPC_HEADERS, EFBIG, "bytes of headers");
    assert_fails(PATIENT, GRPC_HUGE, EFBIG, "more than 1000 bytes");
}

static void what_ends_early_is_named_so(void **state)
{
    (void)state;
    assert_fails(PATIENT, GRPC_CUT, ECONNRESET, "");
    assert_fails(PATIENT, GRPC_DROP, ECONNRESET, "");
    assert_fails(PATIENT, GRPC_RESET, ECONNRESET, "before its end");
    assert_fails(PATIENT, GRPC_REFUSE, ECONNRESET, "");
}

static void what_is_no_grpc_is_named_so(void **state)
{
    (void)state;
    assert_fails(PATIENT, GRPC_NO_STATUS, EPROTO, "no status");
    assert_fails(PATIENT, GRPC_NO_MESSAGE, EPROTO, "without a message");
    assert_fails(PATIENT, GRPC_TWICE, EPROTO, "more than one message");
    assert_fails(PATIENT, GRPC_SHORT, EPROTO, "longer than the answer");
    assert_fails(PATIENT, GRPC_COMPRESSED, EPROTO, "compressed");
    assert_fails(PATIENT, GRPC_FLAGS, EPROTO, "unknown flags");
    assert_fails(PATIENT, GRPC_HTML, EPROTO, "does not speak gRPC");
    assert_fails(PATIENT, GRPC_HTTP, EAGAIN, "HTTP status 503");
    assert_fails(PATIENT, GRPC_NONSENSE, 0, "does not speak HTTP/2");
    assert_fails(PATIENT, GRPC_HTTP1, 0, "does not speak HTTP/2");
}

static void a_dripping_answer_is_put_together(void **state)
{
    struct ht_http *http = client(PATIENT, 0);

    (void)state;
    grpc_peer_mode(peer, GRPC_DRIP);
    assert_says(http, (struct ht_grpc_request){.path = SAY}, "hello");
    ht_http_free(http);
}

static void unusable_requests_are_refused(void **state)
{
    static const char *const odd[] = {"a: b\r\nc: d", "no colon", "\x7f: x", ": x"};
    struct ht_http *http = client(PATIENT, 0);
    ht_autobuf struct ht_buf message = HT_BUF(0);
    unsigned before = grpc_peer_calls(peer, "");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        const char *const metadata[] = {odd[i], NULL};
        struct ht_grpc_request request = {.path = SAY, .metadata = metadata};

        assert_int_equal(ht_grpc_call(http, &request, &message, NULL), -EINVAL);
        assert_null(ht_grpc_stream_open(http, &request, NULL, NULL, NULL));
    }
    assert_int_equal(grpc_peer_calls(peer, ""), before);
    ht_http_free(http);
}

static unsigned calls_before;

static void *cancel_later(void *context)
{
    const int *fd = context;
    uint64_t one = 1;

    grpc_peer_wait_calls(peer, SAY, calls_before);
    if (write(*fd, &one, sizeof(one)) != sizeof(one))
        abort();
    return NULL;
}

static void cancelling_ends_a_call_at_once(void **state)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct ht_http *http = client(PATIENT, fd);
    struct ht_grpc_request request = {.path = SAY, .total_ms = 3600 * 1000};
    ht_autobuf struct ht_buf message = HT_BUF(0);
    struct ht_error err;
    pthread_t thread;

    (void)state;
    calls_before = grpc_peer_calls(peer, SAY);
    grpc_peer_mode(peer, GRPC_MUTE);
    assert_int_equal(pthread_create(&thread, NULL, cancel_later, &fd), 0);
    assert_int_equal(ht_grpc_call(http, &request, &message, &err), -EINTR);
    pthread_join(thread, NULL);
    ht_http_free(http);
    close(fd);
}

/* --- streams -----------------------------------------------------------------------------------
 */

struct collected {
    struct ht_buf messages;
    unsigned count;
    int result;
};

static int collect(void *context, struct ht_str message)
{
    struct collected *c = context;

    ht_buf_add_str(&c->messages, message);
    ht_buf_add_c(&c->messages, '|');
    c->count++;
    return c->result;
}

static struct ht_grpc_stream *watch(struct ht_http *http, const char *path, struct collected *c)
{
    struct ht_grpc_request request = {.path = path, .message_max = 1000};
    struct ht_error err = {.code = 0};
    struct ht_grpc_stream *stream = ht_grpc_stream_open(http, &request, collect, c, &err);

    if (!stream)
        fail_msg("%s", err.text);
    return stream;
}

static int wait_for(struct ht_grpc_stream *stream, const struct collected *c, unsigned count,
                    struct ht_error *err)
{
    int r = 1;

    while (r == 1 && c->count < count)
        r = ht_grpc_stream_wait(stream, -1, -1, err);
    return r;
}

static void *push_later(void *context)
{
    static const char frames[] = "\0\0\0\0\3one\0\0\0\0\0\0\0\0\0\5";

    (void)context;
    grpc_peer_push(peer, (struct ht_str){.data = frames, .len = sizeof(frames) - 1});
    grpc_peer_push(peer, (struct ht_str)HT_STR("th"));
    grpc_peer_push(peer, (struct ht_str)HT_STR("ree"));
    return NULL;
}

static void a_stream_delivers_messages_as_they_come(void **state)
{
    struct ht_http *http = client(BRIEF_TOTAL, 0);
    struct collected c = {.messages = HT_BUF(1000)};
    struct ht_error err = {.code = 0};
    struct ht_grpc_stream *stream = watch(http, WATCH, &c);
    int wake = eventfd(1, EFD_CLOEXEC);
    pthread_t thread;

    (void)state;
    assert_false(ht_grpc_stream_begun(stream));
    assert_int_equal(pthread_create(&thread, NULL, push_later, NULL), 0);
    assert_int_equal(wait_for(stream, &c, 3, &err), 1);
    pthread_join(thread, NULL);
    assert_string_equal(c.messages.data, "one||three|");
    assert_true(ht_grpc_stream_begun(stream));
    /* Silence is no failure, however long: a time and a descriptor end the waiting. */
    assert_int_equal(ht_grpc_stream_wait(stream, -1, 700, &err), 1);
    assert_int_equal(ht_grpc_stream_wait(stream, wake, -1, &err), 1);
    grpc_peer_end_streams(peer);
    while (ht_grpc_stream_wait(stream, -1, -1, &err) == 1)
        continue;
    assert_int_equal(ht_grpc_stream_wait(stream, -1, -1, &err), 0);
    ht_grpc_stream_close(stream);
    ht_http_free(http);
    ht_buf_fini(&c.messages);
    close(wake);
}

static void a_stream_may_begin_late(void **state)
{
    struct ht_http *http = client(BRIEF_TOTAL, 0);
    struct collected c = {.messages = HT_BUF(1000)};
    struct ht_error err = {.code = 0};
    struct ht_grpc_stream *stream = watch(http, WATCH, &c);

    (void)state;
    grpc_peer_mode(peer, GRPC_MUTE);
    assert_int_equal(ht_grpc_stream_wait(stream, -1, 900, &err), 1);
    assert_false(ht_grpc_stream_begun(stream));
    ht_grpc_stream_close(stream);
    ht_http_free(http);
    ht_buf_fini(&c.messages);
}

static void assert_stream_ends(enum grpc_mode mode, const char *path, int code, const char *words)
{
    struct ht_http *http = client(PATIENT, 0);
    struct collected c = {.messages = HT_BUF(1000)};
    struct ht_error err = {.code = 0};
    struct ht_grpc_stream *stream;
    int r = 1;

    grpc_peer_mode(peer, mode);
    stream = watch(http, path, &c);
    while (r == 1)
        r = ht_grpc_stream_wait(stream, -1, -1, &err);
    if (!is_code(r, code) || !strstr(err.text, words))
        fail_msg("mode %d: %d \"%s\" does not say \"%s\"", (int)mode, r, err.text, words);
    ht_grpc_stream_close(stream);
    ht_http_free(http);
    ht_buf_fini(&c.messages);
}

static void a_stream_that_fails_says_how(void **state)
{
    (void)state;
    grpc_peer_status(peer, "7", "not you");
    assert_stream_ends(GRPC_OK, "/test.Service/Unheard", ENOSYS, "unknown method");
    assert_stream_ends(GRPC_EARLY, WATCH, ENOSYS, "UNIMPLEMENTED");
    assert_stream_ends(GRPC_STATUS, WATCH, EACCES, "PERMISSION_DENIED: not you");
    assert_stream_ends(GRPC_TRAILERS, SAY, EACCES, "PERMISSION_DENIED: not you");
    assert_stream_ends(GRPC_NO_STATUS, SAY, EPROTO, "no status");
    assert_stream_ends(GRPC_SHORT, SAY, EPROTO, "longer than the answer");
    assert_stream_ends(GRPC_COMPRESSED, SAY, EPROTO, "compressed");
    assert_stream_ends(GRPC_FLAGS, SAY, EPROTO, "unknown flags");
    assert_stream_ends(GRPC_HUGE, SAY, EFBIG, "a message of more than 1000 bytes");
    assert_stream_ends(GRPC_HTML, SAY, EPROTO, "does not speak gRPC");
    assert_stream_ends(GRPC_HTTP, SAY, EAGAIN, "HTTP status 503");
    assert_stream_ends(GRPC_CUT, SAY, ECONNRESET, "");
    assert_stream_ends(GRPC_DROP, SAY, ECONNRESET, "");
    assert_stream_ends(GRPC_RESET, SAY, ECONNRESET, "before its end");
    assert_stream_ends(GRPC_HTTP1, SAY, 0, "does not speak HTTP/2");
}

static void a_callback_ends_a_stream(void **state)
{
    struct ht_http *http = client(PATIENT, 0);
    struct collected c = {.messages = HT_BUF(1000), .result = -ECANCELED};
    struct ht_grpc_stream *stream = watch(http, SAY, &c);
    int r = 1;

    (void)state;
    grpc_peer_mode(peer, GRPC_TWICE);
    while (r == 1)
        r = ht_grpc_stream_wait(stream, -1, -1, NULL);
    assert_int_equal(r, -ECANCELED);
    assert_int_equal(c.count, 1);
    ht_grpc_stream_close(stream);
    ht_http_free(http);
    ht_buf_fini(&c.messages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_call_carries_message_and_metadata, settle),
        cmocka_unit_test_setup(a_closed_connection_is_opened_anew, settle),
        cmocka_unit_test_setup(an_unknown_method_or_service_is_told_apart, settle),
        cmocka_unit_test_setup(the_status_decides_not_http, settle),
        cmocka_unit_test_setup(what_never_ends_is_cut_off, settle),
        cmocka_unit_test_setup(what_ends_early_is_named_so, settle),
        cmocka_unit_test_setup(what_is_no_grpc_is_named_so, settle),
        cmocka_unit_test_setup(a_dripping_answer_is_put_together, settle),
        cmocka_unit_test_setup(unusable_requests_are_refused, settle),
        cmocka_unit_test_setup(cancelling_ends_a_call_at_once, settle),
        cmocka_unit_test_setup(a_stream_delivers_messages_as_they_come, settle),
        cmocka_unit_test_setup(a_stream_may_begin_late, settle),
        cmocka_unit_test_setup(a_stream_that_fails_says_how, settle),
        cmocka_unit_test_setup(a_callback_ends_a_stream, settle),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
