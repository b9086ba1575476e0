/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups of an API, classes of the CSI driver, and images: no row without a sign. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/limits.h"
#include "src/source/keeper.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);
    struct ht_str text = {.data = (const char *)data, .len = size};
    struct ht_keepers keepers = {.arena = arena};
    struct ht_node *node = ht_node_new(1);

    (void)ht_keepers_decode_groups(&keepers, text);
    (void)ht_keepers_decode_classes(&keepers, text);
    ht_keepers_see_image(&keepers, text, HT_S("ns/pod"));
    ht_keepers_tell(&keepers, "kubernetes", node);

    const struct ht_rowset *rows = ht_node_set(node, HT_TABLE_KEEPER);
    for (size_t i = 0; i < rows->len; i++) {
        if (ht_keeper_of(rows->rows[i])->signs.len == 0)
            abort();
    }
    ht_node_unref(node);
    return 0;
}
