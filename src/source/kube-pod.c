/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One pod, as its manifest declares it; its containers: kube-container.c. */
#include "kube-pod.h"

#include <errno.h>
#include <string.h>

#include "kube-private.h"

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/secret.h"

enum { TEXT_MAX = 64 * 1024 };

/* ---- readers that take what the API takes ---- */

bool ht_kube_fail(struct ht_kube_decoding *decoding, const char *where, const char *key,
                  const char *expected)
{
    if (!decoding->failed)
        ht_error_set(decoding->err, EINVAL, "%s%s%s: expected %s", where, where[0] ? "." : "", key,
                     expected);
    decoding->failed = true;
    return false;
}

/* The member if it is set: null is not. */
static const struct ht_json *get_set(const struct ht_json *object, const char *key)
{
    const struct ht_json *value = ht_json_get(object, key);

    return value && value->kind != HT_JSON_NULL ? value : NULL;
}

const struct ht_json *ht_kube_map(struct ht_kube_decoding *decoding, const struct ht_json *object,
                                  const char *where, const char *key)
{
    const struct ht_json *value = get_set(object, key);

    if (value && value->kind != HT_JSON_OBJECT) {
        ht_kube_fail(decoding, where, key, "a map");
        return NULL;
    }
    return value;
}

const struct ht_json *ht_kube_list(struct ht_kube_decoding *decoding, const struct ht_json *object,
                                   const char *where, const char *key)
{
    const struct ht_json *value = get_set(object, key);

    if (value && value->kind != HT_JSON_ARRAY) {
        ht_kube_fail(decoding, where, key, "a list");
        return NULL;
    }
    if (value && value->len > HT_LIMIT_POD_ITEMS) {
        ht_kube_fail(decoding, where, key, "at most 10000 items");
        return NULL;
    }
    return value;
}

/* No name, image or path that a node takes is longer than TEXT_MAX. */
#define TEXT "a text of at most 64 KiB"

static bool is_text(const struct ht_json *value, struct ht_str *ret_text)
{
    return ht_json_string(value, ret_text) && ret_text->len <= TEXT_MAX;
}

bool ht_kube_bool(struct ht_kube_decoding *decoding, const struct ht_json *object,
                  const char *where, const char *key)
{
    const struct ht_json *value = get_set(object, key);

    if (!value)
        return false;
    return ht_json_bool(value, &decoding->boolean) ||
           ht_kube_fail(decoding, where, key, "true or false");
}

bool ht_kube_int(struct ht_kube_decoding *decoding, const struct ht_json *object, const char *where,
                 const char *key)
{
    const struct ht_json *value = get_set(object, key);

    if (!value)
        return false;
    return ht_json_int(value, &decoding->integer) ||
           ht_kube_fail(decoding, where, key, "a whole number");
}

bool ht_kube_text(struct ht_kube_decoding *decoding, const struct ht_json *object,
                  const char *where, const char *key)
{
    const struct ht_json *value = get_set(object, key);

    if (!value)
        return false;
    return is_text(value, &decoding->text) || ht_kube_fail(decoding, where, key, TEXT);
}

bool ht_kube_texts(struct ht_kube_decoding *decoding, const struct ht_json *object,
                   const char *where, const char *key)
{
    const struct ht_json *list = ht_kube_list(decoding, object, where, key);
    struct ht_str *items;

    if (!list)
        return false;
    items = ht_arena_array(decoding->arena, struct ht_str, list->len);
    for (size_t i = 0; i < list->len; i++) {
        if (!is_text(&list->items[i], &items[i]))
            return ht_kube_fail(decoding, where, key, "a list of texts of at most 64 KiB");
    }
    decoding->texts = (struct ht_text_list){.items = items, .len = list->len};
    return true;
}

/* "type" of the profile under key; a profile without one has an empty type. */
bool ht_kube_profile(struct ht_kube_decoding *decoding, const struct ht_json *context,
                     const char *where, const char *key)
{
    const struct ht_json *profile = ht_kube_map(decoding, context, where, key);

    if (!profile)
        return false;
    if (!ht_kube_text(decoding, profile, key, "type"))
        decoding->text = (struct ht_str){0};
    return !decoding->failed;
}

