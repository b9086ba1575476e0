/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the containerd source knows of containers: list, look, keep. */
#include "containerd-private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/log.h"
#include "hulltop/base/mem.h"

#define NAMESPACES "/containerd.services.namespaces.v1.Namespaces/"
#define CONTAINERS "/containerd.services.containers.v1.Containers/"
#define TASKS      "/containerd.services.tasks.v1.Tasks/"

enum {
    MESSAGE_MAX = 64 * 1024 * 1024,
    LOOKS_MAX = 64, /* by events; when there are more, everything is listed */
};

/* ---- calls ---- */

#define NOT_SANE "no sane daemon answers so; what listens there?"

static const struct ht_trouble_cause causes[] = {
    {ENOENT, HT_SOURCE_STATE_ABSENT, "no containerd here, or it listens elsewhere: --cri SOCKET"},
    {EACCES, HT_SOURCE_STATE_DENIED, "sudo hulltop"},
    {ENOTSOCK, HT_SOURCE_STATE_BROKEN, HT_TROUBLE_NO_SOCKET},
    {EMFILE, HT_SOURCE_STATE_BROKEN, HT_TROUBLE_FILES},
    {ECONNREFUSED, HT_SOURCE_STATE_BROKEN, "is it running? systemctl status containerd"},
    {EHOSTUNREACH, HT_SOURCE_STATE_BROKEN, "check the socket given with --cri"},
    {ETIMEDOUT, HT_SOURCE_STATE_BUSY, "the daemon is overloaded or stopped; it is asked again"},
    {EAGAIN, HT_SOURCE_STATE_BUSY, "the daemon is starting or ending; it is asked again"},
    {EFBIG, HT_SOURCE_STATE_BROKEN, NOT_SANE},
    {E2BIG, HT_SOURCE_STATE_BROKEN, NOT_SANE},
    {EOVERFLOW, HT_SOURCE_STATE_BROKEN, NOT_SANE},
    {EPROTO, HT_SOURCE_STATE_BROKEN, "what listens there is neither containerd nor CRI-O"},
    {EINVAL, HT_SOURCE_STATE_BROKEN, "what listens there is neither containerd nor CRI-O"},
    {ENOSYS, HT_SOURCE_STATE_BROKEN, "it has neither containerd's API nor CRI"},
    {ECONNRESET, HT_SOURCE_STATE_BROKEN, "the daemon went away; it is asked again"},
    {ENOTSUP, HT_SOURCE_STATE_OFF, "install libcurl (Debian: libcurl4)"},
};

int ht_containerd_explain(const struct ht_error *err, struct ht_trouble *trouble)
{
    return ht_trouble_explain(causes, ARRAY_LEN(causes), err, trouble);
}

int ht_containerd_call(struct ht_containerd *ctd, const struct ht_containerd_call *call,
                       struct ht_buf *answer, struct ht_trouble *trouble)
{
    char namespace[120] = "";
    const char *const metadata[] = {namespace, NULL};
    struct ht_grpc_request request = {.path = call->path,
                                      .metadata = call->namespace ? metadata : NULL,
                                      .message = call->message,
                                      .total_ms = ctd->reconnect.patience_ms,
                                      .message_max = MESSAGE_MAX};
    struct ht_error err = {0};
    int r;

    if (call->namespace)
        snprintf(namespace, sizeof(namespace), "containerd-namespace: %s", call->namespace);
    r = ht_grpc_call(ctd->http, &request, answer, &err);
    if (r < 0)
        ht_containerd_explain(&err, trouble);
    return r;
}

/* ---- what is known ---- */

static struct ht_str key_of(struct ht_buf *buf, struct ht_str namespace, struct ht_str id)
{
    ht_buf_reset(buf);
    ht_buf_add_str(buf, namespace);
    ht_buf_add_c(buf, '/');
    ht_buf_add_str(buf, id);
    return ht_buf_str(buf);
}

struct ht_containerd_known *ht_containerd_know(struct ht_containerd *ctd, struct ht_str namespace,
                                               struct ht_str id)
{
    ht_autobuf struct ht_buf buf = HT_BUF(200);
    struct ht_str key = key_of(&buf, namespace, id);
    struct ht_containerd_known *known = ht_map_get(ctd->containers, key);

    if (!known) {
        known = ht_new0(struct ht_containerd_known);
        snprintf(known->namespace, sizeof(known->namespace), "%.*s", HT_STR_ARG(namespace));
        snprintf(known->id, sizeof(known->id), "%.*s", HT_STR_ARG(id));
        ht_map_set(ctd->containers, key, known);
    }
    return known;
}

static void free_known(struct ht_containerd_known *known)
{
    ht_row_unref(known->raw);
    ht_row_unref(known->row);
    free(known);
}

