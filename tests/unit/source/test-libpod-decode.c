/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of Podman's own API to rows. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"

#include "docker-answers.h"

#define PODMAN_CAPS UINT64_C(0x800405fb)

static void capabilities_are_as_resolved(void **state)
{
    struct engine engine;

    (void)state;
    read_engine(&engine, "podman/compat_info.json");
    ht_autorow struct ht_row *row = read_row(&engine, "podman/libpod_inspect_priv.json");
    const struct ht_container *c = ht_container_of(row);
    const struct ht_privilege *d = &c->declared;
    assert_true(d->privileged && d->all_devices);
    assert_int_equal(d->caps, ALL_CAPS & ~(UINT64_C(1) << 24)); /* SYS_RESOURCE */
    assert_int_equal(d->bounding, d->caps);
    assert_true(ht_privilege_has_masked_paths(d) && d->masked_paths.len == 0);
    assert_true(ht_privilege_has_readonly_paths(d) && d->readonly_paths.len == 0);
    assert_int_equal(d->cgroup_ns, HT_NS_SCOPE_HOST);
    assert_int_equal(d->pid_ns, HT_NS_SCOPE_OWN);
    assert_true(ht_str_is(d->seccomp_profile, "unconfined"));
    free_engine(&engine);
}

/* Whoever asks one API or the other sees the same container. */
static void both_apis_tell_the_same(void **state)
{
    struct engine engine;

    (void)state;
    read_engine(&engine, "podman/compat_info.json");
    ht_autorow struct ht_row *a = read_row(&engine, "podman/compat_inspect_priv.json");
    ht_autorow struct ht_row *b = read_row(&engine, "podman/libpod_inspect_priv.json");
    const struct ht_container *compatible = ht_container_of(a), *own = ht_container_of(b);
    assert_true(ht_str_equal(compatible->name, own->name));
    assert_true(ht_str_equal(compatible->image, own->image));
    assert_true(ht_str_equal(compatible->image_id, own->image_id));
    assert_true(ht_str_equal(compatible->log_path, own->log_path));
    assert_true(ht_str_equal(compatible->upper_dir, own->upper_dir));
    assert_int_equal(compatible->created_at, own->created_at);
    assert_int_equal(compatible->pid, own->pid);
    assert_int_equal(compatible->state, own->state);
    assert_int_equal(compatible->declared.caps, own->declared.caps);
    assert_int_equal(compatible->env.len, own->env.len);
    assert_int_equal(compatible->entrypoint.len, 0);
    assert_int_equal(own->entrypoint.len, 0);
    free_engine(&engine);
}

static void what_only_its_own_api_tells_is_there(void **state)
{
    struct engine engine;

    (void)state;
    read_engine(&engine, "podman/compat_info.json");
    ht_autorow struct ht_row *row = read_row(&engine, "podman/libpod_inspect_priv.json");
    const struct ht_container *c = ht_container_of(row);
    assert_true(ht_str_is(c->oci_runtime, "nosr"));
    assert_true(ht_str_has_prefix(c->cgroup, "/libpod_parent/libpod-ec79945410"));
    free_engine(&engine);
}

#define OWN(rest)                                                                                  \
    "{\"Id\":\"a1\",\"HostConfig\":{\"Privileged\":false,\"CapAdd\":[],\"CapDrop\":[],"            \
    "\"SecurityOpt\":[]}," rest "}"

static void one_that_is_no_root_may_get_its_bounding_set(void **state)
{
    struct engine engine;

    (void)state;
    read_engine(&engine, "podman/compat_info.json");
    ht_autorow struct ht_row *row =
        row_of(&engine, OWN("\"EffectiveCaps\":null,\"BoundingCaps\":[\"CAP_CHOWN\"]"));
    const struct ht_privilege *d = &ht_container_of(row)->declared;
    assert_int_equal(d->caps, 1);
    assert_int_equal(d->bounding, 1);
    assert_false(ht_privilege_has_masked_paths(d) || ht_privilege_has_readonly_paths(d));
    free_engine(&engine);
}

