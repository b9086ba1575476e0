/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's thread over a recording, a node or a report: it takes the place of sources and join;
 * checks and ledger run, on the recording's clock. The same recording gives the same states every
 * time.
 */
#include "engine-private.h"

#include "hulltop/base/log.h"
#include "hulltop/base/mem.h"

#define SPEED_MIN 0.125
#define SPEED_MAX 64.0

#define PAUSE_MAX_NS (INT64_MAX / 4)

enum { MARKS_MAX = 10000 };

static bool is_settled(const struct ht_node *node)
{
    const struct ht_rowset *sources = ht_node_set(node, HT_TABLE_SOURCE);

    for (size_t i = 0; i < sources->len; i++) {
        const struct ht_source *source = ht_source_of(sources->rows[i]);

        if (ht_source_has_state(source) && source->state == HT_SOURCE_STATE_WAIT)
            return false;
    }
    return sources->len > 0;
}

/* A report is shown as it is. */
static bool has_frames(const struct ht_engine *engine)
{
    return engine->player || engine->given;
}

static size_t last_frame(const struct ht_engine *engine)
{
    return engine->player ? ht_player_frames(engine->player) - 1 : 0;
}

static int64_t time_of(const struct ht_engine *engine, size_t frame)
{
    return engine->player ? ht_player_time(engine->player, frame) : engine->given->taken_at;
}

/* ---- the user's marks ---- */

/* Adds those that the timeline lacks, up to that time. */
static void add_marks(struct ht_engine *engine, int64_t until_ns, struct ht_rowset *events)
{
    for (size_t i = 0; i < engine->marks.len; i++) {
        int64_t at = ht_event_of(engine->marks.rows[i])->at;

        if (at > engine->marked_ns && at <= until_ns)
            ht_rowset_add(events, ht_row_ref(engine->marks.rows[i]));
    }
    if (until_ns > engine->marked_ns)
        engine->marked_ns = until_ns;
}

/* Keeps the marks among the events behind the first ones; the timeline gets them with the others.
 */
static void keep_marks(struct ht_engine *engine, const struct ht_rowset *events, size_t from)
{
    for (size_t i = from; i < events->len; i++) {
        const struct ht_event *event = ht_event_of(events->rows[i]);

        if (event->kind != HT_EVENT_KIND_MARK || engine->marks.len >= MARKS_MAX)
            continue;
        ht_rowset_add(&engine->marks, ht_row_ref(events->rows[i]));
        if (event->at > engine->marked_ns)
            engine->marked_ns = event->at;
    }
}

/* ---- frames ---- */

/* To the first frame, before which nothing was seen. */
static void begin_again(struct ht_engine *engine)
{
    ht_core_reset(engine->core);
    engine->frame = 0;
    engine->marked_ns = INT64_MIN;
}

/* The state of the current frame, or NULL if a face would see no difference. */
static struct ht_state *step(struct ht_engine *engine, struct ht_rowset *events)
{
    ht_autonode struct ht_node *node = NULL;
    struct ht_error err = {0};

    add_marks(engine, time_of(engine, engine->frame), events);
    if (engine->given) {
        node = ht_node_ref(engine->given);
    } else if (ht_player_node(engine->player, engine->frame, &node, &err) < 0) {
        ht_log_error(HT_LOG_ERROR, "replay", &err);
        return NULL;
    }
    return ht_core_step(engine->core,
                        &(struct ht_step){.node = node,
                                          .events = events,
                                          /* Behind the last frame nobody answers any more. */
                                          .complete = engine->given || is_settled(node) ||
                                                      engine->frame == last_frame(engine),
                                          .now_ns = time_of(engine, engine->frame),
                                          .mono_ns = ht_clock_mono(engine->clock)});
}

/* What the recording's clock said when time was let pass last. */
static int64_t place_ns(const struct ht_engine *engine)
{
    int64_t at = time_of(engine, engine->frame);

    if (engine->frame == last_frame(engine) || engine->into_ns <= 0)
        return at;
    int64_t next = time_of(engine, engine->frame + 1);
    return (double)at + engine->into_ns < (double)next ? at + (int64_t)engine->into_ns : next;
}

static uint64_t obeyed(struct ht_engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    uint64_t count = engine->obeyed;
    pthread_mutex_unlock(&engine->lock);
    return count;
}

static void publish(struct ht_engine *engine, struct ht_state *state)
{
    size_t last = last_frame(engine);

    state->origin = engine->origin;
    if (engine->given) {
        ht_engine_publish(engine, state);
        return;
    }
    /* A frame that is shown again, paused or at another speed, goes on where it stood. */
    state->mono_ns = engine->until_ns;
    state->replay = (struct ht_replay_position){
        .start_ns = time_of(engine, 0),
        .now_ns = place_ns(engine),
        .end_ns = time_of(engine, last),
        .speed = engine->speed,
        .paused = engine->paused,
        .obeyed = obeyed(engine),
        .ended = engine->frame == last,
        .cut_line = ht_player_cut_line(engine->player),
    };
    ht_engine_publish(engine, state);
}

/* A frame on the way to another one. */
static void step_over(struct ht_engine *engine)
{
    struct ht_rowset events = {0};

    ht_state_unref(step(engine, &events));
    ht_rowset_fini(&events);
}

/* Shows the current frame; the ledger has already seen all before it. */
static void show_with(struct ht_engine *engine, struct ht_rowset *events)
{
    struct ht_state *state = step(engine, events);

    if (!state)
        state = ht_core_again(engine->core);
    if (state)
        publish(engine, state);
}

static void show(struct ht_engine *engine)
{
    struct ht_rowset events = {0};

    show_with(engine, &events);
    ht_rowset_fini(&events);
}

