/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal device below curses: its modes, its size, and bytes that go out without waiting.
 * Private to src/ui; main thread only.
 */
#ifndef HT_UI_TTY_H
#define HT_UI_TTY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

#include "hulltop/base/buf.h"

struct ht_tty {
    int in_fd;             /* borrowed */
    int out_fd;            /* owned, non-blocking where the device could be opened again */
    bool out_blocks;       /* out_fd is a copy of the caller's: small pieces, each asked for */
    struct termios shell;  /* modes as found */
    struct termios screen; /* modes of the dashboard */
    struct ht_buf waiting; /* bytes that the terminal did not take yet */
    uint64_t sent_bytes;
    bool in_gone;  /* no key can come any more */
    bool out_gone; /* no byte can go out any more */
};

/* Remembers the modes and opens the output. 0, or -ENOTTY. */
int ht_tty_init(struct ht_tty *tty, int in_fd, int out_fd);
void ht_tty_fini(struct ht_tty *tty);
/* Sets the modes of the dashboard (no echo, no line editing; signal keys stay) or those found.
 * Never waits for output to drain. Leaving is async-signal-safe. */
void ht_tty_enter(const struct ht_tty *tty);
void ht_tty_leave(const struct ht_tty *tty);
/* Size from the kernel; false (nothing set) if it does not know one. */
bool ht_tty_size(const struct ht_tty *tty, int *ret_h, int *ret_w);
/* Writes as much as the terminal takes now, without waiting, past what is queued. Bytes taken, 0:
 * none now, -1: gone. Async-signal-safe. */
ssize_t ht_tty_write_now(const struct ht_tty *tty, struct ht_str bytes);
/* Queues bytes behind what waits. */
void ht_tty_add(struct ht_tty *tty, struct ht_str bytes);
/* Sends what waits as far as it is taken. 0: all, -EAGAIN: some is left, -EPIPE: gone. */
int ht_tty_flush(struct ht_tty *tty);
/* The same, waiting at most timeout_ms for a terminal that takes nothing. */
int ht_tty_drain(struct ht_tty *tty, int timeout_ms);
/* True if no key can come any more. */
bool ht_tty_is_gone(struct ht_tty *tty);

#endif
