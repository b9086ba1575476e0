/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and times as text from outside: every parser on the same bytes. */
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "hulltop/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ht_str text = {.data = (const char *)data, .len = size};
    char again[64];
    uint64_t number;
    int64_t whole;
    uint32_t octal;
    double real;
    bool truth;

    /* What was read is read again from its plain form. */
    if (ht_parse_u64(text, &number) == 0) {
        uint64_t same = 0;

        snprintf(again, sizeof(again), "%" PRIu64, number);
        require(ht_parse_u64(ht_str_from(again), &same) == 0 && same == number);
    }
    if (ht_parse_i64(text, &whole) == 0) {
        int64_t same = 0;

        snprintf(again, sizeof(again), "%" PRId64, whole);
        require(ht_parse_i64(ht_str_from(again), &same) == 0 && same == whole);
    }
    if (ht_parse_hex64(text, &number) == 0) {
        uint64_t same = 0;

        snprintf(again, sizeof(again), "%" PRIx64, number);
        require(ht_parse_hex64(ht_str_from(again), &same) == 0 && same == number);
    }
    if (ht_parse_octal(text, &octal) == 0) {
        uint32_t same = 0;

        snprintf(again, sizeof(again), "%" PRIo32, octal);
        require(ht_parse_octal(ht_str_from(again), &same) == 0 && same == octal);
    }
    if (ht_parse_double(text, &real) == 0)
        require(isfinite(real));
    (void)ht_parse_bool(text, &truth);
    (void)ht_parse_time(text, &whole);
    return 0;
}
