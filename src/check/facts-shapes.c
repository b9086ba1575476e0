/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which keys each fact table has. Constant data. */
#include "facts-private.h"

#include "hulltop/base/mem.h"

#define SHAPE(T, list)                                                                             \
    {                                                                                              \
        .keys = (list), .count = ARRAY_LEN(list), .size = sizeof(struct T)                         \
    }
/* Every file says where its facts come from and of when they are. */
#define SOURCE(T)                                                                                  \
    {.name = "source", .kind = FACT_TEXT, .offset = offsetof(struct T, source), .required = true}, \
    {                                                                                              \
        .name = "date", .kind = FACT_TEXT, .offset = offsetof(struct T, date), .required = true    \
    }

static const char *const needs_words[] = {"nothing", "host-pid", "host-files", "devices", NULL};
static const char *const match_words[] = {"tree", "self", NULL};
static const char *const of_words[] = {"any", "kubelet", "cni", "apiserver", NULL};
static const char *const path_words[] = {"code",         "files", "kubelet", "manifests", "masters",
                                         "runtime-data", "logs",  "kernel",  NULL};
static const char *const device_words[] = {"block", "memory", "other", "alike", NULL};
static const char *const power_words[] = {"root", "control", NULL};
static const char *const role_words[] = {"job", "builder", "runner", NULL};
static const char *const on_words[] = {"mount", "memory", NULL};
static const char *const runtime_words[] = {"plain", "vm", "user-kernel", "wasm", "userns", NULL};

static const struct fact_key capability_keys[] = {
    {.name = "name",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_capability, name),
     .required = true},
    {.name = "tier",
     .kind = FACT_UINT,
     .offset = offsetof(struct ht_fact_capability, tier),
     .required = true},
    {.name = "needs",
     .kind = FACT_WORD,
     .offset = offsetof(struct ht_fact_capability, needs),
     .words = needs_words},
    {.name = "gives",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_capability, gives),
     .required = true},
    {.name = "instead", .kind = FACT_TEXT, .offset = offsetof(struct ht_fact_capability, instead)},
};
static const struct fact_shape capability_shape = SHAPE(ht_fact_capability, capability_keys);
static const struct fact_key default_keys[] = {
    {.name = "runtime",
     .kind = FACT_TEXT,
     .offset = offsetof(struct default_set, runtime),
     .required = true},
    {.name = "names",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct default_set, names),
     .required = true},
};
static const struct fact_shape default_shape = SHAPE(default_set, default_keys);
static const struct fact_key capabilities_keys[] = {
    SOURCE(facts_capabilities),
    {.name = "capabilities",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_capabilities, capabilities),
     .required = true,
     .sub = &capability_shape},
    {.name = "defaults",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_capabilities, defaults),
     .required = true,
     .sub = &default_shape},
    {.name = "wide",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct facts_capabilities, wide),
     .required = true},
};
static const struct fact_shape capabilities_shape = SHAPE(facts_capabilities, capabilities_keys);

static const struct fact_key path_keys[] = {
    {.name = "path",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_path, path),
     .required = true},
    {.name = "match",
     .kind = FACT_WORD,
     .offset = offsetof(struct ht_fact_path, match),
     .words = match_words},
    {.name = "of",
     .kind = FACT_WORD,
     .offset = offsetof(struct ht_fact_path, of),
     .words = of_words},
    {.name = "kind",
     .kind = FACT_WORD,
     .offset = offsetof(struct ht_fact_path, kind),
     .required = true,
     .words = path_words},
    {.name = "gives",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_path, gives),
     .required = true},
};
static const struct fact_shape path_shape = SHAPE(ht_fact_path, path_keys);
static const struct fact_key device_keys[] = {
    {.name = "path",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_path, path),
     .required = true},
    {.name = "kind",
     .kind = FACT_WORD,
     .offset = offsetof(struct ht_fact_path, kind),
     .required = true,
     .words = device_words},
    {.name = "gives",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_path, gives),
     .required = true},
};
static const struct fact_shape device_shape = SHAPE(ht_fact_path, device_keys);
static const struct fact_key paths_keys[] = {
    SOURCE(facts_paths),
    {.name = "writable",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_paths, lists[HT_FACT_PATHS_WRITABLE]),
     .required = true,
     .sub = &path_shape},
    {.name = "readable",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_paths, lists[HT_FACT_PATHS_READABLE]),
     .required = true,
     .sub = &path_shape},
    {.name = "kubelet",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_paths, lists[HT_FACT_PATHS_KUBELET]),
     .required = true,
     .sub = &path_shape},
    {.name = "benign",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct facts_paths, benign),
     .required = true},
    {.name = "devices",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_paths, devices),
     .required = true,
     .sub = &device_shape},
};
static const struct fact_shape paths_shape = SHAPE(facts_paths, paths_keys);

