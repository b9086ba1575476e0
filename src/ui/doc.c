/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <config.h>

#include "doc.h"

#include <string.h>

#include "hulltop/base/printable.h"

enum { ARENA_MAX = 16 * 1024 * 1024, LINES_MAX = 20000, TEXT_MAX = 1024 * 1024 };

void ht_doc_init(struct ht_doc *doc, int width, unsigned flags)
{
    *doc = (struct ht_doc){
        .arena = ht_arena_new(ARENA_MAX), .width = width < 10 ? 10 : width, .flags = flags};
}

void ht_doc_fini(struct ht_doc *doc)
{
    free(doc->lines);
    ht_arena_free(doc->arena);
    *doc = (struct ht_doc){0};
}

void ht_doc_line(struct ht_doc *doc)
{
    if (doc->len == doc->cap) {
        doc->cap = doc->cap ? 2 * doc->cap : 64;
        doc->lines = ht_realloc(doc->lines, doc->cap, sizeof(*doc->lines));
    }
    doc->lines[doc->len++] = (struct ht_doc_line){.len = 0};
}

void ht_doc_beside(struct ht_doc *doc, size_t at, int col, unsigned style, struct ht_str text)
{
    struct ht_doc_line *line = &doc->lines[at];

    if (line->len == HT_DOC_PIECES_MAX)
        return;
    if (line->len > 0) {
        struct ht_doc_piece *before = &line->pieces[line->len - 1];

        before->width = col - before->col - 1;
    }
    line->pieces[line->len++] =
        (struct ht_doc_piece){.col = col, .style = style, .text = ht_arena_str(doc->arena, text)};
}

void ht_doc_put(struct ht_doc *doc, int col, unsigned style, struct ht_str text)
{
    ht_doc_beside(doc, doc->len - 1, col, style, text);
}

void ht_doc_putf(struct ht_doc *doc, int col, unsigned style, const char *format, ...)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);
    va_list args;

    va_start(args, format);
    ht_buf_addv(&text, format, args);
    va_end(args);
    ht_doc_put(doc, col, style, ht_buf_str(&text));
}

void ht_doc_head(struct ht_doc *doc, const char *text)
{
    if (doc->len > 0)
        ht_doc_line(doc);
    ht_doc_line(doc);
    ht_doc_put(doc, 1, HT_STYLE_HEADER, ht_str_from(text));
}

/* The bytes of text that fit into width columns, cut at a blank where there is one. */
static size_t fitting(struct ht_str text, int width, unsigned flags)
{
    size_t blank = 0, i = 0;
    int used = 0;

    while (i < text.len) {
        uint32_t code = 0;
        size_t len = ht_utf8_decode(ht_str_sub(text, i, text.len), &code);
        int cols = len ? (int)ht_printable_width(ht_str_sub(text, i, len), flags) : 1;

        if (used + cols > width)
            return blank > 0 ? blank : i > 0 ? i : len ? len : 1;
        used += cols;
        i += len ? len : 1;
        if (code == ' ')
            blank = i;
    }
    return text.len;
}

/* Where the first line of a text begins and ends, and where those behind it begin. */
struct margins {
    int first;
    int end;
    int others;
};

static void wrap_within(struct ht_doc *doc, struct margins margins, unsigned style,
                        struct ht_str text)
{
    int indent = margins.first, end = margins.end;

    do {
        int width = end - indent > 8 ? end - indent : 8;
        size_t len = fitting(text, width, doc->flags);

        if (doc->len >= LINES_MAX)
            return;
        ht_doc_line(doc);
        ht_doc_put(doc, indent, style, ht_str_trim(ht_str_sub(text, 0, len)));
        text = ht_str_sub(text, len, text.len);
        indent = margins.others;
        end = doc->width;
    } while (text.len > 0);
}

static void wrap_line(struct ht_doc *doc, int indent, unsigned style, struct ht_str text)
{
    wrap_within(doc, (struct margins){indent, doc->width, indent}, style, text);
}

/* Where the last column of a line of columns begins, which two blanks part; 0: it has none, or one
 * that leaves too little room. */
static int last_column(const struct ht_doc *doc, struct ht_str line)
{
    int most = doc->width / 3;
    int column = 0;

    for (int i = 2; (size_t)i < line.len && i <= most; i++) {
        if (line.data[i] != ' ' && line.data[i - 1] == ' ' && line.data[i - 2] == ' ')
            column = (int)ht_printable_width(ht_str_sub(line, 0, (size_t)i), doc->flags);
    }
    return column;
}

void ht_doc_text(struct ht_doc *doc, int indent, unsigned style, struct ht_str text)
{
    ht_autobuf struct ht_buf printable = HT_BUF(TEXT_MAX);
    struct ht_str rest, line;

    ht_printable(&printable, text, doc->flags | HT_PRINT_NEWLINES);
    rest = ht_buf_str(&printable);
    while (ht_str_next(&rest, '\n', &line)) {
        int blanks = 0;

        /* What its author indented stays so, as far as there is room. */
        while ((size_t)blanks < line.len && line.data[blanks] == ' ' && blanks < doc->width / 3)
            blanks++;
        line = ht_str_sub(line, (size_t)blanks, line.len);
        int first = indent + blanks;
        wrap_within(doc, (struct margins){first, doc->width, first + last_column(doc, line)}, style,
                    line);
    }
}

void ht_doc_wrap(struct ht_doc *doc, int indent, unsigned style, struct ht_str text)
{
    ht_autobuf struct ht_buf printable = HT_BUF(TEXT_MAX);

    ht_printable(&printable, text, doc->flags);
    wrap_line(doc, indent, style, ht_buf_str(&printable));
}

void ht_doc_hang(struct ht_doc *doc, int indent, int end, unsigned style, struct ht_str text)
{
    ht_autobuf struct ht_buf printable = HT_BUF(TEXT_MAX);

    ht_printable(&printable, text, doc->flags);
    wrap_within(doc, (struct margins){indent, end, indent + 2}, style, ht_buf_str(&printable));
}

void ht_doc_pair(struct ht_doc *doc, int col, const char *label, struct ht_str text)
{
    size_t first = doc->len;

    if (strlen(label) + 2 > (size_t)col) {
        ht_doc_line(doc);
        ht_doc_put(doc, 1, HT_STYLE_DIM, ht_str_from(label));
        ht_doc_wrap(doc, col, HT_STYLE_NORMAL, text);
        return;
    }
    ht_doc_wrap(doc, col, HT_STYLE_NORMAL, text);
    if (doc->len == first)
        return;
    /* The label goes before the text in its first line. */
    struct ht_doc_line *line = &doc->lines[first];
    line->pieces[1] = line->pieces[0];
    line->pieces[0] = (struct ht_doc_piece){.col = 1,
                                            .width = col - 2,
                                            .style = HT_STYLE_DIM,
                                            .text = ht_arena_text(doc->arena, label)};
    line->len = 2;
}

void ht_doc_plain(const struct ht_doc *doc, struct ht_buf *out)
{
    for (size_t i = 0; i < doc->len; i++) {
        int col = 0;

        for (unsigned p = 0; p < doc->lines[i].len; p++) {
            const struct ht_doc_piece *piece = &doc->lines[i].pieces[p];

            for (; col < piece->col; col++)
                ht_buf_add_c(out, ' ');
            ht_printable(out, piece->text, 0);
            col += (int)ht_printable_width(piece->text, 0);
        }
        ht_buf_add_c(out, '\n');
    }
}
