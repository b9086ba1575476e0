/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "containerd-decode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "oci-decode.h"
#include "protobuf.h"
#include "src/source/containerd.pb-c.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { NAME_MAX_BYTES = 76, SHORT_ID = 12, ENGINE_ID = 64 };

/* ---- small readers ---- */

bool ht_containerd_is_name(struct ht_str name)
{
    if (name.len == 0 || name.len > NAME_MAX_BYTES)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];

        if (!(ht_is_alnum(c) || (i > 0 && (c == '-' || c == '.' || c == '_'))))
            return false;
    }
    return true;
}

static bool has_bytes(ProtobufCBinaryData bytes, struct ht_str *ret_text)
{
    if (bytes.len == 0)
        return false;
    *ret_text = ht_protobuf_str(bytes);
    return true;
}

/* Year 1 stands for "never". */
static bool has_time(const HtContainerd__Time *time, int64_t *ret_ns)
{
    if (!time || time->seconds <= 0 || time->seconds > INT64_MAX / HT_NS_PER_S - 1 ||
        time->nanos < 0 || time->nanos >= HT_NS_PER_S)
        return false;
    *ret_ns = time->seconds * HT_NS_PER_S + time->nanos;
    return true;
}

int ht_containerd_decode_namespaces(struct ht_arena *arena, struct ht_str message,
                                    struct ht_containerd_names *ret_names, struct ht_error *err)
{
    const HtContainerd__Namespaces *from =
        ht_protobuf_unpack(arena, &ht_containerd__namespaces__descriptor, message, err);
    struct ht_str *items;

    if (!from)
        return err ? -err->code : -EINVAL;
    items = ht_arena_array(arena, struct ht_str, from->n_namespaces);
    for (size_t i = 0; i < from->n_namespaces; i++) {
        items[i] = ht_protobuf_str(from->namespaces[i]->name);
        if (!ht_containerd_is_name(items[i]))
            return ht_error_set(err, EINVAL, "namespaces: one has a name that cannot be asked for");
    }
    *ret_names = (struct ht_containerd_names){.items = items, .len = from->n_namespaces};
    return 0;
}

int ht_containerd_decode_version(struct ht_arena *arena, struct ht_str message,
                                 struct ht_str *ret_version, struct ht_error *err)
{
    const HtContainerd__Version *from =
        ht_protobuf_unpack(arena, &ht_containerd__version__descriptor, message, err);

    if (!from)
        return err ? -err->code : -EINVAL;
    *ret_version = ht_protobuf_str(from->version);
    return 0;
}

/* ---- containers ---- */

static struct ht_str label_of(const struct ht_container *container, const char *key)
{
    for (size_t i = 0; i < container->labels.len; i++) {
        if (ht_str_is(container->labels.items[i].key, key))
            return container->labels.items[i].value;
    }
    return (struct ht_str){0};
}

/* Kubernetes' and nerdctl's names are labels; others have an id that a person gave, or none. */
static struct ht_str name_of(struct ht_arena *arena, const struct ht_container *container,
                             struct ht_str id)
{
    struct ht_str pod = label_of(container, "io.kubernetes.pod.name");
    struct ht_str name = label_of(container, "io.kubernetes.container.name");

    if (pod.len)
        return ht_arena_strf(arena, "%.*s/%.*s", HT_STR_ARG(pod),
                             HT_STR_ARG(name.len ? name : HT_S("POD")));
    name = label_of(container, "nerdctl/name");
    if (name.len)
        return name;
    return id.len == ENGINE_ID ? ht_str_sub(id, 0, SHORT_ID) : id;
}

static void decode_labels(struct ht_arena *arena, const HtContainerd__Container *from,
                          struct ht_container *container)
{
    struct ht_pair *items = ht_arena_array(arena, struct ht_pair, from->n_labels);

    for (size_t i = 0; i < from->n_labels; i++)
        items[i] = ht_decode_label(arena, ht_protobuf_str(from->labels[i]->key),
                                   ht_protobuf_str(from->labels[i]->value));
    ht_container_set_labels(container,
                            (struct ht_pair_list){.items = items, .len = from->n_labels});
}

