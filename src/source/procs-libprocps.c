/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process table by libprocps 3, for systems from before libproc2. */
#include "procs.h"

#include <errno.h>
#include <string.h>

#include <proc/readproc.h>

#include "hulltop/base/mem.h"

struct ht_procs {
    int flags;
};

struct ht_procs *ht_procs_new(struct ht_error *err)
{
    struct ht_procs *procs = ht_new0(struct ht_procs);

    (void)err;
    /* Without a file to fill from: the owner of /proc/PID tells the ids. */
    procs->flags = 0;
    return procs;
}

struct ht_procs *ht_procs_free(struct ht_procs *procs)
{
    free(procs);
    return NULL;
}

static void visit_task(const proc_t *task, ht_procs_visit visit, void *context)
{
    struct ht_procs_item item = {
        .pid = task->tid, .euid = (uint32_t)task->euid, .egid = (uint32_t)task->egid};

    visit(context, &item);
}

int ht_procs_each(struct ht_procs *procs, const pid_t *pids, size_t count, ht_procs_visit visit,
                  void *context)
{
    pid_t list[HT_PROCS_BATCH + 1] = {0};
    proc_t task;

    if (count > HT_PROCS_BATCH)
        return -EINVAL;
    for (size_t i = 0; i < count; i++)
        list[i] = pids[i];

    PROCTAB *table = openproc(count ? procs->flags | PROC_PID : procs->flags, list);
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
