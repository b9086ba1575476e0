/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds that are over. Layer 4 (engine), private; one thread. */
#ifndef HT_ENGINE_PAST_BUILDS_H
#define HT_ENGINE_PAST_BUILDS_H

#include "hulltop/model/node.h"

struct ht_past_builds;

/* Free accepts NULL and returns NULL. */
struct ht_past_builds *ht_past_builds_new(void);
struct ht_past_builds *ht_past_builds_free(struct ht_past_builds *past);
/* Forgets everything. */
void ht_past_builds_reset(struct ht_past_builds *past);
/* Remembers the jobs that run in a node under way, and adds those that ran before and do so no
 * more, as rows that ended. A job is over only when the source that told of it still answers; until
 * then it stays as it was. node gets sorted again. */
void ht_past_builds_apply(struct ht_past_builds *past, struct ht_node *node, int64_t now_ns);

#endif
