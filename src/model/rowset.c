/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sets of rows of row.h. */
#include "hulltop/model/row.h"

#include <stdlib.h>

#include "hulltop/base/mem.h"

void ht_rowset_add(struct ht_rowset *set, struct ht_row *row)
{
    if (set->len == set->cap) {
        set->cap = set->cap ? set->cap * 2 : 16;
        set->rows = ht_realloc(set->rows, set->cap, sizeof(*set->rows));
    }
    set->rows[set->len++] = row;
}

struct numbered {
    struct ht_row *row;
    size_t number;
};

static int compare_numbered(const void *a, const void *b)
{
    const struct numbered *x = a, *y = b;
    int order = ht_str_compare(ht_row_id(x->row), ht_row_id(y->row));

    if (order != 0)
        return order;
    return (x->number > y->number) - (x->number < y->number);
}

static bool is_sorted(const struct ht_rowset *set)
{
    for (size_t i = 1; i < set->len; i++) {
        if (ht_str_compare(ht_row_id(set->rows[i - 1]), ht_row_id(set->rows[i])) >= 0)
            return false;
    }
    return true;
}

void ht_rowset_sort(struct ht_rowset *set)
{
    if (is_sorted(set))
        return;

    /* qsort is not stable, so equal ids are told apart by the order in which they were added. */
    ht_autofree struct numbered *order = ht_new_array(struct numbered, set->len);
    for (size_t i = 0; i < set->len; i++)
        order[i] = (struct numbered){.row = set->rows[i], .number = i};
    qsort(order, set->len, sizeof(*order), compare_numbered);

    size_t kept = 0;
    for (size_t i = 0; i < set->len; i++) {
        if (i + 1 < set->len && ht_str_equal(ht_row_id(order[i].row), ht_row_id(order[i + 1].row)))
            ht_row_unref(order[i].row);
        else
            set->rows[kept++] = order[i].row;
    }
    set->len = kept;
}

const struct ht_row *ht_rowset_find(const struct ht_rowset *set, struct ht_str id)
{
    size_t low = 0, high = set->len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = ht_str_compare(ht_row_id(set->rows[middle]), id);

        if (order == 0)
            return set->rows[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void ht_rowset_share(struct ht_rowset *set, const struct ht_rowset *from)
{
    for (size_t i = 0; i < from->len; i++)
        ht_rowset_add(set, ht_row_ref(from->rows[i]));
}

bool ht_rowset_same(const struct ht_rowset *a, const struct ht_rowset *b)
{
    if (a->len != b->len)
        return false;
    for (size_t i = 0; i < a->len; i++) {
        if (a->rows[i] != b->rows[i])
            return false;
    }
    return true;
}

void ht_rowset_fini(struct ht_rowset *set)
{
    for (size_t i = 0; i < set->len; i++)
        ht_row_unref(set->rows[i]);
    free(set->rows);
    *set = (struct ht_rowset){0};
}