bool ht_kube_selinux(struct ht_kube_decoding *decoding, const struct ht_json *context,
                     const char *where)
{
    static const char *const keys[] = {"type", "user", "role"};
    const struct ht_json *options = ht_kube_map(decoding, context, where, "seLinuxOptions");
    struct ht_pair *pairs;
    size_t len = 0;

    if (!options)
        return false;
    pairs = ht_arena_array(decoding->arena, struct ht_pair, ARRAY_LEN(keys));
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (ht_kube_text(decoding, options, "seLinuxOptions", keys[i]))
            pairs[len++] = (struct ht_pair){.key = ht_str_from(keys[i]), .value = decoding->text};
    }
    decoding->pairs = (struct ht_pair_list){.items = pairs, .len = len};
    return true;
}

bool ht_kube_host_process(struct ht_kube_decoding *decoding, const struct ht_json *context,
                          const char *where)
{
    const struct ht_json *options = ht_kube_map(decoding, context, where, "windowsOptions");

    return options && ht_kube_bool(decoding, options, "windowsOptions", "hostProcess");
}

/* ---- metadata ---- */

static bool is_profile_annotation(struct ht_str key)
{
    return ht_str_has_prefix(key, "container.apparmor.security.beta.kubernetes.io/") ||
           ht_str_has_prefix(key, "container.seccomp.security.alpha.kubernetes.io/") ||
           ht_str_is(key, "seccomp.security.alpha.kubernetes.io/pod");
}

/* Agents that bring secrets are asked for by annotations. */
static bool is_agent_annotation(struct ht_str key)
{
    return ht_str_has_prefix(key, "vault.hashicorp.com/agent-inject") ||
           ht_str_has_prefix(key, "openbao.org/agent-inject");
}

/* Build systems tell of their jobs in annotations too. */
static bool is_build_annotation(struct ht_str key)
{
    static const char *const domains[] = {"job.runner.gitlab.com/",
                                          "project.runner.gitlab.com/",
                                          "manager.runner.gitlab.com/",
                                          "actions.github.com/",
                                          "buildkite.com/",
                                          "openshift.io/build",
                                          "workflows.argoproj.io/",
                                          "prow.k8s.io/",
                                          "image.kpack.io/",
                                          "build.shipwright.io/",
                                          "buildrun.shipwright.io/",
                                          "tekton.dev/",
                                          "actions-runner-controller/"};

    for (size_t i = 0; i < ARRAY_LEN(domains); i++) {
        if (ht_str_has_prefix(key, domains[i]))
            return true;
    }
    return false;
}

static void decode_annotations(struct ht_kube_decoding *decoding, const struct ht_json *metadata)
{
    const struct ht_json *all = ht_kube_map(decoding, metadata, "metadata", "annotations");
    struct ht_pair *pairs;
    size_t len = 0;

    if (!all || all->len > HT_LIMIT_POD_ITEMS) {
        if (all)
            ht_kube_fail(decoding, "metadata", "annotations", "at most 10000 of them");
        return;
    }
    pairs = ht_arena_array(decoding->arena, struct ht_pair, all->len);
    for (size_t i = 0; i < all->len; i++) {
        const struct ht_json_member *member = &all->members[i];

        if (ht_str_is(member->key, "kubernetes.io/config.mirror")) {
            ht_pod_set_mirror(decoding->pod, true);
            if (member->value.kind == HT_JSON_STRING)
                ht_pod_set_static_uid(decoding->pod, member->value.string);
        }
        if (member->value.kind == HT_JSON_NULL ||
            (!is_profile_annotation(member->key) && !is_build_annotation(member->key) &&
             !is_agent_annotation(member->key)))
            continue;
        pairs[len].key = member->key;
        if (!ht_json_string(&member->value, &pairs[len].value))
            ht_kube_fail(decoding, "metadata", "annotations", "texts");
        pairs[len].value = ht_str_sub(pairs[len].value, 0, TEXT_MAX);
        if (!is_profile_annotation(member->key))
            pairs[len].value = ht_secret_mask_env(decoding->arena, member->key, pairs[len].value);
        len++;
    }
    if (len)
        ht_pod_set_annotations(decoding->pod, (struct ht_pair_list){.items = pairs, .len = len});
}

