/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Load of containers and units from recorded cgroup trees: v1, v2, and none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/unit/tree.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "src/source/proc-usage.h"

#define ID "2b4f5a0c9f1e8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a29181706f5e4d3c2b1a0"
#define S  HT_NS_PER_S

enum { PATH_BYTES = 512 };

struct tree {
    char path[64];
    struct ht_proc_reader reader;
    struct ht_usage_meter *meter;
};

static void put(const struct tree *tree, const char *folder, const char *name, const char *content)
{
    char path[PATH_BYTES];
    struct ht_error err = {0};

    snprintf(path, sizeof(path), "%s/%s", tree->path, folder);
    assert_int_equal(ht_file_make_directory(path, &err), 0);
    snprintf(path, sizeof(path), "%s/%s/%s", tree->path, folder, name);
    assert_int_equal(ht_file_write(path, ht_str_from(content), HT_FILE_REPLACE, &err), 0);
}

static void open_tree(struct tree *tree, const char *kinds)
{
    struct ht_error err = {0};
    char text[2048] = "";
    size_t len = 0;

    if (strstr(kinds, "v1"))
        len += (size_t)snprintf(text + len, sizeof(text) - len,
                                "1 2 0:30 / %s/cpuacct rw - cgroup cgroup rw,cpuacct,cpu\n"
                                "1 2 0:31 / %s/memory rw - cgroup cgroup rw,memory\n",
                                tree->path, tree->path);
    if (strstr(kinds, "v2"))
        snprintf(text + len, sizeof(text) - len, "1 2 0:32 / %s/unified rw - cgroup2 cgroup2 rw\n",
                 tree->path);
    assert_int_equal(ht_proc_reader_init(&tree->reader, tree->path, &err), 0);
    tree->meter = ht_usage_new_with(ht_str_from(text));
}

static int make_tree(void **state)
{
    struct tree *tree = calloc(1, sizeof(*tree));

    assert_non_null(tree);
    snprintf(tree->path, sizeof(tree->path), "/tmp/ht-usage-XXXXXX");
    assert_non_null(mkdtemp(tree->path));
    *state = tree;
    return 0;
}

static int free_tree(void **state)
{
    struct tree *tree = *state;

    ht_usage_free(tree->meter);
    ht_proc_reader_fini(&tree->reader);
    ht_test_remove_tree(tree->path);
    free(tree);
    return 0;
}

static bool reading(struct tree *tree, int64_t now_ns, uint64_t ticks, bool *ret_wants_ticks)
{
    struct ht_process process = {0};

    ht_process_set_pid(&process, 7);
    ht_process_set_container_id(&process, HT_S(ID));
    ht_usage_begin(tree->meter);
    bool wants = ht_usage_count(tree->meter, &process, &tree->reader, ticks);
    if (ret_wants_ticks)
        *ret_wants_ticks = wants;
    return ht_usage_finish(tree->meter, now_ns);
}

/* The one row there is; borrowed while *node lives. */
static const struct ht_usage *only_row(struct tree *tree, struct ht_node **node)
{
    *node = ht_node_new(0);
    ht_usage_share(tree->meter, *node);
    assert_int_equal(ht_node_set(*node, HT_TABLE_USAGE)->len, 1);
    return ht_usage_of(ht_node_set(*node, HT_TABLE_USAGE)->rows[0]);
}

static void v1_load_is_cpu_time_over_time(void **state)
{
    struct tree *tree = *state;

    put(tree, "7", "cgroup", "3:memory:/docker/" ID "/deep\n2:cpu,cpuacct:/docker/" ID "/deep\n");
    put(tree, "cpuacct/docker/" ID, "cpuacct.usage", "1000000000\n");
    put(tree, "memory/docker/" ID, "memory.usage_in_bytes", "104857600\n");
    put(tree, "memory/docker/" ID, "memory.stat", "cache 1\ntotal_inactive_file 4857600\n");
    open_tree(tree, "v1");
    assert_true(reading(tree, 100 * S, 0, NULL));
    {
        ht_autonode struct ht_node *node = NULL;
        const struct ht_usage *usage = only_row(tree, &node);

        assert_false(ht_usage_has_cpu(usage));
        assert_int_equal(usage->memory, 100000000);
        assert_int_equal(usage->processes, 1);
    }
    put(tree, "cpuacct/docker/" ID, "cpuacct.usage", "3500000000\n");
    assert_true(reading(tree, 105 * S, 0, NULL));
    {
        ht_autonode struct ht_node *node = NULL;
        const struct ht_usage *usage = only_row(tree, &node);

        assert_int_equal(usage->cpu, 500);
        assert_int_equal(usage->cpu_5m, 500);
        assert_true(ht_str_is(usage->container, ID));
    }
}

