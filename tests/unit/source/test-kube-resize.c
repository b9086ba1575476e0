/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits of pods that are changed while they run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/kube-pod.h"

#define POD(status)                                                                                \
    "{\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\",\"uid\":\"u\"},\"spec\":{"             \
    "\"containers\":[{\"name\":\"side\"},{\"name\":\"app\",\"resources\":{\"limits\":"             \
    "{\"memory\":\"128Mi\",\"cpu\":\"1\"}}}]},\"status\":{" status "}}"
#define APPLIED                                                                                    \
    "\"containerStatuses\":[{\"name\":\"app\",\"resources\":{\"limits\":"                          \
    "{\"memory\":\"64Mi\",\"cpu\":\"500m\"}}},{\"name\":\"other\",\"resources\":7},8]"
#define CONDITION(type, is, reason)                                                                \
    "\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"},{\"type\":\"" type                   \
    "\",\"status\":\"" is "\"" reason "}],"

struct expected {
    const char *json;
    const char *resize; /* NULL: none */
};

static void check(const struct expected *expected)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_error err = {0};
    struct ht_pod pod = {0};
    const struct ht_json *value = ht_json_parse(arena, "pod", ht_str_from(expected->json), &err);

    assert_non_null(value);
    assert_int_equal(
        ht_kube_decode_pod(&(struct ht_kube_object){.kind = HT_S("Pod"), .value = value}, arena,
                           &pod, &err),
        0);
    assert_int_equal(pod.containers.len, 2);

    const struct ht_pod_container *app = &pod.containers.items[1];
    assert_int_equal(app->memory_limit, 128 << 20);
    assert_int_equal(ht_pod_has_resize(&pod), expected->resize != NULL);
    assert_int_equal(ht_pod_container_has_memory_applied(app), expected->resize != NULL);
    assert_false(ht_pod_container_has_memory_applied(&pod.containers.items[0]));
    if (expected->resize) {
        assert_true(ht_str_is(pod.resize, expected->resize));
        assert_int_equal(app->memory_applied, 64 << 20);
        assert_int_equal(app->cpu_applied, 500);
    }
}

static void what_the_node_applied_is_read_while_a_resize_is_under_way(void **state)
{
    static const struct expected cases[] = {
        {POD(APPLIED), NULL},
        {POD("\"resize\":\"\"," APPLIED), NULL},
        {POD("\"resize\":\"Proposed\"," APPLIED), "pending: Proposed"},
        {POD("\"resize\":\"InProgress\"," APPLIED), "in progress"},
        {POD(CONDITION("PodResizePending", "True", ",\"reason\":\"Deferred\"") APPLIED),
         "pending: Deferred"},
        {POD(CONDITION("PodResizePending", "True", "") APPLIED), "pending: no reason given"},
        {POD(CONDITION("PodResizePending", "False", ",\"reason\":\"Deferred\"") APPLIED), NULL},
        {POD(CONDITION("PodResizeInProgress", "True", "") APPLIED), "in progress"},
        {POD(CONDITION("PodResizeInProgress", "True", ",\"reason\":\"Error\"") APPLIED),
         "in progress: Error"},
        {POD("\"resize\":7,\"conditions\":[8]," APPLIED), NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check(&cases[i]);
}

static void what_the_node_does_not_tell_is_not_known(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_error err = {0};
    struct ht_pod pod = {0};
    const struct ht_json *value = ht_json_parse(
        arena, "pod",
        HT_S(POD("\"resize\":\"Deferred\",\"containerStatuses\":[{\"name\":\"app\",\"resources\":"
                 "{\"limits\":{\"memory\":\"much\",\"cpu\":{}}}}]")),
        &err);

    (void)state;
    assert_int_equal(
        ht_kube_decode_pod(&(struct ht_kube_object){.kind = HT_S("Pod"), .value = value}, arena,
                           &pod, &err),
        0);
    assert_true(ht_pod_has_resize(&pod));
    assert_false(ht_pod_container_has_memory_applied(&pod.containers.items[1]));
    assert_false(ht_pod_container_has_cpu_applied(&pod.containers.items[1]));
}

/* More statuses than a pod may have containers are no truth about it. */
static void statuses_without_end_are_left(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(64 * HT_LIMIT_ROW);
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_ROW);
    struct ht_error err = {0};
    struct ht_pod pod = {0};
    const struct ht_json *value;

    (void)state;
    ht_buf_add_str(&text, HT_S("{\"metadata\":{\"name\":\"web\",\"uid\":\"u\"},\"spec\":{"
                               "\"containers\":[{\"name\":\"app\"},{\"name\":\"last\"}]},"
                               "\"status\":{\"resize\":\"InProgress\",\"containerStatuses\":["));
    for (size_t i = 0; i <= HT_LIMIT_POD_ITEMS; i++)
        ht_buf_addf(&text, "%s{\"name\":\"%s\",\"resources\":{\"limits\":{\"memory\":\"1Mi\"}}}",
                    i ? "," : "", i < HT_LIMIT_POD_ITEMS ? "app" : "last");
    ht_buf_add_str(&text, HT_S("]}}"));
    assert_false(ht_buf_is_full(&text));
    value = ht_json_parse(arena, "pod", ht_buf_str(&text), &err);
    assert_non_null(value);
    assert_int_equal(
        ht_kube_decode_pod(&(struct ht_kube_object){.kind = HT_S("Pod"), .value = value}, arena,
                           &pod, &err),
        0);
    assert_true(ht_pod_container_has_memory_applied(&pod.containers.items[0]));
    assert_false(ht_pod_container_has_memory_applied(&pod.containers.items[1]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_node_applied_is_read_while_a_resize_is_under_way),
        cmocka_unit_test(what_the_node_does_not_tell_is_not_known),
        cmocka_unit_test(statuses_without_end_are_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
