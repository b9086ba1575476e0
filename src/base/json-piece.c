/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One JSON value that lies in memory as a whole, read at once into a tree: for the many objects of
 * large lists and the many answers of a daemon, of which members are passed over.
 * tests/fuzz/fuzz-objects holds it against ht_json_parse.
 */
#include "objects-private.h"

#include <errno.h>
#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "json-private.h"

/* Values and members of maps and lists that are not complete yet. */
struct stack {
    char *bytes;
    size_t len;
    size_t cap;
};

struct piece {
    struct ht_json_piece *told;
    struct ht_arena *arena;
    const char *at;
    const char *end;
    unsigned line; /* on which at stands */
    size_t values;
    unsigned depth;
    struct stack stack;
};

static int read_value(struct piece *piece, struct ht_json *ret);

static int fail(struct piece *piece, const char *at, int code, const char *what)
{
    piece->told->bad = (size_t)(at - piece->told->text.data);
    piece->told->what = what;
    piece->told->code = code;
    return -code;
}

static int fail_here(struct piece *piece)
{
    return fail(piece, piece->at, EINVAL,
                piece->at == piece->end ? "unexpected end" : "unexpected character");
}

static void push(struct piece *piece, const void *item, size_t size)
{
    struct stack *stack = &piece->stack;

    if (stack->cap - stack->len < size) {
        stack->cap = stack->cap ? stack->cap * 2 : 8192;
        stack->bytes = ht_realloc(stack->bytes, stack->cap, 1);
    }
    memcpy(stack->bytes + stack->len, item, size);
    stack->len += size;
}

/* Takes what was pushed since from into the arena. */
static const void *pop(struct piece *piece, size_t from)
{
    size_t len = piece->stack.len - from;
    void *items = ht_arena_alloc(piece->arena, len, 1);

    if (len)
        memcpy(items, piece->stack.bytes + from, len);
    piece->stack.len = from;
    return items;
}

static void skip_blanks(struct piece *piece)
{
    for (; piece->at < piece->end && ht_is_blank(*piece->at); piece->at++)
        piece->line += *piece->at == '\n';
}

static bool is_next(const struct piece *piece, char c)
{
    return piece->at < piece->end && *piece->at == c;
}

/* ---- strings ---- */

/* The end of the run that is as it stands: a quote, a backslash or a control byte. */
static const char *plain_end(const char *at, const char *end)
{
    while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20)
        at++;
    return at;
}

