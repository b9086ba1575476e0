/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list page: what its keys do. */
#include <config.h>

#include "doc.h"
#include "list.h"

#include <errno.h>
#include <string.h>

static const struct ht_screen list_screen;

static struct ht_list_page *of(struct ht_page *page)
{
    return (struct ht_list_page *)page;
}

const struct ht_view *ht_list_view(const struct ht_page *page)
{
    return page->screen == &list_screen ? ((const struct ht_list_page *)page)->view : NULL;
}

void ht_list_unmark(struct ht_page *page)
{
    if (!ht_list_view(page))
        return;
    ht_map_free(of(page)->marks);
    of(page)->marks = ht_map_new();
}

struct ht_page *ht_list_new(const struct ht_view *view)
{
    struct ht_list_page *list = ht_new0(struct ht_list_page);

    list->page.screen = &list_screen;
    list->view = view;
    list->opened = ht_map_new();
    list->marks = ht_map_new();
    return &list->page;
}

static void list_free(struct ht_page *page)
{
    struct ht_list_page *list = of(page);

    ht_list_forget(list);
    ht_map_free(list->opened);
    ht_map_free(list->marks);
    ht_filter_free(list->filter);
    free(list->filter_text);
    free(list->filter_error);
    free(list->selected_id);
    free(list);
}

static void list_title(struct ht_ui *ui, struct ht_page *page, struct ht_buf *out)
{
    const struct ht_view *view = of(page)->view;

    (void)ui;
    if (view->question)
        ht_buf_addf(out, "%u ", view->question);
    ht_buf_add_text(out, view->question ? ht_question_pane(view->question) : view->title.data);
}

/* ---- filter ---- */

