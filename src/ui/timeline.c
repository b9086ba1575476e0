/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The timeline: what happened, as bars over time and as lines, oldest first. It follows what is
 * newest until a line is chosen; the bars move with the chosen line.
 */
#include <config.h>

#include "doc.h"

#include <inttypes.h>

enum {
    BARS_COL = 7,  /* behind the word of a row of bars */
    BAR_W = 2,     /* a count and a blank */
    BARS_MAX = 60, /* columns of bars */
    LABEL_W = 12,  /* from one time to the next */
    TIME_COL = 1,
    SEVERITY_COL = 13,
    QUESTION_COL = 21,
    TEXT_COL = 24,
    TEXT_NARROW_COL = 10,
    NARROW_W = 60,
    ROOMY_H = 14, /* lower bodies have two rows of bars and no rules */
    DETAIL_COL = 4,
};

#define MINUTE (60 * HT_NS_PER_S)

/* What one column of bars stands for. */
static const struct zoom {
    int64_t column_ns;
    const char *name;
} zooms[] = {
    {10 * HT_NS_PER_S, "10 s"}, {30 * HT_NS_PER_S, "30 s"}, {MINUTE, "1 min"},
    {2 * MINUTE, "2 min"},      {5 * MINUTE, "5 min"},      {15 * MINUTE, "15 min"},
    {60 * MINUTE, "1 h"},
};
enum { ZOOM_FIRST = 3 };

struct timeline {
    struct ht_page page;
    char *selected; /* id of an event, NULL: the newest, and those to come */
    size_t zoom;
    bool zoomed; /* by the user: until then all that was watched is shown, as close as it fits */
    int lines;   /* of events, at the last draw */
};

/* The bars of one draw. */
struct bars {
    int64_t begin_ns;
    int unwatched; /* columns before anything was watched, or whose events are gone */
    int64_t column_ns;
    int count;
    struct {
        unsigned critical, high, medium, source;
    } columns[BARS_MAX];
};

static struct timeline *of(struct ht_page *page)
{
    return (struct timeline *)page;
}

static void timeline_free(struct ht_page *page)
{
    free(of(page)->selected);
    free(page);
}

/* ---- events ---- */

static const struct ht_event *event_at(const struct ht_ui *ui, size_t i)
{
    return ht_event_of(ui->state->events.rows[i]);
}

/* True and the place of an event that is there; false: it is not, or none is chosen. */
static bool find_chosen(const struct ht_ui *ui, const struct timeline *timeline, size_t *ret_place)
{
    for (size_t i = ui->state->events.len; timeline->selected && i > 0; i--) {
        if (ht_str_is(event_at(ui, i - 1)->id, timeline->selected)) {
            *ret_place = i - 1;
            return true;
        }
    }
    return false;
}

/* The chosen event's place, of none the last one's. */
static size_t place_of(const struct ht_ui *ui, const struct timeline *timeline)
{
    size_t len = ui->state->events.len;
    size_t place = len ? len - 1 : 0;

    (void)find_chosen(ui, timeline, &place);
    return place;
}

static void choose(const struct ht_ui *ui, struct timeline *timeline, size_t place)
{
    free(timeline->selected);
    timeline->selected = NULL;
    if (place < ui->state->events.len) {
        struct ht_str id = event_at(ui, place)->id;

        timeline->selected = ht_strndup(id.data, id.len);
    }
}

static bool is_following(const struct timeline *timeline)
{
    return !timeline->selected;
}

/* Where the chosen event is gone (a recording began again) what is newest is followed. */
static void forget_gone(const struct ht_ui *ui, struct timeline *timeline)
{
    size_t place;

    if (timeline->selected && !find_chosen(ui, timeline, &place))
        choose(ui, timeline, SIZE_MAX);
}

static bool is_finding(const struct ht_event *event)
{
    return event->kind == HT_EVENT_KIND_FINDING_NEW;
}

static bool is_mark(const struct ht_event *event)
{
    return event->kind == HT_EVENT_KIND_MARK;
}

