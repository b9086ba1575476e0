/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sums of files that are kept over runs. */
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

#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
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

static int begin(void **state)
{
    static const char *const folders[] = {"var", "var/lib", "var/lib/dpkg", "var/lib/dpkg/info",
                                          "usr", "usr/bin"};
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
    *state = ground;
    return 0;
}

static int end(void **state)
{
    free(*state);
    return 0;
}

/* What one run, of a program that calls the root so, finds different. */
static size_t count_differing(const struct ground *ground, const char *name)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    ht_autonode struct ht_node *node = ht_node_new(1);
    struct ht_seals *seals = ht_seals_new(ground->cache, name);

    assert_int_equal(ht_root_open(&root, ground->root, NULL), 0);
    ht_seals_look(seals, &root, "deb", node);
    ht_seals_free(seals);
    ht_node_sort(node);

    const struct ht_row *row = ht_node_find(node, HT_TABLE_PACKAGE_SEAL, HT_S("deb"));
    assert_non_null(row);
    assert_int_equal(ht_package_seal_of(row)->compared, 1);
    return ht_package_seal_of(row)->differing.len;
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
        "hulltop-sums/1\n",
        "hulltop-sums/1\n/\n1 2 3\n",
        "hulltop-sums/1\n/\n1 2 3 4 5 99999999999999999999 " OTHER "  usr/bin/runc\n",
        "hulltop-sums/1\n/\n1 2 3 4 5 6 00  usr/bin/runc\n",
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_read_once_over_runs, begin, end),
        cmocka_unit_test_setup_teardown(a_file_that_changed_is_read_again, begin, end),
        cmocka_unit_test_setup_teardown(a_damaged_record_is_none, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
