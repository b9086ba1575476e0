/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apt seeds std::minstd_rand from a std::seed_seq over the bytes and takes one value of
 * std::uniform_int_distribution(0, 100). The first two are fixed by the standard of C++
 * ([rand.util], [rand.eng.lcong]); the third is what GNU libstdc++ does, which is what apt is
 * linked with.
 */
#include "deb-phase.h"

enum { WORDS = 4, MULTIPLIER = 48271, MODULUS = 2147483647, VALUES = 101 };

static uint32_t mix(uint32_t x)
{
    return x ^ x >> 27;
}

/* The i-th of the integers that the sequence is made of: a byte is a char, which has a sign. */
static uint32_t item(struct ht_str seed, size_t i)
{
    return (uint32_t)(signed char)seed.data[i];
}

static void generate(struct ht_str seed, uint32_t words[WORDS])
{
    const size_t p = 1, q = 2; /* of four words */
    size_t rounds = seed.len + 1 > WORDS ? seed.len + 1 : WORDS;

    for (size_t i = 0; i < WORDS; i++)
        words[i] = 0x8b8b8b8bU;
    for (size_t k = 0; k < rounds; k++) {
        uint32_t first = 1664525U * mix(words[k % WORDS] ^ words[(k + p) % WORDS] ^
                                        words[(k + WORDS - 1) % WORDS]);
        uint32_t second = first;

        if (k == 0)
            second += (uint32_t)seed.len;
        else if (k <= seed.len)
            second += (uint32_t)(k % WORDS) + item(seed, k - 1);
        else
            second += (uint32_t)(k % WORDS);
        words[(k + p) % WORDS] += first;
        words[(k + q) % WORDS] += second;
        words[k % WORDS] = second;
    }
    for (size_t k = rounds; k < rounds + WORDS; k++) {
        uint32_t third = 1566083941U * mix(words[k % WORDS] + words[(k + p) % WORDS] +
                                           words[(k + WORDS - 1) % WORDS]);
        uint32_t fourth = third - (uint32_t)(k % WORDS);

        words[(k + p) % WORDS] ^= third;
        words[(k + q) % WORDS] ^= fourth;
        words[k % WORDS] = fourth;
    }
}

unsigned ht_deb_phase(struct ht_str seed)
{
    const uint32_t range = MODULUS - 1 - 1; /* the engine gives 1 to MODULUS - 1 */
    const uint32_t scale = range / VALUES;
    uint32_t words[WORDS];
    uint64_t state;
    uint32_t value;

    generate(seed, words);
    state = words[WORDS - 1] % MODULUS;
    if (state == 0)
        state = 1;
    do {
        state = state * MULTIPLIER % MODULUS;
        value = (uint32_t)state - 1;
    } while (value >= scale * VALUES);
    return value / scale;
}
