/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Roles and bindings to what service accounts may do. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "kube-rights.h"

#include "docker-answers.h"

static void read_list(struct ht_kube_rights *rights, const char *name)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_buf text;
    struct ht_str more;
    struct ht_error err = {0};

    read_fixture(name, &text);
    ptrdiff_t body = ht_str_find(ht_buf_str(&text), HT_S("\r\n\r\n"), 0);
    assert_true(body > 0);
    if (ht_kube_rights_decode(rights, ht_str_sub(ht_buf_str(&text), (size_t)body + 4, text.len),
                              arena, &more, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(more.len, 0);
    ht_buf_fini(&text);
}

static struct ht_kube_rights *recorded(void)
{
    struct ht_kube_rights *rights = ht_kube_rights_new();

    read_list(rights, "kubernetes/clusterroles.http");
    read_list(rights, "kubernetes/roles.http");
    read_list(rights, "kubernetes/clusterrolebindings.http");
    read_list(rights, "kubernetes/rolebindings.http");
    return rights;
}

static void what_leads_to_the_cluster_is_told(void **state)
{
    static const struct {
        const char *namespace, *account, *held[3];
    } cases[] = {
        {"shop", "ci", {"make pods by Deployments in shop (Role/deployer)"}},
        {"shop", "backup", {"read secrets in shop (ClusterRole/secret-reader)"}},
        /* view, one secret by name, and a right of the cluster bound in a namespace. */
        {"shop", "web", {NULL}},
        {"other", "ci", {NULL}},
        {"ops", "default", {"command kubelets everywhere (ClusterRole/proxy)"}},
    };
    struct ht_kube_rights *rights = recorded();
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_text_list held = ht_kube_rights_of(rights, ht_str_from(cases[i].namespace),
                                                     ht_str_from(cases[i].account), arena);
        size_t wanted = 0;

        for (; cases[i].held[wanted]; wanted++) {
            assert_true(wanted < held.len);
            assert_true(ht_str_is(held.items[wanted], cases[i].held[wanted]));
        }
        assert_int_equal(held.len, wanted);
    }
    struct ht_text_list admin = ht_kube_rights_of(rights, HT_S("ops"), HT_S("operator"), arena);
    assert_int_equal(admin.len, 2);
    assert_true(ht_str_has_prefix(admin.items[0], "read secrets, create pods, "));
    assert_true(ht_str_has_suffix(admin.items[0], " everywhere (ClusterRole/cluster-admin)"));
    ht_kube_rights_free(rights);
}

static void other_answers_are_refused(void **state)
{
    static const char *const answers[] = {
        "",
        "{}",
        "[]",
        "<html>",
        "{\"kind\":\"PodList\",\"items\":[{\"metadata\":{}}]}",
        "{\"kind\":\"RoleList\",\"items\":[{\"metadata\":{}}",
    };
    struct ht_kube_rights *rights = ht_kube_rights_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
        struct ht_str more;
        struct ht_error err = {0};

        assert_int_equal(ht_kube_rights_decode(rights, ht_str_from(answers[i]), arena, &more, &err),
                         -EINVAL);
    }
    ht_kube_rights_free(rights);
}

/* Wrong kinds inside give no rights, and no crash. */
static void odd_roles_give_nothing(void **state)
{
    static const char text[] =
        "{\"kind\":\"ClusterRoleList\",\"metadata\":{\"continue\":\"next\"},\"items\":["
        "7,null,{\"metadata\":{\"name\":\"a\"},\"rules\":{}},"
        "{\"metadata\":{\"name\":\"b\"},\"rules\":[{\"verbs\":\"*\",\"apiGroups\":[\"\"],"
        "\"resources\":[\"secrets\"]},{\"verbs\":[1],\"apiGroups\":[null],\"resources\":[[]]}]}]}";
    struct ht_kube_rights *rights = ht_kube_rights_new();
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_str more;
    struct ht_error err = {0};

    (void)state;
    /* "next" is behind the items: a head is told last, or before. */
    assert_int_equal(ht_kube_rights_decode(rights, ht_str_from(text), arena, &more, &err), 0);
    assert_true(ht_str_is(more, "next"));
    assert_int_equal(ht_kube_rights_of(rights, HT_S("x"), HT_S("y"), arena).len, 0);
    ht_kube_rights_free(rights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_leads_to_the_cluster_is_told),
        cmocka_unit_test(other_answers_are_refused),
        cmocka_unit_test(odd_roles_give_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
