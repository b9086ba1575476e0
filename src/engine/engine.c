/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine as the main thread sees it: starting, ending, commands in, states out. */
#include "engine-private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "bundle.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

/* Commands that may wait: far more than a person can type between two looks of the engine. */
enum { COMMANDS_MAX = 1024 };

/* So long is waited for the engine's own thread at least: with a short grace for sources, a loaded
 * machine would else cost the end of a recording. */
#define LEAST_NS (3 * HT_NS_PER_S)

static void wake(struct ht_engine *engine)
{
    const uint64_t one = 1;
    ssize_t n = write(engine->wake_fd, &one, sizeof(one));

    (void)n; /* a full counter wakes too */
}

static void ring(void *context)
{
    wake(context);
}

void ht_command_free(struct ht_command *command)
{
    if (!command)
        return;
    free(command->text);
    free(command->more);
    free(command);
}

void ht_engine_count_obeyed(struct ht_engine *engine, const struct ht_command *command)
{
    engine->obeyed += command->kind == HT_COMMAND_PAUSE || command->kind == HT_COMMAND_SPEED ||
                      command->kind == HT_COMMAND_RESTART;
}

/* Queues a command (consumed). */
static void give(struct ht_engine *engine, struct ht_command *command)
{
    pthread_mutex_lock(&engine->lock);
    if (engine->commands < COMMANDS_MAX) {
        *engine->last = command;
        engine->last = &command->next;
        engine->commands++;
        command = NULL;
    } else {
        ht_engine_count_obeyed(engine, command);
    }
    pthread_mutex_unlock(&engine->lock);
    ht_command_free(command);
    wake(engine);
}

static struct ht_command *make_command(enum ht_command_kind kind, struct ht_str text,
                                       struct ht_str more)
{
    struct ht_command *command = ht_new0(struct ht_command);

    command->kind = kind;
    command->text = ht_strndup(text.data, text.len);
    command->text_len = text.len;
    command->more = ht_strndup(more.data, more.len);
    command->more_len = more.len;
    return command;
}

static void give_number(struct ht_engine *engine, enum ht_command_kind kind, double number)
{
    struct ht_command *command = make_command(kind, HT_S(""), HT_S(""));

    command->number = number;
    give(engine, command);
}

struct ht_command *ht_engine_take_command(struct ht_engine *engine)
{
    pthread_mutex_lock(&engine->lock);

    struct ht_command *command = engine->first;
    if (command) {
        engine->first = command->next;
        engine->commands--;
        if (!engine->first)
            engine->last = &engine->first;
        command->next = NULL;
    }
    pthread_mutex_unlock(&engine->lock);
    return command;
}

/* The writer's thread tells what became of a file. */
static void writer_tells(void *context, const char *text)
{
    give(context, make_command(HT_COMMAND_MESSAGE, ht_str_from(text), HT_S("")));
}

bool ht_engine_is_stopping(struct ht_engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    bool stopping = engine->stopping;
    pthread_mutex_unlock(&engine->lock);
    return stopping;
}

void ht_engine_sleep(struct ht_engine *engine, int64_t timeout_ns)
{
    struct pollfd pollfd = {.fd = engine->wake_fd, .events = POLLIN};
    struct timespec timeout = ht_timespec(timeout_ns);
    uint64_t count;

    ht_stack_rest(&engine->stack, timeout_ns);
    ppoll(&pollfd, 1, timeout_ns < 0 ? NULL : &timeout, NULL);
    ssize_t n = read(engine->wake_fd, &count, sizeof(count));
    (void)n; /* not woken: nothing to empty */
}

void ht_engine_publish(struct ht_engine *engine, struct ht_state *state)
{
    const uint64_t one = 1;

    pthread_mutex_lock(&engine->lock);
    struct ht_state *before = engine->state;
    engine->state = state;
    pthread_mutex_unlock(&engine->lock);
    ht_state_unref(before);
    ssize_t n = write(engine->state_fd, &one, sizeof(one));
    (void)n;
}

