/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions, findings and load on the home screen. */
#include <config.h>

#include "home.h"

#include "hulltop/base/printable.h"
#include "hulltop/model/subject.h"

#include <inttypes.h>
#include <string.h>

enum {
    STATE_W = 8,
    FOUND_W = 5,
    NEW_W = 5,
    CHECKED_W = 8,
    COVERAGE_W = 20,
    TREND_W = 12,
    BUSIEST = 3,
    TITLE_COL = 13,   /* of a finding */
    SINCE_W = 17,     /* since when, and whether it is new */
    SINCE_MIN_W = 78, /* where there is room for that */
};

static struct ht_home_line group_line(const struct ht_state *state, const struct ht_group *group)
{
    struct ht_home_line line = {.finding = ht_state_finding(state, group->finding),
                                .count = group->count,
                                .total = group->total};

    if (line.finding && line.count < 2 && ht_finding_has_count(line.finding)) {
        line.count = line.finding->count;
        line.total = line.finding->total;
    }
    return line;
}

struct ht_home_line ht_home_line(const struct ht_state *state, unsigned question, size_t n)
{
    for (size_t i = 0; i < state->groups.len; i++) {
        const struct ht_group *group = ht_group_of(state->groups.rows[i]);

        if ((question == 0 || group->question == question) && n-- == 0)
            return group_line(state, group);
    }
    for (size_t i = 0; i < state->findings.len && state->groups.len == 0; i++) {
        const struct ht_finding *finding = ht_finding_of(state->findings.rows[i]);

        if ((question == 0 || finding->question == question) && n-- == 0)
            return (struct ht_home_line){
                .finding = finding, .count = finding->count, .total = finding->total};
    }
    return (struct ht_home_line){.finding = NULL};
}

void ht_home_line_text(struct ht_buf *out, const struct ht_home_line *line)
{
    /* The title of a posture finding says it already. */
    bool several = line->count > 1 && !line->finding->posture;

    if (several && line->total >= line->count)
        ht_buf_addf(out, "%" PRIu64 " of %" PRIu64 ": ", line->count, line->total);
    else if (several)
        ht_buf_addf(out, "%" PRIu64 " times: ", line->count);
    ht_buf_add_str(out, line->finding->title);
}

bool ht_home_is_counted(const struct ht_question *question)
{
    return ht_question_has_findings(question) && question->state != HT_QUESTION_STATE_WAIT &&
           question->state != HT_QUESTION_STATE_OFF &&
           (question->findings > 0 || question->state != HT_QUESTION_STATE_UNKNOWN);
}

void ht_home_coverage(struct ht_buf *out, const struct ht_question *question, const char *mark)
{
    ht_question_put_coverage(out, question, mark);
    if (out->len == 0)
        ht_buf_add_c(out, '-');
}

/* ---- trend ---- */

int ht_home_draw_trend(struct ht_ui *ui, struct ht_area area, struct ht_span span, unsigned number)
{
    static const char letters[] = "CHMLI";
    const uint8_t *trend = ui->state->trend[number - 1];
    enum { PER_LETTER = HT_TREND_SLOTS / TREND_W };

    for (int i = 0; i < TREND_W && i < span.width; i++) {
        uint8_t worst = 255;
        struct ht_str text = HT_S(".");
        unsigned style = HT_STYLE_DIM;

        for (int slot = i * PER_LETTER; slot < (i + 1) * PER_LETTER; slot++)
            worst = trend[slot] < worst ? trend[slot] : worst;
        if (worst < sizeof(letters) - 1) {
            text = (struct ht_str){.data = &letters[worst], .len = 1};
            style = ht_ui_severity_style((enum ht_severity)worst);
        }
        ht_draw_text(area, span.row, span.col + i, style, text);
    }
    return TREND_W;
}

/* ---- the six questions ---- */

/* Where the columns of the table stand; -1: dropped. */
struct places {
    int width; /* of the question's words */
    int state, found, fresh, checked, coverage, trend;
};

static struct places place(int w)
{
    struct places places = {.fresh = -1, .checked = -1, .coverage = -1, .trend = -1};
    int left = w - 1 - 3; /* cursor and number before the words */
    int right;

