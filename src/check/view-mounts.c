/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which paths of the node a container has, and which sockets.
 *
 * A declaration is a wish: a link in a path, a volume with options of its own or a mount made later
 * lead elsewhere, and a read-only mount leaves what is mounted below it writable. So what the
 * kernel shows is judged too, where it tells more.
 */
#include <string.h>

#include "view.h"

#include "hulltop/base/limits.h"

/* In the kernel's view a block device stands for the source where the node's path is not known. */
static bool is_device(const struct ht_mount *mount)
{
    return ht_mount_has_root(mount) && ht_str_has_prefix(mount->source, "/dev/") &&
           !ht_str_is(mount->type, "tmpfs") && !ht_str_is(mount->type, "devtmpfs");
}

struct ht_str ht_mount_host_path(const struct ht_mount *mount)
{
    if (ht_mount_has_origin(mount) && mount->origin != HT_MOUNT_ORIGIN_BIND)
        return (struct ht_str){0};
    if (mount->source.len && mount->source.data[0] == '/' && !is_device(mount))
        return ht_facts_plain_path(mount->source);
    if (ht_mount_has_root(mount) && mount->root.len && mount->root.data[0] == '/')
        return ht_facts_plain_path(mount->root);
    return (struct ht_str){0};
}

/* ---- what the runtime itself puts in ---- */

static bool is_container_id(struct ht_str part)
{
    if (part.len != 64)
        return false;
    for (size_t i = 0; i < part.len; i++) {
        char c = part.data[i];

        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return false;
    }
    return true;
}

/* Its own names and shared memory, out of the runtime's folder for this container or its pod. */
static bool is_furniture(const struct ht_mount *mount, struct ht_str path)
{
    static const char *const targets[] = {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf",
                                          "/dev/shm",   "/run/secrets",  "/run/.containerenv"};
    struct ht_str part;

    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        if (!ht_str_is(ht_facts_plain_path(mount->target), targets[i]))
            continue;
        while (ht_str_next(&path, '/', &part)) {
            if (is_container_id(part))
                return true;
        }
    }
    return false;
}

/* ---- both sides ---- */

/* Whether mount gives no more than upper, of the same path or of a folder above it. */
static bool is_told(const struct ht_mount *upper, const struct ht_mount *mount)
{
    bool more_writable =
        ht_mount_has_rw(mount) && mount->rw && ht_mount_has_rw(upper) && !upper->rw;

    return !more_writable && ht_path_lies_in(ht_mount_host_path(mount), ht_mount_host_path(upper));
}

static bool is_told_by_any(const struct ht_mount *mounts, size_t len, const struct ht_mount *mount)
{
    for (size_t i = 0; i < len; i++) {
        if (ht_mount_host_path(&mounts[i]).len && is_told(&mounts[i], mount))
            return true;
    }
    return false;
}

/* Most mounts of a container are the kernel's own and give nothing of the node. */
static bool gives_path(const struct ht_mount_list *mounts)
{
    for (size_t i = 0; i < mounts->len; i++) {
        if (ht_mount_host_path(&mounts->items[i]).len)
            return true;
    }
    return false;
}

/* What is mounted below a mount comes along with it, and its read-only does not hold there. Of the
 * kernel's own file systems the place alone tells which of the node's that is. */
static bool is_kernels(struct ht_str type)
{
    return ht_str_is_among(type, "proc sysfs devtmpfs cgroup cgroup2 debugfs tracefs bpf pstore "
                                 "securityfs efivarfs configfs");
}

const struct ht_mount *ht_mount_above(const struct ht_mount_list *mounts,
                                      const struct ht_mount *mount)
{
    const struct ht_mount *above = NULL;

    for (size_t i = 0; i < mounts->len; i++) {
        const struct ht_mount *one = &mounts->items[i];

        if (one->target.len < mount->target.len && ht_mount_host_path(one).len &&
            ht_path_lies_in(mount->target, one->target) && !ht_mount_is_brought(one) &&
            (!above || one->target.len > above->target.len))
            above = one;
    }
    return above;
}

bool ht_mount_is_brought(const struct ht_mount *mount)
{
    return ht_mount_has_root(mount) && ht_mount_has_origin(mount) &&
           mount->origin == HT_MOUNT_ORIGIN_BIND && is_kernels(mount->type);
}

struct ht_str ht_mount_place_below(struct ht_arena *arena, const struct ht_mount *above,
                                   struct ht_str target)
{
    struct ht_str folder = ht_mount_host_path(above);
    struct ht_str rest = ht_str_sub(target, above->target.len, target.len);

