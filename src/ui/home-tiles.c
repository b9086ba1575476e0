/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The panes on the home screen: as tiles, as lines; and the right side of a wide screen. */
#include <config.h>

#include "home.h"

#include "hulltop/base/printable.h"
#include "hulltop/model/subject.h"

#include <inttypes.h>

enum { TILE_COLS = 2, TILE_FINDINGS = 3, TREND_W = 12 };

const char *ht_home_empty_pane(const struct ht_question *question)
{
    switch (question->state) {
    case HT_QUESTION_STATE_OFF:
        return "not asked";
    case HT_QUESTION_STATE_WAIT:
        return "no answer yet";
    case HT_QUESTION_STATE_UNKNOWN:
        return "nothing that decides could be looked at";
    case HT_QUESTION_STATE_STALE:
        return "the answer is old";
    case HT_QUESTION_STATE_NA:
        return "not on this node";
    case HT_QUESTION_STATE_PART:
        return "nothing found in the part that was seen";
    case HT_QUESTION_STATE_FAIL:
    case HT_QUESTION_STATE_WARN:
    case HT_QUESTION_STATE_PASS:
        return "nothing found";
    }
    return "";
}

static void count_text(struct ht_buf *out, const struct ht_question *question)
{
    ht_buf_addf(out, "%s", ht_question_word(question));
    if (question->state == HT_QUESTION_STATE_WAIT && ht_question_has_progress(question))
        ht_buf_addf(out, " %" PRIu64 "%%", question->progress);
    else if (ht_home_is_counted(question))
        ht_buf_addf(out, " %" PRIu64, question->findings);
    if (question->new > 0)
        ht_buf_addf(out, " +%" PRIu64, question->new);
}

static void draw_head(struct ht_ui *ui, struct ht_area tile, unsigned number, bool selected)
{
    const struct ht_question *question = ht_state_question(ui->state, number);
    ht_autobuf struct ht_buf count = HT_BUF(100);
    int width = tile.rect.w - 1;

    count_text(&count, question);
    width -= ht_draw_right(tile, (struct ht_span){.width = width}, ht_ui_question_style(question),
                           ht_buf_str(&count));
    ht_draw_textf(tile, (struct ht_span){.width = width - 1}, HT_STYLE_TITLE, "%s%u %s",
                  selected ? ">" : " ", number, ht_question_pane(number));
    if (selected)
        ht_draw_attr(tile, (struct ht_span){.width = tile.rect.w - 1}, HT_ATTR_SELECTED);
}

static void draw_line(const struct ht_ui *ui, struct ht_area area, int row,
                      const struct ht_home_line *line)
{
    const struct ht_finding *finding = line->finding;
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX), fitting = HT_BUF(HT_SIDE_TEXT_MAX);
    int width = area.rect.w - 2;

    ht_ui_severity_text(&text, finding->severity);
    ht_draw_field(area, (struct ht_span){.row = row, .col = 1, .width = 7},
                  ht_ui_severity_style(finding->severity), ht_buf_str(&text));
    ht_buf_reset(&text);
    ht_buf_add_str(&text, ht_subject_text(&finding->subject));
    ht_buf_add_text(&text, ": ");
    ht_home_line_text(&text, line);
    ht_ui_fit_text(ui, &fitting, ht_buf_str(&text), width - 8);
    ht_draw_field(area, (struct ht_span){.row = row, .col = 9, .width = width - 8}, HT_STYLE_NORMAL,
                  ht_buf_str(&fitting));
}

/* Whole words: where there is no room for all of them the numbers tell that it was not in full, and
 * what lacks most stands first. */
static void fit_coverage(const struct ht_ui *ui, struct ht_buf *text,
                         const struct ht_question *question, int width)
{
    static const char *const marks[] = {" in full", ""};
    unsigned flags = ht_ui_print_flags(ui);
    size_t end;

    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        ht_buf_reset(text);
        ht_home_coverage(text, question, marks[i]);
        if ((int)ht_printable_width(ht_buf_str(text), flags) <= width)
            return;
    }
    for (end = text->len; end > 0; end--) {
        if (text->data[end - 1] == ',' &&
            (int)ht_printable_width(ht_str_sub(ht_buf_str(text), 0, end - 1), flags) <= width)
            break;
    }
    if (end > 0)
        ht_buf_cut(text, end - 1);
}

