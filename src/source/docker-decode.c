/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One container, as /containers/ID/json tells it. */
#include "docker-decode.h"

#include <errno.h>
#include <string.h>

#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/secret.h"

/* Docker's and containerd's default set: 14 capabilities (daemon sources of 20.10 to 28; 2026-11).
 */
#define DEFAULT_CAPS UINT64_C(0xa80425fb)
#define ALL_CAPS     ((UINT64_C(1) << 41) - 1)

struct decoding {
    struct ht_arena *arena;
    const struct ht_docker_context *context;
    const struct ht_json *root, *config, *host, *state;
    struct ht_container *container;
};

/* ---- small readers ---- */

static struct ht_str text_of(const struct ht_json *object, const char *key)
{
    struct ht_str text = {0};

    ht_json_string(ht_json_get(object, key), &text);
    return text;
}

static bool has_text(const struct ht_json *object, const char *key, struct ht_str *ret_text)
{
    return ht_json_string(ht_json_get(object, key), ret_text) && ret_text->len;
}

static bool is_true(const struct ht_json *object, const char *key)
{
    bool value = false;

    return ht_json_bool(ht_json_get(object, key), &value) && value;
}

/* A list of strings; what is no string in it is left out. null and a missing key give an empty
 * list. */
static struct ht_text_list texts_of(struct ht_arena *arena, const struct ht_json *list)
{
    if (!ht_json_is_array(list))
        return (struct ht_text_list){0};

    struct ht_str *items = ht_arena_array(arena, struct ht_str, list->len);
    size_t len = 0;
    for (size_t i = 0; i < list->len; i++) {
        if (ht_json_string(&list->items[i], &items[len]))
            len++;
    }
    return (struct ht_text_list){.items = items, .len = len};
}

/* The command line, masked; a single string counts as one word. */
static struct ht_text_list command_of(struct ht_arena *arena, const struct ht_json *value)
{
    struct ht_text_list words = texts_of(arena, value);
    struct ht_str one;

    if (ht_json_string(value, &one)) {
        struct ht_str *item = ht_arena_array(arena, struct ht_str, 1);

        *item = one;
        words = (struct ht_text_list){.items = item, .len = 1};
    }
    if (words.len > HT_LIMIT_ARGV)
        words.len = HT_LIMIT_ARGV;
    return (struct ht_text_list){.items = ht_secret_mask_argv(arena, words.items, words.len),
                                 .len = words.len};
}

/* A map of strings with masked values. */
static struct ht_pair_list labels_of(struct ht_arena *arena, const struct ht_json *object)
{
    if (!ht_json_is_object(object))
        return (struct ht_pair_list){0};

    struct ht_pair *items = ht_arena_array(arena, struct ht_pair, object->len);
    size_t len = 0;
    for (size_t i = 0; i < object->len; i++) {
        struct ht_str value;

        if (!ht_json_string(&object->members[i].value, &value))
            continue;
        value = ht_secret_is_name(object->members[i].key) ? HT_S("***")
                                                          : ht_secret_mask_text(arena, value);
        items[len++] = (struct ht_pair){.key = object->members[i].key, .value = value};
    }
    return (struct ht_pair_list){.items = items, .len = len};
}

/* "NAME=value" entries; of values only a masked form stays. */
static struct ht_pair_list env_of(struct ht_arena *arena, const struct ht_json *list)
{
    struct ht_text_list entries = texts_of(arena, list);
    struct ht_pair *items = ht_arena_array(arena, struct ht_pair, entries.len);

    for (size_t i = 0; i < entries.len; i++) {
        struct ht_str entry = entries.items[i];
        ptrdiff_t equals = ht_str_find_byte(entry, '=');
        struct ht_str name = equals < 0 ? entry : ht_str_sub(entry, 0, (size_t)equals);
        struct ht_str value =
            equals < 0 ? (struct ht_str){0} : ht_str_sub(entry, (size_t)equals + 1, entry.len);

        items[i] = (struct ht_pair){.key = name, .value = ht_secret_mask_env(arena, name, value)};
    }
    return (struct ht_pair_list){.items = items, .len = entries.len};
}

