/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a source's driver in a thread of its own, with a feed and a clock of the test. */
#ifndef HT_TESTS_DRIVER_H
#define HT_TESTS_DRIVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "hulltop/source/source.h"

struct driver;
typedef bool (*driver_condition)(struct driver *driver, void *context);

struct driver {
    struct ht_feed feed; /* first, so that it leads back */
    struct ht_clock clock;
    atomic_llong ahead_ns; /* of the system's clock */
    int64_t wall_ahead_ns; /* of that, the wall clock alone; before driver_start */
    bool stands;           /* set before driver_start: the monotonic clock goes by ahead_ns alone */
    int64_t stands_at;
    struct ht_driver driver;
    pthread_t thread;
    bool unprivileged; /* set before driver_start: the thread gives up root */
    int wake_fd, stop_fd;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct ht_node *sample; /* the newest, sorted */
    bool ended;
    unsigned published, confirmed, events;
    struct ht_request request;
    driver_condition wanted; /* of each sample as it comes, since driver_expect */
    void *of_it;
    bool was_told;
};

/* Starts the thread. */
void driver_start(struct driver *driver, struct ht_driver source);
/* Ends it, which must not take long, and frees everything. */
void driver_stop(struct driver *driver);
/* Puts the driver's clock forward and wakes it. */
void driver_advance(struct driver *driver, int64_t ns);
/* Sends a request. */
void driver_request(struct driver *driver, enum ht_request_kind kind, const char *id);
/* Waits until the condition holds, which is asked with the lock held; false: it never did. */
bool driver_wait(struct driver *driver, driver_condition condition, void *context);
/* From now on the condition is asked of each sample, also of one that the next soon replaces. */
void driver_expect(struct driver *driver, driver_condition wanted, void *context);
/* Waits until it held of one; false: it never did. */
bool driver_was_told(struct driver *driver);
/* What the newest sample says of a source; NULL: nothing. With the lock held. */
const struct ht_source *driver_source(const struct driver *driver, const char *name);
/* How many samples came. Takes the lock. */
unsigned driver_published(struct driver *driver);
/* Waits as driver_wait does until more than so many came. */
bool driver_wait_published(struct driver *driver, unsigned since);
/* When that source answered last, by the newest sample; 0: it does not say. Takes the lock. */
int64_t driver_answered_at(struct driver *driver, const char *name);

#endif
