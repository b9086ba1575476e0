/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What screens say where there is nothing, where something is over, and as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bench.h"
#include "hulltop/base/mem.h"
#include "hulltop/report/report.h"

/* ---- what is over, what is not known ---- */

static void answer(struct ht_state *state, unsigned number, enum ht_question_state to)
{
    ht_autorow struct ht_row *before = state->questions[number - 1];
    struct ht_question question = *ht_question_of(before);

    ht_question_set_state(&question, to);
    ht_question_set_partial(&question, to == HT_QUESTION_STATE_PART);
    state->questions[number - 1] = ht_row_new(&ht_question_table, &question);
}

static void a_missing_fact_is_no_reason_of_a_fail(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *state = fixture_state();

    (void)unused;
    answer(state, 1, HT_QUESTION_STATE_PASS);
    answer(state, 2, HT_QUESTION_STATE_OFF);
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, state);
    SEES(&bench, " 1 is PASS; not known: packages: no source can tell it yet. i = more");
    SEES(&bench, " 3 is FAIL~: debug: Container runs with --privileged, and 1 not known. i = what");
    type(&bench, "i");
    SEES(&bench, "Nothing found in what decides; what is not known beside it follows.");
    SEES_NOT(&bench, "Looked at in full");
    type(&bench, "q1");
    SEES(&bench, "PASS: nothing found in what decides; i tells what is not known.");
    close_bench(&bench);
}

static void a_grave_finding_that_is_gone_has_a_line_on_home(void **unused)
{
    struct bench bench;
    struct ht_event event = {0};
    ht_autostate struct ht_state *state = fixture_state();

    (void)unused;
    ht_event_set_id(&event, HT_S("e99"));
    ht_event_set_kind(&event, HT_EVENT_KIND_FINDING_GONE);
    ht_event_set_at(&event, FIXTURE_NOW - 60 * HT_NS_PER_S);
    ht_event_set_severity(&event, HT_SEVERITY_CRITICAL);
    ht_event_set_question(&event, 3);
    ht_event_set_finding(&event, HT_S("ffff"));
    ht_event_set_text(&event, HT_S("debug: Runs with --privileged"));
    ht_rowset_add(&state->events, ht_row_new(&ht_event_table, &event));
    open_bench(&bench, NULL);
    SEES_NOT(&bench, "not seen since");
    ht_ui_set_state(bench.ui, state);
    SEES_NOT(&bench, "not seen since"); /* it fails now as well */
    answer(state, 3, HT_QUESTION_STATE_PASS);
    SEES(&bench, " question 3, not seen since 14:01:31: debug: Runs with --privileged. 8 =");
    answer(state, 3, HT_QUESTION_STATE_PART);
    SEES(&bench, " question 3, not seen since 14:01:31: debug: Runs with --privileged. 8 =");
    ht_canvas_free(bench.canvas);
    bench.canvas = ht_canvas_new(24, 40);
    SEES(&bench, " Q3 not seen since 14:01:31: debug: Ru~");
    bench.mono += 3600 * HT_NS_PER_S;
    SEES_NOT(&bench, "not seen since");
    close_bench(&bench);
}

static bool asks_nothing(struct ht_str check, struct ht_str source)
{
    (void)check;
    (void)source;
    return false;
}

static void not_seen_lists_what_the_check_asks_alone(void **unused)
{
    struct bench bench;
    struct ht_ui_options options = {.needs = asks_nothing};

    (void)unused;
    open_bench(&bench, NULL);
    grow(&bench);
    type(&bench, "3\n");
    SEES(&bench, "NOT SEEN");
    SEES(&bench, "containerd.sock");
    close_bench(&bench);
    open_bench(&bench, &options);
    grow(&bench);
    type(&bench, "3\n");
    SEES(&bench, "nothing that this check needs");
    close_bench(&bench);
}

