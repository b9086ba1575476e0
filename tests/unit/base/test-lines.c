/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/lines.h"

struct seen {
    struct ht_buf text;
    int result;
};

static int see(void *context, struct ht_str line)
{
    struct seen *seen = context;

    ht_buf_add_str(&seen->text, line);
    ht_buf_add_c(&seen->text, '|');
    return seen->result;
}

static void lines_are_the_same_however_they_come(void **state)
{
    const struct ht_str stream = HT_STR("one\ntwo\r\n\n\r\nth\0ree\nlast");

    (void)state;
    for (size_t piece = 1; piece <= stream.len; piece++) {
        struct seen seen = {.text = HT_BUF(1000)};
        struct ht_lines lines;

        ht_lines_init(&lines, 100, see, &seen);
        for (size_t at = 0; at < stream.len; at += piece)
            assert_int_equal(ht_lines_feed(&lines, ht_str_sub(stream, at, piece)), 0);
        assert_int_equal(seen.text.len, 15);
        assert_int_equal(ht_lines_end(&lines), 0);
        assert_int_equal(seen.text.len, 20);
        assert_memory_equal(seen.text.data, "one|two|th\0ree|last|", 20);
        ht_lines_fini(&lines);
        ht_buf_fini(&seen.text);
    }
}

static void a_line_over_the_limit_is_refused(void **state)
{
    struct seen seen = {.text = HT_BUF(1000)};
    struct ht_lines lines;

    (void)state;
    ht_lines_init(&lines, 4, see, &seen);
    assert_int_equal(ht_lines_feed(&lines, HT_S("1234\n12345\n")), -EFBIG);
    ht_lines_fini(&lines);
    ht_lines_init(&lines, 4, see, &seen);
    assert_int_equal(ht_lines_feed(&lines, HT_S("1234")), 0);
    assert_int_equal(ht_lines_feed(&lines, HT_S("5")), -EFBIG);
    ht_lines_fini(&lines);
    assert_string_equal(seen.text.data, "1234|");
    ht_buf_fini(&seen.text);
}

static void the_visitor_can_end_it(void **state)
{
    struct seen seen = {.text = HT_BUF(1000), .result = -EINTR};
    struct ht_lines lines;

    (void)state;
    ht_lines_init(&lines, 100, see, &seen);
    assert_int_equal(ht_lines_feed(&lines, HT_S("a\nb\n")), -EINTR);
    assert_string_equal(seen.text.data, "a|");
    ht_lines_fini(&lines);
    ht_buf_fini(&seen.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_the_same_however_they_come),
        cmocka_unit_test(a_line_over_the_limit_is_refused),
        cmocka_unit_test(the_visitor_can_end_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
