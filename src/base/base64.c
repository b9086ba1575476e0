/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/base64.h"

#include <errno.h>

#include <nettle/base64.h>

#include "hulltop/base/mem.h"

enum { PIECE = 3 * 256 }; /* whole groups, so that only the last piece is padded */

/* nettle passes over blanks of each kind. */
static bool is_foreign_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

int ht_base64_decode(struct ht_str text, struct ht_buf *out)
{
    struct base64_decode_ctx context;
    uint8_t piece[BASE64_DECODE_LENGTH(PIECE)];
    int r = 0;

    base64_decode_init(&context);
    for (size_t at = 0; at < text.len && r == 0; at += PIECE) {
        struct ht_str part = ht_str_sub(text, at, PIECE);
        size_t len = sizeof(piece);

        for (size_t i = 0; i < part.len && r == 0; i++)
            r = is_foreign_blank(part.data[i]) ? -EINVAL : 0;
        if (r == 0 && !base64_decode_update(&context, &len, piece, part.len, part.data))
            r = -EINVAL;
        if (r == 0)
            ht_buf_add(out, (const char *)piece, len);
    }
    if (r == 0 && !base64_decode_final(&context))
        r = -EINVAL;
    if (r == 0 && ht_buf_is_full(out))
        r = -EFBIG;
    ht_wipe(&context, sizeof(context));
    ht_wipe(piece, sizeof(piece));
    return r;
}

void ht_base64_encode(struct ht_str bytes, struct ht_buf *out)
{
    char piece[BASE64_ENCODE_RAW_LENGTH(PIECE)];

    for (size_t at = 0; at < bytes.len; at += PIECE) {
        struct ht_str part = ht_str_sub(bytes, at, PIECE);

        base64_encode_raw(piece, part.len, (const uint8_t *)part.data);
        ht_buf_add(out, piece, BASE64_ENCODE_RAW_LENGTH(part.len));
    }
    ht_wipe(piece, sizeof(piece));
}
