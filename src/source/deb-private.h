/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between reading the files and finding the answer in them. */
#ifndef HT_SOURCE_DEB_PRIVATE_H
#define HT_SOURCE_DEB_PRIVATE_H

#include "deb.h"

/* Remembers a sentence about what went wrong. */
void ht_deb_problem(struct ht_deb_answer *answer, const struct ht_error *err);
/* apt.conf and its parts; the architectures; sources; preferences. */
void ht_deb_read_config(struct ht_deb_answer *answer, const struct ht_root *root);
void ht_deb_read_architectures(struct ht_deb_answer *answer, const struct ht_root *root);
void ht_deb_read_sources(struct ht_deb_answer *answer, const struct ht_root *root);
void ht_deb_read_preferences(struct ht_deb_answer *answer, const struct ht_root *root);
/* dpkg's status, its journal, the folder that images without dpkg have. */
int ht_deb_read_status(struct ht_deb_answer *answer, const struct ht_root *root,
                       struct ht_error *err);
/* Finds which lists of the sources lie there, and the archives' Release files. */
void ht_deb_find_lists(struct ht_deb_answer *answer, const struct ht_root *root);
void ht_deb_read_lists(struct ht_deb_answer *answer, const struct ht_deb_options *options);
/* A small file as a text, remembered among the inputs; false where there is none (quietly) or it
 * cannot be read (a problem). */
bool ht_deb_read_file(struct ht_deb_answer *answer, const struct ht_root *root, const char *path,
                      struct ht_buf *out);

/* A folder of which some names count. */
struct ht_deb_folder {
    const char *path;
    bool (*accepts)(const void *context, struct ht_str name);
    const void *context;
};

/* The paths of its files that count, in the order of their names, into an empty vector (of struct
 * ht_str in the answer's arena; the caller's to end). The folder is remembered among the inputs;
 * one that cannot be listed is a problem, one that is not there is none. */
void ht_deb_list_folder(struct ht_deb_answer *answer, const struct ht_root *root,
                        const struct ht_deb_folder *folder, struct ht_vec *ret_paths);

#endif
