/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether what is no longer found is over, or was only not looked at. Layer 4 (engine), private;
 * the engine's thread.
 *
 * A finding is absent when what it told is over, but also when a source that its check needs has
 * ceased to answer, or when the check cannot tell any more. Only the first is an end.
 */
#ifndef HT_ENGINE_SIGHT_H
#define HT_ENGINE_SIGHT_H

#include "hulltop/base/vec.h"
#include "hulltop/model/node.h"
#include "hulltop/model/row.h"

struct ht_sight;

struct ht_sight *ht_sight_new(void);
/* NULL is allowed; returns NULL. */
struct ht_sight *ht_sight_free(struct ht_sight *sight);
/* Pass number `pass` (they only grow) had these sources and these verdicts (struct ht_verdict *).
 * Both are borrowed until the next call of this function; NULL: nothing is known of them. */
void ht_sight_look(struct ht_sight *sight, const struct ht_node *node,
                   const struct ht_vec *verdicts, uint64_t pass);
/* True if a finding that was last seen in pass `seen` and is absent now is over. */
bool ht_sight_is_over(struct ht_sight *sight, const struct ht_finding *finding, uint64_t seen);

#endif
