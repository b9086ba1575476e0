/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What container engines say, and whether it is taken. */
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

#define DOCKER "unix:///run/docker.sock"

static void add_docker(struct fixture *fixture, const char *name, const char *config)
{
    struct ht_daemon daemon = {0};

    ht_daemon_set_id(&daemon, HT_S(DOCKER));
    ht_daemon_set_name(&daemon, ht_str_from(name));
    ht_daemon_set_socket_uid(&daemon, 0);
    if (config)
        ht_daemon_set_config_file(&daemon, ht_str_from(config));
    ht_node_add(fixture->docker, ht_row_new(&ht_daemon_table, &daemon));
}

/* A dockerd with these words, one blank between them. */
static struct ht_process dockerd(uint64_t pid, uint64_t euid, struct ht_str *argv,
                                 const char *words)
{
    struct ht_process process = with_pid(pid);
    struct ht_str rest = ht_str_from(words);
    size_t len = 1;

    argv[0] = HT_S("/usr/sbin/dockerd");
    while (ht_str_next(&rest, ' ', &argv[len]))
        len++;
    ht_process_set_comm(&process, HT_S("dockerd"));
    ht_process_set_euid(&process, euid);
    ht_process_set_argv(&process, (struct ht_text_list){.items = argv, .len = len});
    return process;
}

static const struct ht_daemon *docker_of(const struct ht_node *node)
{
    return ht_daemon_of(ht_node_find(node, HT_TABLE_DAEMON, HT_S(DOCKER)));
}

/* What a command line opens: an address, "" for nothing, NULL for what cannot be told. */
static void assert_listens(const char *config, const char *words, const char *address)
{
    void *state = NULL;
    struct ht_str argv[16];

    assert_int_equal(set_up(&state), 0);
    struct fixture *fixture = state;
    add_docker(fixture, "Docker", config);
    add_process(fixture, dockerd(10, 0, argv, words), "/system.slice/docker.service");
    struct ht_node *node = join(fixture);
    const struct ht_daemon *daemon = docker_of(node);
    assert_int_equal(daemon->pid, 10);
    assert_int_equal(ht_daemon_has_tcp_listeners(daemon), address != NULL);
    assert_int_equal(daemon->tcp_listeners.len, address && address[0]);
    if (address && address[0] && !ht_str_is(daemon->tcp_listeners.items[0], address))
        fail_msg("%s: %.*s", words, HT_STR_ARG(daemon->tcp_listeners.items[0]));
    ht_node_unref(node);
    tear_down(&state);
}

#define USUAL "/etc/docker/daemon.json"

static void listeners_of_a_daemon_come_from_its_command_line(void **state)
{
    (void)state;
    assert_listens(USUAL, "-H unix:///run/docker.sock", "");
    assert_listens(USUAL, "-H fd:// --host=tcp://0.0.0.0:2375", "tcp://0.0.0.0:2375");
    assert_listens(USUAL, "--host tcp://0.0.0.0:2375", "tcp://0.0.0.0:2375");
    assert_listens(USUAL, "-H 0.0.0.0:2375", "tcp://0.0.0.0:2375");
    assert_listens(USUAL, "-H=:2375", "tcp://:2375");
    assert_listens(USUAL, "-H0.0.0.0:2375", "tcp://0.0.0.0:2375");
    assert_listens(USUAL, "-DH tcp://0.0.0.0:2375", "tcp://0.0.0.0:2375");
    assert_listens(USUAL, "-Dl debug -H tcp://0.0.0.0:2375", "tcp://0.0.0.0:2375");
    assert_listens(USUAL, "-D", "");
}

static void what_was_not_read_may_open_any_port(void **state)
{
    (void)state;
    assert_listens(USUAL, "-H fd://", NULL);
    assert_listens(NULL, "-D", NULL);
    assert_listens(USUAL, "--config-file=/srv/d.json", NULL);
    assert_listens(USUAL, "--config-file /srv/d.json", NULL);
    assert_listens(USUAL, "--config-file " USUAL, "");
    /* Whoever comes needs a certificate. */
    assert_listens(USUAL, "-H fd:// --tlsverify", "");
    assert_listens(USUAL, "-H fd:// --tlsverify=f", NULL);
}