/* ---- state ---- */

static bool time_of(const struct ht_json *object, const char *key, int64_t *ret_ns)
{
    return ht_parse_time(text_of(object, key), ret_ns) == 0;
}

static void decode_state(const struct decoding *decoding)
{
    struct ht_container *container = decoding->container;
    const struct ht_json *state = decoding->state;
    int word = ht_enum_find(&ht_container_state_enum, text_of(state, "Status"));
    struct ht_str health;
    uint64_t pid;
    int64_t number;

    if (word >= 0)
        ht_container_set_state(container, (enum ht_container_state)word);
    else if (is_true(state, "Paused")) /* API 1.24 had no word for it */
        ht_container_set_state(container, HT_CONTAINER_STATE_PAUSED);
    else if (is_true(state, "Running"))
        ht_container_set_state(container, HT_CONTAINER_STATE_RUNNING);
    if (ht_json_uint(ht_json_get(state, "Pid"), &pid))
        ht_container_set_pid(container, pid);
    if (ht_json_int(ht_json_get(state, "ExitCode"), &number))
        ht_container_set_exit_code(container, number);
    if (time_of(state, "StartedAt", &number))
        ht_container_set_started_at(container, number);
    if (time_of(state, "FinishedAt", &number))
        ht_container_set_finished_at(container, number);
    if (ht_json_string(ht_json_path(state, "Health", "Status", NULL), &health))
        ht_container_set_health(container, health);
}

/* ---- mounts, ports, devices ---- */

static enum ht_mount_origin origin_of(struct ht_str type)
{
    if (ht_str_is(type, "bind"))
        return HT_MOUNT_ORIGIN_BIND;
    if (ht_str_is(type, "volume"))
        return HT_MOUNT_ORIGIN_VOLUME;
    if (ht_str_is(type, "tmpfs"))
        return HT_MOUNT_ORIGIN_TMPFS;
    return HT_MOUNT_ORIGIN_OTHER;
}

static void decode_mount(const struct ht_json *from, struct ht_mount *mount)
{
    struct ht_str text;
    bool rw;

    ht_mount_set_origin(mount, origin_of(text_of(from, "Type")));
    if (ht_json_string(ht_json_get(from, "Source"), &text))
        ht_mount_set_source(mount, text);
    if (ht_json_string(ht_json_get(from, "Destination"), &text))
        ht_mount_set_target(mount, text);
    if (has_text(from, "Propagation", &text))
        ht_mount_set_propagation(mount, text);
    if (has_text(from, "Mode", &text))
        ht_mount_set_options(mount, text);
    if (ht_json_bool(ht_json_get(from, "RW"), &rw))
        ht_mount_set_rw(mount, rw);
}

static void decode_mounts(const struct decoding *decoding)
{
    const struct ht_json *mounts = ht_json_get(decoding->root, "Mounts");
    const struct ht_json *tmpfs = ht_json_get(decoding->host, "Tmpfs");
    size_t bound = ht_json_is_array(mounts) ? mounts->len : 0;
    size_t memory = ht_json_is_object(tmpfs) ? tmpfs->len : 0;
    struct ht_mount *items = ht_arena_array(decoding->arena, struct ht_mount, bound + memory);

    /* Without the key nothing is known: an empty list would say that there are none. */
    if (!mounts)
        return;
    for (size_t i = 0; i < bound; i++)
        decode_mount(&mounts->items[i], &items[i]);
    for (size_t i = 0; i < memory; i++) {
        ht_mount_set_origin(&items[bound + i], HT_MOUNT_ORIGIN_TMPFS);
        ht_mount_set_target(&items[bound + i], tmpfs->members[i].key);
        ht_mount_set_rw(&items[bound + i], true);
    }
    ht_container_set_mounts(decoding->container,
                            (struct ht_mount_list){.items = items, .len = bound + memory});
}

