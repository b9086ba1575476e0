/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/digest.h"

#include <errno.h>
#include <unistd.h>

#include <nettle/hmac.h>
#include <nettle/sha2.h>

#include "hulltop/base/mem.h"

struct ht_sha256 {
    struct sha256_ctx context;
};

static void write_hex(const uint8_t *bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < SHA256_DIGEST_SIZE; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * SHA256_DIGEST_SIZE] = '\0';
}

static void put_text(struct sha256_ctx *context, char *out)
{
    uint8_t bytes[SHA256_DIGEST_SIZE];

    sha256_digest(context, sizeof(bytes), bytes);
    write_hex(bytes, out);
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
    write_hex(bytes, out);
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

int ht_sha256_fd(int fd, const char *name, uint64_t max_bytes, char *out, struct ht_error *err)
{
    struct sha256_ctx context;
    char block[64 * 1024];
    uint64_t left = max_bytes;

    sha256_init(&context);
    for (;;) {
        ssize_t len = read(fd, block, sizeof(block));

        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return ht_error_errno(err, errno, "%s", name);
        if (len == 0)
            break;
        if ((uint64_t)len > left)
            return ht_error_set(err, EFBIG, "%s: more than %llu bytes", name,
                                (unsigned long long)max_bytes);
        left -= (uint64_t)len;
        add(&context, (struct ht_str){.data = block, .len = (size_t)len});
    }
    put_text(&context, out);
    return 0;
}
