/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The addresses on which one process waits for others. Layer 3 (source); one thread. */
#ifndef HT_SOURCE_RUNNING_LISTENS_H
#define HT_SOURCE_RUNNING_LISTENS_H

#include <stdbool.h>
#include <sys/types.h>

#include "hulltop/base/arena.h"
#include "hulltop/model/row.h"

/* Looks into the process table that is open at proc_fd, which stays the caller's. Without addresses
 * of this machine alone; the first twenty, in the arena. False: its descriptors could not be read.
 */
bool ht_listens_of(int proc_fd, pid_t pid, struct ht_arena *arena,
                   struct ht_text_list *ret_listens);

#endif