/* Puts the place at into_ns behind the current frame, from now on. */
static void place(struct ht_engine *engine, double into_ns)
{
    engine->into_ns = into_ns;
    engine->until_ns = ht_clock_mono(engine->clock);
}

/* Goes to a frame so that checks and ledger see every frame on the way. */
static void go_to(struct ht_engine *engine, size_t frame)
{
    if (frame < engine->frame) {
        begin_again(engine);
        if (frame > 0)
            step_over(engine);
    }
    while (engine->frame < frame && !ht_engine_is_stopping(engine)) {
        engine->frame++;
        if (engine->frame < frame)
            step_over(engine);
    }
    /* The frames on the way take time that is none of the recording's. */
    place(engine, engine->into_ns);
    show(engine);
}

static bool is_playing(const struct ht_engine *engine)
{
    return engine->player && !engine->paused && engine->frame < last_frame(engine);
}

/* Lets the recorded time pass that belongs to the real time since the last call. */
static void pass(struct ht_engine *engine)
{
    int64_t now = ht_clock_mono(engine->clock);

    if (is_playing(engine))
        engine->into_ns += (double)(now - engine->until_ns) * engine->speed;
    engine->until_ns = now;
}

int64_t ht_engine_told_ns(struct ht_engine *engine)
{
    if (!engine->player)
        return engine->given ? engine->given->taken_at : ht_clock_wall(engine->clock);
    pass(engine);
    return place_ns(engine);
}

/* How long the current frame stays, in real time; the times of frames are a document's words. */
static int64_t rest_of(const struct ht_engine *engine)
{
    double gap =
        (double)time_of(engine, engine->frame + 1) - (double)time_of(engine, engine->frame);
    double rest = (gap - engine->into_ns) / engine->speed;

    return rest < (double)PAUSE_MAX_NS ? (int64_t)rest : PAUSE_MAX_NS;
}

static size_t frame_at(const struct ht_engine *engine, int64_t at_ns)
{
    size_t frame = 0;

    while (frame < last_frame(engine) && time_of(engine, frame + 1) <= at_ns)
        frame++;
    return frame;
}

static void seek(struct ht_engine *engine, int64_t at_ns)
{
    size_t frame = frame_at(engine, at_ns);
    double into = (double)at_ns - (double)time_of(engine, frame);

    place(engine, into > 0 ? into : 0);
    go_to(engine, frame);
}

/* What changes how time passes leaves the place in the recording as it is. */
static void obey_replay(struct ht_engine *engine, const struct ht_command *command)
{
    pthread_mutex_lock(&engine->lock);
    ht_engine_count_obeyed(engine, command);
    pthread_mutex_unlock(&engine->lock);
    pass(engine);
    switch (command->kind) {
    case HT_COMMAND_PAUSE:
        engine->paused = command->number != 0;
        show(engine);
        break;
    case HT_COMMAND_SPEED:
        engine->speed = command->number < SPEED_MIN   ? SPEED_MIN
                        : command->number > SPEED_MAX ? SPEED_MAX
                                                      : command->number;
        show(engine);
        break;
    case HT_COMMAND_SEEK:
        seek(engine, command->number < (double)(INT64_MAX / 1000) ? (int64_t)command->number * 1000
                                                                  : INT64_MAX);
        break;
    case HT_COMMAND_RESTART:
        begin_again(engine);
        ht_rowset_fini(&engine->marks);
        engine->paused = false;
        place(engine, 0);
        show(engine);
        break;
    case HT_COMMAND_STEP:
        place(engine, 0);
        if (command->number > 0 && engine->frame < last_frame(engine))
            go_to(engine, engine->frame + 1);
        else if (command->number < 0 && engine->frame > 0)
            go_to(engine, engine->frame - 1);
        break;
    case HT_COMMAND_RESCAN:
    case HT_COMMAND_OPEN:
    case HT_COMMAND_ACKNOWLEDGE:
    case HT_COMMAND_MARK:
    case HT_COMMAND_MESSAGE:
    case HT_COMMAND_RECORD:
    case HT_COMMAND_EXPORT:
    case HT_COMMAND_BUNDLE:
    case HT_COMMAND_LOCK:
        break;
    }
}

static bool is_replay_command(const struct ht_command *command)
{
    return command->kind >= HT_COMMAND_PAUSE;
}

/* Carries out what waits. */
static void obey(struct ht_engine *engine)
{
    struct ht_rowset events = {0};
    bool redraw = false;

    for (struct ht_command *command = ht_engine_take_command(engine); command;
         command = ht_engine_take_command(engine)) {
        if (is_replay_command(command) && engine->player) {
            if (events.len) /* they were told at the frame that is left now */
                show_with(engine, &events);
            obey_replay(engine, command);
        } else {
            size_t before;

            if (command->kind == HT_COMMAND_MARK)
                add_marks(engine, ht_engine_told_ns(engine), &events);
            before = events.len;
            ht_engine_obey(engine, command, &events);
            keep_marks(engine, &events, before);
            redraw = true;
        }
        ht_command_free(command);
    }
    if (redraw && has_frames(engine))
        show_with(engine, &events);
    ht_rowset_fini(&events);
}

void ht_engine_run_replay(struct ht_engine *engine)
{
    place(engine, 0);
    if (has_frames(engine))
        show(engine);
    while (!ht_engine_is_stopping(engine)) {
        int64_t wait = -1;

        pass(engine);
        if (is_playing(engine))
            wait = rest_of(engine);
        if (is_playing(engine) && wait <= 0) {
            place(engine, 0);
            go_to(engine, engine->frame + 1);
            continue;
        }
        ht_engine_sleep(engine, wait);
        obey(engine);
    }
}
