/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose a start was, by what was told of others: the mount of its file, what it started before. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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
    ht_exec_learn_mount(&places, 7, HT_S("one"), 1);
    ht_exec_learn_mount(&places, 7, HT_S("one"), 2);
    assert_string_equal(ht_exec_home_of_mount(&places, 7), "one");
    ht_exec_learn_mount(&places, 7, HT_S("two"), 3);
    assert_null(ht_exec_home_of_mount(&places, 7));
    /* The node's own are so for ever, whoever runs a file of theirs. */
    ht_exec_learn_node(&places, 8);
    ht_exec_learn_node(&places, 8);
    ht_exec_learn_mount(&places, 8, HT_S("one"), 3);
    assert_string_equal(ht_exec_home_of_mount(&places, 8), "");
    ht_exec_learn_mount(&places, 9, HT_S("one"), 3);
    ht_exec_learn_node(&places, 9);
    assert_string_equal(ht_exec_home_of_mount(&places, 9), "");
    /* A kernel that tells no number tells nothing. */
    ht_exec_learn_mount(&places, 0, HT_S("one"), 3);
    ht_exec_learn_node(&places, 0);
    assert_null(ht_exec_home_of_mount(&places, 0));
    ht_exec_places_fini(&places);
}

static void somebody_from_outside_spoils_a_mount_for_a_minute(void **state)
{
    const int64_t later = 100 * HT_NS_PER_S, minute = 60 * HT_NS_PER_S;
    struct ht_exec_places places = {.mounts = NULL};

    (void)state;
    ht_exec_places_init(&places);
    ht_exec_learn_mount(&places, 7, HT_S("one"), 0);
    ht_exec_learn_mount(&places, 7, HT_S(""), later); /* the node's */
    assert_null(ht_exec_home_of_mount(&places, 7));
    ht_exec_learn_mount(&places, 7, HT_S("one"), later + minute - 1);
    assert_null(ht_exec_home_of_mount(&places, 7));
    ht_exec_learn_mount(&places, 7, HT_S("two"), later + minute - 1); /* begins no new minute */
    ht_exec_learn_mount(&places, 7, HT_S(""), later + minute);
    assert_null(ht_exec_home_of_mount(&places, 7));
    ht_exec_learn_mount(&places, 7, HT_S("one"), later + minute);
    assert_string_equal(ht_exec_home_of_mount(&places, 7), "one");
    ht_exec_places_fini(&places);
}

