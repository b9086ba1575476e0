/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of the process table: looks at the running system, and a process apart from it. Behind
 * cmocka.h. */
#ifndef HT_TEST_PROC_LOOKING_H
#define HT_TEST_PROC_LOOKING_H

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "feed.h"
#include "src/source/proc-table.h"

struct looking {
    struct ht_test_feed feed;
    struct ht_proc_table table;
};

/* The next look, that many seconds after the one before. */
static inline void look_later(struct looking *looking, int64_t seconds)
{
    struct ht_error err = {0};

    looking->feed.ahead_ns += seconds * HT_NS_PER_S;
    assert_int_equal(ht_proc_table_look(&looking->table, &looking->feed.feed, &err), 0);
}

static inline void look(struct looking *looking)
{
    look_later(looking, 1);
}

static inline int begin(void **state)
{
    struct looking *looking = calloc(1, sizeof(*looking));
    struct ht_error err = {0};

    assert_non_null(looking);
    ht_test_feed_init(&looking->feed);
    assert_int_equal(ht_proc_table_init(&looking->table, NULL, &err), 0);
    *state = looking;
    return 0;
}

static inline int finish(void **state)
{
    struct looking *looking = *state;

    ht_proc_table_fini(&looking->table);
    free(looking);
    return 0;
}

static inline const struct ht_proc_entry *entry_of(const struct looking *looking, pid_t pid)
{
    for (size_t i = 0; i < looking->table.len; i++) {
        if (looking->table.entries[i].pid == pid)
            return &looking->table.entries[i];
    }
    return NULL;
}

/* 0: it was seen to have none. */
static inline pid_t child_of(const struct looking *looking, pid_t parent)
{
    for (size_t i = 0; i < looking->table.len; i++) {
        const struct ht_proc_entry *entry = &looking->table.entries[i];

        if (entry->row && ht_process_of(entry->row)->ppid == (uint64_t)parent)
            return entry->pid;
    }
    return 0;
}

static inline void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

struct apart {
    pid_t outer; /* waits for the inner one */
};

/* A process in a pid and mount namespace and a root of its own; false without the rights. */
static inline bool start_apart(struct apart *apart)
{
    int ready[2];
    char byte = 0;

    if (pipe(ready) < 0)
        return false;
    apart->outer = fork();
    if (apart->outer == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (unshare(CLONE_NEWPID | CLONE_NEWNS) == 0 &&
            mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0) {
            pid_t inner = fork();

            if (inner == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (chroot("/usr") == 0 && chdir("/") == 0 && write(ready[1], "y", 1) == 1)
                    pause();
                _exit(0);
            }
            waitpid(inner, NULL, 0);
        } else if (write(ready[1], "n", 1) != 1) {
            _exit(1);
        }
        _exit(0);
    }
    close(ready[1]);
    bool made = read(ready[0], &byte, 1) == 1 && byte == 'y';
    close(ready[0]);
    if (!made && apart->outer > 0)
        end(apart->outer);
    return made;
}

#endif
