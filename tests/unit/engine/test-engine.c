/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine over drivers that a test writes, and over recordings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/facts.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/engine/engine.h"
#include "hulltop/model/document.h"

#define LONG_NS (100 * HT_NS_PER_S)

/* ---- drivers ---- */

static struct ht_node *sample(const char *name, enum ht_source_state state)
{
    struct ht_node *node = ht_node_new(ht_clock_wall(ht_clock_system()));
    struct ht_source source = {0};

    ht_source_set_id(&source, ht_str_from(name));
    ht_source_set_name(&source, ht_str_from(name));
    ht_source_set_state(&source, state);
    if (state != HT_SOURCE_STATE_BUSY) /* never yet */
        ht_source_set_answered_at(&source, ht_clock_wall(ht_clock_system()));
    ht_source_set_interval(&source, 60 * HT_NS_PER_S);
    ht_node_add(node, ht_row_new(&ht_source_table, &source));
    return node;
}

static void add_container(struct ht_node *node, const char *name, bool privileged)
{
    struct ht_container container = {0};

    ht_container_set_id(&container, ht_str_from(name));
    ht_container_set_name(&container, ht_str_from(name));
    ht_container_set_image(&container, HT_S("web:1"));
    ht_container_set_state(&container, HT_CONTAINER_STATE_RUNNING);
    ht_privilege_set_privileged(ht_container_edit_declared(&container), privileged);
    ht_node_add(node, ht_row_new(&ht_container_table, &container));
}

/* Quiet at first; with the first request a privileged container is there. */
static void run_good(void *self, struct ht_feed *feed)
{
    struct ht_request request;
    struct ht_node *node = sample("docker", HT_SOURCE_STATE_OK);

    (void)self;
    add_container(node, "web", false);
    feed->publish(feed, node);
    while (feed->wait(feed, -1, &request)) {
        if (request.kind != HT_REQUEST_RESCAN)
            continue;
        node = sample("docker", HT_SOURCE_STATE_OK);
        add_container(node, "debug", true);
        add_container(node, "web", false);
        feed->publish(feed, node);
    }
}

/* Never comes back until it is told to, however often it is asked to end. */
static pthread_mutex_t hang_lock = PTHREAD_MUTEX_INITIALIZER;

static void run_hanging(void *self, struct ht_feed *feed)
{
    (void)self;
    feed->at(feed, "reading what hangs");
    pthread_mutex_lock(&hang_lock);
    pthread_mutex_unlock(&hang_lock);
}

static void run_absent(void *self, struct ht_feed *feed)
{
    struct ht_request request;

    (void)self;
    feed->publish(feed, sample("podman", HT_SOURCE_STATE_ABSENT));
    while (feed->wait(feed, -1, &request))
        ;
}

/* Waits until it may, then tells all there is. */
static pthread_mutex_t late_lock = PTHREAD_MUTEX_INITIALIZER;

static void run_late(void *self, struct ht_feed *feed)
{
    struct ht_request request;

    (void)self;
    pthread_mutex_lock(&late_lock);
    pthread_mutex_unlock(&late_lock);
    feed->publish(feed, sample("docker", HT_SOURCE_STATE_OK));
    while (feed->wait(feed, -1, &request))
        ;
}

/* Slow at first. */
static void run_busy(void *self, struct ht_feed *feed)
{
    struct ht_request request;

    (void)self;
    feed->publish(feed, sample("docker", HT_SOURCE_STATE_BUSY));
    if (!feed->wait(feed, 300 * HT_NS_PER_MS, &request))
        return;
    feed->publish(feed, sample("docker", HT_SOURCE_STATE_OK));
    while (feed->wait(feed, -1, &request))
        ;
}

static void free_nothing(void *self)
{
    (void)self;
}

static const struct ht_driver_ops absent_ops = {.name = "podman",
                                                .interval_ns = 60 * HT_NS_PER_S,
                                                .limit_ns = 60 * HT_NS_PER_S,
                                                .run = run_absent,
                                                .free = free_nothing};
