/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that are hidden, functions that are traced, packages of languages, writable
 * directories. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/drift-hidden.h"
#include "src/source/drift-look.h"
#include "src/source/drift-languages.h"
#include "src/source/drift-tamper.h"
#include "src/source/drift-upper.h"
#include "src/source/proc-sockets.h"
#include "tests/unit/tree.h"

/* ---- hidden processes ---- */

static const char *const folders[] = {"cgroup", "cgroup/a", "cgroup/a/b", "proc",
                                      "proc/1", "proc/20",  "proc/self"};
static const struct {
    const char *name, *text;
} files[] = {
    {"cgroup/cgroup.procs", "1\n0\n"},
    {"cgroup/a/cgroup.procs", "20\n30\n31\nx\n4294967296\n"},
    {"cgroup/a/b/cgroup.procs", "40\n"},
};

static char folder[64];

static int make_tree(void **state)
{
    char path[160];

    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/test-hidden-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, folders[i]);
        if (mkdir(path, 0700) < 0)
            return -1;
    }
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);
        FILE *file = fopen(path, "we");
        if (!file || fputs(files[i].text, file) < 0 || fclose(file) != 0)
            return -1;
    }
    return 0;
}

static int remove_tree(void **state)
{
    (void)state;
    return ht_test_remove_tree(folder);
}

/* 31 has ended since its group was read. */
static bool is_alive(int proc_fd, pid_t pid)
{
    (void)proc_fd;
    return pid != 31;
}

