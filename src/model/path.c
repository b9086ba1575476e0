/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths from a row's struct down to a field. */
#include "hulltop/model/filter.h"

#include <errno.h>

enum { NAMES_MAX = 64 };

static bool has_parts(const struct ht_field *field)
{
    return field->kind == HT_KIND_STRUCT ||
           (field->kind == HT_KIND_LIST && field->item == HT_KIND_STRUCT);
}

static const char *nearest_field(const struct ht_table *table, struct ht_str name)
{
    const char *names[NAMES_MAX] = {NULL};
    unsigned count = table->count < NAMES_MAX ? table->count : NAMES_MAX;

    for (unsigned i = 0; i < count; i++)
        names[i] = table->fields[i].name;

    const char *near = ht_nearest(name, names, count);
    for (unsigned i = 0; !near && name.len >= 3 && i < count; i++)
        near = ht_str_find_nocase(ht_str_from(names[i]), name, 0) == 0 ? names[i] : NULL;
    return near;
}

/* The first field with parts one of which is called so, or nearly so. */
static const struct ht_field *nearest_parts(const struct ht_table *table, struct ht_str name,
                                            bool nearly, const char **ret_part)
{
    for (unsigned i = 0; i < table->count; i++) {
        const struct ht_field *field = &table->fields[i];
        const struct ht_field *same = has_parts(field) ? ht_table_field(field->sub, name) : NULL;
        const char *part = same                         ? same->name
                           : nearly && has_parts(field) ? nearest_field(field->sub, name)
                                                        : NULL;

        if (part) {
            *ret_part = part;
            return field;
        }
    }
    return NULL;
}

/* The very name in a part of the row is meant more likely than another name of the row itself. */
static int fail_name(const struct ht_table *table, struct ht_str name, struct ht_error *err)
{
    const char *part = NULL, *near = NULL;
    const struct ht_field *whole = nearest_parts(table, name, false, &part);

    if (!whole)
        near = nearest_field(table, name);
    if (!whole && !near)
        whole = nearest_parts(table, name, true, &part);
    if (whole)
        return ht_error_set(err, EINVAL, "no field %.*s in %s (did you mean %s.%s?)",
                            HT_STR_ARG(ht_str_sub(name, 0, 80)), table->name, whole->name, part);
    return ht_error_set(err, EINVAL, "no field %.*s in %s%s%s%s",
                        HT_STR_ARG(ht_str_sub(name, 0, 80)), table->name,
                        near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

int ht_path_parse(const struct ht_table *table, struct ht_str text, struct ht_path *ret_path,
                  struct ht_error *err)
{
    struct ht_path path = {.table = table};
    struct ht_str rest = text, name;

    if (text.len == 0 || text.data[text.len - 1] == '.')
        return ht_error_set(err, EINVAL, "a field name is missing");
    while (ht_str_next(&rest, '.', &name)) {
        const struct ht_field *field = ht_table_field(table, name);

        if (!field)
            return fail_name(table, name, err);
        if (path.depth == HT_PATH_DEPTH)
            return ht_error_set(err, EINVAL, "more than %d names in a path", (int)HT_PATH_DEPTH);
        path.steps[path.depth++] = field;
        if (rest.len && !has_parts(field))
            return ht_error_set(err, EINVAL, "field %s of %s has no parts", field->name,
                                table->name);
        table = field->sub;
    }
    *ret_path = path;
    return 0;
}

const struct ht_field *ht_path_field(const struct ht_path *path)
{
    return path->steps[path->depth - 1];
}

const void *ht_path_value(const struct ht_path *path, const void *data)
{
    const struct ht_table *table = path->table;

    for (unsigned i = 0; i < path->depth; i++) {
        const struct ht_field *field = path->steps[i];

        if (!ht_field_is_known(table, data, field))
            return NULL;
        data = (const char *)data + field->offset;
        if (i + 1 < path->depth && field->kind == HT_KIND_LIST) {
            const struct ht_list *list = data;

            if (list->len == 0)
                return NULL;
            data = list->items;
        }
        table = field->sub;
    }
    return data;
}
