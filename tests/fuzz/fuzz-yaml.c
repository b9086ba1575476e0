/* SPDX-License-Identifier: GPL-2.0-or-later */
/* YAML is accepted or refused with a message that begins with the name; every accepted node can be
 * walked and its keys found. Aliases are found in the second reading. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void walk(const struct ht_yaml *node)
{
    size_t children = node->kind == HT_YAML_MAP ? 2 * node->len : node->len;

    require(node->line > 0);
    if (node->kind == HT_YAML_SCALAR) {
        require(node->text.data && node->text.data[node->text.len] == '\0');
        return;
    }
    for (size_t i = 0; i < children; i++)
        walk(&node->items[i]);
    for (size_t i = 0; node->kind == HT_YAML_MAP && i < node->len; i++) {
        struct ht_str key = node->items[2 * i].text;

        if (ht_str_find_byte(key, '\0') < 0)
            require(ht_yaml_get(node, key.data) == &node->items[2 * i + 1]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(64 * 1024 * 1024);
    struct ht_str text = {.data = (const char *)data, .len = size};
    struct ht_error err = {0};
    const struct ht_yaml *root = ht_yaml_parse(arena, "fuzz", text, &err);

    if (root)
        walk(root);
    else
        require(err.code != 0 && ht_str_has_prefix(ht_str_from(err.text), "fuzz:"));

    const struct ht_yaml *foreign = ht_yaml_parse_foreign(arena, "fuzz", text, &err);
    if (foreign)
        walk(foreign);
    return 0;
}