static int open_folder(const char *name)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void put(int dirfd, const char *name, const char *text)
{
    ht_autoclose int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void processes_that_only_their_groups_have_are_hidden(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autoclose int cgroup_fd = open_folder("cgroup");
    ht_autoclose int proc_fd = open_folder("proc");
    const struct ht_hidden_ask ask = {
        .cgroup_fd = cgroup_fd, .proc_fd = proc_fd, .is_alive = is_alive};
    struct ht_text_list hidden;

    (void)state;
    assert_int_equal(ht_hidden_find(&ask, arena, &hidden), 0);
    assert_int_equal(hidden.len, 2);
    assert_true(ht_str_is(hidden.items[0], "30 in /a"));
    assert_true(ht_str_is(hidden.items[1], "40 in /a/b"));
}

/* ---- whose they are by these lists ---- */

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void who_is_in_one_group_is_of_its_container(void **state)
{
    static const struct {
        pid_t pid;
        const char *group, *id; /* empty: not told */
    } listed[] = {
        {70, "/docker/" ID_A, ID_A},
        {7, "/docker/" ID_A, ID_A},
        {9, "/docker/" ID_A, ""}, /* threads of it are in another */
        {8, "/docker/" ID_B, ID_B},
        {9, "/docker/" ID_B, ""},
        {12, "/docker/" ID_B, ""}, /* likewise, in one of the node's */
        {12, "/system.slice/ssh.service", ""},
        {30, "/system.slice/ssh.service", ""},
        {40, "/", ""},
        /* A user may have called it so, and may put anything there. */
        {50, "/user.slice/user-1000.slice/user@1000.service/docker-" ID_A ".scope", ""},
        {60, "/docker/" ID_A, ID_A},
        {60, "/docker/" ID_A, ID_A}, /* twice in one list */
    };
    struct ht_groups *groups = ht_groups_new();

    (void)state;
    assert_int_equal(ht_groups_find(groups, 7).len, 0);
    for (size_t i = 0; i < ARRAY_LEN(listed); i++)
        ht_groups_add(groups, listed[i].pid, ht_str_from(listed[i].group));
    for (size_t i = 0; i < ARRAY_LEN(listed); i++)
        assert_true(ht_str_is(ht_groups_find(groups, listed[i].pid), listed[i].id));
    assert_int_equal(ht_groups_find(groups, 6).len, 0);
    ht_groups_add(groups, 6, HT_S("/docker/" ID_B));
    assert_true(ht_str_is(ht_groups_find(groups, 6), ID_B));
    ht_groups_free(groups);
}

/* 30 is in /a, which is no container's. */
static void the_walk_tells_who_is_where(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autoclose int cgroup_fd = open_folder("cgroup");
    ht_autoclose int proc_fd = open_folder("proc");
    struct ht_groups *groups = ht_groups_new();
    const struct ht_hidden_ask ask = {
        .cgroup_fd = cgroup_fd, .proc_fd = proc_fd, .is_alive = is_alive, .groups = groups};
    struct ht_text_list hidden;

    (void)state;
    assert_int_equal(mkdirat(cgroup_fd, "docker", 0700), 0);
    assert_int_equal(mkdirat(cgroup_fd, "docker/" ID_A, 0700), 0);
    put(cgroup_fd, "docker/" ID_A "/cgroup.procs", "1\n77\n");
    int r = ht_hidden_find(&ask, arena, &hidden);
    unlinkat(cgroup_fd, "docker/" ID_A "/cgroup.procs", 0);
    unlinkat(cgroup_fd, "docker/" ID_A, AT_REMOVEDIR);
    unlinkat(cgroup_fd, "docker", AT_REMOVEDIR);
    assert_int_equal(r, 0);
    assert_true(ht_str_is(ht_groups_find(groups, 77), ID_A));
    assert_int_equal(ht_groups_find(groups, 1).len, 0); /* in the topmost, too */
    assert_int_equal(ht_groups_find(groups, 30).len, 0);
    ht_groups_free(groups);
}

static void the_first_hierarchy_of_a_process_is_read(void **state)
{
    static const char mounts[] =
        "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
        "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
        "33 31 0:30 /part /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
        "40 31 0:37 / /sys/fs/cgroup/sys\\040temd rw - cgroup cgroup rw,xattr,name=systemd\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"
        "42 31 0:39 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n";
    static const struct {
        const char *cgroup, *mounts, *point;
        bool is_first;
    } cases[] = {
        {"9:name=systemd:/\n1:cpu:/\n0::/\n", mounts, "/sys/fs/cgroup/sys temd", true},
        {"2:cpu,cpuacct:/\n0::/\n", mounts, "/sys/fs/cgroup/cpu", true},
        {"1:freezer:/\n", mounts, "/sys/fs/cgroup/freezer", true},
        {"0::/init.scope\n", mounts, "/sys/fs/cgroup/unified", true},
        /* Not mounted, or not whole: another one has all processes, too. */
        {"3:pids:/\n0::/\n", mounts, "/sys/fs/cgroup/unified", false},
        {"3:misc:/\n", mounts, "/sys/fs/cgroup/unified", false},
        {"", mounts, "/sys/fs/cgroup/unified", false},
        {"nothing", mounts, "/sys/fs/cgroup/unified", false},
        {"3:misc:/\n", "32 31 0:29 / /c rw - cgroup cgroup rw,cpu\n", "/c", false},
        {"0::/\n", "31 23 0:28 / /sys rw - sysfs sysfs rw\n", "", false},
    };
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        bool is_first = !cases[i].is_first;
        struct ht_str point = ht_groups_mounted(ht_str_from(cases[i].mounts),
                                                ht_str_from(cases[i].cgroup), arena, &is_first);

        assert_true(ht_str_is(point, cases[i].point));
        assert_int_equal(is_first, cases[i].is_first);
        /* It is opened by this name. */
        assert_true(point.len == 0 || strlen(point.data) == point.len);
    }
}

static void a_list_that_cannot_be_read_tells_nothing(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autoclose int cgroup_fd = open_folder("cgroup");
    const struct ht_hidden_ask ask = {.cgroup_fd = cgroup_fd, .proc_fd = -1, .is_alive = is_alive};
    struct ht_text_list hidden;

    (void)state;
    assert_true(ht_hidden_find(&ask, arena, &hidden) < 0);
    /* This folder is nobody's /proc. */
    ht_autoclose int proc_fd = open_folder("proc");
    assert_int_equal(ht_hidden_read(proc_fd, NULL, arena, &hidden), -EPERM);
}

