/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies of a datastore: beside it, and where distributions and people put them. */
#include <errno.h>
#include <string.h>

#include "datastore-find.h"
#include "hulltop/base/mem.h"

enum { PATH_LIMIT = 4096, ENTRIES_MAX = 10000 };

/* Folders for copies, and what their names must hold ("" for any). */
static const struct {
    const char *folder;
    const char *part;
} usual[] = {
    {"/var/lib/rancher/k3s/server/db/snapshots", ""},
    {"/var/lib/rancher/rke2/server/db/snapshots", ""},
    {"/var/lib/k0s/backup", ""},
    {"/var/lib/etcd/snapshots", ""},
    {"/var/lib/etcd-backup", ""},
    {"/var/backups", "etcd"},
    {"/var/backups/etcd", ""},
    {"/opt/etcd-backup", ""},
    {"/home/core/assets/backup", "snapshot_"}, /* OpenShift */
    {"/root", "etcd"},
    {"/root", "snapshot"},
};

struct listing {
    const struct ht_root *root;
    struct ht_snapshot_paths *paths;
    const char *folder;
    const char *part;
    const char *except; /* the database itself */
};

static void add(struct ht_snapshot_paths *paths, const char *path)
{
    for (size_t i = 0; i < paths->len; i++) {
        if (strcmp(paths->items[i], path) == 0)
            return;
    }
    if (paths->len == HT_SNAPSHOTS_MAX)
        paths->more++;
    else
        paths->items[paths->len++] = ht_strdup(path);
}

/* Parts of a live SQLite database: they are read with it. */
static bool is_beside(const char *name)
{
    struct ht_str text = ht_str_from(name);

    return ht_str_has_suffix(text, "-wal") || ht_str_has_suffix(text, "-shm") ||
           ht_str_has_suffix(text, "-journal");
}

static int see(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct listing *listing = context;
    ht_autobuf struct ht_buf path = HT_BUF(PATH_LIMIT);
    struct stat st;

    (void)type, (void)inode;
    if (listing->part[0] && !strstr(name, listing->part))
        return 0;
    ht_buf_addf(&path, "%s/%s", listing->folder, name);
    if (ht_buf_is_full(&path)) {
        listing->paths->more++;
        return 0;
    }
    /* A database has two metas at least. */
    if (strcmp(path.data, listing->except) == 0 ||
        ht_root_lstat(listing->root, path.data, &st, NULL) < 0 || !S_ISREG(st.st_mode) ||
        st.st_size < 2 * 1024)
        return 0;
    /* The raft snapshots beside it hold no values. */
    if (ht_str_has_suffix(ht_str_from(name), ".snap") || is_beside(name))
        return 0;
    add(listing->paths, path.data);
    return 0;
}

/* A folder that is there and could not be listed in full. */
static void take_result(const struct listing *listing, int r)
{
    if (r < 0 && r != -ENOENT && r != -ENOTDIR && !listing->paths->denied)
        listing->paths->denied = ht_strdup(listing->folder);
}

static void list(struct listing *listing)
{
    struct ht_dir_visitor visitor = {.visit = see, .context = listing, .max_entries = ENTRIES_MAX};

    take_result(listing, ht_root_list(listing->root, listing->folder, &visitor, NULL));
}

/* /var/lib/etcd-2025, /var/lib/etcd.bak: data directories that were moved away. */
static int see_sibling(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct listing *listing = context;
    ht_autobuf struct ht_buf path = HT_BUF(PATH_LIMIT);
    struct stat st;

    (void)type, (void)inode;
    if (!ht_str_has_prefix(ht_str_from(name), listing->part))
        return 0;
    ht_buf_addf(&path, "%s/%s/member/snap/db", listing->folder, name);
    if (ht_buf_is_full(&path))
        listing->paths->more++;
    else if (strcmp(path.data, listing->except) != 0 &&
             ht_root_lstat(listing->root, path.data, &st, NULL) == 0 && S_ISREG(st.st_mode))
        add(listing->paths, path.data);
    return 0;
}

/* What lies in the folder of the database, the database's own name in front. */
static void list_beside(struct listing *listing, const char *path)
{
    const char *slash = strrchr(path, '/');
    ht_autofree char *folder = NULL;

    if (!slash || slash == path)
        return;
    folder = ht_strndup(path, (size_t)(slash - path));
    listing->folder = folder;
    listing->part = slash + 1;
    list(listing);
    listing->part = "";
}

/* Data directories whose names begin like this one's. */
static void list_siblings(struct listing *listing, const char *data_folder)
{
    ht_autofree char *data = ht_strdup(data_folder);
    char *slash = strrchr(data, '/');
    struct ht_dir_visitor visitor = {
        .visit = see_sibling, .context = listing, .max_entries = ENTRIES_MAX};

    if (!slash || slash == data)
        return;
    *slash = '\0';
    listing->folder = data;
    listing->part = slash + 1;
    take_result(listing, ht_root_list(listing->root, data, &visitor, NULL));
    listing->part = "";
}

void ht_snapshots_find(const struct ht_root *root, const struct ht_place *place,
                       struct ht_snapshot_paths *ret)
{
    struct listing listing = {.root = root, .paths = ret, .except = place->path, .part = ""};
    static const char inner[] = "/member/snap/db";
    size_t len = strlen(place->path);
    bool in_data = len > sizeof(inner) && ht_str_has_suffix(ht_str_from(place->path), inner);

    if (place->kind == HT_PLACE_KINE && !place->lone)
        list_beside(&listing, place->path);
    if (in_data) {
        ht_autofree char *folder = ht_strndup(place->path, len - strlen("/db"));

        listing.folder = folder;
        list(&listing);
    }
    if (place->lone || (!in_data && place->kind != HT_PLACE_KINE))
        return;
    if (in_data) {
        ht_autofree char *data = ht_strndup(place->path, len - (sizeof(inner) - 1));

        list_siblings(&listing, data);
    }
    for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
        listing.folder = usual[i].folder;
        listing.part = usual[i].part;
        list(&listing);
    }
}

void ht_snapshots_fini(struct ht_snapshot_paths *paths)
{
    for (size_t i = 0; i < paths->len; i++)
        free(paths->items[i]);
    free(paths->denied);
    *paths = (struct ht_snapshot_paths){0};
}
