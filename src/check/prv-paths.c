/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PRV-006, 007, 008, 023: paths of the node. */
#include "catalogue-private.h"
#include "cluster-path.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/mem.h"
#include "pods.h"
#include "view.h"

/* Looks at one mount of a path of the node. */
typedef void (*look_at)(const struct view *view, const struct ht_mount *mount, struct ht_str path);

static bool open_mounts(struct ht_checking *checking, const struct ht_row *row, struct view *view,
                        struct ht_mount_list *mounts)
{
    if (!ht_view_open(checking, row, view))
        return false;
    if (!ht_view_mounts(view, mounts)) {
        ht_view_unknown_declared(view, "which paths of the node are mounted into it");
        return false;
    }
    ht_view_unknown_mounts(view);
    return true;
}

static void each_host_path(struct ht_checking *checking, const struct ht_row *row, look_at look)
{
    struct view view;
    struct ht_mount_list mounts;

    if (!open_mounts(checking, row, &view, &mounts))
        return;
    for (size_t i = 0; i < mounts.len; i++) {
        struct ht_str path = ht_mount_host_path(&mounts.items[i]);

        if (path.len)
            look(&view, &mounts.items[i], path);
    }
}

/* One step less for the files of the node's root, which its own is not. */
static void soften_for_own_users(const struct view *view, struct ht_finding *finding)
{
    if (!ht_view_is_apart(view) || finding->severity >= HT_SEVERITY_LOW)
        return;
    ht_finding_set_severity(finding, (enum ht_severity)(finding->severity + 1));
    ht_view_show_user(view, finding);
}

/* Without a kubelet nobody shows the files behind links in log folders: they are but logs. */
static bool are_but_logs(const struct view *view, const struct ht_fact_path *fact)
{
    return fact->kind == HT_FACT_PATH_LOGS && ht_view_has_kubelet(view) == TRI_NO;
}

static struct ht_finding *fire_path(const struct view *view, const struct ht_mount *mount,
                                    struct ht_str path, const struct ht_fact_path *fact)
{
    struct ht_finding *finding = ht_fire(view->checking, path);

    ht_view_show_mount(view, finding, mount);
    ht_fire_evidence(view->checking, finding, "paths.yaml", "what it opens", fact->gives);
    if (!ht_str_equal(fact->path, path) && fact->path.len > path.len)
        ht_fire_evidence(view->checking, finding, "paths.yaml", "inside it", fact->path);
    soften_for_own_users(view, finding);
    ht_view_put_escape(view, finding);
    return finding;
}

/* Whether a mount of that path is told by PRV-008, where it tells of it at all. */
static const struct ht_fact_path *kubelet_path(const struct view *view,
                                               const struct ht_mount *mount, struct ht_str path)
{
    const struct ht_fact_path *fact = ht_view_path(view, HT_FACT_PATHS_KUBELET, path);
    bool writes = ht_view_path(view, HT_FACT_PATHS_WRITABLE, path) != NULL;

    if (!fact)
        return NULL;
    /* A folder far above it is a host path like any other. */
    if (fact->path.len > path.len)
        return writes || ht_view_path(view, HT_FACT_PATHS_READABLE, path) ? NULL : fact;
    /* What makes one root by writing there needs no keys. */
    return fact->kind == HT_FACT_PATH_MASTERS && writes && ht_mount_has_rw(mount) && mount->rw
               ? NULL
               : fact;
}

/* ---- PRV-006 ---- */

static void tell_not_reached(const struct view *view, struct ht_finding *finding,
                             const struct ht_mount *above, struct ht_str names, bool writes)
{
    ht_fire_title(view->checking, finding,
                  writes ? "Can write to %.*s%s: read-only does not reach below %.*s"
                         : "As root it could write to %.*s%s: read-only does not reach below %.*s",
                  HT_STR_ARG(names), names.data[0] == '/' ? " of the node" : "",
                  HT_STR_ARG(ht_mount_host_path(above)));
    ht_view_show_mount(view, finding, above);
    if (!writes) {
        ht_finding_set_severity(finding, HT_SEVERITY_LOW);
        ht_view_show_user(view, finding);
    } else if (finding->severity == HT_SEVERITY_CRITICAL) {
        ht_view_put_escape(view, finding);
    }
    ht_finding_set_fix(finding,
                       HT_S("Read-only holds for the folder itself and not for what the node has "
                            "mounted below it. Mount only the folder that is needed, or make it "
                            "hold: --mount type=bind,readonly,bind-recursive=readonly with Docker "
                            "25, recursiveReadOnly: Enabled with Kubernetes 1.33, both from Linux "
                            "5.12 on."));
}

