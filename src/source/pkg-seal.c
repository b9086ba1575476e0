/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pkg-seal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "hulltop/base/digest.h"
#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/log.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"

#define DPKG_INFO  "var/lib/dpkg/info"
#define DIVERSIONS "var/lib/dpkg/diversions"
#define SUMS       ".md5sums"
/* The file of sums over runs: this and the root, then a line for each file. */
#define HEAD      "hulltop-sums/1\n"
#define FILE_NAME "sums"

enum {
    LISTED_MAX = 100,
    SEALS_MAX = 10000,
    SUM_LEN = HT_MD5_TEXT_MAX - 1,
    FILE_MAX = 512 * 1024 * 1024
};

/* The sum of a file that had these marks. */
struct seal {
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
    char sum[HT_MD5_TEXT_MAX];
};

struct ht_seals {
    struct ht_map *known; /* path to struct seal *, owned */
    char *folder;         /* where they are kept over runs; NULL: nowhere */
    char *root;           /* whose files they are */
    bool changed;         /* since they were written or read */
};

struct looking {
    struct ht_seals *seals;
    const struct ht_root *root;
    struct ht_arena *arena;
    struct ht_str diversions; /* three lines each: from, to, package */
    struct ht_str package;    /* whose sums are read */
    uint64_t compared;
    struct ht_str *differing, *missing, *unread;
    size_t differing_len, missing_len, unread_len;
};

static bool forget(void *context, struct ht_str key, void *value)
{
    (void)context;
    (void)key;
    free(value);
    return true;
}

/* ---- kept over runs ---- */

enum mark { INODE, SIZE, MODIFIED, MODIFIED_NS, CHANGED, CHANGED_NS, MARKS };

/* "INODE SIZE MODIFIED NS CHANGED NS SUM PATH" */
static bool decode_seal(struct ht_str line, struct seal *ret, struct ht_str *ret_path)
{
    uint64_t marks[MARKS];
    struct ht_str word, sum;

    for (enum mark i = INODE; i < MARKS; i++)
        if (!ht_str_next(&line, ' ', &word) || ht_parse_u64(word, &marks[i]) < 0 ||
            marks[i] > INT64_MAX)
            return false;
    if (!ht_seal_decode(line, &sum, ret_path))
        return false;
    ret->inode = (ino_t)marks[INODE];
    ret->size = (off_t)marks[SIZE];
    ret->modified.tv_sec = (time_t)marks[MODIFIED];
    ret->modified.tv_nsec = (int64_t)marks[MODIFIED_NS];
    ret->changed.tv_sec = (time_t)marks[CHANGED];
    ret->changed.tv_nsec = (int64_t)marks[CHANGED_NS];
    memcpy(ret->sum, sum.data, SUM_LEN);
    return true;
}

static void encode_seal(void *context, struct ht_str path, void *value)
{
    const struct seal *seal = value;

    if (!seal->sum[0] || ht_str_find_byte(path, '\n') >= 0)
        return;
    ht_buf_addf(context, "%llu %lld %lld %lld %lld %lld %s  %.*s\n",
                (unsigned long long)seal->inode, (long long)seal->size,
                (long long)seal->modified.tv_sec, (long long)seal->modified.tv_nsec,
                (long long)seal->changed.tv_sec, (long long)seal->changed.tv_nsec, seal->sum,
                HT_STR_ARG(path));
}

static void load(struct ht_seals *seals, const char *path)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    struct ht_str rest, line, name;

    if (ht_file_is_trusted(path, NULL) < 0 ||
        ht_read_at(AT_FDCWD, path, &text, HT_LIMIT_FILE, NULL) < 0)
        return;
    rest = ht_buf_str(&text);
    if (!ht_str_has_prefix(rest, HEAD))
        return;
    rest = ht_str_sub(rest, strlen(HEAD), rest.len);
    if (!ht_str_next(&rest, '\n', &line) || !ht_str_is(line, seals->root))
        return;
    while (ht_map_len(seals->known) < SEALS_MAX && ht_str_next(&rest, '\n', &line)) {
        struct seal seal = {0}, *kept;

        if (!decode_seal(line, &seal, &name) || ht_map_get(seals->known, name))
            continue;
        kept = ht_new0(struct seal);
        *kept = seal;
        ht_map_set(seals->known, name, kept);
    }
}

