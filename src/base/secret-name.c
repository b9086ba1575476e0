/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which names tell a secret: the part of secret.h that judges a key by how it ends. */
#include "secret-name.h"

#include <string.h>

#include "hulltop/base/secret.h"
#include "secret-table.h"

enum { NAME_MAX_BYTES = 128 };

/* A name in lower case without separators; starts marks where a word of it begins. */
struct squeezed {
    char text[NAME_MAX_BYTES];
    bool starts[NAME_MAX_BYTES + 1];
    size_t len;
};

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

/* Only the end matters, so a long name loses its beginning. */
static void squeeze(struct ht_str name, struct squeezed *ret_squeezed)
{
    char before = '_';
    size_t len = 0;

    if (name.len > NAME_MAX_BYTES)
        name = ht_str_sub(name, name.len - NAME_MAX_BYTES, NAME_MAX_BYTES);
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];

        if (is_upper(c) || is_lower(c) || ht_is_digit(c)) {
            bool separated = !is_upper(before) && !is_lower(before) && !ht_is_digit(before);

            ret_squeezed->starts[len] = separated || (is_upper(c) && !is_upper(before)) ||
                                        ht_is_digit(before) != ht_is_digit(c);
            ret_squeezed->text[len++] = (char)(is_upper(c) ? c + ('a' - 'A') : c);
        }
        before = c;
    }
    ret_squeezed->len = len;
}

/* Most names differ in their last byte already. */
static inline bool ends_with(const struct squeezed *name, struct ht_str ending, bool whole)
{
    size_t at = name->len - ending.len;

    return name->len >= ending.len && name->text[name->len - 1] == ending.data[ending.len - 1] &&
           memcmp(name->text + at, ending.data, ending.len) == 0 && (!whole || name->starts[at]);
}

/* Takes off digits, a plural and words like "old" at the end. */
static bool drop_silent_ending(struct squeezed *name)
{
    size_t len = name->len;

    for (const struct ht_str *ending = ht_secret_silent_endings(); ending->len; ending++) {
        bool plural = ending->len == 1;

        if (len > ending->len && ends_with(name, *ending, !plural)) {
            name->len -= ending->len;
            return true;
        }
    }
    while (name->len && ht_is_digit(name->text[name->len - 1]))
        name->len--;
    return name->len < len;
}

enum ht_secret_strength ht_secret_name_strength(struct ht_str name)
{
    struct squeezed squeezed;

    if (ht_str_is(name, "PWD") || ht_str_is(name, "OLDPWD"))
        return HT_SECRET_NO;
    squeeze(name, &squeezed);
    do {
        for (const struct ht_secret_ending *ending = ht_secret_endings(); ending->text.len;
             ending++) {
            if (ends_with(&squeezed, ending->text, ending->whole))
                return ending->weak ? HT_SECRET_WEAK : HT_SECRET_STRONG;
        }
    } while (drop_silent_ending(&squeezed));
    return HT_SECRET_NO;
}

bool ht_secret_is_name(struct ht_str name)
{
    return ht_secret_name_strength(name) != HT_SECRET_NO;
}