static const struct fact_key socket_keys[] = {
    {.name = "path",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_socket, path),
     .required = true},
    {.name = "kind",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_socket, kind),
     .required = true},
    {.name = "name",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_socket, name),
     .required = true},
    {.name = "power",
     .kind = FACT_WORD,
     .offset = offsetof(struct ht_fact_socket, power),
     .required = true,
     .words = power_words},
};
static const struct fact_shape socket_shape = SHAPE(ht_fact_socket, socket_keys);
static const struct fact_key socket_name_keys[] = {
    {.name = "name",
     .kind = FACT_TEXT,
     .offset = offsetof(struct socket_name, name),
     .required = true},
    {.name = "kind",
     .kind = FACT_TEXT,
     .offset = offsetof(struct socket_name, kind),
     .required = true},
};
static const struct fact_shape socket_name_shape = SHAPE(socket_name, socket_name_keys);
static const struct fact_key sockets_keys[] = {
    SOURCE(facts_sockets),
    {.name = "sockets",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_sockets, sockets),
     .required = true,
     .sub = &socket_shape},
    {.name = "names",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_sockets, names),
     .required = true,
     .sub = &socket_name_shape},
};
static const struct fact_shape sockets_shape = SHAPE(facts_sockets, sockets_keys);

static const struct fact_key mask_keys[] = {
    {.name = "path",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_mask, path),
     .required = true},
    {.name = "core", .kind = FACT_BOOL, .offset = offsetof(struct ht_fact_mask, core)},
    {.name = "shows",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_mask, shows),
     .required = true},
};
static const struct fact_shape mask_shape = SHAPE(ht_fact_mask, mask_keys);
static const struct fact_key masks_keys[] = {
    SOURCE(facts_masks),
    {.name = "masked",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_masks, masked),
     .required = true,
     .sub = &mask_shape},
    {.name = "readonly",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_masks, readonly),
     .required = true,
     .sub = &mask_shape},
};
static const struct fact_shape masks_shape = SHAPE(facts_masks, masks_keys);

static const struct fact_key runtime_keys[] = {
    {.name = "name",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_runtime, name),
     .required = true},
    {.name = "kind",
     .kind = FACT_WORD,
     .offset = offsetof(struct ht_fact_runtime, kind),
     .required = true,
     .words = runtime_words},
    {.name = "names",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct ht_fact_runtime, names),
     .required = true},
    {.name = "shims", .kind = FACT_TEXTS, .offset = offsetof(struct ht_fact_runtime, shims)},
    {.name = "processes",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct ht_fact_runtime, processes)},
};
static const struct fact_shape runtime_shape = SHAPE(ht_fact_runtime, runtime_keys);
static const struct fact_key runtimes_keys[] = {
    SOURCE(facts_runtimes),
    {.name = "runtimes",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_runtimes, runtimes),
     .required = true,
     .sub = &runtime_shape},
};
static const struct fact_shape runtimes_shape = SHAPE(facts_runtimes, runtimes_keys);

static const struct fact_key sysctl_keys[] = {
    {.name = "name",
     .kind = FACT_TEXT,
     .offset = offsetof(struct safe_sysctl, name),
     .required = true},
    {.name = "since",
     .kind = FACT_TEXT,
     .offset = offsetof(struct safe_sysctl, since),
     .required = true},
};
static const struct fact_shape sysctl_shape = SHAPE(safe_sysctl, sysctl_keys);
static const struct fact_key sysctls_keys[] = {
    SOURCE(facts_sysctls),
    {.name = "safe",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_sysctls, safe),
     .required = true,
     .sub = &sysctl_shape},
};
static const struct fact_shape sysctls_shape = SHAPE(facts_sysctls, sysctls_keys);

