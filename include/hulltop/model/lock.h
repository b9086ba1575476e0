/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How code and packages stand in a baseline: for who writes it and who compares with it.
 * Layer 2 (model); pure. */
#ifndef HT_MODEL_LOCK_H
#define HT_MODEL_LOCK_H

#include "hulltop/base/arena.h"
#include "hulltop/model/rows.h"

/* Whether code belongs into a baseline: a file, and not the image's own. */
bool ht_lock_is_about(const struct ht_code *code);
/* "executable 6e34... /tmp/x", in the arena. */
struct ht_str ht_lock_code(struct ht_arena *arena, const struct ht_code *code);
/* "apk nmap 7.94-r0", in the arena. */
struct ht_str ht_lock_package(struct ht_arena *arena, const struct ht_package_change *change);

#endif
