/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PRV-004, 005: sockets that control the runtime. */
#include "catalogue-private.h"
#include "hulltop/base/mem.h"
#include "pods.h"
#include "view.h"

#include <string.h>

/* The mounts of a running container, or false after saying why not. */
static bool open_mounts(struct ht_checking *checking, const struct ht_row *row, struct view *view,
                        struct ht_mount_list *mounts)
{
    if (!ht_view_open(checking, row, view))
        return false;
    if (ht_view_mounts(view, mounts)) {
        ht_view_unknown_mounts(view);
        return true;
    }
    ht_view_unknown_declared(view, "which paths of the node are mounted into it");
    return false;
}

static void look_socket(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;
    struct ht_mount_list mounts;

    if (!open_mounts(checking, row, &view, &mounts))
        return;
    for (size_t i = 0; i < mounts.len; i++) {
        const struct ht_mount *mount = &mounts.items[i];
        bool sure = false;
        const struct ht_fact_socket *socket = ht_view_mount_socket(&view, mount, &sure);

        if (!socket)
            continue;

        struct ht_finding *finding = ht_fire(checking, ht_mount_host_path(mount));
        ht_fire_title(checking, finding,
                      socket->power == 0 ? "Can give orders to %.*s through its socket"
                                         : "Has the socket of %.*s",
                      HT_STR_ARG(socket->name));
        if (socket->power != 0)
            ht_finding_set_severity(finding, HT_SEVERITY_HIGH);
        if (!sure)
            ht_finding_set_confidence(finding, HT_CONFIDENCE_LIKELY);
        ht_view_show_mount(&view, finding, mount);
        ht_fire_evidence(checking, finding, "sockets.yaml", "what answers there", socket->name);
        if (ht_mount_has_rw(mount) && !mount->rw)
            ht_fire_evidence(checking, finding, "hulltop", "read-only mount",
                             HT_S("does not limit what is asked through a socket"));
        ht_view_put_escape(&view, finding);
    }
}

/* ---- PRV-005 ---- */

/* Adds the sockets of engines that answer and lie below directory. */
static void show_live(const struct view *view, struct ht_finding **finding,
                      const struct ht_mount *mount, struct ht_str directory)
{
    const struct ht_rowset *daemons =
        ht_node_set(ht_checking_node(view->checking), HT_TABLE_DAEMON);

    for (size_t i = 0; i < daemons->len; i++) {
        struct ht_str path = ht_row_id(daemons->rows[i]);

        if (ht_str_has_prefix(path, "unix://"))
            path = ht_str_sub(path, strlen("unix://"), path.len);
        path = ht_facts_plain_path(path);
        if (ht_str_equal(path, directory) || !ht_path_lies_in(path, directory))
            continue;
        if (!*finding) {
            *finding = ht_fire(view->checking, directory);
            ht_view_show_mount(view, *finding, mount);
        }
        ht_fire_evidence(view->checking, *finding, "container engine", "answers below it", path);
    }
}

/* Adds the other sockets below directory that are there; returns how many could not be told, and
 * the first of these. */
static size_t show_there(const struct view *view, struct ht_finding **finding,
                         const struct ht_mount *mount, struct ht_str directory,
                         const struct ht_fact_socket **ret_unseen)
{
    const struct ht_fact_socket *socket;
    size_t at = 0, unseen = 0;
    enum tri there;

    while (ht_view_socket_below(view, directory, &at, &socket, &there)) {
        if (there == TRI_UNKNOWN && unseen++ == 0)
            *ret_unseen = socket;
        if (there != TRI_YES || ht_view_is_daemon_socket(view, socket->path))
            continue;
        if (!*finding) {
            *finding = ht_fire(view->checking, directory);
            ht_fire_title(view->checking, *finding,
                          "A folder mounted into it holds the socket of %.*s",
                          HT_STR_ARG(socket->name));
            ht_view_show_mount(view, *finding, mount);
        }
        ht_fire_evidencef(view->checking, *finding, "node", "lies below it", "%.*s (%.*s)",
                          HT_STR_ARG(socket->path), HT_STR_ARG(socket->name));
    }
    return unseen;
}

/* Whether it is known at which socket the engine of this container answers. */
static bool knows_socket(const struct view *view)
{
    return ht_container_has_daemon(view->container) &&
           ht_str_has_prefix(view->container->daemon, "unix://");
}

