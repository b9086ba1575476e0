/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is quiet, with a real kernel: a process in a group that is named as a container's, which
 * sees the node's files by mounts of its own, starts one program after another. */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/source/exec-private.h"
#include "src/source/exec-watch.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "tests/unit/skip.h"

#define FOLDER  "/usr/bin"
#define PROGRAM FOLDER "/head"
/* The rest is the pid: the same test of another build may run beside this one. */
#define ID_BEGIN "5c0f5e3a9b77d1b2a3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6"

enum { WAIT_S = 100, STAT_BYTES = 1024, WORD_BYTES = 100000, WORDS = 100, SOMEBODY = 1000 };

/* Each start ends when it was given a byte. */
struct place {
    char id[65], group[192], service[96]; /* "": the group is in none */
    pid_t middle;
    int go, input; /* what to start, and what ends it */
    struct ht_exec *watch;
    struct ht_clock clock;
    int64_t now_ns;
};

static struct place here;

/* The group lies below a service's, which may be somebody's. */
static bool make_below_service(struct place *place, const char *root, uid_t owner)
{
    snprintf(place->service, sizeof(place->service), "%s/%.8s-%d.service", root, ID_BEGIN,
             (int)getpid());
    snprintf(place->group, sizeof(place->group), "%s/docker-%s.scope", place->service, place->id);
    return mkdir(place->service, 0755) == 0 && mkdir(place->group, 0755) == 0 &&
           chown(place->group, owner, owner) == 0;
}

static bool make_group(struct place *place, const uid_t *owner)
{
    static const char *const roots[] = {"/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified",
                                        "/sys/fs/cgroup"};

    for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
        snprintf(place->group, sizeof(place->group), "%s/cgroup.procs", roots[i]);
        if (access(place->group, W_OK) < 0)
            continue;
        if (owner)
            return make_below_service(place, roots[i], *owner);
        snprintf(place->group, sizeof(place->group), "%s/docker-%s.scope", roots[i], place->id);
        if (mkdir(place->group, 0755) == 0)
            return true;
    }
    return false;
}

static bool join(const struct place *place)
{
    char path[256];
    ht_autoclose int fd = -1;

    snprintf(path, sizeof(path), "%s/cgroup.procs", place->group);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && write(fd, "0", 1) == 1 && unshare(CLONE_NEWNS) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && setsid() > 0;
}

/* As who comes from outside is: in groups and a session of its own, with the container's mounts. */
static bool leave(const struct place *place)
{
    const char *slash = strrchr(place->group, '/');
    char path[192];
    ht_autoclose int fd = -1;

    snprintf(path, sizeof(path), "%.*s/cgroup.procs", (int)(slash - place->group), place->group);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && write(fd, "0", 1) == 1 && setsid() > 0;
}

/* The file is opened to be run and is not, for its words are too many. */
static void fail_to_run(int fd)
{
    static char word[WORD_BYTES];
    char *many[WORDS + 1] = {NULL};

    memset(word, 'x', sizeof(word) - 1);
    for (int i = 0; i < WORDS; i++)
        many[i] = word;
    fexecve(fd, many, environ);
}

static bool copy(int from, int to)
{
    struct stat about;

    return fstat(from, &about) == 0 &&
           sendfile(to, from, NULL, (size_t)about.st_size) == about.st_size;
}

/* What runs has no file. */
static void run_memory(char **argv)
{
    int fd = memfd_create("hidden", MFD_CLOEXEC), from = open(PROGRAM, O_RDONLY | O_CLOEXEC);

    fail_to_run(from);
    if (copy(from, fd))
        fexecve(fd, argv, environ);
}

