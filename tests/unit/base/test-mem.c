/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory: allocation and handing over (mem.h), the heap (heap.h), arenas (arena.h), vectors and
 * maps (vec.h). */
#include "config.h"

#include "hulltop/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "hulltop/base/arena.h"
#include "hulltop/base/heap.h"
#include "hulltop/base/vec.h"

static void new_memory_is_zeroed(void **state)
{
    (void)state;
    ht_autofree uint64_t *numbers = ht_new_array(uint64_t, 1000);

    for (size_t i = 0; i < 1000; i++)
        assert_true(numbers[i] == 0);

    ht_autofree void *nothing = ht_alloc0(0, 0);
    assert_non_null(nothing);
}

static void copies_end_in_nul(void **state)
{
    (void)state;
    ht_autofree char *copy = ht_strndup("a\0bcd", 3);
    ht_autofree char *empty = ht_strndup(NULL, 0);

    assert_memory_equal(copy, "a\0b", 4);
    assert_string_equal(empty, "");
}

static void resizing_keeps_what_is_there(void **state)
{
    (void)state;
    ht_autofree char *block = ht_strndup("abc", 3);

    block = ht_realloc(block, 100000, 1);
    assert_string_equal(block, "abc");
}

#ifndef HT_SANITIZED
/* Whether the last page of the heap is there. */
static bool is_end_there(void)
{
    unsigned char there = 0;
    long page = sysconf(_SC_PAGESIZE);

    assert_int_equal(mincore((char *)sbrk(0) - page, (size_t)page, &there), 0);
    return there & 1;
}

/* Makes the heap grow by small blocks, which are never freed. */
static void grow_heap(void)
{
    enum { BLOCK = 1000 };
    const char *end = sbrk(0);

    for (int i = 0; i < 10000 && sbrk(0) == end; i++)
        assert_non_null(ht_alloc0(1, BLOCK));
    assert_ptr_not_equal(sbrk(0), end);
}

static void pages_come_in_steps_where_all_is_over_in_a_moment(void **state)
{
    (void)state;
    void *page = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(page, MAP_FAILED);
    bool can = madvise(page, 1, 23 /* MADV_POPULATE_WRITE */) == 0;
    munmap(page, 1);
    ht_heap_init();
    assert_false(ht_heap_stays());
    grow_heap();
    assert_int_equal(is_end_there(), can);
    ht_heap_stay();
    assert_true(ht_heap_stays());
    grow_heap();
    assert_false(is_end_there());
}
#endif

static void constants_are_told_from_what_may_change(void **state)
{
    (void)state;
    static const char text[] = "a constant";
    static char changing[] = "no constant";
    ht_autofree char *made = ht_strndup(text, sizeof(text));

    assert_true(ht_mem_is_constant(text, sizeof(text)));
    assert_true(ht_mem_is_constant("a literal", 10));
    assert_false(ht_mem_is_constant(text, SIZE_MAX));
    assert_false(ht_mem_is_constant(changing, sizeof(changing)));
    assert_false(ht_mem_is_constant(made, sizeof(text)));
    assert_false(ht_mem_is_constant(&made, 1));
    assert_false(ht_mem_is_constant(NULL, 1));
}

static void wiped_memory_is_zero(void **state)
{
    (void)state;
    char token[] = "hunter2";

    ht_wipe(token, sizeof(token));
    for (size_t i = 0; i < sizeof(token); i++)
        assert_int_equal(token[i], 0);
    ht_wipe(NULL, 0);
}

static void what_is_stolen_is_not_freed(void **state)
{
    (void)state;
    char *kept;
    {
        ht_autofree char *made = ht_strndup("kept", 4);

        kept = ht_steal_ptr(made);
        assert_null(made);
    }
    assert_string_equal(kept, "kept");
    free(kept);
}

static void descriptors_are_closed_with_their_scope(void **state)
{
    (void)state;
    int seen;
    int kept;
    {
        ht_autoclose int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        ht_autoclose int other = open("/dev/null", O_RDONLY | O_CLOEXEC);
        ht_autoclose int never = -1;

        assert_true(fd >= 0 && other >= 0 && never == -1);
        seen = fd;
        kept = ht_steal_fd(&other);
        assert_int_equal(other, -1);
        errno = EXDEV;
    }
    assert_int_equal(errno, EXDEV);
    assert_int_equal(fcntl(seen, F_GETFD), -1);
    assert_int_not_equal(fcntl(kept, F_GETFD), -1);
    close(kept);
}

