/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "drift-layers.h"

#include <errno.h>
#include <string.h>

#include "drift-languages.h"
#include "drift-packages.h"
#include "drift-upper.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"

#define AGAIN_NS (INT64_C(60) * HT_NS_PER_S)
/* After a first look at one that seems not to be told apart. */
#define SOON_NS (INT64_C(5) * HT_NS_PER_S)
/* Databases of packages are looked at that often for whether they were written. */
#define STAMP_NS (INT64_C(5) * HT_NS_PER_S)
/* Reading them may take long, and who is in the container may write them all the time: no more
 * often than that are they read before their turn, in the time until the next. */
#define EARLY_MAX 4
/* A writable directory can hold very many files: it is walked seldom, and no
 * more of them at one look than have that many files. */
#define WALK_NS (INT64_C(600) * HT_NS_PER_S)

enum { STARTS_KEPT = 32, STARTS_TOLD = 8, PROGRAM_BYTES = 128, COMMAND_BYTES = 256 };

#define BEFORE_NS (INT64_C(60) * HT_NS_PER_S)
/* A file's time may be a tick of the kernel's older than the start that made it. */
#define AFTER_NS (INT64_C(1) * HT_NS_PER_S)

struct kept_start {
    int64_t at;
    size_t program_len;
    char texts[]; /* program and command, each with a NUL */
};

struct ht_layers_entry {
    struct kept_start **starts; /* a ring; NULL: none yet */
    uint64_t starts_len;        /* ever */
    char *id;
    struct ht_row *row; /* NULL: not looked at yet */
    size_t processes;
    uint64_t pid_start;
    size_t looked, unread; /* since the last row */
    pid_t pid;             /* its oldest process; 0: not known */
    bool by_kin;           /* that one is its only by what any user can claim */
    uint64_t since;        /* 0: no process of it was seen yet */
    bool since_by_kin;     /* that was told by such a one */
    int64_t due_ns;
    int64_t stamp_ns;      /* when its databases of packages are looked at next */
    int64_t early_ns;      /* until then early looks are counted */
    unsigned early;        /* those */
    uint64_t stamp;        /* what they looked like before they were read */
    unsigned databases;    /* which they are, as it was looked at last */
    int64_t walk_ns;       /* when its directory is walked next, monotonic; 0: at once */
    int64_t counted_since; /* wall time of the first walk; 0: there was none */
    uint64_t bytes_first;
};

struct ht_layers {
    struct ht_map *entries; /* by container id */
    bool changed;
};

struct ht_layers *ht_layers_new(void)
{
    struct ht_layers *layers = ht_new0(struct ht_layers);

    layers->entries = ht_map_new();
    return layers;
}

static void free_starts(struct ht_layers_entry *entry)
{
    for (size_t i = 0; entry->starts && i < STARTS_KEPT; i++)
        free(entry->starts[i]);
    free(entry->starts);
}

static bool forget(void *context, struct ht_str key, void *value)
{
    struct ht_layers_entry *entry = value;

    (void)context;
    (void)key;
    ht_row_unref(entry->row);
    free_starts(entry);
    free(entry->id);
    free(entry);
    return true;
}

struct ht_layers *ht_layers_free(struct ht_layers *layers)
{
    if (layers) {
        ht_map_remove_if(layers->entries, forget, NULL);
        ht_map_free(layers->entries);
    }
    free(layers);
    return NULL;
}

/* Whether a process stands before another: the surer, of equals the older. */
static bool is_before(uint64_t start, bool by_kin, uint64_t other_start, bool other_by_kin)
{
    return by_kin == other_by_kin ? start < other_start : other_by_kin;
}

struct ht_layers_entry *ht_layers_join(struct ht_layers *layers, struct ht_str container_id,
                                       uint64_t start, bool by_kin)
{
    struct ht_layers_entry *entry = ht_map_get(layers->entries, container_id);

    if (!entry) {
        entry = ht_new0(struct ht_layers_entry);
        entry->id = ht_strndup(container_id.data, container_id.len);
        ht_map_set(layers->entries, container_id, entry);
    }
    if (entry->since == 0 || is_before(start, by_kin, entry->since, entry->since_by_kin)) {
        entry->since = start;
        entry->since_by_kin = by_kin;
    }
    entry->processes++;
    return entry;
}

void ht_layers_leave(struct ht_layers *layers, struct ht_layers_entry *entry)
{
    if (--entry->processes > 0)
        return;
    (void)ht_map_remove(layers->entries, ht_layers_id(entry));
    layers->changed = true;
    (void)forget(NULL, (struct ht_str){0}, entry);
}

