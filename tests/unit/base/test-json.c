/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/json.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/objects.h"

enum { ARENA_MAX = 64 * 1024 * 1024 };

static struct ht_arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = ht_arena_new(ARENA_MAX);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = ht_arena_free(arena);
    return 0;
}

static const struct ht_json *parse(const char *text)
{
    struct ht_error err = {0};
    const struct ht_json *value = ht_json_parse(arena, "x", ht_str_from(text), &err);

    if (!value)
        fail_msg("%s: %s", text, err.text);
    return value;
}

/* The text must be refused with exactly this message. */
static void assert_refused(struct ht_str text, int code, const char *message)
{
    struct ht_error err = {0};
    const struct ht_json *value = ht_json_parse(arena, "x", text, &err);

    if (value)
        fail_msg("accepted: %.*s", HT_STR_ARG(text));
    assert_string_equal(err.text, message);
    assert_int_equal(err.code, code);
}

static void assert_str(struct ht_str s, const char *bytes, size_t len)
{
    assert_int_equal(s.len, len);
    assert_memory_equal(s.data, bytes, len);
}

static void every_kind_is_read(void **state)
{
    (void)state;
    const struct ht_json *value =
        parse(" {\"n\":null,\"b\":true,\"i\":-5,\"u\":18446744073709551615,\"d\":1.5e3,"
              "\"s\":\"a\\u0000b\",\"a\":[1,[],{}]} \n");
    struct ht_str s;
    bool b = false;
    int64_t i = 0;
    uint64_t u = 0;
    double d = 0;

    assert_int_equal(value->kind, HT_JSON_OBJECT);
    assert_int_equal(value->len, 7);
    assert_int_equal(ht_json_get(value, "n")->kind, HT_JSON_NULL);
    assert_true(ht_json_bool(ht_json_get(value, "b"), &b) && b);
    assert_true(ht_json_int(ht_json_get(value, "i"), &i) && i == -5);
    assert_int_equal(ht_json_get(value, "u")->kind, HT_JSON_UINT);
    assert_true(ht_json_uint(ht_json_get(value, "u"), &u) && u == UINT64_MAX);
    assert_true(ht_json_number(ht_json_get(value, "d"), &d) && d == 1500.0);
    assert_true(ht_json_string(ht_json_get(value, "s"), &s));
    assert_str(s, "a\0b", 3);
    assert_true(ht_json_is_array(ht_json_get(value, "a")));
    assert_int_equal(ht_json_get(value, "a")->len, 3);
    assert_true(ht_json_is_object(&ht_json_get(value, "a")->items[2]));
    assert_null(ht_json_get(value, "absent"));
    assert_null(ht_json_get(NULL, "n"));
    assert_null(ht_json_get(ht_json_get(value, "a"), "n"));
}

static void members_keep_their_order(void **state)
{
    (void)state;
    const struct ht_json *value = parse("{\"z\":1,\"a\":2,\"m\":3}");

    assert_str(value->members[0].key, "z", 1);
    assert_str(value->members[1].key, "a", 1);
    assert_str(value->members[2].key, "m", 1);
}

static void scalars_stand_alone(void **state)
{
    (void)state;
    assert_int_equal(parse("null")->kind, HT_JSON_NULL);
    assert_int_equal(parse("123")->integer, 123);
    assert_true(parse(" 0.5 ")->number == 0.5);
    assert_true(parse("true\n")->boolean);
    assert_str(parse("\"\"")->string, "", 0);
}

static void integers_keep_all_64_bits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum ht_json_kind kind;
        double number;
    } cases[] = {
        {"9223372036854775807", HT_JSON_INT, 0},
        {"9223372036854775808", HT_JSON_UINT, 0},
        {"18446744073709551615", HT_JSON_UINT, 0},
        {"18446744073709551616", HT_JSON_DOUBLE, 18446744073709551616.0},
        {"-9223372036854775808", HT_JSON_INT, 0},
        {"-9223372036854775809", HT_JSON_DOUBLE, -9223372036854775808.0},
        {"100000000000000000000000000000", HT_JSON_DOUBLE, 1e29},
        {"-100000000000000000000000000000", HT_JSON_DOUBLE, -1e29},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ht_json *value = parse(cases[i].text);

        assert_int_equal(value->kind, cases[i].kind);
        if (value->kind == HT_JSON_DOUBLE)
            assert_true(fabs(value->number / cases[i].number - 1) < 1e-15);
    }
    assert_true(parse("-9223372036854775808")->integer == INT64_MIN);
    assert_true(parse("9223372036854775808")->uinteger == UINT64_C(9223372036854775808));
}

