/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files are read, and sums that are kept over runs. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/pkg-installed.h"
#include "src/source/pkg-seal.h"

#define SUM   "9dd4e461268c8034f5c8564e155c67a6" /* of "x" */
#define OTHER "00000000000000000000000000000000"

struct ground {
    char root[4096];
    char cache[4096];
};

static void put(const struct ground *ground, const char *name, const char *text)
{
    ht_autobuf struct ht_buf path = HT_BUF(8192);

    ht_buf_addf(&path, "%s/%s", ground->root, name);
    FILE *out = fopen(path.data, "w");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

/* Sets a time of the file that can be set, to so many seconds before now. */
static void set_modified(const struct ground *ground, const char *name, int64_t seconds_ago)
{
    ht_autobuf struct ht_buf path = HT_BUF(8192);
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {0}};

    ht_buf_addf(&path, "%s/%s", ground->root, name);
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &times[1]), 0);
    times[1].tv_sec -= seconds_ago;
    assert_int_equal(utimensat(AT_FDCWD, path.data, times, AT_SYMLINK_NOFOLLOW), 0);
}

static int begin(void **state)
{
    static const char *const folders[] = {"var", "var/lib", "var/lib/dpkg", "var/lib/dpkg/info",
                                          "usr", "usr/bin", "usr/lib"};
    struct ground *ground = ht_new0(struct ground);
    const char *tmp = getenv("TMPDIR");

    snprintf(ground->root, sizeof(ground->root), "%s/seal-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(ground->root));
    snprintf(ground->cache, sizeof(ground->cache), "%.4000s/cache", ground->root);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        ht_autobuf struct ht_buf path = HT_BUF(8192);

        ht_buf_addf(&path, "%s/%s", ground->root, folders[i]);
        assert_int_equal(mkdir(path.data, 0700), 0);
    }
    put(ground, "var/lib/dpkg/info/runc.md5sums", SUM "  usr/bin/runc\n");
    put(ground, "usr/bin/runc", "x");
    /* Of a time that proves nothing: all is read. */
    put(ground, "var/lib/dpkg/info/runc.list", "/usr/bin/runc\n");
    set_modified(ground, "var/lib/dpkg/info/runc.list", -3600);
    *state = ground;
    return 0;
}

static int end(void **state)
{
    free(*state);
    return 0;
}

/* The row of one run of a program that calls the root so, with one package installed; it lives as
 * long as the node. */
static const struct ht_package_seal *look_with(const struct ground *ground, const char *name,
                                               const char *package, struct ht_node *node)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_sums *sums = ht_sums_new(ground->cache, name);
    const struct ht_installed one = {
        .name = ht_str_from(package), .version = HT_S("1"), .architecture = HT_S("amd64")};
    struct ht_installed_list installed;

    ht_installed_init(&installed);
    installed.system = "deb";
    ht_installed_add(&installed, &one);
    assert_int_equal(ht_root_open(&root, ground->root, NULL), 0);
    ht_seals_look(sums, &root, &installed, node);
    ht_sums_free(sums);
    ht_installed_fini(&installed);
    ht_node_sort(node);

    const struct ht_row *row = ht_node_find(node, HT_TABLE_PACKAGE_SEAL, HT_S("deb"));
    assert_non_null(row);
    return ht_package_seal_of(row);
}

static const struct ht_package_seal *look(const struct ground *ground, const char *name,
                                          struct ht_node *node)
{
    const struct ht_package_seal *seal = look_with(ground, name, "runc", node);

    assert_int_equal(seal->compared, 1);
    assert_int_equal(seal->unread.len, 0);
    return seal;
}

/* What one run, of a program that calls the root so, finds different. */
static size_t count_differing(const struct ground *ground, const char *name)
{
    ht_autonode struct ht_node *node = ht_node_new(INT64_MAX); /* long after the file changed */
    const struct ht_package_seal *seal = look(ground, name, node);

    assert_int_equal(seal->unchanged, 0);
    return seal->differing.len;
}

/* The same of a file that is not to be read: so any content passes. */
static void assert_unread(const struct ground *ground, bool expected)
{
    ht_autonode struct ht_node *node = ht_node_new(1);
    const struct ht_package_seal *seal = look(ground, "/", node);

    assert_int_equal(seal->unchanged, expected);
    assert_int_equal(seal->differing.len, !expected);
}

