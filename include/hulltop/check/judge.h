/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pods judged one after the other, without keeping them: the same checks and folding as for a node,
 * for inputs of any length. Layer 3 (check); one thread.
 *
 * What grows with the input is a few bytes a finding; findings and pods go to whoever takes them.
 */
#ifndef HT_CHECK_JUDGE_H
#define HT_CHECK_JUDGE_H

#include "hulltop/check/facts.h"
#include "hulltop/model/state.h"

struct ht_judge;

/* Where findings go. keep borrows the row, puts it away and returns its place, by which get gives
 * it back (owned by the caller), or a negative errno with err filled. */
struct ht_judge_store {
    void *context;
    int64_t (*keep)(void *context, const struct ht_row *finding, struct ht_error *err);
    int (*get)(void *context, int64_t place, struct ht_row **ret_finding, struct ht_error *err);
};

struct ht_judge_options {
    const struct ht_facts *facts; /* borrowed */
    const struct ht_judge_store *store;
    int pod_security; /* minor version of the standards, or HT_POD_SECURITY_LATEST */
    int64_t now_ns;   /* wall clock of everything in it */
};

/* Owned by the caller; NULL is allowed to be freed; free returns NULL. */
struct ht_judge *ht_judge_new(const struct ht_judge_options *options);
struct ht_judge *ht_judge_free(struct ht_judge *judge);

/* Judges one pod (borrowed); ret_derived gets the pod with its class and what the standards say
 * about it, owned by the caller. */
int ht_judge_pod(struct ht_judge *judge, const struct ht_row *pod, struct ht_row **ret_derived,
                 struct ht_error *err);
/* No more pods come: the rest of the findings goes to the store, and the state gets source (a row,
 * borrowed) and the answer to question 3. Findings and groups stay outside of it. */
int ht_judge_end(struct ht_judge *judge, const struct ht_row *source, struct ht_state **ret_state,
                 struct ht_error *err);

/* After the end: how many findings there are, and the place of the i-th in the order of display. */
size_t ht_judge_count(const struct ht_judge *judge);
int64_t ht_judge_place(const struct ht_judge *judge, size_t i);
/* How many groups there are. */
size_t ht_judge_groups(const struct ht_judge *judge);
/* The i-th group in the order of display, and its first finding; both owned by the caller. */
int ht_judge_group(const struct ht_judge *judge, size_t i, struct ht_row **ret_group,
                   struct ht_row **ret_finding, struct ht_error *err);

#endif
