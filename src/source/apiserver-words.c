/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apiserver-words.h"

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { WORDS_MAX = 10000 };

void ht_words_add(struct ht_words *words, struct ht_str word)
{
    struct ht_str *kept = ht_arena_array(words->arena, struct ht_str, 1);

    if (words->items.len >= WORDS_MAX)
        return;
    *kept = word;
    ht_vec_add(&words->items, kept);
}

struct ht_text_list ht_words_take(struct ht_words *words)
{
    struct ht_str *items = ht_arena_array(words->arena, struct ht_str, words->items.len);
    size_t len = words->items.len;

    for (size_t i = 0; i < len; i++)
        items[i] = *(struct ht_str *)words->items.items[i];
    ht_vec_fini(&words->items);
    return (struct ht_text_list){.items = items, .len = len};
}

bool ht_words_add_shell(struct ht_words *words, struct ht_str text)
{
    ht_autobuf struct ht_buf word = HT_BUF(HT_LIMIT_FILE);
    char quote = '\0';
    bool is_open = false;

    for (size_t i = 0; i <= text.len; i++) {
        char c = i < text.len ? text.data[i] : '\n';

        if (!quote && ht_is_blank(c)) {
            if (is_open)
                ht_words_add(words, ht_arena_str(words->arena, ht_buf_str(&word)));
            ht_buf_reset(&word);
            is_open = false;
        } else if (quote ? c == quote : c == '"' || c == '\'') {
            quote = quote ? '\0' : c;
            is_open = true;
        } else if (c == '\\' && quote != '\'' && i + 1 < text.len) {
            i++;
            if (text.data[i] != '\n')
                ht_buf_add_c(&word, text.data[i]);
            is_open |= text.data[i] != '\n';
        } else {
            ht_buf_add_c(&word, c);
            is_open = true;
        }
    }
    if (is_open && word.len)
        ht_words_add(words, ht_arena_str(words->arena, ht_buf_str(&word)));
    return !quote;
}