static void a_big_integer_moves_no_position_behind_it(void **state)
{
    (void)state;
    assert_refused(HT_S("[99999999999999999999, x]"), EINVAL,
                   "x: line 1, column 24: unexpected 'x'");
    assert_refused(HT_S("[99999999999999999999 1]"), EINVAL,
                   "x: line 1, column 23: unexpected '1'");
}

static void typed_reads_refuse_what_does_not_fit(void **state)
{
    (void)state;
    int64_t i = 42;
    uint64_t u = 42;
    double d = 42;
    bool b = true;
    struct ht_str s = HT_STR("kept");

    assert_false(ht_json_int(parse("1.5"), &i));
    assert_false(ht_json_int(parse("1e19"), &i));
    assert_false(ht_json_int(parse("-1e19"), &i));
    assert_false(ht_json_int(parse("9223372036854775808"), &i));
    assert_false(ht_json_int(parse("\"1\""), &i));
    assert_false(ht_json_int(NULL, &i));
    assert_false(ht_json_uint(parse("-1"), &u));
    assert_false(ht_json_uint(parse("-1.0"), &u));
    assert_false(ht_json_uint(parse("2e19"), &u));
    assert_false(ht_json_uint(NULL, &u));
    assert_false(ht_json_number(parse("null"), &d));
    assert_false(ht_json_number(parse("1e999"), &d));
    assert_false(ht_json_bool(parse("1"), &b));
    assert_false(ht_json_string(parse("null"), &s));
    assert_true(i == 42 && u == 42 && d == 42 && b && ht_str_is(s, "kept"));
    assert_true(ht_json_int(parse("2e3"), &i) && i == 2000);
    assert_true(ht_json_uint(parse("1e19"), &u) && u == UINT64_C(10000000000000000000));
    assert_true(ht_json_number(parse("-7"), &d) && d == -7);
}

static void path_follows_keys(void **state)
{
    (void)state;
    const struct ht_json *value = parse("{\"a\":{\"b\":{\"c\":7}},\"x\":null}");
    int64_t i = 0;

    assert_true(ht_json_int(ht_json_path(value, "a", "b", "c", NULL), &i) && i == 7);
    assert_null(ht_json_path(value, "a", "nope", "c", NULL));
    assert_null(ht_json_path(value, "x", "c", NULL));
    assert_ptr_equal(ht_json_path(value, NULL), value);
}

static void the_last_of_equal_keys_wins(void **state)
{
    (void)state;
    const struct ht_json *value = parse("{\"P\":false,\"q\":1,\"P\":true}");
    bool b = false;

    assert_int_equal(value->len, 2);
    assert_true(ht_json_bool(ht_json_get(value, "P"), &b) && b);
}

static void a_nul_in_a_key_makes_no_other_key(void **state)
{
    (void)state;
    const struct ht_json *value =
        parse("{\"Privileged\":true,\"Privileged\\u0000x\" :false,\"\\\\u0000\":\"\\u0000\"}");
    bool b = false;

    assert_int_equal(value->len, 3);
    assert_true(ht_json_bool(ht_json_get(value, "Privileged"), &b) && b);
    assert_str(value->members[1].key, "Privileged\xef\xbf\xbdx", 14);
    assert_str(value->members[2].key, "\\u0000", 6);
    assert_str(value->members[2].value.string, "\0", 1);
}

