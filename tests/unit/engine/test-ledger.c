/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of findings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/catalogue.h"
#include "hulltop/check/checking.h"

struct fixture {
    struct ht_ledger *ledger;
    struct ht_timeline *timeline;
};

static struct ht_row *make_grave(const char *id, const char *title, enum ht_severity severity)
{
    struct ht_finding finding = {0};

    ht_finding_set_id(&finding, ht_str_from(id));
    ht_finding_set_check(&finding, HT_S("PRV-001"));
    ht_finding_set_question(&finding, 3);
    ht_finding_set_severity(&finding, severity);
    ht_finding_set_title(&finding, ht_str_from(title));
    return ht_row_new(&ht_finding_table, &finding);
}

static struct ht_row *make_finding(const char *id, const char *title)
{
    return make_grave(id, title, HT_SEVERITY_CRITICAL);
}

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.ledger = ht_ledger_new(), .timeline = ht_timeline_new()};
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    ht_ledger_free(fixture->ledger);
    ht_timeline_free(fixture->timeline);
    return 0;
}

/* One pass in which the checks found just this (NULL: nothing); returns the dressed finding. */
static struct ht_row *pass(struct fixture *fixture, const char *id, bool settled, int64_t now)
{
    struct ht_rowset findings = {0};
    struct ht_row *row = NULL;

    if (id)
        ht_rowset_add(&findings, make_finding(id, "runs privileged"));
    ht_ledger_apply(fixture->ledger, &findings,
                    &(struct ht_ledger_pass){.settled = settled, .now_ns = now}, fixture->timeline);
    if (id)
        row = ht_row_ref(findings.rows[0]);
    ht_rowset_fini(&findings);
    return row;
}

static size_t count_events(struct fixture *fixture, enum ht_event_kind kind)
{
    ht_autostate struct ht_state *state = ht_state_new(ht_node_new(0));
    size_t count = 0;

    ht_timeline_fill(fixture->timeline, state);
    for (size_t i = 0; i < state->events.len; i++)
        count += ht_event_of(state->events.rows[i])->kind == kind;
    return count;
}

static void what_was_there_at_the_first_pass_is_not_new(void **state)
{
    ht_autorow struct ht_row *row = pass(*state, "a", false, 100);

    assert_int_equal(ht_finding_of(row)->first_seen, 100);
    assert_false(ht_finding_of(row)->new);
}

static void what_appears_later_is_new_until_opened(void **state)
{
    struct fixture *fixture = *state;
    ht_autorow struct ht_row *row = pass(fixture, "a", true, 100);

    assert_true(ht_finding_of(row)->new);
    ht_ledger_open(fixture->ledger, HT_S("a"));
    ht_autorow struct ht_row *opened = pass(fixture, "a", true, 200);
    assert_false(ht_finding_of(opened)->new);
    assert_int_equal(ht_finding_of(opened)->first_seen, 100);
}

/* Who it was about may be gone by then. Once is enough. */
static void an_event_names_whom_it_is_about(void **state)
{
    static const char *const titles[] = {"runs privileged", "debug runs privileged",
                                         "debuggers run in it"};
    static const char *const wanted[] = {"debug: runs privileged", "debug runs privileged",
                                         "debug: debuggers run in it"};
    struct fixture *fixture = *state;
    ht_autostate struct ht_state *shown = ht_state_new(ht_node_new(0));
    struct ht_rowset findings = {0};

    for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
        struct ht_finding finding = {0};

        ht_finding_set_id(&finding, ht_str_from(titles[i]));
        ht_finding_set_title(&finding, ht_str_from(titles[i]));
        ht_subject_set_name(ht_finding_edit_subject(&finding), HT_S("debug"));
        ht_rowset_add(&findings, ht_row_new(&ht_finding_table, &finding));
    }
    ht_ledger_apply(fixture->ledger, &findings,
                    &(struct ht_ledger_pass){.settled = true, .now_ns = 100}, fixture->timeline);
    ht_rowset_fini(&findings);
    pass(fixture, NULL, true, 200);
    ht_timeline_fill(fixture->timeline, shown);
    assert_int_equal(shown->events.len, 2 * ARRAY_LEN(titles));
    for (size_t i = 0; i < shown->events.len; i++) {
        const struct ht_event *event = ht_event_of(shown->events.rows[i]);
        size_t title = 0;

        while (!ht_str_is(event->finding, titles[title]))
            title++;
        assert_true(ht_str_is(event->text, wanted[title]));
    }
}

