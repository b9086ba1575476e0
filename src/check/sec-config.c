/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SEC-002 to SEC-004, SEC-006, SEC-029, SEC-034: what the API server is told about storing secrets.
 * What it is told is not yet what lies in the datastore: that is read by others.
 */
#include "catalogue-private.h"
#include "sec-config.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/checking.h"

enum { OTHERS = 0077 };

static const char root_helps[] = "sudo hulltop";

static bool is_here(const struct ht_apiserver *apiserver)
{
    return apiserver->found != HT_APISERVER_FOUND_NONE;
}

void ht_sec_unknown_arguments(struct ht_checking *checking, const struct ht_apiserver *apiserver)
{
    /* Of one that runs it says why its declaration is not known. */
    if (!ht_apiserver_has_unclear(apiserver) || apiserver->found == HT_APISERVER_FOUND_PROCESS) {
        ht_unknown(checking, "hostconf", "the API server's arguments cannot be read", root_helps);
        return;
    }
    ht_unknown(checking, "hostconf",
               ht_arena_strf(ht_checking_arena(checking),
                             "what the API server is started with is not known: %.*s",
                             HT_STR_ARG(apiserver->unclear))
                   .data,
               "read its unit (systemctl cat), or look while it runs");
}

/* The evidence that every one of these checks has: which file, who named it. */
static void add_config(struct ht_checking *checking, struct ht_finding *finding,
                       const struct ht_apiserver *apiserver)
{
    ht_fire_evidence(
        checking, finding,
        apiserver->found == HT_APISERVER_FOUND_PROCESS ? "command line of the API server"
                                                       : "declaration of the API server",
        "--encryption-provider-config",
        apiserver->encryption_config.len ? apiserver->encryption_config : HT_S("not set"));
    if (ht_apiserver_has_flavour(apiserver))
        ht_fire_evidence(checking, finding, "layout", "distribution", apiserver->flavour);
}

/* ---- SEC-002 ---- */

static void look_configured(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_apiserver *apiserver = ht_apiserver_of(row);

    if (!ht_apiserver_has_found(apiserver) ||
        (is_here(apiserver) && !ht_apiserver_has_encryption_config(apiserver))) {
        ht_sec_unknown_arguments(checking, apiserver);
        return;
    }
    if (!is_here(apiserver) && apiserver->member)
        ht_unknown(checking, "hostconf",
                   "the cluster's secrets are stored on another machine: it is not known here",
                   "look on a control plane node, or ask whoever runs the cluster");
    if (is_here(apiserver) && ht_node_set(ht_checking_node(checking), HT_TABLE_DATASTORE)->len == 0)
        ht_unknown(checking, "datastore",
                   "an API server runs or is declared here, and its datastore was not found",
                   "name it: --etcd URL or --etcd-db FILE; or look on the node that holds it");
    if (!is_here(apiserver) || apiserver->encryption_config.len)
        return;
    add_config(checking, ht_fire(checking, HT_S("")), apiserver);
}

/* ---- what the file says ---- */

/* The rule for secrets, or NULL; then what is missing was said, unless there is nothing to say. */
static const struct ht_encryption_rule *find_rule(struct ht_checking *checking,
                                                  const struct ht_apiserver *apiserver)
{
    const struct ht_row *row = NULL;

    if (ht_apiserver_has_found(apiserver) && !is_here(apiserver))
        return NULL;
    if (!ht_apiserver_has_found(apiserver) || !ht_apiserver_has_encryption_config(apiserver)) {
        ht_sec_unknown_arguments(checking, apiserver);
        return NULL;
    }
    if (apiserver->encryption_config.len == 0)
        return NULL; /* SEC-002 says so */
    if (ht_apiserver_has_encryption(apiserver))
        row = ht_node_find(ht_checking_node(checking), HT_TABLE_ENCRYPTION, apiserver->encryption);
    if (!row || !ht_encryption_has_valid(ht_encryption_of(row))) {
        ht_unknown(checking, "hostconf", "the encryption configuration cannot be read", root_helps);
        return NULL;
    }

    const struct ht_encryption *encryption = ht_encryption_of(row);
    for (size_t i = 0; encryption->valid && i < encryption->rules.len; i++) {
        if (ht_str_is(encryption->rules.items[i].resource, "secrets"))
            return &encryption->rules.items[i];
    }
    ht_unknown(checking, "hostconf",
               "the API server refuses this encryption configuration; what it runs with is unknown",
               "correct the file: the finding about it says where");
    return NULL;
}

