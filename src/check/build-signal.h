/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By what a container declares itself to be a build. Layer 3 (check), private; pure. */
#ifndef HT_CHECK_BUILD_SIGNAL_H
#define HT_CHECK_BUILD_SIGNAL_H

#include "hulltop/base/arena.h"
#include "hulltop/check/facts.h"
#include "hulltop/model/rows.h"

struct build_signal {
    const struct ht_fact_builder *builder; /* never NULL */
    struct ht_str text;                    /* in the arena */
    enum ht_confidence confidence;
};

/* The strongest signal of a build in what a container declares: label, image, program, environment,
 * or the shape of a step of docker build. False: none. */
bool ht_build_signal(const struct ht_facts *facts, const struct ht_container *container,
                     struct ht_arena *arena, struct build_signal *ret);

#endif
