/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/printable.h"
#include "hulltop/model/document.h"
#include "tests/unit/model/random-row.h"

enum { ALL = 0x7e, ASK_3 = 1 << 3 };

static const struct ht_json *report_of(const struct ht_state *state, unsigned questions,
                                       struct ht_arena *arena)
{
    const struct ht_report_options options = {.questions = questions, .version = "0.1.0"};
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_DOCUMENT);
    struct ht_error err = {0};

    ht_report_write(&out, state, &options);

    const struct ht_json *root = ht_json_parse(arena, "report", ht_buf_str(&out), &err);
    if (!root)
        fail_msg("%s", err.text);
    return root;
}

static struct ht_state *empty_state(void)
{
    return ht_state_new(ht_node_new(INT64_C(1763906551500) * HT_NS_PER_MS));
}

static void the_keys_are_those_of_the_contract(void **unused)
{
    static const char *const keys[] = {"schema",     "version",    "taken_at",     "node",
                                       "sources",    "questions",  "findings",     "groups",
                                       "containers", "pods",       "processes",    "builds",
                                       "packages",   "datastores", "control_plane"};
    ht_autoarena struct ht_arena *arena = ht_arena_new(1000000);
    ht_autostate struct ht_state *state = empty_state();
    const struct ht_json *root = report_of(state, ALL, arena);
    struct ht_str text = {0};

    (void)unused;
    assert_int_equal(root->len, ARRAY_LEN(keys));
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        assert_true(ht_str_is(root->members[i].key, keys[i]));
    assert_true(ht_json_string(ht_json_get(root, "taken_at"), &text));
    assert_string_equal(text.data, "2025-11-23T14:02:31.500Z");
    assert_int_equal(ht_json_get(root, "packages")->kind, HT_JSON_NULL);
    assert_int_equal(ht_json_path(root, "node", "name", NULL)->kind, HT_JSON_NULL);
    assert_int_equal(ht_json_get(root, "questions")->len, 6);
    assert_true(
        ht_json_string(ht_json_get(&ht_json_get(root, "questions")->items[2], "name"), &text));
    assert_string_equal(text.data, "privileged");
}

/* The free lists of a release that is paid for stay as they were on its last day. */
static void paid_lists_tell_how_old_lists_are(void **unused)
{
    const int64_t day = INT64_C(86400) * HT_NS_PER_S;

    (void)unused;
    for (int64_t missed = 3; missed <= 30; missed += 27) {
        ht_autoarena struct ht_arena *arena = ht_arena_new(1000000);
        ht_autostate struct ht_state *state = empty_state();
        struct ht_package_db db = {0};
        struct ht_support support = {0};
        int64_t age, end = state->now_ns - 500 * day, free_at = end - missed * day;

        ht_package_db_set_id(&db, HT_S("deb"));
        ht_package_db_set_installed(&db, 9);
        ht_package_db_set_lists_at(&db, free_at);
        ht_support_set_id(&support, HT_S("debian 10"));
        ht_support_set_kind(&support, HT_S("system"));
        ht_support_set_state(&support, HT_SUPPORT_STATE_PAID_ONLY);
        ht_support_set_end(&support, end);
        ht_support_set_paid_at(&support, state->now_ns - 2 * day);
        ht_node_add(state->node, ht_row_new(&ht_package_db_table, &db));
        ht_node_add(state->node, ht_row_new(&ht_support_table, &support));
        assert_true(ht_json_int(
            ht_json_path(report_of(state, ALL, arena), "packages", "lists_age_s", NULL), &age));
        /* Those of a mirror that stopped before lack fixes, and count. */
        assert_int_equal(age, (missed == 3 ? 2 : 530) * day / HT_NS_PER_S);
    }
}

static void add_finding(struct ht_state *state, const char *id, unsigned question,
                        const char *process)
{
    static const struct ht_subject subjects[HT_LIMIT_SUBJECTS + 5];
    struct ht_finding finding = {0};

    ht_finding_set_id(&finding, ht_str_from(id));
    ht_finding_set_question(&finding, question);
    ht_finding_set_severity(&finding, HT_SEVERITY_HIGH);
    ht_finding_set_title(&finding, HT_S("runs \x1b[2J"));
    ht_finding_set_subjects(
        &finding, (struct ht_subject_list){.items = subjects, .len = ARRAY_LEN(subjects)});
    if (process) {
        ht_subject_set_kind(ht_finding_edit_subject(&finding), HT_S("process"));
        ht_subject_set_id(&finding.subject, ht_str_from(process));
    }
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
}

