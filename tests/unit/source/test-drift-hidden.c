/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that are hidden, functions that are traced, packages of languages, writable
 * directories. */
#include <errno.h>
#include <fcntl.h>
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
#include "src/source/drift-languages.h"
#include "src/source/drift-tamper.h"
#include "src/source/drift-upper.h"

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
    char path[160];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);
        unlink(path);
    }
    for (size_t i = ARRAY_LEN(folders); i > 0; i--) {
        snprintf(path, sizeof(path), "%s/%s", folder, folders[i - 1]);
        rmdir(path);
    }
    return rmdir(folder);
}

/* 31 has ended since its group was read. */
static bool is_alive(pid_t pid)
{
    return pid != 31;
}

static int open_folder(const char *name)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
    assert_int_equal(ht_hidden_read(proc_fd, arena, &hidden), -EPERM);
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

/* ---- writable directories ---- */

static size_t look_upper(struct ht_arena *arena, struct ht_layer *layer, size_t most)
{
    struct ht_origin *origin = ht_origin_new("/proc", NULL);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(processes_that_only_their_groups_have_are_hidden, make_tree,
                                        remove_tree),
        cmocka_unit_test_setup_teardown(a_list_that_cannot_be_read_tells_nothing, make_tree,
                                        remove_tree),
        cmocka_unit_test(redirected_functions_are_told_from_traced_ones),
        cmocka_unit_test(paths_tell_packages_of_languages),
        cmocka_unit_test(two_versions_of_a_package_are_one_change),
        cmocka_unit_test(a_package_of_two_environments_is_two_changes),
        cmocka_unit_test(databases_that_are_too_large_are_not_compared),
        cmocka_unit_test_setup_teardown(folders_count_against_the_limit, make_tree, remove_tree),
        cmocka_unit_test_setup_teardown(a_walk_of_everything_tells_packages, make_tree,
                                        remove_tree),
        cmocka_unit_test_setup_teardown(a_folder_of_packages_that_is_gone_leaves_them_unknown,
                                        make_tree, remove_tree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
