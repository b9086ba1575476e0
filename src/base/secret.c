/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/secret.h"

#include <stdlib.h>
#include <string.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/mem.h"
#include "secret-find.h"
#include "secret-name.h"
#include "secret-table.h"

/* What the words before tell of the next one. */
enum next_word {
    NEXT_ANY,
    NEXT_SECRET,        /* --password X */
    NEXT_UNLESS_OPTION, /* --auth X, but also --auth --verbose */
    NEXT_USER,          /* -u user:X */
    NEXT_LOGIN,         /* --user user:X, but also --user 1000:1000; -U user%X */
    NEXT_SHELL,         /* -c "text" */
};

struct words {
    enum next_word next;
    struct ht_str option; /* that next follows from */
    bool by_program;      /* it means so in that program only */
    struct ht_str
        names[16]; /* file names of words that may be programs with options of their own */
    size_t len;
    const struct ht_secret_verb *verb; /* the last one, NULL: none */
    unsigned operands;                 /* since then */
};

/* Remembers a word if some table entry calls a program so. */
static void remember_program(struct words *words, struct ht_str word)
{
    struct ht_str name = ht_str_base(word);

    if (words->len == ARRAY_LEN(words->names) || name.len == 0)
        return;
    for (const struct ht_secret_option *option = ht_secret_options(); option->program; option++) {
        if (option->program[0] == name.data[0] && ht_str_is(name, option->program)) {
            words->names[words->len++] = name;
            return;
        }
    }
    for (const struct ht_secret_verb *verb = ht_secret_verbs(); verb->program; verb++) {
        if (verb->program[0] == name.data[0] && ht_str_is(name, verb->program)) {
            words->names[words->len++] = name;
            return;
        }
    }
}

static bool has_program(const struct words *words, const char *program)
{
    if (strcmp(program, HT_SECRET_ANY_PROGRAM) == 0)
        return true;
    for (size_t i = 0; i < words->len; i++) {
        if (ht_str_is(words->names[i], program))
            return true;
    }
    return false;
}

/* Masks X of user:X. In "X:", as some services want their tokens, X is the secret. */
static void mask_user(struct ht_secret_spans *spans, size_t from, size_t to)
{
    struct ht_str value = ht_str_sub(spans->text, from, to - from);
    ptrdiff_t colon = ht_str_find_byte(value, ':');

    if (colon >= 0 && (size_t)colon + 1 == value.len)
        ht_secret_add(spans, from, to - 1);
    else if (colon >= 0)
        ht_secret_add(spans, from + (size_t)colon + 1, to);
}

static bool is_number(struct ht_str word)
{
    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] < '0' || word.data[i] > '9')
            return false;
    }
    return word.len > 0;
}

/* Masks X of user%X, and of user:X unless both are numbers: then they are a user and a group. */
static void mask_login(struct ht_secret_spans *spans, size_t from, size_t to)
{
    struct ht_str value = ht_str_sub(spans->text, from, to - from);
    ptrdiff_t percent = ht_str_find_byte(value, '%');
    ptrdiff_t colon = ht_str_find_byte(value, ':');

    if (percent > 0)
        ht_secret_add(spans, from + (size_t)percent + 1, to);
    else if (colon >= 0 && !(is_number(ht_str_sub(value, 0, (size_t)colon)) &&
                             is_number(ht_str_sub(value, (size_t)colon + 1, value.len))))
        mask_user(spans, from, to);
}

/* "vault login X": X stands so many operands behind the verb. True: it was masked. */
static bool mask_operand(struct words *words, struct ht_secret_spans *spans, size_t from, size_t to)
{
    struct ht_str word = ht_str_sub(spans->text, from, to - from);

    if (words->verb && word.len && word.data[0] != '-' &&
        ++words->operands == words->verb->operand) {
        spans->origin = (struct ht_secret_origin){
            .how = HT_SECRET_BY_PROGRAM, .rule = "operand", .name = ht_str_from(words->verb->verb)};
        words->verb = NULL;
        ht_secret_add(spans, from, to);
        return true;
    }
    for (const struct ht_secret_verb *verb = ht_secret_verbs();
         words->len && word.len && verb->program; verb++) {
        if (verb->verb[0] == word.data[0] && ht_str_is(word, verb->verb) &&
            has_program(words, verb->program)) {
            words->verb = verb;
            words->operands = 0;
        }
    }
    return false;
}

