/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was made from unchanged rows is made once: for each derived row the cache remembers the rows
 * it was made from (by identity) and hands the same row out again. Layer 4 (engine), private; the
 * engine's thread.
 */
#ifndef HT_ENGINE_JOIN_CACHE_H
#define HT_ENGINE_JOIN_CACHE_H

#include "hulltop/base/buf.h"
#include "hulltop/model/row.h"

enum { HT_JOIN_INPUTS = 4 };

struct ht_join_cache;

/* Owned by the caller. */
struct ht_join_cache *ht_join_cache_new(void);
/* NULL is allowed; returns NULL. */
struct ht_join_cache *ht_join_cache_free(struct ht_join_cache *cache);
/* A join begins; it ended, and what it did not use is forgotten. */
void ht_join_cache_begin(struct ht_join_cache *cache);
void ht_join_cache_end(struct ht_join_cache *cache);

/* The name of the row of that id that is made for a table; lies in buf. */
struct ht_str ht_join_key(struct ht_buf *buf, const struct ht_table *table, struct ht_str id);
/* The row made before from exactly these inputs (NULL allowed) and that number, a new reference; or
 * NULL. */
struct ht_row *ht_join_recall(struct ht_join_cache *cache, struct ht_str key,
                              const struct ht_row *const inputs[HT_JOIN_INPUTS], uint64_t number);
/* Remembers a fresh row (consumed) and returns a reference to it, or to the equal one from before.
 */
struct ht_row *ht_join_remember(struct ht_join_cache *cache, struct ht_str key,
                                const struct ht_row *const inputs[HT_JOIN_INPUTS], uint64_t number,
                                struct ht_row *fresh);

#endif
