/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Three kinds of evidence about stored values, side by side. */
#include "hulltop/check/storage.h"

#include <inttypes.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { RESOURCES_MAX = 64, TEXT_MAX = 1024 };

#define SAME_START_NS (INT64_C(2) * HT_NS_PER_S)

/* What one kind of evidence says about one resource. */
struct side {
    bool told;          /* it says something about how values are kept */
    uint64_t plain;     /* values in plaintext */
    uint64_t encrypted; /* encrypted values, by any provider */
    bool has_grade;     /* of the weakest of them */
    enum ht_storage_grade grade;
};

/* One resource under judgement. */
struct judging {
    const struct ht_storage *storage;
    struct ht_arena *arena;
    struct ht_str resource;
    const struct ht_encryption_rule *rule;
    struct side bytes, configured, counted;
    struct ht_buf reason;
    bool differs;         /* bytes and configuration do */
    bool counters_differ; /* counters do from one of these */
    bool is_doubtful;     /* what would be good news is not proven */
};

static bool grade_of(struct ht_str provider, enum ht_storage_grade *ret)
{
    static const struct {
        const char *provider;
        enum ht_storage_grade grade;
    } grades[] = {
        {"plaintext", HT_STORAGE_GRADE_PLAINTEXT}, {"aescbc", HT_STORAGE_GRADE_LOCAL_KEY},
        {"aesgcm", HT_STORAGE_GRADE_LOCAL_KEY},    {"secretbox", HT_STORAGE_GRADE_LOCAL_KEY},
        {"kms-v1", HT_STORAGE_GRADE_KMS_V1},       {"kms-v2", HT_STORAGE_GRADE_KMS_V2},
    };

    for (size_t i = 0; i < ARRAY_LEN(grades); i++) {
        if (ht_str_is(provider, grades[i].provider)) {
            *ret = grades[i].grade;
            return true;
        }
    }
    return false;
}

static void take_grade(struct side *side, struct ht_str provider)
{
    enum ht_storage_grade grade;

    if (grade_of(provider, &grade) && (!side->has_grade || grade < side->grade)) {
        side->grade = grade;
        side->has_grade = true;
    }
}

/* Begins the next part of the reason. */
static struct ht_buf *say(struct judging *judging)
{
    if (judging->reason.len)
        ht_buf_add_text(&judging->reason, "; ");
    return &judging->reason;
}

/* ---- bytes ---- */

static const struct ht_stored *find_stored(const struct ht_datastore *store, struct ht_str resource)
{
    for (size_t i = 0; i < store->stored.len; i++) {
        if (ht_str_equal(store->stored.items[i].resource, resource))
            return &store->stored.items[i];
    }
    return NULL;
}

static void put_part(struct ht_buf *out, uint64_t count, struct ht_str provider, struct ht_str key)
{
    ht_buf_addf(out, "%s%" PRIu64 " ", out->len ? ", " : "", count);
    ht_buf_add_str(out, provider);
    if (key.len) {
        ht_buf_add_c(out, ':');
        ht_buf_add_str(out, key);
    }
}

static void put_stored(struct judging *judging, const struct ht_stored *stored, struct ht_buf *out)
{
    if (stored->plaintext)
        put_part(out, stored->plaintext, HT_S("plaintext"), HT_S(""));
    if (stored->malformed)
        put_part(out, stored->malformed, HT_S("malformed"), HT_S(""));
    judging->bytes.plain = stored->plaintext;
    if (stored->plaintext)
        take_grade(&judging->bytes, HT_S("plaintext"));
    for (size_t i = 0; i < stored->encrypted.len; i++) {
        const struct ht_stored_under *under = &stored->encrypted.items[i];

        if (under->count == 0)
            continue;
        put_part(out, under->count, under->provider, under->key);
        judging->bytes.encrypted += under->count;
        take_grade(&judging->bytes, under->provider);
    }
    /* What cannot be read is nobody's secret and nobody's proof. */
    judging->is_doubtful = judging->is_doubtful || stored->malformed;
}

static void put_pattern(const struct ht_datastore *store, struct ht_buf *out)
{
    uint64_t encrypted = 0;

    for (size_t i = 0; i < store->pattern_encrypted.len; i++)
        encrypted += store->pattern_encrypted.items[i].count;
    ht_buf_addf(out, "by pattern: %" PRIu64 " plaintext, %" PRIu64 " encrypted, copies too",
                store->pattern_plaintext, encrypted);
}

