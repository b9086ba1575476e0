/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine without threads: samples or a node in, a state out. Layer 4 (engine); one thread.
 *
 *   samples -> join -> derive -> checks -> fold -> ledger -> answers -> state
 *
 * Live, replay, demo, --from and the tests all run through ht_core_step.
 */
#ifndef HT_ENGINE_CORE_H
#define HT_ENGINE_CORE_H

#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "hulltop/check/facts.h"
#include "hulltop/model/state.h"

struct ht_core;

/* Asked now and then in a long step: true ends it. */
struct ht_stop {
    bool (*is_stopping)(void *context); /* NULL: never */
    void *context;
};

struct ht_core_options {
    const struct ht_facts *facts; /* borrowed */
    enum ht_origin origin;
    unsigned questions; /* bit n: question n is asked; others are OFF */
    struct ht_stop stop;
};

/* One step's input: either samples (joined and derived here) or a node that already is. */
struct ht_step {
    struct ht_node *const *samples; /* newest of each source, NULL entries allowed; borrowed */
    size_t samples_len;
    const int64_t *said_ns; /* for each sample: monotonic time at which it was last said to hold, 0:
                               unknown; NULL: none is. Ages come from this alone: a step of the wall
                               clock makes nothing old or new */
    const struct ht_node *node; /* or this, borrowed */
    struct ht_rowset *events;   /* new events, taken over (may be NULL) */
    bool complete;              /* every source has answered once, or failed */
    int64_t now_ns;             /* wall clock of the step: of the recording in a replay */
    int64_t mono_ns;
};

/* Owned by the caller; what the options borrow outlives it. Free accepts NULL and returns NULL. */
struct ht_core *ht_core_new(const struct ht_core_options *options);
struct ht_core *ht_core_free(struct ht_core *core);
/* Forgets everything (a replay starts again). */
void ht_core_reset(struct ht_core *core);
/* Makes the next state; owned by the caller. Rows that did not change are shared with the last one,
 * and checks run only where their inputs changed. Returns NULL if nothing a face shows has changed,
 * or if it was stopped, after which there is no other step. */
struct ht_state *ht_core_step(struct ht_core *core, const struct ht_step *step);
/* The last state again as a new one, or NULL if there is none: when only the face's surroundings
 * changed. */
struct ht_state *ht_core_again(struct ht_core *core);
/* Marks a finding as opened (no longer new), or acknowledged with a reason. */
void ht_core_open(struct ht_core *core, struct ht_str finding);
void ht_core_acknowledge(struct ht_core *core, struct ht_str finding, struct ht_str reason);
/* The acknowledgements as JSON ({finding id: reason}), and back; name begins messages. */
void ht_core_write_acknowledged(const struct ht_core *core, struct ht_buf *out);
int ht_core_read_acknowledged(struct ht_core *core, struct ht_str text, const char *name,
                              struct ht_error *err);

/* ---- the join, a part of its own for tests ---- */

/* Makes nodes out of samples and remembers what it made from which row, so that what did not change
 * is shared and costs nothing. */
struct ht_joiner;

/* facts are borrowed. */
struct ht_joiner *ht_joiner_new(const struct ht_facts *facts);
/* NULL is allowed; returns NULL. */
struct ht_joiner *ht_joiner_free(struct ht_joiner *joiner);
/* Puts the rows of all samples (NULL entries allowed, borrowed) into one node and derives what
 * follows from them: container of a process, class and owner, effective privilege, containers that
 * no runtime knows. The node is owned by the caller. */
struct ht_node *ht_joiner_join(struct ht_joiner *joiner, struct ht_node *const *samples, size_t len,
                               int64_t now_ns);

#endif
