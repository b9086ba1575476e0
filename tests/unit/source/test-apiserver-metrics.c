/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics of real API servers in six states of encryption, and what nobody should send. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "src/source/apiserver-metrics.h"

enum { ARENA = 1024 * 1024, TEXT_MAX = 1024 * 1024 };

static bool decode(const char *text, struct ht_arena *arena, struct ht_api_counter *counter)
{
    *counter = (struct ht_api_counter){0};
    return ht_apiserver_metrics_decode(ht_str_from(text), arena, counter);
}

static const struct ht_counted *find(const struct ht_api_counter *counter, const char *resource,
                                     const char *provider)
{
    for (size_t i = 0; i < counter->counts.len; i++) {
        const struct ht_counted *counted = &counter->counts.items[i];

        if (ht_str_is(counted->resource, resource) && ht_str_is(counted->provider, provider))
            return counted;
    }
    return NULL;
}

static void expect(const struct ht_api_counter *counter, const char *provider, uint64_t reads,
                   uint64_t writes)
{
    const struct ht_counted *counted = find(counter, "secrets", provider);

    assert_int_equal(counted ? counted->reads : 0, reads);
    assert_int_equal(counted ? counted->writes : 0, writes);
}

static const struct {
    const char *name;
    const char *provider; /* the one that encrypts */
    uint64_t plain_reads, reads, writes;
    bool has_config;
} recorded[] = {
    {"A", "aescbc", 0, 0, 0, false},
    {"B", "aescbc", 0, 31, 0, true},
    {"C", "aescbc", 48, 17, 17, true},
    {"D", "aescbc", 62, 31, 31, true},
    {"E_identity_first", "aescbc", 62, 0, 0, true},
    {"aesgcm", "aesgcm", 62, 31, 31, true},
    {"secretbox", "secretbox", 62, 31, 31, true},
};

static void recorded_metrics_give_their_counts(void **state)
{
    const char *source = getenv("HT_SRCDIR");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(recorded); i++) {
        ht_autoarena struct ht_arena *arena = ht_arena_new(ARENA);
        ht_autobuf struct ht_buf text = HT_BUF(TEXT_MAX);
        struct ht_api_counter counter = {0};
        char path[1024];

        snprintf(path, sizeof(path), "%s/tests/fixtures/kubernetes/etcd/%s_apiserver_metrics.txt",
                 source ? source : ".", recorded[i].name);
        assert_int_equal(ht_read_at(AT_FDCWD, path, &text, TEXT_MAX, NULL), 0);
        assert_true(ht_apiserver_metrics_decode(ht_buf_str(&text), arena, &counter));
        assert_true(ht_api_counter_has_counts(&counter));
        assert_int_equal(ht_api_counter_has_config_sha256(&counter), recorded[i].has_config);
        expect(&counter, "plaintext", recorded[i].plain_reads, 0);
        expect(&counter, recorded[i].provider, recorded[i].reads, recorded[i].writes);
        /* Keys are counted once more under their names: nothing comes of that. */
        assert_true(counter.counts.len <= 2);
    }
}

#define OPERATIONS "apiserver_storage_transformation_operations_total"
#define LABELS(resource, status, type, prefix)                                                     \
    OPERATIONS "{resource=\"" resource "\",status=\"" status "\",transformation_type=\"" type      \
               "\",transformer_prefix=\"" prefix "\"} "

static void providers_and_plugins_are_told_apart(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(ARENA);
    struct ht_api_counter counter;

    (void)state;
    assert_true(decode(
        LABELS("secrets", "OK", "to_storage", "k8s:enc:kms:v2:vault:") "7\n" LABELS("secrets", "OK", "from_storage", "k8s:enc:kms:v1:old:") "8\n" LABELS(
            "configmaps", "OK", "from_storage",
            "k8s:enc:kms:v2:vault:") "9\n" LABELS("secrets", "OK", "from_storage",
                                                  "k8s:enc:new:v9:x:") "1e1\n" LABELS("secrets",
                                                                                      "OK",
                                                                                      "from_"
                                                                                      "storage",
                                                                                      "") "3"
                                                                                          "\n" LABELS(
                                                                                              "secr"
                                                                                              "ets",
                                                                                              "Inte"
                                                                                              "rna"
                                                                                              "l",
                                                                                              "from"
                                                                                              "_sto"
                                                                                              "rag"
                                                                                              "e",
                                                                                              "k8s:"
                                                                                              "enc:"
                                                                                              "kms:"
                                                                                              "v2:"
                                                                                              "vaul"
                                                                                              "t:") "2\n"
                                                                                                    "process_start_time_seconds 1.79547559712e+09\n",
        arena, &counter));
    expect(&counter, "kms-v2", 0, 7);
    expect(&counter, "kms-v1", 8, 0);
    expect(&counter, "other", 10, 0);
    expect(&counter, "plaintext", 3, 0);
    assert_true(ht_str_is(find(&counter, "secrets", "kms-v2")->key, "vault"));
    assert_int_equal(find(&counter, "secrets", "kms-v2")->failed, 2);
    assert_int_equal(find(&counter, "configmaps", "kms-v2")->reads, 9);
    assert_int_equal(counter.started_at, 1795475597120 * HT_NS_PER_MS);
}