/* All of the kernel's own file systems below one mount are one finding. */
static void look_brought(const struct view *view, const struct ht_mount_list *mounts, size_t at)
{
    enum { NAMED = 4, NAMES_BYTES = 1024 };
    const struct ht_mount *above = ht_mount_read_only_above(mounts, &mounts->items[at]);
    ht_autobuf struct ht_buf names = HT_BUF(NAMES_BYTES);
    struct ht_finding *finding = NULL;
    size_t count = 0;

    for (size_t i = 0; i < mounts->len; i++) {
        const struct ht_mount *mount = &mounts->items[i];
        struct ht_str path = ht_mount_host_path(mount);
        const struct ht_fact_path *fact;

        if (!ht_mount_is_brought(mount) || !mount->rw ||
            ht_mount_read_only_above(mounts, mount) != above)
            continue;
        if (i < at)
            return; /* it was told */
        fact = ht_view_path(view, HT_FACT_PATHS_WRITABLE, path);
        if (!fact)
            continue;
        if (!finding)
            finding = ht_fire(view->checking, ht_mount_host_path(above));
        if (++count <= NAMED)
            ht_buf_addf(&names, "%s%.*s", count == 1 ? "" : ", ", HT_STR_ARG(path));
        ht_view_show_mount(view, finding, mount);
        ht_fire_evidence(view->checking, finding, "paths.yaml", "what it opens", fact->gives);
    }
    if (count > NAMED)
        ht_buf_addf(&names, " and %zu more", count - NAMED);
    if (finding)
        tell_not_reached(view, finding, above, ht_buf_str(&names), ht_view_may_write_as_root(view));
}

/* There are as many as there are containers: they are one finding. */
static void look_shared_memory(const struct view *view, const struct ht_mount_list *mounts)
{
    enum { SHOWN = 3 };
    const struct ht_mount *above = NULL;
    struct ht_finding *finding = NULL;
    bool writes = false;
    size_t count = 0;

    for (size_t i = 0; i < mounts->len; i++) {
        const struct ht_mount *mount = &mounts->items[i];
        const struct ht_mount *one;

        if (!ht_path_is_shared_memory(ht_mount_host_path(mount)) || !mount->rw)
            continue;
        one = ht_mount_read_only_above(mounts, mount);
        if (!one)
            continue;
        if (!finding) {
            above = one;
            finding = ht_fire(view->checking, HT_S("shared memory"));
        }
        writes = writes || ht_view_may_write_below(view, mount);
        if (++count <= SHOWN)
            ht_view_show_mount(view, finding, mount);
    }
    if (!finding)
        return;
    ht_finding_set_severity(finding, HT_SEVERITY_MEDIUM);
    tell_not_reached(view, finding, above,
                     ht_arena_strf(ht_checking_arena(view->checking),
                                   "the shared memory of %zu other container%s", count,
                                   count == 1 ? "" : "s"),
                     writes);
}