static const struct ht_driver_ops slow_ops = {.name = "proc",
                                              .interval_ns = HT_NS_PER_S,
                                              .limit_ns = 60 * HT_NS_PER_S,
                                              .run = run_hanging,
                                              .free = free_nothing};

static const struct ht_driver_ops good_ops = {.name = "docker",
                                              .interval_ns = 60 * HT_NS_PER_S,
                                              .limit_ns = 60 * HT_NS_PER_S,
                                              .run = run_good,
                                              .free = free_nothing};
static const struct ht_driver_ops late_ops = {.name = "docker",
                                              .interval_ns = 60 * HT_NS_PER_S,
                                              .limit_ns = 60 * HT_NS_PER_S,
                                              .run = run_late,
                                              .free = free_nothing};
static const struct ht_driver_ops busy_ops = {.name = "docker",
                                              .interval_ns = 60 * HT_NS_PER_S,
                                              .limit_ns = 60 * HT_NS_PER_S,
                                              .run = run_busy,
                                              .free = free_nothing};
static const struct ht_driver_ops hanging_ops = {.name = "proc",
                                                 .interval_ns = HT_NS_PER_S,
                                                 .limit_ns = 100 * HT_NS_PER_MS,
                                                 .run = run_hanging,
                                                 .free = free_nothing};

/* ---- waiting ---- */

typedef bool (*condition)(const struct ht_state *state);

/* The first state for which the condition holds. */
static struct ht_state *wait_for(struct ht_engine *engine, condition holds)
{
    int64_t deadline = ht_clock_mono(ht_clock_system()) + LONG_NS;

    for (;;) {
        struct ht_state *state = ht_engine_state(engine);
        struct pollfd pollfd = {.fd = ht_engine_fd(engine), .events = POLLIN};

        if (holds(state))
            return state;
        ht_state_unref(state);
        assert_true(ht_clock_mono(ht_clock_system()) < deadline);
        poll(&pollfd, 1, 1000);
    }
}

static bool is_complete(const struct ht_state *state)
{
    return state->complete;
}

static bool has_critical(const struct ht_state *state)
{
    return state->findings.len &&
           ht_finding_of(state->findings.rows[0])->severity == HT_SEVERITY_CRITICAL;
}

static bool is_stuck(const struct ht_state *state)
{
    const struct ht_row *row = ht_node_find(state->node, HT_TABLE_SOURCE, HT_S("proc"));

    return row && ht_source_of(row)->state == HT_SOURCE_STATE_STUCK;
}

/* Which of two sources is heard of first is up to the machine. */
static bool is_stuck_beside_a_container(const struct ht_state *state)
{
    return is_stuck(state) && ht_node_set(state->node, HT_TABLE_CONTAINER)->len == 1;
}

static struct ht_engine *start(const struct ht_driver *drivers, size_t len)
{
    struct ht_error err = {0};
    struct ht_engine *engine = ht_engine_new(&(struct ht_engine_options){
        .facts = facts, .questions = 0x7e, .drivers = drivers, .drivers_len = len});

    assert_int_equal(ht_engine_start(engine, &err), 0);
    return engine;
}

static void end(struct ht_engine *engine)
{
    ht_engine_stop(engine, LONG_NS, NULL);
    ht_engine_free(engine);
}

/* ---- tests ---- */

static void a_container_that_appears_is_a_new_finding(void **state)
{
    const struct ht_driver drivers[] = {{.ops = &good_ops}};
    struct ht_engine *engine = start(drivers, 1);
    ht_autostate struct ht_state *quiet = wait_for(engine, is_complete);

    (void)state;
    assert_false(has_critical(quiet));
    ht_engine_rescan(engine);
    ht_autostate struct ht_state *loud = wait_for(engine, has_critical);
    const struct ht_finding *finding = ht_finding_of(loud->findings.rows[0]);
    assert_true(ht_str_is(finding->check, "PRV-001"));
    assert_true(ht_str_is(finding->subject.name, "debug"));
    assert_true(finding->new);
    assert_int_equal(ht_state_question(loud, 3)->state, HT_QUESTION_STATE_FAIL);
    end(engine);
}

