/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The datastore source: finds the databases of a cluster on this node and reads what is in them.
 *
 * It is in nobody's way: lowest priority, no lock, one small read while nothing changes.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "datastore-private.h"
#include "dqlite.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum {
    NICEST = 19,
    IO_IDLE = 3 << 13, /* IOPRIO_CLASS_IDLE */
    IO_THREAD = 1,     /* IOPRIO_WHO_PROCESS */
    REST_MS = 250,     /* between two pages from etcd */
    SLOW_FACTOR = 50,  /* free pages take at most a fiftieth of the time */
};

#define INTERVAL_NS (INT64_C(30) * HT_NS_PER_S)
#define LIMIT_NS    (INT64_C(30) * HT_NS_PER_S)
/* For all places of one look, and for each when the others took it all. */
#define LOOK_NS   (INT64_C(20) * HT_NS_PER_S)
#define LEAST_NS  (INT64_C(1) * HT_NS_PER_S)
#define COPIES_NS (INT64_C(300) * HT_NS_PER_S)

/* One database that is watched. */
struct watched {
    struct ht_place place;
    struct ht_etcd_store *store;
    struct ht_kine *kine;
    struct ht_etcd_api *api;
    struct ht_dqlite *dqlite;
    struct ht_snapshots copies;
    struct ht_row *row;
    int error; /* of the last look, -errno or 0 */
    char why[HT_ERROR_TEXT_MAX];
    int64_t remnants_due_ns;
    int64_t copies_due_ns;
    bool here;
};

struct datastore {
    char *root_path;
    char *etcd_db;
    char *etcd, *etcd_ca, *etcd_cert, *etcd_key;
    struct ht_root root;
    struct ht_places places;
    struct ht_proc_ignored *ignored; /* processes that are no datastore */
    struct watched *items;
    size_t len;
    struct ht_feed *feed;
    bool stopped;
    int64_t deadline_ns;      /* for the place that is looked at */
    struct ht_driver_ops ops; /* with the interval that was asked for */
    int64_t took_ns;
    bool published;
};

/* ---- pace ---- */

static bool step(void *context)
{
    struct datastore *self = context;
    struct pollfd stop = {.fd = self->feed->stop_fd(self->feed), .events = POLLIN};

    self->feed->at(self->feed, "reading a datastore");
    if (stop.fd >= 0 && poll(&stop, 1, 0) > 0)
        self->stopped = true;
    /* What has no end must not keep the others from being looked at. */
    return !self->stopped && ht_clock_mono(self->feed->clock) < self->deadline_ns;
}

/* Others' reading and computing comes first. Not being allowed to is no harm. */
static void be_nice(void)
{
    pid_t thread = (pid_t)syscall(SYS_gettid);

    (void)setpriority(PRIO_PROCESS, (id_t)thread, NICEST);
    (void)syscall(SYS_ioprio_set, IO_THREAD, (int)thread, IO_IDLE);
}

/* ---- which there are ---- */

static void drop(struct watched *watched)
{
    ht_etcd_store_free(watched->store);
    ht_kine_free(watched->kine);
    ht_etcd_api_free(watched->api);
    ht_dqlite_free(watched->dqlite);
    ht_snapshots_free(&watched->copies);
    ht_row_unref(watched->row);
    free(watched->place.path);
}

