/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes from the terminal and is no key of the screen that is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"
#include "hulltop/ui/lineedit.h"
#include "bench.h"

#define LATER (60 * HT_NS_PER_S) /* than messages stay */

static void resize(struct bench *bench, int h, int w)
{
    ht_canvas_free(bench->canvas);
    bench->canvas = ht_canvas_new(h, w);
}

/* What nobody sees is not done, in a page or in a prompt, and waits for more room. */
static void a_tiny_terminal_has_no_keys_but_the_way_out(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "3\n");
    resize(&bench, 11, 80);
    type(&bench, "ano one saw it\nmrp8MU0");
    SEES(&bench, "too small for this key; q quits");
    assert_int_equal(bench.calls.acknowledge + bench.calls.mark + bench.calls.rescan, 0);
    ht_ui_key(bench.ui, (struct ht_key){.code = HT_KEY_MOUSE, .button = HT_BUTTON_WHEEL_DOWN});
    resize(&bench, 24, 80);
    SEES(&bench, "[Evidence]");
    SEES_NOT(&bench, "too small");
    SEES_NOT(&bench, "PAUSED");
    type(&bench, "a");
    resize(&bench, 12, 39);
    type(&bench, "Q\n");
    SEES(&bench, "too small for this key; C-c quits");
    assert_int_equal(bench.calls.acknowledge, 0);
    assert_false(ht_ui_is_done(bench.ui));
    resize(&bench, 24, 80);
    type(&bench, "why\n");
    assert_int_equal(bench.calls.acknowledge, 1);
    assert_string_equal(bench.calls.text, "why");
    resize(&bench, 5, 20);
    type(&bench, "q");
    assert_true(ht_ui_is_done(bench.ui));
    close_bench(&bench);
}

/* Where a text stands on the screen. */
static struct ht_key place_of(struct bench *bench, const char *text)
{
    const char *all = screen(bench), *at = strstr(all, text);
    struct ht_key key = {.code = HT_KEY_MOUSE, .button = HT_BUTTON_LEFT};

    if (!at)
        fail_msg("\"%s\" is not on the screen:\n%s", text, all);
    for (; all < at; all++) {
        key.row += *all == '\n';
        key.col = *all == '\n' ? 0 : key.col + 1;
    }
    return key;
}

static void press_twice(struct bench *bench, struct ht_key key)
{
    screen(bench);
    ht_ui_key(bench->ui, key);
    key.button = HT_BUTTON_LEFT_DOUBLE;
    ht_ui_key(bench->ui, key);
}

static void two_presses_open_what_they_hit(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    struct ht_key six = place_of(&bench, "6 Are containers kept");
    type(&bench, "z"); /* has no questions to press */
    press_twice(&bench, six);
    SEES_NOT(&bench, "> 6");
    type(&bench, "z");
    press_twice(&bench, place_of(&bench, "WORST FINDINGS"));
    SEES(&bench, "WORST FINDINGS");
    press_twice(&bench, six);
    SEES(&bench, "> 6");
    type(&bench, "3j");
    press_twice(&bench, place_of(&bench, "   SEV "));
    press_twice(&bench, (struct ht_key){.code = HT_KEY_MOUSE, .row = 21});
    SEES_NOT(&bench, "[Evidence]");
    press_twice(&bench, place_of(&bench, "debug "));
    SEES(&bench, "> debug");
    SEES(&bench, "[Evidence]");
    type(&bench, "07j");
    press_twice(&bench, place_of(&bench, "web")); /* an application, beside the first build */
    SEES(&bench, "> 7 Builds map ");
    SEES_NOT(&bench, "E: started through the runtime's socket");
    press_twice(&bench, place_of(&bench, " E  privileged"));
    type(&bench, "07");
    SEES(&bench, "E: started through the runtime's socket");
    type(&bench, "0");
    resize(&bench, 40, 120);
    struct ht_key beside = place_of(&bench, "Docker socket is mounted");
    beside.col = 110;
    press_twice(&bench, beside);
    SEES(&bench, "WORST FINDINGS");
    close_bench(&bench);
}

static void paste_at_once(struct bench *bench, const char *text)
{
    screen(bench);
    ht_ui_key(bench->ui, (struct ht_key){.code = HT_KEY_PASTE, .text = ht_str_from(text)});
}

