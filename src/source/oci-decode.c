/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-decode.h"

#include <errno.h>
#include <string.h>

#include "decode.h"

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/secret.h"

/* What every runtime that is asked for "privileged" gives, less what some machines withhold from
 * everybody (SYS_RESOURCE) and what old runtimes do not know (from PERFMON on). */
#define WIDE_CAPS ((UINT64_C(1) << 38) - 1 - (UINT64_C(1) << HT_CAPABILITY_SYS_RESOURCE))

struct decoding {
    struct ht_arena *arena;
    const struct ht_json *root, *process, *linux_part;
    struct ht_container *container;
    struct ht_privilege *declared;
    struct ht_str pod_uid;
    struct ht_str sandbox;
};

/* ---- the process ---- */

static void decode_user(const struct decoding *d)
{
    const struct ht_json *user = ht_json_get(d->process, "user");
    uint64_t uid = 0, gid = 0;

    /* Left out means 0. */
    ht_json_uint(ht_json_get(user, "uid"), &uid);
    ht_json_uint(ht_json_get(user, "gid"), &gid);
    ht_privilege_set_uid(d->declared, uid);
    ht_container_set_user(
        d->container,
        ht_arena_strf(d->arena, "%llu:%llu", (unsigned long long)uid, (unsigned long long)gid));
}

static void decode_caps(const struct decoding *d)
{
    const struct ht_json *caps = ht_json_get(d->process, "capabilities");
    struct ht_text_list names = {0};
    bool all;

    if (caps && !ht_json_is_object(caps) && caps->kind != HT_JSON_NULL)
        return;
    /* Of one that is no root only the bounding set is what it may get; all sets are equal else. */
    if (ht_json_get(caps, "bounding") &&
        !ht_decode_has_texts(d->arena, ht_json_get(caps, "bounding"), &names))
        return;
    ht_privilege_set_caps(d->declared, ht_decode_caps(names, &all));
    ht_privilege_set_bounding(d->declared, d->declared->caps);
}

static void decode_process(const struct decoding *d)
{
    struct ht_declaration declaration = {0};
    struct ht_text_list list;
    struct ht_str text;
    bool flag = false;
    bool has_args = ht_decode_has_texts(d->arena, ht_json_get(d->process, "args"), &list);

    if (has_args) {
        ht_container_set_command(d->container, ht_decode_command(d->arena, list.items, list.len));
        declaration.words = list;
    }
    /* An empty environment is left out of the file. */
    if (ht_decode_has_texts(d->arena, ht_json_get(d->process, "env"), &list)) {
        ht_container_set_env(d->container, ht_decode_env(d->arena, list));
        declaration.env = list;
    }
    if (has_args && (declaration.env.len || !ht_json_get(d->process, "env")))
        ht_decode_secrets(d->arena, &declaration, d->container);
    ht_json_bool(ht_json_get(d->process, "noNewPrivileges"), &flag);
    ht_privilege_set_no_new_privs(d->declared, flag);
    if (ht_decode_has_text(d->process, "apparmorProfile", &text) ||
        ht_decode_has_text(d->process, "selinuxLabel", &text))
        ht_privilege_set_lsm(d->declared, text);
    decode_user(d);
    decode_caps(d);
}

/* ---- namespaces ---- */

/* Where runtimes keep the namespaces that they make for pods: containerd "/var/run/netns/cni-UUID",
 * CRI-O "/var/run/ipcns/UUID" too. The node's own is in none of them. */
static bool is_made_for_pods(struct ht_str path)
{
    static const char *const folders[] = {"/run/netns/", "/run/ipcns/", "/run/utsns/",
                                          "/run/pidns/", "/run/userns/"};

    if (ht_str_has_prefix(path, "/var/"))
        path = ht_str_sub(path, strlen("/var"), path.len);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        if (ht_str_has_prefix(path, folders[i]))
            return true;
    }
    return false;
}

/* "/proc/1/ns/net" is the host's; another path is that of another container, or its pod's. */
static enum ht_ns_scope scope_of(const struct decoding *d, const struct ht_json *namespace)
{
    struct ht_str path = ht_decode_text(namespace, "path");

    if (path.len == 0 || (d->sandbox.len && is_made_for_pods(path)))
        return HT_NS_SCOPE_OWN;
    return ht_str_has_prefix(path, "/proc/1/ns/") ? HT_NS_SCOPE_HOST : HT_NS_SCOPE_SHARED;
}

