/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "unpack-private.h"

#ifdef HAVE_ZLIB

#include <limits.h>
#include <zlib.h>

#include "hulltop/base/mem.h"

enum { GZIP_WINDOW = 15 + 32 /* gzip or zlib, by its head */ };

static void *begin(void)
{
    z_stream *stream = ht_new0(z_stream);

    if (inflateInit2(stream, GZIP_WINDOW) == Z_OK)
        return stream;
    free(stream);
    return NULL;
}

static enum ht_codec_result step(void *self, struct ht_codec_io *io)
{
    z_stream *stream = self;
    int r;

    stream->next_in = (unsigned char *)io->in;
    stream->avail_in = (unsigned)(io->in_len > UINT_MAX ? UINT_MAX : io->in_len);
    stream->next_out = io->out;
    stream->avail_out = (unsigned)(io->out_len > UINT_MAX ? UINT_MAX : io->out_len);
    r = inflate(stream, Z_NO_FLUSH);
    io->in_len -= (size_t)(stream->next_in - io->in);
    io->in = stream->next_in;
    io->out_len -= (size_t)(stream->next_out - io->out);
    io->out = stream->next_out;
    if (r == Z_STREAM_END)
        return HT_CODEC_END;
    return r == Z_OK || r == Z_BUF_ERROR ? HT_CODEC_MORE : HT_CODEC_BAD;
}

static bool again(void *self)
{
    return inflateReset(self) == Z_OK;
}

static void free_stream(void *self)
{
    inflateEnd(self);
    free(self);
}

const struct ht_codec_ops ht_codec_gzip = {.name = "gzip",
                                           .may_be_empty = true,
                                           .continues = true,
                                           .may_be_plain = true,
                                           .magic = {0x1f, 0x8b},
                                           .begin = begin,
                                           .step = step,
                                           .again = again,
                                           .free = free_stream};

#endif
