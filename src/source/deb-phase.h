/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Phased updates: which machines get one already. Pure. */
#ifndef HT_SOURCE_DEB_PHASE_H
#define HT_SOURCE_DEB_PHASE_H

#include "hulltop/base/str.h"

/* The number from 0 to 100 that this machine has drawn for this version, as apt draws it; it waits
 * while the number is greater than the version's percentage. seed is "SOURCE-VERSION-MACHINEID". */
unsigned ht_deb_phase(struct ht_str seed);

#endif