/* A list that cannot be read leaves what HostConfig says. */
static void capabilities_that_cannot_be_read_are_not_none(void **state)
{
    static const char *const answers[] = {
        OWN("\"EffectiveCaps\":\"all\",\"BoundingCaps\":[\"CAP_CHOWN\"]"),
        OWN("\"EffectiveCaps\":[7],\"BoundingCaps\":[\"CAP_CHOWN\"]"),
        OWN("\"BoundingCaps\":[\"CAP_CHOWN\"]"),
    };
    struct engine engine;

    (void)state;
    read_engine(&engine, "podman/compat_info.json");
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        ht_autorow struct ht_row *row = row_of(&engine, answers[i]);
        const struct ht_privilege *d = &ht_container_of(row)->declared;

        assert_int_equal(d->caps, PODMAN_CAPS);
        assert_false(ht_privilege_has_bounding(d));
    }
    free_engine(&engine);
}

/* Docker has no such keys: one that sends them is not believed. */
static void of_docker_nothing_of_it_counts(void **state)
{
    struct engine engine;

    (void)state;
    read_engine(&engine, "docker/plain/info.json");
    ht_autorow struct ht_row *row =
        row_of(&engine, OWN("\"EffectiveCaps\":[],\"BoundingCaps\":[],\"OCIRuntime\":\"/bin/x\""));
    assert_int_equal(ht_container_of(row)->declared.caps, DEFAULT_CAPS);
    assert_false(ht_container_has_oci_runtime(ht_container_of(row)));
    free_engine(&engine);
}

/* Neither API has a key for them that is ever filled. */
static void device_rules_are_those_of_the_command_that_made_it(void **state)
{
    static const struct {
        const char *config;
        size_t count; /* SIZE_MAX: not told */
        bool all;
    } cases[] = {
        {"[\"podman\",\"run\",\"-d\",\"x\"]", 0, false},
        {"[\"podman\",\"create\",\"--device-cgroup-rule\",\"b *:* rwm\",\"x\"]", 1, false},
        {"[\"podman\",\"run\",\"--device-cgroup-rule=c 1:1 r\",\"--device-cgroup-rules\","
         "\"--device-cgroup-rule=a *:* rwm\",\"x\"]",
         2, true},
        {"[\"podman\",\"run\",\"x\",\"--device-cgroup-rule\"]", 0, false},
        {"[\"podman\",\"kube\",\"play\",\"x.yaml\"]", SIZE_MAX, false},
        {"[7]", SIZE_MAX, false},
        {"null", SIZE_MAX, false},
    };
    struct engine engine;

    (void)state;
    read_engine(&engine, "podman/compat_info.json");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char answer[512];

        snprintf(answer, sizeof(answer),
                 OWN("\"BoundingCaps\":[],\"Config\":{\"CreateCommand\":%s}"), cases[i].config);
        ht_autorow struct ht_row *row = row_of(&engine, answer);
        const struct ht_container *c = ht_container_of(row);
        assert_int_equal(ht_container_has_device_rules(c), cases[i].count != SIZE_MAX);
        assert_int_equal(c->device_rules.len, cases[i].count == SIZE_MAX ? 0 : cases[i].count);
        assert_int_equal(c->declared.all_devices, cases[i].all);
        if (cases[i].count == 1)
            assert_true(ht_str_is(c->device_rules.items[0], "b *:* rwm"));
    }
    ht_autorow struct ht_row *compatible = read_row(&engine, "podman/compat_inspect_plain.json");
    assert_false(ht_container_has_device_rules(ht_container_of(compatible)));
    free_engine(&engine);
}

static void maps_of_its_own_are_a_user_namespace(void **state)
{
    /* Of a user's Podman the second number is none of the node's. */
    static const uint64_t users[] = {0, 1000};
    struct engine engine;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(users); i++) {
        read_engine(&engine, "podman/compat_info.json");
        ht_daemon_set_socket_uid(&engine.daemon, users[i]);
        ht_docker_decode_user_service(&engine.daemon, &engine.context);
        ht_autorow struct ht_row *row = row_of(
            &engine, "{\"Id\":\"a1\",\"BoundingCaps\":[],\"HostConfig\":{\"UsernsMode\":\"\","
                     "\"CgroupMode\":\"private\",\"IDMappings\":{\"UidMap\":["
                     "\"1000:0:1\",\"0:70000:1000\"]}}}");
        const struct ht_privilege *declared = &ht_container_of(row)->declared;

        assert_int_equal(declared->user_ns, HT_NS_SCOPE_OWN);
        assert_int_equal(declared->cgroup_ns, HT_NS_SCOPE_OWN);
        assert_true(ht_str_is(declared->uid_map, users[i] ? "" : "0 70000 1000"));
        free_engine(&engine);
    }
}

