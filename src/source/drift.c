/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The source "drift": what runs in containers and is not what their images hold.
 *
 * The first look is over all processes, busiest first, and shows how far it is; afterwards only
 * what is new or due is looked at. What watches starts of programs wakes it up in between.
 */
#include "drift-hidden.h"
#include "drift-inner.h"
#include "drift-tamper.h"
#include "proc-node.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { REQUESTS_MAX = 256, DETAIL_MAX = 256 };

#define NAME    "drift"
#define LOOK_NS HT_NS_PER_S
#define PASS_NS (INT64_C(60) * HT_NS_PER_S)

#define LIMIT_NS (INT64_C(30) * HT_NS_PER_S)
#define SHOW_NS  (INT64_C(250) * HT_NS_PER_MS)

/* ---- what is said ---- */

static size_t count_contained(const struct ht_drift *drift)
{
    size_t count = 0;

    for (size_t i = 0; i < drift->len; i++)
        count += drift->processes[i].home != NULL;
    return count;
}

static void tell(struct ht_drift *drift, struct ht_node *sample, enum ht_source_state state,
                 struct ht_str detail)
{
    struct ht_source source = {0};

    ht_source_set_id(&source, HT_S(NAME));
    ht_source_set_name(&source, HT_S(NAME));
    ht_source_set_state(&source, state);
    ht_source_set_detail(&source, detail);
    ht_source_set_object(&source, HT_S("/proc"));
    ht_source_set_interval(&source, LOOK_NS);
    if (state == HT_SOURCE_STATE_OK || state == HT_SOURCE_STATE_PART)
        ht_source_set_answered_at(&source, ht_clock_wall(drift->feed->clock));
    if (state == HT_SOURCE_STATE_PART && geteuid() != 0)
        ht_source_set_help(&source, HT_S("sudo hulltop"));
    ht_node_add(sample, ht_row_new(&ht_source_table, &source));
}

/* What nobody has looked at, and never will. */
static void add_losses(const struct ht_drift *drift, unsigned silent, struct ht_buf *detail)
{
    uint64_t lost = ht_exec_lost(drift->watch), unplaced = ht_exec_unplaced(drift->watch);

    if (lost)
        ht_buf_addf(detail, "; %llu starts lost", (unsigned long long)lost);
    if (unplaced)
        ht_buf_addf(detail, "; %llu started and ended unseen", (unsigned long long)unplaced);
    if (silent)
        ht_buf_addf(detail, "; %u file system%s of containers did not answer%s", silent,
                    silent == 1 ? "" : "s",
                    silent < HT_LIMIT_HELPERS ? "" : ", none like them is asked any more");
}

static unsigned given_up(const struct ht_drift *drift)
{
    return drift->spawner ? ht_helper_given_up(drift->spawner) : 0;
}

static void publish(struct ht_drift *drift)
{
    struct ht_node *sample = ht_node_new(drift->now_wall_ns);
    ht_autobuf struct ht_buf detail = HT_BUF(DETAIL_MAX);
    size_t unread = ht_layers_unread(drift->layers);
    unsigned silent = given_up(drift);

    drift->silent = silent;
    if (unread)
        ht_buf_addf(&detail, "%zu processes of containers could not be read", unread);
    else
        ht_buf_addf(&detail, "%zu processes in %zu containers; %zu not as in the image",
                    count_contained(drift), ht_layers_count(drift->layers),
                    ht_codes_drifted(drift->codes));
    add_losses(drift, silent, &detail);
    ht_codes_put(drift->codes, sample);
    ht_layers_put(drift->layers, sample);
    if (drift->tamper)
        ht_node_add(sample, ht_row_ref(drift->tamper));
    drift->tamper_changed = false;
    tell(drift, sample, unread || silent ? HT_SOURCE_STATE_PART : HT_SOURCE_STATE_OK,
         ht_buf_str(&detail));
    ht_exec_tell(drift->watch, drift->watched_since, sample);
    ht_node_sort(sample);
    drift->published_ns = ht_clock_mono(drift->feed->clock);
    drift->feed->publish(drift->feed, sample);
}

static void publish_failure(struct ht_drift *drift, enum ht_source_state state, const char *why)
{
    struct ht_node *sample = ht_node_new(ht_clock_wall(drift->feed->clock));

    tell(drift, sample, state, ht_str_from(why));
    ht_node_sort(sample);
    drift->feed->publish(drift->feed, sample);
}

