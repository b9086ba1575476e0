/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process source: looks once a second, reads load every few seconds, publishes what changed. */
#include "hulltop/source/source.h"

#include <string.h>
#include <unistd.h>

#include "host-sockets.h"
#include "proc-host.h"
#include "proc-node.h"
#include "proc-table.h"
#include "proc-usage.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum {
    REQUESTS_MAX = 256,
    DETAIL_MAX = 512,
    SLOW_FACTOR = 50,
    NEAR = 16,
    HOST_ARENA = 1024 * 1024
};

#define LOOK_NS  HT_NS_PER_S
#define USAGE_NS (INT64_C(5) * HT_NS_PER_S)
#define LIMIT_NS (INT64_C(10) * HT_NS_PER_S)
#define HOST_NS  (INT64_C(60) * HT_NS_PER_S)

struct proc {
    char *root;
    bool live;
    bool host_only;     /* processes are not looked at */
    unsigned leave_out; /* enum ht_proc_part */
    struct ht_arena *arena;
    struct ht_text_list sockets; /* in the arena */
    unsigned given_up;           /* threads that hung before this one */
    struct ht_proc_avoid avoid;
    struct ht_proc_table table;
    struct ht_usage_meter *meter;
    struct ht_row *host_row;
    size_t limited; /* of the last sample: executable and namespaces were refused */
    size_t kernel;  /* of the last sample: kernel threads */
    bool contained; /* we are in a container ourselves */
    bool hidden;    /* of the last sample: the first process, so surely others, cannot be seen */
    bool kubelet;   /* of the last sample: one runs */
    bool apiserver; /* likewise */
    int64_t usage_due_ns;
    int64_t host_due_ns;
    int64_t took_ns;
    bool published;
};

/* ---- rows ---- */

/* Whether it is a kubelet, or has one in it. Names of 2026-11-29: Kubernetes, MicroK8s, k3s, k0s.
 */
static bool is_kubelet(const struct ht_process *process)
{
    return ht_str_is_among(process->comm,
                           "kubelet hyperkube kubelite k3s k3s-server k3s-agent k0s");
}

/* Likewise of an API server. k0s starts it under its own name, RKE2 and kubeadm as a pod. */
static bool is_apiserver(const struct ht_process *process)
{
    return ht_str_is_among(process->comm, "kube-apiserver hyperkube kubelite k3s k3s-server");
}

/* What the last sample says of the host. */
static void set_counts(const struct proc *self, struct ht_host *host, uint64_t processes,
                       uint64_t limited)
{
    ht_host_set_processes(host, processes);
    ht_host_set_threads_limited(host, limited);

    bool all = !(self->hidden || self->contained || self->avoid.skipped_len);

    if (self->kubelet || all)
        ht_host_set_kubelet(host, self->kubelet);
    else
        ht_field_forget(&ht_host_table, host, "kubelet");
    if (self->apiserver || all)
        ht_host_set_apiserver(host, self->apiserver);
    else
        ht_field_forget(&ht_host_table, host, "apiserver");
}

/* Process 1 sees the node with all that is mounted there. Without rights over it our own root
 * stands for that, unless it is a container's: those have host names of their own. */
static bool open_node(const struct proc *self, const struct ht_host *host, struct ht_root *ret_root)
{
    if (ht_root_open(ret_root, "/proc/1/root", NULL) == 0)
        return true;
    return ht_host_has_ns_uts(host) && host->ns_uts == HT_PROC_INIT_UTS_NS &&
           ht_root_open(ret_root, self->root, NULL) == 0;
}

static void read_sockets(const struct proc *self, struct ht_arena *arena, struct ht_host *host)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;

    if (self->live && !self->contained && self->sockets.len && open_node(self, host, &root))
        ht_host_read_sockets(&root, &self->sockets, arena, host);
}

