/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small roots that differ from each other in one thing, and what apt itself says of them. A file of
 * tests/fixtures/apt-forms has many: what all have, then "== NAME" and what is other in that one.
 * "-- PATH" begins a file, of which each line has a "|" in front; "(open)" behind it: its last line
 * has no end; "(none)": that one lacks it. "-- = updates", "-- = lists" and "-- = kept" are apt's
 * answer, "-- refused" is where it gives an error instead.
 */
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/deb-config.h"
#include "src/source/deb.h"
#include "tests/unit/tree.h"

enum {
    PATH_BYTES = 1024,
    FOLDER_BYTES = 256,
    TEXT_MAX = 1 << 20,
    BLOCKS_MAX = 64,
    ROOTS_LEAST = 600
};

struct block {
    struct ht_str path; /* or "= updates", "refused" */
    struct ht_str rest; /* "(open)", "(none)", or empty */
    struct ht_str text; /* with the "|" */
};

struct blocks {
    struct block items[BLOCKS_MAX];
    size_t len;
};

/* Takes the blocks up to the next "== NAME" or the end. */
static void take_blocks(struct ht_str *rest, struct blocks *blocks)
{
    struct ht_str line;

    blocks->len = 0;
    while (rest->len && !ht_str_has_prefix(*rest, "== ") && ht_str_next(rest, '\n', &line)) {
        if (ht_str_has_prefix(line, "-- ")) {
            struct block *block = &blocks->items[blocks->len++];
            ptrdiff_t open = ht_str_find(line, HT_S(" ("), 0);

            assert_true(blocks->len < BLOCKS_MAX);
            *block = (struct block){.path = ht_str_sub(line, 3, line.len)};
            if (open >= 0) {
                block->path = ht_str_sub(line, 3, (size_t)open - 3);
                block->rest = ht_str_sub(line, (size_t)open + 1, line.len);
            }
            block->text = (struct ht_str){.data = rest->data};
        } else if (ht_str_has_prefix(line, "|")) {
            assert_true(blocks->len > 0);
            blocks->items[blocks->len - 1].text.len += line.len + 1;
        }
    }
}

static const struct block *find_block(const struct blocks *blocks, struct ht_str path)
{
    for (size_t i = 0; i < blocks->len; i++)
        if (ht_str_equal(blocks->items[i].path, path))
            return &blocks->items[i];
    return NULL;
}

static void unfold(const struct block *block, struct ht_buf *out)
{
    struct ht_str rest = block->text, line;

    ht_buf_reset(out);
    while (ht_str_next(&rest, '\n', &line)) {
        ht_buf_add_str(out, ht_str_sub(line, 1, line.len));
        ht_buf_add_c(out, '\n');
    }
    if (ht_str_is(block->rest, "(open)"))
        out->len--;
}

static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0755);
        *slash = '/';
    }
}

static void put(const char *folder, const struct block *block)
{
    ht_autobuf struct ht_buf text = HT_BUF(TEXT_MAX);
    char path[PATH_BYTES];
    FILE *file;

    if (ht_str_has_prefix(block->path, "=") || ht_str_is(block->path, "refused") ||
        ht_str_is(block->rest, "(none)"))
        return;
    snprintf(path, sizeof(path), "%s/%.*s", folder, HT_STR_ARG(block->path));
    make_folders(path);
    unfold(block, &text);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data ? text.data : "", 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
}

static void make_root(const char *folder, const struct blocks *base, const struct blocks *own)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/var/lib/apt/lists/partial/", folder);
    make_folders(path);
    for (size_t i = 0; i < base->len; i++)
        if (!find_block(own, base->items[i].path))
            put(folder, &base->items[i]);
    for (size_t i = 0; i < own->len; i++)
        put(folder, &own->items[i]);
}

/* ---- ours ---- */

static int by_text(const void *a, const void *b)
{
    return ht_str_compare(*(const struct ht_str *)a, *(const struct ht_str *)b);
}

/* apt's lines come sorted. */
static void sort_lines(struct ht_buf *text)
{
    ht_autobuf struct ht_buf copy = HT_BUF(TEXT_MAX);
    struct ht_str lines[BLOCKS_MAX * 4], rest;
    size_t len = 0;

    ht_buf_add_str(&copy, ht_buf_str(text));
    rest = ht_buf_str(&copy);
    while (len < ARRAY_LEN(lines) && ht_str_next(&rest, '\n', &lines[len]))
        len++;
    if (len)
        qsort(lines, len, sizeof(*lines), by_text);
    ht_buf_reset(text);
    for (size_t i = 0; i < len; i++) {
        ht_buf_add_str(text, lines[i]);
        ht_buf_add_c(text, '\n');
    }
}

static void add_update(struct ht_buf *out, const struct ht_deb_update *update)
{
    const struct ht_deb_version *installed = update->package->current;

    ht_buf_addf(out, "%.*s %.*s %.*s %.*s\n", HT_STR_ARG(update->package->name),
                HT_STR_ARG(installed->all ? HT_S("all") : update->package->architecture),
                HT_STR_ARG(installed->text), HT_STR_ARG(update->candidate->text));
}

