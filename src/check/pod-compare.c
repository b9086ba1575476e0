/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/check/pod-compare.h"

#include <string.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/mem.h"
#include "view.h"

struct comparing {
    const struct ht_pod_pair *pair;
    const struct ht_pod_container *wanted;
    const struct ht_privilege *runs; /* as the kernel has it, else as the runtime was told */
    struct ht_arena *arena;
    struct ht_pod_differences *ret;
    bool privileged; /* declared so: nothing holds it back then */
};

const struct ht_pod_container *ht_pod_find_container(const struct ht_pod *pod, struct ht_str name)
{
    for (size_t i = 0; i < pod->containers.len; i++) {
        if (ht_str_equal(pod->containers.items[i].name, name))
            return &pod->containers.items[i];
    }
    return NULL;
}

struct ht_str ht_pod_container_name(const struct ht_pod *pod, const struct ht_container *container)
{
    for (size_t i = 0; i < pod->container_ids.len; i++) {
        struct ht_str id = pod->container_ids.items[i].value;

        id = ht_str_base(id);
        if (ht_str_equal(id, container->id))
            return pod->container_ids.items[i].key;
    }
    for (size_t i = 0; i < container->labels.len; i++) {
        if (ht_str_is(container->labels.items[i].key, "io.kubernetes.container.name"))
            return container->labels.items[i].value;
    }
    return (struct ht_str){0};
}

static void differ(struct comparing *comparing, const struct ht_pod_difference *difference)
{
    struct ht_pod_differences *ret = comparing->ret;

    if (ret->len < HT_POD_DIFFERENCES_MAX)
        ret->items[ret->len++] = *difference;
}

static struct ht_str yes_no(bool value)
{
    return value ? HT_S("true") : HT_S("false");
}

/* ---- one field each ---- */

static void compare_privileged(struct comparing *comparing)
{
    bool runs = comparing->runs->privileged;

    if (ht_privilege_has_privileged(comparing->runs) && runs != comparing->privileged)
        differ(comparing, &(struct ht_pod_difference){.field = HT_S("privileged"),
                                                      .declared = yes_no(comparing->privileged),
                                                      .runs = yes_no(runs),
                                                      .more = runs,
                                                      .severity = HT_SEVERITY_HIGH});
}

static void compare_scope(struct comparing *comparing, const char *field, bool declared,
                          enum ht_ns_scope scope)
{
    bool runs = scope == HT_NS_SCOPE_HOST;

    if (runs != declared)
        differ(comparing, &(struct ht_pod_difference){.field = ht_str_from(field),
                                                      .declared = yes_no(declared),
                                                      .runs = yes_no(runs),
                                                      .more = runs,
                                                      .severity = HT_SEVERITY_HIGH});
}

static void compare_namespaces(struct comparing *comparing)
{
    const struct ht_privilege *runs = comparing->runs;
    const struct ht_pod *pod = comparing->pair->pod;

    if (ht_privilege_has_pid_ns(runs))
        compare_scope(comparing, "hostPID", pod->host_pid, runs->pid_ns);
    if (ht_privilege_has_net_ns(runs))
        compare_scope(comparing, "hostNetwork", pod->host_network, runs->net_ns);
    if (ht_privilege_has_ipc_ns(runs))
        compare_scope(comparing, "hostIPC", pod->host_ipc, runs->ipc_ns);
    /* Without the field the node's users are what was asked for; a namespace of its own is less. */
    if (ht_pod_has_host_users(pod) && !pod->host_users && ht_privilege_has_user_ns(runs) &&
        runs->user_ns == HT_NS_SCOPE_HOST)
        differ(comparing, &(struct ht_pod_difference){.field = HT_S("hostUsers"),
                                                      .declared = HT_S("false"),
                                                      .runs = HT_S("true"),
                                                      .more = true,
                                                      .severity = HT_SEVERITY_MEDIUM});
}

/* The user that the manifest names, if it does. */
static bool declares_user(const struct comparing *comparing, int64_t *ret_uid)
{
    if (ht_pod_container_has_uid(comparing->wanted))
        *ret_uid = comparing->wanted->uid;
    else if (ht_pod_has_uid(comparing->pair->pod))
        *ret_uid = comparing->pair->pod->uid;
    else
        return false;
    return true;
}

static void compare_user(struct comparing *comparing)
{
    const struct ht_pod *pod = comparing->pair->pod;
    bool non_root = ht_pod_container_has_non_root(comparing->wanted) ? comparing->wanted->non_root
                                                                     : pod->non_root;
    int64_t uid = 0;
    struct ht_str declared = {0};

    /* A program may give root up; it cannot get it. */
    if (!ht_privilege_has_uid(comparing->runs) || comparing->runs->uid != 0)
        return;
    if (declares_user(comparing, &uid) && uid != 0)
        declared = ht_arena_strf(comparing->arena, "%lld", (long long)uid);
    else if (non_root)
        declared = HT_S("not root");
    if (declared.len)
        differ(comparing, &(struct ht_pod_difference){.field = HT_S("runAsUser"),
                                                      .declared = declared,
                                                      .runs = HT_S("0"),
                                                      .more = true,
                                                      .severity = HT_SEVERITY_MEDIUM});
}

