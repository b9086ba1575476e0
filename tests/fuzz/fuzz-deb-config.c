/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apt.conf and Release files, each reader on the same bytes. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/deb-config.h"
#include "src/source/deb-release.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int no_include(void *context, struct ht_str path, unsigned depth, struct ht_error *err)
{
    (void)context;
    (void)path;
    (void)depth;
    (void)err;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DEB_ARENA);
    ht_autovec struct ht_vec values = {0};
    const struct ht_deb_config_text file = {.text = {.data = (const char *)data, .len = size},
                                            .name = "apt.conf",
                                            .include = no_include};
    struct ht_deb_release release;
    struct ht_deb_config config;
    struct ht_str path;

    ht_deb_config_init(&config, arena);
    (void)ht_deb_config_parse(&config, &file, NULL);
    if (config.items.len > HT_LIMIT_DEB_CONFIG)
        abort();
    (void)ht_deb_config_bool(&config, "APT::Get::Phase-Policy", false);
    ht_deb_config_list(&config, "APT::Architectures", &values);
    /* Nothing, or a place that does not depend on where apt is started. */
    path = ht_deb_config_path(&config, "Dir::Etc::sourcelist");
    if (path.len && path.data[0] != '/')
        abort();
    ht_deb_config_fini(&config);
    (void)ht_deb_release_parse(file.text, arena, &release, NULL);
    if (release.date_ns < 0 || release.valid_until_ns < 0)
        abort();
    return 0;
}
