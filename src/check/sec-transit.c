/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEC-010, SEC-030 to SEC-032, SEC-036: what speaks without TLS or to anybody. */
#include "catalogue-private.h"
#include "sec-config.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/checking.h"

enum { PLAIN_SHOWN = 10 };

static bool is_loopback(const struct ht_listener *listener)
{
    return ht_str_is(listener->reach, "loopback");
}

static void add_listener(struct ht_checking *checking, struct ht_finding *finding,
                         const struct ht_listener *listener)
{
    ht_fire_evidence(checking, finding,
                     listener->told_by.len ? "configuration" : "default of the program",
                     "listens on", listener->url);
    if (listener->told_by.len)
        ht_fire_evidence(checking, finding, "configuration", "set by", listener->told_by);
    if (ht_listener_has_running(listener) && !listener->running)
        ht_finding_set_confidence(finding, HT_CONFIDENCE_LIKELY);
}

static bool is_known(struct ht_checking *checking, const struct ht_listener *listener)
{
    if (!ht_listener_has_kind(listener))
        ht_unknown(checking, "hostconf", "who listens here is not known", "sudo hulltop");
    return ht_listener_has_kind(listener);
}

/* ---- SEC-010 ---- */

static void look_etcd(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_listener *listener = ht_listener_of(row);

    if (!is_known(checking, listener) || !ht_str_has_prefix(listener->kind, "etcd-"))
        return;
    if (!ht_listener_has_tls(listener) || !ht_listener_has_client_auth(listener)) {
        ht_unknown(checking, "hostconf", "etcd's arguments cannot be read", "sudo hulltop");
        return;
    }
    if (listener->tls && listener->client_auth)
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    ht_fire_title(checking, finding, "etcd %s (%.*s)",
                  listener->tls ? "answers without a client certificate" : "speaks without TLS",
                  HT_STR_ARG(listener->url));
    if (is_loopback(listener))
        ht_finding_set_severity(finding, HT_SEVERITY_MEDIUM);
    add_listener(checking, finding, listener);
}

/* ---- SEC-030 ---- */

static void look_datastore(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_apiserver *apiserver = ht_apiserver_of(row);
    size_t remote = 0;

    if (ht_apiserver_has_found(apiserver) && apiserver->found == HT_APISERVER_FOUND_NONE)
        return;
    if (!ht_apiserver_has_etcd_prefix(apiserver)) {
        ht_sec_unknown_arguments(checking, apiserver);
        return;
    }
    if (!ht_apiserver_has_etcd_tls(apiserver) || apiserver->etcd_tls)
        return; /* none named: the datastore is inside it */
    /* Overrides name the datastores of single resources, elsewhere as a rule. */
    remote += apiserver->etcd_overrides.len;
    for (size_t i = 0; i < apiserver->etcd_servers.len; i++) {
        struct ht_str server = apiserver->etcd_servers.items[i];

        remote += ht_str_find(server, HT_S("//127."), 0) < 0 &&
                  ht_str_find(server, HT_S("//localhost"), 0) < 0 &&
                  ht_str_find(server, HT_S("//[::1]"), 0) < 0 &&
                  !ht_str_has_prefix(server, "unix:");
    }

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    if (remote == 0)
        ht_finding_set_severity(finding, HT_SEVERITY_LOW);
    for (size_t i = 0; i < apiserver->etcd_servers.len; i++)
        ht_fire_evidence(checking, finding, "arguments of the API server", "--etcd-servers",
                         apiserver->etcd_servers.items[i]);
    for (size_t i = 0; i < apiserver->etcd_overrides.len; i++)
        ht_fire_evidence(checking, finding, "arguments of the API server",
                         "--etcd-servers-overrides", apiserver->etcd_overrides.items[i]);
}

/* ---- SEC-031, SEC-032 ---- */

