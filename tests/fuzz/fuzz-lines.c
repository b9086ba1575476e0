/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stream in pieces (the first byte is their size) must give the lines of the whole. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hulltop/base/lines.h"

enum { LINE_MAX_BYTES = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int keep(void *context, struct ht_str line)
{
    struct ht_buf *kept = context;

    if (!line.len || line.len > LINE_MAX_BYTES || ht_str_find_byte(line, '\n') >= 0)
        abort();
    ht_buf_add_str(kept, line);
    ht_buf_add_c(kept, '\n');
    return 0;
}

static int feed(struct ht_str stream, size_t piece, struct ht_buf *kept)
{
    struct ht_lines lines;
    int r = 0;

    ht_lines_init(&lines, LINE_MAX_BYTES, keep, kept);
    for (size_t at = 0; r == 0 && at < stream.len; at += piece)
        r = ht_lines_feed(&lines, ht_str_sub(stream, at, piece));
    if (r == 0)
        r = ht_lines_end(&lines);
    ht_lines_fini(&lines);
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

    if (feed(stream, data[0] ? data[0] : 1, &pieces) != r || (r != 0 && r != -EFBIG))
        abort();
    if (!ht_str_equal(ht_buf_str(&whole), ht_buf_str(&pieces)))
        abort();
    ht_buf_fini(&whole);
    ht_buf_fini(&pieces);
    return 0;
}
