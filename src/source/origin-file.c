/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "origin-file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum {
    BLOCK = 64 * 1024,
    LINK_NAME = 32,
    MARK_NAME = 32,
    HANDLE_BYTES = 128,
    FILEID_INO32_GEN = 1
};

#define CAPS "security.capability"

static const char *name_of(int fd, char name[LINK_NAME])
{
    snprintf(name, LINK_NAME, "/proc/self/fd/%d", fd);
    return name;
}

int ht_file_reopen(int fd)
{
    char name[LINK_NAME];
    struct stat about;

    if (fstat(fd, &about) < 0)
        return -errno;
    if (!S_ISREG(about.st_mode))
        return -EINVAL;
    fd = open(name_of(fd, name), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOATIME);
    if (fd < 0 && errno == EPERM) /* only an owner may leave the time of access alone */
        fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return fd < 0 ? -errno : fd;
}

/* Reads a whole block, less only at the end of the file. */
static ssize_t read_block(int fd, char *block, uint64_t at)
{
    size_t have = 0;

    while (have < BLOCK) {
        ssize_t len = pread(fd, block + have, BLOCK - have, (off_t)(at + have));

        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return -1;
        if (len == 0)
            break;
        have += (size_t)len;
    }
    return (ssize_t)have;
}

enum ht_tristate ht_file_same(int a, int b)
{
    ht_autofree char *left = ht_new_array(char, BLOCK);
    ht_autofree char *right = ht_new_array(char, BLOCK);
    struct stat about_a, about_b;

    if (fstat(a, &about_a) < 0 || fstat(b, &about_b) < 0)
        return HT_TRISTATE_UNKNOWN;
    if (about_a.st_size != about_b.st_size)
        return HT_TRISTATE_NO;
    if (about_a.st_size > HT_LIMIT_CODE_FILE)
        return HT_TRISTATE_UNKNOWN;
    for (uint64_t at = 0;; at += BLOCK) {
        ssize_t len = read_block(a, left, at);
        ssize_t other = read_block(b, right, at);

        if (len < 0 || other < 0 || at > HT_LIMIT_CODE_FILE)
            return HT_TRISTATE_UNKNOWN;
        if (len != other || memcmp(left, right, (size_t)len) != 0)
            return HT_TRISTATE_NO;
        if (len < BLOCK)
            return HT_TRISTATE_YES;
    }
}

bool ht_file_digest(int fd, char digest[HT_SHA256_TEXT_MAX])
{
    struct ht_error err = {0};

    if (lseek(fd, 0, SEEK_SET) < 0)
        return false;
    return ht_sha256_fd(fd, "program", HT_LIMIT_CODE_FILE, digest, &err) == 0;
}

static uint32_t little(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

bool ht_file_caps(int fd, uint64_t *ret_caps)
{
    unsigned char bytes[XATTR_CAPS_SZ_3];
    char name[LINK_NAME];
    ssize_t len = fgetxattr(fd, CAPS, bytes, sizeof(bytes));

    if (len < 0 && errno == EBADF) /* O_PATH */
        len = getxattr(name_of(fd, name), CAPS, bytes, sizeof(bytes));
    if (len < (ssize_t)XATTR_CAPS_SZ_1)
        return false;

    uint32_t revision = little(bytes) & VFS_CAP_REVISION_MASK;
    uint64_t caps = little(bytes + 4);
    if (revision != VFS_CAP_REVISION_1 && len >= (ssize_t)XATTR_CAPS_SZ_2)
        caps |= (uint64_t)little(bytes + 12) << 32;
    *ret_caps = caps;
    return true;
}

ssize_t ht_file_mark(int fd, bool is_user, const char *mark, char *value, size_t size)
{
    char name[LINK_NAME], attribute[MARK_NAME];
    ssize_t len;

    snprintf(attribute, sizeof(attribute), "%s.overlay.%s", is_user ? "user" : "trusted", mark);
    len = getxattr(name_of(fd, name), attribute, value, size);
    return len < 0 ? -errno : len;
}

enum ht_tristate ht_file_is_copied(int fd, bool is_user)
{
    /* Without the right to see it the kernel says that there is none. */
    return ht_file_mark(fd, is_user, "origin", NULL, 0) > 0 ? HT_TRISTATE_YES : HT_TRISTATE_UNKNOWN;
}

bool ht_file_is_merged(int fd, bool is_user)
{
    static const char *const marks[] = {"opaque", "redirect"};

    if (ht_file_is_copied(fd, is_user) != HT_TRISTATE_YES)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        ssize_t len = ht_file_mark(fd, is_user, marks[i], NULL, 0);

        if (len != -ENODATA && len != -EOPNOTSUPP)
            return false;
    }
    return true;
}

int ht_file_open_inode(int directory, uint64_t ino)
{
    union {
        struct file_handle handle;
        char space[sizeof(struct file_handle) + HANDLE_BYTES];
    } request = {.space = {0}};
    uint32_t fid[2] = {(uint32_t)ino, 0};
    int fd;

    if (ino > UINT32_MAX)
        return -EOPNOTSUPP;
    /* Generation 0 stands for any on the file systems that take it (ext4). */
    request.handle.handle_bytes = sizeof(fid);
    request.handle.handle_type = FILEID_INO32_GEN;
    memcpy(request.space + offsetof(struct file_handle, f_handle), fid, sizeof(fid));
    fd = open_by_handle_at(directory, &request.handle, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    return fd < 0 ? -errno : fd;
}
