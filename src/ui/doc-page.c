/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages that are a text: scrolling, searching, copying. */
#include <config.h>

#include "doc.h"

#include <limits.h>
#include <string.h>

#include "hulltop/base/printable.h"

enum { BOTTOM = INT_MAX / 2 };

static struct ht_doc_page *of(struct ht_page *page)
{
    return (struct ht_doc_page *)page;
}

struct ht_page *ht_doc_page_new(const struct ht_screen *screen, ht_doc_build build)
{
    struct ht_doc_page *page = ht_new0(struct ht_doc_page);

    page->page.screen = screen;
    page->build = build;
    page->match = -1;
    return &page->page;
}

void ht_doc_page_fini(struct ht_doc_page *page)
{
    free(page->search);
    page->search = NULL;
}

void ht_doc_page_free(struct ht_page *page)
{
    ht_doc_page_fini(of(page));
    free(page);
}

/* ---- searching ---- */

static bool line_matches(const struct ht_doc_line *line, struct ht_str needle)
{
    for (unsigned i = 0; i < line->len; i++) {
        if (ht_str_find_nocase(line->pieces[i].text, needle, 0) >= 0)
            return true;
    }
    return false;
}

static void build(struct ht_ui *ui, struct ht_doc_page *page, struct ht_doc *doc)
{
    ht_doc_init(doc, ui->body.w - 2, ht_ui_print_flags(ui));
    page->build(ui, page, doc);
}

void ht_doc_page_text(struct ht_ui *ui, struct ht_page *page, struct ht_doc *doc)
{
    of(page)->build(ui, of(page), doc);
}

/* Goes to the next line that matches, in steps of 1 or -1. */
static void step_match(struct ht_ui *ui, struct ht_doc_page *page, int step, bool stay)
{
    ht_autodoc struct ht_doc doc;
    struct ht_str needle = ht_str_from(page->search);
    int len;
    int at = page->match >= 0 ? page->match : page->top;

    build(ui, page, &doc);
    len = (int)doc.len;
    for (int i = stay ? 0 : 1; i <= len && needle.len; i++) {
        int line = ((at + i * step) % len + len) % len;

        if (line_matches(&doc.lines[line], needle)) {
            page->match = line;
            page->top = ht_layout_scroll(page->top, line, page->visible, len);
            return;
        }
    }
    page->match = -1;
    if (!stay)
        ht_ui_message(ui, needle.len ? "not found" : "no search: / begins one");
}

static void take_search(struct ht_ui *ui, struct ht_page *base, struct ht_str text, bool done)
{
    struct ht_doc_page *page = of(base);

    free(page->search);
    page->search = text.len ? ht_strndup(text.data, text.len) : NULL;
    /* Each letter searches from where the search began, and what is not found leads back there. */
    page->top = page->search_top;
    page->match = -1;
    step_match(ui, page, 1, true);
    if (done && text.len && page->match < 0)
        ht_ui_message(ui, "not found");
}

/* No further than that the last line is the lowest. */
static void limit_top(struct ht_doc_page *page)
{
    if (page->top > page->total - page->visible)
        page->top = page->total - page->visible;
    if (page->top < 0)
        page->top = 0;
}

/* ---- drawing ---- */

static void mark_matches(const struct ht_doc_page *page, const struct ht_doc_piece *piece,
                         struct ht_area area, int row)
{
    struct ht_str needle = ht_str_from(page->search);
    unsigned flags = ht_canvas_print_flags(area.canvas);
    ptrdiff_t at = needle.len ? ht_str_find_nocase(piece->text, needle, 0) : -1;

    for (; at >= 0; at = ht_str_find_nocase(piece->text, needle, (size_t)at + needle.len)) {
        struct ht_span span = {.row = row, .col = piece->col};

        span.col += (int)ht_printable_width(ht_str_sub(piece->text, 0, (size_t)at), flags);
        span.width =
            (int)ht_printable_width(ht_str_sub(piece->text, (size_t)at, needle.len), flags);
        ht_draw_role(area, span, HT_STYLE_MATCH);
    }
}