static void a_source_that_hangs_is_stuck_and_the_rest_goes_on(void **state)
{
    const struct ht_driver drivers[] = {{.ops = &good_ops}, {.ops = &hanging_ops}};
    struct ht_engine *engine;

    (void)state;
    pthread_mutex_lock(&hang_lock);
    engine = start(drivers, 2);
    ht_autostate struct ht_state *stuck = wait_for(engine, is_stuck_beside_a_container);
    const struct ht_source *source =
        ht_source_of(ht_node_find(stuck->node, HT_TABLE_SOURCE, HT_S("proc")));
    assert_true(ht_str_find(source->detail, HT_S("reading what hangs"), 0) >= 0);
    ht_engine_rescan(engine);
    ht_autostate struct ht_state *loud = wait_for(engine, has_critical);
    assert_non_null(loud);
    ht_engine_stop(engine, HT_NS_PER_MS, NULL);
    ht_engine_free(engine);
    pthread_mutex_unlock(&hang_lock);
}

static bool is_waiting(const struct ht_state *state)
{
    const struct ht_row *row = ht_node_find(state->node, HT_TABLE_SOURCE, HT_S("docker"));

    return row && ht_source_of(row)->state == HT_SOURCE_STATE_WAIT;
}

static int64_t stand_still(void *context)
{
    (void)context;
    return HT_NS_PER_S;
}

/* Time stands still, so the gap behind the first state never ends. */
static void the_first_whole_answer_waits_for_no_gap(void **state)
{
    const struct ht_clock clock = {.mono_ns = stand_still, .wall_ns = stand_still};
    const struct ht_driver driver = {.ops = &late_ops};
    struct ht_error err = {0};
    struct ht_engine *engine = ht_engine_new(&(struct ht_engine_options){
        .clock = &clock, .facts = facts, .questions = 0x7e, .drivers = &driver, .drivers_len = 1});

    (void)state;
    pthread_mutex_lock(&late_lock);
    assert_int_equal(ht_engine_start(engine, &err), 0);
    ht_autostate struct ht_state *waiting = wait_for(engine, is_waiting);
    assert_false(waiting->complete);
    pthread_mutex_unlock(&late_lock);
    ht_autostate struct ht_state *complete = wait_for(engine, is_complete);
    assert_true(complete->complete);
    end(engine);
}

/* Time stands still, so nothing but the last answer can end the waiting. */
static void one_answer_is_made_of_all_sources(void **state)
{
    const struct ht_clock clock = {.mono_ns = stand_still, .wall_ns = stand_still};
    const struct ht_driver drivers[] = {{.ops = &good_ops}, {.ops = &late_ops}};
    struct ht_error err = {0};
    struct ht_engine *engine = ht_engine_new(&(struct ht_engine_options){
        .clock = &clock, .facts = facts, .questions = 0x7e, .drivers = drivers, .drivers_len = 2});

    (void)state;
    ht_engine_await_all(engine, LONG_NS);
    assert_int_equal(ht_engine_start(engine, &err), 0);
    ht_autostate struct ht_state *complete = wait_for(engine, is_complete);
    assert_int_equal(complete->serial, 1);
    end(engine);
}

/* Who wants one answer gets that of a daemon that was slow when it was asked first. */
static void one_answer_waits_for_who_is_busy(void **state)
{
    const struct ht_driver driver = {.ops = &busy_ops};
    struct ht_error err = {0};
    struct ht_engine *engine = ht_engine_new(&(struct ht_engine_options){.clock = ht_clock_system(),
                                                                         .facts = facts,
                                                                         .questions = 0x7e,
                                                                         .drivers = &driver,
                                                                         .drivers_len = 1});

    (void)state;
    ht_engine_await_all(engine, LONG_NS);
    assert_int_equal(ht_engine_start(engine, &err), 0);
    ht_autostate struct ht_state *complete = wait_for(engine, is_complete);
    const struct ht_row *row = ht_node_find(complete->node, HT_TABLE_SOURCE, HT_S("docker"));
    assert_int_equal(ht_source_of(row)->state, HT_SOURCE_STATE_OK);
    assert_int_equal(complete->serial, 1);
    end(engine);
}

