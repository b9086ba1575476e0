/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PRV-016, 017, 021, 038: seccomp, AppArmor and SELinux, hidden paths. */
#include "catalogue-private.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/mem.h"
#include "identity.h"
#include "pods.h"
#include "view.h"

/* Somebody switched the profile off for this container; a node without the feature has none for
 * any. */
static bool switched_off(const struct ht_container *container, const char *option)
{
    for (size_t i = 0; i < container->security_opts.len; i++) {
        struct ht_str text = container->security_opts.items[i];

        if (ht_str_has_prefix(text, option) && ht_str_has_suffix(text, "unconfined"))
            return true;
    }
    return false;
}

static bool has_strong_cap(const struct view *view)
{
    uint64_t extra = 0;

    if (ht_view_extra_caps(view, &extra) != TRI_YES)
        return false;
    for (unsigned bit = 0; bit < 64; bit++) {
        if (extra >> bit & 1 && ht_facts_cap_tier(view->facts, bit) == 1)
            return true;
    }
    return false;
}

static void look_seccomp(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;

    if (!ht_view_open(checking, row, &view))
        return;
    if (!ht_view_is_yes(&view, ht_view_has_no_seccomp(&view), "whether a seccomp filter is loaded"))
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    if (switched_off(view.container, "seccomp")) {
        ht_finding_set_severity(finding, HT_SEVERITY_MEDIUM);
        ht_fire_title(checking, finding, "Its seccomp filter was switched off");
    }
    if (ht_view_has_open_filter(&view)) {
        ht_finding_set_severity(finding, HT_SEVERITY_MEDIUM);
        ht_fire_title(checking, finding, "Its seccomp filter lets every call pass");
    }
    if (has_strong_cap(&view))
        ht_finding_set_severity(finding, HT_SEVERITY_HIGH);
    ht_view_show_seccomp(&view, finding);
    ht_view_show_caps(&view, finding);
    ht_view_put_escape(&view, finding);
}

static void look_lsm(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;

    if (!ht_view_open(checking, row, &view) || view.sandboxed)
        return;
    switch (ht_view_node_enforces(&view)) {
    case TRI_UNKNOWN:
        ht_unknown(checking, "proc",
                   "whether AppArmor or SELinux holds it: what the node has is not known",
                   "let hulltop read /sys/module/apparmor and /sys/fs/selinux");
        return;
    case TRI_NO:
        return; /* a matter of the node: PRV-038 */
    case TRI_YES:
        break;
    }
    if (!ht_view_is_yes(&view, ht_view_is_unconfined(&view),
                        "whether AppArmor or SELinux holds it"))
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    ht_view_show_lsm(&view, finding);
    if (ht_host_has_apparmor(view.host))
        ht_fire_evidence(checking, finding, "/sys/module/apparmor", "AppArmor on the node",
                         view.host->apparmor ? HT_S("enabled") : HT_S("disabled"));
    if (ht_host_has_selinux(view.host))
        ht_fire_evidence(checking, finding, "/sys/fs/selinux", "SELinux on the node",
                         view.host->selinux);
    ht_view_put_escape(&view, finding);
}

/* ---- PRV-038 ---- */

/* Whether its label holds nothing back anyway. */
static bool is_loose(const struct ht_container *container)
{
    if (ht_privilege_has_lsm(&container->effective))
        return ht_is_loose_label(container->effective.lsm);
    return ht_privilege_has_lsm(&container->declared) && ht_is_loose_label(container->declared.lsm);
}

/* Containers that run and would be held, as many as help to find out where it matters. */
static size_t show_held(struct ht_checking *checking, struct ht_finding *finding)
{
    enum { SHOWN = 10 };
    const struct ht_rowset *rows = ht_node_set(ht_checking_node(checking), HT_TABLE_CONTAINER);
    size_t held = 0;

    for (size_t i = 0; i < rows->len; i++) {
        const struct ht_container *container = ht_container_of(rows->rows[i]);

        if (ht_subject_runs(rows->rows[i]) && !is_loose(container) && held++ < SHOWN)
            ht_fire_evidence(checking, finding, "hulltop", "would hold", container->name);
    }
    if (held > SHOWN)
        ht_fire_evidencef(checking, finding, "hulltop", "would hold", "%zu more", held - SHOWN);
    return held;
}

