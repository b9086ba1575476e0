/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEC-009, 027, 028: what is still plaintext though it is not live any more. */
#include "catalogue-private.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/checking.h"
#include "sec-stored.h"

enum { OTHERS = 0077, SHOWN = 10 };

/* Where secrets are in plaintext anyway, that is what must be told, not their traces. */
static bool is_encrypting(const struct ht_datastore *store)
{
    const struct ht_stored *secrets = ht_stored_find(store, "secrets");

    return !secrets || secrets->plaintext == 0 || ht_stored_encrypted(secrets) > 0;
}

/* ---- SEC-009 ---- */

static void look_snapshots(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_datastore *store = ht_datastore_of(row);
    size_t plain = 0, open = 0, dark = 0;
    uint64_t values = 0;

    if (!ht_datastore_has_snapshots(store)) {
        if (!ht_str_is(store->kind, "etcd-api"))
            ht_stored_unknown(checking, store);
        return;
    }
    for (size_t i = 0; i < store->snapshots.len; i++) {
        const struct ht_stored_snapshot *snapshot = &store->snapshots.items[i];

        plain += snapshot->plaintext > 0;
        values += snapshot->plaintext;
        open += snapshot->mode & OTHERS && snapshot->plaintext == 0;
        dark += !snapshot->exact && snapshot->plaintext == 0;
    }
    if (dark)
        ht_unknown(checking, "datastore",
                   ht_arena_strf(ht_checking_arena(checking),
                                 "%zu cop%s of the datastore could not be read in full", dark,
                                 dark == 1 ? "y" : "ies")
                       .data,
                   "look at them, or remove them");
    if (plain + open == 0)
        return;

    struct ht_finding *finding = ht_fire(checking, plain ? HT_S("plaintext") : HT_S("open"));
    if (plain)
        ht_fire_title(checking, finding, "%zu cop%s of the datastore %s %llu plaintext secrets",
                      plain, plain == 1 ? "y" : "ies", plain == 1 ? "holds" : "hold",
                      (unsigned long long)values);
    else
        ht_finding_set_severity(finding, HT_SEVERITY_MEDIUM);
    for (size_t i = 0, shown = 0; i < store->snapshots.len && shown < SHOWN; i++) {
        const struct ht_stored_snapshot *snapshot = &store->snapshots.items[i];

        if (plain ? snapshot->plaintext == 0 : !(snapshot->mode & OTHERS))
            continue;
        shown++;
        ht_fire_evidencef(checking, finding, "datastore", "copy",
                          "%.*s: %llu plaintext, %llu encrypted, mode %04llo",
                          HT_STR_ARG(snapshot->path), (unsigned long long)snapshot->plaintext,
                          (unsigned long long)snapshot->encrypted,
                          (unsigned long long)snapshot->mode);
    }
}

/* ---- SEC-027 ---- */

static void look_revisions(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_datastore *store = ht_datastore_of(row);

    if (!ht_datastore_has_plaintext_revisions(store) || !store->exact)
        ht_stored_unknown(checking, store);
    if (!ht_datastore_has_plaintext_revisions(store) || store->plaintext_revisions == 0 ||
        !is_encrypting(store))
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    ht_fire_title(checking, finding, "%llu old revisions can still be read in plaintext",
                  (unsigned long long)store->plaintext_revisions);
    ht_fire_evidence(checking, finding, "datastore", "file", store->path);
    ht_fire_evidencef(checking, finding, "datastore", "plaintext revisions", "%llu",
                      (unsigned long long)store->plaintext_revisions);
    if (ht_datastore_has_compacted(store))
        ht_fire_evidencef(checking, finding, "datastore", "compacted up to revision", "%llu",
                          (unsigned long long)store->compacted);
}

/* ---- SEC-028 ---- */

static void look_pages(struct ht_checking *checking, const struct ht_datastore *store)
{
    if (!ht_datastore_has_plaintext_remnants(store)) {
        ht_stored_unknown(checking, store);
        return;
    }
    if (store->plaintext_remnants == 0)
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S("free pages"));
    bool kine = ht_str_is(store->kind, "kine");
    ht_fire_title(checking, finding, "%llu plaintext copies are left in the datastore's %s",
                  (unsigned long long)store->plaintext_remnants,
                  kine ? "old values" : "free pages");
    ht_fire_evidence(checking, finding, "datastore", "file", store->path);
    ht_fire_evidencef(checking, finding, "datastore", kine ? "old values" : "copies on free pages",
                      "%llu", (unsigned long long)store->plaintext_remnants);
    if (ht_datastore_has_remnants_stale(store))
        ht_fire_evidencef(checking, finding, "datastore", "of what is encrypted or deleted now",
                          "%llu", (unsigned long long)store->remnants_stale);
    ht_finding_set_fix(
        finding,
        kine ? HT_S("Let the old revisions be compacted (k3s does so every five minutes), then "
                    "VACUUM the database while its server stands still. Look here again.")
             : HT_S("`etcdctl defrag`, one member after the other: it answers nobody meanwhile. "
                    "Look here again."));
}

