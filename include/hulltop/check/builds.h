/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds: what builds on this node, how far it is kept from the rest, and what it shares with it.
 * Layer 3 (check); pure.
 *
 * A build is a container, all containers of a pod, or a process of the node itself.  Those that no
 * API shows (BuildKit inside dockerd, Buildah) are containers of the join.
 */
#ifndef HT_CHECK_BUILDS_H
#define HT_CHECK_BUILDS_H

#include "hulltop/check/facts.h"
#include "hulltop/model/node.h"

/* Adds the builds of a node to it, as rows that follow from its containers, processes and daemons.
 * node is joined and sorted, has no builds yet, and is sorted afterwards too. before: builds of the
 * node before it, so that what did not change is shared (may be empty; borrowed). */
void ht_builds_derive(struct ht_node *node, const struct ht_facts *facts,
                      const struct ht_rowset *before);

#endif
