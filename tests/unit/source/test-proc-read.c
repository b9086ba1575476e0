/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a process below a recorded tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/tree.h"
#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/source/source.h"
#include "src/source/proc-devices.h"
#include "src/source/proc-node.h"
#include "src/source/proc-read.h"
#include "src/source/proc-sockets.h"

enum { PATH_BYTES = 512 };

struct tree {
    char path[64];
    struct ht_proc_reader reader;
    struct ht_arena *arena;
};

static void put_file(const struct tree *tree, const char *name, const char *content)
{
    char path[PATH_BYTES];
    struct ht_error err = {0};

    snprintf(path, sizeof(path), "%s/%s", tree->path, name);
    assert_int_equal(ht_file_write(path, ht_str_from(content), HT_FILE_REPLACE, &err), 0);
}

static void put_link(const struct tree *tree, const char *name, const char *target)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/%s", tree->path, name);
    assert_int_equal(symlink(target, path), 0);
}

static void put_folder(const struct tree *tree, const char *name)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/%s", tree->path, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void put_namespaces(const struct tree *tree, const char *pid, int last)
{
    static const char *const kinds[] = {"pid", "net", "mnt", "ipc", "uts", "user", "cgroup"};
    char name[64];
    char target[64];

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        snprintf(name, sizeof(name), "%s/ns/%s", pid, kinds[i]);
        snprintf(target, sizeof(target), "%s:[%d%zu]", kinds[i], last, i);
        put_link(tree, name, target);
    }
}

static int make_tree(void **state)
{
    struct tree *tree = calloc(1, sizeof(*tree));
    struct ht_error err = {0};

    assert_non_null(tree);
    snprintf(tree->path, sizeof(tree->path), "/tmp/ht-proc-XXXXXX");
    assert_non_null(mkdtemp(tree->path));
    put_folder(tree, "1");
    put_folder(tree, "1/ns");
    put_namespaces(tree, "1", 40);
    put_link(tree, "1/root", "/");
    put_file(tree, "1/mountinfo", "1 1 254:0 / / rw - ext4 /dev/vda rw\n");
    put_folder(tree, "411");
    put_folder(tree, "411/ns");
    put_folder(tree, "411/attr");
    put_folder(tree, "411/net");
    put_folder(tree, "411/myroot");
    put_namespaces(tree, "411", 41);
    put_link(tree, "411/root", "myroot");
    put_link(tree, "411/exe", "/bin/\033[31mx (deleted)");
    put_file(tree, "411/status",
             "State:\tS\nUid:\t0\t0\t0\t0\nNSpid:\t411\t1\nCapEff:\t00000000a80425fb\n");
    put_file(tree, "411/stat", "411 (x) S 1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 777 8 9\n");
    put_file(tree, "411/uid_map", "0 200000 65536\n");
    put_file(tree, "411/loginuid", "1000");
    put_file(tree, "411/attr/current", "unconfined\n");
    put_file(tree, "411/net/packet", "sk RefCnt\nffff 3\n");
    put_file(tree, "411/mountinfo", "5 4 254:0 /srv /srv rw - ext4 /dev/vda rw\n");
    tree->arena = ht_arena_new(HT_LIMIT_ROW);
    assert_int_equal(ht_proc_reader_init(&tree->reader, tree->path, &err), 0);
    *state = tree;
    return 0;
}

static int free_tree(void **state)
{
    struct tree *tree = *state;

    ht_proc_reader_fini(&tree->reader);
    ht_arena_free(tree->arena);
    (void)ht_test_remove_tree(tree->path);
    free(tree);
    return 0;
}

/* As a process is read: its fields, then whether it is still the same. */
static int read_security(struct tree *tree, pid_t pid, uint64_t start, struct ht_process *process)
{
    ht_autoclose int dirfd = ht_proc_open(&tree->reader, pid);

    return dirfd >= 0 && ht_proc_read_security(&tree->reader, dirfd, tree->arena, process) &&
                   ht_proc_is_same(&tree->reader, dirfd, start)
               ? 0
               : -ESRCH;
}

