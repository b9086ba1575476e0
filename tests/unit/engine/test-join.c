/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples become one node. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "joined.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/facts.h"
#include "hulltop/engine/core.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void add_container(struct fixture *fixture, const char *id, uint64_t pid)
{
    struct ht_container container = {0};

    ht_container_set_id(&container, ht_str_from(id));
    ht_container_set_name(&container, HT_S("web"));
    ht_container_set_state(&container, HT_CONTAINER_STATE_RUNNING);
    ht_container_set_pid(&container, pid);
    ht_node_add(fixture->docker, ht_row_new(&ht_container_table, &container));
}

static void add_process(struct fixture *fixture, struct ht_process process, const char *cgroup)
{
    char id[32];

    snprintf(id, sizeof(id), "%llu.1", (unsigned long long)process.pid);
    ht_process_set_id(&process, ht_str_from(id));
    ht_process_set_cgroup(&process, ht_str_from(cgroup));
    ht_node_add(fixture->proc, ht_row_new(&ht_process_table, &process));
}

static struct ht_process with_pid(uint64_t pid)
{
    struct ht_process process = {0};

    ht_process_set_pid(&process, pid);
    ht_process_set_start(&process, pid);
    return process;
}

static struct ht_node *join(struct fixture *fixture)
{
    struct ht_node *samples[] = {fixture->docker, NULL, fixture->proc};

    ht_node_sort(fixture->docker);
    ht_node_sort(fixture->proc);
    return ht_joiner_join(fixture->joiner, samples, ARRAY_LEN(samples), 5);
}

static const struct ht_container *container_of(const struct ht_node *node, const char *id)
{
    const struct ht_row *row = ht_node_find(node, HT_TABLE_CONTAINER, ht_str_from(id));

    return row ? ht_container_of(row) : NULL;
}

static const struct ht_process *process_of(const struct ht_node *node, const char *id)
{
    return ht_process_of(ht_node_find(node, HT_TABLE_PROCESS, ht_str_from(id)));
}

static void a_process_finds_its_container_by_cgroup(void **state)
{
    struct fixture *fixture = *state;

    add_container(fixture, ID_A, 10);
    add_process(fixture, with_pid(10), "/docker/" ID_A);
    add_process(fixture, with_pid(11), "/system.slice/docker-" ID_A ".scope");
    add_process(fixture, with_pid(12), "/system.slice/ssh.service");
    ht_autonode struct ht_node *node = join(fixture);
    assert_true(ht_str_is(process_of(node, "10.1")->container, ID_A));
    assert_true(ht_str_is(process_of(node, "11.1")->container, ID_A));
    assert_false(ht_process_has_container(process_of(node, "12.1")));
    assert_int_equal(container_of(node, ID_A)->processes, 2);
}

/* A daemon that lies must not get other containers, or point at another process. */
static void a_name_that_is_no_id_takes_no_processes(void **state)
{
    struct fixture *fixture = *state;
    struct ht_process process = with_pid(10);

    ht_process_set_container_id(&process, HT_S(ID_A));
    add_container(fixture, "docker", 10);
    add_process(fixture, process, "/docker/" ID_A);
    ht_autonode struct ht_node *node = join(fixture);
    assert_true(ht_str_is(process_of(node, "10.1")->container, ID_A));
    assert_non_null(container_of(node, ID_A));
    assert_int_equal(container_of(node, "docker")->processes, 0);
}

static void the_pid_of_a_container_is_that_of_a_process_of_its_own(void **state)
{
    struct fixture *fixture = *state;

    add_container(fixture, ID_A, 12);
    add_process(fixture, with_pid(10), "/docker/" ID_A);
    add_process(fixture, with_pid(12), "/system.slice/ssh.service");
    ht_autonode struct ht_node *node = join(fixture);
    assert_int_equal(container_of(node, ID_A)->pid, 10);
}

static void the_effective_privilege_is_that_of_the_init_process(void **state)
{
    struct fixture *fixture = *state;
    struct ht_process init = with_pid(20), other = with_pid(10);

    ht_process_set_cap_eff(&init, 0x1ffffffffff);
    ht_process_set_reads(&init, 2);
    ht_process_set_cap_eff(&other, 0);
    add_container(fixture, ID_A, 20);
    add_process(fixture, other, "/docker/" ID_A);
    add_process(fixture, init, "/docker/" ID_A);
    ht_autonode struct ht_node *node = join(fixture);
    assert_true(ht_privilege_has_caps(&container_of(node, ID_A)->effective));
    assert_int_equal(container_of(node, ID_A)->effective.caps, 0x1ffffffffff);
}

