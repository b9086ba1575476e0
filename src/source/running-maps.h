/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of /proc/PID/maps, and which files in them can be old code. Layer 3 (source); pure. */
#ifndef HT_SOURCE_RUNNING_MAPS_H
#define HT_SOURCE_RUNNING_MAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/str.h"

/* What the kernel puts behind the path of a file that has no name any more, or another one's. */
#define HT_MAPS_STACK   "[stack]"
#define HT_MAPS_DELETED " (deleted)"

/* One mapping of a file that may be executed. */
struct ht_mapping {
    uint64_t major, minor, inode;
    struct ht_str path; /* as the kernel writes it: newlines as \012, " (deleted)" at its end */
};

/* Steps through the executable mappings of files in *text; false at the end. Lines of any other
 * kind or form are passed over. */
bool ht_maps_next(struct ht_str *text, struct ht_mapping *ret_mapping);

/* The same of memory of no file that can be written and executed at once, but for the stack: its
 * size. */
bool ht_maps_next_loose(struct ht_str *text, uint64_t *ret_bytes);

/* Whether it is of a file that has, or had, a place. */
bool ht_maps_is_of_file(const struct ht_mapping *mapping);

/* The path without the kernel's " (deleted)" and without what package managers put behind names
 * while they unpack (".dpkg-new", ";5f3a..."); ret_deleted: it had the first. */
struct ht_str ht_maps_plain_path(struct ht_str path, bool *ret_deleted);
/* Files that come and go by design: memory, devices, run-time data, temporary files, mounts that
 * were taken away. */
bool ht_maps_is_passing(struct ht_str path);
/* Appends a path as it is on disk: \012 as the newline it stands for. */
void ht_maps_unescape(struct ht_str path, struct ht_buf *out);

#endif
