/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pkg-seal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "pkg-owner.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/digest.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

#ifndef F2FS_SUPER_MAGIC
#define F2FS_SUPER_MAGIC 0xF2F52010
#endif
#define ZFS_MAGIC 0x2FC12FC1 /* it is not the kernel's to name */

#define DPKG_INFO  "var/lib/dpkg/info"
#define DIVERSIONS "var/lib/dpkg/diversions"
#define SUMS       ".md5sums"
#define LIST       ".list"
/* dpkg takes no longer to unpack one package. */
#define UNPACKING_NS (600 * HT_NS_PER_S)
/* Nor longer for the records of one. */
#define RECORDING_NS (120 * HT_NS_PER_S)

enum { LISTED_MAX = 100, SUM_LEN = HT_MD5_TEXT_MAX - 1 };

struct looking {
    struct ht_sums *sums;
    const struct ht_root *root;
    struct ht_arena *arena;
    struct ht_str diversions;   /* three lines each: from, to, package */
    struct ht_str package;      /* whose sums are read */
    struct ht_map *summed;      /* its files that have one, as ht_owner_place() calls them */
    struct ht_seal_marks marks; /* of its records */
    uint64_t compared, unchanged;
    struct ht_str *differing, *missing, *unread;
    size_t differing_len, missing_len, unread_len;
};

/* ---- which ---- */

/* Packages, of Debian, Ubuntu, Docker and Kubernetes, that have such files. */
static bool is_meant(struct ht_str package)
{
    static const char *const names[] = {"conmon",  "containerd", "containerd.io",  "cri-o",
                                        "crun",    "docker-ce",  "docker",         "docker.io",
                                        "kubelet", "libc6",      "libpam-modules", "libpam0g",
                                        "podman",  "runc",       "openssh-server", "libpam0t64"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (ht_str_is(package, names[i]))
            return true;
    return false;
}

static bool is_critical(struct ht_str path)
{
    static const char *const names[] = {"runc",    "crun",      "containerd",  "dockerd",
                                        "kubelet", "conmon",    "crio",        "podman",
                                        "sshd",    "libc.so.6", "docker-proxy"};
    static const char *const beginnings[] = {"containerd-shim", "ld-linux", "pam_", "libpam.so"};
    struct ht_str name = ht_str_base(path);

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (ht_str_is(name, names[i]))
            return ht_str_has_prefix(path, "usr/bin/") || ht_str_has_prefix(path, "usr/sbin/") ||
                   ht_str_find(path, HT_S("lib"), 0) >= 0;
    for (size_t i = 0; i < ARRAY_LEN(beginnings); i++)
        if (ht_str_has_prefix(name, beginnings[i]))
            return ht_str_find(path, HT_S("share/"), 0) < 0;
    return false;
}

/* ---- one file ---- */

static void note(struct ht_str *list, size_t *len, struct ht_str text)
{
    if (*len < LISTED_MAX)
        list[(*len)++] = text;
}

static void note_unread(struct looking *looking, const struct ht_error *err)
{
    note(looking->unread, &looking->unread_len, ht_arena_text(looking->arena, err->text));
}

/* Where dpkg put the file: another package may have had it moved. Either record may call it by
 * either of its names where /usr is merged. */
static struct ht_str place_of(const struct looking *looking, struct ht_str path)
{
    struct ht_str rest = looking->diversions, from, to, by;
    struct ht_str place = ht_owner_place(ht_arena_strf(looking->arena, "/%.*s", HT_STR_ARG(path)));

    while (ht_str_next(&rest, '\n', &from) && ht_str_next(&rest, '\n', &to) &&
           ht_str_next(&rest, '\n', &by)) {
        if (ht_str_equal(ht_owner_place(from), place) && !ht_str_equal(by, looking->package))
            return ht_str_sub(to, 1, to.len);
    }
    return path;
}

/* ---- what nobody wrote to ---- */

static bool is_near(int64_t a, int64_t b)
{
    return a - b <= RECORDING_NS && b - a <= RECORDING_NS;
}

bool ht_seal_is_unchanged(const struct ht_seal_marks *marks)
{
    int64_t unpacked = marks->list_written;

    if (!marks->keeps_times || !marks->file_mount || marks->file_mount != marks->list_mount ||
        marks->file_mount != marks->sums_mount)
        return false;
    /* A time that was set by hand to after the change that set it; no time at all. */
    if (unpacked > marks->list_changed || unpacked <= UNPACKING_NS || marks->sums_changed <= 0)
        return false;
    /* Either is renewed alone: the list when another package takes a file over, both by hand. */
    if (!is_near(unpacked, marks->list_changed) || !is_near(unpacked, marks->sums_changed))
        return false;
    if (marks->sums_changed < unpacked)
        unpacked = marks->sums_changed;
    return marks->file_changed <= unpacked && marks->file_changed >= unpacked - UNPACKING_NS;
}

/* Zeroes for what is not told: those prove nothing. */
static void read_mark(int fd, struct statx *ret_facts)
{
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, ret_facts) < 0)
        *ret_facts = (struct statx){0};
    if (!(ret_facts->stx_mask & STATX_MNT_ID))
        ret_facts->stx_mnt_id = 0;
}

