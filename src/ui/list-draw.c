/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list on the canvas: tabs, heads, visible lines, filter line. */
#include <config.h>

#include "list.h"

#include <inttypes.h>
#include <string.h>

#include "hulltop/base/printable.h"
#include "hulltop/model/subject.h"

enum { GUTTER = 3, GAP = 1, CELL_MAX = 2000, TITLES_MAX = 12, MEMBERS_MAX = 100, FOOT_MIN_H = 9 };

/* ---- cells ---- */

static bool seen_before(const struct ht_list_page *list, size_t first, size_t item,
                        const struct ht_path *path)
{
    const struct ht_field *field = ht_path_field(path);
    const void *value = ht_path_value(path, list->items[item].data);

    for (size_t i = first; i != item; i = list->next[i]) {
        if (ht_value_compare(field, ht_path_value(path, list->items[i].data), value) == 0)
            return true;
    }
    return false;
}

/* The titles of a group, each once; equal ones are counted. A cell shows few of them, so only the
 * first members are looked at. */
static void group_titles(const struct ht_list_page *list, const struct ht_line *line,
                         const struct ht_path *path, struct ht_buf *out)
{
    const struct ht_group_of_lines *group = &list->groups[line->group];
    size_t titles = 0, looked = 0, i = group->first;

    for (; i != (size_t)-1 && titles < TITLES_MAX && looked < MEMBERS_MAX; i = list->next[i]) {
        const struct ht_str *title = ht_path_value(path, list->items[i].data);

        looked++;
        if (!title || seen_before(list, group->first, i, path))
            continue;
        if (titles++ > 0)
            ht_buf_add_text(out, ", ");
        ht_buf_add_str(out, *title);
    }
    if (titles == 1)
        ht_buf_addf(out, " (%" PRIu32 " times)", group->members);
    else if (i != (size_t)-1)
        ht_buf_add_text(out, ", ...");
}

/* A finding of the node counts its subjects. */
static void finding_count(const struct ht_line *line, struct ht_buf *out)
{
    const struct ht_finding *finding = line->data;

    /* The title of a posture finding says it already. */
    if (!finding->posture && finding->count > 1 && ht_finding_has_total(finding))
        ht_buf_addf(out, " (%" PRIu64 " of %" PRIu64 ")", finding->count, finding->total);
}

static bool is_event_text(const struct ht_list_page *list, const struct ht_field *field)
{
    return list->view->table == &ht_event_table && strcmp(field->name, "text") == 0;
}

/* The subject whose name the column shows; NULL: it shows something else. */
static const struct ht_subject *named_subject(const struct ht_path *path, const void *data)
{
    const struct ht_field *field = ht_path_field(path);

    if (path->depth != 2 || path->steps[0]->kind != HT_KIND_STRUCT ||
        path->steps[0]->sub != &ht_subject_table || strcmp(field->name, "name") != 0)
        return NULL;
    return ht_path_value(path, data)
               ? (const struct ht_subject *)((const char *)data + path->steps[0]->offset)
               : NULL;
}

void ht_list_cell(const struct ht_ui *ui, const struct ht_list_page *list,
                  const struct ht_line *line, size_t column, struct ht_buf *out)
{
    const struct ht_path *path = &list->view->columns[column].path;
    const struct ht_field *field = ht_path_field(path);
    bool is_title = field->kind == HT_KIND_TEXT && strcmp(field->name, "title") == 0;

    if (is_title && line->members > 1 && !line->child) {
        group_titles(list, line, path, out);
        return;
    }
    /* Where there is no room for its kind, its text alone tells an end from a beginning. */
    if (is_event_text(list, field)) {
        ht_ui_event_text(out, line->data, true);
        return;
    }
    const struct ht_subject *subject = named_subject(path, line->data);
    if (subject)
        ht_subject_put_name(out, subject);
    else
        ht_ui_cell_text(ui, out, field, ht_path_value(path, line->data));
    if (is_title && list->view->table == &ht_finding_table)
        finding_count(line, out);
}

