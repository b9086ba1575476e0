/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process table of the source "drift": who is new, who left, who is looked at when. */
#include "drift-inner.h"

#include <stdlib.h>

#include "hulltop/base/mem.h"

enum { TELL_EVERY = 64 };

/* ---- who is there ---- */

void ht_drift_drop(struct ht_drift *drift, struct ht_drift_process *process)
{
    for (size_t i = 0; i < process->codes.len; i++)
        ht_codes_end(drift->codes, process->codes.items[i], drift->now_wall_ns);
    ht_vec_fini(&process->codes);
    if (process->home) {
        ht_layers_gone(process->home, process->pid);
        ht_layers_leave(drift->layers, process->home);
    }
    process->home = NULL;
}

static void join(void *context, void *member)
{
    const struct ht_drift *drift = context;
    struct ht_drift_process *process = member;

    process->schedule.due_ns = drift->now_ns;
}

static void leave(void *context, void *member)
{
    ht_drift_drop(context, member);
}

void ht_drift_crowd_init(struct ht_drift *drift)
{
    static const struct ht_proc_crowd_ops ops = {.size = sizeof(struct ht_drift_process),
                                                 .pid_at = offsetof(struct ht_drift_process, pid),
                                                 .ino_at = offsetof(struct ht_drift_process, ino),
                                                 .join = join,
                                                 .leave = leave};

    drift->all = (struct ht_proc_crowd){.ops = &ops, .context = drift};
}

int ht_drift_list(struct ht_drift *drift, struct ht_error *err)
{
    int r = ht_proc_crowd_look(&drift->all, drift->reader.proc_fd, drift->now_ns, err);

    drift->processes = drift->all.members;
    drift->len = drift->all.len;
    for (size_t i = 0; i < drift->len; i++) {
        const struct ht_drift_process *process = &drift->processes[i];

        if (process->home)
            ht_layers_offer(process->home, process->pid, process->start, process->by_kin);
    }
    return r;
}

/* ---- when ---- */

int64_t ht_drift_age(const struct ht_drift *drift, const struct ht_drift_process *process)
{
    int64_t age = drift->now_boot_ns - (int64_t)process->start * drift->tick_ns;

    return age > 0 ? age : 0;
}

/* ---- looking ---- */

static void gone(struct ht_drift *drift, struct ht_drift_process *process)
{
    ht_drift_drop(drift, process);
    process->schedule.due_ns = drift->now_ns + HT_PROC_RETRY_NS;
}

static void look(struct ht_drift *drift, struct ht_drift_process *process)
{
    /* What is of a container may have started something else since. */
    if (ht_drift_judge(drift, process, NULL))
        ht_proc_schedule_next(&process->schedule, process->pid, ht_drift_age(drift, process),
                              drift->now_ns, process->home != NULL);
    else
        gone(drift, process);
}

/* One that waits to be judged, with what decides who is first. */
struct waiting {
    struct ht_drift_process *process;
    uint64_t share; /* of a CPU since its start, in millionths */
    uint64_t since; /* of its container */
};

static int compare_waiting(const void *a, const void *b)
{
    const struct waiting *left = a;
    const struct waiting *right = b;

    if (left->share != right->share)
        return left->share < right->share ? 1 : -1;
    if (left->since != right->since)
        return left->since < right->since ? 1 : -1;
    return (left->process->pid > right->process->pid) - (left->process->pid < right->process->pid);
}

static struct waiting waiting_of(const struct ht_drift *drift, struct ht_drift_process *process)
{
    int64_t age = ht_drift_age(drift, process) / drift->tick_ns + 1;

    return (struct waiting){.process = process,
                            .share = process->ticks * 1000000 / (uint64_t)age,
                            .since = ht_layers_since(process->home)};
}

/* Finds out whose every due process is; those of containers wait, the others are judged. */
static size_t scout_due(struct ht_drift *drift, struct waiting *waiting)
{
    size_t count = 0;

    for (size_t i = 0; i < drift->len; i++) {
        struct ht_drift_process *process = &drift->processes[i];

        if (process->schedule.due_ns > drift->now_ns)
            continue;
        if (!ht_drift_scout(drift, process)) {
            gone(drift, process);
            continue;
        }
        if (process->home)
            waiting[count++] = waiting_of(drift, process);
        else
            look(drift, process);
    }
    return count;
}

void ht_drift_look_due(struct ht_drift *drift,
                       void (*told)(struct ht_drift *drift, size_t done, size_t total))
{
    ht_autofree struct waiting *waiting = ht_new_array(struct waiting, drift->len + 1);
    size_t count = scout_due(drift, waiting);

    qsort(waiting, count, sizeof(*waiting), compare_waiting);
    for (size_t i = 0; i < count; i++) {
        look(drift, waiting[i].process);
        if (told && i % TELL_EVERY == TELL_EVERY - 1)
            told(drift, i + 1, count);
    }
}
