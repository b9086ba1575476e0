/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the directories of an overlay have at a path. Those of an image do not change, and many
 * containers are of one image: what it has is looked up once a look for all of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "origin-file.h"
#include "origin-inner.h"
#include "running-maps.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

enum { KNOWN_MAX = 20000 };

/* ---- one directory ---- */

int ht_origin_open_in(const struct ht_origin *origin, struct ht_str layer, struct ht_str path)
{
    ht_autobuf struct ht_buf joined = HT_BUF(2 * PATH_MAX);

    if (!layer.len)
        return -EIO; /* it was not found on the node */
    ht_buf_add_str(&joined, layer);
    ht_buf_add_str(&joined, path);
    if (ht_buf_is_full(&joined))
        return -ENAMETOOLONG;
    return ht_open_no_links(origin->reader.root_fd, joined.data, O_PATH);
}

enum ht_found ht_origin_look_in(const struct ht_origin *origin, struct ht_str layer,
                                struct ht_str path, struct stat *ret_about, int *ret_fd)
{
    ht_autoclose int fd = ht_origin_open_in(origin, layer, path);

    if (fd < 0)
        return fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP ? HT_FOUND_NOTHING : HT_FOUND_UNREAD;
    if (fstat(fd, ret_about) < 0)
        return HT_FOUND_UNREAD;
    if (S_ISCHR(ret_about->st_mode) && ret_about->st_rdev == 0)
        return HT_FOUND_WHITEOUT;
    if (!S_ISREG(ret_about->st_mode))
        return HT_FOUND_NOTHING;
    if (ret_fd)
        *ret_fd = ht_steal_fd(&fd);
    return HT_FOUND_FILE;
}

bool ht_origin_stat_written(struct ht_origin *origin, struct ht_str upper, struct ht_str path,
                            struct stat *ret_about)
{
    return !ht_origin_lies_on_hanging(origin, upper) &&
           ht_origin_look_in(origin, upper, path, ret_about, NULL) == HT_FOUND_FILE;
}

/* ---- the image's ---- */

/* The topmost of these directories that knows the path decides. */
static struct ht_origin_image_file look_between(const struct ht_origin *origin,
                                                const struct ht_space *space, size_t first,
                                                size_t end, struct ht_str path)
{
    struct ht_origin_image_file file = {.found = HT_FOUND_NOTHING};
    struct stat about;

    for (size_t i = first; i < end && file.found == HT_FOUND_NOTHING; i++) {
        if (i == space->init && !ht_space_lower_has(space, i, path))
            continue;
        file.found = ht_origin_look_in(origin, space->lowers.items[i], path, &about, NULL);
        if (file.found == HT_FOUND_FILE) {
            file.lower = i;
            file.dev = about.st_dev;
            file.ino = about.st_ino;
            file.links = about.st_nlink;
        }
    }
    return file;
}

/* The same of those that are an image's, which other containers have, too, by another number. */
static struct ht_origin_image_file look_at_image(struct ht_origin *origin,
                                                 const struct ht_space *space, struct ht_str path)
{
    const struct ht_origin_image_file *known;
    struct ht_origin_image_file file, *kept;
    struct ht_buf *key = &origin->key;

    ht_buf_reset(key);
    ht_buf_addf(key, "%zu ", space->image);
    ht_buf_add_str(key, path);
    known = ht_map_get(origin->images, ht_buf_str(key));
    if (known) {
        file = *known;
        file.lower += space->image_first;
        return file;
    }
    file = look_between(origin, space, space->image_first, space->lowers.len, path);
    /* What could not be read may be by the next time. */
    if (file.found == HT_FOUND_UNREAD || ht_buf_is_full(key) ||
        ht_map_len(origin->images) >= KNOWN_MAX)
        return file;
    kept = ht_new0(struct ht_origin_image_file);
    *kept = file;
    kept->lower -= file.found == HT_FOUND_FILE ? space->image_first : 0;
    ht_map_set(origin->images, ht_buf_str(key), kept);
    return file;
}

struct ht_origin_image_file ht_origin_image_find(struct ht_origin *origin,
                                                 const struct ht_space *space, struct ht_str path)
{
    size_t before = space->image ? space->image_first : space->lowers.len;
    struct ht_origin_image_file file = look_between(origin, space, 0, before, path);

    if (file.found == HT_FOUND_NOTHING && space->image)
        file = look_at_image(origin, space, path);
    if (file.found == HT_FOUND_WHITEOUT)
        file.found = HT_FOUND_NOTHING;
    return file;
}

/* ---- what is mapped ---- */

/* Whether what the image has at that path is what the container sees there: the writable directory
 * has nothing on the way but folders that were copied up, which show what is below. A file that was
 * changed keeps its number, and by mounts of a namespace of its own any user can call it as it was
 * called in the image. */
static bool shows_image(const struct ht_origin *origin, const struct ht_space *space,
                        struct ht_str path)
{
    for (size_t end = 1; end <= path.len; end++) {
        struct stat about;
        ht_autoclose int fd = -1;

        if (end < path.len && path.data[end] != '/')
            continue;
        fd = ht_origin_open_in(origin, space->upper, ht_str_sub(path, 0, end));
        if (fd < 0)
            return fd == -ENOENT;
        if (end == path.len || fstat(fd, &about) < 0 || !S_ISDIR(about.st_mode) ||
            !ht_file_is_merged(fd))
            return false;
    }
    return false;
}

bool ht_origin_maps_image(struct ht_origin *origin, const struct ht_origin_ask *ask,
                          const struct ht_mapping *mapping)
{
    struct ht_origin_image_file file;
    struct ht_space *space;
    int dirfd;

    /* Only where a path of the container is one of its overlay's directories as it stands. */
    if (ht_origin_enter(origin, ask, &dirfd, &space) < 0 || !space->is_overlay ||
        space->upper_missing || ht_origin_root_can_hang(origin, space) ||
        !ht_str_is(space->root->root, "/") ||
        space->root->device != (mapping->major << 32 | mapping->minor) ||
        !ht_origin_is_runtimes(origin, space, ask) || !ht_str_has_prefix(mapping->path, "/"))
        return false;
    file = ht_origin_image_find(origin, space, mapping->path);
    if (file.found != HT_FOUND_FILE || file.ino != mapping->inode)
        return false;
    /* Of what has other names, too, one may be changed and keep the number for a while; on a file
     * system of its own a new file may have it. */
    return !space->upper.len || (file.links == 1 && file.dev == space->upper_dev &&
                                 shows_image(origin, space, mapping->path));
}
