/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds as the join derives them: what builds, how far apart, what it shares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rows.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/builds.h"
#include "hulltop/check/classify.h"

static struct ht_facts *facts;
static struct ht_arena *arena;
static struct ht_node *node;
static struct ht_host host;
static const struct ht_rowset none;

static int setup(void **state)
{
    (void)state;
    node = ht_node_new(1000);
    host = (struct ht_host){0};
    ht_host_set_id(&host, HT_S("node-17"));
    ht_host_set_name(&host, HT_S("node-17"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ht_node_unref(node);
    ht_arena_reset(arena);
    return 0;
}

/* ---- rows ---- */

static void add(struct ht_container *container)
{
    container->known &= ~(UINT64_C(1) << HT_CONTAINER_F_CLASS);
    ht_classify(facts, container, arena);
    add_container(node, container);
}

static void add_app(const char *id, const char *name)
{
    struct ht_container app = default_container(id, name);

    add(&app);
}

static struct ht_pair_list one_pair(const char *key, const char *value)
{
    struct ht_pair *pair = ht_arena_array(arena, struct ht_pair, 1);

    *pair = (struct ht_pair){.key = ht_str_from(key), .value = ht_str_from(value)};
    return (struct ht_pair_list){.items = pair, .len = 1};
}

static struct ht_text_list words(const char *text)
{
    struct ht_str *items = ht_arena_array(arena, struct ht_str, 16);
    struct ht_str rest = ht_str_from(text);
    size_t len = 0;

    while (len < 16 && ht_str_next(&rest, ' ', &items[len]))
        len++;
    return (struct ht_text_list){.items = items, .len = len};
}

static struct ht_mount_list one_mount(const char *source, const char *target, bool rw)
{
    struct ht_mount *mount = ht_arena_array(arena, struct ht_mount, 1);

    ht_mount_set_origin(mount, HT_MOUNT_ORIGIN_BIND);
    ht_mount_set_source(mount, ht_str_from(source));
    ht_mount_set_target(mount, ht_str_from(target));
    ht_mount_set_rw(mount, rw);
    return (struct ht_mount_list){.items = mount, .len = 1};
}

/* A process; container NULL: of the node itself. */
static struct ht_process process(uint64_t pid, uint64_t ppid, const char *argv,
                                 const char *container)
{
    struct ht_process made = {0};

    ht_process_set_id(&made, ht_arena_strf(arena, "%llu.7", (unsigned long long)pid));
    ht_process_set_pid(&made, pid);
    ht_process_set_ppid(&made, ppid);
    ht_process_set_start(&made, 7);
    ht_process_set_argv(&made, words(argv));
    ht_process_set_exe(&made, made.argv.items[0]);
    ht_process_set_euid(&made, 0);
    if (container)
        ht_process_set_container(&made, ht_str_from(container));
    return made;
}

static void add_process(uint64_t pid, uint64_t ppid, const char *argv, const char *container)
{
    struct ht_process made = process(pid, ppid, argv, container);

    ht_node_add(node, ht_row_new(&ht_process_table, &made));
}

/* A step of docker build. */
static struct ht_container classic_step(const char *id)
{
    struct ht_container step = default_container(id, "angry_banach");

    ht_container_set_image(&step, HT_S("sha256:5905c2dc74e7fd09318251250bd430053e5eb5bc36813680bb06"
                                       "502a50429ee5"));
    ht_container_set_command(&step, words("/bin/sh -c make"));
    ht_container_set_entrypoint(&step, (struct ht_text_list){0});
    ht_container_set_pid(&step, 500);
    return step;
}

/* ---- looking ---- */

static void derive(void)
{
    ht_node_add(node, ht_row_new(&ht_host_table, &host));
    ht_node_sort(node);
    ht_builds_derive(node, facts, &none);
}

static size_t count(void)
{
    return ht_node_set(node, HT_TABLE_BUILD)->len;
}

static const struct ht_build *find(const char *id)
{
    const struct ht_row *row = ht_node_find(node, HT_TABLE_BUILD, ht_str_from(id));

    if (!row)
        fail_msg("no build %s", id);
    return ht_build_of(row);
}

static const struct ht_share *share(const struct ht_build *build, enum ht_share_kind kind)
{
    for (size_t i = 0; i < build->shares.len; i++) {
        if (build->shares.items[i].kind == kind)
            return &build->shares.items[i];
    }
    return NULL;
}

static void expect_grade(const struct ht_build *build, enum ht_build_grade grade)
{
    if (!ht_build_has_grade(build) || build->grade != grade)
        fail_msg("grade %s, not %s: %s",
                 ht_build_has_grade(build) ? ht_enum_name(&ht_build_grade_enum, build->grade) : "?",
                 ht_enum_name(&ht_build_grade_enum, grade), build->reason.data);
    assert_int_equal(build->badge, grade);
}

static void expect_text(struct ht_str text, const char *expected)
{
    if (!ht_str_is(text, expected))
        fail_msg("\"%.*s\", not \"%s\"", HT_STR_ARG(text), expected);
}

/* ---- tests ---- */

static void applications_alone_are_no_build(void **state)
{
    (void)state;
    add_app("a1", "web");
    add_process(411, 1, "/usr/sbin/nginx", "a1");
    add_process(9, 1, "/usr/sbin/dockerd --config-file d.json", NULL);
    add_process(10, 1, "docker run --rm build", NULL);
    derive();
    assert_int_equal(count(), 0);
}

static void a_step_of_docker_build_is_a_build(void **state)
{
    struct ht_container step = classic_step("b1");

    (void)state;
    add(&step);
    add_app("a1", "web");
    add_app("a2", "db");
    derive();

    const struct ht_build *build = find("b1");
    assert_int_equal(count(), 1);
    expect_text(build->system, "docker-classic");
    assert_int_equal(build->confidence, HT_CONFIDENCE_LIKELY);
    assert_int_equal(build->state, HT_BUILD_STATE_RUNNING);
    assert_int_equal(build->applications, 2);
    expect_grade(build, HT_BUILD_GRADE_D);
    assert_int_equal(share(build, HT_SHARE_KIND_KERNEL)->count, 2);
    expect_text(share(build, HT_SHARE_KIND_KERNEL)->with.items[0], "web");
    expect_text(share(build, HT_SHARE_KIND_ENGINE)->object, "dockerd");
    expect_text(build->subject.container, "docker build");
}

static void what_a_person_starts_is_no_step(void **state)
{
    struct ht_container named = classic_step("b1"), tagged = classic_step("b2");
    struct ht_container entry = classic_step("b3");

    (void)state;
    ht_container_set_name(&named, HT_S("shop-web-1"));
    ht_container_set_image(&tagged, HT_S("shop/web:2"));
    ht_container_set_entrypoint(&entry, words("/bin/sh -c"));
    add(&named);
    add(&tagged);
    add(&entry);
    derive();
    assert_int_equal(count(), 0);
}

static void the_client_names_the_image(void **state)
{
    struct ht_container step = classic_step("b1");

    (void)state;
    add(&step);
    add_process(77, 1, "/usr/bin/docker -H unix:///run/docker.sock build -t shop/cart:2 .", NULL);
    derive();
    assert_int_equal(count(), 1);
    expect_text(find("b1")->name, "shop/cart:2");
    assert_int_equal(find("b1")->confidence, HT_CONFIDENCE_CERTAIN);
}

static void client_and_step_are_the_same_job(void **state)
{
    struct ht_container step = classic_step("b1");
    char *alone, *both;

    (void)state;
    add_process(77, 1, "docker build -t shop/cart:2 .", NULL);
    derive();
    alone = ht_strndup(find("process:77.7")->key.data, find("process:77.7")->key.len);
    ht_rowset_fini(&node->sets[HT_TABLE_BUILD]);
    add(&step);
    derive();
    both = ht_strndup(find("b1")->key.data, find("b1")->key.len);
    assert_string_equal(alone, both);
    free(alone);
    free(both);
}

static void of_two_clients_none_is_named(void **state)
{
    struct ht_container step = classic_step("b1");

    (void)state;
    add(&step);
    add_process(77, 1, "docker build -t one .", NULL);
    add_process(78, 1, "docker build -t two .", NULL);
    derive();
    assert_int_equal(count(), 1);
    assert_false(ht_build_has_name(find("b1")));
}

static void a_client_without_steps_is_a_build_of_the_node(void **state)
{
    (void)state;
    add_process(77, 1, "docker build -t one .", NULL);
    add_process(78, 77, "/usr/libexec/docker/cli-plugins/docker-buildx buildx build -t one .",
                NULL);
    derive();
    assert_int_equal(count(), 1);
    expect_text(find("process:77.7")->name, "one");
    assert_false(ht_build_has_grade(find("process:77.7")));
}

/* Where no daemon listens, Docker makes a folder and mounts that. */
static void a_folder_in_the_sockets_place_is_none(void **state)
{
    struct ht_container step = classic_step("b1");
    struct ht_container runner = default_container("r1", "runner");
    struct ht_mount seen = *one_mount("/run/docker.sock", "/run/docker.sock", false).items;

    (void)state;
    ht_mount_set_root(&seen, HT_S("/docker.sock"));
    ht_mount_set_kind(&seen, HT_MOUNT_KIND_FOLDER);
    ht_container_set_mounts(&runner, one_mount("/var/run/docker.sock", "/run/docker.sock", false));
    ht_container_set_kernel_mounts(&runner, (struct ht_mount_list){.items = &seen, .len = 1});
    add(&step);
    add(&runner);
    add_app("a1", "web");
    add_process(411, 1, "/usr/bin/docker build -t shop/cart:2 .", "r1");
    derive();
    assert_null(share(find("b1"), HT_SHARE_KIND_RUNTIME_SOCKET));
    assert_null(share(find("r1"), HT_SHARE_KIND_RUNTIME_SOCKET));
    assert_true(ht_str_find(find("b1")->reason, HT_S("socket"), 0) < 0);
}

static void a_build_through_the_socket_is_of_who_holds_it(void **state)
{
    struct ht_container step = classic_step("b1");
    struct ht_container runner = default_container("r1", "runner");

    (void)state;
    ht_container_set_mounts(&runner, one_mount("/run/docker.sock", "/var/run/docker.sock", false));
    add(&step);
    add(&runner);
    add_app("a1", "web");
    add_process(411, 1, "/usr/bin/docker build -t shop/cart:2 .", "r1");
    derive();
    assert_int_equal(count(), 2);
    expect_text(find("b1")->started_by, "r1");
    expect_grade(find("b1"), HT_BUILD_GRADE_E);
    expect_text(find("b1")->reason, "started through the runtime's socket by runner");
    expect_text(share(find("b1"), HT_SHARE_KIND_RUNTIME_SOCKET)->object, "/run/docker.sock");
    assert_int_equal(share(find("b1"), HT_SHARE_KIND_RUNTIME_SOCKET)->count, 1);
    expect_grade(find("r1"), HT_BUILD_GRADE_E);
    expect_text(find("r1")->name, "shop/cart:2");
    assert_int_equal(find("r1")->applications, 1);
}

static void add_step(const char *id, const char *runtime, uint64_t pid, uint64_t ppid)
{
    struct ht_container step = default_container(id, id);

    ht_container_set_state(&step, HT_CONTAINER_STATE_UNMANAGED);
    ht_container_set_runtime(&step, ht_str_from(runtime));
    ht_container_set_class(&step, HT_CLASS_BUILD);
    ht_container_set_class_signal(&step, HT_S("its cgroup"));
    ht_container_set_pid(&step, pid);
    step.known &= ~(UINT64_C(1) << HT_CONTAINER_F_IMAGE | UINT64_C(1) << HT_CONTAINER_F_MOUNTS);
    add_container(node, &step);
    add_process(pid, ppid, "/bin/sleep 6", id);
}

static void buildkit_in_dockerd_is_told_by_its_processes(void **state)
{
    (void)state;
    add_process(9, 1, "/usr/sbin/dockerd", NULL);
    add_process(21, 9, "runc run --bundle /r/buildkit/executor/x x", NULL);
    add_step("mc2wasjfpfiwwvaf6fs90ipbd", "buildkit", 22, 21);
    add_app("a1", "web");
    derive();
    assert_int_equal(count(), 1);
    expect_text(find("mc2wasjfpfiwwvaf6fs90ipbd")->product, "BuildKit in dockerd");
    assert_non_null(share(find("mc2wasjfpfiwwvaf6fs90ipbd"), HT_SHARE_KIND_ENGINE));
    expect_grade(find("mc2wasjfpfiwwvaf6fs90ipbd"), HT_BUILD_GRADE_D);
}

static void steps_of_buildah_are_of_the_process_that_builds(void **state)
{
    (void)state;
    add_process(31, 1, "buildah build --tag=pay:3 ctx", NULL);
    add_process(32, 31, "buildah-oci-runtime", NULL);
    add_step("buildah2151638970", "buildah", 33, 32);
    derive();
    assert_int_equal(count(), 1);
    expect_text(find("process:31.7")->name, "pay:3");
    expect_text(find("process:31.7")->containers.items[0], "buildah2151638970");
    expect_grade(find("process:31.7"), HT_BUILD_GRADE_D);
}

static void chroot_isolation_is_none(void **state)
{
    (void)state;
    add_process(31, 1, "buildah bud .", NULL);
    add_process(32, 31, "buildah-chroot-exec", NULL);
    derive();
    expect_grade(find("process:31.7"), HT_BUILD_GRADE_E);
}

static void all_containers_of_a_pod_are_one_build(void **state)
{
    struct ht_container build = default_container("c1", "build");
    struct ht_container helper = default_container("c2", "svc-0");

    (void)state;
    ht_container_set_pod(&build, HT_S("ci/runner-x-project-5-concurrent-0"));
    ht_container_set_pod(&helper, HT_S("ci/runner-x-project-5-concurrent-0"));
    ht_container_set_labels(&build, one_pair("job.runner.gitlab.com/name", "compile"));
    ht_container_set_env(&build, one_pair("CI_PIPELINE_SOURCE", "merge_request_event"));
    make_privileged(&helper);
    add(&build);
    add(&helper);
    add_app("a1", "web");
    derive();
    assert_int_equal(count(), 1);

    const struct ht_build *found = find("pod:ci/runner-x-project-5-concurrent-0");
    assert_int_equal(found->containers.len, 2);
    assert_int_equal(found->applications, 1);
    expect_text(found->system, "gitlab");
    expect_text(found->name, "compile");
    expect_text(found->trigger, "merge_request_event");
    expect_grade(found, HT_BUILD_GRADE_E);
}

static void a_sandbox_is_proven_by_the_shim(void **state)
{
    struct ht_container build = default_container("k1", "kaniko");
    struct ht_container named = default_container("k2", "kaniko2");

    (void)state;
    ht_container_set_image(&build, HT_S("gcr.io/kaniko-project/executor:v1"));
    ht_container_set_image(&named, HT_S("gcr.io/kaniko-project/executor:v1"));
    ht_container_set_oci_runtime(&named, HT_S("runsc"));
    ht_container_set_pid(&build, 50);
    ht_container_set_pid(&named, 60);
    add(&build);
    add(&named);
    add_process(49, 1, "/usr/bin/containerd-shim-runsc-v1", NULL);
    add_process(50, 49, "/kaniko/executor", "k1");
    add_process(59, 1, "/usr/bin/containerd-shim-runc-v2", NULL);
    add_process(60, 59, "/kaniko/executor", "k2");
    derive();
    expect_grade(find("k1"), HT_BUILD_GRADE_B);
    assert_null(share(find("k1"), HT_SHARE_KIND_KERNEL));
    expect_grade(find("k2"), HT_BUILD_GRADE_D);
    assert_non_null(share(find("k2"), HT_SHARE_KIND_KERNEL));
}

static void a_program_called_like_a_sandbox_proves_nothing(void **state)
{
    struct ht_container build = default_container("k1", "kaniko");

    (void)state;
    ht_container_set_image(&build, HT_S("gcr.io/kaniko-project/executor:v1"));
    ht_container_set_pid(&build, 50);
    add(&build);
    add_process(49, 1, "containerd-shim-kata-v2", "k1");
    add_process(50, 49, "/runsc", "k1");
    derive();
    expect_grade(find("k1"), HT_BUILD_GRADE_D);
}

static void a_user_namespace_earns_a_c(void **state)
{
    struct ht_container build = default_container("k1", "buildkitd");

    (void)state;
    ht_container_set_image(&build, HT_S("moby/buildkit:rootless"));
    ht_privilege_set_user_ns(&build.effective, HT_NS_SCOPE_OWN);
    ht_privilege_set_host_uid(&build.effective, 231072);
    add(&build);
    add_process(411, 1, "rootlesskit buildkitd", "k1");
    add_process(412, 411, "/usr/bin/buildkitd", "k1");
    derive();
    expect_grade(find("k1"), HT_BUILD_GRADE_C);
    assert_int_equal(find("k1")->state, HT_BUILD_STATE_STANDING);
}

/* --uidmap 0:0:65536 */
static void a_user_namespace_that_keeps_root_earns_none(void **state)
{
    struct ht_container build = default_container("k1", "buildkitd");

    (void)state;
    ht_container_set_image(&build, HT_S("moby/buildkit:rootless"));
    ht_privilege_set_user_ns(&build.effective, HT_NS_SCOPE_OWN);
    ht_privilege_set_caps(&build.effective, UINT64_MAX);
    ht_privilege_set_uid_map(&build.effective, HT_S("0 0 65536"));
    add(&build);
    add_process(411, 1, "rootlesskit buildkitd", "k1");
    derive();
    expect_grade(find("k1"), HT_BUILD_GRADE_D);
}

static void a_builder_with_work_runs(void **state)
{
    struct ht_container build = default_container("k1", "buildkitd");

    (void)state;
    ht_container_set_image(&build, HT_S("moby/buildkit:latest"));
    make_privileged(&build);
    add(&build);
    add_process(411, 1, "/usr/bin/buildkitd", "k1");
    add_process(413, 411, "/usr/bin/cc", "k1");
    derive();
    assert_int_equal(find("k1")->state, HT_BUILD_STATE_RUNNING);
    expect_grade(find("k1"), HT_BUILD_GRADE_E);
}

static void a_builder_in_any_image_is_seen(void **state)
{
    struct ht_container app = default_container("k1", "tools");

    (void)state;
    add(&app);
    add_process(411, 1, "/bin/sh", "k1");
    add_process(412, 411, "/usr/bin/dockerd", "k1");
    derive();
    assert_int_equal(count(), 1);
    expect_text(find("k1")->system, "dind");
    expect_text(find("k1")->signal, "Docker in Docker: dockerd runs in it");
    assert_int_equal(find("k1")->applications, 0);
}

static void steps_of_a_workflow_may_be_anything(void **state)
{
    struct ht_container step = default_container("t1", "step-test");
    struct ht_container kaniko = default_container("t2", "step-build");

    (void)state;
    ht_container_set_labels(&step, one_pair("tekton.dev/taskRun", "test-1"));
    ht_container_set_labels(&kaniko, one_pair("tekton.dev/taskRun", "build-1"));
    add(&step);
    add(&kaniko);
    add_process(412, 1, "/usr/bin/buildah", "t2");
    derive();
    assert_true(find("t1")->pipeline);
    assert_false(find("t2")->pipeline);
    expect_text(find("t2")->system, "buildah");
}

static void folders_are_shared_with_who_has_them_too(void **state)
{
    struct ht_container build = default_container("k1", "agent");
    struct ht_container app = default_container("a1", "web");

    (void)state;
    ht_container_set_labels(&build, one_pair("jenkins/label", "maven"));
    ht_container_set_mounts(&build, one_mount("/srv/cache", "/root/.m2", true));
    ht_container_set_mounts(&app, one_mount("/srv/cache/web", "/data", false));
    add(&build);
    add(&app);
    add_app("a2", "db");
    derive();

    const struct ht_share *path = share(find("k1"), HT_SHARE_KIND_HOST_PATH);
    assert_non_null(path);
    expect_text(path->object, "/srv/cache");
    assert_true(path->writable);
    assert_int_equal(path->count, 1);
    expect_text(path->with.items[0], "web");
}

static void credentials_and_networks_are_shares(void **state)
{
    struct ht_container build = default_container("k1", "agent");
    struct ht_container app = default_container("a1", "web");

    (void)state;
    ht_container_set_labels(&build, one_pair("jenkins/label", "maven"));
    ht_container_set_mounts(&build, one_mount("/var/lib/kubelet/pki", "/pki", false));
    ht_privilege_set_net_ns(&build.effective, HT_NS_SCOPE_HOST);
    ht_privilege_set_net_ns(&app.effective, HT_NS_SCOPE_HOST);
    add(&build);
    add(&app);
    derive();
    assert_non_null(share(find("k1"), HT_SHARE_KIND_NODE_CREDENTIALS));
    assert_int_equal(share(find("k1"), HT_SHARE_KIND_NETWORK)->count, 1);
}

static void runners_of_the_node_are_builds(void **state)
{
    struct ht_process runner = process(70, 1, "/opt/gitlab-runner run", NULL);

    (void)state;
    ht_process_set_unit(&runner, HT_S("gitlab-runner.service"));
    ht_process_set_euid(&runner, 998);
    ht_node_add(node, ht_row_new(&ht_process_table, &runner));
    add_app("a1", "web");
    derive();

    const struct ht_build *build = find("process:70.7");
    expect_text(build->subject.kind, "unit");
    expect_text(build->subject.name, "gitlab-runner.service");
    assert_int_equal(build->state, HT_BUILD_STATE_STANDING);
    expect_grade(build, HT_BUILD_GRADE_D);
    assert_non_null(share(build, HT_SHARE_KIND_PROCESS_IDS));
}

static void a_runner_with_children_works(void **state)
{
    (void)state;
    add_process(70, 1, "/opt/gitlab-runner run", NULL);
    add_process(71, 70, "/bin/bash -c make", NULL);
    derive();
    assert_int_equal(find("process:70.7")->state, HT_BUILD_STATE_RUNNING);
    expect_grade(find("process:70.7"), HT_BUILD_GRADE_E);
}

static void the_control_plane_is_shared(void **state)
{
    struct ht_container build = classic_step("b1");

    (void)state;
    add(&build);
    add_process(80, 1, "/usr/local/bin/kube-apiserver --etcd-servers=x", NULL);
    derive();
    expect_text(share(find("b1"), HT_SHARE_KIND_CONTROL_PLANE)->object, "Kubernetes API server");
}

static void a_node_of_its_own_is_the_best(void **state)
{
    static const struct ht_str taints[] = {HT_STR("dedicated=ci:NoSchedule")};
    struct ht_container build = classic_step("b1");

    (void)state;
    ht_host_set_taints(&host, (struct ht_text_list){.items = taints, .len = 1});
    ht_host_set_cluster_nodes(&host, 5);
    add(&build);
    derive();
    expect_grade(find("b1"), HT_BUILD_GRADE_A);
    assert_false(find("b1")->one_node);
}

static void a_reserved_node_with_an_application_is_not(void **state)
{
    static const struct ht_str taints[] = {HT_STR("dedicated=ci:NoSchedule")};
    struct ht_container build = classic_step("b1");

    (void)state;
    ht_host_set_taints(&host, (struct ht_text_list){.items = taints, .len = 1});
    ht_host_set_cluster_nodes(&host, 1);
    add(&build);
    add_app("a1", "web");
    derive();
    expect_grade(find("b1"), HT_BUILD_GRADE_D);
    assert_true(find("b1")->one_node);
}

static void without_privileges_there_is_no_grade(void **state)
{
    struct ht_container build = classic_step("b1");

    (void)state;
    build.declared = (struct ht_privilege){0};
    build.effective = (struct ht_privilege){0};
    add(&build);
    derive();
    assert_false(ht_build_has_grade(find("b1")));
    assert_false(ht_build_has_badge(find("b1")));
}

static void what_did_not_change_is_the_same_row(void **state)
{
    struct ht_container step = classic_step("b1");
    struct ht_node *next;

    (void)state;
    add(&step);
    derive();
    next = ht_node_share(node);
    ht_rowset_fini(&next->sets[HT_TABLE_BUILD]);
    ht_builds_derive(next, facts, ht_node_set(node, HT_TABLE_BUILD));
    assert_ptr_equal(ht_node_set(next, HT_TABLE_BUILD)->rows[0],
                     ht_node_set(node, HT_TABLE_BUILD)->rows[0]);
    ht_node_unref(next);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(applications_alone_are_no_build),
        TEST(a_step_of_docker_build_is_a_build),
        TEST(what_a_person_starts_is_no_step),
        TEST(the_client_names_the_image),
        TEST(client_and_step_are_the_same_job),
        TEST(of_two_clients_none_is_named),
        TEST(a_client_without_steps_is_a_build_of_the_node),
        TEST(a_folder_in_the_sockets_place_is_none),
        TEST(a_build_through_the_socket_is_of_who_holds_it),
        TEST(buildkit_in_dockerd_is_told_by_its_processes),
        TEST(steps_of_buildah_are_of_the_process_that_builds),
        TEST(chroot_isolation_is_none),
        TEST(all_containers_of_a_pod_are_one_build),
        TEST(a_sandbox_is_proven_by_the_shim),
        TEST(a_program_called_like_a_sandbox_proves_nothing),
        TEST(a_user_namespace_earns_a_c),
        TEST(a_user_namespace_that_keeps_root_earns_none),
        TEST(a_builder_with_work_runs),
        TEST(a_builder_in_any_image_is_seen),
        TEST(steps_of_a_workflow_may_be_anything),
        TEST(folders_are_shared_with_who_has_them_too),
        TEST(credentials_and_networks_are_shares),
        TEST(runners_of_the_node_are_builds),
        TEST(a_runner_with_children_works),
        TEST(the_control_plane_is_shared),
        TEST(a_node_of_its_own_is_the_best),
        TEST(a_reserved_node_with_an_application_is_not),
        TEST(without_privileges_there_is_no_grade),
        TEST(what_did_not_change_is_the_same_row),
    };
    struct ht_error err = {0};
    int failed;

    arena = ht_arena_new(1024 * 1024);
    if (ht_facts_load(NULL, &facts, &err) < 0)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    ht_facts_free(facts);
    ht_arena_free(arena);
    return failed;
}
