/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon, the list and the events of docker-decode.h. */
#include "docker-decode.h"

#include <errno.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"

static struct ht_str text_of(const struct ht_json *object, const char *key)
{
    struct ht_str text = {0};

    ht_json_string(ht_json_get(object, key), &text);
    return text;
}

/* ---- the list ---- */

int ht_docker_decode_list(struct ht_arena *arena, struct ht_str text,
                          struct ht_docker_list *ret_list, struct ht_error *err)
{
    const struct ht_json *root = ht_json_parse(arena, "container list", text, err);

    if (!root)
        return err ? -err->code : -EINVAL;
    /* Podman answers null or [] where there is nothing. */
    if (root->kind == HT_JSON_NULL) {
        *ret_list = (struct ht_docker_list){0};
        return 0;
    }
    if (!ht_json_is_array(root))
        return ht_error_set(err, EINVAL, "container list: the answer is no list");
    if (root->len > HT_LIMIT_ITEMS)
        return ht_error_set(err, E2BIG, "container list: more than %d containers", HT_LIMIT_ITEMS);

    struct ht_docker_listed *items = ht_arena_array(arena, struct ht_docker_listed, root->len);
    size_t len = 0;
    for (size_t i = 0; i < root->len; i++) {
        const struct ht_json *entry = &root->items[i];
        const struct ht_json *names = ht_json_get(entry, "Names");
        struct ht_str id = text_of(entry, "Id"), name = {0};
        uint64_t fingerprint = ht_str_hash(text_of(entry, "State"), 0);

        if (id.len == 0)
            return ht_error_set(err, EINVAL, "container list: entry %zu has no Id", i + 1);
        for (size_t j = 0; ht_json_is_array(names) && j < names->len; j++) {
            if (ht_json_string(&names->items[j], &name))
                fingerprint = ht_str_hash(name, fingerprint);
        }
        items[len++] = (struct ht_docker_listed){.id = id, .fingerprint = fingerprint};
    }
    *ret_list = (struct ht_docker_list){.items = items, .len = len};
    return 0;
}

/* ---- the daemon ---- */

/* Security options are "name=seccomp,profile=default", or "seccomp" with old daemons. */
static bool has_option(struct ht_text_list options, const char *name)
{
    for (size_t i = 0; i < options.len; i++) {
        struct ht_str rest = options.items[i], part;

        while (ht_str_next(&rest, ',', &part)) {
            if (ht_str_has_prefix(part, "name="))
                part = ht_str_sub(part, 5, part.len);
            if (ht_str_is(part, name))
                return true;
        }
    }
    return false;
}

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

static struct ht_text_list keys_of(struct ht_arena *arena, const struct ht_json *object)
{
    if (!ht_json_is_object(object))
        return (struct ht_text_list){0};

    struct ht_str *items = ht_arena_array(arena, struct ht_str, object->len);
    for (size_t i = 0; i < object->len; i++)
        items[i] = object->members[i].key;
    return (struct ht_text_list){.items = items, .len = object->len};
}

static bool is_podman(const struct ht_json *version)
{
    const struct ht_json *components = ht_json_get(version, "Components");

    for (size_t i = 0; ht_json_is_array(components) && i < components->len; i++) {
        if (ht_str_has_prefix(text_of(&components->items[i], "Name"), "Podman"))
            return true;
    }
    return false;
}

static void set_info(struct ht_arena *arena, const struct ht_json *info, struct ht_daemon *daemon)
{
    struct ht_text_list options = texts_of(arena, ht_json_get(info, "SecurityOptions"));
    uint64_t count;
    bool flag;

    ht_daemon_set_security_options(daemon, options);
    ht_daemon_set_userns_remap(daemon, has_option(options, "userns"));
    ht_daemon_set_rootless(daemon, has_option(options, "rootless"));
    ht_daemon_set_root_dir(daemon, text_of(info, "DockerRootDir"));
    ht_daemon_set_storage(daemon, text_of(info, "Driver"));
    ht_daemon_set_cgroup_driver(daemon, text_of(info, "CgroupDriver"));
    if (text_of(info, "CgroupVersion").len)
        ht_daemon_set_cgroup_version(daemon, text_of(info, "CgroupVersion"));
    ht_daemon_set_default_runtime(daemon, text_of(info, "DefaultRuntime"));
    ht_daemon_set_runtimes(daemon, keys_of(arena, ht_json_get(info, "Runtimes")));
    ht_daemon_set_warnings(daemon, texts_of(arena, ht_json_get(info, "Warnings")));
    if (ht_json_bool(ht_json_get(info, "LiveRestoreEnabled"), &flag))
        ht_daemon_set_live_restore(daemon, flag);
    if (ht_json_uint(ht_json_get(info, "Containers"), &count))
        ht_daemon_set_containers(daemon, count);
}

