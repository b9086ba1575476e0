/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The source "drift" from inside: what its parts call. Layer 3 (source), private; its one thread.
 *
 * Processes are listed once a second and judged when they are new or old enough to be looked at
 * again; whoever watches starts of programs (fanotify, the process connector) tells of them at once
 * by ht_drift_saw.
 */
#ifndef HT_SOURCE_DRIFT_H
#define HT_SOURCE_DRIFT_H

#include <stdint.h>
#include <sys/types.h>

#include "hulltop/base/str.h"

struct ht_drift;

/* A start of a program, as a watcher saw it. */
struct ht_drift_start {
    pid_t pid;
    int fd;              /* the file that is run, opened by the watcher; borrowed. -1: none */
    struct ht_str path;  /* what the kernel calls that file; empty: not told */
    int64_t at;          /* ns since 1970 */
    const char *seen_by; /* "fanotify" or "exec-events"; constant */
};

/* Looks at that process now: what it runs becomes a row that stays when it has ended, published
 * with the next sample. A process of no container, or one that is gone before anything of it could
 * be read, makes none. */
void ht_drift_saw(struct ht_drift *drift, const struct ht_drift_start *start);

#endif
