/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which processes are the node's own, and when they began. Layer 3 (source); one owner. */
#ifndef HT_SOURCE_PROC_NODE_H
#define HT_SOURCE_PROC_NODE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The place of the node's first process, and when the node began. */
struct ht_proc_node {
    int proc_fd; /* borrowed */
    int64_t booted_s;
    bool has_root;
    uint64_t root_dev;
    uint64_t root_ino;
    char mnt_ns[64]; /* empty: not known */
};

enum { HT_PROC_NAME_MAX = 64 };

/* Inodes that the kernel gives the first namespaces, which are the node's. */
enum {
    HT_PROC_INIT_PID_NS = 0xEFFFFFFC,
    HT_PROC_INIT_UTS_NS = 0xEFFFFFFE,
    HT_PROC_INIT_CGROUP_NS = 0xEFFFFFFB
};

struct ht_root;

/* Whether "proc" below a root is the running kernel's own: what it has may be read without a look
 * at it before. */
bool ht_proc_is_kernels(const struct ht_root *root);

/* Writes "PID/FILE", as it is called below the process table; returns out. Pure. */
const char *ht_proc_name(char out[HT_PROC_NAME_MAX], pid_t pid, const char *file);

/* When the kernel began to count, as wall time, to the hundredth of a second by which it counts the
 * starts of processes itself: whoever asks gets the same, until somebody sets the clock. */
int64_t ht_proc_booted(void);
/* Since then, in ns, whatever the wall clock is set to: what starts of processes are subtracted
 * from to tell how old they are. */
int64_t ht_proc_since_boot(void);
/* Device and inode of what the name leads to, without asking a remote file system, which could
 * hang. False if they are not told. */
bool ht_proc_identify(int dirfd, const char *name, uint64_t *ret_dev, uint64_t *ret_ino);
/* Inode of the namespace that a link like "self/ns/pid" leads to; 0: not told. */
uint64_t ht_proc_namespace(int dirfd, const char *link);
/* Looks at the process table that is open there; without rights over pid 1 our own place has to
 * stand for the node's. */
void ht_proc_node_look(int proc_fd, struct ht_proc_node *ret_node);
/* True if the process has a root of its own. Services may have a mount namespace of their own over
 * the node's files; only another root makes it somebody else's. */
bool ht_proc_node_is_elsewhere(const struct ht_proc_node *node, pid_t pid);
/* Start of the process, ns since 1970; 0: not known. ticks is what its stat has. */
int64_t ht_proc_node_time(const struct ht_proc_node *node, uint64_t ticks);
/* The same of a process; reads its stat. */
int64_t ht_proc_node_start(const struct ht_proc_node *node, pid_t pid);

#endif