static size_t count_bindings(const struct ht_json *ports)
{
    size_t count = 0;

    for (size_t i = 0; ht_json_is_object(ports) && i < ports->len; i++) {
        if (ht_json_is_array(&ports->members[i].value))
            count += ports->members[i].value.len;
    }
    return count;
}

/* "80/tcp" and one of its bindings. */
static void decode_port(struct ht_str key, const struct ht_json *binding, struct ht_port *port)
{
    ptrdiff_t slash = ht_str_find_byte(key, '/');
    struct ht_str number = slash < 0 ? key : ht_str_sub(key, 0, (size_t)slash);
    uint64_t value;

    if (ht_parse_u64(number, &value) == 0)
        ht_port_set_port(port, value);
    ht_port_set_protocol(port,
                         slash < 0 ? HT_S("tcp") : ht_str_sub(key, (size_t)slash + 1, key.len));
    ht_port_set_host_ip(port, text_of(binding, "HostIp"));
    if (ht_parse_u64(text_of(binding, "HostPort"), &value) == 0)
        ht_port_set_host_port(port, value);
}

static void decode_ports(const struct decoding *decoding)
{
    const struct ht_json *live = ht_json_path(decoding->root, "NetworkSettings", "Ports", NULL);
    const struct ht_json *declared = ht_json_get(decoding->host, "PortBindings");
    const struct ht_json *ports = count_bindings(live) ? live : declared;
    struct ht_port *items = ht_arena_array(decoding->arena, struct ht_port, count_bindings(ports));
    size_t len = 0;

    if (!live && !declared)
        return;
    for (size_t i = 0; ht_json_is_object(ports) && i < ports->len; i++) {
        const struct ht_json *bindings = &ports->members[i].value;

        for (size_t j = 0; ht_json_is_array(bindings) && j < bindings->len; j++)
            decode_port(ports->members[i].key, &bindings->items[j], &items[len++]);
    }
    ht_container_set_ports(decoding->container, (struct ht_port_list){.items = items, .len = len});
}

static void decode_devices(const struct decoding *decoding)
{
    const struct ht_json *devices = ht_json_get(decoding->host, "Devices");
    size_t len = ht_json_is_array(devices) ? devices->len : 0;
    struct ht_device *items = ht_arena_array(decoding->arena, struct ht_device, len);

    if (!devices)
        return;
    for (size_t i = 0; i < len; i++) {
        ht_device_set_host_path(&items[i], text_of(&devices->items[i], "PathOnHost"));
        ht_device_set_path(&items[i], text_of(&devices->items[i], "PathInContainer"));
        ht_device_set_permissions(&items[i], text_of(&devices->items[i], "CgroupPermissions"));
    }
    ht_container_set_devices(decoding->container,
                             (struct ht_device_list){.items = items, .len = len});
    ht_container_set_device_rules(
        decoding->container,
        texts_of(decoding->arena, ht_json_get(decoding->host, "DeviceCgroupRules")));
}

static void decode_networks(const struct decoding *decoding)
{
    const struct ht_json *networks =
        ht_json_path(decoding->root, "NetworkSettings", "Networks", NULL);

    if (!ht_json_is_object(networks))
        return;

    struct ht_str *names = ht_arena_array(decoding->arena, struct ht_str, networks->len);
    for (size_t i = 0; i < networks->len; i++)
        names[i] = networks->members[i].key;
    ht_container_set_networks(decoding->container,
                              (struct ht_text_list){.items = names, .len = networks->len});
}

/* ---- declared privilege ---- */

