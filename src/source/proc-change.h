/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What need not be read again below /proc. Layer 3 (source); one thread for each object.
 *
 * Several sources walk /proc again and again, and most of what they meet is as it was. Two counters
 * of the kernel say without any list that no process came or went; what they cannot say is that a
 * process runs another program now. Ignored processes are those that a source looked at and has no
 * use for: known by pid and inode number, which changes when a pid is used again, they are left out
 * of its next walks. For they may run another program later, they are looked at twice, and now and
 * then all of them again. A crowd keeps what its owner knows of every process from one list of
 * /proc to the next.
 */
#ifndef HT_SOURCE_PROC_CHANGE_H
#define HT_SOURCE_PROC_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/error.h"

/* Zeroed: nothing is known yet. */
struct ht_proc_counters {
    uint64_t threads;  /* of the node */
    uint64_t last_pid; /* given to a new process or thread */
    int64_t sure_until_ns;
};

/* Whether a list of the /proc behind proc_fd may differ from one made when this last said so. Made
 * before the list, so that what happens meanwhile is seen by the next call. Where the kernel does
 * not tell, and every five seconds, true. now_ns is monotonic. */
bool ht_proc_counters_moved(struct ht_proc_counters *counters, int proc_fd, int64_t now_ns);
/* The text of /proc/loadavg: the pair that the last two words tell. False: it does not tell. */
bool ht_proc_counters_read(const char *text, uint64_t *ret_threads, uint64_t *ret_last_pid);

struct ht_proc_ignored;

struct ht_proc_ignored *ht_proc_ignored_new(void);
/* NULL is allowed; returns NULL. */
struct ht_proc_ignored *ht_proc_ignored_free(struct ht_proc_ignored *ignored);
/* A walk begins; every ten minutes all is forgotten. now_ns is monotonic. */
void ht_proc_ignored_begin(struct ht_proc_ignored *ignored, int64_t now_ns);
/* Whether the process was found to be of no use in two walks before. */
bool ht_proc_ignored_has(const struct ht_proc_ignored *ignored, uint64_t pid, uint64_t inode);
/* It is, or was found, of no use: said of each such process in every walk. Pids come in ascending
 * order within a walk, as the kernel lists them; what breaks that order, and what leaves /proc, is
 * forgotten. */
void ht_proc_ignored_add(struct ht_proc_ignored *ignored, uint64_t pid, uint64_t inode);

/* When a process is looked at: soon after its start twice more, for an exec changes nothing that is
 * listed; then once a minute, if it is worth that. */
struct ht_proc_schedule {
    int64_t due_ns; /* next look, monotonic; INT64_MAX: none */
    unsigned stage; /* looks that were due by age */
};

/* After this long, one that was not there is looked for again. */
#define HT_PROC_RETRY_NS (INT64_C(10) * HT_NS_PER_S)

/* A look was made; the next is due by the age (ns) of the process. again: once a minute too, spread
 * by pid. */
void ht_proc_schedule_next(struct ht_proc_schedule *schedule, pid_t pid, int64_t age,
                           int64_t now_ns, bool again);

/* What the owner of a crowd knows of a process. */
struct ht_proc_crowd_ops {
    size_t size;   /* of a member, a structure of the owner's */
    size_t pid_at; /* where its pid_t stands in it */
    size_t
        ino_at; /* where the uint64_t inode number of /proc/PID: another one is another process */
    void (*join)(void *context, void *member);  /* new: zeroed, but for these two */
    void (*leave)(void *context, void *member); /* it ended, or its pid is another process's now */
};

/* Pids that are asked for one by one, at most. */
enum { HT_PROC_YOUNG = 128 };

/* The processes of the node by pid. Begun with ops and context alone; members stay where they are
 * until the next look. */
struct ht_proc_crowd {
    const struct ht_proc_crowd_ops *ops;
    void *context;
    void *members; /* an array of len structures of the owner's */
    size_t len, cap;
    struct ht_proc_counters counters;
    bool is_counted;            /* they are those of the processes listed */
    pid_t young[HT_PROC_YOUNG]; /* those, of threads too, that came lately */
    size_t young_len;
    pid_t awaited[HT_PROC_YOUNG]; /* given away before the last look, and not there then */
    size_t awaited_len;
};

/* Looks at /proc (proc_fd) unless the counters say that nobody came or went, and tells the owner of
 * who did: first of those who left, then of those who came. While the counters say that the newest
 * few pids are all that changed, these are asked for alone; else it is listed, and every 20
 * seconds. Where the counters may tell of others too it is listed whenever they move, and every
 * five. now_ns is monotonic. 0, or -errno if it cannot be listed. */
int ht_proc_crowd_look(struct ht_proc_crowd *crowd, int proc_fd, int64_t now_ns,
                       struct ht_error *err);
/* The member of that pid, borrowed, or NULL. */
void *ht_proc_crowd_find(const struct ht_proc_crowd *crowd, pid_t pid);
/* Everybody leaves. */
void ht_proc_crowd_fini(struct ht_proc_crowd *crowd);

#endif
