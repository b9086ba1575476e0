/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "drift-layers.h"

#include <errno.h>

#include "drift-packages.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"

#define AGAIN_NS (INT64_C(60) * HT_NS_PER_S)

struct ht_layers_entry {
    char *id;
    struct ht_row *row; /* NULL: not looked at yet */
    size_t processes;
    uint64_t pid_start;
    size_t looked, unread; /* since the last row */
    pid_t pid;             /* one of its processes that was looked at */
    uint64_t since;
    int64_t due_ns;
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

static bool forget(void *context, struct ht_str key, void *value)
{
    struct ht_layers_entry *entry = value;

    (void)context;
    (void)key;
    ht_row_unref(entry->row);
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

struct ht_layers_entry *ht_layers_join(struct ht_layers *layers, struct ht_str container_id,
                                       uint64_t start)
{
    struct ht_layers_entry *entry = ht_map_get(layers->entries, container_id);

    if (!entry) {
        entry = ht_new0(struct ht_layers_entry);
        entry->id = ht_strndup(container_id.data, container_id.len);
        ht_map_set(layers->entries, container_id, entry);
    }
    if (entry->since == 0 || start < entry->since)
        entry->since = start;
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

pid_t ht_layers_pid(const struct ht_layers_entry *entry)
{
    return entry->pid;
}

struct ht_str ht_layers_id(const struct ht_layers_entry *entry)
{
    return ht_str_from(entry->id);
}

uint64_t ht_layers_since(const struct ht_layers_entry *entry)
{
    return entry->since;
}

void ht_layers_looked(struct ht_layers_entry *entry, pid_t pid, uint64_t start, bool unread)
{
    /* The oldest of a round, most often its first: it is there when the layer's turn comes. */
    if (entry->looked + entry->unread == 0 || start < entry->pid_start) {
        entry->pid = pid;
        entry->pid_start = start;
    }
    entry->looked += !unread;
    entry->unread += unread;
}

struct looking {
    struct ht_layers *layers;
    struct ht_origin *origin;
    struct ht_arena *arena;
    int64_t now_ns, now_wall_ns;
};

/* False: the process that it is looked at through has ended; the next that is judged will do. */
static bool describe(const struct looking *looking, struct ht_layers_entry *entry,
                     struct ht_layer *layer)
{
    int r =
        ht_origin_layer(looking->origin, entry->pid, ht_layers_id(entry), looking->arena, layer);

    if (r == -ESRCH)
        return false;
    ht_layer_set_id(layer, ht_layers_id(entry));
    if (r < 0) {
        ht_layer_set_blind(layer, HT_S("its mount table may not be read"));
        ht_layer_set_help(layer, HT_S("run as root"));
    } else if (entry->looked == 0 && entry->unread) {
        ht_layer_set_blind(layer, HT_S("its processes may not be read"));
        ht_layer_set_help(layer, HT_S("run as root"));
    }
    if (r == 0)
        ht_drift_packages(looking->origin, entry->pid, ht_layers_id(entry), looking->arena, layer);
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

static void look(void *context, struct ht_str key, void *value)
{
    struct looking *looking = context;
    struct ht_layers_entry *entry = value;
    struct ht_layer layer = {0};
    struct ht_row *row;

    (void)key;
    if (entry->due_ns > looking->now_ns || entry->pid == 0)
        return;
    ht_arena_reset(looking->arena);
    if (!describe(looking, entry, &layer)) {
        entry->looked = entry->unread = 0;
        return;
    }
    agree(entry->row, &layer);
    row = ht_row_keep(entry->row, ht_row_new(&ht_layer_table, &layer));
    looking->layers->changed = looking->layers->changed || row != entry->row;
    ht_row_unref(entry->row);
    entry->row = row;
    entry->looked = entry->unread = 0;
    entry->due_ns = looking->now_ns + AGAIN_NS;
}

void ht_layers_look(struct ht_layers *layers, struct ht_origin *origin, int64_t now_ns,
                    int64_t now_wall_ns)
{
    struct looking looking = {.layers = layers,
                              .origin = origin,
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
