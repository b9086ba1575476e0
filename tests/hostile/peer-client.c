/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer-client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hulltop/base/mem.h"
#include "hulltop/base/str.h"
#include "hulltop/base/str.h"

enum { ARGUMENTS_MAX = 30 };

static _Noreturn void give_up(const char *what)
{
    printf("not ok peer: %s: %s\n", what, strerror(errno));
    fflush(stdout);
    _exit(1);
}

static void run(const struct peer_client *peer, int tcp, const char *const *arguments, int out)
{
    char program[4096];
    char control[128];
    const char *build = getenv("HT_BUILDDIR");
    const char *argv[ARGUMENTS_MAX + 8] = {"peer", "--control", control};
    size_t n = 3;

    snprintf(control, sizeof(control), "%s/control", peer->directory);
    if (tcp) {
        argv[n++] = "--tcp";
    } else {
        argv[n++] = "--socket";
        argv[n++] = peer->socket;
    }
    for (size_t i = 0; arguments && arguments[i] && i < ARGUMENTS_MAX; i++)
        argv[n++] = arguments[i];
    snprintf(program, sizeof(program), "%s/tests/hostile/peer", build ? build : ".");
    dup2(out, STDOUT_FILENO);
    /* execv wants its strings writable by type only. */
    execv(program, (char *const *)(const void *)argv);
    _exit(127);
}

void peer_start(struct peer_client *peer, int tcp, const char *const *arguments)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *tmp = getenv("TMPDIR");
    char line[64] = "";
    uint64_t port = 0;
    int out[2];

    *peer = (struct peer_client){.control = -1};
    snprintf(peer->directory, sizeof(peer->directory), "%s/peer.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(peer->directory) || pipe2(out, O_CLOEXEC) < 0)
        give_up(peer->directory);
    snprintf(peer->socket, sizeof(peer->socket), "%s/socket", peer->directory);
    fflush(stdout);
    peer->pid = fork();
    if (peer->pid == 0)
        run(peer, tcp, arguments, out[1]);
    close(out[1]);
    for (size_t at = 0; at + 1 < sizeof(line) && !strchr(line, '\n'); at++)
        if (read(out[0], line + at, 1) != 1)
            give_up("it does not start");
    close(out[0]);

    struct ht_str rest = ht_str_trim(ht_str_sub(ht_str_from(line), strlen("ready"), sizeof(line)));

    if (tcp && ht_parse_u64(rest, &port) < 0)
        give_up("it names no port");
    peer->port = (unsigned)port;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", peer->directory);
    peer->control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(peer->control, (const struct sockaddr *)&address, sizeof(address)) < 0)
        give_up(address.sun_path);
}

void peer_stop(struct peer_client *peer)
{
    char path[128];

    kill(peer->pid, SIGKILL);
    waitpid(peer->pid, NULL, 0);
    close(peer->control);
    unlink(peer->socket);
    snprintf(path, sizeof(path), "%s/control", peer->directory);
    unlink(path);
    rmdir(peer->directory);
}

void peer_tell(struct peer_client *peer, const char *command, char *out, size_t size)
{
    size_t len = 0;
    char *all = NULL;

    if (write(peer->control, command, strlen(command)) < 0 || write(peer->control, "\n", 1) < 0)
        give_up(command);
    for (;;) {
        all = ht_realloc(all, len + 4097, 1);

        ssize_t n = read(peer->control, all + len, 4096);

        if (n <= 0)
            give_up(command);
        len += (size_t)n;
        all[len] = '\0';
        if (strcmp(all, "ok\n") == 0 || (len > 4 && strcmp(all + len - 4, "\nok\n") == 0))
            break;
        if (len > 12 && strcmp(all + len - 12, "bad command\n") == 0)
            give_up(command);
        if (strcmp(all, "bad command\n") == 0)
            give_up(command);
    }
    if (out)
        snprintf(out, size, "%.*s", (int)(len - 3), all);
    free(all);
}

enum { REQUESTS_MAX = 64, TARGET_MAX = 100, ANSWER_MAX = 8192 };

static int compare_targets(const void *a, const void *b)
{
    return strcmp(a, b);
}

void peer_requests(struct peer_client *peer, size_t first, char *out, size_t size)
{
    char requests[ANSWER_MAX];
    char targets[REQUESTS_MAX][TARGET_MAX];
    size_t count = 0;
    size_t len = 0;

    peer_tell(peer, "requests", requests, sizeof(requests));
    struct ht_str rest = ht_str_from(requests);
    struct ht_str line;
    while (count < REQUESTS_MAX && ht_str_next(&rest, '\n', &line)) {
        struct ht_str word;
        struct ht_str target;

        ht_str_next(&line, ' ', &word);
        ht_str_next(&line, ' ', &target);
        ptrdiff_t events = ht_str_find(target, HT_S("/events?"), 0);
        if (events >= 0)
            target = HT_S("/events");
        snprintf(targets[count++], TARGET_MAX, "%.*s", HT_STR_ARG(target));
    }
    if (count > first)
        qsort(targets[first], count - first, sizeof(targets[0]), compare_targets);
    out[0] = '\0';
    for (size_t i = 0; i < count && len < size; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s", i ? " " : "", targets[i]);
}

unsigned peer_connections(struct peer_client *peer)
{
    char text[64];
    uint64_t count = 0;

    peer_tell(peer, "connections", text, sizeof(text));
    if (ht_parse_u64(ht_str_trim(ht_str_from(text)), &count) < 0)
        give_up("connections");
    return (unsigned)count;
}
