/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"
#include "hulltop/check/allow.h"
#include "hulltop/check/classify.h"
#include "tests/unit/check/folded.h"
#include "tests/unit/facts.h"

/* Consumes node; unfold follows. */
static struct folded fold(struct ht_node *node)
{
    return fold_by(facts, node);
}

static void sixty_plain_and_one_privileged_are_few_lines(void **state)
{
    struct ht_node *node = new_node();

    (void)state;
    for (unsigned i = 0; i < 61; i++) {
        char id[16], name[16];

        snprintf(id, sizeof(id), "%08x", i);
        snprintf(name, sizeof(name), "web-%u", i);
        struct ht_container container = default_container(id, name);
        if (i == 30)
            make_privileged(&container);
        add_container(node, &container);
    }

    struct folded folded = fold(node);
    assert_in_range(folded.groups.len, 2, 14);
    const struct ht_group *first = ht_group_of(folded.groups.rows[0]);
    assert_true(ht_str_is(first->check, "PRV-001"));
    assert_int_equal(first->severity, HT_SEVERITY_CRITICAL);
    assert_int_equal(first->count, 1);

    const struct ht_finding *privileged = find(&folded, "PRV-001");
    assert_true(ht_str_is(privileged->subject.name, "web-30"));
    assert_true(implied(privileged, "PRV-013"));
    assert_true(implied(privileged, "PRV-016"));
    assert_true(implied(privileged, "PRV-021"));
    assert_true(privileged->escape.len > 0);
    assert_null(find(&folded, "PRV-013"));
    assert_null(find(&folded, "PRV-025"));

    const struct ht_finding *root = find(&folded, "PRV-019");
    assert_true(ht_str_is(root->subject.kind, "node"));
    assert_int_equal(root->count, 61);
    assert_int_equal(root->total, 61);
    assert_int_equal(root->subjects.len, 61);
    assert_true(ht_str_is(root->title, "Runs as uid 0: 61 of 61 containers, 61 workloads"));

    /* The privileged one has it too, though there it is part of something worse. */
    assert_true(implied(privileged, "PRV-015"));
    assert_int_equal(find(&folded, "PRV-015")->count, 61);

    assert_int_equal(question(&folded, 3)->state, HT_QUESTION_STATE_FAIL);
    assert_false(question(&folded, 3)->partial);
    assert_int_equal(question(&folded, 3)->coverage.seen, 61);
    assert_int_equal(question(&folded, 3)->coverage.total, 61);
    assert_int_equal(question(&folded, 2)->state, HT_QUESTION_STATE_UNKNOWN);
    assert_true(ht_str_is(question(&folded, 2)->missing.items[0].reason,
                          "what runs in a container was not compared with its image"));
    assert_int_equal(question(&folded, 6)->state, HT_QUESTION_STATE_UNKNOWN);
    assert_int_equal(question(&folded, 6)->findings, 1);
    unfold(&folded);
}

/* Privileged within ids of its own is medium; what it was given beyond that is told beside it. */
static void what_is_graver_is_no_part_of_what_implies_it(void **state)
{
    struct ht_container container = default_container("aa", "web");
    struct ht_device kvm = {0};
    struct ht_node *node = new_node();

    (void)state;
    make_privileged(&container);
    ht_privilege_set_privileged(&container.effective, false);
    ht_privilege_set_user_ns(&container.effective, HT_NS_SCOPE_OWN);
    ht_privilege_set_host_uid(&container.effective, 1000);
    ht_device_set_host_path(&kvm, HT_S("/dev/kvm"));
    ht_container_set_devices(&container, (struct ht_device_list){.items = &kvm, .len = 1});
    add_container(node, &container);

    struct folded folded = fold(node);
    const struct ht_finding *privileged = find(&folded, "PRV-001");
    assert_int_equal(privileged->severity, HT_SEVERITY_MEDIUM);
    assert_true(implied(privileged, "PRV-021"));
    assert_false(implied(privileged, "PRV-022"));
    assert_int_equal(find(&folded, "PRV-022")->severity, HT_SEVERITY_HIGH);
    unfold(&folded);
}

