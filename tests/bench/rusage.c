/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a command and writes what it used to a file: CPU in microseconds, peak memory in kilobytes.
 *   rusage FILE COMMAND [ARGUMENT...] */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CANNOT_RUN = 127 };

static long long us(struct timeval time)
{
    return (long long)time.tv_sec * 1000000 + time.tv_usec;
}

int main(int argc, char **argv)
{
    struct rusage used;
    int status = 0;
    FILE *out;
    pid_t child;

    if (argc < 3)
        return 2;
    child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        _exit(CANNOT_RUN);
    }
    if (child < 0 || wait4(child, &status, 0, &used) != child)
        return CANNOT_RUN;
    out = fopen(argv[1], "we");
    if (!out ||
        fprintf(out, "%lld %ld\n", us(used.ru_utime) + us(used.ru_stime), used.ru_maxrss) < 0 ||
        fclose(out) != 0)
        return CANNOT_RUN;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
