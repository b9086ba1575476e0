/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages of an SQLite file: from its write-ahead log, or from the file. */
#include "sqlite-file.h"

#include <errno.h>
#include <string.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "sqlite-inner.h"

enum {
    HEADER = 100,
    WAL_HEADER = HT_SQLITE_WAL_HEADER,
    FRAME_HEADER = HT_SQLITE_FRAME_HEADER,
    WAL_MAGIC = 0x377f0682, /* its lowest bit: sums are big-endian */
};

uint16_t ht_be16(const char *bytes)
{
    return __builtin_bswap16(ht_le16(bytes));
}

uint32_t ht_be32(const char *bytes)
{
    return __builtin_bswap32(ht_le32(bytes));
}

/* ---- the log ---- */

static void add_sum(uint32_t sum[2], const char *bytes, size_t len, bool big)
{
    for (size_t i = 0; i + 8 <= len; i += 8) {
        sum[0] += (big ? ht_be32(bytes + i) : ht_le32(bytes + i)) + sum[1];
        sum[1] += (big ? ht_be32(bytes + i + 4) : ht_le32(bytes + i + 4)) + sum[0];
    }
}

static int compare_frames(const void *a, const void *b)
{
    const struct ht_sqlite_frame *x = a, *y = b;

    if (x->page != y->page)
        return x->page < y->page ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Keeps the last frame of each page. */
static void sort_frames(struct ht_sqlite *sqlite)
{
    size_t kept = 0;

    if (sqlite->frames_len)
        qsort(sqlite->frames, sqlite->frames_len, sizeof(sqlite->frames[0]), compare_frames);
    for (size_t i = 0; i < sqlite->frames_len; i++) {
        if (i + 1 < sqlite->frames_len && sqlite->frames[i + 1].page == sqlite->frames[i].page)
            continue;
        sqlite->frames[kept++] = sqlite->frames[i];
    }
    sqlite->frames_len = kept;
}

static void add_frame(struct ht_sqlite *sqlite, uint32_t page, uint32_t number)
{
    if (sqlite->frames_len == sqlite->frames_cap) {
        sqlite->frames_cap += sqlite->frames_cap / 2 + 256;
        sqlite->frames = ht_realloc(sqlite->frames, sqlite->frames_cap, sizeof(sqlite->frames[0]));
    }
    sqlite->frames[sqlite->frames_len++] = (struct ht_sqlite_frame){.page = page, .number = number};
}

/* Reads frames as long as they belong together; what follows the last commit does not count. */
static void read_frames(struct ht_sqlite *sqlite, const char header[WAL_HEADER], char *frame)
{
    size_t size = FRAME_HEADER + sqlite->page_size;
    bool big = ht_be32(header) & 1;
    uint32_t sum[2] = {0};
    size_t committed = 0;

    add_sum(sum, header, 24, big);
    if (sum[0] != ht_be32(header + 24) || sum[1] != ht_be32(header + 28))
        return;
    for (uint32_t number = 0; number < HT_LIMIT_BOLT_PAGES; number++) {
        uint64_t offset = WAL_HEADER + (uint64_t)number * size;

        if (ht_bolt_pread(&sqlite->wal, frame, size, offset) != (ssize_t)size ||
            memcmp(frame + 8, header + 16, 8) != 0)
            break;
        add_sum(sum, frame, 8, big);
        add_sum(sum, frame + FRAME_HEADER, sqlite->page_size, big);
        if (sum[0] != ht_be32(frame + 16) || sum[1] != ht_be32(frame + 20))
            break;
        add_frame(sqlite, ht_be32(frame), number);
        if (ht_be32(frame + 4) != 0) {
            committed = sqlite->frames_len;
            sqlite->pages = ht_be32(frame + 4);
        }
    }
    sqlite->frames_len = committed;
    sort_frames(sqlite);
}

static void read_wal(struct ht_sqlite *sqlite)
{
    char header[WAL_HEADER];

    sqlite->frames_len = 0;
    if (sqlite->wal.fd < 0 ||
        ht_bolt_pread(&sqlite->wal, header, sizeof(header), 0) != (ssize_t)sizeof(header) ||
        (ht_be32(header) & ~1U) != WAL_MAGIC || ht_be32(header + 8) != sqlite->page_size)
        return;

    size_t size = FRAME_HEADER + sqlite->page_size;
    ht_autofree char *frame = ht_realloc(NULL, size, 1);
    read_frames(sqlite, header, frame);
    ht_wipe(frame, size);
}

/* ---- pages ---- */

const struct ht_sqlite_frame *ht_sqlite_find_frame(const struct ht_sqlite *sqlite, uint32_t page)
{
    size_t low = 0, high = sqlite->frames_len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (sqlite->frames[middle].page < page)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sqlite->frames_len && sqlite->frames[low].page == page ? &sqlite->frames[low]
                                                                        : NULL;
}

bool ht_sqlite_page(struct ht_sqlite *sqlite, uint32_t page, char *out)
{
    const struct ht_sqlite_frame *frame = ht_sqlite_find_frame(sqlite, page);
    size_t size = sqlite->page_size;

    if (page == 0 || page > sqlite->pages)
        return false;
    if (frame)
        return ht_bolt_pread(&sqlite->wal, out, size,
                             WAL_HEADER + (uint64_t)frame->number * (FRAME_HEADER + size) +
                                 FRAME_HEADER) == (ssize_t)size;
    return ht_bolt_pread(&sqlite->file, out, size, (uint64_t)(page - 1) * size) == (ssize_t)size;
}

static int read_header(struct ht_sqlite *sqlite, struct ht_error *err)
{
    char header[HEADER];
    ssize_t n = ht_bolt_pread(&sqlite->file, header, sizeof(header), 0);

    if (n < 0)
        return ht_error_errno(err, (int)-n, "reading its header");
    if (n == 0)
        return ht_error_set(err, ENODATA, "the file is empty: no database");
    if (n != (ssize_t)sizeof(header) || memcmp(header, "SQLite format 3", 16) != 0)
        return ht_error_set(err, EBADMSG, "no SQLite database");
    sqlite->page_size = ht_be16(header + 16) == 1 ? 65536 : ht_be16(header + 16);
    if (sqlite->page_size < 512 || (sqlite->page_size & (sqlite->page_size - 1)) != 0 ||
        (unsigned char)header[20] > sqlite->page_size - 480)
        return ht_error_set(err, EBADMSG, "its header is damaged");
    sqlite->usable = sqlite->page_size - (unsigned char)header[20];
    sqlite->pages = (uint32_t)(sqlite->file.size / sqlite->page_size);
    return 0;
}

/* ---- the other log ---- */

/* A rollback journal with a header: whoever opens the database next has to undo what was written.
 * One that is done with is cut, or its header is zeroed. */
static bool has_hot_journal(const struct ht_sqlite *sqlite)
{
    static const unsigned char magic[8] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
    struct ht_bolt_file file = HT_BOLT_FILE_NONE;
    ht_autobuf struct ht_buf path = HT_BUF(HT_LIMIT_ARG * 2);
    unsigned char bytes[sizeof(magic)] = {0};
    struct stat st;
    int r;

    ht_buf_addf(&path, "%s-journal", sqlite->path);
    if (ht_root_lstat(sqlite->root, path.data, &st, NULL) < 0)
        return false;
    r = ht_bolt_open(&file, sqlite->root, path.data, NULL);
    if (r == 0)
        (void)ht_bolt_pread(&file, bytes, sizeof(bytes), 0);
    ht_bolt_close(&file);
    return (r < 0 && r != -ENOENT) || memcmp(bytes, magic, sizeof(magic)) == 0;
}

/* The memory that its users share lies beside it while one has it open, and then the log does, too:
 * what is in the file alone is not the newest. */
static bool lacks_log(const struct ht_sqlite *sqlite)
{
    ht_autobuf struct ht_buf shared = HT_BUF(HT_LIMIT_ARG * 2);
    struct stat st;

    ht_buf_addf(&shared, "%s-shm", sqlite->path);
    return sqlite->wal.fd < 0 && ht_root_lstat(sqlite->root, shared.data, &st, NULL) == 0;
}

/* ---- life ---- */

static void wal_name(const char *path, struct ht_buf *out)
{
    ht_buf_reset(out);
    ht_buf_addf(out, "%s-wal", path);
}

bool ht_sqlite_look(const struct ht_root *root, const char *path, struct ht_sqlite_mark *ret)
{
    ht_autobuf struct ht_buf wal = HT_BUF(HT_LIMIT_ARG * 2);
    struct ht_sqlite_mark mark = {0};
    struct stat st;

    if (ht_root_lstat(root, path, &st, NULL) < 0)
        return false;
    mark.ino = (uint64_t)st.st_ino;
    mark.size = (uint64_t)st.st_size;
    mark.changed_at = ht_time_of(&st.st_mtim);
    wal_name(path, &wal);
    if (ht_root_lstat(root, wal.data, &st, NULL) == 0) {
        mark.wal_ino = (uint64_t)st.st_ino;
        mark.wal_size = (uint64_t)st.st_size;
        mark.wal_changed_at = ht_time_of(&st.st_mtim);
    }
    *ret = mark;
    return true;
}

int ht_sqlite_open(const struct ht_root *root, const char *path, struct ht_sqlite **ret,
                   struct ht_error *err)
{
    struct ht_sqlite *sqlite = ht_new0(struct ht_sqlite);
    ht_autobuf struct ht_buf wal = HT_BUF(HT_LIMIT_ARG * 2);

    sqlite->root = root;
    sqlite->path = ht_strdup(path);
    sqlite->file.fd = sqlite->wal.fd = -1;
    wal_name(path, &wal);

    int r = ht_bolt_open(&sqlite->file, root, path, err);
    if (r == 0) {
        r = ht_bolt_open(&sqlite->wal, root, wal.data, err);
        r = r == -ENOENT ? 0 : r;
    }
    if (r == 0)
        r = read_header(sqlite, err);
    if (r < 0) {
        ht_sqlite_close(sqlite);
        return r;
    }
    *ret = sqlite;
    return 0;
}

struct ht_sqlite *ht_sqlite_close(struct ht_sqlite *sqlite)
{
    if (!sqlite)
        return NULL;
    ht_bolt_close(&sqlite->file);
    ht_bolt_close(&sqlite->wal);
    free(sqlite->frames);
    free(sqlite->path);
    free(sqlite);
    return NULL;
}

const struct ht_bolt_file *ht_sqlite_file(const struct ht_sqlite *sqlite)
{
    return &sqlite->file;
}

size_t ht_sqlite_frames(const struct ht_sqlite *sqlite)
{
    return sqlite->frames_len;
}

int ht_sqlite_read(struct ht_sqlite *sqlite, const struct ht_sqlite_query *query,
                   struct ht_sqlite_result *ret, struct ht_error *err)
{
    struct ht_sqlite_mark before = {0}, after = {0};
    int r;

    *ret = (struct ht_sqlite_result){0};
    (void)ht_sqlite_look(sqlite->root, sqlite->path, &before);
    sqlite->pages = (uint32_t)(before.size / sqlite->page_size);
    sqlite->file.error = sqlite->wal.error = 0;
    read_wal(sqlite);
    ret->journal = has_hot_journal(sqlite);
    ret->no_log = lacks_log(sqlite);
    r = ht_sqlite_scan(sqlite, query, ret, err);
    if (r == 0 && query->mark.len)
        ht_sqlite_find_remnants(sqlite, query, ret);
    (void)ht_sqlite_look(sqlite->root, sqlite->path, &after);
    /* What was added to the log meanwhile is of no account: it was read up to a commit. */
    ret->moved = before.ino != sqlite->file.ino || before.ino != after.ino ||
                 before.size != after.size || before.changed_at != after.changed_at ||
                 before.wal_ino != after.wal_ino || after.wal_size < before.wal_size;
    ret->error = sqlite->file.error ? sqlite->file.error : sqlite->wal.error;
    return r;
}
