/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "etcd-store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "etcd-wal.h"
#include "hulltop/base/mem.h"

enum { PATH_LIMIT = 8192 };

struct ht_etcd_store {
    const struct ht_root *root;
    char *path;
    char *folder; /* the data directory: the one above member/ */
    char *wal_folder;
    bool lone; /* in no data directory: there is no log beside it */
    struct ht_bolt_file file;
    struct ht_etcd_tree tree;
    struct ht_etcd_keys *keys;
    struct ht_remnants remnants;
    bool has_remnants;
    uint64_t remnants_txid;
    struct ht_wal *wal;
    bool has_wal;
    char wal_error[HT_ERROR_TEXT_MAX];
    bool failed_before;
    int64_t damaged_at; /* mtime of the file that was found damaged */
};

/* path without its last `parts` parts; "" for what is above all of them. */
static char *parent(const char *path, int parts)
{
    size_t len = strlen(path);

    for (; parts > 0; parts--) {
        while (len && path[len - 1] != '/')
            len--;
        while (len && path[len - 1] == '/')
            len--;
    }
    return ht_strndup(path, len);
}

struct ht_etcd_store *ht_etcd_store_new(const struct ht_root *root, const char *path)
{
    struct ht_etcd_store *store = ht_new0(struct ht_etcd_store);
    ht_autobuf struct ht_buf wal = HT_BUF(PATH_LIMIT);

    store->root = root;
    store->path = ht_strndup(path, strlen(path));
    /* DATA/member/snap/db */
    store->lone = !ht_str_has_suffix(ht_str_from(path), "/member/snap/db");
    store->folder = parent(path, store->lone ? 1 : 3);
    store->file.fd = -1;
    store->tree.file = &store->file;
    ht_buf_addf(&wal, "%s/member/wal", store->folder);
    store->wal_folder = ht_buf_take(&wal);
    store->wal = ht_wal_new(root, store->wal_folder);
    return store;
}

/* Forgets what was read of a file that is another one now. */
static void forget(struct ht_etcd_store *store)
{
    ht_etcd_tree_fini(&store->tree);
    ht_remnants_fini(&store->remnants);
    store->has_remnants = false;
    store->has_wal = false;
    store->keys = ht_etcd_keys_free(store->keys);
    store->keys = ht_etcd_keys_new();
    /* Its counts are by the numbers of these keys. */
    ht_wal_free(store->wal);
    store->wal = ht_wal_new(store->root, store->wal_folder);
}

struct ht_etcd_store *ht_etcd_store_free(struct ht_etcd_store *store)
{
    if (!store)
        return NULL;
    ht_etcd_tree_fini(&store->tree);
    ht_remnants_fini(&store->remnants);
    ht_etcd_keys_free(store->keys);
    ht_wal_free(store->wal);
    ht_bolt_close(&store->file);
    free(store->path);
    free(store->folder);
    free(store->wal_folder);
    free(store);
    return NULL;
}

/* ---- refresh ---- */

static bool is_exact(const struct ht_etcd_store *store)
{
    return store->tree.proof == HT_ETCD_EXACT && !store->tree.older;
}

/* Opens the file if it is not the one that is open; a defragmentation puts another one there. */
static int open_current(struct ht_etcd_store *store, struct ht_error *err)
{
    if (ht_bolt_is_current(&store->file, store->root, store->path))
        return 0;
    forget(store);
    ht_bolt_close(&store->file);

    int r = ht_bolt_open(&store->file, store->root, store->path, err);
    if (r < 0)
        ht_bolt_close(&store->file);
    return r;
}

/* Whether what is known of the file must be forgotten though it is the same one: it was damaged, or
 * something older was copied over it. */
static bool is_stale(struct ht_etcd_store *store)
{
    struct ht_bolt_state state;

    if (!store->tree.way.seen)
        return false;
    if (store->tree.proof == HT_ETCD_DAMAGED)
        return store->file.changed_at != store->damaged_at;
    return ht_bolt_state(&store->file, &state, NULL) == 0 && state.meta.txid < store->tree.way.txid;
}

