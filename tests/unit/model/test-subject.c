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

static void a_name_stands_behind_its_container(void **state)
{
    static const struct told cases[] = {
        {.kind = "process", .name = "sleep", .container = "web-1", .text = "web-1: sleep"},
        {.kind = "program", .name = "/memfd:x", .container = "w", .text = "w: /memfd:x"},
        {.kind = "process", .name = "sshd", .text = "sshd"},
        {.kind = "process", .name = "nginx", .container = "nginx", .text = "nginx"},
        {.kind = "container", .name = "web", .container = "app", .text = "web"},
        {.kind = "pod", .name = "web-1", .container = "app", .text = "web-1"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ht_autobuf struct ht_buf out = HT_BUF(1000);
        struct ht_subject subject = {0};

        fill(&subject, &cases[i]);
        ht_subject_put_name(&out, &subject);
        if (!ht_str_is(ht_buf_str(&out), cases[i].text))
            fail_msg("\"%.*s\" is not \"%s\"", HT_STR_ARG(ht_buf_str(&out)), cases[i].text);
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

/* ---- where it runs ---- */

static void add_process(struct ht_node *node, const char *id, const char *container,
                        const char *unit)
{
    struct ht_process process = {0};

    ht_process_set_id(&process, ht_str_from(id));
    if (container)
        ht_process_set_container(&process, ht_str_from(container));
    if (unit)
        ht_process_set_unit(&process, ht_str_from(unit));
    ht_node_add(node, ht_row_new(&ht_process_table, &process));
}

static void add_code(struct ht_node *node, const char *id, const char *container, const char *unit)
{
    struct ht_code code = {0};

    ht_code_set_id(&code, ht_str_from(id));
    ht_code_set_process(&code, HT_S("7.70"));
    if (container)
        ht_code_set_container(&code, ht_str_from(container));
    if (unit)
        ht_code_set_unit(&code, ht_str_from(unit));
    ht_node_add(node, ht_row_new(&ht_code_table, &code));
}

static void add_exposure(struct ht_node *node, const char *id, const char *container,
                         const char *process)
{
    struct ht_exposure exposure = {0};

    ht_exposure_set_id(&exposure, ht_str_from(id));
    if (container)
        ht_exposure_set_container(&exposure, ht_str_from(container));
    if (process)
        ht_exposure_set_process(&exposure, ht_str_from(process));
    ht_node_add(node, ht_row_new(&ht_exposure_table, &exposure));
}

static void what_runs_in_a_container_is_at_home_there(void **state)
{
    static const struct {
        const char *kind, *id, *name;
        const char *container, *process, *unit;
    } cases[] = {
        {"container", "c1", "web", "c1", "", ""},
        {"container", "gone", "was", "gone", "", ""},
        {"process", "7.70", "sh", "c1", "7.70", ""},
        {"process", "8.80", "sshd", "", "8.80", "ssh.service"},
        {"process", "9.90", "over", "", "9.90", ""},
        {"program", "c1/program//bin/sh", "/bin/sh", "c1", "7.70", ""},
        {"program", "cron.service", "/bin/job", "", "", "cron.service"},
        {"process", "env c1 PASSWORD", "sh", "c1", "7.70", ""},
        {"process", "env 7 TOKEN", "sh", "c1", "7.70", ""},
        {"file", "file /srv/key", "/srv/key", "c2", "", ""},
        {"file", "file /etc/key", "/etc/key", "", "", ""},
        {"file", "file none knows", "/etc/key", "", "", ""},
        {"unit", "8.80", "ssh.service", "", "", "ssh.service"},
        {"node", "node-1", "node-1", "", "", ""},
    };
    struct ht_node *node = ht_node_new(0);

    (void)state;
    add_process(node, "7.70", "c1", NULL);
    add_process(node, "8.80", NULL, "ssh.service");
    add_code(node, "c1/program//bin/sh", "c1", NULL);
    add_code(node, "host/program//bin/job", NULL, "cron.service");
    add_exposure(node, "env c1 PASSWORD", "c1", "7.70");
    add_exposure(node, "env 7 TOKEN", NULL, "7.70");
    add_exposure(node, "file /srv/key", "c2", NULL);
    add_exposure(node, "file /etc/key", NULL, NULL);
    ht_node_sort(node);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_subject subject = {0};
        struct ht_subject_home home;

        ht_subject_set_kind(&subject, ht_str_from(cases[i].kind));
        ht_subject_set_id(&subject, ht_str_from(cases[i].id));
        ht_subject_set_name(&subject, ht_str_from(cases[i].name));
        home = ht_subject_home(node, &subject);
        if (!ht_str_is(home.container, cases[i].container) ||
            !ht_str_is(home.process, cases[i].process) || !ht_str_is(home.unit, cases[i].unit))
            fail_msg("%s %s: container \"%.*s\", process \"%.*s\", unit \"%.*s\"", cases[i].kind,
                     cases[i].id, HT_STR_ARG(home.container), HT_STR_ARG(home.process),
                     HT_STR_ARG(home.unit));
    }
    ht_node_unref(node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_workload_comes_before_the_name),
        cmocka_unit_test(a_name_stands_behind_its_container),
        cmocka_unit_test(what_pods_have_in_common_names_them),
        cmocka_unit_test(what_runs_in_a_container_is_at_home_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
