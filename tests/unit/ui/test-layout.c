/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"
#include "hulltop/ui/layout.h"

/* No two share a cell, all lie inside, and none of them is empty. */
static void assert_tiling(const struct ht_rect *parts, size_t n, struct ht_rect outer)
{
    for (size_t i = 0; i < n; i++) {
        assert_true(parts[i].h > 0);
        assert_true(parts[i].w > 0);
        assert_true(ht_rect_is_inside(parts[i], outer));
        for (size_t k = i + 1; k < n; k++)
            assert_false(ht_rect_overlaps(parts[i], parts[k]));
    }
}

static void frames_fit_every_size(void **state)
{
    (void)state;
    for (int w = 40; w <= 200; w++) {
        for (int h = 12; h <= 70; h++) {
            struct ht_frame f;
            ht_layout_frame(h, w, &f);
            struct ht_rect parts[] = {f.title, f.sources, f.rule, f.body, f.message, f.keys};

            assert_false(f.tiny);
            assert_tiling(parts, ARRAY_LEN(parts), (struct ht_rect){0, 0, h, w});
            assert_int_equal(f.body.h, h - 5);
            assert_int_equal(f.keys.row, h - 1);
            assert_int_equal(f.keys.w, w - 1);
        }
    }
}

static void small_screens_are_one_line(void **state)
{
    static const int sizes[][2] = {{11, 80}, {24, 39}, {1, 1}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct ht_frame f;

        ht_layout_frame(sizes[i][0], sizes[i][1], &f);
        assert_true(f.tiny);
        assert_int_equal(f.title.h, 1);
        assert_int_equal(f.title.w, sizes[i][1]);
        assert_int_equal(f.body.h + f.sources.h + f.rule.h + f.message.h + f.keys.h, 0);
    }
}

static void tiles_fit_every_size_that_has_them(void **state)
{
    (void)state;
    for (int w = HT_TILES_MIN_W; w <= 200; w++) {
        for (int h = HT_TILES_MIN_H; h <= 70; h++) {
            struct ht_frame frame;
            struct ht_rect tiles[6];

            ht_layout_frame(h, w, &frame);
            assert_true(ht_layout_tiles(frame.body, 6, 2, tiles));
            assert_tiling(tiles, 6, frame.body);
            assert_int_equal(tiles[5].row + tiles[5].h, frame.body.row + frame.body.h);
            assert_int_equal(tiles[5].col + tiles[5].w, frame.body.col + frame.body.w);
            assert_true(tiles[5].h >= 8);
        }
    }
}

static void tiles_refuse_what_is_too_small(void **state)
{
    struct ht_rect tiles[6];

    (void)state;
    assert_false(ht_layout_tiles((struct ht_rect){0, 0, 8, 100}, 6, 2, tiles));
    assert_false(ht_layout_tiles((struct ht_rect){0, 0, 30, 40}, 6, 2, tiles));
    assert_true(ht_layout_tiles((struct ht_rect){0, 0, 9, 41}, 6, 2, tiles));
}

static const struct ht_column table[] = {
    {.width = 7},
    {.width = 18, .min = 8},
    {.width = 22, .drop = 2},
    {.width = 6, .drop = 1},
    {.width = 6, .drop = 1},
    {.width = HT_COLUMN_REST, .min = 10},
};

static void assert_columns(const struct ht_column_place *places, size_t n, int width, int gap)
{
    int col = 0;

    for (size_t i = 0; i < n; i++) {
        if (places[i].width == 0)
            continue;
        assert_true(places[i].col >= col);
        assert_true(places[i].col + places[i].width <= width);
        col = places[i].col + places[i].width + gap;
    }
}

static void columns_fit_every_width(void **state)
{
    struct ht_column_place places[ARRAY_LEN(table)];

    (void)state;
    for (int width = 1; width <= 200; width++) {
        size_t n = ht_layout_columns(table, ARRAY_LEN(table), width, 1, places);

        assert_true(n >= 1);
        assert_columns(places, ARRAY_LEN(table), width, 1);
        if (width >= 40) {
            assert_int_equal(places[0].width, 7);
            assert_true(places[1].width >= 8);
            assert_true(places[5].width >= 10);
            assert_int_equal(places[5].col + places[5].width, width);
        }
    }
}

