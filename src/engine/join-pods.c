/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "join-pods.h"

#include <string.h>

#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"
#include "hulltop/check/pod-compare.h"

enum { UID_LEN = 36, HASH_LEN = 32 };

struct known {
    const struct ht_row *row;
    size_t seen;
};

struct ht_join_pods {
    struct ht_vec all;              /* struct known *, owned */
    struct ht_map *by_uid;          /* of the API */
    struct ht_map *by_static_uid;   /* the one that the node gave, as an annotation says */
    struct ht_map *by_id;           /* id of a container, as a status says */
    struct known contested;         /* in place of pods that say the same of themselves */
    const struct ht_source *source; /* NULL: no API is asked */
};

struct ht_join_pods *ht_join_pods_new(void)
{
    struct ht_join_pods *pods = ht_new0(struct ht_join_pods);

    pods->by_uid = ht_map_new();
    pods->by_static_uid = ht_map_new();
    pods->by_id = ht_map_new();
    return pods;
}

struct ht_join_pods *ht_join_pods_free(struct ht_join_pods *pods)
{
    if (!pods)
        return NULL;
    for (size_t i = 0; i < pods->all.len; i++)
        free(pods->all.items[i]);
    ht_vec_fini(&pods->all);
    ht_map_free(pods->by_uid);
    ht_map_free(pods->by_static_uid);
    ht_map_free(pods->by_id);
    free(pods);
    return NULL;
}

/* Annotations and a status are texts that whoever has the right may write into any pod: what two of
 * them claim is nobody's. */
static void claim(struct ht_join_pods *pods, struct ht_map *map, struct ht_str key,
                  struct known *known)
{
    struct known *other = ht_map_get(map, key);

    if (other != known)
        ht_map_set(map, key, other ? &pods->contested : known);
}

void ht_join_pods_add(struct ht_join_pods *pods, const struct ht_row *row)
{
    const struct ht_pod *pod = ht_pod_of(row);
    struct known *known = ht_new0(struct known);

    known->row = row;
    ht_vec_add(&pods->all, known);
    ht_map_set(pods->by_uid, pod->id, known);
    if (ht_pod_has_static_uid(pod) && pod->static_uid.len)
        claim(pods, pods->by_static_uid, pod->static_uid, known);
    for (size_t i = 0; i < pod->container_ids.len; i++)
        claim(pods, pods->by_id, ht_str_base(pod->container_ids.items[i].value), known);
}

void ht_join_pods_set_source(struct ht_join_pods *pods, const struct ht_row *source)
{
    pods->source = ht_source_of(source);
}

/* ---- which pod ---- */

static struct ht_str label(const struct ht_container *container, const char *key)
{
    for (size_t i = 0; i < container->labels.len; i++) {
        if (ht_str_is(container->labels.items[i].key, key))
            return container->labels.items[i].value;
    }
    return (struct ht_str){0};
}

/* The uid in ".../pod0c1d...": of a static pod 32 digits, of others 36 with dashes, which systemd's
 * names have as underscores. Empty: none. */
static struct ht_str uid_of_cgroup(struct ht_str cgroup, struct ht_arena *arena)
{
    struct ht_str part;
    bool below = false;

    while (ht_str_next(&cgroup, '/', &part)) {
        ptrdiff_t at = ht_str_rfind_byte(part, '-');

        below = below || ht_str_has_prefix(part, "kubepods");
        if (ht_str_has_suffix(part, ".slice")) {
            part.len -= strlen(".slice");
            part = ht_str_sub(part, (size_t)(at + 1), part.len);
        }
        if (!below || !ht_str_has_prefix(part, "pod") ||
            (part.len != 3 + UID_LEN && part.len != 3 + HASH_LEN))
            continue;

        char *uid = ht_arena_array(arena, char, part.len);

        for (size_t i = 3; i < part.len; i++)
            uid[i - 3] = part.data[i] == '_' ? '-' : part.data[i];
        return (struct ht_str){.data = uid, .len = part.len - 3};
    }
    return (struct ht_str){0};
}