static void a_list_without_lines_says_why(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *empty = ht_state_new(ht_node_new(FIXTURE_NOW));
    struct ht_apiserver none = {0};

    (void)unused;
    ht_apiserver_set_id(&none, HT_S("none"));
    ht_apiserver_set_found(&none, HT_APISERVER_FOUND_NONE);
    ht_node_add(empty->node, ht_row_new(&ht_apiserver_table, &none));
    ht_node_sort(empty->node);
    answer(empty, 5, HT_QUESTION_STATE_PASS);
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, empty);
    SEES(&bench, "cpu: not measured yet");
    type(&bench, "9");
    SEES(&bench, "Looking. Not every source has answered yet.");
    SEES_NOT(&bench, "No container runs");
    type(&bench, "0");
    empty->complete = true;
    SEES(&bench, "cpu: no unit and no container was seen to measure");
    type(&bench, "9");
    SEES(&bench, "No container runs that could be seen");
    SEES(&bench, ":view processes");
    type(&bench, ":view secrets-configuration\n");
    SEES(&bench, "No API server was found on this node");
    SEES(&bench, "0 of 0 shown");
    close_bench(&bench);
}

/* Nobody could look for a datastore, and a secret was found in an environment. */
static void what_was_not_looked_for_is_not_said_to_be_absent(void **unused)
{
    static const enum ht_question_state states[] = {HT_QUESTION_STATE_FAIL, HT_QUESTION_STATE_WARN,
                                                    HT_QUESTION_STATE_PART,
                                                    HT_QUESTION_STATE_STALE};

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        struct bench bench;
        ht_autostate struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));
        ht_autorow struct ht_row *before = state->questions[4];
        struct ht_question question = *ht_question_of(before);
        struct ht_missing missing = {0};

        ht_missing_set_source(&missing, HT_S("datastore"));
        ht_missing_set_reason(&missing, HT_S("/var/lib/etcd: root only"));
        ht_missing_set_decides(&missing, true);
        ht_question_set_state(&question, states[i]);
        ht_question_set_missing(&question, (struct ht_missing_list){.items = &missing, .len = 1});
        state->questions[4] = ht_row_new(&ht_question_table, &question);
        state->complete = true;
        open_bench(&bench, NULL);
        ht_ui_set_state(bench.ui, state);
        type(&bench, ":view secrets-datastore\n");
        SEES_NOT(&bench, "No datastore was found");
        SEES(&bench, "datastore: /var/lib/etcd: root only");
        type(&bench, "Z");
        SEES_NOT(&bench, "No datastore was found");
        SEES(&bench, "datastore: /var/lib/etcd: root only");
        close_bench(&bench);
    }
}

/* Findings are a view of no question: that there are none may be for want of looking. */
static void nothing_in_a_list_is_of_what_could_be_seen(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));
    struct ht_source source = {0};

    (void)unused;
    ht_source_set_id(&source, HT_S("docker"));
    ht_source_set_name(&source, HT_S("docker"));
    ht_source_set_state(&source, HT_SOURCE_STATE_DENIED);
    ht_node_add(state->node, ht_row_new(&ht_source_table, &source));
    ht_node_sort(state->node);
    state->complete = true;
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, state);
    type(&bench, ":view findings\n");
    SEES(&bench, "Nothing here in what could be seen; :doctor lists what could not.");
    close_bench(&bench);

    ht_autostate struct ht_state *seen = ht_state_new(ht_node_new(FIXTURE_NOW));
    ht_source_set_state(&source, HT_SOURCE_STATE_OK);
    ht_node_add(seen->node, ht_row_new(&ht_source_table, &source));
    ht_node_sort(seen->node);
    seen->complete = true;
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, seen);
    type(&bench, ":view findings\n");
    SEES(&bench, "Nothing here.");
    close_bench(&bench);
}

/* More than there is room for: home says so, and where the others are. */
static void home_counts_the_findings_without_room(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));

    (void)unused;
    for (int i = 0; i < 9; i++) {
        ht_autobuf struct ht_buf id = HT_BUF(20);
        struct ht_finding finding = {0};

        ht_buf_addf(&id, "f%d", i);
        ht_finding_set_id(&finding, ht_buf_str(&id));
        ht_finding_set_question(&finding, 3);
        ht_finding_set_severity(&finding, HT_SEVERITY_CRITICAL);
        ht_finding_set_title(&finding, HT_S("Runs with --privileged"));
        ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
    }
    open_bench(&bench, NULL);
    SEES(&bench, "\n WORST FINDINGS\n");
    ht_ui_set_state(bench.ui, state);
    SEES(&bench, "\n WORST FINDINGS  6 of 9 (:view findings has all)\n");
    /* A hint that is cut leads nowhere. */
    ht_canvas_free(bench.canvas);
    bench.canvas = ht_canvas_new(24, 40);
    SEES(&bench, "\n WORST FINDINGS  6 of 9\n");
    close_bench(&bench);
}

