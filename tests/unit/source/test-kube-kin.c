/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pods of one workload keep once what they share, and say all the same what they said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "src/source/kube-decode.h"
#include "src/source/kube-kin.h"

static struct ht_row *read_pod(const char *name, const char *owner, const char *image)
{
    char text[2000];
    struct ht_error err = {.code = 0};

    snprintf(
        text, sizeof(text),
        "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"%s\",\"namespace\":\"prod\",\"uid\":\"uid-%s\","
        "\"labels\":{\"app\":\"web\",\"tier\":\"front\"},\"ownerReferences\":[{\"kind\":\"%s\","
        "\"name\":\"web\",\"controller\":true}]},\"spec\":{\"nodeName\":\"n1\",\"containers\":[{"
        "\"name\":\"app\",\"image\":\"%s\",\"securityContext\":{\"privileged\":true}}]}}",
        name, name, owner, image);
    struct ht_row *row = ht_kube_decode_object(ht_str_from(text), &err);
    if (!row)
        fail_msg("%s", err.text);
    return row;
}

/* The second of two pods, kept beside the first, which is let go; and whether it shares with it. */
static struct ht_row *share(struct ht_row *first, struct ht_row *second, bool *ret_shares)
{
    struct ht_kube_kin kin = {.by_owner = NULL};
    size_t alone = ht_row_size(second);

    first = ht_kube_kin_share(&kin, first);
    ht_kube_kin_note(&kin, first);
    second = ht_kube_kin_share(&kin, second);
    ht_kube_kin_note(&kin, second);
    *ret_shares = ht_row_size(second) < alone;
    ht_kube_kin_fini(&kin);
    ht_row_unref(first);
    return second;
}

static void pods_of_a_template_share_and_outlive_each_other(void **state)
{
    ht_autorow struct ht_row *alone = read_pod("web-1", "StatefulSet", "web:1");
    bool shares;

    (void)state;
    ht_autorow struct ht_row *second = share(read_pod("web-0", "StatefulSet", "web:1"),
                                             read_pod("web-1", "StatefulSet", "web:1"), &shares);
    assert_true(shares);
    assert_true(ht_row_equal(alone, second));
    assert_true(ht_str_is(ht_row_id(second), "uid-web-1"));
    assert_true(ht_pod_of(second)->containers.items[0].privileged);

    /* What is made of it holds what it needs. */
    const struct ht_row *const lenders[] = {second};
    ht_autorow struct ht_row *made = ht_row_derive(&ht_pod_table, ht_pod_of(second), lenders, 1);
    second = ht_row_unref(second);
    assert_true(ht_row_equal(alone, made));
}

static void other_pods_share_nothing(void **state)
{
    static const struct {
        const char *owner, *image;
    } others[] = {{"StatefulSet", "web:2"}, {"DaemonSet", "web:1"}};

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        bool shares;
        ht_autorow struct ht_row *second =
            share(read_pod("web-0", "StatefulSet", "web:1"),
                  read_pod("web-1", others[i].owner, others[i].image), &shares);

        assert_false(shares);
        assert_true(ht_str_is(ht_pod_of(second)->containers.items[0].image, others[i].image));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pods_of_a_template_share_and_outlive_each_other),
        cmocka_unit_test(other_pods_share_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
