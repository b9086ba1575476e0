/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cluster-path.h"

/* Certificates and public keys are no secret: what counts is who may replace them. */
static bool is_public(struct ht_str path)
{
    return ht_str_has_suffix(path, ".crt") || ht_str_has_suffix(path, ".pub");
}

static enum cluster_path masters(const struct ht_fact_path *fact, enum tri apiserver)
{
    if (fact->of != HT_FACT_OF_APISERVER || apiserver == TRI_YES)
        return CLUSTER_PATH_MASTERS;
    return apiserver == TRI_NO ? CLUSTER_PATH_NODE : CLUSTER_PATH_LIKELY_MASTERS;
}

/* Of the folder above the static pods, which has credentials too, an administrator's among them
 * where an API server runs. */
static enum cluster_path manifests(const struct ht_fact_path *fact, bool writable,
                                   enum tri apiserver)
{
    if (writable)
        return CLUSTER_PATH_PODS;
    if (fact->of == HT_FACT_OF_APISERVER && apiserver == TRI_YES)
        return CLUSTER_PATH_MASTERS;
    return fact->match == 0 ? CLUSTER_PATH_READ_PODS : CLUSTER_PATH_NODE;
}

enum cluster_path ht_cluster_path(const struct ht_fact_path *fact, struct ht_str path,
                                  bool writable, enum tri apiserver)
{
    if (!fact)
        return CLUSTER_PATH_NOTHING;
    if (fact->kind == HT_FACT_PATH_MANIFESTS)
        return manifests(fact, writable, apiserver);
    if (fact->path.len > path.len)
        return CLUSTER_PATH_NODE;
    if (is_public(path))
        return writable ? CLUSTER_PATH_CERTIFICATE : CLUSTER_PATH_NOTHING;
    return fact->kind == HT_FACT_PATH_MASTERS ? masters(fact, apiserver) : CLUSTER_PATH_NODE;
}

bool ht_cluster_path_is_masters(enum cluster_path opens)
{
    return opens == CLUSTER_PATH_MASTERS || opens == CLUSTER_PATH_LIKELY_MASTERS;
}

const char *ht_cluster_path_title(enum cluster_path opens)
{
    switch (opens) {
    case CLUSTER_PATH_CERTIFICATE:
        return "Can replace a certificate of the cluster (%.*s)";
    case CLUSTER_PATH_READ_PODS:
        return "Can read the static pods of the node (%.*s)";
    case CLUSTER_PATH_PODS:
        return "Has the folder of static pods (%.*s)";
    case CLUSTER_PATH_LIKELY_MASTERS:
    case CLUSTER_PATH_MASTERS:
        return "Has an administrator's keys to the cluster (%.*s)";
    case CLUSTER_PATH_NOTHING:
    case CLUSTER_PATH_NODE:
        break;
    }
    return "Has the node's cluster credentials (%.*s)";
}

struct ht_str ht_cluster_path_gives(enum cluster_path opens, const struct ht_fact_path *fact)
{
    return opens == CLUSTER_PATH_CERTIFICATE
               ? HT_S("whom the node takes for a part of the cluster, or for its authority")
               : fact->gives;
}
