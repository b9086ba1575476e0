/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who a finding is about, in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"
#include "hulltop/model/subject.h"

struct told {
    const char *kind, *name, *owner, *pod, *container;
    const char *text, *where;
};

static void fill(struct ht_subject *subject, const struct told *told)
{
    ht_subject_set_kind(subject, ht_str_from(told->kind));
    if (told->name)
        ht_subject_set_name(subject, ht_str_from(told->name));
    if (told->owner)
        ht_subject_set_owner(subject, ht_str_from(told->owner));
    if (told->pod)
        ht_subject_set_pod(subject, ht_str_from(told->pod));
    if (told->container)
        ht_subject_set_container(subject, ht_str_from(told->container));
}

static void is_told(const struct ht_finding *finding, const char *text, const char *where)
{
    ht_autobuf struct ht_buf out = HT_BUF(1000);
    struct ht_str said = ht_subject_text(&finding->subject);

    if (!ht_str_is(said, text))
        fail_msg("\"%.*s\" is not \"%s\"", HT_STR_ARG(said), text);
    ht_finding_put_subject(&out, finding);
    if (!ht_str_is(ht_buf_str(&out), where))
        fail_msg("\"%.*s\" is not \"%s\"", HT_STR_ARG(ht_buf_str(&out)), where);
}

static void the_workload_comes_before_the_name(void **state)
{
    static const struct told cases[] = {
        {.kind = "container", .name = "web", .text = "web", .where = "web"},
        {.kind = "container",
         .name = "web",
         .owner = "shop/web",
         .text = "web",
         .where = "shop/web web"},
        {.kind = "container", .name = "web", .owner = "web", .text = "web", .where = "web"},
        {.kind = "container",
         .name = "app",
         .pod = "shop/web-1",
         .text = "shop/web-1",
         .where = "shop/web-1/app"},
        {.kind = "pod",
         .name = "web-1",
         .pod = "shop/web-1",
         .container = "app",
         .text = "shop/web-1",
         .where = "shop/web-1/app"},
        {.kind = "pod",
         .name = "web-1",
         .pod = "shop/web-1",
         .text = "shop/web-1",
         .where = "shop/web-1"},
        {.kind = "process",
         .owner = "nginx.service",
         .text = "nginx.service",
         .where = "nginx.service"},
        {.kind = "process", .text = "process", .where = ""},
        {.kind = "program",
         .name = "/memfd:evil",
         .container = "cart",
         .text = "cart",
         .where = "cart /memfd:evil"},
        {.kind = "program",
         .name = "/memfd:evil",
         .owner = "shop/cart",
         .container = "shop-cart-1",
         .text = "shop-cart-1",
         .where = "shop/cart shop-cart-1 /memfd:evil"},
        {.kind = "program",
         .name = "/memfd:evil",
         .owner = "deployment/web",
         .pod = "shop/web-1",
         .container = "app",
         .text = "shop/web-1",
         .where = "shop/web-1/app /memfd:evil"},
        {.kind = "container",
         .name = "k8s_app_web-1",
         .owner = "deployment/web",
         .pod = "shop/web-1",
         .container = "app",
         .text = "shop/web-1",
         .where = "shop/web-1/app"},
        {.kind = "process",
         .name = "redis",
         .container = "redis",
         .text = "redis",
         .where = "redis"},
        /* A run of a build, whose container's own name says nothing. */
        {.kind = "container",
         .name = "hungry_bell",
         .container = "Docker build",
         .text = "hungry_bell",
         .where = "hungry_bell"},
        {.kind = "unit", .name = "cron.service", .text = "cron.service", .where = "cron.service"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_finding finding = {0};

        fill(ht_finding_edit_subject(&finding), &cases[i]);
        is_told(&finding, cases[i].text, cases[i].where);
    }
}

static void what_pods_have_in_common_names_them(void **state)
{
    static const struct told pods[] = {
        {.kind = "pod", .name = "web", .pod = "shop/web", .container = "a"},
        {.kind = "pod", .name = "web", .pod = "shop/web", .container = "b"},
        {.kind = "pod", .name = "db", .pod = "shop/db"},
    };
    struct ht_subject subjects[ARRAY_LEN(pods)] = {0};
    struct ht_finding finding = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pods); i++)
        fill(&subjects[i], &pods[i]);
    ht_subject_set_kind(ht_finding_edit_subject(&finding), HT_S("node"));
    ht_finding_set_subjects(&finding, (struct ht_subject_list){.items = subjects, .len = 3});
    is_told(&finding, "node", "shop/web, shop/db");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_workload_comes_before_the_name),
        cmocka_unit_test(what_pods_have_in_common_names_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