/* 0 and the list has it, or -EINVAL: it is as it was, and the words of the cause are told. */
static int try_filter(struct ht_list_page *list, struct ht_str text, struct ht_error *err,
                      const char **ret_cause)
{
    static const char prefix[] = "filter: "; /* its line is where it is typed */
    struct ht_filter *filter = NULL;

    free(list->filter_error);
    list->filter_error = NULL;
    if (ht_filter_parse(list->view->table, text, &list->view->words, &filter, err) < 0) {
        *ret_cause =
            err->text + (strncmp(err->text, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0);
        return -EINVAL;
    }
    ht_list_take_filter(list, text.len ? filter : ht_filter_free(filter), text);
    return 0;
}

/* It is no longer typed: where none is, nothing is looked for in words. */
static void settle_filter(struct ht_list_page *list)
{
    if (!list->filter)
        ht_list_words_fini(&list->words);
}

/* A wrong one changes nothing: an empty list would look like an all-clear. */
void ht_list_set_filter(struct ht_ui *ui, struct ht_page *page, struct ht_str text)
{
    struct ht_error err = {0};
    const char *cause;

    if (try_filter(of(page), text, &err, &cause) < 0)
        ht_ui_messagef(ui, "%s", cause);
    else
        settle_filter(of(page));
}

/* While it is typed a filter is often unfinished: the last whole one stays. One that is wrong at
 * its end leaves the list as it was before the first letter. */
static void take_filter(struct ht_ui *ui, struct ht_page *page, struct ht_str text, bool done)
{
    struct ht_list_page *list = of(page);
    struct ht_error err = {0};
    const char *cause;
    int r = try_filter(list, text, &err, &cause);

    if (r < 0 && done) {
        ht_list_set_filter(ui, page, ht_str_from(ui->prompt.before));
        ht_ui_messagef(ui, "%s", cause);
    } else if (r < 0) {
        list->filter_error = ht_strdup(cause);
    } else if (done) {
        settle_filter(list);
    }
}

void ht_list_ask_filter(struct ht_ui *ui, struct ht_page *page)
{
    ht_ui_prompt(ui, HT_PROMPT_FILTER, ht_str_from(of(page)->filter_text), take_filter);
}

/* ---- moving ---- */

static void move(struct ht_list_page *list, int lines)
{
    size_t at = list->selected;

    if (lines < 0)
        at = (size_t)-lines > at ? 0 : at - (size_t)-lines;
    else
        at += (size_t)lines;
    ht_list_select(list, at);
}

/* Every line that is shown matches the filter. */
static void step_match(struct ht_ui *ui, struct ht_list_page *list, bool forward)
{
    size_t len = list->lines_len;

    if (!list->filter_text)
        ht_ui_message(ui, "no filter: / sets one");
    else if (len < 2)
        ht_ui_message(ui, len ? "no other line matches" : "no line matches");
    else
        ht_list_select(list, (list->selected + (forward ? 1 : len - 1)) % len);
}

static bool act_move(struct ht_list_page *list, enum ht_action action)
{
    int page = list->visible > 1 ? list->visible : 1;

    if (action == HT_ACTION_DOWN)
        move(list, 1);
    else if (action == HT_ACTION_UP)
        move(list, -1);
    else if (action == HT_ACTION_PAGE_DOWN)
        move(list, page);
    else if (action == HT_ACTION_PAGE_UP)
        move(list, -page);
    else if (action == HT_ACTION_HALF_DOWN)
        move(list, (page + 1) / 2);
    else if (action == HT_ACTION_HALF_UP)
        move(list, -(page + 1) / 2);
    else if (action == HT_ACTION_TOP)
        ht_list_select(list, 0);
    else if (action == HT_ACTION_BOTTOM)
        ht_list_select(list, list->lines_len);
    else if (action == HT_ACTION_RIGHT)
        list->scroll_cols += list->scroll_cols + 1 < (int)list->view->columns_len;
    else if (action == HT_ACTION_LEFT)
        list->scroll_cols -= list->scroll_cols > 0;
    else
        return false;
    return true;
}

/* ---- opening ---- */

static void open_line(struct ht_ui *ui, const struct ht_list_page *list, const struct ht_line *line)
{
    switch (list->view->open) {
    case HT_VIEW_OPEN_FINDING:
        if (list->view->table == &ht_group_table)
            ht_detail_open(ui, &ht_finding_table, ((const struct ht_group *)line->data)->finding);
        else
            ht_detail_open(ui, &ht_finding_table, ht_line_id(list, line));
        return;
    case HT_VIEW_OPEN_CONTAINER:
        if (list->view->table == &ht_build_table)
            ht_builds_open(ui, line->data);
        else if (!ht_detail_open(ui, &ht_container_table, ht_line_id(list, line)) &&
                 !ht_detail_open(ui, &ht_process_table, ht_line_id(list, line)) &&
                 !ht_detail_open(ui, &ht_usage_table, ht_line_id(list, line)))
            ht_ui_message(ui, "nothing more is known about this line");
        return;
    case HT_VIEW_OPEN_PROCESS:
        ht_detail_open(ui, &ht_process_table, ht_line_id(list, line));
        return;
    case HT_VIEW_OPEN_EVENT:
        ht_detail_open(ui, &ht_event_table, ht_line_id(list, line));
        return;
    case HT_VIEW_OPEN_ROW:
        if (!ht_detail_open(ui, list->view->table, ht_line_id(list, line)))
            ht_ui_message(ui, "nothing more is known about this line");
        return;
    case HT_VIEW_OPEN_NOTHING:
        ht_ui_message(ui, "the lines of this view open nothing");
        return;
    }
}

/* As many of the lines that an open group shows below its own as there is room for. */
static void show_members(struct ht_list_page *list, unsigned members)
{
    int last = (int)list->selected + (int)members;

    if (list->visible == 0) /* not drawn yet */
        return;
    if (last >= list->top + list->visible)
        list->top = last - list->visible + 1;
    if (list->top > (int)list->selected)
        list->top = (int)list->selected;
}

/* Opens or closes the selected line's group. */
static void toggle_group(struct ht_ui *ui, struct ht_list_page *list, const struct ht_line *line)
{
    struct ht_str key;

    if (!list->groups || list->groups[line->group].members < 2) {
        ht_ui_message(ui, "this line is no group: groups have a +");
        return;
    }
    key = list->groups[line->group].key;
    if (ht_map_get(list->opened, key)) {
        ht_map_remove(list->opened, key);
    } else {
        ht_map_set(list->opened, key, list);
        if (!line->child)
            show_members(list, line->members);
    }
    ht_list_touch(list, HT_LIST_OPENED);
}

/* ---- tabs ---- */

/* The view beside that one of the same question; itself, if there is no other. */
static const struct ht_view *next_view(const struct ht_ui *ui, const struct ht_view *view, int step)
{
    size_t len = ht_views_len(ui->views);
    size_t at = 0;

    while (ht_views_get(ui->views, at) != view)
        at++;
    for (size_t i = 0; i < len; i++) {
        at = (at + len + (size_t)(step + (int)len)) % len;
        if (ht_views_get(ui->views, at)->question == view->question)
            break;
    }
    return ht_views_get(ui->views, at);
}

static void step_view(struct ht_ui *ui, struct ht_list_page *list, int step)
{
    const struct ht_view *next = next_view(ui, list->view, step);

    if (next != list->view)
        ht_list_set_view(list, next);
    else
        ht_ui_message(ui, "this question has no other view");
}

static void step_question(struct ht_ui *ui, struct ht_list_page *list, int step)
{
    unsigned number = list->view->question;

    if (number == 0) {
        step_view(ui, list, step);
        return;
    }
    number = (number - 1 + (unsigned)(HT_QUESTIONS + step)) % HT_QUESTIONS + 1;
    ht_list_set_view(list, ht_views_question(ui->views, number));
}

/* ---- marks, copies, exports ---- */

static void toggle_mark(struct ht_ui *ui, struct ht_list_page *list, const struct ht_line *line)
{
    ht_autobuf struct ht_buf text = HT_BUF(400);

    if (ht_map_remove(list->marks, ht_line_id(list, line)))
        return;
    ht_map_set(list->marks, ht_line_id(list, line), list);
    for (size_t i = 0; i < list->view->columns_len && i < 3; i++) {
        if (text.len)
            ht_buf_add_c(&text, ' ');
        ht_list_cell(ui, list, line, i, &text);
    }
    ui->calls.mark(ui->calls.context, ht_buf_str(&text));
}

static void jump_to_mark(struct ht_ui *ui, struct ht_list_page *list)
{
    for (size_t i = 1; i <= list->lines_len; i++) {
        size_t at = (list->selected + i) % list->lines_len;

        if (ht_map_get(list->marks, ht_line_id(list, &list->lines[at]))) {
            if (at == list->selected)
                ht_ui_message(ui, "no other line is marked");
            ht_list_select(list, at);
            return;
        }
    }
    ht_ui_message(ui, "no line is marked: m marks one");
}

static void copy_page(struct ht_ui *ui, struct ht_list_page *list)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_EXPORT_MAX);

    for (size_t c = 0; c < list->view->columns_len; c++)
        ht_buf_addf(&text, "| %.*s ", HT_STR_ARG(list->view->columns[c].head));
    ht_buf_add_text(&text, "|\n");
    for (size_t c = 0; c < list->view->columns_len; c++)
        ht_buf_add_text(&text, "| --- ");
    ht_buf_add_text(&text, "|\n");
    for (size_t i = 0; i < list->lines_len; i++) {
        for (size_t c = 0; c < list->view->columns_len; c++) {
            ht_autobuf struct ht_buf cell = HT_BUF(HT_SIDE_TEXT_MAX);

            ht_list_cell(ui, list, &list->lines[i], c, &cell);
            ht_buf_add_text(&text, "| ");
            ht_ui_markdown_cell(&text, ht_buf_str(&cell));
            ht_buf_add_c(&text, ' ');
        }
        ht_buf_add_text(&text, "|\n");
    }
    ht_ui_copy(ui, ht_buf_str(&text), "the list");
}