/* "lines 1-6 of 45, j or PgDn: more" */
static void draw_more(const struct ht_doc_page *page, struct ht_area body)
{
    int last = page->top + page->visible;

    ht_draw_textf(body,
                  (struct ht_span){.row = body.rect.h - 1, .col = 1, .width = body.rect.w - 2},
                  HT_STYLE_DIM, "lines %d-%d of %d%s", page->top + 1, last, page->total,
                  last < page->total ? ", j or PgDn: more" : ", the end");
}

void ht_doc_page_draw(struct ht_ui *ui, struct ht_page *base, struct ht_area body)
{
    struct ht_doc_page *page = of(base);
    struct ht_area area = ht_area_sub(
        body,
        (struct ht_rect){.row = page->head, .h = body.rect.h - page->head, .w = body.rect.w - 1});
    ht_autodoc struct ht_doc doc;

    build(ui, page, &doc);
    page->total = (int)doc.len;
    page->visible = area.rect.h;
    /* What does not fit says so, in a line of its own. */
    if (page->total > area.rect.h && area.rect.h > 1)
        page->visible = --area.rect.h;
    limit_top(page);
    for (int row = 0; row < area.rect.h && page->top + row < page->total; row++) {
        const struct ht_doc_line *line = &doc.lines[page->top + row];

        for (unsigned i = 0; i < line->len; i++) {
            const struct ht_doc_piece *piece = &line->pieces[i];
            int width = piece->width > 0 ? piece->width : area.rect.w - piece->col;

            ht_draw_field(area, (struct ht_span){.row = row, .col = piece->col, .width = width},
                          piece->style, piece->text);
            mark_matches(page, piece, area, row);
        }
    }
    if (page->total > page->visible)
        draw_more(page, body);
    base->cursor_row = page->head;
}

/* ---- keys ---- */

static bool act_scroll(struct ht_doc_page *page, enum ht_action action)
{
    int step = page->visible > 1 ? page->visible - 1 : 1;

    if (action == HT_ACTION_DOWN)
        page->top++;
    else if (action == HT_ACTION_UP)
        page->top--;
    else if (action == HT_ACTION_PAGE_DOWN)
        page->top += step;
    else if (action == HT_ACTION_PAGE_UP)
        page->top -= step;
    else if (action == HT_ACTION_HALF_DOWN)
        page->top += (step + 1) / 2;
    else if (action == HT_ACTION_HALF_UP)
        page->top -= (step + 1) / 2;
    else if (action == HT_ACTION_TOP)
        page->top = 0;
    else if (action == HT_ACTION_BOTTOM)
        page->top = BOTTOM; /* whatever its length: a page may not have been drawn yet */
    else
        return false;
    page->match = -1;
    if (action != HT_ACTION_BOTTOM)
        limit_top(page);
    return true;
}

bool ht_doc_page_act(struct ht_ui *ui, struct ht_page *base, enum ht_action action)
{
    struct ht_doc_page *page = of(base);

    if (act_scroll(page, action))
        return true;
    if (action == HT_ACTION_FILTER) {
        page->search_top = page->top;
        ht_ui_prompt(ui, HT_PROMPT_SEARCH, HT_S(""), take_search);
    } else if (action == HT_ACTION_NEXT_MATCH || action == HT_ACTION_PREVIOUS_MATCH) {
        step_match(ui, page, action == HT_ACTION_NEXT_MATCH ? 1 : -1, false);
    } else if (action == HT_ACTION_COPY_PAGE) {
        ht_autodoc struct ht_doc doc;
        ht_autobuf struct ht_buf text = HT_BUF(HT_EXPORT_MAX);

        build(ui, page, &doc);
        ht_doc_plain(&doc, &text);
        ht_ui_copy(ui, ht_buf_str(&text), "the text");
    } else {
        return false;
    }
    return true;
}