static void what_the_kernel_shows_settles_it(void **state)
{
    static const struct ht_str ports[] = {HT_STR("[::]:2377"), HT_STR("0.0.0.0:2375")};

    for (size_t len = 0; len <= ARRAY_LEN(ports); len++) {
        struct ht_str argv[16];

        assert_int_equal(set_up(state), 0);
        struct ht_process process = dockerd(10, 0, argv, "-H fd://");
        ht_process_set_listens(&process, (struct ht_text_list){.items = ports, .len = len});
        add_docker(*state, "Docker", USUAL);
        add_process(*state, process, "/system.slice/docker.service");
        struct ht_node *node = join(*state);
        assert_int_equal(ht_daemon_has_tcp_listeners(docker_of(node)), len < ARRAY_LEN(ports));
        ht_node_unref(node);
        tear_down(state);
    }
}

static void another_program_called_dockerd_says_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct ht_str real[16], users[16], nested[16];
    struct ht_process inner = dockerd(30, 0, nested, "-H tcp://0.0.0.0:1");

    ht_process_set_container_id(&inner, HT_S(ID_A));
    add_docker(fixture, "Docker", USUAL);
    add_process(fixture, dockerd(10, 0, real, "-H tcp://0.0.0.0:2375"), "/system.slice/d.service");
    add_process(fixture, dockerd(20, 1000, users, ""), "/user.slice/user-1000.slice");
    add_process(fixture, inner, "/docker/" ID_A);
    ht_autonode struct ht_node *node = join(fixture);
    assert_int_equal(docker_of(node)->pid, 10);
    assert_int_equal(docker_of(node)->tcp_listeners.len, 1);
}

static void a_dockerd_says_nothing_of_another_engine(void **state)
{
    struct fixture *fixture = *state;
    struct ht_str argv[16];

    add_docker(fixture, "containerd", NULL);
    add_process(fixture, dockerd(10, 0, argv, ""), "/system.slice/docker.service");
    ht_autonode struct ht_node *node = join(fixture);
    assert_false(ht_daemon_has_pid(docker_of(node)));
    assert_false(ht_daemon_has_tcp_listeners(docker_of(node)));
}