static bool podman_is_absent(const struct ht_state *state)
{
    const struct ht_row *row = ht_node_find(state->node, HT_TABLE_SOURCE, HT_S("podman"));

    return row && ht_source_of(row)->state == HT_SOURCE_STATE_ABSENT;
}

static void a_source_that_says_nothing_yet_is_waited_for(void **state)
{
    const struct ht_driver drivers[] = {{.ops = &absent_ops}, {.ops = &slow_ops}};
    struct ht_engine *engine;

    (void)state;
    pthread_mutex_lock(&hang_lock);
    engine = start(drivers, 2);
    ht_autostate struct ht_state *early = wait_for(engine, podman_is_absent);
    const struct ht_row *row = ht_node_find(early->node, HT_TABLE_SOURCE, HT_S("proc"));
    assert_non_null(row);
    assert_int_equal(ht_source_of(row)->state, HT_SOURCE_STATE_WAIT);
    assert_false(early->complete);
    assert_int_equal(ht_state_question(early, 3)->state, HT_QUESTION_STATE_WAIT);
    pthread_mutex_unlock(&hang_lock);
    end(engine);
}

static bool said_saved(const struct ht_state *state)
{
    for (size_t i = 0; i < state->events.len; i++) {
        const struct ht_event *event = ht_event_of(state->events.rows[i]);

        if (event->kind == HT_EVENT_KIND_MESSAGE && ht_str_has_prefix(event->text, "saved "))
            return true;
    }
    return false;
}

static void a_saved_file_is_told_as_an_event(void **state)
{
    const struct ht_driver drivers[] = {{.ops = &good_ops}};
    struct ht_engine *engine = start(drivers, 1);
    char folder[] = "/tmp/hulltop-test-XXXXXX";
    char path[64];

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/x.json", folder);
    ht_engine_export(engine, path, HT_S("{}\n"));
    ht_state_unref(wait_for(engine, said_saved));
    assert_int_equal(access(path, R_OK), 0);
    end(engine);
    unlink(path);
    rmdir(folder);
}

/* ---- replay ---- */

static int append(void *context, struct ht_str line, struct ht_error *err)
{
    (void)err;
    ht_buf_add_str(context, line);
    if (line.len == 0 || line.data[line.len - 1] != '\n')
        ht_buf_add_c(context, '\n');
    return 0;
}

/* Three frames a minute apart: quiet, a privileged container, quiet again. */
static void make_recording(struct ht_buf *out)
{
    struct ht_recorder *recorder = ht_recorder_new(append, out);
    struct ht_error err = {0};

    for (int i = 0; i < 3; i++) {
        ht_autonode struct ht_node *node = sample("docker", HT_SOURCE_STATE_OK);

        node->taken_at = (int64_t)(1000000 + 60 * i) * HT_NS_PER_S;
        add_container(node, "web", false);
        if (i == 1)
            add_container(node, "debug", true);
        ht_node_sort(node);
        assert_int_equal(ht_recorder_put(recorder, node, &err), 0);
    }
    ht_recorder_free(recorder);
}

static bool is_ended(const struct ht_state *state)
{
    return state->replay.ended;
}

static bool is_faster(const struct ht_state *state)
{
    return state->replay.speed > 1;
}

static bool is_second(const struct ht_state *state)
{
    return state->now_ns - state->replay.start_ns == 60 * HT_NS_PER_S;
}

static bool is_first(const struct ht_state *state)
{
    return state->replay.end_ns && state->now_ns == state->replay.start_ns;
}

/* A replay of that recording, at its first frame; clock may be NULL. */
static struct ht_engine *replay(const struct ht_clock *clock, struct ht_str text)
{
    const struct ht_engine_options options = {.clock = clock, .facts = facts, .questions = 0x7e};
    const struct ht_engine_document document = {
        .origin = HT_ORIGIN_REPLAY, .name = "test", .text = text};
    struct ht_engine *engine;
    struct ht_error err = {0};

    assert_int_equal(ht_engine_new_replay(&options, &document, &engine, &err), 0);
    assert_int_equal(ht_engine_start(engine, &err), 0);
    ht_state_unref(wait_for(engine, is_first));
    return engine;
}

