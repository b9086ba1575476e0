/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an API server tells of how secrets are kept: its counters, and which tools that keep secrets
 * the cluster knows. Asked seldom, since the first answer is large. A server that does not tell is
 * no reason to distrust what it tells of pods.
 */
#include <errno.h>
#include <stdio.h>

#include "apiserver-metrics.h"
#include "kube.h"

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

#define GAP_NS (300 * HT_NS_PER_S)

static const char *why(int r, const struct ht_kube_trouble *trouble)
{
    if (r == -EACCES || r == -EPERM)
        return "not allowed to read /metrics: hulltop doctor --role prints what is needed";
    return r == -ENOENT ? "it has no /metrics" : trouble->detail;
}

static void keep_counter(struct ht_kube *kube, const struct ht_api_counter *counter)
{
    struct ht_row *kept = ht_row_keep(kube->counter, ht_row_new(&ht_api_counter_table, counter));

    ht_row_unref(kube->counter);
    kube->counter = kept;
}

static void read_counters(struct ht_kube *kube)
{
    struct ht_kube_trouble trouble = {.help = ""};
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_api_counter counter = {0};
    int r;

    kube->feed->at(kube->feed, "reading the API server's metrics");
    r = ht_kube_get(&kube->client, "/metrics", &answer, &trouble);
    if (r == -EINTR)
        return;
    ht_api_counter_set_id(&counter, ht_str_from(kube->client.access.server));
    ht_api_counter_set_source(&counter, HT_S("kubernetes"));
    if (r < 0)
        ht_api_counter_set_detail(&counter, ht_str_from(why(r, &trouble)));
    else if (!ht_apiserver_metrics_decode(ht_buf_str(&answer.body), arena, &counter))
        ht_api_counter_set_detail(&counter, HT_S("these are no metrics of an API server"));
    keep_counter(kube, &counter);
}

void ht_kube_read_storage(struct ht_kube *kube)
{
    int64_t now = ht_clock_mono(kube->feed->clock);

    if (now < kube->storage_due_ns)
        return;
    kube->storage_due_ns = now + GAP_NS;
    read_counters(kube);
}
