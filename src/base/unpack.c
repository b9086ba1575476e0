/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "hulltop/base/unpack.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "unpack-private.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { IN_BYTES = 64 * 1024 };

struct ht_unpack {
    int fd;
    char *name;
    const struct ht_codec_ops *ops; /* NULL: as it is */
    void *codec;
    uint64_t max_bytes;
    uint64_t taken; /* bytes read from the file */
    uint64_t given; /* bytes handed out */
    size_t in_at;   /* what the codec has not taken yet: in[in_at, in_len) */
    size_t in_len;
    bool ended;   /* the file has */
    bool between; /* no member has begun */
    bool any;     /* a member was read to its end */
    bool as_apt;
    bool done;  /* what follows does not count */
    bool plain; /* it was no stream from its beginning */
    int failed; /* negative errno of an earlier call */
    unsigned char in[IN_BYTES];
};

struct codec {
    const char *suffix;
    const char *name;
    const struct ht_codec_ops *ops;
};

static const struct codec codecs[] = {
    [HT_CODEC_NONE] = {"", "plain", NULL},
#ifdef HAVE_ZLIB
    [HT_CODEC_GZIP] = {".gz", "gzip", &ht_codec_gzip},
#else
    [HT_CODEC_GZIP] = {".gz", "gzip", NULL},
#endif
#ifdef HAVE_BZIP2
    [HT_CODEC_BZIP2] = {".bz2", "bzip2", &ht_codec_bzip2},
#else
    [HT_CODEC_BZIP2] = {".bz2", "bzip2", NULL},
#endif
#ifdef HAVE_LZMA
    [HT_CODEC_XZ] = {".xz", "xz", &ht_codec_xz},
    [HT_CODEC_LZMA] = {".lzma", "lzma", &ht_codec_lzma},
#else
    [HT_CODEC_XZ] = {".xz", "xz", NULL},        [HT_CODEC_LZMA] = {".lzma", "lzma", NULL},
#endif
#ifdef HAVE_LZ4
    [HT_CODEC_LZ4] = {".lz4", "lz4", &ht_codec_lz4},
#else
    [HT_CODEC_LZ4] = {".lz4", "lz4", NULL},
#endif
#ifdef HAVE_ZSTD
    [HT_CODEC_ZSTD] = {".zst", "zstd", &ht_codec_zstd},
#else
    [HT_CODEC_ZSTD] = {".zst", "zstd", NULL},
#endif
};

enum ht_codec ht_codec_of(struct ht_str name)
{
    for (size_t i = HT_CODEC_NONE + 1; i < ARRAY_LEN(codecs); i++)
        if (ht_str_has_suffix(name, codecs[i].suffix))
            return (enum ht_codec)i;
    return HT_CODEC_NONE;
}

const char *ht_codec_name(enum ht_codec codec)
{
    return codecs[codec].name;
}

bool ht_codec_is_built(enum ht_codec codec)
{
    return codec == HT_CODEC_NONE || codecs[codec].ops;
}

int ht_unpack_new(int fd, const char *name, enum ht_codec codec, struct ht_unpack **ret_unpack,
                  struct ht_error *err)
{
    struct ht_unpack *unpack;

    if (!ht_codec_is_built(codec)) {
        close(fd);
        return ht_error_set(err, ENOSYS, "%s: this hulltop was built without %s", name,
                            codecs[codec].name);
    }
    /* What is read into needs no zeroes: a small file touches few of its pages. */
    unpack = ht_realloc(NULL, 1, sizeof(*unpack));
    memset(unpack, 0, offsetof(struct ht_unpack, in));
    unpack->fd = fd;
    unpack->name = ht_strdup(name);
    unpack->ops = codecs[codec].ops;
    unpack->max_bytes = HT_LIMIT_UNPACKED;
    unpack->between = true;
    if (unpack->ops) {
        unpack->codec = unpack->ops->begin();
        if (!unpack->codec) {
            ht_unpack_free(unpack);
            return ht_error_set(err, ENOMEM, "%s: %s cannot begin", name, codecs[codec].name);
        }
    }
    *ret_unpack = unpack;
    return 0;
}

void ht_unpack_limit(struct ht_unpack *unpack, uint64_t max_bytes)
{
    unpack->max_bytes = max_bytes;
}

void ht_unpack_as_apt(struct ht_unpack *unpack)
{
    unpack->as_apt = true;
}

uint64_t ht_unpack_given(const struct ht_unpack *unpack)
{
    return unpack->given;
}

struct ht_unpack *ht_unpack_free(struct ht_unpack *unpack)
{
    if (!unpack)
        return NULL;
    if (unpack->codec)
        unpack->ops->free(unpack->codec);
    close(unpack->fd);
    free(unpack->name);
    free(unpack);
    return NULL;
}

void ht_cleanup_unpack(struct ht_unpack **unpack)
{
    *unpack = ht_unpack_free(*unpack);
}

static ssize_t read_some(struct ht_unpack *unpack, void *out, size_t size, struct ht_error *err)
{
    ssize_t n;

    do
        n = read(unpack->fd, out, size);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return ht_error_errno(err, errno, "%s", unpack->name);
    unpack->taken += (uint64_t)n;
    unpack->ended = n == 0;
    return n;
}

