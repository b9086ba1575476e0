/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel allows a container, from its init process. Layer 3 (check); pure.
 */
#ifndef HT_CHECK_PRIVILEGE_H
#define HT_CHECK_PRIVILEGE_H

#include "hulltop/base/arena.h"
#include "hulltop/check/facts.h"
#include "hulltop/model/node.h"
#include "hulltop/model/rows.h"

/* What the processes of a container hold together; zeroed before the first. */
struct ht_held {
    uint64_t caps; /* that they have or may take up over the node */
    bool root;     /* one is the node's root */
    bool unknown;  /* of one it could not be read */
};

/* Adds what a process holds; nothing while it may be a step of a runtime that is about to drop it.
 * host may be NULL. */
void ht_privilege_hold(struct ht_held *held, const struct ht_host *host,
                       const struct ht_process *process);
/* Another number where they hold something else. */
uint64_t ht_privilege_held_number(const struct ht_held *held);
/* Says so in their container, where it is known. */
void ht_privilege_put_held(const struct ht_held *held, struct ht_container *container);

/* Fills ret with what follows from the init process of a container; what cannot be told (not
 * readable, host not known: host may be NULL) stays unknown. Text and lists that are made go into
 * arena, others are borrowed from init. Nothing is filled in before two reads of init agreed or it
 * is 3 s old (a minute while it has the name of a runtime's first steps): they have more privilege
 * than the container will keep. */
void ht_privilege_effective(const struct ht_host *host, const struct ht_process *init,
                            const struct ht_facts *facts, struct ht_arena *arena,
                            struct ht_privilege *ret);
/* The user id that a process has inside its user namespace; false if that is not known. */
bool ht_privilege_uid_inside(const struct ht_process *process, uint64_t *ret_uid);
/* The user id on the node of root inside a user namespace, as its map or its first process tells;
 * false if that is not known. */
bool ht_privilege_root_outside(const struct ht_privilege *privilege, uint64_t *ret_uid);
/* True if it is in a user namespace of its own whose root is not known to be root on the node. */
bool ht_privilege_is_remapped(const struct ht_privilege *privilege);
/* True if this first process of a container was read only once: what it is allowed may change. */
bool ht_privilege_is_young(const struct ht_process *init);
/* True if the privileges of a container of this node are not told yet only because of that. */
bool ht_privilege_is_awaited(const struct ht_node *node);

#endif
