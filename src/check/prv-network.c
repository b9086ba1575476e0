/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PRV-026: published ports. */
#include "catalogue-private.h"
#include "hulltop/base/mem.h"
#include "pods.h"
#include "view.h"

static bool is_every_address(struct ht_str address)
{
    return address.len == 0 || ht_str_is(address, "0.0.0.0") || ht_str_is(address, "::");
}

static void look_ports(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;
    struct ht_finding *finding = NULL;

    if (!ht_view_open(checking, row, &view))
        return;
    if (!ht_container_has_ports(view.container)) {
        ht_view_unknown_declared(&view, "which ports it publishes");
        return;
    }
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
     .reads = 0,
     .flags = HT_CHECK_POSTURE,
     .severity = HT_SEVERITY_LOW,
     .title = "Publishes a port on every address of the node",
     .title_pod = "Takes ports of the node",
     .condition = "A port is published on 0.0.0.0, :: or no particular address.",
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
