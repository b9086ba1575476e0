/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where in a text the secrets are. Private to base: secret.c puts the pieces together. */
#ifndef HT_BASE_SECRET_FIND_H
#define HT_BASE_SECRET_FIND_H

#include <stdbool.h>
#include <stddef.h>

#include "hulltop/base/str.h"
#include "secret-table.h"

struct ht_secret_span {
    size_t from;
    size_t to;
};

/* What is to be masked in one text, in no order; spans may overlap. */
struct ht_secret_spans {
    struct ht_str text;
    struct ht_secret_span *items;
    size_t len;
    size_t cap;
    bool is_shell; /* a text of several words, as a shell reads it */
};

/* Adds [from, to) of the text unless it is empty, masked already, or a value that is no secret. */
void ht_secret_add(struct ht_secret_spans *spans, size_t from, size_t to);
/* The shape that begins at a place, and the bytes it takes there; NULL if none does. */
const struct ht_secret_shape *ht_secret_shape_at(struct ht_str text, size_t at, size_t *ret_len);
/* Bytes of the public prefix to keep in front of the "***" of a span. */
size_t ht_secret_public_prefix(struct ht_str value);
/* Well-known shapes anywhere in the text. */
void ht_secret_find_shapes(struct ht_secret_spans *spans);
/* scheme://user:X@host; X@host when X is long. */
void ht_secret_find_urls(struct ht_secret_spans *spans);
/* NAME=X, "name": "X", Authorization: Bearer X. */
void ht_secret_find_pairs(struct ht_secret_spans *spans);

#endif