/* Found, but counted over the whole node: the list of single containers has none of it. */
static void an_empty_list_says_where_what_was_found_stands(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));
    ht_autorow struct ht_row *before = state->questions[2];
    struct ht_question question = *ht_question_of(before);
    struct ht_finding finding = {0};

    (void)unused;
    ht_finding_set_id(&finding, HT_S("bb00000000000001"));
    ht_finding_set_question(&finding, 3);
    ht_finding_set_posture(&finding, true);
    ht_finding_set_title(&finding, HT_S("Runs as uid 0: 6 of 6 containers"));
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
    ht_question_set_state(&question, HT_QUESTION_STATE_PASS);
    ht_question_set_findings(&question, 1);
    state->questions[2] = ht_row_new(&ht_question_table, &question);
    state->complete = true;
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, state);
    type(&bench, "3");
    SEES(&bench, "What was found stands in \"Posture\" (1)");
    type(&bench, "Z");
    SEES(&bench, "What was found stands in \"Posture\" (1)");
    type(&bench, "\x1b");
    SEES(&bench, "v, pressed 3");
    type(&bench, "vv");
    SEES(&bench, ": v leads");
    type(&bench, "v");
    SEES(&bench, "Runs as uid 0");
    close_bench(&bench);
}

static void a_column_without_values_makes_room(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "3");
    SEES_NOT(&bench, "NS/POD");
    SEES(&bench, "CONTAINER          SINCE");
    type(&bench, "/nothing-is-called-so\n");
    SEES(&bench, "CONTAINER          SINCE");
    type(&bench, "w");
    SEES(&bench, "NS/POD");
    close_bench(&bench);
}

static void the_timeline_shows_what_was_watched_as_close_as_it_fits(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "8");
    SEES(&bench, "one column = 2 min");
    SEES(&bench, "not watched");
    grow(&bench);
    SEES(&bench, "one column = 1 min");
    type(&bench, "--");
    SEES(&bench, "one column = 5 min");
    type(&bench, "+");
    SEES(&bench, "one column = 2 min");
    close_bench(&bench);
}

static void a_socket_on_the_builds_map_is_no_folder(void **unused)
{
    struct bench bench;
    struct ht_share share = {0};
    struct ht_build build = {0};
    struct ht_node *node = ht_node_new(FIXTURE_NOW);

    (void)unused;
    ht_share_set_kind(&share, HT_SHARE_KIND_HOST_PATH);
    ht_share_set_object(&share, HT_S("/run/app.sock"));
    ht_share_set_count(&share, 0);
    ht_build_set_id(&build, HT_S("b1"));
    ht_build_set_name(&build, HT_S("web"));
    ht_build_set_shares(&build, (struct ht_share_list){.items = &share, .len = 1});
    ht_node_add(node, ht_row_new(&ht_build_table, &build));
    ht_node_sort(node);

    ht_autostate struct ht_state *state = ht_state_new(node);
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, state);
    type(&bench, "7");
    SEES(&bench, "f socket /run/app.sock\n");
    SEES_NOT(&bench, "(0)");
    close_bench(&bench);
}

static void a_key_of_other_screens_is_answered(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "7/");
    SEES(&bench, "/ (filter): not on this screen");
    type(&bench, "d"); /* deletes elsewhere: it has no function at all */
    SEES_NOT(&bench, "d (");
    close_bench(&bench);
}

