/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cri-decode.h"

#include <errno.h>
#include <string.h>

#include "decode.h"
#include "oci-decode.h"
#include "protobuf.h"
#include "src/source/cri.pb-c.h"

#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"

int ht_cri_decode_version(struct ht_arena *arena, struct ht_str message, struct ht_str *ret_name,
                          struct ht_str *ret_version, struct ht_error *err)
{
    const HtCri__Version *from =
        ht_protobuf_unpack(arena, &ht_cri__version__descriptor, message, err);

    if (!from)
        return err ? -err->code : -EINVAL;
    *ret_name = ht_protobuf_str(from->runtime_name);
    *ret_version = ht_protobuf_str(from->runtime_version);
    return 0;
}

/* ---- lists ---- */

static struct ht_pair_list labels_of(struct ht_arena *arena, HtCri__Label *const *from, size_t len)
{
    struct ht_pair *items = ht_arena_array(arena, struct ht_pair, len);

    for (size_t i = 0; i < len; i++)
        items[i] =
            ht_decode_label(arena, ht_protobuf_str(from[i]->key), ht_protobuf_str(from[i]->value));
    return (struct ht_pair_list){.items = items, .len = len};
}

static struct ht_container *new_base(struct ht_arena *arena, struct ht_str id, int64_t created_at,
                                     const struct ht_containerd_context *context)
{
    struct ht_container *base = ht_arena_array(arena, struct ht_container, 1);

    ht_container_set_id(base, id);
    ht_container_set_runtime(base, context->runtime);
    ht_container_set_source(base, context->source);
    ht_container_set_daemon(base, context->daemon);
    if (created_at > 0)
        ht_container_set_created_at(base, created_at);
    return base;
}

/* A pod's own facts, in the labels that a container of it has too: the rest goes by those. */
static struct ht_pair_list pod_labels(struct ht_arena *arena, const HtCri__Pod *pod)
{
    struct ht_pair_list given = labels_of(arena, pod->labels, pod->n_labels);
    struct ht_pair *items = ht_arena_array(arena, struct ht_pair, given.len + 3);
    size_t len = given.len;

    if (len)
        memcpy(items, given.items, len * sizeof(*items));
    if (pod->metadata) {
        items[len++] = (struct ht_pair){.key = HT_S("io.kubernetes.pod.name"),
                                        .value = ht_protobuf_str(pod->metadata->name)};
        items[len++] = (struct ht_pair){.key = HT_S("io.kubernetes.pod.namespace"),
                                        .value = ht_protobuf_str(pod->metadata->namespace_)};
        items[len++] =
            (struct ht_pair){.key = HT_S("io.cri-containerd.kind"), .value = HT_S("sandbox")};
    }
    return (struct ht_pair_list){.items = items, .len = len};
}

static void decode_pod(struct ht_arena *arena, const HtCri__Pod *from,
                       const struct ht_containerd_context *context, struct ht_cri_listed *listed)
{
    struct ht_container *base =
        new_base(arena, ht_protobuf_str(from->id), from->created_at, context);
    struct ht_str name = from->metadata ? ht_protobuf_str(from->metadata->name) : HT_S("pod");

    ht_container_set_name(base, ht_arena_strf(arena, "%.*s/POD", HT_STR_ARG(name)));
    ht_container_set_labels(base, pod_labels(arena, from));
    ht_container_set_state(base, from->state == 0 ? HT_CONTAINER_STATE_RUNNING
                                                  : HT_CONTAINER_STATE_EXITED);
    if (from->runtime_handler.len)
        ht_container_set_oci_runtime(base, ht_protobuf_str(from->runtime_handler));
    *listed = (struct ht_cri_listed){
        .id = base->id, .is_sandbox = true, .fingerprint = from->state, .base = base};
}

static enum ht_container_state state_of(uint32_t state)
{
    static const enum ht_container_state states[] = {
        HT_CONTAINER_STATE_CREATED, HT_CONTAINER_STATE_RUNNING, HT_CONTAINER_STATE_EXITED};

    return state < ARRAY_LEN(states) ? states[state] : HT_CONTAINER_STATE_RUNNING;
}

/* The name of a container among those of its pod. */
static struct ht_str name_of(struct ht_arena *arena, const HtCri__Container *from,
                             const struct ht_container *base)
{
    struct ht_str name = from->metadata ? ht_protobuf_str(from->metadata->name) : base->id;

    for (size_t i = 0; i < base->labels.len; i++) {
        if (ht_str_is(base->labels.items[i].key, "io.kubernetes.pod.name"))
            return ht_arena_strf(arena, "%.*s/%.*s", HT_STR_ARG(base->labels.items[i].value),
                                 HT_STR_ARG(name));
    }
    return name;
}

/* What only a pod is told to have: the runtime that runs it, which is that of all its containers.
 */
static void inherit(struct ht_container *base, const struct ht_container *pod)
{
    if (pod && ht_container_has_oci_runtime(pod))
        ht_container_set_oci_runtime(base, pod->oci_runtime);
}

static void decode_container(struct ht_arena *arena, const HtCri__Container *from,
                             const struct ht_containerd_context *context,
                             struct ht_cri_listed *listed)
{
    struct ht_container *base =
        new_base(arena, ht_protobuf_str(from->id), from->created_at, context);

