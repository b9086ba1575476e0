/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The evidence of a finding in one file: of a living process, of a dead one, of a recording. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bundle.h"
#include "hulltop/base/digest.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

enum { ARCHIVE_MAX = 128 * 1024 * 1024, BLOCK = 512 };

static char folder[] = "/tmp/hulltop-bundle-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

/* ---- a state with one finding ---- */

/* About code of that kind at that path. */
static struct ht_state *make_state_of(pid_t pid, enum ht_code_kind kind, const char *path)
{
    struct ht_node *node = ht_node_new(INT64_C(1800000000) * 1000000000);
    struct ht_container container = {0};
    struct ht_process process = {0};
    struct ht_code code = {0};
    struct ht_layer layer = {0};
    struct ht_finding finding = {0};
    struct ht_package_change change = {0};
    ht_autobuf struct ht_buf id = HT_BUF(40);

    ht_buf_addf(&id, "%d.7", (int)pid);
    ht_container_set_id(&container, HT_S("c1"));
    ht_container_set_name(&container, HT_S("web"));
    ht_node_add(node, ht_row_new(&ht_container_table, &container));
    ht_process_set_id(&process, HT_S("1.1"));
    ht_process_set_pid(&process, 1);
    ht_process_set_comm(&process, HT_S("init"));
    ht_node_add(node, ht_row_new(&ht_process_table, &process));
    process = (struct ht_process){0};
    ht_process_set_id(&process, ht_buf_str(&id));
    ht_process_set_pid(&process, (uint64_t)pid);
    ht_process_set_ppid(&process, 1);
    ht_process_set_comm(&process, HT_S("x\x1b[2J"));
    ht_process_set_container(&process, HT_S("c1"));
    ht_node_add(node, ht_row_new(&ht_process_table, &process));
    ht_code_set_id(&code, HT_S("c1:executable:/tmp/x"));
    ht_code_set_kind(&code, kind);
    ht_code_set_path(&code, ht_str_from(path));
    ht_code_set_container(&code, HT_S("c1"));
    ht_code_set_pid(&code, (uint64_t)pid);
    ht_node_add(node, ht_row_new(&ht_code_table, &code));
    ht_package_change_set_manager(&change, HT_S("apk"));
    ht_package_change_set_name(&change, HT_S("nmap"));
    ht_package_change_set_change(&change, HT_PACKAGE_CHANGE_KIND_ADDED);
    ht_package_change_set_now(&change, HT_S("7.94-r0"));
    ht_layer_set_id(&layer, HT_S("c1"));
    ht_layer_set_container(&layer, HT_S("c1"));
    ht_layer_set_packages(&layer, (struct ht_package_change_list){.items = &change, .len = 1});
    ht_node_add(node, ht_row_new(&ht_layer_table, &layer));
    ht_node_sort(node);

    struct ht_state *state = ht_state_new(node);
    ht_finding_set_id(&finding, HT_S("f1"));
    ht_finding_set_check(&finding, HT_S("DRF-001"));
    ht_finding_set_object(&finding, ht_str_from(path));
    ht_subject_set_kind(ht_finding_edit_subject(&finding), HT_S("container"));
    ht_subject_set_id(ht_finding_edit_subject(&finding), HT_S("c1"));
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
    return state;
}

static struct ht_state *make_state(pid_t pid)
{
    return make_state_of(pid, HT_CODE_KIND_EXECUTABLE, "/tmp/x");
}

/* ---- what was saved ---- */

static struct ht_str member(const struct ht_buf *archive, const char *name)
{
    size_t at = 0;

    while (at + BLOCK <= archive->len && archive->data[at]) {
        struct ht_str digits = {archive->data + at + 124, 11};
        size_t size = 0;

        for (size_t i = 0; i < digits.len; i++)
            size = size * 8 + (size_t)(digits.data[i] - '0');
        assert_true(at + BLOCK + size <= archive->len);
        if (strncmp(archive->data + at, name, 100) == 0)
            return (struct ht_str){archive->data + at + BLOCK, size};
        at += BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
    }
    return (struct ht_str){0};
}

static void save(struct ht_state *state, const char *proc, struct ht_buf *archive,
                 struct ht_buf *told)
{
    const struct ht_bundle bundle = {
        .state = state, .finding = HT_S("f1"), .proc = proc, .now_ns = state->now_ns};
    struct ht_error err = {0};
    ht_autobuf struct ht_buf path = HT_BUF(200);
    struct stat about;

