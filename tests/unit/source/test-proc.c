/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process source on the running system: what comes, changes and goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proc-looking.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "src/source/proc-kin.h"
#include "tests/unit/skip.h"

enum { SLEEPERS = 300 };

/* How long is waited for what must happen, on however busy a machine. */
#define PATIENCE_NS (100 * HT_NS_PER_S)

static bool end_at_once(struct ht_test_feed *feed, unsigned wait, struct ht_request *ret_request)
{
    (void)feed;
    (void)wait;
    (void)ret_request;
    return false;
}

static void run_driver(struct ht_test_feed *feed)
{
    struct ht_driver driver = ht_proc_driver(&(struct ht_proc_options){.root = "/", .live = true});

    driver.ops->run(driver.self, &feed->feed);
    driver.ops->free(driver.self);
}

static const struct ht_process *row_of(const struct ht_node *sample, pid_t pid)
{
    const struct ht_rowset *set = ht_node_set(sample, HT_TABLE_PROCESS);

    for (size_t i = 0; i < set->len; i++) {
        if (ht_process_of(set->rows[i])->pid == (uint64_t)pid)
            return ht_process_of(set->rows[i]);
    }
    return NULL;
}

static void sleep_below(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (getppid() == parent)
        pause();
    _exit(0);
}

static pid_t fork_sleeper(void)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid == 0)
        sleep_below(parent);
    assert_true(pid > 0);
    return pid;
}

/* The same with a pid that is free, or -1 with errno. */
static pid_t fork_sleeper_as(pid_t wanted)
{
    pid_t parent = getpid();
    struct clone_args args = {
        .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&wanted, .set_tid_size = 1};
    long pid = syscall(SYS_clone3, &args, sizeof args);

    if (pid == 0)
        sleep_below(parent);
    return (pid_t)pid;
}

static void own_process_is_in_the_table(void **state)
{
    struct ht_test_feed feed = {.script = end_at_once};

    (void)state;
    ht_test_feed_init(&feed);
    run_driver(&feed);
    assert_int_equal(feed.published, 1);

    const struct ht_process *self = row_of(feed.sample, getpid());
    assert_non_null(self);
    assert_int_equal(self->ppid, getppid());
    assert_int_equal(self->euid, geteuid());
    assert_true(ht_str_is(self->comm, "test-proc") || ht_str_has_suffix(self->comm, "test-proc"));
    assert_true(self->argv.len > 0);
    assert_true(ht_str_has_suffix(self->exe, "test-proc"));
    assert_false(self->kernel);
    assert_true(self->started_at > 0 &&
                self->started_at <= ht_clock_wall(ht_clock_system()) + HT_NS_PER_S);

    const struct ht_row *source = ht_node_find(feed.sample, HT_TABLE_SOURCE, HT_S("proc"));
    assert_non_null(source);
    assert_true(ht_source_of(source)->state == HT_SOURCE_STATE_OK ||
                ht_source_of(source)->state == HT_SOURCE_STATE_PART);
    assert_int_equal(ht_source_of(source)->items, ht_node_set(feed.sample, HT_TABLE_PROCESS)->len);

    const struct ht_host *host = ht_node_host(feed.sample);
    assert_true(ht_host_has_boot_id(host) && ht_host_has_kernel(host) && ht_host_has_ns_pid(host));
    ht_node_unref(feed.sample);
}

enum { HIDE_CANNOT = 77, NOBODY = 65534 };

/* In a child, which cannot come back from what it gives up. */
static int look_at_hidden_processes(void)
{
    struct ht_test_feed feed = {.script = end_at_once};

    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("proc", "/proc", "proc", 0, "hidepid=2") < 0 || setgid(NOBODY) < 0 ||
        setuid(NOBODY) < 0 || access("/proc/1", F_OK) == 0)
        return HIDE_CANNOT;
    ht_test_feed_init(&feed);
    run_driver(&feed);

    const struct ht_row *source = ht_node_find(feed.sample, HT_TABLE_SOURCE, HT_S("proc"));
    return source && ht_source_of(source)->state == HT_SOURCE_STATE_PART &&
                   ht_source_of(source)->help.len
               ? 0
               : 1;
}

