/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mappings and listening sockets: what is taken has a path, and stays inside the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/source/net-table.h"
#include "src/source/running-maps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ht_str whole = {.data = (const char *)data, .len = size};
    struct ht_str text = whole;
    struct ht_mapping mapping;
    struct ht_listening listener;
    uint64_t bytes;

    while (ht_maps_next(&text, &mapping)) {
        ht_autobuf struct ht_buf path = HT_BUF(4096);
        bool deleted;
        struct ht_str plain = ht_maps_plain_path(mapping.path, &deleted);

        require(mapping.inode != 0 && plain.len <= mapping.path.len);
        require(plain.data >= whole.data && plain.data + plain.len <= whole.data + whole.len);
        (void)ht_maps_is_passing(plain);
        ht_maps_unescape(plain, &path);
        require(path.len <= plain.len);
    }
    text = whole;
    while (ht_maps_next_loose(&text, &bytes))
        require(bytes != 0);
    for (size_t i = 0; ht_listen_tables[i]; i++) {
        text = whole;
        while (ht_listen_next(&text, ht_listen_tables[i], &listener))
            require(strlen(listener.address) < sizeof(listener.address));
    }
    return 0;
}
