/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/source/manifests.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kube-pod.h"
#include "manifest-keys.h"

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/objects.h"

enum { SHOWN_MAX = 60 };

static const char no_list[] = "pods as items of something that is no List";

struct reading {
    const struct ht_manifests_reader *reader;
    struct ht_manifests_count count;
    struct ht_arena *arena; /* of one row */
    bool guessed;           /* items of the list under way had no kind and were taken by shape */
    bool judged;            /* some of its items were taken at all */
};

static struct ht_str text_of(const struct ht_json *object, const char *key)
{
    struct ht_str text = {0};

    ht_json_string(ht_json_get(object, key), &text);
    return text;
}

/* "PodList" says that its items are of kind Pod; empty: it does not say. */
static struct ht_str item_kind(const struct ht_json *head)
{
    struct ht_str kind = text_of(head, "kind");

    return ht_str_has_suffix(kind, "List") ? ht_str_sub(kind, 0, kind.len - strlen("List"))
                                           : (struct ht_str){0};
}

static int fail(const struct reading *reading, unsigned line, const char *what,
                struct ht_error *err)
{
    return ht_error_set(err, EINVAL, "%s:%u: %s", reading->reader->name, line, what);
}

/* The member that a place begins with, and behind it its items: "containers[0][2].name". */
static const struct ht_json *step(const struct ht_json *value, struct ht_str *place)
{
    size_t len = 0;

    while (len < place->len && !strchr(".[:", place->data[len]))
        len++;
    ht_autofree char *key = ht_strndup(place->data, len);
    value = ht_json_get(value, key);
    *place = ht_str_sub(*place, len, place->len);
    while (value && ht_str_has_prefix(*place, "[")) {
        ptrdiff_t close = ht_str_find_byte(*place, ']');
        uint64_t index;

        if (close < 0 || !ht_json_is_array(value) ||
            ht_parse_u64(ht_str_sub(*place, 1, (size_t)close - 1), &index) < 0 ||
            index >= value->len)
            return NULL;
        value = &value->items[index];
        *place = ht_str_sub(*place, (size_t)close + 1, place->len);
    }
    return value;
}

/* The line of what a message is about, "spec.containers[0].image: expected a text", or of the
 * innermost that is there of what it is in. */
static unsigned line_of(const struct ht_object *object, struct ht_str message)
{
    const struct ht_json *value = object->value;
    unsigned line = object->line;

    for (;;) {
        value = step(value, &message);
        if (value && value->line)
            line = value->line;
        if (!value || !ht_str_has_prefix(message, "."))
            return line;
        message = ht_str_sub(message, 1, message.len);
    }
}

static void count_odd(struct reading *reading, const struct ht_object *object, struct ht_str kind)
{
    struct ht_odd_keys odd = {0};

    ht_manifest_find_odd(ht_kube_spec(object->value, kind), &odd);
    if (odd.count && reading->count.odd_keys == 0)
        snprintf(reading->count.first_odd, sizeof(reading->count.first_odd), "%.60s:%u: %s",
                 reading->reader->name, odd.line ? odd.line : object->line, odd.first);
    reading->count.odd_keys += odd.count;
}

static int take_pod(struct reading *reading, const struct ht_object *object, struct ht_str kind,
                    struct ht_error *err)
{
    struct ht_str name = text_of(ht_json_get(object->value, "metadata"), "name");
    struct ht_pod pod = {0};
    struct ht_str shape = {0};
    int r;

    if (!ht_kube_has_pod(kind))
        shape = ht_kube_shape(object->value);

    ht_arena_reset(reading->arena);
    r = ht_kube_decode_pod(&(struct ht_kube_object){.kind = kind,
                                                    .shape = shape,
                                                    .value = object->value,
                                                    .file = reading->reader->name,
                                                    .line = object->line,
                                                    .source = HT_S("manifests")},
                           reading->arena, &pod, err);
    if (r < 0)
        return ht_error_wrap(err, "%s:%u: %.*s %.*s", reading->reader->name,
                             line_of(object, ht_str_from(err ? err->text : "")),
                             kind.len > SHOWN_MAX ? SHOWN_MAX : (int)kind.len, kind.data,
                             name.len > SHOWN_MAX ? SHOWN_MAX : (int)name.len,
                             name.data ? name.data : "");
    count_odd(reading, object, shape.len ? shape : kind);
    if (ht_str_is(kind, "Pod"))
        reading->count.pods++;
    else
        reading->count.templates++;
    reading->judged = true;
    return reading->reader->take(reading->reader->context, ht_row_new(&ht_pod_table, &pod), err);
}

