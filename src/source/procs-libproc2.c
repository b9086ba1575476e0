/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process table by libproc2 (procps-ng 4). */
#include "procs.h"

#include <errno.h>

#include <libproc2/pids.h>

#include "hulltop/base/mem.h"

/* Places in the items below. */
enum place { PLACE_PID, PLACE_EUID, PLACE_EGID, PLACES };

struct ht_procs {
    struct pids_info *info;
};

struct ht_procs *ht_procs_new(struct ht_error *err)
{
    /* None of these needs a file to be read: the owner of /proc/PID tells the ids. */
    enum pids_item items[PLACES] = {
        [PLACE_PID] = PIDS_ID_PID, [PLACE_EUID] = PIDS_ID_EUID, [PLACE_EGID] = PIDS_ID_EGID};
    struct ht_procs *procs = ht_new0(struct ht_procs);
    int code = procps_pids_new(&procs->info, items, PLACES);

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

static void visit_stack(const struct pids_stack *stack, ht_procs_visit visit, void *context)
{
    const struct pids_result *at = stack->head;
    struct ht_procs_item item = {
        .pid = at[PLACE_PID].result.s_int,
        .euid = at[PLACE_EUID].result.u_int,
        .egid = at[PLACE_EGID].result.u_int,
    };

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
        visit_stack(fetch->stacks[i], visit, context);
    return 0;
}