static void look_log(struct ht_checking *checking, const struct ht_datastore *store)
{
    /* There is no log beside a file that is a copy. */
    if (ht_datastore_has_wal_files(store) && store->wal_files == 0)
        return;
    if (!ht_datastore_has_wal_plaintext(store)) {
        ht_stored_unknown(checking, store);
        return;
    }
    if (store->wal_plaintext == 0)
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S("write-ahead log"));
    ht_fire_title(checking, finding, "%llu plaintext values are left in the write-ahead log",
                  (unsigned long long)store->wal_plaintext);
    ht_fire_evidence(checking, finding, "datastore", "file", store->path);
    ht_fire_evidencef(checking, finding, "datastore", "write-ahead log",
                      "%llu plaintext values in %llu file%s",
                      (unsigned long long)store->wal_plaintext,
                      (unsigned long long)store->wal_files, store->wal_files == 1 ? "" : "s");
    ht_finding_set_fix(
        finding,
        ht_str_is(store->kind, "kine")
            ? HT_S("A checkpoint that cuts the log: PRAGMA wal_checkpoint(TRUNCATE) in the "
                   "database, or a restart of its server. Look here again.")
            : HT_S("Nothing to run: etcd removes these segments by itself after the next "
                   "snapshots (each --snapshot-count changes; five segments are kept). "
                   "Guard the member's folder until then, and look here again."));
}

static void look_members(struct ht_checking *checking, const struct ht_datastore *store)
{
    struct ht_arena *arena = ht_checking_arena(checking);
    struct ht_str others = {0};

    if (store->members.len < 2)
        return;
    for (size_t i = 0; i < store->members.len; i++) {
        struct ht_str name = store->members.items[i];

        if (!ht_str_equal(name, store->member))
            others = ht_arena_strf(arena, "%.*s%s%.*s", HT_STR_ARG(others), others.len ? ", " : "",
                                   HT_STR_ARG(name));
    }
    ht_unknown(checking, "datastore",
               ht_arena_strf(arena,
                             "free pages, log and copies are those of one member of %zu; not "
                             "checked: %.*s",
                             store->members.len, HT_STR_ARG(others))
                   .data,
               "run hulltop on the other members too");
}

/* Where something is encrypted, plaintext beside it may be old. */
static void look_pattern(struct ht_checking *checking, const struct ht_datastore *store)
{
    ht_stored_unknown(checking, store);
    if (store->pattern_plaintext == 0 || store->pattern_encrypted.len == 0)
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S("pattern"));
    ht_finding_set_confidence(finding, HT_CONFIDENCE_LIKELY);
    ht_fire_title(checking, finding,
                  "Secrets begin in plaintext %llu times in the datastore's segments and snapshots",
                  (unsigned long long)store->pattern_plaintext);
    ht_fire_evidence(checking, finding, "datastore", "folder", store->path);
    ht_fire_evidence(checking, finding, "datastore", "read", store->detail);
}

static void look_remnants(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_datastore *store = ht_datastore_of(row);

    if (ht_datastore_has_pattern_plaintext(store)) {
        look_pattern(checking, store);
        return;
    }

    if (ht_str_is(store->kind, "etcd-api")) {
        ht_stored_unknown(checking, store);
        return;
    }
    if (is_encrypting(store)) {
        look_pages(checking, store);
        if (ht_str_is(store->kind, "etcd") || ht_str_is(store->kind, "kine"))
            look_log(checking, store);
    }
    look_members(checking, store);
}

static const struct ht_check checks[] = {
    {.id = "SEC-009",
     .question = 5,
     .scope = HT_TABLE_DATASTORE,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "Copies of the datastore can be read by more than their owner",
     .condition = "A snapshot, a backup or an old data directory holds plaintext secrets, or is "
                  "open to group or others.",
     .why =
         "A copy holds what the datastore held when it was taken, and is seldom guarded as well. "
         "Encrypting the live values changes nothing in it.",
     .fix = "Shred copies that nobody needs; move the others to encrypted storage, mode 0600; take "
            "new ones after all secrets were rewritten.",
     .needs = HT_TEXTS("datastore"),
     .references = HT_TEXTS("ATT&CK T1552.001", "ATT&CK T1530"),
     .other_causes = HT_TEXTS("the last snapshots that a distribution keeps by design"),
     .run = look_snapshots},
    {.id = "SEC-027",
     .question = 5,
     .scope = HT_TABLE_DATASTORE,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "Old revisions can still be read in plaintext",
     .condition = "Secrets are encrypted, but revisions that were not compacted hold them in "
                  "plaintext.",
     .why = "Any client of etcd reads them by their revision number.",
     .fix = "The API server compacts every five minutes unless that is switched off; else "
            "`etcdctl compact`. Then `etcdctl defrag`, and look here again.",
     .needs = HT_TEXTS("datastore"),
     .references = HT_TEXTS("CIS Kubernetes 1.12 1.2.28", "ATT&CK T1552"),
     .other_causes = HT_TEXTS("the minutes after secrets were rewritten"),
     .run = look_revisions},
    {.id = "SEC-028",
     .question = 5,
     .scope = HT_TABLE_DATASTORE,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "Plaintext is left on the datastore's disk",
     .condition = "Secrets are encrypted, but free pages, the write-ahead log or old values hold "
                  "them in plaintext.",
     .why = "A stolen disk, a copy of the file or a snapshot gives what no client can read any "
            "more. Each place has a cure of its own.",
     .fix =
         "Free pages: `etcdctl defrag`, one member after the other. Write-ahead log: it goes with "
         "the next snapshots. kine: compact, then VACUUM.",
     .needs = HT_TEXTS("datastore"),
     .references = HT_TEXTS("ATT&CK T1552.001"),
     .run = look_remnants},
};

const struct ht_check_group ht_checks_sec_remnants = {.checks = checks, .count = ARRAY_LEN(checks)};
