/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes and states as containers of rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hulltop/model/state.h"

static struct ht_row *host(const char *id)
{
    struct ht_host facts = {0};

    ht_host_set_id(&facts, ht_str_from(id));
    return ht_row_new(&ht_host_table, &facts);
}

static struct ht_row *container(const char *id)
{
    struct ht_container facts = {0};

    ht_container_set_id(&facts, ht_str_from(id));
    return ht_row_new(&ht_container_table, &facts);
}

static void a_node_sorts_rows_into_their_tables(void **state)
{
    ht_autonode struct ht_node *node = ht_node_new(42);

    (void)state;
    assert_int_equal(ht_node_host(node)->known, 0);
    ht_node_add(node, container("b"));
    ht_node_add(node, host("h"));
    ht_node_add(node, container("a"));
    ht_node_sort(node);
    assert_int_equal(ht_node_set(node, HT_TABLE_CONTAINER)->len, 2);
    assert_int_equal(ht_node_set(node, HT_TABLE_PROCESS)->len, 0);
    assert_true(ht_str_is(ht_row_id(ht_node_set(node, HT_TABLE_CONTAINER)->rows[0]), "a"));
    assert_non_null(ht_node_find(node, HT_TABLE_CONTAINER, HT_S("b")));
    assert_null(ht_node_find(node, HT_TABLE_PROCESS, HT_S("b")));
    assert_true(ht_str_is(ht_node_host(node)->id, "h"));
}

static void a_shared_node_outlives_the_first(void **state)
{
    struct ht_node *node = ht_node_new(42);
    ht_autonode struct ht_node *copy = NULL;

    (void)state;
    ht_node_add(node, container("a"));
    copy = ht_node_share(node);
    assert_ptr_equal(copy->sets[HT_TABLE_CONTAINER].rows[0],
                     node->sets[HT_TABLE_CONTAINER].rows[0]);
    ht_node_add(copy, container("b"));
    assert_int_equal(node->sets[HT_TABLE_CONTAINER].len, 1);
    assert_null(ht_node_unref(node));
    assert_int_equal(copy->taken_at, 42);
    assert_non_null(ht_node_find(copy, HT_TABLE_CONTAINER, HT_S("a")));
    assert_null(ht_node_unref(NULL));
}

static void a_new_state_has_six_questions_without_answers(void **unused)
{
    ht_autostate struct ht_state *state = ht_state_new(ht_node_new(42));

    (void)unused;
    assert_int_equal(state->now_ns, 42);
    assert_false(state->complete);
    for (unsigned number = 1; number <= HT_QUESTIONS; number++) {
        const struct ht_question *question = ht_state_question(state, number);

        assert_int_equal(question->number, number);
        assert_int_equal(question->state, HT_QUESTION_STATE_WAIT);
        assert_true(ht_str_is(question->name, ht_question_name(number)));
        assert_false(ht_question_has_findings(question)); /* unknown, not none */
        assert_int_equal(state->trend[number - 1][0], 255);
    }
}

static void a_state_lives_while_anybody_holds_it(void **unused)
{
    struct ht_state *state = ht_state_new(ht_node_new(42));
    struct ht_state *held = ht_state_ref(state);

    (void)unused;
    assert_null(ht_state_unref(state));
    assert_int_equal(held->node->taken_at, 42);
    assert_null(ht_state_unref(held));
    assert_null(ht_state_unref(NULL));
}

static void questions_are_found_by_their_short_names_and_numbers(void **unused)
{
    (void)unused;
    for (unsigned number = 1; number <= HT_QUESTIONS; number++)
        assert_int_equal(ht_question_find(ht_str_from(ht_question_name(number))), number);
    assert_int_equal(ht_question_find(HT_S("privileged")), 3);
    assert_int_equal(ht_question_find(HT_S("Privileged")), 0);
    assert_int_equal(ht_question_find(HT_S("")), 0);
    assert_int_equal(ht_question_find(HT_S("1")), 1);
    assert_int_equal(ht_question_find(HT_S("6")), 6);
    assert_int_equal(ht_question_find(HT_S("0")), 0);
    assert_int_equal(ht_question_find(HT_S("7")), 0);
    assert_int_equal(ht_question_find(HT_S("33")), 0);
    assert_string_equal(ht_question_pane(6), "Drift alerts");
    assert_string_equal(ht_question_title(4), "Is the host up to date?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_sorts_rows_into_their_tables),
        cmocka_unit_test(a_shared_node_outlives_the_first),
        cmocka_unit_test(a_new_state_has_six_questions_without_answers),
        cmocka_unit_test(a_state_lives_while_anybody_holds_it),
        cmocka_unit_test(questions_are_found_by_their_short_names_and_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