static void judge_bytes(struct judging *judging, struct ht_proof *proof)
{
    const struct ht_datastore *store = judging->storage->store;
    ht_autobuf struct ht_buf out = HT_BUF(TEXT_MAX);

    if (!store)
        return;

    const struct ht_stored *stored = find_stored(store, judging->resource);
    if (ht_datastore_has_pattern_plaintext(store) && ht_str_is(judging->resource, "secrets")) {
        put_pattern(store, &out);
        ht_buf_addf(say(judging), "a pattern counts copies too and proves no encryption");
    } else if (store->exact && ht_datastore_has_stored(store)) {
        if (stored)
            put_stored(judging, stored, &out);
        judging->bytes.told = judging->bytes.plain + judging->bytes.encrypted > 0;
        if (out.len == 0)
            ht_buf_add_text(&out, "none yet");
    } else if (stored && stored->plaintext) {
        /* A part of it proves what is in it. */
        judging->bytes = (struct side){.told = true, .plain = stored->plaintext};
        take_grade(&judging->bytes, HT_S("plaintext"));
        ht_buf_addf(&out, "at least %" PRIu64 " plaintext", stored->plaintext);
    }
    if (out.len)
        ht_proof_set_bytes(proof, ht_arena_str(judging->arena, ht_buf_str(&out)));
    if (!store->exact)
        ht_buf_addf(say(judging), "the datastore could not be read in full");
}

/* ---- configuration ---- */

static bool is_here(const struct ht_apiserver *apiserver)
{
    return apiserver && ht_apiserver_has_found(apiserver) &&
           apiserver->found != HT_APISERVER_FOUND_NONE;
}

static void judge_configured(struct judging *judging, struct ht_proof *proof)
{
    const struct ht_apiserver *apiserver = judging->storage->apiserver;
    const struct ht_encryption *encryption = judging->storage->encryption;

    if (!is_here(apiserver) || !ht_apiserver_has_encryption_config(apiserver))
        return;
    if (apiserver->encryption_config.len == 0) {
        judging->configured.told = true;
        take_grade(&judging->configured, HT_S("plaintext"));
        ht_proof_set_configured(proof, HT_S("plaintext: no configuration"));
        return;
    }
    if (encryption && ht_encryption_has_valid(encryption) && !encryption->valid)
        ht_buf_addf(say(judging), "the API server refuses the configuration that lies there");
    if (!encryption || !encryption->valid)
        return;
    for (size_t i = 0; i < encryption->rules.len; i++) {
        if (ht_str_equal(encryption->rules.items[i].resource, judging->resource))
            judging->rule = &encryption->rules.items[i];
    }
    if (!judging->rule)
        return;
    judging->configured.told = true;
    take_grade(&judging->configured, judging->rule->writes);
    ht_proof_set_configured(
        proof, ht_arena_strf(judging->arena, "%.*s%s%.*s", HT_STR_ARG(judging->rule->writes),
                             judging->rule->key.len ? ":" : "", HT_STR_ARG(judging->rule->key)));
}

static bool writes_plaintext(const struct judging *judging)
{
    return judging->configured.told && judging->configured.has_grade &&
           judging->configured.grade == HT_STORAGE_GRADE_PLAINTEXT;
}

/* ---- counters ---- */

/* Older versions do not tell resources apart: what they count is mostly secrets. */
static bool is_of(const struct ht_counted *counted, const struct judging *judging)
{
    return ht_str_equal(counted->resource, judging->resource) ||
           (counted->resource.len == 0 && ht_str_is(judging->resource, "secrets"));
}

static void judge_counted(struct judging *judging, struct ht_proof *proof)
{
    const struct ht_api_counter *counter = judging->storage->counter;
    ht_autobuf struct ht_buf out = HT_BUF(TEXT_MAX);
    uint64_t failed = 0;

    if (!counter || !ht_api_counter_has_counts(counter))
        return;
    for (size_t i = 0; i < counter->counts.len; i++) {
        const struct ht_counted *counted = &counter->counts.items[i];
        uint64_t all = counted->reads + counted->writes;

        if (!is_of(counted, judging))
            continue;
        failed += counted->failed;
        if (all == 0)
            continue;
        ht_buf_addf(&out, "%s", out.len ? ", " : "");
        ht_buf_add_str(&out, counted->provider);
        ht_buf_addf(&out, " %" PRIu64 " read %" PRIu64 " written", counted->reads, counted->writes);
        take_grade(&judging->counted, counted->provider);
        if (ht_str_is(counted->provider, "plaintext"))
            judging->counted.plain += all;
        else
            judging->counted.encrypted += all;
    }
    judging->counted.told = judging->counted.plain + judging->counted.encrypted > 0;
    if (failed)
        ht_buf_addf(say(judging), "%" PRIu64 " values could not be read or written since its start",
                    failed);
    ht_proof_set_counted(proof, out.len ? ht_arena_str(judging->arena, ht_buf_str(&out))
                                        : HT_S("nothing"));
}

