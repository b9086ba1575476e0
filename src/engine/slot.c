/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "slot.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/model/subject.h"
#include "stack.h"

enum { INBOX_MAX = 64 };

#define CROWD_NS (10 * HT_NS_PER_S) /* between two times that many containers are asked for */

struct ht_slot {
    struct ht_feed feed; /* the source sees only this */
    atomic_uint refs;
    struct ht_driver driver;
    ht_slot_ring ring;
    void *context;
    int wake_fd, stop_fd;
    pthread_t thread;
    bool started;
    struct ht_stack stack; /* of the thread */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t ended_cond;
    bool ended, detached;
    struct ht_node *sample;
    struct ht_rowset events;
    uint64_t lost;
    int64_t said_ns;          /* when the newest sample was published or confirmed */
    struct ht_request *inbox; /* room for INBOX_MAX from the first on: few sources get any */
    size_t inbox_len;
    bool crowded; /* requests for containers found no room */
    int64_t crowd_due_ns;
    const char *where;
    int64_t beat_ns; /* last sign of life */
    bool waiting;    /* in feed->wait: silence is no trouble */
};

static struct ht_slot *slot_of(struct ht_feed *feed)
{
    /* The feed is the slot's first member. */
    return (struct ht_slot *)(void *)feed;
}

/* Calls the engine unless it has let go of this slot. Called with the lock held. */
static void ring(struct ht_slot *slot)
{
    if (!slot->detached)
        slot->ring(slot->context);
}

static void beat(struct ht_slot *slot)
{
    slot->beat_ns = ht_clock_mono(slot->feed.clock);
}

static void feed_publish(struct ht_feed *feed, struct ht_node *sample)
{
    struct ht_slot *slot = slot_of(feed);
    struct ht_node *before;

    ht_node_sort(sample);
    pthread_mutex_lock(&slot->lock);
    before = slot->sample;
    slot->sample = sample;
    beat(slot);
    slot->said_ns = slot->beat_ns;
    ring(slot);
    pthread_mutex_unlock(&slot->lock);
    ht_node_unref(before);
}

static void feed_confirm(struct ht_feed *feed)
{
    struct ht_slot *slot = slot_of(feed);

    pthread_mutex_lock(&slot->lock);
    beat(slot);
    slot->said_ns = slot->beat_ns;
    pthread_mutex_unlock(&slot->lock);
}

static void feed_event(struct ht_feed *feed, struct ht_row *event)
{
    struct ht_slot *slot = slot_of(feed);

    pthread_mutex_lock(&slot->lock);
    beat(slot);
    if (slot->events.len < HT_LIMIT_QUEUE) {
        ht_rowset_add(&slot->events, event);
        event = NULL;
    } else {
        slot->lost++;
    }
    ring(slot);
    pthread_mutex_unlock(&slot->lock);
    ht_row_unref(event);
}

/* Empties an eventfd. */
static void drain(int fd)
{
    uint64_t count;
    ssize_t n = read(fd, &count, sizeof(count));

    (void)n;
}

static void signal_fd(int fd)
{
    const uint64_t one = 1;
    ssize_t n = write(fd, &one, sizeof(one));

    (void)n; /* a full counter is readable too */
}

static bool is_readable(int fd)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};

    return poll(&pollfd, 1, 0) > 0;
}

/* Takes the oldest request; empties the wake descriptor with the last one. */
static bool take_request(struct ht_slot *slot, struct ht_request *ret_request)
{
    bool found = false;

    pthread_mutex_lock(&slot->lock);
    if (slot->inbox_len) {
        *ret_request = slot->inbox[0];
        slot->inbox_len--;
        memmove(slot->inbox, slot->inbox + 1, slot->inbox_len * sizeof(slot->inbox[0]));
        found = true;
    }
    if (slot->inbox_len == 0 && !is_readable(slot->stop_fd))
        drain(slot->wake_fd);
    pthread_mutex_unlock(&slot->lock);
    return found;
}

static void set_waiting(struct ht_slot *slot, bool waiting)
{
    pthread_mutex_lock(&slot->lock);
    slot->waiting = waiting;
    beat(slot);
    pthread_mutex_unlock(&slot->lock);
}

static bool feed_wait(struct ht_feed *feed, int64_t timeout_ns, struct ht_request *ret_request)
{
    struct ht_slot *slot = slot_of(feed);
    struct pollfd fds[] = {{.fd = slot->stop_fd, .events = POLLIN},
                           {.fd = slot->wake_fd, .events = POLLIN}};
    struct timespec timeout = ht_timespec(timeout_ns);

    *ret_request = (struct ht_request){.kind = HT_REQUEST_NONE};
    if (is_readable(slot->stop_fd))
        return false;
    if (take_request(slot, ret_request))
        return true;
    set_waiting(slot, true);
    ht_stack_rest(&slot->stack, timeout_ns);
    while (ppoll(fds, ARRAY_LEN(fds), timeout_ns < 0 ? NULL : &timeout, NULL) < 0 && errno == EINTR)
        ;
    set_waiting(slot, false);
    if (is_readable(slot->stop_fd))
        return false;
    take_request(slot, ret_request);
    return true;
}

