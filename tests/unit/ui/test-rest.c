/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a screen at rest sends to the terminal, counted on a pseudo terminal. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench.h"
#include "hulltop/base/mem.h"
#include "hulltop/ui/terminal.h"

enum {
    DIGIT_MAX = 16,  /* way to the clock, a digit or two, way back */
    SECOND_MAX = 40, /* on the average, ages among it */
    SECONDS = 55,    /* from FIXTURE_NOW on, within one hour */
};

struct desk {
    struct bench bench;
    struct ht_terminal *terminal;
    int master, slave;
};

static void open_desk(struct desk *desk, const char *term, enum ht_theme theme, struct winsize size)
{
    struct ht_terminal_options options = {.theme = theme};
    struct ht_error err = {0};

    setenv("TERM", term, 1);
    assert_int_equal(openpty(&desk->master, &desk->slave, NULL, NULL, &size), 0);
    options.in_fd = options.out_fd = desk->slave;
    if (ht_terminal_open(&options, &desk->terminal, &err) < 0)
        fail_msg("%s: %s", term, err.text);
    open_bench(&desk->bench, NULL);
    ht_canvas_resize(desk->bench.canvas, size.ws_row, size.ws_col);
}

static void close_desk(struct desk *desk)
{
    close_bench(&desk->bench);
    close(desk->master);
    ht_terminal_close(desk->terminal);
    close(desk->slave);
}

static void read_all(const struct desk *desk)
{
    char piece[4096];

    assert_int_equal(fcntl(desk->master, F_SETFL, O_NONBLOCK), 0);
    while (read(desk->master, piece, sizeof(piece)) > 0) {
    }
}

/* Bytes of the next frame. */
static int show(struct desk *desk)
{
    int row = 0, col = 0, sent;

    ht_ui_draw(desk->bench.ui, desk->bench.canvas, &row, &col);
    sent = ht_terminal_show(desk->terminal, desk->bench.canvas, row, col);
    while (ht_terminal_flush(desk->terminal) == -EAGAIN)
        read_all(desk);
    read_all(desk);
    return sent;
}

static bool only_title_changed(const struct ht_canvas *now, const struct ht_canvas *before)
{
    for (int row = 1; row < now->h; row++) {
        if (!ht_canvas_row_equals(now, before, row))
            return false;
    }
    return true;
}

static void rest(const char *term, enum ht_theme theme, struct winsize size)
{
    struct desk desk = {0};
    struct ht_canvas *before = ht_canvas_new(1, 1);
    int all = 0, alone = 0;

    open_desk(&desk, term, theme, size);
    assert_true(show(&desk) > SECONDS * DIGIT_MAX);
    for (int i = 0; i < SECONDS; i++) {
        ht_canvas_copy(before, desk.bench.canvas);
        desk.bench.mono += HT_NS_PER_S;
        int sent = show(&desk);
        assert_true(sent > 0);
        all += sent;
        if (!only_title_changed(desk.bench.canvas, before))
            continue;
        alone++;
        if (sent > DIGIT_MAX)
            fail_msg("%s, theme %d, %dx%d: %d bytes for a second of the clock", term, theme,
                     size.ws_row, size.ws_col, sent);
    }
    assert_true(alone > SECONDS / 2);
    if (all > SECONDS * SECOND_MAX)
        fail_msg("%s, theme %d, %dx%d: %d bytes in %d s", term, theme, size.ws_row, size.ws_col,
                 all, SECONDS);
    ht_canvas_free(before);
    close_desk(&desk);
}

static void a_second_sends_little_more_than_its_digit(void **unused)
{
    static const char *const terms[] = {"xterm-256color", "xterm", "screen", "tmux", "linux"};
    static const struct winsize sizes[] = {{.ws_row = 24, .ws_col = 80},
                                           {.ws_row = 50, .ws_col = 160}};

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(terms); i++) {
        for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
            for (int theme = 0; theme < HT_THEME_COUNT; theme++)
                rest(terms[i], (enum ht_theme)theme, sizes[k]);
        }
    }
}

static void add_source(struct ht_state *state, const char *id)
{
    struct ht_source source = {0};

    ht_source_set_id(&source, ht_str_from(id));
    ht_source_set_name(&source, ht_str_from(id));
    ht_source_set_state(&source, HT_SOURCE_STATE_OK);
    ht_source_set_answered_at(&source, FIXTURE_NOW - HT_NS_PER_S);
    ht_node_add(state->node, ht_row_new(&ht_source_table, &source));
}

static void longer_ages_move_nothing(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));

    (void)unused;
    add_source(state, "alpha");
    add_source(state, "beta");
    ht_node_sort(state->node);
    state->now_ns = FIXTURE_NOW;
    open_bench(&bench, NULL);
    state->mono_ns = bench.mono;
    ht_ui_set_state(bench.ui, state);
    SEES(&bench, "src alpha ok  1s | beta ok  1s\n");
    bench.mono += 10 * HT_NS_PER_S;
    SEES(&bench, "src alpha ok 10s | beta ok 10s\n");
    ht_canvas_resize(bench.canvas, 12, 40);
    SEES(&bench, "src alpha ok 10s | beta ok 10s\n");
    bench.mono -= 10 * HT_NS_PER_S;
    SEES(&bench, "src alpha ok 1s | beta ok 1s\n"); /* there each column is needed */
    close_bench(&bench);
}

/* Views take longer to read than the first frame takes to be drawn, which has nothing of them but,
 * where there is room, what the selected question is about. */
static void home_is_drawn_before_views_are_read(void **unused)
{
    static const int sizes[][2] = {{12, 40}, {24, 80}, {40, 120}};
    struct fixture_calls record;
    struct ht_ui_calls calls = fixture_calls(&record);
    struct ht_clock clock;
    int64_t mono = 0;
    const struct ht_ui_options options = fixture_options(&mono, &clock);

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        ht_autocanvas struct ht_canvas *canvas = ht_canvas_new(sizes[i][0], sizes[i][1]);
        ht_autobuf struct ht_buf before = HT_BUF(1 << 20), after = HT_BUF(1 << 20);
        struct ht_ui *ui = ht_ui_new(&options, &calls);
        struct ht_error err = {0};
        int row, col;

        ht_ui_draw(ui, canvas, &row, &col);
        ht_canvas_text(canvas, &before);
        assert_int_equal(ht_ui_open(ui, &err), 0);
        ht_ui_draw(ui, canvas, &row, &col);
        ht_canvas_text(canvas, &after);
        assert_true(ht_str_equal(ht_buf_str(&before), ht_buf_str(&after)) == (sizes[i][1] < 100));
        ht_ui_free(ui);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_sends_little_more_than_its_digit),
        cmocka_unit_test(longer_ages_move_nothing),
        cmocka_unit_test(home_is_drawn_before_views_are_read),
    };

    setlocale(LC_ALL, "C.UTF-8");
    unsetenv("NO_COLOR");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
