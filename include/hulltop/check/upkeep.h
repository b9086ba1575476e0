/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the dated tables say about the system and the container stack: support and known holes.
 * Layer 3 (check); pure.
 *
 * Time enters as the node's clock alone, so a row is judged anew once a day (ht_upkeep_day).
 */
#ifndef HT_CHECK_UPKEEP_H
#define HT_CHECK_UPKEEP_H

#include "hulltop/base/arena.h"
#include "hulltop/check/facts.h"
#include "hulltop/model/rows.h"

/* The day that now (ns since 1970) lies in: what is judged holds for so long. */
int64_t ht_upkeep_day(int64_t now);

/* Sets state, days and table of a support row whose other facts are filled in. The distribution's
 * own table on the node counts where it is newer than ours. Text that is made goes into arena. */
void ht_upkeep_support(const struct ht_facts *facts, int64_t now, struct ht_arena *arena,
                       struct ht_support *support);
/* Sets state, holes, support and tables of a component. A package of a distribution is never
 * affected by an upstream range alone: the advisory file decides, else its changelog, else it is
 * not known. daemon_version is what a daemon told of itself, or empty. */
void ht_upkeep_component(const struct ht_facts *facts, int64_t now, struct ht_arena *arena,
                         struct ht_str daemon_version, struct ht_component *component);
/* The project's own version in a package's version ("29.0.1" of "5:29.0.1-1~debian.12~bookworm");
 * borrowed. Empty if there is none. */
struct ht_str ht_upkeep_upstream(struct ht_str version);

#endif
