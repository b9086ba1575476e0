/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Versions: two texts, split at the first NUL; every order is the same seen from both sides. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hulltop/base/mem.h"
#include "hulltop/base/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int (*const orders[])(struct ht_str a, struct ht_str b) = {
        ht_version_compare_deb, ht_version_compare_rpm,      ht_version_compare_rpm_part,
        ht_version_compare_apk, ht_version_compare_upstream,
    };
    struct ht_str b = {.data = (const char *)data, .len = size}, a = {0};

    (void)ht_str_next(&b, '\0', &a);
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        if (sign(orders[i](a, b)) != -sign(orders[i](b, a)) || orders[i](a, a) != 0)
            abort();
    }
    (void)ht_version_is_apk(a);
    (void)ht_version_is_upstream(b);
    return 0;
}
