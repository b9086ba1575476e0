/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows: immutable, reference-counted, one block of memory with everything in it; one that was made
 * from others may leave texts in theirs.
 * Layer 2 (model). Rows may be shared between threads; counts are atomic.
 *
 * A decoder fills a struct of rows.h whose strings and arrays may live anywhere (an arena), then
 * ht_row_new copies all of it.  Equal facts give equal rows, so a source keeps the row it has
 * (ht_row_keep) and the engine sees by pointer what did not change.
 */
#ifndef HT_MODEL_ROW_H
#define HT_MODEL_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hulltop/base/arena.h"
#include "hulltop/base/str.h"
#include "hulltop/model/rows.h"

#define ht_autorow __attribute__((cleanup(ht_cleanup_row)))

/* Table of a kind of row. */
const struct ht_table *ht_table_get(enum ht_table_id id);
/* Table by its name or plural, or NULL. */
const struct ht_table *ht_table_find(struct ht_str name);

/* Copies the struct at data with all it points at into a new row, but constants of the program; one
 * reference is the caller's. Decoders check their arena's limit before (HT_LIMIT_ROW is the arena's
 * size of one row). */
struct ht_row *ht_row_new(const struct ht_table *table, const void *data);
/* The same for a row made from others: texts and lists of data that lie in one of the lenders (NULL
 * among them is allowed) stay there and are not copied; the new row keeps a reference to those of
 * which it has something. */
struct ht_row *ht_row_derive(const struct ht_table *table, const void *data,
                             const struct ht_row *const *lenders, size_t len);
/* ht_row_new for one of many that say much the same: texts and lists that are equal to those of
 * like (of the same table; NULL allowed), field by field, are lent from it or from what it lends
 * from. */
struct ht_row *ht_row_like(const struct ht_table *table, const void *data,
                           const struct ht_row *like);
/* One more reference; returns row. */
struct ht_row *ht_row_ref(const struct ht_row *row);
/* Drops one reference; NULL is allowed; returns NULL. */
struct ht_row *ht_row_unref(struct ht_row *row);
void ht_cleanup_row(struct ht_row **row);
const struct ht_table *ht_row_table(const struct ht_row *row);
/* Its id (field 0), borrowed. */
struct ht_str ht_row_id(const struct ht_row *row);
/* Bytes it takes, without those of its lenders. */
size_t ht_row_size(const struct ht_row *row);
/* Equal facts, known bits included. */
bool ht_row_equal(const struct ht_row *a, const struct ht_row *b);
/* Gives old another reference and drops fresh if both say the same, else returns fresh: consumes
 * fresh, borrows old (NULL allowed). */
struct ht_row *ht_row_keep(const struct ht_row *old, struct ht_row *fresh);
/* The same of rows that were made from others, by ht_row_derive: only if both lend from the same,
 * for old keeps alive what it lends from, and nobody else may have that any more. */
struct ht_row *ht_row_keep_derived(const struct ht_row *old, struct ht_row *fresh);

/* Equality of structs that are in no row, by known fields. */
bool ht_struct_equal(const struct ht_table *table, const void *a, const void *b);
/* Copies src into dst (caller's storage of table->size bytes), strings and arrays into the arena.
 */
void ht_struct_copy(struct ht_arena *arena, const struct ht_table *table, void *dst,
                    const void *src);

/* ---- sets of rows ---- */

/* Rows of one table, sorted by id, each id once. */
struct ht_rowset {
    struct ht_row **rows;
    size_t len;
    size_t cap;
};

/* Adds at the end, consuming the reference; call ht_rowset_sort before anything is looked up. */
void ht_rowset_add(struct ht_rowset *set, struct ht_row *row);
/* Sorts by id; of rows with the same id the one added last stays. */
void ht_rowset_sort(struct ht_rowset *set);
/* The row with that id, borrowed, or NULL. */
const struct ht_row *ht_rowset_find(const struct ht_rowset *set, struct ht_str id);
/* Adds references to all rows of from. */
void ht_rowset_share(struct ht_rowset *set, const struct ht_rowset *from);
/* Whether both hold the very same rows in the same order. */
bool ht_rowset_same(const struct ht_rowset *a, const struct ht_rowset *b);
/* Drops all references; the set is empty and usable. */
void ht_rowset_fini(struct ht_rowset *set);

#endif
