/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dqlite's folder (microk8s): segments of a log and snapshots, no database that could be read as
 * one state. So it is searched for how stored values begin: copies count too, and that nothing is
 * found proves nothing. Layer 3 (source), private; one thread.
 */
#ifndef HT_SOURCE_DQLITE_H
#define HT_SOURCE_DQLITE_H

#include "etcd-tree.h"
#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/base/root.h"
#include "hulltop/model/rows.h"

struct ht_dqlite;

/* A folder that was not looked at yet; root is borrowed for its life, path copied. */
struct ht_dqlite *ht_dqlite_new(const struct ht_root *root, const char *path);
/* NULL is allowed; returns NULL. */
struct ht_dqlite *ht_dqlite_free(struct ht_dqlite *dqlite);
/* Searches its files if any of them changed: 1; 0: nothing did; -errno: it cannot be listed, or
 * there is nothing of dqlite's in it (-ENOENT). */
int ht_dqlite_refresh(struct ht_dqlite *dqlite, const struct ht_pace *pace, struct ht_error *err);
/* Fills the row's facts; texts live in the arena. The row is never exact. */
void ht_dqlite_tell(const struct ht_dqlite *dqlite, struct ht_arena *arena,
                    struct ht_datastore *row);

#endif
