/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/model/node.h"

#include "hulltop/base/mem.h"

struct ht_node *ht_node_new(int64_t taken_at)
{
    struct ht_node *node = ht_new0(struct ht_node);

    atomic_init(&node->refs, 1);
    node->taken_at = taken_at;
    return node;
}

struct ht_node *ht_node_ref(const struct ht_node *node)
{
    /* The count is the one mutable part of a published node. */
    struct ht_node *counted = (struct ht_node *)node;

    atomic_fetch_add_explicit(&counted->refs, 1, memory_order_relaxed);
    return counted;
}

struct ht_node *ht_node_unref(struct ht_node *node)
{
    if (node && atomic_fetch_sub_explicit(&node->refs, 1, memory_order_acq_rel) == 1) {
        for (int i = 0; i < HT_TABLE_COUNT; i++)
            ht_rowset_fini(&node->sets[i]);
        free(node);
    }
    return NULL;
}

void ht_cleanup_node(struct ht_node **node)
{
    ht_node_unref(*node);
}

struct ht_node *ht_node_share(const struct ht_node *node)
{
    struct ht_node *copy = ht_node_new(node->taken_at);

    for (int i = 0; i < HT_TABLE_COUNT; i++)
        ht_rowset_share(&copy->sets[i], &node->sets[i]);
    return copy;
}

void ht_node_add(struct ht_node *node, struct ht_row *row)
{
    ht_rowset_add(&node->sets[ht_row_table(row)->id], row);
}

void ht_node_sort(struct ht_node *node)
{
    for (int i = 0; i < HT_TABLE_COUNT; i++)
        ht_rowset_sort(&node->sets[i]);
}

const struct ht_rowset *ht_node_set(const struct ht_node *node, enum ht_table_id table)
{
    return &node->sets[table];
}

const struct ht_row *ht_node_find(const struct ht_node *node, enum ht_table_id table,
                                  struct ht_str id)
{
    return ht_rowset_find(&node->sets[table], id);
}

const struct ht_host *ht_node_host(const struct ht_node *node)
{
    static const struct ht_host nothing_known = {0};
    const struct ht_rowset *hosts = &node->sets[HT_TABLE_HOST];

    return hosts->len ? ht_host_of(hosts->rows[0]) : &nothing_known;
}
