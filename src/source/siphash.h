/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SipHash-2-4 with 128 bits, a hash under a secret key. Layer 3 (source); pure. */
#ifndef HT_SOURCE_SIPHASH_H
#define HT_SOURCE_SIPHASH_H

#include <stdint.h>

#include "hulltop/base/str.h"

void ht_siphash(const uint64_t key[2], struct ht_str data, uint64_t ret[2]);

#endif
