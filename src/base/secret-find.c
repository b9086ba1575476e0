/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "secret-find.h"

#include <string.h>
#include <strings.h>

#include "hulltop/base/mem.h"
#include "secret-name.h"

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_word(char c)
{
    return ht_is_alnum(c) || c == '_';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'' || c == '`';
}

static struct ht_str range(struct ht_str text, size_t from, size_t to)
{
    return ht_str_sub(text, from, to - from);
}

/* ---- values that stay ---- */

static bool is_identifier(struct ht_str s, bool upper_only)
{
    if (s.len == 0 || ht_is_digit(s.data[0]))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];

        if (!is_word(c) || (upper_only && !is_upper(c) && !ht_is_digit(c) && c != '_'))
            return false;
    }
    return true;
}

/* ${NAME}, $(NAME); in a shell's text $NAME too. */
static bool is_reference(struct ht_str s, bool is_shell)
{
    if (s.len < 2 || s.data[0] != '$')
        return false;
    if (is_shell && is_identifier(ht_str_sub(s, 1, s.len), true))
        return true;

    char last = s.data[s.len - 1];
    return s.len > 3 && ((s.data[1] == '{' && last == '}') || (s.data[1] == '(' && last == ')')) &&
           is_identifier(ht_str_sub(s, 2, s.len - 3), false);
}

static bool is_masked(struct ht_str s)
{
    if (!ht_str_has_suffix(s, "***"))
        return false;
    if (s.len == 3)
        return true;
    for (const struct ht_secret_shape *shape = ht_secret_shapes_of(s.data[0]); shape;
         shape = ht_secret_shape_next(shape)) {
        if (s.len == strlen(shape->prefix) + 3 && ht_str_has_prefix(s, shape->prefix))
            return true;
    }
    return false;
}

static bool stays(struct ht_str value, bool is_shell)
{
    if (value.len == 0 || is_masked(value) || is_reference(value, is_shell))
        return true;
    for (const char *const *plain = ht_secret_plain_values(); *plain; plain++) {
        if (ht_str_is_nocase(value, *plain))
            return true;
    }
    return false;
}

static struct ht_str unquoted(struct ht_str s)
{
    if (s.len >= 2 && is_quote(s.data[0]) && s.data[s.len - 1] == s.data[0])
        return ht_str_sub(s, 1, s.len - 2);
    return s;
}

/* True if the last byte is a quote that was opened before the value. */
static bool ends_foreign_quote(struct ht_str value)
{
    size_t quotes = 0;

    if (value.len == 0 || !is_quote(value.data[value.len - 1]))
        return false;
    for (size_t i = 0; i < value.len; i++)
        quotes += value.data[i] == value.data[value.len - 1];
    return quotes % 2;
}

void ht_secret_add(struct ht_secret_spans *spans, size_t from, size_t to)
{
    if (from < to && ends_foreign_quote(range(spans->text, from, to)))
        to--;
    if (from >= to || stays(unquoted(range(spans->text, from, to)), spans->is_shell))
        return;
    if (spans->len == spans->cap) {
        spans->cap = spans->cap ? spans->cap * 2 : 8;
        spans->items = ht_realloc(spans->items, spans->cap, sizeof(*spans->items));
    }
    spans->items[spans->len++] =
        (struct ht_secret_span){.from = from, .to = to, .origin = spans->origin};
}

void ht_secret_add_line(struct ht_secret_spans *spans, const char *rule, size_t from, size_t to)
{
    spans->origin = (struct ht_secret_origin){.how = HT_SECRET_BY_LINE, .rule = rule};
    ht_secret_add(spans, from, to);
}

/* ---- shapes ---- */

static bool belongs(char c, enum ht_secret_rest rest)
{
    switch (rest) {
    case HT_REST_WORD:
        return is_word(c) || c == '-';
    case HT_REST_DOTS:
        return is_word(c) || (c && strchr("-.=", c));
    case HT_REST_BASE64:
        return is_word(c) || (c && strchr("-.=+/~$", c));
    case HT_REST_ALNUM:
        return ht_is_alnum(c);
    case HT_REST_HEX:
        return ht_is_digit(c) || (c >= 'a' && c <= 'f');
    case HT_REST_PEM:
        return true;
    }
    return false;
}

/* A block of a private key up to its end line, or, where that is missing, the whole rest. */
static size_t pem_len(struct ht_str text, size_t at)
{
    struct ht_str head = ht_str_sub(text, at, 64);
    ptrdiff_t label = ht_str_find(head, HT_S("PRIVATE KEY"), 0);

    if (label < 0)
        return 0;

    ptrdiff_t end = ht_str_find(text, HT_S("-----END "), at);
    if (end < 0)
        return text.len - at;
    end = ht_str_find(text, HT_S("-----"), (size_t)end + 9);
    return end < 0 ? text.len - at : (size_t)end + 5 - at;
}

