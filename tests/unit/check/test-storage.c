/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes, configuration and counters of one cluster: what follows from them together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/storage.h"

enum { ARENA = 1024 * 1024, MINE = 64 };

/* A cluster as a test writes it down; zero: not known, or none. */
struct cluster {
    int64_t plaintext, aescbc, kms; /* in the datastore; -1: there is no datastore */
    bool partial;                   /* it was not read in full */
    const char *writes;             /* NULL: not known; "": no configuration */
    bool counts;                    /* its metrics were read */
    uint64_t plain_reads, plain_writes, aescbc_reads, aescbc_writes;
    bool other_file; /* the API server runs with another one */
};

/* The rows of it, in memory that lives as long as the test. */
struct rows {
    struct ht_stored_under under[2];
    struct ht_stored stored;
    struct ht_datastore store;
    struct ht_encryption_rule rule;
    struct ht_encryption encryption;
    struct ht_apiserver apiserver;
    struct ht_counted counts[2];
    struct ht_api_counter counter;
    struct ht_storage storage;
};

static void make_store(const struct cluster *cluster, struct rows *rows)
{
    size_t len = 0;

    ht_datastore_set_exact(&rows->store, !cluster->partial);
    ht_stored_set_resource(&rows->stored, HT_S("secrets"));
    ht_stored_set_plaintext(&rows->stored, (uint64_t)cluster->plaintext);
    ht_stored_set_malformed(&rows->stored, 0);
    if (cluster->aescbc) {
        ht_stored_under_set_provider(&rows->under[len], HT_S("aescbc"));
        ht_stored_under_set_key(&rows->under[len], HT_S("key1"));
        ht_stored_under_set_count(&rows->under[len++], (uint64_t)cluster->aescbc);
    }
    if (cluster->kms) {
        ht_stored_under_set_provider(&rows->under[len], HT_S("kms-v2"));
        ht_stored_under_set_key(&rows->under[len], HT_S("vault"));
        ht_stored_under_set_count(&rows->under[len++], (uint64_t)cluster->kms);
    }
    ht_stored_set_encrypted(&rows->stored,
                            (struct ht_stored_under_list){.items = rows->under, .len = len});
    ht_datastore_set_stored(&rows->store,
                            (struct ht_stored_list){.items = &rows->stored, .len = 1});
    rows->storage.store = &rows->store;
}

static void make_configuration(const struct cluster *cluster, struct rows *rows)
{
    ht_apiserver_set_found(&rows->apiserver, HT_APISERVER_FOUND_PROCESS);
    rows->storage.apiserver = &rows->apiserver;
    if (!cluster->writes)
        return;
    ht_apiserver_set_encryption_config(&rows->apiserver,
                                       cluster->writes[0] ? HT_S("/etc/enc.yaml") : HT_S(""));
    if (!cluster->writes[0])
        return;
    ht_encryption_rule_set_resource(&rows->rule, HT_S("secrets"));
    ht_encryption_rule_set_writes(&rows->rule, ht_str_from(cluster->writes));
    if (!ht_str_is(rows->rule.writes, "plaintext"))
        ht_encryption_rule_set_key(
            &rows->rule, ht_str_is(rows->rule.writes, "aescbc") ? HT_S("key1") : HT_S("vault"));
    ht_encryption_set_valid(&rows->encryption, true);
    ht_encryption_set_sha256(&rows->encryption, HT_S("aa"));
    ht_encryption_set_rules(&rows->encryption,
                            (struct ht_encryption_rule_list){.items = &rows->rule, .len = 1});
    rows->storage.encryption = &rows->encryption;
}

static void count(struct ht_counted *counted, const char *provider, uint64_t reads, uint64_t writes)
{
    ht_counted_set_resource(counted, HT_S("secrets"));
    ht_counted_set_provider(counted, ht_str_from(provider));
    ht_counted_set_reads(counted, reads);
    ht_counted_set_writes(counted, writes);
}

static void make_counter(const struct cluster *cluster, struct rows *rows)
{
    size_t len = 0;

    if (cluster->plain_reads + cluster->plain_writes)
        count(&rows->counts[len++], "plaintext", cluster->plain_reads, cluster->plain_writes);
    if (cluster->aescbc_reads + cluster->aescbc_writes)
        count(&rows->counts[len++], "aescbc", cluster->aescbc_reads, cluster->aescbc_writes);
    ht_api_counter_set_counts(&rows->counter,
                              (struct ht_counted_list){.items = rows->counts, .len = len});
    if (cluster->other_file)
        ht_api_counter_set_config_sha256(&rows->counter, HT_S("bb"));
    rows->storage.counter = &rows->counter;
}

static struct ht_proof prove(const struct cluster *cluster, struct ht_arena *arena)
{
    struct rows rows = {0};

    if (cluster->plaintext >= 0)
        make_store(cluster, &rows);
    make_configuration(cluster, &rows);
    if (cluster->counts)
        make_counter(cluster, &rows);

