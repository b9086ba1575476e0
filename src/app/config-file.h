/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration file: options by their long names, one a line (YAML). Layer 7 (app).
 */
#ifndef HT_APP_CONFIG_FILE_H
#define HT_APP_CONFIG_FILE_H

#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/base/str.h"
#include "hulltop/base/yaml.h"

struct ht_config_entry {
    const char *file;
    unsigned line;
    struct ht_str key, value;
    const struct ht_yaml *node; /* the value; a list or map has no text */
};

/* Called for each entry; a negative return ends the reading and is returned. */
typedef int (*ht_config_take)(void *context, const struct ht_config_entry *entry,
                              struct ht_error *err);

/* Folders where a user's files (hulltop.conf, views, fact tables) are looked for, best first:
 * NULL-terminated, text in arena. Under sudo the caller's home is left out. */
const char *const *ht_config_folders(struct ht_arena *arena);
/* Reads path, or, when it is NULL, the first hulltop.conf in those folders; none there is no error.
 * The file must be trusted (ht_file_is_trusted). */
int ht_config_read(struct ht_arena *arena, const char *path, ht_config_take take, void *context,
                   struct ht_error *err);
/* Where state is kept: $XDG_STATE_HOME/hulltop, root: /var/lib/hulltop; NULL: nowhere. Text in
 * arena. */
const char *ht_config_state_dir(struct ht_arena *arena);
/* Where what can be made again is kept: below XDG_CACHE_HOME, /var/cache/hulltop for root; NULL:
 * nowhere. */
const char *ht_config_cache_dir(struct ht_arena *arena);

#endif
