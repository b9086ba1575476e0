/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view.h"

#include <string.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/classify.h"
#include "hulltop/check/privilege.h"
#include "identity.h"

static const struct ht_privilege nothing_known;

/* ---- the first process ---- */

/* Rows of processes are sorted by "PID.START". */
const struct ht_process *ht_view_find_process(const struct ht_node *node, uint64_t pid)
{
    const struct ht_rowset *set = ht_node_set(node, HT_TABLE_PROCESS);
    char text[32];
    char *at = text + sizeof(text) - 1;
    size_t low = 0, high = set->len;

    /* Without the price of snprintf: every check of every container begins here. */
    *at = '\0';
    *--at = '.';
    do
        *--at = (char)('0' + pid % 10);
    while (pid /= 10);
    const struct ht_str prefix = ht_str_from(at);
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (ht_str_compare(ht_row_id(set->rows[middle]), prefix) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < set->len && ht_str_has_prefix(ht_row_id(set->rows[low]), at))
        return ht_process_of(set->rows[low]);
    return NULL;
}

static void explain_effective(struct view *view)
{
    const struct ht_container *container = view->container;
    bool known = ht_container_has_effective(container) && container->effective.known != 0;

    view->effective = known && !view->sandboxed ? &container->effective : &nothing_known;
    view->why_no_effective = NULL;
    view->help_effective = "";
    if (view->sandboxed) {
        view->why_no_effective = "the host sees the sandbox, not the program in it";
    } else if (!known && view->init && ht_privilege_is_young(view->init)) {
        view->why_no_effective = "it started a moment ago and may still be dropping privileges";
        view->help_effective = "it is read again in a moment";
    } else if (!known) {
        view->why_no_effective =
            view->init ? "its first process may not be read" : "its first process was not seen";
        view->help_effective = "sudo hulltop in the host's pid namespace";
    }
}

static const char *source_of(const struct ht_container *container)
{
    if (ht_str_is(container->runtime, "docker"))
        return "docker inspect";
    if (ht_str_is(container->runtime, "podman"))
        return "podman inspect";
    if (ht_str_is(container->runtime, "containerd"))
        return "containerd";
    if (ht_str_is(container->runtime, "cri-o"))
        return "CRI-O";
    return "container runtime";
}

/* By the programs that run in its place, where they are seen; else by what its runtime is called.
 */
static bool is_sandboxed(const struct view *view)
{
    const struct ht_container *container = view->container;
    const struct ht_fact_runtime *runtime;

    if (ht_container_has_class(container) && container->class == HT_CLASS_SANDBOXED)
        return true;
    if (view->init) {
        const struct ht_process *parent =
            ht_view_find_process(ht_checking_node(view->checking), view->init->ppid);

        return ht_sandbox_proven(view->facts, container, view->init,
                                 parent && !ht_process_has_container(parent) ? parent : NULL);
    }
    runtime = ht_container_has_oci_runtime(container)
                  ? ht_facts_runtime(view->facts, container->oci_runtime)
                  : NULL;
    return runtime &&
           (runtime->kind == HT_FACT_RUNTIME_VM || runtime->kind == HT_FACT_RUNTIME_WASM ||
            runtime->kind == HT_FACT_RUNTIME_USER_KERNEL);
}

/* Its first process, and whether that is a sandbox. */
static void find_init(struct view *view)
{
    const struct ht_container *container = view->container;

    if (ht_container_has_pid(container) && container->pid)
        view->init = ht_view_find_process(ht_checking_node(view->checking), container->pid);
    view->sandboxed = is_sandboxed(view);
}

/* The same for every check of one container. */
static void share_init(struct view *view, const struct ht_row *row)
{
    struct ht_check_batch *shared = ht_checking_shared(view->checking, row);

    view->shared = shared;
    if (shared && shared->viewed) {
        view->init = shared->init;
        view->sandboxed = shared->sandboxed;
        return;
    }
    find_init(view);
    if (shared) {
        shared->init = view->init;
        shared->sandboxed = view->sandboxed;
        shared->viewed = true;
    }
}

bool ht_view_open(struct ht_checking *checking, const struct ht_row *row, struct view *view)
{
    const struct ht_container *container = ht_container_of(row);

    if (!ht_subject_runs(row))
        return false;
    *view = (struct view){.checking = checking,
                          .facts = ht_checking_facts(checking),
                          .host = ht_node_host(ht_checking_node(checking)),
                          .container = container,
                          .declared_source = source_of(container)};
    view->declared = ht_container_has_declared(container) ? &container->declared : &nothing_known;
    share_init(view, row);
    explain_effective(view);
    return true;
}

