/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mounts of containers out of mountinfo. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/proc-decode.h"
#include "src/source/proc-mount-kind.h"
#include "tests/unit/tree.h"

static const char host_text[] =
    "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
    "30 22 254:1 / /srv/data rw,relatime shared:7 - xfs /dev/vdb rw\n"
    "31 22 0:24 / /run rw,nosuid shared:5 - tmpfs tmpfs rw,mode=755\n"
    "32 22 254:0 /srv/deep /mnt/alias rw - ext4 /dev/vda rw\n"
    "33 22 254:0 /srv/deep/er/still /s rw - ext4 /dev/vda rw\n"
    "40 22 0:50 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw,upperdir=/u\n";

static const char container_text[] =
    "100 90 0:50 / / rw,relatime master:9 - overlay overlay "
    "rw,lowerdir=/l,upperdir=/u/diff,workdir=/w\n"
    "101 100 0:60 / /proc rw,nosuid - proc proc rw\n"
    "102 100 0:61 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k\n"
    "103 100 0:24 /docker.sock /run/docker.sock rw,nosuid master:5 - tmpfs tmpfs rw,mode=755\n"
    "104 100 254:0 /var/lib/docker/volumes/v1/_data /data rw shared:9 master:1 - ext4 /dev/vda rw\n"
    "105 100 254:1 /a\\040b /with\\040blank ro - xfs /dev/vdb rw\n"
    "106 100 0:63 / /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory\n"
    "107 100 254:1 / /whole rw - xfs /dev/vdb ro\n"
    "108 101 0:60 /sys /proc/sys ro - proc proc rw\n";

static const struct ht_mount *at(const struct ht_process *process, const char *target)
{
    for (size_t i = 0; i < process->mounts.len; i++) {
        if (ht_str_is(process->mounts.items[i].target, target))
            return &process->mounts.items[i];
    }
    fail_msg("no mount at %s", target);
    return NULL;
}

static void mounts_tell_origin_and_host_path(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_host_mounts host;
    struct ht_process process = {0};

    (void)state;
    ht_mountinfo_decode_host(ht_str_from(host_text), arena, &host);
    assert_int_equal(host.len, 5); /* without the overlay */
    ht_mountinfo_decode(ht_str_from(container_text), false, &host, arena, &process);
    assert_int_equal(process.mounts.len, 9);
    assert_true(ht_process_has_mounts_cut(&process));
    assert_int_equal(process.mounts_cut, 0);

    const struct ht_mount *root = at(&process, "/");
    assert_int_equal(root->origin, HT_MOUNT_ORIGIN_IMAGE);
    assert_true(ht_str_is(root->options, "rw,relatime,upperdir=/u/diff"));
    assert_true(ht_str_is(root->propagation, "slave"));
    assert_int_equal(at(&process, "/proc")->origin, HT_MOUNT_ORIGIN_PSEUDO);
    assert_int_equal(at(&process, "/dev")->origin, HT_MOUNT_ORIGIN_TMPFS);

    const struct ht_mount *sock = at(&process, "/run/docker.sock");
    assert_int_equal(sock->origin, HT_MOUNT_ORIGIN_BIND);
    assert_true(ht_str_is(sock->source, "/run/docker.sock"));
    assert_true(sock->rw);

    const struct ht_mount *volume = at(&process, "/data");
    assert_int_equal(volume->origin, HT_MOUNT_ORIGIN_VOLUME);
    assert_true(ht_str_is(volume->source, "/var/lib/docker/volumes/v1/_data"));
    assert_true(ht_str_is(volume->propagation, "shared,slave"));

    const struct ht_mount *blank = at(&process, "/with blank");
    assert_true(ht_str_is(blank->source, "/srv/data/a b"));
    assert_false(blank->rw);
    assert_true(ht_str_is(at(&process, "/whole")->source, "/srv/data"));
    assert_false(at(&process, "/whole")->rw);
    assert_true(ht_str_is(at(&process, "/sys/fs/cgroup/memory")->options, "ro,nosuid,memory"));
    assert_false(at(&process, "/proc/sys")->rw);
}

