/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words and styles that several screens use. */
#include <config.h>

#include "ui-private.h"

#include <string.h>

#include "hulltop/base/printable.h"

unsigned ht_ui_severity_style(enum ht_severity severity)
{
    switch (severity) {
    case HT_SEVERITY_CRITICAL:
        return HT_STYLE_CRITICAL;
    case HT_SEVERITY_HIGH:
        return HT_STYLE_HIGH;
    case HT_SEVERITY_MEDIUM:
        return HT_STYLE_MEDIUM;
    case HT_SEVERITY_LOW:
        return HT_STYLE_LOW;
    case HT_SEVERITY_INFO:
        return HT_STYLE_INFO;
    }
    return HT_STYLE_NORMAL;
}

unsigned ht_ui_question_style(const struct ht_question *question)
{
    switch (question->state) {
    case HT_QUESTION_STATE_FAIL:
        return HT_STYLE_CRITICAL;
    case HT_QUESTION_STATE_WARN:
        return HT_STYLE_MEDIUM;
    case HT_QUESTION_STATE_PASS:
        return HT_STYLE_GOOD;
    case HT_QUESTION_STATE_UNKNOWN:
    case HT_QUESTION_STATE_PART:
    case HT_QUESTION_STATE_NA:
        return HT_STYLE_UNKNOWN;
    case HT_QUESTION_STATE_STALE:
        return HT_STYLE_STALE;
    case HT_QUESTION_STATE_OFF:
    case HT_QUESTION_STATE_WAIT:
        return HT_STYLE_DIM;
    }
    return HT_STYLE_NORMAL;
}

unsigned ht_ui_source_style(enum ht_source_state state)
{
    switch (state) {
    case HT_SOURCE_STATE_OK:
        return HT_STYLE_NORMAL;
    case HT_SOURCE_STATE_WAIT:
    case HT_SOURCE_STATE_OFF:
    case HT_SOURCE_STATE_ABSENT:
        return HT_STYLE_DIM;
    case HT_SOURCE_STATE_STALE:
        return HT_STYLE_STALE;
    case HT_SOURCE_STATE_PART:
    case HT_SOURCE_STATE_DENIED:
        return HT_STYLE_UNKNOWN;
    case HT_SOURCE_STATE_BUSY:
        return HT_STYLE_MEDIUM;
    case HT_SOURCE_STATE_STUCK:
    case HT_SOURCE_STATE_BROKEN:
        return HT_STYLE_HIGH;
    }
    return HT_STYLE_NORMAL;
}

unsigned ht_ui_print_flags(const struct ht_ui *ui)
{
    return ui->options.utf8 ? 0 : HT_PRINT_ASCII;
}

void ht_ui_put_extent(struct ht_buf *out, const struct ht_question *question)
{
    if (ht_question_extent(question) != HT_EXTENT_NONE &&
        question->state != HT_QUESTION_STATE_UNKNOWN)
        ht_buf_add_text(out, " seen in full");
}

const char *ht_ui_event_lead(const struct ht_event *event, bool narrow)
{
    if (event->kind != HT_EVENT_KIND_FINDING_GONE)
        return "";
    return narrow ? "not seen: " : "not seen any more: ";
}

void ht_ui_event_text(struct ht_buf *out, const struct ht_event *event, bool narrow)
{
    ht_buf_add_text(out, ht_ui_event_lead(event, narrow));
    ht_buf_add_str(out, event->text);
}

struct ht_str ht_ui_subject_of(struct ht_str text)
{
    ptrdiff_t at = ht_str_find(text, HT_S(": "), 0);

    return ht_str_sub(text, 0, at > 0 ? (size_t)at : 0);
}

void ht_ui_fit_text(const struct ht_ui *ui, struct ht_buf *out, struct ht_str text, int width)
{
    unsigned flags = ht_ui_print_flags(ui);
    struct ht_str subject = ht_ui_subject_of(text);
    struct ht_str what = ht_str_sub(text, subject.len, text.len - subject.len);
    int most = width - (int)ht_printable_width(what, flags);

    if (most < width * 2 / 5)
        most = width * 2 / 5;
    if (most > 0)
        ht_printable_cut(out, subject, (size_t)most, flags);
    ht_buf_add_str(out, what);
}

void ht_ui_event_cell(const struct ht_ui *ui, struct ht_buf *out, const struct ht_event *event,
                      int width)
{
    unsigned flags = ht_ui_print_flags(ui);
    ht_autobuf struct ht_buf whole = HT_BUF(HT_SIDE_TEXT_MAX);
    const char *lead = ht_ui_event_lead(event, true);

    ht_ui_event_text(&whole, event, false);
    if ((int)ht_printable_width(ht_buf_str(&whole), flags) <= width) {
        ht_buf_add_str(out, ht_buf_str(&whole));
        return;
    }
    ht_buf_add_text(out, lead);
    ht_ui_fit_text(ui, out, event->text, width - (int)strlen(lead));
}

void ht_ui_severity_text(struct ht_buf *out, enum ht_severity severity)
{
    ht_buf_addf(out, "%-2s %s", ht_severity_glyph(severity), ht_severity_word(severity));
}