static void a_recording_gives_the_same_findings_again(void **state)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_BODY);
    struct ht_engine *engine;

    (void)state;
    make_recording(&text);
    engine = replay(NULL, ht_buf_str(&text));
    for (int round = 0; round < 2; round++) {
        ht_engine_replay_step(engine, 1);
        ht_autostate struct ht_state *loud = wait_for(engine, is_second);
        assert_true(has_critical(loud));
        assert_true(ht_finding_of(loud->findings.rows[0])->new);
        ht_engine_replay_step(engine, 1);
        ht_autostate struct ht_state *quiet = wait_for(engine, is_ended);
        assert_false(has_critical(quiet));
        ht_engine_replay_restart(engine);
        ht_autostate struct ht_state *again = wait_for(engine, is_first);
        assert_false(has_critical(again));
        assert_int_equal(again->events.len, 0);
    }
    end(engine);
}

/* ---- the place in a recording ---- */

static _Atomic int64_t told_ns;

static int64_t tell(void *context)
{
    (void)context;
    return told_ns;
}

/* A replay of the recording, which is put into text, by a clock that stands until told_ns is set.
 */
static struct ht_engine *replay_by_hand(struct ht_buf *text)
{
    static const struct ht_clock clock = {.mono_ns = tell, .wall_ns = tell};

    told_ns = HT_NS_PER_S;
    make_recording(text);
    return replay(&clock, ht_buf_str(text));
}

static bool is_paused(const struct ht_state *state)
{
    return state->replay.paused;
}

static bool goes_on(const struct ht_state *state)
{
    return state->replay.end_ns && !state->replay.paused;
}

/* What a face counts on from; false: the recording's clock is not so many seconds behind its
 * start, or not as of now. */
static bool is_placed(const struct ht_state *state, int64_t seconds)
{
    return state->replay.now_ns - state->replay.start_ns == seconds * HT_NS_PER_S &&
           state->mono_ns == told_ns;
}

/* Owned by the caller. */
static struct ht_state *pause_at_40(struct ht_engine *engine)
{
    told_ns += 40 * HT_NS_PER_S;
    ht_engine_replay_pause(engine, true);

    struct ht_state *paused = wait_for(engine, is_paused);
    assert_true(is_placed(paused, 40));
    return paused;
}

/* A minute lies between two frames; 55 s of it pass before the speed changes. */
static void pauses_and_speeds_keep_the_place(void **state)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_BODY);
    struct ht_engine *engine = replay_by_hand(&text);

    (void)state;
    ht_autostate struct ht_state *paused = pause_at_40(engine);
    told_ns += 1000 * HT_NS_PER_S; /* not of the recording */
    ht_engine_replay_pause(engine, false);
    ht_autostate struct ht_state *on = wait_for(engine, goes_on);
    assert_true(is_placed(on, 40));
    assert_int_equal(on->replay.obeyed, 2);
    told_ns += 15 * HT_NS_PER_S;
    ht_engine_replay_speed(engine, 2);
    ht_autostate struct ht_state *faster = wait_for(engine, is_faster);
    assert_true(is_first(faster));
    assert_true(is_placed(faster, 55));
    told_ns += 3 * HT_NS_PER_S; /* 6 s of the recording */
    ht_engine_replay_speed(engine, 2);
    ht_state_unref(wait_for(engine, is_second));
    end(engine);
}

static bool is_sought(const struct ht_state *state)
{
    return state->replay.paused && is_placed(state, 15);
}

/* How far in its frame it stood before is nothing to the place that was asked for. */
static void a_seek_shows_the_place_that_was_asked_for(void **state)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_BODY);
    struct ht_engine *engine = replay_by_hand(&text);

    (void)state;
    ht_autostate struct ht_state *paused = pause_at_40(engine);
    ht_engine_replay_seek(engine, paused->replay.start_ns + 15 * HT_NS_PER_S);
    ht_state_unref(wait_for(engine, is_sought));
    end(engine);
}

static size_t count_marks(const struct ht_state *state)
{
    size_t marks = 0;

    for (size_t i = 0; i < state->events.len; i++)
        marks += ht_event_of(state->events.rows[i])->kind == HT_EVENT_KIND_MARK;
    return marks;
}

