/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a state's rows to the lines of a list: order, filter, group. */
#include <config.h>

#include "list.h"

#include <string.h>

enum { ARENA_MAX = 64 * 1024 * 1024, KEY_MAX = 4096 };
#define NONE ((size_t)-1)

/* ---- order ---- */

static int compare_by(const struct ht_sort_key *key, bool inverted, const void *a, const void *b)
{
    const struct ht_field *field = ht_path_field(&key->path);
    const void *x = ht_path_value(&key->path, a), *y = ht_path_value(&key->path, b);
    int order = ht_value_compare(field, x, y);

    /* What is unknown stands last whichever the direction. */
    return x && y && key->descending != inverted ? -order : order;
}

/* By places; equal rows keep the order of the state. */
static int compare_places(const struct ht_list_page *list, uint32_t x, uint32_t y)
{
    const void *a = list->kept.data[x], *b = list->kept.data[y];
    int order = list->own_sort ? compare_by(&list->sort, list->inverted, a, b) : 0;

    for (size_t i = 0; i < list->view->sort_len && order == 0; i++)
        order = compare_by(&list->view->sort[i], list->inverted && !list->own_sort, a, b);
    if (order == 0)
        order = (x > y) - (x < y);
    return list->inverted && !list->own_sort && !list->view->sort_len ? -order : order;
}

static void sort_places(const struct ht_list_page *list, uint32_t *places, size_t len,
                        uint32_t *spare)
{
    size_t half = len / 2, a = 0, b = half;

    if (len < 2)
        return;
    sort_places(list, places, half, spare);
    sort_places(list, places + half, len - half, spare);
    if (compare_places(list, places[half - 1], places[half]) < 0)
        return; /* as most rows stand in the state */
    for (size_t i = 0; i < len; i++) {
        bool first = b >= len || (a < half && compare_places(list, places[a], places[b]) < 0);

        spare[i] = first ? places[a++] : places[b++];
    }
    memcpy(places, spare, len * sizeof(*places));
}

static void sort_order(struct ht_list_page *list)
{
    ht_autofree uint32_t *spare = ht_new_array(uint32_t, list->order_len + 1);

    sort_places(list, list->order, list->order_len, spare);
}

/* Puts all rows of the view in order. */
static void order_anew(struct ht_list_page *list)
{
    free(list->order);
    list->order = ht_new_array(uint32_t, list->kept.len + 1);
    list->order_len = 0;
    for (size_t i = 0; i < list->kept.len; i++) {
        if (list->kept.in_view[i])
            list->order[list->order_len++] = (uint32_t)i;
    }
    sort_order(list);
}

/* How many of the len places stand before place. */
static size_t count_before(const struct ht_list_page *list, const uint32_t *places, size_t len,
                           uint32_t place)
{
    size_t low = 0;

    while (low < len) {
        size_t middle = low + (len - low) / 2;

        if (compare_places(list, places[middle], place) < 0)
            low = middle + 1;
        else
            len = middle;
    }
    return low;
}

/* Puts what is new, in order, between what was in order: few comparisons where little is new. */
static void merge_order(struct ht_list_page *list, const uint32_t *old, size_t old_len)
{
    size_t fresh_len = list->order_len, done = 0;
    uint32_t *merged = ht_new_array(uint32_t, old_len + fresh_len + 1);

    sort_order(list);
    for (size_t i = 0; i < fresh_len; i++) {
        size_t len = count_before(list, old + done, old_len - done, list->order[i]);

        memcpy(merged + done + i, old + done, len * sizeof(*merged));
        done += len;
        merged[done + i] = list->order[i];
    }
    memcpy(merged + done + fresh_len, old + done, (old_len - done) * sizeof(*merged));
    free(list->order);
    list->order = merged;
    list->order_len = old_len + fresh_len;
}

