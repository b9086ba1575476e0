/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gRPC's framing and the text of its errors; knows no connection. */
#include <errno.h>

#include "hulltop/base/grpc.h"

enum { HEAD = 5 };

void ht_grpc_frames_init(struct ht_grpc_frames *frames, size_t max_bytes, ht_grpc_message visit,
                         void *context)
{
    *frames = (struct ht_grpc_frames){.visit = visit, .context = context};
    ht_buf_init(&frames->rest, max_bytes + HEAD);
}

void ht_grpc_frames_fini(struct ht_grpc_frames *frames)
{
    ht_buf_fini(&frames->rest);
}

static size_t length_of(const char *head)
{
    size_t length = 0;

    for (size_t i = 1; i < HEAD; i++)
        length = length << 8 | (unsigned char)head[i];
    return length;
}

/* Moves bytes from *bytes behind the rest until it has wanted of them; false: they were too few. */
static bool fill(struct ht_grpc_frames *frames, struct ht_str *bytes, size_t wanted)
{
    struct ht_str part = ht_str_sub(*bytes, 0, wanted - frames->rest.len);

    ht_buf_add_str(&frames->rest, part);
    *bytes = ht_str_sub(*bytes, part.len, bytes->len);
    return frames->rest.len == wanted;
}

static int check_head(struct ht_grpc_frames *frames)
{
    unsigned flags = (unsigned char)frames->rest.data[0];

    if (flags == 1)
        frames->fault = "a compressed message, which nobody asked for";
    else if (flags)
        frames->fault = "a frame with unknown flags";
    if (flags)
        return -EPROTO;
    return length_of(frames->rest.data) > frames->rest.max - HEAD ? -EFBIG : 0;
}

int ht_grpc_frames_feed(struct ht_grpc_frames *frames, struct ht_str bytes)
{
    while (bytes.len) {
        int r = 0;

        if (frames->rest.len < HEAD) {
            if (!fill(frames, &bytes, HEAD))
                return 0;
            r = check_head(frames);
            if (r)
                return r;
        }
        if (!fill(frames, &bytes, HEAD + length_of(frames->rest.data)))
            return 0;
        r = frames->visit(frames->context,
                          ht_str_sub(ht_buf_str(&frames->rest), HEAD, frames->rest.len));
        ht_buf_reset(&frames->rest);
        if (r)
            return r;
    }
    return 0;
}

bool ht_grpc_frames_inside(const struct ht_grpc_frames *frames)
{
    return frames->rest.len > 0;
}

void ht_grpc_decode_text(struct ht_buf *out, struct ht_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint64_t byte = 0;

        if (text.data[i] == '%' && text.len - i > 2 &&
            ht_parse_hex64(ht_str_sub(text, i + 1, 2), &byte) == 0) {
            ht_buf_add_c(out, (char)byte);
            i += 2;
        } else {
            ht_buf_add_c(out, text.data[i]);
        }
    }
}
