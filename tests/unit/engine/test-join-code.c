/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where code comes from, by the runtime's list of changes alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "join.h"
#include "tests/unit/facts.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

#define ASKED_AT   (INT64_C(1800000000) * HT_NS_PER_S)
#define CREATED_AT (ASKED_AT - INT64_C(3600) * HT_NS_PER_S)

static struct ht_row *diff_row(uint64_t cut)
{
    static const struct ht_str changed[] = {HT_S("A /tmp"), HT_S("A /tmp/new"), HT_S("C /bin/old"),
                                            HT_S("D /bin/gone"), HT_S("A")};
    struct ht_diff diff = {0};

    ht_diff_set_id(&diff, HT_S("c1"));
    ht_diff_set_asked_at(&diff, ASKED_AT);
    ht_diff_set_changed(&diff, (struct ht_text_list){.items = changed, .len = ARRAY_LEN(changed)});
    ht_diff_set_cut(&diff, cut);
    return ht_row_new(&ht_diff_table, &diff);
}

/* As its runtime tells it. */
static struct ht_container told_container(void)
{
    struct ht_container container = {0};

    ht_container_set_created_at(&container, CREATED_AT);
    ht_container_set_started_at(&container, CREATED_AT + 2 * HT_NS_PER_S);
    return container;
}

struct asked {
    const char *path;
    bool unlinked;
    bool shared;
    int64_t changed_at;
    uint64_t cut;
    enum ht_code_origin origin;
};

static const struct asked asked[] = {
    {"/tmp/new", false, true, 0, 0, HT_CODE_ORIGIN_ADDED},
    {"/tmp/new", false, true, ASKED_AT + 1, 0, HT_CODE_ORIGIN_ADDED},
    {"/bin/old", false, true, 0, 0, HT_CODE_ORIGIN_MODIFIED},
    {"/bin/same", false, true, 0, 0, HT_CODE_ORIGIN_IMAGE},
    /* Copied when the container was made, and changed since: the list compares no content. */
    {"/bin/same", false, true, CREATED_AT + HT_NS_PER_S, 0, HT_CODE_ORIGIN_IMAGE},
    {"/bin/same", false, true, CREATED_AT + 3 * HT_NS_PER_S, 0, HT_CODE_ORIGIN_BLIND},
    /* Newer than the list, or the list is not whole. */
    {"/bin/same", false, true, ASKED_AT, 0, HT_CODE_ORIGIN_BLIND},
    {"/bin/same", false, true, 0, 7, HT_CODE_ORIGIN_BLIND},
    /* Its path leads elsewhere. */
    {"/bin/gone", true, true, ASKED_AT, 0, HT_CODE_ORIGIN_IMAGE},
    {"/tmp/x", true, true, 0, 0, HT_CODE_ORIGIN_DELETED},
    {"/tmp/x", true, true, ASKED_AT, 0, HT_CODE_ORIGIN_BLIND},
    {"/tmp/new", true, true, ASKED_AT, 0, HT_CODE_ORIGIN_DELETED},
    {"/bin/old", true, true, 0, 0, HT_CODE_ORIGIN_BLIND},
    /* The list is of the container's own root. */
    {"/tmp/new", false, false, 0, 0, HT_CODE_ORIGIN_BLIND},
};

static void code_is_judged_by_the_list_of_changes(void **state)
{
    const struct ht_container told = told_container();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        ht_autorow struct ht_row *diff = diff_row(asked[i].cut);
        struct ht_code code = {0};

        ht_code_set_id(&code, HT_S("c1:executable:x"));
        ht_code_set_path(&code, ht_str_from(asked[i].path));
        ht_code_set_origin(&code, HT_CODE_ORIGIN_BLIND);
        ht_code_set_shared(&code, asked[i].shared);
        ht_code_set_unlinked(&code, asked[i].unlinked);
        ht_code_set_changed_at(&code, asked[i].changed_at);
        ht_autorow struct ht_row *row = ht_row_new(&ht_code_table, &code);
        ht_autorow struct ht_row *with = ht_join_code(facts, row, HT_S("c1"), diff, &told);
        ht_autorow struct ht_row *without = ht_join_code(facts, row, HT_S("c1"), NULL, NULL);
        assert_int_equal(ht_code_of(with)->origin, asked[i].origin);
        assert_int_equal(ht_code_of(without)->origin, HT_CODE_ORIGIN_BLIND);
    }
}