struct ht_state *ht_engine_state(struct ht_engine *engine)
{
    uint64_t count;
    ssize_t n = read(engine->state_fd, &count, sizeof(count));

    (void)n;
    pthread_mutex_lock(&engine->lock);
    struct ht_state *state = ht_state_ref(engine->state);
    pthread_mutex_unlock(&engine->lock);
    return state;
}

int ht_engine_fd(const struct ht_engine *engine)
{
    return engine->state_fd;
}

/* ---- making and ending ---- */

/* An empty state: what a face shows before the first one. */
static struct ht_state *first_state(struct ht_engine *engine)
{
    struct ht_state *state = ht_state_new(ht_node_new(ht_clock_wall(engine->clock)));

    state->origin = engine->origin;
    state->mono_ns = ht_clock_mono(engine->clock);
    return state;
}

static bool is_stopping(void *engine)
{
    return ht_engine_is_stopping(engine);
}

static struct ht_engine *make_engine(const struct ht_engine_options *options, enum ht_origin origin)
{
    struct ht_engine *engine = ht_new0(struct ht_engine);
    pthread_condattr_t attributes;

    engine->clock = options->clock ? options->clock : ht_clock_system();
    engine->facts = options->facts;
    engine->questions = options->questions;
    engine->origin = origin;
    engine->state_dir = ht_strdup(options->state_dir);
    engine->record_path = ht_strdup(options->record_path);
    engine->core = ht_core_new(
        &(struct ht_core_options){.facts = options->facts,
                                  .origin = origin,
                                  .questions = options->questions,
                                  .stop = {.is_stopping = is_stopping, .context = engine}});
    engine->last = &engine->first;
    engine->speed = 1.0;
    engine->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    engine->state_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&engine->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&engine->ended_cond, &attributes);
    pthread_condattr_destroy(&attributes);
    engine->state = first_state(engine);
    return engine;
}

struct ht_slot *ht_engine_make_slot(struct ht_engine *engine, const struct ht_driver *driver,
                                    struct ht_error *err)
{
    const struct ht_slot_options options = {
        .driver = *driver, .clock = engine->clock, .ring = ring, .context = engine};

    return ht_slot_new(&options, err);
}

/* What a source says before it says anything: without it, a question that needs the source would be
 * answered by the others alone. */
static struct ht_node *waiting_sample(const struct ht_engine *engine, const char *name)
{
    struct ht_node *sample = ht_node_new(ht_clock_wall(engine->clock));
    struct ht_source source = {0};

    ht_source_set_id(&source, ht_str_from(name));
    ht_source_set_name(&source, ht_str_from(name));
    ht_source_set_state(&source, HT_SOURCE_STATE_WAIT);
    ht_node_add(sample, ht_row_new(&ht_source_table, &source));
    return sample;
}

struct ht_engine *ht_engine_new(const struct ht_engine_options *options)
{
    struct ht_engine *engine = make_engine(options, HT_ORIGIN_LIVE);

    engine->slots = ht_new_array(struct ht_slot *, options->drivers_len);
    engine->samples = ht_new_array(struct ht_node *, options->drivers_len + 1);
    engine->said_ns = ht_new_array(int64_t, options->drivers_len + 1);
    engine->unstuck = ht_new_array(struct ht_node *, options->drivers_len);
    for (size_t i = 0; i < options->drivers_len; i++) {
        struct ht_slot *slot = ht_engine_make_slot(engine, &options->drivers[i], NULL);

        if (!slot) {
            engine->slot_missing = true;
            continue;
        }
        engine->samples[engine->slots_len] = waiting_sample(engine, ht_slot_name(slot));
        engine->slots[engine->slots_len++] = slot;
    }
    return engine;
}

void ht_engine_await_all(struct ht_engine *engine, int64_t within_ns)
{
    engine->await_ns = within_ns;
}

int ht_engine_new_replay(const struct ht_engine_options *options,
                         const struct ht_engine_document *document, struct ht_engine **ret_engine,
                         struct ht_error *err)
{
    struct ht_engine *engine = make_engine(options, document->origin);
    struct ht_state *shown = NULL;
    int r;

