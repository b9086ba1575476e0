/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of one kind that come all at once, as one with a count. Layer 4 (engine), private.
 *
 * A thousand programs that were dropped in a second would push everything else out of the
 * timeline. Of findings of one check about one subject that appear (or go) in one step the first
 * are told one by one, the rest as a number with the gravest of them. Nothing is left out without
 * being counted.
 */
#ifndef HT_ENGINE_BURSTS_H
#define HT_ENGINE_BURSTS_H

#include "timeline.h"

enum { HT_BURST_SINGLE = 5 /* told one by one in each step */ };

struct ht_bursts;

/* Of one step and one kind of event. Owned by the caller. */
struct ht_bursts *ht_bursts_new(enum ht_event_kind kind);
/* Whether the finding is to be told of its own; else it is counted. The home is where its subject
 * runs; what it points to must stay until the end. */
bool ht_bursts_is_single(struct ht_bursts *bursts, const struct ht_row *finding,
                         const struct ht_subject_home *home);
/* Tells what was counted and frees it; NULL is allowed. */
void ht_bursts_end(struct ht_bursts *bursts, struct ht_timeline *timeline, int64_t now_ns);

#endif
