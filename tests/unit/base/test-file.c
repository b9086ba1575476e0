/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
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
#include "hulltop/base/buf.h"
#include "hulltop/base/file.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "tests/unit/skip.h"

static char tree[128];

static const char *at(const char *name)
{
    static char paths[8][256];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof(paths[0]), "%s/%s", tree, name);
    return path;
}

static void put(const char *name, const char *text)
{
    ht_test_write_file(at(name), text);
}

static int make_tree(void **state)
{
    (void)state;
    return ht_test_make_tree(tree, sizeof(tree));
}

static int remove_tree(void **state)
{
    (void)state;
    return ht_test_remove_tree(tree);
}

static unsigned entries(void)
{
    unsigned n = 0;
    DIR *dir = opendir(tree);

    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
    closedir(dir);
    return n;
}

static void assert_holds(const char *path, const char *text)
{
    ht_autobuf struct ht_buf out = HT_BUF(1000);

    assert_int_equal(ht_read_at(AT_FDCWD, path, &out, 1000, NULL), 0);
    assert_string_equal(out.data, text);
}

static void a_file_is_written_privately_and_whole(void **state)
{
    struct ht_error err = {.code = 0};
    struct stat about;

    (void)state;
    umask(0);
    assert_int_equal(ht_file_write(at("f"), HT_S("one"), 0, &err), 0);
    assert_int_equal(stat(at("f"), &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    assert_holds(at("f"), "one");
    assert_int_equal(ht_file_write(at("f"), HT_S("two"), 0, &err), -EEXIST);
    assert_holds(at("f"), "one");
    assert_int_equal(ht_file_write(at("f"), HT_S("two"), HT_FILE_REPLACE, &err), 0);
    assert_holds(at("f"), "two");
    assert_int_equal(entries(), 1);
}

static void links_and_special_files_are_never_replaced(void **state)
{
    struct ht_error err = {.code = 0};

    (void)state;
    put("target", "old");
    assert_int_equal(symlink(at("target"), at("link")), 0);
    assert_int_equal(symlink(at("none"), at("dangling")), 0);
    assert_int_equal(mkfifo(at("fifo"), 0600), 0);
    assert_int_equal(ht_file_write(at("link"), HT_S("x"), HT_FILE_REPLACE, &err), -EEXIST);
    assert_int_equal(ht_file_write(at("dangling"), HT_S("x"), HT_FILE_REPLACE, &err), -EEXIST);
    assert_int_equal(ht_file_write(at("fifo"), HT_S("x"), HT_FILE_REPLACE, &err), -EEXIST);
    assert_int_equal(ht_file_create(at("link"), HT_FILE_REPLACE, &err), -EEXIST);
    assert_int_equal(ht_file_create(at("dangling"), HT_FILE_REPLACE, &err), -EEXIST);
    assert_int_equal(ht_file_create(at("fifo"), HT_FILE_REPLACE, &err), -EEXIST);
    assert_holds(at("target"), "old");
    assert_int_equal(entries(), 4);
    assert_int_equal(ht_file_write(at("no/f"), HT_S("x"), 0, &err), -ENOENT);
    assert_int_equal(ht_file_write(at("."), HT_S("x"), 0, &err), -EINVAL);
}

static void a_stream_file_is_new_or_ours(void **state)
{
    struct ht_error err = {.code = 0};
    int fd = ht_file_create(at("f"), 0, &err);
    struct stat about;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "old", 3), 3);
    close(fd);
    assert_int_equal(ht_file_create(at("f"), 0, &err), -EEXIST);
    assert_int_equal(chmod(at("f"), 0644), 0);
    fd = ht_file_create(at("f"), HT_FILE_REPLACE, &err);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &about), 0);
    assert_int_equal(about.st_size, 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    close(fd);
    /* A second name may be somebody's trap. */
    assert_int_equal(link(at("f"), at("g")), 0);
    assert_int_equal(ht_file_create(at("f"), HT_FILE_REPLACE, &err), -EEXIST);
}

