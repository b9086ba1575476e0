/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon, the list and the events of docker-decode.h. */
#include <errno.h>
#include <string.h>

#include "docker-decode-private.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/objects.h"

enum { ID_MAX = 128 };

bool ht_docker_is_id(struct ht_str id)
{
    if (id.len == 0 || id.len > ID_MAX)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.data[i];

        if (!ht_is_alnum(c))
            return false;
    }
    return true;
}

/* ---- the list ---- */

/* What is in parentheses: "Exited (137) 2 hours ago", "Up 3 hours (healthy)". The rest changes with
 * time. */
static struct ht_str parenthesis(struct ht_str status)
{
    ptrdiff_t from = ht_str_find_byte(status, '(');
    ptrdiff_t to = ht_str_rfind_byte(status, ')');

    return from >= 0 && to > from ? ht_str_sub(status, (size_t)from, (size_t)(to - from))
                                  : (struct ht_str){0};
}

/* Podman lists what is in its storage and not its own: containers of CRI-O, which tells of them
 * itself, images that are mounted, and working containers of Buildah. */
static bool is_foreign(const struct ht_json *entry, bool *ret_working)
{
    const struct ht_json *command = ht_json_get(entry, "Command");
    struct ht_str word = {0};

    if (!ht_str_is(ht_decode_text(entry, "State"), "storage"))
        return false;
    if (ht_json_is_array(command) && command->len)
        ht_json_string(&command->items[0], &word);
    *ret_working = ht_str_is(word, "buildah");
    return !*ret_working;
}

/* The texts of what is listed live as long as the arena. */
static bool decode_entry(struct ht_arena *arena, const struct ht_json *entry,
                         struct ht_docker_listed *listed)
{
    const struct ht_json *names = ht_json_get(entry, "Names");
    size_t len = 0;

    *listed = (struct ht_docker_listed){.id = ht_decode_text(entry, "Id"),
                                        .image = ht_decode_text(entry, "Image"),
                                        .state = ht_decode_text(entry, "State")};
    if (!ht_docker_is_id(listed->id))
        return false;
    listed->fingerprint = ht_str_hash(listed->state, 0);
    listed->fingerprint =
        ht_str_hash(parenthesis(ht_decode_text(entry, "Status")), listed->fingerprint);
    ht_decode_has_list(names, &len);
    for (size_t i = 0; i < len; i++) {
        struct ht_str name;

        if (!ht_json_string(&names->items[i], &name))
            continue;
        listed->fingerprint = ht_str_hash(name, listed->fingerprint);
        /* "/other/alias" is a name that a link gives; Podman's own API has no slash. */
        if (ht_str_has_prefix(name, "/") && ht_str_rfind_byte(name, '/') == 0)
            listed->name = ht_str_sub(name, 1, name.len);
        else if (ht_str_find_byte(name, '/') < 0)
            listed->name = name;
    }
    ht_parse_time(ht_decode_text(entry, "Created"), &listed->created_at);
    listed->id = ht_arena_str(arena, listed->id);
    listed->name = ht_arena_str(arena, ht_docker_name(listed->name));
    listed->image = ht_arena_str(arena, ht_docker_name(listed->image));
    listed->state = ht_arena_str(arena, listed->state);
    return true;
}

int ht_docker_decode_list(struct ht_arena *arena, struct ht_str text,
                          struct ht_docker_list *ret_list, struct ht_error *err)
{
    static const char *const skip[] = {"Labels", "Mounts", "NetworkSettings", "Ports", NULL};
    const struct ht_json *root = ht_json_read(arena, "container list", text, skip, err);
    size_t len = 0;

    if (!root)
        return err ? -err->code : -EINVAL;
    /* Podman answers null or [] where there is nothing. */
    if (!ht_decode_has_list(root, &len))
        return ht_error_set(err, EINVAL, "container list: the answer is no list");
    if (len > HT_LIMIT_ITEMS)
        return ht_error_set(err, E2BIG, "container list: more than %d containers", HT_LIMIT_ITEMS);

