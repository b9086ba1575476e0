/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dpkg's sums of files: what is taken from a line is a part of it, and a sum is nothing but one. */
#include <stdint.h>
#include <stdlib.h>

#include "src/source/pkg-seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SUM_LEN = 32 };

static bool is_within(struct ht_str part, struct ht_str whole)
{
    return part.data >= whole.data && part.len <= whole.len &&
           (size_t)(part.data - whole.data) <= whole.len - part.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ht_str rest = {.data = (const char *)data, .len = size}, line, sum, path;

    while (ht_str_next(&rest, '\n', &line)) {
        if (!ht_seal_decode(line, &sum, &path))
            continue;
        if (sum.len != SUM_LEN || !is_within(sum, line) || !is_within(path, line) || !path.len ||
            path.data[0] == '/')
            abort();
        for (size_t i = 0; i < sum.len; i++)
            if (!(sum.data[i] >= '0' && sum.data[i] <= '9') &&
                !(sum.data[i] >= 'a' && sum.data[i] <= 'f'))
                abort();
    }
    return 0;
}
