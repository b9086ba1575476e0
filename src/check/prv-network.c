/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PRV-026: published ports. */
#include "catalogue-private.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/pod-compare.h"
#include "pods.h"
#include "view.h"

static bool is_every_address(struct ht_str address)
{
    return address.len == 0 || ht_str_is(address, "0.0.0.0") || ht_str_is(address, "::");
}

/* Whether "80", "127.0.0.1:80" or "[::1]:80" of a manifest is bound to no particular address. */
static bool is_on_every_address(struct ht_str port)
{
    struct ht_str address = port;

    while (address.len && address.data[address.len - 1] != ':')
        address.len--;
    if (address.len)
        address.len--;
    if (address.len > 1 && address.data[0] == '[' && address.data[address.len - 1] == ']')
        address = ht_str_sub(address, 1, address.len - 2);
    return is_every_address(address);
}

/* The pod that a container is of, where it is known what that declares; or NULL. */
static const struct ht_pod *pod_of(const struct view *view)
{
    const struct ht_container *container = view->container;
    const struct ht_row *row =
        ht_container_has_pod_row(container)
            ? ht_node_find(ht_checking_node(view->checking), HT_TABLE_POD, container->pod_row)
            : NULL;

    return row && ht_pod_has_containers(ht_pod_of(row)) ? ht_pod_of(row) : NULL;
}

static void unknown_ports(const struct view *view)
{
    const struct ht_container *container = view->container;

    if (ht_container_has_pod(container) || ht_container_has_pod_found(container))
        ht_unknown(view->checking, "kubernetes",
                   "which ports it publishes: its runtime does not tell that, the pod's manifest "
                   "does",
                   "give hulltop a kubeconfig (--kubeconfig FILE)");
    else
        ht_view_unknown_declared(view, "which ports it publishes");
}

/* What opens the ports of a pod is no runtime's matter: its manifest tells them. In the node's
 * network (PRV-010) each port that a container names is one of the node, wherever it listens. */
static void look_manifest(const struct view *view, const struct ht_pod *pod,
                          struct ht_finding **finding)
{
    struct ht_str name = ht_pod_container_name(pod, view->container);
    const struct ht_pod_container *wanted = ht_pod_find_container(pod, name);

    if (pod->host_network)
        return;
    /* The pause container is none of those that it names, and has no name or that. */
    if (!wanted && name.len && !ht_str_is(name, "POD"))
        unknown_ports(view);
    for (size_t i = 0; wanted && i < wanted->host_ports.len; i++) {
        const struct ht_pair *port = &wanted->host_ports.items[i];

        if (!is_on_every_address(port->value))
            continue;
        if (!*finding) {
            *finding = ht_fire(view->checking, HT_S(""));
            ht_fire_title(view->checking, *finding, "Takes ports of the node");
        }
        ht_pod_show(view->checking, *finding, port->key, port->value);
    }
}

static void look_ports(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;
    struct ht_finding *finding = NULL;

    if (!ht_view_open(checking, row, &view))
        return;

    const struct ht_pod *pod = pod_of(&view);
    if (pod)
        look_manifest(&view, pod, &finding);
    else if (!ht_container_has_ports(view.container))
        unknown_ports(&view);
    for (size_t i = 0; i < view.container->ports.len; i++) {
        const struct ht_port *port = &view.container->ports.items[i];

        if (!ht_port_has_host_port(port) || port->host_port == 0 ||
            !is_every_address(port->host_ip))
            continue;
        if (!finding)
            finding = ht_fire(checking, HT_S(""));
        ht_fire_evidencef(checking, finding, view.declared_source, "published port",
                          "%.*s:%llu -> %llu/%.*s%s", HT_STR_ARG(port->host_ip),
                          (unsigned long long)port->host_port, (unsigned long long)port->port,
                          HT_STR_ARG(port->protocol),
                          port->host_port < 1024 ? " (below 1024)" : "");
    }
}

static const struct ht_check checks[] = {
    {.id = "PRV-026",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(POD),
     .flags = HT_CHECK_POSTURE,
     .severity = HT_SEVERITY_LOW,
     .title = "Publishes a port on every address of the node",
     .title_pod = "Takes ports of the node",
     .condition = "A port is published on 0.0.0.0, :: or no particular address, or the pod's "
                  "manifest names a hostPort without one address (hostIP). What is in the node's "
                  "network is told by PRV-010.",
     .why = "The port is open to every network the node is in, past firewalls that only look at "
            "incoming connections of the node itself: runtimes put their rules in front.",
     .fix =
         "Bind it to one address (-p 127.0.0.1:8080:80), or put a Service or an ingress in front.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.14", "CIS Kubernetes 1.12 5.2.12",
                            "Pod Security baseline: hostPorts"),
     .other_causes = HT_TEXTS("services meant for the outside"),
     .run = look_ports,
     .run_pod = ht_pod_look},
};

const struct ht_check_group ht_checks_prv_network = {.checks = checks, .count = ARRAY_LEN(checks)};
