/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes and attributes of files that are compared. Layer 3 (source); any thread. Descriptors are
 * borrowed; those of O_PATH are opened anew for reading.
 */
#ifndef HT_SOURCE_ORIGIN_FILE_H
#define HT_SOURCE_ORIGIN_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "origin-overlay.h"
#include "hulltop/base/digest.h"
#include "hulltop/base/str.h"

/* Opens what fd stands for to be read, if it is a regular file. The descriptor, or -errno. */
int ht_file_reopen(int fd);
/* Whether both (open for reading) hold the same bytes; unknown past HT_LIMIT_CODE_FILE bytes and
 * where reading fails. */
enum ht_tristate ht_file_same(int a, int b);
/* SHA-256 of a file open for reading, of up to HT_LIMIT_CODE_FILE bytes. False: it was not read. */
bool ht_file_digest(int fd, char digest[HT_SHA256_TEXT_MAX]);
/* File capabilities of what fd stands for; false if it has none or they cannot be read. */
bool ht_file_caps(int fd, uint64_t *ret_caps);
/* Reads a mark of an overlay's ("opaque") of what fd stands for into value: its length; -errno,
 * -ENODATA and -EOPNOTSUPP: it has none. is_user as in struct ht_overlay: the marks of the other
 * kind anybody can set. */
ssize_t ht_file_mark(int fd, bool is_user, const char *mark, char *value, size_t size);
/* Whether a file of an overlay's writable directory was made from one below; unknown without
 * CAP_SYS_ADMIN. */
enum ht_tristate ht_file_is_copied(int fd, bool is_user);
/* Whether a folder of an overlay's writable directory is known to show what the folders of that
 * path below it have: it was made from one, and neither hides it nor was moved. False without
 * CAP_SYS_ADMIN. */
bool ht_file_is_merged(int fd, bool is_user);
/* Opens for reading the file of inode ino on the file system of the directory (open for reading),
 * where the file system can and rights suffice. The descriptor, or -errno. */
int ht_file_open_inode(int directory, uint64_t ino);

#endif
