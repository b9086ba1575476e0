/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What whoever has a path of the node's identity in a cluster gets (PRV-008), of containers and of
 * pods. Layer 3 (check), private; pure.
 */
#ifndef HT_CHECK_CLUSTER_PATH_H
#define HT_CHECK_CLUSTER_PATH_H

#include "view.h"

enum cluster_path {
    CLUSTER_PATH_NOTHING,
    CLUSTER_PATH_CERTIFICATE,    /* whom the cluster trusts, to change */
    CLUSTER_PATH_NODE,           /* the node's credentials */
    CLUSTER_PATH_READ_PODS,      /* static pods, to read */
    CLUSTER_PATH_PODS,           /* static pods, to write */
    CLUSTER_PATH_LIKELY_MASTERS, /* the same as below, if an API server runs on the node */
    CLUSTER_PATH_MASTERS,        /* an administrator's keys */
};

/* What path opens, which that entry of the list kubelet (NULL is allowed) is of; apiserver: whether
 * an API server runs on the node. */
enum cluster_path ht_cluster_path(const struct ht_fact_path *fact, struct ht_str path,
                                  bool writable, enum tri apiserver);
bool ht_cluster_path_is_masters(enum cluster_path opens);
/* The title of a finding about it, with %.*s for the path. */
const char *ht_cluster_path_title(enum cluster_path opens);
/* The words for it. Borrowed from the entry, or static. */
struct ht_str ht_cluster_path_gives(enum cluster_path opens, const struct ht_fact_path *fact);

#endif
