/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which package a file belongs to, by dpkg's, RPM's or apk's records. Layer 3 (source). */
#ifndef HT_SOURCE_PKG_OWNER_H
#define HT_SOURCE_PKG_OWNER_H

#include "hulltop/base/arena.h"
#include "hulltop/base/root.h"
#include "hulltop/base/vec.h"

struct ht_rpm;

/* One question: path is absolute, package the answer (in the arena), empty if none owns it. */
struct ht_owned {
    struct ht_str path;
    struct ht_str package;
    const char *const *likely; /* packages to look into first, NULL at the end; or NULL */
};

/* One place for both names of a file where /usr is merged: "/lib/x" for "/usr/lib/x", other paths
 * as they are; borrowed from path, which is absolute. Pure. */
struct ht_str ht_owner_place(struct ht_str path);

/* Answers all of them in one pass over the records of the root; /lib and /usr/lib count as the same
 * place. Returns in words whose records they were, "dpkg". NULL: there are none, or one of them
 * could not be read (it is longer than HT_LIMIT_FILE, all are longer than HT_LIMIT_DOCUMENT, in a
 * container than HT_LIMIT_BODY), so that for a question without an answer nothing is known. rpm is
 * RPM's database, if the caller has it open already. */
const char *ht_owners_find(const struct ht_root *root, struct ht_rpm *rpm,
                           struct ht_owned *questions, size_t len, struct ht_arena *arena);

#endif
