/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that matter most on a node of containers (runtimes, kubelet, sshd, the loader, libc, PAM)
 * against the sums that their packages brought. Layer 3 (source); one thread.
 *
 * A file that nothing has written to since its package was unpacked is not read: the kernel keeps
 * the time of its last change. Others are read once (pkg-sums.h).
 */
#ifndef HT_SOURCE_PKG_SEAL_H
#define HT_SOURCE_PKG_SEAL_H

#include "hulltop/base/root.h"
#include "hulltop/model/node.h"
#include "pkg-sums.h"

/* A line of dpkg's sums, "0123...  usr/bin/runc": the sum of 32 hexadecimal digits and the path
 * without a slash at its beginning. False: it is no such line. Pure. */
bool ht_seal_decode(struct ht_str line, struct ht_str *ret_sum, struct ht_str *ret_path);

/* Times of a file that a package brought, and of dpkg's two records of that package; ns since 1970.
 */
struct ht_seal_times {
    int64_t file_changed;
    int64_t list_written, list_changed; /* modification and last change of its list of files */
    int64_t sums_changed;
};

/* True if they prove that nothing has written to the file since dpkg unpacked it.
 *
 * dpkg puts the files in place, writes the list, then puts the sums beside it. The last change of a
 * file is the kernel's own time of it, and no call sets it: a file whose last change is not after
 * either record is the one that dpkg put there. One that is much older lay somewhere else before.
 * Where an image or an archive was laid down later, files changed after their list was written, and
 * that proves nothing. Pure. */
bool ht_seal_is_unchanged(const struct ht_seal_times *times);

/* Adds the one package_seal row to the sample; none where system ("deb", "rpm", "apk") is empty.
 * Sums of RPM and apk are not read: their row says nothing but that. */
void ht_seals_look(struct ht_sums *sums, const struct ht_root *root, const char *system,
                   struct ht_node *sample);

#endif