/* -pX and -p X of the programs that were seen. */
static void mask_program_option(struct words *words, struct ht_secret_spans *spans, size_t from,
                                size_t to)
{
    struct ht_str word = ht_str_sub(spans->text, from, to - from);

    for (const struct ht_secret_option *option = ht_secret_options(); option->program; option++) {
        /* All begin with a dash, as this word does. */
        if (option->option[1] != word.data[1])
            continue;

        size_t len = strlen(option->option);
        bool is_user = option->value & HT_OPTION_USER;
        bool is_login = option->value & HT_OPTION_LOGIN;
        bool is_long = option->option[1] == '-';

        /* The name is the option alone: what is attached to it is the value. */
        spans->origin = (struct ht_secret_origin){
            .how = HT_SECRET_BY_PROGRAM, .rule = "option", .name = ht_str_sub(word, 0, len)};
        if (!ht_str_has_prefix(word, option->option) || !has_program(words, option->program))
            continue;
        if (word.len == len && words->next != NEXT_ANY)
            continue;
        if (word.len == len && (option->value & HT_OPTION_SEPARATE))
            words->next = is_user ? NEXT_USER : is_login ? NEXT_LOGIN : NEXT_SECRET;
        else if (word.len > len && is_long && word.data[len] != '=')
            continue;
        else if (word.len > len && is_login)
            mask_login(spans, from + len + is_long, to);
        else if (word.len > len && (option->value & HT_OPTION_ATTACHED) && is_user)
            mask_user(spans, from + len, to);
        else if (word.len > len && (option->value & HT_OPTION_ATTACHED))
            ht_secret_add(spans, from + len, to);
        else if (word.len > len && is_user && word.data[len] == '=')
            mask_user(spans, from + len + 1, to);
        else if (word.len > len && is_long)
            ht_secret_add(spans, from + len + 1, to);
    }
}

/* A shell's "-c", alone or with other letters: "-lc". */
static bool is_command_option(struct ht_str word)
{
    return word.len >= 2 && word.len <= 6 && word.data[1] != '-' && word.data[word.len - 1] == 'c';
}

static bool is_option_name(struct ht_str word)
{
    for (size_t i = 0; i < word.len; i++) {
        char c = word.data[i];

        if (!ht_is_alnum(c) && c != '-' && c != '_' && c != '.')
            return false;
    }
    return true;
}

static void read_option(struct words *words, struct ht_secret_spans *spans, size_t from, size_t to)
{
    struct ht_str word = ht_str_sub(spans->text, from, to - from);

    words->option = word;
    if (is_command_option(word))
        words->next = NEXT_SHELL;
    mask_program_option(words, spans, from, to);
    words->by_program =
        words->next == NEXT_SECRET || words->next == NEXT_USER || words->next == NEXT_LOGIN;
    if (words->next != NEXT_ANY && words->next != NEXT_SHELL)
        return;
    if (word.len < 3 || !is_option_name(word))
        return;
    switch (ht_secret_name_strength(word)) {
    case HT_SECRET_NO:
        break;
    case HT_SECRET_WEAK:
        words->next = NEXT_UNLESS_OPTION;
        break;
    case HT_SECRET_STRONG:
        words->next = NEXT_SECRET;
        break;
    }
}

/* "--secret id=x,src=y" describes a secret (docker build) and holds none. */
static bool describes_secret(struct ht_str word)
{
    return ht_str_has_prefix(word, "id=") || ht_str_has_prefix(word, "type=");
}

/* One word of a command line, which is [from, to) of the spans' text. */
static void read_word(struct words *words, struct ht_secret_spans *spans, size_t from, size_t to)
{
    struct ht_str word = ht_str_sub(spans->text, from, to - from);
    bool is_option = word.len > 1 && word.data[0] == '-';
    enum next_word expected = words->next;

    words->next = NEXT_ANY;
    spans->origin = (struct ht_secret_origin){.how = words->by_program ? HT_SECRET_BY_PROGRAM
                                                                       : HT_SECRET_BY_NAME,
                                              .rule = "option",
                                              .name = words->option};
    switch (expected) {
    case NEXT_SECRET:
        if (!describes_secret(word))
            ht_secret_add(spans, from, to);
        return;
    case NEXT_USER:
        mask_user(spans, from, to);
        return;
    case NEXT_LOGIN:
        mask_login(spans, from, to);
        return;
    case NEXT_UNLESS_OPTION:
        if (is_option)
            break;
        ht_secret_add(spans, from, to);
        return;
    case NEXT_ANY:
    case NEXT_SHELL:
        break;
    }
    if (mask_operand(words, spans, from, to))
        return;
    if (is_option)
        read_option(words, spans, from, to);
    else
        remember_program(words, word);
    if (expected == NEXT_SHELL && ht_str_is(word, "--"))
        words->next = NEXT_SHELL;
}