static void add_providers(struct ht_checking *checking, struct ht_finding *finding,
                          const struct ht_encryption_rule *rule)
{
    for (size_t i = 0; i < rule->providers.len; i++)
        ht_fire_evidencef(checking, finding, "encryption configuration", "provider", "%zu: %.*s",
                          i + 1, HT_STR_ARG(rule->providers.items[i]));
    if (rule->covered_by.len)
        ht_fire_evidence(checking, finding, "encryption configuration", "covered by",
                         rule->covered_by);
}

static void look_identity(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_apiserver *apiserver = ht_apiserver_of(row);
    const struct ht_encryption_rule *rule = find_rule(checking, apiserver);

    if (!rule || !ht_str_is(rule->writes, "plaintext") || rule->providers.len == 0)
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    add_config(checking, finding, apiserver);
    add_providers(checking, finding, rule);
}

static void look_listed(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_apiserver *apiserver = ht_apiserver_of(row);
    const struct ht_encryption_rule *rule = find_rule(checking, apiserver);

    if (!rule || !ht_str_is(rule->writes, "plaintext") || rule->providers.len)
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    add_config(checking, finding, apiserver);
    ht_fire_evidence(checking, finding, "encryption configuration", "entry for secrets",
                     HT_S("none"));
}

/* ---- SEC-034: the grade ---- */

struct grade {
    const char *provider;
    enum ht_severity severity;
    const char *title;
};

static void look_grade(struct ht_checking *checking, const struct ht_row *row)
{
    static const struct grade grades[] = {
        {"aescbc", HT_SEVERITY_MEDIUM, "Secrets are encrypted with aescbc and a key on this node"},
        {"aesgcm", HT_SEVERITY_MEDIUM,
         "Secrets are encrypted with aesgcm, whose key on this node must be rotated often"},
        {"kms-v1", HT_SEVERITY_MEDIUM, "Secrets are encrypted with KMS v1, which is deprecated"},
        {"secretbox", HT_SEVERITY_LOW, "Secrets are encrypted well, but the key lies on this node"},
    };
    const struct ht_apiserver *apiserver = ht_apiserver_of(row);
    const struct ht_encryption_rule *rule = find_rule(checking, apiserver);

    for (size_t i = 0; rule && i < ARRAY_LEN(grades); i++) {
        if (!ht_str_is(rule->writes, grades[i].provider))
            continue;

        struct ht_finding *finding = ht_fire(checking, rule->writes);
        ht_fire_title(checking, finding, "%s", grades[i].title);
        ht_finding_set_severity(finding, grades[i].severity);
        add_config(checking, finding, apiserver);
        add_providers(checking, finding, rule);
    }
}

/* ---- SEC-006 ---- */

static void look_readable(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_encryption *encryption = ht_encryption_of(row);

    if (!ht_encryption_has_mode(encryption) || !ht_encryption_has_uid(encryption)) {
        ht_unknown(checking, "hostconf", "mode and owner of the encryption configuration",
                   root_helps);
        return;
    }
    if (!(encryption->mode & OTHERS) && encryption->uid == 0)
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    if (ht_encryption_has_local_keys(encryption) && !encryption->local_keys)
        ht_finding_set_severity(finding, HT_SEVERITY_LOW); /* it holds no key */
    ht_fire_evidencef(checking, finding, "stat", "mode", "%04llo",
                      (unsigned long long)encryption->mode);
    ht_fire_evidencef(checking, finding, "stat", "owner", "uid %llu, gid %llu",
                      (unsigned long long)encryption->uid, (unsigned long long)encryption->gid);
}

/* ---- SEC-029 ---- */

