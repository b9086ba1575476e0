/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The recorded /proc of every kind of container, through the decoders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "src/source/proc-decode.h"

enum { PATH_BYTES = 4096, KINDS_LEAST = 60 };

static struct ht_str read_file(const char *folder, const char *name, struct ht_buf *out)
{
    char path[PATH_BYTES];
    struct ht_error err = {0};

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    ht_buf_init(out, HT_LIMIT_MOUNTINFO);
    if (ht_read_at(AT_FDCWD, path, out, HT_LIMIT_MOUNTINFO, &err) < 0)
        fail_msg("%s", err.text);
    return ht_buf_str(out);
}

/* Folders of recorded first processes; the host's own is not among them. */
static size_t find_kinds(const char *pattern, glob_t *found)
{
    const char *source = getenv("HT_SRCDIR");
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/tests/fixtures/proc/%s/status", source ? source : ".",
             pattern);
    memset(found, 0, sizeof(*found));
    if (glob(path, 0, NULL, found) != 0)
        return 0;
    for (size_t i = 0; i < found->gl_pathc; i++)
        *strrchr(found->gl_pathv[i], '/') = '\0';
    return found->gl_pathc;
}

static void each_kind_has_an_id_and_a_root(void **state)
{
    glob_t kinds;
    size_t count = find_kinds("*/*", &kinds);

    (void)state;
    assert_true(count >= KINDS_LEAST);
    for (size_t i = 0; i < count; i++) {
        const char *folder = kinds.gl_pathv[i];
        ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
        ht_autobuf struct ht_buf text = HT_BUF(0);
        ht_autobuf struct ht_buf mounts = HT_BUF(0);
        struct ht_cgroup_facts facts;
        struct ht_process process = {0};

        print_message("%s\n", folder);
        ht_cgroup_decode(read_file(folder, "cgroup", &text), &facts);
        assert_int_equal(facts.sure, HT_CGROUP_CERTAIN);
        assert_int_equal(facts.container_id.len, 64);
        ht_buf_fini(&text);
        assert_true(ht_proc_decode_status(read_file(folder, "status", &text), arena, &process));
        assert_true(ht_process_has_cap_eff(&process) && ht_process_has_seccomp(&process) &&
                    ht_process_has_no_new_privs(&process) && ht_process_has_uid(&process));
        ht_mountinfo_decode(read_file(folder, "mountinfo", &mounts), false, NULL, arena, &process);
        assert_true(process.mounts.len > 5);
        bool root = false;
        for (size_t j = 0; j < process.mounts.len; j++)
            root = root || (process.mounts.items[j].origin == HT_MOUNT_ORIGIN_IMAGE &&
                            ht_str_is(process.mounts.items[j].target, "/"));
        assert_true(root);
        assert_false(ht_arena_is_full(arena));
    }
    globfree(&kinds);
}

static void read_kind(const char *kind, struct ht_arena *arena, struct ht_buf *text,
                      struct ht_buf *mounts, struct ht_process *process)
{
    glob_t found;
    ht_autobuf struct ht_buf host_text = HT_BUF(0);
    char host[PATH_BYTES];
    struct ht_host_mounts host_mounts;

    assert_int_equal(find_kinds(kind, &found), 1);
    snprintf(host, sizeof(host), "%s/../host", found.gl_pathv[0]);
    ht_mountinfo_decode_host(read_file(host, "mountinfo", &host_text), arena, &host_mounts);
    assert_true(
        ht_proc_decode_status(read_file(found.gl_pathv[0], "status", text), arena, process));
    ht_mountinfo_decode(read_file(found.gl_pathv[0], "mountinfo", mounts), false, &host_mounts,
                        arena, process);
    globfree(&found);
}

static const struct ht_mount *find_mount(const struct ht_process *process, const char *target)
{
    for (size_t i = 0; i < process->mounts.len; i++) {
        if (ht_str_is(process->mounts.items[i].target, target))
            return &process->mounts.items[i];
    }
    return NULL;
}

static void docker_socket_is_seen_as_a_path_of_the_host(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autobuf struct ht_buf text = HT_BUF(0);
    ht_autobuf struct ht_buf mounts = HT_BUF(0);
    struct ht_process process = {0};
    bool socket = false;

    (void)state;
    read_kind("plain/dsock", arena, &text, &mounts, &process);
    for (size_t i = 0; i < process.mounts.len; i++)
        socket = socket || (process.mounts.items[i].origin == HT_MOUNT_ORIGIN_BIND &&
                            ht_str_has_suffix(process.mounts.items[i].source, "docker.sock"));
    assert_true(socket);
}

static void privileged_differs_from_plain(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autobuf struct ht_buf text = HT_BUF(0);
    ht_autobuf struct ht_buf mounts = HT_BUF(0);
    ht_autobuf struct ht_buf text2 = HT_BUF(0);
    ht_autobuf struct ht_buf mounts2 = HT_BUF(0);
    struct ht_process plain = {0};
    struct ht_process privileged = {0};

    (void)state;
    read_kind("plain/plain", arena, &text, &mounts, &plain);
    read_kind("plain/priv", arena, &text2, &mounts2, &privileged);
    assert_true(plain.cap_eff == 0xa80425fb);
    assert_int_equal(plain.seccomp, HT_SECCOMP_MODE_FILTER);
    assert_true(privileged.cap_eff >> HT_CAPABILITY_SYS_ADMIN & 1);
    assert_int_equal(privileged.seccomp, HT_SECCOMP_MODE_DISABLED);
    assert_non_null(find_mount(&plain, "/proc/sys"));
    assert_false(find_mount(&plain, "/proc/sys")->rw);
    assert_null(find_mount(&privileged, "/proc/sys"));
}

static void host_root_is_kept_in_limits(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autobuf struct ht_buf text = HT_BUF(0);
    ht_autobuf struct ht_buf mounts = HT_BUF(0);
    struct ht_process process = {0};

    (void)state;
    read_kind("plain/hostroot", arena, &text, &mounts, &process);
    bool whole = false;
    for (size_t i = 0; i < process.mounts.len; i++)
        whole = whole || (process.mounts.items[i].origin == HT_MOUNT_ORIGIN_BIND &&
                          ht_str_is(process.mounts.items[i].source, "/"));
    assert_true(whole);
    assert_true(process.mounts.len <= HT_MOUNTS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_an_id_and_a_root),
        cmocka_unit_test(docker_socket_is_seen_as_a_path_of_the_host),
        cmocka_unit_test(privileged_differs_from_plain),
        cmocka_unit_test(host_root_is_kept_in_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
