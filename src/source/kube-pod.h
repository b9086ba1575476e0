/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pods and workloads of Kubernetes to rows: a parsed object in, a pod out, nothing else.
 * Layer 3 (source), private; pure.
 *
 * A field is set when the manifest sets it, null counts as not set; a value of the wrong kind where
 * something is judged by it is an error, as it is to the API.  No environment and no argument
 * enters a row; labels' values that look like secrets are masked.
 */
#ifndef HT_SOURCE_KUBE_POD_H
#define HT_SOURCE_KUBE_POD_H

#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/base/json.h"
#include "hulltop/model/rows.h"

/* What an object is called and holds. */
struct ht_kube_object {
    struct ht_str kind;  /* "Deployment" */
    struct ht_str shape; /* kind whose shape it has, where the own one is not known; else empty */
    const struct ht_json *value;
    const char *file; /* where it was read from; NULL: an API */
    unsigned line;
    struct ht_str source; /* name of the source row */
};

/* Whether objects of that kind are pods or hold a template of them. */
bool ht_kube_has_pod(struct ht_str kind);
/* The kind that an object without one must be by its shape: "Pod", "Deployment" (for any template)
 * or "CronJob"; empty: none of these. */
struct ht_str ht_kube_shape(const struct ht_json *value);
/* Whether an object of any kind has containers where that shape has them. */
bool ht_kube_holds_pod(const struct ht_json *value);
/* The spec of the pod that an object of that kind is or holds; NULL: it has none. */
const struct ht_json *ht_kube_spec(const struct ht_json *value, struct ht_str kind);
/* Fills the zeroed struct at ret; texts are borrowed from the object, or made in the arena.
 * -EINVAL: a field is not what the API takes, with its path. */
int ht_kube_decode_pod(const struct ht_kube_object *object, struct ht_arena *arena,
                       struct ht_pod *ret, struct ht_error *err);

#endif
