/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands around every screen: title, sources, and the one line of a tiny terminal. */
#include <config.h>

#include "ui-private.h"

#include <string.h>

#include "hulltop/base/printable.h"

enum {
    READ_ONLY_W = 60,
    CLUSTER_W = 72,
    /* Of the node's name, where there is less room, "~" for what is cut included. */
    NODE_W = 13,
    NODE_MIN_W = 9,
};

/* What the screen shows that is not the present; NULL: it is. */
static const char *mode_text(const struct ht_ui *ui, int width, struct ht_buf *out)
{
    const struct ht_state *state = ui->state;

    if (ui->paused)
        return "PAUSED";
    switch (state->origin) {
    case HT_ORIGIN_LIVE:
        return NULL;
    case HT_ORIGIN_NODE:
        return "NODE FROM FILE";
    case HT_ORIGIN_REPORT:
        return "REPORT FROM FILE";
    case HT_ORIGIN_REPLAY:
    case HT_ORIGIN_DEMO:
        break;
    }
    ht_buf_add_text(out, state->origin == HT_ORIGIN_DEMO ? "DEMO" : "REPLAY");
    if (state->replay.ended) {
        ht_buf_add_text(out, "  END");
        if (state->replay.cut_line && width >= CLUSTER_W)
            ht_buf_addf(out, ", cut off in line %zu", state->replay.cut_line);
        else if (state->replay.cut_line)
            ht_buf_add_text(out, ", cut off");
        ht_buf_add_text(out, "  R again");
    } else {
        ht_buf_addf(out, state->replay.speed < 1.0 ? " x%.2g" : " x%.0f", state->replay.speed);
        if (state->replay.paused)
            ht_buf_add_text(out, " paused");
    }
    return out->data;
}

/* That it is being recorded stands beside the mode: either may hold without the other. Returns the
 * columns that are left. */
static int draw_recording(const struct ht_ui *ui, struct ht_area area, int width)
{
    const char *word = area.rect.w < READ_ONLY_W ? "REC!" : "REC FAILED";
    unsigned style = HT_STYLE_CRITICAL;

    if (ui->recording == HT_UI_NOT_RECORDED)
        return width;
    if (ui->recording == HT_UI_RECORDED) {
        word = "REC";
        style = HT_STYLE_TITLE | HT_ATTR_REVERSE;
    }
    width--;
    return width - ht_draw_right(area, (struct ht_span){.width = width}, style, ht_str_from(word));
}

/* Draws the right side from the right edge on; returns the columns that are left of it. */
static int draw_right_side(struct ht_ui *ui, struct ht_area area)
{
    ht_autobuf struct ht_buf clock = HT_BUF(80);
    ht_autobuf struct ht_buf mode = HT_BUF(80);
    const char *word = mode_text(ui, area.rect.w, &mode);
    unsigned style = HT_STYLE_DIM;
    int width = area.rect.w - 1;
    int gap = area.rect.w < HT_TILES_MIN_W - 20 ? 1 : 6;

    ht_ui_time_text(ui, &clock, ht_ui_now(ui));
    if (area.rect.w >= READ_ONLY_W) {
        ht_buf_add_c(&clock, ' ');
        ht_ui_zone_text(ui, &clock);
    }
    width -= ht_draw_right(area, (struct ht_span){.width = width}, HT_STYLE_NORMAL | HT_ATTR_LIVE,
                           ht_buf_str(&clock));
    if (word)
        style = HT_STYLE_TITLE | HT_ATTR_REVERSE;
    else
        word = area.rect.w < READ_ONLY_W ? "RO" : "READ-ONLY";
    width -= gap;
    width -= ht_draw_right(area, (struct ht_span){.width = width}, style, ht_str_from(word));
    width = draw_recording(ui, area, width);
    return width - 1;
}