static void paste(struct bench *bench, const char *text)
{
    paste_at_once(bench, text);
    bench->mono += HT_NS_PER_S / 10; /* a person's next key */
}

static void a_paste_is_no_keys(void **unused)
{
    static const char *const ways[] = {"", "3", "3\n", "3?", "3s", "8"};

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct bench bench;

        open_bench(&bench, NULL);
        type(&bench, ways[i]);
        bench.mono += LATER;
        screen(&bench);
        ht_autofree char *before = ht_strndup(bench.text.data, bench.text.len);
        bench.mono -= LATER;
        paste(&bench, "Q q\ramreason\rrp:quit\r");
        SEES(&bench, "paste dropped: only a prompt (/ or :) takes text");
        assert_false(ht_ui_is_done(bench.ui));
        assert_int_equal(bench.calls.acknowledge + bench.calls.mark + bench.calls.rescan, 0);
        bench.mono += LATER;
        assert_string_equal(before, screen(&bench));
        close_bench(&bench);
    }
}

/* Enter is pressed by who has read it. */
static void a_prompt_takes_one_line_of_a_paste(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "3/b");
    type(&bench, "\x01"); /* to the beginning */
    paste(&bench, "\n  we\n");
    SEES(&bench, "\n/web\n");
    SEES(&bench, "1 of 5 shown");
    type(&bench, "\x05\x15");
    paste(&bench, "a\tb\x1b[2J\xe2\x80\xae\xff\rquit");
    SEES(&bench, "\n/a b\\x1b[2J\\u{202e}\\xff");
    type(&bench, "\n");
    SEES(&bench, "0 of 5 shown");
    SEES(&bench, "only the beginning of one line was taken");
    type(&bench, ":");
    paste(&bench, "quit\r");
    assert_false(ht_ui_is_done(bench.ui));
    type(&bench, "\n");
    assert_true(ht_ui_is_done(bench.ui));
    close_bench(&bench);
}

/* "reason\033[201~\rQ" ends itself. */
static void what_comes_with_a_paste_is_no_keys(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "3\na");
    paste_at_once(&bench, "reason");
    type(&bench, "\nQ");
    bench.mono += 30 * HT_NS_PER_MS;
    type(&bench, "\n");
    bench.mono += 30 * HT_NS_PER_MS;
    type(&bench, "Q\n");
    assert_int_equal(bench.calls.acknowledge, 0);
    SEES(&bench, "reason: reason");
    bench.mono += 50 * HT_NS_PER_MS;
    type(&bench, "s\n");
    assert_int_equal(bench.calls.acknowledge, 1);
    assert_string_equal(bench.calls.text, "reasons");
    paste_at_once(&bench, "");
    ht_ui_key(bench.ui, (struct ht_key){.code = HT_KEY_EOF});
    assert_true(ht_ui_is_done(bench.ui));
    close_bench(&bench);
}

/* A prompt has its limit, also of several pastes. */
static void a_paste_longer_than_a_prompt_is_cut(void **unused)
{
    struct bench bench;
    char text[HT_LINEEDIT_MAX + 2];

    (void)unused;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    open_bench(&bench, NULL);
    type(&bench, "3\na");
    paste(&bench, text);
    paste(&bench, text);
    SEES(&bench, "reason: xxx");
    type(&bench, "y\n");
    assert_int_equal(bench.calls.acknowledge, 1);
    assert_int_equal(strlen(bench.calls.text), HT_LINEEDIT_MAX);
    type(&bench, "a");
    paste(&bench, "\r\n \r\n");
    type(&bench, "\n");
    SEES(&bench, "a reason is needed");
    resize(&bench, 5, 20);
    type(&bench, "");
    paste(&bench, "seen by nobody\r");
    assert_int_equal(bench.calls.acknowledge, 1);
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tiny_terminal_has_no_keys_but_the_way_out),
        cmocka_unit_test(two_presses_open_what_they_hit),
        cmocka_unit_test(a_paste_is_no_keys),
        cmocka_unit_test(a_prompt_takes_one_line_of_a_paste),
        cmocka_unit_test(what_comes_with_a_paste_is_no_keys),
        cmocka_unit_test(a_paste_longer_than_a_prompt_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