    left -= STATE_W + FOUND_W;
    if (left - NEW_W >= 36)
        places.fresh = left -= NEW_W;
    if (left - CHECKED_W - 1 >= 36)
        places.checked = left -= CHECKED_W + 1;
    if (left - COVERAGE_W - TREND_W - 2 >= 34)
        places.coverage = left -= COVERAGE_W + TREND_W + 2;
    places.width = left - 1;
    right = 3 + left;
    places.state = right;
    places.found = right += STATE_W;
    right += FOUND_W;
    if (places.fresh >= 0) {
        places.fresh = right;
        right += NEW_W;
    }
    if (places.checked >= 0) {
        places.checked = right + 1;
        right += CHECKED_W + 1;
    }
    if (places.coverage >= 0) {
        places.coverage = right + 1;
        places.trend = right + 1 + COVERAGE_W;
    }
    return places;
}

static void draw_heads(struct ht_area area, const struct places *places)
{
    ht_draw_field(area, (struct ht_span){.col = 3, .width = 8}, HT_STYLE_HEADER, HT_S("QUESTION"));
    ht_draw_field(area, (struct ht_span){.col = places->state, .width = STATE_W}, HT_STYLE_HEADER,
                  HT_S("STATE"));
    ht_draw_right(area, (struct ht_span){.col = places->found, .width = FOUND_W}, HT_STYLE_HEADER,
                  HT_S("FOUND"));
    if (places->fresh >= 0)
        ht_draw_right(area, (struct ht_span){.col = places->fresh, .width = NEW_W}, HT_STYLE_HEADER,
                      HT_S("NEW"));
    if (places->checked >= 0)
        ht_draw_field(area, (struct ht_span){.col = places->checked, .width = CHECKED_W},
                      HT_STYLE_HEADER, HT_S("CHECKED"));
    if (places->coverage >= 0) {
        ht_draw_field(area, (struct ht_span){.col = places->coverage, .width = COVERAGE_W},
                      HT_STYLE_HEADER, HT_S("SEEN IN FULL"));
        ht_draw_field(area, (struct ht_span){.col = places->trend, .width = TREND_W},
                      HT_STYLE_HEADER, HT_S("TREND 1 HOUR"));
    }
}

static void checked_text(const struct ht_ui *ui, struct ht_buf *out,
                         const struct ht_question *question)
{
    if (question->state == HT_QUESTION_STATE_WAIT && ht_question_has_progress(question)) {
        ht_buf_addf(out, "%" PRIu64 "%%", question->progress);
    } else if (ht_question_has_checked_at(question)) {
        ht_ui_age_text(ui, out, question->checked_at);
        ht_buf_add_text(out, " ago");
    } else {
        ht_buf_add_c(out, '-');
    }
}

static void draw_numbers(struct ht_ui *ui, struct ht_area area, const struct places *places,
                         const struct ht_question *question)
{
    ht_autobuf struct ht_buf checked = HT_BUF(80);
    ht_autobuf struct ht_buf coverage = HT_BUF(200);
    struct ht_span found = {.col = places->found, .width = FOUND_W};

    if (ht_home_is_counted(question)) {
        ht_autobuf struct ht_buf count = HT_BUF(30);

        ht_buf_addf(&count, "%" PRIu64, question->findings);
        ht_draw_right(area, found, HT_STYLE_NORMAL, ht_buf_str(&count));
    } else {
        ht_draw_right(area, found, HT_STYLE_DIM, HT_S("-"));
    }
    if (places->fresh >= 0) {
        ht_autobuf struct ht_buf fresh = HT_BUF(30);

        if (ht_question_has_new(question))
            ht_buf_addf(&fresh, question->new > 0 ? "+%" PRIu64 : "%" PRIu64, question->new);
        else
            ht_buf_add_c(&fresh, '-');
        ht_draw_right(area, (struct ht_span){.col = places->fresh, .width = NEW_W},
                      question->new > 0 ? HT_STYLE_ACCENT | HT_ATTR_BOLD : HT_STYLE_DIM,
                      ht_buf_str(&fresh));
    }
    checked_text(ui, &checked, question);
    if (places->checked >= 0)
        ht_draw_field(area, (struct ht_span){.col = places->checked, .width = CHECKED_W},
                      ht_str_is(ht_buf_str(&checked), "-") ? HT_STYLE_DIM
                                                           : HT_STYLE_NORMAL | HT_ATTR_LIVE,
                      ht_buf_str(&checked));
    if (places->coverage < 0)
        return;
    ht_home_coverage(&coverage, question, "");
    ht_draw_field(area, (struct ht_span){.col = places->coverage, .width = COVERAGE_W - 1},
                  HT_STYLE_NORMAL, ht_buf_str(&coverage));
    ht_home_draw_trend(ui, area, (struct ht_span){.col = places->trend, .width = TREND_W},
                       (unsigned)question->number);
}