/* Nobody hidden in groups that were not all read is not known. */
static void groups_that_are_too_deep_leave_it_unknown(void **state)
{
    enum { DEEP = 40 };
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autoclose int cgroup_fd = open_folder("proc/1");
    ht_autoclose int proc_fd = open_folder("proc");
    const struct ht_hidden_ask ask = {
        .cgroup_fd = cgroup_fd, .proc_fd = proc_fd, .is_alive = is_alive};
    struct ht_text_list hidden;
    char path[2 * DEEP + 1] = "";
    int r;

    (void)state;
    assert_int_equal(ht_hidden_find(&ask, arena, &hidden), 0);
    assert_int_equal(hidden.len, 0);
    for (size_t i = 0; i < DEEP; i++) {
        memcpy(path + 2 * i, "d/", 3);
        assert_int_equal(mkdirat(cgroup_fd, path, 0700), 0);
    }
    r = ht_hidden_find(&ask, arena, &hidden);
    for (size_t i = DEEP; i > 0; i--) {
        path[2 * i] = '\0';
        unlinkat(cgroup_fd, path, AT_REMOVEDIR);
    }
    assert_int_equal(r, -EFBIG);
}

/* What /proc/1/cgroup and the table of mounts have, and what comes of it. */
static void only_all_groups_of_the_node_will_do(void **state)
{
    static const struct {
        const char *root, *first;
        int r;
    } views[] = {
        {"/", "0::/init.scope\n", 0},
        {"/docker/4f0c", "0::/init.scope\n", -ENOENT},
        {"/", "1:name=systemd:/\n0::/../../init.scope\n", -EPERM},
        {"/", NULL, -EPERM},
    };
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autoclose int proc_fd = open_folder("proc");
    char own[32];

    (void)state;
    snprintf(own, sizeof(own), "%d", (int)getpid());
    assert_int_equal(unlinkat(proc_fd, "self", AT_REMOVEDIR), 0);
    assert_int_equal(symlinkat(own, proc_fd, "self"), 0);
    assert_int_equal(mkdirat(proc_fd, own, 0700), 0);
    for (size_t i = 0; i < ARRAY_LEN(views); i++) {
        struct ht_text_list hidden;
        char text[256];

        snprintf(text, sizeof(text), "30 20 0:26 %s %s/proc/20 rw - cgroup2 cgroup2 rw\n",
                 views[i].root, folder);
        put(proc_fd, "self/mountinfo", text);
        if (views[i].first)
            put(proc_fd, "1/cgroup", views[i].first);
        assert_int_equal(ht_hidden_read(proc_fd, NULL, arena, &hidden), views[i].r);
        unlinkat(proc_fd, "1/cgroup", 0);
    }
    unlinkat(proc_fd, "self/mountinfo", 0);
    unlinkat(proc_fd, "self", 0);
    unlinkat(proc_fd, own, AT_REMOVEDIR);
}

static void *wait_in_thread(void *context)
{
    int *ends = context;
    pid_t id = gettid();
    char byte;

    assert_int_equal(write(ends[1], &id, sizeof(id)), sizeof(id));
    assert_int_equal(read(ends[2], &byte, 1), 0);
    return NULL;
}

/* The id of a thread answers to signals, but /proc lists none. */
static void a_thread_is_no_hidden_process(void **state)
{
    ht_autoclose int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    pthread_t thread;
    pid_t id = 0;
    int ends[4];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(pipe2(ends + 2, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&thread, NULL, wait_in_thread, ends), 0);
    assert_int_equal(read(ends[0], &id, sizeof(id)), sizeof(id));
    bool alive = ht_hidden_is_alive(proc_fd, id);
    close(ends[3]);
    pthread_join(thread, NULL);
    for (size_t i = 0; i < 3; i++)
        close(ends[i]);
    assert_false(alive);
    assert_true(ht_hidden_is_alive(proc_fd, getpid()));
    assert_false(ht_hidden_is_alive(proc_fd, INT32_MAX));
}

/* ---- traced functions ---- */

static void redirected_functions_are_told_from_traced_ones(void **state)
{
    static const char text[] =
        "schedule (1)         \t->arch_ftrace_ops_list_func+0x0/0x1e0\n"
        "__x64_sys_kill (1) R I     \ttramp: 0xffffffffc0a01000 (hook+0x0/0x80 [rk]) "
        "->ftrace_regs_caller+0x0/0x66 [rk]\n"
        "do_idle (1) R I D\ttramp: 0xffffffffc0b02000 (klp_ftrace_handler+0x0/0x240) "
        "->klp_ftrace_handler+0x0/0x240\n"
        "bpf_fentry_test1 (1)     D   \tdirect-->bpf_trampoline_6442+0x0/0x100\n"
        "lone (1) R I\n"
        "broken\n";
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_traced traced;

    (void)state;
    ht_tamper_traced(HT_S(text), arena, &traced);
    assert_int_equal(traced.count, 6);
    assert_int_equal(traced.redirected.len, 3);
    assert_true(ht_str_is(traced.redirected.items[0], "__x64_sys_kill to [rk]"));
    assert_true(ht_str_is(traced.redirected.items[1], "do_idle to klp_ftrace_handler"));
    assert_true(ht_str_is(traced.redirected.items[2], "lone to who knows"));
}