static void v2_load_is_read_from_cpu_stat(void **state)
{
    struct tree *tree = *state;

    put(tree, "7", "cgroup", "0::/docker/" ID "\n");
    put(tree, "unified/docker/" ID, "cpu.stat", "usage_usec 1000000\nuser_usec 5\n");
    put(tree, "unified/docker/" ID, "memory.current", "50000000\n");
    open_tree(tree, "v2");
    assert_true(reading(tree, 100 * S, 0, NULL));
    put(tree, "unified/docker/" ID, "cpu.stat", "usage_usec 2000000\n");
    assert_true(reading(tree, 110 * S, 0, NULL));

    ht_autonode struct ht_node *node = NULL;
    const struct ht_usage *usage = only_row(tree, &node);
    assert_int_equal(usage->cpu, 100);
    assert_int_equal(usage->memory, 50000000);
}

static void hybrid_takes_v1_where_it_has_the_controller(void **state)
{
    struct tree *tree = *state;

    put(tree, "7", "cgroup", "2:cpuacct:/docker/" ID "\n0::/docker/" ID "\n");
    put(tree, "cpuacct/docker/" ID, "cpuacct.usage", "0\n");
    put(tree, "unified/docker/" ID, "cpu.stat", "usage_usec 9000000\n");
    open_tree(tree, "v1 v2");
    reading(tree, 100 * S, 0, NULL);
    put(tree, "cpuacct/docker/" ID, "cpuacct.usage", "1000000000\n");
    reading(tree, 110 * S, 0, NULL);

    ht_autonode struct ht_node *node = NULL;
    const struct ht_usage *usage = only_row(tree, &node);
    assert_int_equal(usage->cpu, 100);
    assert_false(ht_usage_has_memory(usage));
}

static void without_cgroup_files_ticks_are_summed(void **state)
{
    struct tree *tree = *state;
    bool wants_ticks = false;

    put(tree, "7", "cgroup", "2:cpuacct:/../" ID "\n");
    open_tree(tree, "v1");
    reading(tree, 100 * S, 1000, &wants_ticks);
    assert_true(wants_ticks);
    reading(tree, 110 * S, 1000 + 100, &wants_ticks);

    ht_autonode struct ht_node *node = NULL;
    const struct ht_usage *usage = only_row(tree, &node);
    assert_int_equal(usage->cpu, 100); /* 100 ticks are a second at the usual 100 a second */
    assert_false(ht_usage_has_memory(usage));
}

static uint64_t cpu_now(struct tree *tree)
{
    ht_autonode struct ht_node *node = NULL;

    return only_row(tree, &node)->cpu;
}

static void who_rests_is_asked_half_as_often(void **state)
{
    struct tree *tree = *state;
    int64_t now = 100;
    const char *busy[] = {"usage_usec 2000000\n", "usage_usec 3000000\n"};

    put(tree, "7", "cgroup", "0::/docker/" ID "\n");
    put(tree, "unified/docker/" ID, "cpu.stat", "usage_usec 1000000\n");
    put(tree, "unified/docker/" ID, "memory.current", "50000000\n");
    open_tree(tree, "v2");
    /* The first has no rate yet; the last one is left out. */
    for (unsigned i = 0; i < 1 + 12 + 1; i++, now += 5)
        reading(tree, now * S, 0, NULL);
    put(tree, "unified/docker/" ID, "cpu.stat", busy[0]);
    assert_true(reading(tree, now * S, 0, NULL));
    /* Since the reading before the one that was left out. */
    assert_int_equal(cpu_now(tree), 100);

    /* While it runs it has each turn. */
    put(tree, "unified/docker/" ID, "cpu.stat", busy[1]);
    now += 5;
    assert_true(reading(tree, now * S, 0, NULL));
    assert_int_equal(cpu_now(tree), 200);
    now += 5;
    assert_true(reading(tree, now * S, 0, NULL));
    assert_int_equal(cpu_now(tree), 0);

    /* Who is looked at is not left out. */
    for (unsigned i = 0; i < 12; i++) {
        now += 5;
        reading(tree, now * S, 0, NULL);
    }
    put(tree, "unified/docker/" ID, "cpu.stat", "usage_usec 4000000\n");
    ht_usage_expect(tree->meter, HT_S(ID));
    now += 5;
    assert_true(reading(tree, now * S, 0, NULL));
    assert_true(cpu_now(tree) > 0);
}

static void noise_makes_no_new_row(void **state)
{
    struct tree *tree = *state;

    put(tree, "7", "cgroup", "0::/docker/" ID "\n");
    put(tree, "unified/docker/" ID, "cpu.stat", "usage_usec 1000000\n");
    put(tree, "unified/docker/" ID, "memory.current", "50000000\n");
    open_tree(tree, "v2");
    assert_true(reading(tree, 100 * S, 0, NULL));
    assert_true(reading(tree, 105 * S, 0, NULL)); /* the first rate */
    put(tree, "unified/docker/" ID, "cpu.stat", "usage_usec 1005000\n");
    put(tree, "unified/docker/" ID, "memory.current", "50100000\n");
    assert_false(reading(tree, 110 * S, 0, NULL));
    put(tree, "unified/docker/" ID, "cpu.stat", "usage_usec 1010000\n");
    put(tree, "unified/docker/" ID, "memory.current", "90000000\n");
    assert_true(reading(tree, 115 * S, 0, NULL));
}

