/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order of Debian versions, as apt has it. Pure. */
#ifndef HT_SOURCE_DEB_VERSION_H
#define HT_SOURCE_DEB_VERSION_H

#include "hulltop/base/str.h"

/* <0, 0, >0. Where dpkg would refuse a version, apt's order holds: a list is what it is. "1.0" and
 * "1.0-0" and "0:1.0" are equal. */
int ht_deb_version_compare(struct ht_str a, struct ht_str b);

#endif
