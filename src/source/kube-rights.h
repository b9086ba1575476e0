/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What service accounts may do that leads to a node or to the whole cluster, from the roles and
 * bindings of an API server. Layer 3 (source), private; pure but for its own memory; one thread.
 */
#ifndef HT_SOURCE_KUBE_RIGHTS_H
#define HT_SOURCE_KUBE_RIGHTS_H

#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/model/rows.h"

struct ht_kube_rights;

struct ht_kube_rights *ht_kube_rights_new(void);
/* Accepts NULL; returns NULL. */
struct ht_kube_rights *ht_kube_rights_free(struct ht_kube_rights *rights);
/* One page of a list of roles, cluster roles or bindings of either; all roles come before the first
 * binding. *ret_more, in the arena, is the token of the next page, empty after the last. -EINVAL:
 * no such list; -E2BIG: more of them than any cluster has. */
int ht_kube_rights_decode(struct ht_kube_rights *rights, struct ht_str text, struct ht_arena *arena,
                          struct ht_str *ret_more, struct ht_error *err);
/* What a service account holds, one text a binding; an empty list: nothing of that kind. Borrowed
 * from rights and arena. */
struct ht_text_list ht_kube_rights_of(const struct ht_kube_rights *rights, struct ht_str namespace,
                                      struct ht_str account, struct ht_arena *arena);

#endif