static void draw_question(struct ht_ui *ui, struct ht_home *home, struct ht_area area,
                          unsigned number)
{
    const struct ht_question *question = ht_state_question(ui->state, number);
    struct places places = place(area.rect.w);
    bool selected = number == home->question && !home->in_findings;
    bool narrow = ht_layout_is_narrow(area.canvas->w);
    const char *words = narrow ? ht_question_pane(number) : ht_question_title(number);

    ht_draw_textf(area, (struct ht_span){.width = 2}, HT_STYLE_ACCENT, "%s%u", selected ? ">" : " ",
                  number);
    ht_draw_field(area, (struct ht_span){.col = 3, .width = places.width}, HT_STYLE_NORMAL,
                  ht_str_from(words));
    ht_draw_field(area, (struct ht_span){.col = places.state, .width = STATE_W},
                  ht_ui_question_style(question), ht_str_from(ht_question_word(question)));
    draw_numbers(ui, area, &places, question);
    if (selected)
        ht_draw_attr(area, (struct ht_span){.width = area.rect.w - 1}, HT_ATTR_SELECTED);
    home->question_rects[number - 1] =
        (struct ht_rect){.row = area.rect.row - ui->body.row, .col = 0, .h = 1, .w = area.rect.w};
}

int ht_home_draw_questions(struct ht_ui *ui, struct ht_home *home, struct ht_area area)
{
    struct places places = place(area.rect.w);
    int row = 0;

    if (area.rect.h > HT_QUESTIONS + 1) {
        draw_heads(area, &places);
        row++;
    }
    for (unsigned number = 1; number <= HT_QUESTIONS; number++, row++)
        draw_question(ui, home,
                      ht_area_sub(area, (struct ht_rect){.row = row, .h = 1, .w = area.rect.w}),
                      number);
    return row;
}

/* ---- findings ---- */

/* Columns at the right of a finding's title. */
struct widths {
    int subject, since;
};

/* Columns for the names of so many findings: what the longest takes, at most two fifths of what
 * there is; 0: no room. The rest is for what was found. */
static int subjects_width(const struct ht_ui *ui, int width, int since, int lines)
{
    unsigned flags = ht_ui_print_flags(ui);
    int most = width < 60 ? 0 : (width - since - TITLE_COL) * 2 / 5;
    int wanted = 0;

    for (int i = 0; i < lines && wanted < most; i++) {
        struct ht_home_line line = ht_home_line(ui->state, 0, (size_t)i);

        if (!line.finding)
            break;
        int needs = 1 + (int)ht_printable_width(ht_subject_text(&line.finding->subject), flags);
        wanted = needs > wanted ? needs : wanted;
    }
    return wanted < most ? wanted : most;
}

/* When it was first seen says something only of what came while it was looked for. */
static int64_t since_of(const struct ht_ui *ui, const struct ht_finding *finding)
{
    if (ht_finding_has_since(finding))
        return finding->since;
    if (ui->complete_ns && ht_finding_has_first_seen(finding) &&
        finding->first_seen > ui->complete_ns)
        return finding->first_seen;
    return 0;
}

/* Columns for since when so many findings are there, and whether they are new: none where that is
 * known of none. */
static int since_width(const struct ht_ui *ui, int width, int lines)
{
    for (int i = 0; i < lines && width >= SINCE_MIN_W; i++) {
        const struct ht_finding *finding = ht_home_line(ui->state, 0, (size_t)i).finding;

        if (!finding)
            return 0;
        if (since_of(ui, finding) || finding->new || ht_finding_has_acknowledged(finding))
            return SINCE_W;
    }
    return 0;
}

