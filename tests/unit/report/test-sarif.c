/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the schema of SARIF 2.1.0 requires is there, whatever the findings hold. */
#include "hulltop/report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

static struct ht_state *make_state(void)
{
    return ht_state_new(ht_node_new(INT64_C(1764000000000000000)));
}

static void fill(struct ht_finding *finding, const char *id, enum ht_severity severity)
{
    ht_finding_set_id(finding, ht_str_from(id));
    ht_finding_set_check(finding, HT_S("PRV-001"));
    ht_finding_set_question(finding, 3);
    ht_finding_set_severity(finding, severity);
    ht_finding_set_title(finding, HT_S("Runs with --privileged"));
    ht_finding_set_why(finding, HT_S("why"));
    ht_finding_set_fix(finding, HT_S("fix"));
}

static void add(struct ht_state *state, const struct ht_finding *finding)
{
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, finding));
}

/* The one run of the report of a state. */
static const struct ht_json *run_of(struct ht_arena *arena, const struct ht_state *state)
{
    static const struct ht_report_options options = {
        .questions = 1u << 3, .version = "9.9", .style = HT_JSON_INDENTED};
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_BODY);
    struct ht_error err = {0};
    struct ht_str text;

    assert_int_equal(ht_report_sarif(&out, state, &options, NULL, &err), 0);
    const struct ht_json *root = ht_json_parse(arena, "sarif", ht_buf_str(&out), &err);
    if (!root)
        fail_msg("%s", err.text);
    assert_true(ht_json_string(ht_json_get(root, "version"), &text));
    assert_true(ht_str_is(text, "2.1.0"));
    const struct ht_json *runs = ht_json_get(root, "runs");
    assert_true(ht_json_is_array(runs));
    assert_int_equal(runs->len, 1);
    return &runs->items[0];
}

static void assert_text(const struct ht_json *value, const char *wanted)
{
    struct ht_str text;

    assert_true(ht_json_string(value, &text));
    if (!ht_str_is(text, wanted))
        fail_msg("%.*s is not %s", HT_STR_ARG(text), wanted);
}

static const struct ht_json *result_at(const struct ht_json *run, size_t i)
{
    const struct ht_json *results = ht_json_get(run, "results");

    assert_true(ht_json_is_array(results) && i < results->len);
    return &results->items[i];
}

static void no_finding_is_a_run_without_results(void **unused)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    ht_autostate struct ht_state *state = make_state();
    const struct ht_json *run = run_of(arena, state);

    (void)unused;
    assert_int_equal(ht_json_get(run, "results")->len, 0);
    assert_text(ht_json_path(run, "tool", "driver", "name", NULL), "hulltop");
    assert_text(ht_json_path(run, "tool", "driver", "version", NULL), "9.9");
    assert_int_equal(ht_json_path(run, "tool", "driver", "rules", NULL)->len, 0);
}

