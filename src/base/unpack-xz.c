/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xz and its older form, lzma. */
#include "config.h"

#include "unpack-private.h"

#ifdef HAVE_LZMA

#include <lzma.h>

#include "hulltop/base/mem.h"

static void *begin_with(lzma_ret (*init)(lzma_stream *stream))
{
    lzma_stream *stream = ht_new0(lzma_stream);

    if (init(stream) == LZMA_OK)
        return stream;
    free(stream);
    return NULL;
}

static lzma_ret init_xz(lzma_stream *stream)
{
    return lzma_stream_decoder(stream, HT_CODEC_MEMORY, 0);
}

static lzma_ret init_lzma(lzma_stream *stream)
{
    return lzma_alone_decoder(stream, HT_CODEC_MEMORY);
}

static void *begin_xz(void)
{
    return begin_with(init_xz);
}

static void *begin_lzma(void)
{
    return begin_with(init_lzma);
}

static enum ht_codec_result step(void *self, struct ht_codec_io *io)
{
    lzma_stream *stream = self;
    lzma_ret r;

    stream->next_in = io->in;
    stream->avail_in = io->in_len;
    stream->next_out = io->out;
    stream->avail_out = io->out_len;
    r = lzma_code(stream, LZMA_RUN);
    io->in = stream->next_in;
    io->in_len = stream->avail_in;
    io->out = stream->next_out;
    io->out_len = stream->avail_out;
    if (r == LZMA_STREAM_END)
        return HT_CODEC_END;
    if (r == LZMA_MEMLIMIT_ERROR || r == LZMA_MEM_ERROR)
        return HT_CODEC_BIG;
    return r == LZMA_OK || r == LZMA_BUF_ERROR ? HT_CODEC_MORE : HT_CODEC_BAD;
}

/* A used decoder is initialised again without being ended: it keeps its memory. */
static bool again_xz(void *self)
{
    return init_xz(self) == LZMA_OK;
}

static bool again_lzma(void *self)
{
    return init_lzma(self) == LZMA_OK;
}

static void free_stream(void *self)
{
    lzma_end(self);
    free(self);
}

const struct ht_codec_ops ht_codec_xz = {
    .name = "xz", .begin = begin_xz, .step = step, .again = again_xz, .free = free_stream};
const struct ht_codec_ops ht_codec_lzma = {
    .name = "lzma", .begin = begin_lzma, .step = step, .again = again_lzma, .free = free_stream};

#endif