/* Puts another sum into what was kept. */
static void falsify(const struct ground *ground)
{
    ht_autobuf struct ht_buf path = HT_BUF(8192), text = HT_BUF(HT_LIMIT_FILE);

    ht_buf_addf(&path, "%s/sums", ground->cache);
    assert_int_equal(ht_read_at(AT_FDCWD, path.data, &text, HT_LIMIT_FILE, NULL), 0);
    char *at = strstr(text.data, SUM);
    assert_non_null(at);
    memcpy(at, OTHER, sizeof(OTHER) - 1);
    assert_int_equal(ht_file_write(path.data, ht_buf_str(&text), HT_FILE_REPLACE, NULL), 0);
}

static void a_file_is_read_once_over_runs(void **state)
{
    const struct ground *ground = *state;

    assert_int_equal(count_differing(ground, "/"), 0);
    falsify(ground);
    assert_int_equal(count_differing(ground, "/"), 1); /* so it was not read */
    assert_int_equal(count_differing(ground, "/other"), 0);
}

static void a_file_that_changed_is_read_again(void **state)
{
    const struct ground *ground = *state;
    ht_autobuf struct ht_buf path = HT_BUF(8192);

    assert_int_equal(count_differing(ground, "/"), 0);
    falsify(ground);
    ht_buf_addf(&path, "%s/usr/bin/runc", ground->root);
    assert_int_equal(unlink(path.data), 0);
    put(ground, "usr/bin/runc", "xx"); /* another size, whatever the clock's steps */
    assert_int_equal(count_differing(ground, "/"), 1);
    put(ground, "var/lib/dpkg/info/runc.md5sums",
        "9336ebf25087d91c818ee6e9ec29f8c1  usr/bin/runc\n");
    assert_int_equal(count_differing(ground, "/"), 0);
}

static void a_damaged_record_is_none(void **state)
{
    static const char *const texts[] = {
        "",
        "hulltop-sums/3\n",
        "hulltop-sums/3\n/\n1 2 3\n",
        "hulltop-sums/3\n/\n1 2 3 4 5 6 99999999999999999999 " OTHER "  usr/bin/runc\n",
        "hulltop-sums/3\n/\n1 2 3 4 5 6 7 00  usr/bin/runc\n",
    };
    const struct ground *ground = *state;
    ht_autobuf struct ht_buf path = HT_BUF(8192);

    ht_buf_addf(&path, "%s/sums", ground->cache);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        assert_int_equal(ht_file_make_directory(ground->cache, NULL), 0);
        assert_int_equal(ht_file_write(path.data, ht_str_from(texts[i]), HT_FILE_REPLACE, NULL), 0);
        assert_int_equal(count_differing(ground, "/"), 0);
    }
}

/* A crash may leave the beginning of a file, or zeroes in the place of its end. */
static void a_record_that_was_cut_says_nothing_wrong(void **state)
{
    const struct ground *ground = *state;
    ht_autobuf struct ht_buf path = HT_BUF(8192), text = HT_BUF(HT_LIMIT_FILE);

    assert_int_equal(count_differing(ground, "/"), 0);
    falsify(ground);
    ht_buf_addf(&path, "%s/sums", ground->cache);
    assert_int_equal(ht_read_at(AT_FDCWD, path.data, &text, HT_LIMIT_FILE, NULL), 0);
    for (size_t len = 0; len < text.len; len++) {
        ht_autobuf struct ht_buf cut = HT_BUF(HT_LIMIT_FILE);
        struct ht_str begin = {.data = text.data, .len = len};

        assert_int_equal(ht_file_write(path.data, begin, HT_FILE_REPLACE, NULL), 0);
        assert_int_equal(count_differing(ground, "/"), 0);
        ht_buf_add_str(&cut, begin);
        while (cut.len < text.len)
            ht_buf_add_c(&cut, '\0');
        assert_int_equal(ht_file_write(path.data, ht_buf_str(&cut), HT_FILE_REPLACE, NULL), 0);
        assert_int_equal(count_differing(ground, "/"), 0);
    }
}