static void nobody_fills_the_mounts_of_others(void **state)
{
    struct ht_exec_places places = {.mounts = NULL};
    char id[32];

    (void)state;
    ht_exec_places_init(&places);
    ht_exec_learn_node(&places, 1);
    ht_exec_learn_mount(&places, 2, HT_S("other"), 0);
    /* Each unit of systemd that sees other mounts has numbers of its own. */
    for (uint64_t mount = 3; mount < MANY; mount++)
        ht_exec_learn_mount(&places, mount, HT_S(""), 0);
    assert_int_equal(ht_map_len(places.mounts), 2);
    for (uint64_t mount = 3; mount < MANY; mount++)
        ht_exec_learn_mount(&places, mount, HT_S("one"), 0);
    assert_true(ht_map_len(places.mounts) <= 2 + 64);
    assert_string_equal(ht_exec_home_of_mount(&places, 2), "other");
    assert_string_equal(ht_exec_home_of_mount(&places, MANY - 1), "one");
    /* Very many containers are learned anew; what is the node's stays. */
    for (uint64_t mount = MANY; mount < 3 * MANY; mount++) {
        snprintf(id, sizeof(id), "c%d", (int)mount);
        ht_exec_learn_mount(&places, mount, ht_str_from(id), 0);
    }
    assert_true(ht_map_len(places.mounts) <= 8192);
    assert_int_equal(ht_map_len(places.mounts), ht_map_len(places.homes));
    assert_string_equal(ht_exec_home_of_mount(&places, 1), "");
    assert_string_equal(ht_exec_home_of_mount(&places, 3 * MANY - 1), id);
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

/* Whoever runs files of a mount in another session is asked himself. */
static void session_stands_for_its_container_for_a_second(void **state)
{
    const int64_t at = 100 * HT_NS_PER_S;
    struct ht_exec_places places = {.mounts = NULL};

    (void)state;
    ht_exec_places_init(&places);
    /* Of what is nobody's, or the node's, none is kept. */
    ht_exec_learn_session(&places, 7, 41, at);
    ht_exec_learn_node(&places, 8);
    ht_exec_learn_session(&places, 8, 41, at);
    assert_int_equal(ht_exec_session_of_mount(&places, 7, at), 0);
    assert_int_equal(ht_exec_session_of_mount(&places, 8, at), 0);
    assert_false(ht_exec_is_session_due(&places, 7, at));
    assert_false(ht_exec_is_session_due(&places, 8, at));
    ht_exec_learn_mount(&places, 7, HT_S("one"), at);
    assert_int_equal(ht_exec_session_of_mount(&places, 7, at), 0);
    assert_true(ht_exec_is_session_due(&places, 7, at));
    ht_exec_learn_session(&places, 7, 41, at);
    assert_false(ht_exec_is_session_due(&places, 7, at + HT_NS_PER_S - 1));
    assert_int_equal(ht_exec_session_of_mount(&places, 7, at + HT_NS_PER_S - 1), 41);
    assert_int_equal(ht_exec_session_of_mount(&places, 7, at + HT_NS_PER_S), 0);
    assert_true(ht_exec_is_session_due(&places, 7, at + HT_NS_PER_S));
    /* There was none: that is known as long. */
    ht_exec_learn_session(&places, 7, 0, at + HT_NS_PER_S);
    assert_int_equal(ht_exec_session_of_mount(&places, 7, at + HT_NS_PER_S), 0);
    assert_false(ht_exec_is_session_due(&places, 7, at + HT_NS_PER_S));
    /* Somebody from outside ran a file there. */
    ht_exec_learn_session(&places, 7, 41, at + HT_NS_PER_S);
    ht_exec_learn_mount(&places, 7, HT_S(""), at + HT_NS_PER_S);
    assert_int_equal(ht_exec_session_of_mount(&places, 7, at + HT_NS_PER_S), 0);
    assert_false(ht_exec_is_session_due(&places, 7, at + 2 * HT_NS_PER_S));
    ht_exec_places_fini(&places);
}

/* A number is given again: what the new process is says nothing of the old one. */
static void younger_process_is_another(void **state)
{
    uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
    struct timespec boot;
    int64_t now = ht_clock_mono(ht_clock_system());

    (void)state;
    clock_gettime(CLOCK_BOOTTIME, &boot);
    assert_false(ht_exec_is_later(1, now));
    assert_false(ht_exec_is_later((uint64_t)boot.tv_sec * ticks, now));
    assert_true(ht_exec_is_later(((uint64_t)boot.tv_sec + 3600) * ticks, now));
    assert_true(ht_exec_is_later((uint64_t)boot.tv_sec * ticks, now - 10 * HT_NS_PER_S));
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
    struct ht_layers_entry *home = ht_layers_join(layers, HT_S("c1"), 10, false);

    (void)state;
    assert_int_equal(ht_layers_pid(home), 0);
    ht_layers_offer(home, 100, 10, false);
    assert_ptr_equal(ht_layers_join(layers, HT_S("c1"), 20, false), home);
    ht_layers_offer(home, 200, 20, false); /* a younger one changes nothing, looked at or not */
    ht_layers_looked(home, false);
    assert_int_equal(ht_layers_pid(home), 100);
    ht_layers_gone(home, 200);
    assert_int_equal(ht_layers_pid(home), 100);
    ht_layers_gone(home, 100);
    assert_int_equal(ht_layers_pid(home), 0);
    ht_layers_offer(home, 300, 30, false);
    ht_layers_offer(home, 200, 20, false);
    assert_int_equal(ht_layers_pid(home), 200);
    ht_layers_leave(layers, home);
    ht_layers_leave(layers, home);
    ht_layers_free(layers);
}

static void who_is_its_by_ancestors_alone_stands_behind_the_others(void **state)
{
    struct ht_layers *layers = ht_layers_new();
    struct ht_layers_entry *home = ht_layers_join(layers, HT_S("c1"), 10, false);

    (void)state;
    ht_layers_offer(home, 100, 10, true);
    ht_layers_offer(home, 101, 11, true);
    assert_int_equal(ht_layers_pid(home), 100);
    ht_layers_offer(home, 200, 20, false);
    assert_int_equal(ht_layers_pid(home), 200);
    ht_layers_offer(home, 100, 10, true); /* though it is older */
    assert_int_equal(ht_layers_pid(home), 200);
    ht_layers_gone(home, 200);
    ht_layers_offer(home, 100, 10, true);
    assert_int_equal(ht_layers_pid(home), 100);
    ht_layers_leave(layers, home);
    ht_layers_free(layers);
}

/* An older process that anybody can make look like the container's own makes it no older. */
static void a_container_is_as_old_as_who_is_surely_its_own(void **state)
{
    struct ht_layers *layers = ht_layers_new();
    struct ht_layers_entry *home = ht_layers_join(layers, HT_S("c1"), 20, true);

    (void)state;
    assert_int_equal(ht_layers_since(home), 20);
    ht_layers_join(layers, HT_S("c1"), 15, true);
    assert_int_equal(ht_layers_since(home), 15);
    ht_layers_join(layers, HT_S("c1"), 40, false);
    assert_int_equal(ht_layers_since(home), 40);
    ht_layers_join(layers, HT_S("c1"), 5, true);
    assert_int_equal(ht_layers_since(home), 40);
    ht_layers_join(layers, HT_S("c1"), 30, false);
    ht_layers_join(layers, HT_S("c1"), 35, false);
    assert_int_equal(ht_layers_since(home), 30);
    for (int i = 0; i < 6; i++)
        ht_layers_leave(layers, home);
    ht_layers_free(layers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mount_tells_the_container_that_it_is_of_alone),
        cmocka_unit_test(a_container_is_as_old_as_who_is_surely_its_own),
        cmocka_unit_test(somebody_from_outside_spoils_a_mount_for_a_minute),
        cmocka_unit_test(nobody_fills_the_mounts_of_others),
        cmocka_unit_test(process_starts_the_next_program_where_it_started_the_last),
        cmocka_unit_test(session_stands_for_its_container_for_a_second),
        cmocka_unit_test(younger_process_is_another),
        cmocka_unit_test(same_mount_has_one_number),
        cmocka_unit_test(oldest_that_is_left_stands_for_its_container),
        cmocka_unit_test(who_is_its_by_ancestors_alone_stands_behind_the_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