/* What runs has the name of the program's own file, which it covers. */
static void run_covered(char **argv)
{
    int from = open(PROGRAM, O_RDONLY | O_CLOEXEC), to;

    if (mount("none", FOLDER, "tmpfs", 0, NULL) < 0)
        return;
    to = open(PROGRAM, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    if (to < 0 || !copy(from, to) || close(to) < 0)
        return;
    fail_to_run(from);
    execv(PROGRAM, argv);
}

/* More files than are kept of one start. */
static void run_many(char **argv)
{
    static const char *const names[] = {"tail", "cat", "ls", "cp", "mv", "ln",
                                        "wc",   "du",  "id", "od", "nl", "tr"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[64];

        snprintf(path, sizeof(path), FOLDER "/%s", names[i]);
        fail_to_run(open(path, O_RDONLY | O_CLOEXEC));
    }
    execv(PROGRAM, argv);
}

static void run_from_outside(const struct place *place, char **argv)
{
    if (leave(place))
        execv(PROGRAM, argv);
}

static void run_middle(const struct place *place, int go, int input)
{
    char *argv[] = {(char *)"head", (char *)"-c1", NULL};
    char what;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!join(place))
        _exit(77);
    while (read(go, &what, 1) == 1) {
        pid_t child = fork();

        if (child == 0) {
            int out = open("/dev/null", O_WRONLY | O_CLOEXEC);

            if (dup2(input, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
                _exit(1);
            if (what == 'm')
                run_memory(argv);
            else if (what == 't')
                run_covered(argv);
            else if (what == 'n')
                run_many(argv);
            else if (what == 'o')
                run_from_outside(place, argv);
            else
                execv(PROGRAM, argv);
            _exit(1);
        }
        if (waitpid(child, NULL, 0) != child || (what == 't' && umount2(FOLDER, MNT_DETACH) < 0))
            _exit(1);
    }
    _exit(0);
}

/* Time stands still, so that what belongs together waits for the rest on however busy a machine. */
static int64_t stand_still(void *context)
{
    const struct place *place = context;

    return place->now_ns;
}

static bool set_up_for(struct place *place, const uid_t *owner)
{
    int go[2], input[2];

    *place =
        (struct place){.middle = -1,
                       .now_ns = ht_clock_mono(ht_clock_system()),
                       .clock = {.mono_ns = stand_still, .wall_ns = stand_still, .context = place}};
    snprintf(place->id, sizeof(place->id), ID_BEGIN "%08x", (unsigned)getpid());
    if (getuid() != 0 || access(PROGRAM, X_OK) < 0)
        return false;
    /* The middle ends where it may not join a group. */
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    place->watch = ht_exec_new(&(struct ht_exec_options){.clock = &place->clock});
    if (ht_exec_mark(place->watch, PROGRAM, NULL) < 0 || !make_group(place, owner) ||
        pipe2(go, O_CLOEXEC) < 0 || pipe2(input, O_CLOEXEC) < 0) {
        ht_exec_free(place->watch);
        return false;
    }
    place->go = go[1];
    place->input = input[1];
    place->middle = fork();
    if (place->middle == 0) {
        close(go[1]);
        close(input[1]);
        run_middle(place, go[0], input[0]);
    }
    close(go[0]);
    close(input[0]);
    return true;
}

static bool set_up(struct place *place)
{
    return set_up_for(place, NULL);
}

static int tear_down(struct place *place)
{
    int status = 0;

    close(place->go);
    close(place->input);
    assert_int_equal(waitpid(place->middle, &status, 0), place->middle);
    place->middle = -1;
    rmdir(place->group);
    if (*place->service)
        rmdir(place->service);
    ht_exec_free(place->watch);
    return WEXITSTATUS(status);
}

/* What a test that failed leaves. */
static int tear_down_rest(void **state)
{
    (void)state;
    if (here.middle > 0)
        tear_down(&here);
    return 0;
}

static bool has_ended(pid_t pid)
{
    siginfo_t info = {0};

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

static bool is_of_container(const struct place *place, const struct ht_exec_start *start)
{
    return ht_str_is(start->cgroup.container_id, place->id);
}

/* It waits for input yet: who started it can be asked. */
static bool is_of_middle(const struct place *place, const struct ht_exec_start *start)
{
    ht_autobuf struct ht_buf text = HT_BUF(STAT_BYTES);
    struct ht_proc_stat stat;
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)start->pid);
    return ht_read_at(AT_FDCWD, path, &text, STAT_BYTES, NULL) == 0 &&
           ht_proc_decode_stat(ht_buf_str(&text), &stat) == 0 &&
           stat.ppid == (uint64_t)place->middle;
}

/* The next such start that a connector told; others start programs too. */
static bool take_if(struct place *place, char what, struct ht_exec_start *start,
                    bool (*is_it)(const struct place *, const struct ht_exec_start *))
{
    int64_t end = ht_clock_mono(ht_clock_system()) + WAIT_S * HT_NS_PER_S;

    if (write(place->go, &what, 1) != 1)
        return false;
    while (!has_ended(place->middle) && ht_clock_mono(ht_clock_system()) < end) {
        struct pollfd fds[HT_EXEC_FDS];
        size_t len = ht_exec_fds(place->watch, fds);

        if (poll(fds, len, 100) > 0)
            ht_exec_polled(place->watch, fds, len);
        while (ht_exec_next(place->watch, start)) {
            if (start->by_connector && is_it(place, start))
                return true;
        }
    }
    return false;
}

static bool take(struct place *place, char what, struct ht_exec_start *start)
{
    return take_if(place, what, start, is_of_container);
}

static void end_start(struct place *place)
{
    assert_int_equal(write(place->input, "x", 1), 1);
}

/* The same with that many files at least. Where so much starts elsewhere that files wait for want
 * of room, they are told apart from their start: then it is tried again. */
static bool take_with_files(struct place *place, char what, size_t files,
                            struct ht_exec_start *start)
{
    enum { TRIES = 20 };
    bool told = take(place, what, start);

    for (int i = 1; told && start->files_len < files && i < TRIES; i++) {
        end_start(place);
        told = take(place, what, start);
    }
    return told;
}

/* Starts it again after nobody asked about it. What was seen of it is forgotten where a container
 * beside it starts a file that takes its place in the table: then it is tried again. */
static void start_until_quiet(struct place *place, struct ht_exec_start *start)
{
    enum { TRIES = 20 };
    int tries = ht_exec_mount_of(AT_FDCWD, "/") ? TRIES : 1;

    for (int i = 0; i < tries && !start->is_quiet; i++) {
        ht_exec_quiet(place->watch, start);
        end_start(place);
        assert_true(take(place, 'p', start));
    }
}

static void what_nobody_asks_about_is_quiet_until_something_else_runs(void **state)
{
    struct ht_exec_start start;
    char first[256] = "";
    bool told;

    (void)state;
    if (!set_up(&here))
        skip_without_root("who may not watch is told of no start");
    told = take_with_files(&here, 'p', 1, &start);
    if (told) {
        assert_false(start.is_quiet);
        assert_true(start.files_len > 0);
        snprintf(first, sizeof(first), "%.*s", HT_STR_ARG(start.files[0].path));
        start_until_quiet(&here, &start);
        assert_true(start.is_quiet == (ht_exec_mount_of(AT_FDCWD, "/") != 0));
        if (start.is_quiet) { /* not before Linux 6.8 */
            assert_true(ht_str_is(start.files[0].path, first));
            assert_int_equal(start.exe_fd, -1);
            assert_int_equal(start.argv.len, 2);
        }
        end_start(&here);
        assert_true(take(&here, 'm', &start));
        assert_false(start.is_quiet);
        assert_true(ht_str_has_prefix(start.exe, "/memfd:hidden"));
        end_start(&here);
        assert_true(take(&here, 't', &start));
        assert_false(start.is_quiet);
        assert_true(ht_str_is(start.exe, PROGRAM));
        end_start(&here);
    }
    if (tear_down(&here) == 77)
        skip_without_root("who may not watch is told of no start");
    assert_true(told);
}

/* A service may be handed to a user, who calls groups what he likes and puts there what he started:
 * that is the node's, unless root made the group. */
static void a_start_in_a_users_group_is_of_no_container(void **state)
{
    static const uid_t owners[] = {0, SOMEBODY};
    struct ht_exec_start start;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(owners); i++) {
        if (!set_up_for(&here, &owners[i]))
            skip_without_root("who may not watch is told of no start");

        bool told = take_if(&here, 'p', &start, is_of_middle);
        if (told) {
            assert_int_equal(ht_str_is(start.cgroup.container_id, here.id), owners[i] == 0);
            assert_int_equal(start.unread & HT_EXEC_NO_CGROUP, 0);
            /* Of the node's own nothing else is read, and nothing is told as if it were. */
            assert_true(owners[i] == 0 || (start.start == 0 && start.unread & HT_EXEC_NO_STAT &&
                                           start.unread & HT_EXEC_NO_ARGV));
            end_start(&here);
        }
        if (tear_down(&here) == 77)
            skip_without_root("who may not watch is told of no start");
        assert_true(told);
    }
}

