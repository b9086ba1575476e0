/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reading half of json.h: bytes to tree. json-c does the parsing; what it is too kind about
 * (numbers, raw control bytes, comments, NaN, a comma at the end) or loses (integers above 64 bits,
 * NUL in a key) is settled in one scan before it sees the text.
 */
#include "hulltop/base/json.h"

#include <errno.h>
#include <json_object.h>
#include <json_object_iterator.h>
#include <json_tokener.h>
#include <stdio.h>
#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "json-private.h"

enum {
    /* What json-c 0.16 takes for a value, and for the table that each object has. */
    VALUE_COST = 64,
    OBJECT_COST = 800,
    /* It may take so many times what the tree may become: far more than any honest text needs. */
    COST_TIMES = 4,
};

struct scan {
    const char *name;
    struct ht_str text;
    char *copy; /* of text, made when the first byte has to be changed */
    size_t at;
    size_t values;
    size_t cost; /* bytes that json-c will need for the values so far */
    size_t cost_max;
    unsigned depth;
    bool seen;  /* a value began at the outermost level */
    bool comma; /* the token before was one */
};

int ht_json_fail(const char *name, struct ht_str text, const struct ht_json_fault *fault,
                 struct ht_error *err)
{
    unsigned line = 1;
    size_t begin = 0;

    for (size_t i = 0; i < fault->at && i < text.len; i++) {
        if (text.data[i] == '\n') {
            line++;
            begin = i + 1;
        }
    }
    return ht_error_set(err, fault->code, "%s: line %u, column %zu: %s", name, line,
                        fault->at - begin + 1, fault->what);
}

static int fail_at(const struct scan *scan, size_t at, int code, const char *what,
                   struct ht_error *err)
{
    const struct ht_json_fault fault = {.at = at, .code = code, .what = what};

    return ht_json_fail(scan->name, scan->text, &fault, err);
}

static int fail_unexpected(const struct scan *scan, size_t at, struct ht_error *err)
{
    char what[40];

    if (at >= scan->text.len)
        return fail_at(scan, at, EINVAL, "unexpected end", err);

    unsigned char c = (unsigned char)scan->text.data[at];
    if (c > 0x20 && c < 0x7f)
        snprintf(what, sizeof(what), "unexpected '%c'", c);
    else
        snprintf(what, sizeof(what), "unexpected byte 0x%02x", c);
    return fail_at(scan, at, EINVAL, what, err);
}

/* The byte at a place, NUL behind the end (a NUL in the text is refused wherever this is used). */
static char peek(const struct scan *scan, size_t at)
{
    return at < scan->text.len ? scan->text.data[at] : '\0';
}

static void patch(struct scan *scan, size_t at, const char *bytes, size_t len)
{
    if (!scan->copy)
        scan->copy = ht_strndup(scan->text.data, scan->text.len);
    memcpy(scan->copy + at, bytes, len);
}

static size_t skip_digits(const struct scan *scan, size_t at)
{
    while (ht_is_digit(peek(scan, at)))
        at++;
    return at;
}

/* json-c clamps integers that do not fit 64 bits. Their last two digits are replaced by "e2", which
 * makes them a double of the same magnitude and moves no byte behind them. */
static void patch_big_integer(struct scan *scan, size_t from, size_t end)
{
    struct ht_str digits = {.data = scan->text.data + from, .len = end - from};
    int64_t integer;
    uint64_t uinteger;

    if (digits.len < 19 || ht_parse_i64(digits, &integer) == 0 ||
        ht_parse_u64(digits, &uinteger) == 0)
        return;
    patch(scan, end - 2, "e2", 2);
}

static int scan_number(struct scan *scan, struct ht_error *err)
{
    size_t from = scan->at;
    size_t at = from + (peek(scan, from) == '-' ? 1 : 0);
    bool integer = true;

    if (!ht_is_digit(peek(scan, at)))
        return fail_unexpected(scan, at, err);
    at = peek(scan, at) == '0' ? at + 1 : skip_digits(scan, at);
    if (peek(scan, at) == '.') {
        integer = false;
        if (!ht_is_digit(peek(scan, at + 1)))
            return fail_unexpected(scan, at + 1, err);
        at = skip_digits(scan, at + 1);
    }
    if (peek(scan, at) == 'e' || peek(scan, at) == 'E') {
        integer = false;
        at++;
        if (peek(scan, at) == '+' || peek(scan, at) == '-')
            at++;
        if (!ht_is_digit(peek(scan, at)))
            return fail_unexpected(scan, at, err);
        at = skip_digits(scan, at);
    }
    if (ht_is_digit(peek(scan, at)))
        return fail_unexpected(scan, at, err); /* a leading zero */
    if (integer)
        patch_big_integer(scan, from, at);
    scan->at = at;
    return 0;
}