/* Four digits at a place; -1 if they are not there. */
static int unit_at(const struct piece *piece, const char *at)
{
    int unit = 0;

    if (piece->end - at < 4)
        return -1;
    for (unsigned i = 0; i < 4; i++) {
        int digit = ht_hex_digit(at[i]);

        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static size_t put_utf8(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(unsigned char)(0xc0 | code >> 6);
        out[1] = (char)(unsigned char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(unsigned char)(0xe0 | code >> 12);
        out[1] = (char)(unsigned char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(unsigned char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(unsigned char)(0xf0 | code >> 18);
    out[1] = (char)(unsigned char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(unsigned char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(unsigned char)(0x80 | (code & 0x3f));
    return 4;
}

/* Behind \u; a surrogate without its other half is U+FFFD. 0 bytes: no such escape. */
static size_t read_unicode(struct piece *piece, char *out)
{
    int unit = unit_at(piece, piece->at);
    uint32_t code;

    if (unit < 0)
        return 0;
    piece->at += 4;
    code = (uint32_t)unit;
    if (code >= 0xd800 && code < 0xdc00) {
        int low = piece->end - piece->at >= 6 && piece->at[0] == '\\' && piece->at[1] == 'u'
                      ? unit_at(piece, piece->at + 2)
                      : -1;

        if (low >= 0xdc00 && low < 0xe000) {
            piece->at += 6;
            code = 0x10000 + ((code - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
        }
    }
    return put_utf8(out, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
}

/* Behind the backslash; what it stands for goes to out. 0: no such escape. */
static size_t read_escape(struct piece *piece, char *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found;
    char c;

    if (piece->at == piece->end)
        return 0;
    c = *piece->at++;
    if (c == 'u')
        return read_unicode(piece, out);
    found = c ? strchr(from, c) : NULL;
    if (!found)
        return 0;
    *out = to[found - from];
    return 1;
}

/* A string from its first backslash on; what stood before is copied. */
static int read_escaped(struct piece *piece, const char *from, struct ht_str *ret)
{
    const char *close = piece->at;
    char *out;
    size_t len = (size_t)(piece->at - from);

    /* No escape is shorter than what it stands for. */
    while (close < piece->end && *close != '"')
        close += *close == '\\' && piece->end - close > 1 ? 2 : 1;
    if (close == piece->end)
        return fail(piece, piece->end, EINVAL, "unexpected end");
    out = ht_arena_alloc(piece->arena, (size_t)(close - from) + 1, 1);
    memcpy(out, from, len);
    for (;;) {
        const char *run = piece->at;

        piece->at = plain_end(run, piece->end);
        memcpy(out + len, run, (size_t)(piece->at - run));
        len += (size_t)(piece->at - run);
        if (is_next(piece, '"'))
            break;
        if (!is_next(piece, '\\'))
            return fail_here(piece);
        piece->at++;

        size_t bytes = read_escape(piece, out + len);
        if (bytes == 0)
            return fail_here(piece);
        len += bytes;
    }
    piece->at++;
    *ret = (struct ht_str){.data = out, .len = len};
    return 0;
}

/* At its quote. */
static int read_string(struct piece *piece, struct ht_str *ret)
{
    const char *from = ++piece->at;

    piece->at = plain_end(from, piece->end);
    if (is_next(piece, '\\'))
        return read_escaped(piece, from, ret);
    if (!is_next(piece, '"'))
        return fail_here(piece);
    *ret = (struct ht_str){.data = from, .len = (size_t)(piece->at - from)};
    piece->at++;
    return 0;
}

/* ---- what is no map and no list ---- */

static void skip_digits(struct piece *piece)
{
    while (piece->at < piece->end && ht_is_digit(*piece->at))
        piece->at++;
}

static int read_number(struct piece *piece, struct ht_json *ret)
{
    const char *from = piece->at;
    bool whole = true;

    if (is_next(piece, '-'))
        piece->at++;
    if (is_next(piece, '0'))
        piece->at++;
    else if (piece->at < piece->end && ht_is_digit(*piece->at))
        skip_digits(piece);
    else
        return fail_here(piece);
    for (const char *mark = ".e"; *mark; mark++) {
        if (!is_next(piece, *mark) && !(*mark == 'e' && is_next(piece, 'E')))
            continue;
        whole = false;
        piece->at++;
        if (*mark == 'e' && (is_next(piece, '+') || is_next(piece, '-')))
            piece->at++;
        if (piece->at == piece->end || !ht_is_digit(*piece->at))
            return fail_here(piece);
        skip_digits(piece);
    }

    struct ht_str digits = {.data = from, .len = (size_t)(piece->at - from)};
    if (whole && ht_parse_i64(digits, &ret->integer) == 0) {
        ret->kind = HT_JSON_INT;
    } else if (whole && ht_parse_u64(digits, &ret->uinteger) == 0) {
        ret->kind = HT_JSON_UINT;
    } else {
        ret->kind = HT_JSON_DOUBLE;
        if (ht_parse_double(digits, &ret->number) < 0)
            return fail(piece, from, EINVAL, "a number out of range");
    }
    return 0;
}

static int read_word(struct piece *piece, struct ht_json *ret)
{
    static const struct {
        const char *word;
        enum ht_json_kind kind;
        bool value;
    } words[] = {{"true", HT_JSON_BOOL, true},
                 {"false", HT_JSON_BOOL, false},
                 {"null", HT_JSON_NULL, false}};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t len = strlen(words[i].word);

        if ((size_t)(piece->end - piece->at) < len || memcmp(piece->at, words[i].word, len) != 0)
            continue;
        piece->at += len;
        ret->kind = words[i].kind;
        ret->boolean = words[i].value;
        return 0;
    }
    return fail_here(piece);
}

/* ---- maps and lists ---- */

/* Passes over a value of which only brackets and quotes are looked at. */
static int skip_value(struct piece *piece)
{
    unsigned depth = 0;

    for (; piece->at < piece->end; piece->at++) {
        char c = *piece->at;

        if (c == '"') {
            for (piece->at++; piece->at < piece->end && *piece->at != '"'; piece->at++)
                piece->at += *piece->at == '\\' && piece->end - piece->at > 1;
            if (piece->at == piece->end)
                break;
        } else if (c == '{' || c == '[') {
            if (++depth > HT_LIMIT_DEPTH)
                return fail(piece, piece->at, E2BIG, "nested too deep (limit 64)");
        } else if (c == '}' || c == ']') {
            if (depth == 0)
                return 0;
            depth--;
        } else if (c == ',' && depth == 0) {
            return 0;
        } else if (c == '\n') {
            piece->line++;
        }
    }
    piece->at = piece->end;
    return fail_here(piece);
}

static bool is_skipped(const struct piece *piece, struct ht_str key)
{
    for (const char *const *skip = piece->told->skip; skip && *skip; skip++) {
        if (ht_str_is(key, *skip))
            return true;
    }
    return false;
}

static int read_member(struct piece *piece)
{
    struct ht_json_member member = {0};

    if (!is_next(piece, '"'))
        return fail_here(piece);
    if (++piece->values > piece->told->values_max)
        return fail(piece, piece->at, E2BIG, piece->told->too_many);

    int r = read_string(piece, &member.key);
    if (r < 0)
        return r;
    skip_blanks(piece);
    if (!is_next(piece, ':'))
        return fail_here(piece);
    piece->at++;
    if (is_skipped(piece, member.key))
        return skip_value(piece);
    r = read_value(piece, &member.value);
    if (r == 0)
        push(piece, &member, sizeof(member));
    return r;
}

static int read_item(struct piece *piece)
{
    struct ht_json item = {0};
    int r = read_value(piece, &item);

    if (r == 0)
        push(piece, &item, sizeof(item));
    return r;
}

/* At its opening bracket. */
static int read_children(struct piece *piece, char close, int (*read)(struct piece *piece))
{
    const char *open = piece->at++;

    if (++piece->depth > HT_LIMIT_DEPTH)
        return fail(piece, open, E2BIG, "nested too deep (limit 64)");
    skip_blanks(piece);
    if (!is_next(piece, close)) {
        for (;;) {
            int r = read(piece);

            if (r < 0)
                return r;
            skip_blanks(piece);
            if (!is_next(piece, ','))
                break;
            piece->at++;
            skip_blanks(piece);
        }
    }
    if (!is_next(piece, close))
        return fail_here(piece);
    piece->at++;
    piece->depth--;
    return 0;
}

static int read_map(struct piece *piece, struct ht_json *ret)
{
    const char *from = piece->at;
    size_t base = piece->stack.len;
    int r = read_children(piece, '}', read_member);

    if (r < 0)
        return r;
    ret->kind = HT_JSON_OBJECT;
    ret->len = (piece->stack.len - base) / sizeof(struct ht_json_member);
    ret->members = pop(piece, base);
    if (ht_members_twice(ret->members, ret->len))
        return fail(piece, from, EINVAL, "a key is there twice in the map that begins here");
    return 0;
}

static int read_list(struct piece *piece, struct ht_json *ret)
{
    size_t base = piece->stack.len;
    int r = read_children(piece, ']', read_item);

    if (r < 0)
        return r;
    ret->kind = HT_JSON_ARRAY;
    ret->len = (piece->stack.len - base) / sizeof(struct ht_json);
    ret->items = pop(piece, base);
    return 0;
}

static int read_value(struct piece *piece, struct ht_json *ret)
{
    if (++piece->values > piece->told->values_max)
        return fail(piece, piece->at, E2BIG, piece->told->too_many);
    skip_blanks(piece);
    if (piece->at == piece->end)
        return fail_here(piece);
    ret->line = piece->line;
    switch (*piece->at) {
    case '{':
        return read_map(piece, ret);
    case '[':
        return read_list(piece, ret);
    case '"':
        ret->kind = HT_JSON_STRING;
        return read_string(piece, &ret->string);
    case 't':
    case 'f':
    case 'n':
        return read_word(piece, ret);
    default:
        return read_number(piece, ret);
    }
}

int ht_json_piece_read(struct ht_json_piece *told, struct ht_arena *arena, struct ht_json *ret)
{
    struct piece piece = {.told = told,
                          .arena = arena,
                          .at = told->text.data,
                          .line = told->line,
                          .end = told->text.data + told->text.len};
    int r = read_value(&piece, ret);

    skip_blanks(&piece);
    if (r == 0 && piece.at != piece.end)
        r = fail_here(&piece);
    if (r == 0 && ht_arena_is_full(arena))
        r = fail(&piece, told->text.data, E2BIG, "needs more memory than its limit allows");
    free(piece.stack.bytes);
    return r;
}

const struct ht_json *ht_json_read(struct ht_arena *arena, const char *name, struct ht_str text,
                                   const char *const *skip, struct ht_error *err)
{
    struct ht_json_piece piece = {.text = text,
                                  .skip = skip,
                                  .line = 1,
                                  .values_max = ht_arena_max(arena) / sizeof(struct ht_json),
                                  .too_many = "needs more memory than its limit allows"};
    struct ht_json *root = ht_arena_array(arena, struct ht_json, 1);

    if (piece.values_max > HT_LIMIT_JSON_VALUES) {
        piece.values_max = HT_LIMIT_JSON_VALUES;
        piece.too_many = "too many values (limit 8000000)";
    }
    if (text.len > HT_LIMIT_DOCUMENT) {
        ht_error_set(err, E2BIG, "%s: more than 256 MiB of JSON", name);
        return NULL;
    }
    if (ht_json_piece_read(&piece, arena, root) < 0) {
        const struct ht_json_fault fault = {
            .at = piece.bad, .code = piece.code, .what = piece.what};

        ht_json_fail(name, text, &fault, err);
        return NULL;
    }
    return root;
}
