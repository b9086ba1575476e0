/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a pod's status says of limits that are changed while it runs. */
#include <string.h>

#include "kube-private.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"

static struct ht_str text_of(const struct ht_json *object, const char *key)
{
    struct ht_str text = {0};

    (void)ht_json_string(ht_json_get(object, key), &text);
    return text;
}

/* The change that is under way, in words; empty: none. Since 1.33 conditions tell, before that a
 * word did. */
static struct ht_str find_resize(const struct ht_json *status, struct ht_arena *arena)
{
    const struct ht_json *list = ht_json_get(status, "conditions");
    struct ht_str word = text_of(status, "resize");

    for (size_t i = 0; ht_json_is_array(list) && i < list->len; i++) {
        struct ht_str type = text_of(&list->items[i], "type");
        struct ht_str reason = text_of(&list->items[i], "reason");

        if (!ht_str_is(text_of(&list->items[i], "status"), "True"))
            continue;
        if (ht_str_is(type, "PodResizeInProgress"))
            return reason.len ? ht_arena_strf(arena, "in progress: %.*s", HT_STR_ARG(reason))
                              : HT_S("in progress");
        if (ht_str_is(type, "PodResizePending"))
            word = reason.len ? reason : HT_S("no reason given");
    }
    if (ht_str_is(word, "InProgress"))
        return HT_S("in progress");
    return word.len ? ht_arena_strf(arena, "pending: %.*s", HT_STR_ARG(word)) : word;
}

static void take_applied(const struct ht_json *told, struct ht_pod_container *container)
{
    const struct ht_json *limits = ht_json_get(ht_json_get(told, "resources"), "limits");
    uint64_t thousandths;

    if (ht_kube_quantity(text_of(limits, "memory"), &thousandths))
        ht_pod_container_set_memory_applied(container,
                                            thousandths / 1000 + (thousandths % 1000 != 0));
    if (ht_kube_quantity(text_of(limits, "cpu"), &thousandths))
        ht_pod_container_set_cpu_applied(container, thousandths);
}

/* The statuses name the containers. */
static void take_list(const struct ht_json *list, struct ht_map *containers)
{
    size_t len = ht_json_is_array(list) ? list->len : 0;

    for (size_t i = 0; i < len && i < HT_LIMIT_POD_ITEMS; i++) {
        struct ht_pod_container *container =
            ht_map_get(containers, text_of(&list->items[i], "name"));

        if (container)
            take_applied(&list->items[i], container);
    }
}

void ht_kube_decode_resize(struct ht_kube_decoding *decoding, const struct ht_json *status)
{
    struct ht_pod *pod = decoding->pod;
    struct ht_str resize = find_resize(status, decoding->arena);
    struct ht_pod_container_list containers = pod->containers;
    struct ht_pod_container *items;
    struct ht_map *by_name;

    if (!resize.len)
        return;
    ht_pod_set_resize(pod, resize);
    by_name = ht_map_new();
    items = ht_arena_array(decoding->arena, struct ht_pod_container, containers.len);
    if (containers.len)
        memcpy(items, containers.items, containers.len * sizeof(*items));
    for (size_t i = 0; i < containers.len; i++) {
        if (items[i].name.len)
            ht_map_set(by_name, items[i].name, &items[i]);
    }
    take_list(ht_json_get(status, "containerStatuses"), by_name);
    take_list(ht_json_get(status, "initContainerStatuses"), by_name);
    ht_map_free(by_name);
    containers.items = items;
    ht_pod_set_containers(pod, containers);
}
