/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading one process's security facts below /proc/PID. Layer 3 (source); one thread.
 *
 * Everything of a process is read relative to one descriptor of its directory, which stands for
 * that process even if the pid is used again: reads fail with ESRCH once it is gone.
 */
#ifndef HT_SOURCE_PROC_READ_H
#define HT_SOURCE_PROC_READ_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc-decode.h"
#include "running-mapped.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "hulltop/base/vec.h"

struct ht_proc_reader {
    int proc_fd;       /* "/proc" */
    bool live;         /* false: a recorded tree, whose links may be plain */
    bool has_root;     /* root_dev and root_ino are known */
    uint64_t root_dev; /* the node's root directory */
    uint64_t root_ino;
    uint64_t ns_pid; /* the node's own; 0: unknown */
    uint64_t ns_mnt;
    bool no_labels;          /* this kernel has no module that labels processes */
    uint64_t ns_user;        /* our own user namespace; 0: unknown */
    struct ht_buf uid_map;   /* and its map, which all processes in it have */
    struct ht_buf file;      /* scratch */
    struct ht_buf mountinfo; /* what the mounts last read borrow from */
    struct ht_buf link;
    bool is_own; /* without rights over process 1 our own place stands for the node */
    struct ht_arena *host_arena; /* NULL: the node's mounts were not needed yet */
    struct ht_host_mounts host_mounts;
    struct ht_net_cache *net;          /* sockets of the namespaces that were looked at */
    struct ht_map *devices;            /* device number as text to char *, the host's name of it */
    unsigned leave_out;                /* enum ht_proc_part */
    struct ht_mapped maps;             /* of the process that is read */
    struct ht_cgroup_members *members; /* of groups that many processes are in */
};

/* Opens the folder of a process table; a descriptor or -errno. -ENOENT where "/proc" is a folder
 * and no kernel's process table is mounted there: one without processes is not a node without. */
int ht_proc_open_table(const char *path, struct ht_error *err);
/* Opens the tree at path ("/proc"), likewise. 0 or -errno. */
int ht_proc_reader_init(struct ht_proc_reader *reader, const char *path, struct ht_error *err);
/* The same of a tree that is open already (consumed), which need not be this system's. */
void ht_proc_reader_take(struct ht_proc_reader *reader, int proc_fd);
void ht_proc_reader_fini(struct ht_proc_reader *reader);
/* Frees what was read last; what was made of it must lie elsewhere. Between two looks. */
void ht_proc_reader_rest(struct ht_proc_reader *reader);
/* Reads again what holds for all: the node's root and namespaces, and, once they are needed, its
 * mounts: paths of the host in container mounts come from them. */
void ht_proc_reader_refresh(struct ht_proc_reader *reader);

/* One small file of /proc/PID that the kernel gives in one piece, as it is; as much of it as could
 * be read, and with ret_gone set where the process is gone. Borrowed until the next reading. */
struct ht_str ht_proc_read_file(struct ht_proc_reader *reader, pid_t pid, const char *file,
                                bool *ret_gone);
/* Target of one of its links; empty and errno where it cannot be read. Borrowed likewise. */
struct ht_str ht_proc_read_link(struct ht_proc_reader *reader, pid_t pid, const char *file);
/* What /proc/PID/cgroup says, by that file or, within a look that reader->members were told of, by
 * lists read after the process had started (ns since boot, at the latest).
 * ret_gone as above; borrowed until the next reading. */
struct ht_str ht_proc_read_groups(struct ht_proc_reader *reader, pid_t pid, int64_t started_ns,
                                  bool *ret_gone);
/* What that tells, whose texts live in the arena. 0, or -ESRCH if the process is gone; where it
 * cannot be read nothing is told. */
int ht_proc_find_cgroup(struct ht_proc_reader *reader, pid_t pid, int64_t started_ns,
                        struct ht_arena *arena, struct ht_cgroup_facts *ret_facts);
/* The same by its file, of a process whose start is not known. */
int ht_proc_read_cgroup(struct ht_proc_reader *reader, pid_t pid, struct ht_arena *arena,
                        struct ht_cgroup_facts *ret_facts);
/* The same of text, which is what such a file says. Where the group that names a container lies
 * below a service it is a user's if that user owns it, or if nobody can be told to: facts->users.
 */
void ht_proc_decode_cgroup(struct ht_proc_reader *reader, struct ht_str text,
                           struct ht_cgroup_facts *ret_facts);
/* Whether a process is in the container that its groups name, as ht_cgroup_tells says. */
bool ht_proc_is_contained(struct ht_proc_reader *reader, pid_t pid,
                          const struct ht_cgroup_facts *facts);
/* The arguments of /proc/PID/cmdline, secrets masked; none where it has none or may not be read. */
void ht_proc_read_argv(struct ht_proc_reader *reader, pid_t pid, struct ht_arena *arena,
                       struct ht_process *process);
/* Whether a process sees other mounts than the node's first, below another root. A root that may
 * not be looked at (a user's file system of FUSE is shut even to root) is not the node's. False
 * where its namespace may not be read, or the process ended meanwhile. */
bool ht_proc_has_other_root(struct ht_proc_reader *reader, pid_t pid);
/* Whether its PID namespace is not the node's, or it has another root as told above; false where
 * its namespaces may not be read. */
bool ht_proc_is_apart(struct ht_proc_reader *reader, pid_t pid);
/* exe, and whether its namespaces or its root are not the node's (ret_apart); for any process.
 * Returns false where rights were missing. */
bool ht_proc_read_exe(struct ht_proc_reader *reader, pid_t pid, struct ht_arena *arena,
                      struct ht_process *process, bool *ret_apart);

/* The directory of a process, whose security fields are read relative to it; the caller closes it.
 * -ESRCH if the process is gone. */
int ht_proc_open(const struct ht_proc_reader *reader, pid_t pid);
/* The security fields. False if the process is gone or a zombie. What could not be read stays
 * unknown. Texts live in the arena. */
bool ht_proc_read_security(struct ht_proc_reader *reader, int dirfd, struct ht_arena *arena,
                           struct ht_process *process);
/* wx_bytes and wx_libraries of a process, for whoever checks afterwards that it is the same. Where
 * the kernel cannot be asked (before 6.11) all its mappings are read for it. */
void ht_proc_read_memory(struct ht_proc_reader *reader, pid_t pid, struct ht_arena *arena,
                         struct ht_process *process);
/* What is read of a container's first process alone: mounts, device nodes, packet sockets. Mounts
 * borrow from the reader until its next read. */
void ht_proc_read_init(struct ht_proc_reader *reader, int dirfd, struct ht_arena *arena,
                       struct ht_process *process);
/* False if the directory is of another process than the one that started then, or that is gone or a
 * zombie: what was read of it does not count. */
bool ht_proc_is_same(struct ht_proc_reader *reader, int dirfd, uint64_t start);

#endif