static void a_message_goes_with_its_screen(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "n");
    SEES(&bench, "n (next-match): not on this screen");
    type(&bench, "j"); /* the same screen */
    SEES(&bench, "n (next-match): not on this screen");
    type(&bench, "i");
    SEES_NOT(&bench, "not on this screen");
    type(&bench, "\x1b");
    SEES_NOT(&bench, "not on this screen");
    type(&bench, "3/nofield>1\n");
    SEES(&bench, "column 1: no field nofield");
    type(&bench, "0");
    SEES_NOT(&bench, "no field nofield");
    type(&bench, "9n");
    SEES(&bench, "no filter: / sets one");
    type(&bench, "v"); /* the same page shows another view */
    SEES_NOT(&bench, "no filter: / sets one");
    close_bench(&bench);
}

static void a_list_without_groups_has_no_key_for_them(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "9t");
    SEES(&bench, "not on this screen; ? lists its keys");
    grow(&bench);
    type(&bench, "?");
    SEES_NOT(&bench, "Open or close a group");
    type(&bench, "\x1b"
                 "3?");
    SEES(&bench, "Open or close a group");
    close_bench(&bench);
}

/* The title on a canvas of that size. */
static const char *title(struct bench *bench, int h, int w)
{
    ht_canvas_free(bench->canvas);
    bench->canvas = ht_canvas_new(h, w);
    screen(bench);
    *strchr(bench->text.data, '\n') = '\0';
    return bench->text.data;
}

static void the_title_keeps_the_node(void **unused)
{
    struct bench bench;
    struct ht_host host = {0};

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "387");
    assert_non_null(strstr(title(&bench, 24, 80), "node-17 > "));
    assert_non_null(strstr(title(&bench, 24, 80), " > 7 Builds map "));
    assert_ptr_equal(strstr(title(&bench, 12, 40), "node-17 > "), bench.text.data);
    assert_non_null(strstr(bench.text.data, "7 Builds map "));
    close_bench(&bench);

    ht_autostate struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));
    ht_host_set_id(&host, HT_S("host"));
    ht_host_set_name(&host, HT_S("worker-frankfurt-production-0017.example.com"));
    ht_node_add(state->node, ht_row_new(&ht_host_table, &host));
    ht_node_sort(state->node);
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, state);
    assert_non_null(strstr(title(&bench, 24, 80), "worker-frankfurt-production-0017"));
    type(&bench, "387");
    assert_non_null(strstr(title(&bench, 24, 80), "worker-frank~ > "));
    assert_non_null(strstr(title(&bench, 24, 80), " > 7 Builds map "));
    assert_ptr_equal(strstr(title(&bench, 12, 40), "worker-f~ > 7 "), bench.text.data);
    close_bench(&bench);
}

static void a_tiny_terminal_has_the_worst_first(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *state = fixture_state();

    (void)unused;
    for (unsigned number = 1; number <= HT_QUESTIONS; number++)
        answer(state, number, HT_QUESTION_STATE_PART);
    answer(state, 3, HT_QUESTION_STATE_PASS);
    answer(state, 4, HT_QUESTION_STATE_WARN);
    answer(state, 6, HT_QUESTION_STATE_FAIL);
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, state);
    title(&bench, 8, 30);
    SEES(&bench, "node-17\n6 FAIL    ");
    SEES(&bench, "\n4 WARN ");
    SEES(&bench, "\n1 PARTIAL ");
    SEES(&bench, "\n3 PASS ");
    title(&bench, 2, 30);
    SEES(&bench, "6 FAIL 4 WARN 1 PARTIAL\n2 PARTIAL 5 PARTIAL 3 PASS\n");
    assert_string_equal(title(&bench, 1, 20), "6 FAIL 4 WARN");
    close_bench(&bench);
}

static void add_source(struct ht_state *state, const char *id)
{
    struct ht_source source = {0};

    ht_source_set_id(&source, ht_str_from(id));
    ht_source_set_name(&source, ht_str_from(id));
    ht_source_set_state(&source, HT_SOURCE_STATE_OK);
    ht_node_add(state->node, ht_row_new(&ht_source_table, &source));
}