static uint64_t caps_of(const struct ht_text_list *names, uint64_t all)
{
    uint64_t caps = 0;

    for (size_t i = 0; i < names->len; i++) {
        struct ht_str name = names->items[i];

        if (ht_str_is_nocase(name, "ALL"))
            return all;
        if (ht_str_has_prefix(name, "CAP_"))
            name = ht_str_sub(name, strlen("CAP_"), name.len);
        for (unsigned bit = 0; bit < ht_capability_enum.count; bit++) {
            if (ht_str_is_nocase(name, ht_enum_name(&ht_capability_enum, (int)bit)))
                caps |= UINT64_C(1) << bit;
        }
    }
    return caps;
}

static enum ht_severity severity_of(const struct ht_facts *facts, uint64_t caps)
{
    enum ht_severity severity = HT_SEVERITY_LOW;

    for (unsigned bit = 0; bit < 64; bit++) {
        unsigned tier = caps >> bit & 1 ? ht_facts_cap_tier(facts, bit) : 3;

        if (tier == 1)
            return HT_SEVERITY_HIGH;
        if (tier < 3)
            severity = HT_SEVERITY_MEDIUM;
    }
    return severity;
}

static struct ht_str names_of(struct ht_arena *arena, uint64_t caps)
{
    ht_autobuf struct ht_buf text = HT_BUF(1024);

    for (unsigned bit = 0; bit < ht_capability_enum.count; bit++) {
        if (!(caps >> bit & 1))
            continue;
        ht_buf_add_text(&text, text.len ? "," : "");
        ht_buf_add_text(&text, ht_enum_name(&ht_capability_enum, (int)bit));
    }
    return ht_arena_str(arena, ht_buf_str(&text));
}

/* The bounding set tells what root in it has, whoever its first program is. */
static void compare_caps(struct comparing *comparing)
{
    const struct ht_privilege *runs = comparing->runs;
    uint64_t all = ~UINT64_C(0);
    uint64_t base =
        ht_facts_default_caps(comparing->pair->facts, comparing->pair->container->runtime);
    uint64_t dropped = caps_of(&comparing->wanted->cap_drop, all);
    uint64_t may = (base & ~dropped) | caps_of(&comparing->wanted->cap_add, all);
    uint64_t has = ht_privilege_has_bounding(runs) ? runs->bounding : runs->caps;
    uint64_t more = has & ~may;

    if ((!ht_privilege_has_bounding(runs) && !ht_privilege_has_caps(runs)) || more == 0)
        return;
    differ(comparing, &(struct ht_pod_difference){
                          .field = HT_S("capabilities"),
                          .declared = names_of(comparing->arena, may & all),
                          .runs = ht_arena_strf(comparing->arena, "also %.*s",
                                                HT_STR_ARG(names_of(comparing->arena, more))),
                          .more = true,
                          .severity = severity_of(comparing->pair->facts, more)});
}

static bool asks_for_profile(struct ht_str type)
{
    return ht_str_is(type, "RuntimeDefault") || ht_str_is(type, "Localhost");
}

static void compare_confinement(struct comparing *comparing)
{
    const struct ht_pod_container *wanted = comparing->wanted;
    const struct ht_privilege *runs = comparing->runs;
    const struct ht_pod *pod = comparing->pair->pod;
    const struct ht_host *host = comparing->pair->host;
    struct ht_str seccomp = ht_pod_container_has_seccomp(wanted) ? wanted->seccomp : pod->seccomp;
    struct ht_str apparmor =
        ht_pod_container_has_apparmor(wanted) ? wanted->apparmor : pod->apparmor;

    if (asks_for_profile(seccomp) && ht_privilege_has_seccomp(runs) &&
        runs->seccomp == HT_SECCOMP_MODE_DISABLED)
        differ(comparing, &(struct ht_pod_difference){.field = HT_S("seccompProfile"),
                                                      .declared = seccomp,
                                                      .runs = HT_S("no filter"),
                                                      .more = true,
                                                      .severity = HT_SEVERITY_MEDIUM});
    if (asks_for_profile(apparmor) && host && host->apparmor && ht_privilege_has_lsm(runs) &&
        ht_is_loose_label(runs->lsm))
        differ(comparing, &(struct ht_pod_difference){.field = HT_S("appArmorProfile"),
                                                      .declared = apparmor,
                                                      .runs = runs->lsm,
                                                      .more = true,
                                                      .severity = HT_SEVERITY_MEDIUM});
    if (ht_pod_container_has_escalation(wanted) && !wanted->escalation &&
        ht_privilege_has_no_new_privs(runs) && !runs->no_new_privs)
        differ(comparing, &(struct ht_pod_difference){.field = HT_S("allowPrivilegeEscalation"),
                                                      .declared = HT_S("false"),
                                                      .runs = HT_S("true"),
                                                      .more = true,
                                                      .severity = HT_SEVERITY_MEDIUM});
}

