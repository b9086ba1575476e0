/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where things go: pure functions of sizes. Layer 6 (ui); knows nothing of what is shown; any
 * thread. Rows and columns count cells from 0; a rectangle of no height or no width is empty.
 */
#ifndef HT_UI_LAYOUT_H
#define HT_UI_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

struct ht_rect {
    int row;
    int col;
    int h;
    int w;
};

enum {
    HT_FRAME_MIN_H = 12, /* below one of them a screen is a single status line */
    HT_FRAME_MIN_W = 40,
    HT_TILES_MIN_H = 30, /* from both of them on tiles fit */
    HT_TILES_MIN_W = 100,
};

/* The parts every screen has. When tiny is set, only title is not empty: one status line. */
struct ht_frame {
    bool tiny;
    struct ht_rect title;   /* 1 row */
    struct ht_rect sources; /* 1 row */
    struct ht_rect rule;    /* 1 row */
    struct ht_rect body;    /* all that is left */
    struct ht_rect message; /* 1 row: messages, prompt */
    struct ht_rect keys;    /* 1 row, one column short of the screen: its last cell stays free */
};
void ht_layout_frame(int h, int w, struct ht_frame *ret_frame);

/* True if the columns are below 80: the short names of the questions are used. */
bool ht_layout_is_narrow(int w);

enum { HT_COLUMN_REST = 0 };
/* One column of a table, as its view declares it. */
struct ht_column {
    int width; /* columns; HT_COLUMN_REST: an equal share of what the others leave */
    int min;   /* smallest useful width; 0: width itself, or 8 for a rest column */
    int max;   /* largest width of a rest column; 0: no limit */
    int drop;  /* 0: never dropped; 1 is dropped first, 2 second; equal ones from right to left */
};
/* Where one column goes; width 0: dropped. */
struct ht_column_place {
    int col;
    int width;
};
/* Places n columns with gap blanks between them in width cells. Columns that may drop are dropped
 * first; then those that stay shrink to their minimum from right to left; what still does not fit
 * is cut at the right edge. Returns the number of columns with a width. */
size_t ht_layout_columns(const struct ht_column *columns, size_t n, int width, int gap,
                         struct ht_column_place *ret_places);

/* Splits area into n tiles of cols columns with one blank column between; the rows left over go to
 * the first tiles. False (nothing written) if a tile would be under 3 rows or 20 columns. */
bool ht_layout_tiles(struct ht_rect area, int n, int cols, struct ht_rect *ret_tiles);

/* Splits area in two beside (above) each other with one free column (no free row) between; the
 * second gets size cells, unless the first would be left with less than min_first: then the second
 * is empty and the first is all of area. */
void ht_layout_split_beside(struct ht_rect area, int size, int min_first, struct ht_rect ret[2]);
void ht_layout_split_above(struct ht_rect area, int size, int min_first, struct ht_rect ret[2]);

/* The first n rows of *area, which is left with the rest; fewer if there are fewer. */
struct ht_rect ht_layout_take_top(struct ht_rect *area, int n);
/* The same from the bottom. */
struct ht_rect ht_layout_take_bottom(struct ht_rect *area, int n);

/* The first visible line of a list of total lines in a window of visible lines, nearest to top, so
 * that selected is inside and no line is wasted at the end. */
int ht_layout_scroll(int top, int selected, int visible, int total);

/* True if both rectangles are not empty and share a cell. */
bool ht_rect_overlaps(struct ht_rect a, struct ht_rect b);
/* True if inner lies wholly in outer (an empty inner does). */
bool ht_rect_is_inside(struct ht_rect inner, struct ht_rect outer);
/* What both have in common; empty (h = w = 0) if nothing. */
struct ht_rect ht_rect_intersect(struct ht_rect a, struct ht_rect b);

#endif