/* Who checks the health of etcd is not the API server: its certificate comes first. */
static const struct identity {
    const char *ca, *cert, *key;
} identities[] = {
    {"/etc/kubernetes/pki/etcd/ca.crt", "/etc/kubernetes/pki/etcd/healthcheck-client.crt",
     "/etc/kubernetes/pki/etcd/healthcheck-client.key"},
    {"/etc/kubernetes/pki/etcd/ca.crt", "/etc/kubernetes/pki/apiserver-etcd-client.crt",
     "/etc/kubernetes/pki/apiserver-etcd-client.key"},
    {"/var/lib/rancher/k3s/server/tls/etcd/server-ca.crt",
     "/var/lib/rancher/k3s/server/tls/etcd/client.crt",
     "/var/lib/rancher/k3s/server/tls/etcd/client.key"},
    {"/var/lib/rancher/rke2/server/tls/etcd/server-ca.crt",
     "/var/lib/rancher/rke2/server/tls/etcd/client.crt",
     "/var/lib/rancher/rke2/server/tls/etcd/client.key"},
    {"/var/lib/k0s/pki/etcd/ca.crt", "/var/lib/k0s/pki/apiserver-etcd-client.crt",
     "/var/lib/k0s/pki/apiserver-etcd-client.key"},
};

static struct ht_etcd_api *make_api(struct datastore *self, const char *url)
{
    struct ht_etcd_api_options options = {.url = url,
                                          .ca_file = self->etcd_ca,
                                          .cert_file = self->etcd_cert,
                                          .key_file = self->etcd_key,
                                          .cancel_fd = self->feed->stop_fd(self->feed)};
    bool tls = ht_str_has_prefix(ht_str_from(url), "https:");

    for (size_t i = 0; tls && !self->etcd_cert && i < ARRAY_LEN(identities); i++) {
        if (access(identities[i].cert, R_OK) < 0 || access(identities[i].key, R_OK) < 0)
            continue;
        options.cert_file = identities[i].cert;
        options.key_file = identities[i].key;
        if (!options.ca_file)
            options.ca_file = identities[i].ca;
        break;
    }
    return ht_etcd_api_new(&options);
}

static struct watched *watch(struct datastore *self, const struct ht_place *place)
{
    for (size_t i = 0; i < self->len; i++) {
        if (strcmp(self->items[i].place.path, place->path) == 0)
            return &self->items[i];
    }
    self->items = ht_realloc(self->items, self->len + 1, sizeof(self->items[0]));

    struct watched *watched = &self->items[self->len++];
    *watched = (struct watched){.place = *place};
    watched->place.path = ht_strdup(place->path);
    if (place->kind == HT_PLACE_ETCD)
        watched->store = ht_etcd_store_new(&self->root, place->path);
    if (place->kind == HT_PLACE_KINE)
        watched->kine = ht_kine_new(&self->root, place->path);
    if (place->kind == HT_PLACE_DQLITE)
        watched->dqlite = ht_dqlite_new(&self->root, place->path);
    if (place->kind == HT_PLACE_API)
        watched->api = make_api(self, place->path);
    return watched;
}

static void find_places(struct datastore *self)
{
    if (!self->ignored)
        self->ignored = ht_proc_ignored_new();
    ht_proc_ignored_begin(self->ignored, ht_clock_mono(self->feed->clock));
    ht_places_find(&self->root, self->ignored, &self->places);
}

/* True if one came or went. */
static bool find(struct datastore *self)
{
    size_t before = self->len, kept = 0, more = self->places.more;
    int error = self->places.error;

    self->feed->at(self->feed, "looking for datastores");
    ht_places_fini(&self->places);
    if (self->etcd)
        ht_places_add(&self->places, HT_PLACE_API, self->etcd, true);
    if (self->etcd_db)
        ht_places_add(&self->places, ht_datastore_kind_of(&self->root, self->etcd_db),
                      self->etcd_db, true);
    else if (!self->etcd)
        find_places(self);
    for (size_t i = 0; i < self->len; i++)
        self->items[i].here = false;
    for (size_t i = 0; i < self->places.len; i++)
        watch(self, &self->places.items[i])->here = true;

    bool changed = self->len != before || self->places.more != more || self->places.error != error;
    for (size_t i = 0; i < self->len; i++) {
        if (self->items[i].here) {
            self->items[kept++] = self->items[i];
        } else {
            drop(&self->items[i]);
            changed = true;
        }
    }
    self->len = kept;
    return changed;
}

/* ---- one of them ---- */

