/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process table of the source "drift": who is new, who left, who is looked at when. */
#include "drift-inner.h"

#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

enum { TELL_EVERY = 64 };

#define AGE_FIRST  (INT64_C(1) * HT_NS_PER_S)
#define AGE_SECOND (INT64_C(10) * HT_NS_PER_S)
#define ROUND      (INT64_C(50) * HT_NS_PER_S)
#define RETRY      (INT64_C(10) * HT_NS_PER_S)

/* ---- the list ---- */

struct listing {
    struct ht_drift *drift;
    size_t len;
    bool unsorted;
};

static int visit_name(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct listing *listing = context;
    struct ht_drift *drift = listing->drift;
    uint32_t pid = 0;

    (void)type;
    for (const char *c = name; *c; c++) {
        if (*c < '0' || *c > '9')
            return 0;
        pid = pid * 10 + (uint32_t)(*c - '0');
    }
    if (listing->len == drift->next_cap) {
        drift->next_cap = drift->next_cap ? drift->next_cap * 2 : 512;
        drift->next = ht_realloc(drift->next, drift->next_cap, sizeof(*drift->next));
    }
    if (listing->len && drift->next[listing->len - 1].pid >= (pid_t)pid)
        listing->unsorted = true;
    drift->next[listing->len++] = (struct ht_drift_process){.pid = (pid_t)pid, .ino = inode};
    return 0;
}

static int compare_pids(const void *a, const void *b)
{
    const struct ht_drift_process *left = a;
    const struct ht_drift_process *right = b;

    return (left->pid > right->pid) - (left->pid < right->pid);
}

void ht_drift_drop(struct ht_drift *drift, struct ht_drift_process *process)
{
    for (size_t i = 0; i < process->codes.len; i++)
        ht_codes_end(drift->codes, process->codes.items[i], drift->now_wall_ns);
    ht_vec_fini(&process->codes);
    if (process->home)
        ht_layers_leave(drift->layers, process->home);
    process->home = NULL;
}

/* Carries what is known over to the new list. */
static void merge(struct ht_drift *drift, size_t len)
{
    struct ht_drift_process *spare = drift->processes;
    size_t spare_cap = drift->cap;
    size_t old = 0;

    for (size_t i = 0; i < len; i++) {
        struct ht_drift_process *process = &drift->next[i];

        while (old < drift->len && drift->processes[old].pid < process->pid)
            ht_drift_drop(drift, &drift->processes[old++]);
        process->due_ns = drift->now_ns;
        if (old == drift->len || drift->processes[old].pid != process->pid)
            continue;
        if (drift->processes[old].ino == process->ino)
            *process = drift->processes[old];
        else
            ht_drift_drop(drift, &drift->processes[old]);
        old++;
    }
    while (old < drift->len)
        ht_drift_drop(drift, &drift->processes[old++]);
    drift->processes = drift->next;
    drift->cap = drift->next_cap;
    drift->len = len;
    drift->next = spare;
    drift->next_cap = spare_cap;
}

int ht_drift_list(struct ht_drift *drift, struct ht_error *err)
{
    struct listing listing = {.drift = drift};
    const struct ht_dir_visitor visitor = {
        .visit = visit_name, .context = &listing, .max_entries = HT_LIMIT_ROWS};
    int code = ht_list_fd(drift->reader.proc_fd, &visitor, err);

    if (code < 0)
        return code;
    if (listing.unsorted)
        qsort(drift->next, listing.len, sizeof(*drift->next), compare_pids);
    merge(drift, listing.len);
    return 0;
}

struct ht_drift_process *ht_drift_find(struct ht_drift *drift, pid_t pid)
{
    const struct ht_drift_process key = {.pid = pid};

    return drift->len ? bsearch(&key, drift->processes, drift->len, sizeof(key), compare_pids)
                      : NULL;
}

/* ---- when ---- */

static int64_t age_of(const struct ht_drift *drift, const struct ht_drift_process *process)
{
    int64_t age =
        drift->now_wall_ns - drift->booted_wall_ns - (int64_t)process->start * drift->tick_ns;

    return age > 0 ? age : 0;
}

/* Twice while it is young, for an exec changes nothing that is listed; then what is of a container
 * once a minute, spread by pid. */
static void schedule(const struct ht_drift *drift, struct ht_drift_process *process)
{
    int64_t age = age_of(drift, process);

    if (process->stage == 0 && age >= AGE_SECOND)
        process->stage = 1;
    process->stage++;
    if (process->stage == 1)
        process->due_ns = drift->now_ns + AGE_FIRST;
    else if (process->stage == 2 && age < AGE_SECOND)
        process->due_ns = drift->now_ns + AGE_SECOND - age;
    else if (process->home)
        process->due_ns = drift->now_ns + ROUND + (process->pid % 10) * HT_NS_PER_S;
    else
        process->due_ns = INT64_MAX;
}

/* ---- looking ---- */

static void gone(struct ht_drift *drift, struct ht_drift_process *process)
{
    ht_drift_drop(drift, process);
    process->due_ns = drift->now_ns + RETRY;
}

static void look(struct ht_drift *drift, struct ht_drift_process *process)
{
    if (ht_drift_judge(drift, process))
        schedule(drift, process);
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
    int64_t age = age_of(drift, process) / drift->tick_ns + 1;

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

        if (process->due_ns > drift->now_ns)
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
