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

static const char *why(int r, const struct ht_trouble *trouble)
{
    if (ht_error_is_denied(r))
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
    struct ht_trouble trouble = {.help = ""};
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

/* ---- tools that keep secrets ---- */

/* Whether what the CSI driver mounts is copied into Secrets. */
static void read_classes(struct ht_kube *kube)
{
    static const char path[] =
        "/apis/secrets-store.csi.x-k8s.io/v1/secretproviderclasses?limit=500";
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    struct ht_trouble trouble = {.help = ""};

    if (ht_kube_get(&kube->client, path, &answer, &trouble) == 0)
        (void)ht_keepers_decode_classes(&kube->keepers, ht_buf_str(&answer.body));
}

/* Everybody who may log in may ask which groups there are. */
static void read_groups(struct ht_kube *kube)
{
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    struct ht_trouble trouble = {.help = ""};
    struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);

    kube->feed->at(kube->feed, "asking for groups of the API");
    if (ht_kube_get(&kube->client, "/apis", &answer, &trouble) < 0) {
        ht_arena_free(arena);
        return;
    }
    ht_arena_free(kube->keepers.arena);
    kube->keepers = (struct ht_keepers){.arena = arena};
    (void)ht_keepers_decode_groups(&kube->keepers, ht_buf_str(&answer.body));
    if (ht_keepers_has_driver(&kube->keepers))
        read_classes(kube);
}

struct telling {
    struct ht_keepers keepers;
    struct ht_arena *arena;
};

static void see_pod(void *context, struct ht_str key, void *value)
{
    struct telling *telling = context;
    const struct ht_pod *pod = ht_pod_of(value);

    struct ht_str name = ht_arena_strf(telling->arena, "%.*s/%.*s", HT_STR_ARG(pod->namespace),
                                       HT_STR_ARG(pod->name));

    (void)key;
    for (size_t i = 0; i < pod->containers.len; i++)
        ht_keepers_see_image(&telling->keepers, pod->containers.items[i].image, name);
    for (size_t i = 0; i < pod->annotations.len; i++)
        ht_keepers_see_annotation(&telling->keepers, &pod->annotations.items[i], name);
}

void ht_kube_tell_storage(struct ht_kube *kube, struct ht_node *sample)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);
    struct telling telling = {.keepers = kube->keepers, .arena = arena};

    if (kube->counter)
        ht_node_add(sample, ht_row_ref(kube->counter));
    telling.keepers.arena = arena;
    if (kube->pods)
        ht_map_each(kube->pods, see_pod, &telling);
    ht_keepers_tell(&telling.keepers, "kubernetes", sample);
}

void ht_kube_forget_storage(struct ht_kube *kube)
{
    ht_row_unref(kube->counter);
    kube->counter = NULL;
    ht_arena_free(kube->keepers.arena);
    kube->keepers = (struct ht_keepers){0};
}

/* ---- both ---- */

void ht_kube_read_storage(struct ht_kube *kube)
{
    int64_t now = ht_clock_mono(kube->feed->clock);

    if (now < kube->storage_due_ns)
        return;
    kube->storage_due_ns = now + GAP_NS;
    read_counters(kube);
    read_groups(kube);
}
