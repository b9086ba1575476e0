/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEC-012, SEC-021, SEC-022, SEC-026: how pods get secrets, and what the node does with them. */
#include "catalogue-private.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/checking.h"
#include "hulltop/model/peer.h"
#include "pods.h"

enum { OTHERS = 0077, SHOWN = 8 };

/* ---- SEC-012 ---- */

static void look_variables(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_pod *pod;
    struct ht_finding *finding = NULL;
    size_t shown = 0;

    if (!ht_pod_open(checking, row, &pod))
        return;
    for (size_t i = 0; i < pod->containers.len; i++) {
        const struct ht_pod_container *container = &pod->containers.items[i];

        for (size_t j = 0; j < container->secret_env.len; j++) {
            if (!finding)
                finding = ht_pod_fire(checking, pod, (struct ht_str){0}, HT_S(""));
            if (shown++ < SHOWN)
                ht_pod_show(checking, finding, HT_S("env"), container->secret_env.items[j]);
        }
    }
    if (shown > SHOWN)
        ht_fire_evidencef(checking, finding, "pod", "more variables", "%zu", shown - SHOWN);
}

/* ---- SEC-021 ---- */

static void look_key(struct ht_checking *checking, const struct ht_kubelet *kubelet)
{
    struct ht_finding *finding;

    if (!ht_kubelet_has_key_mode(kubelet)) {
        ht_unknown(checking, "hostconf", "the kubelet's key is not at a usual place",
                   "sudo hulltop");
        return;
    }
    if (!(kubelet->key_mode & OTHERS) && kubelet->key_uid == 0)
        return;
    finding = ht_fire(checking, HT_S("key"));
    ht_finding_set_severity(finding, HT_SEVERITY_HIGH);
    ht_fire_title(checking, finding, "The kubelet's key can be read by others");
    ht_fire_evidence(checking, finding, "stat", "file", kubelet->key);
    ht_fire_evidencef(checking, finding, "stat", "mode", "%04llo",
                      (unsigned long long)kubelet->key_mode);
    ht_fire_evidencef(checking, finding, "stat", "owner", "uid %llu",
                      (unsigned long long)kubelet->key_uid);
}

static void look_kubelet(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_kubelet *kubelet = ht_kubelet_of(row);
    struct ht_finding *finding;

    look_key(checking, kubelet);
    if (ht_kubelet_has_rotates(kubelet) && !kubelet->rotates) {
        finding = ht_fire(checking, HT_S("client"));
        ht_fire_evidence(checking, finding, "kubelet", "rotateCertificates", HT_S("false"));
    }
    if (ht_kubelet_has_serving_rotates(kubelet) && !kubelet->serving_rotates) {
        finding = ht_fire(checking, HT_S("serving"));
        ht_finding_set_severity(finding, HT_SEVERITY_LOW);
        ht_fire_title(checking, finding, "The kubelet serves with a certificate of its own making");
        ht_fire_evidence(checking, finding, "kubelet", "serverTLSBootstrap", HT_S("false"));
    }
    if (ht_kubelet_has_bootstrap(kubelet) && kubelet->bootstrap.len) {
        finding = ht_fire(checking, HT_S("bootstrap"));
        ht_fire_title(checking, finding, "The token that this node joined with is still here");
        ht_fire_evidence(checking, finding, "hostconf", "file", kubelet->bootstrap);
    }
    if (!ht_kubelet_has_rotates(kubelet) || !ht_kubelet_has_serving_rotates(kubelet) ||
        !ht_kubelet_has_bootstrap(kubelet))
        ht_unknown(checking, "hostconf", "how the kubelet renews its certificates is not known",
                   "sudo hulltop");
}

/* ---- SEC-022 ---- */

static void look_metadata(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_process *process = ht_process_of(row);
    const struct ht_row *owner;
    struct ht_finding *finding;

    if (!ht_process_has_container(process))
        return;
    if (!ht_process_has_peers(process)) {
        ht_unknown(checking, "proc", "the connections of a process could not be read",
                   "sudo hulltop");
        return;
    }
    for (size_t i = 0; i < process->peers.len; i++) {
        if (!ht_peer_is_metadata(process->peers.items[i]))
            continue;
        owner = ht_node_find(ht_checking_node(checking), HT_TABLE_CONTAINER, process->container);
        finding = ht_fire(checking, process->comm);
        if (owner && ht_container_of(owner)->class == HT_CLASS_SYSTEM)
            ht_finding_set_severity(finding, HT_SEVERITY_INFO);
        ht_fire_evidence(checking, finding, "/proc/PID/net/tcp", "peer", process->peers.items[i]);
        ht_fire_evidence(checking, finding, "/proc/PID/comm", "program", process->comm);
        return;
    }
}

