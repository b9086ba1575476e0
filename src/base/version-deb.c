/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order of Debian versions. Where dpkg would refuse a version it is apt's, which takes any: the
 * lists are what they are. */
#include "hulltop/base/version.h"

#include <string.h>

#include "version-private.h"

struct parts {
    struct ht_str epoch;
    struct ht_str upstream;
    struct ht_str revision;
    bool has_revision;
};

/* '~' sorts before the end, letters before everything else. */
static int rank(char c)
{
    if (ht_is_digit(c) || c == '\0')
        return 0;
    if (c == '~')
        return -1;
    if (ht_is_alpha(c))
        return c;
    return (signed char)c + 256;
}

static char at(struct ht_str s, size_t i)
{
    return i < s.len ? s.data[i] : '\0';
}

/* Two runs of digits from *i and *j on, of any length; the positions go behind them. */
static int compare_digits(struct ht_str a, size_t *i, struct ht_str b, size_t *j)
{
    int first = 0;

    while (at(a, *i) == '0')
        ++*i;
    while (at(b, *j) == '0')
        ++*j;
    while (ht_is_digit(at(a, *i)) && ht_is_digit(at(b, *j))) {
        if (!first)
            first = a.data[*i] - b.data[*j];
        ++*i;
        ++*j;
    }
    if (ht_is_digit(at(a, *i)))
        return 1;
    if (ht_is_digit(at(b, *j)))
        return -1;
    return first;
}

static int compare_part(struct ht_str a, struct ht_str b)
{
    size_t i = 0, j = 0;

    while (i < a.len && j < b.len) {
        while (i < a.len && j < b.len && (!ht_is_digit(a.data[i]) || !ht_is_digit(b.data[j]))) {
            int difference = rank(a.data[i]) - rank(b.data[j]);

            if (difference)
                return difference;
            i++;
            j++;
        }

        int digits = compare_digits(a, &i, b, &j);
        if (digits)
            return digits;
    }
    if (i >= a.len && j >= b.len)
        return 0;
    if (i >= a.len)
        return b.data[j] == '~' ? 1 : -1;
    return a.data[i] == '~' ? -1 : 1;
}

static struct parts split(struct ht_str version)
{
    struct parts parts = {0};
    ptrdiff_t colon = ht_str_find_byte(version, ':');
    ptrdiff_t dash;

    if (colon >= 0) {
        parts.epoch = ht_str_sub(version, 0, (size_t)colon);
        while (parts.epoch.len && parts.epoch.data[0] == '0')
            parts.epoch = ht_str_sub(parts.epoch, 1, parts.epoch.len);
        version = ht_str_sub(version, (size_t)colon + 1, version.len);
    }
    dash = ht_str_rfind_byte(version, '-');
    /* A dash in front separates nothing. */
    parts.has_revision = dash > 0;
    parts.upstream = dash >= 0 ? ht_str_sub(version, 0, (size_t)dash) : version;
    if (parts.has_revision)
        parts.revision = ht_str_sub(version, (size_t)dash + 1, version.len);
    return parts;
}

int ht_version_compare_deb(struct ht_str a, struct ht_str b)
{
    struct parts left = split(a);
    struct parts right = split(b);
    int difference = compare_part(left.epoch, right.epoch);

    if (!difference)
        difference = compare_part(left.upstream, right.upstream);
    if (difference || (!left.has_revision && !right.has_revision))
        return difference;
    return compare_part(left.has_revision ? left.revision : HT_S("0"),
                        right.has_revision ? right.revision : HT_S("0"));
}
