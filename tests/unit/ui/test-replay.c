/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of a replay, and what its beginning again leaves of the screens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"

static void a_replay_has_its_own_keys_and_title(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *played = fixture_state();

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "R]");
    assert_int_equal(bench.calls.restart + bench.calls.step, 0);
    played->origin = HT_ORIGIN_DEMO;
    played->replay =
        (struct ht_replay_position){.start_ns = FIXTURE_NOW - 600 * HT_NS_PER_S,
                                    .now_ns = FIXTURE_NOW + 10 * HT_NS_PER_S, /* into its frame */
                                    .end_ns = FIXTURE_NOW + 20 * HT_NS_PER_S,
                                    .speed = 4.0};
    ht_ui_set_state(bench.ui, played);
    SEES(&bench, "DEMO x4");
    bench.mono += HT_NS_PER_S;
    SEES(&bench, "14:02:45");
    played->replay.paused = true;
    SEES(&bench, "14:02:41");
    played->replay.paused = false;
    type(&bench, "8");
    SEES_NOT(&bench, "+ closer"); /* here it is faster */
    type(&bench, "0p]+:goto 14:00\n");
    assert_int_equal(bench.calls.paused, 1);
    assert_int_equal(bench.calls.step, 1);
    assert_true(bench.calls.speed == 8.0);
    assert_int_equal(bench.calls.seek, FIXTURE_NOW - 151 * HT_NS_PER_S);
    played->replay.ended = true;
    SEES(&bench, "DEMO  END  R again");
    type(&bench, "R");
    assert_int_equal(bench.calls.restart, 1);
    close_bench(&bench);
}

/* Who is quicker than the first frame of a replay is not refused. */
static void a_time_is_gone_to_once_the_replay_has_begun(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *waiting = fixture_state(), *begun = fixture_state();

    (void)unused;
    open_bench(&bench, NULL);
    waiting->origin = begun->origin = HT_ORIGIN_DEMO;
    begun->replay = (struct ht_replay_position){.start_ns = FIXTURE_NOW - 600 * HT_NS_PER_S,
                                                .now_ns = FIXTURE_NOW,
                                                .end_ns = FIXTURE_NOW + 20 * HT_NS_PER_S,
                                                .speed = 1.0};
    ht_ui_set_state(bench.ui, waiting);
    type(&bench, ":goto 14:00\n");
    assert_int_equal(bench.calls.seek, 0);
    SEES_NOT(&bench, "does not reach");
    ht_ui_set_state(bench.ui, begun);
    assert_int_equal(bench.calls.seek, FIXTURE_NOW - 151 * HT_NS_PER_S);
    bench.calls.seek = 0;
    ht_ui_set_state(bench.ui, begun);
    assert_int_equal(bench.calls.seek, 0);
    close_bench(&bench);
}

/* Who is quick presses the second key before the first shows. */
static void quick_keys_of_a_replay_go_on_from_each_other(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *played = fixture_state(), *again = fixture_state();

    (void)unused;
    open_bench(&bench, NULL);
    played->origin = again->origin = HT_ORIGIN_REPLAY;
    played->replay.speed = again->replay.speed = 1.0;
    ht_ui_set_state(bench.ui, played);
    type(&bench, "+++");
    assert_true(bench.calls.speed == 8.0);
    type(&bench, "p");
    assert_int_equal(bench.calls.paused, 1);
    type(&bench, "p");
    assert_int_equal(bench.calls.paused, 1); /* it goes on: those that pause are counted */
    again->replay.speed = 8.0;
    ht_ui_set_state(bench.ui, again);
    type(&bench, "-");
    assert_true(bench.calls.speed == 4.0);
    close_bench(&bench);
}

/* A state from before two opposite keys looks like what both ask for; the one after the first does
 * not, and the third key goes on from the second. */
static void opposite_keys_of_a_replay_are_both_taken(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *before = fixture_state(), *between = fixture_state(),
                                 *after = fixture_state();

    (void)unused;
    open_bench(&bench, NULL);
    before->origin = between->origin = after->origin = HT_ORIGIN_REPLAY;
    before->replay.speed = after->replay.speed = 1.0;
    between->replay.speed = 2.0;
    between->replay.paused = true;
    between->replay.obeyed = 2;
    after->replay.obeyed = 4;
    ht_ui_set_state(bench.ui, before);
    type(&bench, "p+p-");
    assert_int_equal(bench.calls.paused, 1);
    ht_ui_set_state(bench.ui, before);
    ht_ui_set_state(bench.ui, between);
    type(&bench, "p+");
    assert_int_equal(bench.calls.paused, 2);
    assert_true(bench.calls.speed == 2.0);
    after->replay.obeyed = 6;
    ht_ui_set_state(bench.ui, after); /* somebody else's wish: what is shown counts */
    type(&bench, "p");
    assert_int_equal(bench.calls.paused, 3);
    close_bench(&bench);
}

/* It does not play on from where a step led; p lets it. */
static void a_step_holds_a_replay(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *played = fixture_state();

    (void)unused;
    open_bench(&bench, NULL);
    played->origin = HT_ORIGIN_REPLAY;
    ht_ui_set_state(bench.ui, played);
    type(&bench, "[[");
    assert_int_equal(bench.calls.step, 2);
    assert_int_equal(bench.calls.paused, 1);
    type(&bench, "]");
    assert_int_equal(bench.calls.step, 3);
    assert_int_equal(bench.calls.paused, 1);
    ht_canvas_free(bench.canvas);
    bench.canvas = ht_canvas_new(60, 80);
    type(&bench, "?");
    SEES(&bench, "One step back in time, and hold");
    type(&bench, "\x1bp");
    assert_int_equal(bench.calls.paused, 1); /* it goes on */
    type(&bench, "]");
    assert_int_equal(bench.calls.paused, 2);
    close_bench(&bench);
}

/* What was marked and chosen in the round before is not in this one. */
static void a_replay_that_begins_again_has_no_marks(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *played = fixture_state(),
                                 *first = ht_state_new(ht_node_new(FIXTURE_NOW));

    (void)unused;
    open_bench(&bench, NULL);
    played->origin = first->origin = HT_ORIGIN_REPLAY;
    ht_ui_set_state(bench.ui, played);
    type(&bench, "3m");
    SEES(&bench, ">+m!! CRIT debug");
    type(&bench, "R");
    SEES(&bench, ">+ !! CRIT debug");
    type(&bench, "8kk");
    SEES(&bench, "F follows");
    ht_ui_set_state(bench.ui, first);
    SEES(&bench, " following  events 0");
    ht_ui_set_state(bench.ui, played);
    SEES(&bench, " following  events ");
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replay_has_its_own_keys_and_title),
        cmocka_unit_test(a_time_is_gone_to_once_the_replay_has_begun),
        cmocka_unit_test(quick_keys_of_a_replay_go_on_from_each_other),
        cmocka_unit_test(opposite_keys_of_a_replay_are_both_taken),
        cmocka_unit_test(a_step_holds_a_replay),
        cmocka_unit_test(a_replay_that_begins_again_has_no_marks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
