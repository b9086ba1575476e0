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

#include "hulltop/base/http.h"

/* What talks is tested against the misbehaving peer (tests/hostile/test-http.c). */

static void text_is_escaped_for_one_part_of_a_path(void **state)
{
    struct ht_buf out = HT_BUF(1000);

    (void)state;
    ht_http_escape(&out, HT_S("aZ09-._~"));
    assert_string_equal(out.data, "aZ09-._~");
    ht_buf_reset(&out);
    ht_http_escape(&out, HT_S("a/b?c&d=\"e\" %\r\n\0\xff{}"));
    assert_string_equal(out.data, "a%2Fb%3Fc%26d%3D%22e%22%20%25%0D%0A%00%FF%7B%7D");
    ht_buf_fini(&out);
}

static void headers_come_before_trailers_and_without_blanks(void **state)
{
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;

    (void)state;
    ht_buf_init(&answer.headers, 100);
    ht_buf_init(&answer.trailers, 100);
    ht_buf_add_text(&answer.headers, "A: 1\nB:2 \nno colon\n: none\n");
    ht_buf_add_text(&answer.trailers, "b: 3\nGrpc-Status: 0\n");
    assert_true(ht_str_is(ht_http_header(&answer, "a"), "1"));
    assert_true(ht_str_is(ht_http_header(&answer, "B"), "2"));
    assert_true(ht_str_is(ht_http_header(&answer, "grpc-status"), "0"));
    assert_int_equal(ht_http_header(&answer, "").len, 0);
    assert_int_equal(ht_http_header(&answer, "no colon").len, 0);
}

static void a_password_in_an_address_is_not_quoted(void **state)
{
    static const char *const urls[] = {"https://admin:hunter2@host:2379", "admin:hunter2@host",
                                       "http://a/?token=hunter2@"};

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct ht_http_options options = {.url = urls[i]};
        struct ht_error err = {0};

        assert_null(ht_http_new(&options, &err));
        assert_int_equal(err.code, EINVAL);
        assert_null(strstr(err.text, "hunter2"));
    }
}

static void of_a_socket_that_is_not_there_nothing_is_made(void **state)
{
    static const char *const paths[] = {"/nonexistent/a.sock", "/dev/null/a.sock"};

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct ht_http_options options = {.socket_path = paths[i]};
        struct ht_error err = {0};

        assert_null(ht_http_new(&options, &err));
        assert_int_equal(err.code, ENOENT);
        assert_non_null(strstr(err.text, "a.sock: there is no such socket"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_escaped_for_one_part_of_a_path),
        cmocka_unit_test(headers_come_before_trailers_and_without_blanks),
        cmocka_unit_test(of_a_socket_that_is_not_there_nothing_is_made),
        cmocka_unit_test(a_password_in_an_address_is_not_quoted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
