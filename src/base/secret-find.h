/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where in a text the secrets are. Private to base: secret.c puts the pieces together. */
#ifndef HT_BASE_SECRET_FIND_H
#define HT_BASE_SECRET_FIND_H

#include <stdbool.h>
#include <stddef.h>

#include "hulltop/base/str.h"
#include "secret-table.h"

/* Why something is taken for a secret. */
enum ht_secret_how {
    HT_SECRET_BY_SHAPE,    /* rule is the shape's name */
    HT_SECRET_BY_URL,      /* a password in a URL */
    HT_SECRET_BY_URL_USER, /* a long user of a URL without a password */
    HT_SECRET_BY_NAME,     /* of the pair or option before it */
    HT_SECRET_BY_PROGRAM,  /* an option of a known program */
    HT_SECRET_BY_LINE,     /* the line has the form of a known file's; rule says which */
};

struct ht_secret_origin {
    enum ht_secret_how how;
    const char *rule;
    struct ht_str name; /* part of the text, or empty */
};

struct ht_secret_span {
    size_t from;
    size_t to;
    struct ht_secret_origin origin;
};

/* What is to be masked in one text, in no order; spans may overlap. */
struct ht_secret_spans {
    struct ht_str text;
    struct ht_secret_span *items;
    size_t len;
    size_t cap;
    bool is_shell;                  /* a text of several words, as a shell reads it */
    struct ht_secret_origin origin; /* of what is added next */
    bool has_uid;                   /* "uid=" stands in the text; known while pairs are found */
};

/* A text in quotes, which has others in it only behind backslashes. */
struct ht_secret_quoted {
    size_t from, to; /* without the quotes */
    size_t next;     /* behind the last quote, or the end of the text */
};

/* The text whose first quote is at a place. If that has backslashes itself, since it is in another
 * text, the last one has as many. */
struct ht_secret_quoted ht_secret_read_quoted(struct ht_str text, size_t at);
/* Adds [from, to) of the text unless it is empty, masked already, or a value that is no secret. */
void ht_secret_add(struct ht_secret_spans *spans, size_t from, size_t to);
/* The same of what the form of a line tells; rule says of which. */
void ht_secret_add_line(struct ht_secret_spans *spans, const char *rule, size_t from, size_t to);
/* What tokens and names are made of: letters, digits, "_" and "-". */
static inline bool ht_secret_is_token(char c)
{
    return ht_is_alnum(c) || c == '_' || c == '-';
}
/* The first place at or behind from that is of no token. */
size_t ht_secret_token_end(struct ht_str text, size_t from);
/* The shape that begins at a place, and the bytes it takes there; NULL if none does. */
const struct ht_secret_shape *ht_secret_shape_at(struct ht_str text, size_t at, size_t *ret_len);
/* Bytes of the public prefix to keep in front of the "***" of a span. */
size_t ht_secret_public_prefix(struct ht_str value);
/* "ConnectionString=Server=db;Password=X": the value is made of pairs, and those that are secrets
 * are found by names of their own. */
bool ht_secret_is_pairs(struct ht_str name, struct ht_str value);
/* Well-known shapes anywhere in the text. */
void ht_secret_find_shapes(struct ht_secret_spans *spans);
/* scheme://user:X@host; X@host when X is long. */
void ht_secret_find_urls(struct ht_secret_spans *spans);
/* NAME=X, "name": "X", Authorization: Bearer X. */
void ht_secret_find_pairs(struct ht_secret_spans *spans);
/* Lines of known files (netrc, pgpass), and ht_secret_find_tokens. */
void ht_secret_find_lines(struct ht_secret_spans *spans);
/* Tokens known by their middle, or by what they are made of. */
void ht_secret_find_tokens(struct ht_secret_spans *spans);
/* All of these, and what the words of a command line tell of each other. */
void ht_secret_find_all(struct ht_secret_spans *spans);

#endif
