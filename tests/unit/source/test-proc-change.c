/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is left out of the next walk through /proc, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc-change.h"
#include "tests/unit/tree.h"
#include "hulltop/base/clock.h"

static void the_count_is_the_end_of_the_load(void **state)
{
    uint64_t threads = 0, last_pid = 0;

    (void)state;
    assert_true(ht_proc_counters_read("0.20 0.18 0.12 1/834 11206\n", &threads, &last_pid));
    assert_int_equal(threads, 834);
    assert_int_equal(last_pid, 11206);
    static const char *const others[] = {
        "",
        "0.00 0.00 0.00 0/0 0\n",
        "0.20 0.18 0.12 1/834\n",
        "0.20 0.18 0.12 834 11206\n",
        "0.20 0.18 0.12 1/834 11206 7\n",
        "0.20 0.18 0.12 1/x 11206\n",
        "0.20 0.18 0.12 1/834 -1\n",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(ht_proc_counters_read(others[i], &threads, &last_pid));
}

static void write_load(int fd, const char *text)
{
    int file = openat(fd, "loadavg", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(file >= 0);
    assert_true(write(file, text, 26) == 26);
    close(file);
}

static void counters_move_when_processes_came_or_went(void **state)
{
    char folder[] = "/tmp/hulltop-test-XXXXXX";
    struct ht_proc_counters counters = {0};
    int fd;

    (void)state;
    assert_non_null(mkdtemp(folder));
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(ht_proc_counters_moved(&counters, fd, 0)); /* nothing tells */
    write_load(fd, "0.20 0.18 0.12 1/834 11206");
    assert_true(ht_proc_counters_moved(&counters, fd, 1));
    assert_false(ht_proc_counters_moved(&counters, fd, 2));
    write_load(fd, "9.99 0.18 0.12 7/834 11206"); /* load alone is no process */
    assert_false(ht_proc_counters_moved(&counters, fd, 3));
    write_load(fd, "0.20 0.18 0.12 1/834 11207"); /* one came, one went */
    assert_true(ht_proc_counters_moved(&counters, fd, 4));
    write_load(fd, "0.20 0.18 0.12 1/833 11207");
    assert_true(ht_proc_counters_moved(&counters, fd, 5));
    assert_false(ht_proc_counters_moved(&counters, fd, 6));
    assert_true(ht_proc_counters_moved(&counters, fd, 5 * HT_NS_PER_S + 6));
    unlinkat(fd, "loadavg", 0);
    assert_true(ht_proc_counters_moved(&counters, fd, 5 * HT_NS_PER_S + 7));
    assert_true(ht_proc_counters_moved(&counters, fd, 5 * HT_NS_PER_S + 8));
    close(fd);
    rmdir(folder);
}

/* A walk over processes 1 to 3, all ignored, 2 with that inode; returns the bits of those looked
 * at.
 */
static unsigned walk(struct ht_proc_ignored *ignored, int64_t now_ns, uint64_t inode_of_2)
{
    unsigned looked = 0;

    ht_proc_ignored_begin(ignored, now_ns);
    for (uint64_t pid = 1; pid <= 3; pid++) {
        uint64_t inode = pid == 2 ? inode_of_2 : 100 + pid;

        if (!ht_proc_ignored_has(ignored, pid, inode))
            looked |= 1u << pid;
        ht_proc_ignored_add(ignored, pid, inode);
    }
    return looked;
}

static void what_was_ignored_twice_is_left_out(void **state)
{
    struct ht_proc_ignored *ignored = ht_proc_ignored_new();

    (void)state;
    assert_int_equal(walk(ignored, 0, 7), 0xe);
    assert_int_equal(walk(ignored, 1, 7), 0xe);
    assert_int_equal(walk(ignored, 2, 7), 0);
    assert_int_equal(walk(ignored, 3, 8), 0x4); /* its pid was used again */
    assert_int_equal(walk(ignored, 4, 8), 0x4);
    assert_int_equal(walk(ignored, 5, 8), 0);
    assert_int_equal(walk(ignored, 601 * HT_NS_PER_S, 8), 0xe);
    ht_proc_ignored_free(ignored);
}

static void what_left_is_forgotten(void **state)
{
    struct ht_proc_ignored *ignored = ht_proc_ignored_new();

    (void)state;
    walk(ignored, 0, 7);
    walk(ignored, 1, 7);
    ht_proc_ignored_begin(ignored, 2); /* nobody is there */
    assert_int_equal(walk(ignored, 3, 7), 0xe);
    ht_proc_ignored_begin(ignored, 4);
    ht_proc_ignored_add(ignored, 3, 103);
    ht_proc_ignored_add(ignored, 1, 101); /* out of order */
    ht_proc_ignored_begin(ignored, 5);
    assert_true(ht_proc_ignored_has(ignored, 3, 103));
    assert_false(ht_proc_ignored_has(ignored, 1, 101));
    ht_proc_ignored_free(ignored);
}

/* ---- a crowd ---- */

struct guest {
    int64_t met; /* how often it joined: kept between looks */
    uint64_t ino;
    pid_t pid;
};

struct hotel {
    struct ht_proc_crowd crowd;
    char log[200];
};

static void write_down(struct hotel *hotel, char what, const struct guest *guest)
{
    size_t len = strlen(hotel->log);

    snprintf(hotel->log + len, sizeof(hotel->log) - len, "%c%d ", what, (int)guest->pid);
}

static void check_in(void *context, void *member)
{
    struct guest *guest = member;

    assert_int_equal(guest->met, 0);
    guest->met = 1;
    write_down(context, '+', guest);
}

static void check_out(void *context, void *member)
{
    const struct guest *guest = member;

    assert_int_equal(guest->met, 1);
    write_down(context, '-', guest);
}

static const struct ht_proc_crowd_ops guests = {.size = sizeof(struct guest),
                                                .pid_at = offsetof(struct guest, pid),
                                                .ino_at = offsetof(struct guest, ino),
                                                .join = check_in,
                                                .leave = check_out};

/* One look, which must tell that. */
static void look_at(struct hotel *hotel, int fd, int64_t now_ns, const char *expected)
{
    struct ht_error err = {0};

    hotel->log[0] = '\0';
    assert_int_equal(ht_proc_crowd_look(&hotel->crowd, fd, now_ns, &err), 0);
    assert_string_equal(hotel->log, expected);
}

static void look(struct hotel *hotel, int fd, const char *expected)
{
    look_at(hotel, fd, 0, expected);
}

static void who_stays_in_a_crowd_is_kept(void **state)
{
    char folder[] = "/tmp/hulltop-test-XXXXXX";
    struct hotel hotel = {.crowd = {.ops = &guests, .context = &hotel}};
    struct ht_error err = {0};
    int fd;

    (void)state;
    assert_non_null(mkdtemp(folder));
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (const char *const *name =
             (const char *const[]){"30", "4", "7", "self", "99999999999", NULL};
         *name; name++)
        assert_int_equal(mkdirat(fd, *name, 0700), 0);
    look(&hotel, fd, "+30 +7 +4 ");
    look(&hotel, fd, "");
    unlinkat(fd, "7", AT_REMOVEDIR);
    assert_int_equal(mkdirat(fd, "5", 0700), 0);
    look(&hotel, fd, "-7 +5 ");
    assert_int_equal(hotel.crowd.len, 3);
    assert_int_equal(((struct guest *)ht_proc_crowd_find(&hotel.crowd, 30))->pid, 30);
    assert_null(ht_proc_crowd_find(&hotel.crowd, 7));
    assert_null(ht_proc_crowd_find(&hotel.crowd, 31));
    /* The pid is another process's now. */
    ((struct guest *)ht_proc_crowd_find(&hotel.crowd, 4))->ino++;
    look(&hotel, fd, "-4 +4 ");
    /* Where nobody came or went nothing is listed: this one is not seen before the counters move.
     */
    write_load(fd, "0.20 0.18 0.12 1/834 11206");
    look(&hotel, fd, "");
    unlinkat(fd, "5", AT_REMOVEDIR);
    look(&hotel, fd, "");
    write_load(fd, "0.20 0.18 0.12 1/833 11206");
    look(&hotel, fd, "-5 ");
    assert_true(ht_proc_crowd_look(&hotel.crowd, -1, 0, &err) < 0);
    hotel.log[0] = '\0';
    ht_proc_crowd_fini(&hotel.crowd);
    assert_string_equal(hotel.log, "-4 -30 ");
    for (const char *const *name = (const char *const[]){"30", "4", "self", "99999999999", NULL};
         *name; name++)
        unlinkat(fd, *name, AT_REMOVEDIR);
    unlinkat(fd, "loadavg", 0);
    close(fd);
    rmdir(folder);
}

/* A process or thread of that group ("" where it does not tell) comes. */
static void come(int fd, const char *pid, const char *group)
{
    char name[32], text[64];
    int file;

    snprintf(name, sizeof(name), "%s/status", pid);
    snprintf(text, sizeof(text), "Name:\tx\nTgid:\t%s\nNgid:\t0\n", group);
    assert_int_equal(mkdirat(fd, pid, 0700), 0);
    file = openat(fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_true(write(file, text, strlen(text)) == (ssize_t)strlen(text));
    close(file);
}

static void go(int fd, const char *pid)
{
    char name[32];

    snprintf(name, sizeof(name), "%s/status", pid);
    unlinkat(fd, name, 0);
    assert_int_equal(unlinkat(fd, pid, AT_REMOVEDIR), 0);
}

/* A node with a crowd in which process 1 and those in others are known already; what the kernel
 * counts there is what is listed. */
struct scene {
    char folder[32];
    struct hotel hotel;
    int fd;
};

static void open_scene(struct scene *scene, const char *others, const char *expected)
{
    *scene = (struct scene){.folder = "/tmp/hulltop-test-XXXXXX"};
    scene->hotel.crowd = (struct ht_proc_crowd){.ops = &guests, .context = &scene->hotel};
    assert_non_null(mkdtemp(scene->folder));
    scene->fd = open(scene->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(scene->fd, "self", 0700), 0);
    assert_int_equal(mkdirat(scene->fd, "self/ns", 0700), 0);
    assert_int_equal(symlinkat("pid:[4026531836]", scene->fd, "self/ns/pid"), 0);
    come(scene->fd, "1", "1");
    come(scene->fd, "7", "7");
    if (*others)
        come(scene->fd, others, others);
    write_load(scene->fd, "0.20 0.18 0.12 1/834 11206");
    look(&scene->hotel, scene->fd, expected);
}

static void close_scene(struct scene *scene)
{
    ht_proc_crowd_fini(&scene->hotel.crowd);
    close(scene->fd);
    ht_test_remove_tree(scene->folder);
}

/* Process 50 is there all the while, and no counter has told of it: it joins at the next list. */
static void a_few_who_come_and_go_take_no_list(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, "20000", "+20000 +7 +1 ");
    look(&scene.hotel, scene.fd, "");
    come(scene.fd, "50", "50");
    come(scene.fd, "11207", "11207");
    come(scene.fd, "11208", "7"); /* a thread */
    write_load(scene.fd, "0.20 0.18 0.12 1/836 11208");
    look(&scene.hotel, scene.fd, "+11207 ");
    go(scene.fd, "11207"); /* another one, 11209, came and went meanwhile */
    come(scene.fd, "11210", "11210");
    write_load(scene.fd, "0.20 0.18 0.12 1/836 11210");
    look(&scene.hotel, scene.fd, "-11207 +11210 ");
    go(scene.fd, "11208");
    write_load(scene.fd, "0.20 0.18 0.12 1/835 11210");
    look(&scene.hotel, scene.fd, "");
    /* What nobody of them accounts for is somebody else. */
    go(scene.fd, "7");
    write_load(scene.fd, "0.20 0.18 0.12 1/834 11210");
    look(&scene.hotel, scene.fd, "-7 +50 ");
    /* Nor is it enough to ask one that does not say what it is. */
    come(scene.fd, "51", "51");
    come(scene.fd, "11211", "");
    write_load(scene.fd, "0.20 0.18 0.12 1/835 11211");
    look(&scene.hotel, scene.fd, "+11211 +51 ");
    go(scene.fd, "51");
    write_load(scene.fd, "0.20 0.18 0.12 1/835 11300"); /* so many that a list costs less */
    look(&scene.hotel, scene.fd, "-51 ");
    come(scene.fd, "52", "52");
    come(scene.fd, "11301", "11301");
    write_load(scene.fd, "0.20 0.18 0.12 1/836 11301");
    look_at(&scene.hotel, scene.fd, 5 * HT_NS_PER_S,
            "+11301 +52 "); /* and five seconds after such a one */
    /* Pids begin anew, and the next one is another process's by now. */
    ((struct guest *)ht_proc_crowd_find(&scene.hotel.crowd, 20000))->ino++;
    write_load(scene.fd, "0.20 0.18 0.12 1/836 19999");
    look_at(&scene.hotel, scene.fd, 6 * HT_NS_PER_S, "-20000 +20000 ");
    ((struct guest *)ht_proc_crowd_find(&scene.hotel.crowd, 20000))->ino++;
    write_load(scene.fd, "0.20 0.18 0.12 1/836 20000");
    look_at(&scene.hotel, scene.fd, 7 * HT_NS_PER_S, "-20000 +20000 ");
    write_load(scene.fd, "0.20 0.18 0.12 1/836 00300");
    come(scene.fd, "53", "53");
    look_at(&scene.hotel, scene.fd, 8 * HT_NS_PER_S, "+53 ");
    close_scene(&scene);
}

/* Its number was given away before it could be found, and when it can, another one has ended: the
 * counters stay as they are. */
static void who_was_being_made_is_found_at_the_next_look(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, "", "+7 +1 ");
    write_load(scene.fd, "0.20 0.18 0.12 1/834 11207");
    look(&scene.hotel, scene.fd, "");
    go(scene.fd, "7");
    come(scene.fd, "11207", "11207");
    look(&scene.hotel, scene.fd, "-7 +11207 ");
    look(&scene.hotel, scene.fd, "");
    close_scene(&scene);
}

static void where_the_counters_add_up_lists_are_seldom(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, "", "+7 +1 ");
    look_at(&scene.hotel, scene.fd, 5 * HT_NS_PER_S, "");
    come(scene.fd, "8", "8"); /* nothing tells of it */
    look_at(&scene.hotel, scene.fd, 25 * HT_NS_PER_S - 1, "");
    look_at(&scene.hotel, scene.fd, 25 * HT_NS_PER_S, "+8 ");
    /* In another namespace of pids the threads are those of the whole node. */
    unlinkat(scene.fd, "self/ns/pid", 0);
    assert_int_equal(symlinkat("pid:[4026532836]", scene.fd, "self/ns/pid"), 0);
    look_at(&scene.hotel, scene.fd, 45 * HT_NS_PER_S, "");
    come(scene.fd, "9", "9");
    look_at(&scene.hotel, scene.fd, 50 * HT_NS_PER_S, "+9 ");
    /* There is no telling from them who came: everybody is listed when they move. */
    come(scene.fd, "10", "10");
    write_load(scene.fd, "0.20 0.18 0.12 1/834 11207");
    look_at(&scene.hotel, scene.fd, 51 * HT_NS_PER_S, "+10 ");
    close_scene(&scene);
}