static enum ht_ns_scope scope_of_kind(const struct decoding *d, const char *kind)
{
    const struct ht_json *namespaces = ht_json_get(d->linux_part, "namespaces");

    for (size_t i = 0; ht_json_is_array(namespaces) && i < namespaces->len; i++) {
        if (ht_str_is(ht_decode_text(&namespaces->items[i], "type"), kind))
            return scope_of(d, &namespaces->items[i]);
    }
    return HT_NS_SCOPE_HOST;
}

/* The part of the map that root is in. */
static void decode_uid_map(const struct decoding *d)
{
    const struct ht_json *maps = ht_json_get(d->linux_part, "uidMappings");

    for (size_t i = 0; ht_json_is_array(maps) && i < maps->len; i++) {
        const struct ht_json *map = &maps->items[i];
        uint64_t inside = 0, outside = 0, size = 0;

        ht_json_uint(ht_json_get(map, "containerID"), &inside);
        ht_json_uint(ht_json_get(map, "hostID"), &outside);
        if (ht_json_uint(ht_json_get(map, "size"), &size) && inside == 0)
            ht_privilege_set_uid_map(d->declared, ht_arena_strf(d->arena, "0 %llu %llu",
                                                                (unsigned long long)outside,
                                                                (unsigned long long)size));
    }
}

static void decode_namespaces(const struct decoding *d)
{
    decode_uid_map(d);
    ht_privilege_set_pid_ns(d->declared, scope_of_kind(d, "pid"));
    ht_privilege_set_net_ns(d->declared, scope_of_kind(d, "network"));
    ht_privilege_set_ipc_ns(d->declared, scope_of_kind(d, "ipc"));
    ht_privilege_set_uts_ns(d->declared, scope_of_kind(d, "uts"));
    ht_privilege_set_mnt_ns(d->declared, scope_of_kind(d, "mount"));
    ht_privilege_set_user_ns(d->declared, scope_of_kind(d, "user"));
    ht_privilege_set_cgroup_ns(d->declared, scope_of_kind(d, "cgroup"));
}

void ht_oci_share(struct ht_container *container, const struct ht_container *sandbox)
{
    struct ht_privilege *own = ht_container_edit_declared(container);
    const struct ht_privilege *pod = &sandbox->declared;

    if (own->net_ns == HT_NS_SCOPE_SHARED && ht_privilege_has_net_ns(pod))
        ht_privilege_set_net_ns(own, pod->net_ns);
    if (own->pid_ns == HT_NS_SCOPE_SHARED && ht_privilege_has_pid_ns(pod))
        ht_privilege_set_pid_ns(own, pod->pid_ns);
    if (own->ipc_ns == HT_NS_SCOPE_SHARED && ht_privilege_has_ipc_ns(pod))
        ht_privilege_set_ipc_ns(own, pod->ipc_ns);
    if (own->uts_ns == HT_NS_SCOPE_SHARED && ht_privilege_has_uts_ns(pod))
        ht_privilege_set_uts_ns(own, pod->uts_ns);
    if (own->user_ns == HT_NS_SCOPE_SHARED && ht_privilege_has_user_ns(pod))
        ht_privilege_set_user_ns(own, pod->user_ns);
    if (!ht_privilege_has_uid_map(own) && ht_privilege_has_uid_map(pod))
        ht_privilege_set_uid_map(own, pod->uid_map);
}

/* ---- mounts ---- */

static bool has_option(const struct ht_text_list *options, const char *wanted)
{
    for (size_t i = 0; i < options->len; i++) {
        if (ht_str_is(options->items[i], wanted))
            return true;
    }
    return false;
}

static bool is_below(struct ht_str path, struct ht_str folder)
{
    return path.len > folder.len && ht_path_lies_in(path, folder);
}

/* What a runtime makes for a pod or one container of it (hosts, resolv.conf, shm): containerd, and
 * CRI-O as /run/containers/storage/overlay-containers/ID/userdata/... . */
static bool is_made_by_runtime(const struct decoding *d, struct ht_str source)
{
    static const char *const markers[] = {
        "/io.containerd.grpc.v1.cri/sandboxes/", "/run/containers/storage/overlay-containers/",
        "/run/containers/storage/vfs-containers/", "/run/containers/storage/btrfs-containers/"};

    for (size_t i = 0; i < ARRAY_LEN(markers); i++) {
        ptrdiff_t at = ht_str_find(source, ht_str_from(markers[i]), 0);
        struct ht_str rest;

        /* /var/run is /run. */
        if (at < 0 || (i > 0 && at > 0 && !(at == 4 && ht_str_has_prefix(source, "/var/"))))
            continue;
        rest = ht_str_sub(source, (size_t)at + strlen(markers[i]), source.len);
        if (d->sandbox.len && is_below(rest, d->sandbox))
            return true;
        if (i > 0 && d->container->id.len && is_below(rest, d->container->id))
            return true;
    }
    return false;
}

