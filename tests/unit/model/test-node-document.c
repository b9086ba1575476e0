/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/model/document.h"
#include "tests/unit/model/random-row.h"

static void any_node_survives_the_round_trip(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        ht_autoarena struct ht_arena *arena = ht_arena_new(SIZE_MAX / 2);
        struct random random = {.state = seed * 0x9e3779b97f4a7c15, .arena = arena};
        ht_autonode struct ht_node *node = random_node(&random, 4);
        ht_autonode struct ht_node *again = NULL;
        ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_DOCUMENT);
        struct ht_error err = {0};

        ht_node_write(&out, node, seed % 2 ? HT_JSON_COMPACT : HT_JSON_INDENTED);
        if (ht_node_read(ht_buf_str(&out), "-", &again, &err) < 0)
            fail_msg("seed %d: %s", (int)seed, err.text);
        if (!nodes_equal(node, again))
            fail_msg("seed %d: rows differ: %s", (int)seed, out.data);
        for (size_t i = 0; i < out.len; i++)
            assert_false((unsigned char)out.data[i] < 0x20 && out.data[i] != '\n');
    }
}

static struct ht_node *one_container(const struct ht_container *container)
{
    struct ht_node *node = ht_node_new(INT64_C(1700000000123456789));

    ht_node_add(node, ht_row_new(&ht_container_table, container));
    return node;
}

static void a_node_reads_as_the_manual_says(void **state)
{
    static const struct ht_pair labels[] = {{HT_STR("app"), HT_STR("web")}};
    struct ht_container container = {0};
    ht_autobuf struct ht_buf out = HT_BUF(100000);

    (void)state;
    ht_container_set_id(&container, HT_S("c1"));
    ht_container_set_state(&container, HT_CONTAINER_STATE_RUNNING);
    ht_container_set_started_at(&container, -1);
    ht_container_set_pid(&container, UINT64_MAX);
    ht_container_set_env(&container, (struct ht_pair_list){0});
    ht_container_set_labels(&container, (struct ht_pair_list){.items = labels, .len = 1});
    ht_privilege_set_caps(ht_container_edit_effective(&container),
                          UINT64_C(1) << HT_CAPABILITY_SYS_ADMIN | UINT64_C(1) << 41);

    ht_autonode struct ht_node *node = one_container(&container);
    ht_node_write(&out, node, HT_JSON_COMPACT);
    assert_string_equal(
        out.data, "{\"schema\":\"hulltop-node/1\",\"taken_at\":\"2023-11-14T22:13:20.123456789Z\","
                  "\"containers\":[{\"id\":\"c1\",\"state\":\"running\","
                  "\"started_at\":\"1969-12-31T23:59:59.999999999Z\",\"pid\":18446744073709551615,"
                  "\"env\":{},\"labels\":{\"app\":\"web\"},\"effective\":{\"caps\":[\"SYS_ADMIN\","
                  "\"41\"]}}]}");
}

static void null_is_unknown_and_empty_is_known(void **state)
{
    ht_autonode struct ht_node *node = NULL;
    struct ht_error err = {0};
    struct ht_str text = HT_S("{\"schema\":\"hulltop-node/1\",\"taken_at\":5,\"later\":[1],"
                              "\"containers\":[{\"id\":\"a\",\"name\":null,\"mounts\":[],"
                              "\"created_at\":\"0001-01-01T00:00:00Z\",\"novelty\":{}}]}");

    (void)state;
    assert_int_equal(ht_node_read(text, "-", &node, &err), 0);
    assert_int_equal(node->taken_at, 5);

    const struct ht_container *container =
        ht_container_of(ht_node_find(node, HT_TABLE_CONTAINER, HT_S("a")));
    assert_false(ht_container_has_name(container));
    assert_false(ht_container_has_created_at(container));
    assert_true(ht_container_has_mounts(container));
    assert_int_equal(container->mounts.len, 0);
}