/* Takes starts of the container until one is told by its session. One whose stat was read before it
 * ran has another name; one whose files were told apart is not told so. */
static bool take_told(struct place *place, struct ht_exec_start *start)
{
    enum { TRIES = 20 };

    for (int i = 0; i < TRIES && take(place, 'p', start); i++) {
        end_start(place);
        if (start->placed == HT_EXEC_BY_SESSION && strcmp(start->comm, "head") == 0)
            return true;
    }
    return false;
}

static void session_tells_whose_the_next_start_is_and_nobody_else_s(void **state)
{
    struct ht_exec_start start;
    bool told;

    (void)state;
    if (!set_up(&here))
        skip_without_root("who may not watch is told of no start");
    /* Later than what happens, so that what was read is not taken as read before. */
    here.now_ns += 3600 * HT_NS_PER_S;
    told = take_with_files(&here, 'p', 1, &start);
    if (told)
        end_start(&here);
    if (told && ht_exec_mount_of(AT_FDCWD, "/") != 0) { /* not before Linux 6.8 */
        assert_int_equal(start.placed, HT_EXEC_BY_CGROUP);
        assert_false(start.unread & HT_EXEC_NO_CGROUP);
        assert_true(take_told(&here, &start));
        assert_int_equal(start.ppid, here.middle);
        assert_true(ht_str_is(start.exe, PROGRAM));
        assert_int_equal(start.argv.len, 2);
        assert_true(take_if(&here, 'o', &start, is_of_middle));
        assert_false(is_of_container(&here, &start));
        end_start(&here);
    }
    if (tear_down(&here) == 77)
        skip_without_root("who may not watch is told of no start");
    assert_true(told);
}