static void coverage_does_not_touch_the_trend(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *state = fixture_state();
    ht_autorow struct ht_row *before = state->questions[3];
    struct ht_question question = *ht_question_of(before);

    (void)unused;
    *ht_question_edit_coverage(&question) = ht_state_question(state, 3)->coverage;
    state->questions[3] = ht_row_new(&ht_question_table, &question);
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, state);
    title(&bench, 40, 120);
    SEES(&bench, " 3 of 4 containers in full ..........HC ");
    SEES_NOT(&bench, " 3 of 4 containers in full.");
    ht_question_edit_coverage(&question)->total = 4321;
    ht_row_unref(state->questions[3]);
    state->questions[3] = ht_row_new(&ht_question_table, &question);
    SEES(&bench, " 3 of 4321 containers  "); /* no half of a word */
    close_bench(&bench);
}

/* Two containers of one name are one line. */
static void the_map_says_why_there_are_fewer_names(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *state = fixture_state();
    struct ht_node *node = ht_node_new(FIXTURE_NOW);
    struct ht_build build =
        *ht_build_of(ht_node_set(state->node, HT_TABLE_BUILD)->rows[0]); /* with two names */

    (void)unused;
    ht_build_set_applications(&build, 6);
    ht_node_add(node, ht_row_new(&ht_build_table, &build));
    ht_node_sort(node);
    ht_autostate struct ht_state *replicas = ht_state_new(node);
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, replicas);
    type(&bench, "7");
    SEES(&bench, "APPS 6, names 2");
    grow(&bench);
    SEES(&bench, "APPLICATIONS 6, names 2");
    ht_canvas_resize(bench.canvas, 12, 40);
    SEES(&bench, "APPS 6, names 2");
    SEES_NOT(&bench, "more");
    close_bench(&bench);
}

static void sources_without_room_are_counted(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));
    ht_autostate struct ht_state *begun = ht_state_new(ht_node_new(FIXTURE_NOW));

    (void)unused;
    add_source(state, "alpha");
    add_source(state, "beta");
    add_source(state, "gamma-of-some-length");
    add_source(state, "delta");
    ht_node_sort(state->node);
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, begun);
    SEES(&bench, "src starting\n"); /* none has said yet that it is there */
    begun->complete = true;
    ht_ui_set_state(bench.ui, begun);
    SEES(&bench, "src none\n");
    ht_ui_set_state(bench.ui, state);
    SEES(&bench, "src alpha ok | beta ok | delta ok | gamma-of-some-length ok\n");
    title(&bench, 12, 40);
    SEES(&bench, "src alpha ok | beta ok | delta ok +1\n");
    title(&bench, 12, 61);
    SEES(&bench, "src alpha ok | beta ok | delta ok | gamma-of-some-length ok\n");
    close_bench(&bench);
}

static void a_filter_on_the_timeline_is_that_of_its_list(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "8/runner\n");
    SEES(&bench, "your filter: runner");
    SEES(&bench, "1 of 6 shown");
    close_bench(&bench);
}

static void timeline_and_map_are_open_once(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "87878");
    SEES(&bench, "node-17 > 8 Timeline   ");
    type(&bench, "77");
    SEES(&bench, "node-17 > 8 Timeline > 7 Builds map   ");
    close_bench(&bench);
}

static void a_text_longer_than_the_screen_says_so(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "i");
    SEES(&bench, "j or PgDn: more");
    type(&bench, "G");
    SEES_NOT(&bench, "PgDn: more");
    SEES(&bench, ", the end");
    grow(&bench);
    SEES_NOT(&bench, ", the end");
    close_bench(&bench);
}

static void a_zoomed_pane_without_lines_says_why(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "z");
    SEES(&bench, "nothing that decides could be looked at");
    SEES(&bench, "missing packages: no source can tell it yet");
    close_bench(&bench);
}

static void a_recording_has_no_source_to_ask(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    bench.state->origin = HT_ORIGIN_NODE;
    type(&bench, "r");
    SEES(&bench, "a recording has no sources that could look again");
    assert_int_equal(bench.calls.rescan, 0);
    bench.state->origin = HT_ORIGIN_LIVE;
    type(&bench, "r");
    SEES(&bench, "asked all sources to look again");
    assert_int_equal(bench.calls.rescan, 1);
    close_bench(&bench);
}

/* ---- matches and text ---- */

