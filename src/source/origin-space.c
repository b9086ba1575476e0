/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "origin-space.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

enum {
    FIRST_BYTES = 64 * 1024,
    RANDOM_MIN = 25,
    ARENA_BYTES = 32 * 1024 * 1024,
    SETTLED_MAX = 4096,
    LINKS_MAX = 8 /* on the way to one layer */
};

/* Where runtimes mount from when the options would not fit into a page: paths are relative then. */
static const char *const relative_to[] = {
    "/var/lib/docker/overlay2",
    "/var/lib/containers/storage/overlay",
};

void ht_space_fini(struct ht_space *space)
{
    ht_arena_free(space->arena);
    *space = (struct ht_space){.arena = NULL};
}

/* ---- directories of the overlay ---- */

bool ht_space_hangs(const struct ht_space_reader *reader, struct ht_str path)
{
    for (size_t i = 0; i < reader->hanging->len; i++) {
        struct ht_str point = reader->hanging->items[i];

        /* A node whose own root is such a file system has no other. */
        if (!ht_str_is(point, "/") && ht_path_lies_in(path, point))
            return true;
    }
    return false;
}

/* Where fd's file lies, in the arena; empty: that is not told. */
static struct ht_str place_of(int fd, struct ht_arena *arena)
{
    char link[PATH_MAX];
    char name[32];
    ssize_t len;

    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    len = readlink(name, link, sizeof(link));
    if (len <= 0 || (size_t)len >= sizeof(link) || link[0] != '/')
        return (struct ht_str){0};
    return ht_arena_str(arena, (struct ht_str){.data = link, .len = (size_t)len});
}

/* Appends what a link in the folder that out has leads to, without empty parts. False: it goes up
 * from elsewhere than its folder, which only the kernel can follow. */
static bool add_target(struct ht_buf *out, struct ht_str target)
{
    struct ht_str part;
    bool named = false;

    if (ht_str_has_prefix(target, "/"))
        ht_buf_reset(out);
    while (ht_str_next(&target, '/', &part)) {
        if (part.len == 0 || ht_str_is(part, "."))
            continue;
        if (!ht_str_is(part, "..")) {
            ht_buf_add_c(out, '/');
            ht_buf_add_str(out, part);
            named = true;
        } else if (named) {
            return false;
        } else if (out->len) {
            ht_buf_cut(out, (size_t)ht_str_rfind_byte(ht_buf_str(out), '/'));
        }
    }
    return true;
}

/* Puts what the first link of a path leads to in its place. False: there is none, or it is not to
 * be followed. */
static bool follow(const struct ht_space_reader *reader, struct ht_buf *path)
{
    ht_autobuf struct ht_buf next = HT_BUF(PATH_MAX);
    char link[PATH_MAX];
    ssize_t len = -1;
    size_t end = path->len, slash = 0;

    /* The longest folder without one; most have one link, at their end. */
    for (; len < 0 && end > 0; end = len < 0 ? slash : end) {
        struct ht_str folder;

        slash = (size_t)ht_str_rfind_byte(ht_str_sub(ht_buf_str(path), 0, end), '/');
        folder = ht_str_sub(ht_buf_str(path), 0, slash);
        ht_buf_reset(&next);
        ht_buf_add_str(&next, folder);
        ht_autoclose int fd = ht_open_no_links(reader->root_fd, next.len ? next.data : "/", O_PATH);
        ht_buf_reset(&next);
        ht_buf_add_str(&next, ht_str_sub(ht_buf_str(path), slash + 1, end - slash - 1));
        len = fd < 0 ? -1 : readlinkat(fd, next.data, link, sizeof(link));
    }
    if (len <= 0 || (size_t)len >= sizeof(link))
        return false;
    ht_buf_reset(&next);
    ht_buf_add_str(&next, ht_str_sub(ht_buf_str(path), 0, slash));
    if (!add_target(&next, (struct ht_str){.data = link, .len = (size_t)len}))
        return false;
    ht_buf_add_str(&next, ht_str_sub(ht_buf_str(path), end, path->len));
    ht_buf_reset(path);
    ht_buf_add_str(path, ht_buf_str(&next));
    return !ht_buf_is_full(&next) && !ht_buf_is_full(path);
}

