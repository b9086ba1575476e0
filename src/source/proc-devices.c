/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listing /dev of a container and asking what its nodes are. */
#include "proc-devices.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

enum { DEVICES_MAX = 256, ENTRIES_MAX = 4096, DEPTH_MAX = 3, UEVENT_MAX = 4096 };

struct listing {
    struct ht_map *names;
    struct ht_arena *arena;
    struct ht_str *items;
    size_t len;
    struct ht_str *blocks; /* those of items that are block devices */
    size_t blocks_len;
    int dirfd;
    int depth;
    const char *prefix; /* "/dev" and folders below it */
};

/* What every container gets. */
static bool is_standard(dev_t device)
{
    static const struct {
        unsigned major;
        unsigned minor;
    } standard[] = {{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 1}, {5, 2}};

    for (size_t i = 0; i < ARRAY_LEN(standard); i++) {
        if (major(device) == standard[i].major && minor(device) == standard[i].minor)
            return true;
    }
    return major(device) >= 136 && major(device) <= 143;
}

/* "/dev/sda" as the kernel names it, whatever the node is called in the container; or NULL. */
static const char *host_name(struct ht_map *names, dev_t device, bool block)
{
    char path[64];
    char name[64];
    ht_autobuf struct ht_buf text = HT_BUF(UEVENT_MAX);
    struct ht_str line;

    snprintf(path, sizeof(path), "/sys/dev/%s/%u:%u/uevent", block ? "block" : "char",
             major(device), minor(device));
    snprintf(name, sizeof(name), "%c%u:%u", block ? 'b' : 'c', major(device), minor(device));
    char *known = ht_map_get(names, ht_str_from(name));
    if (known)
        return *known ? known : NULL;

    known = NULL;
    if (ht_read_at(AT_FDCWD, path, &text, UEVENT_MAX, NULL) == 0) {
        struct ht_str rest = ht_buf_str(&text);

        while (!known && ht_str_next(&rest, '\n', &line)) {
            if (ht_str_has_prefix(line, "DEVNAME=")) {
                ht_autobuf struct ht_buf joined = HT_BUF(UEVENT_MAX);

                ht_buf_add_text(&joined, "/dev/");
                ht_buf_add_str(&joined, ht_str_sub(line, strlen("DEVNAME="), line.len));
                known = ht_buf_take(&joined);
            }
        }
    }
    if (!known)
        known = ht_strndup("", 0);
    ht_map_set(names, ht_str_from(name), known);
    return *known ? known : NULL;
}

static int visit(void *context, const char *name, unsigned type, uint64_t inode);

static void enter(struct listing *listing, const char *name)
{
    struct ht_error err = {0};
    ht_autoclose int dirfd =
        openat(listing->dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct listing inner = *listing;
    const struct ht_dir_visitor visitor = {
        .visit = visit, .context = &inner, .max_entries = ENTRIES_MAX};

    if (dirfd < 0)
        return;
    inner.dirfd = dirfd;
    inner.depth++;
    inner.prefix = ht_arena_strf(listing->arena, "%s/%s", listing->prefix, name).data;
    (void)ht_list_fd(dirfd, &visitor, &err);
    listing->len = inner.len;
    listing->blocks_len = inner.blocks_len;
}

static int visit(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct listing *listing = context;
    struct stat status;

    (void)inode;
    if (listing->len == DEVICES_MAX)
        return -EFBIG;
    /* pts and shm are file systems of their own; what is in them belongs to the container. */
    if (type == DT_DIR) {
        if (listing->depth < DEPTH_MAX && strcmp(name, "pts") != 0 && strcmp(name, "shm") != 0 &&
            strcmp(name, "mqueue") != 0 && strcmp(name, "fd") != 0)
            enter(listing, name);
        return 0;
    }
    if (type == DT_LNK || type == DT_FIFO || type == DT_SOCK)
        return 0;
    /* A node that was bound there looks like a plain file in the listing. */
    if (fstatat(listing->dirfd, name, &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0 ||
        (!S_ISCHR(status.st_mode) && !S_ISBLK(status.st_mode)) || is_standard(status.st_rdev))
        return 0;

    bool block = S_ISBLK(status.st_mode);
    const char *host = host_name(listing->names, status.st_rdev, block);
    struct ht_str path = host ? ht_arena_text(listing->arena, host)
                              : ht_arena_strf(listing->arena, "%s/%s", listing->prefix, name);
    listing->items[listing->len++] = path;
    if (block)
        listing->blocks[listing->blocks_len++] = path;
    return 0;
}

/* True if looking up and listing /dev asks nobody outside the kernel. */
static bool is_local(const struct ht_process *process)
{
    static const char *const local[] = {"tmpfs", "devtmpfs", "overlay", "ext4",
                                        "ext3",  "xfs",      "btrfs",   "zfs"};
    bool root = false;

    for (size_t i = 0; i < process->mounts.len; i++) {
        const struct ht_mount *mount = &process->mounts.items[i];
        bool is_root = ht_str_is(mount->target, "/");
        bool known = false;

        if (!is_root && !ht_str_is(mount->target, "/dev") &&
            !ht_str_has_prefix(mount->target, "/dev/"))
            continue;
        known = mount->origin == HT_MOUNT_ORIGIN_PSEUDO;
        for (size_t j = 0; j < ARRAY_LEN(local); j++)
            known = known || ht_str_is(mount->type, local[j]);
        if (!known)
            return false;
        root = root || is_root;
    }
    return root;
}

void ht_devices_read(struct ht_map *names, int process_fd, struct ht_arena *arena,
                     struct ht_process *process)
{
    struct ht_error err = {0};
    struct listing listing = {.names = names, .arena = arena, .prefix = "/dev"};
    const struct ht_dir_visitor visitor = {
        .visit = visit, .context = &listing, .max_entries = ENTRIES_MAX};

    if (!is_local(process))
        return;
    /* Behind the kernel's own link to its root there is one name, which may be no link. */
    ht_autoclose int dirfd =
        openat(process_fd, "root/dev", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dirfd < 0) {
        /* An image without /dev has no devices; refused is another matter. */
        if (errno == ENOENT) {
            ht_process_set_devices(process, (struct ht_text_list){0});
            ht_process_set_block_devices(process, (struct ht_text_list){0});
        }
        return;
    }
    listing.dirfd = dirfd;
    listing.items = ht_arena_array(arena, struct ht_str, DEVICES_MAX);
    listing.blocks = ht_arena_array(arena, struct ht_str, DEVICES_MAX);
    (void)ht_list_fd(dirfd, &visitor, &err);
    ht_process_set_devices(process,
                           (struct ht_text_list){.items = listing.items, .len = listing.len});
    ht_process_set_block_devices(
        process, (struct ht_text_list){.items = listing.blocks, .len = listing.blocks_len});
}

void ht_devices_forget(struct ht_map *names)
{
    ht_map_free_values(names);
    ht_map_free(names);
}