static int feed_wake_fd(struct ht_feed *feed)
{
    return slot_of(feed)->wake_fd;
}

static int feed_stop_fd(struct ht_feed *feed)
{
    return slot_of(feed)->stop_fd;
}

static void feed_at(struct ht_feed *feed, const char *where)
{
    struct ht_slot *slot = slot_of(feed);

    pthread_mutex_lock(&slot->lock);
    slot->where = where;
    beat(slot);
    pthread_mutex_unlock(&slot->lock);
}

struct helper {
    void (*run)(void *context);
    void *context;
};

static void *help(void *argument)
{
    const struct helper *helper = argument;

    helper->run(helper->context);
    return NULL;
}

static bool has_processors(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 1;
}

/* The helper has the caller's signals: none. */
static bool feed_together(struct ht_feed *feed, void (*own)(void *context),
                          void (*helper)(void *context), void *context)
{
    struct helper start = {.run = helper, .context = context};
    pthread_t thread;

    if (!has_processors() || pthread_create(&thread, NULL, help, &start) != 0)
        return false;
    pthread_setname_np(thread, slot_of(feed)->driver.ops->name);
    own(context);
    pthread_join(thread, NULL);
    return true;
}

struct ht_slot *ht_slot_new(const struct ht_slot_options *options, struct ht_error *err)
{
    struct ht_slot *slot = ht_new0(struct ht_slot);
    pthread_condattr_t attributes;

    atomic_init(&slot->refs, 1);
    slot->driver = options->driver;
    slot->ring = options->ring;
    slot->context = options->context;
    slot->where = "starting";
    slot->feed = (struct ht_feed){
        .clock = options->clock,
        .publish = feed_publish,
        .confirm = feed_confirm,
        .event = feed_event,
        .wait = feed_wait,
        .wake_fd = feed_wake_fd,
        .stop_fd = feed_stop_fd,
        .at = feed_at,
        .together = feed_together,
    };
    pthread_mutex_init(&slot->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&slot->ended_cond, &attributes);
    pthread_condattr_destroy(&attributes);
    slot->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    slot->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (slot->wake_fd < 0 || slot->stop_fd < 0) {
        ht_error_errno(err, errno, "source %s: eventfd", slot->driver.ops->name);
        return ht_slot_unref(slot);
    }
    return slot;
}

struct ht_slot *ht_slot_unref(struct ht_slot *slot)
{
    if (!slot || atomic_fetch_sub(&slot->refs, 1) != 1)
        return NULL;
    if (slot->driver.ops->free)
        slot->driver.ops->free(slot->driver.self);
    ht_node_unref(slot->sample);
    ht_rowset_fini(&slot->events);
    free(slot->inbox);
    ht_cleanup_close(&slot->wake_fd);
    ht_cleanup_close(&slot->stop_fd);
    pthread_cond_destroy(&slot->ended_cond);
    pthread_mutex_destroy(&slot->lock);
    free(slot);
    return NULL;
}

static void *run(void *argument)
{
    struct ht_slot *slot = argument;

    ht_stack_find(&slot->stack);
    slot->driver.ops->run(slot->driver.self, &slot->feed);
    pthread_mutex_lock(&slot->lock);
    slot->ended = true;
    pthread_cond_signal(&slot->ended_cond);
    ring(slot);
    pthread_mutex_unlock(&slot->lock);
    ht_slot_unref(slot);
    return NULL;
}

int ht_slot_start(struct ht_slot *slot, struct ht_error *err)
{
    char name[16] = "";
    sigset_t all, before;

    pthread_mutex_lock(&slot->lock);
    beat(slot);
    pthread_mutex_unlock(&slot->lock);
    atomic_fetch_add(&slot->refs, 1);
    /* Signals belong to the main and the signal thread. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&slot->thread, NULL, run, slot);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r != 0) {
        ht_slot_unref(slot);
        return ht_error_errno(err, r, "source %s: thread", slot->driver.ops->name);
    }
    slot->started = true;
    memccpy(name, slot->driver.ops->name, '\0', sizeof(name) - 1);
    pthread_setname_np(slot->thread, name);
    pthread_detach(slot->thread);
    return 0;
}

const char *ht_slot_name(const struct ht_slot *slot)
{
    return slot->driver.ops->name;
}

int64_t ht_slot_interval(const struct ht_slot *slot)
{
    return slot->driver.ops->interval_ns;
}

void ht_slot_take(struct ht_slot *slot, struct ht_slot_news *ret_news)
{
    pthread_mutex_lock(&slot->lock);
    *ret_news = (struct ht_slot_news){.sample = slot->sample,
                                      .events = slot->events,
                                      .lost = slot->lost,
                                      .said_ns = slot->said_ns};
    slot->sample = NULL;
    slot->events = (struct ht_rowset){0};
    slot->lost = 0;
    pthread_mutex_unlock(&slot->lock);
}

/* Whether two rows of a source differ in no more than when it answered, and how long that took.
 * Only where it answered well is it as old as what confirms it. */
static bool is_same_source(const struct ht_row *before, const struct ht_row *fresh)
{
    struct ht_source a = *ht_source_of(before), b = *ht_source_of(fresh);

    if (ht_source_has_answered_at(&a) != ht_source_has_answered_at(&b) ||
        (!ht_source_is_good(&a) && a.answered_at != b.answered_at))
        return false;
    ht_source_set_answered_at(&a, 0);
    ht_source_set_answered_at(&b, 0);
    ht_source_set_took(&a, 0);
    ht_source_set_took(&b, 0);
    return ht_struct_equal(&ht_source_table, &a, &b);
}

bool ht_slot_confirms(const struct ht_node *before, const struct ht_node *fresh)
{
    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        const struct ht_rowset *old = &before->sets[id], *now = &fresh->sets[id];

        if (old->len != now->len)
            return false;
        for (size_t i = 0; i < now->len; i++) {
            const struct ht_row *a = old->rows[i], *b = now->rows[i];

            if (a != b && !(id == HT_TABLE_SOURCE ? is_same_source(a, b) : ht_row_equal(a, b)))
                return false;
        }
    }
    return true;
}

