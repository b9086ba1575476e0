/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths of the node that a pod declares, for PRV-004 to 008 and 023. Each is told by at least one
 * of them. */
#include <string.h>

#include "hulltop/base/mem.h"
#include "cluster-path.h"
#include "hulltop/check/pod-security.h"
#include "pods.h"

/* A path of the node, and how the containers get it. */
struct path {
    const struct ht_pod *pod;
    const struct ht_facts *facts;
    const struct ht_pod_volume *volume;
    struct ht_str path;                       /* plain */
    const struct ht_pod_container *container; /* one that has it, best one that may write; NULL */
    const struct ht_pod_mount *mount;
    bool writable;
};

/* What a check tells of a path; NULL: nothing. */
struct told {
    const struct ht_fact_path *fact;
    const struct ht_fact_socket *socket;
    enum cluster_path opens;
    bool any; /* it does */
};

/* "//run//docker.sock/" is "/run/docker.sock". */
static struct ht_str clean(struct ht_arena *arena, struct ht_str path)
{
    char *out = ht_arena_alloc(arena, path.len + 1, 1);
    size_t len = 0;

    for (size_t i = 0; i < path.len; i++) {
        bool slash = path.data[i] == '/';

        if (slash && len && out[len - 1] == '/')
            continue;
        /* "/./" */
        if (path.data[i] == '.' && len && out[len - 1] == '/' &&
            (i + 1 == path.len || path.data[i + 1] == '/'))
            continue;
        out[len++] = path.data[i];
    }
    return ht_facts_plain_path((struct ht_str){.data = out, .len = len});
}

static void find_mount(const struct ht_checking *checking, struct path *path)
{
    for (size_t i = 0; i < path->pod->containers.len; i++) {
        const struct ht_pod_container *container = &path->pod->containers.items[i];

        if (!ht_pod_judges(checking, path->pod, container->name))
            continue;
        for (size_t j = 0; j < container->mounts.len; j++) {
            const struct ht_pod_mount *mount = &container->mounts.items[j];

            if (!ht_str_equal(mount->volume, path->volume->name) ||
                (path->container && (path->writable || mount->read_only)))
                continue;
            path->container = container;
            path->mount = mount;
            path->writable = !mount->read_only;
        }
    }
}

static const struct ht_fact_path *fact_of(const struct path *path, enum ht_fact_paths list)
{
    return ht_facts_path(path->facts, list, path->path);
}

static const struct ht_fact_socket *socket_of(const struct path *path)
{
    const struct ht_fact_socket *socket = ht_facts_socket(path->facts, path->path);

    if (!socket && ht_str_has_suffix(path->path, ".sock"))
        socket = ht_facts_socket_named(path->facts, path->path);
    return socket;
}

static struct told tell_socket(const struct path *path)
{
    const struct ht_fact_socket *socket = socket_of(path);

    return (struct told){.socket = socket, .any = socket != NULL};
}

static struct told tell_socket_below(const struct path *path)
{
    size_t at = 0;
    const struct ht_fact_socket *socket =
        socket_of(path) ? NULL : ht_facts_socket_below(path->facts, path->path, &at);

    return (struct told){.socket = socket, .any = socket != NULL};
}

static struct told tell_kubelet(const struct path *path)
{
    const struct ht_fact_path *fact = fact_of(path, HT_FACT_PATHS_KUBELET);

    bool writes = fact_of(path, HT_FACT_PATHS_WRITABLE) != NULL;
    enum cluster_path opens;

    if (fact && fact->path.len > path->path.len &&
        (writes || fact_of(path, HT_FACT_PATHS_READABLE)))
        fact = NULL; /* a folder far above it is a path like any other */
    if (fact && fact->kind == HT_FACT_PATH_MASTERS && writes && path->writable)
        fact = NULL; /* what makes one root by writing there needs no keys */
    /* On which node it will run is not known. */
    opens = ht_cluster_path(fact, path->path, path->writable, TRI_UNKNOWN);
    return (struct told){.fact = fact, .opens = opens, .any = opens != CLUSTER_PATH_NOTHING};
}

static struct told tell_writable(const struct path *path)
{
    const struct ht_fact_path *fact = fact_of(path, HT_FACT_PATHS_WRITABLE);

    if (!path->writable || tell_kubelet(path).any)
        fact = NULL;
    return (struct told){.fact = fact, .any = fact != NULL};
}

/* All that no other check tells of too. */
static struct told tell_readable(const struct path *path)
{
    const struct ht_fact_path *fact = fact_of(path, HT_FACT_PATHS_READABLE);
    struct told kubelet = tell_kubelet(path);

    if (tell_writable(path).any || kubelet.any || tell_socket(path).any)
        return (struct told){.any = false};
    /* A certificate of the cluster is but a path. */
    if (kubelet.fact ||
        (fact && !path->writable && ht_facts_path_is_benign(path->facts, path->path)))
        fact = NULL;
    return (struct told){.fact = fact, .any = fact || !tell_socket_below(path).any};
}

