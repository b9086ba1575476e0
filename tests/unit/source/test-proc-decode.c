/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small files below /proc/PID. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/proc-decode.h"

static const char status[] =
    "Name:\tevil\\nUid:\t9\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t411\nTracerPid:\t7\n"
    "Uid:\t1000\t0\t1000\t1000\nGid:\t5\t6\t5\t5\nNSpid:\t411\t12\t1\n"
    "CapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\nCapEff:\t0000003ffeffffff\n"
    "CapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000400\nNoNewPrivs:\t1\nSeccomp:\t2\n"
    "Seccomp_filters:\t1\n";

static void status_gives_the_security_fields(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_process process = {0};

    (void)state;
    assert_true(ht_proc_decode_status(ht_str_from(status), arena, &process));
    assert_int_equal(process.uid, 1000);
    assert_int_equal(process.euid, 0);
    assert_int_equal(process.egid, 6);
    assert_int_equal(process.tracer, 7);
    assert_true(process.cap_prm == 0xa80425fb);
    assert_true(process.cap_eff == UINT64_C(0x3ffeffffff));
    assert_true(process.cap_bnd == UINT64_C(0x1ffffffffff));
    assert_true(ht_process_has_cap_inh(&process) && process.cap_inh == 0);
    assert_true(process.cap_amb == 0x400);
    assert_true(process.no_new_privs);
    assert_int_equal(process.seccomp, HT_SECCOMP_MODE_FILTER);
    assert_int_equal(process.ns_pids.len, 3);
    assert_int_equal(process.ns_pids.items[2], 1);
}

static void what_status_lacks_stays_unknown(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_process process = {0};

    (void)state;
    assert_true(ht_proc_decode_status(HT_S("State:\tR\nCapEff:\tzz\nSeccomp:\t9\nNSpid:\t1 x\n"),
                                      arena, &process));
    assert_true(process.known == 0);
}

static void zombies_and_nonsense_are_no_process(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_process process = {0};

    (void)state;
    assert_false(ht_proc_decode_status(HT_S("State:\tZ (zombie)\n"), arena, &process));
    assert_false(ht_proc_decode_status(HT_S("State:\tX (dead)\n"), arena, &process));
    assert_false(ht_proc_decode_status(HT_S(""), arena, &process));
}

static void stat_is_read_behind_a_hostile_name(void **state)
{
    struct ht_proc_stat stat = {0};

    (void)state;
    assert_int_equal(
        ht_proc_decode_stat(HT_S("12 (a) S 1 (b) R 7 1 1 34819 -1 2097156 0 0 0 0 30 4 0 0 20 0 1 "
                                 "0 777 8 9"),
                            &stat),
        0);
    assert_true(ht_str_is(stat.comm, "a) S 1 (b"));
    assert_int_equal(stat.state, 'R');
    assert_int_equal(stat.ppid, 7);
    assert_int_equal(stat.session, 1);
    assert_int_equal(stat.tty, 136 << 8 | 3);
    assert_true(stat.kernel);
    assert_int_equal(stat.used, 34);
    assert_int_equal(stat.start, 777);
    assert_int_equal(ht_proc_decode_stat(HT_S("12 () S 1 2"), &stat), -EINVAL);
    assert_int_equal(ht_proc_decode_stat(HT_S(")("), &stat), -EINVAL);
    assert_int_equal(ht_proc_decode_stat(HT_S(""), &stat), -EINVAL);
    assert_int_equal(stat.start, 777);
}

static void uid_map_is_its_first_line(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_process full = {0};
    struct ht_process mapped = {0};
    struct ht_process none = {0};

    (void)state;
    ht_proc_decode_uid_map(HT_S("         0          0 4294967295\n"), arena, &full);
    assert_true(ht_str_is(full.uid_map, "0 0 4294967295"));
    assert_true(full.uid_map_full);
    ht_proc_decode_uid_map(HT_S("0 200000 65536\n65536 1 1\n"), arena, &mapped);
    assert_true(ht_str_is(mapped.uid_map, "0 200000 65536"));
    assert_true(ht_process_has_uid_map_full(&mapped) && !mapped.uid_map_full);
    ht_proc_decode_uid_map(HT_S(""), arena, &none);
    assert_true(none.known == 0);
}

static void labels_end_at_newline_or_nul(void **state)
{
    struct ht_process process = {0};
    struct ht_process none = {0};

    (void)state;
    ht_proc_decode_lsm(HT_S("docker-default (enforce)\n"), &process);
    assert_true(ht_str_is(process.lsm, "docker-default (enforce)"));
    ht_proc_decode_lsm(HT_S("system_u:system_r:spc_t:s0\0"), &process);
    assert_true(ht_str_is(process.lsm, "system_u:system_r:spc_t:s0"));
    ht_proc_decode_lsm(HT_S("\n"), &none);
    assert_true(none.known == 0);
}

