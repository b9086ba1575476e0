/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics of an API server: what is counted has a provider, and nothing is counted twice. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/limits.h"
#include "src/source/apiserver-metrics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);
    struct ht_api_counter counter = {0};

    if (!ht_apiserver_metrics_decode((struct ht_str){.data = (const char *)data, .len = size},
                                     arena, &counter))
        return 0;
    require(ht_api_counter_has_counts(&counter));
    require(!ht_api_counter_has_config_sha256(&counter) || counter.config_sha256.len == 64);
    for (size_t i = 0; i < counter.counts.len; i++) {
        const struct ht_counted *a = &counter.counts.items[i];

        require(ht_counted_has_provider(a) && a->provider.len > 0);
        for (size_t j = 0; j < i; j++) {
            const struct ht_counted *b = &counter.counts.items[j];

            require(!ht_str_equal(a->resource, b->resource) ||
                    !ht_str_equal(a->provider, b->provider) || !ht_str_equal(a->key, b->key));
        }
    }
    return 0;
}
