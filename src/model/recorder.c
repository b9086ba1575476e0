/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recordings, the writing half: a full node, then what changed. */
#include "src/model/document-inner.h"

#include <errno.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"

/* Between two full nodes: what going back in a replay costs at most. */
static const int64_t full_every_ns = 300 * HT_NS_PER_S;

struct ht_recorder {
    ht_line_write write;
    void *context;
    struct ht_node *last; /* NULL before the first line; shares its rows with whoever gave it */
    int64_t last_at;
    int64_t full_at;
};

struct ht_recorder *ht_recorder_new(ht_line_write write, void *context)
{
    struct ht_recorder *recorder = ht_new0(struct ht_recorder);

    recorder->write = write;
    recorder->context = context;
    return recorder;
}

struct ht_recorder *ht_recorder_free(struct ht_recorder *recorder)
{
    if (recorder)
        ht_node_unref(recorder->last);
    free(recorder);
    return NULL;
}

/* What of one table differs: rows to put, rows to drop (borrowed). */
struct difference {
    struct ht_vec put;
    struct ht_vec drop;
};

static void compare_sets(const struct ht_rowset *old, const struct ht_rowset *new_set,
                         struct difference *difference)
{
    size_t i = 0, j = 0;

    while (i < old->len || j < new_set->len) {
        struct ht_row *before = i < old->len ? old->rows[i] : NULL;
        struct ht_row *after = j < new_set->len ? new_set->rows[j] : NULL;
        int order = !before           ? 1
                    : !after          ? -1
                    : before == after ? 0
                                      : ht_str_compare(ht_row_id(before), ht_row_id(after));

        if (order < 0)
            ht_vec_add(&difference->drop, before);
        else if (order > 0 || !ht_row_equal(before, after))
            ht_vec_add(&difference->put, after);
        i += order <= 0;
        j += order >= 0;
    }
}

/* Rows or ids of one table, as a member of the object that is open. */
static void put_list(struct ht_json_writer *json, const struct ht_table *table,
                     const struct ht_vec *rows, bool whole)
{
    if (rows->len == 0)
        return;
    ht_json_key(json, ht_str_from(table->plural));
    ht_json_array_begin(json);
    for (size_t i = 0; i < rows->len; i++) {
        const struct ht_row *row = rows->items[i];

        if (whole)
            ht_struct_write(json, table, ht_row_data(row, table), false);
        else
            ht_json_put_string(json, ht_row_id(row));
    }
    ht_json_array_end(json);
}

/* Returns whether anything differs. */
static bool put_changes(struct ht_json_writer *json, const struct ht_node *old,
                        const struct ht_node *node)
{
    struct difference differences[HT_TABLE_COUNT] = {0};
    size_t put = 0, drop = 0;

    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        compare_sets(&old->sets[id], &node->sets[id], &differences[id]);
        put += differences[id].put.len;
        drop += differences[id].drop.len;
    }
    if (put) {
        ht_json_key(json, HT_S("put"));
        ht_json_object_begin(json);
        for (int id = 0; id < HT_TABLE_COUNT; id++)
            put_list(json, ht_table_get((enum ht_table_id)id), &differences[id].put, true);
        ht_json_object_end(json);
    }
    if (drop) {
        ht_json_key(json, HT_S("drop"));
        ht_json_object_begin(json);
        for (int id = 0; id < HT_TABLE_COUNT; id++)
            put_list(json, ht_table_get((enum ht_table_id)id), &differences[id].drop, false);
        ht_json_object_end(json);
    }
    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        ht_vec_fini(&differences[id].put);
        ht_vec_fini(&differences[id].drop);
    }
    return put || drop;
}

static void put_first(struct ht_json_writer *json, const struct ht_node *node, int64_t at)
{
    ht_json_key(json, HT_S("schema"));
    ht_json_put_string(json, HT_S(HT_NODE_SCHEMA));
    ht_json_key(json, HT_S("recording"));
    ht_json_put_bool(json, true);
    ht_json_key(json, HT_S("taken_at"));
    ht_document_put_time(json, at);
    ht_node_write_tables(json, node);
}

/* Writes the object of one line; false if there is nothing to tell. */
static bool put_line(const struct ht_recorder *recorder, struct ht_buf *out,
                     const struct ht_node *node, int64_t at, bool full)
{
    struct ht_json_writer json;
    bool changed;

    ht_json_begin(&json, out, HT_JSON_COMPACT, HT_JSON_LOSSLESS);
    ht_json_object_begin(&json);
    if (!recorder->last) {
        put_first(&json, node, at);
        ht_json_object_end(&json);
        return true;
    }
    ht_json_key(&json, HT_S("at"));
    ht_document_put_time(&json, at);

    size_t kept = out->len;
    struct ht_json_writer as_it_was = json;
    changed = put_changes(&json, recorder->last, node);
    if (changed && full) {
        /* The changes told only that there are some. */
        ht_buf_cut(out, kept);
        json = as_it_was;
        ht_json_key(&json, HT_S("node"));
        ht_json_object_begin(&json);
        ht_node_write_tables(&json, node);
        ht_json_object_end(&json);
    }
    ht_json_object_end(&json);
    return changed;
}

int ht_recorder_put(struct ht_recorder *recorder, const struct ht_node *node, struct ht_error *err)
{
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_BODY);
    int64_t at = node->taken_at;
    bool full = !recorder->last || at - recorder->full_at >= full_every_ns;

    /* A wall clock that was set back stands still in a recording, whose times never go back. */
    if (recorder->last && at < recorder->last_at)
        at = recorder->last_at;
    if (!put_line(recorder, &out, node, at, full))
        return 0;
    ht_buf_add_c(&out, '\n');
    if (ht_buf_is_full(&out))
        return ht_error_set(err, E2BIG, "recording: one line takes more than 64 MiB");

    int r = recorder->write(recorder->context, ht_buf_str(&out), err);
    if (r < 0)
        return r;
    ht_node_unref(recorder->last);
    recorder->last = ht_node_ref(node);
    recorder->last_at = at;
    if (full)
        recorder->full_at = at;
    return 0;
}
