/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pkg-seal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/digest.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

#define DPKG_INFO  "var/lib/dpkg/info"
#define DIVERSIONS "var/lib/dpkg/diversions"
#define SUMS       ".md5sums"
#define LIST       ".list"
/* dpkg takes no longer to unpack one package. */
#define UNPACKING_NS (600 * HT_NS_PER_S)

enum { LISTED_MAX = 100, SUM_LEN = HT_MD5_TEXT_MAX - 1 };

struct looking {
    struct ht_sums *sums;
    const struct ht_root *root;
    struct ht_arena *arena;
    struct ht_str diversions;   /* three lines each: from, to, package */
    struct ht_str package;      /* whose sums are read */
    struct ht_seal_times times; /* of its records */
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
    ptrdiff_t slash = ht_str_rfind_byte(path, '/');
    struct ht_str name = ht_str_sub(path, (size_t)(slash + 1), path.len);

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

/* Where dpkg put the file: another package may have had it moved. */
static struct ht_str place_of(const struct looking *looking, struct ht_str path)
{
    struct ht_str rest = looking->diversions, from, to, by;

    while (ht_str_next(&rest, '\n', &from) && ht_str_next(&rest, '\n', &to) &&
           ht_str_next(&rest, '\n', &by)) {
        if (ht_str_equal(ht_str_sub(from, 1, from.len), path) &&
            !ht_str_equal(by, looking->package))
            return ht_str_sub(to, 1, to.len);
    }
    return path;
}

/* ---- what nobody wrote to ---- */

bool ht_seal_is_unchanged(const struct ht_seal_times *times)
{
    int64_t unpacked = times->list_written;

    /* A time that was set by hand to after the change that set it; no time at all. */
    if (unpacked > times->list_changed || unpacked <= UNPACKING_NS)
        return false;
    /* Either is renewed alone: the list when another package takes a file over, both by hand. */
    if (times->sums_changed < unpacked)
        unpacked = times->sums_changed;
    return times->file_changed <= unpacked && times->file_changed >= unpacked - UNPACKING_NS;
}

/* The times of dpkg's records; zeroes if one is not there. */
static void read_times(struct looking *looking, const char *sums_name)
{
    size_t len = strlen(sums_name) - strlen(SUMS);
    struct ht_str list = ht_arena_strf(looking->arena, DPKG_INFO "/%.*s" LIST, (int)len, sums_name);
    struct ht_str sums = ht_arena_strf(looking->arena, DPKG_INFO "/%s", sums_name);
    struct stat list_facts, sums_facts;

    looking->times = (struct ht_seal_times){0};
    if (ht_root_lstat(looking->root, list.data, &list_facts, NULL) < 0 ||
        ht_root_lstat(looking->root, sums.data, &sums_facts, NULL) < 0)
        return;
    looking->times.list_written = ht_time_of(&list_facts.st_mtim);
    looking->times.list_changed = ht_time_of(&list_facts.st_ctim);
    looking->times.sums_changed = ht_time_of(&sums_facts.st_ctim);
}

/* What was mounted over a file keeps its own times. */
static bool is_mounted(int fd)
{
    struct statx facts;

    return statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &facts) < 0 ||
           !(facts.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) ||
           facts.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

static bool is_unchanged(const struct looking *looking, int fd, const struct stat *facts)
{
    struct ht_seal_times times = looking->times;

    times.file_changed = ht_time_of(&facts->st_ctim);
    return ht_seal_is_unchanged(&times) && !is_mounted(fd);
}

/* ---- one comparison ---- */

/* *ret_sum is NULL if the file is unchanged. */
static int sum_of(const struct looking *looking, const char *path, const char **ret_sum,
                  struct ht_error *err)
{
    struct stat facts;
    ht_autoclose int fd = ht_root_open_file(looking->root, path, O_NOFOLLOW, &facts, err);

    *ret_sum = NULL;
    if (fd >= 0 && is_unchanged(looking, fd, &facts))
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
        note(looking->unread, &looking->unread_len, ht_arena_text(looking->arena, err.text));
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

static int visit_sums(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct looking *looking = context;
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    struct ht_str package = ht_str_from(name), rest, line, sum, path;
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
    read_times(looking, name);
    if (ht_root_read(looking->root, ht_arena_strf(looking->arena, DPKG_INFO "/%s", name).data,
                     &text, HT_LIMIT_FILE, NULL) < 0)
        return 0;
    rest = ht_buf_str(&text);
    while (ht_str_next(&rest, '\n', &line))
        if (ht_seal_decode(line, &sum, &path) && is_critical(path))
            compare_file(looking, sum, path);
    return 0;
}

static struct ht_text_list list_of(struct ht_str *items, size_t len)
{
    return (struct ht_text_list){.items = items, .len = len};
}

static void look_dpkg(struct looking *looking, struct ht_package_seal *row)
{
    const struct ht_dir_visitor visitor = {
        .visit = visit_sums, .context = looking, .max_entries = HT_LIMIT_ROWS};
    ht_autobuf struct ht_buf diversions = HT_BUF(HT_LIMIT_FILE);

    looking->differing = ht_arena_array(looking->arena, struct ht_str, LISTED_MAX);
    looking->missing = ht_arena_array(looking->arena, struct ht_str, LISTED_MAX);
    looking->unread = ht_arena_array(looking->arena, struct ht_str, LISTED_MAX);
    (void)ht_root_read(looking->root, DIVERSIONS, &diversions, HT_LIMIT_FILE, NULL);
    looking->diversions = ht_buf_str(&diversions);
    if (ht_root_list(looking->root, DPKG_INFO, &visitor, NULL) < 0)
        return;
    ht_package_seal_set_compared(row, looking->compared);
    ht_package_seal_set_unchanged(row, looking->unchanged);
    ht_package_seal_set_differing(row, list_of(looking->differing, looking->differing_len));
    ht_package_seal_set_missing(row, list_of(looking->missing, looking->missing_len));
    ht_package_seal_set_unread(row, list_of(looking->unread, looking->unread_len));
}

void ht_seals_look(struct ht_sums *sums, const struct ht_root *root, const char *system,
                   struct ht_node *sample)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    struct looking looking = {.sums = sums, .root = root, .arena = arena};
    struct ht_package_seal row = {0};

    if (!system[0])
        return;
    ht_package_seal_set_id(&row, ht_arena_text(arena, system));
    if (strcmp(system, "deb") == 0)
        look_dpkg(&looking, &row);
    ht_sums_save(sums);
    ht_node_add(sample, ht_row_new(&ht_package_seal_table, &row));
}
