/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PRV-031, 034, 036: what the cluster admits, its kubelet, and whether its API server is itself. */
#include "catalogue-private.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/pod-security.h"
#include "identity.h"
#include "pods.h"

#include <string.h>

/* ---- PRV-031 ---- */

/* Adds the checks of baseline that a pod does not pass; false: it passes all, or nobody knows. */
static bool breaks_baseline(const struct ht_row *row, struct ht_arena *arena, struct ht_buf *out)
{
    const struct ht_pod *pod = ht_pod_of(row);
    struct ht_pod_security security = {0};

    if (!ht_subject_runs(row) || (ht_pod_has_class(pod) && pod->class == HT_CLASS_SYSTEM))
        return false;
    ht_pod_security_of(pod, arena, &security);
    for (size_t i = 0; i < security.baseline.len; i++) {
        ht_buf_add_text(out, i ? ", " : "");
        ht_buf_add_str(out, security.baseline.items[i]);
    }
    return security.baseline.len > 0;
}

static struct ht_finding *fire_namespace(struct ht_checking *checking,
                                         const struct ht_namespace *namespace)
{
    struct ht_finding *finding = ht_fire(checking, HT_S(""));

    ht_subject_set_namespace(ht_finding_edit_subject(finding), namespace->name);
    ht_fire_evidence(checking, finding, "namespace", "pod-security.kubernetes.io/enforce",
                     namespace->enforce.len ? namespace->enforce : HT_S("not set"));
    /* Its own pods are the cluster's machinery, which needs what baseline forbids. */
    if (ht_str_is(namespace->name, "kube-system"))
        ht_finding_set_severity(finding, HT_SEVERITY_LOW);
    return finding;
}

static void look_namespace(struct ht_checking *checking, const struct ht_row *row)
{
    enum { SHOWN = 10 };
    const struct ht_namespace *namespace = ht_namespace_of(row);
    const struct ht_rowset *pods = ht_node_set(ht_checking_node(checking), HT_TABLE_POD);
    struct ht_finding *finding = NULL;
    size_t shown = 0;

    if (!ht_namespace_has_enforce(namespace)) {
        ht_unknown(checking, "kubernetes", "the labels of namespaces are not known",
                   "grant list on namespaces (hulltop doctor --role)");
        return;
    }
    if (namespace->enforce.len && !ht_str_is(namespace->enforce, "privileged"))
        return;
    for (size_t i = 0; i < pods->len && shown < SHOWN; i++) {
        ht_autobuf struct ht_buf broken = HT_BUF(4096);

        if (!ht_str_equal(ht_pod_of(pods->rows[i])->namespace, namespace->name) ||
            !breaks_baseline(pods->rows[i], ht_checking_arena(checking), &broken))
            continue;
        if (!finding)
            finding = fire_namespace(checking, namespace);
        shown++;
        ht_fire_evidence(
            checking, finding, "Pod Security baseline",
            ht_arena_str(ht_checking_arena(checking), ht_pod_of(pods->rows[i])->name).data,
            ht_buf_str(&broken));
    }
}

/* ---- PRV-034 ---- */

/* The value of "--name=value" or "--name value"; false: not given. */
static bool flag_of(const struct ht_process *process, const char *name, struct ht_str *ret)
{
    for (size_t i = 0; i < process->argv.len; i++) {
        struct ht_str word = process->argv.items[i];

        if (!ht_str_has_prefix(word, name))
            continue;
        word = ht_str_sub(word, strlen(name), word.len);
        if (word.len && word.data[0] == '=') {
            *ret = ht_str_sub(word, 1, word.len);
            return true;
        }
        if (word.len == 0) {
            *ret = i + 1 < process->argv.len ? process->argv.items[i + 1] : (struct ht_str){0};
            return true;
        }
    }
    return false;
}

struct open_flag {
    const char *flag;
    bool (*is_open)(struct ht_str value);
};

static bool is_true(struct ht_str value)
{
    bool yes = false;

    return ht_parse_bool(value, &yes) == 0 && yes;
}

static bool is_always_allow(struct ht_str value)
{
    return ht_str_find(value, HT_S("AlwaysAllow"), 0) >= 0;
}

static bool is_port(struct ht_str value)
{
    return value.len && !ht_str_is(value, "0");
}

