/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"

static void parts_are_clamped(void **state)
{
    (void)state;
    struct ht_str s = HT_STR("abcdef");

    assert_true(ht_str_is(ht_str_sub(s, 2, 3), "cde"));
    assert_true(ht_str_is(ht_str_sub(s, 4, 100), "ef"));
    assert_int_equal(ht_str_sub(s, 7, 1).len, 0);
    assert_true(ht_str_is(ht_str_sub(s, 1, SIZE_MAX), "bcdef"));
    assert_int_equal(ht_str_sub((struct ht_str){0}, 3, 3).len, 0);
    assert_int_equal(ht_str_from(NULL).len, 0);
}

static void comparison_is_by_bytes(void **state)
{
    (void)state;
    assert_true(ht_str_equal(HT_S("a\0b"), HT_S("a\0b")));
    assert_false(ht_str_equal(HT_S("a\0b"), HT_S("a\0c")));
    assert_false(ht_str_is(HT_S("a\0b"), "a"));
    assert_true(ht_str_equal((struct ht_str){0}, HT_S("")));
    assert_true(ht_str_is_nocase(HT_S("TrUe"), "true"));
    assert_false(ht_str_is_nocase(HT_S("tru"), "true"));
    assert_true(ht_str_compare(HT_S("a"), HT_S("b")) < 0);
    assert_true(ht_str_compare(HT_S("\xff"), HT_S("a")) > 0);
    assert_true(ht_str_compare(HT_S("a"), HT_S("ab")) < 0);
    assert_true(ht_str_compare(HT_S("ab"), HT_S("a")) > 0);
    assert_int_equal(ht_str_compare((struct ht_str){0}, HT_S("")), 0);
}

static void prefixes_and_suffixes(void **state)
{
    (void)state;
    assert_true(ht_str_has_prefix(HT_S("docker.sock"), "docker"));
    assert_false(ht_str_has_prefix(HT_S("dock"), "docker"));
    assert_true(ht_str_has_prefix((struct ht_str){0}, ""));
    assert_true(ht_str_has_suffix(HT_S("docker.sock"), ".sock"));
    assert_false(ht_str_has_suffix(HT_S("sock"), ".sock"));
    assert_true(ht_str_has_suffix((struct ht_str){0}, ""));
}

static void needles_are_found_from_where_it_is_asked(void **state)
{
    (void)state;
    struct ht_str s = HT_STR("one two one");

    assert_int_equal(ht_str_find(s, HT_S("one"), 0), 0);
    assert_int_equal(ht_str_find(s, HT_S("one"), 1), 8);
    assert_int_equal(ht_str_find(s, HT_S("one"), 9), -1);
    assert_int_equal(ht_str_find(s, HT_S("one"), 100), -1);
    assert_int_equal(ht_str_find(s, HT_S(""), 11), 11);
    assert_int_equal(ht_str_find(s, HT_S(""), 12), -1);
    assert_int_equal(ht_str_find((struct ht_str){0}, HT_S("x"), 0), -1);
    assert_int_equal(ht_str_find_nocase(s, HT_S("TWO"), 0), 4);
    assert_int_equal(ht_str_find_nocase(s, HT_S("TWO"), 5), -1);
    assert_int_equal(ht_str_find_nocase(s, HT_S("longer than the text"), 0), -1);
    assert_int_equal(ht_str_find_nocase(HT_S("a\0x A\0B"), HT_S("a\0b"), 0), 4);
    assert_int_equal(ht_str_find_byte(s, 'o'), 0);
    assert_int_equal(ht_str_rfind_byte(s, 'o'), 8);
    assert_int_equal(ht_str_find_byte(s, 'x'), -1);
    assert_int_equal(ht_str_rfind_byte((struct ht_str){0}, 'x'), -1);
    assert_true(ht_str_is(ht_str_base(HT_S("/usr/bin/sh")), "sh"));
    assert_true(ht_str_is(ht_str_base(HT_S("sh")), "sh"));
    assert_true(ht_str_is(ht_str_base(HT_S("/usr/bin/")), ""));
    assert_true(ht_str_is(ht_str_folder(HT_S("/usr/bin/sh")), "/usr/bin/"));
    assert_true(ht_str_is(ht_str_folder(HT_S("/sh")), "/"));
    assert_true(ht_str_is(ht_str_folder(HT_S("sh")), ""));
    assert_true(ht_str_is(ht_str_program(HT_S("/bin/sh (deleted)")), "sh"));
    assert_true(ht_str_is(ht_str_without(HT_S("a.b.b"), ".b"), "a.b"));
    assert_true(ht_str_is(ht_str_without(HT_S("a.c"), ".b"), "a.c"));
}