static void keep_row(struct watched *watched, const struct ht_datastore *row)
{
    struct ht_row *kept = ht_row_keep(watched->row, ht_row_new(&ht_datastore_table, row));

    ht_row_unref(watched->row);
    watched->row = kept;
}

/* What is there and could not be read. */
static void tell_failure(struct watched *watched, struct ht_arena *arena)
{
    struct ht_datastore row = {0};
    static const char *const kinds[] = {[HT_PLACE_ETCD] = "etcd",
                                        [HT_PLACE_KINE] = "kine",
                                        [HT_PLACE_DQLITE] = "dqlite",
                                        [HT_PLACE_API] = "etcd-api"};
    const char *kind = kinds[watched->place.kind];

    ht_datastore_set_id(&row, ht_arena_strf(arena, "%s:%s", kind, watched->place.path));
    ht_datastore_set_kind(&row, ht_str_from(kind));
    ht_datastore_set_path(&row, ht_str_from(watched->place.path));
    ht_datastore_set_exact(&row, false);
    ht_datastore_set_detail(&row, ht_str_from(watched->why));
    ht_datastore_set_source(&row, HT_S("datastore"));
    ht_datastore_tell_verdict(arena, &row);
    keep_row(watched, &row);
}

static bool look_at_etcd(struct datastore *self, struct watched *watched, struct ht_arena *arena)
{
    struct ht_pace pace = {.step = step, .context = self};
    struct ht_datastore row = {0};
    struct ht_error err = {0};
    int64_t now = ht_clock_mono(self->feed->clock);
    bool remnants = now >= watched->remnants_due_ns, changed = false;
    int r = ht_etcd_store_refresh(watched->store, HT_ETCD_WAL | (remnants ? HT_ETCD_REMNANTS : 0),
                                  &pace, &err);

    if (remnants) {
        int64_t took = ht_clock_mono(self->feed->clock) - now;

        watched->remnants_due_ns = now + took * SLOW_FACTOR;
    }
    if (r >= 0 && now >= watched->copies_due_ns) {
        changed = ht_snapshots_refresh(&watched->copies, &self->root, &watched->place,
                                       &self->places, &pace);
        watched->copies_due_ns = now + COPIES_NS;
    }
    changed = changed || watched->error != (r < 0 ? r : 0) || !watched->row;
    watched->error = r < 0 ? r : 0;
    memcpy(watched->why, err.text, sizeof(watched->why));
    if (r < 0) {
        tell_failure(watched, arena);
        return changed;
    }
    if (r == 0 && !changed)
        return false;
    ht_etcd_store_tell(watched->store, arena, &row);
    ht_datastore_set_source(&row, HT_S("datastore"));
    ht_snapshots_tell(&watched->copies, arena, &row);
    ht_datastore_tell_verdict(arena, &row);
    keep_row(watched, &row);
    return true;
}

static bool look_at_kine(struct datastore *self, struct watched *watched, struct ht_arena *arena)
{
    struct ht_pace pace = {.step = step, .context = self};
    struct ht_datastore row = {0};
    struct ht_error err = {0};
    int r = ht_kine_refresh(watched->kine, &pace, &err);
    bool changed = watched->error != (r < 0 ? r : 0) || !watched->row || r > 0;
    int64_t now = ht_clock_mono(self->feed->clock);

    if (r >= 0 && now >= watched->copies_due_ns) {
        changed = ht_snapshots_refresh(&watched->copies, &self->root, &watched->place,
                                       &self->places, &pace) ||
                  changed;
        watched->copies_due_ns = now + COPIES_NS;
    }
    watched->error = r < 0 ? r : 0;
    memcpy(watched->why, err.text, sizeof(watched->why));
    if (r < 0) {
        tell_failure(watched, arena);
        return changed;
    }
    if (!changed)
        return false;
    ht_kine_tell(watched->kine, arena, &row);
    ht_datastore_set_source(&row, HT_S("datastore"));
    ht_datastore_set_lone(&row, watched->place.lone);
    ht_snapshots_tell(&watched->copies, arena, &row);
    ht_datastore_tell_verdict(arena, &row);
    keep_row(watched, &row);
    return true;
}

