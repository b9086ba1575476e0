/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares compiled-in trees with the files that they were made from. */
#ifndef HT_TEST_BUILTIN_TREES_H
#define HT_TEST_BUILTIN_TREES_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "hulltop/base/builtin.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/base/yaml.h"

static void assert_same(const char *path, const struct ht_yaml *ours, const struct ht_yaml *theirs)
{
    size_t children = ours->kind == HT_YAML_MAP ? 2 * ours->len : ours->len;

    if (ours->kind != theirs->kind || ours->line != theirs->line || ours->len != theirs->len ||
        ours->quoted != theirs->quoted || !ht_str_equal(ours->text, theirs->text))
        fail_msg("%s: line %u: \"%.*s\", of libyaml line %u: \"%.*s\"", path, ours->line,
                 HT_STR_ARG(ours->text), theirs->line, HT_STR_ARG(theirs->text));
    for (size_t i = 0; i < children; i++)
        assert_same(path, &ours->items[i], &theirs->items[i]);
}

/* Trees that were made when this was built are those that libyaml reads from folder; how many there
 * are. */
static size_t compare_trees(const struct ht_builtin *file, const char *folder)
{
    const char *source = getenv("HT_SRCDIR");
    size_t count = 0;

    for (; file->name; file++, count++) {
        ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
        ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_YAML);
        struct ht_error err = {0};
        char path[4096];

        snprintf(path, sizeof(path), "%s/%s/%s", source ? source : ".", folder, file->name);
        if (ht_read_at(AT_FDCWD, path, &text, HT_LIMIT_YAML, &err) < 0)
            fail_msg("%s", err.text);

        const struct ht_yaml *ours = ht_yaml_read_tree(arena, ht_builtin_text(file));
        const struct ht_yaml *theirs = ht_yaml_parse(arena, path, ht_buf_str(&text), &err);
        assert_non_null(ours);
        assert_non_null(theirs);
        assert_same(path, ours, theirs);
    }
    return count;
}

#endif
