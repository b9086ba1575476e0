/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A text on the screen: lines of styled pieces, scrolled and searched. Layer 6 (ui), private.
 * Details, help, why, doctor and log are pages of this kind; each only says how its text is built.
 */
#ifndef HT_UI_DOC_H
#define HT_UI_DOC_H

#include "ui-private.h"

/* Narrower than HT_DOC_NARROW there is no room for two columns beside a label. */
enum { HT_DOC_PIECES_MAX = 4, HT_DOC_NARROW = 60 };

struct ht_doc_piece {
    int col;
    int width; /* 0: as far as the next piece or the edge */
    unsigned style;
    struct ht_str text;
};

struct ht_doc_line {
    struct ht_doc_piece pieces[HT_DOC_PIECES_MAX];
    unsigned len;
};

struct ht_doc {
    struct ht_arena *arena;
    struct ht_doc_line *lines;
    size_t len;
    size_t cap;
    int width;
    unsigned flags; /* of ht_printable */
};

void ht_doc_init(struct ht_doc *doc, int width, unsigned flags);
void ht_doc_fini(struct ht_doc *doc);
#define ht_autodoc __attribute__((cleanup(ht_doc_fini)))
/* Begins a line. */
void ht_doc_line(struct ht_doc *doc);
/* A piece of the line at, behind its others; text is copied. */
void ht_doc_beside(struct ht_doc *doc, size_t at, int col, unsigned style, struct ht_str text);
/* A piece of the last line; text is copied. */
void ht_doc_put(struct ht_doc *doc, int col, unsigned style, struct ht_str text);
void ht_doc_putf(struct ht_doc *doc, int col, unsigned style, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A line of one piece. */
void ht_doc_head(struct ht_doc *doc, const char *text);
/* Text of our own in lines that fit; \n breaks. */
void ht_doc_text(struct ht_doc *doc, int indent, unsigned style, struct ht_str text);
/* Text from outside in lines that fit; a \n in it is shown. */
void ht_doc_wrap(struct ht_doc *doc, int indent, unsigned style, struct ht_str text);
/* The same, the first line no further than the column end, those behind it 2 columns further in. */
void ht_doc_hang(struct ht_doc *doc, int indent, int end, unsigned style, struct ht_str text);
/* A label and its text beside it, wrapped. */
void ht_doc_pair(struct ht_doc *doc, int col, const char *label, struct ht_str text);
/* Appends all of it as plain text. */
void ht_doc_plain(const struct ht_doc *doc, struct ht_buf *out);

/* ---- pages of this kind (doc-page.c) ---- */

struct ht_doc_page;
typedef void (*ht_doc_build)(struct ht_ui *ui, struct ht_doc_page *page, struct ht_doc *doc);
struct ht_doc_page {
    struct ht_page page;
    ht_doc_build build;
    int top;
    int total; /* lines of the last draw */
    int visible;
    int head; /* rows of the body above the text */
    char *search;
    int match;      /* line of the current match, -1 */
    int search_top; /* the first line that was shown when the search began */
};

/* What such pages offer; others put their own before it. */
#define HT_DOC_OFFERS                                                                              \
    {.action = HT_ACTION_FILTER, .hinted = true, .hint = "search", .help = "Search this text"},    \
        {.action = HT_ACTION_BACK, .hinted = true, .keep = true},                                  \
        {.action = HT_ACTION_PLAIN_TEXT}, {.action = HT_ACTION_NEXT_MATCH},                        \
        {.action = HT_ACTION_PREVIOUS_MATCH}, {.action = HT_ACTION_DOWN},                          \
        {.action = HT_ACTION_UP}, {.action = HT_ACTION_TOP}, {.action = HT_ACTION_BOTTOM},         \
        {.action = HT_ACTION_HALF_DOWN}, {.action = HT_ACTION_HALF_UP},                            \
        {.action = HT_ACTION_PAGE_DOWN}, {.action = HT_ACTION_PAGE_UP},                            \
    {                                                                                              \
        .action = HT_ACTION_COPY_PAGE, .help = "Copy this text"                                    \
    }

/* The functions of a screen of this kind. */
void ht_doc_page_draw(struct ht_ui *ui, struct ht_page *page, struct ht_area body);
void ht_doc_page_text(struct ht_ui *ui, struct ht_page *page, struct ht_doc *doc);
bool ht_doc_page_act(struct ht_ui *ui, struct ht_page *page, enum ht_action action);
/* Frees what it holds, not the page. */
void ht_doc_page_fini(struct ht_doc_page *page);
void ht_doc_page_free(struct ht_page *page);
/* A page of a screen and a builder, owned by the caller. */
struct ht_page *ht_doc_page_new(const struct ht_screen *screen, ht_doc_build build);

#endif
