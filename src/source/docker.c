/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Docker source: connect, list once, inspect what is new or changed, live by /events; a slow
 * full pass repairs what events missed. What was seen stays when the daemon fails, with its age.
 */
#include "docker-private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/log.h"
#include "hulltop/base/mem.h"

#define TELL_GAP_NS  (100 * HT_NS_PER_MS) /* a burst of events becomes one sample */
#define REPAIR_NS    (5 * HT_NS_PER_S)    /* between passes that something asked for */
#define RESCAN_NS    (1 * HT_NS_PER_S)    /* likewise if it was a person */
#define PAUSE_MAX_NS (10 * HT_NS_PER_S)   /* between attempts */

/* Of events in a second: no engine does more; and so many may wait for us before the daemon leaves
 * out others. After so many since the last pass a daemon is not at rest. */
enum { EVENTS_MAX = 5000, EVENTS_BURST = 256 };

/* Bytes of the event stream in a second, empty lines and those about nothing among them; what comes
 * by itself wakes us, whatever it holds, and counts as an event of so many. */
enum { BYTES_MAX = 2 * HT_LIMIT_LINE, PIECE_BYTES = 1000 };

/* Lifecycle alone, and what else changes what inspect and lists tell: exec events come with every
 * health check and carry command lines. Podman refuses types that it does not know. */
#define LIFECYCLE                                                                                  \
    "\"create\",\"start\",\"die\",\"destroy\",\"remove\",\"rename\",\"update\",\"pause\","         \
    "\"unpause\""
static const char docker_events[] =
    "{\"type\":[\"container\",\"network\",\"image\"],\"event\":[" LIFECYCLE
    ",\"health_status\",\"connect\",\"disconnect\",\"pull\",\"load\",\"import\",\"tag\","
    "\"untag\",\"delete\"]}";
static const char podman_events[] = "{\"type\":[\"container\"],\"event\":[" LIFECYCLE "]}";

/* ---- events ---- */

static int take_bytes(void *context, struct ht_str bytes)
{
    struct ht_docker *docker = context;
    int64_t now = ht_clock_mono(docker->feed->clock);

    if (now - docker->second_ns >= HT_NS_PER_S) {
        docker->second_ns = now;
        docker->second_events = docker->second_bytes = 0;
    }
    docker->second_bytes += bytes.len + PIECE_BYTES;
    return docker->second_bytes > BYTES_MAX ? -EOVERFLOW : 0;
}

static bool is_flood(struct ht_docker *docker)
{
    if (++docker->second_events == EVENTS_BURST)
        ht_docker_ask_for_pass(docker, REPAIR_NS);
    /* Slowly read, more than the daemon keeps for us may come without ever being a burst. */
    if (++docker->pass_events == EVENTS_BURST)
        ht_docker_ask_for_pass(docker, HT_DOCKER_FULL_PASS_NS);
    return docker->second_events > EVENTS_MAX;
}

static bool is_running(const struct ht_docker_known *known)
{
    const struct ht_container *container = ht_container_of(known->row);

    return container->state == HT_CONTAINER_STATE_RUNNING ||
           container->state == HT_CONTAINER_STATE_PAUSED;
}

/* A container gets its networks while the daemon starts it, which keeps an inspect waiting, and
 * loses them before it is told to have ended: that it started or ended leads to an inspect anyway.
 */
static void take_aside(struct ht_docker *docker, struct ht_str id)
{
    struct ht_docker_known *known = ht_docker_know(docker, id);

    if (!known->row)
        known->dirty = true;
    else if (is_running(known))
        known->aside = true;
}

static void take_life(struct ht_docker *docker, const struct ht_docker_event *event)
{
    if (event->kind == HT_EVENT_KIND_CONTAINER_REMOVED) {
        ht_docker_forget(docker, event->id);
    } else {
        struct ht_docker_known *known = ht_docker_know(docker, event->id);

        known->dirty = true;
        known->shown = 0;
        ht_docker_hurry_changes(known, ht_clock_mono(docker->feed->clock));
    }
    ht_docker_tell_event(docker, event);
}

