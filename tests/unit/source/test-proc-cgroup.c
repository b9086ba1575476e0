/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which container, pod and unit a cgroup path names, for every runtime's way of naming. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"
#include "src/source/proc-decode.h"

#define ID   "2b4f5a0c9f1e8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a29181706f5e4d3c2b1a0"
#define ID2  "ffffffffffffffffffffffffffffffffeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
#define POD  "0a1b2c3d-1111-2222-3333-444455556666"
#define POD_ "0a1b2c3d_1111_2222_3333_444455556666"

struct pattern {
    const char *path;
    const char *id; /* NULL: none */
    enum ht_cgroup_sure sure;
    const char *pod;
    const char *unit;
    bool monitor;
};

static const struct pattern patterns[] = {
    {"/docker/" ID, ID, HT_CGROUP_CERTAIN, "", "", false},
    {"/docker/" ID "/init.scope", ID, HT_CGROUP_CERTAIN, "", "", false},
    {"/docker/" ID "/docker/" ID2, ID2, HT_CGROUP_CERTAIN, "", "", false},
    {"/docker/" ID " (deleted)", ID, HT_CGROUP_CERTAIN, "", "", false},
    {"/../" ID, ID, HT_CGROUP_CERTAIN, "", "", false},
    {"/../docker/" ID, ID, HT_CGROUP_CERTAIN, "", "", false},
    {"/system.slice/docker-" ID ".scope", ID, HT_CGROUP_CERTAIN, "", "docker-" ID ".scope", false},
    {"/kubepods/burstable/pod" POD "/" ID, ID, HT_CGROUP_CERTAIN, POD, "", false},
    {"/kubepods/pod" POD "/" ID, ID, HT_CGROUP_CERTAIN, POD, "", false},
    {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" POD_
     ".slice/cri-containerd-" ID ".scope",
     ID, HT_CGROUP_CERTAIN, POD, "cri-containerd-" ID ".scope", false},
    {"/kubepods.slice/kubepods-pod" POD_ ".slice/crio-" ID ".scope", ID, HT_CGROUP_CERTAIN, POD,
     "crio-" ID ".scope", false},
    {"/kubepods.slice/kubepods-pod" POD_ ".slice/crio-conmon-" ID ".scope", NULL, HT_CGROUP_NONE,
     POD, "crio-conmon-" ID ".scope", true},
    {"/system.slice/containerd.service/kubepods-burstable-pod" POD_ ".slice:cri-containerd:" ID, ID,
     HT_CGROUP_CERTAIN, POD, "containerd.service", false},
    {"/k8s.io/" ID, ID, HT_CGROUP_CERTAIN, "", "", false},
    {"/libpod_parent/libpod-" ID, ID, HT_CGROUP_CERTAIN, "", "", false},
    {"/libpod_parent/conmon", NULL, HT_CGROUP_NONE, "", "", true},
    {"/machine.slice/libpod-" ID ".scope/container", ID, HT_CGROUP_CERTAIN, "",
     "libpod-" ID ".scope", false},
    {"/machine.slice/libpod-conmon-" ID ".scope", NULL, HT_CGROUP_NONE, "",
     "libpod-conmon-" ID ".scope", true},
    {"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope", ID,
     HT_CGROUP_CERTAIN, "", "user@1000.service", false},
    {"/docker/buildkit/k3xqz0w9v8u7t6s5r4q3p2o1n", "k3xqz0w9v8u7t6s5r4q3p2o1n", HT_CGROUP_CERTAIN,
     "", "", false},
    {"/buildah-buildah3141592653", "buildah3141592653", HT_CGROUP_CERTAIN, "", "", false},
    {"/lxc.payload.web", "web", HT_CGROUP_CERTAIN, "", "", false},
    {"/lxc/web", "web", HT_CGROUP_CERTAIN, "", "", false},
    {"/lxc.monitor.web", NULL, HT_CGROUP_NONE, "", "", true},
    {"/machine.slice/machine-build.scope", "build", HT_CGROUP_CERTAIN, "", "machine-build.scope",
     false},
    {"/machine.slice/systemd-nspawn@x.service/payload", NULL, HT_CGROUP_NONE, "",
     "systemd-nspawn@x.service", false},
    {"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", NULL, HT_CGROUP_NONE, "",
     "machine-qemu\\x2d1\\x2dvm.scope", false},
    {"/default/c-default-plain", "c-default-plain", HT_CGROUP_POSSIBLE, "", "", false},
    {"/system.slice/ssh.service", NULL, HT_CGROUP_NONE, "", "ssh.service", false},
    {"/user.slice/user-0.slice/session-3.scope", NULL, HT_CGROUP_NONE, "", "session-3.scope",
     false},
    {"/init.scope", NULL, HT_CGROUP_NONE, "", "init.scope", false},
    {"/", NULL, HT_CGROUP_NONE, "", "", false},
    {"", NULL, HT_CGROUP_NONE, "", "", false},
    /* Not an id: too short, too long, not hexadecimal, or a name that only looks like a prefix. */
    {"/docker/0123456789abcdef", "0123456789abcdef", HT_CGROUP_NONE, "", "", false},
    {"/system.slice/docker-cleanup.service", NULL, HT_CGROUP_NONE, "", "docker-cleanup.service",
     false},
    {"/system.slice/docker-" ID "0.scope", NULL, HT_CGROUP_NONE, "", "docker-" ID "0.scope", false},
};

