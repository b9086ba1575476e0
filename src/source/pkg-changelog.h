/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ids of holes that the changelog of a package names. Layer 3 (source). */
#ifndef HT_SOURCE_PKG_CHANGELOG_H
#define HT_SOURCE_PKG_CHANGELOG_H

#include "hulltop/base/arena.h"
#include "hulltop/base/root.h"
#include "hulltop/model/field.h"
#include "pkg-installed.h"

enum { HT_CHANGELOG_IDS_MAX = 1000 };

/* Ids, each once, in the order in which they were found. */
struct ht_changelog_ids {
    struct ht_arena *arena; /* borrowed; texts go there */
    struct ht_str items[HT_CHANGELOG_IDS_MAX];
    size_t len;
};

/* Adds every CVE-YEAR-NUMBER in text. Pure. */
void ht_changelog_scan(struct ht_str text, struct ht_changelog_ids *ids);
/* Reads the changelog of a package of that list. True if it was there; on hosts
 * without documents it is not, and the absence of an id proves nothing. */
bool ht_changelog_read(const struct ht_root *root, const struct ht_installed_list *list,
                       struct ht_str package, struct ht_changelog_ids *ids);

#endif
