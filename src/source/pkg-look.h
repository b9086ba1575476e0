/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a host tells about being up to date besides its updates: kernel, support, container stack,
 * known holes by a file. Layer 3 (source); one thread. The source "packages" calls it once a pass.
 */
#ifndef HT_SOURCE_PKG_LOOK_H
#define HT_SOURCE_PKG_LOOK_H

#include <stdbool.h>

#include "hulltop/base/error.h"
#include "hulltop/base/root.h"
#include "hulltop/model/node.h"

struct ht_pkg_look {
    const struct ht_root *root;
    bool live;              /* root is the running system's: kernel and processes count */
    const char *advisories; /* path of the advisory file; NULL: none */
    struct ht_sums *sums;   /* sums of an earlier pass; NULL: files are not compared */
};

/* Adds rows to sample: support (one), kernel (one, if live), component,
 * advisory, package_seal (one). 0; -errno: the
 * packages or the advisory file could not be read, the rest was added all the same. */
int ht_pkg_look_host(const struct ht_pkg_look *look, struct ht_node *sample, struct ht_error *err);

#endif
