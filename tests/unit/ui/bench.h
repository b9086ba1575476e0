/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The screens with keys in and their text out, on the fixture's node and clock. */
#ifndef HT_TESTS_UI_BENCH_H
#define HT_TESTS_UI_BENCH_H

#include <string.h>

#include "hulltop/base/buf.h"
#include "tests/screens/fixture.h"

struct bench {
    struct ht_ui *ui;
    struct ht_canvas *canvas;
    struct ht_state *state;
    struct fixture_calls calls;
    struct ht_clock clock;
    int64_t mono;
    struct ht_buf text;
};

static inline void open_bench(struct bench *bench, struct ht_ui_options *change)
{
    struct ht_ui_options options = fixture_options(&bench->mono, &bench->clock);
    struct ht_ui_calls calls = fixture_calls(&bench->calls);
    struct ht_error err = {0};

    if (change) {
        change->clock = options.clock;
        change->version = "0";
        change->utc = true;
        options = *change;
    }
    bench->canvas = ht_canvas_new(24, 80);
    bench->state = fixture_state();
    bench->text = (struct ht_buf)HT_BUF(10000000);
    bench->ui = ht_ui_new(&options, &calls);
    if (ht_ui_open(bench->ui, &err) < 0)
        fail_msg("%s", err.text);
    ht_ui_set_state(bench->ui, bench->state);
}

static inline void close_bench(struct bench *bench)
{
    ht_ui_free(bench->ui);
    ht_canvas_free(bench->canvas);
    ht_state_unref(bench->state);
    ht_buf_fini(&bench->text);
}

/* Room for all of a page. */
static inline void grow(struct bench *bench)
{
    ht_canvas_free(bench->canvas);
    bench->canvas = ht_canvas_new(60, 120);
}

static inline const char *screen(struct bench *bench)
{
    int row, col;

    ht_ui_draw(bench->ui, bench->canvas, &row, &col);
    ht_buf_reset(&bench->text);
    ht_canvas_text(bench->canvas, &bench->text);
    ht_buf_add_c(&bench->text, '\0');
    return bench->text.data;
}

static inline void type(struct bench *bench, const char *keys)
{
    screen(bench);
    fixture_type(bench->ui, keys);
}

#define SEES(bench, words)                                                                         \
    do {                                                                                           \
        if (!strstr(screen(bench), words))                                                         \
            fail_msg("\"%s\" is not on the screen:\n%s", words, (bench)->text.data);               \
    } while (0)
#define SEES_NOT(bench, words)                                                                     \
    do {                                                                                           \
        if (strstr(screen(bench), words))                                                          \
            fail_msg("\"%s\" is on the screen:\n%s", words, (bench)->text.data);                   \
    } while (0)

#endif
