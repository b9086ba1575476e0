/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dpkg's status and apt's lists: the files that are long. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "deb-private.h"
#include "deb-stanza.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

/* dpkg reads them below its own folder, whatever apt is told. */
#define DPKG_JOURNAL "/var/lib/dpkg/updates"
#define DPKG_PARTS   "/var/lib/dpkg/status.d"

enum { FILES_MAX = HT_DEB_STATUS_FILE - 1 };

static void add_gap(struct ht_deb_answer *answer, struct ht_str text)
{
    struct ht_str *copy = ht_arena_array(answer->arena, struct ht_str, 1);

    *copy = text;
    ht_vec_add(&answer->gaps, copy);
}

/* ---- dpkg ---- */

struct status_reader {
    struct ht_deb_answer *answer;
    enum ht_deb_place place;
    struct ht_error err;
    bool failed;
};

/* A stanza that is no good is told once and left out. */
static int take_status(void *context, struct ht_str stanza)
{
    struct status_reader *reader = context;
    struct ht_error err = {0};

    if (ht_deb_set_status(&reader->answer->set, stanza, reader->place, &err) < 0 &&
        !reader->failed) {
        reader->failed = true;
        reader->err = err;
    }
    return 0;
}

static int read_status_file(struct ht_deb_answer *answer, const struct ht_root *root,
                            const char *path, enum ht_deb_place place, struct ht_error *err)
{
    ht_autounpack struct ht_unpack *unpack = NULL;
    struct status_reader reader = {.answer = answer, .place = place};
    int r = ht_pkg_inputs_look(answer->inputs, root, path);
    int fd;

    if (r < 0)
        return ht_error_errno(err, -r, "%s", path);
    fd = ht_root_open_regular(root, path, NULL, err);
    if (fd < 0)
        return fd;
    r = ht_unpack_new(fd, path, HT_CODEC_NONE, &unpack, err);
    if (r == 0)
        r = ht_deb_scan(unpack, take_status, &reader, err);
    if (r == 0 && reader.failed) {
        ht_error_wrap(&reader.err, "%s", path);
        ht_deb_problem(answer, &reader.err);
    }
    return r;
}

static bool is_status(const void *context, struct ht_str name)
{
    const enum ht_deb_place *place = context;

    if (name.data[0] == '.' || ht_str_has_suffix(name, ".md5sums"))
        return false;
    /* Changes in the journal are numbered. */
    return *place != HT_DEB_JOURNAL || strspn(name.data, "0123456789") == name.len;
}

/* Each file of the folder, in order; the number of files. */
static size_t read_status_folder(struct ht_deb_answer *answer, const struct ht_root *root,
                                 const char *folder, enum ht_deb_place place)
{
    const struct ht_deb_folder place_folder = {
        .path = folder, .accepts = is_status, .context = &place};
    struct ht_error err = {0};
    struct ht_vec paths = {0};
    size_t count;

    ht_deb_list_folder(answer, root, &place_folder, &paths);
    count = paths.len;
    for (size_t i = 0; i < count; i++) {
        const struct ht_str *path = paths.items[i];

        if (read_status_file(answer, root, path->data, place, &err) < 0)
            ht_deb_problem(answer, &err);
    }
    ht_vec_fini(&paths);
    return count;
}

int ht_deb_read_status(struct ht_deb_answer *answer, const struct ht_root *root,
                       struct ht_error *err)
{
    struct ht_str path = ht_deb_config_path(&answer->config, "Dir::State::status");
    int r = path.len ? read_status_file(answer, root, path.data, HT_DEB_STATUS, err) : -ENOENT;

    if (r < 0 && r != -ENOENT && r != -ENOTDIR)
        return r;
    if (r == 0)
        answer->journal = read_status_folder(answer, root, DPKG_JOURNAL, HT_DEB_JOURNAL);
    size_t parts = read_status_folder(answer, root, DPKG_PARTS, HT_DEB_PART);
    return r < 0 && parts == 0 ? -ENOENT : 0;
}

/* ---- which lists lie there ---- */

struct list_folder {
    struct ht_deb_answer *answer;
    const struct ht_root *root;
    struct ht_str path;   /* "/var/lib/apt/lists/" */
    struct ht_map *names; /* of regular files and links */
};

