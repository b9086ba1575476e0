/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file as it was decoded, before it is judged. Private to the files of encryption-config.h and
 * to the one that looks for its KMS plugins. */
#ifndef HT_SOURCE_ENCRYPTION_PRIVATE_H
#define HT_SOURCE_ENCRYPTION_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/base/str.h"

enum ht_provider_kind {
    HT_PROVIDER_AESGCM,
    HT_PROVIDER_AESCBC,
    HT_PROVIDER_SECRETBOX,
    HT_PROVIDER_IDENTITY,
    HT_PROVIDER_KMS,
    HT_PROVIDER_KINDS,
};

struct ht_provider_key {
    struct ht_str name;
    struct ht_str secret; /* base64, as it stands in the file */
};

struct ht_kms {
    struct ht_str api_version; /* v1 where none is given */
    struct ht_str name;
    struct ht_str endpoint;
    bool has_cachesize;
    int64_t cachesize;
    double timeout_s;
};

/* One element of a list of providers; found says which of them it names, one bit a kind. */
struct ht_provider {
    unsigned found;
    const struct ht_provider_key *keys[HT_PROVIDER_KINDS];
    size_t keys_len[HT_PROVIDER_KINDS];
    struct ht_kms kms;
};

struct ht_provider_entry {
    const struct ht_str *resources;
    size_t resources_len;
    const struct ht_provider *providers;
    size_t providers_len;
};

struct ht_provider_config {
    const struct ht_provider_entry *entries;
    size_t len;
};

/* Decodes the bytes of a file as the API server does; what it holds lives in the arena, which the
 * caller overwrites. -EINVAL: it would not be decoded; err says why and quotes no value. */
int ht_encryption_read(struct ht_str text, struct ht_arena *arena,
                       struct ht_provider_config *ret_config, struct ht_error *err);

#endif
