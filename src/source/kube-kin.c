/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube-kin.h"

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"

static bool has_key(const struct ht_pod *pod, struct ht_buf *buf)
{
    if (!ht_pod_has_owner(pod) || !ht_pod_has_namespace(pod))
        return false;
    ht_buf_add_str(buf, pod->namespace);
    ht_buf_add_c(buf, '/');
    ht_buf_add_str(buf, pod->owner);
    return !ht_buf_is_full(buf);
}

/* Pods of one template have the same containers; of another one little is the same. */
static bool is_of_one_template(const struct ht_row *a, const struct ht_row *b)
{
    return ht_pod_of(a)->containers.items == ht_pod_of(b)->containers.items;
}

struct ht_row *ht_kube_kin_share(const struct ht_kube_kin *kin, struct ht_row *row)
{
    ht_autobuf struct ht_buf key = HT_BUF(HT_LIMIT_ARG);
    const struct ht_row *alike = NULL;
    struct ht_row *shared;

    if (kin->by_owner && has_key(ht_pod_of(row), &key))
        alike = ht_map_get(kin->by_owner, ht_buf_str(&key));
    if (!alike)
        return row;
    shared = ht_row_like(&ht_pod_table, ht_pod_of(row), alike);
    if (!is_of_one_template(shared, alike)) {
        ht_row_unref(shared);
        return row;
    }
    ht_row_unref(row);
    return shared;
}

void ht_kube_kin_note(struct ht_kube_kin *kin, const struct ht_row *row)
{
    ht_autobuf struct ht_buf key = HT_BUF(HT_LIMIT_ARG);
    const struct ht_row *before;

    if (!has_key(ht_pod_of(row), &key))
        return;
    if (!kin->by_owner)
        kin->by_owner = ht_map_new();
    before = ht_map_get(kin->by_owner, ht_buf_str(&key));
    if (before && is_of_one_template(before, row))
        return;
    ht_row_unref(ht_map_set(kin->by_owner, ht_buf_str(&key), ht_row_ref(row)));
}

static void forget_visit(void *context, struct ht_str key, void *value)
{
    (void)context;
    (void)key;
    ht_row_unref(value);
}

void ht_kube_kin_fini(struct ht_kube_kin *kin)
{
    if (kin->by_owner)
        ht_map_each(kin->by_owner, forget_visit, NULL);
    kin->by_owner = ht_map_free(kin->by_owner);
}
