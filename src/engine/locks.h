/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Baselines: what may run in containers of an image, as a person locked it. Layer 4 (engine),
 * private; the engine's thread.
 *
 * Locks are rows of a sample of their own, so that they are joined, judged and recorded like what
 * sources tell. They change nothing on the node, and are kept in a file by image.
 */
#ifndef HT_ENGINE_LOCKS_H
#define HT_ENGINE_LOCKS_H

#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "hulltop/model/state.h"

enum { HT_LOCKS_MAX = 500, HT_LOCK_ITEMS_MAX = 5000 };

/* What a person wants. */
struct ht_lock_request {
    struct ht_str container; /* id of a container of the image */
    struct ht_str reason;    /* why it is unlocked; empty: it is locked */
    int64_t now_ns;
};

/* The sample of locks after that request: what has run in containers of its image so far, besides
 * the image's own, is the baseline. before is the sample until now (NULL: none). told gets a line
 * for people. Owned by the caller; NULL: it could not be, and told says why. */
struct ht_node *ht_locks_request(const struct ht_node *before, const struct ht_state *state,
                                 const struct ht_lock_request *request, struct ht_buf *told);
/* The locks of a file's text. Owned; NULL with err. */
struct ht_node *ht_locks_read(struct ht_str text, const char *name, struct ht_error *err);
/* The text of that file. */
void ht_locks_write(const struct ht_node *locks, struct ht_buf *out);

#endif
