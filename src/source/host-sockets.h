/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which sockets of a list are on the node. Layer 3 (source); any thread. */
#ifndef HT_SOURCE_HOST_SOCKETS_H
#define HT_SOURCE_HOST_SOCKETS_H

#include "hulltop/base/arena.h"
#include "hulltop/base/root.h"
#include "hulltop/model/rows.h"

/* Sets host->sockets: of each path whether a socket is there below root; a part "*" of it stands
 * for any name. Nothing is opened but folders. paths must live as long as host; the rest is in the
 * arena. */
void ht_host_read_sockets(const struct ht_root *root, const struct ht_text_list *paths,
                          struct ht_arena *arena, struct ht_host *host);

#endif
