/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

enum {
    WAITING_MAX = 64 << 20, /* a frame of the largest canvas fits many times */
    PIECE_MAX = 128,        /* POLLOUT of a terminal promises at least so much */
};

/* O_NONBLOCK belongs to the open file, which the shell and other programs share: so the device is
 * opened a second time. That fails after su, when the terminal belongs to another user. */
static int open_output(int fd, bool *ret_blocks)
{
    ht_autobuf struct ht_buf path = HT_BUF(64);
    int own = -1;

    ht_buf_addf(&path, "/proc/self/fd/%d", fd);
    own = open(path.data, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    *ret_blocks = own < 0;
    return own >= 0 ? own : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

int ht_tty_init(struct ht_tty *tty, int in_fd, int out_fd)
{
    *tty = (struct ht_tty){.in_fd = in_fd, .out_fd = -1};
    ht_buf_init(&tty->waiting, WAITING_MAX);
    if (!isatty(in_fd) || !isatty(out_fd) || tcgetattr(in_fd, &tty->shell) < 0)
        return -ENOTTY;
    tty->screen = tty->shell;
    tty->screen.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL);
    tty->screen.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR);
    tty->screen.c_oflag &= ~(tcflag_t)OPOST;
    tty->screen.c_cc[VMIN] = 1;
    tty->screen.c_cc[VTIME] = 0;
    tty->out_fd = open_output(out_fd, &tty->out_blocks);
    return tty->out_fd < 0 ? -ENOTTY : 0;
}

void ht_tty_fini(struct ht_tty *tty)
{
    if (tty->out_fd >= 0)
        close(tty->out_fd);
    tty->out_fd = -1;
    ht_buf_fini(&tty->waiting);
}

/* TCSADRAIN and TCSAFLUSH would wait for a stalled terminal. */
void ht_tty_enter(const struct ht_tty *tty)
{
    tcsetattr(tty->in_fd, TCSANOW, &tty->screen);
}

void ht_tty_leave(const struct ht_tty *tty)
{
    tcsetattr(tty->in_fd, TCSANOW, &tty->shell);
}

bool ht_tty_size(const struct ht_tty *tty, int *ret_h, int *ret_w)
{
    struct winsize size = {0};

    if (ioctl(tty->out_fd, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
        return false;
    *ret_h = size.ws_row;
    *ret_w = size.ws_col;
    return true;
}

void ht_tty_add(struct ht_tty *tty, struct ht_str bytes)
{
    ht_buf_add_str(&tty->waiting, bytes);
}

ssize_t ht_tty_write_now(const struct ht_tty *tty, struct ht_str bytes)
{
    struct pollfd room = {.fd = tty->out_fd, .events = POLLOUT};
    size_t len = bytes.len;
    ssize_t n = 0;

    if (tty->out_blocks) {
        if (poll(&room, 1, 0) <= 0)
            return 0;
        len = len < PIECE_MAX ? len : PIECE_MAX;
    }
    n = write(tty->out_fd, bytes.data, len);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return n;
}

int ht_tty_flush(struct ht_tty *tty)
{
    struct ht_str left = ht_buf_str(&tty->waiting);

    while (left.len > 0 && !tty->out_gone) {
        ssize_t n = ht_tty_write_now(tty, left);

        if (n < 0)
            tty->out_gone = true;
        if (n <= 0)
            break;
        tty->sent_bytes += (uint64_t)n;
        left = ht_str_sub(left, (size_t)n, left.len);
    }
    if (tty->out_gone) {
        ht_buf_reset(&tty->waiting);
        return -EPIPE;
    }
    if (left.len > 0) {
        struct ht_buf rest = HT_BUF(WAITING_MAX);

        ht_buf_add_str(&rest, left);
        ht_buf_fini(&tty->waiting);
        tty->waiting = rest;
        return -EAGAIN;
    }
    ht_buf_reset(&tty->waiting);
    return 0;
}

int ht_tty_drain(struct ht_tty *tty, int timeout_ms)
{
    const struct ht_clock *clock = ht_clock_system();
    int64_t end_ns = ht_clock_mono(clock) + timeout_ms * HT_NS_PER_MS;
    int r = ht_tty_flush(tty);

    while (r == -EAGAIN) {
        struct pollfd room = {.fd = tty->out_fd, .events = POLLOUT};
        int64_t left_ms = (end_ns - ht_clock_mono(clock)) / HT_NS_PER_MS;

        if (left_ms <= 0)
            return r;
        poll(&room, 1, (int)left_ms);
        r = ht_tty_flush(tty);
    }
    return r;
}

/* Readable with nothing to read is the end of the file, and a hang-up says so itself. C-c and C-z
 * drop what was typed before them, which may have been all there was to read: one look would take
 * that for the end. */
static bool is_at_end(int fd)
{
    for (int look = 0; look < 2; look++) {
        struct pollfd in = {.fd = fd, .events = POLLIN};
        int available = 0;

        if (poll(&in, 1, 0) <= 0)
            return false;
        if ((in.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
            return true;
        if (ioctl(fd, FIONREAD, &available) != 0 || available > 0)
            return false;
    }
    return true;
}

bool ht_tty_is_gone(struct ht_tty *tty)
{
    tty->in_gone = tty->in_gone || tty->out_gone || is_at_end(tty->in_fd);
    return tty->in_gone;
}
