/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter language: recursive descent into a tree of terms.
 *
 *   or     = and { "or" and }
 *   and    = unary { unary }
 *   unary  = "!" unary | "(" or ")" | term
 *   term   = word | field op value
 */
#include "src/model/filter-inner.h"

#include <errno.h>
#include <string.h>

#include "hulltop/base/mem.h"

enum { TEXT_MAX = 4096, DEPTH_MAX = 32, ARENA_MAX = 16 * 1024 * 1024 };

struct parser {
    struct ht_filter *filter;
    const struct ht_filter_words *words;
    struct ht_str text;
    size_t at;
    unsigned depth;
    struct ht_error *err;
};

/* Columns count characters from 1. */
static unsigned column_of(const struct parser *parser, size_t at)
{
    unsigned column = 1;

    for (size_t i = 0; i < at && i < parser->text.len; i++)
        column += ((unsigned char)parser->text.data[i] & 0xc0) != 0x80;
    return column;
}

static int fail_at(const struct parser *parser, size_t at, const char *what)
{
    return ht_error_set(parser->err, EINVAL, "filter: column %u: %s", column_of(parser, at), what);
}

static char peek(const struct parser *parser)
{
    return parser->at < parser->text.len ? parser->text.data[parser->at] : '\0';
}

static bool at_end(struct parser *parser)
{
    while (parser->at < parser->text.len && ht_is_blank(peek(parser)))
        parser->at++;
    return parser->at == parser->text.len;
}

static struct ht_term *new_term(struct parser *parser, enum ht_term_kind kind)
{
    struct ht_term *term = ht_arena_array(parser->filter->arena, struct ht_term, 1);

    term->kind = kind;
    return term;
}

/* What is up to a blank or a closing parenthesis. */
static struct ht_str take_run(struct parser *parser)
{
    size_t from = parser->at;

    while (parser->at < parser->text.len && !ht_is_blank(peek(parser)) && peek(parser) != ')')
        parser->at++;
    return ht_str_sub(parser->text, from, parser->at - from);
}

/* What is between quotes; a backslash keeps the character behind it. */
static int take_quoted(struct parser *parser, struct ht_str *ret_text)
{
    size_t from = parser->at;
    char quote = peek(parser);
    char *bytes = ht_arena_alloc(parser->filter->arena, parser->text.len - from + 1, 1);
    size_t len = 0;

    for (parser->at++; parser->at < parser->text.len && peek(parser) != quote; parser->at++) {
        if (peek(parser) == '\\' && parser->at + 1 < parser->text.len)
            parser->at++;
        bytes[len++] = peek(parser);
    }
    if (parser->at >= parser->text.len)
        return fail_at(parser, from, "this quote is not closed");
    parser->at++;
    *ret_text = (struct ht_str){.data = bytes, .len = len};
    return 0;
}

static int take_text(struct parser *parser, struct ht_str *ret_text)
{
    if (peek(parser) == '"' || peek(parser) == '\'')
        return take_quoted(parser, ret_text);

    struct ht_str run = take_run(parser);
    if (run.len == 0)
        return fail_at(parser, parser->at, "a value is missing");
    *ret_text = ht_arena_str(parser->filter->arena, run);
    return 0;
}

static bool is_keyword_or(const struct parser *parser)
{
    struct ht_str rest = ht_str_sub(parser->text, parser->at, 3);

    return ht_str_is_nocase(ht_str_sub(rest, 0, 2), "or") &&
           (rest.len == 2 || ht_is_blank(rest.data[2]) || rest.data[2] == '(' ||
            rest.data[2] == ')');
}

static void add_child(struct ht_term *parent, struct ht_term *child)
{
    struct ht_term **last = &parent->first;

    while (*last)
        last = &(*last)->next;
    *last = child;
}

static struct ht_term *word_term(struct parser *parser, struct ht_str text)
{
    if (!parser->words) {
        struct ht_term *any = new_term(parser, HT_TERM_ANY_TEXT);

        any->text = text;
        return any;
    }

    struct ht_term *either = new_term(parser, HT_TERM_WORD);

