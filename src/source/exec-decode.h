/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's process connector and fanotify write, as events. Layer 3 (source); pure; any
 * thread.
 */
#ifndef HT_SOURCE_EXEC_DECODE_H
#define HT_SOURCE_EXEC_DECODE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "hulltop/base/str.h"

/* A message of the process connector about one process. */
struct ht_connector_event {
    uint32_t what;     /* PROC_EVENT_* of linux/cn_proc.h, whose enum changed its name over time */
    uint32_t sequence; /* of cn_msg: one more for each message of its processor */
    uint32_t cpu;
    int64_t at_mono_ns;
    pid_t pid;  /* the thread */
    pid_t tgid; /* its process */
};

/* The next event of a datagram, whose bytes are taken from text; messages of other kinds are passed
 * over. False at the end, also where what is left is cut or lies about its length. */
bool ht_connector_next(struct ht_str *text, struct ht_connector_event *ret_event);

/* An event of fanotify. */
struct ht_fanotify_event {
    uint64_t mask;
    int fd;    /* of the file, which the reader owns now; -1: none */
    pid_t pid; /* 0: in a pid namespace that we do not see */
};

/* The next event of what was read. False at the end, also where an event is cut, of another version
 * or lies about its length. */
bool ht_fanotify_next(struct ht_str *text, struct ht_fanotify_event *ret_event);

#endif
