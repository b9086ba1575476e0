/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "hulltop/base/mem.h"
#include "tests/screens/fixture.h"

static struct ht_plain *open_plain(struct fixture_calls *record, const char *name)
{
    struct ht_ui_options options = {.version = "0", .utc = true, .open = name};
    struct ht_ui_calls calls = fixture_calls(record);
    struct ht_plain *plain = NULL;
    struct ht_error err = {0};

    assert_int_equal(ht_plain_new(&options, &calls, &plain, &err), 0);
    return plain;
}

static const char *text_of(struct ht_buf *buf)
{
    ht_buf_add_c(buf, '\0');
    return buf->data;
}

static void questions_come_first_and_then_only_changes(void **unused)
{
    struct fixture_calls record;
    struct ht_plain *plain = open_plain(&record, NULL);
    ht_autostate struct ht_state *state = fixture_state();
    ht_autostate struct ht_state *same = fixture_state();
    ht_autostate struct ht_state *empty = ht_state_new(ht_node_new(FIXTURE_NOW));
    ht_autobuf struct ht_buf first = HT_BUF(100000), second = HT_BUF(100000),
                             third = HT_BUF(100000);

    (void)unused;
    ht_plain_state(plain, state, &first);
    assert_non_null(strstr(text_of(&first),
                           "3. Do containers run without --privileged? FAIL~, 5 "
                           "found, 2 new, not known: containerd: containerd.sock"));
    assert_non_null(strstr(first.data, "1. Do builds run apart from production? UNKNOWN"));
    assert_non_null(strstr(first.data, "found: HIGH question 3: CAP_SYS_ADMIN added, a\\x1b"));
    ht_plain_state(plain, same, &second);
    assert_int_equal(second.len, 0);
    ht_plain_state(plain, empty, &third);
    assert_non_null(
        strstr(text_of(&third), "not seen any more: HIGH question 3: CAP_SYS_ADMIN added, "));
    ht_plain_free(plain);
}

/* A state whose question 3 has so many findings; the others wait. */
static struct ht_state *under_way(enum ht_question_state answer, uint64_t findings, bool complete)
{
    struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));
    struct ht_question question = *ht_state_question(state, 3);

    ht_question_set_state(&question, answer);
    ht_question_set_findings(&question, findings);
    struct ht_row *before = state->questions[2];
    state->questions[2] = ht_row_new(&ht_question_table, &question);
    ht_row_unref(before);
    state->complete = complete;
    return state;
}

/* Sources answer one after the other in the first second: not each makes six sentences. */
static void a_question_is_told_when_it_is_answered_and_when_all_have_answered(void **unused)
{
    static const struct {
        enum ht_question_state answer;
        uint64_t findings;
        bool complete;
        const char *told;
    } steps[] = {
        {HT_QUESTION_STATE_WAIT, 0, false, "No question is answered yet.\n"},
        {HT_QUESTION_STATE_WARN, 2, false,
         "3. Do containers run without --privileged? WARN, 2 found"},
        {HT_QUESTION_STATE_FAIL, 5, false, NULL},
        {HT_QUESTION_STATE_FAIL, 6, false, NULL},
        {HT_QUESTION_STATE_FAIL, 6, true,
         "3. Do containers run without --privileged? FAIL, 6 found"},
        {HT_QUESTION_STATE_FAIL, 6, true, NULL},
        {HT_QUESTION_STATE_FAIL, 7, true,
         "3. Do containers run without --privileged? FAIL, 7 found, 0 new.\n"},
        {HT_QUESTION_STATE_PASS, 7, true,
         "3. Do containers run without --privileged? PASS, 7 found, 0 new, change no answer.\n"},
    };
    struct fixture_calls record;
    struct ht_plain *plain = open_plain(&record, NULL);

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        ht_autostate struct ht_state *state =
            under_way(steps[i].answer, steps[i].findings, steps[i].complete);
        ht_autobuf struct ht_buf out = HT_BUF(100000);

        ht_plain_state(plain, state, &out);
        if (steps[i].told)
            assert_ptr_equal(strstr(text_of(&out), steps[i].told), out.data);
        else
            assert_int_equal(out.len, 0);
    }
    ht_plain_free(plain);
}

static struct ht_state *with_source(const enum ht_source_state *told)
{
    struct ht_node *node = ht_node_new(FIXTURE_NOW);
    struct ht_source source = {0};

    if (told) {
        ht_source_set_id(&source, HT_S("docker"));
        ht_source_set_name(&source, HT_S("docker"));
        ht_source_set_state(&source, *told);
        ht_node_add(node, ht_row_new(&ht_source_table, &source));
    }
    return ht_state_new(node);
}

