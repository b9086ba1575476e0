/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The containers of a pod: security contexts, ports, probes, mounts of the node's paths. */
#include <stdio.h>
#include <string.h>

#include "kube-private.h"

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { WHERE_MAX = 160, HANDLERS = 5 };

/* More than that is no amount of memory. */
#define QUANTITY_MAX 1e15

/* Where a container stands, for messages. */
struct place {
    char path[WHERE_MAX];
};

static struct place below(const struct place *place, const char *key)
{
    struct place inner;

    snprintf(inner.path, sizeof(inner.path), "%.120s.%.30s", place->path, key);
    return inner;
}

static void decode_capabilities(struct ht_kube_decoding *decoding, const struct ht_json *context,
                                const struct place *place, struct ht_pod_container *container)
{
    const struct ht_json *caps = ht_kube_map(decoding, context, place->path, "capabilities");
    struct place inner = below(place, "capabilities");

    if (!caps)
        return;
    if (ht_kube_texts(decoding, caps, inner.path, "add"))
        ht_pod_container_set_cap_add(container, decoding->texts);
    if (ht_kube_texts(decoding, caps, inner.path, "drop"))
        ht_pod_container_set_cap_drop(container, decoding->texts);
}

static void decode_context(struct ht_kube_decoding *decoding, const struct ht_json *object,
                           const struct place *outer, struct ht_pod_container *container)
{
    const struct ht_json *context = ht_kube_map(decoding, object, outer->path, "securityContext");
    struct place place = below(outer, "securityContext");

    if (!context)
        return;
    if (ht_kube_bool(decoding, context, place.path, "privileged"))
        ht_pod_container_set_privileged(container, decoding->boolean);
    if (ht_kube_bool(decoding, context, place.path, "allowPrivilegeEscalation"))
        ht_pod_container_set_escalation(container, decoding->boolean);
    if (ht_kube_bool(decoding, context, place.path, "runAsNonRoot"))
        ht_pod_container_set_non_root(container, decoding->boolean);
    if (ht_kube_int(decoding, context, place.path, "runAsUser"))
        ht_pod_container_set_uid(container, decoding->integer);
    if (ht_kube_bool(decoding, context, place.path, "readOnlyRootFilesystem"))
        ht_pod_container_set_rootfs_ro(container, decoding->boolean);
    if (ht_kube_text(decoding, context, place.path, "procMount"))
        ht_pod_container_set_proc_mount(container, decoding->text);
    if (ht_kube_profile(decoding, context, place.path, "seccompProfile"))
        ht_pod_container_set_seccomp(container, decoding->text);
    if (ht_kube_profile(decoding, context, place.path, "appArmorProfile"))
        ht_pod_container_set_apparmor(container, decoding->text);
    if (ht_kube_selinux(decoding, context, place.path))
        ht_pod_container_set_selinux(container, decoding->pairs);
    if (ht_kube_host_process(decoding, context, place.path))
        ht_pod_container_set_host_process(container, decoding->boolean);
    decode_capabilities(decoding, context, &place, container);
}

/* "80", or "127.0.0.1:80" where an address is named too. */
static struct ht_str host_port(struct ht_kube_decoding *decoding, const struct ht_json *item,
                               const struct place *place, long long port)
{
    struct ht_str address = {0};

    if (ht_kube_text(decoding, item, place->path, "hostIP"))
        address = decoding->text;
    if (address.len == 0)
        return ht_arena_strf(decoding->arena, "%lld", port);
    return ht_arena_strf(decoding->arena,
                         ht_str_find(address, HT_S(":"), 0) >= 0 ? "[%.*s]:%lld" : "%.*s:%lld",
                         HT_STR_ARG(address), port);
}

static void decode_ports(struct ht_kube_decoding *decoding, const struct ht_json *object,
                         const struct place *place, struct ht_pod_container *container)
{
    const struct ht_json *ports = ht_kube_list(decoding, object, place->path, "ports");
    struct ht_pair *pairs;
    size_t len = 0;

    if (!ports)
        return;
    pairs = ht_arena_array(decoding->arena, struct ht_pair, ports->len);
    for (size_t i = 0; i < ports->len; i++) {
        struct place inner = below(place, "ports[]");

        if (!ht_kube_int(decoding, &ports->items[i], inner.path, "hostPort") ||
            decoding->integer == 0)
            continue;
        pairs[len].key = ht_arena_strf(decoding->arena, "ports[%zu].hostPort", i);
        pairs[len].value = host_port(decoding, &ports->items[i], &inner, decoding->integer);
        len++;
    }
    if (len)
        ht_pod_container_set_host_ports(container,
                                        (struct ht_pair_list){.items = pairs, .len = len});
}