static bool is_any(const struct ht_event *event)
{
    (void)event;
    return true;
}

/* A report is of one moment. */
static const char *no_events(const struct ht_ui *ui)
{
    return ui->state->origin == HT_ORIGIN_REPORT ? "a report shows one moment, not what happened"
                                                 : "nothing has happened yet";
}

/* Chooses the next event of a kind in a direction; says so if there is none. */
static void seek(struct ht_ui *ui, struct timeline *timeline, int direction,
                 bool (*wanted)(const struct ht_event *event))
{
    size_t len = ui->state->events.len;
    size_t place = place_of(ui, timeline);

    while (direction < 0 ? place > 0 : place + 1 < len) {
        place += (size_t)direction;
        if (wanted(event_at(ui, place))) {
            choose(ui, timeline, place);
            return;
        }
    }
    ht_ui_message(ui, direction < 0 ? "none before this" : "none after this");
}

/* ---- bars ---- */

static void count_event(struct bars *bars, const struct ht_event *event)
{
    int64_t column = (event->at - bars->begin_ns) / bars->column_ns;

    if (event->at < bars->begin_ns || column >= bars->count)
        return;
    if (event->kind == HT_EVENT_KIND_SOURCE_STATE || event->kind == HT_EVENT_KIND_EVENTS_LOST)
        bars->columns[column].source++;
    if (!is_finding(event) || !ht_event_has_severity(event))
        return;
    bars->columns[column].critical += event->severity == HT_SEVERITY_CRITICAL;
    bars->columns[column].high += event->severity == HT_SEVERITY_HIGH;
    bars->columns[column].medium += event->severity == HT_SEVERITY_MEDIUM;
}

/* Since when the events tell what happened. Those of a report or a node are older than this screen;
 * where the oldest were dropped, nothing is known before those that are left. */
static int64_t watched_since(const struct ht_ui *ui)
{
    const struct ht_state *state = ui->state;
    int64_t since = ht_state_is_replay(ui->state)     ? state->replay.start_ns
                    : state->origin == HT_ORIGIN_LIVE ? ui->began_ns
                                                      : state->now_ns;

    if (state->events.len && (state->events_folded || event_at(ui, 0)->at < since))
        since = event_at(ui, 0)->at;
    return since;
}

static void count_unwatched(const struct ht_ui *ui, struct bars *bars)
{
    int64_t since = watched_since(ui);

    while (bars->unwatched < bars->count &&
           bars->begin_ns + (bars->unwatched + 1) * bars->column_ns <= since)
        bars->unwatched++;
}

/* The closest zoom in which the watched time has room, none wider than the one to begin with. */
static size_t fitting_zoom(const struct ht_ui *ui, int count)
{
    int64_t now = ht_ui_now(ui), since = watched_since(ui);
    size_t zoom = 0;

    while (zoom < ZOOM_FIRST &&
           now / zooms[zoom].column_ns - since / zooms[zoom].column_ns >= count)
        zoom++;
    return zoom;
}

/* Columns begin at whole multiples of their length, and the last one holds now, unless the chosen
 * event is older than that shows. */
static void fill_bars(const struct ht_ui *ui, struct timeline *timeline, int width,
                      struct bars *bars)
{
    int count = (width - BARS_COL - 1) / BAR_W;

    bars->count = count < 1 ? 1 : count > BARS_MAX ? BARS_MAX : count;
    if (!timeline->zoomed)
        timeline->zoom = fitting_zoom(ui, bars->count);

    int64_t column = zooms[timeline->zoom].column_ns;
    int64_t last = ht_ui_now(ui) / column;

    bars->column_ns = column;
    if (timeline->selected && ui->state->events.len) {
        int64_t chosen = event_at(ui, place_of(ui, timeline))->at / column;

        if (chosen <= last - bars->count)
            last = chosen + bars->count / 2;
    }
    bars->begin_ns = (last - bars->count + 1) * column;
    for (size_t i = 0; i < ui->state->events.len; i++)
        count_event(bars, event_at(ui, i));
    count_unwatched(ui, bars);
}

