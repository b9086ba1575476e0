/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is asked to look again at the container of an event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>
#include <semaphore.h>

#include "tests/unit/facts.h"
#include "hulltop/base/mem.h"
#include "hulltop/engine/engine.h"

#define LONG_NS (100 * HT_NS_PER_S)

/* A source that tells of a daemon (but for processes) and, asked to, of a container. */
struct teller {
    struct ht_driver_ops ops;
    int uid; /* who listens there; -1: it is no daemon */
    sem_t asked;
    char heard[200]; /* containers that it was asked to look at; with asked */
};

static void publish(const struct teller *teller, struct ht_feed *feed)
{
    struct ht_node *node = ht_node_new(ht_clock_wall(feed->clock));
    struct ht_source source = {0};
    struct ht_daemon daemon = {0};

    ht_source_set_id(&source, ht_str_from(teller->ops.name));
    ht_source_set_state(&source, HT_SOURCE_STATE_OK);
    ht_node_add(node, ht_row_new(&ht_source_table, &source));
    ht_daemon_set_id(&daemon, ht_str_from(teller->ops.name));
    if (teller->uid >= 0) {
        ht_daemon_set_socket_uid(&daemon, (uint64_t)teller->uid);
        ht_node_add(node, ht_row_new(&ht_daemon_table, &daemon));
    }
    feed->publish(feed, node);
}

static void tell_event(const struct teller *teller, struct ht_feed *feed)
{
    struct ht_event event = {0};

    ht_event_set_id(&event, ht_str_from(teller->ops.name));
    ht_event_set_container(&event, ht_str_from(teller->ops.name));
    feed->event(feed, ht_row_new(&ht_event_table, &event));
}

static void run(void *self, struct ht_feed *feed)
{
    struct teller *teller = self;
    struct ht_request request;

    publish(teller, feed);
    while (feed->wait(feed, -1, &request)) {
        if (request.kind == HT_REQUEST_RESCAN && teller->uid >= 0)
            tell_event(teller, feed);
        if (request.kind == HT_REQUEST_CONTAINER) {
            size_t len = strlen(teller->heard);

            snprintf(teller->heard + len, sizeof(teller->heard) - len, "%s ", request.id);
            sem_post(&teller->asked);
        }
    }
}

static void free_nothing(void *self)
{
    (void)self;
}

static void make(struct teller *teller, const char *name, int uid)
{
    *teller = (struct teller){.ops = {.name = name,
                                      .interval_ns = LONG_NS,
                                      .limit_ns = LONG_NS,
                                      .containers = true,
                                      .run = run,
                                      .free = free_nothing},
                              .uid = uid};
    sem_init(&teller->asked, 0, 0);
}

static void wait_for_daemons(struct ht_engine *engine, size_t count)
{
    int64_t deadline = ht_clock_mono(ht_clock_system()) + LONG_NS;
    size_t found = 0;

    while (found < count) {
        ht_autostate struct ht_state *state = ht_engine_state(engine);
        struct pollfd pollfd = {.fd = ht_engine_fd(engine), .events = POLLIN};

        found = ht_node_set(state->node, HT_TABLE_DAEMON)->len;
        assert_true(ht_clock_mono(ht_clock_system()) < deadline);
        if (found < count)
            poll(&pollfd, 1, 1000);
    }
}

static bool hears(const struct teller *teller, const char *name)
{
    return strstr(teller->heard, name) != NULL;
}

/* Its containers are no other daemon's. */
static void a_users_daemon_gives_no_work_to_others(void **state)
{
    static struct teller user, docker, containerd, proc; /* their threads may end later */
    struct ht_error err = {0};

    (void)state;
    make(&user, "user", 1000);
    make(&docker, "docker", 0);
    make(&containerd, "containerd", 0);
    make(&proc, "proc", -1);
    const struct ht_driver drivers[] = {{&user.ops, &user},
                                        {&docker.ops, &docker},
                                        {&containerd.ops, &containerd},
                                        {&proc.ops, &proc}};
    struct ht_engine *engine = ht_engine_new(
        &(struct ht_engine_options){.facts = facts, .drivers = drivers, .drivers_len = 4});
    assert_int_equal(ht_engine_start(engine, &err), 0);
    wait_for_daemons(engine, 3);
    ht_engine_rescan(engine);
    for (int i = 0; i < 3; i++)
        sem_wait(&proc.asked);
    for (int i = 0; i < 2; i++)
        sem_wait(&user.asked);
    sem_wait(&docker.asked);
    sem_wait(&containerd.asked);
    ht_engine_stop(engine, LONG_NS, NULL);
    ht_engine_free(engine);
    assert_true(hears(&proc, "user") && hears(&proc, "docker") && hears(&proc, "containerd"));
    assert_true(hears(&docker, "containerd") && hears(&containerd, "docker"));
    assert_false(hears(&docker, "user") || hears(&containerd, "user"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_users_daemon_gives_no_work_to_others),
    };

    return cmocka_run_group_tests(tests, load_facts, free_facts);
}
