/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "hulltop/ui/layout.h"

#include <assert.h>

enum { REST_MIN = 8, TILE_MIN_H = 3, TILE_MIN_W = 20, NARROW_W = 80 };

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

bool ht_rect_overlaps(struct ht_rect a, struct ht_rect b)
{
    struct ht_rect both = ht_rect_intersect(a, b);

    return both.h > 0 && both.w > 0;
}

bool ht_rect_is_inside(struct ht_rect inner, struct ht_rect outer)
{
    if (inner.h <= 0 || inner.w <= 0)
        return true;
    return inner.row >= outer.row && inner.col >= outer.col &&
           inner.row + inner.h <= outer.row + outer.h && inner.col + inner.w <= outer.col + outer.w;
}

struct ht_rect ht_rect_intersect(struct ht_rect a, struct ht_rect b)
{
    struct ht_rect both = {.row = max_int(a.row, b.row), .col = max_int(a.col, b.col)};

    both.h = min_int(a.row + a.h, b.row + b.h) - both.row;
    both.w = min_int(a.col + a.w, b.col + b.w) - both.col;
    if (both.h <= 0 || both.w <= 0)
        both.h = both.w = 0;
    return both;
}

struct ht_rect ht_layout_take_top(struct ht_rect *area, int n)
{
    struct ht_rect top = *area;

    top.h = max_int(0, min_int(n, area->h));
    area->row += top.h;
    area->h -= top.h;
    return top;
}

struct ht_rect ht_layout_take_bottom(struct ht_rect *area, int n)
{
    struct ht_rect bottom = *area;

    bottom.h = max_int(0, min_int(n, area->h));
    area->h -= bottom.h;
    bottom.row = area->row + area->h;
    return bottom;
}

bool ht_layout_is_narrow(int w)
{
    return w < NARROW_W;
}

void ht_layout_frame(int h, int w, struct ht_frame *ret_frame)
{
    struct ht_frame frame = {.tiny = h < HT_FRAME_MIN_H || w < HT_FRAME_MIN_W};
    struct ht_rect all = {.h = max_int(h, 0), .w = max_int(w, 0)};

    frame.title = ht_layout_take_top(&all, 1);
    if (!frame.tiny) {
        frame.sources = ht_layout_take_top(&all, 1);
        frame.rule = ht_layout_take_top(&all, 1);
        frame.keys = ht_layout_take_bottom(&all, 1);
        frame.keys.w--;
        frame.message = ht_layout_take_bottom(&all, 1);
        frame.body = all;
    }
    *ret_frame = frame;
}

static int column_min(const struct ht_column *column)
{
    if (column->min > 0)
        return column->width == HT_COLUMN_REST ? column->min : min_int(column->min, column->width);
    return column->width == HT_COLUMN_REST ? REST_MIN : column->width;
}

/* Width that all columns with a place ask for, gaps included; rest columns ask for their minimum.
 */
static int wanted_width(const struct ht_column_place *places, size_t n, int gap)
{
    int wanted = 0;

    for (size_t i = 0; i < n; i++) {
        if (places[i].width > 0)
            wanted += places[i].width + (wanted > 0 ? gap : 0);
    }
    return wanted;
}

/* Drops the column that is to go next; false if none may. */
static bool drop_one(const struct ht_column *columns, size_t n, struct ht_column_place *places)
{
    size_t victim = n;

    for (size_t i = 0; i < n; i++) {
        if (places[i].width > 0 && columns[i].drop > 0 &&
            (victim == n || columns[i].drop <= columns[victim].drop))
            victim = i;
    }
    if (victim == n)
        return false;
    places[victim].width = 0;
    return true;
}

static void shrink(const struct ht_column *columns, size_t n, int missing,
                   struct ht_column_place *places)
{
    for (size_t i = n; i-- > 0 && missing > 0;) {
        int spare = places[i].width - column_min(&columns[i]);
        int less = min_int(missing, spare);

        if (places[i].width > 0 && less > 0) {
            places[i].width -= less;
            missing -= less;
        }
    }
}