static bool has_marks(const struct ht_state *state)
{
    return count_marks(state) == 2;
}

/* Whoever looks for it later looks in the recording. */
static void a_mark_in_a_recording_has_the_time_of_the_recording(void **state)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_BODY);
    struct ht_engine *engine = replay_by_hand(&text);

    (void)state;
    told_ns += 40 * HT_NS_PER_S;
    ht_engine_replay_pause(engine, true);
    ht_state_unref(wait_for(engine, is_paused));
    told_ns += 1000 * HT_NS_PER_S;
    ht_engine_mark(engine, HT_S("here"));
    ht_engine_mark(engine, HT_S("and here"));
    ht_autostate struct ht_state *marked = wait_for(engine, has_marks);
    for (size_t i = 0; i < marked->events.len; i++) {
        const struct ht_event *event = ht_event_of(marked->events.rows[i]);

        if (event->kind == HT_EVENT_KIND_MARK)
            assert_int_equal(event->at, (int64_t)(1000000 + 40) * HT_NS_PER_S);
    }
    assert_string_not_equal(ht_row_id(marked->events.rows[marked->events.len - 1]).data,
                            ht_row_id(marked->events.rows[marked->events.len - 2]).data);
    end(engine);
}

static bool is_at_the_beginning(const struct ht_state *state)
{
    return state->now_ns == state->replay.start_ns;
}

static bool is_at_the_end_with_marks(const struct ht_state *state)
{
    return state->replay.ended && count_marks(state) > 0;
}

static bool is_at_the_beginning_anew(const struct ht_state *state)
{
    return is_at_the_beginning(state) && !state->replay.paused;
}

/* Whoever steps back looks for what led to a mark: it is still there when its time comes, once. */
static void marks_outlive_a_step_back(void **state)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_BODY);
    struct ht_engine *engine = replay_by_hand(&text);

    (void)state;
    ht_engine_replay_pause(engine, true);
    ht_state_unref(wait_for(engine, is_paused));
    ht_engine_mark(engine, HT_S("at the beginning"));
    ht_engine_replay_seek(engine, INT64_MAX);
    ht_engine_mark(engine, HT_S("at the end"));
    ht_state_unref(wait_for(engine, has_marks));
    ht_engine_replay_seek(engine, 0);
    ht_autostate struct ht_state *first = wait_for(engine, is_at_the_beginning);
    assert_int_equal(count_marks(first), 1);
    ht_engine_replay_seek(engine, INT64_MAX);
    ht_autostate struct ht_state *last = wait_for(engine, is_at_the_end_with_marks);
    assert_int_equal(count_marks(last), 2);
    ht_engine_replay_restart(engine);
    ht_autostate struct ht_state *again = wait_for(engine, is_at_the_beginning_anew);
    assert_int_equal(count_marks(again), 0);
    end(engine);
}

/* Docker breaks off: what it had shown can be neither seen nor over. */
static void make_broken_recording(struct ht_buf *out)
{
    struct ht_recorder *recorder = ht_recorder_new(append, out);
    struct ht_error err = {0};

    for (int i = 0; i < 2; i++) {
        ht_autonode struct ht_node *node =
            sample("docker", i ? HT_SOURCE_STATE_BROKEN : HT_SOURCE_STATE_OK);

        node->taken_at = (int64_t)(1000000 + 60 * i) * HT_NS_PER_S;
        if (i == 0)
            add_container(node, "debug", true);
        ht_node_sort(node);
        assert_int_equal(ht_recorder_put(recorder, node, &err), 0);
    }
    ht_recorder_free(recorder);
}

static void what_is_held_stays_when_a_state_is_shown_again(void **state)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_BODY);
    struct ht_engine *engine;

    (void)state;
    make_broken_recording(&text);
    engine = replay(NULL, ht_buf_str(&text));
    ht_engine_replay_step(engine, 1);
    ht_autostate struct ht_state *broken = wait_for(engine, is_ended);
    assert_true(broken->held.len > 0);
    ht_engine_replay_pause(engine, true);
    ht_autostate struct ht_state *again = wait_for(engine, is_paused);
    assert_int_equal(again->held.len, broken->held.len);
    end(engine);
}

