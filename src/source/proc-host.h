/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The node's own facts. Layer 3 (source); any thread. */
#ifndef HT_SOURCE_PROC_HOST_H
#define HT_SOURCE_PROC_HOST_H

#include <stdbool.h>

#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/model/rows.h"

/* Fills host with what the files below root say and, if live, the running kernel. Texts live in the
 * arena. What cannot be read stays unknown. 0, or -errno if root cannot be opened. */
int ht_host_read(const char *root, bool live, struct ht_arena *arena, struct ht_host *host,
                 struct ht_error *err);
/* True if pid 1 as we see it is not the machine's first process: we are in a container. */
bool ht_host_is_contained(const struct ht_host *host);

#endif
