/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BLD-001, 002, 003, 009, 010, 016, 020: where builds run, and beside whom. */
#include "bld.h"
#include "builds-private.h"
#include "catalogue-private.h"
#include "expected.h"
#include "identity.h"
#include "hulltop/base/mem.h"

/* ---- BLD-001 ---- */

static void look_build(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_build *build = ht_bld_open(row);

    if (!build)
        return;
    if (!ht_build_has_system(build)) {
        ht_bld_unknown(checking, "what builds there");
        return;
    }

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    ht_fire_title(checking, finding, "%.*s %s on this node",
                  HT_STR_ARG(ht_bld_title(checking, finding, build)),
                  ht_build_has_state(build) && build->state == HT_BUILD_STATE_STANDING ? "waits"
                                                                                       : "runs");
    if (ht_build_has_confidence(build))
        ht_finding_set_confidence(finding, build->confidence);
    ht_bld_show(checking, finding, build);
}

/* ---- BLD-002 ---- */

/* The better a build is kept apart, the less its neighbours have to fear. */
static void credit(struct ht_finding *finding, const struct ht_build *build)
{
    enum ht_severity severity = finding->severity;

    if (build->pipeline) {
        severity = HT_SEVERITY_LOW;
        ht_finding_set_confidence(finding, HT_CONFIDENCE_HINT);
    } else if (!ht_build_has_grade(build)) {
        ht_finding_set_confidence(finding, HT_CONFIDENCE_LIKELY);
    } else if (build->grade == HT_BUILD_GRADE_C) {
        severity = HT_SEVERITY_MEDIUM;
    } else if (build->grade <= HT_BUILD_GRADE_B) {
        severity = HT_SEVERITY_LOW;
    }
    if (severity == finding->severity)
        return;
    ht_finding_set_original(finding, finding->severity);
    ht_finding_set_severity(finding, severity);
}

static void look_neighbours(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_build *build = ht_bld_open(row);

    if (!build || (ht_build_has_state(build) && build->state == HT_BUILD_STATE_STANDING))
        return; /* BLD-020 tells of those */
    if (!ht_build_has_applications(build)) {
        ht_bld_unknown(checking, "which applications run beside it");
        return;
    }
    if (build->applications == 0)
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    ht_fire_title(checking, finding, "%.*s runs beside %llu application%s",
                  HT_STR_ARG(ht_bld_title(checking, finding, build)),
                  (unsigned long long)build->applications, build->applications == 1 ? "" : "s");
    ht_bld_show(checking, finding, build);
    for (size_t i = 0; i < build->shares.len; i++)
        ht_bld_show_share(checking, finding, &build->shares.items[i]);
    credit(finding, build);
    ht_bld_soften(checking, finding, build);
}

/* ---- BLD-003 ---- */

static void look_control_plane(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_build *build = ht_bld_open(row);

    if (!build)
        return;
    if (!ht_build_has_shares(build)) {
        ht_bld_unknown(checking, "whether the control plane runs beside it");
        return;
    }
    for (size_t i = 0; i < build->shares.len; i++) {
        const struct ht_share *share = &build->shares.items[i];

        if (share->kind != HT_SHARE_KIND_CONTROL_PLANE)
            continue;

        struct ht_finding *finding = ht_fire(checking, share->object);
        ht_fire_title(checking, finding, "%.*s runs beside the %.*s",
                      HT_STR_ARG(ht_bld_title(checking, finding, build)),
                      HT_STR_ARG(share->object));
        ht_bld_show(checking, finding, build);
        ht_bld_show_share(checking, finding, share);
        if (build->pipeline)
            ht_finding_set_severity(finding, HT_SEVERITY_MEDIUM);
        ht_bld_soften(checking, finding, build);
    }
}

/* ---- BLD-009, 010 ---- */