static void compare(const char *name, const struct blocks *own, const char *what,
                    const struct ht_buf *got)
{
    ht_autobuf struct ht_buf wanted = HT_BUF(TEXT_MAX);
    const struct block *block = find_block(own, ht_str_from(what));

    if (!block)
        return;
    unfold(block, &wanted);
    if (!ht_str_equal(ht_buf_str(&wanted), ht_buf_str(got)))
        fail_msg("%s: %s: \"%.*s\" instead of \"%.*s\"", name, what, HT_STR_ARG(ht_buf_str(got)),
                 HT_STR_ARG(ht_buf_str(&wanted)));
}

static void check_answer(const char *name, const struct blocks *own,
                         const struct ht_deb_answer *answer)
{
    ht_autobuf struct ht_buf updates = HT_BUF(TEXT_MAX), lists = HT_BUF(TEXT_MAX);
    ht_autobuf struct ht_buf kept = HT_BUF(TEXT_MAX);

    for (size_t i = 0; i < answer->problems.len; i++)
        fail_msg("%s: %s", name, ((const struct ht_str *)answer->problems.items[i])->data);
    for (size_t i = 0; i < answer->lists.len; i++) {
        const struct ht_deb_list *list = answer->lists.items[i];

        ht_buf_addf(&lists, "%.*s\n", HT_STR_ARG(list->shown));
    }
    for (size_t i = 0; i < answer->updates.len; i++) {
        const struct ht_deb_update *update = answer->updates.items[i];

        add_update(&updates, update);
        if (update->is_phased || update->package->held)
            ht_buf_addf(&kept, "%.*s\n", HT_STR_ARG(update->package->name));
    }
    sort_lines(&updates);
    compare(name, own, "= updates", &updates);
    compare(name, own, "= lists", &lists);
    compare(name, own, "= kept", &kept);
}

static void check_root(const char *name, const struct blocks *base, const struct blocks *own)
{
    char folder[FOLDER_BYTES];
    const char *tmp = getenv("TMPDIR");
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_deb_answer *answer = NULL;
    struct ht_pkg_inputs inputs = {0};
    struct ht_error err = {0};
    bool refused = find_block(own, HT_S("refused")) != NULL;
    int r;

    snprintf(folder, sizeof(folder), "%.200s/forms-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    make_root(folder, base, own);
    assert_int_equal(ht_root_open(&root, folder, &err), 0);
    r = ht_deb_read(&(struct ht_deb_options){.root = &root, .inputs = &inputs}, &answer, &err);
    if (refused && r == 0 && answer->problems.len == 0)
        fail_msg("%s: apt refuses it, and nothing is said", name);
    if (!refused && r < 0)
        fail_msg("%s: %s", name, err.text);
    if (!refused)
        check_answer(name, own, answer);
    ht_deb_free(answer);
    ht_pkg_inputs_fini(&inputs);
    assert_int_equal(ht_test_remove_tree(folder), 0);
}

/* The number of roots. */
static size_t check_file(const char *path)
{
    ht_autobuf struct ht_buf text = HT_BUF(TEXT_MAX);
    struct blocks base, own;
    struct ht_str rest, line;
    char name[PATH_BYTES];
    size_t count = 0;

    assert_int_equal(ht_read_at(AT_FDCWD, path, &text, TEXT_MAX, NULL), 0);
    rest = ht_buf_str(&text);
    take_blocks(&rest, &base);
    for (; ht_str_next(&rest, '\n', &line); count++) {
        assert_true(ht_str_has_prefix(line, "== "));
        snprintf(name, sizeof(name), "%.*s", HT_STR_ARG(ht_str_sub(line, 3, line.len)));
        take_blocks(&rest, &own);
        check_root(name, &base, &own);
    }
    return count;
}

static void every_form_gives_the_answer_of_apt(void **state)
{
    char pattern[PATH_BYTES];
    const char *source = getenv("HT_SRCDIR");
    glob_t files;
    size_t count = 0;

    (void)state;
    if (!ht_root_can_confine()) {
        print_message("SKIP forms: this kernel or sandbox has no openat2\n");
        return;
    }
    snprintf(pattern, sizeof(pattern), "%s/tests/fixtures/apt-forms/*.txt", source ? source : ".");
    assert_int_equal(glob(pattern, 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++)
        count += check_file(files.gl_pathv[i]);
    globfree(&files);
    assert_true(count >= ROOTS_LEAST);
}

/* ---- places ---- */

/* What counts from where apt is started is no place that can be told. */
static void places_do_not_depend_on_where_apt_is_started(void **state)
{
    static const struct {
        const char *text;
        const char *path;
    } table[] = {
        {"", "/etc/apt/sources.list"},
        {"Dir::Etc \"x\";", "/x/sources.list"},
        {"Dir::Etc \"../etc/x\";", ""},
        {"Dir::Etc::sourcelist \"\";", ""},
        {"RootDir \"/r\";", "/r//etc/apt/sources.list"},
        {"RootDir \"r\";", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DEB_ARENA);
        const struct ht_deb_config_text file = {.text = ht_str_from(table[i].text),
                                                .name = "apt.conf"};
        struct ht_deb_config config;

        ht_deb_config_init(&config, arena);
        assert_int_equal(ht_deb_config_parse(&config, &file, NULL), 0);
        struct ht_str path = ht_deb_config_path(&config, "Dir::Etc::sourcelist");
        if (!ht_str_is(path, table[i].path))
            fail_msg("%s: %.*s", table[i].text, HT_STR_ARG(path));
        ht_deb_config_fini(&config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_gives_the_answer_of_apt),
        cmocka_unit_test(places_do_not_depend_on_where_apt_is_started),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
