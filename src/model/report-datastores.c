/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Datastores in the report: their rows, and what is live once more by resource and key. */
#include "src/model/document-inner.h"

#include "hulltop/base/limits.h"

static bool is_same_key(const struct ht_stored_under *a, const struct ht_stored_under *b)
{
    return ht_str_equal(a->provider, b->provider) && ht_str_equal(a->key, b->key);
}

/* "PROVIDER:KEY": n; keys of a KMS behind one plugin are one. */
static void put_encrypted(struct ht_json_writer *json, const struct ht_stored *stored)
{
    ht_json_key(json, HT_S("encrypted"));
    ht_json_object_begin(json);
    for (size_t i = 0; i < stored->encrypted.len; i++) {
        const struct ht_stored_under *under = &stored->encrypted.items[i];
        ht_autobuf struct ht_buf name = HT_BUF(HT_LIMIT_ARG);
        uint64_t count = 0;
        bool told = false;

        for (size_t j = 0; j < stored->encrypted.len; j++) {
            if (!is_same_key(&stored->encrypted.items[j], under))
                continue;
            told = told || j < i;
            count += stored->encrypted.items[j].count;
        }
        if (told)
            continue;
        ht_buf_add_str(&name, under->provider);
        ht_buf_add_c(&name, ':');
        ht_buf_add_str(&name, under->key);
        ht_json_key(json, ht_buf_str(&name));
        ht_json_put_uint(json, count);
    }
    ht_json_object_end(json);
}

static void put_live(struct ht_json_writer *json, const struct ht_datastore *store)
{
    ht_json_key(json, HT_S("live"));
    if (!ht_datastore_has_stored(store)) {
        ht_json_put_null(json);
        return;
    }
    ht_json_object_begin(json);
    for (size_t i = 0; i < store->stored.len; i++) {
        const struct ht_stored *stored = &store->stored.items[i];

        ht_json_key(json, stored->resource);
        ht_json_object_begin(json);
        ht_json_key(json, HT_S("plaintext"));
        ht_json_put_uint(json, stored->plaintext);
        ht_json_key(json, HT_S("malformed"));
        if (ht_stored_has_malformed(stored))
            ht_json_put_uint(json, stored->malformed);
        else
            ht_json_put_null(json);
        put_encrypted(json, stored);
        ht_json_object_end(json);
    }
    ht_json_object_end(json);
}

void ht_report_put_datastores(struct ht_json_writer *json, const struct ht_node *node)
{
    const struct ht_rowset *stores = ht_node_set(node, HT_TABLE_DATASTORE);

    ht_json_key(json, HT_S("datastores"));
    ht_json_array_begin(json);
    for (size_t i = 0; i < stores->len; i++) {
        const struct ht_datastore *store = ht_datastore_of(stores->rows[i]);

        ht_json_object_begin(json);
        ht_struct_write_fields(json, &ht_datastore_table, store, true);
        put_live(json, store);
        ht_json_object_end(json);
    }
    ht_json_array_end(json);
}
