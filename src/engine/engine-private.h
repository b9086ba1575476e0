/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What engine.c, live.c and replay.c share. Layer 4 (engine), private. */
#ifndef HT_ENGINE_PRIVATE_H
#define HT_ENGINE_PRIVATE_H

#include <pthread.h>

#include "slot.h"
#include "stack.h"
#include "writer.h"
#include "hulltop/engine/core.h"
#include "hulltop/engine/engine.h"
#include "hulltop/model/document.h"

enum ht_command_kind {
    HT_COMMAND_RESCAN,
    HT_COMMAND_OPEN,
    HT_COMMAND_ACKNOWLEDGE,
    HT_COMMAND_MARK,
    HT_COMMAND_MESSAGE, /* from the writer */
    HT_COMMAND_RECORD,
    HT_COMMAND_EXPORT,
    HT_COMMAND_BUNDLE,
    HT_COMMAND_LOCK,
    HT_COMMAND_PAUSE,
    HT_COMMAND_SPEED,
    HT_COMMAND_SEEK,
    HT_COMMAND_RESTART,
    HT_COMMAND_STEP,
};

/* One request of the main thread, or a word of the writer's; owned by the queue. */
struct ht_command {
    struct ht_command *next;
    enum ht_command_kind kind;
    char *text, *more; /* owned, NULL allowed */
    size_t text_len, more_len;
    double number;
};

struct ht_engine {
    const struct ht_clock *clock;
    const struct ht_facts *facts;
    unsigned questions;
    enum ht_origin origin;
    char *state_dir;
    char *record_path;
    struct ht_core *core;
    struct ht_writer *writer;
    struct ht_writer
        *bundler; /* of evidence, which can hang on a process; NULL: none was asked for */
    pthread_t thread;
    struct ht_stack stack; /* of the thread */
    bool started;
    int wake_fd;  /* the engine has something to do */
    int state_fd; /* a new state is there */

    /* Live: */
    struct ht_slot **slots;
    struct ht_node **samples; /* newest of each slot, and behind them the locks */
    int64_t *said_ns;         /* monotonic, of each sample */
    struct ht_node **unstuck; /* what a slot that hangs told last; NULL: it does not hang */
    size_t slots_len;
    bool slot_missing;     /* a source got no descriptors */
    int64_t await_ns;      /* for so long the first state waits for all sources; 0: not at all */
    int64_t busy_until_ns; /* and until then (monotonic) for those that were slow once */
    struct ht_recorder *recorder;
    bool recording_lost;
    struct ht_recorded recorded; /* of a recording that has ended with the engine */

    /* Replay: a recording, or one node. */
    struct ht_player *player;
    struct ht_node *given;
    size_t frame;
    double speed;
    bool paused;
    size_t told;            /* events of ours: a recording may stand still between two */
    struct ht_rowset marks; /* the user's: going back makes the timeline anew, without them */
    int64_t marked_ns;      /* of these it has those up to then */
    double into_ns;         /* recorded time that passed since the frame */
    int64_t until_ns;       /* monotonic time at which so much had passed */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t ended_cond;
    struct ht_state *state;
    struct ht_command *first, **last;
    size_t commands;
    uint64_t obeyed; /* of those that say how time passes, also what had no room */
    bool stopping, ended;
};

/* A slot for a driver (taken over) that wakes this engine; NULL with err. */
struct ht_slot *ht_engine_make_slot(struct ht_engine *engine, const struct ht_driver *driver,
                                    struct ht_error *err);
/* Hands a state (consumed) to the face. */
void ht_engine_publish(struct ht_engine *engine, struct ht_state *state);
/* Counts a command that is done with, one of those that say how time passes. Locked by the caller.
 */
void ht_engine_count_obeyed(struct ht_engine *engine, const struct ht_command *command);
/* Takes the oldest command, owned by the caller, or NULL. */
struct ht_command *ht_engine_take_command(struct ht_engine *engine);
void ht_command_free(struct ht_command *command);
bool ht_engine_is_stopping(struct ht_engine *engine);
/* Sleeps until woken or timeout_ns passed (negative: for ever). */
void ht_engine_sleep(struct ht_engine *engine, int64_t timeout_ns);
/* Carries out what live and replay have in common; new event rows go to events. */
void ht_engine_obey(struct ht_engine *engine, const struct ht_command *command,
                    struct ht_rowset *events);
/* The time of what is told now (wall): in a recording the recording's, of a node when it was
 * looked at. */
int64_t ht_engine_told_ns(struct ht_engine *engine);
/* Adds an event of ours. */
void ht_engine_tell(struct ht_engine *engine, struct ht_rowset *events, enum ht_event_kind kind,
                    struct ht_str text);
/* The bodies of the engine's thread. */
void ht_engine_run_live(struct ht_engine *engine);
void ht_engine_run_replay(struct ht_engine *engine);

#endif
