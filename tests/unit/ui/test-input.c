/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes from the terminal and is no key of the screen that is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tiny_terminal_has_no_keys_but_the_way_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