/* The next look has both counters as if one had come and nobody had gone. */
static void who_came_while_it_was_listed_is_not_counted_for_another(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, "", "+7 +1 ");
    come(scene.fd, "11207", "11207"); /* between the counters and the list */
    look_at(&scene.hotel, scene.fd, 5 * HT_NS_PER_S, "+11207 ");
    go(scene.fd, "7");
    write_load(scene.fd, "0.20 0.18 0.12 1/834 11207");
    look_at(&scene.hotel, scene.fd, 6 * HT_NS_PER_S, "-7 ");
    close_scene(&scene);
}

static void who_is_made_while_it_is_listed_is_awaited(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, "", "+7 +1 ");
    look_at(&scene.hotel, scene.fd, 1 * HT_NS_PER_S, "");
    come(scene.fd, "11207", ""); /* does not tell what it is: all are listed, without 11208 */
    write_load(scene.fd, "0.20 0.18 0.12 1/835 11208");
    look_at(&scene.hotel, scene.fd, 2 * HT_NS_PER_S, "+11207 ");
    come(scene.fd, "11208", "11208");
    go(scene.fd, "7");
    look_at(&scene.hotel, scene.fd, 3 * HT_NS_PER_S, "-7 +11208 ");
    close_scene(&scene);
}

/* One who came and is another user's looks like one who is gone again. */
static void where_others_are_hidden_all_are_listed(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, "", "+7 +1 ");
    go(scene.fd, "1");
    look_at(&scene.hotel, scene.fd, 5 * HT_NS_PER_S, "-1 ");
    go(scene.fd, "7");
    write_load(scene.fd, "0.20 0.18 0.12 1/834 11207");
    look_at(&scene.hotel, scene.fd, 6 * HT_NS_PER_S, "-7 ");
    close_scene(&scene);
}

