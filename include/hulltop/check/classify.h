/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a container is for, and who owns it, from its labels, image, command and environment names.
 * Layer 3 (check); pure.
 */
#ifndef HT_CHECK_CLASSIFY_H
#define HT_CHECK_CLASSIFY_H

#include "hulltop/base/arena.h"
#include "hulltop/check/facts.h"
#include "hulltop/model/rows.h"

/* Sets class, class_signal, owner, namespace and pod of a container whose other facts are filled
 * in, as far as they are not known already. What no signal classifies is an application. Text that
 * is made goes into arena. */
void ht_classify(const struct ht_facts *facts, struct ht_container *container,
                 struct ht_arena *arena);

/* The runtime whose sandbox a container provably runs in, or NULL: a shim is a program of the node,
 * which no workload can play; what runs in the container's place counts only where the runtime's
 * name says the same. init is its first process, parent that one's, where it is in no container;
 * NULL: not seen. */
const struct ht_fact_runtime *ht_sandbox_proven(const struct ht_facts *facts,
                                                const struct ht_container *container,
                                                const struct ht_process *init,
                                                const struct ht_process *parent);
/* Takes back or gives the class "sandboxed" by that proof, once init is known: a name of a runtime
 * is what the daemon's configuration calls it. */
void ht_classify_by_proof(const struct ht_facts *facts, const struct ht_process *init,
                          const struct ht_process *parent, struct ht_container *container,
                          struct ht_arena *arena);

#endif
