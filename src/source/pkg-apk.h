/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alpine's database of installed packages. Layer 3 (source). */
#ifndef HT_SOURCE_PKG_APK_H
#define HT_SOURCE_PKG_APK_H

#include "pkg-installed.h"
#include "hulltop/base/error.h"
#include "hulltop/base/root.h"

/* Adds the packages of the text of an `installed` file; lines that are not understood do not count.
 * Pure. */
void ht_apk_decode(struct ht_str text, struct ht_installed_list *list);
/* Adds the installed packages of a root. 0; -ENOENT: there is no such database; else what reading
 * it said. */
int ht_apk_read(const struct ht_root *root, struct ht_installed_list *list, struct ht_error *err);
/* Path of the database below that root, or NULL if there is none. Constant. */
const char *ht_apk_path(const struct ht_root *root);

#endif
