/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Pod Security Standards: which of their checks a pod does not pass, by which fields.
 * Layer 3 (check); pure; any thread.
 *
 * The checks, their ids and what changed in which version are those of Kubernetes' own admission
 * (as of 1.37).  A level is judged by its own checks: what restricted lists is what it adds to
 * baseline.
 */
#ifndef HT_CHECK_POD_SECURITY_H
#define HT_CHECK_POD_SECURITY_H

#include <limits.h>

#include "hulltop/base/arena.h"
#include "hulltop/check/facts.h"
#include "hulltop/model/row.h"

/* The minor number of a version 1.N of the standards; newer ones than are known (NEWEST) are judged
 * like that one. */
enum { HT_POD_SECURITY_NEWEST = 37, HT_POD_SECURITY_LATEST = INT_MAX };

/* "v1.28", "1.28" or "latest". False: none of these. */
bool ht_pod_security_parse(struct ht_str text, int *ret_minor);
/* Judges a pod by that version. False, and ret is untouched, if its containers are not known. What
 * is made lives in the arena, else texts are the pod's. */
bool ht_pod_security_judge(const struct ht_pod *pod, int minor, struct ht_arena *arena,
                           struct ht_pod_security *ret);
/* The pod with its class and what the standards say about it; owned by the caller. */
struct ht_row *ht_pod_derive(const struct ht_facts *facts, const struct ht_row *pod, int minor);
/* The path of a pod's spec in the object that holds it: "spec.template.spec" of a Deployment. */
const char *ht_pod_spec_path(const struct ht_pod *pod);
/* "containers[0] (web)" in the arena. */
struct ht_str ht_pod_container_path(const struct ht_pod_container *container,
                                    struct ht_arena *arena);

#endif
