/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a typed word is looked for in: made when it is first asked for, kept while the row is the
 * same. */
#include <config.h>

#include "list.h"

#include <string.h>

enum { TEXT_MAX = 64 * 1024 * 1024, WASTE_MIN = 64 * 1024 };

/* Nothing was made of the row; what was made always ends with a NUL. */
static bool is_made(struct ht_list_words_of of)
{
    return of.len > 0;
}

void ht_list_words_fini(struct ht_list_words *words)
{
    ht_buf_fini(&words->text);
    free(words->of);
    words->of = NULL;
}

/* The text without that of rows that are gone. */
static void compact(struct ht_list_words *words, size_t len, size_t used)
{
    struct ht_buf text = HT_BUF(TEXT_MAX);
    size_t room;

    ht_buf_room(&text, used, &room);
    for (size_t i = 0; i < len; i++) {
        struct ht_list_words_of *of = &words->of[i];
        size_t at = text.len;

        if (!is_made(*of))
            continue;
        ht_buf_add(&text, words->text.data + of->at, of->len);
        of->at = (uint32_t)at;
    }
    ht_buf_fini(&words->text);
    words->text = text;
}

void ht_list_words_follow(struct ht_list_words *words, const struct ht_kept *kept)
{
    struct ht_list_words_of *before = words->of;
    size_t used = 0;

    if (!before)
        return;
    words->of = ht_new_array(struct ht_list_words_of, kept->len + 1);
    for (size_t i = 0; i < kept->len; i++) {
        if (kept->from && kept->from[i] != HT_KEPT_NEW)
            words->of[i] = before[kept->from[i]];
        used += words->of[i].len;
    }
    free(before);
    if (words->text.len > 2 * used + WASTE_MIN)
        compact(words, kept->len, used);
}

static void make(struct ht_list_page *list, size_t place)
{
    struct ht_buf *text = &list->words.text;
    size_t from = text->len;

    ht_filter_words_text(&list->view->words, list->kept.data[place], text);
    if (!ht_buf_is_full(text))
        list->words.of[place] =
            (struct ht_list_words_of){.at = (uint32_t)from, .len = (uint32_t)(text->len - from)};
}

bool ht_list_words_match(struct ht_list_page *list, size_t place)
{
    struct ht_list_words *words = &list->words;
    const void *data = list->kept.data[place];

    if (!list->filter)
        return true;
    if (!words->of) {
        words->of = ht_new_array(struct ht_list_words_of, list->kept.len + 1);
        ht_buf_init(&words->text, TEXT_MAX);
    }
    if (!is_made(words->of[place]) && !ht_buf_is_full(&words->text))
        make(list, place);
    if (!is_made(words->of[place]))
        return ht_filter_match(list->filter, data);
    return ht_filter_match_in(
        list->filter, data,
        ht_str_sub(ht_buf_str(&words->text), words->of[place].at, words->of[place].len));
}