/* The first look is the long one: it shows what was found so far. */
static void show_progress(struct ht_drift *drift, size_t done, size_t total)
{
    ht_autobuf struct ht_buf detail = HT_BUF(DETAIL_MAX);
    struct ht_node *sample;
    int64_t now = ht_clock_mono(drift->feed->clock);

    drift->feed->at(drift->feed, "judging what runs in containers");
    if (!drift->first || now - drift->shown_ns < SHOW_NS)
        return;
    drift->shown_ns = now;
    sample = ht_node_new(ht_clock_wall(drift->feed->clock));
    ht_buf_addf(&detail, "%zu/%zu processes", done, total);
    ht_codes_put(drift->codes, sample);
    tell(drift, sample, HT_SOURCE_STATE_WAIT, ht_buf_str(&detail));
    ht_node_sort(sample);
    drift->feed->publish(drift->feed, sample);
}

/* ---- looks ---- */

static void read_tamper(struct ht_drift *drift)
{
    struct ht_row *fresh = ht_tamper_read(drift->reader.proc_fd, drift->groups, drift->tamper);
    struct ht_row *kept = fresh ? ht_row_keep(drift->tamper, fresh) : NULL;

    drift->tamper_changed = kept != drift->tamper;
    ht_row_unref(drift->tamper);
    drift->tamper = kept;
}

/* Tables are read anew once a minute. */
static void begin(struct ht_drift *drift)
{
    drift->now_ns = ht_clock_mono(drift->feed->clock);
    drift->now_wall_ns = ht_clock_wall(drift->feed->clock);
    drift->now_boot_ns = ht_proc_since_boot();
    if (drift->now_ns < drift->pass_due_ns)
        return;
    ht_origin_pass(drift->origin);
    ht_map_free(drift->mapped);
    drift->mapped = ht_map_new();
    ht_drift_known_forget(drift);
    ht_mapped_fini(&drift->maps);
    read_tamper(drift);
    drift->pass_due_ns = drift->now_ns + PASS_NS;
}

static void look(struct ht_drift *drift)
{
    struct ht_error err = {0};

    begin(drift);
    drift->feed->at(drift->feed, "listing /proc");
    if (ht_drift_list(drift, &err) < 0) {
        publish_failure(drift, HT_SOURCE_STATE_BROKEN, err.text);
        drift->groups = ht_groups_free(drift->groups); /* old by the next look */
        drift->failed = true;
        return;
    }
    /* Who is listed was started before: what the watch tells of it goes first. */
    if (!drift->first) {
        ht_exec_ask(drift->watch);
        (void)ht_drift_take_starts(drift);
    }
    drift->seen_by = "polling";
    ht_drift_look_due(drift, show_progress);
    drift->groups = ht_groups_free(drift->groups);
    drift->feed->at(drift->feed, "looking at writable layers");
    ht_layers_look(drift->layers, drift->origin, drift->now_ns, drift->now_wall_ns, drift->feed);
    ht_origin_rest(drift->origin);
    ht_codes_expire(drift->codes, drift->now_wall_ns);
    ht_drift_tell_unplaced(drift);
    if (drift->first || drift->failed || drift->tamper_changed || ht_codes_changed(drift->codes) ||
        ht_layers_changed(drift->layers) || given_up(drift) != drift->silent)
        publish(drift);
    else
        drift->feed->confirm(drift->feed);
    drift->first = false;
    drift->failed = false;
}

/* ---- requests ---- */

static void take_request(struct ht_drift *drift, const struct ht_request *request)
{
    struct ht_str id = ht_str_from(request->id);

    if (request->kind == HT_REQUEST_RESCAN)
        drift->pass_due_ns = 0;
    for (size_t i = 0; i < drift->len; i++) {
        struct ht_drift_process *process = &drift->processes[i];
        bool wanted = false;

        switch (request->kind) {
        case HT_REQUEST_NONE:
            break;
        case HT_REQUEST_RESCAN:
            wanted = true;
            break;
        case HT_REQUEST_PID:
            wanted = process->pid == request->pid;
            break;
        case HT_REQUEST_CONTAINER:
            wanted = process->home && ht_str_equal(ht_layers_id(process->home), id);
            break;
        case HT_REQUEST_CROWD:
            wanted = process->home;
            break;
        }
        if (wanted)
            process->schedule.due_ns = 0;
    }
}

/* Waits for a request, for starts of programs, or until then (monotonic). True: a request waits. */
static bool watch(struct ht_drift *drift, int64_t until)
{
    struct pollfd fds[HT_EXEC_FDS + 1] = {
        {.fd = drift->feed->wake_fd(drift->feed), .events = POLLIN}};
    int64_t due = ht_exec_due(drift->watch);
    int64_t left = (due < until ? due : until) - ht_clock_mono(drift->feed->clock);
    size_t len = ht_exec_fds(drift->watch, fds + 1);

    if (left < 0)
        left = 0;
    if (poll(fds, len + 1, left ? (int)(left / HT_NS_PER_MS) + 1 : 0) <= 0)
        return false;
    ht_exec_polled(drift->watch, fds + 1, len);
    return fds[0].revents != 0;
}

