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
#include <sys/xattr.h>

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

enum ht_overlay_entry ht_origin_look_in(const struct ht_origin *origin, struct ht_str layer,
                                        struct ht_str path, struct stat *ret_about, int *ret_fd)
{
    ht_autoclose int fd = ht_origin_open_in(origin, layer, path);

    if (fd == -ENOENT)
        return HT_ENTRY_NOTHING;
    /* On the way there may be the mark of a deletion, a file or a link. */
    if (fd < 0)
        return fd == -ENOTDIR || fd == -ELOOP ? HT_ENTRY_HIDDEN : HT_ENTRY_UNREAD;
    if (fstat(fd, ret_about) < 0)
        return HT_ENTRY_UNREAD;
    if (!S_ISREG(ret_about->st_mode))
        return HT_ENTRY_HIDDEN;
    if (ret_fd)
        *ret_fd = ht_steal_fd(&fd);
    return HT_ENTRY_FILE;
}

bool ht_origin_stat_written(struct ht_origin *origin, struct ht_str upper, struct ht_str path,
                            struct stat *ret_about)
{
    return !ht_origin_lies_on_hanging(origin, upper) &&
           ht_origin_look_in(origin, upper, path, ret_about, NULL) == HT_ENTRY_FILE;
}

/* ---- what it leaves to be seen of those below it ---- */

static bool is_unread(ssize_t mark)
{
    return mark < 0 && mark != -ENODATA && mark != -EOPNOTSUPP;
}

/* What a folder (open for reading) of a directory tells about the folder of that path in the
 * directories below. What it was called there is not followed: who moves folders of an image writes
 * a layer with them, and that is rare. */
static enum ht_overlay_entry look_through(int fd, bool is_user)
{
    char value[PATH_MAX];
    ssize_t opaque, redirect;

    if (flistxattr(fd, NULL, 0) == 0)
        return HT_ENTRY_NOTHING;
    opaque = ht_file_mark(fd, is_user, "opaque", value, sizeof(value));
    if (opaque == 1 && value[0] == 'y')
        return HT_ENTRY_HIDDEN;
    redirect = ht_file_mark(fd, is_user, "redirect", NULL, 0);
    return redirect > 0 || is_unread(opaque) || is_unread(redirect) ? HT_ENTRY_UNREAD
                                                                    : HT_ENTRY_NOTHING;
}

enum ht_overlay_entry ht_origin_look_past(const struct ht_origin *origin, struct ht_str layer,
                                          bool is_user, struct ht_str folder)
{
    const int flags = O_RDONLY | O_DIRECTORY;
    ht_autobuf struct ht_buf name = HT_BUF(NAME_MAX + 1);
    struct ht_str part;
    ht_autoclose int fd =
        layer.len ? ht_open_no_links(origin->reader.root_fd, layer.data, flags) : -EIO;

    while (fd >= 0 && ht_str_next(&folder, '/', &part)) {
        enum ht_overlay_entry found;
        int next;

        if (!part.len)
            continue;
        ht_buf_reset(&name);
        ht_buf_add_str(&name, part);
        next = ht_buf_is_full(&name) ? -ENOENT : ht_open_no_links(fd, name.data, flags);
        if (next == -ENOENT)
            return HT_ENTRY_NOTHING;
        if (next == -ENOTDIR || next == -ELOOP)
            return HT_ENTRY_HIDDEN;
        ht_cleanup_close(&fd);
        fd = next;
        found = fd < 0 ? HT_ENTRY_UNREAD : look_through(fd, is_user);
        if (found != HT_ENTRY_NOTHING)
            return found;
    }
    return fd < 0 ? HT_ENTRY_UNREAD : HT_ENTRY_NOTHING;
}

/* ---- the image's ---- */

/* How far down the directories of an image a folder of it was followed. */
struct ht_origin_folder {
    size_t passed;               /* so many of them leave to be seen what is below */
    enum ht_overlay_entry ended; /* what the next one does; nothing: not looked at yet */
};

static void put_key(struct ht_buf *key, const struct ht_space *space, struct ht_str path)
{
    ht_buf_reset(key);
    ht_buf_addf(key, "%zu ", space->image);
    ht_buf_add_str(key, path);
}

