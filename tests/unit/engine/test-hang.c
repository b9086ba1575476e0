/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sources that give no sign of life for a while, or for ever: what they told before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>

#include "tests/unit/facts.h"
#include "hulltop/base/mem.h"
#include "hulltop/engine/engine.h"

#define S       HT_NS_PER_S
#define LONG_NS (100 * S)

/* ---- a source ---- */

static _Atomic int64_t told_ns;

static int64_t tell(void *context)
{
    (void)context;
    return told_ns;
}

static struct ht_node *sample(void)
{
    struct ht_node *node = ht_node_new(told_ns);
    struct ht_source source = {0};
    struct ht_container container = {0};

    ht_source_set_id(&source, HT_S("proc"));
    ht_source_set_name(&source, HT_S("proc"));
    ht_source_set_state(&source, HT_SOURCE_STATE_OK);
    ht_source_set_answered_at(&source, told_ns);
    ht_source_set_interval(&source, 60 * S);
    ht_node_add(node, ht_row_new(&ht_source_table, &source));
    ht_container_set_id(&container, HT_S("web"));
    ht_node_add(node, ht_row_new(&ht_container_table, &container));
    return node;
}

/* Threads hang while it is held. */
static pthread_mutex_t hang_lock = PTHREAD_MUTEX_INITIALIZER;

static sem_t hangs;

static void hang(struct ht_feed *feed)
{
    feed->at(feed, "reading what hangs");
    sem_post(&hangs);
    pthread_mutex_lock(&hang_lock);
    pthread_mutex_unlock(&hang_lock);
}

/* Tells once, hangs, and finds nothing new when it goes on. */
static void run(void *self, struct ht_feed *feed)
{
    struct ht_request request;

    (void)self;
    feed->publish(feed, sample());
    hang(feed);
    feed->confirm(feed);
    while (feed->wait(feed, -1, &request))
        ;
}

static void run_heir(void *self, struct ht_feed *feed)
{
    (void)self;
    hang(feed);
}

static void free_nothing(void *self)
{
    (void)self;
}

static struct ht_driver renew(void *self)
{
    static const struct ht_driver_ops ops = {.name = "proc",
                                             .interval_ns = 60 * S,
                                             .limit_ns = 3600 * S,
                                             .run = run_heir,
                                             .free = free_nothing};

    (void)self;
    return (struct ht_driver){.ops = &ops};
}

static const struct ht_driver_ops lone_ops = {
    .name = "proc", .interval_ns = S, .limit_ns = 60 * S, .run = run, .free = free_nothing};
static const struct ht_driver_ops renewed_ops = {.name = "proc",
                                                 .interval_ns = 60 * S,
                                                 .limit_ns = 60 * S,
                                                 .run = run,
                                                 .free = free_nothing,
                                                 .renew = renew};

/* ---- waiting ---- */

/* The gap behind a state ends by the clock. */
static void let_time_pass(struct ht_engine *engine)
{
    struct pollfd pollfd = {.fd = ht_engine_fd(engine), .events = POLLIN};

    poll(&pollfd, 1, 100);
    told_ns += 300 * HT_NS_PER_MS;
}

/* Until the source is in that state, with the container that it told of; time goes on. */
static void wait_for(struct ht_engine *engine, enum ht_source_state wanted)
{
    int64_t deadline = ht_clock_mono(ht_clock_system()) + LONG_NS;
    bool found = false;

    while (!found) {
        ht_autostate struct ht_state *state = ht_engine_state(engine);
        const struct ht_row *row = ht_node_find(state->node, HT_TABLE_SOURCE, HT_S("proc"));

        found = row && ht_source_of(row)->state == wanted &&
                ht_node_set(state->node, HT_TABLE_CONTAINER)->len == 1;
        if (found)
            break;
        assert_true(ht_clock_mono(ht_clock_system()) < deadline);
        let_time_pass(engine);
    }
}

/* An engine by a clock that stands until told_ns is set, whose source has told and hangs. */
static struct ht_engine *start(const struct ht_driver_ops *ops)
{
    static const struct ht_clock clock = {.mono_ns = tell, .wall_ns = tell};
    const struct ht_driver driver = {.ops = ops};
    struct ht_error err = {0};
    struct ht_engine *engine;

    told_ns = S;
    sem_init(&hangs, 0, 0);
    pthread_mutex_lock(&hang_lock);
    engine = ht_engine_new(&(struct ht_engine_options){
        .clock = &clock, .facts = facts, .questions = 0x7e, .drivers = &driver, .drivers_len = 1});
    assert_int_equal(ht_engine_start(engine, &err), 0);
    wait_for(engine, HT_SOURCE_STATE_OK);
    sem_wait(&hangs);
    return engine;
}

static void end(struct ht_engine *engine)
{
    ht_engine_stop(engine, LONG_NS, NULL);
    ht_engine_free(engine);
}

/* ---- tests ---- */

static void who_goes_on_is_stuck_no_more(void **state)
{
    struct ht_engine *engine = start(&lone_ops);

    (void)state;
    told_ns += 61 * S;
    wait_for(engine, HT_SOURCE_STATE_STUCK);
    pthread_mutex_unlock(&hang_lock);
    told_ns += S;
    wait_for(engine, HT_SOURCE_STATE_OK);
    end(engine);
}

static void what_was_told_before_another_took_over_gets_old(void **state)
{
    struct ht_engine *engine = start(&renewed_ops);

    (void)state;
    told_ns += 61 * S;
    while (sem_trywait(&hangs) < 0) /* the other thread does */
        let_time_pass(engine);
    told_ns += 240 * S;
    wait_for(engine, HT_SOURCE_STATE_STALE);
    pthread_mutex_unlock(&hang_lock);
    end(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_goes_on_is_stuck_no_more),
        cmocka_unit_test(what_was_told_before_another_took_over_gets_old),
    };

    return cmocka_run_group_tests(tests, load_facts, free_facts);
}
