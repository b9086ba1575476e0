/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/str.h"

static void unsigned_numbers(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", " 1", "1 ", "+1", "-1", "0x1", "1a", "1.0"};
    uint64_t u = 7;

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(ht_parse_u64(ht_str_from(wrong[i]), &u), -EINVAL);
    assert_int_equal(ht_parse_u64(HT_S("18446744073709551616"), &u), -ERANGE);
    assert_int_equal(ht_parse_u64(HT_S("99999999999999999999999"), &u), -ERANGE);
    assert_true(u == 7);
    assert_int_equal(ht_parse_u64(HT_S("18446744073709551615"), &u), 0);
    assert_true(u == UINT64_MAX);
    assert_int_equal(ht_parse_u64(HT_S("007"), &u), 0);
    assert_true(u == 7);
    assert_int_equal(ht_parse_u64(HT_S("1\0"), &u), -EINVAL);
}

static void signed_numbers(void **state)
{
    (void)state;
    int64_t i = 7;

    assert_int_equal(ht_parse_i64(HT_S("-9223372036854775809"), &i), -ERANGE);
    assert_int_equal(ht_parse_i64(HT_S("9223372036854775808"), &i), -ERANGE);
    assert_int_equal(ht_parse_i64(HT_S("-"), &i), -EINVAL);
    assert_int_equal(ht_parse_i64(HT_S("--1"), &i), -EINVAL);
    assert_true(i == 7);
    assert_int_equal(ht_parse_i64(HT_S("-9223372036854775808"), &i), 0);
    assert_true(i == INT64_MIN);
    assert_int_equal(ht_parse_i64(HT_S("9223372036854775807"), &i), 0);
    assert_true(i == INT64_MAX);
    assert_int_equal(ht_parse_i64(HT_S("-0"), &i), 0);
    assert_true(i == 0);
}

static void other_bases(void **state)
{
    (void)state;
    uint64_t u = 7;
    uint32_t mode = 7;

    assert_int_equal(ht_parse_hex64(HT_S("000001ffffffFFFF"), &u), 0);
    assert_true(u == UINT64_C(0x1ffffffffff));
    assert_int_equal(ht_parse_hex64(HT_S("1ffffffffffffffff"), &u), -ERANGE);
    assert_int_equal(ht_parse_hex64(HT_S("0x1"), &u), -EINVAL);
    assert_int_equal(ht_parse_hex64(HT_S(""), &u), -EINVAL);
    assert_int_equal(ht_parse_octal(HT_S("0644"), &mode), 0);
    assert_int_equal(mode, 0644);
    assert_int_equal(ht_parse_octal(HT_S("8"), &mode), -EINVAL);
    assert_int_equal(ht_parse_octal(HT_S("77777777777"), &mode), -ERANGE);
    assert_int_equal(mode, 0644);
}

static void doubles(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "nan", "inf", " 1", "1 ", "x", "1x", "+1", "-inf"};
    double d = 7;

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_true(ht_parse_double(ht_str_from(wrong[i]), &d) < 0);
    assert_int_equal(ht_parse_double(HT_S("1e999"), &d), -ERANGE);
    assert_true(d == 7);
    assert_int_equal(ht_parse_double(HT_S("-1.5e2"), &d), 0);
    assert_true(d == -150);
    assert_int_equal(ht_parse_double(HT_S(".25"), &d), 0);
    assert_true(d == 0.25);
}

static void truth_values(void **state)
{
    (void)state;
    static const char *const yes[] = {"true", "Yes", "ON", "1"};
    static const char *const no[] = {"false", "nO", "off", "0"};
    static const char *const wrong[] = {"", "t", "2", "yes ", "enabled"};
    bool b;

    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        b = false;
        assert_true(ht_parse_bool(ht_str_from(yes[i]), &b) == 0 && b);
    }
    for (size_t i = 0; i < ARRAY_LEN(no); i++) {
        b = true;
        assert_true(ht_parse_bool(ht_str_from(no[i]), &b) == 0 && !b);
    }
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(ht_parse_bool(ht_str_from(wrong[i]), &b), -EINVAL);
}

