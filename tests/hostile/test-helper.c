/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disposable helper in a tree that wants to hold it, lead it astray or drown it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/tree.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/helper.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "src/base/helper-private.h"
#include "tests/unit/skip.h"

/* How long is waited for what must happen, on however busy a machine. */
enum { PATIENCE_MS = 100000 };

static char tree[128];
static int tree_fd = -1;
static struct ht_spawner *spawner;

static void in_tree(char *out, const char *name)
{
    snprintf(out, 256, "%s/%s", tree, name);
}

static void make_file(const char *name, const char *text)
{
    char path[256];

    in_tree(path, name);
    ht_test_write_file(path, text);
}

static int start(void **state)
{
    struct ht_error err = {.code = 0};
    const char *tmp = getenv("TMPDIR");
    char path[256];

    (void)state;
    snprintf(tree, sizeof(tree), "%s/tree.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(tree));
    make_file("plain", "hello");
    in_tree(path, "fifo");
    assert_int_equal(mkfifo(path, 0600), 0);
    in_tree(path, "dir");
    assert_int_equal(mkdir(path, 0755), 0);
    make_file("dir/one", "1");
    make_file("dir/two", "2");
    in_tree(path, "up");
    assert_int_equal(symlink("../../../../../../etc/passwd", path), 0);
    in_tree(path, "absolute");
    assert_int_equal(symlink("/etc/passwd", path), 0);
    in_tree(path, "inside");
    assert_int_equal(symlink("/dir/one", path), 0);
    in_tree(path, "loop");
    assert_int_equal(symlink("loop", path), 0);
    in_tree(path, "huge");
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
    close(fd);
    tree_fd = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
    spawner = ht_spawner_start(&err);
    return spawner ? 0 : -1;
}

static int stop(void **state)
{
    static const char *const names[] = {"plain", "fifo",     "dir/one", "dir/two", "dir",
                                        "up",    "absolute", "inside",  "loop",    "huge"};
    char path[256];

    (void)state;
    spawner = ht_spawner_stop(spawner);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        in_tree(path, names[i]);
        remove(path);
    }
    close(tree_fd);
    return rmdir(tree);
}

static int ask(enum ht_helper_operation operation, const char *path,
               struct ht_helper_answer *answer, struct ht_error *err)
{
    struct ht_helper_request request = {
        .operation = operation, .root_fd = tree_fd, .path = path, .timeout_ms = PATIENCE_MS};

    return ht_helper_ask(spawner, &request, answer, err);
}

static void files_links_and_directories_are_read(void **state)
{
    ht_autohelped struct ht_helper_answer answer = {.cut = false};
    struct ht_error err = {.code = 0};
    char place[256];

    (void)state;
    assert_true(ht_helper_is_on(spawner));
    assert_int_equal(ask(HT_HELPER_READ, "/plain", &answer, &err), 0);
    assert_string_equal(answer.data.data, "hello");
    assert_int_equal(answer.stat.st_size, 5);
    assert_false(answer.cut);
    assert_int_equal(ask(HT_HELPER_READ, "inside", &answer, &err), 0);
    assert_string_equal(answer.data.data, "1");
    assert_int_equal(ask(HT_HELPER_READLINK, "absolute", &answer, &err), 0);
    assert_string_equal(answer.data.data, "/etc/passwd");
    assert_int_equal(ask(HT_HELPER_LSTAT, "absolute", &answer, &err), 0);
    assert_true(S_ISLNK(answer.stat.st_mode));
    assert_int_equal(ask(HT_HELPER_STAT, "inside", &answer, &err), 0);
    assert_true(S_ISREG(answer.stat.st_mode));
    in_tree(place, "dir/one");
    assert_string_equal(answer.data.data, place);
    assert_int_equal(ask(HT_HELPER_LIST, "dir", &answer, &err), 0);
    assert_int_equal(answer.data.len, 8);
    assert_true(memcmp(answer.data.data, "one\0two", 8) == 0 ||
                memcmp(answer.data.data, "two\0one", 8) == 0);
    assert_int_equal(ask(HT_HELPER_DIGEST, "plain", &answer, &err), 0);
    assert_string_equal(answer.data.data,
                        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
}

static void nothing_leads_out_of_the_root(void **state)
{
    static const char *const ways[] = {"up", "absolute", "../../etc/passwd", "/../../etc/passwd",
                                       "dir/../../../../../../../etc/passwd"};
    ht_autohelped struct ht_helper_answer answer = {.cut = false};
    struct ht_error err = {.code = 0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ways); i++)
        assert_int_equal(ask(HT_HELPER_READ, ways[i], &answer, &err), -ENOENT);
    assert_int_equal(ask(HT_HELPER_READ, "loop", &answer, &err), -ELOOP);
    /* A magic link, and another mount. */
    struct ht_helper_request request = {.operation = HT_HELPER_READ,
                                        .root_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC),
                                        .path = "self/root/etc/passwd"};
    assert_int_equal(ht_helper_ask(spawner, &request, &answer, &err), -ELOOP);
    close(request.root_fd);
    request.root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    request.path = "/proc/version";
    assert_int_equal(ht_helper_ask(spawner, &request, &answer, &err), -EXDEV);
    assert_non_null(strstr(err.text, "another mount"));
    close(request.root_fd);
}

