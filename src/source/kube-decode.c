/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube-decode.h"

#include <errno.h>
#include <string.h>

#include "kube-pod.h"
#include "kube-private.h"

#include "hulltop/base/limits.h"
#include "hulltop/base/objects.h"

static const char *const skip[] = {"managedFields", NULL};
static const struct ht_objects_options options = {.name = "kubernetes", .skip = skip};

static struct ht_str text_at(const struct ht_json *object, const char *outer, const char *key)
{
    struct ht_str text = {0};

    ht_json_string(ht_json_get(ht_json_get(object, outer), key), &text);
    return text;
}

static struct ht_str kind_of(const struct ht_json *object)
{
    struct ht_str kind = {0};

    ht_json_string(ht_json_get(object, "kind"), &kind);
    return kind;
}

/* ---- rows ---- */

static struct ht_row *make_pod(const struct ht_json *value, struct ht_arena *arena,
                               struct ht_error *err)
{
    const struct ht_kube_object object = {
        .kind = HT_STR("Pod"), .value = value, .source = HT_STR("kubernetes")};
    struct ht_pod pod = {0};

    return ht_kube_decode_pod(&object, arena, &pod, err) < 0 ? NULL
                                                             : ht_row_new(&ht_pod_table, &pod);
}

static void set_level(struct ht_namespace *row, struct ht_str key, struct ht_str value)
{
    static const char prefix[] = "pod-security.kubernetes.io/";

    if (!ht_str_has_prefix(key, prefix))
        return;
    key = ht_str_sub(key, sizeof(prefix) - 1, key.len);
    if (ht_str_is(key, "enforce"))
        ht_namespace_set_enforce(row, value);
    else if (ht_str_is(key, "enforce-version"))
        ht_namespace_set_enforce_version(row, value);
    else if (ht_str_is(key, "warn"))
        ht_namespace_set_warn(row, value);
    else if (ht_str_is(key, "audit"))
        ht_namespace_set_audit(row, value);
}

static struct ht_row *make_namespace(const struct ht_json *value)
{
    const struct ht_json *labels = ht_json_path(value, "metadata", "labels", NULL);
    struct ht_namespace row = {0};
    struct ht_str name = text_at(value, "metadata", "name"), text;

    if (name.len == 0)
        return NULL;
    ht_namespace_set_id(&row, name);
    ht_namespace_set_name(&row, name);
    ht_namespace_set_source(&row, HT_S("kubernetes"));
    /* No label is an answer: nothing is enforced. */
    ht_namespace_set_enforce(&row, HT_S(""));
    for (size_t i = 0; ht_json_is_object(labels) && i < labels->len; i++) {
        if (ht_json_string(&labels->members[i].value, &text))
            set_level(&row, labels->members[i].key, text);
    }
    return ht_row_new(&ht_namespace_table, &row);
}

/* "key=value:effect", as the API's own tools write them. */
static void set_taints(struct ht_cluster_node *row, const struct ht_json *value,
                       struct ht_arena *arena)
{
    const struct ht_json *list = ht_json_path(value, "spec", "taints", NULL);
    size_t room = ht_json_is_array(list) ? list->len : 0;
    struct ht_str *texts;

    if (!ht_json_is_object(ht_json_get(value, "spec")))
        return;
    texts = ht_arena_array(arena, struct ht_str, room);
    for (size_t i = 0; i < room; i++) {
        struct ht_str text[3] = {{0}};

        ht_json_string(ht_json_get(&list->items[i], "key"), &text[0]);
        ht_json_string(ht_json_get(&list->items[i], "value"), &text[1]);
        ht_json_string(ht_json_get(&list->items[i], "effect"), &text[2]);
        texts[i] = ht_arena_strf(arena, "%.*s%s%.*s:%.*s", HT_STR_ARG(text[0]),
                                 text[1].len ? "=" : "", HT_STR_ARG(text[1]), HT_STR_ARG(text[2]));
    }
    /* No taint is an answer: it is kept for nobody. */
    ht_cluster_node_set_taints(row, (struct ht_text_list){.items = texts, .len = room});
}

static struct ht_row *make_node(const struct ht_json *value, struct ht_arena *arena)
{
    const struct ht_json *info = ht_json_path(value, "status", "nodeInfo", NULL);
    struct ht_cluster_node row = {0};
    struct ht_str name = text_at(value, "metadata", "name"), text;

