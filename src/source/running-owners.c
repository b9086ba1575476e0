/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "running-owners.h"

#include <fcntl.h>
#include <string.h>

#include "pkg-inputs.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/log.h"
#include "hulltop/base/mem.h"

/* The file of owners over runs: this, the root, whose records they are from, what those looked
 * like, an empty line, then "PACKAGE PATH" for each file; a file of nobody's has no package. */
#define HEAD      "hulltop-owners/1\n"
#define FILE_NAME "owners"
#define RECORDS   "dpkg"

/* Records that changed less than that before they were read may change again, and their times not:
 * clocks of files go in steps, and are set. */
#define SETTLED_NS (60 * HT_NS_PER_S)

enum { OWNERS_MAX = 20000 };

struct ht_known_owners {
    const struct ht_root *root;
    char *folder; /* NULL: nothing is kept over runs */
    bool loaded;
    struct ht_map *owners; /* path to char *, owned; "" if none */
    struct ht_pkg_inputs of;
    const char *records; /* "dpkg"; NULL: none, or not all of them could be read */
};

static void forget(struct ht_known_owners *known)
{
    ht_map_free_values(known->owners);
    ht_pkg_inputs_fini(&known->of);
    known->records = NULL;
}

static void set_owner(struct ht_known_owners *known, struct ht_str path, struct ht_str package)
{
    free(ht_map_set(known->owners, path, ht_strndup(package.len ? package.data : "", package.len)));
}

void ht_owner_records_look(struct ht_pkg_inputs *inputs, const struct ht_root *root)
{
    static const char *const others[] = {
        "lib/apk/db/installed",
        "usr/lib/apk/db/installed",
        "var/lib/rpm/Packages",
        "var/lib/rpm/Packages.db",
        "var/lib/rpm/rpmdb.sqlite",
        "var/lib/rpm/rpmdb.sqlite-wal",
        "usr/lib/sysimage/rpm/Packages.db",
        "usr/lib/sysimage/rpm/rpmdb.sqlite",
        "usr/lib/sysimage/rpm/rpmdb.sqlite-wal",
    };

    if (ht_pkg_inputs_look(inputs, root, "var/lib/dpkg/info") == 0) {
        (void)ht_pkg_inputs_look(inputs, root, "var/lib/dpkg/status");
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        (void)ht_pkg_inputs_look(inputs, root, others[i]);
}

/* ---- the file ---- */

static const char *root_name(const struct ht_known_owners *known)
{
    return known->root->path[0] ? known->root->path : "/";
}

/* False: that is no such file, or of other records. */
static bool decode(struct ht_known_owners *known, struct ht_str text)
{
    struct ht_str line, package;
    ptrdiff_t end;

    /* A file that was cut may end in the middle of a path. */
    if (!ht_str_has_prefix(text, HEAD) || text.data[text.len - 1] != '\n')
        return false;
    text = ht_str_sub(text, strlen(HEAD), text.len);
    if (!ht_str_next(&text, '\n', &line) || !ht_str_is(line, root_name(known)) ||
        !ht_str_next(&text, '\n', &line) || !ht_str_is(line, RECORDS))
        return false;
    end = ht_str_find(text, HT_S("\n\n"), 0);
    if (end < 0 || !ht_pkg_inputs_read(&known->of, ht_str_sub(text, 0, (size_t)end)) ||
        !ht_pkg_inputs_hold(&known->of, known->root))
        return false;
    text = ht_str_sub(text, (size_t)end + 2, text.len);
    while (ht_str_next(&text, '\n', &line)) {
        if (!ht_str_next(&line, ' ', &package) || line.len == 0 || line.data[0] != '/' ||
            ht_map_len(known->owners) >= OWNERS_MAX)
            return false;
        set_owner(known, line, package);
    }
    known->records = RECORDS;
    return true;
}

static void load(struct ht_known_owners *known)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE), path = HT_BUF(HT_LIMIT_ARG);

    known->loaded = true;
    if (!known->folder)
        return;
    ht_buf_addf(&path, "%s/" FILE_NAME, known->folder);
    if (ht_buf_is_full(&path) || ht_file_is_trusted(path.data, NULL) < 0 ||
        ht_read_at(AT_FDCWD, path.data, &text, HT_LIMIT_FILE, NULL) < 0)
        return;
    if (!decode(known, ht_buf_str(&text)))
        forget(known);
}

