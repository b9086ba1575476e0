/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps of the engine whose clocks the test sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hulltop/base/clock.h"
#include "hulltop/check/allow.h"
#include "hulltop/engine/core.h"

#define WALL  (INT64_C(1700000000) * HT_NS_PER_S)
#define MONO  (INT64_C(1000) * HT_NS_PER_S)
#define HOUR  (3600 * HT_NS_PER_S)
#define EVERY (10 * HT_NS_PER_S)

struct fixture {
    struct ht_facts *facts;
    struct ht_core *core;
    struct ht_node *sample;
    int64_t said_ns;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    struct ht_source source = {0};
    struct ht_error err = {0};

    fixture = (struct fixture){.sample = ht_node_new(WALL), .said_ns = MONO};
    assert_int_equal(ht_facts_load(NULL, &fixture.facts, &err), 0);
    fixture.core =
        ht_core_new(&(struct ht_core_options){.facts = fixture.facts, .questions = 0x7e});
    ht_source_set_id(&source, HT_S("docker"));
    ht_source_set_name(&source, HT_S("docker"));
    ht_source_set_state(&source, HT_SOURCE_STATE_OK);
    ht_source_set_answered_at(&source, WALL);
    ht_source_set_interval(&source, EVERY);
    ht_node_add(fixture.sample, ht_row_new(&ht_source_table, &source));
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    ht_node_unref(fixture->sample);
    ht_core_free(fixture->core);
    ht_facts_free(fixture->facts);
    return 0;
}

static struct ht_state *step(struct fixture *fixture, int64_t wall, int64_t mono)
{
    return ht_core_step(fixture->core, &(struct ht_step){.samples = &fixture->sample,
                                                         .samples_len = 1,
                                                         .said_ns = &fixture->said_ns,
                                                         .complete = true,
                                                         .now_ns = wall,
                                                         .mono_ns = mono});
}

static const struct ht_source *source_of(const struct ht_state *state)
{
    return ht_source_of(ht_node_find(state->node, HT_TABLE_SOURCE, HT_S("docker")));
}

/* Says so at the third question. */
static bool at_the_third(void *context)
{
    size_t *asked = context;

    return ++*asked >= 3;
}

static void a_step_ends_where_it_is_stopped(void **state)
{
    struct fixture *fixture = *state;
    struct ht_node *sample = ht_node_share(fixture->sample);
    struct ht_container container = {0};
    size_t asked = 0;

    ht_container_set_id(&container, HT_S("a"));
    ht_container_set_name(&container, HT_S("a"));
    ht_node_add(sample, ht_row_new(&ht_container_table, &container));
    ht_container_set_id(&container, HT_S("b"));
    ht_node_add(sample, ht_row_new(&ht_container_table, &container));
    ht_container_set_id(&container, HT_S("c"));
    ht_node_add(sample, ht_row_new(&ht_container_table, &container));
    ht_container_set_id(&container, HT_S("d"));
    ht_node_add(sample, ht_row_new(&ht_container_table, &container));
    ht_node_sort(sample);
    ht_node_unref(fixture->sample);
    fixture->sample = sample;
    ht_core_free(fixture->core);
    fixture->core = ht_core_new(
        &(struct ht_core_options){.facts = fixture->facts,
                                  .questions = 0x7e,
                                  .stop = {.is_stopping = at_the_third, .context = &asked}});
    assert_null(step(fixture, WALL, MONO));
    assert_int_equal(asked, 3);
}

static void what_is_not_confirmed_gets_stale(void **state)
{
    ht_autostate struct ht_state *fresh = step(*state, WALL, MONO);
    ht_autostate struct ht_state *old = step(*state, WALL + 4 * EVERY, MONO + 4 * EVERY);

    assert_int_equal(source_of(fresh)->state, HT_SOURCE_STATE_OK);
    assert_non_null(old);
    assert_int_equal(source_of(old)->state, HT_SOURCE_STATE_STALE);
    assert_int_equal(source_of(old)->answered_at, WALL);
}

static void a_clock_set_forward_makes_nothing_stale(void **state)
{
    ht_autostate struct ht_state *before = step(*state, WALL, MONO);
    ht_autostate struct ht_state *after = step(*state, WALL + HOUR, MONO + 6 * HT_NS_PER_S);

    assert_non_null(before);
    assert_non_null(after);
    assert_int_equal(source_of(after)->state, HT_SOURCE_STATE_OK);
    assert_int_equal(source_of(after)->answered_at, WALL + HOUR - 6 * HT_NS_PER_S);
}

