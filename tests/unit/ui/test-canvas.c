/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"
#include "hulltop/ui/canvas.h"

static void assert_text(const struct ht_canvas *canvas, const char *expected)
{
    ht_autobuf struct ht_buf text = HT_BUF(65536);

    ht_canvas_text(canvas, &text);
    assert_string_equal(text.data, expected);
}

static void text_is_cut_at_the_right_edge_of_its_area(void **state)
{
    ht_autocanvas struct ht_canvas *canvas = ht_canvas_new(3, 10);
    struct ht_area area = ht_area_of(canvas, (struct ht_rect){1, 2, 1, 5});

    (void)state;
    assert_int_equal(ht_draw_text(area, 0, 0, 0, HT_S("abcdefgh")), 5);
    assert_text(canvas, "\n  abcd~\n\n");
    assert_int_equal(ht_draw_text(area, 1, 0, 0, HT_S("below")), 0);
    assert_int_equal(ht_draw_text(area, -1, 0, 0, HT_S("above")), 0);
    assert_int_equal(ht_draw_text(area, 0, 5, 0, HT_S("right")), 0);
    assert_text(canvas, "\n  abcd~\n\n");
}

static void areas_inside_areas_clip(void **state)
{
    ht_autocanvas struct ht_canvas *canvas = ht_canvas_new(4, 8);
    struct ht_area outer = ht_area_of(canvas, (struct ht_rect){1, 1, 2, 4});
    struct ht_area inner = ht_area_sub(outer, (struct ht_rect){1, 2, 9, 9});

    (void)state;
    ht_draw_fill(outer, (struct ht_rect){-5, -5, 50, 50}, HT_STYLE_DIM);
    ht_draw_text(inner, 0, 0, HT_STYLE_ACCENT, HT_S("xyz"));
    assert_text(canvas, "\n\n   x~\n\n");
    ht_autobuf struct ht_buf styles = HT_BUF(4096);
    ht_canvas_styles(canvas, &styles);
    assert_string_equal(styles.data, "\n.dddd\n.ddaa\n\n");
}

static void right_aligned_text_ends_at_the_span(void **state)
{
    ht_autocanvas struct ht_canvas *canvas = ht_canvas_new(2, 10);
    struct ht_area all = ht_area_all(canvas);

    (void)state;
    ht_draw_right(all, (struct ht_span){0, 1, 6}, 0, HT_S("42"));
    ht_draw_right(all, (struct ht_span){1, 0, 4}, 0, HT_S("123456"));
    assert_text(canvas, "     42\n123~\n");
}

static void the_last_cell_is_never_written(void **state)
{
    ht_autocanvas struct ht_canvas *canvas = ht_canvas_new(2, 4);
    struct ht_area all = ht_area_all(canvas);

    (void)state;
    canvas->ascii = true;
    ht_draw_fill(all, all.rect, HT_STYLE_CRITICAL);
    ht_draw_hline(all, (struct ht_span){1, 0, 4}, HT_STYLE_DIM);
    ht_draw_text(all, 1, 0, 0, HT_S("abcdef"));
    ht_draw_attr(all, (struct ht_span){1, 0, 4}, HT_ATTR_SELECTED);
    ht_draw_role(all, (struct ht_span){1, 0, 4}, HT_STYLE_MATCH);
    assert_int_equal(ht_canvas_cell(canvas, 1, 3)->code, ' ');
    assert_int_equal(ht_canvas_cell(canvas, 1, 3)->style, 0);
    assert_text(canvas, "\nab~\n");
    ht_draw_text(all, 1, 2, 0, HT_S("\xe4\xb8\xad"));
    assert_int_equal(ht_canvas_cell(canvas, 1, 3)->code, ' ');
}

static void control_bytes_are_shown_and_never_stored(void **state)
{
    ht_autocanvas struct ht_canvas *canvas = ht_canvas_new(1, 60);

    (void)state;
    ht_draw_text(ht_area_all(canvas), 0, 0, 0, HT_S("a\033[2J\r\n\b\x9b\xe2\x80\xae z"));
    assert_text(canvas, "a\\x1b[2J\\x0d\\x0a\\x08\\x9b\\u{202e} z\n");
    for (int col = 0; col < canvas->w; col++)
        assert_true(ht_canvas_cell(canvas, 0, col)->code >= ' ');
}

static void ascii_canvas_holds_ascii_only(void **state)
{
    ht_autocanvas struct ht_canvas *canvas = ht_canvas_new(2, 40);
    struct ht_area all = ht_area_all(canvas);

    (void)state;
    canvas->ascii = true;
    ht_draw_text(all, 0, 0, 0, HT_S("caf\xc3\xa9"));
    ht_draw_hline(all, (struct ht_span){1, 0, 3}, 0);
    ht_draw_vline(all, (struct ht_rect){0, 20, 2, 1}, 0);
    for (int i = 0; i < canvas->h * canvas->w; i++)
        assert_in_range(canvas->cells[i].code, ' ', '~');
}

