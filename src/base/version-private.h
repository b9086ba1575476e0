/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the orders of versions share. Layer 1 (base), private. */
#ifndef HT_BASE_VERSION_PRIVATE_H
#define HT_BASE_VERSION_PRIVATE_H

#include "hulltop/base/version.h"

/* Takes the bytes that belong off the front of *rest and returns them. */
struct ht_str ht_version_cut(struct ht_str *rest, bool (*belongs)(char c));
/* Order of two runs of digits as numbers of any length; none is 0. */
int ht_version_compare_numbers(struct ht_str a, struct ht_str b);

#endif
