/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config-file.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "input.h"

#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/yaml.h"

static bool is_absolute(const char *path)
{
    return path && path[0] == '/';
}

const char *const *ht_config_folders(struct ht_arena *arena)
{
    const char **folders = ht_arena_array(arena, const char *, 4);
    size_t len = 0;
    /* Under sudo the environment still names the caller's home, which the caller can write. */
    bool borrowed = geteuid() == 0 && getenv("SUDO_UID");
    const char *xdg = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");

    if (!borrowed && is_absolute(xdg))
        folders[len++] = ht_arena_strf(arena, "%s/hulltop", xdg).data;
    else if (!borrowed && is_absolute(home))
        folders[len++] = ht_arena_strf(arena, "%s/.config/hulltop", home).data;
    folders[len++] = "/etc/hulltop";
    return folders;
}

const char *ht_config_state_dir(struct ht_arena *arena)
{
    const char *xdg = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");

    if (geteuid() == 0)
        return "/var/lib/hulltop";
    if (is_absolute(xdg))
        return ht_arena_strf(arena, "%s/hulltop", xdg).data;
    if (is_absolute(home))
        return ht_arena_strf(arena, "%s/.local/state/hulltop", home).data;
    return NULL;
}

const char *ht_config_cache_dir(struct ht_arena *arena)
{
    const char *xdg = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");

    /* Under sudo the environment may still be the caller's. */
    if (is_absolute(xdg) && !(geteuid() == 0 && getenv("SUDO_UID")))
        return ht_arena_strf(arena, "%s/hulltop", xdg).data;
    if (geteuid() == 0)
        return "/var/cache/hulltop";
    if (is_absolute(home))
        return ht_arena_strf(arena, "%s/.cache/hulltop", home).data;
    return NULL;
}

static int read_entries(struct ht_arena *arena, const char *path, ht_config_take take,
                        void *context, struct ht_error *err)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_YAML);
    int r = ht_file_is_trusted(path, err);

    if (r == 0)
        r = ht_input_read(path, &text, HT_LIMIT_YAML, err);
    if (r < 0)
        return r;

    const struct ht_yaml *yaml = ht_yaml_parse(arena, path, ht_buf_str(&text), err);
    if (!yaml)
        return -EINVAL;
    if (yaml->kind != HT_YAML_MAP)
        return ht_error_set(err, EINVAL, "%s:%u: expected lines of \"option: value\"", path,
                            yaml->line);
    for (size_t i = 0; i < yaml->len; i++) {
        const struct ht_yaml *key = &yaml->items[2 * i], *value = &yaml->items[2 * i + 1];

        const struct ht_config_entry entry = {
            .file = path, .line = key->line, .key = key->text, .value = value->text, .node = value};

        r = take(context, &entry, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int ht_config_read(struct ht_arena *arena, const char *path, ht_config_take take, void *context,
                   struct ht_error *err)
{
    if (path)
        return read_entries(arena, path, take, context, err);
    for (const char *const *folder = ht_config_folders(arena); *folder; folder++) {
        const char *file = ht_arena_strf(arena, "%s/hulltop.conf", *folder).data;

        if (access(file, F_OK) == 0)
            return read_entries(arena, file, take, context, err);
    }
    return 0;
}