/* Deals out what is left to the rest columns in equal shares, left ones first for odd cells. */
static void grow_rest(const struct ht_column *columns, size_t n, int left,
                      struct ht_column_place *places)
{
    while (left > 0) {
        int before = left;

        for (size_t i = 0; i < n && left > 0; i++) {
            bool at_max = columns[i].max > 0 && places[i].width >= columns[i].max;

            if (columns[i].width == HT_COLUMN_REST && places[i].width > 0 && !at_max) {
                places[i].width++;
                left--;
            }
        }
        if (left == before)
            return;
    }
}

size_t ht_layout_columns(const struct ht_column *columns, size_t n, int width, int gap,
                         struct ht_column_place *ret_places)
{
    int col = 0;
    size_t placed = 0;

    assert(gap >= 0);
    for (size_t i = 0; i < n; i++) {
        bool is_rest = columns[i].width == HT_COLUMN_REST;

        ret_places[i].width = max_int(1, is_rest ? column_min(&columns[i]) : columns[i].width);
    }
    while (wanted_width(ret_places, n, gap) > width && drop_one(columns, n, ret_places))
        ;
    shrink(columns, n, wanted_width(ret_places, n, gap) - width, ret_places);
    grow_rest(columns, n, width - wanted_width(ret_places, n, gap), ret_places);
    for (size_t i = 0; i < n; i++) {
        ret_places[i].col = min_int(col, max_int(width, 0));
        ret_places[i].width = max_int(0, min_int(ret_places[i].width, width - col));
        if (ret_places[i].width > 0) {
            col += ret_places[i].width + gap;
            placed++;
        }
    }
    return placed;
}

bool ht_layout_tiles(struct ht_rect area, int n, int cols, struct ht_rect *ret_tiles)
{
    assert(n > 0 && cols > 0);
    int rows = (n + cols - 1) / cols;
    int inner_w = area.w - (cols - 1);

    if (area.h / rows < TILE_MIN_H || inner_w / cols < TILE_MIN_W)
        return false;
    for (int i = 0; i < n; i++) {
        int r = i / cols;
        int c = i % cols;
        int h = area.h / rows;
        int w = inner_w / cols;
        int more_h = area.h % rows;
        int more_w = inner_w % cols;

        ret_tiles[i] = (struct ht_rect){
            .row = area.row + r * h + min_int(r, more_h),
            .col = area.col + c * (w + 1) + min_int(c, more_w),
            .h = h + (r < more_h),
            .w = w + (c < more_w),
        };
    }
    return true;
}

void ht_layout_split_beside(struct ht_rect area, int size, int min_first, struct ht_rect ret[2])
{
    int first_w = area.w - size - 1;

    ret[0] = area;
    ret[1] = (struct ht_rect){.row = area.row, .col = area.col + area.w};
    if (size <= 0 || first_w < min_first || first_w <= 0)
        return;
    ret[0].w = first_w;
    ret[1] = area;
    ret[1].col += first_w + 1;
    ret[1].w = size;
}

void ht_layout_split_above(struct ht_rect area, int size, int min_first, struct ht_rect ret[2])
{
    int first_h = area.h - size;

    ret[0] = area;
    ret[1] = (struct ht_rect){.row = area.row + area.h, .col = area.col};
    if (size <= 0 || first_h < min_first || first_h <= 0)
        return;
    ret[1] = ht_layout_take_bottom(&ret[0], size);
}

int ht_layout_scroll(int top, int selected, int visible, int total)
{
    if (visible <= 0 || total <= visible)
        return 0;
    selected = max_int(0, min_int(selected, total - 1));
    top = max_int(top, selected - visible + 1);
    top = min_int(top, selected);
    return max_int(0, min_int(top, total - visible));
}
