/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/objects.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

/* What came, one line an object: "item 0 of {...} line 3: {...}". */
struct said {
    struct ht_buf text;
    size_t stop_after; /* 0: never */
    size_t objects;
};

static void put(struct ht_buf *out, const struct ht_json *value)
{
    struct ht_json_writer json;

    ht_json_begin(&json, out, HT_JSON_COMPACT, HT_JSON_LOSSLESS);
    ht_json_put(&json, value);
}

static int say(void *context, const struct ht_object *object, struct ht_error *err)
{
    struct said *said = context;

    if (object->head) {
        ht_buf_addf(&said->text, "item %zu of ", object->index);
        put(&said->text, object->head);
    } else {
        ht_buf_addf(&said->text, object->is_list ? "list of %zu" : "document", object->index);
    }
    ht_buf_addf(&said->text, " line %u: ", object->line);
    put(&said->text, object->value);
    ht_buf_add_c(&said->text, '\n');
    if (++said->objects == said->stop_after)
        return ht_error_set(err, ECANCELED, "enough");
    return 0;
}

static const char *const skip[] = {"passed", NULL};
static const struct ht_objects_options options = {.name = "x", .skip = skip};

/* Through a pipe that gives its bytes in pieces of that size; 0: from memory. */
static int read_pieces(struct ht_str text, size_t piece, struct said *said, struct ht_error *err)
{
    int pipe_fds[2];
    int r;

    if (piece == 0 && text.len && (text.data[0] == '{' || text.data[0] == '['))
        return ht_objects_read_json(text, &options, say, said, err);
    if (piece == 0)
        return ht_objects_read_yaml(text, &options, say, said, err);
    assert_int_equal(pipe(pipe_fds), 0);
    if (fork() == 0) {
        close(pipe_fds[0]);
        for (size_t i = 0; i < text.len; i += piece) {
            size_t len = text.len - i < piece ? text.len - i : piece;

            if (write(pipe_fds[1], text.data + i, len) < 0)
                break;
        }
        _exit(0);
    }
    close(pipe_fds[1]);
    r = ht_objects_read(pipe_fds[0], &options, say, said, err);
    close(pipe_fds[0]);
    return r;
}

static void expect(const char *text, const char *wanted)
{
    static const size_t pieces[] = {0, 1, 7, 100000};

    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        struct said said = {.text = HT_BUF(HT_LIMIT_BODY)};
        struct ht_error err = {0};

        if (read_pieces(ht_str_from(text), pieces[i], &said, &err) < 0)
            fail_msg("%s", err.text);
        ht_buf_add_c(&said.text, '\0');
        assert_string_equal(said.text.data, wanted);
        ht_buf_fini(&said.text);
    }
}

/* The same where only a stream may be both. */
static void expect_stream(const char *text, const char *wanted)
{
    static const size_t pieces[] = {1, 7, 100000};

    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        struct said said = {.text = HT_BUF(HT_LIMIT_BODY)};
        struct ht_error err = {0};

        if (read_pieces(ht_str_from(text), pieces[i], &said, &err) < 0)
            fail_msg("%s: %s", text, err.text);
        ht_buf_add_c(&said.text, '\0');
        assert_string_equal(said.text.data, wanted);
        ht_buf_fini(&said.text);
    }
}

static void refuse(struct ht_str text, int code, const char *message)
{
    struct said said = {.text = HT_BUF(HT_LIMIT_BODY)};
    struct ht_error err = {0};

    assert_int_equal(read_pieces(text, 0, &said, &err), -code);
    assert_string_equal(err.text, message);
    ht_buf_fini(&said.text);
}

static void refuse_text(const char *text, int code, const char *message)
{
    refuse(ht_str_from(text), code, message);
}

static void a_list_is_given_item_by_item(void **state)
{
    (void)state;
    expect("{\"kind\":\"L\", \"items\" : [ {\"a\":1},\n{\"b\":[true,null]} ] ,\"z\":{}}",
           "item 0 of {\"kind\":\"L\"} line 1: {\"a\":1}\n"
           "item 1 of {\"kind\":\"L\"} line 2: {\"b\":[true,null]}\n"
           "list of 2 line 1: {\"kind\":\"L\",\"z\":{}}\n");
    expect("kind: L\nitems:\n- a: 1\n- b: [true, null]\nz: {}\n",
           "item 0 of {\"kind\":\"L\"} line 3: {\"a\":1}\n"
           "item 1 of {\"kind\":\"L\"} line 4: {\"b\":[true,null]}\n"
           "list of 2 line 1: {\"kind\":\"L\",\"z\":{}}\n");
    expect("{\"items\":[]}", "list of 0 line 1: {}\n");
    expect("[1,\n[2]]", "document line 1: 1\ndocument line 2: [2]\n");
}

