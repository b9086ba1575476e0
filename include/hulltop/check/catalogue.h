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
/* The check of that id, or NULL. */
const struct ht_check *ht_catalogue_find(struct ht_str id);

#endif
