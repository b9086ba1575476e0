/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEC-011, SEC-037, SEC-038: what crosses networks as it is, and Swarm's keys. */
#include "catalogue-private.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/checking.h"

enum { SHOWN = 8 };

static void look_network(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_network *network = ht_network_of(row);
    struct ht_finding *finding;

    /* A list always tells the driver. */
    if (!ht_network_has_driver(network)) {
        ht_unknown(checking, "docker",
                   ht_arena_strf(ht_checking_arena(checking),
                                 "networks over several nodes could not be listed: %.*s",
                                 HT_STR_ARG(network->name))
                       .data,
                   "they are asked for again at the next full pass");
        return;
    }
    if (!ht_network_has_encrypted(network)) {
        ht_unknown(checking, "docker",
                   "whether a network over several nodes is encrypted: its daemon did not tell",
                   "docker network inspect says it");
        return;
    }
    if (!ht_str_is(network->driver, "overlay") || network->encrypted)
        return;
    finding = ht_fire(checking, network->name);
    ht_fire_title(checking, finding, "Network %.*s carries data between nodes as it is",
                  HT_STR_ARG(network->name));
    ht_fire_evidence(checking, finding, "docker network inspect", "driver", network->driver);
    ht_fire_evidence(checking, finding, "docker network inspect", "option encrypted",
                     HT_S("not set"));
    if (ht_network_has_peers(network))
        ht_fire_evidencef(checking, finding, "docker network inspect", "other nodes", "%llu",
                          (unsigned long long)network->peers);
}

static void look_services(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_rowset *services = ht_node_set(ht_checking_node(checking), HT_TABLE_SERVICE);
    size_t dark = 0;

    if (!ht_cluster_has_services(ht_cluster_of(row))) {
        ht_unknown(checking, "kubernetes",
                   "which services are open to others: services were not listed",
                   "hulltop doctor --role prints what is needed");
        return;
    }
    for (size_t i = 0; i < services->len; i++) {
        const struct ht_service *service = ht_service_of(services->rows[i]);
        struct ht_finding *finding;

        dark += !ht_service_has_plain(service);
        if (service->plain.len == 0)
            continue;
        finding = ht_fire(checking, service->id);
        ht_fire_title(checking, finding, "Service %.*s is open to others without TLS",
                      HT_STR_ARG(service->id));
        ht_fire_evidence(checking, finding, "kubernetes", "type", service->type);
        for (size_t j = 0; j < service->plain.len && j < SHOWN; j++)
            ht_fire_evidence(checking, finding, "kubernetes", "port without TLS",
                             service->plain.items[j]);
    }
    if (dark)
        ht_unknown(checking, "kubernetes", "some services do not tell what they serve", "");
}

static void look_swarm(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_daemon *daemon = ht_daemon_of(row);

    if (!ht_str_is(daemon->name, "Docker") ||
        (ht_daemon_has_swarm(daemon) && !daemon->swarm_manager))
        return; /* it has no store of secrets */
    if (!ht_daemon_has_swarm(daemon) || !ht_daemon_has_swarm_autolock(daemon)) {
        ht_unknown(checking, "docker", "whether Swarm's keys are locked: the daemon did not tell",
                   "docker info says it");
        return;
    }
    if (!daemon->swarm_autolock)
        ht_fire_evidence(checking, ht_fire(checking, HT_S("")), "docker info",
                         "Swarm.Cluster.Spec.EncryptionConfig.AutoLockManagers", HT_S("false"));
}

static const struct ht_check checks[] = {
    {.id = "SEC-011",
     .question = 5,
     .scope = HT_TABLE_NETWORK,
     .severity = HT_SEVERITY_LOW,
     .title = "A network over several nodes is not encrypted",
     .condition = "An overlay network of Swarm's has no option \"encrypted\".",
     .why = "What containers on different nodes send each other can be read on the way.",
     .fix = "Create the network again with --opt encrypted, or have the programs use TLS.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Docker 1.6.0 7.3", "ATT&CK T1040"),
     .other_causes =
         HT_TEXTS("programs that use TLS themselves", "a network that nobody else is on"),
     .run = look_network},
    {.id = "SEC-037",
     .question = 5,
     .scope = HT_TABLE_CLUSTER,
     .reads = HT_READS(SERVICE),
     .flags = HT_CHECK_TELLS_PART,
     .severity = HT_SEVERITY_LOW,
     .title = "A service is open to others without TLS",
     .condition = "A Service of type LoadBalancer or NodePort, or with external addresses, has a "
                  "port for http or another protocol without TLS, by its appProtocol, its name or "
                  "its number, and no annotation names a certificate of the cloud's.",
     .why = "What is sent to it, passwords among it, can be read and changed on its way.",
     .fix = "End TLS in front of it or in it; make it a ClusterIP behind an Ingress with tls.",
     .needs = HT_TEXTS("kubernetes"),
     .references = HT_TEXTS("ATT&CK T1040", "ATT&CK T1557"),
     .other_causes = HT_TEXTS("a controller of Ingresses that only redirects there"),
     .run = look_services},
    {.id = "SEC-038",
     .question = 5,
     .scope = HT_TABLE_DAEMON,
     .severity = HT_SEVERITY_LOW,
     .title = "Swarm's secrets and the key that opens them lie side by side",
     .condition = "This node manages a swarm, and autolock is off.",
     .why = "The store of secrets in /var/lib/docker/swarm is encrypted with a key in the same "
            "folder: a copy of the disk opens it.",
     .fix = "docker swarm update --autolock=true; keep the key elsewhere.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Docker 1.6.0 7.6", "ATT&CK T1552.001"),
     .other_causes = HT_TEXTS("managers that must start without anybody"),
     .run = look_swarm},
};

const struct ht_check_group ht_checks_sec_network = {.checks = checks, .count = ARRAY_LEN(checks)};
