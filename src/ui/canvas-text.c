/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A canvas as text, as letters of its styles, and as a number: what tests compare. */
#include "config.h"

#include <string.h>

#include "hulltop/base/printable.h"
#include "hulltop/ui/canvas.h"

static void trim_end(struct ht_buf *out, size_t from, char c)
{
    while (out->len > from && out->data[out->len - 1] == c)
        out->data[--out->len] = '\0';
}

void ht_canvas_text(const struct ht_canvas *canvas, struct ht_buf *out)
{
    for (int row = 0; row < canvas->h; row++) {
        size_t from = out->len;

        for (int col = 0; col < canvas->w; col++) {
            const struct ht_cell *cell = ht_canvas_cell(canvas, row, col);

            if (cell->width == 0)
                continue;
            ht_utf8_encode(out, cell->code);
            for (size_t i = 0; i < 2 && cell->mark[i] != 0; i++)
                ht_utf8_encode(out, cell->mark[i]);
        }
        trim_end(out, from, ' ');
        ht_buf_add_c(out, '\n');
    }
}

char ht_style_letter(enum ht_style role)
{
    static const char letters[HT_STYLE_COUNT] = {
        [HT_STYLE_NORMAL] = '.', [HT_STYLE_DIM] = 'd',    [HT_STYLE_ACCENT] = 'a',
        [HT_STYLE_TITLE] = 't',  [HT_STYLE_HEADER] = 'h', [HT_STYLE_KEY] = 'k',
        [HT_STYLE_MATCH] = 'x',  [HT_STYLE_PROMPT] = 'p', [HT_STYLE_CRITICAL] = 'c',
        [HT_STYLE_HIGH] = 'w',   [HT_STYLE_MEDIUM] = 'm', [HT_STYLE_LOW] = 'l',
        [HT_STYLE_INFO] = 'i',   [HT_STYLE_GOOD] = 'g',   [HT_STYLE_UNKNOWN] = 'u',
        [HT_STYLE_STALE] = 's',
    };

    return role < HT_STYLE_COUNT ? letters[role] : '?';
}

void ht_canvas_styles(const struct ht_canvas *canvas, struct ht_buf *out)
{
    for (int row = 0; row < canvas->h; row++) {
        size_t from = out->len;

        for (int col = 0; col < canvas->w; col++) {
            unsigned style = ht_canvas_cell(canvas, row, col)->style;
            char letter = ht_style_letter(HT_STYLE_ROLE(style));

            if (style > 0xff)
                letter = letter == '.' ? ':' : (char)(letter - 'a' + 'A');
            ht_buf_add_c(out, letter);
        }
        trim_end(out, from, '.');
        ht_buf_add_c(out, '\n');
    }
}

uint64_t ht_canvas_hash(const struct ht_canvas *canvas)
{
    ht_autobuf struct ht_buf all = HT_BUF((size_t)64 << 20);

    ht_buf_addf(&all, "%dx%d\n", canvas->h, canvas->w);
    ht_canvas_text(canvas, &all);
    for (int i = 0; i < canvas->h * canvas->w; i++)
        ht_buf_add(&all, &canvas->cells[i].style, sizeof(canvas->cells[i].style));
    return ht_str_hash(ht_buf_str(&all), 0);
}

bool ht_canvas_row_equals(const struct ht_canvas *a, const struct ht_canvas *b, int row)
{
    size_t from = (size_t)row * (size_t)a->w;

    /* Cells have no padding (filler is always 0), so bytes can be compared. */
    return a->w == b->w &&
           memcmp(a->cells + from, b->cells + from, (size_t)a->w * sizeof(*a->cells)) == 0;
}
