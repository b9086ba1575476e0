/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trees of YAML that were parsed at build time: src/facts/tree.awk tells their form. */
#include "hulltop/base/limits.h"
#include "hulltop/base/yaml.h"

struct tree {
    struct ht_arena *arena;
    struct ht_str rest;
    unsigned depth;
};

static bool read_node(struct tree *tree, struct ht_yaml *ret_node);

/* The items of a list, or the pairs of a map. */
static bool read_children(struct tree *tree, struct ht_str count, struct ht_yaml *node)
{
    uint64_t len;

    /* A node takes at least the bytes of "s 1 " and its end. */
    if (ht_parse_u64(count, &len) < 0 || len > tree->rest.len / 4 || tree->depth == HT_LIMIT_DEPTH)
        return false;

    size_t children = node->kind == HT_YAML_MAP ? 2 * (size_t)len : (size_t)len;
    struct ht_yaml *items = ht_arena_array(tree->arena, struct ht_yaml, children);
    bool ok = true;

    tree->depth++;
    for (size_t i = 0; ok && i < children; i++)
        ok = read_node(tree, &items[i]);
    tree->depth--;
    node->items = items;
    node->len = (size_t)len;
    return ok;
}

static bool read_node(struct tree *tree, struct ht_yaml *ret_node)
{
    struct ht_str text, kind, line;
    uint64_t number;

    if (!ht_str_next(&tree->rest, '\0', &text) || !ht_str_next(&text, ' ', &kind) ||
        !ht_str_next(&text, ' ', &line) || kind.len != 1 || ht_parse_u64(line, &number) < 0)
        return false;
    *ret_node = (struct ht_yaml){.line = (unsigned)number, .text = text};
    switch (kind.data[0]) {
    case 'q':
        ret_node->quoted = true;
        return true;
    case 's':
        return true;
    case 'm':
    case 'l':
        ret_node->kind = kind.data[0] == 'm' ? HT_YAML_MAP : HT_YAML_LIST;
        ret_node->text = (struct ht_str){0};
        return read_children(tree, text, ret_node);
    }
    return false;
}

const struct ht_yaml *ht_yaml_read_tree(struct ht_arena *arena, struct ht_str text)
{
    struct tree tree = {.arena = arena, .rest = text};
    struct ht_yaml *root = ht_arena_array(arena, struct ht_yaml, 1);

    return read_node(&tree, root) && tree.rest.len == 0 ? root : NULL;
}
