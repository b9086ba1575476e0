/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hulltop/base/mem.h"

enum { WRITE_BYTES = 256 * 1024 };

struct ht_spool {
    int fd;
    uint64_t len;          /* in the file */
    struct ht_buf waiting; /* behind it, not written yet */
};

static int open_file(void)
{
    const char *folder = getenv("TMPDIR");
    int fd = open(folder && folder[0] == '/' ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC,
                  S_IRUSR | S_IWUSR);

    return fd >= 0 ? fd : memfd_create("hulltop-spool", MFD_CLOEXEC);
}

struct ht_spool *ht_spool_new(struct ht_error *err)
{
    int fd = open_file();
    struct ht_spool *spool;

    if (fd < 0) {
        ht_error_errno(err, errno, "a file for what is in between");
        return NULL;
    }
    spool = ht_new0(struct ht_spool);
    spool->fd = fd;
    ht_buf_init(&spool->waiting, SIZE_MAX / 2);
    return spool;
}

struct ht_spool *ht_spool_free(struct ht_spool *spool)
{
    if (!spool)
        return NULL;
    close(spool->fd);
    ht_buf_fini(&spool->waiting);
    free(spool);
    return NULL;
}

static int write_waiting(struct ht_spool *spool, struct ht_error *err)
{
    struct ht_str rest = ht_buf_str(&spool->waiting);

    while (rest.len) {
        ssize_t n = pwrite(spool->fd, rest.data, rest.len, (off_t)spool->len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ht_error_errno(err, errno, "the file for what is in between");
        spool->len += (uint64_t)n;
        rest = ht_str_sub(rest, (size_t)n, rest.len);
    }
    ht_buf_reset(&spool->waiting);
    return 0;
}

int64_t ht_spool_add(struct ht_spool *spool, struct ht_str bytes, struct ht_error *err)
{
    int64_t place = (int64_t)(spool->len + spool->waiting.len);
    int r = 0;

    ht_buf_add_str(&spool->waiting, bytes);
    if (spool->waiting.len >= WRITE_BYTES)
        r = write_waiting(spool, err);
    return r < 0 ? r : place;
}

int64_t ht_spool_get(struct ht_spool *spool, uint64_t place, size_t len, struct ht_buf *out,
                     struct ht_error *err)
{
    int r = write_waiting(spool, err);
    int64_t got = 0;

    while (r == 0 && len) {
        size_t room;
        char *to = ht_buf_room(out, len, &room);
        ssize_t n;

        if (room == 0)
            return ht_error_set(err, EFBIG, "more was put away than can be taken back");
        n = pread(spool->fd, to, room < len ? room : len, (off_t)place);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ht_error_errno(err, errno, "the file for what is in between");
        if (n == 0)
            break;
        ht_buf_grow(out, (size_t)n);
        place += (uint64_t)n;
        len -= (size_t)n;
        got += n;
    }
    return r < 0 ? r : got;
}
