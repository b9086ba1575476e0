/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of code that comes and goes. */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/tree.h"
#include "drift-alone.h"
#include "feed.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/drift-codes.h"
#include "src/source/drift-layers.h"
#include "src/source/drift-look.h"
#include "src/source/drift-packages.h"
#include "src/source/drift-script.h"
#include "src/source/drift-tamper.h"
#include "src/source/drift-upper.h"

/* ---- rows ---- */

static struct ht_code code_of(const char *id, enum ht_code_origin origin, uint64_t pid)
{
    struct ht_code code = {0};

    ht_code_set_id(&code, ht_str_from(id));
    ht_code_set_kind(&code, HT_CODE_KIND_EXECUTABLE);
    ht_code_set_origin(&code, origin);
    ht_code_set_path(&code, HT_S("/x"));
    ht_code_set_pid(&code, pid);
    ht_code_set_started_at(&code, (int64_t)pid);
    return code;
}

static struct ht_node *rows_of(struct ht_codes *codes)
{
    struct ht_node *node = ht_node_new(0);

    ht_codes_put(codes, node);
    ht_node_sort(node);
    return node;
}

static const struct ht_row *row(const struct ht_node *node, const char *id)
{
    return ht_node_find(node, HT_TABLE_CODE, ht_str_from(id));
}

static void code_of_the_image_is_no_news(void **state)
{
    struct ht_codes *codes = ht_codes_new();
    struct ht_code first = code_of("a", HT_CODE_ORIGIN_IMAGE, 10);
    struct ht_code second = code_of("a", HT_CODE_ORIGIN_IMAGE, 11);
    struct ht_codes_entry *one, *two;

    (void)state;
    one = ht_codes_start(codes, &first, 1, "polling");
    assert_true(ht_codes_changed(codes));
    struct ht_node *node = rows_of(codes);
    const struct ht_row *before = ht_row_ref(row(node, "a"));
    ht_node_unref(node);
    two = ht_codes_start(codes, &second, 2, "polling");
    ht_codes_end(codes, one, 3);
    ht_codes_end(codes, two, 4);
    ht_codes_expire(codes, 5);
    assert_false(ht_codes_changed(codes));
    node = rows_of(codes);
    assert_ptr_equal(row(node, "a"), before);
    assert_int_equal(ht_codes_drifted(codes), 0);
    ht_node_unref(node);
    ht_row_unref((struct ht_row *)before);
    /* A minute after its last process it is no longer there. */
    ht_codes_expire(codes, 4 + 61 * HT_NS_PER_S);
    assert_true(ht_codes_changed(codes));
    node = rows_of(codes);
    assert_null(row(node, "a"));
    ht_node_unref(node);
    ht_codes_free(codes);
}

/* What was told of code is there once: what runs lends it to its row, what ended is its row. */
static void what_was_told_of_code_is_kept_once(void **state)
{
    char path[] = "/a/path/that/is/no/constant/of/the/program/and/long/enough/to/be/told/apart";
    struct ht_codes *codes = ht_codes_new();
    struct ht_code facts = code_of("a", HT_CODE_ORIGIN_ADDED, 10);
    struct ht_codes_entry *entry;

    (void)state;
    ht_code_set_path(&facts, ht_str_from(path));
    entry = ht_codes_start(codes, &facts, 1, "fanotify");
    struct ht_node *node = rows_of(codes);
    size_t lent = ht_row_size(row(node, "a"));

    ht_node_unref(node);
    ht_codes_end(codes, entry, 2);
    node = rows_of(codes);
    const struct ht_row *ended = ht_row_ref(row(node, "a"));

    assert_true(ht_row_size(ended) > lent + sizeof(path) / 2);
    assert_true(ht_str_is(ht_code_of(ended)->path, path));
    assert_int_equal(ht_code_of(ended)->pid, 10);
    assert_true(ht_str_is(ht_codes_id(entry), "a"));
    assert_int_equal(ht_codes_kind(entry), HT_CODE_KIND_EXECUTABLE);
    ht_node_unref(node);
    node = rows_of(codes);
    assert_ptr_equal(row(node, "a"), ended);
    ht_node_unref(node);
    ht_row_unref((struct ht_row *)ended);

    assert_ptr_equal(ht_codes_start(codes, &facts, 3, "fanotify"), entry);
    assert_int_equal(ht_codes_drifted(codes), 1);
    node = rows_of(codes);
    assert_int_equal(ht_code_of(row(node, "a"))->count, 2);
    assert_true(ht_code_of(row(node, "a"))->running);
    ht_node_unref(node);
    ht_codes_free(codes);
}

