/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A grid of cells that screens are drawn into; the terminal is one reader of it, tests another.
 * Layer 6 (ui); knows base and layout; one owner, one thread.
 *
 * Colours are not known here: a style is the name of a role, a theme says what it looks like.  All
 * text goes through the printable function, whoever it comes from: no drawing function can place a
 * control character.  The bottom right cell of a canvas is never written, since writing it makes
 * some terminals scroll.
 */
#ifndef HT_UI_CANVAS_H
#define HT_UI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/str.h"
#include "hulltop/ui/layout.h"

/* What a piece of text means. Never the only carrier of that meaning: word and glyph are. */
enum ht_style {
    HT_STYLE_NORMAL = 0,
    HT_STYLE_DIM,      /* labels, rules */
    HT_STYLE_ACCENT,   /* what the eye should find: names, the active tab */
    HT_STYLE_TITLE,    /* line 1, headings of a pane */
    HT_STYLE_HEADER,   /* heads of columns */
    HT_STYLE_KEY,      /* names of keys in the hint line */
    HT_STYLE_MATCH,    /* what a search found */
    HT_STYLE_PROMPT,   /* the line being edited, messages */
    HT_STYLE_CRITICAL, /* severities; FAIL is critical */
    HT_STYLE_HIGH,
    HT_STYLE_MEDIUM, /* WARN too */
    HT_STYLE_LOW,
    HT_STYLE_INFO,
    HT_STYLE_GOOD,    /* PASS */
    HT_STYLE_UNKNOWN, /* PARTIAL, UNKNOWN, N/A */
    HT_STYLE_STALE,   /* old data */
    HT_STYLE_COUNT,
};

/* Added (|) to a style. */
enum ht_attr {
    HT_ATTR_BOLD = 1 << 8,
    HT_ATTR_UNDERLINE = 1 << 9,
    HT_ATTR_REVERSE = 1 << 10,
    HT_ATTR_SELECTED = 1 << 11, /* the selected row: reverses what the style looks like */
    HT_ATTR_LIVE = 1 << 12,     /* changes by itself: looks the same, alone it takes fewer bytes */
};
#define HT_STYLE_ROLE(style) ((enum ht_style)((style)&0xff))

struct ht_cell {
    uint32_t code;    /* a printable code point; blank is ' ' */
    uint32_t mark[2]; /* combining marks, 0 for none */
    uint16_t style;   /* enum ht_style | enum ht_attr */
    uint8_t width;    /* 1, 2, or 0 for the right half of a wide character */
    uint8_t filler;   /* 0 */
};

struct ht_canvas {
    int h;
    int w;
    bool ascii;            /* text above 0x7e is escaped, rules are made of '-' and '|' */
    struct ht_cell *cells; /* h * w, row by row */
};

/* A window onto a canvas: positions given to drawing functions count from its top left corner, and
 * nothing outside of it is touched. */
struct ht_area {
    struct ht_canvas *canvas;
    struct ht_rect rect;
};

/* A place for one piece of text. */
struct ht_span {
    int row;
    int col;
    int width;
};

/* Returns a blank canvas of at least 1x1 (larger sizes are clamped to 1000x1000); the caller owns
 * it. */
struct ht_canvas *ht_canvas_new(int h, int w);
/* Frees it; NULL is allowed; returns NULL. */
struct ht_canvas *ht_canvas_free(struct ht_canvas *canvas);
void ht_cleanup_canvas(struct ht_canvas **canvas);
#define ht_autocanvas __attribute__((cleanup(ht_cleanup_canvas)))
/* Gives it another size and blanks it. */
void ht_canvas_resize(struct ht_canvas *canvas, int h, int w);
/* Makes every cell blank. */
void ht_canvas_clear(struct ht_canvas *canvas);
/* Makes to an exact copy of from. */
void ht_canvas_copy(struct ht_canvas *to, const struct ht_canvas *from);
/* How it shows text: flags of ht_printable. */
unsigned ht_canvas_print_flags(const struct ht_canvas *canvas);
/* The cell at row and col, or NULL outside. */
const struct ht_cell *ht_canvas_cell(const struct ht_canvas *canvas, int row, int col);

/* The whole canvas, a rectangle of it, a rectangle of an area (in its positions; clipped). */
struct ht_area ht_area_all(struct ht_canvas *canvas);
struct ht_area ht_area_of(struct ht_canvas *canvas, struct ht_rect rect);
struct ht_area ht_area_sub(struct ht_area area, struct ht_rect rect);

/* Writes text from row, col to at most the right edge of area; returns the columns used. Text that
 * does not fit ends in "~". */
int ht_draw_text(struct ht_area area, int row, int col, unsigned style, struct ht_str text);
/* The same within span.width columns; the rest of the span stays as it is. */
int ht_draw_field(struct ht_area area, struct ht_span span, unsigned style, struct ht_str text);
/* The same at the right end of the span. */
int ht_draw_right(struct ht_area area, struct ht_span span, unsigned style, struct ht_str text);
/* printf, for text made here; the result goes through the printable function as any other. */
int ht_draw_textf(struct ht_area area, struct ht_span span, unsigned style, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Writes text in lines of at most the area's width, broken at blanks, from row on; \n breaks too.
 * skip lines are left out at the beginning. Returns the number of lines that all of the text
 * takes, drawn or not. */
int ht_draw_wrapped(struct ht_area area, int row, int skip, unsigned style, struct ht_str text);
/* Sets every cell of rect (in the area's positions) to a blank of that style. */
void ht_draw_fill(struct ht_area area, struct ht_rect rect, unsigned style);
/* A rule of span.width cells: '-', or a box character where UTF-8 is allowed. */
void ht_draw_hline(struct ht_area area, struct ht_span span, unsigned style);
/* A rule downwards of rect.h cells at rect.col. */
void ht_draw_vline(struct ht_area area, struct ht_rect rect, unsigned style);
/* Adds attributes to the cells of span, whatever they hold (marks the selected row). */
void ht_draw_attr(struct ht_area area, struct ht_span span, unsigned attrs);
/* Changes the role of the cells of span (marks a match). */
void ht_draw_role(struct ht_area area, struct ht_span span, enum ht_style role);

/* Appends the canvas as text: a line per row, blanks at its end removed. */
void ht_canvas_text(const struct ht_canvas *canvas, struct ht_buf *out);
/* Appends the styles: a line per row, a letter per cell ('.' normal), capital (':' normal) where
 * the cell is selected or has an attribute; trailing '.' removed. ht_style_letter tells the
 * letters. */
void ht_canvas_styles(const struct ht_canvas *canvas, struct ht_buf *out);
char ht_style_letter(enum ht_style role);
/* Hash of size, text and styles: equal frames have equal hashes. */
uint64_t ht_canvas_hash(const struct ht_canvas *canvas);
/* True if row holds the same in both (of the same width). */
bool ht_canvas_row_equals(const struct ht_canvas *a, const struct ht_canvas *b, int row);

#endif
