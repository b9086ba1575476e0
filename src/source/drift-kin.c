/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose a process is where its cgroup is silent (a user's containers without cgroups of their own):
 * the container that a monitor among its ancestors was started for. */
#include "drift-inner.h"
#include "proc-kin.h"

static struct ht_str id_of_monitor(struct ht_drift *drift, pid_t pid, struct ht_str comm,
                                   const char **ret_kind)
{
    struct ht_process monitor = {0};

    if (!ht_str_is(comm, "conmon") && !ht_str_has_prefix(comm, "containerd-shim"))
        return (struct ht_str){0};
    ht_proc_read_argv(&drift->reader, pid, drift->arena, &monitor);
    return ht_proc_decode_monitor(monitor.argv, ret_kind);
}

static bool ask_proc(void *context, uint64_t pid, struct ht_kin_ancestor *ret)
{
    struct ht_drift *drift = context;
    struct ht_proc_stat stat;
    bool gone;

    if (ht_proc_decode_stat(ht_proc_read_file(&drift->reader, (pid_t)pid, "stat", &gone), &stat) <
        0)
        return false;
    ret->id = id_of_monitor(drift, (pid_t)pid, ht_arena_str(drift->arena, stat.comm), &ret->kind);
    ret->apart = ret->id.len && ht_proc_has_other_root(&drift->reader, (pid_t)pid);
    ret->ppid = stat.ppid;
    return true;
}

struct ht_str ht_drift_kin_id(struct ht_drift *drift, pid_t pid, uint64_t ppid)
{
    const char *kind;

    if (!ht_proc_has_other_root(&drift->reader, pid))
        return (struct ht_str){0};
    return ht_kin_monitored(ppid, ask_proc, drift, &kind);
}