static const struct ht_container *container_of(const struct ht_node *node, const char *id)
{
    const struct ht_row *row = ht_node_find(node, HT_TABLE_CONTAINER, ht_str_from(id));

    return row ? ht_container_of(row) : NULL;
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

#define USERS_DAEMON "unix:///run/user/1000/podman/podman.sock"
#define USERS_SLICE  "/user.slice/user-1000.slice/user@1000.service/user.slice/"

static struct ht_process of_uid(uint64_t pid, uint64_t uid)
{
    struct ht_process process = with_pid(pid);

    ht_process_set_euid(&process, uid);
    ht_process_set_container_id(&process, HT_S(ID_A));
    return process;
}

static enum ht_container_state state_after(struct fixture *fixture, uint64_t uid,
                                           const char *cgroup)
{
    add_daemon(fixture->docker, USERS_DAEMON, 1000);
    add_of_daemon(fixture->docker, ID_A, "harmless", USERS_DAEMON);
    add_process(fixture, of_uid(10, uid), cgroup);
    ht_autonode struct ht_node *node = join(fixture);
    assert_int_equal(ht_node_set(node, HT_TABLE_CONTAINER)->len, 1);
    return container_of(node, ID_A)->state;
}

static void a_users_daemon_has_no_process_outside_of_its_users_slice(void **state)
{
    assert_int_equal(state_after(*state, 101000, "/machine.slice/libpod-" ID_A ".scope"),
                     HT_CONTAINER_STATE_UNMANAGED);
}

static void a_users_daemon_has_no_process_in_another_users_slice(void **state)
{
    assert_int_equal(
        state_after(*state, 101000, "/user.slice/user-10001.slice/libpod-" ID_A ".scope"),
        HT_CONTAINER_STATE_UNMANAGED);
}

static void a_users_daemon_has_no_process_of_roots(void **state)
{
    assert_int_equal(state_after(*state, 0, USERS_SLICE "libpod-" ID_A ".scope"),
                     HT_CONTAINER_STATE_UNMANAGED);
}

static void a_users_daemon_keeps_its_users_containers(void **state)
{
    assert_int_equal(state_after(*state, 101000, USERS_SLICE "libpod-" ID_A ".scope"),
                     HT_CONTAINER_STATE_RUNNING);
}

static const struct ht_process *process_of(const struct ht_node *node, const char *id)
{
    return ht_process_of(ht_node_find(node, HT_TABLE_PROCESS, ht_str_from(id)));
}

/* A user may give a group of his own the name of root's container, and put any process there. */
static void a_borrowed_name_joins_no_container_of_roots(void **state)
{
    struct fixture *fixture = *state;
    struct ht_code code = {0};

    add_daemon(fixture->docker, "unix:///run/docker.sock", 0);
    add_of_daemon(fixture->docker, ID_A, "web", "unix:///run/docker.sock");
    add_process(fixture, with_pid(10), "/system.slice/docker-" ID_A ".scope");
    add_process(fixture, with_pid(11), USERS_SLICE "docker-" ID_A ".scope");
    add_process(fixture, of_uid(12, 1000), USERS_SLICE "docker-" ID_A ".scope");
    ht_code_set_id(&code, HT_S("k"));
    ht_code_set_process(&code, HT_S("12.1"));
    ht_code_set_container_id(&code, HT_S(ID_A));
    ht_node_add(fixture->proc, ht_row_new(&ht_code_table, &code));
    ht_autonode struct ht_node *node = join(fixture);
    assert_true(ht_str_is(process_of(node, "10.1")->container, ID_A));
    assert_false(ht_process_has_container(process_of(node, "11.1")));
    assert_false(ht_process_has_container(process_of(node, "12.1")));
    assert_int_equal(container_of(node, ID_A)->processes, 1);
    assert_int_equal(ht_node_set(node, HT_TABLE_CONTAINER)->len, 1);

    const struct ht_code *joined = ht_code_of(ht_node_find(node, HT_TABLE_CODE, HT_S("k")));
    assert_int_equal(joined->container.len, 0);
}

/* What a container calls its own groups says nothing of the node's. */
static void groups_within_a_container_hide_nothing_of_it(void **state)
{
    static const char *const groups[] = {
        "/system.slice/docker-" ID_A ".scope/user.slice/user-1000.slice/user@1000.service/"
        "init.scope",
        "/docker/" ID_A "/user@0.service/docker-" ID_A ".scope",
        "/docker/" ID_A "/user@.service",
    };

    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        struct fixture *fixture;
        struct ht_code code = {0};

        assert_int_equal(set_up(state), 0);
        fixture = *state;
        add_daemon(fixture->docker, DOCKER, 0);
        add_of_daemon(fixture->docker, ID_A, "web", DOCKER);
        add_process(fixture, of_uid(12, 1000), groups[i]);
        ht_code_set_id(&code, HT_S("k"));
        ht_code_set_process(&code, HT_S("12.1"));
        ht_code_set_container_id(&code, HT_S(ID_A));
        ht_node_add(fixture->proc, ht_row_new(&ht_code_table, &code));
        ht_autonode struct ht_node *node = join(fixture);
        if (!ht_str_is(process_of(node, "12.1")->container, ID_A))
            fail_msg("%s", groups[i]);
        const struct ht_code *joined = ht_code_of(ht_node_find(node, HT_TABLE_CODE, HT_S("k")));
        assert_true(ht_str_is(joined->container, ID_A));
        tear_down(state);
    }
}

/* Nor can a user's daemon have what a container of the node calls like that user's slice. */
static void a_users_daemon_has_no_container_by_groups_within_it(void **state)
{
    assert_int_equal(
        state_after(*state, 101000, "/docker/" ID_A "/user.slice/user-1000.slice/x.scope"),
        HT_CONTAINER_STATE_UNMANAGED);
}