static const struct fact_key cycle_keys[] = {
    {.name = "product",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_cycle, product),
     .required = true},
    {.name = "cycle",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_cycle, cycle),
     .required = true},
    {.name = "name", .kind = FACT_TEXT, .offset = offsetof(struct ht_fact_cycle, name)},
    {.name = "end", .kind = FACT_TEXT, .offset = offsetof(struct ht_fact_cycle, end)},
    {.name = "security", .kind = FACT_TEXT, .offset = offsetof(struct ht_fact_cycle, security)},
    {.name = "paid", .kind = FACT_TEXT, .offset = offsetof(struct ht_fact_cycle, paid)},
};
static const struct fact_shape cycle_shape = SHAPE(ht_fact_cycle, cycle_keys);
static const struct fact_key support_keys[] = {
    SOURCE(facts_support),
    {.name = "cycles",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_support, cycles),
     .required = true,
     .sub = &cycle_shape},
};
static const struct fact_shape support_shape = SHAPE(facts_support, support_keys);

static const struct fact_key hole_keys[] = {
    {.name = "component",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_hole, component),
     .required = true},
    {.name = "id",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_hole, id),
     .required = true},
    {.name = "ranges",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct ht_fact_hole, ranges),
     .required = true},
    {.name = "escape", .kind = FACT_BOOL, .offset = offsetof(struct ht_fact_hole, escape)},
};
static const struct fact_shape hole_shape = SHAPE(ht_fact_hole, hole_keys);
static const struct fact_key stack_keys[] = {
    SOURCE(facts_stack),
    {.name = "components",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct facts_stack, components),
     .required = true},
    {.name = "holes",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_stack, holes),
     .required = true,
     .sub = &hole_shape},
};
static const struct fact_shape stack_shape = SHAPE(facts_stack, stack_keys);

