/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apt's configuration: "A::B "value";", blocks, lists, #clear and #include. Pure; files come
 * through the callback.
 */
#ifndef HT_SOURCE_DEB_CONFIG_H
#define HT_SOURCE_DEB_CONFIG_H

#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/base/vec.h"

struct ht_deb_config {
    struct ht_arena *arena; /* owns every text */
    struct ht_vec items;    /* struct ht_deb_config_item, in the order of their first setting */
};

struct ht_deb_config_item {
    struct ht_str parent; /* "APT::Architectures", empty at the top */
    struct ht_str tag;    /* "Default-Release"; empty for the unnamed items of a list */
    struct ht_str value;
};

/* Reads the file or, where it ends in '/', the folder that an #include names, at this depth. */
typedef int (*ht_deb_include)(void *context, struct ht_str path, unsigned depth,
                              struct ht_error *err);

struct ht_deb_config_text {
    struct ht_str text;
    const char *name; /* of the file, for messages */
    unsigned depth;   /* of includes */
    ht_deb_include include;
    void *context;
};

/* Below it: what apt calls the lists of packages. */
#define HT_DEB_TARGET "Acquire::IndexTargets::deb::Packages::"

/* One that says of lists what apt has built in, and nothing else; texts are in arena. */
void ht_deb_config_init(struct ht_deb_config *config, struct ht_arena *arena);
void ht_deb_config_fini(struct ht_deb_config *config);
/* Adds what a file says; a syntax error ends it (-EINVAL) and leaves what came before. */
int ht_deb_config_parse(struct ht_deb_config *config, const struct ht_deb_config_text *file,
                        struct ht_error *err);
/* The value of "A::B", or {0}; an empty one is as none. */
struct ht_str ht_deb_config_get(const struct ht_deb_config *config, const char *key);
bool ht_deb_config_bool(const struct ht_deb_config *config, const char *key, bool fallback);
/* A list's values, its own value cut at commas among them: appended to values (struct ht_str in
 * the arena). */
void ht_deb_config_list(const struct ht_deb_config *config, const char *key, struct ht_vec *values);
/* What is set below the key ("Binary::apt") is set at the top as well. -EFBIG: too much is. */
int ht_deb_config_promote(struct ht_deb_config *config, const char *key, struct ht_error *err);
/* A path: what is not absolute continues the value of the key above it, all lies below RootDir.
 * Where nothing is set, what apt has built in holds; {0} where it is set to nothing, or counts from
 * where apt is started. */
struct ht_str ht_deb_config_path(const struct ht_deb_config *config, const char *key);

#endif