/* Copies and what is live are searched alike. */
static bool look_at_dqlite(struct datastore *self, struct watched *watched, struct ht_arena *arena)
{
    struct ht_pace pace = {.step = step, .context = self};
    struct ht_datastore row = {0};
    struct ht_error err = {0};
    const struct ht_row *before = watched->row;
    int r = ht_dqlite_refresh(watched->dqlite, &pace, &err);

    watched->error = r < 0 ? r : 0;
    memcpy(watched->why, err.text, sizeof(watched->why));
    if (r < 0) {
        tell_failure(watched, arena);
        return watched->row != before;
    }
    if (r == 0 && before)
        return false;
    ht_dqlite_tell(watched->dqlite, arena, &row);
    ht_datastore_set_source(&row, HT_S("datastore"));
    ht_datastore_tell_verdict(arena, &row);
    keep_row(watched, &row);
    return watched->row != before;
}

/* Between two pages: others ask etcd, too. */
static bool rest(void *context)
{
    struct datastore *self = context;
    struct pollfd stop = {.fd = self->feed->stop_fd(self->feed), .events = POLLIN};

    self->feed->at(self->feed, "asking etcd");
    if (poll(&stop, stop.fd >= 0, REST_MS) > 0)
        self->stopped = true;
    return !self->stopped;
}

static bool look_at_api(struct datastore *self, struct watched *watched, struct ht_arena *arena)
{
    struct ht_pace pace = {.step = rest, .context = self};
    struct ht_datastore row = {0};
    struct ht_error err = {0};
    const struct ht_row *before = watched->row;

    self->feed->at(self->feed, "asking etcd");
    watched->error = ht_etcd_api_refresh(watched->api, &pace, &err);
    memcpy(watched->why, err.text, sizeof(watched->why));
    if (watched->error < 0) {
        tell_failure(watched, arena);
        return watched->row != before;
    }
    ht_etcd_api_tell(watched->api, arena, &row);
    ht_datastore_set_source(&row, HT_S("datastore"));
    ht_datastore_tell_verdict(arena, &row);
    keep_row(watched, &row);
    return watched->row != before;
}

static bool look_at(struct datastore *self, struct watched *watched)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_DATASTORE_ARENA);

    switch (watched->place.kind) {
    case HT_PLACE_ETCD:
        return look_at_etcd(self, watched, arena);
    case HT_PLACE_API:
        return look_at_api(self, watched, arena);
    case HT_PLACE_KINE:
        return look_at_kine(self, watched, arena);
    case HT_PLACE_DQLITE:
        return look_at_dqlite(self, watched, arena);
    }
    return false;
}

/* ---- the sample ---- */

struct sum {
    size_t failed, denied, inexact;
    uint64_t secrets, plaintext;
};

static void add_up(const struct watched *watched, struct sum *sum)
{
    const struct ht_datastore *row = ht_datastore_of(watched->row);

    sum->failed += watched->error < 0;
    sum->denied += ht_error_is_denied(watched->error);
    sum->inexact += watched->error == 0 && !row->exact;
    for (size_t i = 0; i < row->stored.len; i++) {
        const struct ht_stored *stored = &row->stored.items[i];

        if (!ht_str_is(stored->resource, "secrets"))
            continue;
        sum->plaintext += stored->plaintext;
        sum->secrets += stored->plaintext + stored->malformed;
        for (size_t j = 0; j < stored->encrypted.len; j++)
            sum->secrets += stored->encrypted.items[j].count;
    }
}

static enum ht_source_state state_of(const struct datastore *self, const struct sum *sum)
{
    if (self->len == 0)
        return self->places.error ? HT_SOURCE_STATE_BROKEN : HT_SOURCE_STATE_ABSENT;
    if (sum->failed == self->len)
        return sum->denied ? HT_SOURCE_STATE_DENIED : HT_SOURCE_STATE_BROKEN;
    return sum->failed || sum->inexact ? HT_SOURCE_STATE_PART : HT_SOURCE_STATE_OK;
}