static void look_file(struct ht_checking *checking, const struct ht_apiserver *apiserver,
                      const struct ht_encryption *encryption)
{
    if (ht_encryption_has_valid(encryption) && !encryption->valid) {
        struct ht_finding *finding = ht_fire(checking, HT_S("invalid"));

        ht_finding_set_severity(finding, HT_SEVERITY_HIGH);
        ht_fire_title(checking, finding,
                      "The API server refuses its encryption configuration at its next start");
        add_config(checking, finding, apiserver);
        ht_fire_evidence(checking, finding, "encryption configuration", "error", encryption->error);
    }
    if (ht_apiserver_has_started_at(apiserver) && ht_apiserver_has_reload(apiserver) &&
        !apiserver->reload && ht_encryption_has_changed_at(encryption) &&
        encryption->changed_at > apiserver->started_at) {
        struct ht_finding *finding = ht_fire(checking, HT_S("changed"));

        ht_fire_title(checking, finding,
                      "The encryption configuration was changed after the API server read it");
        add_config(checking, finding, apiserver);
    }
}

/* Where bytes and configuration alone differ another check says so. */
static void look_counters(struct ht_checking *checking, const struct ht_apiserver *apiserver)
{
    for (size_t i = 0; i < apiserver->proofs.len; i++) {
        const struct ht_proof *proof = &apiserver->proofs.items[i];

        if (!ht_proof_has_counters_differ(proof) || !proof->counters_differ)
            continue;

        struct ht_finding *finding =
            ht_fire(checking, ht_arena_strf(ht_checking_arena(checking), "counters:%.*s",
                                            HT_STR_ARG(proof->resource)));
        ht_fire_title(checking, finding,
                      "What the API server counts of %.*s is not what its files say",
                      HT_STR_ARG(proof->resource));
        ht_fire_evidence(checking, finding, "datastore", "bytes",
                         ht_proof_has_bytes(proof) ? proof->bytes : HT_S("not known"));
        ht_fire_evidence(checking, finding, "encryption configuration", "writes",
                         ht_proof_has_configured(proof) ? proof->configured : HT_S("not known"));
        ht_fire_evidence(checking, finding, "metrics of the API server", "counted",
                         ht_proof_has_counted(proof) ? proof->counted : HT_S("nothing"));
        ht_fire_evidence(checking, finding, "together", "so", proof->reason);
    }
}

/* What it would be started with the next time. */
static void look_declared(struct ht_checking *checking, const struct ht_apiserver *apiserver)
{
    if (apiserver->found != HT_APISERVER_FOUND_PROCESS || !ht_apiserver_has_unclear(apiserver))
        return;
    ht_unknown(checking, "hostconf",
               ht_arena_strf(ht_checking_arena(checking),
                             "what the API server is started with the next time is not known: %.*s",
                             HT_STR_ARG(apiserver->unclear))
                   .data,
               "read its unit (systemctl cat)");
}

static void look_agrees(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_apiserver *apiserver = ht_apiserver_of(row);
    const struct ht_row *file = NULL;

    if (!ht_apiserver_has_found(apiserver) ||
        (is_here(apiserver) && !ht_apiserver_has_encryption_config(apiserver))) {
        ht_sec_unknown_arguments(checking, apiserver);
        return;
    }
    for (size_t i = 0; i < apiserver->differs.len; i++) {
        struct ht_finding *finding = ht_fire(checking, apiserver->differs.items[i]);

        ht_fire_evidence(checking, finding, "manifest", "file", apiserver->manifest);
        ht_fire_evidence(checking, finding, "command line of the API server", "differs in",
                         apiserver->differs.items[i]);
    }
    if (ht_apiserver_has_encryption(apiserver))
        file = ht_node_find(ht_checking_node(checking), HT_TABLE_ENCRYPTION, apiserver->encryption);
    if (file)
        look_file(checking, apiserver, ht_encryption_of(file));
    look_counters(checking, apiserver);
    look_declared(checking, apiserver);
}

static const char deliberate[] = "a deliberate decryption on the way to another provider";