    if (name.len == 0)
        return NULL;
    ht_cluster_node_set_id(&row, name);
    ht_cluster_node_set_name(&row, name);
    if (ht_json_string(ht_json_get(info, "bootID"), &text))
        ht_cluster_node_set_boot_id(&row, text);
    if (ht_json_string(ht_json_get(info, "kubeletVersion"), &text))
        ht_cluster_node_set_kubelet(&row, text);
    if (ht_json_string(ht_json_get(info, "containerRuntimeVersion"), &text))
        ht_cluster_node_set_runtime(&row, text);
    if (ht_json_string(ht_json_get(info, "kernelVersion"), &text))
        ht_cluster_node_set_kernel(&row, text);
    set_taints(&row, value, arena);
    return ht_row_new(&ht_cluster_node_table, &row);
}

static struct ht_row *make_runtime_class(const struct ht_json *value)
{
    struct ht_runtime_class row = {0};
    struct ht_str name = text_at(value, "metadata", "name"), text;

    if (name.len == 0 || !ht_json_string(ht_json_get(value, "handler"), &text))
        return NULL;
    ht_runtime_class_set_id(&row, name);
    ht_runtime_class_set_name(&row, name);
    ht_runtime_class_set_source(&row, HT_S("kubernetes"));
    ht_runtime_class_set_handler(&row, text);
    return ht_row_new(&ht_runtime_class_table, &row);
}

static struct ht_row *make_row(struct ht_str kind, const struct ht_json *value,
                               struct ht_arena *arena)
{
    struct ht_error err;

    if (value->kind != HT_JSON_OBJECT)
        return NULL;
    if (ht_str_has_prefix(kind, "Pod"))
        return make_pod(value, arena, &err);
    if (ht_str_has_prefix(kind, "Namespace"))
        return make_namespace(value);
    if (ht_str_has_prefix(kind, "RuntimeClass"))
        return make_runtime_class(value);
    if (ht_str_has_prefix(kind, "Ingress") && !ht_str_has_prefix(kind, "IngressClass"))
        return ht_kube_make_ingress(value, arena);
    if (ht_str_is(kind, "Service") || ht_str_is(kind, "ServiceList"))
        return ht_kube_make_service(value, arena);
    return ht_str_has_prefix(kind, "Node") ? make_node(value, arena) : NULL;
}

/* ---- a page ---- */

struct page {
    struct ht_arena *arena; /* of what is said about it */
    struct ht_arena *row_arena;
    const struct ht_kube_taker *taker;
    struct ht_kube_page *ret;
    bool seen; /* the head came */
};

static int take_item(void *context, const struct ht_object *object, struct ht_error *err)
{
    struct page *page = context;

    if (!object->head && !object->is_list)
        return ht_error_set(err, EINVAL, "kubernetes: the answer is no list");
    if (object->is_list) {
        page->seen = true;
        page->ret->more = ht_arena_str(page->arena, text_at(object->value, "metadata", "continue"));
        page->ret->resource =
            ht_arena_str(page->arena, text_at(object->value, "metadata", "resourceVersion"));
        return 0;
    }
    ht_arena_reset(page->row_arena);

    struct ht_row *row = make_row(kind_of(object->head), object->value, page->row_arena);
    page->ret->items++;
    if (row)
        page->taker->take(page->taker->context, row);
    else
        page->ret->bad++;
    return 0;
}

int ht_kube_decode_page(struct ht_arena *arena, struct ht_str text,
                        const struct ht_kube_taker *taker, struct ht_kube_page *ret,
                        struct ht_error *err)
{
    ht_autoarena struct ht_arena *row_arena = ht_arena_new(HT_LIMIT_ROW);
    struct page page = {.arena = arena, .row_arena = row_arena, .taker = taker, .ret = ret};
    int r;

    *ret = (struct ht_kube_page){0};
    r = ht_objects_read_json(text, &options, take_item, &page, err);
    if (r == 0 && !page.seen)
        r = ht_error_set(err, EINVAL, "kubernetes: the answer is no list");
    return r;
}

/* ---- one object ---- */

struct single {
    struct ht_arena *arena;
    struct ht_row *row;
};

