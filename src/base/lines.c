/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/lines.h"

#include <errno.h>

void ht_lines_init(struct ht_lines *lines, size_t max_line_bytes, ht_line_visit visit,
                   void *context)
{
    *lines = (struct ht_lines){.visit = visit, .context = context};
    ht_buf_init(&lines->rest, max_line_bytes);
}

void ht_lines_fini(struct ht_lines *lines)
{
    ht_buf_fini(&lines->rest);
}

static int deliver(struct ht_lines *lines, struct ht_str line)
{
    if (line.len > lines->rest.max)
        return -EFBIG;
    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    return line.len ? lines->visit(lines->context, line) : 0;
}

int ht_lines_feed(struct ht_lines *lines, struct ht_str bytes)
{
    for (;;) {
        ptrdiff_t end = ht_str_find_byte(bytes, '\n');
        struct ht_str line = ht_str_sub(bytes, 0, end < 0 ? bytes.len : (size_t)end);
        int r = 0;

        if (end < 0 || lines->rest.len) {
            ht_buf_add_str(&lines->rest, line);
            if (ht_buf_is_full(&lines->rest))
                return -EFBIG;
            if (end < 0)
                return 0;
            line = ht_buf_str(&lines->rest);
        }
        r = deliver(lines, line);
        ht_buf_reset(&lines->rest);
        if (r)
            return r;
        bytes = ht_str_sub(bytes, (size_t)end + 1, bytes.len);
    }
}

int ht_lines_end(struct ht_lines *lines)
{
    int r = deliver(lines, ht_buf_str(&lines->rest));

    ht_buf_reset(&lines->rest);
    return r;
}
