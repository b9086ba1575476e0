/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the join derives: class, owner, effective privilege. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"
#include "hulltop/check/classify.h"
#include "hulltop/check/privilege.h"
#include "src/check/identity.h"
#include "src/check/view.h"

enum { DEFAULT_CAPS = 0xa80425fb };

static struct ht_facts *facts;
static struct ht_arena *arena;

/* ---- class and owner ---- */

struct classified {
    struct ht_pair label;
    struct ht_str image;
    struct ht_str command;
    struct ht_str env;
    struct ht_str oci_runtime;
    enum ht_class class;
    const char *signal;
};

static void classes_come_from_the_strongest_signal(void **state)
{
    static const struct classified cases[] = {
        {.image = HT_STR("nginx"), .class = HT_CLASS_APP, .signal = "nothing says otherwise"},
        {.label = {HT_STR("jenkins"), HT_STR("slave")},
         .image = HT_STR("moby/buildkit"),
         .class = HT_CLASS_BUILD,
         .signal = "Jenkins agent: label jenkins=slave"},
        {.label = {HT_STR("jenkins"), HT_STR("master")}, .class = HT_CLASS_APP},
        {.label = {HT_STR("io.drone.build.number"), HT_STR("7")}, .class = HT_CLASS_BUILD},
        {.image = HT_STR("docker.io/moby/buildkit:v0.16"),
         .env = HT_STR("GITLAB_CI"),
         .class = HT_CLASS_BUILD,
         .signal = "BuildKit: image moby/buildkit"},
        {.image = HT_STR("docker:27-dind"), .class = HT_CLASS_BUILD},
        {.image = HT_STR("docker:27"), .class = HT_CLASS_APP},
        {.image = HT_STR("x"),
         .command = HT_STR("/usr/bin/buildkitd"),
         .class = HT_CLASS_BUILD,
         .signal = "BuildKit: process buildkitd"},
        {.image = HT_STR("x"), .command = HT_STR("/kaniko/executor"), .class = HT_CLASS_BUILD},
        {.image = HT_STR("x"), .command = HT_STR("/app/executor"), .class = HT_CLASS_APP},
        {.image = HT_STR("x"),
         .env = HT_STR("GITHUB_ACTIONS"),
         .class = HT_CLASS_BUILD,
         .signal = "GitHub Actions: environment GITHUB_ACTIONS"},
        {.image = HT_STR("moby/buildkit"),
         .oci_runtime = HT_STR("runsc"),
         .class = HT_CLASS_SANDBOXED,
         .signal = "gVisor: runtime runsc"},
        {.image = HT_STR("x"), .oci_runtime = HT_STR("sysbox-runc"), .class = HT_CLASS_APP},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct classified *this = &cases[i];
        struct ht_pair env = {.key = this->env};
        struct ht_container container = {0};

        ht_container_set_labels(&container, (struct ht_pair_list){.items = &this->label,
                                                                  .len = this->label.key.len > 0});
        ht_container_set_env(&container,
                             (struct ht_pair_list){.items = &env, .len = this->env.len > 0});
        ht_container_set_command(&container, (struct ht_text_list){.items = &this->command,
                                                                   .len = this->command.len > 0});
        if (this->image.len)
            ht_container_set_image(&container, this->image);
        if (this->oci_runtime.len)
            ht_container_set_oci_runtime(&container, this->oci_runtime);
        ht_classify(facts, &container, arena);
        if (container.class != this->class)
            fail_msg("case %zu: class %u", i, (unsigned)container.class);
        if (this->signal)
            assert_string_equal(container.class_signal.data, this->signal);
    }
}