static void other_code_tells_its_newest_process_and_stays(void **state)
{
    struct ht_codes *codes = ht_codes_new();
    struct ht_code first = code_of("a", HT_CODE_ORIGIN_ADDED, 10);
    struct ht_code second = code_of("a", HT_CODE_ORIGIN_ADDED, 11);
    struct ht_codes_entry *one = ht_codes_start(codes, &first, 1, "fanotify");
    struct ht_codes_entry *two = ht_codes_start(codes, &second, 2, "polling");
    struct ht_node *node = rows_of(codes);
    const struct ht_code *code = ht_code_of(row(node, "a"));

    (void)state;
    assert_int_equal(code->processes, 2);
    assert_int_equal(code->pid, 11);
    assert_int_equal(code->count, 2);
    assert_int_equal(code->seen_at, 1);
    assert_true(code->running);
    assert_true(ht_str_is(code->seen_by, "fanotify"));
    assert_int_equal(ht_codes_drifted(codes), 1);
    ht_node_unref(node);
    ht_codes_renew(codes, one, &first); /* the older process is read again */
    assert_false(ht_codes_changed(codes));
    ht_codes_end(codes, one, 3);
    ht_codes_end(codes, two, 4);
    assert_int_equal(ht_codes_drifted(codes), 0);
    ht_codes_expire(codes, 4 + 3600 * HT_NS_PER_S);
    node = rows_of(codes);
    code = ht_code_of(row(node, "a"));
    assert_false(code->running);
    assert_int_equal(code->ended_at, 4);
    ht_node_unref(node);
    ht_codes_expire(codes, 4 + 25 * 3600 * HT_NS_PER_S);
    node = rows_of(codes);
    assert_null(row(node, "a"));
    ht_node_unref(node);
    ht_codes_free(codes);
}

static void what_ended_is_bounded(void **state)
{
    struct ht_codes *codes = ht_codes_new();
    struct ht_node *node;
    char id[32];

    (void)state;
    for (int i = 0; i < HT_CODES_ENDED_MAX + 100; i++) {
        snprintf(id, sizeof(id), "c%d", i);
        struct ht_code code = code_of(id, HT_CODE_ORIGIN_ADDED, 1);
        ht_codes_end(codes, ht_codes_start(codes, &code, i, "fanotify"), i + 1);
    }
    ht_codes_expire(codes, HT_CODES_ENDED_MAX + 200);
    node = rows_of(codes);
    assert_int_equal(ht_node_set(node, HT_TABLE_CODE)->len, HT_CODES_ENDED_MAX);
    assert_null(row(node, "c0"));
    assert_non_null(row(node, "c2099"));
    ht_node_unref(node);
    ht_codes_free(codes);
}

static void what_cannot_be_told_is_bounded(void **state)
{
    struct ht_codes *codes = ht_codes_new();
    struct ht_code added = code_of("added", HT_CODE_ORIGIN_ADDED, 1);
    char id[32];

    (void)state;
    for (int i = 0; i < HT_CODES_MAX; i++) {
        snprintf(id, sizeof(id), "c%d", i);
        struct ht_code code = code_of(id, HT_CODE_ORIGIN_BLIND, 1);
        assert_non_null(ht_codes_start(codes, &code, i, "polling"));
    }
    struct ht_code more = code_of("more", HT_CODE_ORIGIN_BLIND, 1);
    assert_null(ht_codes_start(codes, &more, 1, "polling"));
    assert_non_null(ht_codes_start(codes, &added, 1, "polling"));
    ht_codes_free(codes);
}

