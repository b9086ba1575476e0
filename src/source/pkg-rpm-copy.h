/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A private copy of a root's RPM database. Layer 3 (source); one owner.
 *
 * librpm follows links out of the root, and writes files of its own beside a database even to read
 * it.
 */
#ifndef HT_SOURCE_PKG_RPM_COPY_H
#define HT_SOURCE_PKG_RPM_COPY_H

#include "hulltop/base/error.h"
#include "hulltop/base/root.h"

struct ht_rpm_copy {
    char *folder; /* NULL: there is none */
    int fd;       /* of the folder, locked as long as it is used */
};

/* Copies the files of a folder below a root into a new one below TMPDIR, and removes the copies
 * that runs which were ended have left there. 0, or why not (then there is no copy). */
int ht_rpm_copy_make(const struct ht_root *root, const char *from, struct ht_rpm_copy *ret_copy,
                     struct ht_error *err);
/* Removes it; also one of zeros. */
void ht_rpm_copy_drop(struct ht_rpm_copy *copy);

#endif