int ht_docker_decode_daemon(struct ht_arena *arena, const struct ht_docker_answers *answers,
                            struct ht_daemon *ret_daemon, struct ht_docker_context *ret_context,
                            struct ht_error *err)
{
    const struct ht_json *info = ht_json_parse(arena, "info", answers->info, err);
    const struct ht_json *version =
        info ? ht_json_parse(arena, "version", answers->version, err) : NULL;
    struct ht_daemon daemon = {0};

    if (!info || !version)
        return err ? -err->code : -EINVAL;
    if (!ht_json_is_object(info) || !ht_json_is_object(version))
        return ht_error_set(err, EINVAL, "info: the answer is no object");

    bool podman = is_podman(version);
    struct ht_str id = ht_arena_str(arena, answers->endpoint);
    ht_daemon_set_id(&daemon, id);
    ht_daemon_set_name(&daemon, podman ? HT_S("Podman") : HT_S("Docker"));
    ht_daemon_set_source(&daemon, ht_arena_str(arena, answers->source));
    ht_daemon_set_version(&daemon, text_of(version, "Version"));
    ht_daemon_set_api_version(&daemon, ht_arena_str(arena, answers->api_version));
    set_info(arena, info, &daemon);
    *ret_context = (struct ht_docker_context){
        .source = daemon.source,
        .daemon = id,
        .runtime = podman ? HT_S("podman") : HT_S("docker"),
        .userns_remap = daemon.userns_remap,
        /* Podman does not list its options in all versions, but has a default profile. */
        .seccomp = podman || has_option(daemon.security_options, "seccomp"),
        .no_new_privs = has_option(daemon.security_options, "no-new-privileges"),
        .private_cgroupns = has_option(daemon.security_options, "cgroupns") ||
                            ht_str_is(daemon.cgroup_version, "2"),
        .storage = daemon.storage,
    };
    *ret_daemon = daemon;
    return 0;
}

/* ---- events ---- */

static const struct {
    const char *action;
    enum ht_event_kind kind;
} actions[] = {
    {"create", HT_EVENT_KIND_CONTAINER_CREATED},  {"start", HT_EVENT_KIND_CONTAINER_STARTED},
    {"die", HT_EVENT_KIND_CONTAINER_STOPPED},     {"destroy", HT_EVENT_KIND_CONTAINER_REMOVED},
    {"remove", HT_EVENT_KIND_CONTAINER_REMOVED},  {"rename", HT_EVENT_KIND_CONTAINER_CHANGED},
    {"update", HT_EVENT_KIND_CONTAINER_CHANGED},  {"pause", HT_EVENT_KIND_CONTAINER_CHANGED},
    {"unpause", HT_EVENT_KIND_CONTAINER_CHANGED},
};

int ht_docker_decode_event(struct ht_arena *arena, struct ht_str line,
                           struct ht_docker_event *ret_event, struct ht_error *err)
{
    const struct ht_json *root = ht_json_parse(arena, "event", line, err);
    const struct ht_json *actor = ht_json_get(root, "Actor");
    struct ht_docker_event event = {0};
    int64_t at;

    if (!root)
        return err ? -err->code : -EINVAL;
    if (!ht_str_is(text_of(root, "Type"), "container"))
        return -ENODATA;
    event.action = text_of(root, "Action");
    /* "exec_create: sh -c ...": what was run may hold a secret. */
    ptrdiff_t colon = ht_str_find_byte(event.action, ':');
    if (colon >= 0)
        event.action = ht_str_sub(event.action, 0, (size_t)colon);
    event.id = text_of(actor, "ID").len ? text_of(actor, "ID") : text_of(root, "id");
    event.name = text_of(ht_json_get(actor, "Attributes"), "name");
    if (event.id.len == 0)
        return ht_error_set(err, EINVAL, "event: names no container");
    if (ht_json_int(ht_json_get(root, "timeNano"), &at))
        event.at = at;
    else if (ht_json_int(ht_json_get(root, "time"), &at) && at > 0 && at < INT64_MAX / HT_NS_PER_S)
        event.at = at * HT_NS_PER_S;
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (ht_str_is(event.action, actions[i].action)) {
            event.kind = actions[i].kind;
            *ret_event = event;
            return 0;
        }
    }
    return -ENODATA;
}

struct ht_str ht_docker_decode_message(struct ht_arena *arena, struct ht_str text)
{
    const struct ht_json *root = ht_json_parse(arena, "answer", text, NULL);

    return text_of(root, "message");
}