static void a_clock_set_back_keeps_nothing_fresh(void **state)
{
    ht_autostate struct ht_state *before = step(*state, WALL, MONO);
    ht_autostate struct ht_state *after = step(*state, WALL - HOUR, MONO + 4 * EVERY);

    assert_non_null(before);
    assert_non_null(after);
    assert_int_equal(source_of(after)->state, HT_SOURCE_STATE_STALE);
    assert_int_equal(after->now_ns - source_of(after)->answered_at, 4 * EVERY);
}

static void what_is_confirmed_stays_fresh(void **state)
{
    struct fixture *fixture = *state;
    ht_autostate struct ht_state *before = step(fixture, WALL, MONO);

    fixture->said_ns = MONO + 4 * EVERY;
    ht_autostate struct ht_state *after = step(fixture, WALL + 4 * EVERY, MONO + 4 * EVERY);
    assert_non_null(before);
    assert_non_null(after);
    assert_int_equal(source_of(after)->state, HT_SOURCE_STATE_OK);
    assert_int_equal(source_of(after)->answered_at, WALL + 4 * EVERY);
}

static void add_source(struct ht_node *sample, const char *name, enum ht_source_state to)
{
    struct ht_source source = {0};

    ht_source_set_id(&source, ht_str_from(name));
    ht_source_set_name(&source, ht_str_from(name));
    ht_source_set_state(&source, to);
    ht_source_set_answered_at(&source, WALL);
    ht_node_add(sample, ht_row_new(&ht_source_table, &source));
}

static void without_a_datastore_question_5_says_what_was_looked_at(void **state)
{
    struct fixture *fixture = *state;
    const struct ht_question *question;

    add_source(fixture->sample, "datastore", HT_SOURCE_STATE_ABSENT);
    add_source(fixture->sample, "hostconf", HT_SOURCE_STATE_OK);
    add_source(fixture->sample, "proc", HT_SOURCE_STATE_OK);
    ht_node_sort(fixture->sample);

    ht_autostate struct ht_state *now = step(fixture, WALL, MONO);
    question = ht_state_question(now, 5);
    assert_int_equal(question->state, HT_QUESTION_STATE_NA);
    assert_int_equal(question->missing.len, 1);
    assert_true(ht_str_is(question->missing.items[0].reason,
                          "no datastore on this node, and no container runs; files and listeners "
                          "were checked"));
    assert_false(question->partial);
}

/* What has not answered was not looked at. */
static void what_never_answers_is_the_reason_and_no_remark_is(void **state)
{
    static const enum ht_source_state procs[] = {HT_SOURCE_STATE_OK, HT_SOURCE_STATE_WAIT};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(procs) / sizeof(*procs); i++) {
        struct ht_node *sample = ht_node_new(WALL);

        add_source(sample, "docker", HT_SOURCE_STATE_WAIT);
        add_source(sample, "datastore", HT_SOURCE_STATE_ABSENT);
        add_source(sample, "hostconf", HT_SOURCE_STATE_OK);
        add_source(sample, "proc", procs[i]);
        ht_node_sort(sample);
        ht_node_unref(fixture->sample);
        fixture->sample = sample;

        ht_autostate struct ht_state *now = step(fixture, WALL, MONO + (int64_t)i);
        const struct ht_question *question = ht_state_question(now, 5);
        assert_true(question->partial);
        assert_int_equal(question->missing.len, 1 + i);
        assert_true(ht_str_is(question->missing.items[0].source, "docker"));
        assert_true(ht_str_is(question->missing.items[0].reason, "has not answered"));
    }
}

/* A node without containers, on which not every source has answered. */
static struct ht_state *begun(struct fixture *fixture, enum ht_source_state docker,
                              enum ht_source_state drift)
{
    struct ht_node *sample = ht_node_new(WALL);
    struct ht_host host = {0};

    ht_host_set_id(&host, HT_S("node"));
    ht_node_add(sample, ht_row_new(&ht_host_table, &host));
    add_source(sample, "docker", docker);
    add_source(sample, "drift", drift);
    add_source(sample, "proc", HT_SOURCE_STATE_OK);
    ht_node_sort(sample);
    ht_node_unref(fixture->sample);
    fixture->sample = sample;
    return ht_core_step(fixture->core, &(struct ht_step){.samples = &fixture->sample,
                                                         .samples_len = 1,
                                                         .said_ns = &fixture->said_ns,
                                                         .now_ns = WALL,
                                                         .mono_ns = ++fixture->said_ns});
}