static void overwriting_half_of_a_wide_character_blanks_the_other(void **state)
{
    ht_autocanvas struct ht_canvas *canvas = ht_canvas_new(1, 10);
    struct ht_area all = ht_area_all(canvas);

    (void)state;
    ht_draw_text(all, 0, 0, 0, HT_S("\xe4\xb8\xad\xe6\x96\x87"));
    assert_text(canvas, "\xe4\xb8\xad\xe6\x96\x87\n");
    ht_draw_text(all, 0, 1, 0, HT_S("x"));
    assert_text(canvas, " x\xe6\x96\x87\n");
    ht_draw_text(all, 0, 2, 0, HT_S("y"));
    assert_text(canvas, " xy\n");
    ht_draw_text(all, 0, 1, 0, HT_S("\xe4\xb8\xad"));
    assert_text(canvas, " \xe4\xb8\xad\n");
}

static void combining_marks_stay_with_their_character(void **state)
{
    ht_autocanvas struct ht_canvas *canvas = ht_canvas_new(1, 30);

    (void)state;
    assert_int_equal(ht_draw_text(ht_area_all(canvas), 0, 0, 0, HT_S("e\xcc\x81x")), 2);
    assert_int_equal(ht_canvas_cell(canvas, 0, 0)->mark[0], 0x301);
    assert_int_equal(ht_canvas_cell(canvas, 0, 1)->code, 'x');
    assert_text(canvas, "e\xcc\x81x\n");
}

static void long_text_wraps_at_blanks(void **state)
{
    ht_autocanvas struct ht_canvas *canvas = ht_canvas_new(6, 12);
    struct ht_area area = ht_area_of(canvas, (struct ht_rect){0, 0, 6, 10});
    struct ht_str text = HT_S("one two three\nfour abcdefghijklmno end");

    (void)state;
    assert_int_equal(ht_draw_wrapped(area, 0, 0, 0, text), 5);
    assert_text(canvas, "one two\nthree\nfour\nabcdefghij\nklmno end\n\n");
    ht_canvas_clear(canvas);
    assert_int_equal(ht_draw_wrapped(area, 1, 3, 0, text), 5);
    assert_text(canvas, "\nabcdefghij\nklmno end\n\n\n\n");
}

static void wrapping_ends_for_any_width_and_text(void **state)
{
    static const char *const texts[] = {"\xe4\xb8\xad\xe6\x96\x87", "  ", "a  b", "\n\n", " a"};

    (void)state;
    for (int w = 1; w < 6; w++) {
        ht_autocanvas struct ht_canvas *canvas = ht_canvas_new(9, w);

        for (size_t i = 0; i < ARRAY_LEN(texts); i++)
            assert_in_range(ht_draw_wrapped(ht_area_all(canvas), 0, 0, 0, ht_str_from(texts[i])), 1,
                            5);
    }
}

static void hash_tells_frames_apart(void **state)
{
    ht_autocanvas struct ht_canvas *a = ht_canvas_new(3, 20);
    ht_autocanvas struct ht_canvas *b = ht_canvas_new(3, 20);
    ht_autocanvas struct ht_canvas *turned = ht_canvas_new(20, 3);

    (void)state;
    assert_true(ht_canvas_hash(a) == ht_canvas_hash(b));
    assert_true(ht_canvas_hash(a) != ht_canvas_hash(turned));
    ht_draw_text(ht_area_all(a), 1, 1, HT_STYLE_GOOD, HT_S("PASS"));
    assert_true(ht_canvas_hash(a) != ht_canvas_hash(b));
    ht_draw_text(ht_area_all(b), 1, 1, HT_STYLE_HIGH, HT_S("PASS"));
    assert_true(ht_canvas_hash(a) != ht_canvas_hash(b));
    ht_canvas_copy(b, a);
    assert_true(ht_canvas_hash(a) == ht_canvas_hash(b));
    assert_true(ht_canvas_row_equals(a, b, 1));
}

static void styles_have_letters_of_their_own(void **state)
{
    (void)state;
    for (int a = 0; a < HT_STYLE_COUNT; a++) {
        for (int b = a + 1; b < HT_STYLE_COUNT; b++)
            assert_int_not_equal(ht_style_letter((enum ht_style)a),
                                 ht_style_letter((enum ht_style)b));
    }
}

static void selected_rows_are_capital_letters(void **state)
{
    ht_autocanvas struct ht_canvas *canvas = ht_canvas_new(2, 6);
    struct ht_area all = ht_area_all(canvas);
    ht_autobuf struct ht_buf styles = HT_BUF(4096);

    (void)state;
    ht_draw_text(all, 0, 0, HT_STYLE_HIGH, HT_S("ab"));
    ht_draw_attr(all, (struct ht_span){0, 0, 4}, HT_ATTR_SELECTED);
    ht_canvas_styles(canvas, &styles);
    assert_string_equal(styles.data, "WW::\n\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_cut_at_the_right_edge_of_its_area),
        cmocka_unit_test(areas_inside_areas_clip),
        cmocka_unit_test(right_aligned_text_ends_at_the_span),
        cmocka_unit_test(the_last_cell_is_never_written),
        cmocka_unit_test(control_bytes_are_shown_and_never_stored),
        cmocka_unit_test(ascii_canvas_holds_ascii_only),
        cmocka_unit_test(overwriting_half_of_a_wide_character_blanks_the_other),
        cmocka_unit_test(combining_marks_stay_with_their_character),
        cmocka_unit_test(long_text_wraps_at_blanks),
        cmocka_unit_test(wrapping_ends_for_any_width_and_text),
        cmocka_unit_test(hash_tells_frames_apart),
        cmocka_unit_test(styles_have_letters_of_their_own),
        cmocka_unit_test(selected_rows_are_capital_letters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