void ht_containerd_forget(struct ht_containerd *ctd, struct ht_str namespace, struct ht_str id)
{
    ht_autobuf struct ht_buf buf = HT_BUF(200);
    struct ht_containerd_known *known = ht_map_remove(ctd->containers, key_of(&buf, namespace, id));

    if (known) {
        ctd->changed = ctd->changed || known->row;
        free_known(known);
    }
}

static void free_visit(void *context, struct ht_str key, void *value)
{
    (void)context;
    (void)key;
    free_known(value);
}

void ht_containerd_forget_all(struct ht_containerd *ctd)
{
    ht_map_each(ctd->containers, free_visit, NULL);
    ctd->containers = ht_map_free(ctd->containers);
}

static bool is_gone(void *context, struct ht_str key, void *value)
{
    struct ht_containerd *ctd = context;
    struct ht_containerd_known *known = value;

    (void)key;
    if (known->pass == ctd->pass)
        return false;
    ctd->changed = ctd->changed || known->row;
    free_known(known);
    return true;
}

/* ---- taking what was listed ---- */

static void take_raw(struct ht_containerd *ctd, const struct ht_containerd_context *context,
                     const struct ht_containerd_item *item)
{
    struct ht_containerd_known *known = ht_containerd_know(ctd, context->namespace, item->id);
    struct ht_row *kept = ht_row_keep(known->raw, ht_row_ref(item->row));

    ht_row_unref(known->raw);
    known->raw = kept;
    known->pass = ctd->pass;
    known->dirty = false;
    snprintf(known->sandbox, sizeof(known->sandbox), "%.*s", HT_STR_ARG(item->sandbox));
}

static void complete(struct ht_containerd *ctd, struct ht_containerd_known *known,
                     const struct ht_containerd_tasks *tasks)
{
    ht_autobuf struct ht_buf buf = HT_BUF(200);
    const struct ht_containerd_known *sandbox = NULL;
    struct ht_row *kept;

    if (known->sandbox[0])
        sandbox = ht_map_get(ctd->containers, key_of(&buf, ht_str_from(known->namespace),
                                                     ht_str_from(known->sandbox)));
    kept = ht_row_keep(known->row,
                       ht_containerd_add_history(
                           ctd, known,
                           ht_containerd_complete(
                               known->raw, ht_containerd_find_task(tasks, ht_str_from(known->id)),
                               sandbox ? sandbox->raw : NULL)));
    ctd->changed = ctd->changed || kept != known->row;
    ht_row_unref(known->row);
    known->row = kept;
}

static void take_list(struct ht_containerd *ctd, const struct ht_containerd_context *context,
                      const struct ht_containerd_list *list,
                      const struct ht_containerd_tasks *tasks)
{
    for (size_t i = 0; i < list->len; i++)
        take_raw(ctd, context, &list->items[i]);
    for (size_t i = 0; i < list->len; i++)
        complete(ctd, ht_containerd_know(ctd, context->namespace, list->items[i].id), tasks);
    if (list->broken) {
        ctd->broken += list->broken;
        memcpy(ctd->cause, list->cause, sizeof(ctd->cause));
    }
}

static struct ht_containerd_context context_of(const struct ht_containerd *ctd,
                                               struct ht_str namespace)
{
    return (struct ht_containerd_context){.source = ht_str_from(ctd->name),
                                          .daemon = ht_str_from(ctd->endpoint),
                                          .namespace = namespace,
                                          .runtime = ht_str_from(ctd->runtime)};
}

/* ---- all of them ---- */

static int list_namespace(struct ht_containerd *ctd, struct ht_str name, struct ht_trouble *trouble)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    ht_autobuf struct ht_buf answer = HT_BUF(0);
    const struct ht_containerd_context context = context_of(ctd, name);
    ht_autofree char *namespace = ht_strndup(name.data, name.len);
    struct ht_containerd_list list;
    struct ht_containerd_tasks tasks;
    struct ht_error err = {0};
    int r;

    r = ht_containerd_call(
        ctd, &(struct ht_containerd_call){.path = CONTAINERS "List", .namespace = namespace},
        &answer, trouble);
    if (r < 0)
        return r;
    r = ht_containerd_decode_containers(arena, ht_buf_str(&answer), &context, &list, &err);
    if (r < 0)
        return ht_containerd_explain(&err, trouble);
    r = ht_containerd_call(
        ctd, &(struct ht_containerd_call){.path = TASKS "List", .namespace = namespace}, &answer,
        trouble);
    if (r == 0) {
        r = ht_containerd_decode_tasks(arena, ht_buf_str(&answer), &tasks, &err);
        if (r < 0)
            ht_containerd_explain(&err, trouble);
    }
    if (r == 0)
        take_list(ctd, &context, &list, &tasks);
    ht_containerd_list_fini(&list);
    return r;
}