static void arena_memory_is_aligned_zeroed_and_apart(void **state)
{
    (void)state;
    ht_autoarena struct ht_arena *arena = ht_arena_new(1 << 24);
    unsigned char *before = NULL;

    for (size_t size = 0; size < 3000; size++) {
        unsigned char *block = ht_arena_alloc(arena, size, 1);

        assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(block[i], 0);
        memset(block, 0xa5, size);
        if (before && size > 1)
            assert_int_equal(before[size - 2], 0xa5);
        before = block;
    }
    assert_false(ht_arena_is_full(arena));
    assert_true(ht_arena_used(arena) >= 3000 * 2999 / 2);
}

static void an_arena_past_its_limit_still_gives_memory_and_says_so(void **state)
{
    (void)state;
    ht_autoarena struct ht_arena *arena = ht_arena_new(1000);

    ht_arena_alloc(arena, 900, 1);
    assert_false(ht_arena_is_full(arena));
    memset(ht_arena_alloc(arena, 100000, 1), 1, 100000);
    assert_true(ht_arena_is_full(arena));
    ht_arena_reset(arena);
    assert_false(ht_arena_is_full(arena));
    assert_int_equal(ht_arena_used(arena), 0);

    const unsigned char *again = ht_arena_alloc(arena, 900, 1);
    for (size_t i = 0; i < 900; i++)
        assert_int_equal(again[i], 0);
}

static void arena_texts_end_in_nul(void **state)
{
    (void)state;
    ht_autoarena struct ht_arena *arena = ht_arena_new(1 << 20);
    struct ht_str s = ht_arena_str(arena, HT_S("a\0b"));

    assert_int_equal(s.len, 3);
    assert_memory_equal(s.data, "a\0b", 4);
    assert_string_equal(ht_arena_strf(arena, "%s %d", "n", 7).data, "n 7");
    assert_string_equal(ht_arena_text(arena, NULL).data, "");
    assert_null(ht_arena_free(NULL));
}

static void vectors_grow(void **state)
{
    (void)state;
    ht_autovec struct ht_vec vec = {0};
    int numbers[1000];

    for (int i = 0; i < 1000; i++)
        ht_vec_add(&vec, &numbers[i]);
    assert_int_equal(vec.len, 1000);
    for (int i = 0; i < 1000; i++)
        assert_ptr_equal(vec.items[i], &numbers[i]);
    ht_vec_fini(&vec);
    ht_vec_add(&vec, numbers);
    assert_int_equal(vec.len, 1);
}

static void collect(void *context, struct ht_str key, void *value)
{
    char *order = context;

    (void)value;
    order[strlen(order)] = key.data[0];
}

static void maps_keep_keys_of_any_bytes_in_order(void **state)
{
    (void)state;
    struct ht_map *map = ht_map_new();
    char key[] = "z";
    char order[8] = "";
    int one, two, three;

    assert_null(ht_map_set(map, ht_str_from(key), &one));
    key[0] = 'x'; /* the key was copied */
    assert_null(ht_map_set(map, HT_S("a\0b"), &two));
    assert_null(ht_map_set(map, HT_S("b"), &three));
    assert_int_equal(ht_map_len(map), 3);
    assert_ptr_equal(ht_map_get(map, HT_S("z")), &one);
    assert_ptr_equal(ht_map_get(map, HT_S("a\0b")), &two);
    assert_null(ht_map_get(map, HT_S("a")));
    assert_null(ht_map_get(map, (struct ht_str){0}));
    ht_map_each(map, collect, order);
    assert_string_equal(order, "zab");
    assert_ptr_equal(ht_map_set(map, HT_S("z"), &three), &one);
    assert_ptr_equal(ht_map_get(map, HT_S("z")), &three);
    assert_ptr_equal(ht_map_remove(map, HT_S("a\0b")), &two);
    assert_null(ht_map_remove(map, HT_S("a\0b")));
    assert_int_equal(ht_map_len(map), 2);
    assert_null(ht_map_free(map));
    assert_null(ht_map_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_memory_is_zeroed),
        cmocka_unit_test(copies_end_in_nul),
        cmocka_unit_test(resizing_keeps_what_is_there),
#ifndef HT_SANITIZED
        cmocka_unit_test(pages_come_in_steps_where_all_is_over_in_a_moment),
#endif
        cmocka_unit_test(constants_are_told_from_what_may_change),
        cmocka_unit_test(wiped_memory_is_zero),
        cmocka_unit_test(what_is_stolen_is_not_freed),
        cmocka_unit_test(descriptors_are_closed_with_their_scope),
        cmocka_unit_test(arena_memory_is_aligned_zeroed_and_apart),
        cmocka_unit_test(an_arena_past_its_limit_still_gives_memory_and_says_so),
        cmocka_unit_test(arena_texts_end_in_nul),
        cmocka_unit_test(vectors_grow),
        cmocka_unit_test(maps_keep_keys_of_any_bytes_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