/* What came out is counted before anybody uses it. */
static int account(struct ht_unpack *unpack, size_t len, struct ht_error *err)
{
    unpack->given += len;
    if (unpack->given > unpack->max_bytes)
        return ht_error_set(err, EFBIG, "%s: more than %llu bytes when unpacked", unpack->name,
                            (unsigned long long)unpack->max_bytes);
    if (unpack->ops && unpack->given > HT_LIMIT_UNPACK_FREE &&
        unpack->given / HT_LIMIT_UNPACK_RATIO > unpack->taken)
        return ht_error_set(err, EFBIG, "%s: unpacks to more than %d times its size", unpack->name,
                            HT_LIMIT_UNPACK_RATIO);
    return 0;
}

static int member_ended(struct ht_unpack *unpack, struct ht_error *err)
{
    unpack->between = unpack->any = true;
    unpack->done = unpack->as_apt && !unpack->ops->continues;
    if (!unpack->ops->again(unpack->codec))
        return ht_error_set(err, ENOMEM, "%s: %s cannot begin again", unpack->name,
                            unpack->ops->name);
    return 0;
}

/* One step of the codec; ret_len is what it wrote. */
static int step(struct ht_unpack *unpack, void *out, size_t size, size_t *ret_len,
                struct ht_error *err)
{
    struct ht_codec_io io = {.in = unpack->in + unpack->in_at,
                             .in_len = unpack->in_len - unpack->in_at,
                             .out = out,
                             .out_len = size};
    enum ht_codec_result result = unpack->ops->step(unpack->codec, &io);
    bool stuck = io.in_len == unpack->in_len - unpack->in_at && io.out_len == size;

    unpack->in_at = unpack->in_len - io.in_len;
    *ret_len = size - io.out_len;
    switch (result) {
    case HT_CODEC_MORE:
        unpack->between = unpack->between && stuck;
        if (stuck && unpack->ended)
            return ht_error_set(err, EBADMSG, "%s: ends in the middle", unpack->name);
        return 0;
    case HT_CODEC_END:
        return member_ended(unpack, err);
    case HT_CODEC_BIG:
        return ht_error_set(err, EFBIG, "%s: needs more memory than it gets", unpack->name);
    case HT_CODEC_BAD:
        break;
    }
    return ht_error_set(err, EBADMSG, "%s: damaged, or not %s", unpack->name, unpack->ops->name);
}

/* The file ends where a member could begin. */
static int end_between(const struct ht_unpack *unpack, struct ht_error *err)
{
    if (unpack->any || unpack->ops->may_be_empty)
        return 0;
    return ht_error_set(err, EBADMSG, "%s: empty, which is not %s", unpack->name,
                        unpack->ops->name);
}

/* What is no member where one could begin: the end, or at the beginning no stream at all. */
static void look_at_beginning(struct ht_unpack *unpack)
{
    size_t len = unpack->in_len - unpack->in_at;
    const struct ht_codec_ops *ops = unpack->ops;

    if (!unpack->as_apt || !ops->may_be_plain || !unpack->between || len == 0 ||
        memcmp(unpack->in + unpack->in_at, ops->magic,
               len < sizeof(ops->magic) ? len : sizeof(ops->magic)) == 0)
        return;
    unpack->done = unpack->any;
    unpack->plain = !unpack->any;
}

static size_t copy_some(struct ht_unpack *unpack, void *out, size_t size)
{
    size_t len = unpack->in_len - unpack->in_at;

    len = len < size ? len : size;
    memcpy(out, unpack->in + unpack->in_at, len);
    unpack->in_at += len;
    return len;
}

static ssize_t unpack_some(struct ht_unpack *unpack, void *out, size_t size, struct ht_error *err)
{
    while (!unpack->done) {
        size_t len = 0;
        int r;

        if (unpack->in_at == unpack->in_len && !unpack->ended) {
            ssize_t n = read_some(unpack, unpack->in, sizeof(unpack->in), err);

            if (n < 0)
                return n;
            unpack->in_at = 0;
            unpack->in_len = (size_t)n;
        }
        if (unpack->in_at == unpack->in_len && unpack->ended && unpack->between)
            return end_between(unpack, err);
        look_at_beginning(unpack);
        if (unpack->done)
            break;
        if (unpack->plain)
            return (ssize_t)copy_some(unpack, out, size);
        r = step(unpack, out, size, &len, err);
        if (r < 0)
            return r;
        if (len)
            return (ssize_t)len;
    }
    return 0;
}

ssize_t ht_unpack_read(struct ht_unpack *unpack, void *out, size_t size, struct ht_error *err)
{
    ssize_t n;

    if (unpack->failed)
        return ht_error_set(err, -unpack->failed, "%s: failed before", unpack->name);
    n = unpack->ops ? unpack_some(unpack, out, size, err) : read_some(unpack, out, size, err);
    if (n > 0) {
        int r = account(unpack, (size_t)n, err);

        if (r < 0)
            n = r;
    }
    if (n < 0)
        unpack->failed = (int)n;
    return n;
}