static int take_line(void *context, struct ht_str line)
{
    struct ht_docker *docker = context;
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_docker_event event;
    struct ht_error err = {0};

    if (is_flood(docker))
        return -EOVERFLOW;

    int r = ht_docker_decode_event(arena, line, &event, &err);
    if (r == -ENODATA)
        return 0;
    if (r < 0) {
        /* One bad line is no reason to distrust the rest, but something may have been missed. */
        ht_log_error(HT_LOG_WARNING, docker->name, &err);
        ht_docker_ask_for_pass(docker, REPAIR_NS);
        return 0;
    }
    switch (event.news) {
    case HT_DOCKER_NEWS_LIFE:
        take_life(docker, &event);
        break;
    case HT_DOCKER_NEWS_ASIDE:
        take_aside(docker, event.id);
        break;
    case HT_DOCKER_NEWS_IMAGES:
        docker->images_changed = true;
        break;
    case HT_DOCKER_NEWS_NETWORKS:
        docker->networks_changed = true;
        break;
    }
    return 0;
}

static int open_events(struct ht_docker *docker, struct ht_trouble *trouble)
{
    ht_autobuf struct ht_buf path = HT_BUF(1024);

    ht_buf_add_text(&path, "/events?filters=");
    ht_http_escape(&path, ht_str_from(docker->client.podman ? podman_events : docker_events));
    docker->second_events = docker->second_bytes = 0;
    docker->feed->at(docker->feed, "opening the event stream");
    return ht_docker_open_stream(
        &docker->client,
        &(struct ht_docker_stream){
            .path = path.data, .line = take_line, .seen = take_bytes, .context = docker},
        &docker->stream, trouble);
}

/* ---- the thread ---- */

int ht_docker_take_info(struct ht_docker *docker, struct ht_str info, struct ht_trouble *trouble)
{
    const struct ht_docker_answers answers = {.info = info,
                                              .podman = docker->client.podman,
                                              .endpoint = ht_str_from(docker->client.endpoint),
                                              .source = ht_str_from(docker->name),
                                              .api_version = ht_str_from(docker->client.version)};
    struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_docker_context context;
    struct ht_daemon daemon;
    struct ht_error err = {0};
    int r = ht_docker_decode_daemon(arena, &answers, &daemon, &context, &err);

    if (r < 0) {
        ht_docker_explain(&err, trouble);
        ht_arena_free(arena);
        return r;
    }
    /* The look first: what changes in between is seen twice, not missed. */
    ht_host_access_changed(docker->client.socket_path, HT_HOST_GROUPS, &docker->access);
    ht_docker_host_facts(arena, &docker->client, &daemon);
    ht_docker_decode_user_service(&daemon, &context);

    struct ht_row *row = ht_row_keep(docker->daemon, ht_row_new(&ht_daemon_table, &daemon));
    ht_row_unref(docker->daemon);
    docker->daemon = row;
    ht_arena_free(docker->daemon_arena);
    docker->daemon_arena = arena;
    docker->context = context;
    return 0;
}

static struct ht_docker_target target_of(const struct ht_docker *docker)
{
    return (struct ht_docker_target){.url = docker->url,
                                     .cert_path = docker->cert_path,
                                     .tls_verify = docker->tls_verify,
                                     .places = docker->places,
                                     .rank = docker->rank,
                                     .timeout_ns = docker->reconnect.patience_ms * HT_NS_PER_MS,
                                     .stop_fd = docker->feed->stop_fd(docker->feed)};
}

/* Users come and go. How many there are, and whether the socket that is ours is another one now. */
static bool has_moved(struct ht_docker *docker)
{
    const struct ht_docker_target target = target_of(docker);
    char path[sizeof(docker->client.socket_path)];

    if (docker->url)
        return ht_host_socket_is_replaced(docker->client.socket_path, &docker->client.socket);
    docker->users = ht_docker_find_place(&target, path, sizeof(path));
    return docker->client.socket_path[0] &&
           (strcmp(path, docker->client.socket_path) != 0 ||
            ht_host_socket_is_replaced(docker->client.socket_path, &docker->client.socket));
}

static int connect_daemon(struct ht_docker *docker, struct ht_trouble *trouble)
{
    const struct ht_docker_target target = target_of(docker);

    has_moved(docker);
    docker->feed->at(docker->feed, "connecting");
    int r = ht_docker_connect(&docker->client, &target, trouble);
    /* Events first, the list second: what happens in between is seen twice, not missed. */
    if (r == 0)
        r = open_events(docker, trouble);
    if (r == 0) {
        docker->everything = true;
        r = ht_docker_pass(docker, trouble);
    }
    return r;
}

