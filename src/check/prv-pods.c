/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PRV-028, 029, 032, 035: what only the manifest of a pod tells. */
#include "catalogue-private.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/pod-security.h"
#include "pods.h"

/* A debug session that old is no session any more. */
#define SESSION_NS (30 * 60 * HT_NS_PER_S)

/* ---- PRV-028 ---- */

static void tell_age(struct ht_checking *checking, const struct ht_pod *pod,
                     struct ht_finding *finding)
{
    int64_t age = ht_checking_now(checking) - pod->created_at;

    if (!ht_pod_has_created_at(pod))
        return;
    ht_fire_evidencef(checking, finding, "pod", "age of the pod", "%lld minutes",
                      (long long)(age / (60 * HT_NS_PER_S)));
}

static void look_debug_pod(struct ht_checking *checking, const struct ht_pod *pod)
{
    struct ht_finding *finding = ht_pod_fire(checking, pod, (struct ht_str){0}, HT_S("node"));

    ht_fire_title(checking, finding, "A debug session on the node is open");
    ht_pod_show(checking, finding, HT_S("metadata.name"), pod->name);
    tell_age(checking, pod, finding);
    if (ht_pod_has_created_at(pod) && ht_checking_now(checking) - pod->created_at < SESSION_NS)
        ht_finding_set_severity(finding, HT_SEVERITY_INFO);
}

static void look_debug_container(struct ht_checking *checking, const struct ht_pod *pod,
                                 const struct ht_pod_container *container)
{
    struct ht_arena *arena = ht_checking_arena(checking);
    struct ht_finding *finding = ht_pod_fire(checking, pod, container->name, container->name);

    ht_fire_title(checking, finding, "A debug container was left in it");
    ht_pod_show(checking, finding,
                ht_arena_strf(arena, "%s.%.*s image", ht_pod_spec_path(pod),
                              HT_STR_ARG(ht_pod_container_path(container, arena))),
                container->image);
    if (container->privileged) {
        ht_finding_set_severity(finding, HT_SEVERITY_HIGH);
        ht_pod_show(checking, finding, HT_S("securityContext.privileged"), HT_S("true"));
    }
}

static void look_debug(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_pod *pod;

    if (!ht_pod_open(checking, row, &pod))
        return;
    if (ht_str_has_prefix(pod->name, "node-debugger-") &&
        (pod->host_pid || pod->host_network || pod->host_ipc || pod->volumes.len))
        look_debug_pod(checking, pod);
    for (size_t i = 0; i < pod->containers.len; i++) {
        if (pod->containers.items[i].kind == HT_POD_CONTAINER_KIND_EPHEMERAL)
            look_debug_container(checking, pod, &pod->containers.items[i]);
    }
}

/* ---- PRV-029 ---- */

static void look_token(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_pod *pod;
    struct ht_finding *finding;

    /* A manifest alone tells of no rights. */
    if (!ht_pod_open(checking, row, &pod) || !ht_str_is(pod->source, "kubernetes") ||
        (ht_pod_has_automount(pod) && !pod->automount) || pod->mirror)
        return;
    if (!ht_pod_has_token_rights(pod)) {
        ht_unknown(checking, "kubernetes", "what a pod's service account may do is not known",
                   "grant list on roles and bindings (hulltop doctor --role)");
        return;
    }
    if (pod->token_rights.len == 0)
        return;
    finding = ht_pod_fire(checking, pod, (struct ht_str){0}, HT_S(""));
    if (pod->class == HT_CLASS_SYSTEM || ht_str_is(pod->namespace, "kube-system"))
        ht_finding_set_severity(finding, HT_SEVERITY_LOW);
    ht_pod_show(checking, finding, HT_S("spec.serviceAccountName"),
                pod->service_account.len ? pod->service_account : HT_S("default"));
    for (size_t i = 0; i < pod->token_rights.len; i++)
        ht_fire_evidence(checking, finding, "roles and bindings", "its account may",
                         pod->token_rights.items[i]);
}

