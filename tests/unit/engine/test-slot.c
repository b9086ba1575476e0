/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A source's thread, its inbox and its hand-over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

#include "slot.h"

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

#define LONG_NS (100 * HT_NS_PER_S)

/* A source whose behaviour a test writes as a function. */
struct fake {
    struct ht_driver_ops ops;
    void (*body)(struct fake *fake, struct ht_feed *feed);
    sem_t reached, go_on; /* the test and the thread wait for each other */
    atomic_int requests, crowds;
    atomic_bool freed;
};

static sem_t rung;

static void ring(void *context)
{
    (void)context;
    sem_post(&rung);
}

static void fake_run(void *self, struct ht_feed *feed)
{
    struct fake *fake = self;

    fake->body(fake, feed);
}

static void fake_free(void *self)
{
    struct fake *fake = self;

    atomic_store(&fake->freed, true);
}

static struct ht_slot *start_one(struct fake *fake, void (*body)(struct fake *, struct ht_feed *),
                                 bool containers)
{
    struct ht_error err = {0};

    *fake = (struct fake){.ops = {.name = "fake",
                                  .interval_ns = 1,
                                  .limit_ns = HT_NS_PER_S,
                                  .containers = containers,
                                  .run = fake_run,
                                  .free = fake_free},
                          .body = body};
    sem_init(&fake->reached, 0, 0);
    sem_init(&fake->go_on, 0, 0);
    sem_init(&rung, 0, 0);

    struct ht_slot *slot = ht_slot_new(
        &(struct ht_slot_options){
            .driver = {.ops = &fake->ops, .self = fake}, .clock = ht_clock_system(), .ring = ring},
        &err);
    assert_non_null(slot);
    assert_int_equal(ht_slot_start(slot, &err), 0);
    return slot;
}

static struct ht_slot *start(struct fake *fake, void (*body)(struct fake *, struct ht_feed *))
{
    return start_one(fake, body, false);
}

static void end(struct fake *fake, struct ht_slot *slot)
{
    ht_slot_stop(slot);
    assert_true(ht_slot_join(slot, ht_clock_mono(ht_clock_system()) + LONG_NS));
    ht_slot_unref(slot);
    /* The thread's own reference may be the last one. */
    while (!atomic_load(&fake->freed))
        sched_yield();
}

static void publish_two(struct fake *fake, struct ht_feed *feed)
{
    struct ht_request request;

    (void)fake;
    feed->publish(feed, ht_node_new(1));
    feed->publish(feed, ht_node_new(2));
    sem_post(&fake->reached);
    feed->wait(feed, -1, &request);
}

static void only_the_newest_sample_is_handed_over(void **state)
{
    struct fake fake;
    struct ht_slot *slot = start(&fake, publish_two);
    struct ht_slot_news news;

    (void)state;
    sem_wait(&fake.reached);
    ht_slot_take(slot, &news);
    assert_int_equal(news.sample->taken_at, 2);
    ht_node_unref(news.sample);
    ht_slot_take(slot, &news);
    assert_null(news.sample);
    end(&fake, slot);
}

struct pair {
    sem_t begun, answered;
};

static void go_first(void *context)
{
    struct pair *pair = context;

    sem_post(&pair->begun);
    sem_wait(&pair->answered);
}

static void go_beside(void *context)
{
    struct pair *pair = context;

    sem_wait(&pair->begun);
    sem_post(&pair->answered);
}

/* Each waits for the other: one after the other they would never end. */
static void work_together(struct fake *fake, struct ht_feed *feed)
{
    struct ht_request request;
    struct pair pair;

    sem_init(&pair.begun, 0, 0);
    sem_init(&pair.answered, 0, 0);
    if (feed->together(feed, go_first, go_beside, &pair))
        assert_int_equal(sem_trywait(&pair.begun) + sem_trywait(&pair.answered), -2);
    else
        assert_int_equal(sem_trywait(&pair.begun), -1);
    sem_post(&fake->reached);
    feed->wait(feed, -1, &request);
}

static void a_source_may_have_a_helper(void **state)
{
    struct fake fake;
    struct ht_slot *slot = start(&fake, work_together);

    (void)state;
    sem_wait(&fake.reached);
    end(&fake, slot);
}

static void flood(struct fake *fake, struct ht_feed *feed)
{
    struct ht_request request;

    for (int i = 0; i < HT_LIMIT_QUEUE + 5; i++) {
        struct ht_event event = {0};

        ht_event_set_id(&event, HT_S("x"));
        feed->event(feed, ht_row_new(&ht_event_table, &event));
    }
    sem_post(&fake->reached);
    feed->wait(feed, -1, &request);
}

static void events_past_the_limit_are_counted(void **state)
{
    struct fake fake;
    struct ht_slot *slot = start(&fake, flood);
    struct ht_slot_news news;

    (void)state;
    sem_wait(&fake.reached);
    ht_slot_take(slot, &news);
    assert_int_equal(news.events.len, HT_LIMIT_QUEUE);
    assert_int_equal(news.lost, 5);
    ht_rowset_fini(&news.events);
    end(&fake, slot);
}

