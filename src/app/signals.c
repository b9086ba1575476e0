/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

/* Signals are the process's, not a context's: this state cannot be handed around. */
static struct {
    void (*emergency)(void);
    sigset_t ending, screen;
    bool pipe_ends;        /* SIGPIPE was not ignored when the program started */
    int screen_fd;         /* signalfd of WINCH, TSTP, CONT */
    int ending_fd;         /* signalfd of the ending ones: never read, so that it tells everybody */
    atomic_int came;       /* the ending signal that was seen first */
    atomic_llong deadline; /* monotonic ns of the emergency, 0: none */
} state = {.screen_fd = -1, .ending_fd = -1};

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

    for (size_t i = 0; i < ARRAY_LEN(crashes); i++)
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
    state.ending_fd = signalfd(-1, &state.ending, SFD_CLOEXEC | SFD_NONBLOCK);
    if (state.screen_fd < 0 || state.ending_fd < 0)
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
    struct pollfd came = {.fd = state.ending_fd, .events = POLLIN};
    long long none = 0;

    (void)unused;
    while (poll(&came, 1, -1) <= 0)
        ;
    /* Main, which sees it too, may have given itself time by now: that stands. */
    atomic_compare_exchange_strong(&state.deadline, &none,
                                   ht_clock_mono(ht_clock_system()) + HT_NS_PER_S);
    wait_for_main();
    state.emergency();
    _exit(128 + ht_signals_ending());
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

/* It stays pending for good: whoever asks sees it from the moment it was sent. */
static int find_ending(void)
{
    static const int numbers[] = {SIGHUP, SIGTERM, SIGINT, SIGQUIT};
    sigset_t pending;

    if (sigpending(&pending) < 0)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        if (sigismember(&pending, numbers[i]) == 1 && sigismember(&state.ending, numbers[i]) == 1)
            return numbers[i];
    }
    return 0;
}

int ht_signals_ending(void)
{
    int none = 0;

    if (atomic_load(&state.came) == 0)
        atomic_compare_exchange_strong(&state.came, &none, find_ending());
    return atomic_load(&state.came);
}

static unsigned take_screen(void)
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
    return words;
}

unsigned ht_signals_wait(struct pollfd *fds, size_t len, int64_t left_ns)
{
    struct timespec left = ht_timespec(left_ns);
    unsigned words = 0;

    fds[len - 2] = (struct pollfd){.fd = state.screen_fd, .events = POLLIN};
    fds[len - 1] = (struct pollfd){.fd = state.ending_fd, .events = POLLIN};
    if (ppoll(fds, len, left_ns < 0 ? NULL : &left, NULL) < 0 && errno != EINTR)
        return HT_SIGNAL_END;
    if (fds[len - 2].revents)
        words |= take_screen();
    if (fds[len - 1].revents)
        words |= HT_SIGNAL_END;
    return words;
}

void ht_signals_give_time(int seconds)
{
    atomic_store(&state.deadline,
                 ht_clock_mono(ht_clock_system()) + (int64_t)seconds * HT_NS_PER_S);
}

bool ht_signals_stop_self(void)
{
    sigset_t stop, before, pending;

    if (ht_signals_ending())
        return false;
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
