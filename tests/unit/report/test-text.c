/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report as text, and what the doctor says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"
#include "hulltop/report/report.h"

enum { PACKAGES = 4 };

/* A state whose question about packages lacks so many facts. */
static struct ht_state *make_state(size_t unknowns)
{
    static const char *const reasons[] = {"first is missing", "second is missing",
                                          "third is missing"};
    struct ht_node *node = ht_node_new(0);
    struct ht_source source = {0};
    struct ht_missing missing[ARRAY_LEN(reasons)] = {0};

    ht_source_set_id(&source, HT_S("datastore"));
    ht_source_set_name(&source, HT_S("datastore"));
    ht_source_set_state(&source, HT_SOURCE_STATE_BROKEN);
    ht_source_set_object(&source, HT_S("/etc/README"));
    ht_source_set_detail(&source, HT_S("/etc/README: no database"));
    ht_node_add(node, ht_row_new(&ht_source_table, &source));
    ht_source_set_id(&source, HT_S("docker"));
    ht_source_set_name(&source, HT_S("docker"));
    ht_source_set_state(&source, HT_SOURCE_STATE_ABSENT);
    ht_source_set_object(&source, HT_S("unix:///run/docker.sock"));
    ht_source_set_detail(&source, HT_S("/run/docker.sock: there is no such socket"));
    ht_node_add(node, ht_row_new(&ht_source_table, &source));
    ht_source_set_id(&source, HT_S("podman"));
    ht_source_set_name(&source, HT_S("podman"));
    ht_source_set_object(&source, HT_S("unix:///run/podman.sock"));
    ht_source_set_detail(&source, HT_S("permission denied"));
    ht_node_add(node, ht_row_new(&ht_source_table, &source));

    struct ht_state *state = ht_state_new(node);
    struct ht_row **place = &state->questions[PACKAGES - 1];
    struct ht_question question = *ht_question_of(*place);

    for (size_t i = 0; i < unknowns; i++) {
        ht_missing_set_source(&missing[i], HT_S("packages"));
        ht_missing_set_reason(&missing[i], ht_str_from(reasons[i]));
        ht_missing_set_decides(&missing[i], true);
    }
    ht_question_set_state(&question, HT_QUESTION_STATE_UNKNOWN);
    ht_question_set_missing(&question, (struct ht_missing_list){.items = missing, .len = unknowns});

    struct ht_row *row = ht_row_new(&ht_question_table, &question);
    ht_row_unref(*place);
    *place = row;
    return state;
}

static const struct ht_report_options options = {.questions = 1U << PACKAGES, .version = "1"};

static void a_report_tells_the_first_reason_and_where_the_others_are(void **unused)
{
    ht_autobuf struct ht_buf out = HT_BUF(10000);
    ht_autostate struct ht_state *state = make_state(3);

    (void)unused;
    ht_report_text(&out, state, &options);
    assert_non_null(
        strstr(out.data, "     packages: first is missing  (and 2 more: --format json)\n"));
    assert_null(strstr(out.data, "second"));
}

/* Posture and what is low are told, and a reader of PASS need not wonder. */
static void what_is_found_behind_a_pass_is_said_to_change_nothing(void **unused)
{
    static const struct {
        enum ht_question_state state;
        uint64_t findings;
        const char *line;
    } cases[] = {
        {HT_QUESTION_STATE_PASS, 0, "4 packages    PASS     0 found\n"},
        {HT_QUESTION_STATE_PASS, 1, "4 packages    PASS     1 found, changes no answer\n"},
        {HT_QUESTION_STATE_PASS, 3, "4 packages    PASS     3 found, change no answer\n"},
        {HT_QUESTION_STATE_NA, 2, "4 packages    N/A      2 found, change no answer\n"},
        {HT_QUESTION_STATE_FAIL, 3, "4 packages    FAIL     3 found\n"},
        {HT_QUESTION_STATE_PART, 3, "4 packages    PARTIAL  3 found\n"},
    };

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ht_autobuf struct ht_buf out = HT_BUF(10000);
        ht_autostate struct ht_state *state = make_state(0);
        struct ht_row **place = &state->questions[PACKAGES - 1];
        struct ht_question question = *ht_question_of(*place);

        ht_question_set_state(&question, cases[i].state);
        ht_question_set_findings(&question, cases[i].findings);

        struct ht_row *row = ht_row_new(&ht_question_table, &question);
        ht_row_unref(*place);
        *place = row;
        ht_report_text(&out, state, &options);
        ht_buf_add_c(&out, '\0');
        if (!strstr(out.data, cases[i].line))
            fail_msg("%zu: %s", i, out.data);
    }
}