static size_t shape_len(const struct ht_secret_shape *shape, struct ht_str text, size_t at)
{
    size_t prefix = strlen(shape->prefix);
    size_t end = at + prefix;

    if (text.len - at < prefix + shape->least || memcmp(text.data + at, shape->prefix, prefix) != 0)
        return 0;
    if (shape->rest == HT_REST_PEM)
        return pem_len(text, at);
    while (end < text.len && belongs(text.data[end], shape->rest))
        end++;
    return end - at >= prefix + shape->least ? end - at : 0;
}

const struct ht_secret_shape *ht_secret_shape_at(struct ht_str text, size_t at, size_t *ret_len)
{
    for (const struct ht_secret_shape *shape = ht_secret_shapes_of(text.data[at]); shape;
         shape = ht_secret_shape_next(shape)) {
        size_t len = shape_len(shape, text, at);
        if (len) {
            *ret_len = len;
            return shape;
        }
    }
    return NULL;
}

size_t ht_secret_public_prefix(struct ht_str value)
{
    size_t len = 0;
    const struct ht_secret_shape *shape = value.len ? ht_secret_shape_at(value, 0, &len) : NULL;

    return shape ? strlen(shape->prefix) : 0;
}

/* A shape begins where a word does; "-----BEGIN" may stand behind anything. */
static bool may_begin(struct ht_str text, size_t at)
{
    return at == 0 || !is_word(text.data[at - 1]) || text.data[at] == '-';
}

void ht_secret_find_shapes(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;

    /* Most words are shorter than any of them. */
    if (text.len < HT_SECRET_SHAPE_MIN)
        return;
    for (size_t at = 0; at + HT_SECRET_SHAPE_MIN <= text.len;) {
        const struct ht_secret_shape *shape = NULL;
        size_t len = 0;

        if (may_begin(text, at))
            shape = ht_secret_shape_at(text, at, &len);
        if (shape) {
            spans->origin =
                (struct ht_secret_origin){.how = HT_SECRET_BY_SHAPE, .rule = shape->name};
            ht_secret_add(spans, at, at + len);
        }
        at += len ? len : 1;
    }
}

/* ---- URLs ---- */

static bool ends_url(char c)
{
    return is_blank(c) || c == '"' || c == '\'' || c == '`' || c == '<' || c == '>';
}

static bool is_port(struct ht_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!ht_is_digit(s.data[i]))
            return false;
    }
    return s.len <= 5;
}

/* Where the "@" behind the credentials is, or -1. A password may hold "/", "?" and "@": if what
 * follows the authority's colon is no port, the URL's last "@" counts, which is given. */
static ptrdiff_t find_at(struct ht_str url, ptrdiff_t last)
{
    size_t end = 0;

    while (end < url.len && !strchr("/?#", url.data[end]))
        end++;

    struct ht_str authority = ht_str_sub(url, 0, end);
    ptrdiff_t at = ht_str_rfind_byte(authority, '@');
    ptrdiff_t colon = ht_str_find_byte(authority, ':');
    if (at >= 0 || colon < 0)
        return at;
    return is_port(ht_str_sub(authority, (size_t)colon + 1, end)) ? -1 : last;
}

void ht_secret_find_urls(struct ht_secret_spans *spans)
{
    enum { LONG_USER = 20 }; /* tokens are put in the user's place; names are shorter */
    struct ht_str text = spans->text;
    ptrdiff_t scheme = -1;
    /* Of the URL; the same for one inside another, so that many of those cost no more than one. */
    size_t end = 0;
    ptrdiff_t last = -1;    /* "@" before the end */
    ptrdiff_t covered = -1; /* up to here everything was added */

    for (size_t begin = 0; begin < text.len;) {
        scheme = ht_str_find(text, HT_S("://"), begin);
        if (scheme < 0)
            return;
        begin = (size_t)scheme + 3;
        end = end > begin ? end : begin;
        for (; end < text.len && !ends_url(text.data[end]); end++)
            last = text.data[end] == '@' ? (ptrdiff_t)end : last;

        struct ht_str url = range(text, begin, end);
        ptrdiff_t at = find_at(url, last < (ptrdiff_t)begin ? -1 : last - (ptrdiff_t)begin);
        ptrdiff_t colon = at < 0 ? -1 : ht_str_find_byte(ht_str_sub(url, 0, (size_t)at), ':');
        spans->origin = (struct ht_secret_origin){
            .how = colon >= 0 ? HT_SECRET_BY_URL : HT_SECRET_BY_URL_USER, .rule = "url-password"};
        size_t before = spans->len;
        if (colon >= 0 && (ptrdiff_t)begin + at > covered)
            ht_secret_add(spans, begin + (size_t)colon + 1, begin + (size_t)at);
        /* One inside it that ends there is masked with it. */
        if (spans->len > before)
            covered = (ptrdiff_t)begin + at;
        else if (colon < 0 && at >= LONG_USER)
            ht_secret_add(spans, begin, begin + (size_t)at);
    }
}