/* It is judged again when another process holds something else, though the first is the same. */
static void a_container_says_what_any_of_its_processes_holds(void **state)
{
    struct fixture *fixture = *state;
    struct ht_process init = with_pid(10), other = with_pid(20);

    ht_process_set_euid(&init, 1000);
    ht_process_set_cap_eff(&init, 0);
    ht_process_set_cap_prm(&init, 0);
    ht_process_set_reads(&init, 2);
    other = init;
    ht_process_set_pid(&other, 20);
    add_container(fixture, ID_A, 10);
    add_process(fixture, init, "/docker/" ID_A);
    ht_autonode struct ht_node *alone = join(fixture);
    assert_true(ht_container_has_held_caps(container_of(alone, ID_A)));
    assert_int_equal(container_of(alone, ID_A)->held_caps, 0);
    assert_false(container_of(alone, ID_A)->held_root);
    ht_process_set_euid(&other, 0);
    ht_process_set_cap_prm(&other, 0x200000);
    add_process(fixture, other, "/docker/" ID_A);
    ht_autonode struct ht_node *both = join(fixture);
    assert_int_equal(container_of(both, ID_A)->held_caps, 0x200000);
    assert_true(container_of(both, ID_A)->held_root);
}

static void the_mounts_of_a_container_are_kept_once(void **state)
{
    struct fixture *fixture = *state;
    struct ht_process init = with_pid(20);
    struct ht_mount mount = {0};

    ht_mount_set_target(&mount, HT_S("/data"));
    ht_process_set_mounts(&init, (struct ht_mount_list){.items = &mount, .len = 1});
    ht_process_set_cap_eff(&init, 0);
    ht_process_set_reads(&init, 2);
    add_container(fixture, ID_A, 20);
    add_process(fixture, init, "/docker/" ID_A);
    ht_autonode struct ht_node *node = join(fixture);
    assert_int_equal(container_of(node, ID_A)->kernel_mounts.len, 1);
    assert_true(ht_str_is(container_of(node, ID_A)->kernel_mounts.items[0].target, "/data"));
    assert_false(ht_process_has_mounts(process_of(node, "20.1")));
}

static void what_runs_below_a_nested_runtime_belongs_to_the_outer_container(void **state)
{
    struct fixture *fixture = *state;
    struct ht_process process = with_pid(10);

    ht_process_set_container_id(&process, HT_S(ID_B));
    add_container(fixture, ID_A, 9);
    add_process(fixture, process, "/docker/" ID_A "/docker/" ID_B);
    ht_autonode struct ht_node *node = join(fixture);
    assert_true(ht_str_is(process_of(node, "10.1")->container, ID_A));
    assert_null(container_of(node, ID_B));
}

static void a_container_that_no_runtime_lists_is_unmanaged(void **state)
{
    struct fixture *fixture = *state;
    struct ht_process process = with_pid(10);

    ht_process_set_container_id(&process, HT_S(ID_B));
    add_process(fixture, process, "/docker/" ID_B);
    ht_autonode struct ht_node *node = join(fixture);
    assert_non_null(container_of(node, ID_B));
    assert_int_equal(container_of(node, ID_B)->state, HT_CONTAINER_STATE_UNMANAGED);
    assert_int_equal(container_of(node, ID_B)->pid, 10);
}

static void namespaces_alone_make_an_unmanaged_container_outside_services_only(void **state)
{
    struct fixture *fixture = *state;
    struct ht_process alone = with_pid(10), service = with_pid(11), blind = with_pid(12);

    ht_process_set_ns_pid(&alone, 2000);
    ht_process_set_root_host(&alone, false);
    service = alone;
    ht_process_set_pid(&service, 11);
    ht_process_set_ns_pid(&service, 2001);
    ht_process_set_unit(&service, HT_S("chrome.service"));
    /* Without its root nothing can be said about this one. */
    ht_process_set_ns_pid(&blind, 2002);
    add_process(fixture, alone, "/");
    add_process(fixture, service, "/system.slice/chrome.service");
    add_process(fixture, blind, "/");
    ht_autonode struct ht_node *node = join(fixture);
    assert_non_null(container_of(node, "pidns-2000"));
    assert_null(container_of(node, "pidns-2001"));
    assert_null(container_of(node, "pidns-2002"));
}