static void special_files_are_never_read(void **state)
{
    ht_autohelped struct ht_helper_answer answer = {.cut = false};
    struct ht_error err = {.code = 0};

    (void)state;
    assert_int_equal(ask(HT_HELPER_READ, "fifo", &answer, &err), -EINVAL);
    assert_non_null(strstr(err.text, "a FIFO"));
    assert_int_equal(ask(HT_HELPER_READ, "dir", &answer, &err), -EINVAL);
    assert_int_equal(ask(HT_HELPER_LIST, "plain", &answer, &err), -ENOTDIR);
    assert_int_equal(ask(HT_HELPER_READLINK, "plain", &answer, &err), -EINVAL);
}

static void huge_things_are_cut(void **state)
{
    ht_autohelped struct ht_helper_answer answer = {.cut = false};
    struct ht_error err = {.code = 0};
    struct ht_helper_request request = {.operation = HT_HELPER_READ,
                                        .root_fd = tree_fd,
                                        .path = "huge",
                                        .max_bytes = 1000,
                                        .timeout_ms = PATIENCE_MS};
    char *longer = ht_alloc0(5001, 1);

    (void)state;
    assert_int_equal(ht_helper_ask(spawner, &request, &answer, &err), 0);
    assert_int_equal(answer.data.len, 1000);
    assert_true(answer.cut);
    request.max_bytes = SIZE_MAX;
    assert_int_equal(ht_helper_ask(spawner, &request, &answer, &err), 0);
    assert_int_equal(answer.data.len, HT_LIMIT_FILE);
    request.operation = HT_HELPER_DIGEST;
    request.max_bytes = 100000;
    assert_int_equal(ht_helper_ask(spawner, &request, &answer, &err), -EFBIG);
    request.operation = HT_HELPER_LIST;
    request.path = "dir";
    request.max_bytes = 5;
    assert_int_equal(ht_helper_ask(spawner, &request, &answer, &err), 0);
    assert_int_equal(answer.data.len, 4);
    assert_true(answer.cut);
    memset(longer, 'a', 5000);
    request.path = longer;
    assert_int_equal(ht_helper_ask(spawner, &request, &answer, &err), -ENAMETOOLONG);
    free(longer);
}

static uint64_t own_start_time(void)
{
    char text[1024];
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    ssize_t len = read(fd, text, sizeof(text) - 1);
    char *field = NULL;
    uint64_t start = 0;

    close(fd);
    assert_true(len > 0);
    text[len] = '\0';
    field = strrchr(text, ')') + 1;
    for (int i = 2; i < 22; i++)
        field = strchr(field, ' ') + 1;
    *strchr(field, ' ') = '\0';
    assert_int_equal(ht_parse_u64(ht_str_from(field), &start), 0);
    return start;
}

