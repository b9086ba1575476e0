/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PRV-013, 014, 015: capabilities. */
#include "catalogue-private.h"
#include "hulltop/base/mem.h"
#include "pods.h"
#include "view.h"

/* What a capability needs to be worth its tier. */
static bool need_is_met(const struct view *view, int need)
{
    switch ((enum ht_fact_needs)need) {
    case HT_FACT_NEEDS_NOTHING:
        return true;
    case HT_FACT_NEEDS_HOST_PID:
        return ht_view_shares(view, VIEW_NS_PID) == TRI_YES;
    case HT_FACT_NEEDS_HOST_FILES: {
        struct ht_mount_list mounts;

        if (!ht_view_mounts(view, &mounts))
            return false;
        for (size_t i = 0; i < mounts.len; i++) {
            struct ht_str path = ht_mount_host_path(&mounts.items[i]);

            if (path.len && ht_view_path(view, HT_FACT_PATHS_WRITABLE, path))
                return true;
        }
        return false;
    }
    case HT_FACT_NEEDS_DEVICES:
        return ht_view_raw_device(view).len > 0;
    }
    return false;
}

/* Those of caps that are of that tier here. */
static uint64_t of_tier(const struct view *view, uint64_t caps, unsigned tier)
{
    uint64_t found = 0;

    for (unsigned bit = 0; bit < 64; bit++) {
        const struct ht_fact_capability *fact = ht_facts_capability(view->facts, bit);

        if (!(caps >> bit & 1) || !fact)
            continue;
        if (fact->tier + (need_is_met(view, fact->needs) ? 0 : 1) == tier)
            found |= UINT64_C(1) << bit;
    }
    return found;
}

static void show_each(const struct view *view, struct ht_finding *finding, uint64_t caps)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        const struct ht_fact_capability *fact = ht_facts_capability(view->facts, bit);
        struct ht_arena *arena = ht_checking_arena(view->checking);

        if (!(caps >> bit & 1) || !fact)
            continue;

        struct ht_str field = ht_arena_strf(arena, "CAP_%.*s", HT_STR_ARG(fact->name));
        ht_fire_evidencef(view->checking, finding, "capabilities.yaml", field.data,
                          "lets it %.*s%s%.*s", HT_STR_ARG(fact->gives),
                          fact->instead.len ? "; instead: " : "", HT_STR_ARG(fact->instead));
    }
}

/* Given in the declaration, and out of reach: not as root, and no program gives it more. */
static void look_idle(const struct view *view, unsigned tier)
{
    struct ht_arena *arena = ht_checking_arena(view->checking);
    uint64_t caps = of_tier(view, ht_view_idle_caps(view), tier);

    if (!caps)
        return;

    struct ht_finding *finding = ht_fire(view->checking, ht_cap_names(arena, caps, ","));
    struct ht_str names = ht_cap_names(arena, caps, ", ");
    ht_fire_title(view->checking, finding, "Was given %.*s, which it can neither use nor get",
                  HT_STR_ARG(names));
    ht_finding_set_severity(finding, HT_SEVERITY_LOW);
    ht_view_show_caps(view, finding);
    ht_fire_evidence(view->checking, finding, ht_view_status(view), "NoNewPrivs", HT_S("1"));
    ht_view_show_user(view, finding);
    show_each(view, finding, caps);
}

/* Those that its first process has not. */
static void show_others(const struct view *view, struct ht_finding *finding, uint64_t caps)
{
    const struct ht_container *container = view->container;

    if (!ht_container_has_held_caps(container) || !ht_privilege_has_caps(view->effective))
        return;
    caps &= container->held_caps & ~view->effective->caps;
    if (caps)
        ht_fire_evidence(view->checking, finding, "/proc", "CapPrm of another of its processes",
                         ht_cap_names(ht_checking_arena(view->checking), caps, " "));
}

/* Fires once for all capabilities of a tier that are beyond the default. */
static void look_tier(struct ht_checking *checking, const struct ht_row *row, unsigned tier)
{
    struct view view;
    uint64_t extra = 0;

    if (!ht_view_open(checking, row, &view))
        return;
    look_idle(&view, tier);
    switch (ht_view_extra_caps(&view, &extra)) {
    case TRI_UNKNOWN:
        ht_view_unknown_effective(&view, "which capabilities it has");
        return;
    case TRI_NO:
        return;
    case TRI_YES:
        break;
    }

    uint64_t caps = of_tier(&view, extra, tier);
    if (!caps)
        return;

    struct ht_arena *arena = ht_checking_arena(checking);
    struct ht_finding *finding = ht_fire(checking, ht_cap_names(arena, caps, ","));
    struct ht_str names = ht_cap_names(arena, caps, ", ");
    ht_fire_title(checking, finding,
                  tier == 1 ? "Has %.*s: root on the node is near"
                            : "Has %.*s beyond the default capabilities",
                  HT_STR_ARG(names));
    for (size_t i = 0; i < view.container->cap_add.len; i++)
        ht_view_show_declared(&view, finding, VIEW_FIELD_CAP_ADD, view.container->cap_add.items[i]);
    ht_view_show_caps(&view, finding);
    show_others(&view, finding, caps);
    show_each(&view, finding, caps);
    ht_view_put_escape(&view, finding);
}

