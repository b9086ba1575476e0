/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time, injected so that tests and replays have their own. Layer 1 (base); any thread.
 * Durations and deadlines are monotonic nanoseconds; wall time (ns since 1970) is for display,
 * documents and comparison with times that came from outside.
 */
#ifndef HT_BASE_CLOCK_H
#define HT_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#define HT_NS_PER_MS INT64_C(1000000)
#define HT_NS_PER_S  INT64_C(1000000000)

struct ht_clock {
    int64_t (*mono_ns)(void *context); /* never goes back */
    int64_t (*wall_ns)(void *context);
    void *context;
};

/* The system's clock. */
const struct ht_clock *ht_clock_system(void);
int64_t ht_clock_mono(const struct ht_clock *clock);
int64_t ht_clock_wall(const struct ht_clock *clock);

/* A file's time as wall time; one that does not fit, which a file system may well hold, becomes the
 * nearest that does. */
int64_t ht_time_of(const struct timespec *at);
int64_t ht_time_of_statx(struct statx_timestamp at);
/* Nanoseconds as the system's calls take them. */
struct timespec ht_timespec(int64_t ns);

/* How long before now that was; times of a recording may be anything, so it stops at the ends. */
int64_t ht_time_age(int64_t now_ns, int64_t at_ns);

enum { HT_TIME_TEXT_MAX = 40 };
/* Writes wall time as RFC 3339 in UTC ("2026-11-23T14:02:31Z", with milliseconds when with_ms) into
 * out (HT_TIME_TEXT_MAX bytes) and returns out. Out-of-range times give "?". */
const char *ht_time_format_utc(int64_t wall_ns, bool with_ms, char *out);

#endif