static void directories_are_made_privately(void **state)
{
    struct ht_error err = {.code = 0};
    struct stat about;

    (void)state;
    umask(0);
    assert_int_equal(ht_file_make_directory(at("a/b/c"), &err), 0);
    assert_int_equal(ht_file_make_directory(at("a/b/c"), &err), 0);
    assert_int_equal(stat(at("a/b"), &about), 0);
    assert_int_equal(about.st_mode & 07777, 0700);
    assert_int_equal(chmod(at("a/b/c"), 0777), 0);
    assert_int_equal(ht_file_make_directory(at("a/b/c"), &err), -EPERM);
    put("f", "");
    assert_int_equal(ht_file_make_directory(at("f"), &err), -ENOTDIR);
    assert_int_equal(symlink(at("a"), at("link")), 0);
    assert_int_equal(ht_file_make_directory(at("link"), &err), -ENOTDIR);
}

static void a_path_is_told_from_the_root(void **state)
{
    ht_autobuf struct ht_buf text = HT_BUF(8192);
    char here[4096], wanted[8192];

    (void)state;
    ht_file_add_whole_path(&text, "/tmp/x");
    assert_string_equal(text.data, "/tmp/x");
    assert_non_null(getcwd(here, sizeof(here)));
    assert_int_equal(chdir(tree), 0);
    ht_buf_reset(&text);
    ht_file_add_whole_path(&text, "x");
    snprintf(wanted, sizeof(wanted), "%s/x", tree);
    assert_string_equal(text.data, wanted);
    assert_int_equal(chdir("/"), 0);
    ht_buf_reset(&text);
    ht_file_add_whole_path(&text, "x");
    assert_string_equal(text.data, "/x");
    assert_int_equal(chdir(here), 0);
}

static void assert_distrusted(const char *path, const char *words)
{
    struct ht_error err = {.code = 0};

    assert_int_equal(ht_file_is_trusted(path, &err), -EPERM);
    if (!strstr(err.text, words))
        fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

static void a_file_is_trusted_if_nobody_else_can_change_it(void **state)
{
    struct ht_error err = {.code = 0};

    (void)state;
    umask(022);
    assert_int_equal(mkdir(at("d"), 0755), 0);
    put("d/f", "");
    if (ht_file_is_trusted(at("d/f"), &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(symlink("d/../d/./f", at("link")), 0);
    assert_int_equal(ht_file_is_trusted(at("link"), &err), 0);
    assert_int_equal(symlink(at("d"), at("dirlink")), 0);
    assert_int_equal(ht_file_is_trusted(at("dirlink/f"), &err), 0);
    assert_int_equal(chdir(tree), 0);
    assert_int_equal(ht_file_is_trusted("d/f", &err), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(ht_file_is_trusted(at("d/none"), &err), -ENOENT);
    assert_distrusted(at("d"), "no regular file");
    assert_int_equal(chmod(at("d/f"), 0664), 0);
    assert_distrusted(at("d/f"), "can be written by others (mode 0664)");
    assert_distrusted(at("link"), "can be written by others");
    assert_int_equal(chmod(at("d/f"), 0644), 0);
    assert_int_equal(chmod(at("d"), 0777), 0);
    assert_distrusted(at("d/f"), "/d: can be written by others");
    assert_distrusted(at("dirlink/f"), "/d: can be written by others");
    assert_int_equal(chmod(at("d"), 01777), 0);
    assert_int_equal(ht_file_is_trusted(at("d/f"), &err), 0);
    assert_int_equal(symlink("loop", at("loop")), 0);
    assert_int_equal(ht_file_is_trusted(at("loop"), &err), -ELOOP);
}

static void another_owner_is_not_trusted(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip_without_root("only it can give files away");
    put("f", "");
    assert_int_equal(chown(at("f"), 4242, 0), 0);
    assert_distrusted(at("f"), "belongs to uid 4242");
    assert_int_equal(ht_file_create(at("f"), HT_FILE_REPLACE, NULL), -EEXIST);
    /* A link of a stranger leads where the stranger wants. */
    put("g", "");
    assert_int_equal(symlink("g", at("link")), 0);
    assert_int_equal(lchown(at("link"), 4242, 0), 0);
    assert_distrusted(at("link"), "/link: belongs to uid 4242");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_tree, remove_tree)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_written_privately_and_whole),
        TEST(links_and_special_files_are_never_replaced),
        TEST(a_stream_file_is_new_or_ours),
        TEST(directories_are_made_privately),
        TEST(a_path_is_told_from_the_root),
        TEST(a_file_is_trusted_if_nobody_else_can_change_it),
        TEST(another_owner_is_not_trusted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
