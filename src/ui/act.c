/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Actions that every screen has. */
#include <config.h>

#include "ui-private.h"

static bool suits_back(const struct ht_ui *ui, const struct ht_page *page)
{
    return page != ui->pages[0];
}

static bool suits_rescan(const struct ht_ui *ui, const struct ht_page *page)
{
    (void)page;
    return ui->state->origin == HT_ORIGIN_LIVE;
}

/* One moment stands still by itself. */
static bool suits_pause(const struct ht_ui *ui, const struct ht_page *page)
{
    (void)page;
    return ui->state->origin == HT_ORIGIN_LIVE || ht_state_is_replay(ui->state);
}

/* Those of a replay stand at the end: other states do not offer them. */
static const struct ht_offer common[] = {
    {.action = HT_ACTION_PANE_1},
    {.action = HT_ACTION_PANE_2},
    {.action = HT_ACTION_PANE_3},
    {.action = HT_ACTION_PANE_4},
    {.action = HT_ACTION_PANE_5},
    {.action = HT_ACTION_PANE_6},
    {.action = HT_ACTION_MAP},
    {.action = HT_ACTION_TIMELINE},
    {.action = HT_ACTION_EVERYTHING},
    {.action = HT_ACTION_HOME},
    {.action = HT_ACTION_WHY},
    {.action = HT_ACTION_PAUSE, .suits = suits_pause},
    {.action = HT_ACTION_RESCAN, .suits = suits_rescan},
    {.action = HT_ACTION_REDRAW},
    {.action = HT_ACTION_MOUSE},
    {.action = HT_ACTION_UTC},
    {.action = HT_ACTION_COMMAND},
    {.action = HT_ACTION_HELP, .hinted = true, .keep = true},
    {.action = HT_ACTION_CLOSE, .hinted = true, .keep = true, .hint = "close", .suits = suits_back},
    {.action = HT_ACTION_CLOSE, .hinted = true, .keep = true},
    {.action = HT_ACTION_QUIT},
    {.action = HT_ACTION_SUSPEND},
    {.action = HT_ACTION_BACK, .suits = suits_back},
    {.action = HT_ACTION_RESTART},
    {.action = HT_ACTION_STEP_BACK, .help = "One step back in time, and hold"},
    {.action = HT_ACTION_STEP_FORWARD, .help = "One step forward in time, and hold"},
    {.action = HT_ACTION_PLUS, .help = "Play faster"},
    {.action = HT_ACTION_MINUS, .help = "Play slower"},
};
enum { REPLAY_OFFERS = 5 };

struct ht_offers ht_ui_offers(const struct ht_ui *ui)
{
    return ht_ui_page_offers(ui, ht_ui_top(ui));
}

struct ht_offers ht_ui_page_offers(const struct ht_ui *ui, const struct ht_page *page)
{
    const struct ht_screen *screen = page->screen;

    return (struct ht_offers){
        .own = screen->offers,
        .own_len = screen->offered ? screen->offered(page) : screen->offers_len,
        .common = common,
        .common_len = ARRAY_LEN(common) - (ht_state_is_replay(ui->state) ? 0 : REPLAY_OFFERS),
        .ui = ui,
        .page = page,
    };
}

/* Several keys may come before the first of them shows. */
static bool is_replay_paused(const struct ht_ui *ui)
{
    return ui->asked.has_paused ? ui->asked.paused : ui->state->replay.paused;
}

static void pause_replay(struct ht_ui *ui, bool paused)
{
    ui->asked.has_paused = true;
    ui->asked.paused = paused;
    ui->asked.count++;
    ui->calls.replay_pause(ui->calls.context, paused);
}

/* It stays where the step leads: one back that plays on would be where it was at once. */
static void step_replay(struct ht_ui *ui, int frames)
{
    if (!is_replay_paused(ui))
        pause_replay(ui, true);
    ui->calls.replay_step(ui->calls.context, frames);
}

static void toggle_pause(struct ht_ui *ui)
{
    if (ht_state_is_replay(ui->state)) {
        pause_replay(ui, !is_replay_paused(ui));
        return;
    }
    if (!ui->paused) {
        ui->paused_ns = ht_ui_now(ui);
        ui->paused = true;
        return;
    }
    ui->paused = false;
    if (ui->waiting) {
        struct ht_state *waiting = ht_steal_ptr(ui->waiting);

        ht_ui_set_state(ui, waiting);
        ht_state_unref(waiting);
    }
}

static void change_speed(struct ht_ui *ui, bool faster)
{
    double speed = ui->asked.speed > 0 ? ui->asked.speed : ui->state->replay.speed;

    speed = speed > 0 ? speed : 1.0;
    speed = faster ? speed * 2 : speed / 2;
    if (speed > 64.0) {
        ht_ui_message(ui, "x64 is the fastest");
    } else if (speed < 0.25) {
        ht_ui_message(ui, "x0.25 is the slowest");
    } else {
        ui->asked.speed = speed;
        ui->asked.count++;
        ui->calls.replay_speed(ui->calls.context, speed);
    }
}

/* Everything is cleared, and it plays. */
static void restart_replay(struct ht_ui *ui)
{
    for (size_t i = 0; i < ui->depth; i++)
        ht_list_unmark(ui->pages[i]);
    ui->asked.has_paused = true;
    ui->asked.paused = false;
    ui->asked.count++;
    ui->calls.replay_restart(ui->calls.context);
}

