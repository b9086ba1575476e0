/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last answer about packages in a file: what it was made from, and the rows. It holds as long
 * as every input does. One file, replaced each time; a source's thread.
 */
#ifndef HT_SOURCE_PKG_CACHE_H
#define HT_SOURCE_PKG_CACHE_H

#include "hulltop/model/node.h"
#include "pkg-inputs.h"

struct ht_pkg_cache {
    const char *folder; /* NULL: nothing is remembered */
    const char *root;   /* of the host files, as it was named */
};

/* The rows of the last answer if nothing changed since, owned by the caller, and its inputs; else
 * NULL and inputs are empty. A file that somebody else could have written is not used. */
struct ht_node *ht_pkg_cache_load(const struct ht_pkg_cache *cache, const struct ht_root *root,
                                  struct ht_pkg_inputs *inputs);
/* Remembers an answer; failing is logged and nothing else. */
void ht_pkg_cache_save(const struct ht_pkg_cache *cache, const struct ht_pkg_inputs *inputs,
                       const struct ht_node *node);

#endif