static void draw_coverage(struct ht_ui *ui, struct ht_area tile, int row, unsigned number)
{
    ht_autobuf struct ht_buf text = HT_BUF(200);
    int width = tile.rect.w - 2 - TREND_W - 1;

    const struct ht_question *question = ht_state_question(ui->state, number);

    fit_coverage(ui, &text, question, width - 1);
    ht_draw_field(tile, (struct ht_span){.row = row, .col = 1, .width = width - 1}, HT_STYLE_DIM,
                  ht_buf_str(&text));
    ht_home_draw_trend(ui, tile, (struct ht_span){.row = row, .col = 1 + width, .width = TREND_W},
                       number);
}

static void draw_reason(struct ht_area tile, int row, const struct ht_missing *missing)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

    ht_missing_put(&text, missing, 0);
    ht_draw_field(tile, (struct ht_span){.row = row, .col = 1, .width = tile.rect.w - 2},
                  HT_STYLE_UNKNOWN, ht_buf_str(&text));
}

static void draw_tile(struct ht_ui *ui, const struct ht_home *home, struct ht_area tile,
                      unsigned number)
{
    const struct ht_question *question = ht_state_question(ui->state, number);
    int row = 1;

    draw_head(ui, tile, number, number == home->question && !home->in_findings);
    if (tile.rect.h >= TILE_FINDINGS + 3)
        draw_coverage(ui, tile, row++, number);
    for (size_t i = 0; i < TILE_FINDINGS && row < tile.rect.h; i++) {
        struct ht_home_line line = ht_home_line(ui->state, number, i);

        if (line.finding)
            draw_line(ui, tile, row++, &line);
        else if (i == 0)
            ht_draw_field(tile, (struct ht_span){.row = row++, .col = 1, .width = tile.rect.w - 2},
                          HT_STYLE_DIM, ht_str_from(ht_home_empty_pane(question)));
        if (i == 0 && !line.finding && question->missing.len > 0 && row < tile.rect.h)
            draw_reason(tile, row++, &question->missing.items[0]);
    }
}

bool ht_home_draw_tiles(struct ht_ui *ui, struct ht_home *home, struct ht_area area)
{
    struct ht_rect tiles[HT_QUESTIONS];
    struct ht_rect all = {.h = area.rect.h, .w = area.rect.w};

    if (!ht_layout_tiles(all, HT_QUESTIONS, TILE_COLS, tiles))
        return false;
    for (unsigned i = 0; i < HT_QUESTIONS; i++) {
        struct ht_area tile = ht_area_sub(area, tiles[i]);

        draw_tile(ui, home, tile, i + 1);
        home->question_rects[i] = tile.rect;
        home->question_rects[i].row -= ui->body.row;
        home->question_rects[i].col -= ui->body.col;
    }
    return true;
}

int ht_home_draw_panes(struct ht_ui *ui, struct ht_area area)
{
    int row = 0;

    if (area.rect.h > HT_QUESTIONS)
        ht_draw_text(area, row++, 1, HT_STYLE_HEADER, HT_S("PANES"));
    for (unsigned number = 1; number <= HT_QUESTIONS && row < area.rect.h; number++, row++) {
        const struct ht_question *question = ht_state_question(ui->state, number);
        struct ht_home_line line = ht_home_line(ui->state, number, 0);
        struct ht_span name = {.row = row, .col = 1, .width = 27};
        struct ht_area rest = ht_area_sub(
            area, (struct ht_rect){.row = row, .col = 28, .h = 1, .w = area.rect.w - 28});

        ht_draw_textf(area, name, HT_STYLE_NORMAL, "%u %s", number, ht_question_pane(number));
        if (line.finding)
            draw_line(ui, rest, 0, &line);
        else
            ht_draw_field(rest, (struct ht_span){.col = 1, .width = rest.rect.w - 2}, HT_STYLE_DIM,
                          ht_str_from(ht_home_empty_pane(question)));
    }
    return row;
}

/* ---- the right side ---- */

