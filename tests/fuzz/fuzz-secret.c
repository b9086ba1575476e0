/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any command line (words end in NUL) can be masked; a second pass changes nothing; and whatever
 * stands before it, a canary behind "--password" never comes out. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORDS_MAX = 64 };

static const char canary[] = "canary-4711";

static void require(int condition)
{
    if (!condition)
        abort();
}

static void forbid_canary(struct ht_str text)
{
    require(ht_str_find(text, ht_str_from(canary), 0) < 0);
}

static void mask_word(struct ht_arena *arena, struct ht_str word)
{
    struct ht_str once = ht_secret_mask_arg(arena, word);

    require(ht_str_equal(once, ht_secret_mask_arg(arena, once)));
}

/* The fuzzer must not guess the canary itself. */
static int has_canary(struct ht_str text)
{
    return ht_str_find(text, ht_str_from("anary-4711"), 0) >= 0;
}

/* What is found lies in the text, in order and apart. */
static void judge(struct ht_str text)
{
    struct ht_secret_found found[WORDS_MAX];

    for (int is_shell = 0; is_shell < 2; is_shell++) {
        size_t len = ht_secret_judge(text, is_shell, found, WORDS_MAX);
        size_t end = 0;

        for (size_t i = 0; i < len; i++) {
            require(found[i].len > 0 && found[i].rule && found[i].from >= end);
            require(found[i].len <= text.len && found[i].from <= text.len - found[i].len);
            end = found[i].from + found[i].len;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(64 * 1024 * 1024);
    ht_autobuf struct ht_buf line = HT_BUF(SIZE_MAX / 2);
    struct ht_str text = {.data = (const char *)data, .len = size};
    struct ht_str rest = text;
    struct ht_str argv[WORDS_MAX + 2];
    size_t len = 0;

    while (len < WORDS_MAX && ht_str_next(&rest, '\0', &argv[len]))
        mask_word(arena, argv[len++]);

    struct ht_str line_once = ht_secret_mask_text(arena, text);
    require(ht_str_equal(line_once, ht_secret_mask_text(arena, line_once)));
    ht_secret_shape(text);
    judge(text);
    if (has_canary(text))
        return 0;

    ht_buf_add_str(&line, text);
    ht_buf_add_text(&line, "password=");
    ht_buf_add_text(&line, canary);
    forbid_canary(ht_secret_mask_env_entry(arena, ht_buf_str(&line)));

    argv[len] = (struct ht_str)HT_STR("--db-password=canary-4711");
    argv[len + 1] = ht_str_from(canary);
    struct ht_str *masked = ht_secret_mask_argv(arena, argv, len + 1);
    forbid_canary(masked[len]);
    argv[len] = (struct ht_str)HT_STR("--db-password");
    masked = ht_secret_mask_argv(arena, argv, len + 2);
    if (ht_str_is(masked[len], "--db-password"))
        forbid_canary(masked[len + 1]);
    return 0;
}