static uint64_t caps_of(struct ht_text_list names)
{
    uint64_t caps = 0;

    for (size_t i = 0; i < names.len; i++) {
        struct ht_str name = names.items[i];

        if (ht_str_is_nocase(name, "ALL")) {
            caps |= ALL_CAPS;
            continue;
        }
        if (name.len > 4 && ht_str_is_nocase(ht_str_sub(name, 0, 4), "CAP_"))
            name = ht_str_sub(name, 4, name.len);
        for (unsigned bit = 0; bit < ht_capability_enum.count; bit++) {
            if (ht_str_is_nocase(name, ht_capability_enum.values[bit].name))
                caps |= UINT64_C(1) << bit;
        }
    }
    return caps;
}

static void decode_caps(const struct decoding *decoding, struct ht_privilege *declared)
{
    struct ht_text_list add = decoding->container->cap_add;
    struct ht_text_list drop = decoding->container->cap_drop;
    uint64_t dropped = caps_of(drop);
    uint64_t base = dropped == ALL_CAPS ? 0 : DEFAULT_CAPS & ~dropped;

    if (declared->privileged)
        ht_privilege_set_caps(declared, ALL_CAPS);
    else
        ht_privilege_set_caps(declared, base | caps_of(add));
}

/* "host", "container:ID", "private", "shareable", "" to whose namespace it is. */
static enum ht_ns_scope scope_of(struct ht_str mode, enum ht_ns_scope fallback)
{
    if (ht_str_is(mode, "host"))
        return HT_NS_SCOPE_HOST;
    if (ht_str_has_prefix(mode, "container:") || ht_str_has_prefix(mode, "ns:"))
        return HT_NS_SCOPE_SHARED;
    return mode.len == 0 ? fallback : HT_NS_SCOPE_OWN;
}

static void decode_namespaces(const struct decoding *decoding, struct ht_privilege *declared)
{
    const struct ht_json *host = decoding->host;
    const struct ht_docker_context *context = decoding->context;

    ht_privilege_set_pid_ns(declared, scope_of(text_of(host, "PidMode"), HT_NS_SCOPE_OWN));
    ht_privilege_set_net_ns(declared, scope_of(text_of(host, "NetworkMode"), HT_NS_SCOPE_OWN));
    ht_privilege_set_ipc_ns(declared, scope_of(text_of(host, "IpcMode"), HT_NS_SCOPE_OWN));
    ht_privilege_set_uts_ns(declared, scope_of(text_of(host, "UTSMode"), HT_NS_SCOPE_OWN));
    ht_privilege_set_user_ns(declared,
                             scope_of(text_of(host, "UsernsMode"),
                                      context->userns_remap ? HT_NS_SCOPE_OWN : HT_NS_SCOPE_HOST));
    ht_privilege_set_cgroup_ns(
        declared, scope_of(text_of(host, "CgroupnsMode"),
                           context->private_cgroupns ? HT_NS_SCOPE_OWN : HT_NS_SCOPE_HOST));
    ht_privilege_set_mnt_ns(declared, HT_NS_SCOPE_OWN);
}

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

/* A profile given by its text is a whole JSON document: its kind is what matters. */
static struct ht_str profile_name(struct ht_str value)
{
    return value.len && value.data[0] == '{' ? HT_S("custom") : value;
}

static void decode_security(const struct decoding *decoding, struct ht_privilege *declared)
{
    struct ht_text_list options = decoding->container->security_opts;
    bool confined = decoding->context->seccomp && !declared->privileged;
    struct ht_str seccomp = confined ? HT_S("default") : HT_S("unconfined");
    struct ht_str lsm = text_of(decoding->root, "AppArmorProfile");
    struct ht_str label = text_of(decoding->root, "ProcessLabel");
    bool no_new_privs = decoding->context->no_new_privs;

    for (size_t i = 0; i < options.len; i++) {
        struct ht_str value;

        if (option_value(options.items[i], "seccomp", &value) && !declared->privileged)
            seccomp = profile_name(value);
        else if (option_value(options.items[i], "apparmor", &value) && lsm.len == 0)
            lsm = value;
        else if (option_value(options.items[i], "no-new-privileges", &value) &&
                 (value.len == 0 || ht_parse_bool(value, &no_new_privs) < 0))
            no_new_privs = true;
    }
    ht_privilege_set_seccomp_profile(declared, seccomp);
    ht_privilege_set_no_new_privs(declared, no_new_privs);
    if (lsm.len || label.len)
        ht_privilege_set_lsm(declared, lsm.len ? lsm : label);
}

