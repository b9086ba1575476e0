/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each key does something that is seen, or says in a line why it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hulltop/base/mem.h"
#include "hulltop/ui/keys.h"
#include "bench.h"

static const struct size {
    int h, w;
} sizes[] = {{12, 40}, {24, 80}, {40, 120}};

/* Where each screen is, from home on. */
static const char *const everywhere[] = {"",
                                         "z",
                                         "1",
                                         "2",
                                         "3",
                                         "3/x\n",
                                         "4",
                                         "5",
                                         "6",
                                         "7",
                                         "8",
                                         "9",
                                         "3\n",
                                         "3s",
                                         "3c",
                                         "3?",
                                         "3i",
                                         "3Z",
                                         ":log\n",
                                         ":doctor\n",
                                         "8\n",
                                         "8vj\n",
                                         "3\no",
                                         ":view containers\n",
                                         ":view pods\n",
                                         ":view findings\n"};

/* At an end there is nothing to move to, and a digit may lead to where one is. Some are carried out
 * by the terminal, and not all leave a program to go on with. */
static bool is_asked(const struct ht_binding *binding)
{
    static const enum ht_action terminal[] = {HT_ACTION_REDRAW, HT_ACTION_SUSPEND, HT_ACTION_QUIT,
                                              HT_ACTION_CLOSE};
    uint32_t code = binding->keys[0];

    for (size_t i = 0; i < ARRAY_LEN(terminal); i++) {
        if (binding->action == terminal[i])
            return false;
    }
    return binding->action > HT_ACTION_PAGE_UP && !(code >= '0' && code <= '9');
}

static void press(struct bench *bench, uint32_t code)
{
    ht_ui_key(bench->ui, (struct ht_key){.code = code});
}

/* Esc leaves a prompt, then messages are let grow old. */
static void go_home(struct bench *bench)
{
    press(bench, HT_KEY_ESC);
    press(bench, '0');
    bench->mono += 60 * HT_NS_PER_S;
    bench->calls = (struct fixture_calls){0};
}

/* Presses each key on a screen, and where asked twice: most of what can be on can be off. */
static void press_all(struct bench *bench, const char *way, bool twice, struct ht_buf *silent)
{
    size_t len;
    const struct ht_binding *bindings = ht_keys_table(&len);

    for (size_t i = 0; i < len * 2; i += twice ? 1 : 2) {
        const struct ht_binding *binding = &bindings[i / 2];

        /* A prompt takes letters, in a narrow one out of sight. */
        if (!is_asked(binding) || (i % 2 && binding->action == HT_ACTION_EXPORT))
            continue;
        type(bench, way);
        bench->mono += 60 * HT_NS_PER_S;
        if (i % 2) {
            press(bench, binding->keys[0]);
            bench->mono += 60 * HT_NS_PER_S;
            screen(bench);
        }
        ht_autofree char *before = ht_strndup(screen(bench), bench->text.len);
        struct fixture_calls calls = bench->calls = (struct fixture_calls){0};
        press(bench, binding->keys[0]);
        if (strcmp(before, screen(bench)) == 0 &&
            memcmp(&calls, &bench->calls, sizeof(calls)) == 0) {
            ht_buf_addf(silent, "%s (%s) on \"%s\", pressed %s, %d columns\n", binding->name,
                        binding->hint, way, i % 2 ? "again" : "once", bench->canvas->w);
        }
        go_home(bench);
    }
}

/* On the first so many sizes, on the first of them twice. */
static void check_state(struct ht_state *state, size_t count, bool twice)
{
    ht_autobuf struct ht_buf silent = HT_BUF(1000000);

    for (size_t size = 0; size < count; size++) {
        struct bench bench;

        open_bench(&bench, NULL);
        ht_ui_set_state(bench.ui, state);
        ht_canvas_resize(bench.canvas, sizes[size].h, sizes[size].w);
        for (size_t i = 0; i < ARRAY_LEN(everywhere); i++)
            press_all(&bench, everywhere[i], twice && size == 0, &silent);
        close_bench(&bench);
    }
    if (silent.len)
        print_error("%s", "no answer to:\n");
    for (char *line = silent.data; line && *line;) {
        char *end = strchr(line, '\n');

        print_error("%.*s\n", (int)(end - line), line);
        line = end + 1;
    }
    assert_int_equal(silent.len, 0);
}

