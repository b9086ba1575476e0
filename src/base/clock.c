/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/clock.h"

#include <stdio.h>
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

const char *ht_time_format_utc(int64_t wall_ns, int with_ms, char *out)
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
    size_t len = strftime(out, HT_TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
    if (with_ms)
        snprintf(out + len, HT_TIME_TEXT_MAX - len, ".%03dZ", (int)(ns / HT_NS_PER_MS));
    else
        snprintf(out + len, HT_TIME_TEXT_MAX - len, "Z");
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
