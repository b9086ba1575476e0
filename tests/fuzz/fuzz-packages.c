/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Package databases: a database differs from itself in nothing, and changes keep their limit. The
 * first byte chooses the format. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/limits.h"
#include "src/source/drift-packages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    const struct ht_str text = {.data = (const char *)data, .len = size};
    enum ht_package_format format =
        size && data[0] & 1 ? HT_PACKAGE_FORMAT_APK : HT_PACKAGE_FORMAT_DPKG;
    struct ht_map *now = ht_packages_decode(format, ht_str_sub(text, 1, size), arena);
    struct ht_map *half = ht_packages_decode(format, ht_str_sub(text, 1, size / 2), arena);
    uint64_t cut;

    if (ht_packages_compare("x", now, now, arena, &cut).len || cut)
        abort();
    if (ht_packages_compare("x", half, now, arena, &cut).len > HT_PACKAGE_CHANGES_MAX)
        abort();
    ht_map_free(now);
    ht_map_free(half);
    return 0;
}
