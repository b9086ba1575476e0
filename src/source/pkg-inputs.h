/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an answer about packages was made from: each file and folder that was looked at, those not
 * there among them, by size, times and inode. As long as none of that changes the
 * answer holds, and asking costs a stat each.
 */
#ifndef HT_SOURCE_PKG_INPUTS_H
#define HT_SOURCE_PKG_INPUTS_H

#include "hulltop/base/root.h"
#include "hulltop/base/vec.h"

struct ht_pkg_input {
    char *path;
    bool exists;
    uint64_t size;
    uint64_t inode;
    int64_t changed_ns; /* modification time */
    int64_t touched_ns; /* last change (ctime), which no call sets */
};

struct ht_pkg_inputs {
    struct ht_vec items;  /* owned struct ht_pkg_input, in the order of their first look */
    struct ht_map *known; /* by path; NULL while empty */
};

/* Zeroed is empty. */
void ht_pkg_inputs_fini(struct ht_pkg_inputs *inputs);
/* Looks at path below root and remembers what it saw; 0, or -errno where there is nothing or it
 * cannot be looked at. A path that is known already is not looked at again. Paths that are longer
 * than PATH_MAX are not there. */
int ht_pkg_inputs_look(struct ht_pkg_inputs *inputs, const struct ht_root *root, const char *path);
/* What was seen there, or NULL. */
const struct ht_pkg_input *ht_pkg_inputs_find(const struct ht_pkg_inputs *inputs, const char *path);
/* True if there are any and everything is as it was. */
bool ht_pkg_inputs_hold(const struct ht_pkg_inputs *inputs, const struct ht_root *root);
/* Appends them as lines; the reverse is false (and inputs empty) for anything else. */
void ht_pkg_inputs_write(const struct ht_pkg_inputs *inputs, struct ht_buf *out);
bool ht_pkg_inputs_read(struct ht_pkg_inputs *inputs, struct ht_str text);

#endif