static void draw_count(struct ht_area area, int row, int column, unsigned count, unsigned style)
{
    const char text[] = {count == 0 ? '.' : count > 9 ? '+' : (char)('0' + count), '\0'};

    ht_draw_text(area, row, BARS_COL + column * BAR_W, count ? style : HT_STYLE_DIM,
                 ht_str_from(text));
}

static void draw_times(const struct ht_ui *ui, struct ht_area area, int row,
                       const struct bars *bars)
{
    for (int column = 0; column < bars->count; column += LABEL_W / BAR_W) {
        ht_autobuf struct ht_buf text = HT_BUF(40);

        ht_ui_clock_text(ui, &text, bars->begin_ns + column * bars->column_ns);
        /* Seconds only where columns are shorter than minutes. */
        struct ht_str shown = ht_buf_str(&text);
        if (bars->column_ns % MINUTE == 0 && shown.len > 5)
            shown.len = 5;
        if ((bars->count - column) * BAR_W >= (int)shown.len)
            ht_draw_text(area, row, BARS_COL + column * BAR_W, HT_STYLE_DIM, shown);
    }
}

static const char *unwatched_word(int width)
{
    static const char words[] = "not watched";

    return width >= (int)sizeof(words) - 1 ? words : "";
}

/* Draws what there is room for; returns the rows used. */
static int draw_bars(const struct ht_ui *ui, const struct bars *given, struct ht_area area, int row)
{
    bool roomy = area.rect.h >= ROOMY_H;
    const struct bars bars = *given;
    int first = row;

    if (roomy)
        draw_times(ui, area, row++, given);
    ht_draw_text(area, row, 1, HT_STYLE_DIM, HT_S("CRIT"));
    ht_draw_text(area, row + 1, 1, HT_STYLE_DIM, HT_S("HIGH"));
    if (roomy) {
        ht_draw_text(area, row + 2, 1, HT_STYLE_DIM, HT_S("MED"));
        ht_draw_text(area, row + 3, 1, HT_STYLE_DIM, HT_S("src"));
    }
    /* Nothing stands where nobody looked: a dot says that nothing happened. */
    if (bars.unwatched)
        ht_draw_field(area, (struct ht_span){row, BARS_COL, bars.unwatched * BAR_W - 1},
                      HT_STYLE_DIM, ht_str_from(unwatched_word(bars.unwatched * BAR_W - 1)));
    for (int i = bars.unwatched; i < bars.count; i++) {
        draw_count(area, row, i, bars.columns[i].critical, HT_STYLE_CRITICAL);
        draw_count(area, row + 1, i, bars.columns[i].high, HT_STYLE_HIGH);
        if (!roomy)
            continue;
        draw_count(area, row + 2, i, bars.columns[i].medium, HT_STYLE_MEDIUM);
        ht_draw_text(area, row + 3, BARS_COL + i * BAR_W,
                     bars.columns[i].source ? HT_STYLE_UNKNOWN : HT_STYLE_DIM,
                     bars.columns[i].source ? HT_S("x") : HT_S("="));
    }
    return row + (roomy ? 4 : 2) - first;
}

/* ---- lines ---- */

static void draw_head(const struct ht_ui *ui, const struct timeline *timeline, struct ht_area area)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);
    unsigned marks = 0;

    for (size_t i = 0; i < ui->state->events.len; i++)
        marks += is_mark(event_at(ui, i));
    ht_buf_add_text(&text, is_following(timeline) ? "following" : "F follows");
    ht_buf_addf(&text, "  events %zu", ui->state->events.len);
    if (ui->state->events_folded)
        ht_buf_addf(&text, " (%" PRIu64 " older gone)", ui->state->events_folded);
    ht_buf_addf(&text, "  marks %u", marks);
    ht_draw_text(area, 0, 1, is_following(timeline) ? HT_STYLE_GOOD : HT_STYLE_DIM,
                 ht_buf_str(&text));
    if (area.rect.w < NARROW_W)
        return;
    ht_buf_reset(&text);
    ht_buf_addf(&text, "one column = %s  %s", zooms[timeline->zoom].name,
                area.rect.w > 90 ? "x = a source changed its state" : "x = source");
    ht_draw_right(area, (struct ht_span){0, 0, area.rect.w - 1}, HT_STYLE_DIM, ht_buf_str(&text));
}

