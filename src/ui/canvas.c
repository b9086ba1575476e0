/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "hulltop/ui/canvas.h"

#include <string.h>

#include "hulltop/base/mem.h"
#include "hulltop/base/printable.h"

enum { SIDE_MAX = 1000 };

static const struct ht_cell blank = {.code = ' ', .width = 1};

static int clamp_side(int n)
{
    if (n < 1)
        return 1;
    return n > SIDE_MAX ? SIDE_MAX : n;
}

struct ht_canvas *ht_canvas_new(int h, int w)
{
    struct ht_canvas *canvas = ht_new0(struct ht_canvas);

    ht_canvas_resize(canvas, h, w);
    return canvas;
}

struct ht_canvas *ht_canvas_free(struct ht_canvas *canvas)
{
    if (canvas)
        free(canvas->cells);
    free(canvas);
    return NULL;
}

void ht_cleanup_canvas(struct ht_canvas **canvas)
{
    *canvas = ht_canvas_free(*canvas);
}

void ht_canvas_resize(struct ht_canvas *canvas, int h, int w)
{
    canvas->h = clamp_side(h);
    canvas->w = clamp_side(w);
    free(canvas->cells);
    canvas->cells = ht_new_array(struct ht_cell, (size_t)canvas->h * (size_t)canvas->w);
    ht_canvas_clear(canvas);
}

void ht_canvas_clear(struct ht_canvas *canvas)
{
    size_t n = (size_t)canvas->h * (size_t)canvas->w;

    for (size_t i = 0; i < n; i++)
        canvas->cells[i] = blank;
}

void ht_canvas_copy(struct ht_canvas *to, const struct ht_canvas *from)
{
    if (to->h != from->h || to->w != from->w)
        ht_canvas_resize(to, from->h, from->w);
    to->ascii = from->ascii;
    memcpy(to->cells, from->cells, (size_t)from->h * (size_t)from->w * sizeof(*from->cells));
}

static struct ht_cell *cell_at(const struct ht_canvas *canvas, int row, int col)
{
    if (row < 0 || col < 0 || row >= canvas->h || col >= canvas->w)
        return NULL;
    return &canvas->cells[(size_t)row * (size_t)canvas->w + (size_t)col];
}

const struct ht_cell *ht_canvas_cell(const struct ht_canvas *canvas, int row, int col)
{
    return cell_at(canvas, row, col);
}

/* A wide character that loses one half becomes blank: half a character cannot be shown. */
static void break_wide(struct ht_canvas *canvas, int row, int col)
{
    struct ht_cell *cell = cell_at(canvas, row, col);
    struct ht_cell *other = NULL;

    if (!cell || cell->width == 1)
        return;
    other = cell_at(canvas, row, cell->width == 2 ? col + 1 : col - 1);
    if (other)
        *other = (struct ht_cell){.code = ' ', .width = 1, .style = other->style};
    *cell = (struct ht_cell){.code = ' ', .width = 1, .style = cell->style};
}

static bool is_last(const struct ht_canvas *canvas, int row, int col)
{
    return row == canvas->h - 1 && col == canvas->w - 1;
}

static void put_cell(struct ht_canvas *canvas, int row, int col, struct ht_cell cell)
{
    struct ht_cell *at = cell_at(canvas, row, col);
    struct ht_cell *right = cell_at(canvas, row, col + 1);

    if (!at || is_last(canvas, row, col))
        return;
    if (cell.width == 2 && (!right || is_last(canvas, row, col + 1)))
        cell = (struct ht_cell){.code = '?', .width = 1, .style = cell.style};
    break_wide(canvas, row, col);
    if (cell.width == 2) {
        break_wide(canvas, row, col + 1);
        *right = (struct ht_cell){.style = cell.style};
    }
    *at = cell;
}

/* --- areas --------------------------------------------------------------------------------- */

struct ht_area ht_area_of(struct ht_canvas *canvas, struct ht_rect rect)
{
    struct ht_rect all = {.h = canvas->h, .w = canvas->w};

