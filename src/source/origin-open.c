/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and layers of containers, by way of a process of theirs. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "origin-file.h"
#include "origin-inner.h"
#include "pkg-apk.h"
#include "pkg-owner.h"
#include "proc-node.h"
#include "running-maps.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x00001000U
#endif

enum {
    STAT_BYTES = 4096,
    SPACES_BYTES = 2 * 1024 * 1024, /* of all that are kept in one look: a plain one takes 8 KiB */
};

/* ---- the process ---- */

/* Whether dirfd is of that process; it stays so: once that is gone, reads below dirfd fail. A
 * directory that was let go meanwhile has another inode: then its start tells. */
static bool is_same(struct ht_origin *origin, int dirfd, const struct ht_origin_ask *ask)
{
    struct ht_proc_stat stat;
    struct stat about;

    if (ask->start == 0 ||
        (ask->proc_ino && fstat(dirfd, &about) == 0 && about.st_ino == ask->proc_ino))
        return true;
    struct ht_buf *file = &origin->reader.file;

    return ht_read_piece_at(dirfd, "stat", file, STAT_BYTES, NULL) == 0 &&
           ht_proc_decode_stat(ht_buf_str(file), &stat) == 0 && stat.start == ask->start;
}

void ht_origin_let_go(struct ht_origin *origin)
{
    ht_cleanup_close(&origin->opened.fd);
    origin->opened = (struct ht_origin_opened){.fd = -1};
}

