/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/check/upkeep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

struct context {
    struct ht_facts *facts;
    struct ht_arena *arena;
};

static int setup(void **state)
{
    struct context *context = ht_new0(struct context);
    struct ht_error err = {0};

    if (ht_facts_load(NULL, &context->facts, &err) < 0) {
        print_error("%s\n", err.text);
        return -1;
    }
    context->arena = ht_arena_new(HT_LIMIT_FILE);
    *state = context;
    return 0;
}

static int teardown(void **state)
{
    struct context *context = *state;

    ht_facts_free(context->facts);
    ht_arena_free(context->arena);
    free(context);
    return 0;
}

static int64_t day(const char *text)
{
    char full[40];
    int64_t ns = 0;

    snprintf(full, sizeof(full), "%sT12:00:00Z", text);
    assert_int_equal(ht_parse_time(ht_str_from(full), &ns), 0);
    return ns;
}

/* ---- support ---- */

struct support_case {
    const char *product, *cycle, *now;
    bool paid;
    enum ht_support_state state;
    bool table_old;
};

static void releases_end_on_the_day_of_the_table(void **state)
{
    static const struct support_case cases[] = {
        {"alpine", "3.21", "2026-11-01", false, HT_SUPPORT_STATE_SUPPORTED, false},
        {"alpine", "3.21", "2026-11-02", false, HT_SUPPORT_STATE_ENDED, false},
        {"debian", "12", "2026-11-28", false, HT_SUPPORT_STATE_SECURITY_ONLY, false},
        /* A clock before the day of the table is wrong. */
        {"debian", "10", "2019-01-01", false, HT_SUPPORT_STATE_UNKNOWN, false},
        {"debian", "12", "2028-07-01", false, HT_SUPPORT_STATE_ENDED, true},
        {"debian", "12", "2028-07-01", true, HT_SUPPORT_STATE_PAID_ONLY, true},
        {"debian", "12", "2033-07-01", true, HT_SUPPORT_STATE_ENDED, true},
        {"debian", "11", "2026-11-28", false, HT_SUPPORT_STATE_ENDED, false},
        {"debian", "13", "2026-11-28", false, HT_SUPPORT_STATE_SUPPORTED, false},
        {"ubuntu", "20.04", "2026-11-28", false, HT_SUPPORT_STATE_ENDED, false},
        {"ubuntu", "20.04", "2026-11-28", true, HT_SUPPORT_STATE_PAID_ONLY, false},
        {"rocky", "9", "2026-11-28", false, HT_SUPPORT_STATE_SUPPORTED, false},
        {"amzn", "2", "2026-11-28", false, HT_SUPPORT_STATE_ENDED, false},
        {"alpine", "3.21", "2026-11-28", false, HT_SUPPORT_STATE_ENDED, false},
        {"debian", "13", "2027-02-17", false, HT_SUPPORT_STATE_SUPPORTED, false},
        {"debian", "13", "2027-02-20", false, HT_SUPPORT_STATE_SUPPORTED, true},
        {"linux", "6.1", "2026-11-28", false, HT_SUPPORT_STATE_SUPPORTED, false},
        {"linux", "6.10", "2026-11-28", false, HT_SUPPORT_STATE_ENDED, false},
        {"linux", "6.12", "2026-11-28", false, HT_SUPPORT_STATE_SUPPORTED, false},
        {"linux", "5.4", "2026-11-28", false, HT_SUPPORT_STATE_ENDED, false},
        {"linux", "7.0", "2026-11-28", false, HT_SUPPORT_STATE_ENDED, false},
        {"linux", "7.1", "2026-11-28", false, HT_SUPPORT_STATE_UNKNOWN, false},
        {"linux", "7.2", "2026-11-28", false, HT_SUPPORT_STATE_UNKNOWN, false},
        {"ol", "9.6", "2032-07-01", false, HT_SUPPORT_STATE_ENDED, true},
        {"ol", "10.1", "2026-11-28", false, HT_SUPPORT_STATE_SUPPORTED, false},
        {"debian", "1", "2026-11-28", false, HT_SUPPORT_STATE_UNKNOWN, false},
        {"gentoo", "", "2026-11-28", false, HT_SUPPORT_STATE_UNKNOWN, false},
    };
    const struct context *context = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_support support = {0};

        ht_support_set_product(&support, ht_str_from(cases[i].product));
        ht_support_set_cycle(&support, ht_str_from(cases[i].cycle));
        ht_support_set_paid(&support, cases[i].paid);
        if (cases[i].paid)
            ht_support_set_paid_at(&support, day(cases[i].now));
        ht_upkeep_support(context->facts, day(cases[i].now), context->arena, &support);
        if (support.state != cases[i].state || support.table_old != cases[i].table_old)
            fail_msg("%s %s at %s: %s", cases[i].product, cases[i].cycle, cases[i].now,
                     ht_enum_name(&ht_support_state_enum, support.state));
    }
}