static bool ends_shell_word(char c)
{
    return ht_is_blank(c) || (c && strchr(";|&()", c));
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

/* The end of a word as a shell reads it: quotes hold it together. In a text that is in quotes
 * itself those with a backslash do too. */
static size_t shell_word_end(struct ht_str text, size_t at, bool is_inner)
{
    char quote = '\0';

    while (at < text.len) {
        char c = text.data[at];
        bool is_escape = c == '\\' && quote != '\'' && at + 1 < text.len;

        if (is_escape && !quote && is_inner && text.data[at + 1] == '"') {
            at = ht_secret_read_quoted(text, at + 1).next;
            continue;
        }
        if (is_escape)
            at++;
        else if (quote)
            quote = c == quote ? '\0' : quote;
        else if (is_quote(c))
            quote = c;
        else if (ends_shell_word(c))
            return at;
        at++;
    }
    return text.len;
}

/* The words of [at, to) of the text; what a word is the text of a shell for is read in the same
 * way, closed or not: sh -c "mysql -pX", sh -c -- "mysql -p\"X\"". */
static void read_shell_words(struct ht_secret_spans *spans, size_t at, size_t to, unsigned depth)
{
    enum { DEPTH_MAX = 2 };
    struct words words = {.next = NEXT_ANY};
    struct ht_str text = ht_str_sub(spans->text, 0, to);

    while (at < text.len) {
        if (ends_shell_word(text.data[at])) {
            at++;
            continue;
        }

        size_t end = shell_word_end(text, at, depth > 0);
        bool is_quoted = is_quote(text.data[at]);
        bool is_closed = is_quoted && end - at >= 2 && text.data[end - 1] == text.data[at];
        bool is_shell = words.next == NEXT_SHELL;
        read_word(&words, spans, at + is_quoted, end - is_closed);
        if (is_shell && is_quoted && depth < DEPTH_MAX)
            read_shell_words(spans, at + 1, end - is_closed, depth + 1);
        at = end;
    }
}

/* ["mysql","-pX"], ["sh","-c","mysql -pX"]: a command line as JSON has it. */
static void read_json_words(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;

    for (size_t at = 0; at < text.len;) {
        if (text.data[at++] != '[')
            continue;

        struct words words = {.next = NEXT_ANY};
        for (;;) {
            while (at < text.len && text.data[at] && strchr(" \t\r\n,\\", text.data[at]))
                at++;
            if (at >= text.len || !is_quote(text.data[at]))
                break;

            struct ht_secret_quoted word = ht_secret_read_quoted(text, at);
            bool is_shell = words.next == NEXT_SHELL;
            read_word(&words, spans, word.from, word.to);
            if (is_shell)
                read_shell_words(spans, word.from, word.to, 1);
            at = word.next;
        }
    }
}

static int by_place(const void *left, const void *right)
{
    const struct ht_secret_span *a = left;
    const struct ht_secret_span *b = right;

    return (a->from > b->from) - (a->from < b->from);
}

/* The text with its spans replaced; borrowed if there are none. Frees the spans. */
static struct ht_str apply(struct ht_arena *arena, struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;
    size_t done = 0;

    if (spans->len == 0)
        return text;

    ht_autobuf struct ht_buf out = HT_BUF(SIZE_MAX / 2);
    qsort(spans->items, spans->len, sizeof(*spans->items), by_place);
    for (size_t i = 0; i < spans->len;) {
        struct ht_secret_span span = spans->items[i];

        for (i++; i < spans->len && spans->items[i].from <= span.to; i++) {
            if (spans->items[i].to > span.to)
                span.to = spans->items[i].to;
        }

        struct ht_str value = ht_str_sub(text, span.from, span.to - span.from);
        ht_buf_add(&out, text.data + done, span.from - done);
        ht_buf_add(&out, value.data, ht_secret_public_prefix(value));
        ht_buf_add_text(&out, "***");
        done = span.to;
    }
    ht_buf_add(&out, text.data + done, text.len - done);
    free(spans->items);
    return ht_arena_str(arena, ht_buf_str(&out));
}

static bool has_blank(struct ht_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (ht_is_blank(text.data[i]))
            return true;
    }
    return false;
}

