/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dashboard: one loop over keys, states, signals and the clock. */
#include <config.h>

#include "commands.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config-file.h"
#include "plain.h"
#include "session.h"
#include "signals.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/file.h"
#include "hulltop/base/heap.h"
#include "hulltop/base/log.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/catalogue.h"
#include "hulltop/check/checking.h"
#include "hulltop/ui/terminal.h"
#include "hulltop/ui/ui.h"

struct dashboard {
    struct ht_session session;
    struct ht_terminal *terminal;
    struct ht_canvas *canvas;
    struct ht_ui *ui;
    int64_t suspended_ns; /* monotonic time of the suspension, 0: none */
};

/* ---- what the screens ask for ---- */

static void call_rescan(void *context)
{
    struct dashboard *dashboard = context;

    ht_engine_rescan(dashboard->session.engine);
}

static void call_open(void *context, struct ht_str finding)
{
    struct dashboard *dashboard = context;

    ht_engine_open(dashboard->session.engine, finding);
}

static void call_acknowledge(void *context, struct ht_str finding, struct ht_str reason)
{
    struct dashboard *dashboard = context;

    ht_engine_acknowledge(dashboard->session.engine, finding, reason);
}

static void call_mark(void *context, struct ht_str text)
{
    struct dashboard *dashboard = context;

    ht_engine_mark(dashboard->session.engine, text);
}

static void call_lock(void *context, struct ht_str container, struct ht_str reason)
{
    struct dashboard *dashboard = context;

    ht_engine_lock(dashboard->session.engine, container, reason);
}

static void call_save(void *context, const char *path, struct ht_str bytes)
{
    struct dashboard *dashboard = context;

    ht_engine_export(dashboard->session.engine, path, bytes);
}

static void call_bundle(void *context, const char *path, struct ht_str finding)
{
    struct dashboard *dashboard = context;

    ht_engine_bundle(dashboard->session.engine, path, finding);
}

static bool call_copy(void *context, struct ht_str text)
{
    struct dashboard *dashboard = context;

    return dashboard->terminal && ht_terminal_copy(dashboard->terminal, text) == 0;
}

static void call_theme(void *context, enum ht_theme theme)
{
    struct dashboard *dashboard = context;

    if (dashboard->terminal)
        ht_terminal_set_theme(dashboard->terminal, theme);
}

static void call_mouse(void *context, bool on)
{
    struct dashboard *dashboard = context;

    if (dashboard->terminal)
        ht_terminal_set_mouse(dashboard->terminal, on);
}

static void call_redraw(void *context)
{
    struct dashboard *dashboard = context;

    if (dashboard->terminal)
        ht_terminal_redraw(dashboard->terminal);
}

static void suspend(struct dashboard *dashboard)
{
    int64_t began_ns = ht_clock_mono(ht_clock_system());

    ht_terminal_suspend(dashboard->terminal);
    if (ht_signals_stop_self())
        dashboard->suspended_ns = began_ns;
    else
        ht_ui_message(dashboard->ui, "not suspended: no shell waits here to bring it back");
    ht_terminal_resume(dashboard->terminal);
}

static void call_suspend(void *context)
{
    struct dashboard *dashboard = context;

    if (dashboard->terminal)
        suspend(dashboard);
}

static void call_pause(void *context, bool paused)
{
    struct dashboard *dashboard = context;

    ht_engine_replay_pause(dashboard->session.engine, paused);
}

static void call_speed(void *context, double speed)
{
    struct dashboard *dashboard = context;

    ht_engine_replay_speed(dashboard->session.engine, speed);
}

static void call_seek(void *context, int64_t at_ns)
{
    struct dashboard *dashboard = context;

    ht_engine_replay_seek(dashboard->session.engine, at_ns);
}

static void call_step(void *context, int frames)
{
    struct dashboard *dashboard = context;

    ht_engine_replay_step(dashboard->session.engine, frames);
}

static void call_restart(void *context)
{
    struct dashboard *dashboard = context;

    ht_engine_replay_restart(dashboard->session.engine);
}

static const char *first_run_file(struct ht_arena *arena)
{
    const char *folder = ht_config_state_dir(arena);

    return folder ? ht_arena_strf(arena, "%s/first-run-seen", folder).data : NULL;
}

static void call_first_run_seen(void *context)
{
    struct dashboard *dashboard = context;
    const char *path = first_run_file(dashboard->session.arena);

    if (path && access(path, F_OK) != 0)
        ht_engine_export(dashboard->session.engine, path, HT_S("seen\n"));
}

/* Before the fact tables are read there is no state to ask about either. */
static int call_unseen(void *context, const struct ht_node *node, const struct ht_finding *finding,
                       struct ht_arena *arena, struct ht_missing_list *ret_missing)
{
    struct dashboard *dashboard = context;

