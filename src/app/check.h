/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two ways of hulltop check share. Layer 7 (app). */
#ifndef HT_APP_CHECK_H
#define HT_APP_CHECK_H

#include "hulltop/base/vec.h"
#include "hulltop/model/document.h"
#include "hulltop/model/state.h"
#include "options.h"

/* The exit status of a state (design: Answers); found: a finding at or above the threshold. */
int ht_check_status(const struct ht_state *state, const struct ht_options *options, bool found);
/* What was found, as far as it counts. */
struct ht_check_found {
    const struct ht_options *options;
    const struct ht_map *known; /* ids of the baseline's findings */
    size_t counted;             /* at or above the threshold, and not known */
    struct ht_report_against against;
    struct ht_map *groups; /* the same by the key of a group; NULL: no baseline, or nothing yet */
    struct ht_map *still; /* ids of the baseline's findings that were found again; NULL: none yet */
    struct ht_rowset gone; /* its other findings, where that is told */
};
/* Counts one finding of an asked question. */
void ht_check_count(struct ht_check_found *found, const struct ht_finding *finding);
/* Frees what it holds. */
void ht_check_found_fini(struct ht_check_found *found);
/* What a report says of the baseline; its file is NULL if there is none. Borrows from found. */
struct ht_report_baseline ht_check_baseline(const struct ht_check_found *found);
/* Puts the ids of what the earlier report options->baseline found of the asked questions into
 * known, and where ret_state is not NULL what it found there, owned. 0, or a negative errno with
 * what is wrong with that file. */
int ht_check_read_baseline(const struct ht_options *options, struct ht_map *known,
                           struct ht_state **ret_state, struct ht_error *err);
/* check --manifests: judges a file or standard input; its exit status. */
int ht_check_manifests(const struct ht_options *options, struct ht_arena *arena);

#endif