/* A node in which process "p1" runs in container "c1", has dropped code "k1" there, and shows a
 * secret "x1" to all. */
static struct ht_node *make_place(void)
{
    struct ht_node *node = ht_node_new(0);
    struct ht_process process = {0};
    struct ht_exposure exposure = {0};
    struct ht_code code = {0};

    ht_process_set_id(&process, HT_S("p1"));
    ht_process_set_container(&process, HT_S("c1"));
    ht_node_add(node, ht_row_new(&ht_process_table, &process));
    ht_exposure_set_id(&exposure, HT_S("x1"));
    ht_exposure_set_process(&exposure, HT_S("p1"));
    ht_node_add(node, ht_row_new(&ht_exposure_table, &exposure));
    ht_code_set_id(&code, HT_S("k1"));
    ht_code_set_container(&code, HT_S("c1"));
    ht_node_add(node, ht_row_new(&ht_code_table, &code));
    ht_node_sort(node);
    return node;
}

/* One pass over this node that found as many things about this subject (0: nothing). */
static void pass_in(struct fixture *fixture, struct ht_node *node, const char *kind, const char *id,
                    int count)
{
    struct ht_rowset findings = {0};
    char name[16];

    for (int i = 0; i < count; i++) {
        struct ht_finding finding = {0};

        snprintf(name, sizeof(name), "f%d", i);
        ht_finding_set_id(&finding, ht_str_from(name));
        ht_finding_set_check(&finding, HT_S("PRV-001"));
        ht_subject_set_kind(ht_finding_edit_subject(&finding), ht_str_from(kind));
        ht_subject_set_id(ht_finding_edit_subject(&finding), ht_str_from(id));
        ht_rowset_add(&findings, ht_row_new(&ht_finding_table, &finding));
    }
    ht_ledger_apply(fixture->ledger, &findings,
                    &(struct ht_ledger_pass){.node = node, .settled = true, .now_ns = 100},
                    fixture->timeline);
    ht_rowset_fini(&findings);
    ht_node_unref(node);
}

/* What is gone is told of the place where it was, although its process ended too. */
static void an_event_names_the_container_it_was_in(void **state)
{
    static const struct {
        const char *kind, *id, *container, *process;
        int count; /* so many at once: the last event is of the rest */
    } cases[] = {
        {"container", "c1", "c1", "", 1}, {"process", "p1", "c1", "p1", 1},
        {"process", "x1", "c1", "p1", 1}, {"file", "x1", "c1", "p1", 1},
        {"program", "k1", "c1", "", 1},   {"process", "p1", "c1", "p1", 9},
        {"process", "p9", "", "p9", 1},   {"program", "k9", "", "", 9},
        {"daemon", "docker", "", "", 1},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        ht_autostate struct ht_state *shown = ht_state_new(ht_node_new(0));
        struct fixture *fixture;

        set_up(state);
        fixture = *state;
        pass_in(fixture, make_place(), cases[i].kind, cases[i].id, cases[i].count);
        pass_in(fixture, ht_node_new(0), NULL, NULL, 0);
        ht_timeline_fill(fixture->timeline, shown);
        assert_int_equal(shown->events.len, cases[i].count == 1 ? 2 : 12);
        for (size_t e = 0; e < shown->events.len; e++) {
            const struct ht_event *event = ht_event_of(shown->events.rows[e]);

            assert_true(ht_str_is(event->container, cases[i].container));
            assert_int_equal(ht_event_has_container(event), *cases[i].container != '\0');
            assert_true(ht_str_is(event->process, cases[i].process));
        }
        tear_down(state);
    }
}