/* ---- SEC-026 ---- */

static void look_swap(struct ht_checking *checking, const struct ht_host *host)
{
    for (size_t i = 0; i < host->swaps.len; i++) {
        const struct ht_swap *swap = &host->swaps.items[i];
        struct ht_finding *finding;

        if (swap->memory || (ht_swap_has_encrypted(swap) && swap->encrypted))
            continue;
        if (!ht_swap_has_encrypted(swap)) {
            ht_unknown(checking, "proc", "whether the device below a swap area is encrypted",
                       "sudo hulltop on the node");
            continue;
        }
        finding = ht_fire(checking, swap->device);
        ht_fire_title(checking, finding, "Swap is on, and is not encrypted");
        ht_finding_set_fix(finding, HT_S("Encrypt it, or turn it off: swapoff, and its line in "
                                         "/etc/fstab or its systemd unit."));
        ht_fire_evidence(checking, finding, "/proc/swaps", swap->kind.len ? "area" : "device",
                         swap->device);
        ht_fire_evidencef(checking, finding, "/proc/swaps", "used", "%llu of %llu MiB",
                          (unsigned long long)(swap->used >> 20),
                          (unsigned long long)(swap->size >> 20));
    }
}

/* The program that a pattern gives dumps to; empty: they are written to files. */
static struct ht_str handler_of(struct ht_str pattern)
{
    struct ht_str rest, word = {0};

    if (!ht_str_has_prefix(pattern, "|"))
        return word;
    rest = ht_str_sub(pattern, 1, SIZE_MAX);
    (void)ht_str_next(&rest, ' ', &word);
    return word;
}

/* What the kernel does with a dump: a file, or a program whose ways are known. False: another. */
static bool tell_writes(const struct ht_host *host, bool *ret_writes)
{
    static const char *const nobody[] = {"/bin/false", "/usr/bin/false", "/bin/true",
                                         "/usr/bin/true"};
    struct ht_str handler = handler_of(host->core_pattern);

    *ret_writes = false;
    for (size_t i = 0; i < ARRAY_LEN(nobody); i++) {
        if (ht_str_is(handler, nobody[i]))
            return true;
    }
    if (!ht_str_has_prefix(host->core_pattern, "|"))
        *ret_writes = host->core_pattern.len > 0;
    else if (ht_str_has_suffix(handler, "/systemd-coredump") && ht_host_has_dumps_kept(host))
        *ret_writes = host->dumps_kept;
    else
        return false;
    return true;
}

/* What ends new dumps here, and what is left to do about those that lie. */
static struct ht_str dumps_fix(struct ht_checking *checking, struct ht_str handler, bool writes,
                               bool lie)
{
    const char *end = "";

    if (writes && handler.len)
        end = "Storage=none in /etc/systemd/coredump.conf";
    else if (writes)
        end = "sysctl kernel.core_pattern='|/bin/false', and the same in a file of /etc/sysctl.d";
    return ht_arena_strf(ht_checking_arena(checking), "%s%s%s.", end,
                         writes && lie ? "; then delete"
                         : lie         ? "Delete"
                                       : "",
                         lie ? " the dumps that the evidence names, once nobody needs them" : "");
}

static void look_dumps(struct ht_checking *checking, const struct ht_host *host)
{
    bool lie = ht_host_has_dumps(host) && host->dumps > 0, writes;
    struct ht_str handler = handler_of(host->core_pattern);
    struct ht_finding *finding;

    if (!tell_writes(host, &writes))
        ht_unknown(checking, "proc",
                   ht_arena_strf(ht_checking_arena(checking),
                                 "whether %.*s keeps core dumps is not known", HT_STR_ARG(handler))
                       .data,
                   "look into its settings");
    if (!ht_host_has_dumps(host))
        ht_unknown(checking, "proc", "whether core dumps lie on the node is not known",
                   "sudo hulltop");
    if (!lie && !writes)
        return;
    finding = ht_fire(checking, HT_S("core dumps"));
    if (lie)
        ht_fire_title(checking, finding, "Core dumps of programs lie on the node");
    ht_finding_set_fix(finding, dumps_fix(checking, handler, writes, lie));
    ht_fire_evidence(checking, finding, "/proc/sys/kernel/core_pattern", "pattern",
                     host->core_pattern);
    for (size_t i = 0; i < host->dump_files.len && i < SHOWN; i++)
        ht_fire_evidence(checking, finding, "files", "dump", host->dump_files.items[i]);
    if (lie)
        ht_fire_evidencef(checking, finding, "files", "dumps", "%llu",
                          (unsigned long long)host->dumps);
}

