/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "drift-upper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drift-languages.h"
#include "origin-file.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/base/vec.h"

enum {
    DEPTH_MAX = 31, /* below the first */
    FOLDERS_MAX = 500,
    FOLDER_PARTS = 2,
    BLOCK = 512,
    MANIFEST_MAX = 256 * 1024
};

/* What one folder holds, with what lies below it. */
struct folder {
    uint64_t bytes;
    struct ht_str path; /* in the arena */
};

struct walk {
    struct ht_origin *origin;
    pid_t pid;
    struct ht_str container_id;
    struct ht_arena *arena;
    dev_t dev;
    struct ht_buf path; /* of the folder under way, as the container sees it */
    int dirfd;
    size_t depth;
    size_t most;    /* entries that are visited */
    size_t visited; /* whatever they are */
    uint64_t files, bytes;
    bool cut;
    bool unlisted; /* a folder of packages was taken away, and of which, nothing tells; or one could
                    * not be compared */
    struct folder folders[FOLDERS_MAX];
    size_t folders_len;
    struct ht_str set_id[HT_UPPER_LISTED_MAX];
    struct ht_str persistence[HT_UPPER_LISTED_MAX];
    size_t set_id_len, persistence_len;
    struct ht_languages languages;
};

/* ---- files that start something ---- */

bool ht_upper_is_persistence(struct ht_str path)
{
    static const char *const folders[] = {"/etc/cron.d/",
                                          "/etc/cron.hourly/",
                                          "/etc/cron.daily/",
                                          "/etc/cron.weekly/",
                                          "/etc/cron.monthly/",
                                          "/var/spool/cron/",
                                          "/etc/systemd/",
                                          "/lib/systemd/system/",
                                          "/usr/lib/systemd/system/",
                                          "/etc/init.d/",
                                          "/etc/rc.d/",
                                          "/etc/profile.d/",
                                          "/etc/pam.d/",
                                          "/etc/security/",
                                          "/etc/ld.so.conf.d/",
                                          "/etc/sudoers.d/",
                                          "/etc/xdg/autostart/",
                                          "/etc/apt/apt.conf.d/",
                                          "/etc/periodic/",
                                          "/usr/local/lib/systemd/system/"};
    static const char *const files[] = {
        "/etc/crontab",         "/etc/crontabs/root", "/etc/anacrontab",  "/etc/inittab",
        "/etc/rc.local",        "/etc/profile",       "/etc/bash.bashrc", "/etc/bashrc",
        "/etc/ld.so.conf",      "/etc/ld.so.preload", "/etc/sudoers",     "/etc/environment",
        "/etc/ssh/sshd_config", "/etc/zsh/zshrc",     "/etc/zshrc"};
    static const char *const names[] = {"/.bashrc",      "/.bash_profile",
                                        "/.profile",     "/.bash_login",
                                        "/.zshrc",       "/.ssh/rc",
                                        "/.bash_logout", "/.ssh/authorized_keys",
                                        "/.zprofile",    "/.ssh/authorized_keys2"};

    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        if (ht_str_has_prefix(path, folders[i]))
            return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        if (ht_str_is(path, files[i]))
            return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (ht_str_has_suffix(path, names[i]))
            return true;
    }
    return false;
}

/* ---- against the image ---- */

/* Both descriptors, or -1 where there is none. False, and both are -1: that cannot be told. */
static bool open_both(const struct walk *walk, struct ht_str path, int *ret_upper, int *ret_lower)
{
    struct ht_origin_layers layers;

    *ret_upper = *ret_lower = -1;
    return ht_origin_find_layers(walk->origin, walk->pid, walk->container_id, &layers) == 0 &&
           ht_origin_open_layers(walk->origin, &layers, path, ret_upper, ret_lower) >= 0;
}

/* Against the image's file of that path. */
static const char *difference(bool is_compared, int lower)
{
    if (!is_compared)
        return "not compared with the image";
    return lower < 0 ? "new" : "changed";
}

static void list(struct walk *walk, struct ht_str *items, size_t *len, struct ht_str text)
{
    if (*len < HT_UPPER_LISTED_MAX)
        items[(*len)++] = ht_arena_str(walk->arena, text);
    else
        walk->cut = true;
}

static void take_persistence(struct walk *walk, struct ht_str path)
{
    ht_autoclose int upper = -1;
    ht_autoclose int lower = -1;

    bool is_compared = open_both(walk, path, &upper, &lower);
    /* Copied up by a chmod, it is what it was. */
    if (upper >= 0 && lower >= 0 && ht_file_same(upper, lower) == HT_TRISTATE_YES)
        return;
    list(walk, walk->persistence, &walk->persistence_len,
         ht_arena_strf(walk->arena, "%.*s (%s)", HT_STR_ARG(path), difference(is_compared, lower)));
}

