/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quantities of Kubernetes: a decimal number with a suffix, or with an exponent. */
#include <string.h>

#include "kube-private.h"

#include "hulltop/base/mem.h"

/* A number of more digits is no limit that anybody set. */
enum { DIGITS_MAX = 18, EXPONENT_MAX = 18 };

/* digits * 10^ten * 2^two. */
struct quantity {
    uint64_t digits;
    int ten, two;
};

static bool take_number(struct ht_str *text, struct quantity *quantity)
{
    size_t i = 0, count = 0;
    bool point = false;

    if (text->len && text->data[0] == '+')
        i++;
    for (; i < text->len; i++) {
        char c = text->data[i];

        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9')
            break;
        if (++count > DIGITS_MAX)
            return false;
        quantity->digits = quantity->digits * 10 + (uint64_t)(c - '0');
        quantity->ten -= point;
    }
    *text = ht_str_sub(*text, i, text->len);
    return count > 0;
}

static bool take_exponent(struct ht_str text, struct quantity *quantity)
{
    bool below = text.len > 1 && text.data[1] == '-';
    size_t from = below || (text.len > 1 && text.data[1] == '+') ? 2 : 1;
    uint64_t exponent;

    if (ht_parse_u64(ht_str_sub(text, from, text.len), &exponent) < 0 || exponent > EXPONENT_MAX)
        return false;
    quantity->ten += below ? -(int)exponent : (int)exponent;
    return true;
}

static bool take_suffix(struct ht_str text, struct quantity *quantity)
{
    static const struct {
        const char *name;
        int ten, two;
    } suffixes[] = {{"", 0, 0},    {"m", -3, 0},  {"k", 3, 0},   {"M", 6, 0},
                    {"G", 9, 0},   {"T", 12, 0},  {"P", 15, 0},  {"E", 18, 0},
                    {"Ki", 0, 10}, {"Mi", 0, 20}, {"Gi", 0, 30}, {"Ti", 0, 40},
                    {"Pi", 0, 50}, {"Ei", 0, 60}, {"u", -6, 0},  {"n", -9, 0}};

    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        if (ht_str_is(text, suffixes[i].name)) {
            quantity->ten += suffixes[i].ten;
            quantity->two += suffixes[i].two;
            return true;
        }
    }
    return text.len > 1 && (text.data[0] == 'e' || text.data[0] == 'E') &&
           take_exponent(text, quantity);
}

static bool scale(const struct quantity *quantity, uint64_t *ret)
{
    uint64_t value = quantity->digits;
    bool rest = false;

    for (int i = 0; i < quantity->two; i++) {
        if (__builtin_mul_overflow(value, UINT64_C(2), &value))
            return false;
    }
    for (int i = 0; i < quantity->ten; i++) {
        if (__builtin_mul_overflow(value, UINT64_C(10), &value))
            return false;
    }
    for (int i = quantity->ten; i < 0; i++) {
        rest = rest || value % 10;
        value /= 10;
    }
    *ret = value + rest;
    return true;
}

bool ht_kube_quantity(struct ht_str text, uint64_t *ret_thousandths)
{
    struct quantity quantity = {.ten = 3};

    return take_number(&text, &quantity) && take_suffix(text, &quantity) &&
           scale(&quantity, ret_thousandths);
}