static void count_requests(struct fake *fake, struct ht_feed *feed)
{
    struct ht_request request;

    sem_wait(&fake->go_on);
    while (feed->wait(feed, -1, &request)) {
        if (request.kind == HT_REQUEST_NONE)
            continue;
        atomic_fetch_add(&fake->requests, 1);
        if (request.kind == HT_REQUEST_RESCAN)
            sem_post(&fake->reached);
    }
}

static void equal_requests_wait_once(void **state)
{
    struct fake fake;
    struct ht_slot *slot = start(&fake, count_requests);

    (void)state;
    for (int i = 0; i < 10; i++)
        ht_slot_request(slot, &(struct ht_request){.kind = HT_REQUEST_PID, .pid = 7});
    ht_slot_request(slot, &(struct ht_request){.kind = HT_REQUEST_RESCAN});
    sem_post(&fake.go_on);
    sem_wait(&fake.reached);
    assert_int_equal(atomic_load(&fake.requests), 2);
    end(&fake, slot);
}

static void a_full_inbox_becomes_one_full_pass(void **state)
{
    struct fake fake;
    struct ht_slot *slot = start(&fake, count_requests);

    (void)state;
    for (int64_t pid = 0; pid < 65; pid++)
        ht_slot_request(slot, &(struct ht_request){.kind = HT_REQUEST_PID, .pid = pid});
    sem_post(&fake.go_on);
    sem_wait(&fake.reached);
    assert_int_equal(atomic_load(&fake.requests), 1);
    end(&fake, slot);
}

static void request_containers(struct ht_slot *slot, int count)
{
    for (int i = 0; i < count; i++) {
        struct ht_request request = {.kind = HT_REQUEST_CONTAINER};

        snprintf(request.id, sizeof(request.id), "c%d", i);
        ht_slot_request(slot, &request);
    }
}

/* Takes all that waits, once a turn. */
static void take_in_turns(struct fake *fake, struct ht_feed *feed)
{
    struct ht_request request;

    sem_wait(&fake->go_on);
    while (feed->wait(feed, 0, &request)) {
        atomic_fetch_add(&fake->requests, request.kind == HT_REQUEST_CONTAINER);
        atomic_fetch_add(&fake->crowds, request.kind == HT_REQUEST_CROWD);
        if (request.kind == HT_REQUEST_NONE) {
            sem_post(&fake->reached);
            sem_wait(&fake->go_on);
        }
    }
}

/* Who starts and ends containers all the time has no source do all its work all the time. */
static void too_many_containers_are_asked_for_together_now_and_then(void **state)
{
    static const struct {
        int64_t second;
        int count, requests, crowds; /* asked for, and what is taken then */
    } turns[] = {{0, 64, 64, 0}, {1, 65, 0, 1},  {2, 65, 64, 0}, {10, 0, 0, 0},
                 {11, 0, 0, 1},  {30, 65, 0, 1}, {60, 0, 0, 0}};
    struct fake fake;
    struct ht_slot *slot = start_one(&fake, take_in_turns, true);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(turns); i++) {
        request_containers(slot, turns[i].count);
        ht_slot_settle(slot, (1000 + turns[i].second) * HT_NS_PER_S);
        sem_post(&fake.go_on);
        sem_wait(&fake.reached);
        assert_int_equal(atomic_exchange(&fake.requests, 0), turns[i].requests);
        assert_int_equal(atomic_exchange(&fake.crowds, 0), turns[i].crowds);
    }
    ht_slot_stop(slot);
    sem_post(&fake.go_on);
    end(&fake, slot);
}

static void events_of_containers_wake_only_who_looks_at_one(void **state)
{
    struct fake fake;
    struct ht_slot *slot = start(&fake, count_requests);

    (void)state;
    request_containers(slot, 100);
    ht_slot_request(slot, &(struct ht_request){.kind = HT_REQUEST_RESCAN});
    sem_post(&fake.go_on);
    sem_wait(&fake.reached);
    ht_slot_request(slot, &(struct ht_request){.kind = HT_REQUEST_RESCAN});
    sem_wait(&fake.reached);
    assert_int_equal(atomic_load(&fake.requests), 2);
    end(&fake, slot);
}

static void hang(struct fake *fake, struct ht_feed *feed)
{
    feed->at(feed, "reading a pipe");
    sem_post(&fake->reached);
    sem_wait(&fake->go_on);
}

static void silence_is_told_with_its_place(void **state)
{
    struct fake fake;
    struct ht_slot *slot = start(&fake, hang);
    const char *where;
    int64_t now = ht_clock_mono(ht_clock_system());

    (void)state;
    sem_wait(&fake.reached);
    assert_false(ht_slot_is_stuck(slot, now, &where));
    assert_true(ht_slot_is_stuck(slot, now + 3600 * HT_NS_PER_S, &where));
    assert_string_equal(where, "reading a pipe");
    sem_post(&fake.go_on);
    end(&fake, slot);
}