static const struct {
    const char *rows;
    const char *message;
    int code;
} bad[] = {
    {"\"containers\":{}", "f: containers: expected a list", EINVAL},
    {"\"containers\":[1]", "f: containers[0]: expected an object", EINVAL},
    {"\"containers\":[{}]", "f: containers[0].id: is missing", EINVAL},
    {"\"containers\":[{\"id\":7}]", "f: containers[0].id: expected a text", EINVAL},
    {"\"containers\":[{\"id\":\"b\"},{\"id\":\"a\"},{\"id\":\"b\"}]",
     "f: containers[2].id: is that of containers[0] too", EINVAL},
    {"\"containers\":[{\"id\":\"a\",\"pid\":\"x\"}]", "f: containers[0].pid: expected a number",
     EINVAL},
    {"\"containers\":[{\"id\":\"a\",\"pid\":-1}]",
     "f: containers[0].pid: expected a number that is not negative", EINVAL},
    {"\"containers\":[{\"id\":\"a\",\"pid\":1.5}]",
     "f: containers[0].pid: expected a whole number of 64 bits", EINVAL},
    {"\"containers\":[{\"id\":\"a\",\"exit_code\":9223372036854775808}]",
     "f: containers[0].exit_code: expected a whole number of 64 bits", EINVAL},
    {"\"containers\":[{\"id\":\"a\",\"state\":\"runing\"}]",
     "f: containers[0].state: not a container_state (did you mean running?)", EINVAL},
    {"\"containers\":[{\"id\":\"a\",\"declared\":{\"caps\":[\"CHOWN\",\"SYS_ADMIM\"]}}]",
     "f: containers[0].declared.caps[1]: not a capability (did you mean SYS_ADMIN?)", EINVAL},
    {"\"containers\":[{\"id\":\"a\",\"mounts\":[{},{\"rw\":1}]}]",
     "f: containers[0].mounts[1].rw: expected true or false", EINVAL},
    {"\"containers\":[{\"id\":\"a\",\"env\":{\"A\":1}}]",
     "f: containers[0].env[0]: expected a text", EINVAL},
    {"\"containers\":[{\"id\":\"a\",\"env\":[[\"A\"]]}]",
     "f: containers[0].env[0]: expected a list of key and value", EINVAL},
    {"\"containers\":[{\"id\":\"a\",\"started_at\":\"soon\"}]",
     "f: containers[0].started_at: expected a time such as 2026-11-23T14:02:31Z", EINVAL},
};

static void broken_rows_are_told_by_their_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        ht_autobuf struct ht_buf text = HT_BUF(10000);
        ht_autonode struct ht_node *node = NULL;
        struct ht_error err = {0};

        ht_buf_addf(&text,
                    "{\"schema\":\"hulltop-node/1\",\"taken_at\":\"2026-11-23T14:02:31Z\",%s}",
                    bad[i].rows);
        assert_int_equal(ht_node_read(ht_buf_str(&text), "f", &node, &err), -bad[i].code);
        assert_string_equal(err.text, bad[i].message);
        assert_null(node);
    }
}

static void documents_of_other_kinds_are_refused(void **state)
{
    static const char *const texts[] = {"",
                                        "null",
                                        "[]",
                                        "{}",
                                        "{\"schema\":7}",
                                        "{\"schema\":\"hulltop/1\",\"taken_at\":1}",
                                        "{\"schema\":\"hulltop-node/1\"}",
                                        "{\"schema\":\"hulltop-node/1\",\"taken_at\":\"x\"}",
                                        "{\"schema\":\"hulltop-node/1\",\"taken_at\":1}}"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        ht_autonode struct ht_node *node = NULL;
        struct ht_error err = {0};

        assert_int_equal(ht_node_read(ht_str_from(texts[i]), "f", &node, &err), -EINVAL);
        assert_memory_equal(err.text, "f: ", 3);
        assert_int_equal(ht_node_read(ht_str_from(texts[i]), "f", &node, NULL), -EINVAL);
    }
}