/* json-c ends a key at a NUL, so that "Privileged\u0000x" would read as "Privileged": there (and
 * only in keys) a NUL becomes U+FFFD. */
static void patch_key_nuls(struct scan *scan, size_t from, size_t end)
{
    size_t at = end;

    while (ht_is_blank(peek(scan, at)))
        at++;
    if (peek(scan, at) != ':')
        return;
    for (at = from; at + 6 <= end; at++) {
        if (scan->text.data[at] != '\\')
            continue;
        if (memcmp(scan->text.data + at, "\\u0000", 6) == 0)
            patch(scan, at, "\\ufffd", 6);
        at++; /* what is escaped is no backslash that escapes */
    }
}

static int scan_string(struct scan *scan, struct ht_error *err)
{
    const char *data = scan->text.data;
    size_t from = scan->at;
    size_t at = from + 1;
    bool has_nul = false;

    for (; at < scan->text.len && data[at] != '"'; at++) {
        if ((unsigned char)data[at] < 0x20)
            return fail_unexpected(scan, at, err);
        if (data[at] != '\\')
            continue;
        if (scan->text.len - at >= 6 && memcmp(data + at, "\\u0000", 6) == 0)
            has_nul = true;
        at++;
        if (at < scan->text.len && (unsigned char)data[at] < 0x20)
            return fail_unexpected(scan, at, err);
    }
    if (at >= scan->text.len)
        return fail_unexpected(scan, scan->text.len, err);
    scan->at = at + 1;
    if (has_nul)
        patch_key_nuls(scan, from, scan->at);
    return 0;
}

static int scan_word(struct scan *scan, struct ht_error *err)
{
    static const char *const words[] = {"true", "false", "null"};
    struct ht_str rest = ht_str_sub(scan->text, scan->at, scan->text.len);

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (ht_str_has_prefix(rest, words[i])) {
            scan->at += strlen(words[i]);
            return 0;
        }
    }
    return fail_unexpected(scan, scan->at, err);
}

static int scan_bracket(struct scan *scan, char c, struct ht_error *err)
{
    if (c == '{' || c == '[') {
        if (scan->depth == HT_LIMIT_DEPTH)
            return fail_at(scan, scan->at, E2BIG, "nested too deep (limit 64)", err);
        scan->depth++;
    } else {
        if (scan->depth == 0 || scan->comma)
            return fail_unexpected(scan, scan->at, err);
        scan->depth--;
    }
    scan->comma = false;
    scan->at++;
    return 0;
}

static int scan_token(struct scan *scan, struct ht_error *err)
{
    char c = scan->text.data[scan->at];

    if (c == ',' || c == ':') {
        if (scan->depth == 0)
            return fail_unexpected(scan, scan->at, err);
        scan->comma = c == ',';
        scan->at++;
        return 0;
    }
    if (c == '}' || c == ']')
        return scan_bracket(scan, c, err);
    scan->comma = false;
    if (scan->depth == 0 && scan->seen)
        return fail_unexpected(scan, scan->at, err);
    scan->seen = true;
    if (++scan->values > HT_LIMIT_JSON_VALUES)
        return fail_at(scan, scan->at, E2BIG, "too many values (limit 8000000)", err);
    scan->cost += VALUE_COST + (c == '{' ? OBJECT_COST : 0);
    if (scan->cost > scan->cost_max)
        return ht_error_set(err, E2BIG, "%s: needs more memory than its limit allows", scan->name);
    if (c == '"')
        return scan_string(scan, err);
    if (c == '-' || ht_is_digit(c))
        return scan_number(scan, err);
    if (c == '{' || c == '[')
        return scan_bracket(scan, c, err);
    return scan_word(scan, err);
}

/* Looks at every token once; their order, but for a comma before a bracket, is left to json-c. */
static int scan_text(struct scan *scan, struct ht_error *err)
{
    if (scan->text.len > HT_LIMIT_DOCUMENT)
        return ht_error_set(err, E2BIG, "%s: more than 256 MiB of JSON", scan->name);
    while (scan->at < scan->text.len) {
        if (ht_is_blank(scan->text.data[scan->at])) {
            scan->at++;
            continue;
        }

        int r = scan_token(scan, err);
        if (r < 0)
            return r;
    }
    if (!scan->seen || scan->depth > 0)
        return fail_unexpected(scan, scan->text.len, err);
    return 0;
}

static void convert(struct ht_arena *arena, json_object *from, struct ht_json *to);