/* That, and what the kubelet makes for the volumes that the pod names: no path of the host that
 * somebody chose. Only this pod's own count. */
static bool is_made_for_pod(const struct decoding *d, struct ht_str source)
{
    struct ht_str rest;

    if (ht_str_find(source, HT_S("/../"), 0) >= 0)
        return false;
    if (is_made_by_runtime(d, source))
        return true;
    if (!ht_str_has_prefix(source, "/var/lib/kubelet/pods/") || d->pod_uid.len == 0)
        return false;
    rest = ht_str_sub(source, strlen("/var/lib/kubelet/pods/"), source.len);
    if (!is_below(rest, d->pod_uid))
        return false;
    /* A part of any volume, of a path of the host too: its name does not tell which. */
    rest = ht_str_sub(rest, d->pod_uid.len + 1, rest.len);
    return !ht_str_has_prefix(rest, "volume-subpaths/");
}

static enum ht_mount_origin origin_of(const struct decoding *d, struct ht_str type,
                                      struct ht_str source, bool bound)
{
    static const char *const pseudo[] = {"proc",   "sysfs",  "cgroup",     "cgroup2",
                                         "mqueue", "devpts", "securityfs", "debugfs"};

    if (bound && is_made_for_pod(d, source))
        return HT_MOUNT_ORIGIN_VOLUME;
    if (bound)
        return HT_MOUNT_ORIGIN_BIND;
    if (ht_str_is(type, "tmpfs"))
        return HT_MOUNT_ORIGIN_TMPFS;
    for (size_t i = 0; i < sizeof(pseudo) / sizeof(pseudo[0]); i++) {
        if (ht_str_is(type, pseudo[i]))
            return HT_MOUNT_ORIGIN_PSEUDO;
    }
    return HT_MOUNT_ORIGIN_OTHER;
}

static struct ht_str propagation_of(const struct ht_text_list *options)
{
    static const char *const words[] = {"private", "rprivate", "slave",      "rslave",
                                        "shared",  "rshared",  "unbindable", "runbindable"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (has_option(options, words[i]))
            return ht_str_from(words[i]);
    }
    return (struct ht_str){0};
}

static struct ht_str join_words(struct ht_arena *arena, const struct ht_text_list *words)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_ARG);

    for (size_t i = 0; i < words->len; i++) {
        if (i)
            ht_buf_add_c(&text, ',');
        ht_buf_add_str(&text, words->items[i]);
    }
    return ht_arena_str(arena, ht_buf_str(&text));
}

static bool decode_mount(const struct decoding *d, const struct ht_json *from,
                         struct ht_mount *mount)
{
    struct ht_text_list options = {0};
    struct ht_str type = ht_decode_text(from, "type"), source = ht_decode_text(from, "source");
    struct ht_str propagation;
    bool bound;

    if (!ht_json_is_object(from) ||
        (ht_json_get(from, "options") &&
         !ht_decode_has_texts(d->arena, ht_json_get(from, "options"), &options)))
        return false;
    bound =
        ht_str_is(type, "bind") || has_option(&options, "bind") || has_option(&options, "rbind");
    propagation = propagation_of(&options);
    ht_mount_set_origin(mount, origin_of(d, type, source, bound));
    ht_mount_set_source(mount, source);
    ht_mount_set_target(mount, ht_decode_text(from, "destination"));
    ht_mount_set_type(mount, type);
    ht_mount_set_rw(mount, !has_option(&options, "ro"));
    if (propagation.len)
        ht_mount_set_propagation(mount, propagation);
    if (options.len)
        ht_mount_set_options(mount, join_words(d->arena, &options));
    return true;
}

static void decode_mounts(const struct decoding *d)
{
    const struct ht_json *mounts = ht_json_get(d->root, "mounts");
    size_t len = 0;

    if (mounts && !ht_decode_has_list(mounts, &len))
        return;

    struct ht_mount *items = ht_arena_array(d->arena, struct ht_mount, len);
    for (size_t i = 0; i < len; i++) {
        if (!decode_mount(d, &mounts->items[i], &items[i]))
            return;
    }
    ht_container_set_mounts(d->container, (struct ht_mount_list){.items = items, .len = len});
}

