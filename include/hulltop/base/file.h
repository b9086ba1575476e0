/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our own files: written privately and as a whole, read only if nobody else could have changed
 * them. Layer 1 (base); any thread; these calls may block on a disk, so never the main thread.
 */
#ifndef HT_BASE_FILE_H
#define HT_BASE_FILE_H

#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "hulltop/base/str.h"

enum ht_file_flags {
    HT_FILE_REPLACE = 1 << 0, /* an existing regular file may be replaced */
    HT_FILE_HASTY = 1 << 1,   /* the disk is not waited for: a crash may cut the file */
};

/* Writes content to path: temporary file (0600) in the same directory, fsync, rename, fsync.
 * Without HT_FILE_REPLACE an existing name is -EEXIST; a link or anything that is no regular file
 * is never replaced. On failure nothing is left behind and an old file is untouched. */
int ht_file_write(const char *path, struct ht_str content, unsigned flags, struct ht_error *err);
/* Creates path (0600) for a stream, such as a recording, and returns the descriptor, owned by the
 * caller, or -errno. With HT_FILE_REPLACE an existing regular file is emptied; it must belong to
 * the effective user and have one name. Links are never followed. */
int ht_file_create(const char *path, unsigned flags, struct ht_error *err);
/* Writes all of it to an open file. 0 or -errno. */
int ht_write_all(int fd, struct ht_str bytes);
/* Makes the directory and its parents as far as they are missing, 0700. What exists must be a
 * directory, the last one must belong to the effective user and be closed to others' writing. */
int ht_file_make_directory(const char *path, struct ht_error *err);
/* 0 if path is a regular file that belongs to root or the effective user, and nobody else may write
 * it or a directory on the way to it (a sticky one such as /tmp is no way either, except for a
 * directory of ours in it); links on the way are judged like directories. -EPERM says what is
 * wrong; other errors are those of looking. */
int ht_file_is_trusted(const char *path, struct ht_error *err);
/* Adds the path to out, with the working directory in front if it is relative: what a person finds
 * from anywhere. As it stands where that directory cannot be known. */
void ht_file_add_whole_path(struct ht_buf *out, const char *path);

#endif
