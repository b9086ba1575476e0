/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What HostConfig declares, as the kernel's terms have it. */
#include "docker-decode-private.h"

#include <string.h>

#include "hulltop/base/mem.h"

#define ALL_CAPS ((UINT64_C(1) << ht_capability_enum.count) - 1)

/* Docker's and containerd's default set: 14 capabilities (daemon sources of 20.10 to 28; 2026-11).
 * Podman's: 11 of them, unless containers.conf says otherwise (its manual of 4.0 to 5; 2026-11). */
#define DOCKER_CAPS UINT64_C(0xa80425fb)
#define PODMAN_CAPS UINT64_C(0x800405fb)

static bool is_podman(const struct ht_docker_context *context)
{
    return ht_str_is(context->runtime, "podman");
}

/* ---- capabilities ---- */

struct caps {
    uint64_t bits;
    bool all;
};

static struct caps caps_of(struct ht_text_list names)
{
    struct caps caps = {0};

    caps.bits = ht_decode_caps(names, &caps.all);
    return caps;
}

/* As the daemons do it: with ALL added only what is dropped by name is missing; ALL
 * dropped leaves what is added. Docker gives a privileged container everything, Podman without what
 * was dropped. */
static void decode_caps(const struct ht_docker_decoding *decoding, struct ht_privilege *declared)
{
    bool podman = is_podman(decoding->context);
    uint64_t base = podman ? PODMAN_CAPS : DOCKER_CAPS;

    if (!ht_privilege_has_privileged(declared))
        return;
    if (declared->privileged && !podman) {
        ht_privilege_set_caps(declared, ALL_CAPS);
        return;
    }
    if (!ht_container_has_cap_add(decoding->container) ||
        !ht_container_has_cap_drop(decoding->container))
        return;

    struct caps add = caps_of(decoding->container->cap_add);
    struct caps drop = caps_of(decoding->container->cap_drop);
    if (declared->privileged || add.all)
        ht_privilege_set_caps(declared, ALL_CAPS & ~drop.bits);
    else if (drop.all)
        ht_privilege_set_caps(declared, add.bits);
    else
        ht_privilege_set_caps(declared, (base & ~drop.bits) | add.bits);
}

/* ---- namespaces ---- */

/* "host", "container:ID", "private", "shareable", ... to whose namespace it is; of "", which leaves
 * it to the daemon, fallback. */
static enum ht_ns_scope scope_of(struct ht_str mode, enum ht_ns_scope fallback)
{
    if (ht_str_is(mode, "host"))
        return HT_NS_SCOPE_HOST;
    if (ht_str_has_prefix(mode, "container:") || ht_str_has_prefix(mode, "ns:"))
        return HT_NS_SCOPE_SHARED;
    return mode.len == 0 ? fallback : HT_NS_SCOPE_OWN;
}

static void decode_user_ns(const struct ht_docker_decoding *decoding, struct ht_privilege *declared)
{
    const struct ht_docker_context *context = decoding->context;
    struct ht_str mode;

    /* The daemon's own user namespace is the most that a rootless daemon can give. */
    if (context->options_known && context->rootless) {
        ht_privilege_set_user_ns(declared, HT_NS_SCOPE_OWN);
        return;
    }
    if (!ht_json_string(ht_json_get(decoding->host, "UsernsMode"), &mode))
        return;
    /* A remapped container says nothing: only the daemon tells. */
    if (mode.len || context->options_known)
        ht_privilege_set_user_ns(
            declared, scope_of(mode, context->userns_remap ? HT_NS_SCOPE_OWN : HT_NS_SCOPE_HOST));
}

/* Daemons before 20.10 (API 1.41) gave no container a cgroup namespace of its own and do not know
 * the key. */
static void decode_cgroup_ns(const struct ht_docker_decoding *decoding,
                             struct ht_privilege *declared)
{
    const struct ht_docker_context *context = decoding->context;
    struct ht_str mode = ht_decode_text(decoding->host, "CgroupnsMode");

    if (mode.len)
        ht_privilege_set_cgroup_ns(declared, scope_of(mode, HT_NS_SCOPE_HOST));
    else if (context->options_known)
        ht_privilege_set_cgroup_ns(declared,
                                   context->private_cgroupns ? HT_NS_SCOPE_OWN : HT_NS_SCOPE_HOST);
}

static void decode_namespaces(const struct ht_docker_decoding *decoding,
                              struct ht_privilege *declared)
{
    const struct ht_json *host = decoding->host;
    const struct ht_docker_context *context = decoding->context;
    struct ht_str mode;

