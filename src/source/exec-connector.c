/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process connector: a multicast of the kernel about processes. */
#include <errno.h>
#include <arpa/inet.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exec-private.h"
#include "hulltop/base/mem.h"

/* The default of some kernels holds 257 starts; this holds many thousands, for the time that a
 * reader on a busy node is not given a processor. */
enum { BUFFER_BYTES = 8 * 1024 * 1024 };

/* Who reads a start that is older has others behind it. */
#define ALONE_NS (INT64_C(500) * 1000)

/* By number: the enum that names them moved between versions of the kernel's headers. */
enum { EVENT_NONE = 0, EVENT_EXEC = 2 };

/* Starts, and answers to our request: everything else would fill the buffer ten times as fast. */
static int set_filter(int fd)
{
    enum { WHAT = sizeof(struct nlmsghdr) + sizeof(struct cn_msg) };
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, WHAT),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(EVENT_EXEC), 1, 0),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    const struct sock_fprog program = {.len = ARRAY_LEN(code), .filter = code};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int subscribe(int fd)
{
    const struct cn_msg message = {.id = {.idx = CN_IDX_PROC, .val = CN_VAL_PROC},
                                   .len = sizeof(uint32_t)};
    const uint32_t operation = PROC_CN_MCAST_LISTEN;
    char request[NLMSG_SPACE(sizeof(message) + sizeof(operation))] = {0};
    const struct nlmsghdr head = {.nlmsg_len = NLMSG_LENGTH(sizeof(message) + sizeof(operation)),
                                  .nlmsg_type = NLMSG_DONE};

    memcpy(request, &head, sizeof(head));
    memcpy(request + NLMSG_HDRLEN, &message, sizeof(message));
    memcpy(request + NLMSG_HDRLEN + sizeof(message), &operation, sizeof(operation));
    return send(fd, request, head.nlmsg_len, 0) == (ssize_t)head.nlmsg_len ? 0 : -1;
}

int ht_connector_open(struct ht_connector *connector, struct ht_error *err)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
    const int size = BUFFER_BYTES;
    ht_autoclose int fd =
        socket(PF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);

    connector->fd = -1;
    if (fd < 0)
        return ht_error_errno(err, errno, "process connector");
    connector->small = setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0;
    if (connector->small)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    if (set_filter(fd) < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        subscribe(fd) < 0)
        return ht_error_errno(err, errno, "process connector");
    connector->fd = ht_steal_fd(&fd);
    return 0;
}

void ht_connector_close(struct ht_connector *connector)
{
    ht_cleanup_close(&connector->fd);
    connector->fd = -1;
}

/* The socket counts what it dropped behind the filter: exactly the starts. */
static void count_lost(struct ht_connector *connector)
{
    uint32_t info[SK_MEMINFO_VARS] = {0};
    socklen_t len = sizeof(info);

    if (getsockopt(connector->fd, SOL_SOCKET, SO_MEMINFO, info, &len) == 0 &&
        len > SK_MEMINFO_DROPS * sizeof(info[0]) && info[SK_MEMINFO_DROPS] > connector->lost)
        connector->lost = info[SK_MEMINFO_DROPS];
    else
        connector->lost++;
}

static void take(struct ht_connector *connector, struct ht_str text)
{
    struct ht_connector_event event;

    while (ht_connector_next(&text, &event)) {
        if (event.what != EVENT_EXEC)
            continue;
        if (connector->len == HT_CONNECTOR_BATCH) {
            connector->lost++;
            continue;
        }
        connector->batch[connector->len++] = event;
        connector->events++;
    }
}

/* Only the kernel has the port 0: others can send to us too. */
static bool is_kernel(const struct sockaddr_nl *from, socklen_t len)
{
    return len >= sizeof(*from) && from->nl_pid == 0;
}

/* One datagram, where no more are thought to wait: most starts come alone. */
static int read_one(struct ht_connector *connector)
{
    char bytes[HT_CONNECTOR_BYTES];
    struct sockaddr_nl from;
    socklen_t from_len = sizeof(from);
    ssize_t len = recvfrom(connector->fd, bytes, sizeof(bytes), MSG_DONTWAIT,
                           (struct sockaddr *)&from, &from_len);

    if (len < 0)
        return -1;
    if (is_kernel(&from, from_len))
        take(connector, (struct ht_str){.data = bytes, .len = (size_t)len});
    return 1;
}

static int read_many(struct ht_connector *connector)
{
    char bytes[HT_CONNECTOR_BATCH][HT_CONNECTOR_BYTES];
    struct sockaddr_nl from[HT_CONNECTOR_BATCH];
    struct iovec pieces[HT_CONNECTOR_BATCH];
    struct mmsghdr messages[HT_CONNECTOR_BATCH];
    int count;

    for (int i = 0; i < HT_CONNECTOR_BATCH; i++) {
        pieces[i] = (struct iovec){.iov_base = bytes[i], .iov_len = sizeof(bytes[i])};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &from[i],
                                                   .msg_namelen = sizeof(from[i]),
                                                   .msg_iov = &pieces[i],
                                                   .msg_iovlen = 1}};
    }
    count = recvmmsg(connector->fd, messages, HT_CONNECTOR_BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
        if (is_kernel(&from[i], messages[i].msg_hdr.msg_namelen))
            take(connector, (struct ht_str){.data = bytes[i], .len = messages[i].msg_len});
    }
    return count;
}

void ht_connector_read(struct ht_connector *connector, int64_t now_ns)
{
    bool alone = connector->is_alone;
    int count;

    connector->len = 0;
    connector->at = 0;
    connector->got = 0;
    connector->more = false;
    if (connector->fd < 0)
        return;
    do {
        count = alone ? read_one(connector) : read_many(connector);
        if (count < 0 && errno == ENOBUFS)
            count_lost(connector);
    } while (count < 0 && (errno == EINTR || errno == ENOBUFS));
    connector->got = count > 0 ? (size_t)count : 0;
    connector->more = !alone && count == HT_CONNECTOR_BATCH;
    connector->is_alone =
        count <= 1 && (connector->len == 0 || now_ns - connector->batch[0].at_mono_ns < ALONE_NS);
}
