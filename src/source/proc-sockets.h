/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process talks to: its first three descriptors, its TCP connections. Layer 3 (source); one
 * thread.
 *
 * The sockets of a network namespace are read once for all its processes of one look; a process's
 * own are told by its descriptors, of which HT_PROC_FDS_MAX are looked at.
 */
#ifndef HT_SOURCE_PROC_SOCKETS_H
#define HT_SOURCE_PROC_SOCKETS_H

#include <sys/types.h>

#include "hulltop/base/arena.h"
#include "hulltop/model/rows.h"

struct ht_proc_reader;
struct ht_net_cache;

enum {
    HT_PROC_FDS_MAX = 256,     /* descriptors of one process that are looked at */
    HT_PROC_PEERS_MAX = 8,     /* peers, and listening addresses, that are kept of one */
    HT_NET_SPACES_MAX = 16,    /* namespaces whose sockets are kept during a look */
    HT_NET_SOCKETS_MAX = 16384 /* sockets of one */
};

/* An empty cache, owned by the caller; NULL is allowed to free. */
struct ht_net_cache *ht_net_cache_new(void);
struct ht_net_cache *ht_net_cache_free(struct ht_net_cache *cache);
/* Forgets what was read: connections come and go. */
void ht_net_cache_forget(struct ht_net_cache *cache);

/* stdio of any process; nothing is set where it may not be read. */
void ht_proc_read_stdio(struct ht_proc_reader *reader, pid_t pid, struct ht_arena *arena,
                        struct ht_process *process);
/* peers (of too many, those that serve the node's identity in a cloud are always kept) and listens;
 * nothing is set where they may not be read, or where it has so many descriptors
 * that not all were looked at and none was found. */
void ht_proc_read_peers(struct ht_proc_reader *reader, pid_t pid, struct ht_arena *arena,
                        struct ht_process *process);

/* The inode of the socket that a descriptor's link leads to; 0: it is none, or may not be read. */
uint64_t ht_proc_socket_at(int dirfd, const char *path);
/* Whether descriptor name of an open /proc/PID/fd may be a socket of TCP, where it was this socket
 * a moment ago. What became another file meanwhile is not asked anything: it may be one that never
 * answers. */
bool ht_proc_may_be_tcp(int fd_dir, const char *name, uint64_t socket);

#endif