static void the_mark_of_utf_8_is_passed_over(void **state)
{
    static const size_t pieces[] = {1, 2, 100000};
    static const char *const texts[] = {"\xef\xbb\xbf{\"a\":1}", "\xef\xbb\xbf"
                                                                 "a: 1\r\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pieces) * ARRAY_LEN(texts); i++) {
        struct said said = {.text = HT_BUF(HT_LIMIT_BODY)};
        struct ht_error err = {0};

        if (read_pieces(ht_str_from(texts[i % 2]), pieces[i / 2], &said, &err) < 0)
            fail_msg("%s", err.text);
        ht_buf_add_c(&said.text, '\0');
        assert_string_equal(said.text.data, "document line 1: {\"a\":1}\n");
        ht_buf_fini(&said.text);
    }
}

static void documents_follow_each_other(void **state)
{
    (void)state;
    expect("# x\n---\na: 1\n---\n---\nb: 2\n...\n",
           "document line 3: {\"a\":1}\ndocument line 6: {\"b\":2}\n");
    expect("{\"a\":1}\n\n{\"b\":2}", "document line 1: {\"a\":1}\ndocument line 3: {\"b\":2}\n");
    expect("{\"a\":1}\n---\n{\"b\":2}\n",
           "document line 1: {\"a\":1}\ndocument line 3: {\"b\":2}\n");
    expect("---\n{\"a\":1}\n", "document line 2: {\"a\":1}\n");
    expect("  \n", "");
}

static void skipped_keys_are_passed_over(void **state)
{
    (void)state;
    expect("{\"passed\":{\"x\":[\"}\\\"\",1]},\"m\":{\"passed\":\"]\",\"a\":1}}",
           "document line 1: {\"m\":{\"a\":1}}\n");
    expect("passed: {x: [1, {y: 2}]}\nm: {passed: z, a: 1}\n",
           "document line 1: {\"m\":{\"a\":1}}\n");
}

static void json_is_read_as_it_is_written(void **state)
{
    (void)state;
    expect("{\"t\":\"a\\u00e4\\n\\ud83d\\ude00\\ud800x\\/\",\"n\":[-1,0,18446744073709551615,1.5,"
           "1e3],\"e\":\"\"}",
           "document line 1: {\"t\":\"a\xc3\xa4\\u000a\xf0\x9f\x98\x80\xef\xbf\xbdx/\",\"n\":[-1,0,"
           "18446744073709551615,1.5,1000],\"e\":\"\"}\n");
}

static void yaml_scalars_are_what_kubectl_takes_them_for(void **state)
{
    (void)state;
    expect("a: [yes, No, on, ~, null, '1', \"true\", 0x10, 010, 0o10, 1_000, -5, 1.5, .5, 1e3, "
           "1.2.3, -, 0b11, !!str 5]\n",
           "document line 1: {\"a\":[true,false,true,null,null,\"1\",\"true\",16,8,8,1000,-5,1.5,"
           "0.5,1000,\"1.2.3\",\"-\",3,\"5\"]}\n");
    expect("a: |\n  x\n  y\nb: >-\n  x\n  y\n", "document line 1: {\"a\":\"x\\u000ay\\u000a\","
                                                "\"b\":\"x y\"}\n");
}

static void anchors_work_within_an_object(void **state)
{
    (void)state;
    expect("a: &x {p: 1, q: 2}\nb: *x\nc: {<<: *x, q: 3}\nd: [*x]\n",
           "document line 1: {\"a\":{\"p\":1,\"q\":2},\"b\":{\"p\":1,\"q\":2},\"c\":{\"q\":3,"
           "\"p\":1},\"d\":[{\"p\":1,\"q\":2}]}\n");
    refuse_text("items:\n- &x {a: 1}\n- *x\n", EINVAL,
                "x:3: alias of an anchor that is not in this object, or around it: x");
    refuse_text("a: &x [*x]\n", EINVAL,
                "x:1: alias of an anchor that is not in this object, or around it: x");
    refuse_text("a: &x 1\n---\nb: *x\n", EINVAL,
                "x:3: alias of an anchor that is not in this object, or around it: x");
}