/* There may be twenty, and each is told within the second in which it answers. */
static void a_source_that_was_just_asked_is_no_news(void **unused)
{
    static const enum ht_source_state wait = HT_SOURCE_STATE_WAIT, stale = HT_SOURCE_STATE_STALE;
    static const struct {
        const enum ht_source_state *state;
        const char *told;
    } steps[] = {
        {NULL, "No question is answered yet.\n"},
        {&wait, ""},
        {&stale, "source docker is STALE.\n"},
        {&wait, "source docker is WAIT.\n"},
    };
    struct fixture_calls record;
    struct ht_plain *plain = open_plain(&record, NULL);

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        ht_autostate struct ht_state *state = with_source(steps[i].state);
        ht_autobuf struct ht_buf out = HT_BUF(100000);

        ht_plain_state(plain, state, &out);
        assert_string_equal(text_of(&out), steps[i].told);
    }
    ht_plain_free(plain);
}

static void commands_are_answered(void **unused)
{
    struct fixture_calls record;
    struct ht_plain *plain = open_plain(&record, NULL);
    ht_autostate struct ht_state *state = fixture_state();
    ht_autobuf struct ht_buf out = HT_BUF(100000), more = HT_BUF(100000), again = HT_BUF(1000);

    (void)unused;
    assert_true(ht_plain_command(plain, HT_S(":3"), &out));
    assert_non_null(strstr(text_of(&out), "no source has answered yet"));
    ht_plain_state(plain, state, &out);
    assert_true(ht_plain_command(plain, HT_S(":3"), &more));
    assert_true(ht_plain_command(plain, HT_S(":open 2"), &more));
    assert_true(ht_plain_command(plain, HT_S(":open 99"), &more));
    assert_true(ht_plain_command(plain, HT_S(":wrong"), &more));
    assert_non_null(strstr(text_of(&more), "1. CRIT question 3: Container runs with --privileged"));
    assert_non_null(strstr(more.data, "there is no such finding"));
    assert_non_null(strstr(more.data, "no such command"));
    assert_int_equal(record.open, 1);
    assert_string_equal(record.text, "aa00000000000002");
    assert_true(ht_plain_command(plain, HT_S(":rescan"), &again));
    assert_string_equal(text_of(&again), "Asked all sources to look again.\n");
    assert_int_equal(record.rescan, 1);
    state->origin = HT_ORIGIN_REPLAY;
    ht_buf_reset(&again);
    assert_true(ht_plain_command(plain, HT_S(":rescan"), &again));
    assert_string_equal(text_of(&again), "A recording has no sources that could look again.\n");
    assert_int_equal(record.rescan, 1);
    assert_false(ht_plain_command(plain, HT_S(":q"), &more));
    ht_plain_free(plain);
}

static void what_to_begin_with_is_listed_once_the_sources_have_answered(void **unused)
{
    struct fixture_calls record;
    struct ht_plain *plain = open_plain(&record, "privileged");
    ht_autostate struct ht_state *begun = fixture_state();
    ht_autostate struct ht_state *state = fixture_state();
    ht_autobuf struct ht_buf first = HT_BUF(100000), second = HT_BUF(100000);

    (void)unused;
    begun->complete = false;
    ht_plain_state(plain, begun, &first);
    assert_null(strstr(text_of(&first), "1. CRIT question 3"));
    state->complete = true;
    ht_plain_state(plain, state, &second);
    assert_non_null(strstr(text_of(&second), "1. CRIT question 3: Container runs with --privil"));
    ht_buf_reset(&second);
    assert_true(ht_plain_command(plain, HT_S(":open 2"), &second));
    assert_string_equal(record.text, "aa00000000000002");
    ht_plain_free(plain);

    plain = open_plain(&record, "containers");
    ht_buf_reset(&second);
    ht_plain_state(plain, state, &second);
    assert_non_null(strstr(text_of(&second), "Plain lines have no list \"containers\""));
    ht_plain_free(plain);

    plain = open_plain(&record, "8");
    ht_buf_reset(&second);
    ht_plain_state(plain, state, &second);
    assert_non_null(strstr(text_of(&second), "Plain lines have no list \"timeline\""));
    ht_plain_free(plain);
}

static void an_empty_list_says_why_it_is_empty(void **unused)
{
    struct fixture_calls record;
    struct ht_plain *plain = open_plain(&record, "1");
    ht_autostate struct ht_state *state = fixture_state();
    ht_autobuf struct ht_buf out = HT_BUF(100000);

    (void)unused;
    state->complete = true;
    ht_rowset_fini(&state->findings);
    ht_plain_state(plain, state, &out);
    assert_non_null(strstr(text_of(&out),
                           "\nUNKNOWN: nothing that decides could be looked at. This "
                           "is not a pass.\n  packages: no source can tell it yet; "
                           "sudo hulltop.\n"));
    assert_null(strstr(out.data, "No findings."));
    ht_buf_reset(&out);
    assert_true(ht_plain_command(plain, HT_S(":4"), &out));
    assert_string_equal(text_of(&out), "4. Is the host up to date? PASS.\nNo findings.\n");
    ht_buf_reset(&out);
    assert_true(ht_plain_command(plain, HT_S(":all"), &out));
    assert_non_null(strstr(text_of(&out),
                           "No findings.\n1. Do builds run apart from production? "
                           "UNKNOWN, because packages: no source can tell it yet.\n"));
    assert_null(strstr(out.data, "4. Is the host"));
    ht_plain_free(plain);
}

