/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Orders of version numbers, each as its package manager has it. Layer 1 (base); pure; any thread.
 *
 * All return <0, 0 or >0 for a before, equal to, behind b, for any bytes: numbers may have any
 * length, and what is no version by the manager's own grammar has a place too.
 */
#ifndef HT_BASE_VERSION_H
#define HT_BASE_VERSION_H

#include <stdbool.h>

#include "hulltop/base/str.h"

/* dpkg and apt: [epoch:]upstream[-revision]; no revision is revision 0. */
int ht_version_compare_deb(struct ht_str a, struct ht_str b);

/* RPM, one part (a version or a release alone). */
int ht_version_compare_rpm_part(struct ht_str a, struct ht_str b);
/* RPM, [epoch:]version[-release]; no epoch is 0. Where one of the two has no release, releases are
 * not compared. */
int ht_version_compare_rpm(struct ht_str a, struct ht_str b);

/* Alpine: digits{.digits}[letter]{_suffix[number]}[~hash][-rN]. */
int ht_version_compare_apk(struct ht_str a, struct ht_str b);
/* True if the whole of it follows that grammar. */
bool ht_version_is_apk(struct ht_str version);

/* Releases of upstream projects: [v]1.2.3[-rc.4][+build]. A release stands behind its candidates;
 * rc.4, rc4 and rc93 compare by their number; build data does not count. */
int ht_version_compare_upstream(struct ht_str a, struct ht_str b);
/* True for [v]NUMBER.NUMBER with anything behind it. */
bool ht_version_is_upstream(struct ht_str version);

#endif