    if (ht_json_string(ht_json_get(host, "PidMode"), &mode))
        ht_privilege_set_pid_ns(declared, scope_of(mode, HT_NS_SCOPE_OWN));
    if (ht_json_string(ht_json_get(host, "IpcMode"), &mode))
        ht_privilege_set_ipc_ns(declared, scope_of(mode, HT_NS_SCOPE_OWN));
    if (ht_json_string(ht_json_get(host, "UTSMode"), &mode))
        ht_privilege_set_uts_ns(declared, scope_of(mode, HT_NS_SCOPE_OWN));
    if (ht_json_string(ht_json_get(host, "NetworkMode"), &mode)) {
        enum ht_ns_scope scope = scope_of(mode, HT_NS_SCOPE_OWN);

        /* "host" of rootless Docker is the namespace that its rootlesskit made. */
        if (scope == HT_NS_SCOPE_HOST && context->rootless && !is_podman(context))
            scope = HT_NS_SCOPE_SHARED;
        ht_privilege_set_net_ns(declared, scope);
    }
    decode_user_ns(decoding, declared);
    decode_cgroup_ns(decoding, declared);
    ht_privilege_set_mnt_ns(declared, HT_NS_SCOPE_OWN);
}

/* Whose namespaces it takes: "container:ID". */
static void decode_joins(const struct ht_docker_decoding *decoding)
{
    static const struct {
        const char *key, *kind;
    } modes[] = {{"NetworkMode", "net"}, {"PidMode", "pid"}, {"IpcMode", "ipc"}};
    struct ht_pair *pairs = ht_arena_array(decoding->arena, struct ht_pair, ARRAY_LEN(modes));
    size_t len = 0;

    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        struct ht_str mode = ht_decode_text(decoding->host, modes[i].key);

        if (!ht_str_has_prefix(mode, "container:"))
            continue;
        pairs[len].key = ht_str_from(modes[i].kind);
        pairs[len++].value = ht_str_sub(mode, strlen("container:"), mode.len);
    }
    ht_container_set_joins(decoding->container, (struct ht_pair_list){.items = pairs, .len = len});
}

void ht_docker_join(struct ht_container *container, struct ht_str kind,
                    const struct ht_privilege *other)
{
    struct ht_privilege *own = ht_container_edit_declared(container);

    if (ht_str_is(kind, "net") && own->net_ns == HT_NS_SCOPE_SHARED &&
        ht_privilege_has_net_ns(other))
        ht_privilege_set_net_ns(own, other->net_ns);
    if (ht_str_is(kind, "pid") && own->pid_ns == HT_NS_SCOPE_SHARED &&
        ht_privilege_has_pid_ns(other))
        ht_privilege_set_pid_ns(own, other->pid_ns);
    if (ht_str_is(kind, "ipc") && own->ipc_ns == HT_NS_SCOPE_SHARED &&
        ht_privilege_has_ipc_ns(other))
        ht_privilege_set_ipc_ns(own, other->ipc_ns);
}

/* ---- seccomp, LSM, no new privileges ---- */

/* The value of "KEY=VALUE" or "KEY:VALUE" (the form of API 1.24). */
static bool option_value(struct ht_str option, const char *key, struct ht_str *ret_value)
{
    size_t len = strlen(key);

    if (!ht_str_has_prefix(option, key))
        return false;
    if (option.len == len) {
        *ret_value = HT_S("");
        return true;
    }
    if (option.data[len] != '=' && option.data[len] != ':')
        return false;
    *ret_value = ht_str_sub(option, len + 1, option.len);
    return true;
}

/* As Go reads one: 0 or 1; what it does not take is -1, and no daemon runs a container so. */
static int go_bool(struct ht_str text)
{
    static const char *const words[2][6] = {{"0", "f", "F", "false", "FALSE", "False"},
                                            {"1", "t", "T", "true", "TRUE", "True"}};

    for (int value = 0; value < 2; value++) {
        for (size_t i = 0; i < ARRAY_LEN(words[value]); i++) {
            if (ht_str_is(text, words[value][i]))
                return value;
        }
    }
    return -1;
}

struct promises {
    struct ht_str seccomp, lsm;
    bool nnp_known, nnp;
};

static void read_option(struct ht_str option, bool privileged, struct promises *promises)
{
    struct ht_str value;

    if (option_value(option, "seccomp", &value)) {
        /* Whether a privileged container gets a profile depends on the daemon's age. */
        if (!privileged)
            promises->seccomp = value;
    } else if (option_value(option, "apparmor", &value)) {
        if (promises->lsm.len == 0)
            promises->lsm = value;
    } else if (option_value(option, "no-new-privileges", &value)) {
        int given = ht_str_is(option, "no-new-privileges") ? 1 : go_bool(value);

        promises->nnp_known = given >= 0;
        promises->nnp = given > 0;
    }
}

