/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two ways by which the kernel tells of starts, and whose they are. Layer 3 (source); inside
 * exec-*.c only. */
#ifndef HT_SOURCE_EXEC_PRIVATE_H
#define HT_SOURCE_EXEC_PRIVATE_H

#include "exec-decode.h"
#include "proc-read.h"
#include "hulltop/base/error.h"

/* Reads the cgroups of a process; empty if these are not known, as of one that ends, which cgroup
 * v1 shows in no group. */
void ht_exec_read_cgroup(struct ht_proc_reader *reader, pid_t pid, struct ht_buf *out);

/* ---- process connector ---- */

enum {
    HT_CONNECTOR_BATCH = 32,  /* datagrams taken at once */
    HT_CONNECTOR_BYTES = 256, /* of one; the kernel's have 76 */
};

struct ht_connector {
    int fd; /* -1: not there */
    uint64_t events;
    uint64_t lost;
    bool small; /* its buffer could not be made large */
    struct ht_connector_event batch[HT_CONNECTOR_BATCH];
    size_t len;
    size_t at;
    size_t got; /* datagrams of the last reading */
    bool more;  /* the last reading was full: more may wait */
};

/* Asks the kernel for starts alone. 0, or -errno and fd stays -1. */
int ht_connector_open(struct ht_connector *connector, struct ht_error *err);
void ht_connector_close(struct ht_connector *connector);
/* Fills the batch, which must be used up, with what waits; never blocks. */
void ht_connector_read(struct ht_connector *connector);

/* ---- fanotify ---- */

enum { HT_FANOTIFY_BATCH = 16 /* events taken at once: each opens a descriptor */ };

struct ht_fanotify_mark {
    uint32_t dev_major;
    uint32_t dev_minor;
};

struct ht_fanotify {
    int fd; /* -1: not there */
    uint64_t events;
    uint64_t lost;
    bool more; /* the last reading was full: more may wait */
    struct ht_fanotify_mark *marks;
    size_t marks_len;
    size_t marks_cap;
};

int ht_fanotify_open(struct ht_fanotify *fanotify, struct ht_error *err);
void ht_fanotify_close(struct ht_fanotify *fanotify);
int ht_fanotify_mark(struct ht_fanotify *fanotify, const char *path, struct ht_error *err);
/* Fills events with what waits and returns how many; never blocks. */
size_t ht_fanotify_read(struct ht_fanotify *fanotify,
                        struct ht_fanotify_event events[HT_FANOTIFY_BATCH]);

#endif
