/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a state's rows to the lines of a list: filter, sort, group. */
#include <config.h>

#include "list.h"

#include <string.h>

enum { ARENA_MAX = 64 * 1024 * 1024, KEY_MAX = 4096 };
#define NONE ((size_t)-1)

/* ---- rows ---- */

static void visit_loads(const struct ht_state *state, struct ht_arena *arena, ht_rows_visit visit,
                        void *context)
{
    size_t len = 0;
    const struct ht_load *loads = ht_load_all(state, arena, &len);

    for (size_t i = 0; i < len; i++)
        visit(context, &loads[i], loads[i].id);
}

void ht_list_rows(const struct ht_state *state, const struct ht_table *table,
                  struct ht_arena *arena, ht_rows_visit visit, void *context)
{
    const struct ht_rowset *set = NULL;

    if (table == &ht_load_table) {
        visit_loads(state, arena, visit, context);
        return;
    }
    if (table == &ht_finding_table)
        set = &state->findings;
    else if (table == &ht_group_table)
        set = &state->groups;
    else if (table == &ht_event_table)
        set = &state->events;
    else
        set = ht_node_set(state->node, (enum ht_table_id)table->id);
    for (size_t i = 0; i < set->len; i++)
        visit(context, ht_row_data(set->rows[i], table), ht_row_id(set->rows[i]));
}

struct collecting {
    struct ht_list_page *list;
    size_t cap;
};

static void collect(void *context, const void *data, struct ht_str id)
{
    struct collecting *collecting = context;
    struct ht_list_page *list = collecting->list;

    if (!ht_filter_match(list->view->filter, data))
        return;
    list->total++;
    if (!ht_filter_match(list->filter, data))
        return;
    if (list->items_len == collecting->cap) {
        collecting->cap = collecting->cap ? 2 * collecting->cap : 64;
        list->items = ht_realloc(list->items, collecting->cap, sizeof(*list->items));
    }
    list->items[list->items_len++] = (struct ht_line){.data = data, .id = id, .members = 1};
}

struct counting {
    const struct ht_view *view;
    size_t count;
    int worst; /* enum ht_severity, -1: none */
};

static void count(void *context, const void *data, struct ht_str id)
{
    struct counting *counting = context;

    (void)id;
    if (!ht_filter_match(counting->view->filter, data))
        return;
    counting->count++;
    if (counting->view->table == &ht_finding_table) {
        int severity = (int)((const struct ht_finding *)data)->severity;

        if (counting->worst < 0 || severity < counting->worst)
            counting->worst = severity;
    }
}

size_t ht_list_count(struct ht_ui *ui, const struct ht_view *view, int *ret_worst)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(ARENA_MAX);
    struct counting counting = {.view = view, .worst = -1};

    ht_list_rows(ui->state, view->table, arena, count, &counting);
    *ret_worst = counting.worst;
    return counting.count;
}

/* ---- order ---- */

static int compare_by(const struct ht_sort_key *key, bool inverted, const struct ht_line *a,
                      const struct ht_line *b)
{
    const struct ht_field *field = ht_path_field(&key->path);
    const void *x = ht_path_value(&key->path, a->data), *y = ht_path_value(&key->path, b->data);
    int order = ht_value_compare(field, x, y);

    /* What is unknown stands last whichever the direction. */
    return x && y && key->descending != inverted ? -order : order;
}

static int compare_lines(const struct ht_list_page *list, const struct ht_line *a,
                         const struct ht_line *b)
{
    int order = list->own_sort ? compare_by(&list->sort, list->inverted, a, b) : 0;

    for (size_t i = 0; i < list->view->sort_len && order == 0; i++)
        order = compare_by(&list->view->sort[i], list->inverted && !list->own_sort, a, b);
    return order;
}

/* A stable merge sort: equal lines keep the order of the state. */
static void sort_lines(const struct ht_list_page *list, struct ht_line *lines, size_t len,
                       struct ht_line *spare)
{
    size_t half = len / 2, a = 0, b = half;