/* ---- devices ---- */

/* A number, or "*" for any. */
static struct ht_str number_text(const struct decoding *d, const struct ht_json *value)
{
    int64_t number;

    if (!ht_json_int(value, &number) || number < 0)
        return HT_S("*");
    return ht_arena_strf(d->arena, "%lld", (long long)number);
}

/* Rules in Docker's words: "c 10:200 rwm". False if the list cannot be read. */
static bool decode_rules(const struct decoding *d, bool *ret_all)
{
    const struct ht_json *rules = ht_json_get(ht_json_get(d->linux_part, "resources"), "devices");
    size_t len = 0, kept = 0;

    *ret_all = false;
    if (rules && !ht_decode_has_list(rules, &len))
        return false;

    struct ht_str *items = ht_arena_array(d->arena, struct ht_str, len);
    for (size_t i = 0; i < len; i++) {
        const struct ht_json *rule = &rules->items[i];
        struct ht_str type = ht_decode_text(rule, "type");
        struct ht_str major = number_text(d, ht_json_get(rule, "major"));
        struct ht_str minor = number_text(d, ht_json_get(rule, "minor"));
        bool allow = false;

        ht_json_bool(ht_json_get(rule, "allow"), &allow);
        if (type.len == 0)
            type = HT_S("a");
        if (ht_str_is(type, "a")) {
            /* It takes the place of all before it. */
            kept = 0;
            *ret_all = allow;
        }
        if (!allow || *ret_all)
            continue;
        items[kept++] =
            ht_arena_strf(d->arena, "%.*s %.*s:%.*s %.*s", HT_STR_ARG(type), HT_STR_ARG(major),
                          HT_STR_ARG(minor), HT_STR_ARG(ht_decode_text(rule, "access")));
    }
    ht_container_set_device_rules(d->container, (struct ht_text_list){.items = items, .len = kept});
    return true;
}

/* Device files are made by number; the path is that in the container, and the host's too unless
 * somebody renamed it. With everything open the list has each device of the host, and says nothing.
 */
static void decode_devices(const struct decoding *d)
{
    const struct ht_json *devices = ht_json_get(d->linux_part, "devices");
    size_t len = 0;
    bool all;

    if (!decode_rules(d, &all) || (devices && !ht_decode_has_list(devices, &len)))
        return;
    ht_privilege_set_all_devices(d->declared, all);
    if (all)
        len = 0;

    struct ht_device *items = ht_arena_array(d->arena, struct ht_device, len);
    for (size_t i = 0; i < len; i++) {
        struct ht_str path = ht_decode_text(&devices->items[i], "path");

        ht_device_set_host_path(&items[i], path);
        ht_device_set_path(&items[i], path);
    }
    ht_container_set_devices(d->container, (struct ht_device_list){.items = items, .len = len});
}

/* ---- confinement and limits ---- */

static void decode_seccomp(const struct decoding *d)
{
    const struct ht_json *seccomp = ht_json_get(d->linux_part, "seccomp");
    bool given = ht_json_is_object(seccomp);
    bool filters = given && !ht_decode_seccomp_is_open(seccomp);

    ht_privilege_set_seccomp(d->declared,
                             filters ? HT_SECCOMP_MODE_FILTER : HT_SECCOMP_MODE_DISABLED);
    ht_privilege_set_seccomp_profile(d->declared, filters ? HT_S("given")
                                                  : given ? HT_S("allow-all")
                                                          : HT_S("unconfined"));
}

static void decode_paths(const struct decoding *d)
{
    const struct ht_json *masked = ht_json_get(d->linux_part, "maskedPaths");
    const struct ht_json *readonly = ht_json_get(d->linux_part, "readonlyPaths");
    struct ht_text_list list = {0};

    if (!masked || ht_decode_has_texts(d->arena, masked, &list))
        ht_privilege_set_masked_paths(d->declared, list);
    list = (struct ht_text_list){0};
    if (!readonly || ht_decode_has_texts(d->arena, readonly, &list))
        ht_privilege_set_readonly_paths(d->declared, list);
}