static void a_process_is_its_number_and_its_start(void **state)
{
    ht_autohelped struct ht_helper_answer answer = {.cut = false};
    struct ht_error err = {.code = 0};
    struct ht_helper_request request = {.operation = HT_HELPER_STAT,
                                        .pid = getpid(),
                                        .start_time = own_start_time(),
                                        .path = "/etc",
                                        .timeout_ms = PATIENCE_MS};

    (void)state;
    assert_int_equal(ht_helper_ask(spawner, &request, &answer, &err), 0);
    assert_true(S_ISDIR(answer.stat.st_mode));
    request.start_time++;
    assert_int_equal(ht_helper_ask(spawner, &request, &answer, &err), -ESRCH);
    request.pid = 0x3fffffff;
    assert_int_equal(ht_helper_ask(spawner, &request, &answer, &err), -ESRCH);
}

/* --- helpers as processes ----------------------------------------------------------------------
 */

/* The parent of pid, 0 if it is gone. */
static pid_t parent_of(pid_t pid)
{
    char path[64];
    char text[1024];
    uint64_t parent = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (fd >= 0)
        close(fd);
    if (len <= 0)
        return 0;
    text[len] = '\0';
    struct ht_str rest = ht_str_from(strrchr(text, ')') + 4);
    struct ht_str field = HT_STR("");
    ht_str_next(&rest, ' ', &field);
    ht_parse_u64(field, &parent);
    return (pid_t)parent;
}

/* Children of pid, up to max; returns how many. */
static size_t children_of(pid_t pid, pid_t *children, size_t max)
{
    DIR *proc = opendir("/proc");
    size_t n = 0;

    for (const struct dirent *entry = readdir(proc); entry; entry = readdir(proc)) {
        uint64_t number = 0;

        if (ht_parse_u64(ht_str_from(entry->d_name), &number) == 0 &&
            parent_of((pid_t)number) == pid && n < max)
            children[n++] = (pid_t)number;
    }
    closedir(proc);
    return n;
}

static size_t helpers_now(pid_t *helpers, size_t max)
{
    pid_t spawners[4];

    assert_int_equal(children_of(getpid(), spawners, 4), 1);
    return children_of(spawners[0], helpers, max);
}

static void a_helper_has_nothing_of_ours(void **state)
{
    ht_autohelped struct ht_helper_answer answer = {.cut = false};
    struct ht_error err = {.code = 0};
    pid_t helpers[8];
    char path[64];
    char text[4096];
    unsigned fds = 0;

    (void)state;
    assert_int_equal(ask(HT_HELPER_STAT, "plain", &answer, &err), 0);
    assert_int_equal(helpers_now(helpers, 8), 1);
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)helpers[0]);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        fds += entry->d_name[0] != '.';
    closedir(dir);
    assert_int_equal(fds, 4);
    snprintf(path, sizeof(path), "/proc/%d/status", (int)helpers[0]);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = read(fd, text, sizeof(text) - 1);
    close(fd);
    assert_true(len > 0);
    text[len] = '\0';
    assert_non_null(strstr(text, "NoNewPrivs:\t1"));
    if (geteuid() == 0)
        assert_non_null(strstr(text, "CapEff:\t0000000000080004"));
}

static void a_dead_idle_helper_is_replaced(void **state)
{
    ht_autohelped struct ht_helper_answer answer = {.cut = false};
    struct ht_error err = {.code = 0};
    pid_t helpers[8];

    (void)state;
    assert_int_equal(ask(HT_HELPER_STAT, "plain", &answer, &err), 0);
    assert_int_equal(helpers_now(helpers, 8), 1);
    assert_int_equal(kill(helpers[0], SIGKILL), 0);
    assert_int_equal(ask(HT_HELPER_READ, "plain", &answer, &err), 0);
    assert_string_equal(answer.data.data, "hello");
    assert_int_equal(ht_helper_given_up(spawner), 0);
}

