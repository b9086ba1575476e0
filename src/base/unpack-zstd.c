/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "unpack-private.h"

#ifdef HAVE_ZSTD

#include <zstd.h>
#include <zstd_errors.h>

static void *begin(void)
{
    ZSTD_DStream *stream = ZSTD_createDStream();

    if (stream)
        ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, HT_CODEC_WINDOW_LOG);
    return stream;
}

static enum ht_codec_result step(void *self, struct ht_codec_io *io)
{
    ZSTD_inBuffer in = {.src = io->in, .size = io->in_len};
    ZSTD_outBuffer out = {.dst = io->out, .size = io->out_len};
    size_t r = ZSTD_decompressStream(self, &out, &in);

    io->in += in.pos;
    io->in_len -= in.pos;
    io->out += out.pos;
    io->out_len -= out.pos;
    if (ZSTD_isError(r))
        return ZSTD_getErrorCode(r) == ZSTD_error_frameParameter_windowTooLarge ? HT_CODEC_BIG
                                                                                : HT_CODEC_BAD;
    return r == 0 ? HT_CODEC_END : HT_CODEC_MORE;
}

static bool again(void *self)
{
    return !ZSTD_isError(ZSTD_DCtx_reset(self, ZSTD_reset_session_only));
}

static void free_stream(void *self)
{
    ZSTD_freeDStream(self);
}

const struct ht_codec_ops ht_codec_zstd = {.name = "zstd",
                                           .continues = true,
                                           .begin = begin,
                                           .step = step,
                                           .again = again,
                                           .free = free_stream};

#endif