static void read_record(const struct looking *looking, const char *path, struct statx *ret_facts)
{
    ht_autoclose int fd = ht_root_openat(looking->root, path, O_PATH | O_NOFOLLOW, NULL);

    *ret_facts = (struct statx){0};
    if (fd >= 0)
        read_mark(fd, ret_facts);
}

/* What is told of dpkg's records. */
static void read_records(struct looking *looking, const char *sums_name)
{
    size_t len = strlen(sums_name) - strlen(SUMS);
    struct ht_str list = ht_arena_strf(looking->arena, DPKG_INFO "/%.*s" LIST, (int)len, sums_name);
    struct ht_str sums = ht_arena_strf(looking->arena, DPKG_INFO "/%s", sums_name);
    struct statx list_facts, sums_facts;

    read_record(looking, list.data, &list_facts);
    read_record(looking, sums.data, &sums_facts);
    looking->marks = (struct ht_seal_marks){.list_written = ht_time_of_statx(list_facts.stx_mtime),
                                            .list_changed = ht_time_of_statx(list_facts.stx_ctime),
                                            .sums_changed = ht_time_of_statx(sums_facts.stx_ctime),
                                            .list_mount = list_facts.stx_mnt_id,
                                            .sums_mount = sums_facts.stx_mnt_id};
}