    if (ht_str_is(folder, "/"))
        folder.len = 0;
    return ht_arena_strf(arena, "%.*s%s%.*s", HT_STR_ARG(folder),
                         rest.len && rest.data[0] != '/' ? "/" : "", HT_STR_ARG(rest));
}

/* Puts its path on the node into a mount of the kernel's list; false: it gives nothing to judge. */
static bool place(const struct ht_mount_list *mounts, struct ht_arena *arena,
                  struct ht_mount *mount)
{
    struct ht_str path = ht_mount_host_path(mount);
    const struct ht_mount *above;

    if (path.len)
        return !is_furniture(mount, path);
    if (!ht_mount_has_origin(mount) || mount->origin != HT_MOUNT_ORIGIN_PSEUDO ||
        !ht_str_is(mount->root, "/") || !is_kernels(mount->type))
        return false;
    above = ht_mount_above(mounts, mount);
    if (!above)
        return false;
    ht_mount_set_origin(mount, HT_MOUNT_ORIGIN_BIND);
    ht_mount_set_source(mount, ht_mount_place_below(arena, above, mount->target));
    return true;
}

static bool find_mounts(const struct ht_container *container, struct ht_arena *arena,
                        struct ht_mount_list *ret)
{
    bool declared = ht_container_has_mounts(container);
    bool kernel = ht_container_has_kernel_mounts(container);
    size_t first = declared ? container->mounts.len : 0;

    if (!declared && !kernel)
        return false;
    if (!kernel || !(gives_path(&container->kernel_mounts) || gives_path(&container->mounts))) {
        *ret = (struct ht_mount_list){.items = declared ? container->mounts.items : NULL,
                                      .len = first};
        return true;
    }

    struct ht_mount *mounts =
        ht_arena_array(arena, struct ht_mount, first + container->kernel_mounts.len);
    if (first)
        memcpy(mounts, container->mounts.items, first * sizeof(*mounts));
    *ret = (struct ht_mount_list){.items = mounts, .len = first};
    /* The kernel lists what is mounted below another behind it. */
    for (size_t i = 0; i < container->kernel_mounts.len; i++) {
        struct ht_mount mount = container->kernel_mounts.items[i];

        if (place(ret, arena, &mount) && !is_told_by_any(mounts, ret->len, &mount))
            mounts[ret->len++] = mount;
    }
    return true;
}

/* Found once for all checks of a container: many of them ask. */
bool ht_view_mounts(const struct view *view, struct ht_mount_list *ret)
{
    struct ht_check_batch *shared = view->shared;

    if (!shared)
        return find_mounts(view->container, ht_checking_arena(view->checking), ret);
    if (!shared->has_mounts) {
        if (!shared->kept)
            shared->kept = ht_arena_new(HT_LIMIT_ROW);
        shared->mounts_told = find_mounts(view->container, shared->kept, &shared->mounts);
        shared->has_mounts = true;
    }
    if (shared->mounts_told)
        *ret = shared->mounts;
    return shared->mounts_told;
}

/* The kubelet mounts a part of a volume there; of which one, only the kernel's view tells. */
static bool has_blind_subpath(const struct ht_container *container)
{
    if (ht_container_has_kernel_mounts(container))
        return false;
    for (size_t i = 0; i < container->mounts.len; i++) {
        struct ht_str path = ht_mount_host_path(&container->mounts.items[i]);

        if (ht_str_has_prefix(path, "/var/lib/kubelet/pods/") &&
            ht_str_find(path, HT_S("/volume-subpaths/"), 0) >= 0)
            return true;
    }
    return false;
}

/* The node's root is among them: what was left out lies below it. */
static bool has_root(const struct ht_mount_list *mounts)
{
    for (size_t i = 0; i < mounts->len; i++) {
        if (ht_str_is(ht_mount_host_path(&mounts->items[i]), "/") &&
            ht_mount_has_rw(&mounts->items[i]) && mounts->items[i].rw)
            return true;
    }
    return false;
}

void ht_view_unknown_mounts(const struct view *view)
{
    const struct ht_container *container = view->container;

    if (has_blind_subpath(container))
        ht_unknown(view->checking, "proc",
                   "which paths of the node are mounted into it: one is a part (subPath) of a "
                   "volume that was not seen",
                   "sudo hulltop");
    if (ht_container_has_mounts_cut(container) && container->mounts_cut &&
        !has_root(&container->mounts))
        ht_unknown(view->checking, "proc",
                   "which paths of the node are mounted into it: it has more mounts than are read",
                   "look at the mountinfo of its first process");
}

/* ---- what a path opens ---- */

/* Where an engine keeps its containers, if path is that, lies in it or contains it. */
static struct ht_str data_root_at(const struct view *view, struct ht_str path)
{
    const struct ht_rowset *daemons =
        ht_node_set(ht_checking_node(view->checking), HT_TABLE_DAEMON);

