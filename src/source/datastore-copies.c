/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What copies of a datastore hold. */
#include <errno.h>
#include <string.h>

#include "datastore-private.h"
#include "hulltop/base/mem.h"

static void drop(struct ht_snapshot *snapshot)
{
    free(snapshot->path);
}

void ht_snapshots_free(struct ht_snapshots *snapshots)
{
    for (size_t i = 0; i < snapshots->len; i++)
        drop(&snapshots->items[i]);
    free(snapshots->items);
    *snapshots = (struct ht_snapshots){0};
}

static struct ht_snapshot *find(struct ht_snapshots *snapshots, const char *path)
{
    for (size_t i = 0; i < snapshots->len; i++) {
        if (strcmp(snapshots->items[i].path, path) == 0)
            return &snapshots->items[i];
    }
    snapshots->items =
        ht_realloc(snapshots->items, snapshots->len + 1, sizeof(snapshots->items[0]));
    snapshots->items[snapshots->len] = (struct ht_snapshot){.path = ht_strndup(path, strlen(path))};
    return &snapshots->items[snapshots->len++];
}

/* Secrets in it, and whether it is a database of etcd's at all. */
static void take(struct ht_snapshot *snapshot, const struct ht_datastore *row)
{
    snapshot->exact = row->exact;
    snapshot->foreign = !ht_datastore_has_stored(row) && !ht_datastore_has_keys(row);
    snapshot->plaintext = 0;
    snapshot->encrypted = 0;
    for (size_t i = 0; i < row->stored.len; i++) {
        const struct ht_stored *stored = &row->stored.items[i];

        if (!ht_str_is(stored->resource, "secrets"))
            continue;
        snapshot->plaintext = stored->plaintext + stored->revisions;
        for (size_t j = 0; j < stored->encrypted.len; j++)
            snapshot->encrypted += stored->encrypted.items[j].count;
    }
}

static void read_copy(struct ht_snapshot *snapshot, const struct ht_root *root,
                      const struct ht_pace *pace)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_DATASTORE_ARENA);
    struct ht_etcd_store *store = ht_etcd_store_new(root, snapshot->path);
    struct ht_datastore row = {0};
    struct ht_error err = {0};
    int r = ht_etcd_store_refresh(store, 0, pace, &err);

    snapshot->detail[0] = '\0';
    if (r < 0) {
        snapshot->exact = false;
        /* Most files in such folders are no databases; what cannot be read may be one. */
        snapshot->foreign = r != -EACCES && r != -EPERM && r != -EIO;
        memcpy(snapshot->detail, err.text, sizeof(snapshot->detail));
    } else {
        ht_etcd_store_tell(store, arena, &row);
        take(snapshot, &row);
        if (!snapshot->exact)
            memcpy(snapshot->detail, row.detail.data,
                   row.detail.len < sizeof(snapshot->detail) ? row.detail.len + 1
                                                             : sizeof(snapshot->detail) - 1);
        snapshot->detail[sizeof(snapshot->detail) - 1] = '\0';
    }
    ht_etcd_store_free(store);
}

static bool is_place(const struct ht_places *places, const char *path)
{
    for (size_t i = 0; i < places->len; i++) {
        if (strcmp(places->items[i].path, path) == 0)
            return true;
    }
    return false;
}

static bool look(struct ht_snapshots *snapshots, const struct ht_root *root, const char *path,
                 const struct ht_pace *pace)
{
    struct stat st;

    if (ht_root_lstat(root, path, &st, NULL) < 0)
        return false;

    struct ht_snapshot *snapshot = find(snapshots, path);
    int64_t changed_at = (int64_t)st.st_mtim.tv_sec * HT_NS_PER_S + st.st_mtim.tv_nsec;
    bool same = snapshot->ino == (uint64_t)st.st_ino && snapshot->size == (uint64_t)st.st_size &&
                snapshot->changed_at == changed_at &&
                snapshot->mode == ((unsigned)st.st_mode & 07777) && snapshot->uid == st.st_uid;

    snapshot->here = true;
    if (same)
        return false;
    snapshot->ino = (uint64_t)st.st_ino;
    snapshot->size = (uint64_t)st.st_size;
    snapshot->changed_at = changed_at;
    snapshot->mode = (unsigned)st.st_mode & 07777;
    snapshot->uid = st.st_uid;
    read_copy(snapshot, root, pace);
    return true;
}

bool ht_snapshots_refresh(struct ht_snapshots *snapshots, const struct ht_root *root,
                          const struct ht_place *place, const struct ht_places *places,
                          const struct ht_pace *pace)
{
    struct ht_snapshot_paths paths = {0};
    bool changed = false;
    size_t kept = 0;

    for (size_t i = 0; i < snapshots->len; i++)
        snapshots->items[i].here = false;
    ht_snapshots_find(root, place, &paths);
    for (size_t i = 0; i < paths.len; i++) {
        if (!is_place(places, paths.items[i]))
            changed = look(snapshots, root, paths.items[i], pace) || changed;
    }
    for (size_t i = 0; i < snapshots->len; i++) {
        if (snapshots->items[i].here) {
            snapshots->items[kept++] = snapshots->items[i];
        } else {
            drop(&snapshots->items[i]);
            changed = true;
        }
    }
    snapshots->len = kept;
    snapshots->more = paths.more;
    ht_snapshots_fini(&paths);
    return changed;
}

void ht_snapshots_tell(const struct ht_snapshots *snapshots, struct ht_arena *arena,
                       struct ht_datastore *row)
{
    struct ht_stored_snapshot *list =
        ht_arena_array(arena, struct ht_stored_snapshot, snapshots->len + 1);
    size_t len = 0;

    /* Nothing can be told of a copy that is damaged itself. */
    if (row->lone && !row->exact)
        return;
    for (size_t i = 0; i < snapshots->len; i++) {
        const struct ht_snapshot *snapshot = &snapshots->items[i];
        struct ht_stored_snapshot *told = &list[len];

        if (snapshot->foreign)
            continue;
        len++;
        ht_stored_snapshot_set_path(told, ht_str_from(snapshot->path));
        ht_stored_snapshot_set_taken_at(told, snapshot->changed_at);
        ht_stored_snapshot_set_exact(told, snapshot->exact);
        if (snapshot->exact || snapshot->plaintext)
            ht_stored_snapshot_set_plaintext(told, snapshot->plaintext);
        if (snapshot->exact || snapshot->encrypted)
            ht_stored_snapshot_set_encrypted(told, snapshot->encrypted);
        ht_stored_snapshot_set_mode(told, snapshot->mode);
        ht_stored_snapshot_set_uid(told, snapshot->uid);
        if (snapshot->detail[0])
            ht_stored_snapshot_set_detail(told, ht_str_from(snapshot->detail));
    }
    ht_datastore_set_snapshots(row, (struct ht_stored_snapshot_list){.items = list, .len = len});
}
