/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An OCI runtime specification (config.json) to what a container row declares. containerd and CRI-O
 * hand it out. Layer 3 (source), private; pure. Secrets are masked here.
 */
#ifndef HT_SOURCE_OCI_DECODE_H
#define HT_SOURCE_OCI_DECODE_H

#include "hulltop/base/error.h"
#include "hulltop/base/json.h"
#include "hulltop/model/row.h"

/* What else stands in a specification made for Kubernetes, and is no part of a row. */
struct ht_oci_pod {
    struct ht_str sandbox; /* id of the pod's sandbox; empty: none */
    bool is_sandbox;
};

/* Fills what the specification tells: privilege, command, environment, mounts, devices, limits.
 * Texts are borrowed from arena. The file is complete, so what it leaves out is not there.
 * -EINVAL: no such object, err says why. */
int ht_oci_decode(struct ht_arena *arena, struct ht_str text, struct ht_container *container,
                  struct ht_oci_pod *ret_pod, struct ht_error *err);

/* The same of a specification that stands in a larger text. */
int ht_oci_decode_json(struct ht_arena *arena, const struct ht_json *root,
                       struct ht_container *container, struct ht_oci_pod *ret_pod,
                       struct ht_error *err);

/* Namespaces that a container takes from another are that one's: of its pod's sandbox, which has
 * them of its own or from the host. */
void ht_oci_share(struct ht_container *container, const struct ht_container *sandbox);

#endif
