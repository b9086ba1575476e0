/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of the process connector and events of fanotify, as Linux 6.18 wrote them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/source/exec-decode.h"
#include "src/source/exec-private.h"
#include "hulltop/base/limits.h"

#define HEAD "\x03\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00"
#define EXEC                                                                                       \
    "\x4c\x00\x00\x00" HEAD                                                                        \
    "\x01\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x28\x00\x00\x00"             \
    "\x02\x00\x00\x00\x01\x00\x00\x00\xd6\xe1\x67\x4c\xe4\x0c\x00\x00\x9f\x34\x00\x00"             \
    "\xa0\x34\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

enum { EXEC_BYTES = 76, FIRST_PID = 0x349f, LENGTH_AT = 32 };

static struct ht_str text_of(const char *bytes, size_t len)
{
    return (struct ht_str){.data = bytes, .len = len};
}

static void start_names_its_process(void **state)
{
    struct ht_str text = text_of(EXEC EXEC, 2 * EXEC_BYTES);
    struct ht_connector_event event;

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_true(ht_connector_next(&text, &event));
        assert_int_equal(event.what, 2);
        assert_int_equal(event.pid, FIRST_PID);
        assert_int_equal(event.tgid, FIRST_PID + 1);
        assert_int_equal(event.cpu, 1);
        assert_int_equal(event.sequence, 2);
        assert_int_equal(event.at_mono_ns, INT64_C(0x0ce44c67e1d6));
    }
    assert_false(ht_connector_next(&text, &event));
}

static void message_that_is_cut_or_lies_is_none(void **state)
{
    char bytes[EXEC_BYTES + 1] = EXEC;
    struct ht_connector_event event;

    (void)state;
    for (size_t len = 0; len < 60; len++) {
        struct ht_str text = text_of(EXEC, len);

        assert_false(ht_connector_next(&text, &event));
        assert_int_equal(text.len, 0);
    }
    bytes[0] = 0x0f; /* shorter than its own head */
    struct ht_str text = text_of(bytes, EXEC_BYTES);
    assert_false(ht_connector_next(&text, &event));
    memcpy(bytes, EXEC, EXEC_BYTES);
    bytes[LENGTH_AT] = 0x40; /* more than the message holds */
    text = text_of(bytes, EXEC_BYTES);
    assert_false(ht_connector_next(&text, &event));
    memcpy(bytes, EXEC, EXEC_BYTES);
    bytes[16] = 9; /* another connector */
    text = text_of(bytes, EXEC_BYTES);
    assert_false(ht_connector_next(&text, &event));
}

/* A script: its own file, its interpreter, the loader. */
#define OPENED(fd)                                                                                 \
    "\x18\x00\x00\x00\x03\x00\x18\x00\x00\x10\x00\x00\x00\x00\x00\x00" fd "\x9f\x34\x00\x00"
static const char opened[] =
    OPENED("\x05\x00\x00\x00") OPENED("\x06\x00\x00\x00") OPENED("\x07\x00\x00\x00");

enum { OPENED_BYTES = 24 };

static void files_come_in_the_order_they_were_opened(void **state)
{
    struct ht_str text = text_of(opened, sizeof(opened) - 1);
    struct ht_fanotify_event event;

    (void)state;
    for (int fd = 5; fd < 8; fd++) {
        assert_true(ht_fanotify_next(&text, &event));
        assert_int_equal(event.fd, fd);
        assert_int_equal(event.pid, FIRST_PID);
        assert_true(event.mask == FAN_OPEN_EXEC);
    }
    assert_false(ht_fanotify_next(&text, &event));
}

static void overflow_has_no_file(void **state)
{
    static const char bytes[] = "\x18\x00\x00\x00\x03\x00\x18\x00\x00\x40\x00\x00\x00\x00\x00\x00"
                                "\xff\xff\xff\xff\x00\x00\x00\x00";
    struct ht_str text = text_of(bytes, OPENED_BYTES);
    struct ht_fanotify_event event;

    (void)state;
    assert_true(ht_fanotify_next(&text, &event));
    assert_true(event.mask & FAN_Q_OVERFLOW);
    assert_int_equal(event.fd, -1);
    assert_int_equal(event.pid, 0);
}

