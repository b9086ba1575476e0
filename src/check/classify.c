/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/check/classify.h"

#include <string.h>

#include "build-signal.h"
#include "builds-private.h"
#include "hulltop/base/mem.h"

static struct ht_str label(const struct ht_container *container, const char *key)
{
    for (size_t i = 0; i < container->labels.len; i++) {
        if (ht_str_is(container->labels.items[i].key, key))
            return container->labels.items[i].value;
    }
    return (struct ht_str){0};
}

/* ---- owner, namespace, pod ---- */

/* The letters that Kubernetes makes random ends of: no vowels, no look-alikes. */
static bool is_random(struct ht_str part, size_t min, size_t max)
{
    if (part.len < min || part.len > max)
        return false;
    for (size_t i = 0; i < part.len; i++) {
        if (!strchr("bcdfghjklmnpqrstvwxz2456789", part.data[i]))
            return false;
    }
    return true;
}

static struct ht_str without_last(struct ht_str name, struct ht_str *ret_last)
{
    ptrdiff_t dash = ht_str_rfind_byte(name, '-');

    *ret_last = (struct ht_str){0};
    if (dash <= 0)
        return name;
    *ret_last = ht_str_sub(name, (size_t)dash + 1, name.len);
    return ht_str_sub(name, 0, (size_t)dash);
}

/* The workload's name in a pod's: "web-5d8f9c7b4-x2x5p" is of web, "kube-proxy-7zk4q" of
 * kube-proxy, "db-0" of db; a static pod ends in its node's name, which is not known here. */
static struct ht_str workload_of_pod(struct ht_str pod)
{
    struct ht_str last, hash;
    struct ht_str name = without_last(pod, &last);
    uint64_t ordinal;

    if (is_random(last, 5, 5)) {
        struct ht_str shorter = without_last(name, &hash);

        return is_random(hash, 8, 10) ? shorter : name;
    }
    return last.len && ht_parse_u64(last, &ordinal) == 0 ? name : pod;
}

static void set_owner(struct ht_container *container, struct ht_arena *arena)
{
    struct ht_str pod = label(container, "io.kubernetes.pod.name");
    struct ht_str namespace = label(container, "io.kubernetes.pod.namespace");
    struct ht_str project = label(container, "com.docker.compose.project");
    struct ht_str service = label(container, "com.docker.compose.service");
    struct ht_str swarm = label(container, "com.docker.swarm.service.name");

    if (namespace.len && !ht_container_has_namespace(container))
        ht_container_set_namespace(container, namespace);
    if (pod.len && !ht_container_has_pod(container))
        ht_container_set_pod(
            container, ht_arena_strf(arena, "%.*s/%.*s", HT_STR_ARG(namespace), HT_STR_ARG(pod)));
    if (ht_container_has_owner(container))
        return;
    if (pod.len) {
        struct ht_str workload = workload_of_pod(pod);

        ht_container_set_owner(container,
                               ht_arena_strf(arena, "workload/%.*s", HT_STR_ARG(workload)));
    } else if (project.len && service.len) {
        ht_container_set_owner(
            container, ht_arena_strf(arena, "%.*s/%.*s", HT_STR_ARG(project), HT_STR_ARG(service)));
    } else if (swarm.len) {
        ht_container_set_owner(container, ht_arena_strf(arena, "service/%.*s", HT_STR_ARG(swarm)));
    }
}

/* ---- class ---- */

static void set_class(struct ht_container *container, enum ht_class class, struct ht_str signal)
{
    ht_container_set_class(container, class);
    ht_container_set_class_signal(container, signal);
}

/* What runs steps of all kinds is known to build only where a builder runs in it. */
static bool classify_build(const struct ht_facts *facts, struct ht_container *container,
                           struct ht_arena *arena)
{
    struct build_signal signal;

    /* That its source made it of is no word of somebody else's. */
    if (ht_str_is(container->runtime, "buildah") && ht_container_has_source(container)) {
        set_class(container, HT_CLASS_BUILD, HT_S("a working container of Buildah"));
        return true;
    }
    if (!ht_build_signal(facts, container, arena, &signal) || signal.builder->pipeline)
        return false;
    set_class(container, HT_CLASS_BUILD, signal.text);
    return true;
}

static bool classify_sandboxed(const struct ht_facts *facts, struct ht_container *container,
                               struct ht_arena *arena)
{
    const struct ht_fact_runtime *runtime = ht_container_has_oci_runtime(container)
                                                ? ht_facts_runtime(facts, container->oci_runtime)
                                                : NULL;

