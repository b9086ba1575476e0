/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PRV-001, 002, 003, 030: privileged outright, more than declared, and the ways out. */
#include "catalogue-private.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/privilege.h"
#include "pods.h"
#include "view.h"

/* ---- PRV-001 ---- */

static void show_privilege(const struct view *view, struct ht_finding *finding)
{
    if (ht_privilege_has_privileged(view->declared))
        ht_view_show_declared(view, finding, VIEW_FIELD_PRIVILEGED,
                              view->declared->privileged ? HT_S("true") : HT_S("false"));
    ht_view_show_caps(view, finding);
    ht_view_show_seccomp(view, finding);
    ht_view_show_lsm(view, finding);
    if (ht_privilege_has_proc_sys_rw(view->effective))
        ht_fire_evidence(view->checking, finding, "/proc mountinfo", "/proc/sys",
                         view->effective->proc_sys_rw ? HT_S("read-write") : HT_S("read-only"));
    if (ht_privilege_has_devices(view->effective))
        ht_fire_evidencef(view->checking, finding, "/proc/PID/root/dev", "devices of the node",
                          "%zu", view->effective->devices.len);
    if (ht_view_is_apart(view))
        ht_view_show_user(view, finding);
    else if (ht_privilege_has_uid_map(view->effective))
        ht_fire_evidence(view->checking, finding, "/proc", "uid_map", view->effective->uid_map);
}

void ht_view_tell_apart(struct ht_checking *checking, struct ht_finding *finding)
{
    ht_finding_set_severity(finding, HT_SEVERITY_MEDIUM);
    ht_fire_title(checking, finding, "Privileged within user ids of its own");
    ht_finding_set_why(finding,
                       HT_S("Its root is an ordinary user of the node, so what privileged gives "
                            "ends there: no disk of the node and no kernel setting. But no seccomp "
                            "filter and no hidden path stand before the kernel any more, and what "
                            "that user may do on the node, it may do too."));
}

static void look_privileged(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;

    if (!ht_view_open(checking, row, &view))
        return;

    bool said = ht_privilege_has_privileged(view.declared);
    if (!ht_view_is_privileged(&view)) {
        if (!said && !ht_privilege_has_privileged(view.effective))
            ht_view_unknown_declared(&view, "whether it is privileged");
        return;
    }

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    if (!(said && view.declared->privileged)) {
        ht_fire_title(checking, finding, "Runs as wide as privileged, %s",
                      said ? "though it was not declared so"
                           : "and no runtime that answers knows it");
        ht_finding_set_confidence(finding, HT_CONFIDENCE_LIKELY);
    }
    if (ht_view_is_apart(&view))
        ht_view_tell_apart(checking, finding);
    show_privilege(&view, finding);
    ht_view_put_escape(&view, finding);
}

/* ---- PRV-002 ---- */

/* A filter was promised, and none is there. */
static bool lost_seccomp(const struct view *view)
{
    const struct ht_privilege *declared = view->declared;
    bool promised =
        (ht_privilege_has_seccomp_profile(declared) && declared->seccomp_profile.len &&
         !ht_str_is(declared->seccomp_profile, "unconfined") && !ht_view_has_open_filter(view)) ||
        (ht_privilege_has_seccomp(declared) && declared->seccomp != HT_SECCOMP_MODE_DISABLED);

    return promised && ht_privilege_has_seccomp(view->effective) &&
           view->effective->seccomp == HT_SECCOMP_MODE_DISABLED;
}

static bool lost_lsm(const struct view *view)
{
    const struct ht_privilege *declared = view->declared;
    bool promised = ht_host_has_apparmor(view->host) && view->host->apparmor &&
                    ht_privilege_has_lsm(declared) && declared->lsm.len &&
                    !ht_is_loose_label(declared->lsm);

    return promised && ht_privilege_has_lsm(view->effective) &&
           ht_is_loose_label(view->effective->lsm);
}

