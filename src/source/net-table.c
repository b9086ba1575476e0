/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net-table.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "hulltop/model/peer.h"

enum { FIELDS = 10, FIELD_LOCAL = 1, FIELD_REMOTE = 2, FIELD_STATE = 3, FIELD_INODE = 9 };

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

/* "0100007F:0016": the kernel prints addresses as 32-bit words in the machine's own order. */
static bool take_end(struct ht_str text, bool six, struct ht_net_end *ret)
{
    size_t words = six ? 4 : 1;
    uint64_t value;

    memset(ret, 0, sizeof(*ret));
    ret->six = six;
    if (text.len != words * 8 + 5 || text.data[words * 8] != ':')
        return false;
    for (size_t i = 0; i < words; i++) {
        uint32_t word;

        if (ht_parse_hex64(ht_str_sub(text, i * 8, 8), &value) < 0)
            return false;
        word = (uint32_t)value;
        memcpy(ret->address + i * 4, &word, sizeof(word));
    }
    if (ht_parse_hex64(ht_str_sub(text, words * 8 + 1, 4), &value) < 0)
        return false;
    ret->port = (uint16_t)value;
    return true;
}

static bool decode_line(struct ht_str line, bool six, struct ht_net_socket *ret)
{
    struct ht_str field[FIELDS] = {0}, part;
    uint64_t state;
    size_t len = 0;

    while (len < FIELDS && ht_str_next(&line, ' ', &part)) {
        if (part.len)
            field[len++] = part;
    }
    if (len < FIELDS || !take_end(field[FIELD_LOCAL], six, &ret->local) ||
        !take_end(field[FIELD_REMOTE], six, &ret->remote) ||
        ht_parse_hex64(field[FIELD_STATE], &state) < 0 || state > 0xff ||
        ht_parse_u64(field[FIELD_INODE], &ret->inode) < 0)
        return false;
    ret->state = (unsigned)state;
    return true;
}

bool ht_net_next(struct ht_str *text, bool six, struct ht_net_socket *ret_socket)
{
    struct ht_str line;

    while (ht_str_next(text, '\n', &line)) {
        if (decode_line(line, six, ret_socket))
            return true;
    }
    return false;
}

static bool is_mapped(const struct ht_net_end *end)
{
    return end->six && memcmp(end->address, mapped, sizeof(mapped)) == 0;
}

uint64_t ht_net_socket_inode(struct ht_str link)
{
    static const char prefix[] = "socket:[";
    uint64_t inode;

    if (!ht_str_has_prefix(link, prefix) || !ht_str_has_suffix(link, "]") ||
        ht_parse_u64(ht_str_sub(link, sizeof(prefix) - 1, link.len - sizeof(prefix)), &inode) < 0)
        return 0;
    return inode;
}

bool ht_net_is_loopback(const struct ht_net_end *end)
{
    static const unsigned char one[16] = {[15] = 1};

    if (!end->six)
        return end->address[0] == 127;
    return memcmp(end->address, one, sizeof(one)) == 0 ||
           (is_mapped(end) && end->address[12] == 127);
}

bool ht_net_is_metadata(const struct ht_net_end *end)
{
    char text[HT_NET_TEXT_MAX];

    return ht_peer_is_metadata(ht_str_from(ht_net_format(end, text)));
}

const char *ht_net_format(const struct ht_net_end *end, char *out)
{
    char text[INET6_ADDRSTRLEN] = "?";
    bool six = end->six && !is_mapped(end);
    const unsigned char *address = is_mapped(end) ? end->address + sizeof(mapped) : end->address;

    (void)inet_ntop(six ? AF_INET6 : AF_INET, address, text, sizeof(text));
    snprintf(out, HT_NET_TEXT_MAX, six ? "[%s]:%u" : "%s:%u", text, (unsigned)end->port);
    return out;
}

const char *const ht_listen_tables[] = {"tcp", "tcp6", "udp", "udp6", NULL};

bool ht_listen_next(struct ht_str *text, const char *table, struct ht_listening *ret_listener)
{
    /* A server of TCP listens; one of UDP is bound and connected to nobody. */
    unsigned waits = table[0] == 't' ? HT_NET_LISTEN : HT_NET_UNCONNECTED;
    struct ht_net_socket socket;
    char address[HT_NET_TEXT_MAX];

    while (ht_net_next(text, table[3] == '6', &socket)) {
        if (socket.state != waits)
            continue;
        *ret_listener = (struct ht_listening){.inode = socket.inode,
                                              .loopback = ht_net_is_loopback(&socket.local)};
        snprintf(ret_listener->address, sizeof(ret_listener->address), "%.3s %s", table,
                 ht_net_format(&socket.local, address));
        return true;
    }
    return false;
}
