/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Kubernetes source: lists the pods of this node, then watches them; a slow full pass repairs
 * what the watch missed. What was seen stays when the server fails, with its age.
 */
#include "kube.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kube-decode.h"

#include "hulltop/base/limits.h"
#include "hulltop/base/log.h"
#include "hulltop/base/mem.h"

#define TELL_GAP_NS  (250 * HT_NS_PER_MS) /* a burst of changes becomes one sample */
#define TURN_NS      (20 * HT_NS_PER_S)   /* the longest wait, so that it is seen to be alive */
#define PAUSE_MAX_NS (60 * HT_NS_PER_S)   /* between attempts */
#define RESCAN_NS    (1 * HT_NS_PER_S)    /* between passes that a person asked for */
#define REOPEN_NS    (5 * HT_NS_PER_S)    /* at least between two watches */
#define LIMIT_NS     (120 * HT_NS_PER_S)

enum { WATCH_S = 300 };

/* ---- the way in ---- */

static int absent(struct ht_trouble *trouble)
{
    *trouble = (struct ht_trouble){.state = HT_SOURCE_STATE_ABSENT,
                                   .help = "--kubeconfig FILE, or KUBECONFIG",
                                   .detail = "no kubeconfig in the usual places, and not in a pod"};
    return -ENOENT;
}

static int try_file(struct ht_kube *kube, const char *path, struct ht_kube_access *ret,
                    struct ht_trouble *trouble)
{
    struct ht_error err = {0};
    int r = ht_kube_config_read(path, kube->context, ret, &err);

    snprintf(kube->place, sizeof(kube->place), "%s", path);
    if (r < 0) {
        ht_kube_explain(&err, trouble);
        trouble->help = "check the kubeconfig";
        if (r == -EACCES) {
            trouble->state = HT_SOURCE_STATE_DENIED;
            trouble->help = "sudo hulltop, or a kubeconfig of one's own";
        }
    }
    return r;
}

/* The first of the usual places that exists; one that exists and may not be read is told only if
 * there is no other. */
static int try_places(struct ht_kube *kube, struct ht_kube_access *ret, struct ht_trouble *trouble)
{
    static const char *const places[] = {"/etc/kubernetes/kubelet.conf",
                                         "/etc/kubernetes/admin.conf",
                                         "/var/lib/kubelet/kubeconfig",
                                         "/etc/rancher/k3s/k3s.yaml",
                                         "/etc/rancher/rke2/rke2.yaml",
                                         "/var/lib/k0s/pki/admin.conf",
                                         "/var/snap/microk8s/current/credentials/client.config"};
    int worst = absent(trouble);

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct ht_trouble own = {.help = ""};
        int r = try_file(kube, places[i], ret, &own);

        if (r == 0)
            return 0;
        if (r != -ENOENT && r != -ENOTDIR) {
            *trouble = own;
            worst = r;
        }
    }
    return worst;
}

int ht_kube_find_access(struct ht_kube *kube, struct ht_kube_access *ret,
                        struct ht_trouble *trouble)
{
    const char *named = kube->kubeconfig ? kube->kubeconfig : getenv("KUBECONFIG");
    const char *home = getenv("HOME");
    struct ht_error err = {0};
    int r;

    if (named && named[0])
        return try_file(kube, named, ret, trouble);
    r = ht_kube_in_cluster("/var/run/secrets/kubernetes.io/serviceaccount",
                           getenv("KUBERNETES_SERVICE_HOST"), getenv("KUBERNETES_SERVICE_PORT"),
                           ret, &err);
    if (r == 0) {
        snprintf(kube->place, sizeof(kube->place), "the pod's token");
        return 0;
    }
    /* Under sudo the home may still be the caller's, who could point root anywhere. */
    if (home && home[0] == '/' && !getenv("SUDO_UID")) {
        ht_autobuf struct ht_buf path = HT_BUF(HT_LIMIT_ARG);

        ht_buf_addf(&path, "%s/.kube/config", home);
        r = try_file(kube, path.data, ret, trouble);
        if (r != -ENOENT && r != -ENOTDIR)
            return r;
    }
    return try_places(kube, ret, trouble);
}

/* ---- the watch ---- */

static int64_t longer_gap(int64_t gap_ns)
{
    if (gap_ns < REOPEN_NS)
        return REOPEN_NS;
    return gap_ns * 2 > HT_KUBE_FULL_PASS_NS ? HT_KUBE_FULL_PASS_NS : gap_ns * 2;
}

/* When it may be opened again. */
static int64_t reopening_ns(const struct ht_kube *kube)
{
    return kube->watch_ns + (kube->watch_gap_ns > REOPEN_NS ? kube->watch_gap_ns : REOPEN_NS);
}

/* Too old, or refused for another reason: everything again tells. One that is always refused must
 * not list everything again and again. */
