/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files below /proc as bytes, to facts: pure functions, the process source's decoders.
 * Layer 3 (source); any thread. Texts that come out are borrowed from the input or live in the
 * arena; the input is hostile and may be cut anywhere.
 */
#ifndef HT_SOURCE_PROC_DECODE_H
#define HT_SOURCE_PROC_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "hulltop/base/arena.h"
#include "hulltop/model/rows.h"

/* ---- cgroups ---- */

enum ht_cgroup_sure {
    HT_CGROUP_NONE,     /* no container id */
    HT_CGROUP_POSSIBLE, /* "/default/web": ctr's way, but others' too; holds only for a process with
                           a root of its own */
    HT_CGROUP_CERTAIN,  /* a runtime's pattern */
};

/* What a process's cgroups tell. */
struct ht_cgroup_facts {
    struct ht_str path;         /* the path that tells most, without " (deleted)" */
    struct ht_str container_id; /* innermost; a name where the runtime uses names */
    const char *pattern;        /* "docker", "cri-containerd", "buildkit" ...; NULL: none */
    enum ht_cgroup_sure sure;
    char pod_uid[40];   /* with dashes; "" if there is none */
    struct ht_str unit; /* the node's systemd unit, outermost: "ssh.service", "session-3.scope" */
    bool monitor;       /* a runtime's own process beside its container (conmon, lxc monitor) */
    bool users; /* below the part of the tree that systemd hands to a user: what is called like a
                 * container there may be any process of the node's that he put there */
    bool delegable; /* below another service or scope of the node's, which may be handed to a user
                     * too: the owner of the group tells; see ht_proc_decode_cgroup */
    bool has_owner; /* and that is known */
    uint64_t owner; /* user id */
    struct ht_str named; /* the path up to the group that names the container */
};

/* Whether what the groups of a process name is its container. apart: it has another root or other
 * namespaces than the node; readable: that could be looked at. What a user named so holds only what
 * is apart. The one place where that is decided. */
bool ht_cgroup_tells(const struct ht_cgroup_facts *facts, bool apart, bool readable);
/* Judges one path. */
void ht_cgroup_decode_path(struct ht_str path, struct ht_cgroup_facts *ret_facts);
/* Judges all lines of /proc/PID/cgroup, "\n" between them, and gives the one that tells most. */
void ht_cgroup_decode(struct ht_str text, struct ht_cgroup_facts *ret_facts);
/* A line "4:memory:/path"; the controllers of version 2 are empty. False: it is none. */
bool ht_cgroup_split_line(struct ht_str line, struct ht_str *ret_controllers,
                          struct ht_str *ret_path);
/* Whether no hierarchy of cgroup v1, of which there are some, has a group: as of a process of the
 * node that is in none, and of every process that ends. Pure. */
bool ht_cgroup_is_left(struct ht_str text);
/* Path of a controller ("cpuacct", "memory", "name=systemd"; "" is cgroup v2's), or empty. */
struct ht_str ht_cgroup_path_of(struct ht_str text, const char *controller);

/* ---- mounts ---- */

enum {
    HT_MOUNTS_MAX = 400,       /* mounts kept of one process */
    HT_MOUNTS_NESTED_MAX = 32, /* of those below a mounted path of the host */
    HT_MOUNTS_HOST_MAX = 4096, /* of the node's own, to name paths of the host */
};

/* A mount of the node itself: tells where a file system's path is on the host. */
struct ht_host_mount {
    uint64_t device;     /* major << 32 | minor */
    struct ht_str root;  /* path in the file system */
    struct ht_str point; /* path on the host */
    bool can_hang;       /* ht_mountinfo_can_hang */
};

/* Tells what lies at a path of the host, if that is still on this device (as in a line). */
typedef bool (*ht_mount_look)(void *context, uint64_t device, struct ht_str path,
                              enum ht_mount_kind *ret_kind);

struct ht_host_mounts {
    const struct ht_host_mount *items;
    size_t len;
    bool cut;           /* there were more */
    ht_mount_look look; /* NULL: nobody looks; never asked about what can hang */
    void *context;
};

/* The node's mounts of file systems that a container may get a path of; look is NULL. */
void ht_mountinfo_decode_host(struct ht_str text, struct ht_arena *arena,
                              struct ht_host_mounts *ret_mounts);
