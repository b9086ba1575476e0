/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What copies of a datastore hold. */
#include <errno.h>
#include <string.h>

#include "datastore-private.h"
#include "hulltop/base/clock.h"
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
    free(snapshots->denied);
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
    snapshots->items[snapshots->len] = (struct ht_snapshot){.path = ht_strdup(path)};
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

/* ---- one copy ---- */

enum ht_place_kind ht_datastore_kind_of(const struct ht_root *root, const char *path)
{
    static const struct ht_str magic = HT_STR("SQLite format 3");
    struct ht_bolt_file file = HT_BOLT_FILE_NONE;
    char bytes[16] = {0};

    if (ht_bolt_open(&file, root, path, NULL) == 0)
        (void)ht_bolt_pread(&file, bytes, sizeof(bytes), 0);
    ht_bolt_close(&file);
    return memcmp(bytes, magic.data, magic.len + 1) == 0 ? HT_PLACE_KINE : HT_PLACE_ETCD;
}

static void keep_detail(struct ht_snapshot *snapshot, struct ht_str text)
{
    size_t len = text.len < sizeof(snapshot->detail) ? text.len : sizeof(snapshot->detail) - 1;

    if (len)
        memcpy(snapshot->detail, text.data, len);
    snapshot->detail[len] = '\0';
}

static int read_etcd(struct ht_snapshot *snapshot, const struct ht_root *root,
                     const struct ht_pace *pace, struct ht_error *err)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_DATASTORE_ARENA);
    struct ht_etcd_store *store = ht_etcd_store_new(root, snapshot->path);
    struct ht_datastore row = {0};
    int r = ht_etcd_store_refresh(store, 0, pace, err);

    if (r >= 0) {
        ht_etcd_store_tell(store, arena, &row);
        take(snapshot, &row);
        if (!snapshot->exact)
            keep_detail(snapshot, row.detail);
    }
    ht_etcd_store_free(store);
    return r;
}

static int read_kine(struct ht_snapshot *snapshot, const struct ht_root *root,
                     const struct ht_pace *pace, struct ht_error *err)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_DATASTORE_ARENA);
    struct ht_kine *kine = ht_kine_new(root, snapshot->path);
    struct ht_datastore row = {0};
    int r = ht_kine_refresh(kine, pace, err);

    if (r >= 0) {
        ht_kine_tell(kine, arena, &row);
        take(snapshot, &row);
        snapshot->plaintext += row.plaintext_remnants;
        if (!snapshot->exact)
            keep_detail(snapshot, row.detail);
    }
    ht_kine_free(kine);
    return r;
}

/* What a file that is no readable database may be: NULL if it is surely none. Its beginning
 * decides, and whether names of the API server's objects are in it. */
static const char *what_else(const struct ht_root *root, const char *path)
{
    enum { LOOKED_AT = 1024 * 1024 };
    static const struct {
        struct ht_str begin;
        const char *says;
    } packed[] = {
        {HT_STR("\x1f\x8b"), "compressed: not read"},
        {HT_STR("PK\x03\x04"), "an archive: not read"},
        {HT_STR("\xfd"
                "7zXZ"),
         "compressed: not read"},
        {HT_STR("\x28\xb5\x2f\xfd"), "compressed: not read"},
        {HT_STR("BZh"), "compressed: not read"},
        {HT_STR("\x04\x22\x4d\x18"), "compressed: not read"},
    };
    struct ht_bolt_file file = HT_BOLT_FILE_NONE;
    ht_autofree char *bytes = ht_realloc(NULL, LOOKED_AT, 1);
    const char *says = NULL;
    ssize_t n = -1;

    if (ht_bolt_open(&file, root, path, NULL) == 0)
        n = ht_bolt_pread(&file, bytes, LOOKED_AT, 0);
    ht_bolt_close(&file);

    struct ht_str text = {.data = bytes, .len = n > 0 ? (size_t)n : 0};
    for (size_t i = 0; i < ARRAY_LEN(packed) && !says; i++) {
        if (text.len > packed[i].begin.len &&
            memcmp(text.data, packed[i].begin.data, packed[i].begin.len) == 0)
            says = packed[i].says;
    }
    if (!says && (ht_str_find(text, HT_S("/registry/"), 0) >= 0 ||
                  ht_str_find(text, HT_S("/kubernetes.io/"), 0) >= 0))
        says = "objects of an API server, in no database that can be read";
    if (text.len)
        ht_wipe(bytes, text.len);
    return says;
}