static void look_writable_mount(const struct view *view, const struct ht_mount_list *mounts,
                                size_t at)
{
    const struct ht_mount *mount = &mounts->items[at];
    const struct ht_mount *above = ht_mount_read_only_above(mounts, mount);
    struct ht_str path = ht_mount_host_path(mount);
    const struct ht_fact_path *fact = ht_view_path(view, HT_FACT_PATHS_WRITABLE, path);

    if (above && ht_path_is_shared_memory(path))
        return;
    if (above && ht_mount_is_brought(mount)) {
        look_brought(view, mounts, at);
        return;
    }
    if (!fact || kubelet_path(view, mount, path))
        return;
    if (!ht_mount_has_rw(mount)) {
        ht_view_unknown_declared(view, "whether a mount of a system path is writable");
        return;
    }
    if (!mount->rw)
        return;

    struct ht_fact_path opened = *fact;
    bool logs = are_but_logs(view, fact);

    if (logs)
        opened.gives = HT_S("logs of everything on the node, to change and to remove");

    struct ht_finding *finding = fire_path(view, mount, path, &opened);
    if (logs)
        ht_finding_set_severity(finding,
                                ht_view_is_apart(view) ? HT_SEVERITY_LOW : HT_SEVERITY_MEDIUM);
    if (above)
        tell_not_reached(view, finding, above, path, ht_view_may_write_below(view, mount));
    else
        ht_fire_title(view->checking, finding, "Can write to %.*s of the node", HT_STR_ARG(path));
}

static void look_writable(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;
    struct ht_mount_list mounts;

    if (!open_mounts(checking, row, &view, &mounts))
        return;
    for (size_t i = 0; i < mounts.len; i++) {
        if (ht_mount_host_path(&mounts.items[i]).len)
            look_writable_mount(&view, &mounts, i);
    }
    look_shared_memory(&view, &mounts);
}

/* ---- PRV-007 ---- */

static void look_readable_mount(const struct view *view, const struct ht_mount *mount,
                                struct ht_str path)
{
    const struct ht_fact_path *fact = ht_view_path(view, HT_FACT_PATHS_READABLE, path);
    bool writable = !ht_mount_has_rw(mount) || mount->rw;

    if (!fact || kubelet_path(view, mount, path))
        return;
    /* What can be written too is told by PRV-006. */
    if (writable && ht_view_path(view, HT_FACT_PATHS_WRITABLE, path))
        return;
    if (!writable && ht_facts_path_is_benign(view->facts, path))
        return;

    struct ht_finding *finding = fire_path(view, mount, path, fact);
    ht_fire_title(view->checking, finding, "Can read %.*s of the node", HT_STR_ARG(path));
}

static void look_readable(struct ht_checking *checking, const struct ht_row *row)
{
    each_host_path(checking, row, look_readable_mount);
}

/* ---- PRV-008 ---- */

static enum ht_severity severity_of_masters(const struct view *view, struct ht_finding *finding)
{
    if (ht_view_is_apart(view))
        return HT_SEVERITY_HIGH;
    if (ht_view_may_read_as_root(view))
        return HT_SEVERITY_CRITICAL;
    /* They are files of the node's root. */
    ht_view_show_user(view, finding);
    return HT_SEVERITY_HIGH;
}

static void look_kubelet_mount(const struct view *view, const struct ht_mount *mount,
                               struct ht_str path)
{
    const struct ht_fact_path *fact = kubelet_path(view, mount, path);
    enum cluster_path opens = ht_cluster_path(fact, path, !ht_mount_has_rw(mount) || mount->rw,
                                              ht_view_has_apiserver(view));

    if (opens == CLUSTER_PATH_NOTHING)
        return;

    struct ht_fact_path opened = *fact;
    opened.gives = ht_cluster_path_gives(opens, fact);
    struct ht_finding *finding = fire_path(view, mount, path, &opened);

    if (ht_cluster_path_is_masters(opens))
        ht_finding_set_severity(finding, severity_of_masters(view, finding));
    else if (opens == CLUSTER_PATH_PODS)
        ht_finding_set_severity(finding,
                                ht_view_is_apart(view) ? HT_SEVERITY_HIGH : HT_SEVERITY_CRITICAL);
    if (opens == CLUSTER_PATH_LIKELY_MASTERS)
        ht_finding_set_confidence(finding, HT_CONFIDENCE_LIKELY);
    ht_fire_title(view->checking, finding, ht_cluster_path_title(opens), HT_STR_ARG(path));
}

static void look_kubelet(struct ht_checking *checking, const struct ht_row *row)
{
    each_host_path(checking, row, look_kubelet_mount);
}

/* ---- PRV-023 ---- */

static void look_propagation_mount(const struct view *view, const struct ht_mount *mount,
                                   struct ht_str path)
{
    if (!ht_str_is(mount->propagation, "rshared") && !ht_str_is(mount->propagation, "shared"))
        return;