    struct ht_docker_listed *items = ht_arena_array(arena, struct ht_docker_listed, len);
    size_t kept = 0;
    for (size_t i = 0; i < len; i++) {
        bool working = false;

        if (is_foreign(&root->items[i], &working))
            continue;
        if (!decode_entry(arena, &root->items[i], &items[kept]))
            return ht_error_set(err, EINVAL, "container list: entry %zu has no usable Id", i + 1);
        items[kept++].working = working;
    }
    *ret_list = (struct ht_docker_list){.items = items, .len = kept};
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

/* The profile of "name=seccomp,profile=builtin" ("default" before 23.0), a path of the host if the
 * daemon was given one. */
static struct ht_str seccomp_of(struct ht_text_list options)
{
    for (size_t i = 0; i < options.len; i++) {
        struct ht_str rest = options.items[i], part, profile = HT_S("default");
        bool found = false;

        while (ht_str_next(&rest, ',', &part)) {
            found = found || ht_str_is(part, "name=seccomp") || ht_str_is(part, "seccomp");
            if (ht_str_has_prefix(part, "profile=") && part.len > strlen("profile="))
                profile = ht_str_sub(part, strlen("profile="), part.len);
        }
        if (found)
            return ht_str_is(profile, "builtin") ? HT_S("default") : profile;
    }
    return HT_S("unconfined");
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

static void set_security(struct ht_arena *arena, const struct ht_json *info,
                         struct ht_daemon *daemon)
{
    struct ht_text_list options;

    if (!ht_decode_has_texts(arena, ht_json_get(info, "SecurityOptions"), &options))
        return;
    ht_daemon_set_security_options(daemon, options);
    ht_daemon_set_userns_remap(daemon, has_option(options, "userns"));
    ht_daemon_set_rootless(daemon, has_option(options, "rootless"));
}

/* Only managers are told of the cluster. */
static void set_swarm(const struct ht_json *info, struct ht_daemon *daemon)
{
    const struct ht_json *swarm = ht_json_get(info, "Swarm");
    struct ht_str text;
    bool flag;

    if (!ht_decode_has_text(swarm, "LocalNodeState", &text))
        return;
    ht_daemon_set_swarm(daemon, text);
    ht_daemon_set_swarm_manager(
        daemon, ht_json_bool(ht_json_get(swarm, "ControlAvailable"), &flag) && flag);
    if (ht_json_bool(
            ht_json_path(swarm, "Cluster", "Spec", "EncryptionConfig", "AutoLockManagers", NULL),
            &flag))
        ht_daemon_set_swarm_autolock(daemon, flag);
}

static void set_info(struct ht_arena *arena, const struct ht_json *info, struct ht_daemon *daemon)
{
    struct ht_text_list warnings;
    struct ht_str text;
    uint64_t count;
    bool flag;

    set_security(arena, info, daemon);
    set_swarm(info, daemon);
    if (ht_decode_has_text(info, "DockerRootDir", &text))
        ht_daemon_set_root_dir(daemon, text);
    if (ht_decode_has_text(info, "Driver", &text))
        ht_daemon_set_storage(daemon, text);
    if (ht_decode_has_text(info, "CgroupDriver", &text))
        ht_daemon_set_cgroup_driver(daemon, text);
    if (ht_decode_has_text(info, "CgroupVersion", &text))
        ht_daemon_set_cgroup_version(daemon, text);
    if (ht_decode_has_text(info, "DefaultRuntime", &text))
        ht_daemon_set_default_runtime(daemon, text);
    if (ht_json_is_object(ht_json_get(info, "Runtimes")))
        ht_daemon_set_runtimes(daemon, keys_of(arena, ht_json_get(info, "Runtimes")));
    if (ht_decode_has_texts(arena, ht_json_get(info, "Warnings"), &warnings))
        ht_daemon_set_warnings(daemon, warnings);
    if (ht_json_bool(ht_json_get(info, "LiveRestoreEnabled"), &flag))
        ht_daemon_set_live_restore(daemon, flag);
    if (ht_json_uint(ht_json_get(info, "Containers"), &count))
        ht_daemon_set_containers(daemon, count);
}

/* A container's defaults. Everything that is not known stays zero. */
static void set_context(const struct ht_daemon *daemon, bool podman,
                        struct ht_docker_context *context)
{
    struct ht_text_list options = daemon->security_options;