/* The process of root's container where its daemon tells that cgroup, and that parent. */
static bool joins_where_told(void **state, const char *cgroup, const char *parent)
{
    struct ht_container container = {0};

    assert_int_equal(set_up(state), 0);
    struct fixture *fixture = *state;
    add_daemon(fixture->docker, DOCKER, 0);
    ht_container_set_id(&container, HT_S(ID_A));
    ht_container_set_daemon(&container, HT_S(DOCKER));
    if (cgroup)
        ht_container_set_cgroup(&container, ht_str_from(cgroup));
    if (parent)
        ht_container_set_cgroup_parent(&container, ht_str_from(parent));
    ht_node_add(fixture->docker, ht_row_new(&ht_container_table, &container));
    add_process(fixture, of_uid(12, 0), USERS_SLICE "x/" ID_A "/init.scope");
    ht_autonode struct ht_node *node = join(fixture);
    bool joins = ht_process_has_container(process_of(node, "12.1"));
    tear_down(state);
    return joins;
}

/* Who may start containers of root's may have them below a user's manager. */
static void roots_container_runs_where_its_daemon_put_it(void **state)
{
    assert_true(joins_where_told(state, USERS_SLICE "x/" ID_A, NULL));
    assert_true(joins_where_told(state, NULL, USERS_SLICE "x"));
    assert_false(joins_where_told(state, NULL, NULL));
    assert_false(joins_where_told(state, "/docker/" ID_A, "/docker"));
    assert_false(joins_where_told(state, NULL, USERS_SLICE "y"));
    assert_false(joins_where_told(state, "", ""));
}

static struct ht_process in_group_of(uint64_t pid, uint64_t owner)
{
    struct ht_process process = of_uid(pid, 1000);

    ht_process_set_cgroup_uid(&process, owner);
    return process;
}

/* Below a service that is handed to a user the group is whose it is. */
static void a_borrowed_name_below_a_service_is_told_by_its_owner(void **state)
{
    static const char group[] = "/system.slice/x.service/docker-" ID_A ".scope";
    struct fixture *fixture = *state;

    add_daemon(fixture->docker, "unix:///run/docker.sock", 0);
    add_of_daemon(fixture->docker, ID_A, "web", "unix:///run/docker.sock");
    add_process(fixture, in_group_of(11, 0), group);
    add_process(fixture, in_group_of(12, 1000), group);
    ht_autonode struct ht_node *node = join(fixture);
    assert_true(ht_str_is(process_of(node, "11.1")->container, ID_A));
    assert_false(ht_process_has_container(process_of(node, "12.1")));
    assert_int_equal(container_of(node, ID_A)->processes, 1);
}

static void who_named_an_unknown_container_is_told(void **state)
{
    struct fixture *fixture = *state;

    add_process(fixture, of_uid(12, 1000), USERS_SLICE "docker-" ID_A ".scope");
    ht_autonode struct ht_node *node = join(fixture);
    assert_int_equal(container_of(node, ID_A)->state, HT_CONTAINER_STATE_UNMANAGED);
    assert_true(ht_str_is(container_of(node, ID_A)->unmanaged,
                          "a user called its cgroup like a container; no runtime here lists it"));
}

static void add_told(struct fixture *fixture, enum ht_container_state told)
{
    struct ht_container container = {0};

    ht_container_set_id(&container, HT_S(ID_A));
    ht_container_set_state(&container, told);
    ht_node_add(fixture->docker, ht_row_new(&ht_container_table, &container));
}

static enum ht_container_state state_of_told(struct fixture *fixture, enum ht_container_state told)
{
    add_told(fixture, told);
    ht_autonode struct ht_node *node = join(fixture);
    return container_of(node, ID_A)->state;
}

static void what_has_processes_runs_whatever_its_daemon_says(void **state)
{
    struct fixture *fixture = *state;

    add_process(fixture, of_uid(10, 0), "/docker/" ID_A);
    assert_int_equal(state_of_told(fixture, HT_CONTAINER_STATE_EXITED), HT_CONTAINER_STATE_RUNNING);
}

