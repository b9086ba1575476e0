/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor of "which containers does containerd have": the two lists of one namespace by gRPC,
 * whose entries are counted and not decoded.
 *
 *   cpoll SOCKET NAMESPACE
 *
 * Prints "WALL_US CPU_US CONTAINERS TASKS".
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/grpc.h"

enum { MESSAGE_MAX = 64 * 1024 * 1024 };

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "cpoll: %s\n", what);
    _exit(1);
}

static uint64_t varint(struct ht_str message, size_t *at)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64 && *at < message.len; shift += 7) {
        unsigned char byte = (unsigned char)message.data[(*at)++];

        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    give_up("a message in pieces");
}

/* Both answers are a list in field 1, and nothing else. */
static size_t count(struct ht_str message)
{
    size_t at = 0, entries = 0;

    while (at < message.len) {
        if (varint(message, &at) != (1 << 3 | 2))
            give_up("no list");
        uint64_t len = varint(message, &at);
        if (len > message.len - at)
            give_up("a message in pieces");
        at += len;
        entries++;
    }
    return entries;
}

static size_t call(struct ht_http *http, const char *path, const char *namespace)
{
    char header[200];
    const char *const metadata[] = {header, NULL};
    ht_autobuf struct ht_buf answer = HT_BUF(0);
    struct ht_error err = {.code = 0};

    snprintf(header, sizeof(header), "containerd-namespace: %s", namespace);
    if (ht_grpc_call(http,
                     &(struct ht_grpc_request){
                         .path = path, .metadata = metadata, .message_max = MESSAGE_MAX},
                     &answer, &err) < 0)
        give_up(err.text);
    return count(ht_buf_str(&answer));
}

int main(int argc, char **argv)
{
    int64_t start = ht_clock_mono(ht_clock_system());
    struct ht_error err = {.code = 0};
    struct rusage used;

    if (argc != 3) {
        fprintf(stderr, "usage: cpoll SOCKET NAMESPACE\n");
        return 2;
    }
    struct ht_http *http = ht_http_new(
        &(struct ht_http_options){
            .socket_path = argv[1], .http2 = true, .total_ms = 30000, .cancel_fd = -1},
        &err);
    if (!http)
        give_up(err.text);
    size_t containers = call(http, "/containerd.services.containers.v1.Containers/List", argv[2]);
    size_t tasks = call(http, "/containerd.services.tasks.v1.Tasks/List", argv[2]);
    getrusage(RUSAGE_SELF, &used);
    printf("%" PRId64 " %lld %zu %zu\n", (ht_clock_mono(ht_clock_system()) - start) / 1000,
           (long long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
               used.ru_utime.tv_usec + used.ru_stime.tv_usec,
           containers, tasks);
    ht_http_free(http);
    return 0;
}
