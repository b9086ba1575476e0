/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/vec.h"

#include <stdint.h>
#include <string.h>

#include "hulltop/base/mem.h"

enum { VEC_MIN = 4 };

/* A failed allocation ends the program, as everywhere (mem.h). */
#define uthash_fatal(message) abort()
/* uthash's own function falls through cases, which clang warns of in the code that expands it. */
#define HASH_FUNCTION(key, key_len, hash) ((hash) = hash_bytes((key), (key_len)))
#include <uthash.h>

static unsigned hash_bytes(const void *key, size_t len)
{
    return (unsigned)ht_str_table_hash((struct ht_str){.data = key, .len = len});
}

void ht_vec_add(struct ht_vec *vec, void *item)
{
    if (vec->len == vec->cap) {
        vec->cap = vec->cap ? vec->cap * 2 : VEC_MIN;
        vec->items = ht_realloc(vec->items, vec->cap, sizeof(*vec->items));
    }
    vec->items[vec->len++] = item;
}

void ht_vec_fini(struct ht_vec *vec)
{
    free(vec->items);
    *vec = (struct ht_vec){0};
}

struct entry {
    UT_hash_handle hh;
    void *value;
    size_t len;
    char key[];
};

struct ht_map {
    struct entry *entries;
};

struct ht_map *ht_map_new(void)
{
    return ht_new0(struct ht_map);
}

struct ht_map *ht_map_free(struct ht_map *map)
{
    if (map) {
        struct entry *entry = map->entries;

        while (entry) {
            struct entry *next = entry->hh.next;

            HASH_DEL(map->entries, entry);
            free(entry);
            entry = next;
        }
    }
    free(map);
    return NULL;
}

static struct entry *find(const struct ht_map *map, struct ht_str key)
{
    struct entry *entry = NULL;

    HASH_FIND(hh, map->entries, key.data ? key.data : "", key.len, entry);
    return entry;
}

void *ht_map_set(struct ht_map *map, struct ht_str key, void *value)
{
    struct entry *entry = find(map, key);

    if (entry) {
        void *before = entry->value;

        entry->value = value;
        return before;
    }
    entry = ht_alloc0(1, sizeof(*entry) + key.len + 1);
    entry->value = value;
    entry->len = key.len;
    if (key.len)
        memcpy(entry->key, key.data, key.len);
    HASH_ADD_KEYPTR(hh, map->entries, entry->key, entry->len, entry);
    return NULL;
}

void *ht_map_get(const struct ht_map *map, struct ht_str key)
{
    const struct entry *entry = find(map, key);

    return entry ? entry->value : NULL;
}

void *ht_map_remove(struct ht_map *map, struct ht_str key)
{
    struct entry *entry = find(map, key);

    if (!entry)
        return NULL;

    void *value = entry->value;
    HASH_DEL(map->entries, entry);
    free(entry);
    return value;
}

size_t ht_map_len(const struct ht_map *map)
{
    return HASH_COUNT(map->entries);
}

void ht_map_each(const struct ht_map *map, ht_map_visit visit, void *context)
{
    for (struct entry *entry = map->entries; entry; entry = entry->hh.next)
        visit(context, (struct ht_str){.data = entry->key, .len = entry->len}, entry->value);
}

void ht_map_remove_if(struct ht_map *map, ht_map_goes goes, void *context)
{
    for (struct entry *entry = map->entries, *next; entry; entry = next) {
        next = entry->hh.next;
        if (goes(context, (struct ht_str){.data = entry->key, .len = entry->len}, entry->value)) {
            HASH_DEL(map->entries, entry);
            free(entry);
        }
    }
}

static bool free_value(void *context, struct ht_str key, void *value)
{
    (void)context;
    (void)key;
    free(value);
    return true;
}

void ht_map_free_values(struct ht_map *map)
{
    if (map)
        ht_map_remove_if(map, free_value, NULL);
}
