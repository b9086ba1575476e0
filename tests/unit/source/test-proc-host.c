/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the process source tells of the host from its processes. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "feed.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/host-sockets.h"
#include "src/source/proc-host.h"
#include "tests/unit/tree.h"

static bool end_at_once(struct ht_test_feed *feed, unsigned wait, struct ht_request *ret_request)
{
    (void)feed;
    (void)wait;
    (void)ret_request;
    return false;
}

static struct ht_node *take_sample_with(struct ht_text_list sockets)
{
    struct ht_driver driver =
        ht_proc_driver(&(struct ht_proc_options){.root = "/", .live = true, .sockets = sockets});
    struct ht_test_feed feed = {.script = end_at_once};

    ht_test_feed_init(&feed);
    driver.ops->run(driver.self, &feed.feed);
    driver.ops->free(driver.self);
    assert_int_equal(feed.published, 1);
    return feed.sample;
}

static struct ht_node *take_sample(void)
{
    return take_sample_with((struct ht_text_list){0});
}

/* Sleeps under that name until it is killed. */
static pid_t fork_named(const char *name)
{
    pid_t parent = getpid();
    int ready[2];
    char byte;

    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, name);
        if (write(ready[1], "", 1) != 1)
            _exit(1);
        while (getppid() == parent)
            pause();
        _exit(0);
    }
    assert_true(pid > 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

/* Whether the process table of that sample has one of that name. */
static bool has_named(const struct ht_node *sample, const char *name)
{
    const struct ht_rowset *set = ht_node_set(sample, HT_TABLE_PROCESS);

    for (size_t i = 0; i < set->len; i++) {
        if (ht_str_is(ht_process_of(set->rows[i])->comm, name))
            return true;
    }
    return false;
}

static void a_kubelet_is_seen_by_its_name(void **state)
{
    static const char *const names[] = {"kubelet", "hyperkube",  "kubelite", "k3s",
                                        "k0s",     "k3s-server", "k3s-agent"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        pid_t pid = fork_named(names[i]);
        struct ht_node *sample = take_sample();
        const struct ht_host *host = ht_node_host(sample);

        assert_true(ht_host_has_kubelet(host));
        assert_true(host->kubelet);
        ht_node_unref(sample);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

static void an_api_server_is_seen_by_its_name(void **state)
{
    static const char *const names[] = {"kube-apiserver", "hyperkube", "kubelite", "k3s",
                                        "k3s-server"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        pid_t pid = fork_named(names[i]);
        struct ht_node *sample = take_sample();
        const struct ht_host *host = ht_node_host(sample);

        assert_true(ht_host_has_apiserver(host));
        assert_true(host->apiserver);
        ht_node_unref(sample);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

/* Others may run one beside this test. */
static void that_there_is_none_is_said_where_all_are_seen(void **state)
{
    struct ht_node *sample = take_sample();
    const struct ht_host *host = ht_node_host(sample);
    const struct ht_source *source =
        ht_source_of(ht_node_find(sample, HT_TABLE_SOURCE, HT_S("proc")));

    (void)state;
    if (source->state == HT_SOURCE_STATE_OK)
        assert_true(ht_host_has_kubelet(host));
    if (ht_host_has_kubelet(host) && !has_named(sample, "kubelet") && !has_named(sample, "k3s") &&
        !has_named(sample, "k3s-server") && !has_named(sample, "k3s-agent") &&
        !has_named(sample, "k0s") && !has_named(sample, "kubelite") &&
        !has_named(sample, "hyperkube"))
        assert_false(host->kubelet);
    if (source->state == HT_SOURCE_STATE_OK)
        assert_true(ht_host_has_apiserver(host));
    if (ht_host_has_apiserver(host) && !has_named(sample, "kube-apiserver") &&
        !has_named(sample, "k3s") && !has_named(sample, "k3s-server") &&
        !has_named(sample, "kubelite") && !has_named(sample, "hyperkube"))
        assert_false(host->apiserver);
    ht_node_unref(sample);
}

/* A place with a socket in it, one in a folder below, a link to the first, a loop of links and a
 * file; returns where we are. */
static int enter_place(char *folder)
{
    int back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    ht_test_make_socket("one.sock");
    assert_int_equal(mkdir("many", 0700), 0);
    assert_int_equal(mkdir("many/a", 0700), 0);
    ht_test_make_socket("many/b");
    ht_test_make_socket("many/a/c.sock");
    assert_int_equal(mkdir("none", 0700), 0);
    assert_int_equal(symlink("/one.sock", "link"), 0);
    assert_int_equal(symlink("loop", "loop"), 0);
    close(open("none/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    return back;
}

static void leave_place(const char *folder, int back)
{
    static const char *const names[] = {"one.sock", "many/b", "many/a/c.sock", "many/a", "many",
                                        "link",     "loop",   "none/file",     "none"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        assert_int_equal(remove(names[i]), 0);
    assert_int_equal(fchdir(back), 0);
    close(back);
    assert_int_equal(rmdir(folder), 0);
}

static void sockets_of_a_list_are_there_absent_or_unseen(void **state)
{
    static const struct {
        const char *path;
        const char *is;
    } cases[] = {
        {"/one.sock", "there"},       {"/link", "there"},        {"/many/*", "there"},
        {"/many/*/c.sock", "there"},  {"/none/*", "absent"},     {"/none/file", "absent"},
        {"/many", "absent"},          {"/two.sock", "absent"},   {"/two/*", "absent"},
        {"/many/*/d.sock", "absent"}, {"/loop", "unseen"},       {"/loop/*", "unseen"},
        {"/ma*/b", "unseen"},         {"/*/*/c.sock", "unseen"}, {"*", "unseen"},
    };
    char folder[] = "/tmp/hulltop-place-XXXXXX";
    int back = enter_place(folder);
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_str paths[sizeof(cases) / sizeof(*cases)];
    struct ht_text_list list = {.items = paths, .len = sizeof(cases) / sizeof(*cases)};
    struct ht_host host = {0};

    (void)state;
    for (size_t i = 0; i < list.len; i++)
        paths[i] = ht_str_from(cases[i].path);
    if (ht_root_open(&root, folder, NULL) == 0) {
        ht_host_read_sockets(&root, &list, arena, &host);
        assert_int_equal(host.sockets.len, list.len);
        for (size_t i = 0; i < list.len; i++) {
            if (!ht_str_is(host.sockets.items[i].value, cases[i].is))
                fail_msg("%s is %.*s", cases[i].path, HT_STR_ARG(host.sockets.items[i].value));
        }
    }
    leave_place(folder, back);
}

static void sockets_of_the_node_are_told(void **state)
{
    char folder[] = "/tmp/hulltop-place-XXXXXX";
    char path[64];
    int back = enter_place(folder);
    struct ht_str item;
    struct ht_node *sample;
    const struct ht_host *host;

    (void)state;
    snprintf(path, sizeof(path), "%s/one.sock", folder);
    item = ht_str_from(path);
    sample = take_sample_with((struct ht_text_list){.items = &item, .len = 1});
    host = ht_node_host(sample);
    /* In a container it is not known which files are the node's. */
    if (ht_host_is_contained(host)) {
        assert_false(ht_host_has_sockets(host));
    } else if (ht_host_has_sockets(host)) {
        assert_int_equal(host->sockets.len, 1);
        assert_true(ht_str_equal(host->sockets.items[0].key, item));
        assert_true(ht_str_is(host->sockets.items[0].value, "there"));
    } else {
        assert_int_not_equal(geteuid(), 0);
    }
    ht_node_unref(sample);
    leave_place(folder, back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kubelet_is_seen_by_its_name),
        cmocka_unit_test(an_api_server_is_seen_by_its_name),
        cmocka_unit_test(that_there_is_none_is_said_where_all_are_seen),
        cmocka_unit_test(sockets_of_a_list_are_there_absent_or_unseen),
        cmocka_unit_test(sockets_of_the_node_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
