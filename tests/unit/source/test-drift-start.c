/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who started a program that runs in a container. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/tree.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/drift-inner.h"
#include "src/source/proc-node.h"

enum { PATH_BYTES = 128, PIDS_MAX = 8 };

/* A tree of processes that were made up. */
struct place {
    char proc[PATH_BYTES / 2];
    int pids[PIDS_MAX];
    size_t len;
    struct ht_drift drift;
};

static void write_file(const struct place *place, int pid, const char *name, const char *text)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/%d/%s", place->proc, pid, name);
    ht_test_write_file(path, text);
}

static void put_process(struct place *place, int pid, const char *comm, int ppid)
{
    char path[PATH_BYTES], text[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/%d", place->proc, pid);
    if (mkdir(path, 0700) == 0) {
        assert_true(place->len < PIDS_MAX);
        place->pids[place->len++] = pid;
    }
    snprintf(text, sizeof(text),
             "%d (%s) S %d %d %d 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 77 1 1 1 1 1 1\n", pid, comm,
             ppid, pid, pid);
    write_file(place, pid, "stat", text);
}

static int set_up(void **state)
{
    struct place *place = ht_new0(struct place);
    struct ht_error err = {0};

    snprintf(place->proc, sizeof(place->proc), "/tmp/test-drift-start-XXXXXX");
    assert_non_null(mkdtemp(place->proc));
    assert_int_equal(ht_proc_reader_init(&place->drift.reader, place->proc, &err), 0);
    place->drift.arena = ht_arena_new(HT_LIMIT_ROW);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"/stat",   "/cgroup", "/cmdline", "/root",
                                        "/ns/mnt", "/ns",     ""};
    struct place *place = *state;
    char path[PATH_BYTES];

    for (size_t i = 0; i < place->len; i++) {
        for (size_t j = 0; j < ARRAY_LEN(names); j++) {
            snprintf(path, sizeof(path), "%s/%d%s", place->proc, place->pids[i], names[j]);
            (void)remove(path);
        }
    }
    ht_proc_reader_fini(&place->drift.reader);
    ht_arena_free(place->drift.arena);
    int r = rmdir(place->proc);
    free(place);
    return r;
}

static void check_parents(struct place *place, const char *first, const char *second,
                          const char *third)
{
    const char *const wanted[] = {first, second, third};
    struct ht_code code = {0};

    ht_drift_add_parents(&place->drift, 30, &code);
    assert_int_equal(code.parents.len, ARRAY_LEN(wanted));
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        assert_true(ht_str_is(code.parents.items[i], wanted[i]));
}

static void the_nearest_parent_is_read_and_the_others_are_kept_a_moment(void **state)
{
    struct place *place = *state;

    place->drift.now_ns = HT_NS_PER_S;
    put_process(place, 1, "init", 0);
    put_process(place, 20, "shim", 1);
    put_process(place, 21, "other", 1);
    put_process(place, 30, "sh", 20);
    check_parents(place, "sh (30)", "shim (20)", "init (1)");
    put_process(place, 20, "renamed", 1);
    put_process(place, 30, "bash", 20);
    check_parents(place, "bash (30)", "shim (20)", "init (1)");
    /* Who left it to another one is told so at once. */
    put_process(place, 30, "bash", 21);
    check_parents(place, "bash (30)", "other (21)", "init (1)");
    /* It ran something else. */
    put_process(place, 30, "bash", 20);
    ht_drift_forget_parent(&place->drift, 20);
    check_parents(place, "bash (30)", "renamed (20)", "init (1)");
    put_process(place, 20, "again", 1);
    check_parents(place, "bash (30)", "renamed (20)", "init (1)");
    place->drift.now_ns += HT_NS_PER_S;
    check_parents(place, "bash (30)", "again (20)", "init (1)");
}

static void who_has_ended_is_no_parent(void **state)
{
    struct place *place = *state;
    struct ht_code code = {0};

    put_process(place, 20, "shim", 19);
    ht_drift_add_parents(&place->drift, 20, &code);
    assert_int_equal(code.parents.len, 1);
    ht_drift_add_parents(&place->drift, 19, &code);
    assert_int_equal(code.parents.len, 0);
}

/* ---- a runtime that is about to become something else ---- */

#define ID "4f0c1e9a77b24f0c1e9a77b24f0c1e9a77b24f0c1e9a77b24f0c1e9a77b24f0c"