static void look_tier_1(struct ht_checking *checking, const struct ht_row *row)
{
    look_tier(checking, row, 1);
}

static void look_tier_2(struct ht_checking *checking, const struct ht_row *row)
{
    look_tier(checking, row, 2);
}

/* ---- PRV-015 ---- */

/* What it can use now; the bounding set alone lets nobody open a socket. A user namespace is no
 * help: the network it forges packets in is the one it shares with other containers. */
static enum tri has_net_raw(const struct view *view)
{
    const struct ht_privilege *effective = view->effective;

    if (ht_privilege_has_caps(effective) && !(effective->caps >> HT_CAPABILITY_NET_RAW & 1))
        return TRI_NO;
    return ht_view_holds_cap(view, HT_CAPABILITY_NET_RAW);
}

static void look_net_raw(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;

    if (!ht_view_open(checking, row, &view))
        return;
    if (!ht_view_is_yes(&view, has_net_raw(&view), "whether it has NET_RAW"))
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    ht_view_show_caps(&view, finding);
    if (!view.init || !ht_process_has_packet_sockets(view.init))
        return;
    ht_fire_evidencef(checking, finding, "/proc/PID/net/packet", "packet sockets", "%llu",
                      (unsigned long long)view.init->packet_sockets);
    /* The node's own tools listen in the node's network. */
    if (view.init->packet_sockets && view.container->class == HT_CLASS_APP &&
        ht_view_shares(&view, VIEW_NS_NET) == TRI_NO) {
        ht_fire_title(checking, finding, "Listens to its network through a packet socket");
        ht_finding_set_severity(finding, HT_SEVERITY_HIGH);
    }
}

static const struct ht_check checks[] = {
    {.id = "PRV-013",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "Has a capability that is as good as root on the node",
     .condition =
         "The effective or bounding set of the first process, or the declaration, has a "
         "capability of tier 1 beyond what runtimes give unasked, outside a user namespace; low if "
         "it does not run as root, has no-new-privileges and so cannot get it, and no other "
         "process in it has it.",
     .why =
         "Each of these capabilities is one or two known steps from root on the node: mounting its "
         "disk, loading a kernel module, reading any file past its permissions.",
     .fix = "Take the capability away (Docker and Podman: remove --cap-add; Kubernetes: "
            "`capabilities: {drop: [ALL]}` and add back only what fails). The evidence names the "
            "narrower way for each.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.4", "CIS Kubernetes 1.12 5.2.9",
                            "Pod Security baseline: capabilities", "ATT&CK T1611"),
     .other_causes = HT_TEXTS("network plugins and storage drivers", "BPF agents", "debuggers"),
     .run = look_tier_1,
     .run_pod = ht_pod_look},
    {.id = "PRV-014",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "Has a capability over a part of the node",
     .condition =
         "As PRV-013, for a capability of tier 2, or one of tier 1 that lacks what it needs.",
     .why = "These capabilities change the network, the clock, limits or logs. With a second "
            "weakness they become a way out of the container.",
     .fix = "Drop the capability, or give it only to a short helper (an init container) that sets "
            "things up and ends.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.4", "CIS Kubernetes 1.12 5.2.9",
                            "Pod Security baseline: capabilities"),
     .other_causes = HT_TEXTS("VPN and proxy sidecars", "istio-init", "time synchronisation"),
     .run = look_tier_2,
     .run_pod = ht_pod_look},
    {.id = "PRV-015",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(HOST),
     .flags = HT_CHECK_POSTURE,
     .severity = HT_SEVERITY_LOW,
     .title = "Keeps NET_RAW",
     .title_pod = "Does not drop all capabilities",
     .condition =
         "The first process has NET_RAW; high if a program of class app has a packet socket "
         "open.",
     .why = "With NET_RAW a program forges packets: it can pose as another container of the same "
            "network and read what passes by. Docker and containerd give it by default; hardly any "
            "program needs it.",
     .fix = "Drop it (--cap-drop NET_RAW, or drop ALL). ping works without it where "
            "net.ipv4.ping_group_range covers the group.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Kubernetes 1.12 5.2.8", "ATT&CK T1557.002", "ATT&CK T1040"),
     .other_causes = HT_TEXTS("the default of Docker and containerd"),
     .run = look_net_raw,
     .run_pod = ht_pod_look},
};

const struct ht_check_group ht_checks_prv_capabilities = {.checks = checks,
                                                          .count = ARRAY_LEN(checks)};