/* Set-id bits and capabilities of a file open or O_PATH; false: it has none. */
static bool get_rights(int fd, mode_t *ret_bits, uint64_t *ret_caps)
{
    struct stat about;

    *ret_bits = 0;
    *ret_caps = 0;
    if (fstat(fd, &about) < 0)
        return false;
    *ret_bits = about.st_mode & (S_ISUID | (about.st_mode & S_IXGRP ? S_ISGID : 0));
    (void)ht_file_caps(fd, ret_caps);
    return *ret_bits || *ret_caps;
}

static void take_rights(struct walk *walk, const char *name, struct ht_str path)
{
    ht_autoclose int fd = openat(walk->dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    ht_autoclose int upper = -1;
    ht_autoclose int lower = -1;
    mode_t bits, image_bits = 0;
    uint64_t caps, image_caps = 0;

    if (fd < 0 || !get_rights(fd, &bits, &caps))
        return;
    bool is_compared = open_both(walk, path, &upper, &lower);
    if (lower >= 0 && get_rights(lower, &image_bits, &image_caps) && (bits & ~image_bits) == 0 &&
        (caps & ~image_caps) == 0 && ht_file_same(upper, lower) == HT_TRISTATE_YES)
        return;
    list(walk, walk->set_id, &walk->set_id_len,
         ht_arena_strf(walk->arena, "%.*s (%s%s%s, %s)", HT_STR_ARG(path),
                       bits & S_ISUID   ? "set-uid"
                       : bits & S_ISGID ? "set-gid"
                                        : "",
                       bits && caps ? ", " : "", caps ? "capabilities" : "",
                       difference(is_compared, lower)));
}

/* ---- packages of languages ---- */

/* The version that a file tells: npm's in its text, of the others where it is, the path's. */
static struct ht_str version_in(const struct walk *walk, int fd,
                                const struct ht_language_package *package)
{
    ht_autobuf struct ht_buf text = HT_BUF(MANIFEST_MAX);

    if (fd < 0)
        return (struct ht_str){0};
    if (package->version.len)
        return package->version;
    if (ht_read_fd(fd, "package.json", &text, MANIFEST_MAX, NULL) < 0)
        return HT_S("?");
    struct ht_str version = ht_language_version(ht_buf_str(&text), walk->arena);
    return version.len ? version : HT_S("?");
}

static void take_language(struct walk *walk, struct ht_str path, bool deleted)
{
    struct ht_language_package package;
    ht_autoclose int upper = -1;
    ht_autoclose int lower = -1;
    struct ht_str now, image;

    walk->unlisted = walk->unlisted || (deleted && ht_language_is_folder(path));
    if (!ht_language_find(path, walk->arena, &package))
        return;
    /* A folder of npm's is told by the file in it. */
    if (!deleted && !package.version.len && !ht_str_equal(path, package.proof))
        return;
    if (!open_both(walk, package.proof, &upper, &lower)) {
        walk->unlisted = true;
        return;
    }
    image = version_in(walk, lower, &package);
    now = deleted               ? (struct ht_str){0}
          : package.version.len ? package.version
                                : version_in(walk, upper, &package);
    ht_languages_add(&walk->languages, &package, now, image);
}

/* ---- the walk ---- */

static struct folder *folder_of(struct walk *walk, struct ht_str path)
{
    size_t parts = 0;
    size_t end = 0;

    for (size_t i = 1; i < path.len && parts < FOLDER_PARTS; i++) {
        if (path.data[i] == '/') {
            parts++;
            end = i;
        }
    }
    struct ht_str name = end ? ht_str_sub(path, 0, end) : HT_S("/");
    for (size_t i = walk->folders_len; i > 0; i--) {
        if (ht_str_equal(walk->folders[i - 1].path, name))
            return &walk->folders[i - 1];
    }
    if (walk->folders_len == FOLDERS_MAX)
        return NULL;
    walk->folders[walk->folders_len] = (struct folder){.path = ht_arena_str(walk->arena, name)};
    return &walk->folders[walk->folders_len++];
}

static void take_file(struct walk *walk, const char *name, const struct stat *about)
{
    struct ht_str path = ht_buf_str(&walk->path);
    struct folder *folder = folder_of(walk, path);
    uint64_t bytes = about->st_blocks > 0 ? (uint64_t)about->st_blocks * BLOCK : 0;

    walk->files++;
    walk->bytes += bytes;
    if (folder)
        folder->bytes += bytes;
    if (!S_ISREG(about->st_mode))
        return;
    if (about->st_mode & (S_IXUSR | S_IXGRP | S_IXOTH))
        take_rights(walk, name, path);
    if (ht_upper_is_persistence(path))
        take_persistence(walk, path);
}

static int visit(void *context, const char *name, unsigned type, uint64_t inode);

/* Lists the folder under way. */
static void list_folder(struct walk *walk)
{
    const struct ht_dir_visitor visitor = {
        .visit = visit, .context = walk, .max_entries = HT_UPPER_ENTRIES_MAX};

    if (ht_list_fd(walk->dirfd, &visitor, NULL) < 0)
        walk->cut = true;
}

static void walk_folder(struct walk *walk, const char *name)
{
    ht_autoclose int fd =
        openat(walk->dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int above = walk->dirfd;

    if (fd < 0 || walk->depth == DEPTH_MAX) {
        walk->cut = true;
        return;
    }
    walk->dirfd = fd;
    walk->depth++;
    list_folder(walk);
    walk->depth--;
    walk->dirfd = above;
}

static int visit(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct walk *walk = context;
    size_t len = walk->path.len;
    struct stat about;

    (void)type;
    (void)inode;
    if (walk->visited >= walk->most)
        return -EFBIG;
    walk->visited++;
    if (fstatat(walk->dirfd, name, &about, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0 ||
        about.st_dev != walk->dev)
        return 0;
    ht_buf_add_c(&walk->path, '/');
    ht_buf_add_text(&walk->path, name);
    if (ht_buf_is_full(&walk->path)) {
        walk->cut = true;
        ht_buf_cut(&walk->path, len);
        return 0;
    }
    /* What was taken away is no file. */
    bool deleted = S_ISCHR(about.st_mode) && about.st_rdev == 0;
    take_language(walk, ht_buf_str(&walk->path), deleted);
    if (deleted)
        ; /* nothing is there */
    else if (S_ISDIR(about.st_mode))
        walk_folder(walk, name);
    else
        take_file(walk, name, &about);
    ht_buf_cut(&walk->path, len);
    return 0;
}

/* ---- what comes out ---- */

static int compare_folders(const void *a, const void *b)
{
    const struct folder *left = a;
    const struct folder *right = b;

    return (left->bytes < right->bytes) - (left->bytes > right->bytes);
}

static struct ht_text_list keep(struct walk *walk, const struct ht_str *items, size_t len)
{
    struct ht_str *kept = ht_arena_array(walk->arena, struct ht_str, len + 1);

    if (len)
        memcpy(kept, items, len * sizeof(*items));
    return (struct ht_text_list){.items = kept, .len = len};
}

static void tell(struct walk *walk, struct ht_layer *layer)
{
    struct ht_str largest[HT_UPPER_LARGEST_MAX];
    size_t len = 0;

    qsort(walk->folders, walk->folders_len, sizeof(walk->folders[0]), compare_folders);
    while (len < walk->folders_len && len < HT_UPPER_LARGEST_MAX && walk->folders[len].bytes) {
        largest[len] =
            ht_arena_strf(walk->arena, "%.*s: %llu bytes", HT_STR_ARG(walk->folders[len].path),
                          (unsigned long long)walk->folders[len].bytes);
        len++;
    }
    ht_layer_set_files(layer, walk->files);
    ht_layer_set_bytes(layer, walk->bytes);
    ht_layer_set_counted_all(layer, !walk->cut);
    ht_layer_set_largest(layer, keep(walk, largest, len));
    ht_layer_set_set_id(layer, keep(walk, walk->set_id, walk->set_id_len));
    /* None found is none only where it was looked everywhere. */
    if (walk->languages.len || (!walk->cut && !walk->unlisted)) {
        ht_layer_set_packages(layer, ht_languages_changes(&walk->languages));
        ht_layer_set_packages_cut(layer, walk->languages.cut);
    }
    ht_layer_set_persistence(layer, keep(walk, walk->persistence, walk->persistence_len));
}

size_t ht_drift_upper(struct ht_origin *origin, pid_t pid, struct ht_arena *arena,
                      struct ht_layer *layer, size_t most)
{
    ht_autofree struct walk *walk = ht_new0(struct walk);
    ht_autofree char *path = ht_strndup(layer->upper_dir.data, layer->upper_dir.len);
    ht_autoclose int fd = ht_origin_open_host(origin, path);
    struct stat about;

    if (fd < 0 || fstat(fd, &about) < 0)
        return 0;
    walk->origin = origin;
    walk->most = most;
    walk->pid = pid;
    walk->container_id = layer->id;
    walk->arena = arena;
    walk->languages.arena = arena;
    walk->dev = about.st_dev;
    walk->dirfd = fd;
    ht_buf_init(&walk->path, PATH_MAX);
    list_folder(walk);
    ht_buf_fini(&walk->path);
    tell(walk, layer);
    return walk->visited;
}
