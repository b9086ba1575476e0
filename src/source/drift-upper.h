/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies in the writable directory of a container, whether it runs or not: its size, files that
 * give rights, files that start programs. Layer 3 (source), of the source "drift"; its thread.
 */
#ifndef HT_SOURCE_DRIFT_UPPER_H
#define HT_SOURCE_DRIFT_UPPER_H

#include "drift-packages.h"

enum {
    HT_UPPER_ENTRIES_MAX = 50000, /* looked at of one directory: files, folders, what was deleted */
    HT_UPPER_LISTED_MAX = 50,     /* set-id files, and files that start programs */
    HT_UPPER_LARGEST_MAX = 5,
};

/* Walks it (no mount, no link is followed; nothing is opened but folders and what is compared with
 * the image) and fills files, bytes, counted_all, largest, set_id and persistence of the layer,
 * whose upper_dir is set; and packages with the changes of pip, npm and gem alone, unless none was
 * found and not all was looked at. Nothing is told where it cannot be walked. Up to most entries
 * are looked at; returns how many were. */
size_t ht_drift_upper(struct ht_origin *origin, pid_t pid, struct ht_arena *arena,
                      struct ht_layer *layer, size_t most);
/* Whether a file at that path of a container starts programs, lets people in or gives rights. */
bool ht_upper_is_persistence(struct ht_str path);

#endif
