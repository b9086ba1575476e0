/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Views from YAML: strict, so that a slip of the pen is told with its line. */
#include "view.h"

#include <errno.h>
#include <string.h>

#include "hulltop/base/mem.h"
#include "hulltop/model/state.h"

/* One file being parsed. */
struct parse {
    const char *name;
    struct ht_arena *arena;
    struct ht_view *view;
    struct ht_view_column *columns; /* of the view, with room for all that are declared */
    struct ht_error *err;
};

static int fail(const struct parse *parse, const struct ht_yaml *at, const char *what)
{
    return ht_error_set(parse->err, EINVAL, "%s:%u: %s", parse->name, at->line, what);
}

/* A name that is none of names: says which is near. */
static int fail_word(const struct parse *parse, const struct ht_yaml *at, const char *what,
                     const char *const names[])
{
    size_t count = 0;

    while (names[count])
        count++;

    const char *near = ht_nearest(at->text, names, count);
    return ht_error_set(parse->err, EINVAL, "%s:%u: no %s %.*s%s%s%s", parse->name, at->line, what,
                        HT_STR_ARG(ht_str_sub(at->text, 0, 80)), near ? " (did you mean " : "",
                        near ? near : "", near ? "?)" : "");
}

static int find_word(struct ht_str text, const char *const names[])
{
    for (int i = 0; names[i]; i++) {
        if (ht_str_is(text, names[i]))
            return i;
    }
    return -1;
}

static int parse_path(const struct parse *parse, const struct ht_yaml *at, struct ht_str text,
                      struct ht_path *ret_path)
{
    struct ht_error err = {0};

    if (ht_path_parse(parse->view->table, text, ret_path, &err) < 0)
        return fail(parse, at, err.text);
    return 0;
}

static int parse_number(const struct parse *parse, const struct ht_yaml *at, uint64_t max,
                        int *ret_number)
{
    uint64_t number;

    if (at->kind != HT_YAML_SCALAR || ht_parse_u64(at->text, &number) < 0 || number > max)
        return ht_error_set(parse->err, EINVAL, "%s:%u: expected a number up to %llu", parse->name,
                            at->line, (unsigned long long)max);
    *ret_number = (int)number;
    return 0;
}

/* ---- keys of a view ---- */

static int key_text(struct parse *parse, const struct ht_yaml *value, struct ht_str *ret_text)
{
    if (value->kind != HT_YAML_SCALAR)
        return fail(parse, value, "expected text");
    *ret_text = ht_arena_str(parse->arena, value->text);
    return 0;
}

static int key_id(struct parse *parse, const struct ht_yaml *value)
{
    return key_text(parse, value, &parse->view->id);
}

static int key_title(struct parse *parse, const struct ht_yaml *value)
{
    return key_text(parse, value, &parse->view->title);
}

static int key_help(struct parse *parse, const struct ht_yaml *value)
{
    return key_text(parse, value, &parse->view->help);
}

static int key_empty(struct parse *parse, const struct ht_yaml *value)
{
    return key_text(parse, value, &parse->view->empty);
}

static int key_question(struct parse *parse, const struct ht_yaml *value)
{
    int number = 0;

    if (parse_number(parse, value, HT_QUESTIONS, &number) < 0)
        return -EINVAL;
    parse->view->question = (unsigned)number;
    return 0;
}

/* The rows come first: whatever names a field needs their table. */
static int key_rows(struct parse *parse, const struct ht_yaml *value)
{
    const char *names[HT_TABLE_COUNT + 2] = {"load"};
    size_t len = 1;
    int n;

    /* The answers themselves are the home screen. */
    for (int id = 0; id < HT_TABLE_COUNT; id++)
        if (id != HT_TABLE_QUESTION)
            names[len++] = ht_table_get((enum ht_table_id)id)->name;
    n = find_word(value->text, names);
    if (n < 0)
        return fail_word(parse, value, "rows", names);
    parse->view->table =
        ht_str_is(value->text, "load") ? &ht_load_table : ht_table_find(value->text);
    return parse->view->table ? 0 : fail_word(parse, value, "rows", names);
}