/* Code of a container, or of the node itself where home is "host". */
static void add_code(struct ht_node *node, const char *home, enum ht_code_kind kind,
                     enum ht_code_origin origin, const char *process)
{
    ht_autobuf struct ht_buf id = HT_BUF(200);
    struct ht_code code = {0};

    ht_buf_addf(&id, "%s:%s:/tmp/x", home, ht_enum_name(&ht_code_kind_enum, (int)kind));
    ht_code_set_id(&code, ht_buf_str(&id));
    ht_code_set_kind(&code, kind);
    ht_code_set_origin(&code, origin);
    if (process)
        ht_code_set_process(&code, ht_str_from(process));
    ht_node_add(node, ht_row_new(&ht_code_table, &code));
}

static void add_process_in(struct ht_node *node, const char *id, const char *container,
                           const char *exe)
{
    struct ht_process process = {0};

    ht_process_set_id(&process, ht_str_from(id));
    if (exe)
        ht_process_set_exe(&process, ht_str_from(exe));
    if (container)
        ht_process_set_container_id(&process, ht_str_from(container));
    ht_node_add(node, ht_row_new(&ht_process_table, &process));
}

static void a_process_says_where_its_program_comes_from(void **unused)
{
    static const struct {
        const char *id, *container, *exe, *origin; /* NULL: not known */
    } cases[] = {
        {"1.1", "web", "/tmp/x (deleted)", "deleted"},
        {"2.1", NULL, "/tmp/x", "memfd"},
        {"3.1", "other", "/tmp/x", NULL},
        {"4.1", "web", "/tmp/y", NULL},
        {"5.1", "web", NULL, NULL},
    };
    ht_autoarena struct ht_arena *arena = ht_arena_new(10000000);
    ht_autostate struct ht_state *state = empty_state();
    const struct ht_json *processes;
    struct ht_str text;

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        add_process_in(state->node, cases[i].id, cases[i].container, cases[i].exe);
        add_finding(state, cases[i].id, 3, cases[i].id);
    }
    add_code(state->node, "web", HT_CODE_KIND_EXECUTABLE, HT_CODE_ORIGIN_DELETED, NULL);
    add_code(state->node, "host", HT_CODE_KIND_EXECUTABLE, HT_CODE_ORIGIN_MEMFD, NULL);
    add_code(state->node, "other", HT_CODE_KIND_SCRIPT, HT_CODE_ORIGIN_ADDED, NULL);
    ht_node_sort(state->node);
    processes = ht_json_get(report_of(state, ALL, arena), "processes");
    assert_int_equal(processes->len, ARRAY_LEN(cases));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct ht_json *origin = ht_json_get(&processes->items[i], "origin");

        assert_int_equal(ht_json_string(origin, &text), cases[i].origin != NULL);
        if (cases[i].origin)
            assert_string_equal(text.data, cases[i].origin);
    }
}

static void a_finding_about_code_lists_the_process_that_runs_it(void **unused)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(10000000);
    ht_autostate struct ht_state *state = empty_state();
    struct ht_finding finding = {0};
    const struct ht_json *processes;
    struct ht_str text;

    (void)unused;
    add_process_in(state->node, "1.1", "web", "/tmp/x");
    add_process_in(state->node, "2.1", "web", "/bin/other");
    add_code(state->node, "web", HT_CODE_KIND_EXECUTABLE, HT_CODE_ORIGIN_ADDED, "1.1");
    ht_node_sort(state->node);
    ht_finding_set_id(&finding, HT_S("added"));
    ht_finding_set_question(&finding, 6);
    ht_subject_set_kind(ht_finding_edit_subject(&finding), HT_S("program"));
    ht_subject_set_id(&finding.subject, HT_S("web:executable:/tmp/x"));
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
    processes = ht_json_get(report_of(state, ALL, arena), "processes");
    assert_int_equal(processes->len, 1);
    assert_true(ht_json_string(ht_json_get(&processes->items[0], "id"), &text));
    assert_string_equal(text.data, "1.1");
    assert_true(ht_json_string(ht_json_get(&processes->items[0], "origin"), &text));
    assert_string_equal(text.data, "added");
}

