/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Preferences over two lists and one package: whatever they say, the candidate is one of its
 * versions. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/deb-policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ht_deb_release releases[] = {
        {.suite = HT_STR("stable"), .codename = HT_STR("bookworm"), .version = HT_STR("12.5")},
        {.suite = HT_STR("stable-security"), .label = HT_STR("Debian-Security")},
    };
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DEB_ARENA);
    const struct ht_str text = {.data = (const char *)data, .len = size};
    struct ht_deb_file files[] = {
        {.release = &releases[0], .host = HT_STR("a.example"), .component = HT_STR("main")},
        {.release = &releases[1], .host = HT_STR("b.example"), .component = HT_STR("main")},
        {.release = NULL},
    };
    struct ht_deb_policy policy = {.arena = arena, .files = files, .files_len = ARRAY_LEN(files)};
    const struct ht_deb_version *candidate, *version;
    const struct ht_deb_package *package;
    struct ht_deb_set set;

    ht_deb_set_init(&set, arena, HT_S("amd64"));
    (void)ht_deb_set_status(&set,
                            HT_S("Package: one\nStatus: install ok installed\nVersion: 1\n"
                                 "Architecture: amd64"),
                            HT_DEB_STATUS, NULL);
    (void)ht_deb_set_offer(&set, HT_S("Package: one\nVersion: 2\nArchitecture: all"), 0, NULL);
    (void)ht_deb_set_offer(&set, HT_S("Package: one\nVersion: 3\nArchitecture: amd64"), 1, NULL);
    ht_deb_set_close(&set);
    (void)ht_deb_policy_parse(&policy, text, "preferences", NULL);
    ht_deb_policy_apply(&policy, &set);
    package = ht_deb_set_find(&set, HT_S("one"), HT_S("amd64"));
    candidate = ht_deb_policy_candidate(&policy, package, NULL, NULL);
    for (version = package->versions; version && version != candidate; version = version->next)
        continue;
    if (candidate && !version)
        abort();
    ht_deb_policy_fini(&policy);
    ht_deb_set_fini(&set);
    return 0;
}
