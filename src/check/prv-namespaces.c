/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PRV-009, 010, 011: namespaces shared with the node. */
#include "catalogue-private.h"
#include "hulltop/base/mem.h"
#include "pods.h"
#include "view.h"

struct shared_ns {
    enum view_ns ns;
    const char *what; /* for "could not be looked at" */
    enum view_field declared;
    const char *kind; /* of the namespace, and its link below /proc/PID/ns */
};

/* The container whose namespace of that kind it takes, or the empty text. */
static struct ht_str joined(const struct view *view, const char *kind)
{
    const struct ht_pair_list *joins = &view->container->joins;

    for (size_t i = 0; i < joins->len; i++) {
        if (ht_str_is(joins->items[i].key, kind))
            return joins->items[i].value;
    }
    return (struct ht_str){0};
}

/* NULL: not known. */
static const char *scope_word(bool known, enum ht_ns_scope scope)
{
    return known ? ht_enum_name(&ht_ns_scope_enum, scope) : NULL;
}

/* Fires if the namespace is the node's; NULL if it is not, or not known. */
static struct ht_finding *fire_shared(const struct view *view, const struct shared_ns *shared)
{
    const struct ht_privilege *sides[] = {view->declared, view->effective};
    const char *words[2];

    switch (ht_view_shares(view, shared->ns)) {
    case TRI_UNKNOWN:
        ht_view_unknown_effective(view, shared->what);
        return NULL;
    case TRI_NO:
        return NULL;
    case TRI_YES:
        break;
    }
    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        switch (shared->ns) {
        case VIEW_NS_PID:
            words[i] = scope_word(ht_privilege_has_pid_ns(sides[i]), sides[i]->pid_ns);
            break;
        case VIEW_NS_NET:
            words[i] = scope_word(ht_privilege_has_net_ns(sides[i]), sides[i]->net_ns);
            break;
        case VIEW_NS_IPC:
            words[i] = scope_word(ht_privilege_has_ipc_ns(sides[i]), sides[i]->ipc_ns);
            break;
        case VIEW_NS_USER:
            words[i] = scope_word(ht_privilege_has_user_ns(sides[i]), sides[i]->user_ns);
            break;
        }
    }

    struct ht_arena *arena = ht_checking_arena(view->checking);
    struct ht_str other = joined(view, shared->kind);
    struct ht_finding *finding = ht_fire(view->checking, HT_S(""));
    if (words[0])
        ht_view_show_declared(view, finding, shared->declared,
                              other.len ? ht_arena_strf(arena, "container:%.12s (%s)",
                                                        ht_arena_str(arena, other).data, words[0])
                                        : ht_str_from(words[0]));
    ht_fire_evidence(view->checking, finding, "/proc",
                     ht_arena_strf(arena, "ns/%s", shared->kind).data,
                     ht_str_from(words[1] ? words[1] : "not known"));
    return finding;
}

static void look_pid(struct ht_checking *checking, const struct ht_row *row)
{
    static const struct shared_ns shared = {
        VIEW_NS_PID, "whether it shares the node's pid namespace", VIEW_FIELD_PID_NS, "pid"};
    struct view view;
    uint64_t extra = 0;
    bool strong = false;

    if (!ht_view_open(checking, row, &view))
        return;

    struct ht_finding *finding = fire_shared(&view, &shared);
    if (!finding)
        return;
    if (ht_view_extra_caps(&view, &extra) == TRI_YES) {
        for (unsigned bit = 0; bit < 64; bit++)
            strong = strong || (extra >> bit & 1 && ht_facts_cap_tier(view.facts, bit) == 1);
    }
    if (strong || ht_view_is_root_on_node(&view) == TRI_YES)
        ht_finding_set_severity(finding, HT_SEVERITY_CRITICAL);
    if (ht_host_has_processes(view.host))
        ht_fire_evidencef(checking, finding, "/proc", "processes of the node in its sight", "%llu",
                          (unsigned long long)view.host->processes);
    ht_view_show_user(&view, finding);
    ht_view_put_escape(&view, finding);
}

static void look_net(struct ht_checking *checking, const struct ht_row *row)
{
    static const struct shared_ns shared = {VIEW_NS_NET, "whether it shares the node's network",
                                            VIEW_FIELD_NET_NS, "net"};
    struct view view;

    if (ht_view_open(checking, row, &view))
        fire_shared(&view, &shared);
}

static void look_ipc(struct ht_checking *checking, const struct ht_row *row)
{
    static const struct shared_ns shared = {
        VIEW_NS_IPC, "whether it shares the node's shared memory", VIEW_FIELD_IPC_NS, "ipc"};
    struct view view;

    if (ht_view_open(checking, row, &view))
        fire_shared(&view, &shared);
}

static const struct ht_check checks[] = {
    {.id = "PRV-009",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "Sees and reaches every process of the node (host pid namespace)",
     .condition =
         "Its pid namespace is the node's; critical with a tier 1 capability or as the node's "
         "root.",
     .why =
         "It sees every process of the node with its command line, reads environments where its "
         "rights allow, and can signal or trace what runs as the same user. As root that is most "
         "of the node.",
     .fix =
         "Remove `--pid host` (Kubernetes: hostPID). Containers of one pod that have to see each "
         "other use shareProcessNamespace.",
     .needs = HT_TEXTS("docker"),
     .references =
         HT_TEXTS("CIS Docker 1.6.0 5.16", "CIS Kubernetes 1.12 5.2.3",
                  "Pod Security baseline: hostNamespaces", "ATT&CK T1611", "ATT&CK T1057"),
     .other_causes = HT_TEXTS("node_exporter", "security agents", "kubectl debug node"),
     .run = look_pid,
     .run_pod = ht_pod_look},
    {.id = "PRV-010",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "Uses the node's own network (host network namespace)",
     .condition = "Its network namespace is the node's.",
     .why = "It reaches what listens on the node's loopback only (kubelet, etcd, runtimes, cloud "
            "metadata), takes any free port of the node, and network policies do not hold it.",
     .fix = "Remove `--network host` (Kubernetes: hostNetwork). Publish the one port that is "
            "needed, or "
            "use a Service.",
     .needs = HT_TEXTS("docker"),
     .references =
         HT_TEXTS("CIS Docker 1.6.0 5.10", "CIS Kubernetes 1.12 5.2.5",
                  "Pod Security baseline: hostNamespaces", "ATT&CK T1046", "ATT&CK T1552.005"),
     .other_causes =
         HT_TEXTS("kube-proxy and network plugins", "ingress on bare metal", "control-plane pods"),
     .run = look_net,
     .run_pod = ht_pod_look},
    {.id = "PRV-011",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "Reaches the node's shared memory (host ipc namespace)",
     .condition = "Its ipc namespace is the node's.",
     .why = "Shared memory, semaphores and message queues of programs on the node can be read and "
            "changed from inside where permissions allow.",
     .fix = "Remove `--ipc host` (Kubernetes: hostIPC). Programs that share memory get one "
            "container or "
            "pod, or an emptyDir of medium Memory.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.17", "CIS Kubernetes 1.12 5.2.4",
                            "Pod Security baseline: hostNamespaces"),
     .other_causes = HT_TEXTS("scientific and GPU programs"),
     .run = look_ipc,
     .run_pod = ht_pod_look},
};

const struct ht_check_group ht_checks_prv_namespaces = {.checks = checks,
                                                        .count = ARRAY_LEN(checks)};