/* False: not an action of a replay. */
static bool act_replay(struct ht_ui *ui, enum ht_action action)
{
    if (!ht_state_is_replay(ui->state))
        return false;
    if (action == HT_ACTION_RESTART)
        restart_replay(ui);
    else if (action == HT_ACTION_STEP_BACK || action == HT_ACTION_STEP_FORWARD)
        step_replay(ui, action == HT_ACTION_STEP_FORWARD ? 1 : -1);
    else if (action == HT_ACTION_PLUS || action == HT_ACTION_MINUS)
        change_speed(ui, action == HT_ACTION_PLUS);
    else
        return false;
    return true;
}

static void take_command(struct ht_ui *ui, struct ht_page *page, struct ht_str text, bool done)
{
    (void)page;
    if (done)
        ht_ui_command(ui, text);
}

static void close_or_quit(struct ht_ui *ui)
{
    if (ui->depth > 1)
        ht_ui_pop(ui);
    else
        ui->done = true;
}

static void toggle_mouse(struct ht_ui *ui)
{
    ui->options.mouse = !ui->options.mouse;
    ui->calls.mouse(ui->calls.context, ui->options.mouse);
    ht_ui_message(ui, ui->options.mouse ? "mouse on: hold Shift to select text" : "mouse off");
}

/* A narrow clock has no zone beside it, and where the zone is UTC nothing else changes. */
static void toggle_utc(struct ht_ui *ui)
{
    ht_autobuf struct ht_buf zone = HT_BUF(40);

    ui->options.utc = !ui->options.utc;
    ht_ui_zone_text(ui, &zone);
    if (ui->options.utc)
        ht_ui_message(ui, "times are in UTC");
    else
        ht_ui_messagef(ui, "times are local (%.*s)", HT_STR_ARG(ht_buf_str(&zone)));
}

/* Home has nothing to go back to. */
static void go_back(struct ht_ui *ui)
{
    if (ui->depth > 1)
        ht_ui_pop(ui);
    else
        ht_ui_message(ui, "this is the first screen: q quits");
}

/* One that is open already is gone back to, as it was; the new one is freed. */
static void go_to(struct ht_ui *ui, struct ht_page *page)
{
    for (size_t i = 1; i < ui->depth; i++) {
        if (ui->pages[i]->screen != page->screen)
            continue;
        page->screen->free(page);
        while (ui->depth > i + 1)
            ht_ui_pop(ui);
        return;
    }
    ht_ui_push(ui, page);
}

/* False: not an action that leads somewhere else. */
static bool act_go(struct ht_ui *ui, enum ht_action action)
{
    if (action >= HT_ACTION_PANE_1 && action <= HT_ACTION_PANE_6)
        ht_ui_open_question(ui, (unsigned)(action - HT_ACTION_PANE_1) + 1);
    else if (action == HT_ACTION_MAP)
        go_to(ui, ht_builds_map_new());
    else if (action == HT_ACTION_TIMELINE)
        go_to(ui, ht_ui_timeline_new());
    else if (action == HT_ACTION_EVERYTHING)
        ht_ui_open_view(ui, HT_S("everything"));
    else if (action == HT_ACTION_HOME)
        ht_ui_pop_all(ui);
    else if (action == HT_ACTION_BACK)
        go_back(ui);
    else if (action == HT_ACTION_CLOSE)
        close_or_quit(ui);
    else if (action == HT_ACTION_QUIT)
        ui->done = true;
    else if (action == HT_ACTION_HELP)
        ht_ui_push(ui, ht_help_new());
    else if (action == HT_ACTION_PLAIN_TEXT)
        ht_ui_push(ui, ht_text_page_new());
    else if (action == HT_ACTION_WHY)
        ht_ui_push(ui, ht_why_new(ui));
    else
        return false;
    return true;
}

static void rescan(struct ht_ui *ui)
{
    if (ui->state->origin != HT_ORIGIN_LIVE) {
        ht_ui_message(ui, "a recording has no sources that could look again");
        return;
    }
    ui->calls.rescan(ui->calls.context);
    ht_ui_message(ui, "asked all sources to look again");
}

static void act_other(struct ht_ui *ui, enum ht_action action)
{
    void *context = ui->calls.context;

    if (action == HT_ACTION_PAUSE) {
        toggle_pause(ui);
    } else if (action == HT_ACTION_RESCAN) {
        rescan(ui);
    } else if (action == HT_ACTION_REDRAW) {
        ui->calls.redraw(context);
    } else if (action == HT_ACTION_MOUSE) {
        toggle_mouse(ui);
    } else if (action == HT_ACTION_UTC) {
        toggle_utc(ui);
    } else if (action == HT_ACTION_SUSPEND) {
        ui->calls.suspend(context);
    } else if (action == HT_ACTION_COMMAND) {
        ht_ui_prompt(ui, HT_PROMPT_COMMAND, HT_S(""), take_command);
    }
}

void ht_ui_act(struct ht_ui *ui, enum ht_action action)
{
    struct ht_page *page = ht_ui_top(ui);

    if (act_replay(ui, action) || page->screen->act(ui, page, action) || act_go(ui, action))
        return;
    act_other(ui, action);
}
