/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <config.h>

#include "plain.h"

#include <errno.h>
#include <unistd.h>

#include "config-file.h"
#include "session.h"
#include "signals.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/printable.h"
#include "hulltop/ui/ui.h"

enum { LINE_MAX_BYTES = 4096, OUT_MAX_BYTES = 1024 * 1024 };

struct lines {
    struct ht_session session;
    struct ht_plain *plain;
    struct ht_buf typed; /* of a line that is not complete yet */
    bool input_ended;
    bool hurrying; /* a recording is told as fast as it can be read */
    bool complete; /* every source has answered or failed; a recording has ended */
    bool unread;   /* the reader of the lines has gone */
    int status;
};

static void call_rescan(void *context)
{
    struct lines *lines = context;

    ht_engine_rescan(lines->session.engine);
}

static void call_open(void *context, struct ht_str finding)
{
    struct lines *lines = context;

    ht_engine_open(lines->session.engine, finding);
}

/* A recording is ended properly before a reader that has gone ends the program. */
static bool put(struct lines *lines, struct ht_buf *out)
{
    int r = ht_write_all(STDOUT_FILENO, ht_buf_str(out));
    struct ht_error err = {0};

    ht_buf_reset(out);
    if (r == 0)
        return true;
    lines->status = HT_STATUS_TERMINAL;
    lines->unread = r == -EPIPE;
    if (!lines->unread) {
        ht_error_errno(&err, -r, "standard output");
        ht_complain(&err);
    }
    return false;
}

/* Carries out the line that was typed; of one that is too long no part is a command. False: end. */
static bool end_line(struct lines *lines, struct ht_buf *out)
{
    bool go_on = true;

    if (ht_buf_is_full(&lines->typed))
        ht_buf_addf(out, "not obeyed: a line of more than %d bytes\n", (int)LINE_MAX_BYTES);
    else
        go_on = ht_plain_command(lines->plain, ht_buf_str(&lines->typed), out);
    ht_buf_reset(&lines->typed);
    return go_on;
}

/* Takes what was typed and carries out the lines that it ends; false: end. */
static bool obey(struct lines *lines, struct ht_str bytes, struct ht_buf *out)
{
    for (;;) {
        ptrdiff_t end = ht_str_find_byte(bytes, '\n');

        ht_buf_add_str(&lines->typed, ht_str_sub(bytes, 0, end < 0 ? bytes.len : (size_t)end));
        if (end < 0)
            return true;
        if (!end_line(lines, out))
            return false;
        bytes = ht_str_sub(bytes, (size_t)end + 1, bytes.len);
    }
}

/* Nobody is there to wait with: the recording is told to its end, frame by frame. Paused, it shows
 * one state for each step, so that none is passed over. */
static void hurry(struct lines *lines, const struct ht_state *state)
{
    if (!lines->input_ended || !ht_state_is_replay(state) || state->replay.ended)
        return;
    if (state->replay.paused)
        ht_engine_replay_step(lines->session.engine, 1);
    else if (!lines->hurrying)
        ht_engine_replay_pause(lines->session.engine, true);
    lines->hurrying = true;
}

static void take_state(struct lines *lines, struct ht_buf *out)
{
    ht_autostate struct ht_state *state = ht_engine_state(lines->session.engine);

    ht_plain_state(lines->plain, state, out);
    lines->complete =
        lines->complete || (ht_state_is_replay(state) ? state->replay.ended : state->complete);
    hurry(lines, state);
}

/* Reads what was typed; false: end. */
static bool take_input(struct lines *lines, struct ht_buf *out)
{
    char bytes[1024];
    ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n > 0)
        return obey(lines, (struct ht_str){.data = bytes, .len = (size_t)n}, out);
    /* The last line may have no end. */
    if (lines->typed.len && !end_line(lines, out))
        return false;
    /* Who asks for the state takes the news of it too: it may be the last one. */
    lines->input_ended = true;
    take_state(lines, out);
    return true;
}