/* Podman 4.3 does not say that it is rootless. */
static void a_users_service_has_a_user_namespace(void **state)
{
    static const uint64_t users[] = {0, 1000};
    struct engine engine;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(users); i++) {
        read_engine(&engine, "podman/compat_info.json");
        ht_daemon_set_socket_uid(&engine.daemon, users[i]);
        ht_docker_decode_user_service(&engine.daemon, &engine.context);
        ht_autorow struct ht_row *row = read_row(&engine, "podman/libpod_inspect_priv.json");
        assert_int_equal(ht_container_of(row)->declared.user_ns,
                         users[i] ? HT_NS_SCOPE_OWN : HT_NS_SCOPE_HOST);
        assert_int_equal(engine.daemon.rootless, users[i] != 0);
        free_engine(&engine);
    }
}

/* ---- the list ---- */

static void list_of(struct ht_arena *arena, const char *text, struct ht_docker_list *ret)
{
    struct ht_error err = {0};

    if (ht_docker_decode_list(arena, ht_str_from(text), ret, &err) < 0)
        fail_msg("%s", err.text);
}

static void names_have_no_slash(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    struct ht_docker_list list;
    struct ht_buf text;

    (void)state;
    read_fixture("podman/libpod_containers.json", &text);
    list_of(arena, text.data, &list);
    assert_int_equal(list.len, 3);
    assert_true(ht_str_is(list.items[0].name, "pplain"));
    assert_true(ht_str_is(list.items[0].state, "running"));
    assert_false(list.items[0].working);
    ht_buf_fini(&text);
}

static void containers_of_buildah_are_listed_and_others_storage_is_not(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    struct ht_docker_list list;
    struct engine engine;

    (void)state;
    read_engine(&engine, "podman/compat_info.json");
    list_of(arena,
            "[{\"Id\":\"c1\",\"Names\":[\"k8s_POD_x\"],\"State\":\"storage\",\"Command\":"
            "[\"storage\"]},"
            "{\"Id\":\"b1\",\"Names\":[\"bb-working-container\"],\"State\":\"storage\","
            "\"Created\":\"2026-11-23T23:19:18Z\",\"Image\":\"localhost/bb:2\","
            "\"Command\":[\"buildah\"]}]",
            &list);
    assert_int_equal(list.len, 1);
    assert_true(list.items[0].working);
    ht_autorow struct ht_row *row = ht_docker_decode_listed(&list.items[0], &engine.context);
    const struct ht_container *c = ht_container_of(row);
    assert_true(ht_str_is(c->runtime, "buildah"));
    assert_true(ht_str_is(c->name, "bb-working-container"));
    assert_int_equal(c->state, HT_CONTAINER_STATE_CREATED);
    assert_true(ht_container_has_created_at(c));
    assert_false(ht_container_has_declared(c));
    free_engine(&engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capabilities_are_as_resolved),
        cmocka_unit_test(both_apis_tell_the_same),
        cmocka_unit_test(what_only_its_own_api_tells_is_there),
        cmocka_unit_test(one_that_is_no_root_may_get_its_bounding_set),
        cmocka_unit_test(capabilities_that_cannot_be_read_are_not_none),
        cmocka_unit_test(of_docker_nothing_of_it_counts),
        cmocka_unit_test(device_rules_are_those_of_the_command_that_made_it),
        cmocka_unit_test(maps_of_its_own_are_a_user_namespace),
        cmocka_unit_test(a_users_service_has_a_user_namespace),
        cmocka_unit_test(names_have_no_slash),
        cmocka_unit_test(containers_of_buildah_are_listed_and_others_storage_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
