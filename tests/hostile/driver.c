/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "hulltop/base/mem.h"

enum { PATIENCE_S = 60, NOBODY = 65534 };

static struct driver *of(struct ht_feed *feed)
{
    return (struct driver *)(void *)feed;
}

static int64_t mono(void *context)
{
    struct driver *driver = context;
    int64_t now = driver->stands ? driver->stands_at : ht_clock_mono(ht_clock_system());

    return now + atomic_load(&driver->ahead_ns);
}

static int64_t wall(void *context)
{
    struct driver *driver = context;

    return ht_clock_wall(ht_clock_system()) + driver->wall_ahead_ns +
           atomic_load(&driver->ahead_ns);
}

static void publish(struct ht_feed *feed, struct ht_node *sample)
{
    struct driver *driver = of(feed);

    ht_node_sort(sample);
    pthread_mutex_lock(&driver->lock);
    ht_node_unref(driver->sample);
    driver->sample = sample;
    driver->published++;
    driver->was_told =
        driver->was_told || (driver->wanted && driver->wanted(driver, driver->of_it));
    pthread_cond_broadcast(&driver->changed);
    pthread_mutex_unlock(&driver->lock);
}

static void count(struct driver *driver, unsigned *counter)
{
    pthread_mutex_lock(&driver->lock);
    ++*counter;
    pthread_cond_broadcast(&driver->changed);
    pthread_mutex_unlock(&driver->lock);
}

static void confirm(struct ht_feed *feed)
{
    count(of(feed), &of(feed)->confirmed);
}

static void take_event(struct ht_feed *feed, struct ht_row *event)
{
    ht_row_unref(event);
    count(of(feed), &of(feed)->events);
}

static bool is_readable(int fd)
{
    struct pollfd look = {.fd = fd, .events = POLLIN};

    return poll(&look, 1, 0) > 0;
}

static bool take_request(struct driver *driver, struct ht_request *ret_request)
{
    uint64_t wakes;

    pthread_mutex_lock(&driver->lock);
    *ret_request = driver->request;
    driver->request = (struct ht_request){.kind = HT_REQUEST_NONE};
    if (read(driver->wake_fd, &wakes, sizeof(wakes)) < 0 && errno != EAGAIN)
        abort();
    pthread_mutex_unlock(&driver->lock);
    return ret_request->kind != HT_REQUEST_NONE;
}

static bool wait_feed(struct ht_feed *feed, int64_t timeout_ns, struct ht_request *ret_request)
{
    struct driver *driver = of(feed);
    struct pollfd fds[] = {{.fd = driver->stop_fd, .events = POLLIN},
                           {.fd = driver->wake_fd, .events = POLLIN}};
    int ms = timeout_ns < 0 ? -1 : (int)((timeout_ns + HT_NS_PER_MS - 1) / HT_NS_PER_MS);

    if (is_readable(driver->stop_fd))
        return false;
    if (take_request(driver, ret_request))
        return true;
    poll(fds, ARRAY_LEN(fds), ms);
    take_request(driver, ret_request);
    return !is_readable(driver->stop_fd);
}

static int wake_fd(struct ht_feed *feed)
{
    return of(feed)->wake_fd;
}

static int stop_fd(struct ht_feed *feed)
{
    return of(feed)->stop_fd;
}

static void at(struct ht_feed *feed, const char *where)
{
    (void)feed;
    (void)where;
}

static void *run(void *context)
{
    struct driver *driver = context;

    /* The system call is the thread's alone; the function would be the whole process's. */
    if (driver->unprivileged && syscall(SYS_setresuid, -1, NOBODY, -1) < 0)
        abort();
    driver->driver.ops->run(driver->driver.self, &driver->feed);
    pthread_mutex_lock(&driver->lock);
    driver->ended = true;
    pthread_cond_broadcast(&driver->changed);
    pthread_mutex_unlock(&driver->lock);
    return NULL;
}