/* A user's manager is handed its part of the tree; sessions and root's services are not. */
static void groups_that_a_user_may_name_are_told(void **state)
{
    static const struct {
        const char *path;
        bool users;
    } cases[] = {
        {"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope", true},
        {"/user.slice/user-1000.slice/user@1000.service/docker-" ID ".scope", true},
        {"/../../user@1000.service/app.slice/docker-" ID ".scope", true},
        {"/user.slice/user-1000.slice/user@1000.service/app.slice/x.service", true},
        {"/user.slice/user-1000.slice/session-3.scope", false},
        {"/system.slice/docker-" ID ".scope", false},
        {"/system.slice/user@.mount/docker-" ID ".scope", false},
        /* What a container calls its own groups says nothing of the node's. */
        {"/docker/" ID "/user.slice/user@1000.service/x.service", false},
        {"/user.slice/user-1000.slice/user@1000.service", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_cgroup_facts facts;

        ht_cgroup_decode_path(ht_str_from(cases[i].path), &facts);
        if (facts.users != cases[i].users)
            fail_msg("%s", cases[i].path);
    }
}

/* Below a service, or a scope that is no container, the owner of the group tells. */
static void groups_that_may_be_handed_to_a_user_are_told(void **state)
{
    static const struct {
        const char *path, *named;
        bool delegable;
    } cases[] = {
        {"/system.slice/x.service/docker-" ID ".scope/init",
         "/system.slice/x.service/docker-" ID ".scope", true},
        {"/system.slice/x.service/a/kubepods/pod1/" ID,
         "/system.slice/x.service/a/kubepods/pod1/" ID, true},
        {"/system.slice/run-u3.scope/docker-" ID ".scope",
         "/system.slice/run-u3.scope/docker-" ID ".scope", true},
        {"/system.slice/docker-" ID ".scope/x.service", "/system.slice/docker-" ID ".scope", false},
        {"/system.slice/docker-" ID ".scope/docker-" ID ".scope",
         "/system.slice/docker-" ID ".scope/docker-" ID ".scope", false},
        {"/system.slice/x.service/plain", NULL, false},
        /* It is the user's without a question. */
        {"/user.slice/user@1000.service/x.service/docker-" ID ".scope",
         "/user.slice/user@1000.service/x.service/docker-" ID ".scope", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_cgroup_facts facts;

        ht_cgroup_decode_path(ht_str_from(cases[i].path), &facts);
        if (facts.delegable != cases[i].delegable ||
            (cases[i].named && !ht_str_is(facts.named, cases[i].named)))
            fail_msg("%s: %.*s", cases[i].path, HT_STR_ARG(facts.named));
    }
}

static void each_pattern_names_its_container(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        const struct pattern *pattern = &patterns[i];
        struct ht_cgroup_facts facts;

        ht_cgroup_decode_path(ht_str_from(pattern->path), &facts);
        print_message("%s\n", pattern->path);
        assert_int_equal(facts.sure, pattern->sure);
        if (pattern->sure != HT_CGROUP_NONE)
            assert_true(ht_str_is(facts.container_id, pattern->id));
        else
            assert_int_equal(facts.container_id.len, 0);
        assert_string_equal(facts.pod_uid, pattern->pod);
        assert_true(ht_str_is(facts.unit, pattern->unit));
        assert_int_equal(facts.monitor, pattern->monitor);
    }
}

static void static_pod_has_a_hash_as_uid(void **state)
{
    struct ht_cgroup_facts facts;

    (void)state;
    ht_cgroup_decode_path(HT_S("/kubepods/burstable/pod0123456789abcdef0123456789abcdef/" ID),
                          &facts);
    assert_string_equal(facts.pod_uid, "0123456789abcdef0123456789abcdef");
}

static void line_that_tells_most_wins(void **state)
{
    struct ht_cgroup_facts facts;

    (void)state;
    ht_cgroup_decode(HT_S("9:name=systemd:/system.slice/x.service\n4:memory:/docker/" ID
                          "\n1:cpu:/\n0::/system.slice/x.service\n"),
                     &facts);
    assert_true(ht_str_is(facts.container_id, ID));
    assert_true(ht_str_is(facts.path, "/docker/" ID));
    assert_string_equal(facts.pattern, "docker");

    ht_cgroup_decode(HT_S("4:memory:/default/web\n0::/system.slice/x.service\n"), &facts);
    assert_int_equal(facts.sure, HT_CGROUP_NONE);
    assert_true(ht_str_is(facts.unit, "x.service"));

    ht_cgroup_decode(HT_S("0::/\n"), &facts);
    assert_true(ht_str_is(facts.path, "/"));
}

static void broken_lines_are_no_cgroup(void **state)
{
    static const char *const texts[] = {"", "\n\n", "0", "0:", "0::", ("0::docker/" ID), "::::"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct ht_cgroup_facts facts;

        ht_cgroup_decode(ht_str_from(texts[i]), &facts);
        assert_int_equal(facts.sure, HT_CGROUP_NONE);
        assert_int_equal(facts.path.len, 0);
    }
}

static void very_deep_path_is_read_from_its_end(void **state)
{
    char path[4096] = "";
    size_t len = 0;
    struct ht_cgroup_facts facts;

    (void)state;
    for (int i = 0; i < 500; i++)
        len += (size_t)snprintf(path + len, sizeof(path) - len, "/d%d", i);
    snprintf(path + len, sizeof(path) - len, "/docker/" ID);
    ht_cgroup_decode_path(ht_str_from(path), &facts);
    assert_true(ht_str_is(facts.container_id, ID));
}

static void path_of_a_controller_is_found(void **state)
{
    const struct ht_str text =
        HT_S("5:cpu,cpuacct:/a\n4:memory:/b (deleted)\n1:name=systemd:/c\n0::/d\n");

    (void)state;
    assert_true(ht_str_is(ht_cgroup_path_of(text, "cpuacct"), "/a"));
    assert_true(ht_str_is(ht_cgroup_path_of(text, "memory"), "/b"));
    assert_true(ht_str_is(ht_cgroup_path_of(text, "name=systemd"), "/c"));
    assert_true(ht_str_is(ht_cgroup_path_of(text, ""), "/d"));
    assert_int_equal(ht_cgroup_path_of(text, "pids").len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pattern_names_its_container),
        cmocka_unit_test(groups_that_a_user_may_name_are_told),
        cmocka_unit_test(groups_that_may_be_handed_to_a_user_are_told),
        cmocka_unit_test(static_pod_has_a_hash_as_uid),
        cmocka_unit_test(line_that_tells_most_wins),
        cmocka_unit_test(broken_lines_are_no_cgroup),
        cmocka_unit_test(very_deep_path_is_read_from_its_end),
        cmocka_unit_test(path_of_a_controller_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
