/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Docker source: connect, list once, inspect what is new or changed, live by /events; a slow
 * full pass repairs what events missed. What was seen stays when the daemon fails, with its age.
 */
#include "hulltop/source/source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docker-client.h"
#include "docker-decode.h"

#include "hulltop/base/limits.h"
#include "hulltop/base/log.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"

#define FULL_PASS_NS (60 * HT_NS_PER_S)
#define PING_NS      (10 * HT_NS_PER_S)
#define PROGRESS_NS  (500 * HT_NS_PER_MS)
#define RETRY_MIN_NS (1 * HT_NS_PER_S)
#define RETRY_MAX_NS (30 * HT_NS_PER_S)
#define DAEMON_BYTES HT_LIMIT_ROW

/* Lifecycle alone: exec events come with every health check and carry command lines. */
static const char events_filter[] =
    "{\"type\":[\"container\"],\"event\":[\"create\",\"start\",\"die\",\"destroy\",\"remove\","
    "\"rename\",\"update\",\"pause\",\"unpause\"]}";

struct known {
    struct ht_row *row;
    uint64_t fingerprint;
    uint64_t pass;
    bool dirty; /* an event was about it */
};

struct docker {
    char *name, *url, *cert_path;
    bool tls_verify;
    const char *const *places;
    int64_t timeout_ns;

    /* Of the thread: */
    struct ht_feed *feed;
    struct ht_docker_client client;
    struct ht_http_stream *stream;
    struct ht_arena *daemon_arena; /* holds the context's texts */
    struct ht_docker_context context;
    struct ht_row *daemon;
    struct ht_map *containers; /* id to struct known */
    uint64_t pass;
    int64_t answered_at, took_ns, next_full_ns, next_ping_ns, told_ns;
    int64_t retry_ns;
    size_t unread; /* containers that could not be inspected in the last pass */
    size_t total;
    bool rescan, changed;
};

/* ---- publishing ---- */

static void add_container(void *context, struct ht_str key, void *value)
{
    const struct known *known = value;

    (void)key;
    if (known->row)
        ht_node_add(context, ht_row_ref(known->row));
}

static void publish(struct docker *docker, enum ht_source_state state, const char *detail,
                    const char *help)
{
    struct ht_node *sample = ht_node_new(ht_clock_wall(docker->feed->clock));
    struct ht_source source = {0};

    ht_source_set_id(&source, ht_str_from(docker->name));
    ht_source_set_name(&source, ht_str_from(docker->name));
    ht_source_set_state(&source, state);
    ht_source_set_detail(&source, ht_str_from(detail));
    ht_source_set_help(&source, ht_str_from(help));
    ht_source_set_object(&source, ht_str_from(docker->client.endpoint));
    ht_source_set_items(&source, ht_map_len(docker->containers));
    ht_source_set_interval(&source, FULL_PASS_NS);
    if (docker->total)
        ht_source_set_total(&source, docker->total);
    if (docker->answered_at) {
        ht_source_set_answered_at(&source, docker->answered_at);
        ht_source_set_took(&source, docker->took_ns);
    }
    ht_node_add(sample, ht_row_new(&ht_source_table, &source));
    if (docker->daemon)
        ht_node_add(sample, ht_row_ref(docker->daemon));
    ht_map_each(docker->containers, add_container, sample);
    docker->told_ns = ht_clock_mono(docker->feed->clock);
    docker->changed = false;
    docker->feed->publish(docker->feed, sample);
}

static void publish_good(struct docker *docker)
{
    const struct ht_daemon *daemon = ht_daemon_of(docker->daemon);
    char detail[256];

    if (docker->unread) {
        snprintf(detail, sizeof(detail), "%zu of %zu containers could not be inspected",
                 docker->unread, docker->total);
        publish(docker, HT_SOURCE_STATE_PART, detail, "they are asked again at the next full pass");
        return;
    }
    snprintf(detail, sizeof(detail), "%.*s %.*s, API %s, %zu containers",
             HT_STR_ARG(ht_str_sub(daemon->name, 0, 20)),
             HT_STR_ARG(ht_str_sub(daemon->version, 0, 60)), docker->client.version,
             ht_map_len(docker->containers));
    publish(docker, HT_SOURCE_STATE_OK, detail, "");
}

/* ---- containers ---- */

static struct known *get_known(struct docker *docker, struct ht_str id)
{
    struct known *known = ht_map_get(docker->containers, id);

