/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

/* The kernel's own structure and bits, so that old headers can build for a new kernel. */
struct open_how_v0 {
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
};

enum {
    RESOLVE_BIT_NO_XDEV = 0x01,
    RESOLVE_BIT_NO_MAGICLINKS = 0x02,
    RESOLVE_BIT_NO_SYMLINKS = 0x04,
    RESOLVE_BIT_BENEATH = 0x08,
    RESOLVE_BIT_IN_ROOT = 0x10,
};

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

enum {
    OPEN_FLAGS = O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
    READ_CHUNK = 16 * 1024,
    PAGE_LEAST = 4096,
    LIST_CHUNK = 32 * 1024,
    OPEN_TRIES = 64,
};

static int confined_open(int dirfd, const char *path, int flags, uint64_t resolve)
{
    struct open_how_v0 how = {.flags = (uint64_t)(unsigned)flags, .resolve = resolve};
    int tries = 0;

    for (;;) {
        long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

        if (fd >= 0)
            return (int)fd;
        /* EAGAIN: a rename raced with the walk; the kernel asks to try again. Or somebody holds a
         * lease of the file, which the kernel takes away only after 45 seconds. */
        if (errno != EINTR && (errno != EAGAIN || ++tries == OPEN_TRIES))
            return -errno;
    }
}

static int open_plain(int dirfd, const char *path, int flags, uint64_t resolve)
{
    path += strspn(path, "/");
    /* With O_PATH a link at the end is what is opened. */
    flags |= flags & O_PATH ? O_CLOEXEC | O_NOFOLLOW : OPEN_FLAGS;
    return confined_open(dirfd, *path ? path : ".", flags,
                         RESOLVE_BIT_BENEATH | RESOLVE_BIT_NO_SYMLINKS | resolve);
}

int ht_open_no_links(int dirfd, const char *path, int flags)
{
    return open_plain(dirfd, path, flags, 0);
}

int ht_open_in_mount(int dirfd, const char *path, int flags)
{
    return open_plain(dirfd, path, flags, RESOLVE_BIT_NO_XDEV);
}

bool ht_root_can_confine(void)
{
    static atomic_bool known; /* a kernel that has it keeps it */

    if (atomic_load(&known))
        return true;

    int fd = confined_open(AT_FDCWD, "/", O_PATH | O_CLOEXEC, 0);
    if (fd >= 0) {
        close(fd);
        atomic_store(&known, true);
    }
    /* Where there is no descriptor left it got through all the same. */
    return fd >= 0 || fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM;
}

int ht_root_open(struct ht_root *root, const char *path, struct ht_error *err)
{
    ht_autoclose int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return ht_error_errno(err, errno, "%s", path);

    bool host = path[0] == '/' && path[strspn(path, "/")] == '\0';

    if (!host && !ht_root_can_confine())
        return ht_error_set(err, ENOSYS,
                            "%s: this kernel or sandbox has no openat2: reading below "
                            "another root is off",
                            path);
    *root = (struct ht_root){
        .kind = host ? HT_ROOT_HOST : HT_ROOT_DIRECTORY,
        .fd = ht_steal_fd(&fd),
        .path = ht_strndup(path, host ? 0 : strlen(path)),
    };
    return 0;
}

int ht_root_from_fd(struct ht_root *root, int fd, const char *name, struct ht_error *err)
{
    if (!ht_root_can_confine()) {
        close(fd);
        return ht_error_set(err, ENOSYS,
                            "%s: this kernel or sandbox has no openat2: looking into "
                            "containers is off",
                            name);
    }
    *root = (struct ht_root){
        .kind = HT_ROOT_CONTAINER,
        .fd = fd,
        .path = ht_strdup(name),
    };
    return 0;
}

void ht_root_close(struct ht_root *root)
{
    /* Zeroed: descriptor 0 without a path was never opened by us. */
    if (root->path && root->fd >= 0)
        close(root->fd);
    free(root->path);
    *root = (struct ht_root)HT_ROOT_NONE;
}

