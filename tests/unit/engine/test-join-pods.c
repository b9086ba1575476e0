/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pods are judged by what their namespace enforces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/facts.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/facts.h"
#include "hulltop/engine/core.h"

static struct ht_node *told(const char *enforce, const char *version)
{
    static const struct ht_pod_container containers[1];
    struct ht_node *node = ht_node_new(1);
    struct ht_namespace space = {0};
    struct ht_pod pod = {0};

    ht_pod_set_id(&pod, HT_S("uid-1"));
    ht_pod_set_kind(&pod, HT_S("Pod"));
    ht_pod_set_name(&pod, HT_S("web-1"));
    ht_pod_set_namespace(&pod, HT_S("shop"));
    ht_pod_set_containers(&pod, (struct ht_pod_container_list){.items = containers, .len = 1});
    ht_namespace_set_id(&space, HT_S("shop"));
    ht_namespace_set_name(&space, HT_S("shop"));
    ht_namespace_set_enforce(&space, ht_str_from(enforce));
    if (version)
        ht_namespace_set_enforce_version(&space, ht_str_from(version));
    ht_node_add(node, ht_row_new(&ht_pod_table, &pod));
    ht_node_add(node, ht_row_new(&ht_namespace_table, &space));
    ht_node_sort(node);
    return node;
}

/* One joiner: the label may change while the pod does not. */
static void the_version_that_is_enforced_judges(void **state)
{
    static const struct {
        const char *enforce, *version, *judged;
    } cases[] = {
        {"baseline", "v1.24", "v1.24"}, {"restricted", "latest", "latest"},
        {"baseline", "soon", "latest"}, {"baseline", NULL, "latest"},
        {"", "v1.24", "latest"},        {"privileged", "v1.0", "latest"},
    };
    struct ht_joiner *joiner = ht_joiner_new(facts);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ht_autonode struct ht_node *sample = told(cases[i].enforce, cases[i].version);
        ht_autonode struct ht_node *node = ht_joiner_join(joiner, &sample, 1, (int64_t)i + 5);
        const struct ht_row *row = ht_node_find(node, HT_TABLE_POD, HT_S("uid-1"));

        assert_non_null(row);
        if (!ht_str_is(ht_pod_of(row)->pod_security.version, cases[i].judged) ||
            !ht_str_is(ht_pod_of(row)->enforced, cases[i].enforce))
            fail_msg("case %zu: %.*s", i, HT_STR_ARG(ht_pod_of(row)->pod_security.version));
    }
    ht_joiner_free(joiner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_version_that_is_enforced_judges),
    };

    return cmocka_run_group_tests(tests, load_facts, free_facts);
}
