/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/digest.h"
#include "hulltop/base/mem.h"

static void known_digests(void **state)
{
    char out[HT_SHA256_TEXT_MAX];

    (void)state;
    assert_string_equal(ht_sha256_text(HT_S(""), out),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_string_equal(ht_sha256_text(HT_S("abc"), out),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void pieces_give_the_digest_of_the_whole(void **state)
{
    struct ht_sha256 *digest = ht_sha256_new();
    char out[HT_SHA256_TEXT_MAX];

    (void)state;
    ht_sha256_add(digest, HT_S("a"));
    ht_sha256_add(digest, HT_S(""));
    ht_sha256_add(digest, HT_S("bc"));
    ht_sha256_finish(digest, out);
    assert_string_equal(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    ht_sha256_finish(ht_sha256_new(), NULL);
    ht_sha256_finish(NULL, NULL);
}

static void a_file_is_digested_up_to_the_limit(void **state)
{
    struct ht_error err = {.code = 0};
    char out[HT_SHA256_TEXT_MAX];
    int pipes[2];

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(write(pipes[1], "abcabc", 6), 6);
    close(pipes[1]);
    assert_int_equal(ht_sha256_fd(pipes[0], "x", 5, out, &err), -EFBIG);
    assert_string_equal(err.text, "x: more than 5 bytes");
    close(pipes[0]);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(write(pipes[1], "abc", 3), 3);
    close(pipes[1]);
    assert_int_equal(ht_sha256_fd(pipes[0], "x", 3, out, &err), 0);
    assert_string_equal(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    close(pipes[0]);
    assert_int_equal(ht_sha256_fd(-1, "x", 3, out, &err), -EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_digests),
        cmocka_unit_test(pieces_give_the_digest_of_the_whole),
        cmocka_unit_test(a_file_is_digested_up_to_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
