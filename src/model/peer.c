/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/model/peer.h"

bool ht_peer_is_metadata(struct ht_str peer)
{
    /* Amazon, Google, Azure and most others; Amazon's container tasks; Alibaba; Amazon by IPv6. */
    static const char *const addresses[] = {
        "169.254.169.254:", "169.254.170.2:", "100.100.100.200:", "[fd00:ec2::254]:"};

    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        if (ht_str_has_prefix(peer, addresses[i]))
            return true;
    }
    return false;
}