static void decode_item(struct ht_arena *arena, const HtContainerd__Container *from,
                        const struct ht_containerd_context *context,
                        struct ht_containerd_list *list)
{
    struct ht_containerd_item *item = &list->items[list->len];
    /* The text is JSON of its own size; it is let go with its tree once the row is made. */
    ht_autoarena struct ht_arena *own = ht_arena_new(HT_LIMIT_ROW);
    struct ht_container container = {0};
    struct ht_oci_pod pod = {0};
    struct ht_error err = {0};
    struct ht_str text;
    int64_t at;

    item->id = ht_protobuf_str(from->id);
    ht_container_set_id(&container, item->id);
    ht_container_set_runtime(&container, context->runtime);
    ht_container_set_source(&container, context->source);
    ht_container_set_daemon(&container, context->daemon);
    decode_labels(own, from, &container);
    ht_container_set_name(&container, name_of(own, &container, item->id));
    if (has_bytes(from->image, &text))
        ht_container_set_image(&container, text);
    if (has_bytes(from->snapshotter, &text))
        ht_container_set_storage(&container, text);
    if (from->runtime && has_bytes(from->runtime->name, &text))
        ht_container_set_oci_runtime(&container, text);
    if (has_time(from->created_at, &at))
        ht_container_set_created_at(&container, at);
    if (!from->spec ||
        ht_oci_decode(own, ht_protobuf_str(from->spec->value), &container, &pod, &err) < 0 ||
        ht_arena_is_full(own)) {
        list->broken++;
        snprintf(list->cause, sizeof(list->cause), "%.*s: %s",
                 HT_STR_ARG(ht_str_sub(item->id, 0, SHORT_ID)),
                 err.code ? err.text : "no specification, or a very large one");
    }
    item->sandbox = pod.is_sandbox ? (struct ht_str){0} : ht_arena_str(arena, pod.sandbox);
    item->row = ht_row_new(&ht_container_table, &container);
    list->len++;
}

struct listed {
    HtContainerd__Container *const *items;
    size_t len;
};

static int decode_items(struct ht_arena *arena, const struct listed *from,
                        const struct ht_containerd_context *context,
                        struct ht_containerd_list *ret_list, struct ht_error *err)
{
    struct ht_containerd_list list = {
        .items = ht_arena_array(arena, struct ht_containerd_item, from->len)};

    if (ht_arena_is_full(arena))
        return ht_error_set(err, E2BIG, "containers: too many");
    for (size_t i = 0; i < from->len; i++) {
        if (!from->items[i] || !ht_containerd_is_name(ht_protobuf_str(from->items[i]->id))) {
            ht_containerd_list_fini(&list);
            return ht_error_set(err, EINVAL, "containers: one has no usable id");
        }
        decode_item(arena, from->items[i], context, &list);
    }
    *ret_list = list;
    return 0;
}

int ht_containerd_decode_containers(struct ht_arena *arena, struct ht_str message,
                                    const struct ht_containerd_context *context,
                                    struct ht_containerd_list *ret_list, struct ht_error *err)
{
    const HtContainerd__Containers *from =
        ht_protobuf_unpack(arena, &ht_containerd__containers__descriptor, message, err);

    if (!from)
        return err ? -err->code : -EINVAL;
    return decode_items(arena,
                        &(struct listed){.items = from->containers, .len = from->n_containers},
                        context, ret_list, err);
}

int ht_containerd_decode_container(struct ht_arena *arena, struct ht_str message,
                                   const struct ht_containerd_context *context,
                                   struct ht_containerd_list *ret_list, struct ht_error *err)
{
    const HtContainerd__OneContainer *from =
        ht_protobuf_unpack(arena, &ht_containerd__one_container__descriptor, message, err);

    if (!from)
        return err ? -err->code : -EINVAL;
    return decode_items(arena, &(struct listed){.items = &from->container, .len = 1}, context,
                        ret_list, err);
}

void ht_containerd_list_fini(struct ht_containerd_list *list)
{
    for (size_t i = 0; i < list->len; i++)
        ht_row_unref(list->items[i].row);
    *list = (struct ht_containerd_list){0};
}

/* ---- tasks ---- */

