/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/digest.h"

#include <errno.h>
#include <unistd.h>

#include <nettle/hmac.h>
#include <nettle/md5.h>
#include <nettle/sha2.h>

#include "hulltop/base/mem.h"

struct ht_sha256 {
    struct sha256_ctx context;
};

static void write_hex(const uint8_t *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

static void put_text(struct sha256_ctx *context, char *out)
{
    uint8_t bytes[SHA256_DIGEST_SIZE];

    sha256_digest(context, sizeof(bytes), bytes);
    write_hex(bytes, sizeof(bytes), out);
}

static void add(struct sha256_ctx *context, struct ht_str data)
{
    if (data.len)
        sha256_update(context, data.len, (const uint8_t *)data.data);
}

const char *ht_sha256_text(struct ht_str data, char *out)
{
    struct sha256_ctx context;

    sha256_init(&context);
    add(&context, data);
    put_text(&context, out);
    return out;
}

const char *ht_hmac_sha256_text(struct ht_str key, struct ht_str data, char *out)
{
    struct hmac_sha256_ctx context;
    uint8_t bytes[SHA256_DIGEST_SIZE];

    hmac_sha256_set_key(&context, key.len, (const uint8_t *)key.data);
    if (data.len)
        hmac_sha256_update(&context, data.len, (const uint8_t *)data.data);
    hmac_sha256_digest(&context, sizeof(bytes), bytes);
    write_hex(bytes, sizeof(bytes), out);
    ht_wipe(&context, sizeof(context));
    return out;
}

struct ht_sha256 *ht_sha256_new(void)
{
    struct ht_sha256 *digest = ht_new0(struct ht_sha256);

    sha256_init(&digest->context);
    return digest;
}

void ht_sha256_add(struct ht_sha256 *digest, struct ht_str data)
{
    add(&digest->context, data);
}

void ht_sha256_finish(struct ht_sha256 *digest, char *out)
{
    if (digest && out)
        put_text(&digest->context, out);
    free(digest);
}

/* Takes in the bytes that were read. */
struct taker {
    void (*take)(void *context, size_t len, const uint8_t *data);
    void *context;
};

static int read_all(int fd, const char *name, uint64_t max_bytes, struct taker taker,
                    struct ht_error *err)
{
    uint8_t block[32 * 1024];
    uint64_t left = max_bytes;

    for (;;) {
        ssize_t len = read(fd, block, sizeof(block));

        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return ht_error_errno(err, errno, "%s", name);
        if (len == 0)
            return 0;
        if ((uint64_t)len > left)
            return ht_error_set(err, EFBIG, "%s: more than %llu bytes", name,
                                (unsigned long long)max_bytes);
        left -= (uint64_t)len;
        taker.take(taker.context, (size_t)len, block);
    }
}

static void take_sha256(void *context, size_t len, const uint8_t *data)
{
    sha256_update(context, len, data);
}

int ht_sha256_fd(int fd, const char *name, uint64_t max_bytes, char *out, struct ht_error *err)
{
    struct sha256_ctx context;
    int r;

    sha256_init(&context);
    r = read_all(fd, name, max_bytes, (struct taker){take_sha256, &context}, err);
    if (r == 0)
        put_text(&context, out);
    return r;
}

static void take_md5(void *context, size_t len, const uint8_t *data)
{
    md5_update(context, len, data);
}

int ht_md5_fd(int fd, const char *name, uint64_t max_bytes, char *out, struct ht_error *err)
{
    struct md5_ctx context;
    uint8_t bytes[MD5_DIGEST_SIZE];
    int r;

    md5_init(&context);
    r = read_all(fd, name, max_bytes, (struct taker){take_md5, &context}, err);
    if (r < 0)
        return r;
    md5_digest(&context, sizeof(bytes), bytes);
    write_hex(bytes, sizeof(bytes), out);
    return 0;
}