static void steps_of_builds_are_told_by_their_cgroup(void **state)
{
    static const char kit[] = "mc2wasjfpfiwwvaf6fs90ipbd", ah[] = "buildah2151638970";
    struct fixture *fixture = *state;
    struct ht_process step = with_pid(10), other = with_pid(11), nested = with_pid(12);

    ht_process_set_container_id(&step, ht_str_from(kit));
    ht_process_set_container_id(&other, ht_str_from(ah));
    /* A container that no runtime lists makes no build of itself by the names of its cgroups. */
    ht_process_set_container_id(&nested, HT_S(ID_B));
    add_process(fixture, step, "/docker/buildkit/mc2wasjfpfiwwvaf6fs90ipbd");
    add_process(fixture, other, "/buildah-buildah2151638970");
    add_process(fixture, nested, "/docker/" ID_B "/buildkit/mc2wasjfpfiwwvaf6fs90ipbd");
    ht_autonode struct ht_node *node = join(fixture);
    assert_true(ht_str_is(container_of(node, kit)->runtime, "buildkit"));
    assert_int_equal(container_of(node, kit)->class, HT_CLASS_BUILD);
    assert_true(ht_str_is(container_of(node, ah)->runtime, "buildah"));
    assert_true(ht_str_is(container_of(node, ID_B)->runtime, "none"));
    assert_int_equal(container_of(node, ID_B)->class, HT_CLASS_APP);
    assert_int_equal(ht_node_set(node, HT_TABLE_BUILD)->len, 2);
}

static void steps_of_builds_are_told_by_their_parent(void **state)
{
    static const struct ht_str argv[] = {
        HT_STR("runc"), HT_STR("run"), HT_STR("--bundle"),
        HT_STR("/var/lib/docker/buildkit/executor/mc2wasjfpfiwwvaf6fs90ipbd")};
    struct fixture *fixture = *state;
    struct ht_process step = with_pid(10), runtime = with_pid(9);

    ht_process_set_ns_pid(&step, 2000);
    ht_process_set_root_host(&step, false);
    ht_process_set_ppid(&step, 9);
    ht_process_set_argv(&runtime, (struct ht_text_list){.items = argv, .len = ARRAY_LEN(argv)});
    add_process(fixture, step, "/");
    add_process(fixture, runtime, "/");
    ht_autonode struct ht_node *node = join(fixture);
    assert_true(ht_str_is(container_of(node, "pidns-2000")->runtime, "buildkit"));
    assert_int_equal(ht_node_set(node, HT_TABLE_BUILD)->len, 1);
}

static void unchanged_rows_are_shared(void **state)
{
    struct fixture *fixture = *state;

    add_container(fixture, ID_A, 10);
    add_process(fixture, with_pid(10), "/docker/" ID_A);
    add_process(fixture, with_pid(12), "/init.scope");
    ht_autonode struct ht_node *first = join(fixture), *second = join(fixture);
    for (int table = 0; table < HT_TABLE_COUNT; table++) {
        assert_int_equal(first->sets[table].len, second->sets[table].len);
        for (size_t i = 0; i < first->sets[table].len; i++)
            assert_ptr_equal(first->sets[table].rows[i], second->sets[table].rows[i]);
    }
}

static void a_reused_pid_is_not_taken_for_init(void **state)
{
    struct fixture *fixture = *state;

    add_container(fixture, ID_A, 10);
    add_process(fixture, with_pid(10), "/user.slice/session-1.scope");
    ht_autonode struct ht_node *node = join(fixture);
    assert_false(ht_container_has_effective(container_of(node, ID_A)));
    assert_int_equal(container_of(node, ID_A)->processes, 0);
}

static void add_of_daemon(struct ht_node *sample, const char *id, const char *name,
                          const char *daemon)
{
    struct ht_container container = {0};

    ht_container_set_id(&container, ht_str_from(id));
    ht_container_set_name(&container, ht_str_from(name));
    ht_container_set_daemon(&container, ht_str_from(daemon));
    ht_container_set_state(&container, HT_CONTAINER_STATE_RUNNING);
    ht_node_add(sample, ht_row_new(&ht_container_table, &container));
}

static void add_daemon(struct ht_node *sample, const char *id, uint64_t uid)
{
    struct ht_daemon daemon = {0};

    ht_daemon_set_id(&daemon, ht_str_from(id));
    ht_daemon_set_socket_uid(&daemon, uid);
    ht_node_add(sample, ht_row_new(&ht_daemon_table, &daemon));
}

static void assert_name(struct fixture *fixture, struct ht_node *first, struct ht_node *second,
                        const char *name)
{
    struct ht_node *samples[] = {first, second, fixture->proc};
    struct ht_node *node = ht_joiner_join(fixture->joiner, samples, ARRAY_LEN(samples), 1);
    const struct ht_row *row = ht_node_find(node, HT_TABLE_CONTAINER, HT_S(ID_A));

    assert_int_equal(ht_node_set(node, HT_TABLE_CONTAINER)->len, 1);
    assert_true(ht_str_is(ht_container_of(row)->name, name));
    ht_node_unref(node);
}

