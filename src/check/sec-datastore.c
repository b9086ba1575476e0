/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEC-001, 005, 007, 008: how the datastore holds what is live, and who can read its file. */
#include "catalogue-private.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/checking.h"
#include "sec-stored.h"

/* Users from FIRST_PERSON on are people's, not services'. */
enum { NAMES_SHOWN = 10, OTHERS = 0077, OTHERS_READ = 0044, FIRST_PERSON = 1000 };

#define GCM_WRITES_MAX 200000 /* values under one key before it must be rotated */

const struct ht_stored *ht_stored_find(const struct ht_datastore *store, const char *resource)
{
    for (size_t i = 0; i < store->stored.len; i++) {
        if (ht_str_is(store->stored.items[i].resource, resource))
            return &store->stored.items[i];
    }
    return NULL;
}

uint64_t ht_stored_encrypted(const struct ht_stored *stored)
{
    uint64_t count = 0;

    for (size_t i = 0; i < stored->encrypted.len; i++)
        count += stored->encrypted.items[i].count;
    return count;
}

void ht_stored_unknown(struct ht_checking *checking, const struct ht_datastore *store)
{
    struct ht_str detail = HT_S("not everything of it could be read");
    if (ht_datastore_has_exact(store) && !store->exact && ht_datastore_has_detail(store))
        detail = store->detail;

    /* As the source says it: one cause is one line, however many checks it stops. */
    struct ht_str reason = ht_str_has_prefix(detail, "/")
                               ? detail
                               : ht_arena_strf(ht_checking_arena(checking), "%.*s: %.*s",
                                               HT_STR_ARG(store->path), HT_STR_ARG(detail));

    ht_unknown(checking, "datastore", reason.data, "hulltop doctor");
}

static struct ht_str amounts(struct ht_checking *checking, const struct ht_stored *stored)
{
    struct ht_arena *arena = ht_checking_arena(checking);
    struct ht_str text =
        ht_arena_strf(arena, "%llu plaintext", (unsigned long long)stored->plaintext);

    for (size_t i = 0; i < stored->encrypted.len; i++) {
        const struct ht_stored_under *under = &stored->encrypted.items[i];

        text = ht_arena_strf(arena, "%.*s, %llu %.*s:%.*s", HT_STR_ARG(text),
                             (unsigned long long)under->count, HT_STR_ARG(under->provider),
                             HT_STR_ARG(under->key));
    }
    return text;
}

/* ---- SEC-001 ---- */

static void show_names(struct ht_checking *checking, struct ht_finding *finding,
                       const struct ht_datastore *store)
{
    for (size_t i = 0; i < store->spaces.len && i < NAMES_SHOWN; i++)
        ht_fire_evidencef(checking, finding, "datastore", "plaintext in namespace", "%.*s: %llu",
                          HT_STR_ARG(store->spaces.items[i].name),
                          (unsigned long long)store->spaces.items[i].count);
    for (size_t i = 0; i < store->examples.len && i < NAMES_SHOWN; i++)
        ht_fire_evidence(checking, finding, "datastore", "stored in plaintext",
                         store->examples.items[i]);
}

static void fire_plaintext(struct ht_checking *checking, const struct ht_datastore *store,
                           const struct ht_stored *secrets)
{
    struct ht_finding *finding = ht_fire(checking, HT_S("plaintext"));
    uint64_t all = secrets->plaintext + secrets->malformed + ht_stored_encrypted(secrets);

    ht_fire_title(checking, finding, "%s%llu of %llu secrets are stored in plaintext",
                  store->exact ? "" : "At least ", (unsigned long long)secrets->plaintext,
                  (unsigned long long)all);
    ht_fire_evidence(checking, finding, "datastore", "file", store->path);
    ht_fire_evidence(checking, finding, "datastore", "secrets", amounts(checking, secrets));
    if (ht_datastore_has_detail(store))
        ht_fire_evidence(checking, finding, "datastore", "read", store->detail);
    show_names(checking, finding, store);
}

