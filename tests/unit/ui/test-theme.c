/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hulltop/ui/theme.h"

static void assert_look(struct ht_look look, int fg, int bg, unsigned attrs)
{
    assert_int_equal(look.fg, fg);
    assert_int_equal(look.bg, bg);
    assert_int_equal(look.attrs, attrs);
}

static void default_theme_has_the_colours_of_the_severity_table(void **state)
{
    const enum ht_theme theme = HT_THEME_DEFAULT;

    (void)state;
    assert_look(ht_theme_look(theme, 8, HT_STYLE_CRITICAL), 7, 1, HT_LOOK_BOLD);
    assert_look(ht_theme_look(theme, 8, HT_STYLE_HIGH), 1, -1, HT_LOOK_BOLD);
    assert_look(ht_theme_look(theme, 8, HT_STYLE_MEDIUM), 3, -1, 0);
    assert_look(ht_theme_look(theme, 8, HT_STYLE_LOW), -1, -1, 0);
    assert_look(ht_theme_look(theme, 8, HT_STYLE_INFO), -1, -1, HT_LOOK_DIM);
    assert_look(ht_theme_look(theme, 8, HT_STYLE_GOOD), 6, -1, 0);
    assert_look(ht_theme_look(theme, 8, HT_STYLE_UNKNOWN), 4, -1, HT_LOOK_BOLD | HT_LOOK_UNDERLINE);
    assert_int_equal(ht_theme_look(theme, 256, HT_STYLE_CRITICAL).bg, 166);
    assert_int_equal(ht_theme_look(theme, 256, HT_STYLE_HIGH).fg, 208);
    assert_int_equal(ht_theme_look(theme, 256, HT_STYLE_MEDIUM).fg, 220);
    assert_int_equal(ht_theme_look(theme, 256, HT_STYLE_LOW).fg, 74);
    assert_int_equal(ht_theme_look(theme, 256, HT_STYLE_GOOD).fg, 36);
    assert_int_equal(ht_theme_look(theme, 256, HT_STYLE_UNKNOWN).fg, 75);
    assert_int_equal(ht_theme_look(HT_THEME_COLOUR_BLIND, 8, HT_STYLE_HIGH).fg, 5);
}

static void light_theme_has_no_yellow_or_white_foreground(void **state)
{
    static const int pale[] = {3, 7, 11, 15, 220, 221, 226, 227, 228, 229, 230, 231, 255};

    (void)state;
    for (unsigned role = 0; role < HT_STYLE_COUNT; role++) {
        for (size_t i = 0; i < sizeof(pale) / sizeof(pale[0]); i++) {
            assert_int_not_equal(ht_theme_look(HT_THEME_LIGHT, 8, role).fg, pale[i]);
            assert_int_not_equal(ht_theme_look(HT_THEME_LIGHT, 256, role).fg, pale[i]);
        }
    }
}

static void no_colours_and_mono_have_no_colour(void **state)
{
    (void)state;
    for (unsigned role = 0; role < HT_STYLE_COUNT; role++) {
        for (int theme = 0; theme < HT_THEME_COUNT; theme++) {
            struct ht_look look = ht_theme_look((enum ht_theme)theme, 0, role);

            assert_int_equal(look.fg, -1);
            assert_int_equal(look.bg, -1);
        }
        assert_int_equal(ht_theme_look(HT_THEME_MONO, 256, role).fg, -1);
        assert_int_equal(ht_theme_look(HT_THEME_MONO, 256, role).bg, -1);
    }
}

static void colour_numbers_fit_the_palette(void **state)
{
    (void)state;
    for (int theme = 0; theme < HT_THEME_COUNT; theme++) {
        for (unsigned role = 0; role < HT_STYLE_COUNT; role++) {
            assert_true(ht_theme_look((enum ht_theme)theme, 8, role).fg < 8);
            assert_true(ht_theme_look((enum ht_theme)theme, 8, role).bg < 8);
            assert_true(ht_theme_look((enum ht_theme)theme, 256, role).fg < 256);
        }
    }
}

static void selected_rows_differ_in_every_theme(void **state)
{
    (void)state;
    for (int theme = 0; theme < HT_THEME_COUNT; theme++) {
        for (unsigned role = 0; role < HT_STYLE_COUNT; role++)
            assert_int_not_equal(
                ht_theme_look((enum ht_theme)theme, 8, role).attrs,
                ht_theme_look((enum ht_theme)theme, 8, role | HT_ATTR_SELECTED).attrs);
    }
}

static void no_color_and_the_option_decide(void **state)
{
    (void)state;
    assert_int_equal(ht_theme_colors(HT_COLOR_AUTO, NULL, 256), 256);
    assert_int_equal(ht_theme_colors(HT_COLOR_AUTO, "", 256), 256);
    assert_int_equal(ht_theme_colors(HT_COLOR_AUTO, "1", 256), 0);
    assert_int_equal(ht_theme_colors(HT_COLOR_ALWAYS, "1", 88), 8);
    assert_int_equal(ht_theme_colors(HT_COLOR_ALWAYS, NULL, -1), 0);
    assert_int_equal(ht_theme_colors(HT_COLOR_NEVER, NULL, 256), 0);
}

static void names_are_read_back(void **state)
{
    enum ht_theme theme = HT_THEME_DEFAULT;
    enum ht_color color = HT_COLOR_AUTO;

    (void)state;
    for (int i = 0; i < HT_THEME_COUNT; i++) {
        assert_true(ht_theme_parse(ht_str_from(ht_theme_name((enum ht_theme)i)), &theme));
        assert_int_equal(theme, i);
    }
    for (int i = 0; i <= HT_COLOR_NEVER; i++) {
        assert_true(ht_color_parse(ht_str_from(ht_color_name((enum ht_color)i)), &color));
        assert_int_equal(color, i);
    }
    assert_false(ht_theme_parse(HT_S("dark"), &theme));
    assert_false(ht_color_parse(HT_S(""), &color));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_theme_has_the_colours_of_the_severity_table),
        cmocka_unit_test(light_theme_has_no_yellow_or_white_foreground),
        cmocka_unit_test(no_colours_and_mono_have_no_colour),
        cmocka_unit_test(colour_numbers_fit_the_palette),
        cmocka_unit_test(selected_rows_differ_in_every_theme),
        cmocka_unit_test(no_color_and_the_option_decide),
        cmocka_unit_test(names_are_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
