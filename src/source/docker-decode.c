/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One container, as /containers/ID/json tells it. */
#include "docker-decode.h"

#include <errno.h>
#include <string.h>

#include "docker-decode-private.h"
#include "proc-decode.h"

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/objects.h"
#include "hulltop/base/secret.h"

/* ---- small readers ---- */

static bool is_true(const struct ht_json *object, const char *key)
{
    bool value = false;

    return ht_json_bool(ht_json_get(object, key), &value) && value;
}

/* Config.Entrypoint: a list, or with old daemons one string, which counts as one word. */
static void decode_entrypoint(const struct ht_docker_decoding *decoding)
{
    const struct ht_json *value = ht_json_get(decoding->config, "Entrypoint");
    struct ht_text_list words;
    struct ht_str one;

    if (ht_json_string(value, &one))
        words = (struct ht_text_list){.items = &one, .len = 1};
    else if (!ht_decode_has_texts(decoding->arena, value, &words))
        return;
    ht_container_set_entrypoint(decoding->container,
                                ht_decode_command(decoding->arena, words.items, words.len));
}

static void decode_env(const struct ht_docker_decoding *decoding)
{
    struct ht_text_list entries;

    if (ht_decode_has_texts(decoding->arena, ht_json_get(decoding->config, "Env"), &entries))
        ht_container_set_env(decoding->container, ht_decode_env(decoding->arena, entries));
}

/* ---- state ---- */

static bool time_of(const struct ht_json *object, const char *key, int64_t *ret_ns)
{
    return ht_parse_time(ht_decode_text(object, key), ret_ns) == 0;
}

/* Words of other engines for what Docker has a word for. */
static const struct {
    const char *word;
    enum ht_container_state state;
} other_words[] = {
    {"configured", HT_CONTAINER_STATE_CREATED}, {"initialized", HT_CONTAINER_STATE_CREATED},
    {"stopping", HT_CONTAINER_STATE_RUNNING},   {"stopped", HT_CONTAINER_STATE_EXITED},
    {"storage", HT_CONTAINER_STATE_CREATED}, /* of Buildah */
};

static bool state_of_word(struct ht_str word, enum ht_container_state *ret_state)
{
    int known = ht_enum_find(&ht_container_state_enum, word);

    /* "unmanaged" is ours: a daemon that says it is not believed. */
    if (known >= 0 && known != HT_CONTAINER_STATE_UNMANAGED) {
        *ret_state = (enum ht_container_state)known;
        return true;
    }
    for (size_t i = 0; i < sizeof(other_words) / sizeof(other_words[0]); i++) {
        if (ht_str_is(word, other_words[i].word)) {
            *ret_state = other_words[i].state;
            return true;
        }
    }
    return false;
}

static void decode_state(const struct ht_docker_decoding *decoding)
{
    struct ht_container *container = decoding->container;
    const struct ht_json *state = decoding->state;
    enum ht_container_state word;
    struct ht_str health;
    uint64_t pid;
    int64_t number;

    if (state_of_word(ht_decode_text(state, "Status"), &word))
        ht_container_set_state(container, word);
    else if (is_true(state, "Paused"))
        ht_container_set_state(container, HT_CONTAINER_STATE_PAUSED);
    else if (is_true(state, "Restarting"))
        ht_container_set_state(container, HT_CONTAINER_STATE_RESTARTING);
    else if (is_true(state, "Running"))
        ht_container_set_state(container, HT_CONTAINER_STATE_RUNNING);
    /* 0: there is no process just now. */
    if (ht_json_uint(ht_json_get(state, "Pid"), &pid) && pid > 0)
        ht_container_set_pid(container, pid);
    if (time_of(state, "StartedAt", &number))
        ht_container_set_started_at(container, number);
    if (time_of(state, "FinishedAt", &number))
        ht_container_set_finished_at(container, number);
    /* 0 of a container that never ended says nothing; 127 of one that could not start does. */
    if (ht_json_int(ht_json_get(state, "ExitCode"), &number) &&
        (number != 0 || ht_container_has_finished_at(container)))
        ht_container_set_exit_code(container, number);
    if (ht_decode_has_text(ht_json_get(state, "Health"), "Status", &health))
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

    ht_mount_set_origin(mount, origin_of(ht_decode_text(from, "Type")));
    if (ht_decode_has_text(from, "Source", &text))
        ht_mount_set_source(mount, text);
    if (ht_decode_has_text(from, "Destination", &text))
        ht_mount_set_target(mount, text);
    if (ht_decode_has_text(from, "Propagation", &text))
        ht_mount_set_propagation(mount, text);
    if (ht_decode_has_text(from, "Mode", &text))
        ht_mount_set_options(mount, text);
    if (ht_json_bool(ht_json_get(from, "RW"), &rw))
        ht_mount_set_rw(mount, rw);
}

