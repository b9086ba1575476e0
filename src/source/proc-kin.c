/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Identity by namespaces and ancestors, and first processes of containers. */
#include "proc-kin.h"

#include <stdlib.h>

#include "hulltop/base/mem.h"

enum { ANCESTORS_MAX = 64 };

static int compare_pids(const void *a, const void *b)
{
    const struct ht_proc_entry *left = a;
    const struct ht_proc_entry *right = b;

    return (left->pid > right->pid) - (left->pid < right->pid);
}

/* The entry of a process that was read; NULL: there is none. */
static const struct ht_proc_entry *entry_of(const struct ht_proc_table *table, uint64_t pid)
{
    const struct ht_proc_entry key = {.pid = (pid_t)pid};
    const struct ht_proc_entry *entry =
        bsearch(&key, table->entries, table->len, sizeof(key), compare_pids);

    return entry && entry->row ? entry : NULL;
}

static bool has_id(const struct ht_process *process)
{
    return ht_process_has_container_id(process) && process->container_id.len > 0;
}

void ht_kin_carry(const struct ht_process *old, struct ht_process *fresh)
{
    if (has_id(fresh) || !has_id(old) || ht_str_is(old->container_hint, "cgroup"))
        return;
    ht_process_set_container_id(fresh, old->container_id);
    ht_process_set_container_hint(fresh, old->container_hint);
}

/* ---- identity ---- */

static struct ht_str inode_key(char kind, uint64_t inode, struct ht_buf *buf)
{
    ht_buf_reset(buf);
    ht_buf_addf(buf, "%c%llu", kind, (unsigned long long)inode);
    return ht_buf_str(buf);
}

/* Namespaces of processes whose container is known, to a process there. */
static struct ht_map *known_namespaces(const struct ht_proc_table *table)
{
    struct ht_map *map = ht_map_new();
    ht_autobuf struct ht_buf buf = HT_BUF(64);

    for (size_t i = 0; i < table->len; i++) {
        const struct ht_proc_entry *entry = &table->entries[i];
        const struct ht_process *process = entry->row ? ht_process_of(entry->row) : NULL;

        if (!process || !entry->contained || !has_id(process))
            continue;
        if (process->ns_pid && process->ns_pid != table->reader.ns_pid)
            ht_map_set(map, inode_key('p', process->ns_pid, &buf), entry->row);
        if (process->ns_mnt && process->ns_mnt != table->reader.ns_mnt)
            ht_map_set(map, inode_key('m', process->ns_mnt, &buf), entry->row);
    }
    return map;
}

/* The id that a container's monitor among the ancestors was started for. What runs in a container
 * can be called so, too, and name any container: one of the node's own goes first. */
static struct ht_str id_of_ancestor(const struct ht_proc_table *table, uint64_t ppid,
                                    const char **ret_hint)
{
    struct ht_str nested = {0};

    for (int i = 0; i < ANCESTORS_MAX && ppid; i++) {
        const struct ht_proc_entry *entry = entry_of(table, ppid);
        const char *hint;
        struct ht_str id;

        if (!entry)
            break;
        id = ht_proc_decode_monitor(ht_process_of(entry->row)->argv, &hint);
        if (id.len && (!entry->apart || nested.len == 0))
            *ret_hint = hint;
        if (id.len && !entry->apart)
            return id;
        if (nested.len == 0)
            nested = id;
        ppid = ht_process_of(entry->row)->ppid;
    }
    return nested;
}

static void adopt(struct ht_proc_table *table, struct ht_proc_entry *entry, struct ht_map *known)
{
    struct ht_process process = *ht_process_of(entry->row);
    ht_autobuf struct ht_buf buf = HT_BUF(64);
    const char *hint = "namespace";
    struct ht_str id = {0};
    const struct ht_row *kin = NULL;

    if (process.ns_pid && process.ns_pid != table->reader.ns_pid)
        kin = ht_map_get(known, inode_key('p', process.ns_pid, &buf));
    if (!kin && process.ns_mnt && process.ns_mnt != table->reader.ns_mnt)
        kin = ht_map_get(known, inode_key('m', process.ns_mnt, &buf));
    if (kin)
        id = ht_process_of(kin)->container_id;
    else
        id = id_of_ancestor(table, process.ppid, &hint);
    if (id.len == 0)
        return;
    ht_process_set_container_id(&process, id);
    ht_process_set_container_hint(&process, ht_str_from(hint));
    ht_proc_entry_keep(table, entry, &process);
}

static void adopt_all(struct ht_proc_table *table)
{
    struct ht_map *known = NULL;

    for (size_t i = 0; i < table->len; i++) {
        struct ht_proc_entry *entry = &table->entries[i];

        if (!entry->row || !entry->apart || has_id(ht_process_of(entry->row)))
            continue;
        if (!known)
            known = known_namespaces(table);
        adopt(table, entry, known);
    }
    ht_map_free(known);
}

/* ---- first processes ---- */

static bool is_older(const struct ht_proc_entry *a, const struct ht_proc_entry *b)
{
    return a->start != b->start ? a->start < b->start : a->pid < b->pid;
}

/* Reads what only a container's first process is asked for. */
static void promote(struct ht_proc_table *table, struct ht_proc_entry *entry)
{
    struct ht_process process = *ht_process_of(entry->row);

    entry->first = true;
    ht_arena_reset(table->arena);
    atomic_store(&table->looking_at, entry->pid);
    ht_autoclose int dirfd = ht_proc_open(&table->reader, entry->pid);
    if (dirfd >= 0)
        ht_proc_read_init(&table->reader, dirfd, table->arena, &process);
    if (dirfd >= 0 && ht_proc_is_same(&table->reader, dirfd, entry->start))
        ht_proc_entry_keep(table, entry, &process);
    atomic_store(&table->looking_at, 0);
}

struct promoting {
    struct ht_proc_table *table;
};

static void promote_value(void *context, struct ht_str key, void *value)
{
    struct promoting *promoting = context;
    struct ht_proc_entry *entry = value;

    (void)key;
    if (!entry->first)
        promote(promoting->table, entry);
}

/* Where no process is number 1 of a namespace, the oldest of the container stands for it. */
static void promote_all(struct ht_proc_table *table)
{
    struct promoting promoting = {.table = table};
    struct ht_map *firsts = ht_map_new();

    for (size_t i = 0; i < table->len; i++) {
        struct ht_proc_entry *entry = &table->entries[i];
        const struct ht_process *process = entry->row ? ht_process_of(entry->row) : NULL;

        if (!process || !entry->contained || !has_id(process))
            continue;
        struct ht_proc_entry *best = ht_map_get(firsts, process->container_id);
        if (!best || (entry->first && !best->first) ||
            (entry->first == best->first && is_older(entry, best)))
            ht_map_set(firsts, process->container_id, entry);
    }
    ht_map_each(firsts, promote_value, &promoting);
    ht_map_free(firsts);
}

void ht_kin_settle(struct ht_proc_table *table)
{
    adopt_all(table);
    promote_all(table);
}
