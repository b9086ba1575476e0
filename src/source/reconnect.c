/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reconnect.h"

#include <errno.h>

#include "hulltop/base/clock.h"

#define PAUSE_MIN_NS   (1 * HT_NS_PER_S)
#define TIMEOUT_MAX_NS (60 * HT_NS_PER_S)
#define GONE_MAX_NS    (2 * HT_NS_PER_S)

enum {
    LEAST_MS = 2000,
    PATIENCE_TIMES = 8 /* what a slow daemon is given at most, in times of the least */
};

void ht_reconnect_init(struct ht_reconnect *reconnect, int64_t timeout_ns, int64_t pause_max_ns)
{
    bool given = timeout_ns >= HT_NS_PER_MS && timeout_ns <= TIMEOUT_MAX_NS;

    reconnect->least_ms = given ? (unsigned)(timeout_ns / HT_NS_PER_MS) : LEAST_MS;
    reconnect->patience_ms = reconnect->least_ms;
    reconnect->pause_ns = PAUSE_MIN_NS;
    reconnect->pause_max_ns = pause_max_ns;
}

void ht_reconnect_succeeded(struct ht_reconnect *reconnect)
{
    reconnect->good = true;
    reconnect->was_there = true;
}

void ht_reconnect_took(struct ht_reconnect *reconnect, int64_t took_ns)
{
    if (reconnect->patience_ms > reconnect->least_ms &&
        took_ns < reconnect->patience_ms * HT_NS_PER_MS / 4)
        reconnect->patience_ms /= 2;
}

/* Half to one and a half of the pause, so that many nodes do not ask at once. */
static int64_t with_jitter(int64_t pause_ns, int64_t now_ns)
{
    return pause_ns / 2 + (int64_t)((uint64_t)now_ns / 1000 * 2654435761u % (uint64_t)pause_ns);
}

/* One that gives all its answers and goes away at once is asked for all of them again: only who
 * stayed for a while is not kept waiting. */
static void judge_session(struct ht_reconnect *reconnect, int64_t took_ns)
{
    if (reconnect->good && took_ns > reconnect->pause_max_ns)
        reconnect->pause_ns = PAUSE_MIN_NS;
    reconnect->good = false;
}

/* Nobody listens at the socket of who was there: it is being restarted, or was stopped. To look
 * costs a system call or two and nobody's answer, so that who is back is seen soon. */
static bool is_gone(const struct ht_reconnect *reconnect, int code)
{
    return reconnect->by_socket && reconnect->was_there &&
           (code == -ECONNREFUSED || code == -ENOENT);
}

/* Waits before the next attempt, as long as the server asked at least; but for that, a person's
 * request cuts it short. Pauses grow, but for who is gone not beyond its own longest one; nor do
 * they shrink by that, so that who comes and fails again and again is left alone as long as ever.
 * False: the end. */
static bool pause_before_retry(struct ht_reconnect *reconnect, struct ht_feed *feed, bool gone,
                               int64_t asked_ns)
{
    struct ht_request request = {0};
    int64_t start = ht_clock_mono(feed->clock), now = start;
    int64_t pause_ns = with_jitter(reconnect->pause_ns, start);
    int64_t max_ns = gone ? GONE_MAX_NS : reconnect->pause_max_ns;
    int64_t end = start + (gone && pause_ns > GONE_MAX_NS ? GONE_MAX_NS : pause_ns);

    if (end < start + asked_ns)
        end = start + asked_ns;
    while (now < end) {
        feed->at(feed, "waiting before the next attempt");
        if (!feed->wait(feed, end - now, &request))
            return false;
        if (request.kind == HT_REQUEST_RESCAN && asked_ns == 0 && end > start + PAUSE_MIN_NS / 2)
            end = start + PAUSE_MIN_NS / 2;
        now = ht_clock_mono(feed->clock);
    }
    if (reconnect->pause_ns < max_ns)
        reconnect->pause_ns = reconnect->pause_ns > max_ns / 2 ? max_ns : reconnect->pause_ns * 2;
    return true;
}

/* What was there was stopped; that what somebody named is missing is no proof that nothing runs. */
static void tell(struct ht_reconnect *reconnect, struct ht_feed *feed,
                 const struct ht_reconnect_ops *ops, void *self, struct ht_trouble *trouble)
{
    bool absent = trouble->state == HT_SOURCE_STATE_ABSENT;
    const char *help = reconnect->was_there ? ops->stopped : reconnect->named;
    bool again = reconnect->told_quiet;

    reconnect->told_quiet = absent && reconnect->quiet && !reconnect->was_there;
    if (reconnect->told_quiet) {
        if (!again)
            feed->publish(feed, ht_node_new(ht_clock_wall(feed->clock)));
        return;
    }
    if (absent && help) {
        trouble->state = HT_SOURCE_STATE_BROKEN;
        trouble->help = help;
    }
    ops->tell(self, trouble);
}

void ht_reconnect_run(struct ht_reconnect *reconnect, struct ht_feed *feed,
                      const struct ht_reconnect_ops *ops, void *self)
{
    struct ht_request request;

    for (;;) {
        struct ht_trouble trouble = {.state = HT_SOURCE_STATE_BROKEN, .help = ""};
        int64_t began = ht_clock_mono(feed->clock);
        int r = ops->session(self, &trouble);

        if (r == 0)
            break;
        judge_session(reconnect, ht_clock_mono(feed->clock) - began);
        if (r == -ETIMEDOUT && reconnect->patience_ms < reconnect->least_ms * PATIENCE_TIMES)
            reconnect->patience_ms *= 2;
        if (!feed->wait(feed, 0, &request))
            break;
        tell(reconnect, feed, ops, self, &trouble);
        ops->disconnect(self);
        if (!pause_before_retry(reconnect, feed, is_gone(reconnect, r), trouble.retry_ns))
            break;
    }
    ops->disconnect(self);
}
