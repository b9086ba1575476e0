/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc-mount-kind.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

bool ht_mount_kind_at(int proc_fd, bool is_own, uint64_t device, struct ht_str path,
                      enum ht_mount_kind *ret_kind)
{
    char name[PATH_MAX];
    struct statx facts;
    int len = snprintf(name, sizeof(name), "%s/root%.*s", is_own ? "self" : "1", HT_STR_ARG(path));

    /* The kernel names a mount by its place of now, without links. */
    if (len < 0 || (size_t)len >= sizeof(name) ||
        statx(proc_fd, name, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE,
              &facts) < 0 ||
        device != ((uint64_t)facts.stx_dev_major << 32 | facts.stx_dev_minor))
        return false;
    if (S_ISSOCK(facts.stx_mode))
        *ret_kind = HT_MOUNT_KIND_SOCKET;
    else if (S_ISDIR(facts.stx_mode))
        *ret_kind = HT_MOUNT_KIND_FOLDER;
    else if (S_ISREG(facts.stx_mode))
        *ret_kind = HT_MOUNT_KIND_FILE;
    else
        return false;
    return true;
}
