/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The containerd source, which speaks to CRI-O as well: connect, subscribe to events, list
 * everything, look at what events are about; a slow full pass repairs what they missed. What was
 * seen stays when the daemon fails, with its age.
 */
#include "containerd-private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host-socket.h"

#include "hulltop/base/limits.h"
#include "hulltop/base/log.h"
#include "hulltop/base/mem.h"

#define PING_NS      (10 * HT_NS_PER_S)
#define SETTLE_NS    (2 * HT_NS_PER_S)    /* by then a subscription is in place; nothing tells */
#define TELL_GAP_NS  (100 * HT_NS_PER_MS) /* a burst of events becomes one sample */
#define REPAIR_NS    (5 * HT_NS_PER_S)    /* between passes that something asked for */
#define RESCAN_NS    (1 * HT_NS_PER_S)    /* likewise if it was a person */
#define PAUSE_MAX_NS (10 * HT_NS_PER_S)   /* between attempts */
/* The last sign of life may be a whole wait old: the stream's waits end with the next ping. */
#define LIMIT_NS (4 * PING_NS)

#define VERSION   "/containerd.services.version.v1.Version/Version"
#define SUBSCRIBE "/containerd.services.events.v1.Events/Subscribe"

enum {
    EVENTS_MAX = 5000,     /* a second: no daemon does so much */
    EVENT_MAX = 64 * 1024, /* bytes of one */
};

/* ---- events ---- */

/* A full pass soon, but not again and again. */
static void ask_for_pass(struct ht_containerd *ctd, int64_t gap_ns)
{
    int64_t at = ctd->last_full_ns + gap_ns;

    if (at < ctd->next_full_ns)
        ctd->next_full_ns = at;
}

static bool is_flood(struct ht_containerd *ctd)
{
    int64_t now = ht_clock_mono(ctd->feed->clock);

    if (now - ctd->second_ns >= HT_NS_PER_S) {
        ctd->second_ns = now;
        ctd->second_events = 0;
    }
    return ++ctd->second_events > EVENTS_MAX;
}

static int take_message(void *context, struct ht_str message)
{
    struct ht_containerd *ctd = context;
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_containerd_event event;
    struct ht_error err = {0};
    int r;

    if (is_flood(ctd))
        return -EOVERFLOW;
    r = ht_containerd_decode_event(arena, message, &event, &err);
    if (r == -ENODATA)
        return 0;
    if (r < 0) {
        /* One bad message is no reason to distrust the rest, but something may be missed. */
        ht_log_error(HT_LOG_WARNING, ctd->name, &err);
        ask_for_pass(ctd, REPAIR_NS);
        return 0;
    }
    if (event.kind == HT_EVENT_KIND_CONTAINER_REMOVED)
        ht_containerd_forget(ctd, event.namespace, event.id);
    else
        ht_containerd_know(ctd, event.namespace, event.id)->dirty = true;
    ht_containerd_tell_event(ctd, &event);
    return 0;
}

static int open_events(struct ht_containerd *ctd, struct ht_trouble *trouble)
{
    ht_autobuf struct ht_buf filters = HT_BUF(4096);
    struct ht_error err = {0};
    int r;

    ctd->feed->at(ctd->feed, "opening the event stream");
    ht_containerd_encode_filters(&filters);
    ctd->stream = ht_grpc_stream_open(ctd->http,
                                      &(struct ht_grpc_request){.path = SUBSCRIBE,
                                                                .message = ht_buf_str(&filters),
                                                                .message_max = EVENT_MAX},
                                      take_message, ctd, &err);
    r = ctd->stream ? ht_grpc_stream_wait(ctd->stream, -1, 0, &err) : -EIO;
    if (r < 0)
        ht_containerd_explain(&err, trouble);
    return r < 0 ? r : 0;
}

/* ---- the thread ---- */

