/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Alpine's order. A version is a row of parts whose kinds come in a fixed order; where two versions
 * differ in kind, the one whose next part comes earlier in that order is the longer and newer one,
 * except that _alpha, _beta, _pre and _rc make it older.
 */
#include <string.h>

#include "version-private.h"
#include "hulltop/base/mem.h"

enum kind {
    KIND_FIRST_NUMBER,
    KIND_NUMBER, /* behind a dot */
    KIND_LETTER,
    KIND_SUFFIX,
    KIND_SUFFIX_NUMBER,
    KIND_HASH,
    KIND_REVISION,
    KIND_END,
    KIND_INVALID,
};

struct part {
    enum kind kind;
    struct ht_str text;
    int suffix; /* place in suffixes */
};

struct walk {
    struct ht_str rest;
    enum kind last;
};

/* In their order; those before "" come before the version without a suffix. */
static const char *const suffixes[] = {"alpha", "beta", "pre", "rc", "",
                                       "cvs",   "svn",  "git", "hg", "p"};
enum { SUFFIX_NONE = 4 };

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_hex(char c)
{
    return ht_is_digit(c) || (c >= 'a' && c <= 'f');
}

static int find_suffix(struct ht_str text)
{
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        if (i != SUFFIX_NONE && ht_str_is(text, suffixes[i]))
            return (int)i;
    }
    return -1;
}

static void skip(struct walk *walk, size_t bytes)
{
    walk->rest = ht_str_sub(walk->rest, bytes, walk->rest.len);
}

/* A number behind what was skipped; none is no version. */
static struct part take_number(struct walk *walk, enum kind kind)
{
    struct part part = {.kind = kind, .text = ht_version_cut(&walk->rest, ht_is_digit)};

    if (!part.text.len)
        part.kind = KIND_INVALID;
    return part;
}

static struct part take_suffix(struct walk *walk)
{
    struct part part = {.kind = KIND_SUFFIX, .text = ht_version_cut(&walk->rest, is_lower)};

    part.suffix = find_suffix(part.text);
    if (part.suffix < 0)
        part.kind = KIND_INVALID;
    return part;
}

static struct part take_hash(struct walk *walk)
{
    struct part part = {.kind = KIND_HASH, .text = ht_version_cut(&walk->rest, is_hex)};

    if (!part.text.len)
        part.kind = KIND_INVALID;
    return part;
}

static struct part take_mark(struct walk *walk)
{
    char c = walk->rest.data[0];

    if (c == '.' && walk->last <= KIND_NUMBER) {
        skip(walk, 1);
        return take_number(walk, KIND_NUMBER);
    }
    if (is_lower(c) && walk->last <= KIND_NUMBER) {
        struct part part = {.kind = KIND_LETTER, .text = ht_str_sub(walk->rest, 0, 1)};

        skip(walk, 1);
        return part;
    }
    if (c == '_' && walk->last <= KIND_SUFFIX_NUMBER) {
        skip(walk, 1);
        return take_suffix(walk);
    }
    if (c == '~' && walk->last < KIND_HASH) {
        skip(walk, 1);
        return take_hash(walk);
    }
    if (ht_str_has_prefix(walk->rest, "-r") && walk->last < KIND_REVISION) {
        skip(walk, 2);
        return take_number(walk, KIND_REVISION);
    }
    return (struct part){.kind = KIND_INVALID};
}

static struct part take_part(struct walk *walk)
{
    struct part part;

    if (!walk->rest.len)
        part = (struct part){.kind = KIND_END};
    else if (walk->last == KIND_SUFFIX && ht_is_digit(walk->rest.data[0]))
        part = take_number(walk, KIND_SUFFIX_NUMBER);
    else
        part = take_mark(walk);
    walk->last = part.kind;
    return part;
}

static struct part take_first(struct walk *walk, struct ht_str version)
{
    struct part part;

    walk->rest = version;
    part = take_number(walk, KIND_FIRST_NUMBER);
    walk->last = part.kind;
    return part;
}

static int compare_parts(const struct part *a, const struct part *b)
{
    switch (a->kind) {
    case KIND_NUMBER:
        /* With a zero in front it is a decimal fraction. */
        if (a->text.data[0] == '0' || b->text.data[0] == '0')
            return ht_str_compare(a->text, b->text);
        return ht_version_compare_numbers(a->text, b->text);
    case KIND_FIRST_NUMBER:
    case KIND_SUFFIX_NUMBER:
    case KIND_REVISION:
        return ht_version_compare_numbers(a->text, b->text);
    case KIND_SUFFIX:
        return a->suffix - b->suffix;
    case KIND_LETTER:
    case KIND_HASH:
        return ht_str_compare(a->text, b->text);
    case KIND_END:
    case KIND_INVALID:
        break;
    }
    return 0;
}

static bool makes_older(const struct part *part)
{
    return part->kind == KIND_SUFFIX && part->suffix < SUFFIX_NONE;
}

int ht_version_compare_apk(struct ht_str a, struct ht_str b)
{
    struct walk walk_a, walk_b;
    struct part part_a = take_first(&walk_a, a);
    struct part part_b = take_first(&walk_b, b);

    while (part_a.kind == part_b.kind && part_a.kind < KIND_END) {
        int order = compare_parts(&part_a, &part_b);

        if (order)
            return order;
        part_a = take_part(&walk_a);
        part_b = take_part(&walk_b);
    }
    if (part_a.kind == part_b.kind)
        return 0;
    if (makes_older(&part_a))
        return -1;
    if (makes_older(&part_b))
        return 1;
    return part_a.kind < part_b.kind ? 1 : -1;
}

bool ht_version_is_apk(struct ht_str version)
{
    struct walk walk;
    struct part part = take_first(&walk, version);

    while (part.kind < KIND_END)
        part = take_part(&walk);
    return part.kind == KIND_END;
}