static void matches_of_a_list_are_stepped_through(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "9n");
    SEES(&bench, "no filter: / sets one");
    type(&bench, "/debug or web\n");
    SEES(&bench, "2 of 4 shown");
    SEES(&bench, ">  !! CRIT debug");
    type(&bench, "n");
    SEES(&bench, ">  *  MED  web");
    type(&bench, "n");
    SEES(&bench, ">  !! CRIT debug");
    type(&bench, "N");
    SEES(&bench, ">  *  MED  web");
    close_bench(&bench);
}

static void every_screen_is_shown_as_text(void **unused)
{
    static const struct {
        const char *keys, *words;
    } pages[] = {
        {"Z", "1 builds      UNKNOWN"},
        {"3Z", "Container runs with --privileged"},
        {"3\nZ", "HostConfig.Privileged = true"},
        {"7Z", "BUILDS ON THIS NODE"},
        {"8Z", "question 3"},
        {"3?Z", "Next line that matches your filter"},
        {":doctor\nZ", "What can be seen from here"},
    };

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        struct bench bench;

        open_bench(&bench, NULL);
        grow(&bench);
        type(&bench, pages[i].keys);
        SEES(&bench, pages[i].words);
        SEES(&bench, "> text");
        type(&bench, "Z");
        SEES_NOT(&bench, "> text");
        close_bench(&bench);
    }
}

static void a_remark_makes_nobody_miss_a_source(void **unused)
{
    struct ht_report_options options = {.questions = 1 << 5, .version = "0"};
    ht_autobuf struct ht_buf text = HT_BUF(100000);
    ht_autostate struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));
    ht_autorow struct ht_row *before = state->questions[4];
    struct ht_question question = *ht_question_of(before);
    struct ht_missing remark = {0};
    struct ht_source source = {0};

    (void)unused;
    ht_source_set_id(&source, HT_S("datastore"));
    ht_source_set_name(&source, HT_S("datastore"));
    ht_source_set_state(&source, HT_SOURCE_STATE_ABSENT);
    ht_node_add(state->node, ht_row_new(&ht_source_table, &source));
    ht_missing_set_source(&remark, HT_S("datastore"));
    ht_missing_set_reason(&remark, HT_S("no datastore on this node"));
    ht_question_set_state(&question, HT_QUESTION_STATE_PASS);
    ht_question_set_missing(&question, (struct ht_missing_list){.items = &remark, .len = 1});
    state->questions[4] = ht_row_new(&ht_question_table, &question);
    ht_report_text(&text, state, &options);
    assert_true(ht_str_find(ht_buf_str(&text), HT_S("note: datastore: no datastore"), 0) >= 0);
    assert_true(ht_str_find(ht_buf_str(&text), HT_S("source datastore"), 0) < 0);
}

/* By what it is, not by its words. */
static void a_remark_is_told_from_what_is_not_known(void **unused)
{
    struct ht_missing missing[2] = {0};
    struct ht_question question = {0};

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(missing); i++) {
        ht_missing_set_check(&missing[i], HT_S("DRF-018"));
        ht_missing_set_reason(&missing[i], HT_S("how much is not known"));
    }
    ht_missing_set_decides(&missing[1], false);
    ht_question_set_state(&question, HT_QUESTION_STATE_PASS);
    ht_question_set_missing(&question, (struct ht_missing_list){.items = missing, .len = 2});
    assert_int_equal(ht_question_unknowns(&question), 1);
    assert_string_equal(ht_question_lead(&question, &missing[0]), "note: ");
    assert_string_equal(ht_question_lead(&question, &missing[1]), "not known: ");
}

/* What "i" says first is what the selection is about, found or not. */
static void why_answers_for_what_is_selected(void **unused)
{
    static const struct {
        const char *keys, *first;
    } ways[] = {
        {"i", "1 Build jobs sharing nodes"},
        {"jjji", "4 Stale host packages"},
        {"jjjjjjji", "3 Privileged containers"}, /* the second of the worst findings */
        {"jjjjjj\ni", "3 Privileged containers"},
        {":view findings\ni", "3 Privileged containers"},
        {"6i", "6 Drift alerts"},
    };

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct bench bench;
        ht_autobuf struct ht_buf words = HT_BUF(100);

        open_bench(&bench, NULL);
        type(&bench, ways[i].keys);
        ht_buf_addf(&words, "AND WHY\n\n %s ", ways[i].first);
        SEES(&bench, words.data);
        close_bench(&bench);
    }
}

