/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list that follows its rows from state to state shows what one that is made anew shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "bench.h"
#include "hulltop/base/mem.h"

enum { PODS = 120, STEPS = 25 };

/* NULL: not there. */
static struct ht_row *pods[PODS];

/* Ids stand in another order than names do, and some names are equal. */
static void put(size_t i, unsigned name, const char *namespace)
{
    char id[20], text[20];
    struct ht_pod pod = {0};

    snprintf(id, sizeof(id), "uid-%03zu", i);
    snprintf(text, sizeof(text), "pod-%03u", name);
    ht_pod_set_id(&pod, ht_str_from(id));
    ht_pod_set_name(&pod, ht_str_from(text));
    ht_pod_set_namespace(&pod, ht_str_from(namespace));
    ht_row_unref(pods[i]);
    pods[i] = ht_row_new(&ht_pod_table, &pod);
}

static void take_out(size_t i)
{
    pods[i] = ht_row_unref(pods[i]);
}

static void take_out_all(void)
{
    for (size_t i = 0; i < PODS; i++)
        take_out(i);
}

/* A state that shares its rows with the one before. */
static void show(struct ht_ui *ui)
{
    struct ht_node *node = ht_node_new(FIXTURE_NOW);

    for (size_t i = 0; i < PODS; i++) {
        if (pods[i])
            ht_node_add(node, ht_row_ref(pods[i]));
    }
    ht_node_sort(node);
    ht_autostate struct ht_state *state = ht_state_new(node);
    ht_ui_set_state(ui, state);
}

/* In this order, from the top. */
static void sees_in_order(struct bench *bench, const char *const *words, size_t len)
{
    const char *at = screen(bench);

    for (size_t i = 0; i < len; i++) {
        const char *found = strstr(at, words[i]);

        if (!found)
            fail_msg("\"%s\" is not behind the one before:\n%s", words[i], bench->text.data);
        at = found;
    }
}

static void open_pods(struct bench *bench)
{
    open_bench(bench, NULL);
    take_out_all();
    put(5, 1, "a");
    put(3, 2, "a");
    put(1, 3, "a");
    put(2, 4, "a");
    show(bench->ui);
    type(bench, ":view pods\n");
}

static void rows_move_go_and_come(void **unused)
{
    struct bench bench;

    (void)unused;
    open_pods(&bench);
    sees_in_order(&bench, (const char *[]){"pod-001", "pod-002", "pod-003", "pod-004"}, 4);
    put(3, 9, "a");
    show(bench.ui);
    sees_in_order(&bench, (const char *[]){"pod-001", "pod-003", "pod-004", "pod-009"}, 4);
    SEES_NOT(&bench, "pod-002");
    take_out(1);
    show(bench.ui);
    SEES_NOT(&bench, "pod-003");
    put(0, 0, "a");
    put(7, 5, "a");
    put(8, 1, "b");
    show(bench.ui);
    sees_in_order(
        &bench, (const char *[]){"pod-000", "pod-001", "pod-004", "pod-005", "pod-009", "pod-001"},
        6);
    SEES(&bench, "6 of 6 shown");
    close_bench(&bench);
    take_out_all();
}

static void selection_and_marks_stay_with_their_rows(void **unused)
{
    struct bench bench;

    (void)unused;
    open_pods(&bench);
    type(&bench, "jmj");
    SEES(&bench, ">  pod-003");
    SEES(&bench, "  mpod-002");
    put(0, 0, "a");
    put(3, 9, "a");
    show(bench.ui);
    SEES(&bench, ">  pod-003");
    SEES(&bench, "  mpod-009");
    close_bench(&bench);
    take_out_all();
}

/* What a filter says of a row that changed, and of those that did not, when the filter changes. */
static void a_filter_follows(void **unused)
{
    struct bench bench;

    (void)unused;
    open_pods(&bench);
    type(&bench, "/namespace=a\n");
    SEES(&bench, "4 of 4 shown");
    put(3, 2, "b");
    show(bench.ui);
    SEES(&bench, "3 of 4 shown");
    SEES_NOT(&bench, "pod-002");
    type(&bench, "/\x15namespace=b\n");
    SEES(&bench, "1 of 4 shown");
    SEES(&bench, "pod-002");
    put(9, 7, "b");
    take_out(3);
    show(bench.ui);
    SEES(&bench, "1 of 4 shown");
    SEES(&bench, "pod-007");
    close_bench(&bench);
    take_out_all();
}

/* Each key narrows, widens or changes what was found, also between states. */
static void a_refused_filter_leaves_the_list_as_it_was(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "3/debug\n");
    SEES(&bench, "your filter: debug");
    type(&bench, "/ name~nothing-like-it\n");
    SEES(&bench, "no field name in finding (did you mean subject.name?)");
    SEES(&bench, "your filter: debug");
    SEES(&bench, "2 of 5 shown");
    type(&bench, ":filter name~nothing-like-it\n");
    SEES(&bench, "no field name in finding (did you mean subject.name?)");
    SEES(&bench, "your filter: debug");
    SEES(&bench, "2 of 5 shown");
    close_bench(&bench);
}

static void a_word_is_found_while_it_is_typed(void **unused)
{
    struct bench bench;

    (void)unused;
    open_pods(&bench);
    type(&bench, "/pod-00");
    SEES(&bench, "4 of 4 shown");
    type(&bench, "2");
    SEES(&bench, "1 of 4 shown");
    put(3, 9, "a");
    put(6, 2, "b");
    put(7, 3, "b");
    show(bench.ui);
    SEES(&bench, "1 of 6 shown");
    type(&bench, "\x7f");
    SEES(&bench, "6 of 6 shown");
    type(&bench, "3 or B");
    SEES(&bench, "3 of 6 shown");
    type(&bench, "\x15!pod-003");
    SEES(&bench, "4 of 6 shown");
    type(&bench, "\x15\n");
    SEES(&bench, "6 of 6 shown");
    close_bench(&bench);
    take_out_all();
}

