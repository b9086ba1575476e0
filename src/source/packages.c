/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packages of the host, from the files of its package managers.
 *
 * The answer is made again only when a file that it was made from has changed; else a pass costs a
 * stat for each. It is kept over runs in a cache. Lists that go away while they are read (apt-get
 * update) are read once more, and then it is said.
 */
#include <errno.h>

#include "pkg-cache.h"
#include "pkg-system.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/source/source.h"

#define INTERVAL_NS (300 * HT_NS_PER_S)
#define LIMIT_NS    (60 * HT_NS_PER_S)
#define AGAIN_NS    (2 * HT_NS_PER_S)
#define DAY_NS      (24 * 60 * 60 * HT_NS_PER_S)
#define NAME        "packages"

struct system {
    const char *name;
    ht_pkg_read read;
};

static const struct system systems[] = {
    {"deb", ht_pkg_read_deb},
    {"rpm or apk", ht_pkg_read_others},
    {"image", ht_pkg_read_image},
};

struct packages {
    char *root_path;
    char *cache_folder;
    bool live;
    struct ht_root root;
    struct ht_pkg_inputs inputs; /* of the sample that was published last */
    unsigned lists_limit;        /* days */
    struct ht_node *sample;      /* as published last, or NULL */
    struct ht_feed *feed;        /* while a pass runs */
};

/* ---- what is said about itself ---- */

struct telling {
    enum ht_source_state state;
    struct ht_str detail;
    struct ht_str help;
    uint64_t items;
    uint64_t total; /* 0: items are all */
    int64_t took_ns;
};

static void tell(struct packages *self, struct ht_node *sample, const struct telling *telling)
{
    struct ht_source source = {0};

    ht_source_set_id(&source, HT_S(NAME));
    ht_source_set_name(&source, HT_S(NAME));
    ht_source_set_state(&source, telling->state);
    ht_source_set_detail(&source, telling->detail);
    if (telling->help.len)
        ht_source_set_help(&source, telling->help);
    ht_source_set_object(&source, ht_str_from(self->root_path));
    ht_source_set_items(&source, telling->items);
    if (telling->total)
        ht_source_set_total(&source, telling->total);
    ht_source_set_interval(&source, INTERVAL_NS);
    if (telling->state != HT_SOURCE_STATE_WAIT) {
        ht_source_set_answered_at(&source, ht_clock_wall(self->feed->clock));
        ht_source_set_took(&source, telling->took_ns);
    }
    ht_node_add(sample, ht_row_new(&ht_source_table, &source));
    ht_node_sort(sample);
}

/* The first reading is the long one: it says how far it is. */
static void show_progress(void *context, size_t done, size_t total)
{
    struct packages *self = context;

    self->feed->at(self->feed, "reading package lists");
    if (self->sample)
        return;

    struct ht_node *sample = ht_node_new(ht_clock_wall(self->feed->clock));
    struct ht_buf text = HT_BUF(64);
    ht_buf_addf(&text, "pkgs %zu/%zu lists", done, total);
    tell(self, sample,
         &(struct telling){.state = HT_SOURCE_STATE_WAIT,
                           .detail = ht_buf_str(&text),
                           .items = done,
                           .total = total});
    ht_buf_fini(&text);
    self->feed->publish(self->feed, sample);
}

/* ---- one reading ---- */

struct outcome {
    size_t found;  /* systems that are used here */
    size_t failed; /* systems that could not be read */
    struct ht_error err;
    struct ht_str detail;
    struct ht_str help;
    bool partial;
};

static void add_detail(struct ht_arena *arena, struct outcome *outcome, struct ht_str text)
{
    outcome->detail =
        outcome->detail.len
            ? ht_arena_strf(arena, "%.*s; %.*s", HT_STR_ARG(outcome->detail), HT_STR_ARG(text))
            : text;
}

static void read_system(struct ht_pkg_reading *reading, const struct system *system,
                        struct ht_node *sample, struct outcome *outcome)
{
    struct ht_error err = {0};
    int r;