static void disconnect(void *self)
{
    struct ht_docker *docker = self;

    docker->stream = ht_http_stream_close(docker->stream);
    ht_docker_close(&docker->client);
}

/* Takes one waiting request; false: end. */
static bool take_request(struct ht_docker *docker)
{
    struct ht_request request;

    if (!docker->feed->wait(docker->feed, 0, &request))
        return false;
    if (request.kind == HT_REQUEST_RESCAN) {
        docker->everything = true;
        ht_docker_ask_for_pass(docker, RESCAN_NS);
    } else if (request.kind == HT_REQUEST_CONTAINER) {
        struct ht_docker_known *known = ht_map_get(docker->containers, ht_str_from(request.id));

        if (known)
            known->dirty = true;
    } else if (request.kind == HT_REQUEST_CROWD) {
        ht_docker_ask_for_pass(docker, REPAIR_NS);
    }
    return true;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Waits for lines, requests or the next thing to do: 1 go on, 0 end, -errno the stream failed. */
static int wait_for_events(struct ht_docker *docker, struct ht_trouble *trouble)
{
    struct ht_feed *feed = docker->feed;
    struct ht_error err = {0};
    int64_t due = least(docker->next_full_ns, docker->next_ping_ns);

    if (docker->changed)
        due = least(due, docker->told_ns + TELL_GAP_NS);
    due -= ht_clock_mono(feed->clock);
    feed->at(feed, "waiting for events");
    int r = ht_http_stream_wait(docker->stream, feed->wake_fd(feed),
                                due <= 0 ? 0 : (int)(due / HT_NS_PER_MS) + 1, &err);
    if (!take_request(docker))
        return 0;
    if (r > 0)
        return 1;
    if (r == -EOVERFLOW)
        ht_error_set(&err, EOVERFLOW,
                     "%s: more than %d events in a second, or more bytes than such have",
                     docker->client.endpoint, EVENTS_MAX);
    if (r == 0)
        ht_error_set(&err, ECONNRESET, "%s: the daemon closed the event stream",
                     docker->client.endpoint);
    if (!err.code)
        ht_error_set(&err, EIO, "%s: the event stream failed", docker->client.endpoint);
    return ht_docker_explain(&err, trouble);
}

/* What is asked beside containers themselves; what is refused is no failure. -EINTR: the end. */
static int read_more(struct ht_docker *docker, struct ht_trouble *trouble)
{
    int r = docker->changed ? ht_docker_read_histories(docker, trouble) : 0;

    if (r == 0)
        r = ht_docker_read_names(docker, trouble);
    if (r == 0)
        r = ht_docker_read_changes(docker, trouble);
    return r;
}

/* Whoever may open the socket by now may have been let in without any event. */
static void look_at_socket(struct ht_docker *docker)
{
    struct ht_row *before = docker->daemon;

    docker->daemon =
        ht_host_access_again(docker->client.socket_path, ht_http_peer(docker->client.http),
                             &docker->access, docker->daemon);
    docker->changed = docker->changed || docker->daemon != before;
}

static int ping(struct ht_docker *docker, struct ht_trouble *trouble)
{
    docker->feed->at(docker->feed, "asking whether the daemon answers");
    int r = ht_docker_ping(&docker->client, trouble);

    docker->next_ping_ns = ht_clock_mono(docker->feed->clock) + HT_DOCKER_PING_NS;
    if (r == 0) {
        docker->answered_at = ht_clock_wall(docker->feed->clock);
        docker->feed->confirm(docker->feed);
        look_at_socket(docker);
    }
    return r;
}

/* One turn while connected: 1 go on, 0 end, -errno the daemon failed. */
static int turn(struct ht_docker *docker, struct ht_trouble *trouble)
{
    struct ht_feed *feed = docker->feed;
    int r = wait_for_events(docker, trouble);

    if (r <= 0)
        return r;

    int64_t now = ht_clock_mono(feed->clock);
    bool pings = now >= docker->next_ping_ns;

    r = ht_docker_look(docker, pings, trouble);
    bool full = now >= docker->next_full_ns;
    if (r == 0 && pings && has_moved(docker))
        return ht_trouble_moved(docker->client.endpoint, trouble);
    if (r == 0 && full) {
        r = ht_docker_pass(docker, trouble);
        docker->changed = true; /* the age of the answer */
        ht_reconnect_took(&docker->reconnect, docker->took_ns);
        docker->client.answer_ms = docker->reconnect.patience_ms;
    }
    if (pings && docker->images_changed) {
        docker->images_changed = false;
        docker->names_due = true;
    }
    if (r == 0 && (full || (pings && docker->networks_changed)))
        r = ht_docker_read_networks(docker, trouble);
    if (r == 0)
        r = read_more(docker, trouble);
    if (r == 0 && pings)
        r = ping(docker, trouble);
    if (r == 0 && docker->changed && ht_clock_mono(feed->clock) - docker->told_ns >= TELL_GAP_NS)
        ht_docker_tell_good(docker);
    return r < 0 ? r : 1;
}

/* Works until the daemon fails; 0: the end was asked for. */
static int session(void *self, struct ht_trouble *trouble)
{
    struct ht_docker *docker = self;
    int r = connect_daemon(docker, trouble);

    if (r < 0)
        return r;
    ht_reconnect_succeeded(&docker->reconnect);
    docker->next_ping_ns = ht_clock_mono(docker->feed->clock) + HT_DOCKER_PING_NS;
    docker->changed = true; /* what was told of progress is not all */
    r = read_more(docker, trouble);
    if (r == 0)
        r = ht_docker_read_networks(docker, trouble);
    if (r < 0)
        return r;
    ht_docker_tell_good(docker);
    do
        r = turn(docker, trouble);
    while (r > 0);
    return r;
}

static void tell_trouble(void *self, const struct ht_trouble *trouble)
{
    ht_docker_tell(self, trouble->state, trouble->detail, trouble->help);
}

void ht_docker_run(void *self, struct ht_feed *feed)
{
    static const struct ht_reconnect_ops ops = {
        .session = session,
        .tell = tell_trouble,
        .disconnect = disconnect,
        .stopped = "the daemon was stopped: systemctl status docker.socket docker podman.socket"};
    struct ht_docker *docker = self;

    docker->feed = feed;
    ht_reconnect_run(&docker->reconnect, feed, &ops, docker);
}

void ht_docker_free(void *self)
{
    struct ht_docker *docker = self;

    disconnect(docker);
    ht_docker_forget_all(docker);
    ht_docker_forget_images(docker);
    ht_arena_free(docker->names_arena);
    ht_rowset_fini(&docker->networks);
    ht_row_unref(docker->daemon);
    ht_row_unref(docker->source);
    ht_arena_free(docker->daemon_arena);
    free(docker->name);
    free(docker->url);
    free(docker->cert_path);
    free(docker);
}

struct ht_docker *ht_docker_make(const char *name, const struct ht_docker_options *options,
                                 const char *const *places)
{
    struct ht_docker *docker = ht_new0(struct ht_docker);

    docker->name = ht_strdup(name);
    docker->url = ht_strdup(options->url);
    docker->cert_path = ht_strdup(options->cert_path);
    docker->tls_verify = options->tls_verify;
    docker->histories = options->histories;
    docker->drift = options->drift;
    ht_reconnect_init(&docker->reconnect, options->timeout_ns, PAUSE_MAX_NS);
    docker->reconnect.by_socket = !docker->url || strncmp(docker->url, "tcp://", 6) != 0;
    if (docker->url)
        docker->reconnect.named = "check the address given with --docker or DOCKER_HOST";
    docker->places = places;
    docker->containers = ht_map_new();
    return docker;
}

struct ht_driver ht_docker_driver(const struct ht_docker_options *options)
{
    static const struct ht_driver_ops ops = {.name = "docker",
                                             .interval_ns = HT_DOCKER_FULL_PASS_NS,
                                             .limit_ns = HT_DOCKER_LIMIT_NS,
                                             .containers = true,
                                             .run = ht_docker_run,
                                             .free = ht_docker_free};
    static const char *const places[] = {"/run/docker.sock", "/var/run/docker.sock",
                                         "/run/user/*/docker.sock", NULL};
    struct ht_docker_options with_environment = *options;

    if (!with_environment.url)
        with_environment.url = getenv("DOCKER_HOST");
    /* As with Docker's own client, set to nothing is not set. */
    if (with_environment.url && !with_environment.url[0])
        with_environment.url = NULL;
    if (with_environment.cert_path && !with_environment.cert_path[0])
        with_environment.cert_path = NULL;
    return (struct ht_driver){.ops = &ops,
                              .self = ht_docker_make("docker", &with_environment, places)};
}
