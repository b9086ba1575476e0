/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of the join: a sample of Docker and one of /proc, and what joins them. */
#ifndef HT_TEST_JOINED_H
#define HT_TEST_JOINED_H

#include "hulltop/check/facts.h"
#include "hulltop/engine/core.h"

struct fixture {
    struct ht_facts *facts;
    struct ht_joiner *joiner;
    struct ht_node *docker, *proc;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    struct ht_error err = {0};
    struct ht_host host = {0};

    fixture = (struct fixture){.docker = ht_node_new(1), .proc = ht_node_new(1)};
    if (ht_facts_load(NULL, &fixture.facts, &err) < 0)
        return -1;
    fixture.joiner = ht_joiner_new(fixture.facts);
    ht_host_set_id(&host, HT_S("node"));
    ht_host_set_ns_pid(&host, 1000);
    ht_node_add(fixture.proc, ht_row_new(&ht_host_table, &host));
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    ht_node_unref(fixture->docker);
    ht_node_unref(fixture->proc);
    ht_joiner_free(fixture->joiner);
    ht_facts_free(fixture->facts);
    return 0;
}

#endif