static void what_is_known_of_a_program_is_the_image_s(void **state)
{
    struct ht_codes *codes = ht_codes_new();
    struct ht_code image = code_of("c1:executable:/x", HT_CODE_ORIGIN_IMAGE, 1);
    struct ht_code added = code_of("c1:executable:/x", HT_CODE_ORIGIN_ADDED, 2);
    struct ht_codes_entry *one, *two;

    (void)state;
    assert_null(ht_codes_start_known(codes, image.id));
    one = ht_codes_start(codes, &image, 1, "polling");
    assert_true(ht_codes_is_image(one));
    assert_ptr_equal(ht_codes_start_known(codes, image.id), one);
    ht_codes_end(codes, one, 2);
    ht_codes_end(codes, one, 2);
    /* It ended, and is still known. */
    assert_ptr_equal(ht_codes_start_known(codes, image.id), one);
    /* Another file has its path now: who runs the old one is judged anew. */
    two = ht_codes_start(codes, &added, 3, "polling");
    assert_ptr_equal(two, one);
    assert_null(ht_codes_start_known(codes, image.id));
    ht_codes_end(codes, one, 4);
    ht_codes_end(codes, one, 4);
    ht_codes_free(codes);
}

static void only_lines_that_name_an_interpreter_are_shown(void **state)
{
    (void)state;
    assert_true(ht_str_is(ht_script_first_line(HT_S("#!/bin/sh -e\nid\n")), "#!/bin/sh -e"));
    assert_int_equal(ht_script_first_line(HT_S("hunter2\n")).len, 0);
    assert_int_equal(ht_script_first_line(HT_S("#!\0\n")).len, 0);
    assert_int_equal(ht_script_first_line(HT_S("")).len, 0);
}

/* ---- packages ---- */

static void changed_packages_are_told(void **state)
{
    static const char image[] = "Package: a\nStatus: install ok installed\nArchitecture: amd64\n"
                                "Version: 1\n\nPackage: b\nStatus: install ok installed\n"
                                "Version: 1\n\nPackage: gone\nStatus: install ok installed\n"
                                "Version: 3\n";
    static const char now[] = "Package: a\nStatus: install ok installed\nArchitecture: amd64\n"
                              "Version: 2\n\nPackage: b\nStatus: install ok installed\n"
                              "Version: 1\n\nPackage: gone\nStatus: deinstall ok config-files\n"
                              "Version: 3\n\nPackage: nmap\nStatus: install ok installed\n"
                              "Version: 7.9";
    ht_autoarena struct ht_arena *arena = ht_arena_new(1024 * 1024);
    struct ht_map *old = ht_packages_decode(HT_PACKAGE_FORMAT_DPKG, ht_str_from(image), arena);
    struct ht_map *fresh = ht_packages_decode(HT_PACKAGE_FORMAT_DPKG, ht_str_from(now), arena);
    uint64_t cut = 9;
    struct ht_package_change_list changes = ht_packages_compare("dpkg", old, fresh, arena, &cut);

    (void)state;
    assert_int_equal(changes.len, 3);
    assert_int_equal(cut, 0);
    assert_int_equal(changes.items[0].change, HT_PACKAGE_CHANGE_KIND_ADDED);
    assert_true(ht_str_is(changes.items[0].name, "nmap") && ht_str_is(changes.items[0].now, "7.9"));
    assert_int_equal(changes.items[1].change, HT_PACKAGE_CHANGE_KIND_CHANGED);
    assert_true(ht_str_is(changes.items[1].name, "a:amd64") &&
                ht_str_is(changes.items[1].image, "1") && ht_str_is(changes.items[1].now, "2"));
    assert_int_equal(changes.items[2].change, HT_PACKAGE_CHANGE_KIND_REMOVED);
    ht_map_free(old);
    ht_map_free(fresh);
}

static void packages_of_apk_are_read(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(1024 * 1024);
    struct ht_map *map = ht_packages_decode(
        HT_PACKAGE_FORMAT_APK, HT_S("C:Q1x=\nP:busybox\nV:1.36.1-r5\nA:x86_64\n\nP:curl\nV:8\n"),
        arena);

    (void)state;
    assert_int_equal(ht_map_len(map), 2);
    assert_string_equal(ht_map_get(map, HT_S("busybox")), "1.36.1-r5");
    ht_map_free(map);
}

static void too_many_changes_are_counted(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(1024 * 1024);
    ht_autobuf struct ht_buf text = HT_BUF(1024 * 1024);
    struct ht_map *none = ht_map_new();
    struct ht_map *map;
    uint64_t cut = 0;

    (void)state;
    for (int i = 0; i < HT_PACKAGE_CHANGES_MAX + 7; i++)
        ht_buf_addf(&text, "P:p%d\nV:1\n\n", i);
    map = ht_packages_decode(HT_PACKAGE_FORMAT_APK, ht_buf_str(&text), arena);
    assert_int_equal(ht_packages_compare("apk", none, map, arena, &cut).len,
                     HT_PACKAGE_CHANGES_MAX);
    assert_int_equal(cut, 7);
    ht_map_free(map);
    ht_map_free(none);
}

