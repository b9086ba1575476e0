/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Structs filled by their field tables with random and awkward values: for tests of what must hold
 * for any row. The same seed gives the same values.
 */
#ifndef HT_TESTS_RANDOM_ROW_H
#define HT_TESTS_RANDOM_ROW_H

#include "hulltop/model/node.h"

struct random {
    uint64_t state;
    struct ht_arena *arena;
    bool plain; /* only values that a report keeps: printable text, times of our days */
};

/* A number below end. */
uint64_t random_below(struct random *random, uint64_t end);
/* Fills a zeroed struct; some fields stay unknown. */
void random_struct(struct random *random, const struct ht_table *table, void *data);
/* A row with the id "id-NUMBER". */
struct ht_row *random_row(struct random *random, const struct ht_table *table, unsigned number);
/* A node with rows in every table. */
struct ht_node *random_node(struct random *random, unsigned rows);
/* Equal rows, table by table. */
bool nodes_equal(const struct ht_node *a, const struct ht_node *b);

#endif
