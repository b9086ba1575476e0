/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One etcd database file, looked at again and again. Layer 3 (source); one thread.
 */
#ifndef HT_SOURCE_ETCD_STORE_H
#define HT_SOURCE_ETCD_STORE_H

#include <stdbool.h>

#include "etcd-tree.h"
#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/base/root.h"
#include "hulltop/model/rows.h"

enum ht_etcd_store_flags {
    HT_ETCD_REMNANTS = 1 << 0, /* look at free pages too, if anything changed since */
    HT_ETCD_WAL = 1 << 1,      /* look at the write-ahead log beside it, if there is one */
};

struct ht_etcd_store;

/* A file of which nothing was read yet; root is borrowed for the store's life, path copied. */
struct ht_etcd_store *ht_etcd_store_new(const struct ht_root *root, const char *path);
/* NULL is allowed; returns NULL. */
struct ht_etcd_store *ht_etcd_store_free(struct ht_etcd_store *store);
/* Brings it up to date: 1 when something changed, 0 when nothing did, or -errno when it cannot be
 * read at all; what was known of it is forgotten then. */
int ht_etcd_store_refresh(struct ht_etcd_store *store, unsigned flags, const struct ht_pace *pace,
                          struct ht_error *err);
/* Fills the row's facts from what was read; texts live in arena or as long as the store is not
 * refreshed. */
void ht_etcd_store_tell(struct ht_etcd_store *store, struct ht_arena *arena,
                        struct ht_datastore *row);
/* Leaves and passes of the last refresh, and bytes read in all. */
struct ht_etcd_cost {
    size_t leaves;
    unsigned passes;
    uint64_t bytes;
};
struct ht_etcd_cost ht_etcd_store_cost(const struct ht_etcd_store *store);

#endif
