/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/pkg-likeness.h"

static unsigned likeness(const char *place, const char *package)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    const struct ht_str path = ht_str_from(place);

    return ht_likeness_of(ht_likenesses_new(&path, 1, arena), ht_str_from(package));
}

static void the_package_of_a_file_is_the_likeliest(void **state)
{
    static const char *const cases[][3] = {
        {"/lib/x86_64-linux-gnu/libssl.so.3", "libssl3:amd64", "libssl-dev:amd64"},
        {"/lib/x86_64-linux-gnu/libssl.so.3", "libssl3", "libssh2-1"},
        {"/lib/x86_64-linux-gnu/libcrypto.so.3", "libssl3", "libcroco3"},
        {"/lib/x86_64-linux-gnu/libfoo-1.2.so.0.4.1", "libfoo1.2-0", "libfoo-dev"},
        {"/lib/x86_64-linux-gnu/libglib-2.0.so.0.7400.6", "libglib2.0-0", "libgl1"},
        {"/lib/x86_64-linux-gnu/libstdc++.so.6.0.30", "libstdc++6", "libstat"},
        {"/lib/x86_64-linux-gnu/libc.so.6", "libc6", "libc6-dev"},
        {"/lib64/ld-linux-x86-64.so.2", "libc6", "ld-tool"},
        {"/sbin/nginx", "nginx", "nginx-common"},
        {"/bin/python3.11", "python3.11-minimal", "python3"},
        {"/usr/lib/postgresql/15/bin/postgres", "postgresql-15", "postgresql-client-15"},
        {"/usr/lib/postgresql/15/bin/postgres", "postgresql-15", "postfix"},
        {"/sbin/sshd", "openssh-server", "openssh-client"},
        {"/bin/Xorg", "xorg-server", "xfonts"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (likeness(cases[i][0], cases[i][1]) <= likeness(cases[i][0], cases[i][2]))
            fail_msg("%s: %s", cases[i][0], cases[i][1]);
}

static void what_has_little_in_common_says_nothing(void **state)
{
    (void)state;
    assert_int_equal(likeness("/lib/x86_64-linux-gnu/libssl.so.3", "libx11-6"), 0);
    assert_int_equal(likeness("/usr/bin/ls", "usrmerge"), 0);
    assert_int_equal(likeness("/usr/bin/ls", ""), 0);
    assert_int_equal(likeness("/", "nginx"), 0);
    assert_int_equal(
        likeness("/usr/bin/\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4", "\xc3\xa4\xc3\xa4\xc3\xa4"), 0);
    assert_int_equal(likeness("/a/b/c/d/e/f/g/h/i/j/k/nginx", "zlib1g"), 0);
    assert_true(likeness("/a/b/c/d/e/f/g/h/i/j/k/nginx", "nginx") > 0);
}

static void one_of_many_files_is_enough(void **state)
{
    static const struct ht_str places[] = {HT_STR("/bin/cat"), HT_STR("/sbin/nginx"),
                                           HT_STR("/sbin/haproxy")};
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    const struct ht_likenesses *all = ht_likenesses_new(places, ARRAY_LEN(places), arena);

    (void)state;
    assert_true(ht_likeness_of(all, HT_S("nginx")) > 0);
    assert_true(ht_likeness_of(all, HT_S("haproxy")) > 0);
    assert_int_equal(ht_likeness_of(all, HT_S("apache2")), 0);
    assert_int_equal(ht_likeness_of(ht_likenesses_new(NULL, 0, arena), HT_S("nginx")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_package_of_a_file_is_the_likeliest),
        cmocka_unit_test(what_has_little_in_common_says_nothing),
        cmocka_unit_test(one_of_many_files_is_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