static void columns_drop_by_priority_then_from_the_right(void **state)
{
    struct ht_column_place places[ARRAY_LEN(table)];

    (void)state;
    /* All: 7 + 18 + 22 + 6 + 6 + 10 and five gaps. */
    assert_int_equal(ht_layout_columns(table, 6, 74, 1, places), 6);
    assert_int_equal(ht_layout_columns(table, 6, 73, 1, places), 5);
    assert_int_equal(places[4].width, 0);
    assert_int_equal(places[3].width, 6);
    assert_int_equal(ht_layout_columns(table, 6, 66, 1, places), 4);
    assert_int_equal(places[3].width, 0);
    assert_int_equal(places[2].width, 22);
    assert_int_equal(ht_layout_columns(table, 6, 59, 1, places), 3);
    assert_int_equal(places[2].width, 0);
    assert_int_equal(ht_layout_columns(table, 6, 30, 1, places), 3);
    assert_int_equal(places[0].width, 7);
    assert_int_equal(places[1].width, 11);
    assert_int_equal(places[5].width, 10);
}

static void rest_columns_share_what_is_left(void **state)
{
    static const struct ht_column two[] = {
        {.width = HT_COLUMN_REST}, {.width = 4}, {.width = HT_COLUMN_REST, .max = 12}};
    struct ht_column_place places[3];

    (void)state;
    assert_int_equal(ht_layout_columns(two, 3, 27, 1, places), 3);
    assert_int_equal(places[0].width, 11);
    assert_int_equal(places[2].width, 10);
    assert_int_equal(ht_layout_columns(two, 3, 60, 1, places), 3);
    assert_int_equal(places[2].width, 12);
    assert_int_equal(places[0].width, 42);
}

static void scrolling_keeps_the_selected_line_visible(void **state)
{
    (void)state;
    for (int total = 0; total <= 30; total++) {
        for (int visible = 1; visible <= 12; visible++) {
            for (int selected = 0; selected < total; selected++) {
                for (int top = -3; top < total + 3; top++) {
                    int now = ht_layout_scroll(top, selected, visible, total);

                    assert_true(now >= 0);
                    assert_in_range(selected, now, now + visible - 1);
                    assert_true(total < visible ? now == 0 : now + visible <= total);
                }
            }
        }
    }
    assert_int_equal(ht_layout_scroll(4, 6, 5, 30), 4);
    assert_int_equal(ht_layout_scroll(4, 9, 5, 30), 5);
    assert_int_equal(ht_layout_scroll(4, 2, 5, 30), 2);
}

static void splits_do_not_overlap(void **state)
{
    (void)state;
    for (int w = 40; w <= 200; w++) {
        for (int h = 12; h <= 70; h++) {
            struct ht_rect area = {2, 3, h, w};
            struct ht_rect parts[2];

            ht_layout_split_beside(area, 38, 80, parts);
            assert_tiling(parts, w >= 119 ? 2 : 1, area);
            if (w < 119)
                assert_int_equal(parts[1].w * parts[1].h + parts[0].w, w);
            ht_layout_split_above(area, 8, 10, parts);
            assert_tiling(parts, h >= 18 ? 2 : 1, area);
        }
    }
}

static void taking_rows_stops_at_the_end(void **state)
{
    struct ht_rect area = {5, 1, 4, 9};

    (void)state;
    assert_int_equal(ht_layout_take_top(&area, 3).h, 3);
    assert_int_equal(area.row, 8);
    assert_int_equal(ht_layout_take_bottom(&area, 3).h, 1);
    assert_int_equal(area.h, 0);
    assert_int_equal(ht_layout_take_top(&area, 1).h, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_fit_every_size),
        cmocka_unit_test(small_screens_are_one_line),
        cmocka_unit_test(tiles_fit_every_size_that_has_them),
        cmocka_unit_test(tiles_refuse_what_is_too_small),
        cmocka_unit_test(columns_fit_every_width),
        cmocka_unit_test(columns_drop_by_priority_then_from_the_right),
        cmocka_unit_test(rest_columns_share_what_is_left),
        cmocka_unit_test(scrolling_keeps_the_selected_line_visible),
        cmocka_unit_test(splits_do_not_overlap),
        cmocka_unit_test(taking_rows_stops_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
