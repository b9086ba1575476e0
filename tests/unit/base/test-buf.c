/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/buf.h"

static void what_is_added_is_in_it(void **state)
{
    struct ht_buf buf = HT_BUF(100);

    (void)state;
    ht_buf_add_text(&buf, "a");
    ht_buf_add(&buf, "b\0c", 3);
    ht_buf_add_c(&buf, 'd');
    ht_buf_add_n(&buf, 'e', 2);
    ht_buf_addf(&buf, "%s%d", "f", 7);
    assert_int_equal(buf.len, 9);
    assert_memory_equal(buf.data, "ab\0cdeef7", 10);
    assert_false(ht_buf_is_full(&buf));
    ht_buf_fini(&buf);
}

static void bytes_up_to_the_limit_are_kept_and_later_ones_ignored(void **state)
{
    struct ht_buf buf = HT_BUF(4);

    (void)state;
    ht_buf_add_text(&buf, "abcdef");
    assert_true(ht_buf_is_full(&buf));
    assert_string_equal(buf.data, "abcd");
    ht_buf_reset(&buf);
    assert_false(ht_buf_is_full(&buf));
    ht_buf_add_text(&buf, "abcd");
    assert_false(ht_buf_is_full(&buf));
    ht_buf_addf(&buf, "%s", "x");
    assert_true(ht_buf_is_full(&buf));
    assert_string_equal(buf.data, "abcd");
    ht_buf_fini(&buf);
}

static void formatted_text_is_cut_at_the_limit(void **state)
{
    struct ht_buf buf = HT_BUF(5);

    (void)state;
    ht_buf_addf(&buf, "%08d", 12345678);
    assert_true(ht_buf_is_full(&buf));
    assert_int_equal(buf.len, 5);
    assert_string_equal(buf.data, "12345");
    ht_buf_fini(&buf);
}

static void it_grows_far_beyond_its_first_size(void **state)
{
    struct ht_buf buf = HT_BUF(1 << 20);

    (void)state;
    for (size_t i = 0; i < 100000; i++)
        ht_buf_add_text(&buf, "0123456789");
    assert_int_equal(buf.len, 1000000);
    assert_memory_equal(buf.data + 999990, "0123456789", 11);
    ht_buf_fini(&buf);
}

/* What comes piece by piece would else be copied again with each piece. */
static void room_is_doubled_up_to_the_limit(void **state)
{
    struct ht_buf buf = HT_BUF(1000);
    size_t room = 0;

    (void)state;
    ht_buf_room(&buf, 100, &room);
    assert_int_equal(room, 100);
    assert_int_equal(buf.cap, 101);
    memset(buf.data, 'a', 100);
    ht_buf_grow(&buf, 100);
    ht_buf_room(&buf, 1, &room);
    assert_int_equal(room, 1);
    assert_int_equal(buf.cap, 202);
    ht_buf_room(&buf, 450, &room);
    assert_int_equal(buf.cap, 551);
    ht_buf_room(&buf, 451, &room);
    assert_int_equal(buf.cap, 1001);
    ht_buf_room(&buf, 5000, &room);
    assert_int_equal(room, 900);
    assert_int_equal(buf.cap, 1001);
    ht_buf_fini(&buf);
}

static void taken_bytes_are_a_string_even_when_empty(void **state)
{
    struct ht_buf buf = HT_BUF(10);
    char *text;

    (void)state;
    text = ht_buf_take(&buf);
    assert_string_equal(text, "");
    free(text);
    ht_buf_add_text(&buf, "abc");
    text = ht_buf_take(&buf);
    assert_string_equal(text, "abc");
    free(text);
    assert_int_equal(buf.len, 0);
    ht_buf_fini(&buf);
}

static void what_was_cut_has_room_again(void **state)
{
    ht_autobuf struct ht_buf buf = HT_BUF(5);

    (void)state;
    ht_buf_add_text(&buf, "abcdef");
    assert_true(ht_buf_is_full(&buf));
    ht_buf_cut(&buf, 3);
    assert_false(ht_buf_is_full(&buf));
    assert_string_equal(buf.data, "abc");
    ht_buf_add_c(&buf, 'x');
    assert_string_equal(buf.data, "abcx");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_is_in_it),
        cmocka_unit_test(bytes_up_to_the_limit_are_kept_and_later_ones_ignored),
        cmocka_unit_test(formatted_text_is_cut_at_the_limit),
        cmocka_unit_test(it_grows_far_beyond_its_first_size),
        cmocka_unit_test(room_is_doubled_up_to_the_limit),
        cmocka_unit_test(what_was_cut_has_room_again),
        cmocka_unit_test(taken_bytes_are_a_string_even_when_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
