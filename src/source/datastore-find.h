/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where this node keeps a cluster's datastore. Layer 3 (source); one thread. */
#ifndef HT_SOURCE_DATASTORE_FIND_H
#define HT_SOURCE_DATASTORE_FIND_H

#include <stdbool.h>
#include <stddef.h>

#include "proc-change.h"
#include "hulltop/base/root.h"

enum { HT_PLACES_MAX = 64 };

enum ht_place_kind { HT_PLACE_ETCD, HT_PLACE_KINE, HT_PLACE_DQLITE, HT_PLACE_API };

struct ht_place {
    enum ht_place_kind kind;
    char *path; /* below the root; the folder for dqlite, the URL of an API */
    bool lone;  /* named by the user: what lies beside it may be anything */
};

struct ht_places {
    struct ht_place items[HT_PLACES_MAX];
    size_t len;
    size_t more; /* were found and have no room here, or are not what a link leads to here */
    int error;   /* not everything could be looked at, -errno; 0: it could */
};

/* The usual places of kubeadm, k3s, rke2, k0s, MicroShift, microk8s, then what their own settings
 * and running etcds say: first those whose executable is an etcd, then those that only call
 * themselves so. What is there but cannot be looked at is found too. Where a running etcd sees
 * another file under the name than we do, both are there, its own first. Processes in ignored are
 * not asked; a walk of it was begun. */
void ht_places_find(const struct ht_root *root, struct ht_proc_ignored *ignored,
                    struct ht_places *ret);
/* Adds a place unless it is there; path is copied. */
void ht_places_add(struct ht_places *places, enum ht_place_kind kind, const char *path, bool lone);
void ht_places_fini(struct ht_places *places);

enum { HT_SNAPSHOTS_MAX = 100 };

struct ht_snapshot_paths {
    char *items[HT_SNAPSHOTS_MAX];
    size_t len;
    size_t more;  /* than fit, or with names that are too long */
    char *denied; /* a folder that could not be listed in full; NULL: none */
};

/* Copies that lie beside the database of an etcd place and where its distribution puts them. */
void ht_snapshots_find(const struct ht_root *root, const struct ht_place *place,
                       struct ht_snapshot_paths *ret);
void ht_snapshots_fini(struct ht_snapshot_paths *paths);

#endif