static void shortest_place_on_the_host_names_the_path(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_host_mounts host;
    struct ht_process process = {0};

    (void)state;
    ht_mountinfo_decode_host(ht_str_from(host_text), arena, &host);
    ht_mountinfo_decode(HT_S("1 2 254:0 /srv/deep/x /x rw - ext4 /dev/vda rw\n"
                             "1 2 254:0 /srv/deeper /y rw - ext4 /dev/vda rw\n"
                             "1 2 254:0 /srv/deep/er/still/x /s rw - ext4 /dev/vda rw\n"
                             "1 2 254:0 / /z rw - ext4 /dev/vda rw\n"),
                        false, &host, arena, &process);
    assert_true(ht_str_is(at(&process, "/x")->source, "/srv/deep/x"));
    assert_true(ht_str_is(at(&process, "/y")->source, "/srv/deeper"));
    assert_true(ht_str_is(at(&process, "/s")->source, "/s/x"));
    assert_true(ht_str_is(at(&process, "/z")->source, "/"));
}

static void mounts_below_a_host_path_are_counted_not_kept(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_MOUNTINFO);
    struct ht_host_mounts host;
    struct ht_process process = {0};

    (void)state;
    ht_mountinfo_decode_host(ht_str_from(host_text), arena, &host);
    ht_buf_add_text(&text, "1 2 0:50 / / rw - overlay overlay rw\n"
                           "1 2 254:0 / /host rw - ext4 /dev/vda rw\n");
    for (int i = 0; i < 15000; i++)
        ht_buf_addf(&text, "1 2 0:%d / /host/m%d rw - tmpfs tmpfs rw\n", i, i);
    ht_buf_add_text(&text, "1 2 0:24 /crio.sock /late rw - tmpfs tmpfs rw\n");
    ht_mountinfo_decode(ht_buf_str(&text), false, &host, arena, &process);
    assert_int_equal(process.mounts.len, 3 + HT_MOUNTS_NESTED_MAX);
    assert_int_equal(process.mounts_cut, 15000 - HT_MOUNTS_NESTED_MAX);
    assert_true(ht_str_is(at(&process, "/late")->source, "/run/crio.sock"));
    assert_false(ht_arena_is_full(arena));
}

static void list_has_an_end(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_MOUNTINFO);
    struct ht_process process = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        ht_buf_addf(&text, "1 2 0:%d / /m%d rw - tmpfs tmpfs rw\n", i, i);
    ht_mountinfo_decode(ht_buf_str(&text), true, NULL, arena, &process);
    assert_int_equal(process.mounts.len, HT_MOUNTS_MAX);
    assert_int_equal(process.mounts_cut, 1000 - HT_MOUNTS_MAX + 1);
}

static void broken_lines_are_left_out(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_process process = {0};

    (void)state;
    ht_mountinfo_decode(HT_S("\n1 2\n1 2 x:y / / rw - a b c\n1 2 3:4 / /ok rw -\n"
                             "1 2 3:4 / /empty rw - tmpfs  rw\n1 2 3:4 / /cut rw shared:1"),
                        false, NULL, arena, &process);
    assert_int_equal(process.mounts.len, 1);
    assert_true(ht_str_is(process.mounts.items[0].target, "/empty"));
}

static void escapes_stand_for_bytes(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);

    (void)state;
    assert_true(ht_str_is(ht_mountinfo_unescape(arena, HT_S("a\\040\\011\\134b")), "a \t\\b"));
    assert_true(ht_str_is(ht_mountinfo_unescape(arena, HT_S("\\04")), "\\04"));
    assert_true(ht_str_is(ht_mountinfo_unescape(arena, HT_S("\\777")), "\\777"));
    assert_true(ht_str_is(ht_mountinfo_unescape(arena, HT_S("plain")), "plain"));
}

/* A folder wherever it is asked. */
static bool tell_folder(void *context, uint64_t device, struct ht_str path,
                        enum ht_mount_kind *ret_kind)
{
    struct ht_buf *asked = context;

    ht_buf_addf(asked, "%llu:%llu %.*s\n", (unsigned long long)(device >> 32),
                (unsigned long long)(device & UINT32_MAX), HT_STR_ARG(path));
    *ret_kind = HT_MOUNT_KIND_FOLDER;
    return true;
}