    if (!dashboard->session.facts)
        return -ENOENT;
    return ht_check_unseen(node, dashboard->session.facts, finding, arena, ret_missing);
}

static struct ht_ui_calls make_calls(struct dashboard *dashboard)
{
    return (struct ht_ui_calls){
        .context = dashboard,
        .rescan = call_rescan,
        .open = call_open,
        .acknowledge = call_acknowledge,
        .mark = call_mark,
        .lock = call_lock,
        .save = call_save,
        .bundle = call_bundle,
        .copy = call_copy,
        .theme = call_theme,
        .mouse = call_mouse,
        .redraw = call_redraw,
        .suspend = call_suspend,
        .replay_pause = call_pause,
        .replay_speed = call_speed,
        .replay_seek = call_seek,
        .replay_step = call_step,
        .replay_restart = call_restart,
        .unseen = call_unseen,
        .first_run_seen = call_first_run_seen,
    };
}

/* ---- the loop ---- */

static void paint(struct dashboard *dashboard)
{
    int h, w, row = 0, col = 0;

    ht_terminal_size(dashboard->terminal, &h, &w);
    if (dashboard->canvas->h != h || dashboard->canvas->w != w)
        ht_canvas_resize(dashboard->canvas, h, w);
    ht_ui_draw(dashboard->ui, dashboard->canvas, &row, &col);
    ht_terminal_show(dashboard->terminal, dashboard->canvas, row, col);
}

static void tell_suspension(struct dashboard *dashboard)
{
    ht_autobuf struct ht_buf text = HT_BUF(80);

    if (!dashboard->suspended_ns)
        return;
    ht_buf_addf(
        &text, "suspended for %lld s",
        (long long)((ht_clock_mono(ht_clock_system()) - dashboard->suspended_ns) / HT_NS_PER_S));
    ht_ui_message(dashboard->ui, text.data);
    dashboard->suspended_ns = 0;
}

/* False: end. */
static bool obey_signals(struct dashboard *dashboard, unsigned words)
{
    if (words & HT_SIGNAL_END)
        return false;
    if (words & HT_SIGNAL_SUSPEND)
        suspend(dashboard);
    if (words & (HT_SIGNAL_RESIZE | HT_SIGNAL_RESUME | HT_SIGNAL_SUSPEND)) {
        ht_terminal_update_size(dashboard->terminal);
        ht_terminal_redraw(dashboard->terminal);
    }
    if (words & HT_SIGNAL_RESUME)
        ht_terminal_resume(dashboard->terminal);
    tell_suspension(dashboard);
    return true;
}

/* Applies all keys that wait, then paints once. False: the terminal is gone. */
static bool take_keys(struct dashboard *dashboard)
{
    for (;;) {
        struct ht_key key = ht_terminal_read_key(dashboard->terminal);

        if (key.code == HT_KEY_NONE)
            return true;
        if (key.code == HT_KEY_EOF)
            return false;
        ht_ui_key(dashboard->ui, key);
        if (ht_ui_is_done(dashboard->ui))
            return true;
    }
}

static void take_state(struct dashboard *dashboard)
{
    struct ht_recorded recorded = ht_engine_recorded(dashboard->session.engine);
    ht_autostate struct ht_state *state = ht_engine_state(dashboard->session.engine);

    ht_ui_set_state(dashboard->ui, state);
    ht_ui_set_recording(dashboard->ui, recorded.failed ? HT_UI_RECORDING_FAILED
                                       : recorded.on   ? HT_UI_RECORDED
                                                       : HT_UI_NOT_RECORDED);
}

/* Polls until something happens or the screen is due; false: end. */
static bool turn(struct dashboard *dashboard, int64_t deadline_ns)
{
    struct pollfd fds[3 + HT_SIGNAL_FDS];
    int64_t due = ht_ui_next_draw(dashboard->ui);
    int64_t now = ht_clock_mono(ht_clock_system());

    if (deadline_ns && deadline_ns < due)
        due = deadline_ns;
    if (deadline_ns && now >= deadline_ns)
        return false;
    ht_terminal_poll(dashboard->terminal, fds);
    fds[2] = (struct pollfd){.fd = ht_engine_fd(dashboard->session.engine), .events = POLLIN};
    if (!obey_signals(dashboard, ht_signals_wait(fds, ARRAY_LEN(fds), due <= now ? 0 : due - now)))
        return false;
    if (fds[1].revents && ht_terminal_flush(dashboard->terminal) == -EPIPE)
        return false;
    if (fds[0].revents && !take_keys(dashboard))
        return false;
    if (fds[2].revents)
        take_state(dashboard);
    return !ht_ui_is_done(dashboard->ui);
}

