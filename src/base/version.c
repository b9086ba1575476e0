/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Orders of RPM and of upstream releases; those of dpkg and apk are in files of their own. */
#include "hulltop/base/version.h"

#include <string.h>

#include "version-private.h"

struct ht_str ht_version_cut(struct ht_str *rest, bool (*belongs)(char c))
{
    struct ht_str run = {.data = rest->data, .len = 0};

    while (run.len < rest->len && belongs(rest->data[run.len]))
        run.len++;
    *rest = ht_str_sub(*rest, run.len, rest->len);
    return run;
}

int ht_version_compare_numbers(struct ht_str a, struct ht_str b)
{
    while (a.len && a.data[0] == '0')
        a = ht_str_sub(a, 1, a.len);
    while (b.len && b.data[0] == '0')
        b = ht_str_sub(b, 1, b.len);
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return a.len ? memcmp(a.data, b.data, a.len) : 0;
}

/* Takes "digits:" off the front; without it an epoch is the empty number, which is 0. */
static struct ht_str cut_epoch(struct ht_str *version)
{
    ptrdiff_t colon = ht_str_find_byte(*version, ':');

    if (colon < 0)
        return (struct ht_str){0};

    struct ht_str epoch = ht_str_sub(*version, 0, (size_t)colon);
    *version = ht_str_sub(*version, (size_t)colon + 1, version->len);
    return epoch;
}

/* ---- RPM ---- */

/* Cuts the release, behind the last dash, off version. */
static struct ht_str cut_rpm_release(struct ht_str *version)
{
    ptrdiff_t dash = ht_str_rfind_byte(*version, '-');

    if (dash < 0)
        return (struct ht_str){0};

    struct ht_str release = ht_str_sub(*version, (size_t)dash + 1, version->len);
    version->len = (size_t)dash;
    return release;
}

static bool is_rpm_separator(char c)
{
    return !ht_is_digit(c) && !ht_is_alpha(c) && c != '~' && c != '^';
}

static bool starts(struct ht_str s, char c)
{
    return s.len > 0 && s.data[0] == c;
}

/* ~ stands before the end, ^ behind the end and before all else. Decides only where one of them is
 * next: true and the order, which is 0 if both had it and it was taken off. */
static bool compare_marks(struct ht_str *a, struct ht_str *b, int *ret_order)
{
    *ret_order = 0;
    for (int mark = 0; mark < 2; mark++) {
        char c = mark ? '^' : '~';

        if (!starts(*a, c) && !starts(*b, c))
            continue;
        if (starts(*a, c) && starts(*b, c)) {
            *a = ht_str_sub(*a, 1, a->len);
            *b = ht_str_sub(*b, 1, b->len);
        } else if (c == '~') {
            *ret_order = starts(*a, c) ? -1 : 1;
        } else if (starts(*a, c)) {
            *ret_order = b->len ? -1 : 1;
        } else {
            *ret_order = a->len ? 1 : -1;
        }
        return true;
    }
    return false;
}

/* One run of digits or of letters on both sides; a number beats letters. */
static int compare_runs(struct ht_str *a, struct ht_str *b)
{
    bool numbers = ht_is_digit(a->data[0]);
    struct ht_str run_a = ht_version_cut(a, numbers ? ht_is_digit : ht_is_alpha);
    struct ht_str run_b = ht_version_cut(b, numbers ? ht_is_digit : ht_is_alpha);

    if (run_b.len == 0)
        return numbers ? 1 : -1;
    return numbers ? ht_version_compare_numbers(run_a, run_b) : ht_str_compare(run_a, run_b);
}

int ht_version_compare_rpm_part(struct ht_str a, struct ht_str b)
{
    if (ht_str_equal(a, b))
        return 0;
    while (a.len || b.len) {
        int order;

        (void)ht_version_cut(&a, is_rpm_separator);
        (void)ht_version_cut(&b, is_rpm_separator);
        if (compare_marks(&a, &b, &order)) {
            if (order)
                return order;
            continue;
        }
        if (!a.len || !b.len)
            break;
        order = compare_runs(&a, &b);
        if (order)
            return order;
    }
    return (a.len > 0) - (b.len > 0);
}

