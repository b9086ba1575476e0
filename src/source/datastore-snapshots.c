/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies of a datastore: beside it, and where distributions and people put them. */
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
        paths->more = true;
    else
        paths->items[paths->len++] = ht_strndup(path, strlen(path));
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
    /* A database has two metas at least. */
    if (ht_buf_is_full(&path) || strcmp(path.data, listing->except) == 0 ||
        ht_root_lstat(listing->root, path.data, &st, NULL) < 0 || !S_ISREG(st.st_mode) ||
        st.st_size < 2 * 1024)
        return 0;
    /* The raft snapshots beside it hold no values. */
    if (ht_str_has_suffix(ht_str_from(name), ".snap"))
        return 0;
    add(listing->paths, path.data);
    return 0;
}

static void list(struct listing *listing)
{
    struct ht_dir_visitor visitor = {.visit = see, .context = listing, .max_entries = ENTRIES_MAX};

    (void)ht_root_list(listing->root, listing->folder, &visitor, NULL);
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
    if (!ht_buf_is_full(&path) && strcmp(path.data, listing->except) != 0 &&
        ht_root_lstat(listing->root, path.data, &st, NULL) == 0 && S_ISREG(st.st_mode))
        add(listing->paths, path.data);
    return 0;
}

void ht_snapshots_find(const struct ht_root *root, const struct ht_place *place,
                       struct ht_snapshot_paths *ret)
{
    struct listing listing = {.root = root, .paths = ret, .except = place->path, .part = ""};
    static const char inner[] = "/member/snap/db";
    size_t len = strlen(place->path);

    if (len <= sizeof(inner) || strcmp(place->path + len - (sizeof(inner) - 1), inner) != 0)
        return;

    ht_autofree char *folder = ht_strndup(place->path, len - strlen("/db"));
    listing.folder = folder;
    list(&listing);
    if (place->lone)
        return;

    ht_autofree char *data = ht_strndup(place->path, len - (sizeof(inner) - 1));
    char *slash = strrchr(data, '/');
    if (slash && slash != data) {
        struct ht_dir_visitor visitor = {
            .visit = see_sibling, .context = &listing, .max_entries = ENTRIES_MAX};

        *slash = '\0';
        listing.folder = data;
        listing.part = slash + 1;
        (void)ht_root_list(root, data, &visitor, NULL);
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
    *paths = (struct ht_snapshot_paths){0};
}