static void decode_mounts(const struct ht_docker_decoding *decoding)
{
    const struct ht_json *mounts = ht_json_get(decoding->root, "Mounts");
    /* Left out of the answer when there are none; they are not among Mounts. */
    const struct ht_json *tmpfs = ht_json_get(decoding->host, "Tmpfs");
    size_t memory = ht_json_is_object(tmpfs) ? tmpfs->len : 0;
    size_t bound = 0;

    /* Without the key nothing is known: an empty list would say that there are none. */
    if (!ht_decode_has_list(mounts, &bound))
        return;

    struct ht_mount *items = ht_arena_array(decoding->arena, struct ht_mount, bound + memory);
    for (size_t i = 0; i < bound; i++)
        decode_mount(&mounts->items[i], &items[i]);
    for (size_t i = 0; i < memory; i++) {
        struct ht_mount *mount = &items[bound + i];
        struct ht_str options;

        ht_mount_set_origin(mount, HT_MOUNT_ORIGIN_TMPFS);
        ht_mount_set_target(mount, tmpfs->members[i].key);
        ht_mount_set_rw(mount, true);
        if (ht_json_string(&tmpfs->members[i].value, &options) && options.len) {
            ht_mount_set_options(mount, options);
            ht_mount_set_rw(mount, !ht_mountinfo_has_option(options, "ro"));
        }
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
    struct ht_str ip;
    uint64_t value;

    if (ht_parse_u64(number, &value) == 0 && value <= UINT16_MAX)
        ht_port_set_port(port, value);
    ht_port_set_protocol(port,
                         slash < 0 ? HT_S("tcp") : ht_str_sub(key, (size_t)slash + 1, key.len));
    if (ht_json_string(ht_json_get(binding, "HostIp"), &ip))
        ht_port_set_host_ip(port, ip);
    if (ht_parse_u64(ht_decode_text(binding, "HostPort"), &value) == 0 && value <= UINT16_MAX)
        ht_port_set_host_port(port, value);
}

/* null and {} both say that there are none. */
static bool is_map(const struct ht_json *value)
{
    return value && (value->kind == HT_JSON_NULL || value->kind == HT_JSON_OBJECT);
}

/* What is open now; of a container that does not run, what will be. */
static void decode_ports(const struct ht_docker_decoding *decoding)
{
    const struct ht_json *live = ht_json_path(decoding->root, "NetworkSettings", "Ports", NULL);
    const struct ht_json *declared = ht_json_get(decoding->host, "PortBindings");
    const struct ht_json *ports = count_bindings(live) ? live : declared;
    size_t len = 0;

    if (!is_map(ports))
        return;

    struct ht_port *items = ht_arena_array(decoding->arena, struct ht_port, count_bindings(ports));
    for (size_t i = 0; ht_json_is_object(ports) && i < ports->len; i++) {
        const struct ht_json *bindings = &ports->members[i].value;

        for (size_t j = 0; ht_json_is_array(bindings) && j < bindings->len; j++)
            decode_port(ports->members[i].key, &bindings->items[j], &items[len++]);
    }
    ht_container_set_ports(decoding->container, (struct ht_port_list){.items = items, .len = len});
}

static void decode_device(const struct ht_json *from, struct ht_device *device)
{
    struct ht_str text;

    if (ht_decode_has_text(from, "PathOnHost", &text))
        ht_device_set_host_path(device, text);
    if (ht_decode_has_text(from, "PathInContainer", &text))
        ht_device_set_path(device, text);
    if (ht_decode_has_text(from, "CgroupPermissions", &text))
        ht_device_set_permissions(device, text);
}

static void decode_devices(const struct ht_docker_decoding *decoding)
{
    const struct ht_json *devices = ht_json_get(decoding->host, "Devices");
    const struct ht_json *told = ht_json_get(decoding->host, "DeviceCgroupRules");
    struct ht_text_list rules;
    size_t len = 0;

    /* Podman has the key in the compatible API and never fills it. */
    bool null_is_none = !ht_str_is(decoding->context->runtime, "podman");
    if (told && (null_is_none || told->kind != HT_JSON_NULL) &&
        ht_decode_has_texts(decoding->arena, told, &rules))
        ht_container_set_device_rules(decoding->container, rules);
    if (!ht_decode_has_list(devices, &len))
        return;

    struct ht_device *items = ht_arena_array(decoding->arena, struct ht_device, len);
    for (size_t i = 0; i < len; i++)
        decode_device(&devices->items[i], &items[i]);
    ht_container_set_devices(decoding->container,
                             (struct ht_device_list){.items = items, .len = len});
}

static void decode_networks(const struct ht_docker_decoding *decoding)
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

/* ---- the container ---- */

static void decode_identity(const struct ht_docker_decoding *decoding)
{
    struct ht_container *container = decoding->container;
    struct ht_str name = ht_decode_text(decoding->root, "Name");
    struct ht_str text;
    int64_t at;
    uint64_t count;

    if (ht_str_has_prefix(name, "/"))
        name = ht_str_sub(name, 1, name.len);
    ht_container_set_id(container, ht_decode_text(decoding->root, "Id"));
    if (name.len)
        ht_container_set_name(container, ht_docker_name(name));
    ht_container_set_runtime(container, decoding->context->runtime);
    ht_container_set_source(container, decoding->context->source);
    ht_container_set_daemon(container, decoding->context->daemon);
    if (time_of(decoding->root, "Created", &at))
        ht_container_set_created_at(container, at);
    if (ht_json_uint(ht_json_get(decoding->root, "RestartCount"), &count))
        ht_container_set_restarts(container, count);
    if (ht_decode_has_text(decoding->config, "Image", &text))
        ht_container_set_image(container, ht_docker_name(text));
    if (ht_decode_has_text(decoding->root, "Image", &text))
        ht_container_set_image_id(container, ht_docker_name(text));
    if (ht_decode_has_text(decoding->root, "LogPath", &text))
        ht_container_set_log_path(container, text);
    if (ht_decode_has_text(decoding->root, "Driver", &text))
        ht_container_set_storage(container, text);
    if (ht_decode_has_text(ht_json_path(decoding->root, "GraphDriver", "Data", NULL), "UpperDir",
                           &text))
        ht_container_set_upper_dir(container, text);
    /* "" is known: the image says who runs, or root does. */
    if (ht_json_string(ht_json_get(decoding->config, "User"), &text))
        ht_container_set_user(container, text);
}

/* Unknown until environment, path and arguments were told. */
static void decode_secrets(const struct ht_docker_decoding *decoding)
{
    struct ht_declaration declaration = {.labels = ht_json_get(decoding->config, "Labels")};
    struct ht_text_list args;
    struct ht_str path;

    if (!ht_decode_has_texts(decoding->arena, ht_json_get(decoding->config, "Env"),
                             &declaration.env) ||
        !ht_decode_has_text(decoding->root, "Path", &path) ||
        !ht_decode_has_texts(decoding->arena, ht_json_get(decoding->root, "Args"), &args))
        return;

    struct ht_str *words = ht_arena_array(decoding->arena, struct ht_str, args.len + 1);
    words[0] = path;
    for (size_t i = 0; i < args.len; i++)
        words[i + 1] = args.items[i];
    declaration.words = (struct ht_text_list){.items = words, .len = args.len + 1};
    ht_decode_secrets(decoding->arena, &declaration, decoding->container);
}

/* What runs: path and arguments as resolved, with the declared entry point beside them. */
static void decode_command(const struct ht_docker_decoding *decoding)
{
    struct ht_pair_list labels;
    struct ht_text_list args;
    struct ht_str path;

    if (ht_decode_has_text(decoding->root, "Path", &path) &&
        ht_decode_has_texts(decoding->arena, ht_json_get(decoding->root, "Args"), &args)) {
        struct ht_str *words = ht_arena_array(decoding->arena, struct ht_str, args.len + 1);

        words[0] = path;
        for (size_t i = 0; i < args.len; i++)
            words[i + 1] = args.items[i];
        ht_container_set_command(decoding->container,
                                 ht_decode_command(decoding->arena, words, args.len + 1));
    }
    decode_entrypoint(decoding);
    decode_env(decoding);
    if (ht_decode_has_map(decoding->arena, ht_json_get(decoding->config, "Labels"), &labels))
        ht_container_set_labels(decoding->container, labels);
    decode_secrets(decoding);
}

/* Of a profile's whole text: it is large, and no part of a row. */
static struct ht_str name_profile(struct ht_str text)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    const struct ht_json *profile = ht_json_parse(arena, "seccomp", text, NULL);

    return profile && ht_decode_seccomp_is_open(profile) ? HT_S("seccomp=allow-all")
                                                         : HT_S("seccomp=custom");
}

