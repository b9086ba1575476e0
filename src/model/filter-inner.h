/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What parser and evaluation of filters share. Private to src/model; constant after parsing.
 */
#ifndef HT_MODEL_FILTER_INNER_H
#define HT_MODEL_FILTER_INNER_H

#include "hulltop/base/arena.h"
#include "hulltop/model/filter.h"

enum ht_term_kind {
    HT_TERM_AND,      /* all children */
    HT_TERM_OR,       /* any child */
    HT_TERM_NOT,      /* not the one child */
    HT_TERM_WORD,     /* any child, which all look for text: in the columns of a list */
    HT_TERM_ANY_TEXT, /* text is in any field that is text */
    HT_TERM_CONTAINS, /* the rest look at path */
    HT_TERM_EQUAL,
    HT_TERM_LESS,
    HT_TERM_GREATER,
    HT_TERM_AT_MOST,
    HT_TERM_AT_LEAST,
    HT_TERM_COLLECT, /* appends to into what HT_TERM_CONTAINS would look in; never matches */
};

/* A value as its field holds it. */
struct ht_literal {
    int64_t number;   /* int, time, duration; 0 or 1; place in an enum; number of a bit */
    uint64_t natural; /* uint, hex */
    bool is_age;      /* number is an age in ns, to be compared with a time */
};

struct ht_term {
    enum ht_term_kind kind;
    struct ht_term *first; /* child */
    struct ht_term *next;  /* sibling */
    struct ht_path path;
    struct ht_str text; /* as it was written, without quotes */
    struct ht_str
        folded; /* of a word: in small letters; empty: it cannot be looked for in words' text */
    struct ht_buf *into;
    struct ht_literal literal;
};

struct ht_filter {
    struct ht_arena *arena;
    const struct ht_table *table;
    struct ht_term *root; /* NULL: matches all */
    int64_t now_ns;
    bool has_now;
};

/* What a field's values, or its items', are. */
enum ht_kind ht_field_leaf(const struct ht_field *field);
/* Place of an enum value in the order of comparison: severity and confidence are declared worst and
 * surest first, and those are the greatest. */
unsigned ht_enum_rank(const struct ht_enum *values, unsigned value);
/* Reads text as a value of field. The message says what was expected. */
int ht_literal_parse(const struct ht_field *field, struct ht_str text,
                     struct ht_literal *ret_literal, struct ht_error *err);

#endif