/* The path of a directory of the node without links, in the arena; empty if it is not there. Any
 * user can mount an overlay, in a namespace of its own, of folders that are called as it likes:
 * what can hang is not asked, and links, as runtimes have them for short names, are followed one by
 * one.
 */
static struct ht_str settle(const struct ht_space_reader *reader, struct ht_str path,
                            struct ht_arena *arena)
{
    ht_autobuf struct ht_buf now = HT_BUF(PATH_MAX);

    /* No runtime names a layer so, and by its name nobody knows where it leads. */
    if (ht_path_goes_up(path) || !add_target(&now, path))
        return (struct ht_str){0};
    for (unsigned links = 0; links <= LINKS_MAX && now.len && !ht_buf_is_full(&now); links++) {
        if (ht_space_hangs(reader, ht_buf_str(&now)))
            return ht_arena_str(arena, ht_buf_str(&now));
        ht_autoclose int fd = ht_open_no_links(reader->root_fd, now.data, O_PATH | O_DIRECTORY);
        if (fd >= 0)
            return place_of(fd, arena);
        if ((fd != -ELOOP && fd != -ENOTDIR) || !follow(reader, &now))
            break;
    }
    return (struct ht_str){0};
}

/* ---- what they are read with ---- */

void ht_space_reader_init(struct ht_space_reader *reader, int root_fd,
                          const struct ht_text_list *hanging)
{
    reader->root_fd = root_fd;
    reader->hanging = hanging;
    reader->settled = ht_map_new();
    reader->images = ht_map_new();
    ht_buf_init(&reader->file, HT_LIMIT_MOUNTINFO);
}

void ht_space_reader_rest(struct ht_space_reader *reader)
{
    ht_map_free_values(reader->settled);
    ht_map_free_values(reader->images);
    ht_buf_fini(&reader->file);
}

void ht_space_reader_fini(struct ht_space_reader *reader)
{
    ht_space_reader_rest(reader);
    ht_map_free(reader->settled);
    ht_map_free(reader->images);
}

/* ---- layers ---- */

/* A relative path that names a layer by digits and letters enough that no other has the same. */
static bool is_telling(struct ht_str path)
{
    struct ht_str part;

    while (ht_str_next(&path, '/', &part)) {
        if (part.len >= RANDOM_MIN)
            return true;
    }
    return false;
}

/* What is on the way to the path goes into scratch, the path into the arena. */
static struct ht_str settle_layer(const struct ht_space_reader *reader, struct ht_str path,
                                  struct ht_arena *scratch, struct ht_arena *arena)
{
    if (ht_str_has_prefix(path, "/"))
        return settle(reader, path, arena);
    for (size_t i = 0; is_telling(path) && i < ARRAY_LEN(relative_to); i++) {
        struct ht_str joined = ht_arena_strf(scratch, "%s/%.*s", relative_to[i], HT_STR_ARG(path));
        struct ht_str found = settle(reader, joined, arena);

        if (found.len)
            return found;
    }
    return (struct ht_str){0};
}

/* Layers of images are those of many containers; one that was not found may be there yet. */
static struct ht_str settle_lower(struct ht_space_reader *reader, struct ht_str path,
                                  struct ht_arena *scratch, struct ht_arena *arena)
{
    const char *known = ht_map_get(reader->settled, path);
    struct ht_str found;

    if (known)
        return ht_arena_text(arena, known);
    found = settle_layer(reader, path, scratch, arena);
    if (found.len && ht_map_len(reader->settled) < SETTLED_MAX)
        ht_map_set(reader->settled, path, ht_strndup(found.data, found.len));
    return found;
}

/* Docker makes a layer of its own between the image and each container: "ID-init/diff" below
 * "ID/diff". */
static bool is_init(struct ht_str lower, struct ht_str upper)
{
    static const char own[] = "/diff", init[] = "-init/diff";

    return ht_str_has_suffix(upper, own) && ht_str_has_suffix(lower, init) &&
           ht_str_equal(ht_str_sub(lower, 0, lower.len - strlen(init)),
                        ht_str_sub(upper, 0, upper.len - strlen(own)));
}

