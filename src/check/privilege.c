/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/check/privilege.h"

#include <string.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/model/process.h"
#include "view.h"

/* How long the first steps of a runtime may take, and how long a name is believed that says so. */
#define STEPS_MAX_NS    (INT64_C(3) * HT_NS_PER_S)
#define PREPARED_MAX_NS (INT64_C(60) * HT_NS_PER_S)

/* ---- ids and namespaces ---- */

/* "0 200000 65536": inside, on the node, how many. */
static bool parse_uid_map(struct ht_str line, uint64_t ret[3])
{
    size_t found = 0;
    struct ht_str word;

    while (found < 3 && ht_str_next(&line, ' ', &word)) {
        if (word.len == 0)
            continue;
        if (ht_parse_u64(word, &ret[found]) < 0)
            return false;
        found++;
    }
    return found == 3;
}

bool ht_privilege_uid_inside(const struct ht_process *process, uint64_t *ret_uid)
{
    uint64_t map[3];

    if (!ht_process_has_euid(process))
        return false;
    if (ht_process_has_uid_map_full(process) && process->uid_map_full) {
        *ret_uid = process->euid;
        return true;
    }
    if (!ht_process_has_uid_map(process) || !parse_uid_map(process->uid_map, map) ||
        process->euid < map[1] || process->euid - map[1] >= map[2])
        return false;
    *ret_uid = map[0] + (process->euid - map[1]);
    return true;
}

bool ht_privilege_root_outside(const struct ht_privilege *privilege, uint64_t *ret_uid)
{
    uint64_t map[3];

    if (ht_privilege_has_uid_map(privilege) && parse_uid_map(privilege->uid_map, map) &&
        map[0] == 0 && map[2] != 0) {
        *ret_uid = map[1];
        return true;
    }
    if (!ht_privilege_has_uid(privilege) || privilege->uid != 0 ||
        !ht_privilege_has_host_uid(privilege))
        return false;
    *ret_uid = privilege->host_uid;
    return true;
}

bool ht_privilege_is_remapped(const struct ht_privilege *privilege)
{
    uint64_t uid;

    return ht_privilege_has_user_ns(privilege) && privilege->user_ns == HT_NS_SCOPE_OWN &&
           !(ht_privilege_root_outside(privilege, &uid) && uid == 0);
}

static void set_ids(const struct ht_process *init, struct ht_privilege *ret)
{
    uint64_t uid;

    if (ht_process_has_uid_map(init))
        ht_privilege_set_uid_map(ret, init->uid_map);
    /* /proc/PID/status tells ids as the reader's user namespace sees them. */
    if (ht_process_has_euid(init))
        ht_privilege_set_host_uid(ret, init->euid);
    if (ht_privilege_uid_inside(init, &uid))
        ht_privilege_set_uid(ret, uid);
}

static enum ht_ns_scope scope(uint64_t inode, uint64_t host)
{
    return inode == host ? HT_NS_SCOPE_HOST : HT_NS_SCOPE_OWN;
}

static void set_namespaces(const struct ht_host *host, const struct ht_process *init,
                           struct ht_privilege *ret)
{
    if (ht_process_has_uid_map_full(init) && init->uid_map_full)
        ht_privilege_set_user_ns(ret, HT_NS_SCOPE_HOST);
    else if (ht_process_has_uid_map_full(init))
        ht_privilege_set_user_ns(ret, HT_NS_SCOPE_OWN);
    if (!host)
        return;
    if (ht_process_has_ns_pid(init) && ht_host_has_ns_pid(host))
        ht_privilege_set_pid_ns(ret, scope(init->ns_pid, host->ns_pid));
    if (ht_process_has_ns_net(init) && ht_host_has_ns_net(host))
        ht_privilege_set_net_ns(ret, scope(init->ns_net, host->ns_net));
    if (ht_process_has_ns_ipc(init) && ht_host_has_ns_ipc(host))
        ht_privilege_set_ipc_ns(ret, scope(init->ns_ipc, host->ns_ipc));
    if (ht_process_has_ns_uts(init) && ht_host_has_ns_uts(host))
        ht_privilege_set_uts_ns(ret, scope(init->ns_uts, host->ns_uts));
    if (ht_process_has_ns_user(init) && ht_host_has_ns_user(host))
        ht_privilege_set_user_ns(ret, scope(init->ns_user, host->ns_user));
    if (ht_process_has_ns_cgroup(init) && ht_host_has_ns_cgroup(host))
        ht_privilege_set_cgroup_ns(ret, scope(init->ns_cgroup, host->ns_cgroup));
    if (ht_process_has_ns_mnt(init) && ht_host_has_ns_mnt(host))
        ht_privilege_set_mnt_ns(ret, scope(init->ns_mnt, host->ns_mnt));
}