static void what_is_paused_stays_paused(void **state)
{
    struct fixture *fixture = *state;

    add_process(fixture, of_uid(10, 0), "/docker/" ID_A);
    assert_int_equal(state_of_told(fixture, HT_CONTAINER_STATE_PAUSED), HT_CONTAINER_STATE_PAUSED);
}

static void what_has_no_processes_stays_as_its_daemon_says(void **state)
{
    struct fixture *fixture = *state;

    add_process(fixture, with_pid(12), "/system.slice/ssh.service");
    assert_int_equal(state_of_told(fixture, HT_CONTAINER_STATE_EXITED), HT_CONTAINER_STATE_EXITED);
}

#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static bool keeps_load(struct fixture *fixture, const char *id, bool of_unit)
{
    struct ht_usage usage = {0};

    ht_usage_set_id(&usage, ht_str_from(id));
    if (of_unit)
        ht_usage_set_unit(&usage, usage.id);
    else
        ht_usage_set_container(&usage, usage.id);
    ht_usage_set_cpu(&usage, 3800);
    ht_node_add(fixture->proc, ht_row_new(&ht_usage_table, &usage));
    ht_autonode struct ht_node *node = join(fixture);
    return ht_node_find(node, HT_TABLE_USAGE, ht_str_from(id));
}

/* Its cgroup may be read before its end, and told after it. */
static bool has_load(struct fixture *fixture, enum ht_container_state told)
{
    add_told(fixture, told);
    return keeps_load(fixture, ID_A, false);
}

/* "docker run --rm": no runtime lists it any more. */
static void what_is_gone_has_no_load(void **state)
{
    add_process(*state, with_pid(10), "/system.slice/ssh.service");
    assert_false(keeps_load(*state, ID_A, false));
}

static void units_and_what_no_runtime_lists_keep_their_load(void **state)
{
    struct fixture *fixture = *state;
    struct ht_process nested = with_pid(11);

    add_told(fixture, HT_CONTAINER_STATE_RUNNING);
    ht_process_set_container_id(&nested, HT_S(ID_B));
    add_process(fixture, nested, "/docker/" ID_A "/docker/" ID_B);
    assert_true(keeps_load(fixture, ID_B, false));
    assert_true(keeps_load(fixture, "unit:ssh.service", true));
}

static void what_has_exited_has_no_load(void **state)
{
    assert_false(has_load(*state, HT_CONTAINER_STATE_EXITED));
}

static void what_runs_has_its_load(void **state)
{
    assert_true(has_load(*state, HT_CONTAINER_STATE_RUNNING));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_users_daemon_has_no_process_outside_of_its_users_slice),
        TEST(a_users_daemon_has_no_process_in_another_users_slice),
        TEST(a_users_daemon_has_no_process_of_roots),
        TEST(a_users_daemon_keeps_its_users_containers),
        TEST(a_borrowed_name_joins_no_container_of_roots),
        TEST(a_borrowed_name_below_a_service_is_told_by_its_owner),
        cmocka_unit_test(groups_within_a_container_hide_nothing_of_it),
        TEST(a_users_daemon_has_no_container_by_groups_within_it),
        cmocka_unit_test(roots_container_runs_where_its_daemon_put_it),
        TEST(who_named_an_unknown_container_is_told),
        TEST(what_has_processes_runs_whatever_its_daemon_says),
        TEST(what_is_paused_stays_paused),
        TEST(what_has_no_processes_stays_as_its_daemon_says),
        TEST(what_has_exited_has_no_load),
        TEST(what_runs_has_its_load),
        TEST(what_is_gone_has_no_load),
        TEST(units_and_what_no_runtime_lists_keep_their_load),
        cmocka_unit_test(listeners_of_a_daemon_come_from_its_command_line),
        cmocka_unit_test(what_was_not_read_may_open_any_port),
        cmocka_unit_test(what_the_kernel_shows_settles_it),
        TEST(another_program_called_dockerd_says_nothing),
        TEST(a_dockerd_says_nothing_of_another_engine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
