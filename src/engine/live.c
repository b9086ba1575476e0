/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's thread over live sources. */
#include "engine-private.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "locks.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/log.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

#define TICK_NS        (1 * HT_NS_PER_S)
#define BUSY_NS        (10 * HT_NS_PER_S)
#define PUBLISH_GAP_NS (250 * HT_NS_PER_MS) /* at most four states a second */

static void state_path(const struct ht_engine *engine, const char *name, struct ht_buf *path)
{
    ht_buf_addf(path, "%s/%s", engine->state_dir, name);
}

/* Reads a file of the state folder, as long as text may get; path is filled for messages. False:
 * there is none, or it cannot be read, and err tells why. */
static bool read_state(const struct ht_engine *engine, const char *name, struct ht_buf *path,
                       struct ht_buf *text, struct ht_error *err)
{
    struct ht_root root = {0};
    int r;

    if (!engine->state_dir)
        return false;
    state_path(engine, name, path);
    if (access(path->data, F_OK) != 0)
        return false;
    r = ht_root_open(&root, engine->state_dir, err);
    if (r == 0)
        r = ht_root_read(&root, name, text, text->max, err);
    ht_root_close(&root);
    return r >= 0;
}

static void save_state(const struct ht_engine *engine, const char *name, struct ht_str text)
{
    ht_autobuf struct ht_buf path = HT_BUF(4096);

    state_path(engine, name, &path);
    ht_writer_save(engine->writer, path.data, text, true, true);
}

/* ---- acknowledgements ---- */

static const char acknowledged[] = "acknowledged.json";

static void load_acknowledged(struct ht_engine *engine)
{
    ht_autobuf struct ht_buf path = HT_BUF(4096);
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    struct ht_error err = {0};

    if (read_state(engine, acknowledged, &path, &text, &err))
        ht_core_read_acknowledged(engine->core, ht_buf_str(&text), path.data, &err);
    if (err.code)
        ht_log_error(HT_LOG_WARNING, "ledger", &err);
}

static void save_acknowledged(struct ht_engine *engine)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);

    if (!engine->state_dir)
        return;
    ht_core_write_acknowledged(engine->core, &text);
    save_state(engine, acknowledged, ht_buf_str(&text));
}

/* ---- locks ---- */

static const char locks[] = "locks.json";

static void load_locks(struct ht_engine *engine)
{
    ht_autobuf struct ht_buf path = HT_BUF(4096);
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_BODY);
    struct ht_error err = {0};

    if (read_state(engine, locks, &path, &text, &err))
        engine->samples[engine->slots_len] = ht_locks_read(ht_buf_str(&text), path.data, &err);
    if (err.code)
        ht_log_error(HT_LOG_WARNING, "locks", &err);
}

static void save_locks(struct ht_engine *engine)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_BODY);

    if (!engine->state_dir)
        return;
    ht_locks_write(engine->samples[engine->slots_len], &text);
    save_state(engine, locks, ht_buf_str(&text));
}

/* What was done stays on the timeline; what was not is a word to who asked. */
static void lock(struct ht_engine *engine, const struct ht_command *command,
                 struct ht_rowset *events)
{
    ht_autobuf struct ht_buf told = HT_BUF(HT_ERROR_TEXT_MAX);
    const struct ht_lock_request request = {.container = {command->text, command->text_len},
                                            .reason = {command->more, command->more_len},
                                            .now_ns = ht_clock_wall(engine->clock)};
    struct ht_node **place = &engine->samples[engine->slots_len];

    pthread_mutex_lock(&engine->lock);
    struct ht_state *state = ht_state_ref(engine->state);
    pthread_mutex_unlock(&engine->lock);
    struct ht_node *after = ht_locks_request(*place, state, &request, &told);
    ht_state_unref(state);
    ht_engine_tell(engine, events, after ? HT_EVENT_KIND_MARK : HT_EVENT_KIND_MESSAGE,
                   ht_buf_str(&told));
    if (!after)
        return;
    ht_node_unref(*place);
    *place = after;
    save_locks(engine);
}

/* ---- recording ---- */