static void look_exceeds(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;
    uint64_t beyond = 0;

    if (!ht_view_open(checking, row, &view) || view.sandboxed)
        return;
    if (view.declared->known == 0) {
        /* Without a declaration there is none to exceed. */
        if (!ht_container_has_state(view.container) ||
            view.container->state != HT_CONTAINER_STATE_UNMANAGED)
            ht_view_unknown_declared(&view, "whether it has more privilege than declared");
        return;
    }
    if (ht_privilege_has_privileged(view.declared) && view.declared->privileged)
        return;
    /* Between two starts there is no process to have anything. */
    if (ht_container_has_state(view.container) &&
        view.container->state == HT_CONTAINER_STATE_RESTARTING && view.effective->known == 0)
        return;
    if (!ht_privilege_has_caps(view.effective) || !ht_privilege_has_caps(view.declared)) {
        ht_view_unknown_effective(&view, "whether it has more privilege than declared");
        return;
    }
    /* All capabilities inside a user namespace of its own are normal. */
    if (ht_view_has_own_users(&view) != TRI_YES)
        beyond = view.effective->caps & ~view.declared->caps;

    bool seccomp = lost_seccomp(&view), lsm = lost_lsm(&view);
    if (!beyond && !seccomp && !lsm)
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    struct ht_str names = ht_cap_names(ht_checking_arena(checking), beyond, ", ");
    ht_fire_title(checking, finding, "Has more privilege than was declared:%s%.*s%s%s",
                  names.len ? " " : "", HT_STR_ARG(names), seccomp ? " no seccomp filter" : "",
                  lsm ? " no AppArmor profile" : "");
    ht_view_show_caps(&view, finding);
    ht_view_show_seccomp(&view, finding);
    ht_view_show_lsm(&view, finding);
    ht_view_put_escape(&view, finding);
}

/* ---- PRV-003 ---- */

/* A process that the runtime put into a running container has its parent outside. */
static bool was_put_in(const struct ht_node *node, const struct ht_process *process)
{
    const struct ht_process *parent = ht_view_find_process(node, process->ppid);

    return !parent || !ht_process_has_container(parent) ||
           !ht_str_equal(parent->container, process->container);
}

static bool is_settled(const struct ht_process *process)
{
    if (ht_process_has_reads(process) && process->reads >= 2)
        return true;
    return ht_process_has_started_at(process) && ht_process_has_read_at(process) &&
           process->read_at - process->started_at > INT64_C(3) * HT_NS_PER_S;
}

static uint64_t caps_beyond(const struct ht_process *process, const struct ht_process *init)
{
    uint64_t allowed = (ht_process_has_cap_bnd(init) ? init->cap_bnd : 0) | init->cap_eff;

    return process->cap_eff & ~allowed;
}

/* Those that matter most where there are many; the evidence names all. */
static struct ht_str in_short(const struct view *view, uint64_t caps)
{
    enum { NAMED = 6 };
    struct ht_arena *arena = ht_checking_arena(view->checking);
    uint64_t named = 0;

    if (__builtin_popcountll(caps) <= NAMED)
        return ht_cap_names(arena, caps, ", ");
    for (int strong = 1; strong >= 0; strong--) {
        for (unsigned bit = 0; bit < 64 && __builtin_popcountll(named) < NAMED; bit++) {
            if (caps >> bit & 1 && (!strong || ht_facts_cap_tier(view->facts, bit) == 1))
                named |= UINT64_C(1) << bit;
        }
    }

    struct ht_str names = ht_cap_names(arena, named, ", ");
    return ht_arena_strf(arena, "%.*s and %d more", HT_STR_ARG(names),
                         __builtin_popcountll(caps & ~named));
}

/* Inside; where what its ids are there was not read, as the node sees it. */
static bool is_root(const struct ht_process *process)
{
    uint64_t uid;

    if (ht_privilege_uid_inside(process, &uid))
        return uid == 0;
    return ht_process_has_euid(process) && process->euid == 0;
}

/* Whether it was meant to be no root. A name is resolved inside, but it is not root's; no user at
 * all is root that may drop itself. */
static bool is_meant_as_user(const struct view *view)
{
    if (ht_privilege_has_uid(view->declared))
        return view->declared->uid != 0;
    return ht_container_has_user(view->container) && view->container->user.len > 0;
}

/* In words what it has that the container has not; empty if nothing. */
static struct ht_str wider_than(const struct ht_process *process, const struct view *view)
{
    const struct ht_process *init = view->init;
    uint64_t caps = caps_beyond(process, init);