static void decode_labels(struct ht_kube_decoding *decoding, const struct ht_json *metadata)
{
    const struct ht_json *all = ht_kube_map(decoding, metadata, "metadata", "labels");
    struct ht_pair *pairs;
    size_t len = 0;

    if (!all)
        return;
    pairs = ht_arena_array(decoding->arena, struct ht_pair, all->len);
    for (size_t i = 0; i < all->len; i++) {
        struct ht_str value;

        if (!ht_json_string(&all->members[i].value, &value))
            continue;
        pairs[len].key = all->members[i].key;
        pairs[len].value = ht_secret_mask_env(decoding->arena, all->members[i].key,
                                              ht_str_sub(value, 0, TEXT_MAX));
        len++;
    }
    ht_pod_set_labels(decoding->pod, (struct ht_pair_list){.items = pairs, .len = len});
}

static bool text_of(const struct ht_json *object, const char *key, struct ht_str *ret)
{
    return ht_json_string(ht_json_get(object, key), ret) && ret->len;
}

static bool time_of(const struct ht_json *object, const char *key, int64_t *ret)
{
    struct ht_str text;

    return text_of(object, key, &text) && ht_parse_time(text, ret) == 0;
}

/* "web-5d9fb7c4d" of a pod whose template has that hash belongs to Deployment web. */
static struct ht_str deployment_of(struct ht_str set, const struct ht_json *labels)
{
    struct ht_str hash;

    if (!text_of(labels, "pod-template-hash", &hash) || set.len < hash.len + 2 ||
        set.data[set.len - hash.len - 1] != '-' ||
        !ht_str_equal(ht_str_sub(set, set.len - hash.len, hash.len), hash))
        return (struct ht_str){0};
    return ht_str_sub(set, 0, set.len - hash.len - 1);
}

/* Jobs of a CronJob end in minutes since 1970. */
static struct ht_str cron_job_of(struct ht_str job)
{
    ptrdiff_t dash = ht_str_rfind_byte(job, '-');
    uint64_t minutes;

    if (dash <= 0 || job.len - (size_t)dash - 1 < 8 ||
        ht_parse_u64(ht_str_sub(job, (size_t)dash + 1, job.len), &minutes) < 0)
        return (struct ht_str){0};
    return ht_str_sub(job, 0, (size_t)dash);
}

static void set_owner(struct ht_kube_decoding *decoding, struct ht_str kind, struct ht_str name)
{
    ht_pod_set_owner(decoding->pod, ht_arena_strf(decoding->arena, "%.*s/%.*s", HT_STR_ARG(kind),
                                                  HT_STR_ARG(name)));
}

/* What owns the owner: by its name, as ReplicaSets and Jobs themselves are not read. */
static bool set_owner_above(struct ht_kube_decoding *decoding, struct ht_str kind,
                            struct ht_str name, const struct ht_json *labels)
{
    bool set = ht_str_is(kind, "ReplicaSet");
    struct ht_str above = {0};

    if (set)
        above = deployment_of(name, labels);
    else if (ht_str_is(kind, "Job"))
        above = cron_job_of(name);
    if (!above.len)
        return false;
    set_owner(decoding, set ? HT_S("Deployment") : HT_S("CronJob"), above);
    ht_pod_set_owner_by(decoding->pod,
                        ht_arena_strf(decoding->arena, "the name of %.*s %.*s%s", HT_STR_ARG(kind),
                                      HT_STR_ARG(name),
                                      set ? " and the label pod-template-hash" : ""));
    return true;
}

