/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tokens that are known by their middle, or by what they are made of. */
#include <string.h>

#include "secret-find.h"

size_t ht_secret_token_end(struct ht_str text, size_t from)
{
    while (from < text.len && ht_secret_is_token(text.data[from]))
        from++;
    return from;
}

/* Tokens whose public part is in their middle. */
static void find_infix(struct ht_secret_spans *spans, const char *infix, size_t least,
                       const char *rule)
{
    struct ht_str text = spans->text;
    size_t len = strlen(infix);
    ptrdiff_t at = ht_str_find(text, ht_str_from(infix), 0);

    while (at >= 0) {
        size_t from = (size_t)at;
        size_t to = (size_t)at + len;

        while (from > 0 && ht_secret_is_token(text.data[from - 1]))
            from--;
        while (to < text.len && (ht_secret_is_token(text.data[to]) || text.data[to] == '~'))
            to++;
        if (to - from >= least && from < (size_t)at)
            ht_secret_add_line(spans, rule, from, to);
        at = ht_str_find(text, ht_str_from(infix), to);
    }
}

/* Telegram: 123456789:AA and 33 more. */
static void find_telegram(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;
    ptrdiff_t at = ht_str_find(text, HT_S(":AA"), 0);

    for (; at >= 0; at = ht_str_find(text, HT_S(":AA"), (size_t)at + 1)) {
        size_t from = (size_t)at;
        size_t to = ht_secret_token_end(text, (size_t)at + 1);

        while (from > 0 && ht_is_digit(text.data[from - 1]))
            from--;
        if ((size_t)at - from >= 8 && to - (size_t)at >= 34)
            ht_secret_add_line(spans, "telegram-token", from, to);
    }
}

/* Teams: whoever knows the path may write. */
static void find_teams(struct ht_secret_spans *spans)
{
    static const char infix[] = "/webhookb2/";
    struct ht_str text = spans->text;
    ptrdiff_t at = ht_str_find(text, ht_str_from(infix), 0);

    while (at >= 0) {
        size_t from = (size_t)at + strlen(infix);
        size_t to = from;

        while (to < text.len &&
               (ht_secret_is_token(text.data[to]) || strchr("/@", text.data[to])) && text.data[to])
            to++;
        if (to - from >= 64)
            ht_secret_add_line(spans, "teams-webhook", from, to);
        at = ht_str_find(text, ht_str_from(infix), to);
    }
}

/* Azure: three characters, a digit, "Q~" and 31 to 34 more. */
static void find_azure(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;
    ptrdiff_t at = ht_str_find(text, HT_S("Q~"), 0);
    size_t to = 0;

    for (; at >= 0; at = ht_str_find(text, HT_S("Q~"), (size_t)at + 1)) {
        /* One inside another ends with it. */
        to = to > (size_t)at + 2 ? to : (size_t)at + 2;
        while (to < text.len &&
               (ht_secret_is_token(text.data[to]) || text.data[to] == '.' || text.data[to] == '~'))
            to++;
        if (at >= 4 && ht_is_digit(text.data[at - 1]) && to - (size_t)at >= 33)
            ht_secret_add_line(spans, "azure-secret", (size_t)at - 4, to);
    }
}

/* Discord: a number in base64 (so it begins with M, N or O), a time, a sum. */
static void find_discord(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;

    for (size_t from = 0; from < text.len;) {
        size_t one = ht_secret_token_end(text, from);
        size_t two =
            one < text.len && text.data[one] == '.' ? ht_secret_token_end(text, one + 1) : one;
        size_t end =
            two < text.len && text.data[two] == '.' ? ht_secret_token_end(text, two + 1) : two;

        if (strchr("MNO", text.data[from]) && text.data[from] && one - from >= 23 &&
            one - from <= 28 && two - one >= 7 && two - one <= 8 && end - two >= 28)
            ht_secret_add_line(spans, "discord-token", from, end);
        from = one + 1;
    }
}

void ht_secret_find_tokens(struct ht_secret_spans *spans)
{
    enum { LEAST = 4 + 33 /* an Azure secret is the shortest */ };

    if (spans->text.len < LEAST)
        return;
    find_telegram(spans);
    find_azure(spans);
    find_teams(spans);
    find_discord(spans);
    find_infix(spans, ".atlasv1.", 60, "terraform-token");
    find_infix(spans, "JQQJ99", 76, "azure-devops-token");
    find_infix(spans, ":APA91b", 100, "firebase-key");
}
