/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process table of procps: who runs here is in it once, with who it is. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/source/procs.h"

struct seen {
    pid_t child;
    size_t own, children; /* how often each came */
    uint32_t euid, egid;  /* of our own */
};

static void see(void *context, const struct ht_procs_item *item)
{
    struct seen *seen = context;

    seen->children += item->pid == seen->child;
    if (item->pid != getpid())
        return;
    seen->own++;
    seen->euid = item->euid;
    seen->egid = item->egid;
}

static void test_each(void **state)
{
    struct seen seen = {.child = fork()};

    (void)state;
    assert_true(seen.child >= 0);
    if (seen.child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    assert_int_equal(ht_procs_each(see, &seen), 0);
    assert_int_equal(seen.own, 1);
    assert_int_equal(seen.children, 1);
    assert_int_equal(seen.euid, geteuid());
    assert_int_equal(seen.egid, getegid());

    /* Asked again, by a library that is there already, it tells what is gone. */
    pid_t child = seen.child;
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    seen = (struct seen){.child = child};
    assert_int_equal(ht_procs_each(see, &seen), 0);
    assert_int_equal(seen.own, 1);
    assert_int_equal(seen.children, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each)};

    return cmocka_run_group_tests_name("procs", tests, NULL, NULL);
}
