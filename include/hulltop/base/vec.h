/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing array of pointers, and a table from text to pointer. Layer 1 (base); one thread.
 * Neither owns what the pointers point at.
 */
#ifndef HT_BASE_VEC_H
#define HT_BASE_VEC_H

#include <stdbool.h>
#include <stddef.h>

#include "hulltop/base/str.h"

struct ht_vec {
    void **items;
    size_t len;
    size_t cap;
};

#define ht_autovec __attribute__((cleanup(ht_vec_fini)))

/* Appends a borrowed pointer, which may be NULL. */
void ht_vec_add(struct ht_vec *vec, void *item);
/* Frees the array, not the items; the vector is empty and usable. */
void ht_vec_fini(struct ht_vec *vec);

struct ht_map;

/* Returns an empty map, owned by the caller. Keys are copied into it. */
struct ht_map *ht_map_new(void);
/* Frees the map, not the values; NULL is allowed; returns NULL. */
struct ht_map *ht_map_free(struct ht_map *map);
/* Sets key to value (not NULL) and returns the value that was there before, or NULL. */
void *ht_map_set(struct ht_map *map, struct ht_str key, void *value);
/* The value of key, or NULL. */
void *ht_map_get(const struct ht_map *map, struct ht_str key);
/* Takes key out and returns its value, or NULL. */
void *ht_map_remove(struct ht_map *map, struct ht_str key);
size_t ht_map_len(const struct ht_map *map);
/* Calls visit for each entry, in the order of insertion; the map must not change meanwhile. */
typedef void (*ht_map_visit)(void *context, struct ht_str key, void *value);
void ht_map_each(const struct ht_map *map, ht_map_visit visit, void *context);
/* Takes out the entries for which goes returns true; goes frees the value then. The map must not
 * change in it. */
typedef bool (*ht_map_goes)(void *context, struct ht_str key, void *value);
void ht_map_remove_if(struct ht_map *map, ht_map_goes goes, void *context);
/* Takes out all entries and frees their values, each with free(). NULL is allowed. */
void ht_map_free_values(struct ht_map *map);

#endif