static void each_step_of_a_fix_has_a_line_and_no_title_has_two(void **unused)
{
    ht_autobuf struct ht_buf out = HT_BUF(10000);
    ht_autostate struct ht_state *state = make_state(0);
    struct ht_finding finding = {0};

    (void)unused;
    ht_finding_set_id(&finding, HT_S("1"));
    ht_finding_set_title(&finding, HT_S("one\n## two"));
    ht_finding_set_fix(&finding, HT_S("1. Save it.\n2. Stop it."));
    ht_report_markdown(&out, &finding, state);
    ht_buf_add_c(&out, '\0');
    assert_non_null(strstr(out.data, "### How to fix\n\n1. Save it.\n2. Stop it.\n"));
    assert_non_null(strstr(out.data, "one\\x0a\\#\\# two"));
}

/* A pipe has no width. */
static void nothing_in_a_report_is_cut(void **unused)
{
    static const char title[] = "A title of more than sixty letters is told to its very last word";
    ht_autobuf struct ht_buf out = HT_BUF(10000);
    ht_autostate struct ht_state *state = make_state(0);
    struct ht_finding finding = {0};
    struct ht_group group = {0};

    (void)unused;
    ht_finding_set_id(&finding, HT_S("1"));
    ht_finding_set_question(&finding, PACKAGES);
    ht_finding_set_title(&finding, ht_str_from(title));
    ht_subject_set_name(ht_finding_edit_subject(&finding),
                        HT_S("a-workload-with-a-name-of-more-than-forty-letters"));
    ht_group_set_finding(&group, HT_S("1"));
    ht_group_set_question(&group, PACKAGES);
    ht_group_set_check(&group, HT_S("PKG-001"));
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
    ht_rowset_add(&state->groups, ht_row_new(&ht_group_table, &group));
    ht_report_text(&out, state, &options);
    assert_non_null(strstr(out.data, title));
    assert_non_null(strstr(out.data, "more-than-forty-letters"));
}

static void add_program(struct ht_state *state, const char *id, const char *container)
{
    struct ht_finding finding = {0};
    struct ht_group group = {0};
    struct ht_subject *subject = ht_finding_edit_subject(&finding);

    ht_finding_set_id(&finding, ht_str_from(id));
    ht_finding_set_question(&finding, PACKAGES);
    ht_finding_set_title(&finding, HT_S("A program without a file runs"));
    ht_subject_set_kind(subject, HT_S("program"));
    ht_subject_set_name(subject, HT_S("/memfd:evil"));
    ht_subject_set_container(subject, ht_str_from(container));
    ht_group_set_finding(&group, ht_str_from(id));
    ht_group_set_question(&group, PACKAGES);
    ht_group_set_check(&group, HT_S("DRF-009"));
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
    ht_rowset_add(&state->groups, ht_row_new(&ht_group_table, &group));
}

/* The same program in two containers makes two lines that differ. */
static void a_line_tells_the_container(void **unused)
{
    ht_autobuf struct ht_buf out = HT_BUF(10000);
    ht_autostate struct ht_state *state = make_state(0);

    (void)unused;
    add_program(state, "1", "cart");
    add_program(state, "2", "till");
    ht_report_text(&out, state, &options);
    assert_non_null(strstr(out.data, "  cart /memfd:evil\n"));
    assert_non_null(strstr(out.data, "  till /memfd:evil\n"));
}

static void what_nobody_could_look_at_is_no_number(void **unused)
{
    ht_autobuf struct ht_buf out = HT_BUF(10000), words = HT_BUF(100);
    ht_autostate struct ht_state *state = make_state(1);
    struct ht_question question = *ht_state_question(state, PACKAGES);
    struct ht_coverage *coverage = ht_question_edit_coverage(&question);

    (void)unused;
    ht_report_text(&out, state, &options);
    assert_null(strstr(out.data, "0 found"));
    ht_coverage_set_seen(coverage, 0);
    ht_coverage_set_total(coverage, 0);
    ht_coverage_set_unit(coverage, HT_S("packages"));
    ht_question_put_coverage(&words, &question, "");
    assert_true(ht_str_is(ht_buf_str(&words), "no packages seen"));
    ht_buf_reset(&words);
    ht_coverage_set_total(coverage, 7);
    ht_question_put_coverage(&words, &question, "");
    assert_true(ht_str_is(ht_buf_str(&words), "0 of 7 packages"));
}

