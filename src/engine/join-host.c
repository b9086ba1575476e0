/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What only a cluster tells of its node. */
#include "join.h"

struct ht_row *ht_join_host(const struct ht_row *row, const struct ht_row *cluster_row)
{
    struct ht_host host = *ht_host_of(row);
    const struct ht_cluster *cluster = cluster_row ? ht_cluster_of(cluster_row) : NULL;

    /* A cluster that this host is none of the nodes of says nothing about it. */
    if (!cluster || !ht_cluster_has_node(cluster))
        return ht_row_ref(row);
    if (!ht_host_has_cluster(&host) && ht_cluster_has_name(cluster))
        ht_host_set_cluster(&host, cluster->name);
    if (ht_cluster_has_nodes(cluster))
        ht_host_set_cluster_nodes(&host, cluster->nodes);
    if (ht_cluster_has_taints(cluster))
        ht_host_set_taints(&host, cluster->taints);
    return ht_row_keep(row, ht_row_new(&ht_host_table, &host));
}
