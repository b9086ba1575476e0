/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of old code in processes: made-up trees below a folder of the test's own. Behind
 * cmocka.h. */
#ifndef HT_TEST_RUNNING_TREE_H
#define HT_TEST_RUNNING_TREE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hulltop/base/mem.h"
#include "src/source/running-code.h"

struct tree {
    char base[512];
};

static inline void put(const struct tree *tree, const char *path, const char *text)
{
    char full[2048];

    snprintf(full, sizeof(full), "%s/%s", tree->base, path);
    for (char *slash = strchr(full + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(full, 0700);
        *slash = '/';
    }
    FILE *out = fopen(full, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static inline void put_link(const struct tree *tree, const char *path, const char *target)
{
    char full[2048];

    put(tree, path, "");
    snprintf(full, sizeof(full), "%s/%s", tree->base, path);
    unlink(full);
    assert_int_equal(symlink(target, full), 0);
}

/* A process with one mapping of inode 7 at path. */
static inline void put_process(const struct tree *tree, unsigned pid, const char *mnt_ns,
                               const char *exe, const char *maps)
{
    char path[128], text[512];

    snprintf(path, sizeof(path), "proc/%u/ns/mnt", pid);
    put_link(tree, path, mnt_ns);
    snprintf(path, sizeof(path), "proc/%u/exe", pid);
    put_link(tree, path, exe);
    snprintf(path, sizeof(path), "proc/%u/maps", pid);
    put(tree, path, maps);
    snprintf(path, sizeof(path), "proc/%u/comm", pid);
    put(tree, path, "server\n");
    snprintf(path, sizeof(path), "proc/%u/cgroup", pid);
    put(tree, path, "0::/system.slice/server.service\n");
    snprintf(path, sizeof(path), "proc/%u/stat", pid);
    snprintf(text, sizeof(text),
             "%u (server) S 1 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 1 0 8812 1 1 1\n", pid);
    put(tree, path, text);
}

static inline int make_tree(void **state)
{
    struct tree *tree = ht_new0(struct tree);
    const char *tmp = getenv("TMPDIR");
    char root[600];

    snprintf(tree->base, sizeof(tree->base), "%s/running-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(tree->base));
    put(tree, "proc/stat", "cpu 1 2 3\nbtime 1795000000\n");
    put(tree, "root/etc/os-release", "ID=debian\n");
    put(tree, "image/etc/os-release", "ID=alpine\n");
    snprintf(root, sizeof(root), "%s/root", tree->base);
    put_link(tree, "proc/1/root", root);
    put_process(tree, 1, "mnt:[1]", "/usr/lib/systemd/systemd", "");
    *state = tree;
    return 0;
}

static inline int free_tree(void **state)
{
    free(*state);
    return 0;
}

struct seen {
    struct ht_node *node;
    struct ht_running_sum sum;
};

static inline struct ht_running *open_tree(const struct tree *tree)
{
    struct ht_running *running = NULL;
    struct ht_error err = {0};
    char proc[600], root[600];

    snprintf(proc, sizeof(proc), "%s/proc", tree->base);
    snprintf(root, sizeof(root), "%s/root", tree->base);
    assert_int_equal(
        ht_running_new(&(struct ht_running_places){.proc = proc, .root = root}, &running, &err), 0);
    return running;
}

static inline struct seen look_with(struct ht_running *running)
{
    struct ht_error err = {0};
    struct seen seen = {.node = ht_node_new(5)};

    assert_int_equal(ht_running_look(running, seen.node, &seen.sum, &err), 0);
    ht_node_sort(seen.node);
    return seen;
}

#endif