/* Why the API has none for a container that says it is of one. */
static struct ht_str why_none(const struct ht_join_pods *pods)
{
    if (!pods->source || !ht_source_has_state(pods->source))
        return HT_S("no Kubernetes API is asked");
    switch (pods->source->state) {
    case HT_SOURCE_STATE_OK:
    case HT_SOURCE_STATE_PART:
        return HT_S("the API has no such pod on this node: it was deleted there, or made past it");
    case HT_SOURCE_STATE_WAIT:
        return HT_S("the Kubernetes API has not answered yet");
    case HT_SOURCE_STATE_DENIED:
        return HT_S("the Kubernetes API does not let its pods be listed");
    case HT_SOURCE_STATE_ABSENT:
    case HT_SOURCE_STATE_OFF:
        return HT_S("no Kubernetes API is asked");
    case HT_SOURCE_STATE_STALE:
    case HT_SOURCE_STATE_BUSY:
    case HT_SOURCE_STATE_STUCK:
    case HT_SOURCE_STATE_BROKEN:
        return HT_S("the Kubernetes API does not answer");
    }
    return (struct ht_str){0};
}

/* The pod of a uid: the API's own first. NULL: none, or several that say so. */
static const struct known *of_uid(const struct ht_join_pods *pods, struct ht_str uid)
{
    const struct known *known = uid.len ? ht_map_get(pods->by_uid, uid) : NULL;

    if (!known && uid.len)
        known = ht_map_get(pods->by_static_uid, uid);
    return known && known->row ? known : NULL;
}

struct ht_join_found ht_join_pods_find(const struct ht_join_pods *pods,
                                       const struct ht_join_seeker *seeker, struct ht_arena *arena)
{
    struct ht_str uid = uid_of_cgroup(seeker->cgroup, arena);
    struct ht_str told = label(seeker->container, "io.kubernetes.pod.uid");
    const struct known *known = ht_map_get(pods->by_id, seeker->container->id);
    const struct known *of_cgroup = of_uid(pods, uid);

    /* A status says what its writer likes; the kernel's word goes first. */
    if (known && known->row && (!of_cgroup || of_cgroup == known))
        return (struct ht_join_found){known->row, HT_S("its id is in the pod's status")};
    if (of_cgroup)
        return (struct ht_join_found){of_cgroup->row, HT_S("its cgroup is the pod's")};
    /* So does a label. */
    known = uid.len == 0 && seeker->of_root ? of_uid(pods, told) : NULL;
    if (known)
        return (struct ht_join_found){known->row, HT_S("the runtime gives it the pod's uid")};
    return (struct ht_join_found){
        NULL, uid.len || told.len || label(seeker->container, "io.kubernetes.pod.name").len
                  ? why_none(pods)
                  : (struct ht_str){0}};
}

/* ---- what the pod tells ---- */

static bool has_key(const struct ht_pair_list *pairs, struct ht_str key)
{
    for (size_t i = 0; i < pairs->len; i++) {
        if (ht_str_equal(pairs->items[i].key, key))
            return true;
    }
    return false;
}

/* The container's own labels first, then those of its pod and its pod's annotations, by which build
 * systems are known: CRI gives them to the sandbox alone. */
static void add_labels(const struct ht_pod *pod, struct ht_arena *arena,
                       struct ht_container *container)
{
    const struct ht_pair_list *more[] = {&pod->labels, &pod->annotations};
    size_t room = container->labels.len + pod->labels.len + pod->annotations.len;
    struct ht_pair *pairs = ht_arena_array(arena, struct ht_pair, room);
    struct ht_pair_list all = {.items = pairs, .len = container->labels.len};

    for (size_t i = 0; i < container->labels.len; i++)
        pairs[i] = container->labels.items[i];
    for (size_t i = 0; i < ARRAY_LEN(more); i++) {
        for (size_t j = 0; j < more[i]->len; j++) {
            if (!has_key(&container->labels, more[i]->items[j].key))
                pairs[all.len++] = more[i]->items[j];
        }
    }
    if (all.len)
        ht_container_set_labels(container, all);
}

void ht_join_pods_apply(const struct ht_row *row, struct ht_arena *arena,
                        struct ht_container *container)
{
    const struct ht_pod *pod = ht_pod_of(row);
    const struct ht_pod_container *declared =
        ht_pod_find_container(pod, ht_pod_container_name(pod, container));