    if (!known) {
        known = ht_new0(struct known);
        ht_map_set(docker->containers, id, known);
    }
    return known;
}

static void drop(struct docker *docker, struct ht_str id)
{
    struct known *known = ht_map_remove(docker->containers, id);

    if (known) {
        ht_row_unref(known->row);
        free(known);
        docker->changed = true;
    }
}

/* An id goes into a path: it must be what ids are. */
static bool is_id(struct ht_str id)
{
    if (id.len == 0 || id.len > 128)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
            return false;
    }
    return true;
}

/* 0 also if it is gone meanwhile; -errno if the daemon fails altogether. */
static int inspect(struct docker *docker, struct ht_str id, struct ht_http_answer *answer,
                   struct ht_docker_trouble *trouble)
{
    char path[192];
    struct ht_error err = {0};
    struct ht_row *row = NULL;

    if (!is_id(id)) {
        docker->unread++;
        return 0;
    }
    snprintf(path, sizeof(path), "/containers/%.*s/json", HT_STR_ARG(id));
    int r = ht_docker_get(&docker->client, path, answer, trouble);
    if (r == -ESRCH) {
        drop(docker, id);
        return 0;
    }
    if (r == -EPROTO && answer->status >= 500) {
        docker->unread++;
        return 0;
    }
    if (r < 0)
        return r;
    if (ht_docker_decode_container(ht_buf_str(&answer->body), &docker->context, &row, &err) < 0) {
        ht_log_error(HT_LOG_WARNING, docker->name, &err);
        docker->unread++;
        return 0;
    }
    struct known *known = get_known(docker, id);
    struct ht_row *kept = ht_row_keep(known->row, row);
    docker->changed = docker->changed || kept != known->row;
    ht_row_unref(known->row);
    known->row = kept;
    known->dirty = false;
    return 0;
}

static void tell_progress(struct docker *docker, size_t done, size_t total)
{
    char detail[128];

    if (docker->answered_at || ht_clock_mono(docker->feed->clock) - docker->told_ns < PROGRESS_NS)
        return;
    snprintf(detail, sizeof(detail), "inspected %zu of %zu containers", done, total);
    publish(docker, HT_SOURCE_STATE_WAIT, detail, "");
}

struct sweep {
    uint64_t pass;
    struct ht_vec gone; /* struct ht_str *, borrowed keys copied */
};

static void sweep_visit(void *context, struct ht_str key, void *value)
{
    struct sweep *sweep = context;
    const struct known *known = value;

    if (known->pass != sweep->pass) {
        struct ht_str *copy = ht_new0(struct ht_str);

        *copy = (struct ht_str){.data = ht_strndup(key.data, key.len), .len = key.len};
        ht_vec_add(&sweep->gone, copy);
    }
}

static void drop_gone(struct docker *docker)
{
    struct sweep sweep = {.pass = docker->pass};

    ht_map_each(docker->containers, sweep_visit, &sweep);
    for (size_t i = 0; i < sweep.gone.len; i++) {
        struct ht_str *key = sweep.gone.items[i];

        drop(docker, *key);
        free((char *)key->data);
        free(key);
    }
    ht_vec_fini(&sweep.gone);
}

/* The list, and everything on it that is new, changed or that an event was about. */
static int full_pass(struct docker *docker, struct ht_docker_trouble *trouble)
{
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    struct ht_docker_list list;
    struct ht_error err = {0};
    int64_t start = ht_clock_mono(docker->feed->clock);
    bool everything = docker->rescan || docker->unread;

    docker->feed->at(docker->feed, "listing containers");
    int r = ht_docker_get(&docker->client, "/containers/json?all=1", &answer, trouble);
    if (r < 0)
        return r;
    r = ht_docker_decode_list(arena, ht_buf_str(&answer.body), &list, &err);
    if (r < 0) {
        ht_docker_explain(&docker->client, &err, trouble);
        return r;
    }
    docker->pass++;
    docker->unread = 0;
    docker->total = list.len;
    docker->rescan = false;
    docker->feed->at(docker->feed, "inspecting containers");
    for (size_t i = 0; i < list.len && r == 0; i++) {
        struct known *known = get_known(docker, list.items[i].id);
        bool look = everything || !known->row || known->dirty ||
                    known->fingerprint != list.items[i].fingerprint;

        known->pass = docker->pass;
        known->fingerprint = list.items[i].fingerprint;
        if (look)
            r = inspect(docker, list.items[i].id, &answer, trouble);
        tell_progress(docker, i + 1, list.len);
    }
    if (r < 0)
        return r;
    drop_gone(docker);
    docker->answered_at = ht_clock_wall(docker->feed->clock);
    docker->took_ns = ht_clock_mono(docker->feed->clock) - start;
    docker->next_full_ns = ht_clock_mono(docker->feed->clock) + FULL_PASS_NS;
    return 0;
}

