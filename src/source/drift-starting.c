/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A runtime that is about to become a container's program: it runs from memory, or from a mount of
 * its own, for a moment. Where its file is none of the node's known programs its name tells, which
 * a program of the container could take too: who started it, and what it ran before, no container
 * can choose.
 */
#include "drift-inner.h"

#include <stdio.h>
#include <string.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

/* Shorter than it takes until a number is given to another process. */
#define RAN_NS (INT64_C(30) * HT_NS_PER_S)

static bool is_named(struct ht_str comm, const char *const *names, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (ht_str_has_prefix(comm, names[i]))
            return true;
    }
    return false;
}

static bool is_runtime(struct ht_str comm)
{
    static const char *const names[] = {"runc", "crun",        "youki",
                                        "exe",  "docker-runc", "buildkit-runc"};

    return is_named(comm, names, ARRAY_LEN(names));
}

bool ht_drift_may_start_from(enum ht_code_origin origin)
{
    return origin == HT_CODE_ORIGIN_MEMFD || origin == HT_CODE_ORIGIN_BLIND ||
           origin == HT_CODE_ORIGIN_BIND;
}

/* A mount of the runtime's file that is in no folder. No program of the container is called so. */
static bool is_self_mount(const struct ht_drift_starter *who)
{
    return ht_str_is(who->path, "/");
}

/* What runs from memory is called as that is (Linux 6.14), before as its descriptor. */
static bool is_clone(struct ht_str comm)
{
    static const char *const names[] = {"memfd:runc", "memfd:crun", "memfd:youki"};
    uint64_t number;

    return is_named(comm, names, ARRAY_LEN(names)) || ht_parse_u64(comm, &number) == 0;
}

static bool may_start(const struct ht_drift_starter *who)
{
    static const char *const names[] = {"runc", "crun", "youki", "exe", "conmon", "docker-init"};

    return ht_drift_may_start_from(who->origin) &&
           (who->origin != HT_CODE_ORIGIN_BIND || is_self_mount(who)) &&
           (is_named(who->comm, names, ARRAY_LEN(names)) ||
            (who->origin == HT_CODE_ORIGIN_MEMFD && is_clone(who->comm)));
}

static bool has_run(const struct ht_drift *drift, pid_t pid)
{
    const struct ht_drift_process *process = ht_proc_crowd_find(&drift->all, pid);
    const struct ht_drift_ran *ran = &drift->ran[(size_t)pid % HT_DRIFT_RAN];

    return (process && process->codes.len) ||
           (ran->pid == pid && drift->now_ns - ran->at_ns < RAN_NS);
}

static bool is_inside(struct ht_drift *drift, uint64_t pid, struct ht_str container_id)
{
    const struct ht_drift_process *process = ht_proc_crowd_find(&drift->all, (pid_t)pid);
    struct ht_cgroup_facts facts;

    return (process && process->home && ht_str_equal(ht_layers_id(process->home), container_id)) ||
           ht_proc_read_cgroup(&drift->reader, (pid_t)pid, drift->arena, &facts) < 0 ||
           ht_str_equal(facts.container_id, container_id);
}

/* Who creates a container leaves its first process to a monitor; what is started in one later is
 * waited for. */
static bool is_from_outside(struct ht_drift *drift, const struct ht_drift_starter *who)
{
    struct ht_proc_stat parent;
    bool gone;

    if (who->ppid == 0 ||
        ht_proc_decode_stat(ht_proc_read_file(&drift->reader, (pid_t)who->ppid, "stat", &gone),
                            &parent) < 0)
        return false;
    return (who->is_first || is_runtime(parent.comm) || is_clone(parent.comm)) &&
           !is_inside(drift, who->ppid, who->container_id);
}

bool ht_drift_is_starting(struct ht_drift *drift, const struct ht_drift_starter *who)
{
    return may_start(who) && !has_run(drift, who->pid) && is_from_outside(drift, who);
}

void ht_drift_note_run(struct ht_drift *drift, pid_t pid)
{
    if (pid > 0)
        drift->ran[(size_t)pid % HT_DRIFT_RAN] =
            (struct ht_drift_ran){.pid = pid, .at_ns = drift->now_ns};
}
