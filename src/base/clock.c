/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/clock.h"

#include <string.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now = {0};

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * HT_NS_PER_S + now.tv_nsec;
}

static int64_t system_mono(void *context)
{
    (void)context;
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t system_wall(void *context)
{
    (void)context;
    return read_clock(CLOCK_REALTIME);
}

const struct ht_clock *ht_clock_system(void)
{
    static const struct ht_clock clock = {.mono_ns = system_mono, .wall_ns = system_wall};

    return &clock;
}

int64_t ht_clock_mono(const struct ht_clock *clock)
{
    return clock->mono_ns(clock->context);
}

int64_t ht_clock_wall(const struct ht_clock *clock)
{
    return clock->wall_ns(clock->context);
}

/* So many digits and what stands behind them: a format costs more than all of them. */
static char *put_digits(char *at, int value, int digits, char behind)
{
    for (int i = digits; i > 0; value /= 10)
        at[--i] = (char)('0' + value % 10);
    at[digits] = behind;
    return at + digits + 1;
}

const char *ht_time_format_utc(int64_t wall_ns, bool with_ms, char *out)
{
    int64_t ns = wall_ns % HT_NS_PER_S;
    time_t seconds = (time_t)(wall_ns / HT_NS_PER_S);
    struct tm tm;

    if (ns < 0) {
        ns += HT_NS_PER_S;
        seconds -= 1;
    }
    if (!gmtime_r(&seconds, &tm)) {
        memcpy(out, "?", 2);
        return out;
    }

    /* Nanoseconds since 1970 reach from 1677 to 2262. */
    char *at = put_digits(out, tm.tm_year + 1900, 4, '-');
    at = put_digits(at, tm.tm_mon + 1, 2, '-');
    at = put_digits(at, tm.tm_mday, 2, 'T');
    at = put_digits(at, tm.tm_hour, 2, ':');
    at = put_digits(at, tm.tm_min, 2, ':');
    at = put_digits(at, tm.tm_sec, 2, with_ms ? '.' : 'Z');
    if (with_ms)
        at = put_digits(at, (int)(ns / HT_NS_PER_MS), 3, 'Z');
    *at = '\0';
    return out;
}

int64_t ht_time_of(const struct timespec *at)
{
    int64_t ns;

    if (__builtin_mul_overflow((int64_t)at->tv_sec, HT_NS_PER_S, &ns) ||
        __builtin_add_overflow(ns, (int64_t)at->tv_nsec, &ns))
        return at->tv_sec < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

int64_t ht_time_of_statx(struct statx_timestamp at)
{
    return ht_time_of(&(struct timespec){.tv_sec = at.tv_sec, .tv_nsec = at.tv_nsec});
}

struct timespec ht_timespec(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / HT_NS_PER_S, .tv_nsec = ns % HT_NS_PER_S};
}

int64_t ht_time_age(int64_t now_ns, int64_t at_ns)
{
    int64_t age;

    if (__builtin_sub_overflow(now_ns, at_ns, &age))
        return now_ns > at_ns ? INT64_MAX : INT64_MIN;
    return age;
}