int ht_version_compare_rpm(struct ht_str a, struct ht_str b)
{
    struct ht_str epoch = cut_epoch(&a);
    int order = ht_version_compare_numbers(epoch, cut_epoch(&b));

    if (order)
        return order;

    struct ht_str release_a = cut_rpm_release(&a);
    struct ht_str release_b = cut_rpm_release(&b);
    order = ht_version_compare_rpm_part(a, b);
    if (order || !release_a.len || !release_b.len)
        return order;
    return ht_version_compare_rpm_part(release_a, release_b);
}

/* ---- upstream ---- */

static bool is_identifier(char c)
{
    return ht_is_alpha(c) || c == '-' || c == '_';
}

/* Takes the numbers "1.2.3" off, and the "v" in front of them. */
static struct ht_str cut_release(struct ht_str *version)
{
    struct ht_str release;

    if (starts(*version, 'v'))
        *version = ht_str_sub(*version, 1, version->len);
    release = (struct ht_str){.data = version->data, .len = 0};
    while (release.len < version->len &&
           (ht_is_digit(version->data[release.len]) || version->data[release.len] == '.'))
        release.len++;
    *version = ht_str_sub(*version, release.len, version->len);
    return release;
}

static int compare_releases(struct ht_str a, struct ht_str b)
{
    while (a.len || b.len) {
        struct ht_str part_a = {0}, part_b = {0};

        (void)ht_str_next(&a, '.', &part_a);
        (void)ht_str_next(&b, '.', &part_b);

        int order = ht_version_compare_numbers(part_a, part_b);
        if (order)
            return order;
    }
    return 0;
}

static bool is_dot(char c)
{
    return c == '.';
}

/* Words and numbers take turns: "rc.3" is rc and 3, "rc93" is rc and 93. */
static int compare_candidates(struct ht_str a, struct ht_str b)
{
    while (a.len && b.len) {
        bool numbers = ht_is_digit(a.data[0]);

        if (numbers != ht_is_digit(b.data[0]))
            return numbers ? -1 : 1;

        struct ht_str run_a = ht_version_cut(&a, numbers ? ht_is_digit : is_identifier);
        struct ht_str run_b = ht_version_cut(&b, numbers ? ht_is_digit : is_identifier);
        int order =
            numbers ? ht_version_compare_numbers(run_a, run_b) : ht_str_compare(run_a, run_b);
        if (order)
            return order;
        /* A byte that belongs nowhere ends the comparison by what is left. */
        if (!run_a.len)
            return ht_str_compare(a, b);
        (void)ht_version_cut(&a, is_dot);
        (void)ht_version_cut(&b, is_dot);
    }
    return (a.len > 0) - (b.len > 0);
}

/* What follows the numbers, without build data. */
static struct ht_str candidate_of(struct ht_str rest)
{
    ptrdiff_t plus = ht_str_find_byte(rest, '+');

    if (plus >= 0)
        rest.len = (size_t)plus;
    return starts(rest, '-') || starts(rest, '~') ? ht_str_sub(rest, 1, rest.len) : rest;
}

int ht_version_compare_upstream(struct ht_str a, struct ht_str b)
{
    struct ht_str release = cut_release(&a);
    int order = compare_releases(release, cut_release(&b));

    if (order)
        return order;
    a = candidate_of(a);
    b = candidate_of(b);
    if (!a.len || !b.len)
        return (b.len > 0) - (a.len > 0);
    return compare_candidates(a, b);
}

bool ht_version_is_upstream(struct ht_str version)
{
    if (starts(version, 'v'))
        version = ht_str_sub(version, 1, version.len);
    if (!ht_version_cut(&version, ht_is_digit).len || !starts(version, '.'))
        return false;
    version = ht_str_sub(version, 1, version.len);
    return ht_version_cut(&version, ht_is_digit).len > 0;
}
