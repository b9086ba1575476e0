/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * h1relay PORT: a front that speaks HTTP/1.1 alone, as old proxies do: what begins like HTTP/2 is
 * answered with 505, everything else is passed to the port on the loopback address. Prints its own
 * port. One connection after the other; ends with the script that started it.
 */
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hulltop/base/mem.h"
#include "hulltop/base/str.h"

static struct sockaddr_in loopback(uint64_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* Passes what from has; false at its end. */
static bool pass(int from, int to)
{
    char bytes[16384];
    ssize_t n = read(from, bytes, sizeof(bytes));

    for (ssize_t at = 0; n > 0 && at < n;) {
        ssize_t wrote = write(to, bytes + at, (size_t)(n - at));

        if (wrote <= 0)
            return false;
        at += wrote;
    }
    return n > 0;
}

static void relay(int client, uint64_t port)
{
    static const char refusal[] =
        "HTTP/1.1 505 HTTP Version Not Supported\r\nContent-Length: 0\r\n\r\n";
    struct sockaddr_in to = loopback(port);
    ht_autoclose int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char begin[4] = {0};

    if (recv(client, begin, sizeof(begin), MSG_PEEK | MSG_WAITALL) != (ssize_t)sizeof(begin))
        return;
    if (memcmp(begin, "PRI ", sizeof(begin)) == 0) {
        (void)!write(client, refusal, strlen(refusal));
        return;
    }
    if (server < 0 || connect(server, (struct sockaddr *)&to, sizeof(to)) < 0)
        return;
    for (;;) {
        struct pollfd fds[] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};

        if (poll(fds, ARRAY_LEN(fds), -1) < 0 || (fds[0].revents && !pass(client, server)) ||
            (fds[1].revents && !pass(server, client)))
            return;
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in own = loopback(0);
    socklen_t len = sizeof(own);
    ht_autoclose int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint64_t port;

    if (argc != 2 || ht_parse_u64(ht_str_from(argv[1]), &port) < 0 || port > UINT16_MAX ||
        listener < 0 || bind(listener, (struct sockaddr *)&own, sizeof(own)) < 0 ||
        listen(listener, 8) < 0 || getsockname(listener, (struct sockaddr *)&own, &len) < 0)
        return 2;
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    printf("%u\n", ntohs(own.sin_port));
    fflush(stdout);
    for (;;) {
        ht_autoclose int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (client >= 0)
            relay(client, port);
    }
}
