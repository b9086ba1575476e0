/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All views: the compiled-in ones and the user's. */
#include "view.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/base/vec.h"
#include "hulltop/model/state.h"

enum { ARENA_MAX = 32 * 1024 * 1024, VIEWS_MAX = 200 };

struct ht_views {
    struct ht_arena *arena;
    struct ht_map *files; /* file name to struct ht_view */
    struct ht_vec all;    /* in order */
};

static void add(struct ht_views *views, const char *name, struct ht_view *view)
{
    const char *slash = strrchr(name, '/');

    ht_view_fini(ht_map_set(views->files, ht_str_from(slash ? slash + 1 : name), view));
}

static int add_builtin(struct ht_views *views, struct ht_error *err)
{
    for (const struct ht_builtin *file = ht_views_builtin(); file->name; file++) {
        ht_autoarena struct ht_arena *tree = ht_arena_new(HT_LIMIT_DOCUMENT);
        struct ht_str name = ht_arena_strf(views->arena, "views/%s", file->name);
        const struct ht_yaml *root = ht_yaml_read_tree(tree, ht_builtin_text(file));
        struct ht_view *view = NULL;

        if (!root)
            return ht_error_set(err, EINVAL, "%s: not compiled in", name.data);
        if (ht_view_read(views->arena, name.data, root, &view, err) < 0)
            return -EINVAL;
        add(views, name.data, view);
    }
    return 0;
}

static int add_file(struct ht_views *views, const char *path, struct ht_error *err)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_YAML);
    struct ht_view *view = NULL;
    ht_autoclose int fd = -1;
    int r;

    if (ht_file_is_trusted(path, err) < 0)
        return -EPERM;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return ht_error_errno(err, errno, "%s", path);
    r = ht_read_fd(fd, path, &text, HT_LIMIT_YAML, err);
    if (r < 0)
        return r;
    if (ht_view_parse(views->arena, path, ht_buf_str(&text), &view, err) < 0)
        return -EINVAL;
    add(views, path, view);
    return 0;
}

static int add_folder(struct ht_views *views, const char *path, struct ht_map *seen,
                      struct ht_error *err)
{
    DIR *dir = opendir(path);
    int status = 0;

    if (!dir)
        return errno == ENOENT || errno == ENOTDIR ? 0 : ht_error_errno(err, errno, "%s", path);
    for (struct dirent *entry = readdir(dir); entry && status == 0; entry = readdir(dir)) {
        struct ht_str name = ht_str_from(entry->d_name);

        if (!ht_str_has_suffix(name, ".yaml") || entry->d_name[0] == '.' || ht_map_get(seen, name))
            continue;
        if (ht_map_len(seen) >= VIEWS_MAX) {
            status = ht_error_set(err, E2BIG, "%s: more than %d views", path, (int)VIEWS_MAX);
            break;
        }
        ht_map_set(seen, name, views);
        status =
            add_file(views, ht_arena_strf(views->arena, "%s/%s", path, entry->d_name).data, err);
    }
    closedir(dir);
    return status;
}

/* ---- the order ---- */

static void collect(void *context, struct ht_str key, void *value)
{
    (void)key;
    ht_vec_add(context, value);
}

static bool is_main(const struct ht_view *view)
{
    return view->question && ht_str_is(view->id, ht_question_name(view->question));
}

static int compare_views(const void *a, const void *b)
{
    const struct ht_view *x = *(struct ht_view *const *)a, *y = *(struct ht_view *const *)b;

    if (x->question != y->question)
        return x->question < y->question ? -1 : 1;
    if (is_main(x) != is_main(y))
        return is_main(x) ? -1 : 1;
    return ht_str_compare(x->id, y->id);
}

static int check_ids(const struct ht_views *views, struct ht_error *err)
{
    for (size_t i = 0; i < views->all.len; i++) {
        const struct ht_view *view = views->all.items[i];

        if (ht_views_find(views, view->id) != view)
            return ht_error_set(err, EINVAL, "two views have the id %.*s", HT_STR_ARG(view->id));
    }
    return 0;
}

int ht_views_load(const char *const *dirs, struct ht_views **ret_views, struct ht_error *err)
{
    struct ht_views *views = ht_new0(struct ht_views);
    struct ht_map *seen = ht_map_new();
    int status = 0;

    views->arena = ht_arena_new(ARENA_MAX);
    views->files = ht_map_new();
    status = add_builtin(views, err);
    for (size_t i = 0; dirs && dirs[i] && status == 0; i++)
        status = add_folder(views, dirs[i], seen, err);
    ht_map_free(seen);
    ht_map_each(views->files, collect, &views->all);
    if (views->all.len)
        qsort(views->all.items, views->all.len, sizeof(views->all.items[0]), compare_views);
    if (status == 0)
        status = check_ids(views, err);
    if (status < 0) {
        ht_views_free(views);
        return status;
    }
    *ret_views = views;
    return 0;
}

struct ht_views *ht_views_free(struct ht_views *views)
{
    if (!views)
        return NULL;
    for (size_t i = 0; i < views->all.len; i++)
        ht_view_fini(views->all.items[i]);
    ht_vec_fini(&views->all);
    ht_map_free(views->files);
    ht_arena_free(views->arena);
    free(views);
    return NULL;
}

size_t ht_views_len(const struct ht_views *views)
{
    return views ? views->all.len : 0;
}

const struct ht_view *ht_views_get(const struct ht_views *views, size_t i)
{
    return views->all.items[i];
}

const struct ht_view *ht_views_find(const struct ht_views *views, struct ht_str id)
{
    for (size_t i = 0; i < ht_views_len(views); i++) {
        const struct ht_view *view = views->all.items[i];

        if (ht_str_equal(view->id, id))
            return view;
    }
    return NULL;
}

const struct ht_view *ht_views_question(const struct ht_views *views, unsigned number)
{
    for (size_t i = 0; i < ht_views_len(views); i++) {
        const struct ht_view *view = views->all.items[i];

        if (view->question == number)
            return view;
    }
    return NULL;
}

/* The id nearest to text, or NULL. */
static const char *nearest_view(const struct ht_views *views, struct ht_str text)
{
    const char *names[VIEWS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < views->all.len && count < VIEWS_MAX; i++)
        names[count++] = ((const struct ht_view *)views->all.items[i])->id.data;
    return ht_nearest(text, names, count);
}

/* What has the number of a key and is no question. */
static struct ht_str numbered(struct ht_str text)
{
    static const char *const names[] = {
        [0] = "home", [7] = "builds", [8] = "timeline", [9] = "everything"};
    const size_t digit = text.len == 1 ? (size_t)(text.data[0] - '0') : ARRAY_LEN(names);

    return digit < ARRAY_LEN(names) && names[digit] ? ht_str_from(names[digit]) : text;
}

int ht_views_find_first(const struct ht_views *views, const char *name,
                        const struct ht_view **ret_view, struct ht_error *err)
{
    struct ht_str text = numbered(ht_str_from(name));
    unsigned question = ht_question_find(text);
    bool is_home = !name || ht_str_is(text, "home");
    const struct ht_view *view = question  ? ht_views_question(views, question)
                                 : is_home ? NULL
                                           : ht_views_find(views, text);

    if (!view && !is_home) {
        const char *near = nearest_view(views, text);

        return ht_error_set(err, EINVAL, "no pane or view %.80s%s%s%s", name,
                            near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
    }
    *ret_view = view;
    return 0;
}
