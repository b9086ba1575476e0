/* SPDX-License-Identifier: GPL-2.0-or-later */
/* After "SipHash: a fast short-input PRF" (Aumasson, Bernstein, 2012). */
#include "siphash.h"

#include "bolt-format.h"

struct sip {
    uint64_t a, b, c, d;
};

static uint64_t turn(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static void rounds(struct sip *v, int times)
{
    while (times-- > 0) {
        v->a += v->b;
        v->c += v->d;
        v->b = turn(v->b, 13) ^ v->a;
        v->d = turn(v->d, 16) ^ v->c;
        v->a = turn(v->a, 32);
        v->c += v->b;
        v->a += v->d;
        v->b = turn(v->b, 17) ^ v->c;
        v->d = turn(v->d, 21) ^ v->a;
        v->c = turn(v->c, 32);
    }
}

static uint64_t sum(const struct sip *v)
{
    return v->a ^ v->b ^ v->c ^ v->d;
}

void ht_siphash(const uint64_t key[2], struct ht_str data, uint64_t ret[2])
{
    struct sip v = {.a = key[0] ^ UINT64_C(0x736f6d6570736575),
                    .b = key[1] ^ UINT64_C(0x646f72616e646f6d) ^ 0xee,
                    .c = key[0] ^ UINT64_C(0x6c7967656e657261),
                    .d = key[1] ^ UINT64_C(0x7465646279746573)};
    uint64_t last = (uint64_t)data.len << 56;
    size_t i = 0;

    for (; i + 8 <= data.len; i += 8) {
        uint64_t word = ht_le64(data.data + i);

        v.d ^= word;
        rounds(&v, 2);
        v.a ^= word;
    }
    for (unsigned shift = 0; i < data.len; i++, shift += 8)
        last |= (uint64_t)(unsigned char)data.data[i] << shift;
    v.d ^= last;
    rounds(&v, 2);
    v.a ^= last;
    v.c ^= 0xee;
    rounds(&v, 4);
    ret[0] = sum(&v);
    v.b ^= 0xdd;
    rounds(&v, 4);
    ret[1] = sum(&v);
}