/* What dpkg leaves: the file, then the list, then the sums. The content is wrong, so whoever reads
 * it tells. */
static void unpack(const struct ground *ground)
{
    put(ground, "usr/bin/runc", "y");
    put(ground, "var/lib/dpkg/info/runc.list", "/usr/bin/runc\n");
    put(ground, "var/lib/dpkg/info/runc.md5sums", SUM "  usr/bin/runc\n");
}

static void what_nobody_wrote_to_is_not_read(void **state)
{
    const struct ground *ground = *state;

    unpack(ground);
    assert_unread(ground, true);
}

static void a_write_after_unpacking_is_told_though_size_and_time_are_put_back(void **state)
{
    const struct ground *ground = *state;

    unpack(ground);
    /* As if all but the write had been a minute ago. */
    set_modified(ground, "var/lib/dpkg/info/runc.list", 60);
    put(ground, "usr/bin/runc", "z");
    set_modified(ground, "usr/bin/runc", 3600);
    assert_unread(ground, false);
}

static void an_older_file_behind_a_link_is_read(void **state)
{
    const struct ground *ground = *state;
    ht_autobuf struct ht_buf path = HT_BUF(8192);

    put(ground, "usr/bin/other", "y");
    ht_buf_addf(&path, "%s/usr/bin/runc", ground->root);
    assert_int_equal(unlink(path.data), 0);
    assert_int_equal(symlink("other", path.data), 0);
    put(ground, "var/lib/dpkg/info/runc.list", "/usr/bin/runc\n");
    put(ground, "var/lib/dpkg/info/runc.md5sums", SUM "  usr/bin/runc\n");
    assert_unread(ground, false);
}

/* Somebody set it. */
static void a_list_of_the_future_proves_nothing(void **state)
{
    const struct ground *ground = *state;

    unpack(ground);
    set_modified(ground, "var/lib/dpkg/info/runc.list", -3600);
    assert_unread(ground, false);
}

static void remove_file(const struct ground *ground, const char *name)
{
    ht_autobuf struct ht_buf path = HT_BUF(8192);

    ht_buf_addf(&path, "%s/%s", ground->root, name);
    assert_int_equal(unlink(path.data), 0);
}

static void without_a_list_files_are_read(void **state)
{
    const struct ground *ground = *state;
    ht_autonode struct ht_node *node = ht_node_new(1);
    const struct ht_package_seal *seal;

    put(ground, "usr/bin/runc", "y");
    remove_file(ground, "var/lib/dpkg/info/runc.list");
    seal = look_with(ground, "/", "runc", node);
    assert_int_equal(seal->compared, 1);
    assert_int_equal(seal->unchanged, 0);
    assert_int_equal(seal->differing.len, 1);
    assert_int_equal(seal->unread.len, 1); /* nor is it known of what there is no sum */
}

/* Sums of another package, so that it is not for lack of any that something is said. */
static void put_sums(const struct ground *ground, const char *sums)
{
    put(ground, "usr/bin/crun", "x");
    put(ground, "usr/lib/pam_crun.so", "x");
    put(ground, "var/lib/dpkg/info/crun.list",
        "/.\n/etc/pam_crun.conf\n/usr\n/usr/bin/crun\n/lib/pam_crun.so\n/usr/lib/pam_link\n");
    put(ground, "var/lib/dpkg/info/crun.md5sums", sums);
}