    struct ht_finding *finding = ht_fire(view->checking, path);
    ht_fire_title(view->checking, finding, "What it mounts below %.*s appears on the node",
                  HT_STR_ARG(path));
    ht_view_show_mount(view, finding, mount);
    ht_view_put_escape(view, finding);
}

static void look_propagation(struct ht_checking *checking, const struct ht_row *row)
{
    each_host_path(checking, row, look_propagation_mount);
}

static const struct ht_check checks[] = {
    {.id = "PRV-006",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "Can write to system files of the node",
     .condition =
         "A path of the node from which it runs code, or that holds other containers' files, "
         "is mounted writable; also below a read-only mount, which does not reach what the node "
         "has mounted there (low unless a process in it may write there: as root, or to its own "
         "home); medium for log folders where no kubelet runs.",
     .why = "What the container writes there, the node runs or trusts: a cron job, a service, a "
            "library that every program loads, a key for root, another container's files. That is "
            "root "
            "on the node without any further weakness.",
     .fix = "Mount only the file or folder that the program needs, and read-only (`:ro`). Settings "
            "and "
            "keys belong into a ConfigMap, a secret or a volume of its own.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.6", "CIS Kubernetes 1.12 5.2.11",
                            "Pod Security baseline: hostPathVolumes", "ATT&CK T1611"),
     .other_causes = HT_TEXTS("installers of network plugins", "node maintenance (kured)",
                              "log collectors that keep their place in /var/log"),
     .run = look_writable,
     .run_pod = ht_pod_look_paths},
    {.id = "PRV-007",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "Can read sensitive files of the node",
     .condition = "A path of the node that holds credentials, logs or other containers' files is "
                  "mounted.",
     .why = "Passwords, keys, tokens and logs of the node and of other containers can be read from "
            "inside. Stolen credentials are the quietest way to the node and to the cluster.",
     .fix = "Mount the one file that is needed instead of the folder around it.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Kubernetes 1.12 5.2.11", "ATT&CK T1552.001"),
     .other_causes = HT_TEXTS("node exporters", "log collectors", "cAdvisor"),
     .run = look_readable,
     .run_pod = ht_pod_look_paths},
    {.id = "PRV-008",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "Has the node's cluster credentials",
     .condition =
         "The kubelet's folder, its keys, a cluster kubeconfig or the folder of static pods "
         "is mounted; critical if static pods can be written, or if root in it can read an "
         "administrator's keys: admin.conf, super-admin.conf, the kubeconfig and the keys of a k3s "
         "or RKE2 server, and, where an API server runs, /etc/kubernetes and the keys of kubeadm, "
         "MicroK8s and k0s (likely where that is not known). Certificates and public keys are "
         "told where they can be replaced.",
     .why =
         "With these files one is the node, or an administrator, to the cluster: secrets of every "
         "pod here can be read, and a file in the manifests folder becomes a privileged pod.",
     .fix = "Remove the mount; use the pod's own projected token. Storage drivers need only "
            "/var/lib/kubelet/plugins/NAME and the registration folder.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Kubernetes 1.12 1.1.13", "CIS Kubernetes 1.12 4.1.5",
                            "ATT&CK T1552.001", "ATT&CK T1543.005"),
     .other_causes = HT_TEXTS("CSI node plugins", "control-plane pods of kubeadm"),
     .run = look_kubelet,
     .run_pod = ht_pod_look_paths},
    {.id = "PRV-023",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "What it mounts appears on the node",
     .condition = "A path of the node is mounted with shared propagation.",
     .why =
         "Mounts made inside the container show up on the node. Whoever can mount in there can put "
         "files of its own over folders that the node's root uses.",
     .fix = "Use private or rslave propagation (leave `:shared` out; Kubernetes: mountPropagation "
            "None or HostToContainer). Only storage drivers need more.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.20", "ATT&CK T1611"),
     .other_causes = HT_TEXTS("CSI node plugins"),
     .run = look_propagation,
     .run_pod = ht_pod_look_propagation},
};

const struct ht_check_group ht_checks_prv_paths = {.checks = checks, .count = ARRAY_LEN(checks)};
