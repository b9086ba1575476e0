/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device nodes in a container's /dev. Layer 3 (source); one thread.
 *
 * The folder is listed and its nodes are asked for their numbers; nothing in it is opened. That is
 * done only where the root and /dev are local file systems, for another kind could hang.
 */
#ifndef HT_SOURCE_PROC_DEVICES_H
#define HT_SOURCE_PROC_DEVICES_H

#include "hulltop/base/arena.h"
#include "hulltop/base/vec.h"
#include "hulltop/model/rows.h"

/* Sets devices and block_devices of the process whose directory in /proc is open, named as the host
 * names them, leaving out those that every container has (null, zero, full, random, urandom, tty,
 * console, ptmx, pts). Needs the process's mounts; without them or rights devices stay unknown.
 * names remembers what the host calls a device. */
void ht_devices_read(struct ht_map *names, int process_fd, struct ht_arena *arena,
                     struct ht_process *process);
/* Frees names with all that is remembered. */
void ht_devices_forget(struct ht_map *names);

#endif