static void the_first_source_that_lists_a_container_has_it(void **state)
{
    struct fixture *fixture = *state;
    struct ht_node *containerd = ht_node_new(1);

    add_daemon(fixture->docker, "unix:///run/docker.sock", 0);
    add_of_daemon(fixture->docker, ID_A, "web", "unix:///run/docker.sock");
    add_daemon(containerd, "unix:///run/containerd/containerd.sock", 0);
    add_of_daemon(containerd, ID_A, "aaaaaaaaaaaa", "unix:///run/containerd/containerd.sock");
    assert_name(fixture, fixture->docker, containerd, "web");
    ht_node_unref(containerd);
}

static void a_users_daemon_renames_no_container_of_roots(void **state)
{
    struct fixture *fixture = *state;
    struct ht_node *containerd = ht_node_new(1);

    add_daemon(fixture->docker, "unix:///run/user/1000/docker.sock", 1000);
    add_of_daemon(fixture->docker, ID_A, "harmless", "unix:///run/user/1000/docker.sock");
    add_daemon(containerd, "unix:///run/containerd/containerd.sock", 0);
    add_of_daemon(containerd, ID_A, "miner", "unix:///run/containerd/containerd.sock");
    assert_name(fixture, fixture->docker, containerd, "miner");
    ht_node_unref(containerd);
}

static void the_same_name_in_two_namespaces_is_two_containers(void **state)
{
    struct fixture *fixture = *state;
    struct ht_node *samples[] = {fixture->docker, fixture->proc};
    struct ht_process first = with_pid(10), second = with_pid(20);

    add_container(fixture, "app", 10);
    add_container(fixture, "other/app", 20);
    ht_process_set_container_id(&first, HT_S("app"));
    ht_process_set_container_id(&second, HT_S("app"));
    add_process(fixture, first, "/default/app");
    add_process(fixture, second, "/system.slice/other/app");

    struct ht_node *node = ht_joiner_join(fixture->joiner, samples, ARRAY_LEN(samples), 1);
    const struct ht_row *one = ht_node_find(node, HT_TABLE_CONTAINER, HT_S("app"));
    const struct ht_row *two = ht_node_find(node, HT_TABLE_CONTAINER, HT_S("other/app"));
    assert_int_equal(ht_node_set(node, HT_TABLE_CONTAINER)->len, 2);
    assert_int_equal(ht_container_of(one)->processes, 1);
    assert_int_equal(ht_container_of(two)->processes, 1);
    assert_int_equal(ht_container_of(two)->pid, 20);
    ht_node_unref(node);
}

/* ---- pods ---- */

#define POD_UID "0c1d2e3f-0000-4000-8000-000000000001"

/* What the API has of the pod "shop/web-1" on this node. */
static struct ht_pod api_pod(void)
{
    static struct ht_pod_container containers[3];
    struct ht_pod pod = {0};

    for (size_t i = 0; i < ARRAY_LEN(containers); i++) {
        static const char *const names[] = {"app", "prepare", "look"};
        static const enum ht_pod_container_kind kinds[] = {HT_POD_CONTAINER_KIND_CONTAINER,
                                                           HT_POD_CONTAINER_KIND_INIT,
                                                           HT_POD_CONTAINER_KIND_EPHEMERAL};

        containers[i] = (struct ht_pod_container){0};
        ht_pod_container_set_name(&containers[i], ht_str_from(names[i]));
        ht_pod_container_set_kind(&containers[i], kinds[i]);
        ht_pod_container_set_image(&containers[i], HT_S("shop/web:2"));
    }
    ht_pod_set_id(&pod, HT_S(POD_UID));
    ht_pod_set_kind(&pod, HT_S("Pod"));
    ht_pod_set_name(&pod, HT_S("web-1"));
    ht_pod_set_namespace(&pod, HT_S("shop"));
    ht_pod_set_owner(&pod, HT_S("Deployment/web"));
    ht_pod_set_owner_by(&pod, HT_S("the name of ReplicaSet web-5d9"));
    ht_pod_set_phase(&pod, HT_S("Running"));
    ht_pod_set_containers(&pod, (struct ht_pod_container_list){.items = containers, .len = 3});
    return pod;
}

static void add_pod(struct fixture *fixture, const struct ht_pod *pod)
{
    ht_node_add(fixture->docker, ht_row_new(&ht_pod_table, pod));
}

static void add_kubernetes(struct fixture *fixture, enum ht_source_state state)
{
    struct ht_source source = {0};

    ht_source_set_id(&source, HT_S("kubernetes"));
    ht_source_set_state(&source, state);
    ht_node_add(fixture->docker, ht_row_new(&ht_source_table, &source));
}