static void a_recording_that_was_cut_says_so_once_at_its_end(void **unused)
{
    struct fixture_calls record;
    struct ht_plain *plain = open_plain(&record, NULL);
    ht_autostate struct ht_state *first = fixture_state(), *last = fixture_state(),
                                 *again = fixture_state();
    ht_autobuf struct ht_buf out = HT_BUF(100000);
    const char *said = "the recording ends in the middle of a record (line 7).\n";

    (void)unused;
    first->replay.cut_line = last->replay.cut_line = again->replay.cut_line = 7;
    last->replay.ended = again->replay.ended = true;
    ht_plain_state(plain, first, &out);
    assert_null(strstr(text_of(&out), said));
    ht_buf_reset(&out);
    ht_plain_state(plain, last, &out);
    assert_non_null(strstr(text_of(&out), said));
    ht_buf_reset(&out);
    ht_plain_state(plain, again, &out);
    assert_null(strstr(text_of(&out), said));
    ht_plain_free(plain);
}

static void what_is_held_has_neither_gone_nor_come(void **unused)
{
    struct fixture_calls record;
    struct ht_plain *plain = open_plain(&record, NULL);
    ht_autostate struct ht_state *first = fixture_state(), *blind = fixture_state(),
                                 *again = fixture_state(), *over = fixture_state();
    ht_autobuf struct ht_buf out = HT_BUF(100000);
    struct ht_rowset findings = blind->findings;

    (void)unused;
    blind->findings = blind->held;
    blind->held = findings;
    ht_rowset_fini(&over->findings);
    ht_plain_state(plain, first, &out);
    ht_buf_reset(&out);
    ht_plain_state(plain, blind, &out);
    assert_null(strstr(text_of(&out), "not seen any more"));
    ht_buf_reset(&out);
    assert_true(ht_plain_command(plain, HT_S(":3"), &out));
    assert_non_null(strstr(text_of(&out), " held, last seen "));
    ht_buf_reset(&out);
    ht_plain_state(plain, again, &out);
    assert_null(strstr(text_of(&out), "found: "));
    ht_buf_reset(&out);
    ht_plain_state(plain, blind, &out);
    ht_plain_state(plain, over, &out);
    assert_non_null(strstr(text_of(&out), "not seen any more: "));
    ht_plain_free(plain);
}

static void an_unknown_name_to_begin_with_is_an_error(void **unused)
{
    struct ht_ui_options options = {.version = "0", .open = "privilegd"};
    struct fixture_calls record;
    struct ht_ui_calls calls = fixture_calls(&record);
    struct ht_plain *plain = NULL;
    struct ht_error err = {0};

    (void)unused;
    assert_true(ht_plain_new(&options, &calls, &plain, &err) < 0);
    assert_null(plain);
    assert_string_equal(err.text, "no pane or view privilegd (did you mean privileged?)");
    options.open = "10";
    assert_true(ht_plain_new(&options, &calls, &plain, &err) < 0);
    options.open = "3";
    assert_int_equal(ht_plain_new(&options, &calls, &plain, &err), 0);
    ht_plain_free(plain);
}

static void a_reason_without_a_source_has_nothing_before_it(void **unused)
{
    struct fixture_calls record;
    struct ht_plain *plain = open_plain(&record, NULL);
    ht_autostate struct ht_state *state = fixture_state();
    ht_autobuf struct ht_buf out = HT_BUF(100000);
    struct ht_question question = *ht_state_question(state, 2);
    struct ht_missing missing = {0};

    (void)unused;
    ht_missing_set_reason(&missing, HT_S("whether"));
    ht_missing_set_decides(&missing, true);
    ht_question_set_state(&question, HT_QUESTION_STATE_UNKNOWN);
    ht_question_set_findings(&question, 0);
    ht_question_set_missing(&question, (struct ht_missing_list){.items = &missing, .len = 1});
    ht_autorow struct ht_row *before = state->questions[1];
    state->questions[1] = ht_row_new(&ht_question_table, &question);
    (void)before;
    ht_plain_state(plain, state, &out);
    assert_true(ht_plain_command(plain, HT_S(":2"), &out));
    assert_non_null(strstr(text_of(&out), "UNKNOWN, because whether.\n"));
    assert_non_null(strstr(out.data, "\n  whether.\n"));
    ht_plain_free(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_come_first_and_then_only_changes),
        cmocka_unit_test(a_question_is_told_when_it_is_answered_and_when_all_have_answered),
        cmocka_unit_test(commands_are_answered),
        cmocka_unit_test(a_source_that_was_just_asked_is_no_news),
        cmocka_unit_test(what_to_begin_with_is_listed_once_the_sources_have_answered),
        cmocka_unit_test(an_empty_list_says_why_it_is_empty),
        cmocka_unit_test(a_recording_that_was_cut_says_so_once_at_its_end),
        cmocka_unit_test(what_is_held_has_neither_gone_nor_come),
        cmocka_unit_test(an_unknown_name_to_begin_with_is_an_error),
        cmocka_unit_test(a_reason_without_a_source_has_nothing_before_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