bool ht_space_lower_has(const struct ht_space *space, size_t lower, struct ht_str path)
{
    return space->lowers.items[lower].len &&
           (lower != space->init || ht_str_has_prefix(path, "/etc/") ||
            ht_str_has_prefix(path, "/dev/") || ht_str_has_prefix(path, "/.docker"));
}

/* Where all directories of the image are known, and stand together. */
static void number_image(struct ht_space *space, struct ht_space_reader *reader)
{
    ht_autobuf struct ht_buf joined = HT_BUF(ARENA_BYTES);
    size_t first = space->init == 0, *number;

    if (first == space->lowers.len || (!first && space->init < space->lowers.len))
        return;
    for (size_t i = first; i < space->lowers.len; i++) {
        struct ht_str lower = space->lowers.items[i];

        if (!lower.len)
            return;
        ht_buf_add_str(&joined, lower);
        ht_buf_add_c(&joined, '\0');
    }
    if (ht_buf_is_full(&joined))
        return;
    number = ht_map_get(reader->images, ht_buf_str(&joined));
    if (!number) {
        number = ht_new0(size_t);
        *number = ht_map_len(reader->images) + 1;
        ht_map_set(reader->images, ht_buf_str(&joined), number);
    }
    space->image = *number;
    space->image_first = first;
}

/* 0: not told. */
static uint64_t device_of(const struct ht_space_reader *reader, struct ht_str path)
{
    ht_autoclose int fd = path.len && !ht_space_hangs(reader, path)
                              ? ht_open_no_links(reader->root_fd, path.data, O_PATH)
                              : -1;
    struct stat about;

    return fd >= 0 && fstat(fd, &about) == 0 ? about.st_dev : 0;
}

static void settle_overlay(struct ht_space *space, struct ht_space_reader *reader)
{
    ht_autoarena struct ht_arena *scratch = ht_arena_new(ARENA_BYTES);
    struct ht_overlay overlay;

    if (!space->root || !ht_str_is(space->root->type, "overlay") ||
        !ht_overlay_decode(space->root->super, scratch, &overlay))
        return;
    space->is_overlay = true;
    space->is_user = overlay.is_user;
    if (overlay.upper.len) {
        space->upper = settle_layer(reader, overlay.upper, scratch, space->arena);
        space->upper_missing = space->upper.len == 0;
        space->upper_dev = device_of(reader, space->upper);
    }

    struct ht_str *lowers = ht_arena_array(space->arena, struct ht_str, overlay.lowers.len + 1);
    space->init = overlay.lowers.len;
    for (size_t i = 0; i < overlay.lowers.len; i++) {
        lowers[i] = settle_lower(reader, overlay.lowers.items[i], scratch, space->arena);
        if (is_init(lowers[i], space->upper))
            space->init = i;
    }
    space->lowers = (struct ht_text_list){.items = lowers, .len = overlay.lowers.len};
    number_image(space, reader);
}

/* ---- mounts ---- */

/* Its texts are parts of the line, unless they have escapes. */
static struct ht_space_mount take(const struct ht_mount_line *line, struct ht_arena *arena)
{
    return (struct ht_space_mount){
        .id = line->id,
        .device = line->device,
        .root = ht_mountinfo_unescape(arena, line->root),
        .point = ht_mountinfo_unescape(arena, line->point),
        .options = line->options,
        .type = line->type,
        .source = ht_mountinfo_unescape(arena, line->source),
        .super = line->super, /* its decoder takes escapes apart itself */
    };
}

/* What was read; a line that was cut off is none. */
static int read_text(int dirfd, bool whole, struct ht_buf *file, struct ht_str *ret_text,
                     bool *ret_all)
{
    size_t limit = whole ? HT_LIMIT_MOUNTINFO : FIRST_BYTES;
    int r = ht_read_at(dirfd, "mountinfo", file, limit, NULL);

    if (r < 0 && r != -EFBIG)
        return r;
    *ret_text = ht_buf_str(file);
    *ret_all = r == 0;
    if (r == -EFBIG)
        ret_text->len = (size_t)(ht_str_rfind_byte(*ret_text, '\n') + 1);
    return 0;
}