    reading->summary = reading->trouble = reading->help = (struct ht_str){0};
    r = system->read(reading, sample, &err);
    if (r == -ENOENT)
        return;
    outcome->found++;
    if (r < 0) {
        outcome->failed++;
        outcome->err = err;
        add_detail(reading->arena, outcome,
                   ht_arena_strf(reading->arena, "%s: %s", system->name, err.text));
        return;
    }
    add_detail(reading->arena, outcome, reading->summary);
    if (reading->trouble.len) {
        outcome->partial = true;
        outcome->help = reading->help;
        add_detail(reading->arena, outcome, reading->trouble);
    }
}

static struct ht_str help_for(int code)
{
    if (ht_error_is_denied(-code))
        return HT_S("sudo hulltop");
    if (code == ENOSYS)
        return HT_S("install librpm (Debian: rpm-common, Fedora: rpm-libs)");
    return HT_S("the system's own tool (dpkg, rpm, apk) may say more");
}

static struct telling judge(const struct ht_pkg_reading *reading, const struct outcome *outcome)
{
    struct telling telling = {.state = HT_SOURCE_STATE_OK,
                              .detail = outcome->detail,
                              .help = outcome->help,
                              .items = reading->installed};

    if (outcome->found == 0) {
        /* Every host is made of something: not knowing of what is no proof of anything. */
        telling.state = HT_SOURCE_STATE_PART;
        telling.detail =
            HT_S("no package database that hulltop knows: pending updates are not known");
    } else if (outcome->failed == outcome->found) {
        telling.state = ht_error_is_denied(-outcome->err.code) ? HT_SOURCE_STATE_DENIED
                                                               : HT_SOURCE_STATE_BROKEN;
        telling.help = help_for(outcome->err.code);
    } else if (outcome->failed || outcome->partial) {
        telling.state = HT_SOURCE_STATE_PART;
    }
    return telling;
}

/* Reads everything into a new sample; true if lists went away meanwhile. */
static bool read_all(struct packages *self, struct ht_pkg_inputs *inputs,
                     struct ht_node **ret_sample)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DEB_ARENA);
    struct ht_node *sample = ht_node_new(ht_clock_wall(self->feed->clock));
    struct ht_pkg_reading reading = {.root = &self->root,
                                     .live = self->live,
                                     .arena = arena,
                                     .inputs = inputs,
                                     .progress = show_progress,
                                     .context = self};
    struct outcome outcome = {0};
    int64_t before = ht_clock_mono(self->feed->clock);

    for (size_t i = 0; i < ARRAY_LEN(systems); i++)
        read_system(&reading, &systems[i], sample, &outcome);

    struct telling telling = judge(&reading, &outcome);
    telling.took_ns = ht_clock_mono(self->feed->clock) - before;
    tell(self, sample, &telling);
    *ret_sample = sample;
    return reading.vanished;
}

/* What no file tells: the kernel's clock, and how old the lists have become. */
static struct ht_row *renew_db(const struct packages *self, const struct ht_row *row)
{
    struct ht_package_db db = *ht_package_db_of(row);
    int64_t age = 0;

    if (self->live)
        ht_pkg_read_clock(&db);
    ht_package_db_set_lists_limit(&db, self->lists_limit);
    if (ht_package_db_has_lists_at(&db) &&
        !__builtin_sub_overflow(ht_clock_wall(self->feed->clock), db.lists_at, &age))
        ht_package_db_set_lists_age(&db, age > 0 ? (uint64_t)(age / DAY_NS) : 0);
    return ht_row_keep(row, ht_row_new(&ht_package_db_table, &db));
}

/* The same sample with that renewed; true if it changed anything. */
static bool renew(const struct packages *self, const struct ht_node *sample,
                  struct ht_node **ret_fresh)
{
    const struct ht_rowset *dbs = ht_node_set(sample, HT_TABLE_PACKAGE_DB);
    struct ht_node *fresh = ht_node_share(sample);
    bool changed = false;

    for (size_t i = 0; i < dbs->len; i++) {
        struct ht_row *row = renew_db(self, dbs->rows[i]);

        changed = changed || row != dbs->rows[i];
        ht_node_add(fresh, row);
    }
    ht_node_sort(fresh);
    *ret_fresh = fresh;
    return changed;
}

/* Consumes the sample. */
static void publish(struct packages *self, struct ht_node *sample)
{
    struct ht_node *fresh;

    (void)renew(self, sample, &fresh);
    ht_node_unref(sample);
    ht_node_unref(self->sample);
    self->sample = ht_node_ref(fresh);
    self->feed->publish(self->feed, fresh);
}

