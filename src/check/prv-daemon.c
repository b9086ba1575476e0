/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PRV-033: who can reach the container engine itself. */
#include "catalogue-private.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/checking.h"

enum { OTHERS_WRITE = 0002, MEMBERS_SHOWN = 20 };

static bool is_loopback(struct ht_str address)
{
    return ht_str_find(address, HT_S("//127."), 0) >= 0 ||
           ht_str_find(address, HT_S("//localhost"), 0) >= 0 ||
           ht_str_find(address, HT_S("//[::1]"), 0) >= 0 || ht_str_has_prefix(address, "127.") ||
           ht_str_has_prefix(address, "localhost:");
}

static void look_listeners(struct ht_checking *checking, const struct ht_daemon *daemon)
{
    if (ht_daemon_has_tcp_tls(daemon) && daemon->tcp_tls)
        return;
    for (size_t i = 0; i < daemon->tcp_listeners.len; i++) {
        struct ht_str address = daemon->tcp_listeners.items[i];
        struct ht_finding *finding = ht_fire(checking, address);

        ht_fire_title(checking, finding,
                      "Takes orders from the network without a certificate (%.*s)",
                      HT_STR_ARG(address));
        if (is_loopback(address))
            ht_finding_set_severity(finding, HT_SEVERITY_HIGH);
        if (!ht_daemon_has_tcp_tls(daemon))
            ht_finding_set_confidence(finding, HT_CONFIDENCE_LIKELY);
        ht_fire_evidence(checking, finding, "command line of the daemon", "listens on", address);
        ht_fire_evidence(checking, finding, "command line of the daemon", "--tlsverify",
                         ht_daemon_has_tcp_tls(daemon) ? HT_S("not set") : HT_S("not known"));
        ht_finding_set_escape(finding,
                              HT_S("Whoever reaches this port starts a privileged container with "
                                   "the node's disk: root on the node in one step."));
    }
}

static void look_socket_mode(struct ht_checking *checking, const struct ht_daemon *daemon)
{
    /* Connecting takes the right to write; the other bits mean nothing for a socket. */
    if (!(daemon->socket_mode & OTHERS_WRITE))
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S("socket mode"));
    ht_fire_title(checking, finding, "Every user of the node can give orders to it");
    ht_fire_evidencef(checking, finding, "stat", "mode of its socket", "%04llo",
                      (unsigned long long)daemon->socket_mode);
    ht_finding_set_escape(
        finding, HT_S("Any user of the node asks for a privileged container with the node's "
                      "disk: root on the node in one step."));
}

static void look_group(struct ht_checking *checking, const struct ht_daemon *daemon)
{
    if (daemon->group_members.len == 0 || (ht_daemon_has_rootless(daemon) && daemon->rootless))
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S("group members"));
    ht_finding_set_severity(finding, HT_SEVERITY_HIGH);
    ht_fire_title(checking, finding, "%zu user%s of the node %s root through it (group %.*s)",
                  daemon->group_members.len, daemon->group_members.len == 1 ? "" : "s",
                  daemon->group_members.len == 1 ? "is" : "are", HT_STR_ARG(daemon->socket_group));
    for (size_t i = 0; i < daemon->group_members.len && i < MEMBERS_SHOWN; i++)
        ht_fire_evidence(checking, finding, "/etc/group", "member of its group",
                         daemon->group_members.items[i]);
}

static void look_daemon(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_daemon *daemon = ht_daemon_of(row);

    if (ht_daemon_has_tcp_listeners(daemon))
        look_listeners(checking, daemon);
    else
        ht_unknown(checking, "proc",
                   "whether the container engine listens on the network: its process was not seen",
                   "run hulltop in the host's pid namespace");
    if (ht_daemon_has_socket_mode(daemon))
        look_socket_mode(checking, daemon);
    else
        ht_unknown(checking, "docker",
                   "who may open the container engine's socket: its owner and mode cannot be read",
                   "let hulltop see the socket's file");
    if (ht_daemon_has_group_members(daemon))
        look_group(checking, daemon);
}

static const struct ht_check checks[] = {
    {.id = "PRV-033",
     .question = 3,
     .scope = HT_TABLE_DAEMON,
     .reads = 0,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "The container engine can be reached by more than root",
     .condition =
         "It listens on TCP without client certificates, its socket is open to every user, or "
         "its group has members.",
     .why =
         "Whoever can give orders to the container engine is root on the node: one request starts "
         "a "
         "privileged container with the node's disk. That holds for the network, for the socket's "
         "mode and for each member of its group.",
     .fix =
         "Remove `-H tcp://` (use `docker context` over SSH), or set --tlsverify with a CA of your "
         "own. "
         "Leave the socket at mode 0660, and treat membership in its group as root: take members "
         "out with `gpasswd -d`.",
     .needs = HT_TEXTS("docker", "proc"),
     .references =
         HT_TEXTS("CIS Docker 1.6.0 2.7", "CIS Docker 1.6.0 3.15", "CIS Docker 1.6.0 3.16",
                  "CIS Docker 1.6.0 1.1.2", "ATT&CK T1133", "ATT&CK T1610"),
     .other_causes = HT_TEXTS("workstations of developers"),
     .run = look_daemon},
};

const struct ht_check_group ht_checks_prv_daemon = {.checks = checks, .count = ARRAY_LEN(checks)};