static void a_hanging_thread_holds_nobody_up(void **state)
{
    struct fake fake;
    struct ht_slot *slot = start(&fake, hang);

    (void)state;
    sem_wait(&fake.reached);
    ht_slot_stop(slot);
    assert_false(ht_slot_join(slot, ht_clock_mono(ht_clock_system()) + HT_NS_PER_MS));
    ht_slot_unref(slot);
    assert_false(atomic_load(&fake.freed));
    sem_post(&fake.go_on);
    while (!atomic_load(&fake.freed))
        sched_yield();
}

static void sleep_forever(struct fake *fake, struct ht_feed *feed)
{
    struct ht_request request;

    sem_post(&fake->reached);
    while (feed->wait(feed, -1, &request))
        ;
}

static void a_waiting_source_is_not_stuck(void **state)
{
    struct fake fake;
    struct ht_slot *slot = start(&fake, sleep_forever);
    const char *where;

    (void)state;
    sem_wait(&fake.reached);
    while (ht_slot_is_stuck(slot, ht_clock_mono(ht_clock_system()) + 3600 * HT_NS_PER_S, &where))
        sched_yield(); /* until it is in its wait */
    end(&fake, slot);
}

struct said {
    enum ht_source_state state;
    int64_t answered_at; /* 0: never */
    const char *detail;
    size_t containers;
    const char *image; /* of each */
};

static struct ht_node *make_sample(const struct said *said)
{
    struct ht_node *node = ht_node_new(said->answered_at);
    struct ht_source source = {0};

    ht_source_set_id(&source, HT_S("docker"));
    ht_source_set_state(&source, said->state);
    ht_source_set_detail(&source, ht_str_from(said->detail));
    ht_source_set_took(&source, said->answered_at / 2);
    if (said->answered_at)
        ht_source_set_answered_at(&source, said->answered_at);
    ht_node_add(node, ht_row_new(&ht_source_table, &source));
    for (size_t i = 0; i < said->containers; i++) {
        struct ht_container container = {0};
        char id[32];

        snprintf(id, sizeof(id), "c%zu", i);
        ht_container_set_id(&container, ht_str_from(id));
        ht_container_set_image(&container, ht_str_from(said->image));
        ht_node_add(node, ht_row_new(&ht_container_table, &container));
    }
    ht_node_sort(node);
    return node;
}

#define OK     HT_SOURCE_STATE_OK
#define ABSENT HT_SOURCE_STATE_ABSENT
#define BUSY   HT_SOURCE_STATE_BUSY

static void what_was_told_before_confirms_it(void **state)
{
    static const struct {
        struct said a, b;
        bool confirms;
    } cases[] = {
        {{OK, 100, "ok", 2, "web"}, {OK, 100, "ok", 2, "web"}, true},
        {{OK, 100, "ok", 2, "web"}, {OK, 200, "ok", 2, "web"}, true},
        {{ABSENT, 0, "absent", 0, ""}, {ABSENT, 0, "absent", 0, ""}, true},
        {{ABSENT, 100, "absent", 0, ""}, {ABSENT, 200, "absent", 0, ""}, false},
        {{BUSY, 0, "busy", 0, ""}, {BUSY, 200, "busy", 0, ""}, false},
        {{OK, 100, "ok", 2, "web"}, {ABSENT, 100, "ok", 2, "web"}, false},
        {{OK, 100, "ok", 2, "web"}, {OK, 100, "refused", 2, "web"}, false},
        {{OK, 100, "ok", 2, "web"}, {OK, 100, "ok", 1, "web"}, false},
        {{OK, 100, "ok", 1, "web"}, {OK, 100, "ok", 2, "web"}, false},
        {{OK, 100, "ok", 2, "web"}, {OK, 100, "ok", 2, "db"}, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ht_autonode struct ht_node *a = make_sample(&cases[i].a);
        ht_autonode struct ht_node *b = make_sample(&cases[i].b);

        if (ht_slot_confirms(a, b) != cases[i].confirms)
            fail_msg("case %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_newest_sample_is_handed_over),
        cmocka_unit_test(a_source_may_have_a_helper),
        cmocka_unit_test(events_past_the_limit_are_counted),
        cmocka_unit_test(equal_requests_wait_once),
        cmocka_unit_test(a_full_inbox_becomes_one_full_pass),
        cmocka_unit_test(too_many_containers_are_asked_for_together_now_and_then),
        cmocka_unit_test(events_of_containers_wake_only_who_looks_at_one),
        cmocka_unit_test(silence_is_told_with_its_place),
        cmocka_unit_test(a_hanging_thread_holds_nobody_up),
        cmocka_unit_test(a_waiting_source_is_not_stuck),
        cmocka_unit_test(what_was_told_before_confirms_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
