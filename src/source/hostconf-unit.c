/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The unit kube-apiserver.service of a node: its file, what is dropped into it and its files of
 * variables, found where and in the order in which systemd looks for them (systemd.unit(5)).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apiserver.h"
#include "hostconf-private.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum {
    PATHS_MAX = 64, /* files dropped in, or of variables */
    LINK_BYTES = 4096,
    SHOWN_BYTES = 80,
    PATHS_BYTES = 16 * 1024 * 1024 /* far more than all folders of units take */
};

#define UNIT "kube-apiserver.service"

/* Where the system's manager looks, the first one first. */
static const char *const folders[] = {
    "/etc/systemd/system.control",   "/run/systemd/system.control",  "/run/systemd/transient",
    "/run/systemd/generator.early",  "/etc/systemd/system",          "/etc/systemd/system.attached",
    "/run/systemd/system",           "/run/systemd/system.attached", "/run/systemd/generator",
    "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",      "/lib/systemd/system",
    "/run/systemd/generator.late"};

struct finding {
    struct ht_hostconf_pass *pass;
    struct ht_unit_host host;
    struct ht_arena *paths; /* of names that are looked through */
    struct ht_str unclear;  /* the first reason; empty: nothing is */
};

static void doubt(struct finding *finding, struct ht_str path, const char *why)
{
    if (finding->unclear.len == 0)
        finding->unclear = ht_arena_strf(finding->pass->scratch, "%.*s %s",
                                         HT_STR_ARG(path.len ? path : HT_S("/")), why);
}

/* ---- what a name leads to ---- */

enum state { MISSING, MASKED, THERE, HIDDEN };

/* Empty files and what leads to a device are there to hide what has the same name elsewhere;
 * HIDDEN: whether there is anything cannot be told. */
static enum state state_of(struct finding *finding, struct ht_str path)
{
    const struct ht_root *root = finding->pass->root;
    ht_autobuf struct ht_buf link = HT_BUF(LINK_BYTES);
    struct stat st;
    int r = ht_root_lstat(root, path.data, &st, NULL);
    bool is_masked;

    if (r < 0)
        return r == -ENOENT || r == -ENOTDIR ? MISSING : HIDDEN;
    if (S_ISLNK(st.st_mode) && ht_root_stat(root, path.data, &st, NULL) < 0)
        is_masked = ht_root_readlink(root, path.data, &link, NULL) == 0 &&
                    ht_str_is(ht_buf_str(&link), "/dev/null");
    else
        is_masked =
            S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) || (S_ISREG(st.st_mode) && !st.st_size);
    return is_masked ? MASKED : THERE;
}

/* Another name of a unit that is called otherwise, which has drop-ins of its own. */
static bool is_alias(struct finding *finding, struct ht_str path)
{
    ht_autobuf struct ht_buf link = HT_BUF(LINK_BYTES);

    return ht_root_readlink(finding->pass->root, path.data, &link, NULL) == 0 &&
           !ht_str_is(ht_str_base(ht_buf_str(&link)), UNIT);
}

/* ---- names in a folder ---- */

struct paths {
    struct ht_str items[PATHS_MAX];
    size_t len;
};

/* False: there are too many, which is noted. */
static bool add_path(struct finding *finding, struct paths *paths, struct ht_str folder,
                     struct ht_str name)
{
    if (paths->len == PATHS_MAX) {
        doubt(finding, folder, "has more files than are read");
        return false;
    }
    paths->items[paths->len++] =
        ht_arena_strf(finding->paths, "%.*s/%.*s", HT_STR_ARG(folder), HT_STR_ARG(name));
    return true;
}

static int by_name(const void *left, const void *right)
{
    const struct ht_str *a = left, *b = right;

    return ht_str_compare(ht_str_base(*a), ht_str_base(*b));
}

/* Names that match, in order; empty where there is no such folder. */
static struct ht_text_list list_names(struct finding *finding, struct ht_str folder,
                                      const char *pattern)
{
    struct ht_text_list names;
    int r = ht_hostconf_list_like(finding->pass, folder.data, pattern, finding->paths, &names);

    if (r < 0 && r != -ENOENT && r != -ENOTDIR)
        doubt(finding, folder, "cannot be listed");
    return names;
}

/* ---- what is dropped into it ---- */

static bool has_name(const struct paths *drop_ins, struct ht_str name)
{
    for (size_t i = 0; i < drop_ins->len; i++) {
        if (ht_str_equal(ht_str_base(drop_ins->items[i]), name))
            return true;
    }
    return false;
}

