/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process table by libproc2 (procps-ng 4). */
#include "procs.h"

#include <errno.h>

#include <libproc2/pids.h>

/* Places in the items below. */
enum place { PLACE_PID, PLACE_EUID, PLACE_EGID, PLACES };

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

int ht_procs_each(ht_procs_visit visit, void *context)
{
    /* None of these needs a file to be read: the owner of /proc/PID tells the ids. */
    enum pids_item items[PLACES] = {
        [PLACE_PID] = PIDS_ID_PID, [PLACE_EUID] = PIDS_ID_EUID, [PLACE_EGID] = PIDS_ID_EGID};
    struct pids_info *info = NULL;
    int code = procps_pids_new(&info, items, PLACES);

    if (code < 0)
        return code;
    errno = 0;
    /* Selecting would read status of each process on top; reaping reads what the items need. */
    struct pids_fetch *fetch = procps_pids_reap(info, PIDS_FETCH_TASKS_ONLY);
    code = fetch ? 0 : errno ? -errno : -EIO;
    for (int i = 0; fetch && i < fetch->counts->total; i++)
        visit_stack(fetch->stacks[i], visit, context);
    procps_pids_unref(&info);
    return code;
}
