/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mounts: the list keeps its limits and every kept mount has a target. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/limits.h"
#include "src/source/proc-decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    const struct ht_str text = {.data = (const char *)data, .len = size};
    struct ht_host_mounts host;
    struct ht_process process = {0};

    ht_mountinfo_decode_host(text, arena, &host);
    require(host.len <= HT_MOUNTS_HOST_MAX);
    ht_mountinfo_decode(text, false, &host, arena, &process);
    require(process.mounts.len <= HT_MOUNTS_MAX);
    for (size_t i = 0; i < process.mounts.len; i++) {
        const struct ht_mount *mount = &process.mounts.items[i];

        require(ht_mount_has_target(mount) && mount->target.len > 0);
        require(ht_mount_has_type(mount) && mount->type.len > 0);
    }
    if (process.mounts_cut)
        require(process.mounts.len > HT_MOUNTS_NESTED_MAX);
    return 0;
}
