/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the masking of secret.h knows about the world, as tables. Private to base.
 * Every table ends with an entry whose first member is NULL, or empty.
 */
#ifndef HT_BASE_SECRET_TABLE_H
#define HT_BASE_SECRET_TABLE_H

#include <stdbool.h>

#include "hulltop/base/str.h"

enum ht_secret_rest {
    HT_REST_WORD,   /* letters, digits, "_", "-" */
    HT_REST_DOTS,   /* those and ".", "=" */
    HT_REST_BASE64, /* those and "+", "/", "~" */
    HT_REST_ALNUM,  /* letters and digits */
    HT_REST_HEX,    /* lower-case hexadecimal digits */
    HT_REST_PEM,    /* a private key's block, to its end line */
};

enum { HT_SECRET_SHAPE_MIN = 15 /* bytes of the shortest that has a shape */ };

struct ht_secret_shape {
    const char *name;
    const char *prefix; /* public: it stays in front of the "***" */
    unsigned least;     /* bytes that must follow the prefix */
    enum ht_secret_rest rest;
};

struct ht_secret_ending {
    struct ht_str text; /* lower case, without separators; the last one has none */
    bool whole;         /* only as whole words: "pass" is not the end of "bypass" */
    bool weak;          /* options of that name may be switches: --auth */
};

enum ht_secret_option_value {
    HT_OPTION_ATTACHED = 1 << 0, /* -pX */
    HT_OPTION_SEPARATE = 1 << 1, /* -p X */
    HT_OPTION_USER = 1 << 2,     /* what follows is user:X, and only X is secret */
    HT_OPTION_LOGIN = 1 << 3,    /* the same, or user%X; or a user and a group, and no secret */
};

#define HT_SECRET_ANY_PROGRAM "*"

/* A secret that is an operand: "vault login X". */
struct ht_secret_verb {
    const char *program; /* the file name of a word before it; NULL ends the table */
    const char *verb;    /* a word or an option, as a whole */
    unsigned operand;    /* which word behind it that is no option; from 1 */
};

struct ht_secret_option {
    const char *program; /* the file name of a word before it */
    const char *option;
    unsigned value; /* enum ht_secret_option_value */
};

const struct ht_secret_shape *ht_secret_shapes(void);
/* The first shape whose prefix begins with that byte, and the one behind it that does too; NULL:
 * there is none. */
const struct ht_secret_shape *ht_secret_shapes_of(char first);
const struct ht_secret_shape *ht_secret_shape_next(const struct ht_secret_shape *shape);
const struct ht_secret_ending *ht_secret_endings(void);
const struct ht_secret_option *ht_secret_options(void);
const struct ht_secret_verb *ht_secret_verbs(void);
/* Words behind a secret's name that do not change what it is: PASSWORD_OLD. */
const struct ht_str *ht_secret_silent_endings(void);
/* Names of variables whose values are kept. */
const char *const *ht_secret_plain_names(void);
/* Values that are no secrets whatever their name is. */
const char *const *ht_secret_plain_values(void);

#endif