static void owners_come_from_names_of_pods(void **state)
{
    static const struct {
        const char *pod, *owner;
    } cases[] = {
        {"web-5d8f9c7b4-x2x5p", "workload/web"},
        {"kube-proxy-7zk4q", "workload/kube-proxy"},
        {"db-0", "workload/db"},
        {"etcd-node1", "workload/etcd-node1"},
        {"alone", "workload/alone"},
        {"my-web-app", "workload/my-web-app"},
        {"web-aeiou-x2x5p", "workload/web-aeiou"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_pair labels[] = {
            {HT_STR("io.kubernetes.pod.name"), ht_str_from(cases[i].pod)},
            {HT_STR("io.kubernetes.pod.namespace"), HT_STR("shop")},
        };
        struct ht_container container = {0};

        ht_container_set_labels(&container, (struct ht_pair_list){.items = labels, .len = 2});
        ht_classify(facts, &container, arena);
        assert_string_equal(container.owner.data, cases[i].owner);
        assert_true(ht_str_is(container.namespace, "shop"));
    }
}

static void compose_services_own_their_containers(void **state)
{
    static const struct ht_pair labels[] = {
        {HT_STR("com.docker.compose.project"), HT_STR("shop")},
        {HT_STR("com.docker.compose.service"), HT_STR("web")},
    };
    struct ht_container container = {0};

    (void)state;
    ht_container_set_labels(&container, (struct ht_pair_list){.items = labels, .len = 2});
    ht_classify(facts, &container, arena);
    assert_true(ht_str_is(container.owner, "shop/web"));
    assert_false(ht_container_has_namespace(&container));
}

/* ---- effective privilege ---- */

static struct ht_mount mount(const char *target, const char *type, bool rw)
{
    struct ht_mount made = {0};

    ht_mount_set_target(&made, ht_str_from(target));
    ht_mount_set_type(&made, ht_str_from(type));
    ht_mount_set_rw(&made, rw);
    return made;
}

static struct ht_process plain_init(void)
{
    struct ht_process init = {0};

    ht_process_set_cap_eff(&init, DEFAULT_CAPS);
    ht_process_set_cap_bnd(&init, DEFAULT_CAPS);
    ht_process_set_seccomp(&init, HT_SECCOMP_MODE_FILTER);
    ht_process_set_no_new_privs(&init, false);
    ht_process_set_euid(&init, 0);
    ht_process_set_uid_map(&init, HT_S("0 0 4294967295"));
    ht_process_set_uid_map_full(&init, true);
    ht_process_set_ns_pid(&init, 7);
    ht_process_set_ns_net(&init, 2);
    ht_process_set_reads(&init, 2);
    return init;
}

static struct ht_host plain_host(void)
{
    struct ht_host host = {0};

    ht_host_set_ns_pid(&host, 1);
    ht_host_set_ns_net(&host, 2);
    return host;
}

static struct ht_privilege derive(const struct ht_process *init)
{
    struct ht_host host = plain_host();
    struct ht_privilege privilege = {0};

    ht_privilege_effective(&host, init, facts, arena, &privilege);
    return privilege;
}

static void namespaces_are_compared_with_the_node(void **state)
{
    struct ht_process init = plain_init();
    struct ht_privilege privilege = derive(&init);

    (void)state;
    assert_int_equal(privilege.pid_ns, HT_NS_SCOPE_OWN);
    assert_int_equal(privilege.net_ns, HT_NS_SCOPE_HOST);
    assert_false(ht_privilege_has_ipc_ns(&privilege));

    struct ht_privilege without = {0};
    ht_privilege_effective(NULL, &init, facts, arena, &without);
    assert_false(ht_privilege_has_pid_ns(&without));
    assert_true(ht_privilege_has_caps(&without));
}

/* What the first process dropped another one may have kept. */
static void what_any_process_holds_is_held(void **state)
{
    struct ht_host host = plain_host();
    struct ht_process process = plain_init();
    struct ht_container container = {0};
    struct ht_held held = {0};
    uint64_t number;

    (void)state;
    ht_host_set_ns_user(&host, 5);
    ht_process_set_euid(&process, 1000);
    ht_process_set_cap_eff(&process, 0);
    ht_process_set_cap_prm(&process, 0);
    ht_privilege_hold(&held, &host, &process);
    number = ht_privilege_held_number(&held);
    ht_process_set_cap_prm(&process, 0x200000);
    ht_process_set_ns_user(&process, 6); /* over a user namespace of its own */
    ht_privilege_hold(&held, &host, &process);
    assert_int_equal(held.caps, 0);
    ht_process_set_ns_user(&process, 5);
    ht_process_set_euid(&process, 0);
    ht_process_set_reads(&process, 1); /* may be a step of a runtime */
    ht_privilege_hold(&held, &host, &process);
    assert_int_equal(ht_privilege_held_number(&held), number);
    ht_process_set_reads(&process, 2);
    ht_privilege_hold(&held, &host, &process);
    assert_int_not_equal(ht_privilege_held_number(&held), number);
    ht_privilege_put_held(&held, &container);
    assert_int_equal(container.held_caps, 0x200000);
    assert_true(ht_container_has_held_root(&container) && container.held_root);

    struct ht_container unknown = {0};
    ht_field_forget(&ht_process_table, &process, "cap_prm");
    ht_privilege_hold(&held, &host, &process);
    ht_privilege_put_held(&held, &unknown);
    assert_false(ht_container_has_held_caps(&unknown) || ht_container_has_held_root(&unknown));
}

static void nothing_is_relied_on_in_the_first_seconds(void **state)
{
    struct ht_process init = plain_init();

    (void)state;
    ht_process_set_reads(&init, 1);
    assert_int_equal(derive(&init).known, 0);
    ht_process_set_started_at(&init, INT64_C(1000000000));
    ht_process_set_read_at(&init, INT64_C(4000000000));
    assert_int_equal(derive(&init).known, 0);
    ht_process_set_read_at(&init, INT64_C(4000000001));
    assert_int_not_equal(derive(&init).known, 0);
}

/* On a busy node a runtime's first steps take long, and two reads of them agree. */
static void nothing_is_relied_on_before_the_program_begins(void **state)
{
    static const char *const steps[] = {"runc:[1:CHILD]", "runc:[2:INIT]", "youki:[2:INIT]"};
    static const char *const programs[] = {"nginx", ":[x]", "a:[x", "[kthread]", ""};
    struct ht_process init = plain_init();

    (void)state;
    ht_process_set_started_at(&init, INT64_C(1000000000));
    ht_process_set_read_at(&init, INT64_C(9000000000));
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        ht_process_set_comm(&init, ht_str_from(steps[i]));
        assert_int_equal(derive(&init).known, 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        ht_process_set_comm(&init, ht_str_from(programs[i]));
        assert_int_not_equal(derive(&init).known, 0);
    }
    /* No program hides behind such a name for good. */
    ht_process_set_comm(&init, HT_S("runc:[2:INIT]"));
    ht_process_set_read_at(&init, INT64_C(61000000000));
    assert_int_equal(derive(&init).known, 0);
    ht_process_set_read_at(&init, INT64_C(61000000001));
    assert_int_not_equal(derive(&init).known, 0);
}

static void what_a_starting_container_is_allowed_is_awaited(void **state)
{
    struct ht_process init = plain_init();
    struct ht_container container = {0};
    ht_autonode struct ht_node *young = ht_node_new(0);
    ht_autonode struct ht_node *told = ht_node_new(0);

    (void)state;
    ht_process_set_id(&init, HT_S("411.7"));
    ht_process_set_pid(&init, 411);
    ht_process_set_reads(&init, 1);
    ht_container_set_id(&container, HT_S("c1"));
    ht_container_set_pid(&container, 411);
    ht_node_add(young, ht_row_new(&ht_process_table, &init));
    ht_node_add(young, ht_row_new(&ht_container_table, &container));
    assert_true(ht_privilege_is_awaited(young));

    ht_process_set_reads(&init, 2);
    ht_node_add(told, ht_row_new(&ht_process_table, &init));
    ht_node_add(told, ht_row_new(&ht_container_table, &container));
    assert_false(ht_privilege_is_awaited(told));
}

static void ids_are_told_as_seen_inside_and_on_the_node(void **state)
{
    struct ht_process init = plain_init();
    struct ht_privilege privilege;

    (void)state;
    ht_process_set_uid_map_full(&init, false);
    ht_process_set_uid_map(&init, HT_S("         0     200000      65536"));
    ht_process_set_euid(&init, 201000);
    privilege = derive(&init);
    assert_int_equal(privilege.uid, 1000);
    assert_int_equal(privilege.host_uid, 201000);
    assert_int_equal(privilege.user_ns, HT_NS_SCOPE_OWN);

    ht_process_set_euid(&init, 5);
    privilege = derive(&init);
    assert_false(ht_privilege_has_uid(&privilege));
    assert_int_equal(privilege.host_uid, 5);
}

static void wide_is_not_all_that_the_kernel_knows(void **state)
{
    struct ht_mount mounts[] = {mount("/", "overlay", true), mount("/proc", "proc", true)};
    struct ht_process init = plain_init();
    struct ht_privilege privilege;

    (void)state;
    ht_process_set_mounts(&init, (struct ht_mount_list){.items = mounts, .len = 2});
    ht_process_set_seccomp(&init, HT_SECCOMP_MODE_DISABLED);
    /* Docker 20.10 on a machine that withholds SYS_RESOURCE. */
    ht_process_set_cap_eff(&init, 0x3ffeffffff);
    privilege = derive(&init);
    assert_true(ht_privilege_has_privileged(&privilege) && privilege.privileged);
    assert_true(privilege.proc_sys_rw);
    assert_int_equal(privilege.masked_paths.len, 0);

    ht_process_set_seccomp(&init, HT_SECCOMP_MODE_FILTER);
    privilege = derive(&init);
    assert_true(ht_privilege_has_privileged(&privilege) && !privilege.privileged);

    init.known &= ~(UINT64_C(1) << HT_PROCESS_F_SECCOMP);
    privilege = derive(&init);
    assert_false(ht_privilege_has_privileged(&privilege));
}

static void mounts_tell_what_is_hidden_and_writable(void **state)
{
    struct ht_mount mounts[] = {
        mount("/", "overlay", false),           mount("/proc", "proc", true),
        mount("/proc/sys", "proc", false),      mount("/proc/keys", "tmpfs", true),
        mount("/sys/firmware", "tmpfs", false), mount("/sys/fs/cgroup/memory", "cgroup", true),
        mount("/dev", "tmpfs", true),
    };
    struct ht_process init = plain_init();
    struct ht_privilege privilege;

    (void)state;
    ht_process_set_mounts(&init, (struct ht_mount_list){.items = mounts, .len = ARRAY_LEN(mounts)});
    privilege = derive(&init);
    assert_true(privilege.rootfs_ro);
    assert_false(privilege.proc_sys_rw);
    assert_true(privilege.cgroup_rw);
    assert_int_equal(privilege.masked_paths.len, 2);
    assert_int_equal(privilege.readonly_paths.len, 1);

    /* A list that was cut proves what is in it, not what is missing. */
    ht_process_set_mounts(&init, (struct ht_mount_list){.items = mounts, .len = 2});
    ht_process_set_mounts_cut(&init, 14000);
    privilege = derive(&init);
    assert_true(privilege.rootfs_ro);
    assert_false(ht_privilege_has_masked_paths(&privilege));
    assert_false(ht_privilege_has_proc_sys_rw(&privilege));
    assert_false(ht_privilege_has_cgroup_rw(&privilege));
}

static int begin(void **state)
{
    struct ht_error err = {0};

    (void)state;
    arena = ht_arena_new(1024 * 1024);
    return ht_facts_load(NULL, &facts, &err);
}

static int end(void **state)
{
    (void)state;
    facts = ht_facts_free(facts);
    arena = ht_arena_free(arena);
    return 0;
}

static void paths_lie_in_folders_not_in_names(void **state)
{
    (void)state;
    assert_true(ht_path_lies_in(HT_S("/srv"), HT_S("/srv")));
    assert_true(ht_path_lies_in(HT_S("/srv/a"), HT_S("/srv")));
    assert_true(ht_path_lies_in(HT_S("/srv/a"), HT_S("/srv/")));
    assert_true(ht_path_lies_in(HT_S("/srv"), HT_S("/")));
    assert_true(ht_path_lies_in(HT_S("/"), HT_S("/")));
    assert_false(ht_path_lies_in(HT_S("/srv2"), HT_S("/srv")));
    assert_false(ht_path_lies_in(HT_S("/"), HT_S("/srv")));
    assert_false(ht_path_lies_in(HT_S("/srv"), HT_S("")));
    assert_false(ht_path_lies_in(HT_S(""), HT_S("/")));
}

/* A container that no runtime lists is called by its id, and its code by the same when it is gone:
 * who reads of that code must know where it ran, and it is one finding. */
static void code_outlives_its_container_under_its_name(void **state)
{
    static const char id[] = "c215fa3fa8b4d0e9d31e7d47f067c0bd";
    struct ht_code code = {0};
    struct ht_container container = {0};

    (void)state;
    ht_code_set_id(&code, HT_S("c215fa3fa8b4:executable:/bin/x"));
    ht_code_set_path(&code, HT_S("/bin/x"));
    ht_code_set_container_id(&code, ht_str_from(id));
    ht_code_set_container(&code, ht_str_from(id));
    ht_container_set_id(&container, ht_str_from(id));
    ht_container_set_name(&container, HT_S("c215fa3fa8b4"));
    ht_container_set_state(&container, HT_CONTAINER_STATE_UNMANAGED);
    for (int gone = 0; gone < 2; gone++) {
        ht_autonode struct ht_node *node = ht_node_new(1);
        ht_autorow struct ht_row *row = ht_row_new(&ht_code_table, &code);
        struct ht_subject subject = {0};

        if (!gone)
            ht_node_add(node, ht_row_new(&ht_container_table, &container));
        ht_node_sort(node);
        ht_subject_describe(node, row, &subject);
        assert_true(ht_str_is(subject.kind, "program"));
        assert_true(ht_str_is(subject.name, "/bin/x"));
        assert_true(ht_str_is(subject.container, "c215fa3fa8b4"));
    }

    ht_autonode struct ht_node *node = ht_node_new(1);
    ht_code_set_process(&code, HT_S("7-1"));
    ht_autorow struct ht_row *row = ht_row_new(&ht_code_table, &code);
    struct ht_process process = {0};
    struct ht_subject subject = {0};
    ht_process_set_id(&process, HT_S("7-1"));
    ht_node_add(node, ht_row_new(&ht_process_table, &process));
    ht_node_sort(node);
    ht_subject_describe(node, row, &subject);
    assert_false(ht_subject_has_container(&subject)); /* it lives, and its group's name lies */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_come_from_the_strongest_signal),
        cmocka_unit_test(paths_lie_in_folders_not_in_names),
        cmocka_unit_test(owners_come_from_names_of_pods),
        cmocka_unit_test(compose_services_own_their_containers),
        cmocka_unit_test(namespaces_are_compared_with_the_node),
        cmocka_unit_test(what_any_process_holds_is_held),
        cmocka_unit_test(nothing_is_relied_on_in_the_first_seconds),
        cmocka_unit_test(nothing_is_relied_on_before_the_program_begins),
        cmocka_unit_test(what_a_starting_container_is_allowed_is_awaited),
        cmocka_unit_test(ids_are_told_as_seen_inside_and_on_the_node),
        cmocka_unit_test(wide_is_not_all_that_the_kernel_knows),
        cmocka_unit_test(mounts_tell_what_is_hidden_and_writable),
        cmocka_unit_test(code_outlives_its_container_under_its_name),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