    *context = (struct ht_docker_context){
        .source = daemon->source,
        .daemon = daemon->id,
        .runtime = podman ? HT_S("podman") : HT_S("docker"),
    };
    if (!ht_daemon_has_security_options(daemon))
        return;
    context->options_known = true;
    context->seccomp = seccomp_of(options);
    context->userns_remap = daemon->userns_remap;
    context->rootless = daemon->rootless;
    context->no_new_privs = has_option(options, "no-new-privileges");
    /* Podman's default follows the cgroup version and is not in the list. */
    context->private_cgroupns =
        has_option(options, "cgroupns") || (podman && ht_str_is(daemon->cgroup_version, "2"));
}

int ht_docker_decode_daemon(struct ht_arena *arena, const struct ht_docker_answers *answers,
                            struct ht_daemon *ret_daemon, struct ht_docker_context *ret_context,
                            struct ht_error *err)
{
    const struct ht_json *info = ht_json_parse(arena, "info", answers->info, err);
    struct ht_daemon daemon = {0};
    struct ht_str text;

    if (!info)
        return err ? -err->code : -EINVAL;
    if (!ht_json_is_object(info))
        return ht_error_set(err, EINVAL, "info: the answer is no object");

    struct ht_str id = ht_arena_str(arena, answers->endpoint);
    ht_daemon_set_id(&daemon, id);
    ht_daemon_set_name(&daemon, answers->podman ? HT_S("Podman") : HT_S("Docker"));
    ht_daemon_set_source(&daemon, ht_arena_str(arena, answers->source));
    if (ht_decode_has_text(info, "ServerVersion", &text))
        ht_daemon_set_version(&daemon, text);
    ht_daemon_set_api_version(&daemon, ht_arena_str(arena, answers->api_version));
    set_info(arena, info, &daemon);
    if (ht_arena_is_full(arena))
        return ht_error_set(err, E2BIG, "info: larger than a daemon's may be");
    set_context(&daemon, answers->podman, ret_context);
    *ret_daemon = daemon;
    return 0;
}

void ht_docker_decode_user_service(struct ht_daemon *daemon, struct ht_docker_context *context)
{
    if (!ht_str_is(context->runtime, "podman") || !ht_daemon_has_socket_uid(daemon) ||
        daemon->socket_uid == 0)
        return;
    ht_daemon_set_rootless(daemon, true);
    context->rootless = true;
}

/* ---- events ---- */

static const struct {
    const char *type, *action;
    enum ht_event_kind kind;
    enum ht_docker_news news;
} actions[] = {
    {"container", "create", HT_EVENT_KIND_CONTAINER_CREATED, HT_DOCKER_NEWS_LIFE},
    {"container", "start", HT_EVENT_KIND_CONTAINER_STARTED, HT_DOCKER_NEWS_LIFE},
    {"container", "die", HT_EVENT_KIND_CONTAINER_STOPPED, HT_DOCKER_NEWS_LIFE},
    {"container", "died", HT_EVENT_KIND_CONTAINER_STOPPED, HT_DOCKER_NEWS_LIFE},
    {"container", "destroy", HT_EVENT_KIND_CONTAINER_REMOVED, HT_DOCKER_NEWS_LIFE},
    {"container", "remove", HT_EVENT_KIND_CONTAINER_REMOVED, HT_DOCKER_NEWS_LIFE},
    {"container", "rename", HT_EVENT_KIND_CONTAINER_CHANGED, HT_DOCKER_NEWS_LIFE},
    {"container", "update", HT_EVENT_KIND_CONTAINER_CHANGED, HT_DOCKER_NEWS_LIFE},
    {"container", "pause", HT_EVENT_KIND_CONTAINER_CHANGED, HT_DOCKER_NEWS_LIFE},
    {"container", "unpause", HT_EVENT_KIND_CONTAINER_CHANGED, HT_DOCKER_NEWS_LIFE},
    {"container", "health_status", HT_EVENT_KIND_CONTAINER_CHANGED, HT_DOCKER_NEWS_ASIDE},
    {"network", "connect", HT_EVENT_KIND_CONTAINER_CHANGED, HT_DOCKER_NEWS_ASIDE},
    {"network", "disconnect", HT_EVENT_KIND_CONTAINER_CHANGED, HT_DOCKER_NEWS_ASIDE},
    {"network", "create", 0, HT_DOCKER_NEWS_NETWORKS},
    {"network", "update", 0, HT_DOCKER_NEWS_NETWORKS},
    {"network", "remove", 0, HT_DOCKER_NEWS_NETWORKS},
    {"network", "destroy", 0, HT_DOCKER_NEWS_NETWORKS},
    {"image", "create", 0, HT_DOCKER_NEWS_IMAGES},
    {"image", "pull", 0, HT_DOCKER_NEWS_IMAGES},
    {"image", "load", 0, HT_DOCKER_NEWS_IMAGES},
    {"image", "import", 0, HT_DOCKER_NEWS_IMAGES},
    {"image", "tag", 0, HT_DOCKER_NEWS_IMAGES},
    {"image", "untag", 0, HT_DOCKER_NEWS_IMAGES},
    {"image", "delete", 0, HT_DOCKER_NEWS_IMAGES},
    {"image", "remove", 0, HT_DOCKER_NEWS_IMAGES},
};

static int64_t time_of(const struct ht_json *event)
{
    int64_t at;

    if (ht_json_int(ht_json_get(event, "timeNano"), &at) && at > 0)
        return at;
    if (ht_json_int(ht_json_get(event, "time"), &at) && at > 0 && at < INT64_MAX / HT_NS_PER_S)
        return at * HT_NS_PER_S;
    return 0;
}

static bool names_container(const struct ht_docker_event *event)
{
    return event->news == HT_DOCKER_NEWS_LIFE || event->news == HT_DOCKER_NEWS_ASIDE;
}

int ht_docker_decode_event(struct ht_arena *arena, struct ht_str line,
                           struct ht_docker_event *ret_event, struct ht_error *err)
{
    const struct ht_json *root = ht_json_parse(arena, "event", line, err);
    const struct ht_json *actor = ht_json_get(root, "Actor");
    const struct ht_json *attributes = ht_json_get(actor, "Attributes");
    struct ht_docker_event event = {.at = time_of(root)};
    struct ht_str type = ht_decode_text(root, "Type");

