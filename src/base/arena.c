/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "hulltop/base/mem.h"

/* A chunk is as large as all before it: many arenas are small, and some of them live long. Of large
 * ones most lies in chunks that the C library maps apart, so that no holes stay when they go. */
enum { CHUNK_MIN = 512, CHUNK_MAX = 128 * 1024 };

struct chunk {
    struct chunk *next;
    size_t cap;
    size_t used;
    max_align_t data[];
};

struct ht_arena {
    struct chunk *chunks; /* the newest first */
    size_t max;
    size_t used;
    bool full;
};

static size_t chunk_size(const struct ht_arena *arena, size_t wanted)
{
    size_t size = arena->used > CHUNK_MAX ? CHUNK_MAX : arena->used;

    if (size < CHUNK_MIN)
        size = CHUNK_MIN;
    return size > wanted ? size : wanted;
}

struct ht_arena *ht_arena_new(size_t max_bytes)
{
    struct ht_arena *arena = ht_new0(struct ht_arena);

    arena->max = max_bytes;
    return arena;
}

static void free_chunks(struct chunk *chunk)
{
    while (chunk) {
        struct chunk *next = chunk->next;

        free(chunk);
        chunk = next;
    }
}

struct ht_arena *ht_arena_free(struct ht_arena *arena)
{
    if (arena)
        free_chunks(arena->chunks);
    free(arena);
    return NULL;
}

void ht_cleanup_arena(struct ht_arena **arena)
{
    ht_arena_free(*arena);
}

void ht_arena_reset(struct ht_arena *arena)
{
    struct chunk *keep = arena->chunks;

    if (keep) {
        free_chunks(keep->next);
        keep->next = NULL;
        memset(keep->data, 0, keep->used);
        keep->used = 0;
    }
    arena->used = 0;
    arena->full = false;
}

void ht_arena_wipe(struct ht_arena *arena)
{
    for (struct chunk *chunk = arena->chunks; chunk; chunk = chunk->next)
        ht_wipe(chunk->data, chunk->cap);
}

void *ht_arena_alloc(struct ht_arena *arena, size_t n, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX / 2)
        abort(); /* a programmer's mistake: sizes from outside are checked before */
    bytes = (bytes + align - 1) / align * align;
    if (bytes == 0)
        bytes = align;
    arena->used += bytes;
    if (arena->used > arena->max)
        arena->full = true;

    struct chunk *chunk = arena->chunks;
    if (!chunk || chunk->cap - chunk->used < bytes) {
        size_t cap = chunk_size(arena, bytes);

        chunk = ht_alloc0(1, sizeof(*chunk) + cap);
        chunk->cap = cap;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }

    void *block = (char *)chunk->data + chunk->used;
    chunk->used += bytes;
    return block;
}

bool ht_arena_is_full(const struct ht_arena *arena)
{
    return arena->full;
}

size_t ht_arena_max(const struct ht_arena *arena)
{
    return arena->max;
}

size_t ht_arena_used(const struct ht_arena *arena)
{
    return arena->used;
}

struct ht_str ht_arena_str(struct ht_arena *arena, struct ht_str s)
{
    char *copy = ht_arena_alloc(arena, s.len + 1, 1);

    if (s.len)
        memcpy(copy, s.data, s.len);
    return (struct ht_str){.data = copy, .len = s.len};
}

struct ht_str ht_arena_text(struct ht_arena *arena, const char *text)
{
    return ht_arena_str(arena, ht_str_from(text));
}

struct ht_str ht_arena_strf(struct ht_arena *arena, const char *format, ...)
{
    char small[256]; /* most fit, and are formatted once */
    va_list args;

    va_start(args, format);
    int wanted = vsnprintf(small, sizeof(small), format, args);
    va_end(args);
    if (wanted < 0)
        return (struct ht_str){.data = "", .len = 0};
    if ((size_t)wanted < sizeof(small))
        return ht_arena_str(arena, (struct ht_str){.data = small, .len = (size_t)wanted});

    char *text = ht_arena_alloc(arena, (size_t)wanted + 1, 1);
    va_start(args, format);
    vsnprintf(text, (size_t)wanted + 1, format, args);
    va_end(args);
    return (struct ht_str){.data = text, .len = (size_t)wanted};
}
