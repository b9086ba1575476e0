/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/str.h"

#include <string.h>

void ht_str_fold(char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = ht_lower(bytes[i]);
}

static bool is_same_nocase(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (ht_lower(a[i]) != ht_lower(b[i]))
            return false;
    }
    return true;
}

bool ht_str_is_nocase(struct ht_str s, const char *text)
{
    return s.len == strlen(text) && is_same_nocase(s.data, text, s.len);
}

int ht_str_compare(struct ht_str a, struct ht_str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.data, b.data, shorter) : 0;

    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

bool ht_str_has_suffix(struct ht_str s, const char *suffix)
{
    size_t len = strlen(suffix);

    return s.len >= len && (len == 0 || memcmp(s.data + s.len - len, suffix, len) == 0);
}

ptrdiff_t ht_str_find(struct ht_str s, struct ht_str needle, size_t from)
{
    if (from > s.len)
        return -1;
    if (needle.len == 0)
        return (ptrdiff_t)from;
    if (s.len - from < needle.len)
        return -1; /* s.data may be NULL */

    /* Most texts have not even its first byte, and memmem prepares itself before it looks. */
    const char *hit = memchr(s.data + from, needle.data[0], s.len - from);
    if (hit)
        hit = memmem(hit, s.len - (size_t)(hit - s.data), needle.data, needle.len);
    return hit ? hit - s.data : -1;
}

ptrdiff_t ht_str_find_nocase(struct ht_str s, struct ht_str needle, size_t from)
{
    if (needle.len > s.len)
        return -1;
    for (size_t at = from; at <= s.len - needle.len; at++) {
        if (is_same_nocase(s.data + at, needle.data, needle.len))
            return (ptrdiff_t)at;
    }
    return -1;
}

ptrdiff_t ht_str_find_byte(struct ht_str s, char c)
{
    const char *hit = s.len ? memchr(s.data, c, s.len) : NULL;

    return hit ? hit - s.data : -1;
}

ptrdiff_t ht_str_rfind_byte(struct ht_str s, char c)
{
    const char *hit = s.len ? memrchr(s.data, c, s.len) : NULL;

    return hit ? hit - s.data : -1;
}

struct ht_str ht_str_base(struct ht_str path)
{
    return ht_str_sub(path, (size_t)(ht_str_rfind_byte(path, '/') + 1), path.len);
}

struct ht_str ht_str_folder(struct ht_str path)
{
    return ht_str_sub(path, 0, (size_t)(ht_str_rfind_byte(path, '/') + 1));
}

struct ht_str ht_str_program(struct ht_str path)
{
    return ht_str_base(ht_str_without(path, " (deleted)"));
}

struct ht_str ht_str_without(struct ht_str s, const char *suffix)
{
    return ht_str_has_suffix(s, suffix) ? ht_str_sub(s, 0, s.len - strlen(suffix)) : s;
}

size_t ht_str_count(struct ht_str s, char c)
{
    size_t count = 0;

    for (size_t i = 0; i < s.len; i++)
        count += s.data[i] == c;
    return count;
}

struct ht_str ht_str_trim(struct ht_str s)
{
    while (s.len && ht_is_blank(s.data[0])) {
        s.data++;
        s.len--;
    }
    while (s.len && ht_is_blank(s.data[s.len - 1]))
        s.len--;
    return s;
}

bool ht_str_next(struct ht_str *rest, char separator, struct ht_str *ret_part)
{
    if (!rest->data || rest->len == 0)
        return false;

    ptrdiff_t at = ht_str_find_byte(*rest, separator);
    if (at < 0) {
        *ret_part = *rest;
        *rest = (struct ht_str){0};
        return true;
    }
    *ret_part = ht_str_sub(*rest, 0, (size_t)at);
    *rest = ht_str_sub(*rest, (size_t)at + 1, rest->len);
    return true;
}

bool ht_str_is_among(struct ht_str word, const char *list)
{
    size_t len;

    for (const char *at = list; at && *at && word.len; at += len + (at[len] == ' ')) {
        len = strcspn(at, " ");
        if (len == word.len && memcmp(at, word.data, len) == 0)
            return true;
    }
    return false;
}

struct ht_str ht_environ_find(struct ht_str environment, const char *name)
{
    size_t len = strlen(name);
    struct ht_str entry;

    while (ht_str_next(&environment, '\0', &entry)) {
        if (ht_str_has_prefix(entry, name) && entry.len > len && entry.data[len] == '=')
            return ht_str_sub(entry, len + 1, entry.len);
    }
    return (struct ht_str){0};
}

bool ht_path_lies_in(struct ht_str path, struct ht_str folder)
{
    if (folder.len == 0)
        return false;
    while (folder.len && folder.data[folder.len - 1] == '/')
        folder.len--;
    return path.len >= folder.len && ht_str_equal(ht_str_sub(path, 0, folder.len), folder) &&
           (path.len == folder.len ? folder.len > 0 : path.data[folder.len] == '/');
}

bool ht_path_goes_up(struct ht_str path)
{
    struct ht_str part;

    while (ht_str_next(&path, '/', &part)) {
        if (ht_str_is(part, ".."))
            return true;
    }
    return false;
}

uint64_t ht_str_hash(struct ht_str s, uint64_t seed)
{
    uint64_t hash = seed ? seed : UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (unsigned char)s.data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

uint64_t ht_str_table_hash(struct ht_str s)
{
    uint64_t hash = s.len * UINT64_C(0x9e3779b97f4a7c15);

    for (size_t at = 0; at < s.len; at += sizeof(uint64_t)) {
        size_t left = s.len - at;
        uint64_t bytes = 0;

        if (left >= sizeof(bytes))
            memcpy(&bytes, s.data + at, sizeof(bytes));
        else
            memcpy(&bytes, s.data + at, left);
        hash = (hash ^ bytes) * UINT64_C(0xff51afd7ed558ccd);
        hash ^= hash >> 32;
    }
    /* The last bytes of a word have reached the high bits alone, and tables take the low ones. */
    hash *= UINT64_C(0xc4ceb9fe1a85ec53);
    return hash ^ hash >> 32;
}
