/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A feed for tests of drivers: keeps the newest sample and plays a script instead of waiting. */
#ifndef HT_TEST_FEED_H
#define HT_TEST_FEED_H

#include <pthread.h>
#include <stdbool.h>

#include "hulltop/source/source.h"

struct ht_test_feed {
    struct ht_feed feed;
    struct ht_clock clock;
    int64_t ahead_ns;       /* of the system's clocks */
    struct ht_node *sample; /* newest, or NULL */
    unsigned published;
    unsigned confirmed;
    unsigned waits;
    /* Called instead of waiting, with the number of the wait; false ends the driver. */
    bool (*script)(struct ht_test_feed *feed, unsigned wait, struct ht_request *ret_request);
    /* Called with each event; NULL: not. */
    void (*told)(struct ht_test_feed *feed, const struct ht_row *event);
    unsigned events;
    void *context;
};

static inline int64_t ht_test_feed_mono(void *context)
{
    const struct ht_test_feed *test = context;

    return ht_clock_mono(ht_clock_system()) + test->ahead_ns;
}

static inline int64_t ht_test_feed_wall(void *context)
{
    const struct ht_test_feed *test = context;

    return ht_clock_wall(ht_clock_system()) + test->ahead_ns;
}

static inline void ht_test_feed_publish(struct ht_feed *feed, struct ht_node *sample)
{
    struct ht_test_feed *test = (struct ht_test_feed *)feed;

    ht_node_unref(test->sample);
    test->sample = sample;
    test->published++;
}

static inline void ht_test_feed_confirm(struct ht_feed *feed)
{
    ((struct ht_test_feed *)feed)->confirmed++;
}

static inline void ht_test_feed_event(struct ht_feed *feed, struct ht_row *event)
{
    struct ht_test_feed *test = (struct ht_test_feed *)feed;

    test->events++;
    if (test->told)
        test->told(test, event);
    ht_row_unref(event);
}

static inline bool ht_test_feed_wait(struct ht_feed *feed, int64_t timeout_ns,
                                     struct ht_request *ret_request)
{
    struct ht_test_feed *test = (struct ht_test_feed *)feed;

    *ret_request = (struct ht_request){0};
    /* Looking whether more requests wait: there are none. */
    if (timeout_ns == 0)
        return true;
    return test->script(test, test->waits++, ret_request);
}

static inline int ht_test_feed_fd(struct ht_feed *feed)
{
    (void)feed;
    return -1;
}

static inline void ht_test_feed_at(struct ht_feed *feed, const char *where)
{
    (void)feed;
    (void)where;
}

struct ht_test_helper {
    void (*run)(void *context);
    void *context;
};

static inline void *ht_test_feed_help(void *argument)
{
    const struct ht_test_helper *helper = (const struct ht_test_helper *)argument;

    helper->run(helper->context);
    return NULL;
}

static inline bool ht_test_feed_together(struct ht_feed *feed, void (*own)(void *context),
                                         void (*helper)(void *context), void *context)
{
    struct ht_test_helper start = {.run = helper, .context = context};
    pthread_t thread;

    (void)feed;
    if (pthread_create(&thread, NULL, ht_test_feed_help, &start) != 0)
        return false;
    own(context);
    pthread_join(thread, NULL);
    return true;
}

static inline void ht_test_feed_init(struct ht_test_feed *test)
{
    test->clock = (struct ht_clock){
        .mono_ns = ht_test_feed_mono, .wall_ns = ht_test_feed_wall, .context = test};
    test->feed = (struct ht_feed){
        .clock = &test->clock,
        .publish = ht_test_feed_publish,
        .confirm = ht_test_feed_confirm,
        .event = ht_test_feed_event,
        .wait = ht_test_feed_wait,
        .wake_fd = ht_test_feed_fd,
        .stop_fd = ht_test_feed_fd,
        .at = ht_test_feed_at,
        .together = ht_test_feed_together,
    };
}

#endif
