/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text as a borrowed range of bytes. Layer 1 (base); pure; any thread.
 *
 * A struct ht_str points at raw bytes that somebody else owns. Text from outside may hold any byte,
 * NUL too. Strings inside rows and arenas additionally have a NUL behind the last byte.
 */
#ifndef HT_BASE_STR_H
#define HT_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ht_str {
    const char *data; /* may be NULL when len is 0 */
    size_t len;       /* bytes */
};

/* A constant from a string literal, usable in static initialisers. */
#define HT_STR(literal)                                                                            \
    {                                                                                              \
        .data = (literal), .len = sizeof(literal) - 1                                              \
    }
/* The same as an expression. */
#define HT_S(literal) ((struct ht_str)HT_STR(literal))
/* For printf: "%.*s", HT_STR_ARG(s). Only for text that is already printable. */
#define HT_STR_ARG(s) (int)(s).len, ((s).data ? (s).data : "")

/* The short ones stand here: they are asked a million times, mostly about constants. */

/* Borrows a C string; NULL gives the empty string. */
static inline struct ht_str ht_str_from(const char *text)
{
    return (struct ht_str){.data = text ? text : "", .len = text ? strlen(text) : 0};
}

/* Bytes [from, from + len) of s, clamped to s. */
static inline struct ht_str ht_str_sub(struct ht_str s, size_t from, size_t len)
{
    if (from > s.len)
        from = s.len;
    if (len > s.len - from)
        len = s.len - from;
    return (struct ht_str){.data = s.data ? s.data + from : s.data, .len = len};
}

static inline bool ht_str_equal(struct ht_str a, struct ht_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Compares with a C string. */
static inline bool ht_str_is(struct ht_str s, const char *text)
{
    return ht_str_equal(s, ht_str_from(text));
}

static inline bool ht_str_has_prefix(struct ht_str s, const char *prefix)
{
    size_t len = strlen(prefix);

    return s.len >= len && (len == 0 || memcmp(s.data, prefix, len) == 0);
}

/* ASCII letters compare without case. */
bool ht_str_is_nocase(struct ht_str s, const char *text);
/* Order by bytes: <0, 0, >0. */
int ht_str_compare(struct ht_str a, struct ht_str b);
bool ht_str_has_suffix(struct ht_str s, const char *suffix);
/* Makes small letters of the capitals of ASCII, in place. */
void ht_str_fold(char *bytes, size_t len);
/* Position of the first needle at or behind from, or -1. An empty needle is found at from. */
ptrdiff_t ht_str_find(struct ht_str s, struct ht_str needle, size_t from);
/* Like ht_str_find, ASCII letters without case. */
ptrdiff_t ht_str_find_nocase(struct ht_str s, struct ht_str needle, size_t from);
/* Position of the first / last byte c, or -1. */
ptrdiff_t ht_str_find_byte(struct ht_str s, char c);
ptrdiff_t ht_str_rfind_byte(struct ht_str s, char c);
/* The last part of a path: what stands behind the last slash, or all of it. */
struct ht_str ht_str_base(struct ht_str path);
/* What is in front of that, with its last slash; empty where there is none. */
struct ht_str ht_str_folder(struct ht_str path);
/* The name of a program by its path as the kernel shows it: without " (deleted)". */
struct ht_str ht_str_program(struct ht_str path);
/* Without that end, once, if it has it. */
struct ht_str ht_str_without(struct ht_str s, const char *suffix);
/* How many bytes c there are. */
size_t ht_str_count(struct ht_str s, char c);
/* Without ASCII blanks at both ends. */
struct ht_str ht_str_trim(struct ht_str s);
/* Steps through the parts of *rest between separators: true and ret_part for each, false at the
 * end. "a//b" has an empty part; the empty string has none. */
bool ht_str_next(struct ht_str *rest, char separator, struct ht_str *ret_part);
/* Whether a word is one of a list, which blanks part (NULL: of none). */
bool ht_str_is_among(struct ht_str word, const char *list);
/* The value of a variable among entries "NAME=value" that end in NUL, as /proc/PID/environ has
 * them; .data NULL: it is not set. */
struct ht_str ht_environ_find(struct ht_str environment, const char *name);
/* Whether an absolute path is folder or lies below it; nothing lies in the empty path. By the names
 * alone: "..", links and mounts are the caller's. */
bool ht_path_lies_in(struct ht_str path, struct ht_str folder);
/* Whether a part of it is "..". */
bool ht_path_goes_up(struct ht_str path);
/* 64-bit FNV-1a over the bytes, continued from seed (0 to begin). */
uint64_t ht_str_hash(struct ht_str s, uint64_t seed);
/* Another one, of eight bytes at a time, for tables in memory alone: it depends on the processor.
 */
uint64_t ht_str_table_hash(struct ht_str s);

/* Of ASCII, in any locale. */
static inline bool ht_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool ht_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline bool ht_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool ht_is_alnum(char c)
{
    return ht_is_alpha(c) || ht_is_digit(c);
}

/* The small letter of a capital; anything else is itself. */
static inline char ht_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The value of a hexadecimal digit; -1: it is none. */
static inline int ht_hex_digit(char c)
{
    if (ht_is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Numbers: the whole text must be one number in range; 0 or -EINVAL / -ERANGE, ret_* untouched on
 * failure. No sign for unsigned ones, no blanks, no prefix. */
int ht_parse_u64(struct ht_str s, uint64_t *ret_value);
int ht_parse_i64(struct ht_str s, int64_t *ret_value);
int ht_parse_hex64(struct ht_str s, uint64_t *ret_value);
int ht_parse_octal(struct ht_str s, uint32_t *ret_value);
int ht_parse_double(struct ht_str s, double *ret_value);
/* true false yes no on off 1 0, ASCII case ignored. */
int ht_parse_bool(struct ht_str s, bool *ret_value);
/* RFC 3339 ("2026-11-23T14:02:31.5Z", any offset) to ns since 1970; year 1 ("never"):
 * -ENODATA. */
int ht_parse_time(struct ht_str s, int64_t *ret_ns);

#endif
