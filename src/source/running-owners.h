/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packages of files, asked once and remembered from one look, and from one run, to the next.
 * Layer 3 (source); one thread.
 *
 * That a file is nobody's is told by all of dpkg's lists, hundreds of files; that nothing was
 * installed or removed since, by the folder they lie in and by dpkg's status, which no change of
 * packages leaves as they were.
 */
#ifndef HT_SOURCE_RUNNING_OWNERS_H
#define HT_SOURCE_RUNNING_OWNERS_H

#include "pkg-inputs.h"
#include "pkg-owner.h"

struct ht_known_owners;

/* Of the files below root, which is borrowed and outlives it. In folder (NULL: nowhere) the answers
 * are kept from one run to the next. Owned by the caller: ht_known_owners_free, which takes NULL
 * and returns it. */
struct ht_known_owners *ht_known_owners_new(const struct ht_root *root, const char *folder);
struct ht_known_owners *ht_known_owners_free(struct ht_known_owners *known);

/* Answers the questions at wall time now as ht_owners_find does, and returns what it does. What is
 * known is not asked again; what could not be told is. Packages are borrowed until the next call.
 */
const char *ht_known_owners_ask(struct ht_known_owners *known, struct ht_owned *questions,
                                size_t len, int64_t now);

/* Looks at what no change of packages leaves as it was. Where there is a dpkg, it alone is asked.
 */
void ht_owner_records_look(struct ht_pkg_inputs *inputs, const struct ht_root *root);

#endif