    either->text = text;
    if (ht_str_find_byte(text, '\0') < 0) {
        char *folded = ht_arena_alloc(parser->filter->arena, text.len + 1, 1);

        memcpy(folded, text.data, text.len);
        ht_str_fold(folded, text.len);
        either->folded = (struct ht_str){.data = folded, .len = text.len};
    }
    for (size_t i = 0; i < parser->words->len; i++) {
        struct ht_term *one = new_term(parser, HT_TERM_CONTAINS);

        one->path = parser->words->paths[i];
        one->text = text;
        add_child(either, one);
    }
    return either;
}

struct operator
{
    const char *text;
    enum ht_term_kind kind;
    bool negated;
};

/* The operator behind the name that begins here, and the name's length; NULL: a plain word. */
static const struct operator* find_operator(const struct parser *parser, size_t *ret_len)
{
    static const struct operator operators[] = {
        {"!=", HT_TERM_EQUAL, true},     {"<=", HT_TERM_AT_MOST, false},
        {">=", HT_TERM_AT_LEAST, false}, {"=", HT_TERM_EQUAL, false},
        {"~", HT_TERM_CONTAINS, false},  {":", HT_TERM_CONTAINS, false},
        {"<", HT_TERM_LESS, false},      {">", HT_TERM_GREATER, false},
    };
    struct ht_str rest = ht_str_sub(parser->text, parser->at, parser->text.len);
    size_t len = 0;

    while (len < rest.len && (rest.data[len] == '_' || rest.data[len] == '.' ||
                              (rest.data[len] >= 'a' && rest.data[len] <= 'z') ||
                              (len > 0 && rest.data[len] >= '0' && rest.data[len] <= '9')))
        len++;
    for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
        if (ht_str_has_prefix(ht_str_sub(rest, len, rest.len), operators[i].text)) {
            *ret_len = len;
            return &operators[i];
        }
    }
    return NULL;
}

static int check_order(const struct parser *parser, const struct ht_term *term, size_t at)
{
    enum ht_kind leaf = ht_field_leaf(ht_path_field(&term->path));
    bool ranked = leaf == HT_KIND_INT || leaf == HT_KIND_UINT || leaf == HT_KIND_HEX ||
                  leaf == HT_KIND_TIME || leaf == HT_KIND_ENUM;

    if (term->kind == HT_TERM_EQUAL && term->literal.is_age)
        return fail_at(parser, at, "an age needs < or >");
    if (term->kind != HT_TERM_EQUAL && term->kind != HT_TERM_CONTAINS && !ranked)
        return fail_at(parser, at, "< and > need a number, a time, a size or a rank");
    return 0;
}

/* Behind the cause: a narrow screen cuts the end. */
static void hint_quotes(struct ht_error *err)
{
    struct ht_error cause;

    if (!err)
        return;
    cause = *err;
    ht_error_set(err, cause.code, "%s (quote a word that has a colon)", cause.text);
}

static int parse_field(struct parser *parser, const struct operator* operator, size_t name_len,
                       struct ht_term **ret_term)
{
    size_t from = parser->at;
    struct ht_str name = ht_str_sub(parser->text, from, name_len);
    struct ht_term *term = new_term(parser, operator->kind);

    if (ht_path_parse(parser->filter->table, name, &term->path, parser->err) < 0) {
        if (operator->text[0] == ':')
            hint_quotes(parser->err);
        return ht_error_wrap(parser->err, "filter: column %u", column_of(parser, from));
    }
    parser->at += name_len + strlen(operator->text);

    size_t value_at = parser->at;
    int r = take_text(parser, &term->text);
    if (r < 0)
        return r;
    if (term->kind != HT_TERM_CONTAINS &&
        ht_literal_parse(ht_path_field(&term->path), term->text, &term->literal, parser->err) < 0)
        return ht_error_wrap(parser->err, "filter: column %u", column_of(parser, value_at));
    r = check_order(parser, term, from + name_len);
    if (r < 0)
        return r;
    *ret_term = term;
    if (operator->negated) {
        *ret_term = new_term(parser, HT_TERM_NOT);
        (*ret_term)->first = term;
    }
    return 0;
}