/* The node, of which at most so many columns are shown, and the pages from one on. */
static void breadcrumb(struct ht_ui *ui, size_t node_w, size_t from, struct ht_buf *out)
{
    const struct ht_host *host = ht_node_host(ui->state->node);
    unsigned flags = ht_ui_print_flags(ui);

    ht_buf_reset(out);
    if (ht_host_has_name(host) && ht_printable_width(host->name, flags) <= node_w)
        ht_buf_add_str(out, host->name);
    else if (ht_host_has_name(host))
        ht_printable_cut(out, host->name, node_w, flags);
    if (from > 1 && node_w > NODE_MIN_W)
        ht_buf_add_text(out, out->len ? " > .." : "..");
    for (size_t i = from; i < ui->depth; i++) {
        const struct ht_screen *screen = ui->pages[i]->screen;

        if (out->len)
            ht_buf_add_text(out, " > ");
        if (screen->title)
            ht_buf_add_text(out, screen->title);
        else
            screen->put_title(ui, ui->pages[i], out);
    }
}

/* Where there is no room for all of it, the pages in between are left out first, then the end of
 * the node's name: whoever has many windows open must see which node this is. Returns whether all
 * of it fits. */
static bool fit_breadcrumb(struct ht_ui *ui, int width, struct ht_buf *out)
{
    static const size_t node_widths[] = {SIZE_MAX, NODE_W, NODE_MIN_W};
    unsigned flags = ht_ui_print_flags(ui);

    /* At home it is all there is, and its field cuts it. */
    breadcrumb(ui, SIZE_MAX, 1, out);
    for (size_t i = 0; i < ARRAY_LEN(node_widths); i++) {
        for (size_t from = 1; from < ui->depth; from++) {
            breadcrumb(ui, node_widths[i], from, out);
            if ((int)ht_printable_width(ht_buf_str(out), flags) <= width)
                return i == 0 && from == 1;
        }
    }
    return false;
}

void ht_ui_draw_title(struct ht_ui *ui, struct ht_area area)
{
    const struct ht_host *host = ht_node_host(ui->state->node);
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);
    static const char program[] = "hulltop  ";
    int width = draw_right_side(ui, area);
    int col = 0;

    /* The program is known; the page is not. */
    if (fit_breadcrumb(ui, width - (int)sizeof(program) + 1, &text) || ui->depth == 1)
        col = ht_draw_field(area, (struct ht_span){.width = width}, HT_STYLE_TITLE,
                            ht_str_from(program));
    else
        fit_breadcrumb(ui, width, &text);
    if (ui->depth == 1 && ht_host_has_cluster(host) && area.rect.w >= CLUSTER_W) {
        ht_buf_add_text(&text, "  ");
        ht_buf_add_str(&text, host->cluster);
    }
    ht_draw_field(area, (struct ht_span){.col = col, .width = width - col}, HT_STYLE_ACCENT,
                  ht_buf_str(&text));
}

/* ---- sources ---- */

/* The line is short. */
static struct ht_str source_name(const struct ht_source *source)
{
    if (ht_str_is(source->id, "packages"))
        return HT_S("pkgs");
    return source->name.len ? source->name : source->id;
}

/* Not all there is was read. */
static bool is_partial(const struct ht_source *source)
{
    return ht_source_has_items(source) && ht_source_has_total(source) &&
           source->items < source->total;
}

/* A first answer that comes in parts is told by how far it is: "pkgs 412/1873". */
static bool is_under_way(const struct ht_source *source)
{
    return source->state == HT_SOURCE_STATE_WAIT && is_partial(source);
}

/* What a source counts. */
static const char *counted(const struct ht_source *source)
{
    if (ht_str_is(source->id, "packages"))
        return "packages";
    return ht_str_is(source->id, "proc") ? "processes" : "containers";
}

/* "7/8 containers": read of those there are. */
static void put_share(struct ht_buf *out, const struct ht_source *source, bool narrow)
{
    ht_buf_addf(out, "%llu/%llu", (unsigned long long)source->items,
                (unsigned long long)source->total);
    if (!narrow)
        ht_buf_addf(out, " %s", counted(source));
}

static void source_word(struct ht_buf *out, const struct ht_source *source, bool narrow)
{
    if (is_under_way(source)) {
        put_share(out, source, narrow);
        return;
    }
    if (source->state == HT_SOURCE_STATE_OK)
        ht_buf_add_text(out, "ok");
    else
        ht_buf_add_text(out, ht_enum_name(&ht_source_state_enum, source->state));
    if (is_partial(source)) {
        ht_buf_add_c(out, ' ');
        put_share(out, source, narrow);
    }
}