/* The end of input ends the dashboard once there is something to read; a recording ends when no
 * more of it can be written. */
static bool is_over(const struct lines *lines)
{
    if (ht_engine_recorded(lines->session.engine).failed)
        return true;
    return lines->input_ended && lines->complete &&
           lines->session.options->command != HT_CMD_RECORD;
}

static void loop(struct lines *lines)
{
    ht_autobuf struct ht_buf out = HT_BUF(OUT_MAX_BYTES);
    const struct ht_options *options = lines->session.options;
    int64_t start = ht_clock_mono(ht_clock_system());
    int64_t left = -1;

    for (bool go_on = true; go_on && put(lines, &out);) {
        struct pollfd fds[2 + HT_SIGNAL_FDS] = {
            {.fd = lines->input_ended ? -1 : STDIN_FILENO, .events = POLLIN},
            {.fd = ht_engine_fd(lines->session.engine), .events = POLLIN}};

        if (options->timeout_ns)
            left = start + options->timeout_ns - ht_clock_mono(ht_clock_system());
        if (options->timeout_ns && left <= 0)
            return;
        unsigned words = ht_signals_wait(fds, ARRAY_LEN(fds), left);
        if (words & HT_SIGNAL_END)
            return;
        if (words & HT_SIGNAL_SUSPEND)
            ht_signals_stop_self();
        if (fds[0].revents)
            go_on = take_input(lines, &out);
        if (fds[1].revents)
            take_state(lines, &out);
        go_on = go_on && !is_over(lines);
    }
    put(lines, &out);
}

static int start(struct lines *lines, const struct ht_options *options, struct ht_arena *arena)
{
    const struct ht_ui_options ui = {
        .version = PACKAGE_VERSION,
        .utc = options->utc,
        .questions = options->questions,
        .open = options->open,
        .view_dirs = ht_config_folders(arena),
    };
    const struct ht_ui_calls calls = {.context = lines, .rescan = call_rescan, .open = call_open};
    struct ht_error err = {0};
    int r;

    if (ht_plain_new(&ui, &calls, &lines->plain, &err) < 0) {
        ht_complain(&err);
        return HT_STATUS_USAGE;
    }
    if (ht_signals_start(&err) < 0) {
        ht_complain(&err);
        return HT_STATUS_TERMINAL;
    }
    r = ht_session_open(&lines->session, options, arena, &err);
    if (r == 0)
        r = ht_session_engine(&lines->session, options->command != HT_CMD_DEMO, &err);
    if (r < 0) {
        ht_complain(&err);
        return r == -EBADMSG ? HT_STATUS_RECORDING : HT_STATUS_USAGE;
    }
    if (ht_engine_start(lines->session.engine, &err) < 0) {
        ht_complain(&err);
        return HT_STATUS_SOURCES;
    }
    loop(lines);
    return lines->status ? lines->status
                         : (ht_signals_ending() ? 128 + ht_signals_ending() : HT_STATUS_CLEAN);
}

int ht_plain_run(const struct ht_options *options, struct ht_arena *arena,
                 const struct ht_error *why)
{
    struct lines lines = {.session = {.options = options, .arena = arena},
                          .typed = HT_BUF(LINE_MAX_BYTES)};

    if (why) {
        struct ht_str rest = ht_str_from(why->text), first;
        struct ht_error told = {0};

        if (ht_str_next(&rest, '\n', &first))
            ht_error_set(&told, why->code, "%.*s: plain lines instead of a screen",
                         HT_STR_ARG(first));
        ht_complain(&told);
    }
    int status = start(&lines, options, arena);
    ht_plain_free(lines.plain);
    ht_buf_fini(&lines.typed);
    status = ht_session_end(&lines.session, status);
    if (lines.unread)
        ht_signals_end_by_pipe();
    return status;
}