    if (document->origin == HT_ORIGIN_REPORT)
        r = ht_report_read(document->text, document->name, &shown, err);
    else if (document->origin == HT_ORIGIN_NODE)
        r = ht_node_read(document->text, document->name, &engine->given, err);
    else
        r = ht_player_new(document->text, document->name, &engine->player, err);
    if (r < 0) {
        ht_engine_free(engine);
        return r;
    }
    if (shown) {
        shown->mono_ns = ht_clock_mono(engine->clock);
        ht_engine_publish(engine, shown);
    }
    *ret_engine = engine;
    return 0;
}

static void *run(void *argument)
{
    struct ht_engine *engine = argument;

    ht_stack_find(&engine->stack);
    if (engine->origin == HT_ORIGIN_LIVE)
        ht_engine_run_live(engine);
    else
        ht_engine_run_replay(engine);
    pthread_mutex_lock(&engine->lock);
    engine->ended = true;
    pthread_cond_broadcast(&engine->ended_cond);
    pthread_mutex_unlock(&engine->lock);
    return NULL;
}

int ht_engine_start(struct ht_engine *engine, struct ht_error *err)
{
    sigset_t all, before;

    if (engine->wake_fd < 0 || engine->state_fd < 0 || engine->slot_missing)
        return ht_error_set(err, EMFILE, "engine: too few files may be opened: raise ulimit -n");
    engine->writer = ht_writer_new(writer_tells, engine, err);
    if (!engine->writer)
        return -err->code;
    for (size_t i = 0; i < engine->slots_len; i++) {
        int r = ht_slot_start(engine->slots[i], err);

        if (r < 0)
            return r;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&engine->thread, NULL, run, engine);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r != 0)
        return ht_error_errno(err, r, "engine: thread");
    pthread_setname_np(engine->thread, "engine");
    engine->started = true;
    return 0;
}

/* Waits for the engine's thread; false: it still runs, and owns what it works with. */
static bool join(struct ht_engine *engine, int64_t deadline_ns)
{
    struct timespec deadline = ht_timespec(deadline_ns);
    int r = 0;

    if (!engine->started)
        return true;
    pthread_mutex_lock(&engine->lock);
    while (!engine->ended && r != ETIMEDOUT)
        r = pthread_cond_timedwait(&engine->ended_cond, &engine->lock, &deadline);
    bool ended = engine->ended;
    pthread_mutex_unlock(&engine->lock);
    if (!ended)
        return false;
    pthread_join(engine->thread, NULL);
    engine->started = false;
    return true;
}

int ht_engine_stop(struct ht_engine *engine, int64_t grace_ns, struct ht_error *err)
{
    int64_t now = ht_clock_mono(ht_clock_system());
    int64_t deadline = now + grace_ns, least = now + LEAST_NS;

    pthread_mutex_lock(&engine->lock);
    engine->stopping = true;
    pthread_mutex_unlock(&engine->lock);
    wake(engine);
    /* First the engine's own thread, which may replace slots. It blocks on nothing outside, but a
     * step may take its time. */
    if (!join(engine, deadline > least ? deadline : least))
        return ht_error_set(err, ETIMEDOUT, "the engine does not end; a recording lacks its end");
    now = ht_clock_mono(ht_clock_system());
    if (deadline < now + grace_ns)
        deadline = now + grace_ns;
    for (size_t i = 0; i < engine->slots_len; i++)
        ht_slot_stop(engine->slots[i]);
    /* Before the sources: one of those that hangs must not cost the end of a recording. */
    int r = ht_writer_stop(engine->writer, deadline, &engine->recorded, err);
    engine->writer = NULL;
    int bundled = ht_writer_stop(engine->bundler, deadline, NULL, r < 0 ? NULL : err);
    engine->bundler = NULL;
    r = r < 0 ? r : bundled;
    for (size_t i = 0; i < engine->slots_len; i++)
        ht_slot_join(engine->slots[i], deadline);
    return r;
}

