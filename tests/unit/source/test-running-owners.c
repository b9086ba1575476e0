/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packages of files that are kept over looks and runs: used while nothing changed, and only then.
 */
#include "src/source/running-owners.h"

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

#include "hulltop/base/clock.h"
#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

#define FILE_ASKED "/opt/x.so"
#define LIST       "var/lib/dpkg/info/mine.list"
#define HOUR_NS    (3600 * HT_NS_PER_S)

struct ground {
    char base[256];
    char cache[300]; /* below it */
    struct ht_root root;
    int64_t now; /* long after everything was written */
};

static const char *below(const struct ground *ground, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", ground->base, name);
    return out;
}

/* Writes into the file that is there, or makes it. */
static void put(const struct ground *ground, const char *name, const char *text)
{
    char path[600];
    FILE *out = fopen(below(ground, name, path, sizeof(path)), "w");

    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static int begin(void **state)
{
    static const char *const folders[] = {"var", "var/lib", "var/lib/dpkg", "var/lib/dpkg/info"};
    struct ground *ground = ht_new0(struct ground);
    const char *tmp = getenv("TMPDIR");
    char path[600];

    snprintf(ground->base, sizeof(ground->base), "%.200s/owners-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(ground->base));
    snprintf(ground->cache, sizeof(ground->cache), "%s/cache", ground->base);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++)
        assert_int_equal(mkdir(below(ground, folders[i], path, sizeof(path)), 0700), 0);
    put(ground, LIST, "/.\n" FILE_ASKED "\n");
    put(ground, "var/lib/dpkg/status", "Package: mine\n");
    ground->root = (struct ht_root)HT_ROOT_NONE;
    assert_int_equal(ht_root_open(&ground->root, ground->base, NULL), 0);
    ground->now = ht_clock_wall(ht_clock_system()) + HOUR_NS;
    *state = ground;
    return 0;
}

static int end(void **state)
{
    struct ground *ground = *state;

    ht_root_close(&ground->root);
    free(ground);
    return 0;
}

static void expect(struct ht_known_owners *known, const struct ground *ground, const char *package)
{
    struct ht_owned question = {.path = HT_S(FILE_ASKED)};
    const char *records = ht_known_owners_ask(known, &question, 1, ground->now);

    assert_non_null(records);
    assert_string_equal(records, "dpkg");
    if (!ht_str_is(question.package, package))
        fail_msg("it is of \"%.*s\", not of \"%s\"", HT_STR_ARG(question.package), package);
}

/* What a run of the program that starts now says. */
static void expect_run(const struct ground *ground, const char *package)
{
    struct ht_known_owners *known = ht_known_owners_new(&ground->root, ground->cache);

    expect(known, ground, package);
    ht_known_owners_free(known);
}

/* A list that is written in place, which nobody does: neither folder nor status tell of it, so
 * whoever gives the old answer has not read it. */
static void hide_change(const struct ground *ground)
{
    put(ground, LIST, "/.\n/opt/other\n");
}

static void an_answer_is_kept_over_runs(void **state)
{
    const struct ground *ground = *state;

    expect_run(ground, "mine");
    hide_change(ground);
    expect_run(ground, "mine");
}

static void nobodys_file_is_kept_as_well(void **state)
{
    const struct ground *ground = *state;

    hide_change(ground);
    expect_run(ground, "");
    put(ground, LIST, FILE_ASKED "\n");
    expect_run(ground, "");
}

/* A change of packages, between runs and between looks of one. */
static void a_change_of_packages_ends_it(void **state)
{
    const struct ground *ground = *state;
    struct ht_known_owners *known = ht_known_owners_new(&ground->root, ground->cache);

    expect(known, ground, "mine");
    hide_change(ground);
    expect(known, ground, "mine");
    put(ground, "var/lib/dpkg/info/more.list", FILE_ASKED "\n");
    expect(known, ground, "more");
    hide_change(ground);
    put(ground, "var/lib/dpkg/info/more.list", "/.\n");
    put(ground, "var/lib/dpkg/status", "Package: mine\n\nPackage: more\n");
    expect_run(ground, "");
    expect(known, ground, "");
    ht_known_owners_free(known);
}

/* What changed a moment ago, or by its time will, may change again and look the same. */
static void nothing_is_kept_of_records_that_just_changed(void **state)
{
    struct ground *ground = *state;
    int64_t past[] = {ground->now - HOUR_NS, 0, INT64_MIN};

    for (size_t i = 0; i < ARRAY_LEN(past); i++) {
        put(ground, LIST, FILE_ASKED "\n");
        ground->now = past[i];
        expect_run(ground, "mine");
        hide_change(ground);
        expect_run(ground, "");
    }
}

static void another_roots_answers_are_not_ours(void **state)
{
    struct ground *ground = *state;
    char *name = ground->root.path;

    expect_run(ground, "mine");
    hide_change(ground);
    ground->root.path = ht_strndup("/other", 6);
    expect_run(ground, "");
    free(ground->root.path);
    ground->root.path = name;
}

/* Of what could not be read in full nothing is known, nothing is kept, and it is asked again. */
static void an_unread_list_is_asked_again(void **state)
{
    const struct ground *ground = *state;
    struct ht_known_owners *known = ht_known_owners_new(&ground->root, ground->cache);
    struct ht_owned question = {.path = HT_S(FILE_ASKED)};
    char path[600];

    hide_change(ground);
    assert_int_equal(truncate(below(ground, LIST, path, sizeof(path)), HT_LIMIT_FILE + 1), 0);
    assert_null(ht_known_owners_ask(known, &question, 1, ground->now));
    assert_int_not_equal(access(below(ground, "cache/owners", path, sizeof(path)), F_OK), 0);
    put(ground, LIST, FILE_ASKED "\n");
    expect(known, ground, "mine");
    ht_known_owners_free(known);
}

/* The file as it was kept, its package another; out has room for it. */
static void falsify(const struct ground *ground, struct ht_buf *out)
{
    char path[600];

    assert_int_equal(ht_read_at(AT_FDCWD, below(ground, "cache/owners", path, sizeof(path)), out,
                                HT_LIMIT_FILE, NULL),
                     0);
    char *at = strstr(out->data, "mine " FILE_ASKED);
    assert_non_null(at);
    memcpy(at, "evil", 4);
    assert_int_equal(ht_file_write(path, ht_buf_str(out), HT_FILE_REPLACE, NULL), 0);
}

static void a_file_that_others_may_write_is_not_used(void **state)
{
    const struct ground *ground = *state;
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    char path[600];

    expect_run(ground, "mine");
    falsify(ground, &text);
    expect_run(ground, "evil"); /* so it is used at all */
    assert_int_equal(chmod(below(ground, "cache/owners", path, sizeof(path)), 0666), 0);
    expect_run(ground, "mine");
}

/* Cut in many places, and with lines that are none. */
static void a_damaged_file_is_none(void **state)
{
    static const char *const endings[] = {"\n", "word\n", "x y\n", "evil\n/opt/x.so\n", "/opt\n"};
    const struct ground *ground = *state;
    ht_autobuf struct ht_buf kept = HT_BUF(HT_LIMIT_FILE), text = HT_BUF(HT_LIMIT_FILE);
    char path[600];

    expect_run(ground, "mine");
    falsify(ground, &kept);
    struct ht_str whole = ht_buf_str(&kept);
    ptrdiff_t head = ht_str_find(whole, HT_S("\n\n"), 0);

    below(ground, "cache/owners", path, sizeof(path));
    for (ptrdiff_t len = 0; len <= head + 1; len += 5) {
        assert_int_equal(
            ht_file_write(path, ht_str_sub(whole, 0, (size_t)len), HT_FILE_REPLACE, NULL), 0);
        expect_run(ground, "mine");
    }
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        ht_buf_reset(&text);
        ht_buf_add_str(&text, whole);
        ht_buf_add_text(&text, endings[i]);
        assert_int_equal(ht_file_write(path, ht_buf_str(&text), HT_FILE_REPLACE, NULL), 0);
        expect_run(ground, "mine");
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_answer_is_kept_over_runs, begin, end),
        cmocka_unit_test_setup_teardown(nobodys_file_is_kept_as_well, begin, end),
        cmocka_unit_test_setup_teardown(a_change_of_packages_ends_it, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_kept_of_records_that_just_changed, begin, end),
        cmocka_unit_test_setup_teardown(another_roots_answers_are_not_ours, begin, end),
        cmocka_unit_test_setup_teardown(an_unread_list_is_asked_again, begin, end),
        cmocka_unit_test_setup_teardown(a_file_that_others_may_write_is_not_used, begin, end),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_none, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