/* Files that are no database: what is live cannot be told from copies. Where nothing encrypted is
 * in them at all, what is plaintext is no copy of what was encrypted since. */
static void look_pattern(struct ht_checking *checking, const struct ht_datastore *store)
{
    ht_stored_unknown(checking, store);
    if (store->pattern_plaintext == 0 || store->pattern_encrypted.len)
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S("pattern"));
    ht_finding_set_confidence(finding, HT_CONFIDENCE_LIKELY);
    ht_fire_title(checking, finding,
                  "Secrets begin in plaintext %llu times in the datastore's files, and none is "
                  "encrypted",
                  (unsigned long long)store->pattern_plaintext);
    ht_fire_evidence(checking, finding, "datastore", "folder", store->path);
    ht_fire_evidence(checking, finding, "datastore", "read", store->detail);
}

/* Secrets may be kept in a datastore of their own. */
static bool is_overridden(struct ht_checking *checking)
{
    const struct ht_rowset *servers = ht_node_set(ht_checking_node(checking), HT_TABLE_APISERVER);

    for (size_t i = 0; i < servers->len; i++) {
        const struct ht_apiserver *server = ht_apiserver_of(servers->rows[i]);

        for (size_t j = 0; j < server->etcd_overrides.len; j++) {
            if (ht_str_has_prefix(server->etcd_overrides.items[j], "/secrets#"))
                return true;
        }
    }
    return false;
}

/* A new cluster has none, and what its configuration says is what will be. Else they are kept
 * elsewhere, or under names that are not known here. */
static void look_without(struct ht_checking *checking, const struct ht_datastore *store)
{
    bool is_clusters = ht_stored_find(store, "namespaces") != NULL;
    bool is_configured = store->proofs.len && ht_proof_has_configured(&store->proofs.items[0]);
    struct ht_arena *arena = ht_checking_arena(checking);

    if (!ht_datastore_has_keys(store) || store->keys == 0)
        return;
    if (is_clusters && is_configured && !is_overridden(checking))
        return; /* other checks tell what will be written */
    if (is_clusters && !is_overridden(checking))
        ht_unknown(checking, "datastore",
                   ht_arena_strf(arena,
                                 "%.*s: no secrets in it yet, and what new ones will be written "
                                 "with is not known here",
                                 HT_STR_ARG(store->path))
                       .data,
                   "look on the node whose API server has it");
    else
        ht_unknown(checking, "datastore",
                   ht_arena_strf(arena, "%.*s: no secrets among its %llu objects",
                                 HT_STR_ARG(store->path), (unsigned long long)store->keys)
                       .data,
                   "look whether the API server keeps them in another datastore");
}

static void look_plaintext(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_datastore *store = ht_datastore_of(row);
    const struct ht_stored *secrets = ht_stored_find(store, "secrets");

    if (ht_datastore_has_pattern_plaintext(store)) {
        look_pattern(checking, store);
        return;
    }
    if (!ht_datastore_has_exact(store) || !ht_datastore_has_stored(store) || !store->exact)
        ht_stored_unknown(checking, store);
    else if (!secrets ||
             secrets->plaintext + secrets->malformed + ht_stored_encrypted(secrets) == 0)
        look_without(checking, store);
    if (!secrets)
        return;
    if (secrets->plaintext)
        fire_plaintext(checking, store, secrets);
    if (secrets->malformed) {
        struct ht_finding *finding = ht_fire(checking, HT_S("malformed"));

        ht_finding_set_severity(finding, HT_SEVERITY_MEDIUM);
        ht_fire_title(checking, finding,
                      "%llu secrets have a header of encryption and nothing possible behind it",
                      (unsigned long long)secrets->malformed);
        ht_fire_evidence(checking, finding, "datastore", "file", store->path);
    }
}

/* ---- SEC-005 ---- */