/* ---- pairs ---- */

struct pair {
    size_t key;       /* where the key begins */
    size_t value;     /* where the value begins */
    char quote;       /* that the value stands in, or '\0' */
    bool is_escaped;  /* the quote is written \" */
    char outer_quote; /* right before the key: -H "Name: value" */
    char separator;
};

/* Reads the key that ends before the separator at sep: name, "name", \"name\". */
static bool read_key(struct ht_str text, size_t sep, struct pair *pair, struct ht_str *ret_key)
{
    size_t end = sep;

    while (end > 0 && (text.data[end - 1] == ' ' || text.data[end - 1] == '\t'))
        end--;
    bool is_quoted = end > 0 && is_quote(text.data[end - 1]);
    if (is_quoted)
        end--;
    while (is_quoted && end > 0 && text.data[end - 1] == '\\')
        end--;

    size_t begin = end;
    while (begin > 0 && (is_word(text.data[begin - 1]) || text.data[begin - 1] == '-' ||
                         text.data[begin - 1] == '.'))
        begin--;
    if (begin == end)
        return false;
    pair->key = begin;
    pair->outer_quote = '\0';
    if (begin > 0 && is_quote(text.data[begin - 1]) && !is_quoted)
        pair->outer_quote = text.data[begin - 1];
    if (pair->separator == ':' && begin > 0 && text.data[begin - 1] == '/')
        return false; /* registry/token:tag */
    *ret_key = range(text, begin, end);
    return true;
}

static size_t skip_blanks(struct ht_str text, size_t at)
{
    while (at < text.len && (text.data[at] == ' ' || text.data[at] == '\t'))
        at++;
    return at;
}

/* Bearer X, Basic X: the scheme stays. */
static size_t skip_scheme(struct ht_str text, size_t at)
{
    static const char *const schemes[] = {"Bearer ", "Basic ", "Token ", "Digest ", "ApiKey "};

    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        struct ht_str head = ht_str_sub(text, at, strlen(schemes[i]));

        if (ht_str_is_nocase(head, schemes[i]))
            return skip_blanks(text, at + head.len);
    }
    return at;
}

static void begin_value(struct ht_str text, size_t sep, struct pair *pair)
{
    size_t at = sep + 1;
    bool is_spaced = sep > 0 && is_blank(text.data[sep - 1]);

    while (at < text.len && (text.data[at] == '=' || text.data[at] == '>'))
        at++;
    if (pair->separator == ':' || is_spaced)
        at = skip_blanks(text, at);
    at = skip_scheme(text, at);
    pair->is_escaped = at + 1 < text.len && text.data[at] == '\\' && is_quote(text.data[at + 1]);
    at += pair->is_escaped;
    pair->quote = at < text.len && is_quote(text.data[at]) ? text.data[at] : '\0';
    at += pair->quote != '\0';
    pair->value = pair->quote ? skip_scheme(text, at) : at;
}

/* Bytes of a protected quote or backslash in a text whose quotes have a backslash; 0: none is
 * there. */
static size_t escaped_len(struct ht_str text, size_t at, char quote)
{
    struct ht_str head = ht_str_sub(text, at, 4);

    return head.len == 4 && ht_str_has_prefix(head, "\\\\\\") &&
                   (head.data[3] == quote || head.data[3] == '\\')
               ? head.len
               : 0;
}

/* The end of what stands in quotes; a backslash protects a quote, unless all quotes have one. */
static size_t quoted_end(struct ht_str text, size_t at, char quote, bool is_escaped)
{
    for (; at < text.len && text.data[at] != quote; at++) {
        if (text.data[at] != '\\' || at + 1 >= text.len)
            continue;
        if (is_escaped && text.data[at + 1] == quote)
            return at;
        if (is_escaped && escaped_len(text, at, quote))
            at += escaped_len(text, at, quote) - 1;
        if (!is_escaped && quote != '\'')
            at++;
    }
    return at < text.len ? at : text.len;
}