/* ---- the source on the running system ---- */

static bool end_at_once(struct ht_test_feed *feed, unsigned wait, struct ht_request *ret_request)
{
    (void)feed;
    (void)wait;
    (void)ret_request;
    return false;
}

static void one_look_says_what_it_saw(void **state)
{
    struct ht_test_feed feed = {.script = end_at_once};
    struct ht_driver driver = ht_drift_driver(true);
    const struct ht_row *source;

    (void)state;
    ht_test_feed_init(&feed);
    driver.ops->run(driver.self, &feed.feed);
    driver.ops->free(driver.self);
    source = ht_node_find(feed.sample, HT_TABLE_SOURCE, HT_S("drift"));
    assert_non_null(source);
    assert_true(ht_source_of(source)->state == HT_SOURCE_STATE_OK ||
                ht_source_of(source)->state == HT_SOURCE_STATE_PART);
    assert_true(ht_source_of(source)->detail.len > 0);
    ht_node_unref(feed.sample);
}

static void nothing_runs_in_another_root(void **state)
{
    struct ht_test_feed feed = {.script = end_at_once};
    struct ht_driver driver = ht_drift_driver(false);

    (void)state;
    ht_test_feed_init(&feed);
    driver.ops->run(driver.self, &feed.feed);
    driver.ops->free(driver.self);
    assert_int_equal(ht_source_of(ht_node_find(feed.sample, HT_TABLE_SOURCE, HT_S("drift")))->state,
                     HT_SOURCE_STATE_OFF);
    ht_node_unref(feed.sample);
}

/* ---- command lines ---- */

static void who_has_ended_has_no_command_line(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_proc_reader reader;
    struct ht_error err = {0};
    struct ht_text_list argv = {0};
    siginfo_t info;
    pid_t child;

    (void)state;
    assert_int_equal(ht_proc_reader_init(&reader, "/proc", &err), 0);
    assert_true(ht_drift_read_argv(&reader, getpid(), arena, &argv));
    assert_true(ht_str_has_suffix(argv.items[0], "test-drift"));
    child = fork();
    if (child == 0)
        _exit(0);
    /* It is left where it is: a zombie, whose command line can be read and is empty. */
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    assert_false(ht_drift_read_argv(&reader, child, arena, &argv));
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_false(ht_drift_read_argv(&reader, child, arena, &argv));
    assert_true(ht_str_has_suffix(argv.items[0], "test-drift")); /* as it was */
    ht_proc_reader_fini(&reader);
}