/* A container as CRI lists it, with those labels that a container of a pod has. */
static void add_of_pod(struct fixture *fixture, const char *id, const char *name, const char *uid)
{
    const struct ht_pair labels[] = {
        {HT_S("io.kubernetes.container.name"), ht_str_from(name)},
        {HT_S("io.kubernetes.pod.uid"), ht_str_from(uid)},
        {HT_S("io.kubernetes.pod.name"), HT_S("told")},
        {HT_S("io.kubernetes.pod.namespace"), HT_S("told")},
    };
    struct ht_container container = {0};

    ht_container_set_id(&container, ht_str_from(id));
    ht_container_set_name(&container, HT_S("told/app"));
    ht_container_set_state(&container, HT_CONTAINER_STATE_RUNNING);
    ht_container_set_daemon(&container, HT_S("unix:///cri.sock"));
    ht_container_set_image(&container, HT_S("sha256:0123"));
    ht_container_set_labels(&container, (struct ht_pair_list){.items = labels, .len = 4});
    ht_node_add(fixture->docker, ht_row_new(&ht_container_table, &container));
}

static void a_container_gets_its_pod_by_the_id_in_the_pods_status(void **state)
{
    struct fixture *fixture = *state;
    const struct ht_pair ids[] = {{HT_S("app"), HT_S("containerd://" ID_A)}};
    struct ht_pod pod = api_pod();

    ht_pod_set_container_ids(&pod, (struct ht_pair_list){.items = ids, .len = 1});
    add_pod(fixture, &pod);
    /* Its labels say another one. */
    add_of_pod(fixture, ID_A, "told", "ffffffff-0000-4000-8000-000000000001");
    ht_autonode struct ht_node *node = join(fixture);
    const struct ht_container *container = container_of(node, ID_A);
    assert_true(ht_str_is(container->pod, "shop/web-1"));
    assert_true(ht_str_is(container->namespace, "shop"));
    assert_true(ht_str_is(container->owner, "Deployment/web"));
    assert_true(ht_str_is(container->owner_by, "the name of ReplicaSet web-5d9"));
    assert_true(ht_str_is(container->pod_row, POD_UID));
    assert_true(ht_str_is(container->image, "shop/web:2"));
    const struct ht_row *row = ht_node_find(node, HT_TABLE_POD, HT_S(POD_UID));
    assert_int_equal(ht_pod_of(row)->seen, 1);
    assert_false(ht_pod_has_unseen(ht_pod_of(row)));
}

static void a_container_gets_its_pod_by_its_cgroup(void **state)
{
    static const char *const cgroups[] = {
        "/kubepods/burstable/pod" POD_UID "/" ID_A,
        "/kubepods.slice/kubepods-besteffort.slice/"
        "kubepods-besteffort-pod0c1d2e3f_0000_4000_8000_000000000001.slice/cri-containerd-" ID_A
        ".scope",
        "/docker/" ID_B "/kubelet/kubepods/pod" POD_UID "/" ID_A,
    };
    struct fixture *fixture = *state;
    struct ht_pod pod = api_pod();

    add_pod(fixture, &pod);
    for (size_t i = 0; i < ARRAY_LEN(cgroups); i++) {
        struct fixture one = *fixture;

        one.proc = ht_node_share(fixture->proc);
        one.docker = ht_node_share(fixture->docker);
        add_container(&one, ID_A, 10);
        add_process(&one, with_pid(10), cgroups[i]);
        ht_autonode struct ht_node *node = join(&one);
        assert_true(ht_str_is(container_of(node, ID_A)->pod, "shop/web-1"));
        ht_node_unref(one.proc);
        ht_node_unref(one.docker);
    }
}

static void a_label_names_a_pod_only_from_a_daemon_of_roots(void **state)
{
    struct fixture *fixture = *state;
    struct ht_pod pod = api_pod();

    add_pod(fixture, &pod);
    add_kubernetes(fixture, HT_SOURCE_STATE_OK);
    add_of_pod(fixture, ID_A, "app", POD_UID);
    ht_autonode struct ht_node *unknown = join(fixture);
    assert_false(ht_container_has_pod_row(container_of(unknown, ID_A)));
    struct ht_daemon daemon = {0};
    ht_daemon_set_id(&daemon, HT_S("unix:///cri.sock"));
    ht_daemon_set_socket_uid(&daemon, 0);
    ht_node_add(fixture->docker, ht_row_new(&ht_daemon_table, &daemon));
    ht_autonode struct ht_node *node = join(fixture);
    assert_true(ht_str_is(container_of(node, ID_A)->pod_row, POD_UID));
}