static const struct ht_host *taints_of(struct ht_checking *checking, const struct ht_build *build)
{
    const struct ht_host *host = ht_node_host(ht_checking_node(checking));

    if (!ht_build_has_system(build)) {
        ht_bld_unknown(checking, "what builds there");
        return NULL;
    }
    if (!ht_host_has_taints(host)) {
        ht_unknown(
            checking, "kubernetes",
            "for whom this node is reserved: its taints come from a cluster, and none answered",
            "give hulltop a kubeconfig, if this node is of a cluster");
        return NULL;
    }
    return host;
}

static void show_taints(struct ht_checking *checking, struct ht_finding *finding,
                        const struct ht_host *host)
{
    for (size_t i = 0; i < host->taints.len; i++)
        ht_fire_evidence(checking, finding, "Kubernetes", "taint of the node",
                         host->taints.items[i]);
    if (host->taints.len == 0)
        ht_fire_evidence(checking, finding, "Kubernetes", "taint of the node", HT_S("none"));
}

static void look_reserved(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_build *build = ht_bld_open(row);
    const struct ht_host *host = build ? taints_of(checking, build) : NULL;

    if (!host || ht_host_is_reserved(host))
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    show_taints(checking, finding, host);
    ht_bld_soften(checking, finding, build);
}

/* Taints that keep a node for something; those of its own troubles do not. */
static bool keeps_for_others(struct ht_str taint)
{
    return !ht_str_has_prefix(taint, "node.kubernetes.io/") &&
           !ht_str_has_prefix(taint, "node.cloudprovider.kubernetes.io/") &&
           !ht_str_has_suffix(taint, ":PreferNoSchedule");
}

static void look_other_reserved(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_build *build = ht_bld_open(row);
    const struct ht_host *host = build ? taints_of(checking, build) : NULL;

    if (!host || ht_host_is_reserved(host))
        return;
    for (size_t i = 0; i < host->taints.len; i++) {
        if (!keeps_for_others(host->taints.items[i]))
            continue;

        struct ht_finding *finding = ht_fire(checking, HT_S(""));
        show_taints(checking, finding, host);
        ht_bld_soften(checking, finding, build);
        return;
    }
}

/* ---- BLD-016 ---- */

static void look_outside(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_build *build = ht_bld_open(row);

    if (!build)
        return;
    if (!ht_build_has_subject(build) || !ht_subject_has_kind(&build->subject)) {
        ht_bld_unknown(checking, "where it builds");
        return;
    }
    if (!ht_str_is(build->subject.kind, "process") && !ht_str_is(build->subject.kind, "unit"))
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    ht_fire_title(checking, finding, "%.*s runs on the node itself, outside of any container",
                  HT_STR_ARG(ht_bld_title(checking, finding, build)));
    ht_bld_show(checking, finding, build);
    ht_fire_evidence(checking, finding, "/proc",
                     ht_str_is(build->subject.kind, "unit") ? "unit" : "program",
                     build->subject.name);
    ht_bld_soften(checking, finding, build);
}

/* ---- BLD-020 ---- */

static bool is_of_build(const struct ht_rowset *builds, struct ht_str container)
{
    for (size_t i = 0; i < builds->len; i++) {
        if (ht_text_list_has(&ht_build_of(builds->rows[i])->containers, container))
            return true;
    }
    return false;
}

static size_t count_applications(struct ht_checking *checking)
{
    const struct ht_node *node = ht_checking_node(checking);
    const struct ht_rowset *containers = ht_node_set(node, HT_TABLE_CONTAINER);
    const struct ht_rowset *builds = ht_node_set(node, HT_TABLE_BUILD);
    size_t count = 0;

    for (size_t i = 0; i < containers->len; i++) {
        const struct ht_container *container = ht_container_of(containers->rows[i]);

        count += ht_subject_runs(containers->rows[i]) && container->class == HT_CLASS_APP &&
                 ht_container_has_class(container) && !is_of_build(builds, container->id) &&
                 !ht_is_known_workload(ht_checking_facts(checking), container);
    }
    return count;
}