static int parse_term(struct parser *parser, struct ht_term **ret_term)
{
    size_t name_len = 0;
    const struct operator* operator= find_operator(parser, &name_len);
    struct ht_str text;

    if (operator)
        return parse_field(parser, operator, name_len, ret_term);

    int r = take_text(parser, &text);
    if (r < 0)
        return r;
    *ret_term = word_term(parser, text);
    return 0;
}

static int parse_or(struct parser *parser, struct ht_term **ret_term);

static int parse_group(struct parser *parser, struct ht_term **ret_term)
{
    size_t open = parser->at++;
    int r = parse_or(parser, ret_term);

    if (r < 0)
        return r;
    if (at_end(parser) || peek(parser) != ')')
        return fail_at(parser, open, "this parenthesis is not closed");
    parser->at++;
    return 0;
}

static int parse_unary(struct parser *parser, struct ht_term **ret_term)
{
    char c = peek(parser);
    int r;

    if (c != '!' && c != '(')
        return parse_term(parser, ret_term);
    if (parser->depth == DEPTH_MAX)
        return fail_at(parser, parser->at, "nested too deep (limit 32)");
    parser->depth++;
    if (c == '(') {
        r = parse_group(parser, ret_term);
    } else {
        struct ht_term *inverted = new_term(parser, HT_TERM_NOT);

        parser->at++;
        if (at_end(parser))
            return fail_at(parser, parser->at, "a term is missing behind !");
        r = parse_unary(parser, &inverted->first);
        *ret_term = inverted;
    }
    parser->depth--;
    return r;
}

static int parse_and(struct parser *parser, struct ht_term **ret_term)
{
    struct ht_term *all = new_term(parser, HT_TERM_AND);
    struct ht_term **last = &all->first;

    while (!at_end(parser) && peek(parser) != ')' && !is_keyword_or(parser)) {
        int r = parse_unary(parser, last);

        if (r < 0)
            return r;
        last = &(*last)->next;
    }
    if (!all->first)
        return fail_at(parser, parser->at, "a term is missing");
    *ret_term = all;
    return 0;
}

static int parse_or(struct parser *parser, struct ht_term **ret_term)
{
    struct ht_term *either = new_term(parser, HT_TERM_OR);
    struct ht_term **last = &either->first;

    for (;;) {
        int r = parse_and(parser, last);

        if (r < 0)
            return r;
        last = &(*last)->next;
        if (at_end(parser) || !is_keyword_or(parser))
            break;
        parser->at += 2;
    }
    *ret_term = either;
    return 0;
}

static int parse_all(struct parser *parser)
{
    if (parser->text.len > TEXT_MAX)
        return ht_error_set(parser->err, E2BIG, "filter: longer than %d bytes", (int)TEXT_MAX);
    if (at_end(parser))
        return 0;

    int r = parse_or(parser, &parser->filter->root);
    if (r < 0)
        return r;
    if (!at_end(parser))
        return fail_at(parser, parser->at, "this parenthesis was not opened");
    if (ht_arena_is_full(parser->filter->arena))
        return ht_error_set(parser->err, E2BIG, "filter: too large");
    return 0;
}

int ht_filter_parse(const struct ht_table *table, struct ht_str text,
                    const struct ht_filter_words *words, struct ht_filter **ret_filter,
                    struct ht_error *err)
{
    struct ht_error own = {0};
    struct ht_filter *filter = ht_new0(struct ht_filter);
    struct parser parser = {
        .filter = filter, .words = words, .text = text, .err = err ? err : &own};

    filter->table = table;
    filter->arena = ht_arena_new(ARENA_MAX);

    int r = parse_all(&parser);
    if (r < 0) {
        ht_filter_free(filter);
        return r;
    }
    *ret_filter = filter;
    return 0;
}

struct ht_filter *ht_filter_free(struct ht_filter *filter)
{
    if (filter)
        ht_arena_free(filter->arena);
    free(filter);
    return NULL;
}
