/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process table as it is kept between looks. Layer 3 (source); one thread, which may have a
 * second one help it during a look, except for the places that are said to be atomic.
 *
 * One look lists /proc with inode numbers (one system call for some hundred processes) unless the
 * counters says that nobody came or went, reads what is new or due, and keeps every row whose facts
 * are what they were.  A process is pid and start time; what was read in between is thrown away
 * when the pid was used again.
 */
#ifndef HT_SOURCE_PROC_TABLE_H
#define HT_SOURCE_PROC_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "proc-change.h"
#include "proc-read.h"
#include "procs.h"
#include "hulltop/source/source.h"

enum { HT_PROC_SKIPPED_MAX = 3 /* pids left out because a reader hung in their files */ };

/* What must not be read any more, or not all at once. */
struct ht_proc_avoid {
    pid_t skipped[HT_PROC_SKIPPED_MAX];
    size_t skipped_len;
    bool one_by_one; /* a reader hung in the library's reading of all */
};

struct ht_proc_entry {
    pid_t pid;
    uint64_t ino;       /* of /proc/PID: another one is another process */
    uint64_t start;     /* ticks since boot */
    uint64_t ticks;     /* CPU used when last read */
    struct ht_row *row; /* NULL: a zombie, gone, or not read yet */
    struct ht_proc_schedule schedule;
    bool contained; /* of a container, or apart from the node: has security fields */
    bool apart;     /* in a pid namespace or a root that is not the node's */
    bool first;     /* mounts and devices are read too */
    bool engine;    /* a Docker daemon: what it listens on is looked at */
    bool limited;   /* executable and namespaces were refused */
    unsigned turns; /* since mounts and devices were read, or could have changed */
};

struct ht_proc_table {
    struct ht_proc_reader reader;
    struct ht_proc_crowd all; /* struct ht_proc_entry */
    struct ht_arena *arena;
    struct ht_proc_entry *entries; /* its members, as of its last look */
    size_t len;
    struct ht_proc_avoid avoid; /* constant once the thread runs */
    int64_t booted_wall_ns;
    int64_t tick_ns;
    int64_t now_ns; /* of the look under way, monotonic */
    int64_t now_wall_ns;
    int64_t now_boot_ns; /* since the boot: for ages */
    bool changed;
    bool crowd; /* someone joined or left: containers' first processes are looked for */
    struct ht_feed *feed;
    size_t from; /* first place of those that are read in a row by one thread */
    /* Atomic: where the thread and the one that helps it are, for whoever finds it stuck. */
    atomic_int looking_at;   /* pid; 0: at none in particular */
    atomic_int helping_at;   /* likewise */
    atomic_bool reading_all; /* the library does */
};

/* Opens /proc. */
int ht_proc_table_init(struct ht_proc_table *table, const struct ht_proc_avoid *avoid,
                       struct ht_error *err);
void ht_proc_table_fini(struct ht_proc_table *table);
/* One look; changed says whether any row did. 0 or -errno if /proc cannot be listed. */
int ht_proc_table_look(struct ht_proc_table *table, struct ht_feed *feed, struct ht_error *err);
/* Reads the process of an entry that is due; looking_at is where that is told meanwhile. */
void ht_proc_table_read(struct ht_proc_table *table, struct ht_proc_entry *entry,
                        atomic_int *looking_at);
/* Whether it is due, and not to be left out. */
bool ht_proc_table_is_due(const struct ht_proc_table *table, const struct ht_proc_entry *entry);
/* Makes the next look read again: all, a process, or a container's processes. */
void ht_proc_table_request(struct ht_proc_table *table, const struct ht_request *request);
/* Reads the CPU ticks of these entries again. */
void ht_proc_table_ticks(struct ht_proc_table *table, const size_t *places, size_t count);
/* What a new table must avoid when this one's thread hangs. False: nothing is to be learnt, or too
 * many were avoided. Atomic: for another thread. */
bool ht_proc_table_learn(struct ht_proc_table *table, struct ht_proc_avoid *ret_avoid);

#endif