static void draw_event(const struct ht_ui *ui, struct ht_area area, int row,
                       const struct ht_event *event)
{
    bool narrow = area.rect.w < NARROW_W;
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

    ht_ui_time_text(ui, &text, event->at);
    ht_draw_field(area, (struct ht_span){row, TIME_COL, SEVERITY_COL - TIME_COL - 1},
                  is_mark(event) ? HT_STYLE_ACCENT : HT_STYLE_DIM, ht_buf_str(&text));
    ht_buf_reset(&text);
    if (is_mark(event))
        ht_buf_add_text(&text, "m  MARK");
    else if (ht_event_has_severity(event))
        ht_ui_severity_text(&text, event->severity);
    unsigned style = is_mark(event)                              ? HT_STYLE_ACCENT
                     : event->kind == HT_EVENT_KIND_FINDING_GONE ? HT_STYLE_DIM
                     : ht_event_has_severity(event) ? ht_ui_severity_style(event->severity)
                                                    : HT_STYLE_NORMAL;
    bool is_bad = ht_event_has_severity(event) && event->kind != HT_EVENT_KIND_FINDING_GONE;
    int at = narrow ? TEXT_NARROW_COL : SEVERITY_COL;
    /* Where there is no room for the word its glyph stands. */
    ht_draw_field(area, (struct ht_span){row, at, narrow ? 2 : 7}, style,
                  ht_str_sub(ht_buf_str(&text), 0, narrow ? 2 : text.len));
    if (!narrow && ht_event_has_question(event))
        ht_draw_textf(area, (struct ht_span){row, QUESTION_COL, 1}, HT_STYLE_DIM, "%u",
                      (unsigned)event->question);
    ht_buf_reset(&text);
    at = narrow ? TEXT_NARROW_COL + 3 : TEXT_COL;
    ht_ui_event_cell(ui, &text, event, area.rect.w - 1 - at);
    ht_draw_text(area, row, at, is_bad ? HT_STYLE_NORMAL : style, ht_buf_str(&text));
}

static void put_gone(const struct ht_ui *ui, struct ht_buf *out, const struct ht_event *event)
{
    const struct ht_event *end = ht_ui_finding_end(ui->state, event->finding);

    ht_buf_add_text(out, end ? "  gone since " : "  not seen any more");
    if (end)
        ht_ui_time_text(ui, out, end->at);
}

/* A second line below the chosen event: what it is about. */
static void draw_about(const struct ht_ui *ui, struct ht_area area, int row,
                       const struct ht_event *event)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);
    const struct ht_finding *finding = ht_state_finding(ui->state, event->finding);

    ht_buf_add_text(&text, ht_ui_event_kind_text(event->kind));
    if (ht_event_has_container(event)) {
        ht_buf_add_text(&text, "  container ");
        ht_buf_add_str(&text, ht_ui_container_name(ui->state, event->container));
    }
    if (ht_event_has_source(event)) {
        ht_buf_add_text(&text, "  source ");
        ht_buf_add_str(&text, event->source);
    }
    if (finding && finding->evidence.len) {
        const struct ht_evidence *evidence = &finding->evidence.items[0];

        ht_buf_addf(&text, "  ");
        ht_buf_add_str(&text, evidence->field);
        ht_buf_add_text(&text, " = ");
        ht_buf_add_str(&text, evidence->value);
    } else if (is_finding(event) && !finding) {
        put_gone(ui, &text, event);
    }
    ht_draw_text(area, row, DETAIL_COL, HT_STYLE_DIM, ht_buf_str(&text));
}