/* ---- events ---- */

static void tell_event(struct docker *docker, const struct ht_docker_event *event)
{
    struct ht_event row = {0};
    char id[64], text[300];

    snprintf(id, sizeof(id), "%s-%" PRId64 "-%.*s-%.12s", docker->name, event->at,
             HT_STR_ARG(ht_str_sub(event->action, 0, 10)), event->id.data);
    snprintf(text, sizeof(text), "%.*s %.*s", HT_STR_ARG(ht_str_sub(event->action, 0, 20)),
             HT_STR_ARG(ht_str_sub(event->name.len ? event->name : event->id, 0, 200)));
    ht_event_set_id(&row, ht_str_from(id));
    ht_event_set_at(&row, event->at ? event->at : ht_clock_wall(docker->feed->clock));
    ht_event_set_kind(&row, event->kind);
    ht_event_set_text(&row, ht_str_from(text));
    ht_event_set_container(&row, event->id);
    ht_event_set_source(&row, ht_str_from(docker->name));
    docker->feed->event(docker->feed, ht_row_new(&ht_event_table, &row));
}

static int take_line(void *context, struct ht_str line)
{
    struct docker *docker = context;
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_docker_event event;
    struct ht_error err = {0};
    int r = ht_docker_decode_event(arena, line, &event, &err);

    if (r == -ENODATA)
        return 0;
    if (r < 0) {
        /* One bad line is no reason to distrust the rest, but something may have been missed. */
        ht_log_error(HT_LOG_WARNING, docker->name, &err);
        docker->next_full_ns = 0;
        return 0;
    }
    if (event.kind == HT_EVENT_KIND_CONTAINER_REMOVED)
        drop(docker, event.id);
    else
        get_known(docker, event.id)->dirty = true;
    tell_event(docker, &event);
    return 0;
}

static int open_events(struct docker *docker, struct ht_docker_trouble *trouble)
{
    ht_autobuf struct ht_buf path = HT_BUF(1024);
    struct ht_error err = {0};

    ht_buf_addf(&path, "/v%s/events?filters=", docker->client.version);
    ht_http_escape(&path, ht_str_from(events_filter));
    docker->stream = ht_http_stream_open(
        docker->client.http, &(struct ht_http_request){.path = path.data}, take_line, docker, &err);
    while (docker->stream && ht_http_stream_status(docker->stream) == 0) {
        docker->feed->at(docker->feed, "opening the event stream");
        if (ht_http_stream_wait(docker->stream, -1, -1, &err) <= 0)
            break;
    }
    if (docker->stream && ht_http_stream_status(docker->stream) == 200)
        return 0;
    ht_docker_explain(&docker->client, &err, trouble);
    return err.code ? -err.code : -EPROTO;
}

struct dirt {
    struct ht_vec ids; /* struct ht_str * into the map's keys, copied */
};

static void dirt_visit(void *context, struct ht_str key, void *value)
{
    struct dirt *dirt = context;
    const struct known *known = value;

    if (known->dirty) {
        struct ht_str *copy = ht_new0(struct ht_str);

        *copy = (struct ht_str){.data = ht_strndup(key.data, key.len), .len = key.len};
        ht_vec_add(&dirt->ids, copy);
    }
}

/* Inspects what events were about. */
static int look_at_dirty(struct docker *docker, struct ht_docker_trouble *trouble)
{
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    struct dirt dirt = {0};
    int r = 0;

    ht_map_each(docker->containers, dirt_visit, &dirt);
    for (size_t i = 0; i < dirt.ids.len; i++) {
        struct ht_str *id = dirt.ids.items[i];

        docker->feed->at(docker->feed, "inspecting a container");
        if (r == 0)
            r = inspect(docker, *id, &answer, trouble);
        free((char *)id->data);
        free(id);
    }
    ht_vec_fini(&dirt.ids);
    return r;
}

/* ---- the thread ---- */