const char *ht_view_status(const struct view *view)
{
    return ht_arena_strf(ht_checking_arena(view->checking), "/proc/%llu/status",
                         (unsigned long long)view->container->pid)
        .data;
}

/* ---- answers from both sides ---- */

/* One side says yes: yes. One says no and the other nothing else: no. */
static enum tri either(enum tri a, enum tri b)
{
    if (a == TRI_YES || b == TRI_YES)
        return TRI_YES;
    return a == TRI_NO || b == TRI_NO ? TRI_NO : TRI_UNKNOWN;
}

/* What is so counts; what was declared only where that is not known. */
static enum tri rather(enum tri effective, enum tri declared)
{
    return effective == TRI_UNKNOWN ? declared : effective;
}

static enum tri tri_if(bool known, bool value)
{
    if (!known)
        return TRI_UNKNOWN;
    return value ? TRI_YES : TRI_NO;
}

/* Somebody else's may be the node's: a container that joined another with the node's network. */
static enum tri is_of_node(bool known, enum ht_ns_scope scope)
{
    return tri_if(known && scope != HT_NS_SCOPE_SHARED, scope == HT_NS_SCOPE_HOST);
}

static enum tri shares_ns(const struct ht_privilege *privilege, enum view_ns ns)
{
    switch (ns) {
    case VIEW_NS_PID:
        return is_of_node(ht_privilege_has_pid_ns(privilege), privilege->pid_ns);
    case VIEW_NS_NET:
        return is_of_node(ht_privilege_has_net_ns(privilege), privilege->net_ns);
    case VIEW_NS_IPC:
        return is_of_node(ht_privilege_has_ipc_ns(privilege), privilege->ipc_ns);
    case VIEW_NS_USER:
        return is_of_node(ht_privilege_has_user_ns(privilege), privilege->user_ns);
    }
    return TRI_UNKNOWN;
}

enum tri ht_view_shares(const struct view *view, enum view_ns ns)
{
    return either(shares_ns(view->effective, ns), shares_ns(view->declared, ns));
}

enum tri ht_view_has_own_users(const struct view *view)
{
    enum tri shares =
        rather(shares_ns(view->effective, VIEW_NS_USER), shares_ns(view->declared, VIEW_NS_USER));

    if (shares == TRI_UNKNOWN)
        return TRI_UNKNOWN;
    return shares == TRI_YES ? TRI_NO : TRI_YES;
}

bool ht_view_is_privileged(const struct view *view)
{
    return (ht_privilege_has_privileged(view->declared) && view->declared->privileged) ||
           (ht_privilege_has_privileged(view->effective) && view->effective->privileged);
}

/* Whether the daemon that made it gives root inside another user of the node: a user's own daemon
 * has no other ids to give, one that remaps gives those that it was told. */
static bool is_remapped(const struct view *view)
{
    const struct ht_row *row =
        ht_node_find(ht_checking_node(view->checking), HT_TABLE_DAEMON, view->container->daemon);
    const struct ht_daemon *daemon = row ? ht_daemon_of(row) : NULL;

    return daemon && ((ht_daemon_has_rootless(daemon) && daemon->rootless) ||
                      (ht_daemon_has_userns_remap(daemon) && daemon->userns_remap));
}

/* Whether root inside is root on the node: a namespace of its own may give it the same id. */
static enum tri keeps_root(const struct view *view)
{
    enum tri own = ht_view_has_own_users(view);
    uint64_t uid;

    if (own != TRI_YES)
        return own == TRI_NO ? TRI_YES : TRI_UNKNOWN;
    if (ht_privilege_root_outside(view->effective, &uid) ||
        ht_privilege_root_outside(view->declared, &uid))
        return tri_if(true, uid == 0);
    return is_remapped(view) ? TRI_NO : TRI_UNKNOWN;
}

bool ht_view_is_apart(const struct view *view)
{
    return keeps_root(view) == TRI_NO && ht_view_is_root_on_node(view) != TRI_YES;
}

static bool knows_caps(const struct ht_privilege *privilege)
{
    return ht_privilege_has_caps(privilege) || ht_privilege_has_bounding(privilege);
}

static uint64_t all_caps(const struct ht_privilege *privilege)
{
    return (ht_privilege_has_caps(privilege) ? privilege->caps : 0) |
           (ht_privilege_has_bounding(privilege) ? privilege->bounding : 0);
}

/* What it does not have it cannot get: no program that it starts gives it more, none is put aside,
 * and no other process of the container, older than what it dropped or put in, has it. */
static bool gains_nothing(const struct view *view)
{
    const struct ht_privilege *effective = view->effective;

    return ht_privilege_has_no_new_privs(effective) && effective->no_new_privs &&
           ht_privilege_has_uid(effective) && effective->uid != 0 &&
           ht_privilege_has_caps(effective) && view->init && ht_process_has_cap_prm(view->init) &&
           (view->init->cap_prm & ~effective->caps) == 0 &&
           ht_container_has_held_caps(view->container) &&
           (view->container->held_caps & ~effective->caps) == 0;
}