static void strings_keep_raw_bytes_and_decode_escapes(void **state)
{
    (void)state;
    assert_str(parse("\"\\ud83d\\ude00\"")->string, "\xf0\x9f\x98\x80", 4);
    assert_str(parse("\"\\ud83d\"")->string, "\xef\xbf\xbd", 3);
    assert_str(parse("\"\\ude00x\"")->string, "\xef\xbf\xbdx", 4);
    assert_str(parse("\"\\ud83d\\u0041\"")->string,
               "\xef\xbf\xbd"
               "A",
               4);
    assert_str(parse("\"\xff\xc0\x80\x9b\"")->string, "\xff\xc0\x80\x9b", 4);
    assert_str(parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u001b\"")->string, "\"\\/\b\f\n\r\t\x1b", 9);
    assert_str(parse("\"\x7f\"")->string, "\x7f", 1);
}

static void what_is_no_json_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"", "x: line 1, column 1: unexpected end"},
        {"  \n ", "x: line 2, column 2: unexpected end"},
        {"{\"a\":1", "x: line 1, column 7: unexpected end"},
        {"{\"a\":\n  \"b", "x: line 2, column 5: unexpected end"},
        {"{\"a\":1}}", "x: line 1, column 8: unexpected '}'"},
        {"{} {}", "x: line 1, column 4: unexpected '{'"},
        {"1 2", "x: line 1, column 3: unexpected '2'"},
        {"[1,]", "x: line 1, column 4: unexpected ']'"},
        {"{\"a\":1,}", "x: line 1, column 8: unexpected '}'"},
        {"[1\n,\n 2 3]", "x: line 3, column 4: unexpected '3'"},
        {"{\"a\" 1}", "x: line 1, column 6: unexpected '1'"},
        {"{a:1}", "x: line 1, column 2: unexpected 'a'"},
        {"['a']", "x: line 1, column 2: unexpected '''"},
        {"[NaN]", "x: line 1, column 2: unexpected 'N'"},
        {"[-Infinity]", "x: line 1, column 3: unexpected 'I'"},
        {"[tru]", "x: line 1, column 2: unexpected 't'"},
        {"[True]", "x: line 1, column 2: unexpected 'T'"},
        {"/* c */ 1", "x: line 1, column 1: unexpected '/'"},
        {"[01]", "x: line 1, column 3: unexpected '1'"},
        {"[+1]", "x: line 1, column 2: unexpected '+'"},
        {"[.5]", "x: line 1, column 2: unexpected '.'"},
        {"[1.]", "x: line 1, column 4: unexpected ']'"},
        {"[1e]", "x: line 1, column 4: unexpected ']'"},
        {"[-]", "x: line 1, column 3: unexpected ']'"},
        {"[1}", "x: line 1, column 3: unexpected '}'"},
        {"\"a\nb\"", "x: line 1, column 3: unexpected byte 0x0a"},
        {"\"a\\\nb\"", "x: line 1, column 4: unexpected byte 0x0a"},
        {"\xef\xbb\xbf{}", "x: line 1, column 1: unexpected byte 0xef"},
        {"<html>", "x: line 1, column 1: unexpected '<'"},
        {":", "x: line 1, column 1: unexpected ':'"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_refused(ht_str_from(cases[i].text), EINVAL, cases[i].message);
    assert_refused(HT_S("[1,\0 2]"), EINVAL, "x: line 1, column 4: unexpected byte 0x00");
    assert_refused(HT_S("{}\0"), EINVAL, "x: line 1, column 3: unexpected byte 0x00");
    assert_refused(HT_S("\"\0\""), EINVAL, "x: line 1, column 2: unexpected byte 0x00");
    assert_refused(HT_S("1\0"), EINVAL, "x: line 1, column 2: unexpected byte 0x00");
}

static void bad_escapes_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"\"\\x41\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\'\"", "\"\\"};
    struct ht_error err;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        err.code = 0;
        assert_null(ht_json_parse(arena, "x", ht_str_from(texts[i]), &err));
        assert_int_equal(err.code, EINVAL);
    }
}

static void depth_is_limited(void **state)
{
    (void)state;
    ht_autobuf struct ht_buf deep = HT_BUF(1 << 20);

    ht_buf_add_n(&deep, '[', HT_LIMIT_DEPTH);
    ht_buf_add_n(&deep, ']', HT_LIMIT_DEPTH);
    assert_non_null(ht_json_parse(arena, "x", ht_buf_str(&deep), NULL));
    ht_buf_reset(&deep);
    ht_buf_add_n(&deep, '[', 100000);
    assert_refused(ht_buf_str(&deep), E2BIG, "x: line 1, column 65: nested too deep (limit 64)");
}

