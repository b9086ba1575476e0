/* SPDX-License-Identifier: GPL-2.0-or-later */
/* demo --hash-frames FILE: every frame of the demo drawn without a terminal, its hash written to
 * FILE: the same every time. For tests. */
#include <config.h>

#include "commands.h"

#include <errno.h>
#include <inttypes.h>

#include "demo.h"
#include "session.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/file.h"
#include "hulltop/engine/core.h"
#include "hulltop/base/limits.h"
#include "hulltop/model/document.h"
#include "hulltop/ui/ui.h"

enum { HEIGHT = 24, WIDTH = 80 };

static void ignore(void *context)
{
    (void)context;
}

static void ignore_finding(void *context, struct ht_str finding)
{
    (void)context;
    (void)finding;
}

static const struct ht_ui_calls no_calls = {
    .rescan = ignore, .open = ignore_finding, .redraw = ignore, .suspend = ignore};

/* Draws one state as the dashboard would show it first, and appends its hash. */
static int hash_state(struct ht_state *state, struct ht_buf *out, struct ht_error *err)
{
    const struct ht_ui_options options = {
        .version = PACKAGE_VERSION, .utc = true, .hash_clock = true, .questions = 0x7e};
    ht_autocanvas struct ht_canvas *canvas = ht_canvas_new(HEIGHT, WIDTH);
    struct ht_ui *ui = ht_ui_new(&options, &no_calls);
    int row, col;
    int r = ht_ui_open(ui, err);

    if (r < 0) {
        ht_ui_free(ui);
        return r;
    }
    ht_ui_set_state(ui, state);
    ht_ui_draw(ui, canvas, &row, &col);
    ht_buf_addf(out, "%016" PRIx64 "\n", ht_canvas_hash(canvas));
    ht_ui_free(ui);
    return 0;
}

static int hash_all(struct ht_session *session, struct ht_buf *out, struct ht_error *err)
{
    struct ht_player *player = NULL;
    struct ht_core *core = ht_core_new(&(struct ht_core_options){
        .facts = session->facts, .origin = HT_ORIGIN_DEMO, .questions = 0x7e});
    int r = ht_player_new(ht_demo_text(), "demo", &player, err);

    for (size_t i = 0; r == 0 && i < ht_player_frames(player); i++) {
        ht_autonode struct ht_node *node = NULL;
        ht_autostate struct ht_state *state = NULL;

        r = ht_player_node(player, i, &node, err);
        if (r < 0)
            break;
        state = ht_core_step(
            core,
            &(struct ht_step){.node = node, .complete = true, .now_ns = ht_player_time(player, i)});
        if (state)
            r = hash_state(state, out, err);
    }
    ht_player_free(player);
    ht_core_free(core);
    return r;
}

int ht_command_hash_frames(const struct ht_options *options, struct ht_arena *arena)
{
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_FILE);
    struct ht_session session;
    struct ht_error err = {0};
    int r = ht_session_open(&session, options, arena, &err);

    if (r == 0)
        r = hash_all(&session, &out, &err);
    if (r == 0)
        r = ht_file_write(options->hash_frames, ht_buf_str(&out), HT_FILE_REPLACE, &err);
    if (r < 0)
        ht_complain(&err);
    return ht_session_close(&session, 0, r < 0 ? HT_STATUS_RECORDING : HT_STATUS_CLEAN);
}