static const struct ht_check checks[] = {
    {.id = "PRV-028",
     .question = 3,
     .scope = HT_TABLE_POD,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "A debug session was left open",
     .condition =
         "A pod has an ephemeral container, or is a debug pod of kubectl on the node; info "
         "in its first half hour, high if the container is privileged.",
     .why = "Debug containers come with tools and often with rights that the pod itself does not "
            "have. They stay until the pod is deleted, and whoever gets into the pod has them too.",
     .fix =
         "Delete the debug pod, or the pod that holds the ephemeral container (its workload makes "
         "a new one). Give sessions an end (`sleep 1800` as their command).",
     .needs = HT_TEXTS("kubernetes"),
     .references = HT_TEXTS("ATT&CK T1609", "ATT&CK T1611"),
     .other_causes = HT_TEXTS("somebody on call is at work in it just now"),
     .run = look_debug},
    {.id = "PRV-029",
     .question = 3,
     .scope = HT_TABLE_POD,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "Its token opens the node or the cluster",
     .condition = "The service account of a pod that gets its token may read secrets, create pods, "
                  "run programs in pods, command kubelets, act as others, hand out roles, make "
                  "tokens or change webhooks; low in kube-system. A pod says by "
                  "automountServiceAccountToken: false that it gets none; what the account itself "
                  "says about that is not read.",
     .why = "The token lies in a file of the container. Who gets into it asks the API for a "
            "privileged pod or for everybody's secrets, without any flaw in container or kernel.",
     .fix = "Set automountServiceAccountToken: false where the API is not asked. Else give the "
            "workload an account of its own with the rights that it uses, by name and namespace.",
     .needs = HT_TEXTS("kubernetes"),
     .references = HT_TEXTS("CIS Kubernetes 1.12 5.1.2", "CIS Kubernetes 1.12 5.1.4",
                            "CIS Kubernetes 1.12 5.1.6", "CIS Kubernetes 1.12 5.1.8",
                            "CIS Kubernetes 1.12 5.1.10", "CIS Kubernetes 1.12 5.1.12",
                            "CIS Kubernetes 1.12 5.1.13", "ATT&CK T1528", "ATT&CK T1078"),
     .other_causes = HT_TEXTS("operators, network plugins, storage drivers and GitOps agents"),
     .run = look_token},
    {.id = "PRV-032",
     .question = 3,
     .scope = HT_TABLE_POD,
     .flags = 0,
     .severity = HT_SEVERITY_LOW,
     .title = "A probe or handler goes to another host",
     .condition = "A probe or lifecycle handler of a container names a host (a check of the Pod "
                  "Security Standards since 1.34).",
     .why = "The kubelet itself makes these requests, from the node's network. With a host of his "
            "choice, whoever writes the manifest has the node ask services that pods must not "
            "reach, and sees by the pod's state what answers there.",
     .fix = "Leave `host` out: the probe then goes to the pod itself.",
     .needs = HT_TEXTS("kubernetes"),
     .references = HT_TEXTS("Pod Security baseline: hostProbesAndHostLifecycle", "ATT&CK T1046"),
     .other_causes = HT_TEXTS("old charts that write 127.0.0.1 for pods of the host network"),
     .run = ht_pod_look},
    {.id = "PRV-035",
     .question = 3,
     .scope = HT_TABLE_POD,
     .flags = 0,
     .severity = HT_SEVERITY_LOW,
     .title = "Mounts storage past the cluster's own kinds of volumes",
     .condition = "A volume is made from something else than a path of the node or the kinds that "
                  "the restricted level of the Pod Security Standards allows.",
     .why = "Drivers of these kinds are part of the node and the control plane: whoever writes the "
            "manifest has the node mount a server of his choice with the node's rights.",
     .fix = "Use a PersistentVolumeClaim of a storage class, or a CSI volume.",
     .needs = HT_TEXTS("kubernetes"),
     .references = HT_TEXTS("Pod Security restricted: restrictedVolumes"),
     .other_causes = HT_TEXTS("manifests that are older than the storage's CSI driver"),
     .run = ht_pod_look},
};

const struct ht_check_group ht_checks_prv_pods = {.checks = checks, .count = ARRAY_LEN(checks)};