/* Why there is no line, and what could not be looked at. */
static void put_empty(struct ht_ui *ui, struct ht_list_page *list, struct ht_doc *doc)
{
    ht_autobuf struct ht_buf words = HT_BUF(HT_SIDE_TEXT_MAX);

    ht_list_put_empty(ui, list, &words);
    ht_doc_text(doc, 1, HT_STYLE_DIM, ht_buf_str(&words));
    if (list->view->question == 0 || list->total > 0)
        return;
    const struct ht_question *question = ht_state_question(ui->state, list->view->question);
    for (size_t i = 0; i < question->missing.len; i++) {
        ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

        ht_missing_put(&text, &question->missing.items[i], 0);
        ht_doc_wrap(doc, 1, HT_STYLE_NORMAL, ht_buf_str(&text));
    }
}

static void list_text(struct ht_ui *ui, struct ht_page *page, struct ht_doc *doc)
{
    struct ht_list_page *list = of(page);

    ht_list_update(ui, list);
    ht_doc_line(doc);
    ht_doc_put(doc, 1, HT_STYLE_HEADER, list->view->title);
    for (size_t i = 0; i < list->lines_len; i++) {
        ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

        for (size_t c = 0; c < list->view->columns_len; c++) {
            size_t before = text.len;

            ht_list_cell(ui, list, &list->lines[i], c, &text);
            if (text.len > before)
                ht_buf_add_text(&text, "  ");
        }
        ht_doc_wrap(doc, list->lines[i].child ? 3 : 1, HT_STYLE_NORMAL, ht_buf_str(&text));
    }
    if (list->lines_len == 0)
        put_empty(ui, list, doc);
}