/* The workload that made it, as far as the object itself tells. */
static void decode_owner(struct ht_kube_decoding *decoding, const struct ht_json *metadata)
{
    const struct ht_json *owners = ht_json_get(metadata, "ownerReferences");
    const struct ht_json *labels = ht_json_get(metadata, "labels");
    struct ht_str kind, name;

    for (size_t i = 0; ht_json_is_array(owners) && i < owners->len; i++) {
        bool controller = false;

        ht_json_bool(ht_json_get(&owners->items[i], "controller"), &controller);
        if ((!controller && owners->len > 1) || !text_of(&owners->items[i], "kind", &kind) ||
            !text_of(&owners->items[i], "name", &name))
            continue;
        /* The node is no workload: it only shows the pods that it has by itself. */
        if (ht_str_is(kind, "Node"))
            return;
        if (!set_owner_above(decoding, kind, name, labels))
            set_owner(decoding, kind, name);
        return;
    }
}

static void decode_metadata(struct ht_kube_decoding *decoding, const struct ht_json *metadata)
{
    struct ht_pod *pod = decoding->pod;
    struct ht_str text;
    int64_t at;

    if ((ht_kube_text(decoding, metadata, "metadata", "name") && decoding->text.len) ||
        (ht_kube_text(decoding, metadata, "metadata", "generateName") && decoding->text.len))
        ht_pod_set_name(pod, decoding->text);
    if (ht_kube_text(decoding, metadata, "metadata", "namespace") && decoding->text.len)
        ht_pod_set_namespace(pod, decoding->text);
    if (text_of(metadata, "uid", &text))
        ht_pod_set_id(pod, text);
    if (time_of(metadata, "creationTimestamp", &at))
        ht_pod_set_created_at(pod, at);
    if (time_of(metadata, "deletionTimestamp", &at))
        ht_pod_set_deleting(pod, true);
}

/* ---- spec ---- */

static void decode_sysctls(struct ht_kube_decoding *decoding, const struct ht_json *context)
{
    const struct ht_json *list = ht_kube_list(decoding, context, "spec.securityContext", "sysctls");
    struct ht_pair *pairs;

    if (!list)
        return;
    pairs = ht_arena_array(decoding->arena, struct ht_pair, list->len);
    for (size_t i = 0; i < list->len; i++) {
        if (ht_kube_text(decoding, &list->items[i], "spec.securityContext.sysctls[]", "name"))
            pairs[i].key = decoding->text;
        if (ht_kube_text(decoding, &list->items[i], "spec.securityContext.sysctls[]", "value"))
            pairs[i].value = decoding->text;
    }
    ht_pod_set_sysctls(decoding->pod, (struct ht_pair_list){.items = pairs, .len = list->len});
}

static void decode_context(struct ht_kube_decoding *decoding, const struct ht_json *spec)
{
    static const char where[] = "spec.securityContext";
    const struct ht_json *context = ht_kube_map(decoding, spec, "spec", "securityContext");
    struct ht_pod *pod = decoding->pod;

    if (!context)
        return;
    if (ht_kube_bool(decoding, context, where, "runAsNonRoot"))
        ht_pod_set_non_root(pod, decoding->boolean);
    if (ht_kube_int(decoding, context, where, "runAsUser"))
        ht_pod_set_uid(pod, decoding->integer);
    if (ht_kube_profile(decoding, context, where, "seccompProfile"))
        ht_pod_set_seccomp(pod, decoding->text);
    if (ht_kube_profile(decoding, context, where, "appArmorProfile"))
        ht_pod_set_apparmor(pod, decoding->text);
    if (ht_kube_selinux(decoding, context, where))
        ht_pod_set_selinux(pod, decoding->pairs);
    if (ht_kube_host_process(decoding, context, where))
        ht_pod_set_host_process(pod, decoding->boolean);
    decode_sysctls(decoding, context);
}

static bool is_own_kind(struct ht_str source)
{
    static const char *const kinds[] = {"configMap", "csi",    "downwardAPI",
                                        "emptyDir",  "image",  "ephemeral",
                                        "projected", "secret", "persistentVolumeClaim"};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (ht_str_is(source, kinds[i]))
            return true;
    }
    return false;
}

