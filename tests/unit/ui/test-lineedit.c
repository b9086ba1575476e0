/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"
#include "hulltop/base/printable.h"
#include "hulltop/ui/lineedit.h"

static enum ht_lineedit_result press(struct ht_lineedit *edit, uint32_t code)
{
    return ht_lineedit_key(edit, (struct ht_key){.code = code});
}

static void type(struct ht_lineedit *edit, const char *text)
{
    struct ht_str rest = ht_str_from(text);

    while (rest.len > 0) {
        uint32_t code = 0;
        size_t used = ht_utf8_decode(rest, &code);

        press(edit, code);
        rest = ht_str_sub(rest, used, rest.len);
    }
}

static void assert_line(const struct ht_lineedit *edit, const char *text, size_t cursor)
{
    assert_true(ht_str_is(ht_lineedit_text(edit), text));
    assert_int_equal(edit->cursor, cursor);
}

static int setup(void **state)
{
    struct ht_lineedit *edit = ht_new0(struct ht_lineedit);

    ht_lineedit_init(edit);
    ht_lineedit_start(edit, (struct ht_str){0});
    *state = edit;
    return 0;
}

static int teardown(void **state)
{
    ht_lineedit_fini(*state);
    free(*state);
    return 0;
}

static void characters_go_in_at_the_cursor(void **state)
{
    struct ht_lineedit *edit = *state;

    type(edit, "ns:sho");
    assert_int_equal(press(edit, HT_KEY_LEFT), HT_LINEEDIT_MOVED);
    assert_int_equal(press(edit, 'X'), HT_LINEEDIT_CHANGED);
    assert_line(edit, "ns:shXo", 6);
    press(edit, HT_KEY_HOME);
    type(edit, "!");
    assert_line(edit, "!ns:shXo", 1);
    press(edit, HT_CTRL('e'));
    type(edit, "p");
    assert_line(edit, "!ns:shXop", 9);
}

static void whole_characters_are_removed(void **state)
{
    struct ht_lineedit *edit = *state;

    type(edit, "a\xc3\xa9"
               "e\xcc\x81\xe4\xb8\xad");
    press(edit, HT_KEY_BACKSPACE);
    assert_line(edit,
                "a\xc3\xa9"
                "e\xcc\x81",
                6);
    press(edit, HT_CTRL('h'));
    assert_line(edit, "a\xc3\xa9", 3);
    press(edit, HT_CTRL('b'));
    assert_line(edit, "a\xc3\xa9", 1);
    press(edit, HT_CTRL('d'));
    assert_line(edit, "a", 1);
}

static void words_and_line_ends_are_cut(void **state)
{
    struct ht_lineedit *edit = *state;

    type(edit, "one two  three");
    press(edit, HT_CTRL('w'));
    assert_line(edit, "one two  ", 9);
    press(edit, HT_CTRL('w'));
    assert_line(edit, "one ", 4);
    type(edit, "more");
    press(edit, HT_CTRL('a'));
    press(edit, HT_CTRL('f'));
    press(edit, HT_CTRL('k'));
    assert_line(edit, "o", 1);
    press(edit, HT_CTRL('u'));
    assert_line(edit, "", 0);
    assert_int_equal(press(edit, HT_CTRL('w')), HT_LINEEDIT_MOVED);
}

static void leaving_keys_leave(void **state)
{
    struct ht_lineedit *edit = *state;

    assert_int_equal(press(edit, HT_KEY_BACKSPACE), HT_LINEEDIT_CANCEL);
    type(edit, "a");
    assert_int_equal(press(edit, HT_KEY_ESC), HT_LINEEDIT_CANCEL);
    assert_int_equal(press(edit, HT_CTRL('g')), HT_LINEEDIT_CANCEL);
    assert_int_equal(press(edit, HT_KEY_ENTER), HT_LINEEDIT_DONE);
    assert_int_equal(press(edit, HT_KEY_F(5)), HT_LINEEDIT_IGNORED);
    assert_int_equal(press(edit, HT_CTRL('x')), HT_LINEEDIT_IGNORED);
    assert_line(edit, "a", 1);
}