static void findings_keep_their_order_and_only_asked_ones_are_told(void **unused)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(10000000);
    ht_autostate struct ht_state *state = empty_state();
    struct ht_str text;

    (void)unused;
    add_process_in(state->node, "1.1", NULL, "/tmp/x");
    add_process_in(state->node, "2.2", NULL, "/tmp/x");
    ht_node_sort(state->node);
    add_finding(state, "zz", 3, "2.2");
    add_finding(state, "bb", 1, "1.1");
    add_finding(state, "aa", 3, "2.2");
    add_finding(state, "cc", 3, "9.9");

    const struct ht_json *root = report_of(state, ASK_3, arena);
    const struct ht_json *findings = ht_json_get(root, "findings");
    assert_int_equal(findings->len, 3);
    assert_true(ht_json_string(ht_json_get(&findings->items[0], "id"), &text));
    assert_string_equal(text.data, "zz");
    assert_true(ht_json_string(ht_json_get(&findings->items[1], "id"), &text));
    assert_string_equal(text.data, "aa");
    assert_true(ht_json_string(ht_json_get(&findings->items[0], "title"), &text));
    assert_string_equal(text.data, "runs \\x1b[2J");
    assert_int_equal(ht_json_get(&findings->items[0], "subjects")->len, HT_LIMIT_SUBJECTS);
    assert_int_equal(ht_json_get(&findings->items[0], "evidence")->kind, HT_JSON_ARRAY);
    assert_int_equal(ht_json_get(&findings->items[0], "since")->kind, HT_JSON_NULL);
    assert_int_equal(ht_json_get(root, "questions")->len, 1);

    const struct ht_json *processes = ht_json_get(root, "processes");
    assert_int_equal(processes->len, 1);
    assert_true(ht_json_string(ht_json_get(&processes->items[0], "executable"), &text));
    assert_string_equal(text.data, "/tmp/x");
    assert_int_equal(ht_json_get(&processes->items[0], "origin")->kind, HT_JSON_NULL);
}

static void containers_have_their_load_and_sources_their_age(void **unused)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(10000000);
    ht_autostate struct ht_state *state = empty_state();
    struct ht_container container = {0};
    struct ht_usage usage = {0};
    struct ht_source source = {0};
    double number;
    int64_t age;

    (void)unused;
    ht_container_set_id(&container, HT_S("a"));
    ht_node_add(state->node, ht_row_new(&ht_container_table, &container));
    ht_container_set_id(&container, HT_S("b"));
    ht_node_add(state->node, ht_row_new(&ht_container_table, &container));
    ht_usage_set_id(&usage, HT_S("b"));
    ht_usage_set_cpu(&usage, 1255);
    ht_node_add(state->node, ht_row_new(&ht_usage_table, &usage));
    ht_source_set_id(&source, HT_S("docker"));
    ht_source_set_answered_at(&source, state->now_ns - 1500 * HT_NS_PER_MS);
    ht_node_add(state->node, ht_row_new(&ht_source_table, &source));
    ht_source_set_id(&source, HT_S("proc"));
    source.known &= ~(UINT64_C(1) << HT_SOURCE_F_ANSWERED_AT);
    ht_node_add(state->node, ht_row_new(&ht_source_table, &source));
    ht_node_sort(state->node);

    const struct ht_json *root = report_of(state, ALL, arena);
    const struct ht_json *containers = ht_json_get(root, "containers");
    assert_int_equal(ht_json_get(&containers->items[0], "cpu_percent")->kind, HT_JSON_NULL);
    assert_true(ht_json_number(ht_json_get(&containers->items[1], "cpu_percent"), &number));
    assert_true(number > 125.49 && number < 125.51);
    assert_int_equal(ht_json_get(&containers->items[1], "memory_bytes")->kind, HT_JSON_NULL);
    assert_int_equal(ht_json_get(&containers->items[1], "declared")->kind, HT_JSON_NULL);

    const struct ht_json *sources = ht_json_get(root, "sources");
    assert_true(ht_json_int(ht_json_get(&sources->items[0], "age_ms"), &age));
    assert_int_equal(age, 1500);
    assert_int_equal(ht_json_get(&sources->items[1], "age_ms")->kind, HT_JSON_NULL);
}

