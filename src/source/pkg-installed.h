/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Installed packages, whoever manages them. Layer 3 (source); one owner, one thread.
 *
 * Names and versions come from files that others write: raw bytes, limited in size and number.
 */
#ifndef HT_SOURCE_PKG_INSTALLED_H
#define HT_SOURCE_PKG_INSTALLED_H

#include <stdbool.h>
#include <stddef.h>

#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/base/root.h"
#include "hulltop/base/str.h"

/* Texts live in the list's arena; what is not known is empty. */
struct ht_installed {
    struct ht_str name;
    struct ht_str version; /* as its manager writes it; an epoch only if it is not 0 */
    struct ht_str architecture;
    struct ht_str source;         /* package it was built from; advisories are about that */
    struct ht_str source_version; /* empty: the package's own version */
    struct ht_str origin;         /* vendor or repository, in the manager's words */
    bool many;                    /* several versions of it stay installed side by side (kernels) */
    bool modular; /* of a module stream: its versions compare within that stream alone */
};

struct ht_rpm;

struct ht_installed_list {
    const char *system; /* who manages them: "deb", "rpm", "apk"; NULL: not read yet */
    struct ht_arena *arena;
    struct ht_installed *items;
    size_t len;
    size_t cap;
    struct ht_rpm *rpm; /* RPM's database, open until ht_installed_fini; NULL: there is none */
    size_t left_out;    /* for limits: too many, or with absurd fields */
};

/* Empty; give it to ht_installed_fini. */
void ht_installed_init(struct ht_installed_list *list);
void ht_installed_fini(struct ht_installed_list *list);
/* Adds a copy with its texts; an empty name or version, an absurdly long text or one package too
 * many counts as left out. */
void ht_installed_add(struct ht_installed_list *list, const struct ht_installed *package);
/* The first of that name, or NULL. */
const struct ht_installed *ht_installed_find(const struct ht_installed_list *list,
                                             struct ht_str name);

/* The packages of a text like dpkg's status file. Pure. */
void ht_dpkg_decode(struct ht_str text, struct ht_installed_list *list);
/* Adds the installed packages of a root, whoever manages them, and says who does. 0; -ENOENT:
 * nobody that is known; else why they could not be read. */
int ht_installed_read(const struct ht_root *root, struct ht_installed_list *list,
                      struct ht_error *err);

#endif
