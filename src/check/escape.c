/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ways out of a container, as sentences. Each rule takes facts that the evidence shows; the first
 * that holds is the shortest way.
 */
#include "cluster-path.h"
#include "view.h"

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

/* A rule: the sentence if it holds, else empty; links: how many facts it takes. */
struct rule {
    unsigned links;
    bool of_privileged; /* holds of whatever is privileged, and ends with that */
    const char *name;   /* for a title */
    struct ht_str (*holds)(const struct view *view);
};

static bool yes(enum tri answer)
{
    return answer == TRI_YES;
}

static bool has(const struct view *view, unsigned bit)
{
    return yes(ht_view_has_cap(view, bit));
}

/* Over the node: within user ids of its own it can mount no disk and enter no process of the node.
 */
static bool is_privileged(const struct view *view)
{
    return ht_view_is_privileged(view) && ht_view_has_own_users(view) != TRI_YES;
}

/* The socket is at target, or at rest below it. */
static struct ht_str sentence_of_socket(const struct view *view, struct ht_str target,
                                        struct ht_str rest, const struct ht_fact_socket *socket)
{
    bool runtime = ht_str_is_among(socket->kind, "docker containerd cri-o podman lxd incus");

    return ht_arena_strf(ht_checking_arena(view->checking),
                         runtime ? "Through %.*s%.*s it asks %.*s for a privileged container with "
                                   "the node's disk: root on the node in one step."
                                 : "Through %.*s%.*s it has %.*s run what it likes: root on the "
                                   "node in one step.",
                         HT_STR_ARG(target), HT_STR_ARG(rest), HT_STR_ARG(socket->name));
}

static struct ht_str socket_reached(const struct view *view)
{
    struct ht_mount_list mounts;

    if (!ht_view_mounts(view, &mounts))
        return (struct ht_str){0};
    for (size_t i = 0; i < mounts.len; i++) {
        bool sure = false;
        const struct ht_fact_socket *socket = ht_view_mount_socket(view, &mounts.items[i], &sure);

        if (socket && socket->power == 0)
            return sentence_of_socket(view, mounts.items[i].target, (struct ht_str){0}, socket);
    }
    return (struct ht_str){0};
}

/* The same below a folder that it has; whoever made that way meant no user but root. */
static struct ht_str socket_below_reached(const struct view *view)
{
    struct ht_mount_list mounts;

    if (!ht_view_may_write_as_root(view) || !ht_view_mounts(view, &mounts))
        return (struct ht_str){0};
    for (size_t i = 0; i < mounts.len; i++) {
        const struct ht_mount *mount = &mounts.items[i];
        struct ht_str folder = ht_mount_host_path(mount);
        const struct ht_fact_socket *socket;
        enum tri there;
        size_t at = 0;

        if (folder.len == 0 || !ht_mount_may_be(view->container, mount, HT_MOUNT_KIND_FOLDER))
            continue;
        while (ht_view_socket_below(view, folder, &at, &socket, &there)) {
            if (yes(there))
                return sentence_of_socket(
                    view, ht_str_is(mount->target, "/") ? (struct ht_str){0} : mount->target,
                    ht_str_sub(socket->path, folder.len == 1 ? 0 : folder.len, socket->path.len),
                    socket);
        }
    }
    return (struct ht_str){0};
}

/* Whether it can write to what is mounted there; or else read it, as the node's root, whose those
 * files are. */
static bool is_open(const struct view *view, const struct ht_mount_list *mounts,
                    const struct ht_mount *mount, bool write)
{
    if (!write)
        return !ht_view_is_apart(view) && ht_view_may_read_as_root(view);
    return ht_mount_has_rw(mount) && mount->rw &&
           (!ht_mount_read_only_above(mounts, mount) || ht_view_may_write_below(view, mount));
}

/* Whether path, of that entry, opens what that kind of the list does. */
static bool is_of_kind(const struct view *view, const struct ht_fact_path *fact, struct ht_str path,
                       int kind)
{
    if (kind == HT_FACT_PATH_MASTERS)
        return ht_cluster_path(fact, path, false, ht_view_has_apiserver(view)) ==
               CLUSTER_PATH_MASTERS;
    return fact && fact->kind == kind;
}