static void every_key_answers_on_a_node_in_trouble(void **unused)
{
    ht_autostate struct ht_state *state = fixture_state();

    (void)unused;
    check_state(state, ARRAY_LEN(sizes), true);
}

static void every_key_answers_where_nothing_is(void **unused)
{
    ht_autostate struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));

    (void)unused;
    check_state(state, 1, true);
}

static void every_key_answers_in_a_replay(void **unused)
{
    ht_autostate struct ht_state *state = fixture_state();

    (void)unused;
    state->origin = HT_ORIGIN_REPLAY;
    state->replay.speed = 64.0;
    check_state(state, 1, false);
    state->replay.speed = 0.25;
    check_state(state, 1, false);
}

/* One way to a help; a word of what it lists, and one of what would do nothing there. */
struct help_case {
    const char *way, *listed, *left_out;
};

static void check_helps(struct ht_state *state, const struct help_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct bench bench;

        open_bench(&bench, NULL);
        ht_ui_set_state(bench.ui, state);
        grow(&bench);
        type(&bench, cases[i].way);
        SEES(&bench, " KEYS\n");
        SEES(&bench, cases[i].listed);
        SEES_NOT(&bench, cases[i].left_out);
        close_bench(&bench);
    }
}

static void help_leaves_out_what_would_do_nothing(void **unused)
{
    static const struct help_case living[] = {
        {"?", "Swap worst findings", " Esc Backspace"},
        {"z?", "Back to all panes", "Lock or unlock"},
        {"3?", "Next view of this", "Play faster"},
        {"9?", "Ask all sources now", "Acknowledge"},
        {"3/nothing has this name\n?", "Filter a list", "Mark this line"},
        {"3\n?", "Acknowledge", "List its findings"},
        {":view containers\n\n?", "List its findings", "Acknowledge"},
        {":view containers\n\n?", "Copy the id", "Go to the owner"},
        {":view containers\n\n?", "Copy the id", "Lock or unlock"},
        {"2?", "Next pane", "Next view of this"},
        {"8?", "Closer", "Play faster"},
    };
    static const struct help_case played[] = {
        {"8?", "Play faster", "Closer"},
        {"8?", "Hold the screen", "Ask all sources"},
        {"?", "Play slower", "Wider"},
        {":view containers\n\n?", "List its findings", "Lock or unlock"},
    };
    static const struct help_case told[] = {
        {"8?", "Follow what is newest", "Next finding in time"},
        {"8?", "The same as a list", "Jump to a mark"},
        {"7?", "The same builds as a list", "Open its container"},
        {"?", "Filter all findings", "Hold the screen"},
    };
    ht_autostate struct ht_state *state = fixture_state(),
                                 *report = ht_state_new(ht_node_new(FIXTURE_NOW));

    (void)unused;
    check_helps(state, living, ARRAY_LEN(living));
    state->origin = HT_ORIGIN_REPLAY;
    check_helps(state, played, ARRAY_LEN(played));
    report->origin = HT_ORIGIN_REPORT;
    check_helps(report, told, ARRAY_LEN(told));
}

/* A line for each pane has no room there. */
static void help_goes_by_the_size_of_its_page(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    ht_canvas_resize(bench.canvas, 12, 40);
    type(&bench, "");
    SEES_NOT(&bench, "v panes");
    type(&bench, "?");
    grow(&bench);
    SEES(&bench, "What happened when");
    SEES_NOT(&bench, "Swap worst findings");
    close_bench(&bench);
}

static void help_and_why_offer_the_way_back(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "3?");
    SEES(&bench, "> 3 Privileged containers > help ");
    SEES(&bench, "Esc back  ? back  q close");
    SEES_NOT(&bench, "? help");
    type(&bench, ":help\n"); /* the same as its key */
    SEES_NOT(&bench, "> help ");
    type(&bench, "i");
    SEES(&bench, "Esc back  i back  ? help  q close");
    grow(&bench);
    type(&bench, "?");
    SEES(&bench, "Back to the screen below");
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_answers_on_a_node_in_trouble),
        cmocka_unit_test(every_key_answers_where_nothing_is),
        cmocka_unit_test(every_key_answers_in_a_replay),
        cmocka_unit_test(help_leaves_out_what_would_do_nothing),
        cmocka_unit_test(help_goes_by_the_size_of_its_page),
        cmocka_unit_test(help_and_why_offer_the_way_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