static int read_daemon(struct docker *docker, struct ht_docker_trouble *trouble)
{
    ht_autoanswer struct ht_http_answer info = HT_HTTP_ANSWER, version = HT_HTTP_ANSWER;
    struct ht_arena *arena = ht_arena_new(DAEMON_BYTES);
    struct ht_docker_context context;
    struct ht_daemon daemon;
    struct ht_error err = {0};
    int r;

    docker->feed->at(docker->feed, "asking the daemon about itself");
    r = ht_docker_get(&docker->client, "/info", &info, trouble);
    if (r == 0)
        r = ht_docker_get(&docker->client, "/version", &version, trouble);
    if (r == 0) {
        r = ht_docker_decode_daemon(
            arena,
            &(struct ht_docker_answers){.info = ht_buf_str(&info.body),
                                        .version = ht_buf_str(&version.body),
                                        .endpoint = ht_str_from(docker->client.endpoint),
                                        .source = ht_str_from(docker->name),
                                        .api_version = ht_str_from(docker->client.version)},
            &daemon, &context, &err);
        if (r < 0)
            ht_docker_explain(&docker->client, &err, trouble);
    }
    if (r < 0) {
        ht_arena_free(arena);
        return r;
    }
    ht_docker_host_facts(arena, &docker->client, &daemon);
    struct ht_row *row = ht_row_keep(docker->daemon, ht_row_new(&ht_daemon_table, &daemon));
    ht_row_unref(docker->daemon);
    docker->daemon = row;
    ht_arena_free(docker->daemon_arena);
    docker->daemon_arena = arena;
    docker->context = context;
    return 0;
}

static int connect_daemon(struct docker *docker, struct ht_docker_trouble *trouble)
{
    const struct ht_docker_target target = {.url = docker->url,
                                            .cert_path = docker->cert_path,
                                            .tls_verify = docker->tls_verify,
                                            .places = docker->places,
                                            .timeout_ns = docker->timeout_ns,
                                            .stop_fd = docker->feed->stop_fd(docker->feed)};

    docker->feed->at(docker->feed, "connecting");
    int r = ht_docker_connect(&docker->client, &target, trouble);
    if (r == 0)
        r = read_daemon(docker, trouble);
    /* Events first, the list second: what happens in between is seen twice, not missed. */
    if (r == 0)
        r = open_events(docker, trouble);
    if (r == 0) {
        docker->rescan = true;
        r = full_pass(docker, trouble);
    }
    return r;
}

static void disconnect(struct docker *docker)
{
    docker->stream = ht_http_stream_close(docker->stream);
    ht_docker_close(&docker->client);
}

/* Takes one waiting request; false: end. */
static bool take_requests(struct docker *docker)
{
    struct ht_request request;

    if (!docker->feed->wait(docker->feed, 0, &request))
        return false;
    if (request.kind == HT_REQUEST_RESCAN) {
        docker->rescan = true;
        docker->next_full_ns = 0;
    } else if (request.kind == HT_REQUEST_CONTAINER) {
        struct known *known = ht_map_get(docker->containers, ht_str_from(request.id));

        if (known)
            known->dirty = true;
    }
    return true;
}

/* One turn while connected: 1 go on, 0 end, -errno the daemon failed. */
static int turn(struct docker *docker, struct ht_docker_trouble *trouble)
{
    struct ht_feed *feed = docker->feed;
    int64_t now = ht_clock_mono(feed->clock);
    int64_t due =
        docker->next_full_ns < docker->next_ping_ns ? docker->next_full_ns : docker->next_ping_ns;
    struct ht_error err = {0};

    feed->at(feed, "waiting for events");
    int r = ht_http_stream_wait(docker->stream, feed->wake_fd(feed),
                                due <= now ? 0 : (int)((due - now) / HT_NS_PER_MS) + 1, &err);
    if (!take_requests(docker))
        return 0;
    if (r <= 0) {
        if (r == 0)
            ht_error_set(&err, ECONNRESET, "%s: the daemon closed the event stream",
                         docker->client.endpoint);
        ht_docker_explain(&docker->client, &err, trouble);
        return -ECONNRESET;
    }
    now = ht_clock_mono(feed->clock);
    r = look_at_dirty(docker, trouble);
    if (r == 0 && now >= docker->next_full_ns) {
        r = full_pass(docker, trouble);
        docker->changed = true; /* the age of the answer */
    }
    if (r == 0 && now >= docker->next_ping_ns) {
        feed->at(feed, "asking whether the daemon answers");
        r = ht_docker_ping(&docker->client, trouble);
        docker->next_ping_ns = now + PING_NS;
        if (r == 0)
            feed->confirm(feed);
    }
    if (r == 0 && docker->changed)
        publish_good(docker);
    return r < 0 ? r : 1;
}