/* The same of the directory of that number, which was not found to have the path itself. */
static enum ht_overlay_entry look_past(struct ht_origin *origin, const struct ht_space *space,
                                       size_t lower, struct ht_str folder)
{
    struct ht_origin_folder *known;
    struct ht_buf *key = &origin->key;
    size_t below = lower - space->image_first;

    if (lower == space->init)
        return HT_ENTRY_NOTHING; /* what Docker writes there hides nothing */
    if (!space->image)
        return ht_origin_look_past(origin, space->lowers.items[lower], space->is_user, folder);
    put_key(key, space, folder);
    known = ht_buf_is_full(key) ? NULL : ht_map_get(origin->folders, ht_buf_str(key));
    if (known && below < known->passed)
        return HT_ENTRY_NOTHING;
    if (known && below == known->passed && known->ended != HT_ENTRY_NOTHING)
        return known->ended;

    enum ht_overlay_entry found =
        ht_origin_look_past(origin, space->lowers.items[lower], space->is_user, folder);
    if (ht_buf_is_full(key) || found == HT_ENTRY_UNREAD)
        return found;
    if (!known && ht_map_len(origin->folders) < KNOWN_MAX) {
        known = ht_new0(struct ht_origin_folder);
        known->ended = HT_ENTRY_NOTHING;
        ht_map_set(origin->folders, ht_buf_str(key), known);
    }
    if (known && below == known->passed) {
        known->passed += found == HT_ENTRY_NOTHING;
        known->ended = found;
    }
    return found;
}

/* The topmost of these directories that knows the path decides. */
static struct ht_origin_image_file look_between(struct ht_origin *origin,
                                                const struct ht_space *space, size_t first,
                                                size_t end, struct ht_str path)
{
    struct ht_origin_image_file file = {.found = HT_ENTRY_NOTHING};
    struct ht_str folder = ht_str_folder(path);
    struct stat about;

    for (size_t i = first; i < end && file.found == HT_ENTRY_NOTHING; i++) {
        if (i == space->init && !ht_space_lower_has(space, i, path))
            continue;
        file.found = ht_origin_look_in(origin, space->lowers.items[i], path, &about, NULL);
        if (file.found == HT_ENTRY_FILE) {
            file.lower = i;
            file.dev = about.st_dev;
            file.ino = about.st_ino;
            file.links = about.st_nlink;
        } else if (file.found == HT_ENTRY_NOTHING && i + 1 < space->lowers.len) {
            file.found = look_past(origin, space, i, folder);
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

    put_key(key, space, path);
    known = ht_map_get(origin->images, ht_buf_str(key));
    if (known) {
        file = *known;
        file.lower += space->image_first;
        return file;
    }
    file = look_between(origin, space, space->image_first, space->lowers.len, path);
    put_key(key, space, path);
    /* What could not be read may be by the next time. */
    if (file.found == HT_ENTRY_UNREAD || ht_buf_is_full(key) ||
        ht_map_len(origin->images) >= KNOWN_MAX)
        return file;
    kept = ht_new0(struct ht_origin_image_file);
    *kept = file;
    kept->lower -= file.found == HT_ENTRY_FILE ? space->image_first : 0;
    ht_map_set(origin->images, ht_buf_str(key), kept);
    return file;
}

struct ht_origin_image_file ht_origin_image_find(struct ht_origin *origin,
                                                 const struct ht_space *space, struct ht_str path)
{
    size_t before = space->image ? space->image_first : space->lowers.len;
    struct ht_origin_image_file file = look_between(origin, space, 0, before, path);

    if (file.found == HT_ENTRY_NOTHING && space->image)
        file = look_at_image(origin, space, path);
    if (file.found == HT_ENTRY_HIDDEN)
        file.found = HT_ENTRY_NOTHING;
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
            !ht_file_is_merged(fd, space->is_user))
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
    if (file.found != HT_ENTRY_FILE || file.ino != mapping->inode)
        return false;
    /* Of what has other names, too, one may be changed and keep the number for a while; on a file
     * system of its own a new file may have it. */
    return !space->upper.len || (file.links == 1 && file.dev == space->upper_dev &&
                                 shows_image(origin, space, mapping->path));
}