static const struct ht_check checks[] = {
    {.id = "SEC-002",
     .question = 5,
     .scope = HT_TABLE_APISERVER,
     .reads = HT_READS(DATASTORE),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "The API server stores secrets as they are",
     .condition = "It runs, or is declared, without an encryption configuration.",
     .why = "Whoever reads the datastore, a backup or a disk of it reads every secret of the "
            "cluster.",
     .fix = "Write an EncryptionConfiguration with secretbox or a KMS v2 plugin first, name it by "
            "--encryption-provider-config (k3s: --secrets-encryption), restart the API servers one "
            "by one, then write all secrets again.",
     .needs = HT_TEXTS("hostconf"),
     .references =
         HT_TEXTS("CIS Kubernetes 1.8 1.2.27", "CIS Kubernetes 1.8 1.2.28", "ATT&CK T1552"),
     .other_causes = HT_TEXTS("the cloud encrypts the datastore's disk: that does not protect "
                              "against who may read the datastore"),
     .run = look_configured},
    {.id = "SEC-003",
     .question = 5,
     .scope = HT_TABLE_APISERVER,
     .reads = HT_READS(ENCRYPTION),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "Encryption is configured, and new secrets are still stored as they are",
     .condition = "The first provider of the entry for secrets is identity.",
     .why = "The first provider writes; the others only read. With identity in front every new or "
            "changed secret is stored in plaintext, though keys are there.",
     .fix = "Put the encrypting provider first and identity last, restart the API servers, write "
            "all secrets again, then take identity out.",
     .needs = HT_TEXTS("hostconf"),
     .references = HT_TEXTS("CIS Kubernetes 1.8 1.2.28", "ATT&CK T1552"),
     .other_causes = HT_TEXTS(deliberate),
     .run = look_identity},
    {.id = "SEC-004",
     .question = 5,
     .scope = HT_TABLE_APISERVER,
     .reads = HT_READS(ENCRYPTION),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "The encryption configuration leaves secrets out",
     .condition = "No entry names secrets, \"*.\" or \"*.*\".",
     .why = "What no entry names is stored in plaintext.",
     .fix = "Add secrets (and whatever else holds credentials) to an entry whose first provider "
            "encrypts, restart the API servers, write all secrets again.",
     .needs = HT_TEXTS("hostconf"),
     .references = HT_TEXTS("CIS Kubernetes 1.8 1.2.28", "ATT&CK T1552"),
     .run = look_listed},
    {.id = "SEC-034",
     .question = 5,
     .scope = HT_TABLE_APISERVER,
     .reads = HT_READS(ENCRYPTION),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "New secrets are encrypted with a weak or old provider",
     .condition = "New secrets are written with aescbc, aesgcm, KMS v1, or any key on this node.",
     .why = "A key that lies beside the datastore protects its backups, not the node. aescbc is "
            "open to padding attacks, aesgcm must change its key after 200,000 writes, KMS v1 is "
            "off by default since Kubernetes 1.29.",
     .fix = "Use KMS v2 where a key service is at hand, else secretbox; rotate keys.",
     .needs = HT_TEXTS("hostconf"),
     .references = HT_TEXTS("CIS Kubernetes 1.8 1.2.28"),
     .other_causes =
         HT_TEXTS("OpenShift offers aescbc and aesgcm only", "FIPS rules out secretbox"),
     .run = look_grade},
    {.id = "SEC-006",
     .question = 5,
     .scope = HT_TABLE_ENCRYPTION,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "The encryption configuration can be read by more than root",
     .condition = "Its mode is wider than 0600 or its owner is not root.",
     .why = "It holds the keys: who reads it reads every secret of a copied datastore.",
     .fix = "chown root:root and chmod 0600 on the file; then rotate the keys.",
     .needs = HT_TEXTS("hostconf"),
     .references = HT_TEXTS("ATT&CK T1552.001"),
     .other_causes = HT_TEXTS("a group of root's without members"),
     .run = look_readable},
    {.id = "SEC-029",
     .question = 5,
     .scope = HT_TABLE_APISERVER,
     .reads = HT_READS(ENCRYPTION),
     .severity = HT_SEVERITY_MEDIUM,
     .title = "The API server runs with something else than its files say",
     .condition =
         "Its manifest differs from its command line, or its encryption configuration was "
         "changed after its start without automatic reload, or would be refused, or is not "
         "what its metrics tell of.",
     .why = "What a file says about encryption does not hold until the API server has read it.",
     .fix = "Restart the API server, or correct the file and then restart it.",
     .needs = HT_TEXTS("hostconf"),
     .references = HT_TEXTS("CIS Kubernetes 1.8 1.2.27"),
     .run = look_agrees},
};

const struct ht_check_group ht_checks_sec_config = {.checks = checks, .count = ARRAY_LEN(checks)};