/* Mounts and mounts_cut of a process from its mountinfo; cut says that text is not all of it. */
void ht_mountinfo_decode(struct ht_str text, bool cut, const struct ht_host_mounts *host,
                         struct ht_arena *arena, struct ht_process *process);
/* One line of a mountinfo; texts are borrowed and still escaped. */
struct ht_mount_line {
    uint64_t id;
    uint64_t device; /* major << 32 | minor */
    struct ht_str root;
    struct ht_str point;
    struct ht_str options;
    struct ht_str tags; /* "shared:1 master:2" */
    struct ht_str type;
    struct ht_str source; /* may be empty */
    struct ht_str super;
};
/* Steps through the mounts in *text; false at the end. Lines of another form are passed over. */
bool ht_mountinfo_next(struct ht_str *text, struct ht_mount_line *ret_line);
/* Where root of a file system is on the host, in the arena or borrowed; empty if no mount of the
 * host shows it. */
struct ht_str ht_mountinfo_host_path(const struct ht_host_mounts *host, uint64_t device,
                                     struct ht_str root, struct ht_arena *arena);
/* A file system of the kernel that holds no files of anybody's ("proc", "sysfs" ...). */
bool ht_mountinfo_is_pseudo(struct ht_str type);
/* A file system whose server may never answer: what lies on it is not opened. */
bool ht_mountinfo_can_hang(struct ht_str type);
/* Whether a list "rw,noexec" has that option. */
bool ht_mountinfo_has_option(struct ht_str options, const char *wanted);
/* Whether all of the hierarchy that the kernel names by these controllers ("cpu,cpuacct",
 * "name=systemd", "") is mounted there. */
bool ht_cgroup_is_mounted(const struct ht_mount_line *mount, struct ht_str controllers,
                          struct ht_arena *arena);
/* "\040" and the like as the bytes they stand for. */
struct ht_str ht_mountinfo_unescape(struct ht_arena *arena, struct ht_str text);

/* ---- small files ---- */

/* Sets what /proc/PID/status has: ids, capabilities, seccomp, ns_pids ... Returns false if the
 * process is a zombie or the text is none of a process. */
bool ht_proc_decode_status(struct ht_str text, struct ht_arena *arena, struct ht_process *process);
/* What /proc/PID/stat has, borrowing from it. */
struct ht_proc_stat {
    struct ht_str comm;
    char state; /* one letter */
    uint64_t ppid;
    uint64_t session; /* the process that began it; 0: none that is seen from here */
    uint32_t tty;     /* device number; 0: none */
    bool kernel;      /* a kernel thread */
    bool ending;      /* it has begun to end, or has ended */
    uint64_t start;   /* ticks since boot */
    uint64_t used;    /* ticks of CPU, user and system */
};

/* 0 or -EINVAL, and ret_stat is as it was. */
int ht_proc_decode_stat(struct ht_str text, struct ht_proc_stat *ret_stat);
void ht_proc_decode_uid_map(struct ht_str text, struct ht_arena *arena, struct ht_process *process);
/* attr/current: as "docker-default (enforce)"; ends in "\n" or NUL. */
void ht_proc_decode_lsm(struct ht_str text, struct ht_process *process);
/* argv of a command line: at most HT_LIMIT_ARGV arguments with a NUL after each, cut to
 * HT_LIMIT_ARG bytes, secrets masked, in the arena. NULs at the end are padding of a title. */
void ht_proc_decode_cmdline(struct ht_str text, struct ht_arena *arena, struct ht_process *process);
void ht_proc_decode_loginuid(struct ht_str text, struct ht_process *process);
/* Inode of "pid:[4026531836]", or 0. */
uint64_t ht_proc_decode_ns(struct ht_str link);
/* "pts/3" of a device number, in the arena; empty for 0. */
struct ht_str ht_proc_decode_tty(uint32_t device, struct ht_arena *arena);
/* Packet sockets listed in /proc/PID/net/packet. */
uint64_t ht_proc_decode_packet(struct ht_str text);
/* The container id in the command line of a runtime's monitor (containerd-shim -id, conmon -c), and
 * which one it is ("shim", "conmon"); empty if it is none. */
struct ht_str ht_proc_decode_monitor(struct ht_text_list argv, const char **ret_kind);
/* Value of KEY in an os-release file, unquoted, in the arena; empty if missing. */
struct ht_str ht_proc_decode_os_release(struct ht_str text, const char *key,
                                        struct ht_arena *arena);

#endif
