/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only a process's relatives tell: whose container it is in where its cgroup is silent, and
 * which is the first process of a container that shares a pid namespace.
 * Layer 3 (source); the process source's thread.
 */
#ifndef HT_SOURCE_PROC_KIN_H
#define HT_SOURCE_PROC_KIN_H

#include "proc-table.h"

/* A process among ancestors, as far as its relatives' container depends on it. */
struct ht_kin_ancestor {
    struct ht_str id; /* of the container that it monitors; empty: it is no monitor */
    const char *kind; /* of monitor */
    bool apart;       /* it is not one of the node's own; asked only of monitors */
    uint64_t ppid;
};

/* Tells of the process of that number; false: it is not there. */
typedef bool (*ht_kin_ask)(void *context, uint64_t pid, struct ht_kin_ancestor *ret);

/* The id that a container's monitor among the ancestors was started for, from the parent up; empty:
 * there is none. What runs in a container can be called like a monitor, too, and name any
 * container: one of the node's own goes first. The kind of the one that was taken goes to ret_kind,
 * which is left alone where there is none. */
struct ht_str ht_kin_monitored(uint64_t ppid, ht_kin_ask ask, void *context, const char **ret_kind);

/* Looks at all entries after some came or went. */
void ht_kin_settle(struct ht_proc_table *table);
/* Keeps what relatives told before when a process is read again. */
void ht_kin_carry(const struct ht_process *old, struct ht_process *fresh);
/* Makes process the facts of an entry; its row stays if it says the same. */
void ht_proc_entry_keep(struct ht_proc_table *table, struct ht_proc_entry *entry,
                        const struct ht_process *process);

#endif
