/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "running-listen.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

const char *const ht_listen_tables[] = {"tcp", "tcp6", "udp", "udp6", NULL};

enum { FIELDS = 10, FIELD_ADDRESS = 1, FIELD_STATE = 3, FIELD_INODE = 9 };

/* The kernel prints addresses as 32-bit words in the machine's own order. */
static bool take_address(struct ht_str text, bool six, unsigned char out[16])
{
    size_t words = six ? 4 : 1;

    if (text.len != words * 8)
        return false;
    for (size_t i = 0; i < words; i++) {
        uint64_t value;
        uint32_t word;

        if (ht_parse_hex64(ht_str_sub(text, i * 8, 8), &value) < 0)
            return false;
        word = (uint32_t)value;
        memcpy(out + i * 4, &word, sizeof(word));
    }
    return true;
}

static bool is_loopback(const unsigned char *address, bool six)
{
    static const unsigned char one[16] = {[15] = 1};
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (!six)
        return address[0] == 127;
    return memcmp(address, one, sizeof(one)) == 0 ||
           (memcmp(address, mapped, sizeof(mapped)) == 0 && address[12] == 127);
}

static bool decode_line(struct ht_str line, const char *table, struct ht_listening *ret)
{
    struct ht_str field[FIELDS] = {0}, host, part;
    unsigned char address[16] = {0};
    char text[INET6_ADDRSTRLEN];
    bool six = table[3] == '6';
    uint64_t port;
    size_t len = 0;

    while (len < FIELDS && ht_str_next(&line, ' ', &part)) {
        if (part.len)
            field[len++] = part;
    }
    /* A server of TCP listens (0A); one of UDP is bound and connected to nobody (07). */
    if (len < FIELDS || !ht_str_is(field[FIELD_STATE], table[0] == 't' ? "0A" : "07") ||
        ht_parse_u64(field[FIELD_INODE], &ret->inode) < 0)
        return false;
    part = field[FIELD_ADDRESS];
    if (!ht_str_next(&part, ':', &host) || !take_address(host, six, address) ||
        ht_parse_hex64(part, &port) < 0 || port > 65535)
        return false;
    if (!inet_ntop(six ? AF_INET6 : AF_INET, address, text, sizeof(text)))
        return false;
    ret->loopback = is_loopback(address, six);
    snprintf(ret->address, sizeof(ret->address), six ? "%.3s [%s]:%u" : "%.3s %s:%u", table, text,
             (unsigned)port);
    return true;
}

bool ht_listen_next(struct ht_str *text, const char *table, struct ht_listening *ret_listener)
{
    struct ht_str line;

    while (ht_str_next(text, '\n', &line)) {
        if (decode_line(line, table, ret_listener))
            return true;
    }
    return false;
}
