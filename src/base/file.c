/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/mem.h"

enum { LINKS_MAX = 40 }; /* followed on the way to a trusted file, as many as the kernel follows */

/* Opens the directory of path and gives the name in it. */
static int open_parent(const char *path, const char **ret_name, struct ht_error *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    ht_autofree char *parent = NULL;
    int fd;

    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return ht_error_set(err, EINVAL, "%s: no name of a file", path);
    if (!slash)
        parent = ht_strndup(".", 1);
    else
        parent = ht_strndup(path, slash == path ? 1 : (size_t)(slash - path));
    fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ht_error_errno(err, errno, "%s", parent);
    *ret_name = name;
    return fd;
}

/* Creates a file of an unused name in the directory, readable by nobody else. */
static int create_temporary(int directory, const char *name, char *ret_temporary, size_t size)
{
    for (unsigned tries = 0; tries < 100; tries++) {
        uint64_t number = 0;
        int fd;

        if (getrandom(&number, sizeof(number), 0) < 0)
            return -errno;
        snprintf(ret_temporary, size, ".%.200s.%016llx", name, (unsigned long long)number);
        fd = openat(directory, ret_temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    0600);
        if (fd >= 0)
            return fd;
        if (errno != EEXIST)
            return -errno;
    }
    return -EEXIST;
}

static int refuse_existing(int directory, const char *path, const char *name, unsigned flags,
                           struct ht_error *err)
{
    struct stat about;

    if (fstatat(directory, name, &about, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : ht_error_errno(err, errno, "%s", path);
    if (!S_ISREG(about.st_mode))
        return ht_error_set(err, EEXIST, "%s: exists and is no regular file; not replaced", path);
    if (!(flags & HT_FILE_REPLACE))
        return ht_error_set(err, EEXIST, "%s: exists; not replaced", path);
    return 0;
}

int ht_write_all(int fd, struct ht_str bytes)
{
    while (bytes.len) {
        ssize_t len = write(fd, bytes.data, bytes.len);

        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return -errno;
        bytes = ht_str_sub(bytes, (size_t)len, bytes.len);
    }
    return 0;
}

int ht_file_write(const char *path, struct ht_str content, unsigned flags, struct ht_error *err)
{
    char temporary[NAME_MAX + 1];
    const char *name = NULL;
    ht_autoclose int directory = open_parent(path, &name, err);
    ht_autoclose int fd = -1;
    int r = 0;

    if (directory < 0)
        return directory;
    r = refuse_existing(directory, path, name, flags, err);
    if (r < 0)
        return r;
    fd = create_temporary(directory, name, temporary, sizeof(temporary));
    if (fd < 0)
        return ht_error_errno(err, -fd, "%s: cannot create a file beside it", path);
    r = ht_write_all(fd, content);
    if (r == 0 && !(flags & HT_FILE_HASTY) && fsync(fd) < 0)
        r = -errno;
    /* Without leave to replace, the kernel checks once more: somebody may have been faster. */
    if (r == 0 && renameat2(directory, temporary, directory, name,
                            flags & HT_FILE_REPLACE ? 0 : RENAME_NOREPLACE) < 0)
        r = -errno;
    if (r < 0) {
        unlinkat(directory, temporary, 0);
        return ht_error_errno(err, -r, "%s: cannot be written", path);
    }

    if (flags & HT_FILE_HASTY)
        return 0;
    /* The rename lasts only when the directory is on disk; a file system that cannot do that has
     * done its best. */
    ht_autoclose int sync = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (sync >= 0)
        fsync(sync);
    return 0;
}

int ht_file_create(const char *path, unsigned flags, struct ht_error *err)
{
    const char *name = NULL;
    struct stat about;
    ht_autoclose int directory = open_parent(path, &name, err);
    ht_autoclose int fd = -1;

    if (directory < 0)
        return directory;
    fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0)
        return ht_steal_fd(&fd);
    if (errno != EEXIST)
        return ht_error_errno(err, errno, "%s: cannot be created", path);

    int r = refuse_existing(directory, path, name, flags, err);

    if (r < 0)
        return r;
    /* O_NONBLOCK: a FIFO that took its place would hold the opening up. */
    fd = openat(directory, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) < 0)
        return ht_error_errno(err, errno, "%s: cannot be replaced", path);
    if (!S_ISREG(about.st_mode) || about.st_uid != geteuid() || about.st_nlink != 1)
        return ht_error_set(err, EEXIST, "%s: somebody else's file; not replaced", path);
    if (fchmod(fd, 0600) < 0 || ftruncate(fd, 0) < 0)
        return ht_error_errno(err, errno, "%s: cannot be emptied", path);
    return ht_steal_fd(&fd);
}

int ht_file_make_directory(const char *path, struct ht_error *err)
{
    ht_autofree char *part = ht_strdup(path);
    struct stat about;

    if (!*path)
        return ht_error_set(err, EINVAL, "no name of a directory");
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0700) < 0 && errno != EEXIST)
            return ht_error_errno(err, errno, "%s: cannot be made", part);
        *slash = '/';
    }
    if (mkdir(part, 0700) < 0 && errno != EEXIST)
        return ht_error_errno(err, errno, "%s: cannot be made", part);

    ht_autoclose int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &about) < 0)
        return ht_error_errno(err, errno, "%s", path);
    if (about.st_uid != geteuid() || (about.st_mode & 022))
        return ht_error_set(err, EPERM, "%s: belongs to or can be changed by somebody else", path);
    return 0;
}

