/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Help, made from the tables that drive the screen below it: keys, columns, question. */
#include <config.h>

#include "doc.h"

enum { KEYS_COL = 26, KEYS_NARROW_COL = 14, HEADS_COL = 14 };

static void put_key(void *context, const char *keys, const char *help)
{
    const struct ht_doc *doc = context;

    ht_doc_pair(context, doc->width < HT_DOC_NARROW ? KEYS_NARROW_COL : KEYS_COL, keys,
                ht_str_from(help));
}

static void put_columns(struct ht_doc *doc, const struct ht_view *view)
{
    ht_doc_head(doc, "COLUMNS");
    for (size_t i = 0; i < view->columns_len; i++) {
        const struct ht_view_column *column = &view->columns[i];
        const char *field = ht_path_field(&column->path)->doc;

        ht_doc_pair(doc, HEADS_COL, column->head.data,
                    column->label.len ? column->label : ht_str_from(field));
    }
    ht_doc_head(doc, "FIELDS FOR /");
    for (unsigned i = 0; i < view->table->count; i++)
        ht_doc_pair(doc, HEADS_COL + 4, view->table->fields[i].name,
                    ht_str_from(view->table->fields[i].doc));
}

static void put_states(struct ht_doc *doc)
{
    static const char *const marks[] = {"C H M L", "~", "7/8"};
    static const char *const meanings[] = {
        "Trend: worst severity in each five minutes of the last hour; a dot is none.",
        "Behind FAIL and WARN: from partial or old data.",
        "Behind a source: what it could read of how many there are."};

    ht_doc_head(doc, "STATES");
    for (unsigned i = 0; i < ht_question_state_enum.count; i++) {
        struct ht_question question = {.state = (enum ht_question_state)i};

        ht_doc_pair(doc, HEADS_COL, ht_question_word(&question),
                    ht_str_from(ht_question_state_enum.values[i].doc));
    }
    for (size_t i = 0; i < ARRAY_LEN(marks); i++)
        ht_doc_pair(doc, HEADS_COL, marks[i], ht_str_from(meanings[i]));
    ht_doc_head(doc, "SOURCES");
    for (unsigned i = 0; i < ht_source_state_enum.count; i++)
        ht_doc_pair(doc, HEADS_COL, ht_source_state_enum.values[i].name,
                    ht_str_from(ht_source_state_enum.values[i].doc));
    ht_doc_head(doc, "SEVERITIES");
    for (unsigned i = 0; i < ht_severity_enum.count; i++) {
        ht_autobuf struct ht_buf word = HT_BUF(20);

        ht_ui_severity_text(&word, (enum ht_severity)i);
        ht_doc_pair(doc, HEADS_COL, word.data, ht_str_from(ht_severity_enum.values[i].doc));
    }
}

static void put_commands(const struct ht_ui *ui, struct ht_doc *doc)
{
    ht_autobuf struct ht_buf commands = HT_BUF(HT_SIDE_TEXT_MAX), views = HT_BUF(HT_SIDE_TEXT_MAX);

    ht_ui_put_commands(&commands);
    ht_doc_head(doc, "COMMANDS BEHIND :");
    ht_doc_wrap(doc, 1, HT_STYLE_NORMAL, ht_buf_str(&commands));
    for (size_t i = 0; i < ht_views_len(ui->views); i++) {
        ht_buf_add_text(&views, i > 0 ? " " : "");
        ht_buf_add_str(&views, ht_views_get(ui->views, i)->id);
    }
    ht_doc_head(doc, "VIEWS");
    ht_doc_wrap(doc, 1, HT_STYLE_NORMAL, ht_buf_str(&views));
}

/* The page below help is what is explained. */
static void build(struct ht_ui *ui, struct ht_doc_page *page, struct ht_doc *doc)
{
    struct ht_page *below = ht_ui_below(ui, &page->page);
    const struct ht_view *view = ht_list_view(below);
    struct ht_offers offers = ht_ui_page_offers(ui, below);

    if (view) {
        ht_doc_line(doc);
        ht_doc_put(doc, 1, HT_STYLE_TITLE,
                   view->question ? ht_str_from(ht_question_title(view->question)) : view->title);
        ht_doc_text(doc, 1, HT_STYLE_NORMAL, view->help);
    }
    ht_doc_head(doc, "KEYS");
    ht_keys_each_help(&offers, put_key, doc);
    if (view)
        put_columns(doc, view);
    put_states(doc);
    put_commands(ui, doc);
}

static bool help_act(struct ht_ui *ui, struct ht_page *page, enum ht_action action)
{
    if (action != HT_ACTION_HELP)
        return ht_doc_page_act(ui, page, action);
    ht_ui_pop(ui);
    return true;
}

static const struct ht_offer offers[] = {
    HT_DOC_OFFERS,
    {.action = HT_ACTION_HELP, .hinted = true, .hint = "back", .help = "Back to the screen below"},
};

static const struct ht_screen help_screen = {
    .title = "help",
    .offers = offers,
    .offers_len = ARRAY_LEN(offers),
    .draw = ht_doc_page_draw,
    .act = help_act,
    .text = ht_doc_page_text,
    .free = ht_doc_page_free,
};

struct ht_page *ht_help_new(void)
{
    return ht_doc_page_new(&help_screen, build);
}
