/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The evidence bundle: all that is known of a finding, in one file. Layer 4 (engine), private.
 *
 * What the state holds comes from it, in a recording too; what only the living process shows is
 * read while it lives. Whatever cannot be had is named in the bundle itself.
 */
#ifndef HT_ENGINE_BUNDLE_H
#define HT_ENGINE_BUNDLE_H

#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "hulltop/model/state.h"

struct ht_bundle {
    const struct ht_state *state;
    struct ht_str finding; /* its id */
    const char *proc;      /* "/proc"; NULL: the state is no living node's */
    int64_t now_ns;        /* wall time at which it is taken */
};

/* Writes it to a new file (0600) at path: a tar archive. told gets a line for people. May block.
 * 0, or -errno with err; -ENOENT: there is no such finding any more. */
int ht_bundle_save(const struct ht_bundle *bundle, const char *path, struct ht_buf *told,
                   struct ht_error *err);

/* ---- its texts, pure ---- */

enum { HT_BUNDLE_PROCESSES_MAX = 8 /* that are read while they live */ };

/* A process that the finding is about. */
struct ht_bundle_process {
    int64_t pid;
    uint64_t start;     /* ticks since boot; 0: any */
    struct ht_str code; /* path of what it loaded that the finding is about; empty: its program */
};

/* What of the node belongs to the finding. */
struct ht_bundle_about {
    const struct ht_state *state;
    const struct ht_finding *finding;
    const struct ht_container *container; /* NULL: none */
    const struct ht_layer *layer;         /* NULL: none */
    struct ht_bundle_process processes[HT_BUNDLE_PROCESSES_MAX];
    size_t processes_len;
};

/* False: there is no such finding. */
bool ht_bundle_find(const struct ht_state *state, struct ht_str finding,
                    struct ht_bundle_about *ret_about);
/* The finding and all rows about it, as JSON. */
void ht_bundle_write_finding(const struct ht_bundle_about *about, int64_t now_ns,
                             struct ht_buf *out);
/* Its processes, those of its container and all their parents, as a tree. */
void ht_bundle_write_tree(const struct ht_bundle_about *about, struct ht_buf *out);
/* Packages that are not as the image has them. False: nothing is known of them. */
bool ht_bundle_write_packages(const struct ht_bundle_about *about, struct ht_buf *out);
/* Mounts of its container as they were read last. False: nothing is known of them. */
bool ht_bundle_write_mounts(const struct ht_bundle_about *about, struct ht_buf *out);
/* Times, in UTC and in the zone of who takes it. */
void ht_bundle_write_times(const struct ht_bundle_about *about, int64_t now_ns, struct ht_buf *out);

#endif