static void read_host(struct proc *self)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HOST_ARENA);
    struct ht_host host = {0};
    struct ht_error err = {0};

    (void)ht_host_read(self->root, self->live, arena, &host, &err);
    self->contained = ht_host_is_contained(&host);
    read_sockets(self, arena, &host);
    /* Wall time and time since boot are read one after the other: a moment is no news. */
    if (self->host_row) {
        const struct ht_host *old = ht_host_of(self->host_row);
        int64_t moved = host.booted_at - old->booted_at;

        if (ht_host_has_booted_at(&host) && moved > -HT_NS_PER_S && moved < HT_NS_PER_S)
            host.booted_at = old->booted_at;
    }
    if (self->live && !self->host_only)
        set_counts(self, &host, self->table.len, self->limited);
    struct ht_row *row = ht_row_keep(self->host_row, ht_row_new(&ht_host_table, &host));
    ht_row_unref(self->host_row);
    self->host_row = row;
}

/* The old count while the new one is near it: every container is derived from this row, and one
 * process more is no news for any of them. */
static uint64_t settle(uint64_t old, uint64_t fresh)
{
    uint64_t difference = old > fresh ? old - fresh : fresh - old;

    return old > 0 && fresh > 0 && difference <= old / NEAR ? old : fresh;
}

/* What changes with each look; the rest of the row is read seldom. */
static void count_host(struct proc *self)
{
    const struct ht_host *old = ht_host_of(self->host_row);
    struct ht_host host = *old;

    set_counts(self, &host, settle(old->processes, self->table.len),
               settle(old->threads_limited, self->limited));
    struct ht_row *row = ht_row_keep(self->host_row, ht_row_new(&ht_host_table, &host));
    ht_row_unref(self->host_row);
    self->host_row = row;
}

static void describe(const struct proc *self, size_t rows, size_t inside, struct ht_buf *detail)
{
    const struct ht_proc_avoid *avoid = &self->avoid;

    /* Kernel threads have no executable to be refused. */
    if (self->limited)
        ht_buf_addf(detail, "caps, seccomp, cgroup of all %zu; executables and namespaces of %zu",
                    rows - self->kernel, rows - self->kernel - self->limited);
    else
        ht_buf_addf(detail, "%zu processes, %zu of them in containers", rows, inside);
    for (size_t i = 0; i < avoid->skipped_len; i++)
        ht_buf_addf(detail, "%s %d", i ? "," : "; left out, for reading it hung: process",
                    (int)avoid->skipped[i]);
    if (self->hidden)
        ht_buf_add_text(detail, "; those of other users are hidden (hidepid)");
    if (self->contained)
        ht_buf_add_text(detail, "; seen from inside a container");
}

static struct ht_row *source_row(const struct proc *self, struct ht_feed *feed, size_t rows,
                                 size_t inside)
{
    ht_autobuf struct ht_buf detail = HT_BUF(DETAIL_MAX);
    struct ht_source source = {0};
    bool part = self->limited || self->avoid.skipped_len || self->contained || self->hidden;

    describe(self, rows, inside, &detail);
    ht_source_set_id(&source, HT_S("proc"));
    ht_source_set_name(&source, HT_S("proc"));
    ht_source_set_state(&source, part ? HT_SOURCE_STATE_PART : HT_SOURCE_STATE_OK);
    ht_source_set_detail(&source, ht_buf_str(&detail));
    if (self->limited || self->hidden)
        ht_source_set_help(&source, geteuid() == 0
                                        ? HT_S("run with CAP_SYS_PTRACE and every capability that "
                                               "these processes have")
                                        : HT_S("sudo hulltop"));
    else if (self->contained)
        ht_source_set_help(&source, HT_S("run it in the host's pid namespace"));
    ht_source_set_object(&source, HT_S("/proc"));
    ht_source_set_items(&source, rows);
    ht_source_set_total(&source, rows + self->avoid.skipped_len);
    ht_source_set_answered_at(&source, ht_clock_wall(feed->clock));
    ht_source_set_interval(&source, LOOK_NS);
    ht_source_set_took(&source, self->took_ns);
    return ht_row_new(&ht_source_table, &source);
}