/* ---- together ---- */

/* Values that lie as the configuration has new ones written. */
static uint64_t count_as_configured(const struct judging *judging)
{
    const struct ht_stored *stored = find_stored(judging->storage->store, judging->resource);
    uint64_t count = 0;

    if (writes_plaintext(judging))
        return judging->bytes.plain;
    for (size_t i = 0; stored && judging->rule && i < stored->encrypted.len; i++) {
        const struct ht_stored_under *under = &stored->encrypted.items[i];

        if (ht_str_equal(under->provider, judging->rule->writes) &&
            ht_str_equal(under->key, judging->rule->key))
            count += under->count;
    }
    return count;
}

static void compare_bytes_with_configuration(struct judging *judging)
{
    uint64_t all = judging->bytes.plain + judging->bytes.encrypted, as_configured;

    if (!judging->configured.told)
        return;
    if (judging->storage->store && !judging->bytes.told && judging->storage->store->exact) {
        ht_buf_addf(say(judging), "what the configuration says holds for the first one");
        return;
    }
    if (!judging->bytes.told)
        return;
    as_configured = count_as_configured(judging);
    if (as_configured == all)
        return;
    judging->differs = true;
    if (writes_plaintext(judging))
        ht_buf_addf(say(judging), "%" PRIu64 " are encrypted, and what is written next will not be",
                    all - as_configured);
    else
        ht_buf_addf(say(judging),
                    "%" PRIu64 " of %" PRIu64 " are not stored as configured: write them again",
                    all - as_configured, all);
}

static void compare_configuration_with_counters(struct judging *judging)
{
    const struct ht_api_counter *counter = judging->storage->counter;
    const struct ht_encryption *encryption = judging->storage->encryption;

    if (!judging->configured.told || !counter)
        return;
    if (encryption && ht_encryption_has_sha256(encryption) &&
        ht_api_counter_has_config_sha256(counter) &&
        !ht_str_equal(encryption->sha256, counter->config_sha256)) {
        judging->counters_differ = true;
        ht_buf_addf(say(judging), "the API server runs with another configuration than the file");
    }
    if (!judging->storage->encryption && judging->counted.told) {
        judging->counters_differ = true;
        ht_buf_addf(say(judging), "it counts what only a configuration makes it count");
    }
    for (size_t i = 0; judging->rule && i < counter->counts.len; i++) {
        const struct ht_counted *counted = &counter->counts.items[i];

        if (!is_of(counted, judging) || counted->writes == 0 ||
            ht_str_equal(counted->provider, judging->rule->writes))
            continue;
        /* Before it read the file anew that may have been right. */
        if (counter->reloads == 0)
            judging->counters_differ = true;
        ht_buf_addf(say(judging), "since its start it wrote %" PRIu64 " as %.*s", counted->writes,
                    HT_STR_ARG(counted->provider));
    }
}

static void compare_bytes_with_counters(struct judging *judging)
{
    if (!judging->counted.told)
        return;
    if (judging->bytes.told && judging->bytes.plain && judging->counted.plain == 0) {
        judging->counters_differ = true;
        ht_buf_addf(say(judging),
                    "it met none in plaintext since its start: others wrote them, or it has "
                    "another datastore");
    } else if (judging->bytes.told && judging->bytes.plain == 0 && judging->counted.plain) {
        ht_buf_addf(say(judging), "it met plaintext since its start: none is live now");
    } else if (!judging->bytes.told && judging->counted.plain && judging->counted.encrypted) {
        judging->is_doubtful = true;
        ht_buf_addf(say(judging),
                    "it met plaintext since its start: whether any is left only the bytes tell");
    }
}

static void judge_grade(struct judging *judging, struct ht_proof *proof)
{
    const struct side *bytes = &judging->bytes, *configured = &judging->configured;
    const struct side *seen = bytes->told ? bytes : &judging->counted;
    struct side worst = {0};
    bool bad = writes_plaintext(judging);

    if (seen->told)
        worst = *seen;
    if (configured->has_grade && (bad || worst.has_grade) &&
        (!worst.has_grade || configured->grade < worst.grade)) {
        worst.grade = configured->grade;
        worst.has_grade = true;
    }
    if (!worst.has_grade)
        return;
    /* Plaintext that was met once may be gone; what only a file says may not be so. */
    if (!bytes->told && !bad && judging->is_doubtful)
        return;
    if (judging->is_doubtful && worst.grade != HT_STORAGE_GRADE_PLAINTEXT)
        return;
    ht_proof_set_grade(proof, worst.grade);
}