/* Works until the daemon fails; 0: the end was asked for. */
static int session(struct docker *docker, struct ht_docker_trouble *trouble)
{
    int r = connect_daemon(docker, trouble);

    if (r < 0)
        return r;
    docker->retry_ns = RETRY_MIN_NS;
    docker->next_ping_ns = ht_clock_mono(docker->feed->clock) + PING_NS;
    publish_good(docker);
    do
        r = turn(docker, trouble);
    while (r > 0);
    return r;
}

/* Half to one and a half of the pause, so that many nodes do not ask at once. */
static int64_t with_jitter(int64_t pause_ns, int64_t now_ns)
{
    return pause_ns / 2 + (int64_t)((uint64_t)now_ns / 1000 * 2654435761u % (uint64_t)pause_ns);
}

static void run(void *self, struct ht_feed *feed)
{
    struct docker *docker = self;
    struct ht_request request;

    docker->feed = feed;
    docker->retry_ns = RETRY_MIN_NS;
    for (;;) {
        struct ht_docker_trouble trouble = {.state = HT_SOURCE_STATE_BROKEN, .help = ""};

        if (session(docker, &trouble) == 0)
            break;
        disconnect(docker);
        if (!feed->wait(feed, 0, &request))
            break;
        publish(docker, trouble.state, trouble.detail, trouble.help);
        if (!feed->wait(feed, with_jitter(docker->retry_ns, ht_clock_mono(feed->clock)), &request))
            break;
        docker->retry_ns =
            docker->retry_ns * 2 < RETRY_MAX_NS ? docker->retry_ns * 2 : RETRY_MAX_NS;
    }
    disconnect(docker);
}

static void free_visit(void *context, struct ht_str key, void *value)
{
    struct known *known = value;

    (void)context;
    (void)key;
    ht_row_unref(known->row);
    free(known);
}

static void free_docker(void *self)
{
    struct docker *docker = self;

    disconnect(docker);
    ht_map_each(docker->containers, free_visit, NULL);
    ht_map_free(docker->containers);
    ht_row_unref(docker->daemon);
    ht_arena_free(docker->daemon_arena);
    free(docker->name);
    free(docker->url);
    free(docker->cert_path);
    free(docker);
}

static char *copy(const char *text)
{
    return text ? ht_strndup(text, strlen(text)) : NULL;
}

static struct docker *make(const char *name, const struct ht_docker_options *options,
                           const char *const *places)
{
    struct docker *docker = ht_new0(struct docker);

    docker->name = copy(name);
    docker->url = copy(options->url);
    docker->cert_path = copy(options->cert_path);
    docker->tls_verify = options->tls_verify;
    docker->timeout_ns = options->timeout_ns;
    docker->places = places;
    docker->containers = ht_map_new();
    return docker;
}

/* The last sign of life may be a whole wait old: the stream's waits end with the next ping. */
#define LIMIT_NS (3 * PING_NS)

struct ht_driver ht_docker_driver(const struct ht_docker_options *options)
{
    static const struct ht_driver_ops ops = {.name = "docker",
                                             .interval_ns = FULL_PASS_NS,
                                             .limit_ns = LIMIT_NS,
                                             .run = run,
                                             .free = free_docker};
    static const char *const places[] = {"/run/docker.sock", "/var/run/docker.sock",
                                         "/run/user/*/docker.sock", NULL};
    struct ht_docker_options with_environment = *options;

    if (!with_environment.url)
        with_environment.url = getenv("DOCKER_HOST");
    return (struct ht_driver){.ops = &ops, .self = make("docker", &with_environment, places)};
}

struct ht_driver ht_podman_driver(void)
{
    static const struct ht_driver_ops ops = {.name = "podman",
                                             .interval_ns = FULL_PASS_NS,
                                             .limit_ns = LIMIT_NS,
                                             .run = run,
                                             .free = free_docker};
    static const char *const places[] = {"/run/podman/podman.sock",
                                         "/run/user/*/podman/podman.sock", NULL};

    return (struct ht_driver){.ops = &ops,
                              .self = make("podman", &(struct ht_docker_options){0}, places)};
}