struct ht_engine *ht_engine_free(struct ht_engine *engine)
{
    if (!engine || engine->started)
        return NULL;
    for (size_t i = 0; i < engine->slots_len; i++) {
        ht_slot_unref(engine->slots[i]);
        ht_node_unref(engine->samples[i]);
        ht_node_unref(engine->unstuck[i]);
    }
    free(engine->slots);
    if (engine->samples)
        ht_node_unref(engine->samples[engine->slots_len]);
    free(engine->samples);
    free(engine->said_ns);
    free(engine->unstuck);
    ht_recorder_free(engine->recorder);
    ht_player_free(engine->player);
    ht_node_unref(engine->given);
    ht_rowset_fini(&engine->marks);
    ht_core_free(engine->core);
    ht_state_unref(engine->state);
    for (struct ht_command *command = engine->first; command;) {
        struct ht_command *next = command->next;

        ht_command_free(command);
        command = next;
    }
    free(engine->state_dir);
    free(engine->record_path);
    ht_cleanup_close(&engine->wake_fd);
    ht_cleanup_close(&engine->state_fd);
    pthread_cond_destroy(&engine->ended_cond);
    pthread_mutex_destroy(&engine->lock);
    free(engine);
    return NULL;
}

bool ht_engine_has_ended(const struct ht_engine *engine)
{
    return !engine->started;
}

struct ht_recorded ht_engine_recorded(struct ht_engine *engine)
{
    return engine->writer ? ht_writer_recorded(engine->writer) : engine->recorded;
}

/* ---- commands ---- */

void ht_engine_rescan(struct ht_engine *engine)
{
    give(engine, make_command(HT_COMMAND_RESCAN, HT_S(""), HT_S("")));
}

void ht_engine_open(struct ht_engine *engine, struct ht_str finding)
{
    give(engine, make_command(HT_COMMAND_OPEN, finding, HT_S("")));
}

void ht_engine_acknowledge(struct ht_engine *engine, struct ht_str finding, struct ht_str reason)
{
    give(engine, make_command(HT_COMMAND_ACKNOWLEDGE, finding, reason));
}

void ht_engine_mark(struct ht_engine *engine, struct ht_str text)
{
    give(engine, make_command(HT_COMMAND_MARK, text, HT_S("")));
}

void ht_engine_record(struct ht_engine *engine, const char *path)
{
    give(engine, make_command(HT_COMMAND_RECORD, ht_str_from(path), HT_S("")));
}

void ht_engine_export(struct ht_engine *engine, const char *path, struct ht_str bytes)
{
    give(engine, make_command(HT_COMMAND_EXPORT, ht_str_from(path), bytes));
}

void ht_engine_bundle(struct ht_engine *engine, const char *path, struct ht_str finding)
{
    give(engine, make_command(HT_COMMAND_BUNDLE, ht_str_from(path), finding));
}

void ht_engine_lock(struct ht_engine *engine, struct ht_str container, struct ht_str reason)
{
    give(engine, make_command(HT_COMMAND_LOCK, container, reason));
}

void ht_engine_replay_pause(struct ht_engine *engine, bool paused)
{
    give_number(engine, HT_COMMAND_PAUSE, paused ? 1 : 0);
}

void ht_engine_replay_speed(struct ht_engine *engine, double speed)
{
    give_number(engine, HT_COMMAND_SPEED, speed);
}

void ht_engine_replay_seek(struct ht_engine *engine, int64_t at_ns)
{
    /* Microseconds since 1970 fit a double exactly until the year 2255. */
    give_number(engine, HT_COMMAND_SEEK, (double)(at_ns / 1000));
}

void ht_engine_replay_restart(struct ht_engine *engine)
{
    give_number(engine, HT_COMMAND_RESTART, 0);
}

void ht_engine_replay_step(struct ht_engine *engine, int frames)
{
    give_number(engine, HT_COMMAND_STEP, frames);
}

