/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a tar archive (POSIX ustar), member by member, with a list of their SHA-256 at its end.
 * Layer 1 (base); one thread; may block on a disk.
 */
#ifndef HT_BASE_TAR_H
#define HT_BASE_TAR_H

#include <stdint.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"

/* An archive that is written. */
struct ht_tar {
    int fd;           /* borrowed */
    const char *name; /* of the archive, for messages */
    int64_t mtime_s;  /* of all members, seconds since 1970 */
    uint64_t bytes;   /* written so far */
    struct ht_buf sums;
};

/* fd and name are borrowed until ht_tar_fini. */
void ht_tar_init(struct ht_tar *tar, int fd, const char *name, int64_t mtime_s);
void ht_tar_fini(struct ht_tar *tar);
/* Adds a member; name has at most 99 bytes and is ours, mode its permission bits. 0 or -errno. */
int ht_tar_add(struct ht_tar *tar, const char *name, unsigned mode, struct ht_str content,
               struct ht_error *err);
/* A member whose content comes from a descriptor, from its position on. */
struct ht_tar_file {
    const char *name;
    unsigned mode;
    int fd; /* borrowed */
    uint64_t size;
};
/* Adds it. Where fd gives less than size bytes, zeros follow, and ret_got says how much it gave. 0,
 * or -errno if the archive cannot be written. */
int ht_tar_add_fd(struct ht_tar *tar, const struct ht_tar_file *file, uint64_t *ret_got,
                  struct ht_error *err);
/* Adds SHA256SUMS, as sha256sum(1) reads it, and the end, and brings all of it to the disk. */
int ht_tar_end(struct ht_tar *tar, struct ht_error *err);

#endif
