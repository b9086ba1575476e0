/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a container does otherwise than the manifest of its pod declares. Layer 3 (check); pure.
 *
 * A runtime that is asked past the API, a kubelet too old for a field and a cluster that lies all
 * show here, and only here.
 */
#ifndef HT_CHECK_POD_COMPARE_H
#define HT_CHECK_POD_COMPARE_H

#include "hulltop/base/arena.h"
#include "hulltop/check/facts.h"
#include "hulltop/model/rows.h"

enum { HT_POD_DIFFERENCES_MAX = 16 };

struct ht_pod_difference {
    struct ht_str field;          /* of the manifest: "hostPID" */
    struct ht_str declared, runs; /* values of it */
    bool more;                    /* it may more than it declares */
    enum ht_severity severity;    /* how much that matters */
};

struct ht_pod_differences {
    struct ht_pod_difference items[HT_POD_DIFFERENCES_MAX];
    size_t len;
    bool resizing; /* limits are those from before a change that is under way, which is no
                      difference */
};

/* The container of a pod with that name, or NULL. */
const struct ht_pod_container *ht_pod_find_container(const struct ht_pod *pod, struct ht_str name);
/* The name that its pod gives to a container: by the ids that the API has, else by the label of its
 * runtime; empty: neither. */
struct ht_str ht_pod_container_name(const struct ht_pod *pod, const struct ht_container *container);
/* A container and its pod. */
struct ht_pod_pair {
    const struct ht_pod *pod;
    const struct ht_container *container;
    const struct ht_host *host; /* NULL: not known */
    const struct ht_facts *facts;
};

/* Whether two limits (0: none) differ by more than rounding makes of one: of memory in bytes, which
 * the kernel rounds to pages; of CPU in thousandths of a core, whose quota runtimes round to
 * hundredths. */
bool ht_memory_limits_differ(uint64_t a, uint64_t b);
bool ht_cpu_limits_differ(uint64_t a, uint64_t b);

/* What of a container is compared: as the kernel has it, else as the runtime was told; NULL:
 * neither is known. */
const struct ht_privilege *ht_pod_compared(const struct ht_container *container);
/* Fills ret with what differs. What is not known on either side does not differ. Texts are borrowed
 * from the rows or made in the arena. */
void ht_pod_compare(const struct ht_pod_pair *pair, struct ht_arena *arena,
                    struct ht_pod_differences *ret);

#endif