int ht_home_draw_missing(struct ht_area area, int row, const struct ht_question *question)
{
    for (size_t i = 0; i < question->missing.len && i < 3 && row < area.rect.h; i++) {
        ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

        ht_buf_add_text(&text, "missing ");
        ht_missing_put(&text, &question->missing.items[i], 0);
        row += ht_draw_wrapped(area, row, 0, HT_STYLE_UNKNOWN, ht_buf_str(&text));
    }
    return row;
}

static void draw_selected(struct ht_ui *ui, const struct ht_home *home, struct ht_area area)
{
    const struct ht_question *question = ht_state_question(ui->state, home->question);
    const struct ht_view *view = ht_views_question(ui->views, home->question);
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);
    int row = 1;

    ht_draw_text(area, 0, 0, HT_STYLE_HEADER, HT_S("SELECTED"));
    row += ht_draw_wrapped(area, row, 0, HT_STYLE_TITLE,
                           ht_str_from(ht_question_title(home->question)));
    if (view)
        row += ht_draw_wrapped(area, row, 0, HT_STYLE_NORMAL, view->help);
    count_text(&text, question);
    ht_draw_field(area, (struct ht_span){.row = row++, .width = area.rect.w},
                  ht_ui_question_style(question), ht_buf_str(&text));
    ht_buf_reset(&text);
    ht_home_coverage(&text, question, "");
    ht_ui_put_extent(&text, question);
    row += ht_draw_wrapped(area, row, 0, HT_STYLE_NORMAL, ht_buf_str(&text));
    ht_home_draw_missing(area, row, question);
}

/* In one line, or where that has no room in two: whom it is about, and what it does. Returns the
 * row behind it. */
static int draw_change(const struct ht_ui *ui, struct ht_area area, int row,
                       const struct ht_event *event)
{
    unsigned flags = ht_ui_print_flags(ui);
    bool gone = event->kind == HT_EVENT_KIND_FINDING_GONE;
    unsigned style = gone                           ? (unsigned)HT_STYLE_DIM
                     : ht_event_has_severity(event) ? ht_ui_severity_style(event->severity)
                                                    : (unsigned)HT_STYLE_NORMAL;
    struct ht_str subject = ht_ui_subject_of(event->text);
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

    ht_ui_time_text(ui, &text, event->at);
    ht_buf_add_c(&text, ' ');
    size_t time_len = text.len;
    ht_ui_event_text(&text, event, true);
    if (subject.len && row + 1 < area.rect.h &&
        (int)ht_printable_width(ht_buf_str(&text), flags) > area.rect.w) {
        struct ht_str what = ht_str_sub(event->text, subject.len + 2, event->text.len);

        ht_buf_cut(&text, time_len);
        ht_buf_add_text(&text, ht_ui_event_lead(event, true));
        ht_buf_add_str(&text, subject);
        ht_draw_field(area, (struct ht_span){.row = row + 1, .col = 2, .width = area.rect.w - 2},
                      style, what);
        ht_draw_field(area, (struct ht_span){.row = row, .width = area.rect.w}, style,
                      ht_buf_str(&text));
        return row + 2;
    }
    ht_draw_field(area, (struct ht_span){.row = row, .width = area.rect.w}, style,
                  ht_buf_str(&text));
    return row + 1;
}

static void draw_changes(struct ht_ui *ui, struct ht_area area)
{
    const struct ht_rowset *events = &ui->state->events;
    int row = 1;

    ht_draw_text(area, 0, 0, HT_STYLE_HEADER, HT_S("LAST CHANGES"));
    if (events->len == 0)
        ht_draw_text(area, 1, 0, HT_STYLE_DIM, HT_S("none yet"));
    for (size_t i = events->len; i-- > 0 && row < area.rect.h;)
        row = draw_change(ui, area, row, ht_event_of(events->rows[i]));
}

void ht_home_draw_side(struct ht_ui *ui, const struct ht_home *home, struct ht_area area)
{
    struct ht_rect rest = {.col = 2, .h = area.rect.h, .w = area.rect.w - 3};
    struct ht_rect top = ht_layout_take_top(&rest, area.rect.h / 2);

    ht_draw_vline(area, (struct ht_rect){.h = area.rect.h, .w = 1}, HT_STYLE_DIM);
    draw_selected(ui, home, ht_area_sub(area, top));
    draw_changes(ui, ht_area_sub(area, rest));
}