static void a_list_that_was_cut_is_unknown_unless_something_was_found(void **state)
{
    static const char plain[] = "schedule (1)         \t->arch_ftrace_ops_list_func+0x0/0x1e0\n";
    static const char sent[] = "kill (1) R I\ttramp: 0xffffffffc0a01000 (hook+0x0/0x80 [rk])\n";
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_tamper whole = {0}, cut = {0}, found = {0};

    (void)state;
    ht_tamper_take_traced(HT_S(plain), false, arena, &whole);
    assert_true(ht_tamper_has_traced(&whole) && ht_tamper_has_redirected(&whole));
    ht_tamper_take_traced(HT_S(plain), true, arena, &cut);
    assert_false(ht_tamper_has_traced(&cut) || ht_tamper_has_redirected(&cut));
    ht_tamper_take_traced(HT_S(sent), true, arena, &found);
    assert_int_equal(found.redirected.len, 1);
}

/* ---- packages of languages ---- */

static void paths_tell_packages_of_languages(void **state)
{
    static const struct {
        const char *path, *manager, *name, *version, *proof;
    } known[] = {
        {"/usr/lib/python3/dist-packages/typing_extensions-4.8.0.dist-info", "pip",
         "typing_extensions", "4.8.0",
         "/usr/lib/python3/dist-packages/typing_extensions-4.8.0.dist-info/METADATA"},
        {"/a/site-packages/x-y-1.0-py3.11.egg-info", "pip", "x-y", "1.0",
         "/a/site-packages/x-y-1.0-py3.11.egg-info/PKG-INFO"},
        {"/var/lib/gems/3.1.0/specifications/rake-13.1.0.gemspec", "gem", "rake", "13.1.0",
         "/var/lib/gems/3.1.0/specifications/rake-13.1.0.gemspec"},
        {"/app/node_modules/left-pad/package.json", "npm", "left-pad", "",
         "/app/node_modules/left-pad/package.json"},
        {"/app/node_modules/@scope/pad/package.json", "npm", "@scope/pad", "",
         "/app/node_modules/@scope/pad/package.json"},
        {"/app/node_modules/left-pad", "npm", "left-pad", "",
         "/app/node_modules/left-pad/package.json"},
    };
    static const char *const others[] = {"/usr/lib/python3/x-1.0.dist-info",
                                         "/a/site-packages/x.dist-info",
                                         "/a/site-packages",
                                         "/specifications/x.gemspec",
                                         "/app/node_modules/.bin",
                                         "/app/package.json",
                                         "/app/node_modules/x/lib/y.js",
                                         "",
                                         "/"};
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_language_package package;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        assert_true(ht_language_find(ht_str_from(known[i].path), arena, &package));
        assert_string_equal(package.manager, known[i].manager);
        assert_true(ht_str_is(package.name, known[i].name));
        assert_true(ht_str_is(package.version, known[i].version));
        assert_true(ht_str_is(package.proof, known[i].proof));
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_false(ht_language_find(ht_str_from(others[i]), arena, &package));
}

