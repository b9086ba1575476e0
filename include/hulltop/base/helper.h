/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking into somebody else's file system by a process that can be given up. Layer 1 (base).
 *
 * A hung FUSE or NFS mount holds a reader for ever, even against SIGKILL. So container files are
 * touched only by helpers: small processes, forked by a spawner which is itself forked before any
 * thread starts. A helper that misses its deadline is killed, never waited for; after
 * HT_LIMIT_HELPERS of them the ability is off, until those that could be killed are ten minutes
 * ago. Helpers have no terminal, no descriptors of ours, no-new-privs and no capability but those
 * for reading; they end with their parent.
 *
 * ht_helper_ask may be called from any thread, by several at a time.
 */
#ifndef HT_BASE_HELPER_H
#define HT_BASE_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "hulltop/base/str.h"

struct ht_spawner;

/* Forks the spawner. Call it in the main thread before any thread exists that may hold a lock.
 * Returns it, owned by the caller, or NULL. */
struct ht_spawner *ht_spawner_start(struct ht_error *err);
/* Ends it and its helpers without waiting for one that hangs; nobody may be in ht_helper_ask. NULL
 * is allowed; returns NULL. */
struct ht_spawner *ht_spawner_stop(struct ht_spawner *spawner);
/* True if helpers can be asked: openat2 is there and fewer than HT_LIMIT_HELPERS were given up. */
bool ht_helper_is_on(struct ht_spawner *spawner);
/* Helpers that were given up in the last ten minutes, or before and cannot be ended. */
unsigned ht_helper_given_up(struct ht_spawner *spawner);

enum ht_helper_operation {
    HT_HELPER_STAT,     /* of what path leads to, and where that lies */
    HT_HELPER_LSTAT,    /* of the last link itself */
    HT_HELPER_READ,     /* the first max_bytes of a regular file */
    HT_HELPER_READLINK, /* the target of a link */
    HT_HELPER_LIST,     /* a directory: "name\0" for each entry, in the kernel's order */
    HT_HELPER_DIGEST,   /* SHA-256 of a regular file of at most max_bytes, in hexadecimal */
};

struct ht_helper_request {
    enum ht_helper_operation operation;
    pid_t pid;           /* the root is /proc/PID/root; or */
    int root_fd;         /* with pid 0: an O_PATH directory. Borrowed */
    uint64_t start_time; /* of pid in ticks (/proc/PID/stat field 22), checked before and after; 0:
                            not checked */
    const char *path;    /* below the root */
    size_t max_bytes;    /* of data; 0: HT_LIMIT_FILE, which is also the highest, except for
                            HT_HELPER_DIGEST, where it is the size of the file [4 GB] */
    unsigned timeout_ms; /* of it all, a helper that must be forked for it included [2000] */
};

/* Initialise with zeros; reusable; give it to ht_helper_answer_fini. */
struct ht_helper_answer {
    struct stat stat;   /* of the file that was looked at, whatever the operation */
    bool cut;           /* data ends before the file or the directory did */
    struct ht_buf data; /* bytes, target, names, digest; of HT_HELPER_STAT the path without links,
                           as the mount namespace of the root has it */
};

#define ht_autohelped __attribute__((cleanup(ht_helper_answer_fini)))

/* Looks. 0, or: -ETIMEDOUT the helper was given up; -EHOSTDOWN the ability is off (too many were);
 * -ENOSYS no openat2; -ESRCH the process is gone or another; -EXDEV the path enters a mount; -ELOOP
 * a link that leads nowhere or a magic one; -EINVAL the file is of a kind that is never read; else
 * what the kernel said. */
int ht_helper_ask(struct ht_spawner *spawner, const struct ht_helper_request *request,
                  struct ht_helper_answer *answer, struct ht_error *err);
void ht_helper_answer_fini(struct ht_helper_answer *answer);

#endif