static void draw_finding(struct ht_ui *ui, struct ht_area area, const struct ht_home_line *line,
                         const struct widths *widths, bool selected)
{
    const struct ht_finding *finding = line->finding;
    ht_autobuf struct ht_buf words = HT_BUF(HT_SIDE_TEXT_MAX);
    ht_autobuf struct ht_buf severity = HT_BUF(40);
    ht_autobuf struct ht_buf since = HT_BUF(40);
    int width = area.rect.w - 1;
    int right = widths->since, subject = widths->subject;
    int title = width - TITLE_COL - right - subject;

    ht_home_line_text(&words, line);
    ht_ui_severity_text(&severity, finding->severity);
    ht_draw_text(area, 0, 0, HT_STYLE_ACCENT, ht_str_from(selected ? ">" : " "));
    ht_draw_field(area, (struct ht_span){.col = 1, .width = 7},
                  ht_ui_severity_style(finding->severity), ht_buf_str(&severity));
    ht_draw_textf(area, (struct ht_span){.col = 10, .width = 1}, HT_STYLE_NORMAL, "%u",
                  (unsigned)finding->question % 10);
    ht_draw_field(area, (struct ht_span){.col = TITLE_COL, .width = title - 1},
                  finding->expected ? HT_STYLE_DIM : HT_STYLE_NORMAL, ht_buf_str(&words));
    if (subject)
        ht_draw_field(area, (struct ht_span){.col = TITLE_COL + title, .width = subject - 1},
                      HT_STYLE_ACCENT, ht_subject_text(&finding->subject));
    if (right) {
        if (since_of(ui, finding))
            ht_ui_time_text(ui, &since, since_of(ui, finding));
        ht_draw_field(area, (struct ht_span){.col = TITLE_COL + title + subject, .width = 11},
                      HT_STYLE_DIM, ht_buf_str(&since));
        if (finding->new)
            ht_draw_field(area, (struct ht_span){.col = width - 4, .width = 3},
                          HT_STYLE_ACCENT | HT_ATTR_BOLD, HT_S("new"));
        else if (ht_finding_has_acknowledged(finding))
            ht_draw_field(area, (struct ht_span){.col = width - 4, .width = 3}, HT_STYLE_DIM,
                          HT_S("ack"));
    }
    if (selected)
        ht_draw_attr(area, (struct ht_span){.width = width}, HT_ATTR_SELECTED);
}

static const char *no_findings(const struct ht_ui *ui)
{
    if (!ui->state->complete && ui->state->origin != HT_ORIGIN_REPORT)
        return " nothing found yet: sources have not all answered";
    return " nothing found in what could be looked at";
}

/* What has no room is counted, and where it stands is told: many of the worst may be among it. */
static void draw_findings_head(const struct ht_ui *ui, struct ht_area area)
{
    static const char head[] = "WORST FINDINGS";
    const struct ht_state *state = ui->state;
    size_t total = state->groups.len ? state->groups.len : state->findings.len;
    size_t room = (size_t)area.rect.h - 1;
    int col = 1 + (int)sizeof(head) + 1;
    int width = area.rect.w - 1 - col;
    ht_autobuf struct ht_buf text = HT_BUF(100);
    size_t numbers;

    ht_draw_text(area, 0, 1, HT_STYLE_HEADER, ht_str_from(head));
    if (total <= room)
        return;
    ht_buf_addf(&text, "%zu of %zu", room, total);
    numbers = text.len;
    ht_buf_add_text(&text, " (:view findings has all)");
    if ((int)text.len > width)
        ht_buf_cut(&text, numbers);
    if ((int)text.len <= width)
        ht_draw_field(area, (struct ht_span){.col = col, .width = width}, HT_STYLE_DIM,
                      ht_buf_str(&text));
}

struct ht_home_line ht_home_line_in_row(const struct ht_ui *ui, const struct ht_home *home,
                                        size_t row)
{
    return ht_home_line(ui->state, 0, row + 1 == home->findings ? home->last : row);
}

/* The place of the chosen finding; SIZE_MAX: none is chosen, or it is not there any more. */
static size_t chosen_place(const struct ht_state *state, const struct ht_home *home)
{
    bool grouped = state->groups.len > 0;
    const struct ht_rowset *rows = grouped ? &state->groups : &state->findings;

    for (size_t i = 0; home->in_findings && home->chosen && i < rows->len; i++) {
        const struct ht_row *row = rows->rows[i];

        if (ht_str_is(grouped ? ht_group_of(row)->finding : ht_row_id(row), home->chosen))
            return i;
    }
    return SIZE_MAX;
}

/* Which findings have room, and in which row the selected one stands: others come and go above it
 * while somebody is about to press Enter. */
static void fit_findings(const struct ht_ui *ui, struct ht_home *home, int room)
{
    size_t place = chosen_place(ui->state, home);

    home->findings = 0;
    while ((int)home->findings < room && ht_home_line(ui->state, 0, home->findings).finding)
        home->findings++;
    home->last = home->findings ? home->findings - 1 : 0;
    if (place != SIZE_MAX)
        home->finding = place;
    if (place != SIZE_MAX && place > home->last)
        home->last = place;
    if (home->finding >= home->findings)
        home->finding = home->findings ? home->findings - 1 : 0;
    home->in_findings = home->in_findings && home->findings > 0;
    free(home->chosen);
    home->chosen = NULL;
    if (home->in_findings) {
        struct ht_str id = ht_home_line_in_row(ui, home, home->finding).finding->id;

        home->chosen = ht_strndup(id.data, id.len);
    }
}

