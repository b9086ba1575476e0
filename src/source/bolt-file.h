/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bolt file that its owner may be writing to: pages by pread. Layer 3 (source); one thread.
 *
 * No lock is ever taken: etcd waits for its lock at its start, so a reader that held one would keep
 * it down. No page is mapped: a file that is cut would kill us.
 */
#ifndef HT_SOURCE_BOLT_FILE_H
#define HT_SOURCE_BOLT_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bolt-format.h"
#include "hulltop/base/error.h"
#include "hulltop/base/root.h"

struct ht_bolt_file {
    int fd;
    uint64_t dev, ino;
    uint64_t size; /* bytes, when it was last looked at */
    uint32_t page_size;
    unsigned mode; /* permission bits */
    unsigned uid, gid;
    int64_t changed_at; /* mtime */
    uint64_t bytes_read;
    int error; /* of the last reading that failed, -errno; 0: none since it was set so */
};

#define HT_BOLT_FILE_NONE                                                                          \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/* What the two metas say. */
struct ht_bolt_state {
    struct ht_bolt_meta meta; /* the one that counts */
    bool older;               /* the other one is damaged, and may have been newer */
};

/* Opens path below root: a regular file, no link, nothing that could block; its time of access
 * stays where we may ask for that. 0, or -errno with the reason. */
int ht_bolt_open(struct ht_bolt_file *file, const struct ht_root *root, const char *path,
                 struct ht_error *err);
/* Closes it; HT_BOLT_FILE_NONE is allowed. */
void ht_bolt_close(struct ht_bolt_file *file);
/* Whether path is still this file; it is not after a defragmentation. Takes over its size, mode and
 * owner. */
bool ht_bolt_is_current(struct ht_bolt_file *file, const struct ht_root *root, const char *path);
/* Reads both metas (one small read where the page size is known). -ENODATA: the file is empty;
 * -EBADMSG: no bolt file, or both metas are damaged; else the error of reading. */
int ht_bolt_state(struct ht_bolt_file *file, struct ht_bolt_state *ret, struct ht_error *err);
/* Reads up to len bytes at offset; fewer at the end of the file. Returns the bytes or -errno. */
ssize_t ht_bolt_pread(struct ht_bolt_file *file, void *bytes, size_t len, uint64_t offset);

#endif