static int write_line(void *context, struct ht_str line, struct ht_error *err)
{
    struct ht_engine *engine = context;

    (void)err;
    if (!ht_writer_line(engine->writer, line, ht_clock_mono(engine->clock)))
        engine->recording_lost = true;
    return 0;
}

static void start_recording(struct ht_engine *engine, const char *path)
{
    engine->recorder = ht_recorder_free(engine->recorder);
    ht_writer_close(engine->writer);
    if (!path[0])
        return;
    ht_writer_open(engine->writer, path);
    engine->recorder = ht_recorder_new(write_line, engine);
    engine->recording_lost = false;
}

static bool has_answer(const struct ht_node *node)
{
    const struct ht_rowset *sources = ht_node_set(node, HT_TABLE_SOURCE);

    for (size_t i = 0; i < sources->len; i++) {
        if (ht_source_of(sources->rows[i])->state != HT_SOURCE_STATE_WAIT)
            return true;
    }
    return false;
}

static void record(struct ht_engine *engine, const struct ht_state *state)
{
    struct ht_error err = {0};

    /* A recording begins with the first answer, not with an empty screen. */
    if (!engine->recorder || !has_answer(state->node))
        return;
    if (ht_recorder_put(engine->recorder, state->node, &err) < 0)
        ht_log_error(HT_LOG_WARNING, "recorder", &err);
    /* A disk that cannot keep up would leave a recording with holes: better a short one. */
    if (engine->recording_lost) {
        ht_writer_break(engine->writer, "the disk cannot keep up");
        start_recording(engine, "");
    }
}

/* ---- sources ---- */

/* The sample of a source that hangs: its rows as they were, its source row STUCK and saying where.
 */
static struct ht_node *stuck_sample(const struct ht_engine *engine, size_t i, const char *where)
{
    const char *name = ht_slot_name(engine->slots[i]);
    struct ht_node *sample = ht_node_share(engine->samples[i]);
    struct ht_source source = {0};
    char detail[256];

    const struct ht_row *row = ht_node_find(sample, HT_TABLE_SOURCE, ht_str_from(name));
    if (row)
        source = *ht_source_of(row);
    snprintf(detail, sizeof(detail), "no sign of life; last seen %s", where);
    ht_source_set_id(&source, ht_str_from(name));
    ht_source_set_name(&source, ht_str_from(name));
    ht_source_set_state(&source, HT_SOURCE_STATE_STUCK);
    ht_source_set_detail(&source, ht_str_from(detail));
    ht_source_set_help(&source, HT_S("the other sources go on; start hulltop again to retry"));
    ht_node_add(sample, ht_row_new(&ht_source_table, &source));
    ht_node_sort(sample);
    return sample;
}

static void set_sample(struct ht_engine *engine, size_t i, struct ht_node *sample)
{
    ht_node_unref(engine->samples[i]);
    engine->samples[i] = sample;
}

static void get_stuck(struct ht_engine *engine, size_t i, const char *where)
{
    struct ht_node *sample = stuck_sample(engine, i, where);

    engine->unstuck[i] = engine->samples[i];
    engine->samples[i] = sample;
}

/* Who hung and goes on may find that nothing changed: what it told last holds then, as old as it
 * is. */
static void get_unstuck(struct ht_engine *engine, size_t i)
{
    set_sample(engine, i, engine->unstuck[i]);
    engine->unstuck[i] = NULL;
}

static bool is_daemon(const struct ht_engine *engine, size_t i)
{
    return ht_node_set(engine->samples[i], HT_TABLE_DAEMON)->len > 0;
}

/* Another user than root listens there, by what the kernel tells. */
static bool is_of_a_user(const struct ht_engine *engine, size_t i)
{
    const struct ht_rowset *daemons = ht_node_set(engine->samples[i], HT_TABLE_DAEMON);

    for (size_t j = 0; j < daemons->len; j++) {
        const struct ht_daemon *daemon = ht_daemon_of(daemons->rows[j]);

        if (ht_daemon_has_socket_uid(daemon) && daemon->socket_uid != 0)
            return true;
    }
    return false;
}

/* A container that starts has processes that should be looked at again, and so on. What a user's
 * daemon tells is about containers that no other daemon has: it gives these no work. */