/* The source of a volume: its member that is set and is not its name. Of several, which the API
 * does not take, a path of the node is told before all others and one of the cluster's own kinds
 * last. */
static const struct ht_json_member *volume_source(const struct ht_json *volume)
{
    const struct ht_json_member *source = NULL;

    for (size_t i = 0; volume->kind == HT_JSON_OBJECT && i < volume->len; i++) {
        const struct ht_json_member *member = &volume->members[i];

        if (ht_str_is(member->key, "name") || member->value.kind == HT_JSON_NULL)
            continue;
        if (ht_str_is(member->key, "hostPath"))
            return member;
        if (!source || is_own_kind(source->key))
            source = member;
    }
    return source;
}

static void decode_volumes(struct ht_kube_decoding *decoding, const struct ht_json *spec)
{
    const struct ht_json *list = ht_kube_list(decoding, spec, "spec", "volumes");
    struct ht_pod_volume *volumes;
    size_t len = 0;

    if (!list)
        return;
    volumes = ht_arena_array(decoding->arena, struct ht_pod_volume, list->len);
    for (size_t i = 0; i < list->len; i++) {
        const struct ht_json_member *source = volume_source(&list->items[i]);
        struct ht_pod_volume *volume = &volumes[len];
        struct ht_str text;

        if (list->items[i].kind != HT_JSON_OBJECT)
            ht_kube_fail(decoding, "spec", "volumes", "a list of maps");
        if (!source || is_own_kind(source->key))
            continue;
        len++;
        ht_pod_volume_set_index(volume, i);
        ht_pod_volume_set_source(volume, source->key);
        if (ht_kube_text(decoding, &list->items[i], "spec.volumes[]", "name"))
            ht_pod_volume_set_name(volume, decoding->text);
        if (!ht_str_is(source->key, "hostPath"))
            continue;
        if (text_of(&source->value, "path", &text))
            ht_pod_volume_set_path(volume, text);
        if (text_of(&source->value, "type", &text))
            ht_pod_volume_set_type(volume, text);
    }
    if (len)
        ht_pod_set_volumes(decoding->pod,
                           (struct ht_pod_volume_list){.items = volumes, .len = len});
}

static void decode_host(struct ht_kube_decoding *decoding, const struct ht_json *spec)
{
    struct ht_pod *pod = decoding->pod;
    const struct ht_json *os = ht_kube_map(decoding, spec, "spec", "os");

    if (ht_kube_bool(decoding, spec, "spec", "hostNetwork"))
        ht_pod_set_host_network(pod, decoding->boolean);
    if (ht_kube_bool(decoding, spec, "spec", "hostPID"))
        ht_pod_set_host_pid(pod, decoding->boolean);
    if (ht_kube_bool(decoding, spec, "spec", "hostIPC"))
        ht_pod_set_host_ipc(pod, decoding->boolean);
    if (ht_kube_bool(decoding, spec, "spec", "hostUsers"))
        ht_pod_set_host_users(pod, decoding->boolean);
    if (os && ht_kube_text(decoding, os, "spec.os", "name"))
        ht_pod_set_os(pod, decoding->text);
}

/* "key=value:effect"; "key:effect" of any value; "*" of any key, without an effect of all. */
static void decode_tolerations(struct ht_kube_decoding *decoding, const struct ht_json *spec)
{
    const struct ht_json *list = ht_kube_list(decoding, spec, "spec", "tolerations");
    struct ht_str *texts;

    if (!list)
        return;
    texts = ht_arena_array(decoding->arena, struct ht_str, list->len);
    for (size_t i = 0; i < list->len; i++) {
        struct ht_str key = {0}, value = {0}, effect = {0};

        text_of(&list->items[i], "key", &key);
        text_of(&list->items[i], "value", &value);
        text_of(&list->items[i], "effect", &effect);
        texts[i] = ht_arena_strf(decoding->arena, "%.*s%s%.*s%s%.*s",
                                 HT_STR_ARG(key.len ? key : HT_S("*")), value.len ? "=" : "",
                                 HT_STR_ARG(value), effect.len ? ":" : "", HT_STR_ARG(effect));
    }
    ht_pod_set_tolerations(decoding->pod, (struct ht_text_list){.items = texts, .len = list->len});
}

