/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Baselines: what they take, how they end, and that they come back from their file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "locks.h"
#include "hulltop/base/mem.h"

enum { TEXT_MAX = 100000 };

static void add_container(struct ht_node *node, struct ht_str id, struct ht_str image_id)
{
    struct ht_container container = {0};

    ht_container_set_id(&container, id);
    ht_container_set_image(&container, HT_S("web:1"));
    if (image_id.len)
        ht_container_set_image_id(&container, image_id);
    ht_node_add(node, ht_row_new(&ht_container_table, &container));
}

static void add_code(struct ht_node *node, const char *id, const char *container,
                     enum ht_code_origin origin)
{
    struct ht_code code = {0};

    ht_code_set_id(&code, ht_str_from(id));
    ht_code_set_kind(&code, HT_CODE_KIND_EXECUTABLE);
    ht_code_set_origin(&code, origin);
    ht_code_set_path(&code, ht_str_from(id));
    ht_code_set_container(&code, ht_str_from(container));
    ht_node_add(node, ht_row_new(&ht_code_table, &code));
}

/* Two containers of one image, one of another, one of an unknown one. */
static struct ht_state *make_state(void)
{
    struct ht_node *node = ht_node_new(1000);

    add_container(node, HT_S("a"), HT_S("sha256:1"));
    add_container(node, HT_S("b"), HT_S("sha256:1"));
    add_container(node, HT_S("c"), HT_S("sha256:2"));
    add_container(node, HT_S("d"), HT_S(""));
    add_code(node, "/a/added", "a", HT_CODE_ORIGIN_ADDED);
    add_code(node, "/a/image", "a", HT_CODE_ORIGIN_IMAGE);
    add_code(node, "/b/volume", "b", HT_CODE_ORIGIN_VOLUME);
    add_code(node, "/b/blind", "b", HT_CODE_ORIGIN_BLIND);
    add_code(node, "/c/added", "c", HT_CODE_ORIGIN_ADDED);
    ht_node_sort(node);
    return ht_state_new(node);
}

static struct ht_node *request(const struct ht_node *before, const char *container,
                               const char *reason)
{
    ht_autostate struct ht_state *state = make_state();
    ht_autobuf struct ht_buf told = HT_BUF(TEXT_MAX);
    const struct ht_lock_request request = {
        .container = ht_str_from(container), .reason = ht_str_from(reason), .now_ns = 2000};
    struct ht_node *after = ht_locks_request(before, state, &request, &told);

    assert_true(told.len > 0);
    return after;
}

static const struct ht_lock *lock_of(const struct ht_node *locks, struct ht_str image)
{
    const struct ht_row *row = ht_node_find(locks, HT_TABLE_LOCK, image);

    return row ? ht_lock_of(row) : NULL;
}

static void a_lock_takes_what_ran_in_all_containers_of_the_image(void **unused)
{
    ht_autonode struct ht_node *locks = request(NULL, "a", "");
    const struct ht_lock *lock = lock_of(locks, HT_S("sha256:1"));

    (void)unused;
    assert_true(lock->locked);
    assert_int_equal(lock->locked_at, 2000);
    assert_int_equal(lock->code.len, 2);
    assert_true(ht_str_is(lock->code.items[0], "executable - /a/added"));
    assert_true(ht_str_is(lock->code.items[1], "executable - /b/volume"));
    assert_int_equal(lock->packages.len, 0);
}

static void an_image_is_unlocked_with_a_reason_and_stays_known(void **unused)
{
    ht_autonode struct ht_node *first = request(NULL, "a", "");
    ht_autonode struct ht_node *both = request(first, "c", "");
    ht_autonode struct ht_node *after = request(both, "b", "a new tool");

    (void)unused;
    assert_int_equal(ht_node_set(both, HT_TABLE_LOCK)->len, 2);
    assert_false(lock_of(after, HT_S("sha256:1"))->locked);
    assert_true(ht_str_is(lock_of(after, HT_S("sha256:1"))->reason, "a new tool"));
    assert_int_equal(lock_of(after, HT_S("sha256:1"))->code.len, 2);
    assert_true(lock_of(after, HT_S("sha256:2"))->locked);
    assert_null(request(after, "a", "again")); /* it is not locked */
    assert_null(request(NULL, "a", "why"));
}

static void without_an_image_nothing_is_locked(void **unused)
{
    (void)unused;
    assert_null(request(NULL, "d", ""));
    assert_null(request(NULL, "gone", ""));
}

static void locks_come_back_from_their_file(void **unused)
{
    ht_autonode struct ht_node *locks = request(NULL, "a", "");
    ht_autobuf struct ht_buf text = HT_BUF(TEXT_MAX);
    struct ht_error err = {0};

    (void)unused;
    ht_locks_write(locks, &text);
    ht_autonode struct ht_node *again = ht_locks_read(ht_buf_str(&text), "locks.json", &err);
    assert_non_null(again);
    assert_true(lock_of(again, HT_S("sha256:1"))->locked);
    assert_int_equal(lock_of(again, HT_S("sha256:1"))->code.len, 2);
    assert_null(ht_locks_read(HT_S("{\"schema\": 7"), "locks.json", &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lock_takes_what_ran_in_all_containers_of_the_image),
        cmocka_unit_test(an_image_is_unlocked_with_a_reason_and_stays_known),
        cmocka_unit_test(without_an_image_nothing_is_locked),
        cmocka_unit_test(locks_come_back_from_their_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
