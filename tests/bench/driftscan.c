/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: driftscan scan|floor|node
 * Prints "CPU-microseconds processes" of one task:
 *   scan   ours: the first look of the source "drift", from opening to its first whole answer,
 * which is over all processes of the node; those of containers are counted floor  the executable's
 * link and the mappings of each process of a container, read once and nothing else node   the same
 * of all processes of the node; those that have both are counted
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "src/source/proc-decode.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/source/source.h"

enum { NAME_BYTES = 64, PIDS_MAX = 100000, LINK_BYTES = 4096 };

static double cpu_us(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

/* ---- ours ---- */

struct scan {
    struct ht_feed feed;
    bool is_done;
    double us;
    size_t processes;
};

static void publish(struct ht_feed *feed, struct ht_node *sample)
{
    struct scan *scan = (struct scan *)feed;
    const struct ht_row *row = ht_node_find(sample, HT_TABLE_SOURCE, HT_S("drift"));
    const struct ht_rowset *layers = ht_node_set(sample, HT_TABLE_LAYER);

    if (row && ht_source_of(row)->state != HT_SOURCE_STATE_WAIT && !scan->is_done) {
        scan->us = cpu_us();
        scan->is_done = true;
        for (size_t i = 0; i < layers->len; i++)
            scan->processes += ht_layer_of(layers->rows[i])->processes;
    }
    ht_node_unref(sample);
}

static void confirm(struct ht_feed *feed)
{
    (void)feed;
}

static void drop_event(struct ht_feed *feed, struct ht_row *event)
{
    (void)feed;
    ht_row_unref(event);
}

static bool wait_until_done(struct ht_feed *feed, int64_t timeout_ns,
                            struct ht_request *ret_request)
{
    (void)timeout_ns;
    *ret_request = (struct ht_request){0};
    return !((struct scan *)feed)->is_done;
}

static int no_fd(struct ht_feed *feed)
{
    (void)feed;
    return -1;
}

static void at(struct ht_feed *feed, const char *where)
{
    (void)feed;
    (void)where;
}

static void scan_all(void)
{
    struct scan scan = {.feed = {.clock = ht_clock_system(),
                                 .publish = publish,
                                 .confirm = confirm,
                                 .event = drop_event,
                                 .wait = wait_until_done,
                                 .wake_fd = no_fd,
                                 .stop_fd = no_fd,
                                 .at = at}};
    struct ht_driver driver = ht_drift_driver(true);
    double before = cpu_us();

    driver.ops->run(driver.self, &scan.feed);
    printf("%.0f %zu\n", scan.us - before, scan.processes);
    driver.ops->free(driver.self);
}

/* ---- the floor ---- */

struct listing {
    int proc_fd;
    bool whole_node;
    struct ht_buf file;
    pid_t pids[PIDS_MAX];
    size_t len;
};

static int visit(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct listing *listing = context;
    struct ht_cgroup_facts facts;
    char path[NAME_BYTES];
    uint64_t pid;

    (void)type;
    (void)inode;
    if (ht_parse_u64(ht_str_from(name), &pid) < 0 || listing->len == PIDS_MAX)
        return 0;
    snprintf(path, sizeof(path), "%s/cgroup", name);
    if (ht_read_at(listing->proc_fd, path, &listing->file, HT_LIMIT_PROC_FILE, NULL) < 0)
        return 0;
    ht_cgroup_decode(ht_buf_str(&listing->file), &facts);
    if (listing->whole_node || facts.sure == HT_CGROUP_CERTAIN)
        listing->pids[listing->len++] = (pid_t)pid;
    return 0;
}

/* Who is in a container is found out before the clock runs. */
static void read_floor(bool whole_node)
{
    ht_autofree struct listing *listing = ht_new0(struct listing);
    const struct ht_dir_visitor visitor = {.visit = visit, .context = listing};
    ht_autoclose int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char path[NAME_BYTES], target[LINK_BYTES];
    size_t read = 0;

    listing->proc_fd = fd;
    listing->whole_node = whole_node;
    ht_buf_init(&listing->file, HT_LIMIT_FILE);
    if (fd < 0 || ht_list_fd(fd, &visitor, NULL) < 0)
        exit(1);
    double before = cpu_us();
    for (size_t i = 0; i < listing->len; i++) {
        snprintf(path, sizeof(path), "%d/exe", (int)listing->pids[i]);
        bool linked = readlinkat(fd, path, target, sizeof(target)) > 0;
        snprintf(path, sizeof(path), "%d/maps", (int)listing->pids[i]);
        read += linked && ht_read_at(fd, path, &listing->file, HT_LIMIT_FILE, NULL) == 0;
    }
    printf("%.0f %zu\n", cpu_us() - before, read);
    ht_buf_fini(&listing->file);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    if (strcmp(argv[1], "scan") == 0)
        scan_all();
    else if (strcmp(argv[1], "floor") == 0)
        read_floor(false);
    else if (strcmp(argv[1], "node") == 0)
        read_floor(true);
    else
        return 2;
    return 0;
}
