/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the source "packages" asks of each package manager it knows. A reader is one function; it
 * looks at the files of its own manager and adds rows.
 */
#ifndef HT_SOURCE_PKG_SYSTEM_H
#define HT_SOURCE_PKG_SYSTEM_H

#include "hulltop/base/arena.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/root.h"
#include "hulltop/model/node.h"
#include "pkg-inputs.h"

struct ht_pkg_reading {
    const struct ht_root *root;
    bool live; /* root is the running system's */
    struct ht_arena *arena;
    struct ht_pkg_inputs *inputs; /* every file that was looked at goes in here */
    /* Called now and then: so many of so many lists, or whatever is counted. */
    void (*progress)(void *context, size_t done, size_t total);
    void *context;
    /* Filled by the reader for the source's one line; texts in the arena. */
    struct ht_str summary; /* "deb: 900 packages, 3 updates wait" */
    struct ht_str trouble; /* empty: it was read in full */
    struct ht_str help;
    uint64_t installed;
    bool vanished; /* files went away while it read: worth another try */
};

/* Adds the manager's ht_package_db row and its ht_package rows to sample. 0; -ENOENT: it is not
 * used on this host; other errors: its database cannot be read. A source's thread. */
typedef int (*ht_pkg_read)(struct ht_pkg_reading *reading, struct ht_node *sample,
                           struct ht_error *err);

int ht_pkg_read_deb(struct ht_pkg_reading *reading, struct ht_node *sample, struct ht_error *err);
/* RPM and apk: what is installed, and that pending updates cannot be told. */
int ht_pkg_read_others(struct ht_pkg_reading *reading, struct ht_node *sample,
                       struct ht_error *err);
/* Hosts that are replaced as a whole: what they are made of and when it was built. */
int ht_pkg_read_image(struct ht_pkg_reading *reading, struct ht_node *sample, struct ht_error *err);

/* The text of os-release into a buffer; false where there is none. */
bool ht_pkg_read_release(struct ht_pkg_reading *reading, struct ht_buf *text);
/* What the host says besides: whether a restart was asked for. */
void ht_pkg_read_reboot(struct ht_pkg_reading *reading, struct ht_package_db *db);
/* Whether the kernel's clock follows a source of time; only of the running system. */
void ht_pkg_read_clock(struct ht_package_db *db);

#endif
