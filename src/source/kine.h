/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kine's table in an SQLite file, as k3s and k0s keep it: a row for each change, the newest row of
 * a name counts, and old_value keeps what was there before it. Layer 3 (source); one thread.
 */
#ifndef HT_SOURCE_KINE_H
#define HT_SOURCE_KINE_H

#include "etcd-tree.h"
#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/base/root.h"
#include "hulltop/model/rows.h"

struct ht_kine;

/* A file of which nothing was read yet; root is borrowed for its life, path copied. */
struct ht_kine *ht_kine_new(const struct ht_root *root, const char *path);
/* NULL is allowed; returns NULL. */
struct ht_kine *ht_kine_free(struct ht_kine *kine);
/* Reads it if it or its log changed: 1, else 0; -errno with the reason when it cannot be read. */
int ht_kine_refresh(struct ht_kine *kine, const struct ht_pace *pace, struct ht_error *err);
/* Fills the row's facts from what was read; texts live in arena or until the next refresh. */
void ht_kine_tell(struct ht_kine *kine, struct ht_arena *arena, struct ht_datastore *row);

#endif