static void decode_spec(struct ht_kube_decoding *decoding, const struct ht_json *spec)
{
    struct ht_pod *pod = decoding->pod;

    decode_host(decoding, spec);
    decode_context(decoding, spec);
    decode_volumes(decoding, spec);
    ht_kube_decode_containers(decoding, spec);
    decode_tolerations(decoding, spec);
    if (ht_kube_text(decoding, spec, "spec", "nodeName"))
        ht_pod_set_node(pod, decoding->text);
    if (ht_kube_text(decoding, spec, "spec", "runtimeClassName"))
        ht_pod_set_runtime_class(pod, decoding->text);
    if (ht_kube_text(decoding, spec, "spec", "serviceAccountName"))
        ht_pod_set_service_account(pod, decoding->text);
    if (ht_kube_bool(decoding, spec, "spec", "automountServiceAccountToken"))
        ht_pod_set_automount(pod, decoding->boolean);
}

/* ---- status ---- */

static size_t add_ids(const struct ht_json *list, struct ht_pair *pairs)
{
    size_t len = 0;

    for (size_t i = 0; ht_json_is_array(list) && i < list->len; i++) {
        if (text_of(&list->items[i], "containerID", &pairs[len].value) &&
            text_of(&list->items[i], "name", &pairs[len].key))
            len++;
    }
    return len;
}

static void decode_status(struct ht_kube_decoding *decoding, const struct ht_json *status)
{
    static const char *const lists[] = {"initContainerStatuses", "containerStatuses",
                                        "ephemeralContainerStatuses"};
    struct ht_pair *pairs;
    struct ht_str text;
    size_t room = 0, len = 0;
    int64_t at;

    if (text_of(status, "phase", &text))
        ht_pod_set_phase(decoding->pod, text);
    if (time_of(status, "startTime", &at))
        ht_pod_set_started_at(decoding->pod, at);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        const struct ht_json *list = ht_json_get(status, lists[i]);

        room += ht_json_is_array(list) ? list->len : 0;
    }
    pairs = ht_arena_array(decoding->arena, struct ht_pair, room);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        len += add_ids(ht_json_get(status, lists[i]), pairs + len);
    if (len)
        ht_pod_set_container_ids(decoding->pod, (struct ht_pair_list){.items = pairs, .len = len});
    ht_kube_decode_resize(decoding, status);
}

/* ---- the object around it ---- */

enum shape { SHAPE_POD, SHAPE_TEMPLATE, SHAPE_BARE_TEMPLATE, SHAPE_CRON };

static const struct {
    const char *kind;
    enum shape shape;
} shapes[] = {
    {"Pod", SHAPE_POD},
    {"Deployment", SHAPE_TEMPLATE},
    {"DaemonSet", SHAPE_TEMPLATE},
    {"StatefulSet", SHAPE_TEMPLATE},
    {"ReplicaSet", SHAPE_TEMPLATE},
    {"ReplicationController", SHAPE_TEMPLATE},
    {"Job", SHAPE_TEMPLATE},
    {"CronJob", SHAPE_CRON},
    {"PodTemplate", SHAPE_BARE_TEMPLATE},
};

static const enum shape *shape_of(struct ht_str kind)
{
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        if (ht_str_is(kind, shapes[i].kind))
            return &shapes[i].shape;
    }
    return NULL;
}

bool ht_kube_has_pod(struct ht_str kind)
{
    return shape_of(kind) != NULL;
}

/* What is around the spec of the pod: an object with metadata and spec. */
static const struct ht_json *pod_of(const struct ht_json *value, enum shape shape)
{
    switch (shape) {
    case SHAPE_POD:
        return value;
    case SHAPE_TEMPLATE:
        return ht_json_path(value, "spec", "template", NULL);
    case SHAPE_BARE_TEMPLATE:
        return ht_json_get(value, "template");
    case SHAPE_CRON:
        return ht_json_path(value, "spec", "jobTemplate", "spec", "template", NULL);
    }
    return NULL;
}

