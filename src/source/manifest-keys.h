/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys of a manifest's pod that nobody reads. Layer 3 (source), private; pure.
 *
 * An API server drops what it does not know, or refuses it; a misspelled "privileged" or
 * "hostNetwork" would pass unseen here. All maps with keys of their own are looked at but
 * where and how many pods run: affinity, spreading, claims of devices and of volumes.
 */
#ifndef HT_SOURCE_MANIFEST_KEYS_H
#define HT_SOURCE_MANIFEST_KEYS_H

#include "hulltop/base/buf.h"
#include "hulltop/base/json.h"

/* The first of them: its place and the line on which its value begins. */
struct ht_odd_keys {
    size_t count;
    unsigned line;
    char first[200]; /* "spec.containers[0].securityContext.privilged" */
};

/* Counts those of a pod's spec; the first is noted if none was before. */
void ht_manifest_find_odd(const struct ht_json *spec, struct ht_odd_keys *odd);

#endif