/* ---- turns ---- */

static void a_process_is_looked_at_twice_while_it_is_young(void **state)
{
    struct ht_proc_schedule schedule = {0};

    (void)state;
    ht_proc_schedule_next(&schedule, 42, 0, 0, false);
    assert_int_equal(schedule.due_ns, HT_NS_PER_S);
    ht_proc_schedule_next(&schedule, 42, HT_NS_PER_S, HT_NS_PER_S, false);
    assert_int_equal(schedule.due_ns, 10 * HT_NS_PER_S);
    ht_proc_schedule_next(&schedule, 42, 10 * HT_NS_PER_S, 10 * HT_NS_PER_S, false);
    assert_true(schedule.due_ns == INT64_MAX);
    schedule = (struct ht_proc_schedule){0};
    ht_proc_schedule_next(&schedule, 42, 60 * HT_NS_PER_S, 0,
                          true); /* an old one that is worth it */
    assert_int_equal(schedule.due_ns, 52 * HT_NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_count_is_the_end_of_the_load),
        cmocka_unit_test(counters_move_when_processes_came_or_went),
        cmocka_unit_test(what_was_ignored_twice_is_left_out),
        cmocka_unit_test(what_left_is_forgotten),
        cmocka_unit_test(who_stays_in_a_crowd_is_kept),
        cmocka_unit_test(a_few_who_come_and_go_take_no_list),
        cmocka_unit_test(who_was_being_made_is_found_at_the_next_look),
        cmocka_unit_test(where_the_counters_add_up_lists_are_seldom),
        cmocka_unit_test(who_came_while_it_was_listed_is_not_counted_for_another),
        cmocka_unit_test(who_is_made_while_it_is_listed_is_awaited),
        cmocka_unit_test(where_others_are_hidden_all_are_listed),
        cmocka_unit_test(a_process_is_looked_at_twice_while_it_is_young),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
