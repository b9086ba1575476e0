/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The timeline: a ring of events and an hour of trend. Layer 4 (engine), private; the engine's
 * thread.
 */
#ifndef HT_ENGINE_TIMELINE_H
#define HT_ENGINE_TIMELINE_H

#include "hulltop/model/state.h"
#include "hulltop/model/subject.h"

struct ht_timeline;

struct ht_timeline *ht_timeline_new(void);
/* NULL is allowed; returns NULL. */
struct ht_timeline *ht_timeline_free(struct ht_timeline *timeline);
void ht_timeline_reset(struct ht_timeline *timeline);
/* Adds an event row (consumed); the oldest is folded into a count when there are HT_LIMIT_EVENTS.
 */
void ht_timeline_add(struct ht_timeline *timeline, struct ht_row *event);
/* Adds an event of the engine's own; its id is made here. Only kind and text are needed. */
void ht_timeline_tell(struct ht_timeline *timeline, struct ht_event *event, int64_t now_ns);
/* What happened to a finding. All borrowed for the call. */
struct ht_finding_event {
    enum ht_event_kind kind;
    const struct ht_finding *finding;
    const struct ht_subject_home *home; /* of its subject, as far as it is known */
    struct ht_str text;
};

/* Adds an event about a finding, and about the container and process that it was found in. */
void ht_timeline_tell_finding(struct ht_timeline *timeline, const struct ht_finding_event *change,
                              int64_t now_ns);
/* Notes the worst severity (enum ht_severity, 255: none) of each question for the minute of now. */
void ht_timeline_trend(struct ht_timeline *timeline, const uint8_t worst[HT_QUESTIONS],
                       int64_t now_ns);
/* Puts events and trend into a state under way. */
void ht_timeline_fill(const struct ht_timeline *timeline, struct ht_state *state);
/* Grows with every event. */
uint64_t ht_timeline_version(const struct ht_timeline *timeline);

#endif
