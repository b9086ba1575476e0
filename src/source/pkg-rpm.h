/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RPM's database of installed packages, through librpm. Layer 3 (source).
 *
 * librpm is opened when it is needed and never linked: it comes with hosts that use RPM, and knows
 * the kinds of database that its version can have.
 */
#ifndef HT_SOURCE_PKG_RPM_H
#define HT_SOURCE_PKG_RPM_H

#include "pkg-installed.h"
#include "hulltop/base/error.h"
#include "hulltop/base/root.h"

struct ht_rpm;

/* Directory of the database below that root, or NULL if there is none. Constant. */
const char *ht_rpm_path(const struct ht_root *root);
/* The newest file of the database below that root: when packages were last changed. False if there
 * is none. */
bool ht_rpm_stat(const struct ht_root *root, struct stat *ret_stat);
/* Opens a private copy of the database of a root. 0; -ENOENT: there is no such database; -ENOSYS:
 * librpm is not here; -ELIBBAD: it lacks what is needed; else why it could not be opened. From here
 * to ht_rpm_close other threads wait in ht_rpm_open: a thread that has one open must not open
 * another, and closes it itself. */
int ht_rpm_open(const struct ht_root *root, struct ht_rpm **ret_rpm, struct ht_error *err);
struct ht_rpm *ht_rpm_close(struct ht_rpm *rpm);
/* Adds the installed packages. 0, or why they could not be read. */
int ht_rpm_read(struct ht_rpm *rpm, struct ht_installed_list *list, struct ht_error *err);

/* Called for each entry of a package's changelog, newest first; the text is valid during the call
 * only. */
typedef void (*ht_rpm_visit_text)(void *context, struct ht_str text);
/* The changelog of the newest installed package of that name. 0; -ENOENT: it is not installed. */
int ht_rpm_changelog(struct ht_rpm *rpm, const char *name, ht_rpm_visit_text visit, void *context,
                     struct ht_error *err);

/* Appends the name of the package that owns an absolute path to out. 0; -ENOENT: none does. */
int ht_rpm_owner(struct ht_rpm *rpm, const char *path, struct ht_buf *out, struct ht_error *err);

/* Name and version-release of a source package's file name ("runc-1.1.12-1.el9.src.rpm"). Pure. */
bool ht_rpm_split_source(struct ht_str file, struct ht_str *ret_name, struct ht_str *ret_version);
/* True for names of packages that stay installed side by side. Pure. */
bool ht_rpm_is_many(struct ht_str name);

#endif