/* A list of paid support that nobody fetches any more pays for nothing. */
static void paid_support_ends_with_its_lists(void **state)
{
    static const struct {
        const char *listed;
        enum ht_support_state state;
    } cases[] = {
        {"2026-11-27", HT_SUPPORT_STATE_PAID_ONLY},
        {"2026-10-30", HT_SUPPORT_STATE_PAID_ONLY},
        {"2026-10-28", HT_SUPPORT_STATE_ENDED},
        {NULL, HT_SUPPORT_STATE_ENDED},
    };
    const struct context *context = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_support support = {0};

        ht_support_set_product(&support, HT_S("ubuntu"));
        ht_support_set_cycle(&support, HT_S("18.04"));
        ht_support_set_paid(&support, true);
        if (cases[i].listed)
            ht_support_set_paid_at(&support, day(cases[i].listed));
        ht_upkeep_support(context->facts, day("2026-11-28"), context->arena, &support);
        assert_int_equal(support.state, cases[i].state);
    }
}

static void the_distributions_table_counts_where_it_is_newer(void **state)
{
    const struct context *context = *state;
    struct ht_support support = {0};

    ht_support_set_product(&support, HT_S("debian"));
    ht_support_set_cycle(&support, HT_S("12"));
    ht_support_set_local_end(&support, day("2027-01-01"));
    ht_support_set_local_table(&support, HT_S("/usr/share/distro-info/debian.csv"));
    ht_support_set_local_date(&support, day("2026-10-01"));
    ht_upkeep_support(context->facts, day("2026-11-28"), context->arena, &support);
    assert_int_equal(support.state, HT_SUPPORT_STATE_SUPPORTED);
    assert_true(ht_str_is(support.table, "/usr/share/distro-info/debian.csv"));

    ht_support_set_local_date(&support, day("2024-01-01"));
    ht_upkeep_support(context->facts, day("2026-11-28"), context->arena, &support);
    assert_int_equal(support.state, HT_SUPPORT_STATE_SECURITY_ONLY);
    assert_true(ht_str_is(support.table, "support.yaml"));
}

/* A document may name any day. */
static void days_far_away_do_not_run_over(void **state)
{
    static const struct {
        int64_t end;
        enum ht_support_state state;
    } cases[] = {{INT64_MAX, HT_SUPPORT_STATE_SUPPORTED}, {INT64_MIN, HT_SUPPORT_STATE_ENDED}};
    const struct context *context = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_support support = {0};

        ht_support_set_product(&support, HT_S("debian"));
        ht_support_set_cycle(&support, HT_S("12"));
        ht_support_set_local_end(&support, cases[i].end);
        ht_support_set_local_security_end(&support, cases[i].end);
        ht_support_set_local_date(&support, INT64_MAX);
        ht_upkeep_support(context->facts, day("2026-11-28"), context->arena, &support);
        assert_int_equal(support.state, cases[i].state);
    }
}

/* ---- versions ---- */