/* Sockets that are usually there, of the runtime that runs this very container, where nobody could
 * look. False: none. */
static bool show_usual(const struct view *view, const struct ht_mount *mount,
                       struct ht_str directory)
{
    const struct ht_fact_socket *socket;
    struct ht_finding *finding = NULL;
    size_t at = 0;
    enum tri there;

    while (ht_view_socket_below(view, directory, &at, &socket, &there)) {
        if (there != TRI_UNKNOWN || !ht_str_equal(socket->kind, view->container->runtime))
            continue;
        if (!finding) {
            finding = ht_fire(view->checking, directory);
            ht_finding_set_confidence(finding, HT_CONFIDENCE_LIKELY);
            ht_view_show_mount(view, finding, mount);
            ht_view_put_escape(view, finding);
        }
        ht_fire_evidence(view->checking, finding, "sockets.yaml", "usually lies below it",
                         socket->path);
    }
    return finding != NULL;
}

static void look_at_directory(const struct view *view, const struct ht_mount *mount)
{
    struct ht_str directory = ht_mount_host_path(mount);
    const struct ht_fact_socket *unseen = NULL;
    struct ht_finding *finding = NULL;

    show_live(view, &finding, mount, directory);
    size_t count = show_there(view, &finding, mount, directory, &unseen);
    if (finding) {
        ht_view_put_escape(view, finding);
        return;
    }
    if (count == 0 || (!knows_socket(view) && show_usual(view, mount, directory)))
        return;
    ht_unknown(view->checking, "proc",
               ht_arena_strf(ht_checking_arena(view->checking),
                             "whether the socket of %.*s lies in a folder of the node that is "
                             "mounted into it (%.*s): that could not be looked at",
                             HT_STR_ARG(unseen->name), HT_STR_ARG(directory))
                   .data,
               "sudo hulltop in the host's pid namespace");
}

static void look_directory(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;
    struct ht_mount_list mounts;

    if (!open_mounts(checking, row, &view, &mounts))
        return;
    for (size_t i = 0; i < mounts.len; i++) {
        if (ht_mount_host_path(&mounts.items[i]).len &&
            ht_mount_may_be(view.container, &mounts.items[i], HT_MOUNT_KIND_FOLDER))
            look_at_directory(&view, &mounts.items[i]);
    }
}

static const struct ht_check checks[] = {
    {.id = "PRV-004",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "Can give orders to the container runtime",
     .condition =
         "A socket of a container runtime, or another one that controls the node, is mounted "
         "into the container; likely where only its path tells, for no engine answers there and "
         "hulltop did not see what lies there. A folder in its place is none.",
     .why = "Whoever may talk to the runtime's socket is root on the node: one request starts a "
            "privileged container with the node's disk. A read-only mount changes nothing, for a "
            "request is not a write to the file.",
     .fix = "Remove the mount. Builds: use rootless BuildKit or a builder on another machine. "
            "Monitoring: use the kubelet's API or a proxy that lets only reading requests through.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.32", "Pod Security baseline: hostPathVolumes",
                            "ATT&CK T1611", "ATT&CK T1610"),
     .other_causes = HT_TEXTS("Portainer, Traefik, Watchtower", "CI runners",
                              "a Docker of its own that shares its socket between two containers"),
     .run = look_socket,
     .run_pod = ht_pod_look_paths},
    {.id = "PRV-005",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "A folder mounted into it holds the runtime's socket",
     .condition =
         "A folder of the node is mounted that contains the socket of a container runtime, or "
         "another one whose holder is root on the node (systemd, libvirt, LXD, Incus).",
     .why =
         "The socket lies in this folder, and whoever may talk to it is root on the node. Mounting "
         "the folder is the same as mounting the socket.",
     .fix = "Mount the single file or sub-folder that the program needs, not the folder above it.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.32", "Pod Security baseline: hostPathVolumes",
                            "ATT&CK T1611"),
     .other_causes = HT_TEXTS("network plugins that mount /run", "agents that talk to systemd"),
     .run = look_directory,
     .run_pod = ht_pod_look_paths},
};

const struct ht_check_group ht_checks_prv_sockets = {.checks = checks, .count = ARRAY_LEN(checks)};