    if (caps)
        return in_short(view, caps);
    if (ht_process_has_seccomp(process) && ht_process_has_seccomp(init) &&
        process->seccomp == HT_SECCOMP_MODE_DISABLED && init->seccomp != HT_SECCOMP_MODE_DISABLED)
        return HT_S("no seccomp filter");
    if (ht_process_has_lsm(process) && ht_process_has_lsm(init) &&
        ht_is_loose_label(process->lsm) && !ht_is_loose_label(init->lsm))
        return HT_S("no AppArmor profile");
    if (is_root(process) && ht_process_has_euid(init) && !is_root(init) && is_meant_as_user(view))
        return HT_S("uid 0");
    return (struct ht_str){0};
}

static void look_exec(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_process *process = ht_process_of(row);
    const struct ht_node *node = ht_checking_node(checking);
    const struct ht_row *container =
        ht_process_has_container(process)
            ? ht_node_find(node, HT_TABLE_CONTAINER, process->container)
            : NULL;
    struct view view;

    if (!container || !ht_view_open(checking, container, &view) || view.sandboxed)
        return;
    if (view.init == process || !was_put_in(node, process))
        return;
    if (!view.init || !ht_process_has_cap_eff(view.init) || !ht_process_has_cap_eff(process)) {
        ht_unknown(checking, "proc",
                   "whether a process started by exec has more privilege than its container: its "
                   "capabilities may not be read",
                   "sudo hulltop in the host's pid namespace");
        return;
    }

    struct ht_str more = wider_than(process, &view);
    if (more.len == 0)
        return;
    if (!is_settled(process)) {
        ht_unknown(checking, "proc",
                   "whether a process started by exec keeps its privilege: it began a moment ago",
                   "it is read again in a moment");
        return;
    }

    struct ht_finding *finding = ht_fire(checking, process->comm);
    ht_fire_title(checking, finding, "A command started in it has more than the container: %.*s",
                  HT_STR_ARG(more));
    ht_fire_evidencef(checking, finding, "/proc", "CapEff of the command", "%016llx",
                      (unsigned long long)process->cap_eff);
    ht_fire_evidencef(checking, finding, "/proc", "CapEff of the container's first process",
                      "%016llx", (unsigned long long)view.init->cap_eff);
    uint64_t beyond = caps_beyond(process, view.init);
    if (beyond)
        ht_fire_evidence(checking, finding, "/proc", "beyond it",
                         ht_cap_names(ht_checking_arena(checking), beyond, " "));
    ht_fire_evidencef(checking, finding, "/proc", "parent", "%llu (outside the container)",
                      (unsigned long long)process->ppid);
    if (ht_process_has_tty(process))
        ht_fire_evidence(checking, finding, "/proc", "terminal", process->tty);
    if (ht_process_has_login_uid(process))
        ht_fire_evidencef(checking, finding, "/proc", "login user id", "%llu",
                          (unsigned long long)process->login_uid);
    if (view.container->class == HT_CLASS_DEBUG) {
        ht_finding_set_original(finding, finding->severity);
        ht_finding_set_severity(finding, HT_SEVERITY_INFO);
    }
}

/* ---- PRV-030 ---- */

static void look_escape(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;
    const char *name = "";

    if (!ht_view_open(checking, row, &view))
        return;
    if (view.declared->known == 0 && view.effective->known == 0) {
        ht_view_unknown_effective(&view, "whether facts add up to a way out");
        return;
    }

    /* One fact that is a way out by itself has a check of its own. */
    struct ht_str sentence = ht_view_escape(&view, 2, &name);
    if (sentence.len == 0) {
        if (!ht_privilege_has_caps(view.effective) && !ht_privilege_has_caps(view.declared))
            ht_view_unknown_effective(&view, "whether facts add up to a way out");
        return;
    }

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    ht_finding_set_escape(finding, sentence);
    ht_fire_title(checking, finding, "A way out of the container is open: %s", name);
    ht_view_show_caps(&view, finding);
    ht_view_show_seccomp(&view, finding);
    ht_view_show_lsm(&view, finding);
    ht_view_show_user(&view, finding);
}

/* ---- catalogue ---- */

