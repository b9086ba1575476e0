/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kine's database and its write-ahead log: two bytes that say how much of the input is the
 * database, then both. The sums of the log are repaired, so that what lies behind them is reached.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hulltop/base/mem.h"
#include "src/source/kine.h"
#include "src/source/sqlite-inner.h"

enum { SIZE_MAX_BYTES = 128 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_be32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void add_sum(uint32_t sum[2], const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i + 8 <= len; i += 8) {
        sum[0] += ht_be32((const char *)bytes + i) + sum[1];
        sum[1] += ht_be32((const char *)bytes + i + 4) + sum[0];
    }
}

/* Magic with big-endian sums, and the sums of every frame over whatever stands there. */
static void repair_log(unsigned char *log, size_t len, size_t page_size)
{
    size_t frame = HT_SQLITE_FRAME_HEADER + page_size;
    uint32_t sum[2] = {0};

    if (len < HT_SQLITE_WAL_HEADER)
        return;
    put_be32(log, 0x377f0683);
    put_be32(log + 8, (uint32_t)page_size);
    add_sum(sum, log, 24);
    put_be32(log + 24, sum[0]);
    put_be32(log + 28, sum[1]);
    for (size_t at = HT_SQLITE_WAL_HEADER; at + frame <= len; at += frame) {
        memcpy(log + at + 8, log + 16, 8);
        add_sum(sum, log + at, 8);
        add_sum(sum, log + at + HT_SQLITE_FRAME_HEADER, page_size);
        put_be32(log + at + 16, sum[0]);
        put_be32(log + at + 20, sum[1]);
    }
}

static bool write_file(const char *path, const unsigned char *bytes, size_t len)
{
    ht_autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    return fd >= 0 && write(fd, bytes, len) == (ssize_t)len;
}

static char folder[] = "/tmp/fuzz-sqlite-XXXXXX";

static void clean_up(void)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/db", folder);
    unlink(path);
    snprintf(path, sizeof(path), "%s/db-wal", folder);
    unlink(path);
    rmdir(folder);
}

static void read_all(void)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    ht_autoarena struct ht_arena *arena = ht_arena_new(1 << 20);
    struct ht_datastore row = {0};
    struct ht_error err = {0};

    if (ht_root_open(&root, folder, NULL) < 0)
        return;

    struct ht_kine *kine = ht_kine_new(&root, "db");
    int r = ht_kine_refresh(kine, NULL, &err);
    if (r < 0 && !err.text[0])
        abort();
    if (r >= 0)
        ht_kine_tell(kine, arena, &row);
    ht_kine_free(kine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_ready;
    char db[64], log[64];

    if (size < 2 || size > SIZE_MAX_BYTES)
        return 0;
    if (!is_ready) {
        if (!mkdtemp(folder))
            abort();
        atexit(clean_up);
        is_ready = true;
    }

    size_t split = (size_t)data[0] << 8 | data[1];
    ht_autofree unsigned char *bytes = ht_realloc(NULL, size, 1);
    memcpy(bytes, data + 2, size - 2);
    if (split > size - 2)
        split = size - 2;
    if (split > 18)
        repair_log(bytes + split, size - 2 - split, (size_t)bytes[16] << 8 | bytes[17]);
    snprintf(db, sizeof(db), "%s/db", folder);
    snprintf(log, sizeof(log), "%s/db-wal", folder);
    if (write_file(db, bytes, split) && write_file(log, bytes + split, size - 2 - split))
        read_all();
    return 0;
}
