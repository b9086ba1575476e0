/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Secrets that a container's declaration holds as they are: what masking takes out of environment,
 * command line and labels is noted by name, reason and class of length, never by value.
 */
#include "decode.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/secret.h"

enum { SECRETS_MAX = 100, FOUND_MAX = 16, SHORT = 12, MEDIUM = 32 };

struct notes {
    struct ht_arena *arena;
    struct ht_declared_secret *items; /* NULL: most containers declare none */
    size_t len;
};

static void note(struct notes *notes, const char *where, struct ht_str name,
                 const struct ht_secret_found *found)
{
    if (found->sure == HT_SECRET_HINT || notes->len == SECRETS_MAX)
        return;
    if (!notes->items)
        notes->items = ht_arena_array(notes->arena, struct ht_declared_secret, SECRETS_MAX);

    struct ht_declared_secret *secret = &notes->items[notes->len++];
    ht_declared_secret_set_where(secret, ht_str_from(where));
    /* Names are as little to be trusted as values. */
    ht_declared_secret_set_name(
        secret, ht_arena_str(notes->arena, ht_secret_mask_text(notes->arena, name)));
    ht_declared_secret_set_rule(secret, ht_str_from(found->rule));
    ht_declared_secret_set_confidence(
        secret, found->sure == HT_SECRET_CERTAIN ? HT_CONFIDENCE_CERTAIN : HT_CONFIDENCE_LIKELY);
    ht_declared_secret_set_length(secret, found->len < SHORT    ? HT_S("short")
                                          : found->len < MEDIUM ? HT_S("medium")
                                                                : HT_S("long"));
}

/* "NAME=value"; what is known by its shape is named by its variable. */
static void judge_pair(struct notes *notes, const char *where, struct ht_str pair)
{
    struct ht_secret_found found[FOUND_MAX];
    size_t len = ht_secret_judge(pair, false, found, FOUND_MAX);
    ptrdiff_t sep = ht_str_find_byte(pair, '=');

    for (size_t i = 0; i < len; i++)
        note(notes, where,
             sep > 0 && (size_t)sep < found[i].from ? ht_str_sub(pair, 0, (size_t)sep)
                                                    : found[i].name,
             &found[i]);
}

static void judge_labels(struct notes *notes, const struct ht_json *labels)
{
    ht_autobuf struct ht_buf pair = HT_BUF(HT_LIMIT_LINE);
    struct ht_str value;

    for (size_t i = 0; ht_json_is_object(labels) && i < labels->len; i++) {
        if (!ht_json_string(&labels->members[i].value, &value))
            continue;
        ht_buf_reset(&pair);
        ht_buf_add_str(&pair, labels->members[i].key);
        ht_buf_add_c(&pair, '=');
        ht_buf_add_str(&pair, value);
        judge_pair(notes, "label", ht_buf_str(&pair));
    }
    if (pair.len)
        ht_wipe(pair.data, pair.len);
}

/* All words as one text, one a line: "--password" tells what follows it. */
static void judge_command(struct notes *notes, struct ht_text_list words)
{
    ht_autobuf struct ht_buf line = HT_BUF(HT_LIMIT_LINE);
    struct ht_secret_found found[FOUND_MAX];

    for (size_t i = 0; i < words.len; i++) {
        if (i)
            ht_buf_add_c(&line, '\n');
        ht_buf_add_str(&line, words.items[i]);
    }

    size_t len = ht_secret_judge(ht_buf_str(&line), true, found, FOUND_MAX);
    for (size_t i = 0; i < len; i++)
        note(notes, "argument", found[i].name, &found[i]);
    if (line.len)
        ht_wipe(line.data, line.len);
}

static bool is_of_name(char c)
{
    return ht_is_alnum(c) || c == '_' || c == '-';
}

/* "NAME=" in front of a value that was known by its shape; empty: there is none. */
static struct ht_str name_before(struct ht_str text, size_t from)
{
    size_t end = from;
    size_t begin;

    while (end > 0 && (text.data[end - 1] == '"' || text.data[end - 1] == '\''))
        end--;
    if (end == 0 || text.data[end - 1] != '=')
        return (struct ht_str){0};
    end--;
    begin = end;
    while (begin > 0 && is_of_name(text.data[begin - 1]))
        begin--;
    return ht_str_sub(text, begin, end - begin);
}

/* What the layers before it gave already is not noted again. */
static bool is_noted(const struct notes *notes, size_t last)
{
    const struct ht_declared_secret *secret = &notes->items[last];

    for (size_t i = 0; i < last; i++) {
        if (ht_str_equal(notes->items[i].name, secret->name) &&
            ht_str_equal(notes->items[i].rule, secret->rule))
            return true;
    }
    return false;
}

void ht_decode_image_secrets(struct ht_arena *arena, struct ht_text_list commands,
                             struct ht_container *container)
{
    struct notes notes = {.arena = arena};

    for (size_t i = 0; i < commands.len; i++) {
        struct ht_secret_found found[FOUND_MAX];
        size_t len = ht_secret_judge(commands.items[i], true, found, FOUND_MAX);

        for (size_t j = 0; j < len; j++) {
            struct ht_str name = name_before(commands.items[i], found[j].from);
            size_t before = notes.len;

            note(&notes, "image history", name.len ? name : found[j].name, &found[j]);
            if (notes.len > before && is_noted(&notes, before))
                notes.items[--notes.len] = (struct ht_declared_secret){0};
        }
    }
    ht_container_set_image_secrets(
        container, (struct ht_declared_secret_list){.items = notes.items, .len = notes.len});
}

void ht_decode_secrets(struct ht_arena *arena, const struct ht_declaration *declaration,
                       struct ht_container *container)
{
    struct notes notes = {.arena = arena};

    for (size_t i = 0; i < declaration->env.len; i++)
        judge_pair(&notes, "environment", declaration->env.items[i]);
    judge_command(&notes, declaration->words);
    judge_labels(&notes, declaration->labels);
    ht_container_set_secrets(
        container, (struct ht_declared_secret_list){.items = notes.items, .len = notes.len});
}