static void take_export(struct ht_ui *ui, struct ht_page *page, struct ht_str text, bool done)
{
    (void)page;
    if (done)
        ht_ui_export_report(ui, text);
}

/* ---- actions ---- */

void ht_list_invert(struct ht_ui *ui, struct ht_list_page *list)
{
    list->inverted = !list->inverted;
    ht_list_touch(list, HT_LIST_ORDER);
    ht_ui_message(ui, list->inverted ? "order turned around" : "order as it was");
}

/* What needs a line; false: another action. */
static bool act_line(struct ht_ui *ui, struct ht_list_page *list, enum ht_action action)
{
    const struct ht_line *line = ht_list_line(list);

    if (action != HT_ACTION_OPEN && action != HT_ACTION_TREE && action != HT_ACTION_COPY_ID &&
        action != HT_ACTION_MARK && action != HT_ACTION_JUMP && action != HT_ACTION_COPY_PAGE)
        return false;
    if (!line)
        ht_ui_message(ui, "this list is empty");
    else if (action == HT_ACTION_OPEN)
        open_line(ui, list, line);
    else if (action == HT_ACTION_TREE)
        toggle_group(ui, list, line);
    else if (action == HT_ACTION_COPY_ID)
        ht_ui_copy(ui, ht_line_id(list, line), "the id");
    else if (action == HT_ACTION_MARK)
        toggle_mark(ui, list, line);
    else if (action == HT_ACTION_JUMP)
        jump_to_mark(ui, list);
    else
        copy_page(ui, list);
    return true;
}

static bool act_order(struct ht_ui *ui, struct ht_list_page *list, enum ht_action action)
{
    if (action == HT_ACTION_SORT) {
        ht_ui_push(ui, ht_menu_sort_new(list));
    } else if (action == HT_ACTION_COLUMNS) {
        ht_ui_push(ui, ht_menu_columns_new(list));
    } else if (action == HT_ACTION_INVERT) {
        ht_list_invert(ui, list);
    } else if (action == HT_ACTION_WIDE) {
        list->wide = !list->wide;
        list->scroll_cols = 0;
        ht_ui_message(ui, list->wide ? "all columns: Left and Right scroll" : "columns that fit");
    } else {
        return false;
    }
    return true;
}

static bool list_act(struct ht_ui *ui, struct ht_page *page, enum ht_action action)
{
    struct ht_list_page *list = of(page);

    ht_list_update(ui, list);
    if (act_move(list, action) || act_line(ui, list, action) || act_order(ui, list, action))
        return true;
    if (action == HT_ACTION_NEXT_VIEW)
        step_view(ui, list, 1);
    else if (action == HT_ACTION_NEXT_TAB)
        step_question(ui, list, 1);
    else if (action == HT_ACTION_PREVIOUS_TAB)
        step_question(ui, list, -1);
    else if (action == HT_ACTION_FILTER)
        ht_list_ask_filter(ui, page);
    else if (action == HT_ACTION_NEXT_MATCH || action == HT_ACTION_PREVIOUS_MATCH)
        step_match(ui, list, action == HT_ACTION_NEXT_MATCH);
    else if (action == HT_ACTION_EXPORT)
        ht_ui_prompt(ui, HT_PROMPT_EXPORT, HT_S("hulltop-report.json"), take_export);
    else
        return false;
    return true;
}

static bool list_click(struct ht_ui *ui, struct ht_page *page, struct ht_key key)
{
    struct ht_list_page *list = of(page);
    int row = key.row - list->first_row;

    ht_list_update(ui, list);
    if (row < 0 || row >= list->visible || (size_t)(list->top + row) >= list->lines_len)
        return false;
    ht_list_select(list, (size_t)(list->top + row));
    return true;
}

static bool suits_lines(const struct ht_ui *ui, const struct ht_page *page)
{
    (void)ui;
    return ((const struct ht_list_page *)page)->lines_len > 0;
}