/* Nothing was read again: only what no file tells may have changed. */
static void publish_if_changed(struct packages *self)
{
    struct ht_node *fresh;

    if (renew(self, self->sample, &fresh)) {
        ht_node_unref(self->sample);
        self->sample = ht_node_ref(fresh);
        self->feed->publish(self->feed, fresh);
        return;
    }
    ht_node_unref(fresh);
    self->feed->confirm(self->feed);
}

/* ---- passes ---- */

static struct ht_pkg_cache cache_of(const struct packages *self)
{
    return (struct ht_pkg_cache){.folder = self->cache_folder, .root = self->root_path};
}

/* The cached rows are as good as fresh ones, but for what no file tells. */
static bool use_cache(struct packages *self)
{
    const struct ht_pkg_cache cache = cache_of(self);
    struct ht_node *node = ht_pkg_cache_load(&cache, &self->root, &self->inputs);
    const struct ht_row *row;
    struct ht_source source;

    if (!node)
        return false;
    row = ht_node_find(node, HT_TABLE_SOURCE, HT_S(NAME));
    if (!row) {
        ht_node_unref(node);
        return false;
    }
    source = *ht_source_of(row);
    ht_source_set_answered_at(&source, ht_clock_wall(self->feed->clock));

    struct ht_node *sample = ht_node_share(node);
    ht_node_add(sample, ht_row_new(&ht_source_table, &source));
    ht_node_sort(sample);
    ht_node_unref(node);
    publish(self, sample);
    return true;
}

/* False: the end. */
static bool read_again(struct packages *self)
{
    struct ht_pkg_inputs inputs = {0};
    struct ht_request request;
    struct ht_node *sample = NULL;
    const struct ht_pkg_cache cache = cache_of(self);

    if (read_all(self, &inputs, &sample)) {
        ht_node_unref(sample);
        ht_pkg_inputs_fini(&inputs);
        if (!self->feed->wait(self->feed, AGAIN_NS, &request))
            return false;
        (void)read_all(self, &inputs, &sample);
    }
    ht_pkg_cache_save(&cache, &inputs, sample);
    ht_pkg_inputs_fini(&self->inputs);
    self->inputs = inputs;
    publish(self, sample);
    ht_mem_trim();
    return true;
}

/* One pass; false: the end. */
static bool look(struct packages *self)
{
    self->feed->at(self->feed, "looking at the package databases");
    if (!self->sample && use_cache(self))
        return true;
    if (self->sample && ht_pkg_inputs_hold(&self->inputs, &self->root)) {
        publish_if_changed(self);
        return true;
    }
    return read_again(self);
}

static void run(void *context, struct ht_feed *feed)
{
    struct packages *self = context;
    struct ht_request request;
    struct ht_error err = {0};

    self->feed = feed;
    if (ht_root_open(&self->root, self->root_path, &err) < 0) {
        struct ht_node *sample = ht_node_new(ht_clock_wall(feed->clock));

        tell(self, sample,
             &(struct telling){.state = HT_SOURCE_STATE_BROKEN, .detail = ht_str_from(err.text)});
        feed->publish(feed, sample);
        while (feed->wait(feed, -1, &request))
            continue;
        return;
    }
    while (look(self) && feed->wait(feed, INTERVAL_NS, &request))
        continue;
}

static void free_packages(void *context)
{
    struct packages *self = context;

    if (!self)
        return;
    ht_root_close(&self->root);
    ht_pkg_inputs_fini(&self->inputs);
    ht_node_unref(self->sample);
    free(self->root_path);
    free(self->cache_folder);
    free(self);
}

struct ht_driver ht_packages_driver(const struct ht_packages_options *options)
{
    static const struct ht_driver_ops ops = {.name = NAME,
                                             .interval_ns = INTERVAL_NS,
                                             .limit_ns = LIMIT_NS,
                                             .run = run,
                                             .free = free_packages};
    struct packages *self = ht_new0(struct packages);
    const char *root = options->root ? options->root : "/";

    self->root = (struct ht_root)HT_ROOT_NONE;
    self->root_path = ht_strdup(root);
    self->live = options->live;
    self->lists_limit = options->lists_limit_days;
    self->cache_folder = ht_strdup(options->cache_folder);
    return (struct ht_driver){.ops = &ops, .self = self};
}
