/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Printable text stays as it is in a second pass, has the width that is claimed, and is cut to fit.
 * The first byte chooses flags and width. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/printable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* Columns of a text that must be printable. */
static size_t check_printable(struct ht_str shown, unsigned flags)
{
    size_t cols = 0;

    for (size_t at = 0; at < shown.len;) {
        uint32_t code = 0;
        size_t len = ht_utf8_decode(ht_str_sub(shown, at, shown.len), &code);

        require(len > 0);
        at += len;
        if (code == '\n' && (flags & HT_PRINT_NEWLINES))
            continue;
        require(code >= 0x20 && !(code >= 0x7f && code < 0xa0) && ht_code_width(code) >= 0);
        require(!(flags & HT_PRINT_ASCII) || code < 0x7f);
        cols += (size_t)ht_code_width(code);
    }
    return cols;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;

    unsigned flags = data[0] & 3;
    size_t width = data[0] >> 2;
    struct ht_str text = {.data = (const char *)data + 1, .len = size - 1};
    ht_autobuf struct ht_buf once = HT_BUF(SIZE_MAX / 2);
    ht_autobuf struct ht_buf twice = HT_BUF(SIZE_MAX / 2);
    ht_autobuf struct ht_buf cut = HT_BUF(SIZE_MAX / 2);

    ht_printable(&once, text, flags);
    ht_printable(&twice, ht_buf_str(&once), flags);
    require(ht_str_equal(ht_buf_str(&once), ht_buf_str(&twice)));
    require(check_printable(ht_buf_str(&once), flags) == ht_printable_width(text, flags));

    size_t cols = ht_printable_cut(&cut, text, width, flags);
    require(cols <= width && check_printable(ht_buf_str(&cut), flags) == cols);
    return 0;
}
