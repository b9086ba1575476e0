/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stored-tell.h"

#include <string.h>

#include "hulltop/base/mem.h"

enum { SPACES_MAX = 100 };

/* The tally with what is live beside it. */
struct telling {
    const struct ht_stored_tally *tally;
    const struct ht_keys_resource *live;
    size_t len;
    struct ht_arena *arena;
};

static struct ht_str under_text(struct ht_arena *arena, const struct ht_keys_under *under)
{
    return ht_arena_strf(arena, "%s:%s", ht_provider_name(under->provider), under->key);
}

static void set_writes(struct ht_arena *arena, struct ht_stored *stored,
                       const struct ht_keys_resource *live)
{
    if (live->newest == 0)
        return;
    if (live->newest_kind == HT_STORED_PLAINTEXT)
        ht_stored_set_writes(stored, HT_S("plaintext"));
    else if (live->newest_kind == HT_STORED_MALFORMED)
        ht_stored_set_writes(stored, HT_S("malformed"));
    else if (live->newest_under)
        ht_stored_set_writes(stored, under_text(arena, live->newest_under));
}

static void set_encrypted(struct ht_arena *arena, struct ht_stored *stored,
                          const struct ht_keys_resource *live)
{
    struct ht_stored_under *list =
        ht_arena_array(arena, struct ht_stored_under, live->under_len + 1);

    for (size_t i = 0; i < live->under_len; i++) {
        const struct ht_keys_under *under = &live->under[i];

        ht_stored_under_set_provider(&list[i], ht_str_from(ht_provider_name(under->provider)));
        ht_stored_under_set_key(&list[i], ht_arena_text(arena, under->key));
        if (under->key_id[0])
            ht_stored_under_set_key_id(&list[i], ht_arena_text(arena, under->key_id));
        ht_stored_under_set_count(&list[i], under->count);
    }
    ht_stored_set_encrypted(stored,
                            (struct ht_stored_under_list){.items = list, .len = live->under_len});
}

/* Plaintext of these is worth telling: they are secrets, or somebody wanted them encrypted. */
static bool is_sensitive(const struct ht_keys_resource *live)
{
    return strcmp(live->name, "secrets") == 0 || live->encrypted > 0;
}

static uint64_t old_revisions(const struct telling *telling, size_t i)
{
    uint64_t live = telling->live[i].plaintext, all = telling->tally->plain[i];

    return all > live ? all - live : 0;
}

static uint64_t at(const uint64_t *counts, size_t i)
{
    return counts ? counts[i] : 0;
}

static bool is_empty(const struct telling *telling, size_t i)
{
    const struct ht_keys_resource *live = &telling->live[i];

    return live->plaintext + live->malformed + live->encrypted + old_revisions(telling, i) +
               at(telling->tally->copies, i) + at(telling->tally->wal, i) ==
           0;
}

static void set_stored(const struct telling *telling, struct ht_datastore *row)
{
    struct ht_stored *list = ht_arena_array(telling->arena, struct ht_stored, telling->len + 1);
    size_t len = 0;

    for (size_t i = 0; i < telling->len; i++) {
        const struct ht_keys_resource *live = &telling->live[i];
        struct ht_stored *stored = &list[len];

        if (is_empty(telling, i))
            continue;
        len++;
        ht_stored_set_resource(stored, ht_arena_text(telling->arena, live->name));
        ht_stored_set_plaintext(stored, live->plaintext);
        ht_stored_set_malformed(stored, live->malformed);
        set_encrypted(telling->arena, stored, live);
        if (!telling->tally->newest_only)
            set_writes(telling->arena, stored, live);
        if (!telling->tally->newest_only)
            ht_stored_set_revisions(stored, old_revisions(telling, i));
        if (telling->tally->copies)
            ht_stored_set_remnants(stored, telling->tally->copies[i]);
        if (telling->tally->wal)
            ht_stored_set_wal(stored, telling->tally->wal[i]);
    }
    /* Nothing found is an answer only where everything was looked at. */
    if (len || telling->tally->exact)
        ht_datastore_set_stored(row, (struct ht_stored_list){.items = list, .len = len});
}

static void set_sums(const struct telling *telling, struct ht_datastore *row)
{
    const struct ht_stored_tally *tally = telling->tally;
    uint64_t revisions = 0, copies = 0, stale = 0, wal = 0;

    for (size_t i = 0; i < telling->len; i++) {
        if (!is_sensitive(&telling->live[i]))
            continue;
        revisions += old_revisions(telling, i);
        copies += at(tally->copies, i);
        stale += at(tally->copies_stale, i);
        wal += at(tally->wal, i);
    }
    /* A part of it gives no number, but what was found in it was found. */
    if (!tally->newest_only && (tally->exact || revisions))
        ht_datastore_set_plaintext_revisions(row, revisions);
    if (tally->copies && (copies || tally->copies_exact)) {
        ht_datastore_set_plaintext_remnants(row, copies);
        if (tally->copies_stale)
            ht_datastore_set_remnants_stale(row, stale);
    }
    if (tally->wal && (wal || tally->wal_exact))
        ht_datastore_set_wal_plaintext(row, wal);
}

/* ---- names ---- */

struct names {
    struct ht_arena *arena;
    struct ht_str examples[HT_SAMPLES];
    size_t examples_len;
    struct ht_stored_space spaces[SPACES_MAX];
    size_t spaces_len;
};

static void take_example(void *context, struct ht_str name)
{
    struct names *names = context;

    if (names->examples_len < HT_SAMPLES)
        names->examples[names->examples_len++] = ht_arena_str(names->arena, name);
}

static void take_space(void *context, struct ht_str name, uint64_t plaintext)
{
    struct names *names = context;

    if (names->spaces_len == ARRAY_LEN(names->spaces))
        return;

    struct ht_stored_space *space = &names->spaces[names->spaces_len++];
    ht_stored_space_set_name(space, ht_arena_str(names->arena, name));
    ht_stored_space_set_count(space, plaintext);
}

static void set_names(const struct telling *telling, struct ht_datastore *row)
{
    struct names *names = ht_arena_array(telling->arena, struct names, 1);

    names->arena = telling->arena;
    ht_etcd_keys_samples(telling->tally->keys, take_example, names);
    ht_etcd_keys_namespaces(telling->tally->keys, take_space, names);
    ht_datastore_set_examples(
        row, (struct ht_text_list){.items = names->examples, .len = names->examples_len});
    ht_datastore_set_spaces(
        row, (struct ht_stored_space_list){.items = names->spaces, .len = names->spaces_len});
}

void ht_stored_tell(const struct ht_stored_tally *tally, struct ht_arena *arena,
                    struct ht_datastore *row)
{
    struct telling telling = {.tally = tally,
                              .live = ht_etcd_keys_count(tally->keys),
                              .len = ht_etcd_keys_resources(tally->keys),
                              .arena = arena};

    set_stored(&telling, row);
    set_sums(&telling, row);
    set_names(&telling, row);
    ht_datastore_set_keys(row, ht_etcd_keys_live(tally->keys));
}
