/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "unpack-private.h"

#ifdef HAVE_BZIP2

#include <bzlib.h>
#include <limits.h>

#include "hulltop/base/mem.h"

static void *begin(void)
{
    bz_stream *stream = ht_new0(bz_stream);

    if (BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK)
        return stream;
    free(stream);
    return NULL;
}

static enum ht_codec_result step(void *self, struct ht_codec_io *io)
{
    bz_stream *stream = self;
    unsigned in_len = (unsigned)(io->in_len > UINT_MAX ? UINT_MAX : io->in_len);
    unsigned out_len = (unsigned)(io->out_len > UINT_MAX ? UINT_MAX : io->out_len);
    int r;

    stream->next_in = (char *)io->in;
    stream->avail_in = in_len;
    stream->next_out = (char *)io->out;
    stream->avail_out = out_len;
    r = BZ2_bzDecompress(stream);
    io->in += in_len - stream->avail_in;
    io->in_len -= in_len - stream->avail_in;
    io->out += out_len - stream->avail_out;
    io->out_len -= out_len - stream->avail_out;
    if (r == BZ_STREAM_END)
        return HT_CODEC_END;
    return r == BZ_OK ? HT_CODEC_MORE : HT_CODEC_BAD;
}

static bool again(void *self)
{
    bz_stream *stream = self;

    BZ2_bzDecompressEnd(stream);
    *stream = (bz_stream){0};
    return BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK;
}

static void free_stream(void *self)
{
    BZ2_bzDecompressEnd(self);
    free(self);
}

const struct ht_codec_ops ht_codec_bzip2 = {
    .name = "bzip2", .begin = begin, .step = step, .again = again, .free = free_stream};

#endif