    ht_container_set_labels(base, labels_of(arena, from->labels, from->n_labels));
    ht_container_set_name(base, name_of(arena, from, base));
    ht_container_set_state(base, state_of(from->state));
    if (from->image && from->image->image.len)
        ht_container_set_image(base, ht_protobuf_str(from->image->image));
    if (from->image_ref.len)
        ht_container_set_image_id(base, ht_protobuf_str(from->image_ref));
    *listed = (struct ht_cri_listed){.id = base->id,
                                     .sandbox = ht_protobuf_str(from->pod_sandbox_id),
                                     .fingerprint = from->state,
                                     .base = base};
}

static void decode_all(struct ht_arena *arena, const HtCri__Pods *pods,
                       const HtCri__Containers *containers,
                       const struct ht_containerd_context *context, struct ht_cri_list *list)
{
    struct ht_map *by_id = ht_map_new();

    for (size_t i = 0; i < pods->n_items; i++) {
        struct ht_cri_listed *listed = &list->items[list->len++];

        decode_pod(arena, pods->items[i], context, listed);
        ht_map_set(by_id, listed->id, (void *)listed->base);
    }
    for (size_t i = 0; i < containers->n_containers; i++) {
        struct ht_cri_listed *listed = &list->items[list->len++];

        decode_container(arena, containers->containers[i], context, listed);
        inherit(listed->base, ht_map_get(by_id, listed->sandbox));
    }
    ht_map_free(by_id);
}

int ht_cri_decode_lists(struct ht_arena *arena, const struct ht_cri_answers *answers,
                        const struct ht_containerd_context *context, struct ht_cri_list *ret_list,
                        struct ht_error *err)
{
    const HtCri__Pods *from_pods =
        ht_protobuf_unpack(arena, &ht_cri__pods__descriptor, answers->pods, err);
    const HtCri__Containers *from = NULL;
    struct ht_cri_list list = {0};

    if (from_pods)
        from = ht_protobuf_unpack(arena, &ht_cri__containers__descriptor, answers->containers, err);
    if (!from)
        return err ? -err->code : -EINVAL;
    list.items =
        ht_arena_array(arena, struct ht_cri_listed, from_pods->n_items + from->n_containers);
    if (ht_arena_is_full(arena))
        return ht_error_set(err, E2BIG, "containers: too many");
    decode_all(arena, from_pods, from, context, &list);
    for (size_t i = 0; i < list.len; i++) {
        if (!ht_containerd_is_name(list.items[i].id))
            return ht_error_set(err, EINVAL, "containers: one has no usable id");
    }
    if (ht_arena_is_full(arena))
        return ht_error_set(err, E2BIG, "containers: too many");
    *ret_list = list;
    return 0;
}

/* ---- verbose status ---- */

static struct ht_str info_of(const HtCri__Status *status)
{
    for (size_t i = 0; i < status->n_info; i++) {
        if (ht_str_is(ht_protobuf_str(status->info[i]->key), "info"))
            return ht_protobuf_str(status->info[i]->value);
    }
    return (struct ht_str){0};
}

static void decode_info(const struct ht_json *info, struct ht_container *container)
{
    struct ht_str text;
    uint64_t pid = 0;
    bool privileged;

    if (ht_json_uint(ht_json_get(info, "pid"), &pid) && pid > 0 &&
        container->state == HT_CONTAINER_STATE_RUNNING)
        ht_container_set_pid(container, pid);
    if (ht_decode_has_text(info, "snapshotter", &text))
        ht_container_set_storage(container, text);
    if (ht_decode_has_text(info, "runtimeType", &text))
        ht_container_set_oci_runtime(container, text);
    /* Kubernetes' own word, where the runtime hands on what it was asked for: containerd the whole
     * request, CRI-O this of it. */
    if (ht_json_bool(ht_json_path(info, "config", "linux", "security_context", "privileged", NULL),
                     &privileged) ||
        ht_json_bool(ht_json_get(info, "privileged"), &privileged))
        ht_privilege_set_privileged(ht_container_edit_declared(container), privileged);
}

/* CRI-O runs no process for a pod whose namespaces need none. Its status has then no process id,
 * and before 1.22 nothing at all. */
static bool is_without_process(const struct ht_cri_listed *listed, const struct ht_json *info)
{
    return listed->is_sandbox && ht_json_is_object(info) && !ht_json_get(info, "pid");
}

int ht_cri_decode_status(struct ht_arena *arena, struct ht_str message,
                         const struct ht_cri_listed *listed, struct ht_row **ret_row,
                         struct ht_error *err)
{
    const HtCri__Status *from =
        ht_protobuf_unpack(arena, &ht_cri__status__descriptor, message, err);
    struct ht_container container = *listed->base;
    const struct ht_json *info;
    const struct ht_json *specification;
    struct ht_oci_pod pod;
    int r = -ENODATA;

    if (!from)
        return err ? -err->code : -EINVAL;
    info = info_of(from).len ? ht_json_parse(arena, "info", info_of(from), err) : NULL;
    specification = ht_json_get(info, "runtimeSpec");
    if (ht_json_is_object(specification))
        r = ht_oci_decode_json(arena, specification, &container, &pod, err);
    if (r == 0)
        decode_info(info, &container);
    if (is_without_process(listed, info) && (r == 0 || r == -ENODATA))
        r = HT_CRI_NO_PROCESS;
    if (ht_arena_is_full(arena))
        return ht_error_set(err, E2BIG, "status: larger than a row may be");
    *ret_row = ht_row_new(&ht_container_table, &container);
    return r;
}

void ht_cri_encode_status(struct ht_buf *out, struct ht_str id)
{
    ht_protobuf_add_bytes(out, 1, id);
    ht_protobuf_add_number(out, 2, 1);
}
