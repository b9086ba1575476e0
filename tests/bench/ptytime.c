/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: ptytime [-s ROWSxCOLUMNS] [-d SOCKET] [-m MARKER] [-w SECONDS -t SECONDS] COMMAND...
 * Runs the command on a terminal of its own and prints one line of numbers:
 *   first_us N first_cpu_us N first_bytes N    from exec until MARKER was written
 *   bytes N us N cpu_us N rss_kb N anon_kb N   during -t seconds, after -w seconds
 * CPU is user and system time of all threads and descendants. The command ends by SIGTERM.
 *   -d  listens at SOCKET and never answers: a daemon that hangs; DOCKER_HOST names it
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/base/str.h"

enum {
    FIRST_MAX = 1024 * 1024,
    FILE_MAX = 64 * 1024,
    CHUNK = 64 * 1024,
    GIVE_UP_S = 60,
    LEAVE_S = 3
};

struct job {
    struct winsize size;
    const char *socket;
    const char *marker;
    uint64_t warm_s;
    uint64_t time_s;
    char **command;
    int tty;
    pid_t pid;
    int64_t began_ns;
    uint64_t bytes;
    struct ht_buf seen; /* until the marker came */
};

static int64_t now_ns(void)
{
    return ht_clock_mono(ht_clock_system());
}

/* ---- the daemon that hangs ---- */

static bool listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char url[sizeof(address.sun_path) + 16];

    if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
        return false;
    memcpy(address.sun_path, path, strlen(path) + 1);
    unlink(path);
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 64) < 0)
        return false;
    snprintf(url, sizeof(url), "unix://%s", path);
    return setenv("DOCKER_HOST", url, 1) == 0;
}

/* ---- CPU and memory ---- */

static int64_t cpu_of_one(pid_t pid)
{
    clockid_t clock;
    struct timespec used;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) < 0)
        return 0;
    return used.tv_sec * HT_NS_PER_S + used.tv_nsec;
}

/* What children that ended have used, from fields 16 and 17 of stat. */
static int64_t cpu_of_ended(pid_t pid)
{
    ht_autobuf struct ht_buf text = HT_BUF(FILE_MAX);
    char path[64];
    uint64_t ticks = 0;
    struct ht_str field;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    if (ht_read_at(AT_FDCWD, path, &text, FILE_MAX, NULL) < 0)
        return 0;
    struct ht_str rest = ht_buf_str(&text);
    ptrdiff_t end = ht_str_rfind_byte(rest, ')');
    rest = ht_str_sub(rest, end < 0 ? rest.len : (size_t)end + 2, rest.len);
    for (int number = 3; number <= 17 && ht_str_next(&rest, ' ', &field); number++) {
        uint64_t value = 0;

        if (number >= 16 && ht_parse_u64(field, &value) == 0)
            ticks += value;
    }
    return (int64_t)ticks * HT_NS_PER_S / sysconf(_SC_CLK_TCK);
}

static int64_t cpu_of(pid_t pid)
{
    ht_autobuf struct ht_buf text = HT_BUF(FILE_MAX);
    char path[64];
    struct ht_str child;
    uint64_t number;
    int64_t sum = cpu_of_one(pid) + cpu_of_ended(pid);

    /* Those whom the first thread forked: ours, and the peers', forks nowhere else. */
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
    if (ht_read_at(AT_FDCWD, path, &text, FILE_MAX, NULL) < 0)
        return sum;
    struct ht_str rest = ht_str_trim(ht_buf_str(&text));
    while (ht_str_next(&rest, ' ', &child)) {
        if (ht_parse_u64(child, &number) == 0)
            sum += cpu_of((pid_t)number);
    }
    return sum;
}

static uint64_t kilobytes(pid_t pid, const char *key)
{
    ht_autobuf struct ht_buf text = HT_BUF(FILE_MAX);
    char path[64];
    struct ht_str line;
    uint64_t value = 0;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    (void)ht_read_at(AT_FDCWD, path, &text, FILE_MAX, NULL);
    struct ht_str rest = ht_buf_str(&text);
    while (ht_str_next(&rest, '\n', &line)) {
        if (!ht_str_has_prefix(line, key))
            continue;
        line = ht_str_trim(ht_str_sub(line, strlen(key), line.len));
        ptrdiff_t blank = ht_str_find_byte(line, ' ');
        (void)ht_parse_u64(ht_str_sub(line, 0, blank < 0 ? line.len : (size_t)blank), &value);
    }
    return value;
}

/* ---- the terminal ---- */

/* Reads what is there within the time. False: the command ended. */
static bool read_some(struct job *job, int64_t until_ns)
{
    static char chunk[CHUNK];
    struct pollfd poll_fd = {.fd = job->tty, .events = POLLIN};
    int64_t left = until_ns - now_ns();

    if (left <= 0 || poll(&poll_fd, 1, (int)(left / HT_NS_PER_MS) + 1) <= 0)
        return true;
    ssize_t len = read(job->tty, chunk, sizeof(chunk));
    if (len <= 0)
        return len < 0 && errno == EINTR;
    job->bytes += (uint64_t)len;
    ht_buf_add(&job->seen, chunk, (size_t)len);
    return true;
}

