/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Framing and texts; calls and streams are tested against a server in tests/hostile. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/grpc.h"
#include "hulltop/base/mem.h"

struct seen {
    struct ht_buf text;
    int result;
};

static int see(void *context, struct ht_str message)
{
    struct seen *seen = context;

    ht_buf_add_str(&seen->text, message);
    ht_buf_add_c(&seen->text, '|');
    return seen->result;
}

static void messages_are_the_same_however_they_come(void **state)
{
    static const char bytes[] = "\0\0\0\0\3one\0\0\0\0\0\0\0\0\0\7t\0three\0\0\0\0\1";
    const struct ht_str stream = {.data = bytes, .len = sizeof(bytes) - 1};

    (void)state;
    for (size_t piece = 1; piece <= stream.len; piece++) {
        struct seen seen = {.text = HT_BUF(1000)};
        struct ht_grpc_frames frames;

        ht_grpc_frames_init(&frames, 7, see, &seen);
        assert_false(ht_grpc_frames_inside(&frames));
        for (size_t at = 0; at < stream.len; at += piece)
            assert_int_equal(ht_grpc_frames_feed(&frames, ht_str_sub(stream, at, piece)), 0);
        assert_int_equal(seen.text.len, 13);
        assert_memory_equal(seen.text.data, "one||t\0three|", 13);
        assert_true(ht_grpc_frames_inside(&frames));
        ht_grpc_frames_fini(&frames);
        ht_buf_fini(&seen.text);
    }
}

static int feed(struct ht_str bytes, int result, const char **ret_fault)
{
    struct seen seen = {.text = HT_BUF(1000), .result = result};
    struct ht_grpc_frames frames;

    ht_grpc_frames_init(&frames, 7, see, &seen);
    int r = ht_grpc_frames_feed(&frames, bytes);
    *ret_fault = frames.fault;
    ht_grpc_frames_fini(&frames);
    ht_buf_fini(&seen.text);
    return r;
}

static void broken_frames_are_refused_by_their_head(void **state)
{
    const char *fault = NULL;

    (void)state;
    assert_int_equal(feed(HT_S("\0\0\0\0\x8"), 0, &fault), -EFBIG);
    assert_int_equal(feed(HT_S("\0\xff\xff\xff\xff"), 0, &fault), -EFBIG);
    assert_null(fault);
    assert_int_equal(feed(HT_S("\1\0\0\0\1"), 0, &fault), -EPROTO);
    assert_non_null(strstr(fault, "compressed"));
    assert_int_equal(feed(HT_S("\x80\0\0\0\1"), 0, &fault), -EPROTO);
    assert_non_null(strstr(fault, "flags"));
    assert_int_equal(feed(HT_S("\0\0\0\0\1x\0\0\0\0\1y"), -ECANCELED, &fault), -ECANCELED);
}

static void texts_are_decoded(void **state)
{
    static const struct {
        const char *text, *decoded;
    } cases[] = {
        {"", ""},     {"plain", "plain"}, {"a%20b%0A", "a b\n"}, {"100%", "100%"},   {"%4", "%4"},
        {"%41", "A"}, {"%zz%41", "%zzA"}, {"%%41", "%A"},        {"%e2%82%AC", "€"}, {"%+1", "%+1"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ht_autobuf struct ht_buf out = HT_BUF(100);

        ht_grpc_decode_text(&out, ht_str_from(cases[i].text));
        assert_true(ht_str_is(ht_buf_str(&out), cases[i].decoded));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_the_same_however_they_come),
        cmocka_unit_test(broken_frames_are_refused_by_their_head),
        cmocka_unit_test(texts_are_decoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