/* ---- mounts ---- */

/* What hides a path of /proc or /sys: an empty tmpfs over a folder, the null device over a file. */
static bool is_mask(const struct ht_mount *mount)
{
    bool below =
        (ht_path_lies_in(mount->target, HT_S("/proc")) && mount->target.len > strlen("/proc")) ||
        (ht_path_lies_in(mount->target, HT_S("/sys")) && mount->target.len > strlen("/sys"));

    if (!below || ht_path_lies_in(mount->target, HT_S("/sys/fs/cgroup")))
        return false;
    if (ht_str_is(mount->type, "devtmpfs"))
        return true;
    return ht_str_is(mount->type, "tmpfs");
}

static bool is_readonly_path(const struct ht_mount *mount)
{
    return ht_path_lies_in(mount->target, HT_S("/proc")) && mount->target.len > strlen("/proc") &&
           ht_str_is(mount->type, "proc") && ht_mount_has_rw(mount) && !mount->rw;
}

/* The mount on which path lies: of those that lead to it the nearest, and of equal ones the last,
 * which covers the others. */
static const struct ht_mount *mount_of(const struct ht_mount_list *mounts, struct ht_str path)
{
    const struct ht_mount *best = NULL;

    for (size_t i = 0; i < mounts->len; i++) {
        const struct ht_mount *mount = &mounts->items[i];
        bool leads = ht_str_is(mount->target, "/") ||
                     (path.len >= mount->target.len &&
                      ht_str_equal(ht_str_sub(path, 0, mount->target.len), mount->target) &&
                      (path.len == mount->target.len || path.data[mount->target.len] == '/'));

        if (leads && mount->target.len && (!best || mount->target.len >= best->target.len))
            best = mount;
    }
    return best;
}

static void set_hidden_paths(const struct ht_mount_list *mounts, struct ht_arena *arena,
                             struct ht_privilege *ret)
{
    struct ht_str *masked = ht_arena_array(arena, struct ht_str, mounts->len);
    struct ht_str *readonly = ht_arena_array(arena, struct ht_str, mounts->len);
    size_t masked_len = 0, readonly_len = 0;

    for (size_t i = 0; i < mounts->len; i++) {
        if (is_mask(&mounts->items[i]))
            masked[masked_len++] = mounts->items[i].target;
        else if (is_readonly_path(&mounts->items[i]))
            readonly[readonly_len++] = mounts->items[i].target;
    }
    ht_privilege_set_masked_paths(ret, (struct ht_text_list){.items = masked, .len = masked_len});
    ht_privilege_set_readonly_paths(ret,
                                    (struct ht_text_list){.items = readonly, .len = readonly_len});
}

static void set_mounts(const struct ht_process *init, struct ht_arena *arena,
                       struct ht_privilege *ret)
{
    const struct ht_mount_list *mounts = &init->mounts;
    /* What is missing from a list that was cut proves nothing. */
    bool complete = !ht_process_has_mounts_cut(init) || init->mounts_cut == 0;
    bool cgroup_rw = false;

    if (!ht_process_has_mounts(init) || mounts->len == 0)
        return;
    if (complete)
        set_hidden_paths(mounts, arena, ret);

    const struct ht_mount *root = mount_of(mounts, HT_S("/"));
    if (root && ht_mount_has_rw(root))
        ht_privilege_set_rootfs_ro(ret, !root->rw);

    const struct ht_mount *sys = mount_of(mounts, HT_S("/proc/sys"));
    if (sys && ht_str_is(sys->type, "proc") && ht_mount_has_rw(sys) &&
        (complete || !sys->rw || ht_str_is(sys->target, "/proc/sys")))
        ht_privilege_set_proc_sys_rw(ret, sys->rw);
    else if (sys && complete && !ht_str_is(sys->type, "proc"))
        ht_privilege_set_proc_sys_rw(ret, false);

    for (size_t i = 0; i < mounts->len; i++)
        cgroup_rw = cgroup_rw || (ht_str_is(mounts->items[i].type, "cgroup") &&
                                  ht_mount_has_rw(&mounts->items[i]) && mounts->items[i].rw);
    if (cgroup_rw || complete)
        ht_privilege_set_cgroup_rw(ret, cgroup_rw);
}

/* ---- as wide as privileged ---- */

/* Not "all capabilities that the kernel knows": older runtimes do not know the newest, and some
 * machines withhold one from everybody. */