static void a_static_pod_is_found_by_the_uid_that_the_node_gave_it(void **state)
{
    struct fixture *fixture = *state;
    struct ht_pod pod = api_pod();

    ht_pod_set_mirror(&pod, true);
    ht_pod_set_static_uid(&pod, HT_S("0123456789abcdef0123456789abcdef"));
    add_pod(fixture, &pod);
    add_container(fixture, ID_A, 10);
    add_process(fixture, with_pid(10), "/kubepods/pod0123456789abcdef0123456789abcdef/" ID_A);
    ht_autonode struct ht_node *node = join(fixture);
    assert_true(ht_str_is(container_of(node, ID_A)->pod_row, POD_UID));
}

/* Whoever writes annotations or a status may write another pod's texts into them. */
static void what_two_pods_claim_is_nobodys(void **state)
{
    static const char static_uid[] = "0123456789abcdef0123456789abcdef";
    struct fixture *fixture = *state;
    const struct ht_pair ids[] = {{HT_S("app"), HT_S("containerd://" ID_A)}};
    struct ht_pod pod = api_pod();

    ht_pod_set_mirror(&pod, true);
    ht_pod_set_static_uid(&pod, HT_S(static_uid));
    ht_pod_set_container_ids(&pod, (struct ht_pair_list){.items = ids, .len = 1});
    add_pod(fixture, &pod);
    ht_pod_set_id(&pod, HT_S("ffffffff-0000-4000-8000-000000000001"));
    add_pod(fixture, &pod);
    add_container(fixture, ID_A, 10);
    add_process(fixture, with_pid(10), "/kubepods/pod0123456789abcdef0123456789abcdef/" ID_A);
    ht_autonode struct ht_node *node = join(fixture);
    assert_false(ht_container_has_pod_row(container_of(node, ID_A)));
}

static void a_cgroup_goes_before_a_status(void **state)
{
    struct fixture *fixture = *state;
    const struct ht_pair ids[] = {{HT_S("app"), HT_S("containerd://" ID_A)}};
    struct ht_pod pod = api_pod();

    add_pod(fixture, &pod);
    ht_pod_set_id(&pod, HT_S("ffffffff-0000-4000-8000-000000000001"));
    ht_pod_set_container_ids(&pod, (struct ht_pair_list){.items = ids, .len = 1});
    add_pod(fixture, &pod);
    add_container(fixture, ID_A, 10);
    add_process(fixture, with_pid(10), "/kubepods/burstable/pod" POD_UID "/" ID_A);
    ht_autonode struct ht_node *node = join(fixture);
    assert_true(ht_str_is(container_of(node, ID_A)->pod_row, POD_UID));
}

static void what_only_the_runtime_knows_says_why(void **state)
{
    static const struct {
        enum ht_source_state state;
        const char *why;
    } cases[] = {
        {HT_SOURCE_STATE_OK, "the API has no such pod"},
        {HT_SOURCE_STATE_DENIED, "does not let its pods be listed"},
        {HT_SOURCE_STATE_BROKEN, "does not answer"},
        {HT_SOURCE_STATE_ABSENT, "no Kubernetes API is asked"},
    };
    struct fixture *fixture = *state;

    add_of_pod(fixture, ID_A, "app", POD_UID);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture one = *fixture;

        one.docker = ht_node_share(fixture->docker);
        add_kubernetes(&one, cases[i].state);
        ht_autonode struct ht_node *node = join(&one);
        const struct ht_container *container = container_of(node, ID_A);
        assert_false(ht_container_has_pod_row(container));
        assert_true(ht_str_is(container->pod, "told/told"));
        assert_true(ht_str_find(container->pod_found, ht_str_from(cases[i].why), 0) >= 0);
        ht_node_unref(one.docker);
    }
}