void ht_secret_find_all(struct ht_secret_spans *spans)
{
    ht_secret_find_shapes(spans);
    ht_secret_find_urls(spans);
    ht_secret_find_pairs(spans);
    ht_secret_find_lines(spans);
    if (ht_str_find_byte(spans->text, '[') >= 0)
        read_json_words(spans);
    if (spans->is_shell || has_blank(spans->text))
        read_shell_words(spans, 0, spans->text.len, 0);
}

static struct ht_str mask_once(struct ht_arena *arena, struct words *words, struct ht_str word,
                               bool is_shell)
{
    struct ht_secret_spans spans = {.text = word, .is_shell = is_shell};

    if (words)
        read_word(words, &spans, 0, word.len);
    ht_secret_find_all(&spans);
    return apply(arena, &spans);
}

/* Masks until nothing is left to mask: quotes that do not match may pair up differently once a
 * value is gone. What does not come to rest is masked as a whole. words is NULL for running text.
 */
static struct ht_str mask(struct ht_arena *arena, struct words *words, struct ht_str word)
{
    enum { PASSES_MAX = 5 };
    bool is_shell = !words || words->next == NEXT_SHELL;
    struct words before = words ? *words : (struct words){.next = NEXT_ANY};

    for (int pass = 0; pass < PASSES_MAX; pass++) {
        struct words copy = before;
        struct words *seen = words && pass > 0 ? &copy : words;
        struct ht_str masked = mask_once(arena, seen, word, is_shell);

        if (ht_str_equal(masked, word))
            return masked;
        word = masked;
    }
    return (struct ht_str)HT_STR("***");
}

struct ht_str ht_secret_mask_text(struct ht_arena *arena, struct ht_str text)
{
    return mask(arena, NULL, text);
}

struct ht_str ht_secret_mask_arg(struct ht_arena *arena, struct ht_str arg)
{
    struct words words = {.next = NEXT_ANY};

    return mask(arena, &words, arg);
}

struct ht_str *ht_secret_mask_argv(struct ht_arena *arena, const struct ht_str *argv, size_t len)
{
    struct ht_str *masked = ht_arena_array(arena, struct ht_str, len);
    struct words words = {.next = NEXT_ANY};

    for (size_t i = 0; i < len; i++)
        masked[i] = mask(arena, &words, argv[i]);
    return masked;
}

const char *ht_secret_shape(struct ht_str value)
{
    struct ht_secret_spans spans = {.text = value};
    const struct ht_secret_shape *shape = NULL;
    size_t first = 0;
    size_t len = 0;

    ht_secret_find_shapes(&spans);
    if (spans.len) {
        first = spans.items[0].from;
        shape = ht_secret_shape_at(value, first, &len);
    }
    spans.len = 0;
    ht_secret_find_urls(&spans);

    bool has_url = spans.len > 0;
    free(spans.items);
    if (shape)
        return shape->name;
    return has_url ? "url-password" : NULL;
}

static bool is_plain_name(struct ht_str name)
{
    for (const char *const *plain = ht_secret_plain_names(); *plain; plain++) {
        if (ht_str_is(name, *plain))
            return true;
    }
    return false;
}

static struct ht_str describe(struct ht_arena *arena, struct ht_str value)
{
    const char *shape = ht_secret_shape(value);

    if (value.len == 0)
        return (struct ht_str)HT_STR("<empty>");
    return ht_arena_strf(arena, "<%zu character%s%s%s>", value.len, value.len == 1 ? "" : "s",
                         shape ? ", shape " : "", shape ? shape : "");
}

struct ht_str ht_secret_mask_env(struct ht_arena *arena, struct ht_str name, struct ht_str value)
{
    if (is_plain_name(name))
        return ht_secret_mask_text(arena, value);
    return describe(arena, value);
}

struct ht_str ht_secret_mask_env_entry(struct ht_arena *arena, struct ht_str entry)
{
    ptrdiff_t sep = ht_str_find_byte(entry, '=');
    ht_autobuf struct ht_buf out = HT_BUF(SIZE_MAX / 2);

    if (sep < 0)
        return describe(arena, entry);

    struct ht_str name = ht_str_sub(entry, 0, (size_t)sep);
    ht_buf_add_str(&out, name);
    ht_buf_add_c(&out, '=');
    ht_buf_add_str(&out,
                   ht_secret_mask_env(arena, name, ht_str_sub(entry, (size_t)sep + 1, entry.len)));
    return ht_arena_str(arena, ht_buf_str(&out));
}
