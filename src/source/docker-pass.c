/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the Docker source knows of containers: list, inspect, keep. */
#include "docker-private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/log.h"
#include "hulltop/base/mem.h"

enum {
    INSPECT_MAX = 4 * 1024 * 1024,
    LIST_MAX = 32 * 1024 * 1024,
    SLOW_MAX = 3,       /* inspects without an answer, then the rest of the pass is not asked for */
    INSPECT_PASSES = 10 /* one that no event was about is looked at again after so many passes */
};

struct ht_docker_known *ht_docker_know(struct ht_docker *docker, struct ht_str id)
{
    struct ht_docker_known *known = ht_map_get(docker->containers, id);

    if (!known) {
        known = ht_new0(struct ht_docker_known);
        snprintf(known->id, sizeof(known->id), "%.*s", HT_STR_ARG(id));
        ht_map_set(docker->containers, id, known);
    }
    return known;
}

static void free_known(struct ht_docker_known *known)
{
    ht_row_unref(known->row);
    free(known);
}

void ht_docker_forget(struct ht_docker *docker, struct ht_str id)
{
    struct ht_docker_known *known = ht_map_remove(docker->containers, id);

    if (known) {
        docker->changed = docker->changed || known->row;
        free_known(known);
    }
}

static void free_visit(void *context, struct ht_str key, void *value)
{
    (void)context;
    (void)key;
    free_known(value);
}

void ht_docker_forget_all(struct ht_docker *docker)
{
    ht_map_each(docker->containers, free_visit, NULL);
    docker->containers = ht_map_free(docker->containers);
}

/* ---- one container ---- */

static int fail_alone(struct ht_docker *docker, struct ht_docker_known *known, const char *cause)
{
    docker->changed = docker->changed || !known->failed;
    known->failed = true;
    snprintf(docker->cause, sizeof(docker->cause), "%s", cause);
    ht_log(HT_LOG_WARNING, docker->name, "container %.12s: %s", known->id, cause);
    return 0;
}

static int take_answer(struct ht_docker *docker, struct ht_docker_known *known,
                       const struct ht_http_answer *answer)
{
    struct ht_error err = {0};
    struct ht_row *row = NULL;

    if (ht_docker_decode_container(ht_buf_str(&answer->body), &docker->context, &row, &err) < 0)
        return fail_alone(docker, known, err.text);
    if (!ht_str_is(ht_row_id(row), known->id)) {
        ht_row_unref(row);
        return fail_alone(docker, known, "the answer is about another container");
    }

    struct ht_row *kept = ht_row_keep(known->row, row);
    docker->changed = docker->changed || kept != known->row || known->failed;
    ht_row_unref(known->row);
    known->row = kept;
    known->failed = false;
    return 0;
}

/* Inspects one container, which may be forgotten thereby. A daemon that answers, only not about
 * this one (a lock in the daemon, an answer without end), is no failure of the daemon. */
static int inspect(struct ht_docker *docker, struct ht_docker_known *known,
                   struct ht_http_answer *answer, struct ht_docker_trouble *trouble)
{
    char path[sizeof(known->id) + sizeof("/containers//json")];

    known->dirty = false;
    known->inspected = docker->pass;
    if (docker->slow >= SLOW_MAX) {
        docker->changed = docker->changed || !known->failed;
        known->failed = true;
        return 0;
    }
    docker->feed->at(docker->feed, "inspecting a container");
    snprintf(path, sizeof(path), "/containers/%s/json", known->id);
    int r = ht_docker_get(&docker->client, path, INSPECT_MAX, answer, trouble);
    if (r == 0)
        return take_answer(docker, known, answer);
    if (r == -EINTR)
        return r;
    if (r == -ESRCH) {
        char id[sizeof(known->id)];

        memcpy(id, known->id, sizeof(id));
        ht_docker_forget(docker, ht_str_from(id));
        return 0;
    }
    if (r == -EPROTO && answer->status >= 400)
        return fail_alone(docker, known, trouble->detail);

    char cause[HT_ERROR_TEXT_MAX];
    snprintf(cause, sizeof(cause), "%s", trouble->detail);
    r = ht_docker_ping(&docker->client, trouble);
    if (r < 0)
        return r;
    docker->slow++;
    return fail_alone(docker, known, cause);
}

/* ---- all of them ---- */

struct selection {
    bool (*wanted)(const struct ht_docker_known *known, uint64_t pass);
    uint64_t pass;
    struct ht_vec found; /* struct ht_docker_known * */
};

