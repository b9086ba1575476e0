/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A signal may end the program while there is a copy: each is locked by who uses it, and the next
 * one to make a copy removes those that nobody has locked.
 */
#include "pkg-rpm-copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

#define PREFIX "hulltop-rpm-"

enum { FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* ---- removing ---- */

static int remove_file(void *context, const char *name, unsigned type, uint64_t inode)
{
    (void)type;
    (void)inode;
    (void)unlinkat(*(const int *)context, name, 0);
    return 0;
}

static void remove_files(int fd)
{
    const struct ht_dir_visitor visitor = {.visit = remove_file, .context = &fd};

    (void)ht_list_fd(fd, &visitor, NULL);
}

void ht_rpm_copy_drop(struct ht_rpm_copy *copy)
{
    if (!copy->folder)
        return;
    remove_files(copy->fd);
    (void)rmdir(copy->folder);
    close(copy->fd);
    free(copy->folder);
    *copy = (struct ht_rpm_copy){0};
}

/* A folder of this user's that no process has locked was left behind. */
static int sweep(void *context, const char *name, unsigned type, uint64_t inode)
{
    int tmp = *(const int *)context;
    struct stat facts;

    (void)type;
    (void)inode;
    if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
        return 0;
    ht_autoclose int fd = openat(tmp, name, FOLDER);
    if (fd < 0 || fstat(fd, &facts) < 0 || facts.st_uid != geteuid() ||
        flock(fd, LOCK_EX | LOCK_NB) < 0)
        return 0;
    remove_files(fd);
    (void)unlinkat(tmp, name, AT_REMOVEDIR);
    return 0;
}

static void sweep_all(const char *tmp)
{
    ht_autoclose int fd = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct ht_dir_visitor visitor = {
        .visit = sweep, .context = &fd, .max_entries = HT_LIMIT_ROWS};

    if (fd >= 0)
        (void)ht_list_fd(fd, &visitor, NULL);
}

/* ---- copying ---- */

struct copying {
    const struct ht_root *root;
    const char *from; /* folder below the root */
    int to;
    uint64_t left; /* bytes */
    int code;
};

static int copy_bytes(struct copying *copying, int in, int out)
{
    char block[64 * 1024];

    for (;;) {
        ssize_t len = read(in, block, sizeof(block));
        int r;

        if (len <= 0)
            return len < 0 ? -errno : 0;
        if ((uint64_t)len > copying->left)
            return -EFBIG;
        copying->left -= (uint64_t)len;
        r = ht_write_all(out, (struct ht_str){.data = block, .len = (size_t)len});
        if (r < 0)
            return r;
    }
}

static int copy_file(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct copying *copying = context;
    ht_autobuf struct ht_buf from = HT_BUF(4096);

    (void)inode;
    if (type == DT_DIR || name[0] == '.')
        return 0;
    ht_buf_addf(&from, "%s/%s", copying->from, name);
    ht_autoclose int in = ht_root_open_regular(copying->root, from.data, NULL, NULL);
    if (in < 0)
        return 0;
    ht_autoclose int out =
        openat(copying->to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    copying->code = out < 0 ? -errno : copy_bytes(copying, in, out);
    return copying->code;
}

/* A new folder, locked. */
static int make_folder(struct ht_rpm_copy *copy, struct ht_error *err)
{
    const char *tmp = getenv("TMPDIR");
    ht_autobuf struct ht_buf name = HT_BUF(4096);

    if (!tmp || tmp[0] != '/')
        tmp = "/tmp";
    sweep_all(tmp);
    ht_buf_addf(&name, "%s/" PREFIX "XXXXXX", tmp);
    ht_autofree char *folder = ht_strndup(name.data, name.len);
    if (!mkdtemp(folder))
        return ht_error_errno(err, errno, "%s", folder);
    copy->fd = open(folder, FOLDER);
    if (copy->fd < 0 || flock(copy->fd, LOCK_EX | LOCK_NB) < 0) {
        int code = ht_error_errno(err, errno, "%s", folder);

        ht_cleanup_close(&copy->fd);
        (void)rmdir(folder);
        return code;
    }
    copy->folder = ht_steal_ptr(folder);
    return 0;
}

int ht_rpm_copy_make(const struct ht_root *root, const char *from, struct ht_rpm_copy *ret_copy,
                     struct ht_error *err)
{
    struct ht_rpm_copy copy = {0};
    struct copying copying = {.root = root, .from = from, .left = HT_LIMIT_RPM_DATABASE};
    const struct ht_dir_visitor visitor = {.visit = copy_file, .context = &copying};
    int code = make_folder(&copy, err);

    if (code < 0)
        return code;
    copying.to = copy.fd;
    code = ht_root_list(root, from, &visitor, err);
    if (code == 0 && copying.code == 0) {
        *ret_copy = copy;
        return 0;
    }
    ht_rpm_copy_drop(&copy);
    return code < 0 && copying.code == 0
               ? code
               : ht_error_errno(err, -copying.code, "%s: no private copy", from);
}