static void judge_agreement(struct judging *judging, struct ht_proof *proof)
{
    const struct ht_api_counter *counter = judging->storage->counter;
    /* Without a configuration there is nothing to count: that is an answer, too. */
    bool silent = counter && ht_api_counter_has_counts(counter) && !judging->counted.told &&
                  judging->configured.told && !judging->storage->encryption;
    int told = judging->bytes.told + judging->configured.told + (judging->counted.told || silent);

    bool differs = judging->differs || judging->counters_differ;

    if (told == 1 && !differs)
        ht_proof_set_agreement(proof, HT_AGREEMENT_ALONE);
    else if (told)
        ht_proof_set_agreement(proof, differs ? HT_AGREEMENT_DIFFER : HT_AGREEMENT_AGREE);
    if (counter && ht_api_counter_has_counts(counter))
        ht_proof_set_counters_differ(proof, judging->counters_differ);
    if (judging->configured.told && !judging->bytes.told && !judging->counted.told && !silent &&
        !writes_plaintext(judging))
        ht_buf_addf(say(judging), "a configuration proves nothing about what is stored");
}

static bool is_same_server(const struct ht_storage *storage)
{
    int64_t apart;

    if (!storage->counter || !is_here(storage->apiserver) ||
        !ht_api_counter_has_started_at(storage->counter) ||
        !ht_apiserver_has_started_at(storage->apiserver))
        return true; /* it is not known to be another one */
    return !__builtin_sub_overflow(storage->counter->started_at, storage->apiserver->started_at,
                                   &apart) &&
           apart <= SAME_START_NS && apart >= -SAME_START_NS;
}

static void prove(const struct ht_storage *storage, struct ht_arena *arena, struct ht_str resource,
                  struct ht_proof *proof)
{
    struct judging judging = {
        .storage = storage, .arena = arena, .resource = resource, .reason = HT_BUF(TEXT_MAX)};

    ht_proof_set_resource(proof, resource);
    judge_bytes(&judging, proof);
    judge_configured(&judging, proof);
    judge_counted(&judging, proof);
    compare_bytes_with_configuration(&judging);
    compare_configuration_with_counters(&judging);
    compare_bytes_with_counters(&judging);
    if (judging.counted.told && !is_same_server(storage))
        ht_buf_addf(say(&judging), "another API server of the cluster counted");
    judge_grade(&judging, proof);
    judge_agreement(&judging, proof);
    ht_proof_set_reason(proof, ht_arena_str(arena, ht_buf_str(&judging.reason)));
    ht_buf_fini(&judging.reason);
}

/* ---- which resources ---- */

struct resources {
    struct ht_str items[RESOURCES_MAX];
    size_t len;
};

static void add_resource(struct resources *resources, struct ht_str name)
{
    /* A wildcard is no resource. */
    if (name.len == 0 || ht_str_find_byte(name, '*') >= 0 || resources->len == RESOURCES_MAX)
        return;
    for (size_t i = 0; i < resources->len; i++) {
        if (ht_str_equal(resources->items[i], name))
            return;
    }
    resources->items[resources->len++] = name;
}

struct ht_proof_list ht_storage_prove(const struct ht_storage *storage, struct ht_arena *arena)
{
    struct resources resources = {0};
    struct ht_proof *items;

    add_resource(&resources, HT_S("secrets"));
    for (size_t i = 0; storage->encryption && i < storage->encryption->rules.len; i++)
        add_resource(&resources, storage->encryption->rules.items[i].resource);
    for (size_t i = 0; storage->store && i < storage->store->stored.len; i++) {
        if (storage->store->stored.items[i].encrypted.len)
            add_resource(&resources, storage->store->stored.items[i].resource);
    }
    for (size_t i = 0; storage->counter && i < storage->counter->counts.len; i++)
        add_resource(&resources, storage->counter->counts.items[i].resource);
    items = ht_arena_array(arena, struct ht_proof, resources.len);
    for (size_t i = 0; i < resources.len; i++)
        prove(storage, arena, resources.items[i], &items[i]);
    return (struct ht_proof_list){.items = items, .len = resources.len};
}

/* ---- what belongs together ---- */