static void look_memory(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_host *host = ht_host_of(row);

    look_swap(checking, host);
    look_dumps(checking, host);
    if (!ht_host_has_swaps(host) || !ht_host_has_core_pattern(host))
        ht_unknown(checking, "proc", "where memory of programs is written to is not known",
                   "look on the running system");
}

static const struct ht_check checks[] = {
    {.id = "SEC-012",
     .question = 5,
     .scope = HT_TABLE_POD,
     .flags = HT_CHECK_POSTURE,
     .severity = HT_SEVERITY_LOW,
     .title = "Secrets are given to it as environment variables",
     .condition = "A variable of a pod on this node is filled from a Secret.",
     .why = "An environment is seen in inspect, in /proc, in crash reports and by every child.",
     .fix = "Mount the Secret as a file.",
     .needs = HT_TEXTS("kubernetes"),
     .references = HT_TEXTS("CIS Kubernetes 1.8 5.4.1", "Kubescape C-0207", "ATT&CK T1552"),
     .other_causes = HT_TEXTS("programs that read nothing else"),
     .run = look_variables},
    {.id = "SEC-021",
     .question = 5,
     .scope = HT_TABLE_KUBELET,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "The kubelet does not renew its certificate",
     .condition = "Its key is readable by others or is not root's (high), rotateCertificates is "
                  "off, the token that it joined with is still here (medium), or its serving "
                  "certificate is its own (low).",
     .why = "Who has a node's key is that node: it reads the secrets of all pods on it. A "
            "certificate that is never renewed is good for as long as a thief needs.",
     .fix = "chmod 0600 on the key; rotateCertificates and serverTLSBootstrap true in the "
            "kubelet's configuration; delete the bootstrap file once the node has joined.",
     .needs = HT_TEXTS("hostconf"),
     .references =
         HT_TEXTS("CIS Kubernetes 1.8 4.2.10", "CIS Kubernetes 1.8 4.2.11", "ATT&CK T1552.004"),
     .other_causes = HT_TEXTS("certificates that the provider of the node renews"),
     .run = look_kubelet},
    {.id = "SEC-022",
     .question = 5,
     .scope = HT_TABLE_PROCESS,
     .reads = HT_READS(CONTAINER),
     .fields = HT_TEXTS("peers"),
     .severity = HT_SEVERITY_MEDIUM,
     .title = "A container speaks to the cloud's metadata service",
     .condition = "A process of a container has a connection to an address of a metadata service.",
     .why = "It hands out the node's identity in the cloud: whoever may ask it acts as the node.",
     .fix = "Close 169.254.169.254 to pods by a network policy, or set the hop limit of IMDSv2 to "
            "1; give pods an identity of their own.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("Kubescape C-0052", "ATT&CK T1552.005"),
     .other_causes = HT_TEXTS("drivers of storage and network, agents of the node"),
     .run = look_metadata},
    {.id = "SEC-026",
     .question = 5,
     .scope = HT_TABLE_HOST,
     .severity = HT_SEVERITY_LOW,
     .title = "Core dumps are written to the disk",
     .condition = "A swap area is on whose device is not encrypted, core dumps are written to "
                  "files or kept by systemd-coredump, or some lie on the node.",
     .why = "What a program has in memory, keys and passwords among it, comes to lie on the disk.",
     .fix = "Encrypt swap or turn it off; Storage=none in /etc/systemd/coredump.conf; delete the "
            "dumps that are here.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("Lynis KRNL-5820", "ATT&CK T1552"),
     .other_causes = HT_TEXTS("no program may write a dump (ulimit -c 0)"),
     .run = look_memory},
};

const struct ht_check_group ht_checks_sec_node = {.checks = checks, .count = ARRAY_LEN(checks)};