static bool wait_for_marker(struct job *job)
{
    int64_t until = now_ns() + GIVE_UP_S * HT_NS_PER_S;

    while (ht_str_find(ht_buf_str(&job->seen), ht_str_from(job->marker), 0) < 0) {
        if (now_ns() >= until || !read_some(job, until)) {
            fprintf(stderr, "ptytime: %s ended or never wrote \"%s\"\n", job->command[0],
                    job->marker);
            return false;
        }
    }
    int64_t wall = now_ns() - job->began_ns;
    /* Time of who runs is counted at ticks only: it has to stand still. */
    kill(job->pid, SIGSTOP);
    waitpid(job->pid, NULL, WUNTRACED);
    int64_t cpu = cpu_of(job->pid);
    kill(job->pid, SIGCONT);
    printf("first_us %lld first_cpu_us %lld first_bytes %llu", (long long)wall / 1000,
           (long long)cpu / 1000, (unsigned long long)job->bytes);
    return true;
}

static bool read_for(struct job *job, uint64_t seconds)
{
    int64_t until = now_ns() + (int64_t)seconds * HT_NS_PER_S;

    while (now_ns() < until) {
        ht_buf_reset(&job->seen);
        if (!read_some(job, until)) {
            fprintf(stderr, "ptytime: %s ended early\n", job->command[0]);
            return false;
        }
    }
    return true;
}

static bool measure(struct job *job)
{
    if (job->marker && !wait_for_marker(job))
        return false;
    if (job->time_s) {
        if (!read_for(job, job->warm_s))
            return false;
        uint64_t bytes = job->bytes;
        int64_t began = now_ns();
        int64_t cpu = cpu_of(job->pid);
        if (!read_for(job, job->time_s))
            return false;
        printf("%sbytes %llu us %lld cpu_us %lld rss_kb %llu anon_kb %llu", job->marker ? " " : "",
               (unsigned long long)(job->bytes - bytes), (long long)(now_ns() - began) / 1000,
               (long long)(cpu_of(job->pid) - cpu) / 1000,
               (unsigned long long)kilobytes(job->pid, "VmRSS:"),
               (unsigned long long)kilobytes(job->pid, "RssAnon:"));
    }
    printf("\n");
    return true;
}

static bool run(struct job *job)
{
    job->began_ns = now_ns();
    job->pid = forkpty(&job->tty, NULL, NULL, &job->size);
    if (job->pid == 0) {
        execvp(job->command[0], job->command);
        fprintf(stderr, "ptytime: %s: %s\n", job->command[0], strerror(errno));
        _exit(127);
    }
    if (job->pid < 0)
        return false;

    bool measured = measure(job);
    kill(job->pid, SIGTERM);
    /* It may have things to say on its way out. */
    int64_t until = now_ns() + LEAVE_S * HT_NS_PER_S;
    while (now_ns() < until && read_some(job, until))
        ht_buf_reset(&job->seen);
    kill(job->pid, SIGKILL);
    waitpid(job->pid, NULL, 0);
    close(job->tty);
    ht_buf_fini(&job->seen);
    return measured;
}

/* ---- the command line ---- */

static bool parse_size(struct ht_str text, struct winsize *size)
{
    ptrdiff_t x = ht_str_find_byte(text, 'x');
    uint64_t rows;
    uint64_t columns;

    if (x < 0 || ht_parse_u64(ht_str_sub(text, 0, (size_t)x), &rows) < 0 ||
        ht_parse_u64(ht_str_sub(text, (size_t)x + 1, text.len), &columns) < 0 || rows > 1000 ||
        columns > 1000)
        return false;
    size->ws_row = (unsigned short)rows;
    size->ws_col = (unsigned short)columns;
    return true;
}

static bool parse(struct job *job, int argc, char **argv)
{
    for (int option = getopt(argc, argv, "+s:d:m:w:t:"); option != -1;
         option = getopt(argc, argv, "+s:d:m:w:t:")) {
        struct ht_str value = ht_str_from(optarg ? optarg : "");
        bool good = option != '?';

        if (option == 's')
            good = parse_size(value, &job->size);
        else if (option == 'd')
            job->socket = optarg;
        else if (option == 'm')
            job->marker = optarg;
        else if (option == 'w')
            good = ht_parse_u64(value, &job->warm_s) == 0;
        else if (option == 't')
            good = ht_parse_u64(value, &job->time_s) == 0;
        if (!good)
            return false;
    }
    job->command = argv + optind;
    return optind < argc;
}

int main(int argc, char **argv)
{
    struct job job = {.size = {.ws_row = 24, .ws_col = 80}, .seen = HT_BUF(FIRST_MAX)};

    if (!parse(&job, argc, argv)) {
        fprintf(stderr, "usage: ptytime [-s ROWSxCOLUMNS] [-d SOCKET] [-m MARKER] "
                        "[-w SECONDS -t SECONDS] COMMAND...\n");
        return 2;
    }
    if (job.socket && !listen_at(job.socket)) {
        fprintf(stderr, "ptytime: %s: %s\n", job.socket, strerror(errno));
        return 1;
    }
    setenv("TERM", "xterm-256color", 1);
    return run(&job) ? 0 : 1;
}
