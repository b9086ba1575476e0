/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Docker source alone, or that of containerd ("containerd:SOCKET"), without checks and reports.
 *
 *   dwatch SOCKET           until everything is inspected: "WALL_US CPU_US CONTAINERS PRIVILEGED"
 *   dwatch SOCKET SECONDS   goes on watching for so long
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hulltop/base/mem.h"
#include "hulltop/source/source.h"

struct watch {
    struct ht_feed feed; /* first, so that it leads back */
    const char *name;    /* the source's */
    int64_t start_ns, end_ns;
    int stop_fd;
    bool failed;
};

static struct watch *of(struct ht_feed *feed)
{
    return (struct watch *)(void *)feed;
}

static int64_t cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static void stop(struct watch *watch)
{
    const uint64_t one = 1;

    if (write(watch->stop_fd, &one, sizeof(one)) < 0)
        abort();
}

static void print_answer(const struct watch *watch, const struct ht_rowset *containers)
{
    size_t privileged = 0;

    for (size_t i = 0; i < containers->len; i++)
        privileged += ht_container_of(containers->rows[i])->declared.privileged;
    printf("%" PRId64 " %" PRId64 " %zu %zu\n",
           (ht_clock_mono(ht_clock_system()) - watch->start_ns) / 1000, cpu_us(), containers->len,
           privileged);
    fflush(stdout);
}

static void publish(struct ht_feed *feed, struct ht_node *sample)
{
    struct watch *watch = of(feed);

    ht_node_sort(sample);
    const struct ht_source *source =
        ht_source_of(ht_node_find(sample, HT_TABLE_SOURCE, ht_str_from(watch->name)));
    if (source->state == HT_SOURCE_STATE_OK && !watch->end_ns)
        print_answer(watch, ht_node_set(sample, HT_TABLE_CONTAINER));
    if (source->state != HT_SOURCE_STATE_OK && source->state != HT_SOURCE_STATE_WAIT) {
        fprintf(stderr, "dwatch: %s\n", source->detail.data);
        watch->failed = true;
    }
    if ((source->state == HT_SOURCE_STATE_OK && !watch->end_ns) || watch->failed)
        stop(watch);
    ht_node_unref(sample);
}

static void confirm(struct ht_feed *feed)
{
    (void)feed;
}

static void event(struct ht_feed *feed, struct ht_row *row)
{
    (void)feed;
    ht_row_unref(row);
}

static bool wait_feed(struct ht_feed *feed, int64_t timeout_ns, struct ht_request *ret_request)
{
    struct watch *watch = of(feed);
    struct pollfd look = {.fd = watch->stop_fd, .events = POLLIN};

    *ret_request = (struct ht_request){.kind = HT_REQUEST_NONE};
    if (watch->end_ns && ht_clock_mono(feed->clock) >= watch->end_ns)
        return false;
    return poll(&look, 1, (int)(timeout_ns / HT_NS_PER_MS)) == 0;
}

static int get_stop_fd(struct ht_feed *feed)
{
    return of(feed)->stop_fd;
}

static void at(struct ht_feed *feed, const char *where)
{
    (void)feed;
    (void)where;
}

static struct ht_driver driver_of(struct watch *watch, const char *place)
{
    static const char prefix[] = "containerd:";
    struct ht_driver drivers[HT_CONTAINERD_PLACES];

    watch->name = "docker";
    if (strncmp(place, prefix, sizeof(prefix) - 1) != 0)
        return ht_docker_driver(&(struct ht_docker_options){.url = place});
    watch->name = "containerd";
    ht_containerd_drivers(&(struct ht_containerd_options){.socket_path = place + sizeof(prefix) - 1,
                                                          .timeout_ns = 30 * HT_NS_PER_S},
                          drivers);
    return drivers[0];
}

int main(int argc, char **argv)
{
    struct watch watch = {
        .feed = {.clock = ht_clock_system(),
                 .publish = publish,
                 .confirm = confirm,
                 .event = event,
                 .wait = wait_feed,
                 .wake_fd = get_stop_fd,
                 .stop_fd = get_stop_fd,
                 .at = at},
        .start_ns = ht_clock_mono(ht_clock_system()),
        .stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
    };
    uint64_t seconds = 0;

    if (argc < 2 || (argc > 2 && ht_parse_u64(ht_str_from(argv[2]), &seconds) < 0)) {
        fprintf(stderr, "usage: dwatch SOCKET [SECONDS]\n");
        return 2;
    }
    if (seconds)
        watch.end_ns = watch.start_ns + (int64_t)seconds * HT_NS_PER_S;

    struct ht_driver driver = driver_of(&watch, argv[1]);
    driver.ops->run(driver.self, &watch.feed);
    driver.ops->free(driver.self);
    close(watch.stop_fd);
    return watch.failed;
}
