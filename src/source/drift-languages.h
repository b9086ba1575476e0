/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packages that pip, npm and gem installed: they have no database, each has a folder or file whose
 * name tells. Layer 3 (source), of the source "drift". What is decoded is pure; any thread.
 */
#ifndef HT_SOURCE_DRIFT_LANGUAGES_H
#define HT_SOURCE_DRIFT_LANGUAGES_H

#include "drift-packages.h"

struct ht_language_package {
    const char *manager;  /* pip, npm or gem */
    struct ht_str folder; /* that it is installed in: others have others (venv) */
    struct ht_str name;
    struct ht_str version; /* empty: it stands in the proof (npm) */
    struct ht_str proof;   /* a file that lies in the image if the package does; in the arena */
};

/* Whether what lies at that path of a container stands for an installed package; texts are of the
 * path or in the arena. */
bool ht_language_find(struct ht_str path, struct ht_arena *arena,
                      struct ht_language_package *ret_package);
/* Whether packages are installed in folders of that name. */
bool ht_language_is_folder(struct ht_str path);
/* The version in the text of a package.json, in the arena; empty: it has none. */
struct ht_str ht_language_version(struct ht_str text, struct ht_arena *arena);

/* What was found on a walk. */
struct ht_languages {
    struct ht_arena *arena;
    struct ht_package_change items[HT_PACKAGE_CHANGES_MAX];
    struct ht_str folders[HT_PACKAGE_CHANGES_MAX];
    size_t len;
    uint64_t cut;
};

/* Adds one that the writable directory has, or has as deleted (version empty). image is the image's
 * version at the same path (empty: none there); one that is the same there is no change. */
void ht_languages_add(struct ht_languages *languages, const struct ht_language_package *package,
                      struct ht_str now, struct ht_str image);
/* All changes, those of one package in one folder put together; in the arena. */
struct ht_package_change_list ht_languages_changes(struct ht_languages *languages);
/* Whether a change is of these managers. */
bool ht_language_is(struct ht_str manager);

#endif