static struct ht_state *random_state(struct random *random)
{
    static const enum ht_table_id kept[] = {HT_TABLE_SOURCE, HT_TABLE_HOST, HT_TABLE_CONTAINER};
    struct ht_node *all = random_node(random, 4);
    struct ht_node *node = ht_node_new(all->taken_at);

    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        ht_rowset_share(&node->sets[kept[i]], &all->sets[kept[i]]);
    ht_node_unref(all);

    struct ht_state *state = ht_state_new(node);
    for (unsigned i = 0; i < 8; i++) {
        ht_rowset_add(&state->findings, random_row(random, &ht_finding_table, 7 - i));
        ht_rowset_add(&state->groups, random_row(random, &ht_group_table, 7 - i));
    }
    return state;
}

/* Text from outside is changed by the first report; from then on nothing changes. */
static void a_report_that_was_read_gives_the_same_report(void **unused)
{
    const struct ht_report_options options = {
        .questions = 0xffffffff, .version = "0.1.0", .style = HT_JSON_INDENTED};

    (void)unused;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        ht_autoarena struct ht_arena *arena = ht_arena_new(SIZE_MAX / 2);
        struct random random = {
            .state = seed * 0x9e3779b97f4a7c15, .arena = arena, .plain = seed > 20};
        ht_autostate struct ht_state *state = random_state(&random);
        ht_autostate struct ht_state *again = NULL;
        ht_autobuf struct ht_buf first = HT_BUF(HT_LIMIT_DOCUMENT);
        ht_autobuf struct ht_buf second = HT_BUF(HT_LIMIT_DOCUMENT);
        struct ht_error err = {0};

        state->now_ns = INT64_C(1763906551500) * HT_NS_PER_MS;
        ht_report_write(&first, state, &options);
        if (ht_report_read(ht_buf_str(&first), "f", &again, &err) < 0)
            fail_msg("seed %d: %s", (int)seed, err.text);
        assert_int_equal(again->origin, HT_ORIGIN_REPORT);
        assert_true(again->complete);
        ht_report_write(&second, again, &options);
        if (random.plain)
            assert_string_equal(first.data, second.data);
    }
}

/* Takes what has grown to a size, as often as it may. */
struct pieces {
    struct ht_buf all;
    size_t size, count, allowed;
};

static int take_piece(void *context, struct ht_buf *out, struct ht_error *err)
{
    struct pieces *pieces = context;

    if (out->len < pieces->size)
        return 0;
    if (pieces->count == pieces->allowed)
        return ht_error_set(err, EPIPE, "enough");
    pieces->count++;
    ht_buf_add_str(&pieces->all, ht_buf_str(out));
    ht_buf_reset(out);
    return 0;
}

/* Writes in pieces and then what is left; returns the code of the failure. */
static int write_pieces(const struct ht_state *state, const struct ht_report_options *options,
                        struct pieces *pieces)
{
    const struct ht_report_rows rows = {.context = pieces, .spill = take_piece};
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_DOCUMENT);
    struct ht_error err = {0};
    int r = ht_report_write_rows(&out, state, options, &rows, &err);

    ht_buf_add_str(&pieces->all, ht_buf_str(&out));
    return r;
}

static void a_report_in_pieces_is_the_same_report(void **unused)
{
    static const enum ht_json_style styles[] = {HT_JSON_COMPACT, HT_JSON_INDENTED};

    (void)unused;
    for (size_t i = 0; i < 20; i++) {
        ht_autoarena struct ht_arena *arena = ht_arena_new(SIZE_MAX / 2);
        struct random random = {.state = (100 + i) * 0x9e3779b97f4a7c15, .arena = arena};
        ht_autostate struct ht_state *state = random_state(&random);
        const struct ht_report_options options = {
            .questions = 0xffffffff, .version = "0.1.0", .style = styles[i % 2]};
        ht_autobuf struct ht_buf whole = HT_BUF(HT_LIMIT_DOCUMENT);

        ht_report_write(&whole, state, &options);
        for (size_t size = 0; size < 20000; size = size * 3 + 1) {
            struct pieces pieces = {
                .all = HT_BUF(HT_LIMIT_DOCUMENT), .size = size, .allowed = SIZE_MAX};

            assert_int_equal(write_pieces(state, &options, &pieces), 0);
            assert_true(size > 0 || pieces.count > 10);
            assert_true(ht_str_equal(ht_buf_str(&pieces.all), ht_buf_str(&whole)));
            ht_buf_fini(&pieces.all);
        }

        struct pieces few = {.all = HT_BUF(HT_LIMIT_DOCUMENT), .allowed = 3};
        assert_int_equal(write_pieces(state, &options, &few), -EPIPE);
        assert_int_equal(few.count, 3);
        ht_buf_fini(&few.all);
    }
}