static uint32_t random_below(uint32_t *seed, uint32_t limit)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % limit;
}

static void change_some(uint32_t *seed)
{
    uint32_t changes = random_below(seed, 10) ? random_below(seed, 6) : PODS;

    for (uint32_t i = 0; i < changes; i++) {
        size_t at = random_below(seed, PODS);

        if (random_below(seed, 3) == 0)
            take_out(at);
        else
            put(at, random_below(seed, 60), random_below(seed, 2) ? "a" : "b");
    }
}

static void follow(const char *keys)
{
    struct bench old;
    uint32_t seed = 7;

    open_bench(&old, NULL);
    ht_canvas_resize(old.canvas, PODS + 20, 100);
    change_some(&seed);
    show(old.ui);
    type(&old, keys);
    for (unsigned step = 0; step < STEPS; step++) {
        struct bench fresh;

        change_some(&seed);
        open_bench(&fresh, NULL);
        ht_canvas_resize(fresh.canvas, PODS + 20, 100);
        show(fresh.ui);
        show(old.ui);
        type(&fresh, keys);
        type(&fresh, "g");
        type(&old, "g");
        screen(&fresh);
        if (strcmp(screen(&old), fresh.text.data) != 0)
            fail_msg("\"%s\", step %u:\n%s\ninstead of\n%s", keys, step, old.text.data,
                     fresh.text.data);
        close_bench(&fresh);
    }
    close_bench(&old);
    take_out_all();
}

static void a_list_that_follows_is_one_made_anew(void **unused)
{
    static const char *const keys[] = {
        ":view pods\n",          ":view pods\nI",    ":view pods\n/namespace=a\n",
        ":view pods\ns\nI",      ":view pods\nsj\n", ":view pods\n/pod-01\n",
        ":view pods\n/3 or a\n",
    };

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        follow(keys[i]);
}

/* A group's line and its first member have one id. */
static void show_findings(struct ht_ui *ui, size_t graver)
{
    ht_autostate struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));

    for (size_t i = 0; i < graver + 2; i++) {
        struct ht_finding finding = {0};
        bool grave = i < graver;
        char id[32];

        snprintf(id, sizeof(id), "%s-%zu", grave ? "grave" : "equal", i - (grave ? 0 : graver));
        ht_finding_set_id(&finding, ht_str_from(id));
        ht_finding_set_check(&finding, HT_S("PRV-001"));
        ht_finding_set_question(&finding, 3);
        ht_finding_set_severity(&finding, grave ? HT_SEVERITY_CRITICAL : HT_SEVERITY_LOW);
        ht_finding_set_title(&finding, grave ? HT_S("graver") : HT_S("alike"));
        ht_finding_set_group(&finding, grave ? ht_str_from(id) : HT_S("equal"));
        ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
    }
    ht_ui_set_state(ui, state);
}

static void a_member_stays_selected_when_rows_come_above_its_group(void **unused)
{
    struct bench bench;

    (void)unused;
    for (size_t graver = 0; graver < 4; graver++) {
        open_bench(&bench, NULL);
        show_findings(bench.ui, 0);
        type(&bench, ":view findings\ntj");
        show_findings(bench.ui, graver);
        /* One more step is to the second member, and the last one. */
        type(&bench, "j");
        screen(&bench);
        const char *selected = strstr(bench.text.data, "\n>");

        if (!selected || !strstr(selected, "alike") ||
            strstr(strstr(selected, "alike") + 1, "alike"))
            fail_msg("%zu above:\n%s", graver, bench.text.data);
        close_bench(&bench);
    }
}

/* As when a recording begins anew. */
static void a_chosen_event_may_go_with_all_others(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *empty = ht_state_new(ht_node_new(FIXTURE_NOW));

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "8kk");
    ht_ui_set_state(bench.ui, empty);
    SEES(&bench, "nothing has happened yet");
    type(&bench, "jkm\n");
    ht_ui_set_state(bench.ui, bench.state);
    SEES(&bench, "events 6");
    close_bench(&bench);
}

/* A key may come with a state, before anything of that is drawn. */
static void a_key_knows_that_the_chosen_event_is_gone(void **unused)
{
    enum { MARK = 3 };
    struct bench bench;
    ht_autostate struct ht_state *cut = fixture_state();

    (void)unused;
    while (cut->events.len > MARK + 1)
        ht_row_unref(cut->events.rows[--cut->events.len]);
    open_bench(&bench, NULL);
    type(&bench, "8k");
    SEES(&bench, "F follows");
    ht_ui_set_state(bench.ui, cut);
    fixture_type(bench.ui, "'");
    SEES(&bench, "F follows  events 4  marks 1");
    SEES_NOT(&bench, "no other mark");
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_move_go_and_come),
        cmocka_unit_test(selection_and_marks_stay_with_their_rows),
        cmocka_unit_test(a_filter_follows),
        cmocka_unit_test(a_refused_filter_leaves_the_list_as_it_was),
        cmocka_unit_test(a_word_is_found_while_it_is_typed),
        cmocka_unit_test(a_list_that_follows_is_one_made_anew),
        cmocka_unit_test(a_chosen_event_may_go_with_all_others),
        cmocka_unit_test(a_key_knows_that_the_chosen_event_is_gone),
        cmocka_unit_test(a_member_stays_selected_when_rows_come_above_its_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