/* The worst thing that can be said about one of them. */
static const struct watched *worst(const struct datastore *self)
{
    for (size_t i = 0; i < self->len; i++) {
        if (self->items[i].error < 0)
            return &self->items[i];
    }
    for (size_t i = 0; i < self->len; i++) {
        if (!ht_datastore_of(self->items[i].row)->exact)
            return &self->items[i];
    }
    return NULL;
}

static void describe(const struct datastore *self, const struct sum *sum, struct ht_buf *detail)
{
    const struct watched *bad = worst(self);

    if (self->places.error) {
        ht_buf_addf(detail, "not everything was looked at: %s", strerror(-self->places.error));
        return;
    }
    if (self->len == 0) {
        ht_buf_add_text(detail, "no etcd, kine or dqlite database on this node");
        return;
    }
    if (bad && bad->error < 0) {
        ht_buf_add_text(detail, bad->why);
        return;
    }
    if (bad) {
        ht_buf_addf(detail, "%s: %.*s", bad->place.path,
                    HT_STR_ARG(ht_datastore_of(bad->row)->detail));
        return;
    }
    ht_buf_addf(detail, "%llu secrets, %llu of them in plaintext", (unsigned long long)sum->secrets,
                (unsigned long long)sum->plaintext);
}

static const char *help_for(const struct datastore *self, const struct sum *sum)
{
    if (self->len == 0)
        return "run it on a control plane node, or name a file: --etcd-db FILE";
    if (sum->denied)
        return geteuid() == 0 ? "run with CAP_DAC_READ_SEARCH" : "sudo hulltop";
    return "";
}

/* Databases that were found and not looked at are one that cannot be told of. */
static void tell_more(const struct datastore *self, struct ht_node *sample)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_DATASTORE_ARENA);
    struct ht_datastore row = {0};

    ht_datastore_set_id(&row, HT_S("etcd:more"));
    ht_datastore_set_kind(&row, HT_S("etcd"));
    ht_datastore_set_path(&row, HT_S("(more)"));
    ht_datastore_set_exact(&row, false);
    if (self->places.error)
        ht_datastore_set_detail(&row, ht_arena_strf(arena, "not everything was looked at: %s",
                                                    strerror(-self->places.error)));
    else
        ht_datastore_set_detail(
            &row, ht_arena_strf(arena, "%zu more databases of running programs were not looked at",
                                self->places.more));
    ht_datastore_set_source(&row, HT_S("datastore"));
    ht_datastore_tell_verdict(arena, &row);
    ht_node_add(sample, ht_row_new(&ht_datastore_table, &row));
}

static void publish(struct datastore *self)
{
    struct ht_node *sample = ht_node_new(ht_clock_wall(self->feed->clock));
    ht_autobuf struct ht_buf detail = HT_BUF(HT_ERROR_TEXT_MAX);
    struct ht_source source = {0};
    struct sum sum = {0};

    for (size_t i = 0; i < self->len; i++) {
        add_up(&self->items[i], &sum);
        ht_node_add(sample, ht_row_ref(self->items[i].row));
    }
    if (self->places.more || self->places.error) {
        sum.inexact++;
        tell_more(self, sample);
    }
    describe(self, &sum, &detail);
    ht_source_set_id(&source, HT_S("datastore"));
    ht_source_set_name(&source, HT_S("datastore"));
    ht_source_set_state(&source, state_of(self, &sum));
    ht_source_set_detail(&source, ht_buf_str(&detail));
    ht_source_set_help(&source, ht_str_from(help_for(self, &sum)));
    if (self->len)
        ht_source_set_object(&source, ht_str_from(self->items[0].place.path));
    ht_source_set_items(&source, self->len);
    ht_source_set_total(&source, self->len);
    ht_source_set_answered_at(&source, ht_clock_wall(self->feed->clock));
    ht_source_set_interval(&source, self->ops.interval_ns);
    ht_source_set_took(&source, self->took_ns);
    ht_node_add(sample, ht_row_new(&ht_source_table, &source));
    ht_node_sort(sample);
    self->feed->publish(self->feed, sample);
    self->published = true;
}