/* By containerd's number; what is unknown or new counts as running, so that it is looked at. */
static enum ht_container_state state_of(uint32_t status)
{
    static const enum ht_container_state states[] = {
        HT_CONTAINER_STATE_RUNNING, HT_CONTAINER_STATE_CREATED, HT_CONTAINER_STATE_RUNNING,
        HT_CONTAINER_STATE_EXITED,  HT_CONTAINER_STATE_PAUSED,  HT_CONTAINER_STATE_PAUSED};

    return status < ARRAY_LEN(states) ? states[status] : HT_CONTAINER_STATE_RUNNING;
}

static int compare_tasks(const void *a, const void *b)
{
    const struct ht_containerd_task *left = a, *right = b;

    return ht_str_compare(left->id, right->id);
}

static int decode_tasks(struct ht_arena *arena, HtContainerd__Task *const *from, size_t len,
                        struct ht_containerd_tasks *ret_tasks, struct ht_error *err)
{
    struct ht_containerd_task *items = ht_arena_array(arena, struct ht_containerd_task, len);

    if (ht_arena_is_full(arena))
        return ht_error_set(err, E2BIG, "tasks: too many");
    for (size_t i = 0; i < len; i++) {
        struct ht_str id;

        if (!from[i])
            return ht_error_set(err, EINVAL, "tasks: an answer without one");
        /* containerd 1.6 fills the second alone. */
        if (!has_bytes(from[i]->container_id, &id))
            id = ht_protobuf_str(from[i]->id);
        items[i] = (struct ht_containerd_task){.id = id,
                                               .state = state_of(from[i]->status),
                                               .pid = from[i]->pid,
                                               .exit_status = from[i]->exit_status};
        has_time(from[i]->exited_at, &items[i].exited_at);
    }
    if (len)
        qsort(items, len, sizeof(*items), compare_tasks);
    *ret_tasks = (struct ht_containerd_tasks){.items = items, .len = len};
    return 0;
}

int ht_containerd_decode_tasks(struct ht_arena *arena, struct ht_str message,
                               struct ht_containerd_tasks *ret_tasks, struct ht_error *err)
{
    const HtContainerd__Tasks *from =
        ht_protobuf_unpack(arena, &ht_containerd__tasks__descriptor, message, err);

    if (!from)
        return err ? -err->code : -EINVAL;
    return decode_tasks(arena, from->tasks, from->n_tasks, ret_tasks, err);
}

int ht_containerd_decode_task(struct ht_arena *arena, struct ht_str message,
                              struct ht_containerd_tasks *ret_tasks, struct ht_error *err)
{
    const HtContainerd__OneTask *from =
        ht_protobuf_unpack(arena, &ht_containerd__one_task__descriptor, message, err);

    if (!from)
        return err ? -err->code : -EINVAL;
    return decode_tasks(arena, &from->task, 1, ret_tasks, err);
}

const struct ht_containerd_task *ht_containerd_find_task(const struct ht_containerd_tasks *tasks,
                                                         struct ht_str id)
{
    const struct ht_containerd_task key = {.id = id};

    return tasks->len ? bsearch(&key, tasks->items, tasks->len, sizeof(key), compare_tasks) : NULL;
}

struct ht_row *ht_containerd_complete(const struct ht_row *row,
                                      const struct ht_containerd_task *task,
                                      const struct ht_row *sandbox)
{
    struct ht_container container = *ht_container_of(row);

    /* Without a task nothing runs; whether something did is not kept. */
    ht_container_set_state(&container, task ? task->state : HT_CONTAINER_STATE_EXITED);
    if (task && task->pid && task->state != HT_CONTAINER_STATE_EXITED)
        ht_container_set_pid(&container, task->pid);
    if (task && task->state == HT_CONTAINER_STATE_EXITED) {
        ht_container_set_exit_code(&container, (int64_t)task->exit_status);
        if (task->exited_at)
            ht_container_set_finished_at(&container, task->exited_at);
    }
    if (sandbox && ht_container_has_declared(&container) &&
        ht_container_has_declared(ht_container_of(sandbox)))
        ht_oci_share(&container, ht_container_of(sandbox));
    return ht_row_new(&ht_container_table, &container);
}

