/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process table by libproc2 (procps-ng 4). It is opened by the first look that needs it: it
 * brings libsystemd, libgcrypt and libcap along, which every start would pay for, and only a node
 * with many processes asks it.
 */
#include "config.h"

#include "procs.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include <libproc2/pids.h>

#include "hulltop/base/mem.h"

/* Places in the items below. */
enum place { PLACE_PID, PLACE_EUID, PLACE_EGID, PLACES };

#define FUNCTIONS(X)                                                                               \
    X(new)                                                                                         \
    X(reap)                                                                                        \
    X(unref)

#define AS_POINTER(name) __typeof__(procps_pids_##name) *name;
struct library {
    FUNCTIONS(AS_POINTER)
};

/* 0, -ENOSYS or -ELIBBAD. It stays loaded for the next time. */
static int load(struct library *ret_library)
{
#define AS_LOOKUP(function) {"procps_pids_" #function, &ret_library->function},
    const struct {
        const char *name;
        void *to;
    } functions[] = {FUNCTIONS(AS_LOOKUP)};
    /* By the name that it is linked by: another one may number its items otherwise. */
    void *handle = dlopen(HT_PROCPS_SONAME, RTLD_LAZY | RTLD_LOCAL);

    if (!handle)
        return -ENOSYS;
    for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
        void *symbol = dlsym(handle, functions[i].name);

        if (!symbol)
            return -ELIBBAD;
        memcpy(functions[i].to, &symbol, sizeof(symbol));
    }
    return 0;
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

int ht_procs_each(ht_procs_visit visit, void *context)
{
    /* None of these needs a file to be read: the owner of /proc/PID tells the ids. */
    enum pids_item items[PLACES] = {
        [PLACE_PID] = PIDS_ID_PID, [PLACE_EUID] = PIDS_ID_EUID, [PLACE_EGID] = PIDS_ID_EGID};
    struct library library;
    struct pids_info *info = NULL;
    int code = load(&library);

    if (code == 0)
        code = library.new(&info, items, PLACES);
    if (code < 0)
        return code;
    errno = 0;
    /* Selecting would read status of each process on top; reaping reads what the items need. */
    struct pids_fetch *fetch = library.reap(info, PIDS_FETCH_TASKS_ONLY);
    code = fetch ? 0 : errno ? -errno : -EIO;
    for (int i = 0; fetch && i < fetch->counts->total; i++)
        visit_stack(fetch->stacks[i], visit, context);
    library.unref(&info);
    return code;
}
