/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process table as procps gives it: the only way to libproc2 (procs-libproc2.c) or libprocps 3
 * (procs-libprocps.c). Layer 3 (source); one thread; live processes below /proc only.
 *
 * Measured, the library costs little more than raw reads as long as only stat, cmdline and cgroup
 * are asked for: no SD_UNIT, SMAP_*, NS_* items, and no EXE, which comes escaped for the terminal.
 */
#ifndef HT_SOURCE_PROCS_H
#define HT_SOURCE_PROCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "hulltop/base/error.h"

/* Pids asked for at once: libproc2 refuses more than 254. */
enum { HT_PROCS_BATCH = 200 };

/* One process; texts are borrowed until the visitor returns. */
struct ht_procs_item {
    pid_t pid;
    pid_t ppid;
    uint32_t euid;
    uint32_t egid;
    uint32_t tty;        /* device number; 0: none */
    char state;          /* one letter */
    bool kernel;         /* a kernel thread */
    uint64_t start;      /* ticks since boot */
    uint64_t used;       /* ticks of CPU, user and system */
    const char *comm;    /* never NULL */
    char *const *argv;   /* NULL-terminated; NULL in a light table and where it has none */
    char *const *cgroup; /* lines of /proc/PID/cgroup, NULL-terminated; NULL in a light table */
};

struct ht_procs;

/* Opens the table; a light one reads stat alone. Owned by the caller, or NULL. */
struct ht_procs *ht_procs_new(bool light, struct ht_error *err);
/* NULL is allowed; returns NULL. */
struct ht_procs *ht_procs_free(struct ht_procs *procs);

typedef void (*ht_procs_visit)(void *context, const struct ht_procs_item *item);

/* Visits those of count (at most HT_PROCS_BATCH) pids that still live, in no particular order; with
 * count 0 all there are, which costs a quarter less for each but holds the memory of all until the
 * table is freed. 0 or -errno. */
int ht_procs_each(struct ht_procs *procs, const pid_t *pids, size_t count, ht_procs_visit visit,
                  void *context);

#endif
