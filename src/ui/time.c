/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock of the screens, and times as they are shown. */
#include <config.h>

#include "ui-private.h"

#include <time.h>

#define DAY_NS (24 * 60 * 60 * HT_NS_PER_S)

enum { AGE_STEP = 5 /* seconds */ };

bool ht_ui_clock_stands(const struct ht_ui *ui)
{
    const struct ht_state *state = ui->state;

    if (ui->options.hash_clock || ui->paused)
        return true;
    switch (state->origin) {
    case HT_ORIGIN_LIVE:
        return false;
    case HT_ORIGIN_NODE:
    case HT_ORIGIN_REPORT:
        return true;
    case HT_ORIGIN_REPLAY:
    case HT_ORIGIN_DEMO:
        return state->replay.paused || state->replay.ended;
    }
    return true;
}

int64_t ht_ui_now(const struct ht_ui *ui)
{
    const struct ht_state *state = ui->state;

    if (!ui->has_state && !ui->options.hash_clock)
        return ht_clock_wall(ui->clock);
    if (ui->paused)
        return ui->paused_ns;

    int64_t told = ht_state_is_replay(state) ? state->replay.now_ns : state->now_ns;
    int64_t passed = ht_clock_mono(ui->clock) - state->mono_ns;
    double speed = ht_state_is_replay(state) ? state->replay.speed : 1.0;
    if (ht_ui_clock_stands(ui) || passed < 0)
        return told;
    return told + (int64_t)((double)passed * speed);
}

static time_t seconds_of(int64_t at_ns)
{
    return (time_t)(at_ns / HT_NS_PER_S - (at_ns % HT_NS_PER_S < 0));
}

static bool split_utc(int64_t at_ns, struct tm *ret_tm)
{
    time_t seconds = seconds_of(at_ns);

    return gmtime_r(&seconds, ret_tm) != NULL;
}

/* False: the time is out of range. */
static bool split(const struct ht_ui *ui, int64_t at_ns, struct tm *ret_tm)
{
    time_t seconds = seconds_of(at_ns);

    return ui->options.utc ? split_utc(at_ns, ret_tm) : localtime_r(&seconds, ret_tm) != NULL;
}

void ht_ui_time_text(const struct ht_ui *ui, struct ht_buf *out, int64_t at_ns)
{
    struct tm at, now;
    char text[40];

    if (!split(ui, at_ns, &at) || !split(ui, ht_ui_now(ui), &now)) {
        ht_buf_add_c(out, '?');
        return;
    }
    /* Tables name days, in UTC, and most of them of other years. */
    bool day = at_ns % DAY_NS == 0;
    bool today = at.tm_year == now.tm_year && at.tm_yday == now.tm_yday;
    const char *format = day || at.tm_year != now.tm_year ? "%Y-%m-%d"
                         : today                          ? "%H:%M:%S"
                                                          : "%m-%d %H:%M";

    if (day)
        (void)split_utc(at_ns, &at);
    if (strftime(text, sizeof(text), format, &at) > 0)
        ht_buf_add_text(out, text);
}

void ht_ui_clock_text(const struct ht_ui *ui, struct ht_buf *out, int64_t at_ns)
{
    struct tm at;
    char text[40];

    if (split(ui, at_ns, &at) && strftime(text, sizeof(text), "%H:%M:%S", &at) > 0)
        ht_buf_add_text(out, text);
}

int64_t ht_ui_clock_seconds(const struct ht_ui *ui, int64_t at_ns)
{
    struct tm at;

    return split(ui, at_ns, &at) ? ((int64_t)at.tm_hour * 60 + at.tm_min) * 60 + at.tm_sec : 0;
}

void ht_ui_zone_text(const struct ht_ui *ui, struct ht_buf *out)
{
    struct tm now;
    char text[40];

    if (ui->options.utc)
        ht_buf_add_text(out, "UTC");
    else if (split(ui, ht_ui_now(ui), &now) && strftime(text, sizeof(text), "%Z", &now) > 0)
        ht_buf_add_text(out, text);
}

/* Counted in seconds of the clock on the screen, so that all ages go on when it does. They go by
 * fives, for every age of the screen each second is most of what a screen at rest would send; what
 * is looked at every second, or was within the last five, is "1s" old all the time: to and fro with
 * each look is no news. */
void ht_ui_age_text(const struct ht_ui *ui, struct ht_buf *out, int64_t at_ns)
{
    const int64_t most = INT64_MAX / HT_NS_PER_S;
    int64_t seconds = ht_ui_now(ui) / HT_NS_PER_S - at_ns / HT_NS_PER_S;

    if (seconds >= AGE_STEP)
        seconds -= seconds % AGE_STEP;
    else if (seconds >= 0)
        seconds = 1;
    if (ui->options.hash_clock)
        ht_buf_add_c(out, '-');
    else
        ht_age_text(out, (seconds > most ? most : seconds) * HT_NS_PER_S);
}
