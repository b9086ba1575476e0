/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a build has in common with applications, and with the node itself. */
#include "builds-private.h"

#include <string.h>

#include "view.h"
#include "hulltop/base/mem.h"

/* Shares of one build while they are collected. */
struct sharing {
    const struct builds *builds;
    struct building *building;
    struct ht_share *shares; /* BUILD_SHARES_MAX of them */
    size_t len;
};

/* Names while they are collected. */
struct names {
    struct ht_str *items; /* BUILD_NAMES_MAX of them */
    size_t len;
    size_t count;
};

static struct names new_names(const struct sharing *sharing)
{
    return (struct names){
        .items = ht_arena_array(sharing->builds->arena, struct ht_str, BUILD_NAMES_MAX)};
}

/* Counts all, lists the first ones, each once. */
static void add_name(struct names *names, struct ht_str name)
{
    names->count++;
    for (size_t i = 0; i < names->len; i++) {
        if (ht_str_equal(names->items[i], name))
            return;
    }
    if (names->len < BUILD_NAMES_MAX)
        names->items[names->len++] = name;
}

static bool is_known(const struct sharing *sharing, enum ht_share_kind kind, struct ht_str object)
{
    for (size_t i = 0; i < sharing->len; i++) {
        if (sharing->shares[i].kind == kind && ht_str_equal(sharing->shares[i].object, object))
            return true;
    }
    return false;
}

static struct ht_share *add_share(struct sharing *sharing, enum ht_share_kind kind,
                                  struct ht_str object, const struct names *names)
{
    struct ht_share *share;

    if (sharing->len == BUILD_SHARES_MAX || is_known(sharing, kind, object))
        return NULL;
    share = &sharing->shares[sharing->len++];
    ht_share_set_kind(share, kind);
    ht_share_set_object(share, object);
    ht_share_set_with(share, (struct ht_text_list){.items = names->items, .len = names->len});
    ht_share_set_count(share, names->count);
    return share;
}

static bool is_other(const struct sharing *sharing, const struct build_member *member)
{
    return member->application && member->build != sharing->building;
}

/* ---- kernel, namespaces ---- */

static struct names applications(const struct sharing *sharing)
{
    struct names names = new_names(sharing);

    for (size_t i = 0; i < sharing->builds->members_len; i++) {
        const struct build_member *member = &sharing->builds->members[i];

        if (is_other(sharing, member))
            add_name(&names, ht_builds_name(member->container));
    }
    return names;
}

static bool is_sandboxed(const struct sharing *sharing)
{
    const struct building *building = sharing->building;

    for (size_t i = 0; i < building->members.len; i++) {
        if (!ht_builds_sandbox(sharing->builds, building->members.items[i]))
            return false;
    }
    return building->members.len > 0;
}

static void share_kernel(struct sharing *sharing)
{
    struct names names = applications(sharing);

    if (!is_sandboxed(sharing))
        add_share(sharing, HT_SHARE_KIND_KERNEL, HT_S(""), &names);
}

static enum ht_ns_scope scope_of(const struct ht_container *container, bool network)
{
    const struct ht_privilege *sides[] = {&container->effective, &container->declared};

    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        if (network ? ht_privilege_has_net_ns(sides[i]) : ht_privilege_has_pid_ns(sides[i]))
            return network ? sides[i]->net_ns : sides[i]->pid_ns;
    }
    return HT_NS_SCOPE_OWN;
}

/* Applications in the same network: that of the node, or one that only these few have. */
static void share_network(struct sharing *sharing, const struct build_member *member)
{
    bool host = !member || scope_of(member->container, true) == HT_NS_SCOPE_HOST;
    struct names names = new_names(sharing);

    for (size_t i = 0; i < sharing->builds->members_len; i++) {
        const struct build_member *other = &sharing->builds->members[i];
        bool same = host ? scope_of(other->container, true) == HT_NS_SCOPE_HOST
                         : member->init && other->init && ht_process_has_ns_net(member->init) &&
                               ht_process_has_ns_net(other->init) &&
                               member->init->ns_net == other->init->ns_net;

        if (is_other(sharing, other) && same)
            add_name(&names, ht_builds_name(other->container));
    }
    if (host)
        add_share(sharing, HT_SHARE_KIND_NETWORK, HT_S("the node's"), &names);
    else if (names.count)
        add_share(sharing, HT_SHARE_KIND_NETWORK, HT_S("one of their own"), &names);
}