static void versions_without_resources_count_all(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(ARENA);
    struct ht_api_counter counter;

    (void)state;
    assert_true(decode(OPERATIONS "{status=\"OK\",transformation_type=\"to_storage\","
                                  "transformer_prefix=\"k8s:enc:aescbc:v1:\"} 4 1700000000000\n",
                       arena, &counter));
    assert_int_equal(find(&counter, "", "aescbc")->writes, 4);
}

static void reloads_are_counted(void **state)
{
    static const char reloads[] = "apiserver_encryption_config_controller_automatic_reloads_total";
    ht_autoarena struct ht_arena *arena = ht_arena_new(ARENA);
    struct ht_api_counter counter;
    char text[400];

    (void)state;
    snprintf(
        text, sizeof(text),
        "%s{apiserver_id_hash=\"sha256:a}b\",status=\"success\"} 3\n%s{status=\"failure\"} 1\n",
        reloads, reloads);
    assert_true(decode(text, arena, &counter));
    assert_int_equal(counter.reloads, 3);
    assert_int_equal(counter.reload_failures, 1);
}

static void what_is_no_metric_is_passed_over(void **state)
{
    static const char *const lines[] = {
        OPERATIONS,
        OPERATIONS " ",
        OPERATIONS "{",
        OPERATIONS "{} 5",
        OPERATIONS "{resource=\"secrets\"",
        OPERATIONS "{resource=\"secrets} 5",
        OPERATIONS "{resource=secrets} 5",
        LABELS("secrets", "OK", "to_storage", "key1:") "5",
        LABELS("secrets", "OK", "to_storage", "k8s:enc:aescbc:v1:") "NaN",
        LABELS("secrets", "OK", "to_storage", "k8s:enc:aescbc:v1:") "+Inf",
        LABELS("secrets", "OK", "to_storage", "k8s:enc:aescbc:v1:") "five",
        LABELS("secrets", "OK", "elsewhere", "k8s:enc:aescbc:v1:") "5",
        OPERATIONS "_more{resource=\"secrets\"} 5",
        "apiserver_encryption_config_controller_last_config_info{hash=\"sha256:abc\"} 1",
        "apiserver_encryption_config_controller_last_config_info{hash=\"md5:abc\"} 1",
        "process_start_time_seconds -5",
        "process_start_time_seconds 1e300",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        ht_autoarena struct ht_arena *arena = ht_arena_new(ARENA);
        struct ht_api_counter counter;
        char text[600];

        snprintf(text, sizeof(text), "apiserver_x 1\n%s\n", lines[i]);
        assert_true(decode(text, arena, &counter));
        if (counter.counts.len || ht_api_counter_has_config_sha256(&counter) ||
            ht_api_counter_has_started_at(&counter))
            fail_msg("taken: %s", lines[i]);
    }
}

static void others_metrics_are_refused(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(ARENA);
    struct ht_api_counter counter;

    (void)state;
    assert_false(decode("", arena, &counter));
    assert_false(decode("<html>it works</html>", arena, &counter));
    assert_false(
        decode("kubelet_node_name{node=\"n\"} 1\nprocess_start_time_seconds 5\n", arena, &counter));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_metrics_give_their_counts),
        cmocka_unit_test(providers_and_plugins_are_told_apart),
        cmocka_unit_test(versions_without_resources_count_all),
        cmocka_unit_test(reloads_are_counted),
        cmocka_unit_test(what_is_no_metric_is_passed_over),
        cmocka_unit_test(others_metrics_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