static void find_remnants(struct ht_etcd_store *store, const struct ht_pace *pace)
{
    ht_remnants_fini(&store->remnants);
    store->remnants_txid = store->tree.way.txid;
    ht_remnants_find(&store->remnants, &store->tree, store->keys, pace);
    /* Pages may have come into use meanwhile. */
    if (ht_etcd_tree_refresh(&store->tree, store->keys, pace, NULL) < 0)
        store->remnants.complete = false;
    store->remnants.complete = store->remnants.complete && is_exact(store);
    ht_remnants_settle(&store->remnants, &store->tree);
    store->has_remnants = true;
}

static void refresh_wal(struct ht_etcd_store *store, const struct ht_pace *pace)
{
    struct ht_error err = {0};
    int r = ht_wal_refresh(store->wal, store->keys, pace, &err);

    store->has_wal = r == 0;
    memcpy(store->wal_error, err.text, sizeof(store->wal_error));
    if (r == -ENOENT)
        store->wal_error[0] = '\0';
}

/* A number that differs when the log's counts do. */
static uint64_t wal_total(const struct ht_etcd_store *store)
{
    size_t len = ht_etcd_keys_resources(store->keys), damaged;
    ht_autofree uint64_t *plain = ht_new_array(uint64_t, len + 1);
    uint64_t total = ht_wal_files(store->wal, &damaged) << 48 | (uint64_t)damaged << 40;

    ht_wal_plain(store->wal, plain, len);
    for (size_t i = 0; i < len; i++)
        total += plain[i];
    return total + store->has_wal;
}

int ht_etcd_store_refresh(struct ht_etcd_store *store, unsigned flags, const struct ht_pace *pace,
                          struct ht_error *err)
{
    uint64_t txid = store->tree.way.txid, wal = store->keys ? wal_total(store) : 0;
    enum ht_etcd_proof proof = store->tree.proof;
    bool fresh = !store->keys;
    uint64_t ino = store->file.ino;
    unsigned mode = store->file.mode;
    int r = open_current(store, err);

    if (r == 0 && is_stale(store))
        forget(store);
    if (r == 0 && store->tree.way.seen && store->tree.proof == HT_ETCD_DAMAGED)
        return 0; /* not touched since: as damaged as it was */
    if (r == 0)
        r = ht_etcd_tree_refresh(&store->tree, store->keys, pace, err);
    /* Another database was written over it. */
    if (r == 0 && ht_etcd_keys_is_contradicted(store->keys)) {
        forget(store);
        r = ht_etcd_tree_refresh(&store->tree, store->keys, pace, err);
    }
    if (r < 0) {
        if (store->keys)
            forget(store);
        ht_bolt_close(&store->file);
        return r;
    }
    if (store->tree.proof == HT_ETCD_DAMAGED)
        store->damaged_at = store->file.changed_at;
    /* What a damaged tree does not lead to may be in use all the same. */
    if (!is_exact(store))
        store->has_remnants = false;
    else if (flags & HT_ETCD_REMNANTS &&
             (!store->has_remnants || store->remnants_txid != store->tree.way.txid))
        find_remnants(store, pace);
    if (flags & HT_ETCD_WAL && !store->lone)
        refresh_wal(store, pace);
    return fresh || ino != store->file.ino || txid != store->tree.way.txid ||
           proof != store->tree.proof || mode != store->file.mode || wal != wal_total(store);
}

struct ht_etcd_cost ht_etcd_store_cost(const struct ht_etcd_store *store)
{
    return (struct ht_etcd_cost){.leaves = store->tree.leaves_read,
                                 .passes = store->tree.passes,
                                 .bytes = store->file.bytes_read};
}

/* ---- the row ---- */

/* Counts by resource, of one kind each. */
struct tally {
    const struct ht_keys_resource *live;
    uint64_t *plain, *copies, *others, *wal;
    size_t len;
};

