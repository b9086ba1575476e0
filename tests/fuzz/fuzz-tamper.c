/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of modules and of traced functions: what is taken has a name and a letter, and there are
 * not too many. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/limits.h"
#include "src/source/drift-tamper.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ht_str text = {.data = (const char *)data, .len = size};
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_text_list modules = ht_tamper_modules(text, arena);

    struct ht_traced traced;

    ht_tamper_traced(text, arena, &traced);
    require(traced.redirected.len <= HT_TAMPER_LISTED_MAX && traced.redirected.len <= traced.count);
    require(modules.len <= HT_TAMPER_MODULES_MAX);
    for (size_t i = 0; i < modules.len; i++) {
        ptrdiff_t flags = ht_str_rfind_byte(modules.items[i], '(');

        require(flags > 1 && ht_str_has_suffix(modules.items[i], ")"));
        require(modules.items[i].data[flags - 1] == ' ');
    }
    return 0;
}