static void pass_on(struct ht_engine *engine, size_t from, const struct ht_event *event)
{
    struct ht_request request = {.kind = HT_REQUEST_CONTAINER};
    bool of_a_user = is_of_a_user(engine, from);

    if (!ht_event_has_container(event) || event->container.len >= sizeof(request.id))
        return;
    memcpy(request.id, event->container.data, event->container.len);
    for (size_t i = 0; i < engine->slots_len; i++) {
        if (i != from && !(of_a_user && is_daemon(engine, i)))
            ht_slot_request(engine->slots[i], &request);
    }
}

static void tell_lost(struct ht_engine *engine, size_t i, uint64_t lost, struct ht_rowset *events)
{
    struct ht_event event = {0};
    char id[64], text[128];

    snprintf(id, sizeof(id), "lost-%s-%020lld", ht_slot_name(engine->slots[i]),
             (long long)ht_clock_wall(engine->clock));
    snprintf(text, sizeof(text), "%s: %llu events lost, too many came at once",
             ht_slot_name(engine->slots[i]), (unsigned long long)lost);
    ht_event_set_id(&event, ht_str_from(id));
    ht_event_set_at(&event, ht_clock_wall(engine->clock));
    ht_event_set_kind(&event, HT_EVENT_KIND_EVENTS_LOST);
    ht_event_set_text(&event, ht_str_from(text));
    ht_event_set_source(&event, ht_str_from(ht_slot_name(engine->slots[i])));
    ht_rowset_add(events, ht_row_new(&ht_event_table, &event));
}

/* Puts a fresh thread in the place of one that hangs, which is left behind with its slot. */
static bool replace(struct ht_engine *engine, size_t i)
{
    struct ht_driver driver = ht_slot_renew(engine->slots[i]);
    struct ht_error err = {0};

    if (!driver.ops)
        return false;

    struct ht_slot *slot = ht_engine_make_slot(engine, &driver, &err);
    if (!slot || ht_slot_start(slot, &err) < 0) {
        ht_log_error(HT_LOG_ERROR, "engine", &err);
        ht_slot_unref(slot);
        return false;
    }
    ht_log(HT_LOG_WARNING, "engine", "%s: its thread hangs; another one takes its place",
           ht_slot_name(slot));
    ht_slot_stop(engine->slots[i]);
    ht_slot_join(engine->slots[i], 0);
    ht_slot_unref(engine->slots[i]);
    engine->slots[i] = slot;
    return true;
}

/* Who hangs gets another thread, or is told to hang until it goes on. */
static void watch_over(struct ht_engine *engine, size_t i, int64_t mono)
{
    const char *where;
    bool stuck = ht_slot_is_stuck(engine->slots[i], mono, &where);

    if (engine->unstuck[i] && !stuck)
        get_unstuck(engine, i);
    else if (!engine->unstuck[i] && stuck && !replace(engine, i))
        get_stuck(engine, i, where);
}

static void collect(struct ht_engine *engine, struct ht_rowset *events)
{
    int64_t mono = ht_clock_mono(engine->clock);

    for (size_t i = 0; i < engine->slots_len; i++) {
        struct ht_slot_news news;

        ht_slot_take(engine->slots[i], &news);
        /* A thread that took another's place has said nothing: its data gets older. */
        if (news.said_ns)
            engine->said_ns[i] = news.said_ns;
        if (news.sample && engine->samples[i] && ht_slot_confirms(engine->samples[i], news.sample))
            news.sample = ht_node_unref(news.sample);
        if (news.sample) {
            engine->unstuck[i] = ht_node_unref(engine->unstuck[i]);
            set_sample(engine, i, news.sample);
        } else {
            watch_over(engine, i, mono);
        }
        for (size_t j = 0; j < news.events.len; j++)
            pass_on(engine, i, ht_event_of(news.events.rows[j]));
        ht_rowset_share(events, &news.events);
        ht_rowset_fini(&news.events);
        if (news.lost)
            tell_lost(engine, i, news.lost, events);
        ht_slot_settle(engine->slots[i], mono);
    }
}

/* It may still answer. A daemon that was slow once is asked again, but not waited for without end.
 */
