/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PRV-037: what runs is not what the API declares. */
#include "catalogue-private.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/checking.h"
#include "hulltop/check/pod-compare.h"
#include "identity.h"

static void add_difference(struct ht_checking *checking, struct ht_finding *finding,
                           const struct ht_pod_difference *difference)
{
    const char *field = ht_arena_str(ht_checking_arena(checking), difference->field).data;

    ht_fire_evidence(checking, finding, "manifest of the pod", field, difference->declared);
    ht_fire_evidence(checking, finding, "/proc and runtime", field, difference->runs);
    if (difference->severity < finding->severity)
        ht_finding_set_severity(finding, difference->severity);
}

static void tell(struct ht_checking *checking, const struct ht_pod_differences *differences)
{
    ht_autobuf struct ht_buf fields = HT_BUF(512);
    struct ht_finding *finding = NULL;

    for (size_t i = 0; i < differences->len; i++) {
        const struct ht_pod_difference *difference = &differences->items[i];

        if (!difference->more)
            continue;
        if (!finding) {
            finding = ht_fire(checking, HT_S(""));
            ht_finding_set_severity(finding, HT_SEVERITY_LOW);
        }
        ht_buf_add_text(&fields, fields.len ? ", " : "");
        ht_buf_add_str(&fields, difference->field);
        add_difference(checking, finding, difference);
    }
    if (finding)
        ht_fire_title(checking, finding, "Runs with more than its pod declares: %.*s",
                      HT_STR_ARG(ht_buf_str(&fields)));
}

/* Labels and cgroup name the pod of one that has a pod. */
static bool is_of_none(const struct ht_container *container)
{
    return !ht_container_has_pod(container) && !ht_container_has_pod_row(container) &&
           !ht_container_has_pod_found(container) &&
           (ht_container_has_labels(container) || ht_container_has_cgroup(container));
}

static void look_differs(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_container *container = ht_container_of(row);
    const struct ht_node *node = ht_checking_node(checking);
    const struct ht_row *pod;
    struct ht_pod_differences differences;

    if (!ht_subject_runs(row) || is_of_none(container))
        return;
    pod = ht_container_has_pod_row(container) ? ht_node_find(node, HT_TABLE_POD, container->pod_row)
                                              : NULL;
    if (!pod || !ht_pod_has_containers(ht_pod_of(pod))) {
        ht_unknown(checking, "kubernetes",
                   ht_container_has_pod_found(container) && !pod
                       ? ht_arena_str(ht_checking_arena(checking), container->pod_found).data
                       : "what its pod declares is not known",
                   "give hulltop a kubeconfig (--kubeconfig FILE)");
        return;
    }
    if (!ht_pod_compared(container)) {
        ht_unknown(checking, "proc", "what it runs with is not known", "sudo hulltop");
        return;
    }
    ht_pod_compare(&(struct ht_pod_pair){.pod = ht_pod_of(pod),
                                         .container = container,
                                         .host = ht_node_host(node),
                                         .facts = ht_checking_facts(checking)},
                   ht_checking_arena(checking), &differences);
    tell(checking, &differences);
}

static const struct ht_check checks[] = {
    {.id = "PRV-037",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(POD),
     .flags = 0,
     .severity = HT_SEVERITY_HIGH,
     .title = "Runs with more than its pod declares",
     .condition = "A container of a pod is privileged, shares a namespace of the node, runs as "
                  "root, has capabilities or lacks confinement otherwise than the manifest that "
                  "the API has of its pod says; medium or low where that is little.",
     .why = "Reviews, policies and audits read the manifest. Somebody changed what runs past the "
            "API, through the runtime's socket or on the node; or the node is too old for a field "
            "of the manifest and leaves it out without a word.",
     .fix = "Delete the pod, so that it is made again from its manifest, and look again. If it "
            "comes back the same, look at the node's version and its runtime's plugins.",
     .needs = HT_TEXTS("kubernetes"),
     .references = HT_TEXTS("ATT&CK T1610", "ATT&CK T1611"),
     .other_causes = HT_TEXTS("plugins of the runtime (NRI, device plugins) that add to it",
                              "a runtime whose default capabilities were changed"),
     .run = look_differs},
};

const struct ht_check_group ht_checks_prv_differs = {.checks = checks, .count = ARRAY_LEN(checks)};