/* Probes and lifecycle handlers that name a host. */
static void decode_hosts(struct ht_kube_decoding *decoding, const struct ht_json *object,
                         const struct place *place, struct ht_pod_container *container)
{
    static const struct {
        const char *outer, *inner;
    } handlers[HANDLERS] = {{"livenessProbe", NULL},
                            {"readinessProbe", NULL},
                            {"startupProbe", NULL},
                            {"lifecycle", "postStart"},
                            {"lifecycle", "preStop"}};
    static const char *const ways[] = {"httpGet", "tcpSocket"};
    struct ht_pair *pairs = NULL;
    size_t len = 0;

    for (size_t i = 0; i < ARRAY_LEN(handlers) * ARRAY_LEN(ways); i++) {
        const char *outer = handlers[i / 2].outer, *inner = handlers[i / 2].inner;
        const struct ht_json *handler = ht_kube_map(decoding, object, place->path, outer);

        if (inner)
            handler = ht_kube_map(decoding, handler, outer, inner);
        handler = ht_kube_map(decoding, handler, outer, ways[i % 2]);
        if (!handler || !ht_kube_text(decoding, handler, ways[i % 2], "host") ||
            decoding->text.len == 0)
            continue;
        if (!pairs)
            pairs = ht_arena_array(decoding->arena, struct ht_pair,
                                   ARRAY_LEN(handlers) * ARRAY_LEN(ways));
        pairs[len].key = ht_arena_strf(decoding->arena, "%s%s%s.%s.host", outer, inner ? "." : "",
                                       inner ? inner : "", ways[i % 2]);
        pairs[len++].value = decoding->text;
    }
    if (len)
        ht_pod_container_set_hosts(container, (struct ht_pair_list){.items = pairs, .len = len});
}

/* "VARIABLE from SECRET/KEY" of env; "all of SECRET" of envFrom. */
static void decode_secret_env(struct ht_kube_decoding *decoding, const struct ht_json *object,
                              const struct place *place, struct ht_pod_container *container)
{
    const struct ht_json *env = ht_kube_list(decoding, object, place->path, "env");
    const struct ht_json *from = ht_kube_list(decoding, object, place->path, "envFrom");
    size_t room = (env ? env->len : 0) + (from ? from->len : 0), len = 0;
    struct ht_str *texts = NULL;

    for (size_t i = 0; i < room; i++) {
        bool is_env = env && i < env->len;
        const struct ht_json *item =
            is_env ? &env->items[i] : &from->items[i - (env ? env->len : 0)];
        const struct ht_json *ref = is_env ? ht_json_path(item, "valueFrom", "secretKeyRef", NULL)
                                           : ht_json_get(item, "secretRef");
        struct ht_str name = {0}, secret = {0}, key = {0};

        if (!ht_json_is_object(ref))
            continue;
        if (!texts)
            texts = ht_arena_array(decoding->arena, struct ht_str, room);
        ht_json_string(ht_json_get(item, "name"), &name);
        ht_json_string(ht_json_get(ref, "name"), &secret);
        ht_json_string(ht_json_get(ref, "key"), &key);
        texts[len++] = is_env ? ht_arena_strf(decoding->arena, "%.*s from %.*s/%.*s",
                                              HT_STR_ARG(name), HT_STR_ARG(secret), HT_STR_ARG(key))
                              : ht_arena_strf(decoding->arena, "all of %.*s", HT_STR_ARG(secret));
    }
    if (len)
        ht_pod_container_set_secret_env(container,
                                        (struct ht_text_list){.items = texts, .len = len});
}

/* In thousandths; a number is as good as its text. */
static bool take_quantity(struct ht_kube_decoding *decoding, const struct ht_json *object,
                          const char *where, const char *key, uint64_t *ret)
{
    const struct ht_json *value = ht_json_get(object, key);

    char text[WHERE_MAX];
    double number;

    if (ht_json_number(value, &number)) {
        snprintf(text, sizeof(text), "%.3f", number < QUANTITY_MAX ? number : -1);
        return ht_kube_quantity(ht_str_from(text), ret);
    }
    return ht_kube_text(decoding, object, where, key) && ht_kube_quantity(decoding->text, ret);
}

static void decode_limits(struct ht_kube_decoding *decoding, const struct ht_json *object,
                          const struct place *outer, struct ht_pod_container *container)
{
    struct place place = below(outer, "resources.limits");
    const struct ht_json *limits = ht_kube_map(
        decoding, ht_kube_map(decoding, object, outer->path, "resources"), place.path, "limits");
    uint64_t thousandths;

    if (!limits)
        return;
    if (take_quantity(decoding, limits, place.path, "memory", &thousandths))
        ht_pod_container_set_memory_limit(container,
                                          thousandths / 1000 + (thousandths % 1000 != 0));
    if (take_quantity(decoding, limits, place.path, "cpu", &thousandths))
        ht_pod_container_set_cpu_limit(container, thousandths);
}