/* ---- a step that takes long ---- */

static pthread_mutex_t step_lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t held;

/* Holds whoever asks for the time, and tells that it does. */
static int64_t hold(void *context)
{
    const pthread_t *tester = context;

    if (pthread_equal(pthread_self(), *tester))
        return HT_NS_PER_S;
    if (pthread_mutex_trylock(&step_lock) != 0) {
        sem_post(&held);
        pthread_mutex_lock(&step_lock);
    }
    pthread_mutex_unlock(&step_lock);
    return HT_NS_PER_S;
}

static void a_step_that_takes_long_does_not_hold_up_the_end(void **state)
{
    pthread_t tester = pthread_self();
    const struct ht_clock clock = {.mono_ns = hold, .wall_ns = hold, .context = &tester};
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_BODY);
    struct ht_engine *engine;
    struct ht_error err = {0};

    (void)state;
    assert_int_equal(sem_init(&held, 0, 0), 0);
    make_recording(&text);
    engine = replay(&clock, ht_buf_str(&text));
    pthread_mutex_lock(&step_lock);
    ht_engine_replay_seek(engine, INT64_MAX);
    assert_int_equal(sem_wait(&held), 0);
    assert_int_equal(ht_engine_stop(engine, 0, &err), -ETIMEDOUT);
    assert_false(ht_engine_has_ended(engine));
    assert_null(ht_engine_free(engine));
    pthread_mutex_unlock(&step_lock);
    assert_int_equal(ht_engine_stop(engine, LONG_NS, &err), 0);
    assert_true(ht_engine_has_ended(engine));
    /* It did not go through the frames that were left. */
    ht_autostate struct ht_state *last = ht_engine_state(engine);
    assert_false(is_ended(last));
    ht_engine_free(engine);
}

/* Its gap is longer than 63 bits of nanoseconds. */
static void a_gap_of_centuries_is_waited_for(void **state)
{
    static const char text[] = "{\"schema\":\"hulltop-node/1\",\"recording\":true,"
                               "\"taken_at\":\"1700-01-01T00:00:00Z\",\"sources\":[{\"id\":\"a\","
                               "\"name\":\"a\",\"state\":\"OK\"}]}\n"
                               "{\"at\":\"2250-01-01T00:00:00Z\",\"put\":{}}\n";
    struct ht_engine *engine;

    (void)state;
    engine = replay(NULL, ht_str_from(text));
    /* A command is answered from the frame that is shown then. */
    ht_engine_replay_speed(engine, 64);
    ht_autostate struct ht_state *faster = wait_for(engine, is_faster);
    assert_false(faster->replay.ended);
    ht_engine_replay_seek(engine, INT64_MAX);
    ht_state_unref(wait_for(engine, is_ended));
    end(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_container_that_appears_is_a_new_finding),
        cmocka_unit_test(a_source_that_hangs_is_stuck_and_the_rest_goes_on),
        cmocka_unit_test(a_source_that_says_nothing_yet_is_waited_for),
        cmocka_unit_test(the_first_whole_answer_waits_for_no_gap),
        cmocka_unit_test(one_answer_is_made_of_all_sources),
        cmocka_unit_test(one_answer_waits_for_who_is_busy),
        cmocka_unit_test(a_saved_file_is_told_as_an_event),
        cmocka_unit_test(a_recording_gives_the_same_findings_again),
        cmocka_unit_test(a_step_that_takes_long_does_not_hold_up_the_end),
        cmocka_unit_test(pauses_and_speeds_keep_the_place),
        cmocka_unit_test(a_seek_shows_the_place_that_was_asked_for),
        cmocka_unit_test(a_mark_in_a_recording_has_the_time_of_the_recording),
        cmocka_unit_test(marks_outlive_a_step_back),
        cmocka_unit_test(what_is_held_stays_when_a_state_is_shown_again),
        cmocka_unit_test(a_gap_of_centuries_is_waited_for),
    };

    return cmocka_run_group_tests(tests, load_facts, free_facts);
}