    ht_container_set_pod_row(container, pod->id);
    if (ht_pod_has_namespace(pod))
        ht_container_set_namespace(container, pod->namespace);
    ht_container_set_pod(container, ht_arena_strf(arena, "%.*s/%.*s", HT_STR_ARG(pod->namespace),
                                                  HT_STR_ARG(pod->name)));
    if (ht_pod_has_owner(pod))
        ht_container_set_owner(container, pod->owner);
    if (ht_pod_has_owner_by(pod))
        ht_container_set_owner_by(container, pod->owner_by);
    /* CRI calls an image by its id once its tag has moved on. */
    if (declared && ht_pod_container_has_image(declared) &&
        (!ht_container_has_image(container) || ht_str_has_prefix(container->image, "sha256:")))
        ht_container_set_image(container, declared->image);
    add_labels(pod, arena, container);
}

static void set_class(const struct ht_pod_container *declared, struct ht_container *container)
{
    if (container->class != HT_CLASS_APP || declared->kind == HT_POD_CONTAINER_KIND_CONTAINER ||
        declared->sidecar)
        return;
    if (declared->kind == HT_POD_CONTAINER_KIND_INIT) {
        ht_container_set_class(container, HT_CLASS_INIT);
        ht_container_set_class_signal(container, HT_S("an init container of its pod"));
    } else {
        ht_container_set_class(container, HT_CLASS_DEBUG);
        ht_container_set_class_signal(container, HT_S("an ephemeral container of its pod"));
    }
}

void ht_join_pods_compare(const struct ht_row *row, const struct ht_host *host,
                          const struct ht_facts *facts, struct ht_arena *arena,
                          struct ht_container *container)
{
    const struct ht_pod *pod = ht_pod_of(row);
    const struct ht_pod_container *declared =
        ht_pod_find_container(pod, ht_pod_container_name(pod, container));
    struct ht_pod_differences differences;
    struct ht_str *texts;

    if (!declared)
        return;
    set_class(declared, container);
    ht_pod_compare(
        &(struct ht_pod_pair){.pod = pod, .container = container, .host = host, .facts = facts},
        arena, &differences);
    texts = ht_arena_array(arena, struct ht_str, differences.len);
    for (size_t i = 0; i < differences.len; i++) {
        const struct ht_pod_difference *one = &differences.items[i];

        texts[i] =
            ht_arena_strf(arena, "%.*s: declared %.*s, runs with %.*s", HT_STR_ARG(one->field),
                          HT_STR_ARG(one->declared), HT_STR_ARG(one->runs));
    }
    if (differences.resizing)
        ht_container_set_resizing(container, pod->resize);
    ht_container_set_differs(container,
                             (struct ht_text_list){.items = texts, .len = differences.len});
}

/* ---- what only the API knows ---- */

static struct known *known_of(const struct ht_join_pods *pods, const struct ht_row *pod)
{
    return ht_map_get(pods->by_uid, ht_row_id(pod));
}

void ht_join_pods_see(struct ht_join_pods *pods, const struct ht_row *pod,
                      const struct ht_container *container)
{
    struct known *known = known_of(pods, pod);

    if (known && ht_pod_container_name(ht_pod_of(pod), container).len)
        known->seen++;
}

size_t ht_join_pods_seen(const struct ht_join_pods *pods, const struct ht_row *row, size_t engines,
                         struct ht_str *ret_why)
{
    const struct known *known = known_of(pods, row);
    struct ht_str phase = ht_pod_of(row)->phase;
    size_t seen = known ? known->seen : 0;

    *ret_why = (struct ht_str){0};
    if (seen)
        return seen;
    if (ht_str_is(phase, "Pending"))
        *ret_why = HT_S("it has not started: Pending");
    else if (ht_str_is(phase, "Succeeded") || ht_str_is(phase, "Failed"))
        *ret_why = HT_S("it has ended");
    else if (engines == 0)
        *ret_why = HT_S("no container runtime of this node tells what it runs");
    else
        *ret_why = HT_S("no container runtime asked here lists its containers");
    return 0;
}
