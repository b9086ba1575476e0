/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "hulltop/base/clock.h"

/* Signals are the process's, not a context's: this state cannot be handed around. */
static struct {
    void (*emergency)(void);
    sigset_t ending, screen;
    bool pipe_ends;        /* SIGPIPE was not ignored when the program started */
    int screen_fd;         /* signalfd of WINCH, TSTP, CONT */
    int all_fd;            /* eventfd: the ending signal came */
    atomic_int came;       /* the ending signal */
    atomic_llong deadline; /* monotonic ns of the emergency, 0: none */
} state = {.screen_fd = -1, .all_fd = -1};

/* A crash must not leave a dead terminal behind. */
static void on_crash(int number)
{
    struct sigaction fallback = {.sa_handler = SIG_DFL};

    state.emergency();
    sigaction(number, &fallback, NULL);
    raise(number);
}

static void watch_crashes(void)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    struct sigaction action = {.sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND | SA_NODEFER};

    for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
        sigaction(crashes[i], &action, NULL);
}

/* One that was ignored when the program started (nohup, a script's job) stays so: blocked it would
 * come all the same. */
static void own(int number)
{
    struct sigaction action;

    if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
        return;
    sigaddset(&state.ending, number);
}

int ht_signals_begin(void (*emergency)(void), struct ht_error *err)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigset_t blocked;

    state.emergency = emergency;
    sigaction(SIGPIPE, &ignore, &before);
    /* A limit of file sizes is an error of that file. */
    sigaction(SIGXFSZ, &ignore, NULL);
    state.pipe_ends = before.sa_handler != SIG_IGN;
    watch_crashes();
    sigemptyset(&state.ending);
    own(SIGHUP);
    own(SIGTERM);
    own(SIGINT);
    own(SIGQUIT);
    sigemptyset(&state.screen);
    sigaddset(&state.screen, SIGWINCH);
    sigaddset(&state.screen, SIGTSTP);
    sigaddset(&state.screen, SIGCONT);
    blocked = state.ending;
    sigaddset(&blocked, SIGWINCH);
    sigaddset(&blocked, SIGTSTP);
    sigaddset(&blocked, SIGCONT);
    int r = pthread_sigmask(SIG_BLOCK, &blocked, NULL);
    if (r != 0)
        return ht_error_errno(err, r, "signals: mask");
    state.screen_fd = signalfd(-1, &state.screen, SFD_CLOEXEC | SFD_NONBLOCK);
    state.all_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (state.screen_fd < 0 || state.all_fd < 0)
        return ht_error_errno(err, errno, "signals: descriptor");
    return 0;
}

/* Sleeps until the deadline that stands now; main may move it. */
static void wait_for_main(void)
{
    for (;;) {
        int64_t left = atomic_load(&state.deadline) - ht_clock_mono(ht_clock_system());
        struct timespec pause = ht_timespec(left);

        if (left <= 0)
            return;
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    }
}

static void *own_signals(void *unused)
{
    const uint64_t one = 1;
    int number;

    (void)unused;
    while (sigwait(&state.ending, &number) != 0)
        ;
    atomic_store(&state.came, number);
    atomic_store(&state.deadline, ht_clock_mono(ht_clock_system()) + HT_NS_PER_S);
    ssize_t n = write(state.all_fd, &one, sizeof(one));
    (void)n;
    wait_for_main();
    state.emergency();
    _exit(128 + number);
}

int ht_signals_start(struct ht_error *err)
{
    pthread_t thread;
    int r = pthread_create(&thread, NULL, own_signals, NULL);

    if (r != 0)
        return ht_error_errno(err, r, "signals: thread");
    pthread_setname_np(thread, "signals");
    pthread_detach(thread);
    return 0;
}

void ht_signals_poll(int ret_fds[2])
{
    ret_fds[0] = state.screen_fd;
    ret_fds[1] = state.all_fd;
}

unsigned ht_signals_take(void)
{
    struct signalfd_siginfo info;
    unsigned words = 0;

    while (read(state.screen_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGWINCH)
            words |= HT_SIGNAL_RESIZE;
        else if (info.ssi_signo == SIGTSTP)
            words |= HT_SIGNAL_SUSPEND;
        else if (info.ssi_signo == SIGCONT)
            words |= HT_SIGNAL_RESUME;
    }
    if (atomic_load(&state.came))
        words |= HT_SIGNAL_END;
    return words;
}

int ht_signals_ending(void)
{
    return atomic_load(&state.came);
}

void ht_signals_give_time(int seconds)
{
    atomic_store(&state.deadline,
                 ht_clock_mono(ht_clock_system()) + (int64_t)seconds * HT_NS_PER_S);
}

bool ht_signals_stop_self(void)
{
    sigset_t stop, before, pending;

    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    kill(0, SIGTSTP);
    pthread_sigmask(SIG_UNBLOCK, &stop, &before); /* here it stops, and goes on */
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return sigpending(&pending) == 0 && sigismember(&pending, SIGCONT) == 1;
}

void ht_signals_end_by_pipe(void)
{
    if (!state.pipe_ends)
        return;
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    raise(SIGPIPE);
}
