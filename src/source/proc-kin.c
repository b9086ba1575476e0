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

struct ht_str ht_kin_monitored(uint64_t ppid, ht_kin_ask ask, void *context, const char **ret_kind)
{
    struct ht_str nested = {0};

    for (int i = 0; i < ANCESTORS_MAX && ppid; i++) {
        struct ht_kin_ancestor ancestor = {0};

        if (!ask(context, ppid, &ancestor))
            break;
        if (ancestor.id.len && (!ancestor.apart || nested.len == 0))
            *ret_kind = ancestor.kind;
        if (ancestor.id.len && !ancestor.apart)
            return ancestor.id;
        if (nested.len == 0)
            nested = ancestor.id;
        ppid = ancestor.ppid;
    }
    return nested;
}

static bool ask_table(void *context, uint64_t pid, struct ht_kin_ancestor *ret)
{
    const struct ht_proc_entry *entry = entry_of(context, pid);

    if (!entry)
        return false;
    ret->id = ht_proc_decode_monitor(ht_process_of(entry->row)->argv, &ret->kind);
    ret->apart = entry->apart;
    ret->ppid = ht_process_of(entry->row)->ppid;
    return true;
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
        id = ht_kin_monitored(process.ppid, ask_table, table, &hint);
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