static int take_list(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct list_folder *folder = context;

    (void)inode;
    if (type != DT_DIR)
        ht_map_set(folder->names, ht_str_from(name), folder);
    return 0;
}

static bool has_file(const struct list_folder *folder, struct ht_str name)
{
    return ht_map_get(folder->names, name) != NULL;
}

static struct ht_str with_ending(struct ht_deb_answer *answer, struct ht_str name,
                                 const char *ending)
{
    return ht_arena_strf(answer->arena, "%.*s%s", HT_STR_ARG(name), ending);
}

static void read_release(struct list_folder *folder, struct ht_deb_archive *archive)
{
    static const char *const endings[] = {"InRelease", "Release"};
    struct ht_deb_answer *answer = folder->answer;
    struct ht_error err = {0};

    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
        struct ht_str name = with_ending(answer, archive->file, endings[i]);

        /* A link may lead nowhere. */
        if (!has_file(folder, name) ||
            !ht_deb_read_file(answer, folder->root,
                              with_ending(answer, folder->path, name.data).data, &text))
            continue;
        archive->has_release = true;
        if (ht_deb_release_parse(ht_buf_str(&text), answer->arena, &archive->release, &err) < 0) {
            ht_error_wrap(&err, "%.*s", HT_STR_ARG(name));
            ht_deb_problem(answer, &err);
        }
        return;
    }
}

/* apt reads the plain file first, and names it last. */
static struct ht_deb_list *find_list(struct list_folder *folder, const struct ht_deb_index *index)
{
    static const char *const endings[] = {".xz", ".bz2", ".lzma", ".gz", ".lz4", ".zst", ""};
    struct ht_deb_answer *answer = folder->answer;
    struct ht_deb_list *list = NULL;

    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        struct ht_str name = with_ending(answer, index->file, endings[i]);

        if (!has_file(folder, name))
            continue;
        if (!list) {
            list = ht_arena_array(answer->arena, struct ht_deb_list, 1);
            list->index = index;
            list->shown = list->file = name;
        }
        if (!endings[i][0])
            list->file = name;
    }
    return list;
}

bool ht_deb_is_used(const struct ht_deb_answer *answer, struct ht_str architecture)
{
    if (ht_str_equal(architecture, answer->sources.native))
        return true;
    for (size_t i = 0; i < answer->set.packages.len; i++) {
        const struct ht_deb_package *package = answer->set.packages.items[i];

        if (package->installed && ht_str_equal(package->architecture, architecture))
            return true;
    }
    return false;
}

/* A list that the archive has, of an architecture that is in use, and this host has not. */
static void miss_list(struct ht_deb_answer *answer, const struct ht_deb_archive *archive,
                      const struct ht_deb_index *index)
{
    uint64_t size;

    if (!index->component.len ||
        !ht_deb_release_has(&archive->release, index->component, index->architecture) ||
        (ht_deb_release_size(&archive->release, index->key, &size) && size == 0) ||
        !ht_deb_is_used(answer, index->architecture))
        return;
    add_gap(answer, ht_arena_strf(answer->arena, "%.*s is not on this host (%.*s)",
                                  HT_STR_ARG(index->file), HT_STR_ARG(archive->entry)));
}

static void find_lists_of(struct list_folder *folder, struct ht_deb_archive *archive)
{
    size_t gaps = folder->answer->gaps.len;

    struct ht_deb_answer *answer = folder->answer;
    bool any = false;

    for (size_t i = 0; i < archive->indexes.len; i++) {
        struct ht_deb_list *list = find_list(folder, archive->indexes.items[i]);

        if (!list)
            miss_list(answer, archive, archive->indexes.items[i]);
        if (!list || answer->lists.len >= FILES_MAX)
            continue;
        any = true;
        list->archive = archive;
        ht_vec_add(&answer->lists, list);
    }
    if (!any && archive->has_binaries) {
        answer->gaps.len = gaps; /* told once, as the whole of it */
        ht_vec_add(&answer->missing, archive);
    }
    if (any && archive->has_release && !archive->release.sums.len)
        add_gap(answer, ht_arena_strf(answer->arena, "%.*s: the length of its lists is not stated",
                                      HT_STR_ARG(archive->file)));
}