static bool misses(const struct ht_state *state, unsigned number, const char *reason)
{
    const struct ht_question *question = ht_state_question(state, number);

    for (size_t i = 0; i < question->missing.len; i++) {
        if (ht_str_is(question->missing.items[i].reason, reason))
            return true;
    }
    return false;
}

static void no_container_is_proven_while_a_runtime_has_yet_to_answer(void **state)
{
    ht_autostate struct ht_state *early = begun(*state, HT_SOURCE_STATE_WAIT, HT_SOURCE_STATE_OK);
    ht_autostate struct ht_state *late = begun(*state, HT_SOURCE_STATE_ABSENT, HT_SOURCE_STATE_OK);

    assert_int_equal(ht_state_question(early, 2)->state, HT_QUESTION_STATE_WAIT);
    assert_true(misses(early, 2, "has not answered yet"));
    assert_int_equal(ht_state_question(late, 2)->state, HT_QUESTION_STATE_NA);
    assert_false(misses(late, 2, "has not answered yet"));
}

static void what_is_not_told_yet_is_not_missing(void **state)
{
    const char *kernel = "whether the kernel is tainted could not be read";
    ht_autostate struct ht_state *early =
        begun(*state, HT_SOURCE_STATE_ABSENT, HT_SOURCE_STATE_WAIT);
    ht_autostate struct ht_state *late = begun(*state, HT_SOURCE_STATE_ABSENT, HT_SOURCE_STATE_OK);

    assert_false(misses(early, 6, kernel));
    assert_true(misses(late, 6, kernel));
}

static void add_packages(struct fixture *fixture)
{
    struct ht_package_db packages = {0};

    ht_package_db_set_id(&packages, HT_S("deb"));
    ht_package_db_set_system(&packages, HT_S("deb"));
    ht_package_db_set_automatic(&packages, HT_S(""));
    ht_node_add(fixture->sample, ht_row_new(&ht_package_db_table, &packages));
    ht_node_sort(fixture->sample);
}

/* Its name is "host" for people, its id is that of the list, as it always was. */
static void what_is_told_of_packages_is_about_the_host(void **state)
{
    struct fixture *fixture = *state;
    const struct ht_finding *finding = NULL;

    add_packages(fixture);
    ht_autostate struct ht_state *now = step(fixture, WALL, MONO);
    for (size_t i = 0; i < now->findings.len && !finding; i++) {
        if (ht_str_is(ht_finding_of(now->findings.rows[i])->check, "PKG-012"))
            finding = ht_finding_of(now->findings.rows[i]);
    }
    assert_non_null(finding);
    assert_true(ht_str_is(finding->subject.name, "host"));
    assert_true(ht_str_is(finding->id, "df742424be59359e"));
}

/* An exception names it by the name or by the id. */
static void an_exception_finds_the_packages_of_the_host(void **state)
{
    static const struct {
        struct ht_str name;
        bool fits;
    } cases[] = {{HT_STR("host"), true}, {HT_STR("deb"), true}, {HT_STR("rpm"), false}};
    struct fixture *fixture = *state;

    add_packages(fixture);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct ht_allowed allowed = {.check = HT_STR("PKG-012"),
                                     .name = cases[i].name,
                                     .reason = HT_STR("by hand"),
                                     .told_by = HT_STR("hulltop.conf:1"),
                                     .until_ns = INT64_MAX};
        bool expected = false;

        ht_facts_allow(fixture->facts, &allowed, 1);
        ht_core_free(fixture->core);
        fixture->core =
            ht_core_new(&(struct ht_core_options){.facts = fixture->facts, .questions = 0x7e});
        ht_autostate struct ht_state *now = step(fixture, WALL, MONO);
        for (size_t f = 0; f < now->findings.len; f++) {
            const struct ht_finding *finding = ht_finding_of(now->findings.rows[f]);

            expected = expected || (ht_str_is(finding->check, "PKG-012") && finding->expected);
        }
        assert_int_equal(expected, cases[i].fits);
        ht_facts_allow(fixture->facts, NULL, 0);
    }
}

static bool has_finding(const struct ht_state *state, const char *check)
{
    for (size_t i = 0; i < state->findings.len; i++) {
        if (ht_str_is(ht_finding_of(state->findings.rows[i])->check, check))
            return true;
    }
    return false;
}

