/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that matter most on a node of containers (runtimes, kubelet, sshd, the loader, libc, PAM)
 * against the sums that their packages brought. Layer 3 (source); one thread.
 *
 * A file is read once, and again only when it has changed: its number, size or times, of which root
 * can set all but the last change of the file itself.
 */
#ifndef HT_SOURCE_PKG_SEAL_H
#define HT_SOURCE_PKG_SEAL_H

#include "hulltop/base/root.h"
#include "hulltop/model/node.h"

struct ht_seals;

/* A line of dpkg's sums, "0123...  usr/bin/runc": the sum of 32 hexadecimal digits and the path
 * without a slash at its beginning. False: it is no such line. Pure. */
bool ht_seal_decode(struct ht_str line, struct ht_str *ret_sum, struct ht_str *ret_path);

/* The sums of a root's files. In folder (NULL: nowhere) they are kept from one run to the next;
 * root is the name by which they are told from another's. Owned by the caller: ht_seals_free, which
 * takes NULL. */
struct ht_seals *ht_seals_new(const char *folder, const char *root);
void ht_seals_free(struct ht_seals *seals);
/* Adds the one package_seal row to the sample; none where system ("deb", "rpm", "apk") is empty.
 * Sums of RPM and apk are not read: their row says nothing but that. */
void ht_seals_look(struct ht_seals *seals, const struct ht_root *root, const char *system,
                   struct ht_node *sample);

#endif
