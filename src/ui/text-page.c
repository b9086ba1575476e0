/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page below as plain text: no column is cut (lines of 4 kB, 20,000 of them), so it can be
 * selected in the terminal. */
#include <config.h>

#include "doc.h"

static void build(struct ht_ui *ui, struct ht_doc_page *page, struct ht_doc *doc)
{
    struct ht_page *below = ht_ui_below(ui, &page->page);

    if (below->screen->text)
        below->screen->text(ui, below, doc);
}

static bool act(struct ht_ui *ui, struct ht_page *page, enum ht_action action)
{
    if (action != HT_ACTION_PLAIN_TEXT)
        return ht_doc_page_act(ui, page, action);
    ht_ui_pop(ui);
    return true;
}

static const struct ht_offer offers[] = {
    {.action = HT_ACTION_PLAIN_TEXT, .help = "Back to the page that this text is of"},
    HT_DOC_OFFERS};

static const struct ht_screen text_screen = {
    .title = "text",
    .offers = offers,
    .offers_len = ARRAY_LEN(offers),
    .draw = ht_doc_page_draw,
    .act = act,
    .free = ht_doc_page_free,
};

struct ht_page *ht_text_page_new(void)
{
    return ht_doc_page_new(&text_screen, build);
}