static void put_parents(struct place *place)
{
    put_process(place, 10, "runc", 1);
    write_file(place, 10, "cgroup", "0::/system.slice/docker.service\n");
    put_process(place, 11, "containerd-shim", 1);
    write_file(place, 11, "cgroup", "0::/system.slice/docker.service\n");
    put_process(place, 12, "runc", 11);
    write_file(place, 12, "cgroup", "0::/docker/" ID "\n");
    put_process(place, 13, "runc", 1); /* whose groups cannot be read */
}

static struct ht_drift_starter starter(const char *comm, uint64_t ppid)
{
    return (struct ht_drift_starter){.pid = 50,
                                     .ppid = ppid,
                                     .comm = ht_str_from(comm),
                                     .container_id = HT_S(ID),
                                     .origin = HT_CODE_ORIGIN_MEMFD};
}

static void a_runtime_is_known_by_who_started_it(void **state)
{
    static const uint64_t others[] = {0, 11, 12, 13, 99};
    struct place *place = *state;
    struct ht_drift_starter who;

    put_parents(place);
    who = starter("runc:[2:INIT]", 10);
    assert_true(ht_drift_is_starting(&place->drift, &who));
    who = starter("exe", 10);
    assert_true(ht_drift_is_starting(&place->drift, &who));
    who.origin = HT_CODE_ORIGIN_ADDED;
    assert_false(ht_drift_is_starting(&place->drift, &who));
    /* Its copy of itself in memory, as the kernel calls what has no path. */
    who = starter("memfd:runc_clon", 10);
    assert_true(ht_drift_is_starting(&place->drift, &who));
    who.origin = HT_CODE_ORIGIN_BLIND;
    assert_false(ht_drift_is_starting(&place->drift, &who));
    who = starter("6", 10);
    assert_true(ht_drift_is_starting(&place->drift, &who));
    who = starter("memfd:evil", 10);
    assert_false(ht_drift_is_starting(&place->drift, &who));
    who = starter("memfd:runc_clon", 12);
    assert_false(ht_drift_is_starting(&place->drift, &who));
    /* Its own file, mounted in no folder. */
    who = starter("runc:[1:CHILD]", 10);
    who.origin = HT_CODE_ORIGIN_BIND;
    who.path = HT_S("/");
    assert_true(ht_drift_is_starting(&place->drift, &who));
    who.path = HT_S("/host/runc");
    assert_false(ht_drift_is_starting(&place->drift, &who));
    who = starter("evil", 10);
    assert_false(ht_drift_is_starting(&place->drift, &who));
    /* The name is for whoever runs it to choose. */
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        who = starter("exe", others[i]);
        assert_false(ht_drift_is_starting(&place->drift, &who));
    }
    /* A container's first process is left to its monitor. */
    who = starter("runc:[2:INIT]", 11);
    who.is_first = true;
    assert_true(ht_drift_is_starting(&place->drift, &who));
    who.ppid = 12;
    assert_false(ht_drift_is_starting(&place->drift, &who));
}

static void who_ran_something_of_the_container_is_no_runtime(void **state)
{
    struct place *place = *state;
    struct ht_drift_starter who = starter("exe", 10);

    put_parents(place);
    place->drift.now_ns = HT_NS_PER_S;
    ht_drift_note_run(&place->drift, 50);
    assert_false(ht_drift_is_starting(&place->drift, &who));
    who.pid = 51;
    assert_true(ht_drift_is_starting(&place->drift, &who));
    who.pid = 50;
    place->drift.now_ns += 30 * HT_NS_PER_S; /* the number is another one's */
    assert_true(ht_drift_is_starting(&place->drift, &who));
}

/* ---- whose it is, by its ancestors ---- */

#define OTHER "0e1f2a3b4c5d0e1f2a3b4c5d0e1f2a3b4c5d0e1f2a3b4c5d0e1f2a3b4c5d0e1f"

/* Where a process is: on the node, or apart from it. */
static void put_root(const struct place *place, int pid, bool apart)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/%d/ns", place->proc, pid);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/%d/ns/mnt", place->proc, pid);
    assert_int_equal(symlink(apart ? "mnt:[4026532001]" : "mnt:[4026531841]", path), 0);
    snprintf(path, sizeof(path), "%s/%d/root", place->proc, pid);
    assert_int_equal(symlink(apart ? place->proc : "/", path), 0);
}

