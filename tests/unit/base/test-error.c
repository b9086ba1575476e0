/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_message_says_object_and_cause(void **state)
{
    (void)state;
    struct ht_error err = {0};

    assert_int_equal(ht_error_set(&err, EINVAL, "x:%d: not a number", 3), -EINVAL);
    assert_int_equal(err.code, EINVAL);
    assert_string_equal(err.text, "x:3: not a number");
    assert_int_equal(ht_error_errno(&err, EACCES, "docker.sock"), -EACCES);
    assert_int_equal(err.code, EACCES);
    assert_string_equal(err.text, "docker.sock: Permission denied");
}

static void wrapping_puts_what_was_done_in_front(void **state)
{
    (void)state;
    struct ht_error err = {0};

    ht_error_set(&err, ENOENT, "inner");
    assert_int_equal(ht_error_wrap(&err, "view %s", "x"), -ENOENT);
    assert_string_equal(err.text, "view x: inner");
    assert_int_equal(err.code, ENOENT);
}

static void nobody_has_to_listen(void **state)
{
    (void)state;
    assert_int_equal(ht_error_set(NULL, EINVAL, "x"), -EINVAL);
    assert_int_equal(ht_error_errno(NULL, EINVAL, "x"), -EINVAL);
    assert_true(ht_error_wrap(NULL, "x") < 0);
}

static void long_messages_are_cut_visibly(void **state)
{
    (void)state;
    struct ht_error err = {0};
    char text[2 * HT_ERROR_TEXT_MAX];

    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    ht_error_set(&err, EINVAL, "%s", text);
    assert_int_equal(strlen(err.text), HT_ERROR_TEXT_MAX - 1);
    assert_string_equal(err.text + HT_ERROR_TEXT_MAX - 5, "x...");
    ht_error_errno(&err, EINVAL, "%s", text);
    assert_int_equal(strlen(err.text), HT_ERROR_TEXT_MAX - 1);
    assert_string_equal(err.text + HT_ERROR_TEXT_MAX - 4, "...");

    text[HT_ERROR_TEXT_MAX - 1] = '\0';
    ht_error_set(&err, EINVAL, "%s", text);
    assert_string_equal(err.text, text);
    ht_error_wrap(&err, "p");
    assert_int_equal(strlen(err.text), HT_ERROR_TEXT_MAX - 1);
    assert_memory_equal(err.text, "p: xxx", 6);
    assert_string_equal(err.text + HT_ERROR_TEXT_MAX - 4, "...");
}

static void a_missing_right_is_told_from_other_errors(void **state)
{
    (void)state;

    assert_true(ht_error_is_denied(-EACCES) && ht_error_is_denied(-EPERM));
    assert_false(ht_error_is_denied(0) || ht_error_is_denied(-ENOENT));
    /* A descriptor, or how many there are. */
    assert_false(ht_error_is_denied(EACCES) || ht_error_is_denied(EPERM));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_says_object_and_cause),
        cmocka_unit_test(wrapping_puts_what_was_done_in_front),
        cmocka_unit_test(nobody_has_to_listen),
        cmocka_unit_test(long_messages_are_cut_visibly),
        cmocka_unit_test(a_missing_right_is_told_from_other_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
