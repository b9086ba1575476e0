/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The number and time parsers of str.h. */
#include "hulltop/base/str.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hulltop/base/clock.h"

static int parse_digits(struct ht_str s, int base, uint64_t *ret_value)
{
    uint64_t value = 0;

    if (s.len == 0)
        return -EINVAL;
    for (size_t i = 0; i < s.len; i++) {
        int digit = ht_hex_digit(s.data[i]);

        if (digit < 0 || digit >= base)
            return -EINVAL;
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return -ERANGE;
    }
    *ret_value = value;
    return 0;
}

int ht_parse_u64(struct ht_str s, uint64_t *ret_value)
{
    return parse_digits(s, 10, ret_value);
}

int ht_parse_i64(struct ht_str s, int64_t *ret_value)
{
    bool negative = s.len && s.data[0] == '-';
    uint64_t value;
    int r = parse_digits(negative ? ht_str_sub(s, 1, s.len) : s, 10, &value);

    if (r < 0)
        return r;
    if (value > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return -ERANGE;
    if (negative)
        *ret_value = value == (uint64_t)INT64_MAX + 1 ? INT64_MIN : -(int64_t)value;
    else
        *ret_value = (int64_t)value;
    return 0;
}

int ht_parse_hex64(struct ht_str s, uint64_t *ret_value)
{
    return parse_digits(s, 16, ret_value);
}

int ht_parse_octal(struct ht_str s, uint32_t *ret_value)
{
    uint64_t value;
    int r = parse_digits(s, 8, &value);

    if (r < 0)
        return r;
    if (value > UINT32_MAX)
        return -ERANGE;
    *ret_value = (uint32_t)value;
    return 0;
}

int ht_parse_double(struct ht_str s, double *ret_value)
{
    char text[64];
    char *end = NULL;

    if (s.len == 0 || s.len >= sizeof(text) || !strchr("-0123456789.", s.data[0]))
        return -EINVAL;
    memcpy(text, s.data, s.len);
    text[s.len] = '\0';
    errno = 0;

    double value = strtod(text, &end);
    if (end != text + s.len)
        return -EINVAL;
    if (errno == ERANGE || !isfinite(value))
        return -ERANGE;
    *ret_value = value;
    return 0;
}

int ht_parse_bool(struct ht_str s, bool *ret_value)
{
    static const char *const words[][2] = {
        {"false", "true"}, {"no", "yes"}, {"off", "on"}, {"0", "1"}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        for (int value = 0; value < 2; value++) {
            if (ht_str_is_nocase(s, words[i][value])) {
                *ret_value = value;
                return 0;
            }
        }
    }
    return -EINVAL;
}

/* Takes len digits off the front of *s. */
static int take_digits(struct ht_str *s, size_t len, int *ret_value)
{
    uint64_t value;

    if (s->len < len || ht_parse_u64(ht_str_sub(*s, 0, len), &value) < 0)
        return -EINVAL;
    *s = ht_str_sub(*s, len, s->len);
    *ret_value = (int)value;
    return 0;
}

static int take_char(struct ht_str *s, const char *allowed)
{
    if (s->len == 0 || !s->data[0] || !strchr(allowed, s->data[0]))
        return -EINVAL;
    *s = ht_str_sub(*s, 1, s->len);
    return 0;
}

/* A fraction of a second, when there is one. */
static int take_fraction(struct ht_str *s, int64_t *ret_ns)
{
    int64_t ns = 0;
    int64_t unit = HT_NS_PER_S;

    *ret_ns = 0;
    if (s->len == 0 || s->data[0] != '.')
        return 0;
    *s = ht_str_sub(*s, 1, s->len);
    if (s->len == 0 || s->data[0] < '0' || s->data[0] > '9')
        return -EINVAL;
    while (s->len && s->data[0] >= '0' && s->data[0] <= '9') {
        unit /= 10;
        ns += (s->data[0] - '0') * unit;
        *s = ht_str_sub(*s, 1, s->len);
    }
    *ret_ns = ns;
    return 0;
}

/* "Z" or "+hh:mm" to the end of the text. */
static int take_offset(struct ht_str *s, int *ret_seconds)
{
    int hours, minutes;

    *ret_seconds = 0;
    if (s->len == 1 && (s->data[0] == 'Z' || s->data[0] == 'z'))
        return 0;
    if (s->len != 6)
        return -EINVAL;

    int sign = s->data[0] == '-' ? -1 : 1;
    if (take_char(s, "+-") < 0 || take_digits(s, 2, &hours) < 0 || take_char(s, ":") < 0 ||
        take_digits(s, 2, &minutes) < 0)
        return -EINVAL;
    *ret_seconds = sign * (hours * 3600 + minutes * 60);
    return 0;
}

int ht_parse_time(struct ht_str s, int64_t *ret_ns)
{
    struct tm tm = {0};
    int64_t fraction;
    int offset;

    if (take_digits(&s, 4, &tm.tm_year) < 0 || take_char(&s, "-") < 0 ||
        take_digits(&s, 2, &tm.tm_mon) < 0 || take_char(&s, "-") < 0 ||
        take_digits(&s, 2, &tm.tm_mday) < 0 || take_char(&s, "Tt ") < 0 ||
        take_digits(&s, 2, &tm.tm_hour) < 0 || take_char(&s, ":") < 0 ||
        take_digits(&s, 2, &tm.tm_min) < 0 || take_char(&s, ":") < 0 ||
        take_digits(&s, 2, &tm.tm_sec) < 0 || take_fraction(&s, &fraction) < 0 ||
        take_offset(&s, &offset) < 0)
        return -EINVAL;
    if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 ||
        tm.tm_min > 59 || tm.tm_sec > 60)
        return -EINVAL;
    if (tm.tm_year <= 1)
        return -ENODATA;
    /* What int64 nanoseconds can hold, with a margin. */
    if (tm.tm_year < 1700 || tm.tm_year > 2250)
        return -ERANGE;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *ret_ns = ((int64_t)timegm(&tm) - offset) * HT_NS_PER_S + fraction;
    return 0;
}