void driver_start(struct driver *driver, struct ht_driver source)
{
    pthread_condattr_t monotonic;

    driver->driver = source;
    driver->ended = false;
    driver->stands_at = ht_clock_mono(ht_clock_system());
    driver->clock = (struct ht_clock){.mono_ns = mono, .wall_ns = wall, .context = driver};
    driver->feed = (struct ht_feed){.clock = &driver->clock,
                                    .publish = publish,
                                    .confirm = confirm,
                                    .event = take_event,
                                    .wait = wait_feed,
                                    .wake_fd = wake_fd,
                                    .stop_fd = stop_fd,
                                    .at = at};
    driver->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    driver->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&driver->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&driver->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&driver->thread, NULL, run, driver))
        abort();
}

static void signal_fd(int fd)
{
    const uint64_t one = 1;

    if (write(fd, &one, sizeof(one)) < 0)
        abort();
}

static struct timespec deadline(void)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PATIENCE_S;
    return until;
}

void driver_stop(struct driver *driver)
{
    struct timespec until = deadline();

    signal_fd(driver->stop_fd);
    signal_fd(driver->wake_fd);
    pthread_mutex_lock(&driver->lock);
    while (!driver->ended) {
        if (pthread_cond_timedwait(&driver->changed, &driver->lock, &until) == ETIMEDOUT) {
            printf("not ok driver: it does not end\n");
            fflush(stdout);
            _exit(1);
        }
    }
    pthread_mutex_unlock(&driver->lock);
    pthread_join(driver->thread, NULL);
    driver->driver.ops->free(driver->driver.self);
    ht_node_unref(driver->sample);
    close(driver->wake_fd);
    close(driver->stop_fd);
    pthread_cond_destroy(&driver->changed);
    pthread_mutex_destroy(&driver->lock);
}

void driver_advance(struct driver *driver, int64_t ns)
{
    atomic_fetch_add(&driver->ahead_ns, ns);
    signal_fd(driver->wake_fd);
}

void driver_request(struct driver *driver, enum ht_request_kind kind, const char *id)
{
    pthread_mutex_lock(&driver->lock);
    driver->request = (struct ht_request){.kind = kind};
    snprintf(driver->request.id, sizeof(driver->request.id), "%s", id);
    pthread_mutex_unlock(&driver->lock);
    signal_fd(driver->wake_fd);
}

bool driver_wait(struct driver *driver, driver_condition condition, void *context)
{
    struct timespec until = deadline();
    bool good;

    pthread_mutex_lock(&driver->lock);
    while (!(good = condition(driver, context))) {
        if (pthread_cond_timedwait(&driver->changed, &driver->lock, &until) == ETIMEDOUT)
            break;
    }
    pthread_mutex_unlock(&driver->lock);
    return good;
}

void driver_expect(struct driver *driver, driver_condition wanted, void *context)
{
    pthread_mutex_lock(&driver->lock);
    driver->wanted = wanted;
    driver->of_it = context;
    driver->was_told = false;
    pthread_mutex_unlock(&driver->lock);
}

static bool was_told(struct driver *driver, void *context)
{
    (void)context;
    return driver->was_told;
}

bool driver_was_told(struct driver *driver)
{
    return driver_wait(driver, was_told, NULL);
}

const struct ht_source *driver_source(const struct driver *driver, const char *name)
{
    const struct ht_row *row =
        driver->sample ? ht_node_find(driver->sample, HT_TABLE_SOURCE, ht_str_from(name)) : NULL;

    return row ? ht_source_of(row) : NULL;
}

unsigned driver_published(struct driver *driver)
{
    unsigned published;

    pthread_mutex_lock(&driver->lock);
    published = driver->published;
    pthread_mutex_unlock(&driver->lock);
    return published;
}

static bool was_told_since(struct driver *driver, void *context)
{
    return driver->published > *(const unsigned *)context;
}

bool driver_wait_published(struct driver *driver, unsigned since)
{
    return driver_wait(driver, was_told_since, &since);
}

int64_t driver_answered_at(struct driver *driver, const char *name)
{
    const struct ht_source *source;
    int64_t at;

    pthread_mutex_lock(&driver->lock);
    source = driver_source(driver, name);
    at = source && ht_source_has_answered_at(source) ? source->answered_at : 0;
    pthread_mutex_unlock(&driver->lock);
    return at;
}
