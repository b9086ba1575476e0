/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a detail page says of a finding, and of what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bench.h"
#include "hulltop/base/mem.h"

#define SUM "a5abdc6f166e04bee0a8c768abfec38e3f33d8429d525430fb74e9718904b706"

/* ---- findings ---- */

static struct ht_state *told_at_length(void)
{
    struct ht_finding finding = {0};
    struct ht_evidence evidence[3] = {{0}};
    struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));

    ht_evidence_set_source(&evidence[0], HT_S("/proc/PID/cmdline"));
    ht_evidence_set_field(&evidence[0], HT_S("command line"));
    ht_evidence_set_value(&evidence[0], HT_S("/tmp/.x/kdevtmpfsi -o stratum+tcp://203.0.113.9:3333 "
                                             "\x1b[2J --donate-level 1 --coin monero"));
    ht_evidence_set_source(&evidence[1], HT_S("drift"));
    ht_evidence_set_field(&evidence[1], HT_S("SHA-256"));
    ht_evidence_set_value(&evidence[1], HT_S(SUM));
    ht_evidence_set_source(&evidence[2], HT_S("stat"));
    ht_evidence_set_field(&evidence[2], HT_S("size"));
    ht_evidence_set_value(&evidence[2], HT_S("762424"));
    ht_finding_set_id(&finding, HT_S("f1"));
    ht_finding_set_question(&finding, 3);
    ht_finding_set_severity(&finding, HT_SEVERITY_CRITICAL);
    ht_finding_set_title(&finding, HT_S("Runs a miner"));
    ht_finding_set_evidence(&finding, (struct ht_evidence_list){.items = evidence, .len = 3});
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
    return state;
}

static void evidence_is_not_cut(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *state = told_at_length();

    (void)unused;
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, state);
    type(&bench, "3\n");
    SEES(&bench, "\n command line = /tmp/.x/kdevtmpfsi -o               /proc/PID/cmdline    ?\n"
                 "   stratum+tcp://203.0.113.9:3333 \\x1b[2J --donate-level 1 --coin monero\n");
    SEES(&bench, "\n SHA-256 =                                          drift                ?\n"
                 "   " SUM "\n");
    SEES(&bench, "\n size = 762424                                      stat                 ?\n");
    ht_canvas_free(bench.canvas);
    bench.canvas = ht_canvas_new(24, 40);
    SEES(&bench, "\n   stratum+tcp://203.0.113.9:3333\n");
    close_bench(&bench);
}

/* ---- what is none ---- */

static void a_container_shows_its_findings_first(void **unused)
{
    struct bench bench;
    const char *text;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "9\n");
    SEES(&bench, " FINDINGS\n !! CRIT  3  Container runs with --privileged\n");
    SEES(&bench, "Enter findings");
    text = screen(&bench);
    assert_true(strstr(text, " FINDINGS") < strstr(text, " LOAD"));
    type(&bench, "\t");
    SEES(&bench,
         "2 findings are about it, and each tells why it matters:\n\n FINDINGS\n !! CRIT  3  Cont");
    type(&bench, "\t");
    SEES(&bench,
         "2 findings are about it, and each tells how to fix it:\n\n FINDINGS\n !! CRIT  3  Cont");
    type(&bench, "\x1bjj\n");
    SEES(&bench, "> kubelet.service");
    SEES_NOT(&bench, "Enter findings");
    type(&bench, "\t");
    SEES(&bench, "This is no finding.");
    SEES_NOT(&bench, "about it");
    ht_canvas_free(bench.canvas);
    bench.canvas = ht_canvas_new(24, 40);
    type(&bench, "\x1bkk\n\t");
    SEES(&bench, " 2 findings are about it, and each\n tells why it matters:\n");
    close_bench(&bench);
}

#define ENDED_NS (FIXTURE_NOW - 600 * HT_NS_PER_S) /* 13:52:31 */

/* When a container was started is not when it was paused or ended. */
static void a_container_says_how_its_last_run_went(void **unused)
{
    static const struct {
        enum ht_container_state state;
        int64_t ended_ns;
        bool has_code;
        const char *line;
    } cases[] = {
        {HT_CONTAINER_STATE_RUNNING, 0, false, "running since 13:50:31\n"},
        {HT_CONTAINER_STATE_RUNNING, ENDED_NS - 3600 * HT_NS_PER_S, true,
         "running since 13:50:31\n"},
        {HT_CONTAINER_STATE_PAUSED, 0, false, "paused, started 13:50:31\n"},
        {HT_CONTAINER_STATE_PAUSED, ENDED_NS - 3600 * HT_NS_PER_S, true,
         "paused, started 13:50:31\n"},
        {HT_CONTAINER_STATE_EXITED, 0, false, "exited, started 13:50:31\n"},
        {HT_CONTAINER_STATE_EXITED, ENDED_NS, false, "exited, started 13:50:31, ended 13:52:31\n"},
        {HT_CONTAINER_STATE_EXITED, ENDED_NS, true,
         "exited, started 13:50:31, ended 13:52:31 with status 137\n"},
    };

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bench bench;
        ht_autostate struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));
        struct ht_container container = {0};

        ht_container_set_id(&container, HT_S("c1"));
        ht_container_set_name(&container, HT_S("w"));
        ht_container_set_state(&container, cases[i].state);
        ht_container_set_started_at(&container, ENDED_NS - 120 * HT_NS_PER_S);
        if (cases[i].ended_ns)
            ht_container_set_finished_at(&container, cases[i].ended_ns);
        if (cases[i].has_code)
            ht_container_set_exit_code(&container, 137);
        ht_privilege_set_seccomp_profile(ht_container_edit_declared(&container), HT_S("builtin"));
        ht_node_add(state->node, ht_row_new(&ht_container_table, &container));
        ht_node_sort(state->node);
        open_bench(&bench, NULL);
        ht_ui_set_state(bench.ui, state);
        type(&bench, ":view containers\n\n");
        SEES(&bench, cases[i].line);
        SEES(&bench, "seccomp builtin / ?,");
        close_bench(&bench);
    }
}

