/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/skip.h"
#include "tests/unit/tree.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

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

static int open_tree(struct ht_root *root)
{
    struct ht_error err = {.code = 0};
    int r = ht_root_open(root, tree, &err);

    if (r < 0)
        print_message("%s\n", err.text);
    return r;
}

static void a_file_is_read_below_the_root(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    ht_autobuf struct ht_buf out = HT_BUF(100);
    struct ht_error err = {.code = 0};

    (void)state;
    put("plain", "hello");
    assert_int_equal(symlink("/plain", at("absolute")), 0);
    assert_int_equal(symlink("../../../../../../../../plain", at("up")), 0);
    assert_int_equal(open_tree(&root), 0);
    assert_int_equal(root.kind, HT_ROOT_DIRECTORY);
    assert_int_equal(ht_root_read(&root, "plain", &out, 100, &err), 0);
    assert_int_equal(ht_root_read(&root, "/plain", &out, 100, &err), 0);
    assert_int_equal(ht_root_read(&root, "//absolute", &out, 100, &err), 0);
    assert_int_equal(ht_root_read(&root, "up", &out, 100, &err), 0);
    assert_string_equal(out.data, "hellohellohellohello");
}

static void a_file_over_the_limit_is_cut_and_reported(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    ht_autobuf struct ht_buf out = HT_BUF(100);
    ht_autobuf struct ht_buf small = HT_BUF(3);
    struct ht_error err = {.code = 0};

    (void)state;
    put("plain", "hello");
    assert_int_equal(open_tree(&root), 0);
    assert_int_equal(ht_root_read(&root, "plain", &out, 5, &err), 0);
    ht_buf_reset(&out);
    assert_int_equal(ht_root_read(&root, "plain", &out, 4, &err), -EFBIG);
    assert_string_equal(out.data, "hell");
    assert_non_null(strstr(err.text, "plain: more than 4 bytes"));
    assert_int_equal(ht_root_read(&root, "plain", &small, 100, &err), -EFBIG);
    assert_string_equal(small.data, "hel");
}

static void special_files_are_not_opened(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    ht_autoroot struct ht_root host = HT_ROOT_NONE;
    ht_autobuf struct ht_buf out = HT_BUF(100);
    struct ht_error err = {.code = 0};

    (void)state;
    assert_int_equal(mkfifo(at("fifo"), 0600), 0);
    assert_int_equal(mkdir(at("dir"), 0700), 0);
    assert_int_equal(open_tree(&root), 0);
    assert_int_equal(ht_root_read(&root, "fifo", &out, 100, &err), -EINVAL);
    assert_non_null(strstr(err.text, "fifo: a FIFO, not read"));
    assert_int_equal(ht_root_read(&root, "dir", &out, 100, &err), -EINVAL);
    assert_int_equal(ht_root_read(&root, "none", &out, 100, &err), -ENOENT);
    assert_non_null(strstr(err.text, "none: No such file"));
    assert_int_equal(ht_root_open(&host, "/", &err), 0);
    assert_int_equal(host.kind, HT_ROOT_HOST);
    assert_int_equal(ht_root_read(&host, "/dev/zero", &out, 100, &err), -EINVAL);
    assert_string_equal(err.text, "/dev/zero: a device, not read");
    assert_int_equal(out.len, 0);
}

static void links_and_stat(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    ht_autobuf struct ht_buf out = HT_BUF(100);
    struct stat about;
    struct ht_error err = {.code = 0};

    (void)state;
    put("plain", "hello");
    assert_int_equal(symlink("/plain", at("link")), 0);
    assert_int_equal(open_tree(&root), 0);
    assert_int_equal(ht_root_readlink(&root, "link", &out, &err), 0);
    assert_string_equal(out.data, "/plain");
    assert_int_equal(ht_root_readlink(&root, "plain", &out, &err), -EINVAL);
    assert_int_equal(ht_root_stat(&root, "link", &about, &err), 0);
    assert_int_equal(about.st_size, 5);
    assert_int_equal(ht_root_lstat(&root, "link", &about, &err), 0);
    assert_true(S_ISLNK(about.st_mode));
    assert_int_equal(ht_root_stat(&root, "/", &about, &err), 0);
    assert_true(S_ISDIR(about.st_mode));
}

