/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dpkg keeps one list of files a package, apk one text for all, RPM an index. The first two are
 * read line by line against a table of what is asked for: few files are, of many.
 */
#include "pkg-owner.h"

#include <string.h>

#include "pkg-apk.h"
#include "pkg-rpm.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

#define DPKG_INFO "var/lib/dpkg/info"
#define LIST      ".list"

/* Lengths are compared before texts. */
enum { LENGTH_SLOTS = 512 };

struct asking {
    const struct ht_root *root;
    struct ht_arena *arena;
    struct ht_map *wanted; /* path to struct ht_owned * */
    size_t open;           /* questions without an answer */
    bool lengths[LENGTH_SLOTS];
    struct ht_buf text;
    struct ht_buf path;
};

/* Directories of / that are links into /usr where the two are merged. */
static const char *const merged[] = {"/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/"};

static void want(struct asking *asking, struct ht_str path, struct ht_owned *question)
{
    if (!ht_map_get(asking->wanted, path))
        ht_map_set(asking->wanted, path, question);
    asking->lengths[path.len % LENGTH_SLOTS] = true;
}

/* A file is asked for under both names it may be recorded by. */
static void want_both(struct asking *asking, struct ht_owned *question)
{
    struct ht_str path = question->path;

    want(asking, path, question);
    for (size_t i = 0; i < ARRAY_LEN(merged); i++) {
        if (ht_str_has_prefix(path, "/usr") &&
            ht_str_has_prefix(ht_str_sub(path, 4, path.len), merged[i]))
            want(asking, ht_str_sub(path, 4, path.len), question);
        else if (ht_str_has_prefix(path, merged[i]))
            want(asking, ht_arena_strf(asking->arena, "/usr%.*s", HT_STR_ARG(path)), question);
    }
}

static void answer(struct asking *asking, struct ht_str path, struct ht_str package)
{
    struct ht_owned *question;

    if (!asking->lengths[path.len % LENGTH_SLOTS])
        return;
    question = ht_map_get(asking->wanted, path);
    if (question && !question->package.len) {
        question->package = ht_arena_str(asking->arena, package);
        asking->open--;
    }
}

/* ---- dpkg ---- */

/* Looks into the list of that name, "libc6:amd64.list". */
static void read_list(struct asking *asking, const char *name)
{
    struct ht_str package = ht_str_from(name), rest, line;
    ptrdiff_t colon;

    ht_buf_reset(&asking->path);
    ht_buf_addf(&asking->path, DPKG_INFO "/%s", name);
    ht_buf_reset(&asking->text);
    if (ht_root_read(asking->root, asking->path.data, &asking->text, HT_LIMIT_FILE, NULL) < 0)
        return;
    package.len -= strlen(LIST);
    /* "libc6:amd64" is a package of one architecture of several. */
    colon = ht_str_find_byte(package, ':');
    if (colon > 0)
        package.len = (size_t)colon;
    rest = ht_buf_str(&asking->text);
    while (ht_str_next(&rest, '\n', &line))
        answer(asking, line, package);
}

static int visit_list(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct asking *asking = context;

    (void)type;
    (void)inode;
    if (ht_str_has_suffix(ht_str_from(name), LIST))
        read_list(asking, name);
    return asking->open == 0; /* the rest cannot tell more */
}

/* There are hundreds of lists, and most files are where one expects them. */
static bool ask_dpkg(struct asking *asking, const struct ht_owned *questions, size_t len)
{
    const struct ht_dir_visitor visitor = {.visit = visit_list, .context = asking};

    for (size_t i = 0; i < len; i++) {
        const char *const *likely = questions[i].likely;

        for (; likely && *likely && !questions[i].package.len; likely++)
            read_list(asking, ht_arena_strf(asking->arena, "%s" LIST, *likely).data);
    }
    return asking->open == 0 || ht_root_list(asking->root, DPKG_INFO, &visitor, NULL) >= 0;
}

/* ---- apk ---- */

static void ask_apk(struct asking *asking, const char *path)
{
    struct ht_str rest, line, package = {0}, folder = {0};

    ht_buf_init(&asking->text, HT_LIMIT_BODY);
    if (ht_root_read(asking->root, path, &asking->text, HT_LIMIT_BODY, NULL) < 0)
        return;
    rest = ht_buf_str(&asking->text);
    while (ht_str_next(&rest, '\n', &line)) {
        struct ht_str value = ht_str_sub(line, 2, line.len);

        if (ht_str_has_prefix(line, "P:"))
            package = value;
        else if (ht_str_has_prefix(line, "F:"))
            folder = value;
        if (!ht_str_has_prefix(line, "R:"))
            continue;
        ht_buf_reset(&asking->path);
        ht_buf_add_c(&asking->path, '/');
        ht_buf_add_str(&asking->path, folder);
        if (folder.len)
            ht_buf_add_c(&asking->path, '/');
        ht_buf_add_str(&asking->path, value);
        answer(asking, ht_buf_str(&asking->path), package);
    }
}

/* ---- RPM ---- */

static void ask_rpm(struct asking *asking, struct ht_rpm *rpm, struct ht_owned *questions,
                    size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ht_buf_reset(&asking->path);
        ht_buf_add_str(&asking->path, questions[i].path);
        ht_buf_reset(&asking->text);
        if (ht_rpm_owner(rpm, asking->path.data, &asking->text, NULL) == 0)
            questions[i].package = ht_arena_str(asking->arena, ht_buf_str(&asking->text));
    }
}

static const char *ask(struct asking *asking, struct ht_rpm *rpm, struct ht_owned *questions,
                       size_t len)
{
    const char *apk = ht_apk_path(asking->root);
    struct stat facts;

    for (size_t i = 0; i < len; i++)
        want_both(asking, &questions[i]);
    if (ht_root_stat(asking->root, DPKG_INFO, &facts, NULL) == 0)
        return ask_dpkg(asking, questions, len) ? "dpkg" : NULL;
    if (apk) {
        ask_apk(asking, apk);
        return "apk";
    }
    struct ht_rpm *own = NULL;
    if (!rpm && ht_rpm_open(asking->root, &own, NULL) < 0)
        return NULL;
    ask_rpm(asking, rpm ? rpm : own, questions, len);
    ht_rpm_close(own);
    return "rpm";
}

const char *ht_owners_find(const struct ht_root *root, struct ht_rpm *rpm,
                           struct ht_owned *questions, size_t len, struct ht_arena *arena)
{
    struct asking asking = {.root = root, .arena = arena, .open = len, .wanted = ht_map_new()};

    ht_buf_init(&asking.text, HT_LIMIT_FILE);
    ht_buf_init(&asking.path, HT_LIMIT_ARG * 2);

    const char *records = ask(&asking, rpm, questions, len);
    ht_map_free(asking.wanted);
    ht_buf_fini(&asking.text);
    ht_buf_fini(&asking.path);
    return records;
}
