/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EncryptionConfiguration: what the Kubernetes API server makes of the file it is given. Judged
 * exactly as it does itself: how it decodes (strictly, as since 1.31), what it refuses, which
 * provider writes. Layer 3 (source); pure; any thread.
 */
#ifndef HT_SOURCE_ENCRYPTION_CONFIG_H
#define HT_SOURCE_ENCRYPTION_CONFIG_H

#include <stdbool.h>

#include "hulltop/base/arena.h"
#include "hulltop/model/rows.h"

/* Sets valid, error (where it is refused), rules and local_keys (where it is not). reload says that
 * the API server runs with automatic reload, which makes names of KMS plugins unique. Texts go into
 * the arena; keys do not, and the memory they were read into is overwritten. */
void ht_encryption_decode(struct ht_str text, bool reload, struct ht_arena *arena,
                          struct ht_encryption *encryption);
/* The rule of a resource, borrowed, or NULL. */
const struct ht_encryption_rule *ht_encryption_rule_of(const struct ht_encryption *encryption,
                                                       const char *resource);

#endif
