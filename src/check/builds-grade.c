/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far a build is kept from what else runs on its node, from A to E.
 *
 *   E  it can take over the node: privileged, the runtime's socket, the node's process ids, a
 *      capability worth root, a folder of the node that makes root, root outside of any container
 *   D  an ordinary container: its root is the node's root, held by namespaces alone; or an ordinary
 *      user of the node
 *   C  its root is nobody on the node: a user namespace, or no root and no capability at all
 *   B  a kernel of its own, proven by the shim or the sandbox that runs in its place
 *   A  a node of its own: a taint keeps others away, and none is here
 *
 * The worst container of a pod decides. What cannot be told has no grade.
 */
#include "builds-private.h"

#include <string.h>

#include "hulltop/base/mem.h"
#include "hulltop/check/classify.h"
#include "hulltop/check/privilege.h"

/* What one part of a build comes to. */
struct verdict {
    bool known;
    enum ht_build_grade grade;
    struct ht_str reason;
};

static struct verdict verdict(enum ht_build_grade grade, struct ht_str reason)
{
    return (struct verdict){.known = true, .grade = grade, .reason = reason};
}

static struct verdict unknown(struct ht_str reason)
{
    return (struct verdict){.reason = reason};
}

/* ---- a kernel of its own ---- */

static bool is_sandbox(const struct ht_fact_runtime *runtime)
{
    return runtime &&
           (runtime->kind == HT_FACT_RUNTIME_VM || runtime->kind == HT_FACT_RUNTIME_USER_KERNEL ||
            runtime->kind == HT_FACT_RUNTIME_WASM);
}

const struct ht_fact_runtime *ht_builds_sandbox(const struct builds *builds,
                                                const struct build_member *member)
{
    const struct ht_process *init = member->init;
    const struct ht_process *parent = init ? ht_builds_process(builds, init->ppid) : NULL;

    return ht_sandbox_proven(builds->facts, member->container, init,
                             parent && !ht_builds_member(builds, parent) ? parent : NULL);
}

/* ---- what takes over the node ---- */

/* What is so counts; what was declared only where that is not known. */
static const struct ht_privilege *privilege_of(const struct ht_container *container)
{
    if (ht_container_has_effective(container) && container->effective.known)
        return &container->effective;
    return ht_container_has_declared(container) && container->declared.known ? &container->declared
                                                                             : NULL;
}

static struct ht_str worst_mount(const struct builds *builds, const struct ht_container *container)
{
    const struct ht_mount_list *mounts = ht_builds_mounts(container);

    for (size_t i = 0; i < mounts->len; i++) {
        const struct ht_mount *mount = &mounts->items[i];
        struct ht_str path = ht_builds_path(mount);

        if (ht_builds_socket(builds, container, mount))
            return ht_arena_strf(builds->arena, "gives orders to the runtime through %.*s",
                                 HT_STR_ARG(path));
        if (path.len && ht_mount_has_rw(mount) && mount->rw &&
            ht_facts_path(builds->facts, HT_FACT_PATHS_WRITABLE, path))
            return ht_arena_strf(builds->arena, "may write %.*s of the node", HT_STR_ARG(path));
    }
    return (struct ht_str){0};
}

static struct ht_str strong_capability(const struct builds *builds,
                                       const struct ht_privilege *privilege)
{
    for (unsigned bit = 0; ht_privilege_has_caps(privilege) && bit < 64; bit++) {
        const struct ht_fact_capability *capability = ht_facts_capability(builds->facts, bit);

        if (privilege->caps >> bit & 1 && capability && capability->tier == 1 &&
            capability->needs == HT_FACT_NEEDS_NOTHING)
            return ht_arena_strf(builds->arena, "has the capability %.*s",
                                 HT_STR_ARG(capability->name));
    }
    return (struct ht_str){0};
}

static struct ht_str power_over_node(const struct builds *builds,
                                     const struct ht_privilege *privilege)
{
    if (ht_privilege_has_privileged(privilege) && privilege->privileged)
        return HT_S("privileged");
    if (ht_privilege_has_all_devices(privilege) && privilege->all_devices)
        return HT_S("may open every device of the node");
    if (ht_privilege_has_pid_ns(privilege) && privilege->pid_ns == HT_NS_SCOPE_HOST)
        return HT_S("shares the node's process ids");
    /* They are worth nothing to the node, whoever its root is. */
    if (ht_privilege_has_user_ns(privilege) && privilege->user_ns == HT_NS_SCOPE_OWN)
        return (struct ht_str){0};
    return strong_capability(builds, privilege);
}

/* ---- one container ---- */

static struct verdict grade_plain(const struct builds *builds, const struct build_member *member)
{
    const struct ht_privilege *privilege = privilege_of(member->container);

    if (!privilege)
        return unknown(HT_S("its privileges are not known"));
    if (ht_privilege_is_remapped(privilege)) {
        if (ht_privilege_has_host_uid(privilege))
            return verdict(HT_BUILD_GRADE_C,
                           ht_arena_strf(builds->arena, "a user namespace: it is uid %llu here",
                                         (unsigned long long)privilege->host_uid));
        return verdict(HT_BUILD_GRADE_C, HT_S("a user namespace of its own"));
    }