static void event_that_is_cut_or_lies_is_none(void **state)
{
    char bytes[sizeof(opened)];
    struct ht_fanotify_event event;
    struct ht_str text;

    (void)state;
    for (size_t len = 0; len < OPENED_BYTES; len++) {
        text = text_of(opened, len);
        assert_false(ht_fanotify_next(&text, &event));
    }
    memcpy(bytes, opened, sizeof(opened));
    bytes[0] = 0x17; /* shorter than an event */
    text = text_of(bytes, sizeof(opened) - 1);
    assert_false(ht_fanotify_next(&text, &event));
    assert_int_equal(text.len, 0);
    bytes[0] = 0x7f; /* longer than what was read */
    text = text_of(bytes, sizeof(opened) - 1);
    assert_false(ht_fanotify_next(&text, &event));
    memcpy(bytes, opened, sizeof(opened));
    bytes[4] = 2; /* another version */
    text = text_of(bytes, sizeof(opened) - 1);
    assert_false(ht_fanotify_next(&text, &event));
}

/* ---- whose it is ---- */

static void groups_that_were_left_are_known(void **state)
{
    (void)state;
    assert_true(ht_cgroup_is_left(HT_S("9:name=systemd:/\n8:pids:/\n0::/\n")));
    /* Of cgroup v2 alone nothing is said: it keeps the group of what ended. */
    assert_true(ht_cgroup_is_left(HT_S("8:pids:/\n0::/system.slice/containerd.service\n")));
    assert_false(ht_cgroup_is_left(HT_S("0::/\n")));
    assert_false(ht_cgroup_is_left(HT_S("9:name=systemd:/\n8:pids:/docker/0123\n0::/\n")));
    assert_false(ht_cgroup_is_left(HT_S("")));
}

/* Where both are mounted, what v2 keeps says whose it was. */
static void of_both_the_second_keeps_the_container(void **state)
{
    struct ht_cgroup_facts facts;

    (void)state;
    ht_cgroup_decode(HT_S("8:pids:/\n0::/docker/"
                          "4f0c1e9a77b2d1b2a3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7081920\n"),
                     &facts);
    assert_int_equal(facts.sure, HT_CGROUP_CERTAIN);
}

static void whose_a_zombie_was_is_not_known_where_it_left_its_groups(void **state)
{
    ht_autobuf struct ht_buf own = HT_BUF(HT_LIMIT_PROC_FILE), dead = HT_BUF(HT_LIMIT_PROC_FILE);
    struct ht_proc_reader reader;
    struct ht_error err = {0};
    siginfo_t info;
    pid_t child;

    (void)state;
    assert_int_equal(ht_proc_reader_init(&reader, "/proc", &err), 0);
    ht_exec_read_cgroup(&reader, getpid(), &own);
    assert_true(own.len > 0);
    child = fork();
    if (child == 0)
        _exit(0);
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    ht_exec_read_cgroup(&reader, child, &dead);
    assert_false(ht_cgroup_is_left(ht_buf_str(&dead)));
    assert_int_equal(waitpid(child, NULL, 0), child);
    ht_exec_read_cgroup(&reader, child, &dead);
    assert_int_equal(dead.len, 0);
    ht_proc_reader_fini(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_names_its_process),
        cmocka_unit_test(message_that_is_cut_or_lies_is_none),
        cmocka_unit_test(files_come_in_the_order_they_were_opened),
        cmocka_unit_test(overflow_has_no_file),
        cmocka_unit_test(event_that_is_cut_or_lies_is_none),
        cmocka_unit_test(groups_that_were_left_are_known),
        cmocka_unit_test(of_both_the_second_keeps_the_container),
        cmocka_unit_test(whose_a_zombie_was_is_not_known_where_it_left_its_groups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
