/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checks of question 3 asked of pods: what their manifests declare. Layer 3 (check), private;
 * pure.
 */
#ifndef HT_CHECK_PODS_H
#define HT_CHECK_PODS_H

#include "hulltop/check/checking.h"

/* Looks at a pod for the check at work: by what the Pod Security Standards say about it. */
void ht_pod_look(struct ht_checking *checking, const struct ht_row *row);
/* The same for paths of the node: PRV-004 to 008. */
void ht_pod_look_paths(struct ht_checking *checking, const struct ht_row *row);
/* Facts that the standards do not ask about: PRV-020, 023, 028. */
void ht_pod_look_rootfs(struct ht_checking *checking, const struct ht_row *row);
void ht_pod_look_propagation(struct ht_checking *checking, const struct ht_row *row);

/* What the standards say of a pod, for findings: by the version that was asked for; where its
 * namespace chose one, by the newest. Lives in the arena, or in the pod. */
void ht_pod_security_of(const struct ht_pod *pod, struct ht_arena *arena,
                        struct ht_pod_security *ret);
/* True if there is something to judge: not all of its containers are seen, and what it declares is
 * known. Else it says so, where it matters. */
bool ht_pod_open(struct ht_checking *checking, const struct ht_row *row,
                 const struct ht_pod **ret_pod);
/* Whether rows show all containers of a pod, so that checks of containers ask them and not it. */
bool ht_pod_is_shown(const struct ht_node *node, const struct ht_pod *pod);
/* Whether the manifest is judged for that container: no row shows that it runs. An empty name is
 * the pod itself, of which each of its rows tells. Of what only pods are asked, always. */
bool ht_pod_judges(const struct ht_checking *checking, const struct ht_pod *pod,
                   struct ht_str container);
/* Begins a finding about one container of a pod; an empty name is the pod itself. */
struct ht_finding *ht_pod_fire(struct ht_checking *checking, const struct ht_pod *pod,
                               struct ht_str container, struct ht_str discriminator);
/* Evidence: a field of the manifest. */
void ht_pod_show(struct ht_checking *checking, struct ht_finding *finding, struct ht_str field,
                 struct ht_str value);

/* A container of a pod as the facts about workloads know it: labels, image, owner. What is made
 * lives in the arena. */
void ht_pod_as_container(const struct ht_pod *pod, struct ht_str name, struct ht_container *ret);

#endif