static bool is_sign(const struct ht_build *build)
{
    return ht_build_has_state(build) && !build->pipeline &&
           (build->state == HT_BUILD_STATE_STANDING || build->state == HT_BUILD_STATE_ENDED);
}

static void show_sign(struct ht_checking *checking, struct ht_finding *finding,
                      const struct ht_build *build)
{
    int64_t ended = build->ended_at;
    struct ht_str what = build->name.len ? build->name : build->subject.name;

    if (build->state == HT_BUILD_STATE_STANDING) {
        ht_fire_evidencef(checking, finding, "hulltop", "waits for work", "%.*s (%.*s)",
                          HT_STR_ARG(build->product), HT_STR_ARG(what));
        return;
    }
    ht_fire_evidencef(checking, finding, "hulltop", "ran here", "%.*s (%.*s)%s",
                      HT_STR_ARG(build->product), HT_STR_ARG(what),
                      ht_build_has_ended_at(build) && ended ? ", seen while hulltop watched" : "");
}

static void look_signs(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_rowset *builds = ht_node_set(ht_checking_node(checking), HT_TABLE_BUILD);
    struct ht_finding *finding = NULL;
    size_t applications, standing = 0, ended = 0;

    if (!ht_host_has_processes(ht_host_of(row))) {
        ht_unknown(checking, "proc",
                   "whether builds run that no API shows: no process of the node was seen",
                   "sudo hulltop in the host's pid namespace");
        return;
    }
    for (size_t i = 0; i < builds->len; i++) {
        const struct ht_build *build = ht_build_of(builds->rows[i]);

        if (!is_sign(build))
            continue;
        standing += build->state == HT_BUILD_STATE_STANDING;
        ended += build->state == HT_BUILD_STATE_ENDED;
        if (!finding)
            finding = ht_fire(checking, HT_S(""));
        show_sign(checking, finding, build);
        if (finding->severity == HT_SEVERITY_MEDIUM)
            ht_bld_soften(checking, finding, build);
    }
    if (!finding)
        return;
    applications = count_applications(checking);
    ht_fire_title(checking, finding,
                  "Builds run on this node: %zu build%s ended, %zu builder%s waiting", ended,
                  ended == 1 ? "" : "s", standing, standing == 1 ? "" : "s");
    ht_fire_evidencef(checking, finding, "hulltop", "applications here now", "%zu", applications);
    if (applications == 0)
        ht_finding_set_severity(finding, HT_SEVERITY_INFO);
}

#define APART                                                                                      \
    "Give builds nodes of their own: a taint on them, a toleration and a node selector in the "    \
    "jobs. Without a cluster, build on another machine."