/* What its first process has or can get. */
static uint64_t effective_caps(const struct view *view)
{
    return gains_nothing(view) ? view->effective->caps : all_caps(view->effective);
}

static bool asked_for_all(const struct view *view)
{
    const struct ht_text_list *added = &view->container->cap_add;

    for (size_t i = 0; i < added->len; i++) {
        if (ht_str_is_nocase(added->items[i], "ALL") ||
            ht_str_is_nocase(added->items[i], "CAP_ALL"))
            return true;
    }
    return ht_privilege_has_privileged(view->declared) && view->declared->privileged;
}

/* All capabilities are those that the engine knows: of the newest, an older one does not. */
static uint64_t declared_caps(const struct view *view)
{
    const uint64_t newest = ~((UINT64_C(1) << HT_CAPABILITY_PERFMON) - 1);
    uint64_t caps = all_caps(view->declared);

    if (ht_privilege_has_bounding(view->effective) && asked_for_all(view))
        caps &= view->effective->bounding | ~newest;
    return caps;
}

static uint64_t beyond_default(const struct view *view, uint64_t caps)
{
    return caps & ~ht_facts_default_caps(view->facts, (struct ht_str){0});
}

enum tri ht_view_extra_caps(const struct view *view, uint64_t *ret_caps)
{
    if (!knows_caps(view->effective) && !knows_caps(view->declared))
        return TRI_UNKNOWN;
    if (ht_view_has_own_users(view) == TRI_YES)
        return TRI_NO;

    uint64_t extra = effective_caps(view);
    if (!gains_nothing(view))
        extra |= declared_caps(view);
    extra = beyond_default(view, extra);
    if (extra == 0)
        return TRI_NO;
    *ret_caps = extra;
    return TRI_YES;
}

uint64_t ht_view_idle_caps(const struct view *view)
{
    if (!gains_nothing(view) || ht_view_has_own_users(view) == TRI_YES)
        return 0;
    return beyond_default(view, (declared_caps(view) | all_caps(view->effective)) &
                                    ~effective_caps(view));
}

enum tri ht_view_holds_cap(const struct view *view, unsigned bit)
{
    enum tri effective = tri_if(knows_caps(view->effective), effective_caps(view) >> bit & 1);
    enum tri declared = tri_if(knows_caps(view->declared), all_caps(view->declared) >> bit & 1);

    return rather(effective, declared);
}

enum tri ht_view_has_cap(const struct view *view, unsigned bit)
{
    if (ht_view_has_own_users(view) == TRI_YES)
        return TRI_NO;
    return ht_view_holds_cap(view, bit);
}

bool ht_view_has_open_filter(const struct view *view)
{
    return ht_privilege_has_seccomp_profile(view->declared) &&
           ht_str_is(view->declared->seccomp_profile, "allow-all");
}

enum tri ht_view_has_no_seccomp(const struct view *view)
{
    const struct ht_privilege *declared = view->declared;
    enum tri said = TRI_UNKNOWN;

    /* The kernel tells that a filter is there, and not that it lets everything pass. */
    if (ht_view_has_open_filter(view))
        return TRI_YES;
    if (ht_privilege_has_seccomp(declared))
        said = tri_if(true, declared->seccomp == HT_SECCOMP_MODE_DISABLED);
    else if (ht_privilege_has_seccomp_profile(declared))
        said = tri_if(true, ht_str_is(declared->seccomp_profile, "unconfined"));
    return rather(tri_if(ht_privilege_has_seccomp(view->effective),
                         view->effective->seccomp == HT_SECCOMP_MODE_DISABLED),
                  said);
}

bool ht_is_loose_label(struct ht_str label)
{
    static const char *const types[] = {
        ":spc_t:", ":unconfined_t:", ":unconfined_service_t:", ":kernel_t:", ":init_t:"};

    /* "crun (unconfined)" and "docker-default (complain)" are profiles that forbid nothing. */
    if (ht_str_is(label, "unconfined") || ht_str_is(label, "disable") ||
        ht_str_has_suffix(label, " (unconfined)") || ht_str_has_suffix(label, " (complain)"))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (ht_str_find(label, ht_str_from(types[i]), 0) >= 0)
            return true;
    }
    return false;
}

static enum tri enforces_selinux(const struct ht_host *host)
{
    bool known = ht_host_has_selinux(host) && host->selinux.len > 0;

    /* What is permissive only writes down what it would have forbidden. */
    return tri_if(known, known && ht_str_is(host->selinux, "enforcing"));
}