int ht_home_draw_findings(struct ht_ui *ui, struct ht_home *home, struct ht_area area)
{
    int row = 0;

    if (area.rect.h >= 3) {
        draw_findings_head(ui, area);
        row++;
    }
    home->findings_row = row; /* the caller adds where the area is */
    home->findings_w = area.rect.w;
    fit_findings(ui, home, area.rect.h - row);
    struct widths widths = {.since = since_width(ui, area.rect.w - 1, area.rect.h - row)};
    widths.subject = subjects_width(ui, area.rect.w - 1, widths.since, area.rect.h - row);
    for (size_t i = 0; i < home->findings; i++, row++) {
        struct ht_home_line line = ht_home_line_in_row(ui, home, i);

        draw_finding(ui, ht_area_sub(area, (struct ht_rect){.row = row, .h = 1, .w = area.rect.w}),
                     &line, &widths, home->in_findings && home->finding == i);
    }
    if (home->findings == 0 && row < area.rect.h)
        ht_draw_field(area, (struct ht_span){.row = row, .width = area.rect.w - 1}, HT_STYLE_DIM,
                      ht_str_from(no_findings(ui)));
    return row;
}

/* ---- load ---- */

static void busiest_name(const struct ht_ui *ui, struct ht_buf *out, const struct ht_usage *usage)
{
    const struct ht_row *row = NULL;

    if (ht_usage_has_container(usage))
        row = ht_node_find(ui->state->node, HT_TABLE_CONTAINER, usage->container);
    if (row && ht_container_has_pod(ht_container_of(row)))
        ht_buf_add_str(out, ht_container_of(row)->pod);
    else if (ht_usage_has_container(usage) && usage->container.len)
        ht_buf_add_str(out, ht_ui_container_name(ui->state, usage->container));
    else if (ht_usage_has_unit(usage))
        ht_buf_add_str(out, usage->unit);
    else
        ht_buf_add_str(out, usage->id);
}

/* Thousandths of a core as far as they are shown: what is below that is noise. */
static uint64_t shown_cpu(const struct ht_usage *usage)
{
    return usage->cpu - usage->cpu % (usage->cpu >= 100 ? 100 : 10);
}

/* Puts usage among the busiest, which are sorted by what is shown, so that equal ones do not change
 * places; the least falls out. */
static void place_usage(const struct ht_usage *usage, const struct ht_usage *best[BUSIEST])
{
    size_t at = 0;

    while (at < BUSIEST && best[at] && shown_cpu(best[at]) >= shown_cpu(usage))
        at++;
    if (at == BUSIEST || shown_cpu(usage) == 0)
        return;
    memmove(best + at + 1, best + at, (BUSIEST - 1 - at) * sizeof(*best));
    best[at] = usage;
}

void ht_home_draw_busiest(struct ht_ui *ui, struct ht_area area)
{
    const struct ht_rowset *usages = ht_node_set(ui->state->node, HT_TABLE_USAGE);
    const struct ht_host *host = ht_node_host(ui->state->node);
    const struct ht_usage *best[BUSIEST] = {NULL};
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);
    uint64_t total = 0;
    bool measured = false;

    for (size_t i = 0; i < usages->len; i++) {
        const struct ht_usage *usage = ht_usage_of(usages->rows[i]);

        if (ht_usage_has_cpu(usage)) {
            measured = true;
            total += usage->cpu;
            place_usage(usage, best);
        }
    }
    ht_buf_add_text(&text, "cpu");
    if (measured && ht_host_has_cpus(host) && host->cpus > 0)
        ht_buf_addf(&text, " %" PRIu64 "%%", total / (host->cpus * 10));
    ht_buf_add_text(&text, ": ");
    if (!best[0])
        ht_buf_add_text(&text, measured ? "no container and no service is busy"
                               : ui->state->complete && !usages->len
                                   ? "no unit and no container was seen to measure"
                                   : "not measured yet");
    for (size_t i = 0; i < BUSIEST && best[i]; i++) {
        if (i > 0)
            ht_buf_add_text(&text, ", ");
        busiest_name(ui, &text, best[i]);
        ht_buf_add_c(&text, ' ');
        ht_ui_cores_text(&text, best[i]->cpu);
        if (i == 0)
            ht_buf_add_text(&text, " cores");
    }
    ht_draw_field(area, (struct ht_span){.width = area.rect.w - 1}, HT_STYLE_NORMAL | HT_ATTR_LIVE,
                  ht_buf_str(&text));
}