/* "shown path: cause", with what a person needs to know about the less usual causes. */
static int open_failed(const struct ht_root *root, const char *path, int code, struct ht_error *err)
{
    const char *slash = path[0] == '/' ? "" : "/";

    if (code == EXDEV)
        return ht_error_set(err, code, "%s%s%s: not followed into another mount", root->path, slash,
                            path);
    if (code == ELOOP)
        return ht_error_set(err, code, "%s%s%s: links that lead nowhere, or a magic link",
                            root->path, slash, path);
    if (code == EAGAIN)
        return ht_error_set(err, code, "%s%s%s: a program holds a lease of it, or keeps moving it",
                            root->path, slash, path);
    return ht_error_errno(err, code, "%s%s%s", root->path, slash, path);
}

static int kind_refused(const struct ht_root *root, const char *path, mode_t mode,
                        struct ht_error *err)
{
    const char *kind = S_ISDIR(mode)                    ? "a directory"
                       : S_ISFIFO(mode)                 ? "a FIFO"
                       : S_ISSOCK(mode)                 ? "a socket"
                       : S_ISCHR(mode) || S_ISBLK(mode) ? "a device"
                                                        : "no regular file";

    return ht_error_set(err, EINVAL, "%s%s%s: %s, not read", root->path, path[0] == '/' ? "" : "/",
                        path, kind);
}

/* The path as it is called from the root's own folder. */
static const char *below_root(const char *path)
{
    const char *below = path + strspn(path, "/");

    return *below ? below : ".";
}

int ht_root_openat(const struct ht_root *root, const char *path, int flags, struct ht_error *err)
{
    const char *below = below_root(path);
    uint64_t resolve = RESOLVE_BIT_IN_ROOT;
    int fd = -1;

    /* O_PATH refuses company that means nothing to it in openat2. */
    flags |= flags & O_PATH ? O_CLOEXEC : OPEN_FLAGS;
    switch (root->kind) {
    case HT_ROOT_HOST:
        fd = openat(root->fd, below, flags);
        if (fd < 0)
            fd = -errno;
        break;
    case HT_ROOT_CONTAINER:
        resolve |= RESOLVE_BIT_NO_XDEV | RESOLVE_BIT_NO_MAGICLINKS;
        fd = confined_open(root->fd, below, flags, resolve);
        break;
    case HT_ROOT_DIRECTORY:
        fd = confined_open(root->fd, below, flags, resolve);
        break;
    }
    return fd < 0 ? open_failed(root, path, -fd, err) : fd;
}

static int lookup(const struct ht_root *root, const char *path, int flags, struct stat *ret_stat,
                  struct ht_error *err)
{
    ht_autoclose int fd = -1;

    /* Whoever need not be confined asks with one call, not with three. */
    if (root->kind == HT_ROOT_HOST) {
        int links = flags & O_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0;

        if (fstatat(root->fd, below_root(path), ret_stat, links | AT_NO_AUTOMOUNT) < 0)
            return open_failed(root, path, errno, err);
        return 0;
    }
    fd = ht_root_openat(root, path, O_PATH | flags, err);
    if (fd < 0)
        return fd;
    if (fstat(fd, ret_stat) < 0)
        return open_failed(root, path, errno, err);
    return 0;
}

int ht_root_stat(const struct ht_root *root, const char *path, struct stat *ret_stat,
                 struct ht_error *err)
{
    return lookup(root, path, 0, ret_stat, err);
}

int ht_root_lstat(const struct ht_root *root, const char *path, struct stat *ret_stat,
                  struct ht_error *err)
{
    return lookup(root, path, O_NOFOLLOW, ret_stat, err);
}

/* The length of a link, or -errno. */
static ssize_t read_link(const struct ht_root *root, const char *path, char *target, size_t size)
{
    ht_autoclose int fd = -1;
    ssize_t len;

    /* As above. */
    if (root->kind == HT_ROOT_HOST) {
        len = readlinkat(root->fd, below_root(path), target, size);
        return len < 0 ? -errno : len;
    }
    fd = ht_root_openat(root, path, O_PATH | O_NOFOLLOW, NULL);
    if (fd < 0)
        return fd;
    len = readlinkat(fd, "", target, size);
    return len >= 0 ? len : errno == ENOENT ? -EINVAL : -errno;
}

int ht_root_readlink(const struct ht_root *root, const char *path, struct ht_buf *out,
                     struct ht_error *err)
{
    char target[PATH_MAX];
    ssize_t len = read_link(root, path, target, sizeof(target));

