/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host-sockets.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "hulltop/base/limits.h"

enum { NAMES_MAX = 4096, FOUND = 1 };

static int is_absent(int code)
{
    return code == -ENOENT || code == -ENOTDIR;
}

/* FOUND, 0: no socket is there, or why that could not be told. */
static int look_at(const struct ht_root *root, const char *path)
{
    struct stat st;
    int code = ht_root_stat(root, path, &st, NULL);

    if (code < 0)
        return is_absent(code) ? 0 : code;
    return S_ISSOCK(st.st_mode) ? FOUND : 0;
}

struct search {
    const struct ht_root *root;
    struct ht_arena *arena;
    const char *folder;
    struct ht_str rest; /* of the path behind the name: "" or "/..." */
    int unseen;         /* 0, or why one of them could not be told */
};

static int visit(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct search *search = context;
    int code;

    (void)inode;
    if (search->rest.len == 0 && type != DT_SOCK && type != DT_UNKNOWN && type != DT_LNK)
        return 0;
    code = look_at(search->root, ht_arena_strf(search->arena, "%s/%s%.*s", search->folder, name,
                                               HT_STR_ARG(search->rest))
                                     .data);
    if (code < 0)
        search->unseen = code;
    return code == FOUND;
}

/* The same of a path with a star. */
static int look_for_any(const struct ht_root *root, struct ht_str path, size_t star,
                        struct ht_arena *arena)
{
    struct ht_str rest = ht_str_sub(path, star + 1, path.len);
    struct search search = {.root = root, .arena = arena, .rest = rest};
    const struct ht_dir_visitor visitor = {
        .visit = visit, .context = &search, .max_entries = NAMES_MAX};

    if (star == 0 || path.data[star - 1] != '/' || (rest.len && rest.data[0] != '/') ||
        ht_str_find_byte(rest, '*') >= 0)
        return -EINVAL;
    search.folder = ht_arena_str(arena, ht_str_sub(path, 0, star - 1)).data;
    int code = ht_root_list(root, search.folder, &visitor, NULL);
    if (code == FOUND || (code < 0 && !is_absent(code)))
        return code;
    return search.unseen;
}

static struct ht_str tell(const struct ht_root *root, struct ht_str path, struct ht_arena *arena)
{
    ptrdiff_t star = ht_str_find_byte(path, '*');
    int code = star < 0 ? look_at(root, ht_arena_str(arena, path).data)
                        : look_for_any(root, path, (size_t)star, arena);

    if (code == FOUND)
        return HT_S("there");
    return code < 0 ? HT_S("unseen") : HT_S("absent");
}

void ht_host_read_sockets(const struct ht_root *root, const struct ht_text_list *paths,
                          struct ht_arena *arena, struct ht_host *host)
{
    struct ht_pair *items = ht_arena_array(arena, struct ht_pair, paths->len);

    for (size_t i = 0; i < paths->len; i++)
        items[i] =
            (struct ht_pair){.key = paths->items[i], .value = tell(root, paths->items[i], arena)};
    ht_host_set_sockets(host, (struct ht_pair_list){.items = items, .len = paths->len});
}