static bool is_same(const struct ht_request *a, const struct ht_request *b)
{
    return a->kind == b->kind && a->pid == b->pid && strcmp(a->id, b->id) == 0;
}

/* Puts it in. A full inbox becomes a full pass, but for containers: who makes enough of them would
 * have everything looked at all the time. */
static void put_request(struct ht_slot *slot, const struct ht_request *request)
{
    if (!slot->inbox)
        slot->inbox = ht_new_array(struct ht_request, INBOX_MAX);
    if (slot->inbox_len < INBOX_MAX) {
        slot->inbox[slot->inbox_len++] = *request;
    } else if (request->kind == HT_REQUEST_CONTAINER) {
        slot->crowded = true;
    } else {
        slot->inbox[0] = (struct ht_request){.kind = HT_REQUEST_RESCAN};
        slot->inbox_len = 1;
        slot->crowded = false;
    }
}

static bool is_waiting(const struct ht_slot *slot, const struct ht_request *request)
{
    for (size_t i = 0; i < slot->inbox_len; i++) {
        if (is_same(&slot->inbox[i], request))
            return true;
    }
    return false;
}

void ht_slot_request(struct ht_slot *slot, const struct ht_request *request)
{
    /* It could only answer by a full pass, at every event of every container. */
    if (request->kind == HT_REQUEST_CONTAINER && !slot->driver.ops->containers)
        return;
    pthread_mutex_lock(&slot->lock);
    bool put = !is_waiting(slot, request);
    if (put)
        put_request(slot, request);
    pthread_mutex_unlock(&slot->lock);
    if (put)
        signal_fd(slot->wake_fd);
}

void ht_slot_settle(struct ht_slot *slot, int64_t mono_ns)
{
    size_t kept = 0;

    pthread_mutex_lock(&slot->lock);
    bool due = slot->crowded && mono_ns >= slot->crowd_due_ns;
    if (due) {
        for (size_t i = 0; i < slot->inbox_len; i++) {
            if (slot->inbox[i].kind != HT_REQUEST_CONTAINER)
                slot->inbox[kept++] = slot->inbox[i];
        }
        slot->inbox_len = kept;
        put_request(slot, &(struct ht_request){.kind = HT_REQUEST_CROWD});
        slot->crowded = false;
        slot->crowd_due_ns = mono_ns + CROWD_NS;
    }
    pthread_mutex_unlock(&slot->lock);
    if (due)
        signal_fd(slot->wake_fd);
}

bool ht_slot_is_stuck(struct ht_slot *slot, int64_t mono_ns, const char **ret_where)
{
    pthread_mutex_lock(&slot->lock);
    bool stuck = slot->started && !slot->waiting && !slot->ended &&
                 mono_ns - slot->beat_ns > slot->driver.ops->limit_ns;
    *ret_where = slot->where;
    pthread_mutex_unlock(&slot->lock);
    return stuck;
}

struct ht_driver ht_slot_renew(struct ht_slot *slot)
{
    if (!slot->driver.ops->renew)
        return (struct ht_driver){0};
    return slot->driver.ops->renew(slot->driver.self);
}

void ht_slot_stop(struct ht_slot *slot)
{
    signal_fd(slot->stop_fd);
    signal_fd(slot->wake_fd);
}

bool ht_slot_join(struct ht_slot *slot, int64_t deadline_ns)
{
    struct timespec deadline = ht_timespec(deadline_ns);
    bool ended;

    pthread_mutex_lock(&slot->lock);
    while (slot->started && !slot->ended) {
        if (pthread_cond_timedwait(&slot->ended_cond, &slot->lock, &deadline) == ETIMEDOUT)
            break;
    }
    ended = !slot->started || slot->ended;
    slot->detached = true;
    pthread_mutex_unlock(&slot->lock);
    return ended;
}
