/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders whose files are read one after the other, as apt and dpkg have them. */
#include <dirent.h>
#include <errno.h>

#include "deb-private.h"
#include "hulltop/base/mem.h"

struct listing {
    const struct ht_deb_folder *folder;
    struct ht_arena *arena;
    struct ht_vec *paths;
};

static int take_name(void *context, const char *name, unsigned type, uint64_t inode)
{
    const struct listing *listing = context;
    struct ht_str *path;

    (void)inode;
    if (type == DT_DIR || !listing->folder->accepts(listing->folder->context, ht_str_from(name)))
        return 0;
    path = ht_arena_array(listing->arena, struct ht_str, 1);
    *path = ht_arena_strf(listing->arena, "%s/%s", listing->folder->path, name);
    ht_vec_add(listing->paths, path);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct ht_str *const *left = a;
    const struct ht_str *const *right = b;

    return ht_str_compare(**left, **right);
}

void ht_deb_list_folder(struct ht_deb_answer *answer, const struct ht_root *root,
                        const struct ht_deb_folder *folder, struct ht_vec *ret_paths)
{
    struct listing listing = {.folder = folder, .arena = answer->arena, .paths = ret_paths};
    const struct ht_dir_visitor visitor = {.visit = take_name, .context = &listing};
    struct ht_error err = {0};
    int r = 0;

    if (ht_pkg_inputs_look(answer->inputs, root, folder->path) == 0)
        r = ht_root_list(root, folder->path, &visitor, &err);
    if (r < 0 && r != -ENOENT)
        ht_deb_problem(answer, &err);
    if (ret_paths->len)
        qsort(ret_paths->items, ret_paths->len, sizeof(*ret_paths->items), by_name);
}