/* A process is asked for by its program, by its mappings, by its container. */
int ht_origin_process(struct ht_origin *origin, const struct ht_origin_ask *ask)
{
    char name[16];
    int fd;

    if (origin->opened.fd >= 0 && origin->opened.pid == ask->pid &&
        (ask->start == 0 || ask->start == origin->opened.start))
        return origin->opened.fd;
    ht_origin_let_go(origin);
    snprintf(name, sizeof(name), "%d", (int)ask->pid);
    fd = openat(origin->proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    if (!is_same(origin, fd, ask)) {
        close(fd);
        return -ESRCH;
    }
    origin->opened = (struct ht_origin_opened){.fd = fd, .pid = ask->pid, .start = ask->start};
    return fd;
}

/* ---- the mounts ---- */

static void add_space(void *context, struct ht_str key, void *value)
{
    const struct ht_space *space = value;
    size_t *bytes = context;

    (void)key;
    *bytes += ht_arena_used(space->arena);
}

static bool forget_space(void *context, struct ht_str key, void *value)
{
    (void)context;
    (void)key;
    ht_space_fini(value);
    free(value);
    return true;
}

void ht_origin_forget_spaces(struct ht_origin *origin)
{
    ht_map_remove_if(origin->spaces, forget_space, NULL);
}

struct ht_space *ht_origin_space(struct ht_origin *origin, int dirfd, uint64_t ns,
                                 struct ht_str container_id)
{
    struct ht_space *space;
    size_t bytes = 0;
    int r;

    ht_buf_reset(&origin->key);
    ht_buf_addf(&origin->key, "%llu ", (unsigned long long)ns);
    ht_buf_add_str(&origin->key, container_id);
    space = ht_map_get(origin->spaces, ht_buf_str(&origin->key));
    if (space)
        return space;
    /* Each is asked for more than once in a look: for a program, then for the whole container. */
    ht_map_each(origin->spaces, add_space, &bytes);
    if (bytes >= SPACES_BYTES)
        ht_origin_forget_spaces(origin);
    (void)ht_origin_host_mounts(origin); /* which of them can hang */
    space = ht_new0(struct ht_space);
    r = ht_space_read(space, dirfd, false, &origin->reader);
    if (r < 0) {
        free(space);
        errno = -r;
        return NULL;
    }
    ht_map_set(origin->spaces, ht_buf_str(&origin->key), space);
    return space;
}

static bool node_sees(struct ht_origin *origin, uint64_t device)
{
    (void)ht_origin_host_mounts(origin);
    for (size_t i = 0; i < origin->overlays_len; i++) {
        if (origin->overlays[i] == device)
            return true;
    }
    return false;
}

/* Of one that is gone nothing can be told; the next look asks another. */
static bool first_has(const struct ht_origin *origin, pid_t first, uint64_t device)
{
    char name[HT_PROC_NAME_MAX];
    uint64_t dev, ino;

    if (!ht_proc_identify(origin->proc_fd, ht_proc_name(name, first, "root"), &dev, &ino))
        return true;
    return ((uint64_t)major(dev) << 32 | minor(dev)) == device;
}

bool ht_origin_is_runtimes(struct ht_origin *origin, struct ht_space *space,
                           const struct ht_origin_ask *ask)
{
    uint64_t device = space->root->device;

    if (space->is_runtimes == HT_TRISTATE_UNKNOWN)
        space->is_runtimes = ask->first == 0 || ask->first == ask->pid ||
                                     node_sees(origin, device) ||
                                     first_has(origin, ask->first, device)
                                 ? HT_TRISTATE_YES
                                 : HT_TRISTATE_NO;
    return space->is_runtimes == HT_TRISTATE_YES;
}

int ht_origin_enter(struct ht_origin *origin, const struct ht_origin_ask *ask, int *ret_dirfd,
                    struct ht_space **ret_space)
{
    int dirfd = ht_origin_process(origin, ask);
    struct ht_space *space;

    if (dirfd < 0)
        return dirfd;
    space = ht_origin_space(origin, dirfd, ht_origin_namespace(dirfd), ask->container_id);
    if (!space)
        return errno == ENOENT ? -ESRCH : -errno;
    *ret_dirfd = dirfd;
    *ret_space = space;
    return 0;
}

/* ---- opening ---- */

bool ht_origin_lies_on_hanging(struct ht_origin *origin, struct ht_str path)
{
    (void)ht_origin_host_mounts(origin);
    return ht_space_hangs(&origin->reader, path);
}

bool ht_origin_root_can_hang(struct ht_origin *origin, const struct ht_space *space)
{
    if (!space->root || ht_mountinfo_can_hang(space->root->type) ||
        ht_origin_lies_on_hanging(origin, space->upper))
        return true;
    for (size_t i = 0; i < space->lowers.len; i++) {
        if (ht_origin_lies_on_hanging(origin, space->lowers.items[i]))
            return true;
    }
    return false;
}

/* Whether any mount of the container can. */
static bool mounts_can_hang(struct ht_origin *origin, struct ht_space *space, int dirfd)
{
    if (!space->whole)
        (void)ht_space_read(space, dirfd, true, &origin->reader);
    for (size_t i = 0; i < space->len; i++) {
        if (ht_mountinfo_can_hang(space->mounts[i].type))
            return true;
    }
    return false;
}

static int open_inside(int dirfd, enum ht_root_kind kind, struct ht_str path)
{
    ht_autoclose int fd = openat(dirfd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct ht_root root = {.kind = kind, .fd = fd, .path = NULL};
    struct ht_error err = {0};

    if (fd < 0)
        return -errno;
    root.path = ht_strndup("", 0);
    int found = ht_root_openat(&root, path.data, O_PATH, &err);
    free(root.path);
    return found;
}

/* Where fd's file lies, as its mount namespace sees it. */
static struct ht_str path_of(int fd, struct ht_arena *arena)
{
    char name[32];
    char link[PATH_MAX];
    ssize_t len;

    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    len = readlink(name, link, sizeof(link));
    return len <= 0 ? (struct ht_str){0}
                    : ht_arena_str(arena, (struct ht_str){.data = link, .len = (size_t)len});
}

int ht_origin_open(struct ht_origin *origin, const struct ht_origin_ask *ask,
                   struct ht_arena *arena, struct ht_str *ret_path)
{
    struct ht_str path = ht_arena_str(arena, ask->path);
    struct ht_space *space;
    int dirfd, fd, r = ht_origin_enter(origin, ask, &dirfd, &space);

    if (r < 0)
        return r;
    if (ht_origin_root_can_hang(origin, space))
        return -EXDEV;
    fd = open_inside(dirfd, HT_ROOT_CONTAINER, path);
    if (fd == -EXDEV && !mounts_can_hang(origin, space, dirfd))
        fd = open_inside(dirfd, HT_ROOT_DIRECTORY, path);
    if (fd >= 0)
        *ret_path = path_of(fd, arena);
    return fd;
}

bool ht_origin_is_at(struct ht_origin *origin, const struct ht_origin_ask *ask, struct ht_str path,
                     const struct statx *about)
{
    struct ht_origin_ask there = *ask;
    struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_code far = {0};
    struct ht_str unused;
    struct stat found;
    bool is;

    there.path = path;
    ht_autoclose int fd = ht_origin_open(origin, &there, arena, &unused);
    if (fd == -EXDEV)
        is = ht_origin_judge_far(origin, &there, arena, &far) == 0;
    else
        is = fd >= 0 && fstat(fd, &found) == 0 &&
             (ask->is_watched ||
              (found.st_ino == about->stx_ino && major(found.st_dev) == about->stx_dev_major &&
               minor(found.st_dev) == about->stx_dev_minor));
    ht_arena_free(arena);
    return is;
}

/* "mnt_id:\t29": what a line of fdinfo has behind that word; empty: there is none. */
static struct ht_str fdinfo_of(struct ht_str text, const char *word)
{
    struct ht_str line;

    while (ht_str_next(&text, '\n', &line)) {
        if (ht_str_has_prefix(line, word))
            return ht_str_trim(ht_str_sub(line, strlen(word), line.len));
    }
    return (struct ht_str){0};
}

/* By what the kernel says of it, so that nothing is asked of a file system that can hang. Its
 * mount, or 0 where the container has none of it, as of memory without a file. 0 or -errno. */
static int find_mount_of(struct ht_origin *origin, struct ht_space *space, int dirfd,
                         unsigned number, uint64_t *ret_mount)
{
    struct ht_buf *file = &origin->reader.file;
    const struct ht_space_mount *mount;
    char name[32];
    uint32_t flags;
    uint64_t id;

    snprintf(name, sizeof(name), "fdinfo/%u", number);
    if (ht_read_piece_at(dirfd, name, file, STAT_BYTES, NULL) < 0 ||
        ht_parse_octal(fdinfo_of(ht_buf_str(file), "flags:"), &flags) < 0 ||
        ht_parse_u64(fdinfo_of(ht_buf_str(file), "mnt_id:"), &id) < 0 ||
        (flags & O_ACCMODE) != O_RDONLY)
        return -ENOENT;
    mount = ht_space_look(space, id, dirfd, &origin->reader);
    if (mount && ht_mountinfo_can_hang(mount->type))
        return -EXDEV;
    *ret_mount = mount ? id : 0;
    return 0;
}

/* Whether a file lies in the kernel's own memory, as those of memfd_create(2) do: any file can be
 * called like one. */
static bool is_in_memory(const struct statx *about)
{
    ht_autoclose int fd = memfd_create("hulltop", MFD_CLOEXEC);
    struct stat own;

    return fd >= 0 && fstat(fd, &own) == 0 && major(own.st_dev) == about->stx_dev_major &&
           minor(own.st_dev) == about->stx_dev_minor;
}

/* Whether an open file is a regular one of that mount (0: of memory): under its number there may be
 * another one by now, and nothing is asked of a file system that can hang. 0 or -errno. */
static int check_opened(int fd, uint64_t mount)
{
    struct statx about;

    if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_MNT_ID, &about) < 0)
        return -errno;
    if (mount == 0 ? !is_in_memory(&about)
                   : (about.stx_mask & STATX_MNT_ID) && about.stx_mnt_id != mount)
        return -EXDEV;
    return S_ISREG(about.stx_mode) ? 0 : -ENOENT;
}