/* A numeric user, or root; a name is resolved by files of the image, which are not read. */
static void decode_user(const struct decoding *decoding, struct ht_privilege *declared)
{
    struct ht_str user = text_of(decoding->config, "User");
    ptrdiff_t colon = ht_str_find_byte(user, ':');
    uint64_t uid;

    if (!decoding->config)
        return;
    ht_container_set_user(decoding->container, user);
    if (colon >= 0)
        user = ht_str_sub(user, 0, (size_t)colon);
    if (user.len == 0 || ht_str_is(user, "root"))
        ht_privilege_set_uid(declared, 0);
    else if (ht_parse_u64(user, &uid) == 0)
        ht_privilege_set_uid(declared, uid);
}

static void decode_privilege(const struct decoding *decoding)
{
    const struct ht_json *host = decoding->host;
    const struct ht_json *masked = ht_json_get(host, "MaskedPaths");
    const struct ht_json *readonly = ht_json_get(host, "ReadonlyPaths");
    struct ht_privilege *declared;
    bool privileged, rootfs_ro;

    /* The list alone, and Podman's list, have no HostConfig: then nothing is declared that we know
     * of. */
    if (!ht_json_bool(ht_json_get(host, "Privileged"), &privileged))
        return;
    declared = ht_container_edit_declared(decoding->container);
    ht_privilege_set_privileged(declared, privileged);
    ht_privilege_set_all_devices(declared, privileged);
    decode_caps(decoding, declared);
    decode_namespaces(decoding, declared);
    decode_security(decoding, declared);
    decode_user(decoding, declared);
    if (ht_json_bool(ht_json_get(host, "ReadonlyRootfs"), &rootfs_ro))
        ht_privilege_set_rootfs_ro(declared, rootfs_ro);
    if (masked)
        ht_privilege_set_masked_paths(declared, texts_of(decoding->arena, masked));
    if (readonly)
        ht_privilege_set_readonly_paths(declared, texts_of(decoding->arena, readonly));
}

/* ---- the container ---- */

static void decode_identity(const struct decoding *decoding)
{
    struct ht_container *container = decoding->container;
    struct ht_str name = text_of(decoding->root, "Name");
    struct ht_str text;
    int64_t at;
    uint64_t count;

    if (ht_str_has_prefix(name, "/"))
        name = ht_str_sub(name, 1, name.len);
    ht_container_set_id(container, text_of(decoding->root, "Id"));
    ht_container_set_name(container, name);
    ht_container_set_runtime(container, decoding->context->runtime);
    ht_container_set_source(container, decoding->context->source);
    ht_container_set_daemon(container, decoding->context->daemon);
    if (time_of(decoding->root, "Created", &at))
        ht_container_set_created_at(container, at);
    if (ht_json_uint(ht_json_get(decoding->root, "RestartCount"), &count))
        ht_container_set_restarts(container, count);
    if (has_text(decoding->config, "Image", &text))
        ht_container_set_image(container, text);
    if (has_text(decoding->root, "Image", &text))
        ht_container_set_image_id(container, text);
    if (has_text(decoding->root, "LogPath", &text))
        ht_container_set_log_path(container, text);
    if (has_text(decoding->root, "Driver", &text))
        ht_container_set_storage(container, text);
    if (ht_json_string(ht_json_path(decoding->root, "GraphDriver", "Data", "UpperDir", NULL),
                       &text))
        ht_container_set_upper_dir(container, text);
}

