/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From counts by resource to a datastore's row, whatever kind it is of. Layer 3 (source). */
#ifndef HT_SOURCE_STORED_TELL_H
#define HT_SOURCE_STORED_TELL_H

#include "etcd-keys.h"
#include "hulltop/base/arena.h"
#include "hulltop/model/rows.h"

/* Plaintext by resource, ht_etcd_keys_resources() of each; NULL: not looked at. */
struct ht_stored_tally {
    struct ht_etcd_keys *keys;
    bool exact;       /* all of it was read, as one state */
    bool newest_only; /* older revisions were not looked at */
    uint64_t *plain;  /* revisions, the newest ones too; never NULL */
    uint64_t *copies;
    uint64_t *copies_stale; /* of objects that are encrypted or deleted now; NULL: not known */
    bool copies_exact;
    uint64_t *wal;
    bool wal_exact;
};

/* Sets stored, its sums, examples, spaces and keys. Texts live in arena, or as long as keys are not
 * changed. */
void ht_stored_tell(const struct ht_stored_tally *tally, struct ht_arena *arena,
                    struct ht_datastore *row);

#endif
