/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the table of miners is asked. */
#include <string.h>

#include "facts-private.h"
#include "hulltop/base/mem.h"

enum {
    SHORT_LEAST = 4,     /* "--ur" */
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

/* The domain in a word, alone or behind a name, a scheme or a user, in letters of either kind:
 * where it ends, with the dot that ends a full name; 0: none. */
static size_t find_pool(const struct ht_text_list *pools, struct ht_str word)
{
    for (size_t i = 0; i < pools->len; i++) {
        ptrdiff_t at = ht_str_find_nocase(word, pools->items[i], 0);

        for (; at >= 0; at = ht_str_find_nocase(word, pools->items[i], (size_t)at + 1)) {
            size_t len = pools->items[i].len;
            size_t end = (size_t)at + len;

            if (end < word.len && word.data[end] == '.' &&
                (end + 1 == word.len || word.data[end + 1] == ':'))
                len++;
            if (is_apart(word, (size_t)at, len, "-."))
                return (size_t)at + len;
        }
    }
    return 0;
}

/* A page, or what another protocol than that of pools leads to. */
static bool is_page(struct ht_str word)
{
    static const char *const others[] = {"tcp://", "ssl://", "tls://"};

    if (ht_str_find(word, HT_S("://"), 0) < 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (ht_str_find(word, ht_str_from(others[i]), 0) >= 0)
            return false;
    }
    return true;
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

    for (size_t i = 0; i <= word.len && !is_page(word); i++) {
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

/* Steps through the words of a command line, and those that blanks part in one of them. */
struct word_walk {
    const struct ht_text_list *argv;
    size_t at;
    struct ht_str rest;
    struct ht_str before; /* the word before that */
    struct ht_str word;
};

static bool next_word(struct word_walk *walk)
{
    walk->before = walk->word;
    do {
        while (ht_str_next(&walk->rest, ' ', &walk->word)) {
            if (walk->word.len)
                return true;
        }
        if (walk->at >= walk->argv->len)
            return false;
        walk->rest = walk->argv->items[walk->at++];
    } while (true);
}

/* Whether a word is one of those switches, or one with its value; long ones may be cut short. */
static bool begins_with_switch(const struct ht_text_list *switches, struct ht_str word)
{
    ptrdiff_t equals = ht_str_find_byte(word, '=');
    struct ht_str name = equals < 0 ? word : ht_str_sub(word, 0, (size_t)equals);

    for (size_t i = 0; i < switches->len; i++) {
        if (ht_str_equal(name, switches->items[i]) ||
            (name.len >= SHORT_LEAST && ht_str_has_prefix(name, "--") &&
             switches->items[i].len > name.len &&
             memcmp(switches->items[i].data, name.data, name.len) == 0))
            return true;
    }
    return false;
}

/* "-oHOST:PORT" */
static bool is_joined(const struct ht_text_list *switches, struct ht_str word)
{
    for (size_t i = 0; i < switches->len; i++) {
        struct ht_str wanted = switches->items[i];

        if (wanted.len == 2 && word.len > 2 && memcmp(word.data, wanted.data, 2) == 0)
            return true;
    }
    return false;
}

/* Many speak of pools: pages, tables of names, queries. A miner is told a port of one, and that it
 * is its pool or whom to pay. */
struct pool_signs {
    struct ht_str word;
    bool port, apart_port; /* behind the name; as a switch of its own */
    bool chosen, payee;
};

/* ":3333", whatever a miner leaves unread behind it; false: what follows is another name. */
static bool is_port(struct ht_str text)
{
    size_t len = 1;

    while (len < text.len && ht_is_digit(text.data[len]))
        len++;
    return text.data[0] == ':' && len > 1 && (len == text.len || !ht_is_alnum(text.data[len]));
}

static void see_word(const struct facts_miners *miners, const struct word_walk *walk,
                     struct pool_signs *signs)
{
    struct ht_str word = walk->word;
    size_t end = is_page(word) ? 0 : find_pool(&miners->pools, word);
    struct ht_str behind = ht_str_sub(word, end, word.len);

    signs->payee = signs->payee || begins_with_switch(&miners->payees, word);
    signs->apart_port =
        signs->apart_port || ht_str_is(word, "--port") || ht_str_has_prefix(word, "--port=");
    if (!end || (behind.len && !is_port(behind)))
        return;
    signs->word = word;
    signs->port = signs->port || behind.len > 0;
    signs->payee = signs->payee || ht_str_find_byte(word, '@') >= 0;
    signs->chosen = signs->chosen || begins_with_switch(&miners->targets, walk->before) ||
                    begins_with_switch(&miners->targets, word) || is_joined(&miners->targets, word);
}

/* The pool that a command line has something mine for; empty: it is told none. */
static struct ht_str chosen_pool(const struct facts_miners *miners, const struct ht_text_list *argv)
{
    struct word_walk walk = {.argv = argv, .at = 1};
    struct pool_signs signs = {.port = false};

    while (next_word(&walk)) {
        if (walk.word.len <= WORD_BYTES)
            see_word(miners, &walk, &signs);
    }
    return (signs.port && (signs.chosen || signs.payee)) ||
                   (signs.apart_port && signs.chosen && signs.payee)
               ? signs.word
               : (struct ht_str){0};
}

struct ht_str ht_facts_miner_word(const struct ht_facts *facts, const struct ht_text_list *argv)
{
    for (size_t i = 1; i < argv->len; i++) {
        struct ht_str word = argv->items[i];
        struct ht_str next = i + 1 < argv->len ? argv->items[i + 1] : (struct ht_str){0};

        if (word.len && word.len <= WORD_BYTES &&
            (is_argument(&facts->miners.arguments, word, next) || has_wallet(word)))
            return word;
    }
    return chosen_pool(&facts->miners, argv);
}

struct ht_str ht_facts_pool_word(const struct ht_facts *facts, const struct ht_text_list *argv)
{
    for (size_t i = 1; i < argv->len; i++) {
        struct ht_str word = argv->items[i];

        if (word.len && word.len <= WORD_BYTES && find_pool(&facts->miners.pools, word))
            return word;
    }
    return (struct ht_str){0};
}

bool ht_facts_is_pool_port(const struct ht_facts *facts, struct ht_str port)
{
    return port.len && ht_facts_has_like(&facts->miners.ports, port);
}