struct ht_layers_entry *ht_layers_find(const struct ht_layers *layers, struct ht_str container_id)
{
    return ht_map_get(layers->entries, container_id);
}

struct searching {
    bool (*visit)(void *context, const struct ht_layers_entry *entry);
    void *context;
    struct ht_layers_entry *found;
};

static void search(void *context, struct ht_str key, void *value)
{
    struct searching *searching = context;

    (void)key;
    if (!searching->found && searching->visit(searching->context, value))
        searching->found = value;
}

struct ht_layers_entry *ht_layers_first(const struct ht_layers *layers,
                                        bool (*visit)(void *context,
                                                      const struct ht_layers_entry *entry),
                                        void *context)
{
    struct searching searching = {.visit = visit, .context = context};

    ht_map_each(layers->entries, search, &searching);
    return searching.found;
}

pid_t ht_layers_pid(const struct ht_layers_entry *entry)
{
    return entry->pid;
}

bool ht_layers_upper(const struct ht_layers_entry *entry, struct ht_str *ret_upper)
{
    const struct ht_layer *layer = entry->row ? ht_layer_of(entry->row) : NULL;

    if (!layer)
        return false;
    *ret_upper = ht_layer_has_upper_dir(layer) ? layer->upper_dir : (struct ht_str){0};
    return true;
}

struct ht_str ht_layers_id(const struct ht_layers_entry *entry)
{
    return ht_str_from(entry->id);
}

uint64_t ht_layers_since(const struct ht_layers_entry *entry)
{
    return entry->since;
}

void ht_layers_gone(struct ht_layers_entry *entry, pid_t pid)
{
    if (entry->pid == pid)
        entry->pid = 0;
}

void ht_layers_offer(struct ht_layers_entry *entry, pid_t pid, uint64_t start, bool by_kin)
{
    if (entry->pid && !is_before(start, by_kin, entry->pid_start, entry->by_kin))
        return;
    entry->pid = pid;
    entry->pid_start = start;
    entry->by_kin = by_kin;
}

void ht_layers_looked(struct ht_layers_entry *entry, bool unread)
{
    entry->looked += !unread;
    entry->unread += unread;
}

/* ---- what was started ---- */

static struct ht_str cut(struct ht_str text, size_t size)
{
    return ht_str_sub(text, 0, text.len < size ? text.len : size - 1);
}

/* No larger than what it says: there are many containers, and in some of them much is started. */
static struct kept_start *make_start(int64_t at, struct ht_str program, struct ht_str command)
{
    struct kept_start *kept = ht_alloc0(1, sizeof(*kept) + program.len + command.len + 2);

    kept->at = at;
    kept->program_len = program.len;
    if (program.len)
        memcpy(kept->texts, program.data, program.len);
    if (command.len)
        memcpy(kept->texts + program.len + 1, command.data, command.len);
    return kept;
}

void ht_layers_started(struct ht_layers_entry *entry, const struct ht_layers_start *start)
{
    ht_autobuf struct ht_buf command = HT_BUF(COMMAND_BYTES);
    struct kept_start **kept;

    if (!entry->starts)
        entry->starts = ht_new_array(struct kept_start *, STARTS_KEPT);
    kept = &entry->starts[entry->starts_len++ % STARTS_KEPT];
    for (size_t i = 0; i < start->argv.len && !ht_buf_is_full(&command); i++) {
        if (i)
            ht_buf_add_c(&command, ' ');
        ht_buf_add_str(&command, start->argv.items[i]);
    }
    free(*kept);
    *kept = make_start(start->at, cut(start->program, PROGRAM_BYTES),
                       cut(command.len ? ht_buf_str(&command) : start->program, COMMAND_BYTES));
}

struct ht_program_start_list ht_layers_before(const struct ht_layers_entry *entry, int64_t at,
                                              struct ht_arena *arena)
{
    struct ht_program_start *items = ht_arena_array(arena, struct ht_program_start, STARTS_TOLD);
    uint64_t oldest = entry->starts_len > STARTS_KEPT ? entry->starts_len - STARTS_KEPT : 0;
    size_t len = 0;

    for (uint64_t i = entry->starts_len; i > oldest && len < STARTS_TOLD; i--) {
        const struct kept_start *kept = entry->starts[(i - 1) % STARTS_KEPT];

        if (kept->at < at - BEFORE_NS || kept->at > at + AFTER_NS)
            continue;
        ht_program_start_set_at(&items[len], kept->at);
        ht_program_start_set_program(&items[len], ht_arena_text(arena, kept->texts));
        ht_program_start_set_command(&items[len],
                                     ht_arena_text(arena, kept->texts + kept->program_len + 1));
        len++;
    }
    return (struct ht_program_start_list){.items = items, .len = len};
}

