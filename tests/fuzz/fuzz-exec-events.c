/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel writes of starts: each call takes bytes, and an event has a process. */
#include <stdint.h>
#include <stdlib.h>

#include "src/source/exec-decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ht_str text = {.data = (const char *)data, .len = size};
    struct ht_connector_event started;
    struct ht_fanotify_event opened;

    for (size_t before = text.len; ht_connector_next(&text, &started); before = text.len) {
        if (text.len >= before || started.pid <= 0 || started.tgid <= 0 || started.at_mono_ns < 0)
            abort();
    }
    text = (struct ht_str){.data = (const char *)data, .len = size};
    for (size_t before = text.len; ht_fanotify_next(&text, &opened); before = text.len) {
        if (text.len >= before || opened.pid < 0 || opened.fd < -1)
            abort();
    }
    return 0;
}