static void save(struct ht_seals *seals)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE), path = HT_BUF(HT_LIMIT_ARG);
    struct ht_error err = {0};

    if (!seals->folder || !seals->changed)
        return;
    seals->changed = false;
    ht_buf_addf(&path, "%s/" FILE_NAME, seals->folder);
    ht_buf_addf(&text, HEAD "%s\n", seals->root);
    ht_map_each(seals->known, encode_seal, &text);
    if (ht_buf_is_full(&text) || ht_buf_is_full(&path))
        return;
    if (ht_file_make_directory(seals->folder, &err) < 0 ||
        ht_file_write(path.data, ht_buf_str(&text), HT_FILE_REPLACE, &err) < 0)
        ht_log_error(HT_LOG_DEBUG, "sums", &err);
}

struct ht_seals *ht_seals_new(const char *folder, const char *root)
{
    struct ht_seals *seals = ht_new0(struct ht_seals);

    seals->known = ht_map_new();
    seals->root = ht_strndup(root, strlen(root));
    if (folder) {
        ht_autobuf struct ht_buf path = HT_BUF(HT_LIMIT_ARG);

        seals->folder = ht_strndup(folder, strlen(folder));
        ht_buf_addf(&path, "%s/" FILE_NAME, folder);
        if (!ht_buf_is_full(&path))
            load(seals, path.data);
    }
    return seals;
}

void ht_seals_free(struct ht_seals *seals)
{
    if (!seals)
        return;
    ht_map_remove_if(seals->known, forget, NULL);
    ht_map_free(seals->known);
    free(seals->folder);
    free(seals->root);
    free(seals);
}

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

static int sum_of(const struct looking *looking, const char *path, const char **ret_sum,
                  struct ht_error *err)
{
    struct stat facts;
    ht_autoclose int fd = ht_root_open_regular(looking->root, path, &facts, err);
    struct seal *seal;
    int r;

    if (fd < 0)
        return fd;
    seal = ht_map_get(looking->seals->known, ht_str_from(path));
    if (!seal) {
        seal = ht_new0(struct seal);
        ht_map_set(looking->seals->known, ht_str_from(path), seal);
    }
    *ret_sum = seal->sum;
    if (seal->sum[0] && seal->inode == facts.st_ino && seal->size == facts.st_size &&
        memcmp(&seal->modified, &facts.st_mtim, sizeof(facts.st_mtim)) == 0 &&
        memcmp(&seal->changed, &facts.st_ctim, sizeof(facts.st_ctim)) == 0)
        return 0;
    seal->sum[0] = '\0';
    looking->seals->changed = true;
    r = ht_md5_fd(fd, path, FILE_MAX, seal->sum, err);
    if (r < 0) {
        seal->sum[0] = '\0';
        return r;
    }
    seal->inode = facts.st_ino;
    seal->size = facts.st_size;
    seal->modified = facts.st_mtim;
    seal->changed = facts.st_ctim;
    return 0;
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
    if (!ht_str_is(wanted, sum))
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
    ht_package_seal_set_differing(row, list_of(looking->differing, looking->differing_len));
    ht_package_seal_set_missing(row, list_of(looking->missing, looking->missing_len));
    ht_package_seal_set_unread(row, list_of(looking->unread, looking->unread_len));
}

void ht_seals_look(struct ht_seals *seals, const struct ht_root *root, const char *system,
                   struct ht_node *sample)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    struct looking looking = {.seals = seals, .root = root, .arena = arena};
    struct ht_package_seal row = {0};

    if (!system[0])
        return;
    ht_package_seal_set_id(&row, ht_arena_text(arena, system));
    if (strcmp(system, "deb") == 0)
        look_dpkg(&looking, &row);
    save(seals);
    ht_node_add(sample, ht_row_new(&ht_package_seal_table, &row));
}
