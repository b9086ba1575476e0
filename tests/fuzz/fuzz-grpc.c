/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stream in pieces (the first byte is their size) must give the messages of the whole. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hulltop/base/grpc.h"

enum { MESSAGE_MAX_BYTES = 300 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int keep(void *context, struct ht_str message)
{
    struct ht_buf *kept = context;
    struct ht_buf text = HT_BUF(MESSAGE_MAX_BYTES);

    if (message.len > MESSAGE_MAX_BYTES)
        abort();
    ht_grpc_decode_text(&text, message);
    if (ht_buf_is_full(&text))
        abort();
    ht_buf_addf(kept, "%zu:", message.len);
    ht_buf_add_str(kept, ht_buf_str(&text));
    ht_buf_fini(&text);
    return 0;
}

static int feed(struct ht_str stream, size_t piece, struct ht_buf *kept)
{
    struct ht_grpc_frames frames;
    int r = 0;

    ht_grpc_frames_init(&frames, MESSAGE_MAX_BYTES, keep, kept);
    for (size_t at = 0; r == 0 && at < stream.len; at += piece)
        r = ht_grpc_frames_feed(&frames, ht_str_sub(stream, at, piece));
    if ((r == -EPROTO) != (frames.fault != NULL))
        abort();
    ht_grpc_frames_fini(&frames);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ht_buf whole = HT_BUF(1 << 24);
    struct ht_buf pieces = HT_BUF(1 << 24);
    struct ht_str stream;

    if (size < 1)
        return 0;
    stream = (struct ht_str){.data = (const char *)data + 1, .len = size - 1};

    int r = feed(stream, stream.len + 1, &whole);

    if (feed(stream, data[0] ? data[0] : 1, &pieces) != r || (r && r != -EFBIG && r != -EPROTO))
        abort();
    if (!ht_str_equal(ht_buf_str(&whole), ht_buf_str(&pieces)))
        abort();
    ht_buf_fini(&whole);
    ht_buf_fini(&pieces);
    return 0;
}