void ht_ui_held_text(const struct ht_ui *ui, struct ht_buf *out, unsigned number)
{
    int64_t last;
    size_t held = ht_state_held(ui->state, number, &last);

    if (!held)
        return;
    ht_buf_addf(out, "%zu finding%s held, last seen ", held, held == 1 ? "" : "s");
    ht_ui_time_text(ui, out, last);
}

/* In words that the filter finds too, which takes each for itself. */
const char *ht_ui_event_kind_text(enum ht_event_kind kind)
{
    switch (kind) {
    case HT_EVENT_KIND_CONTAINER_CREATED:
        return "container created";
    case HT_EVENT_KIND_CONTAINER_STARTED:
        return "container started";
    case HT_EVENT_KIND_CONTAINER_STOPPED:
        return "container stopped";
    case HT_EVENT_KIND_CONTAINER_REMOVED:
        return "container removed";
    case HT_EVENT_KIND_CONTAINER_CHANGED:
        return "container changed";
    case HT_EVENT_KIND_PROCESS_STARTED:
        return "process started";
    case HT_EVENT_KIND_PROCESS_EXEC:
        return "process exec";
    case HT_EVENT_KIND_FINDING_NEW:
        return "new finding";
    case HT_EVENT_KIND_FINDING_GONE:
        return "finding gone";
    case HT_EVENT_KIND_SOURCE_STATE:
        return "source state";
    case HT_EVENT_KIND_EVENTS_LOST:
        return "events lost";
    case HT_EVENT_KIND_MARK:
        return "mark";
    case HT_EVENT_KIND_MESSAGE:
        return "message";
    }
    return "";
}

const char *ht_ui_kind_text(const struct ht_subject *subject)
{
    static const char *const words[][2] = {
        {"package_db", "packages"},
        {"apiserver", "API server"},
        {"encryption", "encryption"},
        {"daemon", "runtime"},
    };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (ht_str_is(subject->kind, words[i][0]))
            return words[i][1];
    }
    return subject->kind.len ? subject->kind.data : "subject";
}

void ht_ui_cores_text(struct ht_buf *out, uint64_t mcpu)
{
    if (mcpu >= 100)
        ht_buf_addf(out, "%llu.%llu", (unsigned long long)(mcpu / 1000),
                    (unsigned long long)(mcpu % 1000 / 100));
    else
        ht_buf_addf(out, "0.%02llu", (unsigned long long)(mcpu / 10));
}

/* A set of capabilities is a count and the first names: all 41 fit nowhere. */
static void bits_text(struct ht_buf *out, const struct ht_field *field, uint64_t bits)
{
    unsigned count = 0;

    for (uint64_t left = bits; left; left &= left - 1)
        count++;
    ht_buf_addf(out, "%u", count);
    for (unsigned i = field->values->count; i-- > 0 && count <= 12;) {
        if (bits >> i & 1)
            ht_buf_addf(out, " %s", ht_enum_name(field->values, i));
    }
}

void ht_ui_cell_text(const struct ht_ui *ui, struct ht_buf *out, const struct ht_field *field,
                     const void *value)
{
    if (!value) {
        if (strcmp(field->name, "new") != 0)
            ht_buf_add_c(out, '-');
    } else if (field->kind == HT_KIND_TIME) {
        ht_ui_time_text(ui, out, *(const int64_t *)value);
    } else if (field->kind == HT_KIND_BITS) {
        bits_text(out, field, *(const uint64_t *)value);
    } else if (field->values == &ht_severity_enum) {
        ht_ui_severity_text(out, *(const enum ht_severity *)value);
    } else if (field->values == &ht_event_kind_enum) {
        ht_buf_add_text(out, ht_ui_event_kind_text(*(const enum ht_event_kind *)value));
    } else if (field->kind == HT_KIND_UINT && field->unit && strcmp(field->unit, "mcpu") == 0) {
        ht_ui_cores_text(out, *(const uint64_t *)value);
    } else if (strcmp(field->name, "new") == 0 && field->kind == HT_KIND_BOOL) {
        ht_buf_add_text(out, *(const bool *)value ? "new" : "");
    } else if (field->kind == HT_KIND_REF && field->sub == &ht_container_table) {
        ht_buf_add_str(out, ht_ui_container_name(ui->state, *(const struct ht_str *)value));
    } else {
        ht_value_format(out, field, value, HT_FORMAT_SHORT);
    }
}

struct ht_str ht_ui_container_name(const struct ht_state *state, struct ht_str id)
{
    const struct ht_row *row = ht_node_find(state->node, HT_TABLE_CONTAINER, id);

    if (!row || !ht_container_has_name(ht_container_of(row)))
        return ht_str_sub(id, 0, 12);
    return ht_container_of(row)->name;
}

const struct ht_event *ht_ui_finding_end(const struct ht_state *state, struct ht_str finding)
{
    for (size_t i = state->events.len; i-- > 0;) {
        const struct ht_event *event = ht_event_of(state->events.rows[i]);

        if (event->kind == HT_EVENT_KIND_FINDING_GONE && ht_str_equal(event->finding, finding))
            return event;
    }
    return NULL;
}