struct ht_row *ht_containerd_shared(const struct ht_row *row, const struct ht_row *sandbox)
{
    struct ht_container container = *ht_container_of(row);

    if (!ht_container_has_declared(&container) ||
        !ht_container_has_declared(ht_container_of(sandbox)))
        return ht_row_ref(row);
    ht_oci_share(&container, ht_container_of(sandbox));
    return ht_row_new(&ht_container_table, &container);
}

/* ---- events ---- */

static const struct {
    const char *topic, *action;
    enum ht_event_kind kind;
} topics[] = {
    {"/containers/create", "create", HT_EVENT_KIND_CONTAINER_CREATED},
    {"/containers/update", "update", HT_EVENT_KIND_CONTAINER_CHANGED},
    {"/containers/delete", "delete", HT_EVENT_KIND_CONTAINER_REMOVED},
    {"/tasks/start", "start", HT_EVENT_KIND_CONTAINER_STARTED},
    {"/tasks/exit", "exit", HT_EVENT_KIND_CONTAINER_STOPPED},
    {"/tasks/paused", "pause", HT_EVENT_KIND_CONTAINER_CHANGED},
    {"/tasks/resumed", "resume", HT_EVENT_KIND_CONTAINER_CHANGED},
};

/* The end of another process than a container's first is none of the container. */
static bool is_of_first_process(struct ht_arena *arena, struct ht_str value)
{
    const HtContainerd__Exit *exit =
        ht_protobuf_unpack(arena, &ht_containerd__exit__descriptor, value, NULL);

    return !exit || exit->id.len == 0 ||
           ht_str_equal(ht_protobuf_str(exit->id), ht_protobuf_str(exit->container_id));
}

static int decode_payload(struct ht_arena *arena, struct ht_str value,
                          struct ht_containerd_event *event, struct ht_error *err)
{
    const HtContainerd__Event *payload;

    if (event->kind == HT_EVENT_KIND_CONTAINER_STOPPED && !is_of_first_process(arena, value))
        return -ENODATA;
    payload = ht_protobuf_unpack(arena, &ht_containerd__event__descriptor, value, err);
    if (!payload)
        return err ? -err->code : -EINVAL;
    event->id = ht_protobuf_str(payload->container_id);
    return ht_containerd_is_name(event->id)
               ? 0
               : ht_error_set(err, EINVAL, "event %s: it has no usable id", event->action);
}

int ht_containerd_decode_event(struct ht_arena *arena, struct ht_str message,
                               struct ht_containerd_event *ret_event, struct ht_error *err)
{
    const HtContainerd__Envelope *from =
        ht_protobuf_unpack(arena, &ht_containerd__envelope__descriptor, message, err);
    struct ht_containerd_event event = {0};
    int r;

    if (!from)
        return err ? -err->code : -EINVAL;
    for (size_t i = 0; i < ARRAY_LEN(topics); i++) {
        if (!ht_str_is(ht_protobuf_str(from->topic), topics[i].topic))
            continue;
        event.kind = topics[i].kind;
        event.action = topics[i].action;
    }
    if (!event.action)
        return -ENODATA;
    event.namespace = ht_protobuf_str(from->namespace_);
    if (!ht_containerd_is_name(event.namespace))
        return ht_error_set(err, EINVAL, "event %s: it has no usable namespace", event.action);
    has_time(from->timestamp, &event.at);
    r = decode_payload(
        arena, from->event ? ht_protobuf_str(from->event->value) : (struct ht_str){0}, &event, err);
    if (r < 0)
        return r;
    *ret_event = event;
    return 0;
}

/* ---- requests ---- */

void ht_containerd_encode_id(struct ht_buf *out, struct ht_str id)
{
    ht_protobuf_add_bytes(out, 1, id);
}

void ht_containerd_encode_filters(struct ht_buf *out)
{
    for (size_t i = 0; i < ARRAY_LEN(topics); i++) {
        ht_autobuf struct ht_buf filter = HT_BUF(100);

        ht_buf_addf(&filter, "topic==\"%s\"", topics[i].topic);
        ht_protobuf_add_bytes(out, 1, ht_buf_str(&filter));
    }
}
