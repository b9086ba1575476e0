/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/version.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

typedef int (*compare)(struct ht_str a, struct ht_str b);

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

/* "-1" and "<" both mean before. */
static int truth_of(struct ht_str text)
{
    if (ht_str_is(text, "<") || ht_str_is(text, "-1"))
        return -1;
    return ht_str_is(text, ">") || ht_str_is(text, "1");
}

static void compare_both_ways(compare order, struct ht_str a, struct ht_str b, int truth)
{
    if (sign(order(a, b)) != truth || sign(order(b, a)) != -truth)
        fail_msg("%.*s against %.*s: %d and %d, not %d", HT_STR_ARG(a), HT_STR_ARG(b), order(a, b),
                 order(b, a), truth);
}

/* Each line: a, b, truth, and perhaps whether each is a version. Returns how many there were. */
static size_t look_at_truths(const char *file, compare order, bool (*is_version)(struct ht_str))
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    ht_autobuf struct ht_buf path = HT_BUF(4096);
    const char *source = getenv("HT_SRCDIR");
    size_t lines = 0;

    ht_buf_addf(&path, "%s/tests/fixtures/packages/versions/%s", source ? source : ".", file);
    assert_int_equal(ht_read_at(AT_FDCWD, path.data, &text, HT_LIMIT_FILE, NULL), 0);

    struct ht_str rest = ht_buf_str(&text), line;
    while (ht_str_next(&rest, '\n', &line)) {
        struct ht_str a = {0}, b = {0}, truth = {0}, valid;

        if (ht_str_has_prefix(line, "#") || !line.len)
            continue;
        assert_true(ht_str_next(&line, '\t', &a) && ht_str_next(&line, '\t', &b) &&
                    ht_str_next(&line, '\t', &truth));
        compare_both_ways(order, a, b, truth_of(truth));
        compare_both_ways(order, a, a, 0);
        lines++;
        for (int i = 0; is_version && i < 2; i++) {
            assert_true(ht_str_next(&line, '\t', &valid));
            assert_int_equal(is_version(i ? b : a), ht_str_is(valid, "1"));
        }
    }
    return lines;
}

static void order_of_dpkg(void **state)
{
    (void)state;
    assert_int_equal(look_at_truths("deb.tsv", ht_version_compare_deb, NULL), 299);
}

static void order_of_rpm(void **state)
{
    (void)state;
    assert_int_equal(look_at_truths("rpm.tsv", ht_version_compare_rpm_part, NULL), 299);
}

static void order_of_apk(void **state)
{
    (void)state;
    assert_int_equal(look_at_truths("apk.tsv", ht_version_compare_apk, ht_version_is_apk), 299);
}

struct pair {
    const char *a;
    const char *b;
    int truth;
};

static void look_at_pairs(const struct pair *pairs, size_t len, compare order)
{
    for (size_t i = 0; i < len; i++)
        compare_both_ways(order, ht_str_from(pairs[i].a), ht_str_from(pairs[i].b), pairs[i].truth);
}

static void epoch_and_release_of_rpm(void **state)
{
    static const struct pair pairs[] = {
        {"1:1.0-1", "2.0-1", 1},
        {"0:1.0-1", "1.0-1", 0},
        {"5.14.0-427.13.1.el9_4", "5.14.0-70.el9", 1},
        {"5.14.0~rc1-1.el9", "5.14.0-1.el9", -1},
        {"2.43.0^git5-1", "2.43.0-9", 1},
        {"1.0", "1.0-5", 0},
        {"99999999999999999999999999:1-1", "1:1-1", 1},
    };

    (void)state;
    look_at_pairs(pairs, ARRAY_LEN(pairs), ht_version_compare_rpm);
}

static void dpkg_without_a_revision(void **state)
{
    static const struct pair pairs[] = {
        {"1.0", "1.0-0", 0},
        {"1.0", "1.0-1", -1},
        {"0:1.0-1", "1.0-1", 0},
        {"1.0~rc1", "1.0", -1},
        {"1.0-1+b1", "1.0-1", 1},
        {"1.0-1-2", "1.0-1", 1},
        {"6.12.90-1", "6.12.90-1.1", -1},
        {"6.12.90+deb13-amd64", "6.12.90+deb13.1-amd64", -1},
        {"", "", 0},
        /* No version to dpkg; apt puts the shorter first. */
        {"", "0", -1},
        {"1.", "1.0", 0},
        {"a1", "1.0", 1},
        {"1.0-", "1.0", -1},
    };

    (void)state;
    look_at_pairs(pairs, ARRAY_LEN(pairs), ht_version_compare_deb);
}

static void upstream_candidates_count_by_their_number(void **state)
{
    static const struct pair pairs[] = {
        {"1.0.0-rc9", "1.0.0-rc10", -1},
        {"1.0.0-rc93", "1.0.0-rc10", 1},
        {"1.0.0-rc93", "1.0.0-rc.93", 0},
        {"1.0.0-rc93", "1.0.0", -1},
        {"1.4.0-rc.1", "1.4.0-rc.3", -1},
        {"1.4.0-beta.2", "1.4.0-rc.1", -1},
        {"2.2.0-beta.0", "2.2.0", -1},
        {"v1.30.14", "1.30.14", 0},
        {"1.30.14+k3s1", "1.30.14", 0},
        {"1.30.9", "1.30.14", -1},
        {"29.3", "29.3.0", 0},
        {"26.0.0-rc1+incompatible", "26.0.0-rc3", -1},
        {"1.6.0", "1.6.0-alpha.0", 1},
        {"1.0.0-rc8.0.20190930145003-cad42f6e0932", "1.0.0-rc8", 1},
        {"1.0.0-rc8.0.20190930145003-cad42f6e0932", "1.0.0-rc9", -1},
        {"1.0.0~rc93", "1.0.0-rc93", 0},
        {"1.2.3-\xff", "1.2.3-\xfe", 1},
    };

    (void)state;
    look_at_pairs(pairs, ARRAY_LEN(pairs), ht_version_compare_upstream);
    assert_true(ht_version_is_upstream(HT_S("v1.2")));
    assert_true(ht_version_is_upstream(HT_S("20.10.24+dfsg1")));
    assert_false(ht_version_is_upstream(HT_S("(devel)")));
    assert_false(ht_version_is_upstream(HT_S("1")));
    assert_false(ht_version_is_upstream(HT_S("")));
    assert_false(ht_version_is_upstream(HT_S("v1.")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_of_dpkg),
        cmocka_unit_test(order_of_rpm),
        cmocka_unit_test(order_of_apk),
        cmocka_unit_test(epoch_and_release_of_rpm),
        cmocka_unit_test(dpkg_without_a_revision),
        cmocka_unit_test(upstream_candidates_count_by_their_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