static void one_that_flaps_keeps_its_first_sight(void **state)
{
    struct fixture *fixture = *state;

    ht_row_unref(pass(fixture, "a", false, 100));
    pass(fixture, NULL, true, 200);
    ht_autorow struct ht_row *row = pass(fixture, "a", true, 300);
    assert_int_equal(ht_finding_of(row)->first_seen, 100);
    assert_true(ht_finding_of(row)->new);
    assert_int_equal(count_events(fixture, HT_EVENT_KIND_FINDING_NEW), 2);
    assert_int_equal(count_events(fixture, HT_EVENT_KIND_FINDING_GONE), 1);
}

static void an_unchanged_finding_says_nothing_twice(void **state)
{
    struct fixture *fixture = *state;

    for (int64_t now = 1; now < 10; now++)
        ht_row_unref(pass(fixture, "a", true, now));
    assert_int_equal(count_events(fixture, HT_EVENT_KIND_FINDING_NEW), 1);
}

static void acknowledgements_survive_writing_and_reading(void **state)
{
    struct fixture *fixture = *state;
    ht_autobuf struct ht_buf text = HT_BUF(4096);
    struct ht_error err = {0};

    ht_ledger_acknowledge(fixture->ledger, HT_S("a"), HT_S("known, ticket 7"));
    ht_ledger_write(fixture->ledger, &text);
    ht_ledger_reset(fixture->ledger);
    assert_int_equal(ht_ledger_read(fixture->ledger, ht_buf_str(&text), "x", &err), 0);
    ht_autorow struct ht_row *row = pass(fixture, "a", true, 100);
    assert_true(ht_str_is(ht_finding_of(row)->acknowledged, "known, ticket 7"));
}

static void a_broken_file_of_acknowledgements_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct ht_error err = {0};

    assert_true(ht_ledger_read(fixture->ledger, HT_S("[1]"), "ack.json", &err) < 0);
    assert_non_null(strstr(err.text, "ack.json"));
    assert_true(ht_ledger_read(fixture->ledger, HT_S("{\"a\":7}"), "ack.json", &err) < 0);
}

static void what_is_gone_for_good_is_forgotten_past_the_limit(void **state)
{
    struct fixture *fixture = *state;
    char id[32];

    for (int i = 0; i < 6000; i++) {
        snprintf(id, sizeof(id), "f%d", i);
        ht_row_unref(pass(fixture, id, true, i + 1));
    }
    /* The first one was forgotten: it is seen for the first time again. */
    ht_autorow struct ht_row *row = pass(fixture, "f0", true, 9000);
    assert_int_equal(ht_finding_of(row)->first_seen, 9000);
}

/* As many findings of one check about one subject as a person could not read one by one. */
static void a_burst_is_told_as_a_count(void **state)
{
    struct fixture *fixture = *state;
    struct ht_rowset findings = {0};
    ht_autostate struct ht_state *shown = ht_state_new(ht_node_new(0));
    char id[16];

    for (int i = 0; i < 1000; i++) {
        snprintf(id, sizeof(id), "f%03d", i);
        ht_rowset_add(&findings, i == 500 ? make_finding(id, "/tmp/x runs")
                                          : make_grave(id, "/tmp/y runs", HT_SEVERITY_LOW));
    }
    ht_ledger_apply(fixture->ledger, &findings,
                    &(struct ht_ledger_pass){.settled = true, .now_ns = 100}, fixture->timeline);
    ht_rowset_fini(&findings);
    assert_int_equal(count_events(fixture, HT_EVENT_KIND_FINDING_NEW), 6);
    ht_timeline_fill(fixture->timeline, shown);
    const struct ht_event *count = ht_event_of(shown->events.rows[shown->events.len - 1]);
    assert_true(ht_str_is(count->text, "and 995 more like it (PRV-001), one: /tmp/x runs"));
    assert_int_equal(count->severity, HT_SEVERITY_CRITICAL);
    pass(fixture, NULL, true, 101);
    assert_int_equal(count_events(fixture, HT_EVENT_KIND_FINDING_GONE), 6);
}

