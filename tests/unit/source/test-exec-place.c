/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose a start was, by what was told of others: the mount of its file, what it started before. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "src/source/drift-layers.h"
#include "src/source/exec-private.h"
#include "src/source/exec-watch.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

enum { MANY = 5000 };

static void mount_tells_the_container_that_it_is_of_alone(void **state)
{
    struct ht_exec_places places = {.mounts = NULL};

    (void)state;
    ht_exec_places_init(&places);
    assert_null(ht_exec_home_of_mount(&places, 7));
    ht_exec_learn_mount(&places, 7, HT_S("one"));
    ht_exec_learn_mount(&places, 7, HT_S("one"));
    assert_string_equal(ht_exec_home_of_mount(&places, 7), "one");
    ht_exec_learn_mount(&places, 7, HT_S("two"));
    assert_string_equal(ht_exec_home_of_mount(&places, 7), "");
    ht_exec_learn_mount(&places, 7, HT_S("one")); /* once doubtful, for ever */
    assert_string_equal(ht_exec_home_of_mount(&places, 7), "");
    /* Of the node, and of a container that runs a file of the node. */
    ht_exec_learn_mount(&places, 8, HT_S(""));
    ht_exec_learn_mount(&places, 8, HT_S("one"));
    assert_string_equal(ht_exec_home_of_mount(&places, 8), "");
    /* A kernel that tells no number tells nothing. */
    ht_exec_learn_mount(&places, 0, HT_S("one"));
    assert_null(ht_exec_home_of_mount(&places, 0));
    ht_exec_places_fini(&places);
}

static void mounts_are_bounded_and_what_is_shared_stays(void **state)
{
    struct ht_exec_places places = {.mounts = NULL};

    (void)state;
    ht_exec_places_init(&places);
    ht_exec_learn_mount(&places, 1, HT_S(""));
    for (uint64_t mount = 2; mount < MANY; mount++)
        ht_exec_learn_mount(&places, mount, HT_S("one"));
    assert_true(ht_map_len(places.mounts) <= 4096);
    assert_string_equal(ht_exec_home_of_mount(&places, 1), "");
    assert_string_equal(ht_exec_home_of_mount(&places, MANY - 1), "one");
    ht_exec_places_fini(&places);
}

static void process_starts_the_next_program_where_it_started_the_last(void **state)
{
    struct ht_exec_places places = {.mounts = NULL};
    char name[HT_EXEC_HOME_BYTES + 1];

    (void)state;
    memset(name, 'x', sizeof(name));
    ht_exec_learn_pid(&places, 9, HT_S("one"), HT_NS_PER_S);
    assert_true(ht_str_is(ht_exec_home_of_pid(&places, 9, HT_NS_PER_S), "one"));
    assert_true(ht_str_is(ht_exec_home_of_pid(&places, 9, 2 * HT_NS_PER_S), "one"));
    /* Its number may be another's by then. */
    assert_int_equal(ht_exec_home_of_pid(&places, 9, 2 * HT_NS_PER_S + 1).len, 0);
    assert_int_equal(ht_exec_home_of_pid(&places, 9 + HT_EXEC_EARLIER, HT_NS_PER_S).len, 0);
    assert_int_equal(ht_exec_home_of_pid(&places, 0, HT_NS_PER_S).len, 0);
    /* One that does not fit is not cut: it would be another's. */
    ht_exec_learn_pid(&places, 9, (struct ht_str){.data = name, .len = HT_EXEC_HOME_BYTES},
                      HT_NS_PER_S);
    assert_int_equal(ht_exec_home_of_pid(&places, 9, HT_NS_PER_S).len, 0);
}

static void same_mount_has_one_number(void **state)
{
    uint64_t root = ht_exec_mount_of(AT_FDCWD, "/");
    ht_autoclose int fd = open("/", O_PATH | O_CLOEXEC);

    (void)state;
    if (root == 0)
        skip(); /* before Linux 6.8 */
    assert_true(ht_exec_mount_of(fd, "") == root);
    assert_true(ht_exec_mount_of(AT_FDCWD, "/proc") != root);
    assert_int_equal(ht_exec_mount_of(AT_FDCWD, "/not/here"), 0);
}

/* A container is looked at through its oldest process, for as long as that is there. */
static void oldest_that_is_left_stands_for_its_container(void **state)
{
    struct ht_layers *layers = ht_layers_new();
    struct ht_layers_entry *home = ht_layers_join(layers, HT_S("c1"), 10);

    (void)state;
    assert_int_equal(ht_layers_pid(home), 0);
    ht_layers_offer(home, 100, 10);
    assert_ptr_equal(ht_layers_join(layers, HT_S("c1"), 20), home);
    ht_layers_offer(home, 200, 20); /* a younger one changes nothing, looked at or not */
    ht_layers_looked(home, false);
    assert_int_equal(ht_layers_pid(home), 100);
    ht_layers_gone(home, 200);
    assert_int_equal(ht_layers_pid(home), 100);
    ht_layers_gone(home, 100);
    assert_int_equal(ht_layers_pid(home), 0);
    ht_layers_offer(home, 300, 30);
    ht_layers_offer(home, 200, 20);
    assert_int_equal(ht_layers_pid(home), 200);
    ht_layers_leave(layers, home);
    ht_layers_leave(layers, home);
    ht_layers_free(layers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mount_tells_the_container_that_it_is_of_alone),
        cmocka_unit_test(mounts_are_bounded_and_what_is_shared_stays),
        cmocka_unit_test(process_starts_the_next_program_where_it_started_the_last),
        cmocka_unit_test(same_mount_has_one_number),
        cmocka_unit_test(oldest_that_is_left_stands_for_its_container),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