static bool is_listed(const struct ht_pod *pod, struct ht_str volume)
{
    for (size_t i = 0; i < pod->volumes.len; i++) {
        if (ht_str_equal(pod->volumes.items[i].name, volume))
            return true;
    }
    return false;
}

/* Only mounts of volumes that the pod's row tells of. */
static void decode_mounts(struct ht_kube_decoding *decoding, const struct ht_json *object,
                          const struct place *place, struct ht_pod_container *container)
{
    const struct ht_json *list = ht_kube_list(decoding, object, place->path, "volumeMounts");
    struct place inner = below(place, "volumeMounts[]");
    struct ht_pod_mount *mounts;
    size_t len = 0;

    if (!list || decoding->pod->volumes.len == 0)
        return;
    mounts = ht_arena_array(decoding->arena, struct ht_pod_mount, list->len);
    for (size_t i = 0; i < list->len; i++) {
        const struct ht_json *item = &list->items[i];

        if (!ht_kube_text(decoding, item, inner.path, "name") ||
            !is_listed(decoding->pod, decoding->text))
            continue;

        struct ht_pod_mount *mount = &mounts[len++];
        ht_pod_mount_set_volume(mount, decoding->text);
        if (ht_kube_text(decoding, item, inner.path, "mountPath"))
            ht_pod_mount_set_path(mount, decoding->text);
        if (ht_kube_text(decoding, item, inner.path, "mountPropagation"))
            ht_pod_mount_set_propagation(mount, decoding->text);
        ht_pod_mount_set_read_only(mount, ht_kube_bool(decoding, item, inner.path, "readOnly") &&
                                              decoding->boolean);
    }
    if (len)
        ht_pod_container_set_mounts(container,
                                    (struct ht_pod_mount_list){.items = mounts, .len = len});
}

static void decode_container(struct ht_kube_decoding *decoding, const struct ht_json *object,
                             const struct place *place, struct ht_pod_container *container)
{
    if (ht_kube_text(decoding, object, place->path, "name"))
        ht_pod_container_set_name(container, decoding->text);
    if (ht_kube_text(decoding, object, place->path, "image"))
        ht_pod_container_set_image(container, decoding->text);
    if (container->kind == HT_POD_CONTAINER_KIND_INIT &&
        ht_kube_text(decoding, object, place->path, "restartPolicy"))
        ht_pod_container_set_sidecar(container, ht_str_is(decoding->text, "Always"));
    decode_context(decoding, object, place, container);
    decode_ports(decoding, object, place, container);
    decode_hosts(decoding, object, place, container);
    decode_limits(decoding, object, place, container);
    decode_secret_env(decoding, object, place, container);
    decode_mounts(decoding, object, place, container);
}

void ht_kube_decode_containers(struct ht_kube_decoding *decoding, const struct ht_json *spec)
{
    static const struct {
        const char *key;
        enum ht_pod_container_kind kind;
    } kinds[] = {{"initContainers", HT_POD_CONTAINER_KIND_INIT},
                 {"containers", HT_POD_CONTAINER_KIND_CONTAINER},
                 {"ephemeralContainers", HT_POD_CONTAINER_KIND_EPHEMERAL}};
    const struct ht_json *lists[ARRAY_LEN(kinds)];
    struct ht_pod_container *containers;
    size_t room = 0, len = 0;

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        lists[i] = ht_kube_list(decoding, spec, "spec", kinds[i].key);
        room += lists[i] ? lists[i]->len : 0;
    }
    containers = ht_arena_array(decoding->arena, struct ht_pod_container, room);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        for (size_t j = 0; lists[i] && j < lists[i]->len; j++) {
            struct ht_pod_container *container = &containers[len++];
            struct place place;

            snprintf(place.path, sizeof(place.path), "spec.%s[%zu]", kinds[i].key, j);
            if (lists[i]->items[j].kind != HT_JSON_OBJECT)
                ht_kube_fail(decoding, "", place.path, "a container");
            ht_pod_container_set_kind(container, kinds[i].kind);
            ht_pod_container_set_index(container, j);
            decode_container(decoding, &lists[i]->items[j], &place, container);
        }
    }
    ht_pod_set_containers(decoding->pod,
                          (struct ht_pod_container_list){.items = containers, .len = len});
}
