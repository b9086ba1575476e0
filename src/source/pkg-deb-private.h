/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the rows of Debian's packages and what is said about the lists they were judged by. */
#ifndef HT_SOURCE_PKG_DEB_PRIVATE_H
#define HT_SOURCE_PKG_DEB_PRIVATE_H

#include "deb.h"
#include "pkg-system.h"

/* A list of texts that grows in the reading's arena, up to a number worth showing. */
struct ht_pkg_texts {
    struct ht_str *items;
    size_t len;
};

/* Adds a copy; beyond that number it is dropped. */
void ht_pkg_texts_add(struct ht_pkg_reading *reading, struct ht_pkg_texts *texts,
                      struct ht_str text);
struct ht_text_list ht_pkg_texts_list(const struct ht_pkg_texts *texts);

/* Which lists are in use, how old they are, what they lack for this host's release, and how their
 * sources are verified. */
void ht_pkg_judge_lists(struct ht_pkg_reading *reading, const struct ht_deb_answer *answer,
                        struct ht_package_db *db);

#endif