/* A seccomp profile stands there with its whole text, which says nothing to people. */
static void shorten_options(struct ht_arena *arena, struct ht_text_list *options)
{
    struct ht_str *items = ht_arena_array(arena, struct ht_str, options->len);

    for (size_t i = 0; i < options->len; i++) {
        ptrdiff_t brace = ht_str_find_byte(options->items[i], '{');

        items[i] = options->items[i];
        if (ht_str_has_prefix(items[i], "seccomp") && brace >= 0)
            items[i] = name_profile(ht_str_sub(items[i], (size_t)brace, items[i].len));
        items[i] = ht_secret_mask_arg(arena, items[i]);
    }
    options->items = items;
}

/* In thousandths of a core; 0 is none. */
static void decode_cpu_limit(const struct ht_docker_decoding *decoding)
{
    uint64_t nano, quota, period = 0;

    if (ht_json_uint(ht_json_get(decoding->host, "NanoCpus"), &nano) && nano > 0) {
        ht_container_set_cpu_limit(decoding->container, nano / 1000000);
        return;
    }
    if (!ht_json_uint(ht_json_get(decoding->host, "CpuQuota"), &quota))
        return;
    /* The kernel's default period is 100 ms. */
    if (!ht_json_uint(ht_json_get(decoding->host, "CpuPeriod"), &period) || period == 0)
        period = 100000;
    if (quota < UINT64_MAX / 1000)
        ht_container_set_cpu_limit(decoding->container, quota * 1000 / period);
}

