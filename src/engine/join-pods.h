/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Containers and the pods that the API has of them. Layer 4 (engine), private; the engine's thread.
 *
 * What ties them is, in this order: the container's id in the pod's status, the uid in the cgroup
 * of its first process, the uid in the labels that a daemon of root's gives.
 */
#ifndef HT_ENGINE_JOIN_PODS_H
#define HT_ENGINE_JOIN_PODS_H

#include "hulltop/base/arena.h"
#include "hulltop/check/facts.h"
#include "hulltop/model/row.h"
#include "hulltop/model/rows.h"

struct ht_join_pods;

/* A container that looks for its pod. */
struct ht_join_seeker {
    const struct ht_container *container;
    struct ht_str cgroup; /* of its first process; empty: not seen */
    bool of_root;         /* the daemon that lists it is root's */
};

struct ht_join_found {
    const struct ht_row *row; /* as its source gave it, borrowed; NULL: none */
    struct ht_str by;         /* what ties it; or why there is none; empty: it is of no pod */
};

struct ht_join_pods *ht_join_pods_new(void);
/* NULL is allowed; returns NULL. */
struct ht_join_pods *ht_join_pods_free(struct ht_join_pods *pods);
/* Rows are borrowed until free: a pod, and the source row that tells whether pods are listed. */
void ht_join_pods_add(struct ht_join_pods *pods, const struct ht_row *pod);
void ht_join_pods_set_source(struct ht_join_pods *pods, const struct ht_row *source);

/* The pod of a container. Texts are static or the source row's. */
struct ht_join_found ht_join_pods_find(const struct ht_join_pods *pods,
                                       const struct ht_join_seeker *seeker, struct ht_arena *arena);
/* Puts what the pod tells into a container before it is classified: name, owner, labels, image. */
void ht_join_pods_apply(const struct ht_row *pod, struct ht_arena *arena,
                        struct ht_container *container);
/* The same after it was classified: its class, and what differs. */
void ht_join_pods_compare(const struct ht_row *pod, const struct ht_host *host,
                          const struct ht_facts *facts, struct ht_arena *arena,
                          struct ht_container *container);
/* Counts one container as seen; the pod's own sandbox is none. */
void ht_join_pods_see(struct ht_join_pods *pods, const struct ht_row *pod,
                      const struct ht_container *container);
/* How many of its containers were seen; and why none was, empty if one was. engines: container
 * runtimes that answer. */
size_t ht_join_pods_seen(const struct ht_join_pods *pods, const struct ht_row *pod, size_t engines,
                         struct ht_str *ret_why);

#endif