static void number_of_values_is_limited(void **state)
{
    (void)state;
    ht_autobuf struct ht_buf many = HT_BUF(SIZE_MAX / 2);
    struct ht_error err = {0};

    ht_buf_add_c(&many, '[');
    for (size_t i = 0; i < HT_LIMIT_JSON_VALUES; i++)
        ht_buf_add(&many, "0,", 2);
    ht_buf_add_text(&many, "0]");
    assert_null(ht_json_parse(arena, "x", ht_buf_str(&many), &err));
    assert_int_equal(err.code, E2BIG);
}

static void a_full_arena_is_an_error(void **state)
{
    (void)state;
    ht_autoarena struct ht_arena *small = ht_arena_new(4096);
    ht_autobuf struct ht_buf text = HT_BUF(1 << 20);
    struct ht_error err = {0};

    ht_buf_add_c(&text, '[');
    for (size_t i = 0; i < 1000; i++)
        ht_buf_add_text(&text, "{\"key\":\"value\"},");
    ht_buf_add_text(&text, "null]");
    assert_null(ht_json_parse(small, "x", ht_buf_str(&text), &err));
    assert_int_equal(err.code, E2BIG);
    assert_string_equal(err.text, "x: needs more memory than its limit allows");
}

/* The parser takes 800 bytes for an object of two: that is refused before it begins. */
static void many_empty_objects_cost_no_more_than_the_limit(void **state)
{
    ht_autoarena struct ht_arena *small = ht_arena_new(1 << 20);
    ht_autobuf struct ht_buf text = HT_BUF(1 << 20);
    struct ht_error err = {0};

    (void)state;
    ht_buf_add_c(&text, '[');
    for (size_t i = 0; i < 4000; i++)
        ht_buf_add_text(&text, "{},");
    ht_buf_add_text(&text, "{}]");
    assert_non_null(ht_json_parse(small, "x", ht_buf_str(&text), &err));
    text.len--;
    for (size_t i = 0; i < 1000; i++)
        ht_buf_add_text(&text, ",{}");
    ht_buf_add_text(&text, "]");
    ht_arena_reset(small);
    assert_null(ht_json_parse(small, "x", ht_buf_str(&text), &err));
    assert_int_equal(err.code, E2BIG);
}

/* ---- the other reader ---- */

static const struct ht_json *read_json(const char *text, const char *const *skip, char *ret_error)
{
    struct ht_error err = {0};
    const struct ht_json *value = ht_json_read(arena, "x", ht_str_from(text), skip, &err);

    memcpy(ret_error, err.text, sizeof(err.text));
    return value;
}

static void both_readers_give_the_same_tree(void **state)
{
    static const char *const texts[] = {
        "null",
        " [ ] ",
        "-0",
        "18446744073709551615",
        "184467440737095516160",
        "-1.5e-3",
        "{\"a\":{\"b\":[true,false,null,1,\"\\ud83d\\ude00 \\ud800 \\u0000x\"]},\"c\":\"\"}",
        "[\"\xff raw\",\"\\/\\n\"]"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct ht_buf wanted = HT_BUF(1000), got = HT_BUF(1000);
        struct ht_json_writer writer;
        char error[HT_ERROR_TEXT_MAX];
        const struct ht_json *value = read_json(texts[i], NULL, error);

        assert_string_equal(error, "");
        ht_json_begin(&writer, &got, HT_JSON_COMPACT, HT_JSON_LOSSLESS);
        ht_json_put(&writer, value);
        ht_json_begin(&writer, &wanted, HT_JSON_COMPACT, HT_JSON_LOSSLESS);
        ht_json_put(&writer, parse(texts[i]));
        assert_string_equal(got.data, wanted.data);
        ht_buf_fini(&wanted);
        ht_buf_fini(&got);
    }
}