    struct ht_proof_list proofs = ht_storage_prove(&rows.storage, arena);
    assert_true(proofs.len >= 1);
    assert_true(ht_str_is(proofs.items[0].resource, "secrets"));
    return proofs.items[0];
}

enum { NONE = -1 };

#define PLAINTEXT HT_STORAGE_GRADE_PLAINTEXT
#define LOCAL     HT_STORAGE_GRADE_LOCAL_KEY
#define KMS_V2    HT_STORAGE_GRADE_KMS_V2
#define AGREE     HT_AGREEMENT_AGREE
#define DIFFER    HT_AGREEMENT_DIFFER
#define ALONE     HT_AGREEMENT_ALONE

static const struct {
    const char *name;
    struct cluster cluster;
    int grade, agreement;
    const char *reason; /* part of it; NULL: nothing is said */
} cases[] = {
    /* As recorded from real clusters. */
    {"A: never encrypted", {.plaintext = 31, .writes = "", .counts = true}, PLAINTEXT, AGREE, NULL},
    {"D: rewritten since the start",
     {.aescbc = 31,
      .writes = "aescbc",
      .counts = true,
      .plain_reads = 62,
      .aescbc_reads = 31,
      .aescbc_writes = 31},
     LOCAL,
     AGREE,
     "it met plaintext since its start: none is live now"},
    {"B: rewritten, then started anew",
     {.aescbc = 31, .writes = "aescbc", .counts = true, .aescbc_reads = 31},
     LOCAL,
     AGREE,
     NULL},
    {"C: half of them",
     {.plaintext = 14,
      .aescbc = 17,
      .writes = "aescbc",
      .counts = true,
      .plain_reads = 48,
      .aescbc_reads = 17},
     PLAINTEXT,
     DIFFER,
     "14 of 31 are not stored as configured"},
    {"E: identity first",
     {.plaintext = 31, .writes = "plaintext", .counts = true, .plain_reads = 62},
     PLAINTEXT,
     AGREE,
     NULL},
    /* One of the three lies, or is silent. */
    {"the file was changed and not read",
     {.aescbc = 31, .writes = "aescbc", .counts = true, .aescbc_reads = 31, .other_file = true},
     LOCAL,
     DIFFER,
     "runs with another configuration"},
    {"what is written is not what is configured",
     {.aescbc = 31, .writes = "aescbc", .counts = true, .aescbc_reads = 31, .plain_writes = 2},
     LOCAL,
     DIFFER,
     "since its start it wrote 2 as plaintext"},
    {"others write plaintext",
     {.plaintext = 3, .aescbc = 28, .writes = "aescbc", .counts = true, .aescbc_reads = 28},
     PLAINTEXT,
     DIFFER,
     "it met none in plaintext"},
    {"encrypted, and switched off",
     {.aescbc = 31, .writes = "plaintext"},
     PLAINTEXT,
     DIFFER,
     "what is written next will not be"},
    {"another key service than the bytes have",
     {.aescbc = 31, .writes = "kms-v2"},
     LOCAL,
     DIFFER,
     "31 of 31 are not stored as configured"},
    {"a key service", {.kms = 31, .writes = "kms-v2"}, KMS_V2, AGREE, NULL},
    {"bytes alone", {.aescbc = 31}, LOCAL, ALONE, NULL},
    {"plaintext alone", {.plaintext = 31}, PLAINTEXT, ALONE, NULL},
    {"no configuration, and counters of one",
     {.plaintext = NONE, .writes = "", .counts = true, .aescbc_reads = 3},
     PLAINTEXT,
     DIFFER,
     "it counts what only a configuration makes it count"},
    /* Without the bytes good news is not believed from a file. */
    {"a configuration alone",
     {.plaintext = NONE, .writes = "aescbc"},
     NONE,
     ALONE,
     "proves nothing about what is stored"},
    {"a configuration alone that is bad",
     {.plaintext = NONE, .writes = "plaintext"},
     PLAINTEXT,
     ALONE,
     NULL},
    {"counters bear it out",
     {.plaintext = NONE, .writes = "aescbc", .counts = true, .aescbc_reads = 31},
     LOCAL,
     AGREE,
     NULL},
    {"counters met plaintext",
     {.plaintext = NONE, .writes = "aescbc", .counts = true, .plain_reads = 62, .aescbc_reads = 31},
     NONE,
     AGREE,
     "whether any is left only the bytes tell"},
    {"nothing at all", {.plaintext = NONE}, NONE, NONE, NULL},
    {"no secrets yet", {.writes = "aescbc"}, NONE, ALONE, "holds for the first one"},
    {"no secrets yet, and none will be encrypted",
     {.writes = ""},
     PLAINTEXT,
     ALONE,
     "holds for the first one"},
    {"damaged, what is left is encrypted",
     {.aescbc = 20, .partial = true, .writes = "aescbc"},
     NONE,
     ALONE,
     "could not be read in full"},
    {"damaged, with plaintext",
     {.plaintext = 1, .aescbc = 20, .partial = true, .writes = "aescbc"},
     PLAINTEXT,
     DIFFER,
     "not stored as configured"},
};