    ht_buf_addf(&path, "%s/bundle.tar", folder);
    assert_int_equal(ht_bundle_save(&bundle, path.data, told, &err), 0);
    /* Never over what is there. */
    assert_int_equal(ht_bundle_save(&bundle, path.data, told, &err), -EEXIST);
    assert_int_equal(stat(path.data, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    ht_autoclose int fd = open(path.data, O_RDONLY | O_CLOEXEC);
    assert_int_equal(ht_read_fd(fd, "bundle", archive, ARCHIVE_MAX, &err), 0);
    assert_true(archive->len % BLOCK == 0);
    unlink(path.data);
}

static bool says(struct ht_str text, const char *what)
{
    return ht_str_find(text, ht_str_from(what), 0) >= 0;
}

/* Each sum is that of its member. */
static void check_sums(const struct ht_buf *archive)
{
    struct ht_str rest = member(archive, "SHA256SUMS");
    struct ht_str line;
    char digest[HT_SHA256_TEXT_MAX];
    size_t count = 0;

    while (ht_str_next(&rest, '\n', &line) && line.len) {
        ht_autofree char *name = ht_strndup(line.data + 66, line.len - 66);

        ht_sha256_text(member(archive, name), digest);
        assert_memory_equal(line.data, digest, 64);
        count++;
    }
    assert_true(count >= 5);
}

/* ---- a process ---- */

static pid_t start_process(void)
{
    static const char *const argv[] = {"/bin/sleep", "100", NULL};
    static const char *const environment[] = {"PATH=/bin", "DB_PASSWORD=hunter2hunter2", NULL};
    int ready[2];
    char byte;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        execve(argv[0], (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)environment);
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 0); /* closed by the exec */
    close(ready[0]);
    return pid;
}

static void end_process(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_living_process_is_saved_with_its_program(void **unused)
{
    ht_autobuf struct ht_buf archive = HT_BUF(ARCHIVE_MAX);
    ht_autobuf struct ht_buf program = HT_BUF(ARCHIVE_MAX);
    ht_autobuf struct ht_buf told = HT_BUF(1000);
    ht_autobuf struct ht_buf name = HT_BUF(100);
    pid_t pid = start_process();
    ht_autostate struct ht_state *state = make_state(pid);
    struct ht_error err = {0};
    ht_autoclose int fd = open("/bin/sleep", O_RDONLY | O_CLOEXEC);

    (void)unused;
    save(state, "/proc", &archive, &told);
    end_process(pid);
    assert_int_equal(ht_read_fd(fd, "sleep", &program, ARCHIVE_MAX, &err), 0);
    ht_buf_addf(&name, "%d/program.do-not-run", (int)pid);
    struct ht_str saved = member(&archive, name.data);
    assert_int_equal(saved.len, program.len);
    assert_memory_equal(saved.data, program.data, program.len);
    ht_buf_reset(&name);
    ht_buf_addf(&name, "%d/environment-names.txt", (int)pid);
    assert_true(ht_str_is(member(&archive, name.data), "PATH\nDB_PASSWORD\n"));
    assert_false(says(ht_buf_str(&archive), "hunter2"));
    ht_buf_reset(&name);
    ht_buf_addf(&name, "%d/command-line.txt", (int)pid);
    assert_true(ht_str_is(member(&archive, name.data), "/bin/sleep\n100\n"));
    ht_buf_reset(&name);
    ht_buf_addf(&name, "%d/maps.txt", (int)pid);
    assert_true(says(member(&archive, name.data), "/sleep"));
    ht_buf_reset(&name);
    ht_buf_addf(&name, "%d/mounts.txt", (int)pid);
    assert_true(says(member(&archive, name.data), " / "));
    assert_true(says(member(&archive, "packages.txt"), "added apk nmap - 7.94-r0\n"));
    assert_true(says(member(&archive, "finding.json"), "\"hulltop-evidence/1\""));
    assert_true(says(member(&archive, "process-tree.txt"), "init\n  "));
    assert_true(says(member(&archive, "process-tree.txt"), "x\\x1b[2J"));
    assert_true(says(member(&archive, "times.txt"), "2027-01-15T08:00:00"));
    assert_true(says(member(&archive, "README.txt"), "DO NOT RUN"));
    check_sums(&archive);
    assert_true(says(ht_buf_str(&told), "saved "));
}

static void of_a_dead_process_what_is_known_is_saved(void **unused)
{
    ht_autobuf struct ht_buf archive = HT_BUF(ARCHIVE_MAX);
    ht_autobuf struct ht_buf told = HT_BUF(1000);
    pid_t pid = start_process();
    ht_autostate struct ht_state *state = make_state(pid);

    (void)unused;
    end_process(pid);
    save(state, "/proc", &archive, &told);
    assert_true(says(member(&archive, "MISSING.txt"), "the process has ended"));
    assert_true(says(member(&archive, "finding.json"), "/tmp/x"));
    assert_true(says(ht_buf_str(&told), " missing: see MISSING.txt in it) /"));
    check_sums(&archive);
}

static void put_file(const char *name, const char *content)
{
    ht_autobuf struct ht_buf path = HT_BUF(200);

    ht_buf_addf(&path, "%s/%s", folder, name);
    ht_autoclose int fd = open(path.data, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(write(fd, content, strlen(content)) == (ssize_t)strlen(content));
}

static void drop_file(const char *name)
{
    ht_autobuf struct ht_buf path = HT_BUF(200);

    ht_buf_addf(&path, "%s/%s", folder, name);
    assert_int_equal(remove(path.data), 0);
}

/* It ends while it is read: some of its files are there, others are not. */
static void what_was_read_stays_and_the_rest_is_named(void **unused)
{
    ht_autobuf struct ht_buf archive = HT_BUF(ARCHIVE_MAX);
    ht_autobuf struct ht_buf told = HT_BUF(1000);
    ht_autostate struct ht_state *state = make_state(42);
    ht_autobuf struct ht_buf path = HT_BUF(200);

    (void)unused;
    ht_buf_addf(&path, "%s/42", folder);
    assert_int_equal(mkdir(path.data, 0700), 0);
    put_file("42/exe", "program");
    put_file("42/status", "Name:\tx\nUid:\t0\n");
    save(state, folder, &archive, &told);
    drop_file("42/exe");
    drop_file("42/status");
    drop_file("42");
    assert_true(ht_str_is(member(&archive, "42/program.do-not-run"), "program"));
    assert_true(ht_str_is(member(&archive, "42/status.txt"), "Name:\\x09x\nUid:\\x090\n"));
    struct ht_str missing = member(&archive, "MISSING.txt");
    assert_true(says(missing, "42/cmdline: the process has ended\n"));
    assert_true(says(missing, "42/maps: the process has ended\n"));
    assert_true(says(missing, "42/environ: the process has ended\n"));
    check_sums(&archive);
}

static void a_script_is_saved_beside_its_interpreter(void **unused)
{
    ht_autobuf struct ht_buf archive = HT_BUF(ARCHIVE_MAX);
    ht_autobuf struct ht_buf told = HT_BUF(1000);
    ht_autobuf struct ht_buf path = HT_BUF(200);
    ht_autobuf struct ht_buf name = HT_BUF(100);
    pid_t pid = start_process();

    (void)unused;
    ht_buf_addf(&path, "%s/run.sh", folder);
    put_file("run.sh", "#!/bin/sh\nid\n");
    ht_autostate struct ht_state *state = make_state_of(pid, HT_CODE_KIND_SCRIPT, path.data);
    save(state, "/proc", &archive, &told);
    drop_file("run.sh");
    ht_buf_addf(&name, "%d/code.do-not-run", (int)pid);
    assert_true(ht_str_is(member(&archive, name.data), "#!/bin/sh\nid\n"));
    check_sums(&archive);
    /* What is gone by now is named. */
    ht_buf_reset(&archive);
    save(state, "/proc", &archive, &told);
    end_process(pid);
    assert_int_equal(member(&archive, name.data).len, 0);
    assert_true(says(member(&archive, "MISSING.txt"), "/run.sh cannot be opened any more"));
}

static void a_recording_says_what_it_does_not_hold(void **unused)
{
    ht_autobuf struct ht_buf archive = HT_BUF(ARCHIVE_MAX);
    ht_autobuf struct ht_buf told = HT_BUF(1000);
    ht_autostate struct ht_state *state = make_state(getpid());
    ht_autobuf struct ht_buf name = HT_BUF(100);

    (void)unused;
    save(state, NULL, &archive, &told);
    ht_buf_addf(&name, "%d/program.do-not-run", (int)getpid());
    assert_int_equal(member(&archive, name.data).len, 0);
    assert_true(says(member(&archive, "MISSING.txt"), "this is a recording"));
    assert_true(says(member(&archive, "packages.txt"), "nmap"));
    check_sums(&archive);
}

static void a_finding_that_is_gone_leaves_no_file(void **unused)
{
    ht_autostate struct ht_state *state = make_state(getpid());
    const struct ht_bundle bundle = {.state = state, .finding = HT_S("f2"), .now_ns = 1};
    ht_autobuf struct ht_buf told = HT_BUF(1000);
    ht_autobuf struct ht_buf path = HT_BUF(200);
    struct ht_error err = {0};

    (void)unused;
    ht_buf_addf(&path, "%s/none.tar", folder);
    assert_int_equal(ht_bundle_save(&bundle, path.data, &told, &err), -ENOENT);
    assert_int_equal(access(path.data, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_living_process_is_saved_with_its_program),
        cmocka_unit_test(of_a_dead_process_what_is_known_is_saved),
        cmocka_unit_test(what_was_read_stays_and_the_rest_is_named),
        cmocka_unit_test(a_script_is_saved_beside_its_interpreter),
        cmocka_unit_test(a_recording_says_what_it_does_not_hold),
        cmocka_unit_test(a_finding_that_is_gone_leaves_no_file),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