static void the_other_reader_says_where_it_went_wrong(void **state)
{
    char error[HT_ERROR_TEXT_MAX];

    (void)state;
    assert_null(read_json("{\"a\":1,\n \"b\" 2}", NULL, error));
    assert_string_equal(error, "x: line 2, column 6: unexpected character");
    assert_null(read_json("[1", NULL, error));
    assert_string_equal(error, "x: line 1, column 3: unexpected end");
    assert_null(read_json("{\"a\":1,\"a\":2}", NULL, error));
    assert_non_null(strstr(error, "a key is there twice"));
    assert_null(read_json("{} {}", NULL, error));
    assert_null(read_json("", NULL, error));
}

/* An object of so many keys, the last of which is that of a place among them; -1: of none. */
static const struct ht_json *read_keys(int count, int again, char error[HT_ERROR_TEXT_MAX])
{
    ht_autobuf struct ht_buf text = HT_BUF(1 << 20);

    ht_buf_add_text(&text, "{");
    for (int i = 0; i < count; i++)
        ht_buf_addf(&text, "\"key%03d\":1,", i);
    ht_buf_addf(&text, "\"key%03d\":2}", again < 0 ? count : again);
    return read_json(text.data, NULL, error);
}

static void a_key_is_there_once_among_however_many(void **state)
{
    static const int counts[] = {1, 2, 24, 25, 70, 255, 256, 257, 900};
    char error[HT_ERROR_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        const struct ht_json *value = read_keys(counts[i], -1, error);

        assert_non_null(value);
        assert_int_equal(value->len, counts[i] + 1);
        assert_null(read_keys(counts[i], 0, error));
        assert_non_null(strstr(error, "a key is there twice"));
        assert_null(read_keys(counts[i], counts[i] / 2, error));
        assert_null(read_keys(counts[i], counts[i] - 1, error));
    }
}

static void skipped_members_are_passed_over(void **state)
{
    static const char *const skip[] = {"long", NULL};
    char error[HT_ERROR_TEXT_MAX];
    const struct ht_json *value =
        read_json("{\"a\":1,\"long\":{\"x\":[\"}\",2]},\"b\":[{\"long\":3}]}", skip, error);
    int64_t number = 0;

    (void)state;
    assert_string_equal(error, "");
    assert_int_equal(value->len, 2);
    assert_true(ht_json_int(ht_json_get(value, "a"), &number) && number == 1);
    assert_null(ht_json_get(value, "long"));
    assert_int_equal(ht_json_get(value, "b")->items[0].len, 0);
}

static void the_other_reader_keeps_to_its_memory(void **state)
{
    struct ht_arena *small = ht_arena_new(4096);
    struct ht_buf text = HT_BUF(100000);
    struct ht_error err = {0};

    (void)state;
    ht_buf_add_c(&text, '[');
    for (int i = 0; i < 1000; i++)
        ht_buf_add_text(&text, "1,");
    ht_buf_add_text(&text, "1]");
    assert_null(ht_json_read(small, "x", ht_buf_str(&text), NULL, &err));
    assert_int_equal(err.code, E2BIG);
    ht_buf_fini(&text);
    ht_arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(members_keep_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown(scalars_stand_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(integers_keep_all_64_bits, setup, teardown),
        cmocka_unit_test_setup_teardown(a_big_integer_moves_no_position_behind_it, setup, teardown),
        cmocka_unit_test_setup_teardown(typed_reads_refuse_what_does_not_fit, setup, teardown),
        cmocka_unit_test_setup_teardown(path_follows_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_of_equal_keys_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(a_nul_in_a_key_makes_no_other_key, setup, teardown),
        cmocka_unit_test_setup_teardown(strings_keep_raw_bytes_and_decode_escapes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_json_is_refused_with_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_escapes_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(depth_is_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(number_of_values_is_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_arena_is_an_error, setup, teardown),
        cmocka_unit_test(many_empty_objects_cost_no_more_than_the_limit),
        cmocka_unit_test_setup_teardown(both_readers_give_the_same_tree, setup, teardown),
        cmocka_unit_test_setup_teardown(the_other_reader_says_where_it_went_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_is_there_once_among_however_many, setup, teardown),
        cmocka_unit_test_setup_teardown(skipped_members_are_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(the_other_reader_keeps_to_its_memory, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