static unsigned cell_style(const struct ht_list_page *list, const struct ht_line *line,
                           size_t column)
{
    const struct ht_path *path = &list->view->columns[column].path;
    const struct ht_field *field = ht_path_field(path);
    const void *value = ht_path_value(path, line->data);

    if (!value)
        return HT_STYLE_DIM;
    if (field->values == &ht_severity_enum)
        return ht_ui_severity_style(*(const enum ht_severity *)value);
    if (field->values == &ht_source_state_enum)
        return ht_ui_source_style(*(const enum ht_source_state *)value);
    if (list->view->table == &ht_finding_table && ((const struct ht_finding *)line->data)->expected)
        return HT_STYLE_DIM;
    return column == 1 ? HT_STYLE_ACCENT : HT_STYLE_NORMAL;
}

static void draw_gutter(const struct ht_list_page *list, struct ht_area area, int row, size_t at)
{
    const struct ht_line *line = &list->lines[at];
    const char *fold = " ";

    if (line->child)
        fold = ".";
    else if (line->members > 1)
        fold = ht_map_get(list->opened, list->groups[line->group].key) ? "-" : "+";
    if (at == list->selected)
        ht_draw_text(area, row, 0, HT_STYLE_ACCENT, HT_S(">"));
    ht_draw_text(area, row, 1, HT_STYLE_NORMAL, ht_str_from(fold));
    if (ht_map_get(list->marks, ht_line_id(list, line)))
        ht_draw_text(area, row, 2, HT_STYLE_ACCENT, HT_S("m"));
}

/* ---- columns ---- */

/* Places the columns; hidden and scrolled ones get no width. */
static void place_columns(const struct ht_list_page *list, int width,
                          struct ht_column_place *places)
{
    const struct ht_view *view = list->view;
    struct ht_column columns[HT_VIEW_COLUMNS_MAX] = {0};
    struct ht_column_place found[HT_VIEW_COLUMNS_MAX];
    size_t map[HT_VIEW_COLUMNS_MAX];
    size_t n = 0;
    int first = list->wide ? list->scroll_cols : 0;

    for (size_t i = 0; i < view->columns_len; i++) {
        places[i] = (struct ht_column_place){0};
        if (((list->hidden | (list->wide ? 0 : list->blank)) >> i & 1) || (int)i < first)
            continue;
        columns[n] = view->columns[i].layout;
        if (list->wide) {
            /* What does not fit is not dropped but cut at the edge: the arrows scroll. */
            columns[n].drop = 0;
            columns[n].min = columns[n].width == HT_COLUMN_REST ? 40 : columns[n].width;
        }
        map[n++] = i;
    }
    ht_layout_columns(columns, n, width, GAP, found);
    for (size_t i = 0; i < n; i++)
        places[map[i]] = found[i];
}

static void draw_heads(const struct ht_list_page *list, struct ht_area area, int row,
                       const struct ht_column_place *places)
{
    for (size_t i = 0; i < list->view->columns_len; i++) {
        struct ht_span span = {.row = row, .col = GUTTER + places[i].col, .width = places[i].width};

        if (span.width > 0)
            ht_draw_field(area, span, HT_STYLE_HEADER, list->view->columns[i].head);
    }
}

static bool is_number(const struct ht_field *field)
{
    return field->kind == HT_KIND_UINT || field->kind == HT_KIND_INT;
}

static void draw_line(const struct ht_ui *ui, const struct ht_list_page *list, struct ht_area area,
                      int row, size_t at)
{
    const struct ht_line *line = &list->lines[at];
    struct ht_column_place places[HT_VIEW_COLUMNS_MAX];

    place_columns(list, area.rect.w - 1 - GUTTER, places);
    draw_gutter(list, area, row, at);
    for (size_t i = 0; i < list->view->columns_len; i++) {
        struct ht_span span = {.row = row, .col = GUTTER + places[i].col, .width = places[i].width};
        ht_autobuf struct ht_buf text = HT_BUF(CELL_MAX);
        unsigned style = cell_style(list, line, i);

        if (span.width <= 0)
            continue;
        if (is_event_text(list, ht_path_field(&list->view->columns[i].path)))
            ht_ui_event_cell(ui, &text, line->data, span.width);
        else
            ht_list_cell(ui, list, line, i, &text);
        if (is_number(ht_path_field(&list->view->columns[i].path)))
            ht_draw_right(area, span, style, ht_buf_str(&text));
        else
            ht_draw_field(area, span, style, ht_buf_str(&text));
    }
    if (at == list->selected)
        ht_draw_attr(area, (struct ht_span){.row = row, .width = area.rect.w - 1},
                     HT_ATTR_SELECTED);
}