static const struct fact_key builder_keys[] = {
    {.name = "name",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_builder, name),
     .required = true},
    {.name = "id",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_builder, id),
     .required = true},
    {.name = "role",
     .kind = FACT_WORD,
     .offset = offsetof(struct ht_fact_builder, role),
     .words = role_words},
    {.name = "pipeline", .kind = FACT_BOOL, .offset = offsetof(struct ht_fact_builder, pipeline)},
    {.name = "labels", .kind = FACT_TEXTS, .offset = offsetof(struct ht_fact_builder, labels)},
    {.name = "images", .kind = FACT_TEXTS, .offset = offsetof(struct ht_fact_builder, images)},
    {.name = "processes",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct ht_fact_builder, processes)},
    {.name = "env", .kind = FACT_TEXTS, .offset = offsetof(struct ht_fact_builder, env)},
    {.name = "inside", .kind = FACT_TEXTS, .offset = offsetof(struct ht_fact_builder, inside)},
    {.name = "host", .kind = FACT_TEXTS, .offset = offsetof(struct ht_fact_builder, host)},
    {.name = "idle", .kind = FACT_TEXTS, .offset = offsetof(struct ht_fact_builder, idle)},
    {.name = "units", .kind = FACT_TEXTS, .offset = offsetof(struct ht_fact_builder, units)},
    {.name = "job", .kind = FACT_TEXTS, .offset = offsetof(struct ht_fact_builder, job)},
    {.name = "repository",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct ht_fact_builder, repository)},
    {.name = "trigger", .kind = FACT_TEXTS, .offset = offsetof(struct ht_fact_builder, trigger)},
};
static const struct fact_shape builder_shape = SHAPE(ht_fact_builder, builder_keys);
static const struct fact_key client_keys[] = {
    {.name = "name",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_client, name),
     .required = true},
    {.name = "id",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_client, id),
     .required = true},
    {.name = "programs",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct ht_fact_client, programs),
     .required = true},
    {.name = "words",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct ht_fact_client, words),
     .required = true},
};
static const struct fact_shape client_shape = SHAPE(ht_fact_client, client_keys);
static const struct fact_key neighbour_keys[] = {
    {.name = "name",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_neighbour, name),
     .required = true},
    {.name = "processes",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct ht_fact_neighbour, processes),
     .required = true},
    {.name = "images", .kind = FACT_TEXTS, .offset = offsetof(struct ht_fact_neighbour, images)},
};
static const struct fact_shape neighbour_shape = SHAPE(ht_fact_neighbour, neighbour_keys);
static const struct fact_key version_keys[] = {
    {.name = "name",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_version, name),
     .required = true},
    {.name = "images",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct ht_fact_version, images),
     .required = true},
    {.name = "fixed", .kind = FACT_TEXT, .offset = offsetof(struct ht_fact_version, fixed)},
    {.name = "ended", .kind = FACT_TEXT, .offset = offsetof(struct ht_fact_version, ended)},
    {.name = "ids", .kind = FACT_TEXTS, .offset = offsetof(struct ht_fact_version, ids)},
};
static const struct fact_shape version_shape = SHAPE(ht_fact_version, version_keys);
static const struct fact_key builders_keys[] = {
    SOURCE(facts_builders),
    {.name = "systems",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_builders, systems),
     .required = true,
     .sub = &builder_shape},
    {.name = "clients",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_builders, clients),
     .required = true,
     .sub = &client_shape},
    {.name = "others",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct facts_builders, others),
     .required = true},
    {.name = "neighbours",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_builders, neighbours),
     .required = true,
     .sub = &neighbour_shape},
    {.name = "untrusted",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct facts_builders, untrusted),
     .required = true},
    {.name = "credentials",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct facts_builders, credentials),
     .required = true},
    {.name = "credential_files",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct facts_builders, credential_files),
     .required = true},
    {.name = "versions",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_builders, versions),
     .required = true,
     .sub = &version_shape},
};
static const struct fact_shape builders_shape = SHAPE(facts_builders, builders_keys);

static const struct fact_key workload_keys[] = {
    {.name = "name",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_workload, name),
     .required = true},
    {.name = "namespace",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_workload, namespace)},
    {.name = "owner", .kind = FACT_TEXT, .offset = offsetof(struct ht_fact_workload, owner)},
    {.name = "labels", .kind = FACT_TEXTS, .offset = offsetof(struct ht_fact_workload, labels)},
    {.name = "images",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct ht_fact_workload, images),
     .required = true},
    {.name = "command", .kind = FACT_TEXT, .offset = offsetof(struct ht_fact_workload, command)},
    {.name = "checks",
     .kind = FACT_MAP,
     .offset = offsetof(struct ht_fact_workload, checks),
     .required = true},
};
static const struct fact_shape workload_shape = SHAPE(ht_fact_workload, workload_keys);
static const struct fact_key expected_keys[] = {
    SOURCE(facts_expected),
    {.name = "workloads",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_expected, workloads),
     .required = true,
     .sub = &workload_shape},
};
static const struct fact_shape expected_shape = SHAPE(facts_expected, expected_keys);

