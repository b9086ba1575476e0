/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process was told, read in one call: the same as in its files, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc-read.h"
#include "proc-words.h"

/* A stat whose fields 48 to 51 are these. */
static void decode(const char *name, const char *words, struct ht_proc_words *ret_words)
{
    char text[512];
    int len = snprintf(text, sizeof(text), "7 (%s) S", name);

    for (int field = 4; field < 48; field++)
        len += snprintf(text + len, sizeof(text) - (size_t)len, " %d", field == 8 ? -1 : field);
    snprintf(text + len, sizeof(text) - (size_t)len, " %s", words);
    ht_proc_decode_words(ht_str_from(text), ret_words);
}

static void stat_tells_where_they_lie(void **state)
{
    static const char *const silent[] = {
        "0 0 0 0 0",             /* who may not know */
        "1000 1000 1000 1064 0", /* no argument */
        "1000 1012 2000 2064 0", /* not in a row */
        "1000 1012 1012 900 0",
        "1000 1012 1012 67000 0", /* too long */
        "1000 1012",
        "",
    };
    struct ht_proc_words words = {.at = 1};

    (void)state;
    decode("sh", "1000 1012 1012 1064 0\n", &words);
    assert_int_equal(words.at, 1000);
    assert_int_equal(words.argv_len, 12);
    assert_int_equal(words.environ_len, 52);
    decode("a) b (c ", "140723000000000 140723000000005 140723000000005 140723000000005 0", &words);
    assert_int_equal(words.at, 140723000000000);
    assert_int_equal(words.argv_len, 5);
    assert_int_equal(words.environ_len, 0);
    for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++) {
        decode("sh", silent[i], &words);
        assert_int_equal(words.at, 0);
    }
    ht_proc_decode_words((struct ht_str){0}, &words);
    assert_int_equal(words.at, 0);
}

/* Where the words of a process lie; the test ends where that is not told. */
static struct ht_proc_words ask(struct ht_proc_reader *reader, pid_t pid)
{
    struct ht_proc_words words;
    bool gone;

    ht_proc_decode_words(ht_proc_read_file(reader, pid, "stat", &gone), &words);
    if (!words.at)
        skip(); /* a sandbox hides it */
    return words;
}

static bool is_denied(int r)
{
    return r == -EPERM || r == -ENOSYS;
}

static void they_are_what_the_files_have(void **state)
{
    struct ht_proc_reader reader;
    ht_autobuf struct ht_buf out = HT_BUF(HT_PROC_WORDS_MAX);
    struct ht_str file;
    bool gone;

    (void)state;
    assert_int_equal(ht_proc_reader_init(&reader, "/proc", NULL), 0);
    struct ht_proc_words words = ask(&reader, getpid());
    int r = ht_proc_read_words(getpid(), &words, &out);
    if (!is_denied(r)) {
        assert_int_equal(r, 0);
        file = ht_proc_read_file(&reader, getpid(), "cmdline", &gone);
        assert_true(ht_str_equal(file, ht_str_sub(ht_buf_str(&out), 0, words.argv_len)));
        file = ht_proc_read_file(&reader, getpid(), "environ", &gone);
        assert_true(ht_str_equal(file, ht_str_sub(ht_buf_str(&out), words.argv_len, out.len)));
    }
    ht_proc_reader_fini(&reader);
    if (is_denied(r))
        skip();
}

/* Other lines than its files have must not be told of one that wrote over them, that runs another
 * program, or that ended. */
static void where_they_may_differ_nothing_is_read(void **state)
{
    struct ht_proc_reader reader;
    ht_autobuf struct ht_buf out = HT_BUF(HT_PROC_WORDS_MAX);
    ht_autobuf struct ht_buf small = HT_BUF(8);
    struct ht_proc_words elsewhere = {.at = 4096, .argv_len = 10};
    int denied;

    (void)state;
    assert_int_equal(ht_proc_reader_init(&reader, "/proc", NULL), 0);
    struct ht_proc_words words = ask(&reader, getpid());
    char *end = (char *)(uintptr_t)(words.at + words.argv_len - 1);
    denied = ht_proc_read_words(getpid(), &words, &out);
    if (!is_denied(denied)) {
        *end = 'x';
        assert_int_equal(ht_proc_read_words(getpid(), &words, &out), -EAGAIN);
        assert_int_equal(out.len, 0);
        *end = '\0';
        assert_int_equal(ht_proc_read_words(getpid(), &words, &out), 0);
        assert_int_equal(ht_proc_read_words(getpid(), &elsewhere, &out), -EFAULT);
        assert_int_equal(ht_proc_read_words(getpid(), &words, &small), -EFBIG);
        assert_int_equal(ht_proc_read_words(getpid(), &(struct ht_proc_words){0}, &out), -ENODATA);

        pid_t child = fork();
        if (child == 0)
            _exit(0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        assert_int_equal(ht_proc_read_words(child, &words, &out), -ESRCH);
    }
    ht_proc_reader_fini(&reader);
    if (is_denied(denied))
        skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stat_tells_where_they_lie),
        cmocka_unit_test(they_are_what_the_files_have),
        cmocka_unit_test(where_they_may_differ_nothing_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