static const char *weakness(const struct ht_stored_under *under)
{
    if (ht_str_is(under->provider, "aescbc"))
        return "aescbc does not protect against changed values (padding oracle)";
    if (ht_str_is(under->provider, "kms-v1"))
        return "KMS v1 is deprecated and asks the KMS for every value";
    if (ht_str_is(under->provider, "aesgcm") && under->count >= GCM_WRITES_MAX)
        return "aesgcm with one key for so many values repeats a nonce sooner or later";
    return NULL;
}

static void look_provider(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_datastore *store = ht_datastore_of(row);
    const struct ht_stored *secrets = ht_stored_find(store, "secrets");

    if (!ht_datastore_has_stored(store) || !store->exact)
        ht_stored_unknown(checking, store);
    for (size_t i = 0; secrets && i < secrets->encrypted.len; i++) {
        const struct ht_stored_under *under = &secrets->encrypted.items[i];
        const char *why = weakness(under);

        if (!why)
            continue;

        struct ht_finding *finding = ht_fire(checking, under->provider);
        ht_fire_title(checking, finding, "%llu secrets are encrypted with %.*s (key %.*s)",
                      (unsigned long long)under->count, HT_STR_ARG(under->provider),
                      HT_STR_ARG(under->key));
        ht_fire_evidence(checking, finding, "datastore", "provider", ht_str_from(why));
        ht_fire_evidence(checking, finding, "datastore", "secrets", amounts(checking, secrets));
    }
}

/* ---- SEC-007 ---- */

/* Values that are stored under "PROVIDER:KEY". */
static uint64_t count_under(const struct ht_stored *stored, struct ht_str writes)
{
    uint64_t count = 0;

    for (size_t i = 0; i < stored->encrypted.len; i++) {
        const struct ht_stored_under *under = &stored->encrypted.items[i];
        size_t len = under->provider.len;

        if (ht_str_has_prefix(writes, under->provider.data) && writes.len > len &&
            writes.data[len] == ':' &&
            ht_str_equal(ht_str_sub(writes, len + 1, writes.len), under->key))
            count += under->count;
    }
    return count;
}

/* The configuration of this node's API server, if it is known and valid; NULL: it is not. */
static const struct ht_encryption *find_encryption(struct ht_checking *checking)
{
    const struct ht_node *node = ht_checking_node(checking);
    const struct ht_rowset *servers = ht_node_set(node, HT_TABLE_APISERVER);

    for (size_t i = 0; i < servers->len; i++) {
        const struct ht_apiserver *server = ht_apiserver_of(servers->rows[i]);
        const struct ht_row *row = ht_apiserver_has_encryption(server)
                                       ? ht_node_find(node, HT_TABLE_ENCRYPTION, server->encryption)
                                       : NULL;

        if (row && ht_encryption_of(row)->valid)
            return ht_encryption_of(row);
    }
    return NULL;
}

/* "PROVIDER:KEY" that a resource is to be written with; empty if that is not known, or it is to be
 * plaintext, which other checks tell. */
static struct ht_str configured(struct ht_checking *checking, const struct ht_datastore *store,
                                struct ht_str resource)
{
    const struct ht_encryption *encryption = find_encryption(checking);

    /* A file that somebody named may be of another cluster. */
    if (!encryption || (ht_datastore_has_lone(store) && store->lone))
        return HT_S("");
    for (size_t i = 0; i < encryption->rules.len; i++) {
        const struct ht_encryption_rule *rule = &encryption->rules.items[i];

        if (!ht_str_equal(rule->resource, resource) || ht_str_is(rule->writes, "plaintext"))
            continue;
        return ht_arena_strf(ht_checking_arena(checking), "%.*s:%.*s", HT_STR_ARG(rule->writes),
                             HT_STR_ARG(rule->key));
    }
    return HT_S("");
}