/* " 12s", or nothing. Where there is room a short age is as wide as a long one: another second must
 * not move what stands behind it. */
static void source_age(const struct ht_ui *ui, struct ht_buf *out, const struct ht_source *source,
                       bool narrow)
{
    enum { AGE_W = 3 };
    ht_autobuf struct ht_buf age = HT_BUF(40);

    if (is_under_way(source) || !ht_source_has_answered_at(source) ||
        source->state == HT_SOURCE_STATE_OFF)
        return;
    ht_ui_age_text(ui, &age, source->answered_at);
    ht_buf_add_c(out, ' ');
    for (size_t i = age.len; i < AGE_W && !narrow; i++)
        ht_buf_add_c(out, ' ');
    ht_buf_add_str(out, ht_buf_str(&age));
}

/* How much a person must know of it; those that are alike keep their order. */
static int urgency(enum ht_source_state state)
{
    switch (state) {
    case HT_SOURCE_STATE_STUCK:
    case HT_SOURCE_STATE_BROKEN:
        return 0;
    case HT_SOURCE_STATE_DENIED:
        return 1;
    case HT_SOURCE_STATE_STALE:
    case HT_SOURCE_STATE_BUSY:
    case HT_SOURCE_STATE_PART:
        return 2;
    case HT_SOURCE_STATE_OK:
    case HT_SOURCE_STATE_WAIT:
        return 3;
    case HT_SOURCE_STATE_ABSENT:
    case HT_SOURCE_STATE_OFF:
        return 4;
    }
    return 0;
}

enum { URGENCIES = 5 };

/* The line is short: what is cut off at its end must not be what went wrong. */
static void order_sources(const struct ht_rowset *sources, const struct ht_source **ret)
{
    size_t len = 0;

    for (int level = 0; level < URGENCIES; level++) {
        for (size_t i = 0; i < sources->len; i++) {
            const struct ht_source *source = ht_source_of(sources->rows[i]);

            if (urgency(source->state) == level)
                ret[len++] = source;
        }
    }
}

/* What the line says of one source. */
struct entry {
    struct ht_str name;
    struct ht_buf word, age;
    int width;
};

static void make_entry(const struct ht_ui *ui, const struct ht_source *source, bool narrow,
                       struct entry *ret)
{
    unsigned flags = ht_ui_print_flags(ui);

    *ret = (struct entry){
        .name = source_name(source), .word = HT_BUF(200), .age = HT_BUF(200), .width = 1};
    source_word(&ret->word, source, narrow);
    source_age(ui, &ret->age, source, narrow);
    ret->width += (int)ht_printable_width(ret->name, flags) +
                  (int)ht_printable_width(ht_buf_str(&ret->word), flags) +
                  (int)ht_printable_width(ht_buf_str(&ret->age), flags);
}

/* Returns the column behind it. */
static int draw_entry(struct ht_area area, int col, int width, const struct entry *entry,
                      enum ht_source_state state)
{
    col += ht_draw_field(area, (struct ht_span){.col = col, .width = width - col}, HT_STYLE_NORMAL,
                         entry->name);
    col++;
    if (col < width)
        col += ht_draw_field(area, (struct ht_span){.col = col, .width = width - col},
                             ht_ui_source_style(state), ht_buf_str(&entry->word));
    /* In the style of the clock, whatever the state: the same frames change both. */
    if (col < width)
        col += ht_draw_field(area, (struct ht_span){.col = col, .width = width - col},
                             HT_STYLE_NORMAL | HT_ATTR_LIVE, ht_buf_str(&entry->age));
    return col;
}

/* Whole entries, and how many have no room: " +3". */
static void draw_ordered(const struct ht_ui *ui, struct ht_area area, int col,
                         const struct ht_source *const *ordered, size_t len)
{
    enum { MORE_W = 3, GAP_W = 3 };
    int width = area.rect.w - 1;

    for (size_t i = 0; i < len; i++) {
        int room = width - col - (i > 0 ? GAP_W : 0) - (i + 1 < len ? MORE_W : 0);
        struct entry entry;

        make_entry(ui, ordered[i], ht_layout_is_narrow(area.rect.w), &entry);
        bool fits = i == 0 || entry.width <= room;
        if (fits && i > 0)
            col += ht_draw_field(area, (struct ht_span){.col = col, .width = width - col},
                                 HT_STYLE_DIM, HT_S(" | "));
        if (fits)
            col = draw_entry(area, col, width - (i + 1 < len ? MORE_W : 0), &entry,
                             ordered[i]->state);
        ht_buf_fini(&entry.word);
        ht_buf_fini(&entry.age);
        if (!fits) {
            ht_draw_textf(area, (struct ht_span){.col = col + 1, .width = width - col - 1},
                          HT_STYLE_DIM, "+%zu", len - i);
            return;
        }
    }
}