static int read_daemon(struct ht_containerd *ctd, struct ht_trouble *trouble)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autobuf struct ht_buf answer = HT_BUF(0);
    struct ht_daemon daemon = {0};
    struct ht_str version = {0};
    struct ht_error err = {0};
    int r;

    ctd->feed->at(ctd->feed, "asking the daemon about itself");
    ctd->cri = NULL;
    snprintf(ctd->runtime, sizeof(ctd->runtime), "containerd");
    r = ht_containerd_call(ctd, &(struct ht_containerd_call){.path = VERSION}, &answer, trouble);
    if (r == 0) {
        r = ht_containerd_decode_version(arena, ht_buf_str(&answer), &version, &err);
        if (r < 0)
            ht_containerd_explain(&err, trouble);
        snprintf(ctd->version, sizeof(ctd->version), "%.*s",
                 HT_STR_ARG(ht_str_sub(version, 0, 50)));
    } else if (r == -ENOSYS) {
        r = ht_cri_hello(ctd, trouble);
    }
    if (r < 0)
        return r;
    ctd->interval_ns = ctd->cri ? HT_CRI_PASS_NS : HT_CONTAINERD_FULL_PASS_NS;
    ht_daemon_set_id(&daemon, ht_str_from(ctd->endpoint));
    ht_daemon_set_name(&daemon, ht_str_from(ctd->runtime));
    ht_daemon_set_source(&daemon, ht_str_from(ctd->name));
    ht_daemon_set_version(&daemon, ht_str_from(ctd->version));
    /* The look first: what changes in between is seen twice, not missed. */
    ht_host_access_changed(ctd->socket_path, HT_HOST_GROUPS, &ctd->access);
    if (ht_host_socket_facts(arena, ctd->socket_path, ht_http_peer(ctd->http), &daemon) &&
        !ctd->cri)
        ht_containerd_host_facts(arena, &daemon);

    struct ht_row *row = ht_row_keep(ctd->daemon, ht_row_new(&ht_daemon_table, &daemon));
    ht_row_unref(ctd->daemon);
    ctd->daemon = row;
    return 0;
}

static int connect_daemon(struct ht_containerd *ctd, struct ht_trouble *trouble)
{
    const struct ht_http_options options = {.socket_path = ctd->socket_path,
                                            .http2 = true,
                                            .total_ms = ctd->reconnect.patience_ms,
                                            .cancel_fd = ctd->feed->stop_fd(ctd->feed)};
    struct ht_error err = {0};
    int r;

    ctd->feed->at(ctd->feed, "connecting");
    ctd->socket = ht_host_socket_at(ctd->socket_path);
    ctd->http = ht_http_new(&options, &err);
    /* A path that is none, not an answer that is none. */
    if (!ctd->http && err.code == EINVAL)
        err.code = EHOSTUNREACH;
    if (!ctd->http)
        return ht_containerd_explain(&err, trouble);
    r = read_daemon(ctd, trouble);
    /* Events first, the list second: what happens in between is seen twice, not missed. That the
     * subscription is in place is told by nothing: the list is read once more a little later. */
    if (r == 0 && !ctd->cri)
        r = open_events(ctd, trouble);
    if (r == 0)
        r = ht_containerd_pass(ctd, trouble);
    if (r == 0 && !ctd->cri)
        ask_for_pass(ctd, SETTLE_NS);
    return r;
}

static void disconnect(void *self)
{
    struct ht_containerd *ctd = self;

    ctd->stream = ht_grpc_stream_close(ctd->stream);
    ctd->http = ht_http_free(ctd->http);
}

struct marking {
    const char *id;
};

static void mark_visit(void *context, struct ht_str key, void *value)
{
    const struct marking *marking = context;
    struct ht_containerd_known *known = value;

    (void)key;
    known->dirty = known->dirty || strcmp(known->id, marking->id) == 0;
}

