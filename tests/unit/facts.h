/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests that run with the built-in facts, loaded once for all of them. */
#ifndef HT_TEST_FACTS_H
#define HT_TEST_FACTS_H

#include "hulltop/base/error.h"
#include "hulltop/check/facts.h"

static struct ht_facts *facts;

static int load_facts(void **state)
{
    struct ht_error err = {0};

    (void)state;
    return ht_facts_load(NULL, &facts, &err);
}

static int free_facts(void **state)
{
    (void)state;
    facts = ht_facts_free(facts);
    return 0;
}

#endif