/* Takes starts of programs as they come, until the next look. What they told is shown at most four
 * times a second. False: a request waits, or nothing can be watched. */
static bool follow(struct ht_drift *drift)
{
    int64_t until = drift->now_ns + LOOK_NS;

    while (ht_exec_is_live(drift->watch) && ht_clock_mono(drift->feed->clock) < until) {
        bool asked = drift->feed->wake_fd(drift->feed) < 0 || watch(drift, until);

        (void)ht_drift_take_starts(drift);
        if (ht_codes_changed(drift->codes) &&
            ht_clock_mono(drift->feed->clock) - drift->published_ns >= SHOW_NS)
            publish(drift);
        if (asked)
            return false;
    }
    return ht_exec_is_live(drift->watch);
}

/* Takes the requests that wait. False: the end. */
static bool rest(struct ht_drift *drift)
{
    bool followed = follow(drift);

    for (int i = 0; i < REQUESTS_MAX; i++) {
        struct ht_request request = {0};

        if (!drift->feed->wait(drift->feed, i || followed ? 0 : LOOK_NS, &request))
            return false;
        if (request.kind == HT_REQUEST_NONE)
            break;
        take_request(drift, &request);
    }
    return true;
}

/* ---- life ---- */

static int open_drift(struct ht_drift *drift, struct ht_error *err)
{
    long hertz = sysconf(_SC_CLK_TCK);
    int r;

    drift->booted_wall_ns = ht_proc_booted();
    drift->tick_ns = HT_NS_PER_S / (hertz > 0 ? hertz : 100);
    r = ht_proc_reader_init(&drift->reader, "/proc", err);
    drift->opened = r == 0;
    drift->maps = (struct ht_mapped)HT_MAPPED(drift->reader.proc_fd);
    drift->origin = r == 0 ? ht_origin_new("/proc", drift->spawner, err) : NULL;
    if (!drift->origin)
        return -EIO;
    ht_drift_crowd_init(drift);
    drift->codes = ht_codes_new();
    drift->layers = ht_layers_new();
    drift->arena = ht_arena_new(HT_LIMIT_ROW);
    /* Before the first look, so that nothing starts unseen between the two. */
    drift->watch = ht_exec_new(&(struct ht_exec_options){.clock = drift->feed->clock});
    ht_exec_mark_usual(drift->watch);
    drift->watched_since = ht_clock_wall(drift->feed->clock);
    drift->mapped = ht_map_new();
    drift->first = true;
    drift->groups = ht_groups_new();
    return 0;
}

static void run(void *context, struct ht_feed *feed)
{
    struct ht_drift *drift = context;
    struct ht_request request;
    struct ht_error err = {0};

    drift->feed = feed;
    if (!drift->live || open_drift(drift, &err) < 0) {
        publish_failure(drift, drift->live ? HT_SOURCE_STATE_BROKEN : HT_SOURCE_STATE_OFF,
                        drift->live ? err.text : "nothing runs in another root");
        while (feed->wait(feed, -1, &request))
            continue;
        return;
    }
    publish_failure(drift, HT_SOURCE_STATE_WAIT, "looking at all processes");
    do
        look(drift);
    while (rest(drift));
}

static void free_drift(void *context)
{
    struct ht_drift *drift = context;

    ht_proc_crowd_fini(&drift->all);
    ht_row_unref(drift->tamper);
    ht_exec_free(drift->watch);
    ht_codes_free(drift->codes);
    ht_layers_free(drift->layers);
    ht_origin_free(drift->origin);
    ht_spawner_stop(drift->spawner);
    ht_arena_free(drift->arena);
    ht_map_free(drift->mapped);
    ht_drift_known_forget(drift);
    ht_groups_free(drift->groups);
    if (drift->opened) {
        ht_mapped_fini(&drift->maps);
        ht_proc_reader_fini(&drift->reader);
    }
    free(drift);
}

struct ht_driver ht_drift_driver(bool live)
{
    static const struct ht_driver_ops ops = {
        .name = NAME, .interval_ns = LOOK_NS, .limit_ns = LIMIT_NS, .run = run, .free = free_drift};
    struct ht_drift *drift = ht_new0(struct ht_drift);

    drift->live = live;
    /* Now, for no other thread exists but the one that waits for signals. */
    drift->spawner = live ? ht_spawner_start(NULL) : NULL;
    return (struct ht_driver){.ops = &ops, .self = drift};
}
