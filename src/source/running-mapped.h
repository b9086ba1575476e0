/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The executable mappings of a process, one by one. Layer 3 (source); one thread.
 *
 * A kernel since 6.11 is asked for the next one; of an older, /proc/PID/maps is read, most of which
 * is about other mappings.
 */
#ifndef HT_SOURCE_RUNNING_MAPPED_H
#define HT_SOURCE_RUNNING_MAPPED_H

#include <limits.h>
#include <sys/types.h>

#include "running-maps.h"

/* Reads one process after the other. Initialized with HT_MAPPED. */
struct ht_mapped {
    int proc_fd;    /* borrowed */
    bool by_text;   /* this kernel cannot be asked, or must not be */
    bool is_cut;    /* not all mappings of the process were told */
    int fd;         /* of the open process; -1: its mappings are in text */
    size_t told;    /* mappings */
    uint64_t after; /* where the next is looked for */
    pid_t pid;
    struct ht_buf text, plain;
    struct ht_str rest; /* of text */
    char path[PATH_MAX];
};

/* Of the processes below that directory, which stays the caller's. */
#define HT_MAPPED(proc)                                                                            \
    {                                                                                              \
        .proc_fd = (proc), .fd = -1, .text = HT_BUF(HT_MAPPED_TEXT_MAX),                           \
        .plain = HT_BUF(HT_MAPPED_TEXT_MAX)                                                        \
    }

#define HT_MAPPED_TEXT_MAX ((size_t)8 * 1024 * 1024)

/* Opens the mappings of a process; it is closed by ht_mapped_close, also after a failure. 0 or
 * -errno. */
int ht_mapped_open(struct ht_mapped *mapped, pid_t pid);
/* The next one; one may be told again. The path is as on disk, but for the kernel's " (deleted)";
 * it is borrowed until the next call. 1; 0 at the end; -errno: -ESRCH, it has no memory, as a
 * thread of the kernel's has none, or it ended. */
int ht_mapped_next(struct ht_mapped *mapped, struct ht_mapping *ret_mapping);
/* How much memory of no file the open process can write and execute at once, but for its stack,
 * which old programs ask for so. 0, also where there is none; or -errno as above. What
 * ht_mapped_next steps through begins as before. */
int ht_mapped_loose(struct ht_mapped *mapped, uint64_t *ret_bytes);
void ht_mapped_close(struct ht_mapped *mapped);
/* Frees what was kept from one process to the next. */
void ht_mapped_fini(struct ht_mapped *mapped);

#endif
