/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pkg-sums.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "pkg-seal.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/digest.h"
#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/log.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/base/vec.h"

/* The file of sums over runs: this and the root, then a line for each file. */
#define HEAD      "hulltop-sums/3\n"
#define FILE_NAME "sums"

/* A file that changed less than that before it was read may change again, and its time not: clocks
 * of files go in steps, and are set. */
#define SETTLED_NS (60 * HT_NS_PER_S)

enum { SUMS_MAX = 10000, SUM_LEN = HT_MD5_TEXT_MAX - 1, FILE_MAX = 512 * 1024 * 1024 };

/* The sum of a file that had these marks. */
struct sum {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
    char text[HT_MD5_TEXT_MAX];
    bool settled; /* it may be kept */
};

struct ht_sums {
    struct ht_map *known; /* path to struct sum *, owned */
    char *folder;         /* where they are kept over runs; NULL: nowhere */
    char *root;           /* whose files they are */
    int64_t now;          /* wall time; files are read later */
    bool changed;         /* since they were written or read */
};

/* ---- the file ---- */

enum mark { DEVICE, INODE, SIZE, MODIFIED, MODIFIED_NS, CHANGED, CHANGED_NS, MARKS };

/* "DEVICE INODE SIZE MODIFIED NS CHANGED NS SUM  PATH" */
static bool decode_sum(struct ht_str line, struct sum *ret, struct ht_str *ret_path)
{
    uint64_t marks[MARKS];
    struct ht_str word, text;

    for (enum mark i = DEVICE; i < MARKS; i++)
        if (!ht_str_next(&line, ' ', &word) || ht_parse_u64(word, &marks[i]) < 0 ||
            marks[i] > INT64_MAX)
            return false;
    if (!ht_seal_decode(line, &text, ret_path))
        return false;
    ret->device = (dev_t)marks[DEVICE];
    ret->inode = (ino_t)marks[INODE];
    ret->size = (off_t)marks[SIZE];
    ret->modified.tv_sec = (time_t)marks[MODIFIED];
    ret->modified.tv_nsec = (int64_t)marks[MODIFIED_NS];
    ret->changed.tv_sec = (time_t)marks[CHANGED];
    ret->changed.tv_nsec = (int64_t)marks[CHANGED_NS];
    memcpy(ret->text, text.data, SUM_LEN);
    ret->settled = true;
    return true;
}

static void encode_sum(void *context, struct ht_str path, void *value)
{
    const struct sum *sum = value;

    if (!sum->text[0] || !sum->settled || ht_str_find_byte(path, '\n') >= 0)
        return;
    ht_buf_addf(context, "%llu %llu %lld %lld %lld %lld %lld %s  %.*s\n",
                (unsigned long long)sum->device, (unsigned long long)sum->inode,
                (long long)sum->size, (long long)sum->modified.tv_sec,
                (long long)sum->modified.tv_nsec, (long long)sum->changed.tv_sec,
                (long long)sum->changed.tv_nsec, sum->text, HT_STR_ARG(path));
}

static void load(struct ht_sums *sums, const char *path)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    struct ht_str rest, line, name;

    if (ht_file_is_trusted(path, NULL) < 0 ||
        ht_read_at(AT_FDCWD, path, &text, HT_LIMIT_FILE, NULL) < 0)
        return;
    rest = ht_buf_str(&text);
    /* A file that was cut may end in the middle of a path. */
    if (!ht_str_has_prefix(rest, HEAD) || rest.data[rest.len - 1] != '\n')
        return;
    rest = ht_str_sub(rest, strlen(HEAD), rest.len);
    if (!ht_str_next(&rest, '\n', &line) || !ht_str_is(line, sums->root))
        return;
    while (ht_map_len(sums->known) < SUMS_MAX && ht_str_next(&rest, '\n', &line)) {
        struct sum sum = {0}, *kept;

        if (!decode_sum(line, &sum, &name) || ht_map_get(sums->known, name))
            continue;
        kept = ht_new0(struct sum);
        *kept = sum;
        ht_map_set(sums->known, name, kept);
    }
}

void ht_sums_save(struct ht_sums *sums)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE), path = HT_BUF(HT_LIMIT_ARG);
    struct ht_error err = {0};

    if (!sums->folder || !sums->changed)
        return;
    sums->changed = false;
    ht_buf_addf(&path, "%s/" FILE_NAME, sums->folder);
    ht_buf_addf(&text, HEAD "%s\n", sums->root);
    ht_map_each(sums->known, encode_sum, &text);
    if (ht_buf_is_full(&text) || ht_buf_is_full(&path))
        return;
    /* One that lost its end says less, and nothing else: no answer waits for the disk. */
    if (ht_file_make_directory(sums->folder, &err) < 0 ||
        ht_file_write(path.data, ht_buf_str(&text), HT_FILE_REPLACE | HT_FILE_HASTY, &err) < 0)
        ht_log_error(HT_LOG_DEBUG, "sums", &err);
}

struct ht_sums *ht_sums_new(const char *folder, const char *root)
{
    struct ht_sums *sums = ht_new0(struct ht_sums);

    sums->known = ht_map_new();
    sums->root = ht_strdup(root);
    if (folder) {
        ht_autobuf struct ht_buf path = HT_BUF(HT_LIMIT_ARG);

        sums->folder = ht_strdup(folder);
        ht_buf_addf(&path, "%s/" FILE_NAME, folder);
        if (!ht_buf_is_full(&path))
            load(sums, path.data);
    }
    return sums;
}

void ht_sums_free(struct ht_sums *sums)
{
    if (!sums)
        return;
    ht_map_free_values(sums->known);
    ht_map_free(sums->known);
    free(sums->folder);
    free(sums->root);
    free(sums);
}

/* ---- one file ---- */

static bool is_same(const struct sum *sum, const struct stat *facts)
{
    return sum->text[0] && sum->settled && sum->device == facts->st_dev &&
           sum->inode == facts->st_ino && sum->size == facts->st_size &&
           memcmp(&sum->modified, &facts->st_mtim, sizeof(facts->st_mtim)) == 0 &&
           memcmp(&sum->changed, &facts->st_ctim, sizeof(facts->st_ctim)) == 0;
}

void ht_sums_begin(struct ht_sums *sums, int64_t now)
{
    sums->now = now;
}

int ht_sums_of(struct ht_sums *sums, int fd, const char *path, const char **ret_sum,
               struct ht_error *err)
{
    struct sum *sum = ht_map_get(sums->known, ht_str_from(path));
    struct stat facts;
    int r;

    if (fstat(fd, &facts) < 0)
        return ht_error_errno(err, errno, "%s", path);
    if (!sum) {
        sum = ht_new0(struct sum);
        ht_map_set(sums->known, ht_str_from(path), sum);
    }
    if (!is_same(sum, &facts)) {
        sums->changed = true;
        r = ht_md5_fd(fd, path, FILE_MAX, sum->text, err);
        if (r < 0) {
            sum->text[0] = '\0';
            return r;
        }
        sum->device = facts.st_dev;
        sum->inode = facts.st_ino;
        sum->size = facts.st_size;
        sum->modified = facts.st_mtim;
        sum->changed = facts.st_ctim;
        sum->settled = ht_time_of(&facts.st_ctim) <= sums->now - SETTLED_NS;
    }
    *ret_sum = sum->text;
    return 0;
}