    if (len < 0)
        return open_failed(root, path, (int)-len, err);
    ht_buf_add(out, target, (size_t)len);
    return 0;
}

/* When a read was the last one, without one more that finds the end. */
enum { TO_THE_END = 0, ONE_PIECE = 1 /* or the length of a table's lines */ };

/* The kernel fills a page, or what room there is, as far as whole lines fit. */
static bool is_last(size_t len, size_t room, size_t lines)
{
    size_t full = lines == ONE_PIECE || room < PAGE_LEAST ? room : PAGE_LEAST;

    return lines != TO_THE_END && len + lines <= full;
}

/* Reads on to the end, or until is_last. 0 or -errno. */
static int read_on(int fd, struct ht_buf *out, size_t max_bytes, size_t lines)
{
    size_t left = max_bytes;

    for (;;) {
        /* Exactly at the limit one byte more is tried, elsewhere: it tells "all" from "cut". */
        char probe;
        size_t room = 0;
        /* What is there already is filled before more is made. */
        size_t wanted = out->cap > out->len + READ_CHUNK ? out->cap - out->len - 1 : READ_CHUNK;
        char *to = ht_buf_room(out, left < wanted ? left : wanted, &room);
        ssize_t len = read(fd, room ? to : &probe, room ? room : 1);

        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return -errno;
        if (len == 0)
            return 0;
        if (!room)
            return -EFBIG;
        ht_buf_grow(out, (size_t)len);
        left -= (size_t)len;
        if (is_last((size_t)len, room, lines))
            return 0;
    }
}

/* What became of a reading; 0 or -errno. */
static int conclude(const char *name, int r, size_t max_bytes, struct ht_error *err)
{
    if (r == 0)
        return 0;
    if (r == -EFBIG)
        return ht_error_set(err, EFBIG, "%s: more than %zu bytes", name, max_bytes);
    return ht_error_errno(err, -r, "%s", name);
}

int ht_read_fd(int fd, const char *name, struct ht_buf *out, size_t max_bytes, struct ht_error *err)
{
    return conclude(name, read_on(fd, out, max_bytes, TO_THE_END), max_bytes, err);
}

/* For what replaces what out holds. */
static int open_anew(int dirfd, const char *name, struct ht_buf *out, struct ht_error *err)
{
    int fd = openat(dirfd, name, O_RDONLY | OPEN_FLAGS);

    ht_buf_reset(out);
    return fd < 0 ? ht_error_errno(err, errno, "%s", name) : fd;
}

int ht_read_at(int dirfd, const char *name, struct ht_buf *out, size_t max_bytes,
               struct ht_error *err)
{
    ht_autoclose int fd = open_anew(dirfd, name, out, err);

    return fd < 0 ? fd : ht_read_fd(fd, name, out, max_bytes, err);
}

int ht_read_piece_at(int dirfd, const char *name, struct ht_buf *out, size_t max_bytes,
                     struct ht_error *err)
{
    ht_autoclose int fd = open_anew(dirfd, name, out, err);

    return fd < 0 ? fd : conclude(name, read_on(fd, out, max_bytes, ONE_PIECE), max_bytes, err);
}

int ht_read_table_at(int dirfd, const char *name, struct ht_buf *out, size_t max_bytes,
                     struct ht_error *err)
{
    ht_autoclose int fd = open_anew(dirfd, name, out, err);

    return fd < 0 ? fd
                  : conclude(name, read_on(fd, out, max_bytes, HT_TABLE_LINE_MAX), max_bytes, err);
}

/* Opens what is held by found, whatever has taken its name since. */
static int open_found(const struct ht_root *root, const char *path, int found, int flags,
                      struct ht_error *err)
{
    char name[40];
    int fd, code;

    snprintf(name, sizeof(name), "/proc/self/fd/%d", found);
    fd = open(name, flags | OPEN_FLAGS);
    code = errno;
    /* Without a proc file system only the name is left; the caller looks at what it got. */
    if (fd < 0 && code == ENOENT)
        return ht_root_openat(root, path, flags, err);
    return fd < 0 ? open_failed(root, path, code, err) : fd;
}