    return (struct ht_area){.canvas = canvas, .rect = ht_rect_intersect(rect, all)};
}

struct ht_area ht_area_all(struct ht_canvas *canvas)
{
    return ht_area_of(canvas, (struct ht_rect){.h = canvas->h, .w = canvas->w});
}

struct ht_area ht_area_sub(struct ht_area area, struct ht_rect rect)
{
    rect.row += area.rect.row;
    rect.col += area.rect.col;
    return (struct ht_area){.canvas = area.canvas, .rect = ht_rect_intersect(rect, area.rect)};
}

/* What of a span lies in the area, in the canvas's positions; width 0 if nothing. */
static struct ht_rect span_rect(struct ht_area area, struct ht_span span)
{
    struct ht_rect rect = {
        .row = area.rect.row + span.row, .col = area.rect.col + span.col, .h = 1, .w = span.width};

    return ht_rect_intersect(rect, area.rect);
}

/* --- drawing ------------------------------------------------------------------------------- */

unsigned ht_canvas_print_flags(const struct ht_canvas *canvas)
{
    return canvas->ascii ? HT_PRINT_ASCII : 0;
}

/* Puts text that is already printable into the cells from row, col on, up to the column end. */
static void put_printable(struct ht_canvas *canvas, struct ht_rect at, unsigned style,
                          struct ht_str text)
{
    int col = at.col;
    struct ht_cell *last = NULL;

    while (text.len > 0) {
        uint32_t code = 0;
        size_t used = ht_utf8_decode(text, &code);
        int width = used > 0 ? ht_code_width(code) : -1;

        if (width < 0)
            return; /* not printable: cannot come from the printable function */
        text = ht_str_sub(text, used, text.len);
        if (width == 0) {
            if (last)
                last->mark[last->mark[0] != 0] = code;
            continue;
        }
        if (col + width > at.col + at.w)
            return;
        put_cell(canvas, at.row, col,
                 (struct ht_cell){.code = code, .style = (uint16_t)style, .width = (uint8_t)width});
        last = is_last(canvas, at.row, col) ? NULL : cell_at(canvas, at.row, col);
        col += width;
    }
}

int ht_draw_field(struct ht_area area, struct ht_span span, unsigned style, struct ht_str text)
{
    struct ht_rect at = span_rect(area, span);
    ht_autobuf struct ht_buf line = HT_BUF((size_t)SIDE_MAX * 16);
    size_t used = 0;

    /* A span that begins left of the area would need the middle of the text: not drawn. */
    if (at.w <= 0 || span.col < 0)
        return 0;
    if (is_last(area.canvas, at.row, at.col + at.w - 1))
        at.w--;
    if (at.w <= 0)
        return 0;
    used = ht_printable_cut(&line, text, (size_t)at.w, ht_canvas_print_flags(area.canvas));
    put_printable(area.canvas, at, style, ht_buf_str(&line));
    return (int)used;
}

int ht_draw_text(struct ht_area area, int row, int col, unsigned style, struct ht_str text)
{
    return ht_draw_field(area, (struct ht_span){row, col, area.rect.w - col}, style, text);
}

int ht_draw_right(struct ht_area area, struct ht_span span, unsigned style, struct ht_str text)
{
    size_t width = ht_printable_width(text, ht_canvas_print_flags(area.canvas));

    if (span.width > 0 && width < (size_t)span.width) {
        span.col += span.width - (int)width;
        span.width = (int)width;
    }
    return ht_draw_field(area, span, style, text);
}

int ht_draw_textf(struct ht_area area, struct ht_span span, unsigned style, const char *format, ...)
{
    ht_autobuf struct ht_buf text = HT_BUF((size_t)SIDE_MAX * 16);
    va_list args;

    va_start(args, format);
    ht_buf_addv(&text, format, args);
    va_end(args);
    return ht_draw_field(area, span, style, ht_buf_str(&text));
}

