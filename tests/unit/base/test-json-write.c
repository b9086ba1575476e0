/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/json.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/printable.h"

static void assert_written(const struct ht_buf *out, const char *expected)
{
    assert_string_equal(out->data, expected);
}

static void put_example(struct ht_json_writer *writer)
{
    ht_json_object_begin(writer);
    ht_json_key(writer, HT_S("a"));
    ht_json_array_begin(writer);
    ht_json_put_int(writer, -1);
    ht_json_put_bool(writer, true);
    ht_json_put_null(writer);
    ht_json_array_end(writer);
    ht_json_key(writer, HT_S("empty"));
    ht_json_array_begin(writer);
    ht_json_array_end(writer);
    ht_json_name(writer, "none");
    ht_json_object_begin(writer);
    ht_json_object_end(writer);
    ht_json_key(writer, HT_S("s"));
    ht_json_put_string(writer, HT_S("x\"y\\z"));
    ht_json_object_end(writer);
}

static void both_styles(void **state)
{
    (void)state;
    ht_autobuf struct ht_buf out = HT_BUF(4096);
    struct ht_json_writer writer;

    ht_json_begin(&writer, &out, HT_JSON_COMPACT, HT_JSON_PRINTABLE);
    put_example(&writer);
    assert_written(&out, "{\"a\":[-1,true,null],\"empty\":[],\"none\":{},\"s\":\"x\\\"y\\\\z\"}");
    ht_buf_reset(&out);
    ht_json_begin(&writer, &out, HT_JSON_INDENTED, HT_JSON_LOSSLESS);
    put_example(&writer);
    assert_written(&out, "{\n"
                         "  \"a\": [\n"
                         "    -1,\n"
                         "    true,\n"
                         "    null\n"
                         "  ],\n"
                         "  \"empty\": [],\n"
                         "  \"none\": {},\n"
                         "  \"s\": \"x\\\"y\\\\z\"\n"
                         "}\n");
}

static void values_in_a_row_need_no_comma(void **state)
{
    (void)state;
    ht_autobuf struct ht_buf out = HT_BUF(4096);
    struct ht_json_writer writer;

    ht_json_begin(&writer, &out, HT_JSON_COMPACT, HT_JSON_LOSSLESS);
    ht_json_array_begin(&writer);
    ht_json_put_int(&writer, 1);
    ht_json_array_end(&writer);
    ht_buf_add_c(&out, '\n');
    ht_json_put_int(&writer, 2);
    assert_written(&out, "[1]\n2");
}

static void numbers_are_exact(void **state)
{
    (void)state;
    ht_autobuf struct ht_buf out = HT_BUF(4096);
    struct ht_json_writer writer;

    ht_json_begin(&writer, &out, HT_JSON_COMPACT, HT_JSON_PRINTABLE);
    ht_json_array_begin(&writer);
    ht_json_put_int(&writer, INT64_MIN);
    ht_json_put_int(&writer, INT64_MAX);
    ht_json_put_uint(&writer, UINT64_MAX);
    ht_json_put_uint(&writer, 0);
    ht_json_array_end(&writer);
    assert_written(&out, "[-9223372036854775808,9223372036854775807,18446744073709551615,0]");
}

static void doubles_have_six_digits_at_most(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "0"},
        {1.5, "1.5"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {-0.25, "-0.25"},
        {0.0000004, "0"},
        {-0.0000004, "0"},
        {0.000001, "0.000001"},
        {1.9999999, "2"},
        {123456789.125, "123456789.125"},
        {1e21, "1000000000000000000000"},
        {INFINITY, "null"},
        {-INFINITY, "null"},
        {NAN, "null"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ht_autobuf struct ht_buf out = HT_BUF(4096);
        struct ht_json_writer writer;

        ht_json_begin(&writer, &out, HT_JSON_COMPACT, HT_JSON_PRINTABLE);
        ht_json_put_double(&writer, cases[i].value);
        assert_written(&out, cases[i].text);
    }

    ht_autobuf struct ht_buf out = HT_BUF(4096);
    struct ht_json_writer writer;
    ht_json_begin(&writer, &out, HT_JSON_COMPACT, HT_JSON_PRINTABLE);
    ht_json_put_double(&writer, DBL_MAX);
    assert_int_equal(out.len, 309);
}

static void put_string(struct ht_buf *out, enum ht_json_text text, struct ht_str s)
{
    struct ht_json_writer writer;

    ht_buf_reset(out);
    ht_json_begin(&writer, out, HT_JSON_COMPACT, text);
    ht_json_put_string(&writer, s);
}

