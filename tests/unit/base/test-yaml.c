/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/yaml.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"

static struct ht_arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = ht_arena_new(64 * 1024 * 1024);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = ht_arena_free(arena);
    return 0;
}

static const struct ht_yaml *parse(const char *text)
{
    struct ht_error err = {0};
    const struct ht_yaml *root = ht_yaml_parse(arena, "x.yaml", ht_str_from(text), &err);

    if (!root)
        fail_msg("%s", err.text);
    return root;
}

static void assert_refused(struct ht_str text, int code, const char *message)
{
    struct ht_error err = {0};

    assert_null(ht_yaml_parse(arena, "x.yaml", text, &err));
    assert_string_equal(err.text, message);
    assert_int_equal(err.code, code);
}

static void a_view_is_read(void **state)
{
    (void)state;
    const struct ht_yaml *root = parse("name: containers\n"
                                       "# a comment\n"
                                       "columns:\n"
                                       "  - {field: name, width: 20}\n"
                                       "  - field: image\n"
                                       "    title: \"yes\"\n"
                                       "empty:\n"
                                       "text: |\n"
                                       "  two\n"
                                       "  lines\n");
    const struct ht_yaml *columns = ht_yaml_get(root, "columns");

    assert_int_equal(root->kind, HT_YAML_MAP);
    assert_int_equal(root->len, 4);
    assert_true(ht_str_is(ht_yaml_text(root, "name"), "containers"));
    assert_int_equal(columns->kind, HT_YAML_LIST);
    assert_int_equal(columns->len, 2);
    assert_int_equal(columns->items[0].line, 4);
    assert_true(ht_str_is(ht_yaml_text(&columns->items[0], "width"), "20"));
    assert_false(ht_yaml_get(&columns->items[0], "width")->quoted);
    assert_int_equal(columns->items[1].line, 5);
    assert_true(ht_yaml_get(&columns->items[1], "title")->quoted);
    assert_int_equal(ht_yaml_get(&columns->items[1], "title")->line, 6);
    assert_int_equal(ht_yaml_get(root, "empty")->kind, HT_YAML_SCALAR);
    assert_int_equal(ht_yaml_get(root, "empty")->text.len, 0);
    assert_true(ht_str_is(ht_yaml_text(root, "text"), "two\nlines\n"));
}

static void lookups_accept_what_is_not_there(void **state)
{
    (void)state;
    const struct ht_yaml *root = parse("a: [1]\n");

    assert_null(ht_yaml_get(NULL, "a"));
    assert_null(ht_yaml_get(root, "b"));
    assert_null(ht_yaml_get(ht_yaml_get(root, "a"), "a"));
    assert_int_equal(ht_yaml_text(root, "a").len, 0);
    assert_int_equal(ht_yaml_text(NULL, "a").len, 0);
}

static void an_empty_document_is_an_empty_map(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", "# only a comment\n", "---\n", "--- {}\n"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct ht_yaml *root = parse(texts[i]);

        assert_int_equal(root->kind, HT_YAML_MAP);
        assert_int_equal(root->len, 0);
    }
    assert_int_equal(parse("\"\"")->kind, HT_YAML_SCALAR);
}

static void what_is_refused_names_its_line(void **state)
{
    (void)state;
    static const char refused[] = "anchors, aliases and tags are not accepted";
    static const struct {
        const char *text;
        const char *line;
        const char *what;
    } cases[] = {
        {"a: 1\nb: &x 2\n", "2", refused},
        {"a: &x [1]\n", "1", refused},
        {"a: 1\nb: *x\n", "2", refused},
        {"a: !!str 1\n", "1", refused},
        {"a: !mine {b: 1}\n", "1", refused},
        {"a: 1\nb: 2\na: 3\n", "3", "key \"a\" is there twice"},
        {"a: {b: 1, b: 2}\n", "1", "key \"b\" is there twice"},
        {"\n? [1, 2]\n: x\n", "2", "a key must be a plain text"},
        {"a: 1\n---\nb: 2\n", "2", "more than one document"},
        {"%YAML 1.1\n---\na: 1\n", "1", "directives are not accepted"},
    };
    char message[200];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(message, sizeof(message), "x.yaml:%s: %s", cases[i].line, cases[i].what);
        assert_refused(ht_str_from(cases[i].text), EINVAL, message);
    }
}

