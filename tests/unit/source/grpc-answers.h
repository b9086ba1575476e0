/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recorded gRPC answers: files of framed messages below tests/fixtures. */
#ifndef HT_TESTS_GRPC_ANSWERS_H
#define HT_TESTS_GRPC_ANSWERS_H

#include <stdio.h>
#include <stdlib.h>

#include "hulltop/base/arena.h"
#include "hulltop/base/grpc.h"
#include "hulltop/base/limits.h"

/* The bytes of a file, in the arena. */
static inline struct ht_str read_framed(struct ht_arena *arena, const char *file)
{
    ht_autobuf struct ht_buf bytes = HT_BUF(HT_LIMIT_FILE);
    const char *srcdir = getenv("HT_SRCDIR");
    char path[1000];
    FILE *from;

    snprintf(path, sizeof(path), "%s/tests/fixtures/%s", srcdir ? srcdir : ".", file);
    from = fopen(path, "re");
    if (!from)
        fail_msg("%s cannot be opened", path);
    for (int c = fgetc(from); c != EOF; c = fgetc(from))
        ht_buf_add_c(&bytes, (char)c);
    fclose(from);
    return ht_arena_str(arena, ht_buf_str(&bytes));
}

/* Calls visit for each message of a file. */
static inline void each_message(struct ht_arena *arena, const char *file, ht_grpc_message visit,
                                void *context)
{
    struct ht_grpc_frames frames;

    ht_grpc_frames_init(&frames, HT_LIMIT_FILE, visit, context);
    assert_int_equal(ht_grpc_frames_feed(&frames, read_framed(arena, file)), 0);
    assert_false(ht_grpc_frames_inside(&frames));
    ht_grpc_frames_fini(&frames);
}

/* The only message of a file, in the arena. */
static inline struct ht_str read_message(struct ht_arena *arena, const char *file)
{
    struct ht_str framed = read_framed(arena, file);

    assert_true(framed.len >= 5);
    return ht_str_sub(framed, 5, framed.len);
}

#endif
