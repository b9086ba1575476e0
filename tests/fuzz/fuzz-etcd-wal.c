/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames and records of a write-ahead log. */
#include <stdint.h>
#include <stdlib.h>

#include "src/source/etcd-wal.h"

static void take_put(void *context, const struct ht_etcd_kv *kv)
{
    size_t *puts = context;

    if (kv->key.len == 0)
        abort();
    ++*puts;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ht_str bytes = {.data = (const char *)data, .len = size};
    size_t puts = 0;
    struct ht_wal_visitor visitor = {.put = take_put, .context = &puts};
    uint64_t len;
    unsigned padding;

    while (bytes.len >= HT_WAL_FRAME && ht_wal_frame(bytes.data, &len, &padding)) {
        bytes = ht_str_sub(bytes, HT_WAL_FRAME, bytes.len);
        (void)ht_wal_record(ht_str_sub(bytes, 0, (size_t)len), &visitor);
        bytes = ht_str_sub(bytes, (size_t)len + padding, bytes.len);
    }
    (void)ht_wal_record(bytes, &visitor);
    if (puts > size)
        abort();
    return 0;
}
