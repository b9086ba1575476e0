/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits that run otherwise than their pod declares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/pod-compare.h"

enum { NONE = -1, MI = 1 << 20 };

/* Declared and told to the runtime, each NONE where it is not known; what differs then. */
struct limits {
    int64_t memory, memory_runs, cpu, cpu_runs;
    const char *differs;
};

/* A change that is under way, what its node applied before, and whether that is what runs. */
struct resize {
    const char *state;
    int64_t memory, cpu;
    bool before;
};

static void check(const struct limits *limits, const struct resize *resize)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_pair id = {.key = HT_S("app"), .value = HT_S("docker://c1")};
    struct ht_pod_container wanted = {.name = HT_S("app")};
    struct ht_container container = {0};
    struct ht_pod pod = {0};
    struct ht_pod_differences differences;
    char got[200] = "";
    size_t len = 0;

    if (limits->memory != NONE)
        ht_pod_container_set_memory_limit(&wanted, (uint64_t)limits->memory);
    if (limits->cpu != NONE)
        ht_pod_container_set_cpu_limit(&wanted, (uint64_t)limits->cpu);
    if (limits->memory_runs != NONE)
        ht_container_set_memory_limit(&container, (uint64_t)limits->memory_runs);
    if (limits->cpu_runs != NONE)
        ht_container_set_cpu_limit(&container, (uint64_t)limits->cpu_runs);
    if (resize) {
        ht_pod_set_resize(&pod, ht_str_from(resize->state));
        if (resize->memory != NONE)
            ht_pod_container_set_memory_applied(&wanted, (uint64_t)resize->memory);
        if (resize->cpu != NONE)
            ht_pod_container_set_cpu_applied(&wanted, (uint64_t)resize->cpu);
    }
    ht_container_set_id(&container, HT_S("c1"));
    ht_pod_set_containers(&pod, (struct ht_pod_container_list){.items = &wanted, .len = 1});
    ht_pod_set_container_ids(&pod, (struct ht_pair_list){.items = &id, .len = 1});
    ht_pod_compare(&(struct ht_pod_pair){.pod = &pod, .container = &container}, arena,
                   &differences);
    for (size_t i = 0; i < differences.len; i++) {
        const struct ht_pod_difference *one = &differences.items[i];

        assert_false(one->more);
        len += (size_t)snprintf(got + len, sizeof(got) - len, "%.*s %.*s %.*s;",
                                HT_STR_ARG(one->field), HT_STR_ARG(one->declared),
                                HT_STR_ARG(one->runs));
    }
    assert_string_equal(got, limits->differs);
    assert_int_equal(differences.resizing, resize && resize->before);
}

static void limits_from_before_a_resize_are_no_difference(void **state)
{
    static const struct {
        struct limits limits;
        struct resize resize;
    } cases[] = {
        {{128 * MI, 64 * MI, NONE, NONE, ""}, {"pending: Deferred", 64 * MI, NONE, true}},
        {{128 * MI, 64 * MI, 1000, 500, ""}, {"in progress", 64 * MI, 500, true}},
        /* It was made already. */
        {{128 * MI, 128 * MI, 500, 500, ""}, {"in progress", 64 * MI, 500, false}},
        /* Neither what was declared nor what was applied. */
        {{128 * MI, 0, NONE, NONE, "resources.limits.memory 134217728 bytes no limit;"},
         {"pending: Infeasible", 64 * MI, NONE, false}},
        {{128 * MI, 64 * MI, 1000, 4000, "resources.limits.cpu 1000m 4000m;"},
         {"pending: Deferred", 64 * MI, 500, true}},
        /* A limit where none was has nothing applied. */
        {{128 * MI, 0, NONE, NONE, ""}, {"in progress", NONE, NONE, true}},
        {{128 * MI, 0, NONE, NONE, ""}, {"pending: Infeasible", NONE, NONE, true}},
        {{128 * MI, 0, NONE, NONE, "resources.limits.memory 134217728 bytes no limit;"},
         {"in progress", 64 * MI, NONE, false}},
        /* The node does not tell what it applied. */
        {{128 * MI, 64 * MI, NONE, NONE, "resources.limits.memory 134217728 bytes 67108864 bytes;"},
         {"pending: Deferred", NONE, NONE, false}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check(&cases[i].limits, &cases[i].resize);
}

static void limits_that_were_changed_past_the_api_are_told(void **state)
{
    static const struct limits cases[] = {
        {64 * MI, 64 * MI, 500, 500, ""},
        {64 * MI, 64 * MI + 4096, 500, 505, ""}, /* rounded */
        {64 * MI, 0, NONE, 0, "resources.limits.memory 67108864 bytes no limit;"},
        {64 * MI, 128 * MI, 500, 1000,
         "resources.limits.memory 67108864 bytes 134217728 bytes;resources.limits.cpu 500m 1000m;"},
        {NONE, 128 * MI, NONE, 100, ""}, /* nothing was declared */
        {64 * MI, NONE, 500, NONE, ""},  /* the runtime does not tell */
        {NONE, NONE, 2000, 0, ""},       /* whole cores instead of a quota */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check(&cases[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_that_were_changed_past_the_api_are_told),
        cmocka_unit_test(limits_from_before_a_resize_are_no_difference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
