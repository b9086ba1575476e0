/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: sleepers COUNT COMMAND [ARGUMENT...]
 * Forks COUNT processes that sleep, runs the command while they do, ends them, and gives the
 * command's exit status.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hulltop/base/mem.h"
#include "hulltop/base/str.h"

enum { SLEEPERS_MAX = 100000 };

static pid_t fork_sleeper(void)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid == 0) {
        /* It ends with its parent, however that ends. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (getppid() == parent)
            pause();
        _exit(0);
    }
    return pid;
}

static int run(char **command)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        execvp(command[0], command);
        fprintf(stderr, "sleepers: %s: %s\n", command[0], strerror(errno));
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return 126;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    uint64_t count = 0;
    uint64_t started = 0;
    int status;

    if (argc < 3 || ht_parse_u64(ht_str_from(argv[1]), &count) < 0 || count > SLEEPERS_MAX) {
        fprintf(stderr, "usage: sleepers COUNT COMMAND [ARGUMENT...]\n");
        return 2;
    }
    pid_t *pids = ht_new_array(pid_t, count + 1);
    while (started < count) {
        pids[started] = fork_sleeper();
        if (pids[started] < 0) {
            fprintf(stderr, "sleepers: fork %llu: %s\n", (unsigned long long)started,
                    strerror(errno));
            break;
        }
        started++;
    }
    status = started == count ? run(argv + 2) : 126;
    for (uint64_t i = 0; i < started; i++)
        kill(pids[i], SIGKILL);
    for (uint64_t i = 0; i < started; i++)
        waitpid(pids[i], NULL, 0);
    free(pids);
    return status;
}
