/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine: starts the sources' threads and its own, publishes states. Layer 4 (engine).
 *
 * Only this layer starts threads.  The functions below are called from the main thread; none
 * blocks.
 */
#ifndef HT_ENGINE_ENGINE_H
#define HT_ENGINE_ENGINE_H

#include "hulltop/base/error.h"
#include "hulltop/check/facts.h"
#include "hulltop/model/state.h"
#include "hulltop/source/source.h"

struct ht_engine;

struct ht_engine_options {
    const struct ht_clock *clock;    /* NULL: the system's */
    const struct ht_facts *facts;    /* borrowed until ht_engine_free */
    unsigned questions;              /* bit n: question n is asked */
    const struct ht_driver *drivers; /* taken over */
    size_t drivers_len;
    const char *state_dir;   /* where acknowledgements are kept; NULL: nowhere */
    const char *record_path; /* record to this file from the start; NULL: no */
};

/* Makes an engine over live sources; nothing runs yet. */
struct ht_engine *ht_engine_new(const struct ht_engine_options *options);
/* What is shown in place of sources. */
struct ht_engine_document {
    enum ht_origin origin; /* what text is: a recording, a node or a report */
    const char *name;      /* for errors */
    struct ht_str text;    /* borrowed until ht_engine_free */
};

/* Makes an engine over a document; nothing runs yet. */
int ht_engine_new_replay(const struct ht_engine_options *options,
                         const struct ht_engine_document *document, struct ht_engine **ret_engine,
                         struct ht_error *err);
/* Before the start of a live engine: its first state is made when every source has answered or
 * failed (one that is busy within ten seconds), or when so much time has passed. Spares whoever
 * wants one answer those made of half. */
void ht_engine_await_all(struct ht_engine *engine, int64_t within_ns);
/* Starts the threads. */
int ht_engine_start(struct ht_engine *engine, struct ht_error *err);
/* Ends it: sources are told, and waited for at most grace_ns in all; what hangs is left behind. 0,
 * or a negative errno if a recording is not whole: its file and the cause in err. -ETIMEDOUT may
 * also mean that the engine itself goes on (see ht_engine_has_ended); it can be called again. */
int ht_engine_stop(struct ht_engine *engine, int64_t grace_ns, struct ht_error *err);
/* False if the engine still runs in spite of ht_engine_stop: what it borrowed is not free then. */
bool ht_engine_has_ended(const struct ht_engine *engine);
/* Frees what no hanging thread still uses; NULL is allowed; returns NULL. */
struct ht_engine *ht_engine_free(struct ht_engine *engine);

/* Descriptor that is readable when a new state was published. */
int ht_engine_fd(const struct ht_engine *engine);
/* The newest state, owned by the caller (ht_state_unref); never NULL: before the first one, an
 * empty one. Empties the descriptor. */
struct ht_state *ht_engine_state(struct ht_engine *engine);

/* A full pass of every source now. */
void ht_engine_rescan(struct ht_engine *engine);
/* The finding was opened; it is no longer new. */
void ht_engine_open(struct ht_engine *engine, struct ht_str finding);
/* Acknowledged, with a reason; local only. */
void ht_engine_acknowledge(struct ht_engine *engine, struct ht_str finding, struct ht_str reason);
/* Sets a mark on the timeline. */
void ht_engine_mark(struct ht_engine *engine, struct ht_str text);
/* Recording starts (path) or ends (NULL); the answer is an event. */
void ht_engine_record(struct ht_engine *engine, const char *path);
/* What a recording has in its file. */
struct ht_recorded {
    bool on;                   /* its file is open */
    bool failed;               /* it is not whole; cause and file come from ht_engine_stop */
    uint64_t lines;            /* whole ones */
    uint64_t bytes;            /* of them */
    int64_t first_ns, last_ns; /* the monotonic clock when the first and the last line came */
};
/* How far the recording is; after ht_engine_stop, what became of it: all zero if there was none. */
struct ht_recorded ht_engine_recorded(struct ht_engine *engine);
/* Writes bytes to a new file (mode 0600, never over an existing one) off the main thread; the
 * answer is an event. bytes are copied. */
void ht_engine_export(struct ht_engine *engine, const char *path, struct ht_str bytes);
/* Saves all that is known of a finding, and of its processes while they live, to a new file (mode
 * 0600, never over an existing one), in a thread of its own; the answer is an event. */
void ht_engine_bundle(struct ht_engine *engine, const char *path, struct ht_str finding);
/* Locks the image of a container to what has run in its containers until now (reason empty), or
 * unlocks it with a reason; local, kept with the acknowledgements. The answer is an event. Ignored
 * by a replay. */
void ht_engine_lock(struct ht_engine *engine, struct ht_str container, struct ht_str reason);

/* Replay: pause, speed (1.0 is real time), jump, start again from the first frame with everything
 * cleared, one step (+1, -1). Ignored by a live engine. */
void ht_engine_replay_pause(struct ht_engine *engine, bool paused);
void ht_engine_replay_speed(struct ht_engine *engine, double speed);
void ht_engine_replay_seek(struct ht_engine *engine, int64_t at_ns);
void ht_engine_replay_restart(struct ht_engine *engine);
void ht_engine_replay_step(struct ht_engine *engine, int frames);

#endif
