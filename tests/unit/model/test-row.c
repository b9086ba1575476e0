/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "hulltop/base/mem.h"
#include "hulltop/model/row.h"
#include "tests/unit/model/random-row.h"

static void a_row_keeps_what_its_maker_frees(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(1000);
    struct ht_container container = {0};
    struct ht_str *args = ht_arena_array(arena, struct ht_str, 2);
    struct ht_mount *mounts = ht_arena_array(arena, struct ht_mount, 1);

    (void)state;
    args[0] = ht_arena_text(arena, "sh");
    args[1] = ht_arena_str(arena, HT_S("a\0b"));
    ht_mount_set_source(&mounts[0], ht_arena_text(arena, "/srv"));
    ht_container_set_id(&container, ht_arena_text(arena, "c1"));
    ht_container_set_command(&container, (struct ht_text_list){.items = args, .len = 2});
    ht_container_set_mounts(&container, (struct ht_mount_list){.items = mounts, .len = 1});
    ht_container_set_env(&container, (struct ht_pair_list){0});
    container.name = ht_arena_text(arena, "set without being marked");

    ht_autorow struct ht_row *row = ht_row_new(&ht_container_table, &container);
    ht_arena_reset(arena);
    memset(&container, 0xff, sizeof(container));

    const struct ht_container *kept = ht_container_of(row);
    assert_true(ht_str_is(ht_row_id(row), "c1"));
    assert_int_equal(kept->id.data[2], '\0');
    assert_true(ht_str_equal(kept->command.items[1], HT_S("a\0b")));
    assert_true(ht_str_is(kept->mounts.items[0].source, "/srv"));
    assert_true(ht_container_has_env(kept));
    assert_int_equal(kept->env.len, 0);
    assert_false(ht_container_has_name(kept));
    assert_null(kept->name.data); /* no pointer to what is gone */
    assert_ptr_equal(ht_row_table(row), &ht_container_table);
    assert_true(ht_row_size(row) > sizeof(struct ht_container));
}

enum { ALIKE = 40, OPTIONS_MAX = 200 };

static size_t size_of_mounts(bool alike)
{
    struct ht_mount mounts[ALIKE] = {0};
    char options[ALIKE][OPTIONS_MAX];
    struct ht_container container = {0};

    for (size_t i = 0; i < ALIKE; i++) {
        memset(options[i], 'x', OPTIONS_MAX);
        if (!alike)
            options[i][0] = (char)('0' + i);
        ht_mount_set_options(&mounts[i], (struct ht_str){options[i], OPTIONS_MAX});
        ht_mount_set_type(&mounts[i], i % 2 ? HT_S("proc") : HT_S("tmpfs"));
    }
    ht_container_set_mounts(&container, (struct ht_mount_list){.items = mounts, .len = ALIKE});

    ht_autorow struct ht_row *row = ht_row_new(&ht_container_table, &container);
    const struct ht_mount_list *kept = &ht_container_of(row)->mounts;
    for (size_t i = 0; i < ALIKE; i++) {
        assert_true(ht_str_equal(kept->items[i].options, mounts[i].options));
        assert_true(ht_str_is(kept->items[i].type, i % 2 ? "proc" : "tmpfs"));
        assert_int_equal(kept->items[i].options.data[OPTIONS_MAX], '\0');
    }
    return ht_row_size(row);
}

static void equal_texts_of_a_list_take_the_place_of_one(void **state)
{
    (void)state;
    assert_true(size_of_mounts(true) + (ALIKE - 2) * OPTIONS_MAX < size_of_mounts(false));
}

static void any_row_equals_its_copy_and_no_other(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        ht_autoarena struct ht_arena *arena = ht_arena_new(SIZE_MAX / 2);
        struct random random = {.state = seed * 0x9e3779b97f4a7c15, .arena = arena};
        const struct ht_table *table =
            ht_table_get((enum ht_table_id)random_below(&random, HT_TABLE_COUNT));
        ht_autorow struct ht_row *row = random_row(&random, table, 1);
        ht_autorow struct ht_row *copy = ht_row_new(table, ht_row_data(row, table));
        void *changed = ht_arena_alloc(arena, 1, table->size);

        assert_true(ht_row_equal(row, copy));
        ht_struct_copy(arena, table, changed, ht_row_data(row, table));
        assert_true(ht_struct_equal(table, changed, ht_row_data(row, table)));

        /* One known bit more or less is another fact. */
        uint64_t known;
        memcpy(&known, changed, sizeof(known));
        known ^= UINT64_C(1) << random_below(&random, table->count);
        memcpy(changed, &known, sizeof(known));
        assert_false(ht_struct_equal(table, changed, ht_row_data(row, table)));
    }
}