/* The chosen event stands in the lower part, as long as there are enough before it. */
static void draw_events(struct ht_ui *ui, struct timeline *timeline, struct ht_area area)
{
    size_t len = ui->state->events.len;
    size_t chosen = place_of(ui, timeline);
    int h = area.rect.h;
    bool about = h >= 4;
    int fit = h - 1 - about; /* what follows "now" and the second line */
    int row = 0;

    timeline->lines = fit > 0 ? fit : 1;
    if (len == 0) {
        ht_draw_text(area, 0, 1, HT_STYLE_DIM, ht_str_from(no_events(ui)));
        return;
    }
    size_t first = chosen + 1 > (size_t)timeline->lines ? chosen + 1 - (size_t)timeline->lines : 0;
    for (size_t i = first; i < len && row < h; i++) {
        draw_event(ui, area, row, event_at(ui, i));
        if (i == chosen) {
            timeline->page.cursor_row += row;
            ht_draw_attr(area, (struct ht_span){row, 0, area.rect.w - 1}, HT_ATTR_SELECTED);
            if (about && row + 1 < h)
                draw_about(ui, area, ++row, event_at(ui, i));
        }
        row++;
    }
    if (row < h && first + (size_t)h > len) {
        ht_autobuf struct ht_buf text = HT_BUF(80);

        ht_ui_clock_text(ui, &text, ht_ui_now(ui));
        ht_buf_add_text(&text, ht_ui_clock_stands(ui) ? " -- here --" : " -- now --");
        ht_draw_text(area, row, TIME_COL, HT_STYLE_DIM, ht_buf_str(&text));
    }
}

static void timeline_draw(struct ht_ui *ui, struct ht_page *page, struct ht_area body)
{
    struct timeline *timeline = of(page);
    bool roomy = body.rect.h >= ROOMY_H;
    struct bars bars = {0};
    int row = 1;

    forget_gone(ui, timeline);
    fill_bars(ui, timeline, body.rect.w, &bars);
    draw_head(ui, timeline, body);
    if (roomy)
        ht_draw_hline(body, (struct ht_span){row++, 0, body.rect.w - 1}, HT_STYLE_DIM);
    row += draw_bars(ui, &bars, body, row);
    if (roomy) {
        ht_draw_hline(body, (struct ht_span){row++, 0, body.rect.w - 1}, HT_STYLE_DIM);
        ht_draw_text(body, row, TIME_COL, HT_STYLE_HEADER, HT_S("TIME"));
        ht_draw_text(body, row, SEVERITY_COL, HT_STYLE_HEADER, HT_S("SEV"));
        ht_draw_text(body, row, QUESTION_COL, HT_STYLE_HEADER, HT_S("Q"));
        ht_draw_text(body, row++, TEXT_COL, HT_STYLE_HEADER, HT_S("WHAT"));
    }
    page->cursor_row = row;
    draw_events(
        ui, timeline,
        ht_area_sub(body, (struct ht_rect){
                              .row = row, .col = 0, .h = body.rect.h - row, .w = body.rect.w}));
}

static void timeline_text(struct ht_ui *ui, struct ht_page *page, struct ht_doc *doc)
{
    (void)page;
    for (size_t i = 0; i < ui->state->events.len; i++) {
        const struct ht_event *event = event_at(ui, i);
        ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

        ht_ui_time_text(ui, &text, event->at);
        ht_buf_add_text(&text, "  ");
        if (ht_event_has_severity(event))
            ht_buf_addf(&text, "%s  ", ht_severity_word(event->severity));
        if (ht_event_has_question(event))
            ht_buf_addf(&text, "question %" PRIu64 "  ", event->question);
        ht_ui_event_text(&text, event, false);
        ht_doc_wrap(doc, 1, HT_STYLE_NORMAL, ht_buf_str(&text));
    }
    if (ui->state->events.len == 0)
        ht_doc_text(doc, 1, HT_STYLE_DIM, ht_str_from(no_events(ui)));
}

/* ---- keys ---- */

