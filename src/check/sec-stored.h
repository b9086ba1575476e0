/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks of stored secrets share. Layer 3 (check), private. */
#ifndef HT_CHECK_SEC_STORED_H
#define HT_CHECK_SEC_STORED_H

#include "hulltop/check/checking.h"

/* What is stored of a resource, or NULL; borrowed. */
const struct ht_stored *ht_stored_find(const struct ht_datastore *store, const char *resource);
/* Its live encrypted values. */
uint64_t ht_stored_encrypted(const struct ht_stored *stored);
/* Says that something cannot be told of a datastore, with the reason that its row gives. */
void ht_stored_unknown(struct ht_checking *checking, const struct ht_datastore *store);

#endif