/* Counts it, and notes its kind if that was not seen before and there is room. */
static void pass_over(struct reading *reading, struct ht_str kind)
{
    char *kinds = reading->count.kinds;
    size_t len = strlen(kinds);
    struct ht_str rest = ht_str_from(kinds), known;

    reading->count.others++;
    while (ht_str_next(&rest, ' ', &known)) {
        if (ht_str_equal(known, kind))
            return;
    }
    if (kind.len <= SHOWN_MAX && ht_str_find_byte(kind, ' ') < 0 &&
        len + kind.len + 2 <= sizeof(reading->count.kinds))
        snprintf(kinds + len, sizeof(reading->count.kinds) - len, "%s%.*s", len ? " " : "",
                 HT_STR_ARG(kind));
}

static int take_object(struct reading *reading, const struct ht_object *object,
                       struct ht_error *err);

/* A list that is an item itself, as kubectl takes it. No deeper than a value may be. */
static int take_list(struct reading *reading, const struct ht_object *list, struct ht_error *err)
{
    const struct ht_json *items = ht_json_get(list->value, "items");
    int r = 0;

    if (!ht_json_is_array(items) && items->kind != HT_JSON_NULL)
        return fail(reading, list->line, "items: expected a list", err);
    for (size_t i = 0; r == 0 && ht_json_is_array(items) && i < items->len; i++) {
        const struct ht_json *item = &items->items[i];

        r = take_object(reading,
                        &(struct ht_object){.value = item,
                                            .head = list->value,
                                            .index = i,
                                            .line = item->line ? item->line : list->line},
                        err);
    }
    return r;
}

/* Whether something that is no list has pods as items all the same. No deeper than a value may be.
 */
static bool has_pods_as_items(const struct ht_json *value)
{
    const struct ht_json *items = ht_json_get(value, "items");

    for (size_t i = 0; ht_json_is_array(items) && i < items->len; i++) {
        const struct ht_json *item = &items->items[i];

        if (ht_kube_has_pod(text_of(item, "kind")) || ht_kube_holds_pod(item) ||
            has_pods_as_items(item))
            return true;
    }
    return false;
}

/* An item, or a document that is no list. */
static int take_object(struct reading *reading, const struct ht_object *object,
                       struct ht_error *err)
{
    struct ht_str kind = text_of(object->value, "kind");

    if (object->value->kind == HT_JSON_NULL)
        return 0;
    if (object->value->kind != HT_JSON_OBJECT)
        return fail(reading, object->line, "expected an object of Kubernetes", err);
    if (kind.len == 0 && object->head)
        kind = item_kind(object->head);
    if (kind.len == 0 && object->head && !ht_json_get(object->head, "kind")) {
        kind = ht_kube_shape(object->value);
        reading->guessed = reading->guessed || kind.len;
    }
    if (kind.len == 0)
        return fail(reading, object->line, "an object without a kind", err);
    if (ht_str_has_suffix(kind, "List") && ht_json_get(object->value, "items"))
        return take_list(reading, object, err);
    /* Kinds that somebody added run pods too. */
    if (ht_kube_has_pod(kind) || ht_kube_holds_pod(object->value))
        return take_pod(reading, object, kind, err);
    if (has_pods_as_items(object->value))
        return fail(reading, object->line, no_list, err);
    pass_over(reading, kind);
    return 0;
}

/* Behind the items: does what the list says it is agree with how they were taken? */
static int take_head(struct reading *reading, const struct ht_object *object, struct ht_error *err)
{
    struct ht_str kind = text_of(object->value, "kind"), items = item_kind(object->value);
    bool guessed = reading->guessed, judged = reading->judged;

    reading->guessed = false;
    reading->judged = false;
    if (kind.len == 0)
        return fail(reading, object->line, "an object without a kind", err);
    /* Something else that has items: of no interest, if none of them looked like a pod. */
    if (!ht_str_has_suffix(kind, "List")) {
        if (judged)
            return fail(reading, object->line, no_list, err);
        pass_over(reading, kind);
        return 0;
    }
    if (guessed && items.len && !ht_kube_has_pod(items))
        return fail(reading, object->line,
                    "items without a kind stand before the kind of their list", err);
    return 0;
}

static int take(void *context, const struct ht_object *object, struct ht_error *err)
{
    struct reading *reading = context;

    if (object->is_list) {
        reading->count.documents++;
        return take_head(reading, object, err);
    }
    if (!object->head)
        reading->count.documents++;
    return take_object(reading, object, err);
}

int ht_manifests_read(int fd, const struct ht_manifests_reader *reader,
                      struct ht_manifests_count *ret_count, struct ht_error *err)
{
    /* Written by servers and apply, read by nobody here. */
    static const char *const skip[] = {"managedFields", NULL};
    const struct ht_objects_options options = {.name = reader->name, .skip = skip};
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct reading reading = {.reader = reader, .arena = arena};
    int r = ht_objects_read(fd, &options, take, &reading, err);

    if (r < 0)
        return r;
    if (reading.count.documents == 0)
        return ht_error_set(err, EINVAL, "%s: no object of Kubernetes in it", reader->name);
    *ret_count = reading.count;
    return 0;
}
