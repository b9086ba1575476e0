/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wait.h"

#include "signals.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/privilege.h"

/* Containers start all the time on some nodes: the answer waits no longer than this for them. */
#define AWAITED_MAX_NS (4 * HT_NS_PER_S)
/* What the engine may take for the one answer that it makes when time is up. It waits for nobody
 * then; on a node that is very busy it takes its time, and what was found would be lost. */
#define LAST_NS (60 * HT_NS_PER_S)

static void no_terminal(void)
{
}

int ht_wait_prepare(struct ht_error *err)
{
    int r = ht_signals_begin(no_terminal, err);

    return r < 0 ? r : ht_signals_start(err);
}

/* Of a recording the end is asked about: what it says there is all that will come. Live, a
 * container that is just starting is given the second look that tells its privileges. */
static bool is_answer(const struct ht_state *state)
{
    if (state->origin == HT_ORIGIN_REPLAY)
        return state->replay.ended;
    return state->complete &&
           (state->origin != HT_ORIGIN_LIVE || !ht_privilege_is_awaited(state->node));
}

int ht_wait_for_answer(struct ht_session *session, int64_t timeout_ns, struct ht_state **ret_state)
{
    struct ht_engine *engine = session->engine;
    int64_t deadline = ht_clock_mono(ht_clock_system()) + timeout_ns;
    bool whole = false;
    struct ht_error err = {0};

    ht_engine_await_all(engine, timeout_ns);
    if (ht_engine_start(engine, &err) < 0) {
        ht_complain(&err);
        return HT_STATUS_SOURCES;
    }
    ht_engine_replay_seek(engine, INT64_MAX);
    for (;;) {
        struct ht_state *state = ht_engine_state(engine);
        int64_t now = ht_clock_mono(ht_clock_system());
        struct pollfd fds[1 + HT_SIGNAL_FDS] = {{.fd = ht_engine_fd(engine), .events = POLLIN}};

        if (state->origin == HT_ORIGIN_LIVE && state->complete && !whole) {
            whole = true;
            if (deadline > now + AWAITED_MAX_NS)
                deadline = now + AWAITED_MAX_NS;
        }
        int64_t left = deadline - now;
        if (state->origin == HT_ORIGIN_LIVE && state->serial == 0)
            left += LAST_NS;
        if (is_answer(state) || left <= 0) {
            *ret_state = state;
            return HT_STATUS_CLEAN;
        }
        ht_state_unref(state);
        unsigned words = ht_signals_wait(fds, ARRAY_LEN(fds), left);
        if (words & HT_SIGNAL_END)
            return 128 + ht_signals_ending();
        if (words & HT_SIGNAL_SUSPEND) {
            int64_t stopped = ht_clock_mono(ht_clock_system());

            ht_signals_stop_self();
            deadline += ht_clock_mono(ht_clock_system()) - stopped;
        }
    }
}
