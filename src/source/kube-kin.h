/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pods of one workload say nearly the same: what they share is kept once. Layer 3 (source),
 * private.
 */
#ifndef HT_SOURCE_KUBE_KIN_H
#define HT_SOURCE_KUBE_KIN_H

#include "hulltop/base/vec.h"
#include "hulltop/model/row.h"

/* Pods to share with, one a workload; made by ht_map_new. */
struct ht_kube_kin {
    struct ht_map *by_owner;
};

/* The same pod, which shares with one of its workload what both say; consumes row. */
struct ht_row *ht_kube_kin_share(const struct ht_kube_kin *kin, struct ht_row *row);
/* Those that come later share with this one; takes a reference. */
void ht_kube_kin_note(struct ht_kube_kin *kin, const struct ht_row *row);
/* Forgets them all. */
void ht_kube_kin_fini(struct ht_kube_kin *kin);

#endif