/* etcd's own releases are packed like copies of its database, and lie in the same places. */
static bool is_release(struct ht_str path)
{
    return ht_str_find(path, HT_S("-linux-"), 0) >= 0 ||
           ht_str_find(path, HT_S("-darwin-"), 0) >= 0;
}

static void read_copy(struct ht_snapshot *snapshot, const struct ht_root *root,
                      const struct ht_pace *pace)
{
    struct ht_error err = {0};
    const char *says;
    int r;

    snapshot->detail[0] = '\0';
    snapshot->foreign = false;
    r = ht_datastore_kind_of(root, snapshot->path) == HT_PLACE_KINE
            ? read_kine(snapshot, root, pace, &err)
            : read_etcd(snapshot, root, pace, &err);
    if (r >= 0)
        return;
    snapshot->exact = false;
    snapshot->plaintext = 0;
    snapshot->encrypted = 0;
    keep_detail(snapshot, ht_str_from(err.text));
    if (ht_error_is_denied(r) || r == -EIO)
        return;
    says = what_else(root, snapshot->path);
    snapshot->foreign = !says || is_release(ht_str_from(snapshot->path));
    if (says)
        keep_detail(snapshot, ht_str_from(says));
}

static bool is_place(const struct ht_places *places, const char *path)
{
    for (size_t i = 0; i < places->len; i++) {
        if (strcmp(places->items[i].path, path) == 0)
            return true;
    }
    return false;
}

static bool has_time(const struct ht_pace *pace)
{
    return !pace || !pace->step || pace->step(pace->context);
}

static bool look(struct ht_snapshots *snapshots, const struct ht_root *root, const char *path,
                 const struct ht_pace *pace)
{
    struct stat st;

    if (ht_root_lstat(root, path, &st, NULL) < 0)
        return false;

    struct ht_snapshot *snapshot = find(snapshots, path);
    int64_t changed_at = ht_time_of(&st.st_mtim);
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
        if (is_place(places, paths.items[i]))
            continue;
        if (!has_time(pace))
            paths.more++;
        else
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
    changed = changed || snapshots->more != paths.more || !snapshots->denied != !paths.denied;
    snapshots->more = paths.more;
    free(snapshots->denied);
    snapshots->denied = ht_steal_ptr(paths.denied);
    ht_snapshots_fini(&paths);
    return changed;
}

static void tell_unseen(struct ht_stored_snapshot *told, struct ht_str detail, struct ht_str path)
{
    ht_stored_snapshot_set_path(told, path);
    ht_stored_snapshot_set_exact(told, false);
    ht_stored_snapshot_set_detail(told, detail);
}

void ht_snapshots_tell(const struct ht_snapshots *snapshots, struct ht_arena *arena,
                       struct ht_datastore *row)
{
    struct ht_stored_snapshot *list =
        ht_arena_array(arena, struct ht_stored_snapshot, snapshots->len + 2);
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
    if (snapshots->more)
        tell_unseen(&list[len++],
                    ht_arena_strf(arena, "%zu more copies were not looked at", snapshots->more),
                    HT_S("(more)"));
    if (snapshots->denied)
        tell_unseen(&list[len++], HT_S("this folder could not be looked through"),
                    ht_str_from(snapshots->denied));
    ht_datastore_set_snapshots(row, (struct ht_stored_snapshot_list){.items = list, .len = len});
}