static void compare_rootfs(struct comparing *comparing)
{
    if (comparing->wanted->rootfs_ro && ht_privilege_has_rootfs_ro(comparing->runs) &&
        !comparing->runs->rootfs_ro)
        differ(comparing, &(struct ht_pod_difference){.field = HT_S("readOnlyRootFilesystem"),
                                                      .declared = HT_S("true"),
                                                      .runs = HT_S("false"),
                                                      .more = true,
                                                      .severity = HT_SEVERITY_LOW});
}

/* ---- limits ---- */

enum { PAGE = 65536, CPU_SLACK = 10 };

static bool is_near(uint64_t a, uint64_t b, uint64_t slack)
{
    return (a == 0) == (b == 0) && (a > b ? a - b : b - a) <= slack;
}

bool ht_memory_limits_differ(uint64_t a, uint64_t b)
{
    return !is_near(a, b, PAGE);
}

bool ht_cpu_limits_differ(uint64_t a, uint64_t b)
{
    return !is_near(a, b, CPU_SLACK);
}

static void differ_limit(struct comparing *comparing, const char *field, uint64_t declared,
                         uint64_t runs, const char *unit)
{
    differ(comparing, &(struct ht_pod_difference){
                          .field = ht_str_from(field),
                          .declared = ht_arena_strf(comparing->arena, "%llu%s",
                                                    (unsigned long long)declared, unit),
                          .runs = runs ? ht_arena_strf(comparing->arena, "%llu%s",
                                                       (unsigned long long)runs, unit)
                                       : HT_S("no limit"),
                          .severity = HT_SEVERITY_LOW});
}

/* The node takes its time over a change of limits, or never makes it; until then what it applied
 * before counts: no limit, where it tells none and there is none. At any other time it repeats what
 * the runtime has, whoever changed that. */
static bool is_before(struct comparing *comparing, bool applied)
{
    bool before = applied && comparing->pair->pod->resize.len;

    comparing->ret->resizing = comparing->ret->resizing || before;
    return before;
}

static void compare_memory(struct comparing *comparing)
{
    const struct ht_pod_container *wanted = comparing->wanted;
    const struct ht_container *runs = comparing->pair->container;

    if (!ht_pod_container_has_memory_limit(wanted) || !ht_container_has_memory_limit(runs) ||
        !ht_memory_limits_differ(wanted->memory_limit, runs->memory_limit) ||
        is_before(comparing,
                  ht_pod_container_has_memory_applied(wanted)
                      ? !ht_memory_limits_differ(wanted->memory_applied, runs->memory_limit)
                      : runs->memory_limit == 0))
        return;
    differ_limit(comparing, "resources.limits.memory", wanted->memory_limit, runs->memory_limit,
                 " bytes");
}

/* Without a limit the kubelet may have given whole cores instead, or be told to set none. */
static void compare_cpu(struct comparing *comparing)
{
    const struct ht_pod_container *wanted = comparing->wanted;
    const struct ht_container *runs = comparing->pair->container;

    if (!ht_pod_container_has_cpu_limit(wanted) || !ht_container_has_cpu_limit(runs) ||
        runs->cpu_limit == 0 || !ht_cpu_limits_differ(wanted->cpu_limit, runs->cpu_limit) ||
        is_before(comparing, ht_pod_container_has_cpu_applied(wanted) &&
                                 !ht_cpu_limits_differ(wanted->cpu_applied, runs->cpu_limit)))
        return;
    differ_limit(comparing, "resources.limits.cpu", wanted->cpu_limit, runs->cpu_limit, "m");
}

/* ---- all ---- */

/* The node sees a sandbox in place of its program, and that one's rights. */
static bool is_sandboxed(const struct ht_pod_pair *pair)
{
    const struct ht_container *container = pair->container;

    return ht_container_has_class(container) && container->class == HT_CLASS_SANDBOXED;
}

const struct ht_privilege *ht_pod_compared(const struct ht_container *container)
{
    if (ht_container_has_effective(container) && container->effective.known)
        return &container->effective;
    if (ht_container_has_declared(container) && container->declared.known)
        return &container->declared;
    return NULL;
}

void ht_pod_compare(const struct ht_pod_pair *pair, struct ht_arena *arena,
                    struct ht_pod_differences *ret)
{
    const struct ht_container *container = pair->container;
    struct comparing comparing = {
        .pair = pair,
        .wanted = ht_pod_find_container(pair->pod, ht_pod_container_name(pair->pod, container)),
        .runs = ht_pod_compared(container),
        .arena = arena,
        .ret = ret};

    ret->len = 0;
    ret->resizing = false;
    if (!comparing.wanted || is_sandboxed(pair))
        return;
    compare_memory(&comparing);
    compare_cpu(&comparing);
    if (!comparing.runs)
        return;
    comparing.privileged = comparing.wanted->privileged;
    compare_privileged(&comparing);
    compare_namespaces(&comparing);
    compare_user(&comparing);
    compare_rootfs(&comparing);
    if (comparing.privileged)
        return;
    compare_caps(&comparing);
    compare_confinement(&comparing);
}
