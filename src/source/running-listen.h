/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets that wait for others, of the tables that net-table.h reads. Layer 3 (source); pure. */
#ifndef HT_SOURCE_RUNNING_LISTEN_H
#define HT_SOURCE_RUNNING_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/str.h"

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