static int take_single(void *context, const struct ht_object *document, struct ht_error *err)
{
    struct single *single = context;

    if (document->is_list || single->row)
        return ht_error_set(err, EINVAL, "kubernetes: the answer is not one object");
    single->row = make_row(kind_of(document->value), document->value, single->arena);
    return single->row ? 0 : ht_error_set(err, EINVAL, "kubernetes: the answer is no such object");
}

struct ht_row *ht_kube_decode_object(struct ht_str text, struct ht_error *err)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct single single = {.arena = arena};
    int r = ht_objects_read_json(text, &options, take_single, &single, err);

    if (r == 0 && !single.row)
        r = ht_error_set(err, EINVAL, "kubernetes: the answer is empty");
    if (r == 0)
        return single.row;
    ht_row_unref(single.row);
    return NULL;
}

/* ---- a line of a watch ---- */

struct line {
    struct ht_arena *arena;
    struct ht_kube_event *ret;
    bool seen; /* its one document came */
};

static int decode_error(struct line *line, const struct ht_json *status)
{
    struct ht_str message = {0};
    int64_t code = 0;

    ht_json_int(ht_json_get(status, "code"), &code);
    ht_json_string(ht_json_get(status, "message"), &message);
    line->ret->change = code == 410 ? HT_KUBE_EXPIRED : HT_KUBE_ERROR;
    line->ret->message = ht_arena_str(line->arena, message);
    return 0;
}

static int take_line(void *context, const struct ht_object *document, struct ht_error *err)
{
    struct line *line = context;
    const struct ht_json *object = ht_json_get(document->value, "object");
    struct ht_str type = {0};

    if (line->seen)
        return ht_error_set(err, EINVAL, "kubernetes: a line of the watch with two objects");
    line->seen = true;
    ht_json_string(ht_json_get(document->value, "type"), &type);
    if (!ht_json_is_object(object))
        return ht_error_set(err, EINVAL, "kubernetes: a line of the watch without an object");
    if (ht_str_is(type, "ERROR"))
        return decode_error(line, object);
    line->ret->resource = ht_arena_str(line->arena, text_at(object, "metadata", "resourceVersion"));
    line->ret->id = ht_arena_str(line->arena, text_at(object, "metadata", "uid"));
    if (ht_str_is(type, "BOOKMARK")) {
        line->ret->change = HT_KUBE_BOOKMARK;
        return 0;
    }
    if (ht_str_is(type, "DELETED")) {
        line->ret->change = HT_KUBE_DROP;
        return 0;
    }
    if (!ht_str_is(type, "ADDED") && !ht_str_is(type, "MODIFIED"))
        return ht_error_set(err, EINVAL, "kubernetes: a line of the watch of an unknown type");
    line->ret->change = HT_KUBE_PUT;
    line->ret->row = make_pod(object, line->arena, err);
    return line->ret->row ? 0 : -EINVAL;
}

int ht_kube_decode_event(struct ht_arena *arena, struct ht_str text, struct ht_kube_event *ret,
                         struct ht_error *err)
{
    struct line line = {.arena = arena, .ret = ret};
    int r;

    *ret = (struct ht_kube_event){.change = HT_KUBE_BOOKMARK};
    r = ht_objects_read_json(text, &options, take_line, &line, err);
    if (r < 0) {
        ht_row_unref(ret->row);
        ret->row = NULL;
    }
    return r;
}

/* ---- small answers ---- */

struct ht_str ht_kube_decode_message(struct ht_arena *arena, struct ht_str text)
{
    enum { PLAIN_MAX = 200 };
    const struct ht_json *status = ht_json_parse(arena, "kubernetes", text, NULL);
    struct ht_str message = {0};

    if (ht_json_string(ht_json_get(status, "message"), &message))
        return message;
    text = ht_str_trim(text);
    return !status && text.len <= PLAIN_MAX && ht_str_find_byte(text, '<') < 0 ? text
                                                                               : (struct ht_str){0};
}

struct ht_str ht_kube_decode_version(struct ht_arena *arena, struct ht_str text)
{
    struct ht_str version = {0};

    ht_json_string(ht_json_get(ht_json_parse(arena, "kubernetes", text, NULL), "gitVersion"),
                   &version);
    return version;
}
