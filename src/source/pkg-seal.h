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
#include "pkg-installed.h"
#include "pkg-sums.h"

/* A line of dpkg's sums, "0123...  usr/bin/runc": the sum of 32 hexadecimal digits and the path
 * without a slash at its beginning. False: it is no such line. Pure. */
bool ht_seal_decode(struct ht_str line, struct ht_str *ret_sum, struct ht_str *ret_path);

/* Times (ns since 1970) and mounts (their numbers, 0: not told) of a file that a package brought,
 * and of dpkg's two records of that package. */
struct ht_seal_marks {
    int64_t file_changed;
    int64_t list_written, list_changed; /* modification and last change of its list of files */
    int64_t sums_changed;
    uint64_t file_mount, list_mount, sums_mount;
    bool keeps_times; /* the file's file system does, by itself */
};

/* True if they show that nothing has written to the file since dpkg unpacked it.
 *
 * dpkg puts the files in place, writes the list, then puts the sums beside it, all within two
 * minutes. The last change of a file is the kernel's own time of it, and no call sets it: a file
 * whose last change is not after either record is the one that dpkg put there. One that is much
 * older lay somewhere else before. Times of another mount, or of a file system that somebody
 * serves, are not comparable. Where an image or an archive was laid down later, files changed after
 * their list was written, and that shows nothing. Who sets the clock back, or writes by way of a
 * mapping before the kernel notes it, is not seen. Pure. */
bool ht_seal_is_unchanged(const struct ht_seal_marks *marks);

/* Adds the one package_seal row to the sample; none where the system of the installed packages is
 * empty. A package that is meant and has no sums that can be read is among what was not read. Sums
 * of RPM and apk are not read: their row says nothing but that. */
void ht_seals_look(struct ht_sums *sums, const struct ht_root *root,
                   const struct ht_installed_list *installed, struct ht_node *sample);

#endif