static void command_lines_are_split_cut_and_masked(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autobuf struct ht_buf many = HT_BUF(HT_LIMIT_PROC_FILE);
    struct ht_process process = {0};

    (void)state;
    ht_proc_decode_cmdline(HT_S("sh\0-c\0echo a\nb\0\0--password\0hunter2\0"), arena, &process);
    assert_int_equal(process.argv.len, 6);
    assert_true(ht_str_is(process.argv.items[2], "echo a\nb"));
    assert_int_equal(process.argv.items[3].len, 0);
    assert_false(ht_str_is(process.argv.items[5], "hunter2"));
    /* A title that was written over the arguments, padded. */
    ht_proc_decode_cmdline(HT_S("nginx: worker process\0\0\0\0"), arena, &process);
    assert_int_equal(process.argv.len, 1);
    ht_proc_decode_cmdline(HT_S(""), arena, &process);
    assert_true(ht_process_has_argv(&process));
    assert_int_equal(process.argv.len, 0);

    for (int i = 0; i < HT_LIMIT_ARGV + 1; i++)
        ht_buf_add(&many, "x", 2);
    ht_proc_decode_cmdline(ht_buf_str(&many), arena, &process);
    assert_int_equal(process.argv.len, HT_LIMIT_ARGV);
    ht_buf_reset(&many);
    ht_buf_add_n(&many, 'y', HT_LIMIT_ARG + 1);
    ht_proc_decode_cmdline(ht_buf_str(&many), arena, &process);
    assert_int_equal(process.argv.items[0].len, HT_LIMIT_ARG);
}

static void nobody_logged_in_is_absent(void **state)
{
    struct ht_process process = {0};

    (void)state;
    ht_proc_decode_loginuid(HT_S("4294967295"), &process);
    assert_true(process.known == 0);
    ht_proc_decode_loginuid(HT_S("1000"), &process);
    assert_int_equal(process.login_uid, 1000);
}

static void namespaces_terminals_and_sockets(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);

    (void)state;
    assert_int_equal(ht_proc_decode_ns(HT_S("pid:[4026531836]")), 4026531836U);
    assert_int_equal(ht_proc_decode_ns(HT_S("pid:[]")), 0);
    assert_int_equal(ht_proc_decode_ns(HT_S("[")), 0);
    assert_int_equal(ht_proc_decode_ns(HT_S("")), 0);
    assert_true(ht_str_is(ht_proc_decode_tty(136 << 8 | 3, arena), "pts/3"));
    assert_true(ht_str_is(ht_proc_decode_tty(4 << 8 | 1, arena), "tty1"));
    assert_true(ht_str_is(ht_proc_decode_tty(4 << 8 | 65, arena), "ttyS1"));
    assert_true(ht_str_is(ht_proc_decode_tty(5 << 8 | 1, arena), "console"));
    assert_int_equal(ht_proc_decode_tty(0, arena).len, 0);
    assert_int_equal(ht_proc_decode_packet(HT_S("sk RefCnt\nffff 3\nffff 2\n")), 2);
    assert_int_equal(ht_proc_decode_packet(HT_S("sk RefCnt\n")), 0);
}

static void monitors_name_their_container(void **state)
{
    const struct ht_str shim[] = {HT_STR("/usr/bin/containerd-shim-runc-v2"), HT_STR("-namespace"),
                                  HT_STR("moby"), HT_STR("-id"), HT_STR("abc")};
    const struct ht_str conmon[] = {HT_STR("/usr/libexec/podman/conmon"), HT_STR("-c"),
                                    HT_STR("def")};
    const struct ht_str other[] = {HT_STR("sh"), HT_STR("-c"), HT_STR("conmon")};
    const struct ht_str cut[] = {HT_STR("conmon"), HT_STR("-c")};
    const char *kind = NULL;

    (void)state;
    assert_true(ht_str_is(
        ht_proc_decode_monitor((struct ht_text_list){shim, ARRAY_LEN(shim)}, &kind), "abc"));
    assert_string_equal(kind, "shim");
    assert_true(ht_str_is(
        ht_proc_decode_monitor((struct ht_text_list){conmon, ARRAY_LEN(conmon)}, &kind), "def"));
    assert_string_equal(kind, "conmon");
    assert_int_equal(
        ht_proc_decode_monitor((struct ht_text_list){other, ARRAY_LEN(other)}, &kind).len, 0);
    assert_int_equal(ht_proc_decode_monitor((struct ht_text_list){cut, ARRAY_LEN(cut)}, &kind).len,
                     0);
    assert_int_equal(ht_proc_decode_monitor((struct ht_text_list){0}, &kind).len, 0);
}

static void os_release_is_read_like_a_shell_would(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    const struct ht_str text =
        HT_S("# comment\nPRETTY_NAME=\"Debian \\\"12\\\"\"\nID=debian\nVERSION_ID='12'\n");

    (void)state;
    assert_true(ht_str_is(ht_proc_decode_os_release(text, "PRETTY_NAME", arena), "Debian \"12\""));
    assert_true(ht_str_is(ht_proc_decode_os_release(text, "ID", arena), "debian"));
    assert_true(ht_str_is(ht_proc_decode_os_release(text, "VERSION_ID", arena), "12"));
    assert_int_equal(ht_proc_decode_os_release(text, "NAME", arena).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_gives_the_security_fields),
        cmocka_unit_test(what_status_lacks_stays_unknown),
        cmocka_unit_test(zombies_and_nonsense_are_no_process),
        cmocka_unit_test(stat_is_read_behind_a_hostile_name),
        cmocka_unit_test(uid_map_is_its_first_line),
        cmocka_unit_test(labels_end_at_newline_or_nul),
        cmocka_unit_test(command_lines_are_split_cut_and_masked),
        cmocka_unit_test(nobody_logged_in_is_absent),
        cmocka_unit_test(namespaces_terminals_and_sockets),
        cmocka_unit_test(monitors_name_their_container),
        cmocka_unit_test(os_release_is_read_like_a_shell_would),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
