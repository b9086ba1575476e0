/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a path of the node is, for the mount of a container that comes from it. Layer 3 (source). */
#ifndef HT_SOURCE_PROC_MOUNT_KIND_H
#define HT_SOURCE_PROC_MOUNT_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "hulltop/base/str.h"
#include "hulltop/model/rows.h"

/* Whether path below the root of process 1 (is_own: below our own) is a socket, a folder or a file
 * of that device (major << 32 | minor); which goes into *ret_kind. False where it is something
 * else, or lies on another device: then it is not what was mounted. proc_fd is of /proc; any
 * thread. Nothing is opened; the caller sees to it that no server is asked on the way. */
bool ht_mount_kind_at(int proc_fd, bool is_own, uint64_t device, struct ht_str path,
                      enum ht_mount_kind *ret_kind);

#endif