static void add_folder(struct finding *finding, const char *folder, const char *unit,
                       struct paths *drop_ins)
{
    struct ht_str path = ht_arena_strf(finding->paths, "%s/%s.d", folder, unit);
    struct ht_text_list names = list_names(finding, path, "*.conf");

    for (size_t i = 0; i < names.len; i++) {
        if (!has_name(drop_ins, names.items[i]) &&
            !add_path(finding, drop_ins, path, names.items[i]))
            return;
    }
}

/* In the order in which they count: by name, and of one name the first that is found. */
static void find_drop_ins(struct finding *finding, struct paths *drop_ins)
{
    drop_ins->len = 0;
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        add_folder(finding, folders[i], UNIT, drop_ins);
        add_folder(finding, folders[i], "kube-.service", drop_ins);
    }
    for (size_t i = 0; i < ARRAY_LEN(folders); i++)
        add_folder(finding, folders[i], "service", drop_ins);
    qsort(drop_ins->items, drop_ins->len, sizeof(*drop_ins->items), by_name);
}

/* The unit and all that is dropped into it, as it is decoded. */
static struct ht_str add_drop_ins(struct finding *finding, struct ht_str text)
{
    ht_autobuf struct ht_buf joined = HT_BUF(HT_LIMIT_YAML);
    struct paths drop_ins;
    struct ht_str more;

    find_drop_ins(finding, &drop_ins);
    ht_buf_add_str(&joined, text);
    for (size_t i = 0; i < drop_ins.len; i++) {
        struct ht_str path = drop_ins.items[i];

        if (state_of(finding, path) == MASKED)
            continue;
        if (ht_hostconf_read(finding->pass, path, &more, NULL))
            ht_buf_addf(&joined, "\n\n[]\n%.*s", HT_STR_ARG(more));
        else
            doubt(finding, path, "cannot be read");
    }
    if (ht_buf_is_full(&joined))
        doubt(finding, HT_S(UNIT), "is longer than is read");

    struct ht_str kept = ht_arena_str(finding->pass->scratch, ht_buf_str(&joined));
    if (joined.len)
        ht_wipe(joined.data, joined.len);
    return kept;
}

/* ---- files of variables ---- */

/* Adds what is called so in a folder; a pattern leads to what it matches. */
static void add_matches(struct finding *finding, struct ht_str folder, struct ht_str part,
                        struct paths *matches)
{
    struct ht_text_list names = {.items = &part, .len = 1};

    if (strpbrk(part.data, "*?[\\"))
        names = list_names(finding, folder, part.data);
    for (size_t i = 0; i < names.len; i++) {
        if (!add_path(finding, matches, folder, names.items[i]))
            return;
    }
}

static int by_path(const void *left, const void *right)
{
    return ht_str_compare(*(const struct ht_str *)left, *(const struct ht_str *)right);
}

/* Replaces each folder by what is in it and matches the next part of the pattern. */
static void match(struct finding *finding, struct ht_str pattern, struct paths *matches)
{
    struct ht_str part;

    *matches = (struct paths){.items = {HT_S("")}, .len = 1};
    while (matches->len && ht_str_next(&pattern, '/', &part)) {
        struct paths found = {.len = 0};

        if (part.len == 0)
            continue;
        part = ht_arena_str(finding->paths, part);
        for (size_t i = 0; i < matches->len && !ht_arena_is_full(finding->paths); i++)
            add_matches(finding, matches->items[i], part, &found);
        *matches = found;
    }
    if (ht_arena_is_full(finding->paths))
        doubt(finding, HT_S(UNIT), "names more files of variables than can be looked for");
    qsort(matches->items, matches->len, sizeof(*matches->items), by_path);
}

static void read_files(struct finding *finding, const struct ht_unit_file *file,
                       struct ht_buf *text)
{
    struct paths matches;
    size_t there = 0;

    if (file->path.len >= LINK_BYTES) {
        doubt(finding, ht_str_sub(file->path, 0, SHOWN_BYTES), "... is too long for a path");
        return;
    }
    match(finding, file->path, &matches);
    for (size_t i = 0; i < matches.len; i++) {
        struct ht_str path = matches.items[i], more;

        if (state_of(finding, path) == MISSING)
            continue;
        there++;
        if (ht_hostconf_read(finding->pass, path, &more, NULL))
            ht_buf_addf(text, "\n\n%.*s", HT_STR_ARG(more));
        else
            doubt(finding, path, "cannot be read");
    }
    /* It does not start without it: when it is started there may be one. */
    if (there == 0 && !file->is_optional)
        doubt(finding, file->path, "is not there");
}