static void a_derived_row_outlives_its_lender(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        ht_autoarena struct ht_arena *arena = ht_arena_new(SIZE_MAX / 2);
        struct random random = {.state = seed * 0x9e3779b97f4a7c15, .arena = arena};
        const struct ht_table *table =
            ht_table_get((enum ht_table_id)random_below(&random, HT_TABLE_COUNT));
        struct ht_row *lender = random_row(&random, table, 1);
        ht_autorow struct ht_row *copy = ht_row_new(table, ht_row_data(lender, table));
        const struct ht_row *const lenders[] = {NULL, lender};
        struct ht_row *derived =
            ht_row_derive(table, ht_row_data(lender, table), lenders, ARRAY_LEN(lenders));

        assert_true(ht_row_size(derived) <=
                    ht_row_size(copy) + sizeof(void *) + _Alignof(max_align_t));
        ht_row_unref(lender);
        assert_true(ht_row_equal(derived, copy));

        /* And what is made of that one. */
        const struct ht_row *const second[] = {derived};
        ht_autorow struct ht_row *last =
            ht_row_derive(table, ht_row_data(derived, table), second, 1);
        ht_row_unref(derived);
        assert_true(ht_row_equal(last, copy));
    }
}

/* Rows that are like each other say what they say, whoever goes first, and take less room. */
static void a_row_like_another_says_the_same(void **state)
{
    (void)state;
    size_t alone = 0, like = 0;

    for (uint64_t seed = 1; seed <= 200; seed++) {
        ht_autoarena struct ht_arena *arena = ht_arena_new(SIZE_MAX / 2);
        struct random random = {.state = seed * 0x9e3779b97f4a7c15, .arena = arena};
        const struct ht_table *table =
            ht_table_get((enum ht_table_id)random_below(&random, HT_TABLE_COUNT));
        struct ht_row *first = random_row(&random, table, 1);
        ht_autorow struct ht_row *other = random_row(&random, table, 2);
        ht_autorow struct ht_row *copy = ht_row_new(table, ht_row_data(first, table));
        struct ht_row *second = ht_row_like(table, ht_row_data(copy, table), first);
        ht_autorow struct ht_row *third = ht_row_like(table, ht_row_data(copy, table), second);
        ht_autorow struct ht_row *apart = ht_row_like(table, ht_row_data(other, table), first);

        alone += ht_row_size(copy);
        like += ht_row_size(third);
        ht_row_unref(first);
        assert_true(ht_row_equal(second, copy));
        ht_row_unref(second);
        assert_true(ht_row_equal(third, copy));
        assert_true(ht_row_equal(apart, other));
    }
    assert_true(like < alone / 2);
}

static void constants_are_not_copied(void **state)
{
    (void)state;
    static const char name[] = "node-17";
    char same[sizeof(name)];
    struct ht_host host = {0};

    memcpy(same, name, sizeof(name));
    ht_host_set_id(&host, ht_str_from(name));
    ht_host_set_name(&host, ht_str_from(same));
    ht_host_set_os(&host, (struct ht_str){.data = name, .len = 4});
    ht_autorow struct ht_row *row = ht_row_new(&ht_host_table, &host);
    assert_ptr_equal(ht_row_id(row).data, name);
    assert_ptr_not_equal(ht_host_of(row)->name.data, same);
    assert_string_equal(ht_host_of(row)->name.data, name);
    assert_string_equal(ht_host_of(row)->os.data, "node");

    ht_host_set_id(&host, ht_str_from(same));
    ht_autorow struct ht_row *copied = ht_row_new(&ht_host_table, &host);
    assert_true(ht_row_equal(row, copied));
}

/* A part of a lender's text is copied: a row's texts end in a NUL. */
static void a_part_of_a_lent_text_is_copied(void **state)
{
    struct ht_host host = {0};

    (void)state;
    ht_host_set_id(&host, HT_S("node-17.example"));
    ht_autorow struct ht_row *lender = ht_row_new(&ht_host_table, &host);
    const struct ht_row *const lenders[] = {lender};
    struct ht_host part = *ht_host_of(lender);

    ht_host_set_id(&part, ht_str_sub(part.id, 0, 7));
    ht_autorow struct ht_row *derived = ht_row_derive(&ht_host_table, &part, lenders, 1);
    assert_string_equal(ht_row_id(derived).data, "node-17");
}

static void one_item_of_a_list_makes_a_difference(void **state)
{
    static const struct ht_pair env[] = {{HT_STR("A"), HT_STR("1")}, {HT_STR("B"), HT_STR("2")}};
    static const struct ht_pair other[] = {{HT_STR("A"), HT_STR("1")}, {HT_STR("B"), HT_STR("3")}};
    struct ht_mount mounts[2] = {0};
    struct ht_container container = {0};

    (void)state;
    ht_mount_set_rw(&mounts[0], true);
    ht_mount_set_rw(&mounts[1], false);
    ht_container_set_id(&container, HT_S("c"));
    ht_container_set_env(&container, (struct ht_pair_list){.items = env, .len = 2});
    ht_container_set_mounts(&container, (struct ht_mount_list){.items = mounts, .len = 1});

    ht_autorow struct ht_row *row = ht_row_new(&ht_container_table, &container);
    ht_container_set_env(&container, (struct ht_pair_list){.items = other, .len = 2});
    ht_autorow struct ht_row *env_differs = ht_row_new(&ht_container_table, &container);
    assert_false(ht_row_equal(row, env_differs));

    ht_container_set_env(&container, (struct ht_pair_list){.items = env, .len = 2});
    ht_container_set_mounts(&container, (struct ht_mount_list){.items = mounts + 1, .len = 1});
    ht_autorow struct ht_row *mount_differs = ht_row_new(&ht_container_table, &container);
    assert_false(ht_row_equal(row, mount_differs));
}