static bool runs_any(struct ht_checking *checking)
{
    const struct ht_rowset *rows = ht_node_set(ht_checking_node(checking), HT_TABLE_CONTAINER);

    for (size_t i = 0; i < rows->len; i++) {
        if (ht_subject_runs(rows->rows[i]))
            return true;
    }
    return false;
}

static void look_permissive(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_host *host = ht_host_of(row);

    if (!runs_any(checking) || (ht_host_has_apparmor(host) && host->apparmor))
        return;
    if (!ht_host_has_selinux(host) || host->selinux.len == 0) {
        ht_unknown(checking, "proc", "whether SELinux is enforced on the node is not known",
                   "let hulltop read /sys/fs/selinux");
        return;
    }
    if (!ht_str_is(host->selinux, "permissive"))
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    ht_fire_evidence(checking, finding, "/sys/fs/selinux/enforce", "SELinux on the node",
                     host->selinux);
    if (show_held(checking, finding))
        ht_finding_set_severity(finding, HT_SEVERITY_MEDIUM);
}

/* ---- PRV-021 ---- */

static bool lists_any(const struct ht_text_list *list, const struct ht_fact_mask *masks, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (ht_text_list_has(list, masks[i].path))
            return true;
    }
    return false;
}

/* Core paths that are not in the list, for the eye. */
static struct ht_str missing_from(const struct view *view, const struct ht_text_list *list,
                                  bool readonly)
{
    ht_autobuf struct ht_buf text = HT_BUF(1024);
    size_t len;
    const struct ht_fact_mask *masks = ht_facts_masks(view->facts, readonly, &len);

    for (size_t i = 0; i < len; i++) {
        if (!masks[i].core || ht_text_list_has(list, masks[i].path))
            continue;
        if (text.len)
            ht_buf_add_text(&text, ", ");
        ht_buf_add_str(&text, masks[i].path);
    }
    return ht_arena_str(ht_checking_arena(view->checking), ht_buf_str(&text));
}

struct uncovered {
    struct ht_str masked;
    struct ht_str readonly;
    bool known;
};

/* A declaration lists every path. */
static struct uncovered left_out(const struct view *view)
{
    const struct ht_privilege *declared = view->declared;
    struct uncovered found = {.known = ht_privilege_has_masked_paths(declared) &&
                                       ht_privilege_has_readonly_paths(declared)};

    if (ht_privilege_has_masked_paths(declared))
        found.masked = missing_from(view, &declared->masked_paths, false);
    if (ht_privilege_has_readonly_paths(declared))
        found.readonly = missing_from(view, &declared->readonly_paths, true);
    return found;
}

/* The kernel's mounts cover only what that kernel has, so one covered path shows that they were. */
static struct uncovered not_covered(const struct view *view)
{
    const struct ht_privilege *effective = view->effective;
    struct uncovered found = {.known = ht_privilege_has_masked_paths(effective) &&
                                       ht_privilege_has_readonly_paths(effective)};
    size_t len;
    const struct ht_fact_mask *masks = ht_facts_masks(view->facts, false, &len);

    if (ht_privilege_has_masked_paths(effective) &&
        !lists_any(&effective->masked_paths, masks, len))
        found.masked = HT_S("nothing below /proc and /sys is hidden");
    masks = ht_facts_masks(view->facts, true, &len);
    if (ht_privilege_has_readonly_paths(effective) &&
        !lists_any(&effective->readonly_paths, masks, len))
        found.readonly = HT_S("nothing below /proc is read-only");
    return found;
}

static void show_uncovered(const struct view *view, struct ht_finding *finding, const char *source,
                           const struct uncovered *found)
{
    if (found->masked.len)
        ht_fire_evidence(view->checking, finding, source, "not hidden", found->masked);
    if (found->readonly.len)
        ht_fire_evidence(view->checking, finding, source, "not read-only", found->readonly);
}