static void enter_lists_the_findings_of_a_container(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "9\n\n");
    SEES(&bench, "your filter: subject.container=\"debug\"");
    SEES(&bench, "2 of 6 shown");
    type(&bench, "\n");
    SEES(&bench, "WHAT WE SAW");
    type(&bench, "\n");
    SEES(&bench, "Enter lists the findings of a container");
    type(&bench, "\x1b\x1b");
    SEES(&bench, "> Everything > debug");
    close_bench(&bench);
}

/* "sleep" is no container, and does not tell in which one it runs. */
static void a_process_is_listed_with_its_container(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));
    struct ht_finding finding = {0};

    (void)unused;
    ht_finding_set_id(&finding, HT_S("f1"));
    ht_finding_set_question(&finding, 3);
    ht_finding_set_severity(&finding, HT_SEVERITY_HIGH);
    ht_finding_set_title(&finding, HT_S("Has more than the container"));
    ht_subject_set_kind(ht_finding_edit_subject(&finding), HT_S("process"));
    ht_subject_set_id(&finding.subject, HT_S("700-1"));
    ht_subject_set_name(&finding.subject, HT_S("sleep"));
    ht_subject_set_container(&finding.subject, HT_S("web-1"));
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, state);
    type(&bench, "3");
    SEES(&bench, "!  HIGH web-1: sleep ");
    type(&bench, ":view findings\n");
    SEES(&bench, " web-1: sleep\n");
    close_bench(&bench);
}

/* Quotes and backslashes are part of the name, not of the filter. */
static void any_name_can_be_filtered_by(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));
    struct ht_container container = {0};
    struct ht_finding finding = {0};
    struct ht_str name = HT_S("a\" or \\ severity=low");

    (void)unused;
    ht_container_set_id(&container, HT_S("c1"));
    ht_container_set_name(&container, name);
    ht_container_set_pod(&container, HT_S("shop/\"web"));
    ht_container_set_state(&container, HT_CONTAINER_STATE_RUNNING);
    ht_node_add(state->node, ht_row_new(&ht_container_table, &container));
    ht_node_sort(state->node);
    ht_finding_set_id(&finding, HT_S("f1"));
    ht_finding_set_severity(&finding, HT_SEVERITY_LOW);
    ht_finding_set_title(&finding, HT_S("Of another"));
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
    ht_finding_set_id(&finding, HT_S("f2"));
    ht_finding_set_title(&finding, HT_S("Of this one"));
    ht_subject_set_kind(ht_finding_edit_subject(&finding), HT_S("container"));
    ht_subject_set_id(&finding.subject, HT_S("c1"));
    ht_subject_set_container(&finding.subject, name);
    ht_subject_set_pod(&finding.subject, HT_S("shop/\"web"));
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, state);
    type(&bench, ":view containers\n\n\n");
    SEES(&bench, "1 of 2 shown");
    SEES(&bench, "Of this one");
    SEES_NOT(&bench, "Of another");
    close_bench(&bench);
}

/* No limit is no limit of nothing. */
static void a_limit_that_is_none_is_said_so(void **unused)
{
    static const struct {
        uint64_t limit;
        const char *line;
    } cases[] = {{0, "\n memory_max no limit\n"}, {64 << 20, "\n memory_max 64M\n"}};

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bench bench;
        ht_autostate struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));
        struct ht_usage usage = {0};

        ht_usage_set_id(&usage, HT_S("unit:a.service"));
        ht_usage_set_unit(&usage, HT_S("a.service"));
        ht_usage_set_memory_max(&usage, cases[i].limit);
        ht_node_add(state->node, ht_row_new(&ht_usage_table, &usage));
        ht_node_sort(state->node);
        open_bench(&bench, NULL);
        ht_ui_set_state(bench.ui, state);
        type(&bench, "9\n");
        SEES(&bench, cases[i].line);
        close_bench(&bench);
    }
}