static void helpers_end_with_their_parent(void **state)
{
    int ready[2];
    pid_t pids[2];

    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    assert_int_equal(pipe(ready), 0);
    pid_t parent = fork();
    if (parent == 0) {
        struct ht_helper_answer answer = {.cut = false};
        struct ht_spawner *other = ht_spawner_start(NULL);
        struct ht_helper_request request = {.operation = HT_HELPER_STAT,
                                            .root_fd = tree_fd,
                                            .path = "plain",
                                            .timeout_ms = PATIENCE_MS};

        if (!other || ht_helper_ask(other, &request, &answer, NULL) < 0 ||
            children_of(getpid(), &pids[0], 1) != 1 || children_of(pids[0], &pids[1], 1) != 1 ||
            write(ready[1], pids, sizeof(pids)) != sizeof(pids))
            _exit(1);
        raise(SIGKILL);
    }
    assert_int_equal(read(ready[0], pids, sizeof(pids)), sizeof(pids));
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    /* Both become ours by the death of their parents; they end, or the test does not. */
    assert_int_equal(waitpid(pids[0], NULL, 0), pids[0]);
    assert_int_equal(waitpid(pids[1], NULL, 0), pids[1]);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    close(ready[0]);
    close(ready[1]);
}

static int ask_of(struct ht_spawner *whom, int root_fd, const char *path, unsigned timeout_ms,
                  struct ht_error *err)
{
    ht_autohelped struct ht_helper_answer answer = {.cut = false};
    struct ht_helper_request request = {
        .operation = HT_HELPER_STAT, .root_fd = root_fd, .path = path, .timeout_ms = timeout_ms};

    return ht_helper_ask(whom, &request, &answer, err);
}

static void a_stopped_helper_is_given_up_and_three_end_the_ability(void **state)
{
    ht_autohelped struct ht_helper_answer answer = {.cut = false};
    struct ht_error err = {.code = 0};
    int64_t began_ns = ht_clock_mono(ht_clock_system());
    pid_t helpers[8];

    (void)state;
    for (unsigned i = 1; i <= HT_LIMIT_HELPERS; i++) {
        assert_true(ht_helper_is_on(spawner));
        assert_int_equal(ask(HT_HELPER_STAT, "plain", &answer, &err), 0);
        /* Those given up before were killed and are zombies at most. */
        size_t n = helpers_now(helpers, 8);
        for (size_t k = 0; k < n; k++)
            kill(helpers[k], SIGSTOP);
        assert_int_equal(ask_of(spawner, tree_fd, "plain", 200, &err), -ETIMEDOUT);
        assert_non_null(strstr(err.text, "given up"));
        assert_int_equal(ht_helper_given_up(spawner), i);
    }
    assert_false(ht_helper_is_on(spawner));
    assert_int_equal(ask(HT_HELPER_STAT, "plain", &answer, &err), -EHOSTDOWN);
    assert_non_null(strstr(err.text, "is off"));

    /* Those could be ended: it was the machine that was slow, and that passes. */
    assert_int_equal(ht_helper_given_up_at(spawner, began_ns + 590 * HT_NS_PER_S),
                     HT_LIMIT_HELPERS);
    const int64_t until_ns = ht_clock_mono(ht_clock_system()) + 60 * HT_NS_PER_S;
    while (ht_helper_given_up_at(spawner, until_ns + 600 * HT_NS_PER_S) &&
           ht_clock_mono(ht_clock_system()) < until_ns)
        sched_yield();
    assert_true(ht_helper_is_on(spawner));
    assert_int_equal(ask(HT_HELPER_STAT, "plain", &answer, &err), 0);
}

/* Waits for a request to the file system and takes it; false if none comes. */
static bool take_request(int fuse)
{
    char request[8192 + 4096];
    struct pollfd polled = {.fd = fuse, .events = POLLIN};

    return poll(&polled, 1, PATIENCE_MS) == 1 && read(fuse, request, sizeof(request)) > 0;
}

