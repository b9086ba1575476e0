/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which pages of a stack go back to the kernel, and when: threads run on memory the test can see.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "hulltop/base/clock.h"
#include "stack.h"

enum {
    HALF = 1024 * 1024, /* two stacks side by side */
    MARK = 16 * 1024,   /* place of a mark in a half: far below any frame */
    SHORT_FIRST = 8     /* short waits before the first that gives back */
};

#define SHORT_NS (1 * HT_NS_PER_S)
#define LONG_NS  (10 * HT_NS_PER_S)
#define FOR_GOOD (-1)

struct halves {
    char *lower, *upper;
    struct ht_stack stack; /* what the work found or was told */
    bool good;
};

static void set_up(struct halves *halves)
{
    char *map = mmap(NULL, 2 * HALF, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(map, MAP_FAILED);
    *halves = (struct halves){.lower = map, .upper = map + HALF};
    halves->lower[MARK] = halves->upper[MARK] = 'x';
}

static void tear_down(struct halves *halves)
{
    munmap(halves->lower, 2 * HALF);
}

/* Runs the work on the upper half. */
static void run(struct halves *halves, void *(*work)(void *))
{
    pthread_attr_t attributes;
    pthread_t thread;

    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstack(&attributes, halves->upper, HALF), 0);
    assert_int_equal(pthread_create(&thread, &attributes, work, halves), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
}

/* ---- works: they run where assertions cannot be ---- */

static void *rest_for_good(void *context)
{
    struct halves *halves = context;
    volatile char own[256];

    memset((char *)own, 'o', sizeof(own));
    ht_stack_find(&halves->stack);
    ht_stack_rest(&halves->stack, FOR_GOOD);
    halves->good = true;
    for (size_t i = 0; i < sizeof(own); i++)
        halves->good = halves->good && own[i] == 'o';
    return NULL;
}

static void *rest_for_long(void *context)
{
    struct halves *halves = context;

    ht_stack_find(&halves->stack);
    ht_stack_rest(&halves->stack, LONG_NS);
    return NULL;
}

static void *rest_often(void *context)
{
    struct halves *halves = context;

    ht_stack_find(&halves->stack);
    for (int i = 0; i < SHORT_FIRST; i++)
        ht_stack_rest(&halves->stack, SHORT_NS);
    halves->good = halves->upper[MARK] == 'x';
    ht_stack_rest(&halves->stack, SHORT_NS);
    return NULL;
}

/* With the stack it was told. */
static void *rest_as_told(void *context)
{
    struct halves *halves = context;

    ht_stack_rest(&halves->stack, FOR_GOOD);
    return NULL;
}

/* ---- tests ---- */

static void a_long_wait_gives_back_what_lies_below(void **state)
{
    struct halves halves;

    (void)state;
    set_up(&halves);
    run(&halves, rest_for_good);
    assert_ptr_equal(halves.stack.lowest, halves.upper);
    assert_int_equal(halves.stack.size, HALF);
    assert_int_equal(halves.upper[MARK], 0);
    assert_int_equal(halves.lower[MARK], 'x');
    assert_true(halves.good); /* what the caller had is there */

    halves.upper[MARK] = 'x';
    run(&halves, rest_for_long);
    assert_int_equal(halves.upper[MARK], 0);
    tear_down(&halves);
}

static void short_waits_give_back_now_and_then(void **state)
{
    struct halves halves;

    (void)state;
    set_up(&halves);
    run(&halves, rest_often);
    assert_true(halves.good);
    assert_int_equal(halves.upper[MARK], 0);
    tear_down(&halves);
}

static void the_stack_of_another_thread_is_left_alone(void **state)
{
    struct halves halves;

    (void)state;
    set_up(&halves);
    halves.stack = (struct ht_stack){.lowest = halves.lower, .size = HALF};
    run(&halves, rest_as_told);
    assert_int_equal(halves.lower[MARK], 'x');
    assert_int_equal(halves.upper[MARK], 'x');

    /* One that lies above the caller's. */
    halves.stack = (struct ht_stack){.lowest = halves.upper + HALF, .size = HALF};
    run(&halves, rest_as_told);
    assert_int_equal(halves.upper[MARK], 'x');
    tear_down(&halves);
}

static void an_unknown_stack_is_left_alone(void **state)
{
    struct halves halves;

    (void)state;
    set_up(&halves);
    run(&halves, rest_as_told);
    assert_int_equal(halves.upper[MARK], 'x');
    tear_down(&halves);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_wait_gives_back_what_lies_below),
        cmocka_unit_test(short_waits_give_back_now_and_then),
        cmocka_unit_test(the_stack_of_another_thread_is_left_alone),
        cmocka_unit_test(an_unknown_stack_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
