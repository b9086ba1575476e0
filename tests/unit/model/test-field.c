/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <string.h>

#include "hulltop/base/mem.h"
#include "hulltop/model/row.h"

static size_t size_of(const struct ht_field *field)
{
    switch (field->kind) {
    case HT_KIND_BOOL:
        return sizeof(bool);
    case HT_KIND_ENUM:
        return sizeof(enum ht_severity);
    case HT_KIND_INT:
    case HT_KIND_UINT:
    case HT_KIND_HEX:
    case HT_KIND_TIME:
    case HT_KIND_BITS:
        return sizeof(uint64_t);
    case HT_KIND_TEXT:
    case HT_KIND_REF:
        return sizeof(struct ht_str);
    case HT_KIND_STRUCT:
        return field->sub->size;
    case HT_KIND_LIST:
    case HT_KIND_MAP:
        return sizeof(struct ht_list);
    }
    return 0;
}

static void check_table(const struct ht_table *table)
{
    size_t end = sizeof(uint64_t);

    assert_true(table->count > 0 && table->count <= 64);
    for (unsigned i = 0; i < table->count; i++) {
        const struct ht_field *field = &table->fields[i];

        assert_true(field->offset >= end); /* no two overlap */
        end = field->offset + size_of(field);
        assert_true(end <= table->size);
        assert_true(strlen(field->doc) > 3);
        for (const char *c = field->name; *c; c++)
            assert_true(islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
        assert_int_equal(field->values != NULL,
                         field->kind == HT_KIND_ENUM || field->kind == HT_KIND_BITS);
        assert_ptr_equal(ht_table_field(table, ht_str_from(field->name)), field);
        if (field->kind == HT_KIND_REF)
            assert_true(field->sub->id >= 0);
        else if (field->kind == HT_KIND_STRUCT ||
                 (field->kind == HT_KIND_LIST && field->item == HT_KIND_STRUCT))
            check_table(field->sub);
    }
}

static void every_table_describes_its_struct(void **state)
{
    (void)state;
    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        const struct ht_table *table = ht_table_get((enum ht_table_id)id);

        assert_int_equal(table->id, id);
        assert_int_equal(table->fields[0].kind, HT_KIND_TEXT); /* its id */
        assert_ptr_equal(ht_table_find(ht_str_from(table->name)), table);
        assert_ptr_equal(ht_table_find(ht_str_from(table->plural)), table);
        check_table(table);
    }
    assert_null(ht_table_find(HT_S("nothing")));
    assert_null(ht_table_field(&ht_container_table, HT_S("nothing")));
}

static void the_last_field_of_a_full_table_has_its_bit(void **state)
{
    struct ht_container container = {0};
    const struct ht_field *last = &ht_container_table.fields[ht_container_table.count - 1];

    (void)state;
    assert_false(ht_field_is_known(&ht_container_table, &container, last));
    ht_field_mark_known(&ht_container_table, &container, last);
    assert_true(ht_field_is_known(&ht_container_table, &container, last));
    assert_true(ht_container_has_unmanaged(&container));
    assert_int_equal(__builtin_popcountll(container.known), 1);
}

static void names_of_enums_go_both_ways(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ht_capability_enum.count; i++)
        assert_int_equal(
            ht_enum_find(&ht_capability_enum, ht_str_from(ht_enum_name(&ht_capability_enum, i))),
            i);
    assert_int_equal(ht_enum_find(&ht_capability_enum, HT_S("SYS_ADMIN")), 21);
    assert_int_equal(ht_enum_find(&ht_severity_enum, HT_S("fatal")), -1);
    assert_string_equal(ht_enum_name(&ht_severity_enum, 99), "?");
}

static void items_have_their_sizes(void **state)
{
    (void)state;
    assert_int_equal(ht_field_item_size(ht_table_field(&ht_container_table, HT_S("env"))),
                     sizeof(struct ht_pair));
    assert_int_equal(ht_field_item_size(ht_table_field(&ht_container_table, HT_S("command"))),
                     sizeof(struct ht_str));
    assert_int_equal(ht_field_item_size(ht_table_field(&ht_container_table, HT_S("mounts"))),
                     sizeof(struct ht_mount));
    assert_int_equal(ht_field_item_size(ht_table_field(&ht_process_table, HT_S("ns_pids"))),
                     sizeof(uint64_t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_describes_its_struct),
        cmocka_unit_test(the_last_field_of_a_full_table_has_its_bit),
        cmocka_unit_test(names_of_enums_go_both_ways),
        cmocka_unit_test(items_have_their_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