/* Starts cat with mounts of its own, as in a container, until stdin ends. 0: not allowed here. */
static pid_t start_apart(int *ret_stdin)
{
    int input[2], ready[2];
    char byte;
    pid_t child;

    assert_int_equal(pipe2(input, O_CLOEXEC), 0);
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    child = fork();
    if (child == 0) {
        if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
            _exit(write(ready[1], "", 1) == 1);
        dup2(input[0], STDIN_FILENO);
        setenv("LD_AUDIT", "/etc/passwd", 1);
        execl("/bin/cat", "cat", "-", (char *)NULL);
        _exit(write(ready[1], "", 1) == 1);
    }
    close(ready[1]);
    close(input[0]);
    /* Its end closes when the program runs. */
    bool runs = read(ready[0], &byte, 1) == 0;
    close(ready[0]);
    *ret_stdin = input[1];
    if (runs)
        return child;
    close(input[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return 0;
}

static void check_argv(struct ht_drift *drift, struct ht_drift_process *process,
                       const struct ht_exec_start *start, const char *wanted)
{
    struct ht_node *node;
    const struct ht_rowset *codes;
    size_t programs = 0;

    assert_true(ht_drift_judge(drift, process, start));
    node = rows_of(drift->codes);
    codes = ht_node_set(node, HT_TABLE_CODE);
    for (size_t i = 0; i < codes->len; i++) {
        const struct ht_code *code = ht_code_of(codes->rows[i]);

        if (code->kind != HT_CODE_KIND_EXECUTABLE)
            continue;
        programs++;
        assert_int_equal(code->argv.len, 2);
        assert_true(ht_str_is(code->argv.items[0], wanted));
    }
    assert_int_equal(programs, 1);
    ht_node_unref(node);
}

/* A drift of which one process of a container is judged: without a pid, where none can be begun. */
struct judging {
    struct ht_drift drift;
    struct ht_drift_process process;
    int input;
};

static void begin(struct judging *judging)
{
    struct ht_drift *drift = &judging->drift;

    assert_int_equal(ht_test_drift_begin(drift, "/proc", NULL), 0);
    judging->process = (struct ht_drift_process){.pid = start_apart(&judging->input)};
    drift->watch = ht_exec_new(&(struct ht_exec_options){
        .clock = ht_clock_system(), .no_fanotify = true, .no_connector = true});
    if (judging->process.pid)
        judging->process.home = ht_layers_join(drift->layers, HT_S("c1"), 1, false);
}

static void end(struct judging *judging)
{
    struct ht_drift *drift = &judging->drift;
    struct ht_drift_process *process = &judging->process;

    if (process->pid) {
        close(judging->input);
        assert_int_equal(waitpid(process->pid, NULL, 0), process->pid);
        assert_false(ht_drift_judge(drift, process, NULL)); /* ends what it ran */
        ht_layers_leave(drift->layers, process->home);
    }
    ht_vec_fini(&process->codes);
    ht_test_drift_end(drift);
    if (!process->pid)
        skip();
}

static void what_a_start_told_is_the_command_line(void **state)
{
    const struct ht_str words[] = {HT_S("told"), HT_S("first")};
    struct ht_exec_start start = {.exe = HT_S("/other"), .argv = {.items = words, .len = 2}};
    struct judging judging;
    char name[64], link[PATH_MAX];

    (void)state;
    begin(&judging);
    if (judging.process.pid) {
        check_argv(&judging.drift, &judging.process, NULL, "cat");
        /* It runs another program since. */
        check_argv(&judging.drift, &judging.process, &start, "cat");
        snprintf(name, sizeof(name), "/proc/%d/exe", (int)judging.process.pid);
        ssize_t len = readlink(name, link, sizeof(link));
        assert_true(len > 0);
        start.exe = (struct ht_str){.data = link, .len = (size_t)len};
        check_argv(&judging.drift, &judging.process, &start, "told");
        start.unread = HT_EXEC_NO_ARGV;
        check_argv(&judging.drift, &judging.process, &start, "cat");
    }
    end(&judging);
}

/* How many files its environment loads first, as is told. */
static size_t count_preloads(struct ht_drift *drift)
{
    struct ht_node *node = rows_of(drift->codes);
    const struct ht_rowset *codes = ht_node_set(node, HT_TABLE_CODE);
    size_t count = 0;

    for (size_t i = 0; i < codes->len; i++) {
        const struct ht_code *code = ht_code_of(codes->rows[i]);

        count += code->kind == HT_CODE_KIND_PRELOAD && ht_str_is(code->variable, "LD_AUDIT") &&
                 ht_str_is(code->path, "/etc/passwd");
    }
    ht_node_unref(node);
    return count;
}

static void what_it_was_told_is_found(void **state)
{
    const struct ht_exec_start start = {.unread = HT_EXEC_NO_ARGV};
    struct judging judging;
    struct ht_drift *drift = &judging.drift;

    (void)state;
    begin(&judging);
    if (judging.process.pid) {
        check_argv(drift, &judging.process, NULL, "cat");
        assert_int_equal(count_preloads(drift), 1);
        check_argv(drift, &judging.process, &start, "cat");
        assert_int_equal(count_preloads(drift), 1);
    }
    end(&judging);
}

/* ---- starts that nobody could look at ---- */

static void keep_text(struct ht_test_feed *feed, const struct ht_row *event)
{
    const struct ht_str text = ht_event_of(event)->text;

    assert_int_equal(ht_event_of(event)->kind, HT_EVENT_KIND_PROCESS_EXEC);
    snprintf(feed->context, 256, "%.*s", HT_STR_ARG(text));
}

static void starts_of_nobody_known_are_told_and_counted(void **state)
{
    char text[256] = "";
    struct ht_test_feed feed = {.told = keep_text, .context = text};
    struct ht_drift drift = {.feed = &feed.feed};
    struct ht_exec_start start = {.pid = 9, .unread = HT_EXEC_NO_CGROUP};

    (void)state;
    ht_test_feed_init(&feed);
    ht_drift_tell_unplaced(&drift);
    assert_int_equal(feed.events, 0);
    ht_drift_add_unplaced(&drift, &start);
    ht_drift_tell_unplaced(&drift);
    assert_int_equal(feed.events, 1);
    assert_string_equal(text, "a program started and ended before it could be looked at");
    /* Many at once are one event, a minute later. */
    for (int i = 0; i < 700; i++) {
        start.exe = i == 699 ? HT_S("/tmp/x") : HT_S("/tmp/y");
        ht_drift_add_unplaced(&drift, &start);
        ht_drift_tell_unplaced(&drift);
    }
    assert_int_equal(feed.events, 1);
    feed.ahead_ns += 61 * HT_NS_PER_S;
    ht_drift_tell_unplaced(&drift);
    assert_int_equal(feed.events, 2);
    assert_string_equal(text, "700 programs started and ended before they could be looked at, one: "
                              "/tmp/x");
    ht_drift_tell_unplaced(&drift);
    assert_int_equal(feed.events, 2);
}

/* ---- what is loaded first ---- */

static void variables_name_what_is_loaded_first(void **state)
{
    static const char text[] =
        "PATH=/bin\0LD_PRELOAD=/a.so:/b.so  /c.so\0LD_AUDIT=\0LD_AUDIT=d.so\0"
        "LD_PRELOADS=/e\0=LD_PRELOAD=/f";
    static const char *const wanted[] = {"/a.so", "/b.so", "/c.so", "d.so"};
    struct ht_preload_walk walk = {.environment = {.data = text, .len = sizeof(text)}};
    struct ht_str path;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        assert_true(ht_preload_next(&walk, &path));
        assert_true(ht_str_is(path, wanted[i]));
        assert_string_equal(walk.variable, i < 3 ? "LD_PRELOAD" : "LD_AUDIT");
    }
    assert_false(ht_preload_next(&walk, &path));
}

/* ---- what was written, and what came before ---- */

static void files_that_start_programs_are_known_by_their_path(void **state)
{
    static const char *const yes[] = {"/etc/cron.d/x", "/root/.ssh/authorized_keys",
                                      "/home/a/.bashrc", "/etc/ld.so.preload",
                                      "/etc/systemd/system/x.service"};
    static const char *const no[] = {"/etc/cron.d", "/tmp/authorized_keys", "/var/log/cron.d/x",
                                     "/etc/passwd", ""};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        assert_true(ht_upper_is_persistence(ht_str_from(yes[i])));
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        assert_false(ht_upper_is_persistence(ht_str_from(no[i])));
}

static void what_was_started_in_the_minute_before_is_told(void **state)
{
    struct ht_layers *layers = ht_layers_new();
    struct ht_layers_entry *home = ht_layers_join(layers, HT_S("c1"), 1, false);
    ht_autoarena struct ht_arena *arena = ht_arena_new(1 << 20);
    const struct ht_str words[] = {HT_S("curl"), HT_S("http://192.0.2.9/x")};
    struct ht_program_start_list before;

    (void)state;
    assert_int_equal(ht_layers_before(home, 0, arena).len, 0);
    ht_layers_started(home, &(struct ht_layers_start){.at = 10 * HT_NS_PER_S,
                                                      .program = HT_S("/usr/bin/curl"),
                                                      .argv = {.items = words, .len = 2}});
    ht_layers_started(
        home, &(struct ht_layers_start){.at = 60 * HT_NS_PER_S, .program = HT_S("/bin/chmod")});
    before = ht_layers_before(home, 30 * HT_NS_PER_S, arena); /* chmod came later */
    assert_int_equal(before.len, 1);
    assert_true(ht_str_is(before.items[0].program, "/usr/bin/curl"));
    assert_true(ht_str_is(before.items[0].command, "curl http://192.0.2.9/x"));
    before = ht_layers_before(home, 65 * HT_NS_PER_S, arena);
    assert_int_equal(before.len, 2); /* newest first; without arguments, its path */
    assert_true(ht_str_is(before.items[0].command, "/bin/chmod"));
    assert_int_equal(ht_layers_before(home, 71 * HT_NS_PER_S, arena).len, 1);
    /* The oldest of many are forgotten. */
    for (int i = 0; i < 100; i++)
        ht_layers_started(
            home, &(struct ht_layers_start){.at = 70 * HT_NS_PER_S, .program = HT_S("/bin/true")});
    assert_int_equal(ht_layers_before(home, 71 * HT_NS_PER_S, arena).len, 8);
    ht_layers_leave(layers, home);
    ht_layers_free(layers);
}

/* ---- the kernel ---- */

static void modules_that_taint_are_listed(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_text_list modules =
        ht_tamper_modules(HT_S("zfs 4399104 6 - Live 0x0000000000000000 (POE)\n"
                               "overlay 196608 21 - Live 0x0000000000000000\n"
                               "veth 45056 0 - Loading 0x0000000000000000 (+)\n"
                               "old 16384 0 - Unloading 0x0000000000000000 (O-)\n"
                               "cut 16384 0 - Live 0x0000000000000000 (O"),
                          arena);

    (void)state;
    assert_int_equal(modules.len, 2);
    assert_true(ht_str_is(modules.items[0], "zfs (POE)"));
    assert_true(ht_str_is(modules.items[1], "old (O-)"));
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    ht_test_write_file(path, text);
}

static void a_kernel_without_modules_has_none(void **state)
{
    char folder[] = "/tmp/test-drift-XXXXXX";
    char path[256];

    (void)state;
    assert_non_null(mkdtemp(folder));
    ht_autoclose int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(mkdirat(fd, "sys", 0700), 0);
    assert_int_equal(mkdirat(fd, "sys/kernel", 0700), 0);
    assert_null(ht_tamper_read(fd, NULL, NULL));
    write_file(folder, "sys/kernel/tainted", "x\n");
    assert_null(ht_tamper_read(fd, NULL, NULL));
    write_file(folder, "sys/kernel/tainted", "12289\n");
    ht_autorow struct ht_row *none = ht_tamper_read(fd, NULL, NULL);
    assert_int_equal(ht_tamper_of(none)->taint, 12289);
    assert_true(ht_tamper_has_modules(ht_tamper_of(none)));
    assert_int_equal(ht_tamper_of(none)->modules.len, 0);
    write_file(folder, "modules", "spl 135168 1 zfs, Live 0x0000000000000000 (OE)\n");
    ht_autorow struct ht_row *one = ht_tamper_read(fd, NULL, NULL);
    assert_int_equal(ht_tamper_of(one)->modules.len, 1);
    snprintf(path, sizeof(path), "%s/modules", folder);
    unlink(path);
    unlinkat(fd, "sys/kernel/tainted", 0);
    unlinkat(fd, "sys/kernel", AT_REMOVEDIR);
    unlinkat(fd, "sys", AT_REMOVEDIR);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_of_the_image_is_no_news),
        cmocka_unit_test(what_is_known_of_a_program_is_the_image_s),
        cmocka_unit_test(what_was_told_of_code_is_kept_once),
        cmocka_unit_test(other_code_tells_its_newest_process_and_stays),
        cmocka_unit_test(only_lines_that_name_an_interpreter_are_shown),
        cmocka_unit_test(what_ended_is_bounded),
        cmocka_unit_test(what_cannot_be_told_is_bounded),
        cmocka_unit_test(changed_packages_are_told),
        cmocka_unit_test(packages_of_apk_are_read),
        cmocka_unit_test(too_many_changes_are_counted),
        cmocka_unit_test(one_look_says_what_it_saw),
        cmocka_unit_test(nothing_runs_in_another_root),
        cmocka_unit_test(who_has_ended_has_no_command_line),
        cmocka_unit_test(what_a_start_told_is_the_command_line),
        cmocka_unit_test(what_it_was_told_is_found),
        cmocka_unit_test(starts_of_nobody_known_are_told_and_counted),
        cmocka_unit_test(variables_name_what_is_loaded_first),
        cmocka_unit_test(files_that_start_programs_are_known_by_their_path),
        cmocka_unit_test(what_was_started_in_the_minute_before_is_told),
        cmocka_unit_test(modules_that_taint_are_listed),
        cmocka_unit_test(a_kernel_without_modules_has_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