static void move(struct ht_ui *ui, struct timeline *timeline, long by)
{
    long len = (long)ui->state->events.len;
    long place = (long)place_of(ui, timeline) + by;

    if (len)
        choose(ui, timeline, (size_t)(place < 0 ? 0 : place >= len ? len - 1 : place));
}

static void zoom(struct ht_ui *ui, struct timeline *timeline, int by)
{
    timeline->zoomed = true;
    if (by < 0 ? timeline->zoom > 0 : timeline->zoom + 1 < ARRAY_LEN(zooms))
        timeline->zoom += (size_t)by;
    /* The bars may look the same, and a narrow head does not say it. */
    ht_ui_messagef(ui, "one column is %s", zooms[timeline->zoom].name);
}

static void follow(struct ht_ui *ui, struct timeline *timeline)
{
    if (is_following(timeline))
        ht_ui_message(ui, "already follows what is newest");
    choose(ui, timeline, SIZE_MAX);
}

/* The mark before the chosen line, then the last one: one key goes round them all. */
static void jump(struct ht_ui *ui, struct timeline *timeline)
{
    size_t len = ui->state->events.len;
    size_t from = is_following(timeline) ? len : place_of(ui, timeline);

    for (size_t i = 0; i < len; i++) {
        size_t place = (from + len - 1 - i) % len;

        if (is_mark(event_at(ui, place))) {
            if (place == from)
                ht_ui_message(ui, "no other mark");
            choose(ui, timeline, place);
            return;
        }
    }
    ht_ui_message(ui, "no marks: m sets one");
}

static void open_event(struct ht_ui *ui, const struct timeline *timeline)
{
    if (!ui->state->events.len)
        ht_ui_message(ui, no_events(ui));
    else
        ht_detail_open(ui, &ht_event_table, event_at(ui, place_of(ui, timeline))->id);
}

static void set_mark(struct ht_ui *ui, const struct timeline *timeline)
{
    if (!ui->state->events.len)
        ht_ui_message(ui, no_events(ui));
    else
        ui->calls.mark(ui->calls.context, event_at(ui, place_of(ui, timeline))->text);
}

