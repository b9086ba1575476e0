/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What files of the host tell about who may open a daemon's socket. Layer 3 (source), private. */
#ifndef HT_SOURCE_HOST_SOCKET_H
#define HT_SOURCE_HOST_SOCKET_H

#include "hulltop/base/arena.h"
#include "hulltop/base/http.h"
#include "hulltop/model/row.h"

/* Who listens, as the connection tells it; mode and group of the socket, and the group's members.
 * What a link of a user's leads to says nothing about the daemon. Texts go into the arena. False if
 * the socket cannot be looked at. */
bool ht_host_socket_facts(struct ht_arena *arena, const char *socket_path, struct ht_http_peer peer,
                          struct ht_daemon *daemon);

/* Who may open a socket, as far as a look at its file and at that of the groups tells. */
struct ht_host_access {
    uint64_t mode, uid, gid; /* of the socket; all 0: it cannot be looked at */
    uint64_t groups_dev, groups_ino, groups_size;
    int64_t groups_changed_at; /* nanoseconds */
};

#define HT_HOST_GROUPS "/etc/group"

/* Looks, and keeps in seen what it saw. True if that is another than what was there. groups_path is
 * HT_HOST_GROUPS, but in tests. */
bool ht_host_access_changed(const char *socket_path, const char *groups_path,
                            struct ht_host_access *seen);
/* The daemon's row (taken over) if nothing has changed by that; else with what is told now of who
 * may open its socket. That the socket cannot be looked at any more makes it unknown. */
struct ht_row *ht_host_access_again(const char *socket_path, struct ht_http_peer peer,
                                    struct ht_host_access *seen, struct ht_row *daemon);

/* A socket at a path. Zeroed: it cannot be told from others. */
struct ht_host_socket {
    uint64_t dev, ino;
    int64_t made_at; /* its time of modification, nanoseconds: an inode is used again */
};

/* What is at the path now; zeroed if that is no socket, or the path is empty. */
struct ht_host_socket ht_host_socket_at(const char *socket_path);
/* Whether the path leads to another socket by now. That it leads nowhere is no such thing: who
 * holds a connection to the old one is still answered. */
bool ht_host_socket_is_replaced(const char *socket_path, const struct ht_host_socket *old);

#endif