static void encode_owner(void *context, struct ht_str path, void *value)
{
    const char *package = value;

    if (ht_str_find_byte(path, '\n') < 0 && !strpbrk(package, " \n"))
        ht_buf_addf(context, "%s %.*s\n", package, HT_STR_ARG(path));
}

static bool is_settled(const struct ht_known_owners *known, int64_t now)
{
    int64_t last;

    if (__builtin_sub_overflow(now, SETTLED_NS, &last))
        return false;
    for (size_t i = 0; i < known->of.items.len; i++) {
        const struct ht_pkg_input *input = known->of.items.items[i];

        if (input->exists && (input->changed_ns > last || input->touched_ns > last))
            return false;
    }
    return true;
}

/* The records of others are one file, or have an index: asking is cheap. */
static void save(const struct ht_known_owners *known, int64_t now)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE), path = HT_BUF(HT_LIMIT_ARG);
    struct ht_error err = {0};

    if (!known->folder || !known->records || strcmp(known->records, RECORDS) != 0 ||
        !is_settled(known, now))
        return;
    ht_buf_addf(&path, "%s/" FILE_NAME, known->folder);
    ht_buf_addf(&text, HEAD "%s\n" RECORDS "\n", root_name(known));
    ht_pkg_inputs_write(&known->of, &text);
    ht_buf_add_c(&text, '\n');
    ht_map_each(known->owners, encode_owner, &text);
    if (ht_buf_is_full(&text) || ht_buf_is_full(&path))
        return;
    /* One that lost its end says less, and nothing else. */
    if (ht_file_make_directory(known->folder, &err) < 0 ||
        ht_file_write(path.data, ht_buf_str(&text), HT_FILE_REPLACE | HT_FILE_HASTY, &err) < 0)
        ht_log_error(HT_LOG_DEBUG, "owners", &err);
}

/* ---- asking ---- */

struct ht_known_owners *ht_known_owners_new(const struct ht_root *root, const char *folder)
{
    struct ht_known_owners *known = ht_new0(struct ht_known_owners);

    known->root = root;
    known->owners = ht_map_new();
    if (folder)
        known->folder = ht_strdup(folder);
    return known;
}

struct ht_known_owners *ht_known_owners_free(struct ht_known_owners *known)
{
    if (!known)
        return NULL;
    forget(known);
    ht_map_free(known->owners);
    free(known->folder);
    free(known);
    return NULL;
}

/* Asks for what is not known, all at once. */
static void ask_rest(struct ht_known_owners *known, const struct ht_owned *questions, size_t len,
                     int64_t now)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    struct ht_owned *rest = ht_arena_array(arena, struct ht_owned, len + 1);
    size_t open = 0;

    for (size_t i = 0; i < len; i++)
        if (!ht_map_get(known->owners, questions[i].path))
            rest[open++] = questions[i];
    if (!open)
        return;
    /* What they look like is asked before they are read: what changes meanwhile is seen next time.
     */
    if (!known->of.items.len)
        ht_owner_records_look(&known->of, known->root);
    known->records = ht_owners_find(known->root, NULL, rest, open, arena);
    for (size_t i = 0; i < open; i++)
        set_owner(known, rest[i].path, rest[i].package);
    save(known, now);
}

const char *ht_known_owners_ask(struct ht_known_owners *known, struct ht_owned *questions,
                                size_t len, int64_t now)
{
    if (!known->loaded)
        load(known);
    if (!known->records || ht_map_len(known->owners) >= OWNERS_MAX ||
        !ht_pkg_inputs_hold(&known->of, known->root))
        forget(known);
    ask_rest(known, questions, len, now);
    for (size_t i = 0; i < len; i++)
        questions[i].package = ht_str_from(ht_map_get(known->owners, questions[i].path));
    return known->records;
}