static void look_debt_of(struct ht_checking *checking, const struct ht_datastore *store,
                         const struct ht_stored *stored)
{
    uint64_t encrypted = ht_stored_encrypted(stored), all = encrypted + stored->plaintext;
    struct ht_str wanted = configured(checking, store, stored->resource);
    struct ht_str writes = wanted.len ? wanted : stored->writes;
    bool plain = ht_str_is(writes, "plaintext");
    uint64_t behind = plain ? encrypted : all - count_under(stored, writes);

    if ((encrypted == 0 && !wanted.len) || behind == 0 || ht_str_is(writes, "malformed") ||
        !writes.len)
        return;

    struct ht_finding *finding = ht_fire(checking, stored->resource);
    if (plain)
        ht_fire_title(checking, finding,
                      "The newest of %llu %.*s is in plaintext, though others are encrypted",
                      (unsigned long long)all, HT_STR_ARG(stored->resource));
    else
        ht_fire_title(checking, finding, "%llu of %llu %.*s were not rewritten with %.*s",
                      (unsigned long long)behind, (unsigned long long)all,
                      HT_STR_ARG(stored->resource), HT_STR_ARG(writes));
    ht_fire_evidence(checking, finding, "datastore", "file", store->path);
    if (wanted.len)
        ht_fire_evidence(checking, finding, "encryption configuration", "writes", wanted);
    if (stored->writes.len)
        ht_fire_evidence(checking, finding, "datastore", "newest value", stored->writes);
    ht_fire_evidence(checking, finding, "datastore", "values", amounts(checking, stored));
}

static void look_debt(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_datastore *store = ht_datastore_of(row);

    if (!ht_datastore_has_stored(store) || !store->exact)
        ht_stored_unknown(checking, store);
    for (size_t i = 0; i < store->stored.len; i++)
        look_debt_of(checking, store, &store->stored.items[i]);
}

/* ---- SEC-008 ---- */

static bool is_personal(const struct ht_datastore *store)
{
    return store->uid >= FIRST_PERSON ||
           (ht_datastore_has_folder_uid(store) && store->folder_uid >= FIRST_PERSON);
}

static void fire_owner(struct ht_checking *checking, const struct ht_datastore *store)
{
    struct ht_finding *finding = ht_fire(checking, HT_S("owner"));

    ht_fire_title(checking, finding, "The datastore belongs to an ordinary user");
    ht_fire_evidence(checking, finding, "stat", "path", store->path);
    ht_fire_evidencef(checking, finding, "stat", "owner of the file", "uid %llu",
                      (unsigned long long)store->uid);
    if (ht_datastore_has_folder_uid(store))
        ht_fire_evidencef(checking, finding, "stat", "owner of the data directory", "uid %llu",
                          (unsigned long long)store->folder_uid);
}

static void look_file(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_datastore *store = ht_datastore_of(row);

    bool lone = ht_datastore_has_lone(store) && store->lone;

    /* Asked over the network, or a file that somebody named: there is no data directory. */
    if (ht_str_is(store->kind, "etcd-api") || (lone && store->exact))
        return;
    if (lone || !ht_datastore_has_mode(store) || !ht_datastore_has_folder_mode(store)) {
        ht_stored_unknown(checking, store);
        return;
    }
    if (!ht_datastore_has_uid(store)) {
        ht_unknown(checking, "datastore", "who owns the datastore's file is not known",
                   "sudo hulltop");
        return;
    }
    if (is_personal(store))
        fire_owner(checking, store);
    if (!(store->folder_mode & OTHERS))
        return;

    bool readable = store->mode & OTHERS_READ;
    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    if (!readable) {
        ht_finding_set_severity(finding, HT_SEVERITY_LOW);
        ht_fire_title(checking, finding,
                      "The datastore's directory is open to more than its owner");
    }
    ht_fire_evidence(checking, finding, "stat", "path", store->path);
    ht_fire_evidencef(checking, finding, "stat", "mode of the file", "%04llo",
                      (unsigned long long)store->mode);
    ht_fire_evidencef(checking, finding, "stat", "mode of the data directory", "%04llo",
                      (unsigned long long)store->folder_mode);
    if (ht_datastore_has_uid(store))
        ht_fire_evidencef(checking, finding, "stat", "owner of the file", "uid %llu",
                          (unsigned long long)store->uid);
}