/* Answers nothing but the greeting: every look at the mount hangs. Returns /dev/fuse, or -1. */
static int mount_hung(const char *where)
{
    char options[128];
    char in[8192 + 4096];
    struct {
        struct fuse_out_header header;
        struct fuse_init_out init;
    } out = {.header = {.len = sizeof(out)}};
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    struct pollfd polled = {.fd = fd, .events = POLLIN};

    snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd);
    if (fd < 0 || mount("hung", where, "fuse", 0, options) < 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    assert_int_equal(poll(&polled, 1, PATIENCE_MS), 1);
    assert_true(read(fd, in, sizeof(in)) >= (ssize_t)sizeof(struct fuse_in_header));
    memcpy(&out.header.unique, in + offsetof(struct fuse_in_header, unique),
           sizeof(out.header.unique));
    out.init.major = FUSE_KERNEL_VERSION;
    out.init.minor = FUSE_KERNEL_MINOR_VERSION;
    out.init.max_write = 4096;
    assert_int_equal(write(fd, &out, sizeof(out)), sizeof(out));
    return fd;
}

/* Forks a server that takes one request and never answers: from then on even SIGKILL does not free
 * who made it. ret_taken becomes readable when that has happened. */
static pid_t fork_server(int fuse, int *ret_taken)
{
    int taken[2];
    pid_t parent = getpid();

    assert_int_equal(pipe2(taken, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(getppid() == parent && take_request(fuse) && write(taken[1], "x", 1) == 1 ? 0 : 1);
    }
    assert_true(pid > 0);
    close(taken[1]);
    *ret_taken = taken[0];
    return pid;
}

/* A spawner that has given up a helper in the mount, whose request the server has taken. A helper
 * that was given up on its way there proves nothing: another gets more time. */
static struct ht_spawner *lose_a_helper(int root, int taken)
{
    struct ht_error err = {.code = 0};
    char byte;

    for (unsigned ms = 200; ms < PATIENCE_MS; ms *= 2) {
        struct ht_spawner *other = ht_spawner_start(NULL);
        struct pollfd polled = {.fd = taken, .events = POLLIN};

        assert_int_equal(ask_of(other, tree_fd, "plain", PATIENCE_MS, &err), 0);
        assert_int_equal(ask_of(other, root, "anything", ms, &err), -ETIMEDOUT);
        if (poll(&polled, 1, 0) == 1 && read(taken, &byte, 1) == 1)
            return other;
        ht_spawner_stop(other);
    }
    return NULL;
}

static void a_hung_file_system_holds_nobody_but_the_helper(void **state)
{
    struct ht_error err = {.code = 0};
    char path[256];
    int taken = -1;
    int status = 0;
    int fuse;

    (void)state;
    in_tree(path, "dir");
    fuse = mount_hung(path);
    if (fuse < 0) {
        print_message("fuse: %s\n", strerror(errno));
        skip_without_root("fuse cannot be mounted");
    }
    int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(root >= 0);
    pid_t server = fork_server(fuse, &taken);
    struct ht_spawner *other = lose_a_helper(root, taken);
    assert_non_null(other);
    assert_int_equal(waitpid(server, &status, 0), server);
    assert_int_equal(status, 0);
    assert_int_equal(ask_of(other, root, "another", 200, &err), -ETIMEDOUT);
    /* Elsewhere one can still look, and stopping waits for nobody. */
    assert_int_equal(ask_of(other, tree_fd, "plain", PATIENCE_MS, &err), 0);
    assert_int_equal(ht_helper_given_up(other), 2);
    ht_spawner_stop(other);
    close(taken);
    close(root);
    close(fuse);
    assert_int_equal(umount2(path, MNT_DETACH), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_links_and_directories_are_read),
        cmocka_unit_test(nothing_leads_out_of_the_root),
        cmocka_unit_test(special_files_are_never_read),
        cmocka_unit_test(huge_things_are_cut),
        cmocka_unit_test(a_process_is_its_number_and_its_start),
        cmocka_unit_test(a_helper_has_nothing_of_ours),
        cmocka_unit_test(a_dead_idle_helper_is_replaced),
        cmocka_unit_test(helpers_end_with_their_parent),
        cmocka_unit_test(a_hung_file_system_holds_nobody_but_the_helper),
        cmocka_unit_test(a_stopped_helper_is_given_up_and_three_end_the_ability),
    };

    if (!ht_root_can_confine()) {
        printf("SKIP hostile/test-helper: openat2: not in this kernel or sandbox\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, start, stop);
}