static int loop(struct dashboard *dashboard)
{
    const struct ht_options *options = dashboard->session.options;
    int64_t deadline = 0;

    if (options->command == HT_CMD_RECORD && options->timeout_ns)
        deadline = ht_clock_mono(ht_clock_system()) + options->timeout_ns;
    take_state(dashboard);
    do
        paint(dashboard);
    while (turn(dashboard, deadline));
    return ht_signals_ending() ? 128 + ht_signals_ending() : HT_STATUS_CLEAN;
}

/* ---- start and end ---- */

static const char *const *other_causes(struct ht_str id)
{
    const struct ht_check *check = ht_catalogue_find(id);

    return check ? check->other_causes : NULL;
}

static bool needs(struct ht_str id, struct ht_str source)
{
    const struct ht_check *check = ht_catalogue_find(id);

    return !check || ht_check_needs(check, source);
}

static struct ht_ui_options ui_options(const struct ht_options *options, struct ht_arena *arena,
                                       bool utf8)
{
    struct ht_ui_options ui = {
        .version = PACKAGE_VERSION,
        .theme = options->theme,
        .utf8 = utf8 && !options->ascii,
        .utc = options->utc,
        .mouse = options->mouse,
        .questions = options->questions,
        .open = options->open,
        .view_dirs = ht_config_folders(arena),
    };
    const char *seen = first_run_file(arena);

    ui.first_run = !options->open && !options->from && options->command == HT_CMD_DASHBOARD &&
                   !(seen && access(seen, F_OK) == 0);
    ui.other_causes = other_causes;
    ui.needs = needs;
    ui.offer_demo = options->command == HT_CMD_DASHBOARD && !options->from;
    return ui;
}

static int fail(struct dashboard *dashboard, const struct ht_error *err, int status)
{
    dashboard->terminal = ht_terminal_close(dashboard->terminal);
    ht_complain(err);
    return status;
}

/* The first frame is on the screen before the fact tables are read or any source is opened. */
static int run_screen(struct dashboard *dashboard, const struct ht_options *options,
                      struct ht_arena *arena)
{
    struct ht_ui_calls calls = make_calls(dashboard);
    struct ht_error err = {0};
    struct ht_ui_options ui = ui_options(options, arena, ht_terminal_is_utf8(dashboard->terminal));

    /* From here on, also while a document is waited for, it can be ended. */
    if (ht_signals_start(&err) < 0)
        return fail(dashboard, &err, HT_STATUS_TERMINAL);
    dashboard->ui = ht_ui_new(&ui, &calls);
    dashboard->canvas = ht_canvas_new(24, 80);
    /* Home is there before its views are read; it is not shown to who asked for another page. */
    if (!ui.open)
        paint(dashboard);
    if (ht_ui_open(dashboard->ui, &err) < 0)
        return fail(dashboard, &err, HT_STATUS_USAGE);
    /* A document may take long to come. */
    if (ui.open || options->from)
        paint(dashboard);
    if (ht_session_open(&dashboard->session, options, arena, &err) < 0)
        return fail(dashboard, &err, HT_STATUS_USAGE);

    int r = ht_session_engine(&dashboard->session, options->command != HT_CMD_DEMO, &err);
    if (r < 0)
        return fail(dashboard, &err, r == -EBADMSG ? HT_STATUS_RECORDING : HT_STATUS_USAGE);
    if (ht_engine_start(dashboard->session.engine, &err) < 0)
        return fail(dashboard, &err, HT_STATUS_SOURCES);
    return loop(dashboard);
}

int ht_command_dashboard(const struct ht_options *options, struct ht_arena *arena)
{
    struct dashboard dashboard = {.session = {.options = options, .arena = arena}};
    struct ht_terminal_options terminal = {.in_fd = STDIN_FILENO,
                                           .out_fd = STDOUT_FILENO,
                                           .theme = options->theme,
                                           .color = options->color,
                                           .mouse = options->mouse};
    struct ht_error err = {0};

    ht_heap_stay();
    if (ht_signals_begin(ht_terminal_emergency, &err) < 0)
        return fail(&dashboard, &err, HT_STATUS_USAGE);
    if (options->plain || ht_terminal_check(&terminal, &err) == -ENOTTY)
        return ht_plain_run(options, arena, options->plain ? NULL : &err);
    if (ht_terminal_open(&terminal, &dashboard.terminal, &err) < 0)
        return fail(&dashboard, &err, HT_STATUS_TERMINAL);

    int status = run_screen(&dashboard, options, arena);
    dashboard.terminal = ht_terminal_close(dashboard.terminal);
    ht_ui_free(dashboard.ui);
    ht_canvas_free(dashboard.canvas);
    return ht_session_end(&dashboard.session, status);
}