static void what_follows_from_the_kinds_of_evidence(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ht_autoarena struct ht_arena *arena = ht_arena_new(ARENA);
        struct ht_proof proof = prove(&cases[i].cluster, arena);
        int grade = ht_proof_has_grade(&proof) ? (int)proof.grade : NONE;
        int agreement = ht_proof_has_agreement(&proof) ? (int)proof.agreement : NONE;
        bool says = cases[i].reason
                        ? ht_str_find(proof.reason, ht_str_from(cases[i].reason), 0) >= 0
                        : proof.reason.len == 0;

        if (grade != cases[i].grade || agreement != cases[i].agreement || !says)
            fail_msg("%s: grade %d, agreement %d, \"%.*s\"", cases[i].name, grade, agreement,
                     HT_STR_ARG(proof.reason));
    }
}

static void the_three_stand_side_by_side(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(ARENA);
    struct cluster half = {.plaintext = 14,
                           .aescbc = 17,
                           .writes = "aescbc",
                           .counts = true,
                           .plain_reads = 48,
                           .aescbc_reads = 17};
    struct ht_proof proof = prove(&half, arena);

    (void)state;
    assert_true(ht_str_is(proof.bytes, "14 plaintext, 17 aescbc:key1"));
    assert_true(ht_str_is(proof.configured, "aescbc:key1"));
    assert_true(ht_str_is(proof.counted, "plaintext 48 read 0 written, aescbc 17 read 0 written"));
}

/* ---- what belongs together ---- */

static struct ht_row *store_row(const char *id, bool lone)
{
    struct ht_datastore store = {0};

    ht_datastore_set_id(&store, ht_str_from(id));
    ht_datastore_set_exact(&store, true);
    ht_datastore_set_lone(&store, lone);
    ht_datastore_set_stored(&store, (struct ht_stored_list){0});
    return ht_row_new(&ht_datastore_table, &store);
}

static struct ht_node *make_node(bool is_member)
{
    struct ht_node *node = ht_node_new(1);
    struct ht_encryption encryption = {0};
    struct ht_api_counter counter = {0};
    struct ht_cluster cluster = {0};

    ht_encryption_set_id(&encryption, HT_S("/etc/enc.yaml"));
    ht_encryption_set_valid(&encryption, true);
    ht_node_add(node, ht_row_new(&ht_encryption_table, &encryption));
    ht_api_counter_set_id(&counter, HT_S("https://a"));
    ht_node_add(node, ht_row_new(&ht_api_counter_table, &counter));
    ht_cluster_set_id(&cluster, HT_S("https://a"));
    if (is_member)
        ht_cluster_set_node(&cluster, HT_S("n1"));
    ht_node_add(node, ht_row_new(&ht_cluster_table, &cluster));
    return node;
}

static void rows_that_belong_together_are_found(void **state)
{
    struct ht_apiserver server = {0};
    ht_autorow struct ht_row *lone = store_row("etcd:/copy", true);
    ht_autorow struct ht_row *store = store_row("etcd:/var/lib/etcd", false);
    struct ht_node *node = make_node(true), *stranger = make_node(false);

    (void)state;
    ht_apiserver_set_id(&server, HT_S("process.1"));
    ht_apiserver_set_found(&server, HT_APISERVER_FOUND_PROCESS);
    ht_apiserver_set_encryption(&server, HT_S("/etc/enc.yaml"));

    ht_autorow struct ht_row *apiserver = ht_row_new(&ht_apiserver_table, &server);
    void *items[] = {lone, store, apiserver};
    struct ht_vec rows = {.items = items, .len = ARRAY_LEN(items)};
    struct ht_storage storage = ht_storage_find(node, &rows, apiserver);
    assert_ptr_equal(storage.store, ht_datastore_of(store));
    assert_non_null(storage.encryption);
    assert_non_null(storage.counter);

    storage = ht_storage_find(node, &rows, store);
    assert_ptr_equal(storage.apiserver, ht_apiserver_of(apiserver));
    assert_non_null(storage.encryption);

    /* A file that somebody named is nobody's. */
    storage = ht_storage_find(node, &rows, lone);
    assert_null(storage.apiserver);
    assert_null(storage.counter);
    /* So is a cluster that this host is no node of. */
    storage = ht_storage_find(stranger, &rows, store);
    assert_null(storage.counter);

    ht_autorow struct ht_row *derived = ht_storage_derive(node, &rows, store);
    assert_true(ht_datastore_of(derived)->proofs.len >= 1);
    ht_node_unref(node);
    ht_node_unref(stranger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_follows_from_the_kinds_of_evidence),
        cmocka_unit_test(the_three_stand_side_by_side),
        cmocka_unit_test(rows_that_belong_together_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