/* Rows of the state before keep their order, those that are new or changed are put between them. */
static void follow_order(struct ht_list_page *list, size_t before_len)
{
    const struct ht_kept *kept = &list->kept;
    ht_autofree uint32_t *to = ht_new_array(uint32_t, before_len + 1);
    ht_autofree uint32_t *old = list->order;
    size_t old_len = 0;

    memset(to, 0xff, before_len * sizeof(*to)); /* HT_KEPT_NEW: gone */
    list->order = ht_new_array(uint32_t, kept->len + 1);
    size_t was_len = list->order_len;
    list->order_len = 0;
    for (size_t i = 0; i < kept->len; i++) {
        if (kept->from[i] != HT_KEPT_NEW)
            to[kept->from[i]] = (uint32_t)i;
        else if (kept->in_view[i])
            list->order[list->order_len++] = (uint32_t)i;
    }
    for (size_t i = 0; i < was_len; i++) {
        if (to[old[i]] != HT_KEPT_NEW)
            old[old_len++] = to[old[i]];
    }
    merge_order(list, old, old_len);
}

/* ---- the user's filter ---- */

static enum ht_list_verdicts compare_filters(const struct ht_filter *before,
                                             const struct ht_filter *now)
{
    if (ht_filter_is_timed(before) || ht_filter_is_timed(now))
        return HT_LIST_OTHER;
    if (ht_filter_narrows(now, before))
        return HT_LIST_NARROWER;
    return ht_filter_narrows(before, now) ? HT_LIST_WIDER : HT_LIST_OTHER;
}

void ht_list_take_filter(struct ht_list_page *list, struct ht_filter *filter, struct ht_str text)
{
    enum ht_list_verdicts verdicts = compare_filters(list->filter, filter);

    /* Several may come before verdicts are made anew. */
    if (list->verdicts == HT_LIST_SAME)
        list->verdicts = verdicts;
    else if (list->verdicts != verdicts)
        list->verdicts = HT_LIST_OTHER;
    ht_filter_free(list->filter);
    list->filter = filter;
    free(list->filter_text);
    list->filter_text = text.len ? ht_strndup(text.data, text.len) : NULL;
}

/* In place, of the same rows. */
static void filter_again(struct ht_list_page *list)
{
    const struct ht_kept *kept = &list->kept;

    for (size_t i = 0; i < kept->len; i++) {
        bool was = list->matches[i];

        if (list->verdicts == HT_LIST_OTHER || was == (list->verdicts == HT_LIST_NARROWER))
            list->matches[i] = kept->in_view[i] && ht_list_words_match(list, i);
    }
}

/* Verdicts about rows that are the same are kept. */
static void follow_filter(struct ht_list_page *list)
{
    const struct ht_kept *kept = &list->kept;
    ht_autofree bool *old = list->matches;
    bool keep = old && !kept->refiltered && !ht_filter_is_timed(list->filter);

    list->matches = ht_new_array(bool, kept->len + 1);
    for (size_t i = 0; i < kept->len; i++) {
        if (keep && kept->from[i] != HT_KEPT_NEW)
            list->matches[i] = old[kept->from[i]];
        else
            list->matches[i] = kept->in_view[i] && ht_list_words_match(list, i);
    }
}

static void make_items(struct ht_list_page *list)
{
    list->total = list->order_len;
    list->items = ht_new_array(struct ht_line, list->order_len + 1);
    for (size_t i = 0; i < list->order_len; i++) {
        uint32_t place = list->order[i];

        if (list->matches[place])
            list->items[list->items_len++] =
                (struct ht_line){.data = list->kept.data[place], .members = 1};
    }
}

/* ---- groups ---- */

/* Who a finding is about: its row, or else all its names. */
static void subject_key(const struct ht_subject *subject, struct ht_buf *out)
{
    const struct ht_str parts[] = {subject->kind, subject->id,        subject->namespace,
                                   subject->pod,  subject->container, subject->name};
    size_t len = subject->id.len ? 2 : ARRAY_LEN(parts);

    for (size_t i = 0; i < len; i++) {
        ht_buf_add_str(out, parts[i]);
        ht_buf_add_c(out, '\0');
    }
}

void ht_list_group_key(const struct ht_view *view, const void *data, struct ht_buf *out)
{
    const struct ht_field *field = ht_path_field(&view->group);
    const void *value = ht_path_value(&view->group, data);

    if (!value)
        return;
    if (field->kind == HT_KIND_STRUCT && field->sub == &ht_subject_table)
        subject_key(value, out);
    else
        ht_value_format(out, field, value, HT_FORMAT_RAW);
}

