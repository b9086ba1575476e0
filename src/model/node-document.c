/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes as documents. */
#include "src/model/document-inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

void ht_rows_write(struct ht_json_writer *writer, const struct ht_table *table,
                   const struct ht_rowset *rows)
{
    if (rows->len == 0)
        return;
    ht_json_key(writer, ht_str_from(table->plural));
    ht_json_array_begin(writer);
    for (size_t i = 0; i < rows->len; i++)
        ht_struct_write(writer, table, ht_row_data(rows->rows[i], table), false);
    ht_json_array_end(writer);
}

void ht_node_write_tables(struct ht_json_writer *writer, const struct ht_node *node)
{
    for (int id = 0; id < HT_TABLE_COUNT; id++)
        ht_rows_write(writer, ht_table_get((enum ht_table_id)id), &node->sets[id]);
}

void ht_node_write(struct ht_buf *out, const struct ht_node *node, enum ht_json_style style)
{
    struct ht_json_writer writer;

    ht_json_begin(&writer, out, style, HT_JSON_LOSSLESS);
    ht_json_object_begin(&writer);
    ht_json_key(&writer, HT_S("schema"));
    ht_json_put_string(&writer, HT_S(HT_NODE_SCHEMA));
    ht_json_key(&writer, HT_S("taken_at"));
    ht_document_put_time(&writer, node->taken_at);
    ht_node_write_tables(&writer, node);
    ht_json_object_end(&writer);
}

struct numbered {
    struct ht_str id;
    size_t number;
};

static int compare_numbered(const void *a, const void *b)
{
    const struct numbered *x = a, *y = b;
    int order = ht_str_compare(x->id, y->id);

    if (order != 0)
        return order;
    return (x->number > y->number) - (x->number < y->number);
}

static int check_ids(const struct ht_rowset *rows, const struct ht_table *table, const char *name,
                     struct ht_error *err)
{
    ht_autofree struct numbered *order = ht_new_array(struct numbered, rows->len);

    for (size_t i = 0; i < rows->len; i++)
        order[i] = (struct numbered){.id = ht_row_id(rows->rows[i]), .number = i};
    qsort(order, rows->len, sizeof(*order), compare_numbered);
    for (size_t i = 1; i < rows->len; i++) {
        if (ht_str_equal(order[i - 1].id, order[i].id))
            return ht_error_set(err, EINVAL, "%s: %s[%zu].%s: is that of %s[%zu] too", name,
                                table->plural, order[i].number, table->fields[0].name,
                                table->plural, order[i - 1].number);
    }
    return 0;
}

/* Reads one row. */
static int read_row(const struct ht_json *json, const struct ht_table *table,
                    const struct ht_reading *reading, struct ht_row **ret_row, struct ht_error *err)
{
    void *data = ht_arena_alloc(reading->arena, 1, table->size);
    int r = ht_struct_read(json, table, reading, data, err);

    if (r < 0)
        return r;
    if (!ht_field_is_known(table, data, &table->fields[0]))
        return ht_error_set(err, EINVAL, "%s.%s: is missing", reading->path, table->fields[0].name);
    *ret_row = ht_row_new(table, data);
    return 0;
}

/* Empties the arena for the next row. Clearing what one huge row took, for each small row behind
 * it, would take for ever. */
static void recycle(struct ht_arena **arena)
{
    enum { KEEP_BYTES = 64 * 1024 };

    if (ht_arena_used(*arena) > KEEP_BYTES) {
        ht_arena_free(*arena);
        *arena = ht_arena_new(HT_LIMIT_ROW);
    } else {
        ht_arena_reset(*arena);
    }
}

int ht_rows_read(const struct ht_json *array, const struct ht_table *table, const char *name,
                 struct ht_rowset *ret_rows, struct ht_error *err)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_rowset rows = {0};
    int r = 0;

    if (!array || array->kind == HT_JSON_NULL)
        return 0;
    if (!ht_json_is_array(array))
        return ht_error_set(err, EINVAL, "%s: %s: expected a list", name, table->plural);
    if (array->len > HT_LIMIT_ROWS)
        return ht_error_set(err, E2BIG, "%s: %s: too many rows (limit %d)", name, table->plural,
                            (int)HT_LIMIT_ROWS);
    for (size_t i = 0; i < array->len && r == 0; i++) {
        ht_autobuf struct ht_buf path = HT_BUF(HT_ERROR_TEXT_MAX);
        struct ht_row *row = NULL;

        ht_buf_addf(&path, "%s: %s[%zu]", name, table->plural, i);

        const struct ht_reading reading = {.arena = arena, .path = ht_buf_str(&path).data};
        r = read_row(&array->items[i], table, &reading, &row, err);
        recycle(&arena);
        if (row)
            ht_rowset_add(&rows, row);
    }
    if (r == 0)
        r = check_ids(&rows, table, name, err);
    if (r < 0) {
        ht_rowset_fini(&rows);
        return r;
    }
    *ret_rows = rows;
    return 0;
}

int ht_node_read_tables(const struct ht_json *object, const char *name, int64_t taken_at,
                        struct ht_node **ret_node, struct ht_error *err)
{
    ht_autonode struct ht_node *node = ht_node_new(taken_at);

    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        const struct ht_table *table = ht_table_get((enum ht_table_id)id);
        int r = ht_rows_read(ht_json_get(object, table->plural), table, name, &node->sets[id], err);

        if (r < 0)
            return r;
    }
    ht_node_sort(node);
    *ret_node = ht_steal_ptr(node);
    return 0;
}

int ht_node_read(struct ht_str text, const char *name, struct ht_node **ret_node,
                 struct ht_error *err)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_DOCUMENT_TREE);
    const struct ht_json *root;
    int64_t taken_at;
    int r = ht_document_parse(arena, name, text, &root, err);

    if (r < 0)
        return r;
    r = ht_document_schema(root, HT_NODE_SCHEMA, name, err);
    if (r < 0)
        return r;
    r = ht_document_time(root, "taken_at", name, &taken_at, err);
    if (r < 0)
        return r;
    return ht_node_read_tables(root, name, taken_at, ret_node, err);
}