/* A state for that many seconds later, in which the source is confirmed and nothing else is new. */
static struct ht_state *confirm(struct fixture *fixture, int64_t seconds)
{
    fixture->said_ns = MONO + seconds * HT_NS_PER_S;
    return step(fixture, WALL + seconds * HT_NS_PER_S, MONO + seconds * HT_NS_PER_S);
}

static void a_state_at_rest_shares_what_was_found(void **state)
{
    struct fixture *fixture = *state;

    add_packages(fixture);
    ht_autostate struct ht_state *before = confirm(fixture, 0);
    ht_autostate struct ht_state *after = confirm(fixture, 6);
    assert_non_null(after);
    assert_int_equal(source_of(after)->answered_at, WALL + 6 * HT_NS_PER_S);
    assert_true(before->findings.len && before->groups.len);
    assert_true(ht_rowset_same(&before->findings, &after->findings));
    assert_true(ht_rowset_same(&before->groups, &after->groups));
}

/* That the image is of a day to come tells nothing of its age; at last it is two years old. */
static void what_becomes_known_by_time_is_found_at_rest(void **state)
{
    struct fixture *fixture = *state;
    struct ht_package_db packages = {0};

    ht_package_db_set_id(&packages, HT_S("image"));
    ht_package_db_set_system(&packages, HT_S("image"));
    ht_package_db_set_image(&packages, HT_S("Flatcar 1"));
    ht_package_db_set_image_at(&packages, WALL + 96 * HOUR);
    ht_node_add(fixture->sample, ht_row_new(&ht_package_db_table, &packages));
    ht_node_sort(fixture->sample);
    ht_autostate struct ht_state *before = confirm(fixture, 0);
    fixture->said_ns = MONO + 6 * HT_NS_PER_S;
    ht_autostate struct ht_state *after =
        step(fixture, WALL + 2 * 365 * 24 * HOUR, MONO + 6 * HT_NS_PER_S);
    assert_false(has_finding(before, "PKG-017"));
    assert_true(has_finding(after, "PKG-017"));
}

static bool is_allowed(const struct ht_state *state)
{
    for (size_t i = 0; i < state->findings.len; i++) {
        const struct ht_finding *finding = ht_finding_of(state->findings.rows[i]);

        if (ht_str_is(finding->check, "PKG-012"))
            return ht_finding_has_allowed(finding);
    }
    fail_msg("the finding is not there");
    return false;
}

/* Nothing but time has passed; the clock of the node is set back at the end. */
static void an_exception_ends_at_rest_too(void **state)
{
    const struct ht_allowed allowed[] = {{.check = HT_STR("PKG-012"),
                                          .reason = HT_STR("by hand"),
                                          .told_by = HT_STR("hulltop.conf:1"),
                                          .until_ns = WALL + 9 * HT_NS_PER_S},
                                         {.check = HT_STR("PKG-013"),
                                          .reason = HT_STR("by hand"),
                                          .told_by = HT_STR("hulltop.conf:2"),
                                          .until_ns = INT64_MAX}};
    struct fixture *fixture = *state;

    ht_facts_allow(fixture->facts, allowed, 2);
    add_packages(fixture);
    ht_autostate struct ht_state *first = confirm(fixture, 0);
    ht_autostate struct ht_state *second = confirm(fixture, 6);
    ht_autostate struct ht_state *third = confirm(fixture, 12);
    ht_autostate struct ht_state *fourth = step(fixture, WALL, MONO + 18 * HT_NS_PER_S);
    assert_true(is_allowed(first));
    assert_true(is_allowed(second));
    assert_false(is_allowed(third));
    assert_true(is_allowed(fourth));
    ht_facts_allow(fixture->facts, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_step_ends_where_it_is_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_confirmed_gets_stale, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_clock_set_forward_makes_nothing_stale, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_clock_set_back_keeps_nothing_fresh, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_confirmed_stays_fresh, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_datastore_question_5_says_what_was_looked_at,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_never_answers_is_the_reason_and_no_remark_is, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(no_container_is_proven_while_a_runtime_has_yet_to_answer,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_told_yet_is_not_missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_told_of_packages_is_about_the_host, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_state_at_rest_shares_what_was_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_becomes_known_by_time_is_found_at_rest, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_exception_ends_at_rest_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_exception_finds_the_packages_of_the_host, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
