/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Known system workloads and what they ship with. Layer 3 (check), private; pure. */
#ifndef HT_CHECK_EXPECTED_H
#define HT_CHECK_EXPECTED_H

#include "hulltop/check/facts.h"
#include "hulltop/model/rows.h"

/* Whether a known workload ships with that finding on its container: every condition of its entry
 * holds, and the entry lists what the finding is about. */
bool ht_is_expected(const struct ht_facts *facts, const struct ht_container *container,
                    const struct ht_finding *finding);

/* Whether a container is that of a known workload of the cluster, whatever is found on it. */
bool ht_is_known_workload(const struct ht_facts *facts, const struct ht_container *container);

#endif
