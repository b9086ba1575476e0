/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a cluster's values are stored, by three kinds of evidence side by side: the bytes of the
 * datastore, what its API server is told, and what that counted since its start. Layer 3 (check);
 * pure.
 */
#ifndef HT_CHECK_STORAGE_H
#define HT_CHECK_STORAGE_H

#include "hulltop/base/arena.h"
#include "hulltop/base/vec.h"
#include "hulltop/model/node.h"

/* What is known; each may be NULL. */
struct ht_storage {
    const struct ht_datastore *store;
    const struct ht_apiserver *apiserver;
    const struct ht_encryption *encryption; /* the file that it names */
    const struct ht_api_counter *counter;
};

/* One proof for each resource that any of them tells of, secrets first and always. Bad news is
 * taken from each kind, good news about what is stored from bytes or counters alone. Texts lie in
 * the arena. */
struct ht_proof_list ht_storage_prove(const struct ht_storage *storage, struct ht_arena *arena);

/* What belongs together on a node, whose API servers and datastores are in rows (const struct
 * ht_row *). Its other rows are looked up in node, which need not be sorted. about is one of rows.
 */
struct ht_storage ht_storage_find(const struct ht_node *node, const struct ht_vec *rows,
                                  const struct ht_row *about);

/* The row, one of rows, with its proofs and what follows from the one of secrets. Returns a new
 * reference. */
struct ht_row *ht_storage_derive(const struct ht_node *node, const struct ht_vec *rows,
                                 const struct ht_row *row);

#endif
