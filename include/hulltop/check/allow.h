/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions: findings that a person allows in the configuration, each with a reason and an end.
 * Layer 3 (check); pure; any thread.
 *
 * What is allowed stays a finding, marked with the reason and until when; like what is expected of
 * known workloads it is of low severity, stands in one line of its own and changes no answer. Past
 * its end an exception silences nothing, and the finding says so.
 */
#ifndef HT_CHECK_ALLOW_H
#define HT_CHECK_ALLOW_H

#include <stddef.h>
#include <stdint.h>

#include "hulltop/base/str.h"
#include "hulltop/check/facts.h"

struct ht_allowed {
    struct ht_str check;
    struct ht_str image;   /* as ht_facts_image_is compares; empty: any, or none */
    struct ht_str name;    /* of what the finding is about, * for any run without a slash; empty:
                              anything */
    struct ht_str reason;  /* never empty */
    struct ht_str told_by; /* "FILE:LINE" */
    int64_t until_ns;      /* wall time of its end */
};

/* From here on facts hold these; borrowed until facts are freed. To be called before facts are
 * shared. */
void ht_facts_allow(struct ht_facts *facts, const struct ht_allowed *items, size_t len);
/* The exception that is about this finding: one that holds at now_ns before one that has ended, of
 * several the first; NULL: none. */
const struct ht_allowed *ht_facts_allowed(const struct ht_facts *facts,
                                          const struct ht_finding *finding, int64_t now_ns);
/* When the next of those that hold at now_ns ends; INT64_MAX: none does. */
int64_t ht_facts_allowed_until(const struct ht_facts *facts, int64_t now_ns);

#endif