static const struct ht_check checks[] = {
    {.id = "BLD-001",
     .question = 1,
     .scope = HT_TABLE_BUILD,
     .severity = HT_SEVERITY_INFO,
     .title = "A build on this node",
     .condition = "A container, a pod or a process builds: known by labels, image, program, "
                  "environment, cgroup or its parents.",
     .why = "A build runs code of whoever may change the sources or any package that they pull "
            "in. What it can reach, they can reach.",
     .fix = "Nothing by itself. The builds map (key 7) shows what it shares with whom.",
     .needs = HT_TEXTS("docker", "proc"),
     .references = HT_TEXTS("ATT&CK T1612", "ATT&CK T1053.007"),
     .other_causes =
         HT_TEXTS("images of applications with compilers in them", "workflows that process data"),
     .run = look_build},
    {.id = "BLD-002",
     .question = 1,
     .scope = HT_TABLE_BUILD,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "A build runs beside applications",
     .condition = "A build and at least one application run on this node at the same time. A build "
                  "of grade C counts as medium, one of grade A or B as low.",
     .why = "A build runs strangers' code by design. One hole in the kernel or the runtime, and it "
            "is root beside your applications, their memory and their secrets.",
     .fix = APART,
     .needs = HT_TEXTS("docker", "proc"),
     .references =
         HT_TEXTS("NSA/CISA 1.2 pod security", "ATT&CK T1611", "ATT&CK T1612", "Kubescape C-0242"),
     .other_causes = HT_TEXTS("clusters of one node on a workstation", "machines of developers"),
     .run = look_neighbours},
    {.id = "BLD-003",
     .question = 1,
     .scope = HT_TABLE_BUILD,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "A build runs beside the control plane or a store of secrets",
     .condition = "A build runs on a node where the API server, etcd, a vault or an image "
                  "registry runs too.",
     .why = "Who breaks out of this build has the cluster's database, its keys, or the images that "
            "every node pulls.",
     .fix = "Keep the control plane's taint, and give builds no toleration for it. " APART,
     .needs = HT_TEXTS("docker", "proc"),
     .references = HT_TEXTS("CIS Kubernetes 1.12 5.6.1", "ATT&CK T1611", "ATT&CK T1552.007"),
     .other_causes = HT_TEXTS("clusters of one node on a workstation"),
     .run = look_control_plane},
    {.id = "BLD-009",
     .question = 1,
     .scope = HT_TABLE_BUILD,
     .reads = HT_READS(HOST),
     .severity = HT_SEVERITY_MEDIUM,
     .title = "Builds run here, but the node is not reserved for them",
     .condition = "A build runs on a Kubernetes node that has no taint for builds.",
     .why = "Nothing keeps applications from this node, so the scheduler will put them beside "
            "builds sooner or later.",
     .fix = "Taint the node, for example with dedicated=ci:NoSchedule, and let an admission rule "
            "add the toleration to build jobs alone.",
     .needs = HT_TEXTS("kubernetes"),
     .references = HT_TEXTS("NSA/CISA 1.2 pod security"),
     .other_causes = HT_TEXTS("pools that scale by node selectors alone"),
     .run = look_reserved},
    {.id = "BLD-010",
     .question = 1,
     .scope = HT_TABLE_BUILD,
     .reads = HT_READS(HOST),
     .severity = HT_SEVERITY_MEDIUM,
     .title = "A build runs on a node that is reserved for something else",
     .condition = "The node has a taint that keeps it for others, and a build runs there.",
     .why = "The build tolerates a taint that is not meant for it: mostly it tolerates all of "
            "them.",
     .fix = "Take tolerations with the operator Exists and no key out of the job.",
     .needs = HT_TEXTS("kubernetes"),
     .references = HT_TEXTS("Popeye 700"),
     .other_causes = HT_TEXTS("jobs in an emergency"),
     .run = look_other_reserved},
    {.id = "BLD-016",
     .question = 1,
     .scope = HT_TABLE_BUILD,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "A build runs on the node itself, outside of any container",
     .condition = "A build tool or the agent of a build system is a process of the node.",
     .why = "No namespace, no limit and no seccomp filter stands between its code and the node. "
            "The cluster does not know of it and cannot keep applications away.",
     .fix = "Move the runner to a machine of its own, or into a rootless container on a node of "
            "its own.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("ATT&CK T1612", "ATT&CK T1053.003", "ATT&CK T1072"),
     .other_causes = HT_TEXTS("a person who builds on the node by hand", "set-up of the node"),
     .run = look_outside},
    {.id = "BLD-020",
     .question = 1,
     .scope = HT_TABLE_HOST,
     .reads = HT_READS(BUILD) | HT_READS(CONTAINER),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "Builds run on this node",
     .condition = "No build may run just now, but a builder or runner waits for one, or a build "
                  "ended while hulltop watched.",
     .why = "Builds come and go. That none runs at this moment does not keep the next one from "
            "your applications.",
     .fix = APART,
     .needs = HT_TEXTS("docker", "proc"),
     .references = HT_TEXTS("ATT&CK T1612"),
     .other_causes = HT_TEXTS("machines of developers"),
     .run = look_signs},
};

const struct ht_check_group ht_checks_bld_place = {.checks = checks, .count = ARRAY_LEN(checks)};
