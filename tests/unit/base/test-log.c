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
#include "hulltop/base/log.h"
#include "hulltop/base/mem.h"

struct seen {
    unsigned count;
    uint64_t first, last;
    char text[HT_LOG_TEXT_MAX + 1];
};

static void see(void *context, const struct ht_log_line *line)
{
    struct seen *seen = context;

    if (!seen->count++)
        seen->first = line->number;
    else
        assert_int_equal(line->number, seen->last + 1);
    seen->last = line->number;
    assert_true(strlen(line->text) < sizeof(seen->text));
    memcpy(seen->text, line->text, strlen(line->text) + 1);
}

static struct seen look(uint64_t after)
{
    struct seen seen = {.count = 0};

    ht_log_each(after, see, &seen);
    return seen;
}

static void lines_above_the_level_are_dropped(void **state)
{
    uint64_t before = ht_log_newest();

    (void)state;
    ht_log(HT_LOG_DEBUG, "test", "nobody sees this");
    assert_int_equal(ht_log_newest(), before);
    ht_log(HT_LOG_INFO, "test", "started: %d", 7);
    assert_int_equal(ht_log_newest(), before + 1);
    assert_string_equal(look(before).text, "test: started: 7");
    assert_int_equal(look(before + 1).count, 0);
}

static void hostile_text_becomes_printable(void **state)
{
    struct ht_error err;

    (void)state;
    ht_error_set(&err, EIO, "\x1b[2J\xff");
    ht_log_error(HT_LOG_ERROR, "test", &err);
    assert_string_equal(look(ht_log_newest() - 1).text, "test: \\x1b[2J\\xff");
    ht_log(HT_LOG_ERROR, "test", "a\nb");
    assert_string_equal(look(ht_log_newest() - 1).text, "test: a\\x0ab");
}

static void a_long_line_is_cut(void **state)
{
    struct ht_buf text = HT_BUF(20000);

    (void)state;
    for (int i = 0; i < 5000; i++)
        ht_buf_add_text(&text, "\xc3\xa9");
    for (int shift = 0; shift < 2; shift++) {
        ht_log(HT_LOG_ERROR, shift ? "t" : "te", "%s", text.data);

        struct seen seen = look(ht_log_newest() - 1);

        assert_int_equal(seen.count, 1);
        assert_true(strlen(seen.text) < HT_LOG_TEXT_MAX);
        assert_true(strlen(seen.text) > HT_LOG_TEXT_MAX - 8);
        assert_string_equal(seen.text + strlen(seen.text) - 3, "\xc3\xa9~");
    }
    ht_buf_fini(&text);
}

static void the_descriptor_gets_whole_lines(void **state)
{
    char line[1000];
    int pipes[2];

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    ht_log_configure(HT_LOG_DEBUG, pipes[1]);
    ht_log(HT_LOG_DEBUG, "test", "seen");
    ht_log_configure(HT_LOG_INFO, -1);
    ht_log(HT_LOG_ERROR, "test", "not there");
    close(pipes[1]);
    ssize_t len = read(pipes[0], line, sizeof(line) - 1);
    assert_true(len > 0);
    line[len] = '\0';
    assert_string_equal(strchr(line, ' '), " debug test: seen\n");
    assert_int_equal(strchr(line, ' ') - line, strlen("2026-11-23T14:02:31.123Z"));
    close(pipes[0]);
}

static void *write_many(void *context)
{
    for (int i = 0; i < 2 * HT_LOG_LINES; i++)
        ht_log(HT_LOG_INFO, context, "line %d", i);
    return NULL;
}

static void the_newest_thousand_lines_are_kept_whoever_writes(void **state)
{
    uint64_t before = ht_log_newest();
    pthread_t threads[2];
    char name[] = "test";

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, name), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);

    struct seen seen = look(0);

    assert_int_equal(seen.count, HT_LOG_LINES);
    assert_int_equal(seen.last, before + 4 * HT_LOG_LINES);
    assert_int_equal(look(seen.last - 10).count, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_above_the_level_are_dropped),
        cmocka_unit_test(hostile_text_becomes_printable),
        cmocka_unit_test(a_long_line_is_cut),
        cmocka_unit_test(the_descriptor_gets_whole_lines),
        cmocka_unit_test(the_newest_thousand_lines_are_kept_whoever_writes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
