/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing buffer with a mandatory limit. Layer 1 (base); one owner, one thread.
 *
 * Appending past the limit, once, marks the buffer as full: the bytes that fit stay, every later
 * append is ignored, ht_buf_is_full tells. So a writer checks once, at the end.
 */
#ifndef HT_BASE_BUF_H
#define HT_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "hulltop/base/str.h"

struct ht_buf {
    char *data; /* NUL-terminated once anything was appended */
    size_t len;
    size_t cap;
    size_t max; /* len never exceeds it */
    bool full;
};

#define HT_BUF(limit)                                                                              \
    {                                                                                              \
        .max = (limit)                                                                             \
    }
#define ht_autobuf __attribute__((cleanup(ht_buf_fini)))

/* Empty, for at most max_bytes; HT_BUF does the same at declaration. */
void ht_buf_init(struct ht_buf *buf, size_t max_bytes);
/* Frees the bytes; the buffer can be used again with the same limit. */
void ht_buf_fini(struct ht_buf *buf);
/* Empties it and keeps its memory. */
void ht_buf_reset(struct ht_buf *buf);
/* Takes away what is behind its first len bytes, of which it has so many; it is not full then. */
void ht_buf_cut(struct ht_buf *buf, size_t len);
void ht_buf_add(struct ht_buf *buf, const void *data, size_t len);
void ht_buf_add_c(struct ht_buf *buf, char c);
void ht_buf_add_n(struct ht_buf *buf, char c, size_t times);
void ht_buf_add_text(struct ht_buf *buf, const char *text);
void ht_buf_add_str(struct ht_buf *buf, struct ht_str s);
void ht_buf_addf(struct ht_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ht_buf_addv(struct ht_buf *buf, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* Makes room for wanted more bytes, fewer where the limit is nearer, and returns where they go;
 * ret_room says how many. Whoever wrote there tells it by ht_buf_grow. Never marks it as full. */
char *ht_buf_room(struct ht_buf *buf, size_t wanted, size_t *ret_room);
/* len bytes of the room were written. */
void ht_buf_grow(struct ht_buf *buf, size_t len);
bool ht_buf_is_full(const struct ht_buf *buf);
/* Borrows what is in it, until the next change. */
struct ht_str ht_buf_str(const struct ht_buf *buf);
/* Hands the bytes over (free()); never NULL; the buffer is empty afterwards. */
char *ht_buf_take(struct ht_buf *buf);

#endif
