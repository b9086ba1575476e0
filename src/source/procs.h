/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process table as procps gives it: the only way to libproc2 (procs-libproc2.c) or libprocps 3
 * (procs-libprocps.c). Layer 3 (source); one thread; live processes below /proc only.
 *
 * It is asked which processes there are and whose they are. Measured, its way from stat, cmdline
 * and cgroup to lists costs a third more than reading these files does, most of it because all of
 * them are read before the first is handed out; proc-read.h reads one process after the other.
 */
#ifndef HT_SOURCE_PROCS_H
#define HT_SOURCE_PROCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "hulltop/base/error.h"

struct ht_procs_item {
    pid_t pid;
    uint32_t euid;
    uint32_t egid;
};

typedef void (*ht_procs_visit)(void *context, const struct ht_procs_item *item);

/* Visits all there are, in no particular order. The library's memory for them is gone afterwards;
 * the library itself stays, once it was opened. 0 or -errno; -ENOSYS: there is no such library. */
int ht_procs_each(ht_procs_visit visit, void *context);

#endif
