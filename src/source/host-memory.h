/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where what processes have in memory can come to lie: swap and core dumps. Layer 3 (source),
 * private; may block as files do. */
#ifndef HT_SOURCE_HOST_MEMORY_H
#define HT_SOURCE_HOST_MEMORY_H

#include "hulltop/base/arena.h"
#include "hulltop/base/root.h"
#include "hulltop/model/rows.h"

/* Sets what root tells of swap areas and of core dumps that were kept; live: root is that of the
 * running system, so that devices of files can be told. Texts go into the arena. */
void ht_host_read_memory(const struct ht_root *root, bool live, struct ht_arena *arena,
                         struct ht_host *host);

#endif