int ht_origin_open_descriptor(struct ht_origin *origin, const struct ht_origin_ask *ask,
                              unsigned number, struct ht_arena *arena, struct ht_str *ret_path)
{
    ht_autoclose int fd = -1;
    struct ht_space *space;
    uint64_t mount = 0;
    char name[32], link[PATH_MAX];
    ssize_t len;
    int dirfd, r = ht_origin_enter(origin, ask, &dirfd, &space);

    if (r < 0)
        return r;
    snprintf(name, sizeof(name), "fd/%u", number);
    len = readlinkat(dirfd, name, link, sizeof(link));
    if (len <= 0 || (size_t)len == sizeof(link))
        return -ENOENT;
    *ret_path = ht_arena_str(arena, (struct ht_str){.data = link, .len = (size_t)len});
    if (!ht_str_has_prefix(*ret_path, "/"))
        return -ENOENT; /* "pipe:[4711]" */
    r = find_mount_of(origin, space, dirfd, number, &mount);
    if (r < 0 || ht_origin_root_can_hang(origin, space))
        return r < 0 ? r : -EXDEV;
    fd = openat(dirfd, name, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    r = check_opened(fd, mount);
    return r < 0 ? r : ht_steal_fd(&fd);
}

/* ---- what lies on a mount of its own ---- */

static void told(struct ht_code *code, enum ht_code_origin origin, struct ht_str reason,
                 struct ht_str source)
{
    ht_code_set_origin(code, origin);
    ht_code_set_reason(code, reason);
    ht_code_set_mount_source(code, source);
}

/* Where the node has a mount in memory; empty: nowhere. The whole of one is what the container was
 * given as memory, though its runtime keeps it where the node sees it. */
static struct ht_str on_the_node(struct ht_origin *origin, const struct ht_space_mount *mount,
                                 struct ht_arena *arena)
{
    if (ht_str_is(mount->root, "/"))
        return (struct ht_str){0};
    return ht_mountinfo_host_path(ht_origin_host_mounts(origin), mount->device, mount->root, arena);
}

/* Copied: the mounts may be read anew while the answer lives. A folder of memory that the node has
 * too, such as its /tmp, is a path of the node like any other. */
void ht_origin_tell_mount(struct ht_origin *origin, const struct ht_space_mount *mount, bool gone,
                          struct ht_arena *arena, struct ht_code *code)
{
    struct ht_space_mount place = *mount;
    struct ht_str name;

    ht_code_set_mount(code, ht_arena_str(arena, mount->type));
    if (ht_str_is(mount->type, "tmpfs") || ht_str_is(mount->type, "ramfs")) {
        place.root = on_the_node(origin, mount, arena);
        if (place.root.len == 0) {
            told(code, gone ? HT_CODE_ORIGIN_DELETED : HT_CODE_ORIGIN_TMPFS,
                 HT_S("on a file system in memory"), ht_arena_str(arena, mount->point));
            return;
        }
    }
    if (ht_space_is_volume(&place, arena, &name)) {
        told(code, HT_CODE_ORIGIN_VOLUME, HT_S("on a volume"), name);
    } else {
        struct ht_str shown = ht_mountinfo_host_path(ht_origin_host_mounts(origin), mount->device,
                                                     mount->root, arena);

        told(code, HT_CODE_ORIGIN_BIND, HT_S("on a path of the node"),
             shown.len ? shown : ht_arena_str(arena, mount->root));
    }
}

/* The mount that a path leads to; the last at one point hides those before. */
static const struct ht_space_mount *mount_at(const struct ht_space *space, struct ht_str path)
{
    const struct ht_space_mount *found = NULL;

    for (size_t i = 0; i < space->len; i++) {
        const struct ht_space_mount *mount = &space->mounts[i];

        if (ht_path_lies_in(path, mount->point) && (!found || mount->point.len >= found->point.len))
            found = mount;
    }
    return found;
}

bool ht_origin_has_mount_of(struct ht_origin *origin, const struct ht_origin_ask *ask,
                            const struct ht_mapping *mapping)
{
    struct ht_space *space;
    int dirfd;

    if (ht_origin_enter(origin, ask, &dirfd, &space) < 0 ||
        (!space->whole && ht_space_read(space, dirfd, true, &origin->reader) < 0))
        return true;
    for (size_t i = 0; i < space->len; i++) {
        if (space->mounts[i].device == (mapping->major << 32 | mapping->minor))
            return true;
    }
    return space->len == HT_SPACE_MOUNTS_MAX;
}

static int judge_place(struct ht_origin *origin, const struct ht_origin_ask *ask, bool gone,
                       struct ht_arena *arena, struct ht_code *code)
{
    const struct ht_space_mount *mount;
    struct ht_space *space;
    int dirfd, r = ht_origin_enter(origin, ask, &dirfd, &space);

    if (r == 0 && !space->whole)
        r = ht_space_read(space, dirfd, true, &origin->reader);
    if (r < 0)
        return r;
    mount = mount_at(space, ask->path);
    if (!mount || mount == space->root || (gone && ht_str_is(mount->type, "overlay")))
        return 0;
    if (ht_str_is(mount->type, "overlay")) {
        ht_code_set_mount(code, HT_S("overlay"));
        told(code, HT_CODE_ORIGIN_BLIND, HT_S("on an overlay that is not the root's"),
             ht_arena_str(arena, mount->point));
    } else {
        ht_origin_tell_mount(origin, mount, gone, arena, code);
    }
    return 1;
}

int ht_origin_judge_place(struct ht_origin *origin, const struct ht_origin_ask *ask,
                          struct ht_arena *arena, struct ht_code *code)
{
    return judge_place(origin, ask, true, arena, code);
}

int ht_origin_judge_folder(struct ht_origin *origin, const struct ht_origin_ask *ask,
                           struct ht_arena *arena, struct ht_code *code, int *ret_fd)
{
    struct ht_origin_ask there = *ask;
    struct ht_space *space;
    struct stat about;
    int dirfd, r;
    ht_autoclose int fd = ht_origin_open(origin, ask, arena, &there.path);
    ht_autoclose int written = -1;

    *ret_fd = -1;
    /* It may hang, or is behind a mount where others can: its path tells enough. */
    if (fd == -EXDEV && ht_str_has_prefix(ask->path, "/")) {
        r = judge_place(origin, ask, false, arena, code);
        return r == 0 ? fd : r;
    }
    if (fd < 0)
        return fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;
    if (fstat(fd, &about) < 0 || !S_ISDIR(about.st_mode))
        return 0;
    r = judge_place(origin, &there, false, arena, code);
    if (r > 0)
        *ret_fd = ht_steal_fd(&fd);
    if (r != 0)
        return r;
    r = ht_origin_enter(origin, ask, &dirfd, &space);
    if (r < 0)
        return r;
    if (!space->is_overlay || space->upper_missing)
        return -ENODATA;
    written = space->upper.len ? ht_origin_open_in(origin, space->upper, there.path) : -ENOENT;
    if (written < 0)
        return written == -ENOENT ? 0 : written;
    ht_code_set_origin(code, HT_CODE_ORIGIN_BLIND);
    ht_code_set_reason(code, HT_S("a folder in the writable layer, of which all may be loaded"));
    *ret_fd = ht_steal_fd(&written);
    return 1;
}

/* ---- who owns a path ---- */

struct ht_str ht_origin_owner(struct ht_origin *origin, int dirfd, const struct ht_space *space,
                              struct ht_str path, struct ht_arena *arena)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_owned owned = {.path = path};
    struct stat about;
    int fd = ht_origin_root_can_hang(origin, space)
                 ? -1
                 : openat(dirfd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || ht_root_from_fd(&root, fd, "container", NULL) < 0)
        return (struct ht_str){0};
    if (ht_root_stat(&root, "/var/lib/dpkg/info", &about, NULL) == 0 || ht_apk_path(&root))
        (void)ht_owners_find(&root, NULL, &owned, 1, arena);
    return owned.package;
}