    for (size_t i = 0; i < daemons->len; i++) {
        struct ht_str root = ht_facts_plain_path(ht_daemon_of(daemons->rows[i])->root_dir);

        if (root.len > 1 && (ht_path_lies_in(path, root) || ht_path_lies_in(root, path)))
            return root;
    }
    return (struct ht_str){0};
}

/* Whether one of the node's engines runs network plugins without a kubelet. Docker has a containerd
 * of its own that does not. */
static bool has_network_plugins(const struct view *view)
{
    const struct ht_rowset *daemons =
        ht_node_set(ht_checking_node(view->checking), HT_TABLE_DAEMON);
    bool docker = false, containerd = false;

    if (ht_str_is_among(view->container->runtime, "containerd cri-o podman"))
        return true;
    for (size_t i = 0; i < daemons->len; i++) {
        const struct ht_daemon *daemon = ht_daemon_of(daemons->rows[i]);
        struct ht_str name = daemon->name;

        /* A user's own runs none as root. */
        if (ht_daemon_has_rootless(daemon) && daemon->rootless)
            continue;
        if (ht_str_is_among(name, "Podman cri-o"))
            return true;
        docker = docker || ht_str_is(name, "Docker");
        containerd = containerd || ht_str_is(name, "containerd");
    }
    return containerd && !docker;
}

/* What the node has not, as ht_facts_path_without takes it. */
static unsigned absent_on(const struct view *view)
{
    if (ht_view_has_kubelet(view) != TRI_NO)
        return 0;
    return 1U << HT_FACT_OF_KUBELET | (has_network_plugins(view) ? 0 : 1U << HT_FACT_OF_CNI);
}

const struct ht_fact_path *ht_view_path(const struct view *view, enum ht_fact_paths list,
                                        struct ht_str path)
{
    const struct ht_fact_path *fact = ht_facts_path(view->facts, list, path);
    struct ht_str root;
    struct ht_fact_path *own;

    /* What lies inside a folder is not looked for: it is there where what it is of runs. */
    if (fact && fact->path.len > path.len)
        fact = ht_facts_path_without(view->facts, list, path, absent_on(view));
    if (fact || list == HT_FACT_PATHS_KUBELET)
        return fact;
    root = data_root_at(view, path);
    if (root.len == 0)
        return NULL;
    own = ht_arena_array(ht_checking_arena(view->checking), struct ht_fact_path, 1);
    *own = (struct ht_fact_path){.path = root,
                                 .kind = HT_FACT_PATH_RUNTIME_DATA,
                                 .gives = HT_S("the files of every other container")};
    return own;
}

bool ht_path_is_shared_memory(struct ht_str path)
{
    return ht_str_has_suffix(path, "/mounts/shm") || ht_str_has_suffix(path, "/userdata/shm") ||
           (ht_str_has_suffix(path, "/shm") && ht_str_find(path, HT_S("/sandboxes/"), 0) >= 0);
}

/* ---- what read-only does not reach ---- */

const struct ht_mount *ht_mount_read_only_above(const struct ht_mount_list *mounts,
                                                const struct ht_mount *mount)
{
    const struct ht_mount *above = ht_mount_has_root(mount) ? ht_mount_above(mounts, mount) : NULL;

    return above && ht_mount_has_rw(above) && !above->rw ? above : NULL;
}

/* Whether a process of it is the node's root, or has that capability over its files. */
static bool may_as_root(const struct view *view, unsigned capability)
{
    const struct ht_container *container = view->container;
    uint64_t caps = (ht_privilege_has_caps(view->effective) ? view->effective->caps : 0) |
                    (ht_container_has_held_caps(container) ? container->held_caps : 0);

    return ht_view_is_root_on_node(view) != TRI_NO || !ht_container_has_held_root(container) ||
           container->held_root || (!ht_view_is_apart(view) && caps >> capability & 1);
}

bool ht_view_may_write_as_root(const struct view *view)
{
    return may_as_root(view, HT_CAPABILITY_DAC_OVERRIDE);
}

bool ht_view_may_read_as_root(const struct view *view)
{
    return ht_view_may_write_as_root(view) || may_as_root(view, HT_CAPABILITY_DAC_READ_SEARCH);
}

/* Nobody meant to let it write there. Most of what is there is of the node's root; homes are of
 * those who log in, and the way to the shared memory of a pod is open to everybody. */