int ht_root_open_regular(const struct ht_root *root, const char *path, struct stat *ret_stat,
                         struct ht_error *err)
{
    return ht_root_open_file(root, path, 0, ret_stat, err);
}

int ht_root_open_file(const struct ht_root *root, const char *path, int flags,
                      struct stat *ret_stat, struct ht_error *err)
{
    struct stat about;
    /* Looked at before it is opened: opening alone can have an effect on a device. */
    ht_autoclose int found = ht_root_openat(root, path, O_PATH | (flags & O_NOFOLLOW), err);
    ht_autoclose int fd = -1;

    if (found < 0)
        return found;
    if (fstat(found, &about) < 0)
        return open_failed(root, path, errno, err);
    if (S_ISLNK(about.st_mode))
        return open_failed(root, path, ELOOP, err);
    if (!S_ISREG(about.st_mode))
        return kind_refused(root, path, about.st_mode, err);
    fd = open_found(root, path, found, O_RDONLY | (flags & ~O_NOFOLLOW), err);
    if (fd < 0)
        return fd;
    if (fstat(fd, &about) < 0)
        return open_failed(root, path, errno, err);
    if (!S_ISREG(about.st_mode))
        return kind_refused(root, path, about.st_mode, err);
    if (ret_stat)
        *ret_stat = about;
    return ht_steal_fd(&fd);
}

int ht_root_read(const struct ht_root *root, const char *path, struct ht_buf *out, size_t max_bytes,
                 struct ht_error *err)
{
    struct stat facts;
    ht_autoclose int fd = ht_root_open_regular(root, path, &facts, err);
    size_t wanted, room;
    int r = fd;

    if (fd < 0)
        return fd;
    /* Made once, at its size, it is not copied while it grows. */
    wanted = (uint64_t)facts.st_size < max_bytes ? (size_t)facts.st_size : max_bytes;
    if (wanted > READ_CHUNK)
        (void)ht_buf_room(out, wanted + READ_CHUNK, &room);
    r = ht_read_fd(fd, path, out, max_bytes, err);
    if (r < 0 && root->path[0])
        ht_error_wrap(err, "below %s", root->path);
    return r;
}

struct linux_dirent64 {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    unsigned char type;
    char name[];
};

static bool is_dot(const char *name)
{
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* Visits one filled buffer; count goes on over buffers. */
static int visit_entries(const char *buffer, size_t len, const struct ht_dir_visitor *visitor,
                         size_t *count, struct ht_error *err)
{
    size_t max = visitor->max_entries ? visitor->max_entries : HT_LIMIT_ITEMS;

    for (size_t at = 0; at < len;) {
        const struct linux_dirent64 *entry = (const void *)(buffer + at);
        int r = 0;

        at += entry->length;
        if (is_dot(entry->name))
            continue;
        if (++*count > max)
            return ht_error_set(err, EFBIG, "directory: more than %zu entries", max);
        r = visitor->visit(visitor->context, entry->name, entry->type, entry->inode);
        if (r)
            return r;
    }
    return 0;
}

int ht_list_fd(int dirfd, const struct ht_dir_visitor *visitor, struct ht_error *err)
{
    char buffer[LIST_CHUNK] __attribute__((aligned(8)));
    size_t count = 0;

    if (lseek(dirfd, 0, SEEK_SET) < 0)
        return ht_error_errno(err, errno, "directory");
    for (;;) {
        long len = syscall(SYS_getdents64, dirfd, buffer, sizeof(buffer));
        int r = 0;

        if (len < 0)
            return ht_error_errno(err, errno, "directory");
        if (len == 0)
            return 0;
        r = visit_entries(buffer, (size_t)len, visitor, &count, err);
        if (r)
            return r;
    }
}

int ht_root_list(const struct ht_root *root, const char *path, const struct ht_dir_visitor *visitor,
                 struct ht_error *err)
{
    struct ht_error inner = {.code = 0};
    ht_autoclose int fd = ht_root_openat(root, path, O_RDONLY | O_DIRECTORY, err);
    int r = 0;

    if (fd < 0)
        return fd;
    r = ht_list_fd(fd, visitor, &inner);
    if (r < 0 && inner.code)
        ht_error_set(err, inner.code, "%s%s%s: %s", root->path, path[0] == '/' ? "" : "/", path,
                     inner.text);
    return r;
}