static void lose_watch(struct ht_kube *kube)
{
    int64_t now = ht_clock_mono(kube->feed->clock);
    int64_t due = kube->watch_gap_ns ? reopening_ns(kube) : now;

    if (due < kube->next_full_ns)
        kube->next_full_ns = due;
    kube->watch_gap_ns = longer_gap(kube->watch_gap_ns);
}

/* Without the right to watch the list is read as often as it is. */
static void refuse_watch(struct ht_kube *kube)
{
    kube->changed = kube->changed || !kube->watch_refused;
    kube->watch_refused = true;
    kube->watch_gap_ns = HT_KUBE_FULL_PASS_NS;
}

static void put_pod(struct ht_kube *kube, struct ht_row *row)
{
    struct ht_row *before = ht_map_get(kube->pods, ht_row_id(row));

    if (!before && ht_map_len(kube->pods) >= HT_KUBE_PODS_MAX) {
        ht_row_unref(row);
        kube->left_out++;
        kube->changed = true;
        return;
    }
    row = ht_row_keep(before, ht_kube_kin_share(&kube->kin, row));
    ht_kube_kin_note(&kube->kin, row);
    if (row != before)
        kube->changed = true;
    /* The key is the uid, which both have. */
    ht_row_unref(ht_map_set(kube->pods, ht_row_id(row), row));
}

static int take_line(void *context, struct ht_str line)
{
    struct ht_kube *kube = context;
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_kube_event event;
    struct ht_error err = {0};
    struct ht_row *row;

    if (ht_kube_decode_event(arena, line, &event, &err) < 0) {
        /* One bad line is no reason to distrust the rest, but something may have been missed. */
        ht_log_error(HT_LOG_WARNING, "kubernetes", &err);
        kube->next_full_ns = ht_clock_mono(kube->feed->clock) + HT_NS_PER_S;
        return 0;
    }
    if (event.resource.len && event.resource.len < sizeof(kube->resource))
        snprintf(kube->resource, sizeof(kube->resource), "%.*s", HT_STR_ARG(event.resource));
    if (event.change <= HT_KUBE_BOOKMARK) {
        kube->watch_gap_ns = 0;
        kube->watch_refused = false;
    }
    switch (event.change) {
    case HT_KUBE_PUT:
        put_pod(kube, ht_kube_with_rights(kube, event.row));
        return 0;
    case HT_KUBE_DROP:
        row = ht_map_remove(kube->pods, event.id);
        ht_row_unref(row);
        kube->changed = kube->changed || row;
        return 0;
    case HT_KUBE_BOOKMARK:
        kube->feed->confirm(kube->feed);
        return 0;
    case HT_KUBE_EXPIRED:
        return -ESTALE;
    case HT_KUBE_ERROR:
        return -EPROTO;
    }
    return 0;
}

static int open_watch(struct ht_kube *kube, struct ht_trouble *trouble)
{
    ht_autobuf struct ht_buf path = HT_BUF(HT_LIMIT_ARG);
    struct ht_error err = {0};

    kube->feed->at(kube->feed, "opening the watch");
    kube->watch_ns = ht_clock_mono(kube->feed->clock);
    ht_buf_addf(&path,
                "/api/v1/pods?watch=1&allowWatchBookmarks=true&timeoutSeconds=%d&resourceVersion=",
                WATCH_S);
    ht_http_escape(&path, ht_str_from(kube->resource));
    ht_buf_add_text(&path, "&fieldSelector=spec.nodeName%3D");
    ht_http_escape(&path, ht_str_from(kube->node));
    kube->stream = ht_kube_watch(&kube->client, path.data, take_line, kube, &err);
    if (kube->stream)
        return 0;
    return ht_kube_explain(&err, trouble);
}

static void close_watch(struct ht_kube *kube)
{
    kube->stream = ht_http_stream_close(kube->stream);
}

/* ---- the thread ---- */

/* A full pass soon, but not again and again. */
static void ask_for_pass(struct ht_kube *kube)
{
    int64_t at = kube->next_full_ns - HT_KUBE_FULL_PASS_NS + RESCAN_NS;
    int64_t now = ht_clock_mono(kube->feed->clock);

    at = at < now ? now : at;
    if (at < kube->next_full_ns)
        kube->next_full_ns = at;
}

static bool take_request(struct ht_kube *kube, int64_t timeout_ns)
{
    struct ht_request request;

    if (!kube->feed->wait(kube->feed, timeout_ns, &request))
        return false;
    if (request.kind == HT_REQUEST_RESCAN)
        ask_for_pass(kube);
    return true;
}

static bool wants_watch(const struct ht_kube *kube)
{
    return !kube->stream && kube->node[0];
}

/* Nanoseconds until there is something to do. */
static int64_t time_left(const struct ht_kube *kube)
{
    int64_t now = ht_clock_mono(kube->feed->clock);
    int64_t due = kube->next_full_ns - now;

    if (wants_watch(kube) && reopening_ns(kube) - now < due)
        due = reopening_ns(kube) - now;
    if (kube->changed && kube->told_ns + TELL_GAP_NS - now < due)
        due = kube->told_ns + TELL_GAP_NS - now;
    if (due > TURN_NS)
        due = TURN_NS;
    return due < 0 ? 0 : due;
}