/* ---- a path in the layers ---- */

/* Opens a regular file of a layer to be read; -ENOENT also for what is none. */
static int open_in(const struct ht_origin *origin, struct ht_str layer, struct ht_str path)
{
    ht_autoclose int found = ht_origin_open_in(origin, layer, path);
    int fd;

    if (found < 0)
        return found == -ENOTDIR || found == -ELOOP ? -ENOENT : found;
    fd = ht_file_reopen(found);
    return fd == -EINVAL ? -ENOENT : fd;
}

int ht_origin_find_layers(struct ht_origin *origin, pid_t pid, struct ht_str container_id,
                          struct ht_origin_layers *ret_layers)
{
    int dirfd = ht_origin_process(origin, &(struct ht_origin_ask){.pid = pid});
    struct ht_space *space;

    if (dirfd < 0)
        return dirfd;
    space = ht_origin_space(origin, dirfd, ht_origin_namespace(dirfd), container_id);
    if (!space)
        return -errno;
    if (!space->is_overlay || space->upper_missing || ht_origin_root_can_hang(origin, space))
        return -ENODATA;
    *ret_layers = (struct ht_origin_layers){.space = space, .upper = space->upper};
    return 0;
}

/* Whether the writable directory hides what the image has at that path, where it has no file
 * itself. 1, 0 or -errno. */