    if (!root)
        return err ? -err->code : -EINVAL;
    event.action = ht_decode_text(root, "Action");
    /* "exec_create: sh -c ...": what was run may hold a secret. */
    ptrdiff_t colon = ht_str_find_byte(event.action, ':');
    if (colon >= 0)
        event.action = ht_str_sub(event.action, 0, (size_t)colon);
    if (ht_str_is(type, "network")) {
        event.id = ht_decode_text(attributes, "container");
    } else {
        event.id = ht_decode_text(actor, "ID");
        if (event.id.len == 0)
            event.id = ht_decode_text(root, "id");
        event.name = ht_decode_text(attributes, "name");
    }
    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        if (!ht_str_is(type, actions[i].type) || !ht_str_is(event.action, actions[i].action))
            continue;
        event.kind = actions[i].kind;
        event.news = actions[i].news;
        if (!names_container(&event))
            event.id = (struct ht_str){0};
        else if (!ht_docker_is_id(event.id))
            return ht_error_set(err, EINVAL, "event: names no container");
        *ret_event = event;
        return 0;
    }
    return -ENODATA;
}

struct ht_str ht_docker_decode_message(struct ht_arena *arena, struct ht_str text)
{
    const struct ht_json *root = ht_json_parse(arena, "answer", text, NULL);

    return ht_decode_text(root, "message");
}
