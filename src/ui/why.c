/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why an answer is PARTIAL or UNKNOWN, what a first look shows, and other long texts. */
#include <config.h>

#include "doc.h"

#include "hulltop/base/log.h"

/* ---- why ---- */

struct why_page {
    struct ht_doc_page doc;
    unsigned question; /* stands first; 0: none does */
    bool alone;        /* no other one follows */
};

static void put_missing(struct ht_doc *doc, const struct ht_missing *missing)
{
    if (missing->source.len || ht_missing_has_check(missing)) {
        ht_doc_line(doc);
        ht_doc_put(doc, 2, HT_STYLE_ACCENT, missing->source);
    }
    if (ht_missing_has_check(missing))
        ht_doc_putf(doc, 18, HT_STYLE_DIM, "%.*s%s", HT_STR_ARG(missing->check),
                    missing->decides ? " (decides)" : "");
    ht_doc_wrap(doc, 4, HT_STYLE_NORMAL, missing->reason);
    if (ht_missing_has_help(missing) && missing->help.len)
        ht_doc_wrap(doc, 4, HT_STYLE_DIM, missing->help);
}

/* A pass stands beside facts that are not known when they decide nothing; then not all was seen. */
static struct ht_str meaning(const struct ht_question *question)
{
    if (question->state == HT_QUESTION_STATE_PASS && question->missing.len > 0)
        return HT_S("Nothing found in what decides; what is not known beside it follows.");
    return ht_str_from(ht_question_state_enum.values[question->state].doc);
}

static void put_question(struct ht_ui *ui, struct ht_doc *doc, unsigned number)
{
    const struct ht_question *question = ht_state_question(ui->state, number);
    ht_autobuf struct ht_buf held = HT_BUF(200), coverage = HT_BUF(HT_LIMIT_ARG);

    ht_doc_line(doc);
    ht_doc_line(doc);
    ht_doc_putf(doc, 1, HT_STYLE_TITLE, "%u %s", number, ht_question_pane(number));
    ht_doc_put(doc, 32, ht_ui_question_style(question), ht_str_from(ht_question_word(question)));
    ht_doc_text(doc, 2, HT_STYLE_DIM, meaning(question));
    ht_question_put_coverage(&coverage, question, "");
    if (coverage.len) {
        ht_ui_put_extent(&coverage, question);
        ht_doc_wrap(doc, 2, HT_STYLE_NORMAL, ht_buf_str(&coverage));
    }
    ht_ui_held_text(ui, &held, number);
    if (held.len) {
        ht_buf_add_text(&held, ": nobody could look whether it is over");
        ht_doc_wrap(doc, 2, HT_STYLE_STALE, ht_buf_str(&held));
    }
    for (size_t i = 0; i < question->missing.len; i++)
        put_missing(doc, &question->missing.items[i]);
    if (question->missing.len == 0) {
        ht_doc_line(doc);
        ht_doc_put(doc, 2, HT_STYLE_NORMAL, HT_S("nothing is reported as missing"));
    }
}

static void put_doctor(struct ht_ui *ui, struct ht_doc *doc)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_EXPORT_MAX);

    ht_report_doctor(&text, ui->state);
    ht_doc_text(doc, 1, HT_STYLE_NORMAL, ht_buf_str(&text));
}

static void why_build(struct ht_ui *ui, struct ht_doc_page *page, struct ht_doc *doc)
{
    const struct why_page *why = (const struct why_page *)page;

    ht_doc_line(doc);
    ht_doc_put(doc, 1, HT_STYLE_HEADER, HT_S("WHAT COULD NOT BE LOOKED AT, AND WHY"));
    if (why->question)
        put_question(ui, doc, why->question);
    for (unsigned number = 1; number <= HT_QUESTIONS && !why->alone; number++) {
        bool tells = ht_state_question(ui->state, number)->missing.len > 0 || !ui->has_state;

        if (number != why->question && tells)
            put_question(ui, doc, number);
    }
    ht_doc_head(doc, "WHAT CAN BE SEEN, AND WHAT WOULD HELP");
    put_doctor(ui, doc);
}

static bool why_act(struct ht_ui *ui, struct ht_page *page, enum ht_action action)
{
    if (action != HT_ACTION_WHY)
        return ht_doc_page_act(ui, page, action);
    ht_ui_pop(ui);
    return true;
}

static const struct ht_offer why_offers[] = {
    HT_DOC_OFFERS,
    {.action = HT_ACTION_WHY, .hinted = true, .hint = "back", .help = "Back to the screen below"},
};

static const struct ht_screen why_screen = {
    .title = "why",
    .offers = why_offers,
    .offers_len = ARRAY_LEN(why_offers),
    .draw = ht_doc_page_draw,
    .act = why_act,
    .text = ht_doc_page_text,
    .free = ht_doc_page_free,
};

struct ht_page *ht_why_new(const struct ht_ui *ui)
{
    struct why_page *page = ht_new0(struct why_page);

    page->doc.page.screen = &why_screen;
    page->doc.build = why_build;
    page->doc.match = -1;
    page->question = ht_ui_question(ui);
    if (page->question > HT_QUESTIONS)
        page->question = 0;
    /* Home has all six: what it says of the others, beside the selected one, is answered too. */
    page->alone = page->question && ui->depth > 1;
    return &page->doc.page;
}

/* ---- doctor and log ---- */

static const struct ht_offer offers[] = {HT_DOC_OFFERS};

static void doctor_build(struct ht_ui *ui, struct ht_doc_page *page, struct ht_doc *doc)
{
    (void)page;
    put_doctor(ui, doc);
}

static const struct ht_screen doctor_screen = {
    .title = "doctor",
    .offers = offers,
    .offers_len = ARRAY_LEN(offers),
    .draw = ht_doc_page_draw,
    .act = ht_doc_page_act,
    .text = ht_doc_page_text,
    .free = ht_doc_page_free,
};

struct log_lines {
    const struct ht_ui *ui;
    struct ht_doc *doc;
};

static void put_log_line(void *context, const struct ht_log_line *line)
{
    const struct log_lines *lines = context;
    ht_autobuf struct ht_buf text = HT_BUF(HT_LOG_TEXT_MAX + 80);

    ht_ui_time_text(lines->ui, &text, line->wall_ns);
    ht_buf_addf(&text, " %s ", ht_log_level_name(line->level));
    ht_buf_add_text(&text, line->text);
    ht_doc_wrap(lines->doc, 1, HT_STYLE_NORMAL, ht_buf_str(&text));
}

static void log_build(struct ht_ui *ui, struct ht_doc_page *page, struct ht_doc *doc)
{
    struct log_lines lines = {.ui = ui, .doc = doc};

    (void)page;
    ht_log_each(0, put_log_line, &lines);
    if (doc->len > 0)
        return;
    ht_doc_line(doc);
    ht_doc_put(doc, 1, HT_STYLE_DIM, HT_S("the log is empty"));
}

static const struct ht_screen log_screen = {
    .title = "log",
    .offers = offers,
    .offers_len = ARRAY_LEN(offers),
    .draw = ht_doc_page_draw,
    .act = ht_doc_page_act,
    .text = ht_doc_page_text,
    .free = ht_doc_page_free,
};

struct ht_page *ht_text_new(enum ht_text text)
{
    switch (text) {
    case HT_TEXT_DOCTOR:
        return ht_doc_page_new(&doctor_screen, doctor_build);
    case HT_TEXT_LOG:
        return ht_doc_page_new(&log_screen, log_build);
    }
    return NULL;
}