static void a_bomb_of_aliases_is_refused(void **state)
{
    struct ht_buf text = HT_BUF(65536);

    (void)state;
    ht_buf_add_text(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (unsigned i = 1; i < 9; i++)
        ht_buf_addf(&text,
                    "a%u: &a%u [*a%u, *a%u, *a%u, *a%u, *a%u, *a%u, *a%u, *a%u, *a%u, *a%u]\n", i,
                    i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    refuse(ht_buf_str(&text), E2BIG, "x:6: too many values in one object (limit 200000)");
    ht_buf_fini(&text);
}

static void depth_is_limited(void **state)
{
    struct ht_buf text = HT_BUF(65536);

    (void)state;
    ht_buf_add_text(&text, "{\"a\":");
    ht_buf_add_n(&text, '[', 70);
    ht_buf_add_n(&text, ']', 70);
    ht_buf_add_c(&text, '}');
    refuse(ht_buf_str(&text), E2BIG, "x:1: nested too deep (limit 64)");
    ht_buf_reset(&text);
    ht_buf_add_text(&text, "a: ");
    ht_buf_add_n(&text, '[', 70);
    ht_buf_add_n(&text, ']', 70);
    refuse(ht_buf_str(&text), E2BIG, "x:1: nested too deep (limit 64)");
    /* An alias lies as deep as what it stands for. */
    ht_buf_reset(&text);
    ht_buf_add_text(&text, "a: &x ");
    ht_buf_add_n(&text, '[', 40);
    ht_buf_add_n(&text, ']', 40);
    ht_buf_add_text(&text, "\nb: ");
    ht_buf_add_n(&text, '[', 40);
    ht_buf_add_text(&text, "*x");
    ht_buf_add_n(&text, ']', 40);
    refuse(ht_buf_str(&text), E2BIG, "x:2: nested too deep (limit 64)");
    ht_buf_fini(&text);
}

static void an_object_is_limited(void **state)
{
    struct ht_buf text = HT_BUF(64 * 1024 * 1024);
    struct said said = {.text = HT_BUF(HT_LIMIT_BODY)};
    struct ht_error err = {0};

    (void)state;
    ht_buf_add_text(&text, "{\"items\":[\n\"");
    ht_buf_add_n(&text, 'x', 20 * 1024 * 1024);
    ht_buf_add_text(&text, "\"]}");
    assert_int_equal(read_pieces(ht_buf_str(&text), 65536, &said, &err), -E2BIG);
    assert_string_equal(err.text, "x:2: an object of more than 16 MiB begins here");
    ht_buf_reset(&text);
    ht_buf_add_text(&text, "items:\n- ");
    ht_buf_add_n(&text, 'x', 20 * 1024 * 1024);
    assert_int_equal(read_pieces(ht_buf_str(&text), 65536, &said, &err), -E2BIG);
    assert_non_null(strstr(err.text, "an object of more than 16 MiB ends behind this line"));
    ht_buf_fini(&text);
    ht_buf_fini(&said.text);
}

static void bad_json_is_refused(void **state)
{
    (void)state;
    refuse_text("{\"a\":1", EINVAL, "x:1: unexpected end");
    refuse_text("[\"a\\", EINVAL, "x:1: unexpected end");
    refuse_text("[\"a\\n\\", EINVAL, "x:1: unexpected end");
    refuse_text("{\"a\":1,}", EINVAL, "x:1: unexpected character");
    refuse_text("{\"a\"\n1}", EINVAL, "x:2: unexpected character");
    refuse_text("{\"items\":[1,]}", EINVAL, "x:1: unexpected character");
    refuse_text("{\"items\":[1 2]}", EINVAL, "x:1: unexpected character");
    refuse_text("{\"items\":[{\"a\":01}]}", EINVAL, "x:1: unexpected character");
    refuse_text("{\"items\":[\n{\"a\":\"\n\"}]}", EINVAL, "x:2: unexpected character");
    refuse_text("{\"items\":[{\"a\":\"\\x\"}]}", EINVAL, "x:1: unexpected character");
    refuse_text("{\"items\":[{\"a\":tru}]}", EINVAL, "x:1: unexpected character");
    refuse_text("{\"items\":[{\"a\":1} x]}", EINVAL, "x:1: unexpected character");
    refuse_text("{\"a\":1,\n\"a\":2}", EINVAL, "x:2: key \"a\" is there twice");
    refuse_text("{\"items\":[],\"items\":[]}", EINVAL, "x:1: key \"items\" is there twice");
    refuse_text("{\"x\":[\n{\"a\":1,\"a\":2}]}", EINVAL,
                "x:2: a key is there twice in the map that begins here");
    refuse_text("{\"a\":1}}", EINVAL, "x:1: unexpected character");
    refuse_text("{a:1}", EINVAL, "x:1: unexpected character");
    refuse_text("{\"a\":1}\n# no", EINVAL, "x:2: unexpected character");
    refuse_text("{\"a\":1}-", EINVAL, "x:1: unexpected character");
}

static void bad_yaml_is_refused(void **state)
{
    (void)state;
    refuse_text("a: 1\na: 2\n", EINVAL, "x:1: key \"a\" is there twice");
    refuse_text("items: []\nb: 1\nitems: []\n", EINVAL, "x:3: key \"items\" is there twice");
    refuse_text("b:\n  c: {d: 1, d: 2}\n", EINVAL, "x:2: key \"d\" is there twice");
    refuse_text("a: !!binary aGk=\n", EINVAL, "x:1: tags are not accepted");
    refuse_text("a: !thing {b: 1}\n", EINVAL, "x:1: tags are not accepted");
    refuse_text("? [a]\n: 1\n", EINVAL, "x:1: a key must be a plain text");
    refuse_text("a: {<<: 3}\n", EINVAL, "x:1: << needs a map, or a list of maps");
    refuse_text("text\n", EINVAL, "x:1: neither a map nor a list");
    refuse_text("a: [1\n", EINVAL,
                "x:2: while parsing a flow sequence did not find expected ',' or ']'");
    refuse_text("a: b\n\tc: d\n", EINVAL,
                "x:2: while scanning a plain scalar found a tab character that violates "
                "indentation");
}

static void yaml_may_stand_behind_json(void **state)
{
    static const char wanted[] = "document line 1: {\"a\":1}\ndocument line 3: {\"b\":2}\n";

    (void)state;
    expect_stream("{\"a\":1}\n---\nb: 2\n", wanted);
    expect_stream("{\"a\":1}\n--- # here\nb: 2\n", wanted);
    expect_stream("{\"a\":1}\n---\n{b: 2}\n", wanted);
    expect_stream("{\"a\":1}\n...\n--- {b: 2}\n", wanted);
    expect_stream("{\"a\":1}\n# more\n--- {\"b\":2}\n", wanted);
    expect_stream("{\"a\":1}\n---\nnull\n---\n{\"b\":2}\n",
                  "document line 1: {\"a\":1}\ndocument line 5: {\"b\":2}\n");
}

static void a_map_in_braces_may_be_yaml(void **state)
{
    (void)state;
    expect_stream("{a: 1,\n b: [x]}\n", "document line 1: {\"a\":1,\"b\":[\"x\"]}\n");
    expect_stream("\n{ # of YAML\n \"a\": x}\n---\n{\"b\":2}\n",
                  "document line 2: {\"a\":\"x\"}\ndocument line 5: {\"b\":2}\n");
    expect_stream("{items: [{a: 1},\n{b: 2}], kind: L}\n",
                  "item 0 of {} line 1: {\"a\":1}\nitem 1 of {} line 2: {\"b\":2}\n"
                  "list of 2 line 1: {\"kind\":\"L\"}\n");
    expect_stream("{ }\n{\"a\":1}\n", "document line 1: {}\ndocument line 2: {\"a\":1}\n");
}

static void a_document_of_nothing_is_none(void **state)
{
    (void)state;
    expect("---\nnull\n---\n~\n---\n---\na: 1\n--- NULL\n", "document line 7: {\"a\":1}\n");
    refuse_text("a: 1\n--- 'null'\n", EINVAL, "x:2: neither a map nor a list");
}

static void whoever_takes_may_end_it(void **state)
{
    static const char *const texts[] = {"{\"items\":[1,2,3]}", "items: [1, 2, 3]\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct said said = {.text = HT_BUF(HT_LIMIT_BODY), .stop_after = 2};
        struct ht_error err = {0};

        assert_int_equal(read_pieces(ht_str_from(texts[i]), 0, &said, &err), -ECANCELED);
        assert_int_equal(said.objects, 2);
        ht_buf_fini(&said.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_given_item_by_item),
        cmocka_unit_test(documents_follow_each_other),
        cmocka_unit_test(yaml_may_stand_behind_json),
        cmocka_unit_test(a_map_in_braces_may_be_yaml),
        cmocka_unit_test(a_document_of_nothing_is_none),
        cmocka_unit_test(the_mark_of_utf_8_is_passed_over),
        cmocka_unit_test(skipped_keys_are_passed_over),
        cmocka_unit_test(json_is_read_as_it_is_written),
        cmocka_unit_test(yaml_scalars_are_what_kubectl_takes_them_for),
        cmocka_unit_test(anchors_work_within_an_object),
        cmocka_unit_test(a_bomb_of_aliases_is_refused),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(an_object_is_limited),
        cmocka_unit_test(bad_json_is_refused),
        cmocka_unit_test(bad_yaml_is_refused),
        cmocka_unit_test(whoever_takes_may_end_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
