/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A static program for the lab: waits; "memfd": goes on from memory without a file; "hidden": does
 * so under a runtime's name, for two seconds; "map FILE": maps it to be executed, as a library is.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int copy_self(const char *name)
{
    char block[65536];
    int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int memory = memfd_create(name, MFD_CLOEXEC);
    ssize_t len;

    if (self < 0 || memory < 0)
        return -1;
    while ((len = read(self, block, sizeof(block))) > 0) {
        if (write(memory, block, (size_t)len) != len)
            return -1;
    }
    return memory;
}

static int run_from_memory(void)
{
    char *argv[] = {"evil", NULL};
    char *envp[] = {NULL};
    int memory = copy_self("evil");

    if (memory >= 0)
        fexecve(memory, argv, envp);
    return 1;
}

/* The kernel names a process after the path that it was started by. */
static int run_hidden(void)
{
    char *argv[] = {"runc", "short", NULL};
    char *envp[] = {NULL};
    char target[64];
    int memory = copy_self("hidden");

    snprintf(target, sizeof(target), "/proc/self/fd/%d", memory);
    if (memory >= 0 && symlink(target, "/tmp/runc") == 0)
        execve("/tmp/runc", argv, envp);
    return 1;
}

static int map_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd >= 0 && mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) != MAP_FAILED;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "memfd") == 0)
        return run_from_memory();
    if (argc > 1 && strcmp(argv[1], "hidden") == 0)
        return run_hidden();
    if (argc > 1 && strcmp(argv[1], "short") == 0)
        return (int)sleep(2);
    if (argc > 2 && strcmp(argv[1], "map") == 0 && !map_file(argv[2]))
        return 1;
    for (;;)
        pause();
}