/* Takes the next line of at most width columns from *rest, which is printable text. */
static struct ht_str take_line(struct ht_str *rest, int width)
{
    size_t at = 0;
    size_t fit = 0;  /* bytes that fit */
    size_t word = 0; /* bytes before the last blank that fits */
    size_t skip = 0; /* bytes between this line and the next */
    int cols = 0;

    while (at < rest->len && rest->data[at] != '\n') {
        uint32_t code = 0;
        size_t used = ht_utf8_decode(ht_str_sub(*rest, at, rest->len), &code);
        int code_width = used > 0 ? ht_code_width(code) : 1;

        if (used == 0)
            used = 1;
        if (code == ' ')
            word = at;
        if (cols + code_width > width)
            break;
        cols += code_width > 0 ? code_width : 0;
        at += used;
    }
    fit = at;
    if (at < rest->len && rest->data[at] == '\n') {
        skip = 1;
    } else if (at < rest->len && word > 0) {
        fit = word;
        while (fit + skip < rest->len && rest->data[fit + skip] == ' ')
            skip++;
    }
    if (fit + skip == 0) /* one character wider than the area: left out, but never for ever */
        skip = rest->len;
    struct ht_str line = ht_str_sub(*rest, 0, fit);

    *rest = ht_str_sub(*rest, fit + skip, rest->len);
    return line;
}

int ht_draw_wrapped(struct ht_area area, int row, int skip, unsigned style, struct ht_str text)
{
    ht_autobuf struct ht_buf out = HT_BUF((size_t)1 << 20);
    struct ht_str rest = {0};
    int lines = 0;

    if (area.rect.w <= 0)
        return 0;
    ht_printable(&out, text, ht_canvas_print_flags(area.canvas) | HT_PRINT_NEWLINES);
    rest = ht_buf_str(&out);
    while (rest.len > 0) {
        struct ht_str line = take_line(&rest, area.rect.w);

        if (lines >= skip)
            ht_draw_text(area, row + lines - skip, 0, style, line);
        lines++;
    }
    return lines;
}

static void fill(struct ht_area area, struct ht_rect rect, unsigned style, uint32_t code)
{
    struct ht_area part = ht_area_sub(area, rect);

    for (int row = part.rect.row; row < part.rect.row + part.rect.h; row++) {
        for (int col = part.rect.col; col < part.rect.col + part.rect.w; col++)
            put_cell(area.canvas, row, col,
                     (struct ht_cell){.code = code, .style = (uint16_t)style, .width = 1});
    }
}

void ht_draw_fill(struct ht_area area, struct ht_rect rect, unsigned style)
{
    fill(area, rect, style, ' ');
}

void ht_draw_hline(struct ht_area area, struct ht_span span, unsigned style)
{
    struct ht_rect rect = {.row = span.row, .col = span.col, .h = 1, .w = span.width};

    fill(area, rect, style, area.canvas->ascii ? '-' : 0x2500);
}

void ht_draw_vline(struct ht_area area, struct ht_rect rect, unsigned style)
{
    rect.w = 1;
    fill(area, rect, style, area.canvas->ascii ? '|' : 0x2502);
}

void ht_draw_attr(struct ht_area area, struct ht_span span, unsigned attrs)
{
    struct ht_rect at = span_rect(area, span);

    for (int col = at.col; col < at.col + at.w; col++) {
        struct ht_cell *cell = cell_at(area.canvas, at.row, col);

        if (cell && !is_last(area.canvas, at.row, col))
            cell->style = (uint16_t)(cell->style | (attrs & ~0xffu));
    }
}

void ht_draw_role(struct ht_area area, struct ht_span span, enum ht_style role)
{
    struct ht_rect at = span_rect(area, span);

    for (int col = at.col; col < at.col + at.w; col++) {
        struct ht_cell *cell = cell_at(area.canvas, at.row, col);

        if (cell && !is_last(area.canvas, at.row, col))
            cell->style = (uint16_t)((cell->style & ~0xffu) | (unsigned)role);
    }
}