static int is_taken_away(const struct ht_origin *origin, const struct ht_space *space,
                         struct ht_str path)
{
    struct ht_str folder = ht_str_folder(path);
    struct stat about;
    enum ht_overlay_entry found = ht_origin_look_in(origin, space->upper, path, &about, NULL);

    if (found == HT_ENTRY_NOTHING)
        found = ht_origin_look_past(origin, space->upper, space->is_user, folder);
    return found == HT_ENTRY_UNREAD ? -EIO : found == HT_ENTRY_HIDDEN;
}

int ht_origin_open_layers(struct ht_origin *origin, const struct ht_origin_layers *layers,
                          struct ht_str path, int *ret_upper, int *ret_lower)
{
    const struct ht_space *space = layers->space;
    struct ht_origin_image_file file;
    int upper = -ENOENT, lower = -ENOENT, gone = 0;

    if (space->upper.len && !layers->is_upper_empty)
        upper = open_in(origin, space->upper, path);
    if (upper < 0 && upper != -ENOENT)
        return upper;
    file = ht_origin_image_find(origin, space, path);
    if (file.found == HT_ENTRY_FILE)
        lower = open_in(origin, space->lowers.items[file.lower], path);
    else if (file.found == HT_ENTRY_UNREAD)
        lower = -EIO;
    if (lower < 0 && lower != -ENOENT) {
        ht_cleanup_close(&upper);
        return lower;
    }
    if (upper < 0 && lower >= 0 && space->upper.len && !layers->is_upper_empty)
        gone = is_taken_away(origin, space, path);
    if (gone < 0) {
        ht_cleanup_close(&lower);
        return gone;
    }
    *ret_upper = upper < 0 ? -1 : upper;
    *ret_lower = lower < 0 ? -1 : lower;
    return gone;
}

