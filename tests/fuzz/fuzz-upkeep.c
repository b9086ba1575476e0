/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small texts about a host: os-release, distro-info's CSV, dpkg's status, changelogs, advisories.
 */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/limits.h"
#include "src/source/pkg-advisories.h"
#include "src/source/pkg-changelog.h"
#include "src/source/pkg-support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void count_line(void *context, const struct ht_advisory_line *line)
{
    require(line->id.data != NULL);
    ++*(size_t *)context;
}

/* Whatever stands in a sorted file is found in it. */
static void look_lines(struct ht_advisories *advisories, struct ht_str text)
{
    struct ht_str line, ecosystem, source;

    for (size_t i = 0; i < 50 && ht_str_next(&text, '\n', &line); i++) {
        size_t found = 0;

        if (!ht_str_next(&line, '\t', &ecosystem) || !ht_str_next(&line, '\t', &source) ||
            !source.len || ecosystem.len > 1000 || source.len > 1000)
            continue;
        advisories->ecosystem = ecosystem;
        ht_advisories_each(advisories, source, count_line, &found);
        require(found > 0);
    }
}

static void look_advisories(struct ht_str text)
{
    struct ht_advisories advisories;
    struct ht_buf buf = HT_BUF(HT_LIMIT_FILE);

    ht_buf_add_str(&buf, text);
    if (ht_advisories_take(&advisories, "fuzz", &buf, NULL) == 0)
        look_lines(&advisories, text);
    ht_buf_fini(&buf);
    ht_advisories_fini(&advisories);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);
    const struct ht_str text = {.data = (const char *)data, .len = size};
    struct ht_changelog_ids *ids = ht_arena_array(arena, struct ht_changelog_ids, 1);
    struct ht_installed_list list;
    struct ht_support support = {0};

    if (ht_support_decode_release(text, arena, &support))
        require(support.product.len > 0 && support.id.len > 0);
    (void)ht_support_decode_csv(text, HT_S("12"), &support);
    ids->arena = arena;
    ht_changelog_scan(text, ids);
    for (size_t i = 0; i < ids->len; i++)
        require(ids->items[i].len >= 13 && ids->items[i].len <= 19);
    ht_installed_init(&list);
    ht_dpkg_decode(text, &list);
    for (size_t i = 0; i < list.len; i++)
        require(list.items[i].name.len && list.items[i].version.len && list.items[i].source.data);
    ht_installed_fini(&list);
    look_advisories(text);
    return 0;
}