void ht_engine_tell(struct ht_engine *engine, struct ht_rowset *events, enum ht_event_kind kind,
                    struct ht_str text)
{
    struct ht_event event = {0};
    char id[48];
    int64_t now = ht_engine_told_ns(engine);

    snprintf(id, sizeof(id), "said-%020lld-%zu", (long long)now, engine->told++);
    ht_event_set_id(&event, ht_str_from(id));
    ht_event_set_at(&event, now);
    ht_event_set_kind(&event, kind);
    ht_event_set_text(&event, text);
    ht_rowset_add(events, ht_row_new(&ht_event_table, &event));
}

/* ---- evidence ---- */

struct bundling {
    struct ht_state *state;
    char *path, *finding;
    size_t finding_len;
    bool live;
    int64_t now_ns;
};

static int run_bundling(void *context, struct ht_buf *told, struct ht_error *err)
{
    const struct bundling *bundling = context;
    const struct ht_bundle bundle = {.state = bundling->state,
                                     .finding = {bundling->finding, bundling->finding_len},
                                     .proc = bundling->live ? "/proc" : NULL,
                                     .now_ns = bundling->now_ns};

    return ht_bundle_save(&bundle, bundling->path, told, err);
}

static void free_bundling(void *context)
{
    struct bundling *bundling = context;

    ht_state_unref(bundling->state);
    free(bundling->path);
    free(bundling->finding);
    free(bundling);
}

/* Apart from the recording and what else is saved: a process in trouble may hold its reader. */
static void save_bundle(struct ht_engine *engine, const char *path, struct ht_str finding,
                        struct ht_rowset *events)
{
    struct bundling *bundling;
    struct ht_error err = {0};

    if (!engine->bundler)
        engine->bundler = ht_writer_new(writer_tells, engine, &err);
    if (!engine->bundler) {
        ht_engine_tell(engine, events, HT_EVENT_KIND_MESSAGE, ht_str_from(err.text));
        return;
    }
    bundling = ht_new0(struct bundling);
    pthread_mutex_lock(&engine->lock);
    bundling->state = ht_state_ref(engine->state);
    pthread_mutex_unlock(&engine->lock);
    bundling->path = ht_strdup(path);
    bundling->finding = ht_strndup(finding.data, finding.len);
    bundling->finding_len = finding.len;
    bundling->live = engine->origin == HT_ORIGIN_LIVE;
    bundling->now_ns = ht_clock_wall(engine->clock);
    ht_writer_do(
        engine->bundler,
        &(struct ht_writer_work){.run = run_bundling, .free = free_bundling, .context = bundling});
}

void ht_engine_obey(struct ht_engine *engine, const struct ht_command *command,
                    struct ht_rowset *events)
{
    struct ht_str text = {command->text, command->text_len};
    struct ht_str more = {command->more, command->more_len};

    switch (command->kind) {
    case HT_COMMAND_OPEN:
        ht_core_open(engine->core, text);
        break;
    case HT_COMMAND_ACKNOWLEDGE:
        ht_core_acknowledge(engine->core, text, more);
        break;
    case HT_COMMAND_MARK:
        ht_engine_tell(engine, events, HT_EVENT_KIND_MARK, text);
        break;
    case HT_COMMAND_MESSAGE:
        ht_engine_tell(engine, events, HT_EVENT_KIND_MESSAGE, text);
        break;
    case HT_COMMAND_EXPORT:
        ht_writer_save(engine->writer, command->text, more, false, false);
        break;
    case HT_COMMAND_BUNDLE:
        save_bundle(engine, command->text, more, events);
        break;
    case HT_COMMAND_LOCK:
    case HT_COMMAND_RESCAN:
    case HT_COMMAND_RECORD:
    case HT_COMMAND_PAUSE:
    case HT_COMMAND_SPEED:
    case HT_COMMAND_SEEK:
    case HT_COMMAND_RESTART:
    case HT_COMMAND_STEP:
        break; /* live's or replay's own */
    }
}
