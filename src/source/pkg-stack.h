/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs of the container stack on this host. Layer 3 (source); one thread. */
#ifndef HT_SOURCE_PKG_STACK_H
#define HT_SOURCE_PKG_STACK_H

#include "hulltop/model/node.h"
#include "pkg-advisories.h"

struct ht_stack_places {
    const struct ht_root *root;
    const char *proc; /* "/proc"; NULL: what runs is not looked at */
    const struct ht_installed_list *installed;
    const struct ht_advisories *advisories; /* NULL: none */
};

/* Adds a component row for each of them that is on disk or runs, or of which only the package is
 * there. False: some were left out, for
 * there were too many. */
bool ht_stack_look(const struct ht_stack_places *places, struct ht_arena *arena,
                   struct ht_node *sample);

/* Whether a package of that manager ("deb", "rpm", "apk") is the project's own and none of a
 * distribution's, by its name and version or vendor. Pure. */
bool ht_stack_is_vendor(const char *system, const struct ht_installed *package);

#endif
