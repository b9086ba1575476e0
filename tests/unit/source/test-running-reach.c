/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files are looked at, by a mount table with file systems that may never answer. */
#include "src/source/running-reach.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/tree.h"
#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { PATH_BYTES = 512 };

struct place {
    char base[128];
    struct ht_root root;
    int proc_fd;
    struct ht_reach reach;
};

static const char *in(const struct place *place, const char *name, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%s", place->base, name);
    return path;
}

static void put(const struct place *place, const char *name, struct ht_str text)
{
    char path[PATH_BYTES];
    struct ht_error err = {0};

    assert_int_equal(ht_file_write(in(place, name, path), text, HT_FILE_REPLACE, &err), 0);
}

static void put_folder(const struct place *place, const char *name)
{
    char path[PATH_BYTES];

    assert_int_equal(mkdir(in(place, name, path), 0700), 0);
}

static void put_link(const struct place *place, const char *name, const char *target)
{
    char path[PATH_BYTES];

    assert_int_equal(symlink(target, in(place, name, path)), 0);
}

/* The node's own mounts, and one of somebody who need not answer at BASE/far. */
static void put_mounts(const struct place *place)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_MOUNTINFO);
    struct ht_error err = {0};

    assert_int_equal(ht_read_at(AT_FDCWD, "/proc/self/mountinfo", &text, HT_LIMIT_MOUNTINFO, &err),
                     0);
    ht_buf_addf(&text, "9999 1 0:999 / %s/far rw - fuse.mine mine rw\n", place->base);
    put(place, "proc/self/mountinfo", ht_buf_str(&text));
}