bool ht_view_may_write_below(const struct view *view, const struct ht_mount *mount)
{
    enum { USERS_MIN = 1000, USERS_END = 60000 };
    const struct ht_privilege *effective = view->effective;
    struct ht_str path = ht_mount_host_path(mount);

    if (ht_view_may_write_as_root(view))
        return true;
    if (ht_path_lies_in(path, HT_S("/home")))
        return !ht_privilege_has_host_uid(effective) ||
               (effective->host_uid >= USERS_MIN && effective->host_uid < USERS_END);
    return ht_path_is_shared_memory(path) && ht_str_find(path, HT_S("/sandboxes/"), 0) >= 0;
}

/* ---- sockets ---- */

/* The path in "unix:///run/docker.sock", or the text itself. */
static struct ht_str socket_path(struct ht_str address)
{
    if (ht_str_has_prefix(address, "unix://"))
        address = ht_str_sub(address, strlen("unix://"), address.len);
    return ht_facts_plain_path(address);
}

bool ht_view_is_daemon_socket(const struct view *view, struct ht_str path)
{
    const struct ht_rowset *daemons =
        ht_node_set(ht_checking_node(view->checking), HT_TABLE_DAEMON);

    for (size_t i = 0; i < daemons->len; i++) {
        if (ht_str_equal(socket_path(ht_row_id(daemons->rows[i])), path))
            return true;
    }
    return false;
}

/* Whether the node has that socket, as its own files were looked at. */
static enum tri is_there(const struct view *view, struct ht_str path)
{
    const struct ht_pair_list *sockets = view->host ? &view->host->sockets : NULL;

    for (size_t i = 0; sockets && i < sockets->len; i++) {
        if (!ht_str_equal(sockets->items[i].key, path))
            continue;
        if (ht_str_is(sockets->items[i].value, "there"))
            return TRI_YES;
        return ht_str_is(sockets->items[i].value, "absent") ? TRI_NO : TRI_UNKNOWN;
    }
    return TRI_UNKNOWN;
}

bool ht_view_socket_below(const struct view *view, struct ht_str directory, size_t *at,
                          const struct ht_fact_socket **ret_socket, enum tri *ret_there)
{
    const struct ht_fact_socket *socket;

    do {
        socket = ht_facts_socket_below(view->facts, directory, at);
        if (!socket)
            return false;
    } while (socket->power != 0);
    *ret_socket = socket;
    *ret_there =
        ht_view_is_daemon_socket(view, socket->path) ? TRI_YES : is_there(view, socket->path);
    return true;
}

/* The kernel's mount of the path of a declared one, or else the one where that was asked for: the
 * path may lead through a link. The kernel's own is itself. NULL: it was not seen. */
static const struct ht_mount *as_the_kernel_has_it(const struct ht_container *container,
                                                   const struct ht_mount *mount)
{
    const struct ht_mount_list *mounts = &container->kernel_mounts;
    struct ht_str target = ht_facts_plain_path(mount->target);
    struct ht_str path = ht_mount_host_path(mount);
    const struct ht_mount *there = NULL;

    if (ht_mount_has_root(mount))
        return mount;
    /* Of two at one place the later one covers the other. */
    for (size_t i = 0; i < mounts->len; i++) {
        if (ht_str_equal(ht_mount_host_path(&mounts->items[i]), path))
            return &mounts->items[i];
        if (ht_str_equal(ht_facts_plain_path(mounts->items[i].target), target))
            there = &mounts->items[i];
    }
    return there;
}

bool ht_mount_may_be(const struct ht_container *container, const struct ht_mount *mount,
                     enum ht_mount_kind kind)
{
    const struct ht_mount *seen = as_the_kernel_has_it(container, mount);

    return !seen || !ht_mount_has_kind(seen) || seen->kind == kind;
}

const struct ht_fact_socket *ht_view_mount_socket(const struct view *view,
                                                  const struct ht_mount *mount, bool *ret_sure)
{
    struct ht_str path = ht_mount_host_path(mount);
    const struct ht_mount *seen = as_the_kernel_has_it(view->container, mount);
    const struct ht_fact_socket *socket;

    /* Where nothing is, an engine makes a folder of that name and mounts it. */
    if (path.len == 0 || !ht_mount_may_be(view->container, mount, HT_MOUNT_KIND_SOCKET))
        return NULL;
    socket = ht_facts_socket(view->facts, path);
    if (socket) {
        *ret_sure = (seen && ht_mount_has_kind(seen)) || ht_view_is_daemon_socket(view, path) ||
                    is_there(view, socket->path) == TRI_YES;
        return socket;
    }
    socket = ht_facts_socket_named(view->facts, path);
    if (socket) {
        *ret_sure = ht_view_is_daemon_socket(view, path);
        return socket;
    }
    /* Under another name it is still mounted where its clients look for it. */
    *ret_sure = false;
    return ht_facts_socket(view->facts, mount->target);
}