static void describe(const struct ht_etcd_store *store, struct ht_buf *out)
{
    const struct ht_etcd_tree *tree = &store->tree;

    switch (tree->proof) {
    case HT_ETCD_EXACT:
        if (tree->older)
            ht_buf_addf(out,
                        "one of its first pages is damaged: this is transaction %" PRIu64
                        ", there may have been a later one",
                        tree->way.txid);
        else
            ht_buf_addf(out, "exact, transaction %" PRIu64, tree->way.txid);
        break;
    case HT_ETCD_MOVING:
        ht_buf_add_text(out, "approximate: it changes faster than it can be read");
        break;
    case HT_ETCD_DAMAGED:
        if (tree->cut)
            ht_buf_addf(out, "damaged: the file ends before its last page%s",
                        tree->damaged ? "; " : "");
        else
            ht_buf_add_text(out, "damaged: ");
        if (tree->damaged)
            ht_buf_addf(out, "%zu page%s not readable as what %s should be", tree->damaged,
                        tree->damaged == 1 ? " is" : "s are", tree->damaged == 1 ? "it" : "they");
        ht_buf_add_text(out, "; what is counted is the rest");
        break;
    case HT_ETCD_STOPPED:
        ht_buf_add_text(out, "not read to its end");
        break;
    case HT_ETCD_FOREIGN:
        ht_buf_add_text(out, "a bolt database, but not etcd's");
        break;
    }
    if (tree->error < 0)
        ht_buf_addf(out, "; reading failed: %s", strerror(-tree->error));
    if (store->wal_error[0])
        ht_buf_addf(out, "; its write-ahead log: %s", store->wal_error);
}

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

static uint64_t old_revisions(const struct tally *tally, size_t i)
{
    uint64_t live = tally->live[i].plaintext;

    return tally->plain[i] > live ? tally->plain[i] - live : 0;
}

static bool is_empty(const struct tally *tally, size_t i)
{
    const struct ht_keys_resource *live = &tally->live[i];

    return live->plaintext + live->malformed + live->encrypted + old_revisions(tally, i) +
               tally->copies[i] + tally->wal[i] ==
           0;
}

static void set_stored(const struct ht_etcd_store *store, struct ht_arena *arena,
                       const struct tally *tally, struct ht_datastore *row)
{
    struct ht_stored *list = ht_arena_array(arena, struct ht_stored, tally->len + 1);
    size_t len = 0;

    for (size_t i = 0; i < tally->len; i++) {
        const struct ht_keys_resource *live = &tally->live[i];
        struct ht_stored *stored = &list[len];

        if (is_empty(tally, i))
            continue;
        len++;
        ht_stored_set_resource(stored, ht_arena_text(arena, live->name));
        ht_stored_set_plaintext(stored, live->plaintext);
        ht_stored_set_malformed(stored, live->malformed);
        set_encrypted(arena, stored, live);
        set_writes(arena, stored, live);
        ht_stored_set_revisions(stored, old_revisions(tally, i));
        if (store->has_remnants)
            ht_stored_set_remnants(stored, tally->copies[i]);
        if (store->has_wal)
            ht_stored_set_wal(stored, tally->wal[i]);
    }
    /* Nothing found is an answer only where everything was looked at. */
    if (len || is_exact(store))
        ht_datastore_set_stored(row, (struct ht_stored_list){.items = list, .len = len});
}

static void set_sums(const struct ht_etcd_store *store, const struct tally *tally,
                     struct ht_datastore *row)
{
    uint64_t revisions = 0, copies = 0, others = 0, wal = 0;

    for (size_t i = 0; i < tally->len; i++) {
        if (!is_sensitive(&tally->live[i]))
            continue;
        revisions += old_revisions(tally, i);
        copies += tally->copies[i];
        others += tally->others[i];
        wal += tally->wal[i];
    }
    /* A part of the pages gives no number, but what was found in it was found. */
    if (is_exact(store) || revisions)
        ht_datastore_set_plaintext_revisions(row, revisions);
    if (store->has_remnants && (copies || store->remnants.complete)) {
        ht_datastore_set_plaintext_remnants(row, copies);
        ht_datastore_set_remnants_stale(row, others);
    }
    if (store->has_wal) {
        size_t damaged, files = ht_wal_files(store->wal, &damaged);

        if (wal || !damaged)
            ht_datastore_set_wal_plaintext(row, wal);
        ht_datastore_set_wal_files(row, files);
    }
    if (store->lone)
        ht_datastore_set_wal_files(row, 0);
}

static void set_members(const struct ht_etcd_store *store, struct ht_arena *arena,
                        struct ht_datastore *row)
{
    const struct ht_etcd_facts *facts = &store->tree.way.facts;
    size_t len =
        facts->members_len < HT_ETCD_MEMBERS_MAX ? facts->members_len : HT_ETCD_MEMBERS_MAX;
    struct ht_str *names = ht_arena_array(arena, struct ht_str, len + 1);
    char own[24] = "";

