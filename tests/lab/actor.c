/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A static program for the lab that plays others: copied under any name it waits, and does before
 * what its environment says, which it does not hand on.
 *
 *   ACT_SHELL=CODE    has a shell run that as its child     ACT_RUN=WORDS   starts that program
 *   ACT_MAP=FILE      maps it to be executed                ACT_MEMFD=NAME  the same of memory
 *   ACT_COMM=NAME     calls itself that                     ACT_LISTEN=PORT listens (loopback: "l"
 * behind) ACT_BECOME=NAME   goes on from memory of that name      ACT_TRACED=1    is traced by its
 * parent                     ACT_LOOSE=1      has memory that can be written and executed
 *   ACT_CHROOT=DIR    goes there at the end
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WORDS_MAX = 64, PAGE = 4096 };

static char *take(const char *name)
{
    char *value = getenv(name);

    value = value ? strdup(value) : NULL;
    unsetenv(name);
    return value;
}

static void wait_for_ever(void)
{
    for (;;)
        pause();
}

static void run(char *words)
{
    char *argv[WORDS_MAX] = {NULL};
    char *rest = NULL;
    size_t len = 0;

    for (char *word = strtok_r(words, " ", &rest); word && len < WORDS_MAX - 1;
         word = strtok_r(NULL, " ", &rest))
        argv[len++] = word;
    if (fork() == 0) {
        execvp(argv[0], argv);
        _exit(1);
    }
}

static void run_shell(const char *code)
{
    if (fork() == 0) {
        execl("/bin/sh", "sh", "-c", code, (char *)NULL);
        _exit(1);
    }
}

static void map_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    (void)mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    close(fd);
}

static void map_memory(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    if (ftruncate(fd, PAGE) == 0)
        (void)mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    close(fd);
}

static void listen_at(const char *port)
{
    bool inside = strchr(port, 'l') != NULL;
    uint16_t number = 0;

    for (const char *digit = port; *digit >= '0' && *digit <= '9'; digit++)
        number = (uint16_t)(number * 10 + (*digit - '0'));

    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(number),
                                  .sin_addr.s_addr = htonl(inside ? INADDR_LOOPBACK : INADDR_ANY)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0)
        _exit(1);
}

static void become(const char *name)
{
    char block[65536];
    char *argv[] = {"x", NULL};
    char *envp[] = {NULL};
    int memory = memfd_create(name, MFD_CLOEXEC);
    int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    ssize_t len;

    while ((len = read(self, block, sizeof(block))) > 0) {
        if (write(memory, block, (size_t)len) != len)
            _exit(1);
    }
    fexecve(memory, argv, envp);
    _exit(1);
}

static void be_traced(void)
{
    if (fork() == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        wait_for_ever();
    }
}

int main(void)
{
    char *code = take("ACT_SHELL"), *words = take("ACT_RUN"), *file = take("ACT_MAP");
    char *memory = take("ACT_MEMFD"), *name = take("ACT_COMM"), *port = take("ACT_LISTEN");
    char *other = take("ACT_BECOME"), *traced = take("ACT_TRACED"), *loose = take("ACT_LOOSE");
    char *folder = take("ACT_CHROOT");

    if (other)
        become(other);
    if (name)
        prctl(PR_SET_NAME, name);
    if (port)
        listen_at(port);
    if (file)
        map_file(file);
    if (memory)
        map_memory(memory);
    if (code)
        run_shell(code);
    if (words)
        run(words);
    if (loose)
        (void)mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                   0);
    if (traced)
        be_traced();
    if (folder && (chroot(folder) < 0 || chdir("/") < 0))
        _exit(1);
    wait_for_ever();
}
