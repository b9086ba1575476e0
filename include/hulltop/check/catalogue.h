/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All checks there are. Layer 3 (check); constant data.
 */
#ifndef HT_CHECK_CATALOGUE_H
#define HT_CHECK_CATALOGUE_H

#include "hulltop/model/check.h"

/* How many checks there are, and the i-th, in the order of their ids. */
size_t ht_catalogue_count(void);
const struct ht_check *ht_catalogue_get(size_t i);
/* All of them in that order; room for ht_catalogue_count is the caller's. */
void ht_catalogue_list(const struct ht_check **ret_checks);
/* The check of that id, or NULL. */
const struct ht_check *ht_catalogue_find(struct ht_str id);
/* Whether a check cannot do without what the source of that name tells. An entry that needs
 * "docker" needs whatever container engine is here. */
bool ht_check_needs(const struct ht_check *check, struct ht_str source);
/* Whether one of the checks of these questions does (bit n: question n). */
bool ht_catalogue_needs(unsigned questions, struct ht_str source);
/* Whether one of them reads rows of that table of other subjects, or that field by its name. */
bool ht_catalogue_reads_table(unsigned questions, enum ht_table_id table);
bool ht_catalogue_reads_field(unsigned questions, const char *field);

#endif