/* What runs: path and arguments as resolved, with the declared entry point beside them. */
static void decode_command(const struct decoding *decoding)
{
    struct ht_text_list args = texts_of(decoding->arena, ht_json_get(decoding->root, "Args"));
    struct ht_str path;

    if (has_text(decoding->root, "Path", &path)) {
        size_t len = args.len < HT_LIMIT_ARGV ? args.len : HT_LIMIT_ARGV - 1;
        struct ht_str *words = ht_arena_array(decoding->arena, struct ht_str, len + 1);

        words[0] = path;
        for (size_t i = 0; i < len; i++)
            words[i + 1] = args.items[i];
        ht_container_set_command(
            decoding->container,
            (struct ht_text_list){.items = ht_secret_mask_argv(decoding->arena, words, len + 1),
                                  .len = len + 1});
    }
    ht_container_set_entrypoint(
        decoding->container,
        command_of(decoding->arena, ht_json_get(decoding->config, "Entrypoint")));
    ht_container_set_env(decoding->container,
                         env_of(decoding->arena, ht_json_get(decoding->config, "Env")));
    ht_container_set_labels(decoding->container,
                            labels_of(decoding->arena, ht_json_get(decoding->config, "Labels")));
}

static void decode_host_config(const struct decoding *decoding)
{
    struct ht_container *container = decoding->container;
    const struct ht_json *host = decoding->host;
    uint64_t count;
    int64_t number;
    struct ht_str text;

    if (!ht_json_is_object(host))
        return;
    ht_container_set_cap_add(container, texts_of(decoding->arena, ht_json_get(host, "CapAdd")));
    ht_container_set_cap_drop(container, texts_of(decoding->arena, ht_json_get(host, "CapDrop")));
    ht_container_set_security_opts(container,
                                   texts_of(decoding->arena, ht_json_get(host, "SecurityOpt")));
    ht_container_set_sysctls(container, labels_of(decoding->arena, ht_json_get(host, "Sysctls")));
    if (has_text(host, "CgroupParent", &text))
        ht_container_set_cgroup_parent(container, text);
    if (has_text(host, "Runtime", &text))
        ht_container_set_oci_runtime(container, text);
    if (ht_json_uint(ht_json_get(host, "Memory"), &count))
        ht_container_set_memory_limit(container, count);
    if (ht_json_uint(ht_json_get(host, "NanoCpus"), &count))
        ht_container_set_cpu_limit(container, count / 1000000);
    if (ht_json_int(ht_json_get(host, "PidsLimit"), &number))
        ht_container_set_pids_limit(container, number);
}

int ht_docker_decode_container(struct ht_str text, const struct ht_docker_context *context,
                               struct ht_row **ret_row, struct ht_error *err)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    const struct ht_json *root = ht_json_parse(arena, "container", text, err);
    struct ht_container container = {0};
    struct decoding decoding = {.arena = arena,
                                .context = context,
                                .root = root,
                                .config = ht_json_get(root, "Config"),
                                .host = ht_json_get(root, "HostConfig"),
                                .state = ht_json_get(root, "State"),
                                .container = &container};

    if (!root)
        return err ? -err->code : -EINVAL;
    if (text_of(root, "Id").len == 0)
        return ht_error_set(err, EINVAL, "container: the answer has no Id");
    decode_identity(&decoding);
    decode_state(&decoding);
    decode_command(&decoding);
    decode_host_config(&decoding);
    decode_mounts(&decoding);
    decode_ports(&decoding);
    decode_devices(&decoding);
    decode_networks(&decoding);
    decode_privilege(&decoding);
    if (ht_arena_is_full(arena))
        return ht_error_set(err, E2BIG, "container %.12s: larger than %d bytes", container.id.data,
                            HT_LIMIT_ROW);
    *ret_row = ht_row_new(&ht_container_table, &container);
    return 0;
}