static void plain_containers_pass(void **state)
{
    struct ht_node *node = new_node();
    struct ht_container container = default_container("a", "web");

    (void)state;
    add_container(node, &container);

    struct folded folded = fold(node);
    assert_int_equal(question(&folded, 3)->state, HT_QUESTION_STATE_PASS);
    assert_false(question(&folded, 3)->partial);
    assert_int_equal(question(&folded, 3)->missing.len, 0);
    unfold(&folded);
}

/* PRV-034 decides nothing where it cannot look, but what it finds is critical. */
static void what_is_grave_fails_whichever_check_finds_it(void **state)
{
    static const struct ht_str argv[] = {HT_STR("kubelet"), HT_STR("--anonymous-auth=true")};
    struct ht_node *node = new_node();
    struct ht_container container = default_container("a", "web");
    struct ht_process kubelet = {0};

    (void)state;
    add_container(node, &container);
    ht_process_set_id(&kubelet, HT_S("900.100"));
    ht_process_set_pid(&kubelet, 900);
    ht_process_set_comm(&kubelet, HT_S("kubelet"));
    ht_process_set_argv(&kubelet, (struct ht_text_list){.items = argv, .len = ARRAY_LEN(argv)});
    ht_node_add(node, ht_row_new(&ht_process_table, &kubelet));

    struct folded folded = fold(node);
    assert_non_null(find(&folded, "PRV-034"));
    assert_int_equal(find(&folded, "PRV-034")->severity, HT_SEVERITY_CRITICAL);
    assert_int_equal(question(&folded, 3)->state, HT_QUESTION_STATE_FAIL);
    unfold(&folded);
}

static void what_may_not_be_read_is_never_a_pass(void **state)
{
    struct ht_node *node = new_node();
    struct ht_container container = default_container("a", "web");

    (void)state;
    container.known &= ~(UINT64_C(1) << HT_CONTAINER_F_EFFECTIVE);
    add_container(node, &container);

    struct folded folded = fold(node);
    assert_int_equal(question(&folded, 3)->state, HT_QUESTION_STATE_PART);
    assert_true(question(&folded, 3)->partial);
    assert_true(question(&folded, 3)->missing.len > 0);
    assert_true(question(&folded, 3)->missing.items[0].help.len > 0);
    assert_int_equal(question(&folded, 3)->coverage.seen, 0);
    assert_int_equal(question(&folded, 3)->coverage.total, 1);
    unfold(&folded);
}

static void nothing_readable_is_unknown(void **state)
{
    struct ht_node *node = ht_node_new(9000);

    (void)state;
    add_host(node);
    add_source(node, "docker", HT_SOURCE_STATE_DENIED);
    add_source(node, "proc", HT_SOURCE_STATE_OK);

    struct folded folded = fold(node);
    assert_int_equal(question(&folded, 3)->state, HT_QUESTION_STATE_UNKNOWN);
    assert_int_equal(question(&folded, 3)->missing.len, 1);
    unfold(&folded);
}

/* The help of the one source that was denied, as that user is told it. */
static void assert_help(uint64_t uid, const char *help, const char *expected)
{
    struct ht_node *node = ht_node_new(9000);
    struct ht_source source = {0};
    struct ht_host host = {0};

    ht_host_set_id(&host, HT_S("node"));
    ht_host_set_uid(&host, uid);
    ht_node_add(node, ht_row_new(&ht_host_table, &host));
    ht_source_set_id(&source, HT_S("docker"));
    ht_source_set_name(&source, HT_S("docker"));
    ht_source_set_state(&source, HT_SOURCE_STATE_DENIED);
    ht_source_set_help(&source, ht_str_from(help));
    ht_node_add(node, ht_row_new(&ht_source_table, &source));

    struct folded folded = fold(node);
    assert_int_equal(question(&folded, 3)->missing.len, 1);
    assert_true(ht_str_is(question(&folded, 3)->missing.items[0].help, expected));
    unfold(&folded);
}