/* A long name takes no more than two fifths from what is said of it. */
static void of_a_long_name_and_what_it_does_both_are_seen(void **unused)
{
    struct bench bench;
    struct ht_event event = {0};
    ht_autostate struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));

    (void)unused;
    ht_event_set_id(&event, HT_S("1"));
    ht_event_set_at(&event, FIXTURE_NOW);
    ht_event_set_kind(&event, HT_EVENT_KIND_FINDING_NEW);
    ht_event_set_severity(&event, HT_SEVERITY_CRITICAL);
    ht_event_set_text(&event, HT_S("/var/lib/etcd/member/snap/db-of-the-first-cluster: 20 of 60 "
                                   "secrets are stored in plaintext"));
    ht_rowset_add(&state->events, ht_row_new(&ht_event_table, &event));
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, state);
    type(&bench, "8");
    SEES(&bench, " /var/lib/etcd/member/~: 20 of 60 secrets are stored in ~");
    grow(&bench);
    type(&bench, "0");
    SEES(&bench, "LAST CHANGES");
    SEES(&bench, "14:02:31 /var/lib/etcd/member/sna~");
    SEES(&bench, "|   20 of 60 secrets are stored in ~");
    close_bench(&bench);
}

static void a_report_has_no_timeline_and_says_so(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));

    (void)unused;
    state->origin = HT_ORIGIN_REPORT;
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, state);
    type(&bench, "8");
    SEES(&bench, " a report shows one moment, not what happened");
    state->origin = HT_ORIGIN_LIVE;
    SEES(&bench, " nothing has happened yet");
    type(&bench, "U"); /* the bench begins with UTC */
    SEES(&bench, "times are local (");
    type(&bench, "U");
    SEES(&bench, "times are in UTC\n");
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_fact_is_no_reason_of_a_fail),
        cmocka_unit_test(a_grave_finding_that_is_gone_has_a_line_on_home),
        cmocka_unit_test(not_seen_lists_what_the_check_asks_alone),
        cmocka_unit_test(a_list_without_lines_says_why),
        cmocka_unit_test(what_was_not_looked_for_is_not_said_to_be_absent),
        cmocka_unit_test(nothing_in_a_list_is_of_what_could_be_seen),
        cmocka_unit_test(home_counts_the_findings_without_room),
        cmocka_unit_test(an_empty_list_says_where_what_was_found_stands),
        cmocka_unit_test(a_column_without_values_makes_room),
        cmocka_unit_test(the_timeline_shows_what_was_watched_as_close_as_it_fits),
        cmocka_unit_test(a_socket_on_the_builds_map_is_no_folder),
        cmocka_unit_test(a_key_of_other_screens_is_answered),
        cmocka_unit_test(a_message_goes_with_its_screen),
        cmocka_unit_test(a_list_without_groups_has_no_key_for_them),
        cmocka_unit_test(the_title_keeps_the_node),
        cmocka_unit_test(a_tiny_terminal_has_the_worst_first),
        cmocka_unit_test(coverage_does_not_touch_the_trend),
        cmocka_unit_test(the_map_says_why_there_are_fewer_names),
        cmocka_unit_test(sources_without_room_are_counted),
        cmocka_unit_test(a_filter_on_the_timeline_is_that_of_its_list),
        cmocka_unit_test(timeline_and_map_are_open_once),
        cmocka_unit_test(a_text_longer_than_the_screen_says_so),
        cmocka_unit_test(a_zoomed_pane_without_lines_says_why),
        cmocka_unit_test(a_recording_has_no_source_to_ask),
        cmocka_unit_test(matches_of_a_list_are_stepped_through),
        cmocka_unit_test(a_remark_is_told_from_what_is_not_known),
        cmocka_unit_test(a_remark_makes_nobody_miss_a_source),
        cmocka_unit_test(every_screen_is_shown_as_text),
        cmocka_unit_test(why_answers_for_what_is_selected),
        cmocka_unit_test(of_a_long_name_and_what_it_does_both_are_seen),
        cmocka_unit_test(a_report_has_no_timeline_and_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
