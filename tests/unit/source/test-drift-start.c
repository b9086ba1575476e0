/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who started a program that runs in a container. */
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

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/drift-inner.h"

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
    FILE *file;

    snprintf(path, sizeof(path), "%s/%d/%s", place->proc, pid, name);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
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
    static const char *const names[] = {"/stat", "/cgroup", ""};
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

#define A_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(the_nearest_parent_is_read_and_the_others_are_kept_a_moment),
        A_TEST(who_has_ended_is_no_parent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