static const struct ht_check checks[] = {
    {.id = "SEC-001",
     .question = 5,
     .scope = HT_TABLE_DATASTORE,
     .reads = HT_READS(APISERVER),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "Secrets are stored in plaintext",
     .condition = "The bytes of a live secret in the datastore do not begin with the mark of "
                  "encryption.",
     .why = "Whoever gets the datastore's file, a snapshot, a backup or the disk reads every "
            "password and key of the cluster. What the configuration says does not matter: this is "
            "what was written.",
     .fix = "Give the API servers an encryption configuration whose first provider encrypts, "
            "restart them one by one, then write every secret again (`kubectl get secrets -A -o "
            "json | kubectl replace -f -`). Look here again. Compact, defragment and shred old "
            "snapshots afterwards.",
     .needs = HT_TEXTS("datastore"),
     .references =
         HT_TEXTS("CIS Kubernetes 1.12 1.2.27", "CIS Kubernetes 1.12 1.2.28", "Trivy KCV-0030",
                  "Kubescape C-0066", "Kubescape C-0141", "ATT&CK T1552"),
     .run = look_plaintext},
    {.id = "SEC-005",
     .question = 5,
     .scope = HT_TABLE_DATASTORE,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "Secrets are encrypted with a weak provider",
     .condition =
         "Live secrets are stored with aescbc or KMS v1, or more than 200,000 of them with "
         "one aesgcm key.",
     .why = "A provider with its key on the same host protects backups and stolen disks, not the "
            "host. aescbc can be attacked by whoever can change values; KMS v1 is switched off in "
            "newer versions, and then nothing can be read.",
     .fix = "Move to KMS v2, or to secretbox where there is no KMS: put the new provider first, "
            "restart, write every secret again, then take the old one out.",
     .needs = HT_TEXTS("datastore"),
     .references = HT_TEXTS("CIS Kubernetes 1.12 1.2.28"),
     .other_causes = HT_TEXTS("OpenShift offers aescbc and aesgcm alone", "k3s begins with aescbc"),
     .run = look_provider},
    {.id = "SEC-007",
     .question = 5,
     .scope = HT_TABLE_DATASTORE,
     .reads = HT_READS(APISERVER) | HT_READS(ENCRYPTION),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "Values were not rewritten with the present key",
     .condition =
         "Live values of a resource are stored otherwise than the API server's configuration says; "
         "where that is not known, under another key than the newest value, or the newest one is "
         "plaintext while others are encrypted.",
     .why = "What is not rewritten stays as weak as it was: in plaintext, or under a key that "
            "should have been retired because it leaked.",
     .fix = "Write every object of the resource again, by namespace and in batches, and look here "
            "again before the old key is taken out of the configuration.",
     .needs = HT_TEXTS("datastore"),
     .references = HT_TEXTS("CIS Kubernetes 1.12 1.2.28", "ATT&CK T1552"),
     .other_causes = HT_TEXTS("a rotation that is under way", "a deliberate decryption"),
     .run = look_debt},
    {.id = "SEC-008",
     .question = 5,
     .scope = HT_TABLE_DATASTORE,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "The datastore's files can be read by more than their owner",
     .condition =
         "The data directory is open to group or others, and so is the file in it, or they "
         "belong to a user who is no service's (uid 1000 and above).",
     .why = "The file holds every object of the cluster. Who reads it needs no API server.",
     .fix = "chmod 0700 on the data directory; give etcd a user of its own, below uid 1000.",
     .needs = HT_TEXTS("datastore"),
     .other_causes = HT_TEXTS("a cluster that a user runs without root"),
     .references = HT_TEXTS("CIS Kubernetes 1.12 1.1.11", "CIS Kubernetes 1.12 1.1.12",
                            "Trivy KCV-0058", "Kubescape C-0102"),
     .run = look_file},
};

const struct ht_check_group ht_checks_sec_datastore = {.checks = checks,
                                                       .count = ARRAY_LEN(checks)};