static const struct fact_key manager_keys[] = {
    {.name = "programs",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct ht_fact_manager, programs),
     .required = true},
    {.name = "verbs",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct ht_fact_manager, verbs),
     .required = true},
    {.name = "looks", .kind = FACT_TEXTS, .offset = offsetof(struct ht_fact_manager, looks)},
};
static const struct fact_shape manager_shape = SHAPE(ht_fact_manager, manager_keys);
#define PROGRAMS(word, list)                                                                       \
    {                                                                                              \
        .name = (word), .kind = FACT_TEXTS,                                                        \
        .offset = offsetof(struct facts_programs, lists[HT_FACT_PROGRAMS_##list]),                 \
        .required = true                                                                           \
    }
static const struct fact_key programs_keys[] = {
    SOURCE(facts_programs),
    {.name = "managers",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_programs, managers),
     .required = true,
     .sub = &manager_shape},
    PROGRAMS("download", DOWNLOAD),
    PROGRAMS("shells", SHELL),
    PROGRAMS("interpreters", INTERPRETER),
    PROGRAMS("relays", RELAY),
    PROGRAMS("servers", SERVER),
    PROGRAMS("java_servers", JAVA_SERVER),
    PROGRAMS("java_workers", JAVA_WORKER),
    PROGRAMS("java_unpacked", JAVA_UNPACKED),
    PROGRAMS("tools", TOOL),
    PROGRAMS("ssh", SSH),
    PROGRAMS("readers", READER),
    PROGRAMS("monitors", MONITOR),
    PROGRAMS("threads", THREAD),
    PROGRAMS("node_parts", NODE_PART),
    PROGRAMS("compilers", COMPILER),
    PROGRAMS("compiler_libraries", COMPILER_LIBRARY),
};
static const struct fact_shape programs_shape = SHAPE(facts_programs, programs_keys);

static const struct fact_key miners_keys[] = {
    SOURCE(facts_miners),
    {.name = "names",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct facts_miners, names),
     .required = true},
    {.name = "others", .kind = FACT_TEXTS, .offset = offsetof(struct facts_miners, others)},
    {.name = "pools", .kind = FACT_TEXTS, .offset = offsetof(struct facts_miners, pools)},
    {.name = "targets", .kind = FACT_TEXTS, .offset = offsetof(struct facts_miners, targets)},
    {.name = "payees", .kind = FACT_TEXTS, .offset = offsetof(struct facts_miners, payees)},
    {.name = "arguments",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct facts_miners, arguments),
     .required = true},
    {.name = "ports",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct facts_miners, ports),
     .required = true},
};
static const struct fact_shape miners_shape = SHAPE(facts_miners, miners_keys);
static const struct fact_key injector_keys[] = {
    {.name = "name",
     .kind = FACT_TEXT,
     .offset = offsetof(struct ht_fact_injector, name),
     .required = true},
    {.name = "on",
     .kind = FACT_WORD,
     .offset = offsetof(struct ht_fact_injector, on),
     .required = true,
     .words = on_words},
    {.name = "paths",
     .kind = FACT_TEXTS,
     .offset = offsetof(struct ht_fact_injector, paths),
     .required = true},
};
static const struct fact_shape injector_shape = SHAPE(ht_fact_injector, injector_keys);
static const struct fact_key injectors_keys[] = {
    SOURCE(facts_injectors),
    {.name = "injectors",
     .kind = FACT_LIST,
     .offset = offsetof(struct facts_injectors, injectors),
     .required = true,
     .sub = &injector_shape},
};
static const struct fact_shape injectors_shape = SHAPE(facts_injectors, injectors_keys);

static const struct fact_table tables[] = {
    {"builders.yaml", &builders_shape, offsetof(struct ht_facts, builders)},
    {"capabilities.yaml", &capabilities_shape, offsetof(struct ht_facts, capabilities)},
    {"expected.yaml", &expected_shape, offsetof(struct ht_facts, expected)},
    {"injectors.yaml", &injectors_shape, offsetof(struct ht_facts, injectors)},
    {"masks.yaml", &masks_shape, offsetof(struct ht_facts, masks)},
    {"miners.yaml", &miners_shape, offsetof(struct ht_facts, miners)},
    {"paths.yaml", &paths_shape, offsetof(struct ht_facts, paths)},
    {"programs.yaml", &programs_shape, offsetof(struct ht_facts, programs)},
    {"runtimes.yaml", &runtimes_shape, offsetof(struct ht_facts, runtimes)},
    {"sockets.yaml", &sockets_shape, offsetof(struct ht_facts, sockets)},
    {"stack.yaml", &stack_shape, offsetof(struct ht_facts, stack)},
    {"support.yaml", &support_shape, offsetof(struct ht_facts, support)},
    {"sysctls.yaml", &sysctls_shape, offsetof(struct ht_facts, sysctls)},
    {NULL, NULL, 0},
};

const struct fact_table *ht_fact_tables(void)
{
    return tables;
}
