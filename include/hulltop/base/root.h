/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files below a root directory. Layer 1 (base); a root may be shared by threads once it is open.
 *
 * Host files are read below a settable root ("/" or --root DIR), container files below the
 * container's root. Paths may begin with slashes: they always begin at the root.
 *
 *   HT_ROOT_HOST       "/": plain openat; links go where they go.
 *   HT_ROOT_DIRECTORY  another directory: links, absolute ones too, are resolved inside it
 *                      (openat2 RESOLVE_IN_ROOT); mounts below it are entered.
 *   HT_ROOT_CONTAINER  somebody else's tree: as above, no magic links, no mount is entered. A read
 *                      may hang (FUSE, NFS): only the disposable helper (helper.h) uses it.
 *
 * Without openat2 in the kernel the two confined kinds are not there (-ENOSYS); there is no
 * fallback. Every open is O_CLOEXEC | O_NONBLOCK | O_NOCTTY, and a FIFO, socket or device is never
 * read (-EINVAL). Errors name the path and the cause.
 */
#ifndef HT_BASE_ROOT_H
#define HT_BASE_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"

enum ht_root_kind { HT_ROOT_HOST, HT_ROOT_DIRECTORY, HT_ROOT_CONTAINER };

struct ht_root {
    enum ht_root_kind kind;
    int fd;     /* O_PATH on the directory */
    char *path; /* as it was named, for messages; "/" reads as "" in front of a path */
};

#define HT_ROOT_NONE                                                                               \
    {                                                                                              \
        .fd = -1                                                                                   \
    }
#define ht_autoroot __attribute__((cleanup(ht_root_close)))

/* Opens path as a root; "/" gives HT_ROOT_HOST, anything else HT_ROOT_DIRECTORY. */
int ht_root_open(struct ht_root *root, const char *path, struct ht_error *err);
/* Makes a HT_ROOT_CONTAINER of fd (an O_PATH directory), which it owns from now on, even on
 * failure; name is for messages. */
int ht_root_from_fd(struct ht_root *root, int fd, const char *name, struct ht_error *err);
/* Closes it; HT_ROOT_NONE and zeroed ones are allowed. */
void ht_root_close(struct ht_root *root);
/* True if the kernel (and the sandbox around us) lets openat2 through. */
bool ht_root_can_confine(void);

/* Opens path with flags (O_RDONLY, O_PATH, O_DIRECTORY, O_NOFOLLOW ...); returns the descriptor,
 * owned by the caller, or -errno: -EAGAIN where somebody holds a lease of the file. It does not
 * look at the kind of file. */
int ht_root_openat(const struct ht_root *root, const char *path, int flags, struct ht_error *err);
/* Opens a regular file for reading; anything else is -EINVAL. Returns the descriptor, owned by the
 * caller, or -errno; ret_stat (NULL is allowed) is of what was opened. */
int ht_root_open_regular(const struct ht_root *root, const char *path, struct stat *ret_stat,
                         struct ht_error *err);
/* The same with flags O_NOFOLLOW (a link as the last part is -ELOOP) and O_NOATIME (-EPERM unless
 * it is the caller's own). */
int ht_root_open_file(const struct ht_root *root, const char *path, int flags,
                      struct stat *ret_stat, struct ht_error *err);
/* Reads a regular file, appending to out (whose limit counts too). More than max_bytes: -EFBIG and
 * out holds the first max_bytes. */
int ht_root_read(const struct ht_root *root, const char *path, struct ht_buf *out, size_t max_bytes,
                 struct ht_error *err);
/* Appends the target of a link to out; -EINVAL if it is no link. */
int ht_root_readlink(const struct ht_root *root, const char *path, struct ht_buf *out,
                     struct ht_error *err);
/* About the file behind path, following links inside the root / about the link itself. */
int ht_root_stat(const struct ht_root *root, const char *path, struct stat *ret_stat,
                 struct ht_error *err);
int ht_root_lstat(const struct ht_root *root, const char *path, struct stat *ret_stat,
                  struct ht_error *err);

/* Opens path below dirfd without following any link (-ELOOP; with O_PATH one at its end is opened
 * itself): for trees that others change meanwhile but that cannot hang. Returns the descriptor,
 * owned by the caller, or -errno. */
int ht_open_no_links(int dirfd, const char *path, int flags);
/* The same, and -EXDEV where the path leaves the mount of dirfd: it is not entered. */
int ht_open_in_mount(int dirfd, const char *path, int flags);

/* One name of a directory; type is DT_* of readdir(3), DT_UNKNOWN included. "." and ".." are left
 * out. Called in the caller's thread; what it returns other than 0 ends the listing and is
 * returned. The name is valid during the call only. */
typedef int (*ht_dir_visit)(void *context, const char *name, unsigned type, uint64_t inode);

struct ht_dir_visitor {
    ht_dir_visit visit;
    void *context;
    size_t max_entries; /* 0: HT_LIMIT_ITEMS; one more entry gives -EFBIG */
};

/* Calls the visitor for each entry of a directory, in the kernel's order. */
int ht_root_list(const struct ht_root *root, const char *path, const struct ht_dir_visitor *visitor,
                 struct ht_error *err);
/* The same for an open directory, from its beginning (it can be listed again and again). */
int ht_list_fd(int dirfd, const struct ht_dir_visitor *visitor, struct ht_error *err);

/* The fast path for procfs and sysfs: openat, read to the end, close, nothing else. The kind of
 * file is not looked at, so dirfd must be below a file system of the kernel. Replaces what out
 * holds and reuses its memory. More than max_bytes: -EFBIG and out holds the first max_bytes. err
 * may be NULL, which saves the formatting where failure is normal (a process that is gone). */
int ht_read_at(int dirfd, const char *name, struct ht_buf *out, size_t max_bytes,
               struct ht_error *err);
/* The same for a file that the kernel gives in one piece (stat, status, cgroup, cmdline; not
 * mountinfo, which comes by lines): a read that left room was the last one, which spares the call
 * that only finds the end. */
int ht_read_piece_at(int dirfd, const char *name, struct ht_buf *out, size_t max_bytes,
                     struct ht_error *err);
/* The same for a table of the kernel's (net/tcp): a read that another line would have fitted into
 * was the last one. To find the end the kernel walks all of it once more. */
int ht_read_table_at(int dirfd, const char *name, struct ht_buf *out, size_t max_bytes,
                     struct ht_error *err);
/* No line of such a table is longer: the longest are of IPv6, of some 200 bytes. */
enum { HT_TABLE_LINE_MAX = 384 };
/* Reads an open descriptor to its end, appending to out; name is for messages. -EFBIG as above. */
int ht_read_fd(int fd, const char *name, struct ht_buf *out, size_t max_bytes,
               struct ht_error *err);

#endif
