/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "pkg-cache.h"

#include <fcntl.h>
#include <stdio.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/log.h"
#include "hulltop/base/mem.h"
#include "hulltop/model/document.h"

/* Another program, or another form, made something else of the same inputs. */
#define HEAD      "hulltop-packages/3 " PACKAGE_VERSION "\n"
#define FILE_NAME "packages"

static char *file_path(const struct ht_pkg_cache *cache)
{
    struct ht_buf path = HT_BUF(HT_LIMIT_ARG);

    ht_buf_add_text(&path, cache->folder);
    ht_buf_add_text(&path, "/" FILE_NAME);
    return ht_buf_take(&path);
}

/* Head, root, inputs, an empty line, the node. */
static struct ht_node *parse(const struct ht_pkg_cache *cache, struct ht_str text,
                             const struct ht_root *root, struct ht_pkg_inputs *inputs)
{
    struct ht_error err = {0};
    struct ht_node *node = NULL;
    struct ht_str line;
    ptrdiff_t end;

    if (!ht_str_has_prefix(text, HEAD))
        return NULL;
    text = ht_str_sub(text, sizeof(HEAD) - 1, text.len);
    if (!ht_str_next(&text, '\n', &line) || !ht_str_is(line, cache->root))
        return NULL;
    end = ht_str_find(text, HT_S("\n\n"), 0);
    if (end < 0 || !ht_pkg_inputs_read(inputs, ht_str_sub(text, 0, (size_t)end)) ||
        !ht_pkg_inputs_hold(inputs, root))
        return NULL;
    if (ht_node_read(ht_str_sub(text, (size_t)end + 2, text.len), FILE_NAME, &node, &err) < 0)
        return NULL;
    return node;
}

struct ht_node *ht_pkg_cache_load(const struct ht_pkg_cache *cache, const struct ht_root *root,
                                  struct ht_pkg_inputs *inputs)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    struct ht_error err = {0};
    struct ht_node *node = NULL;

    if (!cache->folder)
        return NULL;

    ht_autofree char *path = file_path(cache);
    if (ht_file_is_trusted(path, &err) == 0 &&
        ht_read_at(AT_FDCWD, path, &text, HT_LIMIT_FILE, NULL) == 0)
        node = parse(cache, ht_buf_str(&text), root, inputs);
    if (!node)
        ht_pkg_inputs_fini(inputs);
    return node;
}

void ht_pkg_cache_save(const struct ht_pkg_cache *cache, const struct ht_pkg_inputs *inputs,
                       const struct ht_node *node)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    struct ht_error err = {0};

    if (!cache->folder)
        return;

    ht_autofree char *path = file_path(cache);
    ht_buf_add_text(&text, HEAD);
    ht_buf_add_text(&text, cache->root);
    ht_buf_add_c(&text, '\n');
    ht_pkg_inputs_write(inputs, &text);
    ht_buf_add_c(&text, '\n');
    ht_node_write(&text, node, HT_JSON_COMPACT);
    if (ht_buf_is_full(&text))
        return;
    /* One that was cut is no document: no answer waits for the disk. */
    if (ht_file_make_directory(cache->folder, &err) < 0 ||
        ht_file_write(path, ht_buf_str(&text), HT_FILE_REPLACE | HT_FILE_HASTY, &err) < 0)
        ht_log_error(HT_LOG_DEBUG, "packages", &err);
}