static int key_group(struct parse *parse, const struct ht_yaml *value)
{
    parse->view->grouped = true;
    return parse_path(parse, value, value->text, &parse->view->group);
}

static int key_filter(struct parse *parse, const struct ht_yaml *value)
{
    struct ht_error err = {0};

    if (key_text(parse, value, &parse->view->filter_text) < 0)
        return -EINVAL;
    if (ht_filter_parse(parse->view->table, parse->view->filter_text, NULL, &parse->view->filter,
                        &err) < 0)
        return fail(parse, value, err.text);
    return 0;
}

static int parse_sort_key(struct parse *parse, const struct ht_yaml *value)
{
    struct ht_view *view = parse->view;
    ptrdiff_t colon = ht_str_find_byte(value->text, ':');
    struct ht_str field = ht_str_sub(value->text, 0, colon < 0 ? value->text.len : (size_t)colon);
    struct ht_str order = ht_str_sub(value->text, field.len + 1, value->text.len);

    if (view->sort_len == HT_VIEW_SORT_MAX)
        return fail(parse, value, "too many sort fields");
    if (order.len && !ht_str_is(order, "desc") && !ht_str_is(order, "asc"))
        return fail(parse, value, "a sort field ends in :asc or :desc");
    view->sort[view->sort_len].descending = ht_str_is(order, "desc");
    if (parse_path(parse, value, field, &view->sort[view->sort_len].path) < 0)
        return -EINVAL;
    view->sort_len++;
    return 0;
}

static int key_sort(struct parse *parse, const struct ht_yaml *value)
{
    if (value->kind != HT_YAML_LIST)
        return fail(parse, value, "expected a list of fields");
    for (size_t i = 0; i < value->len; i++) {
        if (parse_sort_key(parse, &value->items[i]) < 0)
            return -EINVAL;
    }
    return 0;
}

static int key_open(struct parse *parse, const struct ht_yaml *value)
{
    static const char *const names[] = {"finding", "container", "process", "event",
                                        "row",     "nothing",   NULL};
    int n = find_word(value->text, names);

    if (n < 0)
        return fail_word(parse, value, "open", names);
    parse->view->open = (enum ht_view_open)n;
    return 0;
}

/* ---- columns ---- */

static int parse_width(struct parse *parse, const struct ht_yaml *value, int *ret_width)
{
    if (value->kind == HT_YAML_SCALAR && ht_str_is(value->text, "rest")) {
        *ret_width = HT_COLUMN_REST;
        return 0;
    }
    return parse_number(parse, value, 200, ret_width);
}

static int parse_column_key(struct parse *parse, const struct ht_yaml *key,
                            const struct ht_yaml *value, struct ht_view_column *column)
{
    static const char *const names[] = {"head", "field", "width", "min", "drop", "label", NULL};

    switch (find_word(key->text, names)) {
    case 0:
        return key_text(parse, value, &column->head);
    case 1:
        return parse_path(parse, value, value->text, &column->path);
    case 2:
        return parse_width(parse, value, &column->layout.width);
    case 3:
        return parse_number(parse, value, 200, &column->layout.min);
    case 4:
        return parse_number(parse, value, 20, &column->layout.drop);
    case 5:
        return key_text(parse, value, &column->label);
    }
    return fail_word(parse, key, "key of a column", names);
}

static int parse_column(struct parse *parse, const struct ht_yaml *value)
{
    struct ht_view_column column = {0};

    if (value->kind != HT_YAML_MAP)
        return fail(parse, value, "expected a column: { head, field, width }");
    for (size_t i = 0; i < value->len; i++) {
        if (parse_column_key(parse, &value->items[2 * i], &value->items[2 * i + 1], &column) < 0)
            return -EINVAL;
    }
    if (column.head.len == 0 || column.path.depth == 0 || !ht_yaml_get(value, "width"))
        return fail(parse, value, "a column needs head, field and width");
    parse->columns[parse->view->columns_len++] = column;
    return 0;
}

