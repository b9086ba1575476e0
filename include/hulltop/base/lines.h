/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cuts a stream of bytes, as it arrives, into lines. Layer 1 (base); one owner, one thread.
 */
#ifndef HT_BASE_LINES_H
#define HT_BASE_LINES_H

#include <stddef.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/str.h"

/* Called with each line without "\n" or "\r\n"; empty lines are left out; other than 0 ends the
 * feeding and is returned by it. The line is valid during the call only. */
typedef int (*ht_line_visit)(void *context, struct ht_str line);

struct ht_lines {
    struct ht_buf rest; /* of a line whose end has not come */
    ht_line_visit visit;
    void *context;
};

/* Begins; a line of more than max_line_bytes will be refused. */
void ht_lines_init(struct ht_lines *lines, size_t max_line_bytes, ht_line_visit visit,
                   void *context);
/* Forgets a line that has begun. */
void ht_lines_fini(struct ht_lines *lines);
/* Takes the next bytes: 0, what visit returned, or -EFBIG for a line over the limit. */
int ht_lines_feed(struct ht_lines *lines, struct ht_str bytes);
/* The stream has ended: a last line without end is delivered. */
int ht_lines_end(struct ht_lines *lines);

#endif