static bool only_dashes_before(struct ht_str text, size_t key)
{
    for (size_t i = 0; i < key; i++) {
        if (text.data[i] != '-')
            return false;
    }
    return true;
}

static size_t end_value(const struct ht_secret_spans *spans, const struct pair *pair)
{
    struct ht_str text = spans->text;
    size_t at = pair->value;

    if (pair->quote)
        return quoted_end(text, at, pair->quote, pair->is_escaped);
    if (!spans->is_shell && only_dashes_before(text, pair->key))
        return text.len;
    if (pair->outer_quote)
        return quoted_end(text, at, pair->outer_quote, false);
    if (pair->separator == ':' && !spans->is_shell) {
        while (at < text.len && text.data[at] != '\n')
            at++;
        return at;
    }
    while (at < text.len && !is_blank(text.data[at]))
        at++;
    return at;
}

/* "docker build --secret id=x,src=y" names a secret and holds none. */
static bool is_description(struct ht_str key, struct ht_str value)
{
    while (key.len && key.data[0] == '-')
        key = ht_str_sub(key, 1, key.len);
    return ht_str_is(key, "secret") &&
           (ht_str_has_prefix(value, "id=") || ht_str_has_prefix(value, "type="));
}

static bool is_switch(struct ht_str value)
{
    return ht_str_is(value, "0") || ht_str_is(value, "1");
}

/* A shell's variable is called so too, but stands behind no ";" without a blank: it is the password
 * of "DRIVER=x;UID=y;PWD=z". */
static bool is_odbc_password(const struct ht_secret_spans *spans, struct ht_str key)
{
    return spans->has_uid && ht_str_is(key, "PWD") && key.data > spans->text.data &&
           key.data[-1] == ';';
}

/* True if there is a "=" with a name before it and something behind it: "abc==" has none. */
static bool has_pair(struct ht_str value)
{
    bool has_name = false;

    for (size_t i = 0; i + 1 < value.len; i++) {
        char c = value.data[i];

        if (c == '=' && has_name && value.data[i + 1] != '=' && value.data[i + 1] != ';')
            return true;
        has_name = c != '=' && (is_word(c) || c == ' ' || c == '-');
    }
    return false;
}

bool ht_secret_is_pairs(struct ht_str name, struct ht_str value)
{
    static const char *const endings[] = {"connectionstring", "connection_string"};
    bool is_connection = false;

    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        size_t len = strlen(endings[i]);

        is_connection =
            is_connection || (name.len >= len &&
                              ht_str_is_nocase(ht_str_sub(name, name.len - len, len), endings[i]));
    }
    return is_connection && has_pair(value);
}

/* Judges the separator at sep and returns where to go on behind it. What is before inside was a
 * value already: it is looked into once. */
static size_t find_pair(struct ht_secret_spans *spans, size_t sep, size_t *inside)
{
    struct pair pair = {.separator = spans->text.data[sep]};
    struct ht_str key;

    if (!read_key(spans->text, sep, &pair, &key))
        return sep + 1;

    enum ht_secret_strength strength = ht_secret_name_strength(key);
    if (strength == HT_SECRET_NO && is_odbc_password(spans, key))
        strength = HT_SECRET_STRONG;
    if (strength == HT_SECRET_NO)
        return sep + 1;
    begin_value(spans->text, sep, &pair);
    if (is_description(key, ht_str_sub(spans->text, pair.value, spans->text.len)))
        return sep + 1;

    size_t end = end_value(spans, &pair);
    struct ht_str value = range(spans->text, pair.value, end);
    if (end <= pair.value || (strength == HT_SECRET_WEAK && is_switch(value)))
        return sep + 1;
    spans->origin =
        (struct ht_secret_origin){.how = HT_SECRET_BY_NAME, .rule = "named", .name = key};
    ht_secret_add(spans, pair.value, end);
    if (pair.value < *inside || !ht_secret_is_pairs(key, value))
        return end;
    *inside = end;
    return pair.value;
}

void ht_secret_find_pairs(struct ht_secret_spans *spans)
{
    struct ht_str text = spans->text;
    size_t inside = 0;

    /* Asked once: there may be many of them. */
    spans->has_uid =
        ht_str_find(text, HT_S(";PWD"), 0) >= 0 && ht_str_find_nocase(text, HT_S("uid="), 0) >= 0;
    for (size_t at = 1; at < text.len;) {
        bool is_scheme = text.data[at] == ':' && at + 2 < text.len && text.data[at + 1] == '/' &&
                         text.data[at + 2] == '/';

        if ((text.data[at] == '=' || text.data[at] == ':') && !is_scheme)
            at = find_pair(spans, at, &inside);
        else
            at++;
    }
}