struct looking {
    struct ht_layers *layers;
    struct ht_origin *origin;
    struct ht_arena *arena;
    struct ht_feed *feed;
    int64_t now_ns, now_wall_ns;
    uint64_t walked; /* entries of directories that were walked in this look */
};

/* The changes that only a walk finds. */
static struct ht_package_change_list of_languages(const struct ht_layer *before,
                                                  struct ht_arena *arena)
{
    struct ht_package_change *items =
        ht_arena_array(arena, struct ht_package_change, before->packages.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < before->packages.len; i++) {
        if (ht_language_is(before->packages.items[i].manager))
            items[len++] = before->packages.items[i];
    }
    return (struct ht_package_change_list){.items = items, .len = len};
}

/* What was found in its directory last. */
static void recall_walk(const struct ht_row *row, struct ht_arena *arena, struct ht_layer *layer)
{
    const struct ht_layer *before = row ? ht_layer_of(row) : NULL;
    struct ht_package_change_list changes = {.len = 0};

    if (!before || !ht_layer_has_files(before))
        return;
    ht_layer_set_files(layer, before->files);
    ht_layer_set_bytes(layer, before->bytes);
    ht_layer_set_counted_all(layer, before->counted_all);
    ht_layer_set_largest(layer, before->largest);
    ht_layer_set_set_id(layer, before->set_id);
    ht_layer_set_persistence(layer, before->persistence);
    if (ht_layer_has_packages(before))
        changes = of_languages(before, arena);
    if (changes.len || (ht_layer_has_packages(before) && before->counted_all))
        ht_layer_set_packages(layer, changes);
}

/* Returns whether it was walked now, to its end, and holds nothing at all. */
static bool walk(struct looking *looking, struct ht_layers_entry *entry, struct ht_layer *layer)
{
    bool is_empty = false;

    if (!ht_layer_has_upper_dir(layer))
        return false;
    if (looking->walked >= HT_UPPER_ENTRIES_MAX || entry->walk_ns > looking->now_ns) {
        recall_walk(entry->row, looking->arena, layer);
    } else {
        size_t visited = ht_drift_upper(looking->origin, entry->pid, looking->arena, layer,
                                        HT_UPPER_ENTRIES_MAX);

        is_empty = visited == 0 && ht_layer_has_files(layer) && layer->counted_all;
        looking->walked += visited;
        entry->walk_ns = looking->now_ns + WALK_NS;
    }
    if (!ht_layer_has_bytes(layer))
        return false;
    if (entry->counted_since == 0) {
        entry->counted_since = looking->now_wall_ns;
        entry->bytes_first = layer->bytes;
    }
    ht_layer_set_counted_since(layer, entry->counted_since);
    ht_layer_set_bytes_first(layer, entry->bytes_first);
    return is_empty;
}

/* What its writable directory and its databases of packages hold. */
static void look_inside(struct looking *looking, struct ht_layers_entry *entry,
                        struct ht_layer *layer)
{
    bool is_empty = walk(looking, entry, layer);
    struct ht_origin_layers layers;

    if (ht_origin_find_layers(looking->origin, entry->pid, ht_layers_id(entry), &layers) < 0) {
        ht_field_forget(&ht_layer_table, layer, "packages");
        ht_field_forget(&ht_layer_table, layer, "packages_cut");
        entry->databases = HT_PACKAGES_ALL;
        return;
    }
    layers.is_upper_empty = is_empty;
    entry->databases = ht_drift_packages(looking->origin, &layers, looking->arena, layer);
}

/* False: the process that it is looked at through has ended; the next look has another. */
static bool describe(struct looking *looking, struct ht_layers_entry *entry, struct ht_layer *layer)
{
    int r =
        ht_origin_layer(looking->origin, entry->pid, ht_layers_id(entry), looking->arena, layer);

    if (r == -ESRCH)
        return false;
    ht_layer_set_id(layer, ht_layers_id(entry));
    if (r < 0) {
        ht_layer_set_blind(layer, HT_S("its mount table may not be read"));
        ht_layer_set_help(layer, HT_S("sudo hulltop"));
    } else if (entry->looked == 0 && entry->unread) {
        ht_layer_set_blind(layer, HT_S("its processes may not be read"));
        ht_layer_set_help(layer, HT_S("sudo hulltop"));
    }
    if (r == 0)
        look_inside(looking, entry, layer);
    ht_layer_set_processes(layer, entry->looked);
    ht_layer_set_unread(layer, entry->unread);
    ht_layer_set_scanned_at(layer, looking->now_wall_ns);
    return true;
}

