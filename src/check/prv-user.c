/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PRV-012, 018, 019, 020: who it runs as, and whether it can become or change more. */
#include "catalogue-private.h"
#include "hulltop/base/mem.h"
#include "pods.h"
#include "view.h"

static void look_host_root(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;

    if (!ht_view_open(checking, row, &view) || view.sandboxed)
        return;
    if (ht_view_is_yes(&view, ht_view_is_root_on_node(&view),
                       "whether its root is the node's root"))
        ht_view_show_user(&view, ht_fire(checking, HT_S("")));
}

static void look_grow(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;

    if (!ht_view_open(checking, row, &view))
        return;

    const struct ht_privilege *known =
        ht_privilege_has_no_new_privs(view.effective) ? view.effective : view.declared;
    enum tri root = ht_view_is_root_inside(&view);
    if (root == TRI_YES || (ht_privilege_has_no_new_privs(known) && known->no_new_privs))
        return; /* root has nothing to gain by it */
    if (root == TRI_UNKNOWN || !ht_privilege_has_no_new_privs(known)) {
        ht_view_unknown_effective(&view, "whether it can gain privileges");
        return;
    }

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    /* Whether the image has such programs is not looked at. */
    ht_finding_set_confidence(finding, HT_CONFIDENCE_HINT);
    if (known == view.effective)
        ht_fire_evidence(checking, finding, ht_view_status(&view), "NoNewPrivs", HT_S("0"));
    else
        ht_view_show_declared(&view, finding, VIEW_FIELD_NO_NEW_PRIVS, HT_S("not given"));
    ht_view_show_user(&view, finding);
}

static void look_root(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;

    if (!ht_view_open(checking, row, &view))
        return;
    if (ht_view_is_yes(&view, ht_view_is_root_inside(&view), "whether it runs as uid 0"))
        ht_view_show_user(&view, ht_fire(checking, HT_S("")));
}

static void look_writable_root(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;

    if (!ht_view_open(checking, row, &view))
        return;

    const struct ht_privilege *known =
        ht_privilege_has_rootfs_ro(view.effective) ? view.effective : view.declared;
    if (!ht_privilege_has_rootfs_ro(known)) {
        ht_view_unknown_declared(&view, "whether its root file system is read-only");
        return;
    }
    if (known->rootfs_ro)
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    if (ht_privilege_has_rootfs_ro(view.declared))
        ht_view_show_declared(&view, finding, VIEW_FIELD_READONLY_ROOT,
                              view.declared->rootfs_ro ? HT_S("true") : HT_S("false"));
    if (ht_privilege_has_rootfs_ro(view.effective))
        ht_fire_evidence(checking, finding, "/proc mountinfo", "/", HT_S("read-write"));
    if (ht_container_has_upper_dir(view.container))
        ht_fire_evidence(checking, finding, view.declared_source, "writable layer",
                         view.container->upper_dir);
}

static const struct ht_check checks[] = {
    {.id = "PRV-012",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(HOST),
     .flags = HT_CHECK_POSTURE,
     .severity = HT_SEVERITY_LOW,
     .title = "Its root user is the node's root",
     .condition =
         "The first process is uid 0 of the node: root inside, without user ids of its own.",
     .why =
         "Nothing but the container's walls lies between its root and the node's. Any hole in them "
         "gives root at once; with ids of its own it would give a user who owns nothing.",
     .fix = "Run as another user (USER in the image, --user), or give containers ids of their own "
            "(userns-remap in daemon.json; Kubernetes: hostUsers: false).",
     .needs = HT_TEXTS("docker", "proc"),
     .references = HT_TEXTS("CIS Docker 1.6.0 2.9", "CIS Docker 1.6.0 5.31", "ATT&CK T1611"),
     .other_causes = HT_TEXTS("nearly every image that was not made to run without root"),
     .run = look_host_root},
    {.id = "PRV-018",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(HOST),
     .flags = HT_CHECK_POSTURE,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "Could become root inside through a set-user-id program",
     .title_pod = "May gain privilege through set-user-id programs",
     .condition =
         "It runs as a user other than root, and no-new-privileges is not set. Whether the "
         "image has set-user-id files is not checked.",
     .why = "A program that runs without root, but may start sudo, su or any other set-user-id "
            "file of "
            "its image, is one hole in that file away from being root inside.",
     .fix = "Docker and Podman: --security-opt no-new-privileges; for all of Docker "
            "`\"no-new-privileges\": true` in daemon.json. Kubernetes: allowPrivilegeEscalation: "
            "false.",
     .needs = HT_TEXTS("docker"),
     .references =
         HT_TEXTS("CIS Docker 1.6.0 5.26", "CIS Kubernetes 1.12 5.2.6",
                  "Pod Security restricted: allowPrivilegeEscalation", "ATT&CK T1548.001"),
     .other_causes = HT_TEXTS("images that use sudo", "rootless builders, which need newuidmap"),
     .run = look_grow,
     .run_pod = ht_pod_look},
    {.id = "PRV-019",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(HOST),
     .flags = HT_CHECK_POSTURE,
     .severity = HT_SEVERITY_LOW,
     .title = "Runs as uid 0",
     .title_pod = "May run as root",
     .condition = "The first process is uid 0 inside the container.",
     .why = "As root inside, a program that is taken over can change every file of the container, "
            "install tools and use all its capabilities.",
     .fix = "Put USER into the image, or start it with --user (Kubernetes: runAsNonRoot: true).",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Docker 1.6.0 4.1", "CIS Kubernetes 1.12 5.2.7",
                            "Pod Security restricted: runAsNonRoot"),
     .other_causes = HT_TEXTS("images that start as root and drop it by themselves"),
     .run = look_root,
     .run_pod = ht_pod_look},
    {.id = "PRV-020",
     .question = 6,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(HOST),
     .flags = HT_CHECK_POSTURE,
     .severity = HT_SEVERITY_LOW,
     .title = "Its root file system is writable",
     .condition = "The container's root is mounted read-write.",
     .why =
         "What somebody downloads or changes inside stays there until the container is replaced. "
         "With a read-only root, added programs have nowhere to go.",
     .fix = "Docker and Podman: --read-only with --tmpfs for /tmp and what else is written. "
            "Kubernetes: "
            "readOnlyRootFilesystem: true and emptyDir volumes.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.13"),
     .other_causes = HT_TEXTS("the default of every runtime"),
     .run = look_writable_root,
     .run_pod = ht_pod_look_rootfs},
};

const struct ht_check_group ht_checks_prv_user = {.checks = checks, .count = ARRAY_LEN(checks)};