static void what_only_the_api_knows_says_why(void **state)
{
    static const struct {
        const char *phase, *why;
    } cases[] = {
        {"Pending", "it has not started"},
        {"Succeeded", "it has ended"},
        {"Running", "no container runtime of this node tells"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture one = *fixture;
        struct ht_pod pod = api_pod();

        one.docker = ht_node_new(1);
        ht_pod_set_phase(&pod, ht_str_from(cases[i].phase));
        add_pod(&one, &pod);
        ht_autonode struct ht_node *node = join(&one);
        const struct ht_row *row = ht_node_find(node, HT_TABLE_POD, HT_S(POD_UID));
        assert_int_equal(ht_pod_of(row)->seen, 0);
        assert_true(ht_str_find(ht_pod_of(row)->unseen, ht_str_from(cases[i].why), 0) >= 0);
        ht_node_unref(one.docker);
    }
}

static void the_kind_of_a_pods_container_is_its_class(void **state)
{
    static const char ID_C[] = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";
    struct fixture *fixture = *state;
    const struct ht_pair ids[] = {{HT_S("app"), HT_S("cri-o://" ID_A)},
                                  {HT_S("prepare"), HT_S("cri-o://" ID_B)},
                                  {HT_S("look"), ht_str_from(ID_C)}};
    struct ht_pod pod = api_pod();

    ht_pod_set_container_ids(&pod, (struct ht_pair_list){.items = ids, .len = 3});
    add_pod(fixture, &pod);
    add_container(fixture, ID_A, 10);
    add_container(fixture, ID_B, 11);
    add_container(fixture, ID_C, 12);
    ht_autonode struct ht_node *node = join(fixture);
    assert_int_equal(container_of(node, ID_A)->class, HT_CLASS_APP);
    assert_int_equal(container_of(node, ID_B)->class, HT_CLASS_INIT);
    assert_int_equal(container_of(node, ID_C)->class, HT_CLASS_DEBUG);
}

/* CRI gives a pod's labels to its sandbox alone, so a build is known by the API's. */
static void labels_and_annotations_of_the_pod_tell_of_builds(void **state)
{
    struct fixture *fixture = *state;
    const struct ht_pair ids[] = {{HT_S("app"), HT_S("containerd://" ID_A)}};
    const struct ht_pair annotations[] = {{HT_S("job.runner.gitlab.com/name"), HT_S("compile")}};
    struct ht_pod pod = api_pod();

    ht_pod_set_container_ids(&pod, (struct ht_pair_list){.items = ids, .len = 1});
    ht_pod_set_annotations(&pod, (struct ht_pair_list){.items = annotations, .len = 1});
    add_pod(fixture, &pod);
    add_of_pod(fixture, ID_A, "app", POD_UID);
    ht_autonode struct ht_node *node = join(fixture);
    assert_int_equal(container_of(node, ID_A)->class, HT_CLASS_BUILD);
    const struct ht_rowset *builds = ht_node_set(node, HT_TABLE_BUILD);
    assert_int_equal(builds->len, 1);
    assert_true(ht_str_is(ht_build_of(builds->rows[0])->id, "pod:shop/web-1"));
    assert_true(ht_str_is(ht_build_of(builds->rows[0])->name, "compile"));
}

static void what_runs_otherwise_than_declared_is_told(void **state)
{
    struct fixture *fixture = *state;
    const struct ht_pair ids[] = {{HT_S("app"), HT_S("containerd://" ID_A)}};
    struct ht_pod pod = api_pod();
    struct ht_process init = with_pid(10);

    ht_pod_set_container_ids(&pod, (struct ht_pair_list){.items = ids, .len = 1});
    add_pod(fixture, &pod);
    add_container(fixture, ID_A, 10);
    ht_process_set_ns_pid(&init, 1000);
    ht_process_set_reads(&init, 2);
    add_process(fixture, init, "/kubepods/pod" POD_UID "/" ID_A);
    ht_autonode struct ht_node *node = join(fixture);
    const struct ht_text_list *differs = &container_of(node, ID_A)->differs;
    assert_int_equal(differs->len, 1);
    assert_true(ht_str_is(differs->items[0], "hostPID: declared false, runs with true"));
}

/* What a daemon's configuration calls a runtime proves nothing. */
static void a_sandbox_is_known_by_its_programs_not_by_its_name(void **state)
{
    static const struct {
        const char *runtime, *shim, *init;
        enum ht_class class;
    } cases[] = {
        {"kata", "/usr/bin/containerd-shim-runc-v2", "/bin/sleep", HT_CLASS_APP},
        {"runsc", "/usr/bin/containerd-shim-runc-v2", "/usr/bin/runsc", HT_CLASS_SANDBOXED},
        {"runsc", "/usr/bin/containerd-shim-runc-v2", "/bin/web", HT_CLASS_APP},
        {"runc", "/usr/bin/containerd-shim-kata-v2", "/usr/bin/anything", HT_CLASS_SANDBOXED},
        {"runc", "/usr/bin/containerd-shim-runc-v2", "/usr/bin/runsc", HT_CLASS_APP},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture one = {.facts = fixture->facts,
                              .joiner = fixture->joiner,
                              .docker = ht_node_new(1),
                              .proc = ht_node_new(1)};
        struct ht_process shim = with_pid(9), init = with_pid(10);
        struct ht_container container = {0};

        ht_container_set_id(&container, HT_S(ID_A));
        ht_container_set_name(&container, HT_S("web"));
        ht_container_set_oci_runtime(&container, ht_str_from(cases[i].runtime));
        ht_node_add(one.docker, ht_row_new(&ht_container_table, &container));
        ht_process_set_exe(&shim, ht_str_from(cases[i].shim));
        ht_process_set_exe(&init, ht_str_from(cases[i].init));
        ht_process_set_ppid(&init, 9);
        add_process(&one, shim, "/system.slice/containerd.service");
        add_process(&one, init, "/docker/" ID_A);
        ht_autonode struct ht_node *node = join(&one);
        assert_int_equal(container_of(node, ID_A)->class, cases[i].class);
        ht_node_unref(one.docker);
        ht_node_unref(one.proc);
    }
}

static void the_cluster_tells_the_hosts_taints(void **state)
{
    static const struct ht_str taints[] = {HT_STR("dedicated=ci:NoSchedule")};
    struct fixture *fixture = *state;
    struct ht_cluster cluster = {0};

    ht_cluster_set_id(&cluster, HT_S("https://api"));
    ht_cluster_set_nodes(&cluster, 1);
    ht_cluster_set_taints(&cluster, (struct ht_text_list){.items = taints, .len = 1});
    ht_node_add(fixture->docker, ht_row_new(&ht_cluster_table, &cluster));
    ht_autonode struct ht_node *other = join(fixture);
    assert_false(ht_host_has_taints(ht_node_host(other)));

    ht_node_unref(fixture->docker);
    fixture->docker = ht_node_new(1);
    ht_cluster_set_node(&cluster, HT_S("node"));
    ht_node_add(fixture->docker, ht_row_new(&ht_cluster_table, &cluster));
    ht_autonode struct ht_node *node = join(fixture);
    assert_int_equal(ht_node_host(node)->cluster_nodes, 1);
    assert_true(ht_str_is(ht_node_host(node)->taints.items[0], "dedicated=ci:NoSchedule"));
    ht_autonode struct ht_node *again = join(fixture);
    assert_ptr_equal(ht_node_host(again), ht_node_host(node));
}

static void unchanged_pods_are_shared(void **state)
{
    struct fixture *fixture = *state;
    struct ht_pod pod = api_pod();

    add_pod(fixture, &pod);
    add_container(fixture, ID_A, 10);
    add_process(fixture, with_pid(10), "/kubepods/pod" POD_UID "/" ID_A);
    ht_autonode struct ht_node *first = join(fixture);
    ht_autonode struct ht_node *second = join(fixture);
    assert_ptr_equal(ht_node_find(first, HT_TABLE_POD, HT_S(POD_UID)),
                     ht_node_find(second, HT_TABLE_POD, HT_S(POD_UID)));
    assert_ptr_equal(container_of(first, ID_A), container_of(second, ID_A));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_first_source_that_lists_a_container_has_it),
        TEST(a_users_daemon_renames_no_container_of_roots),
        TEST(the_same_name_in_two_namespaces_is_two_containers),
        TEST(a_process_finds_its_container_by_cgroup),
        TEST(a_name_that_is_no_id_takes_no_processes),
        TEST(the_pid_of_a_container_is_that_of_a_process_of_its_own),
        TEST(the_effective_privilege_is_that_of_the_init_process),
        TEST(a_container_says_what_any_of_its_processes_holds),
        TEST(the_mounts_of_a_container_are_kept_once),
        TEST(what_runs_below_a_nested_runtime_belongs_to_the_outer_container),
        TEST(a_container_that_no_runtime_lists_is_unmanaged),
        TEST(namespaces_alone_make_an_unmanaged_container_outside_services_only),
        TEST(steps_of_builds_are_told_by_their_cgroup),
        TEST(steps_of_builds_are_told_by_their_parent),
        TEST(unchanged_rows_are_shared),
        TEST(a_reused_pid_is_not_taken_for_init),
        TEST(a_container_gets_its_pod_by_the_id_in_the_pods_status),
        TEST(a_container_gets_its_pod_by_its_cgroup),
        TEST(a_label_names_a_pod_only_from_a_daemon_of_roots),
        TEST(a_static_pod_is_found_by_the_uid_that_the_node_gave_it),
        TEST(what_two_pods_claim_is_nobodys),
        TEST(a_cgroup_goes_before_a_status),
        TEST(what_only_the_runtime_knows_says_why),
        TEST(what_only_the_api_knows_says_why),
        TEST(the_kind_of_a_pods_container_is_its_class),
        TEST(labels_and_annotations_of_the_pod_tell_of_builds),
        TEST(what_runs_otherwise_than_declared_is_told),
        TEST(a_sandbox_is_known_by_its_programs_not_by_its_name),
        TEST(the_cluster_tells_the_hosts_taints),
        TEST(unchanged_pods_are_shared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
