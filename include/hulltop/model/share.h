/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of which many are nearly the same. Layer 2 (model); any thread. */
#ifndef HT_MODEL_SHARE_H
#define HT_MODEL_SHARE_H

#include "hulltop/model/row.h"

/* A row that says what row says, and has of alike (of the same table) whatever that says with the
 * same words: texts and lists are there once. Borrows both, keeps a reference to alike if it has
 * something of it; the caller's. */
struct ht_row *ht_row_share(const struct ht_row *row, const struct ht_row *alike);

#endif