/* A mount of a path from that list which is of that kind, and writable if write. */
static const struct ht_mount *open_path(const struct view *view, enum ht_fact_paths list, int kind,
                                        bool write)
{
    struct ht_mount_list mounts;

    if (!ht_view_mounts(view, &mounts))
        return NULL;
    for (size_t i = 0; i < mounts.len; i++) {
        const struct ht_mount *mount = &mounts.items[i];
        struct ht_str path = ht_mount_host_path(mount);
        const struct ht_fact_path *fact = path.len ? ht_view_path(view, list, path) : NULL;

        /* A folder far above the node's identity is told as what it is; there may be no kubelet. */
        if (fact && list == HT_FACT_PATHS_KUBELET && fact->path.len > path.len)
            continue;
        if (is_of_kind(view, fact, path, kind) && !ht_path_is_shared_memory(path) &&
            is_open(view, &mounts, mount, write))
            return mount;
    }
    return NULL;
}

static struct ht_str sentence_of_mount(const struct view *view, const struct ht_mount *mount,
                                       const char *before, const char *after)
{
    if (!mount)
        return (struct ht_str){0};
    return ht_arena_strf(ht_checking_arena(view->checking), "%s%.*s%s", before,
                         HT_STR_ARG(mount->target), after);
}

static struct ht_str manifests_open(const struct view *view)
{
    return sentence_of_mount(view,
                             open_path(view, HT_FACT_PATHS_KUBELET, HT_FACT_PATH_MANIFESTS, true),
                             "It writes a pod into ",
                             " and the kubelet runs it, privileged: root on the node in one step.");
}

static struct ht_str masters_open(const struct view *view)
{
    return sentence_of_mount(
        view, open_path(view, HT_FACT_PATHS_KUBELET, HT_FACT_PATH_MASTERS, false),
        "With the keys in ",
        " it is an administrator of the cluster and has a privileged pod run on this node.");
}

static struct ht_str host_code_open(const struct view *view)
{
    return sentence_of_mount(view, open_path(view, HT_FACT_PATHS_WRITABLE, HT_FACT_PATH_CODE, true),
                             "It writes through ",
                             " what the node itself runs as root (a cron job, a service, a key, a "
                             "preloaded library): root "
                             "on the node in one step.");
}

static struct ht_str runtime_data_open(const struct view *view)
{
    return sentence_of_mount(
        view, open_path(view, HT_FACT_PATHS_WRITABLE, HT_FACT_PATH_RUNTIME_DATA, true), "Through ",
        " it changes the files of other containers and waits until a privileged one runs them.");
}

static struct ht_str privileged_in_host_pids(const struct view *view)
{
    if (!is_privileged(view) || !yes(ht_view_shares(view, VIEW_NS_PID)))
        return (struct ht_str){0};
    return HT_S(
        "It is privileged and sees the node's processes: it enters the namespaces of process 1 "
        "and is root on the node in one step.");
}

static struct ht_str privileged_disk(const struct view *view)
{
    if (!is_privileged(view))
        return (struct ht_str){0};
    return HT_S(
        "It is privileged: it mounts the node's disk from /dev, writes a cron job or a key for "
        "root, and is root on the node.");
}

static struct ht_str admin_and_disk(const struct view *view)
{
    struct ht_str device = ht_view_raw_device(view);

    if (device.len == 0 || !has(view, HT_CAPABILITY_SYS_ADMIN))
        return (struct ht_str){0};
    return ht_arena_strf(
        ht_checking_arena(view->checking),
        "With SYS_ADMIN it mounts %.*s, writes a cron job or a key for root, and is "
        "root on the node.",
        HT_STR_ARG(device));
}

static struct ht_str disk_alone(const struct view *view)
{
    struct ht_str device = ht_view_raw_device(view);

    if (device.len == 0)
        return (struct ht_str){0};
    return ht_arena_strf(
        ht_checking_arena(view->checking),
        "It edits %.*s byte by byte, past all permissions, and so becomes root on the "
        "node.",
        HT_STR_ARG(device));
}

static struct ht_str trace_host(const struct view *view)
{
    if (!has(view, HT_CAPABILITY_SYS_PTRACE) || !yes(ht_view_shares(view, VIEW_NS_PID)))
        return (struct ht_str){0};
    return HT_S(
        "With SYS_PTRACE in the node's pid namespace it puts code into a process of root on the "
        "node.");
}

