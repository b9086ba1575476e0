/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The container stack of a private root and process table: what containers bring stays outside,
 * and many of one name leave room for the others. */
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
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/pkg-stack.h"

enum { PATH_BYTES = 1024, MANY = 90, SAME_NAME = 8 };

struct tree {
    char base[PATH_BYTES / 4];
};

static void put(const struct tree *tree, const char *name, const char *text)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/%s", tree->base, name);
    for (char *slash = strchr(path + strlen(tree->base) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    ht_test_write_file(path, text);
}

static void put_link(const struct tree *tree, const char *name, const char *target)
{
    char path[PATH_BYTES];

    put(tree, name, "");
    snprintf(path, sizeof(path), "%s/%s", tree->base, name);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(target, path), 0);
}

/* root is a folder of the tree: the node's "root", or another. */
static void put_process(const struct tree *tree, unsigned pid, const char *root, const char *exe)
{
    char name[64], target[PATH_BYTES];

    snprintf(name, sizeof(name), "proc/%u/exe", pid);
    put_link(tree, name, exe);
    snprintf(name, sizeof(name), "proc/%u/root", pid);
    snprintf(target, sizeof(target), "%s/%s", tree->base, root);
    put_link(tree, name, target);
    snprintf(name, sizeof(name), "proc/%u/stat", pid);
    put(tree, name, "1 (x) S 1 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 1 0 8812 1 1 1\n");
}

static int make_tree(void **state)
{
    struct tree *tree = ht_new0(struct tree);
    const char *tmp = getenv("TMPDIR");

    snprintf(tree->base, sizeof(tree->base), "%s/stack-XXXXXX", tmp ? tmp : "/tmp");
    *state = tree;
    if (!mkdtemp(tree->base))
        return -1;
    put(tree, "root/usr/bin/dockerd", "program");
    put(tree, "image/usr/bin/dockerd", "program");
    put(tree, "proc/stat", "btime 1795000000\n");
    put_process(tree, 1, "root", "/usr/lib/systemd/systemd");
    return 0;
}

static int free_tree(void **state)
{
    free(*state);
    return 0;
}

struct seen {
    struct ht_arena *arena;
    struct ht_node *node;
    bool whole;
};

static struct seen look(const struct tree *tree)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_installed_list installed;
    struct ht_error err = {0};
    struct seen seen = {.arena = ht_arena_new(HT_LIMIT_BODY), .node = ht_node_new(5)};
    char path[PATH_BYTES], proc[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/root", tree->base);
    snprintf(proc, sizeof(proc), "%s/proc", tree->base);
    if (ht_root_open(&root, path, &err) < 0)
        fail_msg("%s", err.text);
    ht_installed_init(&installed);
    installed.system = "deb";
    seen.whole = ht_stack_look(
        &(struct ht_stack_places){.root = &root, .proc = proc, .installed = &installed}, seen.arena,
        seen.node);
    ht_node_sort(seen.node);
    ht_installed_fini(&installed);
    return seen;
}

static void free_seen(struct seen *seen)
{
    ht_node_unref(seen->node);
    ht_arena_free(seen->arena);
}

static size_t count_named(const struct seen *seen, const char *name)
{
    const struct ht_rowset *rows = ht_node_set(seen->node, HT_TABLE_COMPONENT);
    size_t count = 0;

    for (size_t i = 0; i < rows->len; i++)
        count += ht_str_is(ht_component_of(rows->rows[i])->name, name);
    return count;
}

static const struct ht_component *find_dockerd(const struct seen *seen)
{
    const struct ht_row *row =
        ht_node_find(seen->node, HT_TABLE_COMPONENT, HT_S("docker /usr/bin/dockerd"));

    assert_non_null(row);
    return ht_component_of(row);
}

static bool cannot_confine(void)
{
    if (ht_root_can_confine())
        return false;
    print_message("SKIP stack: this kernel or sandbox has no openat2\n");
    return true;
}