static void root_is_not_told_to_become_root(void **state)
{
    static const char either[] = "root cannot see it either: the kernel, a security module or "
                                 "another namespace hides it";
    static const char only[] = "root sees it only on the node itself, in the host's pid namespace, "
                               "and where neither the kernel nor a security module hides it";
    static const struct {
        const char *told;
        const char *root;
    } helps[] = {
        {"sudo hulltop", either},
        {"sudo hulltop; a package without sums: install it again", either},
        {"sudo hulltop in the host's pid namespace", only},
        {"sudo hulltop on the node", only},
        {"sudo hulltop with tracefs mounted at /sys/kernel/tracing", only},
        {"run it in the host's pid namespace", "run it in the host's pid namespace"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(helps); i++) {
        assert_help(1000, helps[i].told, helps[i].told);
        assert_help(0, helps[i].told, helps[i].root);
    }
}

static void no_container_is_not_applicable(void **state)
{
    struct ht_node *node = ht_node_new(9000);

    (void)state;
    add_host(node);
    add_source(node, "docker", HT_SOURCE_STATE_ABSENT);
    add_source(node, "proc", HT_SOURCE_STATE_OK);

    struct folded folded = fold(node);
    assert_int_equal(question(&folded, 3)->state, HT_QUESTION_STATE_NA);
    unfold(&folded);
}

/* A daemon that refuses may have some, also for questions that look at processes alone. */
static void a_runtime_that_refuses_may_have_containers(void **state)
{
    static const unsigned numbers[] = {2, 3, 6};
    struct ht_node *node = ht_node_new(9000);

    (void)state;
    add_host(node);
    add_source(node, "docker", HT_SOURCE_STATE_ABSENT);
    add_source(node, "containerd", HT_SOURCE_STATE_DENIED);
    add_source(node, "proc", HT_SOURCE_STATE_OK);
    add_source(node, "drift", HT_SOURCE_STATE_OK);

    struct folded folded = fold(node);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        assert_int_equal(question(&folded, numbers[i])->state, HT_QUESTION_STATE_UNKNOWN);
    unfold(&folded);
}

static void states_follow_sources_and_the_first_match(void **state)
{
    static const struct {
        enum ht_source_state docker;
        bool complete, medium, privileged;
        enum ht_question_state state;
        bool partial;
    } cases[] = {
        {HT_SOURCE_STATE_STALE, true, false, false, HT_QUESTION_STATE_STALE, true},
        {HT_SOURCE_STATE_STALE, true, true, false, HT_QUESTION_STATE_WARN, true},
        {HT_SOURCE_STATE_STALE, true, false, true, HT_QUESTION_STATE_FAIL, true},
        {HT_SOURCE_STATE_PART, true, false, false, HT_QUESTION_STATE_PART, true},
        {HT_SOURCE_STATE_BROKEN, true, true, false, HT_QUESTION_STATE_WARN, true},
        {HT_SOURCE_STATE_OK, true, true, false, HT_QUESTION_STATE_WARN, false},
        {HT_SOURCE_STATE_OK, true, false, true, HT_QUESTION_STATE_FAIL, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_node *node = ht_node_new(9000);
        struct ht_container container = default_container("a", "web");

        if (cases[i].privileged)
            make_privileged(&container);
        if (cases[i].medium)
            ht_privilege_set_ipc_ns(&container.declared, HT_NS_SCOPE_HOST);
        add_host(node);
        add_source(node, "docker", cases[i].docker);
        add_source(node, "proc", HT_SOURCE_STATE_OK);
        add_container(node, &container);

        struct folded folded = fold(node);
        assert_int_equal(question(&folded, 3)->state, cases[i].state);
        assert_int_equal(question(&folded, 3)->partial, cases[i].partial);
        unfold(&folded);
    }
}

/* Ingresses are all that question 5 asks of the cluster. */
static void only_what_it_asks_for_makes_question_5_partial(void **state)
{
    static const struct {
        enum ht_source_state kubernetes;
        bool cluster, listed, partial;
    } cases[] = {
        {HT_SOURCE_STATE_OK, true, true, false},       {HT_SOURCE_STATE_PART, true, true, false},
        {HT_SOURCE_STATE_PART, true, false, true},     {HT_SOURCE_STATE_DENIED, true, false, true},
        {HT_SOURCE_STATE_DENIED, false, false, true},  {HT_SOURCE_STATE_BROKEN, true, true, true},
        {HT_SOURCE_STATE_ABSENT, false, false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_node *node = new_node();
        struct ht_cluster cluster = {0};

        add_source(node, "kubernetes", cases[i].kubernetes);
        ht_cluster_set_id(&cluster, HT_S("https://10.0.0.1:6443"));
        if (cases[i].listed)
            ht_cluster_set_ingresses(&cluster, 0);
        if (cases[i].cluster)
            ht_node_add(node, ht_row_new(&ht_cluster_table, &cluster));

        struct folded folded = fold(node);
        assert_int_equal(question(&folded, 5)->partial, cases[i].partial);
        unfold(&folded);
    }
}

/* A host without a datastore has containers all the same, and what was looked at in them counts. */
static void question_5_counts_every_kind_of_thing_that_it_looks_at(void **state)
{
    struct ht_node *node = new_node();
    struct ht_container told = default_container("a", "web"), untold = default_container("b", "db");
    const struct ht_coverage_list *covered;

    (void)state;
    ht_container_set_secrets(&told, (struct ht_declared_secret_list){0});
    ht_container_set_mounts(&told, (struct ht_mount_list){0});
    add_container(node, &told);
    add_container(node, &untold);

    struct folded folded = fold(node);
    covered = &question(&folded, 5)->covered;
    assert_true(ht_str_is(question(&folded, 5)->coverage.unit, "datastores"));
    assert_int_equal(question(&folded, 5)->coverage.total, 0);
    assert_int_equal(covered->len, 1);
    assert_true(ht_str_is(covered->items[0].unit, "containers"));
    assert_int_equal(covered->items[0].seen, 1);
    assert_int_equal(covered->items[0].total, 2);
    assert_int_equal(question(&folded, 3)->covered.len, 0);
    unfold(&folded);
}

static bool misses(const struct ht_question *question, const char *reason, bool *ret_decides)
{
    for (size_t i = 0; i < question->missing.len; i++) {
        const struct ht_missing *missing = &question->missing.items[i];

        *ret_decides = missing->decides;
        if (ht_str_is(missing->reason, reason))
            return true;
    }
    return false;
}

/* containerd keeps no history of images: that is told, and the state is the one it would be. */
static void an_untold_history_of_an_image_is_missed_and_decides_nothing(void **state)
{
    enum ht_question_state states[2];
    bool partial[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ht_node *node = new_node();
        struct ht_container container = default_container("a", "web");
        bool decides = false;

        ht_container_set_source(&container, HT_S("containerd"));
        ht_container_set_secrets(&container, (struct ht_declared_secret_list){0});
        if (i == 1)
            ht_container_set_image_secrets(&container, (struct ht_declared_secret_list){0});
        add_container(node, &container);

        struct folded folded = fold(node);
        assert_int_equal(
            misses(question(&folded, 5), "how the image of a container was made", &decides),
            i == 0);
        assert_true(i == 1 || !decides);
        states[i] = question(&folded, 5)->state;
        partial[i] = question(&folded, 5)->partial;
        unfold(&folded);
    }
    assert_int_equal(states[0], states[1]);
    assert_int_equal(partial[0], partial[1]);
}

static void before_any_answer_it_waits_and_unasked_is_off(void **state)
{
    struct ht_node *node = ht_node_new(9000);

    (void)state;
    add_source(node, "docker", HT_SOURCE_STATE_WAIT);
    add_source(node, "proc", HT_SOURCE_STATE_WAIT);

    struct folded folded = fold(node);
    struct ht_answer_input input = input_of(&folded);
    input.complete = false;
    ht_answer(&input, folded.questions);
    assert_int_equal(question(&folded, 3)->state, HT_QUESTION_STATE_WAIT);
    input.questions = 0x7e & ~(1u << 3);
    ht_answer(&input, folded.questions);
    assert_int_equal(question(&folded, 3)->state, HT_QUESTION_STATE_OFF);
    unfold(&folded);
}

static void what_one_source_lacks_is_not_absent_while_another_has_yet_to_answer(void **state)
{
    struct ht_node *node = ht_node_new(9000);

    (void)state;
    add_source(node, "docker", HT_SOURCE_STATE_WAIT);
    add_source(node, "podman", HT_SOURCE_STATE_ABSENT);
    add_source(node, "proc", HT_SOURCE_STATE_WAIT);

    struct folded folded = fold(node);
    struct ht_answer_input input = input_of(&folded);
    input.complete = false;
    ht_answer(&input, folded.questions);
    assert_int_equal(question(&folded, 3)->state, HT_QUESTION_STATE_WAIT);
    unfold(&folded);
}

static void ids_outlive_a_restart_and_replicas_are_numbered(void **state)
{
    struct ht_str ids[2][2] = {0};

    (void)state;
    for (size_t run = 0; run < 2; run++) {
        struct ht_node *node = new_node();

        for (size_t i = 0; i < 2; i++) {
            struct ht_container container =
                default_container(run ? (i ? "r1" : "r0") : (i ? "b" : "a"), i ? "k8s_2" : "k8s_1");

            ht_container_set_namespace(&container, HT_S("shop"));
            ht_container_set_owner(&container, HT_S("workload/web"));
            ht_container_set_pod(&container, run ? HT_S("shop/web-x") : HT_S("shop/web-y"));
            ht_container_set_started_at(&container, (int64_t)(run * 100 + i));
            ht_container_set_pid(&container, run * 10 + i + 1);
            ht_privilege_set_net_ns(&container.declared, HT_NS_SCOPE_HOST);
            add_container(node, &container);
        }

        struct folded folded = fold(node);
        const struct ht_group *line = ht_group_of(folded.groups.rows[0]);
        size_t found = 0;

        assert_true(ht_str_is(line->check, "PRV-010"));
        for (size_t i = 0; i < folded.findings.len; i++) {
            const struct ht_finding *finding = ht_finding_of(folded.findings.rows[i]);

            if (!ht_str_is(finding->check, "PRV-010"))
                continue;
            assert_int_equal(finding->id.len, 16);
            assert_in_range(found, 0, 1);
            ids[run][found].data = ht_strndup(finding->id.data, finding->id.len);
            ids[run][found++].len = finding->id.len;
        }
        assert_int_equal(found, 2);
        assert_false(ht_str_equal(ids[run][0], ids[run][1]));
        unfold(&folded);
    }
    bool same = (ht_str_equal(ids[0][0], ids[1][0]) && ht_str_equal(ids[0][1], ids[1][1])) ||
                (ht_str_equal(ids[0][0], ids[1][1]) && ht_str_equal(ids[0][1], ids[1][0]));
    assert_true(same);
    for (size_t i = 0; i < 4; i++)
        free((char *)ids[i / 2][i % 2].data);
}

static struct ht_container kube_proxy(void)
{
    static const struct ht_str command[] = {HT_STR("/usr/local/bin/kube-proxy")};
    struct ht_container container = default_container("a", "k8s_kube-proxy");

    ht_container_set_image(&container, HT_S("registry.k8s.io/kube-proxy:v1.31.0"));
    ht_container_set_namespace(&container, HT_S("kube-system"));
    ht_container_set_owner(&container, HT_S("workload/kube-proxy"));
    ht_container_set_command(&container, (struct ht_text_list){.items = command, .len = 1});
    make_privileged(&container);
    return container;
}

static void a_known_system_workload_is_expected(void **state)
{
    struct ht_node *node = new_node();
    struct ht_container container = kube_proxy();

    (void)state;
    ht_privilege_set_net_ns(&container.declared, HT_NS_SCOPE_HOST);
    add_container(node, &container);

    struct folded folded = fold(node);
    const struct ht_finding *finding = find(&folded, "PRV-001");
    assert_true(finding->expected);
    assert_int_equal(finding->severity, HT_SEVERITY_LOW);
    assert_int_equal(finding->original, HT_SEVERITY_CRITICAL);
    assert_int_equal(question(&folded, 3)->state, HT_QUESTION_STATE_PASS);

    const struct ht_group *last = ht_group_of(folded.groups.rows[folded.groups.len - 1]);
    assert_true(last->expected);
    assert_int_equal(last->count, 3); /* privileged, the node's network, cgroups of version 1 */
    unfold(&folded);
}

static struct ht_container with_a_secret(void)
{
    static struct ht_declared_secret secret;
    struct ht_container container = default_container("a", "web");

    ht_declared_secret_set_where(&secret, HT_S("environment"));
    ht_declared_secret_set_name(&secret, HT_S("DEMO_TOKEN"));
    ht_declared_secret_set_rule(&secret, HT_S("github-token"));
    ht_declared_secret_set_length(&secret, HT_S("long"));
    ht_declared_secret_set_confidence(&secret, HT_CONFIDENCE_CERTAIN);
    ht_container_set_image(&container, HT_S("registry.example/shop/web:2"));
    ht_container_set_secrets(&container,
                             (struct ht_declared_secret_list){.items = &secret, .len = 1});
    return container;
}

/* Folds a node with one secret, under this exception. */
static struct folded fold_allowed(struct ht_allowed *allowed)
{
    struct ht_node *node = new_node();
    struct ht_container container = with_a_secret();

    add_container(node, &container);
    allowed->reason = (struct ht_str)HT_STR("a fixture of the load test");
    allowed->told_by = (struct ht_str)HT_STR("hulltop.conf:3");
    ht_facts_allow(facts, allowed, 1);

    struct folded folded = fold(node);
    ht_facts_allow(facts, NULL, 0);
    return folded;
}

static void what_is_allowed_is_counted_with_reason_and_end(void **state)
{
    static const struct {
        const char *image, *name;
    } fits[] = {{"registry.example/shop/web", "DEMO_TOKEN"},
                {"registry.example/shop/*", ""},
                {"", "DEMO_*"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(fits); i++) {
        struct ht_allowed allowed = {.check = HT_STR("SEC-013"),
                                     .image = ht_str_from(fits[i].image),
                                     .name = ht_str_from(fits[i].name),
                                     .until_ns = 9001};
        struct folded folded = fold_allowed(&allowed);
        const struct ht_finding *finding = find(&folded, "SEC-013");
        const struct ht_group *group;

        assert_true(finding->expected);
        assert_int_equal(finding->severity, HT_SEVERITY_LOW);
        assert_int_equal(finding->original, HT_SEVERITY_HIGH);
        assert_true(ht_str_is(finding->allowed, "a fixture of the load test"));
        assert_true(ht_str_is(finding->allowed_by, "hulltop.conf:3"));
        assert_int_equal(finding->allowed_until, 9001);
        group = ht_group_of(folded.groups.rows[folded.groups.len - 1]);
        assert_true(ht_str_has_prefix(group->title, "Allowed: "));
        assert_true(ht_str_equal(ht_str_sub(group->title, 9, group->title.len), finding->title));
        assert_true(ht_str_is(group->key, "allowed/5/hulltop.conf:3"));
        assert_true(group->expected);
        assert_int_equal(group->count, 1);
        unfold(&folded);
    }
}

static void an_exception_is_of_its_check_image_and_name_alone(void **state)
{
    static const struct {
        const char *check, *image, *name;
    } misses[] = {{"SEC-015", "registry.example/shop/web", "DEMO_TOKEN"},
                  {"SEC-013", "registry.example/shop/web2", "DEMO_TOKEN"},
                  {"SEC-013", "registry.example/shop/web:3", "DEMO_TOKEN"},
                  {"SEC-013", "web", ""},
                  {"SEC-013", "registry.example/shop/web", "DEMO_TOKE"},
                  {"SEC-013", "registry.example/shop/web", "EMO_TOKEN"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(misses); i++) {
        struct ht_allowed allowed = {.check = ht_str_from(misses[i].check),
                                     .image = ht_str_from(misses[i].image),
                                     .name = ht_str_from(misses[i].name),
                                     .until_ns = INT64_MAX};
        struct folded folded = fold_allowed(&allowed);
        const struct ht_finding *finding = find(&folded, "SEC-013");

        assert_false(finding->expected);
        assert_false(ht_finding_has_allowed(finding));
        assert_int_equal(finding->severity, HT_SEVERITY_HIGH);
        unfold(&folded);
    }
}

static void an_exception_that_has_ended_silences_nothing_and_is_told(void **state)
{
    struct ht_allowed allowed = {
        .check = HT_STR("SEC-013"), .name = HT_STR("DEMO_TOKEN"), .until_ns = 9000};
    struct folded folded = fold_allowed(&allowed);
    const struct ht_finding *finding = find(&folded, "SEC-013");
    const struct ht_evidence *last = &finding->evidence.items[finding->evidence.len - 1];

    (void)state;
    assert_false(finding->expected);
    assert_false(ht_finding_has_allowed(finding));
    assert_int_equal(finding->severity, HT_SEVERITY_HIGH);
    assert_true(ht_str_is(last->source, "hulltop.conf:3"));
    assert_true(ht_str_is(last->field, "its exception has ended"));
    assert_true(ht_str_is(last->value, "1970-01-01T00:00:00Z: a fixture of the load test"));
    unfold(&folded);
}

static void beyond_its_entry_a_system_workload_is_judged_in_full(void **state)
{
    static const struct ht_mount etc = {0};
    static const struct ht_str other_command[] = {HT_STR("/bin/sh")};
    struct ht_mount mount = etc;

    (void)state;
    ht_mount_set_origin(&mount, HT_MOUNT_ORIGIN_BIND);
    ht_mount_set_source(&mount, HT_S("/etc"));
    ht_mount_set_target(&mount, HT_S("/host-etc"));
    ht_mount_set_rw(&mount, true);
    for (size_t i = 0; i < 5; i++) {
        struct ht_node *node = new_node();
        struct ht_container container = kube_proxy();

        if (i == 0)
            ht_container_set_mounts(&container, (struct ht_mount_list){.items = &mount, .len = 1});
        if (i == 1)
            ht_container_set_image(&container, HT_S("evil.example/kube-proxy:v1"));
        if (i == 2)
            ht_container_set_namespace(&container, HT_S("default"));
        if (i == 3)
            ht_container_set_command(&container,
                                     (struct ht_text_list){.items = other_command, .len = 1});
        if (i == 4)
            ht_container_set_owner(&container, HT_S("workload/kube-proxy2"));
        add_container(node, &container);

        struct folded folded = fold(node);
        const struct ht_finding *finding = find(&folded, i == 0 ? "PRV-006" : "PRV-001");
        assert_non_null(finding);
        assert_false(finding->expected);
        assert_int_equal(finding->severity, HT_SEVERITY_CRITICAL);
        assert_int_equal(question(&folded, 3)->state, HT_QUESTION_STATE_FAIL);
        unfold(&folded);
    }
}

static void stopped_containers_are_not_counted(void **state)
{
    struct ht_node *node = new_node();
    struct ht_container running = default_container("a", "web");
    struct ht_container stopped = default_container("b", "old");

    (void)state;
    make_privileged(&stopped);
    ht_container_set_state(&stopped, HT_CONTAINER_STATE_EXITED);
    add_container(node, &running);
    add_container(node, &stopped);

    struct folded folded = fold(node);
    assert_null(find(&folded, "PRV-001"));
    assert_int_equal(find(&folded, "PRV-019")->count, 1);
    assert_int_equal(find(&folded, "PRV-019")->total, 1);
    assert_int_equal(question(&folded, 3)->coverage.total, 1);
    unfold(&folded);
}

static void a_sandbox_takes_one_step_off(void **state)
{
    struct ht_node *node = new_node();
    struct ht_container container = default_container("a", "web");

    (void)state;
    ht_container_set_class(&container, HT_CLASS_SANDBOXED);
    make_privileged(&container);
    add_container(node, &container);

    struct folded folded = fold(node);
    const struct ht_finding *finding = find(&folded, "PRV-001");
    assert_int_equal(finding->severity, HT_SEVERITY_HIGH);
    assert_int_equal(finding->original, HT_SEVERITY_CRITICAL);
    assert_false(ht_finding_has_escape(finding));
    unfold(&folded);
}

/* Whoever closes the way that is told must know of the others. */
static void an_escape_path_names_the_other_ways(void **state)
{
    struct ht_mount socket = {0};
    struct ht_container container = default_container("c1", "debug");

    (void)state;
    make_privileged(&container);
    ht_mount_set_origin(&socket, HT_MOUNT_ORIGIN_BIND);
    ht_mount_set_source(&socket, HT_S("/var/run/docker.sock"));
    ht_mount_set_target(&socket, HT_S("/var/run/docker.sock"));
    ht_mount_set_rw(&socket, true);
    for (int several = 0; several < 2; several++) {
        struct ht_node *node = new_node();
        ht_container_set_mounts(&container, (struct ht_mount_list){&socket, (size_t)several});
        add_container(node, &container);

        struct folded folded = fold(node);
        struct ht_str escape = find(&folded, "PRV-001")->escape;
        assert_int_equal(ht_str_find(escape, HT_S("There is another way: privileged."), 0) >= 0,
                         several);
        assert_int_equal(ht_str_find(escape, HT_S("other way"), 0) >= 0, several);
        unfold(&folded);
    }
}

/* The second pod runs nothing that is seen: it is judged by its manifest. */
static void a_container_and_its_pod_count_once(void **state)
{
    static const char *const ids[] = {"aaaaaaaaaaaa", "bbbbbbbbbbbb"};

    (void)state;
    for (size_t pods = 1; pods <= ARRAY_LEN(ids); pods++) {
        struct ht_node *node = new_node();
        struct ht_container container = default_container(ids[0], "web");

        ht_container_set_pod_row(&container, HT_S("pod-0"));
        add_container(node, &container);
        for (size_t i = 0; i < pods; i++) {
            struct ht_pod pod = {0};
            struct ht_pod_container app = {.name = HT_S("app")};
            struct ht_pair id = {.key = HT_S("app"), .value = ht_str_from(ids[i])};

            ht_pod_set_id(&pod, i ? HT_S("pod-1") : HT_S("pod-0"));
            ht_pod_set_phase(&pod, HT_S("Running"));
            ht_pod_set_containers(&pod, (struct ht_pod_container_list){.items = &app, .len = 1});
            ht_pod_set_container_ids(&pod, (struct ht_pair_list){.items = &id, .len = 1});
            ht_node_add(node, ht_row_new(&ht_pod_table, &pod));
        }

        struct folded folded = fold(node);
        assert_int_equal(find(&folded, "PRV-019")->count, pods);
        assert_int_equal(find(&folded, "PRV-019")->total, pods);
        unfold(&folded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sixty_plain_and_one_privileged_are_few_lines),
        cmocka_unit_test(what_is_graver_is_no_part_of_what_implies_it),
        cmocka_unit_test(plain_containers_pass),
        cmocka_unit_test(what_is_grave_fails_whichever_check_finds_it),
        cmocka_unit_test(what_may_not_be_read_is_never_a_pass),
        cmocka_unit_test(nothing_readable_is_unknown),
        cmocka_unit_test(root_is_not_told_to_become_root),
        cmocka_unit_test(no_container_is_not_applicable),
        cmocka_unit_test(a_runtime_that_refuses_may_have_containers),
        cmocka_unit_test(states_follow_sources_and_the_first_match),
        cmocka_unit_test(only_what_it_asks_for_makes_question_5_partial),
        cmocka_unit_test(question_5_counts_every_kind_of_thing_that_it_looks_at),
        cmocka_unit_test(an_untold_history_of_an_image_is_missed_and_decides_nothing),
        cmocka_unit_test(before_any_answer_it_waits_and_unasked_is_off),
        cmocka_unit_test(what_one_source_lacks_is_not_absent_while_another_has_yet_to_answer),
        cmocka_unit_test(ids_outlive_a_restart_and_replicas_are_numbered),
        cmocka_unit_test(a_known_system_workload_is_expected),
        cmocka_unit_test(what_is_allowed_is_counted_with_reason_and_end),
        cmocka_unit_test(an_exception_is_of_its_check_image_and_name_alone),
        cmocka_unit_test(an_exception_that_has_ended_silences_nothing_and_is_told),
        cmocka_unit_test(beyond_its_entry_a_system_workload_is_judged_in_full),
        cmocka_unit_test(stopped_containers_are_not_counted),
        cmocka_unit_test(a_sandbox_takes_one_step_off),
        cmocka_unit_test(an_escape_path_names_the_other_ways),
        cmocka_unit_test(a_container_and_its_pod_count_once),
    };

    return cmocka_run_group_tests(tests, load_facts, free_facts);
}