static void two_versions_of_a_package_are_one_change(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autofree struct ht_languages *languages = ht_new0(struct ht_languages);
    const struct ht_language_package rake = {.manager = "gem", .name = HT_S("rake")};
    const struct ht_language_package evil = {.manager = "pip", .name = HT_S("evil")};
    const struct ht_language_package lost = {.manager = "npm", .name = HT_S("lost")};
    struct ht_package_change_list changes;

    (void)state;
    languages->arena = arena;
    ht_languages_add(languages, &rake, HT_S("13.1"), HT_S(""));
    ht_languages_add(languages, &rake, HT_S(""), HT_S("13.0"));
    ht_languages_add(languages, &evil, HT_S("1"), HT_S(""));
    ht_languages_add(languages, &evil, HT_S("1"), HT_S("1"));
    ht_languages_add(languages, &lost, HT_S(""), HT_S("2"));
    changes = ht_languages_changes(languages);
    assert_int_equal(changes.len, 3);
    assert_int_equal(changes.items[0].change, HT_PACKAGE_CHANGE_KIND_CHANGED);
    assert_true(ht_str_is(changes.items[0].image, "13.0"));
    assert_int_equal(changes.items[1].change, HT_PACKAGE_CHANGE_KIND_ADDED);
    assert_int_equal(changes.items[2].change, HT_PACKAGE_CHANGE_KIND_REMOVED);
    assert_true(ht_str_is(ht_language_version(HT_S("{\"version\":\"1.2\"}"), arena), "1.2"));
    assert_int_equal(ht_language_version(HT_S("{\"version\":1}"), arena).len, 0);
    assert_int_equal(ht_language_version(HT_S("{"), arena).len, 0);
}

static void a_package_of_two_environments_is_two_changes(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autofree struct ht_languages *languages = ht_new0(struct ht_languages);
    struct ht_language_package package;
    struct ht_package_change_list changes;

    (void)state;
    languages->arena = arena;
    assert_true(ht_language_find(HT_S("/a/site-packages/evil-2.0.dist-info"), arena, &package));
    ht_languages_add(languages, &package, HT_S("2.0"), HT_S(""));
    assert_true(ht_language_find(HT_S("/b/site-packages/evil-1.0.dist-info"), arena, &package));
    ht_languages_add(languages, &package, HT_S(""), HT_S("1.0"));
    changes = ht_languages_changes(languages);
    assert_int_equal(changes.len, 2);
    assert_int_equal(changes.items[0].change, HT_PACKAGE_CHANGE_KIND_ADDED);
    assert_int_equal(changes.items[1].change, HT_PACKAGE_CHANGE_KIND_REMOVED);
}

static void databases_that_are_too_large_are_not_compared(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autoclose int now = memfd_create("now", MFD_CLOEXEC);
    ht_autoclose int image = memfd_create("image", MFD_CLOEXEC);
    struct ht_package_files both = {
        .manager = "dpkg", .format = HT_PACKAGE_FORMAT_DPKG, .now = now, .image = image};
    struct ht_package_change_list changes;
    uint64_t cut;

    (void)state;
    assert_true(ht_packages_compare_files(&both, arena, &changes, &cut));
    assert_int_equal(changes.len, 0);
    assert_int_equal(ftruncate(now, HT_LIMIT_FILE + 1), 0);
    assert_false(ht_packages_compare_files(&both, arena, &changes, &cut));
    /* What is only compared by its bytes may not be readable. */
    ht_autoclose int folder_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    both.format = HT_PACKAGE_FORMAT_BYTES;
    both.now = both.image = folder_fd;
    assert_false(ht_packages_compare_files(&both, arena, &changes, &cut));
}

/* ---- roots and peers ---- */

static void another_root_has_another_key(void **state)
{
    ht_autobuf struct ht_buf one = HT_BUF(256);
    ht_autobuf struct ht_buf again = HT_BUF(256);
    ht_autobuf struct ht_buf other = HT_BUF(256);
    ht_autobuf struct ht_buf none = HT_BUF(256);
    ht_autobuf struct ht_buf of_another = HT_BUF(256);
    ht_autoclose int fd = open_folder("proc");
    struct ht_proc_reader reader;
    char path[160];

    (void)state;
    snprintf(path, sizeof(path), "%s/proc", folder);
    assert_int_equal(mkdirat(fd, "1/root", 0700), 0);
    assert_int_equal(ht_proc_reader_init(&reader, path, NULL), 0);
    ht_drift_root_key(&reader, 1, &one);
    ht_drift_root_key(&reader, 1, &again);
    assert_int_equal(renameat(fd, "1/root", fd, "1/old"), 0);
    assert_int_equal(mkdirat(fd, "1/root", 0700), 0);
    ht_drift_root_key(&reader, 1, &other);
    unlinkat(fd, "1/root", AT_REMOVEDIR);
    ht_drift_root_key(&reader, 1, &none);
    ht_drift_root_key(&reader, 2, &of_another);
    ht_proc_reader_fini(&reader);
    unlinkat(fd, "1/old", AT_REMOVEDIR);
    assert_true(ht_str_equal(ht_buf_str(&one), ht_buf_str(&again)));
    assert_false(ht_str_equal(ht_buf_str(&one), ht_buf_str(&other)));
    assert_false(ht_str_equal(ht_buf_str(&other), ht_buf_str(&none)));
    /* One whose root is not told answers for itself alone. */
    assert_false(ht_str_equal(ht_buf_str(&none), ht_buf_str(&of_another)));
}

