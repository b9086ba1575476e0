/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which processes are the node's own, and when they began, from a private process table. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "src/source/proc-node.h"

#define NODE_NS  "mnt:[4026531841]"
#define OTHER_NS "mnt:[4026532999]"

enum { PATH_BYTES = 1024, BOOTED_S = 1000000 };

struct tree {
    char base[PATH_BYTES / 4];
    int fd;
};

static void put_folder(const struct tree *tree, const char *name)
{
    assert_int_equal(mkdirat(tree->fd, name, 0755), 0);
}

static void put(const struct tree *tree, const char *name, const char *text)
{
    int fd = openat(tree->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
}

/* mnt_ns and root (a folder of the tree) may be NULL: they cannot be read. */
static void put_process(const struct tree *tree, const char *pid, const char *mnt_ns,
                        const char *root)
{
    char name[64], target[PATH_BYTES];

    put_folder(tree, pid);
    snprintf(name, sizeof(name), "%s/ns", pid);
    put_folder(tree, name);
    snprintf(name, sizeof(name), "%s/ns/mnt", pid);
    if (mnt_ns)
        assert_int_equal(symlinkat(mnt_ns, tree->fd, name), 0);
    snprintf(name, sizeof(name), "%s/root", pid);
    snprintf(target, sizeof(target), "%s/%s", tree->base, root ? root : "gone");
    assert_int_equal(symlinkat(target, tree->fd, name), 0);
}

static int make_tree(void **state)
{
    struct tree *tree = ht_new0(struct tree);
    const char *tmp = getenv("TMPDIR");

    snprintf(tree->base, sizeof(tree->base), "%.200s/node-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(tree->base));
    tree->fd = open(tree->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(tree->fd >= 0);
    put_folder(tree, "here");
    put_folder(tree, "there");
    put(tree, "stat", "cpu  1 2 3\nbtime 1000000\nprocesses 5\n");
    put_process(tree, "1", NODE_NS, "here");
    *state = tree;
    return 0;
}

static int free_tree(void **state)
{
    struct tree *tree = *state;

    close(tree->fd);
    free(tree);
    return 0;
}

static struct ht_proc_node look(const struct tree *tree)
{
    struct ht_proc_node node;

    ht_proc_node_look(tree->fd, &node);
    return node;
}

static unsigned asked_flags; /* those that all questions had, by statx */
static unsigned asked;

/* Takes the place of the library's. */
int statx(int dirfd, const char *restrict path, int flags, unsigned mask,
          struct statx *restrict facts)
{
    asked_flags &= (unsigned)flags;
    asked++;
    return (int)syscall(SYS_statx, dirfd, path, flags, mask, facts);
}

/* A root may lie on a file system whose server does not answer. */
static void no_server_is_asked_about_a_root(void **state)
{
    const struct tree *tree = *state;

    put_process(tree, "60", OTHER_NS, "there");
    asked_flags = ~0U;
    asked = 0;
    const struct ht_proc_node node = look(tree);
    assert_true(ht_proc_node_is_elsewhere(&node, 60));
    assert_int_equal(asked, 2);
    assert_true(asked_flags & AT_STATX_DONT_SYNC);
    assert_true(asked_flags & AT_NO_AUTOMOUNT);
}

/* What runs in another root of the same mounts has its files below paths of the node. */
static void a_mount_namespace_of_the_node_is_the_node(void **state)
{
    const struct tree *tree = *state;

    put_process(tree, "10", NODE_NS, "here");
    put_process(tree, "11", NODE_NS, "there");
    put_process(tree, "12", NODE_NS, NULL);

    const struct ht_proc_node node = look(tree);
    assert_false(ht_proc_node_is_elsewhere(&node, 10));
    assert_false(ht_proc_node_is_elsewhere(&node, 11));
    assert_false(ht_proc_node_is_elsewhere(&node, 12));
}

static void another_namespace_over_the_same_root_is_the_node_too(void **state)
{
    const struct tree *tree = *state;

    put_process(tree, "20", OTHER_NS, "here");
    put_process(tree, "21", OTHER_NS, "there");
    put_process(tree, "22", OTHER_NS, NULL);

    const struct ht_proc_node node = look(tree);
    assert_false(ht_proc_node_is_elsewhere(&node, 20));
    assert_true(ht_proc_node_is_elsewhere(&node, 21));
    assert_true(ht_proc_node_is_elsewhere(&node, 22));
}

static void without_a_namespace_the_root_decides(void **state)
{
    const struct tree *tree = *state;

    put_process(tree, "30", NULL, "here");
    put_process(tree, "31", NULL, "there");
    put_process(tree, "32", NULL, NULL);

    const struct ht_proc_node node = look(tree);
    assert_false(ht_proc_node_is_elsewhere(&node, 30));
    assert_true(ht_proc_node_is_elsewhere(&node, 31));
    assert_false(ht_proc_node_is_elsewhere(&node, 32));
}

static void ones_own_place_stands_for_the_node(void **state)
{
    const struct tree *tree = *state;

    assert_int_equal(unlinkat(tree->fd, "1/ns/mnt", 0), 0);
    assert_int_equal(unlinkat(tree->fd, "1/root", 0), 0);
    put_process(tree, "self", OTHER_NS, "there");
    put_process(tree, "40", OTHER_NS, "there");
    put_process(tree, "41", NODE_NS, "here");

    const struct ht_proc_node node = look(tree);
    assert_false(ht_proc_node_is_elsewhere(&node, 40));
    assert_true(ht_proc_node_is_elsewhere(&node, 41));
}

static void the_start_counts_from_the_nodes_beginning(void **state)
{
    const struct tree *tree = *state;
    int64_t ticks = sysconf(_SC_CLK_TCK);
    char stat[256];

    put_process(tree, "50", NODE_NS, "here");
    snprintf(stat, sizeof(stat),
             "50 (a) b) S 1 50 50 0 -1 4194304 1 0 0 0 2 1 0 0 20 0 1 0 %lld 1000 10 "
             "18446744073709551615 "
             "0 0 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
             (long long)(7 * ticks));
    put(tree, "50/stat", stat);
    put_process(tree, "51", NODE_NS, "here");
    put(tree, "51/stat", "51 (cut");

    const struct ht_proc_node node = look(tree);
    assert_true(ht_proc_node_start(&node, 50) == (BOOTED_S + 7) * HT_NS_PER_S);
    assert_true(ht_proc_node_start(&node, 51) == 0);
    assert_true(ht_proc_node_start(&node, 52) == 0);
}

static void without_a_beginning_there_is_no_start(void **state)
{
    const struct tree *tree = *state;

    put(tree, "stat", "cpu 1\nbtime 99999999999999999999\n");
    const struct ht_proc_node node = look(tree);
    assert_true(node.booted_s == 0);
    assert_true(ht_proc_node_time(&node, 5) == 0);
}

static void the_kernel_began_once(void **state)
{
    const int64_t tick = 10 * HT_NS_PER_MS;
    int64_t first = ht_proc_booted(), second = ht_proc_booted();

    (void)state;
    assert_int_equal(first % tick, 0);
    /* It may lie just between two. */
    assert_true(first - second <= tick && second - first <= tick);
    assert_true(first < ht_clock_wall(ht_clock_system()));
}

static void names_of_processes_are_written(void **state)
{
    char name[HT_PROC_NAME_MAX], longest[200];

    (void)state;
    assert_string_equal(ht_proc_name(name, 1, "maps"), "1/maps");
    assert_string_equal(ht_proc_name(name, 4190, "ns/mnt"), "4190/ns/mnt");
    assert_string_equal(ht_proc_name(name, INT32_MAX, "exe"), "2147483647/exe");
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(strlen(ht_proc_name(name, 10, longest)), HT_PROC_NAME_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_processes_are_written),
        cmocka_unit_test_setup_teardown(a_mount_namespace_of_the_node_is_the_node, make_tree,
                                        free_tree),
        cmocka_unit_test_setup_teardown(another_namespace_over_the_same_root_is_the_node_too,
                                        make_tree, free_tree),
        cmocka_unit_test_setup_teardown(no_server_is_asked_about_a_root, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(without_a_namespace_the_root_decides, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(ones_own_place_stands_for_the_node, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(the_start_counts_from_the_nodes_beginning, make_tree,
                                        free_tree),
        cmocka_unit_test_setup_teardown(without_a_beginning_there_is_no_start, make_tree,
                                        free_tree),
        cmocka_unit_test(the_kernel_began_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