/* The group is root's and another's by turns: what was told of the one before, if nothing else was
 * started meanwhile, does not last. */
static void whose_a_group_is_is_asked_of_each_start(void **state)
{
    enum { TURNS = 8 };
    static const uid_t root = 0;
    struct ht_exec_start start;
    bool told = true;

    (void)state;
    if (!set_up_for(&here, &root))
        skip_without_root("who may not watch is told of no start");
    for (int i = 0; told && i < TURNS; i++) {
        uid_t owner = i % 2 ? SOMEBODY : root;

        assert_int_equal(chown(here.group, owner, owner), 0);
        told = take_if(&here, 'p', &start, is_of_middle);
        if (!told)
            break;
        assert_int_equal(is_of_container(&here, &start), owner == root);
        end_start(&here);
        here.now_ns += 2 * HT_NS_PER_S; /* what a session told is over */
    }
    if (tear_down(&here) == 77)
        skip_without_root("who may not watch is told of no start");
    assert_true(told);
}

static bool tells_that_some_were_left_out(const struct place *place)
{
    struct ht_node *node = ht_node_new(0);
    const struct ht_row *row;
    bool tells;

    ht_exec_tell(place->watch, 0, node);
    ht_node_sort(node);
    row = ht_node_find(node, HT_TABLE_EXEC_WATCH, HT_S("fanotify"));
    assert_non_null(row);
    tells = ht_str_find(ht_exec_watch_of(row)->detail, HT_S("were left out"), 0) >= 0;
    ht_node_unref(node);
    return tells;
}

/* A start is placed by its control group: who has none is seen by polling alone. */
static void both_ways_tell_that_they_need_a_control_group(void **state)
{
    static const char *const ways[] = {"exec-events", "fanotify", "polling"};
    struct ht_exec *watch = ht_exec_new(&(struct ht_exec_options){
        .clock = ht_clock_system(), .no_fanotify = true, .no_connector = true});
    struct ht_node *node = ht_node_new(0);

    (void)state;
    ht_exec_tell(watch, 0, node);
    ht_node_sort(node);
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        const struct ht_row *row = ht_node_find(node, HT_TABLE_EXEC_WATCH, ht_str_from(ways[i]));
        bool tells;

        assert_non_null(row);
        tells = ht_str_find(ht_exec_watch_of(row)->blind, HT_S("without a control group"), 0) >= 0;
        assert_int_equal(tells, i < 2);
    }
    ht_node_unref(node);
    ht_exec_free(watch);
}

static void more_files_than_are_kept_are_counted_and_never_quiet(void **state)
{
    struct ht_exec_start start;
    bool told;

    (void)state;
    if (!set_up(&here))
        skip_without_root("who may not watch is told of no start");
    assert_false(tells_that_some_were_left_out(&here));
    told = take_with_files(&here, 'n', HT_EXEC_FILES_MAX, &start);
    for (int i = 0; told && i < 2; i++) {
        assert_int_equal(start.files_len, HT_EXEC_FILES_MAX);
        assert_false(start.is_quiet);
        assert_false(start.is_known);
        assert_true(tells_that_some_were_left_out(&here));
        ht_exec_quiet(here.watch, &start);
        end_start(&here);
        if (i == 0)
            assert_true(take_with_files(&here, 'n', HT_EXEC_FILES_MAX, &start));
    }
    if (tear_down(&here) == 77)
        skip_without_root("who may not watch is told of no start");
    assert_true(told);
}

/* What waits in the kernel wakes nobody up again: it is due. */
static void what_waits_is_due_at_once(void **state)
{
    struct ht_exec *watch = ht_exec_new(&(struct ht_exec_options){
        .clock = ht_clock_system(), .no_fanotify = true, .no_connector = true});
    struct ht_exec_start start;

    (void)state;
    assert_int_equal(ht_exec_due(watch), 0); /* it was not asked yet */
    assert_false(ht_exec_next(watch, &start));
    assert_true(ht_exec_due(watch) == INT64_MAX);
    ht_exec_free(watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_nobody_asks_about_is_quiet_until_something_else_runs,
                                  tear_down_rest),
        cmocka_unit_test_teardown(a_start_in_a_users_group_is_of_no_container, tear_down_rest),
        cmocka_unit_test_teardown(session_tells_whose_the_next_start_is_and_nobody_else_s,
                                  tear_down_rest),
        cmocka_unit_test_teardown(whose_a_group_is_is_asked_of_each_start, tear_down_rest),
        cmocka_unit_test(both_ways_tell_that_they_need_a_control_group),
        cmocka_unit_test_teardown(more_files_than_are_kept_are_counted_and_never_quiet,
                                  tear_down_rest),
        cmocka_unit_test(what_waits_is_due_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