static void blanks_are_trimmed_at_both_ends(void **state)
{
    (void)state;
    assert_true(ht_str_is(ht_str_trim(HT_S(" \t a b\r\n")), "a b"));
    assert_int_equal(ht_str_trim(HT_S(" \n ")).len, 0);
    assert_int_equal(ht_str_trim((struct ht_str){0}).len, 0);
}

static void assert_parts(const char *text, const char *const *expected)
{
    struct ht_str rest = ht_str_from(text);
    struct ht_str part;

    for (; *expected; expected++) {
        assert_true(ht_str_next(&rest, '/', &part));
        assert_true(ht_str_is(part, *expected));
    }
    assert_false(ht_str_next(&rest, '/', &part));
}

static void texts_are_split_at_separators(void **state)
{
    (void)state;
    assert_parts("", (const char *const[]){NULL});
    assert_parts("a", (const char *const[]){"a", NULL});
    assert_parts("a//b", (const char *const[]){"a", "", "b", NULL});
    assert_parts("/a", (const char *const[]){"", "a", NULL});
}

static void paths_lie_in_folders(void **state)
{
    (void)state;
    assert_true(ht_path_lies_in(HT_S("/a/b"), HT_S("/a")));
    assert_true(ht_path_lies_in(HT_S("/a/b"), HT_S("/a//")));
    assert_true(ht_path_lies_in(HT_S("/a"), HT_S("/a")));
    assert_true(ht_path_lies_in(HT_S("/a"), HT_S("/")));
    assert_true(ht_path_lies_in(HT_S("/"), HT_S("/")));
    assert_false(ht_path_lies_in(HT_S("/ab"), HT_S("/a")));
    assert_false(ht_path_lies_in(HT_S("/"), HT_S("/a")));
    assert_true(ht_path_goes_up(HT_S("..")));
    assert_true(ht_path_goes_up(HT_S("../a")));
    assert_true(ht_path_goes_up(HT_S("/a/../b")));
    assert_true(ht_path_goes_up(HT_S("/a/..")));
    assert_false(ht_path_goes_up(HT_S("/a/..b/c..")));
    assert_false(ht_path_goes_up(HT_S("/")));
    assert_false(ht_path_goes_up(HT_S("")));
    assert_false(ht_path_lies_in(HT_S("/a"), HT_S("")));
    assert_false(ht_path_lies_in(HT_S(""), HT_S("/a")));
}

