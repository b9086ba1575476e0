/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of the datastore source. Layer 3 (source); the source's thread. */
#ifndef HT_SOURCE_DATASTORE_PRIVATE_H
#define HT_SOURCE_DATASTORE_PRIVATE_H

#include "datastore-find.h"
#include "etcd-api.h"
#include "etcd-store.h"
#include "kine.h"
#include "hulltop/source/source.h"

enum { HT_DATASTORE_ARENA = 8 * 1024 * 1024 };

/* A copy of a datastore, read once as long as it stays as it is. */
struct ht_snapshot {
    char *path;
    uint64_t ino, size;
    int64_t changed_at;
    bool here;    /* seen in the last listing */
    bool foreign; /* no database of etcd's */
    bool exact;
    uint64_t plaintext, encrypted;
    unsigned mode, uid;
    char detail[HT_ERROR_TEXT_MAX];
};

struct ht_snapshots {
    struct ht_snapshot *items;
    size_t len;
    size_t more;  /* that were not looked at */
    char *denied; /* folder that could not be listed in full; NULL: none */
};

/* Looks for copies of place and reads those that are new or changed; the other places are none.
 * True if anything changed. */
bool ht_snapshots_refresh(struct ht_snapshots *snapshots, const struct ht_root *root,
                          const struct ht_place *place, const struct ht_places *places,
                          const struct ht_pace *pace);
/* Puts them into row; texts are borrowed until the next refresh. */
void ht_snapshots_tell(const struct ht_snapshots *snapshots, struct ht_arena *arena,
                       struct ht_datastore *row);
void ht_snapshots_free(struct ht_snapshots *snapshots);

/* What a file is by its first bytes: kine's (SQLite), or etcd's, which anything else is taken for.
 */
enum ht_place_kind ht_datastore_kind_of(const struct ht_root *root, const char *path);

/* Sets the row's verdict from its other facts. */
void ht_datastore_tell_verdict(struct ht_arena *arena, struct ht_datastore *row);

#endif
