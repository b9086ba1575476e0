/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pkg-installed.h"

#include <stdlib.h>

#include "pkg-rpm.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

/* Bytes of one field: names have at most 200, versions less. */
enum { FIELD_MAX = 1024 };

void ht_installed_init(struct ht_installed_list *list)
{
    *list = (struct ht_installed_list){.arena = ht_arena_new(HT_LIMIT_BODY)};
}

void ht_installed_fini(struct ht_installed_list *list)
{
    ht_rpm_close(list->rpm);
    ht_arena_free(list->arena);
    free(list->items);
    *list = (struct ht_installed_list){0};
}

void ht_installed_add(struct ht_installed_list *list, const struct ht_installed *package)
{
    struct ht_installed copy = *package;
    struct ht_str *const texts[] = {&copy.name,   &copy.version,        &copy.architecture,
                                    &copy.source, &copy.source_version, &copy.origin};
    bool fits = list->len < HT_LIMIT_ROWS && copy.name.len && copy.version.len;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        fits = fits && texts[i]->len <= FIELD_MAX;
    if (!fits || ht_arena_is_full(list->arena)) {
        list->left_out++;
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (texts[i]->len)
            *texts[i] = ht_arena_str(list->arena, *texts[i]);
    }
    if (list->len == list->cap) {
        list->cap = list->cap ? 2 * list->cap : 256;
        list->items = ht_realloc(list->items, list->cap, sizeof(*list->items));
    }
    list->items[list->len++] = copy;
}

const struct ht_installed *ht_installed_find(const struct ht_installed_list *list,
                                             struct ht_str name)
{
    for (size_t i = 0; i < list->len; i++) {
        if (ht_str_equal(list->items[i].name, name))
            return &list->items[i];
    }
    return NULL;
}
