/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Did you mean: the name with the smallest edit distance. */
#include "hulltop/model/filter.h"

enum { LONGEST = 64, NAMES_MAX = 64 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours that make a into b. */
static unsigned distance(struct ht_str a, struct ht_str b)
{
    unsigned rows[3][LONGEST + 1];

    for (unsigned j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *last = rows[(i + 2) % 3];
        const unsigned *before = rows[(i + 1) % 3];

        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            char x = ht_lower(a.data[i - 1]);
            char y = ht_lower(b.data[j - 1]);

            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == ht_lower(b.data[j - 2]) && y == ht_lower(a.data[i - 2]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return rows[a.len % 3][b.len];
}

const char *ht_nearest(struct ht_str text, const char *const *candidates, size_t count)
{
    const char *nearest = NULL;
    unsigned best = 0;

    if (text.len == 0 || text.len > LONGEST)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        struct ht_str candidate = ht_str_from(candidates[i]);

        if (candidate.len > LONGEST)
            continue;

        /* Near is a third of the longer name, but at least one. */
        size_t longer = candidate.len > text.len ? candidate.len : text.len;
        unsigned limit = longer < 6 ? 1 : (unsigned)(longer / 3);
        unsigned steps = distance(text, candidate);

        if (steps <= limit && (!nearest || steps < best)) {
            nearest = candidates[i];
            best = steps;
        }
    }
    return nearest;
}

const char *ht_enum_nearest(const struct ht_enum *values, struct ht_str text)
{
    const char *names[NAMES_MAX];
    unsigned count = 0;

    for (; count < values->count && count < NAMES_MAX; count++)
        names[count] = values->values[count].name;
    return ht_nearest(text, names, count);
}
