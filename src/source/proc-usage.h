/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU and memory of containers and host units, from their cgroups (v1, v2 and hybrid).
 * Layer 3 (source); one thread.
 *
 * No descriptors are kept between readings: open, read and close of two or three files cost about
 * 40 us a container each few seconds.  A value that moved too little to be seen keeps its row.
 */
#ifndef HT_SOURCE_PROC_USAGE_H
#define HT_SOURCE_PROC_USAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc-read.h"
#include "hulltop/model/node.h"

struct ht_usage_meter;

/* A meter of the cgroups mounted here; owned by the caller. */
struct ht_usage_meter *ht_usage_new(void);
/* The same with recorded mounts (mountinfo text), for tests. */
struct ht_usage_meter *ht_usage_new_with(struct ht_str mountinfo);
/* NULL is allowed; returns NULL. */
struct ht_usage_meter *ht_usage_free(struct ht_usage_meter *meter);

/* One reading is: begin, then count for each process, then finish. */
void ht_usage_begin(struct ht_usage_meter *meter);
/* A process of a container (its id) or else of a unit. ticks are its CPU ticks so far as the
 * process table last told; they count only where the cgroup has no files here, and then true is
 * returned: the caller keeps them fresh. */
bool ht_usage_count(struct ht_usage_meter *meter, const struct ht_process *process,
                    struct ht_proc_reader *reader, uint64_t ticks);
/* Something was done to that container: its memory and limits are read at the next reading, too
 * where it slept. */
void ht_usage_expect(struct ht_usage_meter *meter, struct ht_str container_id);
/* The same of all, where it is not told to which. */
void ht_usage_expect_all(struct ht_usage_meter *meter);
/* Reads at now_ns (monotonic), forgets who was not counted. True if a row changed. */
bool ht_usage_finish(struct ht_usage_meter *meter, int64_t now_ns);
/* Adds the rows to a sample. */
void ht_usage_share(const struct ht_usage_meter *meter, struct ht_node *sample);

#endif
