/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Manifests instead of a cluster: pods, lists of them and workload templates, in YAML or JSON, as
 * kubectl prints them or a chart renders them. Layer 3 (source); the caller's thread; blocks on fd.
 */
#ifndef HT_SOURCE_MANIFESTS_H
#define HT_SOURCE_MANIFESTS_H

#include <stddef.h>

#include "hulltop/base/error.h"
#include "hulltop/model/row.h"

/* What was read. */
struct ht_manifests_count {
    size_t pods;      /* themselves */
    size_t templates; /* of workloads */
    size_t others;    /* objects of other kinds, passed over */
    size_t documents;
    char kinds[200];     /* of the others, some, a blank between two */
    size_t odd_keys;     /* of pods, that Kubernetes does not know: nobody judges by them */
    char first_odd[300]; /* "pod.yaml:12: spec.containers[0].securityContext.privilged"; raw */
};

/* Takes one pod: consumes the row. Other than 0 (-errno, with err filled) ends the reading. */
typedef int (*ht_manifest_take)(void *context, struct ht_row *pod, struct ht_error *err);

/* Who reads. */
struct ht_manifests_reader {
    const char *name; /* "-" or a path: begins messages, "name:LINE: what", and is the rows' file */
    ht_manifest_take take;
    void *context;
};

/* Reads fd to its end; each pod is given as soon as it was read and none is kept. -EINVAL: not such
 * a text, an object without a kind, a field of the wrong kind, or no object at all; -E2BIG: an
 * object over a limit. */
int ht_manifests_read(int fd, const struct ht_manifests_reader *reader,
                      struct ht_manifests_count *ret_count, struct ht_error *err);

#endif