/* ---- around the lines ---- */

/* Returns the columns used at the right. */
static int draw_count(const struct ht_list_page *list, struct ht_area area)
{
    ht_autobuf struct ht_buf text = HT_BUF(100);

    ht_buf_addf(&text, "%zu of %zu shown", list->items_len, list->total);
    if (list->inverted)
        ht_buf_add_text(&text, "  inverted");
    return ht_draw_right(area, (struct ht_span){.width = area.rect.w - 1}, HT_STYLE_DIM,
                         ht_buf_str(&text));
}

/* Once a state, not once a draw. */
static void count_tabs(struct ht_ui *ui, struct ht_list_page *list)
{
    size_t len = ht_views_len(ui->views);

    if (list->tabs && list->tabs_generation == ui->generation)
        return;
    if (!list->tabs) {
        list->tabs = ht_new_array(struct ht_list_tab, len);
        list->tabs_len = len;
    }
    list->tabs_generation = ui->generation;
    for (size_t i = 0; i < len; i++) {
        const struct ht_view *view = ht_views_get(ui->views, i);

        if (view->question != list->view->question)
            continue;
        ht_filter_set_now(view->filter, ht_ui_now(ui));
        ht_list_tab_count(&list->tabs[i], ui->state, view);
    }
}

static int draw_tab(struct ht_area area, struct ht_span span, const struct ht_view *view,
                    const struct ht_list_tab *tab, bool current)
{
    const char *glyph = tab->worst >= 0 ? ht_severity_glyph((enum ht_severity)tab->worst) : "";

    return ht_draw_textf(area, span, current ? HT_STYLE_ACCENT | HT_ATTR_BOLD : HT_STYLE_DIM,
                         current ? "[%.*s %zu%s%s]" : " %.*s %zu%s%s ", HT_STR_ARG(view->title),
                         tab->count, *glyph ? " " : "", glyph);
}

/* The views of the question; when there is no room for all, the current one stands first. */
static void draw_tabs(struct ht_ui *ui, struct ht_list_page *list, struct ht_area area)
{
    int width = area.rect.w - 2 - draw_count(list, area);
    size_t len = ht_views_len(ui->views);
    size_t current = 0;
    int before = 0, col = 0;

    count_tabs(ui, list);
    while (ht_views_get(ui->views, current) != list->view) {
        const struct ht_view *view = ht_views_get(ui->views, current++);

        before += view->question == list->view->question ? (int)view->title.len + 9 : 0;
    }
    before += (int)list->view->title.len + 9;
    for (size_t i = before > width ? current : 0; i < len && col < width; i++) {
        const struct ht_view *view = ht_views_get(ui->views, i);
        struct ht_span span = {.col = col, .width = width - col};

        if (view->question == list->view->question)
            col += draw_tab(area, span, view, &list->tabs[i], i == current);
    }
}

static void draw_filter(const struct ht_list_page *list, struct ht_area area, int row)
{
    struct ht_str of_view = list->view->filter_text;
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

    /* What is wrong with the one that is typed needs the room. */
    if (list->filter_error) {
        ht_buf_addf(&text, " %s", list->filter_error);
        ht_draw_field(area, (struct ht_span){.row = row, .width = area.rect.w - 1}, HT_STYLE_MEDIUM,
                      ht_buf_str(&text));
        return;
    }
    /* The view's is the one to be cut where both do not fit. */
    ht_buf_addf(&text,
                " your filter: %s  + view: ", list->filter_text ? list->filter_text : "none");
    ht_buf_add_str(&text, of_view.len ? of_view : HT_S("none"));
    ht_draw_field(area, (struct ht_span){.row = row, .width = area.rect.w - 1}, HT_STYLE_DIM,
                  ht_buf_str(&text));
}