/* One pass of a node with this source, in which PRV-001 could tell (or not) of subject "c1", and
 * found or did not. */
static void pass_with(struct fixture *fixture, enum ht_source_state docker, bool unknown,
                      bool found)
{
    struct ht_node *node = ht_node_new(0);
    struct ht_source source = {0};
    struct ht_container container = {0};
    struct ht_rowset findings = {0};
    struct ht_verdict verdict = {.check = ht_catalogue_find(HT_S("PRV-001")), .times = 1};
    struct ht_vec verdicts = {0};
    struct ht_ledger_pass given = {
        .node = node, .verdicts = &verdicts, .settled = true, .now_ns = 100};

    ht_source_set_id(&source, HT_S("docker"));
    ht_source_set_name(&source, HT_S("docker"));
    ht_source_set_state(&source, docker);
    ht_node_add(node, ht_row_new(&ht_source_table, &source));
    ht_container_set_id(&container, HT_S("c1"));
    verdict.subject = ht_row_new(&ht_container_table, &container);
    verdict.unknown = unknown;
    ht_vec_add(&verdicts, &verdict);
    if (found) {
        ht_autorow struct ht_row *row = make_finding("f", "runs privileged");
        struct ht_finding finding = *ht_finding_of(row);

        ht_subject_set_id(ht_finding_edit_subject(&finding), HT_S("c1"));
        ht_rowset_add(&findings, ht_row_new(&ht_finding_table, &finding));
    }
    ht_ledger_apply(fixture->ledger, &findings, &given, fixture->timeline);
    ht_rowset_fini(&findings);
    ht_vec_fini(&verdicts);
    ht_row_unref(verdict.subject);
    ht_node_unref(node);
}

static void what_was_not_looked_at_is_not_gone(void **state)
{
    static const struct {
        enum ht_source_state before, after;
        bool unknown;
        size_t gone;
    } cases[] = {
        {HT_SOURCE_STATE_OK, HT_SOURCE_STATE_OK, false, 1},
        {HT_SOURCE_STATE_OK, HT_SOURCE_STATE_ABSENT, false, 1},
        {HT_SOURCE_STATE_OK, HT_SOURCE_STATE_BROKEN, false, 0},
        {HT_SOURCE_STATE_OK, HT_SOURCE_STATE_WAIT, false, 0},
        {HT_SOURCE_STATE_OK, HT_SOURCE_STATE_OK, true, 0},
        /* It was found without that source. */
        {HT_SOURCE_STATE_DENIED, HT_SOURCE_STATE_DENIED, false, 1},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fixture *fixture;

        set_up(state);
        fixture = *state;
        pass_with(fixture, cases[i].before, false, true);
        pass_with(fixture, cases[i].after, cases[i].unknown, false);
        pass_with(fixture, cases[i].after, cases[i].unknown, false);
        assert_int_equal(count_events(fixture, HT_EVENT_KIND_FINDING_GONE), cases[i].gone);
        /* It is found again: nothing new where it never ended. */
        pass_with(fixture, cases[i].before, false, true);
        assert_int_equal(count_events(fixture, HT_EVENT_KIND_FINDING_NEW), 1 + cases[i].gone);
        /* Once it could be looked at, its end is told. */
        pass_with(fixture, cases[i].after, cases[i].unknown, false);
        pass_with(fixture, cases[i].before, false, false);
        assert_int_equal(count_events(fixture, HT_EVENT_KIND_FINDING_GONE), 1 + cases[i].gone);
        tear_down(state);
    }
}

/* A finding names a build by what it runs in, and a program of a unit by the unit: what cannot be
 * told of the row cannot be told of it either. */