static struct ht_coverage covered(uint64_t seen, uint64_t total, const char *unit)
{
    struct ht_coverage coverage = {0};

    ht_coverage_set_seen(&coverage, seen);
    ht_coverage_set_total(&coverage, total);
    ht_coverage_set_unit(&coverage, ht_str_from(unit));
    return coverage;
}

static void what_is_waited_for_is_no_number(void **unused)
{
    ht_autobuf struct ht_buf out = HT_BUF(10000);
    ht_autostate struct ht_state *state = make_state(1);
    struct ht_question question = *ht_state_question(state, PACKAGES);

    (void)unused;
    ht_question_set_state(&question, HT_QUESTION_STATE_WAIT);
    ht_question_set_findings(&question, 0);
    *ht_question_edit_coverage(&question) = covered(0, 0, "packages");
    /* Its texts are borrowed from the row that it replaces. */
    ht_autorow struct ht_row *before = state->questions[PACKAGES - 1];
    state->questions[PACKAGES - 1] = ht_row_new(&ht_question_table, &question);
    (void)before;
    ht_report_text(&out, state, &options);
    assert_non_null(strstr(out.data, "WAIT "));
    assert_null(strstr(out.data, "0 found"));
    assert_null(strstr(out.data, "no packages"));
}

static void all_that_was_looked_at_is_told(void **unused)
{
    ht_autobuf struct ht_buf words = HT_BUF(100);
    struct ht_question question = {0};
    struct ht_coverage others[2] = {covered(2, 2, "listeners"), covered(5, 7, "containers")};

    (void)unused;
    ht_question_set_state(&question, HT_QUESTION_STATE_PASS);
    assert_int_equal(ht_question_extent(&question), HT_EXTENT_NONE);
    *ht_question_edit_coverage(&question) = covered(1, 1, "datastores");
    assert_int_equal(ht_question_extent(&question), HT_EXTENT_ALL);
    ht_question_set_covered(&question, (struct ht_coverage_list){.items = others, .len = 2});
    ht_question_put_coverage(&words, &question, "");
    assert_true(
        ht_str_is(ht_buf_str(&words), "5 of 7 containers, 1 of 1 datastores, 2 of 2 listeners"));
    assert_int_equal(ht_question_extent(&question), HT_EXTENT_PART);
    /* However early a line is cut, it does not look whole. */
    others[0] = covered(0, 2, "listeners");
    ht_buf_reset(&words);
    ht_question_put_coverage(&words, &question, " in full");
    assert_true(ht_str_is(ht_buf_str(&words),
                          "0 of 2 listeners in full, 5 of 7 containers, 1 of 1 datastores"));
    others[0] = covered(2, 2, "listeners");
    ht_buf_reset(&words);
    *ht_question_edit_coverage(&question) = covered(0, 0, "datastores");
    others[1] = covered(7, 7, "containers");
    ht_question_put_coverage(&words, &question, " in full");
    assert_true(ht_str_is(ht_buf_str(&words), "2 of 2 listeners, 7 of 7 containers"));
    assert_int_equal(ht_question_extent(&question), HT_EXTENT_ALL);
    /* A runtime that is busy may have more. */
    ht_buf_reset(&words);
    ht_question_set_state(&question, HT_QUESTION_STATE_FAIL);
    ht_question_set_partial(&question, true);
    ht_question_put_coverage(&words, &question, "");
    assert_true(ht_str_is(ht_buf_str(&words), "2 of 2 listeners, 7 of 7 known containers"));
}

static void one_reason_needs_no_place_for_others(void **unused)
{
    ht_autobuf struct ht_buf out = HT_BUF(10000);
    ht_autostate struct ht_state *state = make_state(1);

    (void)unused;
    ht_report_text(&out, state, &options);
    assert_non_null(strstr(out.data, "     packages: first is missing\n"));
}

