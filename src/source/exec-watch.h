/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs as they are started, by the best ways that the kernel offers. Layer 3 (source); no
 * thread of its own: whoever owns the watch polls its descriptors and takes what they tell.
 *
 *   fanotify     notifications (never permissions: nothing ever waits for us) for the file systems
 *                that were named by ht_exec_mark: the file itself, even of a process that is
 *                gone again.  It does not see memory files and file systems without a mark.
 *   exec-events  the kernel's process connector: that a process runs another program now; the rest
 *                is read below /proc, if the process lives long enough.
 *   polling      the process table, which others read: what lives longer than a look.
 *
 * Where both of the first two work, what they tell of one start is put together. Nothing is queued
 * here beyond HT_EXEC_WAITING_MAX starts: the kernel's own queues hold the rest, and what it had to
 * drop is counted.
 */
#ifndef HT_SOURCE_EXEC_WATCH_H
#define HT_SOURCE_EXEC_WATCH_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc-decode.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/error.h"
#include "hulltop/model/node.h"

enum {
    HT_EXEC_FDS = 2,          /* descriptors to poll, at most */
    HT_EXEC_FILES_MAX = 8,    /* files of one start: a script, its interpreter, the loader */
    HT_EXEC_WAITING_MAX = 64, /* starts of which more may be told */
    HT_EXEC_MARKS_MAX = 1024, /* file systems that are watched */
};

/* What could not be read before the process ended. */
enum ht_exec_unread {
    HT_EXEC_NO_EXE = 1 << 0,    /* what it runs: see the files */
    HT_EXEC_NO_ARGV = 1 << 1,   /* its command line */
    HT_EXEC_NO_CGROUP = 1 << 2, /* its cgroup: where it is not placed otherwise, it may be of a
                                 * container or of the node */
    HT_EXEC_NO_STAT = 1 << 3,   /* its parent, its start: see also is_known */
};

/* By what the container of a start was told. */
enum ht_exec_placed {
    HT_EXEC_BY_CGROUP,  /* its own, read while it lived; or it is not known */
    HT_EXEC_BY_FILE,    /* its file lies on a mount that is that container's alone */
    HT_EXEC_BY_EARLIER, /* the process started a program there right before */
    HT_EXEC_BY_SESSION, /* so does its file, and it descends from who began that container's session
                         */
};

/* A file that was opened to be run. */
struct ht_exec_file {
    int fd;             /* readable, of the file itself */
    bool is_node;       /* on a mount of the node's own, as far as that is known */
    struct ht_str path; /* as the process sees it, on kernels that tell; "... (deleted)" */
};

/* One start. Of a process of the node only pid, time and cgroup are told: most starts are of that
 * kind, and cost time. Everything is borrowed from the watch until the next call of ht_exec_next.
 */
struct ht_exec_start {
    pid_t pid;
    int64_t at_mono_ns; /* by the kernel where it tells, else when it was read; CLOCK_MONOTONIC */
    bool by_fanotify;
    bool by_connector;
    bool is_known;   /* of its container its file was given before, and is not changed since: of its
                      * stat nothing is read until ht_exec_read_stat is called */
    bool is_quiet;   /* nobody asks about its files (ht_exec_quiet): they are named, as container
                      * and, as long as that costs little, command line are; nothing else is read */
    unsigned unread; /* of enum ht_exec_unread */
    struct ht_str exe; /* link of /proc/PID/exe; empty: unread */
    int exe_fd;        /* the running program itself, O_PATH or one of the files'; -1: unread, or of
                        * the node's own that has files */
    uint64_t start;    /* ticks since boot; with the pid it is the process */
    pid_t ppid;
    uint32_t tty;                  /* device number; 0: none */
    char comm[16];                 /* name, "" if unread */
    struct ht_text_list argv;      /* masked; only of processes in containers */
    struct ht_cgroup_facts cgroup; /* container_id is empty for processes of the node */
    enum ht_exec_placed placed;    /* by what; but by its cgroup the container's id is all */
    struct ht_exec_file files[HT_EXEC_FILES_MAX]; /* by fanotify, in the order they were opened */
    size_t files_len;
};

struct ht_exec;

struct ht_exec_options {
    const struct ht_clock *clock;
    bool no_fanotify; /* leave these out: for tests and measurements */
    bool no_connector;
};

/* Opens what there is; never fails: without rights it is a watch that sees nothing, and its rows
 * say why. The clock is borrowed. Owned by the caller. */
struct ht_exec *ht_exec_new(const struct ht_exec_options *options);
/* NULL is allowed; returns NULL. */
struct ht_exec *ht_exec_free(struct ht_exec *watch);

/* Watches the whole file system that holds path (a container's storage, a volume): every start from
 * it, in containers that are made later too. Marking one twice does nothing and costs a statx. 0,
 * or -errno: -EOPNOTSUPP without fanotify, -ENOSPC with too many marks. It may block like any look
 * at path, so path is never below a container's root. */
int ht_exec_mark(struct ht_exec *watch, const char *path, struct ht_error *err);
/* Marks the usual places of container storage that are here. */
void ht_exec_mark_usual(struct ht_exec *watch);

/* Fills fds with what to wait for (POLLIN) and returns how many. */
size_t ht_exec_fds(const struct ht_exec *watch, struct pollfd fds[HT_EXEC_FDS]);
/* Takes what poll told of these, len of them (others are ignored): what had nothing is not read. */
void ht_exec_polled(struct ht_exec *watch, const struct pollfd *fds, size_t len);
/* Takes it that these may have something, without a poll: what waits is given by the next calls.
 */
void ht_exec_ask(struct ht_exec *watch);
/* The next start. False: none now; wait for the descriptors, or until ht_exec_due. Never
 * blocks. */
bool ht_exec_next(struct ht_exec *watch, struct ht_exec_start *ret_start);
/* Reads what was left out of a start that is known, if its process lives: start, ppid, tty, comm.
 */
void ht_exec_read_stat(struct ht_exec *watch, struct ht_exec_start *start);
/* Whoever was given a start of nobody known (HT_EXEC_NO_CGROUP) found out whose a file of it is:
 * the start is that container's, and what comes of the same mount is. */
void ht_exec_place(struct ht_exec *watch, struct ht_exec_start *start,
                   const struct ht_exec_file *file, struct ht_str container_id);
/* What that start ran is of no interest: its files are its image's own. What starts of the same
 * files of the same container, unchanged, is given quiet for 20 seconds, where their mount tells
 * that they are that container's (Linux 6.8). */
void ht_exec_quiet(struct ht_exec *watch, const struct ht_exec_start *start);
/* When a start that waits for more will be given as it is (monotonic); INT64_MAX: none waits. */
int64_t ht_exec_due(const struct ht_exec *watch);

/* Starts that the kernel had to drop, since the beginning. */
uint64_t ht_exec_lost(const struct ht_exec *watch);
/* Starts that were given without a cgroup (HT_EXEC_NO_CGROUP) and by nothing else are known to be
 * of a container, since the beginning: whose they were is not known. */
uint64_t ht_exec_unplaced(const struct ht_exec *watch);
/* True if fanotify or exec-events works. */
bool ht_exec_is_live(const struct ht_exec *watch);
/* Adds the exec_watch rows; since is when the watch began (wall time). The counts change with every
 * start, so whoever publishes them does it seldom. */
void ht_exec_tell(const struct ht_exec *watch, int64_t since, struct ht_node *sample);

#endif