static void publish(struct proc *self, struct ht_feed *feed)
{
    struct ht_node *sample = ht_node_new(ht_clock_wall(feed->clock));
    size_t rows = 0;
    size_t inside = 0;

    self->limited = 0;
    self->kernel = 0;
    self->hidden = true;
    self->kubelet = false;
    self->apiserver = false;
    for (size_t i = 0; i < self->table.len; i++) {
        const struct ht_proc_entry *entry = &self->table.entries[i];

        if (!entry->row)
            continue;
        ht_node_add(sample, ht_row_ref(entry->row));
        rows++;
        /* The first process is the node's own init: it is in no container, whatever it hides. */
        self->limited += entry->limited && ht_process_of(entry->row)->pid != 1;
        self->hidden = self->hidden && ht_process_of(entry->row)->pid != 1;
        self->kernel += ht_process_of(entry->row)->kernel;
        self->kubelet = self->kubelet || is_kubelet(ht_process_of(entry->row));
        self->apiserver = self->apiserver || is_apiserver(ht_process_of(entry->row));
        inside += ht_process_has_container_id(ht_process_of(entry->row));
    }
    count_host(self);
    ht_node_add(sample, ht_row_ref(self->host_row));
    if (self->meter)
        ht_usage_share(self->meter, sample);
    ht_node_add(sample, source_row(self, feed, rows, inside));
    ht_node_sort(sample);
    feed->publish(feed, sample);
    self->published = true;
}

/* A sample that says why there are no processes. */
static void publish_failure(struct proc *self, struct ht_feed *feed, enum ht_source_state state,
                            const char *why)
{
    struct ht_node *sample = ht_node_new(ht_clock_wall(feed->clock));

    ht_source_tell(sample, "proc", state, why, NULL);
    if (self->host_row)
        ht_node_add(sample, ht_row_ref(self->host_row));
    ht_node_sort(sample);
    feed->publish(feed, sample);
    self->published = false;
}

/* ---- load ---- */

static bool read_usage(struct proc *self, struct ht_feed *feed)
{
    struct ht_proc_table *table = &self->table;
    ht_autofree size_t *places = ht_new_array(size_t, table->len + 1);
    size_t count = 0;

    feed->at(feed, "reading cgroups");
    /* What has no cgroup files is counted twice: once to learn that, once with fresh ticks. */
    for (int round = 0; round < 2; round++) {
        ht_usage_begin(self->meter);
        for (size_t i = 0; i < table->len; i++) {
            const struct ht_proc_entry *entry = &table->entries[i];

            if (entry->row &&
                ht_usage_count(self->meter, ht_process_of(entry->row), &table->reader,
                               entry->ticks) &&
                round == 0)
                places[count++] = i;
        }
        if (count == 0)
            break;
        if (round == 0)
            ht_proc_table_ticks(table, places, count);
    }
    return ht_usage_finish(self->meter, ht_clock_mono(feed->clock));
}

/* ---- the thread ---- */

static void look(struct proc *self, struct ht_feed *feed)
{
    struct ht_error err = {0};
    int64_t before = ht_clock_mono(feed->clock);
    bool changed = false;

    if (before >= self->host_due_ns) {
        const struct ht_row *old = self->host_row;

        if (old)
            ht_proc_reader_refresh(&self->table.reader);
        read_host(self);
        changed = self->host_row != old;
        self->host_due_ns = before + HOST_NS;
    }
    if (ht_proc_table_look(&self->table, feed, &err) < 0) {
        publish_failure(self, feed, HT_SOURCE_STATE_BROKEN, err.text);
        return;
    }
    changed = changed || self->table.changed || !self->published;
    if (self->meter && before >= self->usage_due_ns) {
        changed = read_usage(self, feed) || changed;
        self->usage_due_ns = before + USAGE_NS;
    }
    self->took_ns = ht_clock_mono(feed->clock) - before;
    if (changed)
        publish(self, feed);
    else
        feed->confirm(feed);
}

static void take_request(struct proc *self, const struct ht_request *request)
{
    ht_proc_table_request(&self->table, request);
    if (!self->meter)
        return;
    if (request->kind == HT_REQUEST_CONTAINER)
        ht_usage_expect(self->meter, ht_str_from(request->id));
    else if (request->kind == HT_REQUEST_CROWD || request->kind == HT_REQUEST_RESCAN)
        ht_usage_expect_all(self->meter);
}

