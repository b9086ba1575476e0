/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first look with partial permissions: what can be seen from here, and what that means. */
#include <config.h>

#include "doc.h"

#include <inttypes.h>

enum { STATE_COL = 14, DETAIL_COL = 23, ANSWER_COL = 29, REASON_COL = 38, WIDE = 70 };

static void put_source(struct ht_doc *doc, const struct ht_source *source)
{
    ht_doc_line(doc);
    ht_doc_put(doc, 1, HT_STYLE_NORMAL, source->name.len ? source->name : source->id);
    ht_doc_put(doc, STATE_COL, ht_ui_source_style(source->state),
               ht_str_from(ht_enum_name(&ht_source_state_enum, source->state)));
    if (doc->width >= WIDE)
        ht_doc_put(doc, DETAIL_COL, HT_STYLE_NORMAL, source->detail);
    else
        ht_doc_wrap(doc, 3, HT_STYLE_DIM, source->detail);
}

static void put_answer(struct ht_ui *ui, struct ht_doc *doc, unsigned number)
{
    const struct ht_question *question = ht_state_question(ui->state, number);
    ht_autobuf struct ht_buf reason = HT_BUF(HT_SIDE_TEXT_MAX);

    ht_doc_line(doc);
    ht_doc_putf(doc, 1, HT_STYLE_NORMAL, "%u %s", number, ht_question_pane(number));
    ht_doc_put(doc, ANSWER_COL, ht_ui_question_style(question),
               ht_str_from(ht_question_word(question)));
    if (question->missing.len)
        ht_missing_put(&reason, &question->missing.items[0], 0);
    ht_doc_put(doc, REASON_COL, HT_STYLE_DIM, ht_buf_str(&reason));
}

static void put_user(struct ht_ui *ui, struct ht_doc *doc)
{
    const struct ht_host *host = ht_node_host(ui->state->node);
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

    if (!ht_host_has_user(host) || !ht_host_has_uid(host)) {
        ht_doc_wrap(doc, 1, HT_STYLE_TITLE, HT_S("What can be seen from here:"));
        return;
    }
    ht_buf_add_text(&text, "What can be seen from here, as user ");
    ht_buf_add_str(&text, host->user);
    ht_buf_addf(&text, " (uid %" PRIu64 "):", host->uid);
    ht_doc_wrap(doc, 1, HT_STYLE_TITLE, ht_buf_str(&text));
}

static void build(struct ht_ui *ui, struct ht_doc_page *page, struct ht_doc *doc)
{
    const struct ht_rowset *sources = ht_node_set(ui->state->node, HT_TABLE_SOURCE);

    (void)page;
    put_user(ui, doc);
    ht_doc_line(doc);
    ht_doc_line(doc);
    ht_doc_put(doc, 1, HT_STYLE_HEADER, HT_S("SOURCE"));
    ht_doc_put(doc, STATE_COL, HT_STYLE_HEADER, HT_S("STATE"));
    if (doc->width >= WIDE)
        ht_doc_put(doc, DETAIL_COL, HT_STYLE_HEADER, HT_S("DETAIL"));
    for (size_t i = 0; i < sources->len; i++)
        put_source(doc, ht_source_of(sources->rows[i]));
    ht_doc_head(doc, "SO THE QUESTIONS STAND LIKE THIS");
    for (unsigned number = 1; number <= HT_QUESTIONS; number++)
        put_answer(ui, doc, number);
    ht_doc_head(doc, "TO SEE MORE (you decide; nothing is changed by this program)");
    for (size_t i = 0; i < sources->len; i++) {
        const struct ht_source *source = ht_source_of(sources->rows[i]);

        if (source->state != HT_SOURCE_STATE_OK && ht_source_has_help(source) && source->help.len)
            ht_doc_pair(doc, STATE_COL, source->name.data ? source->name.data : "", source->help);
    }
}

/* Whatever leaves it has seen it. */
static bool first_run_act(struct ht_ui *ui, struct ht_page *page, enum ht_action action)
{
    if (action == HT_ACTION_HELP || action == HT_ACTION_QUIT || action == HT_ACTION_REDRAW ||
        action == HT_ACTION_SUSPEND || action == HT_ACTION_UTC || action == HT_ACTION_MOUSE)
        return false;
    if (action != HT_ACTION_WHY && ht_doc_page_act(ui, page, action))
        return true;
    ht_ui_pop(ui);
    ui->calls.first_run_seen(ui->calls.context);
    if (action == HT_ACTION_WHY)
        ht_ui_push(ui, ht_text_new(HT_TEXT_DOCTOR));
    else if (action == HT_ACTION_CLOSE)
        ui->done = true;
    return action == HT_ACTION_OPEN || action == HT_ACTION_BACK || action == HT_ACTION_WHY ||
           action == HT_ACTION_CLOSE;
}

static const struct ht_offer offers[] = {
    {.action = HT_ACTION_OPEN,
     .hinted = true,
     .keep = true,
     .hint = "go on with what is visible",
     .help = "Go on with what is visible"},
    {.action = HT_ACTION_WHY, .hinted = true, .hint = "doctor", .help = "What would help"},
    {.action = HT_ACTION_CLOSE, .hinted = true, .help = "Quit"},
    {.action = HT_ACTION_DOWN},
    {.action = HT_ACTION_UP},
    {.action = HT_ACTION_PAGE_DOWN},
    {.action = HT_ACTION_PAGE_UP},
};

static const struct ht_screen first_run_screen = {
    .title = "first look",
    .offers = offers,
    .offers_len = ARRAY_LEN(offers),
    .draw = ht_doc_page_draw,
    .act = first_run_act,
    .free = ht_doc_page_free,
};

struct ht_page *ht_first_run_new(void)
{
    return ht_doc_page_new(&first_run_screen, build);
}
