/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the two ways to write a source and what becomes of it. */
#ifndef HT_SOURCE_DEB_SOURCES_PRIVATE_H
#define HT_SOURCE_DEB_SOURCES_PRIVATE_H

#include "deb-sources.h"
#include "deb-stanza.h"

enum { HT_DEB_OPTIONS_MAX = 64 };

struct ht_deb_option {
    struct ht_str name;  /* "arch", "arch+", "signed-by" */
    struct ht_str value; /* several parted by commas */
};

/* One URI, suite and component. */
struct ht_deb_entry {
    struct ht_str place; /* "/etc/apt/sources.list:3" */
    struct ht_str uri;
    struct ht_str dist;
    struct ht_str component;
    bool is_source; /* deb-src */
    struct ht_deb_option options[HT_DEB_OPTIONS_MAX];
    size_t options_len;
};

/* Takes an entry in; its texts are in the arena of sources. */
int ht_deb_sources_add(struct ht_deb_sources *sources, const struct ht_deb_entry *entry,
                       struct ht_error *err);
/* Every from in text becomes to; in the arena. */
struct ht_str ht_deb_replace(struct ht_arena *arena, struct ht_str text, struct ht_str from,
                             struct ht_str to);

#endif
