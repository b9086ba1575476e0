/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values by path, and the one filter language of views, of / and of the command line.
 * Layer 2 (model); pure; any thread.
 *
 * term = word (any column) | field OP value, OP = != ~ < > ; !term ; blank is and ; or ;
 * parentheses ; quotes ; field:value is short for ~.  A field is a path: subject.container,
 * declared.caps; through a list of structs (mounts.source) any item may match, and a whole struct
 * or list of structs matches by its texts.
 *
 *   ~      the text is in the value, ASCII case ignored (bits and enums: in a name; map: in key,
 *          value or key=value; numbers and times: in what HT_FORMAT_RAW writes)
 *   =      texts exactly, names of enums and bits (CAP_ allowed) without case, map: key or
 * key=value < >    numbers; sizes (10M, 1.5GiB), cores (0.5, 500m), durations (90s, 1h30m), octal
 * modes, times (2026-11-23, RFC 3339), ages of times (since<5m is younger than 5 minutes), and
 *          enums by their place; severity and confidence are declared worst and surest first, and
 *          those are the greatest: severity>medium is high and critical
 *
 * Of a list, a map, bits any element may match; != means that none does.
 */
#ifndef HT_MODEL_FILTER_H
#define HT_MODEL_FILTER_H

#include <stdbool.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "hulltop/model/row.h"

/* A resolved path: from a row's struct down to a field. */
enum { HT_PATH_DEPTH = 4 };
struct ht_path {
    const struct ht_table *table; /* where it starts */
    const struct ht_field *steps[HT_PATH_DEPTH];
    unsigned depth;
};

/* Resolves "subject.container" from table. A reference is followed by name only ("container" is the
 * id). -EINVAL: "no field contaner in finding (did you mean container?)". */
int ht_path_parse(const struct ht_table *table, struct ht_str text, struct ht_path *ret_path,
                  struct ht_error *err);
/* The last field of the path. */
const struct ht_field *ht_path_field(const struct ht_path *path);
/* Address of the value in the struct at data, or NULL if it or a struct on the way is unknown. Of a
 * list on the way it is the first item's. */
const void *ht_path_value(const struct ht_path *path, const void *data);

enum ht_format_flags {
    HT_FORMAT_RAW = 1 << 0,   /* whole values: every item of a list, full hex, RFC 3339 */
    HT_FORMAT_SHORT = 1 << 1, /* as a column shows it: first item and a count, 1.2G, yes/no */
};
/* Appends the value as text (raw bytes of texts stay raw). Times are UTC, in short the clock alone.
 * Empty lists, maps and bits are "none". NULL value: nothing. */
void ht_value_format(struct ht_buf *out, const struct ht_field *field, const void *value,
                     unsigned flags);
/* Order of two values of a field for sorting (texts without ASCII case, sets of bits by their size,
 * enums as in filters); NULL (unknown) sorts last whichever the direction. */
int ht_value_compare(const struct ht_field *field, const void *a, const void *b);

struct ht_filter;
/* Paths that a bare word is looked for in: the columns of a list. */
struct ht_filter_words {
    const struct ht_path *paths;
    size_t len;
};

/* Parses a filter for rows of table. words is copied; NULL: all text fields. The empty text matches
 * all. Errors name the place: "filter: column 9: ...", with the nearest valid field name. */
int ht_filter_parse(const struct ht_table *table, struct ht_str text,
                    const struct ht_filter_words *words, struct ht_filter **ret_filter,
                    struct ht_error *err);
/* NULL is allowed; returns NULL. */
struct ht_filter *ht_filter_free(struct ht_filter *filter);
/* Sets the clock that ages are counted from (since<5m). Before the first call no age matches. NULL
 * is allowed. */
void ht_filter_set_now(struct ht_filter *filter, int64_t now_ns);
/* Whether it asks for ages, so that what matches changes with the clock; NULL does not. */
bool ht_filter_is_timed(const struct ht_filter *filter);
/* Whether the struct at data matches; NULL filter matches all. An unknown field matches no term but
 * != and a negation. */
bool ht_filter_match(const struct ht_filter *filter, const void *data);

/* Appends what a bare word is looked for in: the values at words' paths in the struct at data, each
 * up to a NUL, in small letters. For ht_filter_match_in. */
void ht_filter_words_text(const struct ht_filter_words *words, const void *data,
                          struct ht_buf *out);
/* Like ht_filter_match, faster where filters with the same words ask again and again: text is what
 * ht_filter_words_text appended for data, and words are looked for there alone. */
bool ht_filter_match_in(const struct ht_filter *filter, const void *data, struct ht_str text);
/* Whether whatever matches filter matches than too, of the same table and words, at the same time.
 * False where that cannot be told from the terms. NULL matches all. */
bool ht_filter_narrows(const struct ht_filter *filter, const struct ht_filter *than);

/* The name in candidates (count of them) nearest to text, or NULL if none is near. */
const char *ht_nearest(struct ht_str text, const char *const *candidates, size_t count);
/* The same of the names of values. */
const char *ht_enum_nearest(const struct ht_enum *values, struct ht_str text);

#endif