static bool suits_views(const struct ht_ui *ui, const struct ht_page *page)
{
    const struct ht_view *view = ht_list_view(page);

    return next_view(ui, view, 1) != view;
}

#define GROUP_HELP "Open or close a group of equal lines"

/* Whether the selected line has a +, or is of an open group. */
static bool is_group(const struct ht_page *page, bool opened)
{
    const struct ht_list_page *list = (const struct ht_list_page *)page;
    const struct ht_line *line = ht_list_line(list);

    return line && list->groups && list->groups[line->group].members > 1 &&
           (ht_map_get(list->opened, list->groups[line->group].key) != NULL) == opened;
}

static bool suits_opening(const struct ht_ui *ui, const struct ht_page *page)
{
    (void)ui;
    return is_group(page, false);
}

static bool suits_closing(const struct ht_ui *ui, const struct ht_page *page)
{
    (void)ui;
    return is_group(page, true);
}

static const struct ht_offer offers[] = {
    {.action = HT_ACTION_OPEN,
     .hinted = true,
     .keep = true,
     .hint = "detail",
     .suits = suits_lines},
    {.action = HT_ACTION_FILTER, .hinted = true},
    {.action = HT_ACTION_SORT, .hinted = true},
    {.action = HT_ACTION_WIDE, .hinted = true},
    {.action = HT_ACTION_NEXT_VIEW, .hinted = true, .suits = suits_views},
    {.action = HT_ACTION_NEXT_TAB, .hinted = true, .help = "Next pane"},
    {.action = HT_ACTION_PREVIOUS_TAB, .help = "Previous pane"},
    {.action = HT_ACTION_COPY_ID, .hinted = true, .suits = suits_lines},
    {.action = HT_ACTION_BACK, .hinted = true, .keep = true},
    {.action = HT_ACTION_DOWN},
    {.action = HT_ACTION_UP},
    {.action = HT_ACTION_LEFT},
    {.action = HT_ACTION_RIGHT},
    {.action = HT_ACTION_TOP},
    {.action = HT_ACTION_BOTTOM},
    {.action = HT_ACTION_HALF_DOWN},
    {.action = HT_ACTION_HALF_UP},
    {.action = HT_ACTION_PAGE_DOWN},
    {.action = HT_ACTION_PAGE_UP},
    {.action = HT_ACTION_NEXT_MATCH, .help = "Next line that matches your filter"},
    {.action = HT_ACTION_PREVIOUS_MATCH, .help = "Previous line that matches your filter"},
    {.action = HT_ACTION_INVERT},
    {.action = HT_ACTION_COLUMNS},
    {.action = HT_ACTION_COPY_PAGE, .suits = suits_lines, .help = "Copy this list as Markdown"},
    {.action = HT_ACTION_PLAIN_TEXT},
    {.action = HT_ACTION_EXPORT, .help = "Write the report to a new file"},
    {.action = HT_ACTION_MARK, .suits = suits_lines},
    {.action = HT_ACTION_JUMP, .suits = suits_lines},
    {.action = HT_ACTION_TREE,
     .hinted = true,
     .late = true,
     .hint = "open group",
     .suits = suits_opening,
     .help = GROUP_HELP},
    {.action = HT_ACTION_TREE,
     .hinted = true,
     .late = true,
     .hint = "close group",
     .suits = suits_closing,
     .help = GROUP_HELP},
    {.action = HT_ACTION_TREE, .suits = suits_lines, .help = GROUP_HELP},
};
enum { GROUP_OFFERS = 3 };

/* Without groups there is nothing to open: the last ones. */
static size_t list_offered(const struct ht_page *page)
{
    return ARRAY_LEN(offers) - (ht_list_view(page)->grouped ? 0 : GROUP_OFFERS);
}

static unsigned list_question(const struct ht_ui *ui, const struct ht_page *page)
{
    const struct ht_list_page *list = (const struct ht_list_page *)page;
    const struct ht_line *line = ht_list_line(list);

    (void)ui;
    if (list->view->question || !line || list->view->table != &ht_finding_table)
        return list->view->question;
    return (unsigned)((const struct ht_finding *)line->data)->question;
}

static const struct ht_screen list_screen = {
    .question = list_question,
    .offers = offers,
    .offers_len = ARRAY_LEN(offers),
    .offered = list_offered,
    .put_title = list_title,
    .draw = ht_list_draw,
    .act = list_act,
    .text = list_text,
    .click = list_click,
    .free = list_free,
};
