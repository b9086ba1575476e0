/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/printable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"

enum { ROUNDS = 30000 };

static const unsigned all_flags[] = {0, HT_PRINT_ASCII, HT_PRINT_NEWLINES,
                                     HT_PRINT_ASCII | HT_PRINT_NEWLINES};

static void assert_shown(struct ht_str text, unsigned flags, const char *expected)
{
    ht_autobuf struct ht_buf out = HT_BUF(4096);

    ht_printable(&out, text, flags);
    assert_string_equal(out.data ? out.data : "", expected);
}

static void printable_text_is_left_alone(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "plain ASCII ~!@#$%^&*()_+{}|:\"<>?[]\\;',./`",
        "\\x1b and \\u{202e} as text",
        "gr\xc3\xbc\xc3\x9f dich",
        "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
        "e\xcc\x81\xcc\xa3",
        "\xf0\x9f\x90\xb3",
        "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_shown(ht_str_from(texts[i]), 0, texts[i]);
}

static void attacks_are_shown_as_escapes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *shown;
    } cases[] = {
        {"\x1b[2J\x1b]0;x\x07", "\\x1b[2J\\x1b]0;x\\x07"},
        {"a\rb\bc\td\ne", "a\\x0db\\x08c\\x09d\\x0ae"},
        {"\x7f", "\\x7f"},
        {"\xc2\x9b"
         "31m",
         "\\x9b31m"}, /* C1 CSI as a code point */
        {"\x9b"
         "31m",
         "\\x9b31m"},                                 /* and as a byte */
        {"\xc0\x80", "\\xc0\\x80"},                   /* overlong NUL */
        {"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},          /* overlong slash */
        {"\xf0\x82\x82\xac", "\\xf0\\x82\\x82\\xac"}, /* overlong euro sign */
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* surrogate */
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* above U+10FFFF */
        {"\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
        {"a\xe2\x82", "a\\xe2\\x82"}, /* cut short */
        {"\xe2\x82x", "\\xe2\\x82x"},
        {"\xc2\xad", "\\u{00ad}"}, /* soft hyphen */
        {"\xd8\x9c", "\\u{061c}"}, /* Arabic letter mark */
        {"\xe2\x80\x8b\xe2\x80\x8c\xe2\x80\x8d\xe2\x80\x8e\xe2\x80\x8f",
         "\\u{200b}\\u{200c}\\u{200d}\\u{200e}\\u{200f}"},
        {"\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}"},
        {"\xe2\x80\xaa\xe2\x80\xae", "\\u{202a}\\u{202e}"},
        {"\xe2\x81\xa6\xe2\x81\xa9", "\\u{2066}\\u{2069}"},
        {"\xef\xbb\xbf", "\\u{feff}"},
        {"\xef\xb8\x8f", "\\u{fe0f}"},      /* variation selector */
        {"\xf3\xa0\x80\xa0", "\\u{e0020}"}, /* tag */
        {"\xf3\xa0\x84\x80", "\\u{e0100}"}, /* variation selector 17 */
        {"\xee\x80\x80", "\\u{e000}"},      /* private use */
        {"\xf4\x80\x80\x80", "\\u{100000}"},
        {"\xcd\xb8", "\\u{0378}"}, /* unassigned */
        {"\xef\xbf\xbf", "\\u{ffff}"},
        {"\xe3\x85\xa4", "\\u{3164}"}, /* Hangul filler */
        {"\xcc\x81"
         "a",
         "\\u{0301}a"},                     /* a mark without a base */
        {"a\n\xcc\x81", "a\\x0a\\u{0301}"}, /* a mark on an escape */
        {"e\xcc\x81\xcc\x81\xcc\x81\xcc\x81x\xcc\x81",
         "e\xcc\x81\xcc\x81\\u{0301}\\u{0301}x\xcc\x81"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_shown(ht_str_from(cases[i].text), 0, cases[i].shown);
    assert_shown(HT_S("a\0b"), 0, "a\\x00b");
}

static void flags_do_what_they_say(void **state)
{
    (void)state;
    assert_shown(HT_S("\xc3\xbc\xf0\x9f\x90\xb3\xff"), HT_PRINT_ASCII, "\\u{00fc}\\u{1f433}\\xff");
    assert_shown(HT_S("a\r\nb"), HT_PRINT_NEWLINES, "a\\x0d\nb");
    assert_shown(HT_S("a\n\xcc\x81"), HT_PRINT_NEWLINES, "a\n\\u{0301}");
}

static void cut_marks_what_is_missing(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t width;
        const char *shown;
        size_t cols;
    } cases[] = {
        {"", 5, "", 0},
        {"abc", 0, "", 0},
        {"abc", 1, "~", 1},
        {"abc", 2, "a~", 2},
        {"abc", 3, "abc", 3},
        {"abc", 9, "abc", 3},
        {"\xe6\x97\xa5\xe6\x9c\xac", 4, "\xe6\x97\xa5\xe6\x9c\xac", 4},
        {"\xe6\x97\xa5\xe6\x9c\xac", 3, "\xe6\x97\xa5~", 3},
        {"\xe6\x97\xa5\xe6\x9c\xac", 2, "~", 1},
        {"\xe6\x97\xa5\xe6\x9c\xac", 1, "~", 1},
        {"ab\x1b"
         "cd",
         7, "ab\\x1b~", 7}, /* an escape is never split */
        {"ab\x1b"
         "cd",
         6, "ab~", 3},
        {"ae\xcc\x81\xcc\x81", 2, "ae\xcc\x81\xcc\x81", 2},
        {"ae\xcc\x81"
         "bc",
         3, "ae\xcc\x81~", 3},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ht_autobuf struct ht_buf out = HT_BUF(4096);

        ht_buf_add_c(&out, '>');
        assert_int_equal(ht_printable_cut(&out, ht_str_from(cases[i].text), cases[i].width, 0),
                         cases[i].cols);
        assert_string_equal(out.data + 1, cases[i].shown);
    }
}

/* xorshift: the same texts in every run. */
static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Random text of the kinds that matter: raw bytes, ASCII, code points, marks, wide characters. */
static void random_text(uint32_t *seed, struct ht_buf *out)
{
    size_t pieces = next_random(seed) % 12;

    ht_buf_reset(out);
    for (size_t i = 0; i < pieces; i++) {
        uint32_t value = next_random(seed) >> 3;

        switch (next_random(seed) % 6) {
        case 0:
            ht_buf_add_c(out, (char)(unsigned char)(value & 0xff));
            break;
        case 1:
            ht_buf_add_c(out, (char)(0x20 + value % 0x5f));
            break;
        case 2:
            ht_utf8_encode(out, 0x300 + value % 0x70);
            break;
        case 3:
            ht_utf8_encode(out, 0x4e00 + value % 0x5000);
            break;
        case 4:
            ht_utf8_encode(out, 0x2000 + value % 0x70);
            break;
        default:
            value %= 0x110000;
            ht_utf8_encode(out, value >= 0xd800 && value < 0xe000 ? 0xfffd : value);
            break;
        }
    }
}

static void assert_only_printable(struct ht_str text, unsigned flags)
{
    unsigned marks = 2;

    for (size_t at = 0; at < text.len;) {
        uint32_t code = 0;
        size_t len = ht_utf8_decode(ht_str_sub(text, at, text.len), &code);

        assert_true(len > 0);
        at += len;
        if (code == '\n' && (flags & HT_PRINT_NEWLINES)) {
            marks = 2;
            continue;
        }
        assert_true(code >= 0x20 && !(code >= 0x7f && code < 0xa0));
        assert_true(!(flags & HT_PRINT_ASCII) || code < 0x7f);
        assert_false((code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
                     (code >= 0x2060 && code <= 0x206f) || code == 0x61c || code == 0xfeff ||
                     (code >= 0xe0000 && code <= 0xe0fff));
        assert_true(ht_code_width(code) >= 0);
        marks = ht_code_width(code) == 0 ? marks + 1 : 0;
        assert_true(marks <= 2);
    }
}

static size_t sum_of_widths(struct ht_str shown)
{
    size_t cols = 0;

    for (size_t at = 0; at < shown.len;) {
        uint32_t code = 0;

        at += ht_utf8_decode(ht_str_sub(shown, at, shown.len), &code);
        cols += code == '\n' ? 0 : (size_t)ht_code_width(code);
    }
    return cols;
}

static void any_text_becomes_printable_and_stays_so(void **state)
{
    (void)state;
    ht_autobuf struct ht_buf text = HT_BUF(4096);
    ht_autobuf struct ht_buf once = HT_BUF(4096);
    ht_autobuf struct ht_buf twice = HT_BUF(4096);
    uint32_t seed = 20261124;

    for (size_t round = 0; round < ROUNDS; round++) {
        unsigned flags = all_flags[round % ARRAY_LEN(all_flags)];

        random_text(&seed, &text);
        ht_buf_reset(&once);
        ht_buf_reset(&twice);
        ht_printable(&once, ht_buf_str(&text), flags);
        ht_printable(&twice, ht_buf_str(&once), flags);
        assert_true(ht_str_equal(ht_buf_str(&once), ht_buf_str(&twice)));
        assert_only_printable(ht_buf_str(&once), flags);
        assert_int_equal(ht_printable_width(ht_buf_str(&text), flags),
                         sum_of_widths(ht_buf_str(&once)));
    }
}

static void a_cut_text_fits_and_is_a_prefix(void **state)
{
    (void)state;
    ht_autobuf struct ht_buf text = HT_BUF(4096);
    ht_autobuf struct ht_buf whole = HT_BUF(4096);
    ht_autobuf struct ht_buf cut = HT_BUF(4096);
    uint32_t seed = 4;

    for (size_t round = 0; round < ROUNDS; round++) {
        size_t width = next_random(&seed) % 24;

        random_text(&seed, &text);
        ht_buf_reset(&whole);
        ht_buf_reset(&cut);
        ht_printable(&whole, ht_buf_str(&text), 0);

        size_t all = ht_printable_width(ht_buf_str(&text), 0);
        size_t cols = ht_printable_cut(&cut, ht_buf_str(&text), width, 0);
        assert_true(cols <= width);
        assert_int_equal(cols, sum_of_widths(ht_buf_str(&cut)));
        assert_only_printable(ht_buf_str(&cut), 0);
        if (all <= width) {
            assert_true(width == 0 || ht_str_equal(ht_buf_str(&cut), ht_buf_str(&whole)));
        } else if (width > 0) {
            assert_true(cut.data[cut.len - 1] == '~');
            assert_true(cut.len - 1 <= whole.len);
            assert_memory_equal(cut.data, whole.data, cut.len - 1);
        }
    }
}

static void a_full_buffer_holds_no_half_character(void **state)
{
    (void)state;
    static const char text[] = "ab\xe6\x97\xa5\xf0\x9f\x90\xb3\x1b";

    for (size_t max = 0; max < 14; max++) {
        ht_autobuf struct ht_buf out = HT_BUF(max);

        ht_printable(&out, ht_str_from(text), 0);
        assert_true(ht_utf8_is_valid(ht_buf_str(&out)));
        assert_true(ht_buf_is_full(&out) == (max < 13));
        if (max == 5)
            assert_string_equal(out.data, "ab\xe6\x97\xa5");
        if (max == 4)
            assert_string_equal(out.data, "ab");
    }
}

static void utf8_goes_both_ways(void **state)
{
    (void)state;
    ht_autobuf struct ht_buf out = HT_BUF(16);

    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        uint32_t back = 0;

        if (code >= 0xd800 && code <= 0xdfff)
            continue;
        ht_buf_reset(&out);
        ht_utf8_encode(&out, code);
        assert_true(ht_utf8_decode(ht_buf_str(&out), &back) == out.len && back == code);
        assert_true(ht_utf8_is_valid(ht_buf_str(&out)));
        assert_false(ht_utf8_is_valid(ht_str_sub(ht_buf_str(&out), 1, 4)) && out.len > 1);
        assert_false(out.len > 1 && ht_utf8_is_valid(ht_str_sub(ht_buf_str(&out), 0, out.len - 1)));
    }
    assert_true(ht_utf8_is_valid(HT_S("")));
    assert_true(ht_utf8_is_valid(HT_S("a\0b")));
    assert_false(ht_utf8_is_valid(HT_S("a\xed\xbf\xbf")));
}

static void widths_are_those_of_unicode(void **state)
{
    (void)state;
    static const struct {
        uint32_t code;
        int width;
    } cases[] = {
        {0, -1},        {0x1f, -1},     {0x20, 1},        {0x7e, 1},     {0x7f, -1},
        {0x9f, -1},     {0xa0, 1},      {0xac, 1},        {0xad, -1},    {0xae, 1},
        {0x2ff, 1},     {0x300, 0},     {0x34f, -1},      {0x36f, 0},    {0x370, 1},
        {0x10ff, 1},    {0x1100, 2},    {0x1160, -1},     {0x11ff, 0},   {0x2588, 1},
        {0x28ff, 1},    {0x3000, 2},    {0x303f, 1},      {0x3041, 2},   {0xac00, 2},
        {0xd7a3, 2},    {0xd7a4, -1},   {0xd800, -1},     {0xe000, -1},  {0xf8ff, -1},
        {0xff01, 2},    {0xff61, 1},    {0xfffd, 1},      {0xffff, -1},  {0x1f433, 2},
        {0x1f1e6, -1},  {0x20000, 2},   {0x2fffd, -1},    {0xe0001, -1}, {0xf0000, -1},
        {0x10ffff, -1}, {0x110000, -1}, {UINT32_MAX, -1},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (ht_code_width(cases[i].code) != cases[i].width)
            fail_msg("U+%04X has width %d", cases[i].code, ht_code_width(cases[i].code));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printable_text_is_left_alone),
        cmocka_unit_test(attacks_are_shown_as_escapes),
        cmocka_unit_test(flags_do_what_they_say),
        cmocka_unit_test(cut_marks_what_is_missing),
        cmocka_unit_test(any_text_becomes_printable_and_stays_so),
        cmocka_unit_test(a_cut_text_fits_and_is_a_prefix),
        cmocka_unit_test(a_full_buffer_holds_no_half_character),
        cmocka_unit_test(utf8_goes_both_ways),
        cmocka_unit_test(widths_are_those_of_unicode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