static void the_ninth_peer_is_kept_if_it_serves_metadata(void **state)
{
    enum { PEERS = HT_PROC_PEERS_MAX + 1 };
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autobuf struct ht_buf table = HT_BUF(8192);
    ht_autoclose int fd = open_folder("proc");
    struct ht_process process = {0};
    struct ht_proc_reader reader;
    char path[160], name[32], target[32];
    bool found = false;

    (void)state;
    snprintf(path, sizeof(path), "%s/proc", folder);
    assert_int_equal(mkdirat(fd, "1/fd", 0700), 0);
    assert_int_equal(mkdirat(fd, "1/ns", 0700), 0);
    assert_int_equal(mkdirat(fd, "1/net", 0700), 0);
    assert_int_equal(symlinkat("net:[7]", fd, "1/ns/net"), 0);
    ht_buf_add_text(&table, "  sl  local_address rem_address   st\n");
    for (int i = 0; i < PEERS; i++) {
        ht_buf_addf(&table,
                    "%4d: 0A00000A:%04X %s:%04X 01 00000000:00000000 00:00000000 00000000  0  0 "
                    "%d 1\n",
                    i, 40000 + i, i == PEERS - 1 ? "FEA9FEA9" : "017100CB",
                    i == PEERS - 1 ? 80 : 7000 + i, 1000 + i);
        snprintf(name, sizeof(name), "1/fd/%d", i);
        snprintf(target, sizeof(target), "socket:[%d]", 1000 + i);
        assert_int_equal(symlinkat(target, fd, name), 0);
    }
    put(fd, "1/net/tcp", table.data);
    assert_int_equal(ht_proc_reader_init(&reader, path, NULL), 0);
    ht_proc_read_peers(&reader, 1, arena, &process);
    ht_proc_reader_fini(&reader);
    for (int i = 0; i < PEERS; i++) {
        snprintf(name, sizeof(name), "1/fd/%d", i);
        unlinkat(fd, name, 0);
    }
    unlinkat(fd, "1/net/tcp", 0);
    unlinkat(fd, "1/ns/net", 0);
    unlinkat(fd, "1/net", AT_REMOVEDIR);
    unlinkat(fd, "1/ns", AT_REMOVEDIR);
    unlinkat(fd, "1/fd", AT_REMOVEDIR);
    for (size_t i = 0; i < process.peers.len; i++)
        found = found || ht_str_is(process.peers.items[i], "169.254.169.254:80");
    assert_true(found);
}

/* ---- writable directories ---- */

static size_t look_upper(struct ht_arena *arena, struct ht_layer *layer, size_t most)
{
    struct ht_origin *origin = ht_origin_new("/proc", NULL, NULL);
    size_t visited;

    assert_non_null(origin);
    ht_layer_set_id(layer, HT_S("c1"));
    ht_layer_set_upper_dir(layer, ht_str_from(folder));
    visited = ht_drift_upper(origin, getpid(), arena, layer, most);
    ht_origin_free(origin);
    return visited;
}

static void folders_count_against_the_limit(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_layer layer = {0};

    (void)state;
    assert_int_equal(look_upper(arena, &layer, ARRAY_LEN(folders)), ARRAY_LEN(folders));
    assert_false(layer.counted_all);
    /* What was not looked at has no unchanged packages. */
    assert_false(ht_layer_has_packages(&layer));
}

static void a_walk_of_everything_tells_packages(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_layer layer = {0};

    (void)state;
    assert_int_equal(look_upper(arena, &layer, HT_UPPER_ENTRIES_MAX),
                     ARRAY_LEN(folders) + ARRAY_LEN(files));
    assert_true(layer.counted_all);
    assert_true(ht_layer_has_packages(&layer));
}

