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

#endif