static int read_init(struct tree *tree, pid_t pid, uint64_t start, struct ht_process *process)
{
    ht_autoclose int dirfd = ht_proc_open(&tree->reader, pid);

    if (dirfd < 0)
        return -ESRCH;
    ht_proc_read_init(&tree->reader, dirfd, tree->arena, process);
    return ht_proc_is_same(&tree->reader, dirfd, start) ? 0 : -ESRCH;
}

static void security_fields_are_read(void **state)
{
    struct tree *tree = *state;
    struct ht_process process = {0};

    assert_int_equal(read_security(tree, 411, 777, &process), 0);
    assert_true(process.cap_eff == 0xa80425fb);
    assert_int_equal(process.ns_pid, 410);
    assert_int_equal(process.ns_cgroup, 416);
    assert_true(ht_process_has_root_host(&process));
    assert_false(process.root_host);
    assert_true(ht_str_is(process.exe, "/bin/\033[31mx (deleted)"));
    assert_false(ht_process_has_exe_ino(&process));
    assert_true(ht_str_is(process.uid_map, "0 200000 65536"));
    assert_true(ht_str_is(process.lsm, "unconfined"));
    assert_int_equal(process.login_uid, 1000);
}

static void first_process_has_mounts_and_sockets(void **state)
{
    struct tree *tree = *state;
    struct ht_process process = {0};

    assert_int_equal(read_init(tree, 411, 777, &process), 0);
    assert_int_equal(process.mounts.len, 1);
    assert_true(ht_str_is(process.mounts.items[0].source, "/srv"));
    assert_int_equal(process.packet_sockets, 1);
    assert_false(ht_process_has_devices(&process));
}

/* Numbers that no driver has. */
static void devices_are_told_and_which_are_of_blocks(void **state)
{
    static const struct ht_mount root = {.target = HT_STR("/"), .type = HT_STR("overlay")};
    struct tree *tree = *state;
    struct ht_process process = {0};
    ht_autoclose int fd = open(tree->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct ht_map *names = ht_map_new();

    put_folder(tree, "root");
    put_folder(tree, "root/dev");
    put_folder(tree, "root/dev/below");
    put_link(tree, "root/dev/link", "a");
    if (mknodat(fd, "root/dev/a", S_IFBLK, makedev(243, 99)) < 0 ||
        mknodat(fd, "root/dev/below/b", S_IFBLK, makedev(243, 98)) < 0 ||
        mknodat(fd, "root/dev/below/c", S_IFCHR, makedev(243, 98)) < 0 ||
        mknodat(fd, "root/dev/null", S_IFCHR, makedev(1, 3)) < 0) {
        ht_devices_forget(names);
        skip();
    }
    ht_process_set_mounts(&process, (struct ht_mount_list){.items = &root, .len = 1});
    ht_devices_read(names, fd, tree->arena, &process);
    ht_devices_forget(names);
    assert_int_equal(process.devices.len, 3);
    assert_true(ht_text_list_has(&process.devices, HT_S("/dev/below/c")));
    assert_int_equal(process.block_devices.len, 2);
    assert_true(ht_text_list_has(&process.block_devices, HT_S("/dev/a")));
    assert_true(ht_text_list_has(&process.block_devices, HT_S("/dev/below/b")));
}

/* A shell whose input, output and errors are one connection; it is the only one of its process. */
static void stdio_and_peers_are_read(void **state)
{
    static const char *const names[] = {"411/fd/0", "411/fd/1", "411/fd/2"};
    struct tree *tree = *state;
    struct ht_process process = {0};

    put_folder(tree, "411/fd");
    put_link(tree, "411/fd/0", "socket:[902]");
    put_link(tree, "411/fd/1", "socket:[902]");
    put_link(tree, "411/fd/2", "/dev/null");
    put_link(tree, "411/fd/9", "socket:[904]");
    put_file(tree, "411/net/tcp",
             "   1: 0200000A:C001 057100CB:115C 01 0:0 00:0 0     0        0 902 1\n"
             "   2: 0200000A:0050 067100CB:115C 01 0:0 00:0 0     0        0 903 1\n"
             "   3: 00000000:0050 00000000:0000 0A 0:0 00:0 0     0        0 904 1\n");
    ht_proc_read_stdio(&tree->reader, 411, tree->arena, &process);
    ht_proc_read_peers(&tree->reader, 411, tree->arena, &process);
    assert_int_equal(process.stdio.len, 3);
    assert_true(ht_str_is(process.stdio.items[0], "tcp 203.0.113.5:4444"));
    assert_true(ht_str_equal(process.stdio.items[1], process.stdio.items[0]));
    assert_true(ht_str_is(process.stdio.items[2], "null"));
    assert_int_equal(process.peers.len, 1);
    assert_true(ht_str_is(process.peers.items[0], "203.0.113.5:4444"));
    assert_int_equal(process.listens.len, 1);
    assert_true(ht_str_is(process.listens.items[0], "0.0.0.0:80"));
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        char path[PATH_BYTES];

        snprintf(path, sizeof(path), "%s/%s", tree->path, names[i]);
        assert_int_equal(unlink(path), 0);
    }
    memset(&process, 0, sizeof(process));
    ht_proc_read_stdio(&tree->reader, 411, tree->arena, &process);
    assert_true(ht_str_is(process.stdio.items[0], "closed"));
}