static void hashes_depend_on_bytes_and_seed(void **state)
{
    (void)state;
    /* The published values of 64-bit FNV-1a. */
    assert_true(ht_str_hash(HT_S(""), 0) == UINT64_C(0xcbf29ce484222325));
    assert_true(ht_str_hash(HT_S("a"), 0) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(ht_str_hash(HT_S("foobar"), 0) == UINT64_C(0x85944171f73967e8));
    assert_true(ht_str_hash(HT_S("bar"), ht_str_hash(HT_S("foo"), 0)) ==
                ht_str_hash(HT_S("foobar"), 0));

    /* The one for tables looks at every byte, wherever the text lies. */
    for (size_t len = 1; len <= 20; len++) {
        for (size_t at = 0; at < len; at++) {
            char text[32] = "abcdefghijklmnopqrst", other[32] = " abcdefghijklmnopqrst";
            struct ht_str a = {.data = text, .len = len}, b = {.data = other + 1, .len = len};

            assert_true(ht_str_table_hash(a) == ht_str_table_hash(b));
            other[1 + at] = 'z';
            assert_true(ht_str_table_hash(a) != ht_str_table_hash(b));
        }
    }
    assert_true(ht_str_table_hash((struct ht_str){.data = "a\0", .len = 1}) !=
                ht_str_table_hash((struct ht_str){.data = "a\0", .len = 2}));
}

enum { BUCKETS = 16384 };

static void count_buckets(const char *form, int width, size_t *ret_plain, size_t *ret_table)
{
    bool *plain = ht_new_array(bool, BUCKETS), *table = ht_new_array(bool, BUCKETS);

    *ret_plain = *ret_table = 0;
    for (int i = 0; i < BUCKETS; i++) {
        char text[96];
        struct ht_str name = {.data = text,
                              .len = (size_t)snprintf(text, sizeof(text), form, width, i)};

        plain[ht_str_hash(name, 0) % BUCKETS] = true;
        table[ht_str_table_hash(name) % BUCKETS] = true;
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        *ret_plain += plain[i];
        *ret_table += table[i];
    }
    free(plain);
    free(table);
}

/* Tables take the low bits, and most names are counted: whatever their form and length, they fill
 * at least half of what the plain one fills. */
static void names_with_a_counter_spread(void **state)
{
    static const char *const forms[] = {"%0*d", "%*d", "%-*d", "%0*x", "lib-%0*d", "/p/%0*d.so"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        for (int width = 5; width <= 28; width++) {
            size_t plain, table;

            count_buckets(forms[i], width, &plain, &table);
            assert_in_range(table, plain / 2, BUCKETS);
        }
    }
}

static void a_variable_is_found_by_its_whole_name(void **state)
{
    (void)state;
    struct ht_str environment = HT_S("HOMES=/a\0HOME=/b\0EMPTY=\0HOME=/c\0LAST");

    assert_true(ht_str_is(ht_environ_find(environment, "HOME"), "/b"));
    assert_true(ht_str_is(ht_environ_find(environment, "HOMES"), "/a"));
    assert_non_null(ht_environ_find(environment, "EMPTY").data);
    assert_int_equal(ht_environ_find(environment, "EMPTY").len, 0);
    assert_null(ht_environ_find(environment, "LAST").data);
    assert_null(ht_environ_find(environment, "HO").data);
    assert_null(ht_environ_find((struct ht_str){0}, "HOME").data);
}

static void words_of_a_list_are_whole(void **state)
{
    (void)state;
    assert_true(ht_str_is_among(HT_S("-cp"), "-cp -jar"));
    assert_true(ht_str_is_among(HT_S("-jar"), "-cp -jar"));
    assert_false(ht_str_is_among(HT_S("-c"), "-cp -jar"));
    assert_false(ht_str_is_among(HT_S("-cp -jar"), "-cp -jar"));
    assert_false(ht_str_is_among(HT_S(""), "-cp -jar"));
    assert_false(ht_str_is_among(HT_S(""), ""));
    assert_false(ht_str_is_among(HT_S("-cp"), NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_clamped),
        cmocka_unit_test(words_of_a_list_are_whole),
        cmocka_unit_test(comparison_is_by_bytes),
        cmocka_unit_test(prefixes_and_suffixes),
        cmocka_unit_test(needles_are_found_from_where_it_is_asked),
        cmocka_unit_test(blanks_are_trimmed_at_both_ends),
        cmocka_unit_test(texts_are_split_at_separators),
        cmocka_unit_test(paths_lie_in_folders),
        cmocka_unit_test(hashes_depend_on_bytes_and_seed),
        cmocka_unit_test(names_with_a_counter_spread),
        cmocka_unit_test(a_variable_is_found_by_its_whole_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