static void pass_about(struct fixture *fixture, const struct ht_row *subject, const char *about,
                       const char *check, bool found, struct ht_rowset *held)
{
    struct ht_rowset findings = {0};
    struct ht_verdict verdict = {
        .check = ht_catalogue_find(ht_str_from(check)), .subject = ht_row_ref(subject), .times = 1};
    struct ht_vec verdicts = {0};
    const struct ht_ledger_pass given = {
        .verdicts = &verdicts, .settled = true, .now_ns = found ? 100 : 200, .held = held};

    assert_non_null(verdict.check);
    verdict.unknown = !found;
    ht_vec_add(&verdicts, &verdict);
    if (found) {
        struct ht_finding finding = {0};

        ht_finding_set_id(&finding, HT_S("f"));
        ht_finding_set_check(&finding, ht_str_from(check));
        ht_finding_set_question(&finding, 1);
        ht_finding_set_last_seen(&finding, 7);
        ht_subject_set_id(ht_finding_edit_subject(&finding), ht_str_from(about));
        ht_rowset_add(&findings, ht_row_new(&ht_finding_table, &finding));
    }
    ht_ledger_apply(fixture->ledger, &findings, &given, fixture->timeline);
    ht_rowset_fini(&findings);
    ht_vec_fini(&verdicts);
    ht_row_unref(verdict.subject);
}

static void builds_and_units_are_known_by_what_findings_call_them(void **state)
{
    struct ht_build build = {0};
    struct ht_code code = {0};

    ht_build_set_id(&build, HT_S("b1"));
    ht_subject_set_id(ht_build_edit_subject(&build), HT_S("c1"));
    ht_code_set_id(&code, HT_S("unit|/usr/bin/x"));
    ht_code_set_unit(&code, HT_S("x.service"));
    ht_autorow struct ht_row *build_row = ht_row_new(&ht_build_table, &build);
    ht_autorow struct ht_row *code_row = ht_row_new(&ht_code_table, &code);
    const struct {
        const struct ht_row *row;
        const char *about, *check;
    } cases[] = {{build_row, "c1", "BLD-001"}, {code_row, "x.service", "DRF-001"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fixture *fixture;

        set_up(state);
        fixture = *state;
        pass_about(fixture, cases[i].row, cases[i].about, cases[i].check, true, NULL);
        pass_about(fixture, cases[i].row, cases[i].about, cases[i].check, false, NULL);
        assert_int_equal(count_events(fixture, HT_EVENT_KIND_FINDING_GONE), 0);
        tear_down(state);
    }
}

static void what_is_held_is_told_with_its_last_sight(void **state)
{
    struct fixture *fixture = *state;
    struct ht_build build = {0};
    struct ht_rowset held = {0};

    ht_build_set_id(&build, HT_S("b1"));
    ht_autorow struct ht_row *row = ht_row_new(&ht_build_table, &build);
    pass_about(fixture, row, "b1", "BLD-001", true, &held);
    assert_int_equal(held.len, 0);
    for (unsigned i = 0; i < 2; i++) {
        pass_about(fixture, row, "b1", "BLD-001", false, &held);
        assert_int_equal(held.len, 1);
        const struct ht_finding *finding = ht_finding_of(held.rows[0]);
        assert_int_equal(finding->last_seen, 100);
        assert_int_equal(finding->new, i == 0);
        assert_int_equal(ht_finding_has_acknowledged(finding), i > 0);
        ht_rowset_fini(&held);
        ht_ledger_acknowledge(fixture->ledger, HT_S("f"), HT_S("known"));
    }
    pass_about(fixture, row, "b1", "BLD-001", true, &held);
    assert_int_equal(held.len, 0);
    assert_int_equal(count_events(fixture, HT_EVENT_KIND_FINDING_NEW), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_burst_is_told_as_a_count, set_up, tear_down),
        cmocka_unit_test(what_was_not_looked_at_is_not_gone),
        cmocka_unit_test(an_event_names_the_container_it_was_in),
        cmocka_unit_test(builds_and_units_are_known_by_what_findings_call_them),
        cmocka_unit_test_setup_teardown(what_is_held_is_told_with_its_last_sight, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_there_at_the_first_pass_is_not_new, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_appears_later_is_new_until_opened, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_event_names_whom_it_is_about, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_flaps_keeps_its_first_sight, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unchanged_finding_says_nothing_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(acknowledgements_survive_writing_and_reading, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_broken_file_of_acknowledgements_is_told, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_gone_for_good_is_forgotten_past_the_limit, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
