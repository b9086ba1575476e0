/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that the kernel has and /proc does not list: what hides them changes how folders are
 * listed, and seldom the lists of control groups. Layer 3 (source), of the source "drift".
 */
#ifndef HT_SOURCE_DRIFT_HIDDEN_H
#define HT_SOURCE_DRIFT_HIDDEN_H

#include <sys/types.h>

#include "drift-groups.h"
#include "hulltop/base/arena.h"
#include "hulltop/model/node.h"

struct ht_hidden_ask {
    int cgroup_fd; /* the topmost control group of a hierarchy */
    int proc_fd;   /* "/proc" of the same pid namespace */
    /* Whether there is a process of that id now. */
    bool (*is_alive)(int proc_fd, pid_t pid);
    struct ht_groups *groups; /* is told who is in which; NULL: nobody wants to know */
};

/* The first of those that are hidden, "PID in /CGROUP", in the arena. 0, or -errno where a list
 * could not be read, or not whole (and no one was found). */
int ht_hidden_find(const struct ht_hidden_ask *ask, struct ht_arena *arena,
                   struct ht_text_list *ret_hidden);
/* Whether there is a process of that id now; a thread is none, and no list of /proc has it. */
bool ht_hidden_is_alive(int proc_fd, pid_t pid);
/* The same of this system. -EPERM: /proc does not show everybody's processes to us, or is another
 * namespace's, or not all control groups are ours to see; -ENOENT: none are mounted whole. groups
 * (NULL allowed) is told where it would be told the same by each process. */
int ht_hidden_read(int proc_fd, struct ht_groups *groups, struct ht_arena *arena,
                   struct ht_text_list *ret_hidden);

#endif
