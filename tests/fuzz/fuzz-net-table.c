/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of sockets: whatever is read can be written. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/source/net-table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int six = 0; six < 2; six++) {
        struct ht_str text = {.data = (const char *)data, .len = size};
        struct ht_net_socket socket;
        char out[HT_NET_TEXT_MAX];

        while (ht_net_next(&text, six, &socket)) {
            if (!strchr(ht_net_format(&socket.local, out), ':') ||
                !strchr(ht_net_format(&socket.remote, out), ':'))
                abort();
            (void)ht_net_is_loopback(&socket.remote);
        }
    }
    return 0;
}