static void a_folder_of_packages_that_is_gone_leaves_them_unknown(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autoclose int fd = open_folder("proc");
    struct ht_layer layer = {0};

    (void)state;
    assert_true(ht_language_is_folder(HT_S("/usr/lib/python3/dist-packages")));
    assert_false(ht_language_is_folder(HT_S("/usr/lib/python3")));
    /* What overlays have of what was deleted. */
    if (mknodat(fd, "site-packages", S_IFCHR, 0) < 0)
        skip();
    look_upper(arena, &layer, HT_UPPER_ENTRIES_MAX);
    unlinkat(fd, "site-packages", 0);
    assert_false(ht_layer_has_packages(&layer));
}

/* Folders in each other whose path has no room; or they go again. */
static void make_deep(int fd, const char *name, unsigned depth)
{
    ht_autoclose int inner = -1;

    assert_int_equal(mkdirat(fd, name, 0700), 0);
    inner = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(inner >= 0);
    if (depth)
        make_deep(inner, name, depth - 1);
}

static void remove_deep(int fd, const char *name, unsigned depth)
{
    ht_autoclose int inner = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(inner >= 0);
    if (depth)
        remove_deep(inner, name, depth - 1);
    assert_int_equal(unlinkat(fd, name, AT_REMOVEDIR), 0);
}

/* There is a file in each of two folders, one of which is looked at behind the other's. */
static void a_path_that_is_too_long_hides_no_other(void **state)
{
    enum { DEPTH = 18, NAME = 250 };
    static const char *const sides[] = {"proc", "cgroup"};
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_layer layer = {0};
    char name[NAME + 1];

    (void)state;
    memset(name, 'd', NAME);
    name[NAME] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        ht_autoclose int fd = open_folder(sides[i]);

        put(fd, "here", "");
        make_deep(fd, name, DEPTH);
    }
    look_upper(arena, &layer, HT_UPPER_ENTRIES_MAX);
    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        ht_autoclose int fd = open_folder(sides[i]);

        remove_deep(fd, name, DEPTH);
    }
    assert_false(layer.counted_all);
    assert_int_equal(layer.files, ARRAY_LEN(files) + ARRAY_LEN(sides));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(processes_that_only_their_groups_have_are_hidden, make_tree,
                                        remove_tree),
        cmocka_unit_test(who_is_in_one_group_is_of_its_container),
        cmocka_unit_test_setup_teardown(the_walk_tells_who_is_where, make_tree, remove_tree),
        cmocka_unit_test(the_first_hierarchy_of_a_process_is_read),
        cmocka_unit_test_setup_teardown(a_list_that_cannot_be_read_tells_nothing, make_tree,
                                        remove_tree),
        cmocka_unit_test_setup_teardown(groups_that_are_too_deep_leave_it_unknown, make_tree,
                                        remove_tree),
        cmocka_unit_test_setup_teardown(only_all_groups_of_the_node_will_do, make_tree,
                                        remove_tree),
        cmocka_unit_test(a_thread_is_no_hidden_process),
        cmocka_unit_test(redirected_functions_are_told_from_traced_ones),
        cmocka_unit_test(a_list_that_was_cut_is_unknown_unless_something_was_found),
        cmocka_unit_test(paths_tell_packages_of_languages),
        cmocka_unit_test(two_versions_of_a_package_are_one_change),
        cmocka_unit_test(a_package_of_two_environments_is_two_changes),
        cmocka_unit_test(databases_that_are_too_large_are_not_compared),
        cmocka_unit_test_setup_teardown(another_root_has_another_key, make_tree, remove_tree),
        cmocka_unit_test_setup_teardown(the_ninth_peer_is_kept_if_it_serves_metadata, make_tree,
                                        remove_tree),
        cmocka_unit_test_setup_teardown(folders_count_against_the_limit, make_tree, remove_tree),
        cmocka_unit_test_setup_teardown(a_path_that_is_too_long_hides_no_other, make_tree,
                                        remove_tree),
        cmocka_unit_test_setup_teardown(a_walk_of_everything_tells_packages, make_tree,
                                        remove_tree),
        cmocka_unit_test_setup_teardown(a_folder_of_packages_that_is_gone_leaves_them_unknown,
                                        make_tree, remove_tree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
