/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What files of the host tell about who may open a daemon's socket. Layer 3 (source), private. */
#ifndef HT_SOURCE_HOST_SOCKET_H
#define HT_SOURCE_HOST_SOCKET_H

#include "hulltop/base/arena.h"
#include "hulltop/model/rows.h"

/* Mode, owner and group of the socket, and the group's members. Texts go into the arena. False if
 * the socket cannot be looked at. */
bool ht_host_socket_facts(struct ht_arena *arena, const char *socket_path,
                          struct ht_daemon *daemon);

#endif
