/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "running-reach.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "proc-decode.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { ARENA_BYTES = 32 * 1024 * 1024, LINKS_MAX = 40, STEPS_MAX = 4096 };

struct ht_reach_mount {
    struct ht_str point; /* "" for "/" */
    bool can_hang;
    int fd; /* -1: not opened yet */
};

/* ---- mounts ---- */

void ht_reach_forget(struct ht_reach *reach)
{
    for (size_t i = 0; i < reach->len; i++)
        ht_cleanup_close(&reach->mounts[i].fd);
    ht_arena_free(reach->arena);
    *reach = (struct ht_reach){.root = reach->root, .proc_fd = reach->proc_fd, .far = reach->far};
}

static void read_mounts(struct ht_reach *reach)
{
    ht_autobuf struct ht_buf file = HT_BUF(HT_LIMIT_MOUNTINFO);
    struct ht_mount_line line;
    struct ht_str text;

    reach->arena = ht_arena_new(ARENA_BYTES);
    if (ht_read_at(reach->proc_fd, "self/mountinfo", &file, HT_LIMIT_MOUNTINFO, NULL) < 0)
        return;
    text = ht_buf_str(&file);
    reach->mounts =
        ht_arena_array(reach->arena, struct ht_reach_mount, ht_str_count(text, '\n') + 1);
    while (ht_mountinfo_next(&text, &line)) {
        struct ht_str point =
            ht_arena_str(reach->arena, ht_mountinfo_unescape(reach->arena, line.point));

        reach->mounts[reach->len++] = (struct ht_reach_mount){
            .point = ht_str_is(point, "/") ? HT_S("") : point,
            .can_hang = ht_mountinfo_can_hang(line.type),
            .fd = -1,
        };
    }
}

static bool is_at_or_below(const char *path, struct ht_str point)
{
    return strncmp(path, point.data, point.len) == 0 &&
           (path[point.len] == '/' || path[point.len] == '\0');
}

/* The one that holds the path; NULL: it cannot be told, or one on the way can hang. */
static struct ht_reach_mount *find_mount(struct ht_reach *reach, const char *path)
{
    struct ht_reach_mount *found = NULL;

    if (!reach->arena)
        read_mounts(reach);
    for (size_t i = 0; i < reach->len; i++) {
        struct ht_reach_mount *mount = &reach->mounts[i];

        if (!is_at_or_below(path, mount->point))
            continue;
        if (mount->can_hang)
            return NULL;
        if (!found || mount->point.len >= found->point.len)
            found = mount;
    }
    return found;
}

/* ---- paths ---- */

/* Opens without following a link, and without leaving the mount that the table has there. */
static int open_held(struct ht_reach *reach, const char *path)
{
    struct ht_reach_mount *mount = find_mount(reach, path);

    if (!mount)
        return -EXDEV;
    if (mount->fd < 0)
        mount->fd = ht_open_no_links(reach->root->fd, mount->point.data, O_PATH);
    if (mount->fd < 0)
        return -EXDEV;
    return ht_open_in_mount(mount->fd, path + mount->point.len, O_PATH);
}

struct walk {
    char done[PATH_MAX]; /* without links */
    size_t len;
    struct ht_str rest; /* in the arena */
    struct ht_arena *arena;
    unsigned links;
};

static void go_up(struct walk *walk)
{
    while (walk->len && walk->done[--walk->len] != '/')
        ;
    walk->done[walk->len] = '\0';
}

/* Goes on where the link that was reached leads. */
static int follow(struct walk *walk, int link)
{
    char target[PATH_MAX];
    ssize_t len = readlinkat(link, "", target, sizeof(target));

    if (len <= 0 || (size_t)len == sizeof(target) || ++walk->links > LINKS_MAX)
        return -ELOOP;
    if ((size_t)len + walk->rest.len >= sizeof(walk->done))
        return -ENAMETOOLONG;
    go_up(walk);
    if (target[0] == '/')
        walk->len = 0;
    walk->rest = ht_arena_strf(walk->arena, "%.*s/%.*s", (int)len, target, HT_STR_ARG(walk->rest));
    return 0;
}

