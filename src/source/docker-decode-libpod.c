/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Podman's own API says otherwise than Docker's, or beyond it (docker-decode.h). */
#include "docker-decode-private.h"

#include <string.h>

/* A list of capabilities; null is none. False: the answer does not have it. */
static bool has_caps(const struct ht_docker_decoding *decoding, const char *key, uint64_t *ret_bits)
{
    const struct ht_json *list = ht_json_get(decoding->root, key);
    struct ht_text_list names = {0};
    bool all;

    if (!list ||
        (list->kind != HT_JSON_NULL && !ht_decode_has_texts(decoding->arena, list, &names)))
        return false;
    *ret_bits = ht_decode_caps(names, &all);
    return true;
}

/* As it was resolved, with the defaults of this Podman: no need to guess them. Of one that is no
 * root only the bounding set is what it may get; the sets are equal else. */
static void decode_caps(const struct ht_docker_decoding *decoding, struct ht_privilege *declared)
{
    uint64_t effective, bounding;

    if (!has_caps(decoding, "EffectiveCaps", &effective) ||
        !has_caps(decoding, "BoundingCaps", &bounding))
        return;
    ht_privilege_set_caps(declared, effective | bounding);
    ht_privilege_set_bounding(declared, bounding);
}

/* Masks are never told; a privileged container has none. */
static void decode_paths(struct ht_privilege *declared)
{
    if (!ht_privilege_has_privileged(declared) || !declared->privileged)
        return;
    ht_privilege_set_masked_paths(declared, (struct ht_text_list){0});
    ht_privilege_set_readonly_paths(declared, (struct ht_text_list){0});
}

static void decode_cgroup_ns(const struct ht_docker_decoding *decoding,
                             struct ht_privilege *declared)
{
    struct ht_str mode = ht_decode_text(decoding->host, "CgroupMode");

    if (ht_str_is(mode, "host"))
        ht_privilege_set_cgroup_ns(declared, HT_NS_SCOPE_HOST);
    else if (ht_str_is(mode, "private"))
        ht_privilege_set_cgroup_ns(declared, HT_NS_SCOPE_OWN);
    else if (ht_str_has_prefix(mode, "container:") || ht_str_has_prefix(mode, "ns:"))
        ht_privilege_set_cgroup_ns(declared, HT_NS_SCOPE_SHARED);
}

/* "0:200000:65536" to "0 200000 65536", as the kernel has it. */
static struct ht_str map_line(const struct ht_docker_decoding *decoding, struct ht_str map)
{
    struct ht_str inside = {0}, outside = {0};

    (void)ht_str_next(&map, ':', &inside);
    (void)ht_str_next(&map, ':', &outside);
    return ht_arena_strf(decoding->arena, "%.*s %.*s %.*s", HT_STR_ARG(inside), HT_STR_ARG(outside),
                         HT_STR_ARG(map));
}

/* Maps of its own are told where there are any: of --userns=auto, keep-id and --uidmap. Those of a
 * user's Podman are of the ids that it has itself. */
static void decode_user_ns(const struct ht_docker_decoding *decoding, struct ht_privilege *declared)
{
    struct ht_text_list maps = {0};

    if (!ht_decode_has_texts(decoding->arena,
                             ht_json_path(decoding->host, "IDMappings", "UidMap", NULL), &maps) ||
        maps.len == 0)
        return;
    ht_privilege_set_user_ns(declared, HT_NS_SCOPE_OWN);
    for (size_t i = 0; !decoding->context->rootless && i < maps.len; i++) {
        if (ht_str_has_prefix(maps.items[i], "0:"))
            ht_privilege_set_uid_map(declared, map_line(decoding, maps.items[i]));
    }
}

/* Only the command that made it has them. What came through the API is made by no command. */
static void decode_device_rules(const struct ht_docker_decoding *decoding)
{
    static const char option[] = "--device-cgroup-rule";
    struct ht_text_list words = {0};
    size_t len = 0;

    if (!ht_decode_has_texts(decoding->arena, ht_json_get(decoding->config, "CreateCommand"),
                             &words) ||
        !(ht_text_list_has(&words, HT_S("run")) || ht_text_list_has(&words, HT_S("create"))))
        return;

    struct ht_str *rules = ht_arena_array(decoding->arena, struct ht_str, words.len);
    for (size_t i = 0; i < words.len; i++) {
        struct ht_str word = words.items[i];

        if (ht_str_is(word, option) && i + 1 < words.len)
            rules[len++] = words.items[++i];
        else if (ht_str_has_prefix(word, option) && word.len > strlen(option) &&
                 word.data[strlen(option)] == '=')
            rules[len++] = ht_str_sub(word, strlen(option) + 1, word.len);
    }
    ht_container_set_device_rules(decoding->container,
                                  (struct ht_text_list){.items = rules, .len = len});
}

static void decode_facts(const struct ht_docker_decoding *decoding)
{
    struct ht_container *container = decoding->container;
    struct ht_str text;

    /* "/usr/bin/crun" or a name of containers.conf. */
    if (ht_decode_has_text(decoding->root, "OCIRuntime", &text))
        ht_container_set_oci_runtime(container, ht_str_base(text));
    if (ht_decode_has_text(decoding->state, "CgroupPath", &text))
        ht_container_set_cgroup(container, text);
    if (ht_decode_has_text(ht_json_get(decoding->host, "LogConfig"), "Path", &text))
        ht_container_set_log_path(container, text);
    if (container->image_id.len == 64)
        ht_container_set_image_id(container, ht_arena_strf(decoding->arena, "sha256:%.*s",
                                                           HT_STR_ARG(container->image_id)));
    /* All words in one text, and none as an empty one. */
    if (container->entrypoint.len == 1 && container->entrypoint.items[0].len == 0)
        ht_container_set_entrypoint(container, (struct ht_text_list){0});
}

void ht_docker_decode_libpod(const struct ht_docker_decoding *decoding)
{
    struct ht_privilege *declared;

    if (!ht_str_is(decoding->context->runtime, "podman") ||
        !ht_json_get(decoding->root, "BoundingCaps"))
        return;
    decode_facts(decoding);
    decode_device_rules(decoding);
    if (!ht_json_is_object(decoding->host))
        return;
    declared = ht_container_edit_declared(decoding->container);
    ht_docker_decode_all_devices(decoding, declared);
    decode_caps(decoding, declared);
    decode_paths(declared);
    decode_cgroup_ns(decoding, declared);
    decode_user_ns(decoding, declared);
}
