/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks of the host's packages share. */
#ifndef HT_CHECK_PKG_H
#define HT_CHECK_PKG_H

#include "hulltop/base/arena.h"
#include "hulltop/model/rows.h"

/* True for a host that is replaced as a whole: it has no packages to update. */
bool ht_pkg_is_image(const struct ht_package_db *db);
/* "2 Nov 2026", in UTC. */
struct ht_str ht_pkg_day(struct ht_arena *arena, int64_t at_ns);
/* Why the lists cannot be trusted at that time, as "the lists are 22 days old (2 Nov 2026)"; empty:
 * they can. */
struct ht_str ht_pkg_distrust(struct ht_arena *arena, const struct ht_package_db *db,
                              int64_t now_ns);
/* The texts with ", " between them, at most so many. */
struct ht_str ht_pkg_names(struct ht_arena *arena, struct ht_text_list names, size_t most);

#endif