/* --- trust -------------------------------------------------------------------------------------
 */

static int judge(const struct stat *about, const char *path, struct ht_error *err)
{
    bool sticky = S_ISDIR(about->st_mode) && (about->st_mode & S_ISVTX);

    if (about->st_uid != 0 && about->st_uid != geteuid())
        return ht_error_set(err, EPERM, "%s: belongs to uid %u, neither root nor you", path,
                            (unsigned)about->st_uid);
    /* The mode of a link means nothing; in a sticky directory only the owner of a name can change
     * it, and the owner of the next step is judged too. */
    if (!S_ISLNK(about->st_mode) && !sticky && (about->st_mode & 022))
        return ht_error_set(err, EPERM, "%s: can be written by others (mode %04o)", path,
                            (unsigned)(about->st_mode & 07777));
    return 0;
}

/* Walks like the kernel, by hand: every directory, link and the file itself is judged. */
struct walk {
    struct ht_buf done; /* absolute, judged, without links; "" is the root */
    struct ht_buf rest; /* still to go */
    unsigned links;
};

static void go_up(struct walk *walk)
{
    ptrdiff_t slash = ht_str_rfind_byte(ht_buf_str(&walk->done), '/');
    size_t keep = slash > 0 ? (size_t)slash : 0;

    ht_autofree char *path = ht_strndup(ht_buf_str(&walk->done).data, keep);

    ht_buf_reset(&walk->done);
    ht_buf_add_text(&walk->done, path);
}

/* Puts the target of a link in front of what is left. */
static int follow(struct walk *walk, struct ht_error *err)
{
    char target[PATH_MAX];
    ssize_t len = readlink(walk->done.data, target, sizeof(target));
    ht_autofree char *rest = ht_buf_take(&walk->rest);

    if (len < 0)
        return ht_error_errno(err, errno, "%s", walk->done.data);
    if (++walk->links > LINKS_MAX)
        return ht_error_errno(err, ELOOP, "%s", walk->done.data);
    ht_buf_add(&walk->rest, target, (size_t)len);
    ht_buf_add_c(&walk->rest, '/');
    ht_buf_add_text(&walk->rest, rest);
    if (target[0] == '/')
        ht_buf_reset(&walk->done);
    else
        go_up(walk);
    return 0;
}

/* Goes one name further; *last tells about where it is then. */
static int step(struct walk *walk, struct stat *last, struct ht_error *err)
{
    struct ht_str all = ht_buf_str(&walk->rest);
    struct ht_str name = HT_STR("");
    int r = 0;

    ht_str_next(&all, '/', &name);

    ht_autofree char *next = ht_strndup(name.data, name.len);
    ht_autofree char *rest = ht_strndup(all.data, all.len);

    ht_buf_reset(&walk->rest);
    ht_buf_add_text(&walk->rest, rest);
    if (!*next || strcmp(next, ".") == 0)
        return 0;
    if (strcmp(next, "..") == 0) {
        go_up(walk);
    } else {
        ht_buf_add_c(&walk->done, '/');
        ht_buf_add_text(&walk->done, next);
    }
    if (ht_buf_is_full(&walk->done) || ht_buf_is_full(&walk->rest))
        return ht_error_errno(err, ENAMETOOLONG, "%s", walk->done.data);
    if (lstat(walk->done.len ? walk->done.data : "/", last) < 0)
        return ht_error_errno(err, errno, "%s", walk->done.data);
    r = judge(last, walk->done.len ? walk->done.data : "/", err);
    if (r == 0 && S_ISLNK(last->st_mode))
        r = follow(walk, err);
    return r;
}

void ht_file_add_whole_path(struct ht_buf *out, const char *path)
{
    char here[PATH_MAX];

    if (path[0] != '/' && getcwd(here, sizeof(here)) && here[0] == '/') {
        ht_buf_add_text(out, here);
        if (here[1])
            ht_buf_add_c(out, '/');
    }
    ht_buf_add_text(out, path);
}

int ht_file_is_trusted(const char *path, struct ht_error *err)
{
    ht_autobuf struct ht_buf done = HT_BUF(4 * PATH_MAX);
    ht_autobuf struct ht_buf rest = HT_BUF(4 * PATH_MAX);
    struct walk walk = {.links = 0};
    struct stat last = {.st_mode = S_IFDIR};
    char here[PATH_MAX];
    int r = 0;

    if (path[0] != '/') {
        if (!getcwd(here, sizeof(here)))
            return ht_error_errno(err, errno, "the working directory");
        ht_buf_add_text(&rest, here);
        ht_buf_add_c(&rest, '/');
    }
    ht_buf_add_text(&rest, path);
    walk.done = done;
    walk.rest = rest;
    if (stat("/", &last) < 0)
        return ht_error_errno(err, errno, "/");
    r = judge(&last, "/", err);
    while (r == 0 && walk.rest.len)
        r = step(&walk, &last, err);
    if (r == 0 && !S_ISREG(last.st_mode))
        r = ht_error_set(err, EPERM, "%s: no regular file", path);
    done = walk.done;
    rest = walk.rest;
    return r;
}