static void set_privileged(const struct ht_facts *facts, struct ht_privilege *ret)
{
    uint64_t wide = ht_facts_wide_caps(facts);

    if (ht_privilege_has_caps(ret) && (ret->caps & wide) != wide) {
        ht_privilege_set_privileged(ret, false);
        return;
    }
    if (ht_privilege_has_seccomp(ret) && ret->seccomp != HT_SECCOMP_MODE_DISABLED) {
        ht_privilege_set_privileged(ret, false);
        return;
    }
    if (ht_privilege_has_user_ns(ret) && ret->user_ns != HT_NS_SCOPE_HOST) {
        ht_privilege_set_privileged(ret, false);
        return;
    }
    if (ht_privilege_has_proc_sys_rw(ret) && !ret->proc_sys_rw) {
        ht_privilege_set_privileged(ret, false);
        return;
    }
    if (ht_privilege_has_caps(ret) && ht_privilege_has_seccomp(ret) &&
        ht_privilege_has_user_ns(ret) && ht_privilege_has_proc_sys_rw(ret))
        ht_privilege_set_privileged(ret, true);
}

/* runc's first steps have more privilege than the container will keep: two reads that agree, or an
 * age at which they are over. On a busy node they last longer, but then it still has their name. */
static bool is_settled(const struct ht_process *init)
{
    bool prepared = ht_process_is_prepared(init);

    if (!prepared && ht_process_has_reads(init) && init->reads >= 2)
        return true;
    return ht_process_has_started_at(init) && ht_process_has_read_at(init) &&
           init->read_at - init->started_at > (prepared ? PREPARED_MAX_NS : STEPS_MAX_NS);
}

void ht_privilege_hold(struct ht_held *held, const struct ht_host *host,
                       const struct ht_process *process)
{
    /* In a user namespace of its own they are worth nothing to the node. */
    bool apart = host && ht_host_has_ns_user(host) && ht_process_has_ns_user(process) &&
                 host->ns_user != process->ns_user;
    uint64_t caps = apart ? 0 : process->cap_eff | process->cap_prm;
    bool root = ht_process_has_euid(process) && process->euid == 0;

    if (!ht_process_has_euid(process) || !ht_process_has_cap_eff(process) ||
        !ht_process_has_cap_prm(process))
        held->unknown = true;
    if ((!(caps & ~held->caps) && (held->root || !root)) || !is_settled(process))
        return;
    held->caps |= caps;
    held->root = held->root || root;
}

uint64_t ht_privilege_held_number(const struct ht_held *held)
{
    return held->caps << 2 | (uint64_t)held->root << 1 | held->unknown;
}

void ht_privilege_put_held(const struct ht_held *held, struct ht_container *container)
{
    if (held->unknown)
        return;
    ht_container_set_held_caps(container, held->caps);
    ht_container_set_held_root(container, held->root);
}

void ht_privilege_effective(const struct ht_host *host, const struct ht_process *init,
                            const struct ht_facts *facts, struct ht_arena *arena,
                            struct ht_privilege *ret)
{
    if (!is_settled(init))
        return;
    if (ht_process_has_cap_eff(init))
        ht_privilege_set_caps(ret, init->cap_eff);
    if (ht_process_has_cap_bnd(init))
        ht_privilege_set_bounding(ret, init->cap_bnd);
    if (ht_process_has_seccomp(init))
        ht_privilege_set_seccomp(ret, init->seccomp);
    if (ht_process_has_lsm(init))
        ht_privilege_set_lsm(ret, init->lsm);
    if (ht_process_has_no_new_privs(init))
        ht_privilege_set_no_new_privs(ret, init->no_new_privs);
    if (ht_process_has_devices(init))
        ht_privilege_set_devices(ret, init->devices);
    if (ht_process_has_block_devices(init))
        ht_privilege_set_block_devices(ret, init->block_devices);
    set_ids(init, ret);
    set_namespaces(host, init, ret);
    set_mounts(init, arena, ret);
    set_privileged(facts, ret);
}

bool ht_privilege_is_young(const struct ht_process *init)
{
    return ht_process_has_cap_eff(init) && ht_process_has_reads(init) && init->reads < 2;
}

bool ht_privilege_is_awaited(const struct ht_node *node)
{
    const struct ht_rowset *containers = ht_node_set(node, HT_TABLE_CONTAINER);

    for (size_t i = 0; i < containers->len; i++) {
        const struct ht_container *container = ht_container_of(containers->rows[i]);
        const struct ht_process *init;

        if (!ht_container_has_pid(container) || container->effective.known)
            continue;
        init = ht_view_find_process(node, container->pid);
        if (init && ht_privilege_is_young(init))
            return true;
    }
    return false;
}
