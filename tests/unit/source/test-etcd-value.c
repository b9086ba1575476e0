/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How values are stored, and what keys are of. Values here are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"
#include "src/source/etcd-call.h"
#include "src/source/etcd-keys.h"
#include "src/source/etcd-value.h"
#include "src/source/etcd-wal.h"
#include "src/source/siphash.h"

enum { BODY = 4096 };

/* A header and `body` bytes behind it. */
static struct ht_stored_as stored(const char *header, size_t body)
{
    static char bytes[BODY + 256];
    size_t len = strlen(header);

    memcpy(bytes, header, len);
    memset(bytes + len, 0x9c, body);
    return ht_stored_as((struct ht_str){.data = bytes, .len = len + body}, len + body);
}

static void a_header_and_a_possible_body_are_encrypted(void **state)
{
    static const struct {
        const char *header;
        size_t body;
        enum ht_provider provider;
        const char *key;
    } cases[] = {
        {"k8s:enc:aescbc:v1:key1:", 32, HT_PROVIDER_AESCBC, "key1"},
        {"k8s:enc:aescbc:v1:key1:", 4096, HT_PROVIDER_AESCBC, "key1"},
        {"k8s:enc:aesgcm:v1:k-2:", 28, HT_PROVIDER_AESGCM, "k-2"},
        {"k8s:enc:secretbox:v1:a b:", 40, HT_PROVIDER_SECRETBOX, "a b"},
        {"k8s:enc:kms:v1:plugin:", 10, HT_PROVIDER_KMS_V1, "plugin"},
        /* Names of the old kinds may hold colons; shown is what stands before the first one. */
        {"k8s:enc:aescbc:v1:team:key1:", 32, HT_PROVIDER_AESCBC, "team"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_stored_as as = stored(cases[i].header, cases[i].body);

        assert_int_equal(as.kind, HT_STORED_ENCRYPTED);
        assert_int_equal(as.provider, cases[i].provider);
        assert_true(ht_str_is(as.key, cases[i].key));
    }
}

static void a_header_with_an_impossible_body_is_malformed(void **state)
{
    static const struct {
        const char *header;
        size_t body;
    } cases[] = {
        {"k8s:enc:aescbc:v1:key1:", 0},     {"k8s:enc:aescbc:v1:key1:", 16},
        {"k8s:enc:aescbc:v1:key1:", 33},    {"k8s:enc:aesgcm:v1:key1:", 27},
        {"k8s:enc:secretbox:v1:key1:", 39}, {"k8s:enc:kms:v1:plugin:", 0},
        {"k8s:enc:kms:v2:plugin:", 40},     {"k8s:enc:aescbc:v1:", 64},
        {"k8s:enc:aescbc:v1::", 64},        {"k8s:enc:aescbc:v2:key1:", 64},
        {"k8s:enc:rot13:v1:key1:", 64},     {"k8s:enc:", 64},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(stored(cases[i].header, cases[i].body).kind, HT_STORED_MALFORMED);
    assert_int_equal(ht_stored_as(HT_S(""), 0).kind, HT_STORED_MALFORMED);
}

static void everything_else_is_plaintext(void **state)
{
    static const struct ht_str values[] = {
        HT_STR("k8s\0\n\x0c\n\x02v1\x12\x06Secret"),
        HT_STR("{\"kind\":\"Secret\"}"),
        HT_STR("apiVersion: v1\nkind: Secret\n"),
        HT_STR("k8s:enc"),
        HT_STR("k8s:en"),
        HT_STR(" k8s:enc:aescbc:v1:key1:"),
        HT_STR("K8S:ENC:aescbc:v1:key1:"),
        HT_STR("x"),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        assert_int_equal(ht_stored_as(values[i], values[i].len).kind, HT_STORED_PLAINTEXT);
}

static void a_kms_tells_the_id_of_its_key(void **state)
{
    static const struct ht_str value = HT_STR("k8s:enc:kms:v2:vault:\n\x04"
                                              "abcd"
                                              "\x12\x05"
                                              "key-7"
                                              "\x1a\x02zz");
    struct ht_stored_as as = ht_stored_as(value, value.len);

    (void)state;
    assert_int_equal(as.kind, HT_STORED_ENCRYPTED);
    assert_int_equal(as.provider, HT_PROVIDER_KMS_V2);
    assert_true(ht_str_is(as.key, "vault"));
    assert_true(ht_str_is(as.key_id, "key-7"));
    /* A long value whose end is not there is encrypted all the same. */
    as = ht_stored_as(ht_str_sub(value, 0, 25), value.len);
    assert_int_equal(as.kind, HT_STORED_ENCRYPTED);
    assert_int_equal(as.key_id.len, 0);
    /* More bytes than there can be. */
    as = ht_stored_as(HT_S("k8s:enc:kms:v2:vault:\n\x7f"
                           "abcd"),
                      27);
    assert_int_equal(as.kind, HT_STORED_MALFORMED);
}

static void keys_tell_their_resource(void **state)
{
    static const struct {
        const char *key, *prefix, *resource; /* NULL: no object of Kubernetes */
    } cases[] = {
        {"/registry/secrets/default/token", "/registry", "secrets"},
        {"/registry/minions/cp-1", "/registry", "minions"},
        {"/registry/mygroup.io/secrets/ns/x", "/registry", "mygroup.io/secrets"},
        {"/registry/apiregistration.k8s.io/apiservices/v1.", "/registry",
         "apiregistration.k8s.io/apiservices"},
        {"/registry/masterleases/10.0.0.1", "/registry", "masterleases"},
        {"/kubernetes.io/secrets/ns/x", "/kubernetes.io", "secrets"},
        {"/openshift.io/oauth/accesstokens/sha256~x", "/openshift.io", "oauth/accesstokens"},
        {"/prod/secrets/ns/x", "/prod", "secrets"},
        {"/clusters/prod/secrets/ns/x", "/clusters/prod", "secrets"},
        {"/clusters/prod/example.com/widgets/ns/x", "/clusters/prod", "example.com/widgets"},
        {"/registry/cluster1/secrets/ns/x", "/registry/cluster1", "secrets"},
        {"/clusters/prod.example.com/secrets/ns/x", "/clusters/prod.example.com", "secrets"},
        {"/a/b/c/d/secrets/ns/x", "/a/b/c/d", "secrets"},
        {"/registry/configmaps/secrets/x", "/registry", "configmaps"},
        {"/registry/services/specs/secrets/x", "/registry", "services"},
        {"/registry/health", NULL, NULL},
        {"compact_rev_key", NULL, NULL},
        {"/", NULL, NULL},
        {"", NULL, NULL},
        {"//", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_str prefix, resource;
        bool found = ht_etcd_key_parts(ht_str_from(cases[i].key), &prefix, &resource);

        assert_int_equal(found, cases[i].resource != NULL);
        if (found) {
            assert_true(ht_str_is(prefix, cases[i].prefix));
            assert_true(ht_str_is(resource, cases[i].resource));
        }
    }
}

/* ---- the newest of each key ---- */

static void put(struct ht_etcd_keys *keys, const char *key, uint64_t main, struct ht_stored_as as)
{
    ht_etcd_keys_add(keys, &(struct ht_etcd_item){.key = ht_str_from(key), .main = main, .as = as});
}

static uint32_t always_two(const void *context, uint64_t main, uint32_t sub)
{
    (void)context, (void)main, (void)sub;
    return 2;
}

static void the_highest_revision_counts_in_any_order(void **state)
{
    struct ht_etcd_keys *keys = ht_etcd_keys_new();
    const struct ht_stored_as plain = {.kind = HT_STORED_PLAINTEXT};
    const struct ht_stored_as encrypted = {
        .kind = HT_STORED_ENCRYPTED, .provider = HT_PROVIDER_AESGCM, .key = HT_S("k")};

    (void)state;
    put(keys, "/registry/secrets/a/x", 9, encrypted);
    put(keys, "/registry/secrets/a/x", 5, plain);
    put(keys, "/registry/secrets/a/y", 6, plain);
    ht_etcd_keys_add(keys, &(struct ht_etcd_item){
                               .key = HT_S("/registry/secrets/a/y"), .main = 7, .deleted = true});
    put(keys, "/registry/secrets/a/z", 8, plain);
    assert_int_equal(ht_etcd_keys_live(keys), 2);

    const struct ht_keys_resource *counts = ht_etcd_keys_count(keys);
    assert_int_equal(ht_etcd_keys_resources(keys), 1);
    assert_int_equal(counts[0].plaintext, 1);
    assert_int_equal(counts[0].encrypted, 1);
    assert_int_equal(counts[0].newest, 9);
    assert_true(ht_etcd_keys_is_plaintext(keys, HT_S("/registry/secrets/a/z")));
    assert_false(ht_etcd_keys_is_plaintext(keys, HT_S("/registry/secrets/a/x")));
    assert_false(ht_etcd_keys_is_contradicted(keys));
    put(keys, "/registry/secrets/a/z", 8, encrypted);
    assert_true(ht_etcd_keys_is_contradicted(keys));
    ht_etcd_keys_free(keys);
}

static void what_a_compaction_took_is_forgotten(void **state)
{
    struct ht_etcd_keys *keys = ht_etcd_keys_new();
    const struct ht_stored_as plain = {.kind = HT_STORED_PLAINTEXT};

    (void)state;
    assert_int_equal(ht_etcd_keys_turn(keys), 1);
    put(keys, "/registry/secrets/a/x", 5, plain);
    put(keys, "/registry/secrets/a/y", 6, plain);
    assert_int_equal(ht_etcd_keys_turn(keys), 2);
    put(keys, "/registry/secrets/a/y", 6, plain);
    ht_etcd_keys_sweep(keys, always_two, NULL);
    assert_int_equal(ht_etcd_keys_live(keys), 1);
    assert_true(ht_etcd_keys_is_plaintext(keys, HT_S("/registry/secrets/a/y")));
    ht_etcd_keys_free(keys);
}

static void many_keys_and_key_names_are_told_apart(void **state)
{
    enum { KEYS = 20000, NAMES = 3000 };
    struct ht_etcd_keys *keys = ht_etcd_keys_new();
    uint64_t sum = 0;

    (void)state;
    for (unsigned i = 0; i < KEYS; i++) {
        char key[64], name[32];

        snprintf(key, sizeof(key), "/registry/secrets/ns%u/s%u", i % 7, i);
        snprintf(name, sizeof(name), "key%u", i % NAMES);
        put(keys, key, i + 1,
            (struct ht_stored_as){.kind = HT_STORED_ENCRYPTED,
                                  .provider = HT_PROVIDER_SECRETBOX,
                                  .key = ht_str_from(name)});
    }
    assert_int_equal(ht_etcd_keys_live(keys), KEYS);

    const struct ht_keys_resource *counts = ht_etcd_keys_count(keys);
    assert_int_equal(counts[0].encrypted, KEYS);
    assert_true(counts[0].under_len <= HT_KEY_NAMES_MAX + 1);
    for (size_t i = 0; i < counts[0].under_len; i++)
        sum += counts[0].under[i].count;
    assert_int_equal(sum, KEYS);
    ht_etcd_keys_free(keys);
}

static void more_kinds_of_objects_than_fit_hide_no_secret(void **state)
{
    struct ht_etcd_keys *keys = ht_etcd_keys_new();
    struct ht_stored_as plain = {.kind = HT_STORED_PLAINTEXT};

    (void)state;
    assert_false(ht_etcd_keys_is_full(keys));
    for (unsigned i = 0; i < HT_RESOURCES_MAX + 10; i++) {
        char key[64];

        snprintf(key, sizeof(key), "/registry/kind%u/ns/x", i);
        put(keys, key, i + 1, plain);
    }
    /* Behind another key that begins alike, and behind all the others. */
    put(keys, "/registry/cluster1/pods/ns/x", 5000, plain);
    put(keys, "/registry/cluster1/secrets/ns/x", 5001, plain);
    put(keys, "/registry/secrets/ns/x", 5002, plain);
    assert_true(ht_etcd_keys_is_full(keys));
    assert_int_equal(ht_etcd_keys_count(keys)[HT_RESOURCE_SECRETS].plaintext, 2);
    ht_etcd_keys_free(keys);
}

/* ---- the write-ahead log ---- */

struct puts {
    unsigned count;
    char keys[8][64];
};

static void take_put(void *context, const struct ht_etcd_kv *kv)
{
    struct puts *puts = context;

    if (puts->count < ARRAY_LEN(puts->keys))
        snprintf(puts->keys[puts->count], sizeof(puts->keys[0]), "%.*s", HT_STR_ARG(kv->key));
    puts->count++;
}

static void records_tell_what_they_store(void **state)
{
    /* An entry (type 2) whose request is a put; then one whose transaction has two, one of them on
     * the way that was not gone. */
    static const struct ht_str put_record = HT_STR("\x08\x02\x10\x05\x1a\x11"
                                                   "\x08\x00\x10\x02\x18\x03\x22\x09"
                                                   "\x22\x07"
                                                   "\x0a\x02/k"
                                                   "\x12\x01v");
    static const struct ht_str txn_record = HT_STR("\x08\x02\x1a\x1a"
                                                   "\x22\x18"
                                                   "\x32\x16"
                                                   "\x12\x09\x12\x07"
                                                   "\x0a\x02/a"
                                                   "\x12\x01v"
                                                   "\x1a\x09\x12\x07"
                                                   "\x0a\x02/b"
                                                   "\x12\x01v");
    struct puts puts = {0};
    struct ht_wal_visitor visitor = {.put = take_put, .context = &puts};

    (void)state;
    assert_true(ht_wal_record(put_record, &visitor));
    assert_int_equal(puts.count, 1);
    assert_string_equal(puts.keys[0], "/k");
    assert_true(ht_wal_record(txn_record, &visitor));
    assert_int_equal(puts.count, 3);
    assert_string_equal(puts.keys[1], "/a");
    assert_string_equal(puts.keys[2], "/b");
    assert_true(ht_wal_record(HT_S("\x08\x01\x1a\x02\x08\x07"), &visitor));
    assert_int_equal(visitor.node, 7);
    /* A request of the old interface is no damage. */
    puts.count = 0;
    assert_true(ht_wal_record(
        HT_S("\x08\x02\x1a\x11\x22\x0f\x08\x01\x12\x03PUT\x1a\x02/0\x22\x02{}"), &visitor));
    assert_int_equal(puts.count, 0);
    /* Cut anywhere, it is damaged or tells nothing new. */
    for (size_t len = 0; len < put_record.len; len++) {
        puts.count = 0;
        if (ht_wal_record(ht_str_sub(put_record, 0, len), &visitor))
            assert_int_equal(puts.count, 0);
    }
}

static void frames_are_measured(void **state)
{
    uint64_t len;
    unsigned padding;

    (void)state;
    assert_true(ht_wal_frame("\x11\0\0\0\0\0\0\x87", &len, &padding));
    assert_int_equal(len, 0x11);
    assert_int_equal(padding, 7);
    assert_true(ht_wal_frame("\x10\0\0\0\0\0\0\0", &len, &padding));
    assert_int_equal(padding, 0);
    assert_false(ht_wal_frame("\0\0\0\0\0\0\0\0", &len, &padding));
    assert_int_equal(len, 0);
    assert_false(ht_wal_frame("\0\0\0\0\x01\0\0\0", &len, &padding));
    assert_true(len > 0);
}

/* ---- answers of the API ---- */

static void take_found(void *context, const struct ht_etcd_kv *kv)
{
    struct puts *puts = context;

    if (puts->count < ARRAY_LEN(puts->keys))
        snprintf(puts->keys[puts->count], sizeof(puts->keys[0]), "%.*s=%.*s", HT_STR_ARG(kv->key),
                 HT_STR_ARG(kv->value));
    puts->count++;
}

static void answers_are_understood_in_both_tongues(void **state)
{
    struct puts puts = {0};
    struct ht_etcd_finder finder = {.found = take_found, .context = &puts};
    struct ht_etcd_answer answer;

    (void)state;
    assert_true(ht_etcd_answer_parse(HT_S("\x0a\x04\x10\x07\x18\x09"
                                          "\x12\x0b\x0a\x02/k\x18\x03\x2a\x03"
                                          "abc\x18\x01\x20\x05"),
                                     &finder, &answer));
    assert_int_equal(answer.revision, 9);
    assert_int_equal(answer.member, 7);
    assert_int_equal(answer.count, 5);
    assert_true(answer.more && !answer.succeeded);
    assert_string_equal(puts.keys[0], "/k=abc");
    assert_true(ht_etcd_answer_parse(HT_S("\x0a\x02\x18\x09\x10\x01"), NULL, &answer));
    assert_true(answer.succeeded);
    /* Without a revision it is none of etcd's. */
    assert_false(ht_etcd_answer_parse(HT_S(""), NULL, &answer));

    puts.count = 0;
    assert_int_equal(
        ht_etcd_answer_json(HT_S("{\"header\":{\"member_id\":\"7\",\"revision\":\"9\"},\"kvs\":[{"
                                 "\"key\":\"L2s=\",\"value\":\"YWJj\"}],\"more\":true,\"count\":"
                                 "\"5\"}"),
                            &finder, &answer, NULL),
        0);
    assert_int_equal(answer.count, 5);
    assert_string_equal(puts.keys[0], "/k=abc");
    assert_true(ht_etcd_answer_json(HT_S("{}"), &finder, &answer, NULL) < 0);
    assert_true(ht_etcd_answer_json(HT_S("<html>"), &finder, &answer, NULL) < 0);
}

/* The first vectors of the reference implementation: key 00 01 .. 0f, messages of 0 and 1 bytes. */
static void the_hash_is_siphash(void **state)
{
    const uint64_t key[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    uint64_t hash[2];

    (void)state;
    ht_siphash(key, HT_S(""), hash);
    assert_true(hash[0] == UINT64_C(0xe6a825ba047f81a3) && hash[1] == UINT64_C(0x930255c71472f66d));
    ht_siphash(key, HT_S("\0"), hash);
    assert_true(hash[0] == UINT64_C(0x44af996bd8c187da) && hash[1] == UINT64_C(0x45fc229b11597634));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_and_a_possible_body_are_encrypted),
        cmocka_unit_test(a_header_with_an_impossible_body_is_malformed),
        cmocka_unit_test(everything_else_is_plaintext),
        cmocka_unit_test(a_kms_tells_the_id_of_its_key),
        cmocka_unit_test(keys_tell_their_resource),
        cmocka_unit_test(the_highest_revision_counts_in_any_order),
        cmocka_unit_test(what_a_compaction_took_is_forgotten),
        cmocka_unit_test(many_keys_and_key_names_are_told_apart),
        cmocka_unit_test(more_kinds_of_objects_than_fit_hide_no_secret),
        cmocka_unit_test(records_tell_what_they_store),
        cmocka_unit_test(frames_are_measured),
        cmocka_unit_test(answers_are_understood_in_both_tongues),
        cmocka_unit_test(the_hash_is_siphash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
