/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "join-cache.h"

#include <stdlib.h>

#include "hulltop/base/vec.h"
#include "hulltop/base/mem.h"

/* A derived row and what it was made from. */
struct made {
    struct ht_row *row;
    struct ht_row *inputs[HT_JOIN_INPUTS]; /* references, NULL allowed */
    uint64_t number;
    uint64_t pass; /* the last join that used it */
};

struct ht_join_cache {
    struct ht_map *made; /* key to struct made */
    uint64_t pass;
};

static void forget(struct made *made)
{
    ht_row_unref(made->row);
    for (size_t i = 0; i < ARRAY_LEN(made->inputs); i++)
        ht_row_unref(made->inputs[i]);
    free(made);
}

struct ht_str ht_join_key(struct ht_buf *buf, const struct ht_table *table, struct ht_str id)
{
    ht_buf_reset(buf);
    ht_buf_add_c(buf, (char)('A' + table->id));
    ht_buf_add_str(buf, id);
    return ht_buf_str(buf);
}

struct ht_row *ht_join_recall(struct ht_join_cache *cache, struct ht_str key,
                              const struct ht_row *const inputs[HT_JOIN_INPUTS], uint64_t number)
{
    struct made *made = ht_map_get(cache->made, key);

    if (!made || made->number != number)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(made->inputs); i++) {
        if (made->inputs[i] != inputs[i])
            return NULL;
    }
    made->pass = cache->pass;
    return ht_row_ref(made->row);
}

struct ht_row *ht_join_remember(struct ht_join_cache *cache, struct ht_str key,
                                const struct ht_row *const inputs[HT_JOIN_INPUTS], uint64_t number,
                                struct ht_row *fresh)
{
    struct made *before = ht_map_get(cache->made, key);
    struct made *made = ht_new0(struct made);

    made->row = ht_row_keep_derived(before ? before->row : NULL, fresh);
    made->number = number;
    made->pass = cache->pass;
    for (size_t i = 0; i < ARRAY_LEN(made->inputs); i++)
        made->inputs[i] = inputs[i] ? ht_row_ref(inputs[i]) : NULL;
    ht_map_set(cache->made, key, made);
    if (before)
        forget(before);
    return ht_row_ref(made->row);
}

static bool is_stale(void *context, struct ht_str key, void *value)
{
    const struct ht_join_cache *cache = context;
    struct made *made = value;

    (void)key;
    if (made->pass == cache->pass)
        return false;
    forget(made);
    return true;
}

static void forget_visit(void *context, struct ht_str key, void *value)
{
    (void)context;
    (void)key;
    forget(value);
}

struct ht_join_cache *ht_join_cache_new(void)
{
    struct ht_join_cache *cache = ht_new0(struct ht_join_cache);

    cache->made = ht_map_new();
    return cache;
}

struct ht_join_cache *ht_join_cache_free(struct ht_join_cache *cache)
{
    if (cache) {
        ht_map_each(cache->made, forget_visit, NULL);
        ht_map_free(cache->made);
    }
    free(cache);
    return NULL;
}

void ht_join_cache_begin(struct ht_join_cache *cache)
{
    cache->pass++;
}

void ht_join_cache_end(struct ht_join_cache *cache)
{
    ht_map_remove_if(cache->made, is_stale, cache);
}
