/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds that are over still answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "past-builds.h"

static struct ht_past_builds *past;
static struct ht_node *node;

static int set_up(void **state)
{
    (void)state;
    past = ht_past_builds_new();
    node = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ht_node_unref(node);
    ht_past_builds_free(past);
    return 0;
}

/* The next node: with these builds (NULL: none) while the source is in that state. */
static void step(const char *id, const char *key, enum ht_build_state build_state,
                 enum ht_source_state source_state, int64_t now_ns)
{
    struct ht_source source = {0};
    struct ht_build build = {0};

    ht_node_unref(node);
    node = ht_node_new(now_ns);
    ht_source_set_id(&source, HT_S("docker"));
    ht_source_set_state(&source, source_state);
    ht_node_add(node, ht_row_new(&ht_source_table, &source));
    if (id) {
        ht_build_set_id(&build, ht_str_from(id));
        ht_build_set_key(&build, ht_str_from(key));
        ht_build_set_state(&build, build_state);
        ht_build_set_source(&build, HT_S("docker"));
        ht_node_add(node, ht_row_new(&ht_build_table, &build));
    }
    ht_node_sort(node);
    ht_past_builds_apply(past, node, now_ns);
}

static const struct ht_build *only(void)
{
    assert_int_equal(ht_node_set(node, HT_TABLE_BUILD)->len, 1);
    return ht_build_of(ht_node_set(node, HT_TABLE_BUILD)->rows[0]);
}

static void a_build_that_is_gone_has_ended(void **state)
{
    (void)state;
    step("b1", "job", HT_BUILD_STATE_RUNNING, HT_SOURCE_STATE_OK, 1);
    assert_int_equal(only()->state, HT_BUILD_STATE_RUNNING);
    step(NULL, NULL, 0, HT_SOURCE_STATE_OK, 5);
    assert_int_equal(only()->state, HT_BUILD_STATE_ENDED);
    assert_int_equal(only()->ended_at, 5);
    step(NULL, NULL, 0, HT_SOURCE_STATE_OK, 9);
    assert_int_equal(only()->ended_at, 5);
}

static void a_silent_source_ends_nothing(void **state)
{
    (void)state;
    step("b1", "job", HT_BUILD_STATE_RUNNING, HT_SOURCE_STATE_OK, 1);
    step(NULL, NULL, 0, HT_SOURCE_STATE_BROKEN, 5);
    assert_int_equal(only()->state, HT_BUILD_STATE_RUNNING);
    step(NULL, NULL, 0, HT_SOURCE_STATE_OK, 6);
    assert_int_equal(only()->state, HT_BUILD_STATE_ENDED);
}

static void the_next_run_of_a_job_takes_its_place(void **state)
{
    (void)state;
    step("b1", "job", HT_BUILD_STATE_RUNNING, HT_SOURCE_STATE_OK, 1);
    step(NULL, NULL, 0, HT_SOURCE_STATE_OK, 2);
    step("b2", "job", HT_BUILD_STATE_RUNNING, HT_SOURCE_STATE_OK, 3);
    assert_true(ht_str_is(only()->id, "b2"));
    assert_int_equal(only()->state, HT_BUILD_STATE_RUNNING);
}

static void a_builder_that_waits_is_not_remembered(void **state)
{
    (void)state;
    step("b1", "builder", HT_BUILD_STATE_STANDING, HT_SOURCE_STATE_OK, 1);
    step(NULL, NULL, 0, HT_SOURCE_STATE_OK, 2);
    assert_int_equal(ht_node_set(node, HT_TABLE_BUILD)->len, 0);
}

static void as_many_as_there_is_room_for_are_kept(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        char name[16];

        snprintf(name, sizeof(name), "b%03d", i);
        step(name, name, HT_BUILD_STATE_RUNNING, HT_SOURCE_STATE_OK, 2 * i + 1);
        step(NULL, NULL, 0, HT_SOURCE_STATE_OK, 2 * i + 2);
    }
    step(NULL, NULL, 0, HT_SOURCE_STATE_OK, 1000);
    assert_int_equal(ht_node_set(node, HT_TABLE_BUILD)->len, 100);
    /* The last ones. */
    assert_non_null(ht_node_find(node, HT_TABLE_BUILD, HT_S("b299")));
    assert_null(ht_node_find(node, HT_TABLE_BUILD, HT_S("b199")));
}

static void a_fresh_start_remembers_nothing(void **state)
{
    (void)state;
    step("b1", "job", HT_BUILD_STATE_RUNNING, HT_SOURCE_STATE_OK, 1);
    ht_past_builds_reset(past);
    step(NULL, NULL, 0, HT_SOURCE_STATE_OK, 2);
    assert_int_equal(ht_node_set(node, HT_TABLE_BUILD)->len, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_build_that_is_gone_has_ended),        TEST(a_silent_source_ends_nothing),
        TEST(the_next_run_of_a_job_takes_its_place), TEST(a_builder_that_waits_is_not_remembered),
        TEST(as_many_as_there_is_room_for_are_kept), TEST(a_fresh_start_remembers_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