static void the_doctor_tells_all_reasons(void **unused)
{
    ht_autobuf struct ht_buf out = HT_BUF(10000);
    ht_autostate struct ht_state *state = make_state(3);

    (void)unused;
    ht_report_doctor(&out, state);
    assert_non_null(strstr(out.data, "     packages: first is missing\n"
                                     "     packages: second is missing\n"
                                     "     packages: third is missing\n"));
}

static void the_doctor_names_an_object_once(void **unused)
{
    ht_autobuf struct ht_buf out = HT_BUF(10000);
    ht_autostate struct ht_state *state = make_state(0);

    (void)unused;
    ht_report_doctor(&out, state);
    assert_non_null(strstr(out.data, "BROKEN  /etc/README: no database\n"));
    assert_non_null(strstr(out.data, "ABSENT  /run/docker.sock: there is no such socket\n"));
    assert_non_null(strstr(out.data, "ABSENT  unix:///run/podman.sock: permission denied\n"));
}

static void a_reason_names_its_source_where_there_is_one(void **unused)
{
    ht_autobuf struct ht_buf out = HT_BUF(1000);
    struct ht_missing missing = {0};

    (void)unused;
    ht_missing_set_reason(&missing, HT_S("whether\x1b"));
    ht_missing_put(&out, &missing, 0);
    assert_true(ht_str_is(ht_buf_str(&out), "whether\\x1b"));
    ht_buf_reset(&out);
    ht_missing_set_source(&missing, HT_S("packages"));
    ht_missing_put(&out, &missing, 0);
    assert_true(ht_str_is(ht_buf_str(&out), "packages: whether\\x1b"));
}

/* Whoever reads the report alone learns what was allowed, by which line, why and until when. */
static void what_is_allowed_says_why_and_until_when(void **unused)
{
    ht_autostate struct ht_state *state = ht_state_new(ht_node_new(0));
    ht_autobuf struct ht_buf out = HT_BUF(10000);
    struct ht_finding finding = {0};
    struct ht_group group = {0};

    (void)unused;
    ht_finding_set_id(&finding, HT_S("f"));
    ht_finding_set_title(&finding, HT_S("A secret"));
    ht_finding_set_expected(&finding, true);
    ht_finding_set_allowed(&finding, HT_S("a fixture of the load test"));
    ht_finding_set_allowed_by(&finding, HT_S("/etc/hulltop/hulltop.conf:3"));
    ht_finding_set_allowed_until(&finding, INT64_C(1798675200) * 1000000000);
    ht_subject_set_name(ht_finding_edit_subject(&finding), HT_S("web"));
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
    ht_group_set_finding(&group, HT_S("f"));
    ht_group_set_check(&group, HT_S("SEC-013"));
    ht_group_set_question(&group, PACKAGES);
    ht_group_set_severity(&group, HT_SEVERITY_LOW);
    ht_group_set_title(&group, HT_S("Allowed: A secret"));
    ht_group_set_expected(&group, true);
    ht_group_set_count(&group, 1);
    ht_rowset_add(&state->groups, ht_row_new(&ht_group_table, &group));
    ht_report_text(&out, state, &options);
    ht_buf_add_c(&out, '\0');
    assert_non_null(strstr(out.data, "Allowed: A secret"));
    assert_non_null(strstr(out.data, "  web  allowed until 2026-12-31 by "
                                     "/etc/hulltop/hulltop.conf:3: a fixture of the load test\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_tells_the_first_reason_and_where_the_others_are),
        cmocka_unit_test(what_is_found_behind_a_pass_is_said_to_change_nothing),
        cmocka_unit_test(each_step_of_a_fix_has_a_line_and_no_title_has_two),
        cmocka_unit_test(nothing_in_a_report_is_cut),
        cmocka_unit_test(a_line_tells_the_container),
        cmocka_unit_test(what_nobody_could_look_at_is_no_number),
        cmocka_unit_test(what_is_waited_for_is_no_number),
        cmocka_unit_test(all_that_was_looked_at_is_told),
        cmocka_unit_test(a_reason_names_its_source_where_there_is_one),
        cmocka_unit_test(one_reason_needs_no_place_for_others),
        cmocka_unit_test(the_doctor_tells_all_reasons),
        cmocka_unit_test(the_doctor_names_an_object_once),
        cmocka_unit_test(what_is_allowed_says_why_and_until_when),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