static void look_kubelet(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_listener *listener = ht_listener_of(row);
    bool is_read_only = ht_str_is(listener->kind, "kubelet-read-only");

    if (!is_known(checking, listener) || (!is_read_only && !ht_str_is(listener->kind, "kubelet")))
        return;
    if (!ht_listener_has_anonymous(listener)) {
        ht_unknown(checking, "hostconf", "the kubelet's configuration cannot be read",
                   "sudo hulltop");
        return;
    }
    if (!listener->anonymous)
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    if (is_read_only)
        ht_fire_title(checking, finding, "The kubelet's read-only port is open to anybody");
    if (is_loopback(listener))
        ht_finding_set_severity(finding, HT_SEVERITY_LOW);
    add_listener(checking, finding, listener);
}

static void look_insecure(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_listener *listener = ht_listener_of(row);
    bool is_apiserver = ht_str_is(listener->kind, "apiserver-insecure");
    bool is_docker = ht_str_is(listener->kind, "docker");

    if (!is_known(checking, listener) ||
        (!is_apiserver && !is_docker && !ht_str_is(listener->kind, "buildkit")))
        return;
    if (!ht_listener_has_client_auth(listener)) {
        ht_unknown(checking, "hostconf", "the daemon's arguments cannot be read", "sudo hulltop");
        return;
    }
    if (listener->client_auth)
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    if (!is_apiserver)
        ht_fire_title(checking, finding, "%s takes orders %s (%.*s)",
                      is_docker ? "Docker" : "BuildKit",
                      listener->tls ? "without a certificate" : "without TLS and a certificate",
                      HT_STR_ARG(listener->url));
    if (is_loopback(listener))
        ht_finding_set_severity(finding, HT_SEVERITY_HIGH);
    add_listener(checking, finding, listener);
}

/* ---- SEC-036 ---- */

static void fire_ingress(struct ht_checking *checking, const struct ht_ingress *ingress)
{
    struct ht_finding *finding = ht_fire(checking, ingress->id);

    ht_fire_title(checking, finding, "Ingress %.*s serves without TLS", HT_STR_ARG(ingress->id));
    for (size_t i = 0; i < ingress->plain.len && i < PLAIN_SHOWN; i++)
        ht_fire_evidence(checking, finding, "kubernetes", "host without TLS",
                         ingress->plain.items[i]);
    if (ingress->plain.len > PLAIN_SHOWN)
        ht_fire_evidencef(checking, finding, "kubernetes", "more hosts without TLS", "%zu",
                          ingress->plain.len - PLAIN_SHOWN);
    if (ht_ingress_has_class(ingress))
        ht_fire_evidence(checking, finding, "kubernetes", "ingressClassName", ingress->class);
}

static void look_ingresses(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_rowset *ingresses = ht_node_set(ht_checking_node(checking), HT_TABLE_INGRESS);
    size_t dark = 0;

    if (!ht_cluster_has_ingresses(ht_cluster_of(row))) {
        ht_unknown(checking, "kubernetes",
                   "which ingresses serve without TLS: ingresses.networking.k8s.io were not listed",
                   "hulltop doctor --role prints what is needed");
        return;
    }
    for (size_t i = 0; i < ingresses->len; i++) {
        const struct ht_ingress *ingress = ht_ingress_of(ingresses->rows[i]);

        dark += !ht_ingress_has_plain(ingress);
        if (ingress->plain.len)
            fire_ingress(checking, ingress);
    }
    if (dark)
        ht_unknown(checking, "kubernetes", "some ingresses do not tell what they serve", "");
}