/* Its own descriptors, and no table: that of a namespace costs too much to be read for nothing. */
static void only_sockets_of_tcp_need_the_table(void **state)
{
    struct tree *tree = *state;
    struct ht_process process = {0};
    int pair[2];

    put_folder(tree, "500");
    put_folder(tree, "500/ns");
    put_link(tree, "500/ns/net", "net:[411]");
    put_link(tree, "500/fd", "/proc/self/fd");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ht_proc_read_peers(&tree->reader, 500, tree->arena, &process);
    assert_true(ht_process_has_peers(&process));
    assert_true(ht_process_has_listens(&process));
    assert_int_equal(process.peers.len + process.listens.len, 0);

    int tcp = socket(AF_INET, SOCK_STREAM, 0);
    if (tcp >= 0) {
        memset(&process, 0, sizeof(process));
        ht_proc_read_peers(&tree->reader, 500, tree->arena, &process);
        assert_false(ht_process_has_peers(&process));
        assert_false(ht_process_has_listens(&process));
        close(tcp);
    }
    close(pair[0]);
    close(pair[1]);
}

/* Between the name of a descriptor and the question about it, it can become another file, of a file
 * system of somebody's own that does not answer: what is no longer that socket is not asked. */
static void a_descriptor_that_became_another_is_not_asked(void **state)
{
    int dirfd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char name[16];
    struct stat first, second;
    int pair[2];

    (void)state;
    assert_true(dirfd >= 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(fstat(pair[0], &first), 0);
    assert_int_equal(fstat(pair[1], &second), 0);
    snprintf(name, sizeof(name), "%d", pair[0]);
    assert_false(ht_proc_may_be_tcp(dirfd, name, first.st_ino));
    assert_true(ht_proc_may_be_tcp(dirfd, name, second.st_ino));
    close(pair[0]);
    assert_true(ht_proc_may_be_tcp(dirfd, name, first.st_ino));
    close(pair[1]);
    close(dirfd);
}

/* Another namespace alone is a service's; another root below it is somebody else's. */
static void another_root_is_told_from_the_nodes(void **state)
{
    struct tree *tree = *state;
    struct ht_proc_reader *reader = &tree->reader;

    reader->has_root = true;
    assert_true(ht_proc_identify(AT_FDCWD, "/", &reader->root_dev, &reader->root_ino));
    reader->ns_mnt = 1;
    put_folder(tree, "501");
    put_folder(tree, "501/ns");
    put_link(tree, "501/ns/mnt", "mnt:[1]");
    put_link(tree, "501/root", tree->path);
    assert_false(ht_proc_has_other_root(reader, 501));
    reader->ns_mnt = 2;
    assert_true(ht_proc_has_other_root(reader, 501));
    put_folder(tree, "502");
    put_folder(tree, "502/ns");
    put_link(tree, "502/ns/mnt", "mnt:[1]");
    put_link(tree, "502/root", "/");
    assert_false(ht_proc_has_other_root(reader, 502));
    /* It ended between two looks. */
    put_folder(tree, "503");
    put_folder(tree, "503/ns");
    put_link(tree, "503/ns/mnt", "mnt:[1]");
    assert_false(ht_proc_has_other_root(reader, 503));
    assert_false(ht_proc_has_other_root(reader, 504));
}

static void open_to_others(const struct tree *tree, const char *name, mode_t mode)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/%s", tree->path, name);
    assert_int_equal(chmod(path, mode), 0);
}

