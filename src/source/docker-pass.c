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
    INFO_MAX = 1024 * 1024,
    INSPECT_MAX = 4 * 1024 * 1024,
    LIST_MAX = 32 * 1024 * 1024,
    HELD_MAX = 4 * 1024 * 1024, /* of answers that wait for /info */
    ID_PATH_MAX = 160,
    PODMAN_INFO_MS = 10000, /* it asks programs and the package manager for their versions */
    SLOW_MAX = 3, /* inspects without an answer, then the rest of the pass is not asked for */
    /* One that no event was about is looked at again after so many passes: in an hour, of a daemon
     * at rest, or in ten minutes. */
    INSPECT_PASSES = 10,
    INSPECT_REST_PASSES = 3,
    /* All rows of a daemon; whoever is not root may make as many and as long ones as he likes. */
    ROWS_MAX = 256 * 1024 * 1024,
    ROWS_OF_USER_MAX = 16 * 1024 * 1024
};

bool ht_docker_is_of_user(const struct ht_docker *docker)
{
    struct ht_http_peer peer = ht_http_peer(docker->client.http);

    return peer.known && peer.uid != 0;
}

static size_t rows_max(const struct ht_docker *docker)
{
    return ht_docker_is_of_user(docker) ? ROWS_OF_USER_MAX : ROWS_MAX;
}

bool ht_docker_is_full(const struct ht_docker *docker)
{
    return docker->bytes >= rows_max(docker);
}

static size_t size_of(const struct ht_docker_known *known)
{
    return (known->row ? ht_row_size(known->row) : 0) +
           (known->diff ? ht_row_size(known->diff) : 0);
}

static void weigh_visit(void *context, struct ht_str key, void *value)
{
    struct ht_docker *docker = context;

    (void)key;
    docker->bytes += size_of(value);
}

static void weigh(struct ht_docker *docker)
{
    docker->bytes = ht_docker_images_size(docker);
    ht_map_each(docker->containers, weigh_visit, docker);
}

void ht_docker_ask_for_pass(struct ht_docker *docker, int64_t gap_ns)
{
    int64_t at = docker->last_full_ns + gap_ns;

    if (at < docker->next_full_ns)
        docker->next_full_ns = at;
}

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
    ht_row_unref(known->told);
    ht_row_unref(known->diff);
    free(known);
}

