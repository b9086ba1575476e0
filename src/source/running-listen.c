/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "running-listen.h"

#include <stdio.h>

#include "net-table.h"

/* The kernel's number of a socket that is connected to nobody: of UDP, one that is bound. */
enum { UNCONNECTED = 7 };

const char *const ht_listen_tables[] = {"tcp", "tcp6", "udp", "udp6", NULL};

bool ht_listen_next(struct ht_str *text, const char *table, struct ht_listening *ret_listener)
{
    unsigned waits = table[0] == 't' ? HT_NET_LISTEN : UNCONNECTED;
    struct ht_net_socket socket;
    char address[HT_NET_TEXT_MAX];

    while (ht_net_next(text, table[3] == '6', &socket)) {
        if (socket.state != waits)
            continue;
        ret_listener->inode = socket.inode;
        ret_listener->loopback = ht_net_is_loopback(&socket.local);
        snprintf(ret_listener->address, sizeof(ret_listener->address), "%.3s %s", table,
                 ht_net_format(&socket.local, address));
        return true;
    }
    return false;
}
