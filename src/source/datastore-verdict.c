/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer about a datastore's secrets in one line. */
#include <inttypes.h>

#include "datastore-private.h"

static const struct ht_stored *find_secrets(const struct ht_datastore *row)
{
    for (size_t i = 0; i < row->stored.len; i++) {
        if (ht_str_is(row->stored.items[i].resource, "secrets"))
            return &row->stored.items[i];
    }
    return NULL;
}

static uint64_t encrypted_of(const struct ht_stored *secrets)
{
    uint64_t count = 0;

    for (size_t i = 0; i < secrets->encrypted.len; i++)
        count += secrets->encrypted.items[i].count;
    return count;
}

static bool is_same_key(const struct ht_stored_under *a, const struct ht_stored_under *b)
{
    return ht_str_equal(a->provider, b->provider) && ht_str_equal(a->key, b->key);
}

/* " (aescbc key1 10, kms-v2 vault 2)"; the ids of a KMS's own keys are for the details. */
static void put_keys(struct ht_buf *out, const struct ht_stored *secrets)
{
    const struct ht_stored_under *items = secrets->encrypted.items;
    const char *before = " (";

    for (size_t i = 0; i < secrets->encrypted.len; i++) {
        uint64_t count = 0;
        bool told = false;

        for (size_t j = 0; j < secrets->encrypted.len; j++) {
            if (is_same_key(&items[i], &items[j])) {
                told = told || j < i;
                count += items[j].count;
            }
        }
        if (told || count == 0)
            continue;
        ht_buf_addf(out, "%s%.*s %.*s", before, HT_STR_ARG(items[i].provider),
                    HT_STR_ARG(items[i].key));
        if (count != encrypted_of(secrets))
            ht_buf_addf(out, " %" PRIu64, count);
        before = ", ";
    }
    if (before[0] == ',')
        ht_buf_add_c(out, ')');
}

static void put_live(struct ht_buf *out, const struct ht_datastore *row)
{
    const struct ht_stored *secrets = find_secrets(row);
    uint64_t encrypted = secrets ? encrypted_of(secrets) : 0;

    if (!secrets || secrets->plaintext + secrets->malformed + encrypted == 0) {
        ht_buf_add_text(out, row->exact && row->keys ? "no secrets in it yet"
                             : row->exact            ? "no secrets in it"
                                                     : "no secrets found");
        return;
    }
    ht_buf_addf(out, "%" PRIu64 " secrets: ", secrets->plaintext + secrets->malformed + encrypted);
    if (secrets->plaintext)
        ht_buf_addf(out, "%s%" PRIu64 " PLAINTEXT%s", row->exact ? "" : "at least ",
                    secrets->plaintext, encrypted + secrets->malformed ? ", " : "");
    if (secrets->malformed)
        ht_buf_addf(out, "%" PRIu64 " malformed%s", secrets->malformed, encrypted ? ", " : "");
    if (encrypted) {
        ht_buf_addf(out, "%" PRIu64 " encrypted", encrypted);
        put_keys(out, secrets);
    }
}

/* What a pattern finds is never all, and more than what is live. */
static void put_pattern(struct ht_buf *out, const struct ht_datastore *row)
{
    uint64_t encrypted = 0;

    for (size_t i = 0; i < row->pattern_encrypted.len; i++)
        encrypted += row->pattern_encrypted.items[i].count;
    ht_buf_addf(out,
                "by pattern, copies too: %" PRIu64 " PLAINTEXT secrets, %" PRIu64
                " encrypted values; cannot tell what is live",
                row->pattern_plaintext, encrypted);
}

static void put_snapshots(struct ht_buf *out, const struct ht_datastore *row)
{
    size_t plain = 0;

    for (size_t i = 0; i < row->snapshots.len; i++)
        plain += row->snapshots.items[i].plaintext > 0;
    if (plain)
        ht_buf_addf(out, " | snapshots %zu plain -> shred", plain);
}

static void put_member(struct ht_buf *out, const struct ht_datastore *row)
{
    size_t place = 0;

    if (row->members.len < 2)
        return;
    for (size_t i = 0; i < row->members.len; i++) {
        if (ht_datastore_has_member(row) && ht_str_equal(row->members.items[i], row->member))
            place = i + 1;
    }
    if (place)
        ht_buf_addf(out, " | member %zu of %zu", place, row->members.len);
    else
        ht_buf_addf(out, " | one member of %zu", row->members.len);
}

void ht_datastore_tell_verdict(struct ht_arena *arena, struct ht_datastore *row)
{
    ht_autobuf struct ht_buf out = HT_BUF(HT_ERROR_TEXT_MAX * 2);
    bool kine = ht_str_is(row->kind, "kine");

    if (ht_datastore_has_pattern_plaintext(row))
        put_pattern(&out, row);
    else if (!row->exact)
        ht_buf_addf(&out, "cannot tell: %.*s", HT_STR_ARG(row->detail));
    if (!row->exact && ht_datastore_has_stored(row))
        ht_buf_add_text(&out, " | ");
    if (row->exact || ht_datastore_has_stored(row))
        put_live(&out, row);
    if (row->plaintext_revisions)
        ht_buf_addf(&out, " | old revisions %" PRIu64 " plain -> compaction",
                    row->plaintext_revisions);
    if (row->plaintext_remnants)
        ht_buf_addf(&out, " | %s %" PRIu64 " -> %s", kine ? "old values" : "free pages",
                    row->plaintext_remnants, kine ? "compaction, VACUUM" : "defragment");
    if (row->wal_plaintext)
        ht_buf_addf(&out, " | log %" PRIu64 " -> rotation", row->wal_plaintext);
    put_snapshots(&out, row);
    put_member(&out, row);
    ht_datastore_set_verdict(row, ht_arena_str(arena, ht_buf_str(&out)));
}