static void broken_yaml_names_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *begin;
    } cases[] = {
        {"a: [1, 2\nb: 3\n", "x.yaml:2: while parsing a flow sequence "},
        {"a: 1\n\tb: 2\n", "x.yaml:2: "},
        {"a: \"open\n", "x.yaml:2: "},
        {"a: b: c\n", "x.yaml:1: mapping values are not allowed"},
        {"a: 1\nb: \x01\n", "x.yaml:"},
        {"a: \xff\n", "x.yaml:"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ht_error err = {0};

        assert_null(ht_yaml_parse(arena, "x.yaml", ht_str_from(cases[i].text), &err));
        assert_int_equal(err.code, EINVAL);
        if (!ht_str_has_prefix(ht_str_from(err.text), cases[i].begin))
            fail_msg("\"%s\" does not begin with \"%s\"", err.text, cases[i].begin);
    }
}

static void sizes_are_limited(void **state)
{
    (void)state;
    ht_autobuf struct ht_buf text = HT_BUF(SIZE_MAX / 2);

    ht_buf_add_n(&text, '[', HT_LIMIT_DEPTH);
    ht_buf_add_n(&text, ']', HT_LIMIT_DEPTH);
    assert_non_null(ht_yaml_parse(arena, "x.yaml", ht_buf_str(&text), NULL));
    ht_buf_reset(&text);
    ht_buf_add_n(&text, '[', HT_LIMIT_DEPTH + 1);
    ht_buf_add_n(&text, ']', HT_LIMIT_DEPTH + 1);
    assert_refused(ht_buf_str(&text), E2BIG, "x.yaml:1: nested too deep (limit 64)");

    ht_buf_reset(&text);
    for (size_t i = 0; i <= HT_LIMIT_YAML_NODES; i++)
        ht_buf_add_text(&text, "- 1\n");
    assert_refused(ht_buf_str(&text), E2BIG, "x.yaml:100000: too many nodes (limit 100000)");

    ht_buf_reset(&text);
    ht_buf_add_n(&text, ' ', HT_LIMIT_YAML + 1);
    assert_refused(ht_buf_str(&text), E2BIG, "x.yaml: larger than 1 MiB");
}

static void a_full_arena_is_an_error(void **state)
{
    (void)state;
    ht_autoarena struct ht_arena *small = ht_arena_new(512);
    struct ht_error err = {0};

    assert_null(ht_yaml_parse(small, "x.yaml", HT_S("[a, b, c, d, e, f, g, h, i]"), &err));
    assert_int_equal(err.code, E2BIG);
}

static const struct ht_yaml *parse_foreign(const char *text)
{
    struct ht_error err = {0};
    const struct ht_yaml *root = ht_yaml_parse_foreign(arena, "x.yaml", ht_str_from(text), &err);

    if (!root)
        fail_msg("%s", err.text);
    return root;
}

static void assert_foreign_refused(struct ht_str text, int code, const char *message)
{
    struct ht_error err = {0};

    assert_null(ht_yaml_parse_foreign(arena, "x.yaml", text, &err));
    assert_string_equal(err.text, message);
    assert_int_equal(err.code, code);
}

static void a_foreign_file_may_use_all_of_yaml(void **state)
{
    (void)state;
    const struct ht_yaml *root = parse_foreign("\xef\xbb\xbf%YAML 1.1\r\n---\r\n"
                                               "base: &b {a: 1, b: 2}\r\n"
                                               "copy: *b\r\n"
                                               "more: {b: 3, <<: *b, c: !!str 4}\r\n"
                                               "list: {<<: [{a: x}, *b]}\r\n"
                                               "...\n---\n} not read\n");

    assert_int_equal(root->len, 4);
    assert_true(ht_str_is(ht_yaml_text(ht_yaml_get(root, "copy"), "b"), "2"));

    const struct ht_yaml *more = ht_yaml_get(root, "more");
    assert_int_equal(more->len, 3);
    assert_true(ht_str_is(ht_yaml_text(more, "a"), "1"));
    assert_true(ht_str_is(ht_yaml_text(more, "b"), "3"));
    assert_true(ht_yaml_get(more, "c")->quoted);
    assert_null(ht_yaml_get(more, "<<"));

    const struct ht_yaml *list = ht_yaml_get(root, "list");
    assert_true(ht_str_is(ht_yaml_text(list, "a"), "x"));
    assert_true(ht_str_is(ht_yaml_text(list, "b"), "2"));
}

