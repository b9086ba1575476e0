/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only a process's relatives tell: whose container it is in where its cgroup is silent, and
 * which is the first process of a container that shares a pid namespace.
 * Layer 3 (source); the process source's thread.
 */
#ifndef HT_SOURCE_PROC_KIN_H
#define HT_SOURCE_PROC_KIN_H

#include "proc-table.h"

/* Looks at all entries after some came or went. */
void ht_kin_settle(struct ht_proc_table *table);
/* Keeps what relatives told before when a process is read again. */
void ht_kin_carry(const struct ht_process *old, struct ht_process *fresh);
/* Makes process the facts of an entry; its row stays if it says the same. */
void ht_proc_entry_keep(struct ht_proc_table *table, struct ht_proc_entry *entry,
                        const struct ht_process *process);

#endif