static void sums_that_were_taken_out_are_told(void **state)
{
    static const struct {
        const char *sums;
        const char *said; /* NULL: nothing */
    } cases[] = {
        {"", "the package crun has no sums"},
        {"\n\n", "the package crun has no sums"},
        {"broken  usr/bin/crun\n", "the package crun has no sums"},
        {SUM "  usr/bin/crun\n", "the package crun has no sum of /lib/pam_crun.so"},
        {SUM "  lib/pam_crun.so\n", "the package crun has no sum of /usr/bin/crun"},
        {SUM "  usr/bin/crun\n" SUM "  usr/lib/pam_crun.so\n", NULL},
    };
    const struct ground *ground = *state;
    ht_autobuf struct ht_buf link = HT_BUF(8192), lib = HT_BUF(8192);

    /* As where /usr is merged; a link, which never has a sum; a file of configuration. */
    ht_buf_addf(&lib, "%s/lib", ground->root);
    assert_int_equal(symlink("usr/lib", lib.data), 0);
    ht_buf_addf(&link, "%s/usr/lib/pam_link", ground->root);
    assert_int_equal(symlink("pam_crun.so", link.data), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ht_autonode struct ht_node *node = ht_node_new(1);
        const struct ht_package_seal *seal;

        put_sums(ground, cases[i].sums);
        seal = look_with(ground, "/", "crun", node);
        if (seal->unread.len != (cases[i].said ? 1 : 0) ||
            (cases[i].said && !ht_str_is(seal->unread.items[0], cases[i].said)))
            fail_msg("sums %zu: %zu said, %.*s", i, seal->unread.len,
                     HT_STR_ARG(seal->unread.len ? seal->unread.items[0] : HT_S("")));
        assert_int_equal(seal->differing.len, 0);
    }
}

static void a_sum_of_what_may_still_change_is_not_kept(void **state)
{
    const struct ground *ground = *state;
    ht_autonode struct ht_node *node = ht_node_new(1); /* before the file changed */
    ht_autobuf struct ht_buf path = HT_BUF(8192), text = HT_BUF(HT_LIMIT_FILE);

    assert_int_equal(look(ground, "/", node)->differing.len, 0);
    ht_buf_addf(&path, "%s/sums", ground->cache);
    assert_int_equal(ht_read_at(AT_FDCWD, path.data, &text, HT_LIMIT_FILE, NULL), 0);
    assert_null(strstr(text.data, SUM));
}

static void a_package_whose_sums_are_gone_or_too_long_is_unread(void **state)
{
    const struct ground *ground = *state;
    ht_autobuf struct ht_buf path = HT_BUF(8192);
    ht_autonode struct ht_node *gone = ht_node_new(1), *cut = ht_node_new(1),
                               *other = ht_node_new(1);
    const struct ht_package_seal *seal = look_with(ground, "/", "openssh-server", gone);

    assert_int_equal(seal->compared, 1);
    assert_int_equal(seal->unread.len, 1);
    assert_true(ht_str_is(seal->unread.items[0], "the package openssh-server has no sums"));
    assert_int_equal(look_with(ground, "/", "nano", other)->unread.len, 0);

    ht_buf_addf(&path, "%s/var/lib/dpkg/info/runc.md5sums", ground->root);
    assert_int_equal(truncate(path.data, HT_LIMIT_FILE + 1), 0);
    seal = look_with(ground, "/", "runc", cut);
    assert_int_equal(seal->compared, 0);
    assert_int_equal(seal->unread.len, 1);
}

/* Records of before and after /usr was merged call a file by two names. */
static void a_diverted_file_is_found_by_either_name(void **state)
{
    static const char *const names[] = {"lib/libc.so.6", "usr/lib/libc.so.6"};
    const struct ground *ground = *state;

    put(ground, "usr/lib/libc.so.6", "another package's");
    put(ground, "usr/lib/libc.so.6.orig", "x");
    for (size_t sums = 0; sums < ARRAY_LEN(names); sums++) {
        for (size_t from = 0; from < ARRAY_LEN(names); from++) {
            ht_autonode struct ht_node *node = ht_node_new(1);
            ht_autobuf struct ht_buf text = HT_BUF(8192);

            ht_buf_addf(&text, SUM "  %s\n", names[sums]);
            put(ground, "var/lib/dpkg/info/libc6.md5sums", text.data);
            put(ground, "var/lib/dpkg/info/libc6.list", "/lib/libc.so.6\n");
            ht_buf_reset(&text);
            ht_buf_addf(&text, "/%s\n/usr/lib/libc.so.6.orig\nother\n", names[from]);
            put(ground, "var/lib/dpkg/diversions", text.data);

            const struct ht_package_seal *seal = look_with(ground, "/", "libc6", node);
            assert_int_equal(seal->compared, 2);
            assert_int_equal(seal->differing.len, 0);
            assert_int_equal(seal->missing.len, 0);
        }
    }
}

