/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What need not be read again below /proc. Layer 3 (source); one thread for each object.
 *
 * Several sources walk /proc again and again, and most of what they meet is as it was.  A pulse
 * says without any list that no process came or went; what it cannot see is that a process runs
 * another program now.  Dull processes are those that a source looked at and has no use for: known
 * by pid and inode number, which changes when a pid is used again, they are left out of its next
 * walks. For they may run another program later, they are looked at twice, and now and then all
 * anew.
 */
#ifndef HT_SOURCE_PROC_CHANGE_H
#define HT_SOURCE_PROC_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Zeroed: nothing is known yet. */
struct ht_proc_pulse {
    uint64_t threads;  /* of the node */
    uint64_t last_pid; /* given to a new process or thread */
    int64_t sure_until_ns;
};

/* Whether a list of the /proc behind proc_fd may differ from one made when this last said so. Made
 * before the list, so that what happens meanwhile is seen by the next call. Where the kernel does
 * not tell, and every five seconds, true. now_ns is monotonic. */
bool ht_proc_pulse_beats(struct ht_proc_pulse *pulse, int proc_fd, int64_t now_ns);
/* The text of /proc/loadavg: the pair that the last two words tell. False: it does not tell. */
bool ht_proc_pulse_read(const char *text, uint64_t *ret_threads, uint64_t *ret_last_pid);

struct ht_proc_dull;

struct ht_proc_dull *ht_proc_dull_new(void);
/* NULL is allowed; returns NULL. */
struct ht_proc_dull *ht_proc_dull_free(struct ht_proc_dull *dull);
/* A walk begins; every ten minutes all is forgotten. now_ns is monotonic. */
void ht_proc_dull_begin(struct ht_proc_dull *dull, int64_t now_ns);
/* Whether the process was found dull in two walks before. */
bool ht_proc_dull_has(const struct ht_proc_dull *dull, uint64_t pid, uint64_t inode);
/* It is, or was found, of no use: said of each such process in every walk. Pids come in ascending
 * order within a walk, as the kernel lists them; what breaks that order, and what leaves /proc, is
 * forgotten. */
void ht_proc_dull_add(struct ht_proc_dull *dull, uint64_t pid, uint64_t inode);

#endif