static void select_visit(void *context, struct ht_str key, void *value)
{
    struct selection *selection = context;

    (void)key;
    if (selection->wanted(value, selection->pass))
        ht_vec_add(&selection->found, value);
}

static bool is_gone(const struct ht_docker_known *known, uint64_t pass)
{
    return known->pass != pass;
}

static bool is_dirty(const struct ht_docker_known *known, uint64_t pass)
{
    (void)pass;
    return known->dirty;
}

static void forget_gone(struct ht_docker *docker)
{
    struct selection gone = {.wanted = is_gone, .pass = docker->pass};

    ht_map_each(docker->containers, select_visit, &gone);
    for (size_t i = 0; i < gone.found.len; i++) {
        struct ht_docker_known *known = gone.found.items[i];
        char id[sizeof(known->id)];

        memcpy(id, known->id, sizeof(id));
        ht_docker_forget(docker, ht_str_from(id));
    }
    ht_vec_fini(&gone.found);
}

int ht_docker_look(struct ht_docker *docker, struct ht_docker_trouble *trouble)
{
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    struct selection dirty = {.wanted = is_dirty};
    int r = 0;

    ht_map_each(docker->containers, select_visit, &dirty);
    if (dirty.found.len)
        docker->slow = 0;
    for (size_t i = 0; i < dirty.found.len && r == 0; i++)
        r = inspect(docker, dirty.found.items[i], &answer, trouble);
    ht_vec_fini(&dirty.found);
    return r;
}

static bool is_due(const struct ht_docker *docker, const struct ht_docker_known *known,
                   const struct ht_docker_listed *listed)
{
    return docker->everything || !known->row || known->dirty || known->failed ||
           known->fingerprint != listed->fingerprint ||
           docker->pass - known->inspected >= INSPECT_PASSES;
}

/* A container that cannot be inspected is there all the same: what the list tells is shown. */
static void show_listed(struct ht_docker *docker, const struct ht_docker_listed *listed)
{
    struct ht_docker_known *known = ht_map_get(docker->containers, listed->id);

    if (known && known->failed && !known->row) {
        known->row = ht_docker_decode_listed(listed, &docker->context);
        docker->changed = true;
    }
}

/* Those that failed before come last, so that they cannot keep the others from being seen. */
static int inspect_listed(struct ht_docker *docker, const struct ht_docker_list *list,
                          struct ht_docker_trouble *trouble)
{
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    ht_autovec struct ht_vec last = {0};
    size_t done = 0;
    int r = 0;

    for (size_t i = 0; i < list->len && r == 0; i++) {
        const struct ht_docker_listed *listed = &list->items[i];
        struct ht_docker_known *known = ht_docker_know(docker, listed->id);
        bool due = is_due(docker, known, listed);

        known->pass = docker->pass;
        known->fingerprint = listed->fingerprint;
        if (known->failed) {
            ht_vec_add(&last, &list->items[i]);
            continue;
        }
        if (due)
            r = inspect(docker, known, &answer, trouble);
        show_listed(docker, listed);
        ht_docker_tell_progress(docker, ++done);
    }
    for (size_t i = 0; i < last.len && r == 0; i++) {
        const struct ht_docker_listed *listed = last.items[i];

        r = inspect(docker, ht_docker_know(docker, listed->id), &answer, trouble);
        show_listed(docker, listed);
        ht_docker_tell_progress(docker, ++done);
    }
    return r;
}

int ht_docker_pass(struct ht_docker *docker, struct ht_docker_trouble *trouble)
{
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    struct ht_docker_list list;
    struct ht_error err = {0};
    int64_t start = ht_clock_mono(docker->feed->clock);

    docker->feed->at(docker->feed, "listing containers");
    int r = ht_docker_get(&docker->client, "/containers/json?all=1", LIST_MAX, &answer, trouble);
    if (r < 0)
        return r;
    r = ht_docker_decode_list(arena, ht_buf_str(&answer.body), &list, &err);
    if (r < 0) {
        ht_docker_explain(&err, trouble);
        return r;
    }
    docker->pass++;
    docker->slow = 0;
    docker->total = list.len;
    r = inspect_listed(docker, &list, trouble);
    if (r < 0)
        return r;
    forget_gone(docker);
    docker->everything = false;
    docker->answered_at = ht_clock_wall(docker->feed->clock);
    docker->last_full_ns = ht_clock_mono(docker->feed->clock);
    docker->took_ns = docker->last_full_ns - start;
    docker->next_full_ns = docker->last_full_ns + HT_DOCKER_FULL_PASS_NS;
    /* Answers as text and as trees took several times what the rows do. */
    ht_mem_trim();
    return 0;
}
