/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values, keys and KeyValues of etcd: anything may stand there. */
#include <stdint.h>
#include <stdlib.h>

#include "src/source/etcd-value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ht_str bytes = {.data = (const char *)data, .len = size};
    struct ht_str prefix, resource;
    struct ht_etcd_kv kv;

    for (uint64_t cut = 0; cut <= 64; cut += 32) {
        struct ht_stored_as as = ht_stored_as(bytes, size + cut);

        if (as.key.len > size || as.key_id.len > size)
            abort();
        if (ht_etcd_kv_parse(bytes, cut, &kv) && kv.value.len > kv.value_len)
            abort();
    }
    if (ht_etcd_put_parse(bytes, &kv) && kv.key.len > size)
        abort();
    if (ht_etcd_key_parts(bytes, &prefix, &resource) && resource.len > HT_RESOURCE_MAX)
        abort();
    return 0;
}
