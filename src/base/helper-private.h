/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the caller (helper.c) and the processes (helper-process.c) say to each other. */
#ifndef HT_BASE_HELPER_PRIVATE_H
#define HT_BASE_HELPER_PRIVATE_H

#include <limits.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "hulltop/base/error.h"

/* To the spawner, a packet: kill is 0 for "fork one", which is answered by a spawned packet with
 * the helper's socket beside it; else the helper to kill, which is not answered. */
struct spawn_order {
    pid_t kill;
};

struct spawned {
    int32_t code; /* 0 or -errno */
    pid_t pid;
};

/* To a helper, a stream: this, with the root's descriptor beside it if pid is 0. */
struct wire_request {
    int32_t operation;
    pid_t pid;
    uint64_t start_time;
    uint64_t max_bytes;
    char path[PATH_MAX];
};

/* From a helper: this, and data_len bytes behind it. */
struct wire_answer {
    int32_t code; /* 0 or -errno, of which error tells */
    uint32_t cut;
    uint64_t data_len;
    struct stat stat;
    struct ht_error error;
};

/* One message with an optional descriptor beside it (-1: none). 0 or -errno. */
int ht_helper_send_fd(int socket, const void *data, size_t len, int fd);
/* Receives exactly len bytes, waiting without end; -EPIPE at the end. */
int ht_helper_receive_fd(int socket, void *data, size_t len, int *ret_fd);
struct ht_spawner;
/* ht_helper_given_up at that monotonic time. */
unsigned ht_helper_given_up_at(struct ht_spawner *spawner, int64_t now_ns);
/* The life of the spawner; socket is its end. */
_Noreturn void ht_helper_spawner_main(int socket, pid_t parent);

#endif
