/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "drift-classes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/base/str.h"

enum { NAMES_MAX = 4096, DEPTH_MAX = 16 };

struct walk {
    int dirfd; /* the folder that is listed now */
    unsigned depth;
    size_t names; /* in all that were listed */
};

static int visit(void *context, const char *name, unsigned type, uint64_t inode);

/* 1: classes may lie there; 0: none do. */
static int look_through(struct walk *walk, const char *name)
{
    ht_autoclose int fd = ht_open_in_mount(walk->dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct walk below = {.dirfd = fd, .depth = walk->depth + 1, .names = walk->names};
    const struct ht_dir_visitor visitor = {
        .visit = visit, .context = &below, .max_entries = NAMES_MAX};
    int r;

    if (fd == -ENOENT) /* it is gone */
        return 0;
    if (fd < 0 || below.depth > DEPTH_MAX)
        return 1;
    r = ht_list_fd(fd, &visitor, NULL);
    walk->names = below.names;
    return r != 0;
}

/* A ConfigMap's files are links within their folder; what is there is met under its own name. */
static bool leads_out(int dirfd, const char *name)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(dirfd, name, target, sizeof(target));

    if (n <= 0)
        return n < 0 && errno != ENOENT;

    struct ht_str path = {target, (size_t)n};
    return path.data[0] == '/' || ht_path_goes_up(path);
}

static int visit(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct walk *walk = context;
    struct ht_str text = ht_str_from(name);
    struct stat about;

    (void)inode;
    if (walk->names++ == NAMES_MAX || ht_str_has_suffix(text, ".class") ||
        ht_str_has_suffix(text, ".jar") || ht_str_has_suffix(text, ".jmod"))
        return 1;
    if (type == DT_UNKNOWN) {
        if (fstatat(walk->dirfd, name, &about, AT_SYMLINK_NOFOLLOW) < 0)
            return errno != ENOENT;
        type = IFTODT(about.st_mode);
    }
    if (type == DT_DIR)
        return look_through(walk, name);
    /* The name of a package has no dot. */
    return type == DT_LNK && ht_str_find_byte(text, '.') < 0 && leads_out(walk->dirfd, name);
}

bool ht_classes_lie_in(int dirfd)
{
    struct walk walk = {.dirfd = dirfd};

    return look_through(&walk, ".") != 0;
}
