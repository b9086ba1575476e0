/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

int ht_input_read(const char *path, struct ht_buf *out, size_t max_bytes, struct ht_error *err)
{
    if (strcmp(path, "-") == 0)
        return ht_read_fd(STDIN_FILENO, "standard input", out, max_bytes, err);

    ht_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return ht_error_errno(err, errno, "%s", path);
    return ht_read_fd(fd, path, out, max_bytes, err);
}
