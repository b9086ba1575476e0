/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that the kernel has and /proc does not list: what hides them changes how folders are
 * listed, and seldom the lists of control groups. Layer 3 (source), of the source "drift".
 */
#ifndef HT_SOURCE_DRIFT_HIDDEN_H
#define HT_SOURCE_DRIFT_HIDDEN_H

#include <sys/types.h>

#include "hulltop/base/arena.h"
#include "hulltop/model/node.h"

struct ht_hidden_ask {
    int cgroup_fd;               /* the topmost control group of a hierarchy */
    int proc_fd;                 /* "/proc" of the same pid namespace */
    bool (*is_alive)(pid_t pid); /* whether there is a process of that id now */
};

/* The first of those that are hidden, "PID in /CGROUP", in the arena. 0, or -errno where a list
 * could not be read. */
int ht_hidden_find(const struct ht_hidden_ask *ask, struct ht_arena *arena,
                   struct ht_text_list *ret_hidden);
/* The same of this system. -EPERM: /proc does not show everybody's processes to us, or is another
 * namespace's; -ENOENT: no control groups are mounted. */
int ht_hidden_read(int proc_fd, struct ht_arena *arena, struct ht_text_list *ret_hidden);

#endif
