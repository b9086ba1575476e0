/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is too much for memory: pieces of bytes put away in a file without a name, to be read again
 * by their places. Layer 1 (base); one thread.
 */
#ifndef HT_BASE_SPOOL_H
#define HT_BASE_SPOOL_H

#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"

struct ht_spool;

/* An empty one below $TMPDIR or /tmp (or in memory, where no file can be made there), owned by the
 * caller; NULL with err. The file has no name, so nobody else finds it and nothing is left behind.
 */
struct ht_spool *ht_spool_new(struct ht_error *err);
/* NULL is allowed; returns NULL. */
struct ht_spool *ht_spool_free(struct ht_spool *spool);
/* Appends bytes; their place, or -errno. */
int64_t ht_spool_add(struct ht_spool *spool, struct ht_str bytes, struct ht_error *err);
/* Appends the len bytes of a place, fewer at the end of what was put away, to out; how many, or
 * -errno. */
int64_t ht_spool_get(struct ht_spool *spool, uint64_t place, size_t len, struct ht_buf *out,
                     struct ht_error *err);

#endif
