/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Package sources, as lines and as stanzas: names of lists never lead out of their folder. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/deb-sources.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(struct ht_str text, const char *name)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DEB_ARENA);
    struct ht_str native = HT_S("amd64");
    struct ht_deb_sources sources = {
        .arena = arena,
        .native = native,
        .key = HT_STR("$(COMPONENT)/binary-$(ARCHITECTURE)/Packages"),
        .flat_key = HT_STR("Packages"),
    };

    ht_vec_add(&sources.architectures, &native);
    (void)ht_deb_sources_parse(&sources, text, name, NULL);
    for (size_t i = 0; i < sources.archives.len; i++) {
        const struct ht_deb_archive *archive = sources.archives.items[i];

        for (size_t j = 0; j < archive->indexes.len; j++) {
            const struct ht_deb_index *index = archive->indexes.items[j];

            if (ht_str_find_byte(index->file, '/') >= 0 || ht_str_find_byte(index->file, '\0') >= 0)
                abort();
        }
    }
    ht_deb_sources_fini(&sources);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ht_str text = {.data = (const char *)data, .len = size};

    parse(text, "x.list");
    parse(text, "x.sources");
    return 0;
}