static void findings_become_results_with_rules(void **unused)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    ht_autostate struct ht_state *state = make_state();
    struct ht_finding first = {0}, second = {0}, other = {0};
    struct ht_subject *subject = ht_finding_edit_subject(&first);

    (void)unused;
    fill(&first, "00000000000000aa", HT_SEVERITY_CRITICAL);
    ht_subject_set_kind(subject, HT_S("pod"));
    ht_subject_set_owner(subject, HT_S("Deployment/web"));
    ht_subject_set_file(subject, HT_S("my charts/web.yaml"));
    ht_subject_set_line(subject, 12);
    fill(&second, "00000000000000bb", HT_SEVERITY_LOW);
    ht_finding_set_expected(&second, true);
    ht_subject_set_file(ht_finding_edit_subject(&second), HT_S("/var/lib/etcd/db"));
    fill(&other, "00000000000000cc", HT_SEVERITY_HIGH);
    ht_finding_set_question(&other, 6);
    add(state, &first);
    add(state, &second);
    add(state, &other);

    const struct ht_json *run = run_of(arena, state), *result = result_at(run, 0);
    int64_t number;
    assert_int_equal(ht_json_get(run, "results")->len, 2); /* the other was not asked */
    assert_text(ht_json_get(result, "ruleId"), "PRV-001");
    assert_text(ht_json_get(result, "level"), "error");
    assert_text(ht_json_path(result, "message", "text", NULL), "Runs with --privileged");
    assert_text(ht_json_path(result, "partialFingerprints", "hulltopFinding/v1", NULL),
                "00000000000000aa");
    const struct ht_json *location = &ht_json_get(result, "locations")->items[0];
    assert_text(ht_json_path(location, "physicalLocation", "artifactLocation", "uri", NULL),
                "my%20charts/web.yaml");
    assert_true(ht_json_int(ht_json_path(location, "physicalLocation", "region", "startLine", NULL),
                            &number));
    assert_int_equal(number, 12);
    assert_null(ht_json_get(result, "suppressions"));

    result = result_at(run, 1);
    location = &ht_json_get(result, "locations")->items[0];
    assert_true(ht_json_int(ht_json_path(location, "physicalLocation", "region", "startLine", NULL),
                            &number));
    assert_int_equal(number, 1); /* of a file without a known line */
    assert_text(ht_json_get(result, "level"), "note");
    assert_text(ht_json_get(&ht_json_get(result, "suppressions")->items[0], "kind"), "external");
    assert_true(ht_json_int(ht_json_get(result, "ruleIndex"), &number));
    assert_int_equal(number, 0);
    const struct ht_json *rules = ht_json_path(run, "tool", "driver", "rules", NULL);
    assert_int_equal(rules->len, 1);
    assert_text(ht_json_get(&rules->items[0], "id"), "PRV-001");
    assert_text(ht_json_path(&rules->items[0], "help", "text", NULL), "fix");
}

/* Two programs of one container are two places, and whose they are is told. */
static void a_place_is_told_by_owner_and_name(void **unused)
{
    static const char *const cases[][6] = {
        {"program", "shop/cart", "", "cart-1", "/tmp/x", "shop/cart/cart-1//tmp/x"},
        {"container", "shop/cart", "", "cart-1", "cart-1", "shop/cart/cart-1"},
        {"container", "", "", "web", "web", "web"},
        {"pod", "Deployment/web", "shop", "", "web-5d8-x2x5p", "shop/Deployment/web"},
        {"pod", "", "shop", "", "debug", "shop/debug"},
        {"unit", "", "", "", "ssh.service", "ssh.service"},
    };
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ht_autostate struct ht_state *state = make_state();
        struct ht_finding finding = {0};
        struct ht_subject *subject = ht_finding_edit_subject(&finding);

        fill(&finding, "00000000000000aa", HT_SEVERITY_HIGH);
        ht_subject_set_kind(subject, ht_str_from(cases[i][0]));
        ht_subject_set_owner(subject, ht_str_from(cases[i][1]));
        ht_subject_set_namespace(subject, ht_str_from(cases[i][2]));
        ht_subject_set_container(subject, ht_str_from(cases[i][3]));
        ht_subject_set_name(subject, ht_str_from(cases[i][4]));
        add(state, &finding);

        const struct ht_json *result = result_at(run_of(arena, state), 0);
        const struct ht_json *place = &ht_json_get(result, "locations")->items[0];
        const struct ht_json *logical = &ht_json_get(place, "logicalLocations")->items[0];
        assert_text(ht_json_get(logical, "fullyQualifiedName"), cases[i][5]);
        assert_text(ht_json_get(logical, "name"), cases[i][4]);
    }
}

static void hostile_text_is_made_printable(void **unused)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    ht_autostate struct ht_state *state = make_state();
    struct ht_finding finding = {0};

    (void)unused;
    fill(&finding, "00000000000000aa", HT_SEVERITY_HIGH);
    ht_finding_set_title(&finding, HT_S("a\x1b[2J\xff\"b"));
    ht_subject_set_file(ht_finding_edit_subject(&finding), HT_S("/x\n\xff"));
    add(state, &finding);

    const struct ht_json *result = result_at(run_of(arena, state), 0);
    assert_text(ht_json_path(result, "message", "text", NULL), "a\\x1b[2J\\xff\"b");
    assert_text(ht_json_path(&ht_json_get(result, "locations")->items[0], "physicalLocation",
                             "artifactLocation", "uri", NULL),
                "file:///x%0A%FF");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_finding_is_a_run_without_results),
        cmocka_unit_test(findings_become_results_with_rules),
        cmocka_unit_test(a_place_is_told_by_owner_and_name),
        cmocka_unit_test(hostile_text_is_made_printable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
