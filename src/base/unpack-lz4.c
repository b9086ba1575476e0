/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "unpack-private.h"

#ifdef HAVE_LZ4

#include <lz4frame.h>

static void *begin(void)
{
    LZ4F_dctx *context = NULL;

    return LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) ? NULL : context;
}

static enum ht_codec_result step(void *self, struct ht_codec_io *io)
{
    size_t in_len = io->in_len;
    size_t out_len = io->out_len;
    size_t r = LZ4F_decompress(self, io->out, &out_len, io->in, &in_len, NULL);

    io->in += in_len;
    io->in_len -= in_len;
    io->out += out_len;
    io->out_len -= out_len;
    if (LZ4F_isError(r))
        return HT_CODEC_BAD;
    return r == 0 ? HT_CODEC_END : HT_CODEC_MORE;
}

/* The end of a frame leaves it ready for the next. */
static bool again(void *self)
{
    LZ4F_resetDecompressionContext(self);
    return true;
}

static void free_context(void *self)
{
    LZ4F_freeDecompressionContext(self);
}

const struct ht_codec_ops ht_codec_lz4 = {
    .name = "lz4", .begin = begin, .step = step, .again = again, .free = free_context};

#endif