bool ht_origin_is_written(struct ht_origin *origin, struct ht_str upper, struct ht_str path, int fd)
{
    struct stat ours, theirs;
    ht_autoclose int found = -1;

    if (ht_origin_lies_on_hanging(origin, upper))
        return false;
    found = ht_origin_open_in(origin, upper, path);
    return found >= 0 && fstat(found, &ours) == 0 && fstat(fd, &theirs) == 0 &&
           ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

int ht_origin_open_host(struct ht_origin *origin, const char *path)
{
    if (ht_origin_lies_on_hanging(origin, ht_str_from(path)))
        return -EXDEV;
    return ht_open_no_links(origin->reader.root_fd, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
}

/* ---- secrets ---- */

bool ht_origin_names_secret(struct ht_str path)
{
    static const char *const folders[] = {"/run/secrets/", "/var/run/secrets/"};
    static const char *const parts[] = {"/kubernetes.io~secret/", "/kubernetes.io~projected/"};

    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        if (ht_str_has_prefix(path, folders[i]))
            return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (ht_str_find(path, ht_str_from(parts[i]), 0) >= 0)
            return true;
    }
    return false;
}

/* The mount that has an open file, or NULL. */
static const struct ht_space_mount *mount_of(struct ht_origin *origin, int dirfd,
                                             const struct ht_origin_ask *ask, int fd)
{
    struct ht_space *space =
        ht_origin_space(origin, dirfd, ht_origin_namespace(dirfd), ask->container_id);
    struct statx about;

    if (!space ||
        statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_MNT_ID, &about) <
            0 ||
        !(about.stx_mask & STATX_MNT_ID))
        return NULL;
    return ht_space_look(space, about.stx_mnt_id, dirfd, &origin->reader);
}