/* False: not a key that moves the choice. */
static bool act_move(struct ht_ui *ui, struct timeline *timeline, enum ht_action action)
{
    static const struct {
        enum ht_action action;
        int direction;
        bool (*wanted)(const struct ht_event *event);
    } seeks[] = {
        {HT_ACTION_STEP_BACK, -1, is_any},
        {HT_ACTION_STEP_FORWARD, 1, is_any},
        {HT_ACTION_PREVIOUS_FINDING, -1, is_finding},
        {HT_ACTION_NEXT_FINDING, 1, is_finding},
    };
    const struct {
        enum ht_action action;
        long by;
    } moves[] = {
        {HT_ACTION_DOWN, 1},
        {HT_ACTION_UP, -1},
        {HT_ACTION_PAGE_DOWN, timeline->lines},
        {HT_ACTION_PAGE_UP, -timeline->lines},
        {HT_ACTION_HALF_DOWN, timeline->lines / 2},
        {HT_ACTION_HALF_UP, -timeline->lines / 2},
        {HT_ACTION_TOP, -HT_LIMIT_EVENTS},
        {HT_ACTION_BOTTOM, HT_LIMIT_EVENTS},
    };

    for (size_t i = 0; i < ARRAY_LEN(seeks); i++) {
        if (seeks[i].action == action) {
            seek(ui, timeline, seeks[i].direction, seeks[i].wanted);
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(moves); i++) {
        if (moves[i].action == action) {
            move(ui, timeline, moves[i].by);
            return true;
        }
    }
    return false;
}

static bool timeline_act(struct ht_ui *ui, struct ht_page *page, enum ht_action action)
{
    struct timeline *timeline = of(page);

    forget_gone(ui, timeline);
    if (act_move(ui, timeline, action))
        return true;
    if (action == HT_ACTION_FOLLOW)
        follow(ui, timeline);
    else if (action == HT_ACTION_PLUS || action == HT_ACTION_MINUS)
        zoom(ui, timeline, action == HT_ACTION_PLUS ? -1 : 1);
    else if (action == HT_ACTION_MARK)
        set_mark(ui, timeline);
    else if (action == HT_ACTION_JUMP)
        jump(ui, timeline);
    else if (action == HT_ACTION_OPEN)
        open_event(ui, timeline);
    else if (action == HT_ACTION_NEXT_VIEW)
        ht_ui_open_view(ui, HT_S("timeline"));
    else if (action == HT_ACTION_FILTER && ht_ui_open_view(ui, HT_S("timeline")))
        ht_ui_act(ui, HT_ACTION_FILTER);
    else
        return false;
    return true;
}

void ht_ui_timeline_go_to(struct ht_ui *ui, struct ht_page *page, int64_t at_ns)
{
    size_t len = ui->state->events.len;
    size_t place = 0;

    while (place + 1 < len && event_at(ui, place)->at < at_ns)
        place++;
    if (len)
        choose(ui, of(page), place);
}

/* In a replay the keys are those of its speed. */
static bool suits_zooming(const struct ht_ui *ui, const struct ht_page *page)
{
    (void)page;
    return !ht_state_is_replay(ui->state);
}

static bool suits_events(const struct ht_ui *ui, const struct ht_page *page)
{
    (void)page;
    return ui->state->events.len > 0;
}

static bool suits_stepping(const struct ht_ui *ui, const struct ht_page *page)
{
    return ht_state_is_replay(ui->state) || suits_events(ui, page);
}

static const struct ht_offer offers[] = {
    {.action = HT_ACTION_FOLLOW, .hinted = true},
    {.action = HT_ACTION_STEP_BACK,
     .suits = suits_stepping,
     .help = "One event back; in a replay one step"},
    {.action = HT_ACTION_STEP_FORWARD,
     .hinted = true,
     .suits = suits_stepping,
     .help = "One event forward; in a replay one step"},
    {.action = HT_ACTION_PREVIOUS_FINDING, .suits = suits_events},
    {.action = HT_ACTION_NEXT_FINDING, .hinted = true, .suits = suits_events},
    {.action = HT_ACTION_PLUS, .hinted = true, .suits = suits_zooming, .help = "Closer"},
    {.action = HT_ACTION_MINUS, .suits = suits_zooming, .help = "Wider"},
    {.action = HT_ACTION_MARK,
     .hinted = true,
     .suits = suits_events,
     .help = "Set a mark in the timeline"},
    {.action = HT_ACTION_JUMP, .hinted = true, .suits = suits_events},
    {.action = HT_ACTION_OPEN, .hinted = true, .suits = suits_events},
    {.action = HT_ACTION_NEXT_VIEW, .hint = "list", .help = "The same as a list: filter, sort"},
    {.action = HT_ACTION_FILTER, .help = "Filter the same as a list"},
    {.action = HT_ACTION_BACK, .hinted = true, .keep = true},
    {.action = HT_ACTION_PLAIN_TEXT},
    {.action = HT_ACTION_DOWN},
    {.action = HT_ACTION_UP},
    {.action = HT_ACTION_TOP},
    {.action = HT_ACTION_BOTTOM},
    {.action = HT_ACTION_HALF_DOWN},
    {.action = HT_ACTION_HALF_UP},
    {.action = HT_ACTION_PAGE_DOWN},
    {.action = HT_ACTION_PAGE_UP},
};

static const struct ht_screen timeline_screen = {
    .title = "8 Timeline",
    .offers = offers,
    .offers_len = ARRAY_LEN(offers),
    .draw = timeline_draw,
    .act = timeline_act,
    .text = timeline_text,
    .free = timeline_free,
};

bool ht_ui_is_timeline(const struct ht_page *page)
{
    return page->screen == &timeline_screen;
}

struct ht_page *ht_ui_timeline_new(void)
{
    struct timeline *timeline = ht_new0(struct timeline);

    timeline->page.screen = &timeline_screen;
    timeline->zoom = ZOOM_FIRST;
    return &timeline->page;
}