static void put_monitor(struct place *place, int pid, int ppid, const char *id, bool apart)
{
    char path[PATH_BYTES];
    FILE *file;

    put_process(place, pid, "conmon", ppid);
    put_root(place, pid, apart);
    snprintf(path, sizeof(path), "%s/%d/cmdline", place->proc, pid);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fprintf(file, "/usr/bin/conmon%c-c%c%s%c", 0, 0, id, 0) > 0);
    assert_int_equal(fclose(file), 0);
}

static void see_node(struct place *place)
{
    struct ht_proc_reader *reader = &place->drift.reader;

    reader->ns_mnt = 4026531841;
    reader->has_root = ht_proc_identify(AT_FDCWD, "/", &reader->root_dev, &reader->root_ino);
    assert_true(reader->has_root);
}

static void a_monitor_tells_whose_it_is(void **state)
{
    struct place *place = *state;

    see_node(place);
    put_monitor(place, 20, 1, ID, false);
    put_process(place, 30, "sh", 20);
    put_root(place, 30, true);
    put_process(place, 31, "sh", 20);
    put_root(place, 31, false);
    assert_true(ht_str_is(ht_drift_kin_id(&place->drift, 30, 20), ID));
    assert_int_equal(ht_drift_kin_id(&place->drift, 31, 20).len, 0);
}

static void what_is_named_like_a_monitor_in_a_container_names_no_other(void **state)
{
    struct place *place = *state;

    see_node(place);
    put_monitor(place, 20, 1, ID, false);
    put_monitor(place, 30, 20, OTHER, true);
    put_process(place, 40, "sh", 30);
    put_root(place, 40, true);
    assert_true(ht_str_is(ht_drift_kin_id(&place->drift, 40, 30), ID));
    /* Where the node has no monitor of its own, one that is nested is all that tells. */
    put_process(place, 20, "sh", 1);
    assert_true(ht_str_is(ht_drift_kin_id(&place->drift, 40, 30), OTHER));
}

/* ---- whose it is by the lists of groups ---- */

/* The container of 30, which started 77 ticks after the boot, so long ago; empty: none. */
static void check_home(struct place *place, int64_t age, const char *wanted)
{
    struct ht_drift *drift = &place->drift;
    struct ht_drift_process process = {.pid = 30};

    drift->tick_ns = HT_NS_PER_S / 100;
    drift->now_boot_ns = 77 * drift->tick_ns + age;
    drift->now_wall_ns = 3600 * HT_NS_PER_S; /* somebody set the clock */
    assert_true(ht_drift_scout(drift, &process));
    assert_true(ht_str_is(process.home ? ht_layers_id(process.home) : HT_S(""), wanted));
    ht_drift_drop(drift, &process);
}

static void a_list_tells_of_who_was_there_when_it_was_read(void **state)
{
    struct place *place = *state;
    struct ht_drift *drift = &place->drift;

    put_process(place, 30, "sh", 1);
    write_file(place, 30, "cgroup", "2:pids:/docker/" OTHER "\n0::/\n");
    drift->layers = ht_layers_new();
    check_home(place, 60 * HT_NS_PER_S, OTHER); /* no list */
    drift->groups = ht_groups_new();
    check_home(place, 60 * HT_NS_PER_S, OTHER); /* none that has it */
    ht_groups_add(drift->groups, 30, HT_S("/docker/" ID));
    check_home(place, 60 * HT_NS_PER_S, ID);
    /* Another one may have had its number, and a young one may be on its way into its group. */
    check_home(place, HT_NS_PER_S, OTHER);
    check_home(place, -HT_NS_PER_S, OTHER);
    ht_groups_add(drift->groups, 30, HT_S("/user.slice"));
    check_home(place, 60 * HT_NS_PER_S, OTHER);
    drift->groups = ht_groups_free(drift->groups);
    drift->layers = ht_layers_free(drift->layers);
}

#define A_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(the_nearest_parent_is_read_and_the_others_are_kept_a_moment),
        A_TEST(who_has_ended_is_no_parent),
        A_TEST(a_runtime_is_known_by_who_started_it),
        A_TEST(who_ran_something_of_the_container_is_no_runtime),
        A_TEST(a_monitor_tells_whose_it_is),
        A_TEST(what_is_named_like_a_monitor_in_a_container_names_no_other),
        A_TEST(a_list_tells_of_who_was_there_when_it_was_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
