/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process table by libproc2 (procps-ng 4). */
#include "procs.h"

#include <errno.h>
#include <string.h>

#include <libproc2/pids.h>

#include "hulltop/base/mem.h"

/* PF_KTHREAD of the kernel's task flags. */
#define KERNEL_THREAD 0x00200000UL

/* Places in the items below; the light table ends before COMM's successors. */
enum place {
    PLACE_PID,
    PLACE_PPID,
    PLACE_EUID,
    PLACE_EGID,
    PLACE_TTY,
    PLACE_STATE,
    PLACE_FLAGS,
    PLACE_START,
    PLACE_USED,
    PLACE_COMM,
    PLACE_ARGV,
    PLACE_CGROUP,
    PLACES,
    PLACES_LIGHT = PLACE_ARGV
};

struct ht_procs {
    struct pids_info *info;
    bool light;
};

struct ht_procs *ht_procs_new(bool light, struct ht_error *err)
{
    enum pids_item items[PLACES] = {
        [PLACE_PID] = PIDS_ID_PID,     [PLACE_PPID] = PIDS_ID_PPID,
        [PLACE_EUID] = PIDS_ID_EUID,   [PLACE_EGID] = PIDS_ID_EGID,
        [PLACE_TTY] = PIDS_TTY,        [PLACE_STATE] = PIDS_STATE,
        [PLACE_FLAGS] = PIDS_FLAGS,    [PLACE_START] = PIDS_TICS_BEGAN,
        [PLACE_USED] = PIDS_TICS_ALL,  [PLACE_COMM] = PIDS_CMD,
        [PLACE_ARGV] = PIDS_CMDLINE_V, [PLACE_CGROUP] = PIDS_CGROUP_V,
    };
    struct ht_procs *procs = ht_new0(struct ht_procs);
    int code = procps_pids_new(&procs->info, items, light ? PLACES_LIGHT : PLACES);

    procs->light = light;
    if (code < 0) {
        ht_error_errno(err, -code, "process table of libproc2");
        free(procs);
        return NULL;
    }
    return procs;
}

struct ht_procs *ht_procs_free(struct ht_procs *procs)
{
    if (procs)
        procps_pids_unref(&procs->info);
    free(procs);
    return NULL;
}

/* The library says "-" where there is no command line. */
static char *const *none_if_dash(char *const *list)
{
    return list && list[0] && strcmp(list[0], "-") == 0 && !list[1] ? NULL : list;
}

static void visit_stack(const struct ht_procs *procs, const struct pids_stack *stack,
                        ht_procs_visit visit, void *context)
{
    const struct pids_result *at = stack->head;
    struct ht_procs_item item = {
        .pid = at[PLACE_PID].result.s_int,
        .ppid = at[PLACE_PPID].result.s_int,
        .euid = at[PLACE_EUID].result.u_int,
        .egid = at[PLACE_EGID].result.u_int,
        .tty = (uint32_t)at[PLACE_TTY].result.s_int,
        .state = (char)at[PLACE_STATE].result.s_ch,
        .kernel = at[PLACE_FLAGS].result.ul_int & KERNEL_THREAD,
        .start = at[PLACE_START].result.ull_int,
        .used = at[PLACE_USED].result.ull_int,
        .comm = at[PLACE_COMM].result.str ? at[PLACE_COMM].result.str : "",
    };

    if (!procs->light) {
        item.argv = none_if_dash(at[PLACE_ARGV].result.strv);
        item.cgroup = none_if_dash(at[PLACE_CGROUP].result.strv);
    }
    visit(context, &item);
}

int ht_procs_each(struct ht_procs *procs, const pid_t *pids, size_t count, ht_procs_visit visit,
                  void *context)
{
    unsigned list[HT_PROCS_BATCH];
    struct pids_fetch *fetch;

    if (count > HT_PROCS_BATCH)
        return -EINVAL;
    for (size_t i = 0; i < count; i++)
        list[i] = (unsigned)pids[i];

    errno = 0;
    /* Selecting reads status of each process on top, reaping what the items need and no more. */
    fetch = count ? procps_pids_select(procs->info, list, (int)count, PIDS_SELECT_PID)
                  : procps_pids_reap(procs->info, PIDS_FETCH_TASKS_ONLY);
    if (!fetch)
        return errno ? -errno : -EIO;
    for (int i = 0; i < fetch->counts->total; i++)
        visit_stack(procs, fetch->stacks[i], visit, context);
    return 0;
}
