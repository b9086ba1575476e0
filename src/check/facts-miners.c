/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the table of miners is asked. */
#include <string.h>

#include "facts-private.h"

enum {
    WORD_BYTES = 256,    /* a longer word is a whole script or a document */
    WALLET_BYTES = 95,   /* an address of Monero */
    PAYMENT_BYTES = 106, /* one with the number of a payment in it */
};

bool ht_facts_is_miner(const struct ht_facts *facts, struct ht_str path)
{
    path = ht_str_program(path);
    return path.len && ht_facts_has_like(&facts->miners.names, path) &&
           !ht_facts_has_like(&facts->miners.others, path);
}

/* Whether what stands in word at at, len bytes long, is cut off on both sides: no byte beside it is
 * of what, or a letter or digit. */
static bool is_apart(struct ht_str word, size_t at, size_t len, const char *what)
{
    char before = at ? word.data[at - 1] : '\0';
    char behind = at + len < word.len ? word.data[at + len] : '\0';

    return !(before && (ht_is_alnum(before) || before == '-')) &&
           !(behind && (ht_is_alnum(behind) || strchr(what, behind)));
}

/* A domain, alone or behind a name, a scheme or a user. */
static bool names_pool(const struct ht_text_list *pools, struct ht_str word)
{
    for (size_t i = 0; i < pools->len; i++) {
        ptrdiff_t at = ht_str_find(word, pools->items[i], 0);

        if (at >= 0 && is_apart(word, (size_t)at, pools->items[i].len, "-."))
            return true;
    }
    return false;
}

/* Digits and letters without those that are easily mistaken. */
static bool is_base58(char c)
{
    return ht_is_alnum(c) && !strchr("0OIl", c);
}

/* What a miner earns for: its length and first digit are no other text's. */
static bool has_wallet(struct ht_str word)
{
    size_t len = 0;

    for (size_t i = 0; i <= word.len; i++) {
        if (i < word.len && is_base58(word.data[i])) {
            len++;
            continue;
        }
        if ((len == WALLET_BYTES || len == PAYMENT_BYTES) && strchr("48", word.data[i - len]) &&
            is_apart(word, i - len, len, "+"))
            return true;
        len = 0;
    }
    return false;
}

/* A switch, alone or with its value in the same word; or its value is the next word. */
static bool is_switch(struct ht_str wanted, struct ht_str word, struct ht_str next)
{
    ptrdiff_t equals = ht_str_find_byte(wanted, '=');
    ptrdiff_t at = ht_str_find(word, wanted, 0);

    if (at >= 0 && (at == 0 || word.data[at - 1] == ' ')) {
        size_t end = (size_t)at + wanted.len;

        return equals > 0 || end == word.len || strchr("= ", word.data[end]);
    }
    return equals > 0 && ht_str_equal(word, ht_str_sub(wanted, 0, (size_t)equals)) &&
           ht_str_find(next, ht_str_sub(wanted, (size_t)equals + 1, wanted.len), 0) == 0;
}

static bool is_argument(const struct ht_text_list *wanted, struct ht_str word, struct ht_str next)
{
    for (size_t i = 0; i < wanted->len; i++) {
        if (ht_str_has_prefix(wanted->items[i], "-") ? is_switch(wanted->items[i], word, next)
                                                     : ht_str_find(word, wanted->items[i], 0) >= 0)
            return true;
    }
    return false;
}

struct ht_str ht_facts_miner_word(const struct ht_facts *facts, const struct ht_text_list *argv)
{
    for (size_t i = 1; i < argv->len; i++) {
        struct ht_str word = argv->items[i];
        struct ht_str next = i + 1 < argv->len ? argv->items[i + 1] : (struct ht_str){0};

        if (word.len && word.len <= WORD_BYTES &&
            (is_argument(&facts->miners.arguments, word, next) ||
             names_pool(&facts->miners.pools, word) || has_wallet(word)))
            return word;
    }
    return (struct ht_str){0};
}

bool ht_facts_is_pool_port(const struct ht_facts *facts, struct ht_str port)
{
    return port.len && ht_facts_has_like(&facts->miners.ports, port);
}
