/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/tar.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hulltop/base/digest.h"
#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { BLOCK = 512, PIECE = 64 * 1024, NAME_MAX_BYTES = 99 };

/* The head of a member, as POSIX has it. */
struct head {
    char name[100];
    char mode[8], uid[8], gid[8];
    char size[12], mtime[12];
    char sum[8];
    char type;
    char link[100];
    char magic[6], version[2];
    char user[32], group[32];
    char major[8], minor[8];
    char prefix[155];
    char rest[12];
};

void ht_tar_init(struct ht_tar *tar, int fd, const char *name, int64_t mtime_s)
{
    *tar = (struct ht_tar){.fd = fd, .name = name, .mtime_s = mtime_s < 0 ? 0 : mtime_s};
    ht_buf_init(&tar->sums, HT_LIMIT_FILE);
}

void ht_tar_fini(struct ht_tar *tar)
{
    ht_buf_fini(&tar->sums);
}

static int put(struct ht_tar *tar, const void *data, size_t len, struct ht_error *err)
{
    int r = ht_write_all(tar->fd, (struct ht_str){.data = data, .len = len});

    if (r < 0)
        return ht_error_errno(err, -r, "%s", tar->name);
    tar->bytes += len;
    return 0;
}

/* Members begin at whole blocks. */
static int fill_block(struct ht_tar *tar, struct ht_error *err)
{
    static const char zeros[BLOCK];
    size_t over = (size_t)(tar->bytes % BLOCK);

    return over ? put(tar, zeros, BLOCK - over, err) : 0;
}

static int begin(struct ht_tar *tar, const char *name, unsigned mode, uint64_t size,
                 struct ht_error *err)
{
    struct head head = {.type = '0', .magic = "ustar", .version = {'0', '0'}};
    const unsigned char *bytes = (const unsigned char *)&head;
    unsigned sum = 0;

    _Static_assert(sizeof(head) == BLOCK, "POSIX has it so");
    assert(strlen(name) <= NAME_MAX_BYTES);
    memcpy(head.name, name, strlen(name));
    snprintf(head.mode, sizeof(head.mode), "%07o", mode & 07777);
    snprintf(head.uid, sizeof(head.uid), "%07o", 0);
    snprintf(head.gid, sizeof(head.gid), "%07o", 0);
    snprintf(head.size, sizeof(head.size), "%011llo", (unsigned long long)size & 077777777777ULL);
    snprintf(head.mtime, sizeof(head.mtime), "%011llo",
             (unsigned long long)tar->mtime_s & 077777777777ULL);
    memset(head.sum, ' ', sizeof(head.sum));
    for (size_t i = 0; i < sizeof(head); i++)
        sum += bytes[i];
    snprintf(head.sum, sizeof(head.sum) - 1, "%06o", sum & 0777777);
    return put(tar, &head, sizeof(head), err);
}

static void add_sum(struct ht_tar *tar, const char *name, const char *digest)
{
    ht_buf_addf(&tar->sums, "%s  %s\n", digest, name);
}

int ht_tar_add(struct ht_tar *tar, const char *name, unsigned mode, struct ht_str content,
               struct ht_error *err)
{
    char digest[HT_SHA256_TEXT_MAX];
    int r = begin(tar, name, mode, content.len, err);

    if (r == 0)
        r = put(tar, content.data, content.len, err);
    if (r == 0)
        r = fill_block(tar, err);
    if (r == 0)
        add_sum(tar, name, ht_sha256_text(content, digest));
    return r;
}

/* The next piece of fd; nothing once it gave less than it had. */
static size_t take(int fd, char *piece, size_t len, bool ended)
{
    ssize_t n = -1;

    if (ended)
        return 0;
    do
        n = read(fd, piece, len);
    while (n < 0 && errno == EINTR);
    return n > 0 ? (size_t)n : 0;
}

int ht_tar_add_fd(struct ht_tar *tar, const struct ht_tar_file *file, uint64_t *ret_got,
                  struct ht_error *err)
{
    const uint64_t size = file->size;
    ht_autofree char *piece = ht_new_array(char, PIECE);
    struct ht_sha256 *digest = ht_sha256_new();
    char text[HT_SHA256_TEXT_MAX];
    uint64_t done = 0;
    uint64_t got = 0;
    bool ended = false;
    int r = begin(tar, file->name, file->mode, size, err);

    while (r == 0 && done < size) {
        size_t wanted = size - done < PIECE ? (size_t)(size - done) : PIECE;
        size_t len = take(file->fd, piece, wanted, ended);

        ended = len == 0;
        got += len;
        if (ended) {
            memset(piece, 0, wanted);
            len = wanted;
        }
        ht_sha256_add(digest, (struct ht_str){.data = piece, .len = len});
        done += len;
        r = put(tar, piece, len, err);
    }
    ht_sha256_finish(digest, text);
    if (r == 0)
        r = fill_block(tar, err);
    if (r < 0)
        return r;
    add_sum(tar, file->name, text);
    *ret_got = got;
    return 0;
}

int ht_tar_end(struct ht_tar *tar, struct ht_error *err)
{
    static const char zeros[2 * BLOCK];
    int r = begin(tar, "SHA256SUMS", 0400, tar->sums.len, err);

    if (r == 0)
        r = put(tar, tar->sums.data, tar->sums.len, err);
    if (r == 0)
        r = fill_block(tar, err);
    if (r == 0)
        r = put(tar, zeros, sizeof(zeros), err);
    if (r == 0 && fsync(tar->fd) < 0 && errno != EINVAL)
        r = ht_error_errno(err, errno, "%s", tar->name);
    return r;
}