    if (!runtime || runtime->kind == HT_FACT_RUNTIME_PLAIN ||
        runtime->kind == HT_FACT_RUNTIME_USERNS)
        return false;
    set_class(container, HT_CLASS_SANDBOXED,
              ht_arena_strf(arena, "%.*s: runtime %.*s", HT_STR_ARG(runtime->name),
                            HT_STR_ARG(container->oci_runtime)));
    return true;
}

static bool classify_kubernetes(struct ht_container *container)
{
    struct ht_str pod = label(container, "io.kubernetes.pod.name");
    struct ht_str name = label(container, "io.kubernetes.container.name");

    if (pod.len == 0)
        return false;
    if (ht_str_has_prefix(pod, "node-debugger-")) {
        set_class(container, HT_CLASS_DEBUG, HT_S("pod name node-debugger-*"));
        return true;
    }
    if (ht_str_has_prefix(name, "debugger-")) {
        set_class(container, HT_CLASS_DEBUG, HT_S("container name debugger-*"));
        return true;
    }
    /* The pause container of a pod; its image decides, for a name alone never counts. */
    bool sandbox = ht_str_is(label(container, "io.kubernetes.docker.type"), "podsandbox") ||
                   ht_str_is(label(container, "io.cri-containerd.kind"), "sandbox");
    if (sandbox && ht_str_is(ht_str_base(container->command.len ? container->command.items[0]
                                                                : (struct ht_str){0}),
                             "pause")) {
        set_class(container, HT_CLASS_SYSTEM, HT_S("pause container of a pod"));
        return true;
    }
    return false;
}

void ht_classify(const struct ht_facts *facts, struct ht_container *container,
                 struct ht_arena *arena)
{
    set_owner(container, arena);
    if (ht_container_has_class(container))
        return;
    if (classify_sandboxed(facts, container, arena) || classify_kubernetes(container) ||
        classify_build(facts, container, arena))
        return;
    set_class(container, HT_CLASS_APP, HT_S("nothing says otherwise"));
}

/* ---- a kernel of its own ---- */

static bool is_sandbox(const struct ht_fact_runtime *runtime)
{
    return runtime &&
           (runtime->kind == HT_FACT_RUNTIME_VM || runtime->kind == HT_FACT_RUNTIME_USER_KERNEL ||
            runtime->kind == HT_FACT_RUNTIME_WASM);
}

static const struct ht_fact_runtime *runtime_of_shim(const struct ht_facts *facts,
                                                     struct ht_str program)
{
    size_t len;
    const struct ht_fact_runtime *runtimes = ht_facts_runtimes(facts, &len);

    for (size_t i = 0; i < len; i++) {
        if (ht_text_list_has(&runtimes[i].shims, program))
            return &runtimes[i];
    }
    return NULL;
}

const struct ht_fact_runtime *ht_sandbox_proven(const struct ht_facts *facts,
                                                const struct ht_container *container,
                                                const struct ht_process *init,
                                                const struct ht_process *parent)
{
    const struct ht_fact_runtime *runtime =
        parent ? runtime_of_shim(facts, ht_builds_program(parent)) : NULL;

    if (is_sandbox(runtime))
        return runtime;
    if (!init || !ht_container_has_oci_runtime(container))
        return NULL;
    runtime = ht_facts_runtime(facts, container->oci_runtime);
    return is_sandbox(runtime) && ht_text_list_has(&runtime->processes, ht_builds_program(init))
               ? runtime
               : NULL;
}

void ht_classify_by_proof(const struct ht_facts *facts, const struct ht_process *init,
                          const struct ht_process *parent, struct ht_container *container,
                          struct ht_arena *arena)
{
    const struct ht_fact_runtime *runtime = ht_sandbox_proven(facts, container, init, parent);

    if (runtime && (container->class == HT_CLASS_APP || container->class == HT_CLASS_SANDBOXED))
        set_class(container, HT_CLASS_SANDBOXED,
                  ht_arena_strf(arena, "%.*s: its programs run in the container's place",
                                HT_STR_ARG(runtime->name)));
    else if (!runtime && container->class == HT_CLASS_SANDBOXED)
        set_class(container, HT_CLASS_APP,
                  ht_arena_strf(arena,
                                "its runtime is called %.*s, but none of that one's programs runs "
                                "here",
                                HT_STR_ARG(container->oci_runtime)));
}