static void the_host_s_own_links_and_stat(void **state)
{
    ht_autoroot struct ht_root host = HT_ROOT_NONE;
    ht_autobuf struct ht_buf out = HT_BUF(100);
    struct stat about;
    struct ht_error err = {.code = 0};

    (void)state;
    put("plain", "hello");
    assert_int_equal(symlink("plain", at("link")), 0);
    assert_int_equal(symlink("link/none", at("loose")), 0);
    assert_int_equal(ht_root_open(&host, "/", &err), 0);
    assert_int_equal(ht_root_readlink(&host, at("loose"), &out, &err), 0);
    assert_string_equal(out.data, "link/none");
    assert_int_equal(ht_root_readlink(&host, at("plain"), &out, &err), -EINVAL);
    assert_int_equal(ht_root_readlink(&host, at("none"), &out, &err), -ENOENT);
    assert_int_equal(ht_root_readlink(&host, "/", &out, &err), -EINVAL);
    assert_string_equal(out.data, "link/none");
    assert_int_equal(ht_root_stat(&host, at("link"), &about, &err), 0);
    assert_int_equal(about.st_size, 5);
    assert_int_equal(ht_root_lstat(&host, at("link"), &about, &err), 0);
    assert_true(S_ISLNK(about.st_mode));
    assert_int_equal(ht_root_stat(&host, at("loose"), &about, &err), -ENOTDIR);
    assert_int_equal(ht_root_lstat(&host, at("none"), &about, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/none: No such file"));
    assert_int_equal(ht_root_stat(&host, "/", &about, &err), 0);
    assert_true(S_ISDIR(about.st_mode));
    assert_int_equal(ht_root_stat(&host, "", &about, &err), 0);
    assert_true(S_ISDIR(about.st_mode));
}

static void a_container_root_is_not_left(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_error err = {.code = 0};
    struct stat about;

    (void)state;
    assert_int_equal(ht_root_from_fd(&root, open("/", O_PATH | O_CLOEXEC), "c", &err), 0);
    assert_int_equal(ht_root_stat(&root, "/proc/self/status", &about, &err), -EXDEV);
    assert_non_null(strstr(err.text, "another mount"));
    ht_root_close(&root);
    assert_int_equal(ht_root_from_fd(&root, open("/proc", O_PATH | O_CLOEXEC), "c", &err), 0);
    assert_int_equal(ht_root_stat(&root, "self/status", &about, &err), 0);
    assert_int_equal(ht_root_stat(&root, "self/exe", &about, &err), -ELOOP);
}

/* The kernel takes a lease away only after 45 seconds: nobody is waited for so long. */
static void a_file_that_is_leased_is_not_waited_for(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct ht_error err = {.code = 0};
    int leased;

    (void)state;
    put("leased", "hello");
    assert_int_equal(open_tree(&root), 0);
    leased = open(at("leased"), O_RDWR | O_CLOEXEC);
    assert_true(leased >= 0);
    assert_int_equal(sigaction(SIGIO, &ignore, NULL), 0); /* the holder is asked to let go */
    if (fcntl(leased, F_SETLEASE, F_WRLCK) < 0) {
        close(leased);
        skip(); /* a file system without leases */
    }
    assert_int_equal(ht_root_open_regular(&root, "leased", NULL, &err), -EAGAIN);
    assert_int_equal(ht_root_openat(&root, "leased", O_RDONLY, &err), -EAGAIN);
    assert_non_null(strstr(err.text, "leased: a program holds a lease of it"));
    close(leased);

    ht_autoclose int fd = ht_root_open_regular(&root, "leased", NULL, &err);
    assert_true(fd >= 0);
}

static int count(void *context, const char *name, unsigned type, uint64_t inode)
{
    unsigned *n = context;

    assert_int_equal(strlen(name), 2);
    assert_true(type == DT_REG || type == DT_UNKNOWN);
    assert_true(inode != 0);
    return ++*n == 100 ? 7 : 0;
}

static void a_directory_is_listed_up_to_the_limit(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    unsigned n = 0;
    struct ht_dir_visitor visitor = {.visit = count, .context = &n};
    struct ht_error err = {.code = 0};

    (void)state;
    put("aa", "");
    put("bb", "");
    put("cc", "");
    assert_int_equal(open_tree(&root), 0);
    assert_int_equal(ht_root_list(&root, "/", &visitor, &err), 0);
    assert_int_equal(n, 3);

    ht_autoclose int fd = ht_root_openat(&root, ".", O_RDONLY | O_DIRECTORY, &err);
    assert_int_equal(ht_list_fd(fd, &visitor, &err), 0);
    assert_int_equal(ht_list_fd(fd, &visitor, &err), 0);
    assert_int_equal(n, 9);
    visitor.max_entries = 2;
    assert_int_equal(ht_root_list(&root, "/", &visitor, &err), -EFBIG);
    assert_non_null(strstr(err.text, "more than 2 entries"));
    assert_int_equal(n, 11);
    n = 99;
    assert_int_equal(ht_root_list(&root, "/", &visitor, &err), 7);
    assert_int_equal(ht_root_list(&root, "aa", &visitor, &err), -ENOTDIR);
}

static void the_fast_path_replaces_what_was_there(void **state)
{
    ht_autobuf struct ht_buf out = HT_BUF(1 << 20);
    struct ht_error err = {.code = 0};

    (void)state;
    assert_int_equal(ht_read_at(AT_FDCWD, "/proc/self/status", &out, 1 << 20, &err), 0);
    assert_memory_equal(out.data, "Name:", 5);
    assert_int_equal(ht_read_at(AT_FDCWD, "/proc/self/comm", &out, 1 << 20, &err), 0);
    assert_string_equal(out.data, "test-root\n");
    assert_int_equal(ht_read_at(AT_FDCWD, "/proc/self/comm", &out, 4, &err), -EFBIG);
    assert_string_equal(out.data, "test");
    assert_int_equal(ht_read_at(AT_FDCWD, "/proc/self/none", &out, 4, NULL), -ENOENT);
    assert_int_equal(ht_read_piece_at(AT_FDCWD, "/proc/self/status", &out, 1 << 20, &err), 0);
    assert_true(ht_str_has_prefix(ht_buf_str(&out), "Name:"));
    assert_true(ht_str_has_suffix(ht_buf_str(&out), "\n"));
    assert_int_equal(ht_read_piece_at(AT_FDCWD, "/proc/self/comm", &out, 4, &err), -EFBIG);
    assert_int_equal(out.len, 4);
    assert_int_equal(ht_read_piece_at(AT_FDCWD, "/proc/self/none", &out, 4, NULL), -ENOENT);
    assert_int_equal(out.len, 0);
}

/* Alone in a network namespace, so that the table stays as it is: the same is read as by a read to
 * the end, wherever in a page the last line ends. */
static void a_table_is_read_to_its_last_line(void **state)
{
    enum { SOCKETS = 130 };
    ht_autobuf struct ht_buf whole = HT_BUF(1 << 20), out = HT_BUF(1 << 20);
    size_t longest = 0;

    (void)state;
    if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        skip_without("netns", "no right to a network namespace");
    for (int i = 0; i < SOCKETS; i++) {
        const char *table = i % 2 ? "/proc/thread-self/net/tcp" : "/proc/thread-self/net/tcp6";
        int fd = socket(i % 2 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0)
            continue; /* no IPv6 here */
        assert_int_equal(listen(fd, 1), 0);
        assert_int_equal(ht_read_at(AT_FDCWD, table, &whole, 1 << 20, NULL), 0);
        assert_int_equal(ht_read_table_at(AT_FDCWD, table, &out, 1 << 20, NULL), 0);
        assert_string_equal(out.data, whole.data);
        longest = out.len > longest ? out.len : longest;
        assert_int_equal(ht_read_table_at(AT_FDCWD, table, &out, 200, NULL), -EFBIG);
    }
    assert_true(longest > 2 * (size_t)4096);
    assert_int_equal(ht_read_table_at(AT_FDCWD, "/proc/self/none", &out, 200, NULL), -ENOENT);
}

static void a_root_that_is_not_there_is_named(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_error err = {.code = 0};

    (void)state;
    put("plain", "");
    assert_int_equal(ht_root_open(&root, at("none"), &err), -ENOENT);
    assert_non_null(strstr(err.text, "/none: No such file"));
    assert_int_equal(ht_root_open(&root, at("plain"), &err), -ENOTDIR);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_tree, remove_tree)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_read_below_the_root),
        TEST(a_file_over_the_limit_is_cut_and_reported),
        TEST(special_files_are_not_opened),
        TEST(links_and_stat),
        TEST(the_host_s_own_links_and_stat),
        TEST(a_container_root_is_not_left),
        TEST(a_file_that_is_leased_is_not_waited_for),
        TEST(a_directory_is_listed_up_to_the_limit),
        TEST(the_fast_path_replaces_what_was_there),
        TEST(a_root_that_is_not_there_is_named),
        /* The last, since it leaves the node's network. */
        cmocka_unit_test(a_table_is_read_to_its_last_line),
    };

    if (!ht_root_can_confine()) {
        printf("SKIP unit/base/test-root: openat2: not in this kernel or sandbox\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
