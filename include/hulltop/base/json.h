/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON in and out. Layer 1 (base); one thread per object.
 *
 * Reading gives an immutable tree in an arena (parsed by json-c, copied, json-c's objects freed):
 * depth, size and number of values are limited by limits.h.  Duplicate keys: the last one wins.
 * Strings are raw bytes and may hold NUL; in a key a NUL is read as U+FFFD.
 */
#ifndef HT_BASE_JSON_H
#define HT_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hulltop/base/arena.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "hulltop/base/str.h"

enum ht_json_kind {
    HT_JSON_NULL,
    HT_JSON_BOOL,
    HT_JSON_INT,    /* an integer that fits int64_t */
    HT_JSON_UINT,   /* an integer above INT64_MAX that fits uint64_t */
    HT_JSON_DOUBLE, /* everything else that is a number */
    HT_JSON_STRING,
    HT_JSON_ARRAY,
    HT_JSON_OBJECT,
};

struct ht_json_member;

struct ht_json {
    enum ht_json_kind kind;
    unsigned line; /* on which it begins, from 1, if objects.h gave it; 0: not known */
    size_t len;    /* items or members */
    union {
        bool boolean;
        int64_t integer;
        uint64_t uinteger;
        double number;
        struct ht_str string;
        const struct ht_json *items;
        const struct ht_json_member *members;
    };
};

struct ht_json_member {
    struct ht_str key;
    struct ht_json value;
};

/* Parses exactly one value (blanks around it allowed) into arena and returns it, borrowed from the
 * arena. NULL with err: "name: line 3, column 7: unexpected ...", -EINVAL; too deep or too many
 * values: -E2BIG. Decodes \ud83d\ude00 pairs; a lone surrogate becomes U+FFFD. */
const struct ht_json *ht_json_parse(struct ht_arena *arena, const char *name, struct ht_str text,
                                    struct ht_error *err);

/* The value of key, or NULL; value may be NULL or not an object. JSON null is a value, too. */
const struct ht_json *ht_json_get(const struct ht_json *value, const char *key);
/* Follows keys "HostConfig", "Privileged", NULL. */
const struct ht_json *ht_json_path(const struct ht_json *value, ...) __attribute__((sentinel));
/* Typed reads: true and *ret_ only if value is there and of that kind (NULL allowed). Integers
 * accept a double without fraction. */
bool ht_json_bool(const struct ht_json *value, bool *ret_value);
bool ht_json_int(const struct ht_json *value, int64_t *ret_value);
bool ht_json_uint(const struct ht_json *value, uint64_t *ret_value);
bool ht_json_number(const struct ht_json *value, double *ret_value);
bool ht_json_string(const struct ht_json *value, struct ht_str *ret_value);
/* True for an array / object that is there (an empty one too). */
bool ht_json_is_array(const struct ht_json *value);
bool ht_json_is_object(const struct ht_json *value);

/* ---- writing ---- */

enum ht_json_style {
    HT_JSON_COMPACT,  /* one line */
    HT_JSON_INDENTED, /* two blanks a level, a newline at the end */
};

enum ht_json_text {
    HT_JSON_PRINTABLE, /* strings pass ht_printable: for people and scripts (reports) */
    HT_JSON_LOSSLESS,  /* strings keep every byte: what ht_printable would change is written as a
                          \uNNNN escape; a string that is not UTF-8 becomes {"bytes":"<hex>"}; a
                          key that is not, or begins with "bytes:", becomes "bytes:<hex>" */
};

/* A writer over a buffer; the caller keeps the order of calls right (asserted). */
struct ht_json_writer {
    struct ht_buf *out;
    enum ht_json_style style;
    enum ht_json_text text;
    unsigned depth;
    bool need_comma;
    bool after_key;
};

/* Starts a text with exactly one value; then one call for each key, value, begin and end, in the
 * order in which they stand in the text. */
void ht_json_begin(struct ht_json_writer *writer, struct ht_buf *out, enum ht_json_style style,
                   enum ht_json_text text);
void ht_json_object_begin(struct ht_json_writer *writer);
void ht_json_object_end(struct ht_json_writer *writer);
void ht_json_array_begin(struct ht_json_writer *writer);
void ht_json_array_end(struct ht_json_writer *writer);
void ht_json_key(struct ht_json_writer *writer, struct ht_str key);
/* The same for a name of the program's own: letters, digits and "_", which needs no look. */
void ht_json_name(struct ht_json_writer *writer, const char *name);
void ht_json_put_null(struct ht_json_writer *writer);
void ht_json_put_bool(struct ht_json_writer *writer, bool value);
void ht_json_put_int(struct ht_json_writer *writer, int64_t value);
void ht_json_put_uint(struct ht_json_writer *writer, uint64_t value);
/* At most six digits behind the point, no exponent; not finite gives null. */
void ht_json_put_double(struct ht_json_writer *writer, double value);
void ht_json_put_string(struct ht_json_writer *writer, struct ht_str value);
/* The same of a text that is ours and may have several lines: the ends of lines stay such. */
void ht_json_put_lines(struct ht_json_writer *writer, struct ht_str value);
/* A tree as it was parsed. */
void ht_json_put(struct ht_json_writer *writer, const struct ht_json *value);

/* Reads back what HT_JSON_LOSSLESS wrote for a string: a string, or {"bytes":"<hex>"}. */
bool ht_json_lossless_string(const struct ht_json *value, struct ht_arena *arena,
                             struct ht_str *ret_value);
/* The same for a key; false if what follows "bytes:" is not hex. */
bool ht_json_lossless_key(struct ht_str key, struct ht_arena *arena, struct ht_str *ret_key);

#endif
