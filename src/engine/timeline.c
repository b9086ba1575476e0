/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "timeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { RING_FIRST = 64 };

struct ht_timeline {
    struct ht_row **ring; /* grows to HT_LIMIT_EVENTS places; only then first is not 0 */
    size_t first, len, cap;
    uint64_t folded;
    uint64_t version;
    uint64_t own; /* number of the last event of the engine's own */
    int64_t minute;
    uint8_t trend[HT_QUESTIONS][HT_TREND_SLOTS]; /* by minute modulo the slots */
};

struct ht_timeline *ht_timeline_new(void)
{
    struct ht_timeline *timeline = ht_new0(struct ht_timeline);

    ht_timeline_reset(timeline);
    return timeline;
}

struct ht_timeline *ht_timeline_free(struct ht_timeline *timeline)
{
    if (timeline)
        ht_timeline_reset(timeline);
    free(timeline);
    return NULL;
}

void ht_timeline_reset(struct ht_timeline *timeline)
{
    uint64_t version = timeline->version;

    for (size_t i = 0; i < timeline->len; i++)
        ht_row_unref(timeline->ring[(timeline->first + i) % timeline->cap]);
    free(timeline->ring);
    memset(timeline, 0, sizeof(*timeline));
    memset(timeline->trend, 255, sizeof(timeline->trend));
    timeline->version = version + 1;
}

void ht_timeline_add(struct ht_timeline *timeline, struct ht_row *event)
{
    if (timeline->len == HT_LIMIT_EVENTS) {
        ht_row_unref(timeline->ring[timeline->first]);
        timeline->first = (timeline->first + 1) % timeline->cap;
        timeline->len--;
        timeline->folded++;
    } else if (timeline->len == timeline->cap) {
        size_t cap = timeline->cap ? 2 * timeline->cap : RING_FIRST;

        timeline->cap = cap < HT_LIMIT_EVENTS ? cap : HT_LIMIT_EVENTS;
        timeline->ring = ht_realloc(timeline->ring, timeline->cap, sizeof(*timeline->ring));
    }
    timeline->ring[(timeline->first + timeline->len) % timeline->cap] = event;
    timeline->len++;
    timeline->version++;
}

void ht_timeline_tell(struct ht_timeline *timeline, struct ht_event *event, int64_t now_ns)
{
    char id[32];

    snprintf(id, sizeof(id), "engine-%010" PRIu64, ++timeline->own);
    ht_event_set_id(event, ht_str_from(id));
    ht_event_set_at(event, now_ns);
    ht_timeline_add(timeline, ht_row_new(&ht_event_table, event));
}

void ht_timeline_tell_finding(struct ht_timeline *timeline, const struct ht_finding_event *change,
                              int64_t now_ns)
{
    const struct ht_finding *finding = change->finding;
    struct ht_event event = {0};

    ht_event_set_kind(&event, change->kind);
    ht_event_set_text(&event, change->text);
    ht_event_set_finding(&event, finding->id);
    ht_event_set_severity(&event, finding->severity);
    ht_event_set_question(&event, finding->question);
    if (change->home->container.len)
        ht_event_set_container(&event, change->home->container);
    if (change->home->process.len)
        ht_event_set_process(&event, change->home->process);
    ht_timeline_tell(timeline, &event, now_ns);
}

void ht_timeline_trend(struct ht_timeline *timeline, const uint8_t worst[HT_QUESTIONS],
                       int64_t now_ns)
{
    int64_t minute = now_ns / (60 * HT_NS_PER_S);
    int64_t skipped = minute - timeline->minute;

    if (skipped < 0 || skipped > HT_TREND_SLOTS)
        skipped = HT_TREND_SLOTS;
    for (int64_t m = minute - skipped + 1; m <= minute; m++) {
        for (unsigned q = 0; q < HT_QUESTIONS; q++)
            timeline->trend[q][(uint64_t)m % HT_TREND_SLOTS] = 255;
    }
    timeline->minute = minute;
    for (unsigned q = 0; q < HT_QUESTIONS; q++) {
        uint8_t *slot = &timeline->trend[q][(uint64_t)minute % HT_TREND_SLOTS];

        if (worst[q] < *slot)
            *slot = worst[q];
    }
}

void ht_timeline_fill(const struct ht_timeline *timeline, struct ht_state *state)
{
    for (size_t i = 0; i < timeline->len; i++)
        ht_rowset_add(&state->events,
                      ht_row_ref(timeline->ring[(timeline->first + i) % timeline->cap]));
    state->events_folded = timeline->folded;
    for (unsigned q = 0; q < HT_QUESTIONS; q++) {
        for (int64_t slot = 0; slot < HT_TREND_SLOTS; slot++) {
            uint64_t minute = (uint64_t)(timeline->minute + 1 + slot);

            state->trend[q][slot] = timeline->trend[q][minute % HT_TREND_SLOTS];
        }
    }
}

uint64_t ht_timeline_version(const struct ht_timeline *timeline)
{
    return timeline->version;
}