/* Takes the requests that wait. False: the end. */
static bool rest(struct proc *self, struct ht_feed *feed)
{
    struct ht_request request = {0};
    int64_t pause = LOOK_NS;
    /* On a node with very many processes looking takes at most a fiftieth of a core. */
    int64_t least = self->took_ns * SLOW_FACTOR < 10 * LOOK_NS ? self->took_ns * SLOW_FACTOR : 0;

    /* What is due meanwhile waits for its turn: looks between looks would cost more than they tell.
     */
    if (self->table.len > 4096 && pause < least)
        pause = least;
    for (int i = 0; i < REQUESTS_MAX; i++) {
        if (!feed->wait(feed, i ? 0 : pause, &request))
            return false;
        if (request.kind == HT_REQUEST_NONE)
            break;
        take_request(self, &request);
    }
    return true;
}

static void run(void *context, struct ht_feed *feed)
{
    struct proc *self = context;
    struct ht_request request;
    struct ht_error err = {0};

    if (!self->live || self->host_only) {
        read_host(self);
        publish_failure(self, feed, HT_SOURCE_STATE_OFF,
                        self->live ? "no question that is asked is about processes"
                                   : "host files come from another root than the running system's");
        while (feed->wait(feed, -1, &request))
            continue;
        return;
    }
    feed->at(feed, "opening /proc");
    while (ht_proc_table_init(&self->table, &self->avoid, &err) < 0) {
        ht_proc_table_fini(&self->table);
        memset(&self->table, 0, sizeof(self->table));
        self->table.reader.proc_fd = -1;
        publish_failure(self, feed, HT_SOURCE_STATE_BROKEN, err.text);
        if (!feed->wait(feed, LIMIT_NS, &request))
            return;
    }
    self->table.reader.leave_out = self->leave_out;
    if (!(self->leave_out & HT_PROC_LOAD))
        self->meter = ht_usage_new();
    do
        look(self, feed);
    while (rest(self, feed));
}

static void free_proc(void *context)
{
    struct proc *self = context;

    if (!self)
        return;
    ht_proc_table_fini(&self->table);
    ht_usage_free(self->meter);
    ht_row_unref(self->host_row);
    ht_arena_free(self->arena);
    free(self->root);
    free(self);
}

static struct ht_driver renew(void *context);

static const struct ht_driver_ops proc_ops = {
    .name = "proc",
    .interval_ns = LOOK_NS,
    .limit_ns = LIMIT_NS,
    .containers = true,
    .run = run,
    .free = free_proc,
    .renew = renew,
};

static struct ht_text_list copy_texts(struct ht_arena *arena, struct ht_text_list texts)
{
    struct ht_str *items = ht_arena_array(arena, struct ht_str, texts.len);

    for (size_t i = 0; i < texts.len; i++)
        items[i] = ht_arena_str(arena, texts.items[i]);
    return (struct ht_text_list){.items = items, .len = texts.len};
}

static struct ht_driver make(const struct ht_proc_options *options)
{
    struct proc *self = ht_new0(struct proc);

    self->root = ht_strdup(options->root);
    self->arena = ht_arena_new(HT_LIMIT_ROW);
    self->sockets = copy_texts(self->arena, options->sockets);
    self->live = options->live;
    self->host_only = options->host_only;
    self->leave_out = options->leave_out;
    self->table.reader.proc_fd = -1;
    return (struct ht_driver){.ops = &proc_ops, .self = self};
}

/* Reads of self's constants and atomics only: its thread hangs, and may wake up at any time. */
static struct ht_driver renew(void *context)
{
    struct proc *self = context;
    struct ht_proc_avoid avoid;

    if (self->given_up >= HT_PROC_SKIPPED_MAX || !ht_proc_table_learn(&self->table, &avoid))
        return (struct ht_driver){0};

    struct ht_driver driver = make(&(struct ht_proc_options){.root = self->root,
                                                             .live = self->live,
                                                             .host_only = self->host_only,
                                                             .leave_out = self->leave_out,
                                                             .sockets = self->sockets});
    struct proc *fresh = driver.self;
    fresh->avoid = avoid;
    fresh->given_up = self->given_up + 1;
    return driver;
}

struct ht_driver ht_proc_driver(const struct ht_proc_options *options)
{
    struct ht_proc_options copy = *options;

    copy.root = options->root ? options->root : "/";
    return make(&copy);
}