static struct ht_str release_agent(const struct view *view)
{
    if (!has(view, HT_CAPABILITY_SYS_ADMIN) || !yes(ht_view_has_no_seccomp(view)) ||
        !yes(ht_view_is_unconfined(view)) || !ht_host_has_cgroup_mode(view->host) ||
        ht_str_is(view->host->cgroup_mode, "v2"))
        return (struct ht_str){0};
    return HT_S("With SYS_ADMIN, no seccomp filter and no AppArmor or SELinux to hold it, it "
                "mounts a cgroup v1 hierarchy and names a release agent, which the kernel runs as "
                "root on the node.");
}

static struct ht_str load_module(const struct view *view)
{
    if (!has(view, HT_CAPABILITY_SYS_MODULE))
        return (struct ht_str){0};
    return HT_S("With SYS_MODULE it loads a module of its own making: code in the node's kernel.");
}

static struct ht_str raw_memory(const struct view *view)
{
    if (!has(view, HT_CAPABILITY_SYS_RAWIO))
        return (struct ht_str){0};
    return HT_S("With SYS_RAWIO it writes to ports and memory that belong to the node's hardware.");
}

static struct ht_str open_by_handle(const struct view *view)
{
    if (!has(view, HT_CAPABILITY_DAC_READ_SEARCH))
        return (struct ht_str){0};
    if (has(view, HT_CAPABILITY_DAC_OVERRIDE))
        return HT_S("With DAC_READ_SEARCH it opens any file of the node by its handle, and with "
                    "DAC_OVERRIDE it writes to it.");
    return HT_S(
        "With DAC_READ_SEARCH it opens any file of the node by its handle and reads passwords and "
        "keys.");
}

static const char core_pattern[] = "/proc/sys/kernel/core_pattern";

/* target: where the first so many bytes of the file's path, a folder of the node, are mounted. */
static struct ht_str sentence_of_crash(const struct view *view, struct ht_str target, size_t folder)
{
    return ht_arena_strf(ht_checking_arena(view->checking),
                         "It writes a program's name into %.*s%s, crashes something, and the "
                         "kernel runs that program as root on the node.",
                         HT_STR_ARG(target), core_pattern + folder);
}

static struct ht_str kernel_settings(const struct view *view)
{
    return yes(ht_view_can_write_settings(view)) ? sentence_of_crash(view, HT_S(""), 0)
                                                 : (struct ht_str){0};
}

/* The node's own /proc among its mounts, or a part of it with that file. */
static struct ht_str host_settings(const struct view *view)
{
    struct ht_mount_list mounts;

    if (!yes(ht_view_is_root_on_node(view)) || !ht_view_mounts(view, &mounts))
        return (struct ht_str){0};
    for (size_t i = 0; i < mounts.len; i++) {
        const struct ht_mount *mount = &mounts.items[i];
        struct ht_str path = ht_mount_host_path(mount);

        if (ht_path_lies_in(path, HT_S("/proc")) && ht_path_lies_in(HT_S(core_pattern), path) &&
            ht_mount_has_rw(mount) && mount->rw)
            return sentence_of_crash(view, mount->target, path.len);
    }
    return (struct ht_str){0};
}

static struct ht_str kernel_probes(const struct view *view)
{
    if (!has(view, HT_CAPABILITY_BPF) || !has(view, HT_CAPABILITY_PERFMON))
        return (struct ht_str){0};
    return HT_S("With BPF and PERFMON it loads probes that read, and change, what the node's "
                "kernel and every "
                "process on it handle.");
}

static struct ht_str kubelet_identity(const struct view *view)
{
    return sentence_of_mount(
        view, open_path(view, HT_FACT_PATHS_KUBELET, HT_FACT_PATH_KUBELET, false),
        "With the keys in ",
        " it speaks to the cluster as this node and reads the secrets of its pods.");
}

static struct ht_str planted_mounts(const struct view *view)
{
    struct ht_mount_list mounts;

    if (!has(view, HT_CAPABILITY_SYS_ADMIN) || !ht_view_mounts(view, &mounts))
        return (struct ht_str){0};
    for (size_t i = 0; i < mounts.len; i++) {
        if (ht_mount_host_path(&mounts.items[i]).len &&
            (ht_str_is(mounts.items[i].propagation, "rshared") ||
             ht_str_is(mounts.items[i].propagation, "shared")))
            return sentence_of_mount(view, &mounts.items[i],
                                     "With SYS_ADMIN it mounts something over a folder in ",
                                     ", and the mount appears on the node, where root uses it.");
    }
    return (struct ht_str){0};
}

