/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger: the life of findings. Layer 4 (engine), private; the engine's thread.
 *
 * Checks say what is so now; the ledger adds when it was first seen, whether it is new, and what a
 * person said about it.  Findings are known by their id, which is the same from run to run.
 */
#ifndef HT_ENGINE_LEDGER_H
#define HT_ENGINE_LEDGER_H

#include "timeline.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "hulltop/base/vec.h"
#include "hulltop/model/node.h"
#include "hulltop/model/row.h"

struct ht_ledger;

struct ht_ledger *ht_ledger_new(void);
/* NULL is allowed; returns NULL. */
struct ht_ledger *ht_ledger_free(struct ht_ledger *ledger);
void ht_ledger_reset(struct ht_ledger *ledger);

/* One pass of the checks. */
struct ht_ledger_pass {
    const struct ht_node *node;    /* its sources tell what could be looked at; borrowed */
    const struct ht_vec *verdicts; /* struct ht_verdict *, borrowed */
    struct ht_rowset *held; /* gets the findings that could not be looked at, sorted by id, with
                             * their last sight; NULL: not asked for */
    bool settled;           /* the first complete pass is over: what appears now is new */
    int64_t now_ns;
};

/* Replaces each finding by the same with first_seen, new and acknowledged filled in, and tells the
 * timeline what appeared and what is gone. What is absent because it could not be looked at is not
 * gone. */
void ht_ledger_apply(struct ht_ledger *ledger, struct ht_rowset *findings,
                     const struct ht_ledger_pass *pass, struct ht_timeline *timeline);
/* The finding was opened: no longer new. */
void ht_ledger_open(struct ht_ledger *ledger, struct ht_str id);
/* Acknowledged with a reason; the empty reason takes it back. */
void ht_ledger_acknowledge(struct ht_ledger *ledger, struct ht_str id, struct ht_str reason);
/* Grows with each change by a person. */
uint64_t ht_ledger_version(const struct ht_ledger *ledger);

/* The acknowledgements as JSON, and back (the file is the state folder's acknowledged.json). */
void ht_ledger_write(const struct ht_ledger *ledger, struct ht_buf *out);
int ht_ledger_read(struct ht_ledger *ledger, struct ht_str text, const char *name,
                   struct ht_error *err);

#endif
