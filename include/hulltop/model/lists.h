/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which day of a host's package lists counts, said once for checks and reports. Layer 2 (model);
 * pure. */
#ifndef HT_MODEL_LISTS_H
#define HT_MODEL_LISTS_H

#include "hulltop/model/node.h"

/* The database with the days that count. The free lists of a release that is paid for stay as they
 * were on its last day, and run out with it: then the day of the paid ones stands in their place,
 * and the end of all other lists (INT64_MAX: they have none). Those of a mirror that stopped before
 * that day lack what came in between, and count. Texts are borrowed from db. */
struct ht_package_db ht_package_db_living(const struct ht_node *node,
                                          const struct ht_package_db *db);

#endif