bool ht_origin_is_secret(struct ht_origin *origin, const struct ht_origin_ask *ask, int fd,
                         struct ht_str path, struct ht_arena *arena)
{
    int dirfd = ht_origin_process(origin, ask);
    const struct ht_space_mount *mount;
    struct ht_str root;

    if (dirfd < 0 || ht_origin_names_secret(path))
        return true;
    mount = mount_of(origin, dirfd, ask, fd);
    if (!mount)
        return true;
    /* A volume of the kubelet's has its name on the node. */
    root = ht_mountinfo_host_path(ht_origin_host_mounts(origin), mount->device, mount->root, arena);
    return ht_origin_names_secret(mount->point) || ht_origin_names_secret(mount->root) ||
           ht_origin_names_secret(ht_arena_strf(arena, "%.*s/", HT_STR_ARG(root)));
}

/* ---- layers ---- */

/* What runtimes lay over a file of /proc to hide it is a device: it holds nothing and nothing of it
 * runs. Elsewhere a file may be called so. */
static bool is_mask(const struct ht_space_mount *mount)
{
    return ht_str_is(mount->root, "/null") && ht_str_has_prefix(mount->point, "/proc/") &&
           (ht_str_is(mount->type, "tmpfs") || ht_str_is(mount->type, "devtmpfs"));
}

static void list_writable(const struct ht_space *space, struct ht_arena *arena,
                          struct ht_layer *layer)
{
    struct ht_str *items = ht_arena_array(arena, struct ht_str, space->len + 1);
    size_t len = 0;

    for (size_t i = 0; i < space->len && len < HT_LIMIT_ARGV; i++) {
        const struct ht_space_mount *mount = &space->mounts[i];

        if (ht_mountinfo_is_pseudo(mount->type) || is_mask(mount) ||
            ht_mountinfo_has_option(mount->options, "ro") ||
            ht_mountinfo_has_option(mount->super, "ro") ||
            ht_mountinfo_has_option(mount->options, "noexec") ||
            (mount == space->root && space->is_overlay && !space->upper.len &&
             !space->upper_missing))
            continue;
        items[len++] = ht_arena_str(arena, mount->point);
    }
    ht_layer_set_writable_exec(layer, (struct ht_text_list){.items = items, .len = len});
}

static void describe_blind(const struct ht_space *space, struct ht_arena *arena,
                           struct ht_layer *layer)
{
    if (!space->root) {
        ht_layer_set_blind(layer, HT_S("its root is not in its mount table"));
        ht_layer_set_help(layer, HT_S("sudo hulltop on the node"));
    } else if (!space->is_overlay) {
        ht_layer_set_shared(layer, true);
        ht_layer_set_blind(
            layer, ht_arena_strf(arena, "storage on %.*s keeps changed files with the image's",
                                 HT_STR_ARG(space->root->type)));
        ht_layer_set_help(layer, HT_S("a storage driver with overlay (overlay2, overlayfs)"));
    } else if (space->upper_missing) {
        ht_layer_set_blind(layer, HT_S("its writable directory was not found on the node"));
        ht_layer_set_help(layer, HT_S("sudo hulltop on the node"));
    }
}

int ht_origin_layer(struct ht_origin *origin, pid_t pid, struct ht_str container_id,
                    struct ht_arena *arena, struct ht_layer *layer)
{
    const struct ht_origin_ask ask = {.pid = pid, .container_id = container_id};
    struct ht_space *space;
    int dirfd, r = ht_origin_enter(origin, &ask, &dirfd, &space);

    if (r < 0)
        return r;
    if (!space->whole)
        (void)ht_space_read(space, dirfd, true, &origin->reader);
    ht_layer_set_id(layer, ht_arena_str(arena, container_id));
    if (space->root) {
        ht_layer_set_storage(layer, ht_arena_str(arena, space->root->type));
        ht_layer_set_read_only(layer, ht_mountinfo_has_option(space->root->options, "ro") ||
                                          ht_mountinfo_has_option(space->root->super, "ro"));
    }
    if (space->upper.len)
        ht_layer_set_upper_dir(layer, ht_arena_str(arena, space->upper));
    list_writable(space, arena, layer);
    describe_blind(space, arena, layer);
    return 0;
}
