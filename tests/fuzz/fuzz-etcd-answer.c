/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of etcd's API, in both of its tongues. */
#include <stdint.h>
#include <stdlib.h>

#include "src/source/etcd-call.h"

static void found(void *context, const struct ht_etcd_kv *kv)
{
    (void)context;
    if (kv->key.len == 0 || kv->value.len > kv->value_len)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ht_str bytes = {.data = (const char *)data, .len = size};
    struct ht_etcd_finder finder = {.found = found};
    struct ht_etcd_answer answer;

    if (ht_etcd_answer_parse(bytes, &finder, &answer) && answer.revision == 0)
        abort();
    if (ht_etcd_answer_json(bytes, &finder, &answer, NULL) == 0 && answer.revision == 0)
        abort();
    return 0;
}