static void decode_limits(const struct decoding *d)
{
    const struct ht_json *resources = ht_json_get(d->linux_part, "resources");
    const struct ht_json *cpu = ht_json_get(resources, "cpu");
    int64_t memory = 0, pids = 0, quota = 0;
    uint64_t period = 0;

    ht_json_int(ht_json_path(resources, "memory", "limit", NULL), &memory);
    ht_json_int(ht_json_path(resources, "pids", "limit", NULL), &pids);
    ht_json_int(ht_json_get(cpu, "quota"), &quota);
    ht_container_set_memory_limit(d->container, memory > 0 ? (uint64_t)memory : 0);
    ht_container_set_pids_limit(d->container, pids);
    /* The kernel's default period is 100 ms. */
    if (!ht_json_uint(ht_json_get(cpu, "period"), &period) || period == 0)
        period = 100000;
    if (quota < INT64_MAX / 1000)
        ht_container_set_cpu_limit(d->container, quota > 0 ? (uint64_t)quota * 1000 / period : 0);
}

/* "/kubepods/podX/ID", or for systemd "slice:prefix:ID". */
static void decode_cgroup(const struct decoding *d)
{
    struct ht_str path = ht_decode_text(d->linux_part, "cgroupsPath");
    ptrdiff_t colon = ht_str_find_byte(path, ':'), slash = ht_str_rfind_byte(path, '/');

    if (colon > 0)
        ht_container_set_cgroup_parent(d->container, ht_str_sub(path, 0, (size_t)colon));
    else if (slash > 0)
        ht_container_set_cgroup_parent(d->container, ht_str_sub(path, 0, (size_t)slash));
}

/* The specification has no such flag: it is what the flag does. */
static void derive_privileged(const struct decoding *d)
{
    struct ht_privilege *declared = d->declared;

    if (!ht_privilege_has_caps(declared) || !ht_privilege_has_all_devices(declared) ||
        !ht_privilege_has_masked_paths(declared) || !ht_privilege_has_readonly_paths(declared))
        return;
    ht_privilege_set_privileged(
        declared, declared->all_devices && (declared->caps & WIDE_CAPS) == WIDE_CAPS &&
                      declared->seccomp == HT_SECCOMP_MODE_DISABLED &&
                      declared->masked_paths.len == 0 && declared->readonly_paths.len == 0);
}

/* ---- all of it ---- */

/* containerd and CRI-O write the same facts under names of their own. */
static struct ht_str annotation(const struct ht_json *root, const char *containerd,
                                const char *crio)
{
    const struct ht_json *annotations = ht_json_get(root, "annotations");
    struct ht_str text = ht_decode_text(annotations, containerd);

    return text.len ? text : ht_decode_text(annotations, crio);
}

int ht_oci_decode(struct ht_arena *arena, struct ht_str text, struct ht_container *container,
                  struct ht_oci_pod *ret_pod, struct ht_error *err)
{
    const struct ht_json *root = ht_json_parse(arena, "specification", text, err);

    if (!root)
        return err ? -err->code : -EINVAL;
    return ht_oci_decode_json(arena, root, container, ret_pod, err);
}

int ht_oci_decode_json(struct ht_arena *arena, const struct ht_json *root,
                       struct ht_container *container, struct ht_oci_pod *ret_pod,
                       struct ht_error *err)
{
    struct decoding d = {.arena = arena,
                         .root = root,
                         .process = ht_json_get(root, "process"),
                         .linux_part = ht_json_get(root, "linux"),
                         .container = container};
    struct ht_pair_list sysctls = {0};
    bool readonly = false;

    if (!ht_json_is_object(d.process) || !ht_json_is_object(d.linux_part))
        return ht_error_set(err, EINVAL, "specification: it is not that of a Linux container");
    d.declared = ht_container_edit_declared(container);
    d.sandbox = annotation(root, "io.kubernetes.cri.sandbox-id", "io.kubernetes.cri-o.SandboxID");
    d.pod_uid = annotation(root, "io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid");
    ret_pod->sandbox = d.sandbox;
    ret_pod->is_sandbox = ht_str_is(
        annotation(root, "io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"),
        "sandbox");
    decode_process(&d);
    decode_namespaces(&d);
    decode_mounts(&d);
    decode_devices(&d);
    decode_seccomp(&d);
    decode_paths(&d);
    decode_limits(&d);
    decode_cgroup(&d);
    ht_json_bool(ht_json_path(root, "root", "readonly", NULL), &readonly);
    ht_privilege_set_rootfs_ro(d.declared, readonly);
    if (!ht_json_get(d.linux_part, "sysctl") ||
        ht_decode_has_map(arena, ht_json_get(d.linux_part, "sysctl"), &sysctls))
        ht_container_set_sysctls(container, sysctls);
    derive_privileged(&d);
    return 0;
}
