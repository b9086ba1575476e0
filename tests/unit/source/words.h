/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines for tests of what interpreters are told. */
#ifndef HT_TEST_WORDS_H
#define HT_TEST_WORDS_H

#include "hulltop/model/rows.h"

enum { HT_TEST_WORDS_MAX = 16 };

/* What blanks part, borrowed from the text; words has room for HT_TEST_WORDS_MAX. */
static inline struct ht_text_list ht_test_words(const char *text, struct ht_str *words)
{
    struct ht_str rest = ht_str_from(text);
    size_t len = 0;

    while (len < HT_TEST_WORDS_MAX && ht_str_next(&rest, ' ', &words[len]))
        len++;
    return (struct ht_text_list){.items = words, .len = len};
}

#endif