static const struct ht_row *find_row(const struct ht_node *node, enum ht_table_id table,
                                     struct ht_str id)
{
    const struct ht_rowset *set = ht_node_set(node, table);

    for (size_t i = 0; i < set->len; i++) {
        if (ht_str_equal(ht_row_id(set->rows[i]), id))
            return set->rows[i];
    }
    return NULL;
}

static bool is_lone(const struct ht_datastore *store)
{
    return ht_datastore_has_lone(store) && store->lone;
}

/* The datastore that tells most of those in data directories. */
static const struct ht_datastore *best_store(const struct ht_vec *rows)
{
    const struct ht_datastore *best = NULL;

    for (size_t i = 0; i < rows->len; i++) {
        const struct ht_row *row = rows->items[i];
        const struct ht_datastore *store =
            ht_row_table(row) == &ht_datastore_table ? ht_datastore_of(row) : NULL;

        if (!store || is_lone(store))
            continue;
        if (!best || (!best->exact && store->exact))
            best = store;
    }
    return best;
}

/* Counters of a cluster that this host is a node of. */
static const struct ht_api_counter *find_counter(const struct ht_node *node)
{
    const struct ht_rowset *counters = ht_node_set(node, HT_TABLE_API_COUNTER);
    const struct ht_rowset *clusters = ht_node_set(node, HT_TABLE_CLUSTER);

    for (size_t i = 0; i < counters->len; i++) {
        for (size_t j = 0; j < clusters->len; j++) {
            if (ht_str_equal(ht_row_id(counters->rows[i]), ht_row_id(clusters->rows[j])) &&
                ht_cluster_has_node(ht_cluster_of(clusters->rows[j])))
                return ht_api_counter_of(counters->rows[i]);
        }
    }
    return NULL;
}

struct ht_storage ht_storage_find(const struct ht_node *node, const struct ht_vec *rows,
                                  const struct ht_row *about)
{
    struct ht_storage storage = {.counter = find_counter(node)};
    const struct ht_row *file = NULL;

    for (size_t i = 0; i < rows->len && !storage.apiserver; i++) {
        const struct ht_row *row = rows->items[i];

        if (ht_row_table(row) == &ht_apiserver_table && is_here(ht_apiserver_of(row)))
            storage.apiserver = ht_apiserver_of(row);
    }
    if (ht_row_table(about) == &ht_datastore_table) {
        storage.store = ht_datastore_of(about);
        /* A file that somebody named may be of another cluster. */
        if (is_lone(storage.store))
            return (struct ht_storage){.store = storage.store};
    } else {
        storage.store = best_store(rows);
        storage.apiserver = ht_apiserver_of(about);
    }
    if (storage.apiserver && ht_apiserver_has_encryption(storage.apiserver))
        file = find_row(node, HT_TABLE_ENCRYPTION, storage.apiserver->encryption);
    storage.encryption = file ? ht_encryption_of(file) : NULL;
    return storage;
}

static struct ht_row *derive_store(const struct ht_proof_list *proofs, const struct ht_row *row)
{
    struct ht_datastore store = *ht_datastore_of(row);
    const struct ht_proof *secrets = &proofs->items[0];

    ht_datastore_set_proofs(&store, *proofs);
    if (ht_proof_has_grade(secrets))
        ht_datastore_set_grade(&store, secrets->grade);
    if (ht_proof_has_agreement(secrets))
        ht_datastore_set_agreement(&store, secrets->agreement);
    return ht_row_new(&ht_datastore_table, &store);
}

struct ht_row *ht_storage_derive(const struct ht_node *node, const struct ht_vec *rows,
                                 const struct ht_row *row)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_storage storage = ht_storage_find(node, rows, row);
    struct ht_proof_list proofs = ht_storage_prove(&storage, arena);
    const struct ht_proof *secrets = &proofs.items[0];

    if (ht_row_table(row) == &ht_datastore_table)
        return derive_store(&proofs, row);

    struct ht_apiserver apiserver = *ht_apiserver_of(row);
    ht_apiserver_set_proofs(&apiserver, proofs);
    if (ht_proof_has_grade(secrets))
        ht_apiserver_set_grade(&apiserver, secrets->grade);
    if (ht_proof_has_agreement(secrets))
        ht_apiserver_set_agreement(&apiserver, secrets->agreement);
    if (ht_proof_has_configured(secrets))
        ht_apiserver_set_writes(&apiserver, secrets->configured);
    if (ht_proof_has_counted(secrets))
        ht_apiserver_set_counted(&apiserver, secrets->counted);
    return ht_row_new(&ht_apiserver_table, &apiserver);
}
