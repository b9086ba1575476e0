/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal: shows canvases, reads keys, and is left as it was found. Layer 6 (ui); the
 * implementation, curses.c, is the only file that touches curses. Main thread only, except the
 * emergency function. One terminal at a time.
 *
 * Nothing here ever waits for the terminal: curses writes into memory, and the bytes go out on a
 * descriptor of our own that does not block.  While bytes of an earlier frame are still waiting,
 * new frames are skipped (the newest is shown when there is room again).  The cursor is never
 * hidden.
 *
 * The caller has called setlocale() and has blocked the signals that it handles.
 */
#ifndef HT_UI_TERMINAL_H
#define HT_UI_TERMINAL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hulltop/base/error.h"
#include "hulltop/base/str.h"
#include "hulltop/ui/canvas.h"
#include "hulltop/ui/key.h"
#include "hulltop/ui/theme.h"

struct ht_terminal;

struct ht_terminal_options {
    int in_fd;  /* usually 0 */
    int out_fd; /* usually 1 */
    enum ht_theme theme;
    enum ht_color color;
    bool mouse;
};

enum {
    HT_COPY_MAX = 74994,              /* bytes of base64 that OSC 52 carries */
    HT_COPY_TEXT_MAX = 74994 / 4 * 3, /* bytes of text */
};

/* 0 if a full screen can be used: both descriptors are terminals, TERM is set and not "dumb".
 * -ENOTTY: fall back to plain lines. The text has three lines: error, reason, help. */
int ht_terminal_check(const struct ht_terminal_options *options, struct ht_error *err);
/* Opens the terminal and switches to the alternate screen. -ENOTTY as above; -ENOENT: no entry in
 * the terminfo database; -ENOTSUP: an entry that is not enough (no cursor movement). The text has
 * three lines: error, reason, help. Reads TERM, NO_COLOR, ESCDELAY, SSH_CONNECTION. */
int ht_terminal_open(const struct ht_terminal_options *options, struct ht_terminal **ret_terminal,
                     struct ht_error *err);
/* Restores the terminal and frees everything; NULL is allowed; returns NULL. A terminal that takes
 * no bytes holds it up for at most a second. */
struct ht_terminal *ht_terminal_close(struct ht_terminal *terminal);

/* Shows the canvas with the cursor at cursor_row, cursor_col (clamped). An unchanged canvas sends
 * nothing. Returns the bytes sent or queued, or -EAGAIN: skipped, the terminal is not ready, or
 * -EPIPE: it is gone. */
int ht_terminal_show(struct ht_terminal *terminal, const struct ht_canvas *canvas, int cursor_row,
                     int cursor_col);
/* The next frame is sent in full (C-l, resize, resume). */
void ht_terminal_redraw(struct ht_terminal *terminal);
/* Changes the colours; the next frame shows it. */
void ht_terminal_set_theme(struct ht_terminal *terminal, enum ht_theme theme);
void ht_terminal_set_mouse(struct ht_terminal *terminal, bool on);
bool ht_terminal_has_mouse(const struct ht_terminal *terminal);

/* Size in cells. */
void ht_terminal_size(const struct ht_terminal *terminal, int *ret_h, int *ret_w);
/* Asks the kernel for the size (after SIGWINCH, SIGCONT); true if it changed. */
bool ht_terminal_update_size(struct ht_terminal *terminal);
/* True if the locale shows UTF-8: box characters and text above ASCII may be drawn. */
bool ht_terminal_is_utf8(const struct ht_terminal *terminal);

/* What to poll for: [0] keys, [1] room for output (its fd is -1 while nothing waits). */
void ht_terminal_poll(const struct ht_terminal *terminal, struct pollfd ret_fds[2]);
/* Sends what waits, as far as the terminal takes it. 0: all sent, -EAGAIN, -EPIPE. */
int ht_terminal_flush(struct ht_terminal *terminal);
/* The next key, or code HT_KEY_NONE. Waits only for the rest of an escape sequence (ESCDELAY). What
 * is pasted is one key, HT_KEY_PASTE, in a terminal that tells it from what is typed (CSI ? 2004).
 * A terminal that is gone gives HT_KEY_EOF, for ever. */
struct ht_key ht_terminal_read_key(struct ht_terminal *terminal);

/* Leaves the alternate screen and gives the old modes back (before SIGTSTP stops the program)... */
void ht_terminal_suspend(struct ht_terminal *terminal);
/* ...and takes the terminal again; both may be called twice. */
void ht_terminal_resume(struct ht_terminal *terminal);

/* Copies printable text to the clipboard by OSC 52; no answer can be expected. -E2BIG when the text
 * is longer than HT_COPY_TEXT_MAX after it was made printable; -EAGAIN: output is waiting. */
int ht_terminal_copy(struct ht_terminal *terminal, struct ht_str text);
/* Bytes sent so far. */
uint64_t ht_terminal_bytes(const struct ht_terminal *terminal);

/* Gives the terminal back at once, whatever state the program is in: for SIGSEGV, SIGABRT and for a
 * main thread that is stuck. Async-signal-safe, any thread, may be called twice, does nothing when
 * no terminal is open. Never waits for the terminal. */
void ht_terminal_emergency(void);

#endif