/* Goes to a name in the folder that was reached. */
static int go_down(struct walk *walk, struct ht_str name)
{
    if (walk->len + 1 + name.len >= sizeof(walk->done))
        return -ENAMETOOLONG;
    walk->done[walk->len++] = '/';
    memcpy(walk->done + walk->len, name.data, name.len);
    walk->len += name.len;
    walk->done[walk->len] = '\0';
    return 0;
}

static int step(struct ht_reach *reach, struct walk *walk, int flags, struct stat *last)
{
    struct ht_str name = {0};
    int code = 0;

    ht_str_next(&walk->rest, '/', &name);
    if (name.len == 0 || ht_str_is(name, "."))
        return 0;
    if (ht_str_is(name, ".."))
        go_up(walk);
    else
        code = go_down(walk, name);
    if (code < 0)
        return code;

    ht_autoclose int fd = open_held(reach, walk->done);
    if (fd < 0)
        return fd;
    if (fstat(fd, last) < 0)
        return -errno;
    if (S_ISLNK(last->st_mode) && (walk->rest.len || !(flags & O_NOFOLLOW)))
        return follow(walk, fd);
    return 0;
}

/* Name by name: where a link leads is looked for in the mount table as well. A few links can make
 * a way of many thousand names, so all such ways together have an end. */
static int stat_slowly(struct ht_reach *reach, const char *path, int flags, struct stat *ret_stat)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(ARENA_BYTES);
    struct walk walk = {.rest = ht_arena_text(arena, path), .arena = arena};
    struct stat last = {0};
    int code = 0;

    while (code == 0 && walk.rest.len)
        code = reach->steps++ < STEPS_MAX ? step(reach, &walk, flags, &last) : -EXDEV;
    if (code == 0)
        *ret_stat = last;
    return code;
}

/* Its beginning then tells nothing of where it leads. */
static bool goes_up(const char *path)
{
    size_t len = strlen(path);

    return strstr(path, "/../") || (len >= 3 && strcmp(path + len - 3, "/..") == 0);
}

/* Where nobody but root makes links and mounts. */
static bool is_of_system(const char *path)
{
    static const char *const trees[] = {"/usr/",    "/lib/", "/lib64/", "/lib32/",
                                        "/libx32/", "/bin/", "/sbin/"};

    for (size_t i = 0; i < ARRAY_LEN(trees); i++) {
        if (strncmp(path, trees[i], strlen(trees[i])) == 0)
            return true;
    }
    return false;
}

static int stat_held(struct ht_reach *reach, const char *path, int flags, struct stat *ret_stat)
{
    if (goes_up(path))
        return stat_slowly(reach, path, flags, ret_stat);

    ht_autoclose int fd = open_held(reach, path);
    if (fd == -ELOOP)
        return stat_slowly(reach, path, flags, ret_stat);
    if (fd < 0)
        return fd;
    if (fstat(fd, ret_stat) < 0)
        return -errno;
    if (S_ISLNK(ret_stat->st_mode) && !(flags & O_NOFOLLOW))
        return stat_slowly(reach, path, flags, ret_stat);
    return 0;
}

/* A kernel before 5.6 cannot be held to a mount: there a link may still lead to what hangs. */
static bool is_near(struct ht_reach *reach, const char *path)
{
    if (reach->root->kind != HT_ROOT_HOST)
        return true;
    return !goes_up(path) &&
           (is_of_system(path) || (!ht_root_can_confine() && find_mount(reach, path)));
}

int ht_reach_stat(struct ht_reach *reach, const char *path, int flags, struct stat *ret_stat)
{
    int code;

    if (is_near(reach, path))
        return flags & O_NOFOLLOW ? ht_root_lstat(reach->root, path, ret_stat, NULL)
                                  : ht_root_stat(reach->root, path, ret_stat, NULL);
    code = stat_held(reach, path, flags, ret_stat);
    reach->far += code == -EXDEV;
    return code;
}