    if (ht_wal_node(store->wal))
        snprintf(own, sizeof(own), "%" PRIx64, ht_wal_node(store->wal));
    for (size_t i = 0; i < len; i++) {
        const struct ht_etcd_member *member = &facts->members[i];

        names[i] = ht_arena_text(arena, member->name[0] ? member->name : member->id);
        if (strcmp(member->id, own) == 0 || len == 1)
            ht_datastore_set_member(row, names[i]);
    }
    if (len)
        ht_datastore_set_members(row, (struct ht_text_list){.items = names, .len = len});
    if (facts->version[0])
        ht_datastore_set_version(row, ht_arena_text(arena, facts->version));
}

struct names {
    struct ht_arena *arena;
    struct ht_str examples[HT_SAMPLES];
    size_t examples_len;
    struct ht_stored_space spaces[100];
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

static void set_names(struct ht_etcd_store *store, struct ht_arena *arena, struct ht_datastore *row)
{
    struct names *names = ht_arena_array(arena, struct names, 1);

    names->arena = arena;
    ht_etcd_keys_samples(store->keys, take_example, names);
    ht_etcd_keys_namespaces(store->keys, take_space, names);
    ht_datastore_set_examples(
        row, (struct ht_text_list){.items = names->examples, .len = names->examples_len});
    ht_datastore_set_spaces(
        row, (struct ht_stored_space_list){.items = names->spaces, .len = names->spaces_len});
}

static void set_file(const struct ht_etcd_store *store, struct ht_datastore *row)
{
    struct stat st;

    ht_datastore_set_size(row, store->file.size);
    ht_datastore_set_mode(row, store->file.mode);
    ht_datastore_set_uid(row, store->file.uid);
    ht_datastore_set_changed_at(row, store->file.changed_at);
    ht_datastore_set_lone(row, store->lone);
    if (!store->lone &&
        ht_root_stat(store->root, store->folder[0] ? store->folder : "/", &st, NULL) == 0) {
        ht_datastore_set_folder_mode(row, (uint64_t)st.st_mode & 07777);
        ht_datastore_set_folder_uid(row, st.st_uid);
    }
}

static void add_up(struct ht_etcd_store *store, struct ht_arena *arena, struct tally *tally)
{
    size_t len;

    tally->live = ht_etcd_keys_count(store->keys);
    len = tally->len = ht_etcd_keys_resources(store->keys);
    tally->plain = ht_arena_array(arena, uint64_t, len + 1);
    tally->copies = ht_arena_array(arena, uint64_t, len + 1);
    tally->others = ht_arena_array(arena, uint64_t, len + 1);
    tally->wal = ht_arena_array(arena, uint64_t, len + 1);
    ht_etcd_tree_plain(&store->tree, tally->plain, len);
    for (size_t i = 0; i < store->remnants.len; i++) {
        const struct ht_remnant *remnant = &store->remnants.items[i];

        tally->copies[remnant->resource] += remnant->copies;
        tally->others[remnant->resource] += remnant->others;
    }
    ht_wal_plain(store->wal, tally->wal, len);
}

void ht_etcd_store_tell(struct ht_etcd_store *store, struct ht_arena *arena,
                        struct ht_datastore *row)
{
    ht_autobuf struct ht_buf detail = HT_BUF(2 * HT_ERROR_TEXT_MAX);
    struct tally tally = {0};

    describe(store, &detail);
    ht_datastore_set_id(row, ht_arena_strf(arena, "etcd:%s", store->path));
    ht_datastore_set_kind(row, HT_S("etcd"));
    ht_datastore_set_path(row, ht_arena_text(arena, store->path));
    ht_datastore_set_exact(row, is_exact(store));
    ht_datastore_set_detail(row, ht_arena_str(arena, ht_buf_str(&detail)));
    ht_datastore_set_transaction(row, store->tree.way.txid);
    set_file(store, row);
    if (store->tree.proof == HT_ETCD_FOREIGN)
        return;
    add_up(store, arena, &tally);
    set_stored(store, arena, &tally, row);
    set_sums(store, &tally, row);
    set_members(store, arena, row);
    set_names(store, arena, row);
    ht_datastore_set_keys(row, ht_etcd_keys_live(store->keys));
    ht_datastore_set_compacted(row, store->tree.way.facts.finished);
}