static void decode_limits(const struct ht_docker_decoding *decoding)
{
    const struct ht_json *pids = ht_json_get(decoding->host, "PidsLimit");
    uint64_t count;
    int64_t number;

    if (ht_json_uint(ht_json_get(decoding->host, "Memory"), &count))
        ht_container_set_memory_limit(decoding->container, count);
    if (ht_json_int(pids, &number))
        ht_container_set_pids_limit(decoding->container, number);
    else if (pids && pids->kind == HT_JSON_NULL)
        ht_container_set_pids_limit(decoding->container, 0);
    decode_cpu_limit(decoding);
}

static void decode_host_config(const struct ht_docker_decoding *decoding)
{
    struct ht_container *container = decoding->container;
    const struct ht_json *host = decoding->host;
    const struct ht_json *sysctls = ht_json_get(host, "Sysctls");
    struct ht_pair_list pairs = {0};
    struct ht_text_list list;
    struct ht_str text;

    if (!ht_json_is_object(host))
        return;
    if (ht_decode_has_texts(decoding->arena, ht_json_get(host, "CapAdd"), &list))
        ht_container_set_cap_add(container, list);
    if (ht_decode_has_texts(decoding->arena, ht_json_get(host, "CapDrop"), &list))
        ht_container_set_cap_drop(container, list);
    if (ht_decode_has_texts(decoding->arena, ht_json_get(host, "SecurityOpt"), &list)) {
        shorten_options(decoding->arena, &list);
        ht_container_set_security_opts(container, list);
    }
    /* Left out of the answer when there are none. */
    if (!sysctls || ht_decode_has_map(decoding->arena, sysctls, &pairs))
        ht_container_set_sysctls(container, pairs);
    if (ht_decode_has_text(host, "CgroupParent", &text))
        ht_container_set_cgroup_parent(container, text);
    /* Podman says "oci" whatever it runs. */
    if (ht_decode_has_text(host, "Runtime", &text) && !ht_str_is(text, "oci"))
        ht_container_set_oci_runtime(container, text);
    decode_limits(decoding);
}