static bool is_awaited(const struct ht_engine *engine, const struct ht_source *source)
{
    if (!ht_source_has_state(source))
        return false;
    if (source->state == HT_SOURCE_STATE_BUSY && !ht_source_has_answered_at(source))
        return ht_clock_mono(engine->clock) < engine->busy_until_ns;
    return source->state == HT_SOURCE_STATE_WAIT;
}

/* Every source has answered once, or failed. */
static bool is_complete(const struct ht_engine *engine)
{
    for (size_t i = 0; i < engine->slots_len; i++) {
        const struct ht_row *row;

        if (!engine->samples[i])
            return false;
        row = ht_node_find(engine->samples[i], HT_TABLE_SOURCE,
                           ht_str_from(ht_slot_name(engine->slots[i])));
        if (row && is_awaited(engine, ht_source_of(row)))
            return false;
    }
    return true;
}

/* What happens before the first state is in it. */
static void await_all(struct ht_engine *engine, struct ht_rowset *events)
{
    int64_t now_ns = ht_clock_mono(engine->clock), end_ns = now_ns + engine->await_ns;
    int64_t left = engine->await_ns;

    engine->busy_until_ns = now_ns + (left < BUSY_NS ? left : BUSY_NS);

    while (left > 0 && !is_complete(engine) && !ht_engine_is_stopping(engine)) {
        ht_engine_sleep(engine, left < TICK_NS ? left : TICK_NS);
        collect(engine, events);
        left = end_ns - ht_clock_mono(engine->clock);
    }
}

static void obey(struct ht_engine *engine, struct ht_rowset *events)
{
    for (struct ht_command *command = ht_engine_take_command(engine); command;
         command = ht_engine_take_command(engine)) {
        if (command->kind == HT_COMMAND_RESCAN) {
            for (size_t i = 0; i < engine->slots_len; i++)
                ht_slot_request(engine->slots[i], &(struct ht_request){.kind = HT_REQUEST_RESCAN});
        } else if (command->kind == HT_COMMAND_RECORD) {
            start_recording(engine, command->text);
        } else if (command->kind == HT_COMMAND_LOCK) {
            lock(engine, command, events);
        } else {
            ht_engine_obey(engine, command, events);
            if (command->kind == HT_COMMAND_ACKNOWLEDGE)
                save_acknowledged(engine);
        }
        ht_command_free(command);
    }
}

/* One look at everything, with the events collected so far, which it empties; true if a state was
 * published. */
static bool look(struct ht_engine *engine, struct ht_rowset *events)
{
    obey(engine, events);
    collect(engine, events);

    struct ht_state *state =
        ht_core_step(engine->core, &(struct ht_step){.samples = engine->samples,
                                                     .samples_len = engine->slots_len + 1,
                                                     .said_ns = engine->said_ns,
                                                     .events = events,
                                                     .complete = is_complete(engine),
                                                     .now_ns = ht_clock_wall(engine->clock),
                                                     .mono_ns = ht_clock_mono(engine->clock)});
    ht_rowset_fini(events);
    if (!state)
        return false;
    record(engine, state);
    ht_engine_publish(engine, state);
    return true;
}

void ht_engine_run_live(struct ht_engine *engine)
{
    struct ht_rowset events = {0};
    int64_t last_ns = 0;

    load_acknowledged(engine);
    load_locks(engine);
    if (engine->record_path)
        start_recording(engine, engine->record_path);
    await_all(engine, &events);
    while (!ht_engine_is_stopping(engine)) {
        if (look(engine, &events))
            last_ns = ht_clock_mono(engine->clock);
        bool was_complete = is_complete(engine);
        ht_engine_sleep(engine, TICK_NS);

        /* A burst becomes one state: what comes within the gap waits for its end. The first answer
         * that is whole does not: somebody may be waiting for nothing else. */
        int64_t gap = last_ns + PUBLISH_GAP_NS - ht_clock_mono(engine->clock);
        while (gap > 0 && !ht_engine_is_stopping(engine)) {
            if (!was_complete) {
                collect(engine, &events);
                if (is_complete(engine))
                    break;
            }
            ht_engine_sleep(engine, gap);
            gap = last_ns + PUBLISH_GAP_NS - ht_clock_mono(engine->clock);
        }
    }
    ht_rowset_fini(&events);
    engine->recorder = ht_recorder_free(engine->recorder);
}