const struct ht_json *ht_kube_spec(const struct ht_json *value, struct ht_str kind)
{
    const enum shape *shape = shape_of(kind);

    return shape ? ht_json_get(pod_of(value, *shape), "spec") : NULL;
}

bool ht_kube_holds_pod(const struct ht_json *value)
{
    const struct ht_str kind = ht_kube_shape(value);
    const struct ht_json *containers =
        kind.len ? ht_json_get(ht_json_get(pod_of(value, *shape_of(kind)), "spec"), "containers")
                 : NULL;

    if (!ht_json_is_array(containers) || containers->len == 0)
        return false;
    for (size_t i = 0; i < containers->len; i++) {
        struct ht_str name;

        if (!ht_json_string(ht_json_get(&containers->items[i], "name"), &name))
            return false;
    }
    return true;
}

struct ht_str ht_kube_shape(const struct ht_json *value)
{
    if (ht_json_is_array(ht_json_path(value, "spec", "containers", NULL)))
        return HT_S("Pod");
    if (ht_json_is_object(ht_json_path(value, "spec", "template", "spec", NULL)))
        return HT_S("Deployment");
    if (ht_json_is_object(
            ht_json_path(value, "spec", "jobTemplate", "spec", "template", "spec", NULL)))
        return HT_S("CronJob");
    return (struct ht_str){0};
}

static void set_identity(struct ht_kube_decoding *decoding, const struct ht_kube_object *object)
{
    struct ht_pod *pod = decoding->pod;

    ht_pod_set_kind(pod, object->kind);
    if (object->source.len)
        ht_pod_set_source(pod, object->source);
    if (object->file) {
        ht_pod_set_file(pod, ht_str_from(object->file));
        ht_pod_set_line(pod, object->line);
    }
    /* The same object may stand in a file twice. */
    if (!ht_pod_has_id(pod) || object->file)
        ht_pod_set_id(pod, ht_arena_strf(decoding->arena, "%.*s/%.*s/%.*s:%u",
                                         HT_STR_ARG(object->kind), HT_STR_ARG(pod->namespace),
                                         HT_STR_ARG(pod->name), object->line));
    if (!ht_pod_has_owner(pod) && !ht_str_is(object->kind, "Pod"))
        set_owner(decoding, object->kind, pod->name);
}

int ht_kube_decode_pod(const struct ht_kube_object *object, struct ht_arena *arena,
                       struct ht_pod *ret, struct ht_error *err)
{
    struct ht_kube_decoding decoding = {.arena = arena, .pod = ret, .err = err};
    const enum shape *shape = shape_of(object->shape.len ? object->shape : object->kind);
    const struct ht_json *metadata = ht_json_get(object->value, "metadata");
    const struct ht_json *inner = shape ? pod_of(object->value, *shape) : NULL;
    const struct ht_json *spec = ht_json_get(inner, "spec");

    if (!shape)
        return ht_error_set(err, EINVAL, "holds no pod");
    if (metadata && !ht_json_is_object(metadata) && metadata->kind != HT_JSON_NULL)
        ht_kube_fail(&decoding, "", "metadata", "a map");
    decode_metadata(&decoding, metadata);
    decode_owner(&decoding, metadata);
    decode_labels(&decoding, ht_json_get(inner, "metadata"));
    decode_annotations(&decoding, ht_json_get(inner, "metadata"));
    if (!ht_json_is_object(spec))
        ht_kube_fail(&decoding, "", "spec", "the spec of a pod");
    else
        decode_spec(&decoding, spec);
    if (*shape == SHAPE_POD)
        decode_status(&decoding, ht_json_get(object->value, "status"));
    set_identity(&decoding, object);
    if (decoding.failed)
        return err ? -err->code : -EINVAL;
    if (ht_arena_is_full(arena))
        return ht_error_set(err, E2BIG, "more in it than a row may hold");
    return 0;
}