static void memory_of_what_sleeps_is_read_seldom(void **state)
{
    struct tree *tree = *state;
    int64_t at = 105 * S;
    unsigned readings = 0;

    put(tree, "7", "cgroup", "0::/docker/" ID "\n");
    put(tree, "unified/docker/" ID, "cpu.stat", "usage_usec 1000000\n");
    put(tree, "unified/docker/" ID, "memory.current", "50000000\n");
    open_tree(tree, "v2");
    assert_true(reading(tree, 100 * S, 0, NULL));
    assert_true(reading(tree, at, 0, NULL));
    put(tree, "unified/docker/" ID, "memory.current", "90000000\n");
    do {
        at += 5 * S;
        readings++;
        assert_true(readings <= 12);
    } while (!reading(tree, at, 0, NULL));
    assert_true(readings > 1);

    ht_autonode struct ht_node *node = NULL;
    assert_int_equal(only_row(tree, &node)->memory, 90000000);
}

/* A limit that is declared anew would else differ from the kernel's for a minute. */
static void who_was_changed_is_read_at_the_next_reading(void **state)
{
    struct tree *tree = *state;
    ht_autonode struct ht_node *before = NULL;
    ht_autonode struct ht_node *after = NULL;

    put(tree, "7", "cgroup", "0::/docker/" ID "\n");
    put(tree, "unified/docker/" ID, "cpu.stat", "usage_usec 1000000\n");
    put(tree, "unified/docker/" ID, "cpu.max", "50000 100000\n");
    put(tree, "unified/docker/" ID, "memory.max", "max\n");
    open_tree(tree, "v2");
    reading(tree, 100 * S, 0, NULL);
    reading(tree, 105 * S, 0, NULL);
    put(tree, "unified/docker/" ID, "cpu.max", "max 100000\n");
    put(tree, "unified/docker/" ID, "memory.max", "67108864\n");
    reading(tree, 110 * S, 0, NULL);
    assert_int_equal(only_row(tree, &before)->cpu_max, 500);
    ht_usage_expect(tree->meter, HT_S("another"));
    ht_usage_expect(tree->meter, HT_S(ID));
    reading(tree, 115 * S, 0, NULL);
    const struct ht_usage *usage = only_row(tree, &after);
    assert_int_equal(usage->cpu_max, 0);
    assert_int_equal(usage->memory_max, 67108864);
    ht_node_unref(after);
    after = NULL;
    put(tree, "unified/docker/" ID, "cpu.max", "20000 100000\n");
    ht_usage_expect_all(tree->meter);
    reading(tree, 120 * S, 0, NULL);
    assert_int_equal(only_row(tree, &after)->cpu_max, 200);
}

static void who_is_not_counted_is_forgotten(void **state)
{
    struct tree *tree = *state;
    ht_autonode struct ht_node *node = ht_node_new(0);

    put(tree, "7", "cgroup", "0::/docker/" ID "\n");
    open_tree(tree, "v2");
    assert_true(reading(tree, 100 * S, 0, NULL));
    ht_usage_begin(tree->meter);
    assert_true(ht_usage_finish(tree->meter, 105 * S));
    ht_usage_share(tree->meter, node);
    assert_int_equal(ht_node_set(node, HT_TABLE_USAGE)->len, 0);
}

static void only_services_are_units_with_a_load(void **state)
{
    struct tree *tree = *state;
    struct ht_process process = {0};
    ht_autonode struct ht_node *node = NULL;

    put(tree, "7", "cgroup", "0::/system.slice/a.service/worker\n");
    put(tree, "unified/system.slice/a.service", "memory.current", "3\n");
    open_tree(tree, "v2");
    ht_process_set_pid(&process, 7);
    ht_process_set_unit(&process, HT_S("a.service"));
    ht_usage_begin(tree->meter);
    ht_usage_count(tree->meter, &process, &tree->reader, 0);
    ht_process_set_unit(&process, HT_S("session-3.scope"));
    ht_usage_count(tree->meter, &process, &tree->reader, 0);
    ht_usage_finish(tree->meter, S);

    const struct ht_usage *usage = only_row(tree, &node);
    assert_true(ht_str_is(usage->id, "unit:a.service"));
    assert_true(ht_str_is(usage->unit, "a.service"));
    assert_int_equal(usage->memory, 3);
    assert_false(ht_usage_has_container(usage));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(v1_load_is_cpu_time_over_time, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(v2_load_is_read_from_cpu_stat, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(hybrid_takes_v1_where_it_has_the_controller, make_tree,
                                        free_tree),
        cmocka_unit_test_setup_teardown(without_cgroup_files_ticks_are_summed, make_tree,
                                        free_tree),
        cmocka_unit_test_setup_teardown(who_rests_is_asked_half_as_often, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(noise_makes_no_new_row, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(memory_of_what_sleeps_is_read_seldom, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(who_was_changed_is_read_at_the_next_reading, make_tree,
                                        free_tree),
        cmocka_unit_test_setup_teardown(who_is_not_counted_is_forgotten, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(only_services_are_units_with_a_load, make_tree, free_tree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
