/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A state: what any face shows. Layer 2 (model).
 * Made by the engine, then immutable and shared between threads; counts are atomic.
 */
#ifndef HT_MODEL_STATE_H
#define HT_MODEL_STATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hulltop/model/node.h"

enum { HT_QUESTIONS = 6, HT_TREND_SLOTS = 60 };

enum ht_origin {
    HT_ORIGIN_LIVE,   /* from this node's sources */
    HT_ORIGIN_NODE,   /* --from a node: judged now, on its own clock */
    HT_ORIGIN_REPLAY, /* a recording is being played */
    HT_ORIGIN_DEMO,   /* the built-in recording is being played */
    HT_ORIGIN_REPORT, /* --from a report: shown as recorded */
};

/* Where a replay stands. */
struct ht_replay_position {
    /* On the recording's clock, ns since 1970; now_ns is at mono_ns of the state, and not before
     * its own now_ns, which is that of the frame. */
    int64_t start_ns, now_ns, end_ns;
    double speed;
    bool paused;
    uint64_t obeyed; /* pauses, speeds and restarts that were asked for and carried out */
    bool ended;      /* stays on the last frame */
    size_t cut_line; /* the line in whose middle the recording ends, from 1; 0: it is whole */
};

struct ht_state {
    atomic_uint refs;
    uint64_t serial; /* grows with each state of one engine */
    int64_t now_ns;  /* the clock of everything in it, ns since 1970 */
    int64_t mono_ns; /* monotonic clock at that moment, so that a face can go on counting */
    enum ht_origin origin;
    struct ht_replay_position replay; /* of HT_ORIGIN_REPLAY and _DEMO */
    bool complete;                    /* every source has answered once, or failed */
    struct ht_node *node;             /* never NULL; holds no findings */
    /* In the order of display: severity, what came while watched before the rest, expected
     * last, newest since first. */
    struct ht_rowset findings; /* living ones */
    /* Findings that were there and that nobody can look at now; last_seen says until when. Sorted
     * by id. */
    struct ht_rowset held;
    struct ht_rowset groups;
    struct ht_row *questions[HT_QUESTIONS]; /* by number - 1; never NULL */
    struct ht_rowset events;                /* the timeline, oldest first */
    uint64_t events_folded;                 /* events that were dropped from the ring's old end */
    /* Worst severity per minute over the last hour for each question, oldest first; 255: nothing.
     */
    uint8_t trend[HT_QUESTIONS][HT_TREND_SLOTS];
};

#define ht_autostate __attribute__((cleanup(ht_cleanup_state)))

/* An empty state over a node (consumed); questions are filled with unknown rows. */
struct ht_state *ht_state_new(struct ht_node *node);
/* One more reference; returns state. */
struct ht_state *ht_state_ref(const struct ht_state *state);
/* Drops one reference; NULL is allowed; returns NULL. */
struct ht_state *ht_state_unref(struct ht_state *state);
void ht_cleanup_state(struct ht_state **state);
/* Whether a recording is being played, the built-in one too. */
bool ht_state_is_replay(const struct ht_state *state);
/* How many findings of question number 1 to 6 are held, and when the last of them was seen (ns
 * since 1970; 0: none is). */
size_t ht_state_held(const struct ht_state *state, unsigned number, int64_t *ret_last_ns);
/* Whether no source is waited for: all have answered or failed, or it is a report's. */
bool ht_state_is_settled(const struct ht_state *state);
/* The living finding of that id, borrowed; NULL: there is none. */
const struct ht_finding *ht_state_finding(const struct ht_state *state, struct ht_str id);
/* Facts of question number 1 to 6, borrowed. */
const struct ht_question *ht_state_question(const struct ht_state *state, unsigned number);

/* Names that do not change: short name ("privileged"), words, pane title of question 1 to 6. */
const char *ht_question_name(unsigned number);
const char *ht_question_title(unsigned number);
const char *ht_question_pane(unsigned number);
/* Number of the question of that short name or with that number (one digit), or 0. */
unsigned ht_question_find(struct ht_str name);

#endif