/* A user's FUSE shuts even root out: it is not the node's. */
static void a_root_that_may_not_be_looked_at_is_not_the_nodes(void **state)
{
    struct tree *tree = *state;
    struct ht_proc_reader *reader = &tree->reader;
    char path[PATH_BYTES];
    bool other;

    reader->has_root = true;
    reader->ns_mnt = 2;
    put_folder(tree, "505");
    put_folder(tree, "505/ns");
    put_folder(tree, "505/shut");
    put_link(tree, "505/ns/mnt", "mnt:[1]");
    snprintf(path, sizeof(path), "%s/505/shut/root", tree->path);
    put_link(tree, "505/root", path);
    open_to_others(tree, "", 0755);
    open_to_others(tree, "505", 0755);
    open_to_others(tree, "505/ns", 0755);
    open_to_others(tree, "505/shut", 0);
    if (getuid() == 0)
        assert_int_equal(seteuid(65534), 0);
    other = ht_proc_has_other_root(reader, 505);
    assert_int_equal(seteuid(getuid()), 0);
    open_to_others(tree, "505/shut", 0700);
    assert_true(other);
}

static void reused_pid_is_thrown_away(void **state)
{
    struct tree *tree = *state;
    struct ht_process process = {0};

    assert_int_equal(read_security(tree, 411, 778, &process), -ESRCH);
    assert_int_equal(read_init(tree, 411, 776, &process), -ESRCH);
    assert_int_equal(read_security(tree, 412, 777, &process), -ESRCH);
}

static void zombie_is_gone(void **state)
{
    struct tree *tree = *state;
    struct ht_process process = {0};

    put_file(tree, "411/stat", "411 (x) Z 1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 777 8 9\n");
    assert_int_equal(read_security(tree, 411, 777, &process), -ESRCH);
}

static void other_namespace_stands_apart(void **state)
{
    struct tree *tree = *state;
    struct ht_process process = {0};
    bool apart = false;

    assert_true(ht_proc_read_exe(&tree->reader, 411, tree->arena, &process, &apart));
    assert_true(apart);
    assert_true(ht_proc_read_exe(&tree->reader, 1, tree->arena, &process, &apart));
    assert_false(apart);
}

/* Our own user namespace has one map, and where no module labels anything nothing is opened. */
static void what_holds_for_all_is_asked_once(void **state)
{
    struct tree *tree = *state;
    struct ht_process process = {0};

    put_folder(tree, "self");
    put_folder(tree, "self/ns");
    put_link(tree, "self/ns/user", "user:[415]");
    put_file(tree, "self/uid_map", "0 0 4294967295\n");
    ht_proc_reader_refresh(&tree->reader);
    assert_int_equal(read_security(tree, 411, 777, &process), 0);
    assert_true(ht_str_is(process.uid_map, "0 0 4294967295"));
    assert_true(process.uid_map_full);
    assert_true(ht_str_is(process.lsm, "unconfined"));
}

static void another_user_namespace_has_its_own_map(void **state)
{
    struct tree *tree = *state;
    struct ht_process process = {0};

    put_folder(tree, "self");
    put_folder(tree, "self/ns");
    put_link(tree, "self/ns/user", "user:[405]");
    put_file(tree, "self/uid_map", "0 0 4294967295\n");
    ht_proc_reader_refresh(&tree->reader);
    assert_int_equal(read_security(tree, 411, 777, &process), 0);
    assert_true(ht_str_is(process.uid_map, "0 200000 65536"));
    assert_false(process.uid_map_full);
}

static void what_nobody_asks_for_is_left_out(void **state)
{
    struct tree *tree = *state;
    struct ht_process process = {0};

    tree->reader.leave_out = HT_PROC_LOGIN;
    assert_int_equal(read_security(tree, 411, 777, &process), 0);
    assert_true(process.cap_eff == 0xa80425fb);
    assert_false(ht_process_has_login_uid(&process));
}