static struct ht_str planted_logs(const struct view *view)
{
    if (ht_view_has_kubelet(view) == TRI_NO)
        return (struct ht_str){0};
    return sentence_of_mount(view, open_path(view, HT_FACT_PATHS_WRITABLE, HT_FACT_PATH_LOGS, true),
                             "It plants a link in ",
                             " and reads any file of the node through the kubelet's log service.");
}

/* Shortest way first. */
static const struct rule rules[] = {
    {1, false, "the runtime's socket", socket_reached},
    {1, false, "the folder of static pods", manifests_open},
    {1, false, "files that the node runs", host_code_open},
    {1, false, "an administrator's keys to the cluster", masters_open},
    {1, false, "a folder with the runtime's socket", socket_below_reached},
    {2, true, "privileged among the node's processes", privileged_in_host_pids},
    {1, true, "privileged", privileged_disk},
    {2, true, "SYS_ADMIN and a disk of the node", admin_and_disk},
    {1, true, "a disk of the node", disk_alone},
    {2, true, "SYS_PTRACE among the node's processes", trace_host},
    {3, true, "SYS_ADMIN without seccomp on cgroup v1", release_agent},
    {1, true, "SYS_MODULE", load_module},
    {1, true, "SYS_RAWIO", raw_memory},
    {1, true, "kernel settings", kernel_settings},
    {1, false, "the node's /proc", host_settings},
    {1, true, "DAC_READ_SEARCH", open_by_handle},
    {2, true, "BPF and PERFMON", kernel_probes},
    {2, true, "SYS_ADMIN and a shared mount", planted_mounts},
    {1, false, "the node's cluster credentials", kubelet_identity},
    {1, false, "other containers' files", runtime_data_open},
    {1, false, "log folders", planted_logs},
};

_Static_assert(ARRAY_LEN(rules) <= 32, "a bit for each");

/* Which rules hold, by their places: the same for all checks of one container. */
static uint32_t ways_of(const struct view *view)
{
    uint32_t ways = 0;

    if (view->shared && view->shared->has_ways)
        return view->shared->ways;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        ways |= (uint32_t)(rules[i].holds(view).len > 0) << i;
    if (view->shared) {
        view->shared->ways = ways;
        view->shared->has_ways = true;
    }
    return ways;
}

/* Names the other ways behind the first: whoever closes that one must know. */
static void add_others(const struct view *view, const struct rule *first, struct ht_buf *out)
{
    enum { NAMED = 4, NAMES_BYTES = 512 };
    ht_autobuf struct ht_buf names = HT_BUF(NAMES_BYTES);
    uint32_t ways = ways_of(view);
    bool privileged = is_privileged(view);
    size_t found = 0;

    for (const struct rule *rule = rules; rule < rules + ARRAY_LEN(rules); rule++) {
        bool same = rule->of_privileged && privileged &&
                    (first->of_privileged || rule->holds != privileged_disk);

        if (rule == first || same || !(ways >> (rule - rules) & 1))
            continue;
        if (++found <= NAMED)
            ht_buf_addf(&names, "%s%s", found == 1 ? "" : ", ", rule->name);
    }
    if (found > NAMED)
        ht_buf_addf(&names, " and %zu more", found - NAMED);
    if (found)
        ht_buf_addf(out, " There %s: %.*s.", found == 1 ? "is another way" : "are other ways",
                    HT_STR_ARG(ht_buf_str(&names)));
}

struct ht_str ht_view_escape(const struct view *view, unsigned min_links, const char **ret_name)
{
    /* In a kernel of its own the way ends in the sandbox. */
    if (view->sandboxed)
        return (struct ht_str){0};
    uint32_t ways = ways_of(view);
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (rules[i].links < min_links || !(ways >> i & 1))
            continue;

        ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_ARG);
        if (ret_name)
            *ret_name = rules[i].name;
        ht_buf_add_str(&text, rules[i].holds(view));
        add_others(view, &rules[i], &text);
        return ht_arena_str(ht_checking_arena(view->checking), ht_buf_str(&text));
    }
    return (struct ht_str){0};
}

void ht_view_put_escape(const struct view *view, struct ht_finding *finding)
{
    struct ht_str sentence = ht_view_escape(view, 1, NULL);

    if (sentence.len)
        ht_finding_set_escape(finding, sentence);
}