/* The files of variables that a unit names, one behind the other. */
static struct ht_str read_environment(struct finding *finding, struct ht_str unit)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_YAML);
    struct ht_str unclear;
    size_t len;
    const struct ht_unit_file *files =
        ht_apiserver_unit_files(unit, &finding->host, finding->pass->scratch, &len, &unclear);

    for (size_t i = 0; i < len && !ht_buf_is_full(&text); i++)
        read_files(finding, &files[i], &text);
    if (ht_buf_is_full(&text))
        doubt(finding, HT_S(UNIT), "has files of variables that are longer than is read");
    if (finding->unclear.len == 0)
        finding->unclear = unclear;

    struct ht_str kept = ht_arena_str(finding->pass->scratch, ht_buf_str(&text));
    if (text.len)
        ht_wipe(text.data, text.len);
    return kept;
}

/* ---- the system that it is of ---- */

static struct ht_str read_line(struct ht_hostconf_pass *pass, const struct ht_root *root,
                               const char *path)
{
    ht_autobuf struct ht_buf text = HT_BUF(LINK_BYTES);

    if (ht_root_read(root, path, &text, LINK_BYTES, NULL) < 0)
        return (struct ht_str){0};
    return ht_arena_str(pass->scratch, ht_str_trim(ht_buf_str(&text)));
}

/* The kernel tells a process the name of the process's own system: it counts where that is the
 * system's of the first process, too. */
static struct ht_str read_hostname(struct ht_hostconf_pass *pass)
{
    ht_autobuf struct ht_buf ours = HT_BUF(LINK_BYTES), first = HT_BUF(LINK_BYTES);

    if (ht_root_readlink(pass->proc, "proc/self/ns/uts", &ours, NULL) < 0 ||
        ht_root_readlink(pass->proc, "proc/1/ns/uts", &first, NULL) < 0 ||
        !ht_str_equal(ht_buf_str(&ours), ht_buf_str(&first)))
        return (struct ht_str){0};
    return read_line(pass, pass->proc, "proc/sys/kernel/hostname");
}

static void read_host(struct finding *finding)
{
    struct ht_str id = read_line(finding->pass, finding->pass->root, "etc/machine-id");

    finding->host.hostname = read_hostname(finding->pass);
    finding->host.machine_id = id.len == 32 ? id : (struct ht_str){0};
}

/* ---- the unit ---- */

/* The file that counts; empty: there is none. */
static struct ht_str find_file(struct finding *finding)
{
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        struct ht_str path = ht_arena_strf(finding->pass->arena, "%s/" UNIT, folders[i]);
        struct ht_str text;

        switch (state_of(finding, path)) {
        case MISSING:
            break;
        case MASKED:
            return (struct ht_str){0};
        case THERE:
            return path;
        case HIDDEN:
            /* It may be there, and count; that nobody may look is noted. */
            (void)ht_hostconf_read(finding->pass, path, &text, NULL);
            doubt(finding, path, "cannot be read");
            break;
        }
    }
    return (struct ht_str){0};
}

/* False: what it starts is no API server by its name. */
static bool read_unit(struct finding *finding, struct ht_str path,
                      struct ht_apiserver_manifest *manifest)
{
    struct ht_str text;

    if (!ht_hostconf_read(finding->pass, path, &text, NULL)) {
        doubt(finding, path, "cannot be read");
        return true;
    }
    if (is_alias(finding, path))
        doubt(finding, path, "is another unit by its own name");
    text = add_drop_ins(finding, text);
    if (ht_str_find_byte(text, '%') >= 0)
        read_host(finding);

    struct ht_str environment = read_environment(finding, text);
    return ht_apiserver_decode_unit(text, environment, &finding->host, finding->pass->scratch,
                                    manifest);
}

bool ht_hostconf_find_unit(struct ht_hostconf_pass *pass, struct ht_str *ret_path,
                           struct ht_apiserver_manifest *ret_manifest)
{
    ht_autoarena struct ht_arena *paths = ht_arena_new(PATHS_BYTES);
    struct finding finding = {.pass = pass, .paths = paths};
    struct ht_str path = find_file(&finding);

    if (path.len == 0)
        return false;
    *ret_path = path;
    *ret_manifest = (struct ht_apiserver_manifest){.program = HT_APISERVER_KUBE};

    bool is_server = read_unit(&finding, path, ret_manifest);
    if (!is_server && ret_manifest->unclear.len == 0)
        *ret_path = (struct ht_str){0};
    else if (finding.unclear.len)
        ret_manifest->unclear = finding.unclear;
    return is_server;
}