    struct ht_str power = power_over_node(builds, privilege);
    if (power.len)
        return verdict(HT_BUILD_GRADE_E, power);
    if (ht_privilege_has_host_uid(privilege) && privilege->host_uid != 0 &&
        ht_privilege_has_caps(privilege) && privilege->caps == 0)
        return verdict(HT_BUILD_GRADE_C,
                       ht_arena_strf(builds->arena, "uid %llu without any capability",
                                     (unsigned long long)privilege->host_uid));
    return verdict(HT_BUILD_GRADE_D, HT_S("an ordinary container: its root is the node's root"));
}

static struct verdict grade_member(const struct builds *builds, const struct build_member *member)
{
    const struct ht_fact_runtime *sandbox = ht_builds_sandbox(builds, member);
    struct ht_str mount = worst_mount(builds, member->container);

    if (mount.len)
        return verdict(HT_BUILD_GRADE_E, mount);
    if (sandbox)
        return verdict(HT_BUILD_GRADE_B, ht_arena_strf(builds->arena, "a kernel of its own: %.*s",
                                                       HT_STR_ARG(sandbox->name)));

    struct verdict plain = grade_plain(builds, member);
    const struct ht_fact_runtime *named =
        ht_container_has_oci_runtime(member->container)
            ? ht_facts_runtime(builds->facts, member->container->oci_runtime)
            : NULL;
    if (plain.known && plain.grade == HT_BUILD_GRADE_D && is_sandbox(named))
        plain.reason = ht_arena_strf(builds->arena,
                                     "its runtime is called %.*s, but none of its "
                                     "programs runs here",
                                     HT_STR_ARG(member->container->oci_runtime));
    return plain;
}

/* ---- a process of the node ---- */

static struct verdict grade_process(const struct builds *builds, const struct building *building)
{
    const struct ht_process *process = building->processes.items[0];

    if (building->chroot)
        return verdict(HT_BUILD_GRADE_E,
                       HT_S("its steps have nothing of their own but a root directory"));
    if (building->by_engine || ht_str_is(building->row.system, "buildah")) {
        if (ht_process_has_uid_map_full(process) && !process->uid_map_full)
            return verdict(HT_BUILD_GRADE_C, HT_S("a user namespace of its own"));
        return unknown(HT_S("none of its steps was seen yet"));
    }
    if (!ht_process_has_euid(process))
        return unknown(HT_S("its user is not known"));
    if (process->euid == 0)
        return verdict(HT_BUILD_GRADE_E, HT_S("root on the node, outside of any container"));
    return verdict(HT_BUILD_GRADE_D,
                   ht_arena_strf(builds->arena, "user %llu of the node, outside of any container",
                                 (unsigned long long)process->euid));
}

/* ---- the whole ---- */

/* Taints that builds are kept apart by: "ci=true:NoSchedule", "dedicated=build:NoExecute". */
static bool is_build_taint(struct ht_str taint)
{
    static const char *const words[] = {"ci",     "cicd",    "build",          "builds", "builder",
                                        "runner", "jenkins", "gitlab",         "tekton", "buildkit",
                                        "dind",   "arc",     "github-actions", "runners"};
    size_t from = 0;

    if (ht_str_has_suffix(taint, ":PreferNoSchedule"))
        return false;
    for (size_t i = 0; i <= taint.len; i++) {
        if (i < taint.len && !strchr("./=:_", taint.data[i]))
            continue;
        for (size_t j = 0; j < ARRAY_LEN(words); j++) {
            if (ht_str_is(ht_str_sub(taint, from, i - from), words[j]))
                return true;
        }
        from = i + 1;
    }
    return false;
}

bool ht_host_is_reserved(const struct ht_host *host)
{
    for (size_t i = 0; i < host->taints.len; i++) {
        if (is_build_taint(host->taints.items[i]))
            return true;
    }
    return false;
}

static struct verdict worse(struct verdict a, struct verdict b)
{
    if (a.known && a.grade == HT_BUILD_GRADE_E)
        return a;
    if (!b.known || !a.known)
        return b.known && b.grade == HT_BUILD_GRADE_E ? b : a.known ? b : a;
    return b.grade > a.grade ? b : a;
}

static struct verdict judge(const struct builds *builds, const struct building *building)
{
    struct verdict result = {0};

    if (building->asker) {
        const struct ht_mount_list *mounts = ht_builds_mounts(building->asker->container);

        for (size_t i = 0; i < mounts->len; i++) {
            if (ht_builds_socket(builds, building->asker->container, &mounts->items[i]))
                return verdict(
                    HT_BUILD_GRADE_E,
                    ht_arena_strf(builds->arena, "started through the runtime's socket by %.*s",
                                  HT_STR_ARG(ht_builds_name(building->asker->container))));
        }
    }
    for (size_t i = 0; i < building->members.len; i++) {
        struct verdict next = grade_member(builds, building->members.items[i]);

        result = i ? worse(result, next) : next;
    }
    if (building->members.len == 0)
        result = grade_process(builds, building);
    if (result.known && result.grade < HT_BUILD_GRADE_E && builds->applications == 0 &&
        ht_host_is_reserved(builds->host))
        result = verdict(HT_BUILD_GRADE_A, HT_S("a node of its own"));
    return result;
}

void ht_builds_set_grade(const struct builds *builds, struct building *building)
{
    struct verdict result = judge(builds, building);

    ht_build_set_reason(&building->row, result.reason);
    if (!result.known)
        return;
    ht_build_set_grade(&building->row, result.grade);
    /* Each grade has its word. */
    ht_build_set_badge(&building->row, (enum ht_build_badge)result.grade);
}
