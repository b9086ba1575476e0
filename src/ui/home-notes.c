/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines at the foot of home: what is not seen any more, what is not known, and why. */
#include <config.h>

#include "home.h"

#include "hulltop/model/subject.h"

#define PAST_NS (3600 * HT_NS_PER_S)

/* A place to write lines to. */
struct notes {
    struct ht_ui *ui;
    struct ht_area area;
    int row;
};

static void put(struct notes *notes, unsigned style, const struct ht_buf *text)
{
    struct ht_span span = {.row = notes->row, .col = 1, .width = notes->area.rect.w - 2};

    if (notes->row >= notes->area.rect.h)
        return;
    ht_draw_field(notes->area, span, style, ht_buf_str(text));
    notes->row++;
}

/* ---- what is not seen any more ---- */

static bool is_grave(const struct ht_event *event, unsigned number)
{
    return event->kind == HT_EVENT_KIND_FINDING_GONE && ht_event_has_question(event) &&
           event->question == number && ht_event_has_severity(event) &&
           event->severity <= HT_SEVERITY_HIGH;
}

/* The gravest of a question that ended in the last hour, the newest of equals. */
static const struct ht_event *find_past(const struct ht_ui *ui, unsigned number, size_t *ret_count)
{
    const struct ht_rowset *events = &ui->state->events;
    int64_t from = ht_ui_now(ui) - PAST_NS;
    const struct ht_event *gravest = NULL;

    *ret_count = 0;
    for (size_t i = events->len; i-- > 0;) {
        const struct ht_event *event = ht_event_of(events->rows[i]);

        if (event->at < from)
            break;
        if (!is_grave(event, number) || ht_state_finding(ui->state, event->finding))
            continue;
        if (!gravest || event->severity < gravest->severity)
            gravest = event;
        (*ret_count)++;
    }
    return gravest;
}

/* A container that could take the node and has ended leaves nothing else on this screen. What fails
 * now is more than what did. */
static void put_past(struct notes *notes, unsigned number)
{
    size_t count;
    const struct ht_question *question = ht_state_question(notes->ui->state, number);
    const struct ht_event *past = find_past(notes->ui, number, &count);
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

    if (!past || question->state == HT_QUESTION_STATE_FAIL)
        return;
    /* What is cut at the right end must not be when. */
    ht_buf_addf(&text,
                ht_layout_is_narrow(notes->area.canvas->w) ? "Q%u not seen since "
                                                           : "question %u, not seen since ",
                number);
    ht_ui_time_text(notes->ui, &text, past->at);
    ht_buf_add_text(&text, ": ");
    ht_buf_add_str(&text, past->text);
    if (count > 1)
        ht_buf_addf(&text, " (and %zu more)", count - 1);
    ht_buf_add_text(&text, ". 8 = timeline");
    put(notes, ht_ui_severity_style(past->severity), &text);
}

/* ---- what is not known ---- */

static void add_worst(struct ht_ui *ui, struct ht_buf *text, const struct ht_question *question)
{
    struct ht_home_line worst = ht_home_line(ui->state, (unsigned)question->number, 0);

    if (worst.finding) {
        ht_buf_add_str(text, ht_subject_text(&worst.finding->subject));
        ht_buf_add_text(text, ": ");
        ht_home_line_text(text, &worst);
    }
    ht_buf_addf(text, ", and %zu not known. i = what", ht_question_unknowns(question));
}

static void put_question(struct notes *notes, const struct ht_question *question)
{
    bool reason = ht_question_has_reason(question);
    ht_autobuf struct ht_buf held = HT_BUF(100);
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

    ht_buf_addf(&text, "%u is %s", (unsigned)question->number, ht_question_word(question));
    ht_ui_held_text(notes->ui, &held, (unsigned)question->number);
    if (held.len) {
        ht_buf_add_text(&text, "; ");
        ht_buf_add_str(&text, ht_buf_str(&held));
    }
    if (question->state == HT_QUESTION_STATE_FAIL || question->state == HT_QUESTION_STATE_WARN) {
        ht_buf_add_text(&text, ": ");
        add_worst(notes->ui, &text, question);
    } else {
        const struct ht_missing *first = &question->missing.items[0];

        ht_buf_addf(&text, "%s%s", reason ? ": " : "; ", ht_question_lead(question, first));
        ht_missing_put(&text, first, 0);
        if (question->missing.len > 1)
            ht_buf_addf(&text, " (and %zu more)", question->missing.len - 1);
        ht_buf_addf(&text, ". i = %s", reason ? "why" : "more");
    }
    put(notes, HT_STYLE_UNKNOWN, &text);
}

static void put_questions(struct notes *notes, bool reasons)
{
    for (unsigned number = 1; number <= HT_QUESTIONS; number++) {
        const struct ht_question *question = ht_state_question(notes->ui->state, number);

        bool tells =
            question->state == HT_QUESTION_STATE_FAIL || question->state == HT_QUESTION_STATE_WARN
                ? ht_question_unknowns(question)
                : question->missing.len;

        if (tells && question->state != HT_QUESTION_STATE_OFF &&
            ht_question_has_reason(question) == reasons)
            put_question(notes, question);
    }
}

void ht_home_draw_notes(struct ht_ui *ui, struct ht_area area)
{
    struct notes notes = {.ui = ui, .area = area};
    static const char demo[] = "no containers here: hulltop demo shows an incident";

    for (unsigned number = 1; number <= HT_QUESTIONS; number++)
        put_past(&notes, number);
    if (ui->options.offer_demo && ui->state->complete && notes.row < area.rect.h &&
        ht_state_question(ui->state, 3)->state != HT_QUESTION_STATE_UNKNOWN &&
        ht_node_set(ui->state->node, HT_TABLE_CONTAINER)->len == 0)
        ht_draw_text(area, notes.row++, 1, HT_STYLE_ACCENT, ht_str_from(demo));
    put_questions(&notes, true);
    put_questions(&notes, false);
}
