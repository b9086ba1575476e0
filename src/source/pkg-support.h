/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which release this is, and what the distribution's own table says of it. Layer 3 (source). */
#ifndef HT_SOURCE_PKG_SUPPORT_H
#define HT_SOURCE_PKG_SUPPORT_H

#include "hulltop/base/arena.h"
#include "hulltop/base/root.h"
#include "hulltop/model/rows.h"

/* Sets id, name, product, cycle and version from the text of an os-release file. False if it names
 * no system. Texts go into arena. Pure. */
bool ht_support_decode_release(struct ht_str text, struct ht_arena *arena, struct ht_support *row);
/* Sets the local_ days of row from a CSV of distro-info-data, by the row's cycle. False if that is
 * not in it. Pure. */
bool ht_support_decode_csv(struct ht_str text, struct ht_str cycle, struct ht_support *row);
/* The row of the system below root. False if there is no os-release. */
bool ht_support_read(const struct ht_root *root, struct ht_arena *arena, struct ht_support *row);

#endif