static const struct teller {
    const char *check;
    struct told (*tell)(const struct path *path);
    const char *title; /* with the path; NULL: by what it opens */
} tellers[] = {
    {"PRV-004", tell_socket, "Can give orders to the container runtime through %.*s"},
    {"PRV-005", tell_socket_below, "Has a folder in which runtimes keep their sockets: %.*s"},
    {"PRV-006", tell_writable, "Can write to %.*s of the node"},
    {"PRV-007", tell_readable, "Can read %.*s of the node"},
    {"PRV-008", tell_kubelet, NULL},
};

static void grade(const struct path *path, const struct told *told, struct ht_finding *finding)
{
    if (told->socket && told->socket->power != 0)
        ht_finding_set_severity(finding, HT_SEVERITY_HIGH);
    if (told->opens == CLUSTER_PATH_PODS || ht_cluster_path_is_masters(told->opens))
        ht_finding_set_severity(finding, HT_SEVERITY_CRITICAL);
    if (told->opens == CLUSTER_PATH_LIKELY_MASTERS)
        ht_finding_set_confidence(finding, HT_CONFIDENCE_LIKELY);
    if (!told->fact && !told->socket)
        ht_finding_set_severity(finding, HT_SEVERITY_LOW);
    /* The files of the node's root are not reached by ids of a user namespace of its own. */
    if (ht_pod_has_host_users(path->pod) && !path->pod->host_users && !told->socket &&
        finding->severity < HT_SEVERITY_LOW)
        ht_finding_set_severity(finding, (enum ht_severity)(finding->severity + 1));
}

static void fire(struct ht_checking *checking, const struct teller *teller, const struct path *path,
                 const struct told *told)
{
    struct ht_arena *arena = ht_checking_arena(checking);
    struct ht_finding *finding =
        ht_pod_fire(checking, path->pod,
                    path->container ? path->container->name : (struct ht_str){0}, path->path);

    ht_fire_title(checking, finding,
                  teller->title ? teller->title : ht_cluster_path_title(told->opens),
                  HT_STR_ARG(path->path));
    ht_pod_show(checking, finding,
                ht_arena_strf(arena, "%s.volumes[%llu] (%.*s) hostPath",
                              ht_pod_spec_path(path->pod), (unsigned long long)path->volume->index,
                              HT_STR_ARG(path->volume->name)),
                path->volume->path);
    if (path->mount)
        ht_fire_evidencef(checking, finding, "manifest", "mounted at", "%.*s, %s",
                          HT_STR_ARG(path->mount->path), path->writable ? "writable" : "read-only");
    if (told->fact)
        ht_fire_evidence(checking, finding, "paths.yaml", "what it opens",
                         ht_cluster_path_gives(told->opens, told->fact));
    if (told->socket)
        ht_fire_evidence(checking, finding, "sockets.yaml", "what answers there",
                         told->socket->name);
    ht_fire_evidence(checking, finding, "Pod Security", "check", HT_S("hostPathVolumes"));
    grade(path, told, finding);
}

static bool open_path(const struct ht_checking *checking, const struct ht_pod *pod, size_t i,
                      struct ht_arena *arena, struct path *ret)
{
    const struct ht_pod_volume *volume = &pod->volumes.items[i];

    if (!ht_str_is(volume->source, "hostPath"))
        return false;
    *ret = (struct path){.pod = pod,
                         .facts = ht_checking_facts(checking),
                         .volume = volume,
                         .path = clean(arena, volume->path)};
    find_mount(checking, ret);
    /* What none of the unseen ones mounts, those that are seen tell of. */
    return ret->container || ht_pod_judges(checking, pod, (struct ht_str){0});
}

void ht_pod_look_paths(struct ht_checking *checking, const struct ht_row *row)
{
    const struct teller *teller = tellers;
    const struct ht_pod *pod;
    struct path path;

    while (strcmp(teller->check, ht_checking_check(checking)->id) != 0)
        teller++;
    if (!ht_pod_open(checking, row, &pod))
        return;
    for (size_t i = 0; i < pod->volumes.len; i++) {
        if (!open_path(checking, pod, i, ht_checking_arena(checking), &path))
            continue;

        struct told told = teller->tell(&path);
        if (told.any)
            fire(checking, teller, &path, &told);
    }
}

void ht_pod_look_propagation(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_pod *pod;

    if (!ht_pod_open(checking, row, &pod))
        return;
    for (size_t i = 0; i < pod->containers.len; i++) {
        const struct ht_pod_container *container = &pod->containers.items[i];

        if (!ht_pod_judges(checking, pod, container->name))
            continue;
        for (size_t j = 0; j < container->mounts.len; j++) {
            const struct ht_pod_mount *mount = &container->mounts.items[j];

            if (!ht_str_is(mount->propagation, "Bidirectional"))
                continue;

            struct ht_finding *finding = ht_pod_fire(checking, pod, container->name, mount->path);
            ht_fire_title(checking, finding, "What it mounts below %.*s appears on the node",
                          HT_STR_ARG(mount->path));
            ht_fire_evidence(checking, finding, "manifest", "mountPropagation", mount->propagation);
        }
    }
}
