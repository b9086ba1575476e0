/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quantities of Kubernetes, and the limits that a pod's containers have by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"
#include "hulltop/model/rows.h"
#include "src/source/kube-decode.h"
#include "src/source/kube-private.h"

static void quantities_are_read_as_kubernetes_does(void **state)
{
    static const struct {
        const char *text;
        uint64_t thousandths;
    } cases[] = {{"0", 0},
                 {"1", 1000},
                 {"500m", 500},
                 {"0.5", 500},
                 {".5", 500},
                 {"1.", 1000},
                 {"+2", 2000},
                 {"128Mi", UINT64_C(134217728000)},
                 {"1.5Gi", UINT64_C(1610612736000)},
                 {"129e6", UINT64_C(129000000000)},
                 {"129M", UINT64_C(129000000000)},
                 {"1E3", 1000000},
                 {"1e-3", 1},
                 {"1u", 1},
                 {"1n", 1},
                 {"0.0001", 1},
                 {"2500u", 3}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t got = 0;

        if (!ht_kube_quantity(ht_str_from(cases[i].text), &got) || got != cases[i].thousandths)
            fail_msg("%s: %llu", cases[i].text, (unsigned long long)got);
    }
}

static void what_is_no_quantity_is_not_read(void **state)
{
    static const char *const texts[] = {"",      "Mi",   "-1", "1 Mi",  "1mi",
                                        "1KI",   "0x10", "1e", "1e+",   "1e99",
                                        "1.2.3", "16Ei", "1E", "1000P", "1234567890123456789",
                                        "1e-",   "."};
    uint64_t got;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (ht_kube_quantity(ht_str_from(texts[i]), &got))
            fail_msg("\"%s\" is %llu", texts[i], (unsigned long long)got);
    }
}

static void limits_of_containers_are_told(void **state)
{
    static const char text[] =
        "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\",\"namespace\":\"b\",\"uid\":\"c\"},"
        "\"spec\":"
        "{\"containers\":[{\"name\":\"one\",\"resources\":{\"limits\":{\"memory\":\"64Mi\",\"cpu\":"
        "\"250m\"},\"requests\":{\"memory\":\"1Mi\"}}},{\"name\":\"two\",\"resources\":{\"limits\":"
        "{\"cpu\":1.5,\"memory\":\"lots\"}}},{\"name\":\"three\",\"resources\":{}}]}}";
    struct ht_error err = {0};
    struct ht_row *row = ht_kube_decode_object(ht_str_from(text), &err);

    (void)state;
    assert_non_null(row);
    const struct ht_pod_container *items = ht_pod_of(row)->containers.items;
    assert_int_equal(ht_pod_of(row)->containers.len, 3);
    assert_int_equal(items[0].memory_limit, 64 << 20);
    assert_int_equal(items[0].cpu_limit, 250);
    assert_int_equal(items[1].cpu_limit, 1500);
    assert_false(ht_pod_container_has_memory_limit(&items[1]));
    assert_false(ht_pod_container_has_memory_limit(&items[2]));
    assert_false(ht_pod_container_has_cpu_limit(&items[2]));
    ht_row_unref(row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantities_are_read_as_kubernetes_does),
        cmocka_unit_test(what_is_no_quantity_is_not_read),
        cmocka_unit_test(limits_of_containers_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