static void hidden_processes_are_missing_data(void **state)
{
    int status = 0;
    pid_t child;

    (void)state;
    if (geteuid() != 0)
        skip_without_root("no right to namespaces and groups");
    child = fork();
    if (child == 0)
        _exit(look_at_hidden_processes());
    assert_true(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    if (WEXITSTATUS(status) == HIDE_CANNOT)
        skip_without_root("no right to namespaces and groups");
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void without_a_live_system_it_is_off(void **state)
{
    struct ht_test_feed feed = {.script = end_at_once};

    (void)state;
    ht_test_feed_init(&feed);
    struct ht_driver driver =
        ht_proc_driver(&(struct ht_proc_options){.root = "/usr", .live = false});
    driver.ops->run(driver.self, &feed.feed);
    driver.ops->free(driver.self);

    const struct ht_row *source = ht_node_find(feed.sample, HT_TABLE_SOURCE, HT_S("proc"));
    assert_int_equal(ht_source_of(source)->state, HT_SOURCE_STATE_OFF);
    assert_int_equal(ht_node_set(feed.sample, HT_TABLE_PROCESS)->len, 0);
    assert_false(ht_host_has_kernel(ht_node_host(feed.sample)));
    ht_node_unref(feed.sample);
}

/* Questions that no process answers still want to know which node this is. */
static void without_a_question_about_processes_there_is_the_host_alone(void **state)
{
    struct ht_test_feed feed = {.script = end_at_once};

    (void)state;
    ht_test_feed_init(&feed);
    struct ht_driver driver =
        ht_proc_driver(&(struct ht_proc_options){.root = "/", .live = true, .host_only = true});
    driver.ops->run(driver.self, &feed.feed);
    driver.ops->free(driver.self);

    const struct ht_row *source = ht_node_find(feed.sample, HT_TABLE_SOURCE, HT_S("proc"));
    assert_int_equal(ht_source_of(source)->state, HT_SOURCE_STATE_OFF);
    assert_int_equal(ht_node_set(feed.sample, HT_TABLE_PROCESS)->len, 0);
    assert_true(ht_host_has_kernel(ht_node_host(feed.sample)));
    assert_false(ht_host_has_processes(ht_node_host(feed.sample)));
    ht_node_unref(feed.sample);
}

/* ---- the table, look by look ---- */

static void three_hundred_come_and_go(void **state)
{
    struct looking *looking = *state;
    pid_t pids[SLEEPERS];

    look(looking);
    for (size_t i = 0; i < SLEEPERS; i++)
        pids[i] = fork_sleeper();
    look(looking);
    assert_true(looking->table.changed);
    for (size_t i = 0; i < SLEEPERS; i++) {
        const struct ht_proc_entry *entry = entry_of(looking, pids[i]);

        assert_non_null(entry);
        assert_non_null(entry->row);
        assert_int_equal(ht_process_of(entry->row)->ppid, getpid());
    }
    for (size_t i = 0; i < SLEEPERS; i++)
        end(pids[i]);
    look(looking);
    assert_true(looking->table.changed);
    for (size_t i = 0; i < SLEEPERS; i++)
        assert_true(!entry_of(looking, pids[i]) || !entry_of(looking, pids[i])->row);
}

/* As one reader alone tells of it; when it was read, and whether it ran, may differ. */
static void assert_told_alike(const struct looking *shared, const struct looking *alone, pid_t pid)
{
    const struct ht_proc_entry *entry = entry_of(shared, pid), *other = entry_of(alone, pid);

    assert_non_null(entry);
    assert_non_null(entry->row);
    assert_non_null(other);
    assert_non_null(other->row);

    struct ht_process process = *ht_process_of(entry->row);
    process.state = ht_process_of(other->row)->state;
    process.read_at = ht_process_of(other->row)->read_at;
    assert_true(ht_struct_equal(&ht_process_table, &process, ht_process_of(other->row)));
    assert_int_equal(entry->contained, other->contained);
    assert_true(entry->schedule.due_ns > shared->table.now_ns);
}

static void two_readers_tell_what_one_does(void **state)
{
    struct looking *looking = *state, alone = {0};
    const struct ht_proc_avoid avoid = {.one_by_one = true};
    struct ht_error err = {0};
    pid_t pids[SLEEPERS];

    for (size_t i = 0; i < SLEEPERS; i++)
        pids[i] = fork_sleeper();
    ht_test_feed_init(&alone.feed);
    assert_int_equal(ht_proc_table_init(&alone.table, &avoid, &err), 0);
    looking->table.reader.leave_out = alone.table.reader.leave_out = HT_PROC_CONTACTS;
    look(looking);
    look(&alone);
    assert_true(looking->table.changed);
    assert_int_equal(atomic_load(&looking->table.looking_at), 0);
    assert_int_equal(atomic_load(&looking->table.helping_at), 0);
    for (size_t i = 0; i < SLEEPERS; i++)
        assert_told_alike(looking, &alone, pids[i]);
    assert_told_alike(looking, &alone, getpid());
    for (size_t i = 0; i < SLEEPERS; i++)
        end(pids[i]);
    ht_proc_table_fini(&alone.table);
}

static void whose_a_process_is(void **state)
{
    struct looking *looking = *state;
    pid_t pid = geteuid() == 0 ? fork() : -1;

    if (pid < 0)
        skip_without_root("no right to namespaces and groups");
    /* Who changes its ids is root's in /proc until it may be looked at again. */
    if (pid == 0 && setegid(NOBODY - 1) == 0 && seteuid(NOBODY) == 0 &&
        prctl(PR_SET_DUMPABLE, 1) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
        raise(SIGSTOP);
    if (pid == 0)
        _exit(1);
    assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
    look(looking);
    assert_non_null(entry_of(looking, pid)->row);
    assert_int_equal(ht_process_of(entry_of(looking, pid)->row)->euid, NOBODY);
    assert_int_equal(ht_process_of(entry_of(looking, pid)->row)->egid, NOBODY - 1);
    end(pid);
}

static void unchanged_process_keeps_its_row(void **state)
{
    struct looking *looking = *state;
    const struct ht_request again = {.kind = HT_REQUEST_RESCAN};
    pid_t pid = fork_sleeper();

    look(looking);
    const struct ht_row *row = entry_of(looking, pid)->row;
    assert_non_null(row);
    ht_proc_table_request(&looking->table, &again);
    look(looking);
    assert_ptr_equal(entry_of(looking, pid)->row, row);
    end(pid);
}

static void zombie_has_no_row(void **state)
{
    struct looking *looking = *state;
    pid_t pid = fork_sleeper();
    siginfo_t info;

    look(looking);
    assert_non_null(entry_of(looking, pid)->row);
    kill(pid, SIGKILL);
    /* Ended, but not taken: now it is a zombie. */
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    ht_proc_table_request(&looking->table,
                          &(struct ht_request){.kind = HT_REQUEST_PID, .pid = pid});
    look(looking);
    assert_non_null(entry_of(looking, pid));
    assert_null(entry_of(looking, pid)->row);
    waitpid(pid, NULL, 0);
}

static void exec_is_seen_when_a_young_process_is_read_again(void **state)
{
    struct looking *looking = *state;
    int ready[2];
    pid_t pid;
    char byte;

    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        close(ready[1]);
        if (read(ready[0], &byte, 1) == 1)
            execl("/bin/sleep", "sleep", "1000", (char *)NULL);
        _exit(1);
    }
    assert_true(pid > 0);
    look(looking);
    uint64_t start = entry_of(looking, pid)->start;
    assert_true(ht_str_has_suffix(ht_process_of(entry_of(looking, pid)->row)->exe, "test-proc"));

    assert_int_equal(write(ready[1], "x", 1), 1);
    close(ready[0]);
    close(ready[1]);
    /* Each turn is a second of the table's clock: the exec shows as soon as it has happened. */
    bool seen = false;
    const int64_t until_ns = ht_clock_mono(ht_clock_system()) + PATIENCE_NS;
    while (!seen && ht_clock_mono(ht_clock_system()) < until_ns) {
        ht_proc_table_request(&looking->table,
                              &(struct ht_request){.kind = HT_REQUEST_PID, .pid = pid});
        look(looking);
        const struct ht_proc_entry *entry = entry_of(looking, pid);
        seen = entry && entry->row && ht_str_is(ht_process_of(entry->row)->comm, "sleep");
        sched_yield();
    }
    assert_true(seen);
    assert_int_equal(entry_of(looking, pid)->start, start);
    end(pid);
}

static int64_t set_forward(void *context)
{
    return ht_test_feed_wall(context) + 3600 * HT_NS_PER_S;
}

/* Somebody sets the clock while we run: a process that has just started is young all the same. */
static void a_clock_that_is_set_makes_nobody_older(void **state)
{
    struct looking *looking = *state;
    bool again = false;

    looking->feed.clock.wall_ns = set_forward;
    for (int i = 0; i < 20 && !again; i++) {
        pid_t pid = fork_sleeper();

        look(looking);
        again = entry_of(looking, pid)->schedule.due_ns < INT64_MAX; /* else it counts as old */
        end(pid);
    }
    assert_true(again);
}

static void secrets_in_arguments_are_masked(void **state)
{
    struct looking *looking = *state;
    pid_t pid = fork();

    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", "kill -STOP $$", "--password=hunter2", (char *)NULL);
        _exit(1);
    }
    assert_true(pid > 0);
    bool seen = false;
    const int64_t until_ns = ht_clock_mono(ht_clock_system()) + PATIENCE_NS;
    while (!seen && ht_clock_mono(ht_clock_system()) < until_ns) {
        ht_proc_table_request(&looking->table,
                              &(struct ht_request){.kind = HT_REQUEST_PID, .pid = pid});
        look(looking);
        const struct ht_proc_entry *entry = entry_of(looking, pid);
        if (!entry || !entry->row)
            break;
        const struct ht_process *process = ht_process_of(entry->row);
        seen = process->argv.len == 4 && ht_str_is(process->argv.items[3], "--password=***");
        for (size_t j = 0; j < process->argv.len; j++)
            assert_true(ht_str_find(process->argv.items[j], HT_S("hunter2"), 0) < 0);
        sched_yield();
    }
    end(pid);
    assert_true(seen);
}

static void reused_pid_is_another_process(void **state)
{
    struct looking *looking = *state;
    pid_t first = fork_sleeper();

    look(looking);
    struct ht_row *row = ht_row_ref(entry_of(looking, first)->row);
    const uint64_t start = ht_process_of(row)->start;
    const struct ht_str id = ht_row_id(row);
    end(first);
    /* Two that start within one tick of the clock are one and the same to anybody who looks. */
    for (bool differs = false; !differs;) {
        pid_t second = fork_sleeper_as(first);

        if (second < 0) {
            /* Somebody took it in between: nothing was tried. */
            if (errno == EEXIST)
                break;
            assert_true(errno == EPERM || errno == ENOSYS);
            printf("SKIP unit/source/test-proc: choose-pid: no right to choose a pid\n");
            break;
        }
        look(looking);
        const struct ht_proc_entry *entry = entry_of(looking, second);
        assert_non_null(entry->row);
        differs = entry->start != start;
        assert_true(ht_str_equal(ht_row_id(entry->row), id) == !differs);
        end(second);
    }
    ht_row_unref(row);
}

static void unmanaged_process_has_its_security_fields(void **state)
{
    struct looking *looking = *state;
    struct apart apart = {0};

    if (!start_apart(&apart))
        skip_without_root("no right to namespaces and groups");
    look(looking);
    pid_t pid = child_of(looking, apart.outer);
    assert_true(pid > 0);
    const struct ht_process *found = ht_process_of(entry_of(looking, pid)->row);
    assert_true(ht_process_has_cap_eff(found));
    assert_true(ht_process_has_euid(found) && ht_process_has_egid(found));
    assert_int_equal(found->euid, geteuid());
    assert_int_equal(found->egid, getegid());
    assert_true(ht_process_has_ns_pid(found));
    assert_true(found->ns_pid != looking->table.reader.ns_pid);
    assert_true(ht_process_has_root_host(found));
    assert_false(found->root_host);
    assert_int_equal(found->ns_pids.items[found->ns_pids.len - 1], 1);
    assert_true(ht_process_has_mounts(found));
    assert_int_equal(found->reads, 1);

    /* Read again and the same: two reads agree, and from then on the row stays. */
    const struct ht_request again = {.kind = HT_REQUEST_PID, .pid = pid};
    ht_proc_table_request(&looking->table, &again);
    look(looking);
    assert_int_equal(ht_process_of(entry_of(looking, pid)->row)->reads, 2);
    const struct ht_row *row = entry_of(looking, pid)->row;
    ht_proc_table_request(&looking->table, &again);
    look(looking);
    assert_ptr_equal(entry_of(looking, pid)->row, row);
    end(apart.outer);
}

/* Mounts something over a folder that the process has; in its mounts alone. */
static void mount_over(pid_t pid, const char *folder)
{
    char path[64];
    int status = 1;
    pid_t helper = fork();

    if (helper == 0) {
        snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        _exit(fd < 0 || setns(fd, CLONE_NEWNS) < 0 || mount("none", folder, "tmpfs", 0, NULL) < 0);
    }
    assert_true(helper > 0 && waitpid(helper, &status, 0) == helper);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static size_t mounts_of(const struct looking *looking, pid_t pid)
{
    return ht_process_of(entry_of(looking, pid)->row)->mounts.len;
}

/* What takes longest to read is read in each third turn, and whenever somebody asks. */
static void mounts_have_their_turn(void **state)
{
    struct looking *looking = *state;
    struct apart apart = {0};

    if (!start_apart(&apart))
        skip_without_root("no right to namespaces and groups");
    look(looking);
    pid_t pid = child_of(looking, apart.outer);
    look(looking);
    look(looking);
    assert_int_equal(ht_process_of(entry_of(looking, pid)->row)->reads, 2);

    size_t before = mounts_of(looking, pid);
    mount_over(pid, "/usr/share");
    for (unsigned turn = 1; turn <= 3; turn++) {
        look_later(looking, 60);
        assert_int_equal(mounts_of(looking, pid), before + (turn == 3));
    }
    /* What changed is read until two readings agree. */
    mount_over(pid, "/usr/lib");
    look_later(looking, 60);
    assert_int_equal(mounts_of(looking, pid), before + 2);
    look_later(looking, 60);
    mount_over(pid, "/usr/bin");
    look_later(looking, 60);
    assert_int_equal(mounts_of(looking, pid), before + 2);
    ht_proc_table_request(&looking->table,
                          &(struct ht_request){.kind = HT_REQUEST_PID, .pid = pid});
    look(looking);
    assert_int_equal(mounts_of(looking, pid), before + 3);
    end(apart.outer);
}

/* ---- a user's own groups ---- */

#define CONTAINER_ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Lets the process's cgroup read like that. */
static bool put_cgroup(pid_t pid, const char *path)
{
    char file[] = "/tmp/cgroup-XXXXXX", place[64];
    int fd = mkstemp(file);
    bool done;

    if (fd < 0)
        return false;
    snprintf(place, sizeof(place), "/proc/%d/cgroup", (int)pid);
    done = dprintf(fd, "0::%s\n", path) > 0 && mount(file, place, NULL, MS_BIND, NULL) == 0;
    close(fd);
    unlink(file);
    return done;
}

/* In a child: a sleeper of the node's and a process apart from it, both in a group of that name.
 * 1: the first is told as in a container, 2: the second is not; 3: both, 0: neither. */
static int look_at_group(const char *path)
{
    struct looking looking = {0};
    struct apart apart = {0};
    struct ht_error err = {0};
    int told = 2;

    /* The groups' own lists, asked where many run, know nothing of this: they are hidden. */
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", "/sys/fs", "tmpfs", 0, NULL) < 0 || !start_apart(&apart))
        return HIDE_CANNOT;

    pid_t sleeper = fork();
    if (sleeper == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pause();
        _exit(0);
    }
    ht_test_feed_init(&looking.feed);
    if (ht_proc_table_init(&looking.table, NULL, &err) < 0)
        return HIDE_CANNOT;
    look(&looking);

    pid_t inner = child_of(&looking, apart.outer);
    ht_proc_table_fini(&looking.table);
    if (!inner || !put_cgroup(sleeper, path) || !put_cgroup(inner, path) ||
        ht_proc_table_init(&looking.table, NULL, &err) < 0)
        return HIDE_CANNOT;
    look(&looking);
    if (ht_str_is(ht_process_of(entry_of(&looking, sleeper)->row)->container_id, CONTAINER_ID))
        told |= 1;
    if (ht_str_is(ht_process_of(entry_of(&looking, inner)->row)->container_id, CONTAINER_ID))
        told &= ~2;
    end(sleeper);
    end(apart.outer);
    return told;
}

static int told_of_group(const char *path)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0)
        _exit(look_at_group(path));
    assert_true(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* What runs as the node does stays the node's, whatever the user called the group. */
static void a_users_group_makes_no_container_of_the_nodes_processes(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip_without_root("no right to namespaces and groups");
    int told = told_of_group("/user.slice/user-1000.slice/user@1000.service/docker-" CONTAINER_ID
                             ".scope");
    if (told == HIDE_CANNOT)
        skip_without_root("no right to namespaces and groups");
    assert_int_equal(told, 0);
    /* Only root makes groups elsewhere. */
    assert_int_equal(told_of_group("/system.slice/docker-" CONTAINER_ID ".scope"), 1);
}

/* ---- a thread that hangs ---- */

static void what_a_reader_hung_on_is_left_out(void **state)
{
    struct looking *looking = *state;
    struct ht_proc_avoid avoid;
    struct ht_proc_table fresh;
    struct ht_error err = {0};
    pid_t pid = fork_sleeper();

    assert_false(ht_proc_table_learn(&looking->table, &avoid));
    atomic_store(&looking->table.looking_at, pid);
    assert_true(ht_proc_table_learn(&looking->table, &avoid));
    assert_int_equal(avoid.skipped_len, 1);
    /* The one that it waits for hangs. */
    atomic_store(&looking->table.looking_at, 0);
    atomic_store(&looking->table.helping_at, pid);
    assert_true(ht_proc_table_learn(&looking->table, &avoid));
    assert_int_equal(avoid.skipped[0], pid);
    assert_int_equal(ht_proc_table_init(&fresh, &avoid, &err), 0);
    assert_int_equal(ht_proc_table_look(&fresh, &looking->feed.feed, &err), 0);
    for (size_t i = 0; i < fresh.len; i++)
        assert_true(fresh.entries[i].pid != pid || !fresh.entries[i].row);

    /* Three are left out, then it is enough. */
    for (size_t i = 1; i < HT_PROC_SKIPPED_MAX; i++) {
        ht_proc_table_fini(&fresh);
        assert_int_equal(ht_proc_table_init(&fresh, &avoid, &err), 0);
        atomic_store(&fresh.looking_at, pid + (int)i);
        assert_true(ht_proc_table_learn(&fresh, &avoid));
        assert_int_equal(avoid.skipped_len, i + 1);
    }
    ht_proc_table_fini(&fresh);
    assert_int_equal(ht_proc_table_init(&fresh, &avoid, &err), 0);
    atomic_store(&fresh.looking_at, 1);
    assert_false(ht_proc_table_learn(&fresh, &avoid));
    ht_proc_table_fini(&fresh);
    end(pid);
}

static void what_hung_together_is_read_one_by_one(void **state)
{
    struct looking *looking = *state;
    struct ht_proc_avoid avoid;
    struct ht_proc_table fresh;
    struct ht_error err = {0};

    atomic_store(&looking->table.reading_all, true);
    assert_true(ht_proc_table_learn(&looking->table, &avoid));
    assert_int_equal(avoid.skipped_len, 0);
    assert_true(avoid.one_by_one);
    assert_int_equal(ht_proc_table_init(&fresh, &avoid, &err), 0);
    assert_int_equal(ht_proc_table_look(&fresh, &looking->feed.feed, &err), 0);
    bool found = false;
    for (size_t i = 0; i < fresh.len; i++)
        found = found || (fresh.entries[i].pid == getpid() && fresh.entries[i].row);
    assert_true(found);
    ht_proc_table_fini(&fresh);
}

static void driver_that_did_not_start_cannot_be_renewed(void **state)
{
    struct ht_driver driver = ht_proc_driver(&(struct ht_proc_options){.root = "/", .live = true});

    (void)state;
    assert_null(driver.ops->renew(driver.self).ops);
    driver.ops->free(driver.self);
}

/* ---- whose it is, by its ancestors ---- */

static struct ht_proc_entry relative(pid_t pid, pid_t ppid, const char *id, bool apart)
{
    struct ht_str argv[] = {HT_S("/usr/bin/conmon"), HT_S("-c"), ht_str_from(id ? id : "")};
    struct ht_process process = {0};

    ht_process_set_pid(&process, (uint64_t)pid);
    ht_process_set_ppid(&process, (uint64_t)ppid);
    if (id)
        ht_process_set_argv(&process, (struct ht_text_list){.items = argv, .len = ARRAY_LEN(argv)});
    return (struct ht_proc_entry){.pid = pid,
                                  .apart = apart,
                                  .contained = apart,
                                  .first = true,
                                  .row = ht_row_new(&ht_process_table, &process)};
}

static void what_is_named_like_a_monitor_in_a_container_names_no_other(void **state)
{
    struct ht_proc_entry entries[] = {relative(20, 1, "own", false),
                                      relative(30, 20, "other", true), relative(40, 30, NULL, true),
                                      relative(50, 1, "nested", true),
                                      relative(60, 50, NULL, true)};
    struct ht_proc_table table = {.entries = entries, .len = ARRAY_LEN(entries)};

    (void)state;
    ht_kin_settle(&table);
    assert_true(ht_str_is(ht_process_of(entries[2].row)->container_id, "own"));
    assert_true(ht_str_is(ht_process_of(entries[2].row)->container_hint, "conmon"));
    /* Where the node has no monitor of its own, one that is nested is all that tells. */
    assert_true(ht_str_is(ht_process_of(entries[4].row)->container_id, "nested"));
    for (size_t i = 0; i < ARRAY_LEN(entries); i++)
        ht_row_unref(entries[i].row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_named_like_a_monitor_in_a_container_names_no_other),
        cmocka_unit_test(own_process_is_in_the_table),
        cmocka_unit_test(a_users_group_makes_no_container_of_the_nodes_processes),
        cmocka_unit_test(hidden_processes_are_missing_data),
        cmocka_unit_test(without_a_live_system_it_is_off),
        cmocka_unit_test(without_a_question_about_processes_there_is_the_host_alone),
        cmocka_unit_test_setup_teardown(three_hundred_come_and_go, begin, finish),
        cmocka_unit_test_setup_teardown(two_readers_tell_what_one_does, begin, finish),
        cmocka_unit_test_setup_teardown(whose_a_process_is, begin, finish),
        cmocka_unit_test_setup_teardown(unchanged_process_keeps_its_row, begin, finish),
        cmocka_unit_test_setup_teardown(zombie_has_no_row, begin, finish),
        cmocka_unit_test_setup_teardown(exec_is_seen_when_a_young_process_is_read_again, begin,
                                        finish),
        cmocka_unit_test_setup_teardown(a_clock_that_is_set_makes_nobody_older, begin, finish),
        cmocka_unit_test_setup_teardown(secrets_in_arguments_are_masked, begin, finish),
        cmocka_unit_test_setup_teardown(reused_pid_is_another_process, begin, finish),
        cmocka_unit_test_setup_teardown(unmanaged_process_has_its_security_fields, begin, finish),
        cmocka_unit_test_setup_teardown(mounts_have_their_turn, begin, finish),
        cmocka_unit_test_setup_teardown(what_a_reader_hung_on_is_left_out, begin, finish),
        cmocka_unit_test_setup_teardown(what_hung_together_is_read_one_by_one, begin, finish),
        cmocka_unit_test(driver_that_did_not_start_cannot_be_renewed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
