/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bolt-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

static void take_stat(struct ht_bolt_file *file, const struct stat *st)
{
    file->dev = (uint64_t)st->st_dev;
    file->ino = (uint64_t)st->st_ino;
    file->size = (uint64_t)st->st_size;
    file->mode = (unsigned)st->st_mode & 07777;
    file->uid = (unsigned)st->st_uid;
    file->gid = (unsigned)st->st_gid;
    file->changed_at = ht_time_of(&st->st_mtim);
}

int ht_bolt_open(struct ht_bolt_file *file, const struct ht_root *root, const char *path,
                 struct ht_error *err)
{
    struct stat st;
    /* O_NOATIME is for the owner and for root alone. */
    int fd = ht_root_open_file(root, path, O_NOFOLLOW | O_NOATIME, &st, err);

    if (fd == -EPERM)
        fd = ht_root_open_file(root, path, O_NOFOLLOW, &st, err);
    if (fd == -ELOOP)
        return ht_error_set(err, ELOOP, "%s: is a link; name the file itself", path);
    if (fd < 0)
        return fd;
    ht_bolt_close(file);
    file->fd = fd;
    take_stat(file, &st);
    return 0;
}

void ht_bolt_close(struct ht_bolt_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    *file = (struct ht_bolt_file)HT_BOLT_FILE_NONE;
}

bool ht_bolt_is_current(struct ht_bolt_file *file, const struct ht_root *root, const char *path)
{
    struct stat named, opened;

    if (file->fd < 0 || ht_root_lstat(root, path, &named, NULL) < 0 ||
        fstat(file->fd, &opened) < 0 || named.st_dev != opened.st_dev ||
        named.st_ino != opened.st_ino)
        return false;
    take_stat(file, &opened);
    return true;
}

ssize_t ht_bolt_pread(struct ht_bolt_file *file, void *bytes, size_t len, uint64_t offset)
{
    size_t done = 0;

    if (offset > INT64_MAX - len)
        return -EINVAL;
    while (done < len) {
        ssize_t n = pread(file->fd, (char *)bytes + done, len - done, (off_t)(offset + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return file->error = -errno;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    file->bytes_read += done;
    return (ssize_t)done;
}

/* ---- metas ---- */

/* The metas of a file with pages of that size; bits of what is valid. */
static unsigned read_metas(struct ht_bolt_file *file, uint32_t page_size,
                           struct ht_bolt_meta metas[2], int *ret_error)
{
    char bytes[HT_BOLT_META];
    unsigned valid = 0;

    for (unsigned i = 0; i < 2; i++) {
        ssize_t n = ht_bolt_pread(file, bytes, sizeof(bytes), (uint64_t)i * page_size);

        if (n < 0) {
            *ret_error = (int)n;
            continue;
        }
        if (ht_bolt_meta_parse((struct ht_str){.data = bytes, .len = (size_t)n}, &metas[i]) &&
            metas[i].page_size == page_size)
            valid |= 1U << i;
    }
    return valid;
}

static uint32_t first_page_size(struct ht_bolt_file *file, int *ret_error)
{
    char bytes[HT_BOLT_META];
    struct ht_bolt_meta meta;
    ssize_t n = ht_bolt_pread(file, bytes, sizeof(bytes), 0);

    if (n < 0)
        *ret_error = (int)n;
    else if (ht_bolt_meta_parse((struct ht_str){.data = bytes, .len = (size_t)n}, &meta))
        return meta.page_size;
    return 0;
}

static unsigned find_metas(struct ht_bolt_file *file, struct ht_bolt_meta metas[2], int *ret_error)
{
    uint32_t size = file->page_size ? file->page_size : first_page_size(file, ret_error);
    unsigned valid = size ? read_metas(file, size, metas, ret_error) : 0;

    if (valid) {
        file->page_size = size;
        return valid;
    }
    /* The first one is damaged: the second one lies behind a page of an unknown size. */
    for (size = HT_BOLT_PAGE_MIN; size <= HT_BOLT_PAGE_MAX; size *= 2) {
        valid = read_metas(file, size, metas, ret_error);
        if (valid) {
            file->page_size = size;
            return valid;
        }
    }
    return 0;
}

int ht_bolt_state(struct ht_bolt_file *file, struct ht_bolt_state *ret, struct ht_error *err)
{
    struct ht_bolt_meta metas[2];
    struct stat st;
    int error = 0;

    if (fstat(file->fd, &st) == 0)
        take_stat(file, &st);
    if (file->size == 0)
        return ht_error_set(err, ENODATA, "the file is empty: no database");

    unsigned valid = find_metas(file, metas, &error);
    if (valid == 0 && error < 0)
        return ht_error_errno(err, -error, "reading its first pages");
    if (valid == 0)
        return ht_error_set(err, EBADMSG,
                            "no bolt database, or both of its first pages are damaged");

    unsigned best = valid == 3 ? metas[1].txid > metas[0].txid : valid == 2;
    ret->meta = metas[best];
    ret->older = valid != 3;
    return 0;
}
