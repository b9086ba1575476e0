/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/base64.h"
#include "hulltop/base/mem.h"

enum { OUT_MAX = 64 * 1024 };

static const struct {
    const char *bytes;
    const char *text;
} known[] = {
    /* RFC 4648, section 10. */
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "+/+/"},
};

static void known_texts_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        ht_autobuf struct ht_buf bytes = HT_BUF(OUT_MAX), text = HT_BUF(OUT_MAX);

        assert_int_equal(ht_base64_decode(ht_str_from(known[i].text), &bytes), 0);
        assert_true(ht_str_is(ht_buf_str(&bytes), known[i].bytes));
        ht_base64_encode(ht_str_from(known[i].bytes), &text);
        assert_true(ht_str_is(ht_buf_str(&text), known[i].text));
    }
}

static void what_is_no_base64_is_refused(void **state)
{
    static const char *const texts[] = {
        "Z",        "Zg",    "Zg=",   "Zm9",         "Zg===",     "=",    "====",
        "Zg==Zg==", "Zm9v=", "Zm 9v", "Zm9v\t",      "Zm9-",      "Zm9_", "Zh==",
        "Zm9=",     "Z=g=",  "Zm9vY", "\xc3\xa4Zm9", "Zm9vYg==x",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        ht_autobuf struct ht_buf bytes = HT_BUF(OUT_MAX);

        if (ht_base64_decode(ht_str_from(texts[i]), &bytes) != -EINVAL)
            fail_msg("\"%s\" was taken", texts[i]);
    }
    ht_autobuf struct ht_buf bytes = HT_BUF(OUT_MAX);
    assert_int_equal(ht_base64_decode(HT_S("Zm\0v"), &bytes), -EINVAL);
}

static void line_ends_are_passed_over(void **state)
{
    ht_autobuf struct ht_buf bytes = HT_BUF(OUT_MAX);

    (void)state;
    assert_int_equal(ht_base64_decode(HT_S("Zm9v\r\nYm\nFy\n"), &bytes), 0);
    assert_true(ht_str_is(ht_buf_str(&bytes), "foobar"));
}

/* Longer than what is taken at once, at each length around its end. */
static void long_texts_come_back(void **state)
{
    (void)state;
    for (size_t len = 760; len < 780; len++) {
        ht_autobuf struct ht_buf in = HT_BUF(OUT_MAX), text = HT_BUF(OUT_MAX),
                                 out = HT_BUF(OUT_MAX);

        for (size_t i = 0; i < 40 * len; i++)
            ht_buf_add_c(&in, (char)(i * 131 >> 3));
        ht_base64_encode(ht_buf_str(&in), &text);
        assert_int_equal(text.len, (in.len + 2) / 3 * 4);
        assert_int_equal(ht_base64_decode(ht_buf_str(&text), &out), 0);
        assert_true(ht_str_equal(ht_buf_str(&in), ht_buf_str(&out)));
    }
}

static void what_has_no_room_is_told(void **state)
{
    ht_autobuf struct ht_buf bytes = HT_BUF(4);

    (void)state;
    assert_int_equal(ht_base64_decode(HT_S("Zm9vYmFyYmF6"), &bytes), -EFBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts_both_ways),     cmocka_unit_test(what_is_no_base64_is_refused),
        cmocka_unit_test(line_ends_are_passed_over), cmocka_unit_test(long_texts_come_back),
        cmocka_unit_test(what_has_no_room_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