void ht_deb_find_lists(struct ht_deb_answer *answer, const struct ht_root *root)
{
    struct list_folder folder = {.answer = answer,
                                 .root = root,
                                 .path = ht_deb_config_path(&answer->config, "Dir::State::lists"),
                                 .names = ht_map_new()};
    struct ht_dir_visitor visitor = {.visit = take_list, .context = &folder};
    struct ht_error err = {0};

    if (!ht_str_has_suffix(folder.path, "/"))
        folder.path = with_ending(answer, folder.path, "/");
    if (ht_pkg_inputs_look(answer->inputs, root, folder.path.data) == 0) {
        int r = ht_root_list(root, folder.path.data, &visitor, &err);

        if (r < 0 && r != -ENOENT)
            ht_deb_problem(answer, &err);
    }
    for (size_t i = 0; i < answer->sources.archives.len; i++) {
        struct ht_deb_archive *archive = answer->sources.archives.items[i];

        read_release(&folder, archive);
        find_lists_of(&folder, archive);
    }
    ht_map_free(folder.names);
}

/* ---- reading them ---- */

struct list_reader {
    struct ht_deb_answer *answer;
    uint16_t file;
    struct ht_error err;
    bool failed;
};

static int take_offer(void *context, struct ht_str stanza)
{
    struct list_reader *reader = context;
    struct ht_error err = {0};
    int r = ht_deb_set_offer(&reader->answer->set, stanza, reader->file, &err);

    if (r < 0 && !reader->failed) {
        reader->failed = true;
        reader->err = err;
    }
    /* What fills the memory ends it; what is only malformed is left out. */
    return r == -EFBIG ? r : 0;
}

/* A list is as long, unpacked, as its archive says: one that was cut where its packing allows it
 * looks whole. */
static void check_size(struct ht_deb_answer *answer, const struct ht_deb_list *list, uint64_t size)
{
    uint64_t wanted;

    if (!ht_deb_release_size(&list->archive->release, list->index->key, &wanted) || size == wanted)
        return;
    add_gap(answer, ht_arena_strf(answer->arena, "%.*s has %llu bytes, its archive says %llu",
                                  HT_STR_ARG(list->file), (unsigned long long)size,
                                  (unsigned long long)wanted));
}

static int read_list(struct ht_deb_answer *answer, const struct ht_root *root, const char *path,
                     struct list_reader *reader)
{
    ht_autounpack struct ht_unpack *unpack = NULL;
    int r = ht_pkg_inputs_look(answer->inputs, root, path);
    int fd = ht_root_open_regular(root, path, NULL, &reader->err);

    if (fd < 0) {
        answer->vanished = answer->vanished || fd == -ENOENT || r == -ENOENT;
        return fd;
    }
    r = ht_unpack_new(fd, path, ht_codec_of(ht_str_from(path)), &unpack, &reader->err);
    if (r == 0) {
        ht_unpack_as_apt(unpack);
        r = ht_deb_scan(unpack, take_offer, reader, &reader->err);
    }
    if (r == 0)
        check_size(answer, answer->lists.items[reader->file], ht_unpack_given(unpack));
    return r;
}

void ht_deb_read_lists(struct ht_deb_answer *answer, const struct ht_deb_options *options)
{
    struct ht_str folder = ht_deb_config_path(&answer->config, "Dir::State::lists");

    for (size_t i = 0; i < answer->lists.len; i++) {
        struct ht_deb_list *list = answer->lists.items[i];
        struct list_reader reader = {.answer = answer, .file = (uint16_t)i};
        struct ht_str path =
            ht_arena_strf(answer->arena, "%.*s%s%.*s", HT_STR_ARG(folder),
                          ht_str_has_suffix(folder, "/") ? "" : "/", HT_STR_ARG(list->file));

        if (options->progress)
            options->progress(options->context, i, answer->lists.len);
        if (read_list(answer, options->root, path.data, &reader) == 0 && !reader.failed)
            continue;
        list->problem = ht_arena_text(answer->arena, reader.err.text);
        ht_error_wrap(&reader.err, "%.*s", HT_STR_ARG(list->file));
        ht_deb_problem(answer, &reader.err);
    }
}