/* What the question could not look at. */
static void draw_not_evaluated(struct ht_ui *ui, const struct ht_list_page *list,
                               struct ht_area area, int row)
{
    const struct ht_question *question;
    struct ht_span span = {.row = row, .width = area.rect.w - 1};

    if (list->view->question == 0)
        return;
    question = ht_state_question(ui->state, list->view->question);
    size_t unknowns = ht_question_unknowns(question);
    ht_autobuf struct ht_buf coverage = HT_BUF(HT_LIMIT_ARG);

    ht_question_put_coverage(&coverage, question, "");

    if (unknowns)
        ht_draw_textf(area, span, HT_STYLE_UNKNOWN, " Not evaluated: %zu %s. i tells which.",
                      unknowns, unknowns == 1 ? "fact" : "facts");
    else if (coverage.len)
        ht_draw_textf(area, span, HT_STYLE_DIM, " Evaluated: %s.", coverage.data);
}

/* ---- an empty list says why it is empty ---- */

/* A view's own words stand only where all of its question was looked at; of a view of no question,
 * once all sources were asked. */
static bool is_answered(const struct ht_ui *ui, unsigned number)
{
    const struct ht_question *question;

    if (number == 0)
        return ht_state_is_settled(ui->state);
    question = ht_state_question(ui->state, number);
    return question->state != HT_QUESTION_STATE_OFF && question->state != HT_QUESTION_STATE_WAIT &&
           question->state != HT_QUESTION_STATE_UNKNOWN && !question->partial &&
           ht_question_unknowns(question) == 0;
}

/* Of a view of no question, and without words of its own: what somebody could not look at may have
 * what it asks for. */
static const char *nothing_here(const struct ht_ui *ui)
{
    const struct ht_rowset *sources = ht_node_set(ui->state->node, HT_TABLE_SOURCE);

    if (!ht_state_is_settled(ui->state))
        return "Looking. Not every source has answered yet.";
    for (size_t i = 0; i < sources->len; i++) {
        enum ht_source_state state = ht_source_of(sources->rows[i])->state;

        if (state != HT_SOURCE_STATE_OK && state != HT_SOURCE_STATE_ABSENT)
            return "Nothing here in what could be seen; :doctor lists what could not.";
    }
    return "Nothing here.";
}

static const char *empty_text(const struct ht_ui *ui, const struct ht_list_page *list)
{
    if (list->total > 0)
        return "No line matches your filter. / changes it.";
    if (!ui->has_state)
        return "Looking. Nothing has answered yet.";
    if (list->view->empty.len && is_answered(ui, list->view->question))
        return list->view->empty.data;
    if (list->view->question == 0)
        return nothing_here(ui);
    const struct ht_question *question = ht_state_question(ui->state, list->view->question);
    if (question->findings > 0)
        return "Nothing in this view; v shows the other views of this question.";
    if (question->state == HT_QUESTION_STATE_PASS && list->view->table == &ht_finding_table)
        return ht_question_unknowns(question)
                   ? "PASS: nothing found in what decides; i tells what is not known."
                   : "PASS: nothing was found.";
    const char *why = ht_question_nothing(question);
    return why ? why : "Nothing in this view.";
}

/* Which other view of the question has its findings; NULL: none. The tabs have been counted. */
static const struct ht_view *other_findings(const struct ht_ui *ui, const struct ht_list_page *list,
                                            size_t *ret_count)
{
    for (size_t i = 0; i < list->tabs_len; i++) {
        const struct ht_view *view = ht_views_get(ui->views, i);

        if (view == list->view || view->question != list->view->question ||
            view->table != &ht_finding_table || list->tabs[i].count == 0)
            continue;
        *ret_count = list->tabs[i].count;
        return view;
    }
    return NULL;
}