static void projects_versions_are_cut_out_of_packages(void **state)
{
    static const char *const pairs[][2] = {
        {"5:29.0.1-1~debian.12~bookworm", "29.0.1"},
        {"2.2.1-1~debian.12~bookworm", "2.2.1"},
        {"1.30.14-1.1", "1.30.14"},
        {"1.1.5+ds1-1+deb12u1", "1.1.5"},
        {"1.0.0~rc93+ds1-5+deb11u5", "1.0.0~rc93"},
        {"1.6.20~ds1-1+deb12u3", "1.6.20"},
        {"20.10.24+dfsg1", "20.10.24"},
        {"4:1.1.12-1.el9", "1.1.12"},
        {"v1.4.0-rc.3", "v1.4.0-rc.3"},
        {"v1.30.14+k3s1", "v1.30.14+k3s1"},
        {"(devel)", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct ht_str cut = ht_upkeep_upstream(ht_str_from(pairs[i][0]));

        if (!ht_str_is(cut, pairs[i][1]))
            fail_msg("%s: %.*s", pairs[i][0], HT_STR_ARG(cut));
    }
}

/* ---- holes ---- */

static bool has(const struct ht_text_list *list, const char *id)
{
    for (size_t i = 0; i < list->len; i++) {
        if (ht_str_is(list->items[i], id))
            return true;
    }
    return false;
}

static struct ht_component judge(const struct context *context, const char *name,
                                 const char *version, bool vendor)
{
    struct ht_component component = {0};

    ht_component_set_name(&component, ht_str_from(name));
    ht_component_set_on_disk(&component, ht_str_from(version));
    ht_component_set_vendor(&component, vendor);
    ht_upkeep_component(context->facts, day("2026-11-28"), context->arena, (struct ht_str){0},
                        &component);
    return component;
}

static void builds_of_the_project_are_judged_by_ranges(void **state)
{
    const struct context *context = *state;
    struct ht_component runc = judge(context, "runc", "1.1.11", true);

    assert_int_equal(runc.state, HT_COMPONENT_STATE_AFFECTED);
    assert_true(has(&runc.affected, "CVE-2024-21626"));
    assert_false(has(&runc.affected, "CVE-2021-30465"));
    assert_true(ht_str_is(runc.fixed, "1.3.6"));
    assert_int_equal(judge(context, "runc", "1.3.6", true).state, HT_COMPONENT_STATE_FIXED);
    assert_int_equal(judge(context, "runc", "1.4.0-rc.3", true).state, HT_COMPONENT_STATE_FIXED);
    assert_int_equal(judge(context, "runc", "1.4.0-rc.2", true).state, HT_COMPONENT_STATE_AFFECTED);
    /* As a number 93 is behind 10. */
    runc = judge(context, "runc", "1.0.0-rc10", true);
    assert_false(has(&runc.affected, "CVE-2024-21626"));

    struct ht_component docker = judge(context, "docker", "5:29.5.1-1~debian.12~bookworm", true);
    assert_int_equal(docker.state, HT_COMPONENT_STATE_FIXED);
    assert_false(docker.ended);
    assert_true(judge(context, "docker", "26.1.5", true).ended);
    assert_true(judge(context, "kubelet", "1.34.9-1.1", true).ended);
    assert_false(judge(context, "kubelet", "v1.34.9-eks-12ab", true).ended);
    assert_int_equal(judge(context, "crun", "1.19", true).state, HT_COMPONENT_STATE_UNKNOWN);
    assert_int_equal(judge(context, "runc", "", true).state, HT_COMPONENT_STATE_UNKNOWN);
}

static void distributions_are_never_judged_by_ranges_alone(void **state)
{
    static struct ht_str changelog[] = {HT_STR("CVE-2024-21626"), HT_STR("CVE-2023-27561")};
    static struct ht_str listed[] = {HT_STR("CVE-2025-31133")};
    static struct ht_str mended[] = {HT_STR("CVE-2024-45310")};
    const struct context *context = *state;
    struct ht_component runc = judge(context, "runc", "1.1.5+ds1-1+deb12u1", false);

    assert_int_equal(runc.state, HT_COMPONENT_STATE_UNKNOWN);
    assert_int_equal(runc.affected.len, 0);
    assert_true(has(&runc.undecided, "CVE-2024-21626"));

    ht_component_set_changelog(&runc, (struct ht_text_list){.items = changelog, .len = 2});
    ht_upkeep_component(context->facts, day("2026-11-28"), context->arena, (struct ht_str){0},
                        &runc);
    assert_int_equal(runc.state, HT_COMPONENT_STATE_UNKNOWN);
    assert_true(has(&runc.patched, "CVE-2024-21626"));
    assert_true(has(&runc.undecided, "CVE-2025-31133"));

    ht_component_set_advisories(&runc, (struct ht_text_list){.items = listed, .len = 1});
    ht_component_set_advisories_fixed(&runc, (struct ht_text_list){.items = mended, .len = 1});
    ht_upkeep_component(context->facts, day("2026-11-28"), context->arena, (struct ht_str){0},
                        &runc);
    assert_int_equal(runc.state, HT_COMPONENT_STATE_AFFECTED);
    assert_true(has(&runc.affected, "CVE-2025-31133"));
    assert_true(has(&runc.patched, "CVE-2024-45310"));
    assert_false(ht_component_has_fixed(&runc));
}

static void what_runs_is_judged_and_not_what_lies_on_disk(void **state)
{
    const struct context *context = *state;
    struct ht_component component = {0};

    ht_component_set_name(&component, HT_S("containerd"));
    ht_component_set_on_disk(&component, HT_S("2.2.5"));
    ht_component_set_vendor(&component, true);
    ht_component_set_running_old(&component, true);
    ht_upkeep_component(context->facts, day("2026-11-28"), context->arena, (struct ht_str){0},
                        &component);
    assert_int_equal(component.state, HT_COMPONENT_STATE_UNKNOWN);
    ht_upkeep_component(context->facts, day("2026-11-28"), context->arena, HT_S("2.2.1"),
                        &component);
    assert_int_equal(component.state, HT_COMPONENT_STATE_AFFECTED);
    assert_true(ht_str_is(component.running, "2.2.1"));
    assert_true(ht_str_is(component.fixed, "2.2.5"));
    assert_true(component.ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(releases_end_on_the_day_of_the_table),
        cmocka_unit_test(paid_support_ends_with_its_lists),
        cmocka_unit_test(the_distributions_table_counts_where_it_is_newer),
        cmocka_unit_test(days_far_away_do_not_run_over),
        cmocka_unit_test(projects_versions_are_cut_out_of_packages),
        cmocka_unit_test(builds_of_the_project_are_judged_by_ranges),
        cmocka_unit_test(distributions_are_never_judged_by_ranges_alone),
        cmocka_unit_test(what_runs_is_judged_and_not_what_lies_on_disk),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
