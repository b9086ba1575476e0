/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alpine's installed packages: every package kept has a name, a version and a source. */
#include <stdint.h>
#include <stdlib.h>

#include "src/source/pkg-apk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ht_installed_list list;

    ht_installed_init(&list);
    ht_apk_decode((struct ht_str){.data = (const char *)data, .len = size}, &list);
    for (size_t i = 0; i < list.len; i++) {
        if (!list.items[i].name.len || !list.items[i].version.len || !list.items[i].source.len)
            abort();
    }
    ht_installed_fini(&list);
    return 0;
}