static void missing_files_stay_unknown(void **state)
{
    struct tree *tree = *state;
    struct ht_process process = {0};

    put_folder(tree, "500");
    put_file(tree, "500/status", "State:\tS\n");
    put_file(tree, "500/stat", "500 (x) S 1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 5 8 9\n");
    assert_int_equal(read_security(tree, 500, 5, &process), 0);
    assert_int_equal(read_init(tree, 500, 5, &process), 0);
    assert_true(process.known == 0);
}

/* Who made a group below a service, in whichever hierarchy, as root's place of them tells. */
static void the_owner_of_a_group_tells_who_named_it(void **state)
{
#define NAMED                                                                                      \
    "x.service/docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope"
    const struct ht_str text = HT_S("4:memory:/" NAMED "/init\n");
    static const char *const folders[] = {"1/root",
                                          "1/root/sys",
                                          "1/root/sys/fs",
                                          "1/root/sys/fs/cgroup",
                                          "1/root/sys/fs/cgroup/memory",
                                          "1/root/sys/fs/cgroup/memory/x.service",
                                          ("1/root/sys/fs/cgroup/memory/" NAMED)};
    struct tree *tree = *state;
    struct ht_cgroup_facts facts;
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/1/root", tree->path);
    assert_int_equal(unlink(path), 0);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++)
        put_folder(tree, folders[i]);
    ht_proc_decode_cgroup(&tree->reader, text, &facts);
    assert_true(facts.has_owner);
    assert_int_equal(facts.owner, getuid());
    assert_int_equal(facts.users, getuid() != 0);

    snprintf(path, sizeof(path), "%s/1/root/sys/fs/cgroup/memory/" NAMED, tree->path);
    if (getuid() == 0) {
        assert_int_equal(chown(path, 1000, 1000), 0);
        ht_proc_decode_cgroup(&tree->reader, text, &facts);
        assert_int_equal(facts.owner, 1000);
        assert_true(facts.users);
    }
    /* Whose it is cannot be told: it may be anybody's. */
    assert_int_equal(rmdir(path), 0);
    ht_proc_decode_cgroup(&tree->reader, text, &facts);
    assert_false(facts.has_owner);
    assert_true(facts.users);
    assert_false(ht_cgroup_tells(&facts, false, true));
    assert_true(ht_cgroup_tells(&facts, true, true));
#undef NAMED
}

/* In a child with mounts of its own: 0 as it should be, 1 not, 2 it may not mount. */
static int look_at_nothing(void)
{
    struct ht_proc_reader reader;
    struct ht_error err = {0};
    int namespaces = geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS;

    if (unshare(namespaces) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", "/proc", "tmpfs", 0, NULL) < 0)
        return 2;
    return ht_proc_open_table("/proc", &err) != -ENOENT || !strstr(err.text, "no process table") ||
           ht_proc_reader_init(&reader, "/proc", &err) != -ENOENT;
}

static void a_folder_without_processes_is_no_process_table(void **state)
{
    int status = 0, fd = ht_proc_open_table("/proc", NULL);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    pid_t pid = fork();
    if (pid == 0)
        _exit(look_at_nothing());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 2) {
        print_message("SKIP no-proc: this sandbox lets nobody mount\n");
        return;
    }
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_owner_of_a_group_tells_who_named_it, make_tree,
                                        free_tree),
        cmocka_unit_test_setup_teardown(security_fields_are_read, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(first_process_has_mounts_and_sockets, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(devices_are_told_and_which_are_of_blocks, make_tree,
                                        free_tree),
        cmocka_unit_test_setup_teardown(stdio_and_peers_are_read, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(only_sockets_of_tcp_need_the_table, make_tree, free_tree),
        cmocka_unit_test(a_descriptor_that_became_another_is_not_asked),
        cmocka_unit_test_setup_teardown(another_root_is_told_from_the_nodes, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(reused_pid_is_thrown_away, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(a_root_that_may_not_be_looked_at_is_not_the_nodes,
                                        make_tree, free_tree),
        cmocka_unit_test_setup_teardown(zombie_is_gone, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(other_namespace_stands_apart, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(what_holds_for_all_is_asked_once, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(another_user_namespace_has_its_own_map, make_tree,
                                        free_tree),
        cmocka_unit_test_setup_teardown(what_nobody_asks_for_is_left_out, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(missing_files_stay_unknown, make_tree, free_tree),
        cmocka_unit_test(a_folder_without_processes_is_no_process_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