static void programs_of_containers_are_not_the_nodes(void **state)
{
    const struct tree *tree = *state;
    char exe[64];

    if (cannot_confine())
        return;
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(exe, sizeof(exe), "/opt/%u/runc", i);
        put_process(tree, 100 + i, "image", exe);
    }
    /* The same path in a container and on the node. */
    put_process(tree, 500, "image", "/usr/bin/dockerd");
    put_process(tree, 501, "root", "/usr/bin/dockerd");

    struct seen seen = look(tree);
    assert_true(seen.whole);
    assert_int_equal(count_named(&seen, "runc"), 0);
    assert_int_equal(find_dockerd(&seen)->pids.len, 1);
    assert_int_equal(find_dockerd(&seen)->pids.items[0], 501);
    free_seen(&seen);
}

static void many_of_one_name_leave_room_for_the_others(void **state)
{
    const struct tree *tree = *state;
    char exe[64];

    if (cannot_confine())
        return;
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(exe, sizeof(exe), "/opt/%u/containerd-shim", i);
        put_process(tree, 100 + i, "root", exe);
    }
    put_process(tree, 900, "root", "/opt/late/kubelet");

    struct seen seen = look(tree);
    assert_false(seen.whole); /* which the source tells as PART */
    assert_int_equal(count_named(&seen, "containerd-shim"), SAME_NAME);
    assert_int_equal(count_named(&seen, "kubelet"), 1);
    assert_int_equal(count_named(&seen, "docker"), 1);
    free_seen(&seen);
}

static void without_the_nodes_root_ones_own_stands_for_it(void **state)
{
    const struct tree *tree = *state;
    char path[PATH_BYTES];

    if (cannot_confine())
        return;
    snprintf(path, sizeof(path), "%s/proc/1/root", tree->base);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof(path), "%s/root", tree->base);
    put_link(tree, "proc/self/root", path);
    put_process(tree, 500, "image", "/usr/bin/dockerd");

    struct seen seen = look(tree);
    assert_int_equal(find_dockerd(&seen)->pids.len, 0);
    free_seen(&seen);
}

/* Distributions have packages of the same names, with fixes that no version of the project tells.
 */
static void a_distributions_package_is_none_of_the_projects(void **state)
{
    static const struct {
        const char *system, *name, *version, *origin;
        bool vendor;
    } cases[] = {
        {"deb", "docker-ce", "5:27.1.1-1~debian.12~bookworm", "", true},
        {"deb", "moby-engine", "26.1.4-ubuntu22.04u1", "", true},
        {"deb", "kubelet", "1.30.2-1.1", "", true},
        {"deb", "kubelet", "1.27.3-00", "", true},
        {"deb", "kubelet", "1.20.5+really1.20.2-1", "", false},
        {"deb", "cri-o", "1.24.3+ds1-1ubuntu0.1", "", false},
        {"deb", "runc", "1.1.5+ds1-1+deb12u1", "", false},
        {"apk", "kubelet", "1.30.2-r7", "", false},
        {"apk", "cri-o", "1.29.0-r9", "", false},
        {"rpm", "moby-engine", "24.0.5-4.fc40", "Fedora Project", false},
        {"rpm", "docker-ce", "3:27.1.1-1.el9", "Docker", true},
        {"rpm", "kubelet", "1.30.2-150500.1.1", "obs://build.opensuse.org/isv:kubernetes", true},
        {"rpm", "cri-o", "1.29.5-7.rhaos4.16.el9", "Red Hat, Inc.", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct ht_installed package = {.name = ht_str_from(cases[i].name),
                                             .version = ht_str_from(cases[i].version),
                                             .origin = ht_str_from(cases[i].origin)};

        if (ht_stack_is_vendor(cases[i].system, &package) != cases[i].vendor)
            fail_msg("%s %s %s", cases[i].system, cases[i].name, cases[i].version);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_distributions_package_is_none_of_the_projects),
        cmocka_unit_test_setup_teardown(programs_of_containers_are_not_the_nodes, make_tree,
                                        free_tree),
        cmocka_unit_test_setup_teardown(many_of_one_name_leave_room_for_the_others, make_tree,
                                        free_tree),
        cmocka_unit_test_setup_teardown(without_the_nodes_root_ones_own_stands_for_it, make_tree,
                                        free_tree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
