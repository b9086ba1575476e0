/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two ways of hulltop check share. Layer 7 (app). */
#ifndef HT_APP_CHECK_H
#define HT_APP_CHECK_H

#include "hulltop/base/vec.h"
#include "hulltop/model/state.h"
#include "options.h"

/* The exit status of a state (design: Answers); found: a finding at or above the threshold. */
int ht_check_status(const struct ht_state *state, const struct ht_options *options, bool found);
/* Puts the ids of the findings of an earlier report into known. */
int ht_check_read_baseline(const char *path, struct ht_map *known, struct ht_error *err);
/* check --manifests: judges a file or standard input; its exit status. */
int ht_check_manifests(const struct ht_options *options, struct ht_arena *arena);

#endif