    if (len < 2)
        return;
    sort_lines(list, lines, half, spare);
    sort_lines(list, lines + half, len - half, spare);
    if (compare_lines(list, &lines[half - 1], &lines[half]) <= 0)
        return; /* as most rows stand in the state */
    for (size_t i = 0; i < len; i++) {
        bool first = b >= len || (a < half && compare_lines(list, &lines[a], &lines[b]) <= 0);

        spare[i] = first ? lines[a++] : lines[b++];
    }
    memcpy(lines, spare, len * sizeof(*lines));
}

static void reverse_lines(struct ht_line *lines, size_t len)
{
    for (size_t i = 0; i < len / 2; i++) {
        struct ht_line line = lines[i];

        lines[i] = lines[len - 1 - i];
        lines[len - 1 - i] = line;
    }
}

static void sort_items(struct ht_list_page *list)
{
    if (list->view->sort_len || list->own_sort) {
        ht_autofree struct ht_line *spare = ht_new_array(struct ht_line, list->items_len + 1);

        sort_lines(list, list->items, list->items_len, spare);
    } else if (list->inverted) {
        reverse_lines(list->items, list->items_len);
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

/* Lines without a key are groups of one. */
static void group_items(struct ht_list_page *list)
{
    struct ht_map *map = ht_map_new();

    list->next = ht_new_array(size_t, list->items_len + 1);
    list->groups = ht_new_array(struct ht_group_of_lines, list->items_len + 1);
    for (size_t i = 0; i < list->items_len; i++) {
        ht_autobuf struct ht_buf key = HT_BUF(KEY_MAX);
        struct ht_group_of_lines *group = NULL;

        if (list->view->grouped)
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
    free(list->lines);
    list->items = list->lines = NULL;
    list->next = NULL;
    list->groups = NULL;
    list->items_len = list->groups_len = list->lines_len = list->total = 0;
    ht_arena_free(list->arena);
    list->arena = NULL;
}

void ht_list_touch(struct ht_list_page *list)
{
    list->generation = 0;
}

void ht_list_select(struct ht_list_page *list, size_t line)
{
    if (line >= list->lines_len)
        line = list->lines_len ? list->lines_len - 1 : 0;
    list->selected = line;
    free(list->selected_id);
    list->selected_id = NULL;
    if (list->lines_len)
        list->selected_id = ht_strndup(list->lines[line].id.data, list->lines[line].id.len);
}

static void find_selected(struct ht_list_page *list)
{
    struct ht_str id = ht_str_from(list->selected_id);

    for (size_t i = 0; list->selected_id && i < list->lines_len; i++) {
        /* A group's line and its first member have one id: the one nearer to before is meant. */
        if (ht_str_equal(list->lines[i].id, id) &&
            (list->lines[i].child || list->lines[i].members < 2 || list->selected <= i ||
             i + 1 >= list->lines_len || !ht_str_equal(list->lines[i + 1].id, id))) {
            list->selected = i;
            return;
        }
    }
    if (list->selected >= list->lines_len)
        list->selected = list->lines_len ? list->lines_len - 1 : 0;
}

void ht_list_update(struct ht_ui *ui, struct ht_list_page *list)
{
    struct collecting collecting = {.list = list};

    if (list->generation == ui->generation + 1)
        return;
    forget_lines(list);
    ht_filter_set_now(list->view->filter, ht_ui_now(ui));
    ht_filter_set_now(list->filter, ht_ui_now(ui));
    list->arena = ht_arena_new(ARENA_MAX);
    ht_list_rows(ui->state, list->view->table, list->arena, collect, &collecting);
    sort_items(list);
    group_items(list);
    make_lines(list);
    find_selected(list);
    list->generation = ui->generation + 1;
}

const struct ht_line *ht_list_line(const struct ht_list_page *list)
{
    return list->selected < list->lines_len ? &list->lines[list->selected] : NULL;
}

void ht_list_set_view(struct ht_list_page *list, const struct ht_view *view)
{
    list->view = view;
    list->own_sort = list->inverted = false;
    free(list->tabs);
    list->tabs = NULL;
    list->hidden = 0;
    list->scroll_cols = 0;
    list->selected = 0;
    free(list->selected_id);
    list->selected_id = NULL;
    list->filter = ht_filter_free(list->filter);
    free(list->filter_text);
    list->filter_text = NULL;
    free(list->filter_error);
    list->filter_error = NULL;
    ht_list_touch(list);
}