/* Two looks that found the same are one row: when and how many is no news. */
static void agree(const struct ht_row *old, struct ht_layer *fresh)
{
    const struct ht_layer *before = old ? ht_layer_of(old) : NULL;

    if (!before || (before->unread == 0) != (fresh->unread == 0))
        return;
    ht_layer_set_scanned_at(fresh, before->scanned_at);
    ht_layer_set_processes(fresh, before->processes);
    ht_layer_set_unread(fresh, before->unread);
}

static bool may_be_early(struct ht_layers_entry *entry, int64_t now_ns)
{
    if (entry->early_ns <= now_ns) {
        entry->early_ns = now_ns + AGAIN_NS;
        entry->early = 0;
    }
    return entry->early++ < EARLY_MAX;
}

/* Somebody who installs a package is not waited a minute for, where packages are installed at all.
 */
static void look_at_databases(struct looking *looking, struct ht_layers_entry *entry)
{
    const struct ht_layer *layer = entry->row ? ht_layer_of(entry->row) : NULL;
    uint64_t stamp;

    if (!layer || !ht_layer_has_upper_dir(layer) || entry->stamp_ns > looking->now_ns)
        return;
    entry->stamp_ns = looking->now_ns + STAMP_NS;
    stamp = ht_drift_packages_stamp(looking->origin, layer->upper_dir, entry->databases);
    if (stamp != entry->stamp && may_be_early(entry, looking->now_ns))
        entry->due_ns = looking->now_ns;
    entry->stamp = stamp;
}

static void look(void *context, struct ht_str key, void *value)
{
    struct looking *looking = context;
    struct ht_layers_entry *entry = value;
    struct ht_layer layer = {0};
    struct ht_row *row;
    bool is_first;

    (void)key;
    look_at_databases(looking, entry);
    if (entry->due_ns > looking->now_ns || entry->pid == 0 ||
        (!entry->row && entry->looked + entry->unread == 0))
        return;
    /* Hundreds of them may take longer than a source may be silent. */
    looking->feed->at(looking->feed, "looking at a container's writable layer");
    ht_arena_reset(looking->arena);
    if (!describe(looking, entry, &layer)) {
        entry->looked = entry->unread = 0;
        return;
    }
    is_first = !entry->row;
    agree(entry->row, &layer);
    row = ht_row_keep(entry->row, ht_row_new(&ht_layer_table, &layer));
    looking->layers->changed = looking->layers->changed || row != entry->row;
    ht_row_unref(entry->row);
    entry->row = row;
    entry->looked = entry->unread = 0;
    /* What stood for the container may not have moved to its root yet. */
    entry->due_ns = looking->now_ns + (is_first && ht_layer_has_blind(&layer) ? SOON_NS : AGAIN_NS);
    /* Its turn to be walked did not come yet. */
    if (ht_layer_has_upper_dir(&layer) && entry->walk_ns == 0)
        entry->due_ns = looking->now_ns;
}

void ht_layers_look(struct ht_layers *layers, struct ht_origin *origin, int64_t now_ns,
                    int64_t now_wall_ns, struct ht_feed *feed)
{
    struct looking looking = {.layers = layers,
                              .origin = origin,
                              .feed = feed,
                              .arena = ht_arena_new(HT_LIMIT_ROW),
                              .now_ns = now_ns,
                              .now_wall_ns = now_wall_ns};

    ht_map_each(layers->entries, look, &looking);
    ht_arena_free(looking.arena);
}

bool ht_layers_changed(const struct ht_layers *layers)
{
    return layers->changed;
}

size_t ht_layers_count(const struct ht_layers *layers)
{
    return ht_map_len(layers->entries);
}

static void add_unread(void *context, struct ht_str key, void *value)
{
    const struct ht_layers_entry *entry = value;
    size_t *count = context;

    (void)key;
    if (entry->row)
        *count += ht_layer_of(entry->row)->unread;
}

size_t ht_layers_unread(const struct ht_layers *layers)
{
    size_t count = 0;

    ht_map_each(layers->entries, add_unread, &count);
    return count;
}

static void put_entry(void *context, struct ht_str key, void *value)
{
    const struct ht_layers_entry *entry = value;

    (void)key;
    if (entry->row)
        ht_node_add(context, ht_row_ref(entry->row));
}

void ht_layers_put(struct ht_layers *layers, struct ht_node *sample)
{
    ht_map_each(layers->entries, put_entry, sample);
    layers->changed = false;
}