/* Code that an update replaced: in units, and started by hand. */
static struct ht_state *old_code(size_t count)
{
    struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));
    static const struct ht_str packages[] = {HT_STR("libssl3")};
    struct ht_package package = {0};
    struct ht_finding finding = {0};

    for (size_t i = 0; i < count; i++) {
        ht_autobuf struct ht_buf id = HT_BUF(30);
        struct ht_stale_process stale = {0};

        ht_buf_addf(&id, "%zu-77", 700 + i);
        ht_stale_process_set_id(&stale, ht_buf_str(&id));
        ht_stale_process_set_pid(&stale, 700 + i);
        ht_stale_process_set_name(&stale, HT_S("agent"));
        ht_stale_process_set_packages(&stale, (struct ht_text_list){.items = packages, .len = 1});
        ht_node_add(state->node, ht_row_new(&ht_stale_process_table, &stale));
    }
    ht_package_set_id(&package, HT_S("libssl3"));
    ht_package_set_name(&package, HT_S("libssl3"));
    ht_package_set_candidate(&package, HT_S("3.0.16"));
    ht_node_add(state->node, ht_row_new(&ht_package_table, &package));
    ht_node_sort(state->node);
    ht_finding_set_id(&finding, HT_S("f1"));
    ht_finding_set_question(&finding, 4);
    ht_finding_set_severity(&finding, HT_SEVERITY_MEDIUM);
    ht_finding_set_title(&finding, HT_S("agent still runs old code of libssl3"));
    ht_subject_set_kind(ht_finding_edit_subject(&finding), HT_S("program"));
    ht_subject_set_id(&finding.subject, HT_S("agent"));
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
    return state;
}

static void old_code_has_a_name_and_its_finding(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *state = old_code(1);

    (void)unused;
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, state);
    type(&bench, ":view packages-running-old\n\n");
    SEES(&bench, "> agent ");
    SEES(&bench, " FINDINGS\n *  MED   4  agent still runs old code of libssl3\n");
    type(&bench, "\t");
    SEES(&bench, "1 finding is about it, and tells why it matters:");
    close_bench(&bench);
}

static void what_has_to_start_anew_is_counted(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *twenty = old_code(20), *one = old_code(21), *more = old_code(23);

    (void)unused;
    open_bench(&bench, NULL);
    grow(&bench);
    ht_ui_set_state(bench.ui, twenty);
    type(&bench, ":view packages-pending\n\n\t\t");
    SEES(&bench, "process 719 belongs to no service.");
    SEES_NOT(&bench, "more process");
    ht_ui_set_state(bench.ui, one);
    SEES(&bench, "and 1 more process, listed in");
    ht_ui_set_state(bench.ui, more);
    SEES(&bench, "and 3 more processes, listed in \"Old code that runs\" (4, v)");
    ht_canvas_free(bench.canvas);
    bench.canvas = ht_canvas_new(100, 40);
    SEES(&bench, " and 3 more processes, listed in \"Old\n code that runs\" (4, v)\n");
    close_bench(&bench);
}

/* What a check could not see of others, and what a source failed to tell of all. */
static void lack(struct ht_state *state)
{
    ht_autorow struct ht_row *before = state->questions[2];
    struct ht_question question = *ht_question_of(before);
    struct ht_missing missing[2] = {0};

    ht_missing_set_source(&missing[0], HT_S("docker"));
    ht_missing_set_reason(&missing[0], HT_S("no runtime tells"));
    ht_missing_set_check(&missing[0], HT_S("PRV-021"));
    ht_missing_set_source(&missing[1], HT_S("containerd"));
    ht_missing_set_reason(&missing[1], HT_S("root only"));
    ht_question_set_missing(&question, (struct ht_missing_list){.items = missing, .len = 2});
    state->questions[2] = ht_row_new(&ht_question_table, &question);
}

static void not_seen_is_about_the_row_of_the_page(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *state = fixture_state();

    (void)unused;
    lack(state);
    open_bench(&bench, NULL);
    bench.calls.unseen = "its seccomp filter";
    grow(&bench);
    ht_ui_set_state(bench.ui, state);
    type(&bench, "3\n");
    SEES(&bench, "NOT SEEN   proc (its seccomp filter). containerd (root only)\n");
    SEES_NOT(&bench, "no runtime tells");
    bench.calls.unseen = "";
    SEES(&bench, "NOT SEEN   containerd (root only)\n");
    SEES_NOT(&bench, "no runtime tells");
    /* As a report's, which does not say of whom. */
    bench.calls.unseen = NULL;
    SEES(&bench, "NOT SEEN   containerd (root only)\n");
    SEES(&bench, "of some that the question asks about: docker (no runtime tells)\n");
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_seen_is_about_the_row_of_the_page),
        cmocka_unit_test(evidence_is_not_cut),
        cmocka_unit_test(a_container_shows_its_findings_first),
        cmocka_unit_test(a_container_says_how_its_last_run_went),
        cmocka_unit_test(enter_lists_the_findings_of_a_container),
        cmocka_unit_test(a_process_is_listed_with_its_container),
        cmocka_unit_test(any_name_can_be_filtered_by),
        cmocka_unit_test(a_limit_that_is_none_is_said_so),
        cmocka_unit_test(old_code_has_a_name_and_its_finding),
        cmocka_unit_test(what_has_to_start_anew_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