static void times_of_every_offset(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:01.5Z", 1500000000},
        {"1970-01-01T00:00:00.123456789Z", 123456789},
        {"1970-01-01T00:00:00.1234567891Z", 123456789},
        {"1970-01-01T01:00:00+01:00", 0},
        {"1969-12-31T18:30:00-05:30", 0},
        {"1969-12-31T23:59:59Z", -1000000000},
        {"2026-11-23T14:02:31Z", INT64_C(1795442551) * 1000000000},
        {"2024-02-29t00:00:00z", INT64_C(1709164800) * 1000000000},
    };
    int64_t ns;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(ht_parse_time(ht_str_from(cases[i].text), &ns), 0);
        assert_true(ns == cases[i].ns);
    }
}

static void what_is_no_time(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "2026-11-23",
        "2026-11-23T14:02:31",
        "2026-13-23T14:02:31Z",
        "2026-00-23T14:02:31Z",
        "2026-11-32T14:02:31Z",
        "2026-11-23T24:02:31Z",
        "2026-11-23T14:60:31Z",
        "2026-11-23T14:02:61Z",
        "2026-11-23T14:02:31.Z",
        "2026-11-23T14:02:31+0100",
        "2026-11-23T14:02:31Zx",
        "-026-11-23T14:02:31Z",
        "2026-11-23T14:02:31 Z",
    };
    int64_t ns = 7;

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        if (ht_parse_time(ht_str_from(wrong[i]), &ns) != -EINVAL)
            fail_msg("%s", wrong[i]);
    }
    assert_int_equal(ht_parse_time(HT_S("0001-01-01T00:00:00Z"), &ns), -ENODATA);
    assert_int_equal(ht_parse_time(HT_S("9999-12-31T23:59:59Z"), &ns), -ERANGE);
    assert_true(ns == 7);
}

static void times_are_formatted_as_they_are_parsed(void **state)
{
    (void)state;
    char text[HT_TIME_TEXT_MAX];
    int64_t ns = 0;

    assert_string_equal(ht_time_format_utc(0, 0, text), "1970-01-01T00:00:00Z");
    assert_string_equal(ht_time_format_utc(-1, 1, text), "1969-12-31T23:59:59.999Z");
    assert_string_equal(ht_time_format_utc(1500 * HT_NS_PER_MS, 1, text),
                        "1970-01-01T00:00:01.500Z");
    for (int64_t wall = INT64_C(-7000000000); wall < INT64_C(7000000000); wall += 99999999) {
        ht_time_format_utc(wall * HT_NS_PER_S, 0, text);
        assert_int_equal(ht_parse_time(ht_str_from(text), &ns), 0);
        assert_true(ns == wall * HT_NS_PER_S);
    }
    assert_non_null(ht_time_format_utc(INT64_MAX, 1, text));
    assert_non_null(ht_time_format_utc(INT64_MIN, 1, text));
}

static void clocks_can_be_injected(void **state)
{
    (void)state;
    const struct ht_clock *clock = ht_clock_system();
    int64_t before = ht_clock_mono(clock);

    assert_true(ht_clock_mono(clock) >= before);
    assert_true(ht_clock_wall(clock) > 0);
}

static void times_stop_at_the_ends_of_what_fits(void **state)
{
    (void)state;
    const struct timespec late = {.tv_sec = INT64_MAX}, early = {.tv_sec = INT64_MIN};
    struct timespec again = ht_timespec(1500 * HT_NS_PER_MS);

    assert_int_equal(ht_time_of(&late), INT64_MAX);
    assert_int_equal(ht_time_of(&early), INT64_MIN);
    assert_int_equal(ht_time_of(&again), 1500 * HT_NS_PER_MS);
    assert_int_equal(ht_time_of_statx((struct statx_timestamp){.tv_sec = 2, .tv_nsec = 1}),
                     2 * HT_NS_PER_S + 1);
    assert_int_equal(ht_time_age(5, 7), -2);
    assert_int_equal(ht_time_age(INT64_MAX, -1), INT64_MAX);
    assert_int_equal(ht_time_age(-2, INT64_MAX), INT64_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsigned_numbers),
        cmocka_unit_test(signed_numbers),
        cmocka_unit_test(other_bases),
        cmocka_unit_test(doubles),
        cmocka_unit_test(truth_values),
        cmocka_unit_test(times_of_every_offset),
        cmocka_unit_test(what_is_no_time),
        cmocka_unit_test(times_are_formatted_as_they_are_parsed),
        cmocka_unit_test(times_stop_at_the_ends_of_what_fits),
        cmocka_unit_test(clocks_can_be_injected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