static void look_masks(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;

    if (!ht_view_open(checking, row, &view))
        return;

    struct uncovered declared = left_out(&view);
    struct uncovered effective = not_covered(&view);
    bool any = declared.masked.len || declared.readonly.len || effective.masked.len ||
               effective.readonly.len;
    if (!any) {
        if (!declared.known && !effective.known)
            ht_view_unknown_effective(&view, "whether paths below /proc are hidden");
        return;
    }

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    show_uncovered(&view, finding, view.declared_source, &declared);
    show_uncovered(&view, finding, "/proc mountinfo", &effective);
    /* What is not hidden is the node's root's. */
    if (ht_view_is_apart(&view))
        ht_finding_set_severity(finding, HT_SEVERITY_MEDIUM);
    ht_view_put_escape(&view, finding);
}

static const struct ht_check checks[] = {
    {.id = "PRV-016",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_POSTURE,
     .severity = HT_SEVERITY_LOW,
     .title = "No seccomp filter",
     .title_pod = "Asks for no seccomp filter",
     .condition = "The first process has no seccomp filter; medium if it was switched off for this "
                  "container, high with a tier 1 capability.",
     .why = "Without a filter every system call of the kernel can be tried, also the old and rare "
            "ones "
            "in which most kernel bugs are found. The default profile closes about fifty of them.",
     .fix = "Remove seccomp=unconfined. Kubernetes: seccompProfile: {type: RuntimeDefault}, or the "
            "kubelet's --seccomp-default for all.",
     .needs = HT_TEXTS("docker", "proc"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.22", "CIS Kubernetes 1.12 5.6.2",
                            "Pod Security baseline: seccompProfile"),
     .other_causes = HT_TEXTS("kubelets without seccompDefault", "rootless builders",
                              "browsers with a sandbox of their own"),
     .run = look_seccomp,
     .run_pod = ht_pod_look},
    {.id = "PRV-017",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "No AppArmor profile or SELinux domain holds it",
     .condition = "The node enforces AppArmor or SELinux, and the container is unconfined.",
     .why =
         "The second wall is missing: the profile that forbids mounting, writing below /proc and "
         "reaching other containers' files, even for root.",
     .fix = "Remove apparmor=unconfined or label=disable. The runtimes' default profile "
            "(docker-default, container_t) fits nearly every program.",
     .needs = HT_TEXTS("docker", "proc"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.2", "CIS Docker 1.6.0 5.3",
                            "Pod Security baseline: appArmorProfile",
                            "Pod Security baseline: seLinuxOptions"),
     .other_causes = HT_TEXTS("system pods that run as spc_t"),
     .run = look_lsm,
     .run_pod = ht_pod_look},
    {.id = "PRV-038",
     .question = 3,
     .scope = HT_TABLE_HOST,
     .reads = HT_READS(CONTAINER),
     .severity = HT_SEVERITY_LOW,
     .title = "SELinux of the node only warns and holds no container",
     .condition =
         "Containers run, SELinux is permissive, and AppArmor is not enabled; medium where "
         "the label of one is not loose anyway.",
     .why = "Containers have their domain (container_t), and everything it forbids happens all the "
            "same: the kernel writes it down and lets it pass. To look at labels alone, the second "
            "wall seems to stand.",
     .fix = "Read what would be refused (`ausearch -m avc`), mend it, then `setenforce 1` and "
            "SELINUX=enforcing in /etc/selinux/config.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.3"),
     .other_causes = HT_TEXTS("a policy that is being written"),
     .run = look_permissive},
    {.id = "PRV-021",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "Kernel files that are usually hidden are open to it",
     .condition =
         "Paths below /proc that every runtime hides or makes read-only are not (core paths of "
         "masks.yaml).",
     .why =
         "Files below /proc and /sys that show the kernel's memory and keys, or switch it off, are "
         "hidden from containers for a reason. Here they are open.",
     .fix = "Remove systempaths=unconfined (Kubernetes: procMount: Default). Unmasked is bearable "
            "only "
            "with user ids of its own.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("Pod Security baseline: procMount"),
     .other_causes = HT_TEXTS("containers in containers", "rootless builders"),
     .run = look_masks,
     .run_pod = ht_pod_look},
};

const struct ht_check_group ht_checks_prv_confinement = {.checks = checks,
                                                         .count = ARRAY_LEN(checks)};