int ht_docker_decode_container(struct ht_str text, const struct ht_docker_context *context,
                               struct ht_row **ret_row, struct ht_error *err)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    const struct ht_json *root = ht_json_read(arena, "container", text, NULL, err);
    struct ht_container container = {0};
    struct ht_docker_decoding decoding = {.arena = arena,
                                          .context = context,
                                          .root = root,
                                          .config = ht_json_get(root, "Config"),
                                          .host = ht_json_get(root, "HostConfig"),
                                          .state = ht_json_get(root, "State"),
                                          .container = &container};

    if (!root)
        return err ? -err->code : -EINVAL;
    if (!ht_docker_is_id(ht_decode_text(root, "Id")))
        return ht_error_set(err, EINVAL, "container: the answer has no usable Id");
    decode_identity(&decoding);
    decode_state(&decoding);
    decode_command(&decoding);
    decode_host_config(&decoding);
    decode_mounts(&decoding);
    decode_ports(&decoding);
    decode_devices(&decoding);
    decode_networks(&decoding);
    ht_docker_decode_privilege(&decoding);
    ht_docker_decode_libpod(&decoding);
    if (ht_arena_is_full(arena))
        return ht_error_set(err, E2BIG, "container %.*s: larger than %d bytes",
                            container.id.len < 12 ? (int)container.id.len : 12, container.id.data,
                            HT_LIMIT_ROW);
    *ret_row = ht_row_new(&ht_container_table, &container);
    return 0;
}

/* What changes in the life of a container, by the list. */
static void set_listed(const struct ht_docker_listed *listed, struct ht_container *container)
{
    enum ht_container_state state;

    if (listed->name.len)
        ht_container_set_name(container, listed->name);
    if (state_of_word(listed->state, &state))
        ht_container_set_state(container, state);
}

void ht_docker_add_listed(const struct ht_docker_listed *listed, struct ht_container *container)
{
    static const char *const passing[] = {"state",     "pid",    "started_at", "finished_at",
                                          "exit_code", "health", "restarts"};

    for (size_t i = 0; i < ARRAY_LEN(passing); i++)
        ht_field_forget(&ht_container_table, container, passing[i]);
    set_listed(listed, container);
}

struct ht_row *ht_docker_decode_listed(const struct ht_docker_listed *listed,
                                       const struct ht_docker_context *context)
{
    struct ht_container container = {0};

    ht_container_set_id(&container, listed->id);
    set_listed(listed, &container);
    if (listed->image.len)
        ht_container_set_image(&container, listed->image);
    ht_container_set_runtime(&container, listed->working ? HT_S("buildah") : context->runtime);
    ht_container_set_source(&container, context->source);
    ht_container_set_daemon(&container, context->daemon);
    if (listed->created_at)
        ht_container_set_created_at(&container, listed->created_at);
    return ht_row_new(&ht_container_table, &container);
}
