/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose processes are by the lists of control groups, which are read for what is hidden anyway: ten
 * processes of a container are in one list, and each has a file of its own that says the same.
 * Layer 3 (source), of the source "drift"; its thread.
 */
#ifndef HT_SOURCE_DRIFT_GROUPS_H
#define HT_SOURCE_DRIFT_GROUPS_H

#include <sys/types.h>

#include "hulltop/base/arena.h"

struct ht_groups;

struct ht_groups *ht_groups_new(void);
/* NULL is allowed; returns NULL. */
struct ht_groups *ht_groups_free(struct ht_groups *groups);
/* That group lists that process. Those of one group come one after the other. */
void ht_groups_add(struct ht_groups *groups, pid_t pid, struct ht_str group);
/* The container of a process by the one group that lists it, borrowed. Empty: its file tells more,
 * for no group lists it, or several do (by threads of it), or the group is not surely a
 * container's. */
struct ht_str ht_groups_find(struct ht_groups *groups, pid_t pid);

/* Where the hierarchy begins whose lists are read, in the arena; empty: there is none. Which one
 * /proc/PID/cgroup names first tells most: that of cgroup (of any process) where all of it is
 * mounted (ret_first), or else of version 2, or any. */
struct ht_str ht_groups_mounted(struct ht_str mountinfo, struct ht_str cgroup,
                                struct ht_arena *arena, bool *ret_first);

#endif
