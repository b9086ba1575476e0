/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A node: the newest samples of all sources, joined and derived into one picture.
 * Layer 2 (model). Built by one thread, then immutable and shared; counts are atomic.
 */
#ifndef HT_MODEL_NODE_H
#define HT_MODEL_NODE_H

#include <stdatomic.h>
#include <stdint.h>

#include "hulltop/model/row.h"

struct ht_node {
    atomic_uint refs;
    int64_t taken_at; /* ns since 1970: the clock of everything in it */
    struct ht_rowset sets[HT_TABLE_COUNT];
};

#define ht_autonode __attribute__((cleanup(ht_cleanup_node)))

/* An empty node, owned by the caller, to be filled and then left alone. */
struct ht_node *ht_node_new(int64_t taken_at);
/* One more reference; returns node. */
struct ht_node *ht_node_ref(const struct ht_node *node);
/* Drops one reference; NULL is allowed; returns NULL. */
struct ht_node *ht_node_unref(struct ht_node *node);
void ht_cleanup_node(struct ht_node **node);
/* A new node that shares every row. */
struct ht_node *ht_node_share(const struct ht_node *node);
/* Puts a row into its table, consuming the reference; ht_node_sort must follow. */
void ht_node_add(struct ht_node *node, struct ht_row *row);
void ht_node_sort(struct ht_node *node);
const struct ht_rowset *ht_node_set(const struct ht_node *node, enum ht_table_id table);
/* Borrowed, or NULL. */
const struct ht_row *ht_node_find(const struct ht_node *node, enum ht_table_id table,
                                  struct ht_str id);
/* The host row's facts; a struct with nothing known if there is no such row. Never NULL. */
const struct ht_host *ht_node_host(const struct ht_node *node);

#endif