static void what_a_foreign_file_may_not_have(void **state)
{
    (void)state;
    assert_foreign_refused(HT_S("a: &x [*x]\n"), EINVAL,
                           "x.yaml:1: an alias of nothing that is complete");
    assert_foreign_refused(HT_S("a: 1\nb: !!binary eA==\n"), EINVAL,
                           "x.yaml:2: this tag is not accepted");
    assert_foreign_refused(HT_S("a: 1\na: 2\n"), EINVAL, "x.yaml:2: a key is there twice");
    assert_foreign_refused(HT_S("<<: [1]\n"), EINVAL,
                           "x.yaml:1: \"<<\" takes a map or a list of maps");
}

static void a_bomb_of_aliases_is_defused(void **state)
{
    (void)state;
    ht_autobuf struct ht_buf text = HT_BUF(SIZE_MAX / 2);

    ht_buf_add_text(&text, "- &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (unsigned i = 1; i < 9; i++)
        ht_buf_addf(&text, "- &a%u [*a%u, *a%u, *a%u, *a%u, *a%u, *a%u, *a%u, *a%u]\n", i, i - 1,
                    i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    assert_foreign_refused(ht_buf_str(&text), E2BIG, "x.yaml:6: too many nodes (limit 100000)");

    ht_buf_reset(&text);
    ht_buf_add_text(&text, "- &a0 [x]\n");
    for (unsigned i = 1; i < HT_LIMIT_DEPTH; i++)
        ht_buf_addf(&text, "- &a%u [*a%u]\n", i, i - 1);
    assert_foreign_refused(ht_buf_str(&text), E2BIG, "x.yaml:64: nested too deep (limit 64)");
}

static struct ht_str tree_text(const char *lines, size_t len)
{
    return (struct ht_str){.data = lines, .len = len};
}
#define TREE(lines) tree_text(lines, sizeof(lines) - 1)

static void a_tree_of_the_build_is_read(void **state)
{
    const char lines[] = "m 2 2\0s 2 name\0q 2 two words\0s 3 list\0l 3 2\0s 3 a\0q 3 \0";
    const struct ht_yaml *root = ht_yaml_read_tree(arena, TREE(lines));

    (void)state;
    assert_non_null(root);
    assert_int_equal(root->kind, HT_YAML_MAP);
    assert_true(ht_str_is(ht_yaml_text(root, "name"), "two words"));
    assert_int_equal(ht_yaml_text(root, "name").data - lines, 19);
    const struct ht_yaml *list = ht_yaml_get(root, "list");
    assert_int_equal(list->len, 2);
    assert_int_equal(list->line, 3);
    assert_true(ht_str_is(list->items[0].text, "a") && !list->items[0].quoted);
    assert_true(list->items[1].text.len == 0 && list->items[1].quoted);
}

static void what_is_no_tree_is_refused(void **state)
{
    const struct ht_str wrong[] = {
        TREE(""),          TREE("m 1 1\0s 1 a\0"), TREE("s 1 a\0s 1 b\0"),
        TREE("x 1 a\0"),   TREE("s a\0"),          TREE("l 1 99999999999\0s 1 a\0"),
        TREE("l 1 -1\0"),  TREE("l 1 \0"),         TREE("m"),
        TREE("s  text\0"), TREE("ss 1 text\0"),    TREE("l 1 1\0l 1 1\0"),
    };
    struct ht_buf deep = HT_BUF(4096);

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_null(ht_yaml_read_tree(arena, wrong[i]));
    for (size_t i = 0; i < HT_LIMIT_DEPTH; i++)
        ht_buf_add(&deep, "l 1 1", 6);
    ht_buf_add(&deep, "s 1 a", 6);
    assert_non_null(ht_yaml_read_tree(arena, ht_buf_str(&deep)));
    deep.len -= 6;
    ht_buf_add(&deep, "l 1 1\0s 1 a", 12);
    assert_null(ht_yaml_read_tree(arena, ht_buf_str(&deep)));
    ht_buf_fini(&deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_view_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(lookups_accept_what_is_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_document_is_an_empty_map, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_refused_names_its_line, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_yaml_names_its_line, setup, teardown),
        cmocka_unit_test_setup_teardown(sizes_are_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_arena_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(a_foreign_file_may_use_all_of_yaml, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_foreign_file_may_not_have, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bomb_of_aliases_is_defused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tree_of_the_build_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_tree_is_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