static void share_process_ids(struct sharing *sharing)
{
    struct names names = applications(sharing);

    add_share(sharing, HT_SHARE_KIND_PROCESS_IDS, HT_S(""), &names);
}

/* ---- paths and sockets ---- */

const struct ht_mount_list *ht_builds_mounts(const struct ht_container *container)
{
    static const struct ht_mount_list none;

    if (ht_container_has_mounts(container))
        return &container->mounts;
    return ht_container_has_kernel_mounts(container) ? &container->kernel_mounts : &none;
}

struct ht_str ht_builds_path(const struct ht_mount *mount)
{
    static const char *const furniture[] = {
        "/etc/hosts",         "/etc/hostname",        "/etc/resolv.conf", "/dev/shm",
        "/run/.containerenv", "/dev/termination-log", "/run/secrets"};

    for (size_t i = 0; i < ARRAY_LEN(furniture); i++) {
        if (ht_str_is(ht_facts_plain_path(mount->target), furniture[i]))
            return (struct ht_str){0};
    }
    return ht_mount_host_path(mount);
}

static const struct ht_fact_socket *socket_itself(const struct builds *builds, struct ht_str path,
                                                  struct ht_str target)
{
    const struct ht_fact_socket *socket = ht_facts_socket(builds->facts, path);

    if (!socket)
        socket = ht_facts_socket_named(builds->facts, path);
    return socket ? socket : ht_facts_socket(builds->facts, target);
}

const struct ht_fact_socket *ht_builds_socket(const struct builds *builds,
                                              const struct ht_container *container,
                                              const struct ht_mount *mount)
{
    struct ht_str path = ht_builds_path(mount);
    const struct ht_fact_socket *socket = NULL;
    size_t at = 0;

    if (path.len == 0)
        return NULL;
    if (ht_mount_may_be(container, mount, HT_MOUNT_KIND_SOCKET))
        socket = socket_itself(builds, path, mount->target);
    /* A folder gives the sockets in it; of the node's folders /run is the one that is mounted. */
    if (!socket && (ht_str_is(path, "/run") || ht_str_is(path, "/")))
        socket = ht_facts_socket_below(builds->facts, path, &at);
    return socket && socket->power == 0 ? socket : NULL;
}

static bool gives_path(const struct build_member *member, struct ht_str path)
{
    const struct ht_mount_list *mounts = ht_builds_mounts(member->container);

    for (size_t i = 0; i < mounts->len; i++) {
        struct ht_str other = ht_builds_path(&mounts->items[i]);

        if (other.len && (ht_path_lies_in(other, path) || ht_path_lies_in(path, other)))
            return true;
    }
    return false;
}

static struct names holders(const struct sharing *sharing, struct ht_str path)
{
    struct names names = new_names(sharing);

    for (size_t i = 0; i < sharing->builds->members_len; i++) {
        const struct build_member *member = &sharing->builds->members[i];

        if (is_other(sharing, member) && gives_path(member, path))
            add_name(&names, ht_builds_name(member->container));
    }
    return names;
}

static struct names run_by(const struct sharing *sharing, struct ht_str runtime)
{
    struct names names = new_names(sharing);

    for (size_t i = 0; i < sharing->builds->members_len; i++) {
        const struct build_member *member = &sharing->builds->members[i];

        if (is_other(sharing, member) &&
            (runtime.len == 0 || ht_str_equal(member->container->runtime, runtime)))
            add_name(&names, ht_builds_name(member->container));
    }
    return names;
}