static struct ht_row *named(const char *id, uint64_t pid)
{
    struct ht_process process = {0};

    ht_process_set_id(&process, ht_str_from(id));
    ht_process_set_pid(&process, pid);
    return ht_row_new(&ht_process_table, &process);
}

static void an_equal_row_is_kept(void **state)
{
    ht_autorow struct ht_row *old = named("1", 1);
    ht_autorow struct ht_row *same = ht_row_keep(old, named("1", 1));
    ht_autorow struct ht_row *other = ht_row_keep(old, named("1", 2));
    ht_autorow struct ht_row *first = ht_row_keep(NULL, named("1", 1));

    (void)state;
    assert_ptr_equal(same, old);
    assert_ptr_not_equal(other, old);
    assert_int_equal(ht_process_of(other)->pid, 2);
    assert_ptr_not_equal(first, old);
    assert_null(ht_row_unref(NULL));
}

/* What says the same and has its texts from a row that was replaced would keep that one. */
static void a_derived_row_is_kept_while_its_lenders_are(void **state)
{
    const char id[] = {'1', '.', '8', '\0'}; /* on the stack: a constant needs no lender */
    ht_autorow struct ht_row *lender = named(id, 1), *again = named(id, 1);
    const struct ht_row *const from[] = {lender}, *const from_again[] = {again};
    const struct ht_process *data = ht_process_of(lender), *data_again = ht_process_of(again);
    ht_autorow struct ht_row *old = ht_row_derive(&ht_process_table, data, from, 1);
    ht_autorow struct ht_row *same =
        ht_row_keep_derived(old, ht_row_derive(&ht_process_table, data, from, 1));
    ht_autorow struct ht_row *moved =
        ht_row_keep_derived(old, ht_row_derive(&ht_process_table, data_again, from_again, 1));
    ht_autorow struct ht_row *first =
        ht_row_keep_derived(NULL, ht_row_derive(&ht_process_table, data, from, 1));

    (void)state;
    assert_ptr_equal(same, old);
    assert_true(ht_row_equal(moved, old));
    assert_ptr_not_equal(moved, old);
    assert_ptr_equal(ht_row_id(moved).data, ht_row_id(again).data);
    assert_ptr_not_equal(first, old);
}

static void a_set_is_sorted_and_the_last_of_an_id_stays(void **state)
{
    struct ht_rowset set = {0};
    struct ht_rowset copy = {0};

    (void)state;
    assert_null(ht_rowset_find(&set, HT_S("1")));
    ht_rowset_sort(&set);
    for (unsigned round = 1; round <= 3; round++) {
        for (unsigned i = 0; i < 40; i++) {
            char id[] = {(char)('a' + (i * 7 + round) % 26), '\0'};

            ht_rowset_add(&set, named(id, round * 100 + i));
        }
    }
    ht_rowset_add(&set, named("m", 9999));
    ht_rowset_sort(&set);
    assert_int_equal(set.len, 26);
    for (size_t i = 1; i < set.len; i++)
        assert_true(ht_str_compare(ht_row_id(set.rows[i - 1]), ht_row_id(set.rows[i])) < 0);
    assert_int_equal(ht_process_of(ht_rowset_find(&set, HT_S("m")))->pid, 9999);
    assert_null(ht_rowset_find(&set, HT_S("mm")));
    assert_null(ht_rowset_find(&set, HT_S("")));
    assert_null(ht_rowset_find(&set, HT_S("zz")));

    ht_rowset_share(&copy, &set);
    ht_rowset_fini(&set);
    assert_int_equal(set.len, 0);
    assert_int_equal(copy.len, 26);
    assert_int_equal(ht_process_of(ht_rowset_find(&copy, HT_S("m")))->pid, 9999);
    ht_rowset_fini(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_keeps_what_its_maker_frees),
        cmocka_unit_test(equal_texts_of_a_list_take_the_place_of_one),
        cmocka_unit_test(any_row_equals_its_copy_and_no_other),
        cmocka_unit_test(a_derived_row_outlives_its_lender),
        cmocka_unit_test(a_row_like_another_says_the_same),
        cmocka_unit_test(constants_are_not_copied),
        cmocka_unit_test(a_part_of_a_lent_text_is_copied),
        cmocka_unit_test(one_item_of_a_list_makes_a_difference),
        cmocka_unit_test(an_equal_row_is_kept),
        cmocka_unit_test(a_derived_row_is_kept_while_its_lenders_are),
        cmocka_unit_test(a_set_is_sorted_and_the_last_of_an_id_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
