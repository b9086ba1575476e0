/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of an overlay: what comes out is not empty, within the limit, and decided upon. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/limits.h"
#include "src/source/origin-overlay.h"
#include "src/source/origin-space.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void decide(const uint8_t *data, size_t size)
{
    struct ht_overlay_facts facts = {0};
    const char *reason = NULL;

    if (size < 8)
        return;
    facts.deleted = data[0] & 1;
    facts.links = data[1] % 3;
    facts.upper = (enum ht_overlay_entry)(data[2] % 4);
    facts.lower = (enum ht_overlay_entry)(data[3] % 4);
    facts.is_upper = (enum ht_tristate)(data[4] % 3);
    facts.copied = (enum ht_tristate)(data[5] % 3);
    facts.same_content = (enum ht_tristate)(data[6] % 3);
    facts.same_source = (enum ht_tristate)(data[7] % 3);
    enum ht_code_origin origin = ht_overlay_decide(&facts, &reason);
    require(reason && *reason);
    /* What lies in the writable directory with other content is never the image's. */
    if (!facts.deleted && facts.links && facts.upper == HT_ENTRY_FILE &&
        facts.same_content != HT_TRISTATE_YES)
        require(origin != HT_CODE_ORIGIN_IMAGE && origin != HT_CODE_ORIGIN_METADATA);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    const struct ht_str text = {.data = (const char *)data, .len = size};
    struct ht_overlay overlay;
    struct ht_str name;
    struct ht_space_mount mount = {.root = text, .point = HT_S("/data")};

    if (ht_overlay_decode(text, arena, &overlay)) {
        require(overlay.lowers.len <= HT_OVERLAY_LAYERS_MAX);
        require(overlay.lowers.len || overlay.upper.len);
        for (size_t i = 0; i < overlay.lowers.len; i++)
            require(overlay.lowers.items[i].len > 0);
    }
    if (ht_space_is_volume(&mount, arena, &name))
        require(name.data != NULL);
    decide(data, size);
    return 0;
}