static bool is_credential(const struct sharing *sharing, const struct ht_mount *mount,
                          struct ht_str path)
{
    return ht_facts_path(sharing->builds->facts, HT_FACT_PATHS_KUBELET, path) ||
           ht_facts_is_credential_file(sharing->builds->facts, path) ||
           ht_facts_is_credential_file(sharing->builds->facts, mount->target);
}

static void share_mount(struct sharing *sharing, const struct ht_container *container,
                        const struct ht_mount *mount)
{
    const struct ht_fact_socket *socket = ht_builds_socket(sharing->builds, container, mount);
    struct ht_str path = ht_builds_path(mount);
    struct ht_share *share;
    struct names names;

    if (path.len == 0)
        return;
    if (socket) {
        names = run_by(sharing, (struct ht_str){0});
        add_share(sharing, HT_SHARE_KIND_RUNTIME_SOCKET, path, &names);
        if (ht_str_equal(ht_facts_plain_path(socket->path), path))
            return;
    }
    if (ht_facts_path_is_benign(sharing->builds->facts, path) &&
        !(ht_mount_has_rw(mount) && mount->rw))
        return;
    names = holders(sharing, path);
    share = add_share(sharing,
                      is_credential(sharing, mount, path) ? HT_SHARE_KIND_NODE_CREDENTIALS
                                                          : HT_SHARE_KIND_HOST_PATH,
                      path, &names);
    if (share && ht_mount_has_rw(mount))
        ht_share_set_writable(share, mount->rw);
}

static void share_member(struct sharing *sharing, const struct build_member *member)
{
    const struct ht_mount_list *mounts = ht_builds_mounts(member->container);

    share_network(sharing, member);
    if (scope_of(member->container, false) == HT_NS_SCOPE_HOST)
        share_process_ids(sharing);
    for (size_t i = 0; i < mounts->len; i++)
        share_mount(sharing, member->container, &mounts->items[i]);
}

/* ---- the daemon, the control plane ---- */

static void share_engine(struct sharing *sharing)
{
    if (!sharing->building->by_engine)
        return;

    struct names names = run_by(sharing, HT_S("docker"));
    add_share(sharing, HT_SHARE_KIND_ENGINE, HT_S("dockerd"), &names);
}

/* Whoever asked had the socket, and so had the build. */
static void share_asker(struct sharing *sharing)
{
    const struct build_member *asker = sharing->building->asker;

    if (!asker)
        return;

    const struct ht_mount_list *mounts = ht_builds_mounts(asker->container);
    for (size_t i = 0; i < mounts->len; i++) {
        if (ht_builds_socket(sharing->builds, asker->container, &mounts->items[i]))
            share_mount(sharing, asker->container, &mounts->items[i]);
    }
}

static void share_stores(struct sharing *sharing)
{
    for (size_t i = 0; i < sharing->builds->stores.len; i++) {
        const struct ht_fact_neighbour *store = sharing->builds->stores.items[i];
        struct names names = new_names(sharing);

        add_name(&names, store->name);
        add_share(sharing, HT_SHARE_KIND_CONTROL_PLANE, store->name, &names);
    }
}

void ht_builds_set_shares(const struct builds *builds, struct building *building)
{
    struct sharing sharing = {.builds = builds,
                              .building = building,
                              .shares =
                                  ht_arena_array(builds->arena, struct ht_share, BUILD_SHARES_MAX)};

    share_kernel(&sharing);
    share_stores(&sharing);
    for (size_t i = 0; i < building->members.len; i++)
        share_member(&sharing, building->members.items[i]);
    share_asker(&sharing);
    share_engine(&sharing);
    if (building->processes.len && building->members.len == 0) {
        share_network(&sharing, NULL);
        share_process_ids(&sharing);
    }
    ht_build_set_shares(&building->row,
                        (struct ht_share_list){.items = sharing.shares, .len = sharing.len});
}
