/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The groups of many processes by the lists of these groups. Layer 3 (source); one thread.
 *
 * Where processes in a row are in the same groups, as those of one service are and all threads of
 * the kernel, the lists of these groups name everybody else who is in them: a line of a list costs
 * the kernel a tenth of what it takes to open and read one process's file, which says the same. Of
 * a hierarchy without any other group not even its list is read.
 */
#ifndef HT_SOURCE_CGROUP_MEMBERS_H
#define HT_SOURCE_CGROUP_MEMBERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "hulltop/base/str.h"

enum { HT_CGROUP_MEMBERS_RUN = 32 /* so many alike in a row make the lists be read */ };

struct ht_cgroup_members;

struct ht_cgroup_members *ht_cgroup_members_new(void);
/* NULL is allowed; returns NULL. */
struct ht_cgroup_members *ht_cgroup_members_free(struct ht_cgroup_members *members);
/* A look at so many processes in the process table behind proc_fd (borrowed until the end) begins:
 * what lists said before counts no longer. Lists may cost half of what as many files would. Where
 * the table is another PID namespace's, which counts otherwise, no list is read. */
void ht_cgroup_members_begin(struct ht_cgroup_members *members, int proc_fd, size_t processes);
/* What /proc/PID/cgroup says of a process that had started by then (ns since boot) at the latest;
 * empty: its own file must be asked. Valid until another function is called. */
struct ht_str ht_cgroup_members_find(const struct ht_cgroup_members *members, pid_t pid,
                                     int64_t started_ns);
/* Its own file says that; the lists may be read now. */
void ht_cgroup_members_met(struct ht_cgroup_members *members, pid_t pid, struct ht_str text);
/* The look is over; frees what the lists said. */
void ht_cgroup_members_end(struct ht_cgroup_members *members);

#endif
