/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pasted text, however it is cut into pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "src/ui/paste.h"

/* Hands bytes over as they are read, at most step at once; returns those that were not taken. */
static struct ht_str feed(struct ht_paste *paste, struct ht_str bytes, size_t step, int64_t now_ns)
{
    while (bytes.len > 0) {
        size_t room = ht_paste_room(paste);
        size_t n = room < step ? room : step;
        bool ended = ht_paste_add(paste, ht_str_sub(bytes, 0, n), now_ns);

        bytes = ht_str_sub(bytes, n < bytes.len ? n : bytes.len, bytes.len);
        if (ended)
            break;
    }
    return bytes;
}

static void a_text_ends_where_its_mark_stands(void **state)
{
    static const struct {
        const char *bytes, *text, *rest;
    } cases[] = {
        {"\033[201~", "", ""},
        {"name\033[201~j", "name", "j"},
        {"a\rb\033[201~\033[A", "a\rb", "\033[A"},
        {"\033[20\033[201~q", "\033[20", "q"},           /* the beginning of one before it */
        {"\033\033[201~\033[201~", "\033", "\033[201~"}, /* each end ends one */
        {"\033[201\033[200~\033[20~\033[201~", "\033[201\033[200~\033[20~", ""},
        {"\033[31mred\033]52;c;eA==\a\033[201~:", "\033[31mred\033]52;c;eA==\a", ":"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (size_t step = 1; step <= 6; step++) {
            struct ht_paste paste;

            ht_paste_init(&paste);
            ht_paste_begin(&paste, 0);
            struct ht_str rest = feed(&paste, ht_str_from(cases[i].bytes), step, 0);
            assert_false(paste.is_open);
            assert_false(paste.is_cut);
            assert_true(ht_str_is(ht_buf_str(&paste.text), cases[i].text));
            assert_true(ht_str_is(rest, cases[i].rest));
            ht_paste_fini(&paste);
        }
    }
}

static void of_a_huge_text_the_beginning_is_kept(void **state)
{
    struct ht_paste paste;

    (void)state;
    ht_paste_init(&paste);
    ht_paste_begin(&paste, 0);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(feed(&paste, HT_S("0123456789"), 6, 0).len, 0);
    assert_true(paste.is_open);
    assert_int_equal(feed(&paste, HT_S(HT_PASTE_END "x"), 6, 0).len, 1);
    assert_true(paste.is_cut);
    assert_int_equal(paste.text.len, HT_PASTE_MAX);
    assert_memory_equal(paste.text.data, "0123456789", 10);
    ht_paste_begin(&paste, 0);
    assert_int_equal(feed(&paste, HT_S("next" HT_PASTE_END), 6, 0).len, 0);
    assert_false(paste.is_cut);
    assert_true(ht_str_is(ht_buf_str(&paste.text), "next"));
    ht_paste_fini(&paste);
}

static void an_end_that_never_comes_is_not_waited_for(void **state)
{
    struct ht_paste paste;

    (void)state;
    ht_paste_init(&paste);
    assert_false(ht_paste_give_up(&paste, INT64_MAX));
    ht_paste_begin(&paste, HT_NS_PER_S);
    feed(&paste, HT_S("half"), 6, 3 * HT_NS_PER_S);
    assert_false(ht_paste_give_up(&paste, 7 * HT_NS_PER_S)); /* a slow line */
    feed(&paste, HT_S(" of it\033[2"), 6, 7 * HT_NS_PER_S);
    assert_false(ht_paste_give_up(&paste, 11 * HT_NS_PER_S));
    assert_true(ht_paste_give_up(&paste, 12 * HT_NS_PER_S));
    assert_false(paste.is_open);
    assert_true(paste.is_cut);
    assert_true(ht_str_is(ht_buf_str(&paste.text), "half of it\033[2"));
    assert_false(ht_paste_give_up(&paste, 100 * HT_NS_PER_S));
    ht_paste_fini(&paste);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_ends_where_its_mark_stands),
        cmocka_unit_test(of_a_huge_text_the_beginning_is_kept),
        cmocka_unit_test(an_end_that_never_comes_is_not_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