static void what_a_path_of_the_host_is_is_asked_where_nothing_can_hang(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autobuf struct ht_buf asked = HT_BUF(1024);
    ht_autobuf struct ht_buf text = HT_BUF(1024);
    struct ht_host_mounts host;
    struct ht_process process = {0};

    (void)state;
    ht_buf_add_text(&text, host_text);
    ht_buf_add_text(&text, "41 22 0:70 / /net rw - nfs4 far:/ rw\n"
                           "42 41 254:9 / /net/near rw - ext4 /dev/vdc rw\n");
    ht_mountinfo_decode_host(ht_buf_str(&text), arena, &host);
    host.look = tell_folder;
    host.context = &asked;
    ht_buf_reset(&text);
    ht_buf_add_text(&text, container_text);
    ht_buf_add_text(&text, "110 100 0:70 /x /far rw - nfs4 far:/ rw\n"
                           "111 100 254:9 /x /near rw - ext4 /dev/vdc rw\n"
                           "112 100 0:99 /x /nowhere rw - tmpfs tmpfs rw\n");
    ht_mountinfo_decode(ht_buf_str(&text), false, &host, arena, &process);
    assert_true(ht_str_is(ht_buf_str(&asked), "0:24 /run/docker.sock\n"
                                              "254:1 /srv/data/a b\n"
                                              "254:1 /srv/data\n"));
    assert_true(ht_mount_has_kind(at(&process, "/run/docker.sock")));
    assert_int_equal(at(&process, "/run/docker.sock")->kind, HT_MOUNT_KIND_FOLDER);
    assert_false(ht_mount_has_kind(at(&process, "/")));
    assert_false(ht_mount_has_kind(at(&process, "/far")));
    assert_false(ht_mount_has_kind(at(&process, "/near")));

    /* Of mounts that are not known any may be on the way. */
    host.cut = true;
    ht_buf_reset(&asked);
    ht_mountinfo_decode(ht_str_from(container_text), false, &host, arena, &process);
    assert_int_equal(ht_buf_str(&asked).len, 0);
}

static void a_path_is_a_socket_a_folder_or_a_file_of_its_device(void **state)
{
    char folder[] = "/tmp/hulltop-kind-XXXXXX";
    char path[64];
    enum ht_mount_kind kind;
    struct stat st;
    ht_autoclose int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(stat(folder, &st), 0);
    uint64_t device = (uint64_t)major(st.st_dev) << 32 | minor(st.st_dev);

    assert_true(ht_mount_kind_at(proc_fd, true, device, ht_str_from(folder), &kind));
    assert_int_equal(kind, HT_MOUNT_KIND_FOLDER);
    snprintf(path, sizeof(path), "%s/x", folder);
    assert_false(ht_mount_kind_at(proc_fd, true, device, ht_str_from(path), &kind));
    ht_test_make_socket(path);
    assert_true(ht_mount_kind_at(proc_fd, true, device, ht_str_from(path), &kind));
    assert_int_equal(kind, HT_MOUNT_KIND_SOCKET);
    assert_false(ht_mount_kind_at(proc_fd, true, device + 1, ht_str_from(path), &kind));
    unlink(path);
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    assert_true(ht_mount_kind_at(proc_fd, true, device, ht_str_from(path), &kind));
    assert_int_equal(kind, HT_MOUNT_KIND_FILE);
    unlink(path);
    assert_int_equal(symlink("/tmp", path), 0);
    assert_false(ht_mount_kind_at(proc_fd, true, device, ht_str_from(path), &kind));
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mounts_tell_origin_and_host_path),
        cmocka_unit_test(what_a_path_of_the_host_is_is_asked_where_nothing_can_hang),
        cmocka_unit_test(a_path_is_a_socket_a_folder_or_a_file_of_its_device),
        cmocka_unit_test(shortest_place_on_the_host_names_the_path),
        cmocka_unit_test(mounts_below_a_host_path_are_counted_not_kept),
        cmocka_unit_test(list_has_an_end),
        cmocka_unit_test(broken_lines_are_left_out),
        cmocka_unit_test(escapes_stand_for_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