enum tri ht_view_node_enforces(const struct view *view)
{
    const struct ht_host *host = view->host;
    enum tri apparmor =
        tri_if(ht_host_has_apparmor(host), ht_host_has_apparmor(host) && host->apparmor);
    enum tri selinux = enforces_selinux(host);

    if (apparmor == TRI_YES || selinux == TRI_YES)
        return TRI_YES;
    return apparmor == TRI_NO && selinux == TRI_NO ? TRI_NO : TRI_UNKNOWN;
}

enum tri ht_view_is_unconfined(const struct view *view)
{
    enum tri enforced = ht_view_node_enforces(view);

    if (enforced != TRI_YES)
        return enforced == TRI_NO ? TRI_YES : TRI_UNKNOWN;
    return rather(
        tri_if(ht_privilege_has_lsm(view->effective), ht_is_loose_label(view->effective->lsm)),
        tri_if(ht_privilege_has_lsm(view->declared), ht_is_loose_label(view->declared->lsm)));
}

enum tri ht_view_is_root_inside(const struct view *view)
{
    return rather(tri_if(ht_privilege_has_uid(view->effective), view->effective->uid == 0),
                  tri_if(ht_privilege_has_uid(view->declared), view->declared->uid == 0));
}

enum tri ht_view_has_kubelet(const struct view *view)
{
    if (view->container->pod.len)
        return TRI_YES;
    return tri_if(view->host && ht_host_has_kubelet(view->host), view->host && view->host->kubelet);
}

enum tri ht_view_has_apiserver(const struct view *view)
{
    return tri_if(view->host && ht_host_has_apiserver(view->host),
                  view->host && view->host->apiserver);
}

enum tri ht_view_is_root_on_node(const struct view *view)
{
    if (ht_privilege_has_host_uid(view->effective))
        return tri_if(true, view->effective->host_uid == 0);

    enum tri root = ht_view_is_root_inside(view);
    enum tri kept = keeps_root(view);
    if (root == TRI_NO || kept == TRI_NO)
        return TRI_NO;
    return root == TRI_YES && kept == TRI_YES ? TRI_YES : TRI_UNKNOWN;
}

static bool lists(const struct ht_text_list *list, const char *text)
{
    for (size_t i = 0; i < list->len; i++) {
        if (ht_str_is(list->items[i], text))
            return true;
    }
    return false;
}

enum tri ht_view_can_write_settings(const struct view *view)
{
    const struct ht_privilege *declared = view->declared;
    enum tri said = TRI_UNKNOWN;

    if (ht_privilege_has_proc_sys_rw(declared))
        said = tri_if(true, declared->proc_sys_rw);
    else if (ht_privilege_has_readonly_paths(declared))
        said = tri_if(true, !lists(&declared->readonly_paths, "/proc/sys"));

    enum tri writable = rather(
        tri_if(ht_privilege_has_proc_sys_rw(view->effective), view->effective->proc_sys_rw), said);
    if (writable != TRI_YES)
        return writable;

    /* What is not a namespace's own, only the node's root may write. */
    enum tri root = ht_view_is_root_on_node(view);
    return root == TRI_YES ? TRI_YES : root;
}

/* ---- what is missing ---- */

/* Who should have told. */
static const char *teller_of(const struct view *view)
{
    const struct ht_container *container = view->container;

    if (ht_container_has_source(container) && container->source.len)
        return ht_arena_str(ht_checking_arena(view->checking), container->source).data;
    if (ht_str_is(container->runtime, "podman"))
        return "podman";
    return ht_str_is(container->runtime, "containerd") ? "containerd" : "docker";
}

void ht_view_unknown_declared(const struct view *view, const char *what)
{
    bool told = view->declared->known != 0;
    struct ht_str reason = ht_arena_strf(ht_checking_arena(view->checking), "%s: %s", what,
                                         told ? "its runtime does not tell that"
                                              : "no runtime tells how the container was started");

    ht_unknown(view->checking, teller_of(view), reason.data,
               told ? "" : "give hulltop access to the runtime's socket");
}

void ht_view_unknown_effective(const struct view *view, const char *what)
{
    const char *why = view->why_no_effective
                          ? view->why_no_effective
                          : "the kernel's view of its first process is incomplete";
    struct ht_str reason = ht_arena_strf(ht_checking_arena(view->checking), "%s: %s", what, why);

    ht_unknown(view->checking, "proc", reason.data,
               view->why_no_effective ? view->help_effective
                                      : "sudo hulltop in the host's pid namespace");
}

bool ht_view_is_yes(const struct view *view, enum tri answer, const char *what)
{
    if (answer == TRI_UNKNOWN)
        ht_view_unknown_effective(view, what);
    return answer == TRI_YES;
}
