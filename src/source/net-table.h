/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets of a network namespace, from /proc/PID/net/{tcp,tcp6,udp,udp6}. Layer 3 (source); pure.
 */
#ifndef HT_SOURCE_NET_TABLE_H
#define HT_SOURCE_NET_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "hulltop/base/str.h"

enum ht_net_state { HT_NET_ESTABLISHED = 1, HT_NET_UNCONNECTED = 7, HT_NET_LISTEN = 10 };

struct ht_net_end {
    unsigned char address[16]; /* network order; the first four bytes without six */
    uint16_t port;
    bool six;
};

struct ht_net_socket {
    uint64_t inode;
    unsigned state; /* the kernel's number */
    struct ht_net_end local;
    struct ht_net_end remote;
};

/* Steps through the sockets of a table's text; lines that are none are passed over. False at the
 * end. */
bool ht_net_next(struct ht_str *text, bool six, struct ht_net_socket *ret_socket);
/* The inode of a descriptor's link, "socket:[411]"; 0: it is no socket. */
uint64_t ht_net_socket_inode(struct ht_str link);
/* An address of this machine alone. */
bool ht_net_is_loopback(const struct ht_net_end *end);

/* An address that serves a node's identity in its cloud. */
bool ht_net_is_metadata(const struct ht_net_end *end);

enum { HT_NET_TEXT_MAX = 64 };
/* "203.0.113.5:4444", "[2001:db8::1]:22" into out (HT_NET_TEXT_MAX bytes); returns out. A mapped
 * IPv4 address is written as what it is. */
const char *ht_net_format(const struct ht_net_end *end, char *out);

/* ---- who waits for others ---- */

struct ht_listening {
    uint64_t inode;
    bool loopback;    /* reachable from this node alone */
    char address[80]; /* "tcp 0.0.0.0:22", "udp [::]:53" */
};

/* The tables there are: "tcp", "tcp6", "udp", "udp6"; ended by NULL. */
extern const char *const ht_listen_tables[];

/* Steps through the sockets of a table's text that wait for others; false at the end. */
bool ht_listen_next(struct ht_str *text, const char *table, struct ht_listening *ret_listener);

#endif