static void convert_int(json_object *from, struct ht_json *to)
{
    uint64_t uinteger = json_object_get_uint64(from);

    if (uinteger > INT64_MAX) {
        to->kind = HT_JSON_UINT;
        to->uinteger = uinteger;
        return;
    }
    to->kind = HT_JSON_INT;
    to->integer = json_object_get_int64(from);
}

static void convert_array(struct ht_arena *arena, json_object *from, struct ht_json *to)
{
    size_t len = json_object_array_length(from);
    struct ht_json *items = ht_arena_array(arena, struct ht_json, len);

    to->kind = HT_JSON_ARRAY;
    to->items = items;
    for (size_t i = 0; i < len && !ht_arena_is_full(arena); i++)
        convert(arena, json_object_array_get_idx(from, i), &items[i]);
    to->len = len;
}

static void convert_object(struct ht_arena *arena, json_object *from, struct ht_json *to)
{
    size_t len = (size_t)json_object_object_length(from);
    struct ht_json_member *members = ht_arena_array(arena, struct ht_json_member, len);
    struct json_object_iterator at = json_object_iter_begin(from);
    struct json_object_iterator end = json_object_iter_end(from);

    to->kind = HT_JSON_OBJECT;
    to->members = members;
    for (; !json_object_iter_equal(&at, &end) && !ht_arena_is_full(arena); to->len++) {
        struct ht_json_member *member = &members[to->len];

        member->key = ht_arena_text(arena, json_object_iter_peek_name(&at));
        convert(arena, json_object_iter_peek_value(&at), &member->value);
        json_object_iter_next(&at);
    }
}

/* Recursion is bounded by the tokener's depth. A full arena ends it: the caller drops the tree. */
static void convert(struct ht_arena *arena, json_object *from, struct ht_json *to)
{
    switch (json_object_get_type(from)) {
    case json_type_null:
        to->kind = HT_JSON_NULL;
        break;
    case json_type_boolean:
        to->kind = HT_JSON_BOOL;
        to->boolean = json_object_get_boolean(from);
        break;
    case json_type_double:
        to->kind = HT_JSON_DOUBLE;
        to->number = json_object_get_double(from);
        break;
    case json_type_int:
        convert_int(from, to);
        break;
    case json_type_string:
        to->kind = HT_JSON_STRING;
        to->string =
            ht_arena_str(arena, (struct ht_str){.data = json_object_get_string(from),
                                                .len = (size_t)json_object_get_string_len(from)});
        break;
    case json_type_array:
        convert_array(arena, from, to);
        break;
    case json_type_object:
        convert_object(arena, from, to);
        break;
    }
}

/* Gives the scanned text to json-c. NULL for "null" is success. Its strict mode is not asked for:
 * what that refuses was refused by then, and that of 0.18 refuses every byte above ASCII too. */
static int parse_text(const struct scan *scan, json_object **ret_object, struct ht_error *err)
{
    const char *data = scan->copy ? scan->copy : scan->text.data;
    struct json_tokener *tokener = json_tokener_new_ex(HT_LIMIT_DEPTH + 2);

    if (!tokener)
        return ht_error_set(err, ENOMEM, "%s: no memory for the parser", scan->name);

    json_object *object = json_tokener_parse_ex(tokener, data, (int)scan->text.len);
    enum json_tokener_error state = json_tokener_get_error(tokener);
    size_t at = json_tokener_get_parse_end(tokener);

    if (state == json_tokener_continue) {
        /* A number at the outermost level ends only here. */
        object = json_tokener_parse_ex(tokener, "", 1);
        state = json_tokener_get_error(tokener);
        at = scan->text.len;
    }
    json_tokener_free(tokener);
    if (state != json_tokener_success)
        return fail_unexpected(scan, at, err);
    *ret_object = object;
    return 0;
}

const struct ht_json *ht_json_parse(struct ht_arena *arena, const char *name, struct ht_str text,
                                    struct ht_error *err)
{
    struct scan scan = {.name = name, .text = text, .cost_max = COST_TIMES * ht_arena_max(arena)};
    json_object *object = NULL;
    int r = scan_text(&scan, err);

    if (r == 0)
        r = parse_text(&scan, &object, err);
    free(scan.copy);
    if (r < 0)
        return NULL;

    struct ht_json *root = ht_arena_array(arena, struct ht_json, 1);
    convert(arena, object, root);
    json_object_put(object);
    if (ht_arena_is_full(arena)) {
        ht_error_set(err, E2BIG, "%s: needs more memory than its limit allows", name);
        return NULL;
    }
    return root;
}
