/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples become one node. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"
#include "hulltop/check/facts.h"
#include "hulltop/engine/core.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct fixture {
    struct ht_facts *facts;
    struct ht_joiner *joiner;
    struct ht_node *docker, *proc;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    struct ht_error err = {0};
    struct ht_host host = {0};

    fixture = (struct fixture){.docker = ht_node_new(1), .proc = ht_node_new(1)};
    if (ht_facts_load(NULL, &fixture.facts, &err) < 0)
        return -1;
    fixture.joiner = ht_joiner_new(fixture.facts);
    ht_host_set_id(&host, HT_S("node"));
    ht_host_set_ns_pid(&host, 1000);
    ht_node_add(fixture.proc, ht_row_new(&ht_host_table, &host));
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    ht_node_unref(fixture->docker);
    ht_node_unref(fixture->proc);
    ht_joiner_free(fixture->joiner);
    ht_facts_free(fixture->facts);
    return 0;
}

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

static void listeners_of_a_daemon_come_from_its_command_line(void **state)
{
    static const struct ht_str argv[] = {HT_STR("/usr/sbin/dockerd"), HT_STR("-H"), HT_STR("fd://"),
                                         HT_STR("--host=tcp://0.0.0.0:2375")};
    struct fixture *fixture = *state;
    struct ht_daemon daemon = {0};
    struct ht_process process = with_pid(10);

    ht_daemon_set_id(&daemon, HT_S("unix:///run/docker.sock"));
    ht_node_add(fixture->docker, ht_row_new(&ht_daemon_table, &daemon));
    ht_process_set_comm(&process, HT_S("dockerd"));
    ht_process_set_argv(&process, (struct ht_text_list){.items = argv, .len = ARRAY_LEN(argv)});
    add_process(fixture, process, "/system.slice/docker.service");
    ht_autonode struct ht_node *node = join(fixture);
    const struct ht_daemon *made =
        ht_daemon_of(ht_node_find(node, HT_TABLE_DAEMON, HT_S("unix:///run/docker.sock")));
    assert_int_equal(made->tcp_listeners.len, 1);
    assert_true(ht_str_is(made->tcp_listeners.items[0], "tcp://0.0.0.0:2375"));
    assert_false(made->tcp_tls);
    assert_int_equal(made->pid, 10);
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
        TEST(what_runs_below_a_nested_runtime_belongs_to_the_outer_container),
        TEST(a_container_that_no_runtime_lists_is_unmanaged),
        TEST(namespaces_alone_make_an_unmanaged_container_outside_services_only),
        TEST(steps_of_builds_are_told_by_their_cgroup),
        TEST(steps_of_builds_are_told_by_their_parent),
        TEST(unchanged_rows_are_shared),
        TEST(a_reused_pid_is_not_taken_for_init),
        TEST(listeners_of_a_daemon_come_from_its_command_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
