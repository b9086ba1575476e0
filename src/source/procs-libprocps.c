/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process table by libprocps 3, for systems from before libproc2. */
#include "procs.h"

#include <errno.h>
#include <string.h>

#include <proc/readproc.h>

static void visit_task(const proc_t *task, ht_procs_visit visit, void *context)
{
    struct ht_procs_item item = {
        .pid = task->tid, .euid = (uint32_t)task->euid, .egid = (uint32_t)task->egid};

    visit(context, &item);
}

int ht_procs_each(ht_procs_visit visit, void *context)
{
    proc_t task;

    errno = 0;
    /* Without a file to fill from: the owner of /proc/PID tells the ids. */
    PROCTAB *table = openproc(0);
    if (!table)
        return errno ? -errno : -EIO;
    memset(&task, 0, sizeof(task));
    /* What the task points at the library frees itself, with its next call, which the last one is
     * too. */
    while (readproc(table, &task))
        visit_task(&task, visit, context);
    closeproc(table);
    return 0;
}