static const struct ht_check checks[] = {
    {.id = "PRV-001",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "Runs with --privileged",
     .condition = "The container was declared privileged, or its first process is as wide as a "
                  "privileged one; medium if its root is another user on the node.",
     .why =
         "Privileged switches off everything that keeps a container apart from the node: it has "
         "all capabilities, every device, no seccomp filter and writable kernel settings. Whoever "
         "takes over one program in it can mount the node's disk and is root on the node.",
     .fix = "Start it without --privileged (Compose: remove `privileged: true`; Kubernetes: "
            "`securityContext.privileged: false`). Give it only the one capability (--cap-add), "
            "device (--device) or mount that the program turns out to need. If it has to stay, "
            "move it to a node of its own.",
     .implies = HT_TEXTS("PRV-013", "PRV-014", "PRV-015", "PRV-016", "PRV-017", "PRV-018",
                         "PRV-021", "PRV-022", "PRV-025", "PRV-030"),
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.5", "CIS Kubernetes 1.12 5.2.2",
                            "Pod Security baseline: privileged", "ATT&CK T1611", "ATT&CK T1610"),
     .other_causes =
         HT_TEXTS("kube-proxy", "network and storage plugins (calico-node, CSI node plugins)",
                  "security agents", "kind and k3d nodes"),
     .run = look_privileged,
     .run_pod = ht_pod_look},
    {.id = "PRV-002",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "Has more privilege than was declared",
     .condition = "Capabilities of the first process go beyond the declared ones, or a declared "
                  "seccomp or AppArmor profile is not in force.",
     .why =
         "What the runtime was told and what the kernel allows differ. Reviews and admission "
         "rules look at the declaration, so this privilege was never agreed to: a changed default "
         "of the runtime, a wrapper around it, or a process that got more than it should.",
     .fix =
         "Compare the two columns of the evidence. Look into the runtime's defaults (daemon.json, "
         "containerd's config.toml, CRI-O's default_capabilities) and start the container again. "
         "If it comes back with the same, the runtime itself is not to be trusted.",
     .needs = HT_TEXTS("docker", "proc"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.4", "ATT&CK T1611"),
     .other_causes = HT_TEXTS("kubelets without seccompDefault", "user namespaces",
                              "a daemon with changed default capabilities"),
     .run = look_exceeds},
    {.id = "PRV-003",
     .question = 3,
     .scope = HT_TABLE_PROCESS,
     .reads = HT_READS(CONTAINER),
     .fields = HT_TEXTS("login_uid"),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "A command started in it has more privilege than the container",
     .condition = "A process that entered the container from outside has capabilities beyond the "
                  "container's bounding set, no seccomp filter, no AppArmor profile or uid 0 where "
                  "the container has not.",
     .why = "An exec with --privileged or as root gets round the limits that the container itself "
            "was given. It is how somebody looks around or breaks out after getting hold of the "
            "runtime, and how a well-meant debugging session leaves a door open.",
     .fix =
         "Find out who started it (terminal and login user in the evidence, the API server's "
         "audit log for pods/exec). End it, and debug with `docker exec` without --privileged and "
         "-u 0, or with an ephemeral container of a restricted profile.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.23", "CIS Docker 1.6.0 5.24", "ATT&CK T1609"),
     .other_causes = HT_TEXTS("health checks run as root", "scanners that enter namespaces"),
     .run = look_exec},
    {.id = "PRV-030",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "Facts add up to a way out of the container",
     .condition = "Two or more facts that are each bearable open a known way to root on the node.",
     .why =
         "None of these facts alone gives the node away, together they do: the escape path in the "
         "evidence names the steps. The way is public and has ready-made tools.",
     .fix =
         "Remove one link of the chain. The cheapest is usually the added capability (--cap-add), "
         "then the shared namespace (--pid host); keep the default seccomp and AppArmor profiles.",
     .needs = HT_TEXTS("docker", "proc"),
     .references = HT_TEXTS("ATT&CK T1611"),
     .other_causes = HT_TEXTS("debuggers", "security agents"),
     .run = look_escape},
};

const struct ht_check_group ht_checks_prv_privileged = {.checks = checks,
                                                        .count = ARRAY_LEN(checks)};
