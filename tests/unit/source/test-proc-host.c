/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the process source tells of the host from its processes. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "feed.h"

static bool end_at_once(struct ht_test_feed *feed, unsigned wait, struct ht_request *ret_request)
{
    (void)feed;
    (void)wait;
    (void)ret_request;
    return false;
}

static struct ht_node *take_sample(void)
{
    struct ht_driver driver = ht_proc_driver(&(struct ht_proc_options){.root = "/", .live = true});
    struct ht_test_feed feed = {.script = end_at_once};

    ht_test_feed_init(&feed);
    driver.ops->run(driver.self, &feed.feed);
    driver.ops->free(driver.self);
    assert_int_equal(feed.published, 1);
    return feed.sample;
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
    ht_node_unref(sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kubelet_is_seen_by_its_name),
        cmocka_unit_test(that_there_is_none_is_said_where_all_are_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