static int key_columns(struct parse *parse, const struct ht_yaml *value)
{
    if (value->kind != HT_YAML_LIST || value->len == 0)
        return fail(parse, value, "expected a list of columns");
    if (value->len > HT_VIEW_COLUMNS_MAX)
        return fail(parse, value, "too many columns");
    parse->columns = ht_arena_array(parse->arena, struct ht_view_column, value->len);
    parse->view->columns = parse->columns;
    for (size_t i = 0; i < value->len; i++) {
        if (parse_column(parse, &value->items[i]) < 0)
            return -EINVAL;
    }
    return 0;
}

static const char *const key_names[] = {"rows", "id",   "title",   "question", "group", "filter",
                                        "sort", "open", "columns", "help",     "empty", NULL};
static int (*const key_functions[])(struct parse *, const struct ht_yaml *) = {
    key_rows, key_id,   key_title,   key_question, key_group, key_filter,
    key_sort, key_open, key_columns, key_help,     key_empty,
};

static int parse_root(struct parse *parse, const struct ht_yaml *root)
{
    if (root->kind != HT_YAML_MAP)
        return fail(parse, root, "expected keys: id, title, rows, columns");
    for (size_t i = 0; i < root->len; i++) {
        if (find_word(root->items[2 * i].text, key_names) < 0)
            return fail_word(parse, &root->items[2 * i], "key", key_names);
    }
    for (size_t i = 0; key_names[i]; i++) {
        const struct ht_yaml *value = ht_yaml_get(root, key_names[i]);
        bool needed = i < 3 || key_functions[i] == key_columns;

        if (!value && needed)
            return ht_error_set(parse->err, EINVAL, "%s:%u: %s is missing", parse->name, root->line,
                                key_names[i]);
        if (value && key_functions[i](parse, value) < 0)
            return -EINVAL;
    }
    return 0;
}

static void settle_words(struct parse *parse)
{
    static const char *const whose[] = {"subject.name", "subject.container", "subject.pod",
                                        "subject.owner"};
    struct ht_view *view = parse->view;
    struct ht_path *paths =
        ht_arena_array(parse->arena, struct ht_path, view->columns_len + ARRAY_LEN(whose));
    size_t len = 0;

    for (; len < view->columns_len; len++)
        paths[len] = view->columns[len].path;
    for (size_t i = 0; ht_table_field(view->table, HT_S("subject")) && i < ARRAY_LEN(whose); i++)
        len += ht_path_parse(view->table, ht_str_from(whose[i]), &paths[len], NULL) == 0;
    view->words = (struct ht_filter_words){.paths = paths, .len = len};
}

void ht_view_fini(struct ht_view *view)
{
    if (view)
        view->filter = ht_filter_free(view->filter);
}

int ht_view_read(struct ht_arena *arena, const char *name, const struct ht_yaml *root,
                 struct ht_view **ret_view, struct ht_error *err)
{
    struct parse parse = {.name = name, .arena = arena, .err = err};

    parse.view = ht_arena_array(arena, struct ht_view, 1);
    parse.view->open = HT_VIEW_OPEN_ROW;
    if (parse_root(&parse, root) < 0) {
        ht_view_fini(parse.view);
        return -EINVAL;
    }
    settle_words(&parse);
    *ret_view = parse.view;
    return 0;
}

int ht_view_parse(struct ht_arena *arena, const char *name, struct ht_str text,
                  struct ht_view **ret_view, struct ht_error *err)
{
    ht_autoarena struct ht_arena *tree = ht_arena_new(ht_arena_max(arena));
    const struct ht_yaml *root = ht_yaml_parse(tree, name, text, err);

    return root ? ht_view_read(arena, name, root, ret_view, err) : -EINVAL;
}