static void decode_security(const struct ht_docker_decoding *decoding,
                            struct ht_privilege *declared)
{
    const struct ht_docker_context *context = decoding->context;
    struct ht_text_list options = decoding->container->security_opts;
    struct promises promises = {.seccomp = context->seccomp,
                                .lsm = ht_decode_text(decoding->root, "AppArmorProfile"),
                                .nnp_known = context->options_known,
                                .nnp = context->no_new_privs};

    if (!ht_container_has_security_opts(decoding->container))
        return;
    if (declared->privileged)
        promises.seccomp = HT_S("unconfined");
    for (size_t i = 0; i < options.len; i++)
        read_option(options.items[i], declared->privileged, &promises);
    if (promises.lsm.len == 0)
        promises.lsm = ht_decode_text(decoding->root, "ProcessLabel");
    if (promises.seccomp.len && ht_privilege_has_privileged(declared))
        ht_privilege_set_seccomp_profile(declared, promises.seccomp);
    if (promises.nnp_known)
        ht_privilege_set_no_new_privs(declared, promises.nnp);
    if (promises.lsm.len)
        ht_privilege_set_lsm(declared, promises.lsm);
}

/* ---- the rest ---- */

/* A number, or root; a name is resolved by files of the image, which are not read. */
static void decode_user(const struct ht_docker_decoding *decoding, struct ht_privilege *declared)
{
    struct ht_str user = decoding->container->user;
    ptrdiff_t colon = ht_str_find_byte(user, ':');
    uint64_t uid;

    if (!ht_container_has_user(decoding->container))
        return;
    if (colon >= 0)
        user = ht_str_sub(user, 0, (size_t)colon);
    if (user.len == 0 || ht_str_is(user, "root"))
        ht_privilege_set_uid(declared, 0);
    else if (ht_parse_u64(user, &uid) == 0 && uid <= UINT32_MAX)
        ht_privilege_set_uid(declared, uid);
}

/* null with a container that is not privileged means that it was made by a daemon that does not
 * tell (before API 1.38; Podman): then nobody knows. */
static bool has_paths(const struct ht_docker_decoding *decoding, const char *key, bool privileged,
                      struct ht_text_list *ret_list)
{
    const struct ht_json *list = ht_json_get(decoding->host, key);

    return list && (privileged || list->kind != HT_JSON_NULL) &&
           ht_decode_has_texts(decoding->arena, list, ret_list);
}

static void decode_paths(const struct ht_docker_decoding *decoding, struct ht_privilege *declared)
{
    struct ht_text_list list;

    if (has_paths(decoding, "MaskedPaths", declared->privileged, &list))
        ht_privilege_set_masked_paths(declared, list);
    if (has_paths(decoding, "ReadonlyPaths", declared->privileged, &list))
        ht_privilege_set_readonly_paths(declared, list);
}

/* A rule "a *:* rwm" opens everything, as --privileged does. */
void ht_docker_decode_all_devices(const struct ht_docker_decoding *decoding,
                                  struct ht_privilege *declared)
{
    struct ht_text_list rules = decoding->container->device_rules;
    bool all = declared->privileged;

    if (!ht_privilege_has_privileged(declared))
        return;
    for (size_t i = 0; i < rules.len; i++)
        all = all || ht_str_has_prefix(rules.items[i], "a ") || ht_str_is(rules.items[i], "a");
    ht_privilege_set_all_devices(declared, all);
}

void ht_docker_decode_privilege(const struct ht_docker_decoding *decoding)
{
    struct ht_privilege *declared;
    bool flag;

    /* The list, and Podman's list above all, have no HostConfig: nothing is declared that we know
     * of. */
    if (!ht_json_is_object(decoding->host))
        return;
    declared = ht_container_edit_declared(decoding->container);
    if (ht_json_bool(ht_json_get(decoding->host, "Privileged"), &flag))
        ht_privilege_set_privileged(declared, flag);
    if (ht_json_bool(ht_json_get(decoding->host, "ReadonlyRootfs"), &flag))
        ht_privilege_set_rootfs_ro(declared, flag);
    ht_docker_decode_all_devices(decoding, declared);
    decode_caps(decoding, declared);
    decode_namespaces(decoding, declared);
    decode_joins(decoding);
    decode_security(decoding, declared);
    decode_user(decoding, declared);
    decode_paths(decoding, declared);
}