static void history_brings_lines_back(void **state)
{
    struct ht_lineedit *edit = *state;
    static const char *const lines[] = {"first", "second", "second", ""};

    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        ht_lineedit_start(edit, (struct ht_str){0});
        type(edit, lines[i]);
        press(edit, HT_KEY_ENTER);
    }
    assert_int_equal(edit->history.len, 2);
    ht_lineedit_start(edit, (struct ht_str){0});
    type(edit, "new");
    assert_int_equal(press(edit, HT_KEY_UP), HT_LINEEDIT_CHANGED);
    assert_line(edit, "second", 6);
    press(edit, HT_CTRL('p'));
    assert_line(edit, "first", 5);
    assert_int_equal(press(edit, HT_KEY_UP), HT_LINEEDIT_MOVED);
    press(edit, HT_KEY_DOWN);
    press(edit, HT_CTRL('n'));
    assert_line(edit, "new", 3);
    assert_int_equal(press(edit, HT_KEY_DOWN), HT_LINEEDIT_MOVED);
}

static void history_and_line_are_bounded(void **state)
{
    struct ht_lineedit *edit = *state;

    for (int i = 0; i < HT_LINEEDIT_HISTORY_MAX + 20; i++) {
        ht_lineedit_start(edit, (struct ht_str){0});
        for (int n = i; n > 0; n /= 10)
            press(edit, (uint32_t)('0' + n % 10));
        press(edit, HT_KEY_ENTER);
    }
    assert_int_equal(edit->history.len, HT_LINEEDIT_HISTORY_MAX);
    ht_lineedit_start(edit, (struct ht_str){0});
    for (int i = 0; i < HT_LINEEDIT_MAX; i++)
        assert_int_equal(press(edit, 'a'), HT_LINEEDIT_CHANGED);
    assert_int_equal(press(edit, 'a'), HT_LINEEDIT_IGNORED);
    press(edit, HT_KEY_BACKSPACE);
    assert_int_equal(press(edit, 'b'), HT_LINEEDIT_CHANGED);
    assert_int_equal(ht_lineedit_text(edit).len, HT_LINEEDIT_MAX);
}

static void given_text_is_cleaned(void **state)
{
    struct ht_lineedit *edit = *state;

    ht_lineedit_start(edit, HT_S("a\xff\033[2J\xc3\xa9\n"));
    assert_line(edit, "a[2J\xc3\xa9", 6);
}

static void drawing_keeps_the_cursor_in_the_span(void **state)
{
    struct ht_lineedit *edit = *state;
    ht_autocanvas struct ht_canvas *canvas = ht_canvas_new(2, 20);
    ht_autobuf struct ht_buf text = HT_BUF(4096);

    type(edit, "abc");
    assert_int_equal(ht_lineedit_draw(edit, ht_area_all(canvas), (struct ht_span){0, 0, 12}, "/"),
                     4);
    ht_canvas_text(canvas, &text);
    assert_string_equal(text.data, "/abc\n\n");
    type(edit, "defghijklmnop");
    assert_int_equal(ht_lineedit_draw(edit, ht_area_all(canvas), (struct ht_span){0, 0, 12}, "/"),
                     10);
    ht_buf_reset(&text);
    ht_canvas_text(canvas, &text);
    assert_string_equal(text.data, "/hijklmnop\n\n");
    press(edit, HT_KEY_HOME);
    assert_int_equal(ht_lineedit_draw(edit, ht_area_all(canvas), (struct ht_span){0, 0, 12}, "/"),
                     1);
    ht_buf_reset(&text);
    ht_canvas_text(canvas, &text);
    assert_string_equal(text.data, "/abcdefghij~\n\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(characters_go_in_at_the_cursor, setup, teardown),
        cmocka_unit_test_setup_teardown(whole_characters_are_removed, setup, teardown),
        cmocka_unit_test_setup_teardown(words_and_line_ends_are_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(leaving_keys_leave, setup, teardown),
        cmocka_unit_test_setup_teardown(history_brings_lines_back, setup, teardown),
        cmocka_unit_test_setup_teardown(history_and_line_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(given_text_is_cleaned, setup, teardown),
        cmocka_unit_test_setup_teardown(drawing_keeps_the_cursor_in_the_span, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
