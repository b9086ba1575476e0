/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is freed all at once: for decoders and views. Layer 1 (base); one thread at a time.
 * The arena has a limit; passing it ends nothing: the arena is marked full and the decoder, which
 * must look at ht_arena_is_full before it publishes, reports the limit.
 */
#ifndef HT_BASE_ARENA_H
#define HT_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "hulltop/base/str.h"

struct ht_arena;

#define ht_autoarena __attribute__((cleanup(ht_cleanup_arena)))

/* Returns an empty arena of at most max_bytes; owned by the caller. */
struct ht_arena *ht_arena_new(size_t max_bytes);
/* Frees it with everything in it; NULL is allowed; returns NULL. */
struct ht_arena *ht_arena_free(struct ht_arena *arena);
void ht_cleanup_arena(struct ht_arena **arena);
/* Overwrites all bytes in it: before an arena that held secrets is freed. What was handed out must
 * not be used any more. */
void ht_arena_wipe(struct ht_arena *arena);
/* Forgets everything in it and keeps one chunk of its memory. */
void ht_arena_reset(struct ht_arena *arena);
/* Returns n * size zeroed bytes, aligned for any type; never NULL: past the limit memory is still
 * given (from a scratch chunk of that size) but the arena is marked full. */
void *ht_arena_alloc(struct ht_arena *arena, size_t n, size_t size)
    __attribute__((returns_nonnull));
bool ht_arena_is_full(const struct ht_arena *arena);
/* Bytes it may hand out in all. */
size_t ht_arena_max(const struct ht_arena *arena);
/* Bytes handed out so far. */
size_t ht_arena_used(const struct ht_arena *arena);
/* A copy with a NUL behind it. */
struct ht_str ht_arena_str(struct ht_arena *arena, struct ht_str s);
struct ht_str ht_arena_text(struct ht_arena *arena, const char *text);
/* printf into the arena; the arguments' text stays raw. */
struct ht_str ht_arena_strf(struct ht_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* n zeroed elements of type T. */
#define ht_arena_array(arena, T, n) ((T *)ht_arena_alloc((arena), (n), sizeof(T)))

#endif