static void repeat(struct ht_buf *out, const char *item, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        ht_buf_add_text(out, item);
        ht_buf_add_c(out, i + 1 < times ? ',' : ' ');
    }
}

static void huge_counts_are_refused(void **state)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_DOCUMENT);
    ht_autonode struct ht_node *node = NULL;
    struct ht_error err = {0};

    (void)state;
    ht_buf_add_text(&text, "{\"schema\":\"hulltop-node/1\",\"taken_at\":1,\"containers\":[");
    repeat(&text, "{}", HT_LIMIT_ROWS + 1);
    ht_buf_add_text(&text, "]}");
    assert_int_equal(ht_node_read(ht_buf_str(&text), "f", &node, &err), -E2BIG);
    assert_string_equal(err.text, "f: containers: too many rows (limit 200000)");

    ht_buf_reset(&text);
    ht_buf_add_text(&text,
                    "{\"schema\":\"hulltop-node/1\",\"taken_at\":1,\"containers\":[{\"cap_add\":[");
    repeat(&text, "\"\"", HT_LIMIT_ITEMS + 1);
    ht_buf_add_text(&text, "]}]}");
    assert_int_equal(ht_node_read(ht_buf_str(&text), "f", &node, &err), -E2BIG);
    assert_string_equal(err.text, "f: containers[0].cap_add: too many items (limit 100000)");

    ht_buf_reset(&text);
    ht_buf_add_text(&text,
                    "{\"schema\":\"hulltop-node/1\",\"taken_at\":1,\"containers\":[{\"mounts\":[");
    repeat(&text, "{}", HT_LIMIT_ITEMS);
    ht_buf_add_text(&text, "]}]}");
    assert_int_equal(ht_node_read(ht_buf_str(&text), "f", &node, &err), -E2BIG);
    assert_non_null(strstr(err.text, "too much data for one row"));
}

static void the_kind_of_a_document_is_found(void **state)
{
    static const struct {
        const char *text;
        int kind; /* -1: none */
    } cases[] = {
        {"{\"schema\":\"hulltop-node/1\",\"taken_at\":1}", HT_DOCUMENT_NODE},
        {" \n{\"a\":{\"schema\":\"hulltop/1\"},\"b\":\"}\\\"\",\"schema\":\"hulltop-node/1\"}",
         HT_DOCUMENT_NODE},
        {"{\"schema\":\"hulltop-node/1\",\"recording\":false}\n", HT_DOCUMENT_NODE},
        {"{\"schema\":\"hulltop-node/1\",\"recording\":true}\n{\"at\":1}", HT_DOCUMENT_RECORDING},
        {"{\"recording\":true,\"schema\":\"hulltop-node/1\"", HT_DOCUMENT_RECORDING},
        {"{\"findings\":[[1,2],{}],\"schema\" : \"hulltop/1\"}", HT_DOCUMENT_REPORT},
        {"{\"schema\":\"hulltop/2\"}", -1},
        {"{\"schema\":{\"schema\":\"hulltop/1\"}}", -1},
        {"{}{\"schema\":\"hulltop/1\"}", -1},
        {"[]", -1},
        {"", -1},
        {"{\"", -1},
        {"{\"schema", -1},
        {"{\"a\\", -1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        enum ht_document_kind kind;
        struct ht_error err = {0};
        int r = ht_document_sniff(ht_str_from(cases[i].text), "f", &kind, &err);

        assert_int_equal(r, cases[i].kind < 0 ? -EINVAL : 0);
        if (r == 0)
            assert_int_equal(kind, cases[i].kind);
        else
            assert_memory_equal(err.text, "f: ", 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_node_survives_the_round_trip),
        cmocka_unit_test(a_node_reads_as_the_manual_says),
        cmocka_unit_test(null_is_unknown_and_empty_is_known),
        cmocka_unit_test(broken_rows_are_told_by_their_place),
        cmocka_unit_test(documents_of_other_kinds_are_refused),
        cmocka_unit_test(huge_counts_are_refused),
        cmocka_unit_test(the_kind_of_a_document_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
