/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From verdicts to what people see: living findings, groups, the six answers. Layer 3 (check);
 * pure.
 *
 * The engine calls these in this order, with its ledger between the first and the second.
 */
#ifndef HT_CHECK_FOLD_H
#define HT_CHECK_FOLD_H

#include "hulltop/base/vec.h"
#include "hulltop/check/checking.h"
#include "hulltop/model/state.h"

/* Puts the living findings into ret_findings (appended, references): implied findings on the same
 * subject become evidence of the stronger, posture findings become one for the node with a count,
 * known system workloads' findings become expected. verdicts holds const struct ht_verdict *. */
void ht_fold_findings(const struct ht_node *node, const struct ht_facts *facts,
                      const struct ht_vec *verdicts, struct ht_rowset *ret_findings);
/* Puts findings in the order of display: expected last, severity, those that are new or were first
 * seen after watched_since_ns (0: none were) before the others, newest since first, then by id. */
void ht_fold_order(struct ht_rowset *findings, int64_t watched_since_ns);
/* Makes groups of ordered findings, in the same order (appended, references). */
void ht_fold_groups(const struct ht_rowset *findings, struct ht_rowset *ret_groups);
/* The group of so many equal findings, of which first is the worst; owned by the caller. */
struct ht_row *ht_fold_group(const struct ht_finding *first, size_t findings);

struct ht_answer_input {
    const struct ht_node *node;
    const struct ht_vec *verdicts;
    const struct ht_rowset *findings;
    const struct ht_rowset *groups;
    unsigned questions;       /* bit n: question n is asked */
    bool complete;            /* every source has answered once, or failed */
    enum ht_origin origin;    /* of a document: what has not answered never will */
    int64_t watched_since_ns; /* end of the first complete pass, 0: not yet */
    int64_t now_ns;
};
/* Replaces the question rows by the answers (design, "Answers": the first match gives the state).
 */
void ht_answer(const struct ht_answer_input *input, struct ht_row *questions[HT_QUESTIONS]);

#endif
