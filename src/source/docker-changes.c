/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What changed in containers since they were made, as the daemon tells. It is asked where storage
 * has no writable directory apart (vfs, btrfs, zfs, FUSE), for it walks the whole container then:
 * about each container a hundredth of the time at most, and about all of them likewise, unless many
 * are slow to answer about: then up to an eleventh.
 */
#include "docker-private.h"

#include <errno.h>
#include <stdio.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { CHANGES_MAX = 32 * 1024 * 1024, PATH_BYTES = 192, REST_TIMES = 100, SHARED_TIMES = 10 };

#define AGAIN_NS (INT64_C(60) * HT_NS_PER_S)
/* What one answer makes the others wait: so long, or SHARED_TIMES what it took. */
#define SHARED_NS (INT64_C(60) * HT_NS_PER_S)

/* An overlay of the kernel is read by the source "drift" itself; one of a user may be of FUSE. */
static bool is_hidden(const struct ht_docker *docker, const struct ht_container *container)
{
    if (!ht_container_has_storage(container) || container->state != HT_CONTAINER_STATE_RUNNING)
        return false;
    return docker->context.rootless || !ht_str_has_prefix(container->storage, "overlay");
}

struct due {
    const struct ht_docker *docker;
    struct ht_docker_known *known; /* due for the longest time; NULL: none is */
    int64_t now_ns;
};

static void due_visit(void *context, struct ht_str key, void *value)
{
    struct due *due = context;
    struct ht_docker_known *known = value;

    (void)key;
    if (known->row && known->diff_due_ns <= due->now_ns &&
        (!due->known || known->diff_due_ns < due->known->diff_due_ns) &&
        is_hidden(due->docker, ht_container_of(known->row)))
        due->known = known;
}

struct ht_docker_known *ht_docker_due_changes(const struct ht_docker *docker, int64_t now_ns)
{
    struct due due = {.docker = docker, .now_ns = now_ns};

    if (docker->diff_rest_ns <= now_ns)
        ht_map_each(docker->containers, due_visit, &due);
    return due.known;
}

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A container is given a hundredth of the time, whatever happens to it, and so are all together:
 * but a slow one makes the others wait for a part of what it waits itself. What the daemon was not
 * asked for in is kept for as long as nothing wakes us: many that take it milliseconds are asked
 * about in one turn. */
void ht_docker_rest_changes(struct ht_docker *docker, struct ht_docker_known *known, int64_t began,
                            int64_t ended)
{
    int64_t took = ended - began, rest = REST_TIMES * took;

    docker->diff_rest_ns = greater(docker->diff_rest_ns, began - HT_DOCKER_PING_NS) +
                           lesser(rest, greater(SHARED_NS, SHARED_TIMES * took));
    known->diff_rest_ns = ended + rest;
    known->diff_due_ns = ended + greater(AGAIN_NS, rest);
}

void ht_docker_hurry_changes(struct ht_docker_known *known, int64_t now_ns)
{
    known->diff_due_ns = lesser(known->diff_due_ns, greater(now_ns, known->diff_rest_ns));
}

void ht_docker_queue_changes(const struct ht_docker *docker, struct ht_docker_known *known,
                             const struct ht_row *row, int64_t now_ns)
{
    bool was = known->row && is_hidden(docker, ht_container_of(known->row));

    if (!was && is_hidden(docker, ht_container_of(row)))
        known->diff_due_ns = greater(known->diff_due_ns, now_ns);
}

static int ask(struct ht_docker *docker, struct ht_docker_known *known, struct ht_trouble *trouble)
{
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    const struct ht_docker_changes_about about = {.id = ht_str_from(known->id),
                                                  .source = ht_str_from(docker->name),
                                                  .asked_at = ht_clock_wall(docker->feed->clock)};
    struct ht_row *row = NULL;
    char path[PATH_BYTES];
    int64_t began = ht_clock_mono(docker->feed->clock), ended;
    int r;

    snprintf(path, sizeof(path), "/containers/%s/changes", known->id);
    docker->feed->at(docker->feed, "asking what changed in a container");
    r = ht_docker_get(&docker->client, path, CHANGES_MAX, &answer, trouble);
    ended = ht_clock_mono(docker->feed->clock);
    ht_docker_rest_changes(docker, known, began, ended);
    if (r == 0 && ht_docker_decode_changes(ht_buf_str(&answer.body), &about, &row, NULL) == 0) {
        docker->bytes += ht_row_size(row) - (known->diff ? ht_row_size(known->diff) : 0);
        ht_row_unref(known->diff);
        known->diff = row;
        docker->changed = true;
    }
    return r;
}

int ht_docker_read_changes(struct ht_docker *docker, struct ht_trouble *trouble)
{
    struct ht_docker_known *known = NULL;
    int r = 0;

    if (!docker->drift)
        return 0;
    while (r != -EINTR && !ht_docker_is_full(docker) &&
           (known = ht_docker_due_changes(docker, ht_clock_mono(docker->feed->clock))))
        r = ask(docker, known, trouble);
    return r == -EINTR ? r : 0;
}