static int list_all(struct ht_containerd *ctd, struct ht_trouble *trouble)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);
    ht_autobuf struct ht_buf answer = HT_BUF(0);
    struct ht_containerd_names names;
    struct ht_error err = {0};
    int r;

    r = ht_containerd_call(ctd, &(struct ht_containerd_call){.path = NAMESPACES "List"}, &answer,
                           trouble);
    if (r < 0)
        return r;
    r = ht_containerd_decode_namespaces(arena, ht_buf_str(&answer), &names, &err);
    if (r < 0)
        return ht_containerd_explain(&err, trouble);
    ctd->namespaces = names.len;
    for (size_t i = 0; r == 0 && i < names.len; i++)
        r = list_namespace(ctd, names.items[i], trouble);
    return r;
}

void ht_containerd_pass_over(struct ht_containerd *ctd, int64_t start_ns)
{
    ht_map_remove_if(ctd->containers, is_gone, ctd);
    ctd->answered_at = ht_clock_wall(ctd->feed->clock);
    ctd->last_full_ns = ht_clock_mono(ctd->feed->clock);
    ctd->took_ns = ctd->last_full_ns - start_ns;
    ctd->next_full_ns = ctd->last_full_ns + ctd->interval_ns;
}

int ht_containerd_pass(struct ht_containerd *ctd, struct ht_trouble *trouble)
{
    int64_t start = ht_clock_mono(ctd->feed->clock);
    int r;

    if (ctd->cri)
        return ht_cri_pass(ctd, trouble);
    ctd->feed->at(ctd->feed, "listing containers");
    ctd->pass++;
    ctd->broken = 0;
    r = list_all(ctd, trouble);
    if (r < 0)
        return r;
    ht_containerd_pass_over(ctd, start);
    /* Answers and trees took several times what the rows do. */
    ht_mem_trim();
    return 0;
}

/* ---- what events were about ---- */

static int get_task(struct ht_containerd *ctd, struct ht_arena *arena,
                    const struct ht_containerd_call *call, struct ht_containerd_tasks *tasks,
                    struct ht_trouble *trouble)
{
    ht_autobuf struct ht_buf answer = HT_BUF(0);
    struct ht_error err = {0};
    int r = ht_containerd_call(ctd, call, &answer, trouble);

    *tasks = (struct ht_containerd_tasks){0};
    if (r == -ENODATA)
        return 0;
    if (r == 0 && ht_containerd_decode_task(arena, ht_buf_str(&answer), tasks, &err) < 0)
        return ht_containerd_explain(&err, trouble);
    return r;
}

static int look_at(struct ht_containerd *ctd, struct ht_containerd_known *known,
                   struct ht_trouble *trouble)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    ht_autobuf struct ht_buf answer = HT_BUF(0), request = HT_BUF(200);
    const struct ht_containerd_context context = context_of(ctd, ht_str_from(known->namespace));
    struct ht_containerd_call call = {.path = CONTAINERS "Get", .namespace = known->namespace};
    struct ht_containerd_list list;
    struct ht_containerd_tasks tasks;
    struct ht_error err = {0};
    int r;

    ctd->feed->at(ctd->feed, "looking at a container");
    known->dirty = false;
    ht_containerd_encode_id(&request, ht_str_from(known->id));
    call.message = ht_buf_str(&request);
    r = ht_containerd_call(ctd, &call, &answer, trouble);
    if (r == -ENODATA) {
        char id[sizeof(known->id)], namespace[sizeof(known->namespace)];

        memcpy(id, known->id, sizeof(id));
        memcpy(namespace, known->namespace, sizeof(namespace));
        ht_containerd_forget(ctd, ht_str_from(namespace), ht_str_from(id));
        return 0;
    }
    if (r < 0)
        return r;
    if (ht_containerd_decode_container(arena, ht_buf_str(&answer), &context, &list, &err) < 0)
        return ht_containerd_explain(&err, trouble);
    call.path = TASKS "Get";
    r = get_task(ctd, arena, &call, &tasks, trouble);
    if (r == 0 && ht_str_is(list.items[0].id, known->id))
        take_list(ctd, &context, &list, &tasks);
    ht_containerd_list_fini(&list);
    return r;
}

static void collect_dirty(void *context, struct ht_str key, void *value)
{
    const struct ht_containerd_known *known = value;

    (void)key;
    if (known->dirty)
        ht_vec_add(context, value);
}

int ht_containerd_look(struct ht_containerd *ctd, struct ht_trouble *trouble)
{
    ht_autovec struct ht_vec dirty = {0};
    int r = 0;

    ht_map_each(ctd->containers, collect_dirty, &dirty);
    if (ctd->cri)
        return 0;
    if (dirty.len > LOOKS_MAX)
        return ht_containerd_pass(ctd, trouble);
    for (size_t i = 0; i < dirty.len && r == 0; i++)
        r = look_at(ctd, dirty.items[i], trouble);
    return r;
}