/* Takes one waiting request, waiting for it; false: end. */
static bool take_request(struct ht_containerd *ctd, int64_t wait_ns)
{
    struct ht_request request = {0};

    if (!ctd->feed->wait(ctd->feed, wait_ns, &request))
        return false;
    if (request.kind == HT_REQUEST_RESCAN)
        ask_for_pass(ctd, RESCAN_NS);
    else if (request.kind == HT_REQUEST_CONTAINER)
        ht_map_each(ctd->containers, mark_visit, &(struct marking){.id = request.id});
    else if (request.kind == HT_REQUEST_CROWD)
        ask_for_pass(ctd, REPAIR_NS);
    return true;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Waits for events, requests or the next thing to do: 1 go on, 0 end, -errno the stream failed. */
static int wait_for_events(struct ht_containerd *ctd, struct ht_trouble *trouble)
{
    struct ht_feed *feed = ctd->feed;
    struct ht_error err = {0};
    int64_t due = least(ctd->next_full_ns, ctd->next_ping_ns);
    int r;

    if (ctd->changed)
        due = least(due, ctd->told_ns + TELL_GAP_NS);
    due -= ht_clock_mono(feed->clock);
    feed->at(feed, "waiting for events");
    if (ctd->cri)
        return take_request(ctd, due < 0 ? 0 : due);
    r = ht_grpc_stream_wait(ctd->stream, feed->wake_fd(feed),
                            due <= 0 ? 0 : (int)(due / HT_NS_PER_MS) + 1, &err);
    if (!take_request(ctd, 0))
        return 0;
    if (r > 0)
        return 1;
    if (r == -EOVERFLOW)
        ht_error_set(&err, EOVERFLOW, "%s: more than %d events in a second", ctd->endpoint,
                     EVENTS_MAX);
    if (r == 0)
        ht_error_set(&err, ECONNRESET, "%s: the daemon closed the event stream", ctd->endpoint);
    if (!err.code)
        ht_error_set(&err, EIO, "%s: the event stream failed", ctd->endpoint);
    return ht_containerd_explain(&err, trouble);
}

/* Whoever may open the socket by now may have been let in without any event. */
static void look_at_socket(struct ht_containerd *ctd)
{
    struct ht_row *before = ctd->daemon;

    ctd->daemon =
        ht_host_access_again(ctd->socket_path, ht_http_peer(ctd->http), &ctd->access, ctd->daemon);
    ctd->changed = ctd->changed || ctd->daemon != before;
}

static int ping(struct ht_containerd *ctd, struct ht_trouble *trouble)
{
    ht_autobuf struct ht_buf answer = HT_BUF(0);
    int r;

    ctd->feed->at(ctd->feed, "asking whether the daemon answers");
    r = ctd->cri ? ht_cri_hello(ctd, trouble)
                 : ht_containerd_call(ctd, &(struct ht_containerd_call){.path = VERSION}, &answer,
                                      trouble);
    ctd->next_ping_ns = ht_clock_mono(ctd->feed->clock) + PING_NS;
    if (r == 0) {
        ctd->answered_at = ht_clock_wall(ctd->feed->clock);
        ctd->feed->confirm(ctd->feed);
        look_at_socket(ctd);
    }
    return r;
}

/* One turn while connected: 1 go on, 0 end, -errno the daemon failed. */
static int turn(struct ht_containerd *ctd, struct ht_trouble *trouble)
{
    int r = wait_for_events(ctd, trouble);
    int64_t now;

    if (r <= 0)
        return r;
    now = ht_clock_mono(ctd->feed->clock);
    r = ht_containerd_look(ctd, trouble);
    if (r == 0 && now >= ctd->next_full_ns &&
        ht_host_socket_is_replaced(ctd->socket_path, &ctd->socket))
        return ht_trouble_moved(ctd->endpoint, trouble);
    if (r == 0 && now >= ctd->next_full_ns) {
        r = ht_containerd_pass(ctd, trouble);
        ctd->changed = true; /* the age of the answer */
        ht_reconnect_took(&ctd->reconnect, ctd->took_ns);
    }
    if (r == 0 && ctd->changed)
        ht_containerd_read_histories(ctd);
    if (r == 0 && now >= ctd->next_ping_ns)
        r = ping(ctd, trouble);
    if (r == 0 && ctd->changed && ht_clock_mono(ctd->feed->clock) - ctd->told_ns >= TELL_GAP_NS)
        ht_containerd_tell_good(ctd);
    return r < 0 ? r : 1;
}

/* Works until the daemon fails; 0: the end was asked for. */
static int session(void *self, struct ht_trouble *trouble)
{
    struct ht_containerd *ctd = self;
    int r = connect_daemon(ctd, trouble);

    if (r < 0)
        return r;
    ht_reconnect_succeeded(&ctd->reconnect);
    ctd->next_ping_ns = ht_clock_mono(ctd->feed->clock) + PING_NS;
    ht_containerd_read_histories(ctd);
    ht_containerd_tell_good(ctd);
    do
        r = turn(ctd, trouble);
    while (r > 0);
    return r;
}

static void tell_trouble(void *self, const struct ht_trouble *trouble)
{
    ht_containerd_tell(self, trouble->state, trouble->detail, trouble->help);
}

static void run(void *self, struct ht_feed *feed)
{
    static const struct ht_reconnect_ops ops = {
        .session = session,
        .tell = tell_trouble,
        .disconnect = disconnect,
        .stopped = "the daemon was stopped: systemctl status containerd"};
    struct ht_containerd *ctd = self;

    ctd->feed = feed;
    ht_reconnect_run(&ctd->reconnect, feed, &ops, ctd);
}

static void free_containerd(void *self)
{
    struct ht_containerd *ctd = self;

    disconnect(ctd);
    ht_containerd_forget_all(ctd);
    ht_containerd_forget_images(ctd);
    ht_row_unref(ctd->daemon);
    ht_row_unref(ctd->source);
    free(ctd->name);
    free(ctd->socket_path);
    free(ctd);
}

/* ---- where ---- */

/* A driver's name is its source's: one for each place. */
#define OPS(place)                                                                                 \
    {                                                                                              \
        .name = (place), .interval_ns = HT_CONTAINERD_FULL_PASS_NS, .limit_ns = LIMIT_NS,          \
        .containers = true, .run = run, .free = free_containerd                                    \
    }

static const struct {
    struct ht_driver_ops ops;
    const char *socket_path;
} places[] = {
    {OPS("containerd"), "/run/containerd/containerd.sock"},
    {OPS("k3s"), "/run/k3s/containerd/containerd.sock"}, /* and rke2 */
    {OPS("k0s"), "/run/k0s/containerd.sock"},
    {OPS("microk8s"), "/var/snap/microk8s/common/run/containerd.sock"},
    {OPS("cri-o"), "/run/crio/crio.sock"},
};

_Static_assert(ARRAY_LEN(places) == HT_CONTAINERD_PLACES, "as source.h says");

static struct ht_driver make(size_t place, const char *socket_path,
                             const struct ht_containerd_options *options)
{
    struct ht_containerd *ctd = ht_new0(struct ht_containerd);

    ctd->histories = options->histories;
    ctd->name = ht_strdup(places[place].ops.name);
    ctd->socket_path = ht_strdup(socket_path);
    snprintf(ctd->endpoint, sizeof(ctd->endpoint), "unix://%s", socket_path);
    ht_reconnect_init(&ctd->reconnect, options->timeout_ns, PAUSE_MAX_NS);
    ctd->reconnect.by_socket = true;
    if (options->socket_path)
        ctd->reconnect.named = "check the socket given with --cri";
    ctd->containers = ht_map_new();
    return (struct ht_driver){.ops = &places[place].ops, .self = ctd};
}

size_t ht_containerd_drivers(const struct ht_containerd_options *options,
                             struct ht_driver drivers[HT_CONTAINERD_PLACES])
{
    if (options->socket_path) {
        drivers[0] = make(0, options->socket_path, options);
        return 1;
    }
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        drivers[i] = make(i, places[i].socket_path, options);
        /* A distribution of Kubernetes that is not here needs no line of its own; it may come. */
        ((struct ht_containerd *)drivers[i].self)->reconnect.quiet = i > 0;
    }
    return HT_CONTAINERD_PLACES;
}
