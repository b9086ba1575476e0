/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files of the node can be looked at without waiting for anybody. Layer 3 (source); one
 * thread.
 *
 * Whoever runs a program chooses the paths that it maps and the words it was started with. Where he
 * may put links and mounts, a path can lead to a file system of his own, which need not answer, and
 * a look there would not end. So those are not entered: what the mount table names is left out,
 * what is mounted meanwhile is refused by the kernel, and links are followed step by step. In the
 * trees of the system only root has a say; a node whose own programs hang does nothing at all.
 */
#ifndef HT_SOURCE_RUNNING_REACH_H
#define HT_SOURCE_RUNNING_REACH_H

#include <stdbool.h>
#include <sys/stat.h>

#include "hulltop/base/arena.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/root.h"

struct ht_reach_mount;

struct ht_reach {
    const struct ht_root *root; /* borrowed */
    int proc_fd;                /* borrowed */
    struct ht_arena *arena;     /* NULL: the mounts were not asked for yet */
    struct ht_reach_mount *mounts;
    size_t len;
    size_t steps; /* names that were looked at one by one since the mounts were read */
    size_t far;   /* looks that were left out */
};

/* About the file behind the path, with O_NOFOLLOW in flags about a link itself. 0 or -errno;
 * -EXDEV: it lies where an answer may never come, or the mounts are not known, or paths with links
 * or ".." had too many names, and it was not looked at. */
int ht_reach_stat(struct ht_reach *reach, const char *path, int flags, struct stat *ret_stat);
/* Forgets the mounts, and how many names were looked at: the next look begins anew. */
void ht_reach_forget(struct ht_reach *reach);

#endif
