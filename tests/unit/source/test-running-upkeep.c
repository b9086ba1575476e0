/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What calls for a look at old code before its turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>

#include "running-tree.h"

/* A file that is there, in a folder that is, neither of them touched for years. */
static void put_long_ago(const struct tree *tree, const char *path)
{
    const struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    char full[2048];

    put(tree, path, "old");
    snprintf(full, sizeof(full), "%s/%s", tree->base, path);
    assert_int_equal(utimensat(AT_FDCWD, full, times, 0), 0);
    *strrchr(full, '/') = '\0';
    assert_int_equal(utimensat(AT_FDCWD, full, times, 0), 0);
}

/* A new file takes the place of the old one, as package managers and install(1) do it. */
static void replace(const struct tree *tree, const char *path)
{
    char from[2048], to[2048];

    put(tree, "root/new", "new");
    snprintf(from, sizeof(from), "%s/root/new", tree->base);
    snprintf(to, sizeof(to), "%s/%s", tree->base, path);
    assert_int_equal(rename(from, to), 0);
}

/* The next full look is minutes away: what may have made code old is seen before. */
static void what_an_update_leaves_behind_calls_for_a_look(void **state)
{
    static const struct {
        const char *path;
        bool overtakes;
    } news[] = {
        {"root/usr/bin/tool", true},        {"root/usr/local/bin/tool", true},
        {"root/etc/ld.so.cache", true},     {"root/var/lib/dpkg/info/x", true},
        {"root/var/lib/dpkg/status", true}, {"root/var/log/messages", false},
        {"root/srv/tool", false},
    };
    const struct tree *tree = *state;
    struct ht_running *running = open_tree(tree);

    assert_true(ht_running_is_overtaken(running));
    for (size_t i = 0; i < ARRAY_LEN(news); i++)
        put_long_ago(tree, news[i].path);
    for (size_t i = 0; i < ARRAY_LEN(news); i++) {
        struct seen seen = look_with(running);

        ht_node_unref(seen.node);
        if (ht_running_is_overtaken(running))
            fail_msg("before %s", news[i].path);
        replace(tree, news[i].path);
        if (ht_running_is_overtaken(running) != news[i].overtakes)
            fail_msg("%s", news[i].path);
    }
    ht_running_free(running);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_an_update_leaves_behind_calls_for_a_look, make_tree,
                                        free_tree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
