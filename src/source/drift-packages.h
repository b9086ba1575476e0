/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packages of a container against its image's, by the databases of dpkg, apk and rpm in both.
 * Layer 3 (source). The decoder and the comparison are pure; any thread.
 */
#ifndef HT_SOURCE_DRIFT_PACKAGES_H
#define HT_SOURCE_DRIFT_PACKAGES_H

#include "origin.h"
#include "hulltop/base/vec.h"

enum { HT_PACKAGE_CHANGES_MAX = 200 };

enum ht_package_format {
    HT_PACKAGE_FORMAT_DPKG, /* /var/lib/dpkg/status */
    HT_PACKAGE_FORMAT_APK,  /* /lib/apk/db/installed */
    HT_PACKAGE_FORMAT_BYTES /* only whether it is the same can be told */
};

/* The installed packages of a database: name (and architecture, where it tells) to version, a
 * char *, in the arena. Owned by the caller (ht_map_free). */
struct ht_map *ht_packages_decode(enum ht_package_format format, struct ht_str text,
                                  struct ht_arena *arena);
/* What differs, in the arena; *ret_cut are those past HT_PACKAGE_CHANGES_MAX. */
struct ht_package_change_list ht_packages_compare(const char *manager, struct ht_map *image,
                                                  struct ht_map *now, struct ht_arena *arena,
                                                  uint64_t *ret_cut);

/* One database of both; descriptors for reading, borrowed, -1: none. */
struct ht_package_files {
    const char *manager;
    enum ht_package_format format;
    int now, image;
    bool is_gone; /* the image's was taken away, and there is no other */
};
/* What differs, in the arena. False: they could not be compared, which is not the same as no
 * change. */
bool ht_packages_compare_files(const struct ht_package_files *files, struct ht_arena *arena,
                               struct ht_package_change_list *ret_changes, uint64_t *ret_cut);

/* Databases are told apart by a bit each. */
#define HT_PACKAGES_ALL (~0u)

/* What these databases in a writable directory look like: another number when one of them was
 * written since; the same, 0, as long as it has none. Few calls: nothing is read. */
uint64_t ht_drift_packages_stamp(struct ht_origin *origin, struct ht_str upper, unsigned which);
/* Fills packages, packages_cut and managers of a layer; what packages has already is kept. They
 * become unknown where not all was compared, or packages is unknown, and no change was found.
 * Returns which databases the container or its image has; all, where that was not to be seen. */
unsigned ht_drift_packages(struct ht_origin *origin, const struct ht_origin_layers *layers,
                           struct ht_arena *arena, struct ht_layer *layer);

#endif