int ht_space_read(struct ht_space *space, int dirfd, bool whole, struct ht_space_reader *reader)
{
    struct ht_mount_line line;
    struct ht_str text;
    bool all;
    size_t lines;
    int r = read_text(dirfd, whole, &reader->file, &text, &all);

    if (r < 0)
        return r;
    lines = ht_str_count(text, '\n');
    if (lines > HT_SPACE_MOUNTS_MAX)
        lines = HT_SPACE_MOUNTS_MAX;

    ht_space_fini(space);
    space->arena = ht_arena_new(ARENA_BYTES);
    space->whole = all || whole;
    text = ht_arena_str(space->arena, text);

    struct ht_space_mount *mounts = ht_arena_array(space->arena, struct ht_space_mount, lines + 1);
    while (space->len < lines && ht_mountinfo_next(&text, &line)) {
        mounts[space->len] = take(&line, space->arena);
        if (ht_str_is(mounts[space->len].point, "/"))
            space->root = &mounts[space->len];
        space->len++;
    }
    space->mounts = mounts;
    settle_overlay(space, reader);
    return 0;
}

const struct ht_space_mount *ht_space_find(const struct ht_space *space, uint64_t id)
{
    for (size_t i = 0; i < space->len; i++) {
        if (space->mounts[i].id == id)
            return &space->mounts[i];
    }
    return NULL;
}

const struct ht_space_mount *ht_space_look(struct ht_space *space, uint64_t id, int dirfd,
                                           struct ht_space_reader *reader)
{
    const struct ht_space_mount *mount = ht_space_find(space, id);

    if (mount || space->whole || ht_space_read(space, dirfd, true, reader) < 0)
        return mount;
    return ht_space_find(space, id);
}

/* ---- paths ---- */

struct ht_str ht_space_below(const struct ht_space_mount *mount, struct ht_str path,
                             struct ht_arena *arena)
{
    struct ht_str root = mount->root;
    struct ht_str rest = path;

    if (!ht_str_is(mount->point, "/")) {
        /* What another mount hides, or who looks from another root, has another beginning. */
        if (path.len < mount->point.len || memcmp(path.data, mount->point.data, mount->point.len))
            return (struct ht_str){0};
        rest = ht_str_sub(path, mount->point.len, path.len);
    }
    if (ht_str_is(root, "/"))
        root.len = 0;
    return ht_arena_strf(arena, "%.*s%.*s", HT_STR_ARG(root), HT_STR_ARG(rest));
}

static struct ht_str part_behind(struct ht_str path, const char *mark)
{
    ptrdiff_t at = ht_str_find(path, ht_str_from(mark), 0);
    struct ht_str part = {0};

    if (at < 0)
        return part;
    path = ht_str_sub(path, (size_t)at + strlen(mark), path.len);
    (void)ht_str_next(&path, '/', &part);
    return part;
}

bool ht_space_is_volume(const struct ht_space_mount *mount, struct ht_arena *arena,
                        struct ht_str *ret_name)
{
    struct ht_str name = part_behind(mount->root, "/volumes/");

    if (ht_str_find(mount->root, HT_S("/pods/"), 0) >= 0) {
        struct ht_str subpath = part_behind(mount->root, "/volume-subpaths/");

        if (subpath.len) {
            *ret_name = ht_arena_strf(arena, "part of %.*s", HT_STR_ARG(subpath));
            return true;
        }
        if (ht_str_has_prefix(name, "kubernetes.io~")) {
            struct ht_str kind = ht_str_sub(name, strlen("kubernetes.io~"), name.len);
            ptrdiff_t at = ht_str_find(mount->root, name, 0);
            struct ht_str own =
                part_behind(ht_str_sub(mount->root, (size_t)at, mount->root.len), "/");

            *ret_name = ht_arena_strf(arena, "%.*s %.*s", HT_STR_ARG(kind), HT_STR_ARG(own));
            return true;
        }
    }
    if (name.len && ht_str_find(mount->root, HT_S("/_data"), 0) >= 0) {
        *ret_name = ht_arena_str(arena, name);
        return true;
    }
    return false;
}