static const struct ht_check checks[] = {
    {.id = "SEC-010",
     .question = 5,
     .scope = HT_TABLE_LISTENER,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "etcd can be reached without TLS or without a client certificate",
     .condition = "A client or peer listener of etcd is plain HTTP, or asks for no certificate.",
     .why = "etcd holds every secret and every right of the cluster, and asks nobody who they are "
            "but by certificates.",
     .fix = "Serve https:// only, with --client-cert-auth and --peer-client-cert-auth and a CA of "
            "etcd's own.",
     .needs = HT_TEXTS("hostconf"),
     .references = HT_TEXTS("CIS Kubernetes 1.8 2.1", "CIS Kubernetes 1.8 2.2",
                            "CIS Kubernetes 1.8 2.4", "CIS Kubernetes 1.8 2.5", "ATT&CK T1552.007"),
     .other_causes = HT_TEXTS("an etcd of its own on the loopback address"),
     .run = look_etcd},
    {.id = "SEC-030",
     .question = 5,
     .scope = HT_TABLE_APISERVER,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "The API server speaks to its datastore without TLS",
     .condition = "One of --etcd-servers or --etcd-servers-overrides is not https.",
     .why = "Every secret that is read or written crosses the network as it is.",
     .fix = "Name https:// endpoints, with --etcd-cafile, --etcd-certfile and --etcd-keyfile.",
     .needs = HT_TEXTS("hostconf"),
     .references = HT_TEXTS("CIS Kubernetes 1.8 1.2.25", "CIS Kubernetes 1.8 1.2.29"),
     .other_causes = HT_TEXTS("a unix socket"),
     .run = look_datastore},
    {.id = "SEC-031",
     .question = 5,
     .scope = HT_TABLE_LISTENER,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "The kubelet answers requests without credentials",
     .condition = "Its read-only port is on, or anonymous requests are allowed.",
     .why = "Pods with their environments are read by anybody; with AlwaysAllow, commands run in "
            "them.",
     .fix = "In the kubelet's configuration: readOnlyPort 0, authentication.anonymous.enabled "
            "false, authorization.mode Webhook.",
     .needs = HT_TEXTS("hostconf"),
     .references = HT_TEXTS("CIS Kubernetes 1.8 4.2.1", "CIS Kubernetes 1.8 4.2.2",
                            "CIS Kubernetes 1.8 4.2.4", "ATT&CK T1552.007"),
     .run = look_kubelet},
    {.id = "SEC-032",
     .question = 5,
     .scope = HT_TABLE_LISTENER,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "The API server has a port without TLS and without authentication",
     .condition =
         "--insecure-port is not 0, or BuildKit or Docker listens on TCP without asking for "
         "a certificate (--tlsverify).",
     .why =
         "Whoever reaches this port owns the cluster, or runs what he likes as root on this node.",
     .fix =
         "Take --insecure-port out; it is gone since Kubernetes 1.24. BuildKit and Docker: use a "
         "unix socket, or --tlscacert, --tlscert and --tlskey, and for Docker --tlsverify.",
     .needs = HT_TEXTS("hostconf"),
     .references = HT_TEXTS("CIS Kubernetes 1.8 1.2.19", "ATT&CK T1133"),
     .run = look_insecure},
    {.id = "SEC-036",
     .question = 5,
     .scope = HT_TABLE_CLUSTER,
     .reads = HT_READS(INGRESS),
     .flags = HT_CHECK_DECIDES | HT_CHECK_TELLS_PART,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "An Ingress serves without TLS",
     .condition = "A host of an Ingress is in no entry of its tls, and no annotation names a "
                  "certificate of the cloud's.",
     .why =
         "What users send to it, passwords and session cookies among it, can be read and changed "
         "on its way to the cluster.",
     .fix =
         "Name the host and a certificate's Secret in spec.tls, and have the controller redirect "
         "http to https.",
     .needs = HT_TEXTS("kubernetes"),
     .references = HT_TEXTS("ATT&CK T1040", "ATT&CK T1557"),
     .other_causes = HT_TEXTS("TLS ends at a load balancer in front of the controller",
                              "a page that only redirects"),
     .run = look_ingresses},
};

const struct ht_check_group ht_checks_sec_transit = {.checks = checks, .count = ARRAY_LEN(checks)};