/* How often v is pressed from one view of a question to another. */
static size_t count_steps(const struct ht_ui *ui, const struct ht_view *from,
                          const struct ht_view *to)
{
    size_t len = ht_views_len(ui->views);
    size_t at = 0, steps = 0;

    while (ht_views_get(ui->views, at) != from)
        at++;
    while (ht_views_get(ui->views, at) != to) {
        at = (at + 1) % len;
        steps += ht_views_get(ui->views, at)->question == from->question;
    }
    return steps;
}

/* What was found stands elsewhere; false: nothing was, or it is not known where. */
static bool put_elsewhere(struct ht_ui *ui, struct ht_list_page *list, struct ht_buf *out)
{
    size_t count, steps;
    const struct ht_view *view;

    if (list->total > 0 || list->view->question == 0 ||
        ht_state_question(ui->state, list->view->question)->findings == 0)
        return false;
    count_tabs(ui, list);
    view = other_findings(ui, list, &count);
    if (!view)
        return false;
    ht_buf_addf(out, "Nothing in this view. What was found stands in \"%.*s\" (%zu): ",
                HT_STR_ARG(view->title), count);
    steps = count_steps(ui, list->view, view);
    if (steps == 1)
        ht_buf_add_text(out, "v leads there.");
    else
        ht_buf_addf(out, "v, pressed %zu times, leads there.", steps);
    return true;
}

void ht_list_put_empty(struct ht_ui *ui, struct ht_list_page *list, struct ht_buf *out)
{
    if (!put_elsewhere(ui, list, out))
        ht_buf_add_text(out, empty_text(ui, list));
}

static void draw_empty(struct ht_ui *ui, struct ht_list_page *list, struct ht_area area, int row)
{
    ht_autobuf struct ht_buf words = HT_BUF(HT_SIDE_TEXT_MAX);
    int width = area.rect.w - 3;
    struct ht_area inner = ht_area_sub(
        area, (struct ht_rect){.row = row, .col = 2, .h = area.rect.h - row, .w = width});
    int at;

    ht_list_put_empty(ui, list, &words);
    at = ht_draw_wrapped(inner, 0, 0, HT_STYLE_UNKNOWN, ht_buf_str(&words));

    if (list->view->question == 0 || list->total > 0)
        return;
    const struct ht_question *question = ht_state_question(ui->state, list->view->question);
    for (size_t i = 0; i < question->missing.len && at < inner.rect.h; i++) {
        ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

        ht_missing_put(&text, &question->missing.items[i], 0);
        at += ht_draw_wrapped(inner, at, 0, HT_STYLE_NORMAL, ht_buf_str(&text));
    }
}

void ht_list_draw(struct ht_ui *ui, struct ht_page *page, struct ht_area body)
{
    struct ht_list_page *list = (struct ht_list_page *)page;
    struct ht_column_place places[HT_VIEW_COLUMNS_MAX];
    int foot = body.rect.h >= FOOT_MIN_H ? 2 : 1;

    ht_list_update(ui, list);
    place_columns(list, body.rect.w - 1 - GUTTER, places);
    draw_tabs(ui, list, body);
    draw_heads(list, body, 1, places);
    list->first_row = 2;
    list->visible = body.rect.h - list->first_row - foot;
    list->top =
        ht_layout_scroll(list->top, (int)list->selected, list->visible, (int)list->lines_len);
    if (list->lines_len == 0)
        draw_empty(ui, list,
                   ht_area_sub(body, (struct ht_rect){.h = body.rect.h - foot, .w = body.rect.w}),
                   2);
    for (int i = 0; i < list->visible && (size_t)(list->top + i) < list->lines_len; i++)
        draw_line(ui, list, body, list->first_row + i, (size_t)(list->top + i));
    draw_filter(list, body, body.rect.h - foot);
    if (foot > 1)
        draw_not_evaluated(ui, list, body, body.rect.h - 1);
    page->cursor_row = list->first_row + (int)list->selected - list->top;
    page->cursor_col = 0;
}
