/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of the join that have a file of their own. Layer 4 (engine), private. */
#ifndef HT_ENGINE_JOIN_H
#define HT_ENGINE_JOIN_H

#include "hulltop/base/vec.h"
#include "hulltop/check/facts.h"
#include "hulltop/model/row.h"

/* Whether the daemon that lists a container is root's. daemons holds const struct ht_row *. */
bool ht_join_is_roots(const struct ht_vec *daemons, const struct ht_row *container);
/* Whether any of them is a user's own. */
bool ht_join_has_users(const struct ht_vec *daemons);
/* Whether the daemon that lists a container can have started that process: a user's daemon starts
 * none outside of that user's slice, and none of root's. */
bool ht_join_may_have(const struct ht_vec *daemons, const struct ht_row *container,
                      const struct ht_process *process);

/* Whether the element of a process's cgroup that names a container lies in a part of the tree that
 * systemd hands to a user, who makes groups there and calls them what he likes: below his manager,
 * or below a service where the group is his. What the container calls the groups below its own says
 * nothing; false where no element names it. */
bool ht_join_is_users_own(const struct ht_process *process, struct ht_str id);
/* Whether a user called a group of his own, that of the process, like a container of root's daemon,
 * which did not put it there. */
bool ht_join_is_borrowed(const struct ht_vec *daemons, const struct ht_row *container,
                         const struct ht_process *process);

/* A daemon may be behind, or lie; what has processes runs. */
void ht_join_apply_running(struct ht_container *container);
/* Whether a process can be a Docker daemon. */
bool ht_join_is_engine(const struct ht_process *process);
/* The daemon row with what its process tells (TCP listeners, TLS); engines holds the const struct
 * ht_row * of processes that are one and in no container. Returns a new reference. */
struct ht_row *ht_join_daemon(const struct ht_row *daemon, const struct ht_vec *engines);

/* The builder ("buildkit", "buildah") whose step of that id runs in that cgroup, or NULL. */
const char *ht_join_step(struct ht_str cgroup, struct ht_str id);
/* The builder that a step has whose first process is a child of parent, or NULL. */
const char *ht_join_step_parent(const struct ht_process *parent);
/* The code or layer row with the container it is of (empty: of none that is known), with what the
 * runtime's list of changes (NULL: none) tells of what its source was blind to and, of code, the
 * known tool that puts it there; told is the container as its runtime tells it (NULL: it does not).
 * Returns a new reference. */
struct ht_row *ht_join_code(const struct ht_facts *facts, const struct ht_row *row,
                            struct ht_str container, const struct ht_row *diff,
                            const struct ht_container *told);
/* The support or component row judged by the fact tables, as of now; samples' daemons are told from
 * daemons (const struct ht_row *). Returns a new reference. */
struct ht_row *ht_join_upkeep(const struct ht_facts *facts, int64_t now, const struct ht_row *row,
                              const struct ht_vec *daemons);

/* The host row with its cluster's name, size and this node's taints; cluster NULL: none is known.
 * Returns a new reference. */
struct ht_row *ht_join_host(const struct ht_row *host, const struct ht_row *cluster);

#endif