/* ---- the thread ---- */

static void look(struct datastore *self)
{
    int64_t before = ht_clock_mono(self->feed->clock);
    bool changed = find(self) || !self->published;

    for (size_t i = 0; i < self->len && !self->stopped; i++) {
        int64_t now = ht_clock_mono(self->feed->clock);

        self->deadline_ns = before + LOOK_NS > now + LEAST_NS ? before + LOOK_NS : now + LEAST_NS;
        changed = look_at(self, &self->items[i]) || changed;
    }
    if (self->stopped)
        return;
    self->took_ns = ht_clock_mono(self->feed->clock) - before;
    if (changed)
        publish(self);
    else
        self->feed->confirm(self->feed);
}

static void run(void *context, struct ht_feed *feed)
{
    struct datastore *self = context;
    struct ht_request request = {0};
    struct ht_error err = {0};

    self->feed = feed;
    be_nice();
    feed->at(feed, "opening the root");
    while (ht_root_open(&self->root, self->root_path, &err) < 0) {
        struct ht_node *sample = ht_node_new(ht_clock_wall(feed->clock));

        ht_source_tell(sample, "datastore", HT_SOURCE_STATE_BROKEN, err.text, NULL);
        ht_node_sort(sample);
        feed->publish(feed, sample);
        if (!feed->wait(feed, self->ops.interval_ns, &request))
            return;
    }
    do {
        /* Requests about processes and containers are others' business. */
        if (request.kind == HT_REQUEST_NONE || request.kind == HT_REQUEST_RESCAN)
            look(self);
    } while (feed->wait(feed, self->ops.interval_ns, &request));
}

static void free_datastore(void *context)
{
    struct datastore *self = context;

    if (!self)
        return;
    for (size_t i = 0; i < self->len; i++)
        drop(&self->items[i]);
    free(self->items);
    ht_places_fini(&self->places);
    ht_proc_ignored_free(self->ignored);
    ht_root_close(&self->root);
    free(self->root_path);
    free(self->etcd_db);
    free(self->etcd);
    free(self->etcd_ca);
    free(self->etcd_cert);
    free(self->etcd_key);
    free(self);
}

static const struct ht_driver_ops datastore_ops = {
    .name = "datastore",
    .interval_ns = INTERVAL_NS,
    .limit_ns = LIMIT_NS,
    .run = run,
    .free = free_datastore,
};

/* A name relative to where we are, since files are opened below a root. */
static char *absolute(const char *path)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_PROC_FILE);
    ht_autofree char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);

    if (here)
        ht_buf_addf(&text, "%s/", here);
    ht_buf_add_text(&text, path);
    return ht_buf_take(&text);
}

struct ht_driver ht_datastore_driver(const struct ht_datastore_options *options)
{
    struct datastore *self = ht_new0(struct datastore);
    const char *root = options->root && !options->etcd_db ? options->root : "/";

    self->root = (struct ht_root)HT_ROOT_NONE;
    self->root_path = ht_strdup(root);
    if (options->etcd_db)
        self->etcd_db = absolute(options->etcd_db);
    self->etcd = ht_strdup(options->etcd);
    self->etcd_ca = ht_strdup(options->etcd_ca);
    self->etcd_cert = ht_strdup(options->etcd_cert);
    self->etcd_key = ht_strdup(options->etcd_key);
    self->ops = datastore_ops;
    if (options->interval_ns)
        self->ops.interval_ns = options->interval_ns;
    return (struct ht_driver){.ops = &self->ops, .self = self};
}