static void hostile_text_is_printable_or_lossless(void **state)
{
    (void)state;
    static const struct {
        struct ht_str text;
        const char *printable;
        const char *lossless;
    } cases[] = {
        {HT_STR("a\nb\0\x1b\x7f"), "\"a\\\\x0ab\\\\x00\\\\x1b\\\\x7f\"",
         "\"a\\u000ab\\u0000\\u001b\\u007f\""},
        {HT_STR("\xc2\x9b"), "\"\\\\x9b\"", "\"\\u009b\""},
        {HT_STR("\xe2\x80\xae"), "\"\\\\u{202e}\"", "\"\\u202e\""},
        {HT_STR("\xf3\xa0\x80\x81"), "\"\\\\u{e0001}\"", "\"\\udb40\\udc01\""},
        {HT_STR("e\xcc\x81\xcc\x81\xcc\x81"), "\"e\xcc\x81\xcc\x81\\\\u{0301}\"",
         "\"e\xcc\x81\xcc\x81\\u0301\""},
        {HT_STR("\xcc\x81"), "\"\\\\u{0301}\"", "\"\\u0301\""},
        {HT_STR("\xc3\xbc\xe6\x97\xa5"), "\"\xc3\xbc\xe6\x97\xa5\"", "\"\xc3\xbc\xe6\x97\xa5\""},
        {HT_STR("a\xff\x0f"), "\"a\\\\xff\\\\x0f\"", "{\"bytes\":\"61ff0f\"}"},
        {HT_STR("\\x1b"), "\"\\\\x1b\"", "\"\\\\x1b\""},
    };
    ht_autobuf struct ht_buf out = HT_BUF(4096);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        put_string(&out, HT_JSON_PRINTABLE, cases[i].text);
        assert_written(&out, cases[i].printable);
        put_string(&out, HT_JSON_LOSSLESS, cases[i].text);
        assert_written(&out, cases[i].lossless);
    }
}

/* Writes key and value, checks that the bytes are harmless, and reads the same back. */
static void assert_round_trip(struct ht_str key, struct ht_str value)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(1 << 20);
    ht_autobuf struct ht_buf out = HT_BUF(1 << 20);
    ht_autobuf struct ht_buf shown = HT_BUF(1 << 20);
    struct ht_json_writer writer;
    struct ht_str back;

    ht_json_begin(&writer, &out, HT_JSON_COMPACT, HT_JSON_LOSSLESS);
    ht_json_object_begin(&writer);
    ht_json_key(&writer, key);
    ht_json_put_string(&writer, value);
    ht_json_object_end(&writer);
    ht_printable(&shown, ht_buf_str(&out), 0);
    assert_true(ht_str_equal(ht_buf_str(&out), ht_buf_str(&shown)));

    const struct ht_json *tree = ht_json_parse(arena, "x", ht_buf_str(&out), NULL);
    assert_non_null(tree);
    assert_int_equal(tree->len, 1);
    assert_true(ht_json_lossless_key(tree->members[0].key, arena, &back));
    assert_true(ht_str_equal(back, key));
    assert_true(ht_json_lossless_string(&tree->members[0].value, arena, &back));
    assert_true(ht_str_equal(back, value));
}

static void lossless_text_comes_back(void **state)
{
    (void)state;
    uint32_t seed = 77;
    char bytes[24];

    assert_round_trip(HT_S("key"), HT_S(""));
    assert_round_trip(HT_S("bytes:61"), HT_S("bytes:61"));
    assert_round_trip(HT_S("\xff"), HT_S("\xff\0\xfe"));
    assert_round_trip(HT_S("\x1b[31m\xe2\x80\xae"), HT_S("a\0b"));
    for (int round = 0; round < 20000; round++) {
        for (size_t i = 0; i < sizeof(bytes); i++) {
            seed = seed * 1664525 + 1013904223;
            bytes[i] = (char)(unsigned char)(seed >> 24);
            if (round % 2)
                bytes[i] = (char)(bytes[i] & 0x7f);
        }
        struct ht_str value = {.data = bytes, .len = (seed >> 8) % sizeof(bytes)};
        struct ht_str key = value;

        /* A NUL in a key is read as U+FFFD (json.h). */
        if (memchr(bytes, 0, sizeof(bytes)) && ht_utf8_is_valid(key))
            key = HT_S("k");
        assert_round_trip(key, value);
    }
}

static void a_wrong_bytes_object_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"bytes\":\"6\"}",
                                        "{\"bytes\":\"6x\"}",
                                        "{\"bytes\":\"6A\"}",
                                        "{\"bytes\":1}",
                                        "{}",
                                        "{\"bytes\":\"61\",\"more\":1}",
                                        "[\"61\"]",
                                        "null"};
    ht_autoarena struct ht_arena *arena = ht_arena_new(1 << 20);
    struct ht_str s = HT_STR("kept");

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const struct ht_json *value = ht_json_parse(arena, "x", ht_str_from(texts[i]), NULL);

        assert_non_null(value);
        assert_false(ht_json_lossless_string(value, arena, &s));
    }
    assert_false(ht_json_lossless_string(NULL, arena, &s));
    assert_false(ht_json_lossless_key(HT_S("bytes:0"), arena, &s));
    assert_false(ht_json_lossless_key(HT_S("bytes:zz"), arena, &s));
    assert_true(ht_str_is(s, "kept"));
}