/* File systems of this kernel's own, on which no server and no program says when a file changed. */
static bool keeps_times(int fd)
{
    static const unsigned long types[] = {
        EXT4_SUPER_MAGIC,      XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC,
        OVERLAYFS_SUPER_MAGIC, TMPFS_MAGIC,     ZFS_MAGIC};
    struct statfs about;

    if (fstatfs(fd, &about) < 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if ((unsigned long)about.f_type == types[i])
            return true;
    return false;
}

static bool is_unchanged(const struct looking *looking, int fd)
{
    struct ht_seal_marks marks = looking->marks;
    struct statx facts;

    read_mark(fd, &facts);
    marks.file_changed = ht_time_of_statx(facts.stx_ctime);
    marks.file_mount = facts.stx_mnt_id;
    marks.keeps_times = keeps_times(fd);
    return ht_seal_is_unchanged(&marks);
}

/* ---- one comparison ---- */

/* *ret_sum is NULL if the file is unchanged. */
static int sum_of(const struct looking *looking, const char *path, const char **ret_sum,
                  struct ht_error *err)
{
    ht_autoclose int fd = ht_root_open_file(looking->root, path, O_NOFOLLOW, NULL, err);

    *ret_sum = NULL;
    if (fd >= 0 && is_unchanged(looking, fd))
        return 0;
    if (fd == -ELOOP)
        fd = ht_root_open_regular(looking->root, path, NULL, err);
    return fd < 0 ? fd : ht_sums_of(looking->sums, fd, path, ret_sum, err);
}

static void compare_file(struct looking *looking, struct ht_str wanted, struct ht_str recorded)
{
    struct ht_str path = ht_arena_str(looking->arena, place_of(looking, recorded));
    struct ht_error err = {0};
    const char *sum = NULL;
    int r = sum_of(looking, path.data, &sum, &err);

    if (r == -ENOENT) {
        note(looking->missing, &looking->missing_len,
             ht_arena_strf(looking->arena, "/%.*s (%.*s)", HT_STR_ARG(path),
                           HT_STR_ARG(looking->package)));
        return;
    }
    if (r < 0) {
        note_unread(looking, &err);
        return;
    }
    looking->compared++;
    looking->unchanged += !sum;
    if (sum && !ht_str_is(wanted, sum))
        note(looking->differing, &looking->differing_len,
             ht_arena_strf(looking->arena, "/%.*s (%.*s): MD5 %s instead of %.*s", HT_STR_ARG(path),
                           HT_STR_ARG(looking->package), sum, HT_STR_ARG(wanted)));
}

/* ---- dpkg's sums ---- */

bool ht_seal_decode(struct ht_str line, struct ht_str *ret_sum, struct ht_str *ret_path)
{
    for (size_t i = 0; i < SUM_LEN; i++) {
        if (i >= line.len || !strchr("0123456789abcdef", line.data[i]) || !line.data[i])
            return false;
    }
    *ret_sum = ht_str_sub(line, 0, SUM_LEN);
    *ret_path = ht_str_trim(ht_str_sub(line, SUM_LEN, line.len));
    return ret_path->len > 0 && ret_path->data[0] != '/';
}

/* A file of the package that matters and has no sum: whoever took the line away is not told by the
 * rest. Files of configuration never have one. */
static void look_sumless(struct looking *looking, struct ht_str path)
{
    struct ht_error err = {0};
    struct stat facts;

    if (!ht_str_has_prefix(path, "/") || ht_str_has_prefix(path, "/etc/") ||
        !is_critical(ht_str_sub(path, 1, path.len)) ||
        ht_map_get(looking->summed, ht_owner_place(path)))
        return;
    path = ht_arena_str(looking->arena, path);
    if (ht_root_lstat(looking->root, path.data, &facts, NULL) < 0 || !S_ISREG(facts.st_mode))
        return;
    ht_error_set(&err, ENODATA, "the package %.*s has no sum of %.*s", HT_STR_ARG(looking->package),
                 HT_STR_ARG(path));
    note_unread(looking, &err);
}

/* Against the list of the package's files, of the same name as its sums. */
static void look_list(struct looking *looking, const char *sums_name)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    size_t len = strlen(sums_name) - strlen(SUMS);
    struct ht_str path = ht_arena_strf(looking->arena, DPKG_INFO "/%.*s" LIST, (int)len, sums_name);
    struct ht_error err = {0};
    struct ht_str rest, line;

    if (ht_root_read(looking->root, path.data, &text, HT_LIMIT_FILE, &err) < 0) {
        note_unread(looking, &err);
        return;
    }
    rest = ht_buf_str(&text);
    while (ht_str_next(&rest, '\n', &line))
        look_sumless(looking, line);
}

/* True if there is a sum at all. */
static bool compare_files(struct looking *looking, struct ht_str sums)
{
    struct ht_str line, sum, path;
    bool any = false;

    while (ht_str_next(&sums, '\n', &line)) {
        if (!ht_seal_decode(line, &sum, &path))
            continue;
        any = true;
        if (!is_critical(path))
            continue;
        ht_map_set(looking->summed,
                   ht_owner_place(ht_arena_strf(looking->arena, "/%.*s", HT_STR_ARG(path))),
                   looking);
        compare_file(looking, sum, path);
    }
    return any;
}

static int visit_sums(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct looking *looking = context;
    struct ht_error err = {0};
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    struct ht_str package = ht_str_from(name);
    ptrdiff_t colon;

    (void)type;
    (void)inode;
    if (!ht_str_has_suffix(package, SUMS))
        return 0;
    package.len -= strlen(SUMS);
    colon = ht_str_find_byte(package, ':');
    if (colon >= 0)
        package.len = (size_t)colon;
    if (!is_meant(package))
        return 0;
    looking->package = ht_arena_str(looking->arena, package);
    read_records(looking, name);
    if (ht_root_read(looking->root, ht_arena_strf(looking->arena, DPKG_INFO "/%s", name).data,
                     &text, HT_LIMIT_FILE, &err) < 0) {
        note_unread(looking, &err);
        return 0;
    }
    looking->summed = ht_map_new();
    if (compare_files(looking, ht_buf_str(&text))) {
        look_list(looking, name);
    } else {
        ht_error_set(&err, ENODATA, "the package %.*s has no sums", HT_STR_ARG(looking->package));
        note_unread(looking, &err);
    }
    ht_map_free(looking->summed);
    return 0;
}

