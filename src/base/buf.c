/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "hulltop/base/mem.h"

void ht_buf_init(struct ht_buf *buf, size_t max_bytes)
{
    *buf = (struct ht_buf)HT_BUF(max_bytes);
}

void ht_buf_fini(struct ht_buf *buf)
{
    free(buf->data);
    ht_buf_init(buf, buf->max);
}

void ht_buf_cut(struct ht_buf *buf, size_t len)
{
    assert(len <= buf->len);
    buf->len = len;
    buf->full = false;
    if (buf->data)
        buf->data[len] = '\0';
}

void ht_buf_reset(struct ht_buf *buf)
{
    ht_buf_cut(buf, 0);
}

/* Makes room for up to len more bytes; returns how many of them may be added. */
static size_t reserve(struct ht_buf *buf, size_t len)
{
    if (buf->full)
        return 0;
    if (len > buf->max - buf->len) {
        buf->full = true;
        len = buf->max - buf->len;
    }
    if (buf->len + len + 1 > buf->cap) {
        size_t cap = buf->cap ? buf->cap * 2 : 64;

        if (cap < buf->len + len + 1)
            cap = buf->len + len + 1;
        buf->data = ht_realloc(buf->data, cap, 1);
        buf->cap = cap;
    }
    return len;
}

void ht_buf_add(struct ht_buf *buf, const void *data, size_t len)
{
    len = reserve(buf, len);
    if (len)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    if (buf->data)
        buf->data[buf->len] = '\0';
}

void ht_buf_add_c(struct ht_buf *buf, char c)
{
    /* Where there is room no more than this: documents are written byte by byte. */
    if (!buf->full && buf->len < buf->max && buf->len + 1 < buf->cap) {
        buf->data[buf->len++] = c;
        buf->data[buf->len] = '\0';
        return;
    }
    ht_buf_add(buf, &c, 1);
}

void ht_buf_add_n(struct ht_buf *buf, char c, size_t times)
{
    times = reserve(buf, times);
    if (times)
        memset(buf->data + buf->len, c, times);
    buf->len += times;
    if (buf->data)
        buf->data[buf->len] = '\0';
}

void ht_buf_add_text(struct ht_buf *buf, const char *text)
{
    if (text)
        ht_buf_add(buf, text, strlen(text));
}

void ht_buf_add_str(struct ht_buf *buf, struct ht_str s)
{
    ht_buf_add(buf, s.data, s.len);
}

void ht_buf_addf(struct ht_buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    ht_buf_addv(buf, format, args);
    va_end(args);
}

void ht_buf_addv(struct ht_buf *buf, const char *format, va_list args)
{
    char small[256];
    va_list again;

    va_copy(again, args);
    int wanted = vsnprintf(small, sizeof(small), format, args);
    if (wanted > 0 && (size_t)wanted < sizeof(small)) {
        ht_buf_add(buf, small, (size_t)wanted);
    } else if (wanted > 0) {
        ht_autofree char *big = ht_alloc0((size_t)wanted + 1, 1);

        vsnprintf(big, (size_t)wanted + 1, format, again);
        ht_buf_add(buf, big, (size_t)wanted);
    }
    va_end(again);
}

char *ht_buf_room(struct ht_buf *buf, size_t wanted, size_t *ret_room)
{
    size_t left = buf->max - buf->len;

    *ret_room = wanted < left ? wanted : left;
    if (buf->len + *ret_room + 1 > buf->cap) {
        size_t cap = buf->len + *ret_room + 1;

        /* What is read piece by piece is not copied again for each piece. */
        if (buf->len && cap < buf->cap * 2)
            cap = buf->cap * 2 < buf->max ? buf->cap * 2 : buf->max + 1;
        buf->data = ht_realloc(buf->data, cap, 1);
        buf->cap = cap;
    }
    return buf->data + buf->len;
}

void ht_buf_grow(struct ht_buf *buf, size_t len)
{
    assert(buf->len + len < buf->cap);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

bool ht_buf_is_full(const struct ht_buf *buf)
{
    return buf->full;
}

struct ht_str ht_buf_str(const struct ht_buf *buf)
{
    return (struct ht_str){.data = buf->data ? buf->data : "", .len = buf->len};
}

char *ht_buf_take(struct ht_buf *buf)
{
    char *taken = buf->data ? buf->data : ht_strndup("", 0);

    ht_buf_init(buf, buf->max);
    return taken;
}