void ht_docker_forget(struct ht_docker *docker, struct ht_str id)
{
    struct ht_docker_known *known = ht_map_remove(docker->containers, id);

    if (known) {
        docker->changed = docker->changed || known->row;
        docker->bytes -= size_of(known);
        if (docker->like && ht_str_equal(ht_row_id(docker->like), id))
            docker->like = ht_row_unref(docker->like);
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
    docker->like = ht_row_unref(docker->like);
}

/* ---- one container ---- */

struct ht_row *ht_docker_make_row(const struct ht_docker *docker,
                                  const struct ht_container *container)
{
    return ht_row_like(&ht_container_table, container, docker->like);
}

/* The row (taken over), with what it says like the others in theirs. */
static struct ht_row *share(struct ht_docker *docker, struct ht_row *row)
{
    struct ht_row *shared;

    if (!docker->like || ht_str_equal(ht_row_id(docker->like), ht_row_id(row))) {
        ht_row_unref(docker->like);
        docker->like = ht_row_ref(row);
        return row;
    }
    shared = ht_docker_make_row(docker, ht_container_of(row));
    ht_row_unref(row);
    return shared;
}

static bool is_inspected(const struct ht_docker_known *known)
{
    return known->row && !known->bare;
}

static void put_row(struct ht_docker *docker, struct ht_docker_known *known, struct ht_row *row)
{
    struct ht_row *before = known->row;

    ht_docker_queue_changes(docker, known, row, ht_clock_mono(docker->feed->clock));
    known->row = ht_row_keep(before, row);
    docker->changed = docker->changed || known->row != before;
    docker->bytes += ht_row_size(known->row) - (before ? ht_row_size(before) : 0);
    ht_row_unref(before);
}

bool ht_docker_set_row(struct ht_docker *docker, struct ht_docker_known *known, struct ht_row *row)
{
    size_t before = known->row ? ht_row_size(known->row) : 0, after = ht_row_size(row);

    if (after > before && docker->bytes - before + after > 2 * rows_max(docker)) {
        ht_row_unref(row);
        return false;
    }
    put_row(docker, known, row);
    return true;
}

static void mark_failed(struct ht_docker *docker, struct ht_docker_known *known)
{
    docker->changed = docker->changed || !known->failed;
    known->failed = true;
    ht_docker_ask_for_pass(docker, HT_DOCKER_FULL_PASS_NS);
}

static int fail_alone(struct ht_docker *docker, struct ht_docker_known *known, const char *cause)
{
    const char *endpoint = docker->client.endpoint;
    size_t len = strlen(endpoint);

    /* What is said of the source names the endpoint anyway. */
    if (strncmp(cause, endpoint, len) == 0 && strncmp(cause + len, ": ", 2) == 0)
        cause += len + 2;
    mark_failed(docker, known);
    snprintf(docker->cause, sizeof(docker->cause), "%s", cause);
    ht_log(HT_LOG_WARNING, docker->name, "container %.12s: %s", known->id, cause);
    return 0;
}

static void explain_full(const struct ht_docker *docker, char *ret_cause, size_t size)
{
    snprintf(ret_cause, size, "what it tells of the others takes %zu MB",
             rows_max(docker) / (1024 * 1024));
}

static int take_answer(struct ht_docker *docker, struct ht_docker_known *known,
                       const struct ht_http_answer *answer)
{
    struct ht_error err = {0};
    struct ht_row *row = NULL;
    char cause[HT_ERROR_TEXT_MAX];

    if (ht_docker_decode_container(ht_buf_str(&answer->body), &docker->context, &row, &err) < 0)
        return fail_alone(docker, known, err.text);
    if (!ht_str_is(ht_row_id(row), known->id)) {
        ht_row_unref(row);
        return fail_alone(docker, known, "the answer is about another container");
    }

    row = ht_docker_add_names(docker, ht_docker_add_history(docker, share(docker, row)));
    if (!ht_docker_set_row(docker, known, row)) {
        explain_full(docker, cause, sizeof(cause));
        return fail_alone(docker, known, cause);
    }
    docker->changed = docker->changed || known->failed;
    known->failed = known->bare = false;
    known->shown = known->fingerprint;
    known->missing = false;
    return 0;
}

/* ---- asking ---- */

/* An answer about a container that came before /info did, without which it cannot be read. */
struct held {
    struct ht_docker_known *known;
    struct ht_http_answer answer; /* its body alone */
};

/* A container about which no answer came: what the daemon does elsewhere tells whose fault it is.
 */
struct doubt {
    struct ht_docker_known *known;
    char cause[HT_ERROR_TEXT_MAX];
};

/* What is asked together: the heads, then containers. */
struct asking {
    struct ht_docker *docker;
    struct ht_trouble *trouble;
    bool info, list;        /* still to be answered */
    bool pass;              /* it is about all containers, not those of events */
    bool again;             /* for the sake of what was missing alone */
    size_t missing;         /* containers of the list that the daemon did not know */
    struct ht_arena *arena; /* of the list */
    struct ht_docker_list listed;
    struct ht_vec queue;        /* struct ht_docker_known *, in the order they are asked for */
    size_t from;                /* place in the queue of the first one of this batch */
    size_t scanned;             /* places before it and not asked about have none to replace */
    size_t heads;               /* requests of this batch before it */
    size_t ended;               /* containers of this batch */
    struct ht_vec held, doubts; /* struct held *, struct doubt * */
    size_t held_bytes;
    struct ht_buf path;
};

static void free_asking(struct asking *asking)
{
    for (size_t i = 0; i < asking->held.len; i++) {
        struct held *held = asking->held.items[i];

        ht_http_answer_fini(&held->answer);
        free(held);
    }
    for (size_t i = 0; i < asking->doubts.len; i++)
        free(asking->doubts.items[i]);
    ht_vec_fini(&asking->held);
    ht_vec_fini(&asking->doubts);
    ht_vec_fini(&asking->queue);
    ht_buf_fini(&asking->path);
    ht_arena_free(asking->arena);
}

static const char head_info[] = "/info", head_list[] = "/containers/json?all=1";

/* Which head a number is; NULL: a container. */
static const char *head_of(const struct asking *asking, size_t index)
{
    if (index >= asking->heads)
        return NULL;
    return index == 0 && asking->heads == 2 ? head_info : head_list;
}

/* Whether there is one to be asked about, which is at that place of the queue then. Of a daemon
 * that told enough those come first that it has told of: one row in the place of another. */
static bool find_next(struct asking *asking, size_t place)
{
    void **items = asking->queue.items;

    if (place >= asking->queue.len)
        return false;
    if (!ht_docker_is_full(asking->docker) || is_inspected(items[place]))
        return true;
    if (asking->scanned <= place)
        asking->scanned = place + 1;
    while (asking->scanned < asking->queue.len) {
        void **found = &items[asking->scanned++];

        if (is_inspected(*found)) {
            void *lacking = items[place];

            items[place] = *found;
            *found = lacking;
            return true;
        }
    }
    return false;
}

static bool next_request(void *context, size_t index, struct ht_http_request *request)
{
    struct asking *asking = context;
    const char *head = head_of(asking, index);
    size_t place = asking->from + index - asking->heads;

    ht_buf_reset(&asking->path);
    request->total_ms = asking->docker->client.answer_ms;
    if (head) {
        request->body_max = head == head_info ? INFO_MAX : LIST_MAX;
        if (head == head_info) {
            if (asking->docker->client.podman && request->total_ms < PODMAN_INFO_MS)
                request->total_ms = PODMAN_INFO_MS;
            ht_docker_path(&asking->docker->client, head, &asking->path);
        } else {
            ht_docker_list_path(&asking->docker->client, &asking->path);
        }
    } else {
        if (!find_next(asking, place) || (asking->info && asking->held_bytes > HELD_MAX))
            return false;
        const struct ht_docker_known *known = asking->queue.items[place];
        request->body_max = INSPECT_MAX;
        ht_docker_inspect_path(&asking->docker->client, known->id, &asking->path);
    }
    request->path = asking->path.data;
    return true;
}

static void hold(struct asking *asking, struct ht_docker_known *known, struct ht_str body)
{
    struct held *held = ht_new0(struct held);

    held->known = known;
    held->answer.body.max = INSPECT_MAX;
    ht_buf_add_str(&held->answer.body, body);
    asking->held_bytes += body.len;
    ht_vec_add(&asking->held, held);
}

/* The daemon does not know it. One that an event named is gone by now, and so may be one of the
 * list, which is older; what a second list names as well is there and hides itself. */
static int end_missing(struct asking *asking, struct ht_docker_known *known)
{
    char id[sizeof(known->id)];

    if (asking->pass && known->missing) {
        known->missing = false;
        return fail_alone(asking->docker, known, asking->trouble->detail);
    }
    if (asking->pass) {
        known->missing = true;
        asking->missing++;
        return 0;
    }
    memcpy(id, known->id, sizeof(id));
    ht_docker_forget(asking->docker, ht_str_from(id));
    return 0;
}

/* What became of the inspect of one container, which may be forgotten thereby. A daemon that
 * answers, only not about this one (a lock in the daemon, an answer without end), is no failure of
 * the daemon. */
static int end_container(struct asking *asking, struct ht_docker_known *known,
                         const struct ht_docker_reply *reply)
{
    struct ht_docker *docker = asking->docker;
    int r = ht_docker_judge(&docker->client, reply, asking->trouble);

    asking->ended++;
    known->dirty = known->aside = false;
    known->inspected = docker->pass;
    if (r == 0 && asking->info) {
        hold(asking, known, ht_buf_str(&reply->answer->body));
        return 0;
    }
    if (r == 0)
        return take_answer(docker, known, reply->answer);
    if (r == -EINTR)
        return r;
    if (r == -ESRCH)
        return end_missing(asking, known);
    if (r == -EPROTO && reply->answer->status >= 400)
        return fail_alone(docker, known, asking->trouble->detail);

    struct doubt *doubt = ht_new0(struct doubt);
    doubt->known = known;
    snprintf(doubt->cause, sizeof(doubt->cause), "%s", asking->trouble->detail);
    ht_vec_add(&asking->doubts, doubt);
    return 1;
}

static int take_info(struct asking *asking, struct ht_str body)
{
    int r = ht_docker_take_info(asking->docker, body, asking->trouble);

    if (r < 0)
        return r;
    asking->info = false;
    for (size_t i = 0; i < asking->held.len; i++) {
        const struct held *held = asking->held.items[i];

        take_answer(asking->docker, held->known, &held->answer);
    }
    return 0;
}

static int take_list(struct asking *asking, struct ht_str body);

static int end_one(void *context, size_t index, int result, const struct ht_http_answer *answer,
                   const struct ht_error *err)
{
    struct asking *asking = context;
    struct ht_docker *docker = asking->docker;
    const char *head = head_of(asking, index);
    struct ht_docker_reply reply = {.result = result, .answer = answer, .err = err};
    int r;

    docker->feed->at(docker->feed, "asking the daemon");
    if (!head) {
        struct ht_docker_known *known = asking->queue.items[asking->from + index - asking->heads];
        char path[ID_PATH_MAX];

        snprintf(path, sizeof(path), "/containers/%.12s/json", known->id);
        reply.path = path;
        r = end_container(asking, known, &reply);
        ht_docker_tell_progress(docker, asking->from + asking->ended);
        return r;
    }
    reply.path = head;
    r = ht_docker_judge(&docker->client, &reply, asking->trouble);
    if (r < 0)
        return r;
    return head == head_info ? take_info(asking, ht_buf_str(&answer->body))
                             : take_list(asking, ht_buf_str(&answer->body));
}

/* Containers that got no answer while the daemon gives others are failures of their own. */
static int judge_doubts(struct asking *asking)
{
    struct ht_docker *docker = asking->docker;

    if (asking->doubts.len == 0)
        return 0;

    int r = ht_docker_ping(&docker->client, asking->trouble);
    for (size_t i = 0; i < asking->doubts.len; i++) {
        struct doubt *doubt = asking->doubts.items[i];

        if (r == 0) {
            docker->slow++;
            fail_alone(docker, doubt->known, doubt->cause);
        }
        free(doubt);
    }
    asking->doubts.len = 0;
    return r;
}

static void skip(struct ht_docker *docker, struct ht_docker_known *known)
{
    known->dirty = known->aside = false;
    known->inspected = docker->pass;
    mark_failed(docker, known);
}

/* Asks for the heads and for everything in the queue. */
static int ask(struct asking *asking)
{
    struct ht_docker *docker = asking->docker;
    const struct ht_http_batch batch = {.next = next_request, .done = end_one, .context = asking};
    int r = 0;

    docker->slow = 0;
    weigh(docker);
    ht_buf_init(&asking->path, 512);
    docker->feed->at(docker->feed, "asking the daemon");
    do {
        struct ht_error err = {0};

        asking->heads = (size_t)asking->info + asking->list;
        asking->ended = 0;
        r = ht_http_get_all(docker->client.http, &batch, &err);
        if (r < 0 && err.code)
            ht_docker_explain(&err, asking->trouble);
        if (r == 0)
            r = judge_doubts(asking);
        asking->from += asking->ended;
    } while (r == 0 && docker->slow < SLOW_MAX && find_next(asking, asking->from));
    if (r == 0 && docker->slow < SLOW_MAX && asking->from < asking->queue.len)
        explain_full(docker, docker->cause, sizeof(docker->cause));
    for (size_t i = asking->from; r == 0 && i < asking->queue.len; i++)
        skip(docker, asking->queue.items[i]);
    return r;
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

static bool is_touched(const struct ht_docker_known *known, uint64_t pass)
{
    (void)pass;
    return known->dirty || known->aside;
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

int ht_docker_look(struct ht_docker *docker, bool aside, struct ht_trouble *trouble)
{
    struct asking asking = {.docker = docker, .trouble = trouble};
    struct selection dirty = {.wanted = aside ? is_touched : is_dirty};
    int r = 0;

    ht_map_each(docker->containers, select_visit, &dirty);
    asking.queue = dirty.found;
    if (asking.queue.len)
        r = ask(&asking);
    free_asking(&asking);
    return r;
}

static bool is_due(const struct asking *asking, const struct ht_docker_known *known,
                   const struct ht_docker_listed *listed)
{
    const struct ht_docker *docker = asking->docker;

    if (asking->again && known->failed)
        return false;
    return docker->everything || !is_inspected(known) || is_touched(known, 0) || known->failed ||
           known->missing || known->fingerprint != listed->fingerprint ||
           docker->pass - known->inspected >=
               (docker->pause_ns == HT_DOCKER_REST_PASS_NS ? INSPECT_REST_PASSES : INSPECT_PASSES);
}

/* The row of an earlier inspect with what the list tells. False: it has no room. */
static bool add_listed(struct ht_docker *docker, struct ht_docker_known *known,
                       const struct ht_docker_listed *listed)
{
    struct ht_container container = *ht_container_of(known->row);

    ht_docker_add_listed(listed, &container);
    return ht_docker_set_row(docker, known, ht_docker_make_row(docker, &container));
}

/* A container that cannot be inspected is there all the same, and so is one of Buildah: what the
 * list tells is shown, with what an earlier inspect told. */
static void show_listed(struct ht_docker *docker, const struct ht_docker_listed *listed)
{
    struct ht_docker_known *known = ht_map_get(docker->containers, listed->id);
    struct ht_row *row;

    if (!known || (!listed->working && !known->failed))
        return;
    if (!listed->working && is_inspected(known) &&
        (known->shown == listed->fingerprint || add_listed(docker, known, listed))) {
        known->shown = listed->fingerprint;
        return;
    }
    row = ht_docker_decode_listed(listed, &docker->context);
    /* What is shown must not be old: in the place of another it takes next to nothing more. */
    if (known->row)
        put_row(docker, known, row);
    else
        ht_docker_set_row(docker, known, row);
    known->bare = known->row;
}

/* Queues what is due. Those that failed before come last, so that they cannot keep the others from
 * being seen. */
static int take_list(struct asking *asking, struct ht_str body)
{
    struct ht_docker *docker = asking->docker;
    ht_autovec struct ht_vec last = {0};
    struct ht_error err = {0};

    /* The body is gone when the list is looked at again. */
    body = ht_arena_str(asking->arena, body);
    int r = ht_docker_decode_list(asking->arena, body, &asking->listed, &err);
    if (r < 0) {
        ht_docker_explain(&err, asking->trouble);
        return r;
    }
    asking->list = false;
    docker->pass++;
    docker->total = asking->listed.len;
    for (size_t i = 0; i < asking->listed.len; i++) {
        const struct ht_docker_listed *listed = &asking->listed.items[i];
        struct ht_docker_known *known = ht_docker_know(docker, listed->id);
        bool due = !listed->working && is_due(asking, known, listed);

        /* A list that names a container twice is no reason to ask twice. */
        due = due && known->pass != docker->pass;
        known->missing = known->missing && asking->again;
        known->pass = docker->pass;
        known->fingerprint = listed->fingerprint;
        if (due)
            ht_vec_add(known->failed ? &last : &asking->queue, known);
    }
    for (size_t i = 0; i < last.len; i++)
        ht_vec_add(&asking->queue, last.items[i]);
    return 0;
}

static int ask_for_all(struct asking *asking)
{
    struct ht_docker *docker = asking->docker;

    asking->list = true;
    asking->pass = true;
    asking->arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    int r = ask(asking);
    for (size_t i = 0; i < asking->listed.len; i++)
        show_listed(docker, &asking->listed.items[i]);
    free_asking(asking);
    if (r == 0)
        docker->everything = false;
    return r;
}

static bool is_failed(const struct ht_docker_known *known, uint64_t pass)
{
    (void)pass;
    return known->failed;
}

/* Where events do not tell all (Podman's leave out networks and health), or there is something to
 * ask for again, the next pass comes soon. */
static int64_t pause_of(const struct ht_docker *docker)
{
    struct selection failed = {.wanted = is_failed};

    ht_map_each(docker->containers, select_visit, &failed);
    bool rests = failed.found.len == 0 && !docker->client.podman;
    ht_vec_fini(&failed.found);
    return rests ? HT_DOCKER_REST_PASS_NS : HT_DOCKER_FULL_PASS_NS;
}

int ht_docker_pass(struct ht_docker *docker, struct ht_trouble *trouble)
{
    int64_t start = ht_clock_mono(docker->feed->clock);
    struct asking asking = {.docker = docker, .trouble = trouble};
    struct asking again = {.docker = docker, .trouble = trouble, .again = true};

    /* It joins a swarm, or reads its settings again, without any event; asked each minute, this
     * would be as dear as all the rest. */
    asking.info = docker->everything || start - docker->info_ns >= HT_DOCKER_REST_PASS_NS;
    if (asking.info)
        docker->info_ns = start;
    docker->pass_events = 0;
    int r = ask_for_all(&asking);

    if (r == 0 && asking.missing)
        r = ask_for_all(&again);
    if (r < 0)
        return r;
    forget_gone(docker);
    docker->answered_at = ht_clock_wall(docker->feed->clock);
    docker->last_full_ns = ht_clock_mono(docker->feed->clock);
    docker->took_ns = docker->last_full_ns - start;
    docker->pause_ns = pause_of(docker);
    docker->next_full_ns = docker->last_full_ns + docker->pause_ns;
    /* Answers as text and as trees took several times what the rows do. */
    ht_mem_trim();
    return 0;
}