/* Lines without a key are groups of one; a view without groups has none. */
static void group_items(struct ht_list_page *list)
{
    struct ht_map *map;

    if (!list->view->grouped)
        return;
    map = ht_map_new();
    list->arena = ht_arena_new(ARENA_MAX);
    list->next = ht_new_array(size_t, list->items_len + 1);
    list->groups = ht_new_array(struct ht_group_of_lines, list->items_len + 1);
    for (size_t i = 0; i < list->items_len; i++) {
        ht_autobuf struct ht_buf key = HT_BUF(KEY_MAX);
        struct ht_group_of_lines *group = NULL;

        ht_list_group_key(list->view, list->items[i].data, &key);
        group = key.len ? ht_map_get(map, ht_buf_str(&key)) : NULL;
        list->next[i] = NONE;
        if (group) {
            list->next[group->last] = i;
        } else {
            group = &list->groups[list->groups_len++];
            group->first = i;
            group->key = ht_arena_str(list->arena, ht_buf_str(&key));
            if (key.len)
                ht_map_set(map, ht_buf_str(&key), group);
        }
        group->last = i;
        group->members++;
        list->items[i].group = (uint32_t)(group - list->groups);
    }
    ht_map_free(map);
}

static void make_lines(struct ht_list_page *list)
{
    if (!list->groups) {
        list->lines = list->items;
        list->lines_len = list->items_len;
        return;
    }
    list->lines = ht_new_array(struct ht_line, list->items_len + list->groups_len + 1);
    for (size_t g = 0; g < list->groups_len; g++) {
        const struct ht_group_of_lines *group = &list->groups[g];
        struct ht_line *head = &list->lines[list->lines_len++];

        *head = list->items[group->first];
        head->members = group->members;
        if (group->members < 2 || !ht_map_get(list->opened, group->key))
            continue;
        for (size_t i = group->first; i != NONE; i = list->next[i]) {
            list->lines[list->lines_len] = list->items[i];
            list->lines[list->lines_len++].child = true;
        }
    }
}

/* ---- keeping ---- */

static void forget_lines(struct ht_list_page *list)
{
    free(list->items);
    free(list->next);
    free(list->groups);
    if (list->lines != list->items)
        free(list->lines);
    list->items = list->lines = NULL;
    list->next = NULL;
    list->groups = NULL;
    list->items_len = list->groups_len = list->lines_len = list->total = 0;
    ht_arena_free(list->arena);
    list->arena = NULL;
}

static void forget_rows(struct ht_list_page *list)
{
    ht_kept_fini(&list->kept);
    ht_list_words_fini(&list->words);
    free(list->matches);
    free(list->order);
    list->matches = NULL;
    list->order = NULL;
    list->order_len = 0;
    list->generation = 0;
}

static void forget_tabs(struct ht_list_page *list)
{
    for (size_t i = 0; i < list->tabs_len; i++)
        ht_kept_fini(&list->tabs[i].kept);
    free(list->tabs);
    list->tabs = NULL;
    list->tabs_len = 0;
}

void ht_list_forget(struct ht_list_page *list)
{
    forget_lines(list);
    forget_rows(list);
    forget_tabs(list);
}

void ht_list_touch(struct ht_list_page *list, unsigned what)
{
    list->touched |= what;
}

struct ht_str ht_line_id(const struct ht_list_page *list, const struct ht_line *line)
{
    const char *data = line->data;

    return *(const struct ht_str *)(const void *)(data + list->view->table->fields[0].offset);
}

void ht_list_select(struct ht_list_page *list, size_t line)
{
    if (line >= list->lines_len)
        line = list->lines_len ? list->lines_len - 1 : 0;
    list->selected = line;
    free(list->selected_id);
    list->selected_id = NULL;
    list->selected_child = false;
    if (list->lines_len) {
        list->selected_child = list->lines[line].child;
        struct ht_str id = ht_line_id(list, &list->lines[line]);

        list->selected_id = ht_strndup(id.data, id.len);
    }
}

