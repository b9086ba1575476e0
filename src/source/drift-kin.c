/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose a process is where its cgroup is silent (a user's containers without cgroups of their own):
 * the container that a monitor among its ancestors was started for. */
#include "drift-inner.h"
#include "proc-node.h"

#include <stdio.h>

#include "hulltop/base/mem.h"

enum { ANCESTORS_MAX = 64 };

/* Whether it sees other mounts than the node's first process, below another root; one that may not
 * be looked at (a user's file system of FUSE is shut even to root) is not the node's. */
static bool is_apart(struct ht_drift *drift, pid_t pid)
{
    struct ht_proc_reader *reader = &drift->reader;
    uint64_t ns = ht_proc_decode_ns(ht_proc_read_link(reader, pid, "ns/mnt"));
    uint64_t dev, ino;
    char name[32];

    if (ns == 0 || reader->ns_mnt == 0 || ns == reader->ns_mnt || !reader->has_root)
        return false;
    snprintf(name, sizeof(name), "%d/root", (int)pid);
    return !ht_proc_identify(reader->proc_fd, name, &dev, &ino) || dev != reader->root_dev ||
           ino != reader->root_ino;
}

static struct ht_str id_of_monitor(struct ht_drift *drift, pid_t pid, struct ht_str comm)
{
    struct ht_process monitor = {0};
    const char *kind;

    if (!ht_str_is(comm, "conmon") && !ht_str_has_prefix(comm, "containerd-shim"))
        return (struct ht_str){0};
    ht_proc_read_argv(&drift->reader, pid, drift->arena, &monitor);
    return ht_proc_decode_monitor(monitor.argv, &kind);
}

struct ht_str ht_drift_kin_id(struct ht_drift *drift, pid_t pid, uint64_t ppid)
{
    struct ht_str nested = {0};

    if (!is_apart(drift, pid))
        return nested;
    for (int i = 0; i < ANCESTORS_MAX && ppid > 1; i++) {
        struct ht_proc_stat stat;
        struct ht_str id;
        bool gone;

        if (ht_proc_decode_stat(ht_proc_read_file(&drift->reader, (pid_t)ppid, "stat", &gone),
                                &stat) < 0)
            break;
        id = id_of_monitor(drift, (pid_t)ppid, ht_arena_str(drift->arena, stat.comm));
        /* What runs in a container can be called so, too, and name any container. */
        if (id.len && !is_apart(drift, (pid_t)ppid))
            return id;
        if (nested.len == 0)
            nested = id;
        ppid = stat.ppid;
    }
    return nested;
}
