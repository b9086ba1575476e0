/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <config.h>

#include "privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int ht_privileges_refuse_setuid(struct ht_error *err)
{
    if (getauxval(AT_SECURE) || getuid() != geteuid() || getgid() != getegid())
        return ht_error_set(err, EPERM,
                            "hulltop must not run set-user-id or with file capabilities: use sudo");
    return 0;
}

/* What the sources use: DAC_READ_SEARCH and SYS_PTRACE to read /proc of any process, DAC_OVERRIDE
 * to connect to sockets of rootless daemons, whose owners are other users. */
static const unsigned kept[] = {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE};

/* What watching starts uses: SYS_ADMIN for fanotify, also for file systems that come later;
 * NET_ADMIN for a buffer of the process connector that does not overflow. */
static const unsigned kept_to_watch[] = {CAP_SYS_ADMIN, CAP_NET_ADMIN};

static uint64_t kept_mask(bool watches_starts)
{
    uint64_t mask = 0;

    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        mask |= UINT64_C(1) << kept[i];
    for (size_t i = 0; watches_starts && i < sizeof(kept_to_watch) / sizeof(kept_to_watch[0]); i++)
        mask |= UINT64_C(1) << kept_to_watch[i];
    return mask;
}

static void drop_capabilities(bool watches_starts)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    uint64_t mask = kept_mask(watches_starts);

    /* The bounding set first: dropping from it needs SETPCAP. */
    for (unsigned cap = 0; cap < 64; cap++) {
        if (!(mask >> cap & 1) && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
            prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
    }
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capget, &header, data) < 0)
        return;
    for (int word = 0; word < _LINUX_CAPABILITY_U32S_3; word++) {
        uint32_t part = (uint32_t)(mask >> (32 * word));

        data[word].permitted &= part;
        data[word].effective = data[word].permitted;
        data[word].inheritable = 0;
    }
    syscall(SYS_capset, &header, data);
}

void ht_privileges_drop(bool watches_starts)
{
    const struct rlimit no_core = {0};

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#ifndef HT_SANITIZED
    /* The leak checker traces its own process. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    setrlimit(RLIMIT_CORE, &no_core);
    drop_capabilities(watches_starts);
}