static bool is_selected(const struct ht_list_page *list, size_t at, bool child)
{
    return at < list->lines_len && list->lines[at].child == child &&
           ht_str_equal(ht_line_id(list, &list->lines[at]), ht_str_from(list->selected_id));
}

/* Goes to the line with the id that is nearest to where it was; false: there is none. */
static bool find_line(struct ht_list_page *list, bool child)
{
    size_t was = list->selected, len = list->lines_len;

    for (size_t by = 0; by <= was || was + by < len; by++) {
        if (is_selected(list, was + by, child)) {
            list->selected = was + by;
            return true;
        }
        if (by <= was && is_selected(list, was - by, child)) {
            list->selected = was - by;
            return true;
        }
    }
    return false;
}

/* A group's line and its first member have one id: a member stays one as long as its group is open.
 */
static void find_selected(struct ht_list_page *list)
{
    if (list->selected_id &&
        (find_line(list, list->selected_child) || find_line(list, !list->selected_child)))
        return;
    if (list->selected >= list->lines_len)
        list->selected = list->lines_len ? list->lines_len - 1 : 0;
}

static void follow_state(const struct ht_ui *ui, struct ht_list_page *list)
{
    struct ht_kept before;

    ht_kept_follow(&list->kept, ui->state, list->view, &before);
    if (list->kept.refiltered || list->kept.reordered || !list->order)
        list->touched |= HT_LIST_ORDER;
    else
        follow_order(list, before.len);
    ht_list_words_follow(&list->words, &list->kept);
    follow_filter(list);
    ht_kept_fini(&before);
}

static bool is_blank(const struct ht_path *path, const void *row)
{
    const struct ht_field *field = ht_path_field(path);
    const void *value = ht_path_value(path, row);

    if (value && field->kind == HT_KIND_TEXT)
        return ((const struct ht_str *)value)->len == 0;
    return !value;
}

/* A column of dashes takes room that others need. Whatever the user filters, the columns stay. */
static uint32_t blank_columns(const struct ht_list_page *list)
{
    uint32_t blank = 0;

    for (size_t c = 0; list->order_len && c < list->view->columns_len; c++) {
        const struct ht_view_column *column = &list->view->columns[c];
        size_t i = 0;

        while (column->layout.drop && i < list->order_len &&
               is_blank(&column->path, list->kept.data[list->order[i]]))
            i++;
        if (i == list->order_len)
            blank |= UINT32_C(1) << c;
    }
    return blank;
}

void ht_list_update(struct ht_ui *ui, struct ht_list_page *list)
{
    bool is_new = list->generation != ui->generation + 1;

    if (!is_new && !list->touched && list->verdicts == HT_LIST_SAME)
        return;
    forget_lines(list);
    ht_filter_set_now(list->view->filter, ht_ui_now(ui));
    ht_filter_set_now(list->filter, ht_ui_now(ui));
    if (is_new)
        follow_state(ui, list);
    if (list->verdicts != HT_LIST_SAME)
        filter_again(list);
    list->verdicts = HT_LIST_SAME;
    if (list->touched & HT_LIST_ORDER)
        order_anew(list);
    list->blank = blank_columns(list);
    make_items(list);
    group_items(list);
    make_lines(list);
    find_selected(list);
    list->touched = 0;
    list->generation = ui->generation + 1;
}

const struct ht_line *ht_list_line(const struct ht_list_page *list)
{
    return list->selected < list->lines_len ? &list->lines[list->selected] : NULL;
}

void ht_list_set_view(struct ht_list_page *list, const struct ht_view *view)
{
    ht_list_forget(list);
    list->view = view;
    list->own_sort = list->inverted = false;
    list->hidden = 0;
    list->scroll_cols = 0;
    list->selected = 0;
    list->selected_child = false;
    free(list->selected_id);
    list->selected_id = NULL;
    list->filter = ht_filter_free(list->filter);
    free(list->filter_text);
    list->filter_text = NULL;
    free(list->filter_error);
    list->filter_error = NULL;
}