static void without_a_time_of_making_nothing_is_the_images(void **state)
{
    ht_autorow struct ht_row *diff = diff_row(0);
    struct ht_container told = told_container();
    struct ht_code code = {0};

    (void)state;
    ht_code_set_id(&code, HT_S("c1:executable:x"));
    ht_code_set_path(&code, HT_S("/bin/same"));
    ht_code_set_origin(&code, HT_CODE_ORIGIN_BLIND);
    ht_code_set_shared(&code, true);
    ht_code_set_changed_at(&code, CREATED_AT + 30 * HT_NS_PER_S);
    ht_autorow struct ht_row *row = ht_row_new(&ht_code_table, &code);
    ht_autorow struct ht_row *unknown = ht_join_code(facts, row, HT_S("c1"), diff, NULL);
    assert_int_equal(ht_code_of(unknown)->origin, HT_CODE_ORIGIN_BLIND);
    /* Started again: of the first start only this is known, that it came soon. */
    ht_container_set_started_at(&told, CREATED_AT + 600 * HT_NS_PER_S);
    ht_autorow struct ht_row *again = ht_join_code(facts, row, HT_S("c1"), diff, &told);
    assert_int_equal(ht_code_of(again)->origin, HT_CODE_ORIGIN_IMAGE);
}

/* What its source could tell stays. */
static void what_is_known_is_not_judged_again(void **state)
{
    ht_autorow struct ht_row *diff = diff_row(0);
    struct ht_code code = {0};

    (void)state;
    ht_code_set_id(&code, HT_S("c1:executable:x"));
    ht_code_set_path(&code, HT_S("/tmp/new"));
    ht_code_set_origin(&code, HT_CODE_ORIGIN_MEMFD);
    ht_code_set_shared(&code, true);
    ht_autorow struct ht_row *row = ht_row_new(&ht_code_table, &code);
    ht_autorow struct ht_row *with = ht_join_code(facts, row, HT_S("c1"), diff, NULL);
    assert_int_equal(ht_code_of(with)->origin, HT_CODE_ORIGIN_MEMFD);
}

static void a_layer_with_a_list_is_not_blind(void **state)
{
    ht_autorow struct ht_row *diff = diff_row(0);
    struct ht_layer layer = {0};

    (void)state;
    ht_layer_set_id(&layer, HT_S("c1"));
    ht_layer_set_shared(&layer, true);
    ht_layer_set_blind(&layer, HT_S("storage on ext4"));
    ht_layer_set_help(&layer, HT_S("overlay"));
    ht_autorow struct ht_row *row = ht_row_new(&ht_layer_table, &layer);
    ht_autorow struct ht_row *with = ht_join_code(facts, row, HT_S("c1"), diff, NULL);
    ht_autorow struct ht_row *without = ht_join_code(facts, row, HT_S("c1"), NULL, NULL);
    assert_false(ht_layer_has_blind(ht_layer_of(with)));
    assert_false(ht_layer_has_help(ht_layer_of(with)));
    assert_true(ht_layer_has_blind(ht_layer_of(without)));
    /* What a list left out may be anything. */
    ht_autorow struct ht_row *cut = diff_row(1);
    ht_autorow struct ht_row *half = ht_join_code(facts, row, HT_S("c1"), cut, NULL);
    assert_true(ht_layer_has_blind(ht_layer_of(half)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_is_judged_by_the_list_of_changes),
        cmocka_unit_test(without_a_time_of_making_nothing_is_the_images),
        cmocka_unit_test(what_is_known_is_not_judged_again),
        cmocka_unit_test(a_layer_with_a_list_is_not_blind),
    };

    return cmocka_run_group_tests(tests, load_facts, free_facts);
}
