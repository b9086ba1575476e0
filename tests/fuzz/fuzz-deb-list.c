/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stanzas of dpkg's status and of package lists: what precedes the first "----" line is a status,
 * the rest a list. Versions stay in order, newest first, and each has where it comes from. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/version.h"
#include "src/source/deb-set.h"
#include "src/source/deb-stanza.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static int take_status(void *context, struct ht_str stanza)
{
    (void)ht_deb_set_status(context, stanza, HT_DEB_STATUS, NULL);
    return 0;
}

static int take_offer(void *context, struct ht_str stanza)
{
    (void)ht_deb_set_offer(context, stanza, 0, NULL);
    return 0;
}

static void check_package(const struct ht_deb_package *package)
{
    bool found = !package->current;

    for (const struct ht_deb_version *version = package->versions; version;
         version = version->next) {
        require(version->carriers);
        require(!version->next || ht_version_compare_deb(version->text, version->next->text) >= 0);
        require(ht_version_compare_deb(version->text, version->text) == 0);
        require(version->phased <= HT_DEB_NO_PHASE);
        found = found || version == package->current;
    }
    require(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DEB_ARENA);
    const struct ht_str text = {.data = (const char *)data, .len = size};
    ptrdiff_t cut = ht_str_find(text, HT_S("\n----\n"), 0);
    struct ht_deb_set set;

    ht_deb_set_init(&set, arena, HT_S("amd64"));
    ht_deb_each(ht_str_sub(text, 0, cut < 0 ? size : (size_t)cut), take_status, &set);
    if (cut >= 0)
        ht_deb_each(ht_str_sub(text, (size_t)cut + 6, size), take_offer, &set);
    ht_deb_set_close(&set);
    for (size_t i = 0; i < set.packages.len; i++)
        check_package(set.packages.items[i]);
    require(set.installed <= set.packages.len);
    ht_deb_set_fini(&set);
    return 0;
}
