/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals. HUP, TERM, INT and QUIT belong to a thread of their own: it tells the main thread to
 * end, and if that is stuck for a second, restores the terminal and ends the program. WINCH, TSTP
 * and CONT come to the main thread by a descriptor. Layer 7 (app).
 */
#ifndef HT_APP_SIGNALS_H
#define HT_APP_SIGNALS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hulltop/base/error.h"

enum ht_signal_word {
    HT_SIGNAL_END = 1 << 0,     /* HUP, TERM, INT, QUIT */
    HT_SIGNAL_RESIZE = 1 << 1,  /* WINCH */
    HT_SIGNAL_SUSPEND = 1 << 2, /* TSTP */
    HT_SIGNAL_RESUME = 1 << 3,  /* CONT */
};

enum { HT_SIGNAL_FDS = 2 };

/* Blocks the signals: before any thread starts and before the terminal is opened. emergency is
 * called when the program must end at once (async-signal-safe). PIPE is ignored, and so stays an
 * ending signal that was ignored before. */
int ht_signals_begin(void (*emergency)(void), struct ht_error *err);
/* Starts the thread that owns the ending signals: before anything that may wait, a file that is
 * opened among it. */
int ht_signals_start(struct ht_error *err);
/* Waits until one of fds is ready or a signal has come, at most left_ns (negative: for ever). The
 * last HT_SIGNAL_FDS of the len fds are its own. Returns the signals that came since the last call
 * (enum ht_signal_word), HT_SIGNAL_END too where nothing can be waited for. Main thread. */
unsigned ht_signals_wait(struct pollfd *fds, size_t len, int64_t left_ns);
/* The ending signal that came, 0: none. The program's status is then 128 + this. */
int ht_signals_ending(void);
/* Main ends properly and takes at most so many seconds for it: not before them is the emergency, of
 * a signal that came and of one that comes only then. */
void ht_signals_give_time(int seconds);
/* Stops the program and its group, as a terminal does at C-z, until it is continued: a shell waits
 * for the group. False: it did not stop, for an ending signal came before, or no shell waits that
 * could continue it, or the one that does has no jobs and ignores the signal. Main thread. */
bool ht_signals_stop_self(void);
/* Ends the program by SIGPIPE, as a filter whose reader went away; returns only if that signal was
 * ignored from the start. */
void ht_signals_end_by_pipe(void);

#endif