static bool has_sums(const struct looking *looking, const struct ht_installed *package)
{
    struct ht_str plain =
        ht_arena_strf(looking->arena, DPKG_INFO "/%.*s" SUMS, HT_STR_ARG(package->name));
    struct ht_str named =
        ht_arena_strf(looking->arena, DPKG_INFO "/%.*s:%.*s" SUMS, HT_STR_ARG(package->name),
                      HT_STR_ARG(package->architecture));
    struct stat facts;

    return ht_root_lstat(looking->root, plain.data, &facts, NULL) == 0 ||
           ht_root_lstat(looking->root, named.data, &facts, NULL) == 0;
}

/* A package without sums is compared with nothing, whoever took them away. */
static void note_sumless(struct looking *looking, const struct ht_installed_list *installed)
{
    struct ht_error err = {0};

    if (!installed->len || installed->left_out) {
        ht_error_set(&err, ENODATA, "which packages are installed is not known");
        note_unread(looking, &err);
    }
    for (size_t i = 0; i < installed->len; i++) {
        const struct ht_installed *package = &installed->items[i];

        if (!is_meant(package->name) || has_sums(looking, package))
            continue;
        ht_error_set(&err, ENODATA, "the package %.*s has no sums", HT_STR_ARG(package->name));
        note_unread(looking, &err);
    }
}

static struct ht_text_list list_of(struct ht_str *items, size_t len)
{
    return (struct ht_text_list){.items = items, .len = len};
}

static void look_dpkg(struct looking *looking, const struct ht_installed_list *installed,
                      struct ht_package_seal *row)
{
    const struct ht_dir_visitor visitor = {
        .visit = visit_sums, .context = looking, .max_entries = HT_LIMIT_ROWS};
    ht_autobuf struct ht_buf diversions = HT_BUF(HT_LIMIT_FILE);
    struct ht_error err = {0};
    int r;

    looking->differing = ht_arena_array(looking->arena, struct ht_str, LISTED_MAX);
    looking->missing = ht_arena_array(looking->arena, struct ht_str, LISTED_MAX);
    looking->unread = ht_arena_array(looking->arena, struct ht_str, LISTED_MAX);
    r = ht_root_read(looking->root, DIVERSIONS, &diversions, HT_LIMIT_FILE, &err);
    if (r < 0 && r != -ENOENT)
        note_unread(looking, &err);
    looking->diversions = ht_buf_str(&diversions);
    if (ht_root_list(looking->root, DPKG_INFO, &visitor, &err) < 0)
        note_unread(looking, &err);
    note_sumless(looking, installed);
    ht_package_seal_set_compared(row, looking->compared);
    ht_package_seal_set_unchanged(row, looking->unchanged);
    ht_package_seal_set_differing(row, list_of(looking->differing, looking->differing_len));
    ht_package_seal_set_missing(row, list_of(looking->missing, looking->missing_len));
    ht_package_seal_set_unread(row, list_of(looking->unread, looking->unread_len));
}

void ht_seals_look(struct ht_sums *sums, const struct ht_root *root,
                   const struct ht_installed_list *installed, struct ht_node *sample)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    struct looking looking = {.sums = sums, .root = root, .arena = arena};
    struct ht_package_seal row = {0};
    const char *system = installed->system;

    if (!system[0])
        return;
    ht_sums_begin(sums, sample->taken_at);
    ht_package_seal_set_id(&row, ht_arena_text(arena, system));
    if (strcmp(system, "deb") == 0)
        look_dpkg(&looking, installed, &row);
    ht_sums_save(sums);
    ht_node_add(sample, ht_row_new(&ht_package_seal_table, &row));
}
