/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder as dqlite has it: what is found by pattern, and that it is never called all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"
#include "etcd-files.h"
#include "src/source/dqlite.h"

static const char plain[] = "k8s\0\n\x0c\n\x02v1\x12\x06Secret\x12.never-to-be-shown";
static const char sealed[] = "k8s:enc:aescbc:v1:key1:0123456789abcdef";
static const char other[] = "k8s:enc:kms:v2:vault:\n\x05"
                            "abcde";
static const char pod[] = "k8s\0\n\t\n\x02v1\x12\x03Pod";

struct folder {
    char path[FIXTURE_PATH];
    struct ht_root root;
    struct ht_arena *arena;
    struct ht_dqlite *dqlite;
    struct ht_datastore row;
};

static void open_folder(struct folder *folder)
{
    *folder = (struct folder){.root = HT_ROOT_NONE, .arena = ht_arena_new(ROW_ARENA)};
    make_folder(folder->path);
    assert_int_equal(ht_root_open(&folder->root, "/", NULL), 0);
    folder->dqlite = ht_dqlite_new(&folder->root, folder->path);
}

static void close_folder(struct folder *folder)
{
    ht_dqlite_free(folder->dqlite);
    ht_arena_free(folder->arena);
    ht_root_close(&folder->root);
    remove_folder(folder->path);
}

/* A file with those bytes at that place, zeros around them. */
static void put(const struct folder *folder, const char *name, const void *bytes, size_t len,
                size_t at, size_t size)
{
    char path[FIXTURE_PATH + 64];
    ht_autofree char *all = ht_new_array(char, size);

    memcpy(all + at, bytes, len);
    snprintf(path, sizeof(path), "%s/%s", folder->path, name);
    save_file(path, all, size);
}

static int look(struct folder *folder)
{
    struct ht_error err = {0};
    int r = ht_dqlite_refresh(folder->dqlite, NULL, &err);

    folder->row = (struct ht_datastore){0};
    if (r >= 0)
        ht_dqlite_tell(folder->dqlite, folder->arena, &folder->row);
    else
        assert_true(err.text[0]);
    return r;
}

static uint64_t under(const struct ht_datastore *row, const char *provider, const char *key)
{
    for (size_t i = 0; i < row->pattern_encrypted.len; i++) {
        const struct ht_stored_under *item = &row->pattern_encrypted.items[i];

        if (ht_str_is(item->provider, provider) && ht_str_is(item->key, key))
            return item->count;
    }
    return 0;
}

static void beginnings_are_counted_and_prove_nothing(void **state)
{
    struct folder folder;

    (void)state;
    open_folder(&folder);
    put(&folder, "open-1", plain, sizeof(plain), 4096, 8192);
    put(&folder, "0000000000000001-0000000000000500", sealed, sizeof(sealed), 100, 1000);
    put(&folder, "snapshot-1-500-17", other, sizeof(other), 0, 600);
    /* Neither pods nor what is no data count; keys of the node lie there, too. */
    put(&folder, "0000000000000501-0000000000000510", pod, sizeof(pod), 100, 1000);
    put(&folder, "cluster.key", plain, sizeof(plain), 0, 100);
    put(&folder, "snapshot-1-500-17.meta", plain, sizeof(plain), 0, 100);
    assert_int_equal(look(&folder), 1);
    assert_false(folder.row.exact);
    assert_false(ht_datastore_has_stored(&folder.row));
    assert_int_equal(folder.row.pattern_plaintext, 1);
    assert_int_equal(under(&folder.row, "aescbc", "key1"), 1);
    assert_int_equal(under(&folder.row, "kms-v2", "vault"), 1);
    assert_true(ht_str_has_prefix(folder.row.detail, "by pattern: 4 files"));
    assert_int_equal(look(&folder), 0);

    put(&folder, "open-2", plain, sizeof(plain), 0, 100);
    assert_int_equal(look(&folder), 1);
    assert_int_equal(folder.row.pattern_plaintext, 2);
    close_folder(&folder);
}

/* Wherever a piece of a file ends, and where the file does. */
static void pieces_hide_nothing(void **state)
{
    enum { PIECE = 256 * 1024 };
    struct folder folder;

    (void)state;
    open_folder(&folder);
    for (size_t i = 0; i < 64; i++) {
        put(&folder, "open-1", plain, sizeof(plain), PIECE - 40 - 256 + i * 7, PIECE + 600 + i);
        assert_int_equal(look(&folder), 1);
        assert_int_equal(folder.row.pattern_plaintext, 1);
    }
    put(&folder, "open-1", plain, sizeof(plain), 200, 200 + sizeof(plain));
    assert_int_equal(look(&folder), 1);
    assert_int_equal(folder.row.pattern_plaintext, 1);
    put(&folder, "open-1", plain, 12, 200, 212);
    assert_int_equal(look(&folder), 1);
    assert_int_equal(folder.row.pattern_plaintext, 0);
    close_folder(&folder);
}

static bool step_down(void *context)
{
    size_t *left = context;

    return *left > 0 && (*left)-- > 0;
}

static void what_was_not_read_is_said_and_read_later(void **state)
{
    struct folder folder;
    size_t left = 0;
    struct ht_pace pace = {.step = step_down, .context = &left};

    (void)state;
    open_folder(&folder);
    assert_int_equal(look(&folder), -ENOENT);
    put(&folder, "open-1", plain, sizeof(plain), 1024 * 1024, 2 * 1024 * 1024);
    assert_int_equal(ht_dqlite_refresh(folder.dqlite, &pace, NULL), 1);
    ht_dqlite_tell(folder.dqlite, folder.arena, &folder.row);
    assert_true(ht_str_find(folder.row.detail, HT_S("not to their end"), 0) > 0);
    assert_int_equal(look(&folder), 1);
    assert_int_equal(folder.row.pattern_plaintext, 1);

    /* A link leads elsewhere, and is not followed. */
    char path[FIXTURE_PATH + 64];
    snprintf(path, sizeof(path), "%s/open-9", folder.path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(look(&folder), 1);
    assert_true(ht_str_find(folder.row.detail, HT_S("others could not be read"), 0) > 0);
    close_folder(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beginnings_are_counted_and_prove_nothing),
        cmocka_unit_test(pieces_hide_nothing),
        cmocka_unit_test(what_was_not_read_is_said_and_read_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