static void questions_that_were_not_asked_are_off(void **unused)
{
    const struct ht_report_options options = {.questions = ASK_3, .version = "0.1.0"};
    ht_autostate struct ht_state *state = empty_state();
    ht_autostate struct ht_state *again = NULL;
    ht_autobuf struct ht_buf out = HT_BUF(1000000);
    struct ht_error err = {0};

    (void)unused;
    ht_report_write(&out, state, &options);
    assert_int_equal(ht_report_read(ht_buf_str(&out), "f", &again, &err), 0);
    assert_int_equal(ht_state_question(again, 3)->state, HT_QUESTION_STATE_WAIT);
    assert_int_equal(ht_state_question(again, 1)->state, HT_QUESTION_STATE_OFF);
    assert_true(ht_str_is(ht_state_question(again, 1)->name, "builds"));
    assert_int_equal(again->now_ns, state->now_ns);
}

static void broken_reports_are_refused(void **unused)
{
#define HEAD "{\"schema\":\"hulltop/1\",\"taken_at\":\"2026-11-23T14:02:31Z\""
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"{\"schema\":\"hulltop/1\"}", "f: taken_at: expected a time such as 2026-11-23T14:02:31Z"},
        {HEAD "}", "f: node: expected an object"},
        {HEAD ",\"node\":{}}", "f: sources: is missing"},
        {HEAD ",\"node\":{\"name\":3}}", "f: host[0].name: expected a text"},
        /* An earlier version's report has neither pods nor datastores nor builds. */
        {HEAD ",\"node\":{},\"sources\":[],\"containers\":[],\"processes\":[]}",
         "f: questions: is missing"},
        {HEAD ",\"node\":{},\"sources\":[],\"containers\":[{\"id\":\"a\",\"cpu_percent\":-1}],"
              "\"pods\":[],\"processes\":[],\"datastores\":[],\"builds\":[]}",
         "f: containers: cpu_percent: out of range"},
        {HEAD ",\"node\":{},\"sources\":[],\"containers\":[],\"pods\":[],\"processes\":[],"
              "\"datastores\":[],"
              "\"builds\":[],"
              "\"questions\":[{"
              "\"id\":\"9\",\"number\":9}]}",
         "f: questions[0]: expected a number from 1 to 6 and a state"},
        {HEAD ",\"node\":{},\"sources\":[],\"containers\":[],\"pods\":[],\"processes\":[],"
              "\"datastores\":[],"
              "\"builds\":[],"
              "\"questions\":[],"
              "\"findings\":[{\"id\":\"1\"},{\"id\":\"1\"}],\"groups\":[]}",
         "f: findings[1].id: is that of findings[0] too"},
    };

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ht_autostate struct ht_state *state = NULL;
        struct ht_error err = {0};

        assert_int_equal(ht_report_read(ht_str_from(cases[i].text), "f", &state, &err), -EINVAL);
        assert_string_equal(err.text, cases[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_keys_are_those_of_the_contract),
        cmocka_unit_test(paid_lists_tell_how_old_lists_are),
        cmocka_unit_test(a_process_says_where_its_program_comes_from),
        cmocka_unit_test(a_finding_about_code_lists_the_process_that_runs_it),
        cmocka_unit_test(findings_keep_their_order_and_only_asked_ones_are_told),
        cmocka_unit_test(containers_have_their_load_and_sources_their_age),
        cmocka_unit_test(a_report_that_was_read_gives_the_same_report),
        cmocka_unit_test(a_report_in_pieces_is_the_same_report),
        cmocka_unit_test(questions_that_were_not_asked_are_off),
        cmocka_unit_test(broken_reports_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