void ht_ui_draw_sources(struct ht_ui *ui, struct ht_area area)
{
    const struct ht_rowset *sources = ht_node_set(ui->state->node, HT_TABLE_SOURCE);
    ht_autofree const struct ht_source **ordered =
        ht_new_array(const struct ht_source *, sources->len);
    int width = area.rect.w - 1;
    int col = ht_draw_field(area, (struct ht_span){.width = width}, HT_STYLE_DIM, HT_S("src "));

    if (sources->len == 0)
        ht_draw_field(area, (struct ht_span){.col = col, .width = width - col}, HT_STYLE_DIM,
                      ui->has_state && ht_state_is_settled(ui->state) ? HT_S("none")
                                                                      : HT_S("starting"));
    order_sources(sources, ordered);
    draw_ordered(ui, area, col, ordered, sources->len);
}

/* ---- a tiny terminal ---- */

/* How bad an answer is; what is not known is worse than what is good. */
static int badness(const struct ht_question *question)
{
    switch (question->state) {
    case HT_QUESTION_STATE_FAIL:
        return 6;
    case HT_QUESTION_STATE_WARN:
        return 5;
    case HT_QUESTION_STATE_UNKNOWN:
        return 4;
    case HT_QUESTION_STATE_STALE:
    case HT_QUESTION_STATE_PART:
        return 3;
    case HT_QUESTION_STATE_WAIT:
        return 2;
    case HT_QUESTION_STATE_PASS:
    case HT_QUESTION_STATE_NA:
        return 1;
    case HT_QUESTION_STATE_OFF:
        return 0;
    }
    return 0;
}

enum { BADNESS_MAX = 6 };

/* The numbers of the questions, the worst first, equal ones as they are numbered. */
static void order_questions(const struct ht_state *state, unsigned ret[HT_QUESTIONS])
{
    size_t len = 0;

    for (int level = BADNESS_MAX; level >= 0; level--) {
        for (unsigned number = 1; number <= HT_QUESTIONS; number++) {
            if (badness(ht_state_question(state, number)) == level)
                ret[len++] = number;
        }
    }
}

/* One below the other while there are rows, else as many in a row as it has room for. */
int ht_ui_draw_status(struct ht_ui *ui, struct ht_area area)
{
    const struct ht_host *host = ht_node_host(ui->state->node);
    bool has_rows = area.rect.h >= HT_QUESTIONS;
    int width = area.rect.w - 1;
    int row = 0, col = 0;
    unsigned numbers[HT_QUESTIONS];

    order_questions(ui->state, numbers);
    if (area.rect.h > HT_QUESTIONS && ht_host_has_name(host))
        ht_draw_field(area, (struct ht_span){.row = row++, .width = width}, HT_STYLE_ACCENT,
                      host->name);
    for (size_t i = 0; i < HT_QUESTIONS; i++) {
        const struct ht_question *question = ht_state_question(ui->state, numbers[i]);
        const char *word = ht_question_word(question);

        if (col > 0 && (has_rows || col + 2 + (int)strlen(word) > width)) {
            row++;
            col = 0;
        }
        if (row >= area.rect.h)
            return area.rect.h;
        col += ht_draw_textf(area, (struct ht_span){.row = row, .col = col, .width = width - col},
                             ht_ui_question_style(question), "%u %s", numbers[i], word);
        if (has_rows && width > col + 1)
            ht_draw_field(area, (struct ht_span){.row = row, .col = 11, .width = width - 11},
                          HT_STYLE_NORMAL, ht_str_from(ht_question_pane(numbers[i])));
        col++;
    }
    return row + 1;
}