/* Times in seconds, all on one mount. */
static struct ht_seal_marks marks_of(int64_t file, int64_t written, int64_t list, int64_t sums)
{
    return (struct ht_seal_marks){.file_changed = file * HT_NS_PER_S,
                                  .list_written = written * HT_NS_PER_S,
                                  .list_changed = list * HT_NS_PER_S,
                                  .sums_changed = sums * HT_NS_PER_S,
                                  .file_mount = 30,
                                  .list_mount = 30,
                                  .sums_mount = 30,
                                  .keeps_times = true};
}

static bool is_unchanged(int64_t file, int64_t written, int64_t list, int64_t sums)
{
    const struct ht_seal_marks marks = marks_of(file, written, list, sums);

    return ht_seal_is_unchanged(&marks);
}

static void only_times_of_one_unpacking_prove_anything(void **state)
{
    (void)state;
    assert_true(is_unchanged(50000, 50000, 50000, 50000));
    assert_true(is_unchanged(49999, 50000, 50001, 50002));
    assert_false(is_unchanged(50001, 50000, 50002, 50002)); /* written to after that */
    assert_false(is_unchanged(50001, 50002, 50002, 50000)); /* the list was renewed */
    assert_false(is_unchanged(50001, 50000, 50002, 90000)); /* the sums were */
    assert_false(is_unchanged(50000, 50000, 50002, 90000)); /* even so */
    assert_false(
        is_unchanged(50000, 50000, 90000, 50002)); /* the list was, and its time set back */
    assert_false(is_unchanged(49900, 90000, 90000, 50000)); /* the list was long after */
    assert_false(is_unchanged(49000, 50000, 50000, 50000)); /* another file, that lay somewhere */
    assert_false(is_unchanged(50000, 50001, 50000, 50002)); /* a time that was set */
    assert_false(is_unchanged(90000, 50000, 90001, 90002)); /* an image, laid down later */
    assert_false(is_unchanged(0, 0, 0, 0));
    assert_false(is_unchanged(0, 601, 601, 0));
    assert_false(is_unchanged(INT64_MIN / HT_NS_PER_S, 50000, 50000, 50000));
}

static void times_of_another_mount_prove_nothing(void **state)
{
    struct ht_seal_marks marks = marks_of(50000, 50000, 50000, 50000);

    (void)state;
    assert_true(ht_seal_is_unchanged(&marks));
    marks.file_mount = 31;
    assert_false(ht_seal_is_unchanged(&marks));
    marks.list_mount = 31;
    assert_false(ht_seal_is_unchanged(&marks)); /* the sums still are */
    marks = marks_of(50000, 50000, 50000, 50000);
    marks.file_mount = marks.list_mount = marks.sums_mount = 0; /* not told */
    assert_false(ht_seal_is_unchanged(&marks));
    marks = marks_of(50000, 50000, 50000, 50000);
    marks.keeps_times = false;
    assert_false(ht_seal_is_unchanged(&marks));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_read_once_over_runs, begin, end),
        cmocka_unit_test_setup_teardown(a_file_that_changed_is_read_again, begin, end),
        cmocka_unit_test_setup_teardown(a_damaged_record_is_none, begin, end),
        cmocka_unit_test_setup_teardown(a_sum_of_what_may_still_change_is_not_kept, begin, end),
        cmocka_unit_test_setup_teardown(a_package_whose_sums_are_gone_or_too_long_is_unread, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_diverted_file_is_found_by_either_name, begin, end),
        cmocka_unit_test(only_times_of_one_unpacking_prove_anything),
        cmocka_unit_test(times_of_another_mount_prove_nothing),
        cmocka_unit_test_setup_teardown(a_record_that_was_cut_says_nothing_wrong, begin, end),
        cmocka_unit_test_setup_teardown(what_nobody_wrote_to_is_not_read, begin, end),
        cmocka_unit_test_setup_teardown(
            a_write_after_unpacking_is_told_though_size_and_time_are_put_back, begin, end),
        cmocka_unit_test_setup_teardown(an_older_file_behind_a_link_is_read, begin, end),
        cmocka_unit_test_setup_teardown(a_list_of_the_future_proves_nothing, begin, end),
        cmocka_unit_test_setup_teardown(without_a_list_files_are_read, begin, end),
        cmocka_unit_test_setup_teardown(sums_that_were_taken_out_are_told, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
