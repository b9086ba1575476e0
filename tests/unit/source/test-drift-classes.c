/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which folders of a class path hold classes, and which are configuration alone. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/tree.h"
#include "src/source/drift-classes.h"

enum { PATH_BYTES = 512 };

/* What is made, in this order: "folder/", "file", "link>target". */
static const struct {
    const char *made[8];
    bool classes;
} cases[] = {
    {{NULL}, false},
    {{"zoo.cfg", "log4j2.xml", "env.sh", NULL}, false},
    {{"Main.class", NULL}, true},
    {{"org/", "org/lab/", "org/lab/Main.class", NULL}, true},
    {{"org/", "org/lab/", "org/lab/notes", NULL}, false},
    {{"driver.jar", NULL}, true},
    {{"lab.jmod", NULL}, true},
    {{"Main.class.bak", "class", NULL}, false},
    /* as a ConfigMap is mounted */
    {{"..2026/", "..2026/zoo.cfg", "..2026/license", "..data>..2026", "zoo.cfg>..data/zoo.cfg",
      "license>..data/license", NULL},
     false},
    {{"..2026/", "..2026/Main.class", "..data>..2026", "Main.class>..data/Main.class", NULL}, true},
    /* packages that lie elsewhere */
    {{"org>/opt/classes", NULL}, true},
    {{"org>../classes", NULL}, true},
    {{"org>..", NULL}, true},
    {{"a/", "org>a/../../classes", NULL}, true},
    {{"a/", "org>a/..", NULL}, true},
    {{"logging.properties>/etc/logging.properties", NULL}, false},
};

static void make(const char *tree, const char *what)
{
    const char *arrow = strchr(what, '>');
    char path[PATH_BYTES];
    size_t len;

    snprintf(path, sizeof(path), "%s/%s", tree, what);
    len = strlen(path);
    if (arrow) {
        path[len - strlen(arrow)] = '\0';
        assert_int_equal(symlink(arrow + 1, path), 0);
    } else if (path[len - 1] == '/') {
        assert_int_equal(mkdir(path, 0700), 0);
    } else {
        assert_int_equal(close(creat(path, 0600)), 0);
    }
}

/* Looks through a tree, and removes it. */
static bool lie_in(const char *tree)
{
    int fd = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool lie = ht_classes_lie_in(fd);

    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(ht_test_remove_tree(tree), 0);
    return lie;
}

static void classes_are_told_from_configuration(void **state)
{
    char tree[PATH_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(ht_test_make_tree(tree, sizeof(tree)), 0);
        for (size_t j = 0; cases[i].made[j]; j++)
            make(tree, cases[i].made[j]);
        if (lie_in(tree) != cases[i].classes)
            fail_msg("case %zu, which begins with %s", i, cases[i].made[0]);
    }
}

/* What is not looked through is not called empty. */
static void more_than_is_looked_through_may_be_classes(void **state)
{
    char tree[PATH_BYTES], path[PATH_BYTES];
    size_t len;

    (void)state;
    assert_int_equal(ht_test_make_tree(tree, sizeof(tree)), 0);
    for (int i = 0; i < 4095; i++) {
        snprintf(path, sizeof(path), "%d", i);
        make(tree, path);
    }
    assert_false(lie_in(tree));
    assert_int_equal(ht_test_make_tree(tree, sizeof(tree)), 0);
    for (int i = 0; i < 4097; i++) {
        snprintf(path, sizeof(path), "%d", i);
        make(tree, path);
    }
    assert_true(lie_in(tree));

    assert_int_equal(ht_test_make_tree(tree, sizeof(tree)), 0);
    for (len = 0; len < 2 * 15; len += 2) {
        memcpy(path + len, "d/", 3);
        make(tree, path);
    }
    assert_false(lie_in(tree));
    assert_int_equal(ht_test_make_tree(tree, sizeof(tree)), 0);
    for (len = 0; len < 2 * 17; len += 2) {
        memcpy(path + len, "d/", 3);
        make(tree, path);
    }
    assert_true(lie_in(tree));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_told_from_configuration),
        cmocka_unit_test(more_than_is_looked_through_may_be_classes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