/* 1 go on, 0 end. What ended the watch is found out by what comes next. */
static int wait_for_changes(struct ht_kube *kube)
{
    struct ht_error err = {0};
    int64_t due = time_left(kube);
    int r;

    kube->feed->at(kube->feed, "waiting for changes");
    if (!kube->stream)
        return take_request(kube, due);
    r = ht_http_stream_wait(kube->stream, kube->feed->wake_fd(kube->feed),
                            (int)(due / HT_NS_PER_MS) + 1, &err);
    if (!take_request(kube, 0))
        return 0;
    if (r > 0)
        return 1;
    int status = ht_http_stream_status(kube->stream);
    close_watch(kube);
    /* Its time was over: on from where it was. */
    if (r == 0)
        return 1;
    if (status == 403)
        refuse_watch(kube);
    else
        lose_watch(kube);
    if (r != -ESTALE && err.code)
        ht_log_error(HT_LOG_WARNING, "kubernetes", &err);
    return 1;
}

/* A full pass where one is due, and a watch from there. */
static int pass_if_due(struct ht_kube *kube, struct ht_trouble *trouble)
{
    int r;

    if (ht_clock_mono(kube->feed->clock) < kube->next_full_ns)
        return 0;
    r = ht_kube_pass(kube, trouble);
    if (r == 0 && wants_watch(kube) && kube->watch_ns == 0)
        r = open_watch(kube, trouble);
    return r;
}

/* 1 go on, 0 end, -errno the server failed. */
static int turn(struct ht_kube *kube, struct ht_trouble *trouble)
{
    int r = wait_for_changes(kube);

    if (r <= 0)
        return r;
    r = pass_if_due(kube, trouble);
    if (r == 0 && wants_watch(kube) && ht_clock_mono(kube->feed->clock) >= reopening_ns(kube))
        r = open_watch(kube, trouble);
    if (r == 0 && kube->changed && ht_clock_mono(kube->feed->clock) - kube->told_ns >= TELL_GAP_NS)
        ht_kube_tell_good(kube);
    return r < 0 ? r : 1;
}

/* Works until the server fails; 0: the end was asked for. */
static int session(void *self, struct ht_trouble *trouble)
{
    struct ht_kube *kube = self;
    struct ht_kube_access access = {0};
    int r;

    kube->feed->at(kube->feed, "looking for a kubeconfig");
    r = ht_kube_find_access(kube, &access, trouble);
    if (r == 0)
        r = ht_kube_client_open(
            &kube->client, &access,
            &(struct ht_kube_client_options){.stop_fd = kube->feed->stop_fd(kube->feed),
                                             .runs_plugins = kube->runs_plugins,
                                             .clock = kube->feed->clock},
            trouble);
    if (r == 0) {
        kube->next_full_ns = 0;
        kube->storage_due_ns = 0; /* another server may answer now */
        r = pass_if_due(kube, trouble);
    }
    if (r < 0)
        return r;
    ht_reconnect_succeeded(&kube->reconnect);
    ht_kube_tell_good(kube);
    do
        r = turn(kube, trouble);
    while (r > 0);
    return r;
}

static void disconnect(void *self)
{
    struct ht_kube *kube = self;

    close_watch(kube);
    ht_kube_client_close(&kube->client);
}

static void tell_trouble(void *self, const struct ht_trouble *trouble)
{
    ht_kube_tell(self, trouble->state, trouble->detail, trouble->help);
}

static void run(void *self, struct ht_feed *feed)
{
    static const struct ht_reconnect_ops ops = {
        .session = session, .disconnect = disconnect, .tell = tell_trouble};
    struct ht_kube *kube = self;

    kube->feed = feed;
    ht_reconnect_init(&kube->reconnect, 0, PAUSE_MAX_NS);
    ht_reconnect_run(&kube->reconnect, feed, &ops, kube);
}

static void free_kube(void *self)
{
    struct ht_kube *kube = self;

    disconnect(kube);
    ht_kube_forget(kube);
    free(kube->kubeconfig);
    free(kube->context);
    free(kube->node_option);
    free(kube);
}

struct ht_driver ht_kube_driver(const struct ht_kube_options *options)
{
    static const struct ht_driver_ops ops = {.name = "kubernetes",
                                             .interval_ns = HT_KUBE_FULL_PASS_NS,
                                             .limit_ns = LIMIT_NS,
                                             .run = run,
                                             .free = free_kube};
    struct ht_kube *kube = ht_new0(struct ht_kube);

    kube->kubeconfig = ht_strdup(options->kubeconfig);
    kube->wants_ingresses = options->ingresses;
    kube->context = ht_strdup(options->context);
    kube->node_option = ht_strdup(options->node);
    kube->runs_plugins = options->exec_credentials;
    kube->pods = ht_map_new();
    return (struct ht_driver){.ops = &ops, .self = kube};
}
