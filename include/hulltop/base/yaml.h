/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * YAML as a tree with line numbers. Layer 1 (base); pure; any thread. Parsed by libyaml.
 * One document; anchors and aliases are refused (they are a bomb and nothing of ours needs them),
 * tags are refused, depth and number of nodes are limited.
 */
#ifndef HT_BASE_YAML_H
#define HT_BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/base/str.h"

enum ht_yaml_kind { HT_YAML_SCALAR, HT_YAML_LIST, HT_YAML_MAP };

struct ht_yaml {
    enum ht_yaml_kind kind;
    unsigned line; /* from 1 */
    bool quoted;   /* a scalar in quotes: "yes" is a text, yes a truth value */
    size_t len;    /* items, or pairs */
    struct ht_str text;
    const struct ht_yaml *items; /* a map: key, value, key, value ... (2 * len) */
};

/* Parses text into arena; name ("views/x.yaml") begins every message: "name:3: what". An empty
 * document is an empty map. Duplicate keys are refused. */
const struct ht_yaml *ht_yaml_parse(struct ht_arena *arena, const char *name, struct ht_str text,
                                    struct ht_error *err);
/* The same for files that belong to other programs: of several documents the first one, directives,
 * anchors, aliases (each counts like what it stands for), "<<", and the tags of plain YAML types.
 * An aliased node has the line of its anchor. */
const struct ht_yaml *ht_yaml_parse_foreign(struct ht_arena *arena, const char *name,
                                            struct ht_str text, struct ht_error *err);
/* The tree of a document that src/facts/tree.awk parsed when hulltop was built: a line a node, each
 * ended by NUL. The nodes are put into arena, their texts stay where they are, in constant data.
 * NULL: not such a text. */
const struct ht_yaml *ht_yaml_read_tree(struct ht_arena *arena, struct ht_str text);
/* The value of key in a map, or NULL (also when map is NULL or no map). */
const struct ht_yaml *ht_yaml_get(const struct ht_yaml *map, const char *key);
/* The text of a scalar value of key, or the empty string. */
struct ht_str ht_yaml_text(const struct ht_yaml *map, const char *key);

#endif