static int make_place(void **state)
{
    struct place *place = ht_new0(struct place);
    const char *tmp = getenv("TMPDIR");
    char path[PATH_BYTES], raw[64], *real;
    struct ht_error err = {0};

    snprintf(raw, sizeof(raw), "%s/reach-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(raw));
    real = realpath(raw, NULL);
    assert_non_null(real);
    snprintf(place->base, sizeof(place->base), "%s", real);
    free(real);
    put_folder(place, "proc");
    put_folder(place, "proc/self");
    put_folder(place, "far");
    put_folder(place, "farther");
    put_folder(place, "near");
    put(place, "far/file", HT_S("x"));
    put(place, "farther/file", HT_S("x"));
    put(place, "near/file", HT_S("xx"));
    put_mounts(place);
    assert_int_equal(ht_root_open(&place->root, "/", &err), 0);
    place->proc_fd = open(in(place, "proc", path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(place->proc_fd >= 0);
    place->reach = (struct ht_reach){.root = &place->root, .proc_fd = place->proc_fd};
    *state = place;
    return 0;
}

static int free_place(void **state)
{
    struct place *place = *state;

    ht_reach_forget(&place->reach);
    close(place->proc_fd);
    ht_root_close(&place->root);
    ht_test_remove_tree(place->base);
    free(place);
    return 0;
}

static int look(struct place *place, const char *name, int flags, struct stat *ret_facts)
{
    char path[PATH_BYTES];

    return ht_reach_stat(&place->reach, in(place, name, path), flags, ret_facts);
}

static void what_need_not_answer_is_not_looked_at(void **state)
{
    struct place *place = *state;
    struct stat facts;

    assert_int_equal(look(place, "far/file", 0, &facts), -EXDEV);
    assert_int_equal(look(place, "far", 0, &facts), -EXDEV);
    assert_int_equal(place->reach.far, 2);
    assert_int_equal(look(place, "farther/file", 0, &facts), 0);
    assert_int_equal(look(place, "near/file", 0, &facts), 0);
    assert_int_equal(facts.st_size, 2);
    assert_int_equal(look(place, "near/none", 0, &facts), -ENOENT);
    assert_int_equal(look(place, "near/file/none", 0, &facts), -ENOTDIR);
    assert_int_equal(place->reach.far, 2);
}

/* Whoever may write a folder can turn it into a link between two looks. */
static void links_lead_nowhere_else(void **state)
{
    struct place *place = *state;
    char path[PATH_BYTES];
    struct stat facts;

    put_link(place, "there", "far");
    put_link(place, "near/there", "../near/../far/file");
    put_link(place, "near/whole", in(place, "far/file", path));
    put_link(place, "near/own", "./file");
    put_link(place, "again", "there");
    put_link(place, "round", "round");
    put_link(place, "close", in(place, "near", path));
    put_link(place, "dead", "near/none");
    assert_int_equal(look(place, "there/file", 0, &facts), -EXDEV);
    assert_int_equal(look(place, "again/file", 0, &facts), -EXDEV);
    assert_int_equal(look(place, "near/there", 0, &facts), -EXDEV);
    assert_int_equal(look(place, "near/whole", 0, &facts), -EXDEV);
    assert_int_equal(look(place, "close/whole", 0, &facts), -EXDEV);
    assert_int_equal(place->reach.far, 5);
    assert_int_equal(look(place, "close/own", 0, &facts), 0);
    assert_int_equal(facts.st_size, 2);
    assert_true(S_ISREG(facts.st_mode));
    assert_int_equal(look(place, "close/own", O_NOFOLLOW, &facts), 0);
    assert_true(S_ISLNK(facts.st_mode));
    assert_int_equal(look(place, "near/whole", O_NOFOLLOW, &facts), 0);
    assert_true(S_ISLNK(facts.st_mode));
    assert_int_equal(look(place, "round", 0, &facts), -ELOOP);
    assert_int_equal(look(place, "dead", 0, &facts), -ENOENT);
    assert_int_equal(place->reach.far, 5);
}

/* Whoever starts a program writes the path of its script as he likes. */
static void a_path_that_goes_up_is_looked_at_where_it_leads(void **state)
{
    struct place *place = *state;
    char path[PATH_BYTES];
    struct stat facts, usr;

    snprintf(path, sizeof(path), "/usr/..%s/far/file", place->base);
    assert_int_equal(ht_reach_stat(&place->reach, path, 0, &facts), -EXDEV);
    snprintf(path, sizeof(path), "/usr/bin/../..%s/near/file", place->base);
    assert_int_equal(ht_reach_stat(&place->reach, path, 0, &facts), 0);
    assert_int_equal(facts.st_size, 2);
    assert_int_equal(look(place, "near/../far/..", 0, &facts), -EXDEV);
    assert_int_equal(place->reach.far, 2);
    assert_int_equal(ht_reach_stat(&place->reach, "/usr/bin/..", 0, &facts), 0);
    assert_int_equal(stat("/usr", &usr), 0);
    assert_true(facts.st_ino == usr.st_ino && facts.st_dev == usr.st_dev);
    assert_int_equal(ht_reach_stat(&place->reach, "/usr/..", 0, &facts), 0);
    assert_int_equal(look(place, "near/..file", 0, &facts), -ENOENT);
    assert_int_equal(place->reach.far, 2);
}

/* A way of a few links and many thousand names. */
static void ways_without_end_are_left(void **state)
{
    ht_autobuf struct ht_buf target = HT_BUF(PATH_MAX);
    struct place *place = *state;
    struct stat facts;
    char name[32];
    size_t looks = 0;

    put_link(place, "near/link", "file");
    for (int i = 0; i < 20; i++) {
        ht_buf_reset(&target);
        for (int j = 0; j < 200; j++)
            ht_buf_add_str(&target, HT_S("../near/"));
        if (i)
            ht_buf_addf(&target, "way%d", i - 1);
        else
            ht_buf_add_str(&target, HT_S("file"));
        snprintf(name, sizeof(name), "near/way%d", i);
        put_link(place, name, target.data);
    }
    while (looks < 10 && look(place, "near/way2", 0, &facts) == 0)
        looks++;
    assert_in_range(looks, 1, 9);
    assert_int_equal(place->reach.far, 1);
    assert_int_equal(look(place, "near/link", 0, &facts), -EXDEV);
    assert_int_equal(look(place, "near/file", 0, &facts), 0);
    ht_reach_forget(&place->reach);
    assert_int_equal(look(place, "near/link", 0, &facts), 0);
    assert_int_equal(look(place, "near/way19", 0, &facts), -EXDEV);
    assert_int_equal(place->reach.far, 3);
}

/* What was mounted after the table was read is not entered: the kernel tells. */
static void another_mount_than_the_table_has_is_not_entered(void **state)
{
    struct place *place = *state;
    struct stat facts;

    put(place, "proc/self/mountinfo", HT_S("21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"));
    assert_int_equal(ht_reach_stat(&place->reach, "/proc/self/status", 0, &facts), -EXDEV);
    assert_int_equal(place->reach.far, 1);
}

static void without_a_table_only_the_trees_of_the_system_are_looked_at(void **state)
{
    struct place *place = *state;
    char path[PATH_BYTES];
    struct stat facts;

    assert_int_equal(unlink(in(place, "proc/self/mountinfo", path)), 0);
    assert_int_equal(look(place, "near/file", 0, &facts), -EXDEV);
    assert_int_equal(ht_reach_stat(&place->reach, "/usr/bin", 0, &facts), 0);
    put_mounts(place);
    ht_reach_forget(&place->reach);
    assert_int_equal(look(place, "near/file", 0, &facts), 0);
    assert_int_equal(place->reach.far, 1);
}

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

/* From now on there is no openat2, as before Linux 5.6. */
static bool lose_openat2(void)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog filter = {.len = ARRAY_LEN(steps), .filter = steps};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/* Stands first: what a kernel has is remembered. */
static void an_older_kernel_looks_where_nothing_can_hang(void **state)
{
    struct place *place = *state;
    struct stat facts;
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (!lose_openat2())
            _exit(2);
        put_link(place, "near/link", "file");
        _exit(look(place, "near/file", 0, &facts) != 0 || facts.st_size != 2 ||
              look(place, "near/link", 0, &facts) != 0 || !S_ISREG(facts.st_mode) ||
              look(place, "near/link", O_NOFOLLOW, &facts) != 0 || !S_ISLNK(facts.st_mode) ||
              place->reach.far != 0 || look(place, "far/file", 0, &facts) != -EXDEV ||
              place->reach.far != 1 || look(place, "near/../far/file", 0, &facts) != -EXDEV ||
              place->reach.far != 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_older_kernel_looks_where_nothing_can_hang, make_place,
                                        free_place),
        cmocka_unit_test_setup_teardown(what_need_not_answer_is_not_looked_at, make_place,
                                        free_place),
        cmocka_unit_test_setup_teardown(links_lead_nowhere_else, make_place, free_place),
        cmocka_unit_test_setup_teardown(a_path_that_goes_up_is_looked_at_where_it_leads, make_place,
                                        free_place),
        cmocka_unit_test_setup_teardown(ways_without_end_are_left, make_place, free_place),
        cmocka_unit_test_setup_teardown(another_mount_than_the_table_has_is_not_entered, make_place,
                                        free_place),
        cmocka_unit_test_setup_teardown(without_a_table_only_the_trees_of_the_system_are_looked_at,
                                        make_place, free_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