static void a_tree_is_written_as_it_was_read(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":[1,-2,18446744073709551615,1.25,\"x\",null,true,[],{}],"
                               "\"b\":{\"c\":\"\\u202e\"}}";
    ht_autoarena struct ht_arena *arena = ht_arena_new(1 << 20);
    ht_autobuf struct ht_buf out = HT_BUF(4096);
    struct ht_json_writer writer;

    ht_json_begin(&writer, &out, HT_JSON_COMPACT, HT_JSON_LOSSLESS);
    ht_json_put(&writer, ht_json_parse(arena, "x", ht_str_from(text), NULL));
    assert_written(&out, text);
}

static void assert_plain(struct ht_str text, enum ht_json_text kind, bool plain)
{
    ht_autobuf struct ht_buf out = HT_BUF(4096);
    ht_autobuf struct ht_buf quoted = HT_BUF(4096);
    struct ht_json_writer writer;

    ht_buf_add_c(&quoted, '"');
    ht_buf_add_str(&quoted, text);
    ht_buf_add_c(&quoted, '"');
    ht_json_begin(&writer, &out, HT_JSON_COMPACT, kind);
    ht_json_put_string(&writer, text);
    assert_int_equal(ht_str_equal(ht_buf_str(&out), ht_buf_str(&quoted)), plain);
}

/* Where the buffer has no room yet, and where it has. */
static void names_are_keys(void **state)
{
    static const enum ht_json_style styles[] = {HT_JSON_COMPACT, HT_JSON_INDENTED};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(styles); i++) {
        ht_autobuf struct ht_buf keys = HT_BUF(1 << 16);
        ht_autobuf struct ht_buf names = HT_BUF(1 << 16);
        struct ht_json_writer key, name;

        ht_json_begin(&key, &keys, styles[i], HT_JSON_PRINTABLE);
        ht_json_begin(&name, &names, styles[i], HT_JSON_PRINTABLE);
        ht_json_object_begin(&key);
        ht_json_object_begin(&name);
        for (int j = 0; j < 500; j++) {
            ht_json_key(&key, HT_S("seccomp_profile"));
            ht_json_name(&name, "seccomp_profile");
            ht_json_put_null(&key);
            ht_json_put_null(&name);
        }
        ht_json_object_end(&key);
        ht_json_object_end(&name);
        assert_true(ht_str_equal(ht_buf_str(&keys), ht_buf_str(&names)));
    }
}

/* Eight bytes are looked at at once: none of them may be overlooked, wherever it stands. */
static void every_byte_is_looked_at_everywhere(void **state)
{
    enum { LEN = 19 };

    (void)state;
    for (size_t len = 1; len <= LEN; len++) {
        for (size_t at = 0; at < len; at++) {
            for (int byte = 0; byte < 256; byte++) {
                bool plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
                char text[] = "abcdefghijklmnopqrs";

                text[at] = (char)byte;
                assert_plain((struct ht_str){.data = text, .len = len}, HT_JSON_LOSSLESS, plain);
                assert_plain((struct ht_str){.data = text, .len = len}, HT_JSON_PRINTABLE, plain);
            }
        }
    }
}

/* Only the ends of lines: what else is not printable is shown as it always is. */
static void lines_of_ours_stay_lines(void **state)
{
    ht_autobuf struct ht_buf out = HT_BUF(256);
    struct ht_json_writer writer;

    (void)state;
    ht_json_begin(&writer, &out, HT_JSON_COMPACT, HT_JSON_PRINTABLE);
    ht_json_array_begin(&writer);
    ht_json_put_lines(&writer, HT_S("1. a\n2. \"b\"\x1b[m"));
    ht_json_put_lines(&writer, HT_S("one"));
    ht_json_put_string(&writer, HT_S("x\ny"));
    ht_json_array_end(&writer);
    assert_string_equal(out.data, "[\"1. a\\n2. \\\"b\\\"\\\\x1b[m\",\"one\",\"x\\\\x0ay\"]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_ours_stay_lines),
        cmocka_unit_test(both_styles),
        cmocka_unit_test(names_are_keys),
        cmocka_unit_test(values_in_a_row_need_no_comma),
        cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(doubles_have_six_digits_at_most),
        cmocka_unit_test(hostile_text_is_printable_or_lossless),
        cmocka_unit_test(lossless_text_comes_back),
        cmocka_unit_test(a_wrong_bytes_object_is_refused),
        cmocka_unit_test(a_tree_is_written_as_it_was_read),
        cmocka_unit_test(every_byte_is_looked_at_everywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
