/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compressed bytes through every codec: it ends, within its limit, and an error stays one. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hulltop/base/mem.h"
#include "hulltop/base/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 1 << 20, PIECE = 4096 };

static void read_all(int source, enum ht_codec codec)
{
    ht_autounpack struct ht_unpack *unpack = NULL;
    struct ht_error err = {0};
    char piece[PIECE];
    uint64_t total = 0;
    ssize_t n;

    if (lseek(source, 0, SEEK_SET) < 0 || ht_unpack_new(dup(source), "x", codec, &unpack, &err) < 0)
        return;
    ht_unpack_limit(unpack, LIMIT);
    while ((n = ht_unpack_read(unpack, piece, sizeof(piece), &err)) > 0)
        total += (uint64_t)n;
    if (total > LIMIT || (n < 0 && ht_unpack_read(unpack, piece, sizeof(piece), &err) != n))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autoclose int fd = memfd_create("fuzz", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        return 0;
    for (enum ht_codec codec = HT_CODEC_NONE; codec <= HT_CODEC_ZSTD; codec++)
        read_all(fd, codec);
    return 0;
}
