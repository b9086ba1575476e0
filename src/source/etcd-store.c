/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "etcd-store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "etcd-wal.h"
#include "hulltop/base/mem.h"
#include "stored-tell.h"

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
    store->path = ht_strdup(path);
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
    return store->tree.proof == HT_ETCD_EXACT && !store->tree.older &&
           !ht_etcd_keys_is_full(store->keys);
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

/* Whoever named a file that is no database is told which one. */
static int read_tree(struct ht_etcd_store *store, const struct ht_pace *pace, struct ht_error *err)
{
    int r = ht_etcd_tree_refresh(&store->tree, store->keys, pace, err);

    if (r < 0)
        ht_error_wrap(err, "%s", store->path);
    return r;
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
    /* Not touched since: as damaged as it was. What the disk refused it may give now. */
    if (r == 0 && store->tree.way.seen && store->tree.proof == HT_ETCD_DAMAGED &&
        store->tree.error == 0)
        return 0;
    if (r == 0)
        r = read_tree(store, pace, err);
    /* Another database was written over it. */
    if (r == 0 && ht_etcd_keys_is_contradicted(store->keys)) {
        forget(store);
        r = read_tree(store, pace, err);
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
        else if (ht_etcd_keys_is_full(store->keys))
            ht_buf_add_text(out, "in part: more kinds of objects than can be told apart");
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

static void set_counts(struct ht_etcd_store *store, struct ht_arena *arena,
                       struct ht_datastore *row)
{
    size_t len = ht_etcd_keys_resources(store->keys), damaged;
    struct ht_stored_tally tally = {.keys = store->keys, .exact = is_exact(store)};

    tally.plain = ht_arena_array(arena, uint64_t, len + 1);
    ht_etcd_tree_plain(&store->tree, tally.plain, len);
    if (store->has_remnants) {
        tally.copies = ht_arena_array(arena, uint64_t, len + 1);
        tally.copies_stale = ht_arena_array(arena, uint64_t, len + 1);
        tally.copies_exact = store->remnants.complete;
        for (size_t i = 0; i < store->remnants.len; i++) {
            const struct ht_remnant *remnant = &store->remnants.items[i];

            tally.copies[remnant->resource] += remnant->copies;
            tally.copies_stale[remnant->resource] += remnant->others;
        }
    }
    if (store->has_wal) {
        tally.wal = ht_arena_array(arena, uint64_t, len + 1);
        ht_wal_plain(store->wal, tally.wal, len);
        ht_datastore_set_wal_files(row, ht_wal_files(store->wal, &damaged));
        tally.wal_exact = damaged == 0;
    }
    if (store->lone)
        ht_datastore_set_wal_files(row, 0);
    ht_stored_tell(&tally, arena, row);
}

void ht_etcd_store_tell(struct ht_etcd_store *store, struct ht_arena *arena,
                        struct ht_datastore *row)
{
    ht_autobuf struct ht_buf detail = HT_BUF(2 * HT_ERROR_TEXT_MAX);

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
    set_counts(store, arena, row);
    set_members(store, arena, row);
    ht_datastore_set_compacted(row, store->tree.way.facts.finished);
}