static void look_kubelet(struct ht_checking *checking, const struct ht_row *row)
{
    static const struct open_flag flags[] = {{"--anonymous-auth", is_true},
                                             {"--authorization-mode", is_always_allow},
                                             {"--read-only-port", is_port}};
    const struct ht_process *process = ht_process_of(row);
    struct ht_finding *finding = NULL;
    struct ht_str value;
    size_t given = 0;

    if (!ht_process_has_comm(process)) {
        ht_unknown(checking, "proc", "the program of a process is not known", "sudo hulltop");
        return;
    }
    if (!ht_str_is(process->comm, "kubelet"))
        return;
    if (!ht_process_has_argv(process)) {
        ht_unknown(checking, "proc", "the kubelet's command line is not known", "sudo hulltop");
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        if (!flag_of(process, flags[i].flag, &value))
            continue;
        given++;
        if (!flags[i].is_open(value))
            continue;
        if (!finding)
            finding = ht_fire(checking, HT_S(""));
        ht_fire_evidence(checking, finding, "command line of the kubelet", flags[i].flag, value);
    }
    if (!finding && given < ARRAY_LEN(flags))
        ht_unknown(checking, "kubelet", "its configuration file is not read by this version",
                   "kubectl get --raw /api/v1/nodes/NODE/proxy/configz");
}

/* ---- PRV-036 ---- */

static void look_server(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_cluster *cluster = ht_cluster_of(row);
    struct ht_finding *finding;

    if (!ht_cluster_has_insecure(cluster)) {
        ht_unknown(checking, "kubernetes", "whether the API server is verified is not known",
                   "--kubeconfig FILE");
        return;
    }
    if (!cluster->insecure)
        return;
    finding = ht_fire(checking, HT_S(""));
    ht_fire_evidence(checking, finding, "kubeconfig", "insecure-skip-tls-verify", HT_S("true"));
    ht_fire_evidence(checking, finding, "kubeconfig", "server", cluster->id);
}

static const struct ht_check checks[] = {
    {.id = "PRV-031",
     .question = 3,
     .scope = HT_TABLE_NAMESPACE,
     .reads = HT_READS(POD),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "A namespace admits what the Pod Security Standards forbid",
     .condition = "A namespace enforces no level of the standards, or privileged, and a pod of it "
                  "on this node does not pass baseline; low for kube-system.",
     .why = "Whoever may create pods in this namespace may create one that is root on its node, "
            "and somebody has used the permission already.",
     .fix =
         "Label it with pod-security.kubernetes.io/warn: baseline first, then with enforce; move "
         "pods that need more into a namespace of their own.",
     .needs = HT_TEXTS("kubernetes"),
     .references = HT_TEXTS("CIS Kubernetes 1.12 5.2.1"),
     .other_causes = HT_TEXTS("clusters that use Kyverno, Gatekeeper or OpenShift's SCC instead"),
     .run = look_namespace},
    {.id = "PRV-034",
     .question = 3,
     .scope = HT_TABLE_PROCESS,
     .flags = 0,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "The kubelet is open to everybody",
     .condition = "The kubelet's command line allows anonymous requests, allows everything, or "
                  "opens a read-only port. Its configuration file is not read.",
     .why = "The kubelet starts programs in every container of the node for whoever may ask it. "
            "Without authentication that is everybody in the network, pods included.",
     .fix = "Set --anonymous-auth=false, --authorization-mode=Webhook and --read-only-port=0.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("CIS Kubernetes 1.12 4.2.1", "CIS Kubernetes 1.12 4.2.2",
                            "CIS Kubernetes 1.12 4.2.4", "ATT&CK T1609"),
     .run = look_kubelet},
    {.id = "PRV-036",
     .question = 3,
     .scope = HT_TABLE_CLUSTER,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "The API server is believed without proof",
     .condition = "The kubeconfig says insecure-skip-tls-verify.",
     .why = "Whoever is in the network between this node and the server can answer in its place: "
            "he gets the credentials of the kubeconfig and says what runs here.",
     .fix = "Put the cluster's authority into the kubeconfig (certificate-authority-data) and take "
            "insecure-skip-tls-verify out.",
     .needs = HT_TEXTS("kubernetes"),
     .references = HT_TEXTS("ATT&CK T1557"),
     .run = look_server},
};

const struct ht_check_group ht_checks_prv_cluster = {.checks = checks, .count = ARRAY_LEN(checks)};
