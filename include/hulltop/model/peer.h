/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the peer of a connection means, said once for sources and checks. Layer 2 (model); pure. */
#ifndef HT_MODEL_PEER_H
#define HT_MODEL_PEER_H

#include <stdbool.h>

#include "hulltop/base/str.h"

/* Whether "169.254.169.254:80", as a process row has its peers, is a metadata service: who asks it
 * gets the node's identity in its cloud. */
bool ht_peer_is_metadata(struct ht_str peer);

#endif
