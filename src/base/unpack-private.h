/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a codec is to the stream above it. */
#ifndef HT_BASE_UNPACK_PRIVATE_H
#define HT_BASE_UNPACK_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes in and room out; step moves the pointers on by what it used and wrote. */
struct ht_codec_io {
    const unsigned char *in;
    size_t in_len;
    unsigned char *out;
    size_t out_len;
};

enum ht_codec_result {
    HT_CODEC_MORE, /* it went on, or needs more bytes or room */
    HT_CODEC_END,  /* a member, frame or stream ended; another may follow */
    HT_CODEC_BAD,  /* not such a stream, or damaged */
    HT_CODEC_BIG,  /* it asks for more memory than it gets */
};

struct ht_codec_ops {
    const char *name;
    bool may_be_empty; /* no byte at all is an empty stream, as apt takes it */
    bool continues;    /* apt reads on behind the end of a stream */
    bool may_be_plain; /* to apt, what does not begin with magic is as it is */
    unsigned char magic[2];
    void *(*begin)(void);
    enum ht_codec_result (*step)(void *self, struct ht_codec_io *io);
    /* Ready for the next member; false if it cannot. */
    bool (*again)(void *self);
    void (*free)(void *self);
};

extern const struct ht_codec_ops ht_codec_gzip, ht_codec_bzip2, ht_codec_xz, ht_codec_lzma,
    ht_codec_lz4, ht_codec_zstd;

/* A codec may ask for so much memory (xz -9 needs 65 MB). */
enum { HT_CODEC_MEMORY = 80 * 1024 * 1024, HT_CODEC_WINDOW_LOG = 26 };

#endif
